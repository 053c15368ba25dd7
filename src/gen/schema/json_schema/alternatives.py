"""This file knows the ways through anyOf, oneOf, if and dependentSchemas: one conjunction each, and what is on none."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gen.schema.formats import APART
from gen.schema.json_schema.conditions import excluded_by
from gen.schema.json_schema.conjunction import Conjunction, Node, Unsatisfiable, add_node, canonical, conjunction

MOST_WAYS = 64  # through anyOf, oneOf and if together; further combinations are not drawn
_TOO_MANY = f"only the first {MOST_WAYS} combinations of alternatives are drawn"
_LISTS = ("anyOf", "oneOf")
_KINDS = {"string": "text", "array": "list"}  # where columns of one of JSON's types are called otherwise


@dataclass(frozen=True)
class Branch:
    """One of the schemas of an anyOf or oneOf: the how manieth, of which list of them."""

    keyword: str
    index: int
    among: int
    name: str


def ways_of(where: str, c: Conjunction, lost: dict[Branch, str]) -> list[Conjunction]:
    """One conjunction for each way through the alternatives that may have a value; `lost` gets those that have none.

    A branch is in `lost`, with a reason, where one way through it was given up; it may be on others.
    """
    found = _ways(where, c, lost)
    for way in found[MOST_WAYS:]:
        give_up(way, lost, _TOO_MANY)
    return found[:MOST_WAYS]


def _ways(where: str, c: Conjunction, lost: dict[Branch, str]) -> list[Conjunction]:
    if not c.alternatives:
        return [c]
    (keyword, branches), *others = c.alternatives
    found: list[Conjunction] = []
    for i, branch in enumerate(branches):
        choice = copied(c)
        choice.alternatives = list(others)
        if not c.way:  # what all of them together say is said of the column as a whole
            choice.extension, choice.facts = {}, {}
        choice.way = (*c.way, Branch(keyword, i, id(branches), _name_of(keyword, i, branch[0].schema)))
        if len(found) >= MOST_WAYS:
            give_up(choice, lost, _TOO_MANY)
            continue
        try:
            for node in branch:
                add_node(where, choice, node)
            _refuse_contradiction(where, choice)
        except Unsatisfiable as error:
            give_up(choice, lost, error.reason(where))
            continue
        found += _ways(where, choice, lost)
    return found


def _refuse_contradiction(where: str, c: Conjunction) -> None:
    """Refuse a way on which no listed value is left for a property that must be there: ways beyond it are many."""
    for name in c.required.keys() & c.properties.keys():
        if len(c.properties[name]) < 2:
            continue
        said = conjunction(f"{where}.{name}", c.properties[name])
        if said.enum is not None:
            excluded = {canonical(value) for node in said.nodes for value in excluded_by(node.schema)}
            if excluded.issuperset(map(canonical, said.enum)):
                raise Unsatisfiable(
                    f"{where}.{name}: no value of `enum` satisfies the rest.", hint="Correct the schema."
                )


def give_up(way: Conjunction, lost: dict[Branch, str], why: str) -> None:
    """Note for every branch of a way that it has no value; that of an `if` may well have none."""
    for branch in way.way:
        if branch.keyword in _LISTS or why is _TOO_MANY:
            lost.setdefault(branch, why)


def undrawn_of(lost: Mapping[Branch, str], drawn: Iterable[Conjunction]) -> tuple[tuple[str, str], ...]:
    """The branches that are on no way that is drawn, by name, each with the reason."""
    there = {branch for way in drawn for branch in way.way}
    return tuple((b.name, f"{b.keyword}/{b.index}: {why}") for b, why in lost.items() if b not in there)


def _name_of(keyword: str, index: int, schema: Any) -> str:
    """What a reader may call a branch: its title, what it refers to, or its type; else where it is."""
    if isinstance(schema, dict) and keyword in _LISTS:
        kind = schema.get("type")
        name = schema.get("title") or str(schema.get("$ref", "")).rpartition("/")[2]
        if name or isinstance(kind, str):
            return str(name or kind_name(str(kind)))
    return f"{keyword}/{index}"


def kind_name(kind: str) -> str:
    """What columns of one of JSON's types are called."""
    return _KINDS.get(kind, kind)


def copied(c: Conjunction) -> Conjunction:
    """A conjunction that can be added to without changing this one."""
    other = copy.copy(c)
    for name, value in vars(c).items():
        if isinstance(value, (list, dict, set)):
            setattr(other, name, copy.copy(value))
    other.properties = {name: list(nodes) for name, nodes in c.properties.items()}
    other.unevaluated = {kind: list(nodes) for kind, nodes in c.unevaluated.items()}
    other.prefix = [list(nodes) for nodes in c.prefix]
    return other


def all_disjoint(choices: Sequence[Conjunction]) -> bool:
    """Whether no value can be of two of these, as far as types and fixed properties tell."""
    return all(_disjoint(a, b) for i, a in enumerate(choices) for b in choices[i + 1 :])


def _disjoint(a: Conjunction, b: Conjunction) -> bool:
    types = (a.types - {"number"} if "integer" in a.types else a.types) & b.types
    if not types:
        return True
    if types == {"string"} and a.typed and b.typed and {a.format, b.format} <= APART and a.format != b.format:
        return True
    if types != {"object"} or not (a.typed and b.typed):
        return False
    for name in a.required.keys() & b.required.keys():
        first, second = _fixed(a.properties.get(name, ())), _fixed(b.properties.get(name, ()))
        if first and second and set(map(canonical, first)).isdisjoint(map(canonical, second)):
            return True
    return False


def _fixed(nodes: Iterable[Node]) -> list[Any]:
    """The values that `const` or `enum` allow a property, if they do."""
    for node in nodes:
        if isinstance(node.schema, dict):
            if "const" in node.schema:
                return [node.schema["const"]]
            if "enum" in node.schema:
                return list(node.schema["enum"])
    return []
