"""This file knows how a counted language becomes Arrow text: tables of whole numbers, and the kernels that walk them.

A text is a walk through cells, see `gen.synth.walks`; each step writes up to 8 bytes.

Drawing: a 64-bit word a step. Its high half chooses the way by an alias table (Walker 1977), whose thresholds come
from exact counts; the low half the text among those of that way. Each choice is exact to 2^-32.
Unranking: the ways in order of their texts, with the exact number of texts before each; division gives the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.errors import SchemaError
from gen.schema.characters import encoded
from gen.streams import (
    BITS32,
    LOW32,
    Rows,
    Word,
    Words,
    device,
    first_and_rows,
    kernel,
    mulhi,
    philox,
    store_8_bytes,
)
from gen.synth.patterns.language import Language
from gen.synth.patterns.walks import EVERY, Cell, Runs, Slots, TooLarge, Ways, in_order
from gen.synth.text import SPARE, text_array

TILE_WORDS = 2**14  # random words of an inner tile: 128 KB


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
    height: Any = max(TILE_WORDS // (2 * stride), 1)
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
                store_8_bytes(text, target + position)
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
    height: Any = max(TILE_WORDS // (4 * stride), 1)
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
                store_8_bytes(text, target + places[j])


# A run, five uint64: how many texts of the cell come before; how many are behind each text of its table, and 2^64
# divided by that; the table; the next cell, 0 to end.
CUT = np.uint64(63)  # the shift of a cell that ends the drawn part of a walk; the rest of it is the number of the cut


@device
def _ranked_step(rank: Word, run: Any, runs: NDArray[np.uint64], texts: Words) -> tuple[Word, Word, Word, Any]:
    """One step of an unranking: the text, how many bytes it has, the rank that is left, and the next cell."""
    while runs[run + 1, 0] <= rank:
        run += 1
    rank -= runs[run, 0]
    behind = runs[run, 1]
    place = mulhi(rank, runs[run, 2])  # the quotient, or one less
    rank -= place * behind
    more = np.uint64(rank >= behind)
    rank -= behind & (np.uint64(0) - more)
    table = runs[run, 3]
    text = texts[(table >> np.uint64(28)) + place + more]
    return text, (table >> np.uint64(24)) & np.uint64(15), rank, np.int64(runs[run, 4])


@kernel(
    "void(uint64[::1], uint64[::1], uint64[::1], int64, int32[::1], uint8[::1], uint64[::1], "
    "uint64[:, ::1], uint64[:, ::1], uint64[:, ::1], uint64[::1])"
)
def write_ranked(
    which: Words,
    ranks: Words,
    words: Words,
    words_per_row: Any,
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    starts: Words,
    slots: NDArray[np.uint64],
    cuts: NDArray[np.uint64],
    runs: NDArray[np.uint64],
    texts: Words,
) -> None:
    """The text of each rank among those from starts[which]: a drawn part, if it begins with one, then an unranked one.

    cuts: for each end of a drawn part the cell to go on from, and, as whole part and fraction, how many of its ranks
    there are for each of these: a rank takes a random one of its own. A row has words for its steps, and that choice.
    """
    position = np.uint64(0)
    target = np.uint64(data.ctypes.data)
    offsets[0] = 0
    for i in range(which.size):
        cell = starts[which[i]]
        at = i * words_per_row
        while cell & CUT != CUT:
            text, width, cell = _drawn_step(words[at], cell, slots, texts)
            store_8_bytes(text, target + position)
            position += width
            at += 1
        cut = cell >> np.uint64(6)
        whole, fraction = cuts[cut, 1], cuts[cut, 2]
        stride = whole + np.uint64(ranks[i] * fraction > ~fraction)
        rank = ranks[i] * whole + mulhi(ranks[i], fraction) + mulhi(words[at], stride)
        run = np.int64(cuts[cut, 0])
        while run:
            text, width, rank, run = _ranked_step(rank, run, runs, texts)
            store_8_bytes(text, target + position)
            position += width
        offsets[i + 1] = np.int32(position)


# -- samplers -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Walk:
    start: int
    slots: NDArray[np.uint64]
    texts: NDArray[np.uint64]
    steps: int  # of the longest walk


_WALKS: WeakKeyDictionary[Language, WeakValueDictionary[Any, _Walk]] = WeakKeyDictionary()


def too_large(where: str, language: Language) -> SchemaError:
    """The error for a language whose tables outgrow their limit."""
    return SchemaError(
        f"{where}: texts of up to {language.lengths[-1]:,} characters that match "
        f"{' and '.join(map(repr, language.declared[0]))} need too large tables.",
        hint="Declare a smaller max_length.",
    )


def ranked_cells(language: Language, ways: Ways, runs: Runs, starts: list[Cell]) -> dict[Cell, int]:
    """The cells reached from these, put in `runs`: each one's number there; 0 for ends."""
    cells: dict[Cell, int] = {(0, state): 0 for state in range(len(language.runs))}
    for cell, found in in_order(starts, ways.to_rank, cells):
        cells[cell] = runs.cell([(way.weight, way.table, cells[way.target]) for way in found])
    return cells


class TextSampler:
    """Draws texts of a language, each row's from words of its own. Picklable: tables are made again where it arrives.

    weights: of the language's lengths, by length, instead of the law; a length of weight 0 does not occur.

    law: "texts", each text equally likely; or "lengths", each length, and each text of a length. By default texts
    of a language that patterns bound and that is small (see `Language.is_small`), and lengths of others.
    """

    def __init__(
        self, where: str, language: Language, law: str | None = None, weights: Mapping[int, float] | None = None
    ) -> None:
        self.where = where
        self.weights = weights
        self.language = language
        self.law = law or ("texts" if language.is_small else "lengths")

    @cached_property
    def walk(self) -> _Walk:
        """The tables, which all columns of the same language and weights share as long as there are such."""
        key = self.law, None if self.weights is None else tuple(sorted(self.weights.items()))
        walks = _WALKS.setdefault(self.language, WeakValueDictionary())
        walk = walks.get(key)
        if walk is None:
            walk = walks[key] = self._walked()
        return walk

    def _walked(self) -> _Walk:
        """Of many letters a step; of one where tables of that have fewer rows, as those of many states have."""
        for ways in (Ways(self.language), Ways(self.language, widest=1)):
            try:
                return self._walk_along(ways)
            except TooLarge:
                continue
        raise too_large(self.where, self.language)

    def _walk_along(self, ways: Ways) -> _Walk:
        slots = Slots()
        cells: dict[Cell, int] = {(0, state): 0 for state in range(len(self.language.runs))}
        steps = dict.fromkeys(cells, 0)
        lengths = [length for length in self.language.lengths if self._weight(length)]
        starts = [(length, 0) for length in lengths]
        for cell, found in in_order(starts, ways.to_draw, cells):
            cells[cell] = slots.cell([(weight, table, cells[target]) for weight, table, target in found])
            steps[cell] = 1 + max([steps[way.target] for way in found])
        chosen = [(self._weight(length), 0, cells[length, 0]) for length in lengths]
        single = len(chosen) == 1
        start = chosen[0][2] if single else slots.cell([(w, 1, following) for w, _, following in chosen])
        return _Walk(start, slots.array, ways.texts.all, max(steps[c] for c in starts) + (not single))

    def _weight(self, length: int) -> int:
        if self.weights is not None:
            return round(self.weights.get(length, 0.0) * 2**62)
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

    def unrank(self, ranks: Words) -> pa.Array:
        """The texts of these ranks, uint64 below `cardinality` and 2^63: by length, then by code points."""
        starts = np.array([min(start, EVERY) for start in self.language.starts[:-1]], np.uint64)
        which = np.zeros(ranks.size, np.uint64)
        if starts.size > 1:
            which = (np.searchsorted(starts, ranks, side="right") - 1).astype(np.uint64)
        offsets = np.empty(ranks.size + 1, np.int32)
        data = np.empty(ranks.size * self.widest + SPARE, np.uint8)
        none = np.zeros(1, np.uint64)
        write_ranked(which, ranks - starts[which], none, np.int64(0), offsets, data, *self._ranking)
        return text_array(offsets, data)

    @cached_property
    def _ranking(self) -> tuple[NDArray[np.uint64], ...]:
        language, ways, runs = self.language, Ways(self.language), Runs()
        starts = [(length, 0) for length in language.lengths]
        try:
            cells = ranked_cells(language, ways, runs, starts)
        except TooLarge:
            raise too_large(self.where, language) from None
        cuts = np.array([[cells[cell], 1, 0] for cell in starts], np.uint64)
        first = np.arange(len(starts), dtype=np.uint64) << np.uint64(6) | CUT
        return first, np.zeros((1, 4), np.uint64), cuts, runs.array, ways.texts.all

    @cached_property
    def widest(self) -> int:
        """How many bytes the longest text may have."""
        return self.language.lengths[-1] * self.letter_bytes

    @cached_property
    def letter_bytes(self) -> int:
        """How many bytes a letter may have."""
        last = max((last for _, last in self.language.letters), default=0)
        return 1 + sum(last > bound for bound in (0x7F, 0x7FF, 0xFFFF))

    @property
    def mean_letter_bytes(self) -> float:
        """How many bytes a letter has on average, were all letters equally likely."""
        widths = [(texts.size, width) for width, texts in encoded(self.language.letters).items()]
        return sum(count * width for count, width in widths) / max(sum(count for count, _ in widths), 1)

    @property
    def mean_length(self) -> float:
        """How many characters a text has on average."""
        weights = [self._weight(length) for length in self.language.lengths]
        whole = sum(length * weight for length, weight in zip(self.language.lengths, weights, strict=True))
        return (whole * 2**32 // sum(weights)) / 2**32

    def __getstate__(self) -> dict[str, Any]:
        return {"where": self.where, "language": self.language, "law": self.law, "weights": self.weights}
