"""The steps from JPEG to the DCT codec: JPEG's own symbols in our tables, and a stored table that fits the code."""

import json

import pytest
import torch

from cae_lib.codec.dct import ROUNDING, calibrate
from cae_lib.data.images import load_images, scale
from cae_lib.metrics import mse
from cae_lib.race import rate_distortion
from cae_lib.race.baselines import JPEG_STEPS
from cae_lib.race.codecs import codec_named
from cae_lib.race.rates import bd_rate, pooled_psnr
from cae_lib.results import dct_steps, measurements


@pytest.fixture(scope="module")
def train():
    return load_images("train", "stand-in").take(100)


def psnr_of_both(ours: torch.Tensor, jpegs: torch.Tensor, images: torch.Tensor) -> list[float]:
    """PSNR in dB of our pictures and of JPEG's."""
    return [pooled_psnr(mse(scale(made, (0.0, 1.0)), scale(images, (0.0, 1.0)))) for made in (ours, jpegs)]


@pytest.mark.parametrize("quality", [1, 6, 9, 15])
def test_our_pictures_of_jpegs_symbols_are_as_good_as_jpegs(train, quality):
    """Equal but for roundings: JPEG rounds colours and pixels to whole numbers in between, we do not."""
    codec = dct_steps.nearest(train, steps=dct_steps.jpeg_matrices(), colours=dct_steps.JPEG_COLOURS)
    jpeg = codec_named("JPEG 4:4:4")
    jpegs = jpeg.decode(jpeg.encode(train.images, JPEG_STEPS[quality - 1]))
    ours, theirs = psnr_of_both(codec.synthesise(codec.analyse(train.images, quality), quality), jpegs, train.images)
    assert ours == pytest.approx(theirs, abs=0.15 if quality < 15 else 0.25)


def test_flat_jpeg_is_jpeg_with_one_step(train):
    flat, sizes = dct_steps.FlatJpeg("flat", "JPEG", (60, 10), (60, 10)), []
    codec = dct_steps.nearest(train, steps=(60, 10), colours=dct_steps.JPEG_COLOURS)
    for quality, step in ((1, 60), (2, 10)):
        files = flat.encode(train.images, step)
        sizes.append(sum(map(flat.payload_size, files)))
        made = codec.synthesise(codec.analyse(train.images, quality), quality)
        ours, theirs = psnr_of_both(made, flat.decode(files), train.images)
        assert ours == pytest.approx(theirs, abs=0.15)
    assert sizes[0] < sizes[1]


def test_measure_writes_what_it_measured(train, tmp_path, monkeypatch):
    monkeypatch.setattr(dct_steps, "MEASURED", 8)
    monkeypatch.setattr(dct_steps, "dead_zones", lambda train: [])
    steps = {"JPEG 4:4:4": "JPEG 4:4:4", "dct": calibrate(train, (100, 40, 10))}
    monkeypatch.setattr(dct_steps, "contestants", lambda train: steps.items())
    found = dct_steps.measure(train, load_images("test", "stand-in"), tmp_path / "steps.json")
    assert found == json.loads((tmp_path / "steps.json").read_text())
    assert (found["source"], found["images"], found["train_images"]) == ("stand-in", 8, 100)
    reference, ours = found["rows"]
    assert reference["bd_rate"] == pytest.approx(0) and ours["bd_rate"] < 0
    assert ours["bd_range"] == [max(p[0]["psnr"] for p in (reference["points"], ours["points"])),
                                min(p[-1]["psnr"] for p in (reference["points"], ours["points"]))]  # fmt: skip


def test_the_dead_zone_is_the_one_that_is_best_on_training_images():
    zones = measurements.stored("dct_steps")["dead_zones"]
    assert [zone["rounding"] for zone in zones] == list(dct_steps.ROUNDINGS)
    assert min(zones, key=lambda zone: zone["bd_rate"])["rounding"] == ROUNDING


def test_the_stored_rows_belong_together():
    stored = measurements.stored("dct_steps")
    assert (stored["source"], stored["images"], stored["train_images"]) == ("CIFAR-10", 500, 50_000)
    jpeg = rate_distortion.rates(stored["rows"][0]["points"])
    for row in stored["rows"]:
        assert row["bd_rate"] == pytest.approx(bd_rate(*jpeg, *rate_distortion.rates(row["points"])))
        low, high = row["bd_range"]
        assert low < 25 and high > 37
    race = measurements.stored("codecs")["curves"]
    recoded = next(row for row in stored["rows"] if row["what"] == dct_steps.RECODED)
    assert [p["psnr"] for p in recoded["points"]] == [p["psnr"] for p in stored["rows"][0]["points"]]
    for point, raced in zip(stored["rows"][0]["points"], race["JPEG 4:4:4"], strict=True):
        assert point["payload_bpp"] == pytest.approx(raced["payload_bpp"], rel=0.01)


def test_the_figure_draws_the_stored_rows():
    figure, numbers = dct_steps.dct_steps()
    assert numbers == measurements.stored("dct_steps")
    bars = [bar.get_width() for bar in figure.axes[0].patches]
    assert bars == [row["bd_rate"] for row in numbers["rows"][1:]]


def test_the_dead_zones_are_measured_on_training_images_alone(train, monkeypatch):
    monkeypatch.setattr(dct_steps, "ROUNDINGS", (0.5, 0.3))
    monkeypatch.setattr(dct_steps, "HELD_OUT", 5)
    monkeypatch.setattr(dct_steps, "COUNTED", 60)
    seen = []
    curve = dct_steps.curve
    monkeypatch.setattr(dct_steps, "curve", lambda images, coder: seen.append(images) or curve(images, coder))
    rows = dct_steps.dead_zones(train)
    assert [row["rounding"] for row in rows] == [0.5, 0.3] and rows[0]["bd_rate"] == pytest.approx(0)
    assert all(torch.equal(images, train.images[-5:]) for images in seen)
