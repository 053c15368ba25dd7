"""How fast is a table on disk, beside hand-written SQL and beside the mere writing of it?

    python benchmarks/employee.py --rows 1e8

Makes two tables as local Parquet, on the same disk, one after another in one run:
  employee   the embedded example's Employee: key, random text of 1 to 40 characters, date-time, normal float, reference
  numbers    the same without the text: key, two date-times, two floats, two references
with
  gen        `python -m gen` with all cores, from the command to its end, in both encodings
  DuckDB     COPY (SELECT ... FROM range(N)) TO ... with equal columns and value ranges
  ClickHouse the same by chdb from numbers_mt(N)
  floor      the same Arrow batches, made beforehand, only written, with gen's writer and settings, by as many processes
All write with the codec of --compression. Needs: pip install "gen[benchmark]".
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

SCHEMA = """
import datetime
from typing import Annotated
from pydantic import BaseModel, Field
from gen import ForeignKey, Normal, PrimaryKey, Schema

Since2021 = Annotated[datetime.datetime, Field(ge=datetime.datetime(2021, 1, 18), lt=datetime.datetime(2100, 1, 1))]

class Numbers(BaseModel):
    id: Annotated[int, PrimaryKey()]
    created: Since2021
    updated: Since2021
    velocity: Annotated[float, Field(ge=2, le=21), Normal()]
    price: Annotated[float, Field(ge=0, le=1000)]
    manager: Annotated[int, ForeignKey("Manager.id")]
    assistant: Annotated[int, ForeignKey("Manager.id")]

class Manager(BaseModel):
    id: Annotated[int, PrimaryKey()]

schema = Schema("numbers")
schema.add(Numbers, rows=10_000)
schema.add(Manager, rows=1_000)
"""

# Equal columns and ranges. A reference is the key of a random one of N/10 parents, as gen's: the start of its stride.
# A normal value is Box and Muller's for DuckDB, which has no normal law; ClickHouse has one.
DUCKDB = {
    "employee": """
        SELECT (i * 4294967296 // {n} + floor(random() * 4294967296 / {n}))::BIGINT AS id,
               array_to_string(
                   list_transform(
                       range((1 + floor(random() * 40))::INT),
                       lambda x: chr((33 + floor(random() * 94))::INT)
                   ), '') AS name,
               make_timestamp((1610928000000000 + floor(random() * 184204800000000))::BIGINT) AS hire_date,
               11.5 + 3.1666667 * sqrt(-2 * ln(1 - random())) * cos(6.283185307 * random()) AS velocity,
               (floor(random() * {n} / 10) * 42949672960 // {n})::BIGINT AS manager
        FROM range({n}) t(i)""",
    "numbers": """
        SELECT (i * 4294967296 // {n} + floor(random() * 4294967296 / {n}))::BIGINT AS id,
               make_timestamp((1610928000000000 + floor(random() * 2490566400000000))::BIGINT) AS created,
               make_timestamp((1610928000000000 + floor(random() * 2490566400000000))::BIGINT) AS updated,
               11.5 + 3.1666667 * sqrt(-2 * ln(1 - random())) * cos(6.283185307 * random()) AS velocity,
               random() * 1000 AS price,
               (floor(random() * {n} / 10) * 42949672960 // {n})::BIGINT AS manager,
               (floor(random() * {n} / 10) * 42949672960 // {n})::BIGINT AS assistant
        FROM range({n}) t(i)""",
}
_CH_TIME = "toDateTime64(1610928000, 6, 'UTC') + toIntervalMicrosecond(rand64({tag}) % 2490566400000000)"
_CH_KEY = "toInt64(intDiv(rand64({tag}) % intDiv({n}, 10) * 42949672960, {n}))"
CLICKHOUSE = {
    "employee": f"""
        SELECT toInt64(intDiv(number * 4294967296, {{n}}) + rand64(1) % greatest(1, intDiv(4294967296, {{n}}))) AS id,
               randomPrintableASCII(1 + rand(2) % 40) AS name,
               {_CH_TIME.replace("{tag}", "3").replace("2490566400000000", "184204800000000")} AS hire_date,
               randNormal(11.5, 3.1666667) AS velocity,
               {_CH_KEY.replace("{tag}", "5")} AS manager
        FROM numbers_mt({{n}})""",
    "numbers": f"""
        SELECT toInt64(intDiv(number * 4294967296, {{n}}) + rand64(1) % greatest(1, intDiv(4294967296, {{n}}))) AS id,
               {_CH_TIME.replace("{tag}", "2")} AS created,
               {_CH_TIME.replace("{tag}", "3")} AS updated,
               randNormal(11.5, 3.1666667) AS velocity,
               randUniform(0, 1000) AS price,
               {_CH_KEY.replace("{tag}", "5")} AS manager,
               {_CH_KEY.replace("{tag}", "6")} AS assistant
        FROM numbers_mt({{n}})""",
}
AS_OF = "2026-11-20"  # where the example's hire dates end, as those of the others do
TABLES = {"employee": "Employee", "numbers": "Numbers"}


def timed(command: list[str]) -> float:
    """Wall seconds of a whole process."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    return time.perf_counter() - started


def gen_command(table: str, rows: int, out: Path, compression: str, encoding: str) -> list[str]:
    schema = []
    if table == "numbers":
        file = out.parent / "numbers_schema.py"
        file.write_text(SCHEMA)
        schema = ["--schema", str(file)]
    options = ["--rows", str(rows), "--tables", TABLES[table], "--out", str(out), "--quiet", "--as-of", AS_OF]
    return [sys.executable, "-m", "gen", *schema, *options, "--compression", compression, "--encoding", encoding]


def duckdb_command(table: str, rows: int, out: Path, compression: str) -> list[str]:
    codec = {"none": "uncompressed", "lz4": "lz4_raw"}.get(compression, compression)
    sql = f"COPY ({DUCKDB[table].format(n=rows)}) TO '{out}' (FORMAT parquet, COMPRESSION '{codec}')"
    return [sys.executable, "-c", f"import duckdb; duckdb.sql({sql!r})"]


def clickhouse_command(table: str, rows: int, out: Path, compression: str) -> list[str]:
    setting = f"SETTINGS output_format_parquet_compression_method = '{compression}'"
    sql = f"{CLICKHOUSE[table].format(n=rows)} INTO OUTFILE '{out}' FORMAT Parquet {setting}"
    return [sys.executable, "-c", f"import chdb; chdb.query({sql!r})"]


# -- the floor ------------------------------------------------------------------------------------------------


def floor(table: str, rows: int, out: Path, compression: str, encoding: str, workers: int) -> float:
    """Seconds to write as many files of the same batches, made beforehand, by as many processes; none of the making."""
    context = multiprocessing.get_context("spawn")
    ready, go = context.Barrier(workers + 1), context.Barrier(workers + 1)
    arguments = (table, rows, out, compression, encoding, workers, ready, go)
    processes = [context.Process(target=_write_share, args=(i, *arguments)) for i in range(workers)]
    for process in processes:
        process.start()
    ready.wait()
    started = time.perf_counter()
    go.wait()
    for process in processes:
        process.join()
    return time.perf_counter() - started


def _write_share(share, table, rows, out, compression, encoding, workers, ready, go):  # type: ignore[no-untyped-def]
    import pyarrow as pa
    import pyarrow.parquet as pq

    from gen.counts import RowRequest
    from gen.preparing import Request, prepare
    from gen.sinks.files.direct import DirectFile
    from gen.sinks.files.parquet import ParquetLayout, TableLayout, writer_options

    layout = ParquetLayout(compression, encoding)
    schema = str(out.parent / "numbers_schema.py") if table == "numbers" else None
    name = TABLES[table]
    request = Request(schema=schema, rows=RowRequest(rows), tables=(name,), layout=layout)
    prepared = prepare(request)
    source = prepared.sources[name]
    settings = TableLayout.of(source, layout)
    partitions = list(prepared.plan.partitions((name,)))[share::workers]
    batches = list(source.batches(partitions[0]))
    group = max(1, int(layout.row_group_bytes / settings.bytes_per_row))
    out.mkdir(parents=True, exist_ok=True)
    ready.wait()
    go.wait()
    for partition in partitions:
        with (
            DirectFile(out / f"{partition.index}.parquet") as file,
            pq.ParquetWriter(file, settings.schema, **writer_options(settings.settings)) as writer,
        ):
            held, left = [], partition.rows
            for batch in batches:
                held.append(batch.slice(0, min(batch.num_rows, left)))
                left -= held[-1].num_rows
                if sum(b.num_rows for b in held) >= group or not left:
                    writer.write_table(pa.Table.from_batches(held), row_group_size=2**31 - 1)
                    held = []
                if not left:
                    break


# -- the report -----------------------------------------------------------------------------------------------


def size_of(path: Path) -> int:
    return sum(f.stat().st_size for f in path.rglob("*.parquet")) if path.is_dir() else path.stat().st_size


def remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    os.sync()


def compare(table: str, arguments: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Seconds and bytes a row of every contender: medians over --runs, contenders in turn within a run."""
    rows, compression = arguments.count, arguments.compression
    out = Path(arguments.dir).absolute() / "bench"
    remove(out)
    contenders = {
        "gen compatible": lambda: timed(gen_command(table, rows, out, compression, "compatible")),
        "gen fast": lambda: timed(gen_command(table, rows, out, compression, "fast")),
        "floor compatible": lambda: floor(table, rows, out, compression, "compatible", arguments.workers),
        "floor fast": lambda: floor(table, rows, out, compression, "fast", arguments.workers),
        "ClickHouse": lambda: timed(clickhouse_command(table, rows, out, compression)),
        "DuckDB": lambda: timed(duckdb_command(table, rows, out, compression)),
    }
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    sizes: dict[str, float] = {}
    for run in range(arguments.runs):
        for name, measure in contenders.items():
            if name == "DuckDB" and run >= arguments.duckdb_runs:
                continue
            seconds[name].append(measure())
            sizes[name] = size_of(out) / rows
            remove(out)
            print(f"  {table} {name}: {seconds[name][-1]:.2f} s", file=sys.stderr, flush=True)
    return {
        name: {
            "seconds": statistics.median(s),
            "rows_per_second": rows / statistics.median(s),
            "bytes_per_row": sizes[name],
        }
        for name, s in seconds.items()
        if s
    }


def report(table: str, rows: int, results: dict[str, dict[str, float]]) -> None:
    print(f"\n{table}, {rows:,} rows")
    print(
        f"{'':18s} {'seconds':>9s} {'M rows/s':>9s} {'bytes/row':>10s} {'gen compatible is':>18s} {'gen fast is':>12s}"
    )
    for name, r in results.items():
        ratios = [results[g]["rows_per_second"] / r["rows_per_second"] for g in ("gen compatible", "gen fast")]
        print(
            f"{name:18s} {r['seconds']:9.2f} {r['rows_per_second'] / 1e6:9.2f} {r['bytes_per_row']:10.1f} "
            f"{ratios[0]:16.2f} x {ratios[1]:10.2f} x"
        )


def budget(table: str, rows: int, compression: str) -> dict[str, float]:
    """Nanoseconds a row and core, one process, of what a partition's file costs: drawing, checksum, encoding, disk."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from gen.checksums import Checksum
    from gen.counts import RowRequest
    from gen.preparing import Request, prepare
    from gen.sinks.files.direct import DirectFile
    from gen.sinks.files.parquet import ParquetLayout, TableLayout, writer_options
    from gen.streams import Stream

    layout = ParquetLayout(compression)
    name = TABLES[table]
    prepared = prepare(Request(rows=RowRequest(rows), tables=(name,), layout=layout))
    source, partition = prepared.sources[name], next(prepared.plan.partitions_of(name))
    settings = TableLayout.of(source, layout)

    def words() -> None:
        for batch in range(0, partition.rows, 16_384):
            rows_ = range(batch, batch + 16_384)
            for width in (1, 12, 2, 2, 2, 2):  # key jitter, text, date-time, float, choice of parent, parent's jitter
                Stream(1, width).words(rows_)

    held = list(source.batches(partition))

    def checksum() -> None:
        total = Checksum(name, source.schema.names)
        for batch in held:
            total.add(batch)

    def encode(sink: object) -> None:
        with pq.ParquetWriter(sink, settings.schema, **writer_options(settings.settings)) as writer:
            for i in range(0, len(held), 32):
                writer.write_table(pa.Table.from_batches(held[i : i + 32]), row_group_size=2**31 - 1)

    class Nowhere:
        closed = False

        def write(self, data: bytes) -> int:
            return len(data)

        def flush(self) -> None: ...

        def close(self) -> None: ...

    def to_disk() -> None:
        path = Path("budget.parquet")
        with DirectFile(path) as file:
            encode(file)
        path.unlink()

    def best(task, *inputs) -> float:  # type: ignore[no-untyped-def]
        times = []
        for _ in range(3):
            started = time.process_time()
            task(*inputs)
            times.append(time.process_time() - started)
        return min(times) / partition.rows * 1e9

    drawing = best(lambda: [None for _ in source.batches(partition)])
    in_words, checked, encoded, written = best(words), best(checksum), best(encode, Nowhere()), best(to_disk)
    return {
        "words": in_words,
        "mapping": drawing - in_words,
        "checksum": checked,
        "encode": encoded,
        "write": written - encoded,
        "all": drawing + checked + written,
    }


def hardware() -> dict[str, object]:
    names = [
        line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    return {
        "date": time.strftime("%Y-%m-%d"),
        "processor": names[0] if names else platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default="1e8")
    parser.add_argument("--dir", default=".", help="a folder on the disk to measure")
    parser.add_argument("--compression", default="none")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--duckdb-runs", type=int, default=1, help="DuckDB takes minutes")
    parser.add_argument("--tables", default="employee,numbers")
    parser.add_argument("--json", help="write the results to this file, too")
    arguments = parser.parse_args()
    arguments.count = int(float(arguments.rows))
    arguments.workers = len(os.sched_getaffinity(0))
    results: dict[str, object] = {"hardware": hardware(), "rows": arguments.count, "compression": arguments.compression}
    for table in arguments.tables.split(","):
        measured = compare(table, arguments)
        report(table, arguments.count, measured)
        results[table] = measured
    results["budget"] = budget("employee", arguments.count, arguments.compression)
    print("\nemployee, ns per row and core: " + ", ".join(f"{k} {v:.1f}" for k, v in results["budget"].items()))  # type: ignore[attr-defined]
    print(json.dumps(results["hardware"]))
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
