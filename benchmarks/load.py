"""How fast does a database fill? Rows a second of the example's Employee, made, loaded, and given keys and conditions.

    python benchmarks/load.py [--rows 1e7] [--slow-rows 1e5] [--times 3] [--only NAME ...] [--json FILE]

Method. A PostgreSQL and a MariaDB server of this machine's packages, with their default settings but for memory (given
below), durable commits included, are started on loopback, each with an empty folder. Each contender is a process of its
own, from its start to its end; the tables are dropped and made anew before it, without keys. After it, every contender
but gen itself gets the very statements that gen ends with: primary keys, indexes, foreign keys, conditions,
statistics; so keys and conditions are in all of them. Contenders take turns; the median of the times is kept. Those
that would take hours load fewer rows, and get their keys on as many as they loaded.

    gen, N workers           `gen --to`: makes the rows, loads them, finishes the tables
    binary COPY, N streams   the floor: the same rows, encoded beforehand and held in memory, sent by psycopg
    psql \\copy               the same rows from a CSV file, made beforehand
    generate_series          rows like them, made by the server itself: uniform numbers, md5 texts
    pandas to_sql            method="multi", 1,000 rows a statement, from a data frame made beforehand
    SQLAlchemy               insertmanyvalues, from dictionaries made beforehand
    executemany              PyMySQL's, which makes statements of many rows
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pyarrow as pa
import sqlalchemy

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import servers
from employee import hardware
from gen.block import Partition
from gen.counts import parse_count, parse_rows
from gen.preparing import Prepared, Request, prepare
from gen.sinks.databases.copy_binary import HEADER, TRAILER, CopyBinary
from gen.sinks.databases.ddl import Definition
from gen.sinks.databases.dialects import definition_of, records_of
from gen.sinks.databases.postgresql import wire

STREAMS = 4  # that finish tables at once, as gen does
SETTINGS = {
    "postgresql": ["-c", "shared_buffers=1GB", "-c", "max_wal_size=8GB"],
    "mariadb": ["--innodb-buffer-pool-size=2G", "--innodb-log-file-size=1G"],
}


@dataclass
class Bench:
    """A server, and the rows that are to be in it."""

    url: str
    prepared: Prepared
    definition: Definition
    rows: int

    @classmethod
    def of(cls, url: str, rows: int) -> Bench:
        prepared = prepare(Request(rows=parse_rows([str(rows)], None)))
        dialect = records_of(url, None, 10).server.dialect
        return cls(url, prepared, definition_of(dialect, prepared.plan.spec, prepared.sources), rows)

    def execute(self, *statements: str) -> None:
        engine = sqlalchemy.create_engine(self.url, poolclass=sqlalchemy.pool.NullPool)
        with engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement, execution_options={"no_parameters": True})

    def empty(self) -> None:
        """Tables as gen makes them at first, without rows and keys; nothing else."""
        with sqlalchemy.create_engine(self.url).connect() as connection:
            there = sqlalchemy.inspect(connection).get_table_names()
        quoted = self.definition_quoted
        self.execute("SET foreign_key_checks = 0" if "mysql" in self.url else "SELECT 1")
        for name in there:
            drop = f"DROP TABLE {quoted(name)}"
            self.execute(*(["SET foreign_key_checks = 0", drop] if "mysql" in self.url else [f"{drop} CASCADE"]))
        made = [statement for statements in self.definition.create.values() for statement in statements]
        mariadb = ("utf8mb4_0900_bin", "utf8mb4_nopad_bin")
        self.execute(*(statement.replace(*mariadb) for statement in made))

    @property
    def definition_quoted(self) -> Callable[[str], str]:
        return records_of(self.url, None, 10).server.dialect.quoted

    def finish(self) -> None:
        """The statements that gen ends with."""
        extra = ["SET foreign_key_checks = 0"] if "mysql" in self.url else []
        for stage in self.definition.stages:
            with ThreadPoolExecutor(STREAMS if all(step.apart for step in stage) else 1) as pool:
                list(pool.map(lambda step: self.execute(*extra, *step.statements), stage))

    def batches(self, table: str) -> Iterator[pa.RecordBatch]:
        source = self.prepared.sources[table]
        yield from source.batches(Partition(table, 0, 0, source.rows))


# -- contenders: each is made ready first, and gives what is timed ------------------------------------------------


def by_gen(workers: int) -> Callable[[Bench], Callable[[], None]]:
    def ready(bench: Bench) -> Callable[[], None]:
        command = [sys.executable, "-m", "gen", "--rows", str(bench.rows), "--to", bench.url, "--workers", str(workers)]

        def run() -> None:
            subprocess.run([*command, "--ddl", "replace", "--quiet"], check=True)

        return run

    return ready


def by_copy(streams: int) -> Callable[[Bench], Callable[[], None]]:
    """Held as PostgreSQL takes them, in shares of equal size for each stream."""

    def ready(bench: Bench) -> Callable[[], None]:
        tasks: list[tuple[str, list[bytes]]] = []
        for name, table in bench.definition.tables.items():
            encoder = CopyBinary([wire(column.type) for column in table.columns])
            held = [bytes(encoder.rows(batch)) for batch in bench.batches(name)]
            step = -(-len(held) // (4 * streams))
            tasks += [(table.name, held[i : i + step]) for i in range(0, len(held), step)]

        def send(task: tuple[str, list[bytes]]) -> None:
            statement = f'COPY "{task[0]}" FROM STDIN (FORMAT BINARY)'
            with (
                psycopg.connect(bench.url.replace("+psycopg", "")) as connection,
                connection.cursor() as cursor,
                cursor.copy(statement) as copy,
            ):
                copy.write(HEADER)
                for part in task[1]:
                    copy.write(part)
                copy.write(TRAILER)

        def run() -> None:
            with ThreadPoolExecutor(streams) as pool:
                list(pool.map(send, tasks))
            bench.finish()

        return run

    return ready


def by_psql(bench: Bench) -> Callable[[], None]:
    folder = tempfile.TemporaryDirectory(prefix="gen-")
    command = [sys.executable, "-m", "gen", "--rows", str(bench.rows), "--format", "csv", "--quiet", "--overwrite"]
    subprocess.run([*command, "--partition-rows", str(bench.rows), "--out", folder.name + "/csv"], check=True)
    url = bench.url.replace("+psycopg", "")

    def run() -> None:
        for name in bench.definition.tables:
            path = Path(folder.name, "csv", name, "part-000000.csv")
            subprocess.run(
                ["psql", "-q", url, "-c", f"\\copy \"{name}\" FROM '{path}' (FORMAT CSV, HEADER)"], check=True
            )
        bench.finish()
        folder.cleanup()

    return run


def by_series(bench: Bench) -> Callable[[], None]:
    managers = bench.prepared.plan.rows["Manager"]

    def run() -> None:
        bench.execute(
            'INSERT INTO "Employee" SELECT i * 7, md5(i::text), '
            "timestamp '2021-01-18' + random() * interval '5 years', 2 + 19 * random(), "
            f"(1 + floor(random() * {managers})) * 11 FROM generate_series(1, {bench.rows}) i",
            f'INSERT INTO "Manager" SELECT i * 11, (1 + floor(random() * {bench.rows})) * 7, left(md5(i::text), 8) '
            f"FROM generate_series(1, {managers}) i",
        )
        bench.finish()

    return run


def by_pandas(bench: Bench) -> Callable[[], None]:
    frames = {name: pa.Table.from_batches(bench.batches(name)).to_pandas() for name in bench.definition.tables}

    def run() -> None:
        engine = sqlalchemy.create_engine(bench.url)
        for name, frame in frames.items():
            frame.to_sql(name, engine, if_exists="append", index=False, method="multi", chunksize=1000)
        bench.finish()

    return run


def by_sqlalchemy(bench: Bench) -> Callable[[], None]:
    rows = {name: pa.Table.from_batches(bench.batches(name)).to_pylist() for name in bench.definition.tables}

    def run() -> None:
        engine = sqlalchemy.create_engine(bench.url)
        metadata = sqlalchemy.MetaData()
        with engine.begin() as connection:
            for name, values in rows.items():
                table = sqlalchemy.Table(name, metadata, autoload_with=connection)
                connection.execute(table.insert(), values)
        bench.finish()

    return run


def by_executemany(bench: Bench) -> Callable[[], None]:
    rows = {name: pa.Table.from_batches(bench.batches(name)).to_pylist() for name in bench.definition.tables}

    def run() -> None:
        engine = sqlalchemy.create_engine(bench.url)
        raw = engine.raw_connection()
        with raw.cursor() as cursor:
            for name, values in rows.items():
                columns = list(values[0])
                places = ", ".join(["%s"] * len(columns))
                statement = f"INSERT INTO `{name}` ({', '.join(f'`{c}`' for c in columns)}) VALUES ({places})"
                cursor.executemany(statement, [tuple(row.values()) for row in values])
        raw.commit()
        raw.close()
        bench.finish()

    return run


# server -> contender -> how it is made ready, and whether it loads fewer rows
CONTENDERS: dict[str, dict[str, tuple[Callable[[Bench], Callable[[], None]], bool]]] = {
    "postgresql": {
        "gen, 1 worker": (by_gen(1), False),
        "gen, 2 workers": (by_gen(2), False),
        "binary COPY, 1 stream": (by_copy(1), False),
        "binary COPY, 2 streams": (by_copy(2), False),
        "psql \\copy": (by_psql, False),
        "generate_series": (by_series, False),
        "pandas to_sql": (by_pandas, True),
        "SQLAlchemy": (by_sqlalchemy, True),
    },
    "mariadb": {
        "gen, 1 worker": (by_gen(1), False),
        "gen, 2 workers": (by_gen(2), False),
        "executemany": (by_executemany, True),
    },
}


def measured(bench: Bench, ready: Callable[[Bench], Callable[[], None]]) -> float:
    """Rows of both tables a second."""
    run = ready(bench)
    bench.empty()
    started = time.monotonic()
    run()
    return sum(bench.prepared.plan.rows.values()) / (time.monotonic() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default="1e7")
    parser.add_argument("--slow-rows", default="1e5")
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    rows, few = parse_count(asked.rows, "--rows"), parse_count(asked.slow_rows, "--slow-rows")
    found: dict[str, dict[str, list[float]]] = {}
    with ExitStack() as stack:
        for server, contenders in CONTENDERS.items():
            url = stack.enter_context(getattr(servers, server)(*SETTINGS[server], durable=True))
            benches = {False: Bench.of(url, rows), True: Bench.of(url, few)}
            chosen = {n: c for n, c in contenders.items() if not asked.only or any(o in n for o in asked.only)}
            found[server] = {name: [] for name in chosen}
            for turn in range(asked.times):
                for name, (ready, is_slow) in chosen.items():
                    found[server][name].append(measured(benches[is_slow], ready))
                    print(f"{server:<12} {name:<24} {turn + 1}: {found[server][name][-1]:>12,.0f} rows/s", flush=True)
    for server, contenders in found.items():
        print(f"\n{server}, rows a second, median of {asked.times}; fewest, most")
        for name, speeds in contenders.items():
            print(f"  {name:<24} {statistics.median(speeds):>12,.0f}   {min(speeds):,.0f} {max(speeds):,.0f}")
    if asked.json:
        report = {
            "hardware": hardware(),
            "rows": rows,
            "slow_rows": few,
            "settings": SETTINGS,
            "rows_per_second": found,
        }
        asked.json.write_text(json.dumps(report, indent=1), "utf-8")


if __name__ == "__main__":
    main()
