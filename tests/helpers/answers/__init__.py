"""Answers to the exercises, a file a notebook.

RIGHT: exercise -> right answers, in several forms or reached in several ways; WRONG: exercise -> typical wrong ones,
each with a pattern of what the check says; KINDS: exercise -> which answers of another kind are tried; SNEAKY: exercise
-> cases that anybody would try, and functions that are right there and nowhere else.
"""

from helpers.answers import nb00, nb01, nb02, nb03, nb04, nb05, nb06, nb07, nb08, nb09, nb10, nb11

NOTEBOOKS = (nb00, nb01, nb02, nb03, nb04, nb05, nb06, nb07, nb08, nb09, nb10, nb11)


def gathered(name: str) -> dict:
    """The entries of all notebooks' RIGHT, WRONG, KINDS or SNEAKY."""
    return {exercise: value for notebook in NOTEBOOKS for exercise, value in getattr(notebook, name).items()}


RIGHT, WRONG, KINDS, SNEAKY = map(gathered, ("RIGHT", "WRONG", "KINDS", "SNEAKY"))
