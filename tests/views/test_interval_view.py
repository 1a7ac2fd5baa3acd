"""The rows of the arithmetic coder's interval: each begins and ends where the row above chose."""

import pytest

from cae_lib.base.picture import describe
from cae_lib.views.intervals import intervals


def test_each_row_is_the_part_chosen_above():
    figure = intervals("BA", {"A": 0.5, "B": 0.25, "C": 0.25})
    first, second = figure.axes
    assert [label.get_text() for label in first.get_xticklabels()] == ["0.0000", "1.0000"]
    assert [label.get_text() for label in second.get_xticklabels()] == ["0.5000", "0.7500"]
    assert second.get_ylabel() == "B, then A"
    assert [text.get_text() for text in first.texts] == ["A", "B", "C"]
    widths = [bar.get_width() for bar in first.patches]
    assert widths == pytest.approx([0.5, 0.25, 0.25])
    marked = [bar.get_facecolor() != (1, 1, 1, 1) for bar in first.patches]
    assert marked == [False, True, False]
    assert describe(figure) == "BA narrows the interval to 0.5000 ... 0.6250. first B: A; B; C. B, then A: A; B; C"
