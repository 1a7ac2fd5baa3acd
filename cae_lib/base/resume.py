"""What an interrupted training goes on from: one file, so that a kill at any moment leaves it whole.

Facts say what a training is: its model, its options, its images. A folder goes on only with the same unfinished
training; whatever else it holds is refused and left as it is.
"""

import json
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from cae_lib.base.weights import CheckpointError, damaged, load_tensors, save_tensors, under

NAME = "resume.safetensors"


class Resume(NamedTuple):
    """Where a training stopped: named groups of tensors, the optimiser's state, and the record of its epochs."""

    groups: dict[str, dict[str, Tensor]]
    optimiser: dict[int, dict[str, Tensor]]
    record: dict


def save(
    folder: Path, facts: dict, record: dict, optimiser: torch.optim.Optimizer, **groups: dict[str, Tensor]
) -> None:
    """Write all that the next epoch needs."""
    states = optimiser.state_dict()["state"].items()
    tensors = {f"optimiser/{i}/{k}": v for i, state in states for k, v in state.items() if isinstance(v, Tensor)}
    tensors |= {f"{group}/{k}": v for group, members in groups.items() for k, v in members.items()}
    save_tensors(folder / NAME, tensors, {"facts": json.dumps(facts), "record": json.dumps(record)})


def load(folder: Path, facts: dict) -> Resume | None:
    """Where the training with these facts stopped; None in a folder that holds no training yet.

    Raises CheckpointError for another training, a finished one that kept nothing to go on from, and a damaged file.
    """
    file = folder / NAME
    if not file.exists():
        # A kill in the first epoch may leave its weights, and nothing else.
        if (folder / "run.json").exists() or any(p.stem != "epoch_01" for p in folder.glob("*.safetensors")):
            raise CheckpointError(
                f"{folder} holds a training without {NAME}, so it cannot go on there: choose another folder."
            )
        return None
    tensors, metadata = load_tensors(file)
    if "facts" not in metadata or "record" not in metadata:
        raise damaged(file, "it is no resume file")
    check_same(folder, json.loads(metadata["facts"]), facts)
    optimiser: dict[int, dict] = {}
    for key, tensor in under("optimiser", tensors).items():
        index, name = key.split("/")
        optimiser.setdefault(int(index), {})[name] = tensor
    groups = {key.split("/")[0] for key in tensors} - {"optimiser"}
    return Resume({group: under(group, tensors) for group in groups}, optimiser, json.loads(metadata["record"]))


def check_same(folder: Path, stored: dict, facts: dict) -> None:
    """Raise CheckpointError if a folder's facts are others than these, the number of epochs aside."""
    old, new = (flat(json.loads(json.dumps(f))) for f in (stored, facts))
    for key in sorted((old.keys() | new.keys()) - {"training: epochs"}):
        if old.get(key) != new.get(key):
            raise CheckpointError(
                f"{folder} holds another training ({key} was {old.get(key)}, now {new.get(key)}): choose another one."
            )


def flat(facts: dict) -> dict:
    """Facts whose options stand beside the others, as "training: seed"."""
    pairs = ((key, value if isinstance(value, dict) else {None: value}) for key, value in facts.items())
    return {key if name is None else f"{key}: {name}": v for key, options in pairs for name, v in options.items()}
