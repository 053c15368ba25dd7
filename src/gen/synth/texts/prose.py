"""This file knows prose: sentences and paragraphs of frequent English words, of exactly the lengths asked for.

A row's length is drawn first. Words follow one another by frequency until the rest is short enough for one last word
of just that many letters, so that a text is cut nowhere. Lengths count characters; all of them are ASCII.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.streams import BITS32, LOW32, Rows, Stream, Word, Words, copy_8_bytes, device, kernel
from gen.synth.text import SPARE, text_array

LONGEST_WORD = 12  # letters; there are words of every length up to here
_SLOT = 16  # bytes a word takes in the table, so that two copies of eight write any word
_CHOICES = 16_384  # entries, words repeated by their weight: a share is kept to within half of 1 / 16,384
_EACH = np.empty(0, np.int64)  # no sizes: each length equally likely
_STEP = np.uint64(0x9E3779B97F4A7C15)


@device
def _scrambled(state: Word) -> Word:
    """A scrambled 64-bit counter. Source: Steele, Lea, Flood, "Fast splittable pseudorandom generators", 2014."""
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


@device
def _mark(draw: Word, left: Word, words: Word, size: Word, many: bool) -> Word:
    """What stands after a word: 0 a space, 1 a comma, 2 a full stop. `words`: of the sentence so far."""
    comma = words >= np.uint64(3) and size > np.uint64(3) and (draw & np.uint64(7)) == np.uint64(0)
    # No sentence of a paragraph ends in its last 40 characters: the one after it would be a stub.
    stop = many and left > np.uint64(40) and words >= np.uint64(6) and (draw & np.uint64(7)) == np.uint64(1)
    return np.uint64(2) if stop else np.uint64(comma)


@device
def _exactly(draw: Word, size: Word, exact: NDArray[np.uint16], starts: Words) -> Word:
    """A word of just that many letters, by the lowest 16 bits of a draw."""
    first = starts[size]
    count = starts[size + np.uint64(1)] - first
    return np.uint64(exact[first + (((draw & np.uint64(0xFFFF)) * count) >> np.uint64(16))])


@device
def _write_words(
    state: Word,
    left: Word,
    many: bool,
    choices: NDArray[np.uint16],
    source: Word,
    widths: Words,
    exact: NDArray[np.uint16],
    starts: Words,
    data: NDArray[np.uint8],
    base: Word,
    position: Word,
) -> None:
    """`left` characters of words and marks, from `position` on; the first letter of a sentence is a capital."""
    draw, words, capital, turn = np.uint64(0), np.uint64(0), np.uint64(32), np.uint64(0)
    while left:  # ends: each turn writes a letter at least
        if not turn & np.uint64(3):  # a step for every four words
            state += _STEP
            draw = _scrambled(state)
        turn += np.uint64(1)
        word = np.uint64(choices[draw & np.uint64(16_383)])
        size = widths[word]
        mark = _mark(draw >> np.uint64(10), left, words, size, many)
        last = left <= np.uint64(12)
        # A rest of one or two letters would make a poor end: then another word is taken, that leaves three.
        if last or left < size + np.uint64(5):
            size = left if last else left - np.uint64(4)
            mark, word = np.uint64(0), _exactly(draw, size, exact, starts)
        draw >>= np.uint64(16)
        here, there = source + (word << np.uint64(4)), base + position
        copy_8_bytes(here, there)
        copy_8_bytes(here + np.uint64(8), there + np.uint64(8))
        data[position] = np.uint8(np.uint64(data[position]) & ~capital)
        position += size
        left -= size
        if not last:
            data[position] = np.uint8(32 if mark == np.uint64(0) else 44 if mark == np.uint64(1) else 46)
            data[position + np.uint64(1)] = np.uint8(32)
            step = np.uint64(1) + np.uint64(mark > np.uint64(0))
            position += step
            left -= step
        stops = np.uint64(mark == np.uint64(2))
        capital = stops << np.uint64(5)
        words = (words + np.uint64(1)) * (np.uint64(1) - stops)


@kernel(
    "void(uint64[::1], int64[::1], uint64, uint64, boolean, uint16[::1], uint8[::1], uint64[::1], uint16[::1], "
    "uint64[::1], int32[::1], uint8[::1])"
)
def _write_prose(
    seeds: Words,
    sizes: NDArray[np.int64],
    shortest: Word,
    lengths: Word,
    many: bool,
    choices: NDArray[np.uint16],
    slots: NDArray[np.uint8],
    widths: Words,
    exact: NDArray[np.uint16],
    exact_starts: Words,
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
) -> None:
    """Each row from its own 64-bit word, which starts a sequence: its first step is the length, unless that is given.

    `exact`: the words by length, those of n letters from exact_starts[n] to exact_starts[n + 1].
    """
    source, base = np.uint64(slots.ctypes.data), np.uint64(data.ctypes.data)
    position = np.uint64(0)
    offsets[0] = 0
    for i in range(offsets.size - 1):
        state = seeds[i] + _STEP
        length = shortest + (((_scrambled(state) & LOW32) * lengths) >> BITS32)
        if sizes.size:
            length = np.uint64(sizes[i])
        stop = np.uint64(length > np.uint64(1))  # a single character has no room for a full stop
        _write_words(state, length - stop, many, choices, source, widths, exact, exact_starts, data, base, position)
        position += length
        if stop:
            data[position - np.uint64(1)] = np.uint8(46)
        offsets[i + 1] = np.int32(position)


@dataclass(frozen=True, eq=False)
class Prose:
    """Words in lower-case ASCII, at least one of each length from 1 to 12, the most frequent first.

    Weights fall with the rank as those of words do, 1 / (rank + 2.7) (Zipf and Mandelbrot). The last word of a text
    is drawn evenly from those of its length.
    """

    words: tuple[str, ...]

    def draw(
        self, rows: Rows, key: int, shortest: int, longest: int, many: bool, sizes: NDArray[np.int64] = _EACH
    ) -> pa.Array:
        """Texts of `shortest` to `longest` characters, each length equally likely or as given: string of len(rows).

        Capital letter first, full stop last (where there are two characters), commas between; `many`: several
        sentences, as a paragraph.
        """
        seeds = Stream(key, 2).words(rows)
        offsets = np.empty(len(rows) + 1, np.int32)
        data = np.empty(len(rows) * longest + SPARE, np.uint8)
        count = np.uint64(longest - shortest + 1)
        _write_prose(seeds, sizes, np.uint64(shortest), count, many, *self._tables, offsets, data)
        return text_array(offsets, data)

    @cached_property
    def _tables(self) -> tuple[Any, ...]:
        for word in self.words:
            if not (word.isascii() and word.isalpha() and word.islower() and len(word) <= LONGEST_WORD):
                raise ValueError(f"{word!r} is not a word of 1 to {LONGEST_WORD} lower-case letters")
        slots = b"".join(word.encode().ljust(_SLOT, b" ") for word in self.words)
        widths = np.array([len(word) for word in self.words], np.uint64)
        by_length = np.argsort(widths, kind="stable")
        starts = np.searchsorted(widths[by_length], np.arange(LONGEST_WORD + 2, dtype=np.uint64)).astype(np.uint64)
        if (np.diff(starts)[1:] == 0).any():
            raise ValueError(f"there are not words of every length from 1 to {LONGEST_WORD}")
        held = np.frombuffer(bytearray(slots), np.uint8)
        return self._choices, held, widths, by_length.astype(np.uint16), starts

    @cached_property
    def _choices(self) -> NDArray[np.uint16]:
        """16,384 words, each as often as its weight says: the quantiles of the law at even steps."""
        shares = np.cumsum(1.0 / (np.arange(len(self.words)) + 2.7))
        middles = (np.arange(_CHOICES) + 0.5) * (shares[-1] / _CHOICES)
        chosen: NDArray[np.uint16] = np.searchsorted(shares, middles).astype(np.uint16)
        return chosen

    def __getstate__(self) -> dict[str, Any]:
        return {"words": self.words}
