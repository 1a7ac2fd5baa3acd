"""Numbers out of a notebook: `record(test_loss=0.01)` in a cell, read back from the executed notebook."""

import json
import math
from pathlib import Path

RECORD = "application/vnd.cae.record+json"
RUN = ("run", "status", "seconds", "tries", "failures", "data")  # columns of every table, besides a batch's own


def record(**numbers: float | int | bool | str) -> None:
    """Note numbers (or short texts) of this run, for `cae batch`; shows them as well.

    Scalars of NumPy and PyTorch are taken as plain numbers. Raises TypeError for anything else, ValueError for
    a number that is not finite, and for a name that a table needs for something else.
    """
    from IPython.display import display

    plain = {name: scalar(value) for name, value in numbers.items()}
    for name, value in plain.items():
        if name.isupper() or name in RUN:
            raise ValueError(
                f"record: {name} is kept for parameters (capitals) and for a table's own columns: choose another name"
            )
        if not isinstance(value, int | float | str):
            raise TypeError(f"record: {name} must be a number or a text, not {type(value).__name__}")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"record: {name} is {value}, which no table can hold; leave it out or record a text")
    text = "recorded: " + ", ".join(f"{name} = {value}" for name, value in plain.items())
    display({"text/plain": text, RECORD: list(plain.items())}, raw=True)  # a list keeps its order on disk


def scalar(value):
    """A NumPy or PyTorch number as a plain one; anything else as it is."""
    try:
        return value.item()
    except (AttributeError, ValueError, RuntimeError):  # no such number, or more than one
        return value


def collect(executed: Path, parameters: dict) -> dict:
    """All that a notebook recorded. Raises ValueError for a name that was recorded twice or is a parameter's."""
    cells = json.loads(executed.read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    numbers = {}
    for output in outputs:
        for name, value in output.get("data", {}).get(RECORD, []):
            if name in numbers or name in parameters:
                raise ValueError(f"the notebook recorded {name}, a name that it had used before")
            numbers[name] = value
    return numbers
