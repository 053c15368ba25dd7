"""This file knows every other database that SQLAlchemy does: by its types, and INSERTs of many rows; the slow way."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

import pyarrow as pa

from gen.schema.database_address import sqlalchemy
from gen.sinks.databases.dialect import Capabilities, Dialect, LoadedColumn, LoadedTable, Meaning, standard_literal
from gen.sinks.databases.python_values import from_python
from gen.sinks.databases.session import Session

_READ_ROWS = 16_384
_LENGTH, _PRECISION, _SCALE = 12_345, 29, 17  # that no type has in its name otherwise
# word of a type -> the name of SQLAlchemy's type, and its arguments
_TYPES: Mapping[str, tuple[str, tuple[int, ...], dict[str, Any]]] = {
    "int16": ("SmallInteger", (), {}),
    "int32": ("Integer", (), {}),
    "int64": ("BigInteger", (), {}),
    "decimal": ("Numeric", (_PRECISION, _SCALE), {}),
    "float32": ("Float", (), {}),
    "float64": ("Double", (), {}),
    "boolean": ("Boolean", (), {}),
    "text": ("Text", (), {}),
    "varchar": ("String", (_LENGTH,), {}),
    "bytes": ("LargeBinary", (), {}),
    "uuid": ("Uuid", (), {}),
    "date": ("Date", (), {}),
    "time": ("Time", (), {}),
    "timestamp": ("DateTime", (), {}),
    "timestamptz": ("DateTime", (), {"timezone": True}),
    "duration": ("BigInteger", (), {}),  # microseconds
    "json": ("Text", (), {}),
    "long_text": ("Text", (), {}),
}
_FILLED = {str(_LENGTH): "{length}", str(_PRECISION): "{precision}", str(_SCALE): "{scale}"}


class Plain(Dialect):
    """A database of which nothing is known but what SQLAlchemy does: place, its URL."""

    drivers = ()
    extra = "database"
    is_slow = True
    capabilities = Capabilities(
        single_writer=False,
        transactional=False,
        at_creation=frozenset({"primary", "unique"}),  # conditions are written in too many ways
        after=frozenset({"index", "foreign"}),
        validates=True,
        not_valid=False,
        longest_name=30,
        folds_names=True,
        comments="",
        lengths=True,
        patterns="",
        nul=True,
    )
    functions: Mapping[str, str] = {"length": "length({column})"}
    analyze = ""
    making_temporary = "CREATE TABLE"
    dropping = "ALTER TABLE {table} DROP CONSTRAINT {name}"
    insert_if_new = ("INSERT INTO", "")

    def __init__(self, name: str) -> None:
        self.name = name

    @cached_property
    def types(self) -> Mapping[str, str]:  # type: ignore[override]
        """As the database's own compiler of types in SQLAlchemy writes them."""
        compiler = sqlalchemy().dialects.registry.load(self.name)().type_compiler_instance
        found = {}
        for word in _TYPES:
            text = str(compiler.process(_made(word)))
            for number, place in _FILLED.items():
                text = text.replace(number, place)
            found[word] = text
        return found

    def connect(self, place: Any) -> Session:
        return Session(place, {})

    def literal(self, value: Any) -> str:
        return standard_literal(value)

    def meaning(self, error: BaseException) -> Meaning:
        sql = sqlalchemy()
        if isinstance(error, sql.exc.IntegrityError) and "_gen_" in str(error.orig):
            return Meaning.AGAIN  # another process was first
        if getattr(error, "connection_invalidated", False) or isinstance(error, sql.exc.InterfaceError):
            return Meaning.AWAY
        return Meaning.WRONG

    # -- loading ----------------------------------------------------------------------------------------------

    def load(self, session: Session, table: LoadedTable, batches: Iterable[pa.RecordBatch]) -> tuple[int, int]:
        sql = sqlalchemy()
        made = sql.table(table.name, *(_column(column) for column in table.columns))
        names = [column.name for column in table.columns]
        sent = rows = 0
        for batch in batches:
            columns = [_bound(array) for array in batch.columns]
            found = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
            session.connection.execute(made.insert(), found)
            sent += batch.nbytes
            rows += batch.num_rows
        return sent, rows

    def read(self, session: Session, table: LoadedTable) -> Iterator[pa.RecordBatch]:
        sql = sqlalchemy()
        made = sql.table(table.name, *(_column(column) for column in table.columns))
        result = session.connection.execute(sql.select(*made.columns))
        while rows := result.fetchmany(_READ_ROWS):
            values = zip(*rows, strict=True)
            arrays = [from_python(list(v), c.type) for v, c in zip(values, table.columns, strict=True)]
            yield pa.RecordBatch.from_arrays(arrays, [column.name for column in table.columns])

    def tables(self, session: Session) -> set[str]:
        return set(sqlalchemy().inspect(session.connection).get_table_names())


def _made(word: str, precision: int | None = None, scale: int | None = None) -> Any:
    """SQLAlchemy's type for a word."""
    name, arguments, facts = _TYPES[word]
    if precision is not None:
        arguments = (precision, scale or 0)
    return getattr(sqlalchemy(), name)(*arguments, **facts)


def _column(column: LoadedColumn) -> Any:
    return sqlalchemy().column(column.name, _made(column.type.word, column.type.precision, column.type.scale))


def _bound(array: pa.Array) -> list[Any]:
    """Values as SQLAlchemy's types take them."""
    if array.type == pa.binary(16):
        return [None if value is None else uuid.UUID(bytes=value) for value in array.to_pylist()]
    if pa.types.is_duration(array.type):
        array = array.cast(pa.int64())
    return list(array.to_pylist())
