"""This file knows Parquet: one file a partition, encoded by what is known of each column, its receipt in the footer."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from gen.block import Partition, Receipt, Source
from gen.checksums import Checksum, hash_values
from gen.errors import BadRequest, RunError
from gen.schema.spec import suggestion
from gen.sinks.direct import DirectFile
from gen.sinks.folder import RunFolder
from gen.synth.synthesizer import Storage

RECEIPT_KEY = b"gen.receipt"
COMPRESSIONS = ("auto", "none", "snappy", "lz4", "zstd", "gzip", "brotli")
# compatible: packed as far as DuckDB, ClickHouse, Polars and Spark 3.5 all read it. fast: values as they are, for a
# disk that is faster than the processor; a seventh more bytes of the example.
ENCODINGS = ("compatible", "fast")
ROW_GROUP_BYTES = 32 * 2**20  # of values in memory
DICTIONARY_LIMIT = 32_768  # distinct values up to which a dictionary pays
_READERS = 8  # threads that read footers


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


class ParquetSink:
    """Partitions as Parquet files in a folder. Exactly once: whatever is repeated, one file of each name remains."""

    def __init__(self, folder: RunFolder, tables: Mapping[str, TableLayout], layout: ParquetLayout) -> None:
        self.folder = folder
        self.tables = dict(tables)
        self.layout = layout

    def path(self, partition: Partition) -> Path:
        return self.folder.table_folder(partition.table) / f"part-{partition.index:06d}.parquet"

    @property
    def artefacts(self) -> Path | None:
        """Where artefacts that workers share may lie."""
        return self.folder.root / "_gen" / "artefacts"

    def check(self, *, needed: int, overwrite: bool) -> None:
        self.folder.check(needed=needed, overwrite=overwrite)

    def prepare(self, *, overwrite: bool) -> None:
        self.folder.take(list(self.tables), overwrite=overwrite)

    def write(self, partition: Partition, batches: Iterable[pa.RecordBatch]) -> Receipt:
        """Write the partition's file. Its receipt is in its footer, so both appear at once or not at all."""
        checksum = Checksum(partition.table, self.tables[partition.table].schema.names)
        final = self.path(partition)
        try:
            self.folder.publish(final, lambda path: self._write_file(path, partition, batches, checksum))
        except FileNotFoundError as error:
            # A process that finished the same run removed all attempts: then the file is there, from another one.
            receipt = self.receipt_of(final)
            if receipt is None:
                raise RunError(
                    f"{final} could not be written: its temporary file was removed.", hint="Run the same command again."
                ) from error
            return receipt
        return _receipt(partition, final.stat().st_size, checksum.to_json())

    def _write_file(
        self, path: Path, partition: Partition, batches: Iterable[pa.RecordBatch], checksum: Checksum
    ) -> None:
        table = self.tables[partition.table]
        rows_in_group = max(1, int(self.layout.row_group_bytes / max(table.bytes_per_row, 1)))
        options = writer_options(table.settings)
        with DirectFile(path) as file, pq.ParquetWriter(file, table.schema, **options) as writer:
            held: list[pa.RecordBatch] = []
            for batch in batches:
                checksum.add(batch)
                held.append(batch)
                rows = sum(b.num_rows for b in held)
                if rows >= rows_in_group:
                    together, whole = pa.Table.from_batches(held), rows - rows % rows_in_group
                    writer.write_table(together.slice(0, whole), row_group_size=rows_in_group)
                    held = together.slice(whole).to_batches()
            if held or not partition.rows:
                writer.write_table(pa.Table.from_batches(held, table.schema), row_group_size=rows_in_group)
            receipt = _receipt(partition, 0, checksum.to_json()).to_json() | {"fingerprint": self.folder.fingerprint}
            writer.add_key_value_metadata({RECEIPT_KEY: json.dumps(receipt)})

    def done(self) -> dict[tuple[str, int], Receipt]:
        """Receipts of the files whose footer opens and speaks of this run."""
        paths = [
            path for table in self.tables for path in sorted(self.folder.table_folder(table).glob("part-*.parquet"))
        ]
        known = self.folder.fingerprints()
        with ThreadPoolExecutor(_READERS) as pool:
            found = [receipt for receipt in pool.map(lambda path: self.receipt_of(path, known), paths) if receipt]
        return {(receipt.table, receipt.index): receipt for receipt in found}

    def receipt_of(self, path: Path, known: Collection[str] = ()) -> Receipt | None:
        """The receipt in a file's footer; None where it does not open, or is of another run or place.

        known: the fingerprints that it may have; this run's alone unless given.
        """
        try:
            metadata = pq.read_metadata(path)
            facts = json.loads((metadata.metadata or {})[RECEIPT_KEY])
            if facts.pop("fingerprint") not in (known or (self.folder.fingerprint,)):
                return None
            facts |= {"bytes": path.stat().st_size, "differences": ()}
            receipt = Receipt(**facts)
            partition = Partition(receipt.table, receipt.index, receipt.start, receipt.stop)
            return receipt if metadata.num_rows == receipt.rows and self.path(partition) == path else None
        except (OSError, pa.ArrowException, KeyError, ValueError, TypeError):
            return None

    def finish(self, receipts: Sequence[Receipt]) -> None:
        self.folder.seal(receipts)


def _receipt(partition: Partition, size: int, checksum: dict[str, str]) -> Receipt:
    return Receipt(partition.table, partition.index, partition.start, partition.stop, size, checksum)


class ParquetComparison:
    """A sink that writes nothing: it compares each partition's file with what the source computes."""

    def __init__(self, sink: ParquetSink, sources: Mapping[str, Source]) -> None:
        self.sink = sink
        self.sources = dict(sources)

    artefacts: Path | None = None  # nothing is written, artefacts neither

    def check(self, *, needed: int, overwrite: bool) -> None:
        """Nothing to refuse."""

    def prepare(self, *, overwrite: bool) -> None:
        """Nothing to make ready."""

    def write(self, partition: Partition, batches: Iterable[pa.RecordBatch]) -> Receipt:
        """The receipt of what should be there; `differences` says how the file differs."""
        schema = self.sink.tables[partition.table].schema
        meant = Checksum(partition.table, schema.names)
        for batch in batches:
            meant.add(batch)
        path = self.sink.path(partition)
        size = path.stat().st_size if path.exists() else 0
        found = _receipt(partition, size, meant.to_json())
        differences = tuple(f"{path.parent.name}/{path.name}: {d}" for d in self._differences(path, partition, meant))
        return Receipt(**(found.__dict__ | {"differences": differences}))

    def _differences(self, path: Path, partition: Partition, meant: Checksum) -> list[str]:
        if not path.exists():
            return ["missing"]
        schema = self.sink.tables[partition.table].schema
        stored = Checksum(partition.table, schema.names)
        try:
            with pq.ParquetFile(path) as file:
                if file.schema_arrow.names != schema.names:
                    return [f"columns {', '.join(file.schema_arrow.names)} instead of {', '.join(schema.names)}"]
                for batch in file.iter_batches(65_536):
                    stored.add(batch)
        except (OSError, pa.ArrowException, TypeError) as error:
            return [f"cannot be read: {error}"]
        if stored.rows != partition.rows:
            return [f"{stored.rows:,} rows instead of {partition.rows:,}"]
        sums, expected = stored.to_json(), meant.to_json()
        changed = [name for name in schema.names if sums[name] != expected[name]]
        if changed:
            return [self._located(path, partition, name) for name in changed]
        if sums[""] != expected[""]:
            return ["values are exchanged between rows"]
        if self.sink.receipt_of(path) is None:
            return ["its receipt is missing or of another run"]
        return []

    def _located(self, path: Path, partition: Partition, column: str) -> str:
        """Which values of a column differ: how many, and the first row."""
        meant = [batch.column(column) for batch in self.sources[partition.table].batches(partition)]
        with pq.ParquetFile(path) as file:
            stored = [batch.column(column) for batch in file.iter_batches(65_536, columns=[column])]
        rows = np.flatnonzero(_hashes(meant) != _hashes(stored))
        if not rows.size:
            return f"column {column}: its checksum differs"
        first = partition.start + int(rows[0])
        return f"column {column}: {rows.size:,} of {partition.rows:,} values differ, first at row {first:,}"

    def done(self) -> dict[tuple[str, int], Receipt]:
        return {}

    def finish(self, receipts: Sequence[Receipt]) -> None:
        """Nothing to seal."""


def _hashes(batches: Sequence[pa.Array]) -> NDArray[np.uint64]:
    """The hashes of a column's values, in order."""
    return np.concatenate([np.empty(0, np.uint64), *(hash_values(batch, 0) for batch in batches)])
