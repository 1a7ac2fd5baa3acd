"""Many runs of one notebook, on this machine's cores or on an existing Dask cluster."""

import asyncio
import os
import sys
from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import replace

from cae_lib.base.errors import UsageError
from cae_lib.batch.lease import Lease, holds
from cae_lib.batch.run import LOST, Job, run_one, save, settle_here
from cae_lib.batch.store import LEFT, Batch, BatchError, Store
from cae_lib.headless import runner

PATIENCE = 30  # seconds to wait for the scheduler and for its first worker


@contextmanager
def places(store: Store, lease: Lease, workers: int, scheduler: str, source: str):
    """Where runs are made: an executor, and a function that tells how many runs it takes at a time.

    Here, that is one thread a run, which waits for the run's own process: no port is opened that others on this
    machine could reach. Elsewhere, it is an existing Dask cluster, whose workers must see the same store and images.
    """
    if not scheduler:
        with ThreadPoolExecutor(workers) as pool:
            try:
                yield pool, lambda: workers
            finally:
                lease.end()  # runs still in flight see that the batch is over, and stop
        return
    try:
        from distributed import Client
    except ImportError:
        raise BatchError("--scheduler needs Dask: `pip install distributed`, then try again.") from None
    if store.in_memory:
        raise UsageError("memory:// is within one process, out of reach of --scheduler: choose another --out.")
    nobody = f"No Dask scheduler with workers at {scheduler}; start them with `dask scheduler` and `dask worker`"
    try:
        client = Client(scheduler, timeout=PATIENCE)
    except (OSError, ValueError) as error:
        raise BatchError(f"{nobody} ({error}).") from None
    with client:
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except asyncio.TimeoutError as error:
            raise BatchError(f"{nobody} ({error}).") from None
        try:
            seen = client.run(prepare, store.address, lease.owner, source)
        except Exception as error:  # of any kind, such as a kit that is missing there
            raise BatchError(f"A worker at {scheduler} cannot take part: {error}") from None
        for address, found in seen.items():
            if found != source:
                raise BatchError(f"The worker {address} {found}; this batch is in {store.address}, on {source}.")
        yield client.get_executor(pure=False), lambda: max(1, sum(client.nthreads().values()))


def prepare(address: str, owner: str, source: str) -> str:
    """On a worker of an existing cluster: the source of its images, or in which way it does not fit."""
    if not holds(Store(address), owner):
        return "does not see the results"
    found = settle_here(source)
    return found if found == source else f"has the data {found}"


def drive(executor: Executor, count: Callable[[], int], jobs: list[Job], retries: int):
    """Keep `count()` runs in flight; yields each try, its result, and whether there is another.

    A run in flight is the only one on its place, so that none is blamed for the loss of another's worker.
    """
    waiting, running = deque(jobs), {}
    while waiting or running:
        while waiting and len(running) < count():
            job = waiting.popleft()
            running[executor.submit(run_one, job)] = job
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            job = running.pop(future)
            result = result_of(future, job)
            if result["status"] == "stopped":
                raise BatchError("Another batch has taken over, so this one stops: run the same command after it.")
            # What Dask gave up because its workers were lost was tried often enough: see result_of.
            own = [failure for failure in result["failures"] if not failure.startswith(LOST)]
            again = result["status"] == "failed" and own[-1:] == result["failures"][-1:] and len(own) <= retries
            if again:
                waiting.append(replace(job, failures=tuple(result["failures"])))
            yield job, result, again


def result_of(future: Future, job: Job) -> dict:
    """What a future brought: a run's result, or the loss of its workers as one."""
    if future.cancelled():
        raise BatchError("The Dask scheduler is gone: start it and its workers, and run the same command again.")
    error = future.exception()
    if error is None:
        return future.result()
    # Only a cluster loses workers; its library is loaded only where it is used.
    allowed = getattr(error, "allowed_failures", None)
    text = repr(error) if allowed is None else f"{LOST}, {allowed + 1} times"
    result = {"status": "failed", "parameters": job.parameters, "numbers": {}, "seconds": 0.0}
    result["failures"] = [*job.failures, text]
    with suppress(OSError):  # then it is missing in the store, and named here all the same
        save(Store(job.address), job, result, {})
    return result


def run(batch: Batch, store: Store, *, workers: int, scheduler: str = "", limit: float = 0, retries: int = 1) -> dict:
    """Make all runs of a batch that the store lacks; returns key -> result of those. Prints a line for each.

    workers: runs at the same time on this machine, or scheduler: the address of an existing one; limit: seconds a run
    may take, 0 for no limit; retries: how often a run that failed is made again.
    Raises BatchError, UsageError, DataError, or OSError when nothing can be stored.
    """
    from tqdm import tqdm

    from cae_lib.data.images import STAND_IN

    source, results = runner.settle_data(), {}
    with Lease(store) as lease:
        batch.settle(store, source)
        missing = [key for key in batch.runs if (store.result(key) or {}).get("status") != "finished"]
        print(f"{batch.notebook} on {source}: {len(batch.runs)} runs, {len(missing)} to do, into {store.address}")
        threads = int(os.environ.get("OMP_NUM_THREADS") or 1)  # several trainings at once run best with one each
        common = (store.address, lease.owner, batch.notebook, batch.text, "" if scheduler else batch.home)
        data = "" if scheduler and source != STAND_IN else os.environ["CAE_DATA"]
        jobs = [Job(key, *common, batch.runs[key], source, data, threads, limit) for key in missing]
        if not jobs:
            return {}
        progress = tqdm(total=len(batch.runs), initial=len(batch.runs) - len(jobs), unit="run", disable=None)
        with progress, places(store, lease, workers, scheduler, source) as (executor, count):
            for job, result, again in drive(executor, count, jobs, retries):
                if not again:
                    results[job.key] = result
                    progress.update()
                    progress.set_postfix(failed=sum(r["status"] == "failed" for r in results.values()))
                head = f"[{len(batch.runs) - len(jobs) + len(results)}/{len(batch.runs)}] {job.key}"
                progress.write(f"{head}: {line(result)}{', tried again' if again else ''}", file=sys.stdout)
    return results


def line(result: dict) -> str:
    """A result in a few words."""
    if result["status"] != "finished":
        return f"{result['status']}: {'; '.join(result['failures'][-1:])}"
    numbers = [f"{n} {v:.5g}" if isinstance(v, float) else f"{n} {v}" for n, v in result["numbers"].items()]
    return ", ".join([f"{result['seconds']:.0f} s", *numbers])


def summary(results: dict[str, dict]) -> str:
    """How many runs finished and failed, and everything that went wrong on the way, run by run."""
    count = {status: sum(r["status"] == status for r in results.values()) for status in ("finished", "failed", LEFT)}
    lines = [f"{count['finished']} finished, {count['failed']} failed"]
    lines[0] += f", {count[LEFT]} {LEFT}" if count[LEFT] else ""
    for key, result in results.items():
        if result["failures"]:
            lines.append(f"  {key} {result['status']}: " + "; then ".join(result["failures"]))
    return "\n".join(lines)
