"""This file knows how workers hand rows to the one process that may write to a database's file: by files beside it.

SHOP.spool/<run>-<process>/<table>-<part>.arrow   whole when it is there; gone when it is loaded
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pyarrow as pa

from gen.block import Partition, Receipt
from gen.checksums import Checksum
from gen.errors import RunError
from gen.sinks.disk import writing

Wired = Callable[[str, pa.RecordBatch], pa.RecordBatch]


class Spool:
    """The sink of workers: it writes a partition to a file, ready to be sent. names: the columns of each table."""

    def __init__(self, folder: Path, wired: Wired, names: Mapping[str, Sequence[str]]) -> None:
        self.folder = folder
        self.wired = wired
        self.names = {table: list(columns) for table, columns in names.items()}
        self.numbers = {table: i for i, table in enumerate(names)}

    artefacts: Path | None = None

    def path(self, partition: Partition) -> Path:
        return self.folder / f"{self.numbers[partition.table]}-{partition.index}.arrow"

    def write(self, partition: Partition, batches: Iterable[pa.RecordBatch]) -> Receipt:
        """Write the partition's file. The receipt says what is in it; nothing is in the database yet."""
        checksum = Checksum(partition.table, self.names[partition.table])
        final = self.path(partition)
        attempt = final.with_suffix(f".{uuid.uuid4().hex}.tmp")
        with writing(self.folder):
            try:
                self._write_file(attempt, partition.table, batches, checksum)
                os.replace(attempt, final)
            finally:
                attempt.unlink(missing_ok=True)
        found = partition
        return Receipt(found.table, found.index, found.start, found.stop, final.stat().st_size, checksum.to_json())

    def _write_file(self, path: Path, table: str, batches: Iterable[pa.RecordBatch], checksum: Checksum) -> None:
        writer = None
        with pa.OSFile(str(path), "wb") as file:
            for batch in batches:
                checksum.add(batch)
                rows = self.wired(table, batch)
                writer = writer or pa.ipc.new_file(file, rows.schema)
                writer.write_batch(rows)
            if writer is not None:
                writer.close()

    @contextmanager
    def rows(self, partition: Partition) -> Iterator[Iterable[pa.RecordBatch]]:
        """The rows of a file, which is removed at the end."""
        path = self.path(partition)
        if not path.exists():
            raise RunError(
                f"{path} is not there: workers write it, and this process loads it.",
                hint="Let all of them see the same folder, or run with workers of this machine: --workers N.",
            )
        if not path.stat().st_size:
            yield []
        else:
            with pa.memory_map(str(path)) as file:
                reader = pa.ipc.open_file(file)
                yield (reader.get_batch(i) for i in range(reader.num_record_batches))
        path.unlink(missing_ok=True)


def spool_folder(database: Path, run: str) -> Path:
    """Where the workers of this process put their files."""
    return database.with_name(f"{database.name}.spool") / f"{run[:12]}-{os.getpid()}"


def begin(folder: Path) -> None:
    """Make the folder; remove those of processes that are gone."""
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for other in folder.parent.iterdir():
            if other != folder and not _is_alive(other.name.rpartition("-")[2]):
                shutil.rmtree(other, ignore_errors=True)


def end(folder: Path) -> None:
    """Remove the folder, and what holds it, where that is empty."""
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        folder.parent.rmdir()


def _is_alive(process: str) -> bool:
    if not process.isdigit():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
