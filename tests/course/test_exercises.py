"""Each exercise: right answers in several forms or reached in several ways, typical wrong ones, and its hints."""

import math
import re

import numpy as np
import pytest
import torch
from helpers.answers import KINDS, RIGHT, SNEAKY, WRONG
from helpers.answers.common import no_function

from cae_lib.course import judging
from cae_lib.course.checks import EXERCISES, verdict

NEVER_BY_CHANCE = ("02.1", "03.2", "03.4", "03.5", "05.4", "06.5", "07.3", "11.1", "11.5")  # judged by what comes of it
SNEAKY = {name: ([], []) for name, kind in KINDS.items() if kind is not no_function} | SNEAKY


def gives_away(text: str, right) -> bool:
    """Whether a text holds the answer, or all parts of it: as a number or as a word."""
    if "One of these words" in text:  # all that may be said
        return False
    if callable(right):
        return "lambda " in text or "def " in text
    if isinstance(right, (list, torch.Tensor)):
        return str(torch.as_tensor(right).flatten().tolist()) in text
    if isinstance(right, str):
        return re.search(rf"\b{re.escape(right)}\b", text.lower()) is not None
    if isinstance(right, tuple):
        return all(gives_away(text, part) for part in right)
    numbers = [float(n.replace(",", "")) for n in re.findall(r"-?\d[\d,]*\.?\d*", text)]
    return any(math.isclose(n, right, rel_tol=1e-3) for n in numbers)


def test_every_exercise_is_tested_and_has_its_hints():
    assert list(EXERCISES) == list(RIGHT) == list(WRONG) == sorted(KINDS) == sorted(SNEAKY)


@pytest.mark.parametrize("name", EXERCISES)
def test_right_answers(name):
    assert len(RIGHT[name]) >= (2 if callable(EXERCISES[name].right) else 3)
    assert [verdict(name, answer) for answer in RIGHT[name]] == ["right."] * len(RIGHT[name])


@pytest.mark.parametrize("name", EXERCISES)
def test_wrong_answers_hear_what_is_wrong_but_not_what_is_right(name):
    assert len(WRONG[name]) >= 3
    for answer, words in WRONG[name]:
        said = verdict(name, answer)
        assert re.search(words, said), said
        assert said.startswith("not yet. ") and said.endswith(f' hint("{name}") helps.')
        assert not gives_away(said.removesuffix(f' hint("{name}") helps.'), EXERCISES[name].right)


def one_sentence(said: str, name: str) -> str:
    """What a check says is wrong, after looking at how it says it."""
    assert said.startswith("not yet. ") and said.endswith(f' hint("{name}") helps.'), said
    wrong = said.removeprefix("not yet. ").removesuffix(f' hint("{name}") helps.')
    assert wrong.endswith(".") and "\n" not in wrong and len(wrong) < 300, wrong
    assert not re.search(r"Traceback|object at 0x|could not be read", wrong), wrong
    return wrong


@pytest.mark.parametrize("name", EXERCISES)
def test_answers_of_another_kind_hear_what_is_wanted(name, monkeypatch):
    monkeypatch.setattr(judging, "SECONDS", 1.0)
    rows = KINDS[name](EXERCISES[name].right)
    assert len(rows) >= 8
    for answer, words in rows:
        assert re.search(words, one_sentence(verdict(name, answer), name)), verdict(name, answer)


def value_of(f, case) -> np.ndarray:
    result = f(*case)
    return torch.as_tensor(result[0] if isinstance(result, tuple) else result).detach().numpy()


@pytest.mark.parametrize("name", [name for name in EXERCISES if KINDS[name] is no_function])
def test_functions_that_are_right_in_the_obvious_cases_only(name):
    obvious, functions = SNEAKY[name]
    assert len(obvious) * len(functions) > 1 or name in NEVER_BY_CHANCE
    for f in functions:
        for case in obvious:
            assert np.allclose(value_of(f, case), value_of(EXERCISES[name].right, case), rtol=0.01)
        one_sentence(verdict(name, f), name)


@pytest.mark.parametrize("name", EXERCISES)
def test_each_mistake_is_told_apart_and_gives_nothing_away(name):
    exercise = EXERCISES[name]
    for sentence, mistake in exercise.mistakes.items():
        assert exercise.complaint(mistake) == sentence
        assert not gives_away(sentence, exercise.right)


@pytest.mark.parametrize("name", EXERCISES)
def test_three_hints_that_differ_and_give_nothing_away(name):
    assert len(set(EXERCISES[name].hints)) == 3
    for text in EXERCISES[name].hints:
        assert text.endswith((".", "?")) and not gives_away(text, EXERCISES[name].right)
