"""This file knows text made of pieces: each drawn from a table of texts, all of a row written one after the other.

Most texts in a known format are such: an address of four numbers, a date and a time, a given name and a surname, a
card number whose last digit is a check on the others. A table holds up to 2^20 texts in UTF-8, drawn evenly or by
weight; a row spends one 32-bit word on each table of more than one text.

A format whose texts decode uniquely serves as a key: rank -> pieces (mixed radix, the last piece fastest) and back.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.keys import MAXIMUM_DOMAIN
from gen.streams import (
    BITS32,
    LOW32,
    TILE,
    Rows,
    Stream,
    Word,
    Words,
    copy_8_bytes,
    copy_32_bytes,
    device,
    kernel,
)
from gen.synth.text import SPARE, text_array
from gen.synth.texts.lists import Texts

WIDTH_BITS = np.uint64(16)  # of a span, start << 16 | bytes
MAXIMUM_BYTES = 2**16 - 1  # of one text of a table
_NO_RANKS = np.empty(0, np.uint64)

# How a piece is described to the kernel: a row of eight numbers. Offsets are into arrays that all tables share.
# `_STRIDE`: the bytes of every text of the table, where all have the same; else 0.
_SIZE, _ALIASES, _SPANS, _SUMS, _SLOT, _WIDEST, _KIND, _STRIDE = range(8)
_ABSENT = np.uint64(2**63)  # an offset that says: this table has no weights, or no sums
_FIXED, _DRAWN, _RANKED, _CHECK = (np.uint64(i) for i in range(4))  # one text; by a word; by the rank; by the sums


# -- writing -----------------------------------------------------------------------------------------------------


@device
def _choose(words: Words, piece: Words, aliases: Words, left: Words, totals: Words, chosen: Words) -> None:
    """The index of one piece for as many rows as are `chosen`; `words`: those of the piece, in one half of each."""
    size = piece[0] & LOW32
    if piece[6] == _DRAWN:
        shift = (piece[4] & np.uint64(1)) << np.uint64(5)
        if piece[1] == _ABSENT:
            for i in range(chosen.size):
                chosen[i] = (((words[i] >> shift) & LOW32) * size) >> BITS32
        else:
            for i in range(chosen.size):
                place = ((words[i] >> shift) & LOW32) * size
                entry = aliases[piece[1] + (place >> BITS32)]
                kept = np.uint64(0) - np.uint64((place & LOW32) < (entry >> BITS32))
                chosen[i] = ((place >> BITS32) & kept) | (entry & LOW32 & ~kept)
    elif piece[6] == _RANKED:
        for i in range(chosen.size):
            chosen[i] = left[i] % size
            left[i] //= size
    elif piece[6] == _CHECK:
        for i in range(chosen.size):
            chosen[i] = totals[i] % size
    else:
        for i in range(chosen.size):
            chosen[i] = np.uint64(0)


@device
def _find_spans(piece: Words, spans: Words, chosen: Words) -> None:
    """Turn the indexes of one piece into spans; where all texts are equally wide, without looking them up."""
    if piece[7]:
        first, stride = spans[piece[2]], piece[7]
        for i in range(chosen.size):
            chosen[i] = first + (((chosen[i] & LOW32) * (stride & LOW32)) << WIDTH_BITS)
    else:
        for i in range(chosen.size):
            chosen[i] = spans[piece[2] + chosen[i]]


@device
def _copy_row(tile: Words, row: int, layout: Words, source: Word, target: Word) -> Word:
    """Write the pieces of one row from the address `target` on; the address after them."""
    for p in range(layout.shape[0]):
        span = tile[p, row]
        here, length = source + (span >> WIDTH_BITS), span & np.uint64(0xFFFF)
        if layout[p, 5] <= np.uint64(8):
            copy_8_bytes(here, target)
        else:
            copy_32_bytes(here, target)
            done = np.uint64(32)
            while done < length:
                copy_32_bytes(here + done, target + done)
                done += np.uint64(32)
        target += length
    return target


@kernel(
    "void(uint64[:, ::1], uint64[::1], uint64[:, ::1], int64[::1], uint64[::1], uint64[::1], uint8[::1], "
    "uint8[::1], int32[::1], uint8[::1])"
)
def _write_pieces(
    words: Words,
    ranks: Words,
    layout: Words,
    order: NDArray[np.int64],
    spans: Words,
    aliases: Words,
    sums: NDArray[np.uint8],
    texts: NDArray[np.uint8],
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
) -> None:
    """Text of every row. Tile by tile: every piece is chosen first, piece by piece; then each row is copied.

    `order`: the pieces as they are chosen: ranked ones from the last to the first, the check after all others.
    """
    tile = np.empty((layout.shape[0], TILE + 8), np.uint64)  # 8 more: or a row's pieces share one line of the cache
    left, totals = np.zeros(TILE, np.uint64), np.empty(TILE, np.uint64)
    source, base = np.uint64(texts.ctypes.data), np.uint64(data.ctypes.data)
    narrow = True  # then one copy a piece, without a question
    for p in range(layout.shape[0]):
        narrow &= layout[p, 5] <= np.uint64(8)
    target = base
    offsets[0] = 0
    for start in range(0, offsets.size - 1, TILE):
        n = min(offsets.size - 1 - start, TILE)
        for i in range(n):
            totals[i] = np.uint64(0)
        if ranks.size:
            for i in range(n):
                left[i] = ranks[start + i]
        for p in order:
            chosen, column = tile[p, :n], words[np.int64(layout[p, 4] >> np.uint64(1))]
            _choose(column[start : start + n], layout[p], aliases, left, totals, chosen)
            if layout[p, 3] != _ABSENT:
                for i in range(n):
                    totals[i] += np.uint64(sums[layout[p, 3] + chosen[i]])
            _find_spans(layout[p], spans, chosen)
        if narrow:
            for i in range(n):
                for p in range(layout.shape[0]):
                    span = tile[p, i]
                    copy_8_bytes(source + (span >> WIDTH_BITS), target)
                    target += span & np.uint64(0xFFFF)
                offsets[start + i + 1] = np.int32(target - base)
            continue
        for i in range(n):
            target = _copy_row(tile, i, layout, source, target)
            offsets[start + i + 1] = np.int32(target - base)


@dataclass(frozen=True, eq=False)
class _Layout:
    """All tables as the kernel takes them, drawn by words alone, or with the last pieces by a rank."""

    drawn: Words
    ranked: Words
    order: NDArray[np.int64]
    spans: Words
    aliases: Words
    sums: NDArray[np.uint8]
    texts: NDArray[np.uint8]


# -- pieces ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Pieces:
    """A text as a row of tables. `check`: which of them is chosen not by a word but by the sums of the others.

    The check has as many texts as its modulus; text s is written where the others' sums are s modulo that.
    Picklable: only the tables travel.
    """

    tables: tuple[Texts, ...]
    check: int | None = None

    @classmethod
    def of(cls, *parts: Texts | str, check: int | None = None) -> Pieces:
        """Pieces of tables and of texts that are always the same; those are joined to a neighbour that is drawn."""
        tables: list[Texts] = []
        before = ""
        for number, part in enumerate(parts):
            if isinstance(part, str):
                before += part
                continue
            if number == check:
                place = len(tables)
            tables.append(part.wrapped(before) if before else part)
            before = ""
        if before:
            tables = [*tables[:-1], tables[-1].wrapped(after=before)] if tables else [Texts((before,))]
        return cls(tuple(tables), None if check is None else place)

    # -- facts

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """How many texts each piece chooses among; 1 for the check."""
        return tuple(1 if p == self.check else len(table) for p, table in enumerate(self.tables))

    @property
    def cardinality(self) -> int:
        """In how many ways a row can be drawn: the product of the tables' sizes."""
        return math.prod(self.sizes)

    @cached_property
    def lengths(self) -> tuple[int, int]:
        """The fewest and the most characters of a text."""
        return sum(table.lengths[0] for table in self.tables), sum(table.lengths[1] for table in self.tables)

    @property
    def mean_bytes(self) -> float:
        """Bytes of a text, on average."""
        return sum(table.mean_bytes for table in self.tables)

    @cached_property
    def slots(self) -> tuple[int | None, ...]:
        """Which 32-bit word of a row chooses each piece; None where none does."""
        numbers = itertools.count()
        return tuple(next(numbers) if size > 1 else None for size in self.sizes)

    @cached_property
    def width(self) -> int:
        """32-bit words a row, as streams know widths."""
        needed = sum(slot is not None for slot in self.slots)
        return max(needed, 1) if needed <= 2 else -(-needed // 4) * 4

    @cached_property
    def ranked(self) -> int:
        """The first of the last pieces whose number of choices fits a rank; those before it are drawn."""
        first, ways = len(self.sizes), 1
        while first and ways * self.sizes[first - 1] <= MAXIMUM_DOMAIN:
            first -= 1
            ways *= self.sizes[first]
        return first

    @property
    def capacity(self) -> int:
        """How many ranks there are: `cardinality`, or, where that is beyond 64 bits, that of the last pieces."""
        return math.prod(self.sizes[self.ranked :])

    @cached_property
    def decodes(self) -> bool:
        """Whether every text can be taken apart in one way only, by the longest match from the left.

        Exact where it says yes: no text of a table continues another one of it with a character that may follow.
        """
        follow: set[str] = {"end"}
        for table in reversed(self.tables):
            if len(table.index) < len(table) or table.continuations & follow:
                return False
            follow = {*table.firsts, *(follow if "" in table.index else ())}
        return True

    # -- drawing

    def at(self, words: Words) -> pa.Array:
        """The texts that words choose, as `Stream(key, pieces.width).columns` gives them: string array of one a row."""
        return self._write(words, _NO_RANKS)

    def draw(self, rows: Rows, key: int) -> pa.Array:
        """The texts at these rows of the stream with that key: string array of len(rows)."""
        return self.at(Stream(key, self.width).columns(rows))

    def unrank(self, ranks: Words, key: int | None = None) -> pa.Array:
        """The text of each rank in [0, capacity), all different where the pieces decode: string array.

        Pieces before the ranked ones are drawn from the stream with that key, at the rank; or, without a key, they
        are the first of their table.
        """
        if key is None or not self.ranked:
            words = np.zeros((max(self.width // 2, 1), ranks.size), np.uint64)
        else:
            words = Stream(key, self.width).columns(ranks)
        return self._write(words, ranks, ranked=True)

    def rank(self, values: pa.Array) -> Words:
        """The rank of each text, whatever its pieces before the ranked ones; 2^64 - 1 for what is no such text.

        Raises ValueError where pieces do not decode uniquely.
        """
        if not self.decodes:
            raise ValueError("texts of these pieces cannot be taken apart in one way only")
        return np.array([self._rank(text) for text in values.to_pylist()], np.uint64)

    def _rank(self, text: str) -> int:
        indexes, position, total = [], 0, 0
        for table in self.tables:
            shortest, longest = table.lengths
            lengths = range(min(longest, len(text) - position), shortest - 1, -1)
            found = next((n for n in lengths if text[position : position + n] in table.index), None)
            if found is None:
                return MAXIMUM_DOMAIN
            indexes.append(table.index[text[position : position + found]])
            total += int(table.sums[indexes[-1]]) if table.sums is not None else 0
            position += found
        if position < len(text):
            return MAXIMUM_DOMAIN
        if self.check is not None and indexes[self.check] != total % len(self.tables[self.check]):
            return MAXIMUM_DOMAIN
        rank = 0
        for p in range(self.ranked, len(self.tables)):
            rank = rank * self.sizes[p] + (0 if p == self.check else indexes[p])
        return rank

    def _write(self, words: Words, ranks: Words, ranked: bool = False) -> pa.Array:
        layout = self._layout
        description = layout.ranked if ranked else layout.drawn
        widest = int(description[:, _WIDEST].sum())
        offsets = np.empty(words.shape[1] + 1, np.int32)
        data = np.empty(words.shape[1] * widest + SPARE, np.uint8)
        shared = layout.order, layout.spans, layout.aliases, layout.sums, layout.texts
        _write_pieces(words, ranks, description, *shared, offsets, data)
        return text_array(offsets, data)

    # -- what the kernel takes

    @cached_property
    def _layout(self) -> _Layout:
        starts, spans, aliases, sums, texts = _joined(self.tables)
        drawn = np.zeros((len(self.tables), 8), np.uint64)
        for p, table in enumerate(self.tables):
            drawn[p, _SIZE] = len(table)
            drawn[p, [_ALIASES, _SPANS, _SUMS]] = starts[id(table)]
            _, begins, widths = table.encoded
            drawn[p, _WIDEST] = widths.max()
            even = (widths == widths[0]).all() and (np.diff(begins) == widths[0]).all()
            drawn[p, _STRIDE] = widths[0] if even else 0
            drawn[p, _SLOT] = self.slots[p] or 0
            drawn[p, _KIND] = _DRAWN if self.sizes[p] > 1 else _FIXED
        if self.check is not None:
            drawn[self.check, _KIND] = _CHECK
        ranked = drawn.copy()
        by_rank = (np.arange(len(self.tables)) >= self.ranked) & (drawn[:, _KIND] == _DRAWN)
        ranked[by_rank, _KIND] = _RANKED
        order = [p for p in reversed(range(len(self.tables))) if p != self.check]
        order += [] if self.check is None else [self.check]
        return _Layout(drawn, ranked, np.array(order, np.int64), spans, aliases, sums, texts)

    def __getstate__(self) -> dict[str, Any]:
        return {"tables": self.tables, "check": self.check}


def _joined(tables: Sequence[Texts]) -> tuple[dict[int, list[int]], Words, Words, NDArray[np.uint8], NDArray[np.uint8]]:
    """The arrays of all tables end to end, each table once, and where each one's aliases, spans and sums start."""
    starts: dict[int, list[int]] = {}
    spans, aliases, sums, texts = [np.empty(0, np.uint64)], [np.empty(0, np.uint64)], [np.empty(0, np.uint8)], b""
    for table in tables:
        if id(table) in starts:
            continue
        weighted, checked = table.aliases.size > 0, table.sums is not None
        starts[id(table)] = [
            sum(map(len, aliases)) if weighted else int(_ABSENT),
            sum(map(len, spans)),
            sum(map(len, sums)) if checked else int(_ABSENT),
        ]
        data, begins, widths = table.encoded
        if int(widths.max()) > MAXIMUM_BYTES:
            raise ValueError(f"a text of a table has at most {MAXIMUM_BYTES:,} bytes")
        spans.append(((begins + np.uint64(len(texts))) << WIDTH_BITS) | widths)
        aliases.append(table.aliases)
        if table.sums is not None:
            sums.append(table.sums)
        texts += data
    # The kernel copies whole vectors, and so reads past the last text.
    held = np.frombuffer(bytearray(texts + bytes(SPARE)), np.uint8)
    return starts, np.concatenate(spans), np.concatenate(aliases), np.concatenate(sums), held
