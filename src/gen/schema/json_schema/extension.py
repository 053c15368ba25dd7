"""This file knows the `x-gen` block of a document: facts as a user says them, and as `gen schema` writes them.

`gen schema` writes facts of a column as `written` does. What both say is told apart by its shape: a law that `written`
wrote has "parameters", noise is a list of pairs; a user's are as `facts` and `row_facts` read them.
"""

from __future__ import annotations

import datetime
import decimal
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from gen.errors import SchemaError
from gen.schema.choices import CONSTANT_KINDS
from gen.schema.constraints import CASES
from gen.schema.facts import FACTS
from gen.schema.links import AGGREGATES, KEY_ORDERS
from gen.schema.row_markers import DIRT
from gen.schema.spec import COLUMN_DEFAULTS, KINDS, Column, suggestion
from gen.schema.written import TAGS, column_from_json

EXTENSION = "x-gen"  # what JSON Schema cannot say of a column, in gen's own vocabulary
_OF_TABLES = ("tables", "rows", "fixed", "schema")  # of a whole document

# -- what each fact looks like, as `gen schema` writes it -----------------------------------------------------------

_Shape = Callable[[Any], bool]
_TAGGED = {tag for tag, *_ in TAGS}


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _tagged(value: Any) -> bool:
    """A value that JSON has no type for: the kind of it, and its text. That it can be read is seen in reading it."""
    return isinstance(value, dict) and len(value) == 1 and value.keys() <= _TAGGED and all(map(_text, value.values()))


def _value(value: Any) -> bool:
    return isinstance(value, (str, int, float)) or _tagged(value)


def _amount(value: Any) -> bool:
    return _number(value) or _tagged(value)


def _share(value: Any) -> bool:
    return _number(value) and 0 <= value <= 1


def _or_none(shape: _Shape) -> _Shape:
    return lambda value: value is None or shape(value)


def _one_of(*values: str) -> _Shape:
    return lambda value: isinstance(value, str) and value in values


def _several(shape: _Shape) -> _Shape:
    return lambda value: isinstance(value, list) and all(map(shape, value))


def _pairs(first: _Shape, second: _Shape) -> _Shape:
    return _several(lambda pair: isinstance(pair, list) and len(pair) == 2 and first(pair[0]) and second(pair[1]))


def _record(**shapes: _Shape) -> _Shape:
    """An object of these members, and of no others."""
    return lambda value: (
        isinstance(value, dict) and value.keys() == shapes.keys() and all(shapes[name](value[name]) for name in shapes)
    )


def _parameter(value: Any) -> bool:
    return all(map(_parameter, value)) if isinstance(value, list) else _number(value) or _law(value)


_law = _record(name=_text, parameters=_pairs(_text, _parameter))


def _short_record(needed: Mapping[str, _Shape], others: Mapping[str, _Shape]) -> _Shape:
    """An object of these members, and maybe of others."""
    return lambda value: (
        isinstance(value, dict)
        and needed.keys() <= value.keys() <= {*needed, *others}
        and all({**needed, **others}[name](member) for name, member in value.items())
    )


_CHILDREN = _short_record({"law": _law}, {"none": _share, "least": _count, "most": _count, "scattered": _flag})
_TREE = _short_record({}, {"roots": _number, "depth": _count, "children": _count})
_RING = _short_record({}, {"backwards": _flag, "closed": _flag})


def _check(value: Any) -> bool:
    try:
        return isinstance(json.loads(value), (dict, bool))
    except (TypeError, ValueError):
        return False


def _parts(value: Any) -> bool:
    return _several(lambda part: isinstance(part, dict) and {"name", "kind"} <= part.keys() and not _wrong(part))(value)


_TEXTS = ("title", "format", "judge", "function", "locale", "of", "domain", "synthesizer", "derived", "when")
_FLAGS = ("minimum_excluded", "maximum_excluded", "zoned", "unique_items", "as_python", "may_be_absent", "implied")
_COUNTS = ("max_digits", "decimal_places", "min_length", "max_length", "version")
_SHAPES: dict[str, _Shape] = {
    "name": _text,
    "kind": _one_of(*KINDS),
    **dict.fromkeys(("minimum", "maximum"), _amount),
    "multiple_of": lambda value: _tagged(value) or (_number(value) and value > 0),
    **dict.fromkeys(_TEXTS, _text),
    **dict.fromkeys(_FLAGS, _flag),
    **dict.fromkeys(_COUNTS, _count),
    **dict.fromkeys(("distribution", "lengths"), _law),
    **dict.fromkeys(("patterns", "depends_on"), _several(_text)),
    "correlated": _pairs(_text, lambda value: _number(value) and -1 <= value <= 1),
    "noise": _pairs(_one_of("", *DIRT), _share),
    "given": lambda value: _text(value) and value != "",
    "case": _one_of(*CASES.values()),
    "relative": _one_of("past", "future"),
    "stored": _one_of("text", "json"),
    "contained": _pairs(_count, _or_none(_count)),
    "choices": _several(_value),
    "weights": _several(_number),
    "undrawn": _pairs(_text, _text),
    "parts": _parts,
    "nulls": _share,
    "null_value": _value,
    "check": _check,
    "after": _record(field=_text, least=_or_none(_number), within=_or_none(_number)),
    "values": _pairs(_or_none(_value), _or_none(_value)),
    "key": _record(order=_or_none(_one_of(*KEY_ORDERS))),
    "unique": _several(_text),
    "reference": _short_record(
        {"table": _text, "column": _text},
        dict.fromkeys(("name", "where", "popularity"), _text)
        | {"covering": _flag, "matching": _pairs(_text, _text), "children": _CHILDREN, "tree": _TREE, "ring": _RING},
    ),
    "ordinal": _short_record({"reference": _text}, {"start": _number}),
    "copied": lambda value: _several(_text)(value) and len(value) > 1,
    "aggregate": _short_record(
        {"name": _one_of(*AGGREGATES), "table": _text}, dict.fromkeys(("column", "through", "by"), _text)
    ),
    "provider": _record(name=_text, locale=_or_none(_text), arguments=_pairs(_text, lambda value: True), pool=_count),
}
# What a user says in the same shape, and `facts` reads: so it is checked as theirs.
_ALIKE = ("domain", "synthesizer", "nulls", "weights", "derived", "after", "when")
# the kinds that have bounds -> what these are
_BOUNDS: dict[str, tuple[type, ...]] = {
    "integer": (int, float),
    "number": (int, float),
    "decimal": (int, float, decimal.Decimal),
    "datetime": (datetime.datetime,),
    "date": (datetime.date,),
    "time": (datetime.time,),
    "duration": (datetime.timedelta,),
}
_PARTS = {"list": 1, "map": 2, "union": -1}  # how many they have; -1: one at least


def _wrong(facts: Mapping[str, Any]) -> str | None:
    """The first of some facts that is not as `gen schema` would write it."""
    return next((name for name, value in facts.items() if not _fits(name, value)), None)


def _fits(name: str, value: Any) -> bool:
    if value is None:  # what a plain schema says, taken back
        return name in _SHAPES and COLUMN_DEFAULTS.get(name, "") is None and (name not in FACTS or name in _CLEARED)
    return name in _SHAPES and _SHAPES[name](value)


_CLEARED = ("nulls", "stored")


# -- reading ----------------------------------------------------------------------------------------------------------


def read_block(where: str, block: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """An `x-gen` block: facts of the column as `gen schema` writes them, and facts as a user says them.

    Raises SchemaError where a fact is neither.
    """
    if not isinstance(block, dict):
        raise SchemaError(f"{where}: {EXTENSION} is {block!r:.80}.", hint="Give an object of facts.")
    own: dict[str, Any] = {}
    said: dict[str, Any] = {}
    for name, value in block.items():
        if name in _OF_TABLES:
            continue
        if name != "name" and _fits(name, value) and (name not in _ALIKE or value is None):
            own[name] = value
        elif name in FACTS:
            said[name] = value
            own |= {name: value} if name == "nulls" and _share(value) else {}  # of what a schema calls never null, too
        elif name in _SHAPES and name != "name":
            raise _unfit(where, name, value)
        else:
            known = sorted({*FACTS, *_SHAPES} - {"name"})
            raise SchemaError(
                f"{where}: {EXTENSION} says {name!r}, which is no fact of a column.", hint=suggestion(name, known)
            )
    return own, said


def rows_of_block(where: str, schema: Any, rows: int | None, fixed: bool) -> tuple[int | None, bool]:
    """How many rows the block of a document says that its table has, and whether always; else these."""
    block = schema.get(EXTENSION, {}) if isinstance(schema, dict) else {}
    if not isinstance(block, dict):
        return rows, fixed  # refused where its columns are read
    rows, fixed = block.get("rows", rows), block.get("fixed", fixed)
    if not _or_none(_count)(rows) or not _flag(fixed):
        raise SchemaError(
            f"{where}: {EXTENSION} says rows = {rows!r:.40}, fixed = {fixed!r:.40}.",
            hint="Give a whole number of rows, and for fixed true or false.",
        )
    return rows, fixed


def extended(where: str, column: Column, own: Mapping[str, Any]) -> Column:
    """The column with the facts of its block as `gen schema` writes them. Raises SchemaError where one cannot be."""
    if not own:
        return column
    for name, value in own.items():
        try:
            said = column_from_json({"name": column.name, "kind": column.kind, name: value})
        except (TypeError, ValueError, ArithmeticError) as error:  # of a text that is no date, no decimal, ...
            raise _unfit(where, name, value) from error
        column = replace(column, **{name: getattr(said, name)})
    for part in _every(column):
        wrong = _contradiction(part)
        if wrong:
            raise SchemaError(
                f"{where}: {EXTENSION} makes it {KINDS[part.kind]} with {wrong}.", hint="Leave it out of the block."
            )
    return column


def _unfit(where: str, name: str, value: Any) -> SchemaError:
    return SchemaError(
        f"{where}: {EXTENSION} says {name} = {value!r:.80}, which is not how `gen schema` writes it.",
        hint="Leave it out of the block, and say it by a keyword of JSON Schema beside `type`.",
    )


def _every(column: Column) -> Iterator[Column]:
    yield column
    for part in column.parts:
        yield from _every(part)


def _contradiction(column: Column) -> str | None:
    """What a column of its kind cannot have, in words."""
    for name in ("minimum", "maximum"):
        bound = getattr(column, name)
        if bound is not None and (not isinstance(bound, _BOUNDS.get(column.kind, ())) or isinstance(bound, bool)):
            return f"{name} = {bound!r}"
    constant = column.kind in CONSTANT_KINDS and len(column.choices) == 1
    if (column.kind == "choice") != bool(column.choices) and not constant:
        return f"choices = {column.choices!r:.80}" if column.choices else "no choices"
    if column.stored == "text" and column.kind != "uuid":
        return "stored = 'text'"
    if column.given and not column.parts:
        return f"given = {column.given!r} and no cases"
    wanted, parts = _PARTS.get(column.kind), len(column.parts)
    if wanted is not None and not column.given and not (parts if wanted < 0 else parts == wanted):
        return f"{parts} parts"
    return None
