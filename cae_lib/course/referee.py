"""A student's codec in processes of its own: the encoder sees images, the decoder a folder with nothing but bytes.

    entry_06.py      the student's code: classes of the codec
    entry_06.pickle  the codec, after it has learned from training images

Each process starts anew in an empty folder, with these two and its input; the decoder's input is the payloads, and no
data set is within its reach. Whoever is too slow or too large is stopped. This keeps honest people from mistakes; it
is no prison for code that means harm.
"""

import os
import pickle
import shutil
import site
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType

import psutil
import torch
from torch import Tensor

import cae_lib
from cae_lib.base.errors import KitError
from cae_lib.codec import payload
from cae_lib.codec.container import CodecError

SECONDS, GIGABYTES = 300, 4.0  # that a process may take, for all qualities
LARGEST = 32  # megabytes of an entry's pickle
SEVERAL = 30  # qualities at most
SIDE = 32  # pixels of an image


class EntryError(KitError):
    """An entry cannot be judged; the message says why."""


def need(holds: bool, otherwise: str) -> None:
    """Raise EntryError unless something holds."""
    if not holds:
        raise EntryError(otherwise)


def load_code(path: Path) -> ModuleType:
    """Run the file of an entry anew, as the module that its pickle will ask for. Raises EntryError."""
    need(path.is_file(), f"There is no file {path}: run the cell that writes it.")
    sys.modules[path.stem] = module = ModuleType(path.stem)
    try:
        exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), module.__dict__)
    except Exception as error:
        raise EntryError(f"{path.name} cannot be run: {type(error).__name__}: {error}.") from error
    return module


def check_codec(codec, numbers: int) -> None:
    """Raise EntryError unless something is a codec with at most so many numbers for a picture (0: any number)."""
    missing = [n for n in ("stride", "margin", "channels", "qualities", "tables", "passes") if not hasattr(codec, n)]
    need(not missing, f"The entry is no codec: it lacks {', '.join(missing)}. Derive its class from one of the kit's.")
    qualities = list(codec.qualities)
    valid = 1 <= len(qualities) <= SEVERAL and all(type(q) is int for q in qualities)
    need(valid, f"The qualities are {qualities}: they must be 1 to {SEVERAL} whole numbers.")
    size = codec.channels * (SIDE // codec.stride) ** 2
    need(not numbers or size <= numbers, f"The code of an image has {size} numbers, and {numbers} are allowed.")


def measure(
    path: Path, images: Tensor, numbers: int = 0, seconds: float = SECONDS, gigabytes: float = GIGABYTES
) -> dict[int, tuple[int, Tensor]]:
    """Quality -> bytes of all payloads, and the decoder's images, for uint8 images (N, 3, 32, 32). Raises EntryError.

    path: of an entry's .py; the .pickle lies beside it. numbers: as in check_codec.
    """
    stored = path.with_suffix(".pickle")
    need(stored.is_file(), f"There is no {stored}: run `projects.learn`, which writes it.")
    size = stored.stat().st_size / 1e6
    need(size <= LARGEST, f"{stored.name} has {size:.0f} MB, and {LARGEST} are allowed: keep less in the entry.")
    task = {"numbers": numbers, "images": images}
    coded = in_a_process("encoder", path, task, seconds, gigabytes)
    decoded = in_a_process("decoder", path, {"numbers": numbers, "files": coded}, seconds, gigabytes)
    need(decoded.keys() == coded.keys(), "The decoder has other qualities than the encoder.")
    for quality, result in decoded.items():
        fits = isinstance(result, Tensor) and result.shape == images.shape and result.dtype == torch.uint8
        need(fits and len(coded[quality]) == len(images), f"At quality {quality}, not every image has come back.")
    return {quality: (sum(map(len, coded[quality])), result) for quality, result in decoded.items()}


def in_a_process(role: str, path: Path, task: dict, seconds: float, gigabytes: float) -> dict:
    """What the encoder or the decoder answers: quality -> payloads, or images. Raises EntryError."""
    with tempfile.TemporaryDirectory(prefix="cae-judge-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        for file in (path, path.with_suffix(".pickle")):
            shutil.copy(file, folder)
        torch.save(task, folder / "task")
        command = [sys.executable, "-m", "cae_lib.course.referee", role, path.name]
        with (folder / "said").open("wb") as said:
            process = subprocess.Popen(
                command, cwd=name, env=surroundings(name), stdin=subprocess.DEVNULL,
                stdout=said, stderr=subprocess.STDOUT,
            )  # fmt: skip
            try:
                watch(process, role, seconds, gigabytes)
            finally:
                stop(process)
        answer = folder / "answer"
        lines = (folder / "said").read_text(errors="replace").strip().splitlines() or ["it says nothing"]
        need(process.returncode == 0 and answer.exists(), f"The {role} stopped: {lines[-1][:200]}")
        try:
            return torch.load(answer, weights_only=True)
        except Exception as error:
            raise EntryError(f"The {role}'s answer cannot be read: {type(error).__name__}.") from error


def surroundings(folder: str) -> dict[str, str]:
    """The environment of a process that finds this kit, but no data set: not in the user's cache, nor by CAE_DATA."""
    hidden = ("HOME", "USERPROFILE", "LOCALAPPDATA", "XDG_CACHE_HOME", "CAE_DATA")
    kit = [str(Path(cae_lib.__file__).parents[1]), os.environ.get("PYTHONPATH")]
    found = {"PYTHONUSERBASE": site.getuserbase(), "PYTHONPATH": os.pathsep.join(filter(None, kit))}
    return os.environ | dict.fromkeys(hidden, folder) | found


def watch(process: subprocess.Popen, role: str, seconds: float, gigabytes: float) -> None:
    """Wait for a process. Raises EntryError once it takes more time or memory than allowed."""
    end = time.monotonic() + seconds
    while process.poll() is None:
        need(time.monotonic() < end, f"The {role} took more than {seconds:g} seconds and was stopped: make it faster.")
        used = memory(process) / 1e9
        need(used < gigabytes, f"The {role} took more than {gigabytes:g} GB of memory and was stopped: use less.")
        time.sleep(0.05)


def memory(process: subprocess.Popen) -> int:
    """Bytes that a process and those it started occupy."""
    total = 0
    for each in family(process):
        try:
            total += each.memory_info().rss
        except psutil.Error:  # it has ended meanwhile
            continue
    return total


def family(process: subprocess.Popen) -> list[psutil.Process]:
    try:
        first = psutil.Process(process.pid)
        return [first, *first.children(recursive=True)]
    except psutil.Error:
        return []


def stop(process: subprocess.Popen) -> None:
    """End a process and those that it started."""
    for each in family(process) if process.poll() is None else []:
        try:
            each.kill()
        except psutil.Error:
            continue
    process.wait()


def main(role: str, name: str) -> None:
    """What runs in the process: the folder's task with the folder's codec. Its last line says what went wrong."""
    try:
        load_code(Path(name))
        with Path(name).with_suffix(".pickle").open("rb") as file:
            codec = pickle.load(file)
        task = torch.load("task", weights_only=True)
        check_codec(codec, task["numbers"])
        if role == "encoder":
            answer = {quality: payload.encode(task["images"], codec, quality) for quality in codec.qualities}
        else:
            answer = {q: payload.decode(files, codec, q, SIDE, SIDE) for q, files in task["files"].items()}
    except EntryError as error:
        sys.exit(str(error))
    except CodecError as error:
        peeks = (
            "The bytes cannot be decoded. A pass may look at the symbols of the passes before it, and at nothing else."
        )
        sys.exit(peeks if role == "decoder" else str(error))
    except Exception as error:
        text = " ".join(str(error).split())
        sys.exit(f"{type(error).__name__}: {text}" if text else type(error).__name__)
    torch.save(answer, "answer")


if __name__ == "__main__":
    main(*sys.argv[1:])
