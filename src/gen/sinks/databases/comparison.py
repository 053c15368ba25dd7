"""This file knows what of a run is in a database: its rows read back, told apart by partition, and summed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.block import Partition, Receipt
from gen.checksums import Checksum
from gen.sinks.databases.inversion import key_of
from gen.sinks.databases.session import Session
from gen.sinks.databases.sink import DatabaseSink
from gen.synth.table import TableSource

WHOLE = -1  # instead of a partition's number: all rows of a table whose keys do not tell which row they are of
STRANGE = -2  # rows whose key is of no row


class Recomputation:
    """A sink that writes nothing: its receipts say what the rows of a partition come to, as they are read back."""

    def __init__(self, sink: DatabaseSink) -> None:
        self.sink = sink

    artefacts: Path | None = None
    environment: Mapping[str, str] = {}

    def write(self, partition: Partition, batches: Iterable[pa.RecordBatch]) -> Receipt:
        names = self.sink.sources[partition.table].schema.names
        meant, back = Checksum(partition.table, names), Checksum(partition.table, names)
        for batch in batches:
            meant.add(batch)
            back.add(self.sink.comparable(partition.table, self.sink.wired(partition.table, batch)))
        place = (partition.table, partition.index, partition.start, partition.stop)
        return Receipt(*place, 0, meant.to_json(), comparable=back.to_json())

    def for_workers(self) -> AbstractContextManager[Recomputation]:
        return nullcontext(self)

    def land(self, receipt: Receipt) -> Receipt:
        return receipt


class Stored:
    """The rows of a table that are in the database, by partition. partitions: of all epochs, in order."""

    def __init__(self, table: str, sources: Sequence[TableSource], partitions: Sequence[Partition]) -> None:
        self.table = table
        self.sources = sources
        self.partitions = partitions
        self.names = sources[0].schema.names
        self.key = key_of(sources)
        self.sums: dict[int, Checksum] = {}
        self.strange: list[pa.Array] = []  # keys of no row

    def add(self, batch: pa.RecordBatch) -> None:
        """Take in rows, as they are compared; their columns are called as in the schema."""
        places = self.places(batch)
        numbers = np.unique(places)
        for number in numbers.tolist():
            rows = batch if numbers.size == 1 else batch.take(pa.array(np.flatnonzero(places == number)))
            self.sums.setdefault(number, Checksum(self.table, self.names)).add(rows)
            if number == STRANGE:
                self.strange.append(rows.column(self.key))

    def places(self, batch: pa.RecordBatch) -> NDArray[np.int64]:
        """The partition that each row belongs to: int64 array, WHOLE where that is not known, STRANGE where to none."""
        if self.key is None:
            return np.full(batch.num_rows, WHOLE, np.int64)
        numbers = self.rows(batch.column(self.key))
        starts = np.array([partition.start for partition in self.partitions], np.int64)
        indexes = np.array([partition.index for partition in self.partitions], np.int64)
        found = indexes[np.maximum(np.searchsorted(starts, numbers, side="right") - 1, 0)]
        return np.where(numbers < 0, np.int64(STRANGE), found)

    def rows(self, keys: pa.Array) -> NDArray[np.int64]:
        """The number of the row that each key is of, among all of the table's; -1 where it is of none."""
        numbers = np.full(len(keys), -1, np.int64)
        for source in self.sources:
            assert self.key is not None
            synthesizer: Any = source.columns[self.key]
            rows = np.asarray(synthesizer.row_of(keys.cast(synthesizer.arrow_type)))
            numbers = np.where((numbers < 0) & (rows >= 0), rows + source.first, numbers)
        return numbers


def stored(
    sink: DatabaseSink, session: Session, table: str, sources: Sequence[TableSource], partitions: Sequence[Partition]
) -> Stored:
    """Read all rows of a table."""
    found = Stored(table, sources, partitions)
    made = sink.claim.definition.tables[table]
    with session.transaction():
        for batch in _renamed(sink.dialect.read(session, made), found.names):
            found.add(sink.comparable(table, batch))
    return found


def _renamed(batches: Iterable[pa.RecordBatch], names: Sequence[str]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        yield pa.RecordBatch.from_arrays(batch.columns, list(names))
