"""This file knows the typed markers a user writes in `Annotated[...]`: each one says a fact that JSON Schema cannot.

    id: Annotated[int, PrimaryKey()]
    manager: Annotated[int, ForeignKey("Manager.id")]
    velocity: Annotated[float, Field(ge=2, le=21), Normal()]
    name: Annotated[str, Domain("name")]
    employer: Annotated[str, Faker("company", locale="de_DE")]

A marker writes the same facts into the model's JSON Schema as the dictionary form does, so both forms mean the same:

    id: Annotated[int, Field(json_schema_extra={"sql": {"key": "primary"}})]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal


class Marker:
    """A fact about a column, in the vocabulary of `json_schema_extra`."""

    def facts(self) -> dict[str, Any]:
        raise TypeError(f"{type(self).__name__} is not a marker by itself; use PrimaryKey(), Normal(), ...")

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: Any) -> dict[str, Any]:
        """Called by Pydantic when it writes the model's JSON Schema."""
        written: dict[str, Any] = handler(core_schema)
        for name, value in self.facts().items():
            written[name] = {**written.get(name, {}), **value} if isinstance(value, dict) else value
        return written


@dataclass(frozen=True)
class PrimaryKey(Marker):
    """The table's primary key: unique for every row, by construction. Fields that have it are the key together.

    order: "ascending" with random gaps (the default for numbers and times), "sequential" without gaps, or
    "scattered" at random over the whole domain (the default for text).
    """

    order: Literal["ascending", "sequential", "scattered"] | None = None

    def facts(self) -> dict[str, Any]:
        return {"sql": {"key": "primary"} | ({"order": self.order} if self.order else {})}


@dataclass(frozen=True)
class ForeignKey(Marker):
    """A key of another table, or of the same one, or another field that is unique there: ForeignKey("Manager.id").

    name: fields that refer to one row together have one name: (order_id, line_no), each ForeignKey("Line....",
    name="line"); they need none where no other fields refer to that table. where: a condition on the parent's columns,
    "role == 'manager'"; only such rows are referred to, and choices and booleans that it names have each value in an
    exact number of rows. popularity: references of one name find the same parents popular, where a law (Zipf, HotSet)
    says how much; each has its own unless given. covering: each parent is referred to at least once. matching: fields
    that the row and its parent have the same: an order's address is one of its customer's by ForeignKey("Address.id",
    matching="customer_id"); {"own": "theirs"} where they are called otherwise there.
    """

    reference: str
    name: str | None = None
    where: str | None = None
    popularity: str | None = None
    covering: bool = False
    matching: str | Sequence[str] | Mapping[str, str] | None = field(default=None, hash=False)

    def facts(self) -> dict[str, Any]:
        more = {name: value for name in ("name", "where", "popularity", "covering") if (value := getattr(self, name))}
        if self.matching is not None:
            more["matching"] = dict(self.matching) if isinstance(self.matching, Mapping) else self.matching
        return {"sql": {"key": "foreign", "reference": self.reference} | more}


@dataclass(frozen=True)
class ColumnName(Marker):
    """What the field's column is called, where that is no name in Python: ColumnName("Unit Price").

    References, --rows, and what is written speak of the column by this name.
    """

    name: str

    def facts(self) -> dict[str, Any]:
        return {"sql": {"column": self.name}}


@dataclass(frozen=True)
class Domain(Marker):
    """What the text is about: Domain("name") draws plausible names of people.

    Columns of one model that speak of a person, or of a place, speak of the same one and agree. `of` names another:
    Domain("email", of="manager") agrees with Domain("name", of="manager"). locale: whose names and places, "de".
    """

    name: str
    locale: str | None = None
    of: str | None = None

    def facts(self) -> dict[str, Any]:
        more = {name: value for name, value in (("locale", self.locale), ("of", self.of)) if value is not None}
        return {"domain": {"name": self.name, **more} if more else self.name}


@dataclass(frozen=True)
class Faker(Marker):
    """Values of a provider of the Faker package: Faker("company", locale="de_DE").

    arguments: of the provider, by name. pool: how many values are drawn from it, once for each run; rows choose among
    them.
    """

    provider: str
    locale: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict, hash=False)
    pool: int = 10_000

    def facts(self) -> dict[str, Any]:
        more: dict[str, Any] = {"locale": self.locale} if self.locale is not None else {}
        more |= {"arguments": dict(self.arguments)} if self.arguments else {}
        more |= {"pool": self.pool} if self.pool != Faker.pool else {}
        return {"faker": {"provider": self.provider, **more} if more else self.provider}


@dataclass(frozen=True)
class Weights(Marker):
    """How often each choice, or each branch of a union, is drawn: by the choice's value, or the Enum's member; by the
    branch's name; or a list in their order."""

    weights: Mapping[Any, float] | Sequence[float] = field(hash=False)

    def facts(self) -> dict[str, Any]:
        if not isinstance(self.weights, Mapping):
            return {"weights": list(self.weights)}
        named = {c.value if isinstance(c, Enum) else c: weight for c, weight in self.weights.items()}
        return {"weights": {str(choice): weight for choice, weight in named.items()}}


@dataclass(frozen=True)
class Nulls(Marker):
    """The share of rows without a value, 0 to 1, of a field that is Optional: Nulls(0.2).

    value: what stands for none, of a field that is not: Nulls(0.1, value="999-99-9999").
    """

    share: float
    value: Any = None

    def facts(self) -> dict[str, Any]:
        return {"nulls": self.share if self.value is None else {"rate": self.share, "value": self.value}}


@dataclass(frozen=True)
class AsText(Marker):
    """The values are stored as text: a UUID in its 36 characters instead of 16 bytes."""

    def facts(self) -> dict[str, Any]:
        return {"stored": "text"}


@dataclass(frozen=True)
class SynthesizedBy(Marker):
    """The synthesizer class that draws the column, by name: SynthesizedBy("SynthesizeSku")."""

    name: str

    def facts(self) -> dict[str, Any]:
        return {"synthesizer": self.name}
