"""Answers to the exercises of notebook 00: right ones in several forms, wrong ones, sneaky functions."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from helpers.answers.common import by_axes, by_convolution, by_hand, forms, no_essay, no_function, no_number

VALUES = torch.arange(256, dtype=torch.uint8)
PAIR = torch.linspace(0, 1, 48).reshape(1, 3, 4, 4), torch.linspace(0.2, 0.7, 48).reshape(1, 3, 4, 4)
TEXT = (
    "What does a number cost in bits, in a file that I can decode? How many decibels has the picture, and how many "
    "have JPEG and PNG with as many bytes, on images that it has not seen before?"
)


def middles(images, bits):
    """By a table of all 256 values."""
    width = 2 ** (8 - bits)
    table = np.array([v - v % width + width // 2 for v in range(256)], dtype=np.uint8)
    return torch.from_numpy(table[images.numpy()])


def shifted(images, bits):
    return (images >> (8 - bits) << (8 - bits)) + (1 << (8 - bits) >> 1)


def decibels_of_each(a, b):
    return [10 * math.log10(1 / float(np.mean((x.numpy() - y.numpy()) ** 2))) for x, y in zip(a, b, strict=True)]


def decibels_by_norm(a, b):
    return -20 * ((a - b).flatten(1).norm(dim=1) / (a[0].numel() ** 0.5)).log10()


RIGHT = {
    "00.1": [
        lambda size, height, width: size / height / width * 8,
        lambda size, height, width: np.float64(size * 8) / np.prod([height, width]),
    ],
    "00.2": forms(50_000 * 3 * 32 * 32),
    "00.3": [middles, shifted],
    "00.4": [decibels_of_each, decibels_by_norm],
    "00.5": [by_axes, by_hand, by_convolution],
    "00.6": [TEXT, TEXT.upper(), 2 * TEXT],
}

# exercise: (a typical wrong answer, pattern of what the check says about it)
WRONG = {
    "00.1": [
        (lambda size, height, width: size / (height * width), "a byte has 8 bits"),
        (lambda size, height, width: 8 * size / (3 * height * width), "counts once"),
        (lambda size, height, width: 8 * size / 1024, "returns"),
        (lambda size, height, width: 8 * size / (height + width), "returns"),
    ],
    "00.2": [(50_000 * 1024, "three colours"), (50_000, "number of images"), (153.6, "whole number"), (1, "too small")],
    "00.3": [
        (lambda images, bits: images // (256 // 2**bits) * (256 // 2**bits), "lower end"),
        (lambda images, bits: images // (256 // 2**bits), "number of the interval"),
        (lambda images, bits: images, "is wrong. At"),
        (lambda images, bits: images // bits * bits, "is wrong. At"),
    ],
    "00.4": [
        (lambda a, b: (a - b).square().mean((1, 2, 3)).log10() * 10, "sign"),
        (lambda a, b: -10 * (a - b).square().mean().log10(), r"Its shape is \(\)"),
        (lambda a, b: -20 * (a - b).square().mean((1, 2, 3)).log10(), "factor"),
        (lambda a, b: (a - b).square().mean((1, 2, 3)), "too small"),
    ],
    "00.5": [
        (lambda images: F.avg_pool2d(images, 2), "Its shape is"),
        (lambda images: F.avg_pool2d(images, 2).repeat(1, 1, 2, 2), "side by side"),
        (lambda images: images, "is wrong. At"),
        (lambda images: images[..., ::2, ::2].repeat_interleave(2, 2).repeat_interleave(2, 3), "one pixel"),
    ],
    "00.6": [("It is true.", "3 words are few"), (8, "A text is wanted"), (len, "A text is wanted")],
}

KINDS = {
    "00.1": no_function,
    "00.2": no_number,
    "00.3": no_function,
    "00.4": no_function,
    "00.5": no_function,
    "00.6": no_essay,
}

# exercise: (cases that anybody would try, functions that are right there and nowhere else)
SNEAKY = {
    "00.1": (
        [(3072, 32, 32), (1024, 32, 32)],
        [lambda size, h, w: size / 128, lambda size, h, w: 8 * size / h**2, lambda size, h, w: 8 * size / w**2],
    ),
    "00.3": (
        [(VALUES, 1), (VALUES[::3], 1)],
        [
            lambda images, bits: torch.where(images < 128, 64, 192),
            lambda images, bits: images // 128 * 128 + 64,
        ],
    ),
    "00.4": (
        [PAIR, PAIR[::-1]],
        [
            lambda a, b: (-10 * (a - b).square().mean().log10()).expand(len(a)),
            lambda a, b: -10 * (a[:1] - b[:1]).square().mean((1, 2, 3)).log10(),
        ],
    ),
    "00.5": (
        [(torch.ones(1, 3, 2, 2),), (torch.eye(2).expand(1, 3, 2, 2),)],
        [
            lambda images: images.mean((2, 3), keepdim=True).expand_as(images),
            lambda images: torch.full_like(images, float(images.mean())),
        ],
    ),
}
