"""The exercises' checks: right, wrong, unanswered or unreadable, they say so and never raise."""

import numpy as np
import pytest
import torch

from cae_lib.checks import EXERCISES, Exercise, check, close, same, tensor

RIGHT = {
    "05.1": 64 / 12,
    "05.2": 0.035525,
    "05.3": 12,
    "05.4": 896 + (32 * 9 * 12 + 12) + (12 * 9 * 3 + 3),
    "05.5": torch.arange(16.0).reshape(1, 1, 2, 2, 2, 2).mean((3, 5)).repeat_interleave(2, 2).repeat_interleave(2, 3),
}
WRONG = {"05.1": 3, "05.2": 0.07105, "05.3": 64, "05.4": 21_123, "05.5": torch.arange(16.0).reshape(1, 1, 4, 4)}


def said(capsys, name, answer) -> str:
    check(name, answer)
    return capsys.readouterr().out


@pytest.mark.parametrize("name", RIGHT)
def test_right_and_wrong_answers(name, capsys):
    assert said(capsys, name, RIGHT[name]) == f"Exercise {name}: right.\n"
    hint = EXERCISES[name].hint
    assert said(capsys, name, WRONG[name]) == f"Exercise {name}: not yet. Hint: {hint}\n"


@pytest.mark.parametrize("name", EXERCISES)
def test_every_exercise_survives_any_answer(name, capsys):
    for answer in (None, ...):
        assert said(capsys, name, answer) == f"Exercise {name}: not answered yet.\n"
    for answer in ("three", "", [], {}, object(), float("nan"), -1.5, torch.full((2, 3), 99.0), np.array(["a"]), print):
        text = said(capsys, name, answer)
        assert text.startswith(f"Exercise {name}: not yet.") and text.endswith(f"Hint: {EXERCISES[name].hint}\n")


def test_an_answer_that_cannot_be_read_says_why(capsys, monkeypatch):
    def fault(answer):
        raise TypeError("no such thing")

    monkeypatch.setitem(EXERCISES, "99.1", Exercise(fault, "think"))
    text = said(capsys, "99.1", 1)
    assert text == "Exercise 99.1: not yet. Your answer could not be read (no such thing). Hint: think\n"


def test_close_means_within_the_relative_tolerance():
    right = close(-200, 0.01)
    assert [right(a) for a in (-200, -198.1, "-202", -197.9, 200)] == [True, True, True, False, False]


def test_same_compares_words_tuples_and_numbers():
    assert same("no")(" No ") and not same("no")("yes")
    assert same((3, 32))([3, 32]) and same((3, 32))(torch.Size([3, 32])) and not same((3, 32))((32, 3))
    assert same(12)(12.0) and not same(12)(13)


def test_tensor_compares_shape_and_values():
    right = tensor(lambda: torch.tensor([[1, 2]]))
    assert right([[1, 2]]) and right(np.array([[1.00005, 2.0]]))
    assert not right([1, 2]) and not right([[1, 2.1]])


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_hints_are_sentences(exercise):
    assert exercise.hint[0].isupper() or exercise.hint[0].isdigit() or "(" in exercise.hint
    assert exercise.hint.endswith((".", "?"))
