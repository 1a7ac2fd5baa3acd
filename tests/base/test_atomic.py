"""Atomic writing: the old content or the new, never half of it, and nothing left behind."""

import errno
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from cae_lib.base.atomic import strict, write_atomically, write_json


def no_space(*args, **kwargs):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def interrupted(*args, **kwargs):
    raise KeyboardInterrupt


def break_step(monkeypatch, step, fault):
    """Let one step of writing fail: forcing its bytes to the disk, or moving it into place."""
    if step == "fsync":
        monkeypatch.setattr(os, "fsync", fault)
    else:
        monkeypatch.setattr(os, "replace", fault)
        monkeypatch.setattr(Path, "replace", fault)


def test_bytes_come_back_and_folders_are_made(tmp_path):
    path = tmp_path / "a" / "b" / "file.bin"
    write_atomically(path, b"\x00\xff" * 1000)
    assert path.read_bytes() == b"\x00\xff" * 1000
    assert [p.name for p in path.parent.iterdir()] == ["file.bin"]


def test_an_old_file_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / "file"
    write_atomically(path, b"old and much longer")
    write_atomically(str(path), b"new")
    assert path.read_bytes() == b"new"
    assert len(list(tmp_path.iterdir())) == 1


def test_others_may_read_the_file(tmp_path):
    path = tmp_path / "file"
    write_atomically(path, b"x")
    assert path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_full_disk_keeps_the_old_file_and_leaves_nothing(tmp_path, monkeypatch, step):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    break_step(monkeypatch, step, no_space)
    with pytest.raises(OSError, match="Cannot write .*file.*No space left.*Free some space") as caught:
        write_atomically(path, b"new")
    assert caught.value.errno == errno.ENOSPC
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_an_interrupt_leaves_nothing_either(tmp_path, monkeypatch, step):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    break_step(monkeypatch, step, interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_size_limit_while_writing(tmp_path):
    resource = pytest.importorskip("resource", reason="file size limits need POSIX")
    path = tmp_path / "file"
    path.write_bytes(b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(OSError, match="Cannot write"):
            write_atomically(path, bytes(300_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "taken").write_text("a file, not a folder")
    with pytest.raises(OSError, match="Cannot write .*choose a folder"):
        write_atomically(tmp_path / "taken" / "file", b"x")
    assert [p.name for p in tmp_path.iterdir()] == ["taken"]


def test_a_reader_never_sees_half_a_file(tmp_path):
    path = tmp_path / "file"
    contents = [bytes([k]) * 200_000 for k in range(2)]
    write_atomically(path, contents[0])
    seen, done = set(), threading.Event()

    def read():
        while not done.is_set():
            seen.add(path.read_bytes() in contents)

    reader = threading.Thread(target=read)
    reader.start()
    for k in range(40):
        write_atomically(path, contents[k % 2])
    done.set()
    reader.join()
    assert seen == {True}


def test_json_round_trip_with_tensors_and_arrays(tmp_path):
    path = tmp_path / "x.json"
    value = {"t": torch.tensor([1, 2]), "a": np.arange(3.0), "s": np.float32(0.5), "i": np.int64(7), "n": None}
    write_json(path, value)
    assert json.loads(path.read_text()) == {"t": [1, 2], "a": [0.0, 1.0, 2.0], "s": 0.5, "i": 7, "n": None}
    assert path.read_text().endswith("\n")


def test_json_refuses_what_it_cannot_store_and_keeps_the_old_file(tmp_path):
    path = tmp_path / "x.json"
    write_json(path, {"good": 1})
    with pytest.raises(TypeError, match="object cannot be stored"):
        write_json(path, {"bad": object()})
    assert json.loads(path.read_text()) == {"good": 1}


def test_json_is_strict_whatever_goes_in(tmp_path):
    value = {
        "a": [np.float32("nan"), torch.tensor([1.5, float("inf")])],
        "b": (np.int64(2), True, None),
        "c\ud800": "\udc00x",
    }
    assert strict(value) == {"a": [None, [1.5, None]], "b": [2, True, None], "c?": "?x"}
    write_json(tmp_path / "x.json", value)

    def refuse(word):
        raise AssertionError(word)

    assert json.loads((tmp_path / "x.json").read_text("utf-8"), parse_constant=refuse) == strict(value)
    with pytest.raises(TypeError, match="set cannot be stored as JSON"):
        strict({1})


def test_what_a_killed_process_left_is_swept_and_a_living_one_is_left_alone(tmp_path):
    kill = f"""
import os, signal
from pathlib import Path
from cae_lib.base import atomic
os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)
atomic.write_atomically(Path({str(tmp_path / "file")!r}), b"half")"""
    subprocess.run([sys.executable, "-c", kill])
    (left,) = tmp_path.iterdir()
    living = tmp_path / left.name.replace(left.name.split("-")[1], str(os.getppid()))
    others = [living, tmp_path / ".file.swp", tmp_path / ".file.another-host-1-x", tmp_path / ".file2.tmp"]
    for other in others:
        other.touch()
    write_atomically(tmp_path / "file", b"whole")
    assert {p.name for p in tmp_path.iterdir()} == {"file", *(other.name for other in others)}
