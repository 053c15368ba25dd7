"""This file knows a table as others see it whose first rows exist already: those, and then the ones that are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from gen.block import fixed_width_array
from gen.errors import SchemaError
from gen.streams import Rows, rows_array
from gen.synth.nested import plain
from gen.synth.rows import Asking


@dataclass(frozen=True)
class Segments:
    """Two tables, one after the other: rows below `old.rows` are of the old one."""

    old: Any
    new: Any

    @property
    def made(self) -> Any:
        """The table whose rows are made."""
        return self.new

    @property
    def rows(self) -> int:
        return int(self.old.rows + self.new.rows)

    def view(self, rows: Rows, asking: Asking) -> SegmentsView:
        """These rows, as `TableSource.view` gives them."""
        return SegmentsView(self, rows_array(rows), asking)

    def whole(self, name: str, asking: Asking) -> pa.Array:
        """A column of all rows."""
        return self.view(range(self.rows), asking).array(name)


class SegmentsView:
    """Some rows of both: the columns of the old ones, and of the new."""

    def __init__(self, segments: Segments, rows: np.ndarray[Any, np.dtype[np.uint64]], asking: Asking) -> None:
        first = np.uint64(segments.old.rows)
        self.segments = segments
        self.is_old = rows < first
        self.old = segments.old.view(rows[self.is_old], asking)
        self.new = segments.new.view(rows[~self.is_old] - first, asking)

    def array(self, name: str) -> pa.Array:
        """The values of a column at these rows; it is a column of both."""
        if name.partition(".")[0] not in self.segments.old.columns:
            raise SchemaError(
                f"{self.segments.old.table} has no column {name!r}, which is asked for of {self.segments.new.table}, "
                "whose first rows exist already there.",
                hint="Read that column, too: Existing(..., columns=[...]).",
            )
        return merged_segments(self.is_old, self.old.array(name), self.new.array(name))


def merged_segments(is_old: np.ndarray[Any, np.dtype[np.bool_]], old: pa.Array, new: pa.Array) -> pa.Array:
    """The values of some old rows and some new ones, each in its place."""
    if is_old.all():
        return plain(old)
    if not is_old.any():
        return plain(new)
    kind = plain(new).type
    values = pa.concat_arrays([plain(old).cast(kind), plain(new)])
    places = np.empty(is_old.size, np.uint64)
    places[is_old] = np.arange(len(old), dtype=np.uint64)
    places[~is_old] = len(old) + np.arange(len(new), dtype=np.uint64)
    return values.take(fixed_width_array(pa.uint64(), places))
