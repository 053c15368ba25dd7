"""This file knows DuckDB: a file with one writer, loaded from Arrow; it knows no foreign key that comes later."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pyarrow as pa

from gen.sinks.databases.dialect import ADDING, Capabilities, Dialect, LoadedTable, Meaning, standard_literal
from gen.sinks.databases.python_values import arrow_type, from_python
from gen.sinks.databases.session import Session
from gen.sinks.databases.types import SqlType
from gen.synth.json_text import unquoted_text

_READ_ROWS = 16_384
# word of a type -> how a SELECT gives it, where that is not as it is
_GIVEN: Mapping[str, str] = {"uuid": "{column}::VARCHAR", "json": "{column}::VARCHAR", "duration": "epoch_us({column})"}


class DuckDB(Dialect):
    """DuckDB. Keys are added when all rows are there; conditions are kept from the start; references by a query."""

    name = "duckdb"
    drivers = ()
    extra = "duckdb"
    capabilities = Capabilities(
        single_writer=True,
        transactional=True,
        at_creation=frozenset({"check"}),
        after=frozenset({"primary", "unique"}),
        validates=False,
        not_valid=False,
        longest_name=10_000,
        folds_names=True,
        comments="statement",
        lengths=False,
        patterns="regexp_full_match({column}, {pattern})",
        nul=True,
    )
    types: Mapping[str, str] = {
        "int16": "SMALLINT",
        "int32": "INTEGER",
        "int64": "BIGINT",
        "decimal": "DECIMAL({precision},{scale})",
        "float32": "FLOAT",
        "float64": "DOUBLE",
        "boolean": "BOOLEAN",
        "text": "VARCHAR",
        "varchar": "VARCHAR",
        "bytes": "BLOB",
        "uuid": "UUID",
        "date": "DATE",
        "time": "TIME",
        "timestamp": "TIMESTAMP",
        "timestamptz": "TIMESTAMPTZ",
        "duration": "INTERVAL",
        "json": "JSON",
        "list": "{item}[]",
        "long_text": "VARCHAR",
    }
    functions: Mapping[str, str] = {"length": "length({column})", "mod": "({column} % {number})"}
    adding: Mapping[str, str] = {
        **ADDING,
        "primary": "ALTER TABLE {table} ADD {clause}",
        "unique": "CREATE UNIQUE INDEX {name} ON {table} {columns}",
    }

    def connect(self, place: Any) -> Session:
        return DuckDBSession(place)

    def literal(self, value: Any) -> str:
        return standard_literal(value)

    def meaning(self, error: BaseException) -> Meaning:
        said = str(error)
        if "Could not set lock" in said or "Conflicting lock" in said:
            return Meaning.AWAY
        if "No space left" in said or "failed to write" in said.lower():
            return Meaning.FULL
        return Meaning.AGAIN if "Conflict" in said and "Transaction" in said else Meaning.WRONG

    # -- loading ----------------------------------------------------------------------------------------------

    def load(self, session: Session, table: LoadedTable, batches: Iterable[pa.RecordBatch]) -> tuple[int, int]:
        sent, rows = 0, 0
        chosen = ", ".join(_taken(self.quoted(c.name), c.type) for c in table.columns)
        for batch in batches:
            arrays = [_sent(a) for a in batch.columns]
            held = pa.Table.from_arrays(arrays, batch.schema.names)
            session.driver.register("gen_batch", held)
            session.driver.execute(f"INSERT INTO {self.quoted(table.name)} SELECT {chosen} FROM gen_batch")
            rows += int(session.driver.fetchone()[0])
            session.driver.unregister("gen_batch")
            sent += batch.nbytes
        return sent, rows

    def read(self, session: Session, table: LoadedTable) -> Iterator[pa.RecordBatch]:
        names = [column.name for column in table.columns]
        chosen = ", ".join(_given(self.quoted(column.name), column.type) for column in table.columns)
        session.driver.execute("SET TimeZone = 'UTC'")
        reader = session.driver.sql(f"SELECT {chosen} FROM {self.quoted(table.name)}").to_arrow_reader(_READ_ROWS)
        for batch in reader:
            arrays = [_typed(a, c.type) for a, c in zip(batch.columns, table.columns, strict=True)]
            yield pa.RecordBatch.from_arrays(arrays, names)

    def drop(self, session: Session, names: Sequence[str]) -> None:
        for name in names:  # one each
            super().drop(session, [name])

    def tables(self, session: Session) -> set[str]:
        found = session.rows("SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()")
        return {str(row[0]) for row in found}


def _sent(array: pa.Array) -> pa.Array:
    """Values as DuckDB takes them from Arrow: UUIDs, of lists too, as texts."""
    if pa.types.is_list(array.type) and array.type.value_type == pa.binary(16):
        array = array if not array.offset else pa.concat_arrays([array])
        items = unquoted_text(array.values)
        return pa.Array.from_buffers(pa.list_(items.type), len(array), array.buffers()[:2], children=[items])
    return unquoted_text(array) if array.type == pa.binary(16) else array


def _taken(column: str, kind: SqlType) -> str:
    """A column of a batch, in the type of its table's."""
    if kind.word == "list" and kind.item is not None and kind.item.word == "uuid":
        return f"{column}::UUID[]"
    return f"{column}::UUID" if kind.word == "uuid" else column


def _given(column: str, kind: SqlType) -> str:
    """A column of a table, in a type that Arrow has the values of."""
    if kind.word == "list" and kind.item is not None and kind.item.word in _GIVEN:
        return f"[{_given('item', kind.item)} for item in {column}]"
    return _GIVEN.get(kind.word, "{column}").format(column=column)


def _typed(array: pa.Array, kind: SqlType) -> pa.Array:
    if kind.word == "uuid":
        return from_python(array.to_pylist(), kind)
    if kind.word == "list" and kind.item is not None and kind.item.word in _GIVEN:
        return from_python(array.to_pylist(), kind)
    return array.cast(arrow_type(kind))


class DuckDBSession(Session):
    """A connection of DuckDB's own, which SQLAlchemy knows nothing of."""

    def __init__(self, place: Any) -> None:
        import duckdb

        self._driver = duckdb.connect(place.database)

    @property
    def driver(self) -> Any:
        return self._driver

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self._driver.execute("BEGIN")
        try:
            yield
        except BaseException:
            with suppress(Exception):  # of one that is broken
                self._driver.execute("ROLLBACK")
            raise
        self._driver.execute("COMMIT")

    def rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._run(statement, values).fetchall()]

    def changed(self, statement: str, **values: Any) -> int:
        return int(self._run(statement, values).fetchone()[0])

    def run(self, statement: str) -> None:
        self._driver.execute(statement)

    def run_alone(self, statement: str) -> None:
        self._driver.execute(statement)

    def _run(self, statement: str, values: dict[str, Any]) -> Any:
        named = re.sub(r"(?<!:):(\w+)", r"$\1", statement) if values else statement
        return self._driver.execute(named, values) if values else self._driver.execute(named)

    def close(self) -> None:
        with suppress(Exception):
            self._driver.close()
