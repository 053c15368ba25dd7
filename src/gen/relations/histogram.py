"""This file knows exact histograms: how many parents have how many children, from a law, without sampling noise.

A law says with what chance a parent has k children. Over so many parents, R_k = round(parents * F(k)) of them have k
or fewer. Where the children must add up to a number that is asked for, the law is tilted first, p_k * theta^k, to have
that mean: Poisson stays Poisson, and any law becomes the one of most entropy among its reweightings. What rounding
leaves over is made up by moving a few parents to a neighbouring count of the law.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import cast

import numpy as np
from numpy.typing import NDArray

from gen.elementary import exp, log
from gen.errors import CapacityError
from gen.streams import kernel

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

TABLED_TOTALS = 2**22  # to this many totals it is tabled which can be met, where counts have holes
TABLED_STEPS = 2**28  # totals times counts: about a second
NO_WAY = np.iinfo(np.int32).max


@dataclass(frozen=True, eq=False)
class Histogram:
    """So many parents have so many children. `counts` ascend and are 0 or more, `parents` are 1 or more: int64."""

    counts: Integers
    parents: Integers

    @cached_property
    def size(self) -> int:
        """All parents."""
        return int(self.parents.sum())

    @cached_property
    def total(self) -> int:
        """All children."""
        return _total(self.counts, self.parents)


def histogram_of(where: str, counts: Integers, weights: Floats, parents: int, total: int | None = None) -> Histogram:
    """The law with these weights (0 or more) at these counts (ascending, distinct, 0 or more), on so many parents.

    With `total`, the children add up to it exactly; else to what the law gives. CapacityError, which begins with
    `where`, if no histogram on these counts has that total; its facts `below` and `above` are the nearest that one
    has, None where there is none.
    """
    support, chances = counts[weights > 0], weights[weights > 0]
    if parents == 0:
        support, chances = support[:0], chances[:0]
    elif not support.size:
        raise ValueError("a law without any weight")
    if total is None:
        return _filled(support, _rounded(chances, parents))
    least, most = (parents * int(support[end]) if parents else 0 for end in (0, -1))
    if not least <= total <= most:
        raise _cannot(
            where, total, support, parents, (most if total > most else None, least if total < least else None)
        )
    if total in (least, most):
        return _filled(support[:1] if total == least else support[-1:], np.full(min(parents, 1), parents, np.int64))
    held = _rounded(_tilted(support, chances, total / parents), parents)
    met = _moved(support, held, total - _total(support, held))
    if met is None:
        found = _Reachable.of(support, parents, total)
        met = found.histogram() if found else None
        if met is None:
            nearest = found.nearest() if found else _nearest(support, held, total, least, most)
            raise _cannot(where, total, support, parents, nearest)
    return _filled(support, met)


def _total(counts: Integers, parents: Integers) -> int:
    if float(counts.astype(np.float64) @ parents.astype(np.float64)) < 2**62:
        return int(counts @ parents)
    return sum(int(count) * int(number) for count, number in zip(counts, parents, strict=True))


def _filled(support: Integers, held: Integers) -> Histogram:
    return Histogram(support[held > 0], held[held > 0])


def _rounded(chances: Floats, parents: int) -> Integers:
    """Parents shared out by these chances: each cumulated share is rounded, so that no error adds up."""
    if not chances.size:
        return np.empty(0, np.int64)
    cumulated = np.cumsum(chances / chances.max())
    marks = np.rint(cumulated / cumulated[-1] * parents).astype(np.int64)
    return cast(Integers, np.diff(marks, prepend=0))


def _tilted(support: Integers, chances: Floats, mean: float) -> Floats:
    """chances * e^(tilt * count), with the tilt that gives this mean, strictly between the least and the most."""
    places = (support - mean) / float(support[-1] - support[0])
    logarithms = log(chances)

    def moments(tilt: float) -> tuple[Floats, float, float]:
        exponents = logarithms + tilt * places
        tilted = exp(exponents - exponents.max())
        tilted /= _added(tilted)
        first = _added(tilted * places)
        return tilted, first, _added(tilted * places * places) - first * first

    tilted, first, variance = moments(0.0)
    low, high = (0.0, 1.0) if first < 0 else (-1.0, 0.0)
    while first < 0 and moments(high)[1] < 0:
        low, high = high, 2 * high
    while first > 0 and moments(low)[1] > 0:
        low, high = 2 * low, low
    tilt = low if first < 0 else high
    for _ in range(200):  # Newton's steps, where they stay between what is known; else halving
        tilted, first, variance = moments(tilt)
        if abs(first) < 1e-15:
            break
        low, high = (tilt, high) if first < 0 else (low, tilt)
        newton = tilt - first / variance if variance > 0 else math.inf
        following = newton if low < newton < high else (low + high) / 2
        if following == tilt:
            break
        tilt = following
    return tilted


def _added(numbers: Floats) -> float:
    """Their sum, added from the first to the last: in the same order on every platform."""
    return float(np.cumsum(numbers)[-1])


# -- making up what is missing ---------------------------------------------------------------------------


def _moved(support: Integers, held: Integers, missing: int) -> Integers | None:
    """The same parents, some with a neighbouring count, so that `missing` children are added; None if not found."""
    held = held.copy()
    gaps = np.diff(support)
    moves = _moves(np.unique(gaps)[::-1].tolist(), missing)
    while moves:
        done = {gap: _stepped(held, np.flatnonzero(gaps == gap), number) for gap, number in moves.items()}
        if not any(done.values()):
            return None
        moves = {gap: number - done[gap] for gap, number in moves.items() if number != done[gap]}
    return None if moves is None else held


def _moves(gaps: list[int], missing: int) -> dict[int, int] | None:
    """How many steps up (down, where negative) over gaps of each width add up to `missing`; the widest come first.

    Over the widest gap go as many as come nearest, among those numbers that the narrower gaps can make up for.
    """
    rests = [*accumulate(reversed(gaps), math.gcd)][-2::-1]  # of the gaps that are narrower than each
    moves = {}
    for gap, rest in zip(gaps, [*rests, 0], strict=True):
        common = math.gcd(gap, rest)
        if missing % common:
            return None
        period = rest // common
        fitting = missing // common * pow(gap // common, -1, period) % period if period else missing // gap
        number = fitting + period * round((missing - fitting * gap) / (gap * period)) if period else fitting
        missing -= number * gap
        if number:
            moves[gap] = number
    return moves


def _stepped(held: Integers, boundaries: Integers, number: int) -> int:
    """Move so many parents up over these boundaries between neighbouring counts (down, where negative), in proportion.

    In place. The number that was moved, which is less where fewer are there.
    """
    sources = boundaries if number > 0 else boundaries + 1
    there = held[sources]
    most = int(there.sum())
    wanted = min(abs(number), most)
    if not wanted:
        return 0
    marks = np.rint(np.cumsum(there) * (wanted / most)).astype(np.int64)
    marks[-1] = wanted
    gone = np.minimum(np.diff(marks, prepend=0), there)
    sign = 1 if number > 0 else -1
    np.subtract.at(held, sources, gone)
    np.add.at(held, sources + sign, gone)
    return sign * int(gone.sum())


# -- counts with holes: which totals can be met at all ------------------------------------------------------


@kernel("void(int64[::1], int32[::1], int32[::1])")
def _fewest(steps: Integers, fewest: NDArray[np.int32], last: NDArray[np.int32]) -> None:
    """The fewest steps that add up to each number, and the last of them; NO_WAY where none do."""
    for value in range(1, fewest.size):
        best, chosen = NO_WAY, -1
        for i in range(steps.size):
            if steps[i] <= value and fewest[value - steps[i]] < best:
                best, chosen = fewest[value - steps[i]], i
        fewest[value] = best + 1 if chosen >= 0 else NO_WAY
        last[value] = chosen


@dataclass(frozen=True, eq=False)
class _Reachable:
    """Totals near one end of those that are possible, as steps from that end: by the fewest parents that take any."""

    support: Integers
    parents: int
    steps: Integers  # from the end to each other count, and which count that is
    reached: Integers
    fewest: NDArray[np.int32]
    last: NDArray[np.int32]
    asked: int  # the asked total, as so many steps of `unit` from the end
    sign: int
    left: int  # what is asked beyond whole units
    unit: int

    @classmethod
    def of(cls, support: Integers, parents: int, total: int) -> _Reachable | None:
        """From the nearer end; None where a table would be too large."""
        least, most = parents * int(support[0]), parents * int(support[-1])
        sign = 1 if total - least <= most - total else -1
        distances = support - support[0] if sign > 0 else support[-1] - support
        unit = math.gcd(*distances.tolist())
        away = total - least if sign > 0 else most - total
        tabled = min(away + int(distances.max()), most - least) // unit + 1
        if tabled > TABLED_TOTALS or tabled * support.size > TABLED_STEPS:
            return None
        reached = np.flatnonzero(distances)
        fewest, last = np.zeros(tabled, np.int32), np.full(tabled, -1, np.int32)
        steps = distances[reached] // unit
        _fewest(steps, fewest, last)
        return cls(support, parents, steps, reached, fewest, last, away // unit, sign, away % unit, unit)

    def histogram(self) -> Integers | None:
        """Parents at each count of the support, for the asked total; None where there are none."""
        if self.left or self.fewest[self.asked] > self.parents:
            return None
        held = np.zeros(self.support.size, np.int64)
        held[0 if self.sign > 0 else -1] = self.parents - self.fewest[self.asked]
        value = self.asked
        while value:
            held[self.reached[self.last[value]]] += 1
            value -= int(self.steps[self.last[value]])
        return held

    def nearest(self) -> tuple[int | None, int | None]:
        """The nearest totals, below and above the asked one, that can be met."""
        met = np.flatnonzero(self.fewest <= self.parents)
        near = [met[met <= self.asked][-1:], met[met > self.asked][:1]]
        end = self.parents * int(self.support[0 if self.sign > 0 else -1])
        totals = [end + self.sign * self.unit * int(one[0]) if one.size else None for one in near]
        return (totals[0], totals[1]) if self.sign > 0 else (totals[1], totals[0])


def _nearest(support: Integers, held: Integers, total: int, least: int, most: int) -> tuple[int | None, int | None]:
    """The nearest totals that are found where there are too many to table."""
    unit = math.gcd(*np.diff(support).tolist())
    now, first = _total(support, held), (total - least) // unit
    below = (least + unit * (first - i) for i in range(min(first + 1, 100)))
    above = (least + unit * (first + 1 + i) for i in range(min((most - least) // unit - first, 100)))
    found = [next((t for t in ts if _moved(support, held, t - now) is not None), None) for ts in (below, above)]
    return found[0], found[1]


def _cannot(
    where: str, total: int, support: Integers, parents: int, nearest: tuple[int | None, int | None]
) -> CapacityError:
    below, above = nearest
    known = [f"{number:,}" for number in nearest if number is not None]
    few = support.size <= 5
    each = (
        " or ".join(f"{count:,}" for count in support)
        if few
        else f"{support[0]:,} to {support[-1]:,}"
        if parents
        else ""
    )
    have = f"{parents:,} parents with {each} children each" if parents else "no parents"
    return CapacityError(
        f"{where}: {total:,} children are asked for, which {have} cannot have"
        + (f"; the nearest that they can have is {' or '.join(known)}." if known else "."),
        hint=f"Ask for {' or '.join(known)} children, or change the law or the number of parents.",
        asked=total,
        below=below,
        above=above,
    )
