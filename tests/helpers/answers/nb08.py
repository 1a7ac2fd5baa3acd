"""Answers to the exercises of notebook 08: right ones in several forms, wrong ones, sneaky functions."""

from fractions import Fraction

import numpy as np
import torch
import torch.nn.functional as F

from cae_lib.course.exercises.nb08 import by_density, logistic_bits, plainly, rd_loss, straight_through, without_limit
from helpers.answers.common import no_essay, no_function, no_number

TEXT = (
    "I would code the same pictures with a fixed transform and tables counted on the same training images, compare "
    "payload with payload in real bytes at the same PSNR, and train three seeds before I believe the difference."
)


class Straight(torch.autograd.Function):
    @staticmethod
    def forward(context, y):
        return torch.round(y)

    @staticmethod
    def backward(context, gradient):
        return gradient


def straight_without_grad(y):
    with torch.no_grad():
        rest = torch.round(y) - y
    return y + rest


def bits_by_mirror(symbols, mean, width):
    left = torch.minimum(symbols - mean, mean - symbols)
    p = torch.sigmoid((left + 0.5) / width) - torch.sigmoid((left - 0.5) / width)
    return -(p.clamp(min=2**-24).log() / np.log(2))


def bits_by_logarithms(symbols, mean, width):
    far = -(symbols - mean).abs()
    high, low = F.logsigmoid((far + 0.5) / width), F.logsigmoid((far - 0.5) / width)
    return (-(high + torch.log(-torch.expm1(low - high))) / np.log(2)).clamp(max=24)


def bits_in_doubles(symbols, mean, width):
    s, m, w = symbols.double(), mean.double(), width.double()
    p = torch.sigmoid((s + 0.5 - m) / w) - torch.sigmoid((s - 0.5 - m) / w)
    return -p.clamp(min=2.0**-24).log2().float()


def loss_one_by_one(bits, images, rebuilt, worth):
    error = (255 * (images - rebuilt)).pow(2).flatten(1).mean(1)
    return (bits / images[0, 0].numel() + worth * error).mean()


def loss_by_torch(bits, images, rebuilt, worth):
    _, _, height, width = images.shape
    return torch.mean(bits / (height * width)) + worth * 65_025 * F.mse_loss(rebuilt, images)


def choice_by_numpy(points, worth):
    return np.argmin(np.array(points) @ [1, worth * 255**2])


RIGHT = {
    "08.1": [straight_without_grad, lambda y: Straight.apply(y), lambda y: y - (y - torch.round(y)).detach()],
    "08.2": [bits_by_mirror, bits_by_logarithms, bits_in_doubles],
    "08.3": [loss_one_by_one, loss_by_torch],
    "08.4": [
        choice_by_numpy,
        lambda points, worth: min(range(len(points)), key=lambda k: points[k][0] + worth * 65_025 * points[k][1]),
        lambda points, worth: torch.tensor([a + worth * 255**2 * b for a, b in points]).argmin(),
    ],
    "08.5": [0.01 * (55 - 40) - 0.2, -0.05, Fraction(-1, 20)],
    "08.6": [TEXT, TEXT.upper(), f"\n{TEXT}"],
}

# exercise: (a typical wrong answer, pattern of what the check says about it)
WRONG = {
    "08.1": [
        (lambda y: torch.round(y), "no gradient"),
        (lambda y: y.round().detach(), "no gradient"),
        (lambda y: y, "not rounded"),
        (lambda y: y + y.round().detach(), "once more"),
        (lambda y: 2 * y + (torch.round(y) - 2 * y).detach(), "Gradient: At"),
        (lambda y: y.round().tolist(), "raises|One tensor"),
    ],
    "08.2": [
        (plainly, "no digits left"),
        (without_limit, "no limit"),
        (by_density, "area within"),
        (lambda symbols, mean, width: -torch.log(2 ** -logistic_bits(symbols, mean, width)), "base 2"),
        (lambda symbols, mean, width: logistic_bits(symbols, mean, width).detach(), "Gradient of the mean"),
        (lambda symbols, mean, width: logistic_bits(symbols, mean, width).sum(), "Its shape is"),
    ],
    "08.3": [
        (lambda bits, x, z, worth: rd_loss(bits, x, z, worth / 255**2), "255² times"),
        (lambda bits, x, z, worth: rd_loss(bits / 3, x, z, worth), "three colours"),
        (lambda bits, x, z, worth: bits.mean() + worth * 255**2 * (x - z).square().mean(), "height times width"),
        (
            lambda bits, x, z, worth: bits.mean() / 1024 + worth * 255**2 * (x - z).square().mean(),
            "need not be 32 x 32",
        ),
        (
            lambda bits, x, z, worth: (
                bits.mean() / x[0, 0].numel() + worth * (255 * (x - z)).square().sum(1).mean((1, 2)).mean()
            ),
            "not their sum",
        ),
        (lambda bits, x, z, worth: loss_by_torch(bits, x, z, worth).item(), "One tensor is wanted"),
        (lambda bits, x, z, worth: loss_by_torch(bits, x, z.detach(), worth), "Gradient of the pictures"),
    ],
    "08.4": [
        (lambda points, worth: int(np.argmin([bpp for bpp, _ in points])), "255²"),
        (lambda points, worth: int(np.argmin([mse for _, mse in points])), "distortion alone"),
        (lambda points, worth: choice_by_numpy(points, worth) + 1, "from 1"),
        (lambda points, worth: points[choice_by_numpy(points, worth)], "comma makes"),
    ],
    "08.5": [(0.05, "sign"), (0.15, "distortion's part"), (-0.2, "rate's part"), (-0.35, "rises")],
    "08.6": [("The tables.", "2 words are few"), (30, "A text is wanted"), ([TEXT], "A text is wanted")],
}

KINDS = {
    "08.1": no_function,
    "08.2": no_function,
    "08.3": no_function,
    "08.4": no_function,
    "08.5": no_number,
    "08.6": no_essay,
}

ZERO, ONE = torch.zeros(1), torch.ones(1)
BLACK, GREY = torch.zeros(1, 3, 2, 2), torch.full((1, 3, 2, 2), 0.5)

# exercise: (cases that anybody would try, functions that are right there and nowhere else)
SNEAKY = {
    "08.1": (
        [(torch.tensor([-1.7, 0.4, 2.6]),), (torch.tensor([3.2]),)],
        [
            lambda y: y.round(),
            lambda y: y.round().detach() + (y - y.detach()).mean(),
            lambda y: straight_through(y.detach()) + 0 * y,
        ],
    ),
    "08.2": (
        [(torch.tensor([-1.0, 0.0, 1.0]), ZERO, ONE), (torch.tensor([-2.0, 2.0]), 0.5 * ONE, 2 * ONE)],
        [
            plainly,
            without_limit,
            lambda symbols, mean, width: logistic_bits(symbols, mean.detach(), width),
        ],
    ),
    "08.3": (
        [(torch.tensor([400.0]), BLACK, BLACK, 0.01), (torch.tensor([4.0]), GREY, GREY, 1.0)],
        [
            lambda bits, x, z, worth: bits.mean() / x[0, 0].numel(),
            lambda bits, x, z, worth: bits.sum() / x[0, 0].numel(),
            lambda bits, x, z, worth: bits.mean() / 4 + worth * (x - z).square().mean(),
        ],
    ),
    "08.4": (
        [([(2.0, 0.0001), (0.5, 0.004)], worth) for worth in (0.0001, 0.01)],
        [
            lambda points, worth: int(np.argmin([bpp + worth * 256**2 * mse for bpp, mse in points])),
            lambda points, worth: 0 if worth > 0.001 else 1,
            lambda points, worth: int(np.argmin([bpp + worth * 255**2 * mse for bpp, mse in points[:3]])),
        ],
    ),
}
