"""What does a relation cost? Nanoseconds a row, on one core, of every kind of reference and of what follows from it.

    python benchmarks/relations.py [--parents 1e6 1e9] [--duckdb 1e7] [--json FILE]

Method. Sources are those of a run, of tables with so many parents. Each case is asked for blocks of 16,384 and of
65,536 rows, consecutive ones and ones at random, every time others; the least and the median of all passes are kept.
"parents" is the choice of the parent's rows alone; "column" is the whole Arrow array, as a run writes it. A row is a
row of the table that has the column; of an aggregate it is a parent, and the same time by the child is beside it.
Resident memory is read before the passes, once every kernel is loaded and every table is made, and after them.

Beside it, DuckDB makes the same columns by SQL, from tables of parents that it holds in memory, with a join: one thread
and all. What it makes is summed, not kept, which is the cheapest that it can do; gen makes the same number of rows in
blocks, and drops them; on all cores by processes, as in a run, that are there before the time begins.
The laws are alike, not equal: `hash(i) % n` for an even choice, n^u for Zipf's law.

The first line says how fast this machine is beside the one of the figures that are asked: nothing is scaled by it.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from employee import hardware
from gen.permutations import Permutation
from gen.schema.links import Aggregate, Children, Distribution, Key, Ordinal, Reference, Ring, Tree
from gen.schema.spec import Column, Spec, Table
from gen.streams import Stream
from gen.synth.rows import RowView
from gen.synth.table import TableSource
from gen.synth.tables import table_sources

BLOCKS = (16_384, 65_536)
ZIPF = Distribution("zipf", (("exponent", 1.1),))
HOT = Distribution("hot_set", (("picks", 0.8), ("share", 0.2)))
POISSON = Distribution("poisson", (("mean", 3.0),))
ID = Column("id", "integer", key=Key())
AMOUNT = Column("amount", "integer", minimum=1, maximum=1000)
NOTED = {"a permutation of 1e9": 1.5, "words, two a row": 0.52}  # ns a row, on the machine of the figures asked


# -- the tables -------------------------------------------------------------------------------------------------


def to(table: str, column: str, name: str = "parent", key: Key | None = None, **facts: Any) -> Column:
    """A column that refers to another table's."""
    law = facts.pop("law", None)
    kind = "text" if column == "code" else "integer"
    return Column(name, kind, reference=Reference(table, column, **facts), distribution=law, key=key)


def schema(parents: int) -> tuple[Spec, dict[str, int]]:
    """Every kind of relation to a table of so many parents; and the rows of each table."""
    children = Children(POISSON)
    many = {
        "Parent": (
            ID,
            Column("place", "integer", minimum=0, maximum=999),
            total("sum", "amount"),
            total("count", None),
        ),
        "Named": (ID, Column("code", "text", patterns=("^[A-Z]{3}-[0-9]{9}$",), unique=("code",))),
        "Pair": (Column("first", "integer", key=Key()), Column("second", "integer", key=Key())),
        "Plain": (ID, to("Parent", "id"), Column("copy", "integer", copied=("parent", "place"))),
        "Popular": (ID, to("Parent", "id", law=ZIPF)),
        "Hot": (ID, to("Parent", "id", law=HOT)),
        "ToText": (ID, to("Named", "code")),
        "Composite": (ID, to("Pair", "first"), to("Pair", "second", "other")),
        "Junction": (to("Parent", "id", key=Key()), to("Named", "id", "other", key=Key())),
        "Child": (
            ID,
            to("Parent", "id", children=children),
            Column("number", "integer", ordinal=Ordinal("parent")),
            Column("copy", "integer", copied=("parent", "place")),
            AMOUNT,
        ),
        "Node": (ID, Column("parent", "integer", nulls=0.1, reference=Reference("Node", "id", tree=Tree(10, None)))),
        "Level": (
            ID,
            Column("parent", "integer", nulls=0.1, reference=Reference("Level", "id", tree=Tree(10, 12, 12))),
        ),
        "Home": (ID, to("Parent", "id")),
        "Moved": (ID, to("Parent", "id"), to("Home", "id", "home", matching=(("parent", "parent"),))),
        "Along": (
            ID,
            to("Parent", "id", children=children),
            to("Home", "id", "home", matching=(("parent", "parent"),)),
        ),
        "Ringed": (ID, Column("parent", "integer", reference=Reference("Ringed", "id", ring=Ring(closed=True)))),
    }
    tables = tuple(Table(name, columns, rows=parents) for name, columns in many.items())
    rows = dict.fromkeys(many, parents) | dict.fromkeys(("Child", "Along", "Junction", "Home"), 3 * parents)
    return Spec("relations", tables), rows


def total(name: str, column: str | None) -> Column:
    return Column(name, "integer", aggregate=Aggregate(name, "Child", column, "parent"))


@dataclass(frozen=True)
class Case:
    """Columns of a table, and what they may cost at consecutive rows and at random ones."""

    table: str
    columns: tuple[str, ...]
    asked: tuple[float | None, float | None] = (None, None)
    children: bool = False  # whether the time by the child is said, too


CASES = {
    "reference": Case("Plain", ("parent",), (5.0, 5.0)),
    "reference, Zipf": Case("Popular", ("parent",), (10.0, 10.0)),
    "reference, hot set": Case("Hot", ("parent",)),
    "reference to a text key": Case("ToText", ("parent",)),
    "reference, two columns": Case("Composite", ("parent", "other")),
    "junction, two columns": Case("Junction", ("parent", "other")),
    "fan-out child": Case("Child", ("parent",), (10.0, 20.0)),
    "ordinal": Case("Child", ("number",)),
    "copy through a fan-out": Case("Child", ("copy",)),
    "copy through a reference": Case("Plain", ("copy",)),
    "matching a reference": Case("Moved", ("home",)),
    "matching a fan-out": Case("Along", ("home",)),
    "count of children": Case("Parent", ("count",), children=True),
    "sum of children": Case("Parent", ("sum",), children=True),
    "tree, any earlier row": Case("Node", ("parent",)),
    "tree in levels": Case("Level", ("parent",)),
    "ring": Case("Ringed", ("parent",)),
}


# -- timing -----------------------------------------------------------------------------------------------------


def seconds(task: Callable[[], Any]) -> float:
    started = time.perf_counter()
    task()
    return time.perf_counter() - started


def resident() -> float:
    """MiB."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["VmRSS"].split()[0]) / 1024


def blocks(rows: int, size: int, kind: str, number: int) -> Iterable[Any]:
    """So many blocks of a table: consecutive rows, or rows at random."""
    chance = np.random.default_rng(number)
    size = min(size, rows)
    for start in chance.integers(0, rows - size + 1, number).tolist():
        yield range(start, start + size) if kind == "range" else chance.integers(0, rows, size).astype(np.uint64)


def chosen(source: TableSource, case: Case, rows: Any) -> Any:
    reference: Any = source.columns[case.columns[0]]
    return reference.chosen(RowView(source.columns, rows))


def measured(source: TableSource, case: Case, passes: int) -> dict[str, dict[str, float]]:
    """Nanoseconds a row, least and median, by block size, by kind of rows, by what is made."""
    what: dict[str, Callable[[Any], Any]] = {"column": lambda rows: source.at(rows, case.columns)}
    if hasattr(source.columns[case.columns[0]], "chosen"):
        what["parents"] = lambda rows: chosen(source, case, rows)
    found: dict[str, dict[str, float]] = {}
    for size in BLOCKS:
        for kind in ("range", "random"):
            some = list(blocks(source.rows, size, kind, passes))
            for said, task in what.items():
                task(some[0])
                times = [seconds(partial(task, rows)) / len(rows) * 1e9 for rows in some]
                found[f"{said}, {kind}, {size}"] = {
                    "least": round(min(times), 2),
                    "median": round(statistics.median(times), 2),
                }
    return found


def growth(sources: Any, passes: int) -> float:
    """By how many MiB the resident memory grows while all cases are made again, at other rows."""
    gc.collect()
    before = resident()
    for case in CASES.values():
        for rows in blocks(sources[case.table].rows, BLOCKS[1], "random", passes):
            sources[case.table].at(rows, case.columns)
    return round(resident() - before, 1)


def calibration() -> dict[str, dict[str, float]]:
    """What this machine needs for two kernels, and what the machine of the figures that are asked needed."""
    rows, order = np.random.default_rng(0).integers(0, 10**9, BLOCKS[0]).astype(np.uint64), Permutation(10**9, 1)
    tasks = {
        "a permutation of 1e9": lambda: order.at(rows),
        "words, two a row": lambda: Stream(1).words(range(rows.size)),
    }
    found = {}
    for name, task in tasks.items():
        here = min(seconds(task) for _ in range(200)) / rows.size * 1e9
        found[name] = {"here": round(here, 2), "noted": NOTED[name], "ratio": round(here / NOTED[name], 2)}
    return found


# -- beside DuckDB ----------------------------------------------------------------------------------------------

PARENTS = """CREATE TABLE parents AS SELECT i AS row, 3 * i + hash(i) % 3 AS id, (hash(i + 1) % 1000)::INT AS place,
    (hash(i + 2) % 7)::INT AS children, printf('ABC-%09d', i) AS code, 5 * i AS second FROM range({n}) t(i)"""
CHILDREN = """CREATE TABLE children AS SELECT p.id AS parent, (hash(p.id * 8 + o) % 1000)::INT AS amount
    FROM parents p, unnest(range(p.children)) u(o)"""
HOMES = "CREATE TABLE homes AS SELECT i AS id, (hash(i) % {n})::BIGINT AS parent FROM range(3 * {n}) t(i)"
EVEN = "range({n}) c(i) JOIN parents p ON p.row = (hash(c.i) % {n})::BIGINT"
ZIPFIAN = "floor(pow({n}, (hash(c.i) >> 11) * pow(2, -53)))::BIGINT"
# case -> a query that makes the column
QUERIES = {
    "reference": f"SELECT sum(p.id) FROM {EVEN}",
    "reference, Zipf": f"SELECT sum(p.id) FROM range({{n}}) c(i) JOIN parents p ON p.row = {ZIPFIAN} - 1",
    "reference to a text key": f"SELECT sum(length(p.code)) FROM {EVEN}",
    "reference, two columns": f"SELECT sum(p.id), sum(p.second) FROM {EVEN}",
    "junction, two columns": """SELECT sum(p.id), sum(q.id) FROM (SELECT DISTINCT hash(i) % {n} AS a,
        hash(i + {n}) % {n} AS b FROM range(3 * {n}) t(i)) c
        JOIN parents p ON p.row = c.a::BIGINT JOIN parents q ON q.row = c.b::BIGINT""",
    "fan-out child": "SELECT sum(p.id) FROM parents p, unnest(range(p.children)) u(o)",
    "ordinal": "SELECT sum(u.o + 1) FROM parents p, unnest(range(p.children)) u(o)",
    "copy through a fan-out": "SELECT sum(p.place) FROM children c JOIN parents p ON p.id = c.parent",
    "copy through a reference": f"SELECT sum(p.place) FROM {EVEN}",
    "matching a reference": """SELECT sum(h.ids[1 + (c.word % len(h.ids))::BIGINT])
        FROM (SELECT (hash(i) % {n})::BIGINT AS parent, hash(i + {n}) AS word FROM range({n}) t(i)) c
        JOIN (SELECT parent, list(id) AS ids FROM homes GROUP BY parent) h ON h.parent = c.parent""",
    "count of children": """SELECT sum(coalesce(c.n, 0)) FROM parents p LEFT JOIN
        (SELECT parent, count(*) AS n FROM children GROUP BY parent) c ON p.id = c.parent""",
    "sum of children": """SELECT sum(coalesce(c.n, 0)) FROM parents p LEFT JOIN
        (SELECT parent, sum(amount) AS n FROM children GROUP BY parent) c ON p.id = c.parent""",
    "tree, any earlier row": """SELECT sum(p.id) FROM range(10, {n}) c(i)
        JOIN parents p ON p.row = (hash(c.i) % c.i)::BIGINT""",
    "ring": "SELECT sum(n) FROM (SELECT lead(id) OVER (ORDER BY hash(row)) AS n FROM parents)",
}


SOURCES: dict[str, TableSource] = {}  # what processes that are forked find


def made(name: str, rows: range) -> None:
    """A case's columns of these rows, block by block."""
    case = CASES[name]
    for start in range(rows.start, rows.stop, BLOCKS[0]):
        SOURCES[case.table].at(range(start, min(start + BLOCKS[0], rows.stop)), case.columns)


def by_gen(name: str, pool: ProcessPoolExecutor | None, parts: int) -> None:
    """The whole column, here or by processes."""
    rows = SOURCES[CASES[name].table].rows
    if pool is None:
        made(name, range(rows))
        return
    cuts = [rows * i // (4 * parts) for i in range(4 * parts + 1)]
    list(pool.map(partial(made, name), [range(*pair) for pair in pairwise(cuts)]))


def beside(parents: int, runs: int, cores: int) -> dict[str, dict[str, float]]:
    """Seconds, median of some runs, of gen and of DuckDB, one thread and all."""
    try:
        import duckdb
    except ImportError:
        print("DuckDB is not installed: pip install duckdb")
        return {}
    SOURCES.update(table_sources(*schema(parents), 0))
    for name in QUERIES:
        made(name, range(BLOCKS[0]))  # kernels and tables are there before processes are
    found: dict[str, dict[str, float]] = {}
    with ProcessPoolExecutor(cores, get_context("fork")) as pool:
        list(pool.map(abs, range(cores)))
        connection = duckdb.connect(config={"memory_limit": "16GB"})
        for said in (PARENTS, CHILDREN, HOMES):
            connection.execute(said.format(n=parents))
        print(f"{f'seconds, {parents:,} parents':36s} " + " ".join(f"{name:>12s}" for name in SAID))
        for name, query in QUERIES.items():
            times: dict[str, list[float]] = {each: [] for each in SAID if "ratio" not in each}
            for _ in range(runs):
                for where, threads, processes in (("1", 1, None), ("all", cores, pool)):
                    connection.execute(f"SET threads = {threads}")
                    times[f"gen, {where}"].append(seconds(partial(by_gen, name, processes, cores)))
                    task = partial(connection.execute, query.format(n=parents))
                    times[f"DuckDB, {where}"].append(seconds(lambda task=task: task().fetchall()))
            figures = {key: round(statistics.median(some), 3) for key, some in times.items()}
            for where in ("1", "all"):
                figures[f"ratio, {where}"] = round(figures[f"DuckDB, {where}"] / figures[f"gen, {where}"], 2)
            found[name] = figures | {"rows": SOURCES[CASES[name].table].rows}
            print(f"  {name:34s} " + " ".join(f"{figures[each]:12.3f}" for each in SAID), flush=True)
    return found


SAID = ("gen, 1", "DuckDB, 1", "ratio, 1", "gen, all", "DuckDB, all", "ratio, all")


# -- what is said -----------------------------------------------------------------------------------------------


def of_parents(parents: int, passes: int) -> dict[str, Any]:
    """Every case among so many parents, and by how much the memory grows."""
    spec, rows = schema(parents)
    start = resident()
    sources = table_sources(spec, rows, 0)
    found: dict[str, Any] = {}
    print(f"{f'{parents:,} parents; ns, least / median':36s} {'parents':>26s} {'column':>26s} asked")
    for name, case in CASES.items():
        source = sources[case.table]
        found[name] = times = measured(source, case, passes)
        for size in BLOCKS:
            for kind, asked in zip(("range", "random"), case.asked, strict=True):
                cells = [times.get(f"{said}, {kind}, {size}") for said in ("parents", "column")]
                said = " ".join(f"{c['least']:16.2f} / {c['median']:7.2f}" if c else " " * 26 for c in cells)
                missed = asked is not None and (cells[0] or cells[1] or {})["least"] > asked
                mark = "" if asked is None else f"{asked:g}{' MISSED' if missed else ''}"
                beside = f"  {cells[1]['least'] / 3:.2f} a child" if case.children and cells[1] else ""
                print(f"  {name:22s}{kind:>7s}{size:7,d} {said} {mark}{beside}", flush=True)
    return {"cases": found, "growth_mib": growth(sources, passes), "tables_mib": round(resident() - start, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parents", nargs="*", type=float, default=[1e6, 1e9])
    parser.add_argument("--passes", type=int, default=30)
    parser.add_argument("--duckdb", type=float, default=1e7, help="parents beside DuckDB; 0: leave it out")
    parser.add_argument("--runs", type=int, default=3, help="beside DuckDB")
    parser.add_argument("--json", help="write the results to this file, too")
    arguments = parser.parse_args()
    machine = hardware()
    print(json.dumps(machine))
    speed = calibration()
    for name, each in speed.items():
        print(
            f"{name}: {each['here']} ns here, {each['noted']} where the figures asked come from: {each['ratio']} times"
        )
    found = {"hardware": machine, "calibration_ns": speed}
    for parents in map(int, arguments.parents):
        found[f"{parents:,} parents"] = result = of_parents(parents, arguments.passes)
        print(f"  resident memory: {result['growth_mib']} MiB more after all of it again")
    if arguments.duckdb:
        found["beside DuckDB, seconds"] = beside(int(arguments.duckdb), arguments.runs, int(machine["cores"]))
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
