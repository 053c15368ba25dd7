"""This file knows how a request is worked out before anything is written: the plan, its sources, what is refused."""

from __future__ import annotations

import datetime
import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gen import artefacts, fork_server
from gen.appending import Past, past_of
from gen.builder import Schema, load_schema
from gen.counts import RowRequest
from gen.errors import BadRequest
from gen.halves import in_halves
from gen.plan import Plan, default_partition_rows, epoch_seed
from gen.schema.database_address import has_password, shown_url
from gen.schema.row_facts import FUNCTIONS
from gen.schema.spec import Spec, suggestion
from gen.sinks.claims import check_values
from gen.sinks.databases.dialects import DDL, records_of
from gen.sinks.databases.ledger import DatabaseRecords
from gen.sinks.files.folder import folder_name
from gen.sinks.files.folder_records import FolderRecords
from gen.sinks.files.formats import Layout
from gen.sinks.files.parquet import ParquetLayout
from gen.sizes import appended_rows, scaled_rows
from gen.synth.judging.judged import Judged
from gen.synth.table import TableSource
from gen.synth.tables import Epoch, table_sources
from gen.synth.trial import tried_sources

SMALL_JOB = 2 * 2**30  # bytes of values below which one process is done before workers would have started
SMALL_LOAD = 2**26  # the same of a database, which takes a few times as long to take them
WAIT_SECONDS = 300.0  # that a run waits for a database which is away
OVERHEAD = 64 * 1024  # bytes of a file that are not values
MOST_FILES = 1_000_000  # of a table
_SEEDS = 2**63


@dataclass(frozen=True)
class Request:
    """Everything a user may say about a run; see `generate`."""

    schema: Schema | str | None = None
    rows: RowRequest = field(default_factory=RowRequest)
    seed: int = 0
    as_of: datetime.date | None = None
    out: str | None = None
    layout: Layout = field(default_factory=ParquetLayout)
    workers: int | None = None
    scheduler: str | None = None
    part: tuple[int, int] | None = None
    tables: tuple[str, ...] | None = None
    partition_rows: int | None = None
    overwrite: bool = False
    append: bool = False
    epoch: int | None = None
    to: str | None = None
    ddl: str = "create"
    password_file: str | None = None
    wait: float = WAIT_SECONDS


@dataclass(frozen=True)
class Prepared:
    """A request worked out: nothing is written yet, and everything that could be refused has been."""

    plan: Plan
    sources: Mapping[str, TableSource]
    tables: tuple[str, ...]  # to be written
    unread: tuple[tuple[str, str], ...] = ()  # what the schema could not keep of where it was read
    checked: tuple[Any, ...] = ()  # the models that may be asked which rows they take, of earlier epochs, too

    @property
    def models(self) -> list[Any]:
        """The models that are asked which rows they take, in this epoch or an earlier one."""
        here = [source.filter.check.model for source in self.sources.values() if source.filter]
        return [*here, *(self.checked if self.plan.earlier else ())]

    def record(self, spec: str | None) -> dict[str, Any]:
        """The contents of run.json; or of an epoch's record."""
        return ({"tables": list(self.tables)} if self.plan.earlier else {}) | {
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
    past = _past_of(request, spec) if request.append else None
    rows = appended_rows(spec, request.rows, past.rows) if past else scaled_rows(spec, request.rows)
    names = past.tables if past else request.tables
    written = [t for t in spec.tables if not t.existing and (not names or t.name in names)]
    if to_run and wants_workers(request, sum(rows[t.name] * len(t.columns) * 8 for t in written)):
        fork_server.start()
    said = request.as_of or schema.as_of
    found = past.found if past else _found(request, spec, rows) if to_run else None
    as_of = said or (datetime.date.fromisoformat(found["request"]["as_of"]) if found else _today())
    if past:
        _check_earlier_values(schema, past)
    epoch = Epoch(rows, epoch_seed(request.seed, past.number if past else 1), as_of)
    sources, probes = _tried(schema, epoch, past.epochs if past else [])
    steps = {t: request.partition_rows or default_partition_rows(s.bytes_per_row) for t, s in sources.items()}
    plan = Plan(
        spec=spec,
        rows=rows,
        seed=request.seed,
        as_of=as_of,
        partition_rows=steps,
        layout=_layout_of(request),
        code=code_of(sources),
        probe=probes,
        earlier=past.requests if past else (),
        follows=past.records[-1]["fingerprint"] if past else "",
    )
    sources = {table: replace(source, first=plan.first_row(table)) for table, source in sources.items()}
    for table in plan.rows:
        if plan.files(table) > MOST_FILES:
            raise BadRequest(
                f"{table} would be {plan.files(table):,} files of {steps[table]:,} rows; {MOST_FILES:,} is the most.",
                hint="Ask for fewer rows, or for more in each file: --partition-rows N.",
            )
    models = tuple(check.model for check in schema.checks.values())
    return Prepared(plan, sources, tuple(t.name for t in written), schema.unread, models)


def _tried(
    schema: Schema, epoch: Epoch, earlier: Sequence[Epoch]
) -> tuple[dict[str, TableSource], dict[str, dict[str, str]]]:
    """The sources of all tables, and the probes of what they compute."""

    def tried(tables: Sequence[str]) -> tuple[dict[str, TableSource], dict[str, dict[str, str]]]:
        made = table_sources(schema.spec, epoch.rows, epoch.seed, epoch.as_of, tables, earlier)
        return tried_sources(made, schema.checks, epoch.seed)

    parts = in_halves(tried, [table.name for table in schema.spec.tables])
    return {t: s for sources, _ in parts for t, s in sources.items()}, {t: p for _, ps in parts for t, p in ps.items()}


def _check_earlier_values(schema: Schema, past: Past) -> None:
    """Refuse to append where earlier rows would not be made again as they are: keys go on, and columns are copied.

    The first rows are made again for that, where they are probed; those of later epochs where code or a library is
    another than then.
    """
    code = code_of(_made_again(schema, past, 1))
    for number, record in enumerate(past.records[1:], 2):
        if record["versions"] != artefacts.versions() or record["code"] != code:
            _made_again(schema, past, number)


def _made_again(schema: Schema, past: Past, number: int) -> dict[str, TableSource]:
    """The tables of an earlier epoch. Raises TargetError where its probe finds other values than it did."""
    record = past.records[number - 1]
    sources, probe = _tried(schema, past.epochs[number - 1], past.epochs[: number - 1])
    check_values(past.place, {**record, "probe": probe, "versions": artefacts.versions()}, record)
    return sources


def wants_workers(request: Request, volume: float) -> bool:
    """Whether that many bytes of values are a run for workers on this machine, not for this process alone."""
    if request.scheduler or request.part:
        return False
    if request.workers is not None:
        return request.workers > 1
    return fork_server.cores() > 1 and volume >= (SMALL_LOAD if request.to else SMALL_JOB)


def _layout_of(request: Request) -> dict[str, Any]:
    """How the rows are written, as the record of the run has it."""
    if request.to is None:
        return request.layout.to_json()
    dialect = records_of(request.to, request.password_file, request.wait).server.dialect
    return {"format": dialect.name, "tables": "there" if request.ddl == "none" else "made"}


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
    _check_place(request)
    _check_append(request)
    for table in request.tables or ():
        if spec.table(table).existing:
            raise BadRequest(f"--tables {table}: it exists already, and is not written.", hint="Leave it out.")


def _check_place(request: Request) -> None:
    """Refuse two places, and what is said of one that is not asked for."""
    if request.to is not None and request.out is not None:
        raise BadRequest("--out and --to are both given.", hint="Give one: a folder for files, or a database.")
    if request.out is not None and "://" in request.out:
        raise BadRequest(
            f"--out {shown_url(request.out)}: a URL is not supported yet.",
            hint="Give a folder on a disk; a database is named by --to.",
        )
    if request.ddl == "none":
        raise BadRequest("--ddl none: tables that are there cannot be filled yet.", hint="Let gen make them.")
    if request.ddl not in DDL:
        raise BadRequest(f"--ddl {request.ddl}: there is no such way.", hint=suggestion(request.ddl, DDL))
    if request.to is not None and request.scheduler and has_password(request.to):
        raise BadRequest(
            f"The password is in the URL of --to, and --scheduler {request.scheduler} has workers elsewhere.",
            hint="Leave it out of the URL, and set GEN_DATABASE_PASSWORD here and where the workers are.",
        )
    said = [("--ddl", request.ddl != "create"), ("--password-file", request.password_file is not None)]
    for option, is_said in said:
        if is_said and request.to is None:
            raise BadRequest(f"{option} is given without --to.", hint="Name the database: --to postgresql://...")
    if not 0 <= request.wait < float("inf"):
        raise BadRequest(f"--wait is {request.wait:g}.", hint="Give the seconds that a server may be away, 0 or more.")


def _check_append(request: Request) -> None:
    """Refuse what makes no sense when rows are appended, or only then."""
    if request.epoch is not None and type(request.epoch) is not int:
        raise BadRequest(f"epoch is {request.epoch!r}.", hint="Give a whole number, 2 for what is appended first.")
    if request.epoch is not None and not request.append:
        raise BadRequest(
            "--epoch is given without --append.", hint="It says which append is meant: --append --epoch 2."
        )
    if not request.append:
        return
    if request.out is None and request.to is None:
        raise BadRequest("--append does not say to what.", hint="Name it: --out DIR, or --to URL.")
    if request.tables:
        raise BadRequest(
            "--append and --tables are both given.", hint="Leave --tables out: rows go to the tables that are there."
        )
    if request.part and request.epoch is None:
        raise BadRequest(
            "--append --part does not say which append the share is of.",
            hint="Say it to all shares: --epoch 2 for the first append, then 3.",
        )


def code_of(sources: Mapping[str, TableSource]) -> dict[str, str]:
    """A hash of the source of the user's own synthesizers, by column, and of the models that take only some values:

    by table those that take some rows, by part of a column those of objects inside a row.
    """
    models = {t: artefacts.source_hash(s.filter.check.model) for t, s in sources.items() if s.filter}
    functions = {where: artefacts.source_hash(function) for where, function in functions_of(sources).items()}
    judges = {where: artefacts.source_hash(*judge) for where, judge in judges_of(sources).items()}
    own = {
        synthesizer.where: type(synthesizer)
        for source in sources.values()
        for column in source.columns.values()
        for synthesizer in column.every_part()
        if artefacts.is_user_code(type(synthesizer))
    }
    hashes = {drawn_by: artefacts.source_hash(drawn_by) for drawn_by in set(own.values())}  # each takes long
    return models | functions | judges | {where: hashes[drawn_by] for where, drawn_by in own.items()}


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


def _past_of(request: Request, spec: Spec) -> Past:
    """What the rows that are asked for are appended to."""
    past = past_of(place_of(request, spec, {}), spec, request.seed, request.epoch, request.overwrite)
    for table in request.rows.pinned:
        if spec.table(table).name not in past.tables:
            raise BadRequest(
                f"--rows {table}: it is not among the tables of {past.place}.", hint=suggestion(table, past.tables)
            )
    return past


def _found(request: Request, spec: Spec, rows: Mapping[str, int]) -> dict[str, Any] | None:
    """The record of the run that is being resumed, so that a run over midnight is one run."""
    return None if request.overwrite else place_of(request, spec, rows).read()


def _today() -> datetime.date:
    return datetime.datetime.now(datetime.UTC).date()


def place_of(request: Request, spec: Spec, rows: Mapping[str, int]) -> FolderRecords | DatabaseRecords:
    """Where the run is to be written."""
    if request.to is not None:
        return records_of(request.to, request.password_file, request.wait)
    out = request.out or f"gen-data/{folder_name(spec.name)}-{max(rows.values())}-seed{request.seed}"
    return FolderRecords(Path(out).absolute())
