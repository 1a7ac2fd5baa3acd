"""Each exercise: right answers in several forms or reached in several ways, typical wrong ones, and its hints."""

import math
import re
from fractions import Fraction

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cae_lib.course import judging
from cae_lib.course.checks import EXERCISES, verdict

PICTURE = torch.arange(48.0).reshape(1, 3, 4, 4) / 48
TINY = torch.arange(16.0).reshape(1, 1, 4, 4)


def parameters(layer) -> int:
    return sum(p.numel() for p in layer.parameters())


def forms(value) -> list:
    """One number, written in several ways."""
    return [
        value,
        float(value),
        np.int64(value),
        np.array([value]),
        torch.tensor(value, dtype=torch.float64),
        Fraction(value),
    ]


def spellings(word: str) -> list:
    return [word, word.upper(), f" {word}\n"]


def pairs(first, second) -> list:
    return [(first, second), [np.float64(first), second], torch.tensor([float(first), float(second)])]


# How the means of 2 x 2 blocks, repeated, can be made in several ways.
def by_axes(picture):
    means = picture.unflatten(3, (-1, 2)).unflatten(2, (-1, 2)).mean((3, 5))
    return means.repeat_interleave(2, 2).repeat_interleave(2, 3)


def by_hand(picture):
    result = torch.zeros_like(picture)
    for y in range(picture.shape[2]):
        for x in range(picture.shape[3]):
            result[..., y, x] = picture[..., y // 2 * 2 : y // 2 * 2 + 2, x // 2 * 2 : x // 2 * 2 + 2].mean((-1, -2))
    return result


def by_convolution(picture):
    channels = picture.shape[1]
    means = F.conv2d(picture, torch.full((channels, 1, 2, 2), 0.25), stride=2, groups=channels)
    return F.conv_transpose2d(means, torch.ones(channels, 1, 2, 2), stride=2, groups=channels)


def images(picture) -> list:
    """One picture, with and without its first axis, with its channels first and last."""
    return [by_axes(picture), by_hand(picture)[0].numpy(), by_convolution(picture).permute(0, 2, 3, 1).tolist()]


def floor_by_loop(images, low, high):
    values = [low + (high - low) * v / 255 for v in images.flatten().tolist()]
    return sum(v * v for v in values if v < 0) / len(values)


def floor_by_numpy(images, low, high):
    return np.mean(np.minimum(np.interp(images.numpy(), [0, 255], [low, high]), 0) ** 2)


def floor_by_mse(images, low, high):
    target = low + (high - low) * (images.float() / 255)
    return F.mse_loss(target.relu(), target)


def best_by_loop(losses):
    best = 0
    for k in range(len(losses)):
        if losses[k] < losses[best]:
            best = k
    return best + 1


def stop_by_window(losses, patience):
    for epoch in range(patience + 1, len(losses) + 1):
        if min(losses[epoch - patience : epoch]) >= min(losses[: epoch - patience]):
            return epoch
    return len(losses)


def stop_by_count(losses, patience):
    best = 0
    for k, loss in enumerate(losses):
        best = k if loss < losses[best] else best
        if k - best == patience:
            return k + 1
    return k + 1


def stop_after_all(losses, patience):
    """Counts all epochs without a new lowest loss, in a row or not."""
    lowest, bad = losses[0], 0
    for k, loss in enumerate(losses[1:], 2):
        lowest, bad = min(lowest, loss), bad + (loss >= lowest)
        if bad == patience:
            return k
    return len(losses)


def stop_by_minimum(losses, patience):
    lowest = np.minimum.accumulate(losses)
    run = 0
    for epoch in range(2, len(losses) + 1):
        run = 0 if lowest[epoch - 1] < lowest[epoch - 2] else run + 1
        if run == patience:
            return torch.tensor(epoch)
    return len(losses)


def entropy_by_torch(counts):
    return torch.special.entr(torch.tensor(counts, dtype=torch.float64) / sum(counts)).sum() / math.log(2)


def entropy_by_numpy(counts):
    p = np.array([k for k in counts if k > 0]) / np.sum(counts)
    return -(p * np.log2(p)).sum()


def entropy_by_length(counts):
    n = sum(counts)
    return math.log2(n) - sum(k * math.log2(k) for k in counts if k) / n


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


RIGHT = {
    "00.1": forms(50_000 * 3 * 32 * 32),
    "00.2": forms(3072 * 5 // 8),
    "00.3": spellings("darker"),
    "00.4": [
        lambda value, low, high: value / 255 * high + (1 - value / 255) * low,
        lambda value, low, high: np.interp(value, [0, 255], [low, high]),
        lambda value, low, high: torch.lerp(torch.tensor(float(low)), torch.tensor(float(high)), value / 255),
    ],
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
    "04.1": forms(-(-50_000 // 64) * 30),
    "04.2": [(8 * 2 + 2 * 4) / 10, Fraction(12, 5), torch.tensor([1.0, 1, 1, 1, 2, 2, 2, 2, 6, 6]).mean()],
    "04.3": [
        ("over", "under", "good"),
        ["Over", "UNDER", " good "],
        np.array(["overfit", "underfit", "good"]),
        ("overfitting", "underfitting", "good"),
        ("it overfits", "it underfits", "it is good"),
    ],
    "04.4": [*spellings("no"), False],
    "04.5": [best_by_loop, lambda losses: np.argmin(losses) + 1, lambda losses: torch.tensor(losses).argmin() + 1],
    "04.6": [stop_by_window, stop_by_count, stop_by_minimum],
    "05.1": [64 / 12, torch.tensor(16 / 3), 5.33, Fraction(64, 12)],
    "05.2": [0.035525, 0.0355, np.float32(0.1421) / 4],
    "05.3": forms(3072 // 256),
    "05.4": forms(sum(parameters(nn.Conv2d(a, b, 3)) for a, b in ((3, 32), (32, 12), (12, 3)))),
    "05.5": images(TINY),
    "06.1": forms(16 * 16 * 16 * 5 // 32**2),
    "06.2": pairs(round(1.8 * 7 / 2), 6 * 2 / 7 - 1) + [(6, 0.714), [np.int64(6), 0.71]],
    "06.3": forms(15 + 2),
    "06.4": pairs(Fraction(1, 2), Fraction(1, 4) * Fraction(1, 2)),
    "06.5": [entropy_by_torch, entropy_by_numpy, entropy_by_length],
    "07.1": [0.01 * (55 - 40) - 0.2, -0.05, Fraction(-1, 20)],
    "07.2": [-np.dot([0.5, 0.25, 0.25], np.log2([0.25, 0.25, 0.5])), Fraction(7, 4), torch.tensor(1.75)],
    "07.3": pairs(2 * 4, 64 * 64),
    "07.4": [
        straight_without_grad,
        lambda y, step: Straight.apply(y, step),
        lambda y, step: y - (y - torch.round(y / step) * step).detach(),
    ],
    "07.5": [
        choice_by_numpy,
        lambda points, worth: min(range(len(points)), key=lambda k: points[k][0] + worth * 65_025 * points[k][1]),
        lambda points, worth: torch.tensor([a + worth * 255**2 * b for a, b in points]).argmin(),
    ],
    "08.1": [*forms(17), 2 * 3 * 5 - 13],
    "08.2": spellings("median"),
    "08.3": [*forms(36), 1 / (0.0005 / 0.003) ** 2],
    "08.4": [
        lambda first, second: np.mean([first[s] < second[s] for s in first if s in second]),
        lambda first, second: torch.tensor([1.0 * (first[s] < second[s]) for s in first if s in second]).mean(),
        lambda first, second: Fraction(
            sum(first[s] < second[s] for s in set(first) & set(second)), len(set(first) & set(second))
        ),
    ],
}

# name of an exercise: (a typical wrong answer, words of what the check says about it)
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
    "04.1": [
        (23_430, "last, smaller batch"),
        (782, "one epoch"),
        (23_437.5, "no part of a step"),
        (1_500_000, "images"),
    ],
    "04.2": [
        (3, "mean over the batches"),
        (24, "sum over all images"),
        (9, "sum over the batches"),
        (2.5, "too large"),
    ],
    "04.3": [
        (("under", "over", "good"), "gap means"),
        (("good", "good", "good"), "enough"),
        (("over", "under", "under"), "C: 'under' is not it"),
        ("over", r"\(a, b, c\)"),
    ],
    "04.4": [("yes", "wakes up"), (True, "wakes up"), ("maybe", "One of these words")],
    "04.5": [
        (lambda losses: losses.index(min(losses)), "counts from 0"),
        (lambda losses: max(k for k, loss in enumerate(losses, 1) if loss == min(losses)), "takes the last"),
        (min, "returns the loss"),
        (lambda losses: len(losses), r"\(\[0\.5, 0\.2, 0\.2, 0\.4\]\) returns 4, not 2"),
    ],
    "04.6": [
        (lambda losses, patience: best_by_loop(losses), "best epoch"),
        (lambda losses, patience: stop_by_count(losses, 1), "first epoch without"),
        (lambda losses, patience: stop_by_count(losses, patience) - 1, "returns 3, not 4"),
        (lambda losses, patience: stop_after_all(losses, patience), "in a row"),
        (lambda losses, patience: stop_by_count([-k for k in losses], patience), "returns"),
    ],
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
    "06.1": [(80, "one place"), (2560, "bytes of the whole code"), (6.6667, "each value of a pixel"), (2.5, "bytes")],
    "06.2": [
        ((7, 0.75), "seven steps"),
        ((6, 0.8), "the level's"),
        ((7, 5 / 7), "from 0"),
        ((5, 0.43), "Level: 5 is too small"),
    ],
    "06.3": [(15, "below 128"), (16, "Both"), (19, "one byte more than before"), (13, "too small")],
    "06.4": [
        ((0.5, 0.25), "B alone"),
        ((0.25, 0.125), "AB"),
        ((0.5, 0.625), "not the upper end"),
        (0.5, r"\(low, width\)"),
    ],
    "06.5": [
        (lambda counts: np.log2(len(counts)), "equally likely"),
        (lambda counts: entropy_by_numpy(counts) * np.log(2), "nats"),
        (lambda counts: -entropy_by_numpy(counts), "sign"),
        (lambda counts: -sum(k / sum(counts) * math.log2(k / sum(counts)) for k in counts), "raises ValueError"),
    ],
    "07.1": [(0.05, "sign"), (0.15, "distortion's part"), (-0.2, "rate's part"), (-0.35, "rises")],
    "07.2": [(1.5, "entropy"), (0.25, "too much"), (5 / 3, "true shares"), (1.213, "nats")],
    "07.3": [
        ((4, 4096), "two colours"),
        ((8, 16_384), "one pass"),
        ((4096, 8), "order"),
        ((8, 64), "Place by place: 64 is"),
    ],
    "07.4": [
        (lambda y, step: step * torch.round(y / step), "no gradient"),
        (lambda y, step: y + (torch.round(y) - y).detach(), "whatever the step"),
        (lambda y, step: y, "not rounded"),
        (lambda y, step: 2 * y + (step * torch.round(y / step) - 2 * y).detach(), "Gradient: At"),
    ],
    "07.5": [
        (lambda points, worth: int(np.argmin([bpp for bpp, _ in points])), "255²"),
        (lambda points, worth: int(np.argmin([mse for _, mse in points])), "distortion alone"),
        (lambda points, worth: choice_by_numpy(points, worth) + 1, "from 1"),
        (lambda points, worth: points[choice_by_numpy(points, worth)], "comma makes"),
    ],
    "08.1": [(30, "whole grid"), (13, "had finished"), (6, "one seed"), (10, "multiply"), (43, "too large")],
    "08.2": [("mean", "pulls it away"), ("both", "only one"), ("neither", "near the loss")],
    "08.3": [(6, "root of the number"), (6**0.5, "root of the root"), (35, "besides the first"), (1296, "once")],
    "08.4": [
        (lambda first, second: sum(a < b for a, b in zip(first.values(), second.values(), strict=False)), "returns"),
        (lambda first, second: np.mean([first[s] <= second[s] for s in first if s in second]), "tie"),
        (lambda first, second: sum(first[s] < second[s] for s in first if s in second), "number of seeds"),
        (lambda first, second: np.mean([first[s] < second[s] for s in first]), "raises KeyError"),
        (lambda first, second: np.mean([first[s] > second[s] for s in first if s in second]), "second is lower"),
    ],
}


# Answers of another kind than what is asked: each row is (answer, words of what the check says about it).
def no_number(right) -> list:
    return [
        (f"{right}", "is text: a number is wanted, without quotation marks"),
        ("a few", "is text"),
        ((right, right), "The comma makes|numbers: one is wanted"),
        ([right, right], "One number is wanted, and"),
        (torch.full((3, 3), 7.0), "a float32 tensor of shape"),
        ({"answer": right}, "One number is wanted"),
        ({right}, "One number is wanted"),
        (right == right, "One number is wanted, and True is none"),
        (complex(right), "One number is wanted"),
        (lambda: right, "One number is wanted, and a function is none"),
        (10**400, "too large"),
        (float("nan"), "and nan is none"),
    ]


def no_word(right) -> list:
    words = "One of these words is wanted, in quotation marks"
    return [(answer, words) for answer in ("what?", "", 1, [right], {right: 1}, b"no", object(), [])]


def no_activation(right) -> list:
    words = "name of an activation is wanted, in quotation marks"
    return [(answer, words) for answer in (1, [right], torch.zeros(3), {})] + [
        ("what?", "not it"),
        ("clamp(0, 1)", "other bounds"),
        (torch.sign, "It jumps"),
        (nn.Hardtanh(0, 1), "Its values reach from 0 to 1"),
        (lambda x: x, "Its values reach from -50 to 50"),
    ]


def no_parts(right) -> list:
    words = "A tuple is wanted: "
    texts = [
        (tuple(map(str, right)), "is text" if not isinstance(right[0], str) else ""),
        (str(right), words),
        (right[0], words),
        ((*right, right[0]), words),
        (dict(zip("abc", right, strict=False)), words),
        (set(right), words),
        ([[right]], words),
        (torch.zeros(5), words),
        ((*right[:-1], object()), "is wanted"),
        ((*right[:-1], [1, 2]), "is wanted"),
    ]
    return [(answer, words) for answer, words in texts if words]


def no_array(right) -> list:
    tensor = torch.as_tensor(right)
    return [
        (str(tensor.tolist()), "is text: a tensor or nested lists"),
        (np.array(tensor.tolist()).astype(str), "is text: numbers are wanted"),
        (tensor.flatten()[1:], r"Its shape is \(\d+,\)"),
        (tensor.flatten(), r"Its shape is \(\d+,\)"),
        (torch.stack([tensor, tensor]), "Its shape is"),
        (1, r"Its shape is \(\)"),
        ([[1, 2], [3]], "is neither"),
        ({1: tensor}, "is neither"),
        (lambda: tensor, "a function is neither"),
        (tensor * float("nan"), "it is nan"),
        ([[0, None], [1, 2]], "still a None"),
    ]


def no_function(right) -> list:
    def endless(*arguments):
        while True:
            pass

    def leaving(*arguments):
        raise SystemExit

    return [
        ("f", "'f' is text: the function itself is wanted"),
        (3, "The function itself is wanted .its name without brackets."),
        ([right], "The function itself is wanted"),
        (lambda: 1, "raises TypeError"),
        (lambda *arguments: "1", "is text|tensor is wanted"),
        (lambda *arguments: [1, 2, 3], "is wanted"),
        (lambda *arguments: float("nan"), "is wanted"),
        (lambda *arguments: arguments, "is wanted|comma makes"),
        (lambda *arguments: print, "is wanted"),
        (leaving, "raises SystemExit"),
        (endless, "has not ended after .* seconds"),
        (str, "raises|is text|is wanted"),
    ]


KINDS = {
    **dict.fromkeys(("00.1", "00.2", "01.1", "01.2", "01.3", "01.4", "01.5", "02.1", "02.2", "02.3"), no_number),
    **dict.fromkeys(("03.1", "03.2", "03.3", "04.1", "04.2", "05.1", "05.2", "05.3", "05.4", "06.1"), no_number),
    **dict.fromkeys(("06.3", "07.1", "07.2", "08.1", "08.3"), no_number),
    **dict.fromkeys(("00.3", "02.4", "04.4", "08.2"), no_word),
    **dict.fromkeys(("04.3", "06.2", "06.4", "07.3"), no_parts),
    **dict.fromkeys(("01.6", "02.5", "05.5"), no_array),
    **dict.fromkeys(("00.4", "02.6", "03.5", "04.5", "04.6", "06.5", "07.4", "07.5", "08.4"), no_function),
    "03.4": no_activation,
}


def stop_by_old_loss(losses, patience):
    """Compares with the loss `patience` epochs ago."""
    late = [k + 1 for k in range(patience, len(losses)) if losses[k] >= losses[k - patience]]
    return late[0] if late else len(losses)


def stop_after_improvement(losses, patience):
    """Begins to count only when the first epoch has been beaten."""
    for k in range(patience, len(losses)):
        lowest = min(losses[: k - patience + 1])
        if lowest < losses[0] and min(losses[k - patience + 1 : k + 1]) >= lowest:
            return k + 1
    return len(losses)


def mixed_gradients(y, step):
    return (step * torch.round(y / step)).detach() + (y - y.detach()).mean()


def is_first_image(images, low, high):
    return floor_by_loop(images[:1], low, high)


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
    "02.6": (
        [(torch.tensor([5.0, 3, 1.5, 0.5]), 0.9), (torch.tensor([4.0]), 0.9)],
        [
            lambda variances, share: max(1, len(variances) - 1),
            lambda variances, share: int((variances.cumsum(0) <= share * variances.sum()).sum()) + 1,
            lambda variances, share: math.ceil(0.7 * len(variances)),
        ],
    ),
    "03.5": (
        [(torch.arange(0, 256, 5, dtype=torch.uint8)[None], *scale) for scale in ((-1, 1), (0, 1))],
        [
            is_first_image,
            lambda images, low, high: floor_by_mse(images, low, high) if low >= -1 else 0,
            lambda images, low, high: 0 if low >= 0 else floor_by_loop(images, -1, 1),
            lambda images, low, high: floor_by_mse(torch.arange(0, 256, 5), low, high),
        ],
    ),
    "04.5": (
        [([3, 2, 1],), ([0.5, 0.2, 0.2, 0.4],)],
        [
            lambda losses: next((k for k in range(1, len(losses)) if losses[k] >= losses[k - 1]), len(losses)),
            lambda losses: len(losses) if losses[-1] == min(losses) else 2,
        ],
    ),
    "04.6": (
        [([5, 4, 4.5, 4.2, 3], 2), ([5, 4, 4.5, 4.2, 3], 1), ([3, 2, 1], 2), ([5, 6, 4, 5, 3], 2)],
        [stop_by_old_loss, stop_after_improvement],
    ),
    "06.5": (
        [([1, 1],), ([7],), ([2, 2, 2, 2],), ([0, 3],)],
        [
            lambda counts: math.log2(sum(k > 0 for k in counts)),
            lambda counts: -math.log2(max(counts) / sum(counts)),
            lambda counts: 2 * (1 - sum(k * k for k in counts) / sum(counts) ** 2) if len(counts) < 4 else 2,
        ],
    ),
    "07.4": (
        [(torch.tensor([-1.7, 0.4, 2.6]), 1.0), (torch.tensor([3.2]), 1.0)],
        [
            lambda y, step: (step * torch.round(y / step), torch.ones_like(y)),
            mixed_gradients,
            lambda y, step: y + (torch.round(y) - y).detach(),
            lambda y, step: y / step + (step * torch.round(y / step) - y / step).detach(),
        ],
    ),
    "07.5": (
        [([(2.0, 0.0001), (0.5, 0.004)], worth) for worth in (0.0001, 0.01)],
        [
            lambda points, worth: int(np.argmin([bpp + worth * 256**2 * mse for bpp, mse in points])),
            lambda points, worth: 0 if worth > 0.001 else 1,
            lambda points, worth: int(np.argmin([bpp + worth * 255**2 * mse for bpp, mse in points[:3]])),
        ],
    ),
    "08.4": (
        [({0: 1.0, 1: 3.0, 2: 2.0}, {1: 2.0, 2: 4.0, 3: 1.0})],
        [
            lambda first, second: 0.5,
            lambda first, second: np.mean([first[s] < second.get(s, math.inf) for s in list(first)[-2:]]),
            lambda first, second: sum(first[s] < second[s] for s in first if s in second) / (len(second) - 1),
        ],
    ),
}
SNEAKY |= {name: ([], []) for name, kind in KINDS.items() if kind is not no_function}


def gives_away(text: str, right) -> bool:
    """Whether a text holds the answer, or all parts of it: as a number or as a word."""
    if "One of these words" in text:  # all that may be said
        return False
    if callable(right):
        return "lambda " in text or "def " in text
    if isinstance(right, (list, torch.Tensor)):
        return str(torch.as_tensor(right).flatten().tolist()) in text
    if isinstance(right, str):
        return re.search(rf"\b{right}\b", text.lower()) is not None
    if isinstance(right, tuple) and "tanh" in right:
        return any(gives_away(text, word) for word in right)
    if isinstance(right, tuple):
        return all(gives_away(text, part) for part in right)
    numbers = [float(n.replace(",", "")) for n in re.findall(r"-?\d[\d,]*\.?\d*", text)]
    return any(math.isclose(n, right, rel_tol=1e-3) for n in numbers)


def test_every_exercise_is_tested_and_has_its_hints():
    assert list(EXERCISES) == list(RIGHT) == list(WRONG) == sorted(KINDS) == sorted(SNEAKY)


@pytest.mark.parametrize("name", EXERCISES)
def test_right_answers(name):
    assert len(RIGHT[name]) >= 3
    assert [verdict(name, answer) for answer in RIGHT[name]] == ["right."] * len(RIGHT[name])


@pytest.mark.parametrize("name", EXERCISES)
def test_wrong_answers_hear_what_is_wrong_but_not_what_is_right(name):
    assert len(WRONG[name]) >= 3
    for answer, words in WRONG[name]:
        said = verdict(name, answer)
        assert re.search(words, said), said
        assert said.startswith("not yet. ") and said.endswith(f' hint("{name}") helps.')
        assert not gives_away(said.removesuffix(f' hint("{name}") helps.'), EXERCISES[name].right)


def one_sentence(said: str, name: str) -> str:
    """What a check says is wrong, after looking at how it says it."""
    assert said.startswith("not yet. ") and said.endswith(f' hint("{name}") helps.'), said
    wrong = said.removeprefix("not yet. ").removesuffix(f' hint("{name}") helps.')
    assert wrong.endswith(".") and "\n" not in wrong and len(wrong) < 240, wrong
    assert not re.search(r"Traceback|object at 0x|could not be read", wrong), wrong
    return wrong


@pytest.mark.parametrize("name", EXERCISES)
def test_answers_of_another_kind_hear_what_is_wanted(name, monkeypatch):
    monkeypatch.setattr(judging, "SECONDS", 0.2)
    rows = KINDS[name](EXERCISES[name].right)
    assert len(rows) >= 8
    for answer, words in rows:
        assert re.search(words, one_sentence(verdict(name, answer), name)), verdict(name, answer)


def value_of(f, case) -> np.ndarray:
    result = f(*case)
    return torch.as_tensor(result[0] if isinstance(result, tuple) else result).detach().numpy()


@pytest.mark.parametrize("name", [name for name in EXERCISES if KINDS[name] is no_function])
def test_functions_that_are_right_in_the_obvious_cases_only(name):
    obvious, functions = SNEAKY[name]
    assert len(obvious) * len(functions) > 1
    for f in functions:
        for case in obvious:
            assert np.allclose(value_of(f, case), value_of(EXERCISES[name].right, case), rtol=0.01)
        one_sentence(verdict(name, f), name)


@pytest.mark.parametrize("name", EXERCISES)
def test_each_mistake_is_told_apart_and_gives_nothing_away(name):
    exercise = EXERCISES[name]
    for sentence, mistake in exercise.mistakes.items():
        assert exercise.complaint(mistake) == sentence
        assert not gives_away(sentence, exercise.right)


@pytest.mark.parametrize("name", EXERCISES)
def test_three_hints_that_differ_and_give_nothing_away(name):
    assert len(set(EXERCISES[name].hints)) == 3
    for text in EXERCISES[name].hints:
        assert text.endswith((".", "?")) and not gives_away(text, EXERCISES[name].right)
