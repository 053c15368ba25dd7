"""This file knows MySQL (8.0.17 or later) and MariaDB (10.6 or later): LOAD DATA LOCAL, and a server that ends who is
silent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from gen.block import scalar_of
from gen.errors import SchemaError, TargetError
from gen.schema.database_address import sqlalchemy
from gen.sinks.databases.dialect import (
    ADDING,
    CONNECT_SECONDS,
    LOCK_SECONDS,
    Capabilities,
    Dialect,
    LoadedTable,
    Meaning,
    standard_literal,
)
from gen.sinks.databases.python_values import from_python
from gen.sinks.databases.session import Session
from gen.synth.json_text import unquoted_text

SILENT_SECONDS = 3 * LOCK_SECONDS  # that a client may be silent in a transaction before the server ends it
_READ_ROWS = 16_384
_NAME = b"rows of gen"  # what the server must ask for when it is told to load; nothing else is ever sent
_AWAY = {1040, 1053, 1077, 1079, 1152, 1156, *range(1158, 1162), 1203, 1226, 1927, 2002, 2003, 2005, 2006, 2013, 2055}
_AWAY |= {4031}  # by which MySQL, from 8.0.24, ends a client that was silent
_MEANINGS: Mapping[int, Meaning] = {
    **dict.fromkeys(_AWAY, Meaning.AWAY),
    1205: Meaning.LOCKED,
    1213: Meaning.AGAIN,
    1020: Meaning.AGAIN,  # a record has changed since it was read
    1021: Meaning.FULL,
    1114: Meaning.FULL,
    3: Meaning.FULL,
    1026: Meaning.FULL,
}
# duplicate: table, key name, foreign key, condition; a second primary key
_THERE = (1050, 1061, 1068, 1826, 3822, 4027)
_NO_LOCAL = (1148, 3948, 4166)
# of tables that are made: every two texts differ that differ by a byte, by case or by spaces at the end
_COLLATION, _COLLATION_OF_MARIADB = "utf8mb4_0900_bin", "utf8mb4_nopad_bin"


class MySQL(Dialect):
    """MySQL and MariaDB, InnoDB alone. Times with a zone are in UTC, durations in microseconds, UUIDs are texts."""

    name = "mysql"
    drivers = ("pymysql",)
    extra = "mysql"
    capabilities = Capabilities(
        single_writer=False,
        transactional=False,
        # Rows are stored by their primary key; and a condition that is added later copies the table.
        at_creation=frozenset({"primary", "check"}),
        after=frozenset({"unique", "index", "foreign"}),
        validates=False,
        not_valid=False,
        longest_name=64,
        folds_names=True,
        comments="inline",
        lengths=True,
        patterns="",
        nul=True,
    )
    types: Mapping[str, str] = {
        "int16": "SMALLINT",
        "int32": "INT",
        "int64": "BIGINT",
        "decimal": "DECIMAL({precision},{scale})",
        "float32": "FLOAT",
        "float64": "DOUBLE",
        "boolean": "BOOLEAN",
        "text": "LONGTEXT",
        "keyed_text": "VARCHAR(255)",
        "varchar": "VARCHAR({length})",
        "bytes": "LONGBLOB",
        "uuid": "CHAR(36)",
        "date": "DATE",
        "time": "TIME(6)",
        "timestamp": "DATETIME(6)",
        "timestamptz": "DATETIME(6)",
        "duration": "BIGINT",
        "json": "JSON",
        "long_text": "LONGTEXT",
    }
    functions: Mapping[str, str] = {"length": "char_length({column})", "mod": "mod({column}, {number})"}
    adding: Mapping[str, str] = {**ADDING, "index": "ALTER TABLE {table} ADD INDEX {name} {columns}"}
    table_end = f" ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {_COLLATION}"
    table_end_of_temporary = " ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4"
    temporary = "TEMPORARY TABLE"  # or the transaction would end
    analyze = "ANALYZE TABLE {table}"
    shared = " LOCK IN SHARE MODE"
    insert_if_new = ("INSERT IGNORE INTO", "")

    def connect(self, place: Any) -> Session:
        return Session(place, {"connect_timeout": CONNECT_SECONDS, "charset": "utf8mb4"}, _attend, _connection)

    def literal(self, value: Any) -> str:
        text = standard_literal(value)
        kind, quote, rest = text.partition("'")
        if kind.startswith("INTERVAL"):
            return rest.split(" ")[0]
        if kind.startswith("TIMESTAMP"):
            return f"TIMESTAMP'{rest.removesuffix(chr(39)).removesuffix('+00:00')}'"
        return text.replace("\\", "\\\\") if quote else text

    def fitted(self, session: Session, statement: str) -> str:
        version = str(session.rows("SELECT version()")[0][0])
        return statement.replace(_COLLATION, _COLLATION_OF_MARIADB) if "MariaDB" in version else statement

    def meaning(self, error: BaseException) -> Meaning:
        if isinstance(error, _LockedError):
            return Meaning.LOCKED
        original = getattr(error, "orig", None) or error
        number = original.args[0] if original.args and isinstance(original.args[0], int) else None
        if number == 0 and "InterfaceError" in type(original).__name__:
            return Meaning.AWAY  # the driver's own connection was closed
        if isinstance(original, (ConnectionError, TimeoutError, EOFError)):
            return Meaning.AWAY
        if not type(original).__module__.startswith("pymysql"):  # of a user's own code, say
            return Meaning.WRONG
        return _MEANINGS.get(number, Meaning.WRONG) if number is not None else Meaning.WRONG

    # -- loading ----------------------------------------------------------------------------------------------

    def load(self, session: Session, table: LoadedTable, batches: Iterable[pa.RecordBatch]) -> tuple[int, int]:
        sent = 0

        def going() -> Iterator[memoryview]:
            nonlocal sent
            for batch in batches:
                text = _lines(table, batch)
                sent += text.size
                yield memoryview(text)

        targets = [f"@b{i}" if c.type.word == "bytes" else self.quoted(c.name) for i, c in enumerate(table.columns)]
        unpacked = [
            f"{self.quoted(c.name)} = UNHEX(@b{i})" for i, c in enumerate(table.columns) if c.type.word == "bytes"
        ]
        statement = (
            f"LOAD DATA LOCAL INFILE '{_NAME.decode()}' INTO TABLE {self.quoted(table.name)} CHARACTER SET utf8mb4 "
            f"({', '.join(targets)})" + (f" SET {', '.join(unpacked)}" if unpacked else "")
        )
        session.driver.sending = going()
        try:
            with session.driver.cursor() as cursor:
                rows = cursor.execute(statement)
        except Exception as error:
            if error.args and error.args[0] in _NO_LOCAL:
                raise TargetError(
                    "The server refuses LOAD DATA LOCAL.",
                    hint="Its administrator allows it: SET GLOBAL local_infile = 1.",
                ) from None
            raise
        finally:
            session.driver.sending = None
        self._check_warnings(session, table)
        return sent, int(rows)

    def _check_warnings(self, session: Session, table: LoadedTable) -> None:
        """Refuse what the server has changed to make it fit: LOAD DATA LOCAL tells of it by warnings alone."""
        found = session.rows("SHOW WARNINGS LIMIT 1")
        if found:
            raise SchemaError(
                f"{table.made_of}: the server would have changed a value: {found[0][2]}.",
                hint="Nothing was kept of it. Give the field bounds that its type has.",
            )

    def read(self, session: Session, table: LoadedTable) -> Iterator[pa.RecordBatch]:
        from pymysql.cursors import SSCursor

        names = [column.name for column in table.columns]
        chosen = ", ".join(map(self.quoted, names))
        with session.driver.cursor(SSCursor) as cursor:
            cursor.execute(f"SELECT {chosen} FROM {self.quoted(table.name)}")
            while rows := cursor.fetchmany(_READ_ROWS):
                values = zip(*rows, strict=True)
                arrays = [from_python(list(v), c.type) for v, c in zip(values, table.columns, strict=True)]
                yield pa.RecordBatch.from_arrays(arrays, names)

    # -- living with others -----------------------------------------------------------------------------------

    def check(self, session: Session) -> None:
        with session.transaction():
            if not session.rows("SELECT DATABASE()")[0][0]:
                raise TargetError("The URL names no database.", hint="Write mysql://user@host/database.")

    def tables(self, session: Session) -> set[str]:
        found = session.rows("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()")
        return {str(row[0]) for row in found}

    @contextmanager
    def alone(self, session: Session, what: str) -> Iterator[None]:
        name = "concat('gen ', left(sha2(concat(DATABASE(), :what), 256), 32))"
        with session.transaction():
            if session.rows(f"SELECT GET_LOCK({name}, {LOCK_SECONDS})", what=what)[0][0] != 1:
                raise _LockedError
        try:
            with session.transaction():
                yield
        finally:
            with suppress(Exception), session.transaction():  # a connection that is gone has no lock either
                session.rows(f"SELECT RELEASE_LOCK({name})", what=what)

    def is_there(self, error: BaseException) -> bool:
        original = getattr(error, "orig", None) or error
        number, said = (*original.args, None, None)[:2]
        # MariaDB tells by the words alone that it is the name of a foreign key which is there
        return number in _THERE or (number == 1005 and "errno: 121 " in str(said))


class _LockedError(Exception):
    """Another process has had a named lock for long."""


def _attend(engine: Any) -> None:
    """Set up every connection: strict, in UTC, and ended by the server where its client is silent for long."""

    def begun(connection: Any, record: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
                f"NO_ENGINE_SUBSTITUTION', time_zone = '+00:00', wait_timeout = {SILENT_SECONDS}, "
                f"net_read_timeout = {SILENT_SECONDS}, net_write_timeout = {SILENT_SECONDS}, "
                f"innodb_lock_wait_timeout = {LOCK_SECONDS}, foreign_key_checks = 0"  # rows come in any order
            )

    sqlalchemy().event.listen(engine, "connect", begun)


def _connection(arguments: Mapping[str, Any]) -> Any:
    """A connection that sends rows where the server asks for them, by the name that was given, and nothing else."""
    from pymysql import err
    from pymysql.connections import Connection, LoadLocalPacketWrapper, MySQLResult

    class Result(MySQLResult):  # type: ignore[misc]
        def _read_load_local_packet(self, first_packet: Any) -> None:
            asked = LoadLocalPacketWrapper(first_packet).filename
            connection = self.connection
            if asked != _NAME or connection.sending is None:
                connection.write_packet(b"")
                raise err.OperationalError(2068, f"the server asked for a file of this machine: {asked!r}")
            try:
                for text in connection.sending:
                    for start in range(0, len(text), _PACKET):
                        connection.write_packet(bytes(text[start : start + _PACKET]))
            except Exception:
                with suppress(err.Error):  # the server reads on to the end; what it has taken is rolled back
                    connection.write_packet(b"")
                    connection._read_packet()
                raise
            connection.write_packet(b"")
            answer = connection._read_packet()
            if not answer.is_ok_packet():
                raise err.OperationalError(2014, "Commands Out of Sync")
            self._read_ok_packet(answer)

    class Loading(Connection):  # type: ignore[misc]
        sending: Iterator[memoryview] | None = None

        def _read_query_result(self, unbuffered: bool = False) -> int:
            self._result = None
            result = Result(self)
            if unbuffered:
                result.init_unbuffered_query()
            else:
                result.read()
            self._result = result
            if result.server_status is not None:
                self.server_status = result.server_status
            return int(result.affected_rows)

    return Loading(**arguments, local_infile=True)


_PACKET = 2**20  # bytes; the protocol's packets hold 16 MiB


def _lines(table: LoadedTable, batch: pa.RecordBatch) -> pa.Buffer:
    """Rows as LOAD DATA reads them: fields end with a tab, rows with a line, and a backslash escapes both."""
    fields = [_field(f"{table.made_of}.{c.name}", a) for a, c in zip(batch.columns, table.columns, strict=True)]
    lines = pc.binary_join_element_wise(*fields, scalar_of("\t"))
    ended = pc.binary_join_element_wise(lines, scalar_of(""), scalar_of("\n"))
    _, ends, letters = ended.buffers()
    last = int.from_bytes(ends.slice(4 * len(ended), 4).to_pybytes(), "little")
    return letters.slice(0, last)


def _field(where: str, array: pa.Array) -> pa.Array:
    kind = array.type
    if pa.types.is_string(kind):
        for plain, escaped in (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\0", "\\0")):
            array = pc.replace_substring(array, plain, escaped)
    elif pa.types.is_floating(kind):
        if array.null_count < len(array) and not pc.all(pc.is_finite(array)).as_py():
            raise SchemaError(f"{where}: NaN or an infinity was drawn, which MySQL cannot store.", hint="Draw others.")
        array = array.cast(pa.string())
    elif pa.types.is_boolean(kind):
        array = array.cast(pa.int8()).cast(pa.string())
    elif pa.types.is_timestamp(kind):
        array = array.cast(pa.timestamp("us")).cast(pa.string())
    elif pa.types.is_duration(kind):
        array = array.cast(pa.int64()).cast(pa.string())
    elif kind == pa.binary():
        array = pa.array([None if value is None else value.hex() for value in array.to_pylist()], pa.string())
    else:
        array = unquoted_text(array)
    return pc.fill_null(array, scalar_of("\\N")) if array.null_count else array
