"""This file knows ordered pairs of floats: a double after another field's, anywhere in the room or among multiples."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.block import fixed_width_array, fixed_width_values
from gen.schema.spec import Column
from gen.synth.json_text import is_null
from gen.synth.laws.lines import Line
from gen.synth.numbers import SynthesizeFloat
from gen.synth.rows import RowView
from gen.synth.synthesizer import Synthesizer
from gen.synth.tied.ordered import SynthesizeAfter, exactly

_ROUNDING = 2.0**-48  # what a few roundings may add up to, relative to the numbers that they are of

Floats = NDArray[np.float64]


class SynthesizeAfterFloat(SynthesizeAfter):
    """A double after another field's: evenly over the room that is left, or at a distance that follows a law.

    Distances are as doubles add up; to a multiple they are as both are written, so that 0.3 is 0.2 after 0.1.
    """

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.after is not None and column.kind == "number"

    def prepare_room(self) -> None:
        self.least, self.within = float(self.after.least or 0), self.after.within
        if not isinstance(self.inner, SynthesizeFloat):  # of the user's own
            raise self.no_kind()
        width = self.inner.unit if self.inner.multiples else Fraction(0)
        if self.within is not None and (self.within <= 0 or exactly(self.within) - exactly(self.least) < width):
            raise self.too_near()

    def line(self) -> Line:
        return Line(self.least, float(self.within or 0))

    @property
    def ends(self) -> tuple[float, float]:
        return ends_of(self.inner)

    @property
    def reach(self) -> tuple[float, float]:
        """The least and the greatest double that the other field may be, so that there is room for this one."""
        low, high = map(exactly, self.ends)
        if self.distance is not None:
            return float(low - exactly(self.least)), float(high - exactly(self.within))
        most = float(high - exactly(self.least)) if self.least else math.nextafter(high, -math.inf)
        return -math.inf if self.within is None else float(low - exactly(self.within)), most

    def span_after(self, other: Any) -> tuple[float | None, float | None]:
        (first, last), (low, high) = other.span, self.inner.span
        if self.within is None:
            far = last + self.least + (high - low)
            return None, far if last + self.least > high and math.isfinite(far) else None
        near, far = first + self.least, last + self.within
        return near if near < low else None, far if high < far < math.inf else None

    def bounds_for(self, other: Synthesizer) -> dict[str, Any] | None:
        if not isinstance(other, SynthesizeFloat):
            return None
        (least, most), (low, high) = self.reach, ends_of(other)
        if most < low or least > high:
            raise self.no_room(other.column.name, low, high)
        return ({"maximum": most} if most < high else {}) | ({"minimum": least} if least > low else {})

    def values_after(self, field: pa.Array, row: RowView) -> pa.Array:
        least, most = self.reach
        others = np.array(fixed_width_values(field), np.float64)
        others[is_null(field)] = most
        outside = ~((others >= least) & (others <= most))
        if outside.any():
            raise self.no_room_after(others[outside][0])
        words = self.words(row.rows)
        low, high = self.ends
        if self.distance is not None:
            values = others + self.distance.values(row.rows, lambda rows: words)
            return fixed_width_array(pa.float64(), np.clip(values, np.maximum(np.nextafter(others, np.inf), low), high))
        shares = (words >> np.uint64(11)).astype(np.float64) * 2.0**-53
        values = self._multiples(others, shares) if self.inner.multiples else self._anywhere(others, shares)
        return fixed_width_array(pa.float64(), values)

    def _anywhere(self, others: Floats, shares: Floats) -> Floats:
        """A double in the room after each other one, at that share of it."""
        low, high = self.ends
        first = others + self.least if self.least else np.nextafter(others, np.inf)
        first = np.clip(first, low, high)
        last = np.full(others.size, high) if self.within is None else np.clip(others + self.within, first, high)
        values: Floats = np.clip(first * (1 - shares) + last * shares, first, last)
        return values

    def _multiples(self, others: Floats, shares: Floats) -> Floats:
        """The same among the multiples in the room."""
        grid = self.inner.multiples
        first = self._times(others, self.least, np.ceil)
        first += self.inner.multiples_at(first) <= others  # later, at least
        first = np.clip(first, grid.first, grid.last)
        last = np.full(others.size, grid.last)
        if self.within is not None:
            last = np.clip(self._times(others, self.within, np.floor), first, grid.last)
        times = first + np.floor(shares * (last - first + 1)).astype(np.int64)
        values: Floats = self.inner.multiples_at(np.minimum(times, last))
        return values

    def _times(self, others: Floats, distance: float, rounded: Any) -> NDArray[np.int64]:
        """How many times multiple_of lies so far after each other value; rounded, where it is between two."""
        unit = float(self.inner.unit)
        times = (others + distance) / unit
        nearest = np.rint(times)
        slack = _ROUNDING * (1 + (np.abs(others) + distance) / unit)
        whole = np.where(np.abs(times - nearest) <= slack, nearest, rounded(times))
        return np.clip(whole, -(2.0**62), 2.0**62).astype(np.int64)


def ends_of(column: SynthesizeFloat) -> tuple[float, float]:
    """The least and the greatest value of a column of floats."""
    if not column.multiples:
        return column.low, column.high
    ends = column.multiples_at(np.array([column.multiples.first, column.multiples.last]))
    return float(ends[0]), float(ends[1])
