"""Images to payloads and back: tiles, symbols, range coder.

An image becomes tiles, a tile becomes symbols, and all symbols go through one range coder. Any codec will do that has
what `Transform` lists: a student's own as well as the shipped ones.
The same image gives the same bytes alone or in a batch, with any number of threads.
"""

from collections.abc import Iterator, Sequence
from itertools import chain, pairwise
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from cae_lib.codec.entropy import Decoder, Encoder, Tables

TILE = 256  # pixels a side: what is worked on at once of a large image, to bound the memory it takes
PART = 2**12  # pixels worked on at once of a batch of small images: more would leave the processor's cache


class Transform(Protocol):
    """What the range coder needs of a codec.

    stride: pixels a place of the code; margin: places of the code around a tile that reach into its picture; channels:
    of the code; qualities: all of them, the worst picture first; tables: quality -> tables of probabilities.
    """

    stride: int
    margin: int
    channels: int
    qualities: Sequence[int]
    tables: dict[int, Tables]

    def analyse(self, images: Tensor, quality: int) -> Tensor:
        """uint8 images (N, 3, H, W), sides multiples of stride -> symbols (N, C, H/stride, W/stride), int64."""

    def synthesise(self, symbols: Tensor, quality: int) -> Tensor:
        """Symbols (N, C, h, w) -> uint8 images (N, 3, stride h, stride w)."""

    def passes(self, symbols: Tensor, quality: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Which symbols (N, C, h, w) are coded together, one pass after the other; each sees those before it.

        Yields (where, table, offset): the places (C, h, w) coded together, and for each of them (N, n) its table
        and the smallest symbol that this table knows.
        """


@torch.no_grad()
def encode(images: Tensor, codec: Transform, quality: int, progress: bool = False) -> list[bytes]:
    """uint8 images (N, 3, H, W) -> N payloads; progress: draw a bar for a large image."""
    height, width = images.shape[2:]
    payloads = []
    with tile_bar("compress", len(images), height, width, progress) as bar:
        for part in images.split(part_size(height, width)):
            encoders = [Encoder() for _ in part]
            for symbols in symbols_of_tiles(part, codec, quality):
                write(symbols, codec, quality, encoders)
                bar.update()
            payloads += [encoder.finish() for encoder in encoders]
    return payloads


@torch.no_grad()
def decode(
    payloads: list[bytes], codec: Transform, quality: int, height: int, width: int, progress: bool = False
) -> Tensor:
    """N payloads -> uint8 images (N, 3, H, W). Raises CodecError for a payload that encode cannot have made."""
    size = part_size(height, width)
    with tile_bar("decompress", len(payloads), height, width, progress) as bar:
        parts = [
            decode_part(payloads[i : i + size], codec, quality, height, width, bar)
            for i in range(0, len(payloads), size)
        ]
    return torch.cat(parts)


@torch.no_grad()
def estimated_bits(images: Tensor, codec: Transform, quality: int) -> Tensor:
    """What the symbols of each image (N, 3, H, W) cost by the codec's own probabilities: bits (N,), float64."""
    tables, parts = codec.tables[quality], []
    for part in images.split(part_size(*images.shape[2:])):
        total = np.zeros(len(part))
        for symbols in symbols_of_tiles(part, codec, quality):
            for where, table, offset in codec.passes(symbols, quality):
                total += tables.estimate((symbols[:, where] - offset).numpy(), table.numpy())
        parts.append(torch.from_numpy(total))
    return torch.cat(parts)


@torch.no_grad()
def bit_map(images: Tensor, codec: Transform, quality: int) -> Tensor:
    """Where the bits go: what all channels at each place of the code cost, (N, H/stride, W/stride), float64.

    images: uint8 (N, 3, H, W), sides of at most TILE pixels.
    """
    (symbols,) = symbols_of_tiles(images, codec, quality)
    bits = torch.zeros(symbols.shape, dtype=torch.float64)
    for where, table, offset in codec.passes(symbols, quality):
        values = (symbols[:, where] - offset).numpy()
        bits[:, where] = torch.from_numpy(codec.tables[quality].bits[table.numpy(), values])
    return bits.sum(1)


def part_size(height: int, width: int) -> int:
    """How many images of this size are worked on at once."""
    return max(1, PART // (height * width))


def tile_bar(name: str, count: int, height: int, width: int, progress: bool) -> tqdm:
    """A progress bar over the tiles of `count` images, on standard error, for work that takes over a second."""
    total = -(-count // part_size(height, width)) * -(-height // TILE) * -(-width // TILE)
    return tqdm(total=total, desc=name, unit="tile", leave=False, delay=1, disable=None if progress else True)


@torch.no_grad()
def symbols_of_tiles(images: Tensor, codec: Transform, quality: int) -> Iterator[Tensor]:
    """Symbols (N, C, h, w) of each tile of the images, row by row.

    The borders are repeated up to a multiple of the stride. A tile is analysed with a margin of its surroundings, so
    that its symbols are those of the whole image.
    """
    height, width = images.shape[2:]
    stride, margin = codec.stride, codec.margin
    beyond = [(0, 0), (0, 0), (0, -height % stride), (0, -width % stride)]
    padded = torch.from_numpy(np.pad(images.numpy(), beyond, mode="edge"))
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            y, x = max(top - margin * stride, 0), max(left - margin * stride, 0)
            area = padded[..., y : top + TILE + margin * stride, x : left + TILE + margin * stride]
            symbols, y, x = codec.analyse(area, quality), (top - y) // stride, (left - x) // stride
            yield symbols[..., y : y + TILE // stride, x : x + TILE // stride].contiguous()


def write(symbols: Tensor, codec: Transform, quality: int, encoders: list[Encoder]) -> None:
    """Append a tile's symbols (N, C, h, w), pass by pass, to the encoders of their images."""
    for where, table, offset in codec.passes(symbols, quality):
        values = (symbols[:, where] - offset).numpy()
        for encoder, row, tables in zip(encoders, values, table.numpy(), strict=True):
            encoder.write(row, tables, codec.tables[quality])


def read(shape: tuple[int, ...], codec: Transform, quality: int, decoders: list[Decoder]) -> Tensor:
    """The next tile's symbols, of shape (C, h, w) an image: each pass sees what the passes before it have read."""
    symbols = torch.zeros(len(decoders), *shape, dtype=torch.int64)
    for where, table, offset in codec.passes(symbols, quality):
        rows = [d.read(tables, codec.tables[quality]) for d, tables in zip(decoders, table.numpy(), strict=True)]
        symbols[:, where] = torch.from_numpy(np.stack(rows)) + offset
    return symbols


def decode_part(payloads: list[bytes], codec: Transform, quality: int, height: int, width: int, bar: tqdm) -> Tensor:
    """Images (N, 3, H, W) from their payloads, one row of tiles after the other."""
    decoders = [Decoder(payload) for payload in payloads]
    strips = read_strips(decoders, codec, quality, height, width)
    nothing = torch.empty(len(payloads), codec.channels, 0, -(-width // codec.stride), dtype=torch.int16)
    above, pictures = nothing, []
    for strip, below in pairwise(chain(strips, [nothing])):
        pictures.append(draw(above, strip, below, codec, quality))
        above = strip
        bar.update(-(-width // TILE))
    for decoder in decoders:
        decoder.finish()
    return torch.cat(pictures, -2)[..., :height, :width]


def read_strips(decoders: list[Decoder], codec: Transform, quality: int, height: int, width: int) -> Iterator[Tensor]:
    """The symbols (N, C, h, W/stride) of each row of tiles."""
    rows, columns = (-(-n // codec.stride) for n in (height, width))
    side = TILE // codec.stride
    for top in range(0, rows, side):
        shapes = [(codec.channels, min(side, rows - top), min(side, columns - x)) for x in range(0, columns, side)]
        yield torch.cat([read(shape, codec, quality, decoders).to(torch.int16) for shape in shapes], -1)


def draw(above: Tensor, strip: Tensor, below: Tensor, codec: Transform, quality: int) -> Tensor:
    """The pixels (N, 3, h, w) of a strip of symbols, tile by tile, each with a margin of the symbols around it."""
    stride, margin, side = codec.stride, codec.margin, TILE // codec.stride
    above = above[..., max(above.shape[-2] - margin, 0) :, :]  # -margin would be all of it where margin is 0
    rows = torch.cat([above, strip, below[..., :margin, :]], -2)
    top, height, tiles = above.shape[-2] * stride, strip.shape[-2] * stride, []
    for left in range(0, strip.shape[-1], side):
        x = max(left - margin, 0)
        pixels = codec.synthesise(rows[..., x : left + side + margin], quality)
        start = (left - x) * stride
        tiles.append(pixels[..., top : top + height, start : start + TILE])
    return torch.cat(tiles, -1)
