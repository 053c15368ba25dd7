"""This file knows strata: the rows of a table dealt to so many groups of exact sizes, and unions of some of these.

A keyed permutation gives each row a place; a stratum is an interval of places. So a row's stratum, and the rows of a
stratum, are known in constant time, both ways, whatever the table's size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gen.permutations import Permutation
from gen.streams import Rows, Word, Words, kernel, rows_array

Bools = NDArray[np.bool_]
_CELLS = 4096  # of a guide, or more: the leading bits of a place tell nearly always in which interval it is


@kernel("void(uint64[::1], int64[::1], uint64[::1], int64[::1], uint64)")
def _find(places: Words, out: NDArray[np.int64], ends: Words, guide: NDArray[np.int64], shift: Word) -> None:
    """How many ends each place is at, or beyond: the guide says it of the first place with the same leading bits."""
    for i in range(places.size):
        found = guide[places[i] >> shift]
        while ends[found] <= places[i]:
            found += 1
        out[i] = found


class _Intervals:
    """Intervals of places one after the other, by their ends, ascending: in which each place is, if not beyond all."""

    def __init__(self, ends: Words, size: int) -> None:
        cells = max(_CELLS, 2 * ends.size)
        self.shift = np.uint64(max(max(size, 1).bit_length() - cells.bit_length() + 1, 0))
        first = np.arange((size >> int(self.shift)) + 1, dtype=np.uint64) << self.shift
        self.guide = np.searchsorted(ends, first, "right").astype(np.int64)
        self.ends = np.append(ends, np.uint64(2**64 - 1))  # a place is below that

    def of(self, places: Words) -> NDArray[np.int64]:
        """int64: how many ends are at each place, or before it. Each place is below the size."""
        out = np.empty(places.size, np.int64)
        _find(places, out, self.ends, self.guide, self.shift)
        return out


def strata_ends(weights: Sequence[Sequence[float]], rows: int) -> Words:
    """Where each combination's interval of places ends, uint64, the first member's value counting most.

    weights: of each member's values. The combination of values with shares p, q, ... has p * q * ... of the rows,
    rounded cumulatively in exact arithmetic, so that all together have exactly `rows`.
    """
    shares = [Fraction(1)]
    for each in weights:
        exact = [Fraction(float(weight)) for weight in each]
        total = sum(exact)
        shares = [share * weight / total for share in shares for weight in exact]
    ends, below = [], Fraction(0)
    for share in shares:
        below += share
        ends.append(round(below * rows))
    return np.array(ends, np.uint64)


@dataclass(frozen=True, eq=False)
class Strata:
    """Rows dealt to strata: those at the places before the first end are in the first, and so on."""

    ends: Words
    key: int

    @property
    def size(self) -> int:
        """All rows."""
        return int(self.ends[-1])

    def of(self, rows: Rows) -> NDArray[np.int64]:
        """The stratum of each row; a row beyond the table has one, too."""
        if not self.size:
            return np.zeros(len(rows), np.int64)
        return self._intervals.of(self.places_of(rows_array(rows)))

    def places_of(self, rows: Words) -> Words:
        """The place of each row, which tells its stratum."""
        size = np.uint64(max(self.size, 1))
        return self._order.at(rows % size if rows.size and rows.max() >= size else rows)

    def rows_at(self, places: Words) -> Words:
        """The row at each place: the inverse."""
        return self._order.inverse(places)

    def union(self, wanted: Bools) -> StrataUnion:
        """The rows of those strata that are wanted."""
        begins = np.concatenate([np.zeros(1, np.uint64), self.ends[:-1]])
        kept = wanted & (self.ends > begins)
        first, stop = begins[kept], self.ends[kept]
        new = np.ones(first.size, np.bool_)  # neighbours are one interval
        new[1:] = first[1:] != stop[:-1]
        last = np.append(new[1:], True) if first.size else new
        return StrataUnion(self, first[new], stop[last])

    @cached_property
    def _order(self) -> Permutation:
        return Permutation(max(self.size, 1), self.key)

    @cached_property
    def _intervals(self) -> _Intervals:
        return _Intervals(self.ends, self.size)


@dataclass(frozen=True, eq=False)
class StrataUnion:
    """Some strata together: their rows, each at a place below `size`. first, stop: their intervals, apart."""

    strata: Strata
    first: Words
    stop: Words

    @cached_property
    def size(self) -> int:
        """How many rows they have."""
        return int((self.stop - self.first).sum())

    def rows(self, places: Words) -> Words:
        """The row at each place; beyond the last place, the last row."""
        if not self.size:
            return np.zeros(places.size, np.uint64)
        places = np.minimum(places, np.uint64(self.size - 1))  # rows beyond a table refer to something, too
        if self.first.size == 1:
            return self.strata.rows_at(places + self.first[0])
        which = self._own.of(places)
        return self.strata.rows_at(places + (self.first - self._before)[which])

    def places(self, rows: Words) -> tuple[Words, Bools]:
        """The place of each row, any where it has none; and whether it has one."""
        if not self.size:
            return np.zeros(rows.size, np.uint64), np.zeros(rows.size, np.bool_)
        found = self.strata.places_of(rows)
        which = np.minimum(self._stops.of(found), self.first.size - 1)
        inside = (found >= self.first[which]) & (found < self.stop[which])
        return np.where(inside, found - (self.first - self._before)[which], np.uint64(0)), inside

    @cached_property
    def _own(self) -> _Intervals:
        """In which of its intervals a place of the union is."""
        return _Intervals(np.cumsum(self.stop - self.first, dtype=np.uint64), self.size)

    @cached_property
    def _stops(self) -> _Intervals:
        """How many of its intervals end before a place among all, or there."""
        return _Intervals(self.stop, self.strata.size)

    @cached_property
    def _before(self) -> Words:
        """How many places of the union come before each interval."""
        sizes = self.stop - self.first
        return np.cumsum(sizes, dtype=np.uint64) - sizes
