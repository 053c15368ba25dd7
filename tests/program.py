"""What tests need to run the program and to look at what it left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import psutil
import pytest

# As a user's own: a test of changed code must not depend on whether Python keeps compiled files.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
AS_OF = ("--as-of", "2026-01-01")  # so that two runs are one run, at midnight too


COMPANY = """
from typing import Annotated
from pydantic import BaseModel, Field
from gen import ForeignKey, Normal, PrimaryKey, Synthesizer, SynthesizedBy
"""
EMPLOYEE = (
    COMPANY
    + """
class Employee(BaseModel):
    id: Annotated[int, PrimaryKey()]
    age: Annotated[int, Field(ge=18, le=65)]
"""
)


def thing(field: str, before: str = "") -> str:
    """A file with one model of one field."""
    return f"{COMPANY}\n{before}\nclass Thing(BaseModel):\n    {field}\n"


DICE = """
from typing import Annotated
from pydantic import BaseModel
from gen import PrimaryKey, Synthesizer, SynthesizedBy

class Dice(Synthesizer):
    def draw(self, generator, n):
        return generator.integers(1, 7, n)

class Throw(BaseModel):
    id: Annotated[int, PrimaryKey()]
    eyes: Annotated[int, SynthesizedBy("Dice")]
"""


@dataclass(frozen=True)
class Ended:
    """How a run of the program ended."""

    code: int
    out: str
    err: str


def gen(*arguments: object, cwd: Path, timeout: float = 60) -> Ended:
    """`python -m gen` with these arguments, to its end."""
    command = [sys.executable, "-m", "gen", *map(str, arguments)]
    ended = subprocess.run(command, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, timeout=timeout)
    return Ended(ended.returncode, ended.stdout, ended.stderr)


def family(pid: int) -> list[psutil.Process]:
    """A process and everything it started, directly or not."""
    try:
        process = psutil.Process(pid)
        return [*process.children(recursive=True), process]
    except psutil.NoSuchProcess:
        return []


def wait_until(condition: Callable[[], Any], what: str, seconds: float = 30) -> Any:
    """The condition's first true value."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.005)
    raise AssertionError(f"{what}: not within {seconds} seconds")


class Forks:
    """The program, forked from a process that has imported it: a run takes a tenth of a second."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.runs = 0
        self.lock = threading.Lock()
        self.talk: dict[int, tuple[str, str]] = {}
        command = [sys.executable, str(Path(__file__).with_name("faulty.py"))]
        self.server = subprocess.Popen(
            command, env=ENVIRONMENT | environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __call__(self, *arguments: object, cwd: Path, fault: str | None = None, at: int = 0) -> Ended:
        """Run the program to its end."""
        return self.wait(self.start(*arguments, cwd=cwd, fault=fault, at=at, seconds=60))

    def start(self, *arguments: object, cwd: Path, fault: str | None = None, at: int = 0, seconds: int = 20) -> int:
        """Start the program, which may take so many seconds; returns its process id."""
        self.runs += 1
        out, err = (str(self.folder / f"{self.runs}.{end}") for end in ("out", "err"))
        request = {"start": [*map(str, arguments)], "cwd": str(cwd), "out": out, "err": err, "seconds": seconds}
        request |= {"fault": fault, "at": at}
        pid = int(self._ask(request)["pid"])
        self.talk[pid] = out, err
        return pid

    def wait(self, pid: int) -> Ended:
        """How it ended; a negative code is the signal that killed it."""
        code = self._ask({"wait": pid})["code"]
        out, err = self.talk.pop(pid)
        return Ended(code, Path(out).read_text("utf-8"), Path(err).read_text("utf-8"))

    @contextmanager
    def running(self, *arguments: object, cwd: Path) -> Iterator[int]:
        """The program, running; its process id, which is to be waited for. Nothing of it is left at the end."""
        pid = self.start(*arguments, cwd=cwd, seconds=60)
        try:
            yield pid
        finally:
            for each in family(pid):
                with suppress(psutil.NoSuchProcess):
                    each.kill()

    def _ask(self, request: dict[str, Any]) -> Any:
        assert self.server.stdin is not None
        assert self.server.stdout is not None
        with self.lock:
            self.server.stdin.write(json.dumps(request) + "\n")
            self.server.stdin.flush()
            return json.loads(self.server.stdout.readline())

    def close(self) -> None:
        assert self.server.stdin is not None
        self.server.stdin.close()
        self.server.wait(10)


def is_stopped(pid: int) -> bool:
    return psutil.Process(pid).status() == psutil.STATUS_STOPPED


def go_on(pid: int) -> None:
    os.kill(pid, signal.SIGCONT)


# -- what is there afterwards -----------------------------------------------------------------------------


def manifest(folder: Path) -> Any:
    return json.loads((folder / "_gen" / "manifest.json").read_text("utf-8"))


def checksums(folder: Path) -> dict[str, Any]:
    """Rows and checksums by table: what may not depend on how a data set was made."""
    return {name: (table["rows"], table["checksum"]) for name, table in manifest(folder)["tables"].items()}


def parts(folder: Path) -> list[Path]:
    """The files under final names."""
    return sorted(path for path in folder.rglob("part-*.parquet") if "_gen" not in path.parts)


def stamps(folder: Path) -> dict[str, tuple[int, int]]:
    """Which file lies where, and when it was written."""
    return {
        str(path.relative_to(folder)): (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def query(sql: str) -> list[tuple[Any, ...]]:
    """Rows of a query, by a reader that shares no code with the writer."""
    return reader().execute(sql).fetchall()


@lru_cache
def reader() -> duckdb.DuckDBPyConnection:
    """One for all queries: opening one takes longer than a query."""
    return duckdb.connect(config={"threads": 1})


def assert_whole(folder: Path, like: Path) -> None:
    """The folder holds what an undisturbed run left, every row once, and nothing else."""
    assert manifest(folder) == manifest(like)
    assert (folder / "_SUCCESS").exists()
    assert sorted(path.name for path in (folder / "_gen").iterdir()) == ["manifest.json", "run.json"]
    assert sorted(path.name for path in folder.iterdir()) == sorted(path.name for path in like.iterdir())
    for name, table in manifest(like)["tables"].items():
        files = sorted(path.name for path in (folder / name).iterdir())
        assert files == [f"part-{i:06d}.parquet" for i in range(table["files"])]
        counted = query(f"select count(*), count(distinct id) from read_parquet('{folder}/{name}/*.parquet')")
        assert counted == [(table["rows"], table["rows"])]


def assert_no_halves(folder: Path) -> None:
    """Every file under a final name opens and holds as many rows as its place says."""
    for path in parts(folder):
        query(f"select count(*) from read_parquet('{path}')")


@contextmanager
def small_disk(folder: Path, options: str) -> Iterator[Path]:
    """A file system of its own, in memory; skips the test where this process may not mount one."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"this process may not mount a file system: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
