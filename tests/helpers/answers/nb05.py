"""Answers to the exercises of notebook 05: right ones in several forms, wrong ones, sneaky functions."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from cae_lib.course.exercises.nb05 import MODEL2_BY_HAND
from helpers.answers.common import forms, no_essay, no_function, no_number, parameters

TEXT = (
    "Nobody knows yet, because no byte has been counted: round the codes, write both to files, and compare the "
    "decibels at the same number of bytes, beside JPEG, on images that were not used for training."
)
MAPS = torch.arange(16.0).reshape(1, 1, 4, 4)


def by_torch(convolutions):
    return sum(parameters(nn.Conv2d(a, b, k)) for k, a, b in convolutions)


def by_numpy(convolutions):
    table = np.array(convolutions).reshape(-1, 3)
    return (table[:, 0] ** 2 * table[:, 1] * table[:, 2] + table[:, 2]).sum()


def by_interpolation(maps):
    return F.interpolate(maps, scale_factor=2)


def by_kronecker(maps):
    return torch.kron(maps, torch.ones(2, 2)).numpy()


def by_rescaling(loss, low, high):
    return 20 * math.log10(high - low) - 10 * math.log10(loss)


def by_root(loss, low, high):
    return torch.tensor(-20 * np.log10(np.sqrt(loss) / (high - low)))


def by_loop(first, second):
    found = []
    for name in [*first, *second]:
        same = name in first and name in second and first[name] == second[name]
        if not same and name not in found:
            found.append(name)
    found.sort()
    return found


def by_items(first, second):
    return sorted({name for name, _ in set(first.items()) ^ set(second.items())})


RIGHT = {
    "05.1": [by_torch, by_numpy],
    "05.2": [by_interpolation, by_kronecker],
    "05.3": [by_rescaling, by_root],
    "05.4": [by_loop, by_items],
    "05.5": forms(3072 // 256),
    "05.6": [TEXT, TEXT.upper(), TEXT * 2],
}

# exercise: (a typical wrong answer, pattern of what the check says about it)
WRONG = {
    "05.1": [
        (lambda layers: sum(k * k * a * b for k, a, b in layers), "biases are missing"),
        (lambda layers: sum(k * k * a * b + a for k, a, b in layers), "output channel"),
        (lambda layers: 21_123, "returns"),
        (lambda layers: [k * k * a * b + b for k, a, b in layers], "is wanted|is wrong"),
    ],
    "05.2": [
        (lambda maps: maps.repeat(1, 1, 2, 2), "side by side"),
        (lambda maps: maps.repeat_interleave(2, 3), "not higher"),
        (lambda maps: maps, "Its shape is"),
        (lambda maps: F.interpolate(maps, scale_factor=2, mode="bilinear"), "is wrong. At"),
    ],
    "05.3": [
        (lambda loss, low, high: -10 * math.log10(loss / (high - low)), "squared"),
        (lambda loss, low, high: -10 * math.log10(loss), "not used"),
        (lambda loss, low, high: loss / (high - low) ** 2, "returns"),
        (lambda loss, low, high: 10 * math.log10(loss / (high - low) ** 2), "sign|returns"),
    ],
    "05.4": [
        (lambda a, b: [n for n in sorted(a) if n not in b or a[n] != b[n]], "only the second recipe"),
        (lambda a, b: sorted(n for n in a if n in b and a[n] == b[n]), "what is equal"),
        (lambda a, b: sorted(n for n in a if a[n] != b[n]), "raises KeyError"),
        (lambda a, b: by_loop(a, b)[::-1], "sorted list"),
        (lambda a, b: len(by_loop(a, b)), "A list of names is wanted"),
        (lambda a, b: sorted({*a, *b}), "is no difference"),
    ],
    "05.5": [(64, "what model2 has"), (3, "fewer places"), (4, "three colours"), (13, "too large")],
    "05.6": [("Model2.", "1 words are few"), (2, "A text is wanted"), (["Neither."], "A text is wanted")],
}

KINDS = {
    "05.1": no_function,
    "05.2": no_function,
    "05.3": no_function,
    "05.4": no_function,
    "05.5": no_number,
    "05.6": no_essay,
}

# exercise: (cases that anybody would try, functions that are right there and nowhere else)
SNEAKY = {
    "05.1": (
        [(MODEL2_BY_HAND,)],
        [
            lambda layers: 21_123,
            lambda layers: sum(9 * a * b + b for _, a, b in layers),
        ],
    ),
    "05.2": (
        [(torch.ones(1, 1, 2, 2),), (torch.zeros(1, 1, 3, 3),)],
        [
            lambda maps: maps.repeat(1, 1, 2, 2),
            lambda maps: F.interpolate(maps, scale_factor=2, mode="bilinear"),
        ],
    ),
    "05.3": (
        [(0.1421, -1, 1), (0.1435, -1, 1)],
        [
            lambda loss, low, high: -10 * math.log10(loss / 4),
            lambda loss, low, high: -10 * math.log10(loss / (high - low) / 2),
            lambda loss, low, high: -10 * math.log10(loss / (2 * high) ** 2),
        ],
    ),
    "05.4": ([], []),
}
