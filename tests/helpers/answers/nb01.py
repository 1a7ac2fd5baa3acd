"""Answers to the exercises of notebook 01: right ones in several forms, wrong ones, sneaky functions."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from helpers.answers.common import forms, no_array, no_number, parameters

RIGHT = {
    "01.1": forms(nn.Conv2d(1, 1, 5, 2, 2)(torch.zeros(1, 32, 32)).shape[-1]),
    "01.2": forms(parameters(nn.Conv2d(16, 32, 5))),
    "01.3": forms((7 - 1) // 2),
    "01.4": forms(((1 * 2 + 2) * 2) + 2),
    "01.5": [2.3, math.log(10), F.cross_entropy(torch.zeros(1, 10), torch.tensor([3])), np.float32(2.31)],
    "01.6": [
        [[0, 0, 0], [1, 0, 0], [0, 0, 0]],
        torch.eye(3)[[2, 0, 2]] * torch.tensor([[0], [1], [0]]),
        F.one_hot(torch.tensor(3), 9).reshape(1, 1, 3, 3),
    ],
}

# exercise: (a typical wrong answer, pattern of what the check says about it)
WRONG = {
    "01.1": [(15, "adds one more"), (32, "stride 1"), (14, "without padding"), (16.5, "round the quotient down")],
    "01.2": [
        (12_800, "without the biases"),
        (832, "all 16 input channels"),
        (12_816, "output channel"),
        (4640, "3 x 3"),
    ],
    "01.3": [(7, "own width"), (6, "both sides"), (3.5, "pixel itself"), (0, "too small")],
    "01.4": [(8, "before the first convolution"), (3, "first convolution"), (4, "first pool"), (12, "too large")],
    "01.5": [(3.32, "in bits"), (0.1, "probability"), (1, "base 10"), (-2.3026, "sign")],
    "01.6": [
        (torch.eye(3), "too large"),
        ([[0, 0, 0], [0, 0, 1], [0, 0, 0]], "to the left"),
        ([[0, 1, 0], [0, 0, 0], [0, 0, 0]], "down"),
        ([1, 0, 0], r"shape is \(3,\)"),
    ],
}

KINDS = {
    "01.1": no_number,
    "01.2": no_number,
    "01.3": no_number,
    "01.4": no_number,
    "01.5": no_number,
    "01.6": no_array,
}

# exercise: (cases that anybody would try, functions that are right there and nowhere else)
SNEAKY = {}
