"""One run of a batch, on a worker: the notebook in a process of its own, its result in the store.

    Dask worker                                    process of the run
    run_one: start, time limit, result    ──>      main: the notebook, with papermill
             holds the pipe to its standard input  ends with its kernel when that pipe closes

Whatever happens to the worker, be it the end of the batch or kill -9, the pipe closes, and nothing computes on unseen.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

from cae_lib import __version__
from cae_lib.base.atomic import write_json
from cae_lib.base.records import collect
from cae_lib.batch.lease import holds
from cae_lib.batch.store import LEFT, BatchError, Store
from cae_lib.headless import runner

LOOK = 5  # seconds between two looks at whether the batch still goes on
PAUSES = (5, 15, 0)  # seconds before a result that could not be stored is stored again
LOST = "its worker was lost"
SCRATCH = "cae-run-"  # how the folders of runs begin, before the process that made them
SMALL = 10**6  # bytes
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True)
class Job:
    """What a worker needs for one run.

    home: the folder of the notebook, whose files it finds beside it, "" on a cluster, to which they do not travel;
    source: of the images; data: the CAE_DATA of the run, "" for the worker's own; limit: seconds, 0 for none;
    failures: why earlier tries failed.
    """

    key: str
    address: str
    owner: str
    notebook: str
    text: str
    home: str
    parameters: dict
    source: str
    data: str
    threads: int
    limit: float
    failures: tuple[str, ...] = ()


def run_one(job: Job) -> dict:
    """Make one run on a worker and store what comes of it; returns the content of its results.json.

    status: "finished", "failed", LEFT when the notebook ended itself before its last cell, or "stopped" (not stored)
    when the batch no longer holds the store.
    failures: the error of each try that failed, this one included; seconds: wall time of this try.
    """
    store, began = Store(job.address), time.perf_counter()
    done = store.result(job.key)
    if done and done["status"] == "finished":  # its worker was lost just after storing it
        return done
    result = {"status": "failed", "parameters": job.parameters, "numbers": {}, "failures": [*job.failures]}
    try:
        result["failures"] += [LOST] * count_start(store, job)
        sweep_scratch()
        with TemporaryDirectory(prefix=f"{SCRATCH}{os.getpid()}-", ignore_cleanup_errors=True) as scratch:
            folder = Path(scratch)
            error, left = execute(job, folder, store)
            executed = folder / "out" / f"{job.notebook}.ipynb"
            if error is None:
                return result | {"status": "stopped"}
            if left:
                result["status"] = LEFT
            if not error:
                try:
                    result["numbers"], result["status"] = collect(executed, job.parameters), "finished"
                except ValueError as problem:
                    error = str(problem)
            result["failures"] += [error] if error else []
            result["seconds"] = time.perf_counter() - began
            files = {path.name: path.read_bytes() for path in (executed, folder / "log.txt") if path.exists()}
            save(store, job, result, files)
    except OSError as problem:
        result |= {"status": "failed", "failures": [*result["failures"], f"not stored: {problem.strerror or problem}"]}
    except Exception as problem:  # raised here, it might never reach the batch: some cannot travel
        result |= {"status": "failed", "failures": [*result["failures"], repr(problem)]}
    return result


def count_start(store: Store, job: Job) -> int:
    """Note in the store that a run starts; returns how many workers were lost with it before.

    Also shows a full disk before the work rather than after it.
    """
    name = f"runs/{job.key}/started.json"
    before = {}
    with suppress(BatchError):  # an unreadable note is none
        before = store.read_json(name) or {}
    starts = before["starts"] if before.get("owner") == job.owner else 0
    store.write_json(name, {"owner": job.owner, "starts": starts + 1, "time": time.time()})
    return max(0, starts - len(job.failures))


def settle_here(source: str) -> str:
    """The source of the images on this worker: the stand-in is everywhere, CIFAR-10 where CAE_DATA says."""
    from cae_lib.data.images import STAND_IN

    return STAND_IN if source == STAND_IN else runner.settle_data()


def sweep_scratch() -> None:
    """Remove the folders of runs whose process was killed on this machine."""
    import psutil

    for folder in Path(gettempdir()).glob(f"{SCRATCH}*"):
        number = folder.name.removeprefix(SCRATCH).partition("-")[0]
        if number.isdecimal() and not psutil.pid_exists(int(number)):
            shutil.rmtree(folder, ignore_errors=True)


def beside(job: Job, folder: Path) -> Path:
    """Where the run takes place: a folder in which lies what lies beside the notebook, for it to import and to read.

    What a run writes stays in its folder: small files are copies, and only large ones and folders are links. Where
    there are no links, the notebook's own folder.
    """
    place = folder / "here"
    place.mkdir()
    try:
        for file in Path(job.home).iterdir() if job.home else ():
            if file.suffix == ".ipynb" or file.name.startswith("."):
                continue
            if file.is_file() and file.stat().st_size <= SMALL:
                shutil.copy(file, place)
            else:
                (place / file.name).symlink_to(file.resolve(), target_is_directory=file.is_dir())
    except OSError:  # Windows asks for a right to make links
        return Path(job.home)
    return place


def execute(job: Job, folder: Path, store: Store) -> tuple[str | None, bool]:
    """Run the notebook in a process of its own; returns its error and whether it ended itself early.

    The error is "" if there is none, None if the batch is over.
    """
    # A worker of an existing cluster may have joined, or have been started again, after the batch looked at all.
    if not job.data and (found := settle_here(job.source)) != job.source:
        return f"its worker has the data {found}", False
    (folder / f"{job.notebook}.ipynb").write_text(job.text, encoding="utf-8")
    (folder / "job.json").write_text(json.dumps(asdict(job)))
    (folder / "out").mkdir()
    # In the full profile, notebooks keep trainings in CAE_RUNS: two runs must not share them.
    environment = os.environ | dict.fromkeys(THREADS, str(job.threads)) | {"CAE_RUNS": str(folder / "runs")}
    environment |= {"CAE_DATA": job.data} if job.data else {}
    with open(folder / "log.txt", "wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "cae_lib.batch.run", str(folder)],
            stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT, env=environment,
            start_new_session=True,  # Ctrl-C is for the batch, which ends its runs in order
        )  # fmt: skip
        deadline = time.monotonic() + (job.limit or float("inf"))
        try:
            while process.poll() is None:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(max(0.0, min(LOOK, deadline - time.monotonic())))
                    break
                if time.monotonic() >= deadline:
                    return f"stopped at its time limit of {job.limit:g} s", False
                with suppress(OSError):  # a store out of reach for a moment says nothing about the batch
                    if not holds(store, job.owner):
                        return None, False
        finally:
            process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    if (folder / "outcome.json").exists():
        outcome = json.loads((folder / "outcome.json").read_text())
        error = outcome["error"].rstrip(".")
        if not job.home and re.search(r"(ModuleNotFound|FileNotFound)Error", error):
            error += " (files beside the notebook do not travel to a cluster)"
        return error, outcome["left"]
    last = (folder / "log.txt").read_text(errors="replace").strip().rpartition("\n")[2]
    return f"its process ended with code {process.returncode}: {last}", False


def save(store: Store, job: Job, result: dict, files: dict[str, bytes]) -> None:
    """Store a run, results.json last. Waits a little for a full disk; raises OSError in the end."""
    result |= {"data": job.source, "version": __version__}
    for pause in PAUSES:
        try:
            for name, content in files.items():
                store.write(f"runs/{job.key}/{name}", content)
            return store.write_json(f"runs/{job.key}/results.json", result)
        except OSError:
            if not pause:
                raise
            time.sleep(pause)


def main(folder: Path) -> None:
    """The process of a run: execute the notebook in `folder`, and note the outcome there."""
    threading.Thread(target=end_with_pipe, args=(folder, os.getppid()), daemon=True).start()
    job = Job(**json.loads((folder / "job.json").read_text()))
    notebook = folder / f"{job.notebook}.ipynb"
    where = beside(job, folder)
    outcome = runner.run_notebook(notebook, folder / "out", job.parameters, job.source, page=False, cwd=where)
    write_json(folder / "outcome.json", asdict(outcome))


def end_with_pipe(folder: Path, worker: int) -> None:
    """Wait until standard input closes; then end the kernel and this process, and clean up after a lost worker."""
    import psutil

    os.read(0, 1)
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            process.kill()
    if os.getppid() != worker or not psutil.pid_exists(worker):
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
