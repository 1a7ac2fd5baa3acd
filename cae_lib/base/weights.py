"""Tensors in a file: safetensors with a checksum, written at once or not at all."""

import hashlib
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from cae_lib.base.atomic import write_atomically
from cae_lib.base.errors import KitError

TYPES = (torch.float16, torch.float32, torch.int64)


class CheckpointError(KitError):
    """A run is missing, damaged or another one; the message says what to do."""


def save_tensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str] | None = None) -> None:
    """Write float16, float32 and int64 tensors as safetensors, atomically, with a SHA-256 checksum of their bytes.

    Raises TypeError for tensors of another type.
    """
    if any(tensor.dtype not in TYPES for tensor in tensors.values()):
        raise TypeError(
            "Only float16, float32 and int64 tensors can be stored: convert the others with .float() first."
        )
    tensors = {k: v.detach().cpu().contiguous() for k, v in tensors.items()}
    metadata = metadata or {}
    write_atomically(path, safetensors.torch.save(tensors, metadata | {"sha256": checksum(tensors, metadata)}))


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read what save_tensors wrote. Raises CheckpointError for a missing or damaged file."""
    try:
        with safetensors.safe_open(path, "pt") as f:
            # Copies: the file stays mapped as long as what get_tensor returns, and Windows replaces no mapped file.
            tensors, metadata = {k: f.get_tensor(k).clone() for k in f.keys()}, f.metadata()
    except FileNotFoundError:
        raise CheckpointError(
            f"{path} is missing: bring it back from a copy (with git, if it came with the kit), or train anew."
        ) from None
    except (safetensors.SafetensorError, OSError) as error:
        raise damaged(path, error) from error
    stored = (metadata or {}).pop("sha256", None)
    known = all(tensor.dtype in TYPES for tensor in tensors.values())
    if not known or stored != checksum(tensors, metadata or {}):
        raise damaged(path, "its checksum does not fit")
    return tensors, metadata


def checksum(tensors: dict[str, Tensor], metadata: dict[str, str]) -> str:
    """SHA-256 of all names, texts and numbers."""
    digest = hashlib.sha256()
    for name in sorted(metadata):
        digest.update((name + metadata[name]).encode())
    for name in sorted(tensors):
        digest.update(name.encode() + tensors[name].contiguous().numpy().tobytes())
    return digest.hexdigest()


def damaged(path: Path, reason) -> CheckpointError:
    """The error that says that a file is damaged, and what to do."""
    text = (str(reason).splitlines() or ["unreadable"])[0]
    return CheckpointError(
        f"{path} is damaged ({text}): bring it back from a copy (with git, if it came with the kit), or train anew "
        "in another folder."
    )


def under(part: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors named "part/...", without that part of their names."""
    return {name.removeprefix(f"{part}/"): t for name, t in tensors.items() if name.startswith(f"{part}/")}
