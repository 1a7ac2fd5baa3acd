"""Every notebook: its form, its stored outputs, and a run of its quick profile through the kit's own runner.

Here their solutions run in little and on the stand-in: the checked outputs are seen to hold, and each exercise to be
solved. `make test-slow` runs all cells with nbval, as they are and on the data that CAE_DATA names, and sees that each
exercise is open.
"""

import ast
import json
import re
from base64 import b64decode
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
from helpers.notebooks import CHECKED, SHORT, read
from papermill import inspect_notebook
from PIL import Image

from cae_lib.course import predictions
from cae_lib.course.release import SOLUTIONS
from cae_lib.headless import runner
from cae_lib.headless.parameters import convert, parameters_of

NOTEBOOKS = sorted(runner.NOTEBOOKS.glob("*.ipynb"))
NAMES = [
    "00_start_here",
    "01_cnns",
    "02_autoencoders",
    "03_model1_training",
    "04_epochs_and_loss",
    "05_model2_comparison",
    "06_transform_coding",
    "07_from_codes_to_bytes",
    "08_rate_against_distortion",
    "09_better_entropy_models",
    "10_what_the_eye_wants",
    "11_batch_results",
]
MACHINE_PATHS = re.compile(r"/home/|/Users/|[A-Z]:\\\\|ipykernel_\d|site-packages")

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def rebuilt(path) -> bool:
    """Whether a notebook follows the newer rules: predictions are typed in, exercises are of three sizes."""
    return bool(predictions.rows(read(path)))


REBUILT = [path for path in NOTEBOOKS if rebuilt(path)]


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def checked_texts(notebook, exercises=False):
    """What each checked cell prints or returns as text: those of the exercises, or all others."""
    cells = [cell for cell in code_cells(notebook) if CHECKED in cell.metadata.get("tags", [])]
    cells = [cell for cell in cells if ("nbgrader" in cell.metadata) == exercises]
    # A kernel may cut one text into several outputs.
    return ["".join(o.get("text") or o.get("data", {}).get("text/plain", "") for o in cell.outputs) for cell in cells]


def test_all_notebooks_are_here():
    assert [path.stem for path in NOTEBOOKS] == NAMES


@each_notebook
def test_form(path):
    notebook = read(path)
    nbformat.validate(notebook)
    assert path.stat().st_size < 1_500_000
    assert notebook.metadata.kernelspec.name == "python3"
    assert "widgets" not in notebook.metadata
    assert runner.title_of(notebook)
    assert len(checked_texts(notebook)) >= 2
    lines = {cell.source: cell.source.splitlines() for cell in code_cells(notebook)}
    long = [s for s, each in lines.items() if sum(not line.startswith(("import ", "from ")) for line in each) > 15]
    assert long == []


@each_notebook
def test_parameters(path):
    """One cell of annotated, explained assignments of plain values: what papermill can read and set."""
    tagged = [cell for cell in code_cells(read(path)) if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == 1
    parameters, papermills = parameters_of(read(path)), inspect_notebook(path)
    lines = [line for line in tagged[0].source.splitlines() if line.strip()]
    assert len(parameters) == len(papermills) == len(lines)
    assert papermills["PROFILE"]["default"] == '"quick"'
    for name, found in parameters.items():
        assert name.isupper() and found.types and found.help
        convert(name, str(ast.literal_eval(papermills[name]["default"])), found.types)


@each_notebook
def test_stored_outputs(path):
    """Run from top to bottom, without an error, and nothing in them tells of the machine."""
    cells = code_cells(read(path))
    counts = [cell.execution_count for cell in cells]
    assert counts == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert [output for output in outputs if output.output_type == "error"] == []
    for output in outputs:
        for kind in [k for k in output.get("data", {}) if k.startswith("image/")]:
            del output.data[kind]
    text = json.dumps(outputs) + "".join(cell.source for cell in cells)
    places = [str(Path.home()), str(runner.NOTEBOOKS.parent)]
    answers = checked_texts(read(path), exercises=True)
    assert all(text.splitlines()[0].endswith(": not answered yet.") for text in answers)
    assert not MACHINE_PATHS.search(text) and not any(place in text for place in places if len(place) > 1)


@pytest.mark.parametrize("path", REBUILT, ids=lambda path: path.stem)
def test_a_student_predicts_and_sees(path):
    """Short enough, each guess asked for, typed in and answered, and pictures that fit and speak."""
    cells = read(path).cells
    assert len(cells) <= 60
    rows = predictions.rows(read(path))
    assert len(rows) >= 4
    assert [name for name, _, _ in rows] == [f"{path.stem[:2]}.{'abcdefghijklmnop'[k]}" for k in range(len(rows))]
    assert [name for name, _, result in rows if not result] == []
    for question, answer in pairwise(cells):
        for name, _ in predictions.PROMPT.findall(question.source if question.cell_type == "markdown" else ""):
            assert answer.source == f'predict("{name}", ...)'
    lines = [line for cell in code_cells(read(path)) for line in cell.source.splitlines()]
    assert [line for line in lines if len(line) > 88] == []
    outputs = [output for cell in code_cells(read(path)) for output in cell.outputs]
    for output in [output for output in outputs if "image/png" in output.get("data", {})]:
        width, _ = Image.open(BytesIO(b64decode(output.data["image/png"]))).size
        assert width <= 820 and len(output.metadata["image/png"]["alt"]) > 20


@each_notebook
def test_what_only_sets_up_is_folded_away(path):
    """Cells of imports, and the one for Colab."""
    folded = [cell for cell in code_cells(read(path)) if "hide-input" in cell.metadata.get("tags", [])]
    assert folded[0].source.startswith("# On Google Colab") and len(folded) >= 2
    assert all(cell.metadata.jupyter.source_hidden for cell in folded)
    rest = [cell for cell in code_cells(read(path)) if cell not in folded]
    assert [cell for cell in rest if len(re.findall("^(?:import|from) ", cell.source, re.MULTILINE)) > 2] == []


@each_notebook
def test_quick_profile_runs_solved_on_the_stand_in(path, tmp_path, monkeypatch):
    monkeypatch.setenv("CAE_DATA", "stand-in")
    solution = SOLUTIONS / path.name
    [outcome] = runner.run_notebooks([solution], tmp_path, {solution: {"PROFILE": "quick"} | SHORT.get(path.stem, {})})
    assert outcome.error == ""
    assert (tmp_path / path.with_suffix(".html").name).stat().st_size < 3_000_000
    executed = read(tmp_path / path.name)
    assert checked_texts(executed) == checked_texts(read(path))
    answers = checked_texts(executed, exercises=True)
    assert len(answers) >= 3
    assert [text for text in answers if not re.match(r"Exercise [\d.]+: (right\.|kept\.)", text)] == []
