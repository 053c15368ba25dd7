"""This file knows numbers: integers and floats between declared bounds, uniform or by a law, and integer keys."""

from __future__ import annotations

import copy
import math
import sys
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.block import boolean_values, fixed_width_array, fixed_width_values
from gen.errors import SchemaError
from gen.keys import MAXIMUM_DOMAIN
from gen.schema.links import Distribution
from gen.schema.spec import Column
from gen.streams import Rows, Words
from gen.synth.grids import BEYOND, FEW, widened
from gen.synth.grids import Grid as Grid
from gen.synth.grids import grid_of as grid_of
from gen.synth.grids import window as window
from gen.synth.laws.compiled import compile_law, opened_line
from gen.synth.laws.lines import Line, line_of_grid
from gen.synth.listings import Listing
from gen.synth.ranked import Ranked
from gen.synth.synthesizer import Storage, Synthesizer

DEFAULT_MAXIMUM = 2**32 - 1  # the default range of numbers is 0 to here
DEFAULT_KEY_MAXIMUM = 2**63 - 1  # of integer keys without bounds, once their table has more rows than
MANY_ROWS = 2**31
_INT64 = (-(2**63), 2**63 - 1)
_LARGEST = sys.float_info.max
_EXACT = 2**53  # whole numbers up to here are doubles


class OnGrid(Synthesizer):
    """What every column of evenly spaced integers shares, whatever the integers mean: numbers, days, microseconds.

    A subclass says its grid, and in what unit its laws are declared:

    unit    grid integers per unit of a law's parameters, exact
    origin  where laws of positive variables begin, in that unit; None: at the column's least value
    count   what one count of a law of counts is worth, in that unit
    day     grid integers in a day, where they count from 1970-01-01
    ends    the least and the greatest grid integer of its type; None: a column without bounds has all of them anyhow
    """

    unit: Fraction = Fraction(1)
    origin: Fraction | None = Fraction(0)
    count: Fraction = Fraction(1)
    day: int = 0
    ends: tuple[int, int] | None = None

    @abstractmethod
    def grid(self) -> Grid:
        """The integers the column's values are drawn from."""

    def prepare(self) -> None:
        super().prepare()
        self.values_grid = self.grid()
        line = self.line()
        self.values_grid = line.drawn
        self.is_narrow = self.arrow_type.bit_width == 32
        self.law = compile_law(self.where, self.column.distribution, line, self.rows)

    def line(self) -> Line:
        """Where the values lie, as laws measure it."""
        return opened_line(self.where, self.column.distribution, self.plain_line(), self.rows)

    def plain_line(self) -> Line:
        """Where they would lie without a law, and how far one may reach."""
        line = line_of_grid(self.values_grid, self.unit, self.origin, self.count, self.day)
        return replace(line, reach=reach_beside(self.column, line, self.ends))

    @property
    def span(self) -> tuple[int, int]:
        """The least and the greatest grid integer."""
        return self.values_grid.first, self.values_grid.last

    def open_for(self, laws: Sequence[Distribution | None]) -> None:
        """Have `values_grid` hold what each of these laws may draw."""
        lines = [opened_line(self.where, law, self.plain_line(), self.rows) for law in laws]
        grids = [line.grid for line in lines if line.grid is not None]
        first, last = min(grid.first for grid in grids), max(grid.last for grid in grids)
        self.values_grid = Grid(first, grids[0].step, (last - first) // grids[0].step + 1)

    def words_of(self, probabilities: Words) -> Words:
        return self.law.words_of(probabilities)

    def integers(self, rows: Rows) -> NDArray[np.int64]:
        """int64 array: the column's integers at these rows."""
        return self.law.values(rows, self.value_words)

    def to_arrow(self, integers: NDArray[np.int64]) -> pa.Array:
        """The integers as values of the column's type, without a copy where the width allows."""
        return fixed_width_array(self.arrow_type, integers if not self.is_narrow else integers.astype(np.int32))

    def at(self, rows: Rows) -> pa.Array:
        return self.to_arrow(self.integers(rows))

    @property
    def law_text(self) -> str:
        return self.law.described()

    @property
    def cardinality(self) -> int:
        return self.values_grid.count

    @property
    def storage(self) -> Storage:
        count = self.values_grid.count
        few = count if count <= 2**16 else None
        return Storage(self.arrow_type.bit_width / 8, math.log2(count), distinct=few)


def reach_beside(column: Column, line: Line, ends: tuple[float, float] | None) -> tuple[float, float] | None:
    """How far a law may reach: to the ends of the column's type where no bound is declared."""
    if ends is None:
        return None
    low, high = line.ends_declared
    return (low if column.minimum is not None else ends[0], high if column.maximum is not None else ends[1])


class GridKey(Ranked):
    """What every key of evenly spaced integers shares. Mix in before a class of OnGrid."""

    values_grid: Grid

    def unrank(self, ranks: Words) -> pa.Array:
        return self.to_arrow(self.values_grid.values(ranks))  # type: ignore[attr-defined]

    def rank(self, values: pa.Array) -> Words:
        integers = values.view(pa.int32() if values.type.bit_width == 32 else pa.int64()).cast(pa.int64())
        ranks = self.values_grid.ranks(fixed_width_values(integers))
        if values.null_count:
            ranks[boolean_values(values.is_null())] = np.uint64(MAXIMUM_DOMAIN)
        return ranks

    @property
    def storage(self) -> Storage:
        bits, width = math.log2(max(self.values_grid.count, 2)), self.arrow_type.bit_width / 8
        if self.order.order == "scattered":
            return Storage(width, bits)
        return Storage(width, max(bits - math.log2(max(self.rows, 1)), 1))


class SynthesizeInteger(OnGrid):
    """Whole numbers, int64. Uniform from 0 to 2^32 - 1 unless bounds are declared; or by a law, where that lies."""

    ends = _INT64

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.kind == "integer" and not column.key

    def grid(self) -> Grid:
        column = self.column
        step = self._step(column.multiple_of)
        low = (
            None
            if column.minimum is None
            else _integer_above(_number(self.where, column.minimum), column.minimum_excluded)
        )
        high = (
            None
            if column.maximum is None
            else -_integer_above(-_number(self.where, column.maximum), column.maximum_excluded)
        )
        found = window(low, high, 0, self.default_maximum())
        wide = widened(low, high, found, step)
        if wide != found:
            found = max(wide[0], _INT64[0]), min(wide[1], _INT64[1])
        low, high = found
        if low < _INT64[0] or high > _INT64[1]:
            raise SchemaError(
                f"{self.where}: the bounds {low} to {high} do not fit 64-bit integers.",
                hint="Keep them between -2^63 and 2^63 - 1.",
            )
        return grid_of(self.where, low, high, step)

    def default_maximum(self) -> int:
        return DEFAULT_MAXIMUM

    def _step(self, multiple_of: Any) -> int:
        if multiple_of is None:
            return 1
        if multiple_of <= 0 or multiple_of != int(multiple_of):
            raise SchemaError(f"{self.where}: multiple_of is {multiple_of}.", hint="Give a whole number above 0.")
        step: int = int(multiple_of)
        return step


class SynthesizeIntegerKey(GridKey, SynthesizeInteger):
    """Whole numbers, each once. Without bounds they reach to 2^63 - 1 once the table has over 2^31 rows."""

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.kind == "integer" and column.key is not None

    def default_maximum(self) -> int:
        return DEFAULT_KEY_MAXIMUM if self.rows > MANY_ROWS and not self.column.bounded else DEFAULT_MAXIMUM

    def continuing(self, earlier: Sequence[Any]) -> Ranked:
        """Keys that ascend without an upper bound go on above all earlier ones; others where there is room for them."""
        grids: list[Grid] = [each.values_grid for each in earlier]
        last, step = max(grid.last for grid in grids) + BEYOND * grids[0].step, grids[0].step
        same = [each for each, grid in zip(earlier, grids, strict=True) if grid == grids[-1]]
        left = grids[-1].count - sum(each.rows for each in same)
        above = Grid(last + step, step, min(self.values_grid.count, (_INT64[1] - last) // step))
        is_open = self.column.maximum is None and above.count > self.rows
        if not is_open or (self.order.order != "ascending" and left >= self.rows):
            return super().continuing(same)
        found = copy.copy(self)
        found.values_grid = above
        found.prepare_order()
        return found


def _number(where: str, bound: Any) -> int | float:
    """A declared bound, which the reader has checked to be a number."""
    if isinstance(bound, float) and not math.isfinite(bound):
        raise SchemaError(f"{where}: a bound is {bound}.", hint="Give a finite bound, or none.")
    number: int | float = bound
    return number


def _double(where: str, bound: Any) -> float:
    """A declared bound as a double."""
    try:
        return float(_number(where, bound))
    except OverflowError:
        raise SchemaError(f"{where}: the bound {bound} is beyond a double.", hint="Give a smaller one.") from None


def _default_window(column: Column, low: float | None, high: float | None) -> tuple[float, float]:
    """The ends that are not declared: 0 to 2^32 - 1, or as far from a bound outside; further where values are rare."""
    least = 0.0 if low is None else low
    most = (DEFAULT_MAXIMUM if least <= DEFAULT_MAXIMUM else least + DEFAULT_MAXIMUM) if high is None else high
    if low is None and most <= 0:
        least = min(float(column.maximum) - (DEFAULT_MAXIMUM + column.maximum_excluded), most)  # type: ignore[arg-type]
    far, step = max(abs(least), abs(most)), float(column.multiple_of or 0)
    enough = 2 if low is None and high is not None and high > 0 else FEW
    if math.floor(most / (step or math.ulp(far))) - math.ceil(least / (step or math.ulp(far))) + 1 >= enough:
        return least, float(most)
    width = max(DEFAULT_MAXIMUM, step * 2**32, far)
    return (max(most - width, -_LARGEST), most) if high is not None else (least, min(least + width, _LARGEST))


def _integer_above(bound: int | float, excluded: bool) -> int:
    """The least integer that satisfies a lower bound."""
    least: int = math.floor(bound) + 1 if excluded else math.ceil(bound)
    return least


class SynthesizeFloat(Synthesizer):
    """Numbers with a fraction, float64. Uniform from 0 to 2^32 - 1 unless bounds are declared; or by a law."""

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.kind == "number" and not column.key

    def prepare(self) -> None:
        column = self.column
        self.low, self.high = self._bounds()
        line, ends = Line(self.low, self.high), (-_LARGEST, _LARGEST)
        self.multiples: Grid | None = None
        self.unit = Fraction(0)
        if column.multiple_of is not None:
            self.multiples = self._multiples()
            line, ends = line_of_grid(self.multiples, 1 / self.unit, Fraction(0)), (-_EXACT, _EXACT)
        self.plain_line = replace(line, reach=reach_beside(column, line, ends))
        line = opened_line(self.where, column.distribution, self.plain_line, self.rows)
        if line.window is not None:
            self._open(line)
        self.law = compile_law(self.where, column.distribution, line, self.rows)

    @property
    def span(self) -> tuple[float, float]:
        """The least and the greatest value there may be."""
        return self.low, self.high

    def open_for(self, laws: Sequence[Distribution | None]) -> None:
        """Have `low` and `high` hold what each of these laws may draw."""
        spans = []
        for law in laws:
            self._open(opened_line(self.where, law, self.plain_line, self.rows))
            spans.append(self.span)
        self.low, self.high = min(low for low, _ in spans), max(high for _, high in spans)

    def _open(self, line: Line) -> None:
        """Let values lie as far out as a law reaches."""
        self.multiples = line.grid
        self.low, self.high = line.ends_declared
        if self.multiples:
            self.low, self.high = self._multiple(self.multiples.first), self._multiple(self.multiples.last)

    def _bounds(self) -> tuple[float, float]:
        column = self.column
        low = None if column.minimum is None else _double(self.where, column.minimum)
        high = None if column.maximum is None else _double(self.where, column.maximum)
        if low is not None and column.minimum_excluded:
            low = math.nextafter(low, math.inf)
        if high is not None and column.maximum_excluded:
            high = math.nextafter(high, -math.inf)
        if low is None or high is None:
            low, high = _default_window(column, low, high)
        if low > high:
            raise SchemaError(
                f"{self.where}: the bounds contradict each other: from {column.minimum} to {column.maximum}.",
                hint="Correct ge/gt and le/lt.",
            )
        return low, high

    def _multiples(self) -> Grid:
        """Which whole numbers, times multiple_of, lie between the bounds."""
        step = float(self.column.multiple_of or 0)
        if not step > 0 or not math.isfinite(step):
            raise SchemaError(f"{self.where}: multiple_of is {step:g}.", hint="Give a finite number above 0.")
        self.unit = Fraction(str(step))  # as it is written: 0.01 is a hundredth, not the double next to that
        low, high = math.ceil(Fraction(self.low) / self.unit), math.floor(Fraction(self.high) / self.unit)
        # A multiple, rounded to a double, may fall just outside a bound that the exact one meets, or just inside.
        low += (self._multiple(low) < self.low) - (self._multiple(low - 1) >= self.low)
        high += (self._multiple(high + 1) <= self.high) - (self._multiple(high) > self.high)
        if low > high:
            raise SchemaError(
                f"{self.where}: no multiple of {step:g} lies between {self.low:g} and {self.high:g}.",
                hint="Widen the bounds or drop multiple_of.",
            )
        if max(-low, high) > _EXACT:
            raise SchemaError(
                f"{self.where}: multiples of {step:g} between {self.low:g} and {self.high:g} are finer than a double.",
                hint="Narrow the bounds or make multiple_of larger.",
            )
        return Grid(low, 1, high - low + 1)

    def _multiple(self, times: int) -> float:
        """So many times multiple_of, as a double."""
        with np.errstate(over="ignore"):  # the next multiple may be infinite
            return float(self._doubles(np.array([times], np.float64), abs(times))[0])

    def _doubles(self, times: NDArray[np.float64], most: int) -> NDArray[np.float64]:
        """The doubles next to so many times p / q, by one division, where p and q, and what it divides, are doubles.

        times: whole numbers, at most `most`, and lost. So hundredths are what is written with two places; else the
        product of doubles, which may be a last bit off.
        """
        p, q = self.unit.numerator, self.unit.denominator
        if max(most, 1) * p > _EXACT or q > _EXACT:
            times *= float(self.unit)
            return times
        if p > 1:
            times *= p
        if q > 1:
            times /= q
        return times

    def multiples_at(self, times: NDArray[np.int64]) -> NDArray[np.float64]:
        """So many times multiple_of each, as doubles."""
        assert self.multiples is not None
        return self._doubles(times.astype(np.float64), max(-self.multiples.first, self.multiples.last))

    def words_of(self, probabilities: Words) -> Words:
        return self.law.words_of(probabilities)

    def at(self, rows: Rows) -> pa.Array:
        values = self.law.values(rows, self.value_words)
        if self.multiples:
            values = self.multiples_at(values)
        return fixed_width_array(pa.float64(), values)

    def listed_values(self, most: int) -> Listing | None:
        even = self.column.distribution is None or self.column.distribution.name == "uniform"
        if self.multiples is None or self.multiples.count > most or not even:
            return None
        times = self.multiples.values(np.arange(self.multiples.count, dtype=np.uint64))
        return Listing.even(fixed_width_array(pa.float64(), self.multiples_at(times)))

    @property
    def law_text(self) -> str:
        return self.law.described()

    @property
    def cardinality(self) -> int | None:
        return self.multiples.count if self.multiples else None

    @property
    def storage(self) -> Storage:
        if self.multiples and self.multiples.count <= 2**16:
            return Storage(8, math.log2(self.multiples.count), distinct=self.multiples.count)
        return Storage(8, 53)


class SynthesizeFloatKey(SynthesizeFloat):
    """Refuses: a floating-point number is no key."""

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.kind == "number" and column.key is not None

    def prepare(self) -> None:
        raise SchemaError(
            f"{self.where}: a float cannot be a primary key.", hint="Use an int, a str, a date or a datetime."
        )
