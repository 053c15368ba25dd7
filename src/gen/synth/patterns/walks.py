"""This file knows walks through a counted language: its cells, the ways between them, and both as tables of numbers.

A cell is a state of the language's automaton with a number of letters to come; a way from it adds up to 8 bytes, one of
a table of texts, and leads to another cell. Texts of several letters are put in one table as long as they are few, so
that a pattern of fixed parts takes a few steps, not one a letter.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gen.schema.characters import Ranges, encoded
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
        self.only: list[int | None] = []  # the letter of a set that has one
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
            self.only.extend(int(some[0]) if some.size == 1 else None for some in self.letters[len(self.only) :])
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
            texts = sum(map(self.count, paths))
            for target, more, number in self.onward[middle]:
                if width + more > _STEP_BYTES:
                    return None
                found.setdefault((target, width + more), []).extend((*path, number) for path in paths)
                total += texts * self.letters[number].size
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
            texts = self._through(paths)
            self.tables[paths] = self.size << 28 | width << 24 | texts.size
            self.parts.append(texts)
            self.size += texts.size
        return self.tables[paths]

    def _through(self, paths: tuple[tuple[int, ...], ...]) -> NDArray[np.uint64]:
        """The texts of these paths, one after the other; those that are one text by arithmetic, not by arrays."""
        single = [self._single(path) for path in paths]
        if None not in single:
            return np.array(single, np.uint64)
        return np.concatenate(
            [self._along(path) if text is None else [np.uint64(text)] for path, text in zip(paths, single, strict=True)]
        )

    def _single(self, path: tuple[int, ...]) -> int | None:
        """The text of a path, where there is but one."""
        text = bits = 0
        for number in path:
            letter = self.only[number]
            if letter is None:
                return None
            text |= letter << bits
            bits += 8 * ((letter.bit_length() + 7) // 8 or 1)
        return text

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


@dataclass
class _Block:
    """What a way from a state adds: one of `count` texts of `width` bytes, which lead to the state `target`."""

    target: int
    width: int
    count: int
    paths: list[tuple[int, ...]]
    table: int | None = None


class Ways:
    """The ways from each cell of a language's walk, of up to `widest` letters. A cell is (letters to come, state)."""

    def __init__(self, language: Language, widest: int = _STEP_BYTES) -> None:
        self.language, self.widest = language, widest
        self.texts = Texts(language)
        self.known: dict[tuple[int, int], list[_Block]] = {}
        self.steps: dict[tuple[int, int], int] = {}

    def to_draw(self, cell: Cell, most: int = _STEP_BYTES) -> list[Way]:
        """All ways, each to another cell or with texts of another width, of as many letters as tables can hold."""
        left, state = cell
        key = state, min(left, most, self.widest)
        steps = self.steps.get(key) or self.steps.setdefault(key, self._steps(*key))
        after = left - steps
        layer, found = self.language.counts[after], []
        for block in self.known.get((state, steps)) or self._blocks(state, steps):
            texts = layer.get(block.target)
            if texts is not None:
                if block.table is None:  # made in the order in which they are needed: few fit in
                    block.table = self.texts.table(tuple(block.paths), block.width)
                found.append(Way(texts * block.count, block.table, (after, block.target)))
        return found

    def _steps(self, state: int, most: int) -> int:
        """How many letters at once tables can hold, up to `most`."""
        return next(n for n in range(most, 0, -1) if self.texts.blocks(state, n) is not None)

    def _blocks(self, state: int, steps: int) -> list[_Block]:
        """What each way from a state adds, of so many letters."""
        blocks = self.texts.blocks(state, steps) or {}
        found = [_Block(*to, sum(map(self.texts.count, paths)), paths) for to, paths in blocks.items()]
        self.known[state, steps] = found
        return found

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
    """Alias tables of cells, as the drawing kernels take them.

    They are made all at once, in the end: whether they outgrow their limit is known before, and cells whose weights are
    the same, as those of an automaton with many states are, share what is made of these.
    """

    def __init__(self) -> None:
        self.rows = 1  # the first is spare, for a cell of 0 ends
        self.plans: dict[tuple[int, ...], int] = {}  # weights -> their number
        self.cells = array("Q")  # three a cell: the number of its weights, how many rows, its first way
        self.ways = array("Q")  # two a way: its table, the next cell

    def cell(self, ways: list[tuple[int, int, int]]) -> int:
        """The cell of these (weight, table, next cell); weights in proportion, of any size."""
        bits = (len(ways) - 1).bit_length()
        here = self.rows << 6 | (32 - bits)
        self.rows += 1 << bits
        if self.rows > MAXIMUM_ROWS:
            raise TooLarge
        plan = self.plans.setdefault(tuple([weight for weight, _, _ in ways]), len(self.plans))
        self.cells.extend((plan, 1 << bits, len(self.ways) // 2))
        for _, table, following in ways:
            self.ways.append(table)
            self.ways.append(following)
        return here

    @property
    def array(self) -> NDArray[np.uint64]:
        """uint64 array of a row for each slot: threshold, both next cells, both tables."""
        plans = [_aliases(weights) for weights in self.plans]
        begins = np.cumsum([0, *map(len, plans)])
        planned = np.array([row for plan in plans for row in plan], np.uint64).reshape(-1, 3)
        plan, count, way = np.array(self.cells, np.int64).reshape(-1, 3).T
        within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        thresholds, first, second = planned[np.repeat(begins[plan], count) + within].T
        ways = np.array(self.ways, np.uint64).reshape(-1, 2)
        offsets = np.repeat(way, count).astype(np.uint64)
        (table, following), (other, after) = ways[offsets + first].T, ways[offsets + second].T
        rows = np.zeros((self.rows, 4), np.uint64)
        rows[1:] = np.column_stack([thresholds, following | after << np.uint64(32), table, other])
        return rows


def _aliases(weights: Sequence[int]) -> list[tuple[int, int, int]]:
    """2^bits slots: in each, the share of a first way up to a threshold, then a second. Exact but for rounding."""
    bits = (len(weights) - 1).bit_length()
    count, one = 1 << bits, 1 << (32 - bits)
    if count == 1:
        return [(one, 0, 0)]
    whole = sum(weights)
    shares = [weight << bits for weight in weights] + [0] * (count - len(weights))
    small = [i for i, share in enumerate(shares) if share < whole]
    large = [i for i, share in enumerate(shares) if share >= whole]
    found = [(0, 0, 0)] * count
    while small and large:
        low, high = small.pop(), large[-1]
        found[low] = (shares[low] * one + whole // 2) // whole, low if low < len(weights) else high, high
        shares[high] -= whole - shares[low]
        if shares[high] < whole:
            small.append(large.pop())
    for i in large + small:
        found[i] = one, i, i
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
