"""This file knows how a database is verified: every row read back and told apart by its key, every value recomputed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gen.block import Partition, Receipt
from gen.checksums import add_checksums
from gen.engine import Observer
from gen.preparing import Request
from gen.recorded import Recorded
from gen.run import cluster_for, write
from gen.sinks.databases.comparison import STRANGE, WHOLE, Recomputation, Stored, stored
from gen.sinks.databases.session import Session
from gen.sinks.databases.sink import DatabaseSink


def database_differences(
    epochs: Sequence[Recorded], sink: DatabaseSink, request: Request, observer: Observer
) -> tuple[list[str], list[Receipt]]:
    """How a database differs from what was asked for, a sentence each; and the receipts of what should be there."""
    partitions = [partition for epoch in epochs for partition in epoch.partitions]
    tables = list(dict.fromkeys(partition.table for partition in partitions))
    receipts: list[Receipt] = []
    with cluster_for(epochs[0].prepared, partitions, request, observer) as client:
        for epoch in epochs:
            assert isinstance(epoch.sink, DatabaseSink)
            receipts += write(epoch.prepared, Recomputation(epoch.sink), epoch.partitions, client, observer)
    found = missing_tables(sink, tables)
    if found:
        return found, receipts
    done = sink.done()
    for table in tables:
        parts = [partition for partition in partitions if partition.table == table]
        meant = {r.index: r for r in receipts if r.table == table}
        sources = [epoch.prepared.sources[table] for epoch in epochs if any(p.table == table for p in epoch.partitions)]
        there = sink.server.ask(lambda s, t=table, c=sources, p=parts: stored(sink, s, t, c, p))  # type: ignore[misc]
        found += _of_table(table, parts, meant, there)
        found += [f"{table} part {p.index}: the ledger does not have it" for p in parts if (table, p.index) not in done]
    return found + sink.server.ask(lambda session: _orphans(sink, session)), receipts


def missing_tables(sink: DatabaseSink, tables: Sequence[str]) -> list[str]:
    """The tables that are not there, a sentence each."""

    def asked(session: Session) -> set[str]:
        with session.transaction():
            return sink.dialect.tables(session)

    there = sink.server.ask(asked)
    return [
        f"{table}: the table is not there" for table in tables if sink.claim.definition.tables[table].name not in there
    ]


def _of_table(table: str, parts: Sequence[Partition], meant: Mapping[int, Receipt], there: Stored) -> list[str]:
    if there.key is None:
        rows = sum(part.rows for part in parts)
        sums = add_checksums(receipt.comparable for receipt in meant.values())
        return _differences(table, rows, sums, there, WHOLE)
    found: list[str] = []
    for part in parts:
        found += _differences(f"{table} part {part.index}", part.rows, meant[part.index].comparable, there, part.index)
    if STRANGE in there.sums:
        found.append(f"{table}: {there.sums[STRANGE].rows:,} rows have keys of no row of the run")
    return found


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
