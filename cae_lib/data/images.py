"""CIFAR-10, or its offline stand-in, as one uint8 tensor a split.

The environment variable CAE_DATA chooses the source: a directory that holds `cifar-10-batches-py`,
or the word `stand-in`. Without it the user's cache is used, then a download, then the stand-in.
"""

import os
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from cae_lib.base.errors import KitError, UsageError
from cae_lib.cifar10 import download, integrity
from cae_lib.data import standin

CIFAR10 = "CIFAR-10"
STAND_IN = "stand-in"
FOLDER = "cifar-10-batches-py"


class DataError(KitError):
    """The images cannot be had; the message says why and what to do."""


@dataclass(frozen=True)
class ImageSet:
    """Images of one split.

    images: uint8 (N, 3, 32, 32); labels: int64 (N,); classes: the ten names;
    source: "CIFAR-10" or "stand-in"; split: "train" or "test".
    """

    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]
    source: str
    split: str

    def __len__(self) -> int:
        return len(self.images)

    def take(self, count: int) -> "ImageSet":
        """The first `count` images (or all, if there are fewer)."""
        return replace(self, images=self.images[:count], labels=self.labels[:count])

    def one_per_class(self) -> Tensor:
        """Indices of the first image of every class, in the order of the classes. Raises UsageError where one lacks."""
        found = [(self.labels == c).nonzero().flatten()[:1] for c in range(len(self.classes))]
        lacking = [name for name, first in zip(self.classes, found, strict=True) if not len(first)]
        if lacking:
            raise UsageError(f"No image of {', '.join(lacking)} is among these {len(self)}: take more images.")
        return torch.cat(found)

    def titles(self, indices) -> list[str]:
        """Class names of the images at these indices."""
        return [self.classes[int(self.labels[i])] for i in indices]

    def names(self, indices) -> list[str]:
        """Class name and index of each image, such as "cat 3": different for different images."""
        return [f"{title} {int(i)}" for title, i in zip(self.titles(indices), indices, strict=True)]


def load_images(split: str, source: str = "auto") -> ImageSet:
    """Load the "train" or "test" split.

    source: "auto" (see the module's text), "stand-in", or a directory that holds
    `cifar-10-batches-py`. Raises DataError when a directory that was asked for has no good data set,
    UsageError for an unknown split.
    """
    if split not in ("train", "test"):
        raise UsageError(f'There is no split {split!r}; choose "train" or "test".')
    if source == "auto":
        source = os.environ.get("CAE_DATA") or default_source()
    if source == STAND_IN:
        images, labels = standin.make_images(split)
        return ImageSet(images, labels, standin.CLASSES, STAND_IN, split)
    return read_cifar10(Path(source).expanduser(), split)


@cache
def default_source() -> str:
    """The directory with CIFAR-10, downloaded if need be, or "stand-in".

    Decided once a process, so that both splits come from the same source whatever the network does.
    """
    return str(download.cached_cifar10() or STAND_IN)


def read_cifar10(root: Path, split: str) -> ImageSet:
    """Read a split of CIFAR-10 from the directory that holds `cifar-10-batches-py`.

    torchvision checks every file's MD5 sum before it opens one. Raises DataError.
    """
    from torchvision.datasets import CIFAR10 as Reader  # a slow import, needed only here

    try:
        read = Reader(str(root), train=split == "train", download=False)
    except (RuntimeError, OSError) as error:
        raise DataError(integrity.advice(root) or f"CIFAR-10 in {root} cannot be read ({error}): try again.") from error
    images = torch.from_numpy(np.ascontiguousarray(read.data.transpose(0, 3, 1, 2)))
    return ImageSet(images, torch.tensor(read.targets), tuple(read.classes), CIFAR10, split)


def scale(images: Tensor, pixel_range: tuple[float, float]) -> Tensor:
    """uint8 images (any shape) -> float32 in pixel_range, channels-last when 4-dimensional."""
    low, high = pixel_range
    scaled = images.float().mul_((high - low) / 255).add_(low)
    return scaled.contiguous(memory_format=torch.channels_last) if scaled.dim() == 4 else scaled


def unscale(images: Tensor, pixel_range: tuple[float, float]) -> Tensor:
    """Float images in pixel_range -> float32 in [0, 1], clipped: what a screen can show."""
    low, high = pixel_range
    return ((images.float() - low) / (high - low)).clamp(0, 1)
