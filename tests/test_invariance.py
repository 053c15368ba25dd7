"""The same values whatever makes them: workers, order, file size, shares, subsets, repeats, and after damage."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from program import AS_OF, Ended, Forks, assert_whole, checksums, gen, parts, query, stamps

ROWS = ("--rows", 3000, *AS_OF)
ASKED = (*ROWS, "--partition-rows", 500)

USER = """
from typing import Annotated
import datetime
import numpy as np
import pyarrow as pa
from pydantic import BaseModel, Field
from gen import Domain, ForeignKey, PrimaryKey, Synthesizer, SynthesizedBy

class Dice(Synthesizer):
    def draw(self, generator, n):
        return generator.integers(1, 7, n) + generator.integers(1, 7, n)

class Halves(Synthesizer):
    def at(self, rows):
        words = self.words(rows, 2)
        return pa.array((words % np.uint64(1000)).astype(np.int64))

class Player(BaseModel):
    id: Annotated[str, Field(min_length=6, max_length=12), PrimaryKey()]
    name: Annotated[str, Domain("name")]
    born: datetime.date
    friend: Annotated[str, ForeignKey("Player.id")]
    score: Annotated[int, SynthesizedBy("Halves")]

class Throw(BaseModel):
    id: Annotated[int, PrimaryKey()]
    player: Annotated[str, ForeignKey("Player.id")]
    eyes: Annotated[int, SynthesizedBy("Dice")]
    won: bool
"""


def rows_of(folder: Path, table: str) -> list[tuple[object, ...]]:
    """The whole table, in the order of its files."""
    return query(f"from read_parquet('{folder}/{table}/*.parquet')")


def write(forks: Forks, out: Path, *arguments: object) -> None:
    ended = forks(*arguments, "--out", out, cwd=out.parent)
    assert ended.code == 0, ended.err


# -- who makes them ---------------------------------------------------------------------------------------


def test_worker_processes_write_what_one_process_writes(undisturbed: Path, tmp_path: Path) -> None:
    ended = gen(*ASKED, "--workers", 2, "--quiet", "--out", tmp_path / "data", cwd=tmp_path)
    assert ended == Ended(0, "", "")
    assert_whole(tmp_path / "data", undisturbed)


def test_users_own_synthesizers_give_equal_values_on_workers_and_in_any_files(
    forks: Forks, workers: str, tmp_path: Path
) -> None:
    (tmp_path / "models.py").write_text(USER, "utf-8")
    asked = ("--schema", "models.py", "--rows", "Throw=200_000", *AS_OF)
    write(forks, tmp_path / "one", *asked, "--part", "1/1", "--partition-rows", 65_536)
    write(forks, tmp_path / "odd", *asked, "--part", "1/1", "--partition-rows", 70_001)
    ended = forks(*asked, "--scheduler", workers, "--partition-rows", 65_536, "--out", "two", cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert_whole(tmp_path / "two", tmp_path / "one")
    assert checksums(tmp_path / "odd") == checksums(tmp_path / "one")
    assert forks("verify", "two", cwd=tmp_path).code == 0


def test_shares_written_at_once_by_several_processes_are_the_whole(
    forks: Forks, undisturbed: Path, tmp_path: Path
) -> None:
    for attempt in range(5):
        out = tmp_path / str(attempt)
        running = [forks.start(*ASKED, "--part", f"{i}/4", "--out", out, cwd=tmp_path) for i in (3, 1, 4, 2)]
        for ended in [forks.wait(pid) for pid in running]:
            assert ended.code == 0, ended.err
        assert_whole(out, undisturbed)


def test_shares_may_come_in_any_order_and_the_last_one_seals(forks: Forks, undisturbed: Path, tmp_path: Path) -> None:
    out = tmp_path / "data"
    written = set()
    for share in ("3/3", "1/3", "2/3"):
        assert not (out / "_SUCCESS").exists()
        assert not (out / "_gen" / "manifest.json").exists()
        write(forks, out, *ASKED, "--part", share)
        new = set(parts(out)) - written
        assert 2 <= len(new) <= 3
        written |= new
    assert_whole(out, undisturbed)


def test_more_shares_than_files_are_the_whole_too(forks: Forks, undisturbed: Path, tmp_path: Path) -> None:
    for share in range(1, 10):
        write(forks, tmp_path / "data", *ASKED, "--part", f"{share}/9")
    assert_whole(tmp_path / "data", undisturbed)


# -- in which files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [37, 999, 1000, 3000, 10**6])
def test_rows_per_file_change_no_value(size: int, forks: Forks, undisturbed: Path, tmp_path: Path) -> None:
    out = tmp_path / "data"
    write(forks, out, *ROWS, "--partition-rows", size)
    assert checksums(out) == checksums(undisturbed)
    for table, rows in (("Employee", 3000), ("Manager", 300)):
        assert len(list((out / table).iterdir())) == -(-rows // size)
        assert rows_of(out, table) == rows_of(undisturbed, table)


def test_one_row_per_file_is_possible(forks: Forks, tmp_path: Path) -> None:
    write(forks, tmp_path / "ones", "--rows", 20, "--partition-rows", 1, *AS_OF)
    write(forks, tmp_path / "whole", "--rows", 20, *AS_OF)
    assert checksums(tmp_path / "ones") == checksums(tmp_path / "whole")
    assert len(list((tmp_path / "ones" / "Employee").iterdir())) == 20


@pytest.mark.parametrize("options", [("--compression", "zstd"), ("--encoding", "fast"), ("--row-group-bytes", "1e4")])
def test_how_files_are_encoded_changes_no_value(
    options: tuple[str, str], forks: Forks, undisturbed: Path, tmp_path: Path
) -> None:
    write(forks, tmp_path / "data", *ASKED, *options)
    assert checksums(tmp_path / "data") == checksums(undisturbed)


# -- which tables -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["Employee", "Manager"])
def test_one_table_alone_has_the_values_it_has_among_all(
    table: str, forks: Forks, undisturbed: Path, tmp_path: Path
) -> None:
    write(forks, tmp_path / "data", *ASKED, "--tables", table)
    assert checksums(tmp_path / "data") == {table: checksums(undisturbed)[table]}
    assert {path.parent.name for path in parts(tmp_path / "data")} == {table}
    assert forks("verify", "data", cwd=tmp_path).code == 0


def test_tables_written_one_after_another_are_the_whole(forks: Forks, undisturbed: Path, tmp_path: Path) -> None:
    for tables in ("Manager", "Employee"):
        write(forks, tmp_path / "data", *ASKED, "--tables", tables)
    assert_whole(tmp_path / "data", undisturbed)
    before = stamps(tmp_path / "data")
    write(forks, tmp_path / "data", *ASKED)
    assert stamps(tmp_path / "data") == before


# -- again ------------------------------------------------------------------------------------------------


@pytest.fixture
def copied(undisturbed: Path, tmp_path: Path) -> Path:
    return shutil.copytree(undisturbed, tmp_path / "data")


def test_the_same_command_again_does_nothing(forks: Forks, copied: Path) -> None:
    before = stamps(copied)
    ended = forks(*ASKED, "--json", "--out", copied, cwd=copied.parent)
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["written"] == 0
    assert "nothing to do" in ended.err
    assert stamps(copied) == before


def remove(path: Path) -> None:
    path.unlink()


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def put_another_part_there(path: Path) -> None:
    shutil.copy(path.with_name("part-000000.parquet"), path)


def forget_the_receipt(path: Path) -> None:
    pq.write_table(pq.read_table(path).replace_schema_metadata(None), path)


@pytest.mark.parametrize("harm", [remove, truncate, empty, put_another_part_there, forget_the_receipt])
def test_a_harmed_file_is_written_again_and_no_other(
    harm: Callable[[Path], None], forks: Forks, undisturbed: Path, copied: Path
) -> None:
    before = stamps(copied)
    harm(copied / "Employee" / "part-000003.parquet")
    write(forks, copied, *ASKED)
    assert_whole(copied, undisturbed)
    changed = {name for name, stamp in stamps(copied).items() if stamp != before.get(name)}
    assert changed == {"Employee/part-000003.parquet", "_gen/manifest.json", "_SUCCESS"}


@pytest.mark.parametrize("names", [["_SUCCESS"], ["_gen/manifest.json"], ["_SUCCESS", "_gen/manifest.json"]], ids=str)
def test_a_removed_seal_is_set_again_without_writing_a_row(
    names: list[str], forks: Forks, undisturbed: Path, copied: Path
) -> None:
    before = stamps(copied)
    for name in names:
        (copied / name).unlink()
    write(forks, copied, *ASKED)
    assert_whole(copied, undisturbed)
    after = stamps(copied)
    assert {name for name in before if after[name] != before[name]} <= {"_SUCCESS", "_gen/manifest.json"}


def test_another_run_replaces_this_one_only_when_told_to(forks: Forks, undisturbed: Path, copied: Path) -> None:
    other = ("--rows", 700, "--seed", 5, *AS_OF, "--out", copied)
    before = stamps(copied)
    refused = forks(*other, cwd=copied.parent)
    assert refused.code == 2
    assert stamps(copied) == before
    assert forks(*other, "--overwrite", cwd=copied.parent).code == 0
    assert checksums(copied)["Employee"][0] == 700
    assert forks("verify", copied, cwd=copied.parent).code == 0
    write(forks, copied, *ASKED, "--overwrite")
    assert_whole(copied, undisturbed)
