"""Immediate answers to the exercises: check("01.1", answer) prints whether the answer is right, or a hint.

It never raises: a notebook with unanswered exercises runs to its end.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Exercise:
    """right: answer -> True or False; hint: what to think about when it is wrong."""

    right: Callable
    hint: str


def close(expected: float, tolerance: float = 0.01) -> Callable:
    """Accept numbers within a relative tolerance of the expected one."""
    return lambda answer: abs(float(answer) - expected) <= tolerance * abs(expected)


def same(expected) -> Callable:
    """Accept an equal value: a tuple or list of numbers, a word (in any case), or a number."""

    def right(answer):
        if isinstance(expected, str):
            return str(answer).strip().lower() == expected
        if isinstance(expected, tuple):
            return tuple(answer) == expected
        return answer == expected

    return right


def tensor(expected: Callable[[], torch.Tensor], tolerance: float = 1e-4) -> Callable:
    """Accept a tensor or array of the right shape and values; `expected` makes the right one."""

    def right(answer):
        answer, wanted = torch.as_tensor(answer, dtype=torch.float32), expected().float()
        return answer.shape == wanted.shape and bool(torch.allclose(answer, wanted, atol=tolerance))

    return right


EXERCISES: dict[str, Exercise] = {
    # 00 start here
    # 01 CNNs
    # 02 autoencoders
    # 03 model1 training
    # 04 epochs and loss
    # 05 model2 comparison
}


def check(name: str, answer) -> None:
    """Print whether an answer is right; for None or ... it says that there is no answer yet."""
    if answer is None or answer is ...:
        print(f"Exercise {name}: not answered yet.")
        return
    exercise = EXERCISES[name]
    try:
        right = exercise.right(answer)
    except Exception as error:  # a wrong answer may have any type or shape
        print(f"Exercise {name}: not yet. Your answer could not be read ({error}). Hint: {exercise.hint}")
        return
    print(f"Exercise {name}: right." if right else f"Exercise {name}: not yet. Hint: {exercise.hint}")
