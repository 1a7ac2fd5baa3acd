"""A time limit for what a student wrote."""

import ctypes
import threading
from contextlib import contextmanager


class Late(BaseException):
    """A function takes too long. No Exception, so that the function itself does not catch it."""


@contextmanager
def limited(seconds: float):
    """Raises Late in the block if it takes longer, and again if the block catches that."""
    thread, done = threading.get_ident(), threading.Event()

    def watch():
        while not done.wait(seconds):
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(Late))

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        done.set()
