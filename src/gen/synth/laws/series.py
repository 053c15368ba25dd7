"""This file knows laws of time: series, whose values follow the row; and calendars of weekdays and hours."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.streams import Rows, Word, Words, kernel, mulhi, rows_array, uniform_integers
from gen.synth.grids import Grid
from gen.synth.laws.discrete import guide_of, piece_of
from gen.synth.laws.lines import Line, Refused
from gen.synth.laws.special import Floats

_TOP = 2**63  # what 64-bit arithmetic holds


@dataclass(frozen=True)
class Steps:
    """start + step * row: not random. int64 on a grid, float64 otherwise."""

    start: int | float
    step: int | float

    def of_rows(self, rows: Rows, words: Callable[[Rows], Words]) -> NDArray[Any]:
        """The values of these rows."""
        numbers = rows_array(rows)
        if isinstance(self.start, int):
            # Wrapping 64-bit arithmetic gives the exact result, which fits.
            return (numbers * np.uint64(self.step % 2**64) + np.uint64(self.start % 2**64)).view(np.int64)
        return numbers.astype(np.float64) * self.step + self.start


def steps_of(given: Mapping[str, Any], line: Line, rows: int) -> tuple[Fraction, Fraction, Fraction]:
    """A sequence's start, step and last value, in the law's unit."""
    plain = line.plain
    start = Fraction(given.get("start", _beginning(line)))
    step = Fraction(given.get("step", plain.grid.step / plain.scale if plain.grid else 1))
    return start, step, start + step * max(rows - 1, 0)


def sequence_of(given: Mapping[str, Any], line: Line, rows: int) -> Steps:
    """A sequence, whose every value must be one the column can hold."""
    start, step, last = steps_of(given, line, rows)
    low, high = line.ends
    if not low <= line.exact(min(start, last)) <= line.exact(max(start, last)) <= high:
        raise Refused(
            f"from {float(start):g} by {float(step):g} it reaches {float(last):g} at the last of {rows:,} rows, beyond "
            "the column's bounds.",
            "Widen the bounds, or take a smaller step.",
        )
    if line.grid is None:
        return Steps(float(start), float(step))
    line.point(start)
    line.point(start + step)
    return Steps(int(start * line.scale), int(step * line.scale))


# -- series ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ticks:
    """The grid's rank (start + interval * row + jitter) // parts, jitter a whole number below `jitter`: int64."""

    grid: Grid
    start: int
    interval: int
    jitter: int
    parts: int

    def of_rows(self, rows: Rows, words: Callable[[Rows], Words]) -> NDArray[np.int64]:
        """The values of these rows; all sums fit 64 bits."""
        ranks = rows_array(rows) * np.uint64(self.interval) + np.uint64(self.start)
        if self.jitter > 1:
            moved = np.empty(ranks.size, np.int64)
            uniform_integers(words(rows), moved, np.int64(0), np.uint64(self.jitter - 1), np.int64(1))
            ranks += moved.view(np.uint64)
        return self.grid.values(ranks if self.parts == 1 else ranks // np.uint64(self.parts))


@dataclass(frozen=True)
class FloatTicks:
    """start + interval * row + jitter, jitter uniform from 0 to below `jitter`: float64."""

    start: float
    interval: float
    jitter: float
    ordered: bool

    def of_rows(self, rows: Rows, words: Callable[[Rows], Words]) -> Floats:
        """The values of these rows. Rounding takes none beyond the next row's, where they are ordered."""
        numbers = rows_array(rows).astype(np.float64)
        values = numbers * self.interval + self.start
        if not self.jitter:
            return values
        unit = (words(rows) >> np.uint64(11)).astype(np.float64) * 2.0**-53
        moved = values + unit * self.jitter
        return np.minimum(moved, (numbers + 1.0) * self.interval + self.start) if self.ordered else moved


def series_of(given: Mapping[str, Any], line: Line, rows: int) -> Ticks | FloatTicks:
    """A series on a line, all of whose rows' values the column can hold."""
    count, (low, high) = max(rows, 1), (Fraction(end) for end in line.ends)
    units = Fraction(1) if line.grid is None else line.scale / line.grid.step  # ranks per unit of the parameters
    start = line.exact(_decimal(given["start"])) if "start" in given else line.exact(_beginning(line))
    interval = _decimal(given["interval"]) * units if "interval" in given else _spread(line, count, high - start)
    jitter = _decimal(given.get("jitter", 0)) * units
    if given.get("ordered", 1.0) and jitter > interval:
        raise Refused(
            f"its jitter of {float(jitter / units):g} is more than its interval of {float(interval / units):g}.",
            "Take a smaller jitter; or, if rows may come out of order, say ordered=False.",
        )
    parts = math.lcm(start.denominator, interval.denominator, jitter.denominator) if line.grid else 1
    last = start + interval * (count - 1) + (max(jitter - Fraction(1, parts), Fraction(0)) if line.grid else jitter)
    if start < low or (math.floor(last) if line.grid else last) > high:
        raise Refused(
            f"from {line.text(float(start))} it reaches {line.text(float(last))} at the last of {count:,} rows, beyond "
            "the column's bounds.",
            "Widen the bounds, or take a smaller interval.",
        )
    if line.grid is None:
        return FloatTicks(float(start), float(interval), float(jitter), bool(given.get("ordered", 1.0)))
    if (last + 1) * parts >= _TOP:
        raise Refused("its start, interval and jitter have too many digits.", "Give them fewer digits.")
    return Ticks(line.grid, int(start * parts), int(interval * parts), int(jitter * parts), parts)


def _beginning(line: Line) -> Fraction:
    """Where a series begins that does not say so, in the law's unit: at the column's least value without the law."""
    plain = line.plain
    return plain.grid.first / plain.scale if plain.grid else Fraction(plain.low)


def series_end(given: Mapping[str, Any], line: Line, rows: int) -> tuple[Fraction, Fraction | None]:
    """A series' start, and the most that its last value may be, in the law's unit; None: what the column allows."""
    start = _decimal(given["start"]) if "start" in given else _beginning(line)
    if "interval" not in given:
        return start, None
    return start, start + _decimal(given["interval"]) * max(rows - 1, 0) + _decimal(given.get("jitter", 0))


def _decimal(value: float) -> Fraction:
    """A parameter as it was written: 0.1 is a tenth."""
    return Fraction(str(value))


def _spread(line: Line, rows: int, room: Fraction) -> Fraction:
    """The interval with which so many rows reach the upper bound: whole steps of the grid where there are enough."""
    if room < 0:
        return Fraction(0)
    if line.grid is None:
        return Fraction(float(room) / rows)
    return Fraction((room + 1) // rows) or (room + 1) / rows


# -- calendars ------------------------------------------------------------------------------------------------

OFFICE_DAYS, OFFICE_HOURS = (1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0), (9, 17)
MONDAY = -3  # the days since 1970-01-01 of the Monday before it
_FINEST = 52  # bits of a week's place, at most: doubles hold them exactly


@kernel(
    "void(uint64[::1], uint64, uint64, uint64, uint64[::1], uint32[::1], uint64, float64[::1], int64[::1], uint64, "
    "int64, int64, int64, int64, int64[::1])"
)
def _on_calendar(
    words: Words,
    begin: Word,
    span: Word,
    bits: Word,
    starts: Words,
    guide: NDArray[np.uint32],
    shift: Word,
    stretches: Floats,
    offsets: NDArray[np.int64],
    longest: Word,
    monday: int,
    week: int,
    low: int,
    high: int,
    out: NDArray[np.int64],
) -> None:
    """The point at each word: a place in all weeks' mass from `begin` on, `span` long, 2^bits a week."""
    up = np.uint64(64) - bits
    for i in range(words.size):
        place = begin + mulhi(words[i], span)
        inside = place << up
        cell = piece_of(inside, starts, guide, shift)
        point = np.uint64(np.float64((inside - starts[cell]) >> up) * stretches[cell])
        value = monday + np.int64(place >> bits) * week + offsets[cell] + np.int64(min(point, longest))
        out[i] = min(max(value, low), high)


class OnCalendar:
    """Points of a grid of days or of microseconds by a week's weights, one for each hour or day of it: int64.

    A week has a mass of 2^bits whole units, dealt to its cells by weight. The bounds are turned into mass by whole
    numbers, too, so that leap years, and the weeks that bounds cut, are exact. Values ascend with the word.
    """

    def __init__(self, grid: Grid, cell: int, weights: NDArray[np.float64]) -> None:
        self.grid, self.cell, self.week = grid, cell, cell * weights.size
        days = self.week // 7
        self.monday = (grid.first - MONDAY * days) // self.week * self.week + MONDAY * days
        weeks = (grid.last - self.monday) // self.week + 1
        self.bits = min(63 - weeks.bit_length(), _FINEST)
        sums = np.cumsum(weights)
        shares = sums / sums[-1]  # of the same sum, or a share may come out above 1
        self._ends = [0, *np.rint(np.ldexp(shares, self.bits)).astype(np.int64).tolist()]
        self.begin = self._mass(grid.first)
        self.span = self._mass(grid.last + 1) - self.begin
        if self.span <= 0:
            raise Refused("none of its hours lies between the column's bounds.", "Move the bounds, or the weights.")
        kept = np.flatnonzero(np.diff(self._ends))
        widths = np.diff(self._ends)[kept]
        starts = np.append(np.array(self._ends, np.uint64)[kept] << np.uint64(64 - self.bits), np.uint64(2**64 - 1))
        self._tables = (starts, *guide_of(starts), cell / widths, kept.astype(np.int64) * cell)

    def _mass(self, point: int) -> int:
        """The mass of all points below this one, from the first Monday on."""
        week, rest = divmod(point - self.monday, self.week)
        which, inside = divmod(rest, self.cell)
        width = self._ends[which + 1] - self._ends[which]
        return int((week << self.bits) + self._ends[which] - (-inside * width // self.cell))

    def at(self, words: Words) -> NDArray[np.int64]:
        """int64 array: one draw for each word."""
        out = np.empty(words.size, np.int64)
        law = np.uint64(self.begin), np.uint64(self.span), np.uint64(self.bits), *self._tables
        ends = (np.int64(end) for end in (self.monday, self.week, self.grid.first, self.grid.last))
        _on_calendar(words, *law, np.uint64(self.cell - 1), *ends, out)
        return out

    def words_of(self, probabilities: Words) -> Words:
        return probabilities


def calendar_of(given: Mapping[str, Any], line: Line) -> OnCalendar:
    """A calendar on the line of a column of dates or date-times."""
    if not line.day or line.grid is None:
        raise Refused("it is for dates and date-times.", "Use a histogram of the column's own values.")
    weekdays = np.array(given.get("weekdays", OFFICE_DAYS), np.float64)
    if weekdays.size != 7:
        raise Refused(f"it has {weekdays.size} weekdays.", "Give seven weights, Monday first.")
    hourly = _hours(given) if line.day > 1 else np.ones(1)
    if line.day == 1 and ("hours" in given or "hour_weights" in given):
        raise Refused("a date has no hours.", "Give weekdays alone, or make the field a datetime.")
    return OnCalendar(line.grid, line.day // hourly.size, np.outer(weekdays, hourly).ravel())


def _hours(given: Mapping[str, Any]) -> NDArray[np.float64]:
    """The weights of a day's hours."""
    if "hours" in given and "hour_weights" in given:
        raise Refused("it has hours and hour_weights.", "Give one of them.")
    if "hour_weights" in given:
        weights = np.array(given["hour_weights"], np.float64)
        if weights.size != 24:
            raise Refused(f"it has {weights.size} hour_weights.", "Give twenty-four, from midnight on.")
        return weights
    hours = given.get("hours", OFFICE_HOURS)
    if len(hours) != 2 or not 0 <= hours[0] < hours[1] <= 24 or any(hour != int(hour) for hour in hours):
        raise Refused(f"its hours are {tuple(hours)}.", "Give the first hour and the one after the last, from 0 to 24.")
    return np.where((np.arange(24) >= hours[0]) & (np.arange(24) < hours[1]), 1.0, 0.0)
