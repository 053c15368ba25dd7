"""Fixtures that several files of tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from program import AS_OF, Forks, manifest


@pytest.fixture(scope="session")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    """The program, as a process forked from one that has imported it."""
    server = Forks(tmp_path_factory.mktemp("talk"))
    yield server
    server.close()


@pytest.fixture(scope="session")
def undisturbed(forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedded example, 3,000 and 300 rows in files of 500, made in one process without a fault."""
    folder = tmp_path_factory.mktemp("undisturbed") / "data"
    ended = forks("--rows", 3000, "--partition-rows", 500, *AS_OF, "--part", "1/1", "--out", folder, cwd=folder.parent)
    assert ended.code == 0, ended.err
    assert manifest(folder)["tables"].keys() == {"Employee", "Manager"}
    return folder
