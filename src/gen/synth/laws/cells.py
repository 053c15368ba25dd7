"""This file knows even cells: the fast form of a law of pieces, one cubic for each 2^-12 of probability.

The first 12 bits of a word say which cubic, the other 52 where on it: no search, no tails. The cubics go through values
of the pieces. Where one would be further from them than `BOUND` in probability (in the tails, and where a piece ends),
words take the way through the pieces. A periodic law has the cells of its first period, and a word says first which
period it is: so of however many, all share the same few tables.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.streams import BITS32, LOW32, TILE, Word, Words, device, kernel
from gen.synth.laws.discrete import Pieces, piece_of
from gen.synth.laws.quantiles import cubic, cubics, float_of, placed
from gen.synth.laws.special import Floats

CELLS = 4096
BOUND = 5e-11  # of a cubic from the pieces, in units of probability: what their own tables leave of 1e-9
_PARTS = 9  # of a cell, at whose ends it is compared with the pieces


@device
def even_place(word: Word) -> tuple[Word, float]:
    """The cell of a word, and its place there, in [0, 1)."""
    place = float_of((word & np.uint64(0xFFFFFFFFFFFFF)) | np.uint64(0x3FF0000000000000)) - 1.0
    return word >> np.uint64(52), place


@device
def _turned(word: Word, turns: Word, point: Word) -> tuple[Word, Word]:
    """word / 2^64 * turns: the whole part, and the other one as a word. Of 32-bit products, which vectorise."""
    low, high = word & LOW32, word >> BITS32
    crossed, other = high * (turns & LOW32), low * (turns >> BITS32)
    middle = ((low * (turns & LOW32)) >> BITS32) + (crossed & LOW32) + (other & LOW32)
    whole = high * (turns >> BITS32) + (crossed >> BITS32) + (other >> BITS32) + (middle >> BITS32)
    return whole >> point, (whole << (np.uint64(64) - point)) | ((middle << BITS32) >> point)


@device
def value_by_piece(
    word: Word, starts: Words, guide: NDArray[np.uint32], shift: Word, lines: Floats, tables: Floats
) -> float:
    """The value at one word, the way of `place`."""
    word = min(word, np.uint64(0xFFFFFFFFFFFFFFFE))
    piece = piece_of(word, starts, guide, shift)
    rest, back = word - starts[piece], starts[piece + np.uint64(1)] - np.uint64(1) - word
    cell, t = placed(rest, back, lines[piece, 2], np.uint64(lines[piece, 3]))
    value: float = lines[piece, 0] + lines[piece, 1] * np.float64(rest) + cubic(tables, cell, t)
    return value


@kernel(
    "void(uint64[::1], uint64, uint64, float64, float64[:, ::1], uint64[::1], uint32[::1], uint64, float64[:, ::1],"
    " float64[:, ::1], float64[::1], float64, float64)"
)
def follow(
    words: Words,
    turns: Word,
    point: Word,
    period: float,
    cells: Floats,
    starts: Words,
    guide: NDArray[np.uint32],
    shift: Word,
    lines: Floats,
    tables: Floats,
    out: Floats,
    low: float,
    high: float,
) -> None:
    """The value at each word: on its cell's cubic, or, where that is not a number, of the pieces.

    turns: how many periods there are, with `point` binary places; 0 where the law has none.
    """
    rows, others = np.empty((2, TILE), np.uint64)
    moves, held = np.zeros(TILE), np.empty((TILE, 4))
    for begin in range(0, words.size, TILE):
        some, x = words[begin : begin + TILE], out[begin : begin + TILE]
        if turns:
            for i in range(some.size):
                turn, word = _turned(some[i], turns, point)
                moves[i] = np.float64(turn) * period
                rows[i], x[i] = even_place(word)
        else:
            for i in range(some.size):
                rows[i], x[i] = even_place(some[i])
        cubics(cells, rows, held, x)
        count = np.uint64(0)
        for i in range(some.size):  # first all, then their values: a branch would often be guessed wrong
            others[count] = np.uint64(i)
            count += np.uint64(x[i] != x[i])
        for j in range(count):
            word = _turned(some[others[j]], turns, point)[1] if turns else some[others[j]]
            x[others[j]] = value_by_piece(word, starts, guide, shift, lines, tables)
        for i in range(some.size):
            x[i] = min(max(x[i] + moves[i], low), high)


class Celled:
    """A law of pieces in its fast form, float64; its `turns` are `period` apart, the last cut at high."""

    def __init__(self, law: Pieces, turns: float = 1.0, period: float = 0.0, high: float | None = None) -> None:
        self.law, self.period = law, period
        self.high = law.high if high is None else high
        point = 64 - math.frexp(turns)[1]
        self.turns = np.uint64(int(math.ldexp(turns, point)) if period else 0), np.uint64(point)
        self.cells = cells_of(law)

    def at(self, words: Words) -> Floats:
        """float64 array: one draw for each word, in [low, high]."""
        out = np.empty(words.size, np.float64)
        low = self.law.low
        follow(words, *self.turns, self.period, self.cells, *self.law.kernel_tables, out, low, self.high)
        return out

    def words_of(self, probabilities: Words) -> Words:
        """The words whose values ascend with plain probabilities, word / 2^64: the same."""
        return probabilities

    @property
    def followed(self) -> float:
        """The share of the words that are on cubics."""
        return 1 - float(np.isnan(self.cells[:, 0]).mean())


def cells_of(law: Any) -> Floats:
    """Cubics of even cells through a law's values, float64 of shape (4096, 4); NaN where that is not exact enough.

    Made with + - * / alone, so that they are the same on every platform.
    """
    steps = [part * 2**52 // _PARTS for part in range(_PARTS)]
    begins = np.arange(CELLS, dtype=np.uint64) << np.uint64(52)
    words = np.add.outer(begins, np.array(steps, np.uint64))
    ends = np.append(begins[1:], np.uint64(2**64 - 1))
    values = law.at(np.column_stack([words, ends]).ravel()).reshape(CELLS, _PARTS + 1)
    with np.errstate(over="ignore", invalid="ignore"):
        one, two, rise = (values[:, part] - values[:, 0] for part in (_PARTS // 3, 2 * _PARTS // 3, _PARTS))
        # The slopes of the cubic through four points, limited so that it ascends (Fritsch and Carlson 1980).
        s0 = np.clip((18 * one - 9 * two + 2 * rise) / 2, 0, 3 * rise)
        s1 = np.clip((11 * rise - 18 * two + 9 * one) / 2, 0, 3 * rise)
        cells = np.stack([values[:, 0], s0, 3 * rise - 2 * s0 - s1, s0 + s1 - 2 * rise], axis=1)
        t = np.array(steps, np.float64) / 2.0**52
        c0, c1, c2, c3 = cells.T[:, :, np.newaxis]
        missed = np.abs(c0 + t * (c1 + t * (c2 + t * c3)) - values[:, :-1]) - 2 * np.spacing(np.abs(values[:, :-1]))
        least = np.diff(values, axis=1).min(axis=1) * (_PARTS * CELLS)  # the least slope, by probability
        exact = missed.max(axis=1).clip(0) <= BOUND * least
    return np.where(exact[:, np.newaxis], cells, np.nan)
