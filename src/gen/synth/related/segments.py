"""This file knows a table as others see it whose rows were made, or found, at several times: one part after the other.

The first rows of a table may exist already; others may have been made before, to which these are appended.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.block import fixed_width_array, plain
from gen.errors import SchemaError
from gen.streams import Rows, Words, rows_array, shifted
from gen.synth.rows import Asking


class Cut:
    """Row numbers, each in one of several parts that follow each other. ends: the row after the last of each part."""

    def __init__(self, ends: Sequence[int]) -> None:
        self.firsts = [0, *ends[:-1]]
        self._ends = np.array(ends[:-1], np.uint64)

    def pieces(self, rows: Rows) -> Pieces:
        """Which of these rows are of which part; where there are none, the last is said to have them."""
        if not len(rows):
            return Pieces(None, {len(self.firsts) - 1: rows})
        numbers = rows_array(rows)
        which = np.searchsorted(self._ends, numbers, "right").astype(np.uint16)
        present = np.flatnonzero(np.bincount(which, minlength=len(self.firsts))).tolist()
        if len(present) == 1:
            return Pieces(None, {present[0]: shifted(rows, -self.firsts[present[0]])})
        of_part = {part: numbers[which == part] - np.uint64(self.firsts[part]) for part in present}
        return Pieces(which, of_part)


@dataclass(frozen=True, eq=False)
class Pieces:
    """Rows by the part they are in, numbered within it; which: the part of each, None where all are of one."""

    which: NDArray[np.uint16] | None
    rows: dict[int, Rows]

    def merged(self, values: Callable[[int], pa.Array]) -> pa.Array:
        """The values of all rows, each in its place: `values` gives those of a part's rows."""
        if self.which is None:
            return plain(values(next(iter(self.rows))))
        arrays = [plain(values(part)) for part in self.rows]
        together = pa.concat_arrays([array.cast(arrays[-1].type) for array in arrays])
        places = np.empty(self.which.size, np.uint64)
        places[np.argsort(self.which, kind="stable")] = np.arange(self.which.size, dtype=np.uint64)
        return together.take(fixed_width_array(pa.uint64(), places))

    def merged_words(self, values: Callable[[int], Words]) -> Words:
        """The same of NumPy arrays."""
        if self.which is None:
            return values(next(iter(self.rows)))
        found: Words | None = None
        for part in self.rows:
            some = values(part)
            found = np.empty(self.which.size, some.dtype) if found is None else found
            found[self.which == part] = some
        assert found is not None
        return found


@dataclass(frozen=True)
class Segments:
    """The parts of a table, one after the other, the last one those rows that are made."""

    parts: tuple[Any, ...]

    @property
    def rows(self) -> int:
        return sum(int(part.rows) for part in self.parts)

    @cached_property
    def cut(self) -> Cut:
        """Where the parts end."""
        return Cut(np.cumsum([part.rows for part in self.parts]).tolist())

    def view(self, rows: Rows, asking: Asking) -> SegmentsView:
        """These rows, as `TableSource.view` gives them."""
        return SegmentsView(self, rows, asking)

    def whole(self, name: str, asking: Asking) -> pa.Array:
        """A column of all rows."""
        return self.view(range(self.rows), asking).array(name)


class SegmentsView:
    """Some rows of several parts: the columns of each."""

    def __init__(self, segments: Segments, rows: Rows, asking: Asking) -> None:
        self.segments = segments
        self.pieces = segments.cut.pieces(rows)
        self.views = {part: segments.parts[part].view(some, asking) for part, some in self.pieces.rows.items()}

    def array(self, name: str) -> pa.Array:
        """The values of a column at these rows; it is a column of every part."""
        for part in self.segments.parts:
            if name.partition(".")[0] not in part.columns:
                raise SchemaError(
                    f"{part.table} has no column {name!r}, which is asked for of {self.segments.parts[-1].table}, "
                    "whose first rows exist already there.",
                    hint="Read that column, too: Existing(..., columns=[...]).",
                )
        return self.pieces.merged(lambda part: self.views[part].array(name))
