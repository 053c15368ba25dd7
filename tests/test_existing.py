"""Proves that rows that exist already are referred to and copied from as they are: DuckDB joins what was written."""

from __future__ import annotations

import sqlite3
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID, uuid4

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import BaseModel, Field

import gen
from gen import Children, Copy, Count, Existing, ForeignKey, Ordinal, PrimaryKey, Schema, Unique, Zipf
from gen.errors import BadRequest, CapacityError, SchemaError
from program import AS_OF, Forks

CUSTOMERS = pa.table(
    {
        "id": pa.array(range(7, 7 + 3 * 500, 3), pa.int32()),
        "region": [("north", "south", None)[i % 3] for i in range(500)],
        "limit": pa.array([Decimal(i) / 4 for i in range(500)], pa.decimal128(9, 2)),
    }
)


class Order(BaseModel):
    id: Annotated[int, PrimaryKey()]
    customer_id: Annotated[int, ForeignKey("Customer.id"), Children({0: 1, 2: 1, 5: 2})]
    number: Annotated[int, Ordinal("customer_id")]
    region: Annotated[str | None, Copy("customer_id", "region")]
    limit: Annotated[Decimal, Copy("customer_id", "limit")]


class Visit(BaseModel):
    customer_id: Annotated[int, ForeignKey("Customer.id"), Zipf(1.2)]


class Account(BaseModel):
    customer_id: Annotated[int, PrimaryKey(), ForeignKey("Customer.id")]


def shop(customers: Any, **more: Any) -> Schema:
    schema = Schema("shop")
    schema.add(Existing(customers, key="id", **more), name="Customer")
    schema.add(Order)
    schema.add(Visit, rows=3000)
    schema.add(Account, rows=400)
    return schema


def joined(schema: Schema) -> Any:
    database = duckdb.connect()
    database.register("Customer", CUSTOMERS)
    for name in ("Order", "Visit", "Account"):
        database.register(name, schema.table(name).arrow())
    return database


def numbers(database: Any, query: str) -> list[Any]:
    return list(database.execute(query).fetchall())


def parquet(folder: Path) -> Path:
    pq.write_table(CUSTOMERS, folder / "customers.parquet")
    return folder / "customers.parquet"


def sqlite(folder: Path) -> str:
    with sqlite3.connect(folder / "old.sqlite") as connection:
        connection.execute('CREATE TABLE "old customers" (id INTEGER PRIMARY KEY, region TEXT, "limit" NUMERIC(9, 2))')
        rows = [(row["id"], row["region"], float(row["limit"])) for row in CUSTOMERS.to_pylist()]
        connection.executemany('INSERT INTO "old customers" VALUES (?, ?, ?)', rows)
    connection.close()
    return f"sqlite:///{folder}/old.sqlite"


@pytest.mark.parametrize("place", ["arrow", "pandas", "file", "folder"])
def test_rows_that_exist_are_referred_to_and_copied_from(place: str, tmp_path: Path) -> None:
    sources: dict[str, Any] = {
        "arrow": CUSTOMERS,
        "pandas": CUSTOMERS.to_pandas(),
        "file": parquet(tmp_path),
        "folder": str(tmp_path),
    }
    schema = shop(sources[place])
    database = joined(schema)
    for name in ("Order", "Visit", "Account"):
        orphans = f'SELECT count(*) FROM "{name}" x ANTI JOIN Customer c ON c.id = x.customer_id'
        assert numbers(database, orphans) == [(0,)]
    histogram = """SELECT n, count(*) FROM (SELECT c.id, count(o.id) n FROM Customer c
        LEFT JOIN "Order" o ON o.customer_id = c.id GROUP BY c.id) GROUP BY n ORDER BY n"""
    assert numbers(database, histogram) == [(0, 125), (2, 125), (5, 250)]
    copies = """SELECT count(*) FROM "Order" o JOIN Customer c ON c.id = o.customer_id
        WHERE o.region IS DISTINCT FROM c.region OR o."limit" <> c."limit" """
    assert numbers(database, copies) == [(0,)]
    assert numbers(database, "SELECT count(*), count(DISTINCT customer_id) FROM Account") == [(400, 400)]
    assert [row["id"] for row in schema.rows("Customer")] == CUSTOMERS.column("id").to_pylist()


def test_a_table_of_a_database_is_read_once_and_the_run_is_verified_with_it(
    forks: Forks, workers: str, tmp_path: Path
) -> None:
    (tmp_path / "models.py").write_text(
        f"""
from typing import Annotated
from pydantic import BaseModel, Field
from gen import Children, Existing, ForeignKey, PrimaryKey

Customer = Existing({sqlite(tmp_path)!r}, key="id", table="old customers", columns=["region"])

class Order(BaseModel):
    id: Annotated[int, PrimaryKey()]
    customer_id: Annotated[int, ForeignKey("Customer.id"), Children(3)]
"""
    )
    run = ("--schema", "models.py", *AS_OF, "--out", "data", "--partition-rows", "400", "--scheduler", workers)
    ended = forks(*run, cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert not (tmp_path / "data" / "Customer").exists()
    ids = pq.read_table(tmp_path / "data" / "Order").column("customer_id").to_pylist()
    assert sorted(ids) == sorted([each for each in CUSTOMERS.column("id").to_pylist() for _ in range(3)])
    assert forks("verify", "data", cwd=tmp_path).code == 0
    assert forks(*run, cwd=tmp_path).code == 0
    with sqlite3.connect(tmp_path / "old.sqlite") as connection:
        connection.execute('DELETE FROM "old customers" WHERE id = 7')
    connection.close()
    ended = forks("verify", "data", cwd=tmp_path)
    assert ended.code == 2
    assert "Customer.id" in ended.err
    assert "no longer those that were read" in ended.err


def test_keys_of_every_type_are_held_and_composite_ones_referred_to() -> None:
    keys = {
        "text": (str, [f"k{i}" for i in range(50)]),
        "uuid": (UUID, [uuid4() for _ in range(50)]),
        "day": (date, [date(2020, 1, 1 + i % 28) for i in range(28)]),
        "moment": (datetime, [datetime(2020, 1, 1, i) for i in range(24)]),
        "number": (Decimal, [Decimal(i) / 100 for i in range(50)]),
    }
    for name, (kind, values) in keys.items():
        held = [value.bytes for value in values] if kind is UUID else values
        array = pa.array(held, pa.binary(16)) if kind is UUID else pa.array(held)
        schema = Schema()
        schema.add(Existing(pa.table({"key": array, "twin": array}), key=("key", "twin"), unique=["twin"]), name="Old")
        facts: dict[str, Any] = {"__annotations__": {"a": Annotated[kind, ForeignKey("Old.twin")]}}
        schema.add(type("New", (BaseModel,), facts), rows=200)
        assert {row.a for row in schema.rows("New")} <= set(values), name


def test_what_exists_and_is_no_key_is_refused(tmp_path: Path) -> None:
    schema = Schema()

    def refused(kind: type[Exception], said: str, source: Any, **more: Any) -> None:
        with pytest.raises(kind, match=said):
            schema.add(Existing(source, **({"key": "id"} | more)), name="Old")

    refused(CapacityError, r"Old\.id exists already, and has 2 different keys in 3 rows", pa.table({"id": [1, 2, 2]}))
    refused(SchemaError, r"Old\.id exists already, and 1 of its keys are null", pa.table({"id": [1, None]}))
    refused(SchemaError, r"no column 'id'", pa.table({"ID": [1]}))
    refused(SchemaError, r"Old\.id: it exists already, as list", pa.table({"id": [[1]]}))
    refused(BadRequest, "is no table", 7)
    refused(BadRequest, "cannot be read as Parquet", tmp_path / "nowhere.parquet")
    refused(BadRequest, "which table of the database", "sqlite:///x.sqlite")
    refused(BadRequest, "'nowhere'|nowhere", sqlite(tmp_path), table="nowhere")
    with pytest.raises(BadRequest, match="added without a name"):
        schema.add(Existing(CUSTOMERS, key="id"))
    with pytest.raises(BadRequest, match="Customer exists already, with 500 rows"):
        gen.generate(schema=shop(CUSTOMERS), rows={"Customer": 7}, out=str(tmp_path / "data"))
    with pytest.raises(BadRequest, match="is not written"):
        gen.generate(schema=shop(CUSTOMERS), tables=("Customer",), out=str(tmp_path / "data"))
    assert not (tmp_path / "data").exists()


def test_an_aggregate_is_of_rows_that_are_made_alone() -> None:
    class Tagged(BaseModel):
        id: Annotated[int, Unique()]
        visits: Annotated[int, Count("Visit")]

    schema = shop(CUSTOMERS)
    schema.add(Tagged)
    with pytest.raises(SchemaError, match="no fields of Visit refer to Tagged"):
        schema.table("Tagged")


class Bill(BaseModel):
    customer_id: Annotated[int, ForeignKey("Customer.id")]
    region: Annotated[str | None, Copy("customer_id", "region")]


@pytest.mark.parametrize("order", ["ascending", "sequential", "scattered"])
def test_a_table_that_extends_one_has_other_keys_and_both_are_referred_to(order: Any) -> None:
    class Customer(BaseModel):
        id: Annotated[int, Field(ge=0, le=4000), PrimaryKey(order=order)]
        region: str | None
        orders: Annotated[int, Count("Order")]

    class Order(BaseModel):
        customer_id: Annotated[int, ForeignKey("Customer.id"), Children((0, 4))]

    schema = Schema()
    schema.add(Existing(CUSTOMERS, key="id"), name="Old")
    schema.add(Customer, rows=700, extends="Old")
    schema.add(Order)
    schema.add(Bill, rows=5000)
    database = duckdb.connect()
    database.register("Old", CUSTOMERS)
    for name in ("Customer", "Order", "Bill"):
        database.register(name, schema.table(name).arrow())
    every = "(SELECT id, region FROM Old UNION ALL SELECT id, region FROM Customer)"
    assert numbers(database, f"SELECT count(*), count(DISTINCT id) FROM {every}") == [(1200, 1200)]
    assert numbers(database, f'SELECT count(*) FROM "Order" o ANTI JOIN {every} c ON c.id = o.customer_id') == [(0,)]
    fans = f"""SELECT n, count(*) FROM (SELECT c.id, count(o.customer_id) n FROM {every} c
        LEFT JOIN "Order" o ON o.customer_id = c.id GROUP BY c.id) GROUP BY n ORDER BY n"""
    assert numbers(database, fans) == [(n, 240) for n in range(5)]
    counted = """SELECT count(*) FROM (SELECT c.id, c.orders, count(o.customer_id) n FROM Customer c
        LEFT JOIN "Order" o ON o.customer_id = c.id GROUP BY ALL) WHERE orders <> n"""
    assert numbers(database, counted) == [(0,)]
    joined = f"Bill b JOIN {every} c ON c.id = b.customer_id"
    copied = f"SELECT count(*) FROM {joined} WHERE b.region IS NOT DISTINCT FROM c.region"
    assert numbers(database, copied) == [(5000,)]
    made = schema.table("Customer").arrow().column("id").to_pylist()
    after = max(CUSTOMERS.column("id").to_pylist())
    assert (min(made) > after) == (order != "scattered")
    if order == "sequential":
        assert made == list(range(after + 1, after + 701))


def test_keys_that_exist_leave_room_or_too_little_is_refused() -> None:
    class Customer(BaseModel):
        id: Annotated[int, Field(ge=0, le=1999), PrimaryKey()]

    schema = Schema()
    schema.add(Existing(CUSTOMERS, key="id"), name="Old")
    schema.add(Customer, rows=1500, extends="Old")
    ids = schema.table("Customer").arrow().column("id").to_pylist()
    assert sorted({*ids, *CUSTOMERS.column("id").to_pylist()}) == list(range(2000))
    schema.add(Customer, rows=1501, extends="Old")
    with pytest.raises(CapacityError, match="500 keys that exist already leave holds 1,500"):
        schema.table("Customer")
    schema.add(Customer, rows=5, extends="Elsewhere")
    with pytest.raises(SchemaError, match="extends 'Elsewhere', which is no table that exists already"):
        schema.table("Customer")


def test_texts_and_identifiers_are_others_than_those_that_exist() -> None:
    class Named(BaseModel):
        code: Annotated[str, Field(pattern="^[A-Z][0-9]$"), PrimaryKey()]

    class Identified(BaseModel):
        code: Annotated[UUID, PrimaryKey()]

    held = pa.table({"code": [f"{letter}{digit}" for letter in "ABC" for digit in range(10)]})
    schema = Schema()
    schema.add(Existing(held, key="code"), name="Old")
    schema.add(Existing(pa.table({"code": pa.array([uuid4().bytes], pa.binary(16))}), key="code"), name="OldOnes")
    schema.add(Named, rows=5, extends="Old")
    schema.add(Identified, rows=5, extends="OldOnes")
    assert len(list(schema.rows("Identified"))) == 5
    schema.add(Named, rows=260, extends="Old")
    with pytest.raises(SchemaError, match=r"Named.code: \d+ of the 30 keys that exist already would be drawn again"):
        schema.table("Named")
