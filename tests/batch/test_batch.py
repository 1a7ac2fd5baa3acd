"""Batches as a whole: a grid of runs with everything that can go wrong, Ctrl-C and going on, an in-memory store."""

import json
import os
import runpy
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from functools import partial

import psutil
import pytest
from helpers.notebooks import make_notebook

from cae_lib.base.errors import UsageError
from cae_lib.batch import grid, report, store
from cae_lib.batch.lease import Lease
from cae_lib.batch.run import Job
from cae_lib.batch.store import BatchError, Store, plan
from cae_lib.cli import main
from cae_lib.data.images import STAND_IN
from cae_lib.headless import runner

PARAMETERS = """\
HERE: str = ""  # a folder that outlives the run
N: int = 0  # which run
SEED: int = 0"""

# A cell with a fault for some of the runs: a file in HERE says whether it happens, or has happened.
FAULTS = """\
import os, time
from pathlib import Path
import psutil
from cae_lib.base.records import record
def first(name):
    there = (Path(HERE) / name).exists()
    (Path(HERE) / name).touch()
    return not there
while (N, SEED) == (0, 0) and (Path(HERE) / "slow").exists():
    time.sleep(0.1)
if (N, SEED) == (1, 0) and (Path(HERE) / "killable").exists() and first("killed"):
    psutil.Process().parent().parent().kill()
    time.sleep(5)
    first("survivor")
if (N, SEED) == (2, 1) and (Path(HERE) / "deadly").exists():
    os._exit(1)
record(loss=N + SEED / 10)"""

# Loaded by every worker: a disk that is full for one run for a moment, for another one as long as a file is there.
FULL_DISK = """\
import errno, os
from pathlib import Path
from cae_lib.batch import store
from cae_lib.headless import runner
from cae_lib.base.atomic import write_atomically as real
runner.settle_data = lambda: "stand-in"
here = Path({here!r})
def write(path, content):
    moment = path.parent.name == "N=3,SEED=0" and path.name == "results.json" and not (here / "moment").exists()
    if moment or path.parent.name == "N=4,SEED=1" and (here / "full").exists():
        (here / "moment").touch()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    real(path, content)
store.write_atomically = write
"""


@pytest.fixture(autouse=True)
def stand_in(monkeypatch):
    monkeypatch.setenv("CAE_DATA", STAND_IN)
    monkeypatch.setattr(runner, "settle_data", lambda: STAND_IN)


@pytest.fixture
def here(tmp_path):
    folder = tmp_path / "here"
    folder.mkdir()
    return folder


@contextmanager
def cluster_of_processes(folder, preload):
    """A scheduler and two workers, started as three processes; the address of the scheduler."""
    processes, note = [], folder / "scheduler.json"

    def start(*argv):
        command = [sys.executable, "-m", "dask", *argv, "--scheduler-file", str(note)]
        processes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder))

    try:
        start("scheduler", "--port", "0", "--no-dashboard")
        for _ in range(2):
            start("worker", "--nthreads", "1", "--no-dashboard", "--preload", str(preload))
        while not note.exists():
            assert processes[0].poll() is None
            time.sleep(0.1)
        yield json.loads(note.read_text())["address"]
    finally:
        for process in reversed(processes):  # a worker that is just starting again would not hear SIGTERM
            children = psutil.Process(process.pid).children(recursive=True)
            for each in (process, *children):
                with suppress(psutil.NoSuchProcess):
                    each.kill()
            process.wait()


@contextmanager
def places(separate, folder, preload):
    """Two places for runs, here or in processes of their own: what to tell `cae batch` about them."""
    if separate:
        with cluster_of_processes(folder, preload) as address:
            yield ["--scheduler", address]
    else:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(store, "write_atomically", store.write_atomically)  # what the preload changes
            runpy.run_path(str(preload))
            yield ["--workers", "2"]


@pytest.mark.skipif(os.name == "nt", reason="kills processes")
@pytest.mark.parametrize(
    ("separate", "numbers"),
    [(False, range(5)), pytest.param(True, range(12), marks=pytest.mark.slow)],
    ids=["here", "on a cluster"],
)
def test_a_grid_survives_everything(tmp_path, here, separate, numbers, capfd):
    """Two workers; one of them killed, a kernel dead, a time limit, a full disk twice, a rival batch."""
    notebook, out = make_notebook(tmp_path, "faults", FAULTS, parameters=PARAMETERS), tmp_path / "out"
    preload = tmp_path / "full_disk.py"
    preload.write_text(FULL_DISK.format(here=str(here)))
    # Here, runs wait in threads of the batch itself; only a cluster has workers that can be lost.
    for fault in ("slow", "deadly", "full", *(["killable"] if separate else [])):
        (here / fault).touch()
    refused, count = [], 2 * len(numbers)

    def rival():
        while not (out / "lease.json").exists():
            time.sleep(0.1)
        try:
            grid.run(plan(notebook, {"HERE": str(here)}, {"N": ["0"], "SEED": ["0"]}), Store(out), workers=1)
        except BatchError as error:
            refused.append(str(error))

    def command(which, *options):
        grid = ["-g", f"N={','.join(map(str, which))}", "--seeds", "2", "-p", f"HERE={here}"]
        code = main.main(["batch", str(notebook), *grid, "--out", str(out), *options])
        said = capfd.readouterr().out
        return code, said, {line.split()[0]: line for line in said.splitlines() if line.startswith("  ")}

    with places(separate, tmp_path, preload) as options:
        code, _, named = command([0], "--time-limit", "6", "--retries", "0", *options)
        assert code == 1 and named["N=0,SEED=0"].endswith("failed: stopped at its time limit of 6 s")

        (here / "slow").unlink()
        thread = threading.Thread(target=rival)
        thread.start()
        code, said, named = command(numbers, *options)
        thread.join()
        assert code == 1 and f"{count} runs, " in said and " 2 failed\n" in said
        if separate:
            assert "finished: its worker was lost" in named["N=1,SEED=0"] and not (here / "survivor").exists()
        assert named["N=2,SEED=1"].count("the kernel died") == 2 and "failed" in named["N=2,SEED=1"]
        assert named["N=4,SEED=1"].count("No space left on device") == 2 and "failed" in named["N=4,SEED=1"]
        assert (here / "moment").exists()
        assert len(refused) == 1 and "Another batch has been writing" in refused[0]

        (here / "deadly").unlink()
        (here / "full").unlink()
        code, said, named = command(numbers, *options)
        assert code == 0 and f"{count} runs, 2 to do" in said and "2 finished, 0 failed" in said and named == {}

    rows = report.rows_of(Store(out))
    assert len({row["run"] for row in rows}) == len(rows) == count
    assert {row["status"] for row in rows} == {"finished"}
    assert [row["loss"] for row in rows] == [n + seed / 10 for n in numbers for seed in range(2)]
    assert all((out / "runs" / row["run"] / "faults.ipynb").exists() for row in rows)
    assert not (out / "lease.json").exists()


def test_a_run_that_kills_its_workers_is_named_and_stops_nothing(tmp_path, here, capfd, monkeypatch):
    kill = "import psutil, time\nif N == 1:\n    psutil.Process().parent().parent().kill()\n    time.sleep(60)"
    planned = plan(make_notebook(tmp_path, "killer", kill, parameters=PARAMETERS), {}, {"N": ["0", "1"]})
    preload = tmp_path / "nothing.py"
    preload.write_text("from cae_lib.headless import runner\nrunner.settle_data = lambda: 'stand-in'")
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "0")
    with cluster_of_processes(tmp_path, preload) as address:
        results = grid.run(planned, Store(tmp_path / "out"), workers=1, scheduler=address)
    assert results["N=0"]["status"] == "finished"
    assert "N=1 failed: its worker was lost, 1 times" in grid.summary(results)
    assert Store(tmp_path / "out").result("N=1")["status"] == "failed"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the sockets of other processes")
def test_a_batch_here_opens_no_port_and_runs_as_many_as_it_is_told(tmp_path, here):
    """Only the kernels listen, on loopback and with a key of their own; three runs overlap on however many cores."""
    notebook, out = make_notebook(tmp_path, "waiting", WAITING, parameters=PARAMETERS), tmp_path / "out"
    (here / "wait").touch()
    planned = plan(notebook, {"HERE": str(here)}, {"N": ["1", "2", "3"]})
    before = {c.laddr for c in psutil.Process().net_connections() if c.status == psutil.CONN_LISTEN}
    thread = threading.Thread(target=grid.run, args=(planned, Store(out)), kwargs={"workers": 3})
    thread.start()
    while not all((here / f"pid{n}").exists() for n in (1, 2, 3)):  # waits for ever if fewer run at a time
        assert thread.is_alive()
        time.sleep(0.1)
    kernels = {int((here / f"pid{n}").read_text()) for n in (1, 2, 3)}
    family = [psutil.Process(), *psutil.Process().children(recursive=True)]
    sockets = [(p.pid, c) for p in family for c in p.net_connections() if c.status == psutil.CONN_LISTEN]
    listening = [(pid, c.laddr.ip) for pid, c in sockets if c.laddr not in before]
    (here / "wait").unlink()
    thread.join()
    assert {pid for pid, _ in listening} <= kernels and {ip for _, ip in listening} <= {"127.0.0.1"}


WAITING = """\
import os, time
from pathlib import Path
here = Path(HERE)
(here / f"pid{N}").write_text(str(os.getpid()))
while N > 0 and (here / "wait").exists():
    time.sleep(0.1)"""


@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT")
def test_stopping_and_going_on(tmp_path, here):
    """Ctrl-C ends all runs and frees the folder; the same command makes what is missing."""
    notebook, out = make_notebook(tmp_path, "waiting", WAITING, parameters=PARAMETERS), tmp_path / "out"
    command = [sys.executable, "-m", "cae_lib.cli", "batch", notebook, "-g", "N=0,1,2", "-p", f"HERE={here}"]
    command += ["--out", out, "--workers", "2"]
    # In the background of a shell, the interrupt is ignored, also by all children.
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    options = dict(text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=heard)
    (here / "wait").touch()
    process = subprocess.Popen(command, **options)
    while not all((here / f"pid{n}").exists() for n in range(3)):
        assert process.poll() is None
        time.sleep(0.1)
    first = Store(out).result("N=0")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130 and errors.rstrip().endswith("stopped; run the same command again to go on")
    for n in (1, 2):
        while psutil.pid_exists(int((here / f"pid{n}").read_text())):
            time.sleep(0.1)
    assert first["status"] == "finished" and not (out / "lease.json").exists()
    (here / "wait").unlink()
    again = subprocess.run(command, **options, timeout=300)
    assert again.returncode == 0 and "3 runs, 2 to do" in again.stdout and "2 finished, 0 failed" in again.stdout
    assert Store(out).result("N=0") == first
    assert [row["status"] for row in report.rows_of(Store(out))] == ["finished"] * 3


def test_a_store_in_memory(tmp_path):
    notebook = make_notebook(
        tmp_path, "small", "from cae_lib.base.records import record\nrecord(loss=N)", parameters=PARAMETERS
    )
    store = Store("memory://a-batch")
    results = grid.run(plan(notebook, {}, {"N": ["3", "4"]}), store, workers=2)
    assert [results[key]["numbers"] for key in sorted(results)] == [{"loss": 3}, {"loss": 4}]
    assert b"Python 3" in store.read("runs/N=3/small.ipynb") and store.read("runs/N=3/log.txt") is not None
    with pytest.raises(UsageError, match="memory:// is within one process"):
        grid.run(plan(notebook, {}, {"N": ["5"]}), store, workers=1, scheduler="tcp://127.0.0.1:1")


def test_a_worker_elsewhere_must_see_the_same(tmp_path):
    store = Store(tmp_path)
    with Lease(store) as lease:
        assert grid.prepare(store.address, lease.owner, STAND_IN) == STAND_IN
        assert "has the data stand-in" in grid.prepare(store.address, lease.owner, "CIFAR-10")
        assert "does not see" in grid.prepare(str(tmp_path / "other"), lease.owner, STAND_IN)


def test_no_scheduler_there(tmp_path, monkeypatch, capsys):
    notebook = make_notebook(tmp_path, "small", parameters=PARAMETERS)
    argv = ["batch", str(notebook), "--seeds", "2", "--out", str(tmp_path / "out"), "--scheduler", "tcp://127.0.0.1:1"]
    monkeypatch.setattr(grid, "PATIENCE", 1)
    assert main.main(argv) == 1
    assert "cae: No Dask scheduler with workers at tcp://127.0.0.1:1" in capsys.readouterr().err


def test_a_worker_that_cannot_begin_is_named(tmp_path, here, monkeypatch):
    """As where the kit is missing: here, the images are."""
    from distributed import LocalCluster

    def nothing_there():
        raise OSError("no images")

    planned = plan(make_notebook(tmp_path, "small", parameters=PARAMETERS), {}, {"N": ["0", "1"]})
    with LocalCluster(1, processes=False, dashboard_address=":0") as there:
        monkeypatch.setattr(grid, "settle_here", lambda source: nothing_there())
        with pytest.raises(BatchError, match="cannot take part: no images"):
            grid.run(planned, Store(tmp_path / "out"), workers=1, scheduler=there.scheduler_address)


def test_a_worker_that_came_late_must_see_the_same_images(tmp_path):
    from cae_lib.batch.run import run_one

    store, text = Store(tmp_path / "out"), make_notebook(tmp_path, "small").read_text()
    with Lease(store) as lease:
        job = Job("N=0", store.address, lease.owner, "small", text, "", {}, "CIFAR-10", "", 1, 0)
        assert run_one(job)["failures"] == ["its worker has the data stand-in"]


def test_a_run_whose_batch_is_over_is_not_stored(tmp_path):
    """As when the folder was taken over: the next batch makes this run, and nothing is counted twice."""
    from cae_lib.batch.run import run_one

    store, text = Store(tmp_path / "out"), make_notebook(tmp_path, "small", "import time; time.sleep(60)").read_text()
    job = Job("N=0", store.address, "nobody", "small", text, "", {}, STAND_IN, STAND_IN, 1, 0)
    assert run_one(job)["status"] == "stopped" and store.result("N=0") is None
    store.write_json("runs/N=0/results.json", {"status": "finished", "numbers": {"loss": 1}, "failures": []})
    assert run_one(job)["numbers"] == {"loss": 1}


def test_a_batch_sees_the_files_beside_its_notebook(tmp_path, here):
    """As `cae run` does; what a run writes there stays its own."""
    (tmp_path / "helper_mod.py").write_text("def number():\n    return 42\n")
    (tmp_path / "data.txt").write_text("some text")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "inside.txt").write_text("deep")
    cell = """
from helper_mod import number
from cae_lib.base.records import record
from pathlib import Path
Path("written.txt").write_text(str(N))
record(number=number(), letters=len(open("data.txt").read()) + len(open("folder/inside.txt").read()))"""
    notebook = make_notebook(tmp_path, "own", cell, parameters=PARAMETERS)
    results = grid.run(plan(notebook, {}, {"N": ["1", "2"]}), Store(tmp_path / "out"), workers=2)
    assert [r["numbers"] for r in results.values()] == [{"number": 42, "letters": 13}] * 2, grid.summary(results)
    assert not (tmp_path / "written.txt").exists()


def test_runs_do_not_write_through_to_the_users_files(tmp_path, here):
    (tmp_path / "best.pt").write_text("the user's")
    cell = "from pathlib import Path\nassert Path('best.pt').read_text()\nPath('best.pt').write_text(str(N))"
    notebook = make_notebook(tmp_path, "own", cell, parameters=PARAMETERS)
    results = grid.run(plan(notebook, {}, {"N": ["1", "2"]}), Store(tmp_path / "out"), workers=2)
    assert {r["status"] for r in results.values()} == {"finished"}, grid.summary(results)
    assert (tmp_path / "best.pt").read_text() == "the user's"


def test_a_run_that_ends_itself_has_a_status_of_its_own_and_runs_again(tmp_path, here):
    cell = "import sys\nif N == 1:\n    sys.exit()"
    notebook = make_notebook(tmp_path, "own", cell, "print('the end')", parameters=PARAMETERS)
    planned, store = plan(notebook, {}, {"N": ["0", "1"]}), Store(tmp_path / "out")
    results = grid.run(planned, store, workers=2)
    assert {key: r["status"] for key, r in results.items()} == {"N=0": "finished", "N=1": "left early"}
    assert grid.summary(results).startswith("1 finished, 0 failed, 1 left early")
    assert "ended by cell In [3]" in grid.summary(results)
    assert list(grid.run(planned, store, workers=2)) == ["N=1"]
