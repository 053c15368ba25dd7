"""This file knows what an entry of the corpus is: a declaration, an input it accepts, and what is expected of gen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ConfigDict, create_model

FIELD = "x"  # the one field of a model made from a field's declaration


@dataclass(frozen=True)
class Entry:
    """One model of the corpus.

    `example` is an input, in Python, that the model accepts; `refused` says that no row can be made (True), that a
    refusal is as good as rows (None), or that rows are expected (False). A `constant` has one value alone. The values
    of a `stable` entry are accepted by it once more; those of a validator that changes its input need not be.
    """

    name: str
    subject: str
    model: type[BaseModel]
    example: Any
    refused: bool | None = False
    constant: bool = False
    stable: bool = True


def field(
    annotation: Any, example: Any, default: Any = ..., *, config: ConfigDict | None = None, **facts: Any
) -> Entry:
    """A model of one field; `default` may be a Field. Without an input that is accepted, the entry must be refused."""
    model = create_model("Thing", __config__=config, **{FIELD: (annotation, default)})
    return Entry("", "", model, {FIELD: example}, **facts)


def whole(model: type[BaseModel], example: Any, **facts: Any) -> Entry:
    """A model as it is declared."""
    return Entry("", "", model, example, **facts)


def group(subject: str, entries: Mapping[str, Entry]) -> tuple[Entry, ...]:
    """The entries of one subject, with their names."""
    return tuple(replace(entry, name=name, subject=subject) for name, entry in entries.items())
