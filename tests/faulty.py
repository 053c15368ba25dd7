"""The program, imported once and then forked for each request, with a fault at its n-th file operation where asked for.

Reads requests as lines of JSON on standard input, answers each with a line on standard output:

    {"start": [arguments], "cwd": folder, "out": file, "err": file, "seconds": at most,
     "fault": null | kind, "at": n}                                                        ->  {"pid": ...}
    {"wait": pid}                                                                          ->  {"code": ...}

Kinds of fault: "kill" (SIGKILL before the operation), "stop" (SIGSTOP before it), "full" (it fails with ENOSPC, as do
all that follow), "fill FILE" (FILE takes all the room there is, then it is done). Or a point of gen's own:
"NAME=ACTION", see `gen.fault_points`; of that, "at" is the count.
"""

from __future__ import annotations

import datetime
import decimal
import enum
import errno
import gc
import io
import itertools
import json
import os
import signal
import sys
import threading
import uuid
from contextlib import redirect_stdout
from importlib import import_module
from typing import Annotated, Any

from pydantic import BaseModel, Field

import gen.artefacts
import gen.cli
import gen.fault_points
import gen.preparing
from gen import Domain, Normal, PrimaryKey
from kernels import all_kernels

DIALECTS = ("mysql", "postgresql", "sqlite")
OPERATIONS = ("fsync", "replace", "link", "ftruncate", "unlink", "mkdir", "rmdir")


def install(kind: str, at: int) -> None:
    """Make the `at`-th file operation of this process fail in this way."""
    import pyarrow.parquet as pq

    hits = itertools.count(1)

    def hit() -> None:
        number = next(hits)
        if kind == "full" and number >= at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if number != at:
            return
        if kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif kind == "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        elif kind.startswith("fill "):
            fill(kind.removeprefix("fill "))

    def counted(operation: Any) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            hit()
            return operation(*arguments, **options)

        return call

    frees = ("unlink", "rmdir")  # never fail for want of room
    for name in OPERATIONS:
        if kind != "full" or name not in frees:
            setattr(os, name, counted(getattr(os, name)))
    pq.ParquetWriter.write_table = counted(pq.ParquetWriter.write_table)


def fill(path: str) -> None:
    """Write zeros to a file until nothing more fits."""
    step = 2**16
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    while step:
        try:
            os.write(descriptor, b"\0" * step)
        except OSError:
            step //= 2
    os.close(descriptor)


class Kind(enum.Enum):
    ONE = "one"
    TWO = "two"


class Inner(BaseModel):
    city: Annotated[str, Domain("city")]
    size: float | None


class Everything(BaseModel):
    """A field of most kinds, so that what draws and writes them is loaded."""

    id: Annotated[uuid.UUID, PrimaryKey()]
    number: Annotated[int, Field(ge=0, le=99), Normal(mean=60, deviation=15)]
    price: Annotated[decimal.Decimal, Field(max_digits=8, decimal_places=3)]
    text: Annotated[str, Field(min_length=2, max_length=5)]
    shaped: Annotated[str, Field(pattern="^[a-z]{3}[0-9]*$")]
    kind: Kind
    flag: bool | None
    day: datetime.date
    at: datetime.datetime
    raw: bytes
    inner: Inner
    inners: list[Inner]
    numbers: dict[str, set[int]]
    pair: tuple[int, str]
    either: int | str
    anything: Any


def warm_up() -> None:
    """Import everything, and load the machine code of the kernels. Nothing of it starts a thread: forks stay safe."""
    drivers = ("duckdb", "psycopg", "pymysql", *(f"sqlalchemy.dialects.{name}" for name in DIALECTS))
    for name in ("distributed", "jsonschema", "pandas", "pyarrow.dataset", *drivers):
        import_module(name)
    for kernel in all_kernels():
        kernel.compile()
    gen.preparing.prepare(gen.preparing.Request())
    schema = gen.Schema()
    schema.add(Everything, 1000)
    gen.preparing.prepare(gen.preparing.Request(schema=schema))
    schema.table(Everything).row(7)
    gen.artefacts.versions()
    with redirect_stdout(io.StringIO()):
        assert gen.cli.main(["row", "Employee", "7"]) == 0
    assert threading.active_count() == 1
    gc.freeze()  # so that a fork does not copy what it only looks at


def run(request: dict[str, Any]) -> None:
    """In the child: be the program. Never returns."""
    code = 70
    try:
        signal.alarm(request["seconds"])
        os.setsid()
        for number, path in ((1, request["out"]), (2, request["err"])):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.chdir(request["cwd"])
        from gen.cli import main

        if "=" in (request.get("fault") or ""):
            name, _, action = request["fault"].rpartition("=")
            gen.fault_points.arm(f"{name}:{request['at']}={action}")
        elif request.get("fault"):
            install(request["fault"], request["at"])
        code = main(request["start"])
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 71
    except BaseException:  # noqa: BLE001 - what Python itself does with an exception that nobody caught
        sys.excepthook(*sys.exc_info())
        code = 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def serve() -> None:
    warm_up()
    alive: set[int] = set()
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            pid = request["wait"]
            _, status = os.waitpid(pid, 0)
            alive.discard(pid)
            answer = {"code": os.waitstatus_to_exitcode(status)}
        else:
            pid = os.fork()
            if not pid:
                run(request)
            alive.add(pid)
            answer = {"pid": pid}
        print(json.dumps(answer), flush=True)
    for pid in alive:
        os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    serve()
