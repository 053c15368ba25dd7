"""This file knows Arrow's own file format (IPC, "Feather"): what is in memory, as it is, or packed block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from gen.block import Partition, plain, plain_type
from gen.errors import BadRequest
from gen.schema.spec import suggestion
from gen.sinks.files.direct import DirectFile
from gen.sinks.files.formats import Facts
from gen.synth.table import TableSource

_CODECS = ("none", "lz4", "zstd")


@dataclass(frozen=True)
class ArrowLayout:
    """How Arrow files are written."""

    compression: str = "none"

    def __post_init__(self) -> None:
        if self.compression not in _CODECS:
            raise BadRequest(
                f"--compression {self.compression!r}: Arrow files are not compressed so.",
                hint=suggestion(self.compression, _CODECS),
            )

    def to_json(self) -> dict[str, Any]:
        return {"format": "arrow", "compression": self.compression}

    def files(self, sources: Mapping[str, TableSource]) -> ArrowFiles:
        return ArrowFiles({table: _plain_schema(s.schema) for table, s in sources.items()}, sources, self)


class ArrowFiles:
    """Arrow IPC files, of plain values: the dictionaries that some travel as differ from block to block."""

    suffix = ".arrow"
    holds_receipts = False  # metadata is written before the rows
    keeps_types = True

    def __init__(
        self, schemas: Mapping[str, pa.Schema], sources: Mapping[str, TableSource], layout: ArrowLayout
    ) -> None:
        self.schemas = dict(schemas)
        self.sizes = {table: source.bytes_per_row for table, source in sources.items()}
        self.codec = None if layout.compression == "none" else layout.compression

    def write(
        self, path: Path, partition: Partition, batches: Iterable[pa.RecordBatch], receipt: Callable[[], Facts]
    ) -> None:
        schema, options = self.schemas[partition.table], pa.ipc.IpcWriteOptions(compression=self.codec)
        with DirectFile(path) as file, pa.ipc.new_file(pa.PythonFile(file, "w"), schema, options=options) as writer:
            for batch in batches:
                writer.write_batch(pa.RecordBatch.from_arrays([plain(array) for array in batch.columns], schema=schema))

    def receipt_in(self, path: Path) -> Facts:
        raise KeyError("Arrow files have no place for what is known only at their end")

    def is_same(self, path: Path, table: str, batches: Iterable[pa.RecordBatch]) -> bool:
        return False

    def read(self, path: Path, table: str) -> Iterator[pa.RecordBatch]:
        with pa.memory_map(str(path)) as file:
            reader = pa.ipc.open_file(file)
            if not reader.num_record_batches:
                yield pa.RecordBatch.from_pylist([], schema=reader.schema)
            for i in range(reader.num_record_batches):
                yield reader.get_batch(i)

    def comparable(self, table: str, batch: pa.RecordBatch) -> pa.RecordBatch:
        return batch

    def bytes_per_row(self, table: str) -> float:
        return self.sizes[table]


def _plain_schema(schema: pa.Schema) -> pa.Schema:
    return pa.schema([pa.field(f.name, plain_type(f.type), nullable=f.nullable) for f in schema])
