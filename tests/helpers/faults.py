"""The end of a process in the middle of its writes."""

import itertools
from contextlib import contextmanager

import pytest


class Killed(BaseException):
    """Stands for the end of the process: nothing in the library may catch it."""


@contextmanager
def killed_before_write(number: int):
    """The process ends before its write of this number, counted from 0: later than that nothing is written."""
    from cae_lib.base import atomic, weights

    real, count = atomic.write_atomically, itertools.count()

    def write_or_die(path, content):
        if next(count) == number:
            raise Killed
        real(path, content)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        patch.setattr(weights, "write_atomically", write_or_die)
        patch.setattr(atomic, "write_atomically", write_or_die)
        yield
