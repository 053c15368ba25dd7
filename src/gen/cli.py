"""This file knows the command line: arguments in, run out. Data on standard output, talk on standard error."""

from __future__ import annotations

import atexit
import contextlib
import datetime
import io
import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, NoReturn

import typer

from gen import fork_server

app = typer.Typer(
    add_completion=False,
    no_args_is_help=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Make relational synthetic data at any size. Without a command: generate, whose options `gen generate --help` lists.",
)
COMMANDS = ("generate", "describe", "verify", "row", "schema")
INTERRUPTED = 130
EARLY_ROWS = 50_000_000  # asked for one table; a run that is hardly ever small
FORMS = ("models", "json")


# Every option of the command line: the type of its value, its flag, what it takes, what it means.
# fmt: off
SchemaOption = Annotated[str | None, typer.Option("--schema", metavar="SPEC", help="models.py[:object], pkg.module[:object], schema.json[:definition] or a database's URL, sqlite:///shop.sqlite; the embedded example unless given.")]
RowsOption = Annotated[list[str] | None, typer.Option("--rows", metavar="N|TABLE=N", help="Rows of the largest table (1e9, 10M), the others in proportion; or of one table.")]
ScaleOption = Annotated[float | None, typer.Option("--scale", metavar="F", help="Multiply all declared row counts.")]
SeedOption = Annotated[int, typer.Option("--seed", metavar="S", help="Another seed, other values.")]
AsOfOption = Annotated[str | None, typer.Option("--as-of", metavar="DATE", help="The day that counts as today, YYYY-MM-DD; recorded with the run.")]
OutOption = Annotated[str | None, typer.Option("--out", metavar="DIR", help="Where to; ./gen-data/<schema>-<rows>-seed<seed> unless given.")]
ToOption = Annotated[str | None, typer.Option("--to", metavar="DATABASE_URL", help="Into a database, instead of files: postgresql://user@host/database.")]
DdlOption = Annotated[str, typer.Option("--ddl", metavar="HOW", help="Of --to: create (make the tables, unless given), replace (drop others of their names first) or print (the statements, and do nothing).")]
PasswordFileOption = Annotated[str | None, typer.Option("--password-file", metavar="FILE", help="Of --to: a file that holds the password; else GEN_DATABASE_PASSWORD, or where the driver looks.")]
WaitOption = Annotated[float, typer.Option("--wait", metavar="SECONDS", help="Of --to: how long a server may be away once the run is under way.")]
FormatOption = Annotated[str | None, typer.Option("--format", metavar="F", help="Of files: parquet (unless given), csv, jsonl or arrow.")]
CompressionOption = Annotated[str | None, typer.Option("--compression", metavar="C", help="Of Parquet: auto (only where it pays, unless given), none, snappy, lz4, zstd, gzip, brotli. Of csv and jsonl: gzip, zstd. Of arrow: lz4, zstd.")]
EncodingOption = Annotated[str | None, typer.Option("--encoding", metavar="E", help="Of Parquet: compatible (packed as far as every engine reads it; unless given) or fast (plain values, larger files).")]
RowGroupOption = Annotated[str | None, typer.Option("--row-group-bytes", metavar="N", help="Of Parquet: bytes of values in a row group; 32 MiB unless given.")]
WorkersOption = Annotated[int | None, typer.Option("--workers", metavar="N", help="Processes on this machine; one per core unless given.")]
SchedulerOption = Annotated[str | None, typer.Option("--scheduler", metavar="ADDRESS", help="A Dask scheduler that exists, as tcp://host:8786.")]
PartOption = Annotated[str | None, typer.Option("--part", metavar="I/N", help="Just that share, in this process, without Dask.")]
TablesOption = Annotated[str | None, typer.Option("--tables", metavar="A,B", help="Write only these; values as in the whole.")]
PartitionRowsOption = Annotated[str | None, typer.Option("--partition-rows", metavar="N", help="Rows per file; about 128 MB unless given.")]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace another run in the same folder; beside --append, an append that is not finished.")]
AppendOption = Annotated[bool, typer.Option("--append", help="Add rows to what is in --out, which stays as it is: --rows N, --rows TABLE=N, or --scale F of what is there.")]
EpochOption = Annotated[int | None, typer.Option("--epoch", metavar="N", help="Which append is meant: 2 is the first. Asked for again once it is there, it does nothing.")]
QuietOption = Annotated[bool, typer.Option("--quiet", help="Say nothing but errors.")]
JsonOption = Annotated[bool, typer.Option("--json", help="The result as JSON on standard output.")]
RepairOption = Annotated[bool, typer.Option("--repair", help="Write again what differs, and only that.")]
OfOption = Annotated[str | None, typer.Option("--out", metavar="DIR", help="Of the data set in that folder, with what was appended to it; no --rows or --seed then.")]
MovedOption = Annotated[str | None, typer.Option("--schema", metavar="SPEC", help="Where the synthesizers of your own are, if they moved.")]
FormOption = Annotated[str | None, typer.Option("--as", metavar="FORM", help="models (of a database, and SQLAlchemy's tables, unless given) or json (of all else).")]
# fmt: on


@app.callback()
def _root() -> None:
    """Options live on the commands."""


@app.command()
def generate(
    schema: SchemaOption = None,
    rows: RowsOption = None,
    scale: ScaleOption = None,
    seed: SeedOption = 0,
    as_of: AsOfOption = None,
    out: OutOption = None,
    to: ToOption = None,
    ddl: DdlOption = "create",
    password_file: PasswordFileOption = None,
    wait: WaitOption = 300,
    format: FormatOption = None,
    compression: CompressionOption = None,
    encoding: EncodingOption = None,
    row_group_bytes: RowGroupOption = None,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = None,
    part: PartOption = None,
    tables: TablesOption = None,
    partition_rows: PartitionRowsOption = None,
    overwrite: OverwriteOption = False,
    append: AppendOption = False,
    epoch: EpochOption = None,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Make the data set, or what is missing of it. The same command again resumes, or does nothing; but --append, once it
    is done, appends again, unless --epoch says which append is meant."""
    basics = _basics(schema, rows, scale, seed, as_of)
    many = workers > 1 if workers is not None else fork_server.cores() > 1 and basics["rows"].most >= EARLY_ROWS
    if many and part is None and scheduler is None:
        fork_server.start()  # workers are to be expected: what they need is imported beside what is imported here
    from gen import run
    from gen.plan import parse_part
    from gen.preparing import Request

    request = Request(
        **basics,
        out=out,
        layout=_layout(to, format, compression, encoding, row_group_bytes),
        workers=workers,
        scheduler=scheduler,
        part=parse_part(part) if part is not None else None,
        tables=_names(tables),
        partition_rows=_count_of(partition_rows, "--partition-rows"),
        overwrite=overwrite,
        append=append,
        epoch=epoch,
        to=to,
        ddl=ddl,
        password_file=password_file,
        wait=wait,
    )
    if ddl == "print":
        _print(run.ddl_script(request).rstrip("\n"))
    else:
        _run(request, quiet, as_json)


def _run(request: Any, quiet: bool, as_json: bool) -> None:
    from gen import run

    with _observer(quiet) as observer, _resumable():
        summary = run.generate(request, observer)
    if as_json:
        _print_json(summary.to_json())
    if not quiet:
        _say_summary(summary)


@app.command()
def describe(
    schema: SchemaOption = None,
    rows: RowsOption = None,
    scale: ScaleOption = None,
    seed: SeedOption = 0,
    as_of: AsOfOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show tables, columns, synthesizers, cardinalities and estimates; write nothing."""
    from gen import run
    from gen.preparing import Request

    description = run.describe(Request(**_basics(schema, rows, scale, seed, as_of)))
    if as_json:
        _print_json(description)
    else:
        _print_description(description)


@app.command()
def verify(
    target: Annotated[
        str, typer.Argument(metavar="TARGET", help="What --out or --to named: a folder, or a database's URL.")
    ],
    repair: RepairOption = False,
    schema: MovedOption = None,
    workers: WorkersOption = None,
    password_file: PasswordFileOption = None,
    wait: WaitOption = 300,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Recompute a data set, compare, name what differs. Exit code 1 if something does, and is not repaired."""
    from gen import verification

    _check_workers(workers)
    with _observer(quiet) as observer, _resumable():
        verdict = verification.verify(
            target,
            repair=repair,
            schema=schema,
            workers=workers,
            password_file=password_file,
            wait=wait,
            observer=observer,
        )
    if as_json:
        _print_json(verdict.to_json())
    else:
        for difference in verdict.differences:
            _print(difference)
    if not quiet:
        found = f"{len(verdict.differences)} differences" if verdict.differences else "all as it should be"
        mended = f", {verdict.repaired} repaired" if verdict.repaired else ""
        _say(f"{verdict.path}: {verdict.partitions} files, {found}{mended}, {verdict.seconds:.1f} s")
    if not verdict.good:
        raise typer.Exit(1)


@app.command()
def row(
    table: Annotated[str, typer.Argument(metavar="TABLE")],
    index: Annotated[str, typer.Argument(metavar="INDEX", help="The row's number, from 0.")],
    schema: SchemaOption = None,
    rows: RowsOption = None,
    scale: ScaleOption = None,
    seed: SeedOption = 0,
    as_of: AsOfOption = None,
    out: OfOption = None,
) -> None:
    """Print one row as JSON, computed by its address."""
    from pathlib import Path

    from gen import recorded, run
    from gen.counts import parse_count
    from gen.errors import BadRequest
    from gen.preparing import Request
    from gen.sinks.files.folder_records import FolderRecords

    number = parse_count(index, "INDEX", "Rows are numbered from 0.")
    if out is None:
        row = run.one_row(Request(**_basics(schema, rows, scale, seed, as_of)), table, number)
    elif rows or scale or seed or as_of:
        raise BadRequest(
            "--out says which run the row is of, and its rows, seed and as-of date.", hint="Leave them out."
        )
    else:
        row = recorded.recorded_row(FolderRecords(Path(out).absolute()), table, number, schema)
    _print_json(row, indent=None)


@app.command()
def schema(
    spec: Annotated[str | None, typer.Argument(metavar="SPEC", help="As for --schema; the embedded example.")] = None,
    form: FormOption = None,
) -> None:
    """Print a schema as Pydantic models to edit, or as JSON Schema; what that cannot say goes into `x-gen`. Both read back
    the same."""
    from gen import builder
    from gen.errors import BadRequest
    from gen.schema.spec import suggestion

    if form not in (None, *FORMS):
        raise BadRequest(f"--as {form}: there is no such form.", hint=suggestion(str(form), FORMS))
    found = builder.load_schema(spec)
    as_models = form == "models" or (form is None and found.origin is not None)
    if as_models:
        _print(builder.as_models(found).rstrip("\n"))
    else:
        _print_json(builder.as_json_schema(found))
    for table, sentence in found.unread:
        _say(f"warning: {table}: {sentence}" if table else f"warning: {sentence}")
    for table, check in found.checks.items():
        if check.has_validators:
            where = "in the models" if as_models else "in the document"
            _say(f"{table}: its validators are not {where}, whose rows are as they would be without them.")


# -- arguments ----------------------------------------------------------------------------------------------


def _basics(
    schema: str | None, rows: Sequence[str] | None, scale: float | None, seed: int, as_of: str | None
) -> dict[str, Any]:
    from gen.counts import parse_rows

    return {"schema": schema, "rows": parse_rows(rows or (), scale), "seed": seed, "as_of": _date(as_of)}


def _date(text: str | None) -> datetime.date | None:
    from gen.errors import BadRequest

    try:
        return datetime.date.fromisoformat(text) if text is not None else None
    except ValueError as error:
        raise BadRequest(f"--as-of {text!r} is no date.", hint="Write it as 2026-11-20.") from error


def _names(text: str | None) -> tuple[str, ...] | None:
    from gen.errors import BadRequest

    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip())) if text is not None else None
    if names == ():
        raise BadRequest("--tables names no table.", hint="Write --tables A,B.")
    return names


def _check_workers(workers: int | None) -> None:
    from gen.errors import BadRequest

    if workers is not None and workers < 1:
        raise BadRequest(f"--workers is {workers}.", hint="Give 1 or more.")


def _count_of(text: str | None, option: str) -> int | None:
    from gen.counts import parse_count

    return parse_count(text, option) if text is not None else None


def _layout(
    to: str | None, format: str | None, compression: str | None, encoding: str | None, row_group_bytes: str | None
) -> Any:
    """How files are to be written; with --to there are none."""
    from gen.errors import BadRequest
    from gen.sinks.files.layouts import layout_of

    group = _count_of(row_group_bytes, "--row-group-bytes")
    said = {"compression": compression, "encoding": encoding, "row_group_bytes": group}
    given = [f"--{name.replace('_', '-')}" for name, value in {"format": format, **said}.items() if value is not None]
    if to is not None and given:
        raise BadRequest(f"{given[0]} is given beside --to.", hint="Leave it out: a database is no file.")
    return layout_of(format or "parquet", said)


# -- output -------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _observer(quiet: bool) -> Iterator[Any]:
    from gen.progress import progress
    from gen.run import Silent

    if quiet:
        yield Silent()
        return
    with progress() as observer:
        yield observer


@contextlib.contextmanager
def _resumable() -> Iterator[None]:
    """A termination signal ends a run as Ctrl-C does."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def _print_json(data: Any, indent: int | None = 1) -> None:
    _print(json.dumps(data, indent=indent, default=str))


def _say_summary(summary: Any) -> None:
    from gen.progress import speed

    parts = "partitions" if "://" in summary.path else "files"
    for name, table in summary.tables.items():
        _say(f"{name}: {table['rows']:,} rows, {table['files']:,} {parts}, {table['bytes'] / 1e6:,.1f} MB")
    if summary.epoch > 1 and summary.complete and summary.written:
        _say(
            f"{summary.rows_written:,} rows were appended: epoch {summary.epoch}; with --epoch {summary.epoch} the same "
            "command adds no more"
        )
    if not summary.written:
        state = (
            "all there already, nothing to do"
            if summary.complete
            else "this is there; other shares, or appended rows, are missing"
        )
    else:
        state = f"{summary.seconds:.1f} s, {speed(summary.rows_written, summary.bytes_written, summary.seconds)}"
        state += "" if summary.complete else "; other shares are missing"
    _say(f"{summary.path}: {state}")


def _print_description(description: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    drawn, terminal = io.StringIO(), sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if terminal else 160
    console = Console(file=drawn, width=width, force_terminal=terminal, markup=False, emoji=False)
    for name, table in description["tables"].items():
        files = f"{table['files']:,} file{'' if table['files'] == 1 else 's'}"
        title = f"{name}: {table['rows']:,} rows, {files}, about {table['bytes'] / 1e6:,.1f} MB"
        grid = Table(title=title, title_justify="left", title_style="bold")
        for heading in ("column", "type", "key", "synthesizer", "distribution", "nulls", "cardinality", "bytes", "why"):
            grid.add_column(
                heading, overflow="fold", justify="right" if heading in ("nulls", "cardinality", "bytes") else "left"
            )
        for c in table["columns"]:
            grid.add_row(
                c["column"], c["type"], c["key"], c["synthesizer"], c["distribution"], _share(c["nulls"], c["null_value"]),
                _count(c["cardinality"]), str(c["bytes"]), "; ".join([c["reason"], *_noted(c["noise"])]),
            )  # fmt: skip
        console.print(grid)
        if table["accepted"] < 1:
            console.print(
                f"{name}: the model accepts {table['accepted']:.1%} of the rows as they are drawn first; in the others "
                "columns are drawn again, which bends their laws, weights and null rates",
                markup=False,
            )
        for said in table["never_drawn"]:
            console.print(said, markup=False)
    for said in description["unread"]:
        console.print(said, markup=False)
    _print(drawn.getvalue().rstrip("\n"))


def _share(rate: float, value: Any) -> str:
    stands_for = "" if value is None else f" as {value!r}"
    return f"{rate:.1%}{stands_for}" if rate else ""


def _noted(noise: dict[str, int]) -> list[str]:
    """What is dirty on purpose."""
    return [f"noise: {', '.join(f'{count:,} {kind}' for kind, count in noise.items())}"] if noise else []


def _count(cardinality: int | None) -> str:
    if cardinality is None:
        return ""
    return (
        f"{cardinality:,}"
        if cardinality < 10**15
        else f"{float(cardinality):.1e}"
        if cardinality < 10**300
        else "> 1e300"
    )


# -- the program ------------------------------------------------------------------------------------------


def program() -> NoReturn:
    """Be the process: run the command line and leave, without half a second of taking the interpreter apart."""
    code = main()
    try:
        sys.stdout.flush()
    except OSError as error:
        code = code or _output_lost(error)
    atexit._run_exitfuncs()
    sys.stderr.flush()
    os._exit(code)


def _print(line: str) -> None:
    """The program's data, on standard output."""
    try:
        print(line)
    except OSError as error:  # at once where the output is not buffered
        raise typer.Exit(_output_lost(error)) from error


def _output_lost(error: OSError) -> int:
    """The exit code when standard output cannot be written; a reader that is gone has seen enough."""
    if isinstance(error, BrokenPipeError):
        return 0
    _say_error(f"The output could not be written: {error.strerror}.", "Make room, or write it elsewhere.")
    return 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 not done, 2 bad request, 130 interrupted."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or (given[0] not in COMMANDS and given[0] not in ("--help", "-h")):
        given.insert(0, "generate")
    from gen.errors import GenError

    try:
        code = app(given, prog_name="gen", standalone_mode=False)
    except GenError as error:
        _say_error(error.message, error.hint)
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except Exception as error:  # what the command line itself refuses, whichever click it is built on
        if not hasattr(error, "format_message"):
            raise
        _say_error(error.format_message(), f"See: gen {given[0]} --help")
        return 2
    if code == INTERRUPTED:  # typer turns Ctrl-C into this code by itself
        _say("interrupted: what is written stays, and the same command resumes.")
    return int(code or 0)


def _say_error(message: str, hint: str) -> None:
    _say(f"error: {message}")
    if hint:
        _say(f"hint: {hint}")
