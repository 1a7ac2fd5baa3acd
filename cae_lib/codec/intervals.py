"""What a decoder may put in place of a symbol: the mean of its interval, or a value drawn from it.

A symbol of the codec `dct` says in which interval a coefficient lies, not where. Training images say which values occur
there: their mean has the smallest expected squared error (the conditional mean), and a value drawn from them has the
spread of real ones (a sample of the posterior, each coefficient on its own).
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from cae_lib.codec.dct import CHANNELS, DctCodec


class Intervals:
    """The coefficients of training images, sorted for each kernel of a DctCodec.

    images: uint8 (N, 3, H, W), sides multiples of 8.
    """

    def __init__(self, codec: DctCodec, images: Tensor):
        self.codec = codec
        self.values = by_kernel(codec.coefficients(images)).sort(1).values  # (192, n)
        self.sums = F.pad(self.values.cumsum(1), (1, 0))

    def places(self, symbols: Tensor, quality: int) -> tuple[Tensor, Tensor, Tensor]:
        """Of each symbol, by kernel (192, n): the first value in its interval, how many, and the middle."""
        step, symbols = self.codec.steps[quality - 1, :, None], by_kernel(symbols).double()
        rounding = self.codec.rounding
        inner, outer = (symbols.abs() - rounding) * step, (symbols.abs() + 1 - rounding) * step
        low = torch.where(symbols > 0, inner, -outer)
        high = torch.where(symbols < 0, -inner, outer)
        first = torch.searchsorted(self.values, low)
        return first, torch.searchsorted(self.values, high) - first, symbols * step

    def mean(self, symbols: Tensor, quality: int) -> Tensor:
        """Symbols (N, 192, h, w) -> coefficients: the mean of each interval; its symbol's own value where none fell."""
        first, count, middle = self.places(symbols, quality)
        total = self.sums.gather(1, first + count) - self.sums.gather(1, first)
        return by_image(torch.where(count > 0, total / count.clamp(min=1), middle), symbols)

    def sample(self, symbols: Tensor, quality: int, seed: int = 0) -> Tensor:
        """As mean, but a value drawn from each interval."""
        first, count, middle = self.places(symbols, quality)
        chance = torch.rand(count.shape, generator=torch.Generator().manual_seed(seed))
        place = (first + (chance * count).long()).clamp(max=self.values.shape[1] - 1)
        return by_image(torch.where(count > 0, self.values.gather(1, place), middle), symbols)

    def paint(self, coefficients: Tensor) -> Tensor:
        """Coefficients (N, 192, h, w) -> uint8 images (N, 3, 8 h, 8 w)."""
        images = F.conv_transpose2d(coefficients, self.codec.inverse, stride=self.codec.stride)
        return (images + self.codec.mean[:, None, None]).round().clamp(0, 255).to(torch.uint8)


def by_kernel(coefficients: Tensor) -> Tensor:
    """(N, 192, h, w) -> (192, N h w)."""
    return coefficients.transpose(0, 1).reshape(CHANNELS, -1).contiguous()


def by_image(rows: Tensor, like: Tensor) -> Tensor:
    """(192, N h w) -> the shape of `like`, (N, 192, h, w)."""
    count, _, height, width = like.shape
    return rows.view(CHANNELS, count, height, width).transpose(0, 1)
