"""This file knows a run's claim on a database: whose it is, how its tables are made and dropped, how it is sealed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from gen.block import Receipt
from gen.errors import BadRequest, TargetError
from gen.fault_points import reached
from gen.sinks.claims import Claim
from gen.sinks.databases.ddl import Definition
from gen.sinks.databases.ledger import LEDGER, REMOVED, DatabaseRecords, Ledger, ledger_statements
from gen.sinks.databases.session import Session


class RunDatabase(Claim):
    """One run's database: its default schema. Picklable; every method may be called by several processes at once.

    ddl: "create" (tables are made, and are not there yet), "replace" (others of their names are dropped first) or
    "none" (they are there, and are only filled).
    """

    records: DatabaseRecords

    def __init__(
        self, records: DatabaseRecords, record: Mapping[str, Any], definition: Definition, ddl: str = "create"
    ) -> None:
        super().__init__(records, record)
        self.server = records.server
        self.dialect = records.server.dialect
        self.definition = definition
        self.ddl = ddl
        self.ledger = Ledger(self.dialect, self.fingerprint)

    @property
    def tables(self) -> list[str]:
        """The tables of the run, as the database calls them."""
        return [table.name for table in self.definition.tables.values()]

    # -- taking the database ----------------------------------------------------------------------------------

    def check(self, *, overwrite: bool) -> None:
        """Refuse a database that holds another run, or others' tables of the same names. Writes nothing."""
        self.server.ask(self.dialect.check)
        found = self.found
        self.check_record(found, overwrite)
        if self.epoch > 1 and overwrite:
            raise BadRequest(
                "--append --overwrite gives up an append that is not finished, which cannot be done in a database yet.",
                hint="Run the append again, until it is done.",
            )
        if self.epoch > 1 or (found is not None and not overwrite):
            return
        there = self.server.ask(self._names_there)
        ours = set(found["made"]) if found is not None else set()
        others = [name for name in self.tables if name in there - ours]
        if self.ddl == "create" and others:
            raise TargetError(
                f"{self.records} has a table {others[0]!r} already, which no run of gen made.",
                hint="Load into another database or schema; or have such tables dropped first, by --ddl replace.",
            )

    def _names_there(self, session: Session) -> set[str]:
        with session.transaction():
            return self.dialect.tables(session)

    def take(self, *, overwrite: bool) -> None:
        """Make the database this run's: ledger, record, tables. May be repeated, or done by several at once."""
        self.server.ask(lambda session: self._take(session, overwrite), self._fence_all)

    def _take(self, session: Session, overwrite: bool) -> None:
        with self.dialect.alone(session, "prepares"):
            there = self.dialect.tables(session)
            for name, statement in ledger_statements(self.dialect).items():
                if name not in there:
                    session.run(self.dialect.fitted(session, statement))
                    reached("ledger made")
            whose = self.ledger.fingerprint_of(session, self.epoch)
            if whose is not None and (overwrite or whose == REMOVED):
                self._clear(session)
                whose = None
            if whose is None:
                self._begin(session)
            elif whose != self.fingerprint:
                self.check_still_ours(self._record_in(session))
            self.server.begun = True
            self._make_tables(session)
        reached("prepared")

    def _begin(self, session: Session) -> None:
        """Say whose the database is; what is made from now on is ours."""
        if self.ddl == "replace" and self.epoch == 1:
            there = self.dialect.tables(session)
            self._drop(session, [name for name in self.tables if name in there])
        made = self.tables if self.ddl != "none" and self.epoch == 1 else []
        session.changed(
            f"INSERT INTO {self.ledger.runs} (epoch, fingerprint, record, is_whole) "
            "VALUES (:epoch, :fingerprint, :record, 0)",
            epoch=self.epoch,
            fingerprint=self.fingerprint,
            record=json.dumps({**self.record, "made": made}),
        )
        if self.epoch > 1:
            self._undo_steps(session)
        reached("begun")

    def undo_steps(self) -> None:
        """Rows will be changed in any order: what would refuse them goes, and is done again at the end."""

        def undone(session: Session) -> None:
            with self.dialect.alone(session, "prepares"):
                self._undo_steps(session)

        self.server.ask(undone)

    def _undo_steps(self, session: Session) -> None:
        steps = [step for stage in self.definition.stages for step in stage if step.again]
        done = self.ledger.steps_done(session)
        for step in steps:
            for statement in step.undone if step.name in done else ():
                session.run(statement)
        self.ledger.forget_steps(session, [step.name for step in steps])

    def _make_tables(self, session: Session) -> None:
        """Make the tables of the run that are not there. Refuses where one is gone that had rows."""
        if self.epoch > 1 or self.ddl == "none":
            return
        there = self.dialect.tables(session)
        filled = {row[0] for row in session.rows(f"SELECT DISTINCT table_name FROM {self.ledger.partitions}")}
        for name, statements in self.definition.create.items():
            if self.definition.tables[name].name in there:
                continue
            if name in filled:
                raise TargetError(
                    f"{self.records}: the table of {name} is gone, and had rows of this run.",
                    hint="Start anew, with --overwrite.",
                )
            for statement in statements:
                session.run(self.dialect.fitted(session, statement))
            reached("table made")

    def _record_in(self, session: Session) -> dict[str, Any] | None:
        found = session.rows(f"SELECT record FROM {self.ledger.runs} WHERE epoch = :epoch", epoch=self.epoch)
        return dict(json.loads(found[0][0])) if found else None

    def _clear(self, session: Session) -> None:
        """Remove what the run that is there has made, of every epoch; its record last."""
        record = self._record_in(session) or {}
        # It waits for those who load; and who comes late finds another's name.
        session.changed(f"UPDATE {self.ledger.runs} SET fingerprint = :removed, is_whole = 0", removed=REMOVED)
        reached("removing")
        there = self.dialect.tables(session)
        made = [name for name in record.get("made", ()) if name in there]
        filled = {row[0] for row in session.rows(f"SELECT DISTINCT table_name FROM {self.ledger.partitions}")}
        self._drop(session, made)
        reached("dropped")
        for name, table in self.definition.tables.items():
            if name in filled and table.name not in made and table.name in there:
                session.run(f"DELETE FROM {self.dialect.quoted(table.name)}")
        for kept in (self.ledger.partitions, self.ledger.steps, self.ledger.runs):
            session.run(f"DELETE FROM {kept}")
            reached("forgotten")

    def _drop(self, session: Session, names: Sequence[str]) -> None:
        if names:
            self.dialect.drop(session, names)

    def _fence_all(self, session: Session) -> None:
        """End whatever of gen's has stood still."""
        self.dialect.fence(session, "")

    def abandon(self) -> None:
        """Remove all that this run has begun; of an append, its rows are none yet."""

        def removed(session: Session) -> None:
            with self.dialect.alone(session, "prepares"):
                self.check_still_ours(self._record_in(session))
                if self.epoch == 1:
                    self._clear(session)
                    self._drop(session, LEDGER)
                else:
                    session.changed(f"DELETE FROM {self.ledger.runs} WHERE epoch = :epoch", epoch=self.epoch)

        self.server.ask(removed, self._fence_all)

    # -- the end ----------------------------------------------------------------------------------------------

    def unseal(self) -> None:
        def unsealed(session: Session) -> None:
            with self.dialect.alone(session, "seals"):
                if self.ledger.fingerprint_of(session, self.epoch) != self.fingerprint:
                    self.check_still_ours(None)
                session.changed(f"UPDATE {self.ledger.runs} SET is_whole = 0 WHERE epoch = 1 AND is_whole = 1")

        self.server.ask(unsealed, self._fence_all)

    def seal(self, receipts: Sequence[Receipt]) -> None:
        """Everything is there, and finished: say so, in the same transaction as what is there."""
        manifest = self.manifest_of(receipts)
        epochs = len(manifest.get("epochs", [1]))
        if not self.covers(receipts):
            return

        def sealed(session: Session) -> None:
            with self.dialect.alone(session, "seals"):
                reached("sealing")
                if self.ledger.fingerprint_of(session, self.epoch) != self.fingerprint:
                    self.check_still_ours(None)
                if self.ledger.fingerprint_of(session, epochs + 1) is not None:
                    return  # left to who appends since
                session.changed(
                    f"UPDATE {self.ledger.runs} SET manifest = :manifest, is_whole = 1 WHERE epoch = 1",
                    manifest=json.dumps(manifest),
                )
                reached("sealed")
            reached("seal committed")

        self.server.ask(sealed, self._fence_all)
