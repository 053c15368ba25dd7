"""This file knows the bytes of a field in PostgreSQL's binary COPY: one kernel that writes all fields of many rows.

It is one for all types, and takes columns as rows of numbers, addresses among them: so there is one to compile, and
one call for a batch. What the fields are, `gen.sinks.copy_binary` says.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gen.streams import copy_8_bytes, copy_32_bytes, device, intrinsic, ir, kernel, types

Integers: TypeAlias = NDArray[np.int64]
Number: TypeAlias = Any  # one int64, or uint64, inside a kernel

# -- what a kernel reads and writes at an address ---------------------------------------------------


def _load_bytes(size: int) -> Any:
    @intrinsic
    def load(typingctx: Any, address: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            kind, word = ir.IntType(8 * size), ir.IntType(64)
            value = builder.load(builder.inttoptr(arguments[0], ir.PointerType(kind)), align=1)
            return value if size == 8 else builder.sext(value, word)

        return types.int64(types.int64), generate

    return load


def _store_bytes(size: int) -> Any:
    @intrinsic
    def store(typingctx: Any, value: Any, address: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            kind = ir.IntType(8 * size)
            value = arguments[0] if size == 8 else builder.trunc(arguments[0], kind)
            swapped = value if size == 1 else builder.bswap(value)
            builder.store(swapped, builder.inttoptr(arguments[1], ir.PointerType(kind)), align=1)
            return context.get_dummy_value()

        return types.void(types.int64, types.int64), generate

    return store


# An integer at an address of any alignment: with its sign, the lowest byte first, as Arrow has it; or the lowest bytes
# of one, the highest first, as PostgreSQL wants it.
load_1, load_2, load_4, load_8 = (_load_bytes(size) for size in (1, 2, 4, 8))
store_1, store_2, store_4, store_8 = (_store_bytes(size) for size in (1, 2, 4, 8))


def _count_zeros(name: str) -> Any:
    @intrinsic
    def count(typingctx: Any, value: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return getattr(builder, name)(arguments[0], ir.Constant(ir.IntType(1), 0))

        return types.int64(types.uint64), generate

    return count


leading_zeros, trailing_zeros = _count_zeros("ctlz"), _count_zeros("cttz")  # bits of 0 at an end; 64 if all are

# -- columns as the kernel sees them: a row of numbers each -----------------------------------------

# What the numbers are. Addresses are of the batch's first row; LIMIT is where the bytes of a text column end.
KIND, VALUES, VALID, STEP, WIDTH, EPOCH, LEAST, SPAN, STARTS, STOPS, LIMIT, LONG_OFFSETS, PREFIX, HEADS = range(14)
SCALE, UNIT, FACTOR, GROUPS, SMALL, REFUSED, FIELDS = range(14, 21)

# KIND: numbers of so many bytes; those that are counted from elsewhere, or not all allowed; and all others.
NUMBER_1, NUMBER_2, NUMBER_4, NUMBER_8, COUNTED_4, COUNTED_8, UUID, INTERVAL, BYTES, LIST, NUMERIC = range(11)

SLACK = 64  # bytes behind the last row: fields are written in whole words, the next one over what was too much
LONGEST = 2**30 - 1  # bytes of a field: the server takes no more
HEAD = 20  # bytes in front of the items of an array
MOST_NUMERIC = 8 + 24  # bytes of a numeric: 12 groups of four digits are more than 128 bits have
ONE, LOW_32 = np.uint64(1), np.uint64(2**32 - 1)
TEN_THOUSAND, HUNDRED_MILLION = np.uint64(10**4), np.uint64(10**8)
BITS_16, BITS_32, BITS_48 = np.uint64(16), np.uint64(32), np.uint64(48)


@device
def _counted(columns: Integers, c: Number, value: Number, there: Number) -> Number:
    """A date or time as PostgreSQL counts it."""
    if np.int64(np.uint64(value - columns[c, LEAST]) > np.uint64(columns[c, SPAN])) & there:
        columns[c, REFUSED] = 1
    return value - columns[c, EPOCH]


@device
def _interval(value: Number, there: Number, at: Number) -> Number:
    store_4(17 * there - 1, at)
    store_8(value, at + 4)
    store_8(0, at + 12)
    return at + 4 + 16 * there


@device
def _uuid(columns: Integers, c: Number, i: Number, there: Number, at: Number) -> Number:
    source = columns[c, VALUES] + 16 * i
    store_4(17 * there - 1, at)
    copy_8_bytes(source, at + 4)
    copy_8_bytes(source + 8, at + 12)
    return at + 4 + 16 * there


@device
def _copy(source: Number, size: Number, limit: Number, at: Number) -> None:
    """Bytes of any number: 32 a step. Where there are less, and these 32 can be read, they are one step, too."""
    if size > 32:
        for j in range(0, size - 32, 32):
            copy_32_bytes(source + j, at + j)
        copy_32_bytes(source + size - 32, at + size - 32)
    elif source + 32 <= limit:
        copy_32_bytes(source, at)
    else:
        for j in range(size):
            store_1(load_1(source + j), at + j)


@device
def _bytes(columns: Integers, c: Number, i: Number, there: Number, head: Number, at: Number) -> Number:
    """Text and bytes, and the items of a list, behind a head that is there already."""
    if columns[c, LONG_OFFSETS]:
        start, stop = load_8(columns[c, STARTS] + 8 * i), load_8(columns[c, STOPS] + 8 * i)
    else:
        start, stop = load_4(columns[c, STARTS] + 4 * i), load_4(columns[c, STOPS] + 4 * i)
    length = (stop - start) * there
    size = head * there + length
    if size > LONGEST:
        columns[c, REFUSED] = 1
    store_4(size + there - 1, at)
    _copy(columns[c, VALUES] + start, length, columns[c, LIMIT], at + 4 + head)
    return at + 4 + size


@device
def _divided(high: Number, low: Number, by: Number) -> tuple[Number, Number, Number]:
    """128 bits by a number below 2^32: the quotient's high and low 64 bits, and the rest. 32 bits at a time."""
    if not high:
        return high, low // by, low % by
    part = ((high % by) << BITS_32) | (low >> BITS_32)
    last = ((part % by) << BITS_32) | (low & LOW_32)
    return high // by, ((part // by) << BITS_32) | (last // by), last % by


@device
def _pushed(group: Number, first: Number, second: Number, third: Number) -> tuple[Number, Number, Number]:
    """Twelve groups of digits, the first one 16 bits of the highest: with one more in front."""
    third = (third >> BITS_16) | (second << BITS_48)
    second = (second >> BITS_16) | (first << BITS_48)
    return (first >> BITS_16) | (group << BITS_48), second, third


@device
def _numeric_head(columns: Integers, c: Number, size: Number, last: Number, sign: Number, at: Number) -> None:
    """The length; how many groups; the power of 10,000 of the first, the `last` found; the sign; the scale."""
    store_4(8 + 2 * size, at)
    power = (last - columns[c, GROUPS]) & 0xFFFF
    store_8(size << 48 | power << 32 | (sign >> 63) & 0x4000_0000 | columns[c, SCALE], at + 4)


@device
def _small_numeric(columns: Integers, c: Number, value: Number, at: Number) -> Number:
    """A decimal number of at most four groups of four digits: they are there at once, and zeros are counted as bits."""
    aligned = np.uint64(abs(value)) * np.uint64(columns[c, FACTOR])
    high, low = aligned // HUNDRED_MILLION, aligned % HUNDRED_MILLION
    above, below = (high // TEN_THOUSAND << BITS_16) | high % TEN_THOUSAND, low // TEN_THOUSAND
    word = (above << BITS_32) | (below << BITS_16) | low % TEN_THOUSAND
    before = leading_zeros(word) >> 4
    size = 4 - before - (trailing_zeros(word) >> 4) if word else 0
    _numeric_head(columns, c, size, 3 - before if word else columns[c, GROUPS], value, at)
    store_8(np.int64(word << np.uint64(16 * before & 63)), at + 12)
    return at + 12 + 2 * size


@device
def _large_numeric(columns: Integers, c: Number, lower: Number, upper: Number, at: Number) -> Number:
    """Any decimal number of 128 bits. Groups are found from the last to the first, each pushed in front of the others.

    The last one has fewer digits of the number, and zeros behind them, where the scale is no multiple of four.
    """
    low, high = np.uint64(lower), np.uint64(upper)
    if upper < 0:
        low = ~low + ONE
        high = ~high + np.uint64(not low)
    high, low, rest = _divided(high, low, np.uint64(columns[c, UNIT]))
    group = rest * np.uint64(columns[c, FACTOR])
    first, second, third = group << BITS_48, np.uint64(0), np.uint64(0)
    size, groups = np.int64(group != np.uint64(0)), 1
    while high or low:
        high, low, pair = _divided(high, low, HUNDRED_MILLION)
        group = pair % TEN_THOUSAND
        if size or group:
            first, second, third = _pushed(group, first, second, third)
            size += 1
        groups += 1
        group = pair // TEN_THOUSAND
        if group or high or low:
            if size or group:
                first, second, third = _pushed(group, first, second, third)
                size += 1
            groups += 1
    _numeric_head(columns, c, size, groups - 1, upper, at)
    store_8(np.int64(first), at + 12)
    store_8(np.int64(second), at + 20)
    store_8(np.int64(third), at + 28)
    return at + 12 + 2 * size


@device
def _numeric(columns: Integers, c: Number, i: Number, at: Number) -> Number:
    """Counts of the groups of four digits to both sides of the point, without groups of 0 at either end: how many there
    are, and the power of 10,000 of the first. Then the sign, how many digits to show behind the point, and the groups.
    """
    source = columns[c, VALUES] + columns[c, WIDTH] * i
    lower = load_8(source)
    upper = load_8(source + 8) if columns[c, WIDTH] == 16 else lower >> 63
    if upper == lower >> 63 and -columns[c, SMALL] < lower < columns[c, SMALL]:
        return _small_numeric(columns, c, lower, at)
    return _large_numeric(columns, c, lower, upper, at)


@kernel("int64(int64[:, ::1], int64, boolean, uint8[::1], int64[::1])")
def write_fields(columns: Integers, rows: int, counted: bool, out: NDArray[np.uint8], ends: Integers) -> Number:
    """All fields of all rows, one after the other; how many bytes they are. ends: where each row ends, if asked.

    Row by row: no size need be known before, and what is written too much is written over. Column by column, some rows
    at a time, was 10 to 30 % faster in a prototype, but needs the sizes first and copies that end where they should.
    """
    base = np.int64(out.ctypes.data)
    at = base
    for i in range(rows):
        if counted:
            store_2(columns.shape[0], at)
            at += 2
        for c in range(columns.shape[0]):
            kind, values = columns[c, KIND], columns[c, VALUES]
            there = load_1(columns[c, VALID] + columns[c, STEP] * i)
            if kind == NUMBER_8:
                store_4(9 * there - 1, at)
                store_8(load_8(values + 8 * i), at + 4)
                at += 4 + 8 * there
            elif kind == NUMBER_4:
                store_8((5 * there - 1) << 32 | load_4(values + 4 * i) & 0xFFFF_FFFF, at)
                at += 4 + 4 * there
            elif kind == NUMBER_2:
                store_8((3 * there - 1) << 32 | (load_2(values + 2 * i) & 0xFFFF) << 16, at)
                at += 4 + 2 * there
            elif kind == NUMBER_1:
                store_8((2 * there - 1) << 32 | load_1(values + i) << 24, at)
                at += 4 + there
            elif kind == COUNTED_8:
                store_4(9 * there - 1, at)
                store_8(_counted(columns, c, load_8(values + 8 * i), there), at + 4)
                at += 4 + 8 * there
            elif kind == COUNTED_4:
                store_8((5 * there - 1) << 32 | _counted(columns, c, load_4(values + 4 * i), there) & 0xFFFF_FFFF, at)
                at += 4 + 4 * there
            elif kind == INTERVAL:
                at = _interval(load_8(values + 8 * i), there, at)
            elif kind == UUID:
                at = _uuid(columns, c, i, there, at)
            elif kind == BYTES:
                store_1(1, at + 4)  # the version of jsonb; of others, written over
                at = _bytes(columns, c, i, there, columns[c, PREFIX], at)
            elif kind == LIST:
                head = columns[c, HEADS] + 24 * i
                for j in range(0, 24, 8):
                    copy_8_bytes(head + j, at + 4 + j)
                at = _bytes(columns, c, i, there, 12 + 8 * load_1(head + 3), at)
            elif there:
                at = _numeric(columns, c, i, at)
            else:
                store_4(-1, at)
                at += 4
        if ends.size:
            ends[i] = at - base
    return at - base
