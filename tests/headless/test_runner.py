"""The notebook runner on small notebooks made here: parameters, failures that papermill hides, pages."""

import os

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


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("EPOCHS", "7", 7),
        ("RATE", "1e-3", 0.001),
        ("RATE", "2", 2.0),
        ("SHOW", "False", False),
        ("SHOW", "true", True),
        ("PROFILE", "full", "full"),
    ],
)
def test_values_take_the_type_of_the_annotation(notebook, name, text, value):
    found = runner.parameters_for([notebook], {name: text}, every=True)[notebook][name]
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("TYPO", "1", "No parameter TYPO in 01_small; known there: EPOCHS, LAYERS, PROFILE, RATE, SHOW"),
        ("EPOCHS", "2.5", "EPOCHS must be of type int, not '2.5'"),
        ("RATE", "fast", "RATE must be of type float"),
        ("SHOW", "maybe", "SHOW must be of type bool"),
        ("PROFILE", "slow", "PROFILE must be one of quick, full"),
        ("LAYERS", "[2]", "LAYERS cannot be set here"),
    ],
)
def test_wrong_parameters_are_refused(notebook, name, text, message):
    with pytest.raises(UsageError) as error:
        runner.parameters_for([notebook], {name: text}, every=True)
    assert message in str(error.value)


def test_a_name_that_some_notebooks_lack(tmp_path, notebook):
    other = make_notebook(tmp_path, "02_other", parameters="IMAGES: int = 3  # how many")
    both = [notebook, other]
    passed = runner.parameters_for(both, {"PROFILE": "quick", "IMAGES": "5"}, every=False)
    assert passed == {notebook: {"PROFILE": "quick"}, other: {"IMAGES": 5}}
    with pytest.raises(UsageError, match="No parameter IMAGES in 01_small"):
        runner.parameters_for(both, {"IMAGES": "5"}, every=True)
    with pytest.raises(UsageError, match="No parameter NOWHERE in 01_small, 02_other"):
        runner.parameters_for(both, {"NOWHERE": "5"}, every=False)


def test_notebooks_that_are_none(tmp_path, notebook):
    with pytest.raises(UsageError, match=r"no notebook .*missing\.ipynb"):
        runner.find_notebooks([str(tmp_path / "missing.ipynb")])
    with pytest.raises(UsageError, match="same name"):
        runner.find_notebooks([str(notebook), str(notebook)])
    notebook.write_text('{"cells": [')
    with pytest.raises(UsageError, match="not a valid notebook"):
        runner.parameters_for([notebook], {}, every=True)


def test_results_never_replace_the_notebooks(notebook):
    before = notebook.read_bytes()
    with pytest.raises(UsageError, match="choose another folder"):
        runner.run_notebooks([notebook], notebook.parent, {notebook: {}})
    assert notebook.read_bytes() == before


def test_data_are_looked_for_once(monkeypatch, tmp_path):
    asked = []
    monkeypatch.delenv("CAE_DATA")
    monkeypatch.setattr("cae_lib.data.download.cached_cifar10", lambda: asked.append(1))
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
    assert outcome.error == "" and "CAE_EMBED_FRAMES" not in os.environ
    page = (out / "01_view.html").read_text()
    assert 'type="range"' in page and page.count("data:image/webp;base64,") == 3 and 'alt="a line: slope 1"' in page
    (output,) = nbformat.read(out / "01_view.ipynb", as_version=4).cells[-1].outputs
    assert set(output.data) == {"image/png", "text/plain", runner.WIDGET_VIEW}


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
    assert outcomes[0].title == "All about 01_good" and outcomes[0].seconds > 0
    assert [path.read_bytes() for path in notebooks] == stored

    good = nbformat.read(out / "01_good.ipynb", as_version=4)
    assert good.cells[-1].outputs[0].text == "5 stand-in notebooks\n"
    assert good.metadata["cae"]["data"] == "stand-in"
    assert "widgets" not in nbformat.read(out / "06_good.ipynb", as_version=4).metadata
    for path in notebooks:
        nbformat.validate(nbformat.read(out / path.name, as_version=4))
        assert str(tmp_path) not in nbformat.writes(nbformat.read(out / path.name, as_version=4).metadata.papermill)
        assert f"All about {path.stem}" in (out / f"{path.stem}.html").read_text()
    index = (out / "index.html").read_text()
    assert "stand-in" in index and "ValueError: too large" in index
    assert all(f'href="{path.stem}.html"' in index for path in notebooks)

    said = capfd.readouterr()
    lines = said.out.splitlines()
    assert [line.split(" … ")[0] for line in lines[1:]] == [path.stem for path in notebooks]
    assert lines[2].endswith("s: cell In [4]: ValueError: too large")
    assert said.err == ""
