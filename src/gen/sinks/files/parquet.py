"""This file knows Parquet: one file a partition, encoded by what is known of each column, its receipt in the footer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from gen.block import Partition
from gen.errors import BadRequest
from gen.schema.spec import suggestion
from gen.sinks.files.direct import DirectFile
from gen.sinks.files.formats import Facts
from gen.synth.synthesizer import Storage
from gen.synth.table import TableSource

RECEIPT_KEY = b"gen.receipt"
COMPRESSIONS = ("auto", "none", "snappy", "lz4", "zstd", "gzip", "brotli")
# compatible: packed as far as DuckDB, ClickHouse, Polars and Spark 3.5 all read it. fast: values as they are, for a
# disk that is faster than the processor; a seventh more bytes of the example.
ENCODINGS = ("compatible", "fast")
ROW_GROUP_BYTES = 32 * 2**20  # of values in memory
DICTIONARY_LIMIT = 32_768  # distinct values up to which a dictionary pays


@dataclass(frozen=True)
class ColumnSettings:
    """How one column, or a leaf of a nested one, is encoded."""

    encoding: str  # PLAIN, DELTA_BINARY_PACKED or DICTIONARY
    compression: str
    statistics: bool


@dataclass(frozen=True)
class ParquetLayout:
    """How the files are to be written. row_group_bytes: of values in memory, so that a writer's memory is bounded."""

    compression: str = "auto"
    encoding: str = "compatible"
    row_group_bytes: int = ROW_GROUP_BYTES

    def __post_init__(self) -> None:
        for option, value, known in (
            ("--compression", self.compression, COMPRESSIONS),
            ("--encoding", self.encoding, ENCODINGS),
        ):
            if value not in known:
                raise BadRequest(f"{option} {value!r} is not known.", hint=suggestion(value, known))
        if self.row_group_bytes < 1:
            raise BadRequest(f"--row-group-bytes is {self.row_group_bytes}.", hint="Give 1 or more.")

    def to_json(self) -> dict[str, Any]:
        return {
            "format": "parquet",
            "compression": self.compression,
            "encoding": self.encoding,
            "row_group_bytes": self.row_group_bytes,
        }

    def files(self, sources: Mapping[str, TableSource]) -> ParquetFiles:
        return ParquetFiles({table: TableLayout.of(source, self) for table, source in sources.items()}, self)


def column_settings(kind: pa.DataType, storage: Storage, layout: ParquetLayout) -> ColumnSettings:
    """The encoding of a column, from what its synthesizer knows of its values.

    Few values: a dictionary. Numbers that pack to less than half: bit-packed differences. Everything else is near
    random: plain, and compressed only where that was asked for, or where text has less information than its letters.
    """
    text = pa.types.is_string(kind) or pa.types.is_dictionary(kind)
    number = pa.types.is_integer(kind) or pa.types.is_timestamp(kind) or pa.types.is_date(kind)
    few = storage.distinct is not None and storage.distinct <= DICTIONARY_LIMIT and not pa.types.is_boolean(kind)
    fast = layout.encoding == "fast"
    codec = "none" if layout.compression == "auto" else layout.compression
    # Nothing is skipped by the bounds of random text: every row group has all first letters.
    statistics = not (text and storage.distinct is None)
    if few and (text or not fast):
        return ColumnSettings("DICTIONARY", codec, statistics)
    if number and storage.bits < 4 * storage.bytes and not fast:  # packing costs 4 to 7 ns a value
        return ColumnSettings("DELTA_BINARY_PACKED", codec, statistics)
    if layout.compression == "auto" and text and storage.bits < 4 * storage.bytes:
        codec = "snappy"
    return ColumnSettings("PLAIN", codec, statistics)


def writer_options(settings: Mapping[str, ColumnSettings]) -> dict[str, Any]:
    """The settings of all columns as pyarrow's writer takes them."""
    dictionary = [name for name, s in settings.items() if s.encoding == "DICTIONARY"]
    return {
        "use_dictionary": dictionary or False,
        "column_encoding": {name: s.encoding for name, s in settings.items() if s.encoding != "DICTIONARY"} or None,
        "compression": {name: s.compression for name, s in settings.items()},
        "write_statistics": [name for name, s in settings.items() if s.statistics] or False,
        "data_page_size": 2**20,
        "write_batch_size": 65_536,  # a fifth less time than the default of 1,024
    }


@dataclass(frozen=True)
class TableLayout:
    """What the sink knows of one table. settings: by column, or the path of a nested column's leaf."""

    schema: pa.Schema
    settings: Mapping[str, ColumnSettings]
    bytes_per_row: float

    @classmethod
    def of(cls, source: Any, layout: ParquetLayout) -> TableLayout:
        """From a source whose columns say what is known of their values."""
        settings = {}
        for field, synthesizer in zip(source.schema, source.columns.values(), strict=True):
            known = (
                synthesizer.storages(field.name)
                if field.type == synthesizer.arrow_type
                else {field.name: source.storage(field.name)}
            )
            for path, kind in leaves(field.name, field.type):
                settings[path] = column_settings(kind, known.get(path) or _unknown(kind), layout)
        return cls(source.schema, settings, source.bytes_per_row)


def leaves(path: str, kind: pa.DataType) -> Iterator[tuple[str, pa.DataType]]:
    """The columns that Parquet makes of one: path and type. Of a list `tags` it is `tags.list.element`."""
    if pa.types.is_struct(kind):
        for field in kind:
            yield from leaves(f"{path}.{field.name}", field.type)
    elif pa.types.is_map(kind):
        yield from leaves(f"{path}.key_value.key", kind.key_type)
        yield from leaves(f"{path}.key_value.value", kind.item_type)
    elif pa.types.is_list(kind):
        yield from leaves(f"{path}.list.element", kind.value_type)
    else:
        yield path, kind


def _unknown(kind: pa.DataType) -> Storage:
    """Of values of which nothing is known but their type."""
    try:
        return Storage(kind.bit_width / 8, kind.bit_width)
    except ValueError:  # no fixed width
        return Storage(32, 256)


class ParquetFiles:
    """Parquet, with a receipt in each footer."""

    suffix = ".parquet"
    holds_receipts = True
    keeps_types = True

    def __init__(self, tables: Mapping[str, TableLayout], layout: ParquetLayout) -> None:
        self.tables = dict(tables)
        self.layout = layout

    def write(
        self, path: Path, partition: Partition, batches: Iterable[pa.RecordBatch], receipt: Callable[[], Facts]
    ) -> None:
        """Row groups are bounded in bytes. The receipt is in the footer: both appear at once or not at all."""
        table = self.tables[partition.table]
        rows_in_group = max(1, int(self.layout.row_group_bytes / max(table.bytes_per_row, 1)))
        options = writer_options(table.settings)
        with DirectFile(path) as file, pq.ParquetWriter(file, table.schema, **options) as writer:
            held: list[pa.RecordBatch] = []
            for batch in batches:
                held.append(batch)
                rows = sum(b.num_rows for b in held)
                if rows >= rows_in_group:
                    together, whole = pa.Table.from_batches(held), rows - rows % rows_in_group
                    writer.write_table(together.slice(0, whole), row_group_size=rows_in_group)
                    held = together.slice(whole).to_batches()
            if held or not partition.rows:
                writer.write_table(pa.Table.from_batches(held, table.schema), row_group_size=rows_in_group)
            writer.add_key_value_metadata({RECEIPT_KEY: json.dumps(receipt())})

    def receipt_in(self, path: Path) -> Facts:
        metadata = pq.read_metadata(path)
        facts: Facts = json.loads((metadata.metadata or {})[RECEIPT_KEY])
        if metadata.num_rows != facts["stop"] - facts["start"]:
            raise ValueError(f"{path} has {metadata.num_rows} rows, and its receipt says others")
        return facts

    def is_same(self, path: Path, table: str, batches: Iterable[pa.RecordBatch]) -> bool:
        return False  # the same values may be encoded in many ways

    def read(self, path: Path, table: str) -> Iterator[pa.RecordBatch]:
        with pq.ParquetFile(path) as file:
            if not file.metadata.num_rows:
                yield pa.RecordBatch.from_pylist([], schema=file.schema_arrow)
            yield from file.iter_batches(65_536)

    def comparable(self, table: str, batch: pa.RecordBatch) -> pa.RecordBatch:
        return batch

    def bytes_per_row(self, table: str) -> float:
        return self.tables[table].bytes_per_row
