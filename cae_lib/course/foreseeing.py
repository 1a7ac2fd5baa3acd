"""The functions of notebook 09's exercises, right and wrong: contexts, entropies, a decoder, a choice of symbols."""

import numpy as np
import torch

from cae_lib.course.reading import is_stub


def contexts(symbols):
    zero = torch.ones(len(symbols), symbols.shape[1] + 1, symbols.shape[2] + 1, dtype=torch.long)
    zero[:, 1:, 1:] = symbols == 0
    return zero[:, 1:, :-1] + 2 * zero[:, :-1, 1:]


def conditional_entropy(counts):
    total = counts.sum(1, keepdim=True)
    p = counts / total.clamp(min=1)
    bits = torch.where(counts > 0, -counts * p.clamp(min=1e-300).log2(), 0.0)
    return bits.sum() / counts.sum()


def decode(read, height, width):
    known = torch.zeros(height + 1, width + 1, dtype=torch.long)
    for y in range(height):
        for x in range(width):
            context = int(known[y + 1, x] == 0) + 2 * int(known[y, x + 1] == 0)
            known[y + 1, x + 1] = read(context)
    return known[1:, 1:]


def chessboard(symbols):
    around = torch.zeros(len(symbols), symbols.shape[1] + 2, symbols.shape[2] + 2, dtype=torch.long)
    around[:, 1:-1, 1:-1] = symbols != 0
    near = around[:, :-2, 1:-1] + around[:, 2:, 1:-1] + around[:, 1:-1, :-2] + around[:, 1:-1, 2:]
    return torch.where(white(symbols), 1 + near, 0)


def pick(values, bits, worth):
    known = torch.arange(len(bits)) - len(bits) // 2
    below = values.floor().clamp(known[0], known[-1] - 1)
    both = torch.stack([below, below + 1])
    loss = bits[both.long() + len(bits) // 2] + worth * (values - both).square()
    return both.gather(0, loss.argmin(0)[None])[0].long()


def white(symbols):
    """True on the white fields (h, w)."""
    return torch.from_numpy(np.indices(tuple(symbols.shape[1:])).sum(0) % 2 == 1)


def neighbours(symbols, outside: int, first, second, weights=(1, 2)):
    """Whether two neighbours, at (row, column) offsets, are zero, with weights; beyond the array stands `outside`."""
    n, h, w = symbols.shape
    zero = torch.full((n, h + 2, w + 2), outside, dtype=torch.long)
    zero[:, 1:-1, 1:-1] = symbols == 0
    parts = [zero[:, 1 + y : 1 + y + h, 1 + x : 1 + x + w] for y, x in (first, second)]
    return weights[0] * parts[0] + weights[1] * parts[1]


def rolled(symbols):
    zero = (symbols == 0).long()
    return zero.roll(1, 2) + 2 * zero.roll(1, 1)


def weighted(counts, weights):
    """The entropies of the rows, under other weights than their shares."""
    p = counts / counts.sum(1, keepdim=True).clamp(min=1)
    bits = torch.where(p > 0, -p * p.clamp(min=1e-300).log2(), 0.0).sum(1)
    return (bits * weights).sum()


def joint(counts):
    return weighted(counts.flatten()[None], torch.ones(1))


def received(f, symbols):
    """What a decoder makes of symbols (h, w): asked with a wrong context, it reads nonsense from there on."""
    wanted, right, lost = contexts(symbols[None])[0].flatten().tolist(), symbols.flatten().tolist(), []

    def read(context):
        place = len(lost)
        if place >= len(right):
            raise IndexError("there is no further symbol")
        lost.append(bool(lost and lost[-1]) or int(context) != wanted[place])
        return 90 + 4 * place + int(context) if lost[-1] else right[place]

    found = f(read, *symbols.shape)
    return None if is_stub(found) else torch.as_tensor(found)


def always(number):
    """A decoder that asks with the same context at each place."""

    def wrong(read, height, width):
        return torch.tensor([[read(number) for _ in range(width)] for _ in range(height)])

    return wrong


def decoder(outside: int = 0, weights: tuple[int, int] = (1, 2), by_columns: bool = False):
    """A decoder with a mistake: in what lies outside, in the context's number, or in the order of the places."""

    def wrong(read, height, width):
        known = torch.full((height + 1, width + 1), outside)
        places = [(y, x) for y in range(height) for x in range(width)]
        for y, x in sorted(places, key=lambda place: place[::-1]) if by_columns else places:
            left, above = int(known[y + 1, x] == 0), int(known[y, x + 1] == 0)
            known[y + 1, x + 1] = read(weights[0] * left + weights[1] * above)
        return known[1:, 1:]

    return wrong


by_columns, outside_is_not_zero, swapped = decoder(by_columns=True), decoder(outside=1), decoder(weights=(2, 1))


def everywhere(symbols):
    around = torch.nn.functional.pad((symbols != 0).long(), (1, 1, 1, 1))
    return 1 + around[:, :-2, 1:-1] + around[:, 2:, 1:-1] + around[:, 1:-1, :-2] + around[:, 1:-1, 2:]


def round_about(symbols):
    other = (symbols != 0).long()
    near = other.roll(1, 1) + other.roll(-1, 1) + other.roll(1, 2) + other.roll(-1, 2)
    return torch.where(white(symbols), 1 + near, 0)


def rounded(values, bits, worth):
    """It looks at the error alone."""
    nearest = values.round().clamp(-(len(bits) // 2), len(bits) - 1 - len(bits) // 2)
    return nearest.long()


def cheapest(values, bits, worth):
    """It looks at the bits alone."""
    return pick(values, bits, 0.0)
