"""A small shop to be loaded into a database, and what is there afterwards, as another client than gen's says."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import sqlalchemy as sa

from program import AS_OF
from servers import program

MODELS = """
from typing import Annotated
from pydantic import BaseModel, Field
from gen import ForeignKey, PrimaryKey

class customer(BaseModel):
    id: Annotated[int, PrimaryKey()]
    name: Annotated[str, Field(max_length=12)]

class product(BaseModel):
    id: Annotated[int, PrimaryKey()]
    price: Annotated[int, Field(ge=1, le=9999)]

class purchase(BaseModel):
    id: Annotated[int, PrimaryKey()]
    customer_id: Annotated[int, ForeignKey("customer.id")]
    product_id: Annotated[int, ForeignKey("product.id")]
    note: str | None
"""
TABLES = ("customer", "product", "purchase")
REFERENCES = (("purchase", "customer_id", "customer"), ("purchase", "product_id", "product"))


@dataclass(frozen=True)
class Job:
    """How many rows of the shop are made, in partitions of how many."""

    customers: int
    products: int
    purchases: int
    partition_rows: int

    @property
    def rows(self) -> dict[str, int]:
        return dict(zip(TABLES, (self.customers, self.products, self.purchases), strict=True))

    @property
    def partitions(self) -> int:
        return sum(-(-rows // self.partition_rows) for rows in self.rows.values())

    def arguments(self, models: Path) -> list[object]:
        counts = [word for table, rows in self.rows.items() for word in ("--rows", f"{table}={rows}")]
        return ["--schema", models, *counts, "--partition-rows", self.partition_rows, *AS_OF]


TINY = Job(20, 10, 60, 30)  # 4 partitions: for a fault at every point
SMALL = Job(600, 200, 3200, 200)  # 20 partitions
LONG = Job(50, 50, 60_000, 60_000)  # one takes long enough to be struck in its middle

# -- what is there ------------------------------------------------------------------------------------------------

_KEPT = {  # keys, references, conditions and indexes that a database says it has
    "postgresql": "SELECT conname, contype, convalidated FROM pg_constraint WHERE connamespace = "
    "'public'::regnamespace UNION ALL SELECT indexname, 'i', true FROM pg_indexes WHERE schemaname = 'public' "
    "ORDER BY 1, 2",
    "mysql": "SELECT constraint_name, table_name FROM information_schema.table_constraints WHERE table_schema = "
    "DATABASE() UNION ALL SELECT index_name, concat(table_name, seq_in_index) FROM information_schema.statistics "
    "WHERE table_schema = DATABASE() ORDER BY 1, 2",
    "sqlite": "SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite_stat%' ORDER BY 1, 2",
    "duckdb": "SELECT constraint_text, table_name FROM duckdb_constraints() UNION ALL "
    "SELECT index_name, table_name FROM duckdb_indexes() ORDER BY 1, 2",
}


_NAMES = {  # of the tables that are there
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
    "duckdb": "SELECT table_name FROM duckdb_tables()",
    "postgresql": "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
    "mysql": "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()",
}
_END = "-- end of an answer"


def kind_of(url: str) -> str:
    return sa.make_url(url).get_backend_name()


def ask(url: str, *statements: str) -> list[list[str]]:
    """The lines that each query gives, by the database's own client; of DuckDB by a connection of this process."""
    place = sa.make_url(url)
    if kind_of(url) == "duckdb":
        with duckdb.connect(str(place.database), read_only=True) as connection:
            return [["|".join(map(str, row)) for row in connection.execute(s).fetchall()] for s in statements]
    script = "".join(f"{statement}; SELECT '{_END}';\n" for statement in statements)
    server = ["-h", str(place.host), "-P" if kind_of(url) == "mysql" else "-p", str(place.port)]
    command = {
        "postgresql": lambda: [program("psql", "postgresql"), *server, "-XAtq", "-U", "someone", str(place.database)],
        "mysql": lambda: (
            [program("mariadb", "mariadb-client"), "--no-defaults", *server, "-uroot", "-NB", str(place.database or "")]
        ),
        "sqlite": lambda: [
            program("sqlite3", "sqlite3"),
            str(place.database),
        ],  # which rolls back what a killed process left
    }[kind_of(url)]()
    asked = subprocess.run(command, input=script, capture_output=True, text=True, timeout=30, check=False)
    assert not (asked.returncode or asked.stderr), asked.stderr
    answers: list[list[str]] = [[]]
    for line in asked.stdout.splitlines():
        if line == _END:
            answers.append([])
        else:
            answers[-1].append(line.replace("\t", "|"))
    return answers[:-1]


def number(url: str, statement: str) -> int:
    return int(ask(url, statement)[0][0])


def state(url: str) -> dict[str, Any]:
    """All that a finished run leaves: rows in order, its ledger, what is declared."""
    statements = {table: f"SELECT * FROM {table} ORDER BY id" for table in TABLES} | {
        "ledger": "SELECT table_name, part, first_row, end_row FROM _gen_partitions ORDER BY 1, 2",
        "steps": "SELECT step FROM _gen_steps ORDER BY 1",
        "whole": "SELECT epoch, is_whole FROM _gen_runs",
        "kept": _KEPT[kind_of(url)],
    }
    return dict(zip(statements, ask(url, *statements.values()), strict=True))


def _said(table: str) -> str:
    return f"SELECT coalesce(sum(end_row - first_row), 0) FROM _gen_partitions WHERE table_name = '{table}'"


def assert_whole(url: str, job: Job, like: dict[str, Any]) -> None:
    """Every row is there once, with the values of an undisturbed run; the ledger says so; nothing refers to nothing."""
    asked, expected = [], []
    for table, rows in job.rows.items():
        asked += [f"SELECT count(*), count(DISTINCT id) FROM {table}", _said(table)]
        expected += [f"{rows}|{rows}", str(rows)]
    for table, column, target in REFERENCES:
        asked.append(f"SELECT count(*) FROM {table} WHERE {column} NOT IN (SELECT id FROM {target})")
        expected.append("0")
    assert [lines[0] for lines in ask(url, *asked)] == expected
    found = state(url)
    for what, lines in like.items():
        assert found[what] == lines, what


def assert_no_halves(url: str) -> None:
    """There are as many rows as the ledger says, in the tables that are made."""
    if kind_of(url) in ("sqlite", "duckdb") and not Path(str(sa.make_url(url).database)).exists():
        return
    made = ask(url, _NAMES[kind_of(url)])[0]
    asked = [s for table in TABLES if table in made for s in (f"SELECT count(*) FROM {table}", _said(table))]
    answers = [int(lines[0]) for lines in ask(url, *asked)] if asked else []
    assert answers[::2] == answers[1::2]


def connected(url: str) -> int:
    """How many connections of gen's the server has."""
    if "postgresql" in url:
        return number(url, "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'gen%'")
    return number(url, "SELECT count(*) - 1 FROM information_schema.processlist WHERE db = DATABASE()")
