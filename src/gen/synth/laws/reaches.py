"""This file knows how far each law reaches by itself: from where to where it has values that a 64-bit word can hold."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from gen.synth.laws.lines import Line
from gen.synth.laws.parameters import LAWS, START
from gen.synth.laws.series import series_end, steps_of

Values = Mapping[str, Any]  # of a law's parameters, on the line
Ends = tuple[float | Fraction, float | Fraction]  # positions on the line; of exact laws exact

DEVIATIONS = 10  # of a normal law: 1.5e-23 of it lies further out, and a word holds no probability below 5.4e-20
_MEANS = 46  # of an exponential law: e^-46 is 1e-20
_BITS = 65
_DIGITS = 10**18 - 1  # the greatest integer of as many digits as 64 bits hold


def _above(factor: Callable[[Values], float], unit: str = "") -> Callable[[Line, Values], Ends]:
    """Of a law of positive variables: from its start so many times its unit, a parameter or what a count is worth."""

    def ends(line: Line, v: Values) -> Ends:
        try:
            return v["start"], v["start"] + factor(v) * (v[unit] if unit else line.length(float(line.count)))
        except OverflowError:
            return v["start"], math.inf

    return ends


def _listed(line: Line, v: Values) -> Ends:
    if v["quantiles"] is not None:
        return v["quantiles"][0], v["quantiles"][-1]
    places = [line.exact(value) for value in v["values"] or ()]
    return (min(places), max(places)) if places else line.ends


def _rounded_out(mean: float, shape: float) -> float:
    """Beyond a law of sums, which is nearly normal where it is large, and nearly exponential where it is small."""
    return mean + DEVIATIONS * math.sqrt(shape) + _BITS


# name -> where it begins and ends, from its parameters on the line; laws that are not here are spread over the line
_REACHES: dict[str, Callable[[Line, Values], Ends]] = {
    "normal": lambda line, v: (
        v["mean"] - DEVIATIONS * v["deviation"],
        v["mean"] + DEVIATIONS * v["deviation"],
    ),
    "lognormal": _above(lambda v: math.exp(DEVIATIONS * v["sigma"]), "median"),
    "exponential": _above(lambda v: _MEANS, "mean"),
    "gamma": _above(lambda v: _rounded_out(v["shape"], v["shape"]), "scale"),
    "weibull": _above(lambda v: _MEANS ** (1 / v["shape"]), "scale"),
    "pareto": _above(lambda v: 2.0 ** (_BITS / v["shape"]), "minimum"),
    "triangular": lambda line, v: (v["low"], v["high"]),
    "histogram": lambda line, v: (v["edges"][0], v["edges"][-1]),
    "empirical": _listed,
    "constant": lambda line, v: (line.exact(v["value"]),) * 2,
    "poisson": _above(lambda v: _rounded_out(v["mean"], v["mean"])),
    "binomial": _above(lambda v: v["trials"]),
    "geometric": _above(lambda v: _MEANS / min(-math.log1p(-v["probability"]), 1000.0) if v["probability"] < 1 else 1),
    "zipf": lambda line, v: (v["start"], line.ends[1]),
}


def reach_of(name: str, given: Mapping[str, Any], values: Values, line: Line, rows: int) -> Ends | None:
    """From where to where a law has values, as positions on a plain column's line; None: it is spread over the line.

    given: the parameters as declared. values: all of them, on the line. Reaches may be infinite; they do not heed what
    the column's type can hold.
    """
    if name == "sequence":
        start, _, last = steps_of(given, line, rows)
        return line.exact(min(start, last)), line.exact(max(start, last))
    if name == "series":
        begin, end = series_end(given, line, rows)
        return line.exact(begin), Fraction(line.ends[1]) if end is None else line.exact(end)
    return _REACHES[name](line, values) if name in _REACHES else None


def opened(line: Line, name: str, ends: Ends) -> tuple[float, float] | None:
    """The line's new ends, grid integers or floats, for a law between these positions; None where it keeps its own.

    Both change where neither is declared, so that a law far away is drawn as finely as one nearby.
    """
    assert line.reach is not None
    least, most = line.reach
    if line.grid is None:
        low, high = max(float(ends[0]), least), min(float(ends[1]), most)
        old = line.low, line.high
    else:
        grid = line.grid
        if START in LAWS.get(name, ()) and most > 2**63:  # of decimals what begins near 0 must stay fine there
            least, most = max(least, min(-_DIGITS, grid.first)), min(most, max(_DIGITS, grid.last))
        low = grid.first + grid.step * max(_floor(ends[0]), -((grid.first - int(least)) // grid.step))
        high = grid.first + grid.step * min(_ceiling(ends[1]), (int(most) - grid.first) // grid.step)
        old = grid.first, grid.last
    free = line.reach[0] < old[0], line.reach[1] > old[1]
    if low > high or not ((free[0] and low < old[0]) or (free[1] and high > old[1])):
        return None
    if all(free):
        return low, high
    return (min(low, old[0]), old[1]) if free[0] else (old[0], max(high, old[1]))


_FAR = 2**200  # positions beyond which no column's type has values


def _floor(position: float | Fraction) -> int:
    return math.floor(position) if -_FAR < position < _FAR else -_FAR if position < 0 else _FAR


def _ceiling(position: float | Fraction) -> int:
    return -_floor(-position)
