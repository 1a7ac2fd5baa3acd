"""Codes that nobody had to learn: smaller pictures, enlarged again. A learned code has to beat these to mean anything.

Both take and return float images (N, 3, H, W) in [0, 1], unrounded: like every code of notebook 02 they are counted
in numbers, and no bytes are claimed. H and W must be multiples of 2 for `halved`, of 4 for `halved_with_less_colour`;
UsageError otherwise.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from cae_lib.base.errors import UsageError

# Luma and two colour differences from red, green and blue, as JPEG has them (ITU-R BT.601).
TO_YCBCR = torch.tensor([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])


def halved(images: Tensor) -> Tensor:
    """The means of 2 x 2 pixels, enlarged bilinearly: 3 HW / 4 numbers an image, 768 for 32 x 32 pixels."""
    return through_means(images, 2)


def halved_with_less_colour(images: Tensor) -> Tensor:
    """Luma as means of 2 x 2 pixels, both colour differences of 4 x 4: 3 HW / 8 numbers, 384 for 32 x 32 pixels."""
    luma, colour = turn(images, TO_YCBCR).split([1, 2], dim=1)
    kept = torch.cat([through_means(luma, 2), through_means(colour, 4)], dim=1)
    return turn(kept, TO_YCBCR.inverse()).clamp(0, 1)


def through_means(channels: Tensor, size: int) -> Tensor:
    """Channels (N, C, H, W) -> the same shape, from nothing but their means over blocks of size x size."""
    if any(n % size for n in channels.shape[2:]):
        height, width = channels.shape[2:]
        raise UsageError(f"Width and height must be multiples of {size}, not {width} x {height}.")
    means = F.avg_pool2d(channels, size)
    return F.interpolate(means, scale_factor=size, mode="bilinear", align_corners=False)


def turn(images: Tensor, matrix: Tensor) -> Tensor:
    """Multiply the three colours of every pixel by a 3 x 3 matrix."""
    return torch.einsum("ij,njhw->nihw", matrix.to(images), images)
