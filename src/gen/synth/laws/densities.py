"""This file knows continuous laws at plan time, in standard form and truncated: probabilities, densities, quantiles.

A law is an object with

    support                      (low, high), infinite where it has no end
    breaks                       where the density is not smooth, inside the support
    tails(z)                     the probabilities below and above z, each precise where it is small
    density(z)
    inverse(below, above)        where the probabilities are these; the smaller one is used

over float64 arrays. `Truncated` moves and scales one, and cuts it to bounds without loss in either tail.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from gen.elementary import exp, expm1, log, log1p, power
from gen.synth.laws.special import (
    Floats,
    Quadrature,
    beta_quadrature,
    gamma_quadrature,
    normal_below,
    normal_density,
    normal_quantile,
    von_mises_quadrature,
)

Tails = tuple[Floats, Floats]
_TINY = 2.0**-1000


class Density(Protocol):
    """A continuous law in standard form."""

    @property
    def support(self) -> tuple[float, float]: ...

    @property
    def breaks(self) -> tuple[float, ...]: ...

    def tails(self, z: Floats) -> Tails: ...

    def density(self, z: Floats) -> Floats: ...

    def inverse(self, below: Floats, above: Floats) -> Floats: ...


@dataclass(frozen=True)
class Normal:
    """Mean 0, deviation 1."""

    support = (-math.inf, math.inf)
    breaks = ()

    def tails(self, z: Floats) -> Tails:
        return normal_below(z), normal_below(-z)

    def density(self, z: Floats) -> Floats:
        return normal_density(z)

    def inverse(self, below: Floats, above: Floats) -> Floats:
        return normal_quantile(below, above)


@dataclass(frozen=True)
class Uniform:
    """Between 0 and 1."""

    support = (0.0, 1.0)
    breaks = ()

    def tails(self, z: Floats) -> Tails:
        inside = np.clip(z, 0.0, 1.0)
        return inside, 1 - inside

    def density(self, z: Floats) -> Floats:
        return np.where((z >= 0) & (z <= 1), 1.0, 0.0)

    def inverse(self, below: Floats, above: Floats) -> Floats:
        return np.where(below <= above, below, 1 - above)


@dataclass(frozen=True)
class LogNormal:
    """Median 1; the logarithm has deviation `sigma`."""

    sigma: float
    support = (0.0, math.inf)
    breaks = ()

    def tails(self, z: Floats) -> Tails:
        score = log(np.maximum(z, _TINY)) / self.sigma
        return normal_below(score), normal_below(-score)

    def density(self, z: Floats) -> Floats:
        z = np.maximum(z, _TINY)
        return normal_density(log(z) / self.sigma) / (z * self.sigma)

    def inverse(self, below: Floats, above: Floats) -> Floats:
        return exp(np.minimum(normal_quantile(below, above) * self.sigma, 700.0))


@dataclass(frozen=True)
class Weibull:
    """Scale 1; of shape 1 it is the exponential law of mean 1."""

    shape: float = 1.0
    support = (0.0, math.inf)
    breaks = ()

    def tails(self, z: Floats) -> Tails:
        hazard = power(np.maximum(z, 0.0), self.shape)
        return -expm1(-hazard), exp(-hazard)

    def density(self, z: Floats) -> Floats:
        z = np.maximum(z, _TINY)
        return np.asarray(self.shape * power(z, self.shape - 1) * exp(-power(z, self.shape)))

    def inverse(self, below: Floats, above: Floats) -> Floats:
        near = -log1p(-np.minimum(below, 0.5))
        far = -log(np.maximum(above, _TINY))
        return power(np.where(below <= above, near, far), 1 / self.shape)


@dataclass(frozen=True)
class Pareto:
    """Minimum 1: the probability above z is z^-shape."""

    shape: float
    support = (1.0, math.inf)
    breaks = ()

    def tails(self, z: Floats) -> Tails:
        fall = -self.shape * log(np.maximum(z, 1.0))
        return -expm1(fall), exp(fall)

    def density(self, z: Floats) -> Floats:
        return np.where(z >= 1, self.shape * power(np.maximum(z, 1.0), -self.shape - 1), 0.0)

    def inverse(self, below: Floats, above: Floats) -> Floats:
        near = -log1p(-np.minimum(below, 0.5))
        far = -log(np.maximum(above, _TINY))
        return exp(np.minimum(np.where(below <= above, near, far) / self.shape, 700.0))


@dataclass(frozen=True)
class PowerLaw:
    """Between 1 and `ratio`, with a density in proportion to z^-exponent; of exponent 1 the logarithm is uniform."""

    exponent: float
    ratio: float
    breaks = ()

    @property
    def support(self) -> tuple[float, float]:
        return 1.0, self.ratio

    def tails(self, z: Floats) -> Tails:
        z = np.clip(z, 1.0, self.ratio)
        whole = self.integral(np.array(self.ratio))
        above = exp((1 - self.exponent) * log(z)) * self.integral(self.ratio / z)
        return self.integral(z) / whole, above / whole

    def density(self, z: Floats) -> Floats:
        height = power(np.clip(z, 1.0, self.ratio), -self.exponent) / self.integral(np.array(self.ratio))
        return np.where((z >= 1) & (z <= self.ratio), height, 0.0)

    def inverse(self, below: Floats, above: Floats) -> Floats:
        whole, length = self.integral(np.array(self.ratio)), log(np.array(self.ratio))
        near = self._inverse(np.minimum(below, 0.5) * whole, 1 - self.exponent)
        # From the upper end, ratio / z has a density in proportion to its power of exponent - 2.
        far = self._inverse(np.minimum(above, 0.5) * whole * exp((self.exponent - 1) * length), self.exponent - 1)
        return np.clip(np.where(below <= above, exp(near), self.ratio * exp(-far)), 1.0, self.ratio)

    def integral(self, z: Floats) -> Floats:
        """The integral of t^-exponent for t from 1 to z."""
        rest = 1 - self.exponent
        return expm1(rest * log(z)) / rest if rest else log(z)

    def _inverse(self, integral: Floats, rest: float) -> Floats:
        """The logarithm of y, where the integral of t^(rest - 1) from 1 to y is this."""
        return log1p(rest * integral) / rest if rest else integral


@dataclass(frozen=True)
class Triangular:
    """Between 0 and 1, most frequent at `mode`."""

    mode: float
    support = (0.0, 1.0)

    @property
    def breaks(self) -> tuple[float, ...]:
        return (self.mode,)

    def tails(self, z: Floats) -> Tails:
        z, rest = np.clip(z, 0.0, 1.0), 1 - self.mode
        rising = z * z / (self.mode or 1.0)
        falling = (1 - z) ** 2 / (rest or 1.0)
        before = z < self.mode
        return np.where(before, rising, 1 - falling), np.where(before, 1 - rising, falling)

    def density(self, z: Floats) -> Floats:
        height = np.where(z < self.mode, 2 * z / (self.mode or 1.0), 2 * (1 - z) / ((1 - self.mode) or 1.0))
        return np.where((z >= 0) & (z <= 1), height, 0.0)

    def inverse(self, below: Floats, above: Floats) -> Floats:
        rising = np.sqrt(np.maximum(below, 0.0) * self.mode)
        falling = 1 - np.sqrt(np.maximum(above, 0.0) * (1 - self.mode))
        return np.where(below < self.mode, rising, falling)


@dataclass(frozen=True)
class Gamma:
    """Scale 1."""

    shape: float
    support = (0.0, math.inf)
    breaks = ()

    @property
    def _logarithm(self) -> Quadrature:
        return gamma_quadrature(self.shape)

    def tails(self, z: Floats) -> Tails:
        return self._logarithm.tails(log(np.maximum(z, _TINY) / self.shape))

    def density(self, z: Floats) -> Floats:
        z = np.maximum(z, _TINY)
        return self._logarithm.density(log(z / self.shape)) / z

    def inverse(self, below: Floats, above: Floats) -> Floats:
        return self.shape * exp(self._logarithm.inverse(below, above))


@dataclass(frozen=True)
class Beta:
    """Between 0 and 1."""

    alpha: float
    beta: float
    support = (0.0, 1.0)
    breaks = ()

    def _logit(self, z: Floats) -> Floats:
        z = np.clip(z, _TINY, 1 - 2.0**-53)
        return log(z / (1 - z)) - log(np.array(self.alpha / self.beta))

    def tails(self, z: Floats) -> Tails:
        below, above = beta_quadrature(self.alpha, self.beta).tails(self._logit(z))
        return np.where(z >= 1, 1.0, np.where(z <= 0, 0.0, below)), np.where(z >= 1, 0.0, np.where(z <= 0, 1.0, above))

    def density(self, z: Floats) -> Floats:
        y = self._logit(z)
        inside = np.clip(z, _TINY, 1 - 2.0**-53)
        return beta_quadrature(self.alpha, self.beta).density(y) / (inside * (1 - inside))

    def inverse(self, below: Floats, above: Floats) -> Floats:
        y = beta_quadrature(self.alpha, self.beta).inverse(below, above) + log(np.array(self.alpha / self.beta))
        near = exp(-np.abs(y))
        return np.where(y < 0, near / (1 + near), 1 / (1 + near))


@dataclass(frozen=True)
class VonMises:
    """The angle from the mean, from -pi to pi."""

    concentration: float
    support = (-math.pi, math.pi)
    breaks = ()

    def tails(self, z: Floats) -> Tails:
        return von_mises_quadrature(self.concentration).tails(z)

    def density(self, z: Floats) -> Floats:
        return von_mises_quadrature(self.concentration).density(z)

    def inverse(self, below: Floats, above: Floats) -> Floats:
        return von_mises_quadrature(self.concentration).inverse(below, above)


# -- moved, scaled, cut, mixed ----------------------------------------------------------------------------


class Truncated:
    """`location + scale * z` for a law of z, on [low, high] alone; the mass outside is spread over the inside.

    `mass` is the share of the whole law that lies between the bounds; low and high lie within the law's support.
    """

    def __init__(self, law: Density, location: float, scale: float, low: float, high: float) -> None:
        self.law, self.location, self.scale = law, location, scale
        self.low = max(low, location + scale * law.support[0])
        self.high = min(high, location + scale * law.support[1])
        ends = np.clip((np.array([self.low, self.high]) - location) / scale, *law.support)
        below, above = law.tails(ends)
        self._ends, self._below, self._above = ends, below.tolist(), above.tolist()
        # Of the two expressions for the mass between the bounds, take the one whose terms do not cancel.
        mass = self._below[1] - self._below[0] if self._below[0] <= 0.5 else self._above[0] - self._above[1]
        self.mass = max(mass, 0.0) if self.low < self.high else 0.0

    @property
    def support(self) -> tuple[float, float]:
        return self.low, self.high

    @property
    def breaks(self) -> tuple[float, ...]:
        found = (self.location + self.scale * z for z in self.law.breaks)
        return tuple(x for x in found if self.low < x < self.high)

    def tails(self, x: Floats) -> Tails:
        below, above = self.law.tails(np.clip((x - self.location) / self.scale, *self._ends))
        lower = np.where(below <= 0.5, below - self._below[0], self._above[0] - above)
        upper = np.where(above <= 0.5, above - self._above[1], self._below[1] - below)
        return np.clip(lower / self.mass, 0.0, 1.0), np.clip(upper / self.mass, 0.0, 1.0)

    def density(self, x: Floats) -> Floats:
        inside = (x >= self.low) & (x <= self.high)
        return np.where(inside, self.law.density((x - self.location) / self.scale) / (self.scale * self.mass), 0.0)

    def inverse(self, below: Floats, above: Floats) -> Floats:
        lower, upper, near = below * self.mass, above * self.mass, below <= above
        z = self.law.inverse(
            np.where(near, self._below[0] + lower, self._below[1] - upper),
            np.where(near, self._above[0] - lower, self._above[1] + upper),
        )
        return np.clip(self.location + self.scale * z, self.low, self.high)


_KNOWN = 2.0 ** -np.concatenate([np.arange(1, 12, 0.25), np.arange(12, 80, 4.0)])
_BISECTIONS = 60


@dataclass(frozen=True, eq=False)
class Mixture:
    """A weighted sum of truncated laws, whose weights sum to 1."""

    parts: Sequence[Truncated]
    weights: Sequence[float]

    @property
    def support(self) -> tuple[float, float]:
        return min(part.low for part in self.parts), max(part.high for part in self.parts)

    @property
    def breaks(self) -> tuple[float, ...]:
        ends = {x for part in self.parts for x in (part.low, part.high, *part.breaks)}
        return tuple(sorted(ends - set(self.support)))

    def tails(self, z: Floats) -> Tails:
        below, above = np.zeros_like(z), np.zeros_like(z)
        for part, weight in zip(self.parts, self.weights, strict=True):
            lower, upper = part.tails(z)
            below += weight * lower
            above += weight * upper
        return below, above

    def density(self, z: Floats) -> Floats:
        pairs = zip(self.parts, self.weights, strict=True)
        return np.asarray(sum((weight * part.density(z) for part, weight in pairs), np.zeros_like(z)))

    def inverse(self, below: Floats, above: Floats) -> Floats:
        """Newton's method on the logit, kept in a bracket that shrinks."""
        grid = self._grid()
        known = _logit(*self.tails(grid))
        target = _logit(below, above)
        place = np.clip(np.searchsorted(known, target) - 1, 0, len(grid) - 2)
        low, high = grid[place], grid[place + 1]
        z = np.clip(np.interp(target, known, grid), low, high)
        for _ in range(_BISECTIONS):
            found = self.tails(z)
            error = _logit(*found) - target
            low, high = np.where(error <= 0, z, low), np.where(error >= 0, z, high)
            step = error * found[0] * found[1] / np.maximum(self.density(z), _TINY)
            narrow = 2 * np.spacing(np.abs(z))
            done = (np.abs(error) < 1e-13) | (np.abs(step) <= narrow) | (high - low <= narrow)
            if np.all(done):
                break
            moved = z - step
            moved = np.where((moved > low) & (moved < high), moved, (low + high) / 2)
            z = np.where(done, z, moved)
        return z

    def _grid(self) -> Floats:
        ends = [np.array([part.low, part.high]) for part in self.parts]
        lower = [part.inverse(_KNOWN, 1 - _KNOWN) for part in self.parts]
        upper = [part.inverse(1 - _KNOWN, _KNOWN) for part in self.parts]
        return np.unique(np.concatenate([*ends, *lower, *upper]))


def _logit(below: Floats, above: Floats) -> Floats:
    return log(np.maximum(below, _TINY)) - log(np.maximum(above, _TINY))
