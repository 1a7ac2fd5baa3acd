"""Answers to the exercises of notebook 07: right ones in several forms, wrong ones, sneaky functions."""

import math
from fractions import Fraction

import numpy as np
import torch

from helpers.answers.common import forms, no_function, no_number, no_parts, pairs


def entropy_by_torch(counts):
    return torch.special.entr(torch.tensor(counts, dtype=torch.float64) / sum(counts)).sum() / math.log(2)


def entropy_by_numpy(counts):
    p = np.array([k for k in counts if k > 0]) / np.sum(counts)
    return -(p * np.log2(p)).sum()


def entropy_by_length(counts):
    n = sum(counts)
    return math.log2(n) - sum(k * math.log2(k) for k in counts if k) / n


RIGHT = {
    "07.1": forms(16 * 16 * 16 * 5 // 32**2),
    "07.2": pairs(round(1.8 * 7 / 2), 6 * 2 / 7 - 1) + [(6, 0.714), [np.int64(6), 0.71]],
    "07.3": forms(15 + 2),
    "07.4": pairs(Fraction(1, 2), Fraction(1, 4) * Fraction(1, 2)),
    "07.5": [entropy_by_torch, entropy_by_numpy, entropy_by_length],
}

# exercise: (a typical wrong answer, pattern of what the check says about it)
WRONG = {
    "07.1": [(80, "one place"), (2560, "bytes of the whole code"), (6.6667, "each value of a pixel"), (2.5, "bytes")],
    "07.2": [
        ((7, 0.75), "seven steps"),
        ((6, 0.8), "the level's"),
        ((7, 5 / 7), "from 0"),
        ((5, 0.43), "Level: 5 is too small"),
    ],
    "07.3": [(15, "below 128"), (16, "Both"), (19, "one byte more than before"), (13, "too small")],
    "07.4": [
        ((0.5, 0.25), "B alone"),
        ((0.25, 0.125), "AB"),
        ((0.5, 0.625), "not the upper end"),
        (0.5, r"\(low, width\)"),
    ],
    "07.5": [
        (lambda counts: np.log2(len(counts)), "equally likely"),
        (lambda counts: entropy_by_numpy(counts) * np.log(2), "nats"),
        (lambda counts: -entropy_by_numpy(counts), "sign"),
        (lambda counts: -sum(k / sum(counts) * math.log2(k / sum(counts)) for k in counts), "raises ValueError"),
    ],
}

KINDS = {
    "07.1": no_number,
    "07.2": no_parts,
    "07.3": no_number,
    "07.4": no_parts,
    "07.5": no_function,
}

# exercise: (cases that anybody would try, functions that are right there and nowhere else)
SNEAKY = {
    "07.5": (
        [([1, 1],), ([7],), ([2, 2, 2, 2],), ([0, 3],)],
        [
            lambda counts: math.log2(sum(k > 0 for k in counts)),
            lambda counts: -math.log2(max(counts) / sum(counts)),
            lambda counts: 2 * (1 - sum(k * k for k in counts) / sum(counts) ** 2) if len(counts) < 4 else 2,
        ],
    ),
}
