"""This file knows how to read the facts that tie a column to others of its row: derived, after, when, given, ..."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from gen.errors import SchemaError
from gen.schema.choices import weights_of
from gen.schema.distributions import distribution_of
from gen.schema.domains import check_domain, read_domain
from gen.schema.link_facts import read_links
from gen.schema.links import Reference
from gen.schema.row_markers import DIRT, listed
from gen.schema.spec import KINDS, After, Column, suggestion

# The functions that `Derived` was given, by Table.field: code, which no vocabulary can hold.
FUNCTIONS: dict[str, Callable[[Any], Any]] = {}

ROW_FACTS = ("derived", "after", "when", "depends_on", "given", "correlated", "noise")
_GIVEN = ("weights", "distribution", "domain", "nulls", "sql")
_OF_CASES = ("key", "reference", "where", "popularity")  # what a reference of a case may say
_DECIDES_NULLS = {"when", "derived", "depends_on"}  # what says by itself where there is no value
_MAKERS = ("derived", "after", "depends_on", "given")
_DRAWN_BY = ("distribution", "weights", "lengths", "domain", "faker", "alphabet", "correlated")  # how a value is drawn
# what says where a value comes from -> what has no say beside it
_IDLE = {
    "derived": _DRAWN_BY,
    "a table of depends_on": _DRAWN_BY,
    "depends_on": ("domain", "faker"),
    "after": ("domain", "faker"),
    "given": ("faker",),
    "given in every case": ("distribution", "weights", "domain", "faker"),
    "a foreign key": (*_MAKERS, "faker"),
    "an ordinal": (*_MAKERS, *_DRAWN_BY),
    "a copy": (*_MAKERS, *_DRAWN_BY),
    "an aggregate": (*_MAKERS, *_DRAWN_BY),
    "a key of this type": ("domain",),
    "a synthesizer": ("faker",),  # all else it may heed
}


def apply_row_facts(where: str, column: Column, facts: Mapping[str, Any]) -> Column:
    """The column with the facts that tie it to others."""
    several = [name for name in _MAKERS if name in facts]
    if len(several) > 1:
        raise SchemaError(
            f"{where}: it is {' and '.join(several)} at once, and each of them alone says what its value is.",
            hint="Keep one of them.",
        )
    _refuse_idle(where, column, facts)
    several = [name for name in ("ordinal", "copy", "aggregate") if name in facts] or several
    if column.synthesizer and several and several != ["depends_on"]:
        raise SchemaError(
            f"{where}: it names the synthesizer {column.synthesizer!r}, and is {several[0]}.",
            hint="Keep one: each says what its value is.",
        )
    if _DECIDES_NULLS & facts.keys() and "nulls" not in facts and column.nulls is not None:
        column = replace(column, nulls=0.0)  # null where other fields say so, and nowhere else
    for name, read in _READERS.items():
        if name in facts:
            column = read(where, column, facts[name])
    return column


def _refuse_idle(where: str, column: Column, facts: Mapping[str, Any]) -> None:
    """Refuse what says how values are drawn, of a column whose values something else says."""
    for source in _sources(column, facts):
        idle = [name for name in _IDLE[source] if name in facts and facts[name] != "uniform"]
        if idle:
            raise SchemaError(
                f"{where}: it says {idle[0]} = {facts[idle[0]]!r:.60}, and {source} says its values completely.",
                hint="Keep one of them.",
            )


def _sources(column: Column, facts: Mapping[str, Any]) -> Iterator[str]:
    """Where its values come from, as `_IDLE` names it."""
    yield from (name for name in ("derived", "depends_on", "after", "given") if name in facts)
    depends, given = facts.get("depends_on"), facts.get("given")
    if isinstance(depends, Mapping) and depends.get("values"):
        yield "a table of depends_on"
    cases = given.get("cases") if isinstance(given, Mapping) else None
    if isinstance(cases, Mapping) and all(isinstance(c, Mapping) and c.keys() - {"nulls"} for c in cases.values()):
        yield "given in every case"
    if column.reference:
        yield "a foreign key"
    if column.ordinal:
        yield "an ordinal"
    if column.copied:
        yield "a copy"
    if column.aggregate:
        yield "an aggregate"
    if (column.key or column.unique) and column.kind != "text":
        yield "a key of this type"
    if column.synthesizer:
        yield "a synthesizer"


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
    if column.key:
        raise SchemaError(f"{where}: a primary key always has a value.", hint="Leave the condition out.")
    if column.nulls is None:
        raise SchemaError(
            f"{where}: it has a value only when {condition}, and the field always has one.",
            hint='Make the field Optional: Annotated[int | None, When(...)], or "type": ["integer", "null"].',
        )
    return replace(column, when=condition)


def _after(where: str, column: Column, value: Any) -> Column:
    said: Any = {"field": value} if isinstance(value, str) else value
    if not isinstance(said, Mapping) or not isinstance(said.get("field"), str) or set(said) - {*_AFTER}:
        raise SchemaError(f"{where}: after is {value!r}.", hint=f"Name a field, and maybe {' and '.join(_AFTER[1:])}.")
    for name in _AFTER[1:]:
        number = said.get(name)
        if number is not None and not (isinstance(number, (int, float)) and math.isfinite(number) and number >= 0):
            raise SchemaError(
                f"{where}: after says {name} = {number!r}.", hint="Give a number, for times of seconds, 0 or more."
            )
    return replace(column, after=After(said["field"], said.get("least"), said.get("within")))


_AFTER = ("field", "least", "within")


def _depends_on(where: str, column: Column, value: Any) -> Column:
    fields = [value] if isinstance(value, str) else value.get("fields") if isinstance(value, Mapping) else None
    if not isinstance(fields, list) or not fields or not all(isinstance(field, str) for field in fields):
        raise SchemaError(
            f"{where}: depends_on is {value!r}.", hint='Write DependsOn("city"), or {"fields": ["city"]}.'
        )
    table = value.get("values") if isinstance(value, Mapping) else None
    if table is not None and (not isinstance(table, Mapping) or not table or len(fields) != 1):
        raise SchemaError(
            f"{where}: depends_on has the table {table!r} and the fields {fields}.",
            hint="Give a table of values for one field, with at least one entry.",
        )
    pairs = tuple((listed(key), listed(value)) for key, value in table.items()) if table else ()
    return replace(column, depends_on=tuple(fields), values=pairs)


def _given(where: str, column: Column, value: Any) -> Column:
    said = value if isinstance(value, Mapping) else {}
    if not isinstance(said.get("field"), str) or not isinstance(said.get("cases"), Mapping) or not said["cases"]:
        raise SchemaError(
            f"{where}: given is {value!r}.",
            hint='Write Given("segment", {"home": Normal(40, 5), ...}), or {"field": "segment", "cases": {...}}.',
        )
    if column.parts or column.kind in ("null", "any"):
        raise SchemaError(
            f"{where}: a conditional table is for a plain column, and the field is {KINDS[column.kind]}.",
            hint="Put the marker on the fields inside it.",
        )
    parts = []
    for case, facts in value["cases"].items():
        if not isinstance(facts, Mapping) or not facts:
            raise SchemaError(
                f"{where}: given says {facts!r} of {case!r}.",
                hint="Give weights by value, a law, a domain or a reference.",
            )
        unknown = sorted(set(facts) - set(_GIVEN))
        if unknown:
            raise SchemaError(f"{where}: given says {unknown[0]!r}.", hint=suggestion(unknown[0], _GIVEN))
        parts.append(_case(f"{where} given {case}", replace(column, name=str(listed(case))), facts))
    return replace(column, given=value["field"], parts=tuple(parts), weights=(), distribution=None)


def _case(where: str, column: Column, facts: Mapping[str, Any]) -> Column:
    if "sql" in facts:
        column = replace(column, reference=_reference(where, facts))
    if "weights" in facts:
        column = replace(column, weights=weights_of(where, facts["weights"], column))
    if "distribution" in facts:
        law = distribution_of(where, facts["distribution"], "" if "sql" in facts else column.kind)
        column = replace(column, distribution=law)
    if "nulls" in facts:
        column = replace(column, nulls=share_of_nulls(where, facts["nulls"], column))
    if "domain" in facts:
        said: dict[str, Any] = {}
        read_domain(where, facts["domain"], said)
        check_domain(where, said["domain"], column.kind, KINDS)
        column = replace(column, **said)
    return column


def _reference(where: str, facts: Mapping[str, Any]) -> Reference:
    """What the rows of a case refer to."""
    sql = facts["sql"]
    others = sorted(set(sql) - {*_OF_CASES}) if isinstance(sql, Mapping) else []
    found = read_links(where, {"sql": sql})
    if others or found.keys() != {"reference"}:
        said = others[0] if others else next(iter(found.keys() - {"reference"}))
        raise SchemaError(
            f"{where}: it says {said}, and refers to rows of several tables.",
            hint=f"A reference of a case may say {', '.join(_OF_CASES[1:])}, and have a law: Zipf(1.1), HotSet().",
        )
    idle = [name for name in ("weights", "domain") if name in facts]
    if idle:
        raise SchemaError(f"{where}: it says {idle[0]}, and refers to {found['reference']}.", hint="Keep one of them.")
    reference: Reference = found["reference"]
    return reference


def share_of_nulls(where: str, value: Any, column: Column) -> float:
    """A declared share of nulls, checked."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise SchemaError(f"{where}: nulls is {value!r}.", hint="Give a share of the rows, from 0 to 1.")
    if column.nulls is None and value > 0:
        raise SchemaError(
            f"{where}: {value:.0%} nulls are asked for, and the field has none.", hint="Make the field Optional."
        )
    return float(value)


def _correlated(where: str, column: Column, value: Any) -> Column:
    if not isinstance(value, Mapping) or not value:
        raise SchemaError(
            f"{where}: correlated is {value!r}.", hint='Write Correlated({"height": 0.7}), or {"height": 0.7}.'
        )
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
    if "" in rates and len(rates) > 1:
        raise SchemaError(
            f"{where}: noise has a rate for all kinds together, and others for {', '.join(filter(None, rates))}.",
            hint="Give one rate, or a rate for each kind.",
        )
    if sum(rates.values()) > 1:
        raise SchemaError(f"{where}: the rates of noise add up to {sum(rates.values()):g}.", hint="Keep them below 1.")
    return replace(column, noise=tuple((kind, float(rate)) for kind, rate in rates.items() if rate))


_READERS: Mapping[str, Callable[[str, Column, Any], Column]] = {
    "when": _when,
    "after": _after,
    "depends_on": _depends_on,
    "given": _given,
    "correlated": _correlated,
    "derived": _derived,
    "noise": _noise,
}
