"""Reading and showing the answers to exercises: numbers and arrays from whatever a student may give."""

import dis
import math
import re
from fractions import Fraction

import numpy as np
import torch

EMPTY = 4  # instructions at most of a function that only returns None or raises NotImplementedError


class Unanswered(Exception):
    """The answer is still the stub."""


class Unreadable(Exception):
    """The answer is of another kind than what is asked; the message says what is wanted."""


def is_stub(answer) -> bool:
    """None, ..., or a tuple or list of nothing else."""
    if isinstance(answer, (tuple, list)) and len(answer):
        return all(map(is_stub, answer))
    return answer is None or answer is ...


def is_empty(function) -> bool:
    """Whether nothing has been written into a function yet; True for what has no code that could be looked at."""
    code = getattr(function, "__code__", None)
    return code is None or len(list(dis.get_instructions(code))) <= EMPTY


def shorten(text: str, length: int = 60) -> str:
    """A text in one line, cut to a length."""
    text = " ".join(text.split())
    return text if len(text) <= length else text[: length - 3] + "..."


def show(value) -> str:
    """A value as short text."""
    if isinstance(value, (torch.Tensor, np.ndarray)) and math.prod(value.shape) > 8:
        kind = "tensor" if isinstance(value, torch.Tensor) else "array"
        numbers = str(value.dtype).removeprefix("torch.")
        return f"a{'n' * numbers.startswith('i')} {numbers} {kind} of shape {tuple(value.shape)}"
    if isinstance(value, (torch.Tensor, np.ndarray)):
        value = np.asarray(value.tolist())
        value = (np.vectorize(six_digits)(value) if value.dtype.kind == "f" and value.size else value).tolist()
    if callable(value):
        name = getattr(value, "__name__", "")
        if not name:
            return f"an object of type {type(value).__name__}"
        return (
            "a function" if name == "<lambda>" else f"the {'class' if isinstance(value, type) else 'function'} {name}"
        )
    if isinstance(value, (int, float, Fraction, np.number)) and not isinstance(value, (bool, np.complexfloating)):
        if isinstance(value, int) and abs(value) > 1e300:
            return "a huge number"
        return f"{int(value):,}" if abs(value) < 1e15 and value == int(value) else f"{float(value):.6g}"
    text = repr(value)
    return f"an object of type {type(value).__name__}" if re.search(r"\bat 0x", text) else shorten(text)


def six_digits(value: float) -> float:
    """9.9 for the 9.899999618530273 of float32."""
    return float(f"{value:.6g}")


def refuse_text(answer, wanted: str) -> None:
    """Raises Unreadable for an answer in quotation marks."""
    if isinstance(answer, (str, bytes)):
        said = str(answer) if isinstance(answer, str) else answer  # a string of numpy shows its type, otherwise
        raise Unreadable(f"{show(said)} is text: {wanted} wanted, without quotation marks.")


def read_number(answer) -> float:
    """A number from anything that stands for one number: also a fraction, or a tensor of one element."""
    if is_stub(answer):
        raise Unanswered
    refuse_text(answer, "a number is")
    if isinstance(answer, tuple) and len(answer) > 1 and all(isinstance(part, (int, float)) for part in answer):
        raise Unreadable(f"The comma makes {show(answer)} {len(answer)} numbers: one is wanted, decimals with a point.")
    if isinstance(answer, (list, tuple)) and len(answer) == 1:
        return read_number(answer[0])
    if isinstance(answer, (np.ndarray, torch.Tensor)) and math.prod(answer.shape) == 1:
        return read_number(answer.item())
    try:
        value = float(answer)
    except OverflowError:
        value = math.inf
    except (TypeError, ValueError, RuntimeError):
        value = math.nan
    if isinstance(answer, (bool, np.bool_)) or math.isnan(value):
        raise Unreadable(f"One number is wanted, and {show(answer)} is none.")
    return value


def read_array(answer) -> np.ndarray:
    """An array of floats from a tensor, an array, or nested lists."""
    if is_stub(answer):
        raise Unanswered
    refuse_text(answer, "a tensor or nested lists of numbers are")
    try:
        raw = np.asarray(answer.detach().cpu() if isinstance(answer, torch.Tensor) else answer)
        for part in raw.flat if raw.dtype.kind in "OSU" else ():  # numpy would make numbers of texts, and nan of None
            refuse_text(part, "numbers are")
            if part is None:
                raise Unreadable("There is still a None in it.")
        if raw.dtype.kind != "c":
            return raw.astype(np.float64)
    except (TypeError, ValueError, RuntimeError):
        pass
    raise Unreadable(f"A tensor or nested lists of numbers are wanted, and {show(answer)} is neither.")
