"""The codec that notebook 06 builds: blocks, a DCT, a quantiser with a dead zone, one table a coefficient.

It is written as a student writes it there, in plain functions and without a network; dct.py is the kit's own, stronger
one. Step, colours and tables are agreed in advance: a file is the number of its quality, the height and the width in
blocks, a byte each, and the range coder's bytes.
"""

import math
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from cae_lib.codec.container import CodecError
from cae_lib.codec.entropy import Decoder, Encoder, Tables

SIDE = 8  # of a block, in pixels
STEPS = (128, 96, 72, 54, 40, 30, 22, 16, 12, 9)  # of the quantiser, on a scale of 0 to 255; quality 1 is the coarsest
ROUNDING = 0.4  # chosen on training images: see results.blocks.roundings
HEADER = 3  # bytes of a file before the payload
PART = 2_000  # images transformed at once


def dct_matrix(n: int) -> Tensor:
    """The orthonormal DCT of n numbers (n, n): row u is the cosine that swings u / 2 times. Source: Ahmed, 1974."""
    u, x = torch.arange(n)[:, None], torch.arange(n)
    matrix = math.sqrt(2 / n) * torch.cos(math.pi / n * (x + 0.5) * u)
    matrix[0] /= math.sqrt(2)
    return matrix


def blocks(images: Tensor) -> Tensor:
    """Images (N, C, H, W), sides multiples of 8 -> their blocks (N, H/8, W/8, C, 8, 8)."""
    count, channels, height, width = images.shape
    cut = images.reshape(count, channels, height // SIDE, SIDE, width // SIDE, SIDE)
    return cut.permute(0, 2, 4, 1, 3, 5)


def unblocks(cut: Tensor) -> Tensor:
    """The way back: blocks (N, h, w, C, 8, 8) -> images (N, C, 8h, 8w)."""
    count, rows, columns, channels, _, _ = cut.shape
    return cut.permute(0, 3, 1, 4, 2, 5).reshape(count, channels, SIDE * rows, SIDE * columns)


COLOURS, DCT = dct_matrix(3), dct_matrix(SIDE)  # brightness, red against blue, green against both


def analyse(images: Tensor, colours: Tensor = COLOURS, basis: Tensor = DCT) -> Tensor:
    """uint8 images (N, 3, H, W) -> coefficients (N, H/8, W/8, 192); colours, basis: orthonormal matrices."""
    turned = torch.einsum("kc,nchw->nkhw", colours, images.float() - 128)
    return (basis @ blocks(turned) @ basis.T).flatten(3)


def synthesise(coefficients: Tensor, colours: Tensor = COLOURS, basis: Tensor = DCT) -> Tensor:
    """The way back: coefficients (N, h, w, 192) -> uint8 images (N, 3, 8h, 8w)."""
    turned = unblocks(basis.T @ coefficients.unflatten(3, (3, SIDE, SIDE)) @ basis)
    images = torch.einsum("kc,nkhw->nchw", colours, turned) + 128
    return images.round().clamp(0, 255).to(torch.uint8)


def quantise(coefficients: Tensor, step: float, rounding: float) -> Tensor:
    """Whole numbers of steps, int64. rounding: what is added to a size before it is rounded down; 0.5: nearest."""
    return (coefficients.sign() * (coefficients.abs() / step + rounding).floor()).long()


def count_tables(symbols: Tensor, largest: int) -> Tensor:
    """Symbols (n, K), from -largest to largest -> counts (K, 2 largest + 1) that start at one, int64."""
    columns = 2 * largest + 1
    place = symbols + largest + columns * torch.arange(symbols.shape[1])
    return 1 + torch.bincount(place.flatten(), minlength=columns * symbols.shape[1]).view(-1, columns)


def water_filling(variances: Tensor, level: float) -> tuple[Tensor, Tensor]:
    """Bits and squared error of each Gaussian number at a water level, at their best trade. Source: Shannon, 1959."""
    distortions = variances.clamp(max=level)
    return 0.5 * torch.log2(variances / distortions), distortions


def largest_symbol(step: float) -> int:
    """No block has a larger symbol: 192 numbers between -128 and 128 are no longer than 128 sqrt(192) together."""
    return int(128 * math.sqrt(3 * SIDE**2) / step + 1)


def encode(symbols: Tensor, tables: Tables) -> bytes:
    """Symbols (h, w, K) of one image -> h, w and the range coder's bytes."""
    rows, columns, kinds = symbols.shape
    index = np.tile(np.arange(kinds), rows * columns)
    coder = Encoder()
    coder.write(symbols.flatten().numpy() + tables.symbols // 2, index, tables)
    return bytes([rows, columns]) + coder.finish()


def decode(data: bytes, tables: Tables) -> Tensor:
    """The way back: bytes -> symbols (h, w, K), int64. Raises CodecError."""
    rows, columns, kinds = data[0], data[1], len(tables.probabilities)
    index = np.tile(np.arange(kinds), rows * columns)
    coder = Decoder(data[2:])
    symbols = coder.read(index, tables) - tables.symbols // 2
    coder.finish()
    return torch.from_numpy(symbols).reshape(rows, columns, kinds)


@dataclass
class BlockCodec:
    """All of it as a codec for the race: quality q has the step STEPS[q - 1], and tables counted on training images.

    one_table: all coefficients share a table. colours, basis: other orthonormal matrices.
    """

    training: Tensor  # uint8 images (N, 3, H, W)
    rounding: float = ROUNDING
    colours: Tensor = field(default_factory=lambda: COLOURS)
    basis: Tensor = field(default_factory=lambda: DCT)
    one_table: bool = False
    qualities: tuple[int, ...] = tuple(range(1, len(STEPS) + 1))

    def __post_init__(self):
        self.curve_qualities, self.tables = self.qualities, {}
        counts = {q: 0 for q in self.qualities}
        for part in self.training.split(PART):
            rows = analyse(part, self.colours, self.basis).flatten(0, 2)
            for q in self.qualities:
                step = STEPS[q - 1]
                counts[q] = counts[q] + count_tables(quantise(rows, step, self.rounding), largest_symbol(step)) - 1
        for q, count in counts.items():
            count = count.sum(0, keepdim=True).expand_as(count) if self.one_table else count
            self.tables[q] = Tables((count + 1).numpy())

    def encode(self, images: Tensor, quality: int) -> list[bytes]:
        """uint8 images (N, 3, H, W), sides multiples of 8, at most 2,040 -> N files."""
        symbols = quantise(analyse(images, self.colours, self.basis), STEPS[quality - 1], self.rounding)
        return [bytes([quality]) + encode(each, self.tables[quality]) for each in symbols]

    def decode(self, files: list[bytes]) -> Tensor:
        """Files of images of one size -> uint8 images (N, 3, H, W). Raises CodecError."""
        if any(len(file) < HEADER or file[0] not in self.tables for file in files):
            raise CodecError("This is no file of the blocks codec: decode what its encode has written.")
        steps = torch.tensor([STEPS[file[0] - 1] for file in files])[:, None, None, None]
        symbols = torch.stack([decode(file[1:], self.tables[file[0]]) for file in files])
        return synthesise(symbols * steps.float(), self.colours, self.basis)

    def payload_size(self, file: bytes) -> int:
        """Bytes of the range coder."""
        return len(file) - HEADER
