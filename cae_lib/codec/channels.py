"""A network of one's own made ready for bytes: one table of probabilities for each channel of its code.

Source: Ballé, Laparra and Simoncelli, End-to-end optimized image compression (2017), whose entropy model is as simple:
a fixed distribution a channel, here a logistic one.
"""

from collections.abc import Iterator
from copy import deepcopy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cae_lib.codec.codec import TransformCodec
from cae_lib.codec.entropy import Tables
from cae_lib.models import code_shape

REACH = 128  # each table knows the symbols -REACH ... REACH - 1 around its mean


class ChannelCodec(TransformCodec):
    """An autoencoder with a distribution for each channel; one quality, 1.

    model: encode takes images (N, 3, H, W) in [0, 1] to a code (N, C, H/s, W/s) that is to be rounded to whole numbers,
    decode takes symbols back to images; mean, width (C,): of the channels' logistic distributions, in symbols. For
    images of up to 256 pixels a side: it cannot know how far the model's layers look beyond a tile.
    """

    margin = 0
    qualities = range(1, 2)

    def __init__(self, model: nn.Module, mean: Tensor, width: Tensor):
        self.model = deepcopy(model).cpu().double().eval()  # so that an image has one code, alone or in a batch
        self.channels, rows, _ = code_shape(model)
        self.stride = 32 // rows
        self.mean, self.width = (x.detach().cpu().double().flatten() for x in (mean, width))
        self.first = self.mean.round().long() - REACH
        symbols = self.first[:, None] + torch.arange(2 * REACH)
        distance = (symbols - self.mean[:, None]).abs()
        mass = torch.sigmoid((0.5 - distance) / self.width[:, None])
        mass = mass - torch.sigmoid((-0.5 - distance) / self.width[:, None])
        self.tables = {1: Tables(mass.clamp(min=2.0**-24).numpy())}

    def analyse(self, images: Tensor, quality: int) -> Tensor:
        """As Transform.analyse."""
        return self.model.encode(images.double() / 255).round().long()

    def synthesise(self, symbols: Tensor, quality: int) -> Tensor:
        """As Transform.synthesise."""
        return (self.model.decode(symbols.double()) * 255).round().clamp(0, 255).to(torch.uint8)

    def passes(self, symbols: Tensor, quality: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """All symbols at once. One that its table does not know is moved to the nearest one that it does."""
        count, channels, height, width = symbols.shape
        where = torch.ones(channels, height, width, dtype=torch.bool)
        first = self.first[:, None, None]
        symbols.clamp_(first, first + 2 * REACH - 1)
        table, offset = (
            x[:, None].expand(-1, height * width).flatten().expand(count, -1)
            for x in (torch.arange(channels), self.first)
        )
        yield where, table, offset

    def tensors(self) -> tuple[dict[str, Tensor], dict[str, str]]:
        """Weights and distributions."""
        weights = {f"model/{name}": value.float() for name, value in self.model.state_dict().items()}
        return weights | {"mean": self.mean.float(), "width": self.width.float()}, {"kind": "channels"}


def block_kernels(images: Tensor, size: int = 4) -> Tensor:
    """The Karhunen-Loève transform of blocks of uint8 images (N, 3, H, W): kernels (3 size², 3, size, size).

    They are orthonormal, the one of largest variance first: a convolution with them, of stride `size`, turns a picture
    into uncorrelated numbers, and the transposed one turns those back.
    """
    rows = F.unfold(images.double() / 255, size, stride=size).transpose(1, 2).flatten(0, 1)
    _, vectors = torch.linalg.eigh((rows - rows.mean(0)).T.cov())
    return vectors.flip(1).T.reshape(-1, 3, size, size).float().contiguous()
