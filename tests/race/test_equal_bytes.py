"""Codecs at equal bytes: points by any measure, what lies between them, and pictures with their errors."""

import numpy as np
import pytest
import torch
from helpers.images import stand_in_set

from cae_lib import metrics
from cae_lib.data.images import scale
from cae_lib.race import equal_bytes
from cae_lib.race.codecs import codec_named

JPEG = "JPEG 4:4:4"
POINTS = [{"bytes": 10.0, "PSNR": 20.0}, {"bytes": 30.0, "PSNR": 30.0}]


@pytest.fixture(scope="module")
def images():
    return stand_in_set(6).images[2:5]


def test_a_point_is_the_mean_of_the_images(images):
    (point,) = equal_bytes.measured(images, JPEG, {"PSNR": metrics.psnr}, (50,))
    codec = codec_named(JPEG)
    files = codec.encode(images, 50)
    a, b = scale(images, (0.0, 1.0)), scale(codec.decode(files), (0.0, 1.0))
    assert point["bytes"] == pytest.approx(np.mean([codec.payload_size(file) for file in files]))
    assert point["PSNR"] == pytest.approx(metrics.psnr(a, b).mean().item()) and point["seconds"] > 0
    steps = equal_bytes.measured(images, JPEG, {})
    assert len(steps) == len(codec.curve_qualities)


def test_between_is_linear_and_says_nothing_outside():
    assert equal_bytes.between(POINTS, "bytes", 15, "PSNR") == 22.5
    assert equal_bytes.between(POINTS[::-1], "PSNR", 25, "bytes") == 20
    assert equal_bytes.between(POINTS, "bytes", 31, "PSNR") is None


def test_how_many_times_the_bytes():
    ours = [{"bytes": 10.0, "PSNR": 25.0}, {"bytes": 20.0, "PSNR": 40.0}]  # the rival does not reach the second
    assert equal_bytes.multiples(ours, POINTS, "PSNR") == [2.0]


@pytest.mark.parametrize("least", [40, 90, 10**6])
def test_the_smallest_payload_of_no_fewer_bytes(images, least):
    found, codec = equal_bytes.at_least(images[0], JPEG, least), codec_named(JPEG)
    sizes = [codec.payload_size(codec.encode(images[:1], quality)[0]) for quality in codec.qualities]
    wanted = min([size for size in sizes if size >= least], default=max(sizes))
    assert found["bytes"] == wanted
    error = metrics.psnr(*(scale(x[None], (0.0, 1.0)) for x in (images[0], found["image"]))).item()
    assert found["psnr"] == pytest.approx(error)


def test_pictures_and_their_errors_on_one_scale(images):
    two = {"first": images[0], "second": images[1]}
    rows = equal_bytes.pictures(two, "dct", 3, [JPEG])
    assert all(row[JPEG]["bytes"] >= row["dct"]["bytes"] for row in rows.values())
    figure = equal_bytes.pictures_figure(two, rows, source="stand-in")
    errors = [ax.images[0] for ax in figure.axes if ax.images and ax.images[0].get_cmap().name == "magma"]
    assert len(errors) == 4 and len({image.get_clim() for image in errors}) == 1
    worst = (rows["second"][JPEG]["image"].float() - images[1].float()).abs().mean(0) / 255
    np.testing.assert_allclose(errors[3].get_array(), worst)
    titles = [ax.get_title() for ax in figure.axes]
    assert f"dct\n{rows['first']['dct']['bytes']} bytes, {rows['first']['dct']['psnr']:.1f} dB" in titles


def test_curves_have_an_axes_each(images):
    measures = {"PSNR": metrics.psnr, "SSIM": metrics.ssim}
    curves = {"dct": equal_bytes.measured(images, "dct", measures, (2, 5)), "JPEG": [*POINTS]}
    curves["JPEG"] = equal_bytes.measured(images, JPEG, measures, (20, 60))
    figure = equal_bytes.curves_figure(curves, list(measures))
    assert [ax.get_title() for ax in figure.axes] == ["PSNR", "SSIM"]
    line = figure.axes[1].lines[0].get_xydata()
    assert line[1].tolist() == [curves["dct"][1]["bytes"], curves["dct"][1]["SSIM"]]


def test_an_exact_picture_is_called_exact(images):
    cell = {"image": images[0], "bytes": 5, "psnr": None}
    figure = equal_bytes.pictures_figure({"one": images[0]}, {"one": {"PNG": cell, "again": cell}})
    assert "PNG\n5 bytes, exact" in [ax.get_title() for ax in figure.axes]
    assert torch.equal(images[0], cell["image"])
