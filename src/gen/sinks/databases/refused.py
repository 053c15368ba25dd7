"""This file knows, before a row is drawn, which columns would have values that a database cannot hold."""

from __future__ import annotations

from collections.abc import Iterator

from gen.errors import SchemaError
from gen.schema.spec import Column, Spec, with_parts
from gen.sinks.databases.dialect import LEAVE_OUT, Dialect
from gen.synth.patterns.parser import parse


def check_values(dialect: Dialect, spec: Spec) -> None:
    """Refuse columns that list, or ask by a pattern for, what the database has no place for. Raises SchemaError."""
    if dialect.capabilities.nul:
        return
    for table in spec.tables:
        for path, column in with_parts(table.columns) if not table.existing else ():
            if any(_with_nul(f"{table.name}.{path}", column)):
                raise SchemaError(
                    f"{table.name}.{path}: its texts may have the character NUL, which {dialect.name} cannot store.",
                    hint=LEAVE_OUT,
                )


def _with_nul(where: str, column: Column) -> Iterator[bool]:
    """Whether each of the things that a column says of its texts has the character NUL."""
    for value in (*column.choices, column.null_value):
        yield isinstance(value, str) and "\0" in value
    for pattern in column.patterns:
        yield any(first == 0 for first, _ in parse(where, pattern).named)
