"""This file knows how columns of SQL tables are narrowed: by conditions, by the models that are mapped to them, and by
what refers to them."""

from __future__ import annotations

import datetime
import decimal
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from gen.errors import SchemaError
from gen.schema.choices import choice_of
from gen.schema.constraints import constrained, tightened
from gen.schema.spec import KINDS, Column
from gen.schema.sql.conditions import Said

_NESTED = ("object", "map", "list", "tuple", "union", "any")


# -- by conditions ------------------------------------------------------------------------------------------------


def narrowed(where: str, column: Column, said: Said) -> Column:
    """The column with what a condition says of it. Raises SchemaError, or ValueError, where its kind cannot have it."""
    if said.fact == "not_null":
        return replace(column, nulls=None)
    if said.fact == "choices":
        return _chosen(where, column, said.value)
    if said.fact == "json":
        kept = ("nulls", "key", "unique", "reference", "description")
        return Column(column.name, "any", **{name: getattr(column, name) for name in kept})
    if said.fact in ("min_length", "max_length", "pattern"):
        return constrained(where, column, said.fact, said.value)
    value = _value(where, column, said.value)
    if column.kind == "integer" and isinstance(value, decimal.Decimal):
        above = said.fact in ("ge", "lt")  # of x > 0.5 and x >= 0.5 the least is 1
        value = math.ceil(value) if above else math.floor(value)
    return constrained(where, column, said.fact, value)


def _chosen(where: str, column: Column, listed: tuple[Any, ...]) -> Column:
    values = list(dict.fromkeys(_value(where, column, value) for value in listed))
    if column.kind == "boolean" and {bool(value) for value in values} == {False, True}:
        return column
    if column.kind == "choice":
        values = [value for value in column.choices if value in values]
    fits = [value for value in values if _is_within(column, value)]
    if not fits:
        raise SchemaError(f"{where}: none of the values is one of its type.", hint="Correct the condition.")
    kept = ("nulls", "key", "unique", "reference", "description")
    return replace(choice_of(where, column.name, fits), **{name: getattr(column, name) for name in kept})


def _is_within(column: Column, value: Any) -> bool:
    if column.max_length is not None and isinstance(value, str):
        return len(value) <= column.max_length
    too_low = column.minimum is not None and (
        value <= column.minimum if column.minimum_excluded else value < column.minimum
    )
    too_high = column.maximum is not None and (
        value >= column.maximum if column.maximum_excluded else value > column.maximum
    )
    return not too_low and not too_high


def _number(value: Any) -> Any:
    if isinstance(value, str):
        value = decimal.Decimal(value)
    if isinstance(value, decimal.Decimal) and value == value.to_integral_value():
        return int(value)
    return value


def _fraction(value: Any) -> Any:
    number = _number(value)
    return float(number) if isinstance(number, decimal.Decimal) else number


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    return value


def _flag(value: Any) -> bool:
    known = {"0": False, "1": True, "f": False, "t": True, "false": False, "true": True, "False": False, "True": True}
    if str(value) not in known:
        raise ValueError(f"{value!r} is neither true nor false")
    return known[str(value)]


def _moment(value: Any) -> datetime.datetime:
    return datetime.datetime.fromisoformat(_text(value))


# kind -> its values, of what SQL writes
_VALUES: dict[str, Callable[[Any], Any]] = {
    "integer": _number,
    "decimal": _number,
    "number": _fraction,
    "boolean": _flag,
    "text": _text,
    "choice": lambda value: value,
    "date": lambda value: datetime.date.fromisoformat(_text(value)),
    "datetime": _moment,
    "time": lambda value: datetime.time.fromisoformat(_text(value)),
}


def _value(where: str, column: Column, value: Any) -> Any:
    """A constant of SQL as the column has its values. Raises ValueError where it is none of its kind."""
    if column.kind not in _VALUES or (isinstance(value, bool) and column.kind != "boolean"):
        raise SchemaError(f"{where}: {value!r} is no value of {KINDS[column.kind]}.", hint="Correct the condition.")
    try:
        found = _VALUES[column.kind](value)
    except (ValueError, ArithmeticError) as error:
        raise SchemaError(f"{where}: {value!r} is no value of {KINDS[column.kind]}.", hint=str(error)) from error
    if column.zoned and isinstance(found, datetime.datetime) and found.tzinfo is None:
        return found.replace(tzinfo=datetime.UTC)
    return found


# -- by models ----------------------------------------------------------------------------------------------------


def of_model(column: Column, said: Column) -> Column:
    """What a mapped Pydantic model says of a column, within what its type in SQL holds.

    Where they differ in kind the type in SQL counts, as of an Enum whose names are stored; JSON holds what has parts.
    """
    said = said.judged_by(())
    if column.kind == "any" and said.kind in _NESTED:
        return replace(said, name=column.name, stored="json", reference=None, unique=())
    if column.kind != said.kind or said.kind == "choice":
        return column
    said = replace(said, name=column.name, reference=None, unique=())
    return _within(said, column)


def _within(column: Column, other: Column) -> Column:
    """The column with the bounds, lengths and digits of another one of its kind, too."""
    for fact in ("minimum", "maximum"):
        if (bound := getattr(other, fact)) is not None:
            column = tightened(column, fact, bound, getattr(other, f"{fact}_excluded"))
    for fact, narrower in (("max_length", min), ("min_length", max), ("max_digits", min), ("decimal_places", min)):
        both = [value for value in (getattr(column, fact), getattr(other, fact)) if value is not None]
        if both:
            column = replace(column, **{fact: narrower(both)})
    return column


# -- by what refers to them ---------------------------------------------------------------------------------------


def referring(
    tables: Mapping[str, Mapping[str, Column]], not_kept: Callable[[str, str], None]
) -> dict[str, dict[str, Column]]:
    """The columns of all tables: what refers to a key has its type, and that is as narrow as what refers to it."""
    found = {name: dict(columns) for name, columns in tables.items()}
    roots = {(t, c.name): _root(found, t, c) for t, columns in found.items() for c in columns.values() if c.reference}
    for (table, name), (target, key) in roots.items():
        column, root = found[table][name], found[target][key]
        if column.kind == root.kind and column.kind != "choice":
            found[target][key] = _within(root, column)
        elif column.kind == "choice" and column.choices != root.choices:
            not_kept(table, f"The values that are listed for {name} are not kept: it takes those of {target}.{key}.")
    for (table, name), (target, key) in roots.items():
        column, root = found[table][name], found[target][key]
        own = {fact: getattr(column, fact) for fact in ("nulls", "key", "unique", "reference", "description")}
        typed = {fact: getattr(root, fact) for fact in ("zoned", "choices", "stored", "parts")}
        found[table][name] = Column(name, root.kind, **typed, **own)
    for reference in [c.reference for columns in found.values() for c in columns.values() if c.reference]:
        referred = found[reference.table][reference.column]
        if referred.nulls is not None:  # what is referred to is there
            found[reference.table][reference.column] = replace(referred, nulls=0.0)
    return found


def _root(tables: Mapping[str, Mapping[str, Column]], table: str, column: Column) -> tuple[str, str]:
    """The column that a reference, and what that refers to itself, leads to; where it leads in a circle, the last."""
    place, seen = (table, column.name), set()
    while column.reference is not None and place not in seen:
        seen.add(place)
        place = (column.reference.table, column.reference.column)
        column = tables[place[0]][place[1]]
    return place
