"""Answers to the exercises of notebook 00: right ones in several forms, wrong ones, sneaky functions."""

import numpy as np
import torch

from helpers.answers.common import forms, no_function, no_number, no_word, spellings

RIGHT = {
    "00.1": forms(50_000 * 3 * 32 * 32),
    "00.2": forms(3072 * 5 // 8),
    "00.3": spellings("darker"),
    "00.4": [
        lambda value, low, high: value / 255 * high + (1 - value / 255) * low,
        lambda value, low, high: np.interp(value, [0, 255], [low, high]),
        lambda value, low, high: torch.lerp(torch.tensor(float(low)), torch.tensor(float(high)), value / 255),
    ],
}

# exercise: (a typical wrong answer, pattern of what the check says about it)
WRONG = {
    "00.1": [(50_000 * 1024, "three colours"), (50_000, "number of images"), (153.6, "whole number"), (1, "too small")],
    "00.2": [(15_360, "bits; a byte has 8"), (3072, "all 8 bits"), (15, "one pixel"), (2000, "too large")],
    "00.3": [
        ("brighter", "taken away"),
        ("same", "look at 1 and 2 bits"),
        ("redder", '"brighter", "darker" or "same"'),
    ],
    "00.4": [
        (lambda value, low, high: low + (high - low) * value / 256, "divide by 255"),
        (lambda value, low, high: value / 255, "not used|returns"),
        (lambda value, low, high: value / 127.5 - 1, "returns"),
        (lambda value, low, high: low + value * high / 255, "stretched too far"),
    ],
}

KINDS = {
    "00.1": no_number,
    "00.2": no_number,
    "00.3": no_word,
    "00.4": no_function,
}

# exercise: (cases that anybody would try, functions that are right there and nowhere else)
SNEAKY = {
    "00.4": (
        [(0, -1, 1), (255, -1, 1), (0, 0, 1), (255, 0, 1)],
        [
            lambda value, low, high: low if value < 128 else high,
            lambda value, low, high: low + (high - low) * round(value / 255, 2),
            lambda value, low, high: low + (high - low) * (value / 255) ** 2.2,
            lambda value, low, high: max(-1, min(1, low + (high - low) * value / 255)),
        ],
    ),
}
