"""This file knows the tables of a schema as sources that know each other: made when they are asked for."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gen.errors import CapacityError, SchemaError
from gen.keys import Pool
from gen.schema.links import Key, Reference
from gen.schema.relations import follow, is_unique, key_circle, unique_groups
from gen.schema.spec import Column, Spec, Table, suggestion
from gen.synth.agreeing.company import in_company
from gen.synth.correlation import correlate
from gen.synth.held import SynthesizeHeld
from gen.synth.judging.judged import where_judged
from gen.synth.key_pools import JoinedPool, avoid_existing, check_distinct, pool_of, refuse_made
from gen.synth.nested import SynthesizeField, Whole
from gen.synth.noise import Dirt, dirt_of, refuse_noise_inside
from gen.synth.related.aggregates import SynthesizeAggregate
from gen.synth.related.copies import SynthesizeCopy, SynthesizeOrdinal
from gen.synth.related.dealing import Dealing, SynthesizeDealt, condition_of, dealing_of
from gen.synth.related.linking import Linking
from gen.synth.related.links import AllRows, Link, Parents
from gen.synth.related.references import SynthesizeReference
from gen.synth.related.segments import Segments
from gen.synth.related.single_references import parents_of
from gen.synth.related.subsets import MOST_LISTED, Condition, ListedRows, TriedRows, check_popularity
from gen.synth.rows import OF_SEVERAL, TO_SEVERAL, refers_to_several
from gen.synth.synthesizer import Storage, Synthesizer, synthesizer_of
from gen.synth.table import TableSource
from gen.synth.tied.ordered import with_room, with_room_inside

Try = Callable[[TableSource], TableSource]


class Tables(Mapping[str, TableSource]):
    """The tables that were asked for, by name; and all others that columns of these have values from.

    Once `tried` is set, a table is tried before others see it: its rows are those that its model takes.
    """

    def __init__(self, making: Making, asked: Sequence[str]) -> None:
        self.asked = list(asked)
        self.tried: Try | None = None
        self._making: Making | None = making
        self._sources: dict[str, TableSource] = {}
        self._trying: set[str] = set()
        self.extended = {table.name: table.extends for table in making.spec.tables if table.extends}

    def __getitem__(self, name: str) -> TableSource:
        if name in self._sources:
            return self._sources[name]
        if self._making is None:
            raise KeyError(name)
        source = self._making.source(name)
        if self.tried is None or name in self._trying:
            return source
        self._trying.add(name)
        self._sources[name] = self.tried(source)
        return self._sources[name]

    def referred(self, name: str) -> Any:
        """A table as those see it that refer to it: rows that exist already come before its own."""
        source, old = self[name], self.extended.get(name)
        return Segments(self[old], source) if old else source

    def is_final(self, name: str) -> bool:
        """Whether a table is as others see it from now on: tried, where tables are."""
        return name in self._sources

    def __iter__(self) -> Iterator[str]:
        return iter(self.asked)

    def __len__(self) -> int:
        return len(self.asked)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_making": None, "tried": None}


def table_sources(
    spec: Spec,
    rows: Mapping[str, int],
    seed: int,
    as_of: datetime.date | None = None,
    tables: Collection[str] | None = None,
) -> Tables:
    """A source for every table of the schema, or for some of them, references resolved.

    `as_of` is the day that counts as today. Raises SchemaError, CapacityError or ReferenceError, naming table and
    column, where a request cannot be met.
    """
    today = as_of or datetime.datetime.now(datetime.UTC).date()
    drawn = _drawn(spec, rows).seen_from(today)
    asked = [table.name for table in drawn.tables if tables is None or table.name in tables]
    making = Making(drawn, rows, seed, today)
    made = making.tables = Tables(making, asked)
    for name in asked:
        making.source(name)
    return made


def _drawn(spec: Spec, rows: Mapping[str, int]) -> Spec:
    """The schema as it is drawn: of keys that refer to each other in a circle one is drawn; what is unique is a key."""
    tables = []
    for table in spec.tables:
        columns = tuple(_drawn_column(spec, table, column, rows) for column in table.columns)
        tables.append(replace(table, columns=columns))
    return replace(spec, tables=tuple(tables))


def _drawn_column(spec: Spec, table: Table, column: Column, rows: Mapping[str, int]) -> Column:
    circle = key_circle(spec, table, column)
    if circle:
        counts = {name: rows[name] for name, _ in circle}
        if len(set(counts.values())) > 1:
            said = ", ".join(f"{name} {count:,}" for name, count in counts.items())
            raise CapacityError(
                f"{table.name}.{column.name}: its keys are those of {' and '.join(counts.keys() - {table.name})}, and "
                f"theirs are its own; the tables have unequal numbers of rows: {said}.",
                hint="Ask for as many rows of each.",
            )
        if circle[0] == (table.name, column.name):
            return replace(column, reference=None)
    alone = column.unique and not column.key and is_unique(table, [column.name])
    if alone and column.reference is None:
        return replace(column, key=Key("scattered", primary=False))
    return column


@dataclass
class Making:
    """How tables are made: their columns, then what these refer to, then what they take from other tables.

    spec: the schema as it is drawn.
    """

    spec: Spec
    rows: Mapping[str, int]
    seed: int
    today: datetime.date
    tables: Any = None
    _sources: dict[str, TableSource] = field(default_factory=dict)
    _columns: dict[str, dict[str, Synthesizer]] = field(default_factory=dict)
    _keys: dict[Reference, Synthesizer] = field(default_factory=dict)
    _tables: dict[str, Table] = field(default_factory=dict)
    _joined: set[tuple[str, str]] = field(default_factory=set)
    _dealings: dict[str, Dealing | None] = field(default_factory=dict)

    def source(self, name: str) -> TableSource:
        """A table; its rows are not tried yet."""
        if name not in self._sources:
            table = self.spec.table(name)
            refuse_noise_inside(table)
            columns = self.columns(name)
            for column in columns:
                self.join(name, column)
            source = _where_judged(TableSource(name, self.rows[name], columns, document=table.document))
            self._sources[name] = replace(source, dirt=_dirt(table, source))
        return self._sources[name]

    def declared_table(self, name: str) -> Table:
        """The table with what its columns agree about."""
        if name not in self._tables:
            table = self.spec.table(name)
            self._tables[name] = table if table.existing else in_company(table, self.rows[name], self.today)
        return self._tables[name]

    def columns(self, name: str) -> dict[str, Synthesizer]:
        """The columns of a table, with their links; what they take from other tables they do not know yet."""
        if name not in self._columns:
            table = self.declared_table(name)
            columns = columns_of(table, self.rows[name], self.seed, self.before)
            if dealing := self.dealing(name):
                dealt = [columns[each].column for each in dealing.columns]
                columns |= {c.name: SynthesizeDealt(c, name, self.rows[name], self.seed).of(dealing) for c in dealt}
            links, members = Linking(self.spec, table, self.rows, self.seed, self.standing).links(columns)
            columns |= members
            self._extend(table, columns)
            for column, link in links.items():
                reference = columns[column]
                if isinstance(reference, SynthesizeReference):
                    reference.link = link
            self._columns[name] = columns
        return self._columns[name]

    def _extend(self, table: Table, columns: Mapping[str, Synthesizer]) -> None:
        """Have what is unique in a table differ from what exists already, too."""
        if table.extends is None:
            return
        old = self.columns(table.extends)
        for group in unique_groups(table):
            key = columns[group.columns[0]]
            if len(group.columns) > 1 or isinstance(key, SynthesizeReference):
                raise SchemaError(
                    f"{table.name}: ({', '.join(group.columns)}) would have to differ from those of {table.extends}, "
                    "and are several, or refer to another table.",
                    hint="Extend a table whose key is one field of its own.",
                )
            if group.columns[0] in old:
                held = old[group.columns[0]]
                avoid_existing(key, held.at(range(held.rows)))

    def dealing(self, name: str) -> Dealing | None:
        """How the rows of a table are dealt to columns that references name in a `where`."""
        if name not in self._dealings:
            table, rows = self.declared_table(name), self.rows[name]
            self._dealings[name] = dealing_of(self.spec, table, rows, self.seed)
        return self._dealings[name]

    def standing(self, where: str, reference: Reference) -> Parents:
        """The rows of its table that a reference may lead to."""
        name, rows = reference.table, parents_of(self.spec, self.rows, reference.table)
        if reference.where is None:
            return AllRows(rows)
        check_popularity(where, reference, self.spec)
        condition, dealing = condition_of(self.spec, where, name, reference.where), self.dealing(name)
        if dealing is not None and dealing.serves(condition):
            return dealing.union(condition)
        accepted = Condition(self.tables, name, rows, condition)
        return ListedRows(accepted) if rows <= MOST_LISTED else TriedRows(rows, accepted)

    def before(self, table: Table, path: str) -> tuple[Table, Column] | None:
        """What a path through references leads to."""
        found = follow(self.spec, table, path)
        if found is None or found[0].name == table.name:
            return found
        other = self.declared_table(found[0].name)
        return other, other.column(found[1].name)

    # -- what a column has of other tables ----------------------------------------------------------------------

    def join(self, table: str, name: str) -> None:
        """Hand a column the keys that it refers to, and the columns of other tables that it is made of."""
        if (table, name) in self._joined:
            return
        self._joined.add((table, name))
        column = self.columns(table)[name]
        references = [s for s in column.every_part() if isinstance(s, SynthesizeReference)]
        pools: dict[Any, Any] = {}
        for each in references:
            each.tables = self.tables
            target = each.column.reference
            assert target is not None
            pools[str(target)] = self.pool(target)
            if target.where is not None and each.link is None:
                pools[target, "rows"] = self.standing(each.where, target)
        if pools:
            column.take_pools(pools)
        if isinstance(column, SynthesizeCopy):
            column.copies(self._origin(table, column))
        if isinstance(column, SynthesizeAggregate):
            self._aggregate(table, column)
        for part in column.every_part():
            inside = part.where.startswith((f"{column.where}.", f"{column.where}["))
            if inside and isinstance(part, (SynthesizeAggregate, SynthesizeCopy, SynthesizeOrdinal)):
                self._check_inside(column, part)

    def _check_inside(self, column: Synthesizer, part: Synthesizer) -> None:
        """Refuse, inside another field, what is of the rows of a table; a copy there is a path in an expression."""
        said = part.column
        what = said.aggregate or ("a copy" if said.copied else "an ordinal")
        instead = f'; here write Derived("{".".join(said.copied)}")' if said.copied else ""
        raise SchemaError(
            f"{part.where}: it is {what} inside another field, {column.column.name}.",
            hint=f"Only a field of the table itself can be that{instead}.",
        )

    def pool(self, target: Reference) -> tuple[Pool, Storage]:
        """The keys of a table, and what a sink may know of them."""
        if target.table in self._columns or not self._is_plain(target):
            self.columns(target.table)
            self.join(target.table, target.column)
            key = self._columns[target.table][target.column]
        else:
            key = self._key(target)
        made, old = pool_of(key, self.tables), self.spec.table(target.table).extends
        if old is None:
            return made, key.storage
        return JoinedPool(self.pool(replace(target, table=old))[0], made), key.storage

    def _is_plain(self, target: Reference) -> bool:
        """Whether a key is drawn by itself, without the other columns of its table."""
        if target.table in self.tables.asked:
            return False
        table = self.spec.table(target.table)
        column = table.column(target.column)
        return column.key is not None and column.reference is None and is_unique(table, [target.column])

    def _key(self, target: Reference) -> Synthesizer:
        """A key of a table of which nothing else is needed."""
        plain = Reference(target.table, target.column)
        if plain not in self._keys:
            parent, count = self.declared_table(target.table), self.rows[target.table]
            self._keys[plain] = columns_of(parent, count, self.seed, self.before, (target.column,))[target.column]
        return self._keys[plain]

    def _origin(self, table: str, copy: SynthesizeCopy) -> Synthesizer:
        """The column that a copy copies."""
        *path, last = copy.column.copied
        here = table
        for name in path:
            reference = self.columns(here).get(name)
            referring = [n for n, s in self.columns(here).items() if s.column.reference]
            said = ".".join(copy.column.copied)
            if refers_to_several(reference):
                raise SchemaError(f"{copy.where}: it copies {said}, and {here}.{name} {TO_SEVERAL}.", hint=OF_SEVERAL)
            if not isinstance(reference, SynthesizeReference) or reference.column.reference is None:
                raise SchemaError(
                    f"{copy.where}: it copies {'.'.join(copy.column.copied)}, and {here}.{name} is no reference.",
                    hint=f"All names of a copy but the last are references. {suggestion(name, referring)}",
                )
            here = reference.column.reference.table
        origin = self.columns(here).get(last)
        if origin is None:
            raise SchemaError(
                f"{copy.where}: it copies {'.'.join(copy.column.copied)}, and {here} has no field {last!r}.",
                hint=suggestion(last, self.columns(here)),
            )
        self.join(here, last)
        if isinstance(origin, SynthesizeCopy) and origin.origin is None:
            raise SchemaError(
                f"{copy.where}: it copies {origin.where}, which copies it.", hint="Break the circle: let one be drawn."
            )
        return origin

    def _aggregate(self, table: str, aggregate: SynthesizeAggregate) -> None:
        """Hand an aggregate the link whose rows refer to this table, and the column of theirs that it is of."""
        said = aggregate.aggregate
        names = [t.name for t in self.spec.tables]
        if said.table not in names:
            raise SchemaError(
                f"{aggregate.where}: it is {said}, and there is no table {said.table!r}.",
                hint=suggestion(said.table, names),
            )
        columns = self.columns(said.table)
        for name in (said.column, said.by):
            if name is not None and name not in columns:
                raise SchemaError(
                    f"{aggregate.where}: it is {said}, and {said.table} has no field {name!r}.",
                    hint=suggestion(name, columns),
                )
        link = self._link_back(table, aggregate, columns)
        if said.column is not None:
            self.join(said.table, said.column)
        aggregate.first = parents_of(self.spec, self.rows, table) - self.rows[table]
        aggregate.sums(link, self.tables, columns[said.column] if said.column is not None else None)

    def _link_back(self, table: str, aggregate: SynthesizeAggregate, columns: Mapping[str, Synthesizer]) -> Link:
        said = aggregate.aggregate
        back: dict[str, SynthesizeReference] = {
            name: s
            for name, s in columns.items()
            if isinstance(s, SynthesizeReference) and s.column.reference and s.column.reference.table == table
        }
        links = {id(s.link): name for name, s in back.items()}
        through = said.through or next((n for n, s in columns.items() if _leads_to(s, table)), None)
        if through is not None and (said.through or not back) and _leads_to(columns.get(through), table):
            raise SchemaError(
                f"{aggregate.where}: it is {said}, and {said.table}.{through} {TO_SEVERAL}.", hint=OF_SEVERAL
            )
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
            raise SchemaError(
                f"{aggregate.where}: which rows of {said.table} refer to a row of {table} cannot be told without a "
                f"look at all of them: {said.table}.{chosen} refers to them so: {link.pick.described()}.",
                hint=f"Declare beside {said.table}.{chosen} how many rows each has, and nothing else of the parents: "
                "Children(Poisson(3)).",
            )
        return link


def _leads_to(synthesizer: Any, table: str) -> bool:
    """Whether a column refers to a table among several."""
    return refers_to_several(synthesizer) and table in [each.table for each in synthesizer.column.references]


def _where_judged(source: TableSource) -> TableSource:
    """The table, in which only those models inside rows are asked that refuse some values."""
    if not source.rows:
        return source
    judged = {name: where_judged(s) for name, s in source.columns.items() if any(s.column.judges())}
    return replace(source, columns={**source.columns, **judged}) if judged else source


def _dirt(table: Table, source: TableSource) -> dict[str, Dirt]:
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
