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
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from cae_lib.base.atomic import write_json
from cae_lib.base.weights import (
    CheckpointError,
    damaged,
    load_tensors,
    optimiser_state,
    optimiser_tensors,
    save_tensors,
    under,
)
from cae_lib.data.images import ImageSet
from cae_lib.models import ModelConfig, build
from cae_lib.training import History, Progress, TrainConfig, best_device, fit

SHIPPED = Path(__file__).parent / "runs"
OWN = Path(os.environ.get("CAE_RUNS") or Path(__file__).parent.parent / "runs")
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
        return load_run(self.folder, epoch).model


def train_run(
    folder: Path,
    model_config: ModelConfig,
    config: TrainConfig,
    train: ImageSet,
    validation: ImageSet,
    *,
    keep_every_epoch: bool = True,
    on_epoch: Callable[[Progress], None] | None = None,
    progress: bool = True,
) -> Run:
    """Train a run in `folder`, or resume it there, saving after every epoch.

    A run that was killed goes on after its last finished epoch and ends as if nothing had happened;
    a finished run is loaded, or trained further if config asks for more epochs. Without
    keep_every_epoch only the weights of the best and the last epoch stay. Raises CheckpointError
    when the folder holds a run of another model, config or data set.
    """
    folder = Path(folder)
    facts = {
        "model": model_config.as_dict(),
        "training": config.as_dict(),
        "source": train.source,
        "train_images": len(train),
        "validation_images": len(validation),
    }
    model, history, optimiser_state = build(model_config, config.seed), None, None
    if (folder / "run.json").exists() or (folder / "resume.safetensors").exists():
        check_same_run(folder, facts)
        if not (folder / "resume.safetensors").exists():
            if read_record(folder)["history"]["epochs"] >= config.epochs:
                return load_run(folder)
            raise CheckpointError(f"{folder} cannot be trained further (no resume.safetensors): delete it first.")
        weights, history, optimiser_state = load_resume(folder)
        model.load_state_dict(weights)

    def finish_epoch(history: History) -> None:
        history_facts = {"epochs": history.epochs, "best_epoch": history.best_epoch}
        record = facts | {"history": history_facts | history.as_dict(), "versions": versions()}
        write_json(folder / "run.json", record | {"device": str(best_device())})
        if not keep_every_epoch:
            for epoch in set(kept_epochs(folder)) - {history.best_epoch, history.epochs}:
                epoch_file(folder, epoch).unlink()

    def save(done: Progress) -> None:
        save_tensors(epoch_file(folder, done.epoch), done.model.state_dict())
        save_resume(folder, done, facts)
        finish_epoch(done.history)
        if on_epoch is not None:
            on_epoch(done)

    # A kill between the last epoch's resume file and its record leaves the record one epoch behind.
    recorded = read_record(folder)["history"]["epochs"] if (folder / "run.json").exists() else 0
    if history is not None and history.epochs > recorded:
        finish_epoch(history)
    fit(
        model, train, validation, config,
        history=history, optimiser_state=optimiser_state, on_epoch=save, progress=progress,
    )  # fmt: skip
    return load_run(folder)


def load_run(run: str | Path, epoch: int | str | None = None, seed: int = 0) -> Run:
    """Load a shipped run by name ("model1"), or any run by its folder.

    epoch: a number, "best", or None for the last one; seed: which of a shipped run's seeds.
    Raises CheckpointError if the run or epoch is missing or a file is damaged.
    """
    folder = SHIPPED / run / f"seed{seed}" if isinstance(run, str) else Path(run)
    record = read_record(folder)
    kept = kept_epochs(folder)
    if not kept:
        raise CheckpointError(f"The run in {folder} has no weights: train it again with `cae train`.")
    number = {None: kept[-1], "best": record["history"]["best_epoch"]}.get(epoch, epoch)
    if number not in kept:
        raise CheckpointError(f"The run in {folder} has no epoch {number}; it has {', '.join(map(str, kept))}.")
    try:
        model = build(model_config(record["model"]))
        weights, _ = load_tensors(epoch_file(folder, number))
        model.load_state_dict(weights)
        lists = {k: v for k, v in record["history"].items() if isinstance(v, list)}
        loaded = Run(folder, model, TrainConfig(**record["training"]), History(**lists), record["source"], number, kept)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        if isinstance(error, CheckpointError):
            raise
        raise damaged(folder, error) from error
    model.to(memory_format=torch.channels_last).eval()
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


def model_config(record: dict) -> ModelConfig:
    """A ModelConfig from its JSON form."""
    return ModelConfig(**record | {"pixel_range": tuple(record["pixel_range"])})


def epoch_file(folder: Path, epoch: int) -> Path:
    """Where the weights after an epoch lie."""
    return folder / f"epoch_{epoch:02}.safetensors"


def kept_epochs(folder: Path) -> tuple[int, ...]:
    """Epochs whose weights lie in the folder."""
    numbers = (p.stem.removeprefix("epoch_") for p in folder.glob("epoch_*.safetensors"))
    return tuple(sorted(int(number) for number in numbers if number.isdigit()))


def read_record(folder: Path) -> dict:
    """run.json of a run. Raises CheckpointError if it is missing or damaged."""
    try:
        record = json.loads((folder / "run.json").read_text())
        if not isinstance(record, dict) or not record.keys() >= RECORD_KEYS or "best_epoch" not in record["history"]:
            raise ValueError("run.json lacks entries")
        return record
    except FileNotFoundError:
        names = ", ".join(shipped_runs()) if SHIPPED.is_dir() else "none"
        raise CheckpointError(f"There is no run in {folder}; the shipped runs are {names}.") from None
    except ValueError as error:
        raise damaged(folder, error) from error


def check_same_run(folder: Path, facts: dict) -> None:
    """Raise CheckpointError if the folder holds another run than `facts` describes (epochs aside)."""
    stored = read_record(folder) if (folder / "run.json").exists() else load_facts(folder)
    for key, value in facts.items():
        old = stored[key]
        if key == "training":
            old, value = ({k: v for k, v in d.items() if k != "epochs"} for d in (old, value))
        if old != value:
            raise CheckpointError(
                f"{folder} holds another run ({key} was {old}, now {value}): choose another folder, or delete it."
            )


def save_resume(folder: Path, done: Progress, facts: dict) -> None:
    """One file with all that the next epoch needs, so that a kill at any moment leaves it whole."""
    tensors = {f"weights/{k}": v for k, v in done.model.state_dict().items()}
    tensors |= {f"best/{k}": v for k, v in done.history.best_weights.items()}
    tensors |= optimiser_tensors(done.optimiser)
    metadata = {"history": json.dumps(done.history.as_dict()), "facts": json.dumps(facts)}
    save_tensors(folder / "resume.safetensors", tensors, metadata)


def load_facts(folder: Path) -> dict:
    """What a resume file says about its run."""
    _, metadata = load_tensors(folder / "resume.safetensors")
    if "facts" not in metadata:
        raise damaged(folder / "resume.safetensors", "it is no resume file")
    return json.loads(metadata["facts"])


def load_resume(folder: Path) -> tuple[dict, History, dict]:
    """Weights, history and the optimiser's state (parameter index -> name -> tensor)."""
    tensors, metadata = load_tensors(folder / "resume.safetensors")
    if "history" not in metadata:
        raise damaged(folder / "resume.safetensors", "it is no resume file")
    history = History(**json.loads(metadata["history"]), best_weights=under("best", tensors))
    return under("weights", tensors), history, optimiser_state(tensors)


def versions() -> dict[str, str]:
    """What the weights depend on, besides the kit."""
    return {"python": platform.python_version(), "torch": str(torch.__version__), "machine": platform.machine()}
