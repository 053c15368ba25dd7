"""This file knows times: dates and date-times between declared bounds, uniform or by a law, and as keys."""

from __future__ import annotations

import datetime
from fractions import Fraction
from typing import ClassVar

import pyarrow as pa

from gen.errors import SchemaError
from gen.schema.spec import Column
from gen.synth.numbers import Grid, GridKey, OnGrid, grid_of, window

DEFAULT_DATES = (datetime.datetime(1970, 1, 1), datetime.datetime(2099, 12, 31))
_EPOCH = datetime.datetime(1970, 1, 1)
_ENDS = (datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31, 23, 59, 59, 999999))
_MICROSECOND = datetime.timedelta(microseconds=1)
_SECOND = datetime.timedelta(seconds=1)
_DAY = datetime.timedelta(days=1)


class SynthesizeDate(OnGrid):
    """Date-times to the microsecond, timestamp[us], or dates, date32. 1970 to 2099 unless bounds are declared.

    Where a bound has a time zone the column has one too: instants, stored in UTC.
    """

    origin = None
    units: ClassVar = {"datetime": _MICROSECOND, "date": _DAY}

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.kind in ("datetime", "date") and not column.key

    def prepare(self) -> None:
        step = self.units[self.column.kind]
        self.unit = Fraction(_SECOND // _MICROSECOND, step // _MICROSECOND)  # a law's parameters are in seconds
        self.day = _DAY // step
        self.count = max(Fraction(1), 1 / self.unit)  # a law of counts counts seconds, or days
        first, last = ((end - _EPOCH) // step for end in _ENDS)
        self.ends = first, last
        instant = pa.timestamp("us", tz="UTC" if self._zoned() else None)
        self.type_of_column = pa.date32() if self.column.kind == "date" else instant
        super().prepare()

    @property
    def arrow_type(self) -> pa.DataType:
        return self.type_of_column

    def grid(self) -> Grid:
        column = self.column
        if column.multiple_of is not None:
            raise SchemaError(f"{self.where}: multiple_of does not apply to times.", hint="Leave it out.")
        low, high = self._steps(column.minimum), self._steps(column.maximum)
        low = low + 1 if low is not None and column.minimum_excluded else low
        high = high - 1 if high is not None and column.maximum_excluded else high
        default_low, default_high = (self._steps(bound) or 0 for bound in DEFAULT_DATES)
        low, high = window(low, high, default_low, default_high)
        assert self.ends is not None
        first, last = self.ends
        if max(low, first) > min(high, last):
            raise SchemaError(
                f"{self.where}: the bounds contradict each other: from {column.minimum} to {column.maximum}.",
                hint="Correct ge/gt and le/lt.",
            )
        return grid_of(self.where, max(low, first), min(high, last), 1)

    def _zoned(self) -> bool:
        bounds = (self.column.minimum, self.column.maximum)
        if self.column.zoned is not None:
            return self.column.zoned
        return any(isinstance(bound, datetime.datetime) and bound.tzinfo is not None for bound in bounds)

    def _steps(self, bound: object) -> int | None:
        """A declared bound as steps (microseconds or days) since 1970-01-01."""
        if bound is None:
            return None
        if not isinstance(bound, datetime.datetime):
            assert isinstance(bound, datetime.date)
            bound = datetime.datetime(bound.year, bound.month, bound.day)
        if bound.tzinfo is not None:
            bound = bound.astimezone(datetime.UTC).replace(tzinfo=None)
        return (bound - _EPOCH) // self.units[self.column.kind]


class SynthesizeDateKey(GridKey, SynthesizeDate):
    """Dates or date-times, each once."""

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.kind in ("datetime", "date") and column.key is not None
