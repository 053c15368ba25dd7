"""What tests need of a Dask cluster that exists: a scheduler and workers, which are processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from program import family, wait_until

# An idle scheduler or worker looks around fifty times a second: a fifth of a core, of six of them.
QUIET = {
    "DASK_DISTRIBUTED__ADMIN__TICK__INTERVAL": "1s",
    "DASK_DISTRIBUTED__ADMIN__SYSTEM_MONITOR__INTERVAL": "10s",
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
}


@contextmanager
def running(*arguments: str, cwd: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A module of Python as a process; nothing of it is left at the end."""
    nothing = subprocess.DEVNULL
    command, environment = [sys.executable, "-m", *arguments], {**os.environ, **QUIET}
    process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=nothing, stderr=nothing)
    try:
        yield process
    finally:
        ours = family(process.pid)
        for each in ours:
            each.terminate()
        for each in psutil.wait_procs(ours, timeout=5)[1]:
            each.kill()
        process.wait(5)


def announced(file: Path) -> str | None:
    """The address that a scheduler has written, if it has to its end."""
    try:
        return str(json.loads(file.read_text("utf-8"))["address"])
    except (FileNotFoundError, ValueError):
        return None


@contextmanager
def scheduler(folder: Path) -> Iterator[str]:
    """A scheduler on 127.0.0.1; its address."""
    folder.mkdir()
    file = folder / "scheduler.json"
    options = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file))
    with running("distributed.cli.dask_scheduler", *options, cwd=folder):
        yield wait_until(lambda: announced(file), "the scheduler")


@contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """A scheduler and two workers, started where no user's file is; its address, when both are there."""
    from distributed import Client

    with scheduler(folder) as address:
        options = (address, "--host", "127.0.0.1", "--nthreads", "1", "--no-dashboard", "--no-nanny")
        worker = ("distributed.cli.dask_worker", *options)
        with running(*worker, cwd=folder), running(*worker, cwd=folder):
            with Client(address, set_as_default=False) as client:
                client.wait_for_workers(2, timeout=60)
            yield address
