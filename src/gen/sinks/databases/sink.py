"""This file knows partitions as transactions: the ledger's row first, then the rows; both are there, or neither is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa

from gen.block import Partition, Receipt, plain
from gen.checksums import Checksum
from gen.errors import RunError
from gen.fault_points import reached
from gen.sinks.databases.ddl import Step
from gen.sinks.databases.run_database import RunDatabase
from gen.sinks.databases.session import Session
from gen.sinks.databases.trial import TRIED_ROWS, tried
from gen.synth.table import TableSource

_STREAMS = 4  # steps of a stage that are done at once


class DatabaseSink:
    """Partitions as transactions of a database that several processes may write to."""

    def __init__(self, claim: RunDatabase, sources: Mapping[str, TableSource]) -> None:
        self.claim = claim
        self.server = claim.server
        self.dialect = claim.dialect
        self.ledger = claim.ledger
        self.sources = dict(sources)

    artefacts: Path | None = None  # a database is no place for files

    def check(self, *, needed: int, overwrite: bool) -> None:
        self.claim.check(overwrite=overwrite)
        if self.claim.found is None or overwrite:
            self.server.ask(self._tried)

    def _tried(self, session: Session) -> None:
        for table, source in self.sources.items():
            rows = source.at(range(min(source.rows, TRIED_ROWS)))
            tried(self.dialect, session, self.claim.definition.tables[table], self.wired(table, rows))

    def prepare(self, *, overwrite: bool) -> None:
        self.claim.take(overwrite=overwrite)
        self.server.begun = True

    # -- a partition ------------------------------------------------------------------------------------------

    def write(self, partition: Partition, batches: Iterable[pa.RecordBatch]) -> Receipt:
        """Load a partition, or find that it is there. May be tried again, from the first batch."""
        holder = self.holder(partition)
        return self.server.ask(
            lambda session: self._written(session, partition, batches, holder),
            lambda session: self._unlocked(session, holder),
        )

    def holder(self, partition: Partition) -> str:
        """What a connection is called while it loads a partition; at most 63 bytes."""
        number = list(self.claim.definition.tables).index(partition.table)
        return f"gen:{self.claim.fingerprint[:12]}:{number}:{partition.index}"

    def _written(
        self, session: Session, partition: Partition, batches: Iterable[pa.RecordBatch], holder: str
    ) -> Receipt:
        with session.transaction():
            self.dialect.begin_load(session, holder)
            self._check_ours(session)
            is_new = self.ledger.begin(session, partition)
            if is_new:
                reached("claimed")
                receipt = self._loaded(session, partition, batches)
                self.ledger.complete(session, receipt)
                reached("loaded")
        reached("committed")
        return receipt if is_new else self._receipt_there(session, partition)

    def _check_ours(self, session: Session) -> None:
        """Refuse to load where another run has taken the database since."""
        if self.ledger.fingerprint_of(session, self.claim.epoch) != self.claim.fingerprint:
            self.claim.check_still_ours(None)

    def _loaded(self, session: Session, partition: Partition, batches: Iterable[pa.RecordBatch]) -> Receipt:
        checksum = Checksum(partition.table, self.sources[partition.table].schema.names)
        table = self.claim.definition.tables[partition.table]

        def going() -> Iterator[pa.RecordBatch]:
            for batch in batches:
                checksum.add(batch)
                yield self.wired(partition.table, batch)
                reached("loading")

        sent, rows = self.dialect.load(session, table, going())
        if not rows == checksum.rows == partition.rows:
            raise RunError(
                f"{table.name}: {partition.rows:,} rows were sent as part {partition.index}, and {rows:,} arrived.",
                hint="Nothing of them is kept. Run the same command again.",
            )
        found = partition
        return Receipt(found.table, found.index, found.start, found.stop, sent, checksum.to_json())

    def wired(self, table: str, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Rows as they are sent: plain values; what the database has as JSON, as JSON texts."""
        source, made = self.sources[table], self.claim.definition.tables[table]
        arrays = []
        for name, array, column in zip(batch.schema.names, batch.columns, made.columns, strict=True):
            values = plain(array)
            is_json = column.type.word == "json" and pa.types.is_nested(values.type)
            arrays.append(source.columns[name].json(values) if is_json else values)
        return pa.RecordBatch.from_arrays(arrays, [column.name for column in made.columns])

    def _receipt_there(self, session: Session, partition: Partition) -> Receipt:
        with session.transaction():
            found = self.ledger.receipts(session, [self.claim.fingerprint])
        for receipt in found:
            if (receipt.table, receipt.index) == (partition.table, partition.index):
                return receipt
        raise RunError(
            f"{self.server}: part {partition.index} of {partition.table} is of another run.",
            hint="Run the same command again.",
        )

    def _unlocked(self, session: Session, holder: str) -> None:
        """Another transaction holds the partition: end it, if it has stood still."""
        self.dialect.fence(session, holder)

    # -- all of them ------------------------------------------------------------------------------------------

    def done(self) -> dict[tuple[str, int], Receipt]:
        """The receipts of the partitions that are there."""
        if self.claim.found is None:
            return {}
        known = self.claim.fingerprints

        def asked(session: Session) -> list[Receipt]:
            with session.transaction():
                return self.ledger.receipts(session, known)

        return {(receipt.table, receipt.index): receipt for receipt in self.server.ask(asked)}

    def strangers(self, partitions: Iterable[Partition]) -> list[Path]:
        """Nothing is in the place of a partition that is not loaded."""
        return []

    def unknown(self, partitions: Iterable[Partition]) -> list[Path]:
        """Rows that no partition has are found by verifying alone."""
        return []

    def finish(self, receipts: Sequence[Receipt]) -> None:
        """All rows are there: keys, indexes, references, conditions and statistics, each once; then say so."""
        whole = {receipt.table for receipt in receipts} | set(self.claim.records.manifest().get("tables", {}))
        if self.claim.ddl != "none":
            for stage in self.claim.definition.stages:
                steps = [step for step in stage if set(step.tables) <= whole]
                self.server.leave()  # there may be no more connections than one
                with ThreadPoolExecutor(1 if self.dialect.capabilities.single_writer else _STREAMS) as pool:
                    list(pool.map(self._finish, steps))
        self.claim.seal(receipts)

    def _finish(self, step: Step) -> None:
        try:
            self.server.ask(
                lambda session: self._finished(session, step), lambda session: self._unlocked(session, holder="")
            )
        finally:
            self.server.leave()  # of this thread

    def _finished(self, session: Session, step: Step) -> None:
        """Do a step and record it: in one transaction, or, where DDL has none, so that it may be done again."""
        if self.dialect.capabilities.transactional:
            with session.transaction():
                self.dialect.begin_step(session)
                self._check_ours(session)
                if self.ledger.begin_step(session, step.name):
                    reached("step begun")
                    for statement in step.statements:
                        session.run(statement)
                    reached("step done")
            reached("step committed")
            return
        with self.dialect.alone(session, step.name):
            self._check_ours(session)
            if step.name in self.ledger.steps_done(session):
                return
            reached("step begun")
            for statement in step.statements:
                try:
                    session.run(statement)
                except Exception as error:
                    if not self.dialect.is_there(error):
                        raise
            reached("step done")
            self.ledger.begin_step(session, step.name)
        reached("step committed")
