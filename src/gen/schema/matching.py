"""This file knows references that match: the row they meet in with what they match, and the paths that lead there.

An order's address is one of its customer's: the order's customer and the address's are one row of Customer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gen.errors import SchemaError
from gen.schema.relations import ReferenceGroup, is_unique, reference_groups, tells, unique_groups
from gen.schema.spec import KINDS, Column, Spec, Table, suggestion

Path = tuple[tuple[str, str], ...]  # tables and columns of theirs that refer, each to the next one's table


@dataclass(frozen=True)
class Meeting:
    """A table, to whose one row those lead that refer and those that they refer to: `own` path, and `theirs`."""

    table: str
    own: Path
    theirs: Path


@dataclass(frozen=True)
class Inverted:
    """What a reference must be like, because `by` has to know which rows refer to a row.

    covering: each row must have one at least. ordered: rows with one parent must stand together. pairs: the tables of
    those that are unique together with another reference, each with the table which that refers to: as many as a row of
    this has on average are looked for.
    """

    by: str
    covering: bool
    ordered: bool
    pairs: tuple[tuple[str, str], ...] = ()


def meeting_of(spec: Spec, table: Table, group: ReferenceGroup) -> Meeting:
    """Where the paths of a reference that matches meet. Raises SchemaError where they do not."""
    own = [mine for mine, _ in group.reference.matching]
    theirs = tuple(other for _, other in group.reference.matching)
    reached = list(reached_by(spec, group.reference.table, theirs))
    for name, columns, path in reached_by(spec, table.name, tuple(own)):
        found = next((there for other, same, there in reached if (other, same) == (name, columns)), None)
        if found is not None and is_unique(spec.table(name), columns):
            return Meeting(name, path, found)
    where, target = f"{table.name}.{group.columns[0]}", group.reference.table
    raise SchemaError(
        f"{where}: it matches by {' and '.join(own)}, and {' and '.join(f'{target}.{n}' for n in theirs)} "
        f"{'is' if len(own) == 1 else 'are'} not known to be of the same row as {' and '.join(own)} of {table.name}.",
        hint=_what_meets(spec, table, group),
    )


def _what_meets(spec: Spec, table: Table, group: ReferenceGroup) -> str:
    """What to do where fields do not lead to one row: those that would, if there are any."""
    mine, theirs = ([pair[i] for pair in group.reference.matching] for i in (0, 1))
    for each in reference_groups(spec, table):
        if set(mine) < set(each.columns):
            return f"{' and '.join(each.columns)} refer to {each.reference.table} together: match by all of them."
    if len(mine) > 1:
        return "Several fields match where they refer to one row together, there as here; else match by one of them."
    parent = spec.table(group.reference.table)
    pairs = ((own, other) for own in table.columns for other in parent.columns if own.kind == other.kind)
    for own, other in sorted(pairs, key=lambda pair: pair[0].name != pair[1].name):
        if own.name not in group.columns and _meet(spec, table, own.name, parent, other.name):
            said = f'"{own.name}"' if own.name == other.name else f'{{"{own.name}": "{other.name}"}}'
            return f"{own.name} and {parent.name}.{other.name} do lead to one row: matching={said}."
    return (
        f"Let both refer to one key: a ForeignKey to the same field beside {table.name}.{mine[0]} and "
        f"{parent.name}.{theirs[0]}, at once or further up."
    )


def _meet(spec: Spec, table: Table, own: str, parent: Table, other: str) -> bool:
    """Whether two columns lead to one row."""
    reached = [found[:2] for found in reached_by(spec, parent.name, (other,))]
    ways = (found[:2] for found in reached_by(spec, table.name, (own,)))
    return any(way in reached and is_unique(spec.table(way[0]), way[1]) for way in ways)


def reached_by(spec: Spec, name: str, columns: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...], Path]]:
    """Columns whose values those of a table are, one after the other: themselves, what they refer to, and so on."""
    path: Path = ()
    seen: set[tuple[str, tuple[str, ...]]] = set()
    while (name, columns) not in seen:
        seen.add((name, columns))
        yield name, columns, path
        table = spec.table(name)
        copied = [table.column(each).copied for each in columns]
        if any(table.column(each).copied and _is_null_at_times(table.column(each)) for each in columns):
            return
        if copied[0] and all(each[:-1] == copied[0][:-1] for each in copied):
            steps = _copied_along(spec, table, copied[0][:-1])
            columns = tuple(each[-1] for each in copied)
            if steps is None or not set(columns) <= spec.table(steps[1]).by_name.keys():
                return  # what is wrong with it is said where it is copied
            path, name = path + steps[0], steps[1]
            continue
        for group in reference_groups(spec, table):
            known = dict(zip(group.columns, group.targets, strict=True)) | dict(group.reference.matching)
            if set(columns) <= known.keys() and set(columns) & set(group.columns):
                path = (*path, (name, next(each for each in columns if each in group.columns)))
                name, columns = group.reference.table, tuple(known[each] for each in columns)
                break


def _copied_along(spec: Spec, table: Table, names: tuple[str, ...]) -> tuple[Path, str] | None:
    """The steps along references of these names, and the table where they end; None where they lead nowhere."""
    path: Path = ()
    for name in names:
        reference = table.by_name[name].reference if name in table.by_name else None
        if reference is None:
            return None
        path, table = (*path, (table.name, name)), spec.table(reference.table)
    return path, table.name


def inverted_references(spec: Spec) -> Mapping[tuple[str, str], Inverted]:
    """By table and column, the references of which others have to know which rows refer to a row."""
    found: dict[tuple[str, str], Inverted] = {}
    for table, group in matching_groups(spec):
        by = f"{table.name}.{group.columns[0]}"
        required = table.column(group.columns[0]).nulls is None
        together = any(set(group.columns) & set(unique.columns) for unique in unique_groups(table))
        lead = _lead(spec, table, group) if together else None
        pairs = ((table.name, lead.reference.table),) if lead else ()
        for i, step in enumerate(meeting_of(spec, table, group).theirs):
            before = found.get(step, Inverted(by, False, False))
            covering, ordered = before.covering or required, before.ordered or i > 0 or bool(group.reference.tree)
            found[step] = Inverted(before.by, covering, ordered, before.pairs + pairs)
    return found


def matching_groups(spec: Spec) -> Iterator[tuple[Table, ReferenceGroup]]:
    """The references that match others, each with its table."""
    for table in spec.tables:
        if any(column.reference and column.reference.matching for column in table.columns):
            yield from ((table, group) for group in reference_groups(spec, table) if group.reference.matching)


# -- checks ----------------------------------------------------------------------------------------------------


def check_matching(spec: Spec) -> None:
    """Refuse references that match by what is no field, or by fields that do not meet, or that say more of parents."""
    for table, group in matching_groups(spec):
        check_match(spec, table, group)


def check_match(spec: Spec, table: Table, group: ReferenceGroup) -> None:
    """The same of one reference. Raises SchemaError."""
    _check_fields(spec, table, group)
    _check_alone(table, group)
    for name, column in meeting_of(spec, table, group).theirs:
        step = next(each for each in reference_groups(spec, spec.table(name)) if column in each.columns)
        if step.reference.matching:
            own = " and ".join(mine for mine, _ in step.reference.matching)
            raise SchemaError(
                f"{table.name}.{group.columns[0]}: it matches by way of {name}.{column}, which matches others itself.",
                hint=f"Match by what {name}.{column} matches: {own}.",
            )
    _check_unique(spec, table, group)


def _check_fields(spec: Spec, table: Table, group: ReferenceGroup) -> None:
    where, target = f"{table.name}.{group.columns[0]}", spec.table(group.reference.table)
    for mine, other in group.reference.matching:
        for names, owner in ((mine, table), (other, target)):
            if names not in owner.by_name:
                raise SchemaError(
                    f"{where}: it matches by {names!r}, and {owner.name} has no such field.",
                    hint=suggestion(names, owner.by_name),
                )
        if mine in group.columns:
            raise SchemaError(
                f"{where}: it matches by {mine}, which refers to {target.name} itself.",
                hint="Name a field of which the value is known without it.",
            )
        own, there = table.column(mine), target.column(other)
        for name, column in ((f"{table.name}.{mine}", own), (f"{target.name}.{other}", there)):
            if column.copied and _is_null_at_times(column):
                raise SchemaError(
                    f"{where}: it matches by {mine}, and {name} is a copy that is null by itself in some rows.",
                    hint="Leave Nulls and When out beside the copy.",
                )
        if own.value_kind != there.value_kind:
            raise SchemaError(
                f"{where}: it matches by {mine}, which is {KINDS[own.kind]}, and {target.name}.{other} is "
                f"{KINDS[there.kind]}.",
                hint="Give both fields the same type.",
            )
        required = next((n for n in group.columns if table.column(n).nulls is None), None)
        if required and (own.nulls or own.when):
            missing = f"when {own.when!r} does not hold" if own.when else "in some rows"
            raise SchemaError(
                f"{table.name}.{required}: it is never null, and matches by {mine}, which is null {missing}.",
                hint=f"Make {required} Optional: int | None.",
            )


def _is_null_at_times(column: Column) -> bool:
    """Whether a copy has no value in some rows in which what it copies has one."""
    return bool(column.nulls) or column.when is not None


def _check_alone(table: Table, group: ReferenceGroup) -> None:
    """Refuse what would say once more which of the parents that match a row refers to."""
    reference, columns = group.reference, [table.column(name) for name in group.columns]
    ways = ("children", "ring", "covering", "where", "popularity")
    said = [name for name in ways if getattr(reference, name)]
    if reference.tree and (reference.tree.depth is not None or reference.tree.children is not None):
        said.append("how deep or wide their tree is")
    if reference.tree and any(mine != other for mine, other in reference.matching):
        said.append("a tree of rows in which another field matches")
    said += [f"the law {c.distribution.name!r}" for c in columns if c.distribution and c.distribution.name != "uniform"]
    numbered = [c.ordinal.reference for c in table.columns if c.ordinal and c.ordinal.reference in group.columns]
    said += [f"an Ordinal of {name}" for name in numbered]
    if said:
        raise SchemaError(
            f"{table.name}.{group.columns[0]}: it refers to rows that match, each as likely as the others, and "
            f"{said[0]} is said, too.",
            hint="Leave that out, or `matching`.",
        )


def _check_unique(spec: Spec, table: Table, group: ReferenceGroup) -> None:
    """Refuse what is unique, unless with the one reference that it matches."""
    for unique in unique_groups(table):
        shared = set(unique.columns) & set(group.columns)
        ordinals = [ordinal for name in unique.columns if (ordinal := table.column(name).ordinal)]
        if shared and not any(ordinal.reference in unique.columns for ordinal in ordinals):
            if any(name == table.name for name, _ in meeting_of(spec, table, group).theirs):
                raise SchemaError(
                    f"{table.name}.{group.columns[0]}: it refers to rows of its own table that match, and "
                    f"({', '.join(unique.columns)}) are unique together, which decides which rows match.",
                    hint="Refer to another table, or leave one of the two out.",
                )
            lead, rest = _lead(spec, table, group), set(unique.columns) - set(group.columns)
            whole = tells(spec, group, unique.columns)
            if whole and lead and rest <= set(lead.columns) and tells(spec, lead, rest):
                continue
            several = f"({', '.join(unique.columns)}) are unique together"
            raise SchemaError(
                f"{table.name}.{group.columns[0]}: it refers to rows that match, and "
                f"{several if len(unique.columns) > 1 else 'it is unique'}.",
                hint="Let it be unique with nothing but what it matches, or with an Ordinal; or leave one of them out.",
            )


def _lead(spec: Spec, table: Table, group: ReferenceGroup) -> ReferenceGroup | None:
    """The reference of the table that a reference's own path begins with, unless that matches others itself."""
    own = meeting_of(spec, table, group).own
    groups = [each for each in reference_groups(spec, table) if not each.reference.matching]
    return next((each for each in groups if own and own[0][1] in each.columns), None)
