"""What tests ask of a database that gen has loaded: by a client of its own, and not by the one that wrote."""

from __future__ import annotations

import sqlite3
from typing import Any

import duckdb
import psycopg
import pymysql
import sqlalchemy

_TABLES_OF_SQLITE = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
ALL = ("postgresql", "mariadb", "sqlite", "duckdb")


def execute(url: str, *statements: str) -> list[tuple[Any, ...]]:
    """Run statements and commit; the rows of the last one, where it has some. Names are quoted as the standard does."""
    place = sqlalchemy.make_url(url)
    kind = place.get_backend_name()
    if kind == "duckdb":
        with duckdb.connect(place.database) as connection:
            for statement in statements:
                found = connection.execute(statement).fetchall()
        return found
    if kind == "sqlite":
        with sqlite3.connect(place.database) as connection:
            for statement in statements:
                found = connection.execute(statement).fetchall()
        connection.close()
        return found
    if kind == "postgresql":
        opened: Any = psycopg.connect(place.set(drivername="postgresql").render_as_string(hide_password=False))
    else:
        opened = pymysql.connect(
            host=place.host, port=place.port, user=place.username, database=place.database, sql_mode="ANSI_QUOTES"
        )
    with opened, opened.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        found = list(cursor.fetchall()) if cursor.description else []
        opened.commit()
    return [tuple(row) for row in found]


def count(url: str, table: str) -> int:
    return int(execute(url, f'SELECT count(*) FROM "{table}"')[0][0])


def tables(url: str) -> set[str]:
    """The names of all tables that are there."""
    kind = sqlalchemy.make_url(url).get_backend_name()
    if kind == "sqlite":
        return {row[0] for row in execute(url, _TABLES_OF_SQLITE)}
    schema = {"postgresql": "'public'", "duckdb": "'main'", "mysql": "database()"}[kind]
    return {
        row[0]
        for row in execute(url, f"SELECT table_name FROM information_schema.tables WHERE table_schema = {schema}")
    }


def columns(url: str, table: str) -> set[str]:
    """The names of a table's columns."""
    if sqlalchemy.make_url(url).get_backend_name() == "sqlite":
        return {row[0] for row in execute(url, f"SELECT name FROM pragma_table_info('{table}')")}
    query = f"SELECT column_name FROM information_schema.columns WHERE table_name = '{table}'"
    return {row[0] for row in execute(url, query)}
