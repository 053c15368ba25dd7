"""Fixtures that several files of tests share."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy

pytest.register_assert_rewrite("program")

import kernels  # noqa: E402
import servers  # noqa: E402
from clusters import cluster  # noqa: E402
from program import AS_OF, Forks, manifest  # noqa: E402 - its assertions explain themselves only when imported after that


def pytest_configure(config: pytest.Config) -> None:
    """Before other processes start that would each compile the kernels."""
    if config.getoption("numprocesses", None):
        kernels.compile_all()


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: let no collection of garbage look through it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)  # most of what tests leave behind is no garbage


def pytest_sessionfinish() -> None:
    gc.unfreeze()


@pytest.fixture(scope="session")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    """The program, as a process forked from one that has imported it."""
    server = Forks(tmp_path_factory.mktemp("talk"))
    yield server
    server.close()


@pytest.fixture(scope="session")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a cluster that exists, of two workers: a run on them need not wait for its own to start."""
    with cluster(tmp_path_factory.mktemp("cluster") / "theirs") as address:
        yield address


@pytest.fixture(scope="session")
def undisturbed(forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedded example, 3,000 and 300 rows in files of 500, made in one process without a fault."""
    folder = tmp_path_factory.mktemp("undisturbed") / "data"
    ended = forks("--rows", 3000, "--partition-rows", 500, *AS_OF, "--part", "1/1", "--out", folder, cwd=folder.parent)
    assert ended.code == 0, ended.err
    assert manifest(folder)["tables"].keys() == {"Employee", "Manager"}
    return folder


MEMORY = "/dev/shm"


@pytest.fixture
def swift() -> Iterator[Path]:
    """A folder in memory, where there is such: a signal kills there as it does on a disk, and no write is slow."""
    folder = Path(tempfile.mkdtemp(prefix="gen-", dir=MEMORY if os.access(MEMORY, os.W_OK) else None))
    yield folder
    shutil.rmtree(folder)


# -- databases ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    with servers.postgresql() as url:
        yield url


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[str]:
    with servers.mariadb() as url:
        yield url


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a new database, of the server or in a file, whose kind is the parameter."""
    if request.param in ("sqlite", "duckdb"):
        yield f"{request.param}:///{tmp_path / 'shop.db'}"
        return
    server = sqlalchemy.make_url(request.getfixturevalue(f"{request.param}_server"))
    name = f"shop_{uuid.uuid4().hex}"
    engine = sqlalchemy.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield server.set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        force = " WITH (FORCE)" if request.param == "postgresql" else ""
        connection.exec_driver_sql(f"DROP DATABASE {name}{force}")
    engine.dispose()
