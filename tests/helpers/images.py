"""Small sets of images, and one core to train on them."""

from contextlib import contextmanager

import pytest
import torch
from torch import Tensor

from cae_lib.data.images import STAND_IN, ImageSet
from cae_lib.data.standin import CLASSES, make_images


def image_set(images: Tensor, source: str = "random", split: str = "train") -> ImageSet:
    """Images (N, 3, H, W) of ten classes in turn."""
    return ImageSet(images, torch.arange(len(images)) % 10, tuple("abcdefghij"), source, split)


def random_set(count: int, seed: int = 0, side: int = 32) -> ImageSet:
    """Noise, each image with a brightness of its own."""
    g = torch.Generator().manual_seed(seed)
    light = torch.rand(count, 1, 1, 1, generator=g)
    return image_set((light * torch.rand(count, 3, side, side, generator=g) * 255).to(torch.uint8))


def stand_in_set(count: int) -> ImageSet:
    """The first test images of the stand-in."""
    return ImageSet(*make_images("test", count), CLASSES, STAND_IN, "test")


@contextmanager
def one_core(module):
    """One thread of the CPU for the trainings of a module: they repeat bit for bit, and small ones are faster."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "best_device", lambda: torch.device("cpu"))
        yield
    torch.set_num_threads(threads)
