"""The convolution playground and the bottleneck explorer: every number shown is recomputed here."""

import numpy as np
import pytest
import torch
from helpers.images import stand_in_set

from cae_lib.base.picture import number
from cae_lib.checkpoints import load_run
from cae_lib.data.images import scale
from cae_lib.data.standin import CLASSES
from cae_lib.metrics import psnr
from cae_lib.results.recipes import CODE_CHANNELS
from cae_lib.views.playgrounds import KERNELS, OWN_KERNEL, SOUND_SEEDS, bottleneck_explorer, convolution_playground


@pytest.fixture(scope="module")
def data():
    return stand_in_set(10)


def test_the_convolution_brings_its_script_and_its_image(data):
    shown = convolution_playground(data.images[3], source=data.source)
    facts, html = shown.facts(), shown._repr_mimebundle_()[0]["text/html"]
    np.testing.assert_array_equal(facts["data"]["image"], data.images[3].float().mean(0).round())
    assert [facts["controls"][f"k{r}{c}"]["value"] for r in range(3) for c in range(3)] == list(
        KERNELS["left to right"]
    )
    assert facts["controls"]["kernel"]["labels"] == [*KERNELS, OWN_KERNEL]
    assert f"painters.{facts['painter']} = " in html and set(facts["embed"]) == set(facts["controls"])
    assert facts["click"] == ("output row", "output column")


def state(view):
    return list(view.values())


@pytest.fixture(scope="module")
def explorer(data):
    return bottleneck_explorer(data, [3, 5, 8])


@pytest.mark.parametrize("channels", CODE_CHANNELS)
def test_the_decoded_picture_is_the_models_own(explorer, data, channels):
    model = load_run(f"model1_code{channels}", seed=SOUND_SEEDS[channels]).model
    name = f"{CLASSES[data.labels[3]]} 3"
    x = scale(data.images[[3]], (0, 1))
    channel = channels - 1
    for factor in (1.0, 0.0, 2.0):
        with torch.no_grad():
            code = model.encode(x)
            plain = model.decode(code)
            code[:, channel] *= factor
            after = model.decode(code)
        strip = explorer.draw(channels, name, channel, factor)
        image, whole, changed, code_map, change = strip.tiles
        for tile, expected in ((image, x[0]), (whole, plain[0]), (changed, after[0])):
            expected = expected.clamp(0, 1).permute(1, 2, 0)
            np.testing.assert_allclose(tile.pixels / 255, expected, atol=0.51 / 255)  # shown as whole numbers
        assert whole.title == f"decoded: {psnr(x, plain).item():.1f} dB"
        assert changed.title.endswith(f":\n{psnr(x, after).item():.1f} dB")
        np.testing.assert_allclose(code_map.values, code[0, channel], atol=1e-5)
        np.testing.assert_allclose(change.values, (after - plain).abs().mean(1)[0], atol=1e-5)
        with torch.no_grad():
            quality = psnr(x[:1], model(x[:1])).item()
        point = strip.beside.points["this image"][CODE_CHANNELS.index(channels)]
        np.testing.assert_allclose(point, (256 * channels, quality), rtol=1e-5)
        assert f"Marked: this image {quality:.4g} at {number(256 * channels)};" in strip.describe()


def test_the_smallest_code_that_is_shown_is_used_whole(data):
    x, used = scale(data.images, (0, 1)), []
    for seed in (0, SOUND_SEEDS[2]):
        with torch.no_grad():
            used += [(load_run("model1_code2", seed=seed).model.encode(x).amax((0, 2, 3)) > 0).sum().item()]
    assert used == [1, 2]


def test_a_smaller_code_has_fewer_channels(explorer):
    explorer.set(**{"code channels": 64})
    explorer.set(channel=63)
    explorer.set(**{"code channels": 2})
    assert explorer.controls["channel"].value == 1 and explorer.png == explorer.frame(*state(explorer)).png


def test_it_opens_on_a_channel_that_is_silenced(data):
    view = bottleneck_explorer(data, [3, 5])
    assert view.controls["scale"].value == 0 and len(view.controls) == 4
    assert view.draw(*state(view)).tiles[4].values.max() > 0.01
