"""This file knows the markers that tie a column to others of the same row, and the dirt a user may ask for.

total: Annotated[Decimal, Derived("price * quantity")]
ended: Annotated[date, After("started", within=timedelta(days=30))]
shipped_at: Annotated[datetime | None, When("status == 'shipped'")]
country: Annotated[str, DependsOn("city", {"Paris": "FR", "Rome": "IT"})]
salary: Annotated[float, Given("level", {"junior": Normal(40_000, 5_000), "senior": Normal(80_000, 9_000)})]
weight: Annotated[float, Normal(75, 12), Correlated({"height": 0.7})]
e_mail: Annotated[str, Noise(0.01)]
"""

from __future__ import annotations

import datetime
import decimal
import enum
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gen.schema.markers import Marker

# name -> what such a dirty value is
DIRT = {
    "null": "no value",
    "empty": "an empty text",
    "too_long": "a text longer than max_length, or than 255 and than it was",
    "out_of_bounds": "a value just outside the bounds that are declared",
    "wrong_type": "a text where the column's type cannot be read from it",
    "duplicate": "the value of another row",
    "dangling": "a reference to a key that is not there",
}


def listed(value: Any) -> Any:
    """A value as documents hold it: a member of an Enum by its value, a UUID by its text."""
    value = value.value if isinstance(value, enum.Enum) else value
    return str(value) if isinstance(value, uuid.UUID) else value


def seconds_of(duration: float | decimal.Decimal | datetime.timedelta | None) -> float | None:
    """A duration in seconds; another distance as a number of JSON."""
    if isinstance(duration, decimal.Decimal):
        return float(duration)
    return duration.total_seconds() if isinstance(duration, datetime.timedelta) else duration


@dataclass(frozen=True)
class Derived(Marker):
    """The column is computed from others of the same row: an expression, or a vectorised function of the row.

        Derived("price * quantity")
        Derived(lambda r: r.price * r.quantity)      # NumPy arrays of the fields that it asks for

    Null where anything it reads is null. An expression is safe, and can be written into a JSON Schema.
    """

    formula: str | Callable[[Any], Any]

    def facts(self) -> dict[str, Any]:
        return {"derived": self.formula}

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: Any) -> dict[str, Any]:
        written: dict[str, Any] = handler(core_schema)
        return written | ({"derived": self.formula} if isinstance(self.formula, str) else {})


@dataclass(frozen=True)
class After(Marker):
    """The value lies after that of another field: later, or greater; the other's range leaves room for it.

    least, within: the smallest and the largest distance, in the column's own unit, for times in seconds or as a
    timedelta. The distance follows the column's distribution, which then needs `within`; uniform unless it has one.
    """

    field: str
    least: float | decimal.Decimal | datetime.timedelta | None = None
    within: float | decimal.Decimal | datetime.timedelta | None = None

    def facts(self) -> dict[str, Any]:
        said = {"field": self.field, "least": seconds_of(self.least), "within": seconds_of(self.within)}
        return {"after": {name: value for name, value in said.items() if value is not None}}


@dataclass(frozen=True)
class When(Marker):
    """The column has a value where a condition on the same row holds, and is null elsewhere: When("age >= 18")."""

    condition: str

    def facts(self) -> dict[str, Any]:
        return {"when": self.condition}


class DependsOn(Marker):
    """A functional dependency: equal values of these fields give equal values of the column.

    DependsOn("city")                                  # any value, the same for each city
    DependsOn("city", {"Paris": "FR", "Rome": "IT"})   # a table; what it does not hold is null, or refused
    """

    def __init__(self, *fields: str | Mapping[Any, Any]) -> None:
        self.fields = tuple(field for field in fields if isinstance(field, str))
        self.values = next((field for field in fields if not isinstance(field, str)), None)

    def facts(self) -> dict[str, Any]:
        table = {} if self.values is None else {"values": {listed(k): listed(v) for k, v in self.values.items()}}
        return {"depends_on": {"fields": list(self.fields), **table}}


@dataclass(frozen=True)
class Given(Marker):
    """A conditional table: weights, a law or other facts of the column for each value of another field.

    Given("segment", {"home": {"a": 3, "b": 1}, "business": {"b": 1}})     # weights of choices
    Given("segment", {"home": Normal(40, 5), "business": Normal(400, 90)})

    Of references, it decides which table each row refers to; a case may be several markers:

    Given("subject_type", {"Post": ForeignKey("Post.id"), "Photo": [ForeignKey("Photo.id"), Zipf(1.1)]})
    """

    field: str
    cases: Mapping[Any, Any]

    def facts(self) -> dict[str, Any]:
        cases = {}
        for value, said in self.cases.items():
            markers = said if isinstance(said, (list, tuple)) else [said]
            if markers and all(isinstance(marker, Marker) for marker in markers):
                facts: dict[str, Any] = {}
                for name, fact in (pair for marker in markers for pair in marker.facts().items()):
                    facts[name] = {**facts[name], **fact} if name == "sql" and name in facts else fact
            else:
                facts = {"weights": said}
            cases[str(listed(value))] = facts
        return {"given": {"field": self.field, "cases": cases}}


@dataclass(frozen=True)
class Correlated(Marker):
    """The column goes with others: for each its coefficient, from -1 to 1, on the scale of a Gaussian copula.

    Each keeps its own distribution. Uncorrelated unless said; the coefficients of a group must be possible together.
    """

    coefficients: Mapping[str, float]

    def facts(self) -> dict[str, Any]:
        said = self.coefficients
        return {"correlated": dict(said) if isinstance(said, Mapping) else said}


class Noise(Marker):
    """Dirt, on purpose: that share of the rows has a value outside the column's domain, so that checks can be tested.

        Noise(0.01)                                   # every kind that suits the column, in equal parts
        Noise(null=0.01, too_long=0.001)              # these kinds, at these rates

    Exactly the rounded share of the rows is dirty, at rows that a permutation scatters. `DIRT` lists the kinds.
    """

    def __init__(self, rate: float | None = None, **rates: float) -> None:
        self.rate, self.rates = rate, rates

    def facts(self) -> dict[str, Any]:
        whole = {} if self.rate is None else {"": self.rate}
        return {"noise": self.rate if whole and not self.rates else whole | self.rates}
