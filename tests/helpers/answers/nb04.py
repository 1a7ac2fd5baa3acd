"""Answers to the exercises of notebook 04: right ones in several forms, wrong ones, sneaky functions."""

import numpy as np
import torch

from helpers.answers.common import forms, no_essay, no_function, no_number, no_parts


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


TEXT = (
    "In ten epochs the large batch makes far fewer steps, so I ask for an equal number of steps as well, for "
    "learning rates that were tried for each size, and for the spread of several seeds."
)


def by_recursion(gradient, start, rate, steps):
    return start if steps == 0 else by_recursion(gradient, start - rate * gradient(start), rate, steps - 1)


def by_list(gradient, start, rate, steps):
    places = [start]
    while len(places) <= steps:
        places.append(places[-1] - rate * gradient(places[-1]))
    return torch.tensor(places[-1])


def returns_inside(gradient, start, rate, steps):
    for _ in range(steps):
        start = start - rate * gradient(start)
        return start


def forgets_return(gradient, start, rate, steps):
    for _ in range(steps):
        start = start - rate * gradient(start)


def stop_from_zero(losses, patience):
    lowest, since = losses[0], 0
    for epoch, loss in enumerate(losses):
        since = 0 if loss < lowest or epoch == 0 else since + 1
        lowest = min(lowest, loss)
        if since == patience:
            return epoch
    return len(losses)


def square(w):
    return 2 * w


RIGHT = {
    "04.1": forms(-(-50_000 // 64) * 30),
    "04.2": [by_recursion, by_list],
    "04.3": [best_by_loop, lambda losses: np.argmin(losses) + 1, lambda losses: torch.tensor(losses).argmin() + 1],
    "04.4": [stop_by_window, stop_by_count, stop_by_minimum],
    "04.5": [
        ("narrow", "asleep", "rate", "few"),
        ["Narrow", "ASLEEP", " rate ", "it is few"],
        np.array(["narrow", "sleeping", "rate", "few"]),
    ],
    "04.6": [TEXT, TEXT.upper(), " " + TEXT],
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
        (lambda g, w, rate, steps: by_recursion(g, w, -rate, steps), "uphill"),
        (lambda g, w, rate, steps: w - steps * rate * g(w), "anew at each step"),
        (lambda g, w, rate, steps: by_recursion(g, w, rate, steps + 1), "too many"),
        (lambda g, w, rate, steps: w, "returns"),
        (returns_inside, "inside the loop"),
        (forgets_return, "end it with return"),
        (lambda g, w, rate, steps: by_recursion(square, w, rate, steps), "does not use `gradient`"),
    ],
    "04.3": [
        (lambda losses: losses.index(min(losses)), "counts from 0"),
        (lambda losses: max(k for k, loss in enumerate(losses, 1) if loss == min(losses)), "takes the last"),
        (min, "returns the loss"),
        (lambda losses: len(losses), r"\(\[0\.5, 0\.2, 0\.2, 0\.4\]\) returns 4, not 2"),
    ],
    "04.4": [
        (lambda losses, patience: best_by_loop(losses), "best epoch"),
        (lambda losses, patience: stop_by_count(losses, 1), "first epoch without"),
        (lambda losses, patience: stop_by_count(losses, patience) - 1, "returns 3, not 4"),
        (lambda losses, patience: stop_after_all(losses, patience), "in a row"),
        (lambda losses, patience: stop_by_window(losses, patience + 1), "one epoch late"),
        (stop_from_zero, "counts from 0"),
        (lambda losses, patience: stop_by_count([-k for k in losses], patience), "returns"),
    ],
    "04.5": [
        (("narrow", "rate", "asleep", "few"), "both are flat"),
        (("few", "asleep", "rate", "narrow"), "which one has hundreds of epochs"),
        (("narrow", "asleep", "rate"), "yours has 3 parts"),
        (("narrow", "asleep", "few", "rate"), "C: 'few' is not it"),
        ("narrow", r"\(A, B, C, D\)"),
    ],
    "04.6": [("Nothing.", "1 words are few"), (64, "A text is wanted"), (None.__class__, "A text is wanted")],
}

KINDS = {
    "04.1": no_number,
    "04.2": no_function,
    "04.3": no_function,
    "04.4": no_function,
    "04.5": no_parts,
    "04.6": no_essay,
}

# exercise: (cases that anybody would try, functions that are right there and nowhere else)
SNEAKY = {
    "04.2": (
        [(square, 1.0, 0.1, 1), (square, 1.0, 0.3, 1)],
        [
            lambda g, w, rate, steps: w - steps * rate * g(w),
            lambda g, w, rate, steps: by_recursion(g, w, rate, 1),
            lambda g, w, rate, steps: w * (1 - 2 * rate) ** steps,
        ],
    ),
    "04.3": (
        [([3, 2, 1],), ([0.5, 0.2, 0.2, 0.4],)],
        [
            lambda losses: next((k for k in range(1, len(losses)) if losses[k] >= losses[k - 1]), len(losses)),
            lambda losses: len(losses) if losses[-1] == min(losses) else 2,
        ],
    ),
    "04.4": (
        [([5, 4, 4.5, 4.2, 3], 2), ([5, 4, 4.5, 4.2, 3], 1), ([3, 2, 1], 2), ([5, 6, 4, 5, 3], 2)],
        [stop_by_old_loss, stop_after_improvement],
    ),
}
