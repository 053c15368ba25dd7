"""This file knows samplers: what maps words to values on a column's line; and how parts of a law become one.

A sampler has `at(words)`, one value for each uint64 word, and `words_of(probabilities)`, which turns plain
probabilities, word / 2^64, into words whose values ascend with them. All are picklable.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gen.streams import Words, uniform_floats, uniform_integers
from gen.synth.grids import Grid
from gen.synth.laws.cells import Celled
from gen.synth.laws.densities import Density, Mixture, Normal, Truncated, Uniform
from gen.synth.laws.discrete import Choice, Piece, Pieces
from gen.synth.laws.lines import Refused
from gen.synth.laws.quantiles import TOLERANCE, QuantileTable, normal_table, piece_table_of, round_to_grid, table_of
from gen.synth.laws.special import Floats

MOST_TABLES = 64  # in one law: 10 MB
FEW_COPIES = 16  # of a periodic law that may overlap with others
MOST_OVERLAPS = 200_000  # pairs of intervals and parts of a mixture
LEAST_FOLLOWED = 0.75  # of the words, by cubics; of fewer, the pieces alone are as fast
MOST_POINTS = 65_536  # of a grid on which a mixture is listed value by value


class Sampler(Protocol):
    """Words to values."""

    def at(self, words: Words) -> NDArray[Any]: ...

    def words_of(self, probabilities: Words) -> Words: ...


@dataclass(frozen=True)
class EvenIntegers:
    """The integers of a grid, each equally likely: int64."""

    grid: Grid

    def at(self, words: Words) -> NDArray[np.int64]:
        out = np.empty(words.size, np.int64)
        first, last, step = np.int64(self.grid.first), np.uint64(self.grid.count - 1), np.int64(self.grid.step)
        uniform_integers(words, out, first, last, step)
        return out

    def words_of(self, probabilities: Words) -> Words:
        return probabilities


@dataclass(frozen=True)
class EvenFloats:
    """Uniform on [low, high]: float64."""

    low: float
    high: float

    def at(self, words: Words) -> Floats:
        out = np.empty(words.size, np.float64)
        # A range wider than the largest double is drawn at half scale; halving and doubling are exact.
        scale = 1.0 if np.isfinite(self.high - self.low) else 2.0
        width = self.high / scale - self.low / scale
        uniform_floats(words, out, self.low / scale, width, scale, self.high)
        return out

    def words_of(self, probabilities: Words) -> Words:
        return probabilities


@dataclass(frozen=True, eq=False)
class Rounded:
    """A law over the ranks of a grid, each rank standing for the interval half a step either side: int64."""

    law: QuantileTable | Pieces | Celled
    grid: Grid

    def at(self, words: Words) -> NDArray[np.int64]:
        out = np.empty(words.size, np.int64)
        first, last, step = np.int64(self.grid.first), np.uint64(self.grid.count - 1), np.int64(self.grid.step)
        round_to_grid(self.law.at(words), out, first, last, step)
        return out

    def words_of(self, probabilities: Words) -> Words:
        return self.law.words_of(probabilities)


@dataclass(frozen=True, eq=False)
class WholeFloats:
    """Integers as float64."""

    law: Choice | Rounded

    def at(self, words: Words) -> Floats:
        return self.law.at(words).astype(np.float64)

    def words_of(self, probabilities: Words) -> Words:
        return self.law.words_of(probabilities)


# -- parts into one -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Part:
    """A truncated law as a part of another: its weight, and how often it repeats, `period` apart."""

    weight: float
    law: Truncated
    copies: int = 1
    period: float = 0.0

    def copied(self) -> list[tuple[float, Truncated]]:
        """Each copy by itself."""
        if self.copies == 1:
            return [(self.weight, self.law)]
        law = self.law
        moves = [i * self.period for i in range(self.copies)]
        return [
            (self.weight / self.copies, Truncated(law.law, law.location + m, law.scale, law.low + m, law.high + m))
            for m in moves
        ]


@dataclass(frozen=True, eq=False)
class Parts:
    """A law on a line: continuous parts, and atoms at `places` with `weights`. All weights sum to 1.

    kept: the share of the law as declared that lies on the line.
    """

    continuous: Sequence[Part]
    places: Floats
    weights: Floats
    kept: float = 1.0


def parts_of(law: Truncated, weight: float = 1.0) -> Parts:
    """One continuous part, and nothing else."""
    return Parts([Part(weight, law)], np.empty(0), np.empty(0), law.mass)


def pieces_of(parts: Parts) -> list[Piece]:
    """The parts as pieces in ascending order: atoms, straight lines, and tables whose error is small.

    Raises Refused where that takes too many tables.
    """
    return _Assembly(parts).pieces()


def sampler_of(parts: Parts, low: float, high: float, celled: bool = False) -> QuantileTable | Pieces | Celled | Choice:
    """One sampler of all parts, on [low, high]; `celled`: in the fast form, where that has most of the words."""
    if not parts.continuous:
        return _listed(parts.places, parts.weights)
    only = parts.continuous[0]
    alone = len(parts.continuous) == 1 and not parts.places.size and only.copies == 1
    if alone and not isinstance(only.law.law, Uniform):
        law = only.law
        if isinstance(law.law, Normal):
            return normal_table(low, high, law.location, law.scale)
        table, error, _ = table_of(law)
        if error <= TOLERANCE:
            return QuantileTable(law.low, law.high, table)
    pieces = Pieces(pieces_of(parts), low, high)
    if celled and pieces.curved:
        fast = Celled(pieces)
        return fast if fast.followed > LEAST_FOLLOWED else pieces
    return pieces


def _listed(places: Floats, weights: Floats) -> Choice:
    """Atoms in ascending order, each place once."""
    distinct, which = np.unique(places, return_inverse=True)
    return Choice(distinct, np.bincount(which.ravel(), weights, len(distinct)).astype(np.float64))


class _Assembly:
    """The pieces of a law: its line is cut where a part begins, ends or has a kink, and at the atoms."""

    def __init__(self, parts: Parts) -> None:
        self.parts = sorted(parts.continuous, key=lambda part: part.law.low)
        atoms: dict[float, float] = {}
        for place, weight in sorted(zip(parts.places.tolist(), parts.weights.tolist(), strict=True)):
            atoms[place] = atoms.get(place, 0.0) + weight
        self.atoms = list(atoms.items())
        self._known: dict[tuple[Density, float, float, float], tuple[Floats, float, float]] = {}

    def pieces(self) -> list[Piece]:
        ends = [(part.law.low, part.law.high + (part.copies - 1) * part.period) for part in self.parts]
        if all(before[1] <= after[0] for before, after in itertools.pairwise(ends)):
            return list(self._in_a_row())
        if any(part.copies > FEW_COPIES for part in self.parts):
            raise Refused(f"a part repeats over {FEW_COPIES} times beside other parts.", "Give it a longer period.")
        return list(self._overlapping())

    def _in_a_row(self) -> Iterator[Piece]:
        """Parts that follow each other; of many copies of one, all share its tables."""
        waiting = self.atoms[::-1]
        for part in self.parts:
            law, weight, moves = (
                part.law,
                part.weight / part.copies,
                np.arange(part.copies, dtype=np.float64) * part.period,
            )
            if not waiting or waiting[-1][0] > law.high + moves[-1]:
                yield _repeated([*self._cut_at(weight, law, [])], moves)
                continue
            for moved in moves.tolist():
                inside = []
                while waiting and waiting[-1][0] - moved < law.high:
                    place, share = waiting.pop()
                    inside.append((place - moved, share))
                for piece in self._cut_at(weight, law, inside):
                    yield _repeated([piece], np.array([moved]))
        yield from (Piece(share, place) for place, share in waiting[::-1])

    def _cut_at(self, weight: float, law: Truncated, atoms: Sequence[tuple[float, float]]) -> Iterator[Piece]:
        """One law and atoms before its end, which are in ascending order."""
        cuts = sorted({law.high, *law.breaks, *(place for place, _ in atoms)})
        shares, left = dict(atoms), law.low
        for right in cuts:
            if right > left:
                yield from self._share(weight, law, left, right)
                left = right
            if right in shares:
                yield Piece(shares[right], right)

    def _overlapping(self) -> Iterator[Piece]:
        laws = [pair for part in self.parts for pair in part.copied()]
        atoms = dict(self.atoms)
        cuts = sorted({x for _, law in laws for x in (law.low, law.high, *law.breaks)} | set(atoms))
        if len(cuts) * len(laws) > MOST_OVERLAPS:
            raise Refused(
                f"it has {len(laws):,} continuous parts in {len(cuts):,} intervals, too many for a table.",
                "Use fewer parts, bins, or counts.",
            )
        for left, right in zip(cuts, [*cuts[1:], None], strict=True):
            if left in atoms:
                yield Piece(atoms[left], left)
            if right is not None:
                yield from self._between(laws, left, right)

    def _share(self, weight: float, law: Truncated, left: float, right: float) -> Iterator[Piece]:
        """One law from left to right; `weight` is that of the whole law."""
        whole = left <= law.low and law.high <= right
        share = weight if whole else weight * _between(*law.tails(np.array([left, right])))
        if isinstance(law.law, Uniform):
            yield Piece(share, left, right - left)
        elif share > 0:
            yield from self._cut(share, law, left, right)

    def _between(self, laws: Sequence[tuple[float, Truncated]], left: float, right: float) -> Iterator[Piece]:
        """The pieces of one interval, in which no part begins or ends."""
        active = [(weight, law) for weight, law in laws if law.low <= left and right <= law.high]
        if len(active) == 1:
            yield from self._share(*active[0], left, right)
            return
        ends = np.array([left, right])
        shares = [weight * _between(*law.tails(ends)) for weight, law in active]
        total = sum(shares)
        if total <= 0:
            return
        if all(isinstance(law.law, Uniform) for _, law in active):
            yield Piece(total, left, right - left)
        else:
            inside = [Truncated(law.law, law.location, law.scale, left, right) for _, law in active]
            weighed = [(law, share / total) for law, share in zip(inside, shares, strict=True) if law.mass * share > 0]
            mixture = Mixture([law for law, _ in weighed], [share for _, share in weighed])
            yield from self._cut(total, Truncated(mixture, 0.0, 1.0, left, right), left, right)

    def _cut(self, weight: float, law: Truncated, left: float, right: float) -> Iterator[Piece]:
        """The law between left and right, as tables whose errors are small; cut where they are not."""
        waiting = [(weight, left, right)]
        while waiting:  # every turn takes a piece, or one of the few tables there may be
            share, low, high = waiting.pop()
            part = Truncated(law.law, 0.0, law.scale, low - law.location, high - law.location)
            if part.mass <= 0 or part.low >= part.high:
                yield Piece(share, low)
                continue
            table, error, at = self._table(part)
            at = min(max(at + law.location, low), high)
            if error * share <= TOLERANCE or not low < at < high:
                yield Piece(share, law.location, tables=(table,))
                continue
            below, above = (float(tail[0]) for tail in part.tails(np.array([at - law.location])))
            waiting += [(share * above, at, high), (share * below, low, at)]

    def _table(self, part: Truncated) -> tuple[Floats, float, float]:
        key = (part.law, part.scale, part.low, part.high)
        if key not in self._known:
            if len(self._known) >= MOST_TABLES:
                raise Refused(
                    f"it needs more than {MOST_TABLES} tables.",
                    "Use fewer parts and atoms, or parts that differ less in scale.",
                )
            self._known[key] = piece_table_of(part)
        return self._known[key]


def _repeated(pieces: Sequence[Piece], moves: Floats) -> Piece:
    """The pieces of one copy, at each move; one after another."""
    values = np.add.outer(moves, np.array([piece.value for piece in pieces])).ravel()
    weights, widths = (np.tile(part, len(moves)) for part in zip(*((p.weight, p.width) for p in pieces), strict=True))
    return Piece(weights, values, widths, tuple(table for piece in pieces for table in piece.tables))


def _between(below: Floats, above: Floats) -> float:
    """The probability between two points, from the tails at both."""
    share = below[1] - below[0] if below[0] <= 0.5 else above[0] - above[1]
    return max(float(share), 0.0)


def listed_on_grid(parts: Parts, grid: Grid) -> Choice:
    """A mixture on a small grid, value by value: the mass half a step either side of each, and the atoms."""
    edges = np.arange(grid.count + 1, dtype=np.float64) - 0.5
    weights = np.bincount(np.rint(parts.places).astype(np.int64), parts.weights, grid.count).astype(np.float64)
    for part in parts.continuous:
        for weight, law in part.copied():
            below, above = law.tails(edges)
            weights += weight * np.where(below[:-1] <= 0.5, np.diff(below), -np.diff(above))
    return Choice(grid.values(np.arange(grid.count, dtype=np.uint64)), np.maximum(weights, 0.0))
