"""`cae class`: two students with one command, as TEACHING.md says; damage gets a sentence and costs nobody else."""

import csv
import json
import re
import shutil

import pytest
from helpers.notebooks import read
from nbformat.v4 import new_code_cell, new_notebook, new_output

from cae_lib.cli import main
from cae_lib.course import classroom, projects
from cae_lib.course.checks import EXERCISES
from cae_lib.headless.runner import NOTEBOOKS

TEACHING = (NOTEBOOKS.parent / "TEACHING.md").read_text(encoding="utf-8")


def cell(source, *printed):
    """A cell as it is stored; a kernel may cut one text into several outputs."""
    return new_code_cell(source, outputs=[new_output("stream", text=text) for text in printed])


def handed_in(*cells) -> str:
    return json.dumps(new_notebook(cells=list(cells)))


SOLVED = [
    cell('predict("02.a", 512)', "02.a  kept: 512\n"),
    cell('predict("02.b", ...)', "02.b  no prediction yet: type yours for the dots.\n"),
    cell('check("02.1", answer)', "Exercise 02.1: ri", "ght. So it is.\n1 of 6 exercises of notebook 02 are done.\n"),
    cell('f = build("02.2", f)', "Exercise 02.2: not yet. It jumps.\n"),
    cell('check("02.6", text)', "Exercise 02.6: kept. Compare it with this: ...\n"),
    cell("print(5)", "Exercise 02.3: right.\n"),
]


def row(author, psnr, project="06"):
    return {
        "project": project, "author": author, "name": "x", "psnr": psnr, "bd_rate": -12.5, "bd_rate_jpeg": None,
        "images": 100, "source": "CIFAR-10", "date": "2026-01-01 12:00", "version": "1", "points": [[1, psnr]],
    }  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    """A class of two: a folder with runs/, and a single notebook."""
    (tmp_path / "class" / "ada" / "runs").mkdir(parents=True)
    (tmp_path / "class" / "ada" / "02_autoencoders.ipynb").write_text(handed_in(*SOLVED))
    lines = "\n".join(json.dumps(row("any name", psnr)) for psnr in (26.0, 27.5, 25.0))
    (tmp_path / "class" / "ada" / "runs" / "leaderboard.jsonl").write_text(lines + "\n")
    (tmp_path / "class" / "bob.ipynb").write_text(handed_in(cell('check("01.1", a)', "Exercise 01.1: right. Yes.\n")))
    return tmp_path / "class"


def table(folder, out, capsys, code=0, *options):
    """Rows of class.csv by the student's name, and what the command printed."""
    assert main.main(["class", str(folder), "--out", str(out), *options]) == code
    with (out / "class.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    return rows, capsys.readouterr()


def test_two_students_and_one_table(folder, tmp_path, capsys):
    rows, printed = table(folder, tmp_path / "out", capsys)
    count = len([name for name in EXERCISES if name[:2] in ("01", "02")])
    ada, bob = rows["ada"], rows["bob"]
    assert (ada["solved"], ada["exercises"], ada["notebook 01"]) == ("2", str(count), "–")
    assert ada["notebook 02"].startswith("1 6 (of ") and ada["open answers to read"] == "02.6"
    assert (ada["predicted"], ada["predictions"], bob["predicted"]) == ("1", "2", "0")
    assert ada["project 06"] == "27.50 dB, BD-rate -12.5 % (100 images of CIFAR-10)" and bob["project 06"] == "–"
    assert bob["notebook 01"].startswith("1 (of ") and bob["solved"] == "1"
    assert "written:" in printed.out and "ada" in printed.out and printed.err == ""
    page = (tmp_path / "out" / "class.html").read_text()
    assert page.count("<tr>") == 3 and "<td>ada</td>" in page


def test_teaching_tells_it_to_the_letter(tmp_path, monkeypatch, capsys):
    """The commands of the section, run in a folder as it draws it."""
    section = TEACHING.split("## The whole class in one table")[1].split("\n## ")[0]
    layout, commands = section.split("```")[1], section.split("```")[3]
    for line in layout.strip().splitlines()[1:]:
        path = tmp_path / line.split("  ")[0].strip()
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".ipynb":
            number = re.search(r"\d\d", path.stem)
            (source,) = NOTEBOOKS.glob(f"{number[0] if number else '02'}_*.ipynb")
            shutil.copy(source, path)
        elif path.suffix == ".jsonl":
            path.write_text(json.dumps(row("ada", 27.0)) + "\n")
        else:
            path.write_text("def learn(train):\n    raise ValueError\n")
    monkeypatch.chdir(tmp_path)
    (line, *_) = [line for line in commands.strip().splitlines() if "--judge" not in line]
    assert main.main(line.split("   ")[0].split()[1:]) == 0
    rows = list(csv.DictReader((tmp_path / "build" / "class.csv").open(encoding="utf-8-sig")))
    assert [row["student"] for row in rows] == ["ada", "bob"] and rows[0]["project 06"].startswith("27.00 dB")
    assert all(row["solved"] == "0" for row in rows), "the copies that are given out have holes"


def test_the_kits_own_notebooks_are_understood(tmp_path, capsys):
    """All exercises and predictions are found in the copies as they are given out; in hidden folders, nothing is."""
    copy = tmp_path / "class" / "ada"
    shutil.copytree(NOTEBOOKS, copy / "notebooks", ignore=shutil.ignore_patterns("projects"))
    shutil.copytree(NOTEBOOKS, copy / ".ipynb_checkpoints")
    rows, _ = table(tmp_path / "class", tmp_path / "out", capsys)
    prompts = "".join(cell.source for p in NOTEBOOKS.glob("*.ipynb") for cell in read(p).cells).count("\npredict(")
    assert rows["ada"]["exercises"] == str(len(EXERCISES)) and rows["ada"]["solved"] == "0"
    assert int(rows["ada"]["predictions"]) >= max(prompts, 31) and rows["ada"]["predicted"] == "0"


BAD = {
    "no JSON": "{",
    "no notebook": "[1, 2]",
    "no cells": "{}",
    "cells of another form": '{"cells": [{"cell_type": "code"}]}',
    "an old form": '{"worksheets": [], "nbformat": 3}',
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_a_damaged_notebook_is_said_and_loses_nobody(content, folder, tmp_path, capsys):
    (folder / "ada" / "03_x.ipynb").write_text(content)
    rows, printed = table(folder, tmp_path / "out", capsys, 1)
    (line,) = printed.err.splitlines()
    assert line == "not counted: ada/03_x.ipynb cannot be read as a notebook: it is damaged, or cut short."
    assert (rows["ada"]["solved"], rows["bob"]["solved"]) == ("2", "1")
    assert rows["ada"]["not read"].endswith("cut short.")


def test_other_damage_gets_a_sentence_each(folder, tmp_path, capsys):
    (folder / "ada" / "runs" / "leaderboard.jsonl").write_text('{"project": "06"}\n')
    (folder / "cy").mkdir()
    (folder / "dan.ipynb").write_bytes(b"\xff\xfe\x00")
    rows, printed = table(folder, tmp_path / "out", capsys, 1)
    assert "ada/runs/leaderboard.jsonl cannot be read as a leaderboard" in printed.err
    assert "cy holds no notebook." in printed.err and "dan.ipynb cannot be read" in printed.err
    assert list(rows) == ["ada", "bob", "cy", "dan"] and rows["ada"]["solved"] == "2"


def test_a_folder_without_a_class(tmp_path, capsys):
    assert main.main(["class", str(tmp_path / "nowhere")]) == 2
    assert main.main(["class", str(tmp_path)]) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("cae: There is no folder") and "holds no student" in second


def test_a_shared_leaderboard_counts_by_its_authors(folder, tmp_path, capsys):
    (folder / "leaderboard.jsonl").write_text("\n".join(map(json.dumps, [row("bob", 28.0), row("eve", 29.0)])))
    rows, _ = table(folder, tmp_path / "out", capsys)
    assert rows["bob"]["project 06"].startswith("28.00 dB") and rows["ada"]["project 06"].startswith("27.50 dB")


def test_names_run_nothing_in_a_spreadsheet_or_a_browser(folder, tmp_path, capsys):
    (folder / "bob.ipynb").rename(folder / "=1+1<script>.ipynb")
    rows, _ = table(folder, tmp_path / "out", capsys)
    assert "'=1+1<script>" in rows
    assert "<script>" not in (tmp_path / "out" / "class.html").read_text()


def test_judging_anew_takes_the_place_of_the_leaderboard(folder, tmp_path, capsys, monkeypatch):
    def judge(project, path, *, author, images, board):
        if path.parent.name == "eve":
            raise projects.EntryError("The decoder stopped: ValueError")
        return row(author, 20.0 + images, project)

    monkeypatch.setattr(classroom, "judge", judge)
    for name in ("ada", "eve"):
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "entry_06.py").write_text("")
    (folder / "eve" / "01.ipynb").write_text(handed_in())
    rows, printed = table(folder, tmp_path / "out", capsys, 1, "--judge", "--images", "7")
    assert rows["ada"]["project 06"].startswith("27.00 dB") and rows["eve"]["project 06"] == "–"
    assert printed.err == "not counted: eve's entry_06.py: The decoder stopped: ValueError\n"
