"""This file knows ordered pairs: a value after another field's, whose range is narrowed to leave room for it."""

from __future__ import annotations

import datetime
import decimal
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.block import fixed_width_values, plain
from gen.errors import SchemaError
from gen.schema.links import Distribution
from gen.schema.relations import splits
from gen.schema.spec import KINDS, After, Column, suggestion
from gen.streams import kernel, mulhi, rows_array
from gen.synth.decimals import unscaled
from gen.synth.grids import Grid
from gen.synth.json_text import is_null
from gen.synth.judging.checked import merged
from gen.synth.laws.compiled import Compiled, compile_law
from gen.synth.laws.lines import Line, line_of_grid
from gen.synth.numbers import OnGrid, SynthesizeFloat
from gen.synth.rows import RowView
from gen.synth.synthesizer import Synthesizer, synthesizer_of
from gen.synth.tied.derived import MadeOfOthers

_EPOCH = datetime.datetime(1970, 1, 1)
_INT64 = (-(2**63), 2**63 - 1)
_WIDEST = 2**61  # grid integers from one end of a column's bounds to the other
_UNITS = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))
_MICROSECOND = datetime.timedelta(microseconds=1)
# kind -> a value of that kind from its grid integer, and from how many of these one is
_VALUE_OF: dict[str, Callable[[int, int], Any]] = {
    "integer": lambda steps, unit: steps,
    "decimal": lambda steps, unit: decimal.Decimal(steps) / unit,
    "datetime": lambda steps, unit: _EPOCH + steps * _MICROSECOND,
    "date": lambda steps, unit: _EPOCH.date() + datetime.timedelta(days=steps),
    "time": lambda steps, unit: (_EPOCH + steps * _MICROSECOND).time(),
    "duration": lambda steps, unit: steps * _MICROSECOND,
}
_KINDS = (*_VALUE_OF, "number")


def value_of(column: OnGrid, steps: int) -> Any:
    """The value that a grid integer stands for."""
    return _VALUE_OF[column.column.kind](steps, int(column.unit))


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


@dataclass(frozen=True)
class Room:
    """Where a value may lie: on a grid, `least` to `within` after another. Of decimals all in the places of the finer.

    fine: such integers for each grid integer of the column itself. other: those for one of the other column.
    """

    grid: Grid
    least: int
    within: int
    fine: int
    other: int


class SynthesizeAfter(MadeOfOthers):
    """A value after another field's: evenly over the room that is left, or at a distance that follows a law."""

    inner: Any

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.after is not None and column.kind != "number"

    @property
    def after(self) -> After:
        """What the column declares."""
        assert self.column.after is not None
        return self.column.after

    def prepare(self) -> None:
        super().prepare()
        column = self.column
        self.inner = self.part(replace(column, after=None, distribution=None, when=None), self.path)
        self.prepare_room()
        self.distance = self._law(column, self.after) if column.distribution is not None else None

    def prepare_room(self) -> None:
        """Check that there may be room; raise SchemaError where there is none, or where it cannot be told."""
        if not isinstance(self.inner, OnGrid) or self.column.kind not in _VALUE_OF:
            raise self.no_kind()
        grid = self.inner.values_grid
        if getattr(self.inner, "is_wide", False) or grid.last - grid.first > _WIDEST:
            raise SchemaError(
                f"{self.where}: its bounds are too far apart for a value that lies after another.",
                hint=f"Narrow them to {'2^61' if self.column.kind != 'decimal' else '18 digits'}.",
            )
        room = self.room(self.inner.unit)
        if room.within - room.least + 1 < grid.step:
            raise self.too_near()

    def no_kind(self) -> SchemaError:
        """The error that values have no order, are drawn by a class of the user's own, or until a schema takes them."""
        if self.column.check:
            return SchemaError(
                f"{self.where}: it lies after another field, and its values are checked by its schema as well.",
                hint="Leave out what is checked: `not`, `anyOf` and the like, and a multipleOf with a fraction.",
            )
        return SchemaError(
            f"{self.where}: a {self.column.kind} cannot be declared to lie after another field.",
            hint=f"Use a field of kind {', '.join(_KINDS)}.",
        )

    def too_near(self) -> SchemaError:
        """The error that distances are which no value of the column is sure to have."""
        return SchemaError(
            f"{self.where}: it lies {self._said(self.after.least or 0)} or more after {self.after.field}, within "
            f"{self._said(self.after.within or 0)}: no value of its own is sure to.",
            hint="Make `within` larger, or `least` smaller.",
        )

    def room(self, unit: Fraction) -> Room:
        """The room after a column that has so many grid integers to one."""
        own, after = self.inner.unit, self.after
        finest = max(own, unit)
        fine, other = int(finest / own), int(finest / unit)
        least = max(math.ceil(exactly(after.least) * finest), 1)
        within = _WIDEST if after.within is None else min(math.floor(exactly(after.within) * finest), _WIDEST)
        grid = self.inner.values_grid
        return Room(Grid(grid.first * fine, grid.step * fine, grid.count), least, within, fine, other)

    @property
    def law_text(self) -> str:
        after = self.after
        said = [f"after {after.field}"]
        said += [f"by {self._said(after.least)} or more"] if after.least else []
        said += [f"within {self._said(after.within)}"] if after.within is not None else []
        return ", ".join(said + ([f"distance {self.distance.described()}"] if self.distance else []))

    def _said(self, distance: float) -> str:
        """A distance in words: "30 days", "5"."""
        if self.column.kind in ("integer", "decimal", "number"):
            return f"{distance:g}"
        unit, seconds = next((u, s) for u, s in _UNITS if distance % s == 0 or s == 1)
        count = distance / seconds
        return f"{count:g} {unit}{'' if count == 1 else 's'}"

    @property
    def cardinality(self) -> int | None:
        count: int | None = self.inner.cardinality
        return count

    def _law(self, column: Column, after: After) -> Compiled:
        if after.within is None or column.multiple_of is not None:
            raise SchemaError(
                f"{self.where}: a law of its distance needs an end, and no multiple_of.",
                hint=f"Say After({after.field!r}, within=...).",
            )
        return compile_law(self.where, column.distribution, self.line(), self.rows)

    def line(self) -> Line:
        """Where the distances lie."""
        room = self.room(self.inner.unit)
        return line_of_grid(Grid(room.least, 1, room.within - room.least + 1), self.inner.unit)

    def others(self, room: Room) -> tuple[int, int]:
        """The least and the greatest integer of that room that the other field may have, so that this one has some."""
        grid = room.grid
        if self.distance is not None:
            return grid.first - room.least, grid.last - room.within
        return grid.first - room.within if self.after.within is not None else _INT64[0], grid.last - room.least

    def bounds_for(self, other: Synthesizer) -> dict[str, Any] | None:
        """The bounds that leave room after another column, where its own do not: values by side.

        None where that is drawn by the user's own class. Raises SchemaError where there is no room at all.
        """
        if not isinstance(other, OnGrid):
            return None
        room = self.room(other.unit)
        least, most = self.others(room)
        least, most = -(-least // room.other), most // room.other
        grid = other.values_grid
        if most < grid.first or least > grid.last:
            raise self.no_room(other.column.name, value_of(other, grid.first), value_of(other, grid.last))
        narrowed = {"maximum": value_of(other, most)} if most < grid.last else {}
        return narrowed | ({"minimum": value_of(other, least)} if least > grid.first else {})

    def span_after(self, other: Any) -> tuple[Any, Any]:
        """Its bounds, were none declared, beside all that another column has; None where they stay as they are."""
        room, grid = self.room(other.unit), self.inner.values_grid
        least, most = self.inner.plain_line().reach or (grid.first, grid.last)
        first, last = (end * room.other for end in other.span)
        low, high = (first + room.least) // room.fine, (last + room.within) // room.fine
        if self.after.within is None:  # anywhere after it, as far as a plain column is wide
            nearest = (last + room.least) // room.fine
            low, high = grid.first, nearest + grid.last - grid.first if nearest > grid.last else grid.last
        low = max(low, least)
        high = min(high, most, min(low, grid.first) + _WIDEST)
        return (
            value_of(self.inner, low) if low < grid.first else None,
            value_of(self.inner, high) if high > grid.last else None,
        )

    @property
    def ends(self) -> tuple[Any, Any]:
        """The least and the greatest value of its own."""
        grid = self.inner.values_grid
        return value_of(self.inner, grid.first), value_of(self.inner, grid.last)

    def no_room(self, other: str, low: Any, high: Any) -> SchemaError:
        """The error that another field is whose values all lie too high."""
        return SchemaError(
            f"{self.where}: there is no room for it after {other}, which is {low} to {high}, while it is at most "
            f"{self.ends[1]}.",
            hint="Move the bounds apart.",
        )

    def no_room_after(self, value: Any) -> SchemaError:
        """The error that a value of the other field is which leaves no room."""
        low, high = self.ends
        return SchemaError(
            f"{self.where}: there is no room for it after {self.after.field} = {value}: it is {low} to {high}.",
            hint="Give that field bounds, or this one wider ones.",
        )

    def made(self, row: RowView) -> pa.Array:
        field = plain(row.array(self.after.field))
        of_decimals = pa.types.is_decimal(field.type) and pa.types.is_decimal(self.arrow_type)
        if field.type != self.arrow_type and not of_decimals:
            raise SchemaError(
                f"{self.where}: it is {self.arrow_type}, and {self.after.field} before it is {field.type}.",
                hint="Give both fields the same type.",
            )
        values = self.values_after(field, row)
        if field.null_count:  # after nothing: anywhere
            nowhere = np.flatnonzero(is_null(field))
            values = merged(values, nowhere, plain(self.inner.at(rows_array(row.rows)[nowhere])))
        return values

    def values_after(self, field: pa.Array, row: RowView) -> pa.Array:
        """A value after each of these; after a null any."""
        room = self.room(Fraction(10**field.type.scale) if pa.types.is_decimal(field.type) else self.inner.unit)
        words = self.words(row.rows)
        others = self._others(field, room)
        if self.distance is not None:
            if room.fine > 1:
                raise SchemaError(
                    f"{self.where}: it has fewer decimal places than {self.after.field}, and a law for its distance.",
                    hint="Give both fields the same decimal_places.",
                )
            values = others + self.distance.values(row.rows, lambda rows: words)
        else:
            values = np.empty(others.size, np.int64)
            grid = room.grid
            ends = (room.least, room.within, grid.first, grid.step, grid.count - 1)
            _after(words, others, values, *map(np.int64, ends))
            values //= room.fine
        made: pa.Array = self.inner.to_arrow(values)
        return made

    def _others(self, field: pa.Array, room: Room) -> NDArray[np.int64]:
        """int64 array: the other field's integers in that room, after all of which there is some; for nulls, one."""
        least, most = self.others(room)
        others = unscaled(self.where, field) if pa.types.is_decimal(field.type) else fixed_width_values(field)
        others = others.astype(np.int64)
        if field.null_count:
            others[is_null(field)] = min(max(-(-least // room.other), _INT64[0]), _INT64[1])
        if not others.size:
            return others
        for found in (int(others.min()), int(others.max())):
            if not least <= found * room.other <= most:
                raise self.no_room_after(
                    _VALUE_OF[self.column.kind](found, int(self.inner.unit) * room.fine // room.other)
                )
        return np.maximum(others * room.other, max(room.grid.first - room.within, _INT64[0]))


def exactly(distance: float | None) -> Fraction:
    """A declared distance as it was written: 0.1 is a tenth."""
    return Fraction(str(distance or 0))


def with_room(
    columns: Sequence[Column], table: str, rows: int, seed: int, beyond: Callable[[str], Any] | None = None
) -> tuple[Column, ...]:
    """The columns, each that another lies after narrowed so that there is always room: chains from their end.

    `beyond`: the table and column that a path through references leads to. What lies after such a column has bounds
    that leave room after it, unless it declares its own.
    """
    inside = (with_room_inside(column, table, rows, seed) for column in columns)
    found = {column.name: _with_room_beyond(column, table, rows, seed, columns, beyond) for column in inside}
    near = [c for c in columns if not (c.after and beyond and c.after.field not in found and beyond(c.after.field))]
    for column in _from_the_end(table, near):
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
            own, laws = _free(before, table, rows, seed)
            found[column.name] = later = _followed(pair, later, own, laws)
            found[other] = _narrowed(synthesizer_of(later, table, rows, seed), before, own)
    return tuple(found.values())


def _with_room_beyond(
    later: Column,
    table: str,
    rows: int,
    seed: int,
    columns: Sequence[Column],
    beyond: Callable[[str], Any] | None,
) -> Column:
    """A column that lies after one of another table: it follows the range of that, where it declares none."""
    if later.after is None or beyond is None or any(column.name == later.after.field for column in columns):
        return later
    found = beyond(later.after.field)
    if found is None:
        return later
    other, before = found
    if before.kind != later.kind:
        raise SchemaError(
            f"{table}.{later.name}: it is {KINDS[later.kind]}, and {other.name}.{before.name} before it is "
            f"{KINDS[before.kind]}.",
            hint="Give both fields the same type.",
        )
    if not _is_drawn_freely(before):
        return later
    pair: Any = synthesizer_of(later, table, rows, seed)
    own, laws = _free(before, other.name, rows, seed)
    if laws:
        own.open_for(laws)
    if not isinstance(own, OnGrid):
        return later
    room, grid = pair.room(own.unit), pair.inner.values_grid
    first, last = (end * room.other for end in own.span)
    low = max((first + room.least) // room.fine, grid.first if later.minimum is not None else _INT64[0])
    nearest = (last + (room.within if later.after.within is not None else room.least)) // room.fine
    high = max(nearest, grid.last) if later.after.within is None else nearest
    sides = {} if later.minimum is not None else {"minimum": value_of(pair.inner, low)}
    sides |= {} if later.maximum is not None else {"maximum": value_of(pair.inner, high)}
    for side, bound in sides.items():
        later = replace(later, **{side: _zoned(bound, own, getattr(later, side)), f"{side}_excluded": False})
    return later


def _is_drawn_freely(column: Column) -> bool:
    """Whether the column's values keep to its bounds, whatever those are."""
    made = column.key or column.reference or column.derived or column.function or column.values or column.synthesizer
    return column.kind in _KINDS and not made


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
            first = next((part for part, _ in splits(field) if part in names), None)
            if first is not None:
                raise SchemaError(
                    f"{table}.{name}: the path {field!r} leads to no field.",
                    hint=f"Name a field of the row that {first} refers to.",
                )
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


def _free(before: Column, table: str, rows: int, seed: int) -> tuple[Any, list[Distribution | None]]:
    """A column that another lies after, without its ties and laws; and the laws that it is drawn by."""
    free = replace(before, after=None, distribution=None, when=None, given=None, parts=(), depends_on=())
    own = synthesizer_of(free, table, rows, seed)
    cases = [part.distribution for part in before.parts] if before.given else [before.distribution]
    if before.after is not None or not isinstance(own, (OnGrid, SynthesizeFloat)):
        cases = []  # its law is one of the distance, or it is drawn by the user's own class
    return own, cases if any(cases) else []


def _followed(pair: Any, later: Column, own: Any, laws: Sequence[Distribution | None]) -> Column:
    """The column that lies after `own`, whose laws may lie beyond the range of a plain column: it follows."""
    plain = own.span if laws else None
    if plain is not None:
        own.open_for(laws)
    if plain is None or own.span == plain:
        return later
    low, high = pair.span_after(own)
    sides = {"minimum": low} if low is not None and later.minimum is None else {}
    sides |= {"maximum": high} if high is not None and later.maximum is None else {}
    for side, bound in sides.items():
        later = replace(later, **{side: _zoned(bound, own, later.maximum if side == "minimum" else later.minimum)})
    return replace(later, decimal_places=pair.inner.places) if sides and later.kind == "decimal" else later


def _zoned(bound: Any, column: Synthesizer, other: Any) -> Any:
    """A bound with a time zone where its column has one, or the bound on the other side."""
    zoned = getattr(column.arrow_type, "tz", None) or getattr(other, "tzinfo", None)
    return bound.replace(tzinfo=datetime.UTC) if zoned else bound


def _narrowed(pair: Any, before: Column, own: Any) -> Column:
    """The column that `pair` lies after, with bounds that leave room for it; `own` is the column by itself."""
    narrowed = pair.bounds_for(own)
    if narrowed and before.kind == "decimal":
        before = replace(before, decimal_places=own.places)  # which a narrower range would have more of
    for side, bound in (narrowed or {}).items():
        bound = _zoned(bound, own, getattr(before, side))
        before = replace(before, **{side: bound, f"{side}_excluded": False})
        parts = (replace(part, **{side: bound, f"{side}_excluded": False}) for part in before.parts)
        before = replace(before, parts=tuple(parts))  # the cases of a conditional table
    return before
