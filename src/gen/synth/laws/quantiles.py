"""This file knows quantile tables: a continuous law compiled to cubics, one for each cell of probability.

The table is indexed by the floating-point shape of a 64-bit word, so that its cells shrink geometrically into both
tails. The word's top bit says from which end the other 63 count: v / 2^64 is the probability below the value, or the
probability above it. `folded` turns a plain probability, word / 2^64, into that shape, so that values ascend with it.
One kernel serves every law, with + - * alone, so that values are the same on every platform.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.streams import TILE, Word, Words, copy_32_bytes, device, intrinsic, ir, kernel, types
from gen.synth.laws.densities import Density
from gen.synth.laws.special import Floats

OCTAVES = 40  # the last octave, u < 2^-41, is one linear piece up to the bound
CELLS = 64  # per octave
HALF = (OCTAVES + 1) * CELLS  # cells of one half
TOLERANCE = 9.5e-10  # the largest error of a table, in units of probability
FINEST = 2.0**-65  # a word holds no probability below 2^-64, so there the table ends
_STANDARD = NormalDist()


@intrinsic
def _leading_zeros(typingctx: Any, x: Any) -> Any:
    """How many of the 64 bits are zero before the first one."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctlz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), generate


@device
def _cell_of(word: Word) -> tuple[Word, float]:
    """The row of a word's cell in a table, and its place there, in [0, 1)."""
    upper = word >> np.uint64(63)
    v = word & np.uint64(0x7FFFFFFFFFFFFFFF)
    octave = min(_leading_zeros(v | np.uint64(1)) - np.uint64(1), np.uint64(40))
    inside = v << (octave + np.uint64(2) - np.uint64(octave == np.uint64(40)))
    t = np.float64((inside << np.uint64(6)) >> np.uint64(11)) * 1.1102230246251565e-16
    return (upper * np.uint64(41) + octave) * np.uint64(64) + (inside >> np.uint64(58)), t


@device
def cubic(table: NDArray[np.float64], cell: Word, t: float) -> float:
    """The cubic of a cell at a place in it."""
    x: float = table[cell, 0] + t * (table[cell, 1] + t * (table[cell, 2] + t * table[cell, 3]))
    return x


@device
def cubics(table: NDArray[np.float64], cells: Words, held: NDArray[np.float64], x: NDArray[np.float64]) -> None:
    """Each place becomes the cubic of its cell there. `held`: as many rows as there are places, to write to.

    Rows of the table are first copied side by side, each at once: that is faster than four loads from anywhere.
    """
    source, target = np.uint64(table.ctypes.data), np.uint64(held.ctypes.data)
    for i in range(x.size):
        copy_32_bytes(source + (cells[i] << np.uint64(5)), target + (np.uint64(i) << np.uint64(5)))
    for i in range(x.size):
        x[i] = held[i, 0] + x[i] * (held[i, 1] + x[i] * (held[i, 2] + x[i] * held[i, 3]))


def _same_bits(source: str, target: str) -> Callable[[Any], Any]:
    """An intrinsic that takes the bits of one 64-bit type for those of another."""

    @intrinsic
    def cast(typingctx: Any, x: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.bitcast(arguments[0], context.get_value_type(signature.return_type))

        return getattr(types, target)(getattr(types, source)), generate

    return cast


bits_of = _same_bits("float64", "uint64")
float_of = _same_bits("uint64", "float64")


@device
def placed(rest: Word, back: Word, inverse: float, first: Word) -> tuple[Word, float]:
    """The cell and the place in it for a place in a piece, whose table begins at row `first`.

    `rest` words after the piece's first one, `back` before its last; `inverse`: 1 / their number. The table of a piece
    is indexed by the bits of a double, u + 2^-41 for the probability u from the nearer end: no branch, no integer
    wider than 64 bits, so that loops around it vectorise.
    """
    u = (np.float64(min(rest, back)) + 0.5) * inverse + 4.547473508864641e-13
    bits = bits_of(u)
    upper = np.uint64(0) - np.uint64(back < rest)
    cell = first + (upper & np.uint64(2561)) + (bits >> np.uint64(46)) - np.uint64(62848)  # 982 << 6: of 2^-41
    return cell, float_of(((bits << np.uint64(6)) & np.uint64(0xFFFFFFFFFFFFF)) | np.uint64(0x3FF0000000000000)) - 1.0


@kernel("void(uint64[::1], float64[:, ::1], float64[::1], float64, float64)")
def quantiles(words: Words, table: NDArray[np.float64], out: NDArray[np.float64], low: float, high: float) -> None:
    """The quantile at each word taken as a probability; the top bit says from which end it is counted."""
    cells, held = np.empty(TILE, np.uint64), np.empty((TILE, 4))
    for begin in range(0, words.size, TILE):
        # Slices, because LLVM vectorises none of these loops where an index is the sum of two.
        some, x = words[begin : begin + TILE], out[begin : begin + TILE]
        for i in range(some.size):
            cells[i], x[i] = _cell_of(some[i])
        cubics(table, cells, held, x)
        for i in range(some.size):
            x[i] = min(max(x[i], low), high)


@kernel("void(float64[::1], int64[::1], int64, uint64, int64)")
def round_to_grid(ranks: NDArray[np.float64], out: NDArray[np.int64], first: Word, last_rank: Word, step: Word) -> None:
    """first + step * (the nearest whole rank in [0, last_rank])."""
    top = np.float64(last_rank)
    for i in range(ranks.size):
        rank = np.uint64(0)
        if ranks[i] >= top:
            rank = last_rank
        elif ranks[i] > 0.0:
            rank = np.uint64(ranks[i] + 0.5)
        out[i] = first + np.int64(min(rank, last_rank)) * step


def folded(probabilities: Words) -> Words:
    """Plain probabilities, word / 2^64, in the shape of the table's words: the upper half counted from the upper end.

    The map is its own inverse, and a bijection: uniform words stay uniform.
    """
    mirrored = probabilities ^ np.uint64(0x7FFFFFFFFFFFFFFF)
    return np.where(probabilities >> np.uint64(63), mirrored, probabilities)


@dataclass(frozen=True, eq=False)
class QuantileTable:
    """A law on [low, high] as coefficients, float64 of shape (2 * (OCTAVES + 1) * CELLS, 4)."""

    low: float
    high: float
    coefficients: NDArray[np.float64]

    def at(self, words: Words) -> NDArray[np.float64]:
        """float64 array: one draw for each word, in [low, high]."""
        out = np.empty(words.size, np.float64)
        quantiles(words, self.coefficients, out, self.low, self.high)
        return out

    def words_of(self, probabilities: Words) -> Words:
        """The words whose values ascend with plain probabilities, word / 2^64."""
        return folded(probabilities)


# -- of any law -------------------------------------------------------------------------------------------

_RISING = np.concatenate([np.arange(CELLS) * 2.0 ** -(OCTAVES + 1) / CELLS] + [
    2.0 ** -(e + 2) * (1 + np.arange(CELLS) / CELLS) for e in range(OCTAVES - 1, -1, -1)
] + [[0.5]])  # knots from 0 to 1/2  # fmt: skip
_BY_OCTAVE = np.arange(HALF).reshape(OCTAVES + 1, CELLS)[::-1].ravel()  # the table begins with the widest octave
PIECE_HALF = OCTAVES * CELLS + 1  # cells of one half of a piece's table; the last is the middle alone
_SHIFTED = np.concatenate(
    [2.0 ** -(e + 2) * (1 + np.arange(CELLS) / CELLS) for e in range(OCTAVES - 1, -1, -1)] + [[0.5]]
) - 2.0 ** -(OCTAVES + 1)  # fmt: skip
_SHIFTED[-1] = 0.5
_CHECKED = (0.2, 0.5)  # places in each cell where the table is compared with the law


def table_of(law: Density) -> tuple[Floats, float, float]:
    """A law with finite support as coefficients for `cubic`; the largest error in units of probability; where that is.

    An error that a double's own spacing explains is not counted.
    """
    lower, upper, worst, place = _halves(law, _RISING)
    return np.ascontiguousarray(np.concatenate([lower[_BY_OCTAVE], upper[_BY_OCTAVE]])), worst, place


def piece_table_of(law: Density) -> tuple[Floats, float, float]:
    """The same for `placed`, of shape (2 * PIECE_HALF, 4)."""
    lower, upper, worst, place = _halves(law, _SHIFTED)
    middles = ([[half[-1].sum(), 0, 0, 0]] for half in (lower, upper))
    return np.concatenate([lower, next(middles), upper, next(middles)]), worst, place


def _halves(law: Density, knots: Floats) -> tuple[Floats, Floats, float, float]:
    """Both halves' cubics, the lower one's from the lower end and the upper one's from the upper end inwards."""
    inside = np.maximum(knots, FINEST)
    lower = _half(law.inverse(inside, 1 - inside), law, knots)
    upper = _half(-law.inverse(1 - inside, inside), law, knots, -1.0)
    worst, place = 0.0, 0.0
    for coefficients, sign in ((lower, 1.0), (upper, -1.0)):
        for t in _CHECKED:
            c0, c1, c2, c3 = coefficients.T
            u = knots[:-1] + t * np.diff(knots)
            error = _error(law, sign * (c0 + t * (c1 + t * (c2 + t * c3))), u, sign > 0)
            at = int(np.argmax(error))
            if error[at] > worst:
                worst, place = float(error[at]), _thinnest(law, sign * c0[at], sign * coefficients[at].sum())
    return lower, -upper, worst, place


def _error(law: Density, x: Floats, u: Floats, lower: bool) -> Floats:
    """How far the probability below x (or, of the upper half, above it) is from u, beyond what doubles can tell."""
    x = np.clip(x, *law.support)
    error = np.abs(law.tails(x)[0 if lower else 1] - u)
    large = np.flatnonzero(error > TOLERANCE / 10)
    if large.size:
        around = [np.clip(x[large] + side * 2 * np.spacing(np.abs(x[large])), *law.support) for side in (-1, 1)]
        least, most = (law.tails(end)[0] for end in around) if lower else (law.tails(end)[1] for end in around[::-1])
        error[large] = np.maximum(np.maximum(least - u[large], u[large] - most), 0.0)
    error[0] = 0  # below the least probability a word holds
    return error


def _half(x: Floats, law: Density, knots: Floats, sign: float = 1.0) -> Floats:
    """Cubics between knots of one half: through both ends with exact slopes, limited so that each stays monotone.

    Source: Fritsch and Carlson, "Monotone piecewise cubic interpolation", SIAM J. Numer. Anal. 17, 1980.
    """
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        slopes = 1 / law.density(sign * x)
        widths = np.diff(knots)
        rise = np.maximum(np.diff(x), 0.0)
        s0, s1 = slopes[:-1] * widths, slopes[1:] * widths
    straight = ~(np.isfinite(s0) & np.isfinite(s1)) | (rise <= 0)
    straight[0] = True  # below the least probability a word holds
    s0 = np.where(straight, rise, np.minimum(s0, 3 * rise))
    s1 = np.where(straight, rise, np.minimum(s1, 3 * rise))
    return np.stack([x[:-1], s0, 3 * rise - 2 * s0 - s1, s0 + s1 - 2 * rise], axis=1)


def _thinnest(law: Density, x0: float, x1: float) -> float:
    """Where the density is least in a cell: the place to cut it."""
    places = np.linspace(x0, x1, 35)[1:-1]
    return float(places[np.argmin(law.density(places))])


# -- of the normal law, whose values are frozen -------------------------------------------------------------


class _TruncatedNormal:
    """The standard normal on [low, high], by lower-end probability; precise in either tail."""

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high
        self.below, self.above = _below(low), _below(-low)
        # Of the two expressions for the mass between the bounds, take the one whose terms do not cancel.
        self.mass = self.above - _below(-high) if low > 0 else _below(high) - self.below

    def at(self, u: Floats) -> tuple[Floats, Floats]:
        """Values and slopes at probabilities, 0 to 1/2."""
        p, upper = self.below + u * self.mass, self.above - u * self.mass
        left, inverse = p <= 0.5, _STANDARD.inv_cdf
        tails = zip(left.tolist(), np.where(left, p, upper).tolist(), strict=True)
        x = np.array(
            [
                (inverse(q) if is_left else -inverse(q)) if q > 0 else self.low if is_left else self.high
                for is_left, q in tails
            ]
        )
        x = np.minimum(np.maximum(x, self.low), self.high)
        # One at a time: NumPy's exponential differs from C's in the last bit.
        densities = np.array([math.exp(power) for power in (x * x / -2.0).tolist()]) / math.sqrt(math.tau)
        with np.errstate(divide="ignore"):
            return x, self.mass / densities


def _below(x: float) -> float:
    """The standard normal's probability below x, precise far into the lower tail."""
    return 0.5 * math.erfc(-x / math.sqrt(2))


@lru_cache(maxsize=256)
def normal_table(low: float, high: float, mean: float, deviation: float) -> QuantileTable:
    """The normal law truncated to [low, high] exactly, as a table. Builds in about 5 ms."""
    a, b = (low - mean) / deviation, (high - mean) / deviation
    lower = _cells(_TruncatedNormal(a, b))
    upper = _cells(_TruncatedNormal(-b, -a)) * -1.0  # the mirror image, counted from the upper end
    coefficients = np.concatenate([lower, upper]) * deviation
    coefficients[:, 0] += mean
    return QuantileTable(low, high, np.ascontiguousarray(coefficients))


def _cells(law: _TruncatedNormal) -> Floats:
    """Cubic coefficients of every cell of one half, from the tail's octaves inwards.

    Through both ends with exact slopes, limited so that each stays monotone (Fritsch and Carlson 1980).
    """
    x, slopes = law.at(np.maximum(_RISING, FINEST))  # a bound may be far off, or nowhere: see FINEST
    x0, rise, widths = x[:-1], np.diff(x), np.diff(_RISING)
    s0, s1 = slopes[:-1] * widths, slopes[1:] * widths
    with np.errstate(invalid="ignore"):
        straight = ~(np.isfinite(s0) & np.isfinite(s1)) | (rise <= 0)
        s0, s1 = np.minimum(s0, 3 * rise), np.minimum(s1, 3 * rise)
        curved = np.stack([x0, s0, 3 * rise - 2 * s0 - s1, s0 + s1 - 2 * rise], axis=1)
    flat = np.stack([x0, rise, np.zeros_like(x0), np.zeros_like(x0)], axis=1)
    return np.where(straight[:, None], flat, curved)[_BY_OCTAVE]
