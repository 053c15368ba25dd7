"""This file knows how to verify a data set: recompute every partition, compare, name what differs, write it again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gen import database_verification
from gen.block import Receipt
from gen.database_verification import findings_of
from gen.engine import Observer
from gen.errors import RunError
from gen.preparing import WAIT_SECONDS, Request
from gen.recorded import Recorded, recorded_epochs
from gen.run import Silent, cluster_for, is_done, write
from gen.sinks.claims import Claim
from gen.sinks.databases.dialects import records_of
from gen.sinks.databases.ledger import DatabaseRecords
from gen.sinks.databases.server import left_at_end
from gen.sinks.databases.sink import DatabaseSink
from gen.sinks.files.comparison import FileComparison
from gen.sinks.files.folder_records import FolderRecords
from gen.sinks.files.sink import FileSink
from gen.sinks.records import read_epochs, without_bytes


@dataclass(frozen=True)
class Verdict:
    """What a verification found: one sentence for each difference, and what was repaired."""

    path: str
    partitions: int
    differences: tuple[str, ...]
    repaired: int
    seconds: float

    @property
    def good(self) -> bool:
        return not self.differences or self.repaired > 0

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"good": self.good}


def verify(
    target: str,
    *,
    repair: bool = False,
    schema: str | None = None,
    workers: int | None = None,
    password_file: str | None = None,
    wait: float = WAIT_SECONDS,
    observer: Any = None,
) -> Verdict:
    """Recompute every partition of a data set, compare it with what is there, and with `repair` write again what
    differs. target: a folder, or the URL of a database."""
    observer = observer or Silent()
    if "://" in target:
        with left_at_end():
            return _verify_database(records_of(target, password_file, wait), repair, schema, workers, observer)
    return _verify_folder(Path(target).absolute(), repair, schema, workers, observer)


def _verify_database(
    place: DatabaseRecords, repair: bool, schema: str | None, workers: int | None, observer: Any
) -> Verdict:
    started = time.monotonic()
    epochs = recorded_epochs(place, schema)
    sink = epochs[0].sink
    assert isinstance(sink, DatabaseSink)
    sink.server.begun = True
    tables = epochs[0].prepared.tables
    observer.plan({t: sum(epoch.prepared.plan.rows[t] for epoch in epochs) for t in tables}, [])
    found, receipts = findings_of(epochs, sink, Request(workers=workers), observer)
    differences = found.differences
    if not place.is_whole:
        differences.insert(0, "the run is not finished; its command finishes it, or --repair")
    elif not differences and without_bytes(place.manifest()) != without_bytes(sink.claim.manifest_of(receipts)):
        differences.append("the manifest does not say what is there")
    repaired = database_verification.repair(epochs, found, observer) if repair and differences else 0
    partitions = sum(len(epoch.partitions) for epoch in epochs)
    return Verdict(str(place), partitions, tuple(differences), repaired, round(time.monotonic() - started, 3))


def _verify_folder(root: Path, repair: bool, schema: str | None, workers: int | None, observer: Any) -> Verdict:
    started = time.monotonic()
    place = FolderRecords(root)
    epochs = recorded_epochs(place, schema)
    partitions = [partition for epoch in epochs for partition in epoch.partitions]
    tables = epochs[0].prepared.tables
    observer.plan({t: sum(epoch.prepared.plan.rows[t] for epoch in epochs) for t in tables}, [])
    request = Request(workers=workers)
    receipts: list[Receipt] = []
    with cluster_for(epochs[0].prepared, partitions, request, observer) as client:
        for epoch in epochs:
            assert isinstance(epoch.sink, FileSink)
            comparison = FileComparison(epoch.sink, epoch.prepared.sources)
            receipts += write(epoch.prepared, comparison, epoch.partitions, client, observer)
    if len(read_epochs(place)) != len(epochs):
        raise RunError(f"{root} was appended to while it was verified.", hint="Verify it again.")
    differences = _unfinished(place, len(epochs))
    differences += [d for r in sorted(receipts, key=lambda r: (r.table, r.index)) for d in r.differences]
    unknown = epochs[0].sink.unknown(partitions)
    differences += [f"{path.relative_to(root)}: not part of the run" for path in unknown]
    differences += _differences_of_seal(epochs[0].sink.claim, receipts)
    repaired = 0
    if repair and differences:
        repaired = _repair(epochs, receipts, unknown, request, observer)
    return Verdict(str(root), len(partitions), tuple(differences), repaired, round(time.monotonic() - started, 3))


def _unfinished(place: FolderRecords, epochs: int) -> list[str]:
    """That an append was begun, and did not come to its end."""
    if epochs < 2 or len(place.manifest().get("epochs", [])) >= epochs:
        return []
    return [f"_gen/epoch-{epochs:04d}.json: what it appends is not finished; its command does that, or --repair"]


def _differences_of_seal(claim: Claim, receipts: Sequence[Receipt]) -> list[str]:
    """How manifest and _SUCCESS differ from what the values say."""
    if any(receipt.differences for receipt in receipts):
        return []  # they will be made again
    found = []
    if claim.records.manifest() != claim.manifest_of(receipts):
        found.append("_gen/manifest.json: does not say what the files hold")
    if not claim.records.is_whole:
        found.append("_SUCCESS: missing")
    return found


def _repair(
    epochs: Sequence[Recorded],
    receipts: Sequence[Receipt],
    unknown: Sequence[Path],
    request: Request,
    observer: Observer,
) -> int:
    """Write what differs again, remove what does not belong, seal anew; the number of things mended."""
    bad = {(r.table, r.index) for r in receipts if r.differences}
    for epoch in epochs:
        broken = [p for p in epoch.partitions if (p.table, p.index) in bad]
        epoch.sink.claim.unseal()
        if broken:
            with cluster_for(epoch.prepared, broken, request, observer) as client:
                write(epoch.prepared, epoch.sink, broken, client, observer)
    if len(read_epochs(epochs[0].sink.claim.records)) != len(epochs):
        raise RunError("The folder was appended to while it was repaired.", hint="Run it again.")
    for path in unknown:
        path.unlink()
    sink, partitions = epochs[0].sink, [partition for epoch in epochs for partition in epoch.partitions]
    done = sink.done()
    if not all(is_done(done, p) for p in partitions):
        raise RunError("The repair is not complete.", hint="Run it again.")
    sink.finish([done[p.table, p.index] for p in partitions], observer)
    return max(len(bad) + len(unknown), 1)
