"""This file knows columns that are made of others of the same row: computed, decided, or conditioned by them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gen.block import fixed_width_array, with_nulls
from gen.checksums import hash_values
from gen.errors import SchemaError
from gen.schema.row_facts import FUNCTIONS
from gen.schema.spec import Column
from gen.streams import Rows, Words, rows_array
from gen.synth.expressions import Expression
from gen.synth.json_text import is_null
from gen.synth.nested import plain
from gen.synth.rows import RowView
from gen.synth.synthesizer import Storage, Synthesizer

_DEPENDENT_ROWS = np.uint64(2**40 - 1)  # rows that values of the fields a column depends on are mapped to


class MadeOfOthers(Synthesizer):
    """What columns share that cannot be drawn at a row alone."""

    goes_first = True

    def prepare(self) -> None:
        if self.column.key or self.column.reference:
            raise SchemaError(
                f"{self.where}: a key cannot be made of other fields of its row.",
                hint="Let the key be drawn, or drop the marker.",
            )

    def at(self, rows: Rows) -> pa.Array:
        raise SchemaError(f"{self.where}: it is made of other fields, and is drawn with its row only.")

    def values_in(self, row: RowView) -> pa.Array:
        array = self.made(row)
        if self.column.when is None:
            return array
        return with_nulls(array, row.holds(Expression(self.where, self.column.when)))

    def made(self, row: RowView) -> pa.Array:
        """The values, from those of the row's other columns."""
        raise NotImplementedError


class SynthesizeDerived(MadeOfOthers):
    """A column computed from others: by an expression, or by a function of the user's own."""

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.derived is not None or column.function is not None

    def prepare(self) -> None:
        super().prepare()
        self.plain = self.part(replace(self.column, derived=None, function=None, when=None), self.path)
        self.function = None
        if self.column.function is not None:
            self.function = FUNCTIONS.get(self.column.function)
            if self.function is None:
                raise SchemaError(
                    f"{self.where}: its function is not known here.", hint="Import the module that declares it first."
                )
        else:
            self.expression = Expression(self.where, self.column.derived or "")

    @property
    def arrow_type(self) -> pa.DataType:
        kind = self.plain.arrow_type
        return kind.value_type if pa.types.is_dictionary(kind) else kind

    @property
    def storage(self) -> Storage:
        return self.plain.storage

    def python(self, array: pa.Array) -> list[Any]:
        return self.plain.python(array)

    def json(self, array: pa.Array) -> pa.Array:
        return self.plain.json(array)

    def made(self, row: RowView) -> pa.Array:
        count = len(row.rows)
        if self.function is None:
            return self.checked(_spread(self.expression(row.array), count), count)
        fields = _Fields(row)
        return self.guarded(lambda: fields.result(self.function(fields), self.arrow_type), count)  # type: ignore[misc]


def _spread(values: Any, count: int) -> pa.Array:
    """One value for each row, where an expression reads none."""
    if isinstance(values, pa.Scalar):
        return pa.array([values.as_py()] * count, values.type)
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


class _Fields:
    """What a user's function sees of a row: NumPy arrays of the fields that it asks for."""

    def __init__(self, row: RowView) -> None:
        self._row = row
        self._nulls: NDArray[np.bool_] | None = None

    def __getattr__(self, name: str) -> Any:
        array = plain(self._row.array(name))
        if array.null_count:
            nulls = is_null(array)
            self._nulls = nulls if self._nulls is None else self._nulls | nulls
        return array.to_numpy(zero_copy_only=False)

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)

    def result(self, values: Any, kind: pa.DataType) -> Any:
        """What the function returned; null where a field that it read is."""
        if np.ndim(values) == 0:
            values = [values] * len(self._row.rows)
        if self._nulls is None:
            return values
        return pa.array(values, kind, mask=self._nulls, from_pandas=True)


class SynthesizeDependent(MadeOfOthers):
    """A functional dependency: the row that the column is drawn at is decided by the fields it depends on."""

    @classmethod
    def match(cls, column: Column) -> bool:
        return bool(column.depends_on)

    def prepare(self) -> None:
        super().prepare()
        self.drawn = self.part(replace(self.column, depends_on=(), values=(), nulls=None, when=None), self.path)
        if self.drawn.block_addressed:
            raise SchemaError(
                f"{self.where}: {type(self.drawn).__name__} draws blocks of rows, and each value needs one of its own.",
                hint="Write `at(rows)` instead of `draw`.",
            )
        self.keys = pa.array([str(key) for key, _ in self.column.values], pa.string())
        kind = self.arrow_type
        self.listed = pa.array([value for _, value in self.column.values], kind) if self.column.values else None

    @property
    def arrow_type(self) -> pa.DataType:
        kind = self.drawn.arrow_type
        return kind.value_type if pa.types.is_dictionary(kind) else kind

    @property
    def cardinality(self) -> int | None:
        return len(self.listed.unique()) if self.listed is not None else self.drawn.cardinality

    @property
    def storage(self) -> Storage:
        return self.drawn.storage

    def python(self, array: pa.Array) -> list[Any]:
        return self.drawn.python(array)

    def json(self, array: pa.Array) -> pa.Array:
        return self.drawn.json(array)

    def made(self, row: RowView) -> pa.Array:
        fields = [plain(row.array(name)) for name in self.column.depends_on]
        if self.listed is not None:
            return self._looked_up(fields[0])
        words = np.zeros(len(row.rows), np.uint64)
        for i, field in enumerate(fields):
            words = words * np.uint64(0x9E3779B97F4A7C15) + hash_values(field, 2 * i + 1)
        return plain(self.drawn.at((words >> np.uint64(20)) & _DEPENDENT_ROWS))

    def _looked_up(self, field: pa.Array) -> pa.Array:
        assert self.listed is not None
        places = pc.index_in(field.cast(pa.string()), self.keys)
        missing = pc.and_(pc.is_null(places), pc.is_valid(field))
        if self.column.nulls is None and pc.any(missing).as_py():
            unknown = field.filter(missing)[0].as_py()
            raise SchemaError(
                f"{self.where}: its table says nothing of {self.column.depends_on[0]} = {unknown!r}.",
                hint="Add it to the table, or make the field Optional.",
            )
        return self.listed.take(places)


class SynthesizeGiven(MadeOfOthers):
    """A conditional table: for each value of another field a law, or weights, of its own."""

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.given is not None

    def prepare(self) -> None:
        super().prepare()
        self.cases = {
            part.name: self.part(
                replace(part, given=None, when=None, parts=(), correlated=()), f"{self.path}?{part.name}"
            )
            for part in self.column.parts
        }
        self.names = pa.array(list(self.cases), pa.string())

    @property
    def _first(self) -> Synthesizer:
        return next(iter(self.cases.values()))

    @property
    def arrow_type(self) -> pa.DataType:
        kind = self._first.arrow_type
        return kind.value_type if pa.types.is_dictionary(kind) else kind

    @property
    def cardinality(self) -> int | None:
        return self._first.cardinality

    @property
    def storage(self) -> Storage:
        return self._first.storage

    def python(self, array: pa.Array) -> list[Any]:
        return self._first.python(array)

    def json(self, array: pa.Array) -> pa.Array:
        return self._first.json(array)

    def made(self, row: RowView) -> pa.Array:
        assert self.column.given is not None
        field = plain(row.array(self.column.given)).cast(pa.string())
        places = pc.index_in(field, self.names).fill_null(-1).to_numpy(zero_copy_only=False)
        if (places < 0).any():
            unknown = field[int(np.argmin(places))].as_py()
            raise SchemaError(
                f"{self.where}: nothing is given for {self.column.given} = {unknown!r}.",
                hint="Add that case, or exclude the value there.",
            )
        return self._merged(rows_array(row.rows), places)

    def _merged(self, numbers: Words, places: NDArray[np.int64]) -> pa.Array:
        pieces, order = [pa.array([], self.arrow_type)], np.empty(numbers.size, np.uint64)
        done = 0
        for i, case in enumerate(self.cases.values()):
            mine = np.flatnonzero(places == i)
            pieces.append(plain(case.values(numbers[mine])))
            order[mine] = done + np.arange(mine.size, dtype=np.uint64)
            done += mine.size
        return pa.concat_arrays(pieces).take(fixed_width_array(pa.uint64(), order))
