"""Training the rate-distortion autoencoder: what its record means, kills at any moment, and what it refuses."""

import errno
import json
import math
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.faults import Killed, killed_before_write
from helpers.images import image_set, one_core
from helpers.rate_distortion import SMALL, lively_model, random_images

from cae_lib.base import processes
from cae_lib.base.weights import CheckpointError, load_tensors
from cae_lib.codec import training as codec_training
from cae_lib.codec.model import RateDistortionAutoencoder
from cae_lib.codec.training import RateDistortionTraining, measure, train_codec
from cae_lib.data.images import ImageSet
from cae_lib.evaluation import TrainingError

ONE_QUALITY = replace(SMALL, lambdas=(0.02,))
STEPS = 3  # an epoch: two batches of four images, and one of two
SHORT = RateDistortionTraining(epochs=3, batch_size=4, learning_rate=1e-3, averaging=0.9, seed=1, bf16=False)
STILL = replace(SHORT, epochs=1, learning_rate=1e-30)  # weights do not move


def blocks(count: int, seed: int = 0) -> ImageSet:
    return image_set(((random_images(count, seed=seed) + 1) * 127.5).round().to(torch.uint8))


IMAGES, MEASURED = blocks(10), blocks(5, seed=1)


def train_in(folder: Path, training=SHORT, config=SMALL, images=IMAGES, measured=MEASURED, progress=False):
    return train_codec(folder, config, training, images, measured, progress=progress)


def record_of(folder: Path) -> dict:
    """run.json without the wall times."""
    record = json.loads((folder / "run.json").read_text())
    for row in record["epochs"]:
        assert row.pop("seconds") > 0
    return record


def assert_same_weights(one, two) -> None:
    for (name, a), b in zip(one.state_dict().items(), two.state_dict().values(), strict=True):
        assert torch.equal(a, b), name


def assert_same_run(folder: Path, other: Path) -> None:
    assert record_of(folder) == record_of(other)
    (one, _), (two, _) = (load_tensors(f / "resume.safetensors") for f in (folder, other))
    assert one.keys() == two.keys()
    assert [name for name in one if not torch.equal(one[name], two[name])] == []


@pytest.fixture(autouse=True, scope="module")
def one_cpu_core():
    with one_core(codec_training):
        yield


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """An uninterrupted run to compare with (read only)."""
    folder = tmp_path_factory.mktemp("finished")
    train_in(folder)
    return folder


@pytest.fixture
def steps(monkeypatch):
    """What each step of a training did: its learning rate and the weights after it."""
    seen, real = [], codec_training.train_step

    def record(model, optimiser, loss, bf16, count, images, *chance):
        terms = real(model, optimiser, loss, bf16, count, images, *chance)
        weights = {k: v.clone() for k, v in model.state_dict().items()}
        seen.append({"rates": [g["lr"] for g in optimiser.param_groups], "weights": weights, "images": images})
        return terms

    monkeypatch.setattr(codec_training, "train_step", record)
    return seen


# What is recorded


def test_run_json_has_the_facts_and_a_row_an_epoch(finished):
    record = json.loads((finished / "run.json").read_text())
    assert record["model"] == SMALL.as_dict()
    assert record["training"]["learning_rate"] == 1e-3 and record["training"]["seed"] == 1
    assert (record["source"], record["train_images"]) == ("random", 10)
    assert len(record["epochs"]) == 3
    for row in record["epochs"]:
        assert row.keys() == {"loss", "bpp", "mse", "seconds", "measured"}
        assert all(math.isfinite(row[name]) and row[name] > 0 for name in ("loss", "bpp", "mse", "seconds"))
        assert len(row["measured"]) == 2
        for point in row["measured"]:
            assert point.keys() == {"bpp", "psnr"} and point["bpp"] > 0 and 5 < point["psnr"] < 60


def test_the_row_is_the_average_over_images_also_with_a_short_last_batch(tmp_path):
    """Rounding without noise and pictures that are their own mirror images: training then sees what measure sees."""
    half = blocks(10).images[..., :8]
    images = replace(IMAGES, images=torch.cat([half, half.flip(3)], 3))
    model = train_in(tmp_path, STILL, replace(ONE_QUALITY, rounding="straight-through"), images, images)
    (row,) = record_of(tmp_path)["epochs"]
    inputs = images.images / 127.5 - 1
    with torch.no_grad():
        output = model(inputs, torch.zeros(10, dtype=torch.long))
    error = ((output["images"] - inputs).double() / 2).square().flatten(1).mean(1)
    bpp = output["bits"].double().mean().item() / 16**2
    assert row["bpp"] == pytest.approx(bpp, rel=1e-5)
    assert row["mse"] == pytest.approx(error.mean().item(), rel=1e-5)
    assert row["loss"] == pytest.approx(bpp + 0.02 * 255**2 * error.mean().item(), rel=1e-5)
    assert row["measured"][0]["bpp"] == pytest.approx(bpp, rel=1e-5)


def test_measured_points_against_numpy():
    model, data = lively_model(), blocks(105)
    points = measure(model, data)
    assert len(points) == 2
    pixels = data.images.numpy().astype(np.float64)
    for q, point in enumerate(points):
        with torch.no_grad():
            output = model(data.images / 127.5 - 1, torch.full((105,), q))
        rebuilt = np.clip((output["images"].double().numpy() + 1) * 127.5, 0, 255)
        psnr = 10 * np.log10(255**2 / ((rebuilt - pixels) ** 2).mean((1, 2, 3)))
        assert point["psnr"] == pytest.approx(psnr.mean(), rel=1e-4)
        assert point["bpp"] == pytest.approx(output["bits"].mean().item() / 256, rel=1e-4)
    assert measure(model.train(), data) == points, "measured as it is used, without noise"


def test_what_is_measured_is_the_averaged_model_that_is_returned(tmp_path):
    model = train_in(tmp_path)
    assert measure(model, MEASURED) == record_of(tmp_path)["epochs"][-1]["measured"]
    assert not model.training and model.config == SMALL


def test_measured_images_change_nothing_of_the_training(finished, tmp_path):
    train_in(tmp_path, measured=blocks(3, seed=7))
    one, two = (load_tensors(f / "resume.safetensors")[0] for f in (finished, tmp_path))
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_one_line_an_epoch_is_printed_or_nothing(tmp_path, capsys):
    train_in(tmp_path, progress=True)
    lines, rows = capsys.readouterr().out.splitlines(), record_of(tmp_path)["epochs"]
    assert lines.pop(0) == "training on cpu in float32" and len(lines) == 3
    for number, (line, row) in enumerate(zip(lines, rows, strict=True), 1):
        assert f"epoch {number}/3" in line and f"{row['loss']:.4f}" in line
        assert all(f"{p['bpp']:.2f}/{p['psnr']:.1f}" in line for p in row["measured"])
    train_in(tmp_path, replace(SHORT, epochs=4))
    assert capsys.readouterr() == ("", "")


# What is learned


@pytest.mark.parametrize("bf16", [False, True], ids=["float32", "bfloat16"])
def test_the_loss_falls(tmp_path, bf16):
    training = RateDistortionTraining(epochs=8, batch_size=8, learning_rate=3e-3, averaging=0.8, bf16=bf16)
    model = train_in(tmp_path, training, images=blocks(32))
    rows = record_of(tmp_path)["epochs"]
    assert rows[-1]["loss"] < 0.6 * rows[0]["loss"]
    for first, last in zip(rows[0]["measured"], rows[-1]["measured"], strict=True):
        assert last["psnr"] > first["psnr"] + 1
    assert all(p.dtype == torch.float32 for p in model.parameters())


def test_the_learning_rate_stays_and_then_falls_to_zero_in_a_line(tmp_path, steps):
    train_in(tmp_path, replace(SHORT, epochs=5, learning_rate=2e-3, decay=0.4))  # 15 steps, the last 6 of them fall
    rates = [rate for step in steps for rate in step["rates"]]
    assert len(rates) == 5 * STEPS
    assert rates[:10] == pytest.approx([2e-3] * 10)
    assert rates[10:] == pytest.approx([2e-3 * k / 6 for k in (5, 4, 3, 2, 1)])


def test_every_image_once_an_epoch_some_of_them_mirrored_in_another_order_each_time(tmp_path, steps, monkeypatch):
    seen, real = [], codec_training.rate_distortion

    def record(model, inputs, quality, balance):
        assert model.training and set(quality.tolist()) == {0, 1}, "noise, and each image with a quality of its own"
        seen.append((inputs, quality))
        return real(model, inputs, quality, balance)

    monkeypatch.setattr(codec_training, "rate_distortion", record)
    images = blocks(40)
    train_in(tmp_path, replace(SHORT, epochs=2, batch_size=20), images=images)
    originals, orders, mirrored, qualities = images.images / 127.5 - 1, [], [], []
    for inputs, quality in seen:
        for image, q in zip(inputs, quality.tolist(), strict=True):
            distance = torch.stack([(originals - x).abs().amax((1, 2, 3)) for x in (image, image.flip(2))])
            which, place = divmod(distance.argmin().item(), 40)
            assert distance.min() < 1e-6
            orders.append(place)
            mirrored.append(which)
            qualities.append(q)
    assert sorted(orders[:40]) == sorted(orders[40:]) == list(range(40)) and orders[:40] != orders[40:]
    assert 20 < sum(mirrored) < 60 and mirrored[:40] != mirrored[40:]
    assert 20 < sum(qualities) < 60 and set(qualities) == {0, 1}


def test_the_average_follows_the_weights_at_first_fast_then_slowly(tmp_path, steps):
    with torch.random.fork_rng():
        torch.manual_seed(SHORT.seed)
        expected = RateDistortionAutoencoder(SMALL).state_dict()
    model = train_in(tmp_path, replace(SHORT, averaging=0.42, learning_rate=1e-2))
    for number, keep in enumerate([1 / 10, 2 / 11, 3 / 12, 4 / 13, 5 / 14, 6 / 15, 0.42, 0.42, 0.42]):
        now = steps[number]["weights"]
        expected = {k: keep * old.double() + (1 - keep) * now[k].double() for k, old in expected.items()}
    for name, value in model.state_dict().items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-5, atol=1e-6)
    last = steps[-1]["weights"]
    assert any(not torch.equal(value, last[name]) for name, value in model.state_dict().items())


def test_without_averaging_the_last_weights_are_returned(tmp_path, steps):
    model = train_in(tmp_path, replace(SHORT, averaging=0.0))
    for name, value in model.state_dict().items():
        np.testing.assert_allclose(value, steps[-1]["weights"][name], rtol=1e-6, atol=1e-7)


def test_seeds_repeat_and_differ(finished, tmp_path):
    train_in(tmp_path / "again")
    assert_same_run(tmp_path / "again", finished)
    train_in(tmp_path / "other", replace(SHORT, seed=2))
    assert record_of(tmp_path / "other")["epochs"] != record_of(finished)["epochs"]


# Kills, and going on


@pytest.mark.parametrize("bf16", [False, True], ids=["float32", "bfloat16"])
@pytest.mark.parametrize("config", [SMALL, replace(SMALL, context="none", rounding="noise")], ids=["groups", "none"])
def test_killed_in_the_middle_of_an_epoch_and_resumed_equals_uninterrupted(tmp_path, monkeypatch, bf16, config):
    training = replace(SHORT, bf16=bf16)
    expected = train_in(tmp_path / "whole", training, config)
    real = codec_training.train_step
    for left in (4, 1, 4):  # killed in epoch 2, in epoch 2 again, and in epoch 3
        count = iter(range(left))

        def die_in_time(*args, count=count):
            if next(count, None) is None:
                raise Killed
            return real(*args)

        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(codec_training, "train_step", die_in_time)
            train_in(tmp_path / "run", training, config)
    assert_same_weights(train_in(tmp_path / "run", training, config), expected)
    assert_same_run(tmp_path / "run", tmp_path / "whole")


@pytest.mark.parametrize("write", range(6))
def test_killed_before_a_write_and_resumed_equals_uninterrupted(finished, tmp_path, write):
    """Every epoch writes two files; the kill comes before one of these writes."""
    with killed_before_write(write):
        train_in(tmp_path)
    train_in(tmp_path)
    assert_same_run(tmp_path, finished)


@pytest.mark.parametrize("call", range(2), ids=["first file", "second file"])
def test_a_full_disk_keeps_what_was_there_and_the_run_goes_on_later(tmp_path, monkeypatch, call):
    real, count = os.fsync, iter(range(9))

    def full(descriptor):
        if next(count) >= call:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(descriptor)

    folder, early = tmp_path / "run", replace(SHORT, decay=0.2)  # the learning rate does not fall in two epochs
    train_in(folder, replace(early, epochs=1))
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    with monkeypatch.context() as patch, pytest.raises(OSError, match="Cannot write .*No space left.*Free some space"):
        patch.setattr(os, "fsync", full)
        train_in(folder, early)
    after = {p.name: p.read_bytes() for p in folder.iterdir()}
    assert after.keys() == before.keys() == {"resume.safetensors", "run.json"}, "nothing half-written is left"
    assert sum(after[name] != before[name] for name in after) == call
    load_tensors(folder / "resume.safetensors")
    record_of(folder)
    train_in(folder, early)
    train_in(tmp_path / "whole", early)
    assert_same_run(folder, tmp_path / "whole")


def test_more_epochs_go_on_where_the_training_ended(tmp_path, steps):
    """While the learning rate does not fall yet, it is as if there had been more epochs from the start."""
    late = replace(SHORT, decay=0.2)
    train_in(tmp_path / "run", replace(late, epochs=1))
    rows = record_of(tmp_path / "run")["epochs"]
    train_in(tmp_path / "run", replace(late, epochs=3))
    assert record_of(tmp_path / "run")["epochs"][:1] == rows
    train_in(tmp_path / "whole", replace(late, epochs=3))
    assert [step["rates"] for step in steps[: 3 * STEPS]] == [step["rates"] for step in steps[3 * STEPS :]]
    assert_same_run(tmp_path / "run", tmp_path / "whole")


@pytest.mark.parametrize("epochs", [1, 3])
def test_a_finished_training_is_not_repeated(finished, tmp_path, steps, epochs):
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    expected = train_in(tmp_path)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    assert_same_weights(train_in(tmp_path, replace(SHORT, epochs=epochs)), expected)
    assert steps == []
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_between_checkpoints_nothing_is_measured_or_written(tmp_path, finished):
    rare = replace(SHORT, epochs=5, every=2)
    train_in(tmp_path, rare)
    measured = ["measured" in row for row in record_of(tmp_path)["epochs"]]
    assert measured == [False, True, False, True, True], "every second epoch and the last one"
    once = [row["loss"] for row in record_of(finished)["epochs"][:1]]
    assert [row["loss"] for row in record_of(tmp_path)["epochs"][:1]] == once


# Several processes


def test_a_share_is_every_nth_item_and_all_are_alike():
    batch = torch.arange(11)
    parts = [processes.share(batch, rank, 3) for rank in range(3)]
    assert [part.tolist() for part in parts] == [[0, 3, 6], [1, 4, 7], [2, 5, 8]]
    assert torch.equal(processes.share(batch, 0, 1), batch)


SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import torch
torch.set_num_threads(1)
from codec.test_rate_distortion_training import SHARED, SHORT, blocks, train_in
train_in(Path(sys.argv[2]), SHORT, SHARED, blocks(24), progress=True)
"""
SHARED = replace(SMALL, rounding="straight-through")  # without noise, which each process would draw for itself


@pytest.mark.slow
def test_two_processes_train_as_one(tmp_path):
    """By torchrun on the CPU: the same weights as one process with whole batches, up to rounding."""
    train_in(tmp_path / "one", SHORT, SHARED, blocks(24))
    script, tests = tmp_path / "train.py", Path(__file__).parents[1]
    script.write_text(SCRIPT)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(script)]
    # Without the GPU, which the helpers hide from this test by other means.
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*command, str(tests), str(tmp_path / "two")], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("epoch 3/3") == 1, "one of them speaks"
    one, two = (json.loads((tmp_path / name / "run.json").read_text())["epochs"] for name in ("one", "two"))
    for row, other in zip(one, two, strict=True):
        assert [other[k] for k in ("loss", "bpp", "mse")] == pytest.approx(
            [row[k] for k in ("loss", "bpp", "mse")], 1e-4
        )
    (weights, _), (others, _) = (load_tensors(tmp_path / name / "resume.safetensors") for name in ("one", "two"))
    for name, value in weights.items():
        if name.startswith(("weights/", "average/")):
            torch.testing.assert_close(others[name], value, rtol=1e-3, atol=1e-4)


# Faults


@pytest.mark.parametrize(
    "change",
    [
        {"config": replace(SMALL, width=32)},
        {"config": replace(SMALL, lambdas=(0.01, 0.06))},
        {"config": replace(SMALL, groups=(4, 4))},
        {"config": replace(SMALL, rounding="noise")},
        {"training": replace(SHORT, learning_rate=5e-4)},
        {"training": replace(SHORT, seed=2)},
        {"training": replace(SHORT, bf16=True)},
        {"images": blocks(9)},
        {"images": replace(IMAGES, source="CIFAR-10")},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_model_or_training_is_not_mixed_with_the_one_in_the_folder(finished, change):
    before = {p.name: p.read_bytes() for p in finished.iterdir()}
    with pytest.raises(CheckpointError, match="holds another training .*: choose another one"):
        train_in(finished, **change)
    assert {p.name: p.read_bytes() for p in finished.iterdir()} == before


@pytest.mark.parametrize("part", [0.2, 0.5, 1.0])
def test_a_damaged_resume_file_is_refused(finished, tmp_path, part):
    data = bytearray((finished / "resume.safetensors").read_bytes())
    data[int(part * (len(data) - 1))] ^= 0x10
    (tmp_path / "resume.safetensors").write_bytes(data)
    with pytest.raises(CheckpointError, match="resume.safetensors is damaged"):
        train_in(tmp_path)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_is_refused_and_the_last_epoch_kept(tmp_path, monkeypatch, value):
    train_in(tmp_path, replace(SHORT, epochs=1))
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    real, count = codec_training.rate_distortion, iter(range(9))

    def spoilt(*args, **options):
        terms = real(*args, **options)
        return terms | {"loss": terms["loss"] * (value if next(count) == 1 else 1)}

    monkeypatch.setattr(codec_training, "rate_distortion", spoilt)
    sentence = r"The loss became (nan|inf) in epoch 2: the steps are too large\. Try a learning rate below"
    with pytest.raises(TrainingError, match=sentence):
        train_in(tmp_path)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_an_absurd_learning_rate_is_refused(tmp_path):
    with pytest.raises(TrainingError, match="The loss became (nan|inf) in epoch 1: the steps are too large"):
        train_in(tmp_path, replace(SHORT, learning_rate=1e30))
    assert not (tmp_path / "resume.safetensors").exists()


def test_training_leaves_the_global_generator_alone(tmp_path):
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    train_in(tmp_path, replace(SHORT, epochs=1))
    assert torch.equal(torch.rand(3), expected)


def test_weights_that_the_last_step_of_an_epoch_spoilt_are_neither_kept_nor_returned(tmp_path):
    with pytest.raises(TrainingError, match="The loss became (nan|inf) in epoch 1: the steps are too large"):
        train_in(tmp_path, replace(SHORT, epochs=1, batch_size=16, learning_rate=1e30))  # one step, whose loss is fine
    assert not (tmp_path / "resume.safetensors").exists()


@pytest.mark.parametrize("name", ["training", "measured"])
@pytest.mark.parametrize("spoil", [lambda images: images / 255, lambda images: images[:0]], ids=["floats", "none"])
def test_images_that_are_none_or_no_bytes_are_refused(tmp_path, name, spoil):
    bad = replace(IMAGES, images=spoil(IMAGES.images))
    with pytest.raises(TrainingError, match=f"{name} images"):
        train_in(tmp_path, **({"images": bad} if name == "training" else {"measured": bad}))
