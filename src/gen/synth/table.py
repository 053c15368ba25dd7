"""This file knows a table as a Source: its columns' synthesizers, evaluated block by block, bounded in bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import pyarrow as pa

from gen.block import Partition
from gen.checksums import Checksum
from gen.errors import SchemaError
from gen.keys import Pool
from gen.schema.spec import Column, Spec, Table
from gen.streams import Rows
from gen.synth import choices as _choices  # noqa: F401 - synthesizers are found because they exist
from gen.synth import names as _names  # noqa: F401
from gen.synth import numbers as _numbers  # noqa: F401
from gen.synth import text as _text  # noqa: F401
from gen.synth import times as _times  # noqa: F401
from gen.synth.references import SynthesizeReference
from gen.synth.synthesizer import Synthesizer, find_synthesizer

BLOCK_ROWS = 16_384  # all columns of a block fit a core's cache; fewer, and the calls' own cost shows
BLOCK_BYTES = 4 * 2**20  # a block has fewer rows where they are wide
PROBE_ROWS = 1024  # at each of four places in the table
MATERIALISED_ROWS = 4_000_000  # keys of user code that are drawn in blocks and referred to: held in memory up to here


@dataclass(frozen=True)
class ComputedPool:
    """The keys of a table, computed where they are: a few bytes, whatever their number."""

    key: Synthesizer

    @property
    def size(self) -> int:
        return self.key.rows

    @property
    def arrow_type(self) -> pa.DataType:
        return self.key.arrow_type

    @property
    def cardinality(self) -> int | None:
        return self.key.cardinality

    def at(self, rows: Rows) -> pa.Array:
        return self.key.at(rows)


@dataclass(frozen=True)
class TableSource:
    """The declared table: `columns` in order, `rows` of them. Picklable; equal values from any part of it."""

    table: str
    rows: int
    columns: Mapping[str, Synthesizer]

    @cached_property
    def schema(self) -> pa.Schema:
        """The Arrow schema; no column has nulls."""
        fields = [pa.field(name, synthesizer.arrow_type, nullable=False) for name, synthesizer in self.columns.items()]
        return pa.schema(fields)

    @cached_property
    def _checked(self) -> frozenset[str]:
        """The columns that user code draws: what it returns is checked, every time."""
        user = {name for name, s in self.columns.items() if not type(s).__module__.startswith("gen.synth.")}
        return frozenset(user)

    @property
    def bytes_per_row(self) -> float:
        """Plain, uncompressed: what a row takes in memory, near enough."""
        return sum(synthesizer.storage.bytes for synthesizer in self.columns.values())

    def at(self, rows: Rows, columns: Sequence[str] | None = None) -> pa.RecordBatch:
        """These rows as one record batch; all columns, or some. Rows outside the table have values too."""
        names = list(self.columns) if columns is None else list(columns)
        arrays = []
        for name in names:
            synthesizer = self.columns[name]
            if name in self._checked:
                arrays.append(synthesizer.guarded(partial(synthesizer.at, rows), len(rows)))
            else:
                arrays.append(synthesizer.at(rows))
        schema = self.schema if columns is None else pa.schema([self.schema.field(name) for name in names])
        return pa.RecordBatch.from_arrays(arrays, schema=schema)

    def batches(self, partition: Partition) -> Iterator[pa.RecordBatch]:
        """The partition's rows in order, in blocks aligned to the table's first row."""
        step = min(BLOCK_ROWS, max(256, int(BLOCK_BYTES / max(self.bytes_per_row, 1))))
        start = partition.start
        while start < partition.stop:
            stop = min((start // step + 1) * step, partition.stop)
            yield self.at(range(start, stop))
            start = stop

    def probe(self) -> dict[str, str]:
        """Checksums of up to 4,096 rows of each column, at four places; by ranges and by address, which must agree.

        The fingerprint of what this machine, code and library compute; it also warms every kernel.
        """
        starts = sorted({int(self.rows * part) for part in (0, 1 / 3, 2 / 3)} | {max(self.rows - PROBE_ROWS, 0)})
        ranges = [range(start, min(start + PROBE_ROWS, self.rows)) for start in starts]
        by_range = Checksum(self.table, list(self.columns))
        by_address = Checksum(self.table, list(self.columns))
        for rows in ranges:
            by_range.add(self.at(rows))
        for synthesizer in self.columns.values():
            synthesizer.forget()
        by_address.add(self.at(np.concatenate([np.arange(r.start, r.stop, dtype=np.uint64) for r in ranges])))
        result = by_range.to_json()
        for name, digits in by_address.to_json().items():
            if name and result[name] != digits:
                raise SchemaError(
                    f"{self.table}.{name}: {type(self.columns[name]).__name__} gives other values when the same rows "
                    "are asked for again.",
                    hint="Draw only from `self.words(rows)`, or from the generator that `draw` is given.",
                )
        return result


def table_sources(spec: Spec, rows: Mapping[str, int], seed: int) -> dict[str, TableSource]:
    """A source for every table of the schema, references resolved.

    Raises SchemaError, CapacityError or ReferenceError, naming table and column, where a request cannot be met.
    """
    sources = {}
    for table in spec.tables:
        columns = {c.name: _synthesizer(table, c, rows, seed) for c in table.columns}
        sources[table.name] = TableSource(table.name, rows[table.name], columns)
    for table in spec.tables:
        for column in table.columns:
            synthesizer = sources[table.name].columns[column.name]
            if column.reference and isinstance(synthesizer, SynthesizeReference):
                parent = sources[column.reference.table].columns[column.reference.column]
                synthesizer.resolve(_pool(parent), parent.storage)
    return sources


def _synthesizer(table: Table, column: Column, rows: Mapping[str, int], seed: int) -> Synthesizer:
    found, reason = find_synthesizer(column, f"{table.name}.{column.name}")
    synthesizer = found(column, table.name, rows[table.name], seed)
    synthesizer.reason = reason
    if column.key and not synthesizer.unique:
        _check_distinct(synthesizer)
    return synthesizer


def _check_distinct(key: Synthesizer) -> None:
    """A key drawn by user code that makes no promise is drawn whole and counted, within a stated budget."""
    name = type(key).__name__
    if key.rows > MATERIALISED_ROWS:
        raise SchemaError(
            f"{key.where}: {name} draws a primary key of {key.rows:,} rows without promising that they differ, and at "
            f"most {MATERIALISED_ROWS:,} are checked.",
            hint=f"If distinct rows give distinct values, set `unique = True` in {name}.",
        )
    values = key.guarded(lambda: key.at(range(key.rows)), key.rows)
    distinct = values.unique()
    if len(distinct) < key.rows:
        raise SchemaError(
            f"{key.where}: {name} draws {key.rows - len(distinct):,} duplicates in a primary key of {key.rows:,} rows.",
            hint="Make the value depend on the row number one to one.",
        )


def _pool(key: Synthesizer) -> Pool:
    if key.block_addressed:
        return MaterialisedPool.of(key)
    return ComputedPool(key)


@dataclass(frozen=True)
class MaterialisedPool:
    """Keys that cannot be computed at a row alone: drawn once at plan time, and carried in the plan."""

    values: pa.Array

    @classmethod
    def of(cls, key: Synthesizer) -> MaterialisedPool:
        if key.rows > MATERIALISED_ROWS:
            raise SchemaError(
                f"{key.where}: {type(key).__name__} draws keys in blocks and is referred to; {key.rows:,} are "
                f"more than the {MATERIALISED_ROWS:,} that are kept.",
                hint="Write `at(rows)` instead of `draw`, so that a key can be computed from its row.",
            )
        return cls(key.guarded(lambda: key.at(range(key.rows)), key.rows))

    @property
    def size(self) -> int:
        return len(self.values)

    @property
    def arrow_type(self) -> pa.DataType:
        return self.values.type

    @property
    def cardinality(self) -> int:
        return len(self.values)

    def at(self, rows: Rows) -> pa.Array:
        if isinstance(rows, range):
            return self.values.slice(rows.start, len(rows))
        return self.values.take(pa.array(rows))


def described(source: TableSource) -> list[dict[str, Any]]:
    """What a reader wants to know of each column: type, synthesizer, why, cardinality, bytes."""
    return [
        {
            "column": name,
            "type": str(s.arrow_type.value_type if pa.types.is_dictionary(s.arrow_type) else s.arrow_type),
            "synthesizer": type(s).__name__,
            "reason": s.reason,
            "key": _key_of(s.column),
            "distribution": s.column.distribution.name if s.column.distribution else "uniform",
            "cardinality": s.cardinality,
            "bytes": round(s.storage.bytes, 1),
        }
        for name, s in source.columns.items()
    ]


def _key_of(column: Column) -> str:
    if column.key:
        return "primary"
    return f"-> {column.reference}" if column.reference else ""
