"""This file knows what the rows that refer to a row come to: sums, counts, least, greatest and last values.

The rows of each parent are known by arithmetic, so that their values are drawn again where they are summed, some at a
time: no join, and memory does not grow with the table.
"""

from __future__ import annotations

import decimal
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gen.block import fixed_width_array, fixed_width_values, plain, plain_type, with_nulls
from gen.errors import SchemaError
from gen.schema.links import Aggregate
from gen.schema.spec import KINDS, Column
from gen.streams import Rows, Words, kernel
from gen.synth.json_text import is_null
from gen.synth.related.links import Link
from gen.synth.rows import Asking, RowView
from gen.synth.synthesizer import Synthesizer
from gen.synth.tied.derived import MadeOfOthers

INTEGER_DIGITS = 18  # of decimals that 64 bits hold
ROWS_AT_ONCE = 262_144  # that refer to some row, drawn at a time
_SUMMED = ("integer", "number", "decimal", "duration")
_ORDERED = (*_SUMMED, "datetime", "date", "time", "text")


class SynthesizeAggregate(MadeOfOthers):
    """A column that is the sum, count, least, greatest or last value of a column of the rows that refer here."""

    draws = False
    link: Link | None = None
    tables: Any = None
    first: int = 0  # the place of the table's first row among those that are referred to

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.aggregate is not None

    @property
    def aggregate(self) -> Aggregate:
        """What the column declares."""
        assert self.column.aggregate is not None
        return self.column.aggregate

    def prepare(self) -> None:
        super().prepare()
        self.inner = self.part(replace(self.column, aggregate=None, when=None, nulls=None), self.path)

    def sums(self, link: Link, tables: Any, origin: Synthesizer | None) -> None:
        """Take the link whose rows refer here, all tables, and the column that is summed."""
        self.link, self.tables = link, tables
        name, kind = self.aggregate.name, origin.column.value_kind if origin else "integer"
        wanted = "integer" if name == "count" else kind
        if name in ("sum", "min", "max") and kind not in (_SUMMED if name == "sum" else _ORDERED):
            raise SchemaError(
                f"{self.where}: the {name} of {KINDS[kind]} is no value.",
                hint=f"Use a field that is {', '.join(KINDS[k] for k in (_SUMMED if name == 'sum' else _ORDERED))}.",
            )
        if self.column.value_kind != wanted:
            raise SchemaError(
                f"{self.where}: it is {KINDS[self.column.kind]}, and {self.aggregate} is {KINDS[wanted]}.",
                hint="Give the field that type.",
            )

    @property
    def arrow_type(self) -> pa.DataType:
        kind = plain_type(self.inner.arrow_type)
        if pa.types.is_decimal(kind):
            return pa.decimal128(38 if self.column.max_digits is None else self.column.max_digits, kind.scale)
        return kind

    @property
    def law_text(self) -> str:
        return f"computed: {self.aggregate}"

    def made(self, row: RowView) -> pa.Array:
        assert self.link is not None
        parents = self._places(row.rows)
        counts = self.link.counts_of(parents).astype(np.int64)
        if self.aggregate.column is None:
            return self.checked(fixed_width_array(pa.int64(), counts), counts.size)
        return self.checked(self._of_values(parents, counts, row.asking), counts.size)

    def _places(self, rows: Rows) -> Rows:
        """The places of the table's rows among those that are referred to."""
        if isinstance(rows, range):
            return range(rows.start + self.first, rows.stop + self.first)
        return rows + np.uint64(self.first)

    def _of_values(self, parents: Rows, counts: NDArray[np.int64], asking: Asking) -> pa.Array:
        assert self.link is not None
        names = [name for name in (self.aggregate.column, self.aggregate.by) if name is not None]
        if asking.meter:
            self._meter(names, asking)
        pieces = []
        for some in _pieces(counts):
            rows, _ = self.link.children_of(parents[some])
            view = self.tables[self.aggregate.table].view(rows, asking)
            values = [plain(view.array(name)) for name in names]
            try:
                pieces.append(_AGGREGATES[self.aggregate.name](counts[some], *values))
            except OverflowError as error:
                raise self._does_not_fit(str(error)) from error
        return pa.concat_arrays(pieces) if pieces else pa.nulls(0, self.arrow_type)

    def _meter(self, names: list[str], asking: Asking) -> None:
        """Say how many values are drawn for each of these."""
        assert self.link is not None
        source, meter = self.tables[self.aggregate.table], asking.meter
        view = source.view(np.empty(0, np.uint64), asking)
        together = meter.contiguous and self.link.is_in_order
        for name in names:
            with meter.beyond((source,), name, together, children=source.rows / max(self.rows, 1)):
                view.array(name)

    def _does_not_fit(self, why: str) -> SchemaError:
        return SchemaError(
            f"{self.where}: its {self.aggregate} does not fit: {why}.",
            hint="Give the field more digits, or as many decimal places as what is summed has, or narrow that.",
        )

    def checked(self, values: Any, n: int) -> pa.Array:
        kind = self.arrow_type
        try:
            values = values.cast(kind) if values.type != kind else values
        except pa.ArrowException as error:
            raise self._does_not_fit(str(error).partition("\n")[0]) from error
        if self.column.nulls is None and values.null_count:
            raise SchemaError(
                f"{self.where}: it is never null, and its {self.aggregate} is, where no row refers to it.",
                hint="Make the field Optional, or let each row have one: Children(..., least=1).",
            )
        low, high = self.column.minimum, self.column.maximum
        if (low is not None or high is not None) and len(values) - values.null_count:
            least, most = (each.as_py() for each in pc.min_max(values).values())
            if (low is not None and least < low) or (high is not None and most > high):
                beyond = least if low is not None and least < low else most
                raise SchemaError(
                    f"{self.where}: its {self.aggregate} is {beyond}, which its bounds exclude.",
                    hint="Widen the bounds: it is computed.",
                )
        return values


def _pieces(counts: NDArray[np.int64]) -> Iterator[slice]:
    """The parents in pieces; one with very many rows is a piece alone."""
    ends = np.cumsum(counts)
    first = begin = 0
    while begin < counts.size:
        stop = max(int(np.searchsorted(ends, first + ROWS_AT_ONCE, "right")), begin + 1)
        yield slice(begin, stop)
        first, begin = int(ends[stop - 1]), stop


# -- values of rows that stand parent by parent -> one for each parent ------------------------------------------


def _count(counts: NDArray[np.int64], values: pa.Array) -> pa.Array:
    return fixed_width_array(pa.int64(), _per_parent(counts, (~is_null(values)).astype(np.int64)))


def _per_parent(counts: NDArray[np.int64], values: NDArray[Any]) -> NDArray[Any]:
    """Sums; of integers modulo 2^64, by what has come together before each parent and after it."""
    ends = np.cumsum(counts)
    if values.dtype == np.int64:
        running = np.zeros(values.size + 1, np.int64)
        np.cumsum(values, out=running[1:])
        return np.diff(running[ends], prepend=0)
    out, there = np.zeros(counts.size, values.dtype), counts > 0
    if values.size:
        out[there] = np.add.reduceat(values, (ends - counts)[there])
    return out


def _sum(counts: NDArray[np.int64], values: pa.Array) -> pa.Array:
    kind = values.type
    zero = pa.scalar(decimal.Decimal(0) if pa.types.is_decimal(kind) else 0, kind)
    known = pc.fill_null(values, zero) if values.null_count else values
    if pa.types.is_floating(kind):
        return pa.array(_per_parent(counts, known.to_numpy(zero_copy_only=False)), kind)
    if pa.types.is_decimal(kind):
        return _decimal_sum(counts, known)
    numbers = known.cast(pa.int64()).to_numpy(zero_copy_only=False)
    wide = max(abs(int(numbers.min(initial=0))), abs(int(numbers.max(initial=0)))) * int(counts.max(initial=0))
    if wide >= 2**63:
        return pa.array(_exact(counts, numbers.astype(object), 2**63), pa.int64()).cast(kind)
    return fixed_width_array(pa.int64(), _per_parent(counts, numbers)).cast(kind)


def _exact(counts: NDArray[np.int64], numbers: NDArray[np.object_], limit: int) -> list[int]:
    """Sums of integers of any size. Raises OverflowError for one that is `limit` or more, whatever its sign."""
    sums = [int(each) for each in _per_parent(counts, numbers)]
    widest = max(sums, key=abs, default=0)
    if abs(widest) >= limit:
        raise OverflowError(f"{widest:,} is beyond what can be stored, {limit - 1:,}")
    return sums


def _decimal_sum(counts: NDArray[np.int64], values: pa.Array) -> pa.Array:
    """Sums of decimals, of 128 bits: as integers of 64 where these do; else of their halves, in pieces of 32."""
    halves = np.frombuffer(values.buffers()[1], np.uint64)[2 * values.offset : 2 * (values.offset + len(values))]
    low, high = halves[::2], halves[1::2].view(np.int64)
    short = np.ascontiguousarray(low).view(np.int64)
    wide = max(abs(int(short.min(initial=0))), abs(int(short.max(initial=0)))) * int(counts.max(initial=0))
    if wide < 2**63 and np.array_equal(high, short >> np.int64(63)):
        sums = _per_parent(counts, short)
        return _decimals(sums.view(np.uint64), sums >> np.int64(63), values.type.scale)
    widest = max(abs(int(high.min(initial=0))), abs(int(high.max(initial=0)))) + 1
    if widest * int(counts.max(initial=0)) >= 10**38 >> 64:  # one might have more than 38 digits
        _exact(counts, high.astype(object) * 2**64 + low.astype(object), 10**38)
    parts = [(low & np.uint64(0xFFFFFFFF)).astype(np.int64), (low >> np.uint64(32)).astype(np.int64), high]
    first, second, third = (_per_parent(counts, part) for part in parts)
    second += first >> np.int64(32)
    third += second >> np.int64(32)
    mask = np.int64(0xFFFFFFFF)
    joined = (first & mask).view(np.uint64) | ((second & mask).view(np.uint64) << np.uint64(32))
    return _decimals(joined, third, values.type.scale)


def _decimals(low: Words, high: NDArray[np.int64], scale: int) -> pa.Array:
    """Decimals of 38 digits, from the halves of their integers."""
    out = np.empty(2 * low.size, np.uint64)
    out[::2], out[1::2] = low, high.view(np.uint64)
    return pa.Array.from_buffers(pa.decimal128(38, scale), low.size, [None, pa.py_buffer(out)])


@kernel("void(int64[::1], int64[::1], boolean[::1], int64[::1])")
def _greatest(counts: Any, keys: Any, unknown: Any, places: Any) -> None:
    """Of each parent the place of its greatest key, of equal ones the last; -1 where it has none."""
    place: Any = np.int64(0)
    for i in range(counts.size):
        best: Any = np.int64(0)
        found: Any = np.int64(-1)
        for j in range(place, place + counts[i]):
            better = not unknown[j] and (found < 0 or keys[j] >= best)
            best, found = keys[j] if better else best, j if better else found
        places[i] = found
        place += counts[i]


def _keys(values: pa.Array) -> NDArray[np.int64]:
    """Integers that ascend with the values; any where there is none."""
    kind = values.type
    if pa.types.is_decimal128(kind) and kind.precision <= INTEGER_DIGITS:
        words = np.frombuffer(values.buffers()[1], np.int64)[2 * values.offset : 2 * (values.offset + len(values))]
        return words[::2]
    if pa.types.is_floating(kind):
        bits = (fixed_width_values(values.cast(pa.float64())) + 0.0).view(np.int64)  # there is one zero
        return np.asarray(bits ^ ((bits >> np.int64(63)) & np.int64(2**63 - 1)))
    if pa.types.is_signed_integer(kind) or pa.types.is_temporal(kind):
        return fixed_width_values(values).astype(np.int64)
    ranks: NDArray[Any] = pc.rank(values, sort_keys="ascending", tiebreaker="dense").to_numpy(zero_copy_only=False)
    return ranks.astype(np.int64)


def _places_of_best(counts: NDArray[np.int64], values: pa.Array, greatest: bool) -> NDArray[np.int64]:
    """Of each parent the place of its greatest value, or its least; -1 where it has none. Of equal ones the last."""
    keys, places = np.ascontiguousarray(_keys(values)), np.empty(counts.size, np.int64)
    _greatest(counts, keys if greatest else ~keys, is_null(values), places)
    return places


def _at(counts: NDArray[np.int64], values: pa.Array, places: NDArray[np.int64]) -> pa.Array:
    """The values at these places, a null for -1."""
    if not len(values):
        return pa.nulls(counts.size, values.type)
    taken = values.take(fixed_width_array(pa.int64(), np.maximum(places, 0)))
    return with_nulls(taken, places >= 0)


def _last(counts: NDArray[np.int64], values: pa.Array, by: pa.Array | None = None) -> pa.Array:
    if by is not None:
        return _at(counts, values, _places_of_best(counts, by, greatest=True))
    return _at(counts, values, np.where(counts > 0, np.cumsum(counts) - 1, -1))


_AGGREGATES: dict[str, Callable[..., pa.Array]] = {
    "count": _count,
    "sum": _sum,
    "min": lambda counts, values: _at(counts, values, _places_of_best(counts, values, greatest=False)),
    "max": lambda counts, values: _at(counts, values, _places_of_best(counts, values, greatest=True)),
    "last": _last,
}
