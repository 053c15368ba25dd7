"""This file knows how many rows every table has: declared counts scaled together, and those that follow from others."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import replace

from gen.counts import RowRequest
from gen.errors import BadRequest, SchemaError
from gen.schema.links import Reference
from gen.schema.spec import Column, Spec, Table
from gen.synth.agreeing.company import in_company
from gen.synth.related.children import histogram_for, rows_with_parents
from gen.synth.related.dealing import condition_of, dealing_of


def appended_rows(spec: Spec, request: RowRequest, there: Mapping[str, int]) -> dict[str, int]:
    """How many rows each table gets when rows are appended to as many as are `there`.

    As `scaled_rows`, but of fixed tables none; where only some tables are pinned, of the others none but those that
    follow them; and a factor is one of the rows that are there. Raises BadRequest where it comes to none.
    """
    made = [table for table in spec.tables if not table.existing]
    if request == RowRequest():
        raise BadRequest(
            "--append does not say how many rows.",
            hint=f"Say it: --rows 1000, --rows {made[0].name}=1000, or --scale 0.1 for a tenth of what is there.",
        )
    if request.factor is not None:
        spec = replace(spec, tables=tuple(t if t.existing else replace(t, rows=there[t.name]) for t in spec.tables))
    only = request.largest is None and request.factor is None
    left = [t.name for t in made if t.name not in request.pinned and (only or t.fixed)]
    tables = tuple(replace(t, rows=0) if t.name in left and not t.follows else t for t in spec.tables)
    none = BadRequest(
        "No rows would be appended: tables that are fixed, or have none, get none in proportion.",
        hint=f"Name those that get some: --rows {made[0].name}=1000.",
    )
    if not any(table.rows for table in tables if not (table.existing or table.follows)) and not any(
        request.pinned.values()
    ):
        raise none
    found = scaled_rows(replace(spec, tables=tables), request, appended=True)
    if not any(found[table.name] for table in made):
        raise none
    return found


def scaled_rows(spec: Spec, request: RowRequest, *, appended: bool = False) -> dict[str, int]:
    """Rows of every table: declared counts scaled together, rounded, never below 1 where there is one; fixed tables
    and pins stay. Tables that follow their parents have as many rows as these have children.

    The largest table has exactly the rows that are asked for it, where it follows others, too. `appended`: rows that
    exist already have had their children.
    """
    for name in request.pinned:
        if spec.table(name).existing:  # an unknown table is an error, too
            raise BadRequest(
                f"--rows {name}={request.pinned[name]:,}: {name} exists already, with {spec.table(name).rows:,} rows.",
                hint="Leave it out: it is not made.",
            )
    declared = _with_followers(spec, {t.name: t.rows for t in spec.tables if not t.follows}, request, appended)
    free = [t.name for t in spec.tables if not t.fixed and t.name not in request.pinned]
    biggest = max((declared[t.name] for t in spec.tables if not t.fixed), default=0)
    if request.largest is not None and free and not biggest:
        raise BadRequest(
            f"--rows asks for {request.largest:,} rows, and every table is declared empty.",
            hint=f"Say how many each has: --rows {free[0]}={request.largest}.",
        )
    rows: dict[str, int] = {}
    for table in spec.tables:
        count = declared[table.name]
        if table.name not in free or not count:
            count = request.pinned.get(table.name, count)
        elif request.largest is not None and biggest:
            count = max(1, (2 * count * request.largest + biggest) // (2 * biggest))
        elif request.factor is not None:
            count = max(1, round(count * request.factor))
        is_largest = request.largest is not None and table.name in free and declared[table.name] == biggest
        if not table.follows or table.name in request.pinned or is_largest:
            rows[table.name] = count
    found = _with_followers(spec, rows, request, appended)
    return {table.name: found[table.name] for table in spec.tables}


def _with_followers(spec: Spec, rows: Mapping[str, int], request: RowRequest, appended: bool) -> dict[str, int]:
    """The rows of all tables, of those that are not among the given as many as their parents have children."""
    found = dict(rows)
    waiting = {table.name: _followed(table) for table in spec.tables if table.name not in found}
    while waiting:
        ready = [name for name, (_, reference) in waiting.items() if reference.table in found]
        if not ready:
            raise SchemaError(
                f"{' and '.join(waiting)}: each has as many rows as another's have children, around in a circle.",
                hint=f"Say how many rows one of them has: schema.add({next(iter(waiting))}, rows=1000).",
            )
        for name in ready:
            column, reference = waiting.pop(name)
            parents = _parents_of(spec, found, reference.table, appended)
            found[name] = _children(spec, name, column, reference, parents, request)
    return found


def _children(spec: Spec, name: str, column: Column, reference: Reference, parents: int, request: RowRequest) -> int:
    """The rows of a table that has as many as so many parents have children, by a column's reference."""
    where = f"{name}.{column.name}"
    accepted = parents if reference.where is None else _accepted(spec, where, reference, reference.where, parents)
    if accepted is None and name in request.pinned:
        return request.pinned[name]
    if accepted is None:
        raise SchemaError(
            f"{where}: its table has as many rows as those of {reference.table} where {reference.where!r} have "
            "children, and how many these are is not known before they are made.",
            hint=f"Say how many rows there are: --rows {name}=1000, schema.add({name}, rows=1000); or name only fields "
            "in the condition that are choices or booleans, drawn by themselves.",
        )
    assert reference.children is not None
    total = histogram_for(where, reference.children, accepted).total
    return rows_with_parents(where, total, column.nulls or 0.0)


def _accepted(spec: Spec, where: str, reference: Reference, text: str, rows: int) -> int | None:
    """How many of a table's rows a condition accepts, where that is known before they are made."""
    table = in_company(spec.table(reference.table), rows, datetime.date(2000, 1, 1))
    condition, dealing = condition_of(spec, where, table.name, text), dealing_of(spec, table, rows, 0)
    return dealing.union(condition).size if dealing is not None and dealing.serves(condition) else None


def _followed(table: Table) -> tuple[Column, Reference]:
    """The column, and its reference, whose parents' children are the table's rows."""
    return next((c, c.reference) for c in table.columns if c.reference and c.reference.children)


def _parents_of(spec: Spec, rows: Mapping[str, int], name: str, appended: bool) -> int:
    """How many rows of a table others may refer to, of those that are made now, and of those that exist at first."""
    table = spec.table(name)
    if appended:
        return 0 if table.existing else rows[name]
    return rows[name] + (rows[table.extends] if table.extends else 0)
