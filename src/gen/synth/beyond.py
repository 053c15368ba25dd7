"""This file knows which values lie just outside a column's bounds, below them and above, and are of its type still."""

from __future__ import annotations

import datetime
import math

import numpy as np
import pyarrow as pa

from gen.block import plain_type
from gen.errors import SchemaError
from gen.schema.spec import Column
from gen.synth.clock import DAY
from gen.synth.grids import BEYOND
from gen.synth.numbers import OnGrid, SynthesizeFloat
from gen.synth.synthesizer import Synthesizer, synthesizer_of

STEPS = range(1, BEYOND + 1)  # past a bound
_INT64 = (-(2**63), 2**63 - 1)
_LONGEST = datetime.timedelta.max // datetime.timedelta(microseconds=1)
_DAYS = tuple((day - datetime.date(1970, 1, 1)).days for day in (datetime.date.min, datetime.date.max))
# kind -> the least and the greatest grid integer that is a value at all
_ENDS = {
    "date": (_DAYS[0], _DAYS[1]),
    "datetime": (_DAYS[0] * DAY, _DAYS[1] * DAY + DAY - 1),
    "time": (0, DAY - 1),
    "duration": (-_LONGEST, _LONGEST),
}
_AS_OF = 3  # days from what is drawn as past, or as future, to what is no longer
_FINE = 100  # steps in the width of a float's bounds, where it has no multiples
# what decides a column's bounds and its type
_FACTS = ("minimum", "maximum", "minimum_excluded", "maximum_excluded", "multiple_of")
_FACTS_OF_KIND = {"decimal": (*_FACTS, "max_digits", "decimal_places"), "datetime": (*_FACTS, "zoned")}


def beyond(synthesizer: Synthesizer, declared: Column) -> pa.Array | None:
    """The values outside the bounds that a column declares; None where it has no bound, or its type no value there.

    declared: the column as its user wrote it: one that lies after it narrows what it draws, and not its bounds.
    """
    bounded = (declared.minimum is not None, declared.maximum is not None)
    if declared.reference or not any(bounded):
        return None
    facts = _FACTS_OF_KIND.get(declared.kind, _FACTS)
    alone = Column(declared.name, declared.kind, **{fact: getattr(declared, fact) for fact in facts})
    try:
        column = synthesizer_of(alone, synthesizer.table, 1, synthesizer.seed, synthesizer.path)
    except SchemaError:  # the bounds hold nothing: a synthesizer of the user's own draws it
        return None
    kind = plain_type(synthesizer.arrow_type)
    if column.arrow_type != kind and not _fits(column.arrow_type, kind):
        return None
    sides = zip(_sides(column, _gap(declared)), bounded, strict=True)
    found = [side for side, is_bound in sides if is_bound and side is not None]
    return pa.concat_arrays(found).cast(kind) if found else None


def _fits(narrow: pa.DataType, wide: pa.DataType) -> bool:
    """Whether decimals of the first type are of the second, which has more digits: a law may want those."""
    decimals = pa.types.is_decimal(narrow) and pa.types.is_decimal(wide)
    return bool(decimals and narrow.scale == wide.scale and narrow.precision <= wide.precision)


def beyond_keys(key: Synthesizer | None) -> pa.Array | None:
    """Values past the last of the keys, or before the first; None where these are no grid, or its type has none."""
    below, above = _sides(key, 0) if isinstance(key, OnGrid) else (None, None)
    return above or below


def _gap(declared: Column) -> int:
    """Grid integers that are left out next to a bound: what is no past today may be so tomorrow."""
    return 0 if declared.relative is None else _AS_OF * (DAY if declared.kind == "datetime" else 1)


def _sides(column: Synthesizer, gap: int) -> tuple[pa.Array | None, pa.Array | None]:
    """The nearest values below the bounds, and those above, further and further out; None where the type has none."""
    if isinstance(column, OnGrid):
        return _sides_of_grid(column, gap)
    return _sides_of_floats(column) if isinstance(column, SynthesizeFloat) else (None, None)


def _sides_of_grid(column: OnGrid, gap: int) -> tuple[pa.Array | None, pa.Array | None]:
    grid = column.values_grid
    least, most = _ENDS.get(column.column.kind, _INT64)
    if pa.types.is_decimal(column.arrow_type):
        if getattr(column, "is_wide", False):
            return None, None
        most = min(most, 10**column.arrow_type.precision - 1)
        least = max(least, -most)
    below = [grid.first - gap - grid.step * steps for steps in STEPS]
    above = [grid.last + gap + grid.step * steps for steps in STEPS]
    return (
        column.to_arrow(np.array(below, np.int64)) if below[-1] >= least else None,
        column.to_arrow(np.array(above, np.int64)) if above[-1] <= most else None,
    )


def _sides_of_floats(column: SynthesizeFloat) -> tuple[pa.Array | None, pa.Array | None]:
    """Of multiples the next ones; else by hundredths of the width."""
    if column.multiples:
        first, last, steps = column.multiples.first, column.multiples.last, np.array(STEPS)
        below, above = column.multiples_at(first - steps), column.multiples_at(last + steps)
    else:
        low, high = column.low, column.high
        step = high / _FINE - low / _FINE
        steps = np.array(STEPS, np.float64)
        with np.errstate(over="ignore"):
            below, above = low - steps * max(step, math.ulp(low)), high + steps * max(step, math.ulp(high))
    found = [pa.array(side) if np.isfinite(side).all() else None for side in (below, above)]
    return found[0], found[1]
