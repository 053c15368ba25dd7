"""This file knows partitions as transactions: the ledger's row first, then the rows; both are there, or neither is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from gen.block import Partition, Receipt, plain
from gen.checksums import Checksum
from gen.errors import RunError
from gen.fault_points import reached
from gen.sinks.databases.address import PASSWORD_VARIABLE
from gen.sinks.databases.ddl import Step
from gen.sinks.databases.dialect import LoadedTable
from gen.sinks.databases.inversion import key_of
from gen.sinks.databases.run_database import RunDatabase
from gen.sinks.databases.session import Session
from gen.sinks.databases.spool import Spool, begin, end, spool_folder
from gen.sinks.databases.trial import TRIED_ROWS, comparable, tried
from gen.sinks.disk import check_room
from gen.synth.json_text import check_finite
from gen.synth.table import TableSource

_KEYS, _KEYS_AT_ONCE = "gen_keys", 16_384
_STREAMS = 4  # steps of a stage that are done at once


class DatabaseSink:
    """Partitions as transactions of a database.

    Where only one process may write to it, that is this one: `for_workers` is then a sink that spools, and `land` loads
    what was spooled.
    """

    def __init__(self, claim: RunDatabase, sources: Mapping[str, TableSource]) -> None:
        self.claim = claim
        self.server = claim.server
        self.dialect = claim.dialect
        self.ledger = claim.ledger
        self.sources = dict(sources)
        self.spool: Spool | None = None

    artefacts: Path | None = None  # a database is no place for files

    def check(self, *, needed: int, overwrite: bool) -> None:
        """Refuse a database that is another's, or changes values. A file that was not there is not there then."""
        file = self.server.address.file
        was_there = file is None or file.exists()
        if file is not None:
            check_room(file.parent, str(self.server), needed)
        try:
            self.claim.check(overwrite=overwrite)
            if self.claim.found is None or overwrite:
                self.server.ask(self._tried)
        except BaseException:
            self.server.leave()
            if file is not None and not was_there:
                file.unlink(missing_ok=True)
            raise

    def _tried(self, session: Session) -> None:
        for table, source in self.sources.items():
            rows = source.at(range(min(source.rows, TRIED_ROWS)))
            tried(self.dialect, session, self.claim.definition.tables[table], self.wired(table, rows))

    def prepare(self, *, overwrite: bool) -> None:
        self.claim.take(overwrite=overwrite)
        self.server.begun = True

    @property
    def warnings(self) -> list[str]:
        """What a user should know before anything is loaded, a sentence each."""
        found = [f"{table}: {sentence}" for table, sentence in self.claim.definition.unsaid]
        if self.dialect.is_slow:
            found.append(f"{self.server} is loaded the slow way, by INSERTs: gen knows no bulk load of its own for it.")
        if self.server.address.own is not None:
            found.append(
                "The password is in the URL, where other users of this machine can read it; --password-file and "
                f"{PASSWORD_VARIABLE} keep it from them."
            )
        return found

    # -- workers ----------------------------------------------------------------------------------------------

    @property
    def environment(self) -> dict[str, str]:
        """What the workers of this machine are told in their environment alone."""
        password = self.server.address.password
        return {PASSWORD_VARIABLE: password} if password is not None else {}

    @contextmanager
    def for_workers(self) -> Iterator[DatabaseSink | Spool]:
        """The sink that workers write to."""
        if not self.dialect.capabilities.single_writer:
            yield self
            return
        folder = spool_folder(Path(str(self.server.address.file)), self.claim.fingerprint)
        begin(folder)
        self.spool = Spool(folder, self.wired, {t: s.schema.names for t, s in self.sources.items()})
        try:
            yield self.spool
        finally:
            end(folder)
            self.spool = None

    def land(self, receipt: Receipt) -> Receipt:
        """Load what a worker has spooled; nothing to do where workers load themselves."""
        if self.spool is None:
            return receipt
        partition = Partition(receipt.table, receipt.index, receipt.start, receipt.stop)
        with self.spool.rows(partition) as batches:
            held = list(batches)  # mapped, not read
            return self.server.ask(lambda session: self._landed(session, receipt, held))

    def _landed(self, session: Session, receipt: Receipt, batches: Sequence[pa.RecordBatch]) -> Receipt:
        partition = Partition(receipt.table, receipt.index, receipt.start, receipt.stop)
        with session.transaction():
            self._check_ours(session)
            if self.ledger.begin(session, partition):
                reached("claimed")
                table = self.claim.definition.tables[partition.table]
                _, rows = self.dialect.load(session, table, batches)
                self._check_count(partition, rows)
                self.ledger.complete(session, receipt)
                reached("loaded")
        reached("committed")
        return receipt

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
        self._check_count(partition, rows)
        found = partition
        return Receipt(found.table, found.index, found.start, found.stop, sent, checksum.to_json())

    def _check_count(self, partition: Partition, rows: int) -> None:
        if rows != partition.rows:
            raise RunError(
                f"{partition.table}: of {partition.rows:,} rows of part {partition.index}, {rows:,} arrived.",
                hint="Nothing of them is kept. Run the same command again.",
            )

    def wired(self, table: str, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Rows as they are sent: plain values; what the database has as JSON, as JSON texts."""
        source, made = self.sources[table], self.claim.definition.tables[table]
        arrays = []
        for name, array, column in zip(batch.schema.names, batch.columns, made.columns, strict=True):
            values = plain(array)
            is_json = column.type.word == "json" and pa.types.is_nested(values.type)
            if is_json:
                check_finite(f"{table}.{name}", values)
            arrays.append(source.columns[name].json(values) if is_json else values)
        return pa.RecordBatch.from_arrays(arrays, [column.name for column in made.columns])

    def comparable(self, table: str, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Rows as they are sent, or were read back, in the form in which they compare; named as in the schema."""
        columns = self.claim.definition.tables[table].columns
        arrays = [comparable(array, column.type.word) for array, column in zip(batch.columns, columns, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, self.sources[table].schema.names)

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

    # -- repair -----------------------------------------------------------------------------------------------

    def forget(self, partition: Partition) -> None:
        """Delete a partition's rows, found by their keys, and its row of the ledger, in one transaction."""
        source = self.sources[partition.table]
        key = key_of([source])

        def forgotten(session: Session) -> None:
            with session.transaction():
                self.dialect.begin_load(session, self.holder(partition))
                self._check_ours(session)
                if key is not None:
                    rows = range(partition.start - source.first, partition.stop - source.first)
                    self._delete(session, partition.table, key, source.at(rows, [key]).column(0))
                self.ledger.forget(session, partition)

        self.server.ask(forgotten)

    def remove(self, table: str, key: str, keys: pa.Array) -> None:
        """Delete the rows of a table that have these keys."""

        def removed(session: Session) -> None:
            with session.transaction():
                self._delete(session, table, key, keys)

        self.server.ask(removed)

    def empty(self, table: str) -> None:
        """Delete all rows of a table, and what the ledger says of them."""

        def emptied(session: Session) -> None:
            with session.transaction():
                session.run(f"DELETE FROM {self.dialect.quoted(self.claim.definition.tables[table].name)}")
                self.ledger.forget_table(session, table)

        self.server.ask(emptied)

    def _delete(self, session: Session, table: str, key: str, keys: pa.Array) -> None:
        """In the open transaction; the keys travel as rows do, by a temporary table."""
        made = self.claim.definition.tables[table]
        column = made.columns[self.sources[table].schema.names.index(key)]
        name, quoted = self.dialect.quoted(column.name), self.dialect.quoted
        kind = column.type.named(self.dialect.types)
        made_of = f"({name} {kind}){self.dialect.table_end_of_temporary}"
        session.run(f"{self.dialect.making_temporary} {quoted(_KEYS)} {made_of}")
        batch = pa.RecordBatch.from_arrays([plain(keys)], [column.name])
        slices = (batch.slice(start, _KEYS_AT_ONCE) for start in range(0, len(keys), _KEYS_AT_ONCE))
        self.dialect.load(session, LoadedTable(_KEYS, (column,), table), slices)
        chosen = f"SELECT {name} FROM {quoted(_KEYS)}"
        session.run(f"DELETE FROM {quoted(made.name)} WHERE {name} IN ({chosen})")
        session.run(f"DROP {self.dialect.temporary} {quoted(_KEYS)}")

    # -- all of them ------------------------------------------------------------------------------------------

    def done(self) -> dict[tuple[str, int], Receipt]:
        """The receipts of the partitions that are there."""
        if self.server.address.file is not None and not self.server.address.file.exists():
            return {}
        known = self.claim.fingerprints

        def asked(session: Session) -> list[Receipt]:
            with session.transaction():
                return self.ledger.receipts(session, known) if self.ledger.is_there(session) else []

        return {(receipt.table, receipt.index): receipt for receipt in self.server.ask(asked)}

    def strangers(self, partitions: Iterable[Partition]) -> list[Path]:
        """Nothing is in the place of a partition that is not loaded."""
        return []

    def unknown(self, partitions: Iterable[Partition]) -> list[Path]:
        """Rows that no partition has are found by verifying alone."""
        return []

    def finish(self, receipts: Sequence[Receipt], observer: Any) -> None:
        """All rows are there: keys, indexes, references, conditions and statistics, each once; then say so."""
        observer.finishing(sum(map(len, self.claim.definition.stages)))
        whole = {receipt.table for receipt in receipts} | set(self.claim.records.manifest().get("tables", {}))
        if self.claim.ddl != "none":
            for stage in self.claim.definition.stages:
                steps = [step for step in stage if set(step.tables) <= whole]
                self.server.leave()  # there may be no more connections than one
                is_one = self.dialect.capabilities.single_writer or not all(step.apart for step in steps)
                with ThreadPoolExecutor(1 if is_one else _STREAMS) as pool:
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
                    self._check_nothing(session, step)
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
            self._check_nothing(session, step)
            for statement in step.statements:
                try:
                    session.run(statement)
                except Exception as error:
                    if not self.dialect.is_there(error):
                        raise
            reached("step done")
            self.ledger.begin_step(session, step.name)
        reached("step committed")

    def _check_nothing(self, session: Session, step: Step) -> None:
        """Refuse to go on where a query finds what must not be."""
        if step.nothing is not None and session.rows(step.nothing[0]):
            raise RunError(f"{self.server}: {step.nothing[1]}.", hint="Compare what is there: gen verify, --repair.")
