"""The solutions are the one source: the students' notebooks are released from them, and nbgrader agrees.

That every solution passes its checks is seen in test_notebooks.py, that no stub does in `make test-slow` (nbval).
"""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from helpers.notebooks import SHORT, read
from nbformat.v4 import new_code_cell, new_notebook, new_output

from cae_lib.course import predictions, release
from cae_lib.course.checks import EXERCISES
from cae_lib.course.release import SOLUTIONS, released, without_solution
from cae_lib.headless.runner import NOTEBOOKS

ALL = sorted(SOLUTIONS.glob("*.ipynb"))
KINDS = ["predict", "change one line", "compute", "build"]
SIZES = ["warm-up", "build", "open"]  # of rebuilt notebooks
UNSOLVED = "answer = None\n### BEGIN SOLUTION\nanswer = 3\n### END SOLUTION\nprint(answer)"

each_notebook = pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)


def without_runs(cell) -> dict:
    """A cell without what running it leaves behind."""
    metadata = {key: value for key, value in cell.metadata.items() if key != "execution"}
    return {**cell, "metadata": metadata, "outputs": [], "execution_count": None}


def role(cell) -> str:
    """What a cell is in an exercise: "answer", "check", or "" for any other cell."""
    facts = cell.metadata.get("nbgrader", {})
    return "answer" if facts.get("solution") else "check" if facts.get("grade") else ""


def test_each_notebook_has_a_solution():
    assert [path.name for path in ALL] == sorted(path.name for path in NOTEBOOKS.glob("*.ipynb"))


@each_notebook
def test_the_students_copy_is_what_is_released(path):
    solution, student = read(path), read(NOTEBOOKS / path.name)
    again = released(solution, student)
    assert [without_runs(cell) for cell in again.cells] == [without_runs(cell) for cell in student.cells]
    assert [c.get("outputs") for c in again.cells] == [c.get("outputs") for c in student.cells]
    assert solution.metadata.kernelspec == student.metadata.kernelspec


@each_notebook
def test_the_copies_differ_in_answers_only(path):
    solution, student = read(path).cells, read(NOTEBOOKS / path.name).cells
    assert [cell.id for cell in solution] == [cell.id for cell in student]
    for ours, theirs in zip(solution, student, strict=True):
        assert (ours.source != theirs.source) == (role(ours) == "answer")
        assert {**without_runs(ours), "source": ""} == {**without_runs(theirs), "source": ""}


@each_notebook
def test_a_solution_stores_no_outputs(path):
    cells = [cell for cell in read(path).cells if cell.cell_type == "code"]
    assert [cell for cell in cells if cell.outputs or cell.execution_count] == []


@each_notebook
def test_exercises_are_question_answer_and_check(path):
    """Graded, of several kinds; the check asks for what the answer's cell defines."""
    number, cells = path.stem[:2], read(path).cells
    places = [i for i, cell in enumerate(cells) if role(cell) == "answer"]
    assert 3 <= len(places) <= 8
    assert [i for i, cell in enumerate(cells) if role(cell) == "check"] == [i + 1 for i in places]
    kinds = []
    for k, i in enumerate(places, 1):
        question, answer, check = cells[i - 1 : i + 2]
        kinds += re.findall(rf"^\*\*{number}\.{k} \((.+?)\)\*\* ", question.source)
        call = re.fullmatch(rf'(?:\w+ = build|check)\("{number}\.{k}", (\w+)\)', check.source)
        assert check.source.startswith(("check", f"{call[1]} = "))
        assert re.search(rf"^(def |class )?{call[1]}\b", without_solution(answer.source), re.MULTILINE)
        assert answer.metadata.nbgrader.grade_id == f"answer-{number}-{k}"
        assert check.metadata.nbgrader.grade_id == f"check-{number}-{k}" and check.metadata.nbgrader.points == 1
    assert len(kinds) == len(places)
    if predictions.rows(read(path)):
        sizes_of_rebuilt(kinds, [EXERCISES[f"{number}.{k + 1}"] for k in range(len(places))])
    else:
        assert set(kinds) <= set(KINDS) and kinds[-1] == "build"
    assert [name for name in EXERCISES if name[:2] == number] == [f"{number}.{k + 1}" for k in range(len(places))]


def sizes_of_rebuilt(kinds: list[str], exercises: list) -> None:
    """A warm-up, two functions or more, one open question at the end; each says why it is right."""
    assert set(kinds) == set(SIZES)
    assert kinds.count("build") >= 2 and kinds.count("open") == 1 and kinds[-1] == "open"
    assert [exercise.is_open for exercise in exercises] == [kind == "open" for kind in kinds]
    assert [callable(exercise.right) for exercise in exercises] == [kind == "build" for kind in kinds]
    assert all(exercise.why.endswith(".") for exercise in exercises)


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_a_notebook_with_checks_imports_the_hints_that_they_offer(path):
    code = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "code")
    (names,) = re.findall(r"from cae_lib\.course\.checks import (.*)", code)
    assert {"check", "hint"} <= set(names.split(", "))


def test_marked_lines_go_and_all_others_stay():
    assert without_solution(UNSOLVED) == "answer = None\nprint(answer)"
    assert without_solution("def f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION") == "def f():"
    assert without_solution("x = 1\n\ny = 2") == "x = 1\n\ny = 2"


@pytest.mark.parametrize("marks", ["BEGIN", "END", "BEGIN BEGIN", "BEGIN END END"])
def test_a_mark_without_its_partner_is_an_error(marks):
    with pytest.raises(ValueError, match=r"BEGIN SOLUTION|END SOLUTION"):
        without_solution("x = 1\n" + "\n".join(f"### {mark} SOLUTION" for mark in marks.split()))


def test_a_release_keeps_the_outputs_of_unchanged_cells(tmp_path):
    folder = tmp_path / "solutions"
    folder.mkdir()
    solution = new_notebook(cells=[new_code_cell(UNSOLVED, id="a"), new_code_cell("1 + 1", id="b")])
    nbformat.write(solution, folder / "x.ipynb")
    student = read(release.release(folder / "x.ipynb", tmp_path))
    assert [cell.source for cell in student.cells] == ["answer = None\nprint(answer)", "1 + 1"]

    for cell in student.cells:
        cell.execution_count, cell.outputs = 1, [new_output("stream", text="None")]
    nbformat.write(student, tmp_path / "x.ipynb")
    solution.cells[0].source = UNSOLVED.replace("= 3", "= 4")
    solution.cells[1].source = "1 + 2"
    nbformat.write(solution, folder / "x.ipynb")
    student = read(release.release(folder / "x.ipynb", tmp_path))
    assert [len(cell.outputs) for cell in student.cells] == [1, 0]
    assert read(folder / "x.ipynb").cells[0].source == solution.cells[0].source


def lines(notebook):
    return [[line for line in cell.source.splitlines() if line.strip()] for cell in notebook.cells]


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A folder with the kit's configuration, and a function that runs a command of nbgrader there."""
    pytest.importorskip("nbgrader", reason="nbgrader is not installed")
    folder = tmp_path / "grading"
    (folder / "source" / "course").mkdir(parents=True)
    shutil.copy(NOTEBOOKS.parent / "grading" / "nbgrader_config.py", folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")  # nbgrader calls alembic by its name
    monkeypatch.setenv("CAE_RUNS", str(tmp_path / "runs"))

    def run(command):
        done = subprocess.run(shlex.split(command), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]

    return folder, run


def commands() -> list[str]:
    """The lines that TEACHING.md has for nbgrader."""
    section = (NOTEBOOKS.parent / "TEACHING.md").read_text(encoding="utf-8").split("## With nbgrader")[1]
    return [line for block in section.split("```")[1::2] for line in block.strip().splitlines()]


def points(folder, number) -> dict[str, tuple[float, float]]:
    """Student -> points, and the most there are, in a notebook."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        found = [n for s in gradebook.assignment_submissions("course") for n in s.notebooks if n.name[:2] == number]
        return {n.student.id: (n.score, n.max_score) for n in found}


def test_nbgrader_releases_all_notebooks_as_the_kit_does(course):
    folder, run = course
    assert commands()[:3] == [
        "cd grading",
        "mkdir -p source/course submitted",
        "cp ../notebooks/solutions/*.ipynb source/course/",
    ]
    for path in ALL:
        shutil.copy(path, folder / "source" / "course")
    run(commands()[3])
    for path in ALL:
        assert lines(read(folder / "release" / "course" / path.name)) == lines(read(NOTEBOOKS / path.name))


def shortened(path):
    """A solution that trains for as short as the other tests let it."""
    notebook = read(path)
    for name, value in SHORT.get(path.stem, {}).items():
        for cell in notebook.cells:
            if "parameters" in cell.metadata.get("tags", []):
                cell.source = re.sub(rf"^({name}: \w+ = )\S+", rf"\g<1>{value}", cell.source, flags=re.MULTILINE)
    return notebook


@pytest.mark.slow
@each_notebook
def test_nbgrader_grades_a_whole_notebook(path, course, monkeypatch):
    """No points for what is handed out, all for the solution."""
    monkeypatch.setenv("CAE_DATA", "stand-in")
    folder, run = course
    source = folder / "source" / "course" / path.name
    nbformat.write(shortened(path), source)
    *_, generate, ada, bob, grade, export = commands()
    run(generate)
    handed_out = folder / "release" / "course" / path.name
    for layout, file in ((ada, handed_out), (bob, source)):
        submitted = folder.parent / Path(layout).parent / path.name
        submitted.parent.mkdir(parents=True)
        shutil.copy(file, submitted)
    run(grade)
    run(export)
    count = len([name for name in EXERCISES if name[:2] == path.stem[:2]])
    assert points(folder, path.stem[:2]) == {"ada": (0, count), "bob": (count, count)}
    assert (folder / "grades.csv").read_text().count("\n") == 3


def test_nbgrader_grades_the_exercises_of_the_first_notebook(course):
    """The same in short, on the cells of exercises alone."""
    folder, run = course
    whole = read(ALL[0])
    exercises = [cell for cell in whole.cells if role(cell)]
    whole.cells = [new_code_cell("import torch\nfrom cae_lib.course.checks import build, check"), *exercises]
    source = folder / "source" / "course" / "00.ipynb"
    nbformat.write(whole, source)
    *_, generate, ada, bob, grade, _ = commands()
    run(generate)
    assert lines(read(folder / "release" / "course" / "00.ipynb")) == lines(released(whole))
    for layout, file in ((ada, folder / "release" / "course" / "00.ipynb"), (bob, source)):
        submitted = folder.parent / Path(layout).parent / "00.ipynb"
        submitted.parent.mkdir(parents=True)
        shutil.copy(file, submitted)
    run(grade)
    count = len(exercises) / 2
    assert points(folder, "00") == {"ada": (0, count), "bob": (count, count)}


@pytest.mark.parametrize("path", [*ALL, *NOTEBOOKS.glob("projects/*.ipynb")], ids=lambda path: path.stem)
def test_what_a_notebook_links_to_is_there(path):
    folder = NOTEBOOKS if path in ALL else path.parent
    text = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    assert [link for link in links if not (folder / link).exists()] == []
