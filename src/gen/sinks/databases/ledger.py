"""This file knows what a run keeps in the database itself: which run it is, which partitions are there, what was done.

_gen_runs        an epoch a row, the first the run itself; and, once all was there, the manifest
_gen_partitions  a partition a row, inserted first in the transaction that loads its rows: it is there if they are
_gen_steps       a finishing step a row: keys, indexes, conditions, statistics
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from gen.block import Partition, Receipt
from gen.sinks.databases.dialect import Dialect
from gen.sinks.databases.server import Server
from gen.sinks.databases.session import Session
from gen.sinks.records import record_in

RUNS, PARTITIONS, STEPS = "_gen_runs", "_gen_partitions", "_gen_steps"
LEDGER = (RUNS, PARTITIONS, STEPS)
REMOVED = "removed"  # instead of the fingerprint of a run that is being removed: nothing of it is there any more


def ledger_statements(dialect: Dialect) -> dict[str, str]:
    """What makes the ledger's tables, by their names."""
    words = {"text": dialect.types["long_text"], "whole": dialect.types["int64"]}
    columns = {
        RUNS: "epoch {whole} NOT NULL PRIMARY KEY, fingerprint varchar(64) NOT NULL, record {text} NOT NULL, "
        "manifest {text}, is_whole {whole} NOT NULL",
        PARTITIONS: "table_name varchar(255) NOT NULL, part {whole} NOT NULL, first_row {whole} NOT NULL, "
        "end_row {whole} NOT NULL, fingerprint varchar(64) NOT NULL, bytes {whole} NOT NULL, checksum {text} NOT NULL, "
        "PRIMARY KEY (table_name, part)",
        STEPS: "step varchar(255) NOT NULL PRIMARY KEY",
    }
    return {
        name: f"CREATE TABLE {dialect.quoted(name)} ({text.format(**words)}){dialect.table_end}"
        for name, text in columns.items()
    }


@dataclass(frozen=True)
class DatabaseRecords:
    """A database as a place: see `gen.sinks.records.Records`."""

    server: Server
    option = "--to"

    def __str__(self) -> str:
        return str(self.server)

    def name_of(self, epoch: int) -> str:
        return f"{self}: the row of epoch {epoch} in {RUNS}"

    def read(self, epoch: int = 1) -> dict[str, Any] | None:
        found = self._selected(f"SELECT record FROM {self._runs} WHERE epoch = :epoch", epoch=epoch)
        return record_in(str(found[0][0]), epoch, self.name_of(epoch)) if found else None

    def known(self) -> int:
        found = self._selected(f"SELECT max(epoch) FROM {self._runs}")
        return max(len(self.manifest().get("epochs", [])), int(found[0][0] or 0) if found else 0)

    def manifest(self) -> dict[str, Any]:
        found = self._selected(f"SELECT manifest FROM {self._runs} WHERE epoch = 1")
        if not found or found[0][0] is None:
            return {}
        manifest: dict[str, Any] = json.loads(str(found[0][0]))
        return manifest

    @property
    def is_whole(self) -> bool:
        found = self._selected(f"SELECT is_whole FROM {self._runs} WHERE epoch = 1")
        return bool(found and found[0][0])

    def why_none(self) -> str:
        return "holds no run of gen"

    @property
    def _runs(self) -> str:
        return self.server.dialect.quoted(RUNS)

    def _selected(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        """What a SELECT of the ledger gives; nothing where there is no ledger, or no file: asking would make one."""
        file = self.server.address.file
        if file is not None and not file.exists():
            return []

        def asked(session: Session) -> list[tuple[Any, ...]]:
            with session.transaction():
                if RUNS not in self.server.dialect.tables(session):
                    return []
                return session.rows(statement, **values)

        return self.server.ask(asked)


class Ledger:
    """The ledger of a run, inside transactions that others have begun. fingerprint: of the run, or what is appended."""

    def __init__(self, dialect: Dialect, fingerprint: str) -> None:
        self.dialect = dialect
        self.fingerprint = fingerprint
        self.runs, self.partitions, self.steps = map(dialect.quoted, LEDGER)

    def is_there(self, session: Session) -> bool:
        """Whether the database has a ledger."""
        return set(LEDGER) <= self.dialect.tables(session)

    def fingerprint_of(self, session: Session, epoch: int) -> str | None:
        """Whose the database is, as long as the transaction lasts: who would take it over waits for its end."""
        statement = f"SELECT fingerprint FROM {self.runs} WHERE epoch = :epoch{self.dialect.shared}"
        found = session.rows(statement, epoch=epoch)
        return str(found[0][0]) if found else None

    def begin(self, session: Session, partition: Partition) -> bool:
        """Claim a partition for this transaction; False where it is there. Waits for another that has claimed it."""
        values = {
            "table_name": partition.table,
            "part": partition.index,
            "first_row": partition.start,
            "end_row": partition.stop,
            "fingerprint": self.fingerprint,
            "bytes": 0,
            "checksum": "",
        }
        return self._inserted(session, self.partitions, values)

    def complete(self, session: Session, receipt: Receipt) -> None:
        """Say what was loaded, at the end of its transaction."""
        session.changed(
            f"UPDATE {self.partitions} SET bytes = :bytes, checksum = :checksum "
            "WHERE table_name = :table_name AND part = :part",
            bytes=receipt.bytes,
            checksum=json.dumps(receipt.checksum),
            table_name=receipt.table,
            part=receipt.index,
        )

    def forget(self, session: Session, partition: Partition) -> None:
        """Say no more that a partition is there."""
        session.changed(
            f"DELETE FROM {self.partitions} WHERE table_name = :table_name AND part = :part",
            table_name=partition.table,
            part=partition.index,
        )

    def forget_table(self, session: Session, table: str) -> None:
        session.changed(f"DELETE FROM {self.partitions} WHERE table_name = :table_name", table_name=table)

    def receipts(self, session: Session, known: Collection[str]) -> list[Receipt]:
        """Of all partitions that are there, of runs with these fingerprints."""
        columns = "table_name, part, first_row, end_row, bytes, checksum, fingerprint"
        unless = f"WHERE NOT EXISTS (SELECT 1 FROM {self.runs} WHERE fingerprint = :removed)"
        rows = session.rows(f"SELECT {columns} FROM {self.partitions} {unless}", removed=REMOVED)
        return [Receipt(t, i, a, b, size, json.loads(sums)) for t, i, a, b, size, sums, whose in rows if whose in known]

    def begin_step(self, session: Session, name: str) -> bool:
        """Record a step in its own transaction; False where it was done."""
        return self._inserted(session, self.steps, {"step": name})

    def steps_done(self, session: Session) -> set[str]:
        return {str(row[0]) for row in session.rows(f"SELECT step FROM {self.steps}")}

    def forget_steps(self, session: Session, names: Sequence[str]) -> None:
        for name in names:
            session.changed(f"DELETE FROM {self.steps} WHERE step = :step", step=name)

    def _inserted(self, session: Session, table: str, values: dict[str, Any]) -> bool:
        places = ", ".join(f":{name}" for name in values)
        start, end = self.dialect.insert_if_new
        return session.changed(f"{start} {table} ({', '.join(values)}) VALUES ({places}){end}", **values) == 1
