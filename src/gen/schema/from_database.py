"""This file knows how the tables of a database, or SQLAlchemy's of a Python module, are read as tables of gen.

It alone imports SQLAlchemy, which is optional, and on use. What a table says in SQL and no fact can say is never passed
over in silence: it is `unread`, a sentence each.
"""

from __future__ import annotations

import importlib.util
import re
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
from gen.schema.models.annotations import Reader
from gen.schema.spec import Column, Table
from gen.schema.sql.conditions import checks_in
from gen.schema.sql.tables import Reading

if TYPE_CHECKING:
    import sqlalchemy as sa

_ROWS = 1000  # of a table whose database is not asked
# dialect -> the module of each of its drivers, and what names it in a URL: the first that is installed is taken where a
# URL names none
_DRIVERS: dict[str, dict[str, str]] = {
    "postgresql": {"psycopg": "psycopg", "psycopg2": "psycopg2", "pg8000": "pg8000"},
    "mysql": {"pymysql": "pymysql", "MySQLdb": "mysqldb"},
    "mariadb": {"pymysql": "pymysql", "MySQLdb": "mysqldb", "mariadb": "mariadbconnector"},
}
_SECRET = re.compile("pass|pwd|secret|token|key|odbc_connect", re.IGNORECASE)
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
    place = _parsed(url)
    with _connected(place) as connection:
        found = _metadata_of(connection)
        read = Reading(found.tables, connection.dialect.name, {}, found.said, found.checks)
        counts = {name: _count(connection, table) for name, table in found.tables.items()}
    return _reflected(_name_of(place), _shown(place), read, counts)


def read_table(url: str, table: str, columns: Sequence[str] | None) -> pa.Table:
    """Some columns of a table of a database, or all, as an Arrow table. It is only read from. Raises BadRequest."""
    sql = _sqlalchemy()
    with _connected(_parsed(url)) as connection:
        names = columns or [column["name"] for column in sql.inspect(connection).get_columns(table)]
        query = sql.select(*map(sql.column, names)).select_from(sql.table(table))
        rows = connection.execute(query).all()
    values = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    return pa.table({name: array_of(list(column)) for name, column in zip(names, values, strict=True)})


@contextmanager
def _connected(place: Any) -> Iterator[Any]:
    """A connection to a database; what goes wrong with it as a BadRequest, without the password."""
    sql = _sqlalchemy()
    try:
        engine = sql.create_engine(place, poolclass=sql.pool.NullPool)
        with engine.connect() as connection:
            yield connection
    except ModuleNotFoundError as error:
        driver = (error.name or str(error)).partition(".")[0]
        raise BadRequest(
            f"{_shown(place)} needs the driver {driver}, which is not installed.",
            hint=f"Install it, as pip install {driver}, or name another one in the URL, as postgresql+psycopg://...",
        ) from None
    except (sql.exc.SQLAlchemyError, ValueError, OSError) as error:  # of whatever the driver raises, the text
        raise BadRequest(
            f"{_shown(place)} cannot be read: {_without(place, _said_by(error))}",
            hint="Check the URL: dialect://user:password@host/database, or sqlite:///file.",
        ) from None


def without_password(url: str) -> str:
    """The URL of a database as messages show it and run.json keeps it; that of a file says its whole path."""
    return _shown(_parsed(url))


def _sqlalchemy() -> Any:
    try:
        import sqlalchemy
    except ModuleNotFoundError:
        raise BadRequest(
            "Reading a database needs SQLAlchemy, which is not installed.",
            hint="Install it, and the driver of your database: pip install 'gen[database]'",
        ) from None
    return sqlalchemy


def _parsed(url: str) -> Any:
    """The URL, with a driver that is installed where it names none, and the whole path of a file, which is there."""
    sql = _sqlalchemy()
    shown = re.sub("//[^@/]*@", "//***@", url)
    try:
        place = sql.make_url(url)
        sql.dialects.registry.load(place.drivername.partition("+")[0])
    except sql.exc.NoSuchModuleError:
        name = url.partition(":")[0]
        raise BadRequest(
            f"{shown} names no database that SQLAlchemy knows: {name.partition('+')[0]!r}.",
            hint="Write sqlite:///file, postgresql://user@host/database, mysql://...; of others install the dialect.",
        ) from None
    except (sql.exc.SQLAlchemyError, ValueError):
        raise BadRequest(
            f"{shown} is no URL of a database.", hint="Write it as postgresql://user:password@host/database."
        ) from None
    drivers = _DRIVERS.get(place.drivername, {})
    installed = [driver for module, driver in drivers.items() if importlib.util.find_spec(module)]
    if installed:
        place = place.set(drivername=f"{place.drivername}+{installed[0]}")
    is_file = place.get_backend_name() == "sqlite" and not (place.database or "").startswith("file:")
    if not is_file:
        return place
    if not place.database or not Path(place.database).is_file():  # SQLite would make an empty one
        raise BadRequest(
            f"There is no database file {place.database or ''!s}.".replace(" .", "."),
            hint="Write sqlite:///file.sqlite, or sqlite:////whole/path/file.sqlite.",
        )
    return place.set(database=str(Path(place.database).resolve()))


def _shown(place: Any) -> str:
    hidden = {name: "***" for name in place.query if _SECRET.search(name)}
    return str(place.update_query_dict(hidden).render_as_string(hide_password=True))


def _without(place: Any, text: str) -> str:
    """A message of a driver's, without what is secret in the URL, as it is or as a URL writes it."""
    shown, whole = _shown(place), place.render_as_string(hide_password=False)
    hidden = [place.password, *(str(v) for name, v in place.query.items() if _SECRET.search(name))]
    for secret in filter(None, hidden):
        text = text.replace(whole, shown).replace(str(secret), "***")
    return text


def _said_by(error: Exception) -> str:
    """The first line of what a driver says, and no link to SQLAlchemy's own pages."""
    said = str(getattr(error, "orig", None) or error).strip() or type(error).__name__
    return said.splitlines()[0].rstrip(".") + "."


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
    sql = _sqlalchemy()
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
    sql, dialect = _sqlalchemy(), connection.dialect
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
    sql = _sqlalchemy()
    inspector = sql.inspect(connection)
    for name, table in tables.items():
        for index in inspector.get_indexes(name, include_auto_indexes=True):
            if index["unique"] and str(index["name"]).startswith("sqlite_autoindex"):
                table.append_constraint(sql.UniqueConstraint(*(table.columns[c] for c in index["column_names"])))


def _count(connection: Any, table: Any) -> int:
    sql = _sqlalchemy()
    return int(connection.execute(sql.select(sql.func.count()).select_from(table)).scalar_one())


# -- a module -----------------------------------------------------------------------------------------------------


def read_module(module: ModuleType, title: str, place: str) -> Reflected | None:
    """The tables of the mapped classes and Table objects that a module defines, and those that they refer to; of its
    MetaData where there is nothing else. None of a module that has none of these."""
    if "sqlalchemy" not in sys.modules:
        return None
    sql = _sqlalchemy()
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
    sql = _sqlalchemy()
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
    return _sqlalchemy().inspect(item, raiseerr=False) if isinstance(item, type) else None


def _mappers_in(module: ModuleType) -> list[Any]:
    return [mapper for mapper in map(_mapper_of, dict.fromkeys(_classes_in(module))) if mapper is not None]


def _classes_in(module: ModuleType) -> list[type]:
    return [item for item in vars(module).values() if isinstance(item, type)]


def _read_tables(tables: Iterable[sa.Table], module: ModuleType, title: str, place: str) -> Reflected:
    """These tables, and all that they refer to, in the order in which their metadata has them."""
    sql = _sqlalchemy()
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
