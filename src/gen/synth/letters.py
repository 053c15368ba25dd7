"""This file knows letters: alphabets, and the kernels that write random text straight into Arrow buffers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.streams import (
    BITS32,
    LOW32,
    TILE,
    Word,
    Words,
    copy_8_bytes,
    copy_32_bytes,
    device,
    kernel,
    philox,
)


@dataclass(frozen=True)
class Alphabet:
    """`size` characters: consecutive code points from `base`, but for one gap of `gap` codes after the first `head`."""

    base: int
    head: int
    gap: int
    size: int

    def code(self, index: int) -> int:
        return self.base + index + (self.gap if index >= self.head else 0)

    def index(self, code: int) -> int:
        """The place of a character, or -1 where it is not of the alphabet."""
        place = code - self.base
        if place >= self.head:
            place = place - self.gap if place >= self.head + self.gap else -1
        return place if 0 <= place < self.size else -1


# string.ascii_letters and string.punctuation: everything printable but digits and space.
LETTERS_AND_PUNCTUATION = Alphabet(base=33, head=15, gap=10, size=84)


# All 256, for bytes: without a gap.
EVERY_BYTE = Alphabet(base=0, head=255, gap=0, size=256)

_EVERY_BYTE = np.uint64(0x0101010101010101)
_TOP_BITS = np.uint64(0x8080808080808080)


@device
def _four_indexes(word: Word, size: Word) -> Word:
    """Four indexes into an alphabet from one 32-bit word, a byte each: its digits in base `size`, as a fraction."""
    word *= size
    packed = word >> BITS32
    word = (word & LOW32) * size
    packed |= (word >> BITS32) << np.uint64(8)
    word = (word & LOW32) * size
    packed |= (word >> BITS32) << np.uint64(16)
    word = (word & LOW32) * size
    return packed | ((word >> BITS32) << np.uint64(24))


@device
def _number_counters(first: Word, rows: Words, start: int, n: int, counters: Word, numbers: Words) -> None:
    """The Philox counters of n rows from `start` on: those of `rows`, or, where it is empty, consecutive ones."""
    if rows.size:
        for i in range(n):
            for c in range(counters):
                numbers[i * np.int64(counters) + c] = rows[start + i] * counters + np.uint64(c)
    else:
        for i in range(n * np.int64(counters)):
            numbers[i] = (first + np.uint64(start)) * counters + np.uint64(i)


@device
def _spell(tile: Words, count: int, alphabet: tuple[Word, Word, Word, Word]) -> None:
    """Each of so many uint64, two words, as eight letters."""
    base, gap, size = alphabet[0] * _EVERY_BYTE, alphabet[2] * _EVERY_BYTE, alphabet[3] & LOW32
    to_top = (np.uint64(128) - alphabet[1]) * _EVERY_BYTE
    for i in range(count):
        indexes = _four_indexes(tile[i] & LOW32, size) | (_four_indexes(tile[i] >> BITS32, size) << BITS32)
        # Eight bytes at once: those of `head` or more get their top bit set by the sum, and then the gap.
        past = (indexes + to_top) & _TOP_BITS
        past |= past - (past >> np.uint64(7))
        tile[i] = indexes + base + (past & gap)


@device
def _copy_text(here: Word, there: Word, size: int) -> None:
    """So many letters in whole vectors, at least 40."""
    copy_32_bytes(here, there)
    copy_8_bytes(here + np.uint64(32), there + np.uint64(32))
    done = np.int64(40)
    while done < size:
        copy_32_bytes(here + np.uint64(done), there + np.uint64(done))
        done += 32


@kernel(
    "void(uint64, uint64[::1], int32[::1], uint8[::1], uint64, uint64, uint64, uint64, UniTuple(uint64, 4), uint64)"
)
def draw_text(
    first: Word,
    rows: Words,
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    counters: Word,
    key: Word,
    shortest: Word,
    lengths: Word,
    alphabet: tuple[Word, Word, Word, Word],
    attempt: Word,
) -> None:
    """Text of every row: word 0 is its length, each further word four letters. `counters` Philox counters a row.

    Of these rows, or, where none are given, of those from `first` on.
    Tile by tile: all words first, then all letters, both vectorised; then each row's text is copied to its place in
    whole vectors, the surplus overwritten by the next row.
    """
    k0, k1 = key & LOW32, key >> BITS32
    attempt = attempt & LOW32
    stride = np.int64(counters)
    tile = np.empty(2 * TILE * stride + 8, np.uint64)
    sizes = np.full(TILE, np.int64(shortest))
    numbers = np.empty(TILE * stride, np.uint64)
    source, target = np.uint64(tile.ctypes.data), np.uint64(data.ctypes.data)
    position = np.int64(0)
    offsets[0] = 0
    count = offsets.size - 1
    for start in range(0, count, TILE):
        n = min(count - start, TILE)
        _number_counters(first, rows, start, n, counters, numbers)
        for i in range(n * stride):
            x0, x1, x2, x3 = philox(numbers[i] & LOW32, numbers[i] >> BITS32, attempt, np.uint64(0), k0, k1)
            tile[2 * i] = x0 | (x1 << BITS32)
            tile[2 * i + 1] = x2 | (x3 << BITS32)
        if lengths > np.uint64(1):  # or it is known: loads so far apart are slow
            for i in range(n):
                sizes[i] = np.int64(shortest + (((tile[2 * stride * i] & LOW32) * lengths) >> BITS32))
        _spell(tile, 2 * n * stride, alphabet)
        for i in range(n):
            _copy_text(source + np.uint64(16 * stride * i + 4), target + np.uint64(position), sizes[i])
            position += sizes[i]
            offsets[start + i + 1] = position


@kernel("void(uint64, uint64[::1], int64[::1], int32[::1], uint8[::1], uint64, uint64, UniTuple(uint64, 4), uint64)")
def draw_sized_text(
    first: Word,
    rows: Words,
    sizes: NDArray[np.int64],
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    counters: Word,
    key: Word,
    alphabet: tuple[Word, Word, Word, Word],
    attempt: Word,
) -> None:
    """Text of given sizes, at the same addresses as `draw_text`; only the counters that a row needs are drawn."""
    k0, k1 = key & LOW32, key >> BITS32
    attempt = attempt & LOW32
    capacity: Any = max(np.int64(TILE) * 4, np.int64(counters))
    tile = np.empty(2 * capacity + 8, np.uint64)
    numbers, begins = np.empty(capacity, np.uint64), np.empty(TILE, np.int64)
    source, target = np.uint64(tile.ctypes.data), np.uint64(data.ctypes.data)
    position, start = np.int64(0), np.int64(0)
    offsets[0] = 0
    while start < sizes.size:  # each turn takes a row at least
        n, total = np.int64(0), np.int64(0)
        while n < TILE and start + n < sizes.size:
            needed = (sizes[start + n] + 19) >> 4
            if total + needed > capacity:
                break
            row = rows[start + n] if rows.size else first + np.uint64(start + n)
            for c in range(needed):
                numbers[total + c] = row * counters + np.uint64(c)
            begins[n] = total
            total += needed
            n += 1
        for i in range(total):
            x0, x1, x2, x3 = philox(numbers[i] & LOW32, numbers[i] >> BITS32, attempt, np.uint64(0), k0, k1)
            tile[2 * i] = x0 | (x1 << BITS32)
            tile[2 * i + 1] = x2 | (x3 << BITS32)
        _spell(tile, 2 * total, alphabet)
        for i in range(n):
            _copy_text(source + np.uint64(16 * begins[i] + 4), target + np.uint64(position), sizes[start + i])
            position += sizes[start + i]
            offsets[start + i + 1] = position
        start += n
