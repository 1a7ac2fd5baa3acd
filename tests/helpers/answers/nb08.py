"""Answers to the exercises of notebook 08: right ones in several forms, wrong ones, sneaky functions."""

from fractions import Fraction

import numpy as np
import torch

from helpers.answers.common import no_function, no_number, no_parts, pairs


class Straight(torch.autograd.Function):
    @staticmethod
    def forward(context, y, step):
        return torch.round(y / step) * step

    @staticmethod
    def backward(context, gradient):
        return gradient, None


def straight_without_grad(y, step):
    with torch.no_grad():
        rest = step * torch.round(y / step) - y
    return y + rest


def choice_by_numpy(points, worth):
    return np.argmin(np.array(points) @ [1, worth * 255**2])


def mixed_gradients(y, step):
    return (step * torch.round(y / step)).detach() + (y - y.detach()).mean()


RIGHT = {
    "08.1": [0.01 * (55 - 40) - 0.2, -0.05, Fraction(-1, 20)],
    "08.2": [-np.dot([0.5, 0.25, 0.25], np.log2([0.25, 0.25, 0.5])), Fraction(7, 4), torch.tensor(1.75)],
    "08.3": pairs(2 * 4, 64 * 64),
    "08.4": [
        straight_without_grad,
        lambda y, step: Straight.apply(y, step),
        lambda y, step: y - (y - torch.round(y / step) * step).detach(),
    ],
    "08.5": [
        choice_by_numpy,
        lambda points, worth: min(range(len(points)), key=lambda k: points[k][0] + worth * 65_025 * points[k][1]),
        lambda points, worth: torch.tensor([a + worth * 255**2 * b for a, b in points]).argmin(),
    ],
}

# exercise: (a typical wrong answer, pattern of what the check says about it)
WRONG = {
    "08.1": [(0.05, "sign"), (0.15, "distortion's part"), (-0.2, "rate's part"), (-0.35, "rises")],
    "08.2": [(1.5, "entropy"), (0.25, "too much"), (5 / 3, "true shares"), (1.213, "nats")],
    "08.3": [
        ((4, 4096), "two colours"),
        ((8, 16_384), "one pass"),
        ((4096, 8), "order"),
        ((8, 64), "Place by place: 64 is"),
    ],
    "08.4": [
        (lambda y, step: step * torch.round(y / step), "no gradient"),
        (lambda y, step: y + (torch.round(y) - y).detach(), "whatever the step"),
        (lambda y, step: y, "not rounded"),
        (lambda y, step: 2 * y + (step * torch.round(y / step) - 2 * y).detach(), "Gradient: At"),
    ],
    "08.5": [
        (lambda points, worth: int(np.argmin([bpp for bpp, _ in points])), "255²"),
        (lambda points, worth: int(np.argmin([mse for _, mse in points])), "distortion alone"),
        (lambda points, worth: choice_by_numpy(points, worth) + 1, "from 1"),
        (lambda points, worth: points[choice_by_numpy(points, worth)], "comma makes"),
    ],
}

KINDS = {
    "08.1": no_number,
    "08.2": no_number,
    "08.3": no_parts,
    "08.4": no_function,
    "08.5": no_function,
}

# exercise: (cases that anybody would try, functions that are right there and nowhere else)
SNEAKY = {
    "08.4": (
        [(torch.tensor([-1.7, 0.4, 2.6]), 1.0), (torch.tensor([3.2]), 1.0)],
        [
            lambda y, step: (step * torch.round(y / step), torch.ones_like(y)),
            mixed_gradients,
            lambda y, step: y + (torch.round(y) - y).detach(),
            lambda y, step: y / step + (step * torch.round(y / step) - y / step).detach(),
        ],
    ),
    "08.5": (
        [([(2.0, 0.0001), (0.5, 0.004)], worth) for worth in (0.0001, 0.01)],
        [
            lambda points, worth: int(np.argmin([bpp + worth * 256**2 * mse for bpp, mse in points])),
            lambda points, worth: 0 if worth > 0.001 else 1,
            lambda points, worth: int(np.argmin([bpp + worth * 255**2 * mse for bpp, mse in points[:3]])),
        ],
    ),
}
