"""This file knows the one sentence: schema -> sources -> plan -> engine -> sink."""

from __future__ import annotations

import datetime
import gc
import itertools
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from gen import artefacts, fork_server
from gen.block import Partition, Receipt
from gen.builder import EXAMPLE, Schema, load_schema
from gen.counts import RowRequest, parse_rows, scaled_rows
from gen.engine import Job, Observer, local_cluster, remote_cluster, run_here, run_on
from gen.errors import BadRequest, RunError, SchemaError
from gen.halves import in_halves
from gen.plan import Plan, default_partition_rows, share_of
from gen.schema.from_module import split_spec
from gen.schema.row_facts import FUNCTIONS
from gen.schema.spec import Spec
from gen.sinks.folder import RunFolder, folder_name, read_run
from gen.sinks.parquet import ParquetLayout, ParquetSink, TableLayout
from gen.synth.described import described, never_drawn
from gen.synth.judged import Judged
from gen.synth.table import TableSource, table_sources
from gen.synth.trial import tried_sources

SMALL_JOB = 2 * 2**30  # bytes of values below which one process is done before workers would have started
OVERHEAD = 64 * 1024  # bytes of a file that are not values
MOST_FILES = 1_000_000  # of a table
_SEEDS = 2**63


# -- what is asked, and what came of it -------------------------------------------------------------------


@dataclass(frozen=True)
class Request:
    """Everything a user may say about a run; see `generate`."""

    schema: Schema | str | None = None
    rows: RowRequest = field(default_factory=RowRequest)
    seed: int = 0
    as_of: datetime.date | None = None
    out: str | None = None
    layout: ParquetLayout = field(default_factory=ParquetLayout)
    workers: int | None = None
    scheduler: str | None = None
    part: tuple[int, int] | None = None
    tables: tuple[str, ...] | None = None
    partition_rows: int | None = None
    overwrite: bool = False


@dataclass(frozen=True)
class Summary:
    """What a run did. `tables`: rows, files and bytes by table; `complete` is False only for one share of several."""

    path: str
    tables: dict[str, dict[str, int]]
    rows: int
    bytes: int
    written: int  # partitions written by this run; the others were there
    rows_written: int  # in those
    bytes_written: int
    seconds: float
    complete: bool

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class Silent:
    """An observer that says nothing."""

    def plan(self, rows: Mapping[str, int], done: Sequence[Receipt]) -> None: ...

    def dashboard(self, address: str) -> None: ...

    def wrote(self, receipt: Receipt) -> None: ...

    def warn(self, message: str) -> None: ...


# -- preparing --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Prepared:
    """A request worked out: nothing is written yet, and everything that could be refused has been."""

    plan: Plan
    sources: Mapping[str, TableSource]
    tables: tuple[str, ...]  # to be written

    def record(self, spec: str | None) -> dict[str, Any]:
        """The contents of run.json."""
        return {
            "fingerprint": self.plan.fingerprint,
            "request": self.plan.request,
            "probe": {table: dict(sums) for table, sums in self.plan.probe.items()},
            "code": dict(self.plan.code),
            "schema": spec,
            "noise": {t: s.noise for t, s in self.sources.items() if s.dirt},
            "versions": artefacts.versions(),
        }

    @property
    def needed(self) -> int:
        """About how many bytes the written tables take, uncompressed."""
        return sum(
            int(self.plan.rows[t] * self.sources[t].bytes_per_row) + OVERHEAD * self.plan.files(t) for t in self.tables
        )


def prepare(request: Request, *, to_run: bool = False) -> Prepared:
    """Work a request out, or refuse it: BadRequest with what to do. Writes nothing.

    `to_run`: the plan is about to be run, so workers may start warming up while it is made.
    """
    with _collector_paused():
        return _prepared(request, to_run)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Without the collector of cycles: a plan makes many objects that stay, and it would walk them again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _prepared(request: Request, to_run: bool) -> Prepared:
    schema = request.schema if isinstance(request.schema, Schema) else load_schema(request.schema)
    spec = schema.spec
    _check_options(request, spec)
    rows = scaled_rows(spec, request.rows)
    written = [t for t in spec.tables if not request.tables or t.name in request.tables]
    if to_run and _wants_workers(request, sum(rows[t.name] * len(t.columns) * 8 for t in written)):
        fork_server.start()
    as_of = request.as_of or (_recorded_date(request, spec, rows) if to_run else None) or _today()
    sources, probes = _tried(schema, rows, request.seed, as_of)
    steps = {t: request.partition_rows or default_partition_rows(s.bytes_per_row) for t, s in sources.items()}
    plan = Plan(
        spec=spec,
        rows=rows,
        seed=request.seed,
        as_of=as_of,
        partition_rows=steps,
        layout=request.layout.to_json(),
        code=code_of(sources),
        probe=probes,
    )
    for table in plan.rows:
        if plan.files(table) > MOST_FILES:
            raise BadRequest(
                f"{table} would be {plan.files(table):,} files of {steps[table]:,} rows; {MOST_FILES:,} is the most.",
                hint="Ask for fewer rows, or for more in each file: --partition-rows N.",
            )
    return Prepared(plan, sources, request.tables or tuple(t.name for t in spec.tables))


def _tried(
    schema: Schema, rows: Mapping[str, int], seed: int, as_of: datetime.date
) -> tuple[dict[str, TableSource], dict[str, dict[str, str]]]:
    """The sources of all tables, and the probes of what they compute."""

    def tried(tables: Sequence[str]) -> tuple[dict[str, TableSource], dict[str, dict[str, str]]]:
        return tried_sources(table_sources(schema.spec, rows, seed, as_of, tables), schema.checks, seed)

    parts = in_halves(tried, [table.name for table in schema.spec.tables])
    return {t: s for sources, _ in parts for t, s in sources.items()}, {t: p for _, ps in parts for t, p in ps.items()}


def _wants_workers(request: Request, volume: float) -> bool:
    """Whether that many bytes of values are a run for workers on this machine, not for this process alone."""
    if request.scheduler or request.part:
        return False
    if request.workers is not None:
        return request.workers > 1
    return fork_server.cores() > 1 and volume >= SMALL_JOB


def _check_options(request: Request, spec: Spec) -> None:
    if not -_SEEDS <= request.seed < 2 * _SEEDS:
        raise BadRequest(f"--seed {request.seed} does not fit 64 bits.", hint="Give a smaller number.")
    for option, value in (("--workers", request.workers), ("--partition-rows", request.partition_rows)):
        if value is not None and value < 1:
            raise BadRequest(f"{option} is {value}.", hint="Give 1 or more.")
    given = [
        o
        for o, v in (("--workers", request.workers), ("--scheduler", request.scheduler), ("--part", request.part))
        if v
    ]
    if len(given) > 1:
        raise BadRequest(f"{' and '.join(given)} are both given.", hint="Give one: each says where the work is done.")
    for table in request.tables or ():
        spec.table(table)


def code_of(sources: Mapping[str, TableSource]) -> dict[str, str]:
    """A hash of the source of the user's own synthesizers, by column, and of the models that take only some values:

    by table those that take some rows, by part of a column those of objects inside a row.
    """
    models = {t: artefacts.source_hash(s.filter.check.model) for t, s in sources.items() if s.filter}
    functions = {where: artefacts.source_hash(function) for where, function in functions_of(sources).items()}
    judges = {where: artefacts.source_hash(*judge) for where, judge in judges_of(sources).items()}
    return (
        models
        | functions
        | judges
        | {
            synthesizer.where: artefacts.source_hash(type(synthesizer))
            for source in sources.values()
            for column in source.columns.values()
            for synthesizer in column.every_part()
            if artefacts.is_user_code(type(synthesizer))
        }
    )


def functions_of(sources: Mapping[str, TableSource]) -> dict[str, Any]:
    """The user's own functions that columns, and parts of columns, are derived by, by column."""
    columns = [s for source in sources.values() for s in source.columns.values()]
    return {name: FUNCTIONS[name] for s in columns for name in s.column.functions() if name in FUNCTIONS}


def judges_of(sources: Mapping[str, TableSource]) -> dict[str, tuple[Any, ...]]:
    """The models of objects inside rows, and functions of values there, that take only some of them, by the place
    where they do."""
    return {
        str(part.column.judge): part.check.code
        for source in sources.values()
        for column in source.columns.values()
        for part in column.every_part()
        if isinstance(part, Judged)
    }


# -- making -----------------------------------------------------------------------------------------------


def generate(
    request: Request | None = None,
    observer: Any = None,
    *,
    rows: int | float | str | Mapping[str, int] | None = None,
    scale: float | None = None,
    compression: str = "auto",
    encoding: str = "compatible",
    **options: Any,
) -> Summary:
    """Make the data set that is asked for, or the rest of it; exactly once, whatever happened before.

        gen.generate(schema="models.py", rows=1e7, out="data", seed=1)
        gen.generate(schema=schema, rows={"Employee": 500}, out="data")

    rows: of the largest table, the others in proportion; or by table. Other options are the fields of `Request`.
    Raises BadRequest when nothing was written, RunError when something is missing and the same call resumes.
    """
    if request is None:
        texts = (
            [f"{t}={n}" for t, n in rows.items()] if isinstance(rows, Mapping) else [] if rows is None else [str(rows)]
        )
        options["layout"] = options.get("layout") or ParquetLayout(compression, encoding)
        request = Request(rows=parse_rows(texts, scale), **options)
    observer = observer or Silent()
    started = time.monotonic()
    prepared = prepare(request, to_run=True)
    root = _target(request, prepared.plan.spec, prepared.plan.rows)
    sink = _sink(prepared, request, root)
    done = {} if request.overwrite else sink.done()
    there = sum(receipt.bytes for receipt in done.values())
    sink.check(overwrite=request.overwrite, needed=max(prepared.needed - there, 0))
    partitions = list(prepared.plan.partitions(prepared.tables))
    missing = [p for p in share_of(partitions, request.part) if not is_done(done, p)]
    is_new = request.part is None and (request.overwrite or read_run(root) is None)
    with cluster_for(prepared, missing, request, observer) as client:  # or refuse a scheduler that is silent
        sink.prepare(overwrite=request.overwrite)
        observer.plan({t: prepared.plan.rows[t] for t in prepared.tables}, list(done.values()))
        if missing:
            sink.folder.unseal()
            try:
                write(prepared, sink, missing, client, observer)
            except SchemaError as error:  # of a value that no sample showed
                _give_up(sink, error, is_new)
            done = sink.done()  # what the target itself proves is there, and nothing else, is believed
    receipts = [done[p.table, p.index] for p in partitions if is_done(done, p)]
    complete = len(receipts) == len(partitions)
    if complete and (missing or not sink.folder.is_sealed_with(receipts)):
        sink.finish(receipts)
    if not complete and request.part is None:
        raise RunError(f"{len(partitions) - len(receipts)} partitions are missing.", hint="Run the same command again.")
    return _summary(root, receipts, missing, complete, time.monotonic() - started)


def _give_up(sink: ParquetSink, error: SchemaError, is_new: bool) -> NoReturn:
    """The declaration cannot be met: leave nothing of a run that has written no file, or say that it is not done."""
    if is_new and not sink.done():
        sink.folder.abandon()
        raise error
    raise RunError(
        f"{error.message} The run stopped there.", hint=f"{error.hint} Then write to another folder, or --overwrite."
    ) from error


def _sink(prepared: Prepared, request: Request, root: Path) -> ParquetSink:
    spec = None if isinstance(request.schema, Schema) else _absolute(request.schema)
    folder = RunFolder(root, prepared.record(spec))
    layouts = {t: TableLayout.of(prepared.sources[t], request.layout) for t in prepared.tables}
    return ParquetSink(folder, layouts, request.layout)


def _recorded_date(request: Request, spec: Spec, rows: Mapping[str, int]) -> datetime.date | None:
    """The as-of date of the run that is being resumed, so that a run over midnight is one run."""
    record = None if request.overwrite else read_run(_target(request, spec, rows))
    return datetime.date.fromisoformat(record["request"]["as_of"]) if record else None


def _today() -> datetime.date:
    return datetime.datetime.now(datetime.UTC).date()


def is_done(done: Mapping[tuple[str, int], Receipt], partition: Partition) -> bool:
    receipt = done.get((partition.table, partition.index))
    return receipt is not None and (receipt.start, receipt.stop) == (partition.start, partition.stop)


def cluster_for(
    prepared: Prepared, partitions: Sequence[Partition], request: Request, observer: Observer
) -> AbstractContextManager[Any]:
    """Where the partitions are to be run: a cluster's client, or None for this process."""
    if request.scheduler and partitions:
        return remote_cluster(request.scheduler, observer)
    volume = sum(p.rows * prepared.sources[p.table].bytes_per_row for p in partitions)
    if len(partitions) < 2 or not _wants_workers(request, volume):
        return nullcontext()
    return local_cluster(min(request.workers or fork_server.cores(), len(partitions)), observer)


def write(
    prepared: Prepared, sink: Any, partitions: Sequence[Partition], client: Any, observer: Observer
) -> list[Receipt]:
    """Run the partitions: with the client's workers, or here."""
    job = Job(prepared.sources, sink, prepared.plan.probe)
    if client is None:
        return run_here(job, partitions, observer)
    columns = [column for source in prepared.sources.values() for column in source.columns.values()]
    classes: list[Any] = list(dict.fromkeys(type(s) for column in columns for s in column.every_part()))
    classes += [source.filter.check.model for source in prepared.sources.values() if source.filter]
    classes += [*functions_of(prepared.sources).values(), *itertools.chain(*judges_of(prepared.sources).values())]
    packed = artefacts.pack(job, sink.artefacts, artefacts.user_modules(classes))
    return run_on(client, packed, partitions, observer)


def _summary(
    root: Path, receipts: Sequence[Receipt], written: Sequence[Partition], complete: bool, seconds: float
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
    return Summary(str(root), tables, rows, size, len(written), new_rows, new_size, round(seconds, 3), complete)


def _absolute(spec: str | None) -> str | None:
    """A SPEC that still means the same from another folder."""
    if spec is None:
        return EXAMPLE
    place, name = split_spec(spec)
    if place.endswith((".py", ".json")) or "/" in place:
        place = str(Path(place).resolve())
    return f"{place}:{name}" if name else place


def _target(request: Request, spec: Spec, rows: Mapping[str, int]) -> Path:
    """Where the run is to be written."""
    default = f"gen-data/{folder_name(spec.name)}-{max(rows.values())}-seed{request.seed}"
    return Path(request.out or default).absolute()


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
    return {"schema": prepared.plan.spec.name, "seed": request.seed, "tables": tables}


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
