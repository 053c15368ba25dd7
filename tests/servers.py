"""What tests need of real database servers: one of each kind, of this machine's packages, on loopback, in a folder.

A test that needs one is skipped where the programs are missing, with what to install; where GEN_TEST_SERVERS is set, as
in continuous integration, it fails instead.
"""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy
import sqlalchemy.exc

from program import wait_until

INSTALLED = [Path("/usr/sbin"), *Path("/usr/lib/postgresql").glob("*/bin")]
PLACES = [*os.environ.get("PATH", "").split(os.pathsep), *map(str, INSTALLED)]


def program(name: str, package: str) -> str:
    """Where a program is. Skips the test, or fails it, where it is not there."""
    found = shutil.which(name, path=os.pathsep.join(PLACES))
    if not found:
        (pytest.fail if os.environ.get("GEN_TEST_SERVERS") else pytest.skip)(f"{name} is missing: install {package}")
    return found


def unprivileged(user: str) -> dict[str, str]:
    """Run as this user, where we are root: servers refuse to be."""
    return {"user": user} if os.geteuid() == 0 else {}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def answers(url: str) -> bool:
    """Whether the server takes connections: it listens before it does."""
    engine = sqlalchemy.create_engine(url)
    try:
        engine.connect().close()
    except sqlalchemy.exc.OperationalError:
        return False
    finally:
        engine.dispose()
    return True


@contextmanager
def served(command: list[str], url: str, log: Path, user: str) -> Iterator[None]:
    """A server, from when it answers; nothing of it is left at the end."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=log.parent, **unprivileged(user))
    try:
        wait_until(lambda: answers(url) or process.poll() is not None, command[0])
        assert process.poll() is None, log.read_text("utf-8", "replace")[-2000:]
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


@contextmanager
def folder_of(user: str) -> Iterator[Path]:
    """A folder that is that user's, where no other folder stands in the way."""
    folder = Path(tempfile.mkdtemp(prefix="gen-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, user)
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def postgresql(settings: Sequence[str] = (), *, durable: bool = False) -> Iterator[str]:
    """A PostgreSQL server of its own; the URL of an empty database. durable: whether a commit waits for the disk."""
    initdb, server = program("initdb", "postgresql"), program("postgres", "postgresql")
    user, port = "postgres" if os.geteuid() == 0 else getpass.getuser(), free_port()
    with folder_of(user) as folder:
        data = str(folder / "data")
        asked = [initdb, "-D", data, "-U", "someone", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        subprocess.run(asked, check=True, capture_output=True, cwd=folder, **unprivileged(user))
        options = ["-p", str(port), "-h", "127.0.0.1", "-k", "", *([] if durable else ["-F"])]
        options += [part for setting in settings for part in ("-c", setting)]
        url = f"postgresql+psycopg://someone:hidden@127.0.0.1:{port}/postgres"
        with served([server, "-D", data, *options], url, folder / "log", user):
            yield url


@contextmanager
def mariadb(settings: Sequence[str] = (), *, durable: bool = False) -> Iterator[str]:
    """A MariaDB server of its own; the URL of an empty database. durable: whether a commit waits for the disk."""
    install, server = program("mariadb-install-db", "mariadb-server"), program("mariadbd", "mariadb-server")
    user, port = "mysql" if os.geteuid() == 0 else getpass.getuser(), free_port()
    with folder_of(user) as folder:
        data = f"--datadir={folder / 'data'}"
        asked = [install, "--no-defaults", data, "--auth-root-authentication-method=normal", "--skip-test-db"]
        subprocess.run(asked, check=True, capture_output=True, cwd=folder, **unprivileged(user))
        options = [f"--port={port}", "--bind-address=127.0.0.1", f"--socket={folder / 'socket'}", "--skip-log-bin"]
        small = ["--innodb-buffer-pool-size=32M", *([] if durable else ["--innodb-flush-log-at-trx-commit=0"])]
        small += [f"--{setting}" for setting in settings]
        address = f"mysql+pymysql://root@127.0.0.1:{port}"
        with served([server, "--no-defaults", data, *options, *small], address, folder / "log", user):
            with sqlalchemy.create_engine(address).begin() as connection:
                connection.exec_driver_sql("CREATE DATABASE shop CHARACTER SET utf8mb4")
            yield f"{address}/shop"
