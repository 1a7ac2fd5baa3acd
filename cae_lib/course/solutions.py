"""The solution notebooks: where they lie, how a solution is marked, and the one of an exercise.

They are read as JSON: a student's notebook imports this, and nbformat alone would take a second.
"""

import json

from cae_lib.base import places

SOLUTIONS = places.outside("notebooks") / "solutions"
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"


def solution_of(name: str) -> str:
    """The lines that solve an exercise, from the solution notebook; "" where the solutions are not at hand."""
    number, _, place = name.partition(".")
    for path in SOLUTIONS.glob(f"{number}_*.ipynb"):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["metadata"].get("nbgrader", {}).get("grade_id") == f"answer-{number}-{place}":
                lines = "".join(cell["source"]).split("\n")
                return "\n".join(line for line in lines if line.strip() not in (BEGIN, END))
    return ""
