"""Parameters of notebooks: read as Python reads them, and converted to what they are said to be."""

import json

import nbformat
import pytest
from helpers.notebooks import make_notebook

from cae_lib.base.errors import UsageError
from cae_lib.headless.parameters import parameters_for, parameters_of, read_notebook
from cae_lib.headless.runner import find_notebooks


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
    found = parameters_for([notebook], {name: text}, every=True)[notebook][name]
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("TYPO", "1", "No parameter TYPO in 01_small; known there: EPOCHS, LAYERS, PROFILE, RATE, SHOW"),
        ("EPOCHS", "2.5", "EPOCHS must be of type int, not '2.5'"),
        ("RATE", "fast", "RATE must be of type float"),
        ("SHOW", "maybe", "SHOW must be of type bool"),
        ("PROFILE", "slow", "PROFILE must be one of quick, full"),
        ("LAYERS", "2", "LAYERS must be of type"),
    ],
)
def test_wrong_parameters_are_refused(notebook, name, text, message):
    with pytest.raises(UsageError) as error:
        parameters_for([notebook], {name: text}, every=True)
    assert message in str(error.value)


def test_a_name_that_some_notebooks_lack(tmp_path, notebook):
    other = make_notebook(tmp_path, "02_other", parameters="IMAGES: int = 3  # how many")
    both = [notebook, other]
    passed = parameters_for(both, {"PROFILE": "quick", "IMAGES": "5"}, every=False)
    assert passed == {notebook: {"PROFILE": "quick"}, other: {"IMAGES": 5}}
    with pytest.raises(UsageError, match="No parameter IMAGES in 01_small"):
        parameters_for(both, {"IMAGES": "5"}, every=True)
    with pytest.raises(UsageError, match="No parameter NOWHERE in 01_small, 02_other"):
        parameters_for(both, {"NOWHERE": "5"}, every=False)


def test_notebooks_that_are_none(tmp_path, notebook):
    with pytest.raises(UsageError, match=r"no notebook .*missing\.ipynb"):
        find_notebooks([str(tmp_path / "missing.ipynb")])
    with pytest.raises(UsageError, match="same name"):
        find_notebooks([str(notebook), str(notebook)])
    notebook.write_text('{"cells": [')
    with pytest.raises(UsageError, match="not a valid notebook"):
        parameters_for([notebook], {}, every=True)


@pytest.mark.parametrize(
    ("line", "text", "value"),
    [
        ("TITLE: str = 'a=b'", "c=d", "c=d"),
        ("TITLE = 'no annotation'", "c", "c"),
        ("N = 3", "4", 4),
        ("N = -3", "-4", -4),
        ("X = 1e-3  # how fast", "0.5", 0.5),
        ("FLAG = True", "no", False),
        ("OPT: int | None = None", "3", 3),
        ("OPT: int | None = 3", "None", None),
        ("OPT: 'int | None' = 3", "5", 5),
        ("from typing import Optional\nOPT: Optional[float] = None", "0.5", 0.5),
        ("OPT = None", "words", "words"),
        ("SIZES: list[int] = [1, 2]", "[3, 4]", [3, 4]),
        ("SIZES = [1, 2]", "[]", []),
        ("TABLE: dict = {'a': 1}", "{'b': 2}", {"b": 2}),
        ("PAIR = (1, 2)", "(3, 4)", (3, 4)),
        ("HASH: str = '# no comment'  # one", "#", "#"),
        ("SIZES: list = [\n    1,\n    2,\n]", "[5]", [5]),
        ("BOTH: int | str = 1", "x", "x"),
    ],
)
def test_a_cell_is_read_as_python_reads_it(tmp_path, line, text, value):
    notebook = make_notebook(tmp_path, "own", parameters=line)
    (name,) = parameters_of(read_notebook(notebook))
    assert parameters_for([notebook], {name: text}, every=True)[notebook] == {name: value}


@pytest.mark.parametrize(
    ("line", "text", "message"),
    [
        ("N: int = 1", "1.5", "must be of type int"),
        ("N: int = 1", "\u0663", "must be of type int"),
        ("N: int = 1", "1_000", "must be of type int"),
        ("OPT: int | None = None", "many", "must be of type int or None"),
        ("SIZES: list = []", "(1,)", "must be of type list"),
        ("SIZES: list = []", "__import__('os')", "must be of type list"),
        ("HERE: Path = None", "x", "no plain type"),
        ("N = len('abc')", "4", "no plain type"),
    ],
)
def test_values_that_do_not_fit_are_refused(tmp_path, line, text, message):
    notebook = make_notebook(tmp_path, "own", parameters=line)
    (name,) = parameters_of(read_notebook(notebook))
    with pytest.raises(UsageError, match=message):
        parameters_for([notebook], {name: text}, every=True)


def test_comments_are_the_help(tmp_path):
    notebook = make_notebook(tmp_path, "own", parameters="A: str = '#'  # the help\nB = 2")
    assert {name: p.help for name, p in parameters_of(read_notebook(notebook)).items()} == {"A": "the help", "B": ""}


def test_a_cell_that_is_no_python(tmp_path):
    notebook = make_notebook(tmp_path, "own", parameters="!ls")
    with pytest.raises(UsageError, match="The cell tagged parameters is not plain Python"):
        parameters_for([notebook], {"N": "1"}, every=True)


CELL = {"cell_type": "code", "metadata": {}, "source": "1", "outputs": [], "execution_count": None, "id": "a"}


@pytest.mark.parametrize(
    "content",
    [
        {},
        [],
        "text",
        None,
        {"cells": [CELL], "metadata": {}},
        {"cells": [CELL | {"cell_type": "wish"}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5},
        {"cells": "none", "metadata": {}, "nbformat": 4, "nbformat_minor": 5},
        {"cells": [1], "metadata": {}, "nbformat": 4, "nbformat_minor": 5},
        {"cells": [], "metadata": {}, "nbformat": "four", "nbformat_minor": 5},
        {"cells": [], "metadata": {}, "nbformat": 99, "nbformat_minor": 0},
    ],
    ids=["empty", "list", "text", "null", "no version", "cell", "cells", "number", "version", "future"],
)
def test_what_is_no_notebook_gets_one_sentence(tmp_path, content):
    path = tmp_path / "own.ipynb"
    path.write_text(json.dumps(content))
    with pytest.raises(UsageError, match=r"own.ipynb is not a valid notebook \(.+\): save it again in JupyterLab"):
        parameters_for([path], {}, every=True)


def test_an_old_notebook_is_read(tmp_path):
    new = nbformat.read(make_notebook(tmp_path, "own"), as_version=4)
    (tmp_path / "old.ipynb").write_text(nbformat.writes(nbformat.convert(new, 3), version=3))
    assert "EPOCHS" in str(read_notebook(tmp_path / "old.ipynb").cells)
