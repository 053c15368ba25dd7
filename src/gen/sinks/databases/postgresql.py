"""This file knows PostgreSQL (14 or later): binary COPY by psycopg, its names of types, and what its errors mean."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gen.errors import SchemaError, TargetError
from gen.sinks.databases.copy_binary import HEADER, TRAILER, CopyBinary
from gen.sinks.databases.dialect import (
    CONNECT_SECONDS,
    LEAVE_OUT,
    LOCK_SECONDS,
    Capabilities,
    Dialect,
    LoadedTable,
    Meaning,
    standard_literal,
)
from gen.sinks.databases.postgresql_reading import read_as_csv
from gen.sinks.databases.session import Session
from gen.sinks.databases.types import SqlType

_OLDEST = 140_000
_SORTING = "256MB"  # of memory for an index that is built
# who holds a partition, or does what is done once, and waits for its client: what would differ if it went on
_HOLDERS = """
SELECT a.pid, a.state, a.state_change, a.query_start, c.bytes_processed
FROM pg_stat_activity a LEFT JOIN pg_stat_progress_copy c USING (pid)
WHERE (a.application_name LIKE :holder OR a.application_name LIKE 'gen: %')
  AND a.datname = current_database() AND a.pid <> pg_backend_pid()
  AND a.xact_start IS NOT NULL AND a.wait_event_type = 'Client'
"""
# word of a type -> what COPY BINARY calls it
_WIRE = {
    "int16": "int2",
    "int32": "int4",
    "int64": "int8",
    "decimal": "numeric",
    "float32": "float4",
    "float64": "float8",
    "boolean": "bool",
    "text": "text",
    "varchar": "varchar",
    "bytes": "bytea",
    "uuid": "uuid",
    "date": "date",
    "time": "time",
    "timestamp": "timestamp",
    "timestamptz": "timestamptz",
    "duration": "interval",
    "json": "jsonb",
}
_NUL_IN_JSON = r"(^|[^\\])(\\\\)*\\u0000"
# how long to try, and how to see that a server is gone
_CONNECTING = {
    "connect_timeout": CONNECT_SECONDS,
    "application_name": "gen",
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
    "client_encoding": "utf8",
}
# SQLSTATE, or its first letters -> what it means
_MEANINGS: Mapping[str, Meaning] = {
    "08": Meaning.AWAY,  # connection exceptions
    "57P": Meaning.AWAY,  # shut down, crashed, or starting up
    "53300": Meaning.AWAY,  # too many connections
    "25P03": Meaning.AWAY,  # idle in the transaction for too long
    "25P04": Meaning.AWAY,  # the transaction took too long
    "40": Meaning.AGAIN,  # deadlock, serialization
    "55P03": Meaning.LOCKED,
    "53": Meaning.FULL,
}


# what a server says that takes no connection now, and will
_PASSING = ("starting up", "shutting down", "recovery", "too many", "remaining connection slots", "terminat", "crash")


class PostgreSQL(Dialect):
    """PostgreSQL. Transactions include all of DDL, so that each step is done once or not at all."""

    name = "postgresql"
    drivers = ("psycopg",)
    extra = "postgresql"
    capabilities = Capabilities(
        single_writer=False,
        transactional=True,
        at_creation=frozenset(),
        after=frozenset({"primary", "unique", "index", "foreign", "check"}),
        validates=True,
        not_valid=True,
        longest_name=63,
        folds_names=False,
        comments="statement",
        lengths=True,
        patterns="{column} ~ {pattern}",
        nul=False,
    )
    types: Mapping[str, str] = {
        "int16": "smallint",
        "int32": "integer",
        "int64": "bigint",
        "decimal": "numeric({precision},{scale})",
        "float32": "real",
        "float64": "double precision",
        "boolean": "boolean",
        "text": "text",
        "varchar": "varchar({length})",
        "bytes": "bytea",
        "uuid": "uuid",
        "date": "date",
        "time": "time",
        "timestamp": "timestamp",
        "timestamptz": "timestamptz",
        "duration": "interval",
        "json": "jsonb",
        "list": "{item}[]",
        "long_text": "text",
    }
    shared = " FOR SHARE"
    functions: Mapping[str, str] = {"length": "char_length({column})", "mod": "mod({column}, {number})"}

    def literal(self, value: Any) -> str:
        return standard_literal(value)

    def connect(self, place: Any) -> Session:
        logging.getLogger("psycopg").setLevel(logging.ERROR)  # it warns of what a lost connection could not end
        return Session(place, _CONNECTING)

    def meaning(self, error: BaseException) -> Meaning:
        original = getattr(error, "orig", None) or error
        state = getattr(original, "sqlstate", None)
        if state is None and "FATAL:" in str(original) and not any(word in str(original) for word in _PASSING):
            return Meaning.WRONG  # no such database, role or password; libpq says no more than that
        if state is None:
            kind = type(original)  # which may be of a user's own code
            lost = kind.__name__ == "OperationalError" and kind.__module__.startswith("psycopg")
            return Meaning.AWAY if lost or getattr(error, "connection_invalidated", False) else Meaning.WRONG
        return next((_MEANINGS[state[:n]] for n in (5, 3, 2) if state[:n] in _MEANINGS), Meaning.WRONG)

    # -- loading ----------------------------------------------------------------------------------------------

    def load(self, session: Session, table: LoadedTable, batches: Iterable[pa.RecordBatch]) -> tuple[int, int]:
        encoder = CopyBinary([wire(column.type) for column in table.columns])
        names = ", ".join(self.quoted(column.name) for column in table.columns)
        sent = 0
        statement = f"COPY {self.quoted(table.name)} ({names}) FROM STDIN (FORMAT BINARY)"
        with session.driver.cursor() as cursor:
            with cursor.copy(statement) as copy:
                copy.write(HEADER)
                for batch in batches:
                    for column, array in zip(table.columns, batch.columns, strict=True):
                        _check_texts(f"{table.made_of}.{column.name}", column.type, array)
                    rows = encoder.rows(batch)
                    sent += len(rows)
                    copy.write(rows)
                copy.write(TRAILER)
            return sent, int(cursor.rowcount)

    def read(self, session: Session, table: LoadedTable) -> Iterator[pa.RecordBatch]:
        return read_as_csv(session.driver, self.quoted, table)

    # -- living with others -----------------------------------------------------------------------------------

    def check(self, session: Session) -> None:
        with session.transaction():
            version, encoding = int(session.rows("SHOW server_version_num")[0][0]), session.rows("SHOW server_encoding")
            schema = session.rows("SELECT current_schema()")[0][0]
        if version < _OLDEST:
            raise TargetError(f"This is PostgreSQL {version // 10_000}.", hint=f"Use {_OLDEST // 10_000} or later.")
        if encoding[0][0] != "UTF8":
            raise TargetError(
                f"The database stores text as {encoding[0][0]}.",
                hint="Make one that takes every text: CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0.",
            )
        if schema is None:
            raise TargetError(
                "No schema of the connection's search_path exists.", hint="Make it: CREATE SCHEMA; or name another one."
            )

    def tables(self, session: Session) -> set[str]:
        found = session.rows("SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace")
        return {str(row[0]) for row in found}

    @contextmanager
    def alone(self, session: Session, what: str) -> Iterator[None]:
        with session.transaction():
            self.begin_load(session, f"gen: {what}")
            session.rows("SELECT pg_advisory_xact_lock(hashtext(current_schema() || :what))", what=f" gen {what}")
            yield

    def begin_load(self, session: Session, holder: str) -> None:
        session.run(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
        session.rows("SELECT set_config('application_name', :holder, true)", holder=holder)

    def begin_step(self, session: Session) -> None:
        session.run(f"SET LOCAL maintenance_work_mem = '{_SORTING}'")
        self.begin_load(session, "gen: keys and indexes")

    def fence(self, session: Session, holder: str) -> bool:
        """A holder has stood still if it waits for its client, and has done nothing since a look some time ago."""
        now, still, seen = time.monotonic(), [], dict(self._seen)
        with session.transaction():
            for pid, *pulse in session.rows(_HOLDERS, holder=holder or "gen:%"):
                before, since = seen.get(pid, (None, now))
                seen[pid] = (pulse, since if before == pulse else now)
                if now - seen[pid][1] >= 0.9 * LOCK_SECONDS:  # other threads look, too, at any time
                    still.append(pid)
                    session.rows("SELECT pg_terminate_backend(:pid)", pid=pid)
        self._seen = seen
        return bool(still)

    _seen: Mapping[int, tuple[list[Any] | None, float]] = {}  # by process of the server, and since when


def _check_texts(where: str, kind: SqlType, array: pa.Array) -> None:
    """Refuse texts with the character NUL, which this database has none of."""
    if pa.types.is_list(array.type):
        array = array.flatten()
    if not pa.types.is_string(array.type) or not len(array):
        return
    if kind.word == "json":
        has_nul = pc.any(pc.match_substring_regex(array, _NUL_IN_JSON)).as_py()
    else:
        _, places, letters = array.buffers()
        ends = np.frombuffer(places, np.int32, len(array) + 1, 4 * array.offset)
        has_nul = ends[0] < ends[-1] and not np.frombuffer(letters, np.uint8)[ends[0] : ends[-1]].all()
    if has_nul:
        raise SchemaError(f"{where}: a text has the character NUL, which PostgreSQL cannot store.", hint=LEAVE_OUT)


def wire(kind: SqlType) -> str:
    """What COPY BINARY calls a type."""
    if kind.word == "list":
        assert kind.item is not None
        return f"{wire(kind.item)}[]"
    return _WIRE[kind.word]
