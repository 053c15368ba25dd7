"""This file knows what travels between rooms: Partition, Receipt, Source, Sink, and the checksum of values.

A checksum is over values, not bytes: it is the same whatever the partitioning, the order of rows, the sink or the file
format, so that data read back from anywhere can be compared with what was meant. Per column, and for whole rows (so
that two values exchanged between rows are seen), it is a sum modulo 2^64 of keyed 64-bit hashes of each value in a
canonical form:

    integers, booleans, dates    the value, as 64 bits
    times                        microseconds since 1970-01-01 UTC
    floats                       the bits of the float64, with -0.0 as 0.0 and one NaN
    text                         UTF-8
    null                         a fixed tag
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.streams import Word, Words, device, intrinsic, ir, kernel, stream_key, types

# -- partitions, receipts, and the two seams -------------------------------------------------------------


@dataclass(frozen=True, order=True)
class Partition:
    """Rows start (included) to stop (excluded) of a table: what one file, or one transaction, holds."""

    table: str
    index: int
    start: int
    stop: int

    @property
    def rows(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True)
class Receipt:
    """Proof that a partition's rows are durable: stored in, or beside, the artefact itself; about 200 bytes.

    `differences` is filled only by a sink that compares instead of writing: one sentence for each.
    """

    table: str
    index: int
    start: int
    stop: int
    bytes: int
    checksum: dict[str, str] = field(default_factory=dict)
    differences: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        return self.stop - self.start

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class Source(Protocol):
    """Makes the rows of one table. Calling `batches` twice gives equal batches."""

    @property
    def table(self) -> str: ...

    @property
    def schema(self) -> pa.Schema: ...

    def batches(self, partition: Partition) -> Iterator[pa.RecordBatch]: ...

    def probe(self) -> dict[str, str]:
        """Checksums of a few thousand rows of each column: what this machine, code and library compute."""
        ...


class Sink(Protocol):
    """Takes the rows of all tables. Every method may be called again, or twice at once, and leaves one copy."""

    @property
    def artefacts(self) -> Path | None:
        """A folder for what all workers need, where they share one."""
        ...

    def check(self, *, needed: int, overwrite: bool) -> None:
        """Refuse a target that is taken, or has no room for `needed` bytes. Writes nothing."""
        ...

    def prepare(self, *, overwrite: bool) -> None:
        """Make the target ready; `overwrite` replaces another run's data."""
        ...

    def write(self, partition: Partition, batches: Iterable[pa.RecordBatch]) -> Receipt:
        """Store the rows; when this returns they are durable."""
        ...

    def done(self) -> dict[tuple[str, int], Receipt]:
        """The receipts found in the target, by (table, index): what need not be written again."""
        ...

    def finish(self, receipts: Sequence[Receipt]) -> None:
        """Every partition is there: seal the target."""
        ...


# -- Arrow arrays over NumPy buffers, and back ---------------------------------------------------------------
# PyArrow's own pa.array and to_numpy import pandas, which takes half a second of every start.


def fixed_width_array(kind: pa.DataType, values: NDArray[Any]) -> pa.Array:
    """An Arrow array over a NumPy buffer of the same width, without a copy."""
    return pa.Array.from_buffers(kind, values.size, [None, pa.py_buffer(values)])


def fixed_width_values(array: pa.Array) -> NDArray[Any]:
    """The values of an Arrow array of integers, floats or times as NumPy numbers, without a copy; nulls are anything.

    The result is marked writable, as kernels want it; nothing may write to it.
    """
    letter = "f" if pa.types.is_floating(array.type) else "u" if pa.types.is_unsigned_integer(array.type) else "i"
    buffer = array.buffers()[1]
    if buffer is None:
        return np.empty(0, np.dtype(f"{letter}{array.type.bit_width // 8}"))
    values = np.frombuffer(buffer, np.dtype(f"{letter}{array.type.bit_width // 8}"))
    return _unlocked(values[array.offset : array.offset + len(array)])


# -- checksums of values ---------------------------------------------------------------------------------

NULL_HASH = np.uint64(0x9AE16A3B2F90404F)
_MIX = np.uint64(0xD6E8FEB86659FD93)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_NAN = np.uint64(0x7FF8000000000000)
_SHIFT = np.uint64(32)


@device
def mix(x: Word) -> Word:
    """A bijection on 64 bits in which every input bit reaches every output bit."""
    x ^= x >> _SHIFT
    x *= _MIX
    x ^= x >> _SHIFT
    x *= _MIX
    return x ^ (x >> _SHIFT)


@device
def rotated(x: Word, left: Word) -> Word:
    """x rotated to the left by 0 to 63 bits."""
    return (x << left) | (x >> ((np.uint64(64) - left) & np.uint64(63)))


# Each of the kernels that hash returns the sum of the column's hashes, and adds each, rotated and multiplied, to its
# row's. So two columns that exchange values, or two rows that exchange one, change the sum over rows.


@kernel("uint64(int64[::1], uint64[::1], uint64, uint64, uint64)")
def _hash_integers(values: NDArray[np.int64], rows: Words, key: Word, left: Word, odd: Word) -> Word:
    total = np.uint64(0)
    for i in range(values.size):
        h = mix(np.uint64(values[i]) + key)
        total += h
        rows[i] += rotated(h, left) * odd
    return total


@kernel("uint64(float64[::1], uint64[::1], uint64, uint64, uint64)")
def _hash_floats(values: NDArray[np.float64], rows: Words, key: Word, left: Word, odd: Word) -> Word:
    total = np.uint64(0)
    bits = values.view(np.uint64)
    for i in range(values.size):
        word = bits[i]
        word = np.uint64(0) if values[i] == 0.0 else word  # -0.0 is 0.0
        word = _NAN if values[i] != values[i] else word
        h = mix(word + key)
        total += h
        rows[i] += rotated(h, left) * odd
    return total


LANE_MULTIPLIERS = [int(_MIX) + 2 * lane * int(_GOLDEN) for lane in range(8)]  # odd, modulo 2^64
TEXT_STEP = 64  # bytes of text hashed at once: eight words side by side


@intrinsic
def _hash_step(typingctx: Any, address: Any, mask_address: Any, key: Any) -> Any:
    """The sum over eight 64-bit words, masked, of a bijection of each that no two lanes share.

    Each lane has a multiplier of its own: with one for all, bytes exchanged between two words would often cancel.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        word = ir.IntType(64)
        vector = ir.VectorType(word, 8)

        def constant(values: list[int]) -> Any:
            return ir.Constant(vector, [ir.Constant(word, value % 2**64) for value in values])

        def load(at: Any) -> Any:
            return builder.load(builder.inttoptr(at, ir.PointerType(vector)), align=1)

        first = builder.insert_element(ir.Constant(vector, ir.Undefined), arguments[2], ir.Constant(ir.IntType(32), 0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), 8), [ir.Constant(ir.IntType(32), 0)] * 8)
        keys = builder.shuffle_vector(first, first, zeros)
        keys = builder.add(keys, constant([lane * int(_GOLDEN) for lane in range(8)]))
        x = builder.xor(builder.and_(load(arguments[0]), load(arguments[1])), keys)
        x = builder.xor(x, builder.lshr(x, constant([32] * 8)))
        x = builder.mul(x, constant(LANE_MULTIPLIERS))
        x = builder.xor(x, builder.lshr(x, constant([32] * 8)))
        add = builder.module.declare_intrinsic("llvm.vector.reduce.add.v8i64", (), ir.FunctionType(word, [vector]))
        return builder.call(add, [x])

    return types.uint64(types.uintp, types.uintp, types.uint64), generate


@kernel("uint64(int32[::1], uint8[::1], uint8[::1], uint64[::1], uint64, uint64, uint64)")
def _hash_text(
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    mask: NDArray[np.uint8],
    rows: Words,
    key: Word,
    left: Word,
    odd: Word,
) -> Word:
    """Text, padded with zeros to a multiple of 64 bytes, hashed 64 bytes a step without a branch on its length.

    A step reads 64 bytes whatever the length; near the end of the buffer they are copied first. `mask` is
    64 bytes of 255 and then 64 of 0: a load from its middle masks off what is not the text's.
    """
    base, masks = np.uint64(data.ctypes.data), np.uint64(mask.ctypes.data)
    copy = np.zeros(64, np.uint8)
    total = np.uint64(0)
    for i in range(rows.size):
        at, stop = np.int64(offsets[i]), np.int64(offsets[i + 1])
        h = np.uint64(stop - at) * _GOLDEN
        while True:
            source = base + np.uint64(at)
            more = min(stop - at, np.int64(64))
            if at + 64 > data.size:
                for j in range(more):
                    copy[j] = data[at + j]
                source = np.uint64(copy.ctypes.data)
            h = h * _MIX + _hash_step(source, masks + np.uint64(64 - more), key)
            at += 64
            if at >= stop:
                break
        h = mix(h)
        total += h
        rows[i] += rotated(h, left) * odd
    return total


_MASK = np.repeat(np.array([255, 0], np.uint8), TEXT_STEP)


@kernel("uint64(uint64[::1], uint64[::1], uint64, uint64)")
def _fold(hashes: Words, rows: Words, left: Word, odd: Word) -> Word:
    """The same for hashes that are there already."""
    total = np.uint64(0)
    for i in range(hashes.size):
        total += hashes[i]
        rows[i] += rotated(hashes[i], left) * odd
    return total


@kernel("uint64(uint64[::1])")
def _sum_mixed(rows: Words) -> Word:
    total = np.uint64(0)
    for i in range(rows.size):
        total += mix(rows[i])
    return total


_ZERO, _ONE = np.uint64(0), np.uint64(1)


def hash_values(array: pa.Array, key: Word) -> Words:
    """uint64 array of len(array): the keyed hash of each value in its canonical form."""
    if pa.types.is_dictionary(array.type):
        hashes = _dictionary_hashes(array, key)
    else:
        hashes = np.zeros(len(array), np.uint64)
        _add_hashes(array, hashes, np.uint64(key), _ZERO, _ONE)
    if array.null_count:
        hashes[array.is_null().to_numpy(zero_copy_only=False)] = NULL_HASH
    return hashes


def _add_hashes(array: pa.Array, rows: Words, key: Any, left: Any, odd: Any) -> Any:
    """The sum of the hashes of an array without nulls and dictionary; each is added to its row's (see the kernels)."""
    if pa.types.is_string(array.type):
        offsets, data = _text_buffers(array)
        return _hash_text(offsets, data, _MASK, rows, key, left, odd)
    if pa.types.is_floating(array.type):
        floats = fixed_width_values(array if array.type == pa.float64() else array.cast(pa.float64()))
        return _hash_floats(floats, rows, key, left, odd)
    return _hash_integers(_canonical_integers(array), rows, key, left, odd)


def _dictionary_hashes(array: pa.Array, key: Any) -> Words:
    if not len(array.dictionary):
        return np.zeros(len(array), np.uint64)
    indices = array.indices.fill_null(0) if array.null_count else array.indices
    hashes: Words = hash_values(array.dictionary, key)[fixed_width_values(indices)]
    return hashes


def _text_buffers(array: pa.Array) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    _, offsets, data = array.buffers()
    window = np.frombuffer(offsets, np.int32)[array.offset : array.offset + len(array) + 1]
    text = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(1, np.uint8)
    # Kernels are compiled for writable arrays; Arrow's buffers are marked read-only, and nothing writes to them.
    return _unlocked(window), _unlocked(text)


def _unlocked(array: NDArray[Any]) -> NDArray[Any]:
    if array.flags.writeable:
        return array
    interface = array.__array_interface__ | {"data": (array.__array_interface__["data"][0], False)}
    return np.asarray(_View(interface, array))


class _View:
    """The same memory without the read-only mark; keeps its owner alive."""

    def __init__(self, interface: dict[str, Any], owner: object) -> None:
        self.__array_interface__ = interface
        self.owner = owner


def _canonical_integers(array: pa.Array) -> NDArray[np.int64]:
    """Every type but text and floats, as 64-bit integers; without a copy where the type allows."""
    kind = array.type
    if pa.types.is_timestamp(kind):
        array = (array if kind.unit == "us" else array.cast(pa.timestamp("us", kind.tz))).view(pa.int64())
    elif pa.types.is_date(kind):
        array = array.cast(pa.date32()).view(pa.int32()).cast(pa.int64())
    elif pa.types.is_boolean(kind) or (pa.types.is_integer(kind) and kind != pa.int64()):
        array = array.cast(pa.int64())
    elif kind != pa.int64():
        raise TypeError(f"no canonical form is defined for values of Arrow type {kind}")
    if array.null_count:
        array = array.fill_null(0)
    return fixed_width_values(array)


class Checksum:
    """The running checksum of one table: add blocks in any order, from anywhere; equal values give equal sums."""

    def __init__(self, table: str, columns: Sequence[str]) -> None:
        self.table = table
        self.columns = list(columns)
        keys = [stream_key(0, table, column, "checksum") for column in columns]
        self.addresses = [(np.uint64(key), np.uint64(i % 63 + 1), np.uint64(key | 1)) for i, key in enumerate(keys)]
        self.sums = [0] * len(self.columns)
        self.row_sum = 0
        self.rows = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Take in one block; its columns are found by name."""
        rows = np.zeros(batch.num_rows, np.uint64)
        for i, (name, (key, left, odd)) in enumerate(zip(self.columns, self.addresses, strict=True)):
            array = batch.column(name)
            if array.null_count or pa.types.is_dictionary(array.type):
                total = _fold(hash_values(array, key), rows, left, odd)
            else:
                total = _add_hashes(array, rows, key, left, odd)
            self.sums[i] = (self.sums[i] + int(total)) % 2**64
        self.row_sum = (self.row_sum + int(_sum_mixed(rows))) % 2**64
        self.rows += batch.num_rows

    def to_json(self) -> dict[str, str]:
        """16 hexadecimal digits by column name, and for whole rows under the empty name."""
        sums = {name: f"{total:016x}" for name, total in zip(self.columns, self.sums, strict=True)}
        return sums | {"": f"{self.row_sum:016x}"}


def add_checksums(checksums: Iterable[dict[str, str]]) -> dict[str, str]:
    """The checksum of all rows together from the checksums of their parts."""
    totals: dict[str, int] = {}
    for checksum in checksums:
        for name, digits in checksum.items():
            totals[name] = (totals.get(name, 0) + int(digits, 16)) % 2**64
    return {name: f"{total:016x}" for name, total in totals.items()}
