"""This file knows what a file format must say of itself, so that the sink and the comparison of files know none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from gen.block import Partition
from gen.synth.table import TableSource

Facts = dict[str, Any]  # of a receipt, as JSON


class FileFormat(Protocol):
    """How one partition is a file. Picklable."""

    suffix: str  # of the files' names: ".parquet"
    holds_receipts: bool  # in the files themselves; else they lie beside them
    keeps_types: bool  # whether what is read back has the types of what was written

    def write(
        self, path: Path, partition: Partition, batches: Iterable[pa.RecordBatch], receipt: Callable[[], Facts]
    ) -> None:
        """Write a whole new file, synchronised; `receipt` is known when the last batch has been taken."""
        ...

    def receipt_in(self, path: Path) -> Facts:
        """The receipt that the file itself holds. Raises KeyError, ValueError, OSError, ArrowException without one."""
        ...

    def is_same(self, path: Path, table: str, batches: Iterable[pa.RecordBatch]) -> bool:
        """Whether the file is to the letter what would be written now. False also says that nobody looked."""
        ...

    def read(self, path: Path, table: str) -> Iterator[pa.RecordBatch]:
        """The file's rows, as `comparable` has them. Raises OSError, ArrowException, ValueError where it has none."""
        ...

    def comparable(self, table: str, batch: pa.RecordBatch) -> pa.RecordBatch:
        """These rows as they are read back: with the same columns, maybe of other types."""
        ...

    def bytes_per_row(self, table: str) -> float:
        """About how many bytes a row takes in the file, before compression."""
        ...


class Layout(Protocol):
    """What may be said of how files are written: a format and its options, as a run records them."""

    def to_json(self) -> dict[str, Any]: ...

    def files(self, sources: Mapping[str, TableSource]) -> FileFormat:
        """The format, for these tables. Raises BadRequest where it cannot hold one of their columns."""
        ...
