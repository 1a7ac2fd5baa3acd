"""A student's own nn.Module, with nothing but encode and decode, works wherever a model of the kit does."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from helpers.pictures import picture
from torch import nn

from cae_lib.anatomy import architecture, summarise, summary_table
from cae_lib.base.errors import KitError, UsageError
from cae_lib.checkpoints import train_run
from cae_lib.codec import quantisation, streams
from cae_lib.codec.container import CodecError
from cae_lib.data.images import STAND_IN, ImageSet
from cae_lib.data.standin import CLASSES, make_images
from cae_lib.evaluation import TrainingError, dead_relus, evaluate, reconstruct
from cae_lib.metrics import quality
from cae_lib.models import MODELS, code_shape
from cae_lib.race.rate_distortion import curve, race
from cae_lib.training import TrainConfig, fit
from cae_lib.views.own_image import own_image
from cae_lib.views.rates import bits_slider
from cae_lib.views.widgets import channel_slider, epoch_slider

pytestmark = pytest.mark.usefixtures("one_cpu_core")
CONFIG = TrainConfig(epochs=2, batch_size=8, optimiser="adam", learning_rate=2e-3)


class Deep(nn.Module):
    """A code of 4 x 4 x 4 behind a strided convolution, batch norm and functional activations."""

    pixel_range = (-1.0, 1.0)

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 8, 4, stride=4), nn.Conv2d(8, 4, 2, stride=2)
        self.norm, self.act = nn.BatchNorm2d(8), nn.LeakyReLU()
        self.back = nn.ConvTranspose2d(4, 3, 8, stride=8)

    def encode(self, images):
        return self.second(self.act(self.norm(self.first(images))))

    def decode(self, code):
        return torch.tanh(self.back(code))


class Flat(nn.Module):
    """A code of five numbers without places."""

    def __init__(self):
        super().__init__()
        self.down, self.up = nn.Linear(3072, 5), nn.Linear(5, 3072)

    def encode(self, images):
        return self.down(images.flatten(1))

    def decode(self, code):
        return self.up(code).sigmoid().unflatten(1, (3, 32, 32))


@pytest.fixture(scope="module")
def data():
    return ImageSet(*make_images("train", 40), CLASSES, STAND_IN, "train")


@pytest.fixture(params=[Deep, Flat], ids=["deep", "flat"])
def run(request, tmp_path, data, monkeypatch):
    monkeypatch.setitem(MODELS, request.param.__name__, request.param)
    return train_run(tmp_path / "own", request.param, CONFIG, data, data.take(10), progress=False)


@pytest.fixture
def codec(run, data, monkeypatch):
    codec = quantisation.calibrate(run.model, data)
    monkeypatch.setitem(streams.OWN, "mine", codec)
    return codec


def test_it_is_measured(run, data):
    assert code_shape(run.model) == ((4, 4, 4) if isinstance(run.model, Deep) else (5,))
    assert evaluate(run.model, data.take(10))["loss"] == pytest.approx(run.history.validation_loss[-1])
    assert reconstruct(run.model, data.images[:3]).shape == (3, 3, 32, 32)
    assert 0 < quality(run.model, data)["psnr"] < 60 and dead_relus(run.model, data.images) == []


def test_it_is_described(run):
    assert sum(row.parameters for row in summarise(run.model)) == sum(p.numel() for p in run.model.parameters())
    shape = " x ".join(map(str, code_shape(run.model)))
    assert summary_table(run.model).endswith(f"code: {shape} = {64 if isinstance(run.model, Deep) else 5} numbers"
                                             " for 3,072 pixel values")  # fmt: skip
    assert architecture(run.model).axes


def test_its_epochs_and_channels_are_shown(run, data):
    view = epoch_slider(run, data, [0, 1])
    assert len({view.frame(epoch, view.controls["images"].value).png for epoch in (1, 2)}) == 2
    if isinstance(run.model, Flat):
        with pytest.raises(UsageError, match="No layer of Flat makes maps"):
            channel_slider(run.model, data, [0])
    else:
        assert channel_slider(run.model, data, [0], "second").controls["channel"].values[-1] == 3


@pytest.mark.parametrize("size", [(32, 32), (33, 70), (1, 1)])
def test_its_files_decode_alone_and_in_the_kit(codec, size):
    image = picture(*size)
    for level in (1, 5, 8):
        data = streams.compress(image, model="mine", quality=level)
        back = streams.decompress(data)
        assert back.shape == image.shape and np.array_equal(back, codec.decode([data])[0].numpy().transpose(1, 2, 0))
    assert streams.estimated_bits(torch.from_numpy(image).permute(2, 0, 1)[None], model="mine", quality=5) > 0


def test_its_codec_comes_back_from_its_file(codec, tmp_path):
    codec.save(tmp_path / "mine.safetensors")
    again, image = quantisation.load(tmp_path / "mine.safetensors"), picture(32, 64)
    assert (
        np.array_equal(
            streams.compress(image, model="mine", quality=4),
            again.encode(torch.from_numpy(image).permute(2, 0, 1)[None], 4)[0],
        )
        or again.fingerprint != codec.fingerprint
    )
    streams.OWN["again"] = again
    try:
        assert streams.compress(image, model="again", quality=4) == streams.compress(image, model="mine", quality=4)
    finally:
        del streams.OWN["again"]


def test_a_file_of_a_codec_that_is_not_there_says_how_to_bring_it(codec, monkeypatch):
    data = streams.compress(picture(32, 32), model="mine", quality=4)
    monkeypatch.delitem(streams.OWN, "mine")
    with pytest.raises(CodecError, match=r"add the codec that made it to cae_lib.codec.streams.OWN"):
        streams.decompress(data)


def test_it_is_in_the_race_by_name_and_as_it_is(codec, data):
    images = data.images[:4]
    result = race(images, ["mine"])
    assert [row["codec"] for row in result["table"]] == ["JPEG 4:4:4", "mine"]
    assert result["curves"]["mine"] == curve(images, codec)
    assert bits_slider("mine", images[0]).png and "mine" in own_image(images[0]).controls["codec"].values


def test_names_that_nobody_added_say_how(data):
    with pytest.raises(CodecError, match=r"OWN\['Nobody'\] = codec"):
        streams.load_codec("Nobody")


class NotBack(Flat):
    def decode(self, code):
        return self.up(code)


def test_a_decoder_that_gives_another_shape_is_refused(data):
    with pytest.raises(TrainingError, match="NotBack turns images .* its decoder must give back the shape"):
        fit(NotBack(), data, data, CONFIG, progress=False)


class Odd(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(3, 2, 3, stride=3)

    def encode(self, images):
        return self.layer(images)

    def decode(self, code):
        return code


def test_a_code_that_tiles_no_image_is_refused(data):
    with pytest.raises(KitError, match=r"must be \(C, h, h\) with h a divisor of 32"):
        quantisation.calibrate(Odd(), data)


OWN_FILE = """
import torch
from torch import nn

from cae_lib.codec import quantisation, streams
from cae_lib.data.images import load_images


class FromAFile(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(3, 4, 2, stride=2)
        self.back = nn.ConvTranspose2d(4, 3, 2, stride=2)

    def encode(self, images):
        return self.layer(images)

    def decode(self, code):
        return self.back(code)


torch.manual_seed(0)
streams.OWN["mine"] = quantisation.calibrate(FromAFile(), load_images("train").take(50))
"""


def cae(folder, *argv):
    command = [sys.executable, "-m", "cae_lib.cli", "--with", "own.py", *argv]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


@pytest.mark.slow
def test_the_command_knows_it_too(tmp_path):
    (tmp_path / "own.py").write_text(OWN_FILE)
    (tmp_path / "in.ppm").write_bytes(b"P6 32 16 255\n" + bytes(range(256)) * 6)
    trained = cae(tmp_path, "train", "FromAFile", "--epochs", "1", "--folder", "run")
    assert trained.returncode == 0, trained.stderr
    assert json.loads((tmp_path / "run" / "run.json").read_text())["model"] == {"name": "FromAFile"}
    measured = cae(tmp_path, "evaluate", "--folder", "run")
    assert measured.returncode == 0 and "run " in measured.stdout, measured.stderr
    for argv in (("compress", "--model", "mine", "in.ppm", "a.cae"), ("decompress", "a.cae", "out.png")):
        done = cae(tmp_path, *argv)
        assert done.returncode == 0, done.stderr
    raced = cae(tmp_path, "evaluate", "--codecs", "--images", "3", "mine")
    assert raced.returncode == 0 and "\nmine " in raced.stdout, raced.stderr
    without = subprocess.run(
        [sys.executable, "-m", "cae_lib.cli", "evaluate", "--folder", "run"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert without.returncode == 2 and "No model is called 'FromAFile'" in without.stderr
