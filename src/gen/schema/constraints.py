"""This file knows how the constraints of annotated-types and Pydantic narrow a column."""

from __future__ import annotations

import datetime
import decimal
import itertools
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import annotated_types
from pydantic.fields import FieldInfo

from gen.errors import SchemaError
from gen.schema import phones
from gen.schema.spec import Column

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
SIZED = ("text", "bytes", "list", "map")
# attribute of a constraint -> (fact of the column, fact that says it is excluded)
_BOUNDS = {
    "ge": ("minimum", False),
    "gt": ("minimum", True),
    "le": ("maximum", False),
    "lt": ("maximum", True),
}
# what changes text after it was checked: draw it as it will be
TRANSFORMED = {"to_upper": "^[^a-z]*$", "to_lower": "^[^A-Z]*$", "strip_whitespace": r"^(\S(.*\S)?)?$"}
SAID = {"to_upper": "in upper case", "to_lower": "in lower case", "strip_whitespace": "without spaces at its ends"}
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
    if column.kind not in SIZED:
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
    return replace(column, patterns=(*column.patterns, TRANSFORMED[attribute]))


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
    **dict.fromkeys(TRANSFORMED, _transformed),
    "max_digits": _digits,
    "decimal_places": _digits,
    "tz": _time_zone,
    "uuid_version": _version,
    "encoder": _encoder,
    "allowed_schemes": _schemes,
    "func": _predicate,
}
