"""This file knows the one sentence: schema -> sources -> plan -> engine -> sink."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, NoReturn, TypeAlias

from gen import artefacts, fork_server
from gen.block import Partition, Receipt
from gen.builder import EXAMPLE, Schema, recorded
from gen.counts import parse_rows
from gen.engine import Job, Observer, local_cluster, remote_cluster, run_here, run_on
from gen.errors import BadRequest, RunError, SchemaError, TargetError
from gen.plan import share_of
from gen.preparing import Prepared, Request, functions_of, judges_of, place_of, prepare, wants_workers
from gen.sinks.claims import Claim
from gen.sinks.databases.dialects import definition_of, sink_of
from gen.sinks.databases.ledger import DatabaseRecords
from gen.sinks.databases.server import left_at_end
from gen.sinks.databases.sink import DatabaseSink
from gen.sinks.files.folder import RunFolder
from gen.sinks.files.layouts import layout_of
from gen.sinks.files.sink import FileSink
from gen.sinks.records import read_epochs, recorded_partitions
from gen.synth.described import described, never_drawn

# -- what is asked, and what came of it -------------------------------------------------------------------


@dataclass(frozen=True)
class Summary:
    """What a run did. `tables`: rows, files and bytes that are there, by table.

    complete: whether the whole data set is there, and not only a share of it. epoch: 1 of a run, 2 of what was appended
    to it first.
    """

    path: str
    tables: dict[str, dict[str, int]]
    rows: int
    bytes: int
    written: int  # partitions written by this run; the others were there
    rows_written: int  # in those
    bytes_written: int
    seconds: float
    complete: bool
    epoch: int = 1

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class Silent:
    """An observer that says nothing."""

    def plan(self, rows: Mapping[str, int], done: Sequence[Receipt]) -> None: ...

    def dashboard(self, address: str) -> None: ...

    def wrote(self, receipt: Receipt) -> None: ...

    def warn(self, message: str) -> None: ...

    def finishing(self, steps: int) -> None: ...


AnySink: TypeAlias = FileSink | DatabaseSink


# -- making -----------------------------------------------------------------------------------------------


def generate(
    request: Request | None = None,
    observer: Any = None,
    *,
    rows: int | float | str | Mapping[str, int] | None = None,
    scale: float | None = None,
    format: str = "parquet",  # noqa: A002 - as the option is called
    compression: str | None = None,
    encoding: str | None = None,
    row_group_bytes: int | None = None,
    **options: Any,
) -> Summary:
    """Make the data set that is asked for, or the rest of it; exactly once, whatever happened before.

        gen.generate(schema="models.py", rows=1e7, out="data", seed=1)
        gen.generate(schema=schema, rows={"Employee": 500}, out="data")
        gen.generate(schema="models.py", rows=1e6, out="data", seed=1, append=True)
        gen.generate(schema="models.py", rows=1e6, out="data", format="csv", compression="gzip")

    rows: of the largest table, the others in proportion; or by table. Other options are the fields of `Request`.
    Raises BadRequest when nothing was written, RunError when something is missing and the same call resumes.
    """
    if request is None:
        texts = (
            [f"{t}={n}" for t, n in rows.items()] if isinstance(rows, Mapping) else [] if rows is None else [str(rows)]
        )
        said = {"compression": compression, "encoding": encoding, "row_group_bytes": row_group_bytes}
        options["layout"] = options.get("layout") or layout_of(format, said)
        request = Request(rows=parse_rows(texts, scale), **options)
    with left_at_end():
        return _generated(request, observer or Silent())


def _generated(request: Request, observer: Any) -> Summary:
    """What `generate` does, once it is one request."""
    started = time.monotonic()
    prepared = prepare(request, to_run=True)
    for table, sentence in prepared.unread:
        observer.warn(f"{table}: {sentence}" if table else sentence)
    sink = _sink(prepared, request)
    claim = sink.claim
    for sentence in sink.warnings:
        observer.warn(sentence)
    partitions = list(prepared.plan.partitions(prepared.tables))
    done = {} if request.overwrite else sink.done()
    kept = _receipts_of(partitions, done)
    sink.check(overwrite=request.overwrite, needed=max(prepared.needed - sum(r.bytes for r in kept), 0))
    if request.append:
        _check_earlier(sink, prepared.tables, partitions, sink.done() if request.overwrite else done)
    elif not request.overwrite:
        _check_tables(claim, prepared.tables)
    there = {(receipt.table, receipt.index) for receipt in kept}
    missing = [p for p in share_of(partitions, request.part) if (p.table, p.index) not in there]
    is_new = request.part is None and (request.overwrite or claim.found is None)
    with cluster_for(prepared, missing, request, observer, sink.environment) as client:  # or no scheduler answers
        sink.prepare(overwrite=request.overwrite)
        observer.plan({t: prepared.plan.rows[t] for t in prepared.tables}, kept)
        if missing:
            claim.unseal()
            try:
                write(prepared, sink, missing, client, observer)
            except SchemaError as error:  # of a value that no sample showed
                _give_up(sink, error, is_new and not _receipts_of(partitions, sink.done()))
            done = sink.done()  # what the target itself proves is there, and nothing else, is believed
    left = len(partitions) - len(_receipts_of(partitions, done))
    if left and request.part is None:
        raise RunError(f"{left} partitions are missing.", hint="Run the same command again.")
    receipts, is_whole = _sealed(sink, partitions, done, bool(missing), observer)
    if not (left or is_whole):
        where = str(claim.records)
        observer.warn(f"{where}: an append is not finished. Run that again, or gen verify {where} --repair.")
    return _summary(claim, receipts, missing, is_whole, time.monotonic() - started)


def _check_tables(claim: Claim, tables: Sequence[str]) -> None:
    """Refuse to write a table anew where rows were appended to others."""
    records = read_epochs(claim.records)
    others = sorted(set(tables) - set(records[1]["tables"])) if len(records) > 1 else []
    if others:
        raise TargetError(
            f"{claim.records} was appended to, and of its tables is not: {', '.join(others)}.",
            hint=f"Leave that out of --tables, or choose another {claim.records.option}.",
        )


def _check_earlier(
    sink: AnySink,
    tables: Sequence[str],
    partitions: Sequence[Partition],
    there: Mapping[tuple[str, int], Receipt],
) -> None:
    """Refuse to append where earlier rows are missing, or where files are that are no rows of the folder's."""
    claim, place = sink.claim, sink.claim.records
    earlier = read_epochs(place)[: claim.epoch - 1]
    lost = [p for p in recorded_partitions(earlier, tables) if not is_done(there, p)]
    if lost:
        raise TargetError(
            f"{place}: {len(lost):,} of the parts with earlier rows are missing or damaged, the first is part "
            f"{lost[0].index:,} of {lost[0].table}.",
            hint=f"Mend them first: gen verify {place} --repair.",
        )
    unknown = sink.strangers(partitions)
    if unknown and claim.found is None:  # asked last: who appends too says so before it writes
        raise TargetError(
            f"{unknown[0]} is not part of the run, and would be overwritten.",
            hint=f"Move it; or have it removed: gen verify {place} --repair.",
        )


def _sealed(
    sink: AnySink,
    partitions: Sequence[Partition],
    done: Mapping[tuple[str, int], Receipt],
    is_changed: bool,
    observer: Observer,
) -> tuple[list[Receipt], bool]:
    """Seal the place if all is there, of every epoch; the receipts of what is, and whether that is all."""
    records = read_epochs(sink.claim.records)
    if len(records) > 1:
        partitions = list(recorded_partitions(records, records[1]["tables"]))
    receipts = _receipts_of(partitions, done)
    is_whole = len(receipts) == len(partitions)
    if is_whole and (is_changed or not sink.claim.is_sealed_with(receipts)):
        sink.finish(receipts, observer)
    return receipts, is_whole


def _give_up(sink: AnySink, error: SchemaError, is_bare: bool) -> NoReturn:
    """The declaration cannot be met: leave nothing of a run that has written no file, or say that it is not done."""
    if is_bare:
        sink.claim.abandon()
        raise error
    raise RunError(
        f"{error.message} The run stopped there.", hint=f"{error.hint} Then write to another folder, or --overwrite."
    ) from error


def _sink(prepared: Prepared, request: Request) -> AnySink:
    said = None if isinstance(request.schema, Schema) else recorded(request.schema or EXAMPLE)
    place, record = place_of(request, prepared.plan.spec, prepared.plan.rows), prepared.record(said)
    if isinstance(place, DatabaseRecords):
        return sink_of(place, record, prepared.plan.spec, prepared.sources, request.ddl)
    folder = RunFolder(place, record)
    sources = {table: prepared.sources[table] for table in prepared.tables}
    return FileSink(folder, request.layout.files(sources), {t: source.schema for t, source in sources.items()})


def _receipts_of(partitions: Sequence[Partition], done: Mapping[tuple[str, int], Receipt]) -> list[Receipt]:
    """Those of these partitions that are done."""
    return [done[p.table, p.index] for p in partitions if is_done(done, p)]


def is_done(done: Mapping[tuple[str, int], Receipt], partition: Partition) -> bool:
    receipt = done.get((partition.table, partition.index))
    return receipt is not None and (receipt.start, receipt.stop) == (partition.start, partition.stop)


def cluster_for(
    prepared: Prepared,
    partitions: Sequence[Partition],
    request: Request,
    observer: Observer,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> AbstractContextManager[Any]:
    """Where the partitions are to be run: a cluster's client, or None for this process."""
    if request.scheduler and partitions:
        return remote_cluster(request.scheduler, observer)
    volume = sum(p.rows * prepared.sources[p.table].bytes_per_row for p in partitions)
    if len(partitions) < 2 or not wants_workers(request, volume):
        return nullcontext()
    return local_cluster(min(request.workers or fork_server.cores(), len(partitions)), observer, environment)


def write(
    prepared: Prepared, sink: Any, partitions: Sequence[Partition], client: Any, observer: Observer
) -> list[Receipt]:
    """Run the partitions: with the client's workers, or here."""
    if client is None:
        return run_here(Job(prepared.sources, sink, prepared.plan.probe), partitions, observer)
    columns = [column for source in prepared.sources.values() for column in source.columns.values()]
    classes: list[Any] = list(dict.fromkeys(type(s) for column in columns for s in column.every_part()))
    classes += prepared.models
    classes += [*functions_of(prepared.sources).values(), *itertools.chain(*judges_of(prepared.sources).values())]
    with sink.for_workers() as theirs:
        job = Job(prepared.sources, theirs, prepared.plan.probe)
        packed = artefacts.pack(job, sink.artefacts, artefacts.user_modules(classes))
        return run_on(client, packed, partitions, observer, sink.land)


def _summary(
    claim: Claim, receipts: Sequence[Receipt], written: Sequence[Partition], complete: bool, seconds: float
) -> Summary:
    tables: dict[str, dict[str, int]] = {}
    for receipt in sorted(receipts, key=lambda r: (r.table, r.index)):
        totals = tables.setdefault(receipt.table, {"rows": 0, "files": 0, "bytes": 0})
        totals["rows"] += receipt.rows
        totals["files"] += 1
        totals["bytes"] += receipt.bytes
    rows = sum(t["rows"] for t in tables.values())
    size = sum(t["bytes"] for t in tables.values())
    new = {(p.table, p.index) for p in written}
    new_size = sum(r.bytes for r in receipts if (r.table, r.index) in new)
    new_rows = sum(p.rows for p in written)
    where, took = str(claim.records), round(seconds, 3)
    return Summary(where, tables, rows, size, len(written), new_rows, new_size, took, complete, claim.epoch)


def ddl_script(request: Request) -> str:
    """The SQL that makes and finishes the tables of a schema, for the database that `to` names; connects to none."""
    prepared = prepare(request)
    place = place_of(request, prepared.plan.spec, prepared.plan.rows)
    if not isinstance(place, DatabaseRecords):
        raise BadRequest("--ddl print does not say for which database.", hint="Name it: --to postgresql://...")
    return definition_of(place.server.dialect, prepared.plan.spec, prepared.sources).script()


# -- looking ------------------------------------------------------------------------------------------------


def describe(request: Request) -> dict[str, Any]:
    """Tables and columns as a run would make them: synthesizers, cardinalities, estimates."""
    prepared = prepare(request)
    tables = {
        name: {
            "rows": source.rows,
            "files": prepared.plan.files(name),
            "rows_per_file": prepared.plan.partition_rows[name],
            "bytes": int(source.rows * source.bytes_per_row),
            "columns": described(source),
            "accepted": source.filter.accepted_first if source.filter else 1.0,
            "never_drawn": never_drawn(prepared.plan.spec.table(name).undrawn),
        }
        for name, source in prepared.sources.items()
    }
    unread = [f"{table}: {sentence}" if table else sentence for table, sentence in prepared.unread]
    return {"schema": prepared.plan.spec.name, "seed": request.seed, "tables": tables, "unread": unread}


def one_row(request: Request, table: str, index: int) -> dict[str, Any]:
    """One row by its address, without making any other, as JSON values."""
    prepared = prepare(request)
    prepared.plan.spec.table(table)
    rows = prepared.plan.rows[table]
    if not 0 <= index < rows:
        raise BadRequest(f"{table} has no row {index:,}.", hint=f"Its rows are 0 to {rows - 1:,}.")
    source = prepared.sources[table]
    row: dict[str, Any] = json.loads(source.json(source.at(range(index, index + 1)))[0].as_py())
    return row
