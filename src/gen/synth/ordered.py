"""This file knows ordered pairs: a value after another field's, whose range is narrowed to leave room for it."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.block import fixed_width_values
from gen.errors import SchemaError
from gen.schema.spec import KINDS, After, Column, suggestion
from gen.streams import kernel, mulhi, rows_array
from gen.synth.derived import MadeOfOthers
from gen.synth.grids import Grid
from gen.synth.json_text import is_null
from gen.synth.laws.compiled import Compiled, compile_law
from gen.synth.laws.lines import line_of_grid
from gen.synth.nested import plain
from gen.synth.numbers import OnGrid
from gen.synth.rows import RowView
from gen.synth.synthesizer import synthesizer_of

_EPOCH = datetime.datetime(1970, 1, 1)
_INT64 = (-(2**63), 2**63 - 1)
_WIDEST = 2**61  # grid integers from one end of a column's bounds to the other
_UNITS = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))
_MICROSECOND = datetime.timedelta(microseconds=1)
# kind -> a value of that kind from its grid integer
_VALUE_OF: dict[str, Callable[[int], Any]] = {
    "integer": lambda steps: steps,
    "datetime": lambda steps: _EPOCH + steps * _MICROSECOND,
    "date": lambda steps: _EPOCH.date() + datetime.timedelta(days=steps),
    "time": lambda steps: (_EPOCH + steps * _MICROSECOND).time(),
    "duration": lambda steps: steps * _MICROSECOND,
}


@kernel("void(uint64[::1], int64[::1], int64[::1], int64, int64, int64, int64, int64)")
def _after(
    words: NDArray[np.uint64],
    others: NDArray[np.int64],
    out: NDArray[np.int64],
    least: Any,
    within: Any,
    first: Any,
    step: Any,
    last_rank: Any,
) -> None:
    """A point of the grid `least` to `within` after each other value, each of them equally likely."""
    for i in range(others.size):
        low = max((others[i] + least - first + step - np.int64(1)) // step, np.int64(0))
        high = min((others[i] + within - first) // step, last_rank)
        out[i] = first + step * (low + np.int64(mulhi(words[i], np.uint64(high - low + np.int64(1)))))


class SynthesizeAfter(MadeOfOthers):
    """A value after another field's: evenly over the room that is left, or at a distance that follows a law."""

    inner: OnGrid

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.after is not None

    def prepare(self) -> None:
        super().prepare()
        column, after = self.column, self.column.after
        assert after is not None
        inner = self.part(replace(column, after=None, distribution=None, when=None), self.path)
        if not isinstance(inner, OnGrid) or column.kind not in _VALUE_OF:
            raise SchemaError(
                f"{self.where}: a {column.kind} cannot be declared to lie after another field.",
                hint=f"Use a field of kind {', '.join(_VALUE_OF)}.",
            )
        self.inner = inner
        grid = inner.values_grid
        self.least = max(math.ceil(self._steps(after.least)), 1)
        self.within = _WIDEST if after.within is None else min(math.floor(self._steps(after.within)), _WIDEST)
        if grid.last - grid.first > _WIDEST:
            raise SchemaError(
                f"{self.where}: its bounds are too far apart for a value that lies after another.",
                hint="Narrow them to 2^61.",
            )
        if self.within - self.least + 1 < grid.step:
            raise SchemaError(
                f"{self.where}: it lies {self._said(after.least or 0)} or more after {after.field}, within "
                f"{self._said(after.within or 0)}: no value of its own is sure to.",
                hint="Make `within` larger, or `least` smaller.",
            )
        self.distance = self._law(column, after) if column.distribution is not None else None

    @property
    def law_text(self) -> str:
        after = self.column.after
        assert after is not None
        said = [f"after {after.field}"]
        said += [f"by {self._said(after.least)} or more"] if after.least else []
        said += [f"within {self._said(after.within)}"] if after.within is not None else []
        return ", ".join(said + ([f"distance {self.distance.described()}"] if self.distance else []))

    def _said(self, distance: float) -> str:
        """A distance in words: "30 days", "5"."""
        if self.column.kind == "integer":
            return f"{distance:g}"
        unit, seconds = next((u, s) for u, s in _UNITS if distance % s == 0 or s == 1)
        count = distance / seconds
        return f"{count:g} {unit}{'' if count == 1 else 's'}"

    @property
    def cardinality(self) -> int | None:
        return self.inner.cardinality

    def _law(self, column: Column, after: After) -> Compiled:
        if after.within is None or self.inner.values_grid.step != 1:
            raise SchemaError(
                f"{self.where}: a law of its distance needs an end, and no multiple_of.",
                hint=f"Say After({after.field!r}, within=...).",
            )
        line = line_of_grid(Grid(self.least, 1, self.within - self.least + 1), self.inner.unit)
        return compile_law(self.where, column.distribution, line, self.rows)

    def _steps(self, distance: float | None) -> Fraction:
        """A declared distance in grid integers, exactly as it was written: 0.1 is a tenth."""
        return Fraction(str(distance or 0)) * self.inner.unit

    @property
    def others(self) -> tuple[int, int]:
        """The least and the greatest grid integer that the other field may have, so that there is room for this one."""
        grid = self.inner.values_grid
        if self.distance is not None:
            return grid.first - self.least, grid.last - self.within
        bounded = self.column.after is not None and self.column.after.within is not None
        return grid.first - self.within if bounded else _INT64[0], grid.last - self.least

    def made(self, row: RowView) -> pa.Array:
        assert self.column.after is not None
        field = plain(row.array(self.column.after.field))
        if field.type != self.arrow_type:
            raise SchemaError(
                f"{self.where}: it is {self.arrow_type}, and {self.column.after.field} before it is {field.type}.",
                hint="Give both fields the same type.",
            )
        grid, words = self.inner.values_grid, self.words(row.rows)
        others = self._others(field)
        if self.distance is not None:
            values = others + self.distance.values(row.rows, lambda rows: words)
        else:
            values = np.empty(others.size, np.int64)
            ends = (self.least, self.within, grid.first, grid.step, grid.count - 1)
            _after(words, others, values, *map(np.int64, ends))
        if field.null_count:  # after nothing: anywhere
            nowhere = is_null(field)
            values[nowhere] = self.inner.integers(rows_array(row.rows)[nowhere])
        return self.inner.to_arrow(values)

    def _others(self, field: pa.Array) -> NDArray[np.int64]:
        """int64 array: the other field's grid integers, after all of which there is room; for nulls, one of them."""
        least, most = self.others
        others = fixed_width_values(field).astype(np.int64)
        if field.null_count:
            others[is_null(field)] = min(max(least, _INT64[0]), _INT64[1])
        if not others.size:
            return others
        for found in (int(others.min()), int(others.max())):
            if not least <= found <= most:
                value_of = _VALUE_OF[self.column.kind]
                raise SchemaError(
                    f"{self.where}: there is no room for it after {self.column.after.field} = {value_of(found)}: it "  # type: ignore[union-attr]
                    f"is {value_of(self.inner.values_grid.first)} to {value_of(self.inner.values_grid.last)}.",
                    hint="Give that field bounds, or this one wider ones.",
                )
        return np.maximum(others, max(self.inner.values_grid.first - self.within, _INT64[0]))


def with_room(columns: Sequence[Column], table: str, rows: int, seed: int) -> tuple[Column, ...]:
    """The columns, each that another lies after narrowed so that there is always room: chains from their end."""
    inside = (with_room_inside(column, table, rows, seed) for column in columns)
    found = {column.name: column for column in inside}
    for column in _from_the_end(table, columns):
        assert column.after is not None
        other, later = column.after.field, found[column.name]
        pair = synthesizer_of(later, table, rows, seed)
        assert isinstance(pair, SynthesizeAfter)
        before = found[other]
        if before.kind != later.kind:
            raise SchemaError(
                f"{table}.{later.name}: it is {KINDS[later.kind]}, and {other} before it is {KINDS[before.kind]}.",
                hint="Give both fields the same type.",
            )
        if _is_drawn_freely(before):  # else, what it may be is seen when it is drawn
            found[other] = _narrowed(pair, before, table, rows, seed)
    return tuple(found.values())


def _is_drawn_freely(column: Column) -> bool:
    """Whether the column's values keep to its bounds, whatever those are."""
    made = column.key or column.reference or column.derived or column.function or column.values or column.synthesizer
    return column.kind in _VALUE_OF and not made


def with_room_inside(column: Column, table: str, rows: int, seed: int) -> Column:
    """The same for the fields of objects inside."""
    if not column.parts:
        return column
    if column.kind == "object":
        return replace(column, parts=with_room(column.parts, f"{table}.{column.name}", rows, seed))
    return replace(column, parts=tuple(with_room_inside(part, table, rows, seed) for part in column.parts))


def _from_the_end(table: str, columns: Sequence[Column]) -> list[Column]:
    """Columns that lie after another; first those that none lies after. A circle is refused."""
    after = {column.name: column.after.field for column in columns if column.after}
    names = [column.name for column in columns]
    depth = dict.fromkeys(names, 0)
    for name, field in after.items():
        if field not in depth:
            raise SchemaError(f"{table}.{name}: there is no field {field!r} beside it.", hint=suggestion(field, names))
        chain = [name]
        while chain[-1] in after and after[chain[-1]] not in chain:
            chain.append(after[chain[-1]])
        if chain[-1] in after:
            circle = " after ".join([*chain, after[chain[-1]]])
            raise SchemaError(
                f"{table}.{name}: it lies after itself: {circle}.", hint="Break the circle: let one of these be drawn."
            )
        for place, each in enumerate(chain):
            depth[each] = max(depth[each], place)
    return sorted((column for column in columns if column.after), key=lambda column: depth[column.name])


def _narrowed(pair: SynthesizeAfter, before: Column, table: str, rows: int, seed: int) -> Column:
    """The column that `pair` lies after, with bounds that leave room for it."""
    least, most = pair.others
    free = replace(before, after=None, distribution=None, when=None, given=None, parts=(), depends_on=())
    own: Any = synthesizer_of(free, table, rows, seed)
    if not isinstance(own, OnGrid):
        return before  # a synthesizer of the user's own
    grid, value_of = own.values_grid, _VALUE_OF[before.kind]
    if most < grid.first or least > grid.last:
        raise SchemaError(
            f"{pair.where}: there is no room for it after {before.name}, which is {value_of(grid.first)} to "
            f"{value_of(grid.last)}, while it is at most {value_of(pair.inner.values_grid.last)}.",
            hint="Move the bounds apart.",
        )
    narrowed = {"maximum": most} if most < grid.last else {}
    narrowed |= {"minimum": least} if least > grid.first else {}
    for side, steps in narrowed.items():
        zoned = getattr(own.arrow_type, "tz", None) or getattr(getattr(before, side), "tzinfo", None)
        bound = value_of(steps)
        bound = bound.replace(tzinfo=datetime.UTC) if zoned else bound
        before = replace(before, **{side: bound, f"{side}_excluded": False})
        parts = (replace(part, **{side: bound, f"{side}_excluded": False}) for part in before.parts)
        before = replace(before, parts=tuple(parts))  # the cases of a conditional table
    return before
