"""This file knows which items of a set Python calls equal, though Arrow does not: 1 and True, sets in any order."""

from __future__ import annotations

import decimal
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pyarrow as pa

from gen.schema.spec import Column
from gen.synth.synthesizer import Synthesizer


def as_python(item: Synthesizer, values: pa.Array) -> pa.Array:
    """For each item a text; two texts are equal where Python calls the items equal."""
    return pa.array([_written(item.column, value) for value in item.python(values)], pa.string())


def _written(column: Column | None, value: Any) -> str:
    """A value as a text that all that equal it have. column: what it is of, where that is known."""
    if isinstance(value, (bool, int, float, decimal.Decimal)):
        return str(Fraction(value))
    if isinstance(value, Mapping):
        fields = {part.name: part for part in column.parts} if column and column.kind == "object" else {}
        inside = [f"{_written(None, name)}:{_written(fields.get(name), each)}" for name, each in value.items()]
        return f"{{{','.join(sorted(inside))}}}"
    if not isinstance(value, (list, tuple, set, frozenset)):
        return repr(value)
    lists = _lists_of(column)
    if lists and lists[0].kind == "tuple":
        return f"({','.join(map(_written, lists[0].parts, value))})"
    inside = [_written(lists[0].parts[0] if lists else None, each) for each in value]
    if any(one.unique_items for one in lists):
        return f"{{{','.join(sorted(inside))}}}"
    return f"[{','.join(inside)}]"


def _lists_of(column: Column | None) -> list[Column]:
    """The column, or those of its branches, that are lists or tuples."""
    if column is None:
        return []
    return [one for one in (column.parts if column.kind == "union" else (column,)) if one.kind in ("list", "tuple")]
