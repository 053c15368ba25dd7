"""This file knows laws of counts as continuous ones: each count stands for the interval half a step either side."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gen.elementary import exp, log, power
from gen.synth.laws.densities import PowerLaw, Tails
from gen.synth.laws.special import Floats

_TINY = 2.0**-1000


@dataclass(frozen=True)
class PowerSum:
    """Between 1 and `ratio`, in units of `edge`: the integral half a step either side of k is a sum's term k^-exponent.

    By the midpoint rule with its first correction: the relative error of a term is near
    7 s (s + 1) (s + 2) (s + 3) / (5760 k^4), for s the exponent: 3e-14 at k = 1024 where s is 1.
    Source: the Euler-Maclaurin formula at midpoints.
    """

    exponent: float
    edge: float
    ratio: float
    breaks = ()

    @property
    def _power(self) -> PowerLaw:
        return PowerLaw(self.exponent, self.ratio)

    @property
    def support(self) -> tuple[float, float]:
        return 1.0, self.ratio

    @property
    def total(self) -> float:
        """The sum, in units of edge^(1 - exponent)."""
        return float(self._power.integral(np.array(self.ratio)) - self._fall(np.array(1.0), np.array(self.ratio)))

    def _fall(self, low: Floats, high: Floats) -> Floats:
        """The correction of the integral from low to high."""
        fall = power(low, -1 - self.exponent) - power(high, -1 - self.exponent)
        return np.asarray(self.exponent / (24 * self.edge**2) * fall)

    def tails(self, z: Floats) -> Tails:
        z = np.clip(z, 1.0, self.ratio)
        whole, integral = self.total, self._power.integral
        above = exp((1 - self.exponent) * log(z)) * integral(self.ratio / z)
        below = integral(z) - self._fall(np.array(1.0), z)
        return below / whole, (above - self._fall(z, np.array(self.ratio))) / whole

    def density(self, z: Floats) -> Floats:
        inside = np.clip(z, 1.0, self.ratio)
        less = 1 - self.exponent * (self.exponent + 1) / (24 * self.edge**2) / inside**2
        height = power(inside, -self.exponent) * less / self.total
        return np.where((z >= 1) & (z <= self.ratio), height, 0.0)

    def inverse(self, below: Floats, above: Floats) -> Floats:
        """One step of Newton's method from the integral's inverse, which is near."""
        z = self._power.inverse(below, above)
        found = self.tails(z)
        error = np.where(below <= above, found[0] - below, above - found[1])
        return np.clip(z - error / self.density(np.clip(z, 1.0, self.ratio)), 1.0, self.ratio)


_NEWTON_STEPS = 4


@dataclass(frozen=True, eq=False)
class Listed:
    """Weights of the counts from `first` on, many and smooth: exact at the ends of every count's interval.

    Between them the distribution function is a cubic, whose slope at an end is the mean of the weights on both sides.
    """

    first: int
    weights: Floats
    breaks = ()

    @property
    def support(self) -> tuple[float, float]:
        return self.first - 0.5, self.first + len(self.weights) - 0.5

    @cached_property
    def _ends(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Shares of the counts; and at the ends of their intervals the probabilities below and above, and slopes."""
        below = np.concatenate([[0.0], np.cumsum(self.weights)])
        above = np.concatenate([np.cumsum(self.weights[::-1])[::-1], [0.0]])
        shares = self.weights / below[-1]
        slopes = (np.append(shares[0], shares) + np.append(shares, shares[-1])) / 2
        return shares, below / below[-1], above / above[0], slopes

    def _inside(self, z: Floats) -> tuple[NDArray[np.int64], Floats]:
        """Whose interval each place is in, and where in it."""
        place = np.clip(z - (self.first - 0.5), 0.0, float(len(self.weights)))
        which = np.minimum(place.astype(np.int64), len(self.weights) - 1)
        return which, place - which

    def tails(self, z: Floats) -> Tails:
        shares, below, above, slopes = self._ends
        i, t = self._inside(z)
        rest = 1 - t
        part = shares[i] * t * t * (1 + 2 * rest) + slopes[i] * t * rest * rest - slopes[i + 1] * t * t * rest
        other = shares[i] * rest * rest * (1 + 2 * t) - slopes[i] * t * rest * rest + slopes[i + 1] * t * t * rest
        return below[i] + part, above[i + 1] + other

    def density(self, z: Floats) -> Floats:
        shares, _, _, slopes = self._ends
        i, t = self._inside(z)
        rest = 1 - t
        height = 6 * shares[i] * t * rest + slopes[i] * rest * (1 - 3 * t) + slopes[i + 1] * t * (1 - 3 * rest)
        return np.where((z >= self.support[0]) & (z <= self.support[1]), height, 0.0)

    def inverse(self, below: Floats, above: Floats) -> Floats:
        """Newton's method, from straight lines between the ends."""
        _, lower, upper, _ = self._ends
        ends = np.arange(len(self.weights) + 1, dtype=np.float64) + (self.first - 0.5)
        near = below <= above
        z = np.where(near, np.interp(below, lower, ends), np.interp(above, upper[::-1], ends[::-1]))
        for _ in range(_NEWTON_STEPS):
            found = self.tails(z)
            error = np.where(near, found[0] - below, above - found[1])
            z = np.clip(z - np.clip(error / np.maximum(self.density(z), _TINY), -1.0, 1.0), *self.support)
        return z
