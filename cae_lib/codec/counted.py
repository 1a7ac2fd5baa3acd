"""An entropy model without a network: tables counted over contexts, with payloads that are decoded again.

A context is a function of symbols (n, h, w) that gives each a whole number (n, h, w); every channel has tables of its
own for each context.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from cae_lib.codec.entropy import Decoder, Encoder, Tables

FAR = 20  # tables know the symbols -FAR to FAR
PSEUDO = 0.01  # of a count, added everywhere, so that each symbol has a code
BLOCK_CLASSES = 4  # values of side information

Context = Callable[[Tensor], Tensor]


def count(index: Tensor, symbols: Tensor, rows: int) -> Tensor:
    """How often each symbol comes under each index, both of one shape: (rows, 2 FAR + 1), float32."""
    flat = (index * (2 * FAR + 1) + symbols + FAR).flatten()
    return flat.bincount(minlength=rows * (2 * FAR + 1)).view(rows, -1).float()


def prices(counts: Tensor) -> Tensor:
    """Bits of each symbol under each row of counts."""
    counts = counts + PSEUDO
    return -(counts / counts.sum(1, keepdim=True)).log2()


def tables_of(counts: Tensor) -> Tables:
    """The range coder's tables."""
    return Tables((counts + PSEUDO).double().numpy())


def by_channel(context: Tensor, contexts: int) -> Tensor:
    """Contexts (N, C, h, w), 0 ... contexts - 1 -> another number in each channel."""
    return torch.arange(context.shape[1])[:, None, None] * contexts + context


def per_channel(context: Context, symbols: Tensor) -> Tensor:
    """A context of planes (n, h, w), for symbols (N, C, h, w)."""
    return torch.as_tensor(context(symbols.flatten(0, 1))).view_as(symbols).long()


def bytes_each(index: Sequence[Tensor], symbols: Sequence[Tensor]) -> float:
    """Tables counted on the first, the cost of the second: bytes an image. index, symbols: one of each for both."""
    bits = prices(count(index[0], symbols[0], int(max(x.max() for x in index)) + 1))
    return bits[index[1], symbols[1] + FAR].sum().item() / 8 / len(symbols[1])


def fields(symbols: Tensor) -> list[Tensor]:
    """Black fields, then white ones: two masks (C, h, w)."""
    odd = torch.from_numpy(np.indices(tuple(symbols.shape[2:])).sum(0) % 2).expand(symbols.shape[1:])
    return [odd == colour for colour in (0, 1)]


def to_bytes(symbols: Tensor, context: Context, contexts: int, tables: Tables) -> bytes:
    """Symbols (1, C, h, w) -> a payload: black fields first."""
    index, encoder = by_channel(per_channel(context, symbols), contexts), Encoder()
    for mask in fields(symbols):
        encoder.write((symbols[0, mask] + FAR).numpy(), index[0, mask].numpy(), tables)
    return encoder.finish()


def from_bytes(payload: bytes, shape: tuple[int, ...], context: Context, contexts: int, tables: Tables) -> Tensor:
    """A payload -> symbols of shape (1, C, h, w); contexts are those of what has been decoded. Raises CodecError."""
    symbols, decoder = torch.zeros(shape, dtype=torch.long), Decoder(payload)
    for mask in fields(symbols):
        index = by_channel(per_channel(context, symbols), contexts)[0, mask].numpy()
        symbols[0, mask] = torch.from_numpy(decoder.read(index, tables)) - FAR
    decoder.finish()
    return symbols


def busyness(symbols: Tensor, side: int, ends: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """A class for each block of side x side places: how large a share of its symbols, in all channels, is not zero.

    Returns z (N, 1, h / side, w / side), 0 ... 3, and the ends of the classes: those given, or such that equally many
    blocks lie in each.
    """
    share = F.avg_pool2d((symbols != 0).float().mean(1, keepdim=True), side)
    ends = share.quantile(torch.arange(1, BLOCK_CLASSES) / BLOCK_CLASSES) if ends is None else ends
    return torch.bucketize(share, ends), ends


def all_over(z: Tensor, side: int, channels: int) -> Tensor:
    """Each number of z (N, 1, h, w) all over its block, in all channels."""
    return z.repeat_interleave(side, 2).repeat_interleave(side, 3).expand(-1, channels, -1, -1)
