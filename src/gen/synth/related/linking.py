"""This file knows which links the references of a table have: what they declare, and what is unique with them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gen.errors import CapacityError, ReferenceError, SchemaError
from gen.keys import MAXIMUM_DOMAIN, KeyOrder, check_capacity
from gen.relations.covering import Covering
from gen.relations.fan_out import FanOut, ScatteredFanOut
from gen.relations.histogram import Histogram, histogram_of
from gen.relations.picks import SkewedPicks, UniformPicks, popularity_classes
from gen.relations.trees import LeveledTree, RecursiveTree, Ring, natural_depth, tree_capacity
from gen.schema.links import Children, Distribution, Reference, Tree
from gen.schema.relations import ReferenceGroup, UniqueGroup, reference_groups, unique_groups
from gen.schema.spec import Column, Spec, Table
from gen.streams import stream_key
from gen.synth.laws.discrete import binomial_weights
from gen.synth.related.children import described_children, histogram_for, without_parent
from gen.synth.related.groups import DigitPick, Digits, GroupMember, LaterDigits, PickedDigits, ProductDigits
from gen.synth.related.links import (
    CoveringPick,
    DistinctPick,
    EvenPick,
    FanOutPick,
    Link,
    NoPick,
    Parents,
    PartlyPick,
    Pick,
    PopularPick,
    RingPick,
    TreePick,
)
from gen.synth.related.popularity import Popularity, check_rank_law, popularity_key, popularity_of
from gen.synth.related.subsets import (
    LaterPick,
    ListedRows,
    TriedPick,
    TriedRows,
    none_accepted,
    not_listed,
)
from gen.synth.synthesizer import Synthesizer, keys_like, path_of

MOST_COMBINATIONS = 2**53  # of the members of a unique group but its lead
_POISSON = 64  # parents' picks among more combinations than so many times theirs are as good as Poisson's


@dataclass
class Linking:
    """The links of one table while they are made; `rows` are those of all tables.

    standing: which rows of its parent a reference may lead to; the field that refers, as messages name it, comes first.
    """

    spec: Spec
    table: Table
    rows: Mapping[str, int]
    seed: int
    standing: Callable[[str, Reference], Parents]
    groups: Sequence[ReferenceGroup] = field(init=False)
    unique: Sequence[UniqueGroup] = field(init=False)

    def __post_init__(self) -> None:
        self.groups = reference_groups(self.spec, self.table)
        self.unique = unique_groups(self.table)
        self._standing = {g.columns: self.standing(self._where(g), g.reference) for g in self.groups}

    @property
    def count(self) -> int:
        return self.rows[self.table.name]

    def links(self, columns: Mapping[str, Synthesizer]) -> tuple[dict[str, Link], dict[str, Synthesizer]]:
        """The link of each column that refers to another row, and the columns that are members of a unique group."""
        links: dict[str, Link] = {}
        members: dict[str, Synthesizer] = {}
        for group in self.groups:
            if not self._is_later(group):
                self._check_covering(group)
        combined: dict[tuple[str, ...], Pick] = {}
        for unique in self.unique:
            inside = [group for group in self.groups if set(group.columns) <= set(unique.columns)]
            self._check_cut(unique, inside)
            if len(unique.columns) > 1 and not (len(inside) == 1 and set(inside[0].columns) == set(unique.columns)):
                members |= self._combined(unique, inside, columns, combined)
        for group in self.groups:
            condition = columns[group.columns[0]].condition
            link = self._link(group, combined.get(group.columns), condition)
            links |= dict.fromkeys(group.columns, link)
        return links, members

    # -- one reference ----------------------------------------------------------------------------------------

    def _where(self, group: ReferenceGroup) -> str:
        return f"{self.table.name}.{group.columns[0]}"

    def _key(self, group: ReferenceGroup, purpose: str) -> int:
        return stream_key(self.seed, self.table.name, path_of(group.columns[0]), purpose)

    def _first(self, group: ReferenceGroup) -> Column:
        return self.table.column(group.columns[0])

    def parents(self, group: ReferenceGroup) -> int:
        """How many rows it may lead to; where they are listed, this lists them."""
        return self._standing[group.columns].size

    def _is_later(self, group: ReferenceGroup) -> bool:
        """Whether it is known only on first use how many they are."""
        return isinstance(self._standing[group.columns], ListedRows)

    def _law(self, group: ReferenceGroup) -> Distribution | None:
        """How popular the parents are, by what any of the columns declares."""
        laws = {law for name in group.columns if (law := self.table.column(name).distribution)}
        laws.discard(Distribution("uniform"))
        if len(laws) > 1:
            raise SchemaError(f"{self._where(group)}: two laws are declared for one reference.", hint="Keep one.")
        law = next(iter(laws), None)
        check_rank_law(self._where(group), law)
        return law

    def _link(self, group: ReferenceGroup, combined: Pick | None, condition: Any) -> Link:
        column, standing = self._first(group), self._standing[group.columns]
        exact = combined is None and (group.reference.children is not None or self._is_numbered(group))
        null = (self._key(group, "null"), column.nulls) if column.nulls and not exact else None
        if exact and condition is not None:
            raise SchemaError(
                f"{self._where(group)}: each parent has exactly so many children, and it is there only when "
                f"{condition.text!r}.",
                hint="Leave the condition out; Nulls(0.1) leaves exactly a share of the rows without a parent.",
            )
        self._check_where(group)
        if isinstance(standing, ListedRows):
            pick: Pick = LaterPick(lambda: self._found(group, combined), lambda: self._knows_children(group, combined))
        elif isinstance(standing, TriedRows):
            pick = TriedPick(standing.condition, self._free(group, standing.size))
        else:
            pick = self._found(group, combined)
        return Link(standing, pick, null, condition)

    def _found(self, group: ReferenceGroup, combined: Pick | None) -> Pick:
        """How each row finds its parent, once it is known how many there are."""
        parents, column, reference = self.parents(group), self._first(group), group.reference
        self._check_covering(group)
        if parents or not self.count:
            return combined or self._pick(group, parents)
        if column.nulls is not None:
            return NoPick()
        if self.rows[reference.table] and reference.where is not None:
            raise none_accepted(self._where(group), reference, self.rows[reference.table], self.table.name, column.name)
        raise ReferenceError(
            f"{self._where(group)} refers to {reference}, a table without rows.",
            hint="Give the parent at least one row.",
            table=self.table.name,
            column=column.name,
            target=str(reference),
        )

    def _knows_children(self, group: ReferenceGroup, combined: Pick | None) -> bool:
        """Whether the rows that refer to a row will be known."""
        alone = any(set(unique.columns) <= set(group.columns) for unique in self.unique)
        if combined is not None:
            return combined.is_invertible
        return alone or group.reference.children is not None or self._is_numbered(group)

    def _check_where(self, group: ReferenceGroup) -> None:
        """Refuse what needs all rows of the parent, or a list of those that a condition accepts and has none."""
        reference, where = group.reference, self._where(group)
        if reference.where is None:
            return
        if reference.tree or reference.ring:
            raise SchemaError(
                f"{where}: trees and rings are made of all rows of their table, and it refers to those alone where "
                f"{reference.where!r}.",
                hint="Leave the condition out.",
            )
        if isinstance(self._standing[group.columns], TriedRows):
            together = any(set(unique.columns) & set(group.columns) for unique in self.unique)
            if together or reference.children or reference.covering or self._is_numbered(group):
                raise not_listed(where, reference, self.rows[reference.table])

    def _pick(self, group: ReferenceGroup, parents: int) -> Pick:
        reference = group.reference
        if any(set(unique.columns) <= set(group.columns) for unique in self.unique):
            return self._distinct(group, parents)
        if reference.ring:
            ring = Ring(max(self.count, 1), stream_key(self.seed, self.table.name, "", "ring"), reference.ring.closed)
            self._check_rootless(group, "the last has no next one" if not reference.ring.closed else "")
            return RingPick(ring, reference.ring.backwards)
        if reference.tree:
            self._check_rootless(group, "roots have no parent")
            return TreePick(self._tree(group, reference.tree))
        if fan_out := self.fan_out(group):
            return self._partly(group, fan_out)
        plain = self._free(group, parents)
        if not reference.covering:
            return plain
        return CoveringPick(Covering(self.count, parents, self._key(group, "covering")), plain)

    def _check_covering(self, group: ReferenceGroup) -> None:
        """Refuse fewer rows than there are parents, where each is to be referred to."""
        parents = self.parents(group)
        if group.reference.covering and self.count < parents:
            raise CapacityError(
                f"{self._where(group)}: each row of {group.reference.table} is referred to at least once, and "
                f"{parents:,} of them are more than {self.count:,} rows.",
                hint="Ask for more rows, or leave `covering` out.",
                table=self.table.name,
                column=group.columns[0],
                asked=parents,
                available=self.count,
            )

    def _free(self, group: ReferenceGroup, parents: int) -> EvenPick | PopularPick:
        """Each row by itself: all parents alike, or as popular as a law says."""
        law, key = self._law(group), self._key(group, "value")
        if law is None:
            return EvenPick(parents, key)
        return PopularPick(self._popularity(group, law, parents), key, _said(law))

    def _popularity(self, group: ReferenceGroup, law: Distribution, parents: int) -> Popularity:
        shared = group.reference.popularity
        key = popularity_key(self.seed, group.reference) if shared else self._key(group, "popularity")
        return popularity_of(self._where(group), law, max(parents, 1), key)

    def _distinct(self, group: ReferenceGroup, parents: int) -> Pick:
        """Each parent at most once: a primary key that refers to another, a unique reference."""
        reference = group.reference
        other = reference.children or reference.tree or reference.ring or self._law(group)
        if other:
            raise SchemaError(
                f"{self._where(group)}: it is unique, and says how many rows refer to each parent, too.",
                hint="Leave one of them out: of a unique reference each parent has one row at most.",
            )
        if self.count > parents:
            raise CapacityError(
                f"{self._where(group)}: {self.count:,} rows refer to different rows of {reference.table}, which has "
                f"{parents:,}.",
                hint=f"Ask for at most as many rows as {reference.table} has, or for more of those.",
                table=self.table.name,
                column=group.columns[0],
                asked=self.count,
                available=parents,
            )
        orders = [key.order for name in group.columns if (key := self.table.column(name).key) and key.order]
        order = next(iter(orders), "ascending")
        return DistinctPick(KeyOrder(order, self.count, parents, self._key(group, "key")))

    def _tree(self, group: ReferenceGroup, tree: Tree) -> RecursiveTree | LeveledTree:
        count, where, key = max(self.count, 1), self._where(group), self._key(group, "tree")
        roots = int(tree.roots) if tree.roots >= 1 else max(round(tree.roots * count), 1)
        roots = min(roots, count)
        if tree.depth is None and tree.children is None:
            return RecursiveTree(count, roots, key)
        children = tree.children if tree.children is not None else count
        depth = tree.depth if tree.depth is not None else natural_depth(count, children, roots)
        capacity = tree_capacity(depth, children, roots)
        if count > capacity:
            raise CapacityError(
                f"{where}: a tree of {roots:,} root{'s' * (roots != 1)}, {depth:,} levels and at most {children:,} "
                f"child{'ren' * (children != 1)} each holds "
                f"{capacity:,} rows, and {count:,} are asked for.",
                hint="Allow more roots, levels or children, or ask for fewer rows.",
                table=self.table.name,
                column=group.columns[0],
                asked=count,
                available=capacity,
            )
        return LeveledTree(count, depth, children, roots, key)

    def _check_rootless(self, group: ReferenceGroup, why: str) -> None:
        required = [name for name in group.columns if self.table.column(name).nulls is None]
        if why and required:
            raise SchemaError(
                f"{self.table.name}.{required[0]}: {why}, and the field is never null.",
                hint="Make the field Optional: int | None.",
            )

    # -- exact fan-outs ------------------------------------------------------------------------------------------

    def fan_out(self, group: ReferenceGroup) -> FanOutPick | None:
        """The exact fan-out that a reference declares, or needs, because rows with one parent are numbered."""
        children, where = group.reference.children, self._where(group)
        if children is None and not self._is_numbered(group):
            return None
        law = self._law(group)
        if law is not None:
            raise SchemaError(
                f"{where}: a law says how popular its parents are, and another how many children each has.",
                hint="Keep one of them.",
            )
        if children is None:
            mean = self._with_parent(group) / max(self.parents(group), 1)
            children = Children(Distribution("poisson", (("mean", mean),)))
            return self._exactly(group, children, self._as_even(group, None), "as many as chance gives each")
        natural = histogram_for(where, children, self.parents(group))
        if natural.total != self._with_parent(group):
            natural = histogram_for(where, children, self.parents(group), self._with_parent(group))
        return self._exactly(group, children, natural, described_children(children))

    def _is_numbered(self, group: ReferenceGroup) -> bool:
        """Whether rows with one parent are numbered."""
        return any(column.ordinal and column.ordinal.reference in group.columns for column in self.table.columns)

    def _with_parent(self, group: ReferenceGroup) -> int:
        """How many rows have a parent, where exactly so many children are said of each."""
        return self.count - without_parent(self._first(group).nulls or 0.0, self.count)

    def _partly(self, group: ReferenceGroup, fan_out: FanOutPick) -> Pick:
        """The fan-out, but of rows of which some have no parent."""
        some = self._with_parent(group)
        if some == self.count:
            return fan_out
        without = KeyOrder("ascending", self.count - some, self.count, self._key(group, "null"))
        return PartlyPick(without, fan_out) if some else NoPick()

    def _exactly(self, group: ReferenceGroup, children: Children | None, counts: Histogram, said: str) -> FanOutPick:
        column = self._first(group)
        ordered = FanOut(counts, self._key(group, "fan out"))
        scattered = children is not None and children.scattered
        scattered |= bool(column.key and column.key.order == "scattered")
        return FanOutPick(ScatteredFanOut(ordered, self._key(group, "scatter")) if scattered else ordered, said)

    def _beyond_one(self, group: ReferenceGroup, most: int) -> tuple[int, int, int]:
        """How many rows each parent is sure to have, how many are left for chance, how many of those one may have."""
        sure = int(group.reference.covering)
        return sure, self._with_parent(group) - sure * self.parents(group), most - sure

    def _as_even(self, group: ReferenceGroup, most: int | None) -> Histogram:
        """How many of the rows each parent has where each is as likely, and none has more than `most`."""
        sure, count, room = self._beyond_one(group, 2**53 if most is None else most)
        found = self._by_chance(group, count, None if most is None else room)
        return Histogram(found.counts + sure, found.parents)

    def _by_chance(self, group: ReferenceGroup, count: int, most: int | None) -> Histogram:
        parents = max(self.parents(group), 1)
        if most is not None and most < _POISSON * max(count // parents, 1) * _POISSON:
            least, weights = binomial_weights(
                max(most, 1), min(max(count / (parents * max(most, 1)), 1e-12), 1 - 1e-12)
            )
        else:
            mean = max(count / parents, 1e-12)
            least, weights = binomial_weights(2**40, mean / 2**40)
        counts = np.arange(least, least + len(weights), dtype=np.int64)
        if most is not None:
            counts, weights = counts[counts <= most], weights[counts <= most]
        spread = np.unique(np.concatenate([counts, [0, count // parents, -(-count // parents)]]))
        chances = np.full(spread.size, np.finfo(float).tiny)
        chances[np.searchsorted(spread, counts)] += weights
        return histogram_of(self._where(group), spread, chances, parents, count)

    # -- unique together -----------------------------------------------------------------------------------------

    def _check_cut(self, unique: UniqueGroup, inside: Sequence[ReferenceGroup]) -> None:
        """Refuse a reference of several columns of which only some are in a unique group."""
        for group in self.groups:
            shared = set(group.columns) & set(unique.columns)
            if shared and group not in inside and not set(unique.columns) <= set(group.columns):
                raise SchemaError(
                    f"{self.table.name}: ({', '.join(unique.columns)}) are unique together, and "
                    f"({', '.join(group.columns)}) refer to {group.reference.table} together: they share "
                    f"{', '.join(sorted(shared))} alone.",
                    hint="Let one of them contain the other, or let them share no field.",
                )

    def _combined(
        self,
        unique: UniqueGroup,
        inside: Sequence[ReferenceGroup],
        columns: Mapping[str, Synthesizer],
        combined: dict[tuple[str, ...], Pick],
    ) -> dict[str, Synthesizer]:
        """Have the members of a unique group pick combinations that differ; returns its columns that are drawn."""
        numbered = self._numbered(unique, inside)
        referring = {name for group in inside for name in group.columns}
        own = [self.table.column(name) for name in unique.columns if name not in referring]
        if numbered is not None:
            return {}  # the number of a row among those with its parent makes it another
        for column in own:
            if column.copied and column.copied[0] not in unique.columns:
                raise SchemaError(
                    f"{self.table.name}.{column.name}: ({', '.join(unique.columns)}) are unique together, and it is "
                    f"copied through {column.copied[0]}, which is not among them.",
                    hint=f"Let {column.copied[0]} be one of them.",
                )
        own = [column for column in own if not column.copied]  # which the reference that it is copied through decides
        keyed = {column.name: self._keyed(column, columns[column.name]) for column in own}
        counts = [min(keyed[column.name].cardinality or 1, MOST_COMBINATIONS) for column in own]

        def of_counts() -> Digits:
            return self._digits(unique, inside, [self.parents(group) for group in inside] + counts)

        digits = LaterDigits(of_counts) if any(map(self._is_later, inside)) else of_counts()
        for i, group in enumerate(inside):
            combined[group.columns] = DigitPick(digits, i)
        members: dict[str, Synthesizer] = {}
        for i, column in enumerate(own, len(inside)):
            drawn = columns[column.name]
            made = GroupMember(column, self.table.name, self.count, self.seed)
            members[column.name] = made.of(keyed[column.name], digits, i)
            assert drawn.path == made.path
        return members

    def _numbered(self, unique: UniqueGroup, inside: Sequence[ReferenceGroup]) -> ReferenceGroup | None:
        """The reference in a unique group whose rows another member numbers."""
        for name in unique.columns:
            ordinal = self.table.column(name).ordinal
            if ordinal:
                found = next((group for group in inside if ordinal.reference in group.columns), None)
                if found:
                    return found
        return None

    def _keyed(self, column: Column, drawn: Synthesizer) -> Synthesizer:
        """What gives the value of each digit of a column."""
        tied = column.distribution not in (None, Distribution("uniform")) or column.weights
        first = None if tied else keys_like(drawn, 1)
        count = first.cardinality if first else None
        keyed = keys_like(drawn, min(count, MOST_COMBINATIONS)) if count else None
        if keyed is None:
            said = "has a law of its own" if tied else "has values that cannot be counted"
            raise SchemaError(
                f"{self.table.name}.{column.name}: it is unique together with others, and {said}.",
                hint="Leave the law out: combinations are drawn, each once." if tied else "Leave it out of the group.",
            )
        return keyed

    def _digits(self, unique: UniqueGroup, inside: Sequence[ReferenceGroup], sizes: list[int]) -> Digits:
        product = math.prod(sizes)
        where = f"({', '.join(unique.columns)})"
        check_capacity(self.table.name, where, self.count, product, "the set of their combinations")
        order = unique.key.order if unique.key else None
        lead = self._lead(inside)
        if order == "sequential":
            self._check_sequential(inside)
        if lead is None or order == "sequential" or not self.count:
            return self._product(unique, order or "ascending", sizes)
        group = inside[lead]
        others = [size for i, size in enumerate(sizes) if i != lead]
        most = math.prod(others)
        picked = self._lead_fan_out(group, most, order == "scattered")
        if picked.most > most:
            raise CapacityError(
                f"{self.table.name}.{group.columns[0]}: a row of {group.reference.table} has up to {picked.most:,} "
                f"rows here, and the other fields of {where} have {most:,} combinations.",
                hint="Let parents have fewer children, or widen the other fields.",
                table=self.table.name,
                column=group.columns[0],
                asked=picked.most,
                available=most,
            )
        picks, popularity = self._picks(inside, lead, others, most)
        return PickedDigits(lead, picked, tuple(sizes), picks, popularity)

    def _check_sequential(self, inside: Sequence[ReferenceGroup]) -> None:
        """Refuse to say how many rows a parent has where the order of the keys says it."""
        for group in inside:
            if group.reference.children or group.reference.covering or self._law(group):
                raise SchemaError(
                    f"{self._where(group)}: keys in sequence have every combination of the first rows of "
                    f"{group.reference.table}, and it says how many rows refer to each.",
                    hint='Leave the order "sequential" out, or what is said of the parents.',
                )

    def _lead(self, inside: Sequence[ReferenceGroup]) -> int | None:
        """The reference whose parents' rows are counted: that which says most of them, or the first."""
        ranked = sorted(
            range(len(inside)),
            key=lambda i: (
                inside[i].reference.children is None,
                not inside[i].reference.covering,
                self._law(inside[i]) is None,
                i,
            ),
        )
        return ranked[0] if ranked else None

    def _lead_fan_out(self, group: ReferenceGroup, most: int, scattered: bool) -> FanOutPick:
        if self._first(group).nulls:
            raise SchemaError(
                f"{self._where(group)}: some of its rows have no parent, and it is unique together with others.",
                hint="Say Nulls(0), or leave it out of the group.",
            )
        if group.reference.children:
            found = self.fan_out(group)
            assert found is not None
            return found
        law = self._law(group)
        if law is None:
            counts, said = self._as_even(group, most), "as many as chance gives each"
        else:
            sure, count, room = self._beyond_one(group, most)
            degrees, ranks = self._popularity(group, law, self.parents(group)).counts(count, room)
            counts, said = Histogram(degrees + sure, ranks), f"popular by {_said(law)}"
            if group.reference.popularity:
                raise SchemaError(
                    f"{self._where(group)}: a popularity is shared, and the reference is unique together with others.",
                    hint="Leave the name of the popularity out.",
                )
        law_of_none = Children(Distribution("uniform"), scattered=scattered)
        return self._exactly(group, law_of_none, counts, said)

    def _picks(
        self, inside: Sequence[ReferenceGroup], lead: int, others: Sequence[int], most: int
    ) -> tuple[UniformPicks | SkewedPicks, Popularity | None]:
        """How a parent's rows choose among the combinations of the other members."""
        key = self._key(inside[lead], "picks")
        skewed = [g for i, g in enumerate(inside) if i != lead and (self._law(g) or g.reference.children)]
        covering = [g for i, g in enumerate(inside) if i != lead and g.reference.covering]
        for group in [*covering, *skewed]:
            if group.reference.children or group.reference.covering or len(others) > 1:
                raise SchemaError(
                    f"{self._where(group)}: it is unique together with others, of which {self._where(inside[lead])} "
                    "says how many rows a parent has already.",
                    hint="Leave out what it says of its parents: covering, a law, or children.",
                )
        if most > MOST_COMBINATIONS:
            raise SchemaError(
                f"{self.table.name}: the fields beside {inside[lead].columns[0]} have {most:,} combinations; "
                f"{MOST_COMBINATIONS:,} is the most.",
                hint="Narrow their bounds.",
            )
        if not skewed:
            return UniformPicks(most, key), None
        law = self._law(skewed[0])
        assert law is not None
        popularity = self._popularity(skewed[0], law, most)
        sizes, weights = popularity_classes(most, popularity.mass, popularity.law.cuts)
        return SkewedPicks(sizes, weights, key), popularity

    def _product(self, unique: UniqueGroup, order: str, sizes: list[int]) -> ProductDigits:
        """All combinations in one order; the widest member is cut where they are too many to be counted."""
        while math.prod(sizes) > MAXIMUM_DOMAIN:
            widest = sizes.index(max(sizes))
            rest = math.prod(sizes) // sizes[widest]
            sizes[widest] = max(MAXIMUM_DOMAIN // rest, 1)
        key = stream_key(self.seed, self.table.name, " ".join(map(path_of, unique.columns)), "key")
        return ProductDigits(KeyOrder(order, self.count, math.prod(sizes), key), tuple(sizes))


def parents_of(spec: Spec, rows: Mapping[str, int], table: str) -> int:
    """How many rows of a table others may refer to: its own, and those that exist already."""
    old = spec.table(table).extends
    return rows[table] + (rows[old] if old else 0)


def _said(law: Distribution) -> str:
    """A law in words: "zipf(exponent=1.1)"."""
    listed = ", ".join(f"{name}={value:g}" for name, value in law.parameters if isinstance(value, (int, float)))
    return f"{law.name}({listed})" if listed else law.name
