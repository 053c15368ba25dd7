"""This file knows SQLite: a file with one writer, tables that have their keys from the start, types that are wishes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from gen.errors import SchemaError
from gen.schema.database_address import sqlalchemy
from gen.sinks.databases.dialect import LEAVE_OUT, Capabilities, Dialect, LoadedTable, Meaning, standard_literal
from gen.sinks.databases.python_values import from_python
from gen.sinks.databases.session import Session
from gen.synth.json_text import unquoted_text

_KINDS = frozenset({"primary", "unique", "foreign", "check"})
_READ_ROWS = 16_384
_MEANINGS = {
    sqlite3.SQLITE_BUSY: Meaning.AWAY,  # another process writes, or has the file to itself
    sqlite3.SQLITE_LOCKED: Meaning.AWAY,
    sqlite3.SQLITE_FULL: Meaning.FULL,
}


class SQLite(Dialect):
    """SQLite. Dates, times and UUIDs are texts as ISO 8601 and RFC 9562 write them; durations are microseconds."""

    name = "sqlite"
    drivers = ("pysqlite",)
    extra = "sqlite"
    capabilities = Capabilities(
        single_writer=True,
        transactional=True,
        at_creation=_KINDS,
        after=frozenset({"index"}),
        validates=False,  # foreign keys are there, and not enforced while rows come in any order
        not_valid=False,
        longest_name=10_000,
        folds_names=True,
        comments="",
        lengths=False,
        patterns="",
        nul=False,
    )
    types: Mapping[str, str] = {
        "int16": "INTEGER",
        "int32": "INTEGER",
        "int64": "INTEGER",
        "decimal": "DECIMAL({precision},{scale})",
        "wide_decimal": "TEXT",  # a DECIMAL keeps no more than 15 digits
        "float32": "FLOAT",
        "float64": "DOUBLE",
        "boolean": "BOOLEAN",
        "text": "TEXT",
        "varchar": "VARCHAR({length})",
        "bytes": "BLOB",
        "uuid": "CHAR(36)",
        "date": "DATE",
        "time": "TIME",
        "timestamp": "DATETIME",
        "timestamptz": "TEXT",
        "duration": "INTEGER",
        "json": "TEXT",  # a JSON would make a number of the text 1
        "long_text": "TEXT",
    }
    functions: Mapping[str, str] = {"length": "length({column})"}
    analyze = "ANALYZE {table}"

    def connect(self, place: Any) -> Session:
        return Session(place, {"timeout": 1.0, "isolation_level": None}, _attend)

    def literal(self, value: Any) -> str:
        if isinstance(value, bool):
            return str(int(value))
        text = standard_literal(value)
        kind, quote, rest = text.partition("'")
        if kind.startswith("INTERVAL"):
            return rest.split(" ")[0]
        return quote + rest if quote else text

    def meaning(self, error: BaseException) -> Meaning:
        original = getattr(error, "orig", None) or error
        code = getattr(original, "sqlite_errorcode", None)
        return _MEANINGS.get(code & 0xFF, Meaning.WRONG) if code is not None else Meaning.WRONG

    # -- loading ----------------------------------------------------------------------------------------------

    def load(self, session: Session, table: LoadedTable, batches: Iterable[pa.RecordBatch]) -> tuple[int, int]:
        places = ", ".join("?" * len(table.columns))
        statement = f"INSERT INTO {self.quoted(table.name)} VALUES ({places})"
        sent = rows = 0
        cursor = session.driver.cursor()
        for batch in batches:
            columns = [
                _bound(f"{table.made_of}.{c.name}", a) for a, c in zip(batch.columns, table.columns, strict=True)
            ]
            cursor.executemany(statement, zip(*columns, strict=True))
            sent += batch.nbytes
            rows += cursor.rowcount
        return sent, rows

    def read(self, session: Session, table: LoadedTable) -> Iterator[pa.RecordBatch]:
        names = [column.name for column in table.columns]
        chosen = ", ".join(self.quoted(name) for name in names)
        cursor = session.driver.cursor().execute(f"SELECT {chosen} FROM {self.quoted(table.name)}")
        while rows := cursor.fetchmany(_READ_ROWS):
            values = zip(*rows, strict=True)
            arrays = [from_python(list(v), c.type) for v, c in zip(values, table.columns, strict=True)]
            yield pa.RecordBatch.from_arrays(arrays, names)

    def drop(self, session: Session, names: Sequence[str]) -> None:
        for name in names:  # one each
            super().drop(session, [name])

    def tables(self, session: Session) -> set[str]:
        return {str(row[0]) for row in session.rows("SELECT name FROM sqlite_master")}


def _attend(engine: Any) -> None:
    """Let SQLAlchemy begin transactions itself, as those who write: Python's own would leave DDL outside of them."""
    sqlalchemy().event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))


def _bound(where: str, array: pa.Array) -> list[Any]:
    """Values as SQLite's driver takes them. Raises SchemaError for those that it would change."""
    kind = array.type
    if pa.types.is_string(kind):
        if pc.any(pc.match_substring(array, "\0")).as_py():
            raise SchemaError(f"{where}: a text has the character NUL, where SQLite ends it.", hint=LEAVE_OUT)
    elif pa.types.is_floating(kind):
        if pc.any(pc.is_nan(array)).as_py():
            raise SchemaError(f"{where}: NaN was drawn, which SQLite stores as NULL.", hint="Draw other numbers.")
    elif pa.types.is_timestamp(kind):
        array = array.cast(pa.string())
        array = pc.replace_substring(array, "Z", "+00:00") if kind.tz else array
    elif pa.types.is_duration(kind):
        array = array.cast(pa.int64())
    elif pa.types.is_boolean(kind):
        array = array.cast(pa.int8())
    elif not (pa.types.is_integer(kind) or kind == pa.binary()):
        array = unquoted_text(array)
    return list(array.to_pylist())
