"""Ways to compare an answer with the right one, for the exercises' checks.

A way is a function (answer, right) -> what is wrong, as a sentence, or "" when nothing is. The sentences say where
an answer differs and in which direction, but not what is right. Ways raise Unanswered for a stub that nobody has
filled in, and Unreadable for an answer of the wrong kind.
"""

import copy
import math
import re
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from io import StringIO

import numpy as np
import torch

from cae_lib.course.limits import Late, limited
from cae_lib.course.reading import (
    Unanswered,
    Unreadable,
    is_empty,
    is_stub,
    read_array,
    read_number,
    refuse_text,
    shorten,
    show,
)

Way = Callable[[object, object], str]
SECONDS = 4.0  # how long the function that a student wrote may take for all its cases
FILLERS = {"the", "it", "is", "a", "they", "are", "stays", "away"}  # words around the one that counts


@dataclass(frozen=True)
class Exercise:
    """What is right, how answers are compared with it, mistakes: sentence -> the answer that shows it, and hints.

    why: what is said to a right answer: why it is right, or the rubric of an open question. For an exercise in which
    a function is built, `right` is the kit's own function; whole: it returns a list of whole numbers.
    """

    way: Way
    right: object
    mistakes: dict[str, object] = field(default_factory=dict)
    hints: tuple[str, ...] = ()
    why: str = ""
    whole: bool = False

    @property
    def is_open(self) -> bool:
        """Whether only a reader can judge the answer."""
        return isinstance(self.way, essay)

    def complaint(self, answer) -> str:
        """What is wrong with an answer, "" if nothing. Raises Unanswered and Unreadable."""
        wrong = self.way(answer, self.right)
        made = (sentence for sentence, mistake in self.mistakes.items() if wrong and not self.way(answer, mistake))
        return next(made, wrong)


def number(tolerance: float = 1e-10, least: float = 1e-6) -> Way:
    """Numbers, within a relative tolerance of the right one; a difference up to `least` never counts."""

    def compare(answer, right) -> str:
        value = read_number(answer)
        if math.isclose(value, right, rel_tol=tolerance, abs_tol=least):
            return ""
        if math.isclose(-value, right, rel_tol=tolerance):
            return "The size is right, but the sign is not."
        if isinstance(right, int) and math.isfinite(value) and not value.is_integer():
            return f"A whole number is wanted, and {show(value)} is none."
        return f"{show(value)} is too {'small' if value < right else 'large'}."

    return compare


def word(*options: str) -> Way:
    """One of a few words, in any case. An option is a word, and behind it other ways to write it, with spaces."""

    def compare(answer, right) -> str:
        if is_stub(answer):
            raise Unanswered
        said = getattr(answer, "__name__", "") if callable(answer) else answer
        if isinstance(said, (bool, np.bool_)):
            said = "yes" if said else "no"
        letters = re.findall("[a-z]+", said.lower()) if isinstance(said, str) else ()
        plain = "".join(part for part in letters if part not in FILLERS)
        chosen = [option.split()[0] for option in options if plain in option.split()]
        if not chosen:
            names = [f'"{option.split()[0]}"' for option in options]
            wanted = f"{', '.join(names[:-1])} or {names[-1]}"
            raise Unreadable(f"One of these words is wanted, in quotation marks: {wanted}; {show(answer)} is none.")
        return "" if chosen[0] == right else f"{show(answer)} is not it."

    return compare


@dataclass(frozen=True)
class essay:
    """A text of one's own, of at least so many words. What it says, only a reader can judge, by the rubric."""

    words: int = 30

    def __call__(self, answer, right) -> str:
        if is_stub(answer):
            raise Unanswered
        if not isinstance(answer, str):
            raise Unreadable(f"A text is wanted, in quotation marks, and {show(answer)} is none.")
        count = len(answer.split())
        return "" if count >= self.words else f"{count} words are few: write {self.words} or more, with your reasons."


def parts(**ways: Way) -> Way:
    """A tuple or list, each of whose parts has a name and a way of its own."""

    def compare(answer, right) -> str:
        if is_stub(answer):
            raise Unanswered
        names = [name.replace("_", " ") for name in ways]
        try:
            values = [] if isinstance(answer, (str, bytes, dict, set)) else list(answer)
        except TypeError:
            values = []
        if len(values) != len(names):
            found = f"yours has {len(values)} part{'s' * (len(values) > 1)}" if values else f"{show(answer)} is none"
            raise Unreadable(f"A tuple is wanted: ({', '.join(names)}), and {found}.")
        for name, way, value, wanted in zip(names, ways.values(), values, right, strict=True):
            try:
                wrong = way(value, wanted)
            except Unreadable as error:
                raise Unreadable(f"{name.capitalize()}: {error}") from None
            if wrong:
                return f"{name.capitalize()}: {wrong}"
        return ""

    return compare


def array(answer, right) -> str:
    """Tensors or nested lists, within 0.0001; axes of length 1 do not count, and the channels may be the last axis."""
    values, wanted = read_array(answer), read_array(right)
    layouts = [wanted] + ([np.moveaxis(wanted, -3, -1)] if wanted.ndim >= 3 else [])
    fitting = [a for a in layouts if a.squeeze().shape == values.squeeze().shape]
    if not fitting:
        return f"Its shape is {values.shape}, and {wanted.shape} is wanted."
    differ = [~(np.abs(values - a.reshape(values.shape)) <= 1e-4) for a in fitting]
    if not all(places.any() for places in differ):
        return ""
    place = tuple(np.argwhere(differ[0])[0].tolist())
    direction = "small" if values[place] < fitting[0].reshape(values.shape)[place] else "large"
    value = float(values[place])
    if math.isnan(value):
        return f"At {list(place)} it is nan, as 0 / 0 gives it."
    return f"At {list(place)} it is {show(value) if value.is_integer() else f'{value:.4g}'}: too {direction}."


def function(
    *cases: tuple, result: Way | None = None, run: Callable = lambda f, *case: f(*case), given: str = ""
) -> Way:
    """Functions, compared by what `run(function, *case)` gives for each case; `result` is the way for that.

    given: the arguments as a complaint names them, where `run` gives others than those of the case.
    """
    result = result or number(1e-4)

    def compare(answer, right) -> str:
        if is_stub(answer):
            raise Unanswered
        refuse_text(answer, "the function itself is")
        if not callable(answer):
            raise Unreadable(f"The function itself is wanted (its name without brackets), and {show(answer)} is none.")
        name = getattr(answer, "__name__", "").replace("<lambda>", "") or "your function"
        complaints, stubs, printed = [], 0, StringIO()
        call = name
        # Before the time begins: what is stopped while it imports something cannot be imported again.
        results = [run(right, *copy.deepcopy(case)) for case in cases]
        try:
            with limited(SECONDS), redirect_stdout(printed):
                for case, wanted in zip(cases, results, strict=True):
                    call = f"{name}({given or ', '.join(map(show, case))})"
                    wrong = difference(answer, wanted, case, result, run)
                    stubs += wrong == NOTHING
                    complaints += [f"{call} {wrong}"] if wrong else []
        except Late:
            raise Unreadable(f"{call} has not ended after {SECONDS:g} seconds, and was stopped.") from None
        if stubs == len(cases) and printed.getvalue():
            return f"{name} prints, but it returns nothing: end it with return."
        if stubs == len(cases) and is_empty(answer):
            raise Unanswered
        if stubs == len(cases):
            return f"{name} returns nothing: end it with return."
        return next(iter(complaints), "")

    return compare


NOTHING = "returns nothing."


def difference(answer, wanted, case: tuple, result: Way, run: Callable) -> str:
    """What is wrong with what a function does in a case. A wanted number is named: it is not the answer."""
    try:
        value = run(answer, *copy.deepcopy(case))  # a copy, as the function may change what it is given
        if is_stub(value):
            return NOTHING
        wrong = result(value, wanted)
    except NotImplementedError:
        return NOTHING
    except (Unanswered, Unreadable) as error:
        return f"is wrong. {error or 'A part of it is None.'}"
    except (Exception, SystemExit) as error:  # a student's function may do anything
        return f"raises {type(error).__name__}: {shorten(str(error), 120).rstrip('.')}."
    if wrong and isinstance(wanted, int | float | np.number | torch.Tensor) and np.ndim(wanted) == 0:
        return f"returns {show(value)}, not {show(wanted)}."
    return wrong and f"is wrong. {wrong}"
