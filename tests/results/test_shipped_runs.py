"""The runs that come with the kit: complete, loadable, and true to the losses they claim."""

import json
import math
import shutil
import subprocess
from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from cae_lib.checkpoints import SHIPPED, load_histories, load_run, shipped_runs
from cae_lib.data.images import ImageSet, read_cifar10
from cae_lib.evaluation import evaluate
from cae_lib.results import studies
from cae_lib.results.recipes import RUNS

SEEDS = {name: range(recipe.seeds) for name, recipe in RUNS.items()}
EXPECTED = [(name, seed) for name in RUNS for seed in SEEDS[name]]
FOLDERS = sorted(p for p in SHIPPED.glob("*/*") if p.is_dir())

# Measured on the test images: what an output that cannot be negative never reproduces of images in [-1, 1],
# and the mean square of those images, which is the loss of an output of zeros.
FLOOR, ALL_ZERO = 0.13799, 0.25464


@pytest.fixture(scope="module")
def test_images(real_data) -> ImageSet:
    return read_cifar10(real_data, "test")


@pytest.mark.parametrize("name, seed", EXPECTED)
def test_every_recipe_has_its_finished_run(name, seed):
    recipe = RUNS[name]
    there = (SHIPPED / name / f"seed{seed}" / "run.json").exists()
    assert there, f"{name}, seed {seed} is not there: train it with `cae train --all`"
    run = load_run(name, seed=seed)
    history = run.history
    assert run.model.config == recipe.model
    assert asdict(run.config) == asdict(recipe.training) | {"seed": seed}
    assert run.source == "CIFAR-10"
    assert run.epoch == history.epochs == len(history.validation_loss) == recipe.training.epochs
    assert all(map(math.isfinite, history.train_loss + history.validation_loss))
    assert {history.best_epoch, history.epochs} <= set(run.epochs_kept)
    if seed == 0 and recipe.training.epochs <= 30:
        assert run.epochs_kept == tuple(range(1, history.epochs + 1))
    record = json.loads((run.folder / "run.json").read_text())
    assert record["train_images"] == min(recipe.train_images, 50_000)
    assert record["validation_images"] == min(recipe.validation_images, 10_000)
    assert record["history"]["best_epoch"] == history.best_epoch
    assert {"python", "torch"} <= record["versions"].keys()


def test_every_recipe_has_a_folder_and_every_folder_a_recipe():
    assert shipped_runs() == sorted(RUNS)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda p: f"{p.parent.name}-{p.name}")
def test_every_file_of_every_folder_loads(folder):
    run = load_run(folder)
    for epoch in run.epochs_kept:
        model = run.at(epoch)
        assert all(p.isfinite().all() for p in model.parameters())
    with torch.no_grad():
        assert run.model(torch.zeros(1, 3, 32, 32)).shape == (1, 3, 32, 32)


def test_seeds_gave_runs_of_their_own():
    for name in ("model1", "model2"):
        losses = [record["history"]["validation_loss"][-1] for record in load_histories(name)]
        assert len(set(losses)) == len(losses) == RUNS[name].seeds


@pytest.mark.parametrize("seed", SEEDS["model1"])
def test_model1_stays_above_the_floor_of_its_output(seed):
    history = load_run("model1", seed=seed).history
    assert min(history.validation_loss) > FLOOR
    assert history.validation_loss[-1] < ALL_ZERO - 0.05, "a run that died"


@pytest.mark.parametrize("seed", SEEDS["model2"])
def test_model2_beats_average_pooling(seed):
    history = load_run("model2", seed=seed).history
    assert 0 < history.validation_loss[-1] < 0.004225


def test_the_study_of_dead_relus_is_complete_and_agrees_with_the_data():
    stored = json.loads(studies.DEAD_RELU_FILE.read_text())
    assert stored["source"] == "CIFAR-10"
    wanted = [(b, s) for b in studies.DEAD_BATCH_SIZES for s in range(studies.DEAD_SEEDS)]
    assert [(row["batch_size"], row["seed"]) for row in stored["runs"]] == wanted
    for row in stored["runs"]:
        assert row["validation_loss"] > FLOOR
        if "decoder.5" in row["dead_relus"]:
            assert row["validation_loss"] == pytest.approx(ALL_ZERO, rel=1e-3)


# Again on the real images: two runs in full, and those whose validation set is small.
CASES = [
    ("model1", 10),
    ("model1", None),
    ("model2", None),
    *((name, None) for name, recipe in RUNS.items() if recipe.validation_images <= 1000),
]


@pytest.mark.parametrize("name, epoch", CASES)
def test_evaluating_again_gives_the_stored_loss(test_images, name, epoch):
    run = load_run(name, epoch)
    loss = evaluate(run.model, test_images.take(RUNS[name].validation_images))["loss"]
    assert loss == pytest.approx(run.history.validation_loss[run.epoch - 1], rel=1e-4)


# What goes into the repository


def test_the_shipped_files_are_small_and_of_known_kinds():
    files = [p for p in SHIPPED.rglob("*") if p.is_file() and p.name != "resume.safetensors"]
    assert files
    assert sum(p.stat().st_size for p in files) < 25e6
    unknown = [p for p in files if p.suffix != ".json" and not p.match("epoch_*.safetensors")]
    assert [p for p in unknown if not p.name.startswith(".")] == []


def git(*arguments: str) -> list[str]:
    answer = subprocess.run(["git", "-C", str(SHIPPED.parent), *arguments], capture_output=True, text=True)
    if answer.returncode not in (0, 1):
        pytest.skip("this copy of the kit is no git checkout")
    return answer.stdout.splitlines()


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_no_resume_file_is_tracked():
    assert [name for name in git("ls-files", ".") if "resume.safetensors" in name] == []
    file = SHIPPED / "model1" / "seed0" / "resume.safetensors"
    assert git("check-ignore", str(file)) == [str(file)], "resume files are not ignored"


def test_records_name_no_machine():
    for file in SHIPPED.rglob("*.json"):
        text = file.read_text()
        assert [word for word in ("/home/", "/tmp/", "/Users/", "C:\\", str(Path.home())) if word in text] == [], file
