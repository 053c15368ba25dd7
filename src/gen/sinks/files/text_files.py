"""This file knows files of text, a line or more a row: how they are written, packed and compared letter by letter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from gen.block import Partition
from gen.errors import BadRequest
from gen.schema.spec import suggestion
from gen.sinks.files.direct import DirectFile
from gen.sinks.files.formats import Facts
from gen.synth.table import TableSource

SAMPLED_ROWS = 256  # of which the size of a table's rows is estimated
# what --compression says -> what it is called in the files' names
_SUFFIXES = {"none": "", "gzip": ".gz", "zstd": ".zst"}


@dataclass(frozen=True)
class TextLayout:
    """How files of text are written."""

    format: ClassVar[str]
    compression: str = "none"

    def __post_init__(self) -> None:
        if self.compression not in _SUFFIXES:
            raise BadRequest(
                f"--compression {self.compression!r}: {self.format} files are not compressed so.",
                hint=suggestion(self.compression, _SUFFIXES),
            )

    def to_json(self) -> dict[str, Any]:
        return {"format": self.format, "compression": self.compression}


class TextFiles:
    """The rows of a partition as text. Subclasses say what the text is: `head` and `text`.

    Where a file is not to the letter what would be written, its values are read back and compared: `read` and
    `comparable`.
    """

    holds_receipts = False
    keeps_types = False

    def __init__(self, sources: Mapping[str, TableSource], layout: TextLayout) -> None:
        self.sources = dict(sources)
        self.codec = None if layout.compression == "none" else layout.compression
        self.suffix = f".{layout.format}{_SUFFIXES[layout.compression]}"

    def head(self, table: str) -> bytes:
        """What the file begins with."""
        raise NotImplementedError

    def text(self, table: str, batch: pa.RecordBatch) -> pa.Buffer:
        """The text of these rows."""
        raise NotImplementedError

    def write(
        self, path: Path, partition: Partition, batches: Iterable[pa.RecordBatch], receipt: Callable[[], Facts]
    ) -> None:
        with ExitStack() as stack:
            file: Any = stack.enter_context(DirectFile(path))
            if self.codec:
                file = stack.enter_context(pa.CompressedOutputStream(pa.PythonFile(file, "w"), self.codec))
            file.write(self.head(partition.table))
            for batch in batches:
                file.write(self.text(partition.table, batch))

    def receipt_in(self, path: Path) -> Facts:
        raise KeyError("text has no place for a receipt")

    def is_same(self, path: Path, table: str, batches: Iterable[pa.RecordBatch]) -> bool:
        with self.opened(path) as file:
            meant: Any = self.head(table)
            if file.read(len(meant)) != meant:
                return False
            for batch in batches:
                meant = self.text(table, batch)
                if not file.read_buffer(meant.size).equals(meant):
                    return False
            return not file.read(1)

    def opened(self, path: Path) -> Any:
        """The file's text, unpacked, as a stream."""
        return pa.input_stream(str(path), compression=self.codec)

    def bytes_per_row(self, table: str) -> float:
        source = self.sources[table]
        rows = min(source.rows, SAMPLED_ROWS)
        return self.text(table, source.at(range(rows))).size / rows if rows else 0.0
