"""The training loop: oracles for its numbers, its order of batches, and the faults it must name."""

import math
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.images import random_set

from cae_lib import training
from cae_lib.base import device
from cae_lib.data.images import ImageSet
from cae_lib.evaluation import TrainingError, dead_relus, evaluate, reconstruct
from cae_lib.models import MODEL1, MODEL1_REPAIRED, MODEL2, Classifier, build
from cae_lib.training import History, TrainConfig, fit

pytestmark = pytest.mark.usefixtures("one_cpu_core")
CLASSES = tuple("abcdefghij")
SGD = TrainConfig(epochs=2, batch_size=4, optimiser="sgd", learning_rate=0.01)
ADAM = TrainConfig(epochs=3, batch_size=8, optimiser="adam", learning_rate=1e-3)


def fit_quietly(model, train, validation, config, **options):
    return fit(model, train, validation, config, progress=False, **options)


@pytest.fixture
def batches(monkeypatch):
    """The batches of a fit as lists of image numbers, which are the labels of `numbered` images."""
    seen = []
    real = training.batch_loss

    def record(model, images, labels, *options):
        seen.append(labels.tolist())
        return real(model, images, labels, *options)

    monkeypatch.setattr(training, "batch_loss", record)
    return seen


def numbered(count: int) -> ImageSet:
    return replace(random_set(count), labels=torch.arange(count))


# What the numbers mean


def test_training_loss_is_the_average_over_images_also_with_a_short_last_batch():
    data = random_set(11)
    model = build(MODEL2)
    still = replace(ADAM, epochs=1, batch_size=4, optimiser="sgd", learning_rate=1e-30)  # weights do not move
    history = fit_quietly(model, data, data, still)
    errors = (reconstruct(model, data.images) - data.images.float() / 255) ** 2
    assert history.train_loss[0] == pytest.approx(errors.mean().item(), rel=1e-5)
    assert history.validation_loss[0] == pytest.approx(errors.mean().item(), rel=1e-5)


def test_one_sgd_step_against_the_formula():
    data = random_set(6)
    model, other = build(MODEL2, 4), build(MODEL2, 4)
    inputs = data.images.float() / 255
    loss = ((other(inputs) - inputs) ** 2).mean()
    loss.backward()
    history = fit_quietly(model, data, data, TrainConfig(1, 6, "sgd", 0.5))
    assert history.train_loss == [pytest.approx(loss.item(), rel=1e-5)]
    for new, old in zip(model.parameters(), other.parameters(), strict=True):
        assert old.grad.abs().max() > 0
        torch.testing.assert_close(new, old - 0.5 * old.grad, rtol=1e-4, atol=1e-6)


def test_adams_first_step_moves_every_weight_by_the_learning_rate():
    data = random_set(6)
    model, before = build(MODEL2), build(MODEL2)
    fit_quietly(model, data, data, TrainConfig(1, 6, "adam", 1e-3))
    steps = torch.cat([(a - b).flatten() for a, b in zip(model.parameters(), before.parameters(), strict=True)])
    assert steps.abs().median().item() == pytest.approx(1e-3, rel=0.02)


def test_validation_loss_is_that_of_the_model_at_the_end_of_each_epoch():
    train, validation = random_set(16), random_set(9, seed=1)
    model = build(MODEL2)
    seen = []
    history = fit_quietly(
        model, train, validation, ADAM, on_epoch=lambda p: seen.append(evaluate(p.model, validation)["loss"])
    )
    assert history.validation_loss == seen
    assert history.validation_loss[-1] == evaluate(model, validation)["loss"]


@pytest.mark.parametrize("config", [MODEL1_REPAIRED, MODEL2], ids=["repaired model1", "model2"])
@pytest.mark.parametrize("bf16", [False, True], ids=["float32", "bfloat16"])
def test_training_lowers_both_losses(config, bf16):
    model = build(config, seed=2)
    settings = replace(ADAM, epochs=6, learning_rate=2e-3, bf16=bf16)
    history = fit_quietly(model, random_set(48), random_set(16, seed=1), settings)
    assert history.epochs == len(history.validation_loss) == len(history.seconds) == 6
    assert history.train_loss[-1] < 0.8 * history.train_loss[0]
    assert history.validation_loss[-1] < 0.9 * history.validation_loss[0]
    assert history.accuracy == []
    assert all(p.dtype == torch.float32 for p in model.parameters())


def test_the_pixel_range_of_the_model_is_used():
    data = random_set(8)
    model = build(MODEL1)
    with torch.no_grad():
        model.decoder[4].weight.zero_()
        model.decoder[4].bias.fill_(-1)  # an output of zeros
    z = data.images.numpy() / 255 * 2 - 1
    assert evaluate(model, data)["loss"] == pytest.approx((z**2).mean(), rel=1e-5)


def test_classifier_learns_classes_that_colour_separates():
    g = torch.Generator().manual_seed(0)
    colours = torch.rand(10, 3, 1, 1, generator=g) * 255

    def coloured(count):
        labels = torch.arange(count) % 10
        noise = torch.randn(count, 3, 32, 32, generator=g) * 10
        return ImageSet((colours[labels] + noise).clamp(0, 255).to(torch.uint8), labels, CLASSES, "toy", "train")

    model = build(Classifier)
    config = TrainConfig(epochs=8, batch_size=20, optimiser="adam", learning_rate=3e-3, task="classify")
    test = coloured(50)
    history = fit_quietly(model, coloured(200), test, config)
    assert history.accuracy[-1] >= 0.95
    assert history.validation_loss[-1] < 0.5 < math.log(10)
    assert len(history.accuracy) == 8


def test_classification_scores_against_numpy():
    data = random_set(30)
    model = build(Classifier)
    with torch.no_grad():
        scores = model(data.images.float() / 127.5 - 1).double().numpy()
    labels = data.labels.numpy()
    log_sum = np.log(np.exp(scores).sum(1))
    result = evaluate(model, data, "classify")
    assert result["loss"] == pytest.approx((log_sum - scores[np.arange(30), labels]).mean(), rel=1e-4)
    assert result["accuracy"] == pytest.approx((scores.argmax(1) == labels).mean())


def test_evaluate_and_reconstruct_cut_into_parts_without_a_seam():
    data = random_set(507)
    model = build(MODEL2)
    output = reconstruct(model, data.images)
    assert output.shape == (507, 3, 32, 32) and output.dtype == torch.float32
    assert not output.requires_grad
    torch.testing.assert_close(output[495:], reconstruct(model, data.images[495:]), rtol=0, atol=1e-5)
    expected = ((output - data.images / 255) ** 2).mean().item()
    assert evaluate(model, data)["loss"] == pytest.approx(expected, rel=1e-5)


# Seeds and the order of the batches


@pytest.mark.parametrize("config", [SGD, ADAM], ids=["sgd", "adam"])
def test_seeds_repeat_and_differ(config):
    def run(seed):
        model = build(MODEL2, seed)
        history = fit_quietly(model, random_set(16), random_set(5, 1), replace(config, seed=seed))
        return history.train_loss, history.validation_loss, model.decoder[1].weight.detach().clone()

    (train, validation, weights), again, other = run(3), run(3), run(4)
    assert (train, validation) == again[:2]
    assert torch.equal(weights, again[2])
    assert train != other[0] and not torch.equal(weights, other[2])


def test_batch_order_depends_on_seed_and_epoch_only(batches):
    data = numbered(20)

    def order(model_config, config, **options):
        batches.clear()
        fit_quietly(build(model_config, config.seed), data, data, config, **options)
        return list(batches)

    first = order(MODEL2, replace(SGD, seed=1))
    assert [len(b) for b in first] == [4] * 10
    for epoch in (first[:5], first[5:]):
        assert sorted(sum(epoch, [])) == list(range(20)), "every image once an epoch"
    assert first[:5] != first[5:], "another order in every epoch"
    assert order(MODEL2, replace(SGD, seed=2)) != first, "another order with every seed"

    torch.rand(17)  # what was drawn before does not matter, nor what draws in between
    assert order(MODEL2, replace(SGD, seed=1)) == first
    assert order(MODEL1_REPAIRED, replace(SGD, seed=1, optimiser="adam"), on_epoch=lambda p: torch.rand(5)) == first
    longer = order(MODEL2, replace(SGD, seed=1, epochs=4))
    assert longer[:10] == first
    done = History(train_loss=[1.0] * 2, validation_loss=[1.0] * 2, seconds=[1.0] * 2)
    assert order(MODEL2, replace(SGD, seed=1, epochs=4), history=done) == longer[10:]
    assert sum(order(MODEL2, replace(SGD, seed=1, batch_size=7)), []) == sum(first, [])


def test_fit_leaves_the_global_generator_alone():
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    fit_quietly(build(MODEL2), random_set(4), random_set(4), SGD)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("config", [SGD, ADAM], ids=["sgd", "adam"])
@pytest.mark.parametrize("killed_after", [1, 2, 3])
def test_a_resumed_fit_equals_an_uninterrupted_one_bit_for_bit(config, killed_after):
    train, validation = random_set(18), random_set(6, seed=1)
    config = replace(config, epochs=4)
    whole, part = build(MODEL2), build(MODEL2)
    expected = fit_quietly(whole, train, validation, config)

    states = {}

    def keep_state(done):
        states.update(done.optimiser.state_dict()["state"])

    history = fit_quietly(part, train, validation, replace(config, epochs=killed_after), on_epoch=keep_state)
    fresh = build(MODEL2, seed=99)
    fresh.load_state_dict(part.state_dict())
    history = fit_quietly(fresh, train, validation, config, history=history, optimiser_state=states)
    assert history.train_loss == expected.train_loss
    assert history.validation_loss == expected.validation_loss
    assert history.best_epoch == expected.best_epoch
    for name, weights in whole.state_dict().items():
        assert torch.equal(fresh.state_dict()[name], weights), name
        assert torch.equal(history.best_weights[name], expected.best_weights[name]), name


# The callback, the history, what is printed


def test_on_epoch_is_called_once_an_epoch_with_what_was_done():
    calls = []
    model = build(MODEL2)
    history = fit_quietly(
        model, random_set(8), random_set(4), ADAM, on_epoch=lambda p: calls.append((p.epoch, p.history.epochs, p.model))
    )
    assert calls == [(1, 1, model), (2, 2, model), (3, 3, model)]
    calls.clear()
    more = replace(ADAM, epochs=5)
    fit_quietly(model, random_set(8), random_set(4), more, history=history, on_epoch=lambda p: calls.append(p.epoch))
    assert calls == [4, 5]


@pytest.mark.parametrize(
    "losses, best",
    [
        ([3.0], 1),
        ([3.0, 2.0, 1.0], 3),
        ([1.0, 2.0, 3.0], 1),
        ([3.0, 1.0, 2.0, 1.0, 2.0], 4),
        ([2.0, 2.0, 2.0], 3),
        ([2.0, 1.0, 1.0, 1.5, 1.2], 3),
    ],
)
def test_best_epoch_is_the_last_that_did_not_rise_above_the_lowest(losses, best):
    assert History(train_loss=losses, validation_loss=losses).best_epoch == best


def test_best_weights_are_those_of_the_best_epoch_ties_included(monkeypatch):
    losses = iter([3.0, 1.0, 2.0, 1.0, 2.0])
    monkeypatch.setattr(training, "evaluate", lambda *_: {"loss": next(losses)})
    kept = {}

    def keep(done):
        kept[done.epoch] = {k: v.clone() for k, v in done.model.state_dict().items()}

    history = fit_quietly(build(MODEL2), random_set(8), random_set(4), replace(ADAM, epochs=5), on_epoch=keep)
    assert history.best_epoch == 4
    for name, weights in history.best_weights.items():
        assert torch.equal(weights, kept[4][name])
        assert name.endswith("bias") or not torch.equal(weights, kept[5][name])


def test_one_line_an_epoch_is_printed_or_nothing(capsys):
    history = fit(build(MODEL2), random_set(8), random_set(4), ADAM)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    for epoch, line in enumerate(lines):
        assert f"{epoch + 1}/3" in line
        assert f"{history.train_loss[epoch]:.5f}" in line and f"{history.validation_loss[epoch]:.5f}" in line
        assert "images/s" in line
    assert "0:00 left" in lines[-1]
    fit_quietly(build(MODEL2), random_set(8), random_set(4), ADAM)
    assert capsys.readouterr() == ("", "")


def test_an_ordinary_fit_gives_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for config, task in ((MODEL1_REPAIRED, "reconstruct"), (MODEL2, "reconstruct"), (Classifier, "classify")):
            fit_quietly(build(config), random_set(16), random_set(8), replace(ADAM, task=task))


# Dead ReLUs


@pytest.mark.parametrize(
    "config, part, layer, dead",
    [
        (MODEL1, "decoder", 4, ["decoder.5"]),
        (MODEL1_REPAIRED, "encoder", 4, ["encoder.5"]),
        (MODEL2, "encoder", 3, ["encoder.4"]),
    ],
)
def test_the_warning_names_the_dead_layer(config, part, layer, dead):
    model = build(config)
    with torch.no_grad():
        getattr(model, part)[layer].bias.fill_(-1000)
    images = random_set(8)
    assert dead_relus(model, images.images) == dead
    slow = replace(SGD, epochs=1, learning_rate=1e-6, seed=7)
    with pytest.warns(UserWarning, match=rf"same output.*dead ReLU layers: {dead[0]}\).*seed than 7"):
        fit_quietly(model, images, images, slow)


def test_dead_relus_names_every_dead_layer_and_no_live_one():
    model = build(MODEL1)
    assert dead_relus(model, random_set(8).images) == []
    with torch.no_grad():
        model.encoder[4].bias.fill_(-1000)
        model.decoder[4].bias.fill_(-1000)
    assert dead_relus(model, random_set(8).images) == ["encoder.5", "decoder.5"]
    assert not any(m._forward_hooks for m in model.modules())


def test_one_live_channel_of_a_layer_is_enough():
    model = build(MODEL2)
    with torch.no_grad():
        model.encoder[3].bias.fill_(-1000)
        model.encoder[3].bias[5] = 1
    assert dead_relus(model, random_set(4).images) == []


# Faults


@pytest.mark.parametrize(
    "images",
    [
        torch.rand(4, 3, 32, 32),
        torch.randint(-5, 5, (4, 3, 32, 32)),
        torch.zeros(4, 1, 32, 32, dtype=torch.uint8),
        torch.zeros(4, 32, 32, 3, dtype=torch.uint8),
        torch.zeros(3, 32, 32, dtype=torch.uint8),
    ],
    ids=["floats", "int64", "grey", "channels last", "one image"],
)
@pytest.mark.parametrize("split", ["training", "validation"])
def test_images_of_the_wrong_shape_type_or_range_are_refused(images, split):
    good, bad = random_set(4), replace(random_set(4), images=images)
    model = build(MODEL2)
    before = model.decoder[1].weight.clone()
    with pytest.raises(TrainingError, match=rf"The {split} images are .*must be uint8 \(0 to 255\) of shape"):
        fit_quietly(model, *((bad, good) if split == "training" else (good, bad)), SGD)
    assert torch.equal(model.decoder[1].weight, before)


def test_images_of_odd_size_are_refused():
    odd = replace(random_set(4), images=torch.zeros(4, 3, 31, 31, dtype=torch.uint8))
    with pytest.raises(TrainingError, match="even"):
        fit_quietly(build(MODEL2), odd, odd, SGD)


@pytest.mark.parametrize("split", ["training", "validation"])
def test_empty_data_is_refused(split):
    good, empty = random_set(4), random_set(4).take(0)
    with pytest.raises(TrainingError, match=f"There are no {split} images"):
        fit_quietly(build(MODEL2), *((empty, good) if split == "training" else (good, empty)), SGD)


def test_images_without_labels_are_refused():
    data = replace(random_set(4), labels=torch.arange(3))
    with pytest.raises(TrainingError, match="4 training images but 3 labels"):
        fit_quietly(build(MODEL2), data, data, SGD)


@pytest.mark.parametrize("use", [evaluate, lambda model, data: reconstruct(model, data.images)])
def test_evaluate_and_reconstruct_refuse_floats_instead_of_scaling_them_twice(use):
    with pytest.raises(TrainingError, match="uint8"):
        use(build(MODEL2), replace(random_set(4), images=torch.rand(4, 3, 32, 32)))


def test_evaluate_refuses_empty_data():
    with pytest.raises(TrainingError, match="no images|There are no"):
        evaluate(build(MODEL2), random_set(4).take(0))


@pytest.mark.parametrize(
    "change, message",
    [
        ({"optimiser": "lion"}, "lion.*sgd, adam"),
        ({"task": "dream"}, "dream.*reconstruct.*classify"),
        ({"epochs": 0}, "at least 1"),
        ({"batch_size": 0}, "at least 1"),
        ({"learning_rate": 0.0}, "above 0"),
        ({"learning_rate": float("nan")}, "above 0"),
    ],
)
def test_bad_options_are_refused_with_the_cure(change, message):
    with pytest.raises(TrainingError, match=message):
        fit_quietly(build(MODEL2), random_set(4), random_set(4), replace(SGD, **change))


def test_a_loss_that_is_not_finite_stops_the_training_and_names_the_cure():
    model = build(replace(MODEL1, output_activation="none", code_activation="none"))
    calls = []
    with pytest.raises(TrainingError, match=r"loss became (nan|inf) in epoch 1.*learning rate below 1e\+06"):
        fit_quietly(
            model, random_set(16), random_set(4), replace(SGD, learning_rate=1e6), on_epoch=lambda p: calls.append(p)
        )
    assert calls == []


def test_a_validation_loss_that_is_not_finite_stops_the_training_too():
    model = build(replace(MODEL1, output_activation="none", code_activation="none"))
    # One batch an epoch: its loss is fine, the step after it ruins the weights.
    huge = TrainConfig(epochs=2, batch_size=16, optimiser="sgd", learning_rate=1e30)
    calls = []
    with pytest.raises(TrainingError, match=r"loss became (nan|inf) in epoch 1.*learning rate below 1e\+30"):
        fit_quietly(model, random_set(16), random_set(4), huge, on_epoch=lambda p: calls.append(p))
    assert calls == []


# Where and how precisely


@pytest.mark.parametrize(
    ("wanted", "fast", "said"),
    [(True, True, "bfloat16"), (True, False, "float32 (bfloat16 would be"), (False, True, None)],
)
def test_bfloat16_only_where_it_is_wanted_and_fast(monkeypatch, capsys, wanted, fast, said):
    """On processors without it, it is emulated and many times slower."""
    used, real = [], torch.autocast
    monkeypatch.setattr(device, "bf16_is_fast", lambda where: fast)
    watched = lambda *a, enabled: used.append(enabled) or real(*a, enabled=enabled)  # noqa: E731
    monkeypatch.setattr(torch, "autocast", watched)
    fit(build(MODEL2), random_set(4), random_set(4), replace(SGD, epochs=1, bf16=wanted))
    assert set(used) == {wanted and fast}
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith(f"training on cpu in {said}" if said else "epoch")


def test_a_loss_is_not_asked_for_at_each_step(monkeypatch):
    """Each question waits for the device."""
    asked, real = [], torch.Tensor.item
    monkeypatch.setattr(torch.Tensor, "item", lambda self: asked.append(1) or real(self))
    fit_quietly(build(MODEL2), random_set(60), random_set(4), replace(SGD, epochs=1, batch_size=1))
    assert len(asked) < 30


def test_evaluation_leaves_a_model_in_the_mode_that_it_was_in():
    model = build(MODEL2).train()
    evaluate(model, random_set(4))
    reconstruct(model, random_set(4).images)
    assert model.training
    evaluate(model.eval(), random_set(4))
    assert not model.training


@pytest.mark.parametrize("seed", [-1, 2**32, 10**30])
def test_a_seed_that_no_generator_takes_is_refused(seed):
    with pytest.raises(TrainingError, match="A seed is a whole number from 0 to 4,294,967,295"):
        fit_quietly(build(MODEL2), random_set(4), random_set(4), replace(SGD, seed=seed))
