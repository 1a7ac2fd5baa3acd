"""Looking inside a network: the output of every layer, the kernel behind a channel, the pixels behind a value."""

from math import ceil, isqrt

import torch
from torch import Tensor, nn

from cae_lib.evaluation import reconstruct


def activations(model: nn.Module, image: Tensor) -> list[tuple[str, nn.Module, Tensor]]:
    """Name, layer and output (C, H, W) of each layer that makes maps of a uint8 image (3, H, W), in running order."""
    found = []

    def record(name):
        return lambda layer, inputs, output: found.append((name, layer, output.detach().cpu()))

    hooks = [m.register_forward_hook(record(n)) for n, m in model.named_modules() if not list(m.children())]
    try:
        reconstruct(model, image[None])
    finally:
        for hook in hooks:
            hook.remove()
    return [(name, layer, output[0]) for name, layer, output in found if output.dim() == 4]


def last_kernel(path: list[nn.Module], channel: int) -> Tensor | None:
    """The weights (inputs, k, k) that make a channel: those of the last convolution of a path of layers."""
    convolutions = [layer for layer in path if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)]
    if not convolutions:
        return None
    weight = convolutions[-1].weight.detach().cpu()
    return weight[:, channel] if isinstance(convolutions[-1], nn.ConvTranspose2d) else weight[channel]


def tiled(kernel: Tensor) -> Tensor:
    """The slices (C, k, k) of a kernel side by side in rows, with NaN between them: three in one row, else a square."""
    count, height, width = kernel.shape
    columns = 3 if count == 3 else isqrt(count - 1) + 1
    tiles = torch.full((ceil(count / columns) * (height + 1), columns * (width + 1)), torch.nan)
    for k, part in enumerate(kernel):
        r, c = k // columns * (height + 1), k % columns * (width + 1)
        tiles[r : r + height, c : c + width] = part
    return tiles[:-1, :-1]


def receptive_field(path: list[nn.Module], row: int, column: int, size) -> tuple[int, int, int, int]:
    """The part of the input that one value of the last layer of a path depends on: (row, column, height, width).

    size: (H, W) of the input, to which the part is cut. Layers of other kinds than convolution, pooling and nearest
    upsampling are taken to act on each value alone.
    """
    bounds = []
    for axis, (place, length) in enumerate(zip((row, column), size, strict=True)):
        low = high = place
        for layer in reversed(path):
            low, high = step_back(layer, axis, low, high)
        low, high = max(low, 0), min(high, length - 1)
        bounds.append((low, high - low + 1))
    (top, height), (left, width) = bounds
    return top, left, height, width


def step_back(layer: nn.Module, axis: int, low: int, high: int) -> tuple[int, int]:
    """The first and last input that the outputs low to high of a layer depend on, along one axis."""
    if isinstance(layer, nn.Upsample):
        factor = int(layer.scale_factor)
        return low // factor, high // factor
    if not isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.MaxPool2d | nn.AvgPool2d):
        return low, high
    kernel, stride, padding = (along(getattr(layer, n), axis) for n in ("kernel_size", "stride", "padding"))
    if isinstance(layer, nn.ConvTranspose2d):  # input i reaches outputs i * stride - padding and kernel - 1 after it
        return ceil((low + padding - kernel + 1) / stride), (high + padding) // stride
    return low * stride - padding, high * stride - padding + kernel - 1


def along(value: int | tuple[int, int], axis: int) -> int:
    return value if isinstance(value, int) else value[axis]
