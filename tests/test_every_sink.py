"""Every sink keeps every value: written by a run, read back by another client, and equal to the bit.

Each table has two columns for every type, one of them with nulls, whose values are those at the edges (edge_values.py).
What a sink cannot keep it refuses, by a sentence that names the column.
"""

from __future__ import annotations

import base64
import csv
import datetime
import json
import math
import sqlite3
import struct
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import duckdb
import polars
import psycopg
import psycopg.types.json
import pymysql
import pytest
import sqlalchemy as sa
from pydantic import AwareDatetime, BaseModel, Field

import servers
from edge_values import BLOCK, EVERY, FAR, FIELDS, PLACE, SPECIAL, Edges, Kind, Ratio, model_of
from gen import ForeignKey, PrimaryKey, Schema, Unique, generate
from gen.errors import RunError, SchemaError

ROWS, PARTITION_ROWS = 250, 100
FILES = ("parquet", "csv", "jsonl", "arrow")
SINKS = sorted(EVERY)


@pytest.fixture(scope="module")
def postgresql_server() -> Iterator[str]:
    with servers.postgresql() as url:
        yield url


@pytest.fixture(scope="module")
def mariadb_server() -> Iterator[str]:
    with servers.mariadb() as url:
        yield url


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new place of the kind that is the parameter: a folder, or the URL of an empty database."""
    kind = request.param
    if kind in FILES:
        return str(tmp_path / "data")
    if kind in ("sqlite", "duckdb"):
        return f"{kind}:///{tmp_path / 'data.db'}"
    server, name = sa.make_url(request.getfixturevalue(f"{kind}_server")), f"edges_{uuid.uuid4().hex}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return server.set(database=name).render_as_string(hide_password=False)


every_sink = pytest.mark.parametrize(("sink", "place"), [(sink, sink) for sink in SINKS], indirect=["place"])
every_database = pytest.mark.parametrize(
    ("sink", "place"), [(sink, sink) for sink in SINKS if sink not in FILES], indirect=["place"]
)


def written(schema: Schema, sink: str, place: str) -> None:
    """Run it: in several partitions of several blocks."""
    where = {"out": place, "format": sink} if sink in FILES else {"to": place}
    generate(schema=schema, partition_rows=PARTITION_ROWS, **where)


def schema_of(fields: Iterable[Edges], rows: int = ROWS) -> Schema:
    schema = Schema()
    schema.add(model_of("Edge", fields), rows)
    return schema


# -- readers: rows by name, in order, as clients give them -------------------------------------------------------

Rows = list[dict[str, Any]]


def by_duckdb(source: str, sql: str = "SELECT * FROM {source} ORDER BY CAST(number AS INTEGER)") -> Rows:
    """What DuckDB reads; instants as their microseconds, for Python needs another package to have their zone."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return rows_of(connection.execute(sql.format(source=source)))


def rows_of(cursor: Any) -> Rows:
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def parquet(folder: str) -> Rows:
    return by_duckdb(f"'{folder}/Edge/*.parquet'")


def csv_by_duckdb(folder: str) -> Rows:
    """With nulls told from empty texts, which Python's own reader cannot before 3.12."""
    return by_duckdb(
        f"read_csv('{folder}/Edge/*.csv', all_varchar = true, header = true, nullstr = '', allow_quoted_nulls = false, "
        "delim = ',', quote = '\"', escape = '\"', max_line_size = 10000000)"
    )


def csv_by_python(folder: str) -> Rows:
    csv.field_size_limit(10**8)
    found: Rows = []
    for path in sorted(Path(folder, "Edge").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            found += csv.DictReader(file, strict=True)
    return found


def jsonl(folder: str) -> Rows:
    paths = sorted(Path(folder, "Edge").glob("*.jsonl"))
    return [loads(line) for path in paths for line in path.read_text("utf-8").split("\n")[:-1]]


def arrow(folder: str) -> Rows:
    paths = sorted(Path(folder, "Edge").glob("*.arrow"))
    return [row for path in paths for row in polars.read_ipc(path.read_bytes()).to_dicts()]


def postgresql(url: str) -> Rows:
    """In the binary format of results, by a client that gen's own loading has no part of."""
    with connected("postgresql", url) as connection:
        psycopg.types.json.set_json_loads(bytes.decode, connection)  # as text
        return rows_of(connection.cursor(binary=True).execute('SELECT * FROM "Edge" ORDER BY number'))


def mariadb(url: str) -> Rows:
    with connected("mariadb", url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM Edge ORDER BY number")
        return rows_of(cursor)


def sqlite(url: str) -> Rows:
    with connected("sqlite", url) as connection:
        return rows_of(connection.execute("SELECT * FROM Edge ORDER BY number"))


def duckdb_file(url: str) -> Rows:
    with connected("duckdb", url) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return rows_of(connection.execute("SELECT * FROM Edge ORDER BY number"))


def connected(sink: str, url: str) -> Any:
    """The client's own connection."""
    place = sa.make_url(url)
    where = {"host": place.host, "port": place.port, "user": place.username}
    if sink == "postgresql":
        return psycopg.connect(**where, dbname=place.database, options="-c timezone=UTC", autocommit=True)
    if sink == "mariadb":
        return pymysql.connect(**where, database=place.database, charset="utf8mb4", autocommit=True)
    return (sqlite3 if sink == "sqlite" else duckdb).connect(place.database or "")


loads = partial(json.loads, parse_float=Decimal)

# -- what clients give for a value of each kind -------------------------------------------------------------------

Decoders = Mapping[str, Callable[[Any], Any]]
EPOCH = datetime.datetime(1970, 1, 1)
US = datetime.timedelta(microseconds=1)


def same(value: Any) -> Any:
    return value


def duration(text: str) -> datetime.timedelta:
    """Of ISO 8601, in seconds alone."""
    sign, seconds = (-1, text[3:-1]) if text.startswith("-") else (1, text[2:-1])
    assert text == f"{'-' if sign < 0 else ''}PT{seconds}S"
    return sign * int(Decimal(seconds) * 1_000_000) * US


def number(value: Any) -> float:
    return float(value)


def exactly(value: Any) -> Decimal:
    return Decimal(str(value))


def truth(value: Any) -> bool:
    return {0: False, 1: True}[value]


def wide(value: Any) -> int:
    """A whole number beyond 64 bits: a decimal without places."""
    found = exactly(value)
    assert found.as_tuple().exponent == 0
    return int(found)


def blob(value: bytes) -> uuid.UUID:
    return uuid.UUID(bytes=value)


JSON: Decoders = {
    "wide": wide,
    **dict.fromkeys(("integer", "boolean", "text", "json"), same),
    "decimal": exactly,
    "float": number,
    "bytes": base64.b64decode,
    "uuid": uuid.UUID,
    "date": datetime.date.fromisoformat,
    "time": datetime.time.fromisoformat,
    "datetime": datetime.datetime.fromisoformat,
    "zoned": datetime.datetime.fromisoformat,
    "duration": duration,
}
PYTHON: Decoders = dict.fromkeys(JSON, same) | {"json": loads, "wide": wide}
DECODERS: Mapping[Callable[[str], Rows], Decoders] = {
    parquet: PYTHON | {"duration": lambda value: value * US, "uuid": blob},
    csv_by_python: JSON | {"integer": int, "boolean": {"true": True, "false": False}.__getitem__, "json": loads},
    csv_by_duckdb: JSON | {"integer": int, "boolean": {"true": True, "false": False}.__getitem__, "json": loads},
    jsonl: JSON,
    arrow: PYTHON | {"uuid": blob},
    postgresql: PYTHON,
    mariadb: PYTHON
    | {"boolean": truth, "uuid": uuid.UUID, "duration": lambda value: value * US}
    | {"time": lambda value: (EPOCH + value).time(), "zoned": lambda value: value.replace(tzinfo=datetime.UTC)},
    sqlite: JSON | {"boolean": truth, "bytes": same, "duration": lambda value: value * US, "json": loads},
    duckdb_file: PYTHON,
}
READERS: Mapping[str, tuple[Callable[[str], Rows], ...]] = {
    "parquet": (parquet,),
    "csv": (csv_by_python, csv_by_duckdb),
    "jsonl": (jsonl,),
    "arrow": (arrow,),
    "postgresql": (postgresql,),
    "mariadb": (mariadb,),
    "sqlite": (sqlite,),
    "duckdb": (duckdb_file,),
}


def decoded(value: Any, kind: Kind, decoders: Decoders) -> Any:
    """What a client gave as the Python value that it means. Nested values may be JSON texts, or values of JSON."""
    if value is None:
        return None
    if isinstance(kind, str):
        return decoders[kind](value)
    if isinstance(value, str):
        value, decoders = loads(value), JSON
    if isinstance(kind, list):
        return [decoded(item, kind[0], decoders) for item in value]
    if isinstance(kind, dict):
        return {name: decoded(value[name], inner, decoders) for name, inner in kind.items()}
    entries = value.items() if isinstance(value, dict) else (entry.values() for entry in value)
    return {name: decoded(item, kind[0], decoders) for name, item in entries}


def exact(value: Any) -> Any:
    """A value that equals another one only where both are of one type, and the same to the bit."""
    if isinstance(value, float):
        return "float", "nan" if value != value else struct.pack("<d", value)
    if isinstance(value, list):
        return [exact(item) for item in value]
    if isinstance(value, dict):
        return {name: exact(item) for name, item in value.items()}
    return type(value).__name__, value


# where a sink has no sign of a zero
SIGNLESS: Mapping[str, Callable[[Kind], bool]] = {
    "sqlite": lambda kind: kind == "float",
    "mariadb": lambda kind: kind == "float",
    "postgresql": lambda kind: isinstance(kind, dict) or kind == [PLACE],  # jsonb
}


def signless(value: Any) -> Any:
    """The value, without the sign of any zero in it."""
    if isinstance(value, list):
        return [signless(item) for item in value]
    if isinstance(value, dict):
        return {name: signless(item) for name, item in value.items()}
    return 0.0 if isinstance(value, float) and value == 0 else value


def differences(edges: Edges, sink: str, raw: list[Any], decoders: Decoders) -> list[str]:
    """The values of a column that are not what was meant, in words."""
    found = []
    is_signless = sink in SIGNLESS and SIGNLESS[sink](edges.kind)
    for i, given in enumerate(raw):
        meant = edges.values[i % len(edges.values)]
        meant = loads(meant) if edges.kind == "json" and meant is not None else meant
        try:
            value = decoded(given, edges.kind, decoders)
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            value = error
        if exact(value) != exact(signless(meant) if is_signless else meant):
            found.append(f"{meant!r:.300} came as {given!r:.300}, read as {value!r:.300}")
    return list(dict.fromkeys(found))[:5]


# -- what is kept ------------------------------------------------------------------------------------------------


def kept_by(sink: str) -> list[Edges]:
    return [kept for edges in (*FIELDS, *SPECIAL) if sink in edges.kept_by for kept in (edges, edges.optional)]


@every_sink
def test_every_value_of_every_type_comes_back_as_it_was(sink: str, place: str) -> None:
    fields = kept_by(sink)
    written(schema_of(fields), sink, place)
    for reader in READERS[sink]:
        rows, decoders = reader(place), DECODERS[reader]
        if reader is csv_by_python:
            fields = [edges for edges in fields if None not in edges.values]
        assert len(rows) == ROWS > 2 * PARTITION_ROWS > 4 * BLOCK
        found = {edges.name: differences(edges, sink, [row[edges.name] for row in rows], decoders) for edges in fields}
        assert {name: differs for name, differs in found.items() if differs} == {}


# -- what is refused ---------------------------------------------------------------------------------------------

REFUSED = [(sink, sink, edges) for sink in SINKS for edges in SPECIAL if sink not in edges.kept_by]


@pytest.mark.parametrize(
    ("sink", "place", "edges"), REFUSED, indirect=["place"], ids=[f"{sink}-{edges.name}" for sink, _, edges in REFUSED]
)
def test_what_a_sink_cannot_keep_is_refused_by_name_and_nothing_is_left(sink: str, place: str, edges: Edges) -> None:
    with pytest.raises(SchemaError, match=rf"^Edge\.{edges.name}: .*{edges.refusal}") as refused:
        written(schema_of([edges], BLOCK), sink, place)
    assert refused.value.hint
    if sink in FILES:
        assert not list(Path(place).rglob("*.*"))


@every_database
def test_what_shows_late_stops_the_run_by_name_and_none_of_its_partition_is_there(sink: str, place: str) -> None:
    """After the rows that are tried, in the middle of a partition: the connection is as good as before."""
    kept = Edges("late", {"ratio": "float"}, Ratio, (*[{"ratio": 1.0}] * 2 * PARTITION_ROWS * 2, {"ratio": math.nan}))
    with pytest.raises(RunError, match=r"^Edge\.late: NaN") as stopped:
        written(schema_of([kept], len(kept.values)), sink, place)
    assert stopped.value.exit_code == 1
    with connected(sink, place) as connection:
        quoted = '"Edge"' if sink == "postgresql" else "Edge"
        assert column(connection, f"SELECT count(*) FROM {quoted}") == [4 * PARTITION_ROWS]


# -- what the database itself keeps --------------------------------------------------------------------------------

CENTURY = datetime.datetime(2000, 1, 1, tzinfo=FAR)


class Parent(BaseModel):
    id: Annotated[int, PrimaryKey()]
    code: Annotated[str, Field(min_length=2, max_length=8), Unique()]
    amount: Annotated[Decimal, Field(ge=0, lt=100, decimal_places=2)]
    ratio: Annotated[float, Field(gt=0, le=1)]
    step: Annotated[int, Field(ge=-100, le=100, multiple_of=5)]
    mood: Literal["it's", "back\\slash", "%s :name"] | None
    day: Annotated[datetime.date, Field(ge=datetime.date(2000, 1, 1))]
    hour: Annotated[datetime.time, Field(ge=datetime.time(8), le=datetime.time(15))]
    moment: Annotated[AwareDatetime, Field(ge=CENTURY, lt=CENTURY.replace(year=2100))]
    took: Annotated[datetime.timedelta, Field(ge=datetime.timedelta(0), le=datetime.timedelta(days=400))]


class Child(BaseModel):
    id: Annotated[int, PrimaryKey()]
    parent: Annotated[int, ForeignKey("parent.id")]


# what breaks a promise -> the table, what is changed in a row that keeps all, and the databases that do not make it
BREAKING: Mapping[str, tuple[str, Mapping[str, Any], str]] = {
    "nothing": ("parent", {}, ""),
    "nothing, with a null": ("parent", {"mood": None}, ""),
    "the primary key": ("parent", {"id": "id"}, ""),
    "what is unique": ("parent", {"code": "code"}, ""),
    "a value must be there": ("parent", {"amount": None}, ""),
    "the least length": ("parent", {"code": "x"}, ""),
    "the greatest length": ("parent", {"code": "x" * 9}, ""),
    "the least value": ("parent", {"amount": "-0.01"}, ""),
    "the value that all are below": ("parent", {"amount": "100.00"}, ""),
    "the value that all are above": ("parent", {"ratio": 0.0}, ""),
    "the greatest value": ("parent", {"ratio": 1.0000000000000002}, ""),
    "the step": ("parent", {"step": 7}, "sqlite"),
    "the choices": ("parent", {"mood": "its"}, ""),
    "the first day": ("parent", {"day": "1999-12-31"}, ""),
    "the last hour": ("parent", {"hour": "23:00:00.000001"}, ""),
    "the first moment": ("parent", {"moment": "2000-01-01 07:59:59.999999"}, ""),
    "the reference": ("child", {"parent": -1000}, "duckdb"),
}


@every_database
def test_the_database_itself_keeps_what_was_declared(sink: str, place: str) -> None:
    schema = Schema()
    schema.add(Parent, 300, name="parent")
    schema.add(Child, 300, name="child")
    written(schema, sink, place)
    with connected(sink, place) as connection:
        if sink == "sqlite":
            connection.execute("PRAGMA foreign_keys = ON")
        taken = {what for what in BREAKING if is_taken(connection, sink, *BREAKING[what][:2])}
    unkept = {what for what, (_, _, by) in BREAKING.items() if sink in by.split()}
    assert taken == {"nothing", "nothing, with a null"} | unkept


def is_taken(connection: Any, sink: str, table: str, changed: Mapping[str, Any]) -> bool:
    """Whether the client can insert a row that is like another one, but for what is changed in it."""
    row = rows_of(answered(connection, f"SELECT * FROM {table} WHERE id >= 0 ORDER BY id LIMIT 1"))[0]
    own = {"id": min(0, *column(connection, f"SELECT id FROM {table}")) - 1}
    if table == "parent":
        own |= {"code": f"new{-own['id']}"}
    values = row | own | {name: row[name] if name == value else value for name, value in changed.items()}
    places = ", ".join(["?" if sink in ("sqlite", "duckdb") else "%s"] * len(values))
    try:
        answered(connection, f"INSERT INTO {table} VALUES ({places})", tuple(values.values()))
    except (psycopg.Error, pymysql.MySQLError, sqlite3.Error, duckdb.Error):
        return False
    return True


def answered(connection: Any, statement: str, values: tuple[Any, ...] = ()) -> Any:
    cursor = connection.cursor()
    cursor.execute(statement, values)
    return cursor


def column(connection: Any, statement: str) -> list[Any]:
    return [row[0] for row in answered(connection, statement).fetchall()]
