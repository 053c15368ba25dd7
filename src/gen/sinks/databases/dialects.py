"""This file knows every dialect, by its name in a URL, and how the sink of a run is put together from one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gen.schema.spec import Spec
from gen.sinks.databases.address import Address
from gen.sinks.databases.ddl import Definition, Writer
from gen.sinks.databases.dialect import Dialect
from gen.sinks.databases.duckdb import DuckDB
from gen.sinks.databases.ledger import DatabaseRecords
from gen.sinks.databases.mysql import MySQL
from gen.sinks.databases.plain import Plain
from gen.sinks.databases.postgresql import PostgreSQL
from gen.sinks.databases.refused import check_values
from gen.sinks.databases.run_database import RunDatabase
from gen.sinks.databases.server import Server
from gen.sinks.databases.sink import DatabaseSink
from gen.sinks.databases.sqlite import SQLite
from gen.synth.table import TableSource

DIALECTS: dict[str, type[Dialect]] = {
    "postgresql": PostgreSQL,
    "mysql": MySQL,
    "mariadb": MySQL,
    "sqlite": SQLite,
    "duckdb": DuckDB,
}
DDL = ("create", "replace", "none", "print")


def dialect_of(address: Address) -> Dialect:
    """The dialect of a URL; of a driver or a database that gen knows no bulk load for, the plain one."""
    name = address.dialect
    driver = address.url.partition(":")[0].partition("+")[2]
    if name in DIALECTS and (not driver or driver in DIALECTS[name].drivers):
        return DIALECTS[name]()
    return Plain(name)


def records_of(url: str, password_file: str | None, patience: float) -> DatabaseRecords:
    """The database that a URL names, as a place. Connects to nothing."""
    address = Address.of(url, password_file)
    return DatabaseRecords(Server(address, dialect_of(address), patience))


def definition_of(dialect: Dialect, spec: Spec, sources: Mapping[str, TableSource]) -> Definition:
    """The tables of a schema in a dialect. Raises SchemaError, BadRequest for what that cannot have."""
    check_values(dialect, spec)
    return Writer(dialect, spec, {t.name: sources[t.name] for t in spec.tables if not t.existing}).definition()


def sink_of(
    records: DatabaseRecords, record: Mapping[str, Any], spec: Spec, sources: Mapping[str, TableSource], ddl: str
) -> DatabaseSink:
    """The sink of a run. sources: of all tables."""
    definition = definition_of(records.server.dialect, spec, sources)
    made = {table: sources[table] for table in definition.tables}
    return DatabaseSink(RunDatabase(records, record, definition, ddl), made)
