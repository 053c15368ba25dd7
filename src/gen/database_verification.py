"""This file knows how a database is verified: every row read back and told apart by its key, every value recomputed;
and how what differs is loaded again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from gen.block import Partition, Receipt
from gen.checksums import add_checksums
from gen.engine import Observer
from gen.errors import RunError
from gen.preparing import Request
from gen.recorded import Recorded
from gen.run import cluster_for, is_done, write
from gen.sinks.databases.comparison import STRANGE, WHOLE, Recomputation, Stored, stored
from gen.sinks.databases.session import Session
from gen.sinks.databases.sink import DatabaseSink


@dataclass
class Findings:
    """How a database differs from what was asked for: a sentence each, and what must be done about it.

    broken: partitions that must be loaded again, by table and number. whole: tables that must be, as a whole. strange:
    keys of rows that are none of the run's, by table. lost: whether a table is gone.
    """

    differences: list[str] = field(default_factory=list)
    broken: set[tuple[str, int]] = field(default_factory=set)
    whole: set[str] = field(default_factory=set)
    strange: dict[str, tuple[str, pa.Array]] = field(default_factory=dict)
    lost: bool = False


def findings_of(
    epochs: Sequence[Recorded], sink: DatabaseSink, request: Request, observer: Observer
) -> tuple[Findings, list[Receipt]]:
    """How a database differs; and the receipts of what should be there."""
    partitions = [partition for epoch in epochs for partition in epoch.partitions]
    tables = list(dict.fromkeys(partition.table for partition in partitions))
    receipts: list[Receipt] = []
    with cluster_for(epochs[0].prepared, partitions, request, observer) as client:
        for epoch in epochs:
            assert isinstance(epoch.sink, DatabaseSink)
            receipts += write(epoch.prepared, Recomputation(epoch.sink), epoch.partitions, client, observer)
    missing = sink.server.ask(lambda session: _missing_tables(sink, session, tables))
    if missing:
        return Findings([f"{table}: the table is not there" for table in missing], lost=True), receipts
    found, done = Findings(), sink.done()
    for table in tables:
        parts = [partition for partition in partitions if partition.table == table]
        meant = {r.index: r for r in receipts if r.table == table}
        sources = [epoch.prepared.sources[table] for epoch in epochs if any(p.table == table for p in epoch.partitions)]
        there = sink.server.ask(lambda s, t=table, c=sources, p=parts: stored(sink, s, t, c, p))  # type: ignore[misc]
        _look(found, table, parts, meant, there)
        for part in parts:
            _look_in_ledger(found, part, done.get((table, part.index)), meant[part.index])
    found.differences += sink.server.ask(lambda session: _orphans(sink, session))
    return found, receipts


def _missing_tables(sink: DatabaseSink, session: Session, tables: Sequence[str]) -> list[str]:
    with session.transaction():
        there, made = sink.dialect.tables(session), sink.claim.definition.tables
    return [table for table in tables if made[table].name not in there]


def _look(found: Findings, table: str, parts: Sequence[Partition], meant: Mapping[int, Receipt], there: Stored) -> None:
    """Compare what is stored of a table with what is meant."""
    if there.key is None:
        rows = sum(part.rows for part in parts)
        sums = add_checksums(receipt.comparable for receipt in meant.values())
        if said := _differences(table, rows, sums, there, WHOLE):
            found.whole.add(table)
            found.differences += said
        return
    for part in parts:
        if said := _differences(
            f"{table} part {part.index}", part.rows, meant[part.index].comparable, there, part.index
        ):
            found.broken.add((table, part.index))
            found.differences += said
    if STRANGE in there.sums:
        found.strange[table] = there.key, pa.concat_arrays(there.strange)
        found.differences.append(f"{table}: {there.sums[STRANGE].rows:,} rows have keys of no row of the run")


def _look_in_ledger(found: Findings, part: Partition, said: Receipt | None, meant: Receipt) -> None:
    if said is None or not is_done({(part.table, part.index): said}, part):
        found.differences.append(f"{part.table} part {part.index}: the ledger does not have it")
        found.broken.add((part.table, part.index))
    elif said.checksum != meant.checksum and (part.table, part.index) not in found.broken:
        found.differences.append(f"{part.table} part {part.index}: the ledger has another checksum of it")
        found.broken.add((part.table, part.index))


def _differences(where: str, rows: int, meant: Mapping[str, str], there: Stored, number: int) -> list[str]:
    """How what is stored differs from what is meant, of a partition or of all."""
    sums = there.sums.get(number)
    if sums is None:
        return [f"{where}: none of its {rows:,} rows is there"] if rows else []
    if sums.rows != rows:
        return [f"{where}: {sums.rows:,} rows instead of {rows:,}"]
    found = sums.to_json()
    changed = [name for name in there.names if found[name] != meant[name]]
    if changed:
        return [f"{where}: values of {name} differ" for name in changed]
    return [f"{where}: values are exchanged between rows"] if found[""] != meant[""] else []


def _orphans(sink: DatabaseSink, session: Session) -> list[str]:
    """Of each reference that rows break, a sentence: the database is asked."""
    with session.transaction():
        return [said for query, said in sink.claim.definition.orphans if session.rows(query)]


def repair(epochs: Sequence[Recorded], found: Findings, observer: Observer) -> int:
    """Load again what differs, remove what is of no row, finish anew; the number of things mended."""
    sinks = [epoch.sink for epoch in epochs if isinstance(epoch.sink, DatabaseSink)]
    first = sinks[0]
    if found.lost:
        raise RunError(f"{first.server}: a table is gone.", hint="Start anew: the run's command with --overwrite.")
    first.claim.unseal()
    first.claim.undo_steps()
    for table, (key, keys) in found.strange.items():
        first.remove(table, key, keys)
    for table in found.whole:
        first.empty(table)
    again = [
        (sink, part)
        for epoch, sink in zip(epochs, sinks, strict=True)
        for part in epoch.partitions
        if part.table in found.whole or (part.table, part.index) in found.broken
    ]
    for sink, part in again:  # all of them first: a row may have a unique value of another that is missing
        sink.forget(part)
    for sink, part in again:
        sink.write(part, sink.sources[part.table].batches(part))
    partitions = [part for epoch in epochs for part in epoch.partitions]
    done = first.done()
    if not all(is_done(done, part) for part in partitions):
        raise RunError("The repair is not complete.", hint="Run it again.")
    first.finish([done[part.table, part.index] for part in partitions], observer)
    return max(len(found.broken) + len(found.whole) + len(found.strange), 1)
