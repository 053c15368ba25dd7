"""This file knows walks through a counted language: its cells, the ways between them, and both as tables of numbers.

A cell is a state of the language's automaton with a number of letters to come; a way from it adds up to 8 bytes, one of
a table of texts, and leads to another cell. Texts of several letters are put in one table as long as they are few, so
that a pattern of fixed parts takes a few steps, not one a letter.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gen.synth.patterns.characters import Ranges, encoded
from gen.synth.patterns.language import Language

_TEXTS = 2**15  # of one table at most
_ALL_TEXTS = 2**18  # of all tables together; once there are more, tables stay small
_FEW = 2**8
_STEP_BYTES = 8
MAXIMUM_ROWS = 400_000  # of the tables of a walk: 13 MB, and two or three seconds
EVERY = 2**63  # ranks stay below; counts from here on are all the same to them

Cell: TypeAlias = tuple[int, int]  # (letters to come, state)


class TooLarge(Exception):
    """A walk's tables outgrow their limit."""


# -- tables of texts ------------------------------------------------------------------------------------------


class Texts:
    """Tables of texts of up to 8 bytes, each made once: a table is named by the sets of letters its texts go through.

    blocks(state, letters) are the texts of that many letters from a state: {(next state, bytes): paths}, a path the
    numbers of the sets of letters on it.
    """

    def __init__(self, language: Language) -> None:
        self.language = language
        self.letters: list[NDArray[np.uint64]] = []
        self.numbers: dict[Any, int] = {}
        self.tables: dict[Any, int] = {}
        self.parts: list[NDArray[np.uint64]] = []
        self.size = 0
        self.known: dict[tuple[int, int], dict[tuple[int, int], list[tuple[int, ...]]] | None] = {}
        self.onward = [self._steps(state) for state in range(len(language.runs))]

    def _steps(self, state: int) -> list[tuple[int, int, int]]:
        """(next state, bytes, number of the set) of each run of letters, those of unlike width apart."""
        found = []
        for run in self.language.runs[state]:
            for width, number in self._sets(run.letters):
                found.append((run.target, width, number))
        return found

    def _sets(self, letters: Ranges) -> list[tuple[int, int]]:
        if letters not in self.numbers:
            self.numbers[letters] = len(self.letters)
            self.letters.extend(encoded(letters).values())
        first = self.numbers[letters]
        return (
            [(width, first + i) for i, width in enumerate(encoded(letters))] if letters[-1][1] > 0x7F else [(1, first)]
        )

    def blocks(self, state: int, count: int) -> dict[tuple[int, int], list[tuple[int, ...]]] | None:
        """None where there are too many, or a text has more than 8 bytes."""
        key = state, count
        if key not in self.known:
            self.known[key] = self._blocks(state, count)
        return self.known[key]

    def _blocks(self, state: int, count: int) -> dict[tuple[int, int], list[tuple[int, ...]]] | None:
        if count == 0:
            return {(state, 0): [()]}
        shorter = self.blocks(state, count - 1)
        if shorter is None:
            return None
        found: dict[tuple[int, int], list[tuple[int, ...]]] = {}
        total = 0
        for (middle, width), paths in shorter.items():
            for target, more, number in self.onward[middle]:
                if width + more > _STEP_BYTES:
                    return None
                found.setdefault((target, width + more), []).extend((*path, number) for path in paths)
                total += sum(map(self.count, paths)) * self.letters[number].size
                if count > 1 and total > (_TEXTS if self.size < _ALL_TEXTS else _FEW):
                    return None
        return found

    def count(self, path: tuple[int, ...]) -> int:
        """How many texts go through these sets of letters."""
        total = 1
        for number in path:
            total *= self.letters[number].size
        return total

    def table(self, paths: tuple[tuple[int, ...], ...], width: int) -> int:
        """The texts of these paths, one after the other, as a kernel takes a table; each path's in ascending order."""
        if paths not in self.tables:
            texts = np.concatenate([self._along(path) for path in paths])
            self.tables[paths] = self.size << 28 | width << 24 | texts.size
            self.parts.append(texts)
            self.size += texts.size
        return self.tables[paths]

    def _along(self, path: tuple[int, ...]) -> NDArray[np.uint64]:
        texts, width = np.zeros(1, np.uint64), 0
        for number in path:
            letters = self.letters[number]
            texts = (texts[:, None] | (letters[None, :] << np.uint64(8 * width))).ravel()
            width += (int(letters[0]).bit_length() + 7) // 8 or 1
        return texts

    @property
    def all(self) -> NDArray[np.uint64]:
        """Every table's texts; a spare one at the end."""
        return np.concatenate([*self.parts, np.zeros(1, np.uint64)])


class Way(NamedTuple):
    """What a step from a cell may do: `weight` texts of the language go this way, to the cell of `target`."""

    weight: int
    table: int
    target: tuple[int, int]  # (letters to come, state)


class Ways:
    """The ways from each cell of a language's walk, of up to `widest` letters. A cell is (letters to come, state)."""

    def __init__(self, language: Language, widest: int = _STEP_BYTES) -> None:
        self.language, self.widest = language, widest
        self.texts = Texts(language)
        self.known: dict[tuple[int, int], list[tuple[int, int, int]]] = {}
        self.steps: dict[tuple[int, int], int] = {}
        self.tables: dict[tuple[int, int, int, int], int] = {}

    def to_draw(self, cell: Cell, most: int = _STEP_BYTES) -> list[Way]:
        """All ways, each to another cell or with texts of another width, of as many letters as tables can hold."""
        left, state = cell
        key = state, min(left, most, self.widest)
        steps = self.steps.get(key) or self.steps.setdefault(key, self._steps(*key))
        layer, after = self.language.counts[left - steps], left - steps
        return [
            Way(texts * layer[target], self._table(state, steps, target, width), (after, target))
            for target, width, texts in self._blocks(state, steps)
            if target in layer
        ]

    def _steps(self, state: int, most: int) -> int:
        """How many letters at once tables can hold, up to `most`."""
        return next(n for n in range(most, 0, -1) if self.texts.blocks(state, n) is not None)

    def _blocks(self, state: int, steps: int) -> list[tuple[int, int, int]]:
        """(next state, bytes, how many texts) of each way."""
        if (state, steps) not in self.known:
            blocks = self.texts.blocks(state, steps) or {}
            self.known[state, steps] = [(*to, sum(map(self.texts.count, paths))) for to, paths in blocks.items()]
        return self.known[state, steps]

    def _table(self, state: int, steps: int, target: int, width: int) -> int:
        key = state, steps, target, width
        if key not in self.tables:
            paths = (self.texts.blocks(state, steps) or {})[target, width]
            self.tables[key] = self.texts.table(tuple(paths), width)
        return self.tables[key]

    def to_rank(self, cell: tuple[int, int]) -> list[Way]:
        """The ways in ascending order of their texts: several letters at once where they all lead to one cell."""
        left, state = cell
        live = self._live(left, state)
        if len(live) > 1:
            return [self._single(left, *step) for step in live]
        path: tuple[int, ...] = ()
        width = 0
        while left and len(live) == 1:  # at most 8 bytes
            target, more, number = live[0]
            if path and (width + more > _STEP_BYTES or self.texts.count((*path, number)) > _TEXTS):
                break
            path, width, left, state = (*path, number), width + more, left - 1, target
            live = self._live(left, state) if left else []
        onward = self.language.counts[left][state]
        return [Way(self.texts.count(path) * onward, self.texts.table((path,), width), (left, state))]

    def _live(self, left: int, state: int) -> list[tuple[int, int, int]]:
        layer = self.language.counts[left - 1]
        return [step for step in self.texts.onward[state] if step[0] in layer]

    def _single(self, left: int, target: int, width: int, number: int) -> Way:
        onward = self.language.counts[left - 1][target]
        table = self.texts.table(((number,),), width)
        return Way(self.texts.letters[number].size * onward, table, (left - 1, target))


def in_order(
    starts: Sequence[Cell], ways: Callable[[Cell], list[Way]], done: Mapping[Cell, object]
) -> Iterator[tuple[Cell, list[Way]]]:
    """The cells reached from these, with their ways, each after all that it leads to, but for those in `done`.

    What is yielded has to be put in `done` before the next is asked for.
    """
    found: dict[Cell, list[Way]] = {}
    todo = list(reversed(starts))
    while todo:
        cell = todo[-1]
        if cell in done:
            todo.pop()
        elif cell in found:
            todo.pop()
            yield cell, found.pop(cell)
        else:
            found[cell] = ways(cell)
            todo.extend(way.target for way in reversed(found[cell]) if way.target not in done)


# -- as tables ----------------------------------------------------------------------------------------------


class Slots:
    """Alias tables of cells, as the drawing kernels take them."""

    def __init__(self) -> None:
        self.numbers = array("Q", [0] * 4)  # four a row; not lists, for a collector would go through them all

    def cell(self, ways: list[tuple[int, int, int]]) -> int:
        """The cell of these (weight, table, next cell); weights in proportion, of any size."""
        bits = (len(ways) - 1).bit_length()
        here = len(self.numbers) // 4 << 6 | (32 - bits)
        for row in _aliases(ways, bits):
            self.numbers.extend(row)
        if len(self.numbers) > 4 * MAXIMUM_ROWS:
            raise TooLarge
        return here

    @property
    def array(self) -> NDArray[np.uint64]:
        return np.array(self.numbers, np.uint64).reshape(-1, 4)


def _aliases(ways: list[tuple[int, int, int]], bits: int) -> list[tuple[int, int, int, int]]:
    """2^bits slots: in each, the share of a first way up to a threshold, then a second. Exact but for rounding."""
    count, one = 1 << bits, 1 << (32 - bits)
    if count == 1:
        _, table, following = ways[0]
        return [(one, following | following << 32, table, table)]
    whole = sum([weight for weight, _, _ in ways])
    shares = [weight << bits for weight, _, _ in ways] + [0] * (count - len(ways))
    small = [i for i, share in enumerate(shares) if share < whole]
    large = [i for i, share in enumerate(shares) if share >= whole]
    found = [(0, 0, 0, 0)] * count
    while small and large:
        low, high = small.pop(), large[-1]
        _, other, after = ways[high]
        _, table, following = ways[low] if low < len(ways) else ways[high]
        found[low] = (shares[low] * one + whole // 2) // whole, following | after << 32, table, other
        shares[high] -= whole - shares[low]
        if shares[high] < whole:
            small.append(large.pop())
    for i in large + small:
        _, table, following = ways[i]
        found[i] = one, following | following << 32, table, table
    return found


class Runs:
    """Ways in order of their texts: (texts before, texts behind each of the table's, reciprocal, table, next cell).

    A cell is the number of its first run; a last one, that no rank reaches, closes it. Cell 0 ends.
    """

    def __init__(self) -> None:
        self.numbers = array("Q", [0] * 5)  # five a row

    def cell(self, ways: list[tuple[int, int, int]]) -> int:
        """The cell of these (weight, table, next cell)."""
        here, before = len(self.numbers) // 5, 0
        for weight, table, following in ways:
            behind = min(weight // (table & 0xFFFFFF), EVERY)
            self.numbers.extend((min(before, EVERY), behind, min(2**64 // behind, 2**64 - 1), table, following))
            before += weight
        self.numbers.extend((2**64 - 1, 0, 0, 0, 0))
        if len(self.numbers) > 5 * MAXIMUM_ROWS:
            raise TooLarge
        return here

    @property
    def array(self) -> NDArray[np.uint64]:
        return np.array(self.numbers, np.uint64).reshape(-1, 5)
