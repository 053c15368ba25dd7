"""This file knows times of day and durations, to the microsecond, and both as keys."""

from __future__ import annotations

import datetime
from fractions import Fraction

import pyarrow as pa
import pyarrow.compute as pc

from gen.errors import SchemaError
from gen.schema.spec import Column
from gen.synth.numbers import Grid, GridKey, OnGrid, grid_of, window

_MICROSECOND = datetime.timedelta(microseconds=1)
_SECOND = 1_000_000
DAY = 86_400 * _SECOND
DEFAULT_DURATION = 30 * DAY
_TOP = 2**63 - 1  # microseconds in 64 bits
_LONGEST = datetime.timedelta.max // _MICROSECOND


class SynthesizeTime(OnGrid):
    """Times of day, time64[us]: the whole day unless bounds are declared."""

    unit = Fraction(_SECOND)  # a law's parameters are in seconds since midnight
    origin = None

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.kind == "time" and not column.key

    def grid(self) -> Grid:
        low, high = self._steps(self.column.minimum), self._steps(self.column.maximum)
        low = 0 if low is None else low + self.column.minimum_excluded
        high = DAY - 1 if high is None else high - self.column.maximum_excluded
        if max(low, 0) > min(high, DAY - 1):
            raise _contradiction(self.where, self.column)
        return grid_of(self.where, max(low, 0), min(high, DAY - 1), 1)

    def _steps(self, bound: object) -> int | None:
        """A declared bound as microseconds since midnight, UTC where it has a zone."""
        if not isinstance(bound, datetime.time):
            return None
        offset = bound.utcoffset() or datetime.timedelta()
        since = datetime.timedelta(
            hours=bound.hour, minutes=bound.minute, seconds=bound.second, microseconds=bound.microsecond
        )
        return int((since - offset) // _MICROSECOND) % DAY

    def python(self, array: pa.Array) -> list[datetime.time | None]:
        values: list[datetime.time | None] = array.to_pylist()
        if not self.column.zoned:
            return values
        return [None if value is None else value.replace(tzinfo=datetime.UTC) for value in values]

    def json(self, array: pa.Array) -> pa.Array:
        texts = super().json(array)
        if not self.column.zoned:
            return texts
        return pc.replace_substring_regex(texts, '"$', 'Z"')


class SynthesizeDuration(OnGrid):
    """Durations, duration[us]: 0 to 30 days unless bounds are declared."""

    unit = Fraction(_SECOND)  # a law's parameters are in seconds
    ends = (-_TOP, _TOP)

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.kind == "duration" and not column.key

    def grid(self) -> Grid:
        column = self.column
        low, high = self._steps(column.minimum), self._steps(column.maximum)
        low = low + 1 if low is not None and column.minimum_excluded else low
        high = high - 1 if high is not None and column.maximum_excluded else high
        step = self._steps(column.multiple_of) or 1
        low, high = window(low, high, 0, DEFAULT_DURATION)
        if max(low, -_LONGEST) > min(high, _LONGEST):
            raise _contradiction(self.where, column)
        return grid_of(self.where, max(low, -_LONGEST), min(high, _LONGEST), step)

    def _steps(self, bound: object) -> int | None:
        return bound // _MICROSECOND if isinstance(bound, datetime.timedelta) else None


def _contradiction(where: str, column: Column) -> SchemaError:
    return SchemaError(
        f"{where}: the bounds contradict each other: from {column.minimum} to {column.maximum}.",
        hint="Correct ge/gt and le/lt.",
    )


class SynthesizeTimeKey(GridKey, SynthesizeTime):
    """Times of day, each once."""

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.kind == "time" and column.key is not None


class SynthesizeDurationKey(GridKey, SynthesizeDuration):
    """Durations, each once."""

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.kind == "duration" and column.key is not None
