"""This file knows which rows of a table may be referred to, each at a place of its own: all of them, or some."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gen.streams import Words, rows_array
from gen.synth.related.segments import Cut

Bools = NDArray[np.bool_]


class Parents(Protocol):
    """The rows of a table that may be referred to, each at a place below `size`."""

    @property
    def size(self) -> int: ...

    def rows(self, places: Words) -> Words:
        """The row at each place."""
        ...

    def places(self, rows: Words) -> tuple[Words, Bools]:
        """The place of each row, any where it has none; and whether it has one."""
        ...


@dataclass(frozen=True)
class AllRows:
    """Every row of a table, at the place of its number."""

    size: int

    def rows(self, places: Words) -> Words:
        return places

    def places(self, rows: Words) -> tuple[Words, Bools]:
        return rows, np.ones(rows.size, np.bool_)


@dataclass(frozen=True)
class JoinedRows:
    """Rows of several parts of a table, one part's places after the other's: (its first row, those of its rows)."""

    parts: tuple[tuple[int, Parents], ...]

    @cached_property
    def size(self) -> int:
        """How many rows they have."""
        return sum(part.size for _, part in self.parts)

    def rows(self, places: Words) -> Words:
        """The row at each place; beyond the last place, the last part's."""
        pieces = self._places.pieces(np.minimum(places, np.uint64(max(self.size - 1, 0))))

        def rows_of(part: int) -> Words:
            first, rows = self.parts[part]
            return rows.rows(rows_array(pieces.rows[part])) + np.uint64(first)

        return pieces.merged_words(rows_of)

    def places(self, rows: Words) -> tuple[Words, Bools]:
        """The place of each row, any where it has none; and whether it has one."""
        found, there, before = np.zeros(rows.size, np.uint64), np.zeros(rows.size, np.bool_), 0
        stops = [first for first, _ in self.parts[1:]] + [2**64 - 1]
        for (first, part), stop in zip(self.parts, stops, strict=True):
            inside = (rows >= np.uint64(first)) & (rows < np.uint64(stop))
            places, has = part.places(rows[inside] - np.uint64(first))
            found[inside], there[inside] = places + np.uint64(before), has
            before += part.size
        return found, there

    @cached_property
    def _places(self) -> Cut:
        return Cut(np.cumsum([part.size for _, part in self.parts]).tolist())
