"""Immediate answers to the exercises.

check("01.1", answer) says whether an answer is right; f = build("01.2", f) does so for a function, and gives back one
that works in any case; hint("01.1") helps, and shows the solution in the end.
"""

import os
from collections import Counter
from functools import wraps
from textwrap import fill

import numpy as np
import torch

from cae_lib.course.exercises import nb00, nb01, nb02, nb03, nb04, nb05, nb06, nb07, nb08, nb09, nb10, nb11
from cae_lib.course.judging import Exercise
from cae_lib.course.reading import Unanswered, Unreadable, shorten
from cae_lib.course.solutions import solution_of

NOTEBOOKS = (nb00, nb01, nb02, nb03, nb04, nb05, nb06, nb07, nb08, nb09, nb10, nb11)
EXERCISES: dict[str, Exercise] = {name: e for notebook in NOTEBOOKS for name, e in notebook.EXERCISES.items()}
RIGHT, UNANSWERED = "right.", "not answered yet."
WIDTH = 88  # characters of a line that fit beside a file browser
given: Counter[str] = Counter()  # how many hints of each exercise were shown
done: set[str] = set()  # exercises that were answered in this session


def verdict(name: str, answer) -> str:
    """RIGHT, UNANSWERED, or "not yet" and what is wrong. Never raises."""
    if name not in EXERCISES:
        return f"there is no such exercise; names are like {next(iter(EXERCISES))}."
    try:
        wrong = EXERCISES[name].complaint(answer)
    except Unanswered:
        return UNANSWERED
    except Unreadable as error:
        wrong = str(error)
    except Exception as error:  # a wrong answer may have any type or shape
        wrong = f"Your answer could not be read ({shorten(str(error), 120)})."
    return f'not yet. {wrong} hint("{name}") helps.' if wrong else RIGHT


def check(name: str, answer) -> None:
    """Print whether an answer is right, and why; what is wrong with it; or that it is still to be given.

    It never raises, so that a notebook with open exercises runs to its end; only when nbgrader executes the
    notebook, it raises AssertionError for what is not right, because nbgrader takes points off for exceptions.
    """
    tell(name, answer)


def tell(name: str, answer) -> bool:
    """What `check` does, and whether the answer is right."""
    said = verdict(name, answer)
    if said != RIGHT and "NBGRADER_EXECUTION" in os.environ:
        raise AssertionError(f"Exercise {name}: {said}")
    if said != RIGHT:
        done.discard(name)
        print(f"Exercise {name}: {said}")
        return False
    done.add(name)
    exercise, number = EXERCISES[name], name[:2]
    said = "kept. Compare it with this:" if exercise.is_open else "right."
    print(fill(f"Exercise {name}: {said} {exercise.why}", WIDTH))
    all_of_it = [other for other in EXERCISES if other[:2] == number]
    print(f"{len(done.intersection(all_of_it))} of {len(all_of_it)} exercises of notebook {number} are done.")
    return True


def build(name: str, function):
    """Check a function; gives it back if it is right, else the kit's own, so that the notebook goes on."""
    own = EXERCISES[name].right
    if function is own:  # the cell was run twice: the name now stands for what it gave back
        print(f"Exercise {name}: this is the kit's own function. Run the cell with yours, then this one again.")
        return own
    if tell(name, function):
        convert = in_whole_numbers if EXERCISES[name].whole else in_tensors
        return function if isinstance(function, type) else convert(function)
    print("Until it is right, the notebook goes on with the kit's own.")
    return own


def in_tensors(function):
    """The same function; numbers that it returns as a list or an array become a tensor: the notebook needs one."""

    @wraps(function)
    def run(*arguments, **named):
        result = function(*arguments, **named)
        try:
            numbers = np.asarray(result) if isinstance(result, list | np.ndarray) else np.asarray(None)
        except ValueError:  # a list of parts of different shapes
            return result
        if numbers.dtype.kind not in "biuf" or not numbers.size:  # an empty list may be one of names
            return result
        return torch.from_numpy(numbers.astype(np.float32) if numbers.dtype.kind == "f" else numbers)

    return run


def in_whole_numbers(function):
    """The same function; the numbers that it returns, in whatever they stand, become a list of Python's int."""

    @wraps(function)
    def run(*arguments, **named):
        return [int(number) for number in function(*arguments, **named)]

    return run


def hint(name: str) -> None:
    """Print the next of an exercise's three hints, from a push to nearly the way; after the third, the solution."""
    if name not in EXERCISES:
        print(f"There is no exercise {name}; names are like {next(iter(EXERCISES))}.")
        return
    hints = EXERCISES[name].hints
    given[name] += 1
    if given[name] <= len(hints):
        print(f"Hint {given[name]} of {len(hints)}: {hints[given[name] - 1]}")
        if given[name] == len(hints):
            print(f'hint("{name}") once more shows the solution.')
    else:
        print(solution_of(name) or "The solutions are not in this copy of the kit: ask whoever teaches the course.")
