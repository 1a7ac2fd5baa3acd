"""The recipes of the shipped runs, and the study of dead ReLUs, on a few images."""

import json
from dataclasses import replace

import pytest
import torch
from helpers.images import random_set

from cae_lib import checkpoints, evaluation, training
from cae_lib.base.errors import UsageError
from cae_lib.models import MODEL1, MODEL2, build
from cae_lib.results import recipes, studies
from cae_lib.results.recipes import RUNS
from cae_lib.results.studies import dead_relu_study

pytestmark = pytest.mark.usefixtures("one_cpu_core")


def short(monkeypatch, name: str, epochs: int = 2, **changes) -> None:
    """Cut a recipe down to a few images and epochs."""
    recipe = RUNS[name]
    training_config = replace(recipe.training, epochs=epochs, batch_size=4)
    monkeypatch.setitem(RUNS, name, replace(recipe, training=training_config, **changes))


# The recipes


def test_the_reports_runs_are_trained_as_in_the_report():
    one, two = RUNS["model1"], RUNS["model2"]
    assert (one.model, two.model) == (MODEL1, MODEL2)
    assert (one.training.epochs, one.training.optimiser, one.training.learning_rate) == (30, "sgd", 0.01)
    assert (two.training.epochs, two.training.optimiser, two.training.learning_rate) == (20, "adam", 0.001)
    assert two.training.batch_size == 32
    assert min(one.train_images, two.train_images) >= 50_000
    assert min(one.validation_images, two.validation_images) >= 10_000


def test_runs_on_one_scale_differ_in_the_code_alone():
    sweep = [RUNS[f"model1_code{c}"] for c in recipes.CODE_CHANNELS]
    assert len({(r.training, r.train_images) for r in sweep}) == 1
    assert {replace(r.model, code_channels=0) for r in sweep} == {replace(sweep[0].model, code_channels=0)}
    assert [r.model.code_channels for r in sweep] == list(recipes.CODE_CHANNELS)
    assert sweep[0].model.pixel_range == MODEL2.pixel_range
    assert sweep[0].model.output_activation == MODEL2.output_activation
    assert MODEL2.code_channels in recipes.CODE_CHANNELS


def test_runs_of_the_learning_rates_differ_in_it_alone():
    rates = [RUNS[f"rate_{rate:g}"] for rate in recipes.LEARNING_RATES]
    assert [r.training.learning_rate for r in rates] == list(recipes.LEARNING_RATES)
    assert len({replace(r, why="", training=replace(r.training, learning_rate=1)) for r in rates}) == 1


def test_every_recipe_can_be_trained():
    for name, recipe in RUNS.items():
        assert recipe.why and recipe.seeds >= 1, name
        training.check(random_set(2), random_set(2), recipe.training)
        build(recipe.model)


# Training by name


def test_train_cuts_the_sets_and_uses_the_seed(tmp_path, monkeypatch):
    short(monkeypatch, "underfit", train_images=6, validation_images=3)
    run = recipes.train_recipe("underfit", 2, random_set(20), random_set(10), tmp_path)
    assert run.config.seed == 2
    record = json.loads((tmp_path / "run.json").read_text())
    assert (record["train_images"], record["validation_images"]) == (6, 3)
    assert record["model"]["code_channels"] == RUNS["underfit"].model.code_channels
    again = recipes.train_recipe("underfit", 2, random_set(20), random_set(10), tmp_path)
    assert again.history.seconds == run.history.seconds, "a finished run is not trained again"


@pytest.mark.parametrize("seed, kept", [(0, (1, 2, 3)), (1, (1, 3))])
def test_seed_0_keeps_every_epoch_the_others_the_best_and_the_last(tmp_path, monkeypatch, seed, kept):
    short(monkeypatch, "model2", epochs=3)
    losses = iter([1.0, 3.0, 2.0])
    monkeypatch.setattr(training, "evaluate", lambda *_: {"loss": next(losses)})
    run = recipes.train_recipe("model2", seed, random_set(4), random_set(4), tmp_path)
    assert run.epochs_kept == kept


def test_without_a_folder_the_run_lies_where_the_shipped_ones_do(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "SHIPPED", tmp_path)
    monkeypatch.setattr(recipes, "SHIPPED", tmp_path)
    short(monkeypatch, "underfit", train_images=4, validation_images=4)
    recipes.train_recipe("underfit", 1, random_set(4), random_set(4))
    assert checkpoints.load_run("underfit", seed=1).folder == tmp_path / "underfit" / "seed1"


def test_an_unknown_recipe_is_refused(tmp_path):
    with pytest.raises(UsageError, match="No run is called 'model9'; choose one of model1"):
        recipes.train_recipe("model9", 0, random_set(4), random_set(4), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_train_all_trains_every_seed_of_every_recipe_once(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "SHIPPED", tmp_path)
    seen = []
    monkeypatch.setattr(studies, "train_recipe", lambda name, seed, *_: seen.append((name, seed)))
    studies.train_runs(random_set(4), random_set(4))
    assert sorted(seen) == sorted((name, seed) for name, recipe in RUNS.items() for seed in range(recipe.seeds))


# Dead ReLUs


@pytest.fixture
def small_study(monkeypatch):
    monkeypatch.setattr(studies, "DEAD_BATCH_SIZES", (2, 4))
    monkeypatch.setattr(studies, "DEAD_SEEDS", 2)


@pytest.mark.filterwarnings("ignore:The model gives the same output")
def test_the_study_trains_every_batch_size_with_every_seed(tmp_path, small_study):
    file = tmp_path / "dead.json"
    rows = dead_relu_study(random_set(8), random_set(4, 1), file)
    assert [(r["batch_size"], r["seed"]) for r in rows] == [(2, 0), (2, 1), (4, 0), (4, 1)]
    stored = json.loads(file.read_text())
    assert stored["runs"] == rows
    assert (stored["source"], stored["epochs"]) == ("random", 1)

    model = build(MODEL1, 1)
    history = training.fit(
        model, random_set(8), random_set(4, 1), replace(recipes.REPORT1, epochs=1, batch_size=2, seed=1)
    )
    assert rows[1]["train_loss"] == history.train_loss[0]
    assert rows[1]["validation_loss"] == pytest.approx(history.validation_loss[0])
    assert rows[1]["dead_relus"] == evaluation.dead_relus(model, random_set(4, 1).images)


@pytest.mark.filterwarnings("ignore:The model gives the same output")
def test_the_study_names_dead_layers(tmp_path, small_study, monkeypatch):
    def dead(config, seed):
        model = build(config, seed)
        if seed == 1:
            with torch.no_grad():
                model.decoder[4].bias.fill_(-1000)
        return model

    monkeypatch.setattr(studies, "build", dead)
    data = random_set(8)
    rows = dead_relu_study(data, data, tmp_path / "dead.json")
    zeros = ((data.images.double() / 127.5 - 1) ** 2).mean().item()
    for row in rows:
        if row["seed"] == 1:
            assert "decoder.5" in row["dead_relus"]
            assert row["validation_loss"] == pytest.approx(zeros, rel=1e-5), "the loss of an output of zeros"


@pytest.mark.filterwarnings("ignore:The model gives the same output")
def test_an_interrupted_study_goes_on_and_repeats_nothing(tmp_path, small_study, monkeypatch):
    sets = random_set(8), random_set(4, 1)
    whole = dead_relu_study(*sets, tmp_path / "whole.json")
    real, trained = studies.fit, []

    def stop_at_the_third(model, train, validation, config, **options):
        if len(trained) == 2:
            raise KeyboardInterrupt
        trained.append((config.batch_size, config.seed))
        return real(model, train, validation, config, **options)

    monkeypatch.setattr(studies, "fit", stop_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        dead_relu_study(*sets, tmp_path / "part.json")
    monkeypatch.setattr(studies, "fit", lambda *a, **k: trained.append((a[3].batch_size, a[3].seed)) or real(*a, **k))
    assert dead_relu_study(*sets, tmp_path / "part.json") == whole
    assert len(trained) == len(set(trained)) == 4


@pytest.mark.filterwarnings("ignore:The model gives the same output")
def test_the_study_does_not_mix_data_sources(tmp_path, small_study):
    file = tmp_path / "dead.json"
    dead_relu_study(random_set(8), random_set(4), file)
    before = file.read_bytes()
    other = replace(random_set(8), source="CIFAR-10")
    with pytest.raises(checkpoints.CheckpointError, match="random"):
        dead_relu_study(other, other, file)
    assert file.read_bytes() == before


def test_a_damaged_study_is_refused(tmp_path, small_study):
    file = tmp_path / "dead.json"
    file.write_text('{"runs": [')
    with pytest.raises(checkpoints.CheckpointError, match="dead.json is damaged"):
        dead_relu_study(random_set(4), random_set(4), file)
