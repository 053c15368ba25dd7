"""This file knows how a partition's file is compared with what its source computes, and how they differ, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.block import Partition, Receipt, Source
from gen.checksums import Checksum, hash_values
from gen.sinks.files.sink import FileSink, checked, receipt_for


class FileComparison:
    """A sink that writes nothing: it compares each partition's file with what the source computes."""

    def __init__(self, sink: FileSink, sources: Mapping[str, Source]) -> None:
        self.sink = sink
        self.sources = dict(sources)

    artefacts: Path | None = None  # nothing is written, artefacts neither

    def check(self, *, needed: int, overwrite: bool) -> None:
        """Nothing to refuse."""

    def prepare(self, *, overwrite: bool) -> None:
        """Nothing to make ready."""

    def write(self, partition: Partition, batches: Iterable[pa.RecordBatch]) -> Receipt:
        """The receipt of what should be there; `differences` says how the file differs."""
        meant = Checksum(partition.table, self.sink.schemas[partition.table].names)
        path = self.sink.path(partition)
        going = checked(batches, meant)
        is_same = path.exists() and self._is_same(path, partition, going)
        for _ in going:  # what was not looked at
            pass
        found = [] if is_same else self._differences(path, partition, meant)
        if not found and self.sink.receipt_of(path) is None:
            found = ["its receipt is missing or of another run"]
        size = path.stat().st_size if path.exists() else 0
        differences = tuple(f"{path.parent.name}/{path.name}: {difference}" for difference in found)
        return Receipt(**(receipt_for(partition, size, meant).__dict__ | {"differences": differences}))

    def _is_same(self, path: Path, partition: Partition, batches: Iterable[pa.RecordBatch]) -> bool:
        try:
            return self.sink.files.is_same(path, partition.table, batches)
        except (OSError, pa.ArrowException, ValueError):  # told when it is looked at closely
            return False

    def _differences(self, path: Path, partition: Partition, meant: Checksum) -> list[str]:
        """How the file's values differ from those that are meant; empty where they are the same."""
        if not path.exists():
            return ["missing"]
        files, names = self.sink.files, meant.columns
        stored = Checksum(partition.table, names)
        try:
            for batch in files.read(path, partition.table):
                if batch.schema.names != names:
                    return [f"columns {', '.join(batch.schema.names)} instead of {', '.join(names)}"]
                stored.add(batch)
        except (OSError, pa.ArrowException, TypeError, ValueError) as error:
            return [f"cannot be read: {error}"]
        if stored.rows != partition.rows:
            return [f"{stored.rows:,} rows instead of {partition.rows:,}"]
        sums = stored.to_json()
        expected = (meant if files.keeps_types else self._comparable(partition, meant)).to_json()
        changed = [name for name in names if sums[name] != expected[name]]
        if changed:
            return [self._located(path, partition, name) for name in changed]
        return ["values are exchanged between rows"] if sums[""] != expected[""] else []

    def _comparable(self, partition: Partition, meant: Checksum) -> Checksum:
        """The checksum of the meant values as they are read back."""
        found = Checksum(partition.table, meant.columns)
        for batch in self.sources[partition.table].batches(partition):
            found.add(self.sink.files.comparable(partition.table, batch))
        return found

    def _located(self, path: Path, partition: Partition, column: str) -> str:
        """Which values of a column differ: how many, and the first row."""
        files, table = self.sink.files, partition.table
        batches = self.sources[table].batches(partition)
        meant = [files.comparable(table, batch).column(column) for batch in batches]
        stored = [batch.column(column) for batch in files.read(path, table)]
        rows = np.flatnonzero(_hashes(meant) != _hashes(stored))
        if not rows.size:
            return f"column {column}: its checksum differs"
        first = partition.start + int(rows[0])
        return f"column {column}: {rows.size:,} of {partition.rows:,} values differ, first at row {first:,}"

    def for_workers(self) -> AbstractContextManager[FileComparison]:
        return nullcontext(self)

    def land(self, receipt: Receipt) -> Receipt:
        return receipt

    def done(self) -> dict[tuple[str, int], Receipt]:
        return {}

    def finish(self, receipts: Sequence[Receipt], observer: Any = None) -> None:
        """Nothing to seal."""


def _hashes(batches: Sequence[pa.Array]) -> NDArray[np.uint64]:
    """The hashes of a column's values, in order."""
    return np.concatenate([np.empty(0, np.uint64), *(hash_values(batch, 0) for batch in batches)])
