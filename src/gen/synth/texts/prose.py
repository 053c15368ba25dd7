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

from gen.streams import BITS32, LOW32, Rows, Stream, Word, Words, device, kernel, store_8_bytes
from gen.synth.text import SPARE, text_array

LONGEST_WORD = 12  # letters; there are words of every length up to here
MOST_WORDS = 1024
_SLOT = 16  # bytes a word takes in the table, so that two stores of eight write any word and what stands after it
_MARKS = (b"", b",", b".")  # after a word, before the space
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
def _drawn_word(
    draw: Word, left: Word, there: Word, words: Word, many: bool, choices: NDArray[np.uint16], slots: Words
) -> tuple[Word, Word, Word]:
    """Write the word that a draw says, and what stands after it; what is then left, where it goes, and how many words.

    words: of the sentence so far; the first letter of the first one is a capital.
    """
    entry = np.uint64(choices[draw & np.uint64(16_383)])
    mark = entry & np.uint64(words >= np.uint64(3))
    if many:  # no sentence of a paragraph ends in its last 40 characters: the one after it would be a stub
        mark |= entry & (np.uint64((left > np.uint64(40)) & (words >= np.uint64(6))) << np.uint64(1))
    slot = mark * np.uint64(2 * 1024) + (entry >> np.uint64(6) << np.uint64(1))
    store_8_bytes(slots[slot] & ~(np.uint64(words == np.uint64(0)) << np.uint64(5)), there)
    store_8_bytes(slots[slot + np.uint64(1)], there + np.uint64(8))
    step = ((entry >> np.uint64(2)) & np.uint64(15)) + np.uint64(1) + np.uint64(mark > np.uint64(0))
    return left - step, there + step, np.uint64(0) if many and mark > np.uint64(1) else words + np.uint64(1)


@device
def _fitting_word(
    draw: Word, size: Word, there: Word, words: Word, exact: NDArray[np.uint16], starts: Words, slots: Words
) -> None:
    """Write a word of just that many letters, by the lowest 16 bits of a draw."""
    first = starts[size]
    count = starts[size + np.uint64(1)] - first
    slot = np.uint64(exact[first + (((draw & np.uint64(0xFFFF)) * count) >> np.uint64(16))]) << np.uint64(1)
    store_8_bytes(slots[slot] & ~(np.uint64(words == np.uint64(0)) << np.uint64(5)), there)
    store_8_bytes(slots[slot + np.uint64(1)], there + np.uint64(8))


@device
def _write_words(
    state: Word,
    left: Word,
    there: Word,
    many: bool,
    choices: NDArray[np.uint16],
    slots: Words,
    exact: NDArray[np.uint16],
    starts: Words,
) -> None:
    """`left` characters of words and marks, from the address `there` on; a step of the state for every four words."""
    draw, words, turn = np.uint64(0), np.uint64(0), np.uint64(0)
    while many and left >= np.uint64(59):  # four words and marks of 14 at most, and 17 before the last of them
        state += _STEP
        draw = _scrambled(state)
        for _ in range(4):
            left, there, words = _drawn_word(draw, left, there, words, many, choices, slots)
            draw >>= np.uint64(16)
    while left > np.uint64(12):  # ends: each turn writes a letter at least
        if not turn & np.uint64(3):
            state += _STEP
            draw = _scrambled(state)
        turn += np.uint64(1)
        size = (np.uint64(choices[draw & np.uint64(16_383)]) >> np.uint64(2)) & np.uint64(15)
        if left < size + np.uint64(5):
            # A rest of one or two letters would make a poor end: another word is taken, that leaves three.
            _fitting_word(draw, left - np.uint64(4), there, words, exact, starts, slots)
            there += left - np.uint64(3)
            left, words = np.uint64(3), words + np.uint64(1)
        else:
            left, there, words = _drawn_word(draw, left, there, words, many, choices, slots)
        draw >>= np.uint64(16)
    if left:
        if not turn & np.uint64(3):
            draw = _scrambled(state + _STEP)
        _fitting_word(draw, left, there, words, exact, starts, slots)


@kernel(
    "void(uint64[::1], int64[::1], uint64, uint64, boolean, uint16[::1], uint64[::1], uint16[::1], uint64[::1], "
    "int32[::1], uint8[::1])"
)
def _write_prose(
    seeds: Words,
    sizes: NDArray[np.int64],
    shortest: Word,
    lengths: Word,
    many: bool,
    choices: NDArray[np.uint16],
    slots: Words,
    exact: NDArray[np.uint16],
    starts: Words,
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
) -> None:
    """Each row from its own 64-bit word, which starts a sequence: its first step is the length, unless that is given.

    See `Prose._tables`. `many` is a constant in either branch, so that a sentence alone asks for no end of one.
    """
    base, position = np.uint64(data.ctypes.data), np.uint64(0)
    offsets[0] = 0
    for i in range(offsets.size - 1):
        state = seeds[i] + _STEP
        length = shortest + (((_scrambled(state) & LOW32) * lengths) >> BITS32)
        if sizes.size:
            length = np.uint64(sizes[i])
        stop = np.uint64(length > np.uint64(1))  # a single character has no room for a full stop
        if many:
            _write_words(state, length - stop, base + position, True, choices, slots, exact, starts)
        else:
            _write_words(state, length - stop, base + position, False, choices, slots, exact, starts)
        position += length
        if stop:
            data[position - np.uint64(1)] = np.uint8(46)
        offsets[i + 1] = np.int32(position)


@dataclass(frozen=True, eq=False)
class Prose:
    """Words in lower-case ASCII, at least one of each length from 1 to 12, 1,024 at most, the most frequent first.

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
        """What the kernel reads:

        choices: by the lowest 14 bits of a draw, a word << 6 | its letters << 2 | whether a full stop may follow << 1 |
        whether a comma may. Bits 10 to 12 decide that: an eighth of the words each, of those that have four letters.
        slots: two uint64 a word, with what stands after it: 1,024 with a space, as many with a comma, with a full stop.
        exact: the words by length, those of n letters from starts[n] to starts[n + 1].
        """
        for word in self.words:
            if not (word.isascii() and word.isalpha() and word.islower() and len(word) <= LONGEST_WORD):
                raise ValueError(f"{word!r} is not a word of 1 to {LONGEST_WORD} lower-case letters")
        if len(self.words) > MOST_WORDS:
            raise ValueError(f"there are {len(self.words):,} words, and {MOST_WORDS:,} is the most")
        widths = np.array([len(word) for word in self.words], np.uint16)
        by_length = np.argsort(widths, kind="stable")
        starts = np.searchsorted(widths[by_length], np.arange(LONGEST_WORD + 2)).astype(np.uint64)
        if (np.diff(starts)[1:] == 0).any():
            raise ValueError(f"there are not words of every length from 1 to {LONGEST_WORD}")
        slots = np.zeros((len(_MARKS), 2 * MOST_WORDS), np.uint64)
        for mark, held in zip(_MARKS, slots, strict=True):
            text = b"".join((word.encode() + mark).ljust(_SLOT) for word in self.words)
            held[: 2 * len(self.words)] = np.frombuffer(text, "<u8")
        size = widths[self._choices]
        bits = (np.arange(_CHOICES, dtype=np.uint16) >> 10) & 7
        choices = (self._choices << 6) | (size << 2) | ((bits == 1) << 1) | ((bits == 0) & (size > 3))
        return choices.astype(np.uint16), slots.ravel(), by_length.astype(np.uint16), starts

    @cached_property
    def _choices(self) -> NDArray[np.uint16]:
        """16,384 words, each as often as its weight says: the quantiles of the law at even steps."""
        shares = np.cumsum(1.0 / (np.arange(len(self.words)) + 2.7))
        middles = (np.arange(_CHOICES) + 0.5) * (shares[-1] / _CHOICES)
        chosen: NDArray[np.uint16] = np.searchsorted(shares, middles).astype(np.uint16)
        return chosen

    def __getstate__(self) -> dict[str, Any]:
        return {"words": self.words}
