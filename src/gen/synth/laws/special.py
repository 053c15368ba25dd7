"""This file knows the special functions that laws need at plan time: normal, gamma, beta and von Mises probabilities.

Every function takes and returns float64 arrays, and gives a probability from the end where it is small, so that no
digits cancel. The last three come from their densities by Gauss-Legendre quadrature, in a coordinate in which the
density is smooth whatever its parameters: the logarithm for gamma, the logit for beta, the angle for von Mises.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from gen.elementary import exp, expm1, gauss_legendre, log, log1p, sin

Floats: TypeAlias = NDArray[np.float64]

_STANDARD = NormalDist()
_erfc = np.frompyfunc(math.erfc, 1, 1)
_inverse = np.frompyfunc(_STANDARD.inv_cdf, 1, 1)
_FEWEST = 2.0**-1000  # where a probability is 0, the quantile of this one is far enough out


def normal_below(x: Floats) -> Floats:
    """The standard normal's probability below x, precise far into the lower tail."""
    return 0.5 * np.asarray(_erfc(x * -math.sqrt(0.5)), np.float64)


def normal_density(x: Floats) -> Floats:
    """The standard normal's density."""
    return exp(-0.5 * x * x) / math.sqrt(2 * math.pi)


def normal_quantile(below: Floats, above: Floats) -> Floats:
    """Where the standard normal has these probabilities below and above; the smaller one is used.

    Source: Wichura, "Algorithm AS 241", Applied Statistics 37, 1988, as in Python's `statistics`.
    """
    x = np.asarray(_inverse(np.clip(np.minimum(below, above), _FEWEST, 0.5)), np.float64)
    return np.where(below <= above, x, -x)


# -- a distribution function from its density -----------------------------------------------------------

_NODES, _WEIGHTS = gauss_legendre(12)
_DEEPEST = -70.0  # a panel whose density is e^-70 of the peak's is the last
_STEPS = 400  # panels on one side, at most
_NEWTON_STEPS = 12


@dataclass(frozen=True, eq=False)
class Quadrature:
    """The distribution function of a density, given by the logarithm of its ratio to the peak's, at 0.

    edges: of panels, ascending. below, above: the probability below and above each edge. Relative errors of both are
    near 1e-14, in either tail, down to e^-60.
    """

    log_ratio: Callable[[Floats], Floats]
    edges: Floats
    below: Floats
    above: Floats
    total: float

    @classmethod
    def of(cls, log_ratio: Callable[[Floats], Floats], deviation: float, low: float, high: float) -> Quadrature:
        """Panels outwards from the peak at 0, whose width is about `deviation`, within [low, high]."""
        left, right = (_walk(log_ratio, deviation, end) for end in (low, high))
        edges = np.array([*left[::-1], 0.0, *right])
        masses = _integral(log_ratio, edges[:-1], edges[1:])
        below = np.concatenate([[0.0], np.cumsum(masses)])
        above = np.concatenate([np.cumsum(masses[::-1])[::-1], [0.0]])
        total = float(below[-1])
        return cls(log_ratio, edges, below / total, above / total, total)

    def tails(self, y: Floats) -> tuple[Floats, Floats]:
        """The probabilities below and above y; integrated from the end that is nearer in probability."""
        y = np.clip(y, self.edges[0], self.edges[-1])
        panel = np.clip(np.searchsorted(self.edges, y, "right") - 1, 0, len(self.edges) - 2)
        lower = self.below[panel] < 0.5
        left = np.where(lower, self.edges[panel], y)
        right = np.where(lower, y, self.edges[panel + 1])
        outer = np.where(lower, self.below[panel], self.above[panel + 1])
        tail = outer + _integral(self.log_ratio, left, right) / self.total
        return np.where(lower, tail, 1 - tail), np.where(lower, 1 - tail, tail)

    def density(self, y: Floats) -> Floats:
        """The density at y; 0 beyond the last panels."""
        inside = (y >= self.edges[0]) & (y <= self.edges[-1])
        ratio = self.log_ratio(np.clip(y, self.edges[0], self.edges[-1]))
        return np.where(inside, exp(ratio) / self.total, 0.0)

    def inverse(self, below: Floats, above: Floats) -> Floats:
        """Where the probabilities below and above are these: Newton's method on the logit, which is nearly straight."""
        target = _logit(below, above)
        known = _logit(self.below[1:-1], self.above[1:-1])
        y = np.interp(target, known, self.edges[1:-1])
        first, last = np.diff(self.edges)[[0, -1]]
        y = np.where(below < self.below[1], self.edges[0] + first * below / self.below[1], y)
        y = np.where(above < self.above[-2], self.edges[-1] - last * above / self.above[-2], y)
        for _ in range(_NEWTON_STEPS):
            found = self.tails(y)
            density = np.maximum(self.density(y), _FEWEST)
            step = (_logit(*found) - target) * np.maximum(found[0] * found[1], _FEWEST) / density
            y = np.clip(y - step, self.edges[0], self.edges[-1])
            if np.max(np.abs(step)) <= 1e-13 * (np.max(np.abs(y)) + 1e-6):
                break
        return y


def _logit(below: Floats, above: Floats) -> Floats:
    return log(np.maximum(below, _FEWEST)) - log(np.maximum(above, _FEWEST))


def _integral(log_ratio: Callable[[Floats], Floats], left: Floats, right: Floats) -> Floats:
    """The integral of the density's ratio from left to right, each pair within one panel."""
    half, middle = (right - left) / 2, (right + left) / 2
    total = np.zeros_like(half)
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        total += weight * exp(log_ratio(middle + half * node))
    return np.asarray(total * half)


def _walk(log_ratio: Callable[[Floats], Floats], deviation: float, end: float) -> list[float]:
    """Edges from the peak towards `end`: widths grow with the distance, the density falls by at most e^4 in each."""
    at, found, sign, width = 0.0, [], math.copysign(1.0, end), deviation / 2
    height = 0.0
    for _ in range(_STEPS):
        limit = abs(end) - abs(at)
        if limit <= 0 or height < _DEEPEST:
            break
        width = min(width * 1.25, limit)
        for _ in range(60):
            fallen = float(log_ratio(np.array([at + sign * width]))[0])
            if abs(fallen - height) <= 4:
                break
            width /= 2
        at = end if width == limit else at + sign * width
        height = fallen
        found.append(at)
    return found


@lru_cache(maxsize=64)
def gamma_quadrature(shape: float) -> Quadrature:
    """The logarithm of a gamma variable over its shape, log(x / shape)."""

    def log_ratio(y: Floats) -> Floats:
        return shape * (y - expm1(y))

    return Quadrature.of(log_ratio, min(1 / math.sqrt(shape), 1.0), -math.inf, 700.0)


@lru_cache(maxsize=64)
def beta_quadrature(alpha: float, beta: float) -> Quadrature:
    """The logit of a beta variable, less that of its mean: log(x / (1 - x)) - log(alpha / beta)."""
    mean, rest = alpha / (alpha + beta), beta / (alpha + beta)

    def log_ratio(y: Floats) -> Floats:
        # Written from the nearer side: e^-|y| does not overflow.
        low = y < 0
        fall = expm1(-np.abs(y)) * np.where(low, mean, rest)
        return np.where(low, alpha, -beta) * y - (alpha + beta) * log1p(fall)

    deviation = min(math.sqrt((alpha + beta) / (alpha * beta)), 1.0)
    return Quadrature.of(log_ratio, deviation, -math.inf, math.inf)


@lru_cache(maxsize=64)
def von_mises_quadrature(concentration: float) -> Quadrature:
    """The angle from the mean, in [-pi, pi]."""

    def log_ratio(y: Floats) -> Floats:
        return -2 * concentration * sin(y / 2) ** 2

    return Quadrature.of(log_ratio, min(1 / math.sqrt(concentration), 1.0), -math.pi, math.pi)
