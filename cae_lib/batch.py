"""Many runs of one notebook, on this machine's cores or on an existing Dask cluster."""

import asyncio
import os
import sys
import uuid
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from cae_lib import runner
from cae_lib.batch_run import LOST, Job, run_one, save, settle_here
from cae_lib.batch_store import Batch, BatchError, Lease, Store, holds

PATIENCE = 30  # seconds to wait for the scheduler and for its first worker


@contextmanager
def cluster(store: Store, owner: str, workers: int, scheduler: str, source: str):
    """A Dask client: of an existing cluster, whose workers must see the same store and images, or of a local one."""
    from distributed import Client, LocalCluster

    if not scheduler:
        with (
            LocalCluster(workers, threads_per_worker=1, processes=not store.in_memory, dashboard_address=":0",
                         memory_limit=0, silence_logs=50) as local,
            Client(local) as client,
        ):  # fmt: skip
            yield client
        return
    if store.in_memory:
        raise runner.UsageError("memory:// is within one process, out of reach of --scheduler: choose another --out.")
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
            seen = client.run(prepare, store.address, owner, source)
        except Exception as error:  # of any kind, such as a kit that is missing there
            raise BatchError(f"A worker at {scheduler} cannot take part: {error}") from None
        for address, found in seen.items():
            if found != source:
                raise BatchError(f"The worker {address} {found}; this batch is in {store.address}, on {source}.")
        yield client


def prepare(address: str, owner: str, source: str) -> str:
    """On a worker of an existing cluster: the source of its images, or in which way it does not fit."""
    if not holds(Store(address), owner):
        return "does not see the results"
    found = settle_here(source)
    return found if found == source else f"has the data {found}"


def drive(client, jobs: list[Job], retries: int) -> Iterator[tuple[Job, dict, bool]]:
    """Keep as many runs in flight as the cluster has places; yields each try, its result, and whether there is another.

    A run in flight is the only one on its place, so that none is blamed for the loss of another's worker.
    """
    from distributed import as_completed

    waiting, running, completed = deque(jobs), {}, as_completed()

    def fill() -> None:
        while waiting and len(running) < max(1, sum(client.nthreads().values())):
            job = waiting.popleft()
            future = client.submit(run_one, job, key=f"{job.key}-{uuid.uuid4().hex}")
            running[future] = job
            completed.add(future)

    fill()
    for future in completed:
        job = running.pop(future)
        result = result_of(future, job)
        if result["status"] == "stopped":
            raise BatchError("Another batch has taken over, so this one stops: run the same command again after it.")
        # What Dask gave up because its workers were lost was tried often enough: see result_of.
        own = [failure for failure in result["failures"] if not failure.startswith(LOST)]
        again = result["status"] == "failed" and own[-1:] == result["failures"][-1:] and len(own) <= retries
        if again:
            waiting.append(replace(job, failures=tuple(result["failures"])))
        yield job, result, again
        fill()


def result_of(future, job: Job) -> dict:
    """What a future brought: a run's result, or the loss of its workers as one."""
    from distributed import KilledWorker

    if future.status == "cancelled":
        raise BatchError("The Dask scheduler is gone: start it and its workers, and run the same command again.")
    error = future.exception()
    if error is None:
        return future.result()
    text = f"{LOST}, {error.allowed_failures + 1} times" if isinstance(error, KilledWorker) else repr(error)
    result = {"status": "failed", "parameters": job.parameters, "numbers": {}, "seconds": 0.0}
    result["failures"] = [*job.failures, text]
    with suppress(OSError):  # then it is missing in the store, and named here all the same
        save(Store(job.address), job, result, {})
    return result


def run(batch: Batch, store: Store, *, workers: int, scheduler: str = "", limit: float = 0, retries: int = 1) -> dict:
    """Make all runs of a batch that the store lacks; returns key -> result of those. Prints a line for each.

    workers: processes of a local cluster, or scheduler: the address of an existing one; limit: seconds a run may take,
    0 for no limit; retries: how often a run that failed is made again.
    Raises BatchError, UsageError, DataError, or OSError when nothing can be stored.
    """
    from tqdm import tqdm

    from cae_lib.data import STAND_IN

    source, results = runner.settle_data(), {}
    with Lease(store) as lease:
        batch.settle(store, source)
        missing = [key for key in batch.runs if (store.result(key) or {}).get("status") != "finished"]
        print(f"{batch.notebook} on {source}: {len(batch.runs)} runs, {len(missing)} to do, into {store.address}")
        threads = 1 if scheduler else max(1, (os.cpu_count() or 1) // workers)
        common = (store.address, lease.owner, batch.notebook, batch.text)
        data = "" if scheduler and source != STAND_IN else os.environ["CAE_DATA"]
        jobs = [Job(key, *common, batch.runs[key], source, data, threads, limit) for key in missing]
        if not jobs:
            return {}
        progress = tqdm(total=len(batch.runs), initial=len(batch.runs) - len(jobs), unit="run", disable=None)
        with progress, cluster(store, lease.owner, workers, scheduler, source) as client:
            for job, result, again in drive(client, jobs, retries):
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
    count = {status: sum(r["status"] == status for r in results.values()) for status in ("finished", "failed")}
    lines = [f"{count['finished']} finished, {count['failed']} failed"]
    for key, result in results.items():
        if result["failures"]:
            lines.append(f"  {key} {result['status']}: " + "; then ".join(result["failures"]))
    return "\n".join(lines)
