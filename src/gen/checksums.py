"""This file knows the checksum of values: equal whatever the partitioning, the order of rows, the sink or the format.

A checksum is over values, not bytes, so that data read back from anywhere can be compared with what was meant. Per
column, and for whole rows (so that two values exchanged between rows are seen), it is a sum modulo 2^64 of keyed 64-bit
hashes of each value in a canonical form:

    integers, booleans, dates    the value, as 64 bits
    times                        microseconds since 1970-01-01 UTC
    floats                       the bits of the float64, with -0.0 as 0.0 and one NaN
    decimals                     the unscaled integer, as 128 bits
    durations, times of day      microseconds
    text, bytes                  UTF-8; as they are; UUIDs as their 16 bytes
    lists, maps, structs         the hashes of their parts, in order
    null                         a fixed tag
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.block import boolean_values, fixed_width_values, unlocked
from gen.streams import TILE, Word, Words, device, intrinsic, ir, kernel, stream_key, types

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
LANE_OFFSETS = [lane * int(_GOLDEN) for lane in range(8)]
TEXT_STEP = 64  # bytes of text hashed at once: eight words side by side


@intrinsic
def _hash_step(typingctx: Any, address: Any, size: Any, key: Any) -> Any:
    """The sum over eight 64-bit words of a bijection of each that no two lanes share; bytes from `size` on are zero.

    Each lane has a multiplier of its own: with one for all, bytes exchanged between two words would often cancel.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        byte, word = ir.IntType(8), ir.IntType(64)
        bytes_, words = ir.VectorType(byte, TEXT_STEP), ir.VectorType(word, 8)

        def constant(kind: Any, values: list[int]) -> Any:
            return ir.Constant(kind, [ir.Constant(kind.element, value % 2**64) for value in values])

        def everywhere(kind: Any, value: Any) -> Any:
            first = builder.insert_element(ir.Constant(kind, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
            zeros = ir.Constant(ir.VectorType(ir.IntType(32), kind.count), None)
            return builder.shuffle_vector(first, first, zeros)

        text = builder.load(builder.inttoptr(arguments[0], ir.PointerType(bytes_)), align=1)
        inside = builder.icmp_unsigned(
            "<", constant(bytes_, list(range(TEXT_STEP))), everywhere(bytes_, builder.trunc(arguments[1], byte))
        )
        x = builder.bitcast(builder.select(inside, text, ir.Constant(bytes_, None)), words)
        x = builder.xor(x, builder.add(everywhere(words, arguments[2]), constant(words, LANE_OFFSETS)))
        x = builder.xor(x, builder.lshr(x, constant(words, [32] * 8)))
        x = builder.mul(x, constant(words, LANE_MULTIPLIERS))
        x = builder.xor(x, builder.lshr(x, constant(words, [32] * 8)))
        add = builder.module.declare_intrinsic("llvm.vector.reduce.add.v8i64", (), ir.FunctionType(word, [words]))
        return builder.call(add, [x])

    return types.uint64(types.uintp, types.uint64, types.uint64), generate


@device
def _hash_long(at: Any, stop: Any, data: NDArray[np.uint8], copy: NDArray[np.uint8], key: Word) -> Word:
    """A text of any length: 64 bytes a step, the last of the buffer copied first, since a step reads 64."""
    h = np.uint64(stop - at) * _GOLDEN
    while True:
        source = np.uint64(data.ctypes.data) + np.uint64(at)
        size = min(stop - at, TEXT_STEP)
        if at + TEXT_STEP > data.size:
            for j in range(size):
                copy[j] = data[at + j]
            source = np.uint64(copy.ctypes.data)
        h = h * _MIX + _hash_step(source, np.uint64(size), key)
        at += TEXT_STEP
        if at >= stop:
            return h


@kernel("uint64(int32[::1], uint8[::1], uint64[::1], uint64, uint64, uint64)")
def _hash_text(
    offsets: NDArray[np.int32], data: NDArray[np.uint8], rows: Words, key: Word, left: Word, odd: Word
) -> Word:
    """Text, as if padded with zeros to a multiple of 64 bytes, hashed 64 bytes a step.

    Tile by tile: where every text of a tile is of one step, and not at the buffer's end, there is no branch.
    """
    base = np.uint64(data.ctypes.data)
    copy = np.zeros(TEXT_STEP, np.uint8)
    hashes = np.empty(TILE, np.uint64)
    total = np.uint64(0)
    for start in range(0, rows.size, TILE):
        n = min(rows.size - start, TILE)
        longest = np.int32(0)
        for i in range(start, start + n):
            longest = max(longest, offsets[i + 1] - offsets[i])
        if longest <= TEXT_STEP and offsets[start + n - 1] + TEXT_STEP <= data.size:
            for i in range(n):
                at, size = np.int64(offsets[start + i]), np.int64(offsets[start + i + 1] - offsets[start + i])
                step = _hash_step(base + np.uint64(at), np.uint64(size), key)
                hashes[i] = np.uint64(size) * _GOLDEN * _MIX + step
        else:
            for i in range(n):
                at, stop = np.int64(offsets[start + i]), np.int64(offsets[start + i + 1])
                hashes[i] = _hash_long(at, stop, data, copy, key)
        for i in range(n):
            h = mix(hashes[i])
            total += h
            rows[start + i] += rotated(h, left) * odd
    return total


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
        hashes[boolean_values(array.is_null())] = NULL_HASH
    return hashes


def _add_hashes(array: pa.Array, rows: Words, key: Any, left: Any, odd: Any) -> Any:
    """The sum of the hashes of an array without nulls and dictionary; each is added to its row's (see the kernels)."""
    if pa.types.is_string(array.type) or pa.types.is_binary(array.type):
        offsets, data = _text_buffers(array)
        return _hash_text(offsets, data, rows, key, left, odd)
    if pa.types.is_decimal(array.type) or pa.types.is_fixed_size_binary(array.type):
        return _fold(_wide_hashes(array, key), rows, left, odd)
    if pa.types.is_nested(array.type):
        return _fold(_nested_hashes(array, key), rows, left, odd)
    if pa.types.is_null(array.type):
        return _fold(np.full(len(array), NULL_HASH), rows, left, odd)
    if pa.types.is_floating(array.type):
        floats = fixed_width_values(array if array.type == pa.float64() else array.cast(pa.float64()))
        return _hash_floats(floats, rows, key, left, odd)
    return _hash_integers(_canonical_integers(array), rows, key, left, odd)


def _dictionary_hashes(array: pa.Array, key: Any) -> Words:
    if not len(array.dictionary):
        return np.zeros(len(array), np.uint64)
    places = fixed_width_values(array.indices)
    if array.indices.null_count:
        places = np.where(boolean_values(array.indices.is_valid()), places, 0)
    hashes: Words = hash_values(array.dictionary, key)[places]
    return hashes


def _wide_hashes(array: pa.Array, key: Any) -> Words:
    """Values of 128 bits: two words, hashed one after the other."""
    if array.type.byte_width != 16:
        raise TypeError(f"no canonical form is defined for values of Arrow type {array.type}")
    buffer = array.buffers()[1]
    words = np.frombuffer(buffer, np.int64)[2 * array.offset : 2 * (array.offset + len(array))].reshape(-1, 2)
    first, second = (np.ascontiguousarray(words[:, i]) for i in (0, 1))
    hashes = np.zeros(len(array), np.uint64)
    _hash_integers(first, hashes, np.uint64(key), _ZERO, _ONE)
    both = (hashes * _MIX).view(np.int64) ^ second
    hashes[:] = 0
    _hash_integers(both, hashes, np.uint64(key), _ZERO, _ONE)
    return hashes


def _nested_hashes(array: pa.Array, key: Any) -> Words:
    """A struct: its fields' hashes, each with a multiplier of its own. A list: its items', each with its place's."""
    if pa.types.is_struct(array.type):
        total = np.full(len(array), np.uint64(key))
        for i in range(array.type.num_fields):
            field = array.field(i)
            field = field if len(field) == len(array) else field.slice(array.offset, len(array))
            total += hash_values(field, key) * np.uint64(int(_GOLDEN) * (2 * i + 1) % 2**64 | 1)
        return _mixed(total)
    offsets = fixed_width_values(array.offsets).astype(np.int64)
    first, sizes = int(offsets[0]), np.diff(offsets)
    if pa.types.is_map(array.type):
        values = pa.StructArray.from_arrays([array.keys, array.items], ["key", "value"])
    else:
        values = array.values
    inside = hash_values(values.slice(first, int(offsets[-1]) - first), key)
    place = np.arange(inside.size) - np.repeat(offsets[:-1] - first, sizes)
    inside *= _GOLDEN * (2 * place.astype(np.uint64) + _ONE) | _ONE
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(inside, dtype=np.uint64)])
    total = sums[offsets[1:] - first] - sums[offsets[:-1] - first] + sizes.astype(np.uint64) * _MIX
    return _mixed(total + np.uint64(key))


def _mixed(words: Words) -> Words:
    out = np.zeros(words.size, np.uint64)
    _hash_integers(words.view(np.int64), out, _ZERO, _ZERO, _ONE)
    return out


def _text_buffers(array: pa.Array) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    _, offsets, data = array.buffers()
    window = np.frombuffer(offsets, np.int32)[array.offset : array.offset + len(array) + 1]
    text = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(1, np.uint8)
    return unlocked(window), unlocked(text)


def _canonical_integers(array: pa.Array) -> NDArray[np.int64]:
    """Every type but text and floats, as 64-bit integers; without a copy where the type allows. Nulls are anything."""
    kind = array.type
    if pa.types.is_timestamp(kind):
        array = (array if kind.unit == "us" else array.cast(pa.timestamp("us", kind.tz))).view(pa.int64())
    elif pa.types.is_date(kind):
        array = array.cast(pa.date32()).view(pa.int32()).cast(pa.int64())
    elif pa.types.is_time(kind):
        array = array.cast(pa.time64("us")).view(pa.int64())
    elif pa.types.is_duration(kind):
        array = array.cast(pa.duration("us")).view(pa.int64())
    elif pa.types.is_boolean(kind) or (pa.types.is_integer(kind) and kind != pa.int64()):
        array = array.cast(pa.int64())
    elif kind != pa.int64():
        raise TypeError(f"no canonical form is defined for values of Arrow type {kind}")
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
