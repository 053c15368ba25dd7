"""This file knows what is said of a type: constraints of annotated-types and Pydantic, and gen's own facts.

Constraints narrow a column; gen's facts, from markers or `json_schema_extra`, say what JSON Schema cannot.
"""

from __future__ import annotations

import datetime
import decimal
import difflib
import inspect
import itertools
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import annotated_types
from pydantic.fields import FieldInfo

from gen.errors import SchemaError
from gen.schema import phones
from gen.schema.choices import weights_of
from gen.schema.distributions import distribution_of
from gen.schema.domains import check_domain, read_domain, read_provider
from gen.schema.markers import Marker
from gen.schema.row_facts import ROW_FACTS, TIMES, apply_row_facts
from gen.schema.spec import KEY_ORDERS, KINDS, Column, Distribution, Key, Reference, suggestion

# -- constraints --------------------------------------------------------------------------------------------

_NUMBERS = (int, float, decimal.Decimal)
# kind -> the types its bounds may have
_BOUND_TYPES: dict[str, tuple[type, ...]] = {
    "integer": _NUMBERS,
    "number": _NUMBERS,
    "decimal": _NUMBERS,
    "datetime": (datetime.datetime, datetime.date),
    "date": (datetime.date,),
    "time": (datetime.time,),
    "duration": (datetime.timedelta,),
}
_SIZED = ("text", "bytes", "list", "map")
# whose values no law orders; lists and maps refuse a law themselves, and speak of Lengths
_LAWLESS = ("object", "tuple", "union", "any", "null")
_NESTED = (*_LAWLESS, "list", "map", "choice")  # what may be JSON text
_AS_TEXT = ("text", "uuid")
# attribute of a constraint -> (fact of the column, fact that says it is excluded)
_BOUNDS = {
    "ge": ("minimum", False),
    "gt": ("minimum", True),
    "le": ("maximum", False),
    "lt": ("maximum", True),
}
# what changes text after it was checked: draw it as it will be
_TRANSFORMED = {"to_upper": "^[^a-z]*$", "to_lower": "^[^A-Z]*$", "strip_whitespace": r"^(\S(.*\S)?)?$"}
CASES = {"to_lower": "lower", "to_upper": "upper"}  # of both, Pydantic heeds the first
_PREDICATES: dict[Any, str] = {
    str.isdigit: "^[0-9]+$",
    str.isdecimal: "^[0-9]+$",
    str.isnumeric: "^[0-9]+$",
    str.isalpha: "^[A-Za-z]+$",
    str.isalnum: "^[A-Za-z0-9]+$",
    str.islower: "^[^A-Z]*[a-z][^A-Z]*$",
    str.isupper: "^[^a-z]*[A-Z][^a-z]*$",
    str.isidentifier: "^[A-Za-z_][A-Za-z0-9_]*$",
}
# How Base64Str and the like keep their text, by encoder and whether what is inside must be text, too.
_FORMAT_OF_ENCODER = {
    ("Base64Encoder", "bytes"): "base64",
    ("Base64Encoder", "text"): "base64-text",
    ("Base64UrlEncoder", "bytes"): "base64url",
    ("Base64UrlEncoder", "text"): "base64-text",
}

_OF_DECODED = frozenset(_FORMAT_OF_ENCODER.values())  # Pydantic counts what is inside, after it decoded it


_GROUPED = "__is_annotated_types_grouped_metadata__"  # isinstance alone asks for all of a protocol, which takes long


def ungrouped(metadata: Iterable[Any]) -> Iterator[Any]:
    """Every constraint by itself: `Interval(ge=1, le=5)` is two, and a Field has some of its own."""
    for item in metadata:
        if isinstance(item, FieldInfo):
            yield from ungrouped(item.metadata)
        elif hasattr(item, _GROUPED) and isinstance(item, annotated_types.GroupedMetadata):
            yield from ungrouped(item)
        elif item is not None:
            yield item


def apply_constraints(where: str, column: Column, metadata: Sequence[Any]) -> Column:
    """The column with everything that these constraints say of it."""
    for item in ungrouped(metadata):
        kind = f"{type(item).__module__}.{type(item).__qualname__}"
        if kind in phones.SETTINGS:
            column = phones.phone_column(where, column, kind, item)
        if type(item).__module__.partition(".")[0] not in ("annotated_types", "pydantic"):
            continue
        for attribute in _CONSTRAINTS:
            value = getattr(item, attribute, None)
            if value is not None and value is not False:
                column = constrained(where, column, attribute, value)
    return column


def constrained(where: str, column: Column, attribute: str, value: Any) -> Column:
    """The column with one constraint; on a union it narrows the branches that can have it, and excludes the others."""
    apply = _CONSTRAINTS[attribute]
    if column.kind != "union":
        return apply(where, column, attribute, value)
    kept, undrawn = [], list(column.undrawn)
    for branch in column.parts:
        try:
            kept.append(apply(where, branch, attribute, value))
        except SchemaError as error:
            undrawn.append((branch.name, error.reason(where)))
    if not kept:
        raise _unsuitable(where, column, attribute, value)
    left = replace(column, parts=tuple(kept)) if len(kept) > 1 else replace(kept[0], name=column.name)
    return replace(left, nulls=column.nulls, undrawn=tuple(undrawn))


_Apply = Callable[[str, Column, str, Any], Column]


def _unsuitable(where: str, column: Column, attribute: str, value: Any) -> SchemaError:
    return SchemaError(
        f"{where}: the constraint {attribute} = {value!r} does not suit a field of kind {column.kind}.",
        hint="Use a constraint of the field's own type.",
    )


def _bound(where: str, column: Column, attribute: str, value: Any) -> Column:
    fact, excluded = _BOUNDS[attribute]
    if column.kind == "choice" and column.stored is None:
        try:
            return _narrowed(where, column, lambda choice: _holds(attribute, choice, value), f"{attribute} = {value!r}")
        except TypeError:  # of kinds that do not compare
            raise _unsuitable(where, column, attribute, value) from None
    allowed = _BOUND_TYPES.get(column.kind, ())
    if not isinstance(value, allowed) or isinstance(value, bool) or column.format:
        raise SchemaError(
            f"{where}: the bound {value!r} does not suit a field of kind {column.kind}.",
            hint="Use a bound of the field's own type.",
        )
    bound: Any = value
    if column.kind == "datetime" and not isinstance(value, datetime.datetime):
        bound = datetime.datetime(bound.year, bound.month, bound.day)
    return tightened(column, fact, bound, excluded)


def _holds(attribute: str, choice: Any, bound: Any) -> bool:
    compare = {"ge": choice >= bound, "gt": choice > bound, "le": choice <= bound, "lt": choice < bound}
    return bool(compare[attribute])


def tightened(column: Column, fact: str, bound: Any, excluded: bool) -> Column:
    """The column with one more bound; of several on one side, the narrowest counts."""
    known = getattr(column, fact)
    if known is not None:
        looser = bound < known if fact == "minimum" else bound > known
        if looser or (bound == known and not excluded):
            return column
    return replace(column, **{fact: bound, f"{fact}_excluded": excluded})


def _narrowed(where: str, column: Column, keep: Callable[[Any], bool], said: str) -> Column:
    kept = tuple(choice for choice in column.choices if keep(choice))
    if not kept:
        raise SchemaError(f"{where}: none of its values has {said}.", hint="Widen the constraint, or drop it.")
    return replace(column, choices=kept)


def _multiple(where: str, column: Column, attribute: str, value: Any) -> Column:
    if column.kind not in ("integer", "number", "decimal", "duration"):
        raise _unsuitable(where, column, attribute, value)
    return replace(column, multiple_of=_common_multiple(column.multiple_of, value))


def _common_multiple(known: Any, value: Any) -> Any:
    """The least number of which the multiples are those of both: a float is what its digits say, as 0.1 is a tenth."""
    if known is None or not all(isinstance(step, _NUMBERS) and 0 < step < math.inf for step in (known, value)):
        return value  # what is no step is refused when the column is drawn
    common = common_multiple(Fraction(str(known)), Fraction(str(value)))
    if common.denominator == 1 and not isinstance(known, decimal.Decimal) and not isinstance(value, decimal.Decimal):
        return int(common)
    if not isinstance(known, decimal.Decimal) and not isinstance(value, decimal.Decimal):
        return float(common)
    places = next(places for places in itertools.count() if 10**places % common.denominator == 0)
    return decimal.Decimal(int(common * 10**places)).scaleb(-places, decimal.Context(prec=10_000))


def common_multiple(one: Fraction, other: Fraction) -> Fraction:
    """The least common multiple of two fractions."""
    return Fraction(math.lcm(one.numerator, other.numerator), math.gcd(one.denominator, other.denominator))


def _length(where: str, column: Column, attribute: str, value: Any) -> Column:
    longest = attribute == "max_length"
    if column.kind == "choice" and all(isinstance(choice, str) for choice in column.choices):
        fits = (lambda c: len(c) <= value) if longest else (lambda c: len(c) >= value)
        return _narrowed(where, column, fits, f"{attribute} = {value}")
    if column.kind == "tuple":
        if len(column.parts) > value if longest else len(column.parts) < value:
            raise _unsuitable(where, column, attribute, value)
        return column
    if column.kind not in _SIZED:
        raise _unsuitable(where, column, attribute, value)
    if column.format in _OF_DECODED:
        return replace(column, patterns=(*column.patterns, _encoded_length(value, longest)))
    known = getattr(column, attribute)
    narrower = value if known is None else min(known, value) if longest else max(known, value)
    return replace(column, **{attribute: narrower})


def _encoded_length(size: int, longest: bool) -> str:
    """A pattern of the Base64 texts whose content has at most, or at least, so many bytes."""
    if longest:  # whole groups of three bytes, and one or two bytes more
        ends = [f"(.{{3}}[^=]){{0,{(size - rest) // 3}}}{end}" for rest, end in enumerate(_ENDS) if size >= rest]
    else:
        ends = [f"(.{{3}}[^=]){{{max(-(-(size - rest) // 3), 0)},}}{end}" for rest, end in enumerate(_ENDS)]
    return f"^({'|'.join(ends)})$"


_ENDS = ("", ".{2}==", ".{2}[^=]=")  # of Base64, by the number of bytes in its last group


def _pattern(where: str, column: Column, attribute: str, value: Any) -> Column:
    if column.kind != "text":
        raise _unsuitable(where, column, attribute, value)
    pattern = getattr(value, "pattern", value)
    return column if pattern in column.patterns else replace(column, patterns=(*column.patterns, pattern))


def _transformed(where: str, column: Column, attribute: str, value: Any) -> Column:
    # Without a pattern of the user's own nothing drawn has white space at its ends.
    if column.kind != "text" or (attribute == "strip_whitespace" and not column.patterns):
        return column
    return replace(column, patterns=(*column.patterns, _TRANSFORMED[attribute]))


def _digits(where: str, column: Column, attribute: str, value: Any) -> Column:
    if column.kind != "decimal":
        raise _unsuitable(where, column, attribute, value)
    known = getattr(column, attribute)
    return replace(column, **{attribute: value if known is None else min(known, value)})


def _time_zone(where: str, column: Column, attribute: str, value: Any) -> Column:
    return replace(column, zoned=True)


def _version(where: str, column: Column, attribute: str, value: Any) -> Column:
    return replace(column, version=value)


def _encoder(where: str, column: Column, attribute: str, value: Any) -> Column:
    name = _FORMAT_OF_ENCODER.get((getattr(value, "__name__", ""), column.kind))
    if name is None:
        raise SchemaError(
            f"{where}: how {value!r} encodes is not known.", hint="Name a synthesizer of your own that writes it."
        )
    return replace(column, kind="text", format=name)


def _schemes(where: str, column: Column, attribute: str, value: Any) -> Column:
    """URLs of schemes that no format of URLs has."""
    schemes = "|".join(map(re.escape, value))
    return replace(column, format=None, patterns=(rf"^({schemes})://[a-z]{{2,12}}\.example\.com/[a-z0-9]{{1,12}}$",))


def _predicate(where: str, column: Column, attribute: str, value: Any) -> Column:
    """Predicates that can be read; of others, values are drawn until the model takes them."""
    if column.kind != "text" or value not in _PREDICATES:
        return column
    return replace(column, patterns=(*column.patterns, _PREDICATES[value]))


# attribute of a constraint -> what it does to a column
_CONSTRAINTS: dict[str, _Apply] = {
    **dict.fromkeys(_BOUNDS, _bound),
    "multiple_of": _multiple,
    "min_length": _length,
    "max_length": _length,
    "pattern": _pattern,
    **dict.fromkeys(_TRANSFORMED, _transformed),
    "max_digits": _digits,
    "decimal_places": _digits,
    "tz": _time_zone,
    "uuid_version": _version,
    "encoder": _encoder,
    "allowed_schemes": _schemes,
    "func": _predicate,
}


# -- facts ----------------------------------------------------------------------------------------------------

FACTS = (
    "sql",
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
_NEAR = 0.85  # how alike a misspelt key is, by difflib


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
    """Refuse a key that is nearly one of gen's own; no keyword of JSON Schema's is that near.

    A word that one of those begins with, "store", "length", may well be another tool's, unless it says as much as
    gen's do.
    """
    for key, value in extra.items():
        near = difflib.get_close_matches(str(key), FACTS, 1, _NEAR)
        word = bool(near) and near[0].startswith(key) and not isinstance(value, (dict, list))
        if near and not word and key not in FACTS and not key.startswith("x-"):
            raise SchemaError(
                f"{where}: json_schema_extra says {key!r}.",
                hint=f'Did you mean {near[0]!r}? If it is another tool\'s, call it "x-{key}".',
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


def apply_facts(where: str, column: Column, facts: Mapping[str, Any]) -> Column:
    """The column with gen's own facts."""
    values: dict[str, Any] = {}
    if "sql" in facts:
        _read_sql(where, facts["sql"], values)
    if "distribution" in facts:
        values["distribution"] = distribution_of(where, facts["distribution"], column.kind in TIMES)
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
    if values.get("synthesizer") is None:
        _check_kind(where, column, values)
    if "key" in values:
        if values.get("nulls"):
            raise SchemaError(f"{where}: a primary key has no nulls.", hint="Leave the nulls out.")
        values["nulls"] = None  # an Optional key is one that a database would fill in
    return apply_row_facts(where, _cased(replace(column, **values) if values else column), facts)


def without_transforms(column: Column) -> Column:
    """The column without the patterns that stand for what changes text after it was checked."""
    return replace(column, patterns=tuple(p for p in column.patterns if p not in _TRANSFORMED.values()))


def _cased(column: Column) -> Column:
    """The column, put into capitals or small letters once it is drawn, where it is more than letters at random."""
    case = next((case for name, case in CASES.items() if _TRANSFORMED[name] in column.patterns), None)
    if case is None or column.key or not (column.format or column.domain or column.provider):
        return column
    column = replace(column, case="lower" if column.case == "lower" else case)
    return without_transforms(column) if column.domain or column.provider else column


def _lengths(where: str, value: Any, column: Column) -> Distribution:
    if column.kind not in _SIZED:
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
    stands_for = said.get("value")
    number = isinstance(rate, (int, float)) and not isinstance(rate, bool)
    if not number or not 0 <= rate <= 1 or set(said) - {"rate", "value"}:
        raise SchemaError(f"{where}: nulls is {fact!r}.", hint="Give a share of the rows, from 0 to 1.")
    if column.nulls is None and stands_for is None and rate > 0:
        raise SchemaError(
            f"{where}: {rate:.0%} nulls are asked for, and the field has none.",
            hint="Make the field Optional, or say which value stands for none.",
        )
    return {"nulls": float(rate), "null_value": stands_for}


def _read_sql(where: str, sql: Any, values: dict[str, Any]) -> None:
    if not isinstance(sql, dict):
        raise SchemaError(f'{where}: "sql" is {sql!r}.', hint='Write {"sql": {"key": "primary"}}.')
    unknown = sorted(set(sql) - {"key", "order", "reference"})
    if unknown:
        raise SchemaError(f'{where}: "sql" says {unknown[0]!r}.', hint='It understands "key", "order", "reference".')
    key = sql.get("key", "foreign" if "reference" in sql else "primary")
    if key not in ("primary", "foreign"):
        raise SchemaError(
            f'{where}: a key is "primary" or "foreign", not {key!r}.', hint=suggestion(str(key), ("primary", "foreign"))
        )
    idle = {"primary": "reference", "foreign": "order"}[key]
    if idle in sql:
        raise SchemaError(
            f"{where}: a {key} key says {idle} = {sql[idle]!r}, which is for the other kind of key.",
            hint="Keep one: a field is a primary key, or refers to one.",
        )
    if key == "primary":
        order = sql.get("order")
        if order is not None and order not in KEY_ORDERS:
            raise SchemaError(f"{where}: there is no key order {order!r}.", hint=suggestion(str(order), KEY_ORDERS))
        values["key"] = Key(order)
        return
    target = sql.get("reference")
    parts = target.split(".") if isinstance(target, str) else []
    if len(parts) != 2 or not all(parts):
        raise SchemaError(
            f"{where}: a foreign key refers to Table.field, not {target!r}.",
            hint=f'Write ForeignKey("{parts[0] if parts and parts[0] else "Manager"}.id").',
        )
    values["reference"] = Reference(*parts)
