"""Student notebooks from the solutions: `python -m cae_lib.course.release` writes notebooks/ from notebooks/solutions/.

Before that it writes the first code cell of all solutions and projects. With the word `teaching`, it writes the table
of predictions in TEACHING.md from the executed notebooks instead.

A student's notebook is the solution without the lines from ### BEGIN SOLUTION to ### END SOLUTION. These are the
marks of nbgrader, whose `generate_assignment` gives the same cells.
"""

import sys
from pathlib import Path

import nbformat

from cae_lib.base.atomic import write_atomically
from cae_lib.base.sections import replace_section
from cae_lib.course import predictions
from cae_lib.course.first_cell import set_first_cell
from cae_lib.course.solutions import BEGIN, END, SOLUTIONS
from cae_lib.headless.runner import NOTEBOOKS


def without_solution(source: str) -> str:
    """A cell's source without the marked lines. Raises ValueError for a mark without its partner."""
    kept, inside = [], False
    for line in source.split("\n"):
        if line.strip() in (BEGIN, END):
            if inside == (line.strip() == BEGIN):
                raise ValueError(f"{BEGIN} and {END} do not alternate in the cell that begins {source[:40]!r}.")
            inside = not inside
        elif not inside:
            kept.append(line)
    if inside:
        raise ValueError(f"{END} is missing in the cell that begins {source[:40]!r}.")
    return "\n".join(kept).rstrip()


def released(solution, before=None):
    """The student's copy of a solution notebook.

    `before` is the copy released earlier: its outputs are kept in the cells whose source is still the same.
    """
    stored = {cell.id: cell for cell in before.cells if cell.cell_type == "code"} if before else {}
    student = nbformat.from_dict(solution)
    for cell in student.cells:
        if cell.cell_type == "code":
            cell.source = without_solution(cell.source)
            old = stored.get(cell.id)
            if old is not None and old.source == cell.source:
                cell.outputs, cell.execution_count = old.outputs, old.execution_count
    return student


def release(solution: Path, folder: Path = NOTEBOOKS) -> Path:
    """Write the student's copy of one solution notebook into a folder, under the same name."""
    target = folder / solution.name
    before = nbformat.read(target, as_version=4) if target.exists() else None
    student = released(nbformat.read(solution, as_version=4), before)
    write_atomically(target, (nbformat.writes(student) + "\n").encode())
    return target


def write_teaching() -> None:
    """Write TEACHING.md's table of predictions anew from the students' notebooks."""
    path = NOTEBOOKS.parent / "TEACHING.md"
    text = path.read_text(encoding="utf-8")
    table = predictions.table(sorted(NOTEBOOKS.glob("*.ipynb")))
    text = replace_section(text, predictions.BEGIN, predictions.END, f"\n{table}\n")
    write_atomically(path, text.encode())


if __name__ == "__main__" and sys.argv[1:] == ["teaching"]:
    write_teaching()
elif __name__ == "__main__":
    for path in [*SOLUTIONS.glob("*.ipynb"), *(NOTEBOOKS / "projects").glob("project_*.ipynb")]:
        notebook = nbformat.read(path, as_version=4)
        if set_first_cell(notebook):
            write_atomically(path, (nbformat.writes(notebook) + "\n").encode())
    for path in sorted(SOLUTIONS.glob("*.ipynb")):
        print(f"{release(path).name} written from its solution")
