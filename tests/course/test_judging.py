"""The ways to compare an answer with the right one: what they accept, and what they say."""

import time
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cae_lib.course import judging
from cae_lib.course.judging import Exercise, array, function, number, parts, word
from cae_lib.course.reading import Unanswered, Unreadable, show


@pytest.mark.parametrize(
    "answer",
    [1920, 1920.0, np.int64(1920), np.float32(1920), np.array([1920]), torch.tensor(1920.0), torch.tensor([[1920]]),
     torch.tensor(1920.0, requires_grad=True), [1920], Fraction(3840, 2), Decimal("1920")],
)  # fmt: skip
def test_a_number_may_be_written_in_any_way(answer):
    assert number()(answer, 1920) == ""


@given(st.integers(-(10**9), 10**9))
def test_neighbours_of_a_whole_number_are_wrong(value):
    assert number()(value, value) == number()(float(value), value) == ""
    assert number()(value + 1, value) != "" != number()(value - 1, value)


@pytest.mark.parametrize(
    "answer", ["1920", "1,920", " 3840/2 ", "three", "", b"1920", np.str_("1920"), np.array("1920")]
)
def test_a_number_in_quotation_marks_is_told_to_be_text(answer):
    with pytest.raises(Unreadable, match=r"^(b?'.*') is text: .*wanted, without quotation marks\.$"):
        number()(answer, 1920)


def test_a_comma_in_a_number_is_explained():
    for answer in ((1, 920), (6, 0.02)):
        with pytest.raises(Unreadable, match="The comma makes .* 2 numbers: one is wanted, decimals with a point"):
            number()(answer, 1920)


def test_a_wrong_number_is_too_small_too_large_of_wrong_sign_or_not_whole():
    assert number()(15, 16) == "15 is too small."
    assert number()(153_600_001, 153_600_000) == "153,600,001 is too large."
    assert number(0.01)(-2.0, 2.0) == "The size is right, but the sign is not."
    assert number()(15.5, 16) == "A whole number is wanted, and 15.5 is none."
    assert number()(float("inf"), 2.4) == number()(10**400, 2) == "inf is too large."


def test_a_number_is_right_within_the_relative_tolerance():
    assert [number(0.01)(a, -200) == "" for a in (-200, -198.1, -202, -197.9, -202.1)] == [True] * 3 + [False] * 2


@pytest.mark.parametrize("answer", [[], [1, 2], {}, {1920}, object(), float("nan"), True, 1j, len, np.array([1j])])
def test_what_is_no_number_is_called_so(answer):
    with pytest.raises(Unreadable, match=r"One number is wanted|nested lists of numbers are wanted"):
        number()(answer, 1)


def test_words():
    yes_no, gap = word("yes", "no"), word("over overfit overfits", "under", "good")
    assert yes_no("NO", "no") == yes_no("'no'.", "no") == yes_no(False, "no") == yes_no(np.True_, "yes") == ""
    assert (
        gap("it over-fits", "over") == gap(np.str_("Overfit"), "over") == word("mean", "median")(np.mean, "mean") == ""
    )
    assert yes_no("yes", "no") == "'yes' is not it."
    for answer in (3, "maybe", "no yes", "", ["no"], b"no", object):
        with pytest.raises(
            Unreadable, match='One of these words is wanted, in quotation marks: "yes" or "no"; .* none'
        ):
            yes_no(answer, "no")


def test_parts_are_compared_one_by_one_and_named():
    way = parts(low=number(), the_word=word("left", "right"))
    assert way([0.5, "left"], (0.5, "left")) == way((Fraction(1, 2), "LEFT"), (0.5, "left")) == ""
    assert way((1, "left"), (0.5, "left")) == "Low: 1 is too large."
    assert way((0.5, "right"), (0.5, "left")) == "The word: 'right' is not it."
    for answer in (0.5, (0.5,), "ab", {"low": 0.5, "the word": "a"}, {0.5, "a"}):
        with pytest.raises(
            Unreadable, match=r"A tuple is wanted: \(low, the word\), and (.* is none|yours has 1 part)"
        ):
            way(answer, (0.5, "left"))
    with pytest.raises(Unreadable, match=r"^Low: '1/2' is text"):
        way(("1/2", "left"), (0.5, "left"))


def test_arrays_are_compared_in_value_and_shape():
    right = torch.arange(4.0).reshape(2, 2)
    same = (right, right.numpy(), right.tolist(), right[None, None], right.clone().requires_grad_(), right + 1e-5)
    for answer in same:
        assert array(answer, right) == ""
    assert array([[0, 1], [2.5, 3]], right) == "At [1, 0] it is 2.5: too large."
    assert array([[0, 1], [2, float("nan")]], right) == "At [1, 1] it is nan, as 0 / 0 gives it."
    assert array([0, 1, 2, 3], right) == "Its shape is (4,), and (2, 2) is wanted."
    with pytest.raises(Unreadable, match="nested lists of numbers"):
        array([[0, 1], [2]], right)
    strange = {"'0' is text": [["0", "1"], ["2", "3"]], "\\]\\]' is text": "[[0, 1], [2, 3]]"}
    strange |= {"still a None": [[0, 1], [None, 3]], "is neither": right.to(torch.complex64)}
    for words, answer in strange.items():
        with pytest.raises(Unreadable, match=words):
            array(answer, right)


def test_an_image_may_have_its_channels_first_or_last():
    right = torch.arange(48.0).reshape(1, 3, 4, 4)
    for answer in (right, right[0], right.permute(0, 2, 3, 1), right[0].permute(1, 2, 0).numpy()):
        assert array(answer, right) == ""
    wrong = right[0].permute(1, 2, 0).clone()
    wrong[1, 2, 0] = 0
    assert array(wrong, right) == "At [1, 2, 0] it is 0: too small."


def double(x):
    return 2 * x


def test_a_function_fails_on_the_first_input_where_it_differs():
    way = function((0,), (3,), (5,))
    assert way(lambda x: torch.tensor(x + x), double) == ""

    def square(x):
        return x * x

    assert way(square, double) == "square(3) returns 9, not 6."
    assert way(lambda x: 1 / x, double) == "your function(0) raises ZeroDivisionError: division by zero."
    assert way(lambda x: None if x else 0, double) == "your function(3) returns nothing."
    assert way(lambda x: "six", double) == (
        "your function(0) is wrong. 'six' is text: a number is wanted, without quotation marks."
    )
    assert "takes 0 positional arguments" in way(lambda: 0, double)
    assert way(lambda x: exit("bye"), double) == "your function(0) raises SystemExit: bye."
    for answer, words in (
        (double(3), "its name without brackets"),
        ("double", "'double' is text: the function itself"),
    ):
        with pytest.raises(Unreadable, match=words):
            way(answer, double)


@pytest.mark.parametrize("greedy", [False, True])
def test_a_function_that_does_not_end_is_stopped(greedy, monkeypatch):
    monkeypatch.setattr(judging, "SECONDS", 0.1)

    def endless(x):
        while x:
            try:
                x = x + 1
            except BaseException:
                if not greedy:
                    raise
                time.sleep(0.15)  # the second alarm comes here, where nothing is caught

    way = function((0,), (3,))
    with pytest.raises(Unreadable, match=r"^endless\(3\) has not ended after 0\.1 seconds, and was stopped\.$"):
        Exercise(way, double, {"It squares.": lambda x: x * x}).complaint(endless)
    assert way(double, double) == ""
    time.sleep(0.2)  # nothing comes afterwards


def test_a_function_that_prints_is_no_stub(capsys):
    def spoken(x):
        print(2 * x)

    way = function((0,), (3,))
    assert way(spoken, double) == "spoken prints, but it returns nothing: end it with return."
    assert way(lambda x: print("on the way") or 2 * x, double) == ""
    assert not capsys.readouterr().out, "what an answer prints is not mixed with the verdict"
    with pytest.raises(Unanswered):
        way(lambda x: None, double)


def test_a_function_cannot_spoil_the_inputs():
    def greedy(values):
        return sum(values.pop() for _ in range(len(values)))

    assert function(([1, 2],), ([3],))(greedy, sum) == ""


@pytest.mark.parametrize("stub", [None, ..., (None, ...), [None]])
def test_stubs_are_unanswered_whatever_is_asked(stub):
    pair = parts(a=word("a"), b=word("b"))
    for way, right in (
        (number(), 1),
        (word("a"), "a"),
        (array, [1]),
        (pair, ("a", "b")),
        (function((1,)), abs),
    ):
        with pytest.raises(Unanswered):
            way(stub, right)


def test_a_function_that_is_a_stub_is_unanswered():
    def not_implemented(x):
        raise NotImplementedError

    for stub in (lambda x: None, lambda x: ..., not_implemented):
        with pytest.raises(Unanswered):
            function((1,), (2,))(stub, double)


def test_a_typical_mistake_is_called_by_name():
    exercise = Exercise(number(), 12_832, {"That is the number without the biases.": 12_800})
    assert exercise.complaint(12_832) == ""
    assert exercise.complaint(12_800.0) == "That is the number without the biases."
    assert exercise.complaint(9) == "9 is too small."


def test_a_mistake_in_a_function_is_known_by_what_it_returns():
    exercise = Exercise(function((1,), (2,)), double, {"It squares.": lambda x: x * x})
    assert exercise.complaint(lambda x: x**2) == "It squares."
    assert exercise.complaint(lambda x: x) == "your function(1) returns 1, not 2."


def test_values_are_shown_short_and_in_one_line():
    assert show(lambda: 1) == "a function" and show(double) == "the function double" and show(int) == "the class int"
    assert show(np.zeros((3, 3))) == "a float64 array of shape (3, 3)"
    assert show(np.array([[1, 2], [3, 4]])) == "[[1, 2], [3, 4]]"
    for value in (10**400, 1e308, -1e300, np.arange(9).reshape(3, 3).astype(str), "x\n" * 100, object(), 1e-300):
        assert len(show(value)) <= 60 and "\n" not in show(value)
