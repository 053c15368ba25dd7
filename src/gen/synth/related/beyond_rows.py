"""This file knows the rows that others refer to: their columns, as those others see them, each parent's drawn once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from gen.block import fixed_width_array, with_nulls
from gen.streams import Words
from gen.synth.related.links import Chosen
from gen.synth.rows import Asking, RowView

SMALL_TABLE = 65_536  # rows; a column of a table up to this size is drawn whole, once, and gathered from


class BeyondRows:
    """The columns of the rows that some rows refer to, by name or by a path that goes on; null where there is none.

    tables: all tables; asking: what is being evaluated, so that a circle of columns is seen; reference: whose rows they
    are, by its link.
    """

    def __init__(self, tables: Any, table: str, chosen: Chosen, asking: Asking, reference: Any) -> None:
        self.chosen = chosen
        self.source = tables.referred(table)
        self.asking = asking
        self.reference = reference
        self.whole = self.source.rows <= SMALL_TABLE
        self._view: RowView | None = None

    def array(self, name: str) -> pa.Array:
        """The values of a column, one for each row that refers."""
        if not self.asking.meter:
            return self._array(name)
        rows, parents = max(self.reference.rows, 1), self.source.rows
        together = self.reference.link.is_in_order and self.asking.meter.contiguous
        shared = min(parents / rows, 1.0) if self.whole or together else 1.0
        with self.asking.meter.beyond(self.source.parts, name, self.whole or together, shared=shared):
            return self._array(name)

    def _array(self, name: str) -> pa.Array:
        if not self.source.rows:
            return pa.nulls(len(self.chosen.rows), self.source.whole(name, self.asking).type)
        if self.whole and len(self.chosen.rows) > self.source.rows // 8:
            values = self.source.whole(name, self.asking)
            places: Words | None = self.chosen.rows
        else:
            runs = self.chosen.runs
            if self._view is None:
                self._view = self.source.view(self.chosen.rows if runs is None else runs[0], self.asking)
            values = self._view.array(name)
            places = None if runs is None else runs[1].view(np.uint64)
        if places is not None:
            values = values.take(fixed_width_array(pa.uint64(), np.ascontiguousarray(places)))
        there = self.chosen.there
        return values if there is None else with_nulls(values, there)
