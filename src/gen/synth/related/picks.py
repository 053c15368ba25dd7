"""This file knows picks: at which place among its parents each row of a table finds its own, as a function of rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from gen.keys import KeyOrder
from gen.relations.covering import Covering
from gen.relations.fan_out import FanOut, ScatteredFanOut
from gen.relations.trees import LeveledTree, RecursiveTree, Ring
from gen.streams import Rows, Stream, Words, rows_array, uniform_integers
from gen.synth.related.parents import Bools
from gen.synth.related.popularity import Popularity
from gen.synth.rows import RowView

EVENLY = "each equally likely"


@dataclass(frozen=True, eq=False)
class Picked:
    """Which place each row refers to, uint64; there: which rows refer to one at all, where not all do.

    ordinals: which of the rows with that place each is, from 0, where that is known.
    """

    places: Words
    there: Bools | None = None
    ordinals: Words | None = None


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
    def needs_row(self) -> bool:
        """Whether a row's place depends on its other columns, so that `of` knows it and `at` does not."""
        return False

    @property
    def counted(self) -> CountedPick | None:
        """What tells the rows of consecutive places, where that can be told."""
        return None

    @abstractmethod
    def described(self) -> str:
        """How often each parent is picked, in words."""


class CountedPick(Pick):
    """A pick that tells, without a look at every row, how many rows each place has; these have numbers in its order."""

    @property
    def counted(self) -> CountedPick:
        return self

    @property
    @abstractmethod
    def total(self) -> int:
        """How many rows have a place."""

    @property
    def ascends(self) -> bool:
        """Whether the numbers of rows ascend with their places; else they can be told of one place at a time only."""
        return True

    @abstractmethod
    def spans(self, first: Words, stop: Words | None) -> tuple[Words, Words]:
        """The number of the first row that has a place from each first to before each stop, or the first place itself;
        and how many such rows there are; uint64 arrays."""

    @abstractmethod
    def rows_at(self, numbers: Words) -> Words:
        """The rows with these numbers."""

    @abstractmethod
    def numbers_of(self, rows: Words) -> Words:
        """The numbers of rows that have a place."""


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
class DistinctPick(CountedPick):
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

    def numbers_of(self, rows: Words) -> Words:
        return rows

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
class FanOutPick(CountedPick):
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
    def total(self) -> int:
        return self.fan_out.total

    def spans(self, first: Words, stop: Words | None) -> tuple[Words, Words]:
        if stop is None:
            return self.ordered.children_of(first)
        begin = self.ordered.before(first)
        return begin, self.ordered.before(stop) - begin

    def rows_at(self, numbers: Words) -> Words:
        return self.fan_out.at_place(numbers) if isinstance(self.fan_out, ScatteredFanOut) else numbers

    def numbers_of(self, rows: Words) -> Words:
        return self.fan_out.places_of(rows) if isinstance(self.fan_out, ScatteredFanOut) else rows

    def described(self) -> str:
        return f"{self.law}, {'scattered' if isinstance(self.fan_out, ScatteredFanOut) else 'in their order'}"


@dataclass(frozen=True, eq=False)
class PartlyPick(CountedPick):
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
    def total(self) -> int:
        return self.fan_out.total

    def spans(self, first: Words, stop: Words | None) -> tuple[Words, Words]:
        return self.fan_out.spans(first, stop)

    def rows_at(self, numbers: Words) -> Words:
        return self.without.free(self.fan_out.rows_at(numbers))

    def numbers_of(self, rows: Words) -> Words:
        numbers = rows - self.without.below(rows)[0]
        return self.fan_out.numbers_of(np.minimum(numbers, np.uint64(max(self.total, 1) - 1)))

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
