"""This file knows programs without lookarounds as sets of bits: all places of a state go on at once; what it may cost.

A state is a whole number: bit p for place p, bit 0 once any text may follow, one bit more where the text has to end.
A thousand places go on in some microseconds, so nested repetitions like `(a{1,50}){1,50}` are soon through, or refused.
"""

from __future__ import annotations

from gen.schema.characters import Ranges
from gen.synth.patterns.program import END, START, Program, too_large

MAXIMUM_STEPS = 3_000_000  # of all places over all letters: a second or two
MATCHED = 1
_FEW = 8  # places go on one by one, more of them by tables
_TABLES = 2**26  # bytes of them that are kept
_WIDE = 1024  # bytes that cost as much to combine as a step costs otherwise


class Work:
    """Counts steps, and refuses the pattern where they become too many, whatever comes of them."""

    def __init__(self, where: str, pattern: str) -> None:
        self.where, self.pattern = where, pattern
        self.steps = 0

    def add(self, steps: int) -> None:
        """Raises SchemaError where that makes more than MAXIMUM_STEPS."""
        self.steps += steps
        if self.steps > MAXIMUM_STEPS:
            raise too_large(self.where, self.pattern, f"{MAXIMUM_STEPS:,} steps of planning")


class Places:
    """Runs a program that no lookarounds are asked in, on classes of letters."""

    def __init__(self, program: Program, classes: list[Ranges], work: Work) -> None:
        self.program, self.work = program, work
        self.end = 1 << len(program.goes)
        self.bytes = len(program.goes) // 8 + 1
        self.cost = 1 + self.bytes // _WIDE  # steps, of combining two states
        self.onward: dict[int, int] = {}
        self.tables: dict[tuple[int, int], int] = {}
        masks: dict[Ranges, int] = {}
        for place, letters in enumerate(program.takes):
            if letters is not None:
                masks[letters] = masks.get(letters, 0) | 1 << place
        self.masks = list(masks.values())
        sets = list(masks)
        self.of_class = [[i for i, s in enumerate(sets) if inside(letters, s)] for letters in classes]

    def begin(self) -> int:
        return self._reached(self.program.first, at_start=True)

    def follow(self, state: int) -> list[int]:
        """The states after one more letter, of each class."""
        if state == MATCHED:
            return [MATCHED] * len(self.of_class)
        self.work.add(len(self.masks) * self.cost + len(self.of_class))
        reached = [self._union(state & mask) for mask in self.masks]
        found = []
        for sets in self.of_class:
            together = 0
            for i in sets:
                together |= reached[i]
            found.append(MATCHED if together & 1 else together)
        return found

    def accepts(self, state: int) -> bool:
        """Whether the text may end here."""
        return bool(state & (self.end | 1))

    def _union(self, places: int) -> int:
        """Where all of these places lead to."""
        found = 0
        if places.bit_count() <= _FEW:
            while places:
                lowest = places & -places
                found |= self._onward(lowest.bit_length() - 1)
                places ^= lowest
                self.work.add(self.cost)
            return found
        self.work.add(self.bytes // 4 * self.cost)
        for at, bits in enumerate(places.to_bytes(self.bytes, "little")):
            if bits:
                table = self.tables.get((at, bits))
                found |= self._table(at, bits) if table is None else table
        return found

    def _table(self, at: int, bits: int) -> int:
        """Where the places of one byte of a state lead to."""
        found = 0
        for place in range(8):
            if bits >> place & 1:
                found |= self._onward(8 * at + place)
        self.work.add(8 * self.cost)
        if len(self.tables) * self.bytes > _TABLES:
            self.tables.clear()
        self.tables[at, bits] = found
        return found

    def _onward(self, place: int) -> int:
        if place not in self.onward:
            self.onward[place] = self._reached(self.program.goes[place][0])
        return self.onward[place]

    def _reached(self, first: int, at_start: bool = False) -> int:
        """The places that take a letter, or accept, which are reached from a place without a letter.

        Beyond the end of the text no letter is taken, so of what follows there only acceptance counts.
        """
        program, found = self.program, 0
        todo, seen = [(first, False)], {(first, False)}
        while todo:
            place, ended = todo.pop()
            if place == 0:
                found |= self.end if ended else MATCHED
            elif program.takes[place] is not None:
                found |= 0 if ended else 1 << place
            elif program.asks[place] != START or at_start:
                ended = ended or program.asks[place] == END
                for following in program.goes[place]:
                    if (following, ended) not in seen:
                        seen.add((following, ended))
                        todo.append((following, ended))
        self.work.add(len(seen))
        return MATCHED if found & 1 else found


def inside(a: Ranges, b: Ranges) -> bool:
    """Whether a class of letters is in a set, which holds all of the class or nothing of it."""
    code = a[0][0]
    return any(first <= code <= last for first, last in b)
