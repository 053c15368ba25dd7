"""This file knows a schema as it is drawn: which keys others decide, and which columns are keys because they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gen.errors import CapacityError, SchemaError
from gen.schema.links import Key
from gen.schema.relations import is_unique, key_circle, reference_groups
from gen.schema.spec import Column, Spec, Table


def drawn(spec: Spec, rows: Mapping[str, int]) -> Spec:
    """The schema as it is drawn: of keys that refer to each other in a circle one is drawn; what is unique is a key."""
    tables = []
    for table in spec.tables:
        columns = tuple(_drawn_column(spec, table, column, rows) for column in table.columns)
        tables.append(replace(table, columns=columns))
    return replace(spec, tables=tuple(tables))


def _drawn_column(spec: Spec, table: Table, column: Column, rows: Mapping[str, int]) -> Column:
    circle = key_circle(spec, table, column)
    if circle:
        _refuse_together(spec, circle)
        counts = {name: rows[name] for name, _ in circle}
        if len(set(counts.values())) > 1:
            said = ", ".join(f"{name} {count:,}" for name, count in counts.items())
            raise CapacityError(
                f"{table.name}.{column.name}: its keys are those of {' and '.join(counts.keys() - {table.name})}, and "
                f"theirs are its own; the tables have unequal numbers of rows: {said}.",
                hint="Ask for as many rows of each.",
            )
        if circle[0] == (table.name, column.name):
            return replace(column, reference=None)
    alone = column.unique and not column.key and is_unique(table, [column.name])
    if alone and column.reference is None:
        return replace(column, key=Key("scattered", primary=False))
    return column


def _refuse_together(spec: Spec, circle: Sequence[tuple[str, str]]) -> None:
    """Refuse a circle of keys of which one refers together with other columns: several rows may have the same."""
    for i, (name, column) in enumerate(circle):
        group = next(each for each in reference_groups(spec, spec.table(name)) if column in each.columns)
        others = [each for each in group.columns if each != column]
        if others:
            target, key = circle[(i + 1) % len(circle)]
            raise SchemaError(
                f"{name}.{column}: it refers to {target}.{key} together with {', '.join(others)}, and that to it in "
                "the end: none of them says which values there are.",
                hint=f'Leave the ForeignKey beside {column} out, and say matching={{"{column}": "{key}"}} beside '
                f"{others[0]}.",
            )
