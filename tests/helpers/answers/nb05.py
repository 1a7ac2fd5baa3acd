"""Answers to the exercises of notebook 05: right ones in several forms, wrong ones, sneaky functions."""

from fractions import Fraction

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from helpers.answers.common import forms, images, no_array, no_number, parameters

TINY = torch.arange(16.0).reshape(1, 1, 4, 4)


RIGHT = {
    "05.1": [64 / 12, torch.tensor(16 / 3), 5.33, Fraction(64, 12)],
    "05.2": [0.035525, 0.0355, np.float32(0.1421) / 4],
    "05.3": forms(3072 // 256),
    "05.4": forms(sum(parameters(nn.Conv2d(a, b, 3)) for a, b in ((3, 32), (32, 12), (12, 3)))),
    "05.5": images(TINY),
}

# exercise: (a typical wrong answer, pattern of what the check says about it)
WRONG = {
    "05.1": [(16, "three values"), (64, "whole place"), (0.1875, "other way round"), (21.33, "four pixels")],
    "05.2": [(0.07105, "squared"), (0.1421, "still on"), (0.5684, "smaller"), (0.57105, "not an error")],
    "05.3": [(64, "what model2 has"), (3, "fewer places"), (4, "three colours"), (13, "too large")],
    "05.4": [(21_123, "64 channels"), (4644, "without the biases"), (4364, "encoder alone"), (11_461, "MODEL1")],
    "05.5": [
        (TINY, "picture itself"),
        (F.interpolate(F.max_pool2d(TINY, 2), scale_factor=2), "largest values"),
        (TINY.reshape(1, 1, 2, 2, 2, 2).mean((3, 5)), r"shape is \(1, 1, 2, 2\)"),
        (F.avg_pool2d(TINY, 2).repeat(1, 1, 2, 2), "side by side"),
    ],
}

KINDS = {
    "05.1": no_number,
    "05.2": no_number,
    "05.3": no_number,
    "05.4": no_number,
    "05.5": no_array,
}

# exercise: (cases that anybody would try, functions that are right there and nowhere else)
SNEAKY = {}
