"""This file knows what a database must say of itself, as data where it can, so that nothing else here knows one."""

from __future__ import annotations

import datetime
import enum
import os
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

import pyarrow as pa

from gen.schema.database_address import sqlalchemy
from gen.sinks.databases.session import Session
from gen.sinks.databases.types import SqlType

LEAVE_OUT = "Leave it out of the field's characters, or of its values."
CONNECT_SECONDS = 10  # that one attempt to connect may take
LOCK_SECONDS = int(os.environ.get("GEN_LOCK_SECONDS", "20"))  # after which a holder that stands still may be ended


class Meaning(enum.Enum):
    """What an error of a database's means for a run."""

    AWAY = "the server is away, or full of others: wait for it"
    AGAIN = "this transaction lost to another one: run it again"
    LOCKED = "another transaction holds what this one needs"
    FULL = "there is no room"
    WRONG = "anything else: it would come again"


@dataclass(frozen=True)
class LoadedColumn:
    """A column as a database has it. reader: how a SELECT names it so that its values are read back as they are."""

    name: str
    type: SqlType
    nullable: bool
    description: str | None = None


@dataclass(frozen=True)
class LoadedTable:
    """A table as a database has it. made_of: its table in the schema."""

    name: str
    columns: tuple[LoadedColumn, ...]
    made_of: str
    description: str | None = None


@dataclass(frozen=True)
class Capabilities:
    """What a database can do, as far as loading it goes. Kinds of constraints: primary, unique, index, foreign, check.

    single_writer: one process at a time may write; workers spool. transactional: whether DDL can be rolled back.
    at_creation: the kinds that a table is made with. after: those that are added when all rows are there. What is of
    neither is not declared. validates: whether the database looks if rows keep a foreign key, and fast; else a query
    does. not_valid: whether a foreign key is added first and validated later. longest_name: bytes. folds_names: whether
    names that differ in case alone are one. comments: "statement", "inline", or "". lengths: whether a varchar's is
    kept. patterns: how a CHECK matches a regular expression, with {column} and {pattern}. nul: whether a text may have
    the character NUL.
    """

    single_writer: bool
    transactional: bool
    at_creation: frozenset[str]
    after: frozenset[str]
    validates: bool
    not_valid: bool
    longest_name: int
    folds_names: bool
    comments: str
    lengths: bool
    patterns: str
    nul: bool


_ADD = "ALTER TABLE {table} ADD CONSTRAINT {name} {clause}"
ADDING: Mapping[str, str] = {
    "primary": _ADD,
    "unique": _ADD,
    "index": "CREATE INDEX {name} ON {table} {columns}",
    "foreign": _ADD,
    "check": _ADD,
}


class Dialect(ABC):
    """One kind of database: its capabilities, its names of types, and its own way to take many rows at once."""

    name: str  # as in a URL: "postgresql"
    drivers: tuple[str, ...]  # of SQLAlchemy's, that it can be loaded by
    capabilities: Capabilities
    types: Mapping[str, str]  # word of a SqlType -> its name, to be filled
    functions: Mapping[str, str]  # what a condition may need -> how it is written
    adding: Mapping[str, str] = ADDING  # kind of constraint -> the statement that adds it
    table_end: str = ""  # what a CREATE TABLE ends with
    is_slow: bool = False  # whether it is loaded by nothing better than INSERTs
    table_end_of_temporary: str = ""
    making_temporary: str = "CREATE TEMPORARY TABLE"
    temporary: str = "TABLE"  # what a temporary table is called where it is dropped
    dropping: str = "ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}"  # of a foreign key
    analyze: str = "ANALYZE {table}"  # "" where that is not known
    shared: str = ""  # what a SELECT ends with so that nobody changes its rows before the transaction ends
    insert_if_new: tuple[str, str] = ("INSERT INTO", " ON CONFLICT DO NOTHING")  # what an INSERT begins and ends with
    extra: str  # what installs its driver: pip install 'gen[extra]'

    def quoted(self, name: str) -> str:
        """An identifier, quoted as SQLAlchemy does for this database."""
        return str(_preparer(self.name).quote_identifier(name))

    @abstractmethod
    def literal(self, value: Any) -> str:
        """A value as SQL writes it: text, numbers, truths, dates and times."""

    @abstractmethod
    def connect(self, place: Any) -> Session:
        """A connection to the database of a URL of SQLAlchemy, with its password. Raises what the driver raises."""

    @abstractmethod
    def meaning(self, error: BaseException) -> Meaning:
        """What an error of the driver's means."""

    @abstractmethod
    def load(self, session: Session, table: LoadedTable, batches: Iterable[pa.RecordBatch]) -> tuple[int, int]:
        """Put rows into a table, in the open transaction: how many bytes were sent, and how many rows arrived.

        Columns are in the table's order; nested ones are JSON texts. Raises what the driver raises, and SchemaError
        for values that the database cannot hold.
        """

    @abstractmethod
    def read(self, session: Session, table: LoadedTable) -> Iterator[pa.RecordBatch]:
        """The rows of a table in the open transaction, by another road than they came in; JSON as text.

        Columns have the Arrow types that they are sent with. Rows are in the order in which they lie.
        """

    def check(  # noqa: B027 - where there is nothing to do
        self, session: Session
    ) -> None:
        """Refuse a server that cannot be loaded. Raises TargetError."""

    @contextmanager
    def alone(self, session: Session, what: str) -> Iterator[None]:
        """While no other process does the same in the same database: a transaction."""
        with session.transaction():
            yield

    def drop(self, session: Session, names: Sequence[str]) -> None:
        """Drop tables, which may refer to each other."""
        session.run(f"DROP TABLE {', '.join(map(self.quoted, names))}")

    def fitted(self, session: Session, statement: str) -> str:
        """A statement that makes a table, as this very server wants it."""
        return statement

    def is_there(self, error: BaseException) -> bool:
        """Whether an error says that what was to be made is there: asked where DDL is in no transaction."""
        return False

    def begin_step(  # noqa: B027 - where there is nothing to do
        self, session: Session
    ) -> None:
        """In the open transaction, before a finishing step."""

    def begin_load(  # noqa: B027 - where there is nothing to do
        self, session: Session, holder: str
    ) -> None:
        """In the open transaction, before the ledger is asked: say who holds it, and how long to wait for others."""

    def fence(self, session: Session, holder: str) -> bool:
        """End the transaction of another holder of that name, or of what is done once, if it has stood still.

        Where no holder is named, of all that gen does. Returns whether one was ended.
        """
        return False

    @abstractmethod
    def tables(self, session: Session) -> set[str]:
        """The names of the tables that are there."""


@cache
def _preparer(name: str) -> Any:
    sql = sqlalchemy()
    dialects = {"mariadb": "mysql", "duckdb": "postgresql"}
    found = sql.dialects.registry.load(dialects.get(name, name))().identifier_preparer
    found._double_percents = False  # statements are sent as they are
    return found


def standard_literal(value: Any) -> str:
    """A value as the SQL standard writes it. Text must have no NUL, and backslashes must mean themselves.

    Moments are in UTC, as they are stored, and have all their digits: some databases compare them as texts.
    """
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float, Decimal)):
        return str(value) if not isinstance(value, float) else repr(value)
    if isinstance(value, datetime.datetime):
        kind = "TIMESTAMP" if value.tzinfo is None else "TIMESTAMP WITH TIME ZONE"
        value = value if value.tzinfo is None else value.astimezone(datetime.UTC)
        return f"{kind} '{value.isoformat(' ', 'microseconds')}'"
    if isinstance(value, datetime.date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, datetime.time):
        return f"TIME '{value.replace(tzinfo=None).isoformat('microseconds')}'"
    if isinstance(value, datetime.timedelta):
        return f"INTERVAL '{value // datetime.timedelta(microseconds=1)} microseconds'"
    if isinstance(value, uuid.UUID):
        return f"'{value}'"
    return "'" + str(value).replace("'", "''") + "'"
