"""This file knows what draws each column of a table, before columns know each other's tables."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from gen.errors import SchemaError
from gen.schema.relations import is_unique
from gen.schema.spec import Column, Table
from gen.synth.correlation import correlate
from gen.synth.held import SynthesizeHeld
from gen.synth.judging.judged import where_judged
from gen.synth.key_pools import check_distinct, refuse_made
from gen.synth.nested import SynthesizeField, Whole
from gen.synth.noise import Dirt, dirt_of
from gen.synth.synthesizer import Synthesizer, synthesizer_of
from gen.synth.table import TableSource
from gen.synth.tied.ordered import with_room, with_room_inside


def where_judged_in(source: TableSource) -> TableSource:
    """The table, in which only those models inside rows are asked that refuse some values."""
    if not source.rows:
        return source
    judged = {name: where_judged(s) for name, s in source.columns.items() if any(s.column.judges())}
    return replace(source, columns={**source.columns, **judged}) if judged else source


def dirt_in(table: Table, source: TableSource) -> dict[str, Dirt]:
    """The dirt that its columns declare; which values no key has is known once the keys are."""
    return {column.name: dirt_of(source.columns[column.name], column) for column in table.columns if column.noise}


Before = Callable[[Table, str], "tuple[Table, Column] | None"]


def columns_of(
    table: Table, rows: int, seed: int, before: Before, only: Collection[str] | None = None
) -> dict[str, Synthesizer]:
    """A synthesizer for every column, or for some keys; those of a table that is drawn whole are fields of it."""
    if table.existing:
        return {c.name: SynthesizeHeld(c, table.name, rows, seed) for c in table.columns}
    if table.whole is not None:
        return _fields(table, table.whole, rows, seed)
    declared = with_room(table.columns, table.name, rows, seed, lambda path: before(table, path))
    synthesizers = {c.name: _synthesizer(table, c, rows, seed) for c in declared if only is None or c.name in only}
    correlate(table.name, synthesizers)
    for synthesizer in synthesizers.values():
        synthesizer.check_beside(synthesizers)
    return synthesizers


def _fields(table: Table, whole_column: Column, rows: int, seed: int) -> dict[str, Synthesizer]:
    """The columns of a table that is drawn whole."""
    whole_column = with_room_inside(whole_column, table.name, rows, seed)
    root = synthesizer_of(whole_column, table.name, rows, seed, "")
    whole = Whole(root)
    inner: Any = getattr(root, "inner", root)
    made: dict[str, Synthesizer] = {}
    for column in table.columns:
        if column.key or column.reference:
            raise SchemaError(
                f"{table.name}.{column.name}: a key in a table whose schema ties its columns together.",
                hint="Say what it means without `not`, `oneOf`, `if`, `maxProperties` or dependent keywords.",
            )
        field = SynthesizeField(column, table.name, rows, seed)
        made[column.name] = field.of(whole, inner.parts[column.name])
    return made


def _synthesizer(table: Table, column: Column, rows: int, seed: int) -> Synthesizer:
    """What draws a column; a key that is one together with others is drawn as no key, and combined later."""
    alone = column.key is None or is_unique(table, [column.name])
    if alone or column.reference or column.ordinal or column.copied:
        synthesizer = synthesizer_of(column, table.name, rows, seed)
        if alone and column.key and not synthesizer.unique and not column.reference:
            refuse_made(synthesizer)
            check_distinct(synthesizer)
        return synthesizer
    return synthesizer_of(replace(column, key=None), table.name, rows, seed)
