"""This file knows how the tables of a schema hang together: what is unique, what refers to what, along which paths."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from gen.errors import ReferenceError, SchemaError
from gen.schema.links import Key, Reference
from gen.schema.spec import KINDS, Column, Spec, Table, suggestion, with_parts

DEEPEST = 120  # fields inside each other: Python and Arrow go down them by recursion


@dataclass(frozen=True)
class UniqueGroup:
    """Columns of a table of whose values no two rows have the same; `key` says in which order, where they are a key."""

    columns: tuple[str, ...]
    key: Key | None = None


@dataclass(frozen=True)
class ReferenceGroup:
    """Columns of a table that together refer to a row of another, to the columns `targets` of that.

    reference: what all of them say together; its column is the first target.
    """

    columns: tuple[str, ...]
    targets: tuple[str, ...]
    reference: Reference


# -- what is unique ---------------------------------------------------------------------------------------


def unique_groups(table: Table) -> list[UniqueGroup]:
    """The smallest groups of columns that are unique together: one inside of another says it for both.

    Raises SchemaError where two of them overlap.
    """
    named: dict[str, list[str]] = {}
    for column in table.columns:
        for name in column.unique:
            named.setdefault(name, []).append(column.name)
    groups = [tuple(columns) for columns in named.values()]
    primary = tuple(column.name for column in table.primary_key)
    groups = list(dict.fromkeys([primary, *groups] if primary else groups))
    smallest = [group for group in groups if not any(set(other) < set(group) for other in groups)]
    smallest = [g for i, g in enumerate(smallest) if not any(set(g) == set(other) for other in smallest[:i])]
    for i, group in enumerate(smallest):
        for other in smallest[:i]:
            if set(group) & set(other):
                raise SchemaError(
                    f"{table.name}: ({', '.join(other)}) and ({', '.join(group)}) are each unique together, and "
                    "overlap.",
                    hint="Let one of them contain the other, or let them share no field.",
                )
    return [UniqueGroup(group, _key_of(table, group)) for group in smallest]


def _key_of(table: Table, group: Sequence[str]) -> Key | None:
    """How the group's values follow the rows, where any of its columns is in the primary key."""
    keys = [key for name in group if (key := table.column(name).key) and key.primary]
    return next((key for key in keys if key.order), keys[0]) if keys else None


def is_unique(table: Table, columns: Sequence[str]) -> bool:
    """Whether no two rows of the table have the same values in these columns."""
    return any(set(group.columns) <= set(columns) for group in unique_groups(table))


# -- what refers to what ------------------------------------------------------------------------------------


def reference_groups(spec: Spec, table: Table) -> list[ReferenceGroup]:
    """The references of a table's columns, those of several columns together. Raises ReferenceError, SchemaError."""
    groups: list[ReferenceGroup] = []
    named: dict[tuple[str, str], list[Column]] = {}
    for column in table.columns:
        if column.reference is None:
            continue
        target = _target(spec, table, column.name, column.reference)
        if not column.reference.name and is_unique(target, [column.reference.column]):
            groups.append(_group(table, [column]))
        else:
            named.setdefault((target.name, column.reference.name), []).append(column)
    return groups + [_group(table, columns) for columns in named.values()]


def tells(spec: Spec, group: ReferenceGroup, names: Iterable[str]) -> bool:
    """Whether some columns of a reference tell by themselves, or with those that it matches, which row it refers to."""
    known = dict(zip(group.columns, group.targets, strict=True))
    targets = [known[name] for name in names if name in known]
    matched = [other for _, other in group.reference.matching]
    return bool(targets) and is_unique(spec.table(group.reference.table), [*targets, *matched])


def _group(table: Table, columns: Sequence[Column]) -> ReferenceGroup:
    references = [column.reference for column in columns if column.reference]
    targets = tuple(reference.column for reference in references)
    if len(set(targets)) < len(targets):
        called = " and ".join(column.name for column in columns)
        raise SchemaError(
            f"{table.name}: {called} refer to {references[0].table} together, and two of them to the same field of it.",
            hint=f'Say which belong together by a name: ForeignKey("{references[0]}", name="first").',
        )
    said: dict[str, Any] = {}
    for column, reference in zip(columns, references, strict=True):
        for fact in fields(Reference)[3:]:
            value = getattr(reference, fact.name)
            if value != fact.default and said.setdefault(fact.name, value) != value:
                raise SchemaError(
                    f"{table.name}.{column.name}: its {fact.name} is {_in_words(value)}, and a column that refers to "
                    f"the same row of {reference.table} says {_in_words(said[fact.name])}.",
                    hint=f'Say it once; or name what refers to another row: ForeignKey("{reference}", name="other").',
                )
    return ReferenceGroup(tuple(column.name for column in columns), targets, replace(references[0], **said))


def _in_words(value: Any) -> str:
    """What a reference says, as it is declared."""
    if isinstance(value, tuple):
        return ", ".join(mine if mine == other else f"{mine}: {other}" for mine, other in value)
    return repr(value)


def _target(spec: Spec, table: Table, path: str, reference: Reference) -> Table:
    """The table that a reference leads to, which has such a column."""
    where, facts = f"{table.name}.{path}", {"table": table.name, "column": path, "target": str(reference)}
    found = next((t for t in spec.tables if t.name == reference.table), None)
    if found is None:
        hint = suggestion(reference.table, [t.name for t in spec.tables])
        raise ReferenceError(
            f"{where} refers to {reference}, but there is no table {reference.table!r}.", hint=hint, **facts
        )
    if reference.column not in found.by_name:
        hint = suggestion(reference.column, found.by_name)
        raise ReferenceError(
            f"{where} refers to {reference}, but {found.name} has no field {reference.column!r}.", hint=hint, **facts
        )
    return found


def conditions_on(spec: Spec, name: str) -> Iterator[tuple[str, str]]:
    """What references to a table ask of its rows: the column that refers, as messages name it, and the text."""
    for table in spec.tables:
        for path, column in with_parts(table.columns):
            if column.reference and column.reference.table == name and column.reference.where is not None:
                yield f"{table.name}.{path}", column.reference.where


# -- paths through references ---------------------------------------------------------------------------------


def follow(spec: Spec, table: Table, path: str) -> tuple[Table, Column] | None:
    """The table and column that a path leads to: a column's own name, or references and a column of the last's table.

    "customer_id.region" is the region of the customer. None where it leads nowhere.
    """
    if path in table.by_name:
        return table, table.column(path)
    for name, rest in splits(path):
        column = table.by_name.get(name)
        if column is not None and column.reference is not None:
            parent = next((t for t in spec.tables if t.name == column.reference.table), None)
            return follow(spec, parent, rest) if parent else None
    return None


def key_circle(spec: Spec, table: Table, column: Column) -> list[tuple[str, str]]:
    """The keys that a key refers to, around to itself, the one declared first in front; none where there is no circle.

    Of a circle of keys that are all each other's, none says which values there are: the first one does.
    """
    chain = [(table.name, column.name)]
    while column.reference is not None:
        table, name = spec.table(column.reference.table), column.reference.column
        column = table.column(name)
        if (table.name, name) in chain:
            circle = chain[chain.index((table.name, name)) :]
            order = [t.name for t in spec.tables]
            first = min(range(len(circle)), key=lambda i: order.index(circle[i][0]))
            return circle[first:] + circle[:first] if chain[0] in circle else []
        chain.append((table.name, name))
    return []


def splits(path: str) -> Iterator[tuple[str, str]]:
    """A path's first name and the rest, wherever it may be parted: names of fields may have dots, too."""
    for i, letter in enumerate(path):
        if letter == ".":
            yield path[:i], path[i + 1 :]


# -- checks ------------------------------------------------------------------------------------------------------


def check_spec(spec: Spec) -> None:
    """Refuse fields nested too deep, references that do not resolve, and unique groups that cannot be met together."""
    for table in spec.tables:
        _check_depth(table)
        unique_groups(table)
        for path, column in with_parts(table.columns):
            if column.reference:
                _check_reference(spec, table, path, column, column.reference)
        for group in reference_groups(spec, table):
            _check_group(spec, table, group)
        if table.extends is not None:
            _check_extended(spec, table, table.extends)


def _check_extended(spec: Spec, table: Table, name: str) -> None:
    """A table extends one that exists already and has its key."""
    old = next((other for other in spec.tables if other.name == name), None)
    if old is None or not old.existing:
        names = [other.name for other in spec.tables if other.existing]
        raise SchemaError(
            f"{table.name} extends {name!r}, which is no table that exists already.", hint=suggestion(name, names)
        )
    for column in table.primary_key:
        same = old.by_name.get(column.name)
        if same is None or same.kind != column.value_kind:
            said = "has no such column" if same is None else f"has {KINDS[same.kind]} there"
            raise SchemaError(
                f"{table.name}.{column.name}: it extends the keys of {name}, which {said}.",
                hint="Give both the same key, of the same type.",
            )
    if any(column.reference and (column.reference.tree or column.reference.ring) for column in table.columns):
        raise SchemaError(
            f"{table.name}: it extends {name}, and its rows are a tree, or stand in an order.",
            hint="Leave out which: rows that exist already have no part in it.",
        )


def _check_depth(table: Table) -> None:
    for column in table.columns:
        parts, depth = list(column.parts), 1
        while parts:
            parts, depth = [inner for part in parts for inner in part.parts], depth + 1
        if depth > DEEPEST:
            raise SchemaError(
                f"{table.name}.{column.name}: {depth} fields are nested inside each other; {DEEPEST} is the most.",
                hint="Flatten the model, or leave the field out.",
            )


def _check_reference(spec: Spec, table: Table, path: str, column: Column, reference: Reference) -> None:
    where, facts = f"{table.name}.{path}", {"table": table.name, "column": path, "target": str(reference)}
    target = _target(spec, table, path, reference)
    parent = target.column(reference.column)
    told = reference.children or reference.tree or reference.ring or reference.covering or reference.matching
    if path not in table.by_name and told:
        raise SchemaError(
            f"{where}: it refers to {reference} from inside another field, and says how many rows refer to each, or "
            "which match.",
            hint="Only a field of the table itself can say that.",
        )
    if path not in table.by_name and reference.popularity and not _has_law(column):
        raise _no_law(where, reference)
    if path not in table.by_name and not is_unique(target, [reference.column]):
        raise _not_unique(f"{where} refers to {reference}", target, (reference.column,), facts)
    if column.kind != parent.kind:
        raise ReferenceError(
            f"{where} refers to {reference}, but it is {KINDS[column.kind]} and the key is {KINDS[parent.kind]}.",
            hint="Give both fields the same type.",
            **facts,
        )
    if parent.nulls or parent.when:
        missing = f"where {parent.when!r} does not hold" if parent.when else f"in {parent.nulls:.3g} of the rows"
        raise ReferenceError(
            f"{where} refers to {reference}, which is null {missing}: rows without a key cannot be referred to.",
            hint=f"Let it have a value in every row: Nulls(0) beside {reference}; or refer to another key.",
            **facts,
        )
    _check_inside(f"{where} refers to {reference}", column, parent, facts)


def _check_group(spec: Spec, table: Table, group: ReferenceGroup) -> None:
    target = spec.table(group.reference.table)
    matched = [other for _, other in group.reference.matching]
    known = set(matched) <= target.by_name.keys()  # else that is what is wrong
    if known and not is_unique(target, [*group.targets, *matched]):
        where = " and ".join(f"{table.name}.{name}" for name in group.columns)
        said = " and ".join(f"{target.name}.{name}" for name in group.targets)
        facts = {"table": table.name, "column": group.columns[0], "target": str(group.reference)}
        raise _not_unique(f"{where} refers to {said}", target, group.targets, facts)
    _check_together(table, group)
    own = group.reference.tree or group.reference.ring
    if own:
        _check_own(table, group, type(own).__name__.lower())
    if own and target.name != table.name:
        raise SchemaError(
            f"{table.name}.{group.columns[0]}: it is a {type(own).__name__.lower()} of rows, and refers to "
            f"{target.name}.",
            hint=f"A tree and a ring are made of the rows of one table: refer to {table.name}.",
        )


def _check_together(table: Table, group: ReferenceGroup) -> None:
    """Refuse columns that refer to one row where some have none, and a popularity without a law."""
    columns = [table.column(name) for name in group.columns]
    shares = ["never null" if c.nulls is None else f"null in {c.nulls:.3g} of the rows" for c in columns]
    conditions = [f"there when {c.when!r}" if c.when else "there under no condition" for c in columns]
    for said in (conditions, shares):
        if len(set(said)) > 1:
            each = ", ".join(f"{c.name} is {what}" for c, what in zip(columns, said, strict=True))
            raise SchemaError(
                f"{table.name}: {' and '.join(group.columns)} refer to one row of {group.reference.table} together, "
                f"and {each}.",
                hint="Say the same beside each of them: they have a parent together, or none.",
            )
    if group.reference.popularity and not any(_has_law(column) for column in columns):
        raise _no_law(f"{table.name}.{group.columns[0]}", group.reference)


def _has_law(column: Column) -> bool:
    return column.distribution is not None and column.distribution.name != "uniform"


def _no_law(where: str, reference: Reference) -> SchemaError:
    return SchemaError(
        f"{where}: it has the popularity {reference.popularity!r}, and nothing says how popular the rows of "
        f"{reference.table} are.",
        hint="Say it beside the ForeignKey: Zipf(1.1), or HotSet(0.2, 0.8).",
    )


def _check_own(table: Table, group: ReferenceGroup, what: str) -> None:
    """Refuse what would decide once more which row of its own table a row of a tree or of a ring refers to."""
    columns = [table.column(name) for name in group.columns]
    said = [f"{c.nulls:.3g} of the rows refer to none" for c in columns if c.nulls]
    said += [f"it is there only when {c.when!r}" for c in columns if c.when]
    said += [
        f"the law {c.distribution.name!r} says how popular rows are" for c in columns if c.distribution and _has_law(c)
    ]
    unique = [set(g.columns) for g in unique_groups(table) if set(g.columns) & set(group.columns)]
    said += [f"({', '.join(sorted(names))}) are unique together" for names in unique if len(names) > 1]
    if said:
        raise SchemaError(
            f"{table.name}.{group.columns[0]}: it is a {what}, which says what each row refers to, and {said[0]}.",
            hint="Leave one of them out.",
        )


def _not_unique(said: str, target: Table, columns: Sequence[str], facts: dict[str, str]) -> ReferenceError:
    """The error that a reference is to what several rows may have."""
    groups = [" and ".join(group.columns) for group in unique_groups(target)]
    there = f" {target.name} is unique by {'; by '.join(groups)}." if groups else ""
    several = len(columns) > 1
    whole = next((group.columns for group in unique_groups(target) if set(columns) < set(group.columns)), ())
    missing = [name for name in whole if name not in columns]
    if missing:
        also = f'matching="{missing[0]}"' if len(missing) == 1 else f"matching={missing!r}"
        hint = f"Refer to {' and '.join(missing)} there, too, or name what has the same values here: {also}."
    else:
        hint = (
            f"Declare {'them' if several else f'{target.name}.{columns[0]}'} with PrimaryKey() or Unique("
            f"{'...' if several else ''}), or refer to what is unique."
        )
    return ReferenceError(
        f"{said}, which {'are not unique together' if several else 'is not unique'}.{there}",
        hint=hint,
        **facts,
    )


def _check_inside(where: str, column: Column, parent: Column, facts: dict[str, str]) -> None:
    """A bound on a foreign key cannot be honoured unless the key it refers to has it too."""
    for fact in ("minimum", "maximum", "multiple_of", "min_length", "max_length", "choices", "stored", "domain"):
        asked, given = getattr(column, fact), getattr(parent, fact)
        excluded = fact in ("minimum", "maximum") and (
            getattr(column, f"{fact}_excluded") and not getattr(parent, f"{fact}_excluded")
        )
        if asked not in (None, ()) and (asked != given or excluded):
            raise ReferenceError(
                f"{where}, but declares {fact} = {asked} where the key has {given if given else 'none'}.",
                hint="Move the constraint to the key; a reference takes its values from there.",
                **facts,
            )
