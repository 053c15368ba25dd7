"""This file knows a table as a Source: its columns' synthesizers, evaluated block by block, bounded in bytes."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from gen.block import Partition
from gen.checksums import Checksum
from gen.errors import SchemaError
from gen.keys import Pool
from gen.schema.domains import Company
from gen.schema.spec import KINDS, Column, Spec, Table
from gen.streams import Rows, rows_array
from gen.synth import choices as _choices  # noqa: F401 - synthesizers are found because they exist
from gen.synth import clock as _clock  # noqa: F401
from gen.synth import containing as _containing  # noqa: F401
from gen.synth import decimals as _decimals  # noqa: F401
from gen.synth import derived as _derived  # noqa: F401
from gen.synth import faker_pool as _faker_pool  # noqa: F401
from gen.synth import formats as _formats  # noqa: F401
from gen.synth import identifiers as _identifiers  # noqa: F401
from gen.synth import lists as _lists  # noqa: F401
from gen.synth import names as _names  # noqa: F401
from gen.synth import numbers as _numbers  # noqa: F401
from gen.synth import pattern as _pattern  # noqa: F401
from gen.synth import text as _text  # noqa: F401
from gen.synth import times as _times  # noqa: F401
from gen.synth import unions as _unions  # noqa: F401
from gen.synth.checked import RowCheck, RowFilter
from gen.synth.company import in_company
from gen.synth.correlation import correlate
from gen.synth.json_text import json_text, object_json
from gen.synth.nested import SynthesizeField, Whole, plain_type, product_of
from gen.synth.noise import Dirt, dirt_of, refuse_noise_inside
from gen.synth.ordered import with_room, with_room_inside
from gen.synth.references import SynthesizeReference
from gen.synth.rows import RowView
from gen.synth.synthesizer import Storage, Synthesizer, synthesizer_of

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
    filter: RowFilter | None = None  # where a model takes only some of the rows
    document: bool = False
    dirt: Mapping[str, Dirt] = field(default_factory=dict)

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
        return replace(self, dirt={})

    @property
    def noise(self) -> dict[str, dict[str, int]]:
        """How many dirty values there are, by column and kind."""
        return {name: dict(dirt.counts) for name, dirt in self.dirt.items()}

    @property
    def bytes_per_row(self) -> float:
        """Plain, uncompressed: what a row takes in memory, near enough."""
        return sum(self.storage(name).bytes for name in self.columns)

    def storage(self, name: str) -> Storage:
        """What a sink may know of a column when it chooses an encoding, its dirt included."""
        dirt = self.dirt.get(name)
        return dirt.storage if dirt else self.columns[name].storage

    def at(self, rows: Rows, columns: Sequence[str] | None = None) -> pa.RecordBatch:
        """These rows as one record batch; all columns, or some. Rows outside the table have values too."""
        names = list(self.columns) if columns is None else list(columns)
        row = RowView(self.columns, rows)
        if self.filter and not (self.filter.fixed - self.filter.made_of.keys()).issuperset(names):
            drawn = {name: row.array(name) for name in self.columns}
            drawn = self.filter.accepted(rows_array(rows), drawn)
        else:
            drawn = {name: row.array(name) for name in names}
        arrays = [self._dirtied(n, rows, drawn[n]) if n in self.dirt else drawn[n] for n in names]
        schema = self.schema if columns is None else pa.schema([self.schema.field(name) for name in names])
        return pa.RecordBatch.from_arrays(arrays, schema=schema)

    def _dirtied(self, name: str, rows: Rows, array: pa.Array) -> pa.Array:
        clean = self.clean
        return self.dirt[name].applied(rows, array, lambda numbers: clean.at(numbers, [name]).column(0))

    def python(self, batch: pa.RecordBatch) -> list[dict[str, Any]]:
        """Rows as a model of Pydantic takes them, by field name; what dirt made texts of, as texts."""
        values = [self._python(name, batch) for name in self.columns]
        absent = {name for name, column in self.columns.items() if column.column.may_be_absent}
        return [
            {name: v for name, v in zip(self.columns, row, strict=True) if v is not None or name not in absent}
            for row in zip(*values, strict=True)
        ]

    def json(self, batch: pa.RecordBatch) -> pa.Array:
        """Rows as JSON texts; of a document that is one value, the value's."""
        texts = [
            json_text(batch.column(name)) if self._is_text_of(name, batch) else column.json(batch.column(name))
            for name, column in self.columns.items()
        ]
        if self.document and list(self.columns) == ["value"]:
            return texts[0].fill_null("null")
        absent = [column.column.may_be_absent for column in self.columns.values()]
        return object_json(list(self.columns), texts, absent, batch.num_rows)

    def _python(self, name: str, batch: pa.RecordBatch) -> list[Any]:
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
        start = partition.start
        while start < partition.stop:
            stop = min((start // step + 1) * step, partition.stop)
            yield self.at(range(start, stop))
            start = stop

    def probe(self) -> dict[str, str]:
        """Checksums of 4,096 rows of each column, at four places, by ranges: the fingerprint of what this machine, code
        and library compute. Fewer rows where they are wide, or where a model is asked for each; all of a small table.

        Keys, which others refer to, and what user code has a part in, are asked for by address, too: both must agree.
        """
        size = max(1, min(PROBE_ROWS, int(BLOCK_BYTES / max(self.bytes_per_row, 1))) // (8 if self.filter else 1))
        starts = sorted({int(self.rows * part) for part in (0, 1 / 3, 2 / 3)} | {self.rows - size})
        few = self.rows <= size * len(starts)
        ranges = [range(self.rows)] if few else [range(start, start + size) for start in starts]
        by_range = Checksum(self.table, list(self.columns))
        for rows in ranges:
            by_range.add(self.at(rows))
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
    return bool(synthesizer.column.functions()) or not all(part.is_built_in for part in synthesizer.every_part())


def table_sources(
    spec: Spec, rows: Mapping[str, int], seed: int, as_of: datetime.date | None = None
) -> dict[str, TableSource]:
    """A source for every table of the schema, references resolved; `as_of` is the day that counts as today.

    Raises SchemaError, CapacityError or ReferenceError, naming table and column, where a request cannot be met.
    """
    sources = {}
    today = as_of or datetime.datetime.now(datetime.UTC).date()
    spec = in_company(spec.seen_from(today), rows, today)
    for table in spec.tables:
        columns = _columns(table, rows, seed)
        refuse_noise_inside(table)
        sources[table.name] = TableSource(table.name, rows[table.name], columns, document=table.document)
    pools: dict[str, tuple[Pool, Storage]] = {}
    for synthesizer in (s for source in sources.values() for s in source.columns.values()):
        parts = [s.column.reference for s in synthesizer.every_part() if isinstance(s, SynthesizeReference)]
        targets = [reference for reference in dict.fromkeys(parts) if reference is not None]
        for target in targets:
            if str(target) not in pools:
                parent = sources[target.table].columns[target.column]
                pools[str(target)] = _pool(parent), parent.storage
        if targets:
            synthesizer.take_pools(pools)
    return {table: replace(source, dirt=_dirt(source)) for table, source in sources.items()}


def _dirt(source: TableSource) -> dict[str, Dirt]:
    """The dirt that its columns declare; which values no key has is known once the keys are."""
    return {name: dirt_of(column) for name, column in source.columns.items() if column.column.noise}


def filtered_sources(
    sources: Mapping[str, TableSource], checks: Mapping[str, RowCheck], seed: int
) -> dict[str, TableSource]:
    """The sources, each drawing only rows that its check takes: unchanged where that takes a probe as it is.

    Raises SchemaError, naming the field, its rate and what to do, where too few values are taken.
    """
    return {t: _filtered(source, checks[t], seed) if t in checks else source for t, source in sources.items()}


def _filtered(source: TableSource, check: RowCheck, seed: int) -> TableSource:
    count = min(source.rows, check.sample)
    numbers = np.array([i * source.rows // count for i in range(count)], np.uint64)  # from all over the table
    if not numbers.size:
        return source
    probe = source.clean.at(numbers)
    blamed = check.blamed(source.python(probe))
    if not any(blamed):
        return source
    fixed = frozenset(name for name, s in source.columns.items() if s.column.key or s.column.reference)
    together = drawn_together(source.columns)
    attempts = _Attempts(source.columns)
    picky = frozenset(name for names in blamed for name in names)
    row_filter = RowFilter(source.table, check, attempts, fixed, seed, made_of(source.columns), together, picky)
    spare = row_filter.spare_rows(numbers, {name: probe.column(name) for name in source.columns})
    return replace(source, filter=replace(row_filter, spare=spare))


def drawn_together(columns: Mapping[str, Synthesizer]) -> dict[str, tuple[str, ...]]:
    """Columns that are only drawn again with others: those of a correlated group, and of one company of people."""
    together = {name: s.tied_to for name, s in columns.items() if s.tied_to}
    for name, synthesizer in columns.items():
        company = synthesizer.column.company
        if company is not None:
            members = (n for n, s in columns.items() if _of_one(company, s.column.company))
            together[name] = tuple(dict.fromkeys([*together.get(name, ()), *members]))
    return together


def _of_one(company: Company, other: Company | None) -> bool:
    """Whether two companies are drawn together: they are one, or a person and the place where they live."""
    if other is None or other.path != company.path:
        return False
    homes = company.home, other.home
    return other == company or any(
        h is not None and h == replace(c, path="") for h, c in zip(homes, (other, company), strict=True)
    )


def made_of(columns: Mapping[str, Synthesizer]) -> dict[str, tuple[str, ...]]:
    """For each column that asks for others of its row, after those: the drawn columns it is made of, directly or not.

    Itself, too, unless it is computed and draws nothing.
    """
    row = RowView(columns, np.zeros(1, np.uint64))
    for name in columns:
        row.array(name)
    found: dict[str, dict[str, None]] = {}
    for name in row.made:
        if inputs := row.inputs.get(name):
            drawn = {name: None} if getattr(columns[name], "draws", True) else {}
            for other in inputs:
                drawn |= found.get(other, {other: None})
            found[name] = drawn
    return {name: tuple(drawn) for name, drawn in found.items()}


@dataclass
class _Attempts:
    """The columns of a table by attempt; keys and references are the same in all."""

    first: Mapping[str, Synthesizer]

    def __call__(self, attempt: int) -> Mapping[str, Synthesizer]:
        if not attempt:
            return self.first
        if attempt not in self._made:
            made = {name: _again(s, attempt) for name, s in self.first.items()}
            correlate("", {name: s for name, s in made.items() if self.first[name].tied_to})
            self._made[attempt] = made
        return self._made[attempt]

    @cached_property
    def _made(self) -> dict[int, Mapping[str, Synthesizer]]:
        return {}

    def __getstate__(self) -> dict[str, Any]:
        return {"first": self.first}


def _again(s: Synthesizer, attempt: int) -> Synthesizer:
    """The column's synthesizer with other values at the same rows."""
    if s.column.key or s.column.reference or not getattr(s, "draws", True):
        return s
    return s.again(attempt)


def _columns(table: Table, rows: Mapping[str, int], seed: int) -> dict[str, Synthesizer]:
    """A synthesizer for every column; those of a table that is drawn whole are fields of it."""
    if table.whole is None:
        declared = with_room(table.columns, table.name, rows[table.name], seed)
        synthesizers = {c.name: _synthesizer(table, c, rows, seed) for c in declared}
        correlate(table.name, synthesizers)
        return synthesizers
    whole_column = with_room_inside(table.whole, table.name, rows[table.name], seed)
    root = synthesizer_of(whole_column, table.name, rows[table.name], seed, "")
    whole = Whole(root)
    inner: Any = getattr(root, "inner", root)
    made: dict[str, Synthesizer] = {}
    for column in table.columns:
        if column.key or column.reference:
            raise SchemaError(
                f"{table.name}.{column.name}: a key in a table whose schema ties its columns together.",
                hint="Say what it means without `not`, `oneOf`, `if` or dependent keywords.",
            )
        field = SynthesizeField(column, table.name, rows[table.name], seed).of(whole, inner.parts[column.name])
        field.reason = "the schema ties it to other columns"
        made[column.name] = field
    return made


def _synthesizer(table: Table, column: Column, rows: Mapping[str, int], seed: int) -> Synthesizer:
    synthesizer = synthesizer_of(column, table.name, rows[table.name], seed)
    if column.key and not synthesizer.unique:
        _check_distinct(synthesizer)
    return synthesizer


def _check_distinct(key: Synthesizer) -> None:
    """A key drawn by user code that makes no promise is drawn whole and counted, within a stated budget."""
    name = type(key).__name__
    if key.is_built_in:
        raise SchemaError(
            f"{key.where}: {KINDS[key.column.kind]} cannot be a primary key.",
            hint="Use an int, a str, a date, a UUID or a tuple of them.",
        )
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
    """What a reader wants to know of each column: type, synthesizer, why, law, nulls, cardinality, bytes."""
    return [
        {
            "column": name,
            "type": str(plain_type(source.schema.field(name).type)),
            "synthesizer": type(s).__name__,
            "reason": "; ".join([s.reason + _drawn_again(source, name), *never_drawn(s.column.never_drawn())]),
            "key": _key_of(s.column),
            "distribution": s.distribution_text,
            "cardinality": _cardinality(source.columns, s),
            "bytes": round(_bytes(source, name), 1),
            "nulls": _nulls(s),
            "null_value": s.column.null_value,
            "noise": source.noise.get(name, {}),
        }
        for name, s in source.columns.items()
    ]


def never_drawn(undrawn: Iterable[tuple[str, str]]) -> list[str]:
    """Branches that no value is ever of, each with the reason, in words."""
    return [f"never drawn: {name} ({why})" for name, why in undrawn]


def _drawn_again(source: TableSource, name: str) -> str:
    return "; drawn again where the model refuses it" if source.filter and name in source.filter.picky else ""


def _cardinality(columns: Mapping[str, Synthesizer], s: Synthesizer) -> int | None:
    """How many different values a column may have; where others decide it, no more than they have."""
    on = s.column.depends_on
    known = [s.cardinality] + ([product_of(columns[name].cardinality for name in on)] if on else [])
    return min((count for count in known if count is not None), default=None)


def _nulls(s: Synthesizer) -> float:
    """The share of rows without a value, as far as the column itself decides that."""
    if s.column.kind == "null":
        return 1.0
    return s.null_share if isinstance(s, SynthesizeField) else s.column.nulls or 0.0


def _bytes(source: TableSource, name: str) -> float:
    """What a value takes in memory, near enough: of a boolean a bit."""
    kind = source.schema.field(name).type
    return 0.125 if pa.types.is_boolean(kind) else source.storage(name).bytes


def _key_of(column: Column) -> str:
    if column.key:
        return "primary"
    return f"-> {column.reference}" if column.reference else ""
