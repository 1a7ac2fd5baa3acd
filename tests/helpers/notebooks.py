"""Notebooks made by a test, and what the kit's own say."""

from functools import cache

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from cae_lib.headless import runner

PARAMETERS = """\
PROFILE: str = "quick"  # quick or full
EPOCHS: int = 2  # passes over the images
RATE: float = 0.1  # learning rate
SHOW: bool = True  # whether to draw
LAYERS: list = [1]  # of no type that -p can set"""

# Parameters of the kit's notebooks for tests that only need them to run.
SHORT = {
    "01_cnns": {"EPOCHS": 1},
    "02_autoencoders": {"EPOCHS": 1},
    "03_model1_training": {"BATCH_SIZE": 16},
    "04_epochs_and_loss": {"STEPS": 40},
    "05_model2_comparison": {"EPOCHS": 1},
    "08_rate_against_distortion": {"SEEN": 3_200},
    "10_what_the_eye_wants": {"SEEN": 600, "IMAGES": 3, "STUDIED": 60},
}
WITHOUT_KIT = 'import sys\nsys.modules["cae_lib"] = None  # as if it were not installed'
CHECKED = "nbval-check-output"  # tag of a cell whose output holds on any data


def make_notebook(folder, name, *cells, parameters=PARAMETERS):
    """A notebook with a title, a parameters cell and code cells; its path."""
    first = new_code_cell(parameters, metadata={"tags": ["parameters"]})
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [new_markdown_cell(f"# All about {name}"), first, *map(new_code_cell, cells)]
    path = folder / f"{name}.ipynb"
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)
    return path


def read(path):
    return nbformat.read(path, as_version=4)


@cache
def cells(number: str) -> list:
    """The cells of the kit's notebook with this number, as it is stored."""
    (path,) = runner.NOTEBOOKS.glob(f"{number}_*.ipynb")
    return read(path).cells


def prose(number: str) -> str:
    """All that it says, in one line."""
    return " ".join(" ".join(c.source for c in cells(number) if c.cell_type == "markdown").split())


def printed(number: str) -> str:
    """All that it printed."""
    outputs = [o for c in cells(number) if c.cell_type == "code" for o in c.outputs]
    return "".join(o.text for o in outputs if o.output_type == "stream")
