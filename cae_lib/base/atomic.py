"""Writing a file all at once: a reader sees the old content or the new, never half of it."""

import glob
import json
import math
import os
import platform
import re
import tempfile
from contextlib import suppress
from pathlib import Path

HOST = re.sub("[^A-Za-z0-9]", "", platform.node())  # with the process in the names of temporary files


def write_atomically(path: Path, content: bytes) -> None:
    """Write bytes beside `path`, then move them into place.

    Raises OSError with a clear text when the disk is full or the folder cannot be written;
    `path` then still holds what it held before.
    """
    path = Path(path)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        sweep(path)
        begins = f".{path.name}.{HOST}-{os.getpid()}-"
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=begins, delete=False) as f:
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


def sweep(path: Path) -> None:
    """Remove what a process of this machine that was killed left of its own attempts to write `path`."""
    import psutil

    for file in path.parent.glob(f".{glob.escape(path.name)}.*"):
        owner = re.fullmatch(r"([A-Za-z0-9]*)-(\d+)-\w+", file.name.removeprefix(f".{path.name}."))
        if owner and owner[1] == HOST and not psutil.pid_exists(int(owner[2])):
            with suppress(OSError):
                file.unlink()


def strict(value):
    """A value as JSON that every reader takes: NumPy arrays and tensors as lists, tuples as lists, a number that is not
    finite as None, half a surrogate pair as "?". Raises TypeError for what JSON has no form for."""
    if isinstance(value, dict):
        return {strict(key) if isinstance(key, str) else key: strict(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [strict(item) for item in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, bool | int | None):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if hasattr(value, "tolist"):
        return strict(value.tolist())
    raise TypeError(f"{type(value).__name__} cannot be stored as JSON")


def write_json(path: Path, value) -> None:
    """Write a value as indented JSON, made `strict`, atomically."""
    write_atomically(path, (json.dumps(strict(value), indent=1, allow_nan=False) + "\n").encode())
