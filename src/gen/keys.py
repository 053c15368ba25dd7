"""This file knows keys: bijections from row numbers into a key's domain, their inverses, and their capacity.

A primary key is unique by construction: row -> rank (one of the orders below), rank -> value (the synthesizer). No
set, no memory; and because both steps can be undone, `row_of(key)` exists.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.errors import CapacityError
from gen.permutations import Permutation
from gen.streams import BITS32, LOW32, Rows, Stream, Word, Words, first_and_rows, kernel, mulhi, rows_array, shifted

FEWER = "Append fewer rows: keys cannot be widened any more."  # where those that are there were made
MAXIMUM_DOMAIN = 2**64 - 1  # ranks are uint64, and so is their number


class Pool(Protocol):
    """Keys that others refer to: `size` of them, and the values at any rows. Computed or materialised alike."""

    @property
    def size(self) -> int: ...

    def at(self, rows: Rows) -> pa.Array: ...


def check_capacity(table: str, column: str, asked: int, available: int, domain: str, hint: str = "") -> None:
    """Refuse more distinct values than the domain holds, before row one."""
    if asked > available:
        raise CapacityError(
            f"{table}.{column}: {asked:,} distinct values are asked for, but {domain} holds {available:,}.",
            hint=hint or "Ask for fewer rows, or widen the column's bounds.",
            table=table,
            column=column,
            asked=asked,
            available=available,
        )


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

    @property
    def capacity(self) -> int:
        """How many rows there could be."""
        return self.domain

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
        return Permutation(max(self.domain, 1), self.key)

    @cached_property
    def _stream(self) -> Stream:
        return Stream(self.key, 1)

    @cached_property
    def _stride(self) -> tuple[np.uint64, np.uint64, bool]:
        """domain / rows as a fixed-point number: whole part and 64 bits of fraction; and whether 32 bits will do."""
        stride = (min(self.domain, MAXIMUM_DOMAIN) << 64) // max(self.rows, 1)
        whole, fraction = stride >> 64, stride & MAXIMUM_DOMAIN
        return np.uint64(whole), np.uint64(fraction), self.rows <= 2**32 and whole < 2**32 - 1


@dataclass(frozen=True)
class LaterOrder:
    """The order of rows that are appended: ranks that no earlier row has, each once.

    earlier: those before, whose ranks are passed over; `ordered` says which of those that they leave each row has.
    first: which row of `ordered` the first one is.
    """

    earlier: tuple[KeyOrder, ...]
    ordered: KeyOrder
    first: int

    @property
    def order(self) -> str:
        return self.ordered.order

    @property
    def capacity(self) -> int:
        """How many rows there could be, the earlier ones included."""
        return (self.earlier[0] if self.earlier else self.ordered).domain

    def ranks(self, rows: Rows) -> Words:
        """uint64 array: the ranks of these rows, all different, and none of an earlier row."""
        found = self.ordered.ranks(shifted(rows, self.first))
        for order in reversed(self.earlier):
            found = order.free(found)
        return found

    def row_of(self, ranks: Words) -> NDArray[np.int64]:
        """The row whose key has each rank; -1 where no row's has."""
        taken = np.zeros(ranks.size, np.bool_)
        for order in self.earlier:
            below, used = order.below(ranks)
            ranks, taken = ranks - below, taken | used
        rows = self.ordered.row_of(ranks) - self.first
        return np.where(taken | (rows < 0), np.int64(-1), rows)


@dataclass(frozen=True, eq=False)
class AvoidingOrder:
    """An order of the ranks that are not `taken`, uint64, ascending, each once: those of keys that exist already.

    Of these ranks, counted without the taken ones, the first `start` are left out: keys that ascend begin after the
    last one taken.
    """

    ordered: KeyOrder | LaterOrder
    taken: Words
    start: int = 0

    @property
    def order(self) -> str:
        return self.ordered.order

    @property
    def capacity(self) -> int:
        """How many rows there could be."""
        return self.ordered.capacity

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


Order = KeyOrder | LaterOrder | AvoidingOrder


def later_order(earlier: Sequence[Order], rows: int, key: int) -> LaterOrder | AvoidingOrder:
    """The order of so many further rows, where those before had these, in one domain; the first of them decides which.

    Ranks that ascend do so through what is left; in sequence, and scattered, they go on. `key`: of a stream.
    """
    first = earlier[0]
    if isinstance(first, AvoidingOrder):
        inner = [each.ordered for each in earlier if isinstance(each, AvoidingOrder)]
        assert len(inner) == len(earlier), "orders of one key"
        found = later_order(inner, rows, key)
        assert isinstance(found, LaterOrder)
        return AvoidingOrder(found, first.taken, first.start)
    plain = [order for each in earlier if isinstance(order := getattr(each, "ordered", each), KeyOrder)]
    assert len(plain) == len(earlier), "orders of one key"
    if plain[0].order == "ascending":
        left = min(plain[0].domain, MAXIMUM_DOMAIN) - sum(each.rows for each in plain)
        return LaterOrder(tuple(plain), KeyOrder("ascending", rows, left, key), 0)
    return LaterOrder((), replace(plain[0], rows=plain[-1].rows + rows), plain[-1].rows)
