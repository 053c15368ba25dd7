"""This file knows how to read the facts that tie a column to others of its row: derived, after, when, given, ..."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from gen.errors import SchemaError
from gen.schema.choices import weights_of
from gen.schema.distributions import distribution_of
from gen.schema.row_markers import DIRT
from gen.schema.spec import After, Column, suggestion

# The functions that `Derived` was given, by Table.field: code, which no vocabulary can hold.
FUNCTIONS: dict[str, Callable[[Any], Any]] = {}

ROW_FACTS = ("derived", "after", "when", "depends_on", "given", "correlated", "noise")
TIMES = ("datetime", "date", "time", "duration")
_GIVEN = ("weights", "distribution", "domain", "nulls")


def apply_row_facts(where: str, column: Column, facts: Mapping[str, Any]) -> Column:
    """The column with the facts that tie it to others."""
    for name, read in _READERS.items():
        if name in facts:
            column = read(where, column, facts[name])
    return column


def _derived(where: str, column: Column, value: Any) -> Column:
    if callable(value):
        FUNCTIONS[where] = value
        return replace(column, function=where)
    return replace(column, derived=_text(where, "derived", value, 'Write it as "price * quantity".'))


def _text(where: str, name: str, value: Any, hint: str) -> str:
    if not isinstance(value, str) or not value:
        raise SchemaError(f"{where}: {name} is {value!r}.", hint=hint)
    return value


def _when(where: str, column: Column, value: Any) -> Column:
    condition = _text(where, "when", value, "Write a condition, as \"status == 'shipped'\".")
    if column.nulls is None:
        raise SchemaError(
            f"{where}: it has a value only when {condition}, and the field always has one.",
            hint="Make the field Optional.",
        )
    return replace(column, when=condition, nulls=0.0)


def _after(where: str, column: Column, value: Any) -> Column:
    said: Any = {"field": value} if isinstance(value, str) else value
    if not isinstance(said, Mapping) or not isinstance(said.get("field"), str) or set(said) - {*_AFTER}:
        raise SchemaError(f"{where}: after is {value!r}.", hint=f"Name a field, and maybe {' and '.join(_AFTER[1:])}.")
    for name in _AFTER[1:]:
        number = said.get(name)
        if number is not None and not (isinstance(number, (int, float)) and math.isfinite(number) and number >= 0):
            raise SchemaError(f"{where}: after says {name} = {number!r}.", hint="Give a number of seconds, 0 or more.")
    return replace(column, after=After(said["field"], said.get("least"), said.get("within")))


_AFTER = ("field", "least", "within")


def _depends_on(where: str, column: Column, value: Any) -> Column:
    fields = [value] if isinstance(value, str) else value.get("fields") if isinstance(value, Mapping) else None
    if not isinstance(fields, list) or not fields or not all(isinstance(field, str) for field in fields):
        raise SchemaError(f"{where}: depends_on is {value!r}.", hint='Write {"fields": ["city"]}.')
    table = value.get("values") if isinstance(value, Mapping) else None
    if table is not None and (not isinstance(table, Mapping) or not table or len(fields) != 1):
        raise SchemaError(
            f"{where}: depends_on has the table {table!r} and the fields {fields}.",
            hint="Give a table of values for one field, with at least one entry.",
        )
    return replace(column, depends_on=tuple(fields), values=tuple(table.items()) if table else ())


def _given(where: str, column: Column, value: Any) -> Column:
    said = value if isinstance(value, Mapping) else {}
    if not isinstance(said.get("field"), str) or not isinstance(said.get("cases"), Mapping) or not said["cases"]:
        raise SchemaError(f"{where}: given is {value!r}.", hint='Write {"field": "segment", "cases": {...}}.')
    parts = []
    for case, facts in value["cases"].items():
        unknown = sorted(set(facts) - set(_GIVEN))
        if unknown:
            raise SchemaError(f"{where}: given says {unknown[0]!r}.", hint=suggestion(unknown[0], _GIVEN))
        parts.append(_case(f"{where} given {case}", replace(column, name=str(case)), facts))
    return replace(column, given=value["field"], parts=tuple(parts), weights=(), distribution=None)


def _case(where: str, column: Column, facts: Mapping[str, Any]) -> Column:
    if "weights" in facts:
        column = replace(column, weights=weights_of(where, facts["weights"], column))
    if "distribution" in facts:
        law = distribution_of(where, facts["distribution"], column.kind in TIMES)
        column = replace(column, distribution=law)
    if "nulls" in facts:
        column = replace(column, nulls=facts["nulls"])
    return replace(column, domain=facts.get("domain", column.domain))


def _correlated(where: str, column: Column, value: Any) -> Column:
    if not isinstance(value, Mapping) or not value:
        raise SchemaError(f"{where}: correlated is {value!r}.", hint='Write {"height": 0.7}.')
    for field, coefficient in value.items():
        if not isinstance(coefficient, (int, float)) or not -1 <= coefficient <= 1:
            raise SchemaError(
                f"{where}: its correlation with {field} is {coefficient!r}.", hint="Give a number from -1 to 1."
            )
    return replace(column, correlated=tuple((field, float(c)) for field, c in value.items()))


def _noise(where: str, column: Column, value: Any) -> Column:
    rates = dict(value) if isinstance(value, Mapping) else {"": value}
    for kind, rate in rates.items():
        if kind and kind not in DIRT:
            raise SchemaError(f"{where}: there is no noise {kind!r}.", hint=suggestion(kind, DIRT))
        if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 0 <= rate <= 1:
            raise SchemaError(f"{where}: a rate of noise is {rate!r}.", hint="Give a share of the rows, from 0 to 1.")
    if sum(rates.values()) > 1:
        raise SchemaError(f"{where}: the rates of noise add up to {sum(rates.values()):g}.", hint="Keep them below 1.")
    return replace(column, noise=tuple(rates.items()))


_READERS: Mapping[str, Callable[[str, Column, Any], Column]] = {
    "when": _when,
    "after": _after,
    "depends_on": _depends_on,
    "given": _given,
    "correlated": _correlated,
    "derived": _derived,
    "noise": _noise,
}
