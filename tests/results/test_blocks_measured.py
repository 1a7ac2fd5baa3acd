"""The stored measurement of the codec of notebook 06: it fits the code and the stored race."""

import json

import pytest
import torch

from cae_lib.codec.blocks import ROUNDING, STEPS, BlockCodec
from cae_lib.data.images import load_images
from cae_lib.race.rate_distortion import bd, curve
from cae_lib.results import blocks, measurements


def test_measure_writes_what_it_measured(tmp_path, monkeypatch):
    train, test = load_images("train", "stand-in").take(60), load_images("test", "stand-in")
    monkeypatch.setattr(blocks, "MEASURED", 6)
    monkeypatch.setattr(blocks, "roundings", lambda train: [])
    few = {blocks.REFERENCE: blocks.REFERENCE, blocks.OURS: BlockCodec(train.images, qualities=(1, 5, 10))}
    monkeypatch.setattr(blocks, "contestants", lambda train: few.items())
    found = blocks.measure(train, test, tmp_path / "blocks.json")
    assert found == json.loads((tmp_path / "blocks.json").read_text())
    assert (found["source"], found["images"], found["train_images"]) == ("stand-in", 6, 60)
    assert found["rows"][0]["bd_rate"] == pytest.approx(0)


def test_the_stored_rows_belong_together():
    stored = measurements.stored("blocks")
    assert (stored["source"], stored["images"], stored["train_images"]) == ("CIFAR-10", 500, 50_000)
    reference = stored["rows"][0]["points"]
    assert [row["what"] for row in stored["rows"][:2]] == [blocks.REFERENCE, blocks.OURS]
    for row in stored["rows"]:
        assert row["bd_rate"] == pytest.approx(bd(reference, row["points"])["bd_rate"])
    race = measurements.stored("codecs")["curves"]["JPEG 4:4:4"]
    for point, raced in zip(reference, race, strict=True):
        assert point["payload_bpp"] == pytest.approx(raced["payload_bpp"], rel=0.01)
    for point in stored["rows"][1]["points"]:
        assert point["file_bpp"] - point["payload_bpp"] == pytest.approx(3 * 8 / 1024)
    (kit,) = [p for p in measurements.stored("chart")["points"] if p["notebook"] == "06"]
    assert (kit["rate"], kit["psnr"]) in [(p["file_bpp"], p["psnr"]) for p in stored["rows"][1]["points"]]


def test_the_rounding_is_the_one_that_is_best_on_training_images():
    stored = measurements.stored("blocks")
    assert min(stored["roundings"], key=lambda row: row["bd_rate"])["rounding"] == ROUNDING == stored["rounding"]


def test_roundings_see_training_images_alone(monkeypatch):
    train = load_images("train", "stand-in").take(60)
    monkeypatch.setattr(blocks, "ROUNDINGS", (0.5, 0.3))
    monkeypatch.setattr(blocks, "HELD_OUT", 4)
    monkeypatch.setattr(blocks, "COUNTED", 40)
    seen = []
    monkeypatch.setattr(blocks, "curve", lambda images, coder: seen.append(images) or curve(images, coder))
    rows = blocks.roundings(train)
    assert [row["rounding"] for row in rows] == [0.5, 0.3] and rows[0]["bd_rate"] == pytest.approx(0)
    assert all(torch.equal(images, train.images[-4:]) for images in seen)


def test_the_figure_draws_the_stored_rows():
    figure, numbers = blocks.blocks()
    assert [bar.get_width() for bar in figure.axes[0].patches] == [row["bd_rate"] for row in numbers["rows"][1:]]
    assert len(numbers["rows"][1]["points"]) == len(STEPS)
