"""This file knows how the names of plain numbers and times become bounds, laws and an order: `price`, `created_at`.

What is declared comes first: a bound stays, and only the open side is the name's; a law, a key, a domain, or anything
else that says more than bounds leaves the field as it is, and so does a name that cannot be meant within its bounds.
Whatever a time is called, where one bound is declared the other one is near today, or near that bound.
"""

from __future__ import annotations

import datetime
import decimal
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from gen.errors import SchemaError
from gen.schema.domains import field_key
from gen.schema.links import Distribution
from gen.schema.measures import Measure, Pair, Period, measure_of, pairs_of, period_of
from gen.schema.spec import After, Column
from gen.synth.agreeing.implied import BOUNDS, is_plain
from gen.synth.agreeing.together import role_of
from gen.synth.tied.ordered import with_room

_NUMBERS = ("integer", "number", "decimal")
# kind -> the facts that a plain column of it may have
_PLAIN_FACTS: dict[str, frozenset[str]] = {
    "integer": BOUNDS | {"multiple_of"},
    "number": BOUNDS | {"multiple_of"},
    "decimal": BOUNDS | {"multiple_of", "max_digits", "decimal_places"},
    "date": BOUNDS | {"relative"},
    "datetime": BOUNDS | {"relative", "zoned"},
    "time": BOUNDS | {"zoned"},
}
_OF_PERSONS = frozenset({"given-name", "surname", "name", "sex", "birth-date", "age"})  # of which others have none
_LEAST_SHARE = 0.1  # of a range that declared bounds must leave, or the middle of its law, so that it may be meant
_PLACES = 2  # of decimals, at least
_DAY = 86_400.0  # seconds
_TEN_YEARS = datetime.timedelta(days=3652)
_FURTHER = 4  # medians of a law, within which a number lies after another


def with_measures(columns: Sequence[Column], today: datetime.date, ordered: bool = True) -> list[Column]:
    """The columns of a table, or of an object in it, each plain number and time as its name says.

    ordered: whether one of two may lie after the other, as `start` and `end`.
    """
    plain = {place for place, column in enumerate(columns) if is_plain(column, _PLAIN_FACTS)}
    # A field with bounds of its own that lies after another one needs its room.
    rooms = {c.after.field for c in columns if c.after and (c.minimum is not None or c.maximum is not None or c.parts)}
    of_person = any(role_of(column) in _OF_PERSONS for column in columns)
    result = list(columns)
    for place in plain:
        if columns[place].name not in rooms:
            result[place] = _measured(columns[place], today, of_person)
    return _in_order(result, plain) if ordered else result


def _measured(column: Column, today: datetime.date, of_person: bool) -> Column:
    """The column with the bounds and the law that its name says, where it says some."""
    key = field_key(column.name)
    if column.kind in ("date", "datetime"):
        period = period_of(key)
        return _closed(_in_period(column, period, today) if period else column, period, today)
    measure = measure_of(key, column.kind, of_person)
    return _in_measure(column, measure, today) if measure else column


# -- numbers ------------------------------------------------------------------------------------------------------


def _in_measure(column: Column, measure: Measure, today: datetime.date) -> Column:
    if column.minimum is not None and column.maximum is not None:
        return column
    wanted = measure.range_on(today)
    found = _within(column, *wanted)
    step = _step(column, measure)
    if found is None:
        return column
    law = _law(measure.law, *found)
    if law is None and found[1] - found[0] < _LEAST_SHARE * (wanted[1] - wanted[0]):
        return column
    if column.multiple_of is not None and found[1] - found[0] < 10 * float(column.multiple_of):
        return column
    facts: dict[str, Any] = {"distribution": law, "implied": True}
    for side, bound in zip(("minimum", "maximum"), found, strict=True):
        declared = getattr(column, side)
        if declared is None or bound != float(declared):
            facts |= {side: _number(column.kind, bound), f"{side}_excluded": False}
    if step is not None and column.kind == "number":
        facts["multiple_of"] = step
    if step is not None and column.kind == "decimal":
        facts["decimal_places"] = max(_PLACES, -int(decimal.Decimal(str(step)).as_tuple().exponent))
    return replace(column, **facts)


def _within(column: Column, least: float, most: float) -> tuple[float, float] | None:
    """The part of a range that the column's bounds and digits allow; None where there is none."""
    declared = [bound for bound in (column.minimum, column.maximum) if bound is not None]
    if not all(math.isfinite(bound) for bound in declared):  # type: ignore[arg-type]
        return None
    low = least if column.minimum is None else max(least, float(column.minimum))  # type: ignore[arg-type]
    high = most if column.maximum is None else min(most, float(column.maximum))  # type: ignore[arg-type]
    if column.max_digits is not None:
        places = column.decimal_places if column.decimal_places is not None else min(_PLACES, column.max_digits)
        high = min(high, 10.0 ** (column.max_digits - places) - 1)
    return (low, high) if low < high else None


def _step(column: Column, measure: Measure) -> float | None:
    """In which steps the column is drawn, where it does not say so itself."""
    says = (column.multiple_of, column.decimal_places, column.max_digits)
    return measure.step if all(fact is None for fact in says) else None


def _law(law: Distribution, low: float, high: float) -> Distribution | None:
    """A measure's law, where what is most frequent by it lies within the bounds."""
    if law.name == "uniform":
        return None
    middle = next(value for name, value in law.parameters if name in ("median", "mean"))
    return law if low <= middle <= high else None


def _number(kind: str, bound: float) -> Any:
    """A bound as a column of that kind has it."""
    if kind == "integer":
        return int(bound)
    return decimal.Decimal(f"{bound:.10g}") if kind == "decimal" else bound


# -- times --------------------------------------------------------------------------------------------------------


def _in_period(column: Column, period: Period, today: datetime.date) -> Column:
    """The column within days around today, where its declaration says no more than past or future."""
    bounds = (column.minimum, column.maximum)
    if sum(bound is not None for bound in bounds) > (column.relative is not None):
        return column
    first = max(period.first, 2) if column.relative == "future" else period.first
    last = min(period.last, -1) if column.relative == "past" else period.last
    if last - first < _LEAST_SHARE * (period.last - period.first):
        return column
    low, high = (_day(column.kind, today, days) for days in (first, last))
    return replace(column, minimum=low, maximum=high, minimum_excluded=False, maximum_excluded=False, implied=True)


def _closed(column: Column, period: Period | None, today: datetime.date) -> Column:
    """The column, of which one bound is declared, with another: its period's end, or today; past that ten years."""
    bound = column.maximum if column.minimum is None else column.minimum
    bounded = (column.minimum is None) != (column.maximum is None)
    if not bounded or column.relative is not None or not isinstance(bound, datetime.date):
        return column
    ends = (period.first, period.last) if period else (0, 0)
    first, last = (_day(column.kind, today, days) for days in ends)
    if isinstance(bound, datetime.datetime):
        first, last = (end.replace(tzinfo=bound.tzinfo and datetime.UTC) for end in (first, last))
    if column.maximum is None:
        return replace(column, maximum=last if bound < last else _far(bound, 1))
    return replace(column, minimum=first if first < bound else _far(bound, -1))


def _far(bound: datetime.date, direction: int) -> datetime.date:
    """Ten years before or after, or where dates end."""
    try:
        return bound + direction * _TEN_YEARS
    except OverflowError:
        end = type(bound).max if direction > 0 else type(bound).min
        zoned = isinstance(bound, datetime.datetime) and bound.tzinfo is not None
        return end.replace(tzinfo=datetime.UTC) if zoned and isinstance(end, datetime.datetime) else end


def _day(kind: str, today: datetime.date, days: int) -> Any:
    """So many days after today, not beyond what dates can be."""
    ends = datetime.date.min.toordinal(), datetime.date.max.toordinal()
    day = datetime.date.fromordinal(min(max(today.toordinal() + days, ends[0]), ends[1]))
    return datetime.datetime(day.year, day.month, day.day) if kind == "datetime" else day


# -- pairs --------------------------------------------------------------------------------------------------------


def _in_order(columns: list[Column], plain: set[int]) -> list[Column]:
    """The columns, each that its name puts after another one after that."""
    tied = {name for column in columns for name, _ in column.correlated}
    places = {field_key(columns[place].name): place for place in plain if columns[place].name not in tied}
    result = list(columns)
    for key, place in places.items():
        for pair, later in pairs_of(key):
            other = places.get(later)
            if other is not None and other != place and result[other].after is None:
                result[other] = _after(_chain(result, place), result[other], pair)
    return result


def _chain(columns: Sequence[Column], place: int) -> list[Column]:
    """A column, the one it lies after, and so on."""
    chain = [columns[place]]
    while chain[-1].after is not None:
        chain += [column for column in columns if column.name == chain[-1].after.field]
    return chain


def _is_zoned(column: Column) -> bool:
    if column.zoned is not None:
        return column.zoned
    return any(getattr(bound, "tzinfo", None) is not None for bound in (column.minimum, column.maximum))


def _after(chain: Sequence[Column], second: Column, pair: Pair) -> Column:
    """The second column, after the first of the chain; as it is where the two cannot be compared, or have no room."""
    first, within = chain[0], None
    if second in chain or first.kind != second.kind or _is_zoned(first) != _is_zoned(second):
        return second
    if first.kind in _NUMBERS:
        if not pair.of_numbers:
            return second
        median = dict(second.distribution.parameters).get("median") if second.distribution else None
        within = None if median is None else _FURTHER * median
    elif first.kind != "time" and pair.within is not None:
        within = pair.within * _DAY
    after = replace(second, after=After(first.name, within=within), distribution=None, implied=True)
    try:
        with_room((*chain, after), "", 1, 0)
    except SchemaError:
        return second
    return after
