"""`gen verify` names exactly what differs, and `--repair` mends exactly that."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from program import AS_OF, Forks, assert_whole, stamps


@pytest.fixture
def copied(undisturbed: Path, tmp_path: Path) -> Path:
    return shutil.copytree(undisturbed, tmp_path / "data")


PART = "Employee/part-000002.parquet"  # rows 1,000 to 1,499


def rewritten(change: Callable[[pa.Table], pa.Table]) -> Callable[[Path], None]:
    """Harm that leaves the file readable, its receipt included."""

    def harm(folder: Path) -> None:
        path = folder / PART
        metadata = pq.read_metadata(path).metadata
        table = pq.read_table(path)
        pq.write_table(change(table).cast(table.schema).replace_schema_metadata(metadata), path)

    return harm


def set_column(table: pa.Table, name: str, values: list[object]) -> pa.Table:
    return table.set_column(table.column_names.index(name), table.field(name), pa.array(values, table.field(name).type))


def flip(table: pa.Table) -> pa.Table:
    values = table["velocity"].to_pylist()
    values[17] += 1e-9
    return set_column(table, "velocity", values)


def rename_two_people(table: pa.Table) -> pa.Table:
    values = table["name"].to_pylist()
    values[3] = values[499] = "Nobody"
    return set_column(table, "name", values)


def exchange(table: pa.Table) -> pa.Table:
    values = table["velocity"].to_pylist()
    values[0], values[1] = values[1], values[0]
    return set_column(table, "velocity", values)


def delete(folder: Path) -> None:
    (folder / PART).unlink()


def cut(folder: Path) -> None:
    os.truncate(folder / PART, 100)


def add_a_file(folder: Path) -> None:
    shutil.copy(folder / PART, folder / "Employee" / "part-000099.parquet")


def lie(folder: Path) -> None:
    path = folder / "_gen" / "manifest.json"
    path.write_text(path.read_text("utf-8").replace('"rows": 300,', '"rows": 301,'), "utf-8")


def unseal(folder: Path) -> None:
    (folder / "_SUCCESS").unlink()


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (rewritten(flip), [PART, "column velocity", "1 of 500", "row 1,017"]),
        (rewritten(rename_two_people), [PART, "column name", "2 of 500", "row 1,003"]),
        (rewritten(exchange), [PART, "exchanged between rows"]),
        (rewritten(lambda table: table.slice(0, 499)), [PART, "499 rows instead of 500"]),
        (rewritten(lambda table: pa.concat_tables([table, table.slice(0, 1)])), [PART, "501 rows instead of 500"]),
        (delete, [PART, "missing"]),
        (cut, [PART, "cannot be read"]),
        (add_a_file, ["Employee/part-000099.parquet", "not part of the run"]),
        (lie, ["_gen/manifest.json"]),
        (unseal, ["_SUCCESS", "missing"]),
    ],
    ids=["flip", "two values", "exchange", "fewer", "more", "delete", "cut", "extra", "manifest", "unsealed"],
)
def test_verify_names_exactly_what_differs_and_repair_mends_it(
    harm: Callable[[Path], None], words: list[str], forks: Forks, undisturbed: Path, copied: Path
) -> None:
    harm(copied)
    before = stamps(copied)
    ended = forks("verify", copied, cwd=copied.parent)
    assert ended.code == 1
    (line,) = ended.out.splitlines()
    assert all(word in line for word in words), line
    assert stamps(copied) == before, "verify changed something"
    repaired = forks("verify", copied, "--repair", cwd=copied.parent)
    assert repaired.code == 0, repaired.err
    assert_whole(copied, undisturbed)
    untouched = {name: stamp for name, stamp in before.items() if name.endswith(".parquet") and name not in line}
    assert untouched.items() <= stamps(copied).items(), "repair rewrote what was right"
    clean = forks("verify", copied, cwd=copied.parent)
    assert (clean.code, clean.out) == (0, "")


def test_verify_of_several_harms_names_all_of_them(forks: Forks, undisturbed: Path, copied: Path) -> None:
    rewritten(flip)(copied)
    (copied / "Manager" / "part-000000.parquet").unlink()
    ended = forks("verify", copied, "--workers", 2, "--json", cwd=copied.parent)
    assert ended.code == 1
    verdict = json.loads(ended.out)
    assert verdict["good"] is False
    assert [line.split(":")[0] for line in verdict["differences"]] == [PART, "Manager/part-000000.parquet"]
    assert forks("verify", copied, "--repair", cwd=copied.parent).code == 0
    assert_whole(copied, undisturbed)


def test_verify_sees_values_of_another_seed_behind_a_right_name(forks: Forks, copied: Path) -> None:
    asked = ("--rows", 3000, "--partition-rows", 500, "--seed", 8, *AS_OF)
    assert forks(*asked, "--out", "other", cwd=copied.parent).code == 0
    shutil.copy(copied.parent / "other" / PART, copied / PART)
    ended = forks("verify", copied, cwd=copied.parent)
    assert ended.code == 1
    assert all(line.startswith(PART) for line in ended.out.splitlines())
    found = pq.read_table(copied / PART)
    assert pc.count_distinct(found["id"]).as_py() == 500


SCRIPT = """
import gen
from pydantic import BaseModel
from typing import Annotated

class Dice(gen.Synthesizer):
    def draw(self, generator, n):
        return generator.integers(1, 7, n)

class Throw(BaseModel):
    id: Annotated[int, gen.PrimaryKey()]
    eyes: list[Annotated[int, gen.SynthesizedBy("Dice")]]

schema = gen.Schema("throws")
schema.add(Throw, rows=1000)
if __name__ == "__main__":
    gen.generate(schema=schema, out="data")
"""


def test_a_run_of_python_code_is_verified_with_that_code(forks: Forks, tmp_path: Path) -> None:
    (tmp_path / "make.py").write_text(SCRIPT, "utf-8")
    subprocess.run([sys.executable, "make.py"], cwd=tmp_path, check=True, timeout=60)
    ended = forks("verify", "data", cwd=tmp_path)
    assert ended.code == 2
    assert "made by Python code" in ended.err and "--schema" in ended.err
    assert forks("verify", "data", "--schema", "make.py", cwd=tmp_path).code == 0
