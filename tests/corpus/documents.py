"""This file knows what a JSON Schema of the corpus is, with a value it accepts and one it does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

DIALECT = "https://json-schema.org/draft/2020-12/schema"
NOTHING: Any = object()  # there is no such value


@dataclass(frozen=True)
class Document:
    """One JSON Schema of the corpus; `refused` and `constant` are those of an entry of the fields."""

    name: str
    subject: str
    schema: dict[str, Any] | bool
    example: Any
    counterexample: Any = NOTHING
    refused: bool | None = False
    constant: bool = False


def schema(value: dict[str, Any] | bool, example: Any, counterexample: Any = NOTHING, **facts: Any) -> Document:
    """A JSON Schema, a value that is valid, and one that is not."""
    return Document("", "", value, example, counterexample, **facts)


def impossible(value: dict[str, Any] | bool, counterexample: Any = None) -> Document:
    """A JSON Schema that no value is valid under."""
    return Document("", "", value, NOTHING, counterexample, refused=True)


def group(subject: str, documents: Mapping[str, Document]) -> tuple[Document, ...]:
    """The schemas of one subject, with their names."""
    return tuple(replace(document, name=name, subject=subject) for name, document in documents.items())
