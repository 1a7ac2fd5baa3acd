"""The rate-distortion autoencoder: its bits against NumPy, what its entropy model may see, and its gradients."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.rate_distortion import (
    CONFIGS,
    HYPER,
    NEVER,
    NONE,
    ROUNDINGS,
    SMALL,
    every_config,
    lively_model,
    logistic_mass,
    number_of_passes,
    pass_of_each_place,
    random_code,
    random_images,
    with_hyper,
)
from torch import Tensor, nn

from cae_lib.codec import model as codec_model
from cae_lib.codec.design import RateDistortionConfig
from cae_lib.codec.model import RateDistortionAutoencoder, Transform, rate_distortion
from cae_lib.codec.prior import MIDDLE, RANGE, SCALES, SMALLEST, STEP, EntropyModel, symbol_bits

# Shapes


@pytest.mark.parametrize("height, width", [(4, 4), (32, 32), (8, 20), (36, 4)])
@every_config
def test_every_size_that_is_a_multiple_of_4(height, width, config):
    model = lively_model(config)
    images, quality = random_images(3, height, width), torch.tensor([0, 1, 0])
    output = model(images, quality)
    assert output["images"].shape == images.shape and output["bits"].shape == (3,)
    assert output["images"].dtype == output["bits"].dtype == torch.float32
    assert (output["bits"] > 0).all()
    code, channels = model.analyse(images, quality), config.hyper + 8
    assert code.shape == (3, channels, height // 4, width // 4)
    assert model.entropy_model(code, quality).shape == (3, 2, channels, height // 4, width // 4)


def test_the_full_model_has_a_code_of_48_channels():
    config = RateDistortionConfig()
    assert config.channels == 48
    assert [(step.begin, step.end) for step in config.passes()[::2]] == [(0, 8), (8, 16), (16, 32), (32, 48)]
    assert list(config.lambdas) == sorted(config.lambdas) and len(config.lambdas) >= 6


def test_hidden_widens_the_networks_of_the_entropy_model_alone():
    small, large = (RateDistortionAutoencoder(RateDistortionConfig(width=8, hidden=h)).state_dict() for h in (64, 96))
    wider = {name for name in small if small[name].shape != large[name].shape}
    assert wider and all(name.startswith("entropy_model.") for name in wider)
    assert large["entropy_model.networks.0.0.weight"].shape[0] == 96


def test_as_dict_builds_the_config_again():
    for config in CONFIGS:
        stored = config.as_dict()
        assert RateDistortionConfig(**stored | {k: tuple(stored[k]) for k in ("groups", "lambdas")}) == config


@pytest.mark.parametrize("height, width", [(1, 1), (2, 7), (8, 5)])
@with_hyper
def test_z_has_one_value_for_each_block_of_4_by_4_places_and_g_s_does_not_see_it(config, height, width):
    model, images, quality = lively_model(config), random_images(2, 4 * height, 4 * width), torch.tensor([0, 1])
    with torch.no_grad():
        code = model.analyse(images, quality)
        y = model.g_a(images, quality)
        z = model.h_a(y)
        assert z.shape == (2, 3, -(-height // 4), -(-width // 4)) and z.std() > 0.05
        assert torch.equal(code[:, 3:], y) and torch.equal(code[:, :3, ::4, ::4], z)
        assert (code[:, :3] != 0).sum() == z.numel()
        other = torch.cat([code[:, :3] + 9, y], 1)
        assert torch.equal(model.synthesise(other, quality), model.synthesise(code, quality))


# Bits


def test_bits_against_numpy():
    rng = np.random.default_rng(0)
    index = rng.uniform(0, SCALES - 1, 500)
    mean, scale = rng.normal(0, 5, 500), SMALLEST * np.exp(STEP * index)
    symbols = np.round(mean + 2 * scale * rng.normal(size=500))
    expected = -np.log2(np.maximum(logistic_mass(symbols, mean, scale), 2.0**-24))
    bits = symbol_bits(*map(torch.from_numpy, (symbols, mean, index)))
    np.testing.assert_allclose(bits.numpy(), expected, rtol=1e-7, atol=1e-9)
    single = symbol_bits(*(torch.from_numpy(x).float() for x in (symbols, mean, index)))
    np.testing.assert_allclose(single.numpy(), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("index", [0.0, 10.5, 30.0, SCALES - 1.0])
@pytest.mark.parametrize("mean", [0.0, 0.5, -3.3])
def test_the_probabilities_of_all_symbols_sum_to_1(index, mean):
    symbols = torch.arange(-1500.0, 1501.0, dtype=torch.float64)
    bits = symbol_bits(symbols, torch.tensor(mean), torch.tensor(index, dtype=torch.float64))
    floor = len(symbols) * 2.0**-24  # no symbol is less likely than this, so that it can still be coded
    assert 1 - 1e-9 <= (2.0**-bits).sum().item() <= 1 + floor


def test_scales_beyond_those_of_the_coder_count_as_the_last_one():
    symbols, mean = torch.tensor([0.0, 2.0, -30.0]), torch.tensor(0.3)
    for beyond, last in ((-5.0, 0.0), (SCALES + 9.0, SCALES - 1.0)):
        assert torch.equal(*(symbol_bits(symbols, mean, torch.tensor(x)) for x in (beyond, last)))


def test_no_symbol_costs_more_than_24_bits_and_none_is_free():
    far = symbol_bits(torch.tensor([1e6, -1e6, 0.0]), torch.tensor(0.0), torch.tensor(0.0))
    assert far[:2].tolist() == [24, 24] and 0 < far[2] < 1e-4


@every_config
def test_the_models_bits_are_those_of_its_symbols_under_its_means_and_scales(config):
    model, images = lively_model(config), random_images(2, 20, 24)
    quality = torch.tensor([1, 0])
    with torch.no_grad():
        gain = model.log_gain[quality][:, :, None, None].double().exp()
        symbols = (model.analyse(images, quality) * gain).round()
        mean, scale = model.entropy_model((symbols / gain).float(), quality).double().unbind(1)
        index = MIDDLE + RANGE * scale + gain.log() / STEP
        width = SMALLEST * np.exp(STEP * index.clamp(0, SCALES - 1).numpy())
        mass = logistic_mass(symbols.numpy(), (mean * gain).numpy(), width)
        coded = pass_of_each_place(config, 5, 6).numpy() != NEVER
        expected = -np.log2(np.maximum(mass, 2.0**-24)).sum((1, 2, 3), where=coded)
        np.testing.assert_allclose(model(images, quality)["bits"].numpy(), expected, rtol=1e-4)


# What the entropy model sees


@pytest.mark.parametrize("config", [*CONFIGS, replace(SMALL, groups=(3,)), replace(HYPER, groups=(1, 5, 2, 1))])
def test_a_symbol_changes_nothing_of_its_own_or_an_earlier_pass_but_something_later(config):
    model = lively_model(config).entropy_model
    code, quality = random_code(config), torch.tensor([0, 1])
    order = pass_of_each_place(config, *code.shape[2:])
    g = torch.Generator().manual_seed(2)
    with torch.no_grad():
        before = model(code, quality)
        for number in range(number_of_passes(config)):
            places = (order == number).nonzero()
            one = places[torch.randint(len(places), (1,), generator=g)]
            for changed in (one, places):
                other = code.clone()
                other[:, changed[:, 0], changed[:, 1], changed[:, 2]] += 7
                differs = (model(other, quality) != before).any(1)
                assert not differs[:, order <= number].any()
                if number < number_of_passes(config) - 1:
                    assert differs[:, (order > number) & (order < NEVER)].any(1).all()
        assert torch.equal(model(code + 7 * (order == NEVER), quality), before)


@every_config
def test_every_pass_uses_every_pass_before_it(config):
    model, code, quality = lively_model(config).entropy_model, random_code(config), torch.tensor([0, 1])
    order, last = pass_of_each_place(config, *code.shape[2:]), number_of_passes(config) - 1
    with torch.no_grad():
        before = model(code, quality)
        for earlier in range(last):
            differs = (model(code + 7 * (order == earlier), quality) != before).any(1)
            for later in range(earlier + 1, last + 1):
                assert differs[:, order == later].any(), f"pass {later} ignores pass {earlier}"


def test_without_context_the_entropy_model_sees_nothing_but_channel_and_quality():
    model = lively_model(NONE).entropy_model
    assert [name for name, _ in model.named_parameters()] == ["start"]
    outputs = model(random_code(NONE), torch.tensor([0, 1]))
    assert torch.equal(outputs, model(torch.zeros(2, 8, 6, 5), torch.tensor([0, 1])))
    for q in (0, 1):
        mean, scale = outputs[q]
        assert torch.equal(mean, model.start[q, :8, None, None].expand(8, 6, 5))
        assert torch.equal(scale, model.start[q, 8:, None, None].expand(8, 6, 5))


@with_hyper
def test_a_value_of_z_is_seen_all_over_its_block_and_one_place_around_it(config):
    """One place around, because the networks see 3 x 3 places."""
    model, code = lively_model(config).entropy_model, torch.zeros(1, 11, 14, 11)
    other = code.clone()
    other[0, 1, 4, 8] = 7
    with torch.no_grad():
        differs = (model(other, torch.tensor([0])) != model(code, torch.tensor([0])))[0].any(0)
    assert not differs[:3].any()
    around = torch.zeros(14, 11, dtype=torch.bool)
    around[3:9, 7:] = True
    for group in differs[3:].split(config.groups if config.context == "groups" else 8):
        assert torch.equal(group.any(0), around)


@pytest.mark.parametrize("config", [SMALL, HYPER], ids=["groups", "hyper"])
def test_the_very_first_pass_is_one_constant_for_each_channel_and_quality(config):
    model, quality = lively_model(config).entropy_model, torch.tensor([0, 1])
    outputs = model(random_code(config), quality)[:, :, :2]
    first = outputs[..., pass_of_each_place(config, 6, 5)[0] == 0]
    assert (first == first[..., :1]).all()
    for q in (0, 1):
        assert torch.equal(first[q, 0, :, 0], model.start[q, :2])
        assert torch.equal(first[q, 1, :, 0], model.start[q, config.channels :][:2])


@every_config
def test_images_of_a_batch_do_not_see_each_other(config):
    model, images = lively_model(config).double(), random_images(3).double()
    quality = torch.tensor([0, 1, 1])
    with torch.no_grad():
        together = model(images, quality)
        for i in range(3):
            alone = model(images[i : i + 1], quality[i : i + 1])
            for name, values in together.items():
                np.testing.assert_allclose(alone[name][0], values[i], rtol=1e-5, atol=1e-5)


# Rounding


def bare(rounding: str, monkeypatch) -> tuple[RateDistortionAutoencoder, Tensor, dict]:
    """A model between identities whose gains are 1, its code, and what a forward gives the rate and the context."""
    torch.manual_seed(0)
    code = (3 * torch.randn(2, 8, 6, 5)).requires_grad_()
    model, seen = RateDistortionAutoencoder(replace(SMALL, rounding=rounding)), {}
    model.g_a, model.g_s = Transform(), Transform()
    nn.init.zeros_(model.log_gain)
    nn.init.zeros_(model.log_inverse_gain)
    real_bits, real_model = symbol_bits, EntropyModel.forward

    def bits(symbols, mean, scale):
        seen.setdefault("rate", symbols)  # with "apart", a second call is for the entropy model alone
        return real_bits(symbols, mean, scale)

    def entropy_model(self, symbols, quality):
        seen["context"] = symbols
        return real_model(self, symbols, quality)

    monkeypatch.setattr(codec_model, "symbol_bits", bits)
    monkeypatch.setattr(EntropyModel, "forward", entropy_model)
    return model, code, seen


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_what_stands_in_for_rounding(rounding, monkeypatch):
    model, code, seen = bare(rounding, monkeypatch)
    seen["picture"] = model.train()(code, torch.tensor([0, 1]))["images"]
    noisy = {"noise": {"rate", "context", "picture"}, "straight-through": set()}.get(rounding, {"rate"})
    for name, values in seen.items():
        difference = (values - code).detach()
        if name in noisy:
            assert difference.abs().max() <= 0.5 + 1e-6
            assert difference.min() < -0.45 and difference.max() > 0.45 and abs(difference.mean()) < 0.06
            assert not torch.equal(values, values.round())
        else:
            assert torch.equal(values, code.round())
        (gradient,) = torch.autograd.grad(values.sum(), code, retain_graph=True)
        assert torch.equal(gradient, torch.ones_like(code)), f"{name}: rounding passes the gradient on as it is"


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_evaluation_rounds_whatever_the_training_does(rounding, monkeypatch):
    model, code, seen = bare(rounding, monkeypatch)
    seen["picture"] = model.eval()(code, torch.tensor([0, 1]))["images"]
    assert set(seen) == {"rate", "context", "picture"}
    for values in seen.values():
        assert torch.equal(values, code.round())


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_evaluation_is_repeatable_and_leaves_the_random_numbers_alone(rounding):
    model, images = lively_model(replace(SMALL, rounding=rounding)), random_images(2)
    quality, state = torch.tensor([0, 1]), torch.get_rng_state()
    one, two = model(images, quality), model(images, quality)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(one["bits"], two["bits"]) and torch.equal(one["images"], two["images"])
    model.train()
    differs = not torch.equal(model(images, quality)["bits"], model(images, quality)["bits"])
    assert differs == (rounding in ("noise", "mixed"))


# Qualities and gains


def test_every_quality_has_gains_of_its_own():
    model, images = lively_model(), random_images(2)
    before = [model(images, torch.full((2,), q)) for q in (0, 1)]
    assert not torch.equal(before[0]["bits"], before[1]["bits"])
    for gains in (model.log_gain, model.log_inverse_gain):
        assert gains.shape == (2, 8)
        with torch.no_grad():
            gains[1] += 0.5
        after = [model(images, torch.full((2,), q)) for q in (0, 1)]
        for name in ("bits", "images"):
            assert torch.equal(before[0][name], after[0][name])
        assert not torch.equal(before[1]["images"], after[1]["images"])
        before = after


def test_at_first_a_larger_lambda_has_larger_gains_and_costs_more():
    """The error grows with the square of the step, so that the best step falls like 1 / sqrt(lambda)."""
    config = replace(SMALL, lambdas=(0.001, 0.01, 0.1), context="none")
    model, fresh, images = lively_model(config), RateDistortionAutoencoder(config), random_images(4)
    model.log_gain, model.entropy_model = fresh.log_gain, fresh.entropy_model
    assert torch.equal(fresh.log_inverse_gain, -fresh.log_gain)
    gains = fresh.log_gain.detach().exp()
    np.testing.assert_allclose(gains, 4 * np.sqrt([[0.1], [1], [10]]) * np.ones(8), rtol=1e-5)
    with torch.no_grad():
        bits = [model(images, torch.full((4,), q))["bits"] for q in range(3)]
    assert (bits[0] < bits[1]).all() and (bits[1] < bits[2]).all()


def test_a_finer_step_costs_its_logarithm_in_bits():
    model, images = lively_model(NONE), random_images(4)
    quality = torch.zeros(4, dtype=torch.long)
    with torch.no_grad():
        model.entropy_model.start.zero_()
        model.g_a[-1].weight /= model.g_a(images, quality).std()
        bits = []
        for gain in (8, 16):
            model.log_gain[0] = np.log(gain)
            bits.append(model(images, quality)["bits"].mean().item() / (8 * 4 * 4))
    assert bits[1] - bits[0] == pytest.approx(1, abs=0.02)


# Loss and gradients


@pytest.mark.parametrize("height, width", [(16, 16), (8, 24)])
def test_the_terms_of_the_loss_add_up(height, width):
    model, images = lively_model(), random_images(3, height, width)
    quality = torch.tensor([0, 1, 1])
    with torch.no_grad():
        terms, output = rate_distortion(model, images, quality), model(images, quality)
    original, rebuilt = (255 * (x.double().numpy() + 1) / 2 for x in (images, output["images"]))
    bpp = output["bits"].double().numpy() / (height * width)
    error = ((original - rebuilt) ** 2).mean((1, 2, 3))  # in grey levels
    lambdas = np.array([0.01, 0.05, 0.05])
    assert terms.keys() == {"loss", "bpp", "mse"}
    assert terms["bpp"].item() == pytest.approx(bpp.mean(), rel=1e-5)
    assert terms["mse"].item() == pytest.approx(error.mean() / 255**2, rel=1e-5)
    assert terms["loss"].item() == pytest.approx((bpp + lambdas * error).mean(), rel=1e-5)


@pytest.mark.parametrize("rounding", ROUNDINGS)
@every_config
def test_gradients_reach_every_parameter(rounding, config):
    model = lively_model(replace(config, rounding=rounding)).train()
    torch.manual_seed(0)
    rate_distortion(model, random_images(4), torch.tensor([0, 1, 0, 1]))["loss"].backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().max() > 0, name
        if parameter.shape[0] == 2 and name.startswith(("log", "entropy_model.by", "entropy_model.start")):
            assert (parameter.grad.abs().amax(1) > 0).all(), f"{name}: every quality has its own row"


@every_config
def test_a_few_steps_of_training_lower_the_loss(config):
    model, images, quality = lively_model(config).train(), random_images(8), torch.tensor([0, 1] * 4)
    optimiser, losses = torch.optim.Adam(model.parameters(), lr=3e-3), []
    torch.manual_seed(0)
    for _ in range(12):
        losses.append(rate_distortion(model, images, quality)["loss"])
        optimiser.zero_grad()
        losses[-1].backward()
        optimiser.step()
    assert losses[-1] < 0.8 * losses[0]


def test_the_rate_alone_asks_for_smaller_gains_at_the_qualities_of_the_batch():
    model = lively_model(replace(SMALL, rounding="noise")).train()
    torch.manual_seed(0)
    bits = model(random_images(8), torch.zeros(8, dtype=torch.long))["bits"]
    (gradient,) = torch.autograd.grad(bits.sum(), model.log_gain)
    assert gradient[0].mean() > 0
    assert not gradient[1].any()


def gradients(rounding: str) -> dict[str, Tensor]:
    """Of the bits alone, with the same noise for every rounding."""
    model = lively_model(replace(SMALL, rounding=rounding)).train()
    torch.manual_seed(0)
    model(random_images(4), torch.tensor([0, 1, 0, 1]))["bits"].sum().backward()
    return {name: p.grad for name, p in model.named_parameters() if p.grad is not None}


def test_apart_the_entropy_model_learns_from_rounded_symbols_and_the_gains_from_noisy_ones():
    apart, mixed, rounded = map(gradients, ("apart", "mixed", "straight-through"))
    for name, gradient in apart.items():
        if name.startswith("entropy_model."):
            torch.testing.assert_close(gradient, rounded[name])
            assert not torch.allclose(gradient, mixed[name])
        elif name != "log_gain":  # which the rounded context reaches, too
            assert not torch.allclose(gradient, rounded[name])


@pytest.mark.parametrize("balance", [0.0, 0.3, 1.0])
def test_balance_weighs_the_loss_of_each_quality(balance):
    model, images = lively_model(), random_images(3)
    losses = [rate_distortion(model, images, torch.full((3,), q), balance)["loss"].item() for q in (0, 1)]
    whole = [rate_distortion(model, images, torch.full((3,), q))["loss"].item() for q in (0, 1)]
    assert losses == pytest.approx([whole[0] * (0.01 / 0.05) ** -balance, whole[1]], rel=1e-5)  # 0.05 is the middle one


def test_a_block_that_is_told_the_quality_works_otherwise_at_each():
    block = codec_model.ResidualBlock(6, qualities=2)
    x = torch.randn(2, 6, 4, 4)
    zero, one = torch.tensor([0, 0]), torch.tensor([1, 1])
    assert torch.equal(block(x, zero), block(x, one)), "at first the same"
    with torch.no_grad():
        block.strength[1] = 0
    assert torch.equal(block(x, one), x) and not torch.equal(block(x, zero), x)
    assert torch.equal(block(x, torch.tensor([0, 1])), torch.stack([block(x, zero)[0], x[1]]))
    plain = codec_model.ResidualBlock(6)
    assert torch.equal(plain(x, zero), plain(x, one))
