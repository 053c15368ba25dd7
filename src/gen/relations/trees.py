"""This file knows trees and rings within one table: which row is a row's parent, which comes next, from its number.

A tree's parent is an earlier row, so that there is no circle, in any order and partition in which rows are made. A ring
is one circle through all rows, or one chain, in keyed order.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.permutations import Permutation
from gen.streams import Rows, Stream, Word, Words, first_and_rows, kernel, mulhi, rows_array

Parents = tuple[Words, NDArray[np.bool_]]
MOST_ROWS = 2**63
MOST_LEVELS = 4096
_HALVINGS = 200  # of the interval in which a ratio lies: more than a double has bits


@kernel("void(uint64, uint64[::1], uint64[::1], uint64, uint64[::1])")
def _earlier(first: Word, rows: Words, words: Words, roots: Word, out: Words) -> None:
    """For each of these rows, or, where none are given, of those from `first` on, a row before it; 0 for roots."""
    for i in range(out.size):
        row = rows[i] if rows.size else first + np.uint64(i)
        out[i] = mulhi(words[i], row if row >= roots else np.uint64(0))


def _check(rows: int, roots: int) -> None:
    if not 1 <= roots <= rows <= MOST_ROWS:
        raise ValueError(f"a tree has 1 root or more, and no more than its rows, 2^63 at most; not {roots} of {rows}")


@dataclass(frozen=True)
class RecursiveTree:
    """Rows 0 to roots - 1 are roots; the parent of any other is one of all rows before it, each equally likely.

    Depth grows as the logarithm of the rows: a million rows are 28 levels deep, and a row has up to some 25 children.
    """

    rows: int
    roots: int
    key: int

    def __post_init__(self) -> None:
        _check(self.rows, self.roots)

    def parents_of(self, rows: Rows) -> Parents:
        """uint64 array: the parent of each row, 0 where it has none; and a bool array: whether it has one."""
        first, some = first_and_rows(rows)
        out = np.empty(len(rows), np.uint64)
        _earlier(first, some, Stream(self.key).words(rows), np.uint64(self.roots), out)
        return out, _has_parent(rows, self.roots)


def _has_parent(rows: Rows, roots: int) -> NDArray[np.bool_]:
    if not isinstance(rows, range):
        return np.asarray(rows >= np.uint64(roots))
    has = np.ones(len(rows), np.bool_)
    has[: max(roots - rows.start, 0)] = False
    return has


# -- levels ------------------------------------------------------------------------------------------------


def tree_capacity(depth: int, fan_out: int, roots: int) -> int:
    """The most rows of a tree of `depth` levels, the roots' among them, with at most `fan_out` children a row.

    Exact up to 2^64; of more, a number above it. Levels beyond the 4,096th are not counted.
    """
    if fan_out == 1:
        return roots * min(depth, MOST_LEVELS)
    return int(roots * (fan_out ** min(depth, 65) - 1) // (fan_out - 1))


def natural_depth(rows: int, fan_out: int, roots: int) -> int:
    """The levels of a forest where nothing says how many: so that rows have about (1 + fan_out) / 2 children each."""
    width, held, depth = float(roots), float(roots), 1
    while held < rows and depth < MOST_LEVELS:
        width *= (1 + fan_out) / 2
        held, depth = held + width, depth + 1
    return depth


def level_widths(rows: int, depth: int, fan_out: int, roots: int) -> list[int]:
    """How many rows each level has, from the roots down: they sum to `rows`, and grow in proportion where they can.

    No level is wider than `fan_out` times the one above it, and there are `depth` at most. Raises ValueError where
    that holds fewer rows: see `tree_capacity`.
    """
    _check(rows, roots)
    if depth < 1 or fan_out < 1 or rows > tree_capacity(depth, fan_out, roots):
        raise ValueError(
            f"{depth} levels of at most {fan_out} children a row, below {roots} roots, hold no {rows} rows"
        )
    depth = min(depth, MOST_LEVELS, rows - roots + 1)
    ratio = _ratio(rows / roots, depth, fan_out)
    widths, left, ideal = [roots], rows - roots, float(roots)
    for level in range(1, depth):
        if not left:
            break
        ideal *= ratio
        least = -(-left // tree_capacity(depth - level, fan_out, 1))  # so that the rest has room below
        most = min(fan_out * widths[-1], left)
        width = min(max(int(ideal + 0.5), least, 1), most)
        widths.append(width)
        left -= width
    return widths


def _ratio(total: float, depth: int, most: float) -> float:
    """The ratio up to `most` of a geometric series of `depth` terms, from 1 on, whose sum is `total`, by bisection."""
    low, high = 0.0, float(most)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _geometric_sum(middle, depth) < total else (low, middle)
    return high


def _geometric_sum(ratio: float, terms: int) -> float:
    """1 + ratio + ratio^2 + ..., of + and * alone, so that it is the same on every platform."""
    total, power = 0.0, 1.0  # of no terms; read the bits of `terms` from the highest
    for bit in bin(terms)[2:]:
        total, power = total * (1.0 + power), power * power
        if bit == "1":
            total, power = total * ratio + 1.0, power * ratio
    return total


@kernel("void(uint64[::1], uint64[::1], int64[::1])")
def _find_levels(rows: Words, starts: Words, out: NDArray[np.int64]) -> None:
    """The last of the levels that start at or before each row, by bisection."""
    highest = np.uint64(1)
    while highest < np.uint64(starts.size):
        highest += highest
    for i in range(out.size):
        found, step = np.uint64(0), highest
        while step:
            there = min(found + step, np.uint64(starts.size - 1))
            found = there if starts[there] <= rows[i] else found
            step >>= np.uint64(1)
        out[i] = np.int64(found)


@dataclass(frozen=True)
class LeveledTree:
    """A tree of at most `depth` levels, the roots' among them, in which no row has more than `fan_out` children.

    Rows stand level by level. The rows of a level take places among the children that the level above may have, drawn
    without repeats, so both bounds are exact. Raises ValueError where that holds fewer rows than asked for.
    """

    rows: int
    depth: int
    fan_out: int
    roots: int
    key: int

    def __post_init__(self) -> None:
        level_widths(self.rows, self.depth, self.fan_out, self.roots)

    def parents_of(self, rows: Rows) -> Parents:
        """uint64 array: the parent of each row, 0 where it has none; and a bool array: whether it has one."""
        out = np.zeros(len(rows), np.uint64)
        for level, some, asked in self._by_level(rows):
            if level:
                out[some] = self._parents_in(level, asked)
        return out, _has_parent(rows, self.roots)

    def level_of(self, rows: Rows) -> NDArray[np.int64]:
        """int64 array: the level of each row; that of the roots is 0."""
        out = np.empty(len(rows), np.int64)
        if isinstance(rows, range):
            for level, some, _ in self._by_level(rows):
                out[some] = level
        else:
            _find_levels(rows, self._starts, out)
        return out

    def _by_level(self, rows: Rows) -> Iterator[tuple[int, Any, Words]]:
        """The rows of each level, in ascending order of levels, and where they stand among all."""
        if not isinstance(rows, range):
            levels = self.level_of(rows)
            order = np.argsort(levels.astype(np.uint16), kind="stable")  # of 16 bits: a radix sort
            ends = np.cumsum(np.bincount(levels, minlength=1)).tolist()
            for level, (begin, end) in enumerate(pairwise([0, *ends])):
                if begin < end:
                    yield level, order[begin:end], rows[order[begin:end]]
            return
        ends = [*self._starts[1:].tolist(), self.rows]
        for level in range(bisect_right(ends, rows.start), len(ends)):
            first = rows.start if level == 0 else max(ends[level - 1], rows.start)
            stop = min(ends[level], rows.stop)
            if first >= stop:
                return
            yield level, slice(first - rows.start, stop - rows.start), rows_array(range(first, stop))

    @property
    def widths(self) -> list[int]:
        """How many rows each level has."""
        return level_widths(self.rows, self.depth, self.fan_out, self.roots)

    def _parents_in(self, level: int, rows: Words) -> Words:
        above, start = (np.uint64(self._starts[place]) for place in (level - 1, level))
        permutation, slots = self._places[level - 1]
        return above + permutation.at(rows - start) // np.uint64(slots)

    @cached_property
    def _starts(self) -> Words:
        widths = level_widths(self.rows, self.depth, self.fan_out, self.roots)
        return np.cumsum([0, *widths[:-1]], dtype=np.uint64)

    @cached_property
    def _places(self) -> list[tuple[Permutation, int]]:
        """Of each level but the roots': the order of its parents' places for children, and how many each has."""
        keys = Stream(self.key).words(range(len(self.widths))).tolist()
        found = []
        for width, key in zip(self.widths, keys[1:], strict=False):
            slots = min(self.fan_out, 2**64 // width)  # what a permutation can hold is more than there are rows
            found.append((Permutation(width * slots, key), slots))
        return found


# -- rings -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ring:
    """All rows in one circle in keyed order; or, if it is not closed, in one chain from a first to a last row."""

    rows: int
    key: int
    closed: bool

    def next_of(self, rows: Rows) -> Parents:
        """uint64 array: the row after each, 0 where there is none; and a bool array: whether there is one."""
        places = self._order.at(rows_array(rows))
        ends = places == np.uint64(self.rows - 1)
        return self._found(np.where(ends, np.uint64(0), places + np.uint64(1)), ends)

    def previous_of(self, rows: Rows) -> Parents:
        """uint64 array: the row before each, 0 where there is none; and a bool array: whether there is one."""
        places = self._order.at(rows_array(rows))
        ends = places == np.uint64(0)
        return self._found(np.where(ends, np.uint64(self.rows), places) - np.uint64(1), ends)

    def _found(self, places: Words, ends: NDArray[np.bool_]) -> Parents:
        has = np.ones_like(ends) if self.closed else ~ends
        return np.where(has, self._order.inverse(places), np.uint64(0)), has

    @cached_property
    def _order(self) -> Permutation:
        return Permutation(self.rows, self.key)
