"""This file knows where copies and aggregates lead: to the column that is copied, the link whose rows are summed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gen.errors import SchemaError
from gen.schema.matching import Path, meeting_of
from gen.schema.relations import reference_groups
from gen.schema.spec import Spec, suggestion
from gen.synth.related.aggregates import SynthesizeAggregate
from gen.synth.related.copies import SynthesizeCopy
from gen.synth.related.links import Link
from gen.synth.related.matched import MatchedPick
from gen.synth.related.parents import AllRows, JoinedRows
from gen.synth.related.paths import Ascent, Descent, Level, Reached
from gen.synth.related.references import SynthesizeReference
from gen.synth.rows import OF_SEVERAL, TO_SEVERAL, refers_to_several
from gen.synth.synthesizer import Synthesizer

Columns = Callable[[str], Mapping[str, Synthesizer]]  # those of a table, by its name


def refuse_inside(column: Synthesizer, part: Synthesizer) -> None:
    """Refuse, inside another field, what is of the rows of a table; a copy there is a path in an expression."""
    said = part.column
    what = said.aggregate or ("a copy" if said.copied else "an ordinal")
    instead = f'; here write Derived("{".".join(said.copied)}")' if said.copied else ""
    raise SchemaError(
        f"{part.where}: it is {what} inside another field, {column.column.name}.",
        hint=f"Only a field of the table itself can be that{instead}.",
    )


def copied_from(columns: Columns, table: str, copy: SynthesizeCopy) -> tuple[str, str]:
    """The table, and the column of it, that a copy copies. Raises SchemaError where its path leads nowhere."""
    *path, last = copy.column.copied
    here, said = table, ".".join(copy.column.copied)
    for name in path:
        reference = columns(here).get(name)
        referring = [n for n, s in columns(here).items() if s.column.reference]
        if refers_to_several(reference):
            raise SchemaError(f"{copy.where}: it copies {said}, and {here}.{name} {TO_SEVERAL}.", hint=OF_SEVERAL)
        if not isinstance(reference, SynthesizeReference) or reference.column.reference is None:
            raise SchemaError(
                f"{copy.where}: it copies {said}, and {here}.{name} is no reference.",
                hint=f"All names of a copy but the last are references. {suggestion(name, referring)}",
            )
        here = reference.column.reference.table
    if last not in columns(here):
        raise SchemaError(
            f"{copy.where}: it copies {said}, and {here} has no field {last!r}.",
            hint=suggestion(last, columns(here)),
        )
    return here, last


def summed_link(spec: Spec, columns: Columns, table: str, aggregate: SynthesizeAggregate) -> Link:
    """The link whose rows refer to a table's, and which an aggregate there is of. Raises SchemaError."""
    said = aggregate.aggregate
    names = [t.name for t in spec.tables]
    if said.table not in names:
        raise SchemaError(
            f"{aggregate.where}: it is {said}, and there is no table {said.table!r}.",
            hint=suggestion(said.table, names),
        )
    children = columns(said.table)
    for name in (said.column, said.by):
        if name is not None and name not in children:
            raise SchemaError(
                f"{aggregate.where}: it is {said}, and {said.table} has no field {name!r}.",
                hint=suggestion(name, children),
            )
    return _link_back(table, aggregate, children)


def _link_back(table: str, aggregate: SynthesizeAggregate, columns: Mapping[str, Synthesizer]) -> Link:
    said = aggregate.aggregate
    back: dict[str, SynthesizeReference] = {
        name: s
        for name, s in columns.items()
        if isinstance(s, SynthesizeReference) and s.column.reference and s.column.reference.table == table
    }
    links = {id(s.link): name for name, s in back.items()}
    through = said.through or next((n for n, s in columns.items() if _leads_to(s, table)), None)
    if through is not None and (said.through or not back) and _leads_to(columns.get(through), table):
        raise SchemaError(f"{aggregate.where}: it is {said}, and {said.table}.{through} {TO_SEVERAL}.", hint=OF_SEVERAL)
    if said.through is not None:
        if said.through not in back:
            raise SchemaError(
                f"{aggregate.where}: it is {said} through {said.through!r}, which does not refer to {table}.",
                hint=suggestion(said.through, back),
            )
        chosen = said.through
    elif len(links) == 1:
        chosen = next(iter(links.values()))
    else:
        raise SchemaError(
            f"{aggregate.where}: it is {said}, and {len(links) or 'no'} fields of {said.table} refer to {table}"
            f"{': ' + ', '.join(links.values()) if links else ''}.",
            hint=f'Say which: through="{next(iter(links.values()))}".' if links else "Give it a ForeignKey.",
        )
    link = back[chosen].link
    assert link is not None
    if not link.is_invertible:
        declare = (
            f"Declare beside {said.table}.{chosen} how many rows each has, and nothing else of the parents: "
            "Children(Poisson(3))."
        )
        raise SchemaError(
            f"{aggregate.where}: which rows of {said.table} refer to a row of {table} cannot be told without a "
            f"look at all of them: {said.table}.{chosen} refers to them so: {link.pick.described()}.",
            hint="Leave it out, or `matching`." if isinstance(link.pick, MatchedPick) else declare,
        )
    return link


# -- references that match ------------------------------------------------------------------------------------------


def join_matched(tables: Any, table: str, name: str, pick: MatchedPick, epochs: Sequence[Any]) -> None:
    """Hand a reference that matches the links by which its parents are found. epochs: how the tables were made each
    time that they were, the last time last. Raises SchemaError, ReferenceError.
    """
    if pick.ascent is not None:
        return
    now = epochs[-1]
    own = now.spec.table(table)
    group = next(each for each in reference_groups(now.spec, own) if name in each.columns)
    meeting = meeting_of(now.spec, own, group)
    where = f"{pick.where}: it matches by {pick.said}"
    for step in (*meeting.own[1:], *meeting.theirs):
        _refuse_unknown(where, now, *step)
    for child, _ in meeting.theirs:
        for epoch in epochs:
            _join_leads(epoch, child)
    descent = _descent(epochs, meeting.theirs)
    for i, levels in enumerate(descent.levels):
        for level in levels:
            _refuse_uncounted(where, ".".join(meeting.theirs[-1 - i]), descent, i, level)
            if pick.tree is not None and not level.link.is_in_order:
                raise SchemaError(
                    f"{pick.where}: its rows are a tree, a parent before its children, and "
                    f"{'.'.join(meeting.theirs[-1 - i])} says that they are scattered.",
                    hint='Leave order="scattered" out.',
                )
    size = now.first_row(meeting.table) + now.rows[meeting.table]
    ascent = Ascent(tables, meeting.own, now.first_row(table))
    pick.agree(ascent, descent, _reached(epochs, meeting.own), meeting.table, size)
    if now.rows[table]:
        pick.check()
    lead = now.columns(table)[pick.lead] if pick.lead else None
    if lead is not None and lead.column.reference.where is None and pick.is_seen:
        lead.link.pick.settle()


def _reached(epochs: Sequence[Any], path: Path) -> Reached:
    """The rows to which a path leads from the rows that are made now."""
    if not path:
        return Reached(None, Descent(()))
    table, column = path[0]
    parents, rest = epochs[-1].columns(table)[column].link.parents, _descent(epochs, path[1:])
    if rest.levels and isinstance(parents, JoinedRows) and type(parents.parts[0][1]) is AllRows:  # those made now
        last = tuple(level for level in rest.levels[-1] if level.first >= parents.parts[0][0])
        return Reached(None, Descent((*rest.levels[:-1], last)))
    return Reached(parents, rest)


def _descent(epochs: Sequence[Any], path: Path) -> Descent:
    """A path of references, backwards."""
    levels = []
    for child, column in reversed(path):
        parent = epochs[-1].spec.table(child).column(column).reference.table
        rows = [epoch.first_row(parent) + epoch.rows[parent] for epoch in epochs]
        made = [(epoch, count) for epoch, count in zip(epochs, rows, strict=True) if epoch.rows[child]]
        links = [(epoch.columns(child)[column].link, epoch.first_row(child), count) for epoch, count in made]
        levels.append(tuple(Level(*each, rows[-1]) for each in links))
    return Descent(tuple(levels))


def _join_leads(making: Any, table: str) -> None:
    """Have the references of a table known of which the fan-out depends on those that match them."""
    for name, each in making.columns(table).items():
        pick = each.link.pick if isinstance(each, SynthesizeReference) and each.link else None
        if isinstance(pick, MatchedPick) and pick.lead:
            making.join(table, name)


def _refuse_unknown(where: str, making: Any, table: str, column: str) -> None:
    """Refuse a step through rows that exist already: which parents they have is data, and not known by arithmetic."""
    found = making.spec.table(table)
    if found.existing or found.extends:
        raise SchemaError(
            f"{where}, through {table}.{column}, and rows of {found.extends or table} exist already.",
            hint="Match by rows that are made; or leave `matching` out.",
        )


def _refuse_uncounted(where: str, step: str, descent: Descent, depth: int, level: Level) -> None:
    """Refuse a step of which it is not known which rows refer to a row, or to consecutive ones where that is needed."""
    link = level.link
    if not level.is_known:
        raise SchemaError(
            f"{where}, and which rows refer to a row cannot be told without a look at all of them: {step} refers so: "
            f"{link.pick.described()}.",
            hint=f"Declare beside {step} how many rows each has, and nothing else: Children(Poisson(3)).",
        )
    if not descent.is_passable(depth, level):
        raise SchemaError(
            f"{where}, and rows of {step.partition('.')[0]} with one parent do not stand together, each with one: "
            f"{step} refers so: {link.pick.described()}.",
            hint=f'Beside {step} say Children(..., order="parents"), and neither Nulls nor `where`.',
        )


def _leads_to(synthesizer: Any, table: str) -> bool:
    """Whether a column refers to a table among several."""
    return refers_to_several(synthesizer) and table in [each.table for each in synthesizer.column.references]
