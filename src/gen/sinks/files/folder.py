"""This file knows the folder a run writes files to: whose it is, how a file appears in it, and how it is sealed.

DIR/<Table>/part-000000.parquet   a file appears whole or not at all, under a name that is a function of (table, part)
DIR/_gen/run.json                 which run this is; written first; of what was appended, _gen/epoch-0002.json
DIR/_gen/receipts/                of files that have no place for their own
DIR/_gen/tmp/                     attempts under way; gone when the run is done
DIR/_gen/manifest.json            per table: rows, files, bytes, checksums
DIR/_SUCCESS                      written last
"""

from __future__ import annotations

import json
import os
import re
import shutil
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

from gen.block import Receipt
from gen.errors import RunError, TargetError
from gen.plan import partitions_of
from gen.sinks.claims import Claim
from gen.sinks.disk import check_room, sync_file, sync_folder, writing
from gen.sinks.files.folder_records import FolderRecords
from gen.sinks.records import read_epochs

LONGEST_NAME = 255  # bytes of a folder's, on every usual file system
SEALING_ATTEMPTS = 10  # of several processes that finish the same run at once


def folder_name(table: str) -> str:
    """A table's name as a folder: percent-encoded outside [A-Za-z0-9_-], so that no name leaves the target."""
    return re.sub(rb"[^A-Za-z0-9_-]", lambda m: b"%%%02X" % m[0][0], table.encode()).decode()


class RunFolder(Claim):
    """One run's folder. Picklable; every method may be called by several processes at once."""

    records: FolderRecords

    def __init__(self, records: FolderRecords, record: Mapping[str, Any]) -> None:
        super().__init__(records, record)
        self.root = records.root

    @property
    def temporary(self) -> Path:
        return self.root / "_gen" / "tmp"

    @property
    def receipts(self) -> Path:
        """Where receipts lie that are not in the files themselves."""
        return self.root / "_gen" / "receipts"

    def table_folder(self, table: str) -> Path:
        return self.root / folder_name(table)

    # -- taking the folder ----------------------------------------------------------------------------------

    def check(self, *, overwrite: bool, needed: int) -> None:
        """Refuse a place that holds something else, another run, or has no room or permission. Writes nothing."""
        try:
            self._check_owner(overwrite)
        except PermissionError as error:
            raise TargetError(f"{self.root} may not be read.", hint="Check its permissions.") from error
        for table in self.record["probe"]:
            if len(name := folder_name(table)) > LONGEST_NAME:
                raise TargetError(
                    f"The table {table!r} would be a folder with a name of {len(name)} letters; {LONGEST_NAME} is the "
                    "most.",
                    hint="Give the model a shorter name.",
                )
        place = self.root
        while not place.exists():
            place = place.parent
        folders = [self.root / "_gen", *map(self.table_folder, self.record["probe"])]
        for folder in (place, *(each for each in folders if each.is_dir())):
            if not os.access(folder, os.W_OK | os.X_OK):
                raise TargetError(
                    f"{folder} may not be written.", hint="Choose another --out, or change its permissions."
                )
        check_room(place, str(self.root), needed, _size_of(self.root) if overwrite else 0)

    def _check_owner(self, overwrite: bool) -> None:
        if self.root.exists() and not self.root.is_dir():
            raise TargetError(f"{self.root} is a file.", hint="Choose a folder.")
        found = self.found
        if self.epoch == 1 and found is None and self.root.is_dir() and not _is_unused(self.root):
            found = self.found  # another process of this run may have taken the folder in between
            if found is None:
                raise TargetError(
                    f"{self.root} is not empty, and holds no run of gen.",
                    hint="Choose an empty or new folder; this one is left alone, with --overwrite too.",
                )
        self.check_record(found, overwrite)

    def take(self, tables: Sequence[str], *, overwrite: bool) -> None:
        """Make the folder this run's: run.json first, then the tables' folders. May be repeated, or done by several."""
        with writing(self.root):
            if overwrite and (found := self.found) is not None:
                self._clear(found)
            (self.root / "_gen").mkdir(parents=True, exist_ok=True)
            if not self._create_record():
                self.check_ours()
            for table in tables:
                self.table_folder(table).mkdir(exist_ok=True)
            sync_folder(self.root)

    def abandon(self) -> None:
        """Remove all that this run has begun: the place is as free as before, or has what it had."""
        self.check_ours()
        self._clear(self.record)
        if self.epoch > 1:
            return
        for folder in (self.root / "_gen", self.root):
            with suppress(OSError):
                folder.rmdir()  # only if it is empty

    def _clear(self, record: Mapping[str, Any]) -> None:
        """Remove what the other run wrote, its record last: interrupted, the folder is still a run's."""
        if self.epoch > 1:
            self._clear_epoch(record)
            return
        (self.root / "_SUCCESS").unlink(missing_ok=True)
        for table in record["request"]["schema"]["tables"]:
            shutil.rmtree(self.root / folder_name(table["name"]), ignore_errors=True)
        for name in ("tmp", "artefacts", "receipts"):
            shutil.rmtree(self.root / "_gen" / name, ignore_errors=True)
        (self.root / "_gen" / "manifest.json").unlink(missing_ok=True)
        for later in sorted(self.root.glob("_gen/epoch-*.json"), reverse=True):  # so that none is missing in between
            later.unlink(missing_ok=True)
        self.records.path(1).unlink(missing_ok=True)

    def _clear_epoch(self, record: Mapping[str, Any]) -> None:
        """Remove what another append wrote that was not finished, its record last: the folder is what it was before."""
        requests = [each["request"] for each in read_epochs(self.records)[: self.epoch - 1]] + [record["request"]]
        for table in record["tables"]:
            for partition in partitions_of(requests, table):
                for folder in (self.table_folder(table), self.receipts / folder_name(table)):
                    for path in folder.glob(f"part-{partition.index:06d}.*"):
                        path.unlink(missing_ok=True)
        shutil.rmtree(self.temporary, ignore_errors=True)
        (self.root / "_SUCCESS").touch()
        self.records.path(self.epoch).unlink(missing_ok=True)

    def _create_record(self) -> bool:
        """Write run.json, or an epoch's, unless it exists; of several that try at once, one succeeds."""
        path = self.records.path(self.epoch)
        if path.exists():
            return False
        for _ in range(SEALING_ATTEMPTS):
            draft = path.with_name(f"run.{uuid.uuid4().hex}.tmp")
            try:
                draft.write_text(json.dumps(self.record, indent=1), "utf-8")
                sync_file(draft)
                os.link(draft, path)
            except FileExistsError:
                return False
            except FileNotFoundError:  # another process that finished removed the draft: then once more
                continue
            except OSError:  # a file system without links
                os.replace(draft, path)
            finally:
                draft.unlink(missing_ok=True)
            sync_folder(path.parent)
            return True
        return False

    def check_ours(self) -> None:
        """Refuse to go on where another run has taken the folder since."""
        self.check_still_ours(self.found)

    # -- files ------------------------------------------------------------------------------------------------

    def publish(self, final: Path, write: Callable[[Path], None]) -> None:
        """Make a file appear whole: written under a temporary name, synchronised, then renamed."""
        attempt = self.temporary / self.fingerprint[:12] / f"{final.parent.name}-{final.stem}.{uuid.uuid4().hex}.tmp"
        try:
            with writing(self.root):
                attempt.parent.mkdir(parents=True, exist_ok=True)
                write(attempt)
                sync_file(attempt)
                self.check_ours()
                final.parent.mkdir(exist_ok=True, parents=True)
                os.replace(attempt, final)
                sync_folder(final.parent)
        except RunError:
            self._leave(attempt)
            raise
        finally:
            attempt.unlink(missing_ok=True)

    def _leave(self, attempt: Path) -> None:
        """The folder is another run's: take away what this one's late attempt made in it."""
        attempt.unlink(missing_ok=True)
        for folder in (attempt.parent, self.temporary):
            with suppress(OSError):
                folder.rmdir()  # only if it is empty

    def unseal(self) -> None:
        """The folder is about to change: it is no longer complete."""
        if self.records.is_whole:
            self.check_ours()
            (self.root / "_SUCCESS").unlink(missing_ok=True)

    def seal(self, receipts: Sequence[Receipt]) -> None:
        """Everything is there: remove leftovers, write the manifest, and _SUCCESS last.

        Where more is being appended since, the folder is left to the process that does.
        """
        manifest = self.manifest_of(receipts)
        epochs = len(manifest.get("epochs", [1]))
        if not self.covers(receipts) or self._has_epoch(epochs + 1):
            return
        with writing(self.root):
            for leftover in (self.root / "_gen").glob("run.*.tmp"):
                leftover.unlink(missing_ok=True)
            self._publish_manifest(json.dumps(manifest, indent=1))
            shutil.rmtree(self.temporary, ignore_errors=True)
            shutil.rmtree(self.root / "_gen" / "artefacts", ignore_errors=True)
            (self.root / "_SUCCESS").touch()
            if self._has_epoch(epochs + 1):
                (self.root / "_SUCCESS").unlink(missing_ok=True)
            sync_folder(self.root / "_gen")
            sync_folder(self.root)

    def _has_epoch(self, number: int) -> bool:
        return self.records.path(number).exists()

    def _publish_manifest(self, text: str) -> None:
        """Another process that seals the same run may remove the folder of attempts at any moment: then once more."""
        for attempt in range(SEALING_ATTEMPTS):
            with suppress(FileNotFoundError) if attempt < SEALING_ATTEMPTS - 1 else nullcontext():
                self.publish(self.root / "_gen" / "manifest.json", lambda path: _write_text(path, text))
                return


def _is_unused(root: Path) -> bool:
    """Whether a folder is empty, or holds no more than a run that was killed before it could say which it is."""
    if {path.name for path in root.iterdir()} - {"_gen"}:
        return False
    return all(re.fullmatch(r"run\.[0-9a-f]{32}\.tmp", path.name) for path in root.glob("_gen/*"))


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")


def _size_of(root: Path) -> int:
    return sum(path.stat().st_size for path in root.rglob("*") if path.is_file())
