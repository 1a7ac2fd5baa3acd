"""The notebook runner on small notebooks made here: parameters, failures that papermill hides, pages."""

import json
import os
import re

import nbformat
import pytest
from helpers.notebooks import make_notebook

from cae_lib.base.errors import UsageError
from cae_lib.headless import runner


@pytest.fixture(autouse=True)
def stand_in(monkeypatch):
    monkeypatch.setenv("CAE_DATA", "stand-in")


@pytest.fixture
def notebook(tmp_path):
    return make_notebook(tmp_path, "01_small")


def test_results_never_replace_the_notebooks(notebook):
    before = notebook.read_bytes()
    with pytest.raises(UsageError, match="choose another folder"):
        runner.run_notebooks([notebook], notebook.parent, {notebook: {}})
    assert notebook.read_bytes() == before


def test_data_are_looked_for_once(monkeypatch, tmp_path):
    asked = []
    monkeypatch.delenv("CAE_DATA")
    monkeypatch.setattr("cae_lib.cifar10.download.cached_cifar10", lambda: asked.append(1))
    assert runner.settle_data() == runner.settle_data() == "stand-in"
    assert len(asked) == 1


def test_a_relative_data_folder_holds_in_every_notebook_folder(monkeypatch, tmp_path):
    from cae_lib.data.images import DataError

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CAE_DATA", "here")
    with pytest.raises(DataError, match=str(tmp_path / "here")):
        runner.settle_data()


def test_a_page_moves_without_a_kernel_and_a_notebook_keeps_the_static_picture(tmp_path, capsys):
    source, out = tmp_path / "notebooks", tmp_path / "out"
    source.mkdir()
    view = """\
from cae_lib import plots
from cae_lib.views import view
def draw(n):
    figure, axes = plots.new_figure(1, 1, 1, 1)
    axes[0, 0].plot([0, n])
    return figure
view.picture_slider(draw, [1, 2, 3], "slope", draw(0), "a line")"""
    notebook = make_notebook(source, "01_view", view)
    (outcome,) = runner.run_notebooks([notebook], out, {notebook: {}})
    assert outcome.error == ""
    page = (out / "01_view.html").read_text()
    assert '"texts": ["a line. Slope: 1. ' in page and page.count("data:image/webp;base64,") == 2
    (output,) = nbformat.read(out / "01_view.ipynb", as_version=4).cells[-1].outputs
    assert set(output.data) == {"image/png", "text/plain", "text/html"}


def test_run(tmp_path, capfd):
    """A good notebook, four ways to fail, and a good one after them."""
    source, out = tmp_path / "notebooks", tmp_path / "out"
    source.mkdir()
    show = "import os\nprint(EPOCHS, os.environ['CAE_DATA'], os.path.basename(os.getcwd()))"
    hidden = "import ipywidgets\nout = ipywidgets.Output()\ndisplay(out)\nwith out:\n    raise KeyError('hidden')"
    notebooks = [
        make_notebook(source, "01_good", show),
        make_notebook(source, "02_bad", "x = 1", "raise ValueError('too large\\nmore')", "print('never')"),
        make_notebook(source, "03_exit", "import sys\nsys.exit('gone')"),
        make_notebook(source, "04_widget", hidden),
        make_notebook(source, "05_dead", "import os\nos._exit(1)"),
        make_notebook(source, "06_good", "import ipywidgets\nipywidgets.IntSlider()"),
    ]
    stored = [path.read_bytes() for path in notebooks]
    (out / "06_good.ipynb").parent.mkdir()
    (out / "05_dead.ipynb").write_text("left by an earlier run")
    outcomes = runner.run_notebooks(notebooks, out, {path: {"EPOCHS": 5} for path in notebooks})

    errors = [o.error for o in outcomes]
    assert errors[0] == errors[5] == ""
    assert errors[1] == "cell In [4]: ValueError: too large"
    assert errors[2] == "cell In [3]: SystemExit: gone"
    assert "KeyError: 'hidden'" in errors[3]
    assert "the kernel died" in errors[4]
    assert outcomes[0].seconds > 0
    assert [path.read_bytes() for path in notebooks] == stored

    good = nbformat.read(out / "01_good.ipynb", as_version=4)
    assert good.cells[-1].outputs[0].text == "5 stand-in notebooks\n"
    assert good.metadata["cae"]["data"] == "stand-in"
    assert "widgets" not in nbformat.read(out / "06_good.ipynb", as_version=4).metadata
    for path in notebooks:
        nbformat.validate(nbformat.read(out / path.name, as_version=4))
        assert str(tmp_path) not in nbformat.writes(nbformat.read(out / path.name, as_version=4).metadata.papermill)
        assert f"All about {path.stem}" in (out / f"{path.stem}.html").read_text()

    said = capfd.readouterr()
    lines = said.out.splitlines()
    assert "stand-in" in lines[0]
    assert [line.split(" … ")[0] for line in lines[1:]] == [path.stem for path in notebooks]
    assert lines[2].endswith("s: cell In [4]: ValueError: too large")
    # A kernel that is told to end while it ends may complain by itself (ipykernel); the kit says nothing.
    ended = r"ERROR:tornado\.general:Uncaught exception in ZMQStream callback\n.*?on non-socket\n"
    assert re.sub(ended, "", said.err, flags=re.S) == ""


# What users' notebooks do


def outcome_of(tmp_path, *cells, tags=None, spoil=None, **options):
    """Run a notebook of these cells; tags: number of a cell -> its tags; spoil: changes the notebook's file before."""
    path = make_notebook(tmp_path, "own", *cells)
    notebook = nbformat.read(path, as_version=4)
    for number, names in (tags or {}).items():
        notebook.cells[2 + number].metadata["tags"] = names
    nbformat.write(notebook, path)
    if spoil:
        path.write_text(spoil(path.read_text()))
    out = tmp_path / "out"
    out.mkdir()
    return runner.run_notebook(path, out, {}, "stand-in", page=False, **options), out / "own.ipynb"


@pytest.mark.slow
@pytest.mark.parametrize("leave", ["import sys; sys.exit()", "exit()", "raise SystemExit", "import sys; sys.exit(0)"])
def test_a_notebook_that_ends_itself_says_where(tmp_path, leave):
    outcome, _ = outcome_of(tmp_path, "print(1)", leave, "print(2)", "print(3)")
    assert outcome.left and outcome.error.startswith("ended by cell In [") and "2 cells after it" in outcome.error


def test_leaving_in_the_last_cell_leaves_nothing_out(tmp_path):
    outcome, _ = outcome_of(tmp_path, "print(1)", "import sys; sys.exit()")
    assert outcome.error == "" and not outcome.left


def test_an_error_that_is_asked_for_is_none_and_the_next_one_is(tmp_path):
    outcome, file = outcome_of(
        tmp_path, "raise ValueError('shown')", "print('went on')", "1 / 0", tags={0: ["raises-exception"]}
    )
    assert outcome.error.endswith("ZeroDivisionError: division by zero") and "In [4]" in outcome.error
    texts = [cell.source for cell in nbformat.read(file, as_version=4).cells]
    assert not any("exception was encountered" in text.lower() for text in texts)


@pytest.mark.parametrize(
    "marked", [{"tags": {0: ["nbval-raises-exception"]}}, {"comment": "# NBVAL_RAISES_EXCEPTION\n"}]
)
def test_nbvals_words_for_it_count_too(tmp_path, marked):
    outcome, _ = outcome_of(tmp_path, marked.get("comment", "") + "1 / 0", "print(2)", tags=marked.get("tags"))
    assert outcome.error == ""


def test_the_environments_backend_stays_outside(tmp_path, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")
    outcome, _ = outcome_of(tmp_path, "import matplotlib\nassert 'inline' in matplotlib.get_backend()")
    assert outcome.error == "" and os.environ["MPLBACKEND"] == "Agg"


@pytest.mark.parametrize("leave", ["exit()", "quit()", "exit(keep_kernel=True)"])
def test_exit_ends_a_notebook_before_its_next_cell(tmp_path, leave):
    outcome, file = outcome_of(tmp_path, leave, "open('later', 'w')")
    assert outcome.left and "ended by cell In [2]" in outcome.error and not (tmp_path / "later").exists()


def test_an_error_that_is_asked_for_is_all_right(tmp_path):
    tags = {0: ["raises-exception"], 1: ["raises-exception"]}
    outcome, _ = outcome_of(tmp_path, "raise ValueError('shown')", "print('none raised')", "print(3)", tags=tags)
    assert outcome.error == ""


@pytest.mark.parametrize(
    "magic, reason", [("%nosuch", "`%nosuch` not found"), ("%%nosuch\n1", "nosuch"), ("%run missing.py", "missing")]
)
def test_a_magic_that_fails_says_why(tmp_path, magic, reason):
    outcome, _ = outcome_of(tmp_path, magic)
    assert reason in outcome.error and outcome.error.startswith("cell In [2]")


def without_kernel(text):
    notebook = json.loads(text)
    notebook["metadata"] = {}
    return json.dumps(notebook)


@pytest.mark.parametrize("spoil", [without_kernel, lambda text: "\ufeff" + text], ids=["no kernelspec", "BOM"])
def test_a_notebook_that_other_programs_wrote_runs(tmp_path, spoil):
    outcome, _ = outcome_of(tmp_path, "assert EPOCHS == 2", spoil=spoil)
    assert outcome.error == ""
    assert "kernelspec" not in json.loads((tmp_path / "own.ipynb").read_text("utf-8-sig"))["metadata"] or spoil(
        "{}"
    ).startswith("\ufeff"), "the user's file stays as it is"


def test_what_a_notebook_shows_is_stored_for_strict_readers(tmp_path):
    show = "from IPython.display import display\ndisplay({'application/json': {'x': float('nan')}}, raw=True)"
    outcome, file = outcome_of(tmp_path, show)
    assert outcome.error == ""

    def refuse(word):
        raise AssertionError(word)

    json.loads(file.read_text(), parse_constant=refuse)


def test_a_folder_with_braces(tmp_path):
    folder = tmp_path / "a {b}"
    folder.mkdir()
    outcome, file = outcome_of(folder, "print(1)")
    assert outcome.error == "" and file.exists()
