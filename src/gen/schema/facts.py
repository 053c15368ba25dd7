"""This file knows gen's own facts of a field, from markers or `json_schema_extra`: what JSON Schema cannot say."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic.fields import FieldInfo

from gen.errors import SchemaError
from gen.schema.choices import nulls_weighed, weights_of
from gen.schema.constraints import CASES, SAID, SIZED, TRANSFORMED
from gen.schema.distributions import distribution_of
from gen.schema.domains import check_domain, read_domain, read_provider
from gen.schema.link_facts import LINK_FACTS, both_links, decides_nulls, read_links
from gen.schema.links import Distribution
from gen.schema.markers import Marker
from gen.schema.row_facts import ROW_FACTS, apply_row_facts
from gen.schema.spec import KINDS, Column
from gen.schema.words import meant

# whose values no law orders; lists and maps refuse a law themselves, and speak of Lengths
_LAWLESS = ("object", "tuple", "union", "any", "null")
_NESTED = (*_LAWLESS, "list", "map", "choice")  # what may be JSON text
_AS_TEXT = ("text", "uuid")
FACTS = (
    *LINK_FACTS,
    "distribution",
    "lengths",
    "domain",
    "faker",
    "synthesizer",
    "nulls",
    "weights",
    "stored",
    "keep",
    "alphabet",
    *ROW_FACTS,
)


def facts_of(where: str, metadata: Sequence[Any]) -> dict[str, Any]:
    """What json_schema_extra and the markers say, in one dictionary; unknown names are other tools' and left alone."""
    facts: dict[str, Any] = {}
    for item in metadata:
        facts |= extra_of(item)
    _refuse_misspelt(where, facts)
    for marker in ungrouped_markers(metadata):
        if isinstance(marker, type):
            raise SchemaError(f"{where}: {marker.__name__} is a class here.", hint=f"Write {_written(marker)}.")
        for name, value in _facts_of_marker(where, marker).items():
            facts[name] = _both(where, name, facts[name], value) if name in facts else value
    return {name: facts[name] for name in FACTS if name in facts}


def _both(where: str, name: str, said: Any, value: Any) -> Any:
    """A fact that two markers say, or one and json_schema_extra: what both do, where that does not differ."""
    parts = isinstance(said, dict) and isinstance(value, dict)
    if parts and name == "sql":
        return both_links(where, said, value)
    if parts and name in ("distribution", "lengths") and said.get("name") != value.get("name"):
        raise SchemaError(
            f"{where}: two laws are declared, {said.get('name')!r} and {value.get('name')!r}.",
            hint="Keep one of them; Mixture([(3, Normal(...)), (1, Zipf())]) is both, by weight.",
        )
    if parts and all(said[part] == value[part] for part in said.keys() & value.keys()):
        return {**said, **value}
    if said != value:
        raise SchemaError(
            f"{where}: {name} is said twice: {said!r:.80} and {value!r:.80}.",
            hint="Keep one of them.",
        )
    return value


def extra_of(item: Any) -> dict[str, Any]:
    """What a Field's json_schema_extra adds to its JSON Schema."""
    extra: Any = item.json_schema_extra if isinstance(item, FieldInfo) else None
    if not callable(extra):
        return dict(extra or {})
    added: dict[str, Any] = {}
    extra(added)
    return added


def _refuse_misspelt(where: str, extra: Mapping[str, Any]) -> None:
    """Refuse a key that is nearly one of gen's own, or a keyword of JSON Schema's."""
    for key, value in extra.items():
        near = meant(str(key), value, FACTS)
        if near is not None:
            raise SchemaError(
                f"{where}: json_schema_extra says {key!r}.",
                hint=f'Did you mean {near!r}? If it is another tool\'s, call it "x-{key}".',
            )


def _written(marker: type) -> str:
    """How a marker is written, arguments left to the user where it needs some."""
    needed = [p for p in inspect.signature(marker).parameters.values() if p.default is p.empty]
    return f"{marker.__name__}({'...' if needed else ''})"


def _facts_of_marker(where: str, marker: Any) -> dict[str, Any]:
    try:
        said: dict[str, Any] = marker.facts()
    except (AttributeError, KeyError, TypeError, ValueError) as error:  # of arguments of another shape
        raise SchemaError(
            f"{where}: {type(marker).__name__} has arguments that it cannot read: {error}.",
            hint=f"See help(gen.{type(marker).__name__}): {(type(marker).__doc__ or '').partition(chr(10))[0]}",
        ) from error
    return said


def ungrouped_markers(metadata: Iterable[Any]) -> Iterator[Any]:
    """gen's own markers among all that is said of a type; classes too, which are mistakes."""
    for item in metadata:
        if isinstance(item, FieldInfo):
            yield from ungrouped_markers(item.metadata)
        elif isinstance(item, Marker) or (isinstance(item, type) and issubclass(item, Marker)):
            yield item


def column_named(where: str, facts: Mapping[str, Any]) -> tuple[str | None, dict[str, Any]]:
    """What a field's column is called, where its facts say so, and the facts without that."""
    sql = facts.get("sql")
    if not isinstance(sql, dict) or "column" not in sql:
        return None, dict(facts)
    name, left = sql["column"], {key: value for key, value in sql.items() if key != "column"}
    if not isinstance(name, str) or not name:
        raise SchemaError(f"{where}: its column is called {name!r}.", hint="Give the column's name, as text.")
    others = {fact: value for fact, value in facts.items() if fact != "sql"}
    return name, {**others, "sql": left} if left else others


def apply_facts(where: str, column: Column, facts: Mapping[str, Any]) -> Column:
    """The column with gen's own facts."""
    values: dict[str, Any] = read_links(where, facts)
    if "distribution" in facts:
        kind = "" if "reference" in values else column.kind  # a law beside a reference is of its parents
        values["distribution"] = distribution_of(where, facts["distribution"], kind)
    if "lengths" in facts:
        values["lengths"] = _lengths(where, facts["lengths"], column)
    if "domain" in facts:
        read_domain(where, facts["domain"], values)
    if "faker" in facts:
        values["provider"] = read_provider(where, facts["faker"])
    for name in ("synthesizer", "stored"):
        if name in facts:
            if not isinstance(facts[name], str):
                raise SchemaError(f"{where}: {name} is {facts[name]!r}.", hint="Give its name, as text.")
            values[name] = facts[name]
    if "nulls" in facts:
        values |= _nulls(where, facts["nulls"], column)
    if "alphabet" in facts:
        values |= _alphabet(where, facts["alphabet"], column)
    if "weights" in facts:
        values["weights"] = weights_of(where, facts["weights"], column)
        values |= nulls_weighed(where, facts["weights"], column)
    if values.get("synthesizer") is None:
        _check_kind(where, column, values)
    if "key" in values:
        if values.get("nulls"):
            raise SchemaError(f"{where}: a primary key has no nulls.", hint="Leave the nulls out.")
        values["nulls"] = None  # an Optional key is one that a database would fill in
    if "nulls" not in facts and column.nulls is not None and decides_nulls(values):
        values["nulls"] = 0.0  # null where what it refers to says so, and nowhere else
    column = replace(column, **values) if values else column
    return _made_in_case(apply_row_facts(where, _cased(column), facts), case_of(column))


def keeps_default(where: str, facts: Mapping[str, Any]) -> bool:
    """Whether a field is to have its default in every row."""
    keep = facts.get("keep", False)
    if not isinstance(keep, bool):
        raise SchemaError(f"{where}: keep is {keep!r:.80}.", hint="Say true, to keep the default.")
    others = [name for name in facts if name not in ("keep", "stored")]
    if keep and others:
        raise SchemaError(
            f"{where}: it is to keep its default, and {others[0]} is declared, too.", hint="Keep one of them."
        )
    return keep


def without_transforms(column: Column) -> Column:
    """The column without the patterns that stand for what changes text after it was checked."""
    own = tuple(p for p in column.patterns if p not in TRANSFORMED.values())
    return column if own == column.patterns else replace(column, patterns=own)


def said_transforms(column: Column) -> list[str]:
    """What changes the column's text after it was checked, in words."""
    return [said for name, said in SAID.items() if TRANSFORMED[name] in column.patterns]


def case_of(column: Column) -> str | None:
    """The case that the model puts the column's text into."""
    return column.case or next((case for name, case in CASES.items() if TRANSFORMED[name] in column.patterns), None)


def in_case_of(case: str | None) -> tuple[str, ...]:
    """The patterns of plain text that the model puts into that case; see `case_of`."""
    return tuple(TRANSFORMED[name] for name, said in CASES.items() if said == case)


def _cased(column: Column) -> Column:
    """The column, put into capitals or small letters once it is drawn, where it is more than letters at random; what
    stands for no value, and what is listed, put so at once."""
    case = case_of(column)
    if case is None:
        return column
    if isinstance(column.null_value, str):
        column = replace(column, null_value=_CASED[case](column.null_value))
    if column.kind == "choice":
        return _choices_cased(column, _CASED[case])
    patterned = any(TRANSFORMED[name] in column.patterns for name in CASES)
    if not patterned or column.key or not (column.format or column.domain or column.provider):
        return column
    if column.domain and without_transforms(column).patterns:
        return column  # a pattern beside a domain is met by texts that are in that case
    column = replace(column, case=case)
    return without_transforms(column) if column.domain or column.provider else column


_CASED: dict[str, Callable[[str], str]] = {"upper": str.upper, "lower": str.lower}


def _choices_cased(column: Column, changed: Callable[[str], str]) -> Column:
    """The texts that are listed in one case; those that differ in it alone are one, as likely as all of them."""
    if column.stored is not None or not all(isinstance(choice, str) for choice in column.choices):
        return replace(column, case=None)
    weights: dict[str, float] = {}
    for choice, weight in zip(column.choices, column.weights or (1.0,) * len(column.choices), strict=True):
        weights[changed(choice)] = weights.get(changed(choice), 0.0) + weight
    alike = len(weights) < len(column.choices)
    shares = tuple(weights.values()) if column.weights or alike else ()
    return replace(column, choices=tuple(weights), weights=shares, case=None)


def _made_in_case(column: Column, case: str | None) -> Column:
    """The column whose texts are made of others, in the case that the model puts them into."""
    if case is None or column.kind not in ("text", "choice"):
        return column
    if column.values:
        table = ((key, _CASED[case](value) if isinstance(value, str) else value) for key, value in column.values)
        return replace(column, values=tuple(table))
    return replace(column, case=case) if column.derived or column.function else column


def _lengths(where: str, value: Any, column: Column) -> Distribution:
    if column.kind not in SIZED:
        raise SchemaError(
            f"{where}: lengths are declared, and the field is {KINDS[column.kind]}.",
            hint="They are for text, bytes, lists, sets and dicts; of others give a distribution.",
        )
    return distribution_of(where, value)


def _check_kind(where: str, column: Column, values: Mapping[str, Any]) -> None:
    """Refuse a domain or a law that no synthesizer of gen's own would heed for a column of this kind."""
    domain, law = values.get("domain"), values.get("distribution")
    if domain is not None:
        check_domain(where, domain, column.kind, KINDS)
    stored = values.get("stored")
    if stored is not None and not ((stored == "json" and column.kind in _NESTED) or (stored, column.kind) == _AS_TEXT):
        raise SchemaError(
            f"{where}: stored is {stored!r}, and the field is {KINDS[column.kind]}.",
            hint='Leave it out; a UUID may be stored as "text", what has parts as "json".',
        )
    if law is not None and law.name != "uniform" and column.kind in _LAWLESS:
        raise SchemaError(
            f"{where}: the distribution {law.name!r} does not apply to {KINDS[column.kind]}.",
            hint="Declare it where the numbers are: in the type of a field, an item or a branch.",
        )


def _alphabet(where: str, letters: Any, column: Column) -> dict[str, Any]:
    """The letters that a text is made of, as one more pattern."""
    if not isinstance(letters, str) or not letters or column.kind != "text":
        raise SchemaError(f"{where}: its alphabet is {letters!r}.", hint="Give the letters of a text field, as text.")
    listed = "".join(re.escape(letter) for letter in dict.fromkeys(letters))
    shortest = column.min_length if column.min_length is not None or column.patterns else 1
    return {"patterns": (*column.patterns, f"^[{listed}]*$"), "min_length": shortest}


def _nulls(where: str, fact: Any, column: Column) -> dict[str, Any]:
    """A share of rows without a value, and maybe what stands for one."""
    said = fact if isinstance(fact, dict) else {"rate": fact}
    rate: Any = said.get("rate")
    stands_for = said.get("value", column.null_value)
    number = isinstance(rate, (int, float)) and not isinstance(rate, bool)
    if not number or not 0 <= rate <= 1 or set(said) - {"rate", "value"}:
        raise SchemaError(f"{where}: nulls is {fact!r}.", hint="Give a share of the rows, from 0 to 1.")
    if column.kind == "null" and stands_for is None and rate < 1 and rate != column.nulls:  # an export says that again
        raise SchemaError(
            f"{where}: {rate:.0%} nulls are asked for, and no other value of it can be drawn.",
            hint="Leave the share out, or give the field a type that has values.",
        )
    if column.nulls is None and column.kind not in ("null", "any") and stands_for is None and rate > 0:
        raise SchemaError(
            f"{where}: {rate:.0%} nulls are asked for, and the field has none.",
            hint="Make the field Optional, or say which value stands for none.",
        )
    return {"nulls": float(rate), "null_value": stands_for}
