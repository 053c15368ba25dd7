"""This file knows links: which row of its parent each row of a table refers to, as a function of row numbers.

A link is a pick among so many places, and the parents that stand at these places: all rows of a table, or some of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gen.keys import KeyOrder
from gen.relations.covering import Covering
from gen.relations.fan_out import FanOut, ScatteredFanOut
from gen.relations.trees import LeveledTree, RecursiveTree, Ring
from gen.streams import Rows, Stream, Word, Words, kernel, rows_array, uniform_integers
from gen.synth.related.parents import AllRows, Bools, Parents
from gen.synth.related.popularity import Popularity
from gen.synth.rows import RowView

FEW_ROWS = 256  # of which it is seen whether rows with one parent stand together
EVENLY = "each equally likely"


@dataclass(frozen=True, eq=False)
class Picked:
    """Which place each row refers to, uint64; there: which rows refer to one at all, where not all do.

    ordinals: which of the rows with that place each is, from 0, where that is known.
    """

    places: Words
    there: Bools | None = None
    ordinals: Words | None = None


class Counted(Protocol):
    """A pick that tells, without a look at every row, how many rows each place has; these have numbers in its order."""

    @property
    def total(self) -> int:
        """How many rows have a place."""
        ...

    @property
    def ascends(self) -> bool:
        """Whether the numbers of rows ascend with their places; else they can be told of one place at a time only."""
        ...

    def spans(self, first: Words, stop: Words | None) -> tuple[Words, Words]:
        """The number of the first row that has a place from each first to before each stop, or the first place itself;
        and how many such rows there are; uint64 arrays."""
        ...

    def rows_at(self, numbers: Words) -> Words:
        """The rows with these numbers."""
        ...


class Pick(ABC):
    """How each row of a table finds its place among the parents."""

    @abstractmethod
    def at(self, rows: Rows) -> Picked:
        """The places of these rows."""

    def of(self, row: RowView) -> Picked:
        """The same, where columns of a row share what they pick."""
        return self.at(row.rows)

    @property
    def is_in_order(self) -> bool:
        """Whether places ascend with the rows."""
        return False

    def children_of(self, places: Rows) -> tuple[Rows, Words] | None:
        """The rows that refer to each of some places, one place after the other, and how many refer to each.

        None where that is not known without a look at every row.
        """
        return None

    def counts_of(self, places: Rows) -> Words:
        """How many rows refer to each place, uint64; of a pick whose rows are known."""
        found = self.children_of(places)
        assert found is not None
        return found[1]

    @property
    def is_invertible(self) -> bool:
        """Whether `children_of` knows."""
        return self.children_of(np.empty(0, np.uint64)) is not None

    @property
    def counted(self) -> Counted | None:
        """What tells the rows of consecutive places, where that can be told."""
        return None

    @abstractmethod
    def described(self) -> str:
        """How often each parent is picked, in words."""


@dataclass(frozen=True)
class EvenPick(Pick):
    """Each of `size` places is equally likely. attempt: another pick at the same rows."""

    size: int
    key: int
    attempt: int = 0

    def at(self, rows: Rows) -> Picked:
        words = Stream(self.key).words(rows, self.attempt)
        chosen = np.empty(words.size, np.int64)
        uniform_integers(words, chosen, np.int64(0), np.uint64(max(self.size, 1) - 1), np.int64(1))
        return Picked(chosen.view(np.uint64))

    def described(self) -> str:
        return EVENLY


@dataclass(frozen=True)
class PopularPick(Pick):
    """Some places are more popular than others, by a law. attempt: another pick at the same rows."""

    popularity: Popularity
    key: int
    law: str
    attempt: int = 0

    def at(self, rows: Rows) -> Picked:
        return Picked(self.popularity.rows(Stream(self.key).words(rows, self.attempt)))

    def described(self) -> str:
        return f"popular by {self.law}"


@dataclass(frozen=True)
class DistinctPick(Pick):
    """Each place at most once."""

    order: KeyOrder

    def at(self, rows: Rows) -> Picked:
        return Picked(self.order.ranks(rows))

    @property
    def is_in_order(self) -> bool:
        return self.order.order != "scattered"

    def children_of(self, places: Rows) -> tuple[Rows, Words]:
        rows = self.order.row_of(rows_array(places))
        return rows[rows >= 0].astype(np.uint64), (rows >= 0).astype(np.uint64)

    @property
    def counted(self) -> Counted:
        return self

    @property
    def total(self) -> int:
        return self.order.rows

    @property
    def ascends(self) -> bool:
        return self.order.order != "scattered"

    def spans(self, first: Words, stop: Words | None) -> tuple[Words, Words]:
        if stop is None:
            rows = self.order.row_of(first)
            return np.maximum(rows, 0).astype(np.uint64), (rows >= 0).astype(np.uint64)
        begin = self._before(first)
        return begin, self._before(stop) - begin

    def _before(self, places: Words) -> Words:
        """How many rows have an earlier place."""
        if self.order.order == "sequential":
            return np.minimum(places, np.uint64(self.order.rows))
        inside, last = places < np.uint64(self.order.domain), np.uint64(max(self.order.domain, 1) - 1)
        return np.where(inside, self.order.below(np.minimum(places, last))[0], np.uint64(self.order.rows))

    def rows_at(self, numbers: Words) -> Words:
        return numbers

    def described(self) -> str:
        return "each at most once"


@dataclass(frozen=True)
class CoveringPick(Pick):
    """Each place at least once; the rows that are left pick as another does."""

    covering: Covering
    others: Pick

    def at(self, rows: Rows) -> Picked:
        return Picked(self.covering.at(rows, lambda some: self.others.at(some).places))

    def described(self) -> str:
        return f"each at least once, else {self.others.described()}"


@dataclass(frozen=True, eq=False)
class FanOutPick(Pick):
    """Each place exactly as often as a histogram says."""

    fan_out: FanOut | ScatteredFanOut
    law: str

    def at(self, rows: Rows) -> Picked:
        places, ordinals = self.fan_out.parents_of(rows)
        return Picked(places, ordinals=ordinals)

    def children_of(self, places: Rows) -> tuple[Rows, Words]:
        return self.fan_out.child_rows_of(places)

    @property
    def is_in_order(self) -> bool:
        return isinstance(self.fan_out, FanOut)

    @property
    def most(self) -> int:
        """The most rows that refer to one place."""
        counts = self.ordered.histogram.counts
        return int(counts[-1]) if counts.size else 0

    @property
    def ordered(self) -> FanOut:
        """The fan-out with rows in their parents' order."""
        return self.fan_out.ordered if isinstance(self.fan_out, ScatteredFanOut) else self.fan_out

    def counts_of(self, places: Rows) -> Words:
        return self.fan_out.counts_of(places)

    @property
    def counted(self) -> Counted:
        return self

    @property
    def total(self) -> int:
        return self.fan_out.total

    @property
    def ascends(self) -> bool:
        return True

    def spans(self, first: Words, stop: Words | None) -> tuple[Words, Words]:
        if stop is None:
            return self.ordered.children_of(first)
        begin = self.ordered.before(first)
        return begin, self.ordered.before(stop) - begin

    def rows_at(self, numbers: Words) -> Words:
        return self.fan_out.at_place(numbers) if isinstance(self.fan_out, ScatteredFanOut) else numbers

    def described(self) -> str:
        return f"{self.law}, {'scattered' if isinstance(self.fan_out, ScatteredFanOut) else 'in their order'}"


@dataclass(frozen=True, eq=False)
class PartlyPick(Pick):
    """Some rows have no parent, exactly so many and evenly strewn: the others, in their order, are a fan-out's rows.

    without: the rows that have none, in ascending order, among all.
    """

    without: KeyOrder
    fan_out: FanOutPick

    def at(self, rows: Rows) -> Picked:
        below, none = self.without.below(rows_array(rows))
        numbers = rows_array(rows) - below
        if isinstance(rows, range) and numbers.size:  # consecutive ones are found faster
            first, last = int(numbers[0]), min(int(numbers[-1]), self.fan_out.fan_out.total - 1)
            found = self.fan_out.at(range(min(first, last), last + 1))
            which = np.minimum(numbers, np.uint64(last)) - np.uint64(min(first, last))
            assert found.ordinals is not None
            at = which.view(np.int64)
            return Picked(found.places[at], ~none, found.ordinals[at])
        found = self.fan_out.at(np.minimum(numbers, np.uint64(max(self.fan_out.fan_out.total - 1, 0))))
        return Picked(found.places, ~none, found.ordinals)

    @property
    def is_in_order(self) -> bool:
        return self.fan_out.is_in_order

    def children_of(self, places: Rows) -> tuple[Rows, Words]:
        numbers, counts = self.fan_out.children_of(places)
        return self.without.free(rows_array(numbers)), counts

    def counts_of(self, places: Rows) -> Words:
        return self.fan_out.counts_of(places)

    @property
    def ordered(self) -> FanOut:
        """The fan-out with rows in their parents' order."""
        return self.fan_out.ordered

    @property
    def counted(self) -> Counted:
        return self

    @property
    def total(self) -> int:
        return self.fan_out.total

    @property
    def ascends(self) -> bool:
        return True

    def spans(self, first: Words, stop: Words | None) -> tuple[Words, Words]:
        return self.fan_out.spans(first, stop)

    def rows_at(self, numbers: Words) -> Words:
        return self.without.free(self.fan_out.rows_at(numbers))

    def described(self) -> str:
        share = self.without.rows / max(self.without.domain, 1)
        return f"{self.fan_out.described()}; {self.without.rows:,} rows ({share:.3g}) to none"


@dataclass(frozen=True)
class TreePick(Pick):
    """The parent of a node in a forest."""

    tree: RecursiveTree | LeveledTree

    def at(self, rows: Rows) -> Picked:
        return Picked(*self.tree.parents_of(rows))

    def described(self) -> str:
        said = f"a tree of {self.tree.roots:,} root{'s' * (self.tree.roots != 1)}"
        if isinstance(self.tree, RecursiveTree):
            return f"{said}, under any earlier row"
        return f"{said}, {len(self.tree.widths)} levels, up to {self.tree.fan_out:,} children each"


@dataclass(frozen=True)
class RingPick(Pick):
    """The next row, or the previous one, in an order of all rows."""

    ring: Ring
    backwards: bool

    def at(self, rows: Rows) -> Picked:
        return Picked(*(self.ring.previous_of(rows) if self.backwards else self.ring.next_of(rows)))

    def children_of(self, places: Rows) -> tuple[Rows, Words]:
        rows, has = self.ring.next_of(places) if self.backwards else self.ring.previous_of(places)
        return rows[has], has.astype(np.uint64)

    def described(self) -> str:
        return f"{'the previous' if self.backwards else 'the next'} in {'a ring' if self.ring.closed else 'a chain'}"


@dataclass(frozen=True)
class NoPick(Pick):
    """There is no place to refer to."""

    def at(self, rows: Rows) -> Picked:
        return Picked(np.zeros(len(rows), np.uint64), np.zeros(len(rows), np.bool_))

    def described(self) -> str:
        return "none, as there is none"


# -- the rows that stand there ---------------------------------------------------------------------------------


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
