"""This file knows how JSON Schema's arrays are read: lists of items, of which some are contained, and tuples."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from gen.errors import SchemaError
from gen.schema.json_schema.conjunction import Conjunction, Node, Unsatisfiable, canonical
from gen.schema.json_schema.opposites import Read, opposite_of
from gen.schema.nesting import TooDeep
from gen.schema.spec import Column

_MORE = 5  # items after a prefix, at most, as lists have
MOST_ITEMS = 1000  # of prefixItems and minItems together
_MOST_RANGES = 9  # that whole numbers are split into where some are left out
_NEVER = (Unsatisfiable, TooDeep)


@dataclass(frozen=True)
class _Wanted:
    """What `contains` asks for: from `least` to `most` items that satisfy these schemas."""

    nodes: tuple[Node, ...]
    least: int
    most: int | None

    @property
    def excluded(self) -> Node:
        """The schema of the items that do not satisfy it."""
        parts = [without_id(node) for node in self.nodes]
        return Node({"not": parts[0] if len(parts) == 1 else {"allOf": parts}}, self.nodes[0].resolver)


def without_id(node: Node) -> Any:
    """The schema without its $id, which its resolver knows already."""
    if not isinstance(node.schema, dict):
        return node.schema
    return {keyword: value for keyword, value in node.schema.items() if keyword != "$id"}


def array_of(read: Read, where: str, name: str, c: Conjunction) -> Column:
    """The column of arrays; `c.residual` is set where it does not say all of it."""
    items = c.items if c.items or c.contains else [(len(c.prefix), node) for node in c.unevaluated["array"]]
    shortest, longest = c.shortest.get("array", 0), c.longest.get("array")
    if any(node.schema is False for _, node in items):
        longest = len(c.prefix) if longest is None else min(longest, len(c.prefix))
    wanted = _wanted(c, longest)
    for one in wanted:
        if one.most is not None and one.most < one.least:
            raise Unsatisfiable(
                f"{where}: `contains` asks for at least {one.least} items that satisfy it, and at most {one.most}.",
                hint="Correct minContains, which is 1 unless it says otherwise, and maxContains.",
            )
    shortest = max(shortest, sum(one.least for one in wanted))
    if longest is not None and shortest > longest:
        raise Unsatisfiable(f"{where}: at least {shortest} and at most {longest} items.", hint="Correct them.")
    made = Column(name, "list", min_length=shortest or None, max_length=longest, unique_items=c.unique)
    if c.prefix:
        return _tuples(_Tuple(read, where, c, items, wanted), name, shortest, longest)
    inside = [node for _, node in items] or [anything(c)]
    try:
        if wanted:
            return _containing(read, where, made, inside, wanted, c)
        item = read(f"{where}[]", "item", inside)
        return replace(made, parts=(_unlike_in_json(item) if c.unique else item,))
    except _NEVER:
        if shortest:
            raise
        return Column(name, "list", parts=(Column("item", "null"),), max_length=0)


def _tuples(made: _Tuple, name: str, shortest: int, longest: int | None) -> Column:
    """Arrays that begin with a prefix: of it alone; where it is said what follows, of as many more as lists have."""
    least = max(len(made.c.prefix), shortest)
    most = min(least + _MORE, MOST_ITEMS if longest is None else longest)
    if not made.c.items or made.wanted or most <= least:
        return made.column(name, shortest, longest)
    found: list[Column] = []
    for length in range(least, most + 1):
        try:
            found.append(made.column(name, length, length))
        except _NEVER:
            break
    if len(found) < 2:
        return made.column(name, shortest, longest)
    return Column(name, "union", parts=tuple(found))


def _unlike_in_json(item: Column) -> Column:
    """The items of a set without listed values that JSON calls equal to one before, as 1.0 and 1."""
    if item.kind != "choice" or item.stored != "json":
        return item
    listed: dict[Any, list[Any]] = {}
    for choice, weight in zip(item.choices, item.weights or (1.0,) * len(item.choices), strict=True):
        listed.setdefault(canonical(json.loads(choice)), [choice, 0.0])[1] += weight
    choices, weights = zip(*listed.values(), strict=True)
    return replace(item, choices=choices, weights=weights if item.weights else ())


def anything(c: Conjunction) -> Node:
    """The schema of any value, in the place of these."""
    return Node(True, c.nodes[0].resolver if c.nodes else None)


def _wanted(c: Conjunction, longest: int | None) -> list[_Wanted]:
    """What `contains` asks for, of each schema; of all together where there is no room for an item of each."""
    wanted = [_Wanted((node,), least, most) for node, least, most in c.contains if least or most is not None]
    if len(wanted) < 2 or longest is None or sum(one.least for one in wanted) <= longest:
        return wanted
    most = [one.most for one in wanted if one.most is not None]
    nodes = tuple(node for one in wanted for node in one.nodes)
    c.residual = True
    return [_Wanted(nodes, max(one.least for one in wanted), min(most) if most else None)]


def _containing(
    read: Read, where: str, made: Column, inside: Sequence[Node], wanted: Sequence[_Wanted], c: Conjunction
) -> Column:
    """A list of which some items satisfy `contains`. The others do not, where there may not be more of them."""
    place = f"{where}[]"
    c.residual |= len(wanted) > 1 and any(one.most is not None for one in wanted)
    held: list[tuple[_Wanted, Column]] = []
    for one in wanted:
        others = [other.excluded for other in wanted if other is not one and _is_exclusive(other, made)]
        try:
            held.append((one, _first_read(read, place, [[*inside, *one.nodes, *others], [*inside, *one.nodes]])))
        except _NEVER:
            if one.least:
                raise
    apart = [(one, column) for one, column in held if _is_exclusive(one, made)]
    try:
        free = _without(read, place, inside, apart, made.unique_items)
    except _NEVER:  # every item satisfies it
        if len(held) != 1:
            raise
        ((one, column),) = held
        most = made.max_length if one.most is None else min(one.most, made.max_length or one.most)
        if (made.min_length or 0) > (most or made.min_length or 0):
            raise
        return replace(made, parts=(column,), max_length=most)
    held = [(one, column) for one, column in held if one.most != 0]
    if not held:
        return replace(made, parts=(free,))
    names = ["contained", *(f"contained{i}" for i in range(2, len(held) + 1))]
    branches = [replace(column, name=name) for name, (_, column) in zip(names, held, strict=True)]
    item = Column("item", "union", parts=(replace(free, name="other"), *branches))
    return replace(made, parts=(item,), contained=tuple((one.least, one.most) for one, _ in held))


def _is_exclusive(one: _Wanted, made: Column) -> bool:
    """Whether no other item may satisfy it: there would be too many, or one of them twice."""
    return one.most is not None or made.unique_items


def _first_read(read: Read, where: str, attempts: Sequence[Sequence[Node]]) -> Column:
    """The column of the first of these that has a value."""
    for nodes in attempts[:-1]:
        try:
            return read(where, "item", nodes)
        except _NEVER:
            pass
    return read(where, "item", attempts[-1])


def _without(
    read: Read, where: str, inside: Sequence[Node], apart: Sequence[tuple[_Wanted, Column]], listed: bool
) -> Column:
    """The items that satisfy none of these: as ranges of whole numbers where they can be; else by exclusion.

    listed: better a list of numbers than several ranges, if it is not long; different ones can be drawn of it.
    """
    if len(apart) == 1:
        ranges = _ranges_without(read(where, "item", inside), apart[0][1])
        if ranges is not None:
            return _of_ranges(ranges, listed)
    opposites = [node for one, _ in apart for node in opposite_of(read, where, inside, one.nodes)]
    return read(where, "item", [*inside, *opposites, *(one.excluded for one, _ in apart)])


def _ranges_without(all_of: Column, some: Column) -> list[tuple[int, int]] | None:
    """The ranges of whole numbers between bounds without listed ones, or without a range; None where there are none."""
    low, high = all_of.minimum, all_of.maximum
    plain = Column(all_of.name, "integer", low, high, all_of.minimum_excluded, all_of.maximum_excluded)
    if all_of != plain or not isinstance(low, int) or not isinstance(high, int):
        return None
    if some.kind == "choice" and some.check is None and all(isinstance(value, int) for value in some.choices):
        gaps = [(int(value), int(value)) for value in sorted(some.choices)]
    elif some == replace(plain, minimum=some.minimum, maximum=some.maximum) and not _is_open(some):
        gaps = [(int(some.minimum), int(some.maximum))]  # type: ignore[arg-type]
    else:
        return None
    ranges, start = [], low + all_of.minimum_excluded
    for first, last in [*gaps, (high - all_of.maximum_excluded + 1, None)]:
        ranges += [(start, first - 1)] if first > start else []
        start = max(start, first if last is None else last + 1)
    if not ranges:
        raise Unsatisfiable("Every number is contained.", hint="Widen the bounds of the items.")
    return ranges if len(ranges) <= _MOST_RANGES else None


def _of_ranges(ranges: Sequence[tuple[int, int]], listed: bool) -> Column:
    """Whole numbers in these ranges, equally likely."""
    sizes = [last - first + 1 for first, last in ranges]
    if len(ranges) > 1 and listed and sum(sizes) <= MOST_ITEMS:
        return Column("item", "choice", choices=tuple(n for first, last in ranges for n in range(first, last + 1)))
    names = ["integer", *(f"integer{i}" for i in range(2, len(ranges) + 1))]
    parts = [Column(name, "integer", *ends) for name, ends in zip(names, ranges, strict=True)]
    if len(parts) == 1:
        return replace(parts[0], name="item")
    return Column("item", "union", parts=tuple(parts), weights=tuple(map(float, sizes)))


def _is_open(column: Column) -> bool:
    bounds = (column.minimum, column.maximum)
    return not all(isinstance(b, int) for b in bounds) or column.minimum_excluded or column.maximum_excluded


@dataclass
class _Tuple:
    """Reads an array whose items differ in kind: those of the prefix, and as many more as there must be."""

    read: Read
    where: str
    c: Conjunction
    items: Sequence[tuple[int, Node]]
    wanted: Sequence[_Wanted]

    def column(self, name: str, shortest: int, longest: int | None) -> Column:
        length = max(len(self.c.prefix), shortest)
        length = length if longest is None else min(length, longest)
        if length > MOST_ITEMS:
            raise SchemaError(f"{self.where}: {length:,} items of different kinds.", hint=f"At most {MOST_ITEMS:,}.")
        self.c.residual |= self.c.unique or (len(self.wanted) > 1 and any(one.most is not None for one in self.wanted))
        parts: list[Column] = []
        for i in range(length):
            try:
                parts.append(self.part(i))
            except _NEVER:
                if i < shortest:
                    raise
                break
        longest = len(parts) if len(parts) < length else longest
        taken: set[int] = set()
        for one in self.wanted:
            self._hold(one, parts, taken, longest)
        return Column(name, "tuple", parts=tuple(parts))

    def part(self, i: int, *further: Node) -> Column:
        """The item at a place, with what more must hold of it."""
        return self.read(f"{self.where}[{i}]", str(i), [*self.nodes(i), *further] or [anything(self.c)])

    def nodes(self, i: int) -> list[Node]:
        """The schemas of the item at a place."""
        nodes = list(self.c.prefix[i]) if i < len(self.c.prefix) else []
        return nodes + [node for start, node in self.items if i >= start]

    def _hold(self, one: _Wanted, parts: list[Column], taken: set[int], longest: int | None) -> None:
        """Let as many items satisfy it as must, the last that can; and no others, if there is a greatest number."""
        free = [i for i in range(len(parts)) if one.most is not None and i not in taken]
        others = {i: self._other(i, one) for i in free}
        mine = {i for i, other in others.items() if other is None}
        end = longest if longest is not None else len(parts) + one.least
        for place in [*range(len(parts) - 1, -1, -1), *range(len(parts), end)]:
            if len(mine) >= one.least:
                break
            if place in taken or place in mine:
                continue
            found = self._try(place, *one.nodes)
            if found is not None:
                parts[place : place + 1] = [found]
                mine.add(place)
            elif place >= len(parts):
                break
        if len(mine) < one.least or (one.most is not None and len(mine) > one.most):
            asked = f"at least {one.least}" if len(mine) < one.least else f"at most {one.most}"
            raise Unsatisfiable(
                f"{self.where}: `contains` asks for {asked} items that satisfy it, and {len(mine)} of {len(parts)} do.",
                hint="Correct minContains and maxContains, or the items.",
            )
        for i, other in others.items():
            if other is not None and i not in mine:
                parts[i] = other
        taken |= mine

    def _other(self, i: int, one: _Wanted) -> Column | None:
        """The item at a place that does not satisfy it; None where every one does."""
        try:
            opposites = opposite_of(self.read, f"{self.where}[{i}]", self.nodes(i), one.nodes)
        except _NEVER:
            return None
        return self._try(i, *opposites, one.excluded)

    def _try(self, i: int, *further: Node) -> Column | None:
        try:
            return self.part(i, *further)
        except _NEVER:
            return None
