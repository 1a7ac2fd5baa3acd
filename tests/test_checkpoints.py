"""Runs on disk: kills at any moment, damaged and missing files, a full disk, and loading by name."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from helpers.faults import Killed, killed_before_write
from helpers.images import one_core, random_set
from helpers.rate_distortion import SMALL
from torch import nn

from cae_lib import checkpoints, evaluation, training
from cae_lib.base.errors import UsageError
from cae_lib.base.weights import save_tensors
from cae_lib.checkpoints import CheckpointError, kept_epochs, load_histories, load_run, shipped_runs, train_run
from cae_lib.codec.training import RateDistortionTraining, train_codec
from cae_lib.models import MODEL1_REPAIRED, MODEL2, MODELS, as_record
from cae_lib.training import TrainConfig

pytestmark = pytest.mark.usefixtures("one_cpu_core")

ROOT = Path(__file__).parent.parent
SGD = TrainConfig(epochs=3, batch_size=4, optimiser="sgd", learning_rate=0.01, seed=1)
ADAM = TrainConfig(epochs=3, batch_size=4, optimiser="adam", learning_rate=1e-3, seed=1)
TRAININGS = {"sgd": (MODEL1_REPAIRED, SGD), "adam": (MODEL2, ADAM)}


def train_in(folder, optimiser="adam", **options):
    """The run of this module: 3 epochs on 10 images, the third of the 3 batches a short one."""
    model, config = TRAININGS[optimiser]
    config = replace(config, **options.pop("change", {}))
    return train_run(folder, model, config, random_set(10), random_set(5, seed=1), progress=False, **options)


def contents(folder: Path) -> dict:
    """All that a run's folder says, but for the wall time."""
    record = json.loads((folder / "run.json").read_text())
    record["history"].pop("seconds")
    weights = {f"{p.name}/{k}": v for p in folder.glob("epoch_*") for k, v in checkpoints.load_tensors(p)[0].items()}
    kept, metadata = checkpoints.load_tensors(folder / "resume.safetensors")
    return {"record": record, "weights": weights | kept, "losses": json.loads(metadata["record"])["validation_loss"]}


def assert_same(folder: Path, other: Path) -> None:
    one, two = contents(folder), contents(other)
    assert one["record"] == two["record"]
    assert one["losses"] == two["losses"]
    assert one["weights"].keys() == two["weights"].keys()
    assert [k for k, v in one["weights"].items() if not torch.equal(v, two["weights"][k])] == []


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Uninterrupted runs to compare with (read only): optimiser -> folder."""
    with one_core(training):
        folders = {name: tmp_path_factory.mktemp("finished") / name for name in TRAININGS}
        for name, folder in folders.items():
            train_in(folder, name)
    return folders


@pytest.fixture
def copy(finished, tmp_path):
    """A run of one's own to spoil."""
    return Path(shutil.copytree(finished["adam"], tmp_path / "copy"))


@pytest.fixture
def shipped(finished, tmp_path, monkeypatch):
    """A folder of shipped runs that has "model2" with the seeds 0 and 1."""
    monkeypatch.setattr(checkpoints, "SHIPPED", tmp_path / "shipped")
    for seed in range(2):
        shutil.copytree(finished["adam"], tmp_path / "shipped" / "model2" / f"seed{seed}")
    return tmp_path / "shipped"


# What a run keeps


@pytest.mark.parametrize("optimiser", TRAININGS)
def test_a_run_comes_back_as_it_was_trained(finished, tmp_path, optimiser):
    seen = {}

    def keep(done):
        seen[done.epoch] = {k: v.clone() for k, v in done.model.state_dict().items()}

    run = train_in(tmp_path / "run", optimiser, on_epoch=keep)
    assert list(seen) == [1, 2, 3]
    assert (run.epoch, run.epochs_kept, run.source) == (3, (1, 2, 3), "random")
    assert (run.model.config, run.config) == TRAININGS[optimiser]
    assert not run.model.training
    for epoch, expected in seen.items():
        loaded = load_run(tmp_path / "run", epoch)
        assert loaded.epoch == epoch
        for model in (loaded.model, run.at(epoch)):
            assert all(torch.equal(v, expected[k]) for k, v in model.state_dict().items())
        loss = evaluation.evaluate(loaded.model, random_set(5, seed=1))["loss"]
        assert loss == pytest.approx(run.history.validation_loss[epoch - 1], rel=1e-6)
    assert_same(tmp_path / "run", finished[optimiser])


def test_only_the_files_of_the_module_text_lie_in_the_folder(finished):
    names = sorted(p.name for p in finished["sgd"].iterdir())
    assert names == [*(f"epoch_0{k}.safetensors" for k in (1, 2, 3)), "resume.safetensors", "run.json"]


def test_only_what_networks_hold_is_stored(tmp_path):
    with pytest.raises(TypeError, match="Only float16, float32 and int64 tensors"):
        save_tensors(tmp_path / "x.safetensors", {"a": torch.zeros(2), "b": torch.zeros(2, dtype=torch.float64)})
    assert not list(tmp_path.iterdir())


def test_the_record_says_how_the_run_came_about(finished):
    record = json.loads((finished["adam"] / "run.json").read_text())
    assert record["training"] == asdict(ADAM)
    assert record["model"] == as_record(MODEL2)
    assert (record["train_images"], record["validation_images"], record["source"]) == (10, 5, "random")
    assert record["history"]["epochs"] == 3
    assert record["versions"]["torch"] == torch.__version__


def test_a_finished_run_is_loaded_not_trained_again(copy, monkeypatch):
    before = {p.name: p.read_bytes() for p in copy.iterdir()}
    monkeypatch.setattr(training, "batch_loss", lambda *_: pytest.fail("trained again"))
    assert train_in(copy).epoch == 3
    (copy / "resume.safetensors").unlink()
    assert train_in(copy).epoch == 3, "a shipped run has no resume file"
    assert {p.name: p.read_bytes() for p in copy.iterdir()} == {k: v for k, v in before.items() if "resume" not in k}


def test_more_epochs_go_on_where_the_run_ended(copy, tmp_path):
    longer = {"epochs": 5}
    assert train_in(copy, change=longer).epoch == 5
    train_in(tmp_path / "whole", change=longer)
    assert_same(copy, tmp_path / "whole")


@pytest.mark.parametrize("losses, kept", [([3, 1, 2, 1.5], (2, 4)), ([4, 3, 2, 1], (4,)), ([1, 2, 1, 3], (3, 4))])
def test_best_and_last_epoch_alone_stay_when_asked(tmp_path, monkeypatch, losses, kept):
    values = iter(losses)
    monkeypatch.setattr(training, "evaluate", lambda *_: {"loss": float(next(values))})
    run = train_in(tmp_path, keep_every_epoch=False, change={"epochs": 4})
    assert run.epochs_kept == kept == kept_epochs(tmp_path)
    assert load_run(tmp_path, "best").epoch == kept[0]


# Kills


@pytest.mark.parametrize("optimiser", TRAININGS)
@pytest.mark.parametrize("epoch", [1, 2, 3])
def test_killed_after_an_epoch_and_resumed_equals_uninterrupted(finished, tmp_path, optimiser, epoch):
    def kill(done):
        if done.epoch == epoch:
            raise Killed

    with pytest.raises(Killed):
        train_in(tmp_path / "run", optimiser, on_epoch=kill)
    later = []
    train_in(tmp_path / "run", optimiser, on_epoch=lambda done: later.append(done.epoch))
    assert later == list(range(epoch + 1, 4)), "finished epochs are not repeated"
    assert_same(tmp_path / "run", finished[optimiser])


@pytest.mark.parametrize("write", range(9))
def test_killed_before_any_write_and_resumed_equals_uninterrupted(finished, tmp_path, write):
    """Every epoch writes three files; the kill comes before one of the nine writes of the run."""
    with killed_before_write(write):
        train_in(tmp_path / "run")
    run = train_in(tmp_path / "run")
    assert run.history.epochs == 3
    assert_same(tmp_path / "run", finished["adam"])


def test_killed_twice_in_one_epoch(finished, tmp_path, monkeypatch):
    real = training.batch_loss
    for batches in (5, 1):  # three batches an epoch: both kills fall into epoch 2
        left = iter(range(batches))

        def die_in_time(*args, left=left):
            if next(left, None) is None:
                raise Killed
            return real(*args)

        with monkeypatch.context() as patch:
            patch.setattr(training, "batch_loss", die_in_time)
            with pytest.raises(Killed):
                train_in(tmp_path / "run")
    train_in(tmp_path / "run")
    assert_same(tmp_path / "run", finished["adam"])


def train_and_die_in_epoch_3(folder, optimiser):
    """Run by the test below in a process of its own, which kills itself between two batches."""
    torch.set_num_threads(1)
    real, count = training.batch_loss, iter(range(7))  # three batches an epoch, then one more

    def die_in_time(*args):
        if next(count, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args)

    training.best_device = lambda: torch.device("cpu")
    training.batch_loss = die_in_time
    train_in(Path(folder), optimiser)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_processes_killed_in_the_middle_of_an_epoch_and_resumed(finished, tmp_path):
    code = "import sys, test_checkpoints; test_checkpoints.train_and_die_in_epoch_3(*sys.argv[1:])"
    processes = {
        optimiser: subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / optimiser), optimiser],
            cwd=Path(__file__).parent,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for optimiser in TRAININGS
    }
    for optimiser, process in processes.items():
        _, errors = process.communicate()
        assert process.returncode == -signal.SIGKILL, errors
        assert kept_epochs(tmp_path / optimiser) == (1, 2)
        train_in(tmp_path / optimiser, optimiser)
        assert_same(tmp_path / optimiser, finished[optimiser])


# A full disk


@pytest.mark.parametrize("call", range(3), ids=["weights", "resume file", "record"])
def test_a_full_disk_keeps_what_was_there_and_the_run_goes_on_later(finished, tmp_path, monkeypatch, call):
    folder = tmp_path / "run"
    train_in(folder, change={"epochs": 1})
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    real, count = os.fsync, iter(range(9))

    def full(descriptor):
        if next(count) >= call:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="Cannot write .*No space left.*Free some space"):
            train_in(folder)
    after = {p.name: p.read_bytes() for p in folder.iterdir()}
    assert all(name in before or name == "epoch_02.safetensors" for name in after), "nothing half-written is left"
    written = ["epoch_02.safetensors", "resume.safetensors"][:call]
    assert {k: v for k, v in after.items() if k not in written} == {k: before[k] for k in before if k not in written}
    assert load_run(folder, 1).epoch == 1
    train_in(folder)
    assert_same(folder, finished["adam"])


def test_a_limit_on_file_sizes_keeps_what_was_there(finished, tmp_path):
    resource = pytest.importorskip("resource", reason="file size limits need POSIX")
    folder = tmp_path / "run"
    train_in(folder, change={"epochs": 1})
    before = (folder / "resume.safetensors").read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, hard))  # weights fit, the resume file does not
    try:
        with pytest.raises(OSError, match="Cannot write .*resume.safetensors"):
            train_in(folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (folder / "resume.safetensors").read_bytes() == before
    assert not list(folder.glob(".*"))
    train_in(folder)
    assert_same(folder, finished["adam"])


# Loading


def test_load_epoch_best_and_last(shipped):
    for seed, best in ((0, 2), (1, 1)):
        file = shipped / "model2" / f"seed{seed}" / "run.json"
        record = json.loads(file.read_text())
        record["history"]["best_epoch"] = best
        file.write_text(json.dumps(record))
    assert [load_run("model2", e).epoch for e in (None, 1, 2, 3, "best")] == [3, 1, 2, 3, 2]
    assert load_run("model2", "best", seed=1).epoch == 1
    assert load_run("model2", seed=1).folder == shipped / "model2" / "seed1"


@pytest.mark.parametrize("epoch", [0, 4, -1, "last"])
def test_a_missing_epoch_is_named_with_those_there_are(shipped, epoch):
    with pytest.raises(CheckpointError, match=rf"no epoch {epoch}; it has 1, 2, 3"):
        load_run("model2", epoch)


def test_an_unknown_name_or_seed_is_named_with_the_shipped_runs(shipped):
    with pytest.raises(CheckpointError, match="There is no run in .*model9.*shipped runs are model2"):
        load_run("model9")
    with pytest.raises(CheckpointError, match="There is no run in .*seed7"):
        load_run("model2", seed=7)
    with pytest.raises(CheckpointError, match="'model9'; there are model2"):
        load_histories("model9")
    assert shipped_runs() == ["model2"]


def test_histories_of_all_seeds(shipped):
    records = load_histories("model2")
    assert len(records) == 2
    assert records[0]["history"]["epochs"] == len(records[0]["history"]["validation_loss"]) == 3


def test_a_folder_without_runs_or_weights(copy, tmp_path):
    with pytest.raises(CheckpointError, match="There is no run in .*nowhere"):
        load_run(tmp_path / "nowhere")
    for file in copy.glob("epoch_*"):
        file.unlink()
    with pytest.raises(CheckpointError, match="has no weights"):
        load_run(copy)


# Another run in the same folder


@pytest.mark.parametrize(
    "change, key",
    [
        ({"config": replace(ADAM, learning_rate=0.5)}, "training: learning_rate"),
        ({"config": replace(ADAM, seed=2)}, "training: seed"),
        ({"model": replace(MODEL2, code_channels=8)}, "model: code_channels"),
        ({"train": random_set(11)}, "train_images"),
        ({"train": replace(random_set(10), source="CIFAR-10")}, "source"),
    ],
)
@pytest.mark.parametrize("only_resume_file", [False, True], ids=["whole run", "killed before run.json"])
def test_another_run_is_not_mixed_with_the_one_in_the_folder(copy, change, key, only_resume_file):
    if only_resume_file:
        (copy / "run.json").unlink()
    before = {p.name: p.read_bytes() for p in copy.iterdir()}
    same = {"model": MODEL2, "config": ADAM, "train": random_set(10), "validation": random_set(5, 1)}
    with pytest.raises(CheckpointError, match=rf"holds another training \({key} was .*choose another one.$"):
        train_run(copy, **same | change, progress=False)
    assert {p.name: p.read_bytes() for p in copy.iterdir()} == before


def test_a_run_without_its_resume_file_is_not_trained_further(copy):
    (copy / "resume.safetensors").unlink()
    with pytest.raises(
        CheckpointError, match="without resume.safetensors, so it cannot go on there: choose another folder"
    ):
        train_in(copy, change={"epochs": 5})


# Damage


def flip(path: Path, position: int, mask: int = 0xFF) -> None:
    data = bytearray(path.read_bytes())
    data[position] ^= mask
    path.write_bytes(data)


@pytest.mark.parametrize("name", ["epoch_03.safetensors", "resume.safetensors"])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 1.0])
def test_a_flipped_byte_is_refused(copy, name, part):
    path = copy / name
    flip(path, int(part * (path.stat().st_size - 1)))
    with pytest.raises(CheckpointError, match=rf"{name} is damaged .*bring it back from a copy"):
        load_run(copy) if name.startswith("epoch") else train_in(copy, change={"epochs": 4})


def test_no_flipped_byte_in_the_header_changes_the_weights_unnoticed(copy):
    path = copy / "epoch_03.safetensors"
    whole, good = path.read_bytes(), checkpoints.load_tensors(path)[0]
    header = 8 + int.from_bytes(whole[:8], "little")
    kinds = whole.index(b"F32")
    flips = [(k, 0x01) for k in range(8, header, 3)] + [(kinds, ord("F") ^ ord("I")), (kinds, ord("F") ^ ord("U"))]
    expected = {k: (v.dtype, v.tolist()) for k, v in good.items()}
    unnoticed = []
    for position, mask in flips:
        path.write_bytes(whole)
        flip(path, position, mask)
        try:
            tensors, _ = checkpoints.load_tensors(path)
        except CheckpointError:
            continue
        if {k: (v.dtype, v.tolist()) for k, v in tensors.items()} != expected:
            unnoticed.append(position)
    assert unnoticed == []


def test_a_history_changed_in_the_resume_file_is_refused(copy):
    path = copy / "resume.safetensors"
    data = path.read_bytes()
    start = data.index(b"validation_loss") + 20
    digit = next(k for k in range(start, start + 50) if chr(data[k]).isdigit())
    flip(path, digit, 0x01)  # another digit: the JSON stays readable
    with pytest.raises(CheckpointError, match="resume.safetensors is damaged"):
        train_in(copy, change={"epochs": 4})


@pytest.mark.parametrize("name", ["epoch_03.safetensors", "resume.safetensors"])
@pytest.mark.parametrize("size", [0, 7, 100, -1])
def test_a_truncated_file_is_refused(copy, name, size):
    path = copy / name
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(CheckpointError, match=rf"{name} is damaged"):
        load_run(copy) if name.startswith("epoch") else train_in(copy, change={"epochs": 4})


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: "",
        lambda text: text[: len(text) // 2],
        lambda text: "[]",
        lambda text: "{}",
        lambda text: text.replace('"model"', '"modal"'),
        lambda text: text.replace('"history"', '"hystory"'),
        lambda text: text.replace('"best_epoch"', '"bust_epoch"'),
        lambda text: text.replace('"optimiser"', '"optimizer"'),
        lambda text: text.replace('"code_channels": 64', '"code_channels": 32'),
    ],
    ids=["empty", "half", "a list", "no keys", "model", "history", "best", "option", "channels"],
)
def test_a_damaged_record_is_refused(copy, spoil):
    file = copy / "run.json"
    assert spoil(file.read_text()) != file.read_text()
    file.write_text(spoil(file.read_text()))
    with pytest.raises(CheckpointError, match="is damaged .*bring it back from a copy"):
        load_run(copy, "best")


@pytest.mark.parametrize("old, new", [('"relu"', '"rely"'), ('"name": "model2"', '"name": "model3"')])
def test_a_record_of_an_unknown_model_is_not_called_damaged(copy, old, new):
    (copy / "run.json").write_text((copy / "run.json").read_text().replace(old, new))
    with pytest.raises(UsageError, match=f"No .* is called '{new.split()[-1].strip(chr(34))}'"):
        load_run(copy)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"model": '], ids=["empty", "a list", "no keys", "half"])
def test_a_damaged_record_stops_the_training_too(copy, text):
    (copy / "run.json").write_text(text)
    with pytest.raises(CheckpointError, match="is damaged"):
        train_in(copy, change={"epochs": 4})


def test_bytes_that_are_no_text_in_the_record(copy):
    (copy / "run.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CheckpointError, match="is damaged"):
        load_run(copy)


def test_weights_of_another_model_are_refused(copy, finished):
    shutil.copy(finished["sgd"] / "epoch_03.safetensors", copy)
    with pytest.raises(CheckpointError, match="is damaged"):
        load_run(copy)


def test_weights_in_place_of_the_resume_file_are_refused(copy):
    shutil.copy(copy / "epoch_03.safetensors", copy / "resume.safetensors")
    with pytest.raises(CheckpointError, match="is damaged"):
        train_in(copy, change={"epochs": 4})


def test_a_missing_weights_file_is_named(copy):
    with pytest.raises(CheckpointError, match="epoch_09.safetensors is missing: bring it back"):
        checkpoints.load_tensors(copy / "epoch_09.safetensors")


def test_other_files_in_the_folder_do_no_harm(copy):
    (copy / ".epoch_03.safetensors.x1y2").write_bytes(b"left by a kill")
    (copy / "notes.txt").write_text("mine")
    (copy / "epoch_best.safetensors").write_bytes(b"also mine")
    assert load_run(copy).epochs_kept == (1, 2, 3)


# What else may lie in a folder


def test_a_finished_run_of_another_kind_is_left_as_it_is(copy, tmp_path):
    """Also without its resume file, as the kit ships its runs."""
    (copy / "resume.safetensors").unlink()
    before = {p.name: p.read_bytes() for p in copy.iterdir()}
    training = RateDistortionTraining(epochs=1, batch_size=4, bf16=False)
    with pytest.raises(CheckpointError, match="choose another folder"):
        train_codec(copy, SMALL, training, random_set(4), random_set(4), progress=False)
    assert {p.name: p.read_bytes() for p in copy.iterdir()} == before


def test_a_codecs_training_is_no_damaged_run(tmp_path):
    training = RateDistortionTraining(epochs=1, batch_size=4, bf16=False)
    train_codec(tmp_path, SMALL, training, random_set(4), random_set(4), progress=False)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    for use in (load_run, train_in):
        with pytest.raises(CheckpointError, match="the training of a rate-distortion codec"):
            use(tmp_path)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


@pytest.mark.parametrize("kept", ["run.json", "resume.safetensors"])
def test_no_sentence_advises_to_delete_what_may_be_good(copy, kept):
    for name in {"run.json", "resume.safetensors"} - {kept}:
        (copy / name).unlink()
    with pytest.raises(CheckpointError) as caught:
        train_in(copy, change={"epochs": 9, "seed": 5})
    assert "delete" not in str(caught.value)


def test_weights_that_no_record_knows_are_not_offered(copy):
    """A kill between an epoch's file and the record leaves such weights."""
    shutil.copy(copy / "epoch_03.safetensors", copy / "epoch_04.safetensors")
    run = load_run(copy)
    assert run.epoch == 3 and run.epochs_kept == (1, 2, 3) and run.history.epochs == 3


# Models of one's own


class Own(nn.Module):
    """No forward, no pixel range, a code without places, and dropout."""

    def __init__(self):
        super().__init__()
        self.down, self.up, self.noise = nn.Linear(3072, 6), nn.Linear(6, 3072), nn.Dropout(0.1)

    def encode(self, images):
        return self.noise(self.down(images.flatten(1)))

    def decode(self, code):
        return self.up(code).view(-1, 3, 32, 32)


def test_a_class_of_ones_own_is_trained_resumed_and_loaded(tmp_path, monkeypatch):
    sets = random_set(8), random_set(4, 1)
    once = train_run(tmp_path / "once", Own, replace(ADAM, epochs=3), *sets, progress=False)
    train_run(tmp_path / "twice", Own, replace(ADAM, epochs=1), *sets, progress=False)
    twice = train_run(tmp_path / "twice", Own, replace(ADAM, epochs=3), *sets, progress=False)
    assert once.history.validation_loss == twice.history.validation_loss
    assert isinstance(once.model, Own) and isinstance(once.at(1), Own)
    with pytest.raises(UsageError, match=r"MODELS\['Own'\] = Own"):
        load_run(tmp_path / "once")
    assert isinstance(load_run(tmp_path / "once", model=Own).model, Own)
    monkeypatch.setitem(MODELS, "Own", Own)
    assert torch.equal(load_run(tmp_path / "once").model.up.bias, once.model.up.bias)
