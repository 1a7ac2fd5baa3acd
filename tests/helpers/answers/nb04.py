"""Answers to the exercises of notebook 04: right ones in several forms, wrong ones, sneaky functions."""

from fractions import Fraction

import numpy as np
import torch

from helpers.answers.common import forms, no_function, no_number, no_parts, no_word, spellings


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


RIGHT = {
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
}

# exercise: (a typical wrong answer, pattern of what the check says about it)
WRONG = {
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
}

KINDS = {
    "04.1": no_number,
    "04.2": no_number,
    "04.3": no_parts,
    "04.4": no_word,
    "04.5": no_function,
    "04.6": no_function,
}

# exercise: (cases that anybody would try, functions that are right there and nowhere else)
SNEAKY = {
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
}
