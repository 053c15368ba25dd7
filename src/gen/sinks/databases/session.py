"""This file knows a connection to a database: transactions, statements, and the driver's own connection in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from gen.schema.database_address import sqlalchemy


class Session:
    """An open connection. Everything is in a transaction: `transaction()`; but for what a database refuses there."""

    def __init__(
        self,
        place: Any,
        options: Mapping[str, Any],
        attend: Callable[[Any], None] | None = None,
        connected: Callable[[Mapping[str, Any]], Any] | None = None,
    ) -> None:
        """options: for the driver. attend: told of SQLAlchemy's engine. connected: connects, instead of the driver."""
        sql = sqlalchemy()
        self._engine = sql.create_engine(place, poolclass=sql.pool.NullPool, connect_args=dict(options))
        if connected is not None:
            _, arguments = self._engine.dialect.create_connect_args(place)
            own = {**arguments, **options}
            self._engine = sql.create_engine(place, poolclass=sql.pool.NullPool, creator=lambda: connected(own))
        if attend is not None:
            attend(self._engine)
        self._connection = self._engine.connect()

    @property
    def connection(self) -> Any:
        """SQLAlchemy's connection."""
        return self._connection

    @property
    def driver(self) -> Any:
        """The driver's own connection."""
        return self._connection.connection.driver_connection

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Committed at the end, rolled back where anything is raised."""
        with self._connection.begin():
            yield

    def rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        """What a statement gives; `:name` in it stands for a value."""
        sql = sqlalchemy()
        result = self._connection.execute(sql.text(statement), values)
        return [tuple(row) for row in result] if result.returns_rows else []

    def changed(self, statement: str, **values: Any) -> int:
        """How many rows a statement changed."""
        result = self._connection.execute(sqlalchemy().text(statement), values)
        return int(result.rowcount)

    def run(self, statement: str) -> None:
        """Run a statement as it is written, with nothing to fill in."""
        self._connection.exec_driver_sql(statement, execution_options={"no_parameters": True})

    def run_alone(self, statement: str) -> None:
        """Run a statement that a database refuses in a transaction."""
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT", no_parameters=True)
        try:
            connection.exec_driver_sql(statement)
        finally:
            connection.close()

    def close(self) -> None:
        with suppress(Exception):  # of a connection that is broken
            self._connection.invalidate()
        with suppress(Exception):
            self._connection.close()
