"""This file knows lines: where a column's values lie, and how a law's parameters are measured there."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction

from gen.synth.grids import Grid
from gen.synth.laws.densities import Density, Truncated


class Refused(Exception):
    """A law that cannot be drawn as declared; the caller knows which column's it is."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


@dataclass(frozen=True)
class Line:
    """Where a column's values lie, and in what units its laws are declared.

    low, high   the ends
    grid        the integers, where the values are counted
    scale       grid integers per unit of a law's parameters
    origin      where laws of positive variables begin, in that unit
    count       what a count of a law of counts is worth, in that unit
    day         grid integers in a day, where they count from 1970-01-01; 0 where they do not
    anchored    whether the origin is the column's least value; a law whose counts begin at 1 then begins there, too
    wide        of integers beyond 64 bits, whose ranks are drawn: how many of the declared values one rank stands for
    reach       how far a law may go past ends that nobody declared: grid integers, or floats; None: nowhere
    window      the line before it was opened for its law: what a law leaves out is measured there
    """

    low: float
    high: float
    grid: Grid | None = None
    scale: Fraction = Fraction(1)
    origin: Fraction = Fraction(0)
    count: Fraction = Fraction(1)
    anchored: bool = False
    day: int = 0
    wide: int = 0
    reach: tuple[float, float] | None = None
    window: Line | None = None

    @property
    def plain(self) -> Line:
        """The line that a column has without a law."""
        return self.window or self

    def moved(self, other: Line, position: float) -> float:
        """A position on another line of the same column, on this one."""
        if self.grid is None or other.grid is None:
            return position
        return float((Fraction(position) * other.grid.step + other.grid.first - self.grid.first) / self.grid.step)

    def stretched(self, other: Line, length: float) -> float:
        """A length on another line of the same column, on this one."""
        if self.grid is None or other.grid is None or self.grid.step == other.grid.step:
            return length
        return float(Fraction(length) * other.grid.step / self.grid.step)

    def exact(self, value: float | Fraction) -> Fraction:
        """A position in the law's unit as a rank, or as it is."""
        place = Fraction(value)
        return place if self.grid is None else (place * self.scale - self.grid.first) / self.grid.step

    def position(self, value: float | Fraction) -> float:
        return float(self.exact(value))

    def length(self, value: float) -> float:
        return value if self.grid is None else float(Fraction(value) * self.scale / self.grid.step)

    def point(self, value: float | Fraction) -> float:
        """The position of one value, which must exist: on a grid, be one of its points."""
        place = self.exact(value)
        if self.grid is not None and (place.denominator > 1 or int(float(place)) != place):
            raise Refused(
                f"{float(value):.10g} is not a value the column can hold.", "Give a value the bounds and type allow."
            )
        return float(place)

    def text(self, position: float) -> str:
        """A position as it would be declared."""
        place = Fraction(position)
        return _short(place if self.grid is None else (place * self.grid.step + self.grid.first) / self.scale)

    def size(self, length: float) -> str:
        """A length as it would be declared."""
        return _short(Fraction(length) if self.grid is None else Fraction(length) * self.grid.step / self.scale)

    @property
    def ends_declared(self) -> tuple[float, float]:
        """The least and the greatest grid integer, or value."""
        return (self.low, self.high) if self.grid is None else (self.grid.first, self.grid.last)

    def between(self, low: float, high: float) -> Line:
        """This line, opened: from one grid integer to another, or from one value to another."""
        if self.grid is None:
            return replace(self, low=low, high=high, reach=None, window=self)
        grid = Grid(int(low), self.grid.step, int(high - low) // self.grid.step + 1)
        return replace(self, low=-0.5, high=grid.count - 0.5, grid=grid, reach=None, window=self)

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the largest value; on a grid, without the half steps beyond."""
        return (self.low, self.high) if self.grid is None else (0.0, float(self.grid.count - 1))

    @property
    def middle(self) -> float:
        low, high = self.ends
        return low / 2 + high / 2

    @property
    def sixth(self) -> float:
        """A sixth of the way from end to end."""
        low, high = self.ends
        return high / 6 - low / 6 if self.grid is None else max(high, 0.5) / 6

    @property
    def drawn(self) -> Grid:
        """The integers that a sampler gives, of a line that has a grid: those of the grid, or their ranks."""
        assert self.grid is not None
        return Grid(0, 1, self.grid.count) if self.wide else self.grid

    @property
    def whole(self) -> Grid:
        """The grid of a law of counts: a float column's whole numbers where it has no grid of its own."""
        if self.grid is not None:
            return self.grid
        low, high = max(math.ceil(self.low), -(2**53)), min(math.floor(self.high), 2**53)
        return Grid(low, 1, max(high - low + 1, 0))

    def cut(self, law: Density, location: float, scale: float) -> Truncated:
        return Truncated(law, location, scale, self.low, self.high)


def _short(value: Fraction) -> str:
    return f"{float(value):.10g}"


def line_of_grid(
    grid: Grid,
    scale: Fraction = Fraction(1),
    origin: Fraction | None = None,
    count: Fraction = Fraction(1),
    day: int = 0,
) -> Line:
    """The line of a grid's ranks. Without an origin, laws of positive variables begin at the least value."""
    begin = Fraction(grid.first) / scale if origin is None else origin
    return Line(-0.5, float(grid.count - 1) + 0.5, grid, scale, begin, count, origin is None, day)
