"""Answers to the exercises of notebook 11: right ones in several forms, wrong ones, sneaky functions."""

import math
from fractions import Fraction

import numpy as np
import torch

from helpers.answers.common import forms, no_function, no_number, no_word, spellings

RIGHT = {
    "11.1": [*forms(17), 2 * 3 * 5 - 13],
    "11.2": spellings("median"),
    "11.3": [*forms(36), 1 / (0.0005 / 0.003) ** 2],
    "11.4": [
        lambda first, second: np.mean([first[s] < second[s] for s in first if s in second]),
        lambda first, second: torch.tensor([1.0 * (first[s] < second[s]) for s in first if s in second]).mean(),
        lambda first, second: Fraction(
            sum(first[s] < second[s] for s in set(first) & set(second)), len(set(first) & set(second))
        ),
    ],
}

# exercise: (a typical wrong answer, pattern of what the check says about it)
WRONG = {
    "11.1": [(30, "whole grid"), (13, "had finished"), (6, "one seed"), (10, "multiply"), (43, "too large")],
    "11.2": [("mean", "pulls it away"), ("both", "only one"), ("neither", "near the loss")],
    "11.3": [(6, "root of the number"), (6**0.5, "root of the root"), (35, "besides the first"), (1296, "once")],
    "11.4": [
        (lambda first, second: sum(a < b for a, b in zip(first.values(), second.values(), strict=False)), "returns"),
        (lambda first, second: np.mean([first[s] <= second[s] for s in first if s in second]), "tie"),
        (lambda first, second: sum(first[s] < second[s] for s in first if s in second), "number of seeds"),
        (lambda first, second: np.mean([first[s] < second[s] for s in first]), "raises KeyError"),
        (lambda first, second: np.mean([first[s] > second[s] for s in first if s in second]), "second is lower"),
    ],
}

KINDS = {
    "11.1": no_number,
    "11.2": no_word,
    "11.3": no_number,
    "11.4": no_function,
}

# exercise: (cases that anybody would try, functions that are right there and nowhere else)
SNEAKY = {
    "11.4": (
        [({0: 1.0, 1: 3.0, 2: 2.0}, {1: 2.0, 2: 4.0, 3: 1.0})],
        [
            lambda first, second: 0.5,
            lambda first, second: np.mean([first[s] < second.get(s, math.inf) for s in list(first)[-2:]]),
            lambda first, second: sum(first[s] < second[s] for s in first if s in second) / (len(second) - 1),
        ],
    ),
}
