"""Numbers out of a notebook: `record(test_loss=0.01)` in a cell, read back from the executed notebook."""

import json
import math
from pathlib import Path

RECORD = "application/vnd.cae.record+json"


def record(**numbers: float | int | bool | str) -> None:
    """Note numbers (or short texts) of this run, for `cae batch`; shows them as well.

    Scalars of NumPy and PyTorch are taken as plain numbers. Raises TypeError for anything else, ValueError for
    a number that is not finite.
    """
    from IPython.display import display

    plain = {name: value.item() if hasattr(value, "item") else value for name, value in numbers.items()}
    for name, value in plain.items():
        if not isinstance(value, int | float | str):
            raise TypeError(f"record: {name} must be a number or a text, not {type(value).__name__}")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"record: {name} is {value}, which no table can hold; leave it out or record a text")
    text = "recorded: " + ", ".join(f"{name} = {value}" for name, value in plain.items())
    display({"text/plain": text, RECORD: list(plain.items())}, raw=True)  # a list keeps its order on disk


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
