"""This file knows the references of one table, and which rows those that are appended refer to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gen.errors import SchemaError
from gen.schema.links import Distribution
from gen.schema.matching import Inverted
from gen.schema.relations import ReferenceGroup, UniqueGroup, reference_groups, tells, unique_groups
from gen.schema.spec import Spec, Table
from gen.synth.related.popularity import check_rank_law


@dataclass(frozen=True)
class Earlier:
    """What rows are appended to, if they are. columns: of this table, in each earlier epoch that has rows of it."""

    is_there: bool
    columns: Sequence[Mapping[str, Any]] = ()


@dataclass
class TableReferences:
    """The references of one table, and what is unique with them; `rows` are those that each table gets.

    earlier: what these rows are appended to. inverted: references of which others have to know which rows refer to a
    row, by table and column.
    """

    spec: Spec
    table: Table
    rows: Mapping[str, int]
    earlier: Earlier
    inverted: Mapping[tuple[str, str], Inverted]
    groups: Sequence[ReferenceGroup] = field(init=False)
    unique: Sequence[UniqueGroup] = field(init=False)

    def __post_init__(self) -> None:
        self.unique = unique_groups(self.table)
        self.groups = [self._as_asked(group) for group in reference_groups(self.spec, self.table)]
        for group in self.groups if self.earlier.is_there and self.count else ():
            if not self.new_rows(group):
                self._check_unchanged(group)

    @property
    def count(self) -> int:
        return self.rows[self.table.name]

    def _where(self, group: ReferenceGroup) -> str:
        return f"{self.table.name}.{group.columns[0]}"

    def _is_numbered(self, group: ReferenceGroup) -> bool:
        """Whether rows with one parent are numbered."""
        return any(column.ordinal and column.ordinal.reference in group.columns for column in self.table.columns)

    def _inverted(self, group: ReferenceGroup) -> Inverted | None:
        """What a reference must be like for those that match rows by it."""
        found = (self.inverted.get((self.table.name, name)) for name in group.columns)
        return next((each for each in found if each), None)

    def new_rows(self, group: ReferenceGroup) -> int:
        """How many rows its parent gets with these: none where they exist already, once some were made."""
        parent = group.reference.table
        return 0 if self.earlier.is_there and self.spec.table(parent).existing else self.rows[parent]

    def _law(self, group: ReferenceGroup) -> Distribution | None:
        """How popular the parents are, by what any of the columns declares."""
        laws = {law for name in group.columns if (law := self.table.column(name).distribution)}
        laws.discard(Distribution("uniform"))
        if len(laws) > 1:
            raise SchemaError(f"{self._where(group)}: two laws are declared for one reference.", hint="Keep one.")
        law = next(iter(laws), None)
        check_rank_law(self._where(group), law)
        return law

    def _inside(self, unique: UniqueGroup) -> list[ReferenceGroup]:
        """The references of which a unique group has the columns that tell which row they refer to."""
        return [group for group in self.groups if tells(self.spec, group, unique.columns)]

    def _is_alone(self, group: ReferenceGroup) -> bool:
        """Whether each parent is referred to once at most: what tells which one it is, is unique."""
        return any(set(u.columns) <= set(group.columns) and group in self._inside(u) for u in self.unique)

    def _by_lead(self, inside: Sequence[ReferenceGroup]) -> list[ReferenceGroup]:
        """The references of a unique group, the one first whose parents' rows are counted: which says most of them."""
        return sorted(
            inside,
            key=lambda group: (
                group.reference.children is None,
                self._inverted(group) is None,
                not group.reference.covering,
                self._law(group) is None,
            ),
        )

    def is_among_new(self, group: ReferenceGroup) -> bool:
        """Whether appended rows refer only to those of the parent that are appended with them.

        So they do where it is said how many refer to each: what is said of earlier parents has come true already. Of a
        unique group one reference does, the one that leads it if it can, and no combination is an earlier row's.
        """
        if not self.earlier.is_there or not self.count:
            return self.earlier.is_there
        if not self.new_rows(group) or self._says_how_many(group):
            return self.new_rows(group) > 0
        for unique in self.unique:
            leading = [each for each in self._by_lead(self._inside(unique)) if not each.reference.matching]
            new = [each for each in leading if self.new_rows(each)]
            if new and new[0] == group and not any(map(self._says_how_many, new)):
                return True
        return False

    def _says_how_many(self, group: ReferenceGroup) -> bool:
        """Whether a reference declares, or its keys and numbers do, how many rows refer to each parent."""
        reference = group.reference
        if reference.matching:  # which rows match says it, of all times
            return False
        declared = reference.children or reference.tree or reference.ring or reference.covering
        return bool(declared) or self._is_alone(group) or self._is_numbered(group) or self._inverted(group) is not None

    def _check_unchanged(self, group: ReferenceGroup) -> None:
        """Refuse rows appended to parents that have all that is said of them already."""
        parent = group.reference.table
        why = next(self._had(group), None)
        if why is None:
            return
        if self.spec.table(parent).existing:
            hint = f"Append no rows of {self.table.name}: --rows names those tables that get some."
        else:
            follows = f"; those of {self.table.name} follow" if self.table.follows else ""
            hint = f"Append rows of {parent}{' instead' if follows else ', too'}: --rows {parent}=N{follows}."
        raise SchemaError(
            f"{self._where(group)}: rows are appended to {self.table.name} and none to {parent}, and {why}.", hint=hint
        )

    def _had(self, group: ReferenceGroup) -> Iterator[str]:
        """Why rows of the parent that have been there can be referred to by no more rows."""
        parent = self.spec.table(group.reference.table)
        if self._is_numbered(group) and self.earlier.columns:
            yield f"its rows with one {parent.name} are numbered"
        for unique in self.unique if self.earlier.columns else ():
            inside = [each for each in self._inside(unique) if not each.reference.matching]
            if group in inside and not any(map(self.new_rows, inside)):
                several = len(unique.columns) > 1
                yield f"({', '.join(unique.columns)}) are unique" if several else "it is unique"
        for column in parent.columns:
            said = column.aggregate
            if said and said.table == self.table.name and said.through in (None, *group.columns):
                yield f"{parent.name}.{column.name} is {said} of rows that are there"

    def _as_asked(self, group: ReferenceGroup) -> ReferenceGroup:
        """The reference; parents that earlier rows cover need none of those that are appended."""
        if not (group.reference.covering and self.earlier.columns) or self.new_rows(group):
            return group
        return replace(group, reference=replace(group.reference, covering=False))
