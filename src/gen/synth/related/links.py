"""This file knows links: which row of its parent each row of a table refers to, as a function of row numbers.

A link is a pick among so many places, and the parents that stand at these places: all rows of a table, or some of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.streams import Rows, Stream, Word, Words, kernel, rows_array
from gen.synth.related.parents import AllRows, Bools, Parents
from gen.synth.related.picks import Pick
from gen.synth.rows import RowView

FEW_ROWS = 256  # of which it is seen whether rows with one parent stand together


@kernel("uint64(uint64[::1])")
def _changes(rows: Words) -> Word:
    """How many rows differ from the one before."""
    count = np.uint64(0)
    for i in range(1, rows.size):
        count += np.uint64(rows[i] != rows[i - 1])
    return count


@kernel("int64(uint64[::1], uint64[::1], int64[::1])")
def _runs(rows: Words, each: Words, which: NDArray[np.int64]) -> Any:
    """Each of the rows that stand together once, and which of these each is; how many there are."""
    place = np.int64(0)
    each[0], which[0] = rows[0], place
    for i in range(1, rows.size):
        place += np.int64(rows[i] != rows[i - 1])
        each[place], which[i] = rows[i], place
    return place + 1


def _has_runs(rows: Words) -> bool:
    """Whether a quarter of the rows are equal to the one before, or more; where it is plain, a look at some will do."""
    some = rows[:FEW_ROWS]
    if 4 * (_changes(some) + 1) > 4 * some.size - some.size // 8:
        return False
    return bool(4 * (_changes(rows) + 1) <= 3 * rows.size)


@dataclass(frozen=True, eq=False)
class Chosen:
    """The parent's row of each row, uint64, any where it has none; there: which have one, None where all do."""

    rows: Words
    there: Bools | None
    ordinals: Words | None

    @cached_property
    def runs(self) -> tuple[Words, NDArray[np.int64]] | None:
        """Where rows with one parent stand together: each parent once, and which of these each row has."""
        if self.rows.size < 2:
            return None
        if not _has_runs(self.rows):
            return None
        each, which = np.empty(self.rows.size, np.uint64), np.empty(self.rows.size, np.int64)
        count = _runs(self.rows, each, which)
        return each[:count], which


@dataclass(frozen=True, eq=False)
class Link:
    """What some columns of a table refer to together. `null`: a stream, and the share of the rows that have no parent.

    condition: an expression of the row, where it is not true there is none.
    """

    parents: Parents
    pick: Pick
    null: tuple[int, float] | None = None
    condition: Any = None

    def chosen(self, row: RowView) -> Chosen:
        """The parents of these rows, found once for all columns."""
        return row.once(self, lambda: self._chosen(row))

    def _chosen(self, row: RowView) -> Chosen:
        picked = self.pick.of(row)
        there = picked.there
        if self.null is not None:
            key, share = self.null
            some = Stream(key, 1).words(row.rows) >= np.uint64(round(share * 2**32))
            there = some if there is None else there & some
        if self.condition is not None:
            holds = row.holds(self.condition)
            there = holds if there is None else there & holds
        return Chosen(self.parents.rows(picked.places), there, picked.ordinals)

    @property
    def is_in_order(self) -> bool:
        """Whether rows that stand together refer to rows that stand together."""
        return self.pick.is_in_order

    @property
    def is_invertible(self) -> bool:
        """Whether the rows that refer to a row are known without a look at every row."""
        return self.condition is None and self.null is None and self.pick.is_invertible

    def children_of(self, rows: Rows) -> tuple[Rows, Words]:
        """The rows that refer to each of the parent's rows, one parent after the other, and how many refer to each.

        Of a link that is invertible.
        """
        places, has = self._places(rows)
        found = self.pick.children_of(places)
        assert found is not None
        return found[0], self._spread(found[1], has)

    def counts_of(self, rows: Rows) -> Words:
        """How many rows refer to each of the parent's rows, uint64; of a link that is invertible."""
        places, has = self._places(rows)
        return self._spread(self.pick.counts_of(places), has)

    def _places(self, rows: Rows) -> tuple[Rows, Bools | None]:
        """The places of those rows that have one; and which have, where not all do."""
        if isinstance(self.parents, AllRows):
            return rows, None
        places, has = self.parents.places(rows_array(rows))
        return places[has], has

    def _spread(self, counts: Words, has: Bools | None) -> Words:
        if has is None:
            return counts
        out = np.zeros(has.size, np.uint64)
        out[has] = counts
        return out
