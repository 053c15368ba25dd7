"""This file knows how to draw until a value is accepted: at most 16 addressed attempts, then one of a spare pool.

For what cannot be compiled into a sampler. An attempt is part of a value's address, so that the value of a row still
depends on nothing but its address; no loop is unbounded. What accepts fewer than 5 % of a probe is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.block import boolean_array, fixed_width_array
from gen.errors import SchemaError
from gen.schema.spec import Column
from gen.streams import Rows, Stream, rows_array, stream_key
from gen.synth.synthesizer import Storage, Synthesizer, synthesizer_of

ATTEMPTS = 16
LEAST_ACCEPTED = 0.05
PROBE = 256  # values drawn at plan time to see how many are accepted
SPARE_PROBE = 4096  # values drawn to fill the spare pool, where few are accepted
_SPARE = ATTEMPTS  # the attempt that the spare pool is drawn with


def merged(first: pa.Array, places: NDArray[np.int64], other: pa.Array) -> pa.Array:
    """`first` with the values at these places replaced by those of `other`."""
    order = np.arange(len(first), dtype=np.uint64)
    order[places] = len(first) + np.arange(len(places), dtype=np.uint64)
    return pa.concat_arrays([first, other]).take(fixed_width_array(pa.uint64(), order))


class SynthesizeChecked(Synthesizer):
    """A column or part whose values must satisfy a JSON Schema that its other facts do not say completely."""

    goes_first = True

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.check is not None

    def prepare(self) -> None:
        if self.column.key:
            raise SchemaError(
                f"{self.where}: a primary key cannot be drawn in several attempts, and its schema asks for that.",
                hint="Simplify its schema: `not`, `oneOf` and `if` cannot be compiled.",
            )
        self.drawn: dict[int, Synthesizer] = {}
        self.inner = self.attempted(0)
        self.rate, self.spare = self._probe()

    def attempted(self, attempt: int) -> Synthesizer:
        """The synthesizer of one attempt: other values at the same rows."""
        if attempt not in self.drawn:
            column = replace(self.column, check=None, nulls=None)
            attempts = self.attempt * (ATTEMPTS + 1) + attempt
            self.drawn[attempt] = synthesizer_of(column, self.table, self.rows, self.seed, self.path, attempts)
        return self.drawn[attempt]

    def _probe(self) -> tuple[float, pa.Array]:
        """The share of values that is accepted, and a pool of accepted ones."""
        drawn = self.attempted(_SPARE).at(range(PROBE))
        accepted = self.accepts(drawn)
        rate, pool = float(accepted.mean()), drawn.filter(boolean_array(accepted))
        if 0 < rate < 0.5:
            more = self.attempted(_SPARE).at(range(PROBE, SPARE_PROBE))
            accepted = np.concatenate([accepted, self.accepts(more)])
            rate = float(accepted.mean())
            pool = pa.concat_arrays([drawn, more]).filter(boolean_array(accepted))
        if rate < LEAST_ACCEPTED:
            refused = self.inner.json(drawn.slice(int(np.argmin(accepted)), 1))[0].as_py()
            raise SchemaError(
                f"{self.where}: its schema accepts {rate:.1%} of the values drawn; {refused[:60]} is refused.",
                hint="Say what it means by type, bounds, pattern, enum or properties, which are compiled; at least "
                f"{LEAST_ACCEPTED:.0%} must be accepted.",
            )
        return rate, pool

    @cached_property
    def _validator(self) -> Any:
        from jsonschema import Draft202012Validator

        return Draft202012Validator(json.loads(self.column.check or "true"))

    def accepts(self, array: pa.Array) -> NDArray[np.bool_]:
        """Bool array: whether the schema accepts each value."""
        texts = self.inner.json(array).to_pylist()
        return np.array([self._validator.is_valid(json.loads(text or "null")) for text in texts], bool)

    def at(self, rows: Rows) -> pa.Array:
        array = self.inner.at(rows)
        bad = np.flatnonzero(~self.accepts(array))
        numbers = rows_array(rows)
        for attempt in range(1, ATTEMPTS):
            if not bad.size:
                return array
            again = self.attempted(attempt).at(numbers[bad])
            accepted = self.accepts(again)
            array = merged(array, bad[accepted], again.filter(boolean_array(accepted)))
            bad = bad[~accepted]
        if not bad.size:
            return array
        words = self.words(numbers[bad], 1, "spare")
        chosen = words * np.uint64(len(self.spare)) >> np.uint64(32)
        return merged(array, bad, self.spare.take(fixed_width_array(pa.uint64(), chosen)))

    @property
    def arrow_type(self) -> pa.DataType:
        return self.inner.arrow_type

    @property
    def storage(self) -> Storage:
        return self.inner.storage

    def python(self, array: pa.Array) -> list[Any]:
        return self.inner.python(array)

    def json(self, array: pa.Array) -> pa.Array:
        return self.inner.json(array)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != "_validator"}


# -- whole rows ---------------------------------------------------------------------------------------------


class RowCheck(Protocol):
    """What accepts whole rows, as a model's own validators do."""

    @property
    def model(self) -> Any: ...

    def blamed(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
        """For each row the columns that are to blame, with the reason; none where it is accepted."""
        ...


@dataclass
class Blame:
    """How often a column's values were drawn and refused in a probe, and why the first time."""

    drawn: int = 0
    refused: int = 0
    reason: str = ""

    @property
    def accepted(self) -> float:
        return 1 - self.refused / max(self.drawn, 1)


@dataclass
class RowFilter:
    """Draws rows until they are accepted: a column that is to blame is drawn again, the others stay.

    fixed: keys and references, which cannot be drawn again. spare: accepted rows, for those that never are.
    """

    table: str
    check: RowCheck
    columns: Callable[[int], Mapping[str, Synthesizer]]
    fixed: frozenset[str]
    seed: int
    spare: pa.RecordBatch | None = None

    def spare_rows(
        self, numbers: NDArray[np.uint64], arrays: Mapping[str, pa.Array], blamed: Sequence[Mapping[str, str]]
    ) -> pa.RecordBatch:
        """Accepted rows out of a probe. Raises SchemaError where a column's values are hardly ever accepted."""
        counts = {name: Blame() for name in arrays}
        for names in blamed:
            for name, reason in (names or {}).items():
                for mine in [name] if name in counts else counts:
                    counts[mine].reason = counts[mine].reason or reason
        result = self.accepted(numbers, arrays, counts)
        left = [bool(names) for names in self._blamed(result, np.arange(numbers.size))]
        self._refuse_hopeless(counts, float(np.mean(left)))
        good = boolean_array(~np.array(left))
        return pa.RecordBatch.from_arrays([array.filter(good) for array in result.values()], names=list(result))

    def _refuse_hopeless(self, counts: Mapping[str, Blame], left: float) -> None:
        worst = min(counts, key=lambda name: counts[name].accepted)
        if counts[worst].accepted >= LEAST_ACCEPTED and left < 1:
            return
        raise SchemaError(
            f"{self.table}.{worst}: the model accepts {counts[worst].accepted:.1%} of the values drawn; "
            f"{counts[worst].reason}.",
            hint="Say what its validators want by type, bounds, pattern or Literal, or name a synthesizer of your own: "
            f"at least {LEAST_ACCEPTED:.0%} must be accepted.",
        )

    def accepted(
        self, numbers: NDArray[np.uint64], arrays: Mapping[str, pa.Array], counts: Mapping[str, Blame] | None = None
    ) -> dict[str, pa.Array]:
        """These columns of these rows, as far as they are accepted; else drawn again. `counts` are kept of that."""
        result = dict(arrays)
        attempts = {name: np.zeros(numbers.size, np.int64) for name in arrays}
        pending = np.arange(numbers.size)
        for _ in range(ATTEMPTS):
            blamed = self._blamed(result, pending)
            for name, count in (counts or {}).items():
                count.drawn += pending.size
                count.refused += sum(name in names for names in blamed)
            pending = pending[[bool(names) for names in blamed]]
            if not pending.size:
                return result
            self._redraw(numbers, result, attempts, pending, [names for names in blamed if names])
        blamed = self._blamed(result, pending)
        left = pending[[bool(names) for names in blamed]]
        return self._spared(numbers, result, left) if left.size and self.spare is not None else result

    def _blamed(self, arrays: Mapping[str, pa.Array], places: NDArray[np.int64]) -> list[dict[str, str]]:
        index = fixed_width_array(pa.int64(), places)
        columns = self.columns(0)
        lists = {name: columns[name].python(array.take(index)) for name, array in arrays.items()}
        rows = [dict(zip(lists, values, strict=True)) for values in zip(*lists.values(), strict=True)]
        found = self.check.blamed([_without_absent(row, columns) for row in rows])
        return [self._drawable(names, arrays) for names in found]

    def _drawable(self, names: dict[str, str], arrays: Mapping[str, pa.Array]) -> dict[str, str]:
        """The columns to draw again: those to blame, or all where the row as a whole is."""
        if not names:
            return {}
        mine = {name: reason for name, reason in names.items() if name in arrays and name not in self.fixed}
        reason = next(iter(names.values()))
        columns = self.columns(0)
        companies = {columns[name].column.company for name in mine} - {None}  # who agree are drawn again together
        for name in arrays:
            if name not in self.fixed and columns[name].column.company in companies:
                mine.setdefault(name, reason)
        return mine or {name: reason for name in arrays if name not in self.fixed}

    def _redraw(
        self,
        numbers: NDArray[np.uint64],
        result: dict[str, pa.Array],
        attempts: dict[str, NDArray[np.int64]],
        pending: NDArray[np.int64],
        blamed: Sequence[Mapping[str, str]],
    ) -> None:
        for name in dict.fromkeys(name for names in blamed for name in names):
            places = pending[[name in names for names in blamed]]
            attempts[name][places] += 1
            for attempt in np.unique(attempts[name][places]).tolist():
                mine = places[attempts[name][places] == attempt]
                again = self.columns(attempt)[name].values(numbers[mine])
                result[name] = merged(result[name], mine, again)

    def _spared(
        self, numbers: NDArray[np.uint64], result: dict[str, pa.Array], left: NDArray[np.int64]
    ) -> dict[str, pa.Array]:
        assert self.spare is not None
        words = Stream(stream_key(self.seed, self.table, "", "spare"), 1).words(numbers[left])
        chosen = fixed_width_array(pa.uint64(), words * np.uint64(self.spare.num_rows) >> np.uint64(32))
        for name in result:
            if name not in self.fixed:
                result[name] = merged(result[name], left, self.spare.column(name).take(chosen))
        return result


def _without_absent(row: dict[str, Any], columns: Mapping[str, Synthesizer]) -> dict[str, Any]:
    return {n: v for n, v in row.items() if v is not None or not columns[n].column.may_be_absent}
