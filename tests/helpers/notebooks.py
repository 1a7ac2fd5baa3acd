"""Notebooks made by a test."""

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

PARAMETERS = """\
PROFILE: str = "quick"  # quick or full
EPOCHS: int = 2  # passes over the images
RATE: float = 0.1  # learning rate
SHOW: bool = True  # whether to draw
LAYERS: list = [1]  # of no type that -p can set"""


def make_notebook(folder, name, *cells, parameters=PARAMETERS):
    """A notebook with a title, a parameters cell and code cells; its path."""
    first = new_code_cell(parameters, metadata={"tags": ["parameters"]})
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [new_markdown_cell(f"# All about {name}"), first, *map(new_code_cell, cells)]
    path = folder / f"{name}.ipynb"
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)
    return path
