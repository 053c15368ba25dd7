"""This file knows the typed markers a user writes in `Annotated[...]`: each one says a fact that JSON Schema cannot.

    id: Annotated[int, PrimaryKey()]
    manager: Annotated[int, ForeignKey("Manager.id")]
    velocity: Annotated[float, Field(ge=2, le=21), Normal()]
    name: Annotated[str, Domain("name")]

A marker writes the same facts into the model's JSON Schema as the dictionary form does, so both forms mean the same:

    id: Annotated[int, Field(json_schema_extra={"sql": {"key": "primary"}})]
"""

from __future__ import annotations

from dataclasses import dataclass
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
    """The table's primary key: unique for every row, by construction.

    order: "ascending" with random gaps (the default for numbers and times), "sequential" without gaps, or
    "scattered" at random over the whole domain (the default for text).
    """

    order: Literal["ascending", "sequential", "scattered"] | None = None

    def facts(self) -> dict[str, Any]:
        return {"sql": {"key": "primary"} | ({"order": self.order} if self.order else {})}


@dataclass(frozen=True)
class ForeignKey(Marker):
    """A key of another table, or of the same one: ForeignKey("Manager.id")."""

    reference: str

    def facts(self) -> dict[str, Any]:
        return {"sql": {"key": "foreign", "reference": self.reference}}


@dataclass(frozen=True)
class Domain(Marker):
    """What the text is about: Domain("name") draws plausible names of people."""

    name: str

    def facts(self) -> dict[str, Any]:
        return {"domain": self.name}


@dataclass(frozen=True)
class SynthesizedBy(Marker):
    """The synthesizer class that draws the column, by name: SynthesizedBy("SynthesizeSku")."""

    name: str

    def facts(self) -> dict[str, Any]:
        return {"synthesizer": self.name}
