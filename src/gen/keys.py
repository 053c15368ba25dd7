"""This file knows keys: bijections from row numbers into a key's domain, their inverses, and their capacity.

A primary key is unique by construction: row -> rank (one of the orders below), rank -> value (the synthesizer). No
set, no memory; and because both steps can be undone, `row_of(key)` exists.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.errors import CapacityError
from gen.streams import (
    BITS32,
    LOW32,
    TILE,
    Rows,
    Stream,
    Word,
    Words,
    device,
    first_and_rows,
    kernel,
    mulhi,
    rows_array,
)

TABLE_LIMIT = 4096  # up to here a permutation is a table: a Feistel network is measurably not random below about 60
ROUNDS = 8  # five rounds pass every test; three of margin
MAXIMUM_DOMAIN = 2**64 - 1  # ranks are uint64, and so is their number


class Pool(Protocol):
    """Keys that others refer to: `size` of them, and the values at any rows. Computed or materialised alike."""

    @property
    def size(self) -> int: ...

    def at(self, rows: Rows) -> pa.Array: ...


def check_capacity(table: str, column: str, asked: int, available: int, domain: str) -> None:
    """Refuse more distinct values than the domain holds, before row one."""
    if asked > available:
        raise CapacityError(
            f"{table}.{column}: {asked:,} distinct values are asked for, but {domain} holds {available:,}.",
            hint="Ask for fewer rows, or widen the column's bounds.",
            table=table,
            column=column,
            asked=asked,
            available=available,
        )


# -- keyed permutation ------------------------------------------------------------------------------


# Halves, keys and multipliers are below 2^32. LLVM is told so, by masks that cost nothing: it then multiplies them as
# 32-bit numbers, in one instruction of vectors; products of 64-bit ones take five times as long, where they are any.


@device
def _half_round(x: Word, key: Word, multiplier: Word) -> Word:
    product = ((x ^ key) & LOW32) * (multiplier & LOW32)
    return (product >> BITS32) ^ (product & LOW32)


@device
def _reduced(x: Word, radix: Word) -> Word:
    """x * radix / 2^32 for x below 2^32: in [0, radix); where radix is 2^32, its low half is 0."""
    return (((x & LOW32) * (radix & LOW32)) >> BITS32) + (x & (np.uint64(0) - (radix >> BITS32)))


@device
def _two_rounds(
    left: Word, right: Word, radix: Word, mask: Word, keys: tuple[Word, Word, Word, Word]
) -> tuple[Word, Word]:
    left += _reduced(_half_round(right, keys[0], keys[1]), radix)
    left = min(left, left - radix)
    return left, (right + _half_round(left, keys[2], keys[3])) & mask


@device
def feistel(x: Word, radix: Word, shift: Word, mask: Word, keys: tuple[Word, ...]) -> Word:
    """Once through the network: a bijection on [0, radix * 2^shift), left half modulo `radix`, right half by `mask`."""
    left, right = x >> shift, x & mask
    left, right = _two_rounds(left, right, radix, mask, keys[0:4])
    left, right = _two_rounds(left, right, radix, mask, keys[4:8])
    left, right = _two_rounds(left, right, radix, mask, keys[8:12])
    left, right = _two_rounds(left, right, radix, mask, keys[12:16])
    return (left << shift) | right


@device
def _two_rounds_back(
    left: Word, right: Word, radix: Word, mask: Word, keys: tuple[Word, Word, Word, Word]
) -> tuple[Word, Word]:
    right = (right - _half_round(left, keys[2], keys[3])) & mask
    left -= _reduced(_half_round(right, keys[0], keys[1]), radix)
    return min(left, left + radix), right


@device
def _backward(x: Word, radix: Word, shift: Word, mask: Word, keys: tuple[Word, ...]) -> Word:
    left, right = x >> shift, x & mask
    left, right = _two_rounds_back(left, right, radix, mask, keys[12:16])
    left, right = _two_rounds_back(left, right, radix, mask, keys[8:12])
    left, right = _two_rounds_back(left, right, radix, mask, keys[4:8])
    left, right = _two_rounds_back(left, right, radix, mask, keys[0:4])
    return (left << shift) | right


@kernel("void(uint64[::1], uint64[::1], uint64, uint64, uint64, UniTuple(uint64, 16))")
def _permute(rows: Words, out: Words, radix: Word, shift: Word, last: Word, keys: tuple[Word, ...]) -> None:
    """Mixed-radix Feistel on [0, last], left half modulo `radix`, right half modulo 2^shift.

    The network permutes [0, radix * 2^shift), a little more than asked; a result above `last` is fed back until
    it is inside (cycle walking), which keeps it a bijection. At most one value in `radix` walks.
    """
    mask = (np.uint64(1) << shift) - np.uint64(1)
    for begin in range(0, rows.size, TILE):
        some, found, highest = rows[begin : begin + TILE], out[begin : begin + TILE], np.uint64(0)
        for i in range(some.size):
            found[i] = feistel(some[i], radix, shift, mask, keys)
            highest = max(highest, found[i])
        if highest > last:  # apart, so that the loop above has no branch
            for i in range(some.size):
                while found[i] > last:
                    found[i] = feistel(found[i], radix, shift, mask, keys)


@kernel("void(uint64[::1], uint64[::1], uint64, uint64, uint64, UniTuple(uint64, 16))")
def _unpermute(places: Words, out: Words, radix: Word, shift: Word, last: Word, keys: tuple[Word, ...]) -> None:
    """The inverse of `_permute`."""
    mask = (np.uint64(1) << shift) - np.uint64(1)
    for begin in range(0, places.size, TILE):
        some, found, highest = places[begin : begin + TILE], out[begin : begin + TILE], np.uint64(0)
        for i in range(some.size):
            found[i] = _backward(some[i], radix, shift, mask, keys)
            highest = max(highest, found[i])
        if highest > last:
            for i in range(some.size):
                while found[i] > last:
                    found[i] = _backward(found[i], radix, shift, mask, keys)


@dataclass(frozen=True)
class Permutation:
    """A bijection on [0, size), chosen by a stream's key; size from 1 to 2^64. Constant memory.

    Source: Black and Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002 (cycle walking).
    """

    size: int
    key: int
    _table: tuple[Words, Words] | None = field(init=False, repr=False, compare=False, default=None)
    _keys: tuple[Any, ...] = field(init=False, repr=False, compare=False, default=())

    def __post_init__(self) -> None:
        if not 1 <= self.size <= 2**64:
            raise ValueError(f"a permutation is of 1 to 2^64 things, not {self.size}")
        if self.size <= TABLE_LIMIT:
            object.__setattr__(self, "_table", _shuffled(self.size, self.key))
            return
        object.__setattr__(self, "_keys", round_keys(Stream(self.key).words(range(ROUNDS))))

    def at(self, rows: Words) -> Words:
        """Where each row goes: uint64 in [0, size), all different for different rows."""
        return self._apply(rows, 0, _permute)

    def inverse(self, places: Words) -> Words:
        """The row that goes to each place."""
        return self._apply(places, 1, _unpermute)

    def _apply(self, values: Words, direction: int, network: Callable[..., None]) -> Words:
        if self._table is not None:
            return self._table[direction][values]
        out = np.empty(values.size, np.uint64)
        network(values, out, *halves(self.size), self._keys)
        return out


def halves(size: int) -> tuple[np.uint64, np.uint64, np.uint64]:
    """The shape of the network for [0, size): radix of the left half, bits of the right one, and size - 1."""
    last = size - 1
    shift = last.bit_length() // 2
    return np.uint64(-(-size // 2**shift)), np.uint64(shift), np.uint64(last)


def round_keys(words: Words) -> tuple[np.uint64, ...]:
    """What the rounds of the network are keyed with: of each word its low half, and its high half made odd."""
    keys: list[np.uint64] = []
    for word in words.tolist():
        keys += [np.uint64(word & 0xFFFFFFFF), np.uint64(word >> 32 | 1)]
    return tuple(keys)


def _shuffled(size: int, key: int) -> tuple[Words, Words]:
    """A keyed Fisher-Yates shuffle of [0, size) and its inverse: uniform over all orders."""
    words = Stream(key).words(range(size)).tolist()
    order = list(range(size))
    for i in range(size - 1, 0, -1):
        j = words[i] * (i + 1) >> 64
        order[i], order[j] = order[j], order[i]
    forward = np.array(order, np.uint64)
    backward = np.empty(size, np.uint64)
    backward[forward] = np.arange(size, dtype=np.uint64)
    return forward, backward


# -- orders: which rank of the domain a row's key has --------------------------------------------------


@kernel("void(uint64, uint64[::1], uint64[::1], uint64[::1], uint64, uint64, boolean)")
def _ascend(first: Word, rows: Words, words: Words, out: Words, whole: Word, fraction: Word, narrow: bool) -> None:
    """Row i's rank: the start of its stride, floor(i * (whole + fraction / 2^64)), plus a jitter inside it.

    Of these rows, or, where none are given, of those from `first` on.
    A stride is `whole` wide, or one more. `narrow`: rows and strides fit 32 bits, and the same arithmetic is
    done in 32-bit products, which vectorise; the results are equal.
    """
    if narrow:
        high, low = fraction >> BITS32, fraction & LOW32
        for i in range(out.size):
            row = (rows[i] if rows.size else first + np.uint64(i)) & LOW32
            middle = row * high + ((row * low) >> BITS32)
            stride = whole + np.uint64(row * fraction > ~fraction)
            out[i] = row * whole + (middle >> BITS32) + (((words[i] & LOW32) * stride) >> BITS32)
        return
    for i in range(out.size):
        row = rows[i] if rows.size else first + np.uint64(i)
        stride = whole + np.uint64(row * fraction > ~fraction)
        out[i] = row * whole + mulhi(row, fraction) + mulhi(words[i] << BITS32, stride)


@kernel("void(uint64[::1], uint64[::1], uint64, uint64, uint64, float64)")
def _stride_of(ranks: Words, out: Words, whole: Word, fraction: Word, last: Word, density: float) -> None:
    """The last row up to `last` whose stride starts at each rank or before it: an estimate, which is then corrected.

    density: rows per rank.
    """
    one = np.uint64(1)
    for i in range(ranks.size):
        estimate = (np.float64(ranks[i]) + 1.0) * density
        row = last if estimate >= np.float64(last) else np.uint64(estimate)
        while row > np.uint64(0) and row * whole + mulhi(row, fraction) > ranks[i]:
            row -= one
        while row < last and (row + one) * whole + mulhi(row + one, fraction) <= ranks[i]:
            row += one
        out[i] = row


@dataclass(frozen=True)
class KeyOrder:
    """Row -> rank in [0, domain): injective, invertible, computed. `rows` of them are used; rows <= domain.

    ascending   the domain is cut into `rows` strides; each row takes a random rank in its own, so that keys
                ascend with random gaps as in a table that has lived. The default.
    sequential  rank = row.
    scattered   rank = a permutation of the domain: keys in random order.
    """

    order: str
    rows: int
    domain: int
    key: int

    def ranks(self, rows: Rows) -> Words:
        """uint64 array: the ranks of these rows, all different."""
        if self.order == "sequential":
            return rows_array(rows)
        if self.order == "scattered":
            return self._permutation.at(rows_array(rows))
        out = np.empty(len(rows), np.uint64)
        whole, fraction, narrow = self._stride
        _ascend(*first_and_rows(rows), self._stream.words(rows), out, whole, fraction, narrow)
        return out

    def row_of(self, ranks: Words) -> NDArray[np.int64]:
        """The row whose key has each rank; -1 where no row's has."""
        inside = ranks <= np.uint64(max(min(self.domain, 2**64) - 1, 0))
        if self.order == "sequential":
            rows = ranks
        elif self.order == "scattered":
            rows = self._permutation.inverse(np.where(inside, ranks, np.uint64(0)))
        else:
            rows = self._row_near(ranks, 0)
        known = inside & (rows < np.uint64(self.rows))
        known[known] = self.ranks(rows[known]) == ranks[known]
        return np.where(known, rows.astype(np.int64), np.int64(-1))

    def below(self, ranks: Words) -> tuple[Words, NDArray[np.bool_]]:
        """How many used ranks are below each rank of the domain, uint64; and whether it is used. In ascending order."""
        if not self.rows:
            return np.zeros(ranks.size, np.uint64), np.zeros(ranks.size, np.bool_)
        near = self._row_near(ranks, 0)
        used = self.ranks(near)
        return near + (used < ranks), used == ranks

    def free(self, numbers: Words) -> Words:
        """The ranks that no row has, by number from 0: the inverse of `rank - below(rank)[0]`. In ascending order.

        numbers: uint64, each below domain - rows.
        """
        if not self.rows:
            return numbers.copy()
        near = self._row_near(numbers, 1)  # before the stride of this row there are as many free ranks, or fewer
        return numbers + near + (self.ranks(near) - near <= numbers)

    def _row_near(self, ranks: Words, less: int) -> Words:
        """The last row whose stride starts at each rank or before it, where a stride is `less` narrower than it is."""
        whole, fraction, _ = self._stride
        narrower = float(whole) - less + float(fraction) * 2.0**-64
        density = 1 / narrower if narrower > 0 else np.inf
        rows = np.empty(ranks.size, np.uint64)
        _stride_of(ranks, rows, whole - np.uint64(less), fraction, np.uint64(max(self.rows - 1, 0)), density)
        return rows

    @cached_property
    def _permutation(self) -> Permutation:
        return Permutation(self.domain, self.key)

    @cached_property
    def _stream(self) -> Stream:
        return Stream(self.key, 1)

    @cached_property
    def _stride(self) -> tuple[np.uint64, np.uint64, bool]:
        """domain / rows as a fixed-point number: whole part and 64 bits of fraction; and whether 32 bits will do."""
        stride = (min(self.domain, MAXIMUM_DOMAIN) << 64) // max(self.rows, 1)
        whole, fraction = stride >> 64, stride & MAXIMUM_DOMAIN
        return np.uint64(whole), np.uint64(fraction), self.rows <= 2**32 and whole < 2**32 - 1


@dataclass(frozen=True, eq=False)
class AvoidingOrder:
    """An order of the ranks that are not `taken`, uint64, ascending, each once: those of keys that exist already.

    Of these ranks, counted without the taken ones, the first `start` are left out: keys that ascend begin after the
    last one taken.
    """

    ordered: KeyOrder
    taken: Words
    start: int = 0

    @property
    def order(self) -> str:
        return self.ordered.order

    def ranks(self, rows: Rows) -> Words:
        """uint64 array: the ranks of these rows, all different, and none of them taken."""
        free = self.ordered.ranks(rows) + np.uint64(self.start)
        found: Words = free + np.searchsorted(self._passed, free, "right").astype(np.uint64)
        return found

    def row_of(self, ranks: Words) -> NDArray[np.int64]:
        """The row whose key has each rank; -1 where no row's has."""
        below = np.searchsorted(self.taken, ranks)
        is_taken = self.taken[np.minimum(below, self.taken.size - 1)] == ranks
        free = ranks - below.astype(np.uint64)
        early = free < np.uint64(self.start)
        rows = self.ordered.row_of(np.where(early, np.uint64(0), free - np.uint64(self.start)))
        return np.where(is_taken | early, np.int64(-1), rows)

    @cached_property
    def _passed(self) -> Words:
        """For each taken rank, how many free ones lie below it: from the next free one on, it has been passed."""
        return np.subtract(self.taken, np.arange(self.taken.size, dtype=np.uint64), dtype=np.uint64)
