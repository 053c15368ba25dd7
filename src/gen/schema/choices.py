"""This file knows values that are listed one by one, by an Enum, a Literal or a JSON Schema, and their weights."""

from __future__ import annotations

import datetime
import decimal
import enum
import json
import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from gen.errors import SchemaError
from gen.schema.spec import KINDS, Column, suggestion

# Types of which all values of a column may be, as they are; others, and unlike ones together, are JSON texts.
_TIMES = {datetime.date, datetime.datetime, datetime.time, datetime.timedelta}
_ALONE = {str, float, bool, bytes, decimal.Decimal, uuid.UUID, *_TIMES}


def choice_of(where: str, name: str, values: Sequence[Any]) -> Column:
    """One of the values that an Enum, a Literal or a JSON Schema lists; None among them is a null."""
    listed = [value.value if isinstance(value, enum.Enum) else value for value in values]
    choices = [value for value in listed if value is not None]
    nulls = (len(listed) - len(choices)) / len(listed) if listed else None
    if not listed:
        raise SchemaError(f"{where}: there is no value to choose from.", hint="Give the Enum at least one member.")
    if not choices:
        return Column(name, "null")
    halved = (v for v in choices if isinstance(v, str) and any("\ud800" <= letter <= "\udfff" for letter in v))
    half = next(halved, None)
    if half is not None:
        raise SchemaError(
            f"{where}: {half!r:.80} has half of a surrogate pair, which no UTF-8 text has.", hint="Correct the text."
        )
    kinds = {type(value) for value in choices}
    whole = kinds == {int} and all(-(2**63) <= value < 2**63 for value in choices)
    if len(kinds) == 1 and (kinds <= _ALONE or whole):
        return Column(name, "choice", choices=tuple(choices), nulls=nulls or None)
    try:
        texts = tuple(json.dumps(value, separators=(",", ":"), ensure_ascii=False) for value in choices)
    except TypeError as error:
        names = ", ".join(sorted(kind.__name__ for kind in kinds))
        raise SchemaError(
            f"{where}: the values to choose from are of type {names}; they would be JSON texts, and JSON has no "
            f"{_no_json(choices).__name__}.",
            hint="Supported are values of one type, which may be str, int, float, bool, bytes, Decimal, UUID, a date "
            "or a time; and unlike ones, tuples, lists and objects of what JSON can write.",
        ) from error
    return Column(name, "choice", choices=texts, stored="json", nulls=nulls or None)


CONSTANT_KINDS = ("list", "tuple", "map", "object")
# kinds whose values JSON writes as others -> what they are
_READ: dict[str, type] = {
    "number": float,
    "datetime": datetime.datetime,
    "date": datetime.date,
    "time": datetime.time,
    "duration": datetime.timedelta,
    "uuid": uuid.UUID,
}
_PLAIN_PARTS: tuple[str, ...] = ("integer", "number", "decimal", "boolean", "text", "bytes", "uuid")
_PLAIN_PARTS += ("datetime", "date", "time", "duration")


def always(where: str, column: Column, default: Any) -> Column:
    """A column that always has one value, and the type that is declared; JSON text where no Arrow type holds it."""
    from pydantic import TypeAdapter

    if default is None and column.kind != "null":
        return replace(_bare(column), nulls=1.0)
    if column.format == "json" and isinstance(default, str):
        return choice_of(where, column.name, [default])
    plain = _plain(where, default) if column.kind in CONSTANT_KINDS else None
    if column.kind in CONSTANT_KINDS and column.parts and _is_plain(column):
        return replace(_bare(column), choices=(json.dumps(plain, separators=(",", ":"), ensure_ascii=False),))
    if column.kind in _READ and isinstance(default, (str, int)):
        default = TypeAdapter(_READ[column.kind]).validate_python(default)
    return choice_of(where, column.name, [plain if column.kind in CONSTANT_KINDS else default])


def _plain(where: str, default: Any) -> Any:
    """A default as JSON has it; sets in order, where they have one."""
    from pydantic_core import PydanticSerializationError, to_jsonable_python

    try:
        return to_jsonable_python(sorted(default) if isinstance(default, (set, frozenset)) else default)
    except (PydanticSerializationError, TypeError, UnicodeError) as error:
        raise SchemaError(
            f"{where}: it is to keep its default, {default!r:.80}, which cannot be written: {error}.",
            hint="Let the field be drawn, or give it another default.",
        ) from error


def _bare(column: Column) -> Column:
    """The column with its type, and nothing that says how values are drawn."""
    known = ("zoned", "max_digits", "decimal_places", "multiple_of", "choices", "parts", "stored", "format")
    return Column(column.name, column.kind, **{name: getattr(column, name) for name in known})


def _is_plain(column: Column) -> bool:
    """Whether a nested column is made of such columns as hold a value of JSON in a type of their own."""
    return column.stored is None and all(
        (part.kind in _PLAIN_PARTS and part.stored in (None, "text"))
        or (part.kind in CONSTANT_KINDS and bool(part.parts) and _is_plain(part))
        for part in column.parts
    )


def as_json_texts(column: Column) -> Column:
    """The column with a JSON text in place of every value: what holds JSON, as `Json[int]` does, is itself a text."""
    if column.kind == "null":
        column = replace(column, kind="choice", choices=(None,))
    if column.kind == "text":  # whose format and patterns are those of the text inside
        column = Column(column.name, "union", parts=(replace(column, nulls=None, name="text"),))
    if column.choices and column.stored != "json":
        from pydantic_core import to_json

        column = replace(column, choices=tuple(to_json(choice).decode() for choice in column.choices))
    return replace(column, nulls=None, format="json", stored="json")


def _no_json(value: Any) -> type:
    """The type of a value, or of the first inside it, that JSON cannot write; NoneType where it can write all."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else None
    if inside is None:
        return type(None) if isinstance(value, (str, int, float, bool)) else type(value)
    return next((found for found in map(_no_json, inside) if found is not type(None)), type(None))


def weights_of(where: str, value: Any, column: Column) -> tuple[float, ...]:
    """Weights of choices, by value, or of branches, by name; or a list in their order."""
    names = [str(c) for c in column.choices] or [part.name for part in column.parts]
    _refuse_undrawn(where, value, column, names)
    if column.kind not in ("choice", "union", "boolean"):
        raise SchemaError(
            f"{where}: weights are for choices and unions, and the field is {KINDS[column.kind]}.",
            hint="Give a distribution instead.",
        )
    names = ["False", "True"] if column.kind == "boolean" else names
    if isinstance(value, dict):
        left = {name: weight for name, weight in value.items() if not _is_null(name, column, names)}
        by_name = {_branch(_as_named(name, names), column): weight for name, weight in left.items()}
        unknown = sorted(set(by_name) - set(names))
        if unknown:
            raise SchemaError(
                f"{where}: weights name {unknown[0]!r}, which is none of its values.",
                hint=suggestion(unknown[0], names),
            )
        value = [by_name.get(name, 0.0) for name in names]
    good = isinstance(value, (list, tuple)) and all(isinstance(w, (int, float)) and w >= 0 for w in value)
    if not good or len(value) != len(names) or not sum(value) > 0:
        raise SchemaError(
            f"{where}: weights are {value!r} for {len(names)} values.",
            hint="Give one number for each, 0 or more, not all 0.",
        )
    return tuple(float(weight) for weight in value)


def nulls_weighed(where: str, value: Any, column: Column) -> dict[str, float]:
    """The share of nulls, where weights name null as one of the values; the facts of the column that say so."""
    names = [str(c) for c in column.choices] or [part.name for part in column.parts]
    own = [name for name in value if _is_null(name, column, names)] if isinstance(value, dict) else []
    if not own:
        return {}
    if not all(isinstance(weight, (int, float)) and weight >= 0 for weight in value.values()):
        raise SchemaError(f"{where}: weights are {value!r}.", hint="Give one number for each value, 0 or more.")
    return {"nulls": value[own[0]] / sum(value.values())}


def _is_null(name: Any, column: Column, names: Sequence[str]) -> bool:
    """Whether a name in weights is that of no value, where there may be none."""
    return name in (None, "null") and column.nulls is not None and "null" not in names


def _as_named(name: Any, names: Sequence[str]) -> str:
    """A value as weights name it: a boolean as JSON or as Python writes it."""
    title = str(name).title()
    return title if name in ("true", "false") and title in names and name not in names else str(name)


def _branch(name: str, column: Column) -> str:
    """What a branch of a union is called, by the name of its type in Python, too: "integer" for "int"."""
    if any(part.name == name for part in column.parts):
        return name
    return next((part.name for part in column.parts if KINDS[part.kind].rpartition(".")[2] == name), name)


def _refuse_undrawn(where: str, value: Any, column: Column, names: Sequence[str]) -> None:
    """Refuse weights of branches that are never drawn, by name, or by a number for each of all branches."""
    for name, why in column.undrawn:
        meant = name in value if isinstance(value, dict) else isinstance(value, (list, tuple)) and column.parts
        if meant and name not in names and (isinstance(value, dict) or len(value) > len(names)):
            drawn = f"Weigh what is drawn: {', '.join(names)}." if names else "Leave the weights out."
            raise SchemaError(f"{where}: the weights speak of {name!r}, which is never drawn: {why}.", hint=drawn)
