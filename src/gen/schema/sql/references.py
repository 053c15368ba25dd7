"""This file knows how foreign keys of SQL are read: of those that share a column one decides it, others match it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gen.errors import SchemaError
from gen.schema.links import Reference
from gen.schema.matching import check_match, meeting_of, reached_by
from gen.schema.relations import is_unique, reference_groups, tells, unique_groups
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

    @property
    def pairs(self) -> list[tuple[str, tuple[str, str]]]:
        """Its columns, each with what it refers to."""
        return list(zip(self.columns, self.targets, strict=True))

    def kept(self, columns: Mapping[str, Column], taken: Sequence[str]) -> dict[str, Column]:
        """Its columns that refer, with the reference; those are taken that another one decides, and matched."""
        matching = tuple((name, column) for name, (_, column) in self.pairs if name in taken)
        own = [(name, Reference(*t, self.title, matching=matching)) for name, t in self.pairs if name not in taken]
        return {name: replace(columns[name], reference=reference) for name, reference in own}


@dataclass
class References:
    """References of tables, told to their columns by table and name. not_kept: takes a table and what of it is not.

    spare: those whose columns all have another one. matched: those of which some have.
    """

    columns: dict[str, dict[str, Column]]
    not_kept: Callable[[str, str], None]
    _all: dict[str, list[ForeignKey]] = field(default_factory=dict)
    _circular: dict[ForeignKey, list[str]] = field(default_factory=dict)
    _spare: list[ForeignKey] = field(default_factory=list)
    _matched: list[ForeignKey] = field(default_factory=list)

    def read(self, sources: Mapping[str, Any]) -> None:
        """Those of all tables. Of several that share a column one decides it, the one of most columns that can; the
        others match it.
        """
        self._all = {table: list(self._known(table, source)) for table, source in sources.items()}
        self._find_circular()
        for table, keys in self._all.items():
            for key in sorted(keys, key=self._rank):
                self._read(key, [name for name in key.columns if self.columns[table][name].reference])

    def _rank(self, key: ForeignKey) -> Any:
        """What those come first by that decide their columns."""
        columns = self.columns[key.table]
        places = {name: i for i, name in enumerate(columns)}
        at_times = len({columns[name].nulls is None for name in key.columns}) > 1  # null where another is not
        undecided = any(self._undecided(key)) or bool(self._circular.get(key))
        return at_times, undecided, -len(key.columns), [places[name] for name in key.columns], key.targets

    def _read(self, key: ForeignKey, taken: list[str]) -> None:
        """Keep one, some of whose columns may have a reference already."""
        if len(taken) == len(key.columns):
            self._spare.append(key)
            return
        circular = [name for name in self._circular.get(key, ()) if name not in taken]
        undecided = next(self._undecided(key), None)
        if len(circular) + len(taken) == len(key.columns) or (undecided and not taken and not circular):
            itself = f"{circular[0]} would have its own value in the end" if circular else ""
            why = undecided or f"{itself}, and nothing says which values there are"
            self.not_kept(key.table, f"{key.is_not_kept}: {why}.")
            return
        self._keep(key, [*taken, *circular])

    def _known(self, table: str, source: Any) -> Iterator[ForeignKey]:
        """The foreign keys between columns that are read, each with a title of its own, and each once."""
        titles: set[str] = set()
        seen: set[tuple[tuple[str, tuple[str, str]], ...]] = set()
        for said in sorted(source.foreign_key_constraints, key=lambda key: [str(part) for part in key.elements]):
            names = tuple(str(column.name) for column in said.columns)
            title = "" if len(names) == 1 else str(said.name or "_".join(names))
            while title and title in titles:
                title += "_"
            titles.add(title)
            key = ForeignKey(table, names, tuple(_target_of(element) for element in said.elements), title)
            if tuple(sorted(key.pairs)) in seen:
                continue
            seen.add(tuple(sorted(key.pairs)))
            if any(name not in self.columns[table] for name in names):
                self.not_kept(table, f"{key.is_not_kept}: a column of it is left out.")
            elif any(column not in self.columns.get(target, {}) for target, column in key.targets):
                self.not_kept(table, f"{key.is_not_kept}: that is not among the tables that are read.")
            else:
                yield key

    def _undecided(self, key: ForeignKey) -> Iterator[str]:
        """Why a reference cannot decide all of its columns: some are unique, and do not tell which row it refers to."""
        targets = dict(zip(key.columns, (column for _, column in key.targets), strict=True))
        parent = self._table(key.targets[0][0])
        touched = [g for g in unique_groups(self._table(key.table)) if targets.keys() & set(g.columns)]
        several = len(touched) > 1 and any(not set(g.columns) <= targets.keys() for g in touched)
        for group in touched:
            shared = [name for name in group.columns if name in targets]
            if several or not is_unique(parent, [targets[name] for name in shared]):
                said = "are unique together, and share" if len(group.columns) > 1 else "is unique, and shares"
                yield f"({', '.join(group.columns)}) {said} {', '.join(shared)} alone with it"

    def _find_circular(self) -> None:
        """Of references of several columns which of these refer to themselves in the end.

        A circle is broken where a reference has another column besides; others are kept, if it is gone then.
        """
        several = [key for keys in self._all.values() for key in keys if len(key.columns) > 1]
        steps = {(key, name): target for keys in self._all.values() for key in keys for name, target in key.pairs}
        found = {key: _back_to_itself(key, steps) for key in several}
        broken = {key: names for key, names in found.items() if len(names) < len(key.columns)}
        left = {(key, name): target for (key, name), target in steps.items() if name not in broken.get(key, ())}
        self._circular = {key: broken[key] if key in broken else _back_to_itself(key, left) for key in several}

    def _table(self, name: str) -> Table:
        return Table(name, tuple(self.columns[name].values()))

    def _keep(self, key: ForeignKey, taken: Sequence[str]) -> None:
        columns = self.columns[key.table]
        columns |= key.kept(columns, taken)
        own = [name for name in key.columns if name not in taken]
        required = [name for name in own if columns[name].nulls is None]
        for name in [*own, *taken] if required else ():
            self._fill(key.table, name, required[0])
        if taken:
            self._matched.append(key)

    def _fill(self, table: str, name: str, beside: str) -> None:
        """Have a column, and those that refer together with it, never be null."""
        columns = self.columns[table]
        reference = columns[name].reference
        together = (n for n, c in columns.items() if reference and reference.name and _same(c, reference))
        for each in [name, *together]:
            if columns[each].nulls is not None:
                columns[each] = replace(columns[each], nulls=None)
                self.not_kept(table, f"{each} is never null: it refers together with {beside}, which cannot be.")

    def checked(self, tables: tuple[Table, ...]) -> tuple[Table, ...]:
        """The tables without those references that match others and cannot; which these are is said, and which are not
        kept because their columns have another one, unless that leads to the same row.
        """
        while refused := dict(self._refused(Spec("", tables))):  # until none rests on one that is gone
            for key, why in refused.items():
                self.not_kept(key.table, f"{key.is_not_kept}: {why}.")
                self._matched.remove(key)
                tables = self._without(tables, key)
        spec = Spec("", tables)
        for key in self._spare:
            target, columns = key.targets[0][0], tuple(column for _, column in key.targets)
            if (target, columns) not in [found[:2] for found in reached_by(spec, key.table, key.columns)]:
                self.not_kept(key.table, f"{key.is_not_kept}: a column of it has another one already.")
        return tables

    def _refused(self, spec: Spec) -> Iterator[tuple[ForeignKey, str]]:
        """Those that cannot match, and why. Of references that are unique together the rows of one alone are known."""
        leads: dict[tuple[str, tuple[str, ...]], tuple[str, ...]] = {}
        for key in self._matched:
            table = spec.table(key.table)
            group = next(g for g in reference_groups(spec, table) if g.reference.name == key.title)
            try:
                check_match(spec, table, group)
            except SchemaError as error:
                yield key, error.reason(f"{key.table}.{group.columns[0]}")
                continue
            for name, column in meeting_of(spec, table, group).theirs:
                for unique, several in _together(spec, spec.table(name), column):
                    if leads.setdefault((name, unique), several) != several:
                        yield key, f"of ({', '.join(unique)}) another reference matches by {leads[name, unique][0]}"

    def _without(self, tables: tuple[Table, ...], dropped: ForeignKey) -> tuple[Table, ...]:
        """The tables without a reference; one of the same columns takes its place, if there is one."""
        table = Spec("", tables).table(dropped.table)
        columns = {c.name: c for c in table.columns}
        for name, column in columns.items():
            if column.reference and column.reference.name == dropped.title and column.reference.matching:
                columns[name] = replace(column, reference=None)
        for key in [each for each in self._spare if each.table == table.name]:
            taken = [name for name in key.columns if columns[name].reference]
            if taken and len(taken) < len(key.columns):
                self._spare.remove(key)
                self._matched.append(key)
                columns |= key.kept(columns, taken)
        return tuple(replace(t, columns=tuple(columns.values())) if t.name == table.name else t for t in tables)


def _back_to_itself(key: ForeignKey, steps: Mapping[tuple[ForeignKey, str], tuple[str, str]]) -> list[str]:
    """The columns of a reference that such steps, of a column of a reference to what it refers to, lead back to."""
    after: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for (each, name), target in steps.items():
        after.setdefault((each.table, name), []).append(target)
    found = []
    for name, target in key.pairs:
        seen, left = {target}, [target]
        while left:
            new = [there for there in after.get(left.pop(), ()) if there not in seen]
            seen.update(new)
            left += new
        found += [name] if (key.table, name) in seen else []
    return found


def _together(spec: Spec, table: Table, column: str) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """What a reference of a column is unique together with other references in; and the columns of that reference."""
    groups = [group for group in reference_groups(spec, table) if not group.reference.matching]
    for unique in unique_groups(table):
        inside = [group.columns for group in groups if tells(spec, group, unique.columns)]
        yield from ((unique.columns, several) for several in inside if column in several and len(inside) > 1)


def _same(column: Column, reference: Reference) -> bool:
    """Whether a column refers to the same row, by the name of the reference."""
    other = column.reference
    return other is not None and (other.table, other.name) == (reference.table, reference.name)


def _target_of(element: Any) -> tuple[str, str]:
    """Table and column that a part of a foreign key refers to; the table with its schema, where that is another one."""
    table, _, column = str(element.target_fullname).rpartition(".")
    schema = element.parent.table.schema
    if schema and table.startswith(f"{schema}."):
        table = table.removeprefix(f"{schema}.")
    return table, column
