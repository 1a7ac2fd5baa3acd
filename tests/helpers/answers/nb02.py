"""Answers to the exercises of notebook 02: right ones in several forms, wrong ones, sneaky functions."""

import math

import numpy as np
import torch
from torch import nn

from cae_lib.course.exercises.nb02 import Own
from helpers.answers.common import no_essay, no_function, no_number

SQUARE = torch.tensor([[1.0, 0], [-1, 0], [0, 2], [0, -2]])
TEXT = (
    "I would look whether a channel of the code is dead, then train it with other seeds and for longer, and "
    "compare again; one run of one small network proves nothing about all of them."
)


class TooWide(Own):
    """Its code has 16 channels."""

    def __init__(self):
        super().__init__()
        self.down[2], self.up[0] = nn.Conv2d(32, 16, 3, 2, 1), nn.ConvTranspose2d(16, 32, 2, 2)


class Unbounded(Own):
    """It lacks the sigmoid."""

    def __init__(self):
        super().__init__()
        self.up = self.up[:-1]


class OneRow(Own):
    """Its code is one row for all pictures."""

    def encode(self, images):
        return self.down(images).flatten()


class Poisoned(Own):
    """All that comes out is nan."""

    def decode(self, code):
        return self.up(code) * float("nan")


class Endless(Own):
    """It never ends."""

    def encode(self, images):
        while True:
            pass


def by_covariance(rows):
    mean = rows.mean(0)
    _, vectors = torch.linalg.eigh((rows - mean).T @ (rows - mean))
    return mean, vectors.flip(1)


def by_numpy(rows):
    x = rows.numpy()
    return x.mean(0), np.linalg.svd(x - x.mean(0), full_matrices=False)[2].T.copy()


def one_by_one(rows, mean, directions, k):
    result = mean.expand_as(rows).clone()
    for j in range(k):
        v = directions[:, j]
        result += ((rows - mean) @ v)[:, None] * v
    return result


def by_projection(rows, mean, directions, k):
    v = directions[:, :k]
    return (rows - mean) @ (v @ v.T) + mean


class Flat(nn.Module):
    """Fully connected, with a code that has no places."""

    def __init__(self):
        super().__init__()
        self.encode = nn.Sequential(nn.Flatten(), nn.Linear(3072, 64))
        self.decode = nn.Sequential(nn.Linear(64, 3072), nn.Sigmoid(), nn.Unflatten(1, (3, 32, 32)))


class Two(nn.Module):
    """Two channels of 16 x 16."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 2, 2, 2), nn.ConvTranspose2d(2, 3, 2, 2)

    def encode(self, x):
        return self.a(x).relu()

    def decode(self, c):
        return torch.sigmoid(self.b(c))


class Copy(nn.Module):
    """It hands the picture on."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def encode(self, x):
        return x * self.weight

    def decode(self, c):
        return c


class Deaf(Two):
    """It does not listen to its code."""

    def decode(self, c):
        return torch.sigmoid(self.b(torch.zeros_like(c)))


class HalfUsed(Two):
    """It has a layer that it does not use."""

    def __init__(self):
        super().__init__()
        self.more = nn.Linear(3, 3)


class Crooked(Two):
    """Its decoder has another idea of the code."""

    def decode(self, c):
        return self.b(c[:, :1])


def levels_by_table(code, bits, low, high):
    table = torch.linspace(low, high, 2**bits)
    return table[(code[..., None] - table).abs().argmin(-1)]


def by_fraction(code, bits, low, high):
    steps = 2**bits - 1
    return low + (high - low) * torch.round(((code.clip(low, high) - low) / (high - low)) * steps) / steps


RIGHT = {
    "02.1": [by_covariance, by_numpy],
    "02.2": [one_by_one, by_projection],
    "02.3": [Flat, Two],
    "02.4": [levels_by_table, by_fraction],
    "02.5": [10 * np.log10(4), 6.02, torch.tensor(6.0206), 20 * math.log10(2)],
    "02.6": [TEXT, TEXT.upper(), f"\n{TEXT}"],
}

# exercise: (a typical wrong answer, pattern of what the check says about it)
WRONG = {
    "02.1": [
        (lambda rows: (rows.mean(0), by_covariance(rows)[1].flip(1)), "largest variance"),
        (lambda rows: (rows.mean(0), torch.linalg.svd(rows, full_matrices=False)[2].T), "taken off before"),
        (lambda rows: rows.mean(0), "raises|is wrong"),
        (lambda rows: (rows.mean(0), torch.linalg.svd(rows - rows.mean(0))[0]), "raises|is wrong"),
    ],
    "02.2": [
        (lambda rows, mean, v, k: (rows - mean) @ v[:, :k], "Its shape is"),
        (lambda rows, mean, v, k: (rows - mean) @ v[:, :k] @ v[:, :k].T, "not added again"),
        (lambda rows, mean, v, k: rows, "keeps all directions|is wrong"),
        (lambda rows, mean, v, k: mean + rows @ v[:, :k] @ v[:, :k].T, "not taken off"),
    ],
    "02.3": [
        (TooWide, "1,024 numbers a picture; 512 are allowed"),
        (Copy, "3,072 numbers a picture"),
        (OneRow, r"shape \(1024,\): its first axis"),
        (Poisoned, "not finite"),
        (Endless, "Endless has not ended after"),
        (Unbounded, r"leaves \[0, 1\]"),
        (Deaf, "does not depend on its code"),
        (HalfUsed, "not used by encode and decode"),
        (Crooked, "it raises RuntimeError"),
        (Own(), "A class is wanted that inherits from nn.Module, and an object of type Own is none"),
    ],
    "02.4": [
        (lambda code, bits, low, high: (code * 2**bits).round() / 2**bits, "is wrong"),
        (lambda code, bits, low, high: by_fraction(code, bits, low, high) * 0 + code, "is wrong"),
        (
            lambda code, bits, low, high: ((code - low) / (high - low) * (2**bits - 1)).round().clamp(0, 2**bits - 1),
            "numbers of the levels",
        ),
        (
            lambda code, bits, low, high: (
                low + ((code - low) / (high - low) * (2**bits - 1)).round() * (high - low) / (2**bits - 1)
            ),
            "nearest end",
        ),
    ],
    "02.5": [(3.01, "half the MSE"), (12.04, "factor"), (0.602, "ten times"), (13.863, "base 10")],
    "02.6": [("Its code.", "2 words are few"), (22.3, "A text is wanted"), ([TEXT], "A text is wanted")],
}


def no_class(right) -> list:
    words = "A class is wanted that inherits from nn.Module"
    return [
        ("Own", "'Own' is text: the class itself is wanted"),
        (3, words),
        ([right], words),
        (right(), words),
        (nn.Linear(2, 2), words),
        (dict, words),
        (lambda: 3, words),
        (type("Half", (nn.Module,), {"encode": lambda self, x: x}), "no method decode"),
        (type("Broken", (nn.Module,), {"encode": 1, "decode": 2}), "it raises TypeError"),
    ]


KINDS = {
    "02.1": no_function,
    "02.2": no_function,
    "02.3": no_class,
    "02.4": no_function,
    "02.5": no_number,
    "02.6": no_essay,
}

# exercise: (cases that anybody would try, functions that are right there and nowhere else)
SNEAKY = {
    "02.1": ([], []),
    "02.2": (
        [(SQUARE, torch.zeros(2), torch.eye(2), 1), (SQUARE, torch.zeros(2), torch.eye(2), 2)],
        [
            lambda rows, mean, v, k: (rows - mean) @ v[:, :k] @ v[:, :k].T,
            lambda rows, mean, v, k: mean + rows @ v[:, :k] @ v[:, :k].T,
            lambda rows, mean, v, k: rows * (torch.arange(2) < k),
        ],
    ),
    "02.4": (
        [(torch.tensor([0.0, 1]), 1, 0.0, 1.0), (torch.tensor([0.0, 0.4, 0.6, 1]), 1, 0.0, 1.0)],
        [
            lambda code, bits, low, high: code.round(),
            lambda code, bits, low, high: (code * (2**bits - 1)).round() / (2**bits - 1),
            lambda code, bits, low, high: (
                low + ((code - low) / (high - low) * (2**bits - 1)).round() * (high - low) / (2**bits - 1)
            ),
        ],
    ),
}
