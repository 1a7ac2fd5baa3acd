"""Downloading CIFAR-10 (a tiny one) from a local server with faults."""

import errno
import json
import os
import subprocess
import sys
import threading
import time
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import filelock
import pytest

from cae_lib.cifar10 import download
from cae_lib.cifar10.download import cached_cifar10
from cae_lib.cifar10.integrity import damaged_files

RESTART = "so the stand-in images are used: restart with a working network connection, or set CAE_DATA to a directory"
MAKE_ROOM = "so the stand-in images are used: make the folder writable and free 400 MB there, or set CAE_DATA to a dir"


REDIRECTS = {"nowhere": "http://[bad", "no-scheme": "//:x", "loop": "/loop", "odd-port": "http://127.0.0.1:99999999/"}


class Handler(BaseHTTPRequestHandler):
    """Serves the archive; the address names the fault."""

    def do_GET(self):
        archive, fault, wanted = self.server.archive, self.path.strip("/"), self.headers.get("Range")
        self.server.requests.append((fault, wanted))
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and fault != "no-ranges" else 0
        if fault == "missing":
            return self.send_error(404)
        if fault in REDIRECTS:
            self.send_response(302)
            self.send_header("Location", REDIRECTS[fault])
            return self.end_headers()
        if start >= len(archive):
            return self.send_error(416)
        body = archive[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(archive) - 1}/{len(archive)}")
        if fault == "compressed":
            self.send_header("Content-Encoding", "x-gzip")
        lengths = {"no-number": "many", "negative": "-5", "huge": "9" * 40, "endless": None}
        length = lengths.get(fault, str(len(body)))
        if length is not None:
            self.send_header("Content-Length", length)
        self.end_headers()
        if fault == "endless":
            body = archive * 3
        if fault == "altered":
            body = body[:-1000] + bytes(1000)
        elif fault == "breaks":
            body = body[: len(archive) // 3]
        elif fault == "silent":
            self.wfile.write(archive[start:50_000])
            self.server.over.wait(10)
            body = b""
        if fault == "drips":  # a byte now and then: never long enough without one to be given up for that
            while not self.server.over.wait(0.02):
                self.wfile.write(b"x")
        for piece in range(0, len(body), 4096):
            if fault == "slow" and self.server.over.wait(0.01):
                return
            self.wfile.write(body[piece : piece + 4096])

    def log_message(self, *args):
        pass


@pytest.fixture
def server(tiny_cifar10, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *args: None  # clients that hang up are part of the tests
    server.archive = (Path(tiny_cifar10.folder) / tiny_cifar10.filename).read_bytes()
    server.requests, server.over = [], threading.Event()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server
    server.over.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def urls(server, monkeypatch):
    """Addresses for these faults, with limits that suit a small archive."""
    monkeypatch.setattr(download, "TIMEOUT", (2, 0.5))
    monkeypatch.setattr(download, "WINDOW", 0.1)
    monkeypatch.setattr(download, "SLOW", 2_000_000)

    def addresses(*faults):
        ports = {"refused": 9}  # nothing listens there
        return tuple(f"http://127.0.0.1:{ports.get(fault, server.server_port)}/{fault}" for fault in faults)

    return addresses


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def left_in(cache):
    """What lies in the cache besides the lock and the note of a failure."""
    return sorted(p.name for p in cache.iterdir() if p.suffix not in (".lock", ".failed"))


def is_good(cache, dataset):
    return left_in(cache) == [dataset.base_folder] and not damaged_files(cache / dataset.base_folder, dataset)


def test_download_once(cache, urls, server, tiny_cifar10):
    for _ in range(2):
        assert cached_cifar10(cache, urls("good"), tiny_cifar10) == cache
    assert is_good(cache, tiny_cifar10) and server.requests == [("good", None)]


@pytest.mark.parametrize("fault", ["refused", "missing", "altered", "breaks", "silent", "slow"])
def test_mirror_after_a_fault(fault, cache, urls, server, tiny_cifar10):
    assert cached_cifar10(cache, urls(fault, "good"), tiny_cifar10) == cache
    assert is_good(cache, tiny_cifar10)
    last, start = server.requests[-1]
    assert last == "good" and len(server.requests) == (1 if fault == "refused" else 2)
    assert (start is not None) == (fault in ("breaks", "silent", "slow"))  # what has come is kept


def test_server_that_breaks_is_asked_again_for_the_rest(cache, urls, server, tiny_cifar10):
    third = len(server.archive) // 3
    assert cached_cifar10(cache, urls("breaks"), tiny_cifar10) == cache
    assert is_good(cache, tiny_cifar10)
    starts = [start for _, start in server.requests]
    assert starts[:3] == [None, f"bytes={third}-", f"bytes={2 * third}-"]


def test_server_that_cannot_send_a_part_sends_all(cache, urls, server, tiny_cifar10):
    assert cached_cifar10(cache, urls("breaks", "no-ranges"), tiny_cifar10) == cache
    assert is_good(cache, tiny_cifar10) and server.requests[-1][1] is not None


def test_last_source_may_be_slow(cache, urls, server, tiny_cifar10):
    assert cached_cifar10(cache, urls("slow"), tiny_cifar10) == cache
    assert is_good(cache, tiny_cifar10) and len(server.requests) == 1


def test_slow_source_is_taken_if_the_others_fail(cache, urls, server, tiny_cifar10):
    assert cached_cifar10(cache, urls("slow", "missing"), tiny_cifar10) == cache
    assert is_good(cache, tiny_cifar10)
    assert [fault for fault, _ in server.requests] == ["slow", "missing", "slow"]


def test_archive_marked_as_compressed_stays_as_it_is(cache, urls, tiny_cifar10):
    assert cached_cifar10(cache, urls("compressed"), tiny_cifar10) == cache
    assert is_good(cache, tiny_cifar10)


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ("refused", "127.0.0.1:9: no connection"),
        ("missing", "HTTP status 404"),
        ("altered", "wrong checksum"),
        ("silent", "no answer in time"),
    ],
)
def test_no_source_delivers(fault, text, cache, urls, tiny_cifar10):
    with pytest.warns(UserWarning, match=rf"cannot be downloaded \(.*{text}.*\), {RESTART}"):
        assert cached_cifar10(cache, urls(fault), tiny_cifar10) is None
    part = [f"{tiny_cifar10.filename}.part"] if fault == "silent" else []
    assert left_in(cache) == part


def test_next_run_goes_on_with_the_part(cache, urls, server, tiny_cifar10):
    with pytest.warns(UserWarning, match="no answer in time"):
        cached_cifar10(cache, urls("silent"), tiny_cifar10)
    part = (cache / f"{tiny_cifar10.filename}.part").stat().st_size
    assert cached_cifar10(cache, urls("good"), tiny_cifar10) == cache
    assert is_good(cache, tiny_cifar10) and server.requests[-1] == ("good", f"bytes={part}-")


@pytest.mark.parametrize("length", ["some", "all", "too many"])
def test_altered_part_of_an_earlier_run_is_thrown_away(length, cache, urls, server, tiny_cifar10):
    cache.mkdir()
    count = {"some": 1000, "all": len(server.archive), "too many": len(server.archive) + 5}[length]
    (cache / f"{tiny_cifar10.filename}.part").write_bytes(bytes(count))
    assert cached_cifar10(cache, urls("good"), tiny_cifar10) == cache
    assert is_good(cache, tiny_cifar10)
    assert server.requests == [("good", f"bytes={count}-"), ("good", None)]


def test_finished_archive_of_an_earlier_run_is_used(cache, urls, server, tiny_cifar10):
    cache.mkdir()
    (cache / f"{tiny_cifar10.filename}.part").write_bytes(server.archive)
    assert cached_cifar10(cache, urls("good"), tiny_cifar10) == cache
    assert is_good(cache, tiny_cifar10) and len(server.requests) == 1


def test_damaged_cache_is_replaced(cache, urls, tiny_cifar10):
    cached_cifar10(cache, urls("good"), tiny_cifar10)
    batch = cache / tiny_cifar10.base_folder / "data_batch_2"
    batch.write_bytes(batch.read_bytes()[:-1])
    (cache / "unpacking").mkdir()  # of a run that was killed
    assert damaged_files(batch.parent, tiny_cifar10) == ["data_batch_2"]
    assert cached_cifar10(cache, urls("good"), tiny_cifar10) == cache
    assert is_good(cache, tiny_cifar10)


def test_damaged_files_names_all_files_of_an_empty_folder(tmp_path):
    names = [f"data_batch_{k}" for k in range(1, 6)] + ["test_batch", "batches.meta"]
    assert damaged_files(tmp_path) == names


def test_cache_that_cannot_be_made(tmp_path, urls, tiny_cifar10):
    (tmp_path / "file").touch()
    with pytest.warns(UserWarning, match=rf"cannot be stored in .*cache \(Not a directory\), {MAKE_ROOM}"):
        assert cached_cifar10(tmp_path / "file" / "cache", urls("good"), tiny_cifar10) is None


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the permissions of a folder do not bind this user")
def test_cache_that_cannot_be_written(cache, urls, tiny_cifar10):
    cache.mkdir(mode=0o555)
    with pytest.warns(UserWarning, match=rf"cannot be stored in .*cache \(Permission denied\), {MAKE_ROOM}"):
        assert cached_cifar10(cache, urls("good"), tiny_cifar10) is None
    assert list(cache.iterdir()) == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs the device that is always full")
def test_disk_full_while_downloading(cache, urls, tiny_cifar10):
    cache.mkdir()
    (cache / f"{tiny_cifar10.filename}.part").symlink_to("/dev/full")
    with pytest.warns(UserWarning, match=rf"cannot be stored in .*cache \(No space left.*\), {MAKE_ROOM}"):
        assert cached_cifar10(cache, urls("good"), tiny_cifar10) is None
    assert left_in(cache) == []


def test_disk_full_while_unpacking(cache, urls, tiny_cifar10, monkeypatch):
    def fill_the_disk(self):
        (Path(self.root) / self.base_folder).mkdir()
        (Path(self.root) / self.base_folder / "data_batch_1").write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tiny_cifar10, "download", fill_the_disk)
    with pytest.warns(UserWarning, match=rf"cannot be stored in .*cache \(No space left.*\), {MAKE_ROOM}"):
        assert cached_cifar10(cache, urls("good"), tiny_cifar10) is None
    assert left_in(cache) == []


def test_interruption_leaves_only_the_part(cache, urls, tiny_cifar10, monkeypatch):
    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(download, "unpack", interrupted)
    with pytest.raises(KeyboardInterrupt):
        cached_cifar10(cache, urls("good"), tiny_cifar10)
    assert left_in(cache) == [f"{tiny_cifar10.filename}.part"]
    monkeypatch.undo()
    assert cached_cifar10(cache, urls("good"), tiny_cifar10) == cache  # the lock is free again


def test_a_classroom_downloads_once(cache, urls, server, tiny_cifar10):
    """Two processes at the same time: one downloads, slowly, the other waits for it."""
    program = (
        "import json, shutil, sys\n"
        "from cae_lib.cifar10.download import cached_cifar10\n"
        "class Unpacker:\n"  # in the place of torchvision's class, which takes seconds to import
        "    def __init__(self, root, download):\n"
        "        shutil.unpack_archive(f'{root}/{self.filename}', root)\n"
        "cache, url, facts = sys.argv[1:]\n"
        "print('ready', flush=True)\n"
        "sys.stdin.readline()\n"
        "print(cached_cifar10(cache, (url,), type('Tiny', (Unpacker,), json.loads(facts))))\n"
    )
    command = [sys.executable, "-c", program, str(cache), *urls("slow"), json.dumps(tiny_cifar10.facts)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(command, **pipes) for _ in range(2)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    outputs = {process.communicate(timeout=60)[0] for process in processes}
    waiting = "Another program is downloading CIFAR-10 already; waiting for it.\n"
    assert outputs == {f"{cache}\n", f"{waiting}{cache}\n"}
    assert len(server.requests) == 1 and is_good(cache, tiny_cifar10)


def test_finished_cache_needs_no_writing(cache, urls, tiny_cifar10):
    cached_cifar10(cache, urls("good"), tiny_cifar10)
    next(cache.glob("*.lock")).unlink(missing_ok=True)
    before = {p: p.stat().st_mtime_ns for p in cache.rglob("*")}
    time.sleep(0.01)
    assert cached_cifar10(cache, urls("refused"), tiny_cifar10) == cache
    assert {p: p.stat().st_mtime_ns for p in cache.rglob("*")} == before


@pytest.mark.parametrize("fault", [*REDIRECTS, "no-number", "negative", "huge", "endless", "drips"])
def test_a_malformed_or_crawling_source_gives_way_to_the_next(fault, cache, urls, server, tiny_cifar10, monkeypatch):
    monkeypatch.setattr(download, "ARCHIVE", len(server.archive))
    began = time.monotonic()
    assert cached_cifar10(cache, urls(fault, "good"), tiny_cifar10) == cache
    assert is_good(cache, tiny_cifar10) and time.monotonic() - began < 5


def test_no_more_is_written_than_the_archive_has(cache, urls, server, tiny_cifar10, monkeypatch):
    monkeypatch.setattr(download, "ARCHIVE", len(server.archive))
    with pytest.warns(UserWarning, match="it sends more bytes than the archive has"):
        assert cached_cifar10(cache, urls("endless"), tiny_cifar10) is None
    assert sum(p.stat().st_size for p in cache.glob("*.part")) <= len(server.archive)


def test_the_last_source_is_given_up_too_when_it_crawls(cache, urls, server, tiny_cifar10):
    began = time.monotonic()
    with pytest.warns(UserWarning, match="slow, 0 kB a second"):
        assert cached_cifar10(cache, urls("drips"), tiny_cifar10) is None
    assert time.monotonic() - began < 5


@pytest.mark.filterwarnings("ignore:CIFAR-10 cannot be downloaded")
def test_who_waited_for_a_download_that_failed_does_not_try_again(cache, urls, server, tiny_cifar10):
    cache.mkdir()
    with filelock.FileLock(cache / "cifar-10.lock"), warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        waiting = [threading.Thread(target=cached_cifar10, args=(cache, urls("good"), tiny_cifar10)) for _ in range(2)]
        for thread in waiting:
            thread.start()
        time.sleep(0.3)
        (cache / "cifar-10.failed").write_text("127.0.0.1: wrong checksum")
    for thread in waiting:
        thread.join()
    assert server.requests == [] and not (cache / tiny_cifar10.base_folder).exists()
    assert cached_cifar10(cache, urls("good"), tiny_cifar10) == cache, "the next one tries again"
