"""This file knows decimals, and whole numbers beyond 64 bits: a grid of unscaled integers, written as 128 bits."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.errors import SchemaError
from gen.schema.json_schema.undrawable import MOST_DIGITS, UNSTORABLE, asked_range, places_of, widest_of
from gen.schema.spec import Column
from gen.streams import kernel, mulhi
from gen.synth.grids import widened
from gen.synth.json_text import is_null
from gen.synth.laws.compiled import opened_line
from gen.synth.laws.lines import Line, line_of_grid
from gen.synth.numbers import DEFAULT_MAXIMUM, Grid, GridKey, OnGrid, grid_of, reach_beside, window

FEW = 100  # values that there should be between two bounds, unless `decimal_places` says otherwise
_INT64 = (-(2**63), 2**63 - 1)


@kernel("void(int64[::1], uint64[:, ::1], uint64, uint64, uint64, uint64)")
def _widen(ranks: NDArray[np.int64], out: NDArray[np.uint64], low: Any, high: Any, step: Any, step_high: Any) -> None:
    """first + rank * step in 128 bits, each number given as its low and high half."""
    for i in range(ranks.size):
        rank = np.uint64(ranks[i])
        product = rank * step
        total = low + product
        out[i, 0] = total
        out[i, 1] = high + mulhi(rank, step) + rank * step_high + np.uint64(total < product)


def is_wide(column: Column) -> bool:
    """Whether a column of integers is declared beyond 64 bits."""
    bounds = (column.minimum, column.maximum)
    return column.kind == "integer" and any(
        isinstance(b, (int, float)) and math.isfinite(b) and not _INT64[0] <= b <= _INT64[1] for b in bounds
    )


class SynthesizeDecimal(OnGrid):
    """Decimals, decimal128: 0 to 2^32 - 1 with two places unless declared, and never more than `max_digits`.

    Where the bounds hold more than 2^63 values, evenly spaced ones are drawn; by a law other than the uniform one, to
    53 bits of the range.
    """

    @classmethod
    def match(cls, column: Column) -> bool:
        return (column.kind == "decimal" or is_wide(column)) and not column.key

    def prepare(self) -> None:
        column = self.column
        self.places = self._places()
        self.unit = Fraction(10**self.places)
        step = Fraction(column.multiple_of) * 10**self.places if column.multiple_of else Fraction(1)
        if column.multiple_of is not None and (column.multiple_of <= 0 or step.denominator != 1):
            raise SchemaError(
                f"{self.where}: multiple_of is {column.multiple_of}, with {self.places} decimal places.",
                hint="Give a multiple_of above 0, and enough decimal_places for it.",
            )
        low, high = self._bounds(int(step))
        self.plain_grid = plain = grid_of(self.where, low, high, int(step))
        self.opened = opened_line(self.where, column.distribution, self.plain_line(), self.rows)
        exact = self.opened.grid or plain
        self.coarse = -(-exact.count // 2**63)
        self.unscaled = Grid(exact.first, exact.step * self.coarse, -(-exact.count // self.coarse))
        self.is_wide = self.unscaled.first < _INT64[0] or self.unscaled.last > _INT64[1]
        ends = [self.unscaled.first, self.unscaled.last]
        ends += [plain.first, plain.last] if exact != plain else []  # a law never takes digits away
        self.digits = max(*(len(str(abs(end))) for end in ends), self.places, 1)
        if self.digits > MOST_DIGITS:
            raise SchemaError(
                f"{self.where}: values of {self.digits} digits are asked for.",
                hint=f"Keep the bounds and decimal_places within {MOST_DIGITS} digits.",
            )
        super().prepare()

    def plain_line(self) -> Line:
        line, widest = line_of_grid(self.plain_grid, self.unit, self.origin, self.count), widest_of(self.column)
        return replace(line, reach=reach_beside(self.column, line, (-widest, widest)))

    def _places(self) -> int:
        column, places = self.column, places_of(self.column)
        if column.kind == "integer" or column.decimal_places is not None:
            return places
        if column.minimum is not None and column.maximum is not None:
            width = self._fraction(column.maximum) - self._fraction(column.minimum)
            places += next((more for more in range(8) if width * 10 ** (places + more) >= FEW), 0)
        return places if column.max_digits is None else min(places, column.max_digits)

    def _bounds(self, step: int) -> tuple[int, int]:
        """The least and the greatest unscaled integer that are bounds of multiples of the step."""
        column, scale = self.column, 10**self.places
        low, high = self._unscaled(column.minimum), self._unscaled(column.maximum)
        least = None if low is None else math.floor(low) + 1 if column.minimum_excluded else math.ceil(low)
        most = None if high is None else math.ceil(high) - 1 if column.maximum_excluded else math.floor(high)
        widest = widest_of(self.column)
        least, most = widened(least, most, window(least, most, 0, min(DEFAULT_MAXIMUM * scale, widest)), step)
        if max(least, -widest) > min(most, widest):
            raise SchemaError(
                f"{self.where}: no value of {column.max_digits or MOST_DIGITS} digits {asked_range(column)}.",
                hint=UNSTORABLE,
            )
        return max(least, -widest), min(most, widest)

    def _unscaled(self, bound: Any) -> Fraction | None:
        return None if bound is None else self._fraction(bound) * 10**self.places

    def _fraction(self, bound: Any) -> Fraction:
        if not math.isfinite(bound):
            raise SchemaError(f"{self.where}: a bound is {bound}.", hint="Give a finite bound, or none.")
        return Fraction(bound)

    def grid(self) -> Grid:
        return Grid(0, 1, self.unscaled.count) if self.is_wide else self.unscaled  # ranks; `to_arrow` makes values

    def line(self) -> Line:
        grid = self.unscaled
        return replace(
            self.opened, grid=grid, high=grid.count - 0.5, reach=None, wide=self.coarse if self.is_wide else 0
        )

    @property
    def arrow_type(self) -> pa.DataType:
        return pa.decimal128(self.digits, self.places)

    def to_arrow(self, integers: NDArray[np.int64]) -> pa.Array:
        out = np.empty((integers.size, 2), np.uint64)
        if self.is_wide:
            first, step = self.unscaled.first, self.unscaled.step
            halves = (first % 2**64, (first >> 64) % 2**64, step % 2**64, step >> 64)
            _widen(integers, out, *(np.uint64(half) for half in halves))
        else:
            out[:, 0] = integers.view(np.uint64)
            out[:, 1] = (integers >> np.int64(63)).view(np.uint64)
        return pa.Array.from_buffers(self.arrow_type, integers.size, [None, pa.py_buffer(out)])

    def python(self, array: pa.Array) -> list[Any]:
        values: list[Any] = array.to_pylist()
        if self.column.kind != "integer":
            return values
        return [None if value is None else int(value) for value in values]


class SynthesizeDecimalKey(GridKey, SynthesizeDecimal):
    """Decimals, each once."""

    @classmethod
    def match(cls, column: Column) -> bool:
        return (column.kind == "decimal" or is_wide(column)) and column.key is not None

    def rank(self, values: pa.Array) -> NDArray[np.uint64]:
        ranks = [self._rank(value) for value in values.to_pylist()]
        return np.array(ranks, np.uint64)

    def _rank(self, value: Decimal | None) -> int:
        if value is None:
            return 2**64 - 1
        rank, rest = divmod(Fraction(value) * 10**self.places - self.unscaled.first, self.unscaled.step)
        return int(rank) if not rest and 0 <= rank < self.unscaled.count else 2**64 - 1


def unscaled(where: str, decimals: pa.Array) -> NDArray[np.int64]:
    """The unscaled integers of decimal128 values, where 64 bits hold them; those of nulls are anything."""
    halves = np.frombuffer(decimals.buffers()[1], np.int64)[2 * decimals.offset :][: 2 * len(decimals)]
    low, high = halves[::2], halves[1::2]
    wide = (low >> np.int64(63)) != high
    if (wide & ~is_null(decimals)).any():
        raise SchemaError(
            f"{where}: it depends on a decimal of more than 18 digits.", hint="Give that narrower bounds."
        )
    return low
