"""The first code cell of every notebook: it fetches the kit on Colab, and says in one sentence where there is none."""

import builtins
import os
import subprocess
import sys
import time
from types import ModuleType

import nbformat
import papermill
import pytest
from helpers.notebooks import WITHOUT_KIT, read

from cae_lib.course.first_cell import MARK, first_cell
from cae_lib.course.solutions import SOLUTIONS
from cae_lib.headless.runner import NOTEBOOKS

EVERY = [path for folder in (NOTEBOOKS, SOLUTIONS, NOTEBOOKS / "projects") for path in folder.glob("*.ipynb")]
RESTART = "Now restart the runtime."


@pytest.mark.parametrize("path", sorted(EVERY), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_it_is_the_same_in_all_notebooks(path):
    codes = [cell.source for cell in read(path).cells if cell.cell_type == "code"]
    assert codes[0] == first_cell() and not any(MARK in code for code in codes[1:])


def test_it_does_nothing_where_the_kit_is(capfd):
    exec(first_cell(), {})
    assert capfd.readouterr() == ("", "")


class Colab:
    """A machine like Colab's with an empty folder, where `pip` does as it is told, and somebody answers."""

    def __init__(self, folder, monkeypatch):
        self.kit, self.log, self.answers, self.patch = folder / "content" / "kit", folder / "pip.txt", [], monkeypatch
        self.kit.parent.mkdir()
        self.repository = folder / "the kit"
        subprocess.run(["git", "init", "-q", str(self.repository)], check=True)
        (self.repository / "pyproject.toml").write_text("")
        git = ["git", "-C", str(self.repository), "-c", "user.name=a", "-c", "user.email=a"]
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "-q", "-m", "all"], check=True)
        (folder / "bin").mkdir()
        monkeypatch.chdir(self.kit.parent)
        monkeypatch.setenv("PATH", str(folder / "bin"), prepend=os.pathsep)
        monkeypatch.setitem(sys.modules, "google.colab", ModuleType("google.colab"))
        monkeypatch.setitem(sys.modules, "cae_lib", None)
        monkeypatch.setattr(time, "sleep", lambda seconds: None)
        monkeypatch.setattr(builtins, "input", lambda prompt: self.answers.pop(0))
        self.pip(0)

    def pip(self, code: int) -> None:
        """What pip returns from now on."""
        script = self.log.parent / "bin" / "pip"
        script.write_text(f'#!/bin/sh\necho "$@" >> "{self.log}"\necho pip says so\nexit {code}\n')
        script.chmod(0o755)

    def run(self, address: str = "") -> str:
        """What the cell says when it stops."""
        with pytest.raises(Exception, match=RESTART + "|Cannot install") as stopped:
            exec(first_cell(address), {})
        assert stopped.value._render_traceback_() == [str(stopped.value)]
        return str(stopped.value)


@pytest.fixture
def colab(tmp_path, monkeypatch):
    return Colab(tmp_path, monkeypatch)


unix = pytest.mark.skipif(os.name == "nt", reason="Colab is Linux")


@unix
def test_colab_gets_the_kit_from_its_address_and_only_what_a_student_needs(colab, capfd):
    assert colab.run(str(colab.repository)) == RESTART
    assert (colab.kit / "pyproject.toml").exists() and colab.log.read_text() == "install -q -e kit\n"
    assert capfd.readouterr().out == "Fetched the kit.\n"


@unix
@pytest.mark.parametrize("address", ["", "/nowhere"])
def test_colab_asks_for_another_address_where_that_one_fails(colab, capfd, address):
    colab.answers += ["/not here either", str(colab.repository)]
    assert colab.run(address) == RESTART and not colab.answers
    lines = capfd.readouterr().out
    assert "Cannot fetch /not here either: fatal: repository '/not here either' does not exist" in lines
    assert ("Cannot fetch /nowhere: " in lines) == (address == "/nowhere") and "restart" not in lines


@unix
def test_colab_neither_asks_nor_fetches_a_second_time(colab, monkeypatch, capfd):
    assert colab.run(str(colab.repository)) == colab.run("/nowhere") == RESTART
    assert capfd.readouterr().out == "Fetched the kit.\n"
    monkeypatch.delitem(sys.modules, "cae_lib")  # as after the restart
    exec(first_cell("/nowhere"), {})
    assert capfd.readouterr().out == "" and colab.log.read_text().count("install") == 2


@unix
def test_colab_says_why_nothing_was_fetched_into_a_folder_of_that_name(colab, capfd):
    colab.kit.mkdir()
    (colab.kit / "mine.txt").write_text("")
    with pytest.raises(IndexError):  # nobody answers any more
        exec(first_cell(str(colab.repository)), {})
    assert "destination path 'kit' already exists" in capfd.readouterr().out and not colab.log.exists()


@unix
def test_colab_is_not_to_be_restarted_where_pip_failed(colab, capfd):
    colab.pip(1)
    assert colab.run(str(colab.repository)) == "Cannot install the kit: pip says so"
    assert "restart" not in capfd.readouterr().out


def test_a_notebook_alone_stops_at_once_with_one_sentence(tmp_path):
    """With papermill, as with any other program that stops at an error."""
    notebook = read(NOTEBOOKS / "03_model1_training.ipynb")
    notebook.cells.insert(0, nbformat.v4.new_code_cell(WITHOUT_KIT))
    nbformat.write(notebook, tmp_path / "alone.ipynb")
    with pytest.raises(papermill.PapermillExecutionError, match="No cae_lib here: get the kit's whole folder"):
        papermill.execute_notebook(tmp_path / "alone.ipynb", tmp_path / "out.ipynb", cwd=tmp_path, progress_bar=False)
    codes = [cell for cell in read(tmp_path / "out.ipynb").cells if cell.cell_type == "code"]
    errors = [o for cell in codes if cell.execution_count for o in cell.outputs if o.output_type == "error"]
    assert [error.traceback for error in errors] == [[errors[0].evalue]]
    assert not any(cell.execution_count for cell in codes[3:])
