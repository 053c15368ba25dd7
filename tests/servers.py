"""What tests need of real database servers: one of each kind, of this machine's packages, on loopback, in a folder.

A test that needs one is skipped where the programs are missing, with what to install; where GEN_TEST_SERVERS is set, as
in continuous integration, it fails instead.
"""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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


@dataclass
class Server:
    """A server that runs, and that a test may crash and start again. url: of an empty database."""

    command: list[str]
    url: str
    folder: Path
    user: str
    crashes_by: signal.Signals  # what ends it at once, as a crash would

    def start(self) -> None:
        """Start it; it answers when this returns."""
        log = self.folder / "log"
        with log.open("ab") as output:
            options = unprivileged(self.user)
            self.process = subprocess.Popen(self.command, stdout=output, stderr=output, cwd=self.folder, **options)
        wait_until(lambda: answers(self.url) or self.process.poll() is not None, self.command[0])
        assert self.process.poll() is None, log.read_text("utf-8", "replace")[-2000:]

    def crash(self) -> None:
        self.process.send_signal(self.crashes_by)
        self.process.wait(20)


@contextmanager
def served(server: Server) -> Iterator[Server]:
    """A server, from when it answers; nothing of it is left at the end."""
    try:
        server.start()
        yield server
    finally:
        server.crash()  # nothing of it is kept, and it waits for nobody


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
def postgresql(*more: str, durable: bool = False) -> Iterator[str]:
    """A PostgreSQL server of its own; the URL of an empty database."""
    with postgresql_server(*more, durable=durable) as server:
        yield server.url


@contextmanager
def postgresql_server(*more: str, durable: bool = False) -> Iterator[Server]:
    """A PostgreSQL server of its own; more: its options; durable: whether a commit waits for the disk."""
    initdb, server = program("initdb", "postgresql"), program("postgres", "postgresql")
    user, port = "postgres" if os.geteuid() == 0 else getpass.getuser(), free_port()
    with folder_of(user) as folder:
        data = str(folder / "data")
        asked = [initdb, "-D", data, "-U", "someone", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        subprocess.run(asked, check=True, capture_output=True, cwd=folder, **unprivileged(user))
        options = ["-p", str(port), "-h", "127.0.0.1", "-k", "", *([] if durable else ["-F"])]
        url = f"postgresql+psycopg://someone:hidden@127.0.0.1:{port}/postgres"
        with served(Server([server, "-D", data, *options, *more], url, folder, user, signal.SIGQUIT)) as running:
            yield running


@contextmanager
def mariadb(*more: str, durable: bool = False) -> Iterator[str]:
    """A MariaDB server of its own; the URL of an empty database."""
    with mariadb_server(*more, durable=durable) as server:
        yield server.url


@contextmanager
def mariadb_server(*more: str, durable: bool = False) -> Iterator[Server]:
    """A MariaDB server of its own; more: its options; durable: whether a commit waits for the disk."""
    install, server = program("mariadb-install-db", "mariadb-server"), program("mariadbd", "mariadb-server")
    user, port = "mysql" if os.geteuid() == 0 else getpass.getuser(), free_port()
    with folder_of(user) as folder:
        data = f"--datadir={folder / 'data'}"
        asked = [install, "--no-defaults", data, "--auth-root-authentication-method=normal", "--skip-test-db"]
        subprocess.run(asked, check=True, capture_output=True, cwd=folder, **unprivileged(user))
        options = [f"--port={port}", "--bind-address=127.0.0.1", f"--socket={folder / 'socket'}", "--skip-log-bin"]
        small = ["--innodb-buffer-pool-size=32M", *([] if durable else ["--innodb-flush-log-at-trx-commit=0"])]
        address = f"mysql+pymysql://root@127.0.0.1:{port}"
        command = [server, "--no-defaults", data, *options, *small, *more]
        with served(Server(command, address, folder, user, signal.SIGKILL)) as running:
            with sqlalchemy.create_engine(address).begin() as connection:
                connection.exec_driver_sql("CREATE DATABASE shop CHARACTER SET utf8mb4")
            running.url = f"{address}/shop"
            yield running
