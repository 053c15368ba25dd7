"""This file knows ages and days of birth that agree: a day is drawn, and the age is the years since then."""

from __future__ import annotations

import datetime
import math
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.block import fixed_width_array
from gen.errors import SchemaError
from gen.schema.domains import Company
from gen.schema.spec import Column
from gen.streams import BITS32, Rows
from gen.synth.agreeing.together import Part, Recipe, SynthesizeTogether, role_of
from gen.synth.synthesizer import Storage

ROLES = frozenset({"age", "birth-date"})
OLDEST = 99  # years, unless the fields say otherwise
_DAY = datetime.timedelta(days=1)
_EPOCH = datetime.date(1970, 1, 1)


def days_of(
    where: str, columns: tuple[Column, ...], today: datetime.date
) -> tuple[datetime.date, datetime.date, datetime.date]:
    """The first and the last day of birth that these columns allow, and today. Raises SchemaError where there is none.

    A person of n years was born after today n + 1 years ago, and up to today n years ago.
    """
    earliest: list[datetime.date] = []
    latest = [today]
    for column in columns:
        low, high = (
            _inside(column.minimum, column.minimum_excluded, 1),
            _inside(column.maximum, column.maximum_excluded, -1),
        )
        if role_of(column) == "age":
            latest += [] if low is None else [years_before(today, max(int(low), 0))]
            earliest += [] if high is None else [years_before(today, int(high) + 1) + _DAY]
        else:
            earliest += [] if low is None else [low]
            latest += [] if high is None else [high]
    oldest = years_before(today, OLDEST + 1) + _DAY
    first, last = max(earliest, default=oldest), min(latest)
    if first < oldest <= last and all(column.implied for column in columns):
        first = oldest
    if first > last:
        raise SchemaError(f"{where}: no day of birth lies within its bounds.", hint="Correct the bounds.")
    return first, last, today


def has_ages(column: Column) -> bool:
    """Whether a person may be as old as the bounds of an integer column say."""
    low = _inside(column.minimum, column.minimum_excluded, 1)
    high = _inside(column.maximum, column.maximum_excluded, -1)
    return (low is None or low <= OLDEST) and (high is None or high >= 0)


def _inside(bound: Any, excluded: bool, step: int) -> Any:
    """The outermost whole number or day that a bound allows."""
    if isinstance(bound, datetime.datetime):
        bound = bound.date()
    if isinstance(bound, datetime.date):
        return bound + _DAY * step if excluded else bound
    if bound is None:
        return None
    whole = math.ceil(bound) if step > 0 else math.floor(bound)
    return whole + step if excluded and whole == bound else whole


def years_before(day: datetime.date, years: int) -> datetime.date:
    """The same day so many years before; of 29 February, 28 February where there is none."""
    year = max(day.year - years, 1)
    try:
        return day.replace(year=year)
    except ValueError:
        return day.replace(year=year, day=28)


class SynthesizeBirth(SynthesizeTogether):
    """The day of birth, date32 or timestamp[us], or the age in whole years on the day that counts as today, int64.

    Every day of birth within the bounds is as likely as another.
    """

    about = "birth"
    shared = frozenset({"day"})

    @classmethod
    def takes(cls, column: Column) -> bool:
        return column.kind in ("integer", "date", "datetime")

    @classmethod
    def recipe(cls, column: Column, company: Company) -> Recipe:
        return (Part("day", ""),)

    def prepare(self) -> None:
        super().prepare()
        assert self.company.days is not None
        self.first, last, _ = (int((day - _EPOCH).days) for day in self.company.days)
        self.many = last - self.first + 1
        # The last day of birth of whoever is so many years old, the oldest first.
        oldest = self.company.days[2].year - self.company.days[0].year + 1
        days = [years_before(self.company.days[2], years) for years in range(oldest, 0, -1)]
        self.birthdays = np.array([int((day - _EPOCH).days) for day in days], np.int64)
        self.step = np.int64(86_400_000_000 if self.column.kind == "datetime" else 1)

    @property
    def arrow_type(self) -> pa.DataType:
        zoned = getattr(self.column.minimum, "tzinfo", None) or getattr(self.column.maximum, "tzinfo", None)
        zone = "UTC" if self.column.zoned or zoned else None
        return {"integer": pa.int64(), "date": pa.date32(), "datetime": pa.timestamp("us", tz=zone)}[self.column.kind]

    @property
    def cardinality(self) -> int:
        return self.ages if self.column.kind == "integer" else self.many

    @property
    def ages(self) -> int:
        """How many different ages there are."""
        return int(np.ptp(self._ages(np.array([self.first, self.first + self.many - 1])))) + 1

    def _ages(self, days: NDArray[np.int64]) -> NDArray[np.int64]:
        ages: NDArray[np.int64] = self.birthdays.size - np.searchsorted(self.birthdays, days)
        return ages

    @property
    def storage(self) -> Storage:
        size = 4 if self.column.kind == "date" else 8
        return Storage(size, math.log2(max(self.cardinality, 2)), distinct=self.cardinality)

    def at(self, rows: Rows) -> pa.Array:
        ranks = self.word("day", rows) * np.uint64(self.many) >> BITS32
        days = ranks.astype(np.int64) + self.first
        if self.column.kind == "integer":
            return fixed_width_array(pa.int64(), self._ages(days))
        if self.column.kind == "date":
            return fixed_width_array(pa.date32(), days.astype(np.int32))
        return fixed_width_array(self.arrow_type, days * self.step)
