"""The race against sums done by hand, an image at a time."""

import json

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity

from cae_lib import codec, coders
from cae_lib.baselines import BASELINES, decode, payload
from cae_lib.coders import batches, coder_of
from cae_lib.metrics import bd_rate
from cae_lib.rate_distortion import bpp_at, cost, curve, race, same_bytes


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
    assert point["quality"] == BASELINES["WebP"].steps[4]
    files = [BASELINES["WebP"].encode(array(image), point["quality"]) for image in pictures]
    total = sum(image.shape[1] * image.shape[2] for image in pictures)
    assert point["file_bpp"] == pytest.approx(8 * sum(map(len, files)) / total)
    assert point["payload_bpp"] == pytest.approx(8 * sum(len(f) - 30 for f in files) / total)
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
    files = [BASELINES["PNG"].encode(array(image), 100) for image in images()]
    assert point["file_bpp"] == pytest.approx(8 * sum(map(len, files)) / (3 * 1024))
    assert point["payload_bpp"] == pytest.approx(8 * sum(len(payload(f)) for f in files) / (3 * 1024))


def test_a_model_of_the_kit_runs_in_the_same_race():
    points = curve(images(), "model1_code2")
    assert [p["quality"] for p in points] == list(codec.load_codec("model1_code2").qualities)
    files = codec.encode_batch(images(), model="model1_code2", quality=3)
    (point,) = [p for p in points if p["quality"] == 3]
    assert point["file_bpp"] == pytest.approx(8 * sum(map(len, files)) / (3 * 1024))
    assert point["payload_bpp"] == pytest.approx(8 * sum(map(codec.payload_size, files)) / (3 * 1024))
    errors = ((codec.decode_batch(files).double() - images().double()) / 255).square().mean((1, 2, 3))
    assert point["psnr"] == pytest.approx((-10 * errors.log10()).mean().item(), abs=1e-3)


def test_a_codec_that_does_not_ship_runs_as_one_that_does():
    pictures = [images(1, 32, 32)[0], images(1, 9, 20)[0]]
    assert curve(pictures, coder_of(codec.load_codec("rd"))) == curve(pictures, "rd")


def test_batches_hold_every_image_once_and_few_pixels(monkeypatch):
    monkeypatch.setattr(coders, "PIXELS", 2 * 32 * 32)
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
        back = decode(baseline.encode(array(image), quality)).astype(float)
        return -10 * np.log10(((back - array(image)) ** 2).mean() / 255**2)

    bill = cost(image, "JPEG 4:4:4", level)
    assert bill["psnr"] == pytest.approx(reached(bill["quality"]), abs=1e-3)
    assert reached(bill["quality"] - 1) < level <= bill["psnr"]
    assert bill["header"] == 625
    assert bill["header"] + bill["payload"] == len(baseline.encode(array(image), bill["quality"]))


def test_a_level_out_of_reach_costs_the_best_quality():
    assert cost(images()[0], "JPEG 4:4:4", 99)["quality"] == 100
    assert cost(images()[0], "PNG", 30)["psnr"] is None
    assert cost(images()[0], "model1_code2", 99)["quality"] == 8


@pytest.mark.parametrize("which", ["file", "payload"])
def test_the_rival_of_a_strip_has_no_fewer_bytes(which):
    rows = same_bytes(images(), "model1_code2", 4, which, "WebP")
    assert list(rows) == ["original", "model1_code2", "WebP"]
    files = codec.encode_batch(images(), model="model1_code2", quality=4)
    for k, (original, ours, theirs) in enumerate(zip(*rows.values(), strict=True)):
        assert (original["bytes"], original["psnr"]) == (3072, None)
        torch.testing.assert_close(original["image"], images()[k])
        assert ours["bytes"] == (len(files[k]) if which == "file" else codec.payload_size(files[k]))
        torch.testing.assert_close(ours["image"], codec.decode_batch(files[k : k + 1])[0])
        assert theirs["bytes"] >= ours["bytes"]
        error = (theirs["image"].double() - images()[k].double()).square().mean() / 255**2
        assert theirs["psnr"] == pytest.approx(-10 * error.log10().item(), abs=1e-3)


def test_an_unknown_codec_is_named_with_the_choice():
    with pytest.raises(codec.CodecError, match="No codec is called 'JPG'; there are model1, .*JPEG 4:4:4.*AVIF"):
        curve(images(), "JPG")
