"""This file knows partitions as files in a folder: exactly once, whatever is repeated, with a receipt for each.

A receipt is in the file itself where its format has a place for it (a Parquet footer), else beside it, and written
after it: DIR/_gen/receipts/<Table>/part-000000.json. Either way there is none without the whole file.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from gen.block import Partition, Receipt
from gen.checksums import Checksum
from gen.errors import RunError
from gen.sinks.files.folder import RunFolder, folder_name
from gen.sinks.files.formats import Facts, FileFormat

_READERS = 8  # threads that read receipts


class FileSink:
    """Partitions as files of one format in a folder. schemas: the columns of each table."""

    def __init__(self, folder: RunFolder, files: FileFormat, schemas: Mapping[str, pa.Schema]) -> None:
        self.claim = folder
        self.files = files
        self.schemas = dict(schemas)

    def path(self, partition: Partition) -> Path:
        return self.claim.table_folder(partition.table) / f"part-{partition.index:06d}{self.files.suffix}"

    def receipt_path(self, path: Path) -> Path:
        """Where the receipt of a file lies, if not in it."""
        name = path.name.removesuffix(self.files.suffix)
        return self.claim.receipts / path.parent.name / f"{name}.json"

    @property
    def artefacts(self) -> Path | None:
        """Where artefacts that workers share may lie."""
        return self.claim.root / "_gen" / "artefacts"

    def check(self, *, needed: int, overwrite: bool) -> None:
        self.claim.check(needed=needed, overwrite=overwrite)

    def prepare(self, *, overwrite: bool) -> None:
        self.claim.take(list(self.schemas), overwrite=overwrite)

    def write(self, partition: Partition, batches: Iterable[pa.RecordBatch]) -> Receipt:
        """Write the partition's file, and its receipt at once with it, or after it."""
        checksum = Checksum(partition.table, self.schemas[partition.table].names)
        final = self.path(partition)

        def receipt() -> Facts:
            return receipt_for(partition, 0, checksum).to_json() | {"fingerprint": self.claim.fingerprint}

        def put(path: Path) -> None:
            self.files.write(path, partition, checked(batches, checksum), receipt)

        try:
            self.claim.publish(final, put)
            if not self.files.holds_receipts:
                text = json.dumps(receipt() | {"bytes": final.stat().st_size})
                self.claim.publish(self.receipt_path(final), lambda path: _write_text(path, text))
        except FileNotFoundError as error:
            # A process that finished the same run removed all attempts: then the file is there, from another one.
            found = self.receipt_of(final)
            if found is None:
                raise RunError(
                    f"{final} could not be written: its temporary file was removed.", hint="Run the same command again."
                ) from error
            return found
        return receipt_for(partition, final.stat().st_size, checksum)

    # -- workers ----------------------------------------------------------------------------------------------

    warnings: Sequence[str] = ()  # what a user should know before anything is written
    environment: Mapping[str, str] = MappingProxyType({})  # nothing that workers must know, and others must not

    def for_workers(self) -> AbstractContextManager[FileSink]:
        """The sink that workers write to: this one."""
        return nullcontext(self)

    def land(self, receipt: Receipt) -> Receipt:
        """Nothing is left to do with what a worker has written."""
        return receipt

    # -- what is there ----------------------------------------------------------------------------------------

    def done(self) -> dict[tuple[str, int], Receipt]:
        """Receipts of the files that are whole and of this run."""
        paths = [
            path
            for table in self.schemas
            for path in sorted(self.claim.table_folder(table).glob(f"part-*{self.files.suffix}"))
        ]
        known = self.claim.fingerprints
        with ThreadPoolExecutor(_READERS) as pool:
            found = [receipt for receipt in pool.map(lambda path: self.receipt_of(path, known), paths) if receipt]
        return {(receipt.table, receipt.index): receipt for receipt in found}

    def receipt_of(self, path: Path, known: Collection[str] = ()) -> Receipt | None:
        """The receipt of a file; None where there is none, or it is of another file, run or place.

        known: the fingerprints that it may have; this run's alone unless given.
        """
        try:
            size = path.stat().st_size
            facts = self.files.receipt_in(path) if self.files.holds_receipts else self._receipt_beside(path, size)
            if facts.pop("fingerprint") not in (known or (self.claim.fingerprint,)):
                return None
            receipt = Receipt(**(facts | {"bytes": size, "differences": ()}))
            partition = Partition(receipt.table, receipt.index, receipt.start, receipt.stop)
            return receipt if self.path(partition) == path else None
        except (OSError, pa.ArrowException, KeyError, ValueError, TypeError):
            return None

    def _receipt_beside(self, path: Path, size: int) -> Facts:
        facts: Facts = json.loads(self.receipt_path(path).read_text("utf-8"))
        if facts["bytes"] != size:
            raise ValueError(f"{path} was changed since its receipt was written")
        return facts

    def finish(self, receipts: Sequence[Receipt], observer: Any = None) -> None:
        self.claim.seal(receipts)

    def strangers(self, partitions: Iterable[Partition]) -> list[Path]:
        """What is in the place of partitions that are not written yet."""
        return [path for path in map(self.path, partitions) if path.exists()]

    def unknown(self, partitions: Iterable[Partition]) -> list[Path]:
        """What lies among the files of the tables and is none of these partitions."""
        expected = {self.path(partition) for partition in partitions}
        folders = [self.claim.root / folder_name(table) for table in self.schemas]
        return [path for place in folders if place.is_dir() for path in sorted(place.iterdir()) if path not in expected]


def checked(batches: Iterable[pa.RecordBatch], checksum: Checksum) -> Iterator[pa.RecordBatch]:
    """The same batches, each taken into the checksum when it goes by."""
    for batch in batches:
        checksum.add(batch)
        yield batch


def receipt_for(partition: Partition, size: int, checksum: Checksum) -> Receipt:
    """The receipt of a partition whose rows were all taken into a checksum."""
    return Receipt(partition.table, partition.index, partition.start, partition.stop, size, checksum.to_json())


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")
