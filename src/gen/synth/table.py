"""This file knows a table as a Source: its columns' synthesizers, evaluated block by block, bounded in bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from gen.block import Partition, plain_type
from gen.checksums import Checksum
from gen.errors import SchemaError
from gen.streams import Rows, rows_array
from gen.synth import cased as _cased  # noqa: F401 - synthesizers are found because they exist
from gen.synth import choices as _choices  # noqa: F401
from gen.synth import clock as _clock  # noqa: F401
from gen.synth import constants as _constants  # noqa: F401
from gen.synth import decimals as _decimals  # noqa: F401
from gen.synth import faker_pool as _faker_pool  # noqa: F401
from gen.synth import formats as _formats  # noqa: F401
from gen.synth import identifiers as _identifiers  # noqa: F401
from gen.synth import names as _names  # noqa: F401
from gen.synth import numbers as _numbers  # noqa: F401
from gen.synth import pattern as _pattern  # noqa: F401
from gen.synth import text as _text  # noqa: F401
from gen.synth import times as _times  # noqa: F401
from gen.synth.containers import containing as _containing  # noqa: F401
from gen.synth.containers import lists as _lists  # noqa: F401
from gen.synth.containers import unions as _unions  # noqa: F401
from gen.synth.json_text import filled, json_text, object_json
from gen.synth.judging.row_filter import RowFilter
from gen.synth.noise import Dirt
from gen.synth.related import aggregates as _aggregates  # noqa: F401
from gen.synth.rows import Asking, RowView
from gen.synth.synthesizer import Storage, Synthesizer
from gen.synth.tied import derived as _derived  # noqa: F401
from gen.synth.tied import ordered_floats as _ordered_floats  # noqa: F401

BLOCK_ROWS = 16_384  # all columns of a block fit a core's cache; fewer, and the calls' own cost shows
BLOCK_BYTES = 4 * 2**20  # a block has fewer rows where they are wide
PROBE_ROWS = 1024  # at each of four places in the table


@dataclass(frozen=True)
class TableSource:
    """The declared table: `columns` in order, `rows` of them. Picklable; equal values from any part of it."""

    table: str
    rows: int
    columns: Mapping[str, Synthesizer]
    filter: RowFilter | None = None  # where a model takes only some of the rows
    document: bool = False
    dirt: Mapping[str, Dirt] = field(default_factory=dict)
    held: dict[str, pa.Array] = field(default_factory=dict, compare=False)  # whole columns that others ask for
    reads_held: dict[str, tuple[str, ...]] = field(default_factory=dict, compare=False)  # by column, those of others
    first: int = 0  # the number of its first row among all that are written of the table: of rows that are appended

    @cached_property
    def schema(self) -> pa.Schema:
        """The Arrow schema; only columns that declare nulls may have them."""
        fields = []
        for name, synthesizer in self.columns.items():
            dirt = self.dirt.get(name)
            kind = dirt.arrow_type if dirt else synthesizer.arrow_type
            nullable = dirt.nullable if dirt else synthesizer.column.may_be_null
            fields.append(pa.field(name, kind, nullable=nullable))
        return pa.schema(fields)

    @property
    def clean(self) -> TableSource:
        """The same rows without the dirt that was asked for."""
        return replace(self, dirt={}) if self.dirt else self

    @property
    def noise(self) -> dict[str, dict[str, int]]:
        """How many dirty values there are, by column and kind."""
        return {name: dict(dirt.counts) for name, dirt in self.dirt.items()}

    @cached_property
    def bytes_per_row(self) -> float:
        """Plain, uncompressed: what a row takes in memory, near enough."""
        return sum(self.storage(name).bytes for name in self.columns)

    def storage(self, name: str) -> Storage:
        """What a sink may know of a column when it chooses an encoding, its dirt included."""
        dirt = self.dirt.get(name)
        return dirt.storage if dirt else self.columns[name].storage

    def at(self, rows: Rows, columns: Sequence[str] | None = None, asking: Asking | None = None) -> pa.RecordBatch:
        """These rows as one record batch; all columns, or some. Rows outside the table have values too.

        `asking`: what of other tables is being evaluated, where that needs these rows.
        """
        names = list(self.columns) if columns is None else list(columns)
        row = RowView(self.columns, rows, asking=asking)
        if self.filter and not (self.filter.fixed - self.filter.made_of.keys()).issuperset(names):
            drawn = {name: row.array(name) for name in self.columns}
            drawn = self.filter.accepted(rows_array(rows), drawn)
        else:
            drawn = {name: row.array(name) for name in names}
        arrays = [self._dirtied(n, rows, drawn[n]) if n in self.dirt else drawn[n] for n in names]
        schema = self.schema if columns is None else pa.schema([self.schema.field(name) for name in names])
        return pa.RecordBatch.from_arrays(arrays, schema=schema)

    @property
    def parts(self) -> tuple[TableSource, ...]:
        """The table itself; see `Segments`."""
        return (self,)

    def view(self, rows: Rows, asking: Asking) -> RowView:
        """These rows as columns of other tables see them: without dirt, each column made when it is asked for."""
        return RowView(self.columns, rows, lambda name: self._known(name, rows, asking), asking)

    def _known(self, name: str, rows: Rows, asking: Asking) -> pa.Array | None:
        """A column that is held, or of which a model takes only some values; its fields decide together which."""
        if name in self.held:
            array = self.held[name]
            return array.slice(rows.start, len(rows)) if isinstance(rows, range) else array.take(pa.array(rows))
        if not self.filter or asking.meter:
            return None
        asking.append((f"the rows of {self.table} that its model takes", name))
        try:
            return self.clean.at(rows, [name], asking).column(0)
        finally:
            asking.pop()

    def whole(self, name: str, asking: Asking) -> pa.Array:
        """A column, or a path through references, of all rows, without dirt; kept, for tables of few rows."""
        if name not in self._whole:
            array = self.view(range(self.rows), asking).array(name)
            self._whole[name] = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
        return self._whole[name]

    @cached_property
    def _whole(self) -> dict[str, pa.Array]:
        return {}

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_whole"}

    def _dirtied(self, name: str, rows: Rows, array: pa.Array) -> pa.Array:
        clean = self.clean
        return self.dirt[name].applied(rows, array, lambda numbers: clean.at(numbers, [name]).column(0))

    def python(self, batch: pa.RecordBatch) -> list[dict[str, Any]]:
        """Rows as a model of Pydantic takes them, by field name; what dirt made texts of, as texts."""
        values = [self.python_of(name, batch) for name in self.columns]
        absent = {name for name, column in self.columns.items() if column.column.may_be_absent}
        names, rows = list(self.columns), zip(*values, strict=True)
        if not absent:
            return [dict(zip(names, row, strict=True)) for row in rows]
        return [
            {name: v for name, v in zip(names, row, strict=True) if v is not None or name not in absent} for row in rows
        ]

    def json(self, batch: pa.RecordBatch) -> pa.Array:
        """Rows as JSON texts; of a document that is one value, the value's."""
        texts = [
            json_text(batch.column(name)) if self._is_text_of(name, batch) else column.json(batch.column(name))
            for name, column in self.columns.items()
        ]
        if self.document and list(self.columns) == ["value"]:
            return filled(texts[0])
        absent = [column.column.may_be_absent for column in self.columns.values()]
        return object_json(list(self.columns), texts, absent, batch.num_rows)

    def python_of(self, name: str, batch: pa.RecordBatch) -> list[Any]:
        """The values of one column as a model of Pydantic takes them; None where there is none."""
        array = batch.column(name)
        if self._is_text_of(name, batch):
            return list(array.to_pylist())
        try:
            return self.columns[name].python(array)
        except ValueError:
            if name not in self.dirt:
                raise
            return list(array.to_pylist())  # texts that are no UUID

    def _is_text_of(self, name: str, batch: pa.RecordBatch) -> bool:
        """Whether dirt made texts of a column's values."""
        return name in self.dirt and batch.column(name).type != plain_type(self.columns[name].arrow_type)

    def batches(self, partition: Partition) -> Iterator[pa.RecordBatch]:
        """The partition's rows in order, in blocks aligned to the table's first row."""
        step = max(1, min(BLOCK_ROWS, int(BLOCK_BYTES / max(self.bytes_per_row, 1))))
        start, last = partition.start - self.first, partition.stop - self.first
        while start < last:
            stop = min((start // step + 1) * step, last)
            yield self.at(range(start, stop))
            start = stop

    @property
    def _probed(self) -> list[range]:
        """The rows that are asked for to see what is computed."""
        size = max(1, min(PROBE_ROWS, int(BLOCK_BYTES / max(self.bytes_per_row, 1))) // (8 if self.filter else 1))
        starts = sorted({int(self.rows * part) for part in (0, 1 / 3, 2 / 3)} | {self.rows - size})
        if self.rows <= size * len(starts):
            return [range(self.rows)]
        return [range(start, start + size) for start in starts]

    @property
    def is_small(self) -> bool:
        """Whether a probe asks for all of its rows."""
        return self._probed == [range(self.rows)]

    def probe(self, drawn: pa.RecordBatch | None = None) -> dict[str, str]:
        """Checksums of 4,096 rows of each column, at four places, by ranges: the fingerprint of what this machine, code
        and library compute. Fewer rows where they are wide, or where a model is asked for each; all of a small table.

        Keys, which others refer to, and what user code has a part in, are asked for by address, too: both must agree.
        `drawn`: all rows of a small table, where they are there already.
        """
        ranges = self._probed
        by_range = Checksum(self.table, list(self.columns))
        for rows in ranges:
            by_range.add(self.at(rows) if drawn is None else drawn)
        result = by_range.to_json()
        twice = [name for name, s in self.columns.items() if self.filter or s.column.key or _is_of_the_user(s)]
        for synthesizer in self.columns.values():
            synthesizer.forget()
        by_address = Checksum(self.table, twice)
        if twice:
            numbers = np.concatenate([np.arange(r.start, r.stop, dtype=np.uint64) for r in ranges])
            by_address.add(self.at(numbers, twice))
        for name, digits in by_address.to_json().items():
            if name and result[name] != digits:
                raise SchemaError(
                    f"{self.table}.{name}: {type(self.columns[name]).__name__} gives other values when the same rows "
                    "are asked for again.",
                    hint="Draw only from `self.words(rows)`, or from the generator that `draw` is given.",
                )
        return result


def _is_of_the_user(synthesizer: Synthesizer) -> bool:
    """Whether code of the user's own has a part in a column's values."""
    column = synthesizer.column
    return (
        any(column.functions())
        or any(column.judges())
        or not all(part.is_built_in for part in synthesizer.every_part())
    )
