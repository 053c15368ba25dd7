"""This file knows the folder a run writes files to: whose it is, how a file appears in it, and how it is sealed.

DIR/<Table>/part-000000.parquet   a file appears whole or not at all, under a name that is a function of (table, part)
DIR/_gen/run.json                 which run this is; written first; of what was appended, _gen/epoch-0002.json
DIR/_gen/tmp/                     attempts under way; gone when the run is done
DIR/_gen/manifest.json            per table: rows, files, bytes, checksums
DIR/_SUCCESS                      written last
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from gen.block import Receipt
from gen.checksums import add_checksums
from gen.errors import RunError, TargetError, TargetFull
from gen.plan import partitions_of
from gen.sinks.records import (
    asked_of,
    differing,
    epoch_of,
    read_epochs,
    read_manifest,
    read_run,
    record_path,
    recorded_partitions,
    said_of_epoch,
    said_to_differ,
)

_FULL = {errno.ENOSPC: "is full", errno.EDQUOT: "has no quota left", errno.EIO: "reports an input/output error"}
_FORBIDDEN = {errno.EACCES: "may not be written", errno.EPERM: "may not be written", errno.EROFS: "is read-only"}

LONGEST_NAME = 255  # bytes of a folder's, on every usual file system
SEALING_ATTEMPTS = 10  # of several processes that finish the same run at once


def folder_name(table: str) -> str:
    """A table's name as a folder: percent-encoded outside [A-Za-z0-9_-], so that no name leaves the target."""
    return re.sub(rb"[^A-Za-z0-9_-]", lambda m: b"%%%02X" % m[0][0], table.encode()).decode()


class RunFolder:
    """One run's folder. Picklable; every method may be called by several processes at once."""

    def __init__(self, root: Path, record: Mapping[str, Any]) -> None:
        self.root = root
        self.record = dict(record)
        self.fingerprint: str = record["fingerprint"]
        self.epoch = epoch_of(record)  # the first is the run itself

    @property
    def temporary(self) -> Path:
        return self.root / "_gen" / "tmp"

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
        free = shutil.disk_usage(place).free
        if overwrite:
            free += _size_of(self.root)
        if needed > free:
            raise TargetError(
                f"{self.root} needs about {needed / 1e9:,.1f} GB, and {free / 1e9:,.1f} GB are free there.",
                hint="Ask for fewer rows, or choose another --out.",
                needed=needed,
                free=free,
            )

    def _check_owner(self, overwrite: bool) -> None:
        if self.root.exists() and not self.root.is_dir():
            raise TargetError(f"{self.root} is a file.", hint="Choose a folder.")
        if self.epoch > 1:
            self._check_epoch(overwrite)
            return
        record = read_run(self.root)
        if record is None and self.root.is_dir() and not _is_unused(self.root):
            record = read_run(self.root)  # another process of this run may have taken the folder in between
            if record is None:
                raise TargetError(
                    f"{self.root} is not empty, and holds no run of gen.",
                    hint="Choose an empty or new folder; this one is left alone, with --overwrite too.",
                )
        if record is None:
            return
        if record["fingerprint"] != self.fingerprint and not overwrite:
            differ = differing(self.record["request"], record["request"])
            raise TargetError(
                f"{self.root} holds another run: {said_to_differ(differ)}.",
                hint="Choose another --out, or replace it with --overwrite; to add rows to it, say --append.",
                differ=differ,
            )
        if record["fingerprint"] == self.fingerprint and not overwrite:
            self.check_values(record)

    def _check_epoch(self, overwrite: bool) -> None:
        """Refuse to append where another append has the number of this one."""
        record = read_run(self.root, self.epoch)
        if record is None or overwrite:
            return
        if record["fingerprint"] == self.fingerprint:
            self.check_values(record)
            return
        differ = differing(self.record["request"], record["request"])
        rows, files = asked_of(record)
        if self.epoch <= len(self.manifest().get("epochs", [])):
            raise TargetError(
                f"{self.root} has an epoch {self.epoch} already, of {rows}: {said_to_differ(differ)}.",
                hint="Leave --epoch out, to append the next.",
                differ=differ,
            )
        raise TargetError(
            f"{self.root}: an append of {rows} was begun (epoch {self.epoch}), and is not done; "
            f"{said_to_differ(differ)}.",
            hint=f"Run that command again until it is done: --append --epoch {self.epoch} {rows}{files}; or give it "
            "up, by --overwrite beside --append.",
            differ=differ,
        )

    def check_values(self, record: Mapping[str, Any]) -> None:
        """An unfinished run may only go on with the values it began with: code or library may have changed since."""
        changed = [
            f"{table}.{column}"
            for table, sums in self.record["probe"].items()
            for column, digits in sums.items()
            if column and record["probe"].get(table, {}).get(column, digits) != digits
        ]
        if changed:
            before = record.get("versions", {})
            moved = [f"{k} {before[k]} -> {v}" for k, v in self.record["versions"].items() if before.get(k, v) != v]
            because = f" ({', '.join(moved)})" if moved else ""
            raise TargetError(
                f"{self.root} was begun with other values of {', '.join(changed)}{because}: a synthesizer's code, a "
                "library or the platform has changed since.",
                hint="Undo the change to resume, or start anew with --overwrite."
                if self.epoch == 1
                else "Undo the change.",
                changed=changed,
            )

    def take(self, tables: Sequence[str], *, overwrite: bool) -> None:
        """Make the folder this run's: run.json first, then the tables' folders. May be repeated, or done by several."""
        with writing(self.root):
            record = read_run(self.root, self.epoch)
            if record is not None and overwrite:
                self._clear(record)
            (self.root / "_gen").mkdir(parents=True, exist_ok=True)
            if not self._create_record():
                self.check_still_ours()
            for table in tables:
                self.table_folder(table).mkdir(exist_ok=True)
            sync_folder(self.root)

    def abandon(self) -> None:
        """Remove all that this run has begun: the place is as free as before, or has what it had."""
        self.check_still_ours()
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
        for name in ("tmp", "artefacts"):
            shutil.rmtree(self.root / "_gen" / name, ignore_errors=True)
        (self.root / "_gen" / "manifest.json").unlink(missing_ok=True)
        for later in sorted(self.root.glob("_gen/epoch-*.json"), reverse=True):  # so that none is missing in between
            later.unlink(missing_ok=True)
        record_path(self.root, 1).unlink(missing_ok=True)

    def _clear_epoch(self, record: Mapping[str, Any]) -> None:
        """Remove what another append wrote that was not finished, its record last: the folder is what it was before."""
        requests = [each["request"] for each in read_epochs(self.root)[: self.epoch - 1]] + [record["request"]]
        for table in record["tables"]:
            for partition in partitions_of(requests, table):
                for path in self.table_folder(table).glob(f"part-{partition.index:06d}.*"):
                    path.unlink(missing_ok=True)
        shutil.rmtree(self.temporary, ignore_errors=True)
        (self.root / "_SUCCESS").touch()
        record_path(self.root, self.epoch).unlink(missing_ok=True)

    def _create_record(self) -> bool:
        """Write run.json, or an epoch's, unless it exists; of several that try at once, one succeeds."""
        path = record_path(self.root, self.epoch)
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

    def check_still_ours(self) -> None:
        """Refuse to go on where another run has taken the folder since: a late attempt must not mix values in."""
        record = read_run(self.root, self.epoch)
        if record is not None and record["fingerprint"] == self.fingerprint:
            return
        if self.epoch > 1 and record is not None:
            raise RunError(
                f"{self.root}: another process appends to it already.", hint="Run this again when that one is done."
            )
        raise RunError(
            f"{self.root} was taken over by another run.", hint="Nothing was changed there; choose another --out."
        )

    # -- files ------------------------------------------------------------------------------------------------

    def publish(self, final: Path, write: Callable[[Path], None]) -> None:
        """Make a file appear whole: written under a temporary name, synchronised, then renamed."""
        attempt = self.temporary / self.fingerprint[:12] / f"{final.parent.name}-{final.stem}.{uuid.uuid4().hex}.tmp"
        try:
            with writing(self.root):
                attempt.parent.mkdir(parents=True, exist_ok=True)
                write(attempt)
                sync_file(attempt)
                self.check_still_ours()
                final.parent.mkdir(exist_ok=True)
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

    @property
    def sealed(self) -> bool:
        """Whether everything is there."""
        return (self.root / "_SUCCESS").exists()

    def is_sealed_with(self, receipts: Sequence[Receipt]) -> bool:
        """Whether _SUCCESS is there, and the manifest says what the receipts say."""
        return self.sealed and self.manifest() == self.manifest_of(receipts)

    def unseal(self) -> None:
        """The folder is about to change: it is no longer complete."""
        if self.sealed:
            self.check_still_ours()
            (self.root / "_SUCCESS").unlink(missing_ok=True)

    def seal(self, receipts: Sequence[Receipt]) -> None:
        """Everything is there: remove leftovers, write the manifest, and _SUCCESS last.

        Where more is being appended since, the folder is left to the process that does.
        """
        manifest = self.manifest_of(receipts)
        epochs = len(manifest.get("epochs", [1]))
        if not self._covers(receipts) or self._has_epoch(epochs + 1):
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
        return record_path(self.root, number).exists()

    def _covers(self, receipts: Sequence[Receipt]) -> bool:
        """Whether these are the receipts of all epochs, where there are several."""
        epochs = read_epochs(self.root)
        if len(epochs) < 2:
            return True
        expected = recorded_partitions(epochs, epochs[1]["tables"])
        return {(p.table, p.index) for p in expected} == {(r.table, r.index) for r in receipts}

    def _publish_manifest(self, text: str) -> None:
        """Another process that seals the same run may remove the folder of attempts at any moment: then once more."""
        for attempt in range(SEALING_ATTEMPTS):
            with suppress(FileNotFoundError) if attempt < SEALING_ATTEMPTS - 1 else nullcontext():
                self.publish(self.root / "_gen" / "manifest.json", lambda path: _write_text(path, text))
                return

    def manifest(self) -> dict[str, Any]:
        """What manifest.json says; empty where there is none."""
        return read_manifest(self.root)

    def manifest_of(self, receipts: Sequence[Receipt]) -> dict[str, Any]:
        """What manifest.json must say when these receipts are all there is, beside tables written earlier."""
        tables: dict[str, Any] = {}
        known, epochs = self.manifest(), read_epochs(self.root)
        run = epochs[0]["fingerprint"] if epochs else self.fingerprint
        if known.get("fingerprint") == run:
            tables.update(known["tables"])  # of an earlier run with other --tables
        for table in dict.fromkeys(receipt.table for receipt in receipts):
            parts = sorted((r for r in receipts if r.table == table), key=lambda r: r.index)
            tables[table] = {
                "rows": sum(part.rows for part in parts),
                "files": len(parts),
                "bytes": sum(part.bytes for part in parts),
                "checksum": add_checksums(part.checksum for part in parts),
            }
        said = {"epochs": [said_of_epoch(epochs[: i + 1], list(tables)) for i in range(len(epochs))]}
        return {"fingerprint": run, "tables": tables} | (said if len(epochs) > 1 else {})

    def fingerprints(self) -> set[str]:
        """Those whose files belong to the folder: of this run, what was appended to it, and what it is appended to."""
        found = {epoch_of(record): str(record["fingerprint"]) for record in read_epochs(self.root)}
        if self.epoch == 1 and found.get(1) != self.fingerprint:
            return {self.fingerprint}
        return set((found | {self.epoch: self.fingerprint}).values())


def _is_unused(root: Path) -> bool:
    """Whether a folder is empty, or holds no more than a run that was killed before it could say which it is."""
    if {path.name for path in root.iterdir()} - {"_gen"}:
        return False
    return all(re.fullmatch(r"run\.[0-9a-f]{32}\.tmp", path.name) for path in root.glob("_gen/*"))


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")


def _size_of(root: Path) -> int:
    return sum(path.stat().st_size for path in root.rglob("*") if path.is_file())


def sync_file(path: Path) -> None:
    """Wait until the file's content is on the disk."""
    _sync(path, os.O_RDWR)


def sync_folder(path: Path) -> None:
    """Wait until the folder's names are on the disk."""
    _sync(path, os.O_RDONLY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def writing(root: Path) -> Iterator[None]:
    """Translate the operating system's refusals into what they mean for a run."""
    try:
        yield
    except OSError as error:
        number = error.errno or 0
        if number in _FULL:
            raise TargetFull(
                f"{root}: the disk {_FULL[number]}.", hint="Make room, then run the same command again: it resumes."
            ) from error
        if number in _FORBIDDEN:
            raise TargetFull(
                f"{error.filename2 or error.filename or root} {_FORBIDDEN[number]}.",
                hint="Change its permissions, then run the same command again.",
            ) from error
        raise
