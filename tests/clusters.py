"""What tests need of a Dask cluster that exists: a scheduler and workers, which are processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from program import family, wait_until


@contextmanager
def running(*arguments: str, cwd: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A module of Python as a process; nothing of it is left at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments], cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
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
