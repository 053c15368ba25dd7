"""This file knows what a schema's tables keep, as SQL can say it: keys, what is unique, what refers to what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gen.schema.relations import ReferenceGroup, is_unique, reference_groups
from gen.schema.spec import Spec, Table, with_parts

Unsaid = list[tuple[str, str]]  # a table, and a sentence: what is not declared, and why


@dataclass(frozen=True)
class Declared:
    """A primary key, what is unique, a foreign key or its index. Columns are called as in the schema."""

    kind: str
    table: str
    columns: tuple[str, ...]
    target: str | None = None
    targets: tuple[str, ...] = ()


def constraints_of(spec: Spec, dirty: Mapping[str, frozenset[str]]) -> tuple[list[Declared], Unsaid]:
    """What these tables keep, and what is not declared of it. dirty: by table, the columns that break what they say."""
    unsaid: Unsaid = []
    found = [one for table in dirty for one in _kept(spec, spec.table(table), dirty, unsaid)]
    return found, list(dict.fromkeys(unsaid))


def _kept(spec: Spec, table: Table, dirty: Mapping[str, frozenset[str]], unsaid: Unsaid) -> Iterator[Declared]:
    key = tuple(column.name for column in table.primary_key)
    unique = [group for group in _unique(spec, table, dirty) if set(group) != set(key)]
    for kind, groups in (("primary", [key] if key else []), ("unique", unique)):
        for group in groups:
            if _is_clean(table.name, group, f"That {' and '.join(group)} is unique", dirty, unsaid):
                yield Declared(kind, table.name, group)
    links = reference_groups(spec, table)
    covered = [key, *unique]
    for columns in sorted((foreign_key(spec, link)[0] for link in links), key=len, reverse=True):
        if not any(other[: len(columns)] == columns for other in covered):
            covered.append(columns)
            yield Declared("index", table.name, columns)
    for link in links:
        columns, targets = foreign_key(spec, link)
        target = link.reference.table
        said = f"That {' and '.join(link.columns)} refers to {target}"
        if target not in dirty:
            unsaid.append((table.name, f"{said} is not declared: those rows exist already, elsewhere."))
            continue
        if _is_clean(table.name, columns, said, dirty, unsaid) and _is_clean(target, targets, said, dirty, unsaid):
            yield Declared("foreign", table.name, columns, target, targets)
    for path, column in with_parts(table.columns):
        if (column.given and column.references) or (path not in table.by_name and column.reference):
            unsaid.append((table.name, f"{path} refers to other tables in a way that no foreign key says."))


def foreign_key(spec: Spec, link: ReferenceGroup) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns of a reference and those they refer to; with what they match, where only that makes them unique."""
    if is_unique(spec.table(link.reference.table), link.targets):
        return link.columns, link.targets
    matched = [pair for pair in link.reference.matching if pair[0] not in link.columns]
    return (*(own for own, _ in matched), *link.columns), (*(other for _, other in matched), *link.targets)


def _unique(spec: Spec, table: Table, tables: Iterable[str]) -> list[tuple[str, ...]]:
    """Groups of columns that are unique together, and those that others refer to: SQL wants them declared."""
    named: dict[str, list[str]] = {}
    for column in table.columns:
        for name in column.unique:
            named.setdefault(name, []).append(column.name)
    found = [tuple(columns) for columns in named.values()]
    for other in tables:
        links = reference_groups(spec, spec.table(other))
        found += [foreign_key(spec, link)[1] for link in links if link.reference.table == table.name]
    kept: list[tuple[str, ...]] = []
    for group in found:
        if not any(set(group) == set(other) for other in kept):
            kept.append(group)
    return kept


def _is_clean(table: str, names: Iterable[str], said: str, dirty: Mapping[str, frozenset[str]], unsaid: Unsaid) -> bool:
    """Whether columns have no dirt; if they have, what it breaks is not declared."""
    found = [name for name in names if name in dirty[table]]
    if found:
        unsaid.append((table, f"{said} is not declared: {found[0]} is dirty on purpose."))
    return not found
