"""This file knows the parts a regular expression is made of, as a syntax tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from gen.schema.characters import Ranges, ranges_of


@dataclass(frozen=True)
class Letters:
    """One character of a set."""

    set: Ranges


@dataclass(frozen=True)
class Sequence:
    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Alternation:
    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Repeat:
    """`least` to `most` times, without limit where `most` is None."""

    part: Node
    least: int
    most: int | None


@dataclass(frozen=True)
class Look:
    """What follows (or, where not `ahead`, precedes) this place matches the part (or, where `negated`, does not)."""

    part: Node
    ahead: bool
    negated: bool


@dataclass(frozen=True)
class Start:
    """The start of the text."""


@dataclass(frozen=True)
class End:
    """The end of the text."""


Node: TypeAlias = Letters | Sequence | Alternation | Repeat | Look | Start | End

NEW_LINE = Letters(ranges_of("\n"))


def sets_of(node: Node) -> set[Ranges]:
    """Every set of letters in a tree."""
    if isinstance(node, Letters):
        return {node.set}
    if isinstance(node, (Sequence, Alternation)):
        return {found for part in node.parts for found in sets_of(part)}
    return sets_of(node.part) if isinstance(node, (Repeat, Look)) else set()
