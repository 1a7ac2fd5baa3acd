"""Answers to the exercises of notebook 07: right ones in several forms, wrong ones, sneaky functions."""

import math

import numpy as np
import torch

from cae_lib.course.exercises.nb07 import decode, encode, to_table
from helpers.answers.common import forms, no_essay, no_function, no_number

TEXT = (
    "I would ask whether the two are counted alike, as whole files or as payloads, whether the small one is an "
    "estimate or bytes that were decoded again, and whether both pictures have the same PSNR."
)


def entropy_by_torch(counts):
    return torch.special.entr(torch.tensor(counts, dtype=torch.float64) / sum(counts)).sum() / math.log(2)


def entropy_by_numpy(counts):
    p = np.array([k for k in counts if k > 0]) / np.sum(counts)
    return -(p * np.log2(p)).sum()


def entropy_by_length(counts):
    n = sum(counts)
    return math.log2(n) - sum(k * math.log2(k) for k in counts if k) / n


def table_by_numpy(counts):
    parts = 1 + np.array(counts, dtype=np.int64) * (2**16 - len(counts)) // sum(counts)
    return np.concatenate([[0], np.cumsum(parts)])


def table_by_loop(counts):
    table = [0]
    for count in counts:
        table.append(table[-1] + 1 + count * (2**16 - len(counts)) // sum(counts))
    return table


def encode_by_fractions_of_256(symbols, tables):
    """The bytes that are settled go out at once, and a carry is passed on to them."""
    low, width, out = 0, 2**32, bytearray()
    for symbol, table in zip(symbols, tables):  # noqa: B905
        unit = width // table[-1]
        low, width = low + unit * table[symbol], unit * (table[symbol + 1] - table[symbol])
        while width < 2**24:
            out += carry(out, low >> 32)
            low &= 2**32 - 1
            out.append(low >> 24)
            low, width = (low << 8) & (2**32 - 1), width << 8
    last = -(-low >> 24)
    carry(out, last >> 8)
    return bytes([*out, last & 255])


def carry(out: bytearray, by: int) -> bytes:
    """Add to the last of the bytes written so far."""
    place = len(out) - 1
    while by:
        out[place], by, place = (out[place] + by) & 255, (out[place] + by) >> 8, place - 1
    return b""


def encode_short(symbols, tables):
    """Zeros at the end are left away."""
    return encode(symbols, tables).rstrip(b"\0")


def decode_by_search(data, tables):
    data = bytes(data) + bytes(len(tables) * 3 + 4)
    value, width, at, found = int.from_bytes(data[:4], "big"), 2**32, 4, []
    for table in tables:
        unit = width // table[-1]
        symbol = next(k for k in range(len(table) - 1) if value < unit * table[k + 1])
        found.append(symbol)
        value, width = value - unit * table[symbol], unit * (table[symbol + 1] - table[symbol])
        while width < 2**24:
            value, width, at = (value << 8) + data[at], width << 8, at + 1
    return found


def decode_as_one_number(data, tables):
    """The whole number at once, with low as the encoder has it."""
    low, width, scale, found = 0, 2**32, 0, []
    for table in tables:
        number = int.from_bytes(bytes(data)[: 4 + scale].ljust(4 + scale, b"\0"), "big") - low
        unit = width // table[-1]
        symbol = sum(start * unit <= number for start in table) - 1
        low, width = low + unit * table[symbol], unit * (table[symbol + 1] - table[symbol])
        while width < 2**24:
            low, width, scale = low << 8, width << 8, scale + 1
        found.append(symbol)
    return torch.tensor(found)


def encode_with(symbols, tables, go_on=True, end=lambda low: -(-low // 2**24)):
    low, width, settled = 0, 2**32, 0
    for symbol, table in zip(symbols, tables):  # noqa: B905
        unit = width // table[-1]
        low += unit * table[symbol]
        width = unit * (table[symbol + 1] - table[symbol])
        while width < 2**24:
            low, width, settled = 256 * low, 256 * width, settled + 1
            if not go_on:
                break
    return end(low).to_bytes(settled + 1, "big")


def without_units(symbols, tables):
    low, width, settled = 0, 2**32, 0
    for symbol, table in zip(symbols, tables):  # noqa: B905
        low, width = low + table[symbol], table[symbol + 1] - table[symbol]
        while width < 2**24:
            low, width, settled = 256 * low, 256 * width, settled + 1
    return (-(-low // 2**24)).to_bytes(settled + 1, "big")


def four_bytes_at_least(data, tables):
    value, width, at, found = int.from_bytes(data[:4], "big"), 2**32, 4, []
    for table in tables:
        unit = width // table[-1]
        symbol = max(k for k in range(len(table) - 1) if table[k] <= value // unit)
        value, width = value - unit * table[symbol], unit * (table[symbol + 1] - table[symbol])
        while width < 2**24:
            value, width, at = 256 * value + (data[at] if at < len(data) else 0), 256 * width, at + 1
        found.append(symbol)
    return found


def without_more_bytes(data, tables):
    """Right as long as four bytes are enough."""
    value, width, found = int.from_bytes(data[:4].ljust(4, b"\0"), "big"), 2**32, []
    for table in tables:
        unit = max(width // table[-1], 1)
        symbol = min(int(np.searchsorted(table, value // unit, side="right")) - 1, len(table) - 2)
        value, width = value - unit * table[symbol], unit * (table[symbol + 1] - table[symbol])
        found.append(symbol)
    return found


def equal_parts(counts):
    return [k * 2**16 // len(counts) for k in range(len(counts) + 1)]


def by_shares(counts):
    return [round(2**16 * sum(counts[:k]) / sum(counts)) for k in range(len(counts) + 1)]


RIGHT = {
    "07.1": [entropy_by_torch, entropy_by_numpy, entropy_by_length],
    "07.2": [table_by_numpy, table_by_loop, lambda counts: torch.tensor(to_table(counts))],
    "07.3": [encode_by_fractions_of_256, encode_short, lambda s, t: bytearray(encode(s, t))],
    "07.4": [decode_by_search, decode_as_one_number],
    "07.5": forms(math.ceil(256 * 3.2 / 8) + 15),
    "07.6": [TEXT, TEXT.upper(), f"\n{TEXT}"],
}

# exercise: (a typical wrong answer, pattern of what the check says about it)
WRONG = {
    "07.1": [
        (lambda counts: np.log2(len(counts)), "equally likely"),
        (lambda counts: entropy_by_numpy(counts) * np.log(2), "nats"),
        (lambda counts: -entropy_by_numpy(counts), "sign"),
        (lambda counts: -sum(k / sum(counts) * math.log2(k / sum(counts)) for k in counts), "raises ValueError"),
    ],
    "07.2": [
        (lambda counts: table_by_loop(counts)[1:], "begins with 0"),
        (lambda counts: [b - a for a, b in zip(table_by_loop(counts), table_by_loop(counts)[1:])], "running sums"),  # noqa: B905
        (lambda counts: np.cumsum([0, *[c * 2**16 // sum(counts) for c in counts]]), "never seen"),
        (lambda counts: [0, *counts], "is wrong"),
        (lambda counts: [round(k) for k in table_by_loop(counts)[:-1]] + [2**17], "it is 131,072: too large"),
        (
            lambda counts: np.cumsum([0, *[1 + round(c * (2**16 - len(counts)) / sum(counts)) for c in counts]]),
            "not to the nearest",
        ),
    ],
    "07.3": [
        (lambda s, t: encode(s, t)[::-1], "reads another symbol"),
        (lambda s, t: encode(s[::-1], t[::-1]), "reads another symbol"),
        (lambda s, t: encode(s, t) + bytes(9), "too many"),
        (lambda s, t: int.from_bytes(encode(s, t), "big"), "Bytes are wanted"),
        (lambda s, t: list(encode(s, t)), "Bytes are wanted"),
        (lambda s, t: encode_with(s, t, go_on=False), "several bytes"),
        (lambda s, t: encode_with(s, t, end=lambda low: math.ceil(low / 2**24)), "a float has lost digits"),
        (without_units, "The table counts units"),
    ],
    "07.4": [
        (lambda data, tables: decode(data[::-1], tables), "is wrong"),
        (lambda data, tables: decode(data, tables)[::-1], "is wrong"),
        (lambda data, tables: decode(data, tables)[:-1], "Its shape is"),
        (four_bytes_at_least, "fewer than four bytes"),
        (lambda data, tables: [data[k] for k in range(len(tables) + 4)], "raises IndexError"),
    ],
    "07.5": [(103, "container"), (117, "rounding down"), (117.4, "whole bytes"), (271, "without entropy coding")],
    "07.6": [("The header.", "2 words are few"), (2.8, "A text is wanted"), ([TEXT], "A text is wanted")],
}

KINDS = {
    "07.1": no_function,
    "07.2": no_function,
    "07.3": no_function,
    "07.4": no_function,
    "07.5": no_number,
    "07.6": no_essay,
}

HALVES = to_table([1, 1])

# exercise: (cases that anybody would try, functions that are right there and nowhere else)
SNEAKY = {
    "07.1": (
        [([1, 1],), ([7],), ([2, 2, 2, 2],), ([0, 3],)],
        [
            lambda counts: math.log2(sum(k > 0 for k in counts)),
            lambda counts: -math.log2(max(counts) / sum(counts)),
            lambda counts: 2 * (1 - sum(k * k for k in counts) / sum(counts) ** 2) if len(counts) < 4 else 2,
        ],
    ),
    "07.2": ([([1, 1],), ([5],), ([2, 2, 2, 2],)], [equal_parts, by_shares]),
    "07.3": ([], []),
    "07.4": (
        [(encode(s, [HALVES] * len(s)), [HALVES] * len(s)) for s in ([0, 1], [1, 1, 0], [0, 0, 1, 1])],
        [without_more_bytes],
    ),
}
