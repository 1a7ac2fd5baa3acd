"""Students run cells twice, out of order, and after an interrupt: no error, and the same results."""

import copy
import os
import re

import nbformat
import pytest
from helpers.notebooks import CHECKED, SHORT, read
from nbclient import NotebookClient

from cae_lib.course.predictions import COMES
from cae_lib.course.release import SOLUTIONS
from cae_lib.headless.runner import NOTEBOOKS

pytestmark = pytest.mark.slow


def shortened(cell, parameters: dict):
    """A copy of a code cell; the one with the parameters ends in those of a short run."""
    new = copy.deepcopy(cell)
    if "parameters" in cell.metadata.get("tags", []):
        new.source += "".join(f"\n{name} = {value!r}" for name, value in parameters.items())
    return new


def results(cell) -> list[str]:
    """What a cell says that must be the same each time: its checked output, and what comes of predictions."""
    text = "".join(o.get("text") or o.get("data", {}).get("text/plain", "") for o in cell.outputs)
    if CHECKED in cell.metadata.get("tags", []):
        return [line for line in text.splitlines() if not re.search(r"^\d+ of \d+ exercises", line)]
    return [line for line in text.splitlines() if COMES in line]


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_each_cell_twice_and_then_all_again(path, tmp_path, monkeypatch):
    monkeypatch.setenv("CAE_DATA", "stand-in")
    monkeypatch.setenv("CAE_RUNS", str(tmp_path / "runs"))
    notebook = read(SOLUTIONS / path.name)
    cells = [shortened(c, SHORT.get(path.stem, {})) for c in notebook.cells if c.cell_type == "code"]
    twice = [copy.deepcopy(cell) for cell in cells for _ in range(2)]
    notebook.cells = [*twice, *copy.deepcopy(cells)]
    for k, cell in enumerate(notebook.cells):
        cell.id = f"run-{k}"
    client = NotebookClient(
        nbformat.from_dict(notebook), timeout=600, kernel_name="python3", resources={"metadata": {"path": path.parent}}
    )
    ran = client.execute(env=os.environ.copy()).cells
    for first, second, third in zip(ran[: len(twice) : 2], ran[1 : len(twice) : 2], ran[len(twice) :], strict=True):
        assert results(first) == results(second) == results(third), first.source
