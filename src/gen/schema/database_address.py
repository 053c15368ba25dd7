"""This file knows how a database is named: by a URL of SQLAlchemy's; and how nothing that is secret in it is shown.

SQLAlchemy is optional, and imported on use.
"""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

from gen.errors import BadRequest

# dialect -> the module of each of its drivers, and what names it in a URL: the first that is installed is taken where a
# URL names none
_DRIVERS: dict[str, dict[str, str]] = {
    "postgresql": {"psycopg": "psycopg", "psycopg2": "psycopg2", "pg8000": "pg8000"},
    "mysql": {"pymysql": "pymysql", "MySQLdb": "mysqldb"},
    "mariadb": {"pymysql": "pymysql", "MySQLdb": "mysqldb", "mariadb": "mariadbconnector"},
}
_NATIVE = ("duckdb",)  # which need no dialect of SQLAlchemy's
_FILES = ("sqlite", "duckdb")
_SECRET = re.compile("pass|pwd|secret|token|key|odbc_connect", re.IGNORECASE)


def sqlalchemy() -> Any:
    """The module SQLAlchemy. Raises BadRequest where it is not installed."""
    try:
        import sqlalchemy
    except ModuleNotFoundError:
        raise BadRequest(
            "A database's URL needs SQLAlchemy, which is not installed.",
            hint="Install it, and the driver of your database: pip install 'gen[database]'",
        ) from None
    return sqlalchemy


def without_password(url: str) -> str:
    """The URL of a database as messages show it and run.json keeps it; that of a file says its whole path."""
    return shown(file_found(parsed(url)))


def shown_url(text: str) -> str:
    """What a user gave as a URL, as messages may show it, whatever it is."""
    return re.sub("//.*@", "//***@", text)


def parsed(url: str) -> Any:
    """SQLAlchemy's URL, with a driver that is installed where it names none. Raises BadRequest where it is none."""
    sql = sqlalchemy()
    hidden = shown_url(url)
    try:
        place = sql.make_url(url)
        if place.drivername not in _NATIVE:
            sql.dialects.registry.load(place.drivername.partition("+")[0])
    except sql.exc.NoSuchModuleError:
        name = url.partition(":")[0]
        raise BadRequest(
            f"{hidden} names no database that SQLAlchemy knows: {name.partition('+')[0]!r}.",
            hint="Write sqlite:///file, postgresql://user@host/database, mysql://...; of others install the dialect.",
        ) from None
    except (sql.exc.SQLAlchemyError, ValueError):
        raise BadRequest(
            f"{hidden} is no URL of a database.", hint="Write it as postgresql://user:password@host/database."
        ) from None
    drivers = _DRIVERS.get(place.drivername, {})
    installed = [driver for module, driver in drivers.items() if importlib.util.find_spec(module)]
    return place.set(drivername=f"{place.drivername}+{installed[0]}") if installed else place


def has_password(url: str) -> bool:
    """Whether a URL has a password in it."""
    return parsed(url).password is not None


def is_file(place: Any) -> bool:
    """Whether the database is a file of this machine."""
    return place.get_backend_name() in _FILES and not (place.database or "").startswith("file:")


def file_found(place: Any) -> Any:
    """The URL with the whole path of its file, where it names one. Raises BadRequest where that is not there."""
    if not is_file(place):
        return place
    if not place.database or not Path(place.database).is_file():  # SQLite would make an empty one
        raise BadRequest(
            f"There is no database file {place.database or ''!s}.".replace(" .", "."),
            hint="Write sqlite:///file.sqlite, or sqlite:////whole/path/file.sqlite.",
        )
    return place.set(database=str(Path(place.database).resolve()))


def shown(place: Any) -> str:
    """The URL as messages may show it."""
    hidden = {name: "***" for name in place.query if _SECRET.search(name)}
    return str(place.update_query_dict(hidden).render_as_string(hide_password=True))


def without(place: Any, text: str) -> str:
    """A message of a driver's, without what is secret in the URL, as it is or as a URL writes it."""
    whole = place.render_as_string(hide_password=False)
    hidden = [place.password, *(str(v) for name, v in place.query.items() if _SECRET.search(name))]
    for secret in filter(None, hidden):
        text = text.replace(whole, shown(place)).replace(str(secret), "***")
    return text


def said_by(error: Exception) -> str:
    """The first line of what a driver says, and no link to SQLAlchemy's own pages."""
    said = str(getattr(error, "orig", None) or error).strip() or type(error).__name__
    return said.splitlines()[0].rstrip(".") + "."
