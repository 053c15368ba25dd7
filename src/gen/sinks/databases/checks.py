"""This file knows what of a column's declaration is a condition in SQL: bounds, lengths, listed values, multiples."""

from __future__ import annotations

from collections.abc import Iterator

from gen.schema.spec import Column
from gen.sinks.databases.dialect import Dialect
from gen.sinks.databases.types import SqlType

_ORDERED = ("integer", "number", "decimal", "date", "datetime", "time", "duration")


def conditions(dialect: Dialect, column: Column, name: str, kind: SqlType) -> Iterator[str]:
    """Each condition on a column, `name` as SQL has it; of what stands for a null, none."""
    for said in _conditions(dialect, column, name, kind):
        if column.null_value is None:
            yield said
        else:
            yield f"{said} OR {name} = {dialect.literal(column.null_value)}"


def _conditions(dialect: Dialect, column: Column, name: str, kind: SqlType) -> Iterator[str]:
    if column.kind == "choice" and kind.word != "json":
        yield f"{name} IN ({', '.join(dialect.literal(choice) for choice in column.choices)})"
    if column.kind in _ORDERED and not kind.is_text(dialect.types):
        for bound, excluded, sign in (
            (column.minimum, column.minimum_excluded, ">"),
            (column.maximum, column.maximum_excluded, "<"),
        ):
            if bound is not None:
                yield f"{name} {sign}{'' if excluded else '='} {dialect.literal(bound)}"
    if column.kind in ("integer", "decimal") and column.multiple_of is not None and "mod" in dialect.functions:
        rest = dialect.functions["mod"].format(column=name, number=dialect.literal(column.multiple_of))
        yield f"{rest} = 0"
    if column.kind == "text" and kind.word in ("text", "varchar"):
        length = dialect.functions["length"].format(column=name)
        if column.min_length:
            yield f"{length} >= {column.min_length}"
        if column.max_length is not None and not dialect.capabilities.lengths:
            yield f"{length} <= {column.max_length}"
