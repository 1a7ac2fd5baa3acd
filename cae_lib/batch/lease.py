"""Who may write to the folder of a batch: one batch at a time, as long as it gives signs of life."""

import os
import socket
import threading
import time
import uuid

from cae_lib.batch.store import BatchError, Store

BEAT = 10  # seconds between two signs of life
DEAD = 60  # seconds without one, after which a batch counts as gone


class Lease:
    """The right to write to a store, kept by signs of life: `with Lease(store):`.

    Raises BatchError while another batch has it. One without a sign of life for a minute is taken over.
    """

    def __init__(self, store: Store):
        self.store, self.over = store, threading.Event()
        self.note = {"owner": uuid.uuid4().hex, "host": socket.gethostname(), "pid": os.getpid(), "since": time.time()}

    def __enter__(self) -> "Lease":
        there = self.store.read_json("lease.json")
        if there and time.time() - there["beat"] < DEAD and not self.died_here(there):
            since = time.strftime("%H:%M:%S", time.localtime(there["since"]))
            raise BatchError(
                f"Another batch has been writing to {self.store.address} since {since} (process {there['pid']} on "
                f"{there['host']}): wait for it, or choose another folder with --out. If it was killed, "
                f"the folder is free {DEAD} seconds later."
            )
        self.beat()
        time.sleep(0.5)  # two that start at the same moment: the later note stays
        if not holds(self.store, self.owner):
            raise BatchError(f"Another batch has just begun to write to {self.store.address}: choose another folder.")
        self.thread = threading.Thread(target=self.keep, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.end()

    def end(self) -> None:
        """Give the store free; runs that look at the lease stop. Does nothing the second time."""
        self.over.set()
        self.thread.join()
        if holds(self.store, self.owner):
            self.store.remove("lease.json")

    @property
    def owner(self) -> str:
        return self.note["owner"]

    def died_here(self, there: dict) -> bool:
        """Whether the other batch ran on this machine and its process is gone."""
        import psutil

        return there["host"] == self.note["host"] and not psutil.pid_exists(there["pid"])

    def beat(self) -> None:
        """Give a sign of life."""
        self.store.write_json("lease.json", self.note | {"beat": time.time()})

    def keep(self) -> None:
        """Give signs of life until the batch is over."""
        while not self.over.wait(BEAT):
            try:
                if holds(self.store, self.owner):
                    self.beat()
            except OSError:
                pass  # a full disk: runs that cannot be stored say so


def holds(store: Store, owner: str) -> bool:
    """Whether the store is this owner's."""
    return (store.read_json("lease.json") or {}).get("owner") == owner
