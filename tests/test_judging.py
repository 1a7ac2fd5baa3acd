"""The ways to compare an answer with the right one: what they accept, and what they say."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from cae_lib.judging import Exercise, Unanswered, Unreadable, array, function, number, parts, word


@pytest.mark.parametrize(
    "answer",
    [1920, 1920.0, "1,920", "1_920", " 1920 ", "3840/2", np.int64(1920), np.array([1920]), torch.tensor(1920.0),
     torch.tensor([[1920]]), [1920], Fraction(3840, 2), Decimal("1920")],
)  # fmt: skip
def test_a_number_may_be_written_in_any_way(answer):
    assert number()(answer, 1920) == ""


@given(st.integers(-(10**9), 10**9))
def test_whole_numbers_are_read_back_from_text(value):
    assert number()(f"{value:,}", value) == number()(str(value), value) == ""
    assert number()(value + 1, value) != "" != number()(value - 1, value)


def test_a_decimal_comma_is_no_thousands_separator():
    assert number()("6,02", 6.02) == ""
    assert number()("6,020", 6020) == ""
    assert number()("0,125", 0.125) == number()("-0,125", -0.125) == ""


def test_a_wrong_number_is_too_small_too_large_of_wrong_sign_or_not_whole():
    assert number()(15, 16) == "15 is too small."
    assert number()(153_600_001, 153_600_000) == "153,600,001 is too large."
    assert number(0.01)(-2.0, 2.0) == "The size is right, but the sign is not."
    assert number()(15.5, 16) == "A whole number is wanted, and 15.5 is none."
    assert number()(float("inf"), 2.4) == "inf is too large."


def test_a_number_is_right_within_the_relative_tolerance():
    assert [number(0.01)(a, -200) == "" for a in (-200, -198.1, "-202", -197.9, -202.1)] == [True] * 3 + [False] * 2


@pytest.mark.parametrize("answer", ["three", "", [], [1, 2], {}, object(), float("nan"), True, 1j, len, np.array("a")])
def test_what_is_no_number_is_called_so(answer):
    with pytest.raises(Unreadable, match=r"One number is wanted|nested lists of numbers are wanted"):
        number()(answer, 1)


@pytest.mark.parametrize("answer", ["tanh", " Tanh", "torch.tanh", "nn.Tanh()", torch.tanh, nn.Tanh, nn.Tanh()])
def test_an_activation_may_be_named_or_given(answer):
    assert word(answer, ("tanh", "softsign")) == ""


def test_words():
    assert word("NO", "no") == word("'no'.", "no") == word(False, "no") == word(True, "yes") == ""
    assert word("yes", "no") == "'yes' is not it."
    with pytest.raises(Unreadable, match="in quotation marks, and 3 is none"):
        word(3, "no")


def test_parts_are_compared_one_by_one_and_named():
    way = parts(low=number(), the_word=word)
    assert way([0.5, "a"], (0.5, "a")) == way((Fraction(1, 2), "A"), (0.5, "a")) == ""
    assert way((1, "a"), (0.5, "a")) == "Low: 1 is too large."
    assert way((0.5, "b"), (0.5, "a")) == "The word: 'b' is not it."
    for answer in (0.5, (0.5,), "ab"):
        with pytest.raises(Unreadable, match=r"\(low, the word\)"):
            way(answer, (0.5, "a"))


def test_arrays_are_compared_in_value_and_shape():
    right = torch.arange(4.0).reshape(2, 2)
    same = (right, right.numpy(), right.tolist(), right[None, None], right.clone().requires_grad_(), right + 1e-5)
    for answer in same:
        assert array(answer, right) == ""
    assert array([[0, 1], [2.5, 3]], right) == "At [1, 0] it is 2.5: too large."
    assert array([[0, 1], [2, float("nan")]], right) == "At [1, 1] it is nan: too large."
    assert array([0, 1, 2, 3], right) == "Its shape is (4,), and (2, 2) is wanted."
    with pytest.raises(Unreadable, match="nested lists of numbers"):
        array([[0, 1], [2]], right)


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
    assert way(lambda x: "six", double) == "your function(0) returns 'six', which cannot be right."
    assert "takes 0 positional arguments" in way(lambda: 0, double)
    with pytest.raises(Unreadable, match="its name without brackets"):
        way(double(3), double)


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
    pair = parts(a=word, b=word)
    for way, right in ((number(), 1), (word, "a"), (array, [1]), (pair, ("a", "b")), (function((1,)), abs)):
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
    assert exercise.complaint("12,800") == "That is the number without the biases."
    assert exercise.complaint(9) == "9 is too small."


def test_a_mistake_in_a_function_is_known_by_what_it_returns():
    exercise = Exercise(function((1,), (2,)), double, {"It squares.": lambda x: x * x})
    assert exercise.complaint(lambda x: x**2) == "It squares."
    assert exercise.complaint(lambda x: x) == "your function(1) returns 1, not 2."
