"""This file knows the references of one table, and which rows those that are appended refer to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gen.errors import SchemaError
from gen.schema.relations import ReferenceGroup, UniqueGroup, reference_groups, unique_groups
from gen.schema.spec import Spec, Table


@dataclass(frozen=True)
class Earlier:
    """What rows are appended to, if they are. columns: of this table, in each earlier epoch that has rows of it."""

    is_there: bool
    columns: Sequence[Mapping[str, Any]] = ()


@dataclass
class TableReferences:
    """The references of one table, and what is unique with them; `rows` are those that each table gets.

    earlier: what these rows are appended to.
    """

    spec: Spec
    table: Table
    rows: Mapping[str, int]
    earlier: Earlier
    groups: Sequence[ReferenceGroup] = field(init=False)
    unique: Sequence[UniqueGroup] = field(init=False)

    def __post_init__(self) -> None:
        self.unique = unique_groups(self.table)
        self.groups = [self._as_asked(group) for group in reference_groups(self.spec, self.table)]

    @property
    def count(self) -> int:
        return self.rows[self.table.name]

    def _where(self, group: ReferenceGroup) -> str:
        return f"{self.table.name}.{group.columns[0]}"

    def _is_numbered(self, group: ReferenceGroup) -> bool:
        """Whether rows with one parent are numbered."""
        return any(column.ordinal and column.ordinal.reference in group.columns for column in self.table.columns)

    def is_among_new(self, group: ReferenceGroup) -> bool:
        """Whether appended rows refer only to those of the parent that are appended with them.

        So they do where it is said how many refer to each: what is said of earlier parents has come true already. Of a
        unique group one reference does, and no combination is an earlier row's.
        """
        if not self.earlier.is_there:
            return False
        if not self.count:
            return True
        if not self.rows[group.reference.table]:
            self._check_unchanged(group)
            return False
        if self._says_how_many(group):
            return True
        for unique in self.unique:
            inside = [each for each in self.groups if set(each.columns) <= set(unique.columns)]
            new = [each for each in inside if self.rows[each.reference.table]]
            if group in new and not any(map(self._says_how_many, new)) and new[0] == group:
                return True
        return False

    def _says_how_many(self, group: ReferenceGroup) -> bool:
        """Whether a reference declares, or its keys and numbers do, how many rows refer to each parent."""
        reference = group.reference
        alone = any(set(unique.columns) <= set(group.columns) for unique in self.unique)
        declared = reference.children or reference.tree or reference.ring or reference.covering
        return bool(declared) or alone or self._is_numbered(group)

    def _check_unchanged(self, group: ReferenceGroup) -> None:
        """Refuse rows appended to parents that have all that is said of them already."""
        parent = group.reference.table
        why = ""
        if self._is_numbered(group) and self.earlier.columns:
            why = f"its rows with one {parent} are numbered"
        for unique in self.unique if self.earlier.columns else ():
            inside = [each for each in self.groups if set(each.columns) <= set(unique.columns)]
            if group in inside and not any(self.rows[each.reference.table] for each in inside):
                why = f"({', '.join(unique.columns)}) are unique" if len(unique.columns) > 1 else "it is unique"
        for column in self.spec.table(parent).columns:
            said = column.aggregate
            if said and said.table == self.table.name and said.through in (None, *group.columns):
                why = f"{parent}.{column.name} is {said} of rows that are there"
        if why:
            raise SchemaError(
                f"{self._where(group)}: rows are appended to {self.table.name} and none to {parent}, and {why}.",
                hint=f"Append rows of {parent}, too: --rows {parent}=1000.",
            )

    def _as_asked(self, group: ReferenceGroup) -> ReferenceGroup:
        """The reference; parents that earlier rows cover need none of those that are appended."""
        if not (group.reference.covering and self.earlier.columns) or self.rows[group.reference.table]:
            return group
        return replace(group, reference=replace(group.reference, covering=False))
