"""Counts with DuckDB what the markers of models declare of keys, references, copies and aggregates.

It reads the markers from the models, and shares no code with what makes the rows: every check is a query.
"""

from __future__ import annotations

import types
from dataclasses import dataclass, field
from itertools import groupby
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import duckdb
import numpy as np

import gen

AGGREGATES = {gen.Sum: "sum", gen.Count: "count", gen.Min: "min", gen.Max: "max", gen.Last: "last"}


@dataclass
class Declared:
    """A field with its markers, by class."""

    name: str
    nullable: bool
    markers: dict[type, list[Any]] = field(default_factory=dict)

    def __contains__(self, kind):
        return kind in self.markers

    def __getitem__(self, kind):
        return self.markers[kind][0]


def fields_of(model):
    """The fields of a model, by name."""
    made = {}
    for name, hint in get_type_hints(model, include_extras=True).items():
        inner, *said = get_args(hint) if get_origin(hint) is Annotated else (hint,)
        nullable = get_origin(inner) in (types.UnionType,) and type(None) in get_args(inner)
        made[name] = Declared(name, nullable)
        for marker in said:
            made[name].markers.setdefault(type(marker), []).append(marker)
    return made


def quoted(*names, of=""):
    return ", ".join(f'{of}"{name}"' for name in names)


def matched(names, targets, child="child", parent="parent"):
    """The condition of a join over a reference."""
    return " and ".join(f'{child}."{n}" = {parent}."{t}"' for n, t in zip(names, targets, strict=True))


class Counted:
    """Tables of models in DuckDB, from Arrow tables by name; `check` counts all that their markers declare."""

    def __init__(self, models, tables):
        self.models = {model.__name__: model for model in models}
        self.fields = {model.__name__: fields_of(model) for model in models}
        self.connection = duckdb.connect(config={"threads": 1})
        for name, table in tables.items():
            if isinstance(table, str):
                self.connection.execute(f"create view \"{name}\" as from read_parquet('{table}')")
            else:
                self.connection.register(name, table)

    def rows(self, sql):
        return self.connection.execute(sql).fetchall()

    def one(self, sql):
        ((found,),) = self.rows(sql)
        return found

    def size(self, table):
        return self.one(f'select count(*) from "{table}"')

    # -- what is declared ---------------------------------------------------------------------------------

    def unique(self, table):
        """The groups of fields that are unique together."""
        groups = {}
        for name, each in self.fields[table].items():
            if gen.PrimaryKey in each:
                groups.setdefault("PRIMARY KEY", []).append(name)
            for said in each.markers.get(gen.Unique, ()):
                groups.setdefault(said.group or name, []).append(name)
        return list(groups.values())

    def references(self, table):
        """(fields, parent's table, parent's fields) of each reference; those that match come last."""
        found = []
        for name, each in self.fields[table].items():
            if gen.ForeignKey in each:
                parent, target = each[gen.ForeignKey].reference.split(".")
                alone = [target] in self.unique(parent) and not each[gen.ForeignKey].name
                found.append(((parent, each[gen.ForeignKey].name or "", name if alone else ""), name, target))
        groups = [list(group) for _, group in groupby(sorted(found), key=lambda each: each[0])]
        made = []
        for group in groups:
            pairs = [pair for _, name, _ in group for pair in self.matching(table, name)]
            names = [n for _, n, _ in group] + [mine for mine, _ in pairs]
            made.append((names, group[0][0][0], [t for _, _, t in group] + [other for _, other in pairs]))
        return made

    def matching(self, table, name):
        """The fields of the row, and of the parent, that a reference wants the same."""
        said = self.fields[table][name][gen.ForeignKey].matching
        if isinstance(said, dict):
            return list(said.items())
        return [(each, each) for each in ([said] if isinstance(said, str) else said or [])]

    def leading(self, table, name):
        """The reference that a field is in."""
        return min((r for r in self.references(table) if name in r[0]), key=lambda r: r[0].index(name))

    # -- what is counted ------------------------------------------------------------------------------------

    def check(self):
        for table in self.models:
            self.check_unique(table)
            for reference in self.references(table):
                self.check_reference(table, *reference)
            for name, each in self.fields[table].items():
                if not each.nullable:
                    assert self.one(f'select count(*) from "{table}" where "{name}" is null') == 0, (table, name)
                if gen.Ordinal in each:
                    self.check_ordinal(table, name, each[gen.Ordinal])
                if gen.Copy in each:
                    self.check_copy(table, name, each[gen.Copy].path)
                if gen.Tree in each:
                    self.check_tree(table, name, each[gen.Tree])
                for kind in (gen.Next, gen.Previous):
                    if kind in each:
                        self.check_ring(table, name, each[kind].closed)
                for kind, called in AGGREGATES.items():
                    if kind in each:
                        self.check_aggregate(table, name, each[kind], called)
        return self

    def check_unique(self, table):
        for group in self.unique(table):
            there = " and ".join(f'"{name}" is not null' for name in group)
            twice = f'select 1 from "{table}" where {there} group by {quoted(*group)} having count(*) > 1'
            assert self.one(f"select count(*) from ({twice})") == 0, (table, group)

    def check_reference(self, table, names, parent, targets):
        on = matched(names, targets)
        own = [n for n in names if n not in [mine for mine, _ in self.matching(table, names[0])]]
        some, every = (joint.join(f'child."{n}" is not null' for n in own) for joint in (" or ", " and "))
        orphans = f'select count(*) from "{table}" child anti join "{parent}" parent on {on} where {some}'
        assert self.one(orphans) == 0, (table, names)
        assert self.one(f'select count(*) from "{table}" child where ({some}) and not ({every})') == 0
        said = self.fields[table][names[0]][gen.ForeignKey]
        if said.covering:
            left = f'select count(*) from "{parent}" parent anti join "{table}" child on {on}'
            assert self.one(left) == 0, (table, names)

    def histogram(self, table, name):
        """How many rows of the parent have how many rows here."""
        names, parent, targets = self.leading(table, name)
        on = matched(names, targets)
        counted = (
            f'select count(child."{name}") n from "{parent}" parent left join "{table}" child on {on} '
            f"group by {quoted(*targets, of='parent.')}"
        )
        return dict(self.rows(f"select n, count(*) from ({counted}) group by n order by n"))

    def check_ordinal(self, table, name, said):
        names, _, _ = self.leading(table, said.reference)
        wrong = (
            f'select count(*) from (select count(*) n, count(distinct "{name}") d, min("{name}") a, max("{name}") b '
            f'from "{table}" group by {quoted(*names)}) where n <> d or a <> {said.start} or b <> {said.start} + n - 1'
        )
        assert self.one(wrong) == 0, (table, name)

    def joins(self, table, path):
        """FROM with the parents along a path, the last called `t<n>`."""
        sql, here, last = f'"{table}" t0', table, "t0"
        for i, step in enumerate(path, 1):
            names, parent, targets = self.leading(here, step)
            on = matched(names, targets, f"t{i - 1}", f"t{i}")
            sql += f' left join "{parent}" t{i} on {on}'
            here, last = parent, f"t{i}"
        return sql, last

    def check_copy(self, table, name, path):
        sql, last = self.joins(table, path[:-1])
        if self.fields[table][name].markers.keys() & {gen.When, gen.Nulls}:
            wrong = f'select count(*) from {sql} where t0."{name}" is not null and t0."{name}" <> {last}."{path[-1]}"'
        else:
            wrong = f'select count(*) from {sql} where t0."{name}" is distinct from {last}."{path[-1]}"'
        assert self.one(wrong) == 0, (table, name)

    def check_aggregate(self, table, name, said, called):
        """Against a GROUP BY; floats within 1e-9 of it."""
        child, _, column = said.of.partition(".")
        back = [r for r in self.references(child) if r[1] == table and said.through in (None, *r[0])]
        ((names, _, targets),) = back
        kind = self.one(f'select typeof(any_value("{name}")) from "{table}"')
        of = f'epoch_us("{column}")' if kind == "INTERVAL" else f'"{column}"' if column else "*"
        if called == "last":
            order = f'"{said.by}"' if said.by else "position"
            there = f'where "{said.by}" is not null' if said.by else ""
            counted = (
                f"select {quoted(*names)}, first({of} order by {order} desc, position desc) found_ "
                f'from (select *, row_number() over () position from "{child}") {there} group by {quoted(*names)}'
            )
        else:
            counted = f'select {quoted(*names)}, {called}({of}) found_ from "{child}" group by {quoted(*names)}'
        on = matched(names, targets)
        value = "coalesce(found_, 0)" if called in ("sum", "count") else "found_"
        here = f'epoch_us(parent."{name}")' if kind == "INTERVAL" else f'parent."{name}"'
        far = f"abs({here} - {value}) > 1e-9 * (1 + abs({value}))" if kind == "DOUBLE" else f"{here} <> {value}"
        wrong = (
            f'select count(*) from "{table}" parent left join ({counted}) child on {on} '
            f"where ({here} is null) <> ({value} is null) or {far}"
        )
        assert self.one(wrong) == 0, (table, name)

    def check_tree(self, table, name, said):
        """Every row is under a root, not deeper than allowed, and no row has too many under it."""
        names, _, targets = self.leading(table, name)
        rows = self.size(table)
        ids = ", ".join(f'"{target}" id{i}' for i, target in enumerate(targets))
        on = " and ".join(f't."{n}" = walk.id{i}' for i, n in enumerate(names))
        levels = self.rows(
            f'with recursive walk as (select {ids}, 1 depth from "{table}" where "{name}" is null union all '
            f'select {quoted(*targets, of="t.")}, depth + 1 from "{table}" t join walk on {on}) '
            "select depth, count(*) from walk group by depth order by depth"
        )
        assert sum(count for _, count in levels) == rows
        roots = int(said.roots) if said.roots >= 1 else max(round(said.roots * rows), 1)
        if rows:
            assert levels[0] == (1, min(roots, rows))
        if said.depth is not None:
            assert len(levels) <= said.depth
        if said.children is not None:
            assert all(count <= said.children for count in self.histogram(table, name))

    def check_ring(self, table, name, closed):
        """Followed from row to row, all rows are met once."""
        names, _, targets = self.leading(table, name)
        found = self.rows(f'select {quoted(*targets)}, {quoted(*names)} from "{table}"')
        following = {row[: len(targets)]: None if row[-1] is None else row[len(targets) :] for row in found}
        followers = [each for each in following.values() if each is not None]
        assert len(set(followers)) == len(followers)
        if not following:
            return
        (start,) = following.keys() - set(followers) if not closed else [next(iter(following))]
        met, here = 0, start
        while here is not None and not (met and here == start):
            met, here = met + 1, following[here]
        assert met == len(following) and (here == start if closed else here is None)


# -- laws of children, as exact histograms ------------------------------------------------------------------


def poisson(mean):
    counts = np.arange(0, 200)
    logs = counts * np.log(mean) - mean - np.concatenate([[0], np.cumsum(np.log(np.arange(1, 200)))])
    return counts, np.exp(logs)


def geometric(probability):
    counts = np.arange(0, 3000)
    return counts, probability * (1 - probability) ** counts


def zipf(exponent, most):
    counts = np.arange(1, most + 1)
    return counts, counts.astype(float) ** -exponent


def listed(weights):
    return np.array(sorted(weights)), np.array([weights[count] for count in sorted(weights)], float)


def exact_histogram(law, parents, none=None, least=0, most=None):
    """Parents by their number of children: of N, round(N F(k)) have k or fewer. A cell may be one off where N F(k) is
    a half but for rounding."""
    counts, weights = law
    least = max(least, 1) if none is not None else least
    kept = (counts >= least) & (counts <= (most if most is not None else counts[-1]))
    counts, weights = counts[kept], weights[kept]
    if none is not None:
        counts = np.concatenate([[0], counts])
        weights = np.concatenate([[none], (1 - none) * weights / weights.sum()])
    marks = np.rint(np.cumsum(weights) / weights.sum() * parents).astype(int)
    held = np.diff(marks, prepend=0)
    return {int(count): int(number) for count, number in zip(counts, held, strict=True) if number}
