"""This file knows tables that exist already: their rows are read once, from a file, from memory or a database.

Nothing of them is made or written; other tables refer to them, and copy from them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from gen.errors import BadRequest, CapacityError, SchemaError
from gen.schema.links import Key
from gen.schema.spec import Column, Table, suggestion

# The values of columns that are held, by their digest: rows, which no vocabulary can hold.
HELD: dict[str, pa.Array] = {}
_Is = Callable[[pa.DataType], bool]

# what an Arrow type is -> the kind of the column, and the type that its values are held as; the first that is so
_KINDS: tuple[tuple[_Is, str, Callable[[pa.DataType], pa.DataType]], ...] = (
    (pa.types.is_boolean, "boolean", lambda kind: kind),
    (pa.types.is_integer, "integer", lambda kind: pa.int64()),
    (pa.types.is_floating, "number", lambda kind: pa.float64()),
    (pa.types.is_decimal, "decimal", lambda kind: pa.decimal128(min(kind.precision, 38), kind.scale)),
    (pa.types.is_date, "date", lambda kind: pa.date32()),
    (pa.types.is_timestamp, "datetime", lambda kind: pa.timestamp("us", "UTC" if kind.tz else None)),
    (pa.types.is_time, "time", lambda kind: pa.time64("us")),
    (pa.types.is_duration, "duration", lambda kind: pa.duration("us")),
    (lambda kind: kind == pa.binary(16), "uuid", lambda kind: kind),
    (lambda kind: _is_text(kind), "text", lambda kind: pa.string()),
    (lambda kind: pa.types.is_binary(kind) or pa.types.is_large_binary(kind), "bytes", lambda kind: pa.binary()),
)


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


class Existing:
    """Rows that exist already, for others to refer to and to copy from.

        schema.add(Existing("customers.parquet", key="id"), name="Customer")
        Customer = Existing("postgresql://host/shop", table="customers", key="id")    # in a models file

    source: a Parquet file or a folder of them, a table of pyarrow, pandas or polars, or SQLAlchemy's URL of a database.
    key: the column, or columns, that tell rows apart. table: of a database. columns: those to be read, all unless
    given. unique: further columns that are unique, each alone. The rows are read once, kept in memory, and handed to
    all workers.
    """

    def __init__(
        self,
        source: Any,
        key: str | Sequence[str],
        *,
        table: str | None = None,
        columns: Sequence[str] | None = None,
        unique: Sequence[str] = (),
    ) -> None:
        self.source = source
        self.key = (key,) if isinstance(key, str) else tuple(key)
        self.table = table
        self.columns = None if columns is None else tuple(dict.fromkeys([*self.key, *unique, *columns]))
        self.unique = tuple(unique)

    def read(self, name: str, of_database: Callable[[str, str, Sequence[str] | None], pa.Table]) -> Table:
        """The table, called so; its values are in `HELD`. `of_database` reads some columns of a table at a URL.

        Raises BadRequest where it cannot be read, SchemaError where a key is null, repeated or of no such type.
        """
        rows = self._rows(name, of_database)
        for column in (*self.key, *self.unique):
            if column not in rows.column_names:
                raise SchemaError(
                    f"{name}: it exists already, and has no column {column!r}.",
                    hint=suggestion(column, rows.column_names),
                )
        found = [self._column(name, column, rows.column(column)) for column in rows.column_names]
        self._check_unique(name, rows, self.key)
        for column in self.unique:
            self._check_unique(name, rows, (column,))
        columns = tuple(column for column in found if column is not None)
        return Table(name, columns, rows.num_rows, fixed=True, existing=True)

    def _rows(self, name: str, of_database: Callable[[str, str, Sequence[str] | None], pa.Table]) -> pa.Table:
        if isinstance(self.source, str) and "://" in self.source:
            if self.table is None:
                raise BadRequest(
                    f"{name}: which table of the database it is is not said.", hint='Say table="customers".'
                )
            return of_database(self.source, self.table, self.columns)
        if not isinstance(self.source, (str, Path)):
            try:
                whole = pa.table(self.source)
            except (TypeError, ValueError, pa.ArrowException) as error:
                raise BadRequest(
                    f"{name}: {type(self.source).__name__} is no table: {error}.",
                    hint="Give a path to Parquet, a table of pyarrow, pandas or polars, or the URL of a database.",
                ) from error
            return whole.select(self.columns) if self.columns is not None else whole
        import pyarrow.dataset as ds  # imports pandas, which takes half a second of every start

        try:
            return ds.dataset(str(self.source), format="parquet").to_table(columns=self.columns)
        except (OSError, pa.ArrowException) as error:
            said = str(error).partition("\n")[0]
            raise BadRequest(
                f"{name}: {self.source} cannot be read as Parquet: {said}",
                hint="Give a Parquet file, or a folder of them.",
            ) from error

    def _column(self, table: str, name: str, values: pa.ChunkedArray) -> Column | None:
        """One column; None where it is of a type that none of gen's columns has."""
        facts = next(((kind, held(values.type)) for is_so, kind, held in _KINDS if is_so(values.type)), None)
        if facts is None:
            if name in (*self.key, *self.unique) or (self.columns and name in self.columns):
                raise SchemaError(
                    f"{table}.{name}: it exists already, as {values.type}, which no column of gen's is.",
                    hint="Read another column, or convert it first.",
                )
            return None
        kind, held = facts
        try:
            array = values.cast(held).combine_chunks()
        except pa.ArrowException as error:
            raise SchemaError(f"{table}.{name}: it exists already, and {error}.", hint="Convert it first.") from error
        array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
        digest = _digest(array)
        HELD[digest] = array
        decimals = {"max_digits": held.precision, "decimal_places": held.scale} if kind == "decimal" else {}
        return Column(
            name,
            kind,
            key=Key() if name in self.key else None,
            unique=(name,) if name in self.unique else (),
            nulls=array.null_count / len(array) if array.null_count else None,
            zoned=(held.tz is not None) if kind == "datetime" else None,
            held=digest,
            **decimals,
        )

    def _check_unique(self, name: str, rows: pa.Table, columns: Sequence[str]) -> None:
        nulls = sum(rows.column(column).null_count for column in columns)
        said = f"{name}.{columns[0]}" if len(columns) == 1 else f"{name}: ({', '.join(columns)})"
        if nulls:
            raise SchemaError(f"{said} exists already, and {nulls:,} of its keys are null.", hint="Name another key.")
        if len(columns) == 1:
            distinct = pc.count_distinct(rows.column(columns[0])).as_py()
        else:
            distinct = rows.group_by(list(columns)).aggregate([]).num_rows
        if distinct < rows.num_rows:
            raise CapacityError(
                f"{said} exists already, and has {distinct:,} different keys in {rows.num_rows:,} rows.",
                hint="Name another key: what others refer to is there once.",
                table=name,
                column=columns[0],
                asked=rows.num_rows,
                available=distinct,
            )


def _digest(array: pa.Array) -> str:
    """What the values are called: of equal ones the same."""
    sink = pa.BufferOutputStream()
    plain = pa.concat_arrays([array])  # of a slice, what is seen of it
    with pa.ipc.new_stream(sink, pa.schema([pa.field("values", plain.type)])) as writer:
        writer.write_batch(pa.record_batch([plain], names=["values"]))
    return hashlib.sha256(sink.getvalue()).hexdigest()
