"""This file knows which range and law plain numbers have by their names, and when plain dates are: `price`, `paid_at`.

A name counts whole, or as the last words of a longer one: `unit_price`, `billing_amount`.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from gen.schema.links import Distribution

_NUMBERS = ("integer", "number", "decimal")
_FRACTIONS = ("number", "decimal")
_WHOLE = ("integer",)
_UNIFORM = Distribution("uniform")


@dataclass(frozen=True)
class Measure:
    """What a name says of a number: `least` to `most`, by which law, and in which steps where fractions are drawn.

    most: None, the year of the day that counts as today. years: whether both are counted from that year. alone: whether
    a prefix makes another thing of it. of_person: whether it says so only beside what only a person has.
    """

    names: str
    least: float
    most: float | None
    law: Distribution = _UNIFORM
    step: float | None = None
    kinds: tuple[str, ...] = _NUMBERS
    years: bool = False
    alone: bool = False
    of_person: bool = False

    def range_on(self, today: datetime.date) -> tuple[float, float]:
        """The least and the most, on that day."""
        if self.years:
            return today.year + self.least, today.year + (self.most or 0)
        return self.least, float(today.year) if self.most is None else self.most


def _lognormal(median: float, sigma: float = 1.0) -> Distribution:
    return Distribution("lognormal", (("median", float(median)), ("sigma", sigma)))


def _normal(mean: float, deviation: float) -> Distribution:
    return Distribution("normal", (("deviation", float(deviation)), ("mean", float(mean))))


MEASURES: tuple[Measure, ...] = (
    # money
    Measure("price cost fee fare tip", 1, 10_000, _lognormal(30), 0.01),
    Measure(
        "amount total subtotal sub-total grand-total payment charge refund spend spent", 1, 50_000, _lognormal(80), 0.01
    ),
    Measure("tax shipping-cost", 0, 1_000, _lognormal(8), 0.01, alone=True),
    Measure("balance deposit credit-limit", 0, 1_000_000, _lognormal(2_500, 1.2), 0.01),
    Measure("revenue turnover budget", 1_000, 100_000_000, _lognormal(250_000, 1.5), 0.01),
    Measure("salary income", 15_000, 500_000, _lognormal(58_000, 0.45), 0.01),
    # how many
    Measure("quantity qty", 1, 100, _lognormal(3, 0.9), kinds=_WHOLE),
    Measure("quantity qty", 0.1, 100, _lognormal(3, 0.9), 0.1, _FRACTIONS),
    Measure("count", 0, 10_000, _lognormal(20, 1.3), kinds=_WHOLE),
    Measure("stock inventory in-stock stock-level", 0, 5_000, _lognormal(120), kinds=_WHOLE),
    Measure("views clicks likes followers downloads visits", 0, 1_000_000, _lognormal(400, 1.8), kinds=_WHOLE),
    Measure("retries attempts", 0, 5, _lognormal(1, 0.8), kinds=_WHOLE),
    Measure("priority", 1, 5, kinds=_WHOLE),
    Measure("level", 1, 10, kinds=_WHOLE),
    Measure("rank ranking position", 1, 100, kinds=_WHOLE),
    Measure("version", 1, 20, _lognormal(2, 0.8), kinds=_WHOLE),
    # shares and marks
    Measure("rating", 1, 5, _normal(4, 0.9), 0.1),
    Measure("stars", 1, 5, _normal(4, 1.2), 0.5),
    Measure("credit-score fico-score", 300, 850, _normal(690, 90), kinds=_WHOLE),
    Measure("score grade", 0, 100, _normal(70, 15), 0.1),
    Measure("percent percentage pct discount-percent", 0, 100, step=0.1),
    Measure("discount", 0, 60, _lognormal(10, 0.8), 0.1),
    Measure("tax-rate vat-rate interest-rate discount-rate", 0, 0.3, _normal(0.1, 0.07), 0.001, _FRACTIONS),
    Measure("tax-rate vat-rate interest-rate discount-rate", 0, 30, _normal(10, 7), kinds=_WHOLE),
    Measure("ratio probability confidence likelihood", 0, 1, step=0.0001, kinds=_FRACTIONS),
    # what instruments show
    Measure("temperature temp temperature-c temp-c", -20, 45, _normal(18, 9), 0.1),
    Measure("temperature-f temp-f", 0, 110, _normal(64, 16), 0.1),
    Measure("humidity", 5, 100, _normal(55, 18), 0.1),
    Measure("pressure", 950, 1_060, _normal(1_013, 10), 0.1),
    Measure("speed velocity", 0, 200, _normal(60, 30), 0.1),
    Measure("battery battery-level", 0, 100, step=0.1),
    Measure("voltage", 0, 480, _normal(230, 20), 0.1),
    Measure("heart-rate", 40, 200, _normal(75, 14), 0.1),
    Measure("altitude elevation", 0, 4_000, _lognormal(180), 0.1),
    Measure("lat latitude", -60, 75, step=0.0001, kinds=_FRACTIONS),
    Measure("lon lng longitude", -180, 180, step=0.0001, kinds=_FRACTIONS),
    # sizes
    Measure("height-cm", 140, 210, _normal(171, 10), 0.1, of_person=True),
    Measure("weight-kg", 40, 160, _normal(76, 15), 0.1, of_person=True),
    Measure("weight weight-kg", 0.1, 500, _lognormal(8, 1.2), 0.01, _FRACTIONS),
    Measure("weight weight-kg", 1, 500, _lognormal(12), kinds=_WHOLE),
    Measure("weight-g", 1, 50_000, _lognormal(600, 1.3), 0.1),
    Measure("height width length depth", 1, 500, _lognormal(40, 0.8), 0.1),
    Measure("height-cm width-cm length-cm depth-cm", 1, 500, _lognormal(40, 0.8), 0.1),
    Measure("height-mm width-mm length-mm depth-mm", 1, 5_000, _lognormal(200, 1.0), 0.1),
    Measure("height-m width-m length-m depth-m", 0.1, 50, _lognormal(1.5, 0.8), 0.01, _FRACTIONS),
    Measure("height-m width-m length-m depth-m", 1, 50, _lognormal(3, 0.8), kinds=_WHOLE),
    Measure("distance distance-km", 0.1, 5_000, _lognormal(12, 1.4), 0.01, _FRACTIONS),
    Measure("distance distance-km", 1, 5_000, _lognormal(15, 1.4), kinds=_WHOLE),
    Measure("distance-m", 1, 50_000, _lognormal(800, 1.4), 0.1),
    Measure("size", 1, 1_000, _lognormal(25, 1.2), kinds=_WHOLE),
    Measure("bytes file-size size-bytes content-length", 0, 5_000_000_000, _lognormal(60_000, 2.0), kinds=_WHOLE),
    # how long
    Measure("duration-ms latency-ms elapsed-ms latency response-time-ms", 1, 60_000, _lognormal(120, 1.1), 0.01),
    Measure(
        "duration-s duration-seconds latency-s latency-seconds elapsed-s elapsed-seconds duration elapsed",
        1,
        36_000,
        _lognormal(240, 1.4),
        0.01,
    ),
    Measure("duration-minutes elapsed-minutes duration-min", 1, 1_440, _lognormal(40, 1.0), 0.1),
    Measure("duration-hours elapsed-hours", 0.1, 240, _lognormal(4, 1.0), 0.1, _FRACTIONS),
    Measure("duration-hours elapsed-hours", 1, 240, _lognormal(4, 1.0), kinds=_WHOLE),
    Measure("uptime-seconds uptime-s", 0, 31_536_000, _lognormal(500_000, 1.6), 0.01),
    # the calendar
    Measure("birth-year year-of-birth", 1940, 2008, kinds=_WHOLE, alone=True),
    Measure("expiry-year expiration-year exp-year", 0, 10, kinds=_WHOLE, years=True),
    Measure("year", 1990, None, kinds=_WHOLE),
    Measure("month", 1, 12, kinds=_WHOLE),
    Measure("day day-of-month", 1, 28, kinds=_WHOLE),
    Measure("weekday day-of-week", 0, 6, kinds=_WHOLE),
    Measure("hour", 0, 23, kinds=_WHOLE),
    Measure("minute second", 0, 59, kinds=_WHOLE),
    # codes
    Measure("port", 1_024, 65_535, kinds=_WHOLE),
    Measure("zip zip-code zipcode postal-code postcode", 10_000, 99_999, kinds=_WHOLE),
    Measure("status-code http-status", 200, 504, kinds=_WHOLE),
    # of a person only where nothing else beside it says when they were born
    Measure("age", 0, 99, kinds=_FRACTIONS),
)


@dataclass(frozen=True)
class Period:
    """What a name says of a date or a date-time: from so many days after today to so many days after."""

    names: str
    first: int
    last: int


_DECADE = 3652
PERIODS: tuple[Period, ...] = (
    Period("due due-date due-at due-on deadline", -60, 180),
    Period("expires expiry expiration expiry-date expiration-date expires-at expires-on expire-date", -180, 1_460),
    Period(
        "valid-until valid-to valid-through renewal-date renews-at next-run-at scheduled-at scheduled-for", -30, 1_460
    ),
    Period(
        "at on date datetime timestamp time created updated modified changed joined registered since hired login seen "
        "ordered shipped delivered paid published opened closed started finished ended completed start end starts ends "
        "begin begins valid-from from to check-in check-out checkin checkout departure arrival admitted discharged "
        "checked-in checked-out left",
        -_DECADE,
        0,
    ),
)
BIRTHS = frozenset({"birth", "born", "dob", "birthday", "birthdate"})  # words of names that no period is of


@dataclass(frozen=True)
class Pair:
    """Words of two fields of one object, of which the second lies after the first: of times within so many days.

    of_numbers: whether it does of numbers, too.
    """

    earlier: str
    later: str
    within: float | None = None
    of_numbers: bool = False


PAIRS: tuple[Pair, ...] = (
    Pair("start", "end", 365, True),
    Pair("starts", "ends", 365),
    Pair("started", "ended", 30),
    Pair("started", "finished", 30),
    Pair("started", "completed", 30),
    Pair("begin", "end", 365, True),
    Pair("begins", "ends", 365),
    Pair("from", "to", 730),
    Pair("from", "until", 730),
    Pair("opened", "closed", 90),
    Pair("check-in", "check-out", 21),
    Pair("checkin", "checkout", 21),
    Pair("checked-in", "checked-out", 21),
    Pair("admitted", "discharged", 30),
    Pair("hired", "left"),
    Pair("departure", "arrival", 2),
    Pair("ordered", "shipped", 14),
    Pair("shipped", "delivered", 14),
    Pair("created", "updated"),
    Pair("created", "modified"),
    Pair("min", "max", None, True),
    Pair("low", "high", None, True),
    Pair("lower", "upper", None, True),
)


@lru_cache
def _measures(kind: str, of_person: bool) -> dict[str, Measure]:
    some = [measure for measure in MEASURES if kind in measure.kinds and (of_person or not measure.of_person)]
    return {name: measure for measure in sorted(some, key=lambda m: m.of_person) for name in measure.names.split()}


def measure_of(key: str, kind: str, of_person: bool = False) -> Measure | None:
    """What a name, as `field_key` writes it, says of a number of that kind; of several endings the longest counts.

    of_person: whether what is beside it is a person's.
    """
    for prefix, name in _endings(key):
        found = _measures(kind, of_person).get(name)
        if found is not None and not (prefix and found.alone):
            return found
    return None


@lru_cache
def _periods() -> dict[str, Period]:
    return {name: period for period in reversed(PERIODS) for name in period.names.split()}


def period_of(key: str) -> Period | None:
    """When a date of that name lies; None where it does not say."""
    if BIRTHS & set(key.split("-")):
        return None
    return next((period for _, name in _endings(key) if (period := _periods().get(name))), None)


def pairs_of(key: str) -> Iterator[tuple[Pair, str]]:
    """The pairs that a name is the first of, each with the name of the second."""
    words = f"-{key}-"
    for pair in PAIRS:
        if f"-{pair.earlier}-" in words:
            yield pair, words.replace(f"-{pair.earlier}-", f"-{pair.later}-", 1).strip("-")


def _endings(key: str) -> Iterator[tuple[str, str]]:
    """Each way to part a name in a prefix, the first of them empty, and what is said of it."""
    words = key.split("-")
    for start in range(len(words)):
        yield "-".join(words[:start]), "-".join(words[start:])
