"""Writing a file all at once: a reader sees the old content or the new, never half of it."""

import json
import os
import tempfile
from pathlib import Path

import numpy as np


def write_atomically(path: Path, content: bytes) -> None:
    """Write bytes beside `path`, then move them into place.

    Raises OSError with a clear text when the disk is full or the folder cannot be written;
    `path` then still holds what it held before.
    """
    path = Path(path)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as f:
            temporary = Path(f.name)
            f.write(content)
            f.flush()
            os.fsync(f.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException as error:  # an interrupt must not leave the temporary file either
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        raise OSError(
            error.errno,
            f"Cannot write {path}: {error.strerror or error}. Free some space or choose a folder "
            "that you may write to; nothing was changed.",
        ) from error


def plain(value):
    """NumPy arrays, tensors and scalars as lists and plain numbers, for json.dumps(default=plain)."""
    if isinstance(value, (np.ndarray, np.generic)) or hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be stored as JSON")


def write_json(path: Path, value) -> None:
    """Write a value as indented JSON, atomically."""
    write_atomically(path, (json.dumps(value, indent=1, default=plain) + "\n").encode())
