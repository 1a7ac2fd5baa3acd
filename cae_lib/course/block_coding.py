"""How the functions of notebook 06 are tried: numbers to try them with, bytes for a decoder, wrong ways to do it."""

import math

import numpy as np
import torch

from cae_lib.codec import blocks as kit
from cae_lib.codec.blocks import count_tables
from cae_lib.codec.container import CodecError
from cae_lib.codec.entropy import Decoder, Tables
from cae_lib.course.chance import noise


def signed(seed: int, *shape: int) -> torch.Tensor:
    """Numbers between -20 and 20, most of them small."""
    return 20 * (2 * noise(seed, *shape) - 1) ** 3


def whole(seed: int, *shape: int) -> torch.Tensor:
    """Symbols from -3 to 3, as a skewed source makes them."""
    return (3.5 * (2 * noise(seed, *shape) - 0.8) ** 3).round().clamp(-3, 3).long()


def through_bytes(f, symbols: torch.Tensor, largest: int):
    """What a decoder is compared by: symbols (h, w, K) of an image, from the bytes that the encoder made of them."""
    rows = torch.cat([symbols.flatten(0, 1), whole(9, 50, symbols.shape[2]).clamp(-largest, largest)])
    tables = Tables(count_tables(rows, largest).numpy())
    return f(kit.encode(symbols, tables), tables)


def read(data, tables, rows: int, columns: int, kinds: int, index=None, less: int | None = None):
    """A decoder that may be told wrong things."""
    index = np.tile(np.arange(kinds), rows * columns) if index is None else index
    found = Decoder(data[2:]).read(index, tables) - (tables.symbols // 2 if less is None else less)
    return torch.from_numpy(found)


def one_by_one(data, tables):
    """The symbols of one block after the other, each block in a call of its own."""
    rows, columns, kinds = data[0], data[1], len(tables.bits)
    try:
        coder = Decoder(data[2:])
        found = np.stack([coder.read(np.arange(kinds), tables) for _ in range(rows * columns)])
    except CodecError:  # so it ends with most bytes
        found = np.full((rows * columns, kinds), -1)
    return torch.from_numpy(found - tables.symbols // 2).reshape(rows, columns, kinds)


def by_repeat(data, tables):
    """As if the symbols came coefficient by coefficient."""
    found = kit.decode(data, tables)
    return found.flatten(0, 1).T.reshape(found.shape)


def unscaled(n):
    u, x = torch.arange(n)[:, None], torch.arange(n)
    return math.sqrt(2 / n) * torch.cos(math.pi / n * (x + 0.5) * u)


def without_half(n):
    u, x = torch.arange(n)[:, None], torch.arange(n)
    matrix = math.sqrt(2 / n) * torch.cos(math.pi / n * x * u)
    matrix[0] /= math.sqrt(2)
    return matrix


def in_strips(images):
    count, channels, height, width = images.shape
    return images.reshape(count, height // 8, width // 8, channels, 8, 8)


def sides_mixed(images):
    count, channels, height, width = images.shape
    return images.reshape(count, channels, height // 8, width // 8, 8, 8).permute(0, 2, 3, 1, 4, 5)


def scattered(images):
    count, channels, height, width = images.shape
    return images.reshape(count, channels, 8, height // 8, 8, width // 8).permute(0, 3, 5, 1, 2, 4)
