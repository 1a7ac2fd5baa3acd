"""The race against sums done by hand, an image at a time."""

import json

import numpy as np
import pytest
import torch
from helpers.images import image_set
from skimage.metrics import structural_similarity

from cae_lib.cli import main
from cae_lib.codec import search, streams
from cae_lib.codec.container import CodecError
from cae_lib.race import codecs
from cae_lib.race.baselines import BASELINES, decode, payload
from cae_lib.race.codecs import batches, codec_named
from cae_lib.race.rate_distortion import (
    LEVELS,
    NOTES,
    PUBLISHED,
    against_anchors,
    bpp_at,
    break_even,
    cost,
    curve,
    curve_of,
    published_beside,
    race,
    same_bytes,
    table,
)
from cae_lib.race.rates import bd_rate


def images(count: int = 3, height: int = 32, width: int = 32) -> torch.Tensor:
    """Smooth random pictures, uint8 (N, 3, H, W)."""
    coarse = torch.rand(count, 3, 5, 5, generator=torch.Generator().manual_seed(height))
    smooth = torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear")
    return (smooth * 255).round().to(torch.uint8)


def array(image: torch.Tensor) -> np.ndarray:
    return image.permute(1, 2, 0).numpy()


MIXED = [*images(2), *images(1, 5, 40), *images(1, 11, 24), *images(1, 40, 5)]


@pytest.mark.parametrize("pictures", [images(), MIXED], ids=["one size", "many sizes"])
def test_every_figure_of_a_point_by_hand(pictures):
    point = curve(pictures, "WebP")[4]
    assert point["quality"] == BASELINES["WebP"].curve_qualities[4]
    files = [BASELINES["WebP"].encode_array(array(image), point["quality"]) for image in pictures]
    total = sum(image.shape[1] * image.shape[2] for image in pictures)
    assert point["file_bpp"] == pytest.approx(8 * sum(map(len, files)) / total)
    assert point["payload_bpp"] == pytest.approx(8 * sum(len(f) - 31 for f in files) / total)
    pairs = [(array(image).astype(float), decode(f).astype(float)) for image, f in zip(pictures, files, strict=True)]
    errors = np.array([((a - b) ** 2).mean() / 255**2 for a, b in pairs])
    assert point["psnr"] == pytest.approx(-10 * np.log10(errors).mean(), abs=1e-3)
    assert point["psnr_pooled"] == pytest.approx(-10 * np.log10(errors.mean()), abs=1e-3)
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
    ssims = [structural_similarity(a, b, channel_axis=2, **options) for a, b in pairs if min(a.shape[:2]) >= 11]
    assert len(ssims) == 3
    assert point["ssim"] == pytest.approx(np.mean(ssims), abs=1e-3)


def test_small_images_have_no_ssim():
    assert {p["ssim"] for p in curve([*images(1, 5, 40)], "JPEG 4:4:4")} == {None}


def test_a_lossless_codec_has_no_finite_psnr():
    (point,) = curve(images(), "PNG")
    assert (point["psnr"], point["psnr_pooled"], point["ssim"]) == (None, None, pytest.approx(1))
    files = [BASELINES["PNG"].encode_array(array(image), 100) for image in images()]
    assert point["file_bpp"] == pytest.approx(8 * sum(map(len, files)) / (3 * 1024))
    assert point["payload_bpp"] == pytest.approx(8 * sum(len(payload(f)) for f in files) / (3 * 1024))


def test_a_model_of_the_kit_runs_in_the_same_race():
    points = curve(images(), "model1_code2")
    assert [p["quality"] for p in points] == list(streams.load_codec("model1_code2").qualities)
    files = streams.encode_batch(images(), model="model1_code2", quality=3)
    (point,) = [p for p in points if p["quality"] == 3]
    assert point["file_bpp"] == pytest.approx(8 * sum(map(len, files)) / (3 * 1024))
    assert point["payload_bpp"] == pytest.approx(8 * sum(map(streams.payload_size, files)) / (3 * 1024))
    errors = ((streams.decode_batch(files).double() - images().double()) / 255).square().mean((1, 2, 3))
    assert point["psnr"] == pytest.approx((-10 * errors.log10()).mean().item(), abs=1e-3)


def test_a_codec_that_does_not_ship_runs_as_one_that_does():
    pictures = [images(1, 32, 32)[0], images(1, 9, 20)[0]]
    assert curve(pictures, streams.load_codec("rd")) == curve(pictures, "rd")


def test_a_search_goes_by_the_name_of_its_codec(monkeypatch):
    monkeypatch.setattr(search, "STEPS", {1: 2, 2: 5})
    codec, pictures = codec_named("rd, searched"), images(2)
    assert codec.qualities == streams.load_codec("rd").qualities
    files = codec.encode(pictures, 3)
    assert files == streams.encode_batch(pictures, model="rd", quality=3, effort=2) != codec.codec.encode(pictures, 3)
    assert torch.equal(codec.decode(files), streams.decode_batch(files))
    with pytest.raises(CodecError, match="nothing"):
        codec_named("nothing, searched")


def test_batches_hold_every_image_once_and_few_pixels(monkeypatch):
    monkeypatch.setattr(codecs, "PIXELS", 2 * 32 * 32)
    parts = list(batches(MIXED + [*images(3)]))
    assert [len(part) for part in parts] == [2, 2, 1, 1, 1, 1]
    found = sorted(image.numpy().tobytes() for part in parts for image in part)
    assert found == sorted(image.numpy().tobytes() for image in MIXED + [*images(3)])


LINE = [{"psnr": p, "payload_bpp": r, "file_bpp": r + 5} for p, r in ((36, 4.0), (24, 1.0), (30, 2.0), (None, 17.0))]


@pytest.mark.parametrize("psnr, bpp", [(24, 1), (27, 1.5), (30, 2), (31.5, 2.5), (36, 4), (23.9, None), (36.1, None)])
def test_bits_between_the_steps_lie_on_straight_lines(psnr, bpp):
    assert bpp_at(LINE, psnr) == bpp
    assert bpp_at(LINE, psnr, "file") == (bpp and bpp + 5)
    assert bpp_at(LINE[-1:], psnr) is None


def test_bits_by_another_measure_and_of_points_that_lack_a_size():
    pooled = [{"psnr": p["psnr"], "psnr_pooled": p["psnr"] and p["psnr"] - 1, "payload_bpp": 1.0} for p in LINE]
    assert bpp_at(pooled, 23.5, measure="psnr_pooled") == 1 and bpp_at(pooled, 23.5) is None
    assert bpp_at(pooled, 30, "file") is None
    assert curve_of(LINE, "file") == [(9, 36), (6, 24), (7, 30)]


def test_whole_files_of_others_never_stand_for_payloads():
    assert {w for p in PUBLISHED["BPG 4:4:4"] for w in p} == {"psnr", "file_bpp"}
    assert bpp_at(PUBLISHED["BPG 4:4:4"], 30) is None and bpp_at(PUBLISHED["BPG 4:4:4"], 30, "file") == 1.47
    cheng = PUBLISHED["Cheng 2020 with context"]
    assert [bpp_at(cheng, level) for level in LEVELS] == [None, None, 1.34, 1.75]
    assert set(NOTES) == set(PUBLISHED)


def test_published_results_stand_beside_enough_images_of_theirs():
    assert published_beside(500, "CIFAR-10") == PUBLISHED
    assert published_beside(499, "CIFAR-10") == published_beside(10_000, "stand-in") == {}


@pytest.mark.parametrize(
    "least, source, shown", [(2, "CIFAR-10", True), (3, "CIFAR-10", False), (2, "stand-in", False)]
)
def test_the_command_shows_published_results_only_where_they_belong(least, source, shown, monkeypatch, capsys):
    few = image_set(images(2), source)
    monkeypatch.setattr("cae_lib.data.images.load_images", lambda split: few)
    monkeypatch.setattr("cae_lib.race.rate_distortion.LEAST_IMAGES", least)
    assert main.main(["evaluate", "PNG", "--codecs"]) == 0
    assert ("BPG 4:4:4, published" in capsys.readouterr().out) == shown


def decibels_of(*values):
    return [{"psnr": v, "psnr_pooled": v, "payload_bpp": 2 ** (v / 6), "file_bpp": 2 ** (v / 6) + 5} for v in values]


@pytest.mark.parametrize(
    "reach, rate, common",
    [((26, 44), 0, [26, 40]), ((36, 44), 0, [36, 40]), ((37, 44), None, [37, 40]), ((41, 44), None, None)],
)
def test_a_bd_rate_needs_four_decibels_in_common(reach, rate, common):
    curves = {"JPEG 4:4:4": decibels_of(20, 30, 40), "other": decibels_of(*reach)}
    _, row = table(curves)
    assert row["bd_rate"] == (rate if rate is None else pytest.approx(rate, abs=1e-6)) and row["bd_range"] == common


def test_what_ours_needs_at_single_points_of_others():
    rows = against_anchors(decibels_of(24, 30, 36))
    minnen = next(r for r in rows if r["codec"] == "Minnen 2020" and r["psnr_pooled"] > 30)
    ours = 32 + (64 - 32) * (30.7686 - 30) / 6
    assert minnen["ours"] == pytest.approx(ours) and minnen["percent"] == pytest.approx(100 * (ours / 1.1218 - 1))
    assert [r["percent"] is None for r in rows] == [True, False, True, False, False, True]


def test_weights_are_paid_for_by_the_first_image_that_makes_the_sum_smaller():
    points = {"ours": [(1, 1.5)] * 2, "theirs": [(1.25, 3.5)] * 2}
    curves = {
        name: [{"psnr": db, "payload_bpp": p, "file_bpp": f} for db, (p, f) in zip((20, 40), pair, strict=True)]
        for name, pair in points.items()
    }
    file, payload = break_even(curves, 1000, "ours", "theirs", 30)
    assert (file["ours"], file["theirs"], file["images"]) == (192, 448, 4)  # 256 bytes saved an image
    assert (payload["ours"], payload["theirs"], payload["images"]) == (128, 160, 32)
    assert [row["images"] for row in break_even(curves, 1000, "theirs", "ours", 30)] == [None, None]
    assert [row["images"] for row in break_even(curves, 1000, "ours", "theirs", 50)] == [None, None]


def test_a_race_takes_known_curves_as_they_are():
    known = {name: decibels_of(20, 30, 40) for name in ("JPEG 4:4:4", "rd")}
    result = race(images(1), ["PNG"], known=known)
    assert list(result["curves"]) == ["JPEG 4:4:4", "rd", "PNG"]
    assert result["curves"]["rd"] == known["rd"] and result["curves"]["JPEG 4:4:4"] == known["JPEG 4:4:4"]
    assert [row["codec"] for row in result["table"]] == list(result["curves"])


def test_a_race(capsys):
    result = race(images(2), ["WebP", "PNG"], progress=True)
    captured = capsys.readouterr()
    assert not captured.out, "progress goes to standard error"
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert (result["images"], result["pixels"], result["levels"]) == (2, 2048, [28, 30, 32, 35])
    assert list(result["curves"]) == ["JPEG 4:4:4", "WebP", "PNG"]
    jpeg, webp, png = result["table"]
    points = result["curves"]["WebP"]
    assert points == curve(images(2), "WebP")
    assert webp["payload"] == [bpp_at(points, level) for level in (28, 30, 32, 35)]
    assert webp["file"] == [bpp_at(points, level, "file") for level in (28, 30, 32, 35)]
    curves = [[p[key] for p in result["curves"][n]] for n in ("JPEG 4:4:4", "WebP") for key in ("payload_bpp", "psnr")]
    assert jpeg["bd_rate"] == pytest.approx(0) and webp["bd_rate"] == pytest.approx(bd_rate(*curves))
    assert (png["payload"], png["bd_rate"]) == ([None] * 4, None)


@pytest.mark.parametrize("level", [25.0, 32.0])
def test_the_cost_of_an_image_is_that_of_the_first_quality_that_reaches_the_level(level):
    image, baseline = images()[0], BASELINES["JPEG 4:4:4"]

    def reached(quality):
        back = decode(baseline.encode_array(array(image), quality)).astype(float)
        return -10 * np.log10(((back - array(image)) ** 2).mean() / 255**2)

    bill = cost(image, "JPEG 4:4:4", level)
    assert bill["psnr"] == pytest.approx(reached(bill["quality"]), abs=1e-3)
    assert reached(bill["quality"] - 1) < level <= bill["psnr"]
    assert bill["header"] == 625
    assert bill["header"] + bill["payload"] == len(baseline.encode_array(array(image), bill["quality"]))


def test_a_level_out_of_reach_costs_the_best_quality():
    assert cost(images()[0], "JPEG 4:4:4", 99)["quality"] == 100
    assert cost(images()[0], "PNG", 30)["psnr"] is None
    assert cost(images()[0], "model1_code2", 99)["quality"] == 8


@pytest.mark.parametrize("which", ["file", "payload"])
def test_the_rival_of_a_strip_has_no_fewer_bytes(which):
    rows = same_bytes(images(), "model1_code2", 4, which, "WebP")
    assert list(rows) == ["original", "model1_code2", "WebP"]
    files = streams.encode_batch(images(), model="model1_code2", quality=4)
    for k, (original, ours, theirs) in enumerate(zip(*rows.values(), strict=True)):
        assert (original["bytes"], original["psnr"]) == (3072, None)
        torch.testing.assert_close(original["image"], images()[k])
        assert ours["bytes"] == (len(files[k]) if which == "file" else streams.payload_size(files[k]))
        torch.testing.assert_close(ours["image"], streams.decode_batch(files[k : k + 1])[0])
        assert theirs["bytes"] >= ours["bytes"]
        error = (theirs["image"].double() - images()[k].double()).square().mean() / 255**2
        assert theirs["psnr"] == pytest.approx(-10 * error.log10().item(), abs=1e-3)


def test_an_unknown_codec_is_named_with_the_choice():
    with pytest.raises(streams.CodecError, match="No codec is called 'JPG'; there are model1, .*JPEG 4:4:4.*AVIF"):
        curve(images(), "JPG")
