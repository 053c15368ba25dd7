"""This file knows how rows of PostgreSQL are read back: as CSV, by the server's texts, not as they were sent."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from gen.sinks.databases.dialect import LoadedTable
from gen.sinks.databases.python_values import from_python
from gen.sinks.databases.types import SqlType

_BLOCK = 2**22  # bytes of CSV that are read at a time

# word of a type -> how a SELECT gives it, where that is not as it is
_SELECTED: Mapping[str, str] = {
    "bytes": "encode({column}, 'hex')",
    "duration": "(extract(epoch from {column}) * 1000000)::bigint",
    "list": "to_json({column})",
}
# a list of durations, of which JSON would have the words of the server's settings
_DURATIONS = (
    "CASE WHEN {column} IS NOT NULL THEN ARRAY(SELECT "
    + _SELECTED["duration"].format(column="item")
    + " FROM unnest({column}) WITH ORDINALITY AS items (item, place) ORDER BY place) END"
)
# word of a type -> the Arrow type that its text is read as
_READ: Mapping[str, pa.DataType] = {
    "int16": pa.int64(),
    "int32": pa.int64(),
    "int64": pa.int64(),
    "float32": pa.float32(),
    "float64": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", "UTC"),
    "duration": pa.int64(),
}


def read_as_csv(driver: Any, quoted: Callable[[str], str], table: LoadedTable) -> Iterator[pa.RecordBatch]:
    """The rows of a table, in the open transaction of a driver's connection."""
    chosen = ", ".join(_selected(quoted(c.name), c.type) for c in table.columns)
    statement = f"COPY (SELECT {chosen} FROM {quoted(table.name)}) TO STDOUT (FORMAT CSV)"
    kinds = {c.name: _read_type(c.type) for c in table.columns}
    names = list(kinds)
    options = pyarrow.csv.ConvertOptions(
        column_types=kinds,
        null_values=[""],
        true_values=["t"],
        false_values=["f"],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    with driver.cursor() as cursor:
        cursor.execute("SET LOCAL TimeZone = 'UTC'")
        cursor.execute("SET LOCAL DateStyle = 'ISO'")
        cursor.execute("SET LOCAL extra_float_digits = 3")
        with cursor.copy(statement) as copy:
            for text in _blocks(copy):
                found = pyarrow.csv.read_csv(
                    pa.BufferReader(text),
                    pyarrow.csv.ReadOptions(column_names=names, block_size=max(len(text), 1)),
                    pyarrow.csv.ParseOptions(newlines_in_values=True),
                    options,
                )
                for batch in found.to_batches():
                    arrays = [_typed(a, c.type) for a, c in zip(batch.columns, table.columns, strict=True)]
                    yield pa.RecordBatch.from_arrays(arrays, names)


def _selected(column: str, kind: SqlType) -> str:
    if kind.word == "list" and kind.item is not None and kind.item.word == "duration":
        return _SELECTED["list"].format(column=_DURATIONS.format(column=column))
    return _SELECTED.get(kind.word, "{column}").format(column=column)


def _read_type(kind: SqlType) -> pa.DataType:
    if kind.word == "decimal":
        return pa.decimal128(kind.precision, kind.scale)
    return _READ.get(kind.word, pa.string())


def _blocks(copy: Any) -> Iterator[bytes]:
    """Whole rows of text: the server sends each row as one message."""
    held = io.BytesIO()
    for row in copy:
        held.write(row)
        if held.tell() >= _BLOCK:
            yield held.getvalue()
            held = io.BytesIO()
    if held.tell():
        yield held.getvalue()


def _typed(array: pa.Array, kind: SqlType) -> pa.Array:
    """What was read as text, or as a number, in the type that was sent."""
    if kind.word == "duration":
        return array.cast(pa.duration("us"))
    if kind.word == "uuid":
        digits = pc.replace_substring(array, "-", "")
        return pa.array([None if d is None else bytes.fromhex(d) for d in digits.to_pylist()], pa.binary(16))
    if kind.word == "bytes":
        return pa.array([None if d is None else bytes.fromhex(d) for d in array.to_pylist()], pa.binary())
    if kind.word == "list":
        assert kind.item is not None
        return _lists(array, kind.item)
    return array


def _lists(array: pa.Array, item: SqlType) -> pa.Array:
    """Lists from their JSON."""
    lists = [None if text is None else json.loads(text, parse_float=Decimal) for text in array.to_pylist()]
    if item.word == "bytes":
        lists = [items and [text and bytes.fromhex(text.removeprefix("\\x")) for text in items] for items in lists]
    return from_python(lists, SqlType("list", item=item))
