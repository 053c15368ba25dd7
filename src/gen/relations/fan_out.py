"""This file knows which children each parent has: an exact histogram, dealt to parents; and the other way round."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from gen.permutations import Permutation
from gen.relations.arranged import Level, arranged
from gen.relations.histogram import Histogram
from gen.streams import Rows, Stream, Words, kernel, rows_array

MOST = 2**53  # parents, and children


@kernel("void(uint64[::1], uint64[::1], uint64[::1])")
def _one_after_the_other(first: Words, count: Words, out: Words) -> None:
    at = np.int64(0)
    for i in range(first.size):
        for j in range(np.int64(count[i])):
            out[at + j] = first[i] + np.uint64(j)
        at += np.int64(count[i])


@dataclass(frozen=True, eq=False)
class FanOut:
    """Which children each parent has: child rows in parent order, [0, total), over the parents [0, size).

    As many parents as the histogram says have each count, exactly; which ones, the key of a stream decides. Constant
    memory, some megabytes, made on first use and never pickled. Rows are a range or a uint64 array, all of them inside:
    that is not checked. The same rows have the same answers, however they are asked for.
    """

    histogram: Histogram
    key: int

    def __post_init__(self) -> None:
        if max(self.size, self.total) > MOST:
            raise ValueError(f"a fan-out has at most 2^53 parents and children, not {self.size} and {self.total}")

    @property
    def size(self) -> int:
        """All parents."""
        return self.histogram.size

    @property
    def total(self) -> int:
        """All children."""
        return self.histogram.total

    def parents_of(self, rows: Rows) -> tuple[Words, Words]:
        """uint64 arrays: the parent row of each child row, and which of its children it is, from 0."""
        return self._arranged.parents_of(rows)

    def children_of(self, parents: Rows) -> tuple[Words, Words]:
        """uint64 arrays: the first child row of each parent row, and how many it has.

        Where it has none, the first is where they would be.
        """
        return self._arranged.children_of(parents)

    def counts_of(self, parents: Rows) -> Words:
        """uint64 array: how many children each parent row has."""
        return self.children_of(parents)[1]

    def before(self, parents: Words) -> Words:
        """uint64 array: how many children the parents before each of these rows have; one may be the row after all."""
        first, _ = self.children_of(np.minimum(parents, np.uint64(max(self.size, 1) - 1)))
        return np.where(parents < np.uint64(self.size), first, np.uint64(self.total))

    def child_rows_of(self, parents: Rows) -> tuple[Rows, Words]:
        """All child rows of these parents, one parent after the other, and how many each has; uint64 arrays.

        The children of parents in a range are a range.
        """
        first, count = self.children_of(parents)
        if isinstance(parents, range):
            begin = int(first[0]) if len(parents) else 0
            return range(begin, begin + int(count.sum())), count
        out = np.empty(int(count.sum()), np.uint64)
        _one_after_the_other(first, count, out)
        return out, count

    @cached_property
    def _arranged(self) -> Level:
        counts, parents = self.histogram.counts.astype(np.uint64), self.histogram.parents.astype(np.uint64)
        return arranged(counts, parents, Stream(self.key))

    def __getstate__(self) -> dict[str, Any]:
        return {"histogram": self.histogram, "key": self.key}


@dataclass(frozen=True, eq=False)
class ScatteredFanOut:
    """The same, with the child rows in random order: child row c has the place of another in the ordered fan-out."""

    ordered: FanOut
    key: int

    @property
    def size(self) -> int:
        """All parents."""
        return self.ordered.size

    @property
    def total(self) -> int:
        """All children."""
        return self.ordered.total

    def parents_of(self, rows: Rows) -> tuple[Words, Words]:
        """uint64 arrays: the parent row of each child row, and which of its children it is, from 0."""
        return self.ordered.parents_of(self.places_of(rows_array(rows)))

    def counts_of(self, parents: Rows) -> Words:
        """uint64 array: how many children each parent row has."""
        return self.ordered.children_of(parents)[1]

    def child_rows_of(self, parents: Rows) -> tuple[Words, Words]:
        """uint64 arrays: all child rows of these parents, one parent after the other, and how many each has.

        A parent's own come in the order of their ordinals.
        """
        places, count = self.ordered.child_rows_of(parents)
        return self.at_place(rows_array(places)), count

    def places_of(self, rows: Words) -> Words:
        """uint64 array: the places of child rows in the ordered fan-out."""
        return self._places.at(rows)

    def at_place(self, places: Words) -> Words:
        """uint64 array: the child rows whose places in the ordered fan-out these are."""
        return self._places.inverse(places)

    @cached_property
    def _places(self) -> Permutation:
        return Permutation(max(self.total, 1), self.key)

    def __getstate__(self) -> dict[str, Any]:
        return {"ordered": self.ordered, "key": self.key}
