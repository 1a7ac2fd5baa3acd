"""The chart: points from bytes or from numbers and bits, the student's own beside the kit's, and what is refused."""

import math

import numpy as np
import pytest
import torch

from cae_lib.base.errors import UsageError
from cae_lib.course import chart as charts
from cae_lib.course.chart import add_point, chart
from cae_lib.results import measurements


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    monkeypatch.setattr(charts, "FILE", tmp_path / "chart.json")
    return charts.FILE


def names(figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def places(figure, label: str) -> list[tuple]:
    (line,) = [line for line in figure.axes[0].lines if line.get_label() == label]
    return list(zip(*line.get_data(), strict=True))


def test_points_of_bytes_and_of_numbers(capsys):
    add_point("png", math.inf, size=1024, source="x")
    add_point("means", torch.tensor(25.14), numbers=768, source="x")
    add_point("coarse", np.float64(20), numbers=768, bits=2, source="x")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "png: 8 bits per pixel (bytes of files), lossless"
    assert lines[1] == "means: 6 bits per pixel (numbers × bits), 25.1 dB"
    assert lines[2] == "coarse: 1.5 bits per pixel (numbers × bits), 20.0 dB"


def test_own_points_are_drawn_beside_the_kits_that_came_so_far():
    add_point("mine", 25, numbers=512, source="CIFAR-10")
    add_point("other", 20, numbers=512, source="stand-in")
    add_point("mine", 26, numbers=256, source="CIFAR-10")
    figure = chart("00", "CIFAR-10")
    assert places(figure, "yours, numbers × bits") == [(2, 26)]
    stored = measurements.stored("chart")["points"]
    kits = [p["name"] for p in stored if p["notebook"] == "00"]
    assert sorted(names(figure)) == sorted([*kits, "mine"])
    assert set(names(chart("99", "stand-in"))) == {*(p["name"] for p in stored), "other"}


def test_a_code_that_becomes_bytes_keeps_both_points_and_one_name():
    add_point("mine", 25, numbers=512, source="x")
    add_point("mine", 25, size=300, source="x")
    add_point("mine", 24, size=200, source="x")
    figure = chart("00", "x")
    assert places(figure, "yours, numbers × bits") == [(4, 25)]
    assert places(figure, "yours, bytes of files") == [(200 / 128, 24)]
    assert names(figure).count("mine") == 1
    (arrow,) = figure.axes[0].patches
    assert arrow.get_path().vertices[-1] == pytest.approx((200 / 128, 24), rel=0.2)


def test_lossless_points_lie_above_all_others():
    add_point("loud", 60, numbers=512, source="CIFAR-10")
    figure = chart("00", "CIFAR-10")
    line = figure.axes[0].lines[-1].get_ydata()[0]  # grey, across
    assert all(y > line for _, y in places(figure, "the kit's (CIFAR-10), bytes of files"))
    assert places(figure, "yours, numbers × bits")[0][1] < line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (dict(psnr=20), "Give the size"),
        (dict(psnr=20, size=3, numbers=4), "Give the size"),
        (dict(psnr=math.nan, numbers=4), "nan is none"),
        (dict(psnr=20, numbers=0), "more than 0 bits"),
        (dict(psnr=20, size=-1), "more than 0 bits"),
        (dict(psnr=20, size=math.inf), "more than 0 bits"),
    ],
)
def test_no_point(arguments, words):
    with pytest.raises(UsageError, match=words):
        add_point("x", source="CIFAR-10", **arguments)
    assert charts.kept() == {}


@pytest.mark.parametrize("content", ["", "[]", '{"CIFAR-10": [{"name": 1}]}', '{"CIFAR-10": 3}'])
def test_a_damaged_file_is_an_empty_one(content, file):
    file.write_text(content)
    chart("00", "CIFAR-10")
    add_point("mine", 25, numbers=512, source="CIFAR-10")
    assert len(charts.kept()["CIFAR-10"]) == 1


def test_a_folder_that_cannot_be_written_stops_no_notebook(file, monkeypatch, capsys):
    (file.parent / "runs").write_text("a file where the folder should be")
    monkeypatch.setattr(charts, "FILE", file.parent / "runs" / "chart.json")
    add_point("png", 30, size=1024, source="x")
    assert "png  not kept, and so not on the chart: " in capsys.readouterr().out
