"""This file knows times as text: dates, date-times, durations, time zones, schedules.

Dates run from 1970-01-01 to 2099-12-31, every day equally likely. Sources: RFC 3339, ISO 8601.
"""

from __future__ import annotations

import datetime
from functools import lru_cache

from gen.synth.texts.format import Format, plain_numbers, some, words_of
from gen.synth.texts.lists import Texts
from gen.synth.texts.pieces import Pieces

FIRST, LAST = datetime.date(1970, 1, 1), datetime.date(2099, 12, 31)
ZONES = {
    "Z": 24,
    "+00:00": 4,
    "+01:00": 4,
    "+02:00": 2,
    "-05:00": 3,
    "-06:00": 1,
    "-08:00": 2,
    "+05:30": 2,
    "+09:00": 2,
}
_DATE = r"(19[7-9]\d|20\d\d)-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])"
_CLOCK = r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d"
_TIME = rf"{_CLOCK}(\.\d{{1,6}})?(Z|[+-](0\d|1[0-3]):[0-5]\d)"


@lru_cache
def dates() -> Texts:
    """Every day from FIRST to LAST."""
    first = FIRST.toordinal()
    return Texts.of(datetime.date.fromordinal(day).isoformat() for day in range(first, LAST.toordinal() + 1))


@lru_cache
def clock() -> Texts:
    """Every second of a day."""
    return Texts.of(f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(86_400))


def _fractions() -> Texts:
    """Nothing, mostly, or milliseconds."""
    return Texts.of(["", *(f".{n:03d}" for n in range(1000))], [3000.0, *[1.0] * 1000])


def _zones() -> Texts:
    return Texts.of(ZONES, ZONES.values())


def _durations() -> Pieces:
    days = Texts.of(["P", *(f"P{n}D" for n in range(1, 61)), *(f"P{n}M" for n in range(1, 12))], [60.0, *[1.0] * 71])
    hours, minutes = [f"{n}H" for n in range(1, 24)], [f"{n}M" for n in range(1, 60)]
    times = [*hours, *minutes, *(f"{n}S" for n in range(1, 60)), *(h + m for h in hours for m in minutes)]
    times += [m + f"{n}S" for m in minutes for n in range(1, 60)]
    return Pieces.of(days, "T", Texts.of(times))


def _cron() -> Pieces:
    """Minute, hour, day of the month, month, day of the week."""
    minute = [*map(str, range(60)), *(f"*/{n}" for n in (5, 10, 15, 20, 30)), "*"]
    hour = ["*", "*/2", "*/4", "*/6", "*/12", *map(str, range(24))]
    day = ["*", *map(str, range(1, 29))]
    month = ["*", *map(str, range(1, 13))]
    week = ["*", "1-5", *map(str, range(7))]
    return Pieces.of(
        Texts.of(minute),
        " ",
        Texts.of(hour),
        " ",
        Texts.of(day, [60.0, *[1.0] * 28]),
        " ",
        Texts.of(month, [60.0, *[1.0] * 12]),
        " ",
        Texts.of(week, [14.0, 7.0, *[1.0] * 7]),
    )


FORMATS: dict[str, Format] = {
    "date": Format(lambda: Pieces.of(dates()), _DATE),
    "time": Format(lambda: Pieces.of(clock(), _fractions(), _zones()), _TIME),
    "date-time": Format(lambda: Pieces.of(dates(), "T", clock(), _fractions(), _zones()), f"{_DATE}T{_TIME}"),
    "duration": Format(_durations, r"P(\d{1,3}D)?T(\d{1,2}H(\d{1,2}M(\d{1,2}S)?)?|\d{1,2}M(\d{1,2}S)?|\d{1,2}S)"),
    "time-zone": Format(
        lambda: Pieces.of(some(words_of("world", "time_zones"))), "|".join(words_of("world", "time_zones"))
    ),
    "cron": Format(
        _cron, r"(\*|\*/[2-9]|[1-5]?\d) (\*|1?\d|2[0-3]) (\*|[1-9]|1\d|2[0-8]) (\*|[1-9]|1[0-2]) (\*|1-5|[0-6])"
    ),
    "year": Format(lambda: Pieces.of(plain_numbers(FIRST.year, LAST.year)), r"19[7-9]\d|20\d\d"),
}
