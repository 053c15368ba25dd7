"""This file knows how a counted language becomes Arrow text: tables of whole numbers, and the kernels that walk them.

A walk goes through cells. A cell is a state of the language's automaton with a number of letters to come; a step from
it writes up to 8 bytes, one of a table of texts, and goes to the next cell. Texts of several letters are put in one
table as long as there are few of them, so that a pattern of fixed parts takes a few steps, not one a letter.

Drawing: a 64-bit word a step. Its high half chooses the way by an alias table (Walker 1977), whose thresholds come
from exact counts; the low half the text among those of that way. Each choice is exact to 2^-32.
Unranking: the ways in order of their texts, with the exact number of texts before each; division gives the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.errors import SchemaError
from gen.streams import (
    BITS32,
    LOW32,
    Rows,
    Word,
    Words,
    device,
    first_and_rows,
    intrinsic,
    ir,
    kernel,
    mulhi,
    philox,
    types,
)
from gen.synth.characters import Ranges, encoded, intersection
from gen.synth.language import Language
from gen.synth.text import SPARE, text_array

TILE_WORDS = 2**14  # random words of an inner tile: 128 KB
_TEXTS = 2**15  # of one table at most
_ALL_TEXTS = 2**18  # of all tables together; once there are more, tables stay small
_FEW = 2**8
_STEP_BYTES = 8
MAXIMUM_SLOTS = 2**21  # of a walk's tables together: 64 MB


@intrinsic
def _store_8_bytes(typingctx: Any, value: Any, target: Any) -> Any:
    """A uint64 to an address of any alignment, its lowest byte first."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[1], ir.PointerType(ir.IntType(64)))
        builder.store(arguments[0], pointer, align=1)
        return context.get_dummy_value()

    return types.void(types.uint64, types.uintp), generate


# A slot of an alias table, four uint64: the threshold; the two next cells, 32 bits each; the two tables of texts.
# A cell is (its first slot) << 6 | shift, where the high half of a word >> shift is the slot's number in it; 0 ends.
# A table is (its first text) << 28 | (bytes of a text) << 24 | how many texts.
_CELL_SHIFT = np.uint64(63)
_COUNT = np.uint64(0xFFFFFF)


@device
def _drawn_step(word: Word, cell: Word, slots: NDArray[np.uint64], texts: Words) -> tuple[Word, Word, Word]:
    """One step of a walk: the text, how many bytes it has, and the next cell."""
    high = word >> BITS32
    shift = cell & _CELL_SHIFT
    slot = (cell >> np.uint64(6)) + (high >> shift)
    fraction = high & ((np.uint64(1) << shift) - np.uint64(1))
    other = np.uint64(0) - np.uint64(fraction >= slots[slot, 0])
    table = (slots[slot, 2] & ~other) | (slots[slot, 3] & other)
    following = (slots[slot, 1] >> (BITS32 & other)) & LOW32
    text = texts[(table >> np.uint64(28)) + (((word & LOW32) * (table & _COUNT)) >> BITS32)]
    return text, (table >> np.uint64(24)) & np.uint64(15), following


@device
def _number_counters(first: Word, rows: Words, start: int, n: int, counters: Word, numbers: Words) -> None:
    """The Philox counters of n rows from `start` on: those of `rows`, or, where it is empty, consecutive ones."""
    stride = np.int64(counters)
    if rows.size:
        for i in range(n):
            for c in range(stride):
                numbers[i * stride + c] = rows[start + i] * counters + np.uint64(c)
    else:
        for i in range(n * stride):
            numbers[i] = (first + np.uint64(start)) * counters + np.uint64(i)


@kernel(
    "void(uint64, uint64[::1], int32[::1], uint8[::1], uint64, uint64, uint64, uint64, uint64[:, ::1], uint64[::1])"
)
def _draw(
    first: Word,
    rows: Words,
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    counters: Word,
    key: Word,
    attempt: Word,
    start: Word,
    slots: NDArray[np.uint64],
    texts: Words,
) -> None:
    """A walk for each row: of these rows, or, where none are given, of those from `first` on. `counters` a row."""
    k0, k1 = key & LOW32, key >> BITS32
    attempt = attempt & LOW32
    stride = np.int64(counters)
    height = max(TILE_WORDS // (2 * stride), 1)
    tile = np.empty(2 * height * stride, np.uint64)
    numbers = np.empty(height * stride, np.uint64)
    target = np.uint64(data.ctypes.data)
    position = np.uint64(0)
    offsets[0] = 0
    count = offsets.size - 1
    for begun in range(0, count, height):
        n = min(count - begun, height)
        _number_counters(first, rows, begun, n, counters, numbers)
        for i in range(n * stride):
            x0, x1, x2, x3 = philox(numbers[i] & LOW32, numbers[i] >> BITS32, attempt, np.uint64(0), k0, k1)
            tile[2 * i] = x0 | (x1 << BITS32)
            tile[2 * i + 1] = x2 | (x3 << BITS32)
        for i in range(n):
            cell = start
            at = 2 * i * stride
            while cell:
                text, width, cell = _drawn_step(tile[at], cell, slots, texts)
                _store_8_bytes(text, target + position)
                position += width
                at += 1
            offsets[begun + i + 1] = np.int32(position)


@kernel(
    "void(uint64, uint64[::1], int32[::1], uint8[::1], uint64, uint64, uint64, uint64[::1], uint64[::1], uint64[::1])"
)
def _draw_fixed(
    first: Word,
    rows: Words,
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    counters: Word,
    key: Word,
    attempt: Word,
    tables: Words,
    places: Words,
    texts: Words,
) -> None:
    """The same where each cell has one way: a 32-bit word a step. `places`: where each step's bytes begin, and end."""
    k0, k1 = key & LOW32, key >> BITS32
    attempt = attempt & LOW32
    stride = np.int64(counters)
    height = max(TILE_WORDS // (4 * stride), 1)
    tile = np.empty(4 * height * stride, np.uint64)
    numbers = np.empty(height * stride, np.uint64)
    steps = tables.size
    width = places[steps]
    count = offsets.size - 1
    for i in range(count + 1):
        offsets[i] = np.int32(np.uint64(i) * width)
    for begun in range(0, count, height):
        n = min(count - begun, height)
        _number_counters(first, rows, begun, n, counters, numbers)
        for i in range(n * stride):
            x0, x1, x2, x3 = philox(numbers[i] & LOW32, numbers[i] >> BITS32, attempt, np.uint64(0), k0, k1)
            tile[4 * i] = x0
            tile[4 * i + 1] = x1
            tile[4 * i + 2] = x2
            tile[4 * i + 3] = x3
        for i in range(n):
            target = np.uint64(data.ctypes.data) + np.uint64(begun + i) * width
            at = 4 * i * stride
            for j in range(steps):
                table = tables[j]
                text = texts[(table >> np.uint64(28)) + ((tile[at + j] * (table & _COUNT)) >> BITS32)]
                _store_8_bytes(text, target + places[j])


# -- tables of texts ------------------------------------------------------------------------------------------


class _Texts:
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
        return [(width, first + i) for i, width in enumerate(encoded(letters))] if letters[-1][1] > 0x7F else [(1, first)]

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


@dataclass(frozen=True, eq=False)
class Way:
    """What a step from a cell may do: `weight` texts of the language go this way, to the cell of `target`."""

    weight: int
    table: int
    target: tuple[int, int]  # (letters to come, state)


class Ways:
    """The ways from each cell of a language's walk. A cell is (letters to come, state)."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.texts = _Texts(language)

    def to_draw(self, cell: tuple[int, int]) -> list[Way]:
        """All ways, each to another cell or with texts of another width, of as many letters as tables can hold."""
        left, state = cell
        steps = next(n for n in range(min(left, _STEP_BYTES), 0, -1) if self.texts.blocks(state, n) is not None)
        found = []
        for (target, width), paths in (self.texts.blocks(state, steps) or {}).items():
            onward = self.language.counts[left - steps].get(target, 0)
            if onward:
                texts = sum(map(self.texts.count, paths))
                found.append(Way(texts * onward, self.texts.table(tuple(paths), width), (left - steps, target)))
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


# -- walks that draw ------------------------------------------------------------------------------------------


class Slots:
    """Alias tables of cells, as the drawing kernels take them."""

    def __init__(self) -> None:
        self.rows: list[list[int]] = [[0, 0, 0, 0]]

    def cell(self, ways: list[tuple[int, int, int]]) -> int:
        """The cell of these (weight, table, next cell); weights in proportion, of any size."""
        bits = (len(ways) - 1).bit_length()
        here = len(self.rows) << 6 | (32 - bits)
        self.rows.extend(_aliases(ways, bits))
        if len(self.rows) > MAXIMUM_SLOTS:
            raise OverflowError
        return here

    @property
    def array(self) -> NDArray[np.uint64]:
        return np.array(self.rows, np.uint64)


def _aliases(ways: list[tuple[int, int, int]], bits: int) -> list[list[int]]:
    """2^bits slots: in each, the share of a first way up to a threshold, then a second. Exact but for rounding."""
    count, whole = 1 << bits, sum(weight for weight, _, _ in ways)
    one = 1 << (32 - bits)
    shares = [weight * count for weight, _, _ in ways] + [0] * (count - len(ways))
    targets = [(table, following) for _, table, following in ways]
    small = [i for i, share in enumerate(shares) if share < whole]
    large = [i for i, share in enumerate(shares) if share >= whole]
    found: list[list[int]] = [[]] * count
    while small and large:
        low, high = small.pop(), large[-1]
        a, b = targets[low] if low < len(ways) else targets[high], targets[high]
        found[low] = [(shares[low] * one + whole // 2) // whole, a[1] | b[1] << 32, a[0], b[0]]
        shares[high] -= whole - shares[low]
        if shares[high] < whole:
            small.append(large.pop())
    for i in large + small:
        table, following = targets[i]
        found[i] = [one, following | following << 32, table, table]
    return found


@dataclass(frozen=True, eq=False)
class _Walk:
    start: int
    slots: NDArray[np.uint64]
    texts: NDArray[np.uint64]
    steps: int  # of the longest walk


class TextSampler:
    """Draws texts of a language, each row's from words of its own. Picklable: tables are made again where it arrives.

    law: "texts", each text equally likely; or "lengths", each length, and each text of a length. By default texts
    of a language that patterns bound and that is small (see `Language.is_small`), and lengths of others.
    """

    def __init__(self, where: str, language: Language, law: str | None = None) -> None:
        self.where = where
        self.language = language
        self.law = law or ("texts" if language.is_small else "lengths")

    @cached_property
    def walk(self) -> _Walk:
        language, ways, slots = self.language, Ways(self.language), Slots()
        cells: dict[tuple[int, int], int] = {(0, state): 0 for state in range(len(language.runs))}
        steps = dict.fromkeys(cells, 0)
        starts = [(length, 0) for length in language.lengths]
        try:
            for cell, found in in_order(starts, ways.to_draw, cells):
                cells[cell] = slots.cell([(way.weight, way.table, cells[way.target]) for way in found])
                steps[cell] = 1 + max(steps[way.target] for way in found)
            chosen = [(self._weight(length), 0, cells[length, 0]) for length in language.lengths]
            single = len(chosen) == 1
            start = chosen[0][2] if single else slots.cell([(w, 1, following) for w, _, following in chosen])
        except OverflowError:
            raise SchemaError(
                f"{self.where}: texts of up to {language.lengths[-1]:,} characters that match "
                f"{' and '.join(map(repr, language.declared[0]))} need too large tables.",
                hint="Declare a smaller max_length.",
            ) from None
        return _Walk(start, slots.array, ways.texts.all, max(steps[c] for c in starts) + (not single))

    def _weight(self, length: int) -> int:
        return self.language.counts[length][0] if self.law == "texts" else 1

    @cached_property
    def _fixed(self) -> tuple[Words, Words, Words] | None:
        """The tables of a walk that has one way everywhere, and where in a text each one's bytes go; else None."""
        walk, cell, tables, places = self.walk, self.walk.start, [], [0]
        while cell:
            slot = walk.slots[cell >> 6].tolist()
            if cell & 63 < 32:
                return None
            tables.append(slot[2])
            places.append(places[-1] + (slot[2] >> 24 & 15))
            cell = slot[1] & 0xFFFFFFFF
        return np.array(tables, np.uint64), np.array(places, np.uint64), walk.texts

    @cached_property
    def _drawing(self) -> tuple[Any, ...]:
        return np.uint64(self.walk.start), self.walk.slots, self.walk.texts

    def at(self, rows: Rows, key: int, attempt: int = 0) -> pa.Array:
        """The texts of these rows: Arrow text of len(rows). `key`: of the stream that words are taken from."""
        offsets = np.empty(len(rows) + 1, np.int32)
        data = np.empty(len(rows) * self.widest + SPARE, np.uint8)
        if self._fixed:
            tables, places, texts = self._fixed
            words = np.uint64(max(-(-tables.size // 4), 1)), np.uint64(key), np.uint64(attempt)
            _draw_fixed(*first_and_rows(rows), offsets, data, *words, tables, places, texts)
        else:
            words = np.uint64(max(-(-self.walk.steps // 2), 1)), np.uint64(key), np.uint64(attempt)
            _draw(*first_and_rows(rows), offsets, data, *words, *self._drawing)
        return text_array(offsets, data)

    @cached_property
    def widest(self) -> int:
        """How many bytes the longest text may have."""
        return self.language.lengths[-1] * self.letter_bytes

    @cached_property
    def letter_bytes(self) -> int:
        """How many bytes a letter may have."""
        letters = [pair for runs in self.language.runs for run in runs for pair in run.letters]
        last = max((last for _, last in letters), default=0)
        return 1 + sum(last > bound for bound in (0x7F, 0x7FF, 0xFFFF))

    @property
    def mean_length(self) -> float:
        """How many characters a text has on average."""
        weights = [self._weight(length) for length in self.language.lengths]
        total = sum(weights)
        return sum(length * (weight * 2**32 // total) for length, weight in zip(self.language.lengths, weights, strict=True)) / 2**32

    def __getstate__(self) -> dict[str, Any]:
        return {"where": self.where, "language": self.language, "law": self.law}


def in_order(starts: list[Any], ways: Any, done: Any) -> Any:
    """Cells with their ways, each after all that it leads to; those in `done` are there already.

    A generator: what it yields is to be put in `done` before it goes on.
    """
    found: dict[Any, list[Way]] = {}
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
