"""Views of one idea each: principal components, places of a code, a dying ReLU, a learning rate."""

import numpy as np
import pytest
import torch
from helpers.images import stand_in_set

from cae_lib.base.errors import UsageError
from cae_lib.checkpoints import load_run
from cae_lib.data.images import scale
from cae_lib.metrics import psnr
from cae_lib.models import MODEL1, build
from cae_lib.pca import pca_reconstruct, principal_components
from cae_lib.views import descent as toy
from cae_lib.views.code_places import code_places
from cae_lib.views.components import COUNTS, components_slider
from cae_lib.views.dying_relu import SHIFTS, dying_relu


@pytest.fixture(scope="module")
def data():
    return stand_in_set(40)


def test_components(data):
    learned = principal_components(data)
    view = components_slider(*learned, data, [1, 2])
    assert view.controls["directions"].value == 64
    figure = view.draw(16)
    (curves,) = [ax for ax in figure.axes if ax.lines]
    pictures = [ax.images[0].get_array() for ax in figure.axes if ax.images]
    rebuilt = pca_reconstruct(data.images, *learned, 16)
    assert any(np.allclose(picture, rebuilt[1].permute(1, 2, 0), atol=1e-5) for picture in pictures)
    mean = psnr(scale(data.images, (0, 1)), rebuilt).mean().item()
    curve = curves.lines[0].get_xydata()
    np.testing.assert_allclose(curve[COUNTS.index(16)], (16, mean), rtol=1e-4)
    assert "16 of 3,072: " in curves.get_title() and np.all(np.diff(curve[:, 1]) > -0.1)


def test_a_place_of_the_code_that_is_clicked_on(data):
    model = load_run("model1_code2", seed=1).model
    view = code_places(model, data, [3, 4])
    left, top, right, bottom, rows, columns = view.frame(*view.values()).places
    assert (rows, columns) == (16, 16) and 0 < left < right < 0.5 and 0 < top < bottom < 1
    view.set(row=5, column=7)
    image = view.controls["image"].value
    with torch.no_grad():
        code = model.encode(scale(data.images[3][None], (0, 1)))
        plain = model.decode(code)
        code[0, 1, 5, 7] = 0
        without = model.decode(code)
    left, middle, right = view.draw(5, 7, 1, image).axes[:3]
    np.testing.assert_allclose(middle.images[0].get_array(), without[0].permute(1, 2, 0), atol=1e-5)
    np.testing.assert_allclose(right.images[0].get_array(), (without - plain).abs().mean(1)[0], atol=1e-5)
    assert tuple(left.images[0].get_array().shape) == (16, 16)  # what is clicked on is the first axes


def test_a_code_without_places_is_refused(data):
    class Flat(torch.nn.Module):
        def encode(self, x):
            return x.flatten(1)[:, :10]

        def decode(self, code):
            return torch.zeros(len(code), 3, 32, 32)

    with pytest.raises(UsageError, match="has no places"):
        code_places(Flat(), data, [0])


def test_a_bias_that_falls_closes_the_relu(data):
    model = build(MODEL1, 0)
    view = dying_relu(model, data, 0)
    shares, gradients = [], []
    for shift in SHIFTS:
        left, _, right = view.draw(shift).axes
        shares.append(float(left.get_title().split(": ")[1].split("%")[0]))
        gradients.append(right.get_title())
    assert shares == sorted(shares, reverse=True) and shares[0] > shares[-1] == 0
    assert gradients[-1] == "gradient 0: dead" and gradients[0] != gradients[-1]
    assert torch.equal(model.decoder[4].bias, build(MODEL1, 0).decoder[4].bias)


def test_the_path_of_descent():
    ends = {rate: toy.loss(toy.path(rate))[-1] for rate in toy.RATES}
    assert ends[0.205] > toy.loss(np.array(toy.START)) > ends[0.1]
    assert ends[0.1] == min(ends.values()) or ends[0.18] == min(ends.values())
    view = toy.descent()
    curve = view.draw(0.05).axes[1].lines[0].get_ydata()
    np.testing.assert_allclose(curve, toy.loss(toy.path(0.05)))
    by_hand = np.array(toy.START)
    for _ in range(3):
        by_hand = by_hand - 0.05 * by_hand * [1, toy.STEEP]
    np.testing.assert_allclose(toy.path(0.05)[3], by_hand)
