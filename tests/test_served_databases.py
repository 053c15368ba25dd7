"""Proves that the tables of real database servers are read as they are, and that the servers take what is generated."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from gen.builder import load_schema
from gen.schema.links import Key, Reference
from gen.schema.spec import Column
from program import AS_OF, Forks
from test_reflection import columns, read_back

SHOPS = Path(__file__).with_name("shops")  # a file of SQL a dialect


def execute(url: str, statements: str) -> None:
    """Statements, each with a semicolon at the end of its last line."""
    with sa.create_engine(url).begin() as connection:
        for statement in filter(str.strip, statements.split(";\n")):
            connection.exec_driver_sql(statement.replace("%", "%%"))


def on(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("database", names, indirect=True)


# -- what is read -------------------------------------------------------------------------------------------------

POSTGRESQL = """
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE DOMAIN cents AS integer NOT NULL CHECK (VALUE >= 0);
CREATE TABLE customer (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code smallserial UNIQUE, mood mood NOT NULL,
  status varchar(10) NOT NULL CHECK (status IN ('open', 'shut')), tags text[] NOT NULL, scores integer[][],
  price numeric(10, 2) NOT NULL CHECK (price > 0 AND price < '1000'), paid cents, uid uuid NOT NULL,
  at timestamptz NOT NULL, since date CHECK (since >= '2000-01-01'), took interval, extra jsonb, ip inet,
  name text CHECK (char_length(name) <= 12), place point, twice integer GENERATED ALWAYS AS (2 * 3) STORED,
  CHECK (name ~ '^[a-z]+$'), CHECK (name !~ 'xyz'), CHECK (lower(name) = name OR price > 5));
COMMENT ON TABLE customer IS 'Who buys.';
COMMENT ON COLUMN customer.price IS 'In euros.';
CREATE UNIQUE INDEX few ON customer (name) WHERE price > 5;
CREATE UNIQUE INDEX lowered ON customer (lower(name));
CREATE SCHEMA other;
CREATE TABLE other.place (id integer PRIMARY KEY);
CREATE TABLE purchase (id bigint PRIMARY KEY, customer integer NOT NULL REFERENCES customer, at date NOT NULL,
  place integer REFERENCES other.place);
CREATE TABLE event (id integer, at date NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE event_2020 PARTITION OF event FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
INSERT INTO event VALUES (1, '2020-05-05'), (2, '2020-06-06');
CREATE VIEW seen AS SELECT * FROM customer;
"""


@on("postgresql")
def test_postgresql_is_read_with_identities_enums_arrays_comments_and_checks(database: str, tmp_path: Path) -> None:
    execute(database, POSTGRESQL)
    schema = load_schema(database)
    assert [(table.name, table.rows) for table in schema.spec.tables] == [
        ("customer", 0),
        ("event", 2),
        ("purchase", 0),
    ]
    table, found = schema.spec.table("customer"), columns(schema, "customer")
    integers = {"maximum": 2147483647}
    assert found["id"] == Column("id", "integer", **integers, key=Key())
    assert found["code"] == Column("code", "integer", maximum=32767, unique=("code",))
    assert found["mood"] == Column("mood", "choice", choices=("sad", "happy"))
    assert found["status"] == Column("status", "choice", choices=("open", "shut"))
    assert found["tags"] == Column("tags", "list", parts=(Column("item", "text"),))
    assert found["price"].minimum_excluded
    assert (found["price"].minimum, found["price"].maximum, found["price"].max_digits) == (0, 1000, 10)
    assert found["paid"] == Column("paid", "integer", minimum=0, maximum=2147483647)
    assert found["name"].patterns == ("^[a-z]+$",)
    assert (found["paid"].minimum, found["name"].max_length, found["at"].zoned) == (0, 12, True)
    assert str(found["since"].minimum) == "2000-01-01"
    kinds = {name: found[name].kind for name in ("uid", "took", "extra", "ip")}
    assert kinds == {"uid": "uuid", "took": "duration", "extra": "any", "ip": "text"}
    assert (table.description, found["price"].description) == ("Who buys.", "In euros.")
    assert columns(schema, "purchase")["customer"].reference == Reference("customer", "id")
    assert [name for name, column in columns(schema, "event").items() if column.key] == ["id", "at"]
    said = " ".join(sentence for _, sentence in schema.unread)
    for words in (
        "lower(name)",
        "!~ 'xyz'",
        "index few",
        "index lowered",
        "column twice",
        "column place",
        "other.place",
    ):
        assert words in said
    assert len(schema.unread) == 7
    assert read_back(tmp_path, schema).spec == schema.spec


@on("postgresql")
def test_no_password_is_kept_or_shown(database: str, forks: Forks, tmp_path: Path) -> None:
    execute(database, POSTGRESQL)
    arguments = ("--schema", database, "--tables", "purchase", "--rows", "purchase=5", "--rows", "customer=5")
    shown = [forks("schema", database, cwd=tmp_path), forks("describe", "--schema", database, cwd=tmp_path)]
    shown += [forks(*arguments, "--out", "data", cwd=tmp_path), forks("verify", "data", cwd=tmp_path)]
    assert [ended.code for ended in shown] == [0, 0, 0, 0], shown
    record = (tmp_path / "data/_gen/run.json").read_text()
    assert "someone:***@" in record
    assert "hidden" not in record
    for ended in shown:
        assert "hidden" not in ended.out + ended.err


MARIADB = """
CREATE TABLE customer (id bigint unsigned AUTO_INCREMENT PRIMARY KEY, code char(3) NOT NULL UNIQUE,
  exact varchar(9) COLLATE utf8mb4_bin UNIQUE,
  mood enum('glad', 'sad') NOT NULL COMMENT 'today', flags set('a', 'b') NOT NULL,
  born date CHECK (born >= '1930-01-01'), balance decimal(8, 2) unsigned NOT NULL, ratio float unsigned,
  settings json, seen datetime(6) NOT NULL, yes tinyint(1) NOT NULL,
  small tinyint unsigned NOT NULL, bits bit(6) NOT NULL,
  one bit(1) NOT NULL, y year NOT NULL, status varchar(9) NOT NULL CHECK (status IN ('new', 'paid')),
  shape varchar(20) NOT NULL CHECK (shape REGEXP '^[a-f]+-\\\\d$'),
  way varchar(5) NOT NULL CHECK (way IN ('a\\\\b', 'it''s')),
  referred_by bigint unsigned,
  CONSTRAINT named CHECK (balance < 1000), FOREIGN KEY (referred_by) REFERENCES customer (id)) COMMENT 'Who buys.';
"""


@on("mariadb")
def test_mariadb_is_read_with_checks_beside_columns_unsigned_numbers_json_and_bits(
    database: str, tmp_path: Path
) -> None:
    execute(database, MARIADB)
    schema = load_schema(database)
    table, found = schema.spec.table("customer"), columns(schema, "customer")
    assert schema.unread == ()
    assert found["id"] == Column("id", "integer", minimum=0, key=Key())
    assert found["code"] == Column(
        "code", "text", max_length=3, min_length=1, patterns=("^[a-z0-9]*$",), unique=("code",)
    )
    assert found["exact"].patterns == ()  # its collation tells letters by case
    assert found["mood"] == Column("mood", "choice", choices=("glad", "sad"), description="today")
    assert found["flags"] == Column("flags", "choice", choices=("a", "b"))
    assert str(found["born"].minimum) == "1930-01-01"
    assert (found["balance"].minimum, found["balance"].maximum, found["balance"].maximum_excluded) == (0, 1000, True)
    assert found["ratio"].minimum == 0
    assert found["settings"].kind == "any"
    assert found["yes"].kind == found["one"].kind == "boolean"
    assert (found["small"].minimum, found["small"].maximum) == (0, 255)
    assert (found["bits"].kind, found["bits"].maximum) == ("integer", 63)
    assert (found["y"].minimum, found["y"].maximum) == (1901, 2155)
    assert found["status"].choices == ("new", "paid")
    assert found["shape"].patterns == (r"^[a-f]+-\d$",)
    assert found["way"].choices == ("a\\b", "it's")
    assert found["referred_by"].reference == Reference("customer", "id")
    assert table.description == "Who buys."
    assert read_back(tmp_path, schema).spec == schema.spec


# -- what is generated --------------------------------------------------------------------------------------------


def to_itself(table: sa.Table) -> list[str]:
    """The columns outside the key that refer to rows of the table itself."""
    return [k.parent.name for k in table.foreign_keys if k.column.table is table and not k.parent.primary_key]


def empty(connection: sa.Connection, tables: list[sa.Table]) -> None:
    for table in reversed(tables):
        for name in to_itself(table):
            connection.execute(table.update().values({name: None}))
        connection.execute(table.delete())


def rows_of(folder: Path) -> tuple[list[str], list[dict[str, Any]]]:
    """The columns of a table, and its rows as a driver takes them."""
    table = pq.read_table(folder)
    rows = table.to_pylist()
    for field in table.schema:
        if pa.types.is_fixed_size_binary(field.type):
            for row in rows:
                row[field.name] = row[field.name] and str(uuid.UUID(bytes=row[field.name]))
    return table.column_names, rows


def load(connection: sa.Connection, table: sa.Table, folder: Path) -> int:
    """Insert the rows of a table as they are, references to itself after all of them; returns how many there are."""
    names, rows = rows_of(folder)
    quote = connection.dialect.identifier_preparer.quote_identifier
    own, key = to_itself(table), [column.name for column in table.primary_key]
    given = "OVERRIDING SYSTEM VALUE" if connection.dialect.name == "postgresql" else ""
    values = ", ".join(["%s"] * len(names))
    insert = f"INSERT INTO {quote(table.name)} ({', '.join(map(quote, names))}) {given} VALUES ({values})"
    if rows:
        inserted = [tuple(None if name in own else row[name] for name in names) for row in rows]
        connection.exec_driver_sql(insert, inserted)
    for name in own:
        where = " AND ".join(f"{quote(each)} = %s" for each in key)
        update = f"UPDATE {quote(table.name)} SET {quote(name)} = %s WHERE {where}"
        connection.exec_driver_sql(update, [(row[name], *(row[each] for each in key)) for row in rows])
    return len(rows)


@on("postgresql", "mariadb")
@pytest.mark.parametrize("shop", ["of its dialect", "of tenants"])
def test_the_database_takes_what_is_generated_of_its_tables(
    database: str, shop: str, forks: Forks, tmp_path: Path
) -> None:
    """All its constraints are in force: types, keys, references, CHECKs, what is unique."""
    engine = sa.create_engine(database)
    file = "tenants" if shop == "of tenants" else engine.dialect.name
    execute(database, (SHOPS / f"{file}.sql").read_text("utf-8"))
    more = ["--rows", "country=600"] if shop == "of its dialect" else []
    ended = forks("--schema", database, "--scale", 30, *more, "--out", "data", *AS_OF, cwd=tmp_path)
    assert ended.code == 0, ended.err
    if shop == "of tenants":
        assert "warning" not in ended.err  # all is kept, though references share columns
    metadata = sa.MetaData()
    metadata.reflect(engine)
    with engine.begin() as connection:
        counts = {t.name: connection.scalar(sa.select(sa.func.count()).select_from(t)) for t in metadata.sorted_tables}
        assert shop == "of tenants" or (counts["line"] == 100 and counts["empty"] == 0)
        empty(connection, metadata.sorted_tables)
        for table in metadata.sorted_tables:
            rows = 600 if table.name == "country" else 30 * counts[table.name]
            assert load(connection, table, tmp_path / "data" / table.name) == rows
    engine.dispose()
