"""This file knows continuous laws: a distribution, truncated to bounds, compiled to a table of its quantile function.

The table is indexed by the floating-point shape of a 64-bit word, so that its cells shrink geometrically into both
tails: a cubic in each cell, error below 2e-10 in units of probability. One kernel then serves every law, with + - *
alone, so that values are the same on every platform; logarithms and exponentials are spent here, once, at plan time.
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

from gen.errors import SchemaError
from gen.schema.spec import Distribution, suggestion
from gen.streams import Word, Words, intrinsic, ir, kernel, types

OCTAVES = 40  # the last octave, u < 2^-41, is one linear piece up to the bound
CELLS = 64  # per octave
_STANDARD = NormalDist()


@intrinsic
def _leading_zeros(typingctx: Any, x: Any) -> Any:
    """How many of the 64 bits are zero before the first one."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctlz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), generate


@kernel("void(uint64[::1], float64[:, ::1], float64[::1], float64, float64)")
def quantiles(words: Words, table: NDArray[np.float64], out: NDArray[np.float64], low: float, high: float) -> None:
    """The quantile at each word taken as a probability; the top bit says from which end it is counted."""
    for i in range(words.size):
        upper = words[i] >> np.uint64(63)
        v = words[i] & np.uint64(0x7FFFFFFFFFFFFFFF)
        octave = min(_leading_zeros(v | np.uint64(1)) - np.uint64(1), np.uint64(40))
        inside = v << (octave + np.uint64(2) - np.uint64(octave == np.uint64(40)))
        cell = (upper * np.uint64(41) + octave) * np.uint64(64) + (inside >> np.uint64(58))
        t = np.float64((inside << np.uint64(6)) >> np.uint64(11)) * 1.1102230246251565e-16
        c0, c1, c2, c3 = table[cell, 0], table[cell, 1], table[cell, 2], table[cell, 3]
        x = c0 + t * (c1 + t * (c2 + t * c3))
        out[i] = min(max(x, low), high)


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


@dataclass(frozen=True, eq=False)
class QuantileTable:
    """A law on [low, high] as coefficients, float64 of shape (2 * (OCTAVES + 1) * CELLS, 4)."""

    low: float
    high: float
    coefficients: NDArray[np.float64]

    def at(self, words: Words) -> NDArray[np.float64]:
        """float64 array: one draw for each word."""
        out = np.empty(words.size, np.float64)
        quantiles(words, self.coefficients, out, self.low, self.high)
        return out


# A law: (u from the lower end, in (0, 1/2]) -> (value, slope); the same counted from the upper end.
_End = Callable[[float], tuple[float, float]]


def _truncated_normal(low: float, high: float) -> _End:
    """The standard normal on [low, high], by lower-end probability; precise in either tail."""
    below, above = _below(low), _below(-low)
    # Of the two expressions for the mass between the bounds, take the one whose terms do not cancel.
    mass = above - _below(-high) if low > 0 else _below(high) - below

    def at(u: float) -> tuple[float, float]:
        p = below + u * mass
        if p <= 0.5:
            x = _STANDARD.inv_cdf(p) if p > 0 else low
        else:
            upper = above - u * mass
            x = -_STANDARD.inv_cdf(upper) if upper > 0 else high
        x = min(max(x, low), high)
        return x, mass / _STANDARD.pdf(x)

    return at


def _below(x: float) -> float:
    """The standard normal's probability below x, precise far into the lower tail."""
    return 0.5 * math.erfc(-x / math.sqrt(2))


@lru_cache(maxsize=64)
def normal_table(low: float, high: float, mean: float, deviation: float) -> QuantileTable:
    """The normal law truncated to [low, high] exactly, as a table. Builds in about 20 ms."""
    a, b = (low - mean) / deviation, (high - mean) / deviation
    lower = _cells(_truncated_normal(a, b))
    upper = _cells(_truncated_normal(-b, -a)) * -1.0  # the mirror image, counted from the upper end
    coefficients = np.concatenate([lower, upper]) * deviation
    coefficients[:, 0] += mean
    return QuantileTable(low, high, np.ascontiguousarray(coefficients))


def _cells(end: _End) -> NDArray[np.float64]:
    """Cubic coefficients of every cell of one half, from the tail's octaves inwards."""
    knots = [2.0 ** -(e + 2) * (1 + j / CELLS) for e in range(OCTAVES) for j in range(CELLS)]
    knots += [2.0 ** -(OCTAVES + 1) * j / CELLS for j in range(CELLS)]  # the last octave reaches down to 0
    widths = [2.0 ** -(e + 2) / CELLS for e in range(OCTAVES) for _ in range(CELLS)]
    widths += [2.0 ** -(OCTAVES + 1) / CELLS] * CELLS
    rows = []
    for left, width in zip(knots, widths, strict=True):
        # A bound may be far off, or nowhere: a word holds no probability below 2^-64, so there the table ends.
        (x0, s0), (x1, s1) = end(max(left, 2.0**-65)), end(left + width)
        rows.append(_hermite(x0, x1, s0 * width, s1 * width))
    return np.array(rows, np.float64)


def _hermite(x0: float, x1: float, s0: float, s1: float) -> tuple[float, float, float, float]:
    """A cubic through both ends with these slopes, limited so that it stays monotone (Fritsch and Carlson 1980)."""
    rise = x1 - x0
    if not (math.isfinite(s0) and math.isfinite(s1)) or rise <= 0:
        return x0, rise, 0.0, 0.0
    s0, s1 = min(s0, 3 * rise), min(s1, 3 * rise)
    return x0, s0, 3 * rise - 2 * s0 - s1, s0 + s1 - 2 * rise


# -- from a declaration ----------------------------------------------------------------------------------

# name -> the parameters it takes
LAWS: dict[str, tuple[str, ...]] = {"uniform": (), "normal": ("mean", "deviation")}


def law_of(where: str, distribution: Distribution | None) -> tuple[str, dict[str, float]]:
    """The law's name and parameters, checked; uniform where none is declared."""
    if distribution is None:
        return "uniform", {}
    name, parameters = distribution.name, dict(distribution.parameters)
    if name not in LAWS:
        raise SchemaError(f"{where}: there is no distribution {name!r}.", hint=suggestion(name, LAWS))
    for parameter, value in parameters.items():
        if parameter not in LAWS[name]:
            raise SchemaError(
                f"{where}: the distribution {name!r} has no parameter {parameter!r}.",
                hint=suggestion(parameter, LAWS[name]),
            )
        if not math.isfinite(value) or (parameter == "deviation" and value <= 0):
            raise SchemaError(f"{where}: {parameter} = {value}.", hint="Give a finite number, a deviation above 0.")
    return name, parameters


def truncated_normal(
    where: str, low: float, high: float, parameters: dict[str, float], middle: float, sixth: float
) -> QuantileTable:
    """The normal law on [low, high]; mean and deviation are `middle` and `sixth` unless given."""
    mean, deviation = parameters.get("mean", middle), parameters.get("deviation", sixth)
    distance = max(low - mean, mean - high, 0.0)
    if distance > 30 * deviation:
        raise SchemaError(
            f"{where}: a normal law with mean {mean:g} and deviation {deviation:g} has next to nothing between its "
            f"bounds {low:g} and {high:g}.",
            hint="Move the mean towards the bounds, or widen the deviation.",
        )
    return normal_table(low, high, mean, deviation)
