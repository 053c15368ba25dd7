"""This file knows whether a field takes the value that stands for none in it, as "999-99-9999" does."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from gen.errors import SchemaError
from gen.schema.formats import JUDGED, format_checker
from gen.schema.spec import Column, Spec, with_parts

# what is wrong, and whether it is, of a column and a value
_OUTSIDE: tuple[tuple[str, Callable[[Column, Any], bool]], ...] = (
    ("it is none of its values", lambda c, v: c.kind == "choice" and v not in c.choices),
    ("it is below {c.minimum}", lambda c, v: c.minimum is not None and v < c.minimum),
    ("it is not above {c.minimum}", lambda c, v: c.minimum_excluded and v == c.minimum),
    ("it is above {c.maximum}", lambda c, v: c.maximum is not None and v > c.maximum),
    ("it is not below {c.maximum}", lambda c, v: c.maximum_excluded and v == c.maximum),
    ("it is shorter than {c.min_length}", lambda c, v: c.min_length is not None and len(v) < c.min_length),
    ("it is longer than {c.max_length}", lambda c, v: c.max_length is not None and len(v) > c.max_length),
    ("it does not match its pattern", lambda c, v: not all(re.search(pattern, v) for pattern in c.patterns)),
    ("it is not of the format {c.format!r}", lambda c, v: c.format in JUDGED and not _is_of(c.format, v)),
)


def _is_of(name: str, value: Any) -> bool:
    return bool(format_checker().conforms(value, name))


def check_stand_ins(spec: Spec) -> None:
    """Refuse values that stand for none where a field's own constraints exclude them."""
    for table in spec.tables:
        for path, column in with_parts(table.columns):
            if column.null_value is not None:
                _check(f"{table.name}.{path}", column)


def _check(where: str, column: Column) -> None:
    for why, is_outside in _OUTSIDE:
        try:
            outside = is_outside(column, column.null_value)
        except (TypeError, re.error):  # not of the kind, which is found when it is drawn; another dialect of patterns
            continue
        if outside:
            raise refused_stand_in(where, column, why.format(c=column))


def refused_stand_in(where: str, column: Column, why: str) -> SchemaError:
    """The error of a value that stands for none, and that the field does not take."""
    return SchemaError(
        f"{where}: {column.null_value!r} stands for no value, and the field does not take it: {why}.",
        hint="Widen the field so that it takes it, or make the field Optional and leave the value out.",
    )
