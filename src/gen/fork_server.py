"""This file knows how the process that local workers are forked from is started. It is cheap to import, and early.

Forked workers are there in milliseconds, and share what that process imported and loaded; without it each would spend
a second and a half on imports. It is forked from while it has a single thread, which makes forking safe.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import forkserver, resource_tracker

KEPT_BYTES = 2**28  # freed memory that a process keeps for its next blocks
# Dask's own default trims the heap after every free, which costs a page fault for every page of every block.
WORKER_ENVIRONMENT = {
    "MALLOC_TRIM_THRESHOLD_": str(KEPT_BYTES),
    "MALLOC_MMAP_THRESHOLD_": str(KEPT_BYTES),
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


def start() -> None:
    """Start the process; it imports and loads while this one goes on. Does nothing where it runs already."""
    before = {name: os.environ.get(name) for name in WORKER_ENVIRONMENT}
    os.environ.update(WORKER_ENVIRONMENT)  # read by the C library when a process starts
    # Ctrl-C reaches every process of a terminal. It is for the driver, which then stops its workers in good order;
    # the fork server, and all that are forked from it, inherit that they do not hear it.
    resource_tracker.ensure_running()  # which would unblock the signal again
    heard = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        multiprocessing.set_forkserver_preload(["distributed", "gen.worker"])
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, heard)
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def cores() -> int:
    """The cores that this process may use: as many workers there are, unless another number is asked for."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


_hiding = threading.Lock()
_runs = 0  # that want __main__ unseen at this moment
_kept: dict[str, object] = {}  # what it is without meanwhile


@contextmanager
def main_unseen() -> Iterator[None]:
    """Processes started meanwhile do not run the user's script again; what they need of it travels in the job.

    Otherwise every script would need `if __name__ == "__main__":` around its calls, and would be run by each worker.
    """
    global _runs
    main = sys.modules["__main__"]
    with _hiding:
        if not _runs:
            _kept.update({name: vars(main)[name] for name in ("__file__", "__spec__") if name in vars(main)})
            vars(main).pop("__file__", None)
            main.__spec__ = None
        _runs += 1
    try:
        yield
    finally:
        with _hiding:
            _runs -= 1
            if not _runs:
                vars(main).update(_kept)
                _kept.clear()
