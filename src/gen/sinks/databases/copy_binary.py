"""This file knows PostgreSQL's binary COPY format: an Arrow record batch -> the bytes of its rows, in one pass.

A row is the number of its fields in two bytes and then, for each field, the length of its value in four bytes and the
value; the length is -1 where it is null. Every number has its highest byte first. A value is written as

    int2, int4, int8, float4, float8, bool    its 2, 4, 8 or 1 bytes
    date, time                                days since 2000-01-01; microseconds since midnight
    timestamp, timestamptz                    microseconds since 2000-01-01 UTC
    interval                                  microseconds, then days and months, which are 0
    numeric                                   counts of its digits in base 10,000, its sign and scale, and the digits
    uuid, bytea, text, varchar, char, json    its bytes
    jsonb                                     the version of the format, which is 1, then its text
    an array of one dimension, as "int8[]"    how many dimensions, whether it has nulls, the type and number of its
                                              items, the first one's subscript, then the items as fields; of no
                                              items, no dimension

Source: PostgreSQL's documentation of COPY, "Binary Format", and the functions of each type called `..._recv`. What is
written here is what the server itself writes with COPY ... TO ... (FORMAT BINARY).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.block import boolean_values, fixed_width_values, plain
from gen.sinks.databases import copy_kernel as kernel
from gen.sinks.databases.copy_kernel import (
    BYTES,
    COUNTED_4,
    COUNTED_8,
    INTERVAL,
    LIST,
    NUMBER_1,
    NUMBER_2,
    NUMBER_4,
    NUMBER_8,
    NUMERIC,
    UUID,
    Integers,
)

HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)  # no flags, no extension
TRAILER = b"\xff\xff"  # a row of -1 fields

# -- what PostgreSQL's types take --------------------------------------------------------------------

_EPOCH_DAYS = 10_957  # from 1970-01-01, Arrow's first day, to 2000-01-01, PostgreSQL's
_EPOCH = _EPOCH_DAYS * 86_400_000_000
_DAYS = range(-2_451_545 + _EPOCH_DAYS, 2_145_031_949 + _EPOCH_DAYS)  # 4714-11-24 BC to 5874897-12-31
_INSTANTS = range(-211_813_488_000_000_000 + _EPOCH, 2**63)  # PostgreSQL's last is 294276-12-31, behind Arrow's


def _is_moment(kind: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(kind) and kind.unit == "us")


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind))


def _is_numeric(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or (pa.types.is_decimal128(kind) and kind.scale >= 0))


@dataclass(frozen=True)
class Wire:
    """A type of PostgreSQL: its number in the catalogue, what it takes of Arrow, and how the kernel writes it.

    cast: what Arrow makes of the values first; it refuses those that are out of range. allowed, epoch: of dates and
    times in Arrow's unit, those that PostgreSQL has, and what it counts from. prefix: bytes before a text.
    """

    name: str
    oid: int
    takes: Callable[[pa.DataType], bool]
    kind: int
    cast: pa.DataType | None = None
    allowed: range = range(0)
    epoch: int = 0
    prefix: int = 0


_WIRES = (
    Wire("bool", 16, pa.types.is_boolean, NUMBER_1),
    Wire("int2", 21, pa.types.is_integer, NUMBER_2, pa.int16()),
    Wire("int4", 23, pa.types.is_integer, NUMBER_4, pa.int32()),
    Wire("int8", 20, pa.types.is_integer, NUMBER_8, pa.int64()),
    Wire("float4", 700, pa.types.is_float32, NUMBER_4),
    Wire("float8", 701, lambda kind: kind in (pa.float32(), pa.float64()), NUMBER_8, pa.float64()),
    Wire("numeric", 1700, _is_numeric, NUMERIC),
    Wire("text", 25, _is_text, BYTES),
    Wire("varchar", 1043, _is_text, BYTES),
    Wire("char", 1042, _is_text, BYTES),
    Wire("json", 114, _is_text, BYTES),
    Wire("jsonb", 3802, _is_text, BYTES, prefix=1),
    Wire("bytea", 17, _is_bytes, BYTES),
    Wire("uuid", 2950, lambda kind: kind == pa.binary(16), UUID),
    Wire("date", 1082, pa.types.is_date32, COUNTED_4, allowed=_DAYS, epoch=_EPOCH_DAYS),
    Wire("time", 1083, lambda kind: kind == pa.time64("us"), COUNTED_8, allowed=range(86_400_000_001)),
    Wire("timestamp", 1114, _is_moment, COUNTED_8, allowed=_INSTANTS, epoch=_EPOCH),
    Wire("timestamptz", 1184, _is_moment, COUNTED_8, allowed=_INSTANTS, epoch=_EPOCH),
    Wire("interval", 1186, lambda kind: kind == pa.duration("us"), INTERVAL),
)
WIRES = {wire.name: wire for wire in _WIRES}

# By what the kernel writes: bytes of a value in Arrow, and those of a field at most, its length and text left out.
_WIDTHS = {
    NUMBER_1: (1, 1),
    NUMBER_2: (2, 2),
    NUMBER_4: (4, 4),
    NUMBER_8: (8, 8),
    COUNTED_4: (4, 4),
    COUNTED_8: (8, 8),
    UUID: (16, 16),
    INTERVAL: (8, 16),
    NUMERIC: (16, kernel.MOST_NUMERIC),
    BYTES: (0, 1),
    LIST: (0, kernel.HEAD),
}

# -- columns -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Column:
    """A column as the kernel takes it, but for addresses. `items`: those of a list."""

    name: str
    wire: Wire
    cast: pa.DataType | None
    numbers: dict[int, int]
    items: Column | None = None

    @property
    def kind(self) -> int:
        return self.numbers[kernel.KIND]

    @property
    def most(self) -> int:
        """Bytes of a field, at most, its text or items left out."""
        return 4 + _WIDTHS[self.kind][1]

    def prepared(self, array: pa.Array) -> pa.Array:
        """The array as the Arrow type that is written."""
        if pa.types.is_dictionary(array.type) and (array.dictionary.null_count or not len(array.dictionary)):
            return plain(array)
        if self.cast is None:
            return array
        try:
            return array.cast(self.cast)
        except pa.ArrowInvalid as error:
            raise ValueError(f"{self.name}: out of range as PostgreSQL's {self.wire.name}: {error}") from error


def column_of(name: str, wire_name: str, arrow: pa.DataType) -> Column:
    """How a column of this Arrow type is written as that type of PostgreSQL: one of `WIRES`, or "int8[]" and so on."""
    wire = WIRES.get(wire_name.removesuffix("[]"))
    if wire is None:
        known = ", ".join(WIRES)
        raise TypeError(f"{name}: Arrow's {arrow} is not written as PostgreSQL's {wire_name}, only as {known}, or []")
    of_items = wire_name.endswith("[]")
    if not (pa.types.is_list(arrow) and wire.takes(arrow.value_type) if of_items else wire.takes(arrow)):
        raise TypeError(f"{name}: Arrow's {arrow} is not written as PostgreSQL's {wire_name}")
    if of_items:
        return Column(name, wire, None, {kernel.KIND: LIST}, column_of(name, wire.name, arrow.value_type))
    cast = wire.cast
    if wire.kind == NUMERIC and pa.types.is_integer(arrow):
        cast = pa.decimal128(20) if arrow == pa.uint64() else pa.int64()
    written = cast or arrow
    return Column(name, wire, None if cast == arrow else cast, _numbers_of(wire, written))


def _numbers_of(wire: Wire, written: pa.DataType) -> dict[int, int]:
    """What the kernel is told of a column, whatever the batch."""
    numbers = {kernel.KIND: wire.kind, kernel.WIDTH: _WIDTHS[wire.kind][0], kernel.PREFIX: wire.prefix}
    if wire.allowed:
        span = np.uint64(wire.allowed.stop - wire.allowed.start - 1)
        numbers |= {kernel.EPOCH: wire.epoch, kernel.LEAST: wire.allowed.start, kernel.SPAN: int(span.view(np.int64))}
    if wire.kind == NUMERIC:
        is_integer = pa.types.is_integer(written)
        scale = 0 if is_integer else written.scale
        last = (scale - 1) % 4 + 1  # digits of the number in the last group
        factor = 10 ** (4 - last)
        numbers |= {kernel.SCALE: scale, kernel.UNIT: 10**last, kernel.FACTOR: factor, kernel.GROUPS: -(-scale // 4)}
        numbers |= {kernel.SMALL: 10**16 // factor, kernel.WIDTH: 8 if is_integer else 16}
    return numbers


# -- batches -----------------------------------------------------------------------------------------

_THERE = pa.py_buffer(b"\x01")  # for all rows of a column without nulls
_NOTHING = np.empty(0, np.int64)
_HEAD = np.dtype([(part, ">i4") for part in ("dimensions", "nulls", "oid", "items", "first", "unused")])


class _Block:
    """The arrays of a batch, by their addresses; keeps what is there. bound: bytes that all rows take at most."""

    def __init__(self, columns: Sequence[Column], arrays: Sequence[pa.Array], rows: int) -> None:
        self.columns, self.rows = columns, rows
        self.bound = kernel.SLACK + self.rows * (2 + sum(column.most for column in columns))
        self._kept: list[object] = []
        fields = range(kernel.FIELDS)
        described = map(self._numbers, columns, arrays)
        table = [[numbers.get(field, 0) for field in fields] for numbers in described]
        self._numbered = np.array(table, np.int64).reshape(-1, kernel.FIELDS)

    def write(self, out: NDArray[np.uint8], ends: Integers | None = None) -> int:
        """Write the rows, each with its number of fields in front; or, where `ends` are asked for, without it."""
        size = kernel.write_fields(self._numbered, self.rows, ends is None, out, _NOTHING if ends is None else ends)
        for c in np.flatnonzero(self._numbered[:, kernel.REFUSED]):
            column = self.columns[int(c)]
            what = "longer than a field can be, 1 GB" if column.kind in (BYTES, LIST) else "out of range"
            raise ValueError(f"{column.name}: a value is {what}, as PostgreSQL's {column.wire.name}")
        return int(size)

    def _numbers(self, column: Column, array: pa.Array) -> dict[int, int]:
        """All that the kernel is told of a column."""
        array = column.prepared(array)
        numbers = column.numbers | {kernel.VALID: _THERE.address}
        if array.null_count:
            numbers |= {kernel.VALID: self._keep(boolean_values(array.is_valid())), kernel.STEP: 1}
        if column.items:
            return numbers | self._list(column.items, array)
        if column.kind == BYTES:
            return numbers | self._texts(array)
        if pa.types.is_boolean(array.type):
            return numbers | {kernel.VALUES: self._keep(boolean_values(array))}
        return numbers | {kernel.VALUES: self._first(array.buffers()[1], array.offset * numbers[kernel.WIDTH])}

    def _keep(self, array: NDArray[Any]) -> int:
        """The address of an array that is kept as long as this."""
        return self._first(pa.py_buffer(array), 0)

    def _first(self, buffer: pa.Buffer, skipped: int) -> int:
        """The address of a buffer's first value."""
        self._kept.append(buffer)
        return int(buffer.address + skipped)

    def _texts(self, array: pa.Array) -> dict[int, int]:
        """Where texts and bytes start and stop, and in what."""
        data, starts, stops = _extents(array)
        apart = pa.types.is_dictionary(array.type)
        size = int((stops - starts).sum(dtype=np.int64)) if apart else int(stops[-1]) - int(starts[0])
        return self._extended(data, size, starts, stops)

    def _list(self, column: Column, array: pa.Array) -> dict[int, int]:
        """Items are written first, as rows of one field; then those of a list are bytes behind a head."""
        offsets: Integers = fixed_width_values(array.offsets).astype(np.int64)
        items = array.values.slice(offsets[0], offsets[-1] - offsets[0])
        offsets -= offsets[0]
        ends = np.zeros(len(items) + 1, np.int64)
        out = np.empty(0, np.uint8)
        if len(items):
            block = _Block([column], [items], len(items))
            out = np.empty(block.bound, np.uint8)
            block.write(out, ends[1:])
        places = ends[offsets]
        heads = self._keep(_heads(items, offsets, column.wire.oid))
        return self._extended(pa.py_buffer(out), int(ends[-1]), places[:-1], places[1:]) | {kernel.HEADS: heads}

    def _extended(self, data: pa.Buffer | None, size: int, starts: NDArray[Any], stops: NDArray[Any]) -> dict[int, int]:
        """Bytes from here to there of a buffer, of this size in all."""
        self.bound += size
        first = self._first(data, 0) if data else 0
        extents = {kernel.STARTS: self._keep(starts), kernel.STOPS: self._keep(stops)}
        limit = first + (data.size if data else 0)
        return extents | {kernel.VALUES: first, kernel.LIMIT: limit, kernel.LONG_OFFSETS: starts.itemsize // 8}


def _extents(array: pa.Array) -> tuple[Any, NDArray[Any], NDArray[Any]]:
    """The buffer of texts or bytes, and where each value starts and stops in it."""
    kind, rows = array.type, len(array)
    if pa.types.is_dictionary(kind):
        places = fixed_width_values(array.indices)
        if array.indices.null_count:
            places = np.where(boolean_values(array.indices.is_valid()), places, 0)
        buffer, starts, stops = _extents(array.dictionary)
        return buffer, starts[places], stops[places]
    if pa.types.is_fixed_size_binary(kind):
        offsets = np.arange(array.offset, array.offset + rows + 1, dtype=np.int64) * kind.byte_width
        return array.buffers()[1], offsets[:-1], offsets[1:]
    width = 8 if pa.types.is_large_string(kind) or pa.types.is_large_binary(kind) else 4
    _, places, buffer = array.buffers()
    offsets = np.frombuffer(places, f"i{width}", rows + 1, array.offset * width)
    return buffer, offsets[:-1], offsets[1:]


def _heads(items: pa.Array, offsets: Integers, oid: int) -> NDArray[Any]:
    """What stands in front of the items of each array; only the first 12 bytes of it where there are none."""
    sizes = np.diff(offsets)
    heads = np.zeros(sizes.size, _HEAD)
    heads["dimensions"], heads["oid"], heads["items"], heads["first"] = sizes > 0, oid, sizes, 1
    if items.null_count:
        before = np.concatenate([[0], np.cumsum(boolean_values(items.is_null()))])
        heads["nulls"] = before[offsets[1:]] > before[offsets[:-1]]
    return heads


class CopyBinary:
    """Writes batches of columns of these types of PostgreSQL. Of one thread: `rows` uses the same memory again."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = list(names)
        self._schema: pa.Schema | None = None
        self._columns: list[Column] = []
        self._out = np.empty(0, np.uint8)

    def rows(self, batch: pa.RecordBatch) -> memoryview:
        """The rows of a batch, to be sent between HEADER and TRAILER. Valid until the next call."""
        if batch.schema != self._schema:
            self._plan(batch.schema)
        if not batch.num_rows:
            return memoryview(b"")
        block = _Block(self._columns, batch.columns, batch.num_rows)
        if self._out.size < block.bound:
            self._out = np.empty(block.bound * 5 // 4, np.uint8)  # memory that is new costs more than to write it
        return self._out[: block.write(self._out)].data

    def _plan(self, schema: pa.Schema) -> None:
        if len(schema) != len(self._names):
            raise ValueError(f"a batch has {len(schema)} columns where {len(self._names)} are to be written")
        pairs = zip(schema, self._names, strict=True)
        self._columns = [column_of(column.name, wire, column.type) for column, wire in pairs]
        self._schema = schema
