"""check and hint: what they print, that they never raise, and what nbgrader needs."""

import re

import numpy as np
import pytest
import torch

from cae_lib.course import checks, solutions
from cae_lib.course.checks import EXERCISES, check, hint
from cae_lib.course.exercises import nb07
from cae_lib.course.judging import Exercise, essay, function, number
from cae_lib.headless.runner import NOTEBOOKS


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    checks.given.clear()
    checks.done.clear()
    monkeypatch.setitem(EXERCISES, "99.1", Exercise(number(), 3, {}, ("One.", "Two.", "Three."), "It is 1 + 2."))
    monkeypatch.setitem(EXERCISES, "99.2", Exercise(function((1,), (2,)), twice, hints=("One.",)))
    monkeypatch.setitem(
        EXERCISES, "99.3", Exercise(essay(4), "It depends on this and that.", why="Good answers say so.")
    )


def twice(x):
    return 2 * x


def printed(capsys, call, *arguments) -> str:
    call(*arguments)
    return capsys.readouterr().out


def test_right_wrong_and_open(capsys):
    assert printed(capsys, check, "99.1", 3) == (
        "Exercise 99.1: right. It is 1 + 2.\n1 of 3 exercises of notebook 99 are done.\n"
    )
    assert printed(capsys, check, "99.1", 2) == 'Exercise 99.1: not yet. 2 is too small. hint("99.1") helps.\n'
    assert printed(capsys, check, "99.1", None) == "Exercise 99.1: not answered yet.\n"
    assert printed(capsys, check, "1.1", 16) == "Exercise 1.1: there is no such exercise; names are like 00.1.\n"


def test_how_many_are_done_is_counted_once_each(capsys):
    answers = [("99.1", 3), ("99.1", 3), ("99.2", lambda x: x + x), ("99.1", 2), ("99.1", 3)]
    lines = [printed(capsys, check, *answer).splitlines()[-1] for answer in answers]
    assert [line[0] for line in lines if "are done" in line] == ["1", "1", "2", "2"]


def test_an_open_question_is_kept_and_gets_its_rubric(capsys):
    assert printed(capsys, check, "99.3", "one two three four").startswith(
        "Exercise 99.3: kept. Compare it with this: Good answers say so.\n"
    )
    assert "2 words are few: write 4 or more" in printed(capsys, check, "99.3", "two words")
    assert "A text is wanted, in quotation marks" in printed(capsys, check, "99.3", 7)
    for stub in (None, ...):
        assert printed(capsys, check, "99.3", stub) == "Exercise 99.3: not answered yet.\n"


def test_build_gives_back_a_function_that_works(capsys):
    def own(x):
        return x + x

    def stub(x): ...

    assert checks.build("99.2", own).__wrapped__ is own
    assert capsys.readouterr().out.startswith("Exercise 99.2: right.")
    for other, said in ((stub, "not answered yet."), (lambda x: x, "not yet."), (None, "not answered"), ("f", "text")):
        assert checks.build("99.2", other) is twice
        text = capsys.readouterr().out
        assert said in text and text.endswith("Until it is right, the notebook goes on with the kit's own.\n")


@pytest.mark.parametrize("kind", [list, np.array, torch.tensor], ids=["list", "array", "tensor"])
def test_what_build_gives_back_returns_tensors(kind, capsys):
    """A list may be right, and the notebook goes on with tensors."""

    def pool(maps):
        return kind(torch.nn.functional.max_pool2d(maps, 2).tolist())

    result = checks.build("01.4", pool)(torch.rand(1, 2, 4, 4))
    assert "right." in capsys.readouterr().out
    assert isinstance(result, torch.Tensor) and result.dtype == torch.float32 and result.shape == (1, 2, 2, 2)


@pytest.mark.parametrize("result", [["a", "b"], [torch.ones(2), torch.ones(2, 3)], ("a", 1), [], 3, None], ids=repr)
def test_what_is_no_list_of_numbers_stays_as_it_is(result):
    assert checks.in_tensors(lambda: result)() is result


def test_the_kits_own_function_is_no_answer(capsys):
    """Its cell run twice hands over what it gave back the first time."""
    assert checks.build("99.2", twice) is twice
    assert "the kit's own function. Run the cell with yours" in capsys.readouterr().out
    assert checks.done == set()


@pytest.mark.parametrize("name", EXERCISES)
def test_every_exercise_survives_any_answer(name, capsys):
    def open_function(*arguments): ...

    for stub in (None, ..., (None, None), open_function if callable(EXERCISES[name].right) else None):
        assert printed(capsys, check, name, stub) == f"Exercise {name}: not answered yet.\n"
    if EXERCISES[name].is_open:
        return
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
    assert printed(capsys, check, "99.1", 3).startswith("Exercise 99.1: right.")
    for call, wrong in ((check, 2), (checks.build, 2)):
        with pytest.raises(AssertionError, match="Exercise 99.1: not yet. 2 is too small"):
            call("99.1", wrong)
        with pytest.raises(AssertionError, match="Exercise 99.1: not answered yet"):
            call("99.1", None)


def test_three_hints_and_then_the_solution(capsys, monkeypatch):
    monkeypatch.setattr(checks, "solution_of", lambda name: f"answer = 3  # of {name}")
    texts = [printed(capsys, hint, "99.1") for _ in range(5)]
    assert [text.splitlines()[0] for text in texts[:3]] == [
        "Hint 1 of 3: One.",
        "Hint 2 of 3: Two.",
        "Hint 3 of 3: Three.",
    ]
    assert texts[2].endswith('hint("99.1") once more shows the solution.\n')
    assert texts[3] == texts[4] == "answer = 3  # of 99.1\n"
    assert printed(capsys, hint, "01.2").startswith("Hint 1 of 3: ")
    assert printed(capsys, hint, "99.9") == "There is no exercise 99.9; names are like 00.1.\n"


@pytest.mark.parametrize("name", EXERCISES)
def test_every_solution_is_found_and_without_it_a_sentence_says_so(name, capsys, monkeypatch, tmp_path):
    checks.given[name] = 3
    text = printed(capsys, hint, name)
    assert text.strip() and "SOLUTION" not in text and "not in this copy" not in text
    monkeypatch.setattr(solutions, "SOLUTIONS", tmp_path)
    assert printed(capsys, hint, name).startswith("The solutions are not in this copy of the kit: ")


def test_what_is_built_in_notebook_07_returns_whole_numbers(capsys):
    table = checks.build("07.2", lambda counts: torch.tensor(nb07.to_table(counts)))([2, 1, 1])
    data = nb07.encode([0, 1], [table] * 2)
    symbols = checks.build("07.4", lambda data, tables: np.array(nb07.decode(data, tables)))(data, [table] * 2)
    assert symbols == [0, 1] and {type(value) for value in table + symbols} == {int}
    assert "not yet" not in capsys.readouterr().out


def test_the_words_that_a_notebook_asks_for_are_those_of_the_check():
    for path in sorted((NOTEBOOKS / "solutions").glob("[0-9]*.ipynb")):
        asked = re.findall(r"\((\d+) words or more", path.read_text(encoding="utf-8"))
        open_ones = [e.way.words for name, e in EXERCISES.items() if name[:2] == path.name[:2] and e.is_open]
        assert [int(words) for words in asked] == open_ones, path.name
