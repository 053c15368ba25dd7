"""This file knows which unions of objects are one struct, with the fields of all: those whose fields are alike."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import replace

from gen.schema.spec import KINDS, Column

_PLAIN = {str, int, float, bool, bytes, uuid.UUID}  # of which the type of a column does not depend on the values
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
    """The column with the choices of all, where they are choices."""
    listed = dict.fromkeys(value for other in (column, *others) for value in other.choices)
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
            alone = field.judged_by(())
            where, other = first.setdefault(field.name, (part, alone))
            if alone.kind != other.kind:
                kinds = f"{KINDS[other.kind]} in {where.name} and {KINDS[alone.kind]} in {part.name}"
                yield f"{field.name} is {kinds}"
            elif not _are_alike(alone, other):
                yield f"{field.name} is not of one type in {where.name} and {part.name}"


def _are_alike(field: Column, other: Column) -> bool:
    if any(getattr(field, fact) != getattr(other, fact) for fact in ("stored", "parts", "zoned")):
        return False
    return field.kind not in _EXACT or field == other or _plain_choices(field, other)


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
    return all(column.choices for column in columns) and len(kinds) == 1 and kinds <= _PLAIN
