"""This file knows which properties an object has beside the declared ones: by patterns of their names, or any."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from gen.errors import SchemaError
from gen.schema.json_schema.arrays import anything
from gen.schema.json_schema.conjunction import Conjunction, Node, Unsatisfiable
from gen.schema.json_schema.opposites import Read
from gen.schema.nesting import TooDeep
from gen.schema.patterns import in_python
from gen.schema.spec import EXTRA, Column

_ANY_NAME = "^[a-z][a-z0-9_]{2,9}$"  # of properties that nothing else is said of
_USUAL = 5  # properties that a map has beyond those it must have


def others_of(
    read: Read, where: str, c: Conjunction, fewest: int, most: int | None, turn: int = 0
) -> tuple[Column, ...]:
    """Properties that are not declared, at least and at most so many, as maps: one for each pattern of their names,
    or one for all. `turn`: which of the patterns has those that must be, and has a place where not all have one.
    """
    if most is not None and most <= 0:
        return ()
    patterns = _patterns_of(c)
    if not patterns:
        nodes = c.additional or c.unevaluated["object"]
        closed = c.closed or any(node.schema is False for node in nodes)
        only = None if closed else _named(read, where, c, _ANY_NAME, nodes)
        return () if only is None else (replace(only, min_length=fewest or None, max_length=most),)
    first = turn % len(patterns)
    found = [_named(read, where, c, p, [node], True) for p, node in (*patterns[first:], *patterns[:first])]
    maps = [one for one in found if one is not None]
    share = None if most is None else min((most - fewest) // max(len(maps), 1), _USUAL)
    made = []
    for i, one in enumerate(maps):
        longest = share if i or most is None or share is None else most - share * (len(maps) - 1)
        if longest != 0:
            made.append(replace(one, name=EXTRA * (i + 1), min_length=(fewest or None) if not i else None))
            made[-1] = replace(made[-1], max_length=longest)
    return tuple(made)


def turns_of(c: Conjunction, most: int | None, fewest: int) -> int:
    """How many of the patterns have to take turns, because there may not be a property of each."""
    several = len(_patterns_of(c))
    return several if most is not None and 0 < most < several + max(fewest, 0) else 1


def _patterns_of(c: Conjunction) -> list[tuple[str, Node]]:
    """The patterns for names, and what is said of their properties; first those that may well be of several names."""
    declared = [*c.properties, *c.required]
    found = [(pattern, node) for pattern, node in c.by_pattern if not _is_only(pattern, declared)]
    return sorted(found, key=lambda said: re.fullmatch(r"\^[\w-]*\$", said[0]) is not None)


def _named(
    read: Read, where: str, c: Conjunction, pattern: str, nodes: Sequence[Node], by_pattern: bool = False
) -> Column | None:
    """Properties with names of a pattern; None where there can be none."""
    try:
        value = read(f"{where}{{}}", "value", nodes or [anything(c)])
        if c.names:
            said = [Node({"type": "string"} | ({"pattern": pattern} if by_pattern else {}), None)]
            key = read(f"{where} names", "key", [*said, *c.names])
        else:
            key = Column("key", "text", patterns=(pattern,))
        key = _unlike(key, [*c.properties, *c.required], [p for p, _ in c.by_pattern if p != pattern])
    except (Unsatisfiable, TooDeep):
        return None
    return Column(EXTRA, "map", parts=(key, value))


def _is_only(pattern: str, names: Sequence[str]) -> bool:
    """Whether a pattern is just one of these names."""
    return any(pattern == f"^{re.escape(name)}$" or pattern == f"^{name}$" for name in names)


def _unlike(key: Column, names: Sequence[str], patterns: Sequence[str]) -> Column:
    """The column of names without these, and without those that other patterns speak of."""
    if key.kind == "choice":
        left = [choice for choice in key.choices if choice not in names]
        left = [choice for choice in left if not any(matches(pattern, choice) for pattern in patterns)]
        if not left:
            raise Unsatisfiable("There is no name for another property.", hint="Widen propertyNames.")
        return replace(key, choices=tuple(left))
    alike = [name for name in names if all(matches(pattern, name) for pattern in key.patterns)]
    forbidden: list[Any] = [{"enum": alike}] if alike else []
    forbidden += [{"pattern": pattern} for pattern in patterns]
    if not forbidden:
        return key
    known = [json.loads(key.check)] if key.check else []
    return replace(key, check=json.dumps({"allOf": [*known, {"not": {"anyOf": forbidden}}]}))


def matches(pattern: str, name: str) -> bool:
    """Whether a name of a property is one that a pattern speaks of."""
    try:
        return re.search(in_python(pattern), name) is not None
    except re.error as error:
        raise SchemaError(
            f"The pattern {pattern!r} for names of properties is none of Python's: {error}.",
            hint="Write it in what JSON Schema recommends.",
        ) from error
