"""Proves that nested fields go through the program: written, read by another reader, verified, repaired, resumed."""

from __future__ import annotations

import datetime
import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from columns import source
from gen.checksums import Checksum, hash_values
from gen.sinks.files.parquet import ParquetLayout, leaves
from nested_cases import NESTED
from program import AS_OF, Forks, checksums, query, stamps

MODELS = """
import datetime, decimal, enum, uuid
from typing import Annotated, Any, Literal
from pydantic import BaseModel, Field, FutureDatetime, PastDate
from gen import Domain, ForeignKey, PrimaryKey, SynthesizedBy, Synthesizer

class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"

class Dice(Synthesizer):
    def draw(self, generator, n):
        return generator.integers(1, 7, n)

class Address(BaseModel):
    city: Annotated[str, Domain("city")]
    zip: Annotated[str, Field(pattern="^[0-9]{5}$")]
    height: float | None

class Cat(BaseModel):
    kind: Literal["pet"]
    lives: int

class Dog(BaseModel):
    kind: Literal["pet"]
    name: str

class Node(BaseModel):
    value: int
    children: list["Node"] = []

class Order(BaseModel):
    id: Annotated[int, PrimaryKey()]

class Person(BaseModel):
    id: Annotated[uuid.UUID, PrimaryKey()]
    address: Address
    second: Address | None
    tags: list[Annotated[str, Field(min_length=2, max_length=5)]]
    colours: set[Colour]
    matrix: list[list[int]]
    scores: dict[str, float]
    places: dict[Colour, Address]
    point: tuple[int, decimal.Decimal, Colour]
    pet: Cat | Dog
    either: int | str
    tree: Node
    price: Annotated[decimal.Decimal, Field(max_digits=8, decimal_places=3)]
    at: datetime.time
    took: datetime.timedelta
    raw: bytes
    anything: Any
    born: PastDate
    due: FutureDatetime
    large: Annotated[int, Field(ge=2**70)]
    orders: list[Annotated[int, ForeignKey("Order.id")]]
    eyes: list[Annotated[int, SynthesizedBy("Dice")]]
    nothing: None
"""
ROWS, STEP = 1200, 500
ASKED = ("--schema", "models.py", "--rows", ROWS, "--partition-rows", STEP)
PART = "Person/part-000001.parquet"


@pytest.fixture(scope="module")
def written(forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nested")
    (folder / "models.py").write_text(MODELS, "utf-8")
    ended = forks(*ASKED, *AS_OF, "--out", "data", cwd=folder)
    assert ended.code == 0, ended.err
    return folder


def test_another_reader_reads_every_kind(written: Path) -> None:
    data = f"read_parquet('{written}/data/Person/*.parquet')"
    assert query(f"select count(*), count(distinct id), count(nothing) from {data}") == [(ROWS, ROWS, 0)]
    (found,) = query(
        "select bool_and(address.city <> ''), bool_and(regexp_full_match(address.zip, '[0-9]{5}')), "
        "avg((address.height is null)::int) between 0.02 and 0.09, avg((second is null)::int) between 0.02 and 0.09, "
        "min(len(tags)), max(len(tags)), bool_and(len(list_distinct(colours)) = len(colours)), "
        "bool_and(len(map_keys(scores)) = cardinality(scores)), max(len(matrix)), "
        "bool_and(point['2'] in ('red', 'blue')), "
        "bool_and((pet.lives is null) <> (pet.name is null)), bool_and(json_valid(either)), "
        "bool_and(born < date '2026-01-01'), bool_and(due >= timestamp '2026-01-03'), min(price), max(price) < 100000, "
        f'typeof(any_value("at")), bool_and(large >= 1180591620717411303424) from {data}'
    )
    assert found[:4] == (True,) * 4 and found[4:6] == (0, 5) and found[6:8] == (True, True) and found[8] == 5
    assert found[9:14] == (True,) * 5 and found[14] >= 0 and found[15:] == (True, "TIME", True)
    orders = f"read_parquet('{written}/data/Order/*.parquet')"
    unknown = f"select count(*) from (select unnest(orders) o from {data}) where o not in (select id from {orders})"
    assert query(unknown) == [(0,)]
    assert query(f"select min(e), max(e) from (select unnest(eyes) e from {data})") == [(1, 6)]
    trees = [json.loads(text) for (text,) in query(f"select tree.children from {data} limit 50")]
    assert any(trees) and {frozenset(child) for tree in trees for child in tree} == {frozenset(("value", "children"))}


def test_workers_and_options_do_not_change_values(written: Path, forks: Forks, workers: str) -> None:
    expected = checksums(written / "data")
    ended = forks(*ASKED, *AS_OF, "--out", "two", "--scheduler", workers, cwd=written)
    assert ended.code == 0, ended.err
    assert checksums(written / "two") == expected
    for name, options in {"zstd": ("--compression", "zstd"), "fast": ("--encoding", "fast")}.items():
        assert forks(*ASKED, *AS_OF, "--out", name, *options, cwd=written).code == 0
        assert checksums(written / name) == expected
        assert forks("verify", name, cwd=written).code == 0
        group = pq.read_metadata(written / name / PART).row_group(0)
        chunks = {c.path_in_schema: c for c in (group.column(i) for i in range(group.num_columns))}
        assert {"address.zip", "tags.list.element", "places.key_value.value.city", "point.1"} <= chunks.keys()
        if name == "zstd":
            assert {chunk.compression for chunk in chunks.values()} == {"ZSTD"}
        else:
            assert not any(code.startswith("DELTA") for chunk in chunks.values() for code in chunk.encodings)


def test_leaves_of_nested_columns_are_encoded_by_what_is_known_of_them(written: Path) -> None:
    group = pq.read_metadata(written / "data" / PART).row_group(0)
    chunks = {c.path_in_schema: c for c in (group.column(i) for i in range(group.num_columns))}
    for path in (
        "address.city",
        "colours.list.element",
        "tags.list.element",
        "places.key_value.key",
        "scores.key_value.value",
        "point.2",
    ):
        assert "RLE_DICTIONARY" in chunks[path].encodings, path
    for path in ("address.zip",):
        assert "RLE_DICTIONARY" not in chunks[path].encodings, path
    schema = pq.read_schema(written / "data" / PART)
    assert {path for field in schema for path, _ in leaves(field.name, field.type)} == set(chunks)
    assert ParquetLayout().compression == "auto"


def change(table: pa.Table, column: str, row: int, harm) -> pa.Table:
    values = table[column].to_pylist()
    values[row] = harm(values[row])
    field = table.schema.field(column)
    return table.set_column(table.column_names.index(column), field, pa.array(values, field.type))


HARMS = {
    "address": lambda v: v | {"height": (v["height"] or 0) + 1},
    "tags": lambda v: [*v, "more"],
    "matrix": lambda v: [*v, [1]],
    "places": lambda v: [*v, ("green", {"city": "X", "zip": "00000", "height": 0.0})],
    "point": lambda v: v | {"2": "green"},
    "second": lambda v: None if v else {"city": "X", "zip": "00000", "height": 0.0},
    "price": lambda v: v + 1,
    "took": lambda v: v + datetime.timedelta(microseconds=1),
    "orders": lambda v: [*v, 1],
}


def test_damage_in_a_nested_column_is_named_and_mended(written: Path, forks: Forks) -> None:
    path = written / "data" / PART
    table = harmed = pq.read_table(path)
    for row, (column, harm) in enumerate(HARMS.items(), 17):
        harmed = change(harmed, column, row, harm)
    pq.write_table(harmed.replace_schema_metadata(pq.read_metadata(path).metadata), path)
    ended = forks("verify", "data", cwd=written)
    assert (ended.code, "Traceback" in ended.err) == (1, False), ended.err
    assert sorted(ended.out.splitlines()) == sorted(
        f"{PART}: column {column}: 1 of {STEP} values differ, first at row {STEP + row}"
        for row, column in enumerate(HARMS, 17)
    )
    assert forks("verify", "data", "--repair", cwd=written).code == 0
    assert pq.read_table(path).equals(table)
    assert forks("verify", "data", cwd=written).code == 0


def test_row_and_describe_say_what_is_there(written: Path, forks: Forks) -> None:
    printed = json.loads(forks("row", "Person", 777, *ASKED[:4], *AS_OF, cwd=written).out)
    stored = pq.read_table(written / "data" / "Person").slice(777, 1).to_pylist()[0]
    assert printed["address"] == stored["address"] and printed["matrix"] == stored["matrix"]
    assert printed["scores"] == dict(stored["scores"]) and printed["orders"] == stored["orders"]
    assert printed["point"] == [stored["point"]["0"], float(stored["point"]["1"]), stored["point"]["2"]]
    assert printed["either"] == json.loads(stored["either"]) and printed["large"] == int(stored["large"])
    assert printed["born"] == stored["born"].isoformat()
    told = json.loads(forks("describe", "--json", *ASKED[:4], cwd=written).out)["tables"]["Person"]["columns"]
    types = {column["column"]: column["type"] for column in told}
    assert types["tags"] == "list<element: string not null>" and types["price"] == "decimal128(8, 3)"
    assert types["tree"].startswith("struct<value: int64 not null, children: string")


def test_a_run_over_midnight_is_one_run(written: Path, forks: Forks, tmp_path: Path) -> None:
    """A run that began yesterday is resumed with yesterday's date: past and future stay what they were."""
    (tmp_path / "models.py").write_text(MODELS, "utf-8")
    asked = (*ASKED, "--out", "data")
    assert forks(*asked, "--as-of", "2020-02-02", cwd=tmp_path).code == 0
    whole, seen = checksums(tmp_path / "data"), stamps(tmp_path / "data")
    os.remove(tmp_path / "data" / PART)
    os.remove(tmp_path / "data" / "_SUCCESS")
    ended = forks(*asked, cwd=tmp_path)  # without the date
    assert ended.code == 0, ended.err
    assert checksums(tmp_path / "data") == whole
    kept = {name: stamp for name, stamp in seen.items() if name.endswith(".parquet") and name != PART}
    assert kept.items() <= stamps(tmp_path / "data").items()
    born, due = query(f"select max(born), min(due) from read_parquet('{tmp_path}/data/Person/*.parquet')")[0]
    assert born < datetime.date(2020, 2, 2) < due.date()
    refused = forks(*asked, "--as-of", "2020-02-03", cwd=tmp_path)
    assert refused.code == 2 and "as-of date" in refused.err
    assert forks("verify", "data", cwd=tmp_path).code == 0
    assert (tmp_path / "data" / "_SUCCESS").exists()


# -- checksums of nested values -------------------------------------------------------------------------------


def checksum(values: pa.Array) -> dict[str, str]:
    total = Checksum("T", ["x"])
    total.add(pa.record_batch([values], names=["x"]))
    return total.to_json()


LISTS = pa.list_(pa.int64())
STRUCT = pa.struct([("a", pa.int64()), ("b", pa.list_(pa.string())), ("c", pa.struct([("d", pa.float64())]))])
VALUE = {"a": 1, "b": ["x", "y"], "c": {"d": 0.5}}


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        (LISTS, [[1, 2], [3]], [[2, 1], [3]]),
        (LISTS, [[1, 2], [3]], [[1], [2, 3]]),
        (LISTS, [[1, 2], [3]], [[1, 2, 3], []]),
        (LISTS, [[], [1]], [None, [1]]),
        (LISTS, [[None], [1]], [[], [1]]),
        (LISTS, [[0]], [[None]]),
        (LISTS, [[0, 0]], [[0]]),
        (pa.list_(LISTS), [[[1], [2]]], [[[1, 2]]]),
        (pa.list_(LISTS), [[[1], []]], [[[], [1]]]),
        (pa.list_(LISTS), [[[]]], [[]]),
        (STRUCT, [VALUE], [VALUE | {"a": 2}]),
        (STRUCT, [VALUE], [VALUE | {"b": ["y", "x"]}]),
        (STRUCT, [VALUE], [VALUE | {"c": {"d": 0.25}}]),
        (STRUCT, [VALUE], [VALUE | {"c": None}]),
        (STRUCT, [VALUE], [VALUE | {"b": None}]),
        (STRUCT, [VALUE], [None]),
        (pa.struct([("a", pa.int64()), ("b", pa.int64())]), [{"a": 1, "b": 2}], [{"a": 2, "b": 1}]),
        (pa.map_(pa.string(), pa.int64()), [[("a", 1), ("b", 2)]], [[("a", 2), ("b", 1)]]),
        (pa.map_(pa.string(), pa.int64()), [[("a", 1), ("b", 2)]], [[("a", 1)]]),
        (pa.map_(pa.string(), pa.int64()), [[("a", None)]], [[("a", 0)]]),
    ],
)
def test_a_change_anywhere_in_a_nested_value_is_seen(kind, one, other):
    first, second = pa.array(one, kind), pa.array(other, kind)
    assert checksum(first)["x"] != checksum(second)["x"]
    assert checksum(first)["x"] == checksum(pa.array(one, kind))["x"]


@pytest.mark.parametrize("kind", NESTED)
def test_checksums_do_not_depend_on_slices_blocks_or_parquet(kind: str, tmp_path: Path) -> None:
    table = source(300, x=NESTED[kind])
    batch = table.at(range(300))
    whole, pieces, stored = (Checksum("Thing", ["x"]) for _ in range(3))
    whole.add(batch)
    for start in range(0, 300, 37):
        pieces.add(batch.slice(start, 37))
    assert pieces.to_json() == whole.to_json()
    hashes = hash_values(batch.column("x"), 5)
    assert hash_values(batch.column("x").slice(100, 50), 5).tolist() == hashes[100:150].tolist()
    assert hash_values(batch.column("x").slice(7, 0), 5).size == 0
    pq.write_table(pa.Table.from_batches([batch]), tmp_path / "x.parquet", row_group_size=70)
    for part in pq.ParquetFile(tmp_path / "x.parquet").iter_batches(64):
        stored.add(part)
    assert stored.to_json() == whole.to_json()
