"""The views of stored runs and codecs: what they show is what the models give."""

import re
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from helpers.images import stand_in_set

from cae_lib import plots
from cae_lib.base.picture import compact
from cae_lib.checkpoints import load_run, train_run
from cae_lib.codec import streams
from cae_lib.data.images import scale
from cae_lib.data.standin import CLASSES
from cae_lib.models import MODEL1, MODEL2, Classifier, build
from cae_lib.training import TrainConfig
from cae_lib.views import rates
from cae_lib.views.layers import receptive_field, tiled
from cae_lib.views.rates import bits_slider, rate_slider
from cae_lib.views.view import View
from cae_lib.views.widgets import channel_slider, epoch_slider

HALF_A_LEVEL = 0.51 / 255  # pixels are shown as whole numbers


@pytest.fixture(scope="module")
def data():
    return stand_in_set(30)


@pytest.fixture(scope="module")
def run(tmp_path_factory, data):
    config = TrainConfig(3, 10, "adam", 1e-3)
    return train_run(tmp_path_factory.mktemp("runs") / "first", MODEL2, config, data, data, progress=False)


@pytest.fixture(scope="module")
def other(tmp_path_factory, data):
    config = TrainConfig(2, 10, "sgd", 1e-3)
    return train_run(tmp_path_factory.mktemp("runs") / "second", MODEL1, config, data, data, progress=False)


def pictures(strip):
    """What is shown as images, in [0, 1]."""
    return [tile.pixels / 255 for tile in strip.tiles]


def rebuilt(run, data, epoch, indices):
    """The model's own output in [0, 1], as matplotlib takes it."""
    low, high = run.model.pixel_range
    with torch.no_grad():
        after = run.at(epoch)(scale(data.images[indices], (low, high)))
    return ((after - low) / (high - low)).clamp(0, 1).permute(0, 2, 3, 1).numpy()


def marked(curves):
    """What the text says of the marked points: (x, y) of each curve."""
    said = re.findall(r"\S+ at \S+", curves.text.split("Marked: ")[1])
    return [tuple(float(number.rstrip(";")) for number in reversed(each.split(" at "))) for each in said]


def test_epochs(run, data):
    view = epoch_slider(run, data, torch.tensor([0, 7]))
    assert view.controls["epoch"].value == 3 and view.frame.cache_info().currsize == 3
    assert view.controls["images"].values == ["the first ones", *CLASSES]
    of_a_class = (data.labels == 4).nonzero().flatten()[:2].tolist()
    for epoch in (1, 2, 3):
        for images, indices in (("the first ones", [0, 7]), (CLASSES[4], of_a_class)):
            strip = view.draw(epoch, images)
            expected = rebuilt(run, data, epoch, indices)
            np.testing.assert_allclose(pictures(strip)[2:], expected, atol=HALF_A_LEVEL)
            originals = scale(data.images[indices], (0, 1)).permute(0, 2, 3, 1).numpy()
            np.testing.assert_allclose(pictures(strip)[:2], originals, atol=HALF_A_LEVEL)
            assert [tile.title for tile in strip.tiles[:2]] == data.titles(indices)
            decibels = -10 * np.log10(((originals - expected) ** 2).mean((1, 2, 3)))
            assert [tile.title for tile in strip.tiles[2:]] == [f"{value:.1f} dB" for value in decibels]
            losses = run.history.train_loss, run.history.validation_loss
            expected = [(epoch, pytest.approx(values[epoch - 1], rel=1e-3)) for values in losses]
            assert marked(strip.beside) == expected and "MSE in [0, 1] against epoch" in strip.describe()
    columns = {"original": data.images[[0, 7]].numpy() / 255}
    columns |= {f"epoch {e}": rebuilt(run, data, e, [0, 7]).transpose(0, 3, 1, 2) for e in (1, 2, 3)}
    names = [f"{title} {i}" for title, i in zip(data.titles([0, 7]), [0, 7], strict=True)]
    rows = {name: [column[k] for column in columns.values()] for k, name in enumerate(names)}
    assert view.static == compact(plots.to_png(plots.image_rows(rows, list(columns), source=data.source)))
    assert plt.get_fignums() == []


def test_two_runs_side_by_side_on_one_scale(run, other, data):
    view = epoch_slider(run, data, [0, 7, 9], other)
    assert view.controls["epoch"].values == [1, 2]
    strip = view.draw(1, "the first ones")
    for k, shown in enumerate((run, other), 1):
        expected = rebuilt(shown, data, 1, [0, 7, 9])
        np.testing.assert_allclose(pictures(strip)[3 * k : 3 * k + 3], expected, atol=HALF_A_LEVEL)
    assert [tile.title.split("\n")[0] for tile in strip.tiles[3:]] == ["first"] * 3 + ["second"] * 3
    assert "validation MSE in [0, 1]" in strip.beside.text
    first, second = run.history.validation_loss, other.history.validation_loss
    found = {name: points[0].tolist() for name, points in strip.beside.points.items()}
    assert found == {"first": [1, first[0]], "second": [1, pytest.approx(second[0] / 4)]}


def test_runs_without_a_common_epoch_are_refused(run, other, data):
    with pytest.raises(ValueError, match="no epoch in common"):
        epoch_slider(run, data, [0], replace(other, epochs_kept=(9,)))


def test_channels(data):
    model = build(MODEL1, 3)
    view = channel_slider(model, data, [4, 5], "encoder.6")
    assert view.controls["channel"].values == [0, 1]
    path = list(model.encoder)
    for image in (4, 5):
        with torch.no_grad():
            code = model.encode(scale(data.images[image][None], (-1, 1)))[0]
        for c, channel in enumerate(code):
            strip = view.draw(c, f"{CLASSES[data.labels[image]]} {image}", "encoder.6")
            left, middle, right = strip.tiles
            np.testing.assert_array_equal(left.pixels, data.images[image].permute(1, 2, 0))
            np.testing.assert_array_equal(middle.values, tiled(model.encoder[4].weight[c].detach()))
            np.testing.assert_allclose(right.values, channel, atol=1e-6)
            assert f"{float((channel == 0).float().mean()):.0%} zeros" in right.title
            if channel.max() > 0:
                row, column = divmod(int(channel.argmax()), 16)
                assert left.box == receptive_field(path, row, column, (32, 32)) and right.box == (row, column, 1, 1)
    with torch.no_grad():
        code = model.encode(scale(data.images[4][None], (-1, 1)))[0]
    assert strip.source == data.source
    assert view.static == compact(plots.to_png(plots.maps(code, source=data.source)))


def test_another_layer_has_other_channels(data):
    view = channel_slider(build(Classifier), data, [0], "features.5")
    assert [name for _, name in view.controls["layer"].options] == [f"features.{k}" for k in range(6)]
    view.set(channel=31)
    view.set(layer="features.1")
    assert view.controls["channel"].values == list(range(16))
    assert view.png == view.frame(15, view.controls["image"].value, "features.1").png
    with pytest.raises(ValueError, match="called 'head.1'; choose one of features.0"):
        channel_slider(build(Classifier), data, [0], "head.1")


def test_a_dead_channel_is_called_dead(data):
    model = build(MODEL1)
    with torch.no_grad():
        model.encoder[4].bias[1] = -1e6
    view = channel_slider(model, data, [0], "encoder.5")
    strip = view.draw(1, view.controls["image"].value, "encoder.5")
    assert strip.tiles[2].title == "channel 1, 100% zeros: dead here" and strip.tiles[0].box is None


@pytest.fixture
def unprepared(monkeypatch):
    """Each test below draws every picture itself."""
    monkeypatch.setattr(View, "prepare", lambda self, name: self)


def test_bits(data, unprepared):
    image = data.images[4]
    view = bits_slider("model1_code2", image, source=data.source)
    assert view.controls["bits per value"].values == list(range(1, 9)) and "value: 4" in view.frame(4).text
    for bits in (1, 4, 8):
        figure = view.draw(bits)
        file = streams.compress(image.permute(1, 2, 0).numpy(), model="model1_code2", quality=bits)
        size, picture = streams.payload_size(file), streams.decompress(file)
        left, middle, right, curve = figure.axes
        np.testing.assert_array_equal(left.images[0].get_array(), image.permute(1, 2, 0))
        np.testing.assert_array_equal(middle.images[0].get_array(), picture)
        error = np.square((left.images[0].get_array().astype(float) - picture) / 255).mean()
        (point,) = (line.get_xydata()[0] for line in curve.lines if len(line.get_xydata()) == 1)
        assert point == pytest.approx((8 * size / 32**2, -10 * np.log10(error)), rel=1e-5)
        np.testing.assert_array_equal(point, curve.lines[0].get_xydata()[bits - 1])
        assert middle.get_title() == f"{point[1]:.1f} dB, payload {size:,} bytes"
        shares = right.patches[0].get_data().values
        assert len(shares) == 2**bits and shares.sum() == pytest.approx(1)
    assert "stand-in" in figure.get_supxlabel()


@pytest.mark.parametrize("flat", [False, True])
def test_the_rate_slider_shows_real_files_of_equal_size(data, unprepared, monkeypatch, flat):
    monkeypatch.setattr(rates, "RIVALS", ("JPEG 4:4:4", "WebP"))
    image = torch.full((3, 32, 32), 90, dtype=torch.uint8) if flat else data.images[3]
    view = rate_slider(image, source=data.source)
    ours = streams.load_codec("rd")
    for k in (0, len(ours.qualities) - 1):
        quality = ours.qualities[k]
        assert view.controls["quality"].options[k] == (f"{quality} (λ = {ours.config.lambdas[k]:g})", quality)
        strip = view.draw(quality)
        file = streams.compress(image.permute(1, 2, 0).numpy(), model="rd", quality=quality)
        least, shown = streams.payload_size(file), strip.tiles
        np.testing.assert_array_equal(shown[0].pixels, image.permute(1, 2, 0))
        np.testing.assert_array_equal(shown[1].pixels, streams.decompress(file))
        assert shown[1].title.startswith(f"rd\n{least:,} bytes, ")
        (places,) = (tile.values for tile in shown if tile.title == "bits at each\nplace of the code")
        assert places.shape == (8, 8) and abs(places.sum() - 8 * least) < 40
        for name in rates.RIVALS:
            (title,) = (tile.title for tile in shown if tile.title.startswith(name))
            count = int(title.split("\n")[1].split(" bytes")[0].replace(",", ""))
            assert flat or least <= count < 1.4 * least + 20
        points = strip.beside.points
        assert list(points) == ["rd", *rates.RIVALS] and points["rd"][k, 0] == pytest.approx(8 * least / 32**2)
        assert marked(strip.beside) == [pytest.approx(curve[k], rel=1e-3) for curve in points.values()]


def test_the_rate_slider_lets_one_choose_the_image(data, unprepared, monkeypatch):
    monkeypatch.setattr(rates, "RIVALS", ("JPEG 4:4:4", "JPEG 4:2:0"))
    view = rate_slider({"first": data.images[3], "second": data.images[4]}, source=data.source)
    assert view.controls["image"].values == ["first", "second"] and view.embed == ("quality",)
    before = view.png
    view.set(image="second")
    assert view.png != before
    shown = view.draw(view.controls["quality"].value, "second").tiles[0].pixels
    np.testing.assert_array_equal(shown, data.images[4].permute(1, 2, 0))


def test_the_static_picture_shows_reconstructions_whatever_epochs_were_kept(run, data, monkeypatch):
    kept = replace(run, epochs_kept=run.epochs_kept[-1:])
    figures = []
    monkeypatch.setattr(View, "__init__", lambda self, draw, controls, static, alt, **k: figures.append(static))
    monkeypatch.setattr(View, "prepare", lambda self, name: self)
    epoch_slider(kept, data, [0, 1])
    titles = [ax.get_title() for ax in figures[0].axes[:2]]
    assert titles == ["original", f"epoch {run.epochs_kept[-1]}"]


def test_the_channels_open_on_one_that_says_something(data):
    view = channel_slider(load_run("model2").model, data, [3], "encoder.4")
    assert view.draw(*view.values()).tiles[2].values.max() > 0


def test_the_loss_above_its_floor(run, data):
    floors = (0.9 * min(run.history.train_loss), 0.9 * min(run.history.validation_loss))
    view = epoch_slider(run, data, [0, 1], floors=floors)
    epoch = view.controls["epoch"].value
    curves = view.draw(epoch, "the first ones").beside
    assert "above its floor (log)" in curves.text
    np.testing.assert_allclose(curves.points["training"][:, 1], np.array(run.history.train_loss) - floors[0])
