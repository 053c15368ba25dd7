"""This file knows what each law is made of: continuous parts on a column's line, and atoms."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gen.synth.laws.counting import LEAST_SHARE
from gen.synth.laws.densities import (
    Beta,
    Density,
    Gamma,
    LogNormal,
    Normal,
    Pareto,
    PowerLaw,
    Triangular,
    Truncated,
    Uniform,
    VonMises,
    Weibull,
)
from gen.synth.laws.lines import Line, Refused
from gen.synth.laws.samplers import Part, Parts, parts_of

Values = Mapping[str, Any]  # of a law's parameters, on the line
Builder = Callable[[Line, Values], Parts]

MOST_PERIODS = 65_536
NORMAL_REACH = 30  # deviations between the mean and the nearest bound, at most


def _one(line: Line, law: Density, location: float, scale: float) -> Parts:
    """A law moved and scaled, cut to the line; refused where next to nothing of it is left."""
    cut = line.cut(law, location, scale)
    if not cut.mass >= LEAST_SHARE:
        raise Refused("next to nothing of it lies between the column's bounds.", "Move the bounds, or the parameters.")
    return parts_of(cut)


def _normal(line: Line, v: Values) -> Parts:
    mean, deviation = v["mean"], v["deviation"]
    if max(line.low - mean, mean - line.high, 0.0) > NORMAL_REACH * deviation:
        raise Refused(
            f"with mean {line.text(mean)} and deviation {line.size(deviation)} it has next to nothing between the "
            "column's bounds.",
            "Move the mean towards the bounds, or widen the deviation.",
        )
    return parts_of(line.cut(Normal(), mean, deviation))


def _triangular(line: Line, v: Values) -> Parts:
    low, mode, high = v["low"], v["mode"], v["high"]
    if not low <= mode <= high or low == high:
        raise Refused("low, mode and high do not ascend.", "Give low <= mode <= high, and low < high.")
    return _one(line, Triangular((mode - low) / (high - low)), low, high - low)


def _von_mises(line: Line, v: Values) -> Parts:
    """Copies of the law, a period apart, as far as the line reaches: whole ones share one table."""
    period, mean, law = v["period"], v["mean"], VonMises(v["concentration"])
    scale = period / (2 * math.pi)
    first, last = (math.floor(end) for end in _periods(line, v))
    if last - first > MOST_PERIODS:
        raise Refused(
            f"its period is in the column's bounds {last - first:,} times; {MOST_PERIODS:,} is the most.",
            "Give it a longer period, or narrow the bounds.",
        )
    ends = [line.cut(law, mean + i * period, scale) for i in sorted({first, last})]
    found = [Part(cut.mass, cut) for cut in ends]
    if last - first > 1:
        whole = Truncated(law, mean + (first + 1) * period, scale, -math.inf, math.inf)
        found.insert(1, Part(whole.mass * (last - first - 1), whole, last - first - 1, period))
    return _weighed([part for part in found if part.weight > 0])


def _periods(line: Line, v: Values) -> tuple[float, float]:
    """The ends of the line in periods; a whole number is half a period before a mean."""
    first, last = ((end - v["mean"]) / v["period"] + 0.5 for end in (line.low, line.high))
    return first, last


def first_period(line: Line, v: Values) -> tuple[Parts, float]:
    """A von Mises law on the line's first period, and how many there are: what is left of the last one by its mass."""
    period, law = v["period"], VonMises(v["concentration"])
    scale = period / (2 * math.pi)
    first, last = _periods(line, v)
    means = (v["mean"] + (math.floor(first) + i) * period for i in (0, 1))
    cuts = [Truncated(law, mean, scale, line.low, line.low + period) for mean in means]
    angles = np.array([end % 1 - 0.5 for end in (first, last)]) * (2 * math.pi)
    below = law.tails(np.clip(angles, *law.support))[0]
    turns = math.floor(last) - math.floor(first) + float(below[1] - below[0])
    return _weighed([Part(cut.mass, cut) for cut in cuts if cut.mass > 0]), turns


def _benford(line: Line, v: Values) -> Parts:
    """The logarithm of the value is uniform; on a grid a value has the mass from itself up to the next one."""
    if line.grid is None:
        high = line.high
        low = line.low if line.low > 0 else high * 1e-6
        if not high > low > 0:
            raise Refused("the column's bounds hold no positive numbers to speak of.", "Move the bounds above 0.")
        return _one(line, PowerLaw(1.0, high / low), 0.0, low)
    zero = line.position(line.origin)
    first = max(math.floor(zero) + 1, 0)  # the least rank above it
    if first > line.grid.count - 1:
        raise Refused("the column's bounds hold no positive numbers.", "Move the bounds above 0.")
    low, high = max(first - zero, math.ulp(zero)), line.grid.count - zero
    return _one(line, PowerLaw(1.0, high / low), zero - 0.5, low)


def _histogram(line: Line, v: Values) -> Parts:
    """Uniform within each bin; on a grid a bin from a to b holds a and not b."""
    edges, weights = v["edges"], v["weights"]
    if len(edges) != len(weights) + 1:
        raise Refused(
            f"it has {len(edges)} edges and {len(weights)} weights.", "Give one weight for each pair of edges."
        )
    shift = 0.5 if line.grid else 0.0
    return _bins(line, [edge - shift for edge in edges], weights)


def _bins(line: Line, edges: Sequence[float], weights: Sequence[float]) -> Parts:
    """Bins between edges, as far as they lie on the line; a bin without width is an atom."""
    continuous, places, shares = [], [], []
    for left, right, weight in zip(edges, edges[1:], weights, strict=False):
        if left == right and line.low <= left <= line.high and weight > 0:
            places.append(left)
            shares.append(weight)
        elif left < right and left < line.high and right > line.low and weight > 0:
            cut = line.cut(Uniform(), left, right - left)
            continuous.append(Part(weight * cut.mass, cut))
    kept = (sum(shares) + sum(part.weight for part in continuous)) / sum(weights)
    if kept < LEAST_SHARE:
        raise Refused("next to nothing of it lies between the column's bounds.", "Move the bounds, or the values.")
    return _weighed(continuous, np.array(places), np.array(shares), kept)


def _empirical(line: Line, v: Values) -> Parts:
    """Quantiles, with straight lines between them; or values with weights."""
    quantiles, values, weights = v["quantiles"], v["values"], v["weights"]
    if (quantiles is None) == (values is None):
        raise Refused("it takes either quantiles or values.", "Give one of them.")
    if quantiles is not None:
        if weights is not None or len(quantiles) < 2:
            raise Refused("quantiles are two or more, and have no weights.", "Give values with weights, or quantiles.")
        return _bins(line, quantiles, [1.0] * (len(quantiles) - 1))
    weights = [1.0] * len(values) if weights is None else weights
    if len(weights) != len(values):
        raise Refused(f"it has {len(values)} values and {len(weights)} weights.", "Give one weight for each value.")
    places = np.array([line.point(value) for value in values])
    inside = (places >= line.ends[0]) & (places <= line.ends[1])
    shares = np.array(weights, np.float64)
    if not shares[inside].sum() >= LEAST_SHARE * shares.sum():
        raise Refused("next to nothing of it lies between the column's bounds.", "Move the bounds, or the values.")
    return _weighed([], places[inside], shares[inside], float(shares[inside].sum() / shares.sum()))


def _constant(line: Line, v: Values) -> Parts:
    place = line.point(v["value"])
    if not line.ends[0] <= place <= line.ends[1]:
        raise Refused(f"its value {v['value']} lies beyond the column's bounds.", "Move the bounds, or the value.")
    return _weighed([], np.array([place]), np.ones(1))


def _weighed(continuous: Sequence[Part], places: Any = (), weights: Any = (), kept: float = 1.0) -> Parts:
    """Parts whose weights sum to 1."""
    weights = np.asarray(weights, np.float64)
    total = sum(part.weight for part in continuous) + float(weights.sum())
    scaled = [Part(part.weight / total, part.law, part.copies, part.period) for part in continuous]
    return Parts(scaled, np.asarray(places, np.float64), weights / total, kept)


def mixed(weighted: Sequence[tuple[float, Parts]]) -> Parts:
    """Laws side by side, each with its share of the rows."""
    continuous = [
        Part(part.weight * share, part.law, part.copies, part.period)
        for share, parts in weighted
        for part in parts.continuous
    ]
    places = np.concatenate([parts.places for _, parts in weighted])
    weights = np.concatenate([parts.weights * share for share, parts in weighted])
    kept = sum(share * parts.kept for share, parts in weighted) / sum(share for share, _ in weighted)
    return _weighed(continuous, places, weights, kept)


def moved(parts: Parts, own: Line, line: Line) -> Parts:
    """The parts of one line, on another one of the same column."""
    by, times = line.moved(own, 0.0), line.stretched(own, 1.0)

    def placed(law: Truncated) -> Truncated:
        low, high = law.low * times + by, law.high * times + by
        return Truncated(law.law, law.location * times + by, law.scale * times, low, high)

    continuous = [Part(part.weight, placed(part.law), part.copies, part.period * times) for part in parts.continuous]
    return Parts(continuous, parts.places * times + by, parts.weights, parts.kept)


# name -> its parts, from its parameters on the line
BUILDERS: dict[str, Builder] = {
    "uniform": lambda line, v: _one(line, Uniform(), line.low, line.high - line.low),
    "normal": _normal,
    "lognormal": lambda line, v: _one(line, LogNormal(v["sigma"]), v["start"], v["median"]),
    "exponential": lambda line, v: _one(line, Weibull(), v["start"], v["mean"]),
    "gamma": lambda line, v: _one(line, Gamma(v["shape"]), v["start"], v["scale"]),
    "beta": lambda line, v: _one(line, Beta(v["alpha"], v["beta"]), line.low, line.high - line.low),
    "triangular": _triangular,
    "weibull": lambda line, v: _one(line, Weibull(v["shape"]), v["start"], v["scale"]),
    "pareto": lambda line, v: _one(line, Pareto(v["shape"]), v["start"], v["minimum"]),
    "vonmises": _von_mises,
    "benford": _benford,
    "histogram": _histogram,
    "empirical": _empirical,
    "constant": _constant,
}
