"""A model at work, without training: its loss on a set, its reconstructions, its dead ReLUs.

All raise TrainingError for images that `fit` would refuse.
"""

import warnings
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cae_lib.base.errors import TrainingError
from cae_lib.data.images import ImageSet, scale
from cae_lib.models import range_of, through

PART = 100  # images at a time: larger parts leave the processor's cache and take twice as long


@torch.no_grad()
def evaluate(model: nn.Module, data: ImageSet, task: str = "reconstruct") -> dict[str, float]:
    """Average loss over a set, always in float32: {"loss"} and, for task "classify", {"accuracy"}."""
    check_images(data.images, "images")
    device = next(model.parameters()).device
    total, right = 0.0, 0
    with evaluation_mode(model):
        for images, labels in zip(data.images.split(PART), data.labels.split(PART), strict=True):
            inputs, labels = scale(images.to(device), range_of(model)), labels.to(device)
            output = through(model, inputs)
            if task == "classify":
                total += F.cross_entropy(output, labels, reduction="sum").item()
                right += (output.argmax(1) == labels).sum().item()
            else:
                check_shape(model, output, inputs)
                total += F.mse_loss(output, inputs).item() * len(inputs)
    result = {"loss": total / len(data)}
    return result | {"accuracy": right / len(data)} if task == "classify" else result


@torch.no_grad()
def reconstruct(model: nn.Module, images: Tensor) -> Tensor:
    """uint8 images (N, 3, H, W) -> float32 reconstructions on the CPU, in the model's pixel range."""
    check_images(images, "images")
    device = next(model.parameters()).device
    with evaluation_mode(model):
        parts = [through(model, scale(part.to(device), range_of(model))).cpu() for part in images.split(PART)]
    return torch.cat(parts)


@contextmanager
def evaluation_mode(model: nn.Module):
    """Within this context the model evaluates (dropout, batch norm); at its end it is in the mode it was in."""
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)


@torch.no_grad()
def dead_relus(model: nn.Module, images: Tensor) -> list[str]:
    """Names of the ReLU layers whose output is zero everywhere on these uint8 images (N, 3, H, W).

    A ReLU that is dead on all inputs passes no gradient back: nothing before it learns any more.
    """
    largest = {}

    def record(name):
        return lambda layer, inputs, output: largest.update({name: output.max().item()})

    hooks = [m.register_forward_hook(record(n)) for n, m in model.named_modules() if isinstance(m, nn.ReLU)]
    try:
        reconstruct(model, images)
    finally:
        for hook in hooks:
            hook.remove()
    return [name for name, value in largest.items() if value == 0]


def warn_if_dead(model: nn.Module, validation: ImageSet, seed: int) -> None:
    """Warn when the model gives the same output for every image, and name its dead ReLUs."""
    sample = validation.images[:100]
    output = reconstruct(model, sample)
    if len(sample) > 1 and (output == output[:1]).all():
        names = ", ".join(dead_relus(model, sample)) or "none"
        warnings.warn(
            f"The model gives the same output for every image (dead ReLU layers: {names}). "
            "No gradient passes a dead ReLU, so training cannot repair it: start again with another "
            f"seed than {seed}, a smaller batch, or an output activation other than ReLU.",
            stacklevel=3,
        )


def check_images(images: Tensor, name: str) -> None:
    """Raise TrainingError unless these are uint8 images (N, 3, H, W), at least one, H and W even."""
    if images.dtype != torch.uint8 or images.dim() != 4 or images.shape[1] != 3 or any(n % 2 for n in images.shape[2:]):
        raise TrainingError(
            f"The {name} are {images.dtype} of shape {tuple(images.shape)}; they must be "
            "uint8 (0 to 255) of shape (N, 3, H, W), H and W even: the model scales them to its own range."
        )
    if len(images) == 0:
        raise TrainingError(f"There are no {name}: pass at least one.")


def check_shape(model: nn.Module, output: Tensor, images: Tensor) -> None:
    """Raise TrainingError unless a reconstruction has the images' shape: the loss of others would mean nothing."""
    if output.shape != images.shape:
        raise TrainingError(
            f"{type(model).__name__} turns images {tuple(images.shape)} into {tuple(output.shape)}: "
            "its decoder must give back the shape that its encoder was given."
        )
