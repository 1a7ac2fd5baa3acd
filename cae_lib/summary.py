"""What a model is made of: every layer with its output shape, parameters and multiply-adds."""

from dataclasses import dataclass
from math import prod

import torch
from torch import nn

from cae_lib.models import Autoencoder


@dataclass(frozen=True)
class LayerSummary:
    """One line of a summary: shapes without the batch dimension, counts for one image."""

    name: str
    layer: str
    output_shape: tuple[int, ...]
    parameters: int
    multiply_adds: int


def summarise(model: nn.Module) -> list[LayerSummary]:
    """Run one blank 32 x 32 image through the model and list every layer in the order it is used.

    Multiply-adds: each output number of a convolution costs kernel height x width x input channels;
    a transposed convolution is counted from its input in the same way. Biases and activations are
    left out, as is usual.
    """
    rows = []

    def record(name):
        def hook(layer, inputs, output):
            macs = 0
            if isinstance(layer, nn.Conv2d):
                macs = output[0].numel() * layer.weight[0].numel()
            elif isinstance(layer, nn.ConvTranspose2d):
                macs = inputs[0][0].numel() * layer.weight[0].numel()
            elif isinstance(layer, nn.Linear):
                macs = layer.weight.numel()
            count = sum(p.numel() for p in layer.parameters())
            text = f"{type(layer).__name__}({layer.extra_repr()})"
            rows.append(LayerSummary(name, text, tuple(output.shape[1:]), count, macs))

        return hook

    leaves = [(n, m) for n, m in model.named_modules() if not list(m.children())]
    hooks = [m.register_forward_hook(record(n)) for n, m in leaves]
    first = next(model.parameters())
    try:
        with torch.no_grad():
            model(torch.zeros(1, 3, 32, 32, device=first.device, dtype=first.dtype))
    finally:
        for hook in hooks:
            hook.remove()
    return rows


def summary_table(model: nn.Module) -> str:
    """The summary as text: layer, output shape, parameters, multiply-adds, share of the whole."""
    rows = summarise(model)
    parameters = sum(r.parameters for r in rows)
    macs = sum(r.multiply_adds for r in rows)
    lines = [f"{'layer':<34}{'output':>14}{'parameters':>12}{'multiply-adds':>15}{'share':>8}"]
    for r in rows:
        shape = " x ".join(map(str, r.output_shape))
        kind = r.layer.split("(")[0]
        share = f"{r.multiply_adds / macs:.0%}" if r.multiply_adds else ""
        lines.append(f"{r.name + '  ' + kind:<34}{shape:>14}{r.parameters:>12,}{r.multiply_adds:>15,}{share:>8}")
    lines.append(f"{'total':<34}{'':>14}{parameters:>12,}{macs:>15,}{'100%':>8}")
    if isinstance(model, Autoencoder):
        shape = " x ".join(map(str, model.code_shape))
        lines.append(f"code: {shape} = {prod(model.code_shape):,} numbers for 3,072 pixel values")
    return "\n".join(lines)
