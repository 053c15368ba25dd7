"""This file knows laws made of pieces: a guide table leads a word to its piece, exactly, in order of the values.

`Choice` draws one of up to 2^20 listed values. `Pieces` draws from atoms, straight lines and quantile tables side by
side: histograms, mixtures, laws with kinks, and Zipf's head and tail. Both take the word as a plain probability,
word / 2^64, and their values ascend with it. A piece owns the words from its start up to the next one's; its share is
exact to 2^-64 in the tails, to 2^-53 in the middle.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.elementary import exp, log, log1p
from gen.streams import TILE, Word, Words, device, kernel
from gen.synth.laws.quantiles import PIECE_HALF, cubics, placed
from gen.synth.laws.special import Floats

MOST_PIECES = 2**20
LEAST_GUIDE = 12  # bits: a guide of so many entries finds most pieces in one step
MOST_RANKS = 65_536  # of Zipf's law that are all listed
ZIPF_HEAD = 1024  # of more, those with a weight of their own; the tail beyond is a table


@kernel("void(uint64[::1], uint64[::1], uint32[::1], uint64, int64[::1], int64[::1])")
def choose(
    words: Words,
    starts: Words,
    guide: NDArray[np.uint32],
    shift: Word,
    values: NDArray[np.int64],
    out: NDArray[np.int64],
) -> None:
    """The value of the piece that holds each word; `starts` has one sentinel more than there are values."""
    for i in range(words.size):
        out[i] = values[piece_of(min(words[i], np.uint64(0xFFFFFFFFFFFFFFFE)), starts, guide, shift)]


@device
def piece_of(word: Word, starts: Words, guide: NDArray[np.uint32], shift: Word) -> Word:
    """The piece that holds a word, which is below the sentinel that ends the search."""
    piece = np.uint64(guide[word >> shift])
    piece += np.uint64(starts[piece + np.uint64(1)] <= word)  # most often enough, and no branch
    while starts[piece + np.uint64(1)] <= word:
        piece += np.uint64(1)
    return piece


@kernel(
    "void(uint64[::1], uint64[::1], uint32[::1], uint64, float64[:, ::1], float64[:, ::1], float64[::1],"
    " float64, float64)"
)
def place(
    words: Words,
    starts: Words,
    guide: NDArray[np.uint32],
    shift: Word,
    lines: Floats,
    coefficients: Floats,
    out: Floats,
    low: float,
    high: float,
) -> None:
    """The value at each word: its piece's value, plus a slope and a table's quantile for its place in the piece.

    lines: of each piece its value, its slope a word, one divided by its words, and where its table begins; there is a
    table of zeros for those that have none. Without any table, `coefficients` is empty.
    """
    if coefficients.shape[0] == 0:
        for i in range(words.size):
            word = min(words[i], np.uint64(0xFFFFFFFFFFFFFFFE))
            piece = piece_of(word, starts, guide, shift)
            value = lines[piece, 0] + lines[piece, 1] * np.float64(word - starts[piece])
            out[i] = min(max(value, low), high)
        return
    cells, rests, backs, firsts = np.empty((4, TILE), np.uint64)
    inverses, values = np.empty((2, TILE))
    held = np.empty((TILE, 4))
    for begin in range(0, words.size, TILE):
        # Each loop by itself, and over slices: one that searches or loads from anywhere keeps all in it scalar.
        some, x = words[begin : begin + TILE], out[begin : begin + TILE]
        for i in range(some.size):
            cells[i] = piece_of(min(some[i], np.uint64(0xFFFFFFFFFFFFFFFE)), starts, guide, shift)
        for i in range(some.size):
            word, piece = min(some[i], np.uint64(0xFFFFFFFFFFFFFFFE)), cells[i]
            rests[i], backs[i] = word - starts[piece], starts[piece + np.uint64(1)] - np.uint64(1) - word
            values[i] = lines[piece, 0] + lines[piece, 1] * np.float64(rests[i])
            inverses[i], firsts[i] = lines[piece, 2], np.uint64(lines[piece, 3])
        for i in range(some.size):
            cells[i], x[i] = placed(rests[i], backs[i], inverses[i], firsts[i])
        cubics(coefficients, cells, held, x)
        for i in range(some.size):
            x[i] = min(max(values[i] + x[i], low), high)


# -- from weights to words --------------------------------------------------------------------------------


def starts_of(weights: Floats) -> Words:
    """uint64 of one more than there are weights: the word at which each piece begins; the last is a sentinel.

    Counted from both ends, so that shares in either tail are exact to 2^-64.
    """
    below = np.concatenate([[0.0], np.cumsum(weights)])
    above = np.concatenate([np.cumsum(weights[::-1])[::-1], [0.0]])
    lower = below < above
    shares = np.where(lower, below / (below + above), above / (below + above))
    starts = np.ldexp(np.minimum(shares, 0.5), 64).astype(np.uint64)
    starts = np.where(lower, starts, np.uint64(0) - starts)
    starts[-1] = 2**64 - 1
    return np.maximum.accumulate(starts)


def guide_of(starts: Words) -> tuple[NDArray[np.uint32], np.uint64]:
    """For the leading bits of a word, the piece at which the search begins; and how far to shift the word."""
    bits = min(max(LEAST_GUIDE, int(len(starts) * 4).bit_length()), 20)
    shift = np.uint64(64 - bits)
    leading = np.arange(2**bits, dtype=np.uint64) << shift
    return np.maximum(np.searchsorted(starts[:-1], leading, "right") - 1, 0).astype(np.uint32), shift


@dataclass(frozen=True, eq=False)
class Choice:
    """A law of listed values, int64 or float64, ascending, with their weights."""

    values: NDArray[np.int64] | Floats
    weights: Floats

    def __post_init__(self) -> None:
        kept = self.weights > 0
        starts = starts_of(self.weights[kept])
        guide, shift = guide_of(starts)
        values = np.ascontiguousarray(self.values[kept])
        facts = {"values": values, "weights": self.weights[kept], "_guide": (starts, guide, shift)}
        for name, value in facts.items():
            object.__setattr__(self, name, value)

    def at(self, words: Words) -> NDArray[Any]:
        """One draw for each word, of the dtype of the values."""
        out = np.empty(words.size, np.int64)
        choose(words, *self._guide, self.values.view(np.int64), out)  # type: ignore[attr-defined]
        return out.view(self.values.dtype)

    def words_of(self, probabilities: Words) -> Words:
        """The words whose values ascend with plain probabilities, word / 2^64: the same."""
        return probabilities


@dataclass(frozen=True)
class Piece:
    """A share of a law: an atom at `value`; or a straight line `width` long; or a table of quantiles less `value`.

    Or many of them, as arrays of equal length; of those with tables, `tables` repeats.
    """

    weight: float | Floats
    value: float | Floats
    width: float | Floats = 0.0
    tables: tuple[Floats | None, ...] = (None,)


class Pieces:
    """A law of pieces in ascending order, on [low, high], float64."""

    def __init__(self, pieces: Sequence[Piece], low: float, high: float) -> None:
        self.low, self.high = low, high
        columns = [np.broadcast_arrays(*map(np.atleast_1d, (p.weight, p.value, p.width))) for p in pieces]
        weights, values, widths = (np.concatenate(parts) for parts in zip(*columns, strict=True))
        tables: dict[int, Floats] = {}
        places = []  # of each piece, which table it has; 0 for none
        for piece, (weight, _, _) in zip(pieces, columns, strict=True):
            tables |= {id(table): table for table in piece.tables if table is not None}
            number = {key: place + 1 for place, key in enumerate(tables)}
            places.append(np.resize([number.get(id(table), 0) for table in piece.tables], len(weight)))
        kept = weights > 0
        table = np.concatenate(places)[kept]
        starts = starts_of(weights[kept])
        words = (np.append(starts[1:-1], np.uint64(0)) - starts[:-1]).astype(np.float64)  # the last one's end is 2^64
        words = np.where(words < 1, 1.0 if len(words) > 1 else 2.0**64, words)
        slopes = widths[kept] / words
        self._guide = (starts, *guide_of(starts))
        self._lines = np.stack([values[kept], slopes, 1 / words, table * 2.0 * PIECE_HALF], axis=1)
        none = np.zeros((2 * PIECE_HALF if tables else 0, 4))
        self._coefficients = np.concatenate([none, *tables.values()])

    def at(self, words: Words) -> Floats:
        """float64 array: one draw for each word, in [low, high]."""
        out = np.empty(words.size, np.float64)
        place(words, *self.kernel_tables, out, self.low, self.high)
        return out

    @property
    def kernel_tables(self) -> tuple[Words, NDArray[np.uint32], np.uint64, Floats, Floats]:
        """starts, guide, shift, lines and coefficients, as `place` takes them."""
        return *self._guide, self._lines, self._coefficients

    @property
    def curved(self) -> bool:
        """Whether any piece has a table."""
        return self._coefficients.size > 0

    def words_of(self, probabilities: Words) -> Words:
        """The words whose values ascend with plain probabilities, word / 2^64: the same."""
        return probabilities


# -- weights of counts ------------------------------------------------------------------------------------


def _from_ratios(least: int, mode: int, log_ratios: Floats) -> tuple[int, Floats]:
    """Weights, 1 at the mode, from the logarithms of the ratio of each weight to the one before it."""
    steps = np.concatenate([[0.0], np.cumsum(log_ratios)])
    return least, exp(steps - steps[mode - least])


def poisson_weights(mean: float) -> tuple[int, Floats]:
    """The least count and the weights from there on, of all counts whose probability a word can hold (2^-64)."""
    least, most = _reach(mean, math.sqrt(mean))
    counts = np.arange(least + 1, most + 1, dtype=np.float64)
    return _from_ratios(least, min(max(int(mean), least), most), log(mean / counts))


def binomial_weights(trials: int, probability: float) -> tuple[int, Floats]:
    """The least count of successes, and the weights from there on; like `poisson_weights`."""
    mean = trials * probability
    least, most = _reach(mean, math.sqrt(mean * (1 - probability)), trials)
    counts = np.arange(least + 1, most + 1, dtype=np.float64)
    log_ratios = log((trials - counts + 1) / counts) + log(np.array(probability / (1 - probability)))
    return _from_ratios(least, min(max(int((trials + 1) * probability), least), most), log_ratios)


def entries_of(deviation: float) -> float:
    """How many counts a table of a law of this deviation lists."""
    return 20 * deviation + 200


def _reach(mean: float, deviation: float, limit: int | None = None) -> tuple[int, int]:
    """The counts that have a probability of 2^-64 or more: ten deviations, and room where the law is skewed."""
    least, most = int(max(mean - 10 * deviation - 40, 0)), int(mean + 10 * deviation + 100)
    return least, most if limit is None else max(min(most, limit), least)


def power_weights(first: float, step: float, count: int, exponent: float) -> Floats:
    """(first + step * i)^-exponent, relative to the first one."""
    return np.asarray(exp(-exponent * log1p(np.arange(count, dtype=np.float64) * (step / first))))
