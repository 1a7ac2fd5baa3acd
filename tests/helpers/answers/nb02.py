"""Answers to the exercises of notebook 02: right ones in several forms, wrong ones, sneaky functions."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from helpers.answers.common import forms, images, no_array, no_function, no_number, no_word, spellings

PICTURE = torch.arange(48.0).reshape(1, 3, 4, 4) / 48


RIGHT = {
    "02.1": forms(2 * 32 * 32 * 8 // 4),
    "02.2": forms(3072 // 256),
    "02.3": [10 * np.log10(4), 6.02, torch.tensor(6.0206), 20 * math.log10(2)],
    "02.4": spellings("further"),
    "02.5": images(PICTURE),
    "02.6": [
        lambda variances, share: 1 + int((variances.cumsum(0) / variances.sum() < share).sum()),
        lambda variances, share: next(
            k for k in range(1, len(variances) + 1) if variances[:k].sum() >= share * variances.sum()
        ),
        lambda variances, share: np.argmax(np.cumsum(variances.numpy()) >= share * variances.sum().item()) + 1,
    ],
}

# exercise: (a typical wrong answer, pattern of what the check says about it)
WRONG = {
    "02.1": [(512, "32 x 32"), (2048, "one channel"), (16_384, "halves"), (6144, "three channels")],
    "02.2": [(6, "larger than today's"), (4, "three colours"), (3, "fewer places"), (24, "too large")],
    "02.3": [(3.01, "half the MSE"), (12.04, "factor"), (0.602, "ten times"), (13.863, "base 10")],
    "02.4": [("closer", "above the floor"), ("nearer", "above the floor"), (2, "quotation marks")],
    "02.5": [
        (torch.zeros(1, 3, 4, 4), "too small"),
        (F.avg_pool2d(PICTURE, 2), r"shape is \(1, 3, 2, 2\)"),
        (F.interpolate(F.avg_pool2d(PICTURE, 2), scale_factor=2, mode="bilinear"), "blended"),
        (F.avg_pool2d(PICTURE, 2).repeat(1, 1, 2, 2), "side by side"),
    ],
    "02.6": [
        (lambda variances, share: int((variances.cumsum(0) < share * variances.sum()).sum()), "from 0"),
        (lambda variances, share: int((variances.cumsum(0) <= share * variances.sum()).sum()) + 1, "just the share"),
        (lambda variances, share: int((variances >= share * variances.sum()).sum()), "returns 0, not 3"),
        (lambda variances: 3, "TypeError"),
    ],
}

KINDS = {
    "02.1": no_number,
    "02.2": no_number,
    "02.3": no_number,
    "02.4": no_word,
    "02.5": no_array,
    "02.6": no_function,
}

# exercise: (cases that anybody would try, functions that are right there and nowhere else)
SNEAKY = {
    "02.6": (
        [(torch.tensor([5.0, 3, 1.5, 0.5]), 0.9), (torch.tensor([4.0]), 0.9)],
        [
            lambda variances, share: max(1, len(variances) - 1),
            lambda variances, share: int((variances.cumsum(0) <= share * variances.sum()).sum()) + 1,
            lambda variances, share: math.ceil(0.7 * len(variances)),
        ],
    ),
}
