"""This file knows how a syntax tree becomes a program (Thompson 1968): places that take a letter, ask, or go on."""

from __future__ import annotations

from dataclasses import dataclass, field

from gen.errors import SchemaError
from gen.schema.characters import EVERYTHING, Ranges
from gen.synth.patterns.tree import Alternation, End, Letters, Look, Node, Repeat, Sequence, Start

MAXIMUM_PLACES = 20_000  # in all programs of a pattern


@dataclass
class Program:
    """Places 0, 1, ..; each takes a letter of a set, or goes on without one. Place 0 accepts.

    `takes[place]`: the set, or None. `goes[place]`: where to, in any of these ways.
    `asks[place]`: which lookaround must hold to go on, counted in `looks`; -1 for the start, -2 for the end, None.
    """

    takes: list[Ranges | None] = field(default_factory=list)
    goes: list[tuple[int, ...]] = field(default_factory=list)
    asks: list[int | None] = field(default_factory=list)
    first: int = 0
    loops: bool = True  # whether any text may follow a match


START, END = -1, -2


@dataclass
class Compiled:
    """The main program, and those of the lookarounds: (program, ahead, negated), inner ones before outer ones."""

    main: Program
    looks: list[tuple[Program, bool, bool]]


def compiled(where: str, pattern: str, tree: Node, open_start: bool) -> Compiled:
    """The program of a tree, which any text may follow, and, if `open_start`, precede; and of its lookarounds."""
    compiler = _Compiler(where, pattern)
    main = compiler.program(tree, open_start, loops=True)
    return Compiled(main, compiler.looks)


class _Compiler:
    """Tree -> programs, from the end to the start: each part is told what comes next."""

    def __init__(self, where: str, pattern: str) -> None:
        self.where = where
        self.pattern = pattern
        self.looks: list[tuple[Program, bool, bool]] = []
        self.known: dict[tuple[Node, bool, bool], int] = {}
        self.size = 0

    def program(self, tree: Node, open_start: bool, loops: bool) -> Program:
        program = Program(loops=loops)
        self._place(program)
        first = self._part(program, tree, 0)
        if open_start:
            loop = self._place(program)
            skip = self._place(program, takes=EVERYTHING, goes=(loop,))
            program.goes[loop] = (skip, first)
            first = loop
        program.first = first
        return program

    def _place(
        self, program: Program, takes: Ranges | None = None, goes: tuple[int, ...] = (), asks: int | None = None
    ) -> int:
        self.size += 1
        if self.size > MAXIMUM_PLACES:
            raise too_large(self.where, self.pattern, f"{MAXIMUM_PLACES:,} places")
        program.takes.append(takes)
        program.goes.append(goes)
        program.asks.append(asks)
        return len(program.goes) - 1

    def _part(self, program: Program, node: Node, following: int) -> int:
        """The place where the node begins, if `following` is where what comes after it does."""
        if isinstance(node, Letters):
            return self._place(program, node.set, (following,))
        if isinstance(node, Sequence):
            for part in reversed(node.parts):
                following = self._part(program, part, following)
            return following
        if isinstance(node, Alternation):
            ways = tuple(self._part(program, part, following) for part in node.parts)
            return self._place(program, goes=ways)
        if isinstance(node, Repeat):
            return self._repeat(program, node, following)
        asked = self._look(node) if isinstance(node, Look) else START if isinstance(node, Start) else END
        return self._place(program, goes=(following,), asks=asked)

    def _repeat(self, program: Program, node: Repeat, following: int) -> int:
        if node.most is None:
            loop = self._place(program)
            again = self._part(program, node.part, loop)
            program.goes[loop] = (again, following)
            place = loop
        else:
            place = following
            for _ in range(node.most - node.least):
                place = self._place(program, goes=(self._part(program, node.part, place), following))
        for _ in range(node.least):
            place = self._part(program, node.part, place)
        return place

    def _look(self, node: Look) -> int:
        known = (node.part, node.ahead, node.negated)
        if known not in self.known:
            if not node.ahead and _looks_ahead(node.part):
                raise SchemaError(
                    f"{self.where}: the pattern {self.pattern!r} has a lookbehind that itself looks ahead.",
                    hint="Move the lookahead, $, or \\b out of the lookbehind.",
                    pattern=self.pattern,
                )
            program = self.program(node.part, open_start=not node.ahead, loops=node.ahead)
            self.looks.append((program, node.ahead, node.negated))
            self.known[known] = len(self.looks) - 1
        return self.known[known]


def _looks_ahead(node: Node) -> bool:
    if isinstance(node, (Sequence, Alternation)):
        return any(_looks_ahead(part) for part in node.parts)
    if isinstance(node, Repeat):
        return _looks_ahead(node.part)
    return isinstance(node, End) or (isinstance(node, Look) and (node.ahead or _looks_ahead(node.part)))


def too_large(where: str, pattern: str, what: str) -> SchemaError:
    """The error for a pattern that outgrows a limit."""
    return SchemaError(
        f"{where}: the pattern {pattern!r} needs more than {what}.",
        hint="Write smaller numbers of repetitions, or say the same with max_length.",
        pattern=pattern,
    )
