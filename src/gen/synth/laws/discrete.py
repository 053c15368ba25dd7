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

from gen.streams import TILE, Word, Words, device, kernel, mulhi
from gen.synth.laws.quantiles import HALF, cubic
from gen.synth.laws.special import Floats

MOST_PIECES = 2**20
ZIPF_HEAD = 65_536  # ranks with a weight of their own; the tail beyond is a table


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
        word = min(words[i], np.uint64(0xFFFFFFFFFFFFFFFE))  # the sentinel is above it, and ends the search
        piece = np.uint64(guide[word >> shift])
        piece += np.uint64(starts[piece + np.uint64(1)] <= word)  # most often enough, and no branch
        while starts[piece + np.uint64(1)] <= word:
            piece += np.uint64(1)
        out[i] = values[piece]


@device
def _spread_out(rest: Word, shift: Word, multiplier: Word) -> Word:
    """A piece's words spread over all 2^64 of them, in the shape of a quantile table's words."""
    word = mulhi(rest << shift, multiplier) << np.uint64(1)
    return word ^ ((np.uint64(0) - (word >> np.uint64(63))) & np.uint64(0x7FFFFFFFFFFFFFFF))


@kernel(
    "void(uint64[::1], uint64[::1], uint32[::1], uint64, float64[:, ::1], uint64[:, ::1], float64[:, ::1],"
    " float64[::1], float64, float64)"
)
def place(
    words: Words,
    starts: Words,
    guide: NDArray[np.uint32],
    shift: Word,
    lines: Floats,
    spreads: Words,
    coefficients: Floats,
    out: Floats,
    low: float,
    high: float,
) -> None:
    """The value at each word: its piece's value, plus a slope or a table's quantile for its place in the piece.

    lines: value and slope of each piece; a slope of -n says that the n-th row of `spreads` holds how to spread the
    piece's words over all 2^64 of them (shift, multiplier), and where its table begins.
    """
    # Of the rows of a tile that have a table: which row, its piece, its place in the piece, and its quantile.
    rows, pieces = np.empty(TILE + 1, np.uint64), np.empty(TILE + 1, np.uint64)
    rests, found = np.empty(TILE + 1, np.uint64), np.empty(TILE, np.float64)
    only, shift_of, multiplier = spreads.shape[0] == 1, spreads[0, 0], spreads[0, 1]
    for begin in range(0, words.size, TILE):
        size, count = min(words.size - begin, TILE), 0
        for i in range(size):
            word = min(words[begin + i], np.uint64(0xFFFFFFFFFFFFFFFE))
            piece = np.uint64(guide[word >> shift])
            piece += np.uint64(starts[piece + np.uint64(1)] <= word)
            while starts[piece + np.uint64(1)] <= word:
                piece += np.uint64(1)
            slope, rest = lines[piece, 1], word - starts[piece]
            out[begin + i] = min(max(lines[piece, 0] + slope * np.float64(rest), low), high)
            rows[count], pieces[count], rests[count] = np.uint64(begin + i), piece, rest
            count += slope < 0.0  # no branch: which kind of piece comes next cannot be predicted
        if only:  # Zipf's tail: the same for all rows, and half the time
            for k in range(count):
                found[k] = cubic(_spread_out(rests[k], shift_of, multiplier), coefficients, np.uint64(0))
        else:
            for k in range(count):
                spread = np.uint64(-lines[pieces[k], 1]) - np.uint64(1)
                full = _spread_out(rests[k], spreads[spread, 0], spreads[spread, 1])
                found[k] = cubic(full, coefficients, spreads[spread, 2])
        for k in range(count):
            out[rows[k]] = min(max(lines[pieces[k], 0] + found[k], low), high)


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
    bits = min(max(8, int(len(starts) * 4).bit_length()), 20)
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
        words = np.maximum(np.append(starts[1:-1], np.uint64(0)) - starts[:-1], np.uint64(1))  # 2^64 counts as 0
        words = np.where(words == 1, np.uint64(2**64 - 1), words) if len(words) == 1 else words
        slopes = widths[kept] / words.astype(np.float64)
        distinct, which = np.unique(
            np.stack([words, table.astype(np.uint64)])[:, table > 0], axis=1, return_inverse=True
        )
        slopes[table > 0] = -1.0 - which.ravel()
        spreads = [(*_spread(count), (number - 1) * 2 * HALF) for count, number in distinct.T.tolist()]
        self._guide = (starts, *guide_of(starts))
        self._lines = np.stack([values[kept], slopes], axis=1)
        self._spreads = np.array(spreads or [(0, 0, 0)], np.uint64)
        self._coefficients = np.concatenate(list(tables.values())) if tables else np.zeros((2 * HALF, 4))

    def at(self, words: Words) -> Floats:
        """float64 array: one draw for each word, in [low, high]."""
        out = np.empty(words.size, np.float64)
        place(words, *self._guide, self._lines, self._spreads, self._coefficients, out, self.low, self.high)
        return out

    def words_of(self, probabilities: Words) -> Words:
        """The words whose values ascend with plain probabilities, word / 2^64: the same."""
        return probabilities


def _spread(words: int) -> tuple[int, int]:
    """Shift and multiplier that spread [0, words) over [0, 2^63): both monotone, never beyond."""
    shift = max(64 - words.bit_length(), 0)
    return shift, min(2**127 // (words << shift), 2**64 - 1)


# -- weights of counts ------------------------------------------------------------------------------------


def _from_ratios(least: int, mode: int, log_ratios: Floats) -> tuple[int, Floats]:
    """Weights, 1 at the mode, from the logarithms of the ratio of each weight to the one before it."""
    steps = np.concatenate([[0.0], np.cumsum(log_ratios)])
    return least, np.exp(steps - steps[mode - least])


def poisson_weights(mean: float) -> tuple[int, Floats]:
    """The least count and the weights from there on, of all counts whose probability a word can hold (2^-64)."""
    least, most = _reach(mean, math.sqrt(mean))
    counts = np.arange(least + 1, most + 1, dtype=np.float64)
    return _from_ratios(least, min(max(int(mean), least), most), np.log(mean / counts))


def binomial_weights(trials: int, probability: float) -> tuple[int, Floats]:
    """The least count of successes, and the weights from there on; like `poisson_weights`."""
    mean = trials * probability
    least, most = _reach(mean, math.sqrt(mean * (1 - probability)), trials)
    counts = np.arange(least + 1, most + 1, dtype=np.float64)
    log_ratios = np.log((trials - counts + 1) / counts) + math.log(probability / (1 - probability))
    return _from_ratios(least, min(max(int((trials + 1) * probability), least), most), log_ratios)


def spread_of(name: str, parameters: dict[str, float]) -> float:
    """The standard deviation of a counting law: what decides the size of its table."""
    if name == "poisson":
        return math.sqrt(parameters["mean"])
    return math.sqrt(parameters["trials"] * parameters["probability"] * (1 - parameters["probability"]))


def entries_of(deviation: float) -> float:
    """How many counts a table of a law of this deviation lists."""
    return 20 * deviation + 200


def _reach(mean: float, deviation: float, limit: int | None = None) -> tuple[int, int]:
    """The counts that have a probability of 2^-64 or more: ten deviations, and room where the law is skewed."""
    least, most = int(max(mean - 10 * deviation - 40, 0)), int(mean + 10 * deviation + 100)
    return least, most if limit is None else max(min(most, limit), least)


def power_weights(first: float, step: float, count: int, exponent: float) -> Floats:
    """(first + step * i)^-exponent, relative to the first one."""
    return np.asarray(np.exp(-exponent * np.log1p(np.arange(count) * (step / first))))
