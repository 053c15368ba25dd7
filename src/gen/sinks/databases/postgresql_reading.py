"""This file knows how rows of PostgreSQL are read back: as CSV, by the server's texts, not as they were sent."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from gen.sinks.databases.dialect import LoadedTable
from gen.sinks.databases.types import SqlType

_BLOCK = 2**22  # bytes of CSV that are read at a time

# word of a type -> how a SELECT gives it, where that is not as it is
_SELECTED: Mapping[str, str] = {
    "bytes": "encode({column}, 'hex')",
    "duration": "(extract(epoch from {column}) * 1000000)::bigint",
    "list": "to_json({column})",
}
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
    """Lists from their JSON: items as texts, then as what they are."""
    lists = [None if text is None else json.loads(text, parse_float=str, parse_int=str) for text in array.to_pylist()]
    texts = [_item_text(value, item) for items in lists if items is not None for value in items]
    flat = pa.array(texts, pa.string())
    sizes = [0 if items is None else len(items) for items in lists]
    typed = _cast(flat, item)
    offsets = pa.array([sum(sizes[:i]) for i in range(len(sizes) + 1)], pa.int32())
    mask = pa.array([items is None for items in lists], pa.bool_())
    return pa.ListArray.from_arrays(offsets, typed, mask=mask)


def _item_text(value: Any, item: SqlType) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).removeprefix("\\x") if item.word == "bytes" else str(value)


def _cast(texts: pa.Array, item: SqlType) -> pa.Array:
    if item.word in ("uuid", "bytes"):
        return _typed(texts, item)
    if item.word == "timestamp":
        texts = pc.replace_substring(texts, "T", " ")
    return texts.cast(_read_type(item))
