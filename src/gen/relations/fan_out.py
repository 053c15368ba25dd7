"""This file knows which children each parent has: an exact histogram, dealt to parents in an order that looks random.

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
from gen.relations.histogram import Histogram
from gen.streams import TILE, Rows, Stream, Word, Words, device, kernel, mulhi, rows_array

ARRANGED = 2**17  # parents that have a record, all of them
ODD = 2**17  # odd parents of a level, at most; or as many as there are different counts
LISTED = 2**20  # children of a last level that are listed one by one
MOST = 2**53  # parents, and children

_ROW, _FIRST, _BEFORE = range(3)  # columns of records
_SIZE, _TOTAL, _INNER_SIZE, _INNER_TOTAL, _PER_SIZE, _PER_TOTAL, _INNER_MARKS, _KEY = range(8)  # measures of a level
_RECORDS, _GUIDE, _SHIFT, _LAST = range(8, 12)  # where its records and its guide begin, and the last record
_ONE = np.uint64(1)
_ORDINAL_BITS, _ORDINAL_MASK = np.uint64(14), np.uint64(2**14 - 1)  # of a listed child; the others say which parent
_OPEN = np.uint64(2**64 - 1)  # no answer yet


# -- kernels: a level at a time, without branches, so that what many rows wait for in memory overlaps ---------


@device
def _if(condition: bool, value: Word) -> Word:
    """The value, or 0."""
    return value & (np.uint64(0) - np.uint64(condition))


@device
def _whole(value: Word, part: Word, inverse: Word) -> Word:
    """value // part, for values below 2^63, where `inverse` is (2^64 - 1) // part: short by one at most at first."""
    quotient = mulhi(value, inverse)
    return quotient + np.uint64(value - quotient * part >= part)


@device
def _mark(key: Word, block: Word, marks: Word) -> Word:
    """At which of so many records a block begins the arrangement: random."""
    bits = block ^ key
    bits = (bits ^ (bits >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
    bits = (bits ^ (bits >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
    return mulhi(bits ^ (bits >> np.uint64(32)), marks)


_STATE = "uint64[::1], uint64[::1], uint64[::1], uint64[::1]"


@kernel(f"void({_STATE}, uint64[:, ::1], UniTuple(uint64, 8), uint32[::1], uint64)")
def _to_parents(
    children: Words,
    parents: Words,
    ordinals: Words,
    marks: Words,
    records: Words,
    measures: tuple[Word, ...],
    guide: NDArray[np.uint32],
    shift: Word,
) -> None:
    """One level of the way from children, as rows inside a block that begins at its mark, to parents.

    Children of odd parents get their answer: an ordinal, and what is added to the parent. For the others, they and
    their marks are led into the blocks of the next level.
    """
    size, total, inner_size, inner_total, _, per_total, inner_marks, key = measures
    lows = np.empty(TILE, np.uint64)
    for begin in range(0, children.size, TILE):  # loops that wait for one thing in memory each, for many rows at once
        x, found = children[begin : begin + TILE], parents[begin : begin + TILE]
        into, mark = ordinals[begin : begin + TILE], marks[begin : begin + TILE]
        for i in range(x.size):
            child = x[i] + records[mark[i], _FIRST]
            is_open = into[i] == _OPEN
            found[i] -= _if(is_open, records[mark[i], _ROW] - _if(child >= total, size))
            x[i] = _if(is_open, child - _if(child >= total, total))
        for i in range(x.size):
            lows[i] = np.uint64(guide[x[i] >> shift])
        for i in range(x.size):
            lows[i] += np.uint64(records[lows[i] + _ONE, _FIRST] <= x[i])
        for i in range(x.size):
            low, child = lows[i], x[i]
            if into[i] != _OPEN:
                continue
            if records[low + _ONE, _FIRST] <= child:  # seldom
                high = np.uint64(guide[(child >> shift) + _ONE])
                while low < high:
                    middle = (low + high + _ONE) >> _ONE
                    if records[middle, _FIRST] <= child:
                        low = middle
                    else:
                        high = middle - _ONE
            of_odd = child - records[low, _FIRST]
            if of_odd < records[low + _ONE, _BEFORE] - records[low, _BEFORE]:
                found[i] += records[low, _ROW]
                into[i] = of_odd
                continue
            child -= records[low + _ONE, _BEFORE]
            block = _whole(child, inner_total, per_total)
            x[i] = child - block * inner_total
            found[i] += low + block * inner_size
            mark[i] = _mark(key, block, inner_marks)


@kernel("void(uint64[::1], uint64[::1], uint64[::1], uint64[::1], uint32[::1], uint32[::1], uint64)")
def _to_listed(
    children: Words,
    parents: Words,
    ordinals: Words,
    marks: Words,
    starts: NDArray[np.uint32],
    listed: NDArray[np.uint32],
    size: Word,
) -> None:
    """The last level, where all parents have a record and each child is listed: its parent, and its ordinal below."""
    total = np.uint64(listed.size)
    for begin in range(0, children.size, TILE):
        x, found = children[begin : begin + TILE], parents[begin : begin + TILE]
        into, mark = ordinals[begin : begin + TILE], marks[begin : begin + TILE]
        for i in range(x.size):
            child = x[i] + np.uint64(starts[mark[i]])
            is_open = into[i] == _OPEN
            row = mark[i] - np.uint64(mark[i] > np.uint64(0))
            found[i] -= _if(is_open, row - _if(child >= total, size))
            x[i] = _if(is_open, child - _if(child >= total, total))
        for i in range(x.size):
            entry, is_open = np.uint64(listed[x[i]]), into[i] == _OPEN
            found[i] += _if(is_open, entry >> _ORDINAL_BITS)
            into[i] = entry & _ORDINAL_MASK if is_open else into[i]


@kernel("void(uint64, uint64[::1], uint64[::1], uint64[:, ::1], uint32[::1], uint64[:, ::1])")
def _walk(
    begin: Word, parents: Words, ordinals: Words, records: Words, guide: NDArray[np.uint32], levels: Words
) -> None:
    """All levels of `_to_parents` for consecutive children, which share their way until one of its levels changes."""
    done, size = np.int64(0), np.int64(parents.size)
    while done < size:
        child, span, parent, mark = begin + np.uint64(done), np.uint64(size - done), np.uint64(0), np.uint64(0)
        for level in range(levels.shape[0]):
            at, total = levels[level, _RECORDS], levels[level, _TOTAL]
            child += records[at + mark, _FIRST]
            parent -= records[at + mark, _ROW]
            parent += _if(child >= total, levels[level, _SIZE])
            child -= _if(child >= total, total)
            cell = levels[level, _GUIDE] + (child >> levels[level, _SHIFT])
            low, high = at + np.uint64(guide[cell]), at + np.uint64(guide[cell + _ONE])
            while low < high:
                middle = (low + high + _ONE) >> _ONE
                if records[middle, _FIRST] <= child:
                    low = middle
                else:
                    high = middle - _ONE
            into, own = child - records[low, _FIRST], records[low + _ONE, _BEFORE] - records[low, _BEFORE]
            if into < own:  # at the last level, neighbours follow
                span = min(span, total - child if level == levels.shape[0] - 1 else own - into)
                break
            span = min(span, min(total, records[low + _ONE, _FIRST]) - child)
            child -= records[low + _ONE, _BEFORE]
            block = _whole(child, levels[level, _INNER_TOTAL], levels[level, _PER_TOTAL])
            child -= block * levels[level, _INNER_TOTAL]
            span = min(span, levels[level, _INNER_TOTAL] - child)
            parent += low - at + block * levels[level, _INNER_SIZE]
            mark = _mark(levels[level, _KEY], block, levels[level, _INNER_MARKS])
        for i in range(done, done + np.int64(span)):
            while records[low + _ONE, _FIRST] <= child:
                low += _ONE
            parents[i] = parent + records[low, _ROW]
            ordinals[i] = child - records[low, _FIRST]
            child += _ONE
        done += np.int64(span)


@kernel(f"void({_STATE}, uint64[:, ::1], UniTuple(uint64, 8), float64)")
def _to_children(
    parents: Words,
    children: Words,
    counts: Words,
    marks: Words,
    records: Words,
    measures: tuple[Word, ...],
    density: float,
) -> None:
    """One level of the way from parents to first children, and how many: the way of `_to_parents`, backwards."""
    size, total, inner_size, inner_total, per_size, _, inner_marks, key = measures
    last = np.uint64(records.shape[0] - 2)
    for i in range(parents.size):
        if counts[i] != _OPEN:
            continue
        parent = parents[i] + records[marks[i], _ROW]
        child = children[i] - records[marks[i], _FIRST] + _if(parent >= size, total)
        parent -= _if(parent >= size, size)
        low = min(np.uint64(np.float64(parent) * density), last)  # every stride of parents has one odd one
        low += np.uint64(records[low + _ONE, _ROW] <= parent)
        while records[low + _ONE, _ROW] <= parent:  # seldom: a density is rounded
            low += _ONE
        while low and records[low, _ROW] > parent:
            low -= _ONE
        if low and records[low, _ROW] == parent:
            children[i] = child + records[low, _FIRST]
            counts[i] = records[low + _ONE, _BEFORE] - records[low, _BEFORE]
            continue
        parent -= low
        block = _whole(parent, inner_size, per_size)
        parents[i] = parent - block * inner_size
        children[i] = child + records[low + _ONE, _BEFORE] + block * inner_total
        marks[i] = _mark(key, block, inner_marks)


@kernel("void(uint64, uint64[::1], uint64[::1], uint64[:, ::1], uint64[:, ::1], float64[::1])")
def _walk_back(begin: Word, children: Words, counts: Words, records: Words, levels: Words, densities: Any) -> None:
    """All levels of `_to_children` for consecutive parents, like `_walk`."""
    done, size, deepest = np.int64(0), np.int64(children.size), levels.shape[0] - 1
    while done < size:
        parent, span, child, mark = begin + np.uint64(done), np.uint64(size - done), np.uint64(0), np.uint64(0)
        for level in range(levels.shape[0]):
            at, all_parents = levels[level, _RECORDS], levels[level, _SIZE]
            parent += records[at + mark, _ROW]
            child -= records[at + mark, _FIRST]
            child += _if(parent >= all_parents, levels[level, _TOTAL])
            parent -= _if(parent >= all_parents, all_parents)
            low = at + min(np.uint64(np.float64(parent) * densities[level]), levels[level, _LAST])
            while records[low + _ONE, _ROW] <= parent:
                low += _ONE
            while low > at and records[low, _ROW] > parent:
                low -= _ONE
            if low > at and records[low, _ROW] == parent:  # at the last level, neighbours follow
                span = min(span, all_parents - parent) if level == deepest else _ONE
                break
            span = min(span, min(all_parents, records[low + _ONE, _ROW]) - parent)
            parent -= low - at
            block = _whole(parent, levels[level, _INNER_SIZE], levels[level, _PER_SIZE])
            parent -= block * levels[level, _INNER_SIZE]
            span = min(span, levels[level, _INNER_SIZE] - parent)
            child += records[low + _ONE, _BEFORE] + block * levels[level, _INNER_TOTAL]
            mark = _mark(levels[level, _KEY], block, levels[level, _INNER_MARKS])
        for i in range(done, done + np.int64(span)):
            children[i] = child + records[low, _FIRST]
            counts[i] = records[low + _ONE, _BEFORE] - records[low, _BEFORE]
            low += _ONE
        done += np.int64(span)


@kernel("void(uint64[::1], uint64[::1], uint64[::1])")
def _one_after_the_other(first: Words, count: Words, out: Words) -> None:
    at = np.int64(0)
    for i in range(first.size):
        for j in range(np.int64(count[i])):
            out[at + j] = first[i] + np.uint64(j)
        at += np.int64(count[i])


# -- levels -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Level:
    """Parents in a row: odd ones, which have records, and blocks of even ones, which are a level of their own."""

    size: int
    total: int
    records: Words  # of the odd parents; one that stands for none goes before them, and a sentinel follows
    inner: _Level | None
    key: int

    def search(self, rows: Rows, level_kernel: Any, *tables: str, listed: bool = False) -> tuple[Words, Words]:
        """Both answers to each row: its parent and ordinal, or its first child and count."""
        n = len(rows)
        state = rows_array(rows).copy(), np.zeros(n, np.uint64), np.full(n, _OPEN), np.zeros(n, np.uint64)
        level: _Level | None = self
        while level:
            if listed and level.listed is not None:
                _to_listed(*state, *level.listed, np.uint64(level.size))
            else:
                level_kernel(*state, level.records, level.measures, *(getattr(level, table) for table in tables))
            level = level.inner
        return state[1], state[2]

    def parents_of(self, children: Rows) -> tuple[Words, Words]:
        if not isinstance(children, range):
            return self.search(children, _to_parents, "guide", "shift", listed=True)
        parents, ordinals = np.empty(len(children), np.uint64), np.empty(len(children), np.uint64)
        _walk(np.uint64(children.start), parents, ordinals, *self._all_levels)
        return parents, ordinals

    @cached_property
    def listed(self) -> tuple[NDArray[np.uint32], NDArray[np.uint32]] | None:
        """The first child of each record, and of each child its parent and its ordinal; None where that is too much."""
        counts = np.diff(self.records[1:, _BEFORE]).astype(np.int64)
        most = int(counts.max(initial=0))
        if self.inner or counts.size != self.size or not 0 < self.total <= LISTED or most > _ORDINAL_MASK:
            return None
        parents = np.repeat(np.arange(counts.size, dtype=np.uint32), counts)
        ordinals = np.arange(self.total, dtype=np.uint32) - self.records[1:-1, _FIRST].astype(np.uint32)[parents]
        return self.records[:-1, _FIRST].astype(np.uint32), (parents << np.uint32(_ORDINAL_BITS)) | ordinals

    def children_of(self, parents: Rows) -> tuple[Words, Words]:
        if isinstance(parents, range):
            children, counts = np.empty(len(parents), np.uint64), np.empty(len(parents), np.uint64)
            records, _, levels = self._all_levels
            _walk_back(np.uint64(parents.start), children, counts, records, levels, self._densities)
            return children, counts
        return self.search(parents, _to_children, "density")

    @cached_property
    def _all_levels(self) -> tuple[Words, NDArray[np.uint32], Words]:
        """What `_walk` reads: all records, all guides, and where those of each level begin."""
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
        return (np.searchsorted(self.records[:-1, _FIRST], leading, "right") - 1).astype(np.uint32)


def _records(rows: Words, first: Words, counts: Words) -> Words:
    before = np.append(np.uint64(0), np.cumsum(counts, dtype=np.uint64))
    records = np.zeros((counts.size + 2, 3), np.uint64)
    records[1:-1] = np.column_stack([rows, first + before[:-1], before[:-1]])
    records[-1] = _OPEN, _OPEN, before[-1]
    return records


def _blocks(parents: Words) -> int:
    """How many blocks: as many as make a small arrangement, if that leaves few odd parents."""
    blocks = max(-(-int(parents.sum()) // ARRANGED), 2)
    while blocks > 2 and int((parents % np.uint64(blocks)).sum()) > max(ODD, parents.size):
        blocks = max(blocks // 2, 2)
    return blocks


def _level(counts: Words, parents: Words, keys: Stream, depth: int = 0) -> _Level:
    """So many parents with each count, arranged."""
    shuffle, places, turns = keys.words(range(3 * depth, 3 * depth + 3)).tolist()
    size, total = int(parents.sum()), int(counts @ parents)
    inner, left = None, parents
    if size > ARRANGED:
        blocks = np.uint64(_blocks(parents))
        kept, left = parents >= blocks, parents % blocks
        inner = _level(counts[kept], parents[kept] // blocks, keys, depth + 1)
    odd = np.repeat(counts, left.astype(np.int64))
    ordinals = np.arange(odd.size, dtype=np.uint64)
    odd = odd[Permutation(max(odd.size, 1), shuffle).at(ordinals).astype(np.int64)]
    rows = KeyOrder("ascending", odd.size, size, places).ranks(range(odd.size))
    even = _Level(size, total, _records(rows[:0], rows[:0], rows[:0]), inner, turns)
    first, _ = even.children_of(rows - ordinals)  # of the even parents alone
    return _Level(size, total, _records(rows, first, odd), inner, turns)


# -- fan-outs ---------------------------------------------------------------------------------------------


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
    def _arranged(self) -> _Level:
        counts, parents = self.histogram.counts.astype(np.uint64), self.histogram.parents.astype(np.uint64)
        return _level(counts, parents, Stream(self.key))

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
        return self.ordered.parents_of(self._places.at(rows_array(rows)))

    def counts_of(self, parents: Rows) -> Words:
        """uint64 array: how many children each parent row has."""
        return self.ordered.children_of(parents)[1]

    def child_rows_of(self, parents: Rows) -> tuple[Words, Words]:
        """uint64 arrays: all child rows of these parents, one parent after the other, and how many each has.

        A parent's own come in the order of their ordinals.
        """
        places, count = self.ordered.child_rows_of(parents)
        return self._places.inverse(rows_array(places)), count

    @cached_property
    def _places(self) -> Permutation:
        return Permutation(max(self.total, 1), self.key)

    def __getstate__(self) -> dict[str, Any]:
        return {"ordered": self.ordered, "key": self.key}
