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
from cae_lib.views.water import water_levels


@pytest.fixture(scope="module")
def data():
    return stand_in_set(40)


def test_components(data):
    learned = principal_components(data)
    view = components_slider(*learned, data, [1, 2])
    assert view.controls["directions"].value == 64
    strip = view.draw(16)
    rebuilt = pca_reconstruct(data.images, *learned, 16)
    np.testing.assert_allclose(strip.tiles[2].pixels / 255, rebuilt[1].clamp(0, 1).permute(1, 2, 0), atol=0.51 / 255)
    mean = psnr(scale(data.images, (0, 1)), rebuilt).mean().item()
    (curve,) = strip.beside.points.values()
    np.testing.assert_allclose(curve[COUNTS.index(16)], (16, mean), rtol=1e-4)
    assert f"directions: {view.controls['directions'].name(16)}" in view.frame(16).text.lower() and np.all(
        np.diff(curve[:, 1]) > -0.1
    )


def test_a_place_of_the_code_that_is_clicked_on(data):
    model = load_run("model1_code2", seed=1).model
    view = code_places(model, data, [3, 4])
    left, top, right, bottom, rows, columns = view.frame(*view.values()).places
    assert (rows, columns) == (16, 16) and 0 == left < right < 0.5 and 0 < top < bottom < 1
    view.set(row=5, column=7)
    image = view.controls["image"].value
    with torch.no_grad():
        code = model.encode(scale(data.images[3][None], (0, 1)))
        plain = model.decode(code)
        code[0, 1, 5, 7] = 0
        without = model.decode(code)
    left, middle, right = view.draw(5, 7, 1, image).tiles
    np.testing.assert_allclose(middle.pixels / 255, without[0].clamp(0, 1).permute(1, 2, 0), atol=0.51 / 255)
    np.testing.assert_allclose(right.values, (without - plain).abs().mean(1)[0], atol=1e-5)
    assert left.values.shape == (16, 16) and left.box == (5, 7, 1, 1)  # what is clicked on is the first picture


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
    assert ends[0.18] == min(ends.values())
    by_hand = np.array(toy.START)
    for _ in range(3):
        by_hand = by_hand - 0.05 * by_hand * [1, toy.STEEP]
    np.testing.assert_allclose(toy.path(0.05)[3], by_hand)


@pytest.mark.parametrize("panel", [toy.descent(), water_levels({"few": torch.tensor([4.0, 90.0, 900.0])})])
def test_what_the_page_computes_is_told_its_data(panel):
    facts, html = panel.facts(), panel._repr_mimebundle_()[0]["text/html"]
    assert f"painters.{facts['painter']} = " in html and facts["embed"] == list(facts["controls"])
    assert facts["click"][1] in facts["controls"] and panel.static.startswith(b"\x89PNG")


def test_the_variances_are_sorted_and_the_level_is_one_of_the_levels():
    panel = water_levels({"few": torch.tensor([4.0, 900.0, 90.0])})
    assert panel.data["variances"] == {"few": [900, 90, 4]}
    assert panel.controls["water level"].values == panel.data["levels"] and panel.controls["number"].values == [0, 1, 2]
