"""This file knows what a run may do with a place: whose it is, what it may go on with, and what it must say at the end.

The same for a folder and a database; what differs between them is theirs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from gen.block import Receipt
from gen.checksums import add_checksums
from gen.errors import RunError, TargetError
from gen.sinks.records import (
    Record,
    Records,
    asked_of,
    differing,
    epoch_of,
    read_epochs,
    recorded_partitions,
    said_of_epoch,
    said_to_differ,
)


class Claim(ABC):
    """One run, or what is appended to one, and the place that it is for. Picklable."""

    @abstractmethod
    def unseal(self) -> None:
        """The place is about to change: it is no longer complete."""

    @abstractmethod
    def abandon(self) -> None:
        """Remove all that this run has begun: the place is as free as before, or has what it had."""

    def __init__(self, records: Records, record: Mapping[str, Any]) -> None:
        self.records = records
        self.record = dict(record)
        self.fingerprint: str = record["fingerprint"]
        self.epoch = epoch_of(record)  # the first is the run itself

    @property
    def found(self) -> dict[str, Any] | None:
        """What the place says of this epoch."""
        return self.records.read(self.epoch)

    def check_record(self, found: Record | None, overwrite: bool) -> None:
        """Refuse a place that holds another run, or appended rows with the number of these."""
        if found is None or overwrite:
            return
        if found["fingerprint"] == self.fingerprint:
            check_values(self.records, self.record, found)
        elif self.epoch > 1:
            self._refuse_epoch(found)
        else:
            differ = differing(self.record["request"], found["request"])
            raise TargetError(
                f"{self.records} holds another run: {said_to_differ(differ)}.",
                hint=f"Choose another {self.records.option}, or replace it with --overwrite; to add rows to it, say "
                "--append.",
                differ=differ,
            )

    def _refuse_epoch(self, found: Record) -> None:
        differ = differing(self.record["request"], found["request"])
        rows, files = asked_of(found)
        if self.epoch <= len(self.records.manifest().get("epochs", [])):
            raise TargetError(
                f"{self.records} has an epoch {self.epoch} already, of {rows}: {said_to_differ(differ)}.",
                hint="Leave --epoch out, to append the next.",
                differ=differ,
            )
        raise TargetError(
            f"{self.records}: an append of {rows} was begun (epoch {self.epoch}), and is not done; "
            f"{said_to_differ(differ)}.",
            hint=f"Run that command again until it is done: --append --epoch {self.epoch} {rows}{files}; or give it "
            "up, by --overwrite beside --append.",
            differ=differ,
        )

    def check_still_ours(self, found: Record | None) -> None:
        """Refuse to go on where another run has taken the place since: a late attempt must not mix values in."""
        if found is not None and found["fingerprint"] == self.fingerprint:
            return
        if self.epoch > 1 and found is not None:
            raise RunError(
                f"{self.records}: another process appends to it already.", hint="Run this again when that one is done."
            )
        raise RunError(
            f"{self.records} was taken over by another run.",
            hint=f"Nothing was changed there; choose another {self.records.option}.",
        )

    @property
    def fingerprints(self) -> set[str]:
        """Those whose rows belong to the place: of this run, what was appended to it, and what it is appended to."""
        found = {epoch_of(record): str(record["fingerprint"]) for record in read_epochs(self.records)}
        if self.epoch == 1 and found.get(1) != self.fingerprint:
            return {self.fingerprint}
        return set((found | {self.epoch: self.fingerprint}).values())

    def covers(self, receipts: Sequence[Receipt]) -> bool:
        """Whether these are the receipts of all epochs, where there are several."""
        epochs = read_epochs(self.records)
        if len(epochs) < 2:
            return True
        expected = recorded_partitions(epochs, epochs[1]["tables"])
        return {(p.table, p.index) for p in expected} == {(r.table, r.index) for r in receipts}

    def is_sealed_with(self, receipts: Sequence[Receipt]) -> bool:
        """Whether the place says that all is there, and what the receipts say."""
        return self.records.is_whole and self.records.manifest() == self.manifest_of(receipts)

    def manifest_of(self, receipts: Sequence[Receipt]) -> dict[str, Any]:
        """What the manifest must say when these receipts are all there is, beside tables written earlier."""
        tables: dict[str, Any] = {}
        known, epochs = self.records.manifest(), read_epochs(self.records)
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


def check_values(place: Records, record: Record, found: Record) -> None:
    """An unfinished run may only go on with the values it began with: code or library may have changed since.

    record: what would be written now; found: what is there. Raises TargetError where values are others.
    """
    changed = [
        f"{table}.{column}"
        for table, sums in record["probe"].items()
        for column, digits in sums.items()
        if column and found["probe"].get(table, {}).get(column, digits) != digits
    ]
    if not changed:
        return
    before = found.get("versions", {})
    moved = [f"{k} {before[k]} -> {v}" for k, v in record["versions"].items() if before.get(k, v) != v]
    because = f" ({', '.join(moved)})" if moved else ""
    raise TargetError(
        f"{place} was begun with other values of {', '.join(changed)}{because}: a synthesizer's code, a library or the "
        "platform has changed since.",
        hint="Undo the change" + (" to resume, or start anew with --overwrite." if epoch_of(record) == 1 else "."),
        changed=changed,
    )
