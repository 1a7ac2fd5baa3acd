"""A class on one page: what each student's notebooks and leaderboard say, as CSV and HTML.

A folder holds a folder a student, or a notebook a student; the name is the student's. A file leaderboard.jsonl beside
them, which the class shared, counts by its authors. Nothing is run but, by `judge_anew`, the entries of the projects.
What is read is what the notebooks store: whoever edits outputs edits the table. nbgrader runs everything anew.
"""

import csv
import html
import io
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from cae_lib.base.atomic import write_atomically
from cae_lib.base.errors import UsageError
from cae_lib.course.checks import EXERCISES
from cae_lib.course.leaderboard import LEADERBOARD, PROJECTS, best, rows_of
from cae_lib.course.projects import judge
from cae_lib.course.referee import EntryError
from cae_lib.results.tables import number

CALL = re.compile(r'\b(?:check|build)\(\s*["\'](\d\d\.\d+)["\']')
GUESS = re.compile(r'\bpredict\(\s*["\'](\d\d\.[a-z])["\']')
ENTRIES = {f"entry_{project}.py": project for project in PROJECTS}
SHOWN = ("student", "solved", "exercises", "predicted", "predictions")  # in a terminal
STYLE = (
    "body{font:15px sans-serif;margin:2em}table{border-collapse:collapse}"
    "td,th{border:1px solid #999;padding:.3em .6em;text-align:left;vertical-align:top}th{background:#eee}"
)


@dataclass
class Student:
    """What one student handed in: names of exercises and predictions, the best row of each project, and complaints."""

    name: str
    notebooks: set[str] = field(default_factory=set)  # numbers, such as "02"
    solved: set[str] = field(default_factory=set)
    prompts: set[str] = field(default_factory=set)
    predicted: set[str] = field(default_factory=set)
    projects: dict[str, dict] = field(default_factory=dict)
    entries: list[Path] = field(default_factory=list)  # the projects' files entry_NN.py
    unread: list[str] = field(default_factory=list)


def printed(cell: dict) -> str:
    """All that a cell has stored as text."""
    return "".join("".join(o["text"]) for o in cell.get("outputs", []) if o["output_type"] == "stream")


def read_notebook(student: Student, path: Path) -> None:
    """Add what the stored outputs of a notebook say. Raises ValueError, KeyError, TypeError or OSError for another."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]:
        source, text = "".join(cell["source"]), printed(cell)
        names = set(CALL.findall(source)) & set(EXERCISES)
        student.notebooks |= {name[:2] for name in names}
        student.solved |= {n for n in names if re.search(rf"^Exercise {n}: (right|kept)\.", text, re.MULTILINE)}
        prompts = set(GUESS.findall(source))
        student.prompts |= prompts
        student.predicted |= {n for n in prompts if re.search(rf"^{n}  kept( from before)?: ", text, re.MULTILINE)}


def read_student(name: str, place: Path, shared: list[dict]) -> Student:
    """All that a student's folder, or the one notebook, tells; `shared`: rows of the class's leaderboard."""
    student = Student(name)
    inside = [place] if place.is_file() else sorted(place.rglob("*"))
    inside = [p for p in inside if not any(part.startswith(".") for part in p.relative_to(place.parent).parts)]
    rows = [row for row in shared if row["author"] == name]
    for path in [p for p in inside if p.suffix == ".ipynb" or p.name == LEADERBOARD.name]:
        try:
            if path.suffix == ".ipynb":
                read_notebook(student, path)
            else:
                rows += rows_of(path)
        except (ValueError, LookupError, TypeError, AttributeError, OSError) as error:
            kind = "notebook" if path.suffix == ".ipynb" else "leaderboard"
            why = error.strerror if isinstance(error, OSError) else "it is damaged, or cut short"
            student.unread.append(f"{path.relative_to(place.parent)} cannot be read as a {kind}: {why}.")
    if not [p for p in inside if p.suffix == ".ipynb"]:
        student.unread.append(f"{place.name} holds no notebook.")
    student.projects = best(rows)
    student.entries = [p for p in inside if p.name in ENTRIES]
    return student


def read_class(folder: Path) -> list[Student]:
    """Every student of a folder, in the order of their names. Raises UsageError where there is none."""
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}: it is to hold a folder, or a notebook, of each student.")
    places = [p for p in sorted(folder.iterdir()) if not p.name.startswith(".")]
    places = [p for p in places if p.is_dir() or p.suffix == ".ipynb"]
    if not places:
        raise UsageError(f"{folder} holds no student: put a folder, or a notebook, of each student into it.")
    names = [p.stem if p.is_file() else p.name for p in places]
    if len(set(names)) < len(names):
        raise UsageError(f"{folder} has a folder and a notebook of the same name: put the notebook into the folder.")
    board = folder / LEADERBOARD.name
    shared = rows_of(board)
    return [read_student(name, place, shared) for name, place in zip(names, places, strict=True)]


def judge_anew(students: list[Student], images: int, out: Path) -> None:
    """Judge every student's entries on so many test images, in place of what their leaderboards say."""
    for student in students:
        rows = []
        for path in student.entries:
            try:
                project = ENTRIES[path.name]
                rows.append(judge(project, path, author=student.name, images=images, board=out / LEADERBOARD.name))
            except EntryError as error:
                student.unread.append(f"{student.name}'s {path.name}: {error}")
        student.projects = best(rows)


def table(students: list[Student]) -> list[list[str]]:
    """A row of titles, and one for each student; an exercise counts if anybody handed in its notebook."""
    notebooks = sorted(set().union(*(s.notebooks for s in students)))
    projects = sorted(set().union(*(s.projects for s in students)))
    known = [name for name in EXERCISES if name[:2] in notebooks]
    prompts = set().union(*(s.prompts for s in students))
    titles = ["student", "solved", "exercises", *(f"notebook {n}" for n in notebooks), "open answers to read"]
    titles += ["predicted", "predictions", *(f"project {p}" for p in projects), "not read"]
    rows = [titles]
    for s in students:
        row = [s.name, str(len(s.solved)), str(len(known))]
        for n in notebooks:
            own = [name[3:] for name in known if name[:2] == n and name in s.solved]
            everything = sum(name[:2] == n for name in known)
            row.append(f"{' '.join(own) or 'none'} (of {everything})" if n in s.notebooks else "–")
        row.append(" ".join(name for name in known if name in s.solved and EXERCISES[name].is_open) or "–")
        row += [str(len(s.predicted)), str(len(prompts))]
        row += [result(s.projects[p]) if p in s.projects else "–" for p in projects]
        rows.append([*row, " ".join(s.unread)])
    return rows


def result(row: dict) -> str:
    """What a leaderboard's row says, in a few words."""
    against = f"BD-rate {number(row['bd_rate'], '+.1f')} %"
    return f"{number(row['psnr'])} dB, {against} ({row['images']} images of {row['source']})"


def text_table(rows: list[list[str]]) -> list[str]:
    """The first columns, for a terminal: who has solved and predicted how much."""
    titles = rows[0]
    shown = [k for k, title in enumerate(titles) if title in SHOWN]
    shown += [k for k, title in enumerate(titles) if title.startswith("project ")]
    widths = [max(len(row[k]) for row in rows) for k in shown]
    return ["  ".join(row[k].ljust(w) for k, w in zip(shown, widths, strict=True)).rstrip() for row in rows]


def write(rows: list[list[str]], folder: Path) -> list[Path]:
    """Write the table as class.csv and class.html: their paths."""
    paths = [folder / "class.csv", folder / "class.html"]
    content = io.StringIO()
    # A spreadsheet would run a text that begins like a formula.
    csv.writer(content).writerows([f"'{text}" if text[:1] in tuple("=+-@") else text for text in row] for row in rows)
    write_atomically(paths[0], content.getvalue().encode("utf-8-sig"))  # the mark tells Excel that it is UTF-8
    cells = [[html.escape(text) for text in row] for row in rows]
    head = "".join(f"<th>{text}</th>" for text in cells[0])
    body = "\n".join("<tr>" + "".join(f"<td>{text}</td>" for text in row) + "</tr>" for row in cells[1:])
    page = f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>The class</title><style>{STYLE}</style>\n'
    page += f"<h1>The class</h1>\n<table>\n<tr>{head}</tr>\n{body}\n</table></html>\n"
    write_atomically(paths[1], page.encode())
    return paths
