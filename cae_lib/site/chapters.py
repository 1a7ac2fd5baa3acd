"""What the site shows of a stored notebook: text, code, pictures and live views, its hints folded, its deck linked."""

import html
import re
from base64 import b64decode
from hashlib import sha256

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from cae_lib.course.checks import EXERCISES

VIEW = 'class="cae-view"'


def chapter(notebook: NotebookNode, name: str) -> NotebookNode:
    """A notebook as the site shows it; changes it in place.

    Below its title stands a link to its slides, below each check of an exercise its hints, each folded. Recorded
    numbers, widgets and their state, which ask for a kernel, go: an output has other forms beside them.
    """
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python", "pygments_lexer": "ipython3"}
    cells = []
    for cell in notebook.cells:
        for data in (output.get("data", {}) for output in cell.get("outputs", [])):
            for kind in [kind for kind in data if kind.startswith("application/vnd.")]:
                del data[kind]
        checked = re.match(r'(?:\w+ = )?(?:check|build)\("(\d\d\.\d)"', cell.source)
        cells += [cell, new_markdown_cell(hints(checked[1]))] if checked else [cell]
    if cells and re.match(r"\d\d", name):
        cells.insert(1, new_markdown_cell(f'<p class="deck"><a href="../slides/{name}.slides.html">Slides</a></p>'))
    notebook.cells = cells
    return notebook


def hints(exercise: str) -> str:
    """The hints of an exercise as HTML, each folded."""
    texts = [re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(hint)) for hint in EXERCISES[exercise].hints]
    folded = "".join(
        f"<details><summary>Hint {n} of {len(texts)}</summary><p>{text}</p></details>"
        for n, text in enumerate(texts, 1)
    )
    return f'<div class="hints">{folded}</div>'


def first_view(notebook: NotebookNode, call: str) -> str:
    """The view that the first cell with this call shows, as HTML; "" if it is not stored."""
    cells = (cell for cell in notebook.cells if cell.cell_type == "code" and call in cell.source)
    outputs = (output.get("data", {}).get("text/html", "") for cell in cells for output in cell.outputs)
    return next((output for output in outputs if VIEW in output), "")


def alternatives(notebook: NotebookNode) -> dict[str, str]:
    """The alternative texts of its pictures, each by the SHA-256 of the picture, which myst-nb takes for its name."""
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", []))
    return {
        sha256(b64decode(output.data["image/png"])).hexdigest(): output.metadata["image/png"]["alt"]
        for output in outputs
        if "alt" in output.get("metadata", {}).get("image/png", {})
    }
