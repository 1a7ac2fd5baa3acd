"""Immediate answers to the exercises: check("01.1", answer) says whether an answer is right, hint("01.1") helps."""

import os
from collections import Counter

from cae_lib.course.exercises import nb00, nb01, nb02, nb03, nb04, nb05, nb06, nb07, nb08
from cae_lib.course.judging import Exercise
from cae_lib.course.reading import Unanswered, Unreadable, shorten

NOTEBOOKS = (nb00, nb01, nb02, nb03, nb04, nb05, nb06, nb07, nb08)
EXERCISES: dict[str, Exercise] = {name: e for notebook in NOTEBOOKS for name, e in notebook.EXERCISES.items()}
RIGHT, UNANSWERED = "right.", "not answered yet."
given: Counter[str] = Counter()  # how many hints of each exercise were shown


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
    """Print whether an answer is right, what is wrong with it, or that it is still to be given.

    It never raises, so that a notebook with open exercises runs to its end; only when nbgrader executes the
    notebook, it raises AssertionError for what is not right, because nbgrader takes points off for exceptions.
    """
    said = verdict(name, answer)
    if said != RIGHT and "NBGRADER_EXECUTION" in os.environ:
        raise AssertionError(f"Exercise {name}: {said}")
    print(f"Exercise {name}: {said}")


def hint(name: str) -> None:
    """Print the next of an exercise's three hints, from a push to nearly the way; after the third, the third again."""
    if name not in EXERCISES:
        print(f"There is no exercise {name}; names are like {next(iter(EXERCISES))}.")
        return
    hints = EXERCISES[name].hints
    given[name] = min(given[name] + 1, len(hints))
    print(f"Hint {given[name]} of {len(hints)}: {hints[given[name] - 1]}")
