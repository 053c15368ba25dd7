"""This file knows how the law of a column's values is declared: a marker for each, and the same in JSON.

    age: Annotated[int, Field(ge=0, le=120), Gamma(shape=3, scale=12)]
    age: Annotated[int, Field(ge=0, le=120, json_schema_extra={"distribution": {"name": "gamma", "shape": 3}})]

Every law is truncated to the column's bounds exactly: the mass outside is spread over the inside. Parameters are in the
column's own unit. For times that is the second: positions count from 1970-01-01, and may be given as datetime or date,
those of a time of day from midnight, as time; lengths as timedelta; in JSON as numbers or as ISO 8601 text. Laws of
positive variables count from `start`: 0 for numbers, the column's lower bound for times. What is left out has a default
inside the bounds, or where there are none inside the range of a plain field; "the way" below means from the first to
the last value that is not below `start`.

A law with a parameter of its own is cut by declared bounds alone: a side without one is open as far as the column's
type reaches. A law without any is shaped to the range of a plain field, and stays in it.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from collections.abc import Sequence as Several
from dataclasses import dataclass, fields
from typing import Any

from gen.errors import SchemaError
from gen.schema.links import Distribution
from gen.schema.markers import Marker

Position = float | datetime.datetime | datetime.date | datetime.time
Length = float | datetime.timedelta


class Law(Marker):
    """A marker that names a law by its own name; its fields are the law's parameters."""

    def facts(self) -> dict[str, Any]:
        given = {f.name: _plain(getattr(self, f.name)) for f in fields(self) if getattr(self, f.name) is not None}  # type: ignore[arg-type]
        name = type(self).__name__.lower()
        return {"distribution": {"name": name, **given} if given else name}


@dataclass(frozen=True)
class Uniform(Law):
    """Every value between the bounds is equally likely: the default."""


@dataclass(frozen=True)
class Normal(Law):
    """The normal law.

    mean: the middle of the bounds unless given. deviation: the standard deviation before truncation; a sixth of the
    range unless given.
    """

    mean: Position | None = None
    deviation: Length | None = None


@dataclass(frozen=True)
class Lognormal(Law):
    """A value whose logarithm is normal: incomes, file sizes, durations.

    median: a twentieth of the way unless given. sigma: the deviation of the natural logarithm, 0.001 to 20; 1.
    """

    median: Length | None = None
    sigma: float | None = None
    start: Position | None = None


@dataclass(frozen=True)
class Exponential(Law):
    """Waiting times without memory. mean: before truncation; an eighth of the way unless given."""

    mean: Length | None = None
    start: Position | None = None


@dataclass(frozen=True)
class Gamma(Law):
    """Sums of waiting times. shape: 0.05 to 1e9; 2. scale: a sixteenth of the way unless given."""

    shape: float | None = None
    scale: Length | None = None
    start: Position | None = None


@dataclass(frozen=True)
class Beta(Law):
    """The beta law, spread over the column's bounds. alpha, beta: 0.05 to 1e6; 2."""

    alpha: float | None = None
    beta: float | None = None


@dataclass(frozen=True)
class Triangular(Law):
    """Rising from low to mode, falling to high. The column's bounds and their middle unless given."""

    low: Position | None = None
    mode: Position | None = None
    high: Position | None = None


@dataclass(frozen=True)
class Weibull(Law):
    """Times to failure. shape: 0.05 to 1e4; 1.5. scale: a quarter of the way unless given."""

    shape: float | None = None
    scale: Length | None = None
    start: Position | None = None


@dataclass(frozen=True)
class Pareto(Law):
    """A power law's tail: the probability above x is (minimum / x)^shape.

    shape: 0.01 to 1e4; log 5 / log 4, the rule of 80 to 20. minimum: a thousandth of the way unless given.
    """

    shape: float | None = None
    minimum: Length | None = None
    start: Position | None = None


@dataclass(frozen=True)
class VonMises(Law):
    """The normal law of a circle: hours of the day, days of the year.

    mean: where on the circle; the middle of the bounds. concentration: 1e-6 to 1e9, near 1 / deviation^2 in radians;
    2. period: once around; the whole range of the column unless given, and it may repeat up to 65,536 times in it:
    VonMises(mean=datetime(1970, 1, 1, 14), concentration=3, period=timedelta(days=1)) peaks at two o'clock every day.
    """

    mean: Position | None = None
    concentration: float | None = None
    period: Length | None = None


@dataclass(frozen=True)
class Benford(Law):
    """First digits by Benford's law: the logarithm is uniform over the positive values within the bounds.

    Exact for whole numbers from 1 to 10^k - 1. A float column whose lower bound is not above 0 begins at a millionth of
    the upper one.
    """


@dataclass(frozen=True)
class Histogram(Law):
    """Uniform within each bin. edges: ascending, one more than weights. A bin of whole numbers from a to b lacks b."""

    edges: Several[Position]
    weights: Several[float]


@dataclass(frozen=True)
class Empirical(Law):
    """As measured: quantiles at equal steps of probability, minimum and maximum included; or values, with weights.

    Between quantiles values are uniform; `values` are the only ones, equally likely unless weighted.
    """

    quantiles: Several[Position] | None = None
    values: Several[Position] | None = None
    weights: Several[float] | None = None


@dataclass(frozen=True)
class Mixture(Law):
    """Laws side by side: Mixture([(0.9, Normal(40, 5)), (0.1, Constant(0))]); each within the bounds by itself.

    parts: pairs of a weight and a law; the weights' proportions are the shares of the rows.
    """

    parts: Several[tuple[float, Law]]

    def facts(self) -> dict[str, Any]:
        listed = []
        for weight, law in self.parts:
            fact = law.facts()["distribution"]
            listed.append({"weight": weight} | (fact if isinstance(fact, dict) else {"name": fact}))
        return {"distribution": {"name": "mixture", "parts": listed}}

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(tuple(part) for part in self.parts))


@dataclass(frozen=True)
class Constant(Law):
    """One value in every row."""

    value: Position


@dataclass(frozen=True)
class Sequence(Law):
    """start + step * row: start is the lower bound, and step 1 (or multiple_of, or a day) unless given.

    Refused where it would leave the bounds before the table's last row.
    """

    start: Position | None = None
    step: Length | None = None


@dataclass(frozen=True)
class Poisson(Law):
    """How many events happen: whole numbers, seconds or, of dates, days. mean: half of the way unless given."""

    mean: Length | None = None
    start: Position | None = None


@dataclass(frozen=True)
class Binomial(Law):
    """How many of so many trials succeed. trials: up to the upper bound. probability: above 0, below 1; 0.5."""

    trials: int | None = None
    probability: float | None = None
    start: Position | None = None


@dataclass(frozen=True)
class Geometric(Law):
    """How many trials fail before one succeeds: 0, 1, ... probability: of success; a mean of an eighth of the way."""

    probability: float | None = None
    start: Position | None = None


@dataclass(frozen=True)
class Zipf(Law):
    """Rank k, from 1 to the upper bound, with probability in proportion to k^-exponent. exponent: 0.001 to 100; 1."""

    exponent: float | None = None
    start: Position | None = None


@dataclass(frozen=True)
class Series(Law):
    """An ordered series: start + interval * row + jitter, rounded down to a value the column can hold.

    start: the lower bound unless given. interval: such that the table's rows reach the upper bound. jitter: uniform
    from 0 to below this; 0. It is at most the interval, so that values ascend with the row, unless ordered is False.
    Refused where it would leave the bounds before the table's last row.
    """

    start: Position | None = None
    interval: Length | None = None
    jitter: Length | None = None
    ordered: bool | None = None


@dataclass(frozen=True)
class Calendar(Law):
    """Dates and date-times by the day of the week and the hour of the day; uniform within the hour.

    weekdays: seven weights, Monday first; Monday to Friday unless given. hours: the first of the day and the one after
    the last, (9, 17) unless given; or hour_weights: twenty-four weights, from midnight on. A date has no hours. In the
    column's own time zone: UTC where it has one.
    """

    hours: tuple[int, int] | None = None
    weekdays: Several[float] | None = None
    hour_weights: Several[float] | None = None


@dataclass(frozen=True)
class Lengths(Marker):
    """How long texts, bytes, lists, sets and dicts are: Lengths(Poisson(8)), Lengths({"name": "zipf"}).

    The law is truncated to min_length and max_length. Where a law with parameters has no max_length beside it, texts
    have up to 10,000 characters, and lists up to 1,000 items.
    """

    law: Law | Mapping[str, Any] | str

    def facts(self) -> dict[str, Any]:
        return {"lengths": self.law.facts()["distribution"] if isinstance(self.law, Law) else self.law}


# -- as facts -------------------------------------------------------------------------------------------------

TIMES = ("datetime", "date", "time", "duration")
_DAYS = '"2026-01-31", "2026-01-31T12:00:00", "P30D", "PT1H30M"'
_EXAMPLES = {
    "datetime": _DAYS,
    "date": _DAYS,
    "time": '"14:00", "14:30:15.5", "PT1H30M"',
    "duration": '"P30D", "PT1H30M"',
}
_EPOCH = datetime.datetime(1970, 1, 1)
_SECOND = datetime.timedelta(seconds=1)
_DURATION = re.compile(
    r"(?P<sign>-?)P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d{1,6})?)S)?)?"
)


def _plain(value: Any) -> Any:
    """A parameter as JSON has it: times and durations in seconds; times of day as text, for such a field alone."""
    if isinstance(value, datetime.time):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return _seconds(value)
    if isinstance(value, datetime.datetime):
        naive = value if value.tzinfo is None else value.astimezone(datetime.UTC).replace(tzinfo=None)
        return _seconds(naive - _EPOCH)
    if isinstance(value, datetime.date):
        return (value - _EPOCH.date()).days * 86_400
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _seconds(length: datetime.timedelta) -> int | float:
    """Exact where they are whole."""
    return length // _SECOND if not length % _SECOND else length / _SECOND


def _read_time(text: str) -> Any:
    """ISO 8601 text: a date, a date-time, or a duration of weeks, days, hours, minutes and seconds. None otherwise."""
    match = _DURATION.fullmatch(text)
    if match and text[-1] not in "PT":
        parts = {name: float(part) for name, part in match.groupdict().items() if part and name != "sign"}
        return _plain(datetime.timedelta(**parts) * (-1 if match["sign"] else 1))
    try:
        return _plain(datetime.datetime.fromisoformat(text))
    except ValueError:
        return None


def _read_time_of_day(text: str) -> Any:
    """The same of a time of day, which is seconds since midnight, of UTC where it has a zone; or a duration."""
    try:
        time = datetime.time.fromisoformat(text)
    except ValueError:
        return _read_time(text)
    since = datetime.datetime.combine(_EPOCH, time.replace(tzinfo=None)) - _EPOCH
    return _seconds((since - (time.utcoffset() or datetime.timedelta())) % datetime.timedelta(days=1))


def distribution_of(where: str, fact: Any, kind: str = "") -> Distribution:
    """A law from its name, or from its name and parameters; `kind`: the column's, of times they may be ISO 8601 text.

    Raises SchemaError naming the column and what was found. Names and values are checked where the law is compiled.
    """
    if isinstance(fact, str):
        return Distribution(fact)
    if isinstance(fact, Mapping) and isinstance(fact.get("name"), str):
        parameters = {name: value for name, value in fact.items() if name != "name"}
        read = {name: _read(where, name, value, kind) for name, value in parameters.items()}
        return Distribution(fact["name"], tuple(sorted(read.items())))
    raise SchemaError(
        f"{where}: the distribution is {fact!r}.",
        hint='Name it, as "normal", or with numbers: {"name": "normal", "mean": 10, "deviation": 2}.',
    )


def _read(where: str, name: str, value: Any, kind: str) -> Any:
    """One parameter: a number, a time, or several; integers that a double holds become one."""
    if isinstance(value, (list, tuple)):
        if name == "parts":
            return tuple(distribution_of(where, part, kind) for part in value)
        return tuple(_read(where, name, item, kind) for item in value)
    if isinstance(value, str) and kind in TIMES:
        read = _read_time(value) if kind != "time" else _read_time_of_day(value)
        if read is None:
            raise SchemaError(
                f"{where}: the distribution's {name} is {value!r}.",
                hint=f"Give seconds, or ISO 8601 text: {_EXAMPLES[kind]}.",
            )
        value = read
    if name == "ordered" and isinstance(value, bool):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise SchemaError(f"{where}: the distribution's {name} is {value!r}.", hint="Give a number.")
    return float(value) if abs(value) <= 2**53 else value
