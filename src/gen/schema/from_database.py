"""This file knows how the tables of a database, or SQLAlchemy's of a Python module, are read as tables of gen.

What a table says in SQL and no fact can say is never passed
over in silence: it is `unread`, a sentence each.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pydantic import BaseModel

from gen.block import array_of
from gen.errors import BadRequest, SchemaError
from gen.schema.database_address import file_found, parsed, said_by, shown, sqlalchemy, without
from gen.schema.models.annotations import Reader
from gen.schema.spec import Column, Table
from gen.schema.sql.conditions import checks_in
from gen.schema.sql.tables import Reading

if TYPE_CHECKING:
    import sqlalchemy as sa

_ROWS = 1000  # of a table whose database is not asked
# dialect -> tables that are parts of others, and would be there twice
_PARTS_OF_TABLES = {"postgresql": "SELECT relname FROM pg_catalog.pg_class WHERE relispartition"}
# dialect -> a query for the statement that made a table, and where in its row that is
_MADE_BY = {
    "sqlite": ("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :name", 0),
    "mysql": ("SHOW CREATE TABLE {}", 1),
    "mariadb": ("SHOW CREATE TABLE {}", 1),
}


@dataclass(frozen=True)
class Reflected:
    """Tables as a database, or a module, has them. unread: what of them is not kept: a table, and a sentence."""

    name: str
    origin: str  # where they are, without passwords
    tables: tuple[Table, ...]
    unread: tuple[tuple[str, str], ...]


# -- a database ---------------------------------------------------------------------------------------------------


def read_database(url: str) -> Reflected:
    """The tables of the default schema of the database that a URL of SQLAlchemy's names, with their row counts.

    It is only read from. Raises BadRequest where it cannot be reached, or what is needed is not installed, SchemaError
    where a table of it cannot be read. No message has the password in it.
    """
    place = file_found(parsed(url))
    with _connected(place) as connection:
        found = _metadata_of(connection)
        read = Reading(found.tables, connection.dialect.name, {}, found.said, found.checks)
        counts = {name: _count(connection, table) for name, table in found.tables.items()}
    return _reflected(_name_of(place), shown(place), read, counts)


def read_table(url: str, table: str, columns: Sequence[str] | None) -> pa.Table:
    """Some columns of a table of a database, or all, as an Arrow table. It is only read from. Raises BadRequest."""
    sql = sqlalchemy()
    with _connected(file_found(parsed(url))) as connection:
        names = columns or [column["name"] for column in sql.inspect(connection).get_columns(table)]
        query = sql.select(*map(sql.column, names)).select_from(sql.table(table))
        rows = connection.execute(query).all()
    values = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    return pa.table({name: array_of(list(column)) for name, column in zip(names, values, strict=True)})


@contextmanager
def _connected(place: Any) -> Iterator[Any]:
    """A connection to a database; what goes wrong with it as a BadRequest, without the password."""
    sql = sqlalchemy()
    try:
        engine = sql.create_engine(place, poolclass=sql.pool.NullPool)
        with engine.connect() as connection:
            yield connection
    except ModuleNotFoundError as error:
        driver = (error.name or str(error)).partition(".")[0]
        raise BadRequest(
            f"{shown(place)} needs the driver {driver}, which is not installed.",
            hint=f"Install it, as pip install {driver}, or name another one in the URL, as postgresql+psycopg://...",
        ) from None
    except (sql.exc.SQLAlchemyError, ValueError, OSError) as error:  # of whatever the driver raises, the text
        raise BadRequest(
            f"{shown(place)} cannot be read: {without(place, said_by(error))}",
            hint="Check the URL: dialect://user:password@host/database, or sqlite:///file.",
        ) from None


def _name_of(place: Any) -> str:
    """What the schema is called: as the database, or as its file without the ending."""
    name = str(place.database or place.get_backend_name())
    return Path(name).stem if place.get_backend_name() == "sqlite" else name


@dataclass(frozen=True)
class _Found:
    tables: dict[str, sa.Table]
    said: list[tuple[str, str]]
    checks: dict[str, list[str]]


def _metadata_of(connection: Any) -> _Found:
    sql = sqlalchemy()
    metadata = sql.MetaData()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        there = sql.inspect(connection).get_table_names()
        query = _PARTS_OF_TABLES.get(connection.dialect.name)
        parts = set(connection.execute(sql.text(query)).scalars()) if query else set()
        names = sorted(name for name in there if name not in parts)
        for name in names:
            sql.Table(name, metadata, autoload_with=connection, resolve_fks=False)
    said = dict.fromkeys(str(w.message).rstrip(".") + "." for w in warned if issubclass(w.category, sql.exc.SAWarning))
    told = [("", text) for text in said if not text.startswith("Did not recognize type")]  # said of its column
    tables = {name: metadata.tables[name] for name in names}
    if connection.dialect.name == "sqlite":
        _add_unique(connection, tables)
    return _Found(tables, told, _checks_of(connection, tables))


def _checks_of(connection: Any, tables: Mapping[str, sa.Table]) -> dict[str, list[str]]:
    """The CHECKs of each table, by the statement that made it, where the database has it.

    SQLAlchemy reads them by patterns, which pass over some names, and over all that stand beside a column.
    """
    sql, dialect = sqlalchemy(), connection.dialect
    if dialect.name not in _MADE_BY:
        return {}
    query, place = _MADE_BY[dialect.name]
    quoted = {name: dialect.identifier_preparer.quote_identifier(name) for name in tables}
    statements = {
        name: connection.execute(sql.text(query.format(quoted[name])), {"name": name}).one()[place] for name in tables
    }
    return {name: checks_in(str(statement)) for name, statement in statements.items()}


def _add_unique(connection: Any, tables: Mapping[str, sa.Table]) -> None:
    """Add what is unique in SQLite by itself: SQLAlchemy reads it by a pattern, too."""
    sql = sqlalchemy()
    inspector = sql.inspect(connection)
    for name, table in tables.items():
        for index in inspector.get_indexes(name, include_auto_indexes=True):
            if index["unique"] and str(index["name"]).startswith("sqlite_autoindex"):
                table.append_constraint(sql.UniqueConstraint(*(table.columns[c] for c in index["column_names"])))


def _count(connection: Any, table: Any) -> int:
    sql = sqlalchemy()
    return int(connection.execute(sql.select(sql.func.count()).select_from(table)).scalar_one())


# -- a module -----------------------------------------------------------------------------------------------------


def read_module(module: ModuleType, title: str, place: str) -> Reflected | None:
    """The tables of the mapped classes and Table objects that a module defines, and those that they refer to; of its
    MetaData where there is nothing else. None of a module that has none of these."""
    if "sqlalchemy" not in sys.modules:
        return None
    sql = sqlalchemy()
    items = list(vars(module).values())
    tables = [mapper.local_table for mapper in _mappers_in(module) if mapper.class_.__module__ == module.__name__]
    tables += [item for item in items if isinstance(item, sql.Table)]
    if not tables:
        held = {id(item): item for item in items if isinstance(item, sql.MetaData)}
        tables = [table for metadata in held.values() for table in metadata.tables.values()]
    return _read_tables(tables, module, title, place) if tables else None


def read_object(found: Any, module: ModuleType, name: str, place: str) -> Reflected | None:
    """The tables of a MetaData or a declarative base; of a mapped class or a Table that, and what it refers to. None of
    anything else."""
    if "sqlalchemy" not in sys.modules:
        return None
    sql = sqlalchemy()
    mapper = _mapper_of(found)
    if mapper is not None or isinstance(found, sql.Table):
        return _read_tables([mapper.local_table if mapper else found], module, name, f"{place}:{name}")
    if isinstance(found, type) and issubclass(found, BaseModel) and found.model_fields:
        return None  # one of SQLModel's that is no table
    metadata = getattr(found, "metadata", None) if isinstance(found, type) else found
    if not isinstance(metadata, sql.MetaData):
        return None
    title = Path(place).stem if place.endswith(".py") else place.rpartition(".")[2]
    return _read_tables(metadata.tables.values(), module, title, f"{place}:{name}")


def _mapper_of(item: Any) -> Any:
    return sqlalchemy().inspect(item, raiseerr=False) if isinstance(item, type) else None


def _mappers_in(module: ModuleType) -> list[Any]:
    return [mapper for mapper in map(_mapper_of, dict.fromkeys(_classes_in(module))) if mapper is not None]


def _classes_in(module: ModuleType) -> list[type]:
    return [item for item in vars(module).values() if isinstance(item, type)]


def _read_tables(tables: Iterable[sa.Table], module: ModuleType, title: str, place: str) -> Reflected:
    """These tables, and all that they refer to, in the order in which their metadata has them."""
    sql = sqlalchemy()
    wanted = list(dict.fromkeys(tables))
    for table in wanted:
        for key in table.foreign_keys:
            try:
                wanted += [key.column.table] if key.column.table not in wanted else []
            except sql.exc.InvalidRequestError:  # said where its column is read
                continue
    wanted.sort(key=lambda table: list(table.metadata.tables).index(table.key))
    read = Reading({table.key: table for table in wanted}, "", _models_of(wanted, module))
    return _reflected(title, place, read, {table.key: _ROWS for table in wanted})


def _models_of(tables: Sequence[sa.Table], module: ModuleType) -> dict[str, dict[str, Column]]:
    """Table -> column -> what the Pydantic model says of it that is mapped to it, as SQLModel's are."""
    found: dict[str, dict[str, Column]] = {}
    mappers = {m for each in _mappers_in(module) for m in each.registry.mappers}
    for mapper in sorted(mappers, key=lambda each: each.class_.__qualname__):
        model, table = mapper.class_, mapper.local_table
        if table not in tables or not issubclass(model, BaseModel):
            continue
        reader = Reader()
        fields = {n: f for n, f in (reader.fields_of(table.key, model) or {}).items() if n in mapper.column_attrs}
        said = reader.columns(table.key, model, fields)
        found[table.key] = {str(mapper.column_attrs[c.name].columns[0].name): c for c in said}
    return found


def _reflected(name: str, origin: str, read: Reading, rows: Mapping[str, int]) -> Reflected:
    if not read.sources:
        raise SchemaError(f"{origin} has no tables.", hint="Views are not read; name what has tables.")
    tables = read.tables(rows)
    return Reflected(name, origin, tables, tuple(read.unread))
