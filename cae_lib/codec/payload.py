"""Images to payloads and back: tiles, symbols, range coder.

An image becomes tiles, a tile becomes symbols, and all symbols go through one range coder. Any codec will do that has
what `Transform` lists: a student's own as well as the shipped ones.
The same image gives the same bytes alone or in a batch, with any number of threads.

Beside the image itself, memory is needed for one tile and, where rows of tiles follow one another, for a few rows of
symbols: some hundred bytes for each column of pixels.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from cae_lib.codec.entropy import Decoder, Encoder, Tables

TILE = 256  # pixels a side: what is worked on at once of a large image, to bound the memory it takes
PART = 2**12  # pixels worked on at once of a batch of small images: more would leave the processor's cache
SEARCHED = 2**16  # the same for a search, whose many small steps cost more to start than to run


class Transform(Protocol):
    """What the range coder needs of a codec.

    stride: pixels a place of the code; margin: places of the code around a tile that reach into its picture; channels:
    of the code; qualities: all of them, the worst picture first; efforts: how long the encoder may search, 0 for not at
    all; tables: quality -> tables of probabilities.
    """

    stride: int
    margin: int
    channels: int
    qualities: Sequence[int]
    efforts: Sequence[int]
    tables: dict[int, Tables]

    def analyse(self, images: Tensor, quality: int) -> Tensor:
        """uint8 images (N, 3, H, W), sides multiples of stride -> symbols (N, C, H/stride, W/stride), int64."""

    def search(self, images: Tensor, quality: int, effort: int) -> Tensor:
        """As analyse, but other symbols where they are worth it; asked for an effort above 0 alone."""

    def synthesise(self, symbols: Tensor, quality: int) -> Tensor:
        """Symbols (N, C, h, w) -> uint8 images (N, 3, stride h, stride w)."""

    def passes(self, symbols: Tensor, quality: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Which symbols (N, C, h, w) are coded together, one pass after the other; each sees those before it.

        Yields (where, table, offset): the places (C, h, w) coded together, and for each of them (N, n) its table
        and the smallest symbol that this table knows.
        """


@torch.no_grad()
def encode(images: Tensor, codec: Transform, quality: int, effort: int = 0, progress: bool = False) -> list[bytes]:
    """uint8 images (N, 3, H, W) -> N payloads; progress: draw a bar for a large image."""
    height, width = images.shape[2:]
    size, payloads = part_size(height, width, SEARCHED if effort else PART), []
    with tile_bar("compress", len(images), height, width, size, progress) as bar:
        for part in images.split(size):
            encoders = [Encoder() for _ in part]
            for symbols in symbols_of_tiles(part, codec, quality, effort):
                write(symbols, codec, quality, encoders)
                bar.update()
            payloads += [encoder.finish() for encoder in encoders]
    return payloads


@torch.no_grad()
def decode(
    payloads: list[bytes], codec: Transform, quality: int, height: int, width: int, progress: bool = False
) -> Tensor:
    """N payloads -> uint8 images (N, 3, H, W). Raises CodecError for a payload that encode cannot have made."""
    images = torch.empty(len(payloads), 3, height, width, dtype=torch.uint8)
    size = part_size(height, width)
    with tile_bar("decompress", len(payloads), height, width, size, progress) as bar:
        for i in range(0, len(payloads), size):
            decode_part(payloads[i : i + size], codec, quality, images[i : i + size], bar)
    return images


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


def part_size(height: int, width: int, pixels: int = PART) -> int:
    """How many images of this size are worked on at once, where they are about so many pixels."""
    return max(1, pixels // (height * width))


def tile_bar(name: str, count: int, height: int, width: int, size: int, progress: bool) -> tqdm:
    """A bar over the tiles of `count` images, `size` at once, on standard error, for work that takes over a second."""
    total = -(-count // size) * -(-height // TILE) * -(-width // TILE)
    return tqdm(total=total, desc=name, unit="tile", leave=False, delay=1, disable=None if progress else True)


@torch.no_grad()
def symbols_of_tiles(images: Tensor, codec: Transform, quality: int, effort: int = 0) -> Iterator[Tensor]:
    """Symbols (N, C, h, w) of each tile of the images, row by row.

    The borders are repeated up to a multiple of the stride. A tile is analysed with a margin of its surroundings, so
    that its symbols are those of the whole image.
    """
    height, width = images.shape[2:]
    stride, reach = codec.stride, codec.margin * codec.stride
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            y, x = max(top - reach, 0), max(left - reach, 0)
            area = images[..., y : top + TILE + reach, x : left + TILE + reach].numpy()
            beyond = [(0, 0), (0, 0), (0, -area.shape[2] % stride), (0, -area.shape[3] % stride)]
            area = torch.from_numpy(np.pad(area, beyond, mode="edge"))  # the whole image would be up to 8 times as high
            symbols = codec.search(area, quality, effort) if effort else codec.analyse(area, quality)
            y, x = (top - y) // stride, (left - x) // stride
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


def decode_part(payloads: list[bytes], codec: Transform, quality: int, images: Tensor, bar: tqdm) -> None:
    """Fill images (N, 3, H, W) from their payloads.

    A tile of symbols tells its pixels but for a margin below and on its right, which its neighbours reach into. So the
    areas that are drawn lie a margin above and left of the tiles, and all that is kept of the symbols is two margins:
    of the row of tiles above, and of the tile on the left.
    """
    decoders = [Decoder(payload) for payload in payloads]
    rows, columns = (-(-n // codec.stride) for n in images.shape[2:])
    side, kept = TILE // codec.stride, 2 * codec.margin
    above = torch.empty(len(images), codec.channels, 0, columns, dtype=torch.int16)
    for top in range(0, rows, side):
        height, last = min(side, rows - top), top + side >= rows
        below = above[..., :0, :] if last else above.new_empty(*above.shape[:2], kept, columns)
        known = above.new_empty(*above.shape[:2], above.shape[2] + height, 0)
        for left in range(0, columns, side):
            shape = codec.channels, height, min(side, columns - left)
            tile = read(shape, codec, quality, decoders).to(torch.int16)
            below[..., left : left + side] = tile[..., height - below.shape[2] :, :]
            tile = torch.cat([above[..., left : left + side], tile], -2)
            known = torch.cat([known[..., max(known.shape[3] - kept, 0) :], tile], -1)
            draw(images, known, codec, quality, top + height, left + shape[2])
            bar.update()
        above = below
    for decoder in decoders:
        decoder.finish()


def draw(images: Tensor, known: Tensor, codec: Transform, quality: int, bottom: int, right: int) -> None:
    """Draw what symbols (N, C, h, w), of which the last ends at `bottom` and `right`, tell of images (N, 3, H, W).

    At their four sides, a margin is not drawn, unless the image ends there.
    """
    stride, source, target = codec.stride, [...], [...]
    for end, size, length in zip((bottom, right), known.shape[2:], images.shape[2:], strict=True):
        begin = (end - size) * stride  # in the image, of the symbols and of what is drawn
        first = begin + codec.margin * stride if begin else 0
        beyond = length if end * stride >= length else (end - codec.margin) * stride
        source.append(slice(first - begin, beyond - begin))
        target.append(slice(first, beyond))
    images[tuple(target)] = codec.synthesise(known, quality)[tuple(source)]
