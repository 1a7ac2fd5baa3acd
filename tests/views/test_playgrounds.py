"""The convolution playground and the bottleneck explorer: every number shown is recomputed here."""

import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from helpers.images import stand_in_set

from cae_lib.checkpoints import load_run
from cae_lib.data.images import scale
from cae_lib.data.standin import CLASSES
from cae_lib.metrics import psnr
from cae_lib.results.recipes import CODE_CHANNELS
from cae_lib.views.playgrounds import KERNELS, OWN_KERNEL, SOUND_SEEDS, bottleneck_explorer, convolution_playground


@pytest.fixture(scope="module")
def data():
    return stand_in_set(10)


@pytest.fixture(scope="module")
def playground(data):
    return convolution_playground(data.images[3], source=data.source)


def state(view):
    return list(view.values())


def test_one_output_is_worked_out(playground, data):
    grey = data.images[3].float().mean(0).round()
    rng = np.random.default_rng(0)
    for stride, padding in ((1, 1), (2, 0), (3, 2)):
        weights = [float(w) for w in rng.integers(-3, 4, 9)]
        playground.set(**dict(zip([f"k{r}{c}" for r in range(3) for c in range(3)], weights, strict=True)))
        playground.set(stride=stride, padding=padding)
        wide = (32 + 2 * padding - 3) // stride + 1
        row, column = int(rng.integers(wide)), int(rng.integers(wide))
        playground.set(**{"output row": row, "output column": column})
        assert state(playground)[-4:] == [stride, padding, row, column]
        figure = playground.draw(*state(playground))
        kernel = torch.tensor(weights).view(1, 1, 3, 3)
        output = F.conv2d(grey[None, None], kernel, stride=stride, padding=padding)[0, 0]
        left, right, window, shown, products = figure.axes
        np.testing.assert_allclose(right.images[0].get_array(), output, atol=1e-3)
        assert right.get_title() == f"output: ⌊(32 + 2 · {padding} − 3) / {stride}⌋ + 1 = {wide} pixels wide"
        padded = F.pad(grey, (padding,) * 4)
        np.testing.assert_allclose(left.images[0].get_array(), padded / 255, atol=1e-6)
        seen = padded[row * stride : row * stride + 3, column * stride : column * stride + 3]
        np.testing.assert_array_equal(window.images[0].get_array(), seen)
        assert left.patches[0].get_xy() == (column * stride - 0.5, row * stride - 0.5)
        np.testing.assert_array_equal(shown.images[0].get_array(), kernel[0, 0])
        np.testing.assert_allclose(products.images[0].get_array(), seen * kernel[0, 0])
        name, sum_of, total = figure.get_suptitle().split(" = ")
        terms = re.sub(r"\(−(\S+?)\)", r"(-\1)", sum_of).replace("·", "*")
        assert name == f"output[{row}, {column}]" and sum_of.count("·") == 9
        assert eval(terms) == pytest.approx(float(total)) == pytest.approx(output[row, column].item())


def test_presets_fill_the_kernel_and_a_changed_one_is_your_own(playground):
    preset = playground.controls["kernel"]
    playground.set(kernel="blur")
    drawn = playground.frame.cache_info().misses
    playground.set(kernel="sharpen")
    assert tuple(state(playground)[1:10]) == KERNELS["sharpen"] and playground.frame.cache_info().misses == drawn + 1
    playground.set(k11=7)
    assert preset.value == OWN_KERNEL and playground.controls["k11"].value == 7
    playground.set(k11=5)
    assert preset.value == "sharpen"


def test_the_place_stays_inside_a_smaller_output(playground):
    playground.set(stride=1, padding=2)
    playground.set(**{"output row": 33, "output column": 33})
    playground.set(stride=3)
    assert state(playground)[-2:] == [11, 11] and playground.controls["output row"].values[-1] == 11


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
        figure = explorer.draw(channels, name, channel, factor)
        image, whole, changed, code_map, change, curve = figure.axes[:6]
        for ax, expected in ((image, x[0]), (whole, plain[0]), (changed, after[0])):
            np.testing.assert_allclose(ax.images[0].get_array(), expected.permute(1, 2, 0), atol=1e-5)
        assert whole.get_title() == f"decoded: {psnr(x, plain).item():.1f} dB"
        assert changed.get_title().endswith(f": {psnr(x, after).item():.1f} dB")
        np.testing.assert_allclose(code_map.images[0].get_array(), code[0, channel], atol=1e-5)
        np.testing.assert_allclose(change.images[0].get_array(), (after - plain).abs().mean(1)[0], atol=1e-5)
        with torch.no_grad():
            quality = psnr(x[:1], model(x[:1])).item()
        point = next(line.get_xydata()[0] for line in curve.lines if len(line.get_xydata()) == 1)
        np.testing.assert_allclose(point, (256 * channels, quality), rtol=1e-5)


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
    change = view.draw(*state(view)).axes[4].images[0].get_array()
    assert change.max() > 0.01
