"""Search at the encoder: fewer bits and a better picture in one, by the loss; the decoder knows nothing of it."""

import numpy as np
import pytest
import torch
from helpers.rate_distortion import HYPER, SMALL, lively_model, random_images

from cae_lib.codec import search, streams
from cae_lib.codec.container import CodecError
from cae_lib.codec.integers import RateDistortionCodec, constants
from cae_lib.data.standin import make_images


def loss(model, symbols, images, quality) -> torch.Tensor:
    """Bits + lambda * 255^2 * MSE * pixels of each image, said once more."""
    with torch.no_grad():
        rebuilt = model.synthesise(symbols, quality)
        bits = model.bits(symbols, symbols, quality)
    mse = ((rebuilt - images) / 2).square().mean((1, 2, 3))
    lambdas = torch.tensor(model.config.lambdas)[quality]
    return bits + lambdas * 255**2 * mse * images[0, 0].numel()


@pytest.mark.parametrize("config", [SMALL, HYPER], ids=["groups", "hyper"])
def test_the_loss_falls_and_the_more_the_longer_it_searches(config):
    model, images, quality = lively_model(config), random_images(4), torch.tensor([0, 1, 0, 1])
    with torch.no_grad():
        code = model.analyse(images, quality) * model.log_gain[quality].exp()[:, :, None, None]
    losses = [loss(model, code.round(), images, quality)]
    for steps in (30, 200):
        symbols = search.annealed(model, code, images, quality, steps)
        assert torch.equal(symbols, symbols.round()) and not symbols.requires_grad
        losses.append(loss(model, symbols, images, quality))
    assert losses[2].mean() < losses[1].mean() < losses[0].mean()


def test_it_repeats_and_leaves_the_random_numbers_and_the_model_alone():
    model, images, quality = lively_model(), random_images(2), torch.tensor([0, 1])
    with torch.no_grad():
        code = model.analyse(images, quality)
    before, state = {k: v.clone() for k, v in model.state_dict().items()}, torch.get_rng_state()
    one, two = (search.annealed(model, code, images, quality, 20) for _ in range(2))
    assert torch.equal(one, two) and torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("temperature", [0.5, 0.2])
def test_soft_rounding_lies_between_the_whole_numbers_around_and_is_likelier_near(temperature):
    code = torch.tensor([-1.9, -0.5, 0.0, 0.2, 3.8, 5.0]).repeat(20_000, 1).T[None]
    generator = torch.Generator().manual_seed(0)
    soft = search.softly_rounded(code, temperature, generator)[0]
    assert (soft >= code[0].floor()).all() and (soft <= code[0].floor() + 1).all()
    up = (soft.round() > code[0].floor()).double().mean(1)
    part = (code[0, :, 0] - code[0, :, 0].floor()).clamp(1e-4, 1 - 1e-4).double()
    expected = torch.sigmoid((torch.atanh(part) - torch.atanh(1 - part)) / temperature)  # the chance of Yang et al.
    np.testing.assert_allclose(up, expected, atol=0.015)


def test_files_of_every_effort_decode_and_a_search_pays_off(monkeypatch):
    monkeypatch.setattr(search, "STEPS", {1: 50, 2: 150})
    codec, images = streams.load_codec(streams.RD), make_images("test")[0][:4]
    worth, losses = codec.config.lambdas[3], []
    for effort in codec.efforts:
        files = codec.encode(images, 4, effort)
        mse = ((codec.decode(files).double() - images) ** 2).mean((1, 2, 3))
        bpp = torch.tensor([8 * codec.payload_size(file) / 1024 for file in files])
        losses.append((bpp + worth * mse).mean().item())
        assert codec.encode(images, 4, effort) == files
    assert losses == sorted(losses, reverse=True)


def test_large_and_odd_pictures_are_searched_tile_by_tile(monkeypatch):
    monkeypatch.setattr(search, "STEPS", {1: 3, 2: 6})
    codec = RateDistortionCodec(lively_model(), constants(lively_model()))
    for height, width in ((1, 1), (5, 270)):
        images = torch.randint(256, (2, 3, height, width), dtype=torch.uint8)
        decoded = codec.decode(codec.encode(images, 1, effort=2))
        assert decoded.shape == images.shape


@pytest.mark.parametrize("model, effort", [("rd", 3), ("rd", -1), ("dct", 1), ("model1", 2)])
def test_an_effort_that_a_codec_has_not_is_refused(model, effort):
    image = np.zeros((8, 8, 3), dtype=np.uint8)
    with pytest.raises(CodecError, match=f"{model} has no effort {effort}: choose one of 0"):
        streams.compress(image, model=model, quality=3, effort=effort)
