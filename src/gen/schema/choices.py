"""This file knows values that are listed one by one, by an Enum, a Literal or a JSON Schema, as a Column."""

from __future__ import annotations

import datetime
import decimal
import enum
import json
from collections.abc import Sequence
from typing import Any

from gen.errors import SchemaError
from gen.schema.spec import Column

# Types of which all values of a column may be, as they are; others, and unlike ones together, are JSON texts.
_ALONE = {str, float, bool, bytes, decimal.Decimal, datetime.date, datetime.datetime, datetime.time, datetime.timedelta}


def choice_of(where: str, name: str, values: Sequence[Any]) -> Column:
    """One of the values that an Enum, a Literal or a JSON Schema lists; None among them is a null."""
    members = [value for value in values if isinstance(value, enum.Enum) and not isinstance(value, (str, int))]
    if members:
        raise SchemaError(
            f"{where}: {members[0]} in a Literal is taken from no document, only from Python code.",
            hint=f"Write Literal[{members[0].value!r}], or let {type(members[0]).__name__} be a str or int, too.",
        )
    listed = [value.value if isinstance(value, enum.Enum) else value for value in values]
    choices = [value for value in listed if value is not None]
    nulls = (len(listed) - len(choices)) / len(listed) if listed else None
    if not listed:
        raise SchemaError(f"{where}: there is no value to choose from.", hint="Give the Enum at least one member.")
    if not choices:
        return Column(name, "null")
    kinds = {type(value) for value in choices}
    whole = kinds == {int} and all(-(2**63) <= value < 2**63 for value in choices)
    if len(kinds) == 1 and (kinds <= _ALONE or whole):
        return Column(name, "choice", choices=tuple(choices), nulls=nulls or None)
    try:
        texts = tuple(json.dumps(value, separators=(",", ":"), ensure_ascii=False) for value in choices)
    except TypeError as error:
        names = ", ".join(sorted(kind.__name__ for kind in kinds))
        raise SchemaError(
            f"{where}: the values to choose from are of type {names}.",
            hint="Supported are values that JSON can write: str, int, float, bool, and lists and objects of them.",
        ) from error
    return Column(name, "choice", choices=texts, stored="json", nulls=nulls or None)
