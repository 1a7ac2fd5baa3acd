"""check and hint: what they print, that they never raise, and what nbgrader needs."""

import numpy as np
import pytest
import torch

from cae_lib.course import checks
from cae_lib.course.checks import EXERCISES, check, hint
from cae_lib.course.judging import Exercise


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    checks.given.clear()


def printed(capsys, call, *arguments) -> str:
    call(*arguments)
    return capsys.readouterr().out


def test_right_wrong_and_open(capsys):
    assert printed(capsys, check, "01.1", 16) == "Exercise 01.1: right.\n"
    assert printed(capsys, check, "01.1", 12) == 'Exercise 01.1: not yet. 12 is too small. hint("01.1") helps.\n'
    assert printed(capsys, check, "01.1", None) == "Exercise 01.1: not answered yet.\n"
    assert printed(capsys, check, "1.1", 16) == "Exercise 1.1: there is no such exercise; names are like 00.1.\n"


@pytest.mark.parametrize("name", EXERCISES)
def test_every_exercise_survives_any_answer(name, capsys):
    def open_function(*arguments): ...

    for stub in (None, ..., (None, None), open_function if callable(EXERCISES[name].right) else None):
        assert printed(capsys, check, name, stub) == f"Exercise {name}: not answered yet.\n"
    strange = ("three", "", [], {}, object(), float("nan"), -1.5, torch.full((2, 3), 99.0), np.array(["a"]), len, 1j)
    for answer in (*strange, b"", {1: 2}, range(3), lambda *arguments: "?", lambda: 1):
        text = printed(capsys, check, name, answer)
        assert text.startswith(f"Exercise {name}: not yet. ") and text.endswith(f'. hint("{name}") helps.\n')


def test_an_answer_that_breaks_the_comparison_says_why(capsys, monkeypatch):
    def fault(answer, right):
        raise TypeError("no such thing")

    monkeypatch.setitem(EXERCISES, "99.1", Exercise(fault, 1))
    text = printed(capsys, check, "99.1", 1)
    assert text == 'Exercise 99.1: not yet. Your answer could not be read (no such thing). hint("99.1") helps.\n'


@pytest.mark.parametrize("state", ["autograde", "validate"])
def test_under_nbgrader_everything_but_the_right_answer_raises(state, capsys, monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", state)
    assert printed(capsys, check, "01.1", 16) == "Exercise 01.1: right.\n"
    with pytest.raises(AssertionError, match="Exercise 01.1: not yet. 12 is too small"):
        check("01.1", 12)
    with pytest.raises(AssertionError, match="Exercise 01.1: not answered yet"):
        check("01.1", None)


def test_hints_come_one_after_the_other_and_the_last_one_stays(capsys):
    texts = [printed(capsys, hint, "01.1") for _ in range(4)]
    assert texts[:3] == [f"Hint {k} of 3: {EXERCISES['01.1'].hints[k - 1]}\n" for k in (1, 2, 3)]
    assert texts[3] == texts[2]
    assert printed(capsys, hint, "01.2").startswith("Hint 1 of 3: ")
    assert printed(capsys, hint, "99.9") == "There is no exercise 99.9; names are like 00.1.\n"
