"""This file knows how work on many things is shared with a second process, forked from this one, where that is safe.

Planning is Python all the way, a millisecond a column, and a forked process has all that was imported and read. The
work must be a pure function: whatever goes wrong in the second process, this one does that half again itself, and meets
what there is to meet.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from gen.fork_server import cores

WORTH_IT = 32  # things, below which a second process gains little
Item = TypeVar("Item")
Made = TypeVar("Made")


def in_halves(work: Callable[[Sequence[Item]], Made], items: Sequence[Item]) -> list[Made]:
    """What `work` makes of all items; or, in order, of their first half and of their second.

    What it makes must be picklable for the second half to come from another process.
    """
    if len(items) < WORTH_IT or not _may_fork():
        return [work(items)]
    first, second = items[: len(items) // 2], items[len(items) // 2 :]
    try:
        process, pipe = _forked(lambda: work(second))
    except OSError:  # there is no room for another process
        return [work(items)]
    try:
        made = [work(first)]
        sent = _received(pipe)
    except BaseException:
        os.kill(process, signal.SIGKILL)  # nobody will ask
        raise
    finally:
        os.close(pipe)
        with contextlib.suppress(ChildProcessError):  # where nobody waits for processes, none is left to wait for
            os.waitpid(process, 0)
    with contextlib.suppress(Exception):  # it sent nothing, or not all, or whatever pickle has against it
        return [*made, pickle.loads(sent)]
    return [*made, work(second)]


def _may_fork() -> bool:
    """Whether a copy of this process is sure to work: one of several threads may hold a lock that nobody would free."""
    return sys.platform == "linux" and threading.active_count() == 1 and cores() > 1


def _forked(work: Callable[[], Any]) -> tuple[int, int]:
    """A process that does the work, and the end of a pipe from which what it made can be read, pickled."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of idle threads of libraries, which know how to fork
        try:
            process = os.fork()
        except OSError:
            os.close(reading)
            os.close(writing)
            raise
    if process:
        os.close(writing)
        return process, reading
    try:
        made = pickle.dumps(work(), pickle.HIGHEST_PROTOCOL)
        with open(writing, "wb") as pipe:
            pipe.write(made)
        os._exit(0)
    finally:  # without a word: the first process will say what is wrong
        os._exit(1)


def _received(pipe: int) -> bytes:
    """All that is written to a pipe until it is closed."""
    with open(pipe, "rb", closefd=False) as stream:
        return stream.read()
