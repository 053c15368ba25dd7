"""This file knows how parents with so many children each are arranged, in an order that looks random: in levels.

Children are in parent order: those of parent 0 are the first rows, then those of parent 1. So a parent's first child
is the sum of all counts before it, and both directions need sums over counts that were never written down. They come
from two streams of parents, merged:

- A class of N parents with the same count has N // blocks parents in each of so many blocks. These *even* parents are
  the same in every block: one arrangement of them, shuffled once, which each block begins at another place.
- The N % blocks left of each class, the *odd* parents, all together few, are shuffled and strewn evenly among the even
  ones. Each has a record: its row, its first child, and how many children all odd ones before it have.

Between two odd parents everything is arithmetic on the even ones, a block at a time. The arrangement itself is made the
same way, where it is large (very many parents, or so many different counts that blocks must be few); else all of its
parents have a record.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.keys import KeyOrder
from gen.permutations import Permutation
from gen.relations.level_kernels import (
    BEFORE,
    FIRST,
    OPEN,
    ORDINAL_BITS,
    ORDINAL_MASK,
    through_two,
    to_children,
    to_listed,
    to_parents,
    walk,
    walk_back,
)
from gen.streams import Rows, Stream, Words, rows_array

ARRANGED = 2**17  # parents that have a record, all of them
ODD = 2**17  # odd parents of a level, at most; or as many as there are different counts
LISTED = 2**20  # children of a last level that are listed one by one


@dataclass(frozen=True, eq=False)
class Level:
    """Parents in a row: odd ones, which have records, and blocks of even ones, which are a level of their own."""

    size: int
    total: int
    records: Words  # of the odd parents; one that stands for none goes before them, and a sentinel follows
    inner: Level | None
    key: int

    def search(self, rows: Rows, level_kernel: Any, *tables: str, listed: bool = False) -> tuple[Words, Words]:
        """Both answers to each row: its parent and ordinal, or its first child and count."""
        n = len(rows)
        state = rows_array(rows).copy(), np.zeros(n, np.uint64), np.full(n, OPEN), np.zeros(n, np.uint64)
        level: Level | None = self
        while level:
            if listed and level.listed is not None:
                to_listed(*state, *level.listed, np.uint64(level.size))
            else:
                level_kernel(*state, level.records, level.measures, *(getattr(level, table) for table in tables))
            level = level.inner
        return state[1], state[2]

    def parents_of(self, children: Rows) -> tuple[Words, Words]:
        """The parent of each child, and which of its children it is."""
        if not isinstance(children, range):
            if self.two_levels is not None:
                parents, ordinals = np.empty(children.size, np.uint64), np.empty(children.size, np.uint64)
                through_two(children, parents, ordinals, *self.two_levels)
                return parents, ordinals
            return self.search(children, to_parents, "guide", "shift", listed=True)
        parents, ordinals = np.empty(len(children), np.uint64), np.empty(len(children), np.uint64)
        walk(np.uint64(children.start), parents, ordinals, *self._all_levels)
        return parents, ordinals

    @cached_property
    def listed(self) -> tuple[NDArray[np.uint32], NDArray[np.uint32]] | None:
        """The first child of each record, and of each child its parent and its ordinal; None where that is too much."""
        counts = np.diff(self.records[1:, BEFORE]).astype(np.int64)
        most = int(counts.max(initial=0))
        if self.inner or counts.size != self.size or not 0 < self.total <= LISTED or most > ORDINAL_MASK:
            return None
        parents = np.repeat(np.arange(counts.size, dtype=np.uint32), counts)
        ordinals = np.arange(self.total, dtype=np.uint32) - self.records[1:-1, FIRST].astype(np.uint32)[parents]
        return self.records[:-1, FIRST].astype(np.uint32), (parents << np.uint32(ORDINAL_BITS)) | ordinals

    @cached_property
    def two_levels(self) -> tuple[Any, ...] | None:
        """What `through_two` takes; None where the way is another."""
        inner, odd = self.inner, len(self.records) - 2
        if inner is None or inner.listed is None or self.total >= 2**31 * inner.total:
            return None
        density = odd / self.total
        strewn = np.ascontiguousarray(np.minimum(self.records[:, [FIRST, BEFORE]], np.uint64(2**62))).view(np.int64)
        off = np.abs(np.arange(1, odd + 1) - strewn[1:-1, 0] * density)
        if not odd or np.percentile(off, 99) > 2:
            return None
        sizes = inner.total, inner.size, len(inner.records) - 1, odd, inner.size, inner.total
        key = self.measures[-1]
        return strewn, self.records, density, 1 / inner.total, sizes, key, *inner.listed

    def children_of(self, parents: Rows) -> tuple[Words, Words]:
        """The first child of each parent, and how many it has."""
        if isinstance(parents, range):
            children, counts = np.empty(len(parents), np.uint64), np.empty(len(parents), np.uint64)
            records, _, levels = self._all_levels
            walk_back(np.uint64(parents.start), children, counts, records, levels, self._densities)
            return children, counts
        return self.search(parents, to_children, "density")

    @cached_property
    def _all_levels(self) -> tuple[Words, NDArray[np.uint32], Words]:
        """What `walk` reads: all records, all guides, and where those of each level begin."""
        levels = [self]
        while levels[-1].inner:
            levels.append(levels[-1].inner)
        records, guides = [one.records for one in levels], [one.guide for one in levels]
        begin = [np.cumsum([0] + [len(table) for table in tables]).tolist() for tables in (records, guides)]
        rows = [
            [*one.measures, begin[0][i], begin[1][i], one.shift, len(one.records) - 2] for i, one in enumerate(levels)
        ]
        return np.concatenate(records), np.concatenate(guides), np.array(rows, np.uint64)

    @cached_property
    def _densities(self) -> NDArray[np.float64]:
        return np.array([self.density] + ([] if self.inner is None else self.inner._densities.tolist()))

    @cached_property
    def measures(self) -> tuple[np.uint64, ...]:
        inner = (self.inner.size, self.inner.total, len(self.inner.records) - 1) if self.inner else (0, 0, 0)
        inverses = ((2**64 - 1) // max(number, 1) for number in inner[:2])
        return tuple(map(np.uint64, (self.size, self.total, *inner[:2], *inverses, inner[2], self.key)))

    @cached_property
    def density(self) -> np.float64:
        return np.float64((len(self.records) - 2) / max(self.size, 1))

    @cached_property
    def shift(self) -> np.uint64:
        return np.uint64((self.total // (4 * max(len(self.records), 64))).bit_length())

    @cached_property
    def guide(self) -> NDArray[np.uint32]:
        """For the leading bits of a child, the last record that starts at the first child with them or before it."""
        leading = np.arange((self.total >> int(self.shift)) + 2, dtype=np.uint64) << self.shift
        return (np.searchsorted(self.records[:-1, FIRST], leading, "right") - 1).astype(np.uint32)


def _records(rows: Words, first: Words, counts: Words) -> Words:
    before = np.append(np.uint64(0), np.cumsum(counts, dtype=np.uint64))
    records = np.zeros((counts.size + 2, 3), np.uint64)
    records[1:-1] = np.column_stack([rows, first + before[:-1], before[:-1]])
    records[-1] = OPEN, OPEN, before[-1]
    return records


def _blocks(parents: Words) -> int:
    """How many blocks: as many as make a small arrangement, if that leaves few odd parents."""
    blocks = max(-(-int(parents.sum()) // ARRANGED), 2)
    while blocks > 2 and int((parents % np.uint64(blocks)).sum()) > max(ODD, parents.size):
        blocks = max(blocks // 2, 2)
    return blocks


def arranged(counts: Words, parents: Words, keys: Stream, depth: int = 0) -> Level:
    """So many parents with each count, arranged."""
    shuffle, places, turns = keys.words(range(3 * depth, 3 * depth + 3)).tolist()
    size, total = int(parents.sum()), int(counts @ parents)
    inner, left = None, parents
    if size > ARRANGED:
        blocks = np.uint64(_blocks(parents))
        kept, left = parents >= blocks, parents % blocks
        inner = arranged(counts[kept], parents[kept] // blocks, keys, depth + 1)
    odd = np.repeat(counts, left.astype(np.int64))
    ordinals = np.arange(odd.size, dtype=np.uint64)
    odd = odd[Permutation(max(odd.size, 1), shuffle).at(ordinals).astype(np.int64)]
    rows = KeyOrder("ascending", odd.size, size, places).ranks(range(odd.size))
    even = Level(size, total, _records(rows[:0], rows[:0], rows[:0]), inner, turns)
    first, _ = even.children_of(rows - ordinals)  # of the even parents alone
    return Level(size, total, _records(rows, first, odd), inner, turns)
