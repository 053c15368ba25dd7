"""This file knows which links the references of a table have, and what is unique together with them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from gen.errors import SchemaError
from gen.keys import FEWER, MAXIMUM_DOMAIN, KeyOrder, check_capacity, later_order
from gen.relations.picks import SkewedPicks, UniformPicks, popularity_classes
from gen.schema.links import Distribution
from gen.schema.relations import ReferenceGroup, UniqueGroup
from gen.schema.spec import Column
from gen.streams import stream_key
from gen.synth.related.groups import DigitPick, Digits, GroupMember, LaterDigits, PickedDigits, ProductDigits
from gen.synth.related.links import Link
from gen.synth.related.picks import FanOutPick, Pick
from gen.synth.related.popularity import Popularity
from gen.synth.related.single_references import SingleReferences
from gen.synth.related.subsets import LaterPick
from gen.synth.synthesizer import Synthesizer, keys_like, path_of

MOST_COMBINATIONS = 2**53  # of the members of a unique group but its lead


class Linking(SingleReferences):
    """The links of all references of a table, and its columns that are unique together, with them or each other."""

    def links(self, columns: Mapping[str, Synthesizer]) -> tuple[dict[str, Link], dict[str, Synthesizer]]:
        """The link of each column that refers to another row, and the columns that are members of a unique group."""
        links: dict[str, Link] = {}
        members: dict[str, Synthesizer] = {}
        for group in self.groups:
            if not self._is_later(group):
                self._check_covering(group)
        combined: dict[tuple[str, ...], Pick] = {}
        for unique in self.unique:
            inside = self._inside(unique)
            self._check_cut(unique, inside)
            if len(unique.columns) > 1 and not any(set(unique.columns) <= set(group.columns) for group in inside):
                members |= self._combined(unique, inside, columns, combined)
        for group in self.groups:
            condition = columns[group.columns[0]].condition
            link = self._link(group, combined.get(group.columns), condition)
            links |= dict.fromkeys(group.columns, link)
        return links, members

    # -- unique together -----------------------------------------------------------------------------------------

    def _check_cut(self, unique: UniqueGroup, inside: Sequence[ReferenceGroup]) -> None:
        """Refuse a reference of several columns of which only some are in a unique group."""
        for group in self.groups:
            shared = set(group.columns) & set(unique.columns)
            if shared and group not in inside and shared == set(unique.columns):
                rest = ", ".join(name for name in group.columns if name not in shared)
                said = f"{', '.join(unique.columns)} {'is' if len(shared) == 1 else 'are'} unique"
                raise SchemaError(
                    f"{self.table.name}: {said}, and refers to {group.reference.table} together with {rest}: several "
                    "rows there have the same.",
                    hint=f"Let another reference decide it, and say matching beside {rest}.",
                )
            others = [other for other in self.unique if other != unique and group in self._inside(other)]
            several = shared and any(not set(each.columns) <= set(group.columns) for each in [unique, *others])
            if shared and (group not in inside or (others and several)):
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
        matched = next((group for group in inside if group.reference.matching), None)
        if matched is not None and numbered is None:
            combined |= self._matched_together(unique, inside, matched)
            return {}
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
        if self.earlier.columns and not inside:
            return self._continued(own)
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

    def _matched_together(
        self, unique: UniqueGroup, inside: Sequence[ReferenceGroup], matched: ReferenceGroup
    ) -> dict[tuple[str, ...], Pick]:
        """Two references of which the second matches the first: rows with one parent there pick different ones here."""
        (lead,) = (group for group in inside if group is not matched)
        order = unique.key.order if unique.key else None
        if order == "sequential":
            raise SchemaError(
                f"{self._where(matched)}: keys in sequence have every combination, and it refers to rows that match.",
                hint='Leave the order "sequential" out.',
            )
        pick = self._matched(matched, lead.columns[0])

        def of_lead() -> FanOutPick:
            where, parent = f"({', '.join(unique.columns)})", lead.reference.table
            pairs = self.parents(lead) * min(pick.fewest, MAXIMUM_DOMAIN)
            said = (
                f"what rows of {parent} have, each with the {pick.fewest:,} of {matched.reference.table} that match in "
            )
            check_capacity(self.table.name, where, self.count, pairs, f"{said}the least case", FEWER)
            found = self._lead_fan_out(lead, pick.fewest, order == "scattered")
            if found.most > pick.fewest:
                raise self._beyond(
                    lead,
                    f"a row of {parent} has up to {found.most:,} rows here, each with another row of "
                    f"{matched.reference.table} that matches, and the fewest that match are {pick.fewest:,}.",
                    f"Let a row of {parent} have {pick.fewest:,} at most, Children(..., most={pick.fewest}), or let "
                    f"more rows of {matched.reference.table} match each.",
                    found.most,
                    pick.fewest,
                )
            return found

        return {matched.columns: pick, lead.columns: LaterPick(of_lead, lambda: True)}

    def _continued(self, own: Sequence[Column]) -> dict[str, Synthesizer]:
        """Members of a unique group without references, of rows that are appended: other combinations than before."""
        earlier: list[Any] = [columns[own[0].name] for columns in self.earlier.columns]
        orders, sizes = [member.digits.order for member in earlier], earlier[0].digits.sizes
        left, where = orders[0].capacity - sum(member.rows for member in earlier), ", ".join(c.name for c in own)
        said = f"the set of combinations that {sum(member.rows for member in earlier):,} earlier rows leave"
        check_capacity(self.table.name, f"({where})", self.count, left, said, FEWER)
        key = stream_key(self.seed, self.table.name, " ".join(path_of(column.name) for column in own), "key")
        digits = ProductDigits(later_order(orders, self.count, key), sizes)
        members: dict[str, Synthesizer] = {}
        for i, column in enumerate(own):
            values = self.earlier.columns[0][column.name].inner
            members[column.name] = GroupMember(column, self.table.name, self.count, self.seed).of(values, digits, i)
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
        hint = "Append more rows of what they refer to, or fewer of these." if self.earlier.is_there else ""
        check_capacity(self.table.name, where, self.count, product, "the set of their combinations", hint)
        order = unique.key.order if unique.key else None
        lead = inside.index(self._by_lead(inside)[0]) if inside else None
        if order == "sequential":
            self._check_sequential(inside)
        if lead is None or order == "sequential" or not self.count:
            return self._product(unique, order or "ascending", sizes)
        self._cut_widest(sizes, lead, len(inside))
        group = inside[lead]
        others = [size for i, size in enumerate(sizes) if i != lead]
        most = math.prod(others)
        picked = self._lead_fan_out(group, most, order == "scattered")
        if picked.most > most:
            raise self._beyond(
                group,
                f"a row of {group.reference.table} has up to {picked.most:,} rows here, and the other fields of "
                f"{where} have {most:,} combinations.",
                "Let parents have fewer children, or widen the other fields.",
                picked.most,
                most,
            )
        picks, popularity = self._picks(inside, lead, others, most)
        return PickedDigits(lead, picked, tuple(sizes), picks, popularity)

    def _cut_widest(self, sizes: list[int], lead: int, own: int) -> None:
        """Leave fewer values to columns that are drawn, from place `own` on, if there are too many combinations."""
        while (most := math.prod(size for i, size in enumerate(sizes) if i != lead)) > MOST_COMBINATIONS:
            widest = max(range(own, len(sizes)), key=lambda i: sizes[i], default=None)
            if widest is None or sizes[widest] == 1:
                return
            sizes[widest] = max(MOST_COMBINATIONS // (most // sizes[widest]), 1)

    def _check_sequential(self, inside: Sequence[ReferenceGroup]) -> None:
        """Refuse to say how many rows a parent has where the order of the keys says it."""
        for group in inside:
            if group.reference.children or group.reference.covering or self._law(group):
                raise SchemaError(
                    f"{self._where(group)}: keys in sequence have every combination of the first rows of "
                    f"{group.reference.table}, and it says how many rows refer to each.",
                    hint='Leave the order "sequential" out, or what is said of the parents.',
                )

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
        return self._as_drawn(group, most, scattered)

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
