"""Sliders: each position shows its own picture, and a static one stands in where no widget runs."""

from base64 import b64decode
from io import BytesIO

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
import traitlets
from PIL import Image

from cae_lib import codec, plots, widgets
from cae_lib.checkpoints import train_run
from cae_lib.data import STAND_IN, ImageSet, scale
from cae_lib.models import MODEL1, MODEL2, build
from cae_lib.standin import CLASSES, make_images
from cae_lib.training import TrainConfig
from cae_lib.widgets import FrameSlider, bits_slider, channel_slider, epoch_slider, to_png


@pytest.fixture(scope="module")
def data():
    return ImageSet(*make_images("test", 10), CLASSES, STAND_IN, "test")


@pytest.fixture
def drawn(monkeypatch):
    """Every figure that becomes a PNG, in order; its number stands for the PNG."""
    figures = []

    def keep(figure):
        figures.append(figure)
        return str(len(figures)).encode()

    monkeypatch.setattr(widgets, "to_png", keep)
    return figures


def test_the_picture_follows_the_slider():
    slider = FrameSlider({"1": b"one", "2": b"two", "10": b"ten"}, b"static", "epoch", start="2")
    assert (slider.slider.options, slider.slider.description) == (("1", "2", "10"), "epoch")
    assert slider.image.value == b"two"
    for label, picture in slider.frames.items():
        slider.slider.value = label
        assert slider.image.value == picture
    assert slider.children == (slider.slider, slider.image)


def test_the_first_frame_is_shown_unless_told_and_an_unknown_one_is_refused():
    slider = FrameSlider({"a": b"A", "b": b"B"}, b"static", "channel")
    assert slider.image.value == b"A"
    with pytest.raises(traitlets.TraitError):
        slider.slider.value = "c"
    assert slider.image.value == b"A"


def test_a_static_png_goes_beside_the_widget():
    bundle = FrameSlider({"a": b"A"}, b"static", "channel")._repr_mimebundle_()
    assert b64decode(bundle["image/png"]) == b"static"
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_png_has_the_figures_size():
    figure, _ = plots.new_figure(1, 1, 2, 1)
    assert Image.open(BytesIO(to_png(figure))).size == (200, 100)


def test_channels(data, drawn):
    model = build(MODEL1, 3)
    image = data.images[4]
    slider = channel_slider(model, model.encoder[6], image, source=data.source)
    assert slider.slider.options == ("0", "1") and slider.frames == {"0": b"1", "1": b"2"}
    with torch.no_grad():
        code = model.encode(scale(image[None], (-1, 1)))[0]
    for figure, channel in zip(drawn, code, strict=False):
        left, right = figure.axes[:2]
        np.testing.assert_array_equal(left.images[0].get_array(), image.permute(1, 2, 0))
        np.testing.assert_allclose(right.images[0].get_array(), channel, atol=1e-6)
        assert f"{float((channel == 0).float().mean()):.0%} zeros" in right.get_title()
    static = drawn[-1]
    assert slider.static == b"3" and len(static.axes) == len(code) + 1
    assert "stand-in" in static.get_supxlabel() and plt.get_fignums() == []


def test_a_dead_channel_is_called_dead_and_no_hook_stays(data, drawn):
    model = build(MODEL1)
    with torch.no_grad():
        model.encoder[4].bias[1] = -1e6
    channel_slider(model, model.encoder[5], data.images[0])
    assert "dead" not in drawn[0].axes[1].get_title() or (drawn[0].axes[1].images[0].get_array() == 0).all()
    assert drawn[1].axes[1].get_title() == "channel 1, 100% zeros: dead on this image"
    assert not model.encoder[5]._forward_hooks


def test_epochs(data, drawn, tmp_path):
    run = train_run(tmp_path, MODEL2, TrainConfig(3, 5, "adam", 1e-3), data, data, progress=False)
    slider = epoch_slider(run, data, [0, 7])
    assert slider.slider.options == ("1", "2", "3") and slider.slider.value == "3"
    assert slider.image.value == b"3" and slider.frames == {"1": b"1", "2": b"2", "3": b"3"}
    for epoch, figure in enumerate(drawn[:3], 1):
        *pictures, curves = figure.axes
        with torch.no_grad():
            expected = run.at(epoch)(scale(data.images[[0, 7]], (0, 1))).permute(0, 2, 3, 1)
        np.testing.assert_allclose([ax.images[0].get_array() for ax in pictures[2:]], expected, atol=1e-5)
        assert [ax.get_title() for ax in pictures[:2]] == data.titles([0, 7])
        assert curves.get_title() == f"epoch {epoch}"
        points = [tuple(line.get_xydata()[0]) for line in curves.lines if len(line.get_xydata()) == 1]
        assert points == [(epoch, run.history.train_loss[epoch - 1]), (epoch, run.history.validation_loss[epoch - 1])]
    rows = [ax.get_ylabel() for ax in drawn[-1].axes if ax.get_ylabel()]
    assert rows == ["original", "epoch 1", "epoch 2", "epoch 3"] and slider.static == b"4"


def test_bits(data, drawn):
    image = data.images[4]
    slider = bits_slider("model1_code2", image, source=data.source)
    assert slider.slider.options == tuple("12345678") and slider.slider.value == "4"
    points = drawn[0].axes[3].lines[0].get_xydata()
    for bits, figure in enumerate(drawn[:8], 1):
        slider.slider.value = str(bits)
        assert slider.image.value == slider.frames[str(bits)] == str(bits).encode()
        file = codec.compress(image.permute(1, 2, 0).numpy(), model="model1_code2", quality=bits)
        size, picture = codec.payload_size(file), codec.decompress(file)
        left, middle, right, curve = figure.axes
        np.testing.assert_array_equal(left.images[0].get_array(), image.permute(1, 2, 0))
        np.testing.assert_array_equal(middle.images[0].get_array(), picture)
        error = np.square((left.images[0].get_array().astype(float) - picture) / 255).mean()
        point = curve.lines[1].get_xydata()[0]
        assert point == pytest.approx((8 * size / 32**2, -10 * np.log10(error)), rel=1e-5)
        np.testing.assert_array_equal(point, points[bits - 1])
        assert middle.get_title() == f"{point[1]:.1f} dB, payload {size:,} bytes"
        shares = right.patches[0].get_data().values
        assert len(shares) == 2**bits and shares.sum() == pytest.approx(1)
        np.testing.assert_array_equal(drawn[8].axes[bits - 1].images[0].get_array(), picture)
        assert f"{size:,} bytes" in drawn[8].axes[bits - 1].get_title()
    assert slider.static == b"9" and "stand-in" in drawn[8].get_supxlabel()
