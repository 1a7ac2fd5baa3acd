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
from fractions import Fraction
from io import StringIO

import numpy as np
import torch

Way = Callable[[object, object], str]


class Unanswered(Exception):
    """The answer is still the stub."""


class Unreadable(Exception):
    """The answer is of another kind than what is asked; the message says what is wanted."""


@dataclass(frozen=True)
class Exercise:
    """What is right, how answers are compared with it, and typical mistakes: sentence -> the answer that shows it."""

    way: Way
    right: object
    mistakes: dict[str, object] = field(default_factory=dict)

    def complaint(self, answer) -> str:
        """What is wrong with an answer, "" if nothing. Raises Unanswered and Unreadable."""
        wrong = self.way(answer, self.right)
        made = (sentence for sentence, mistake in self.mistakes.items() if wrong and not self.way(answer, mistake))
        return next(made, wrong)


def is_stub(answer) -> bool:
    """None, ..., or a tuple or list of nothing else."""
    if isinstance(answer, (tuple, list)) and len(answer):
        return all(map(is_stub, answer))
    return answer is None or answer is ...


def show(value) -> str:
    """A value as short text."""
    if isinstance(value, torch.Tensor) and value.numel() > 8:
        return f"a {str(value.dtype).removeprefix('torch.')} tensor of shape {tuple(value.shape)}"
    if isinstance(value, torch.Tensor):
        value = value.tolist()
    if isinstance(value, (int, float, Fraction, np.number)) and not isinstance(value, bool):
        return f"{int(value):,}" if math.isfinite(value) and value == int(value) else f"{float(value):.6g}"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def read_number(answer) -> float:
    """A number from anything that stands for one number: also "1,920", "16/3", or a tensor of one element."""
    if is_stub(answer):
        raise Unanswered
    try:
        if isinstance(answer, str):
            # Commas and underscores between groups of three digits only help the eye; another comma is a decimal one.
            text = re.sub(r"(?<=\d)(?<!^0)(?<!^-0)[,_](?=\d{3}(?!\d))", "", answer.strip()).replace(",", ".")
            value = float(Fraction(text))
        else:
            one = isinstance(answer, (list, tuple, np.ndarray, torch.Tensor))
            value = float(np.asarray(read_array(answer)).item() if one else answer)
    except (TypeError, ValueError, ZeroDivisionError):
        value = math.nan
    if isinstance(answer, (bool, np.bool_)) or math.isnan(value):
        raise Unreadable(f"One number is wanted, and {show(answer)} is none.")
    return value


def read_array(answer) -> np.ndarray:
    """An array of floats from a tensor, an array, or nested lists."""
    if is_stub(answer):
        raise Unanswered
    try:
        answer = answer.detach().cpu() if isinstance(answer, torch.Tensor) else answer
        return np.asarray(answer, dtype=np.float64)
    except (TypeError, ValueError, RuntimeError):
        raise Unreadable(f"A tensor or nested lists of numbers are wanted, and {show(answer)} is neither.") from None


def number(tolerance: float = 1e-10) -> Way:
    """Numbers, within a relative tolerance of the right one."""

    def compare(answer, right) -> str:
        value = read_number(answer)
        if math.isclose(value, right, rel_tol=tolerance, abs_tol=1e-6):
            return ""
        if math.isclose(-value, right, rel_tol=tolerance):
            return "The size is right, but the sign is not."
        if isinstance(right, int) and not value.is_integer():
            return f"A whole number is wanted, and {show(value)} is none."
        return f"{show(value)} is too {'small' if value < right else 'large'}."

    return compare


def word(answer, right) -> str:
    """Words in any case; right is a word or a tuple of words that are all right."""
    if is_stub(answer):
        raise Unanswered
    if callable(answer):  # the activation itself instead of its name
        answer = getattr(answer, "__name__", type(answer).__name__)
    if isinstance(answer, (bool, np.bool_)):
        answer = "yes" if answer else "no"
    if not isinstance(answer, str):
        raise Unreadable(f"A word is wanted, in quotation marks, and {show(answer)} is none.")
    plain = re.sub(r"[\s_]", "", answer.strip(" \n.'\"").lower()).removesuffix("()").split(".")[-1]
    return "" if plain in ((right,) if isinstance(right, str) else right) else f"{show(answer)} is not it."


def parts(**ways: Way) -> Way:
    """A tuple or list, each of whose parts has a name and a way of its own."""

    def compare(answer, right) -> str:
        if is_stub(answer):
            raise Unanswered
        names = [name.replace("_", " ") for name in ways]
        try:
            values = list(answer)
        except TypeError:
            values = []
        if isinstance(answer, str) or len(values) != len(names):
            raise Unreadable(f"A tuple is wanted: ({', '.join(names)}).")
        for name, way, value, wanted in zip(names, ways.values(), values, right, strict=True):
            if wrong := way(value, wanted):
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
    return f"At {list(place)} it is {values[place]:.4g}: too {direction}."


def function(*cases: tuple, result: Way | None = None, run: Callable = lambda f, *case: f(*case)) -> Way:
    """Functions, compared by what `run(function, *case)` gives for each case; `result` is the way for that."""
    result = result or number(1e-4)

    def compare(answer, right) -> str:
        if is_stub(answer):
            raise Unanswered
        if not callable(answer):
            raise Unreadable(f"The function itself is wanted (its name without brackets), and {show(answer)} is none.")
        name = getattr(answer, "__name__", "").replace("<lambda>", "") or "your function"
        complaints, stubs, printed = [], 0, StringIO()
        for case in cases:
            call = f"{name}({', '.join(map(show, case))})"
            try:
                with redirect_stdout(printed):
                    value = run(answer, *copy.deepcopy(case))  # a copy, as the function may change what it is given
            except NotImplementedError:
                value = None
            except Exception as error:  # a student's function may do anything
                complaints.append(f"{call} raises {type(error).__name__}: {error}.")
                continue
            if is_stub(value):
                stubs += 1
                complaints.append(f"{call} returns nothing.")
            elif wrong := difference(value, run(right, *copy.deepcopy(case)), result):
                complaints.append(f"{call} {wrong}")
        if stubs == len(cases) and printed.getvalue():
            return f"{name} prints, but it returns nothing: end it with return."
        if stubs == len(cases):
            raise Unanswered
        return next(iter(complaints), "")

    return compare


def difference(value, wanted, result: Way) -> str:
    """What is wrong with the value that a function returned. A wanted number is named: it is not the answer."""
    try:
        wrong = result(value, wanted)
    except (Unanswered, Unreadable):
        return f"returns {show(value)}, which cannot be right."
    if wrong and np.ndim(wanted) == 0:
        return f"returns {show(value)}, not {show(wanted)}."
    return wrong and f"is wrong. {wrong}"
