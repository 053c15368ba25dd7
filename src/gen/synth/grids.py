"""This file knows grids: evenly spaced integers between bounds, and which of them a law of counts can reach."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from gen.errors import SchemaError
from gen.keys import MAXIMUM_DOMAIN
from gen.streams import Words

FEW = 1000  # values that a default window must hold, or it is widened
BEYOND = 10  # values past the last of a grid that are kept apart from it: references that dangle have them


@dataclass(frozen=True)
class Grid:
    """Evenly spaced integers: first, first + step, ... `count` of them."""

    first: int
    step: int
    count: int

    @property
    def last(self) -> int:
        return self.first + self.step * (self.count - 1)

    def values(self, ranks: Words) -> NDArray[np.int64]:
        """The integers of these ranks. Wrapping 64-bit arithmetic gives the exact result, which fits."""
        if self.step != 1:
            ranks = ranks * np.uint64(self.step)
        if self.first:
            ranks = ranks + np.uint64(self.first % 2**64)
        return ranks.view(np.int64)

    def ranks(self, values: NDArray[np.int64]) -> Words:
        """The rank of each integer; `count` or above where it is not on the grid."""
        distance = values.view(np.uint64) - np.uint64(self.first % 2**64)
        ranks, rest = np.divmod(distance, np.uint64(self.step))
        outside = (rest != 0) | (values < self.first) | (values > self.last)
        ranks[outside] = np.uint64(MAXIMUM_DOMAIN)
        return ranks


def grid_of(where: str, low: int, high: int, step: int) -> Grid:
    """The multiples of `step` in [low, high], or an error where there are none."""
    first = -(-low // step) * step
    count = (high - first) // step + 1
    if count < 1:
        if low > high:
            raise SchemaError(
                f"{where}: the bounds contradict each other: at least {low} and at most {high}.",
                hint="Correct ge/gt and le/lt.",
            )
        raise SchemaError(
            f"{where}: no multiple of {step} lies between {low} and {high}.",
            hint="Widen the bounds or drop multiple_of.",
        )
    return Grid(first, step, count)


def window(low: int | None, high: int | None, default_low: int, default_high: int) -> tuple[int, int]:
    """Both bounds from one or none: the default window, moved so that a single bound outside it still has room."""
    width = default_high - default_low
    if low is None and high is None:
        return default_low, default_high
    if high is None:
        assert low is not None
        return (low, default_high) if low <= default_high else (low, low + width)
    if low is None:
        return (default_low, high) if high > default_low else (high - width, high)
    return low, high


def widened(low: int | None, high: int | None, found: tuple[int, int], step: int) -> tuple[int, int]:
    """A default window, or one that holds 2^32 multiples of the step where it would hold too few of them to vary.

    low, high: the bounds that are declared, which stay. An upper bound above 0 keeps its window from 0 if that varies.
    """
    enough = 2 if low is None and high is not None and high > 0 else FEW
    if (low is not None and high is not None) or found[1] // step - -(-found[0] // step) + 1 >= enough:
        return found
    width = step * 2**32
    return (high - width, high) if high is not None else (found[0], found[0] + width)


def reachable(grid: Grid, origin: Fraction, count: Fraction, least: int, most: int | None) -> tuple[Grid, int, int]:
    """The grid points among origin + count * k, whole k from `least` to `most`: a grid, its first k, and k's step.

    origin and count are in grid integers. A grid with a count of 0 or less where there is none.
    """
    start, stride = (origin - grid.first) / grid.step, count / grid.step  # in ranks
    whole = math.lcm(start.denominator, stride.denominator)
    a, b = int(start * whole), int(stride * whole)
    common = math.gcd(b, whole)
    if a % common:
        return Grid(grid.first, grid.step, 0), 0, 1
    step = whole // common
    remainder = -(a // common) * pow(b // common, -1, step) % step
    first = max(least, math.ceil(-start / stride))
    first += (remainder - first) % step
    last = math.floor((grid.count - 1 - start) / stride)
    last = last if most is None else min(last, most)
    rank = int(start + stride * first)
    return Grid(grid.first + grid.step * rank, int(grid.step * stride * step), (last - first) // step + 1), first, step
