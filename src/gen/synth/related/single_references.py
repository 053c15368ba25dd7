"""This file knows the link of a reference by itself: which parent each row has, by what the reference declares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gen.errors import CapacityError, ReferenceError, SchemaError
from gen.keys import KeyOrder
from gen.relations.covering import Covering
from gen.relations.fan_out import MOST, FanOut, ScatteredFanOut
from gen.relations.histogram import Histogram, histogram_of
from gen.relations.trees import LeveledTree, RecursiveTree, Ring, natural_depth, tree_capacity
from gen.schema.links import Children, Distribution, Reference, Tree
from gen.schema.relations import ReferenceGroup
from gen.schema.spec import Column
from gen.streams import stream_key
from gen.synth.laws.discrete import binomial_weights
from gen.synth.related.appended import TableReferences
from gen.synth.related.children import described_children, histogram_for, without_parent
from gen.synth.related.links import Link
from gen.synth.related.matched import MatchedPick
from gen.synth.related.parents import Parents
from gen.synth.related.picks import (
    CoveringPick,
    DistinctPick,
    EvenPick,
    FanOutPick,
    NoPick,
    PartlyPick,
    Pick,
    PopularPick,
    RingPick,
    TreePick,
)
from gen.synth.related.popularity import Popularity, popularity_key, popularity_of
from gen.synth.related.subsets import (
    LaterPick,
    ListedRows,
    TriedPick,
    TriedRows,
    none_accepted,
    not_listed,
)
from gen.synth.synthesizer import path_of

_POISSON = 4096  # parents' picks among more combinations than so many times theirs are as good as Poisson's


@dataclass
class SingleReferences(TableReferences):
    """The references of one table while their links are made, each by itself.

    standing: which rows of its parent a reference may lead to; the field that refers, as messages name it, comes first,
    and last whether only those that are made with these rows.
    """

    seed: int
    standing: Callable[[str, Reference, bool], Parents]

    def __post_init__(self) -> None:
        super().__post_init__()
        self._standing = {
            group.columns: self.standing(self._where(group), group.reference, self.is_among_new(group))
            for group in self.groups
        }

    def _key(self, group: ReferenceGroup, purpose: str) -> int:
        return stream_key(self.seed, self.table.name, path_of(group.columns[0]), purpose)

    def _beyond(self, group: ReferenceGroup, said: str, hint: str, asked: int, available: int) -> CapacityError:
        """The error that a reference asks for more than there is."""
        facts = {"table": self.table.name, "column": group.columns[0], "asked": asked, "available": available}
        return CapacityError(f"{self._where(group)}: {said}", hint=hint, **facts)

    def _first(self, group: ReferenceGroup) -> Column:
        return self.table.column(group.columns[0])

    def parents(self, group: ReferenceGroup) -> int:
        """How many rows it may lead to; where they are listed, this lists them."""
        return self._standing[group.columns].size

    def _is_later(self, group: ReferenceGroup) -> bool:
        """Whether it is known only on first use how many they are."""
        return isinstance(self._standing[group.columns], ListedRows)

    def _link(self, group: ReferenceGroup, combined: Pick | None, condition: Any) -> Link:
        column, standing = self._first(group), self._standing[group.columns]
        exact = combined is None and self._is_exact(group)
        null = (self._key(group, "null"), column.nulls) if column.nulls and not exact else None
        if exact and condition is not None:
            inverted = self._inverted(group)
            why = f"{inverted.by} matches by it" if inverted else "each parent has exactly so many children"
            raise SchemaError(
                f"{self._where(group)}: {why}, and it is there only when {condition.text!r}.",
                hint="Leave the condition out; Nulls(0.1) leaves exactly a share of the rows without a parent.",
            )
        self._check_where(group)
        if group.reference.matching:
            pick: Pick = combined or self._matched(group)
        elif isinstance(standing, ListedRows):
            pick = LaterPick(lambda: self._found(group, combined), lambda: self._knows_children(group, combined))
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
        if combined is not None:
            return combined.is_invertible
        return self._is_alone(group) or self._is_exact(group)

    def _is_exact(self, group: ReferenceGroup) -> bool:
        """Whether a reference has an exact fan-out: it declares one, or others need it."""
        return group.reference.children is not None or self._is_numbered(group) or self._inverted(group) is not None

    def _matched(self, group: ReferenceGroup, lead: str | None = None) -> MatchedPick:
        """A pick among the parents that match; it is told later how they are found."""
        said = " and ".join(mine for mine, _ in group.reference.matching)
        required = self._first(group).nulls is None and self._first(group).when is None
        pick = MatchedPick(self._where(group), group.reference.table, said, self._key(group, "value"), required, lead)
        if group.reference.tree:
            self._check_rootless(group, "roots have no parent")
            pick.tree = group.reference.tree
        return pick

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
            if together or reference.covering or self._is_exact(group):
                inverted = self._inverted(group)
                why = f"{inverted.by} matches by it" if inverted else "says how many rows refer to each"
                raise not_listed(where, reference, self.rows[reference.table], why)

    def _pick(self, group: ReferenceGroup, parents: int) -> Pick:
        reference = group.reference
        if self._is_alone(group):
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
            raise self._beyond(
                group,
                f"each row of {group.reference.table} is referred to at least once, and "
                f"{parents:,} of them are more than {self.count:,} rows.",
                "Ask for more rows, or leave `covering` out.",
                parents,
                self.count,
            )

    def _free(self, group: ReferenceGroup, parents: int) -> EvenPick | PopularPick:
        """Each row by itself: all parents alike, or as popular as a law says."""
        law, key = self._law(group), self._key(group, "value")
        if law is None:
            return EvenPick(parents, key)
        return PopularPick(self._popularity(group, law, parents), key, said_law(law))

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
            raise self._beyond(
                group,
                f"{self.count:,} rows refer to different rows of {reference.table}, which has {parents:,}.",
                f"Ask for at most as many rows as {reference.table} has, or for more of those.",
                self.count,
                parents,
            )
        orders = [key.order for name in group.columns if (key := self.table.column(name).key) and key.order]
        order = next(iter(orders), "ascending")
        return DistinctPick(KeyOrder(order, self.count, parents, self._key(group, "key")))

    def _tree(self, group: ReferenceGroup, tree: Tree) -> RecursiveTree | LeveledTree:
        count, key = max(self.count, 1), self._key(group, "tree")
        roots = int(tree.roots) if tree.roots >= 1 else max(round(tree.roots * count), 1)
        roots = min(roots, count)
        if tree.depth is None and tree.children is None:
            return RecursiveTree(count, roots, key)
        children = tree.children if tree.children is not None else count
        depth = tree.depth if tree.depth is not None else natural_depth(count, children, roots)
        capacity = tree_capacity(depth, children, roots)
        if count > capacity:
            raise self._beyond(
                group,
                f"a tree of {roots:,} root{'s' * (roots != 1)}, {depth:,} levels and at most {children:,} "
                f"child{'ren' * (children != 1)} each holds "
                f"{capacity:,} rows, and {count:,} are asked for.",
                "Allow more roots, levels or children, or ask for fewer rows.",
                count,
                capacity,
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
        """The exact fan-out that a reference declares, or needs: rows with one parent are numbered, or looked for."""
        children, where = group.reference.children, self._where(group)
        if not self._is_exact(group):
            return None
        law = self._law(group)
        if law is not None and children is not None:
            raise SchemaError(
                f"{where}: a law says how popular its parents are, and another how many children each has.",
                hint="Keep one of them.",
            )
        if children is None:
            inverted = self._inverted(group)
            scattered = inverted is not None and not inverted.ordered and not self._is_numbered(group)
            return self._as_drawn(group, None, scattered)
        natural = histogram_for(where, children, self.parents(group))
        if natural.total != self._with_parent(group):
            natural = histogram_for(where, children, self.parents(group), self._with_parent(group))
        return self._exactly(group, children, natural, described_children(children))

    def _as_drawn(self, group: ReferenceGroup, most: int | None, scattered: bool) -> FanOutPick:
        """A fan-out of as many rows for each parent as its picks would come to, `most` at the most."""
        law = self._law(group)
        if law is None:
            counts, said = self._as_even(group, most), "as many as chance gives each"
        else:
            sure, count, room = self._beyond_one(group, MOST if most is None else most)
            degrees, ranks = self._popularity(group, law, self.parents(group)).counts(count, room)
            counts, said = Histogram(degrees + sure, ranks), f"popular by {said_law(law)}"
            if group.reference.popularity:
                inverted = self._inverted(group)
                why = f"{inverted.by} matches by it" if inverted else "it is exact how many rows each parent has"
                raise SchemaError(
                    f"{self._where(group)}: a popularity is shared, and {why}.",
                    hint="Leave the name of the popularity out.",
                )
        of_none = Children(Distribution("uniform"), scattered=scattered)
        return self._exactly(group, of_none, counts, said)

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

    def _exactly(self, group: ReferenceGroup, children: Children, counts: Histogram, said: str) -> FanOutPick:
        column = self._first(group)
        ordered = FanOut(counts, self._key(group, "fan out"))
        scattered = children.scattered or bool(column.key and column.key.order == "scattered")
        return FanOutPick(ScatteredFanOut(ordered, self._key(group, "scatter")) if scattered else ordered, said)

    def _beyond_one(self, group: ReferenceGroup, most: int) -> tuple[int, int, int]:
        """How many rows each parent is sure to have, how many are left for chance, how many of those one may have."""
        sure = self._sure(group)
        return sure, self._with_parent(group) - sure * self.parents(group), most - sure

    def _sure(self, group: ReferenceGroup) -> int:
        """How many rows each parent is to have at least: of those that others look for enough, if there are so many."""
        inverted = self._inverted(group)
        if inverted is None or not inverted.covering:
            return int(group.reference.covering)
        asked = max((2 * -(-self.rows[pair] // max(self.rows[lead], 1)) for pair, lead in inverted.pairs), default=1)
        return max(min(asked, self._with_parent(group) // max(self.parents(group), 1)), int(group.reference.covering))

    def _as_even(self, group: ReferenceGroup, most: int | None) -> Histogram:
        """How many of the rows each parent has where each is as likely, and none has more than `most`."""
        sure, count, room = self._beyond_one(group, MOST if most is None else most)
        found = self._by_chance(group, count, None if most is None else room)
        return Histogram(found.counts + sure, found.parents)

    def _by_chance(self, group: ReferenceGroup, count: int, most: int | None) -> Histogram:
        parents = max(self.parents(group), 1)
        if most is not None and most < _POISSON * max(count // parents, 1):
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


def said_law(law: Distribution) -> str:
    """A law in words: "zipf(exponent=1.1)"."""
    listed = ", ".join(f"{name}={value:g}" for name, value in law.parameters if isinstance(value, (int, float)))
    return f"{law.name}({listed})" if listed else law.name
