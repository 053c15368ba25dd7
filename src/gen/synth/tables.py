"""This file knows the tables of a schema as sources that know each other: made when they are asked for."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from gen.errors import SchemaError
from gen.keys import Pool
from gen.schema.links import Reference
from gen.schema.matching import Inverted, inverted_references
from gen.schema.relations import follow, is_unique, unique_groups
from gen.schema.spec import Column, Spec, Table
from gen.synth.agreeing.company import in_company
from gen.synth.columns import columns_of, dirt_in, where_judged_in
from gen.synth.continued import continued_key, continued_series
from gen.synth.drawn import drawn
from gen.synth.formulas.expressions import Expression
from gen.synth.joining import copied_from, join_matched, refuse_inside, summed_link
from gen.synth.key_pools import JoinedPool, avoid_existing, pool_of
from gen.synth.noise import refuse_noise_inside
from gen.synth.related.aggregates import SynthesizeAggregate
from gen.synth.related.appended import Earlier
from gen.synth.related.copies import SynthesizeCopy, SynthesizeOrdinal
from gen.synth.related.dealing import Dealing, SynthesizeDealt, condition_of, dealing_of
from gen.synth.related.linking import Linking
from gen.synth.related.matched import MatchedPick
from gen.synth.related.parents import AllRows, JoinedRows, Parents
from gen.synth.related.references import SynthesizeReference
from gen.synth.related.segments import Segments
from gen.synth.related.subsets import MOST_LISTED, Condition, ListedRows, TriedRows, check_popularity
from gen.synth.synthesizer import Storage, Synthesizer
from gen.synth.table import TableSource

Try = Callable[[TableSource], TableSource]


@dataclass(frozen=True)
class Epoch:
    """One time that rows were made: the first, or one that appended to those before. seed: its own.

    filtered: the tables of which models take only some rows, or more; any unless given.
    """

    rows: Mapping[str, int]
    seed: int
    as_of: datetime.date
    filtered: Collection[str] | None = None


class Tables(Mapping[str, TableSource]):
    """The tables that were asked for, by name; and all others that columns of these have values from.

    Once `tried` is set, a table is tried before others see it: its rows are those that its model takes.
    """

    def __init__(self, making: Making, filtered: Collection[str] | None) -> None:
        self.asked: list[str] = []
        self.tried: Try | None = None
        self.seed, self.filtered = making.seed, filtered
        self.earlier = making.earlier
        self._making: Making | None = making
        self._sources: dict[str, TableSource] = {}
        self._trying: set[str] = set()
        self._existing = {t.name: t.extends for t in making.spec.tables if t.extends}
        self._fixed = {t.name for t in making.spec.tables if t.existing}

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
        """A table as those see it that refer to it: rows that exist already, or were made before, precede its own."""
        parts = [] if name in self._fixed else [tables[name] for tables in self.earlier]
        if old := self._existing.get(name):
            parts.insert(0, self[old])
        parts = [part for part in parts if part.rows]
        return Segments((*parts, self[name])) if parts else self[name]

    @property
    def making(self) -> Making:
        """How they are made, while that is planned."""
        assert self._making is not None
        return self._making

    def settle(self) -> None:
        """Make all tables of earlier epochs, of which rows may be asked for wherever these are drawn."""
        for tables in self.earlier:
            for name, count in tables.making.rows.items():
                if count:
                    _ = tables[name]

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
    earlier: Sequence[Epoch | Tables] = (),
) -> Tables:
    """A source for every table of the schema, or for some of them, references resolved.

    `as_of` is the day that counts as today. `earlier`: how the rows were made that these are appended to, the first of
    them first, or what made them. Raises SchemaError, CapacityError or ReferenceError, naming table and column, where a
    request cannot be met.
    """
    today = as_of or datetime.datetime.now(datetime.UTC).date()
    before: list[Tables] = []
    for epoch in earlier:
        before.append(epoch if isinstance(epoch, Tables) else _tables_of(spec, epoch, before))
    made = _tables_of(spec, Epoch(rows, seed, today), before)
    made.asked = [table.name for table in spec.tables if tables is None or table.name in tables]
    for name in made.asked:
        made.making.source(name)
    return made


def _tables_of(spec: Spec, epoch: Epoch, earlier: Sequence[Tables]) -> Tables:
    """The tables of an epoch, none of which is made yet."""
    seen = drawn(spec, epoch.rows).seen_from(epoch.as_of)
    making = Making(seen, epoch.rows, epoch.seed, epoch.as_of, tuple(earlier))
    making.tables = made = Tables(making, epoch.filtered)
    return made


@dataclass
class Making:
    """How tables are made: their columns, then what these refer to, then what they take from other tables.

    spec: the schema as it is drawn.
    """

    spec: Spec
    rows: Mapping[str, int]
    seed: int
    today: datetime.date
    earlier: tuple[Tables, ...] = ()
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
            source = where_judged_in(TableSource(name, self.rows[name], columns, document=table.document))
            self._sources[name] = replace(source, dirt=dirt_in(table, source))
        return self._sources[name]

    def declared_table(self, name: str) -> Table:
        """The table with what its columns agree about."""
        if name not in self._tables:
            table = self.spec.table(name)
            rows = self.rows[name] + self.first_row(name)
            self._tables[name] = table if table.existing else in_company(table, rows, self.today)
        return self._tables[name]

    def columns(self, name: str) -> dict[str, Synthesizer]:
        """The columns of a table, with their links; what they take from other tables they do not know yet."""
        if name not in self._columns:
            table = self.declared_table(name)
            columns = columns_of(table, self.rows[name], self.seed, self.before)
            if dealing := self.dealing(name):
                dealt = [columns[each].column for each in dealing.columns]
                columns |= {c.name: SynthesizeDealt(c, name, self.rows[name], self.seed).of(dealing) for c in dealt}
            columns |= self._continued(table, columns)
            earlier = Earlier(bool(self.earlier), self._earlier_columns(name))
            linking = Linking(self.spec, table, self.rows, earlier, self.inverted, self.seed, self.standing)
            links, members = linking.links(columns)
            columns |= members
            self._extend(table, columns)
            for column, link in links.items():
                reference = columns[column]
                if isinstance(reference, SynthesizeReference):
                    reference.link = link
            self._columns[name] = columns
        return self._columns[name]

    @cached_property
    def inverted(self) -> Mapping[tuple[str, str], Inverted]:
        """The references of which others have to know which rows refer to a row."""
        return inverted_references(self.spec)

    def first_row(self, name: str) -> int:
        """The number of a table's first row here, among all that others may refer to: as many precede it."""
        table = self.spec.table(name)
        if table.existing:
            return 0
        return sum(tables.making.rows[name] for tables in self.earlier) + (
            self.rows[table.extends] if table.extends else 0
        )

    def _earlier_columns(self, name: str) -> list[dict[str, Synthesizer]]:
        """The columns of a table in those earlier epochs that have rows of it."""
        return [tables.making.columns(name) for tables in self.earlier if tables.making.rows[name]]

    def _continued(self, table: Table, columns: Mapping[str, Synthesizer]) -> dict[str, Synthesizer]:
        """The columns of a table that is appended to that go on: keys drawn by themselves, and series."""
        if table.existing or not self.rows[table.name] or not (earlier := self._earlier_columns(table.name)):
            return {}
        before = sum(tables.making.rows[table.name] for tables in self.earlier)
        series = {name: continued_series(drawn, before) for name, drawn in columns.items()}
        names = [group.columns[0] for group in unique_groups(table) if len(group.columns) == 1]
        own = [name for name in names if name in columns and not table.column(name).reference]
        keys = {name: continued_key(columns[name], [each[name] for each in earlier]) for name in own}
        return {name: found for name, found in series.items() if found} | keys

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

    def standing(self, where: str, reference: Reference, only_new: bool = False) -> Parents:
        """The rows of its table that a reference may lead to; `only_new`: of those that this epoch makes."""
        name, first = reference.table, self.first_row(reference.table)
        rows, first = first + self.rows[name], first if only_new else 0
        if only_new and self.spec.table(name).existing:
            return AllRows(0)
        if reference.where is None:
            return AllRows(rows) if not first else JoinedRows(((first, AllRows(rows - first)),))
        check_popularity(where, reference, self.spec)
        condition = condition_of(self.spec, where, name, reference.where)
        if (dealt := self._dealt(name, condition, only_new)) is not None:
            return dealt
        accepted = Condition(self.tables, name, rows, condition, first)
        return ListedRows(accepted) if rows - first <= MOST_LISTED else TriedRows(rows, accepted)

    def _dealt(self, name: str, condition: Expression, only_new: bool) -> Parents | None:
        """The rows that a condition accepts, where it reads only columns that are dealt in all epochs."""
        epochs = [each.making for each in self.earlier if each.making.rows[name] and not only_new] + [self]
        parts: list[tuple[int, Parents]] = []
        for making in epochs:
            dealing = making.dealing(name)
            if dealing is None or not dealing.serves(condition):
                return None
            parts.append((making.first_row(name), dealing.union(condition)))
        return parts[0][1] if parts[-1][0] == 0 else JoinedRows(tuple(parts))

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
        if isinstance(column, SynthesizeReference) and column.link and isinstance(column.link.pick, MatchedPick):
            epochs = [*(each.making for each in self.earlier), self]
            join_matched(self.tables, table, name, column.link.pick, epochs)
        if isinstance(column, SynthesizeCopy):
            column.copies(self._origin(table, column))
        if isinstance(column, SynthesizeAggregate):
            self._aggregate(table, column)
        for part in column.every_part():
            inside = part.where.startswith((f"{column.where}.", f"{column.where}["))
            if inside and isinstance(part, (SynthesizeAggregate, SynthesizeCopy, SynthesizeOrdinal)):
                refuse_inside(column, part)

    def pool(self, target: Reference) -> tuple[Pool, Storage]:
        """The keys of a table, and what a sink may know of them."""
        table, key = self.spec.table(target.table), self._key_of(target)
        pools = [pool_of(key, self.tables)]
        if table.existing:
            return pools[0], key.storage
        earlier = [each.making for each in self.earlier if each.making.rows[table.name]]
        pools[:0] = [pool_of(making._key_of(target), making.tables) for making in earlier]
        if table.extends:
            pools.insert(0, self.pool(replace(target, table=table.extends))[0])
        return JoinedPool(tuple(pools)) if len(pools) > 1 else pools[0], key.storage

    def _key_of(self, target: Reference) -> Synthesizer:
        """What draws the keys of this epoch's rows of a table."""
        if target.table not in self._columns and self._is_plain(target):
            return self._plain_key(target)
        self.columns(target.table)
        self.join(target.table, target.column)
        return self._columns[target.table][target.column]

    def _is_plain(self, target: Reference) -> bool:
        """Whether a key is drawn by itself, without the other columns of its table."""
        table = self.spec.table(target.table)
        if target.table in self.tables.asked or table.extends or (self.earlier and not table.existing):
            return False
        column = table.column(target.column)
        return column.key is not None and column.reference is None and is_unique(table, [target.column])

    def _plain_key(self, target: Reference) -> Synthesizer:
        """A key of a table of which nothing else is needed."""
        plain = Reference(target.table, target.column)
        if plain not in self._keys:
            parent, count = self.declared_table(target.table), self.rows[target.table]
            self._keys[plain] = columns_of(parent, count, self.seed, self.before, (target.column,))[target.column]
        return self._keys[plain]

    def _origin(self, table: str, copy: SynthesizeCopy) -> Synthesizer:
        """The column that a copy copies."""
        here, name = copied_from(self.columns, table, copy)
        origin = self.columns(here)[name]
        self.join(here, name)
        if isinstance(origin, SynthesizeCopy) and origin.origin is None:
            raise SchemaError(
                f"{copy.where}: it copies {origin.where}, which copies it.", hint="Break the circle: let one be drawn."
            )
        return origin

    def _aggregate(self, table: str, aggregate: SynthesizeAggregate) -> None:
        """Hand an aggregate the link whose rows refer to this table, and the column of theirs that it is of."""
        said = aggregate.aggregate
        link = summed_link(self.spec, self.columns, table, aggregate)
        if said.column is not None:
            self.join(said.table, said.column)
        aggregate.first = self.first_row(table)
        origin = self.columns(said.table)[said.column] if said.column is not None else None
        aggregate.sums(link, self.tables, origin)
