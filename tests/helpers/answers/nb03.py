"""Answers to the exercises of notebook 03: right ones in several forms, wrong ones, sneaky functions."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from helpers.answers.common import forms, no_activation, no_function, no_number, parameters, spellings


def floor_by_loop(images, low, high):
    values = [low + (high - low) * v / 255 for v in images.flatten().tolist()]
    return sum(v * v for v in values if v < 0) / len(values)


def floor_by_numpy(images, low, high):
    return np.mean(np.minimum(np.interp(images.numpy(), [0, 255], [low, high]), 0) ** 2)


def floor_by_mse(images, low, high):
    target = low + (high - low) * (images.float() / 255)
    return F.mse_loss(target.relu(), target)


def is_first_image(images, low, high):
    return floor_by_loop(images[:1], low, high)


RIGHT = {
    "03.1": forms(parameters(nn.Conv2d(16, 32, 3))),
    "03.2": forms(5 * 16 * 16),
    "03.3": [-10 * np.log10(0.1421 / 4), 14.49, -10 * torch.tensor(0.1421).log10() + 20 * math.log10(2)],
    "03.4": [
        *spellings("tanh"),
        torch.tanh,
        nn.Tanh(),
        "nn.Hardtanh",
        "torch.clamp(x, -1, 1)",
        "clamp",
        lambda x: x.clip(-1, 1),
    ],
    "03.5": [floor_by_loop, floor_by_numpy, floor_by_mse],
}

# exercise: (a typical wrong answer, pattern of what the check says about it)
WRONG = {
    "03.1": [
        (4608, "without the biases"),
        (320, "all 16 input channels"),
        (4624, "output channel"),
        (288, "too small"),
    ],
    "03.2": [(5120, "before the pool"), (512, "two channels"), (256, "one channel"), (5, "too small")],
    "03.3": [(8.474, "scale"), (11.484, "squared"), (-14.494, "sign"), (28.99, "factor")],
    "03.4": [("sigmoid", "from 0 to 1"), (nn.ReLU, "there now"), ("softmax", "probabilities"), ("gelu", "not it")],
    "03.5": [
        (lambda images, low, high: floor_by_mse(images, -1, 1), "low and high are not used"),
        (lambda images, low, high: floor_by_mse(images, low, high) * images.numel(), "mean is asked for"),
        (lambda images, low, high: (images.float() / 255 * (high - low) + low).square().mean(), "bright pixels"),
        (lambda images, low, high: (images * (high - low) / 255 + low).clamp(max=0).mean(), "sign|returns"),
        (0.1411, "function itself is wanted"),
    ],
}

KINDS = {
    "03.1": no_number,
    "03.2": no_number,
    "03.3": no_number,
    "03.4": no_activation,
    "03.5": no_function,
}

# exercise: (cases that anybody would try, functions that are right there and nowhere else)
SNEAKY = {
    "03.5": (
        [(torch.arange(0, 256, 5, dtype=torch.uint8)[None], *scale) for scale in ((-1, 1), (0, 1))],
        [
            is_first_image,
            lambda images, low, high: floor_by_mse(images, low, high) if low >= -1 else 0,
            lambda images, low, high: 0 if low >= 0 else floor_by_loop(images, -1, 1),
            lambda images, low, high: floor_by_mse(torch.arange(0, 256, 5), low, high),
        ],
    ),
}
