"""This file knows which unions of objects are one struct, with the fields of all: those whose fields are alike."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from gen.schema.spec import KINDS, Column

# type of listed values -> the kind of column that any value of it is of; the type of such a column knows no values
_PLAIN: dict[type, str] = {str: "text", int: "integer", float: "number", bool: "boolean", bytes: "", uuid.UUID: ""}
_NARROW = 2**62  # integers nearer to 0 than that have 64 bits, whatever their bounds
# of these kinds, bounds or values decide the type, too
_EXACT = ("null", "choice", "integer", "decimal", "union", "any", "datetime")


def of_objects(column: Column) -> bool:
    """Whether a union's branches are all plain objects whose fields of one name are alike.

    And a null says which fields an object has, because none may be null otherwise.
    """
    return not any(_unlike(column)) and not _may_hold_nulls(column) and _has_fields(column)


def is_one_struct(column: Column) -> bool:
    """Whether a union is one struct: its objects' fields are alike, or so but for nulls, and one says which it is."""
    return of_objects(column) or not why_unlike(column)


def why_unlike(column: Column) -> str:
    """Why the objects of a union are not one struct whose fields may be null, in words; "" where they are."""
    if not _has_fields(column):
        return "it has no fields"
    if tag_of(column) is None:
        nulls = _may_hold_nulls(column)
        return next(
            _unlike(column), f"{nulls} may be null, and no field says by its value which it is" if nulls else ""
        )
    return next(_unlike(_without_nulls(column)), "")


def tag_of(column: Column) -> str | None:
    """The field whose value says which of a union's objects it is in; None where there is none."""
    if any(part.kind != "object" for part in column.parts):
        return None
    fields = [{field.name: field for field in part.parts} for part in column.parts]
    for name in fields[0]:
        tags = [known[name] for known in fields if name in known]
        listed = [value for tag in tags for value in tag.choices]
        differ = len(tags) == len(fields) and len(set(listed)) == len(listed) and _plain_choices(*tags)
        if differ and not any(tag.may_be_null or tag.stored for tag in tags):
            return name
    return None


def with_choices(column: Column, others: Iterable[Column]) -> Column:
    """The column with the choices of all, where they are choices; of any value of its kind, where some are not."""
    every = (column, *others)
    free = next((other for other in every if other.kind != "choice"), None)
    if free is not None:
        return column if free.kind == column.kind else replace(free, nulls=column.nulls)
    listed = dict.fromkeys(value for other in every for value in other.choices)
    return column if tuple(listed) == column.choices else replace(column, choices=tuple(listed), weights=())


def _unlike(column: Column) -> Iterator[str]:
    """What of a union's branches keeps them from being one struct, in words."""
    for part in column.parts:
        if part.kind != "object":
            yield f"{part.name} is no object"
        elif part.stored or part.check:
            yield f"{part.name} is {'JSON text itself' if part.stored else 'checked as a whole'}"
        elif part.may_be_null:
            yield f"{part.name} may be null"
    first: dict[str, tuple[Column, Column]] = {}
    for part in column.parts:
        for field in part.parts if part.kind == "object" else ():
            alone = field.judged_by(()).untitled()
            where, other = first.setdefault(field.name, (part, alone))
            if _storable(alone) == _storable(other):
                continue
            if alone.kind != other.kind:
                kinds = f"{KINDS[other.kind]} in {where.name} and {KINDS[alone.kind]} in {part.name}"
                yield f"{field.name} is {kinds}"
            else:
                yield f"{field.name} is not of one type in {where.name} and {part.name}"


def _storable(column: Column) -> Any:
    """What decides the type of a field's values, and how they are written: equal for fields that can be one."""
    kinds = {type(choice) for choice in column.choices}
    if column.stored is None and len(kinds) == 1 and kinds <= _PLAIN.keys():
        (kind,) = kinds
        return _PLAIN[kind] or kind
    limits = (column.minimum, column.maximum, column.multiple_of)
    if column.kind == "integer" and all(n is None or abs(n) < _NARROW for n in limits):  # type: ignore[arg-type, operator]
        return column.kind
    if column.kind in _EXACT:
        return replace(column, nulls=None, may_be_absent=False)
    plain = column.stored is None and column.zoned is None and not column.parts
    return column.kind if plain else (column.kind, column.stored, column.parts, column.zoned)


def _has_fields(column: Column) -> bool:
    return any(part.parts for part in column.parts)


def _may_hold_nulls(column: Column) -> str:
    """A field that may be null where it must be there: a null would be both, absent and null."""
    fields = (field for part in column.parts for field in part.parts)
    return next((field.name for field in fields if field.may_be_null and not field.may_be_absent), "")


def _without_nulls(column: Column) -> Column:
    """The union of the same objects, none of whose fields may be null or absent."""
    parts = [
        replace(part, parts=tuple(replace(f, nulls=None, may_be_absent=False) for f in part.parts))
        for part in column.parts
    ]
    return replace(column, parts=tuple(parts))


def _plain_choices(*columns: Column) -> bool:
    """Whether columns list values of one plain type: different ones, as those that tell models apart."""
    kinds = {type(value) for column in columns for value in column.choices}
    return all(column.choices for column in columns) and len(kinds) == 1 and kinds <= _PLAIN.keys()
