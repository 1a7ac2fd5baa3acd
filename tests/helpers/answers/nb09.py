"""Answers to the exercises of notebook 09: right ones in several forms, wrong ones, sneaky functions."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from cae_lib.course import foreseeing
from cae_lib.course.exercises.nb09 import BITS
from helpers.answers.common import no_essay, no_function, no_number

TEXT = (
    "I would ask whether the decoder has every symbol that the context looks at, whether the bytes were decoded "
    "again, on which images the tables were counted, and how long decoding takes now."
)


def with_loops(symbols):
    result = torch.zeros_like(symbols)
    for n, y, x in np.ndindex(*symbols.shape):
        left = x == 0 or symbols[n, y, x - 1] == 0
        above = y == 0 or symbols[n, y - 1, x] == 0
        result[n, y, x] = int(left) + 2 * int(above)
    return result


def padded(symbols):
    zero = F.pad((symbols == 0).float(), (1, 0, 1, 0), value=1)
    return zero[:, 1:, :-1] + 2 * zero[:, :-1, 1:]


def by_rows(counts):
    total, bits = float(counts.sum()), 0.0
    for row in counts.tolist():
        bits += sum(n * math.log2(sum(row) / n) for n in row if n)
    return bits / total


def by_difference(counts):
    def entropy(x):
        p = x[x > 0] / x.sum()
        return -(p * p.log2()).sum()

    return entropy(counts.flatten()) - entropy(counts.sum(1))


def into_lists(read, height, width):
    rows = []
    for y in range(height):
        row = []
        for x in range(width):
            left = x == 0 or row[-1] == 0
            above = y == 0 or rows[-1][x] == 0
            row.append(read(left + 2 * above))
        rows.append(row)
    return rows


def into_array(read, height, width):
    found = np.zeros((height, width), dtype=int)
    for y, x in np.ndindex(height, width):
        context = 3
        context -= bool(x and found[y, x - 1])
        context -= 2 * bool(y and found[y - 1, x])
        found[y, x] = read(context)
    return found


def board_with_loops(symbols):
    result = np.zeros(tuple(symbols.shape), dtype=int)
    _, h, w = symbols.shape
    for n, y, x in np.ndindex(*symbols.shape):
        if (y + x) % 2:
            near = [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
            result[n, y, x] = 1 + sum(int(symbols[n, a, b]) != 0 for a, b in near if 0 <= a < h and 0 <= b < w)
    return result


def board_by_convolution(symbols):
    kernel = torch.tensor([[[[0.0, 1, 0], [1, 0, 1], [0, 1, 0]]]])
    near = F.conv2d((symbols != 0).float()[:, None], kernel, padding=1)[:, 0]
    return (1 + near) * foreseeing.white(symbols)


def with_where(values, bits, worth):
    middle = len(bits) // 2
    down, up = values.floor().long(), values.floor().long() + 1
    costs = [bits[(k + middle).clamp(0, len(bits) - 1)] + worth * (values - k) ** 2 for k in (down, up)]
    return torch.where(costs[1] < costs[0], up, down)


def one_by_one(values, bits, worth):
    middle, found = len(bits) // 2, []
    for v in values.tolist():
        pair = [k for k in (math.floor(v), math.floor(v) + 1) if abs(k) <= middle]
        found.append(min(pair, key=lambda k: float(bits[k + middle]) + worth * (v - k) ** 2))
    return found


RIGHT = {
    "09.1": [with_loops, padded],
    "09.2": [by_rows, by_difference],
    "09.3": [into_lists, into_array],
    "09.4": [board_with_loops, board_by_convolution],
    "09.5": [with_where, one_by_one],
    "09.6": [36, 64 * (2.25 - 1.5) - 4 * 3, 36.0],
    "09.7": [TEXT, TEXT.upper(), f"\n{TEXT}"],
}

# exercise: (a typical wrong answer, pattern of what the check says about it)
WRONG = {
    "09.1": [
        (
            lambda s: foreseeing.neighbours(s, 1, (0, 1), (-1, 0)),
            "right neighbour, a symbol that the decoder",
        ),
        (foreseeing.rolled, "wraps round"),
        (lambda s: 3 - padded(s), "not"),
        (lambda s: s[:, 1:], "Its shape is"),
    ],
    "09.2": [
        (lambda n: by_difference(n.sum(0)[None]), "no regard to the context"),
        (lambda n: by_rows(n) * math.log(2), "base 2"),
        (lambda n: by_rows(n) * float(n.sum()), "bits a symbol"),
        (lambda n: -(n / n.sum() * (n / n.sum()).log2()).sum(), "together|returns|is wrong"),
    ],
    "09.3": [
        (foreseeing.by_columns, "row by row"),
        (foreseeing.outside_is_not_zero, "outside"),
        (lambda read, h, w: [[read(3) for _ in range(w)] for _ in range(h)], "one context"),
        (lambda read, h, w: read(3), "Its shape is|is wrong"),
    ],
    "09.4": [
        (foreseeing.everywhere, "does not have yet"),
        (foreseeing.round_about, "wraps round"),
        (lambda s: board_by_convolution(s) - foreseeing.white(s).long(), "the 1 is missing"),
        (lambda s: board_by_convolution(s)[:, 1:], "Its shape is"),
    ],
    "09.5": [
        (lambda v, b, worth: v.round(), "looks at the error alone"),
        (lambda v, b, worth: with_where(v, b, 0), "looks at the bits alone"),
        (lambda v, b, worth: v, "is wrong"),
    ],
    "09.6": [(48, "paid, too"), (12, "alone"), (108, "left to pay"), (-36, "sign")],
    "09.7": [("Its context.", "2 words are few"), (12, "A text is wanted"), ([TEXT], "A text is wanted")],
}

KINDS = {
    "09.1": no_function,
    "09.2": no_function,
    "09.3": no_function,
    "09.4": no_function,
    "09.5": no_function,
    "09.6": no_number,
    "09.7": no_essay,
}

ZEROS = torch.zeros(1, 2, 2, dtype=torch.long)
EVEN = torch.tensor([[2.0, 2], [2, 2]])

# exercise: (cases that anybody would try, functions that are right there and nowhere else)
SNEAKY = {
    "09.1": ([(ZEROS,)], [lambda s: torch.full_like(s, 3), lambda s: 3 * (s == 0)]),
    "09.2": ([(EVEN,)], [lambda n: 1.0, lambda n: float(n.shape[1] - 1)]),
    "09.3": (
        [(lambda context: 0, 2, 2)],
        [foreseeing.always(3), lambda read, h, w: [[read(3)] * w for _ in range(h)]],
    ),
    "09.4": (
        [(ZEROS,)],
        [
            lambda s: foreseeing.white(s).long()[None].expand_as(s),
            lambda s: (foreseeing.white(s) & (s == 0)).long(),
        ],
    ),
    "09.5": (
        [(torch.tensor([0.1, 0.9]), BITS, 100.0)],
        [lambda v, b, worth: v.round(), lambda v, b, worth: (v > 0.5).long()],
    ),
}
