"""This file knows how foreign keys of SQL are read: of those that share a column one decides it, others match it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gen.errors import SchemaError
from gen.schema.links import Reference
from gen.schema.matching import check_match, reached_by
from gen.schema.relations import reference_groups, unique_groups
from gen.schema.spec import Column, Spec, Table


@dataclass(frozen=True)
class ForeignKey:
    """A foreign key of a table: its columns, and what each refers to, (table, column). title: what it is called."""

    table: str
    columns: tuple[str, ...]
    targets: tuple[tuple[str, str], ...]
    title: str

    @property
    def is_not_kept(self) -> str:
        """How a sentence begins that says why."""
        said = ", ".join(map(".".join, self.targets))
        return f"The reference of {', '.join(self.columns)} to {said} is not kept"


@dataclass
class References:
    """References of tables, told to their columns by table and name. not_kept: takes a table and what of it is not."""

    columns: dict[str, dict[str, Column]]
    not_kept: Callable[[str, str], None]
    _spare: list[ForeignKey] = field(default_factory=list)
    _matched: list[ForeignKey] = field(default_factory=list)

    def read(self, table: str, source: Any) -> None:
        """Those of a table. Of several that share a column one decides it, the one of most columns that can; the others
        match it.
        """
        columns = self.columns[table]
        places = {name: i for i, name in enumerate(columns)}

        def rank(key: ForeignKey) -> Any:
            at_times = len({columns[name].nulls is None for name in key.columns}) > 1  # null where another is not
            undecided = next(self._undecided(key), None) is not None
            return at_times, undecided, -len(key.columns), [places[name] for name in key.columns], key.targets

        for key in sorted(self._known(table, source), key=rank):
            undecided = next(self._undecided(key), None)
            taken = [name for name in key.columns if columns[name].reference]
            if len(taken) == len(key.columns):
                self._spare.append(key)
            elif undecided and not taken:
                self.not_kept(table, f"{key.is_not_kept}: {undecided}.")
            else:
                self._keep(key, taken)

    def _known(self, table: str, source: Any) -> Iterator[ForeignKey]:
        """The foreign keys between columns that are read."""
        for said in source.foreign_key_constraints:
            names = tuple(str(column.name) for column in said.columns)
            title = "" if len(names) == 1 else str(said.name or "_".join(names))
            key = ForeignKey(table, names, tuple(_target_of(element) for element in said.elements), title)
            if any(name not in self.columns[table] for name in names):
                self.not_kept(table, f"{key.is_not_kept}: a column of it is left out.")
            elif any(column not in self.columns.get(target, {}) for target, column in key.targets):
                self.not_kept(table, f"{key.is_not_kept}: that is not among the tables that are read.")
            else:
                yield key

    def _undecided(self, key: ForeignKey) -> Iterator[str]:
        """Why a reference cannot decide all of its columns: another has to decide some."""
        for name, target in zip(key.columns, key.targets, strict=True):
            if target == (key.table, name):
                yield f"{name} would have the value of another row's {name}, and nothing says which values there are"
        names = set(key.columns)
        for group in unique_groups(Table(key.table, tuple(self.columns[key.table].values()))):
            shared = names & set(group.columns)
            if shared and not (names <= set(group.columns) or set(group.columns) <= names):
                unique = f"({', '.join(group.columns)}) are unique together"
                yield f"{unique}, and share {', '.join(sorted(shared))} alone with it"

    def _keep(self, key: ForeignKey, taken: Sequence[str]) -> None:
        columns = self.columns[key.table]
        pairs = list(zip(key.columns, key.targets, strict=True))
        matching = tuple((name, column) for name, (_, column) in pairs if name in taken)
        own = [name for name in key.columns if name not in taken]
        for name, (target, column) in pairs:
            if name in own:
                columns[name] = replace(
                    columns[name], reference=Reference(target, column, key.title, matching=matching)
                )
        required = [name for name in own if columns[name].nulls is None]
        for name in [*own, *taken] if required else ():
            self._fill(key.table, name, required[0])
        if taken:
            self._matched.append(key)

    def _fill(self, table: str, name: str, beside: str) -> None:
        """Have a column, and those that refer together with it, never be null."""
        columns = self.columns[table]
        reference = columns[name].reference
        together = [
            each for each, column in columns.items() if reference and reference.name and _same(column, reference)
        ]
        for each in [name, *together]:
            if columns[each].nulls is not None:
                columns[each] = replace(columns[each], nulls=None)
                self.not_kept(table, f"{each} is never null: it refers together with {beside}, which cannot be.")

    def checked(self, tables: tuple[Table, ...]) -> tuple[Table, ...]:
        """The tables without those references that match others and cannot; which these are is said, and which are not
        kept because their columns have another one, unless that leads to the same row.
        """
        for key in self._matched:
            spec = Spec("", tables)
            table = spec.table(key.table)
            group = next(g for g in reference_groups(spec, table) if g.reference.name == key.title)
            try:
                check_match(spec, table, group)
            except SchemaError as error:
                self.not_kept(key.table, f"{key.is_not_kept}: {error.reason(f'{key.table}.{group.columns[0]}')}.")
                kept = tuple(replace(c, reference=None) if c.name in group.columns else c for c in table.columns)
                tables = tuple(replace(t, columns=kept) if t.name == key.table else t for t in tables)
        spec = Spec("", tables)
        for key in self._spare:
            target, columns = key.targets[0][0], tuple(column for _, column in key.targets)
            if (target, columns) not in [found[:2] for found in reached_by(spec, key.table, key.columns)]:
                self.not_kept(key.table, f"{key.is_not_kept}: a column of it has another one already.")
        return tables


def _same(column: Column, reference: Reference) -> bool:
    """Whether a column refers to the same row, by the name of the reference."""
    other = column.reference
    return other is not None and (other.table, other.name) == (reference.table, reference.name)


def _target_of(element: Any) -> tuple[str, str]:
    """Table and column that a part of a foreign key refers to; the table with its schema, where that is another one."""
    table, _, column = str(element.target_fullname).rpartition(".")
    own, schema = element.parent.table.schema, element.parent.table.schema
    if own and table.startswith(f"{schema}."):
        table = table.removeprefix(f"{schema}.")
    return table, column
