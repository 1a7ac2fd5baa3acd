"""Runs on disk: weights of the epochs, config and history, as safetensors and JSON.

A run is a folder:

    run.json                 configs, history, data source, library versions
    epoch_07.safetensors     the weights after epoch 7, with a checksum
    resume.safetensors       what the next epoch needs: weights, optimiser state, history

Shipped runs lie in cae_lib/runs/<name>/seed<k>, the student's own in runs/<name> at the top level, or in the folder
that CAE_RUNS names: each run of a batch has one of its own.
"""

import json
import os
import platform
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import nn

from cae_lib.base import places, resume
from cae_lib.base.atomic import write_json
from cae_lib.base.device import best_device
from cae_lib.base.errors import KitError
from cae_lib.base.weights import CheckpointError, damaged, load_tensors, save_tensors
from cae_lib.data.images import ImageSet
from cae_lib.models import ModelConfig, as_record, build, from_record
from cae_lib.training import History, Progress, TrainConfig, fit

SHIPPED = places.RUNS
OWN = Path(os.environ.get("CAE_RUNS") or places.outside("runs"))
RECORD_KEYS = {"model", "training", "source", "train_images", "validation_images", "history"}


@dataclass(frozen=True)
class Run:
    """A loaded run: the model with the weights of `epoch`, and how it came about."""

    folder: Path
    model: nn.Module
    config: TrainConfig
    history: History
    source: str
    epoch: int
    epochs_kept: tuple[int, ...]

    def at(self, epoch: int) -> nn.Module:
        """The model with the weights of another kept epoch."""
        return load_run(self.folder, epoch, model=type(self.model)).model


def train_run(
    folder: Path,
    model: ModelConfig | type[nn.Module],
    config: TrainConfig,
    train: ImageSet,
    validation: ImageSet,
    *,
    keep_every_epoch: bool = True,
    on_epoch: Callable[[Progress], None] | None = None,
    progress: bool = True,
) -> Run:
    """Train a run in `folder`, or resume it there, saving after every epoch.

    model: a config, or a class of your own (see models.py). A run that was killed goes on after its last finished
    epoch and ends as if nothing had happened; a finished run is loaded, or trained further if config asks for more
    epochs. Without keep_every_epoch only the weights of the best and the last epoch stay. Raises CheckpointError when
    the folder holds anything but this run, and leaves it as it is.
    """
    folder, network = Path(folder), build(model, config.seed)
    own_class = model if isinstance(model, type) else None
    facts = {
        "model": as_record(model),
        "training": asdict(config),
        "source": train.source,
        "train_images": len(train),
        "validation_images": len(validation),
    }
    recorded = 0
    if (folder / "run.json").exists():
        record = read_record(folder)
        resume.check_same(folder, {key: record[key] for key in facts}, facts)
        recorded = record["history"]["epochs"]
        if recorded >= config.epochs and not (folder / resume.NAME).exists():
            return load_run(folder, model=own_class)

    def finish_epoch(history: History) -> None:
        history_facts = {"epochs": history.epochs, "best_epoch": history.best_epoch}
        record = facts | {"history": history_facts | history.as_dict(), "versions": versions()}
        write_json(folder / "run.json", record | {"device": str(best_device())})
        if not keep_every_epoch:
            for epoch in set(kept_epochs(folder)) - {history.best_epoch, history.epochs}:
                epoch_file(folder, epoch).unlink()

    def save(done: Progress) -> None:
        weights = done.model.state_dict()
        save_tensors(epoch_file(folder, done.epoch), weights)
        resume.save(
            folder, facts, done.history.as_dict(), done.optimiser, weights=weights, best=done.history.best_weights
        )
        finish_epoch(done.history)
        if on_epoch is not None:
            on_epoch(done)

    history, optimiser_state = None, None
    if stopped := resume.load(folder, facts):
        history = History(**stopped.record, best_weights=stopped.groups["best"])
        network.load_state_dict(stopped.groups["weights"])
        optimiser_state = stopped.optimiser
        # A kill between the last epoch's resume file and its record leaves the record one epoch behind.
        if history.epochs > recorded:
            finish_epoch(history)
    fit(
        network, train, validation, config,
        history=history, optimiser_state=optimiser_state, on_epoch=save, progress=progress,
    )  # fmt: skip
    return load_run(folder, model=own_class)


def load_run(
    run: str | Path, epoch: int | str | None = None, seed: int = 0, model: type[nn.Module] | None = None
) -> Run:
    """Load a shipped run by name ("model1"), or any run by its folder.

    epoch: a number, "best", or None for the last one; seed: which of a shipped run's seeds; model: the class of the
    run's model, where models.MODELS does not know it. Raises CheckpointError if the run or epoch is missing or a file
    is damaged, UsageError for a model that is not known.
    """
    folder = SHIPPED / run / f"seed{seed}" if isinstance(run, str) else Path(run)
    record = read_record(folder)
    # A kill between an epoch's weights and its record leaves weights of which nothing else is known.
    kept = tuple(e for e in kept_epochs(folder) if e <= record["history"]["epochs"])
    if not kept:
        raise CheckpointError(f"The run in {folder} has no weights: train it again with `cae train`.")
    number = {None: kept[-1], "best": record["history"]["best_epoch"]}.get(epoch, epoch)
    if number not in kept:
        raise CheckpointError(f"The run in {folder} has no epoch {number}; it has {', '.join(map(str, kept))}.")
    try:
        network = from_record(record["model"], model)
        weights, _ = load_tensors(epoch_file(folder, number))
        network.load_state_dict(weights)
        history = History(**{k: v for k, v in record["history"].items() if isinstance(v, list)})
        loaded = Run(folder, network, TrainConfig(**record["training"]), history, record["source"], number, kept)
    except KitError:
        raise
    except (KeyError, TypeError, RuntimeError) as error:
        raise damaged(folder, error) from error
    network.to(memory_format=torch.channels_last).eval()
    return loaded


def load_histories(name: str) -> list[dict]:
    """The records (run.json) of all shipped seeds of a run, by seed. Raises CheckpointError if none is there."""
    folders = sorted((SHIPPED / name).glob("seed*"))
    if not folders:
        raise CheckpointError(f"No shipped run is called {name!r}; there are {', '.join(shipped_runs())}.")
    return [read_record(folder) for folder in folders]


def shipped_runs() -> list[str]:
    """Names of the shipped runs."""
    return sorted(p.name for p in SHIPPED.iterdir() if p.is_dir())


def epoch_file(folder: Path, epoch: int) -> Path:
    """Where the weights after an epoch lie."""
    return folder / f"epoch_{epoch:02}.safetensors"


def kept_epochs(folder: Path) -> tuple[int, ...]:
    """Epochs whose weights lie in the folder."""
    numbers = (p.stem.removeprefix("epoch_") for p in folder.glob("epoch_*.safetensors"))
    return tuple(sorted(int(number) for number in numbers if re.fullmatch("[0-9]+", number)))


def read_record(folder: Path) -> dict:
    """run.json of a run. Raises CheckpointError if it is missing or damaged."""
    try:
        record = json.loads((folder / "run.json").read_text())
        if isinstance(record, dict) and "epochs" in record:
            raise CheckpointError(
                f"{folder} holds the training of a rate-distortion codec, which has no epochs to load: what came of it "
                "is its codec.safetensors."
            )
        if not isinstance(record, dict) or not record.keys() >= RECORD_KEYS or "best_epoch" not in record["history"]:
            raise ValueError("run.json lacks entries")
        return record
    except FileNotFoundError:
        names = ", ".join(shipped_runs()) if SHIPPED.is_dir() else "none"
        raise CheckpointError(f"There is no run in {folder}; the shipped runs are {names}.") from None
    except ValueError as error:
        raise damaged(folder, error) from error


def versions() -> dict[str, str]:
    """What the weights depend on, besides the kit."""
    return {"python": platform.python_version(), "torch": str(torch.__version__), "machine": platform.machine()}
