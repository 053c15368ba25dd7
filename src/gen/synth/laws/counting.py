"""This file knows laws of counts: Poisson, binomial, geometric and Zipf, on the grid points they can reach.

A count k is the value start + k * (what one count is worth). Where the grid is coarser than the counts, the law is
conditioned on the values that exist; where it is finer, only the counts' own values occur.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from gen.elementary import exp, log1p, power
from gen.synth.grids import Grid, reachable
from gen.synth.laws.densities import Truncated, Weibull
from gen.synth.laws.discrete import (
    MOST_PIECES,
    MOST_RANKS,
    ZIPF_HEAD,
    Choice,
    Piece,
    Pieces,
    binomial_weights,
    entries_of,
    poisson_weights,
    power_weights,
)
from gen.synth.laws.lines import Refused
from gen.synth.laws.samplers import Rounded, parts_of, pieces_of, sampler_of
from gen.synth.laws.special import Floats
from gen.synth.laws.sums import Listed, PowerSum

MOST_WEIGHTS = 16_384  # of a law that is drawn weight by weight; of more, as if it were continuous
LEAST_SHARE = 2.0**-40  # of a law that must lie within the bounds
_LEAST_COUNT = {"poisson": 0, "binomial": 0, "geometric": 0, "zipf": 1}


@dataclass(frozen=True)
class Counts:
    """The counts a column can hold: first, first + step, ... as many as `grid` has points."""

    grid: Grid
    first: int
    step: int

    @property
    def last(self) -> int:
        return self.first + self.step * (self.grid.count - 1)


def counts_of(name: str, grid: Grid, origin: Fraction, count: Fraction, parameters: Mapping[str, float]) -> Counts:
    """The counts of a law that lie on the grid; origin and what a count is worth in grid integers."""
    most = int(parameters["trials"]) if "trials" in parameters else None
    found = Counts(*reachable(grid, origin, count, _LEAST_COUNT[name], most))
    if found.grid.count < 1:
        raise Refused("none of its counts lies within the column's bounds.", "Move the bounds, or give `start`.")
    return found


def counting_sampler(name: str, counts: Counts, parameters: Mapping[str, float]) -> Choice | Rounded:
    """The law as a sampler of the grid's integers."""
    if name == "zipf" and counts.grid.count > MOST_RANKS:
        return _long_zipf(counts, parameters["exponent"])
    if name == "geometric":
        return _geometric(counts, parameters["probability"])
    first, weights = weights_of(name, counts, parameters)
    if name != "zipf" and len(weights) > MOST_WEIGHTS:
        return _continuous(Truncated(Listed(first, weights), 0.0, 1.0, -math.inf, math.inf), counts.grid)
    ranks = np.arange(len(weights), dtype=np.uint64) + np.uint64(first)
    return Choice(counts.grid.values(ranks), weights)


def weights_of(name: str, counts: Counts, parameters: Mapping[str, float]) -> tuple[int, Floats]:
    """Which of the counts have a probability that a word can hold: the first one's place, and the weights."""
    if name in ("poisson", "binomial"):
        return _inside(counts, *_WEIGHERS[name](parameters))
    if name == "geometric":
        fall = _fall(parameters["probability"]) * counts.step
        listed = min(counts.grid.count, int(64 * math.log(2) / fall) + 2)
        _check_entries(listed, "Give a larger probability.")
        _check_geometric(counts, parameters["probability"])
        return 0, exp(-fall * np.arange(listed, dtype=np.float64))
    _check_entries(counts.grid.count, "In a mixture, narrow the bounds.", MOST_RANKS)
    return 0, power_weights(counts.first, counts.step, counts.grid.count, parameters["exponent"])


def _poisson(parameters: Mapping[str, float]) -> tuple[int, Floats]:
    mean = parameters["mean"]
    remedy = f'Use {{"name": "normal", "mean": {mean:g}, "deviation": {math.sqrt(mean):g}}}, which is as good as equal.'
    _check_entries(entries_of(math.sqrt(mean)), remedy)
    return poisson_weights(mean)


def _binomial(parameters: Mapping[str, float]) -> tuple[int, Floats]:
    trials, probability = int(parameters["trials"]), parameters["probability"]
    mean = trials * probability
    deviation = math.sqrt(mean * (1 - probability))
    remedy = f'Use {{"name": "normal", "mean": {mean:g}, "deviation": {deviation:g}}}, which is as good as equal.'
    _check_entries(entries_of(deviation), remedy)
    return binomial_weights(trials, probability)


_WEIGHERS: dict[str, Callable[[Mapping[str, float]], tuple[int, Floats]]] = {"poisson": _poisson, "binomial": _binomial}


def _check_entries(entries: float, remedy: str, most: int = MOST_PIECES) -> None:
    if entries > most:
        raise Refused(f"it would need a table of {entries:,.0f} values; {most:,} is the most.", remedy)


def _inside(counts: Counts, least: int, weights: Floats) -> tuple[int, Floats]:
    """Of weights of the counts from `least` on, those of the column's counts."""
    place = max(-(-(least - counts.first) // counts.step), 0)
    start = counts.first + counts.step * place - least
    stop = counts.last - least + 1
    kept = weights[start : max(stop, 0) : counts.step] if start < len(weights) else weights[:0]
    whole = weights[max(counts.first - least, 0) : max(stop, 0)]
    if not kept.size or whole.sum() < LEAST_SHARE * weights.sum() or kept.sum() <= 0:
        raise Refused(
            f"next to nothing of it lies between its counts {counts.first:,} and {counts.last:,}, which the column's "
            "bounds allow.",
            "Move the bounds, or the parameters.",
        )
    return place, kept


def kept_of(name: str, counts: Counts, parameters: Mapping[str, float]) -> float:
    """The share of the law as declared that lies between the column's first and last count, near enough for words."""
    first, last = counts.first, counts.last
    if name == "geometric":
        fall = _fall(parameters["probability"])
        return math.exp(-fall * first) - math.exp(-fall * (last + 1))
    if name == "zipf":
        return 1.0 if first == 1 else _power_between(first, last, parameters) / _power_between(1, last, parameters)
    least, weights = _WEIGHERS[name](parameters)
    inside = weights[max(first - least, 0) : max(last - least + 1, 0)]
    return float(inside.sum() / weights.sum())


def _power_between(first: int, last: int, parameters: Mapping[str, float]) -> float:
    """The sum of k^-exponent over these counts: of a few of them exact, of the rest by the midpoint rule."""
    exponent, near = parameters["exponent"], min(last, first + MOST_WEIGHTS)
    total = math.fsum(k**-exponent for k in range(first, near + 1))
    if near == last:
        return total
    low, high, rise = near + 0.5, last + 0.5, 1 - exponent
    return total + (math.log(high / low) if not rise else (high**rise - low**rise) / rise)


def _check_geometric(counts: Counts, probability: float) -> None:
    if -counts.first * _fall(probability) < math.log(LEAST_SHARE):
        raise Refused(
            f"next to nothing of it lies at {counts.first:,} and above, where the column's bounds begin.",
            "Move the bounds, give `start`, or a smaller probability.",
        )


def _fall(probability: float) -> float:
    """By how much the logarithm of a weight falls with each failure."""
    return min(-float(log1p(np.array(-probability))), 1000.0)  # of a certain success it would have no end


def _geometric(counts: Counts, probability: float) -> Choice | Rounded:
    """The whole part of an exponential variable; listed where that is short."""
    fall = _fall(probability) * counts.step
    _check_geometric(counts, probability)
    if fall > 64 * math.log(2) / 4096:
        first, weights = weights_of("geometric", counts, {"probability": probability})
        return Choice(counts.grid.values(np.arange(first, len(weights), dtype=np.uint64)), weights)
    # Half a step below, rounding to the nearest is the whole part.
    law = Truncated(Weibull(), -0.5, 1 / fall, -0.5, counts.grid.count - 0.5)
    return _continuous(law, counts.grid)


def _continuous(law: Truncated, grid: Grid) -> Rounded:
    """A law of ranks as a quantile table, whose error is 1e-9 in probability."""
    sampler = sampler_of(parts_of(law), law.low, law.high)
    assert not isinstance(sampler, Choice)
    return Rounded(sampler, grid)


def _long_zipf(counts: Counts, exponent: float) -> Rounded:
    """A head of exact weights, and a tail by the midpoint rule: see `PowerSum`."""
    head = power_weights(counts.first, counts.step, ZIPF_HEAD, exponent)
    first = counts.first / counts.step
    edge, last = first + (ZIPF_HEAD - 0.5), counts.grid.count - 0.5
    law = PowerSum(exponent, edge, (first + last) / edge)
    mass = float(power(np.array(edge / first), -exponent)) * edge * law.total
    total = float(head.sum()) + mass
    pieces = [Piece(head / total, np.arange(ZIPF_HEAD, dtype=np.float64))]
    if mass > 2.0**-64 * total:
        pieces += pieces_of(parts_of(Truncated(law, -first, edge, ZIPF_HEAD - 0.5, last), mass / total))
    return Rounded(Pieces(pieces, -0.5, last), counts.grid)
