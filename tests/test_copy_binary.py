"""What PostgreSQL reads of what `copy_binary` writes: compared as text with what Python makes of the values."""

from __future__ import annotations

import ctypes
import datetime
import decimal
import json
import math
import mmap
import random
import struct
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gen.sinks.databases.copy_binary import HEADER, TRAILER, WIRES, CopyBinary

decimal.getcontext().prec = 60
DAY = datetime.timedelta(days=1)
MICROSECOND = datetime.timedelta(microseconds=1)


@pytest.fixture(scope="session")
def server(postgresql_server: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgresql_server.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("SET timezone = 'UTC'; SET intervalstyle = 'postgres'; SET datestyle = 'ISO'")
        yield connection


# -- what is expected, from Python's values alone -----------------------------------------------------


def clock(microseconds: int) -> str:
    """Microseconds as PostgreSQL shows a time, of any number of hours."""
    seconds, fraction = divmod(abs(microseconds), 10**6)
    shown = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    shown += f".{fraction:06}".rstrip("0") if fraction else ""
    return "-" + shown if microseconds < 0 else shown


def moment(value: datetime.datetime) -> str:
    midnight = value.replace(hour=0, minute=0, second=0, microsecond=0)
    return f"{value.date().isoformat()} {clock((value - midnight) // MICROSECOND)}"


def time_of_day(value: datetime.time) -> str:
    return clock(((value.hour * 60 + value.minute) * 60 + value.second) * 10**6 + value.microsecond)


SHOWN: dict[str, Callable[[Any], str]] = {
    "bool": lambda value: "true" if value else "false",
    "int2": str,
    "int4": str,
    "int8": str,
    "numeric": lambda value: format(value, "f") if isinstance(value, decimal.Decimal) else str(value),
    "text": str,
    "varchar": str,
    "char": lambda value: value.rstrip(" "),  # PostgreSQL's cast to text leaves blanks out, but not in arrays
    "json": str,
    "jsonb": str,
    "bytea": lambda value: "\\x" + value.hex(),
    "uuid": lambda value: str(uuid.UUID(bytes=value)),
    "date": datetime.date.isoformat,
    "time": time_of_day,
    "timestamp": moment,
    "timestamptz": lambda value: moment(value) + "+00",
    "interval": lambda value: clock(value // MICROSECOND),
}
BITS = {"float4": ">f", "float8": ">d"}


def quoted(shown: str | None, wire: str) -> str:
    """An item as PostgreSQL shows it in an array."""
    if shown is None:
        return "NULL"
    if wire == "bool":
        return shown[0]
    plain = shown and shown.upper() != "NULL" and not any(c in '{},"\\ \t\n\r\v\f' for c in shown)
    return shown if plain else '"' + shown.replace("\\", "\\\\").replace('"', '\\"') + '"'


def expected(wire: str, value: Any) -> Any:
    if value is None:
        return None
    if wire.endswith("[]"):
        item_wire = "text" if wire == "char[]" else wire[:-2]
        return "{" + ",".join(quoted(expected(item_wire, item), item_wire) for item in value) + "}"
    if wire in BITS:
        return None if value is None else float_bits(wire, value)
    return SHOWN[wire](value)


def float_bits(wire: str, value: float) -> str:
    """A float's bytes; of NaN, only that it is one: PostgreSQL shows no more."""
    return "nan" if math.isnan(value) else struct.pack(BITS[wire], value).hex()


def read_as(wire: str, shown: str | None) -> str | None:
    """PostgreSQL's text as `expected` has it."""
    if shown is None or wire not in BITS:
        return shown
    return float_bits(wire, float(shown))


# -- writing and reading back ---------------------------------------------------------------------------


def column_type(wire: str) -> str:
    return wire.replace("char", "bpchar") if wire in ("char", "char[]") else wire


def stored(server: psycopg.Connection[Any], wires: Sequence[str], batches: Sequence[pa.RecordBatch]) -> list[list[Any]]:
    """The columns as texts, as PostgreSQL has them; what it writes itself must be what was written."""
    names = [f"c{i}" for i in range(len(wires))]
    columns = ", ".join(f"{name} {column_type(wire)}" for name, wire in zip(names, wires, strict=True))
    server.execute(f"DROP TABLE IF EXISTS stored; CREATE TEMP TABLE stored ({columns})")
    encoder = CopyBinary(wires)
    written = [HEADER]
    with server.cursor() as cursor:
        with cursor.copy("COPY stored FROM STDIN (FORMAT BINARY)") as copy:
            copy.write(HEADER)
            for batch in batches:
                rows = encoder.rows(batch)
                written.append(bytes(rows))
                copy.write(rows)
            copy.write(TRAILER)
        with cursor.copy("COPY stored TO STDOUT (FORMAT BINARY)") as copy:
            assert b"".join(copy) == b"".join(written) + TRAILER
        texts = ", ".join(f"{name}::text" for name in names)
        rows = cursor.execute(f"SELECT {texts} FROM stored").fetchall()
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in wires]


def check(server: psycopg.Connection[Any], wire: str, array: pa.Array, values: Sequence[Any] | None = None) -> None:
    """This array is stored as these values, its own unless given: alone, and between other columns."""
    values = array.to_pylist() if values is None else values
    numbers = pa.array(range(len(array)), pa.int32())
    alone = pa.RecordBatch.from_arrays([array], ["c0"])
    between = pa.RecordBatch.from_arrays([numbers, array, numbers], ["c0", "c1", "c2"])
    want = [expected(wire, value) for value in values]
    assert [read_as(wire, shown) for shown in stored(server, [wire], [alone])[0]] == want
    columns = stored(server, ["int4", wire, "int8"], [between, between.slice(1), between.slice(0, 0)])
    numbers_twice = [str(i) for i in [*range(len(array)), *range(1, len(array))]]
    assert columns[0] == columns[2] == numbers_twice
    assert [read_as(wire, shown) for shown in columns[1]] == want + want[1:]


# -- values at the edges ----------------------------------------------------------------------------------


def integers(bits: int, signed: bool = True) -> list[int]:
    least, most = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    return [
        n
        for n in (0, 1, -1, 7, 9_999, 10_000, -10_000, 255, 256, least, least + 1, most - 1, most)
        if least <= n <= most
    ]


def floats(kind: Any) -> list[float]:
    limits = np.finfo(kind)
    edges = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        float(limits.max),
        float(limits.min),
        float(limits.tiny),
        math.nan,
        math.inf,
        -math.inf,
    ]
    beside = [float(np.nextafter(kind(1), kind(by))) for by in (0, 2)] + [float(limits.smallest_subnormal)]
    return [*edges, *beside, float(kind(0.1)), -float(limits.smallest_subnormal)]


TEXTS = [
    "",
    "a",
    "NULL",
    "null",
    "\\N",
    "it's",
    '"',
    "\\",
    "\t",
    "\n",
    "\r\n",
    " ",
    "{}",
    ",",
    "ü€😀𝄞",
    "x" * 31,
    "x" * 32,
]
TEXTS += ["x" * 33, "y" * 63, "z" * 64, "ü" * 500, "w" * 100_000]
BLOBS = [b"", b"\0", b"\xff" * 31, b"\xfe" * 32, b"\xff" * 33, bytes(range(256)), b"\\x", b"PGCOPY\n\xff\r\n\0"]
JSON = ['{"a": 1}', "[]", "{}", "null", '"ü😀"', "1.50", "true", '[1, 2, {"b": null}]']
UUIDS = [bytes(16), b"\xff" * 16, bytes(range(16)), uuid.UUID("12345678-1234-5678-1234-567812345678").bytes]
DATES = [datetime.date(1, 1, 1), datetime.date(9999, 12, 31), datetime.date(1970, 1, 1), datetime.date(2000, 1, 1)]
DATES += [datetime.date(1999, 12, 31), datetime.date(2000, 2, 29), datetime.date(1969, 12, 31)]
TIMES = [
    datetime.time(),
    datetime.time(23, 59, 59, 999_999),
    datetime.time(12, 30, 0, 500_000),
    datetime.time(0, 0, 0, 1),
]
MOMENTS = [datetime.datetime.combine(day, time) for day in DATES for time in TIMES]
SPANS = [0 * DAY, DAY, -DAY, MICROSECOND, -MICROSECOND, 100_000 * DAY, -(100_000 * DAY) + MICROSECOND]
EDGES: list[tuple[str, pa.DataType, list[Any]]] = [
    ("bool", pa.bool_(), [True, False]),
    *((f"int{size}", pa.from_numpy_dtype(f"i{size}"), integers(8 * size)) for size in (2, 4, 8)),
    *(
        ("int8", kind, integers(kind.bit_width, "u" not in str(kind)))
        for kind in (pa.int8(), pa.uint8(), pa.int16(), pa.uint32())
    ),
    ("int2", pa.int64(), integers(16)),
    ("int4", pa.int64(), integers(32)),
    ("int4", pa.uint16(), integers(16, False)),
    ("int8", pa.uint64(), integers(63, False)),
    ("float4", pa.float32(), floats(np.float32)),
    ("float8", pa.float64(), floats(np.float64)),
    ("float8", pa.float32(), floats(np.float32)),
    ("numeric", pa.int64(), integers(64)),
    ("numeric", pa.int32(), integers(32)),
    ("numeric", pa.uint64(), integers(64, False)),
    *((wire, kind, TEXTS) for wire in ("text", "varchar", "char") for kind in (pa.string(), pa.large_string())),
    *((wire, pa.string(), JSON) for wire in ("json", "jsonb")),
    *((wire, pa.dictionary(pa.int8(), pa.string()), JSON) for wire in ("json", "jsonb", "text")),
    ("text", pa.dictionary(pa.int32(), pa.large_string()), TEXTS),
    ("text", pa.dictionary(pa.uint16(), pa.string()), TEXTS),
    ("bytea", pa.binary(), BLOBS),
    ("bytea", pa.large_binary(), BLOBS),
    ("bytea", pa.binary(3), [b"abc", b"\0\0\0", b"\xff\xfe\xfd"]),
    ("bytea", pa.binary(40), [bytes(40), bytes(range(40))]),
    ("uuid", pa.binary(16), UUIDS),
    ("date", pa.date32(), DATES),
    ("time", pa.time64("us"), TIMES),
    ("timestamp", pa.timestamp("us"), MOMENTS),
    ("timestamptz", pa.timestamp("us"), MOMENTS),
    ("interval", pa.duration("us"), SPANS),
]
NAMES = [f"{wire}-{kind}" for wire, kind, _ in EDGES]


def with_nulls(values: Sequence[Any]) -> list[Any]:
    return [None, *(part for value in values for part in (value, None)), *values]


@pytest.mark.parametrize(("wire", "kind", "values"), EDGES, ids=NAMES)
def test_values_at_the_edges_are_stored(server: Any, wire: str, kind: pa.DataType, values: list[Any]) -> None:
    check(server, wire, pa.array(values, kind), values)
    check(server, wire, pa.array(with_nulls(values), kind), with_nulls(values))
    check(server, wire, pa.nulls(3, kind), [None] * 3)


@pytest.mark.parametrize(("wire", "kind", "values"), EDGES, ids=NAMES)
def test_arrays_are_stored(server: Any, wire: str, kind: pa.DataType, values: list[Any]) -> None:
    if wire in BITS:
        values = [1.5, -2.25, 0.0, -3.0, 1024.0]  # shown in arrays as Python does, but for ".0"
    lists = [[], None, values, [None], with_nulls(values), [], values[:1], None, values[::-1], [None, None]]
    want = lists
    if wire in BITS:
        check_floats(server, wire, pa.array(lists, pa.list_(kind)), lists)
    else:
        check(server, f"{wire}[]", pa.array(lists, pa.list_(kind)), want)
        check(server, f"{wire}[]", pa.array([[], None, []], pa.list_(kind)), [[], None, []])


def check_floats(server: Any, wire: str, array: pa.Array, lists: list[Any]) -> None:
    columns = stored(server, [f"{wire}[]"], [pa.RecordBatch.from_arrays([array], ["c0"])])
    shown = [
        None if s is None else [None if p == "NULL" else float(p) for p in s[1:-1].split(",") if p] for s in columns[0]
    ]
    assert shown == lists


@pytest.mark.parametrize(("wire", "kind", "values"), EDGES, ids=NAMES)
def test_slices_are_written_as_if_they_were_whole(wire: str, kind: pa.DataType, values: list[Any]) -> None:
    values = with_nulls(values) * 5
    lists = [values[:3], None, [], values, [None], values[1:2]] * 4
    for name, whole, data in ((wire, kind, values), (f"{wire}[]", pa.list_(kind), lists)):
        array = pa.array(data, whole)
        for first, count in ((1, 7), (3, 5), (8, 9), (9, 15), (0, len(data)), (len(data) - 1, 1), (2, 0)):
            part = array.slice(1).slice(first - 1, count) if first else array.slice(0, count)
            fresh = pa.array(data[first : first + count], whole)
            sliced, copied = (pa.RecordBatch.from_arrays([a, a], ["a", "b"]) for a in (part, fresh))
            assert bytes(CopyBinary([name] * 2).rows(sliced)) == bytes(CopyBinary([name] * 2).rows(copied))


# -- numeric ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", range(39))
def test_decimals_of_every_scale_and_size_are_stored(server: Any, scale: int) -> None:
    draw = random.Random(scale)
    numbers = {0, 1, -1, 10**38 - 1, -(10**38 - 1), 2**63, 2**64, -(2**63), 2**64 - 1, 10**13, 10**16, 10**16 - 1}
    for digits in range(1, 39):
        for most in (10**digits, 10 ** (digits // 2 + 1)):
            number = draw.randrange(most) * 10 ** draw.randrange(digits)
            numbers |= {number, -number, 10**digits - 1, 10 ** (digits - 1)}
    values = [decimal.Decimal(n).scaleb(-scale) for n in sorted(numbers) if abs(n) < 10**38]
    check(server, "numeric", pa.array(values, pa.decimal128(38, scale)), values)


@pytest.mark.parametrize(
    ("precision", "scale"), [(1, 0), (1, 1), (5, 5), (9, 4), (12, 2), (15, 3), (18, 8), (19, 0), (20, 19)]
)
def test_decimals_of_any_precision_are_stored(server: Any, precision: int, scale: int) -> None:
    draw = random.Random(precision)
    numbers = [draw.randrange(-(10**precision) + 1, 10**precision) for _ in range(500)]
    values = with_nulls([decimal.Decimal(n).scaleb(-scale) for n in [*numbers, 0, 10**precision - 1]])
    check(server, "numeric", pa.array(values, pa.decimal128(precision, scale)), values)


# -- dates before Christ; the last instants -------------------------------------------------------------------


def test_the_first_and_last_dates_of_postgresql_are_stored(server: Any) -> None:
    days = pa.array([-2_451_545 + 10_957, 2_145_031_948 + 10_957], pa.int32()).cast(pa.date32())
    batch = pa.RecordBatch.from_arrays([days], ["c0"])
    assert stored(server, ["date"], [batch]) == [["4714-11-24 BC", "5874897-12-31"]]
    instants = pa.array([-211_813_488_000_000_000 + 946_684_800_000_000, 2**63 - 1]).cast(pa.timestamp("us", "UTC"))
    batch = pa.RecordBatch.from_arrays([instants], ["c0"])
    shown = ["4714-11-24 00:00:00 BC", "294247-01-10 04:00:54.775807"]
    assert stored(server, ["timestamp"], [batch]) == [shown]
    least = pa.array([-(2**63), 2**63 - 1, 86_400_000_000], pa.int64()).cast(pa.duration("us"))
    spans = stored(server, ["interval"], [pa.RecordBatch.from_arrays([least], ["c0"])])
    assert spans == [["-2562047788:00:54.775808", "2562047788:00:54.775807", "24:00:00"]]
    midnight = pa.array([86_400_000_000]).cast(pa.time64("us"))
    assert stored(server, ["time"], [pa.RecordBatch.from_arrays([midnight], ["c0"])]) == [["24:00:00"]]


# -- what is refused --------------------------------------------------------------------------------------------


def whole(kind: pa.DataType, number: int) -> pa.Array:
    size = kind.bit_width
    return pa.array([0, number, None], pa.int32() if size == 32 else pa.int64()).view(kind)


TOO_LARGE = [
    ("int2", pa.array([1, 2**15])),
    ("int2", pa.array([-(2**15) - 1], pa.int32())),
    ("int2", pa.array([2**15], pa.uint16())),
    ("int4", pa.array([2**31])),
    ("int4", pa.array([-(2**31) - 1])),
    ("int4", pa.array([2**31], pa.uint32())),
    ("int8", pa.array([2**63], pa.uint64())),
    ("date", whole(pa.date32(), -2_451_546 + 10_957)),
    ("date", whole(pa.date32(), -(2**31))),
    ("date", whole(pa.date32(), 2_145_031_949 + 10_957)),
    ("time", whole(pa.time64("us"), -1)),
    ("time", whole(pa.time64("us"), 86_400_000_001)),
    ("timestamp", whole(pa.timestamp("us"), -(2**63))),
    ("timestamptz", whole(pa.timestamp("us"), -211_813_488_000_000_001 + 946_684_800_000_000)),
]


@pytest.mark.parametrize(("wire", "array"), TOO_LARGE)
@pytest.mark.parametrize("nested", [False, True])
def test_values_out_of_range_are_refused(wire: str, array: pa.Array, nested: bool) -> None:
    if nested:
        wire, array = f"{wire}[]", pa.ListArray.from_arrays(pa.array([0, len(array)], pa.int32()), array)
    batch = pa.RecordBatch.from_arrays([array, array], ["first", "second"])
    with pytest.raises(ValueError, match=f"first: .*{wire.removesuffix('[]')}"):
        CopyBinary([wire, wire]).rows(batch)


def test_values_that_are_null_are_not_out_of_range(server: Any) -> None:
    bits = pa.py_buffer(b"\x01")
    for wire, kind, size in (
        ("date", pa.date32(), 4),
        ("timestamp", pa.timestamp("us"), 8),
        ("time", pa.time64("us"), 8),
    ):
        numbers = np.array([0, -(2 ** (8 * size - 1))], f"i{size}")
        array = pa.Array.from_buffers(kind, 2, [bits, pa.py_buffer(numbers)])
        check(server, wire, array, array.to_pylist())
    numbers = np.array([5, 2**40], np.int64)
    check(server, "int2", pa.Array.from_buffers(pa.int64(), 2, [bits, pa.py_buffer(numbers)]), [5, None])


TAKEN = {wire: {str(kind) for name, kind, _ in EDGES if name == wire} for wire in WIRES}
OTHERS = [
    pa.bool_(),
    pa.int64(),
    pa.uint8(),
    pa.float16(),
    pa.float32(),
    pa.float64(),
    pa.decimal128(10, 2),
    pa.string(),
]
OTHERS += [
    pa.decimal256(50, 2),
    pa.decimal128(10, -2),
    pa.binary(),
    pa.binary(16),
    pa.binary(15),
    pa.date32(),
    pa.date64(),
]
OTHERS += [pa.time32("ms"), pa.time64("us"), pa.time64("ns"), pa.timestamp("us"), pa.timestamp("ns"), pa.timestamp("s")]
OTHERS += [pa.duration("us"), pa.duration("ms"), pa.null(), pa.struct([("a", pa.int64())]), pa.string_view()]
OTHERS += [
    pa.list_(pa.int64()),
    pa.list_(pa.list_(pa.int64())),
    pa.dictionary(pa.int8(), pa.int64()),
    pa.month_day_nano_interval(),
]
MORE = {"numeric": {"decimal128(10, 2)", "uint8"}, "bytea": {"fixed_size_binary[16]", "fixed_size_binary[15]"}}
MORE |= {f"int{size}": {"int64", "uint8"} for size in (2, 4, 8)}


@pytest.mark.parametrize("wire", WIRES)
def test_other_arrow_types_are_refused(wire: str) -> None:
    taken = TAKEN[wire] | MORE.get(wire, set())
    for kind in OTHERS:
        for name, tried in ((wire, kind), (f"{wire}[]", pa.list_(kind)), (f"{wire}[]", kind), (wire, pa.list_(kind))):
            inside = str(tried.value_type) if name != wire and pa.types.is_list(tried) else ""
            if (str(tried) if name == wire else inside) in taken:
                continue
            with pytest.raises(TypeError) as raised:
                CopyBinary([name]).rows(pa.RecordBatch.from_arrays([pa.nulls(1, tried)], ["c0"]))
            assert str(tried) in str(raised.value) and name in str(raised.value)


def test_unknown_types_and_a_wrong_number_of_columns_are_refused() -> None:
    batch = pa.record_batch({"c0": [1]})
    with pytest.raises(TypeError, match="int64 is not written as PostgreSQL's money"):
        CopyBinary(["money"]).rows(batch)
    with pytest.raises(TypeError, match=r"int8\[\]\[\]"):
        CopyBinary(["int8[][]"]).rows(batch)
    with pytest.raises(ValueError, match="1 columns where 2"):
        CopyBinary(["int8", "int8"]).rows(batch)


# -- memory -------------------------------------------------------------------------------------------------------


def test_nothing_behind_a_buffer_is_read(server: Any) -> None:
    """Every buffer ends where a page does that cannot be read."""
    kept = []

    def guarded(buffer: pa.Buffer | None) -> pa.Buffer | None:
        if buffer is None:
            return None
        size = -(-max(buffer.size, 1) // mmap.PAGESIZE) * mmap.PAGESIZE
        memory = mmap.mmap(-1, size + mmap.PAGESIZE)
        start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        assert ctypes.CDLL(None).mprotect(ctypes.c_void_p(start + size), mmap.PAGESIZE, 0) == 0
        place = start + size - buffer.size
        ctypes.memmove(place, buffer.address, buffer.size)
        kept.append(memory)
        return pa.foreign_buffer(place, buffer.size, memory)

    def exact(array: pa.Array, sizes: list[int]) -> pa.Array:
        buffers = [
            guarded(b if b is None else b.slice(0, size)) for b, size in zip(array.buffers(), sizes, strict=True)
        ]
        return pa.Array.from_buffers(array.type, len(array), buffers)

    rows = 13
    for length in (0, 1, 7, 15, 31, 32, 33, 100):
        texts = pa.array([("ab" * 60)[:length]] * rows)
        check(server, "text", exact(texts, [0, 4 * (rows + 1), length * rows]))
    for wire, kind in (("int8", pa.int64()), ("int4", pa.int32()), ("int2", pa.int16()), ("numeric", pa.int64())):
        check(server, wire, exact(pa.array(range(rows), kind), [0, kind.bit_width // 8 * rows]))
    check(server, "numeric", exact(pa.array(range(rows), pa.decimal128(20, 2)), [0, 16 * rows]))
    check(server, "uuid", exact(pa.array([bytes(16)] * rows, pa.binary(16)), [0, 16 * rows]))
    check(server, "bool", exact(pa.array([True] * rows), [0, 2]))
    mprotect_back(kept)


def mprotect_back(kept: list[Any]) -> None:
    for memory in kept:
        start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        ctypes.CDLL(None).mprotect(ctypes.c_void_p(start), len(memory), mmap.PROT_READ | mmap.PROT_WRITE)


@pytest.mark.parametrize(("wire", "kind", "values"), EDGES, ids=NAMES)
def test_nothing_behind_the_bound_is_written(wire: str, kind: pa.DataType, values: list[Any]) -> None:
    from gen.sinks.databases import copy_binary

    for name, array in ((wire, pa.array(values, kind)), (f"{wire}[]", pa.array([values, [], None], pa.list_(kind)))):
        block = copy_binary._Block([copy_binary.column_of("c", name, array.type)], [array], len(array))
        out = np.full(block.bound + 256, 0xA5, np.uint8)
        block.write(out)
        assert (out[block.bound :] == 0xA5).all()


def test_memory_is_used_again_and_grows() -> None:
    encoder = CopyBinary(["text"])
    small, large = (pa.record_batch({"c0": [text * 10]}) for text in ("a", "b" * 10_000))
    first = bytes(encoder.rows(small))
    assert len(encoder.rows(large)) == 2 + 4 + 100_000
    assert bytes(encoder.rows(small)) == first == struct.pack(">hi", 1, 10) + b"a" * 10


def test_dictionaries_that_hold_nulls_or_nothing_are_written(server: Any) -> None:
    words = pa.array(["left out", "a", None, "longer than thirty-two bytes, certainly"]).slice(1)
    indices = pa.array([0, 1, None, 2, 2, 0])
    array = pa.DictionaryArray.from_arrays(indices, words)
    check(server, "text", array, ["a", None, None, words[2].as_py(), words[2].as_py(), "a"])
    sliced = pa.DictionaryArray.from_arrays(pa.array([1, 0, None]), pa.array(["no", "yes", "x", "y"]).slice(1, 2))
    check(server, "text", sliced, ["x", "yes", None])
    empty = pa.DictionaryArray.from_arrays(pa.array([None, None], pa.int32()), pa.array([], pa.string()))
    check(server, "text", empty, [None, None])


# -- anything -----------------------------------------------------------------------------------------------------

text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=80)
naive = st.datetimes(datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31))
DRAWN: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "bool": (pa.bool_(), st.booleans()),
    "int2": (pa.int64(), st.integers(-(2**15), 2**15 - 1)),
    "int4": (pa.int32(), st.integers(-(2**31), 2**31 - 1)),
    "int8": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "float4": (pa.float32(), st.floats(width=32)),
    "float8": (pa.float64(), st.floats()),
    "text": (pa.string(), text),
    "bytea": (pa.binary(), st.binary(max_size=70)),
    "uuid": (pa.binary(16), st.binary(min_size=16, max_size=16)),
    "date": (pa.date32(), st.dates()),
    "time": (pa.time64("us"), st.times()),
    "timestamp": (pa.timestamp("us"), naive),
    "interval": (pa.duration("us"), st.timedeltas(-(10**6) * DAY, 10**6 * DAY)),
    "jsonb": (
        pa.string(),
        st.dictionaries(st.sampled_from("abc"), st.integers(), max_size=2).map(
            lambda d: json.dumps(dict(sorted(d.items())))
        ),
    ),
}


@st.composite
def columns(draw: st.DrawFn) -> tuple[list[str], list[pa.Array]]:
    rows = draw(st.integers(0, 12))
    wires, arrays = [], []
    for wire in draw(st.lists(st.sampled_from([*DRAWN, "numeric"]), min_size=1, max_size=6)):
        if wire == "numeric":
            precision = draw(st.integers(1, 38))
            kind = pa.decimal128(precision, draw(st.integers(0, precision)))
            values = st.integers(-(10**precision) + 1, 10**precision - 1).map(
                lambda n, s=kind.scale: decimal.Decimal(n).scaleb(-s)
            )
        else:
            kind, values = DRAWN[wire]
        values = st.none() | values
        if wire not in BITS and draw(st.booleans()):
            wire, kind, values = f"{wire}[]", pa.list_(kind), st.none() | st.lists(values, max_size=4)
        wires.append(wire)
        arrays.append(pa.array(draw(st.lists(values, min_size=rows, max_size=rows)), kind))
    return wires, arrays


@settings(max_examples=300, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(columns())
def test_any_batch_is_stored(server: Any, drawn: tuple[list[str], list[pa.Array]]) -> None:
    wires, arrays = drawn
    batch = pa.RecordBatch.from_arrays(arrays, [f"c{i}" for i in range(len(arrays))])
    for wire, array, shown in zip(wires, arrays, stored(server, wires, [batch]), strict=True):
        assert [read_as(wire, s) for s in shown] == [expected(wire, value) for value in array.to_pylist()]
