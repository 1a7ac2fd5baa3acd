"""Answers to the exercises of notebook 10: right ones in several forms, wrong ones, sneaky functions."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from cae_lib.course.exercises.nb10 import C1, C2, at_error, similarity, ssim, windows
from helpers.answers.common import no_essay, no_function, no_number

TEXT = (
    "I would ask for the bytes of both files, decoders and weights included, see the originals beside them, and let "
    "people judge pictures that the company has not chosen. For an x-ray, invented detail is a lie."
)
A = torch.tensor([[[[0.5, 0.0], [0.2, 0.1]], [[0.1, 0.3], [0.0, 0.4]]]])
GREY = torch.linspace(0, 1, 64).view(1, 1, 8, 8)


def one_by_one(images, disturbance, error):
    result = images.clone()
    for k, (d, e) in enumerate(zip(disturbance, error, strict=True)):
        if d.abs().max() > 0:
            result[k] += d * math.sqrt(e / d.square().mean())
    return result


def by_norm(images, disturbance, error):
    size = disturbance.flatten(1).norm(dim=1).clamp(min=1e-6) / disturbance[0].numel() ** 0.5
    return images + disturbance * (error**0.5 / size).view(-1, 1, 1, 1)


def by_unfold(a, b):
    a, b = (x.unfold(2, 8, 1).unfold(3, 8, 1).flatten(4) for x in (a, b))
    m, n = a.mean(4), b.mean(4)
    v, w = a.var(4, correction=0), b.var(4, correction=0)
    c = ((a - m[..., None]) * (b - n[..., None])).mean(4)
    return ((2 * m * n + C1) * (2 * c + C2) / ((m**2 + n**2 + C1) * (v + w + C2))).mean((1, 2, 3))


def by_product(a, b):
    m, n = windows(a), windows(b)
    v, w, c = windows(a * a) - m * m, windows(b * b) - n * n, windows(a * b) - m * n
    map_of = (2 * m * n + C1) / (m * m + n * n + C1) * ((2 * c + C2) / (v + w + C2))
    return map_of.flatten(1).mean(1).tolist()


def by_length(a, b):
    a, b = (x / x.norm(dim=1, keepdim=True).clamp(min=1e-6) for x in (a, b))
    return ((a - b) ** 2).sum(1).mean((1, 2))


def by_places(a, b):
    result = []
    for x, y in zip(a, b, strict=True):
        x, y = x.flatten(1).numpy(), y.flatten(1).numpy()
        x, y = x / (np.linalg.norm(x, axis=0) + 1e-9), y / (np.linalg.norm(y, axis=0) + 1e-9)
        result.append(((x - y) ** 2).sum(0).mean())
    return np.array(result)


def by_numpy(a, b):
    a, b = a.numpy(), b.numpy()
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + ((a.std(0, ddof=1) - b.std(0, ddof=1)) ** 2).sum())


def by_feature(a, b):
    total = 0.0
    for x, y in zip(a.T, b.T, strict=True):
        total += (x.mean() - y.mean()) ** 2 + (x.var().sqrt() - y.var().sqrt()) ** 2
    return total


RIGHT = {
    "10.1": [one_by_one, by_norm],
    "10.2": [by_unfold, by_product],
    "10.3": [by_length, by_places],
    "10.4": [by_numpy, by_feature],
    "10.5": [10 * np.log10(2), 3.01, torch.tensor(3.0103), -10 * math.log10(0.5)],
    "10.6": [TEXT, TEXT.upper(), f"\n{TEXT}"],
}

# exercise: (a typical wrong answer, pattern of what the check says about it)
WRONG = {
    "10.1": [
        (lambda x, d, e: x + d * (e / d.square().mean((1, 2, 3)).clamp(min=1e-12)).view(-1, 1, 1, 1), "a root is"),
        (lambda x, d, e: x + d * (e.mean() / d.square().mean().clamp(min=1e-12)) ** 0.5, "factor of its own"),
        (lambda x, d, e: x + d * (e / d.square().mean((1, 2, 3))).sqrt().view(-1, 1, 1, 1), "nan, as 0 / 0 gives it"),
        (lambda x, d, e: at_error(x, d, e) - x, "has to be added"),
        (lambda x, d, e: at_error(x, d, e)[0], "Its shape is"),
    ],
    "10.2": [
        (lambda a, b: similarity(a, b, lambda x: F.avg_pool2d(x, 8)).mean((1, 2, 3)), "have to overlap"),
        (lambda a, b: similarity(a, b, windows, centred=False).mean((1, 2, 3)), "less the square of the mean"),
        (lambda a, b: similarity(a, b, lambda x: x.mean((2, 3), True)).mean((1, 2, 3)), "whole picture"),
        (lambda a, b: ssim(a, b).mean(), "Its shape is"),
        (lambda a, b: 1 - (a - b).square().mean((1, 2, 3)), "is wrong|too "),
    ],
    "10.3": [
        (lambda a, b: (a - b).square().sum(1).mean((1, 2)), "brought to length 1 first"),
        (lambda a, b: by_length(a, b) / a.shape[1], "squares are added"),
        (lambda a, b: (a / a.norm(dim=1, keepdim=True) - b).square().sum(1).mean((1, 2)), "too |nan"),
        (lambda a, b: by_length(a, b).mean(), "Its shape is"),
    ],
    "10.4": [
        (lambda a, b: (a.mean(0) - b.mean(0)).square().sum(), "means only"),
        (lambda a, b: by_numpy(a, b) / a.shape[1], "not averaged"),
        (lambda a, b: (a - b).square().mean(), "raises"),
        (lambda a, b: (a.mean(0) - b.mean(0)).square() + (a.std(0) - b.std(0)).square(), "One number is wanted"),
    ],
    "10.5": [(6.02, "factor|four times"), (0.301, "ten times"), (-3.0103, "sign"), (2, "too small")],
    "10.6": [("Its bytes.", "2 words are few"), (3.01, "A text is wanted"), ([TEXT], "A text is wanted")],
}

KINDS = {
    "10.1": no_function,
    "10.2": no_function,
    "10.3": no_function,
    "10.4": no_function,
    "10.5": no_number,
    "10.6": no_essay,
}

# exercise: (cases that anybody would try, functions that are right there and nowhere else)
SNEAKY = {
    "10.1": (
        [(GREY, torch.ones_like(GREY), torch.tensor([1.0])), (GREY, 2 * torch.ones_like(GREY), torch.tensor([4.0]))],
        [lambda x, d, e: x + d * e / d.square().mean() ** 0.5 / e**0.5, lambda x, d, e: x + e.sqrt()],
    ),
    "10.2": (
        [(GREY, GREY), (GREY, GREY.flip(2).flip(3).flip(2).flip(3))],
        [lambda a, b: torch.ones(len(a)), lambda a, b: 1 - (a - b).square().mean((1, 2, 3))],
    ),
    "10.3": (
        [(A, A), (A, A.clone())],
        [lambda a, b: torch.zeros(len(a)), lambda a, b: (a - b).square().sum(1).mean((1, 2))],
    ),
    "10.4": (
        [(A.view(4, 2), A.view(4, 2)), (A.view(4, 2), A.view(4, 2).flip(0))],
        [lambda a, b: (a.mean(0) - b.mean(0)).square().sum(), lambda a, b: (a.std(0) - b.std(0)).square().sum()],
    ),
}
