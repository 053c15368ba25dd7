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
    "postgresql": "SELECT conname, contype, convalidated FROM pg_constraint WHERE connamespace = 'public'::regnamespace "
    "UNION ALL SELECT indexname, 'i', true FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2",
    "mysql": "SELECT constraint_name, table_name FROM information_schema.table_constraints WHERE table_schema = "
    "DATABASE() UNION ALL SELECT index_name, concat(table_name, seq_in_index) FROM information_schema.statistics "
    "WHERE table_schema = DATABASE() ORDER BY 1, 2",
    "sqlite": "SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite_stat%' ORDER BY 1, 2",
    "duckdb": "SELECT constraint_text, table_name FROM duckdb_constraints() UNION ALL "
    "SELECT index_name, table_name FROM duckdb_indexes() ORDER BY 1, 2",
}


def ask(url: str, statement: str) -> list[str]:
    """The lines that a query gives, by the database's own client; of DuckDB by a connection of this process."""
    place = sa.make_url(url)
    name = place.get_backend_name()
    if name == "duckdb":
        with duckdb.connect(str(place.database), read_only=True) as connection:
            return ["|".join(map(str, row)) for row in connection.execute(statement).fetchall()]
    server = ["-h", str(place.host)]
    command = {
        "postgresql": lambda: [program("psql", "postgresql"), *server, "-p", str(place.port), "-U", "someone", "-XAtq"]
        + ["-d", str(place.database), "-c", statement],
        "mysql": lambda: [program("mariadb", "mariadb-client"), "--no-defaults", *server, "-P", str(place.port)]
        + ["-uroot", "-NB", str(place.database or ""), "-e", statement],
        "sqlite": lambda: [program("sqlite3", "sqlite3"), "-readonly", str(place.database), statement],
    }[name]()
    asked = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert asked.returncode == 0, asked.stderr
    return asked.stdout.splitlines()


def number(url: str, statement: str) -> int:
    return int(ask(url, statement)[0])


def state(url: str) -> dict[str, Any]:
    """All that a finished run leaves: rows in order, its ledger, what is declared."""
    name = sa.make_url(url).get_backend_name()
    found: dict[str, Any] = {table: ask(url, f"SELECT * FROM {table} ORDER BY id") for table in TABLES}
    found["ledger"] = ask(url, "SELECT table_name, part, first_row, end_row FROM _gen_partitions ORDER BY 1, 2")
    found["steps"] = ask(url, "SELECT step FROM _gen_steps ORDER BY 1")
    found["whole"] = ask(url, "SELECT epoch, is_whole FROM _gen_runs")
    found["kept"] = ask(url, _KEPT[name])
    return found


def assert_whole(url: str, job: Job, like: dict[str, Any]) -> None:
    """Every row is there once, with the values of an undisturbed run; the ledger says so; nothing refers to nothing."""
    for table, rows in job.rows.items():
        counted = ask(url, f"SELECT count(*), count(DISTINCT id) FROM {table}")
        said = ask(url, f"SELECT sum(end_row - first_row), 0 FROM _gen_partitions WHERE table_name = '{table}'")
        numbers = [line.replace("\t", "|").split("|") for line in (*counted, *said)]
        assert (numbers[0], numbers[1][0]) == ([str(rows)] * 2, str(rows)), table
    for table, column, target in REFERENCES:
        lost = f"SELECT count(*) FROM {table} WHERE {column} NOT IN (SELECT id FROM {target})"
        assert number(url, lost) == 0, column
    found = state(url)
    for what, expected in like.items():
        assert found[what] == expected, what


def assert_no_halves(url: str) -> None:
    """At any moment there are as many rows as the ledger says; where there is one."""
    if "duckdb" in url or "sqlite" in url:
        if not Path(str(sa.make_url(url).database)).exists():
            return
    for table in TABLES:
        try:
            rows = number(url, f"SELECT count(*) FROM {table}")
        except (AssertionError, duckdb.CatalogException):
            continue  # it is not made yet
        said = f"SELECT coalesce(sum(end_row - first_row), 0) FROM _gen_partitions WHERE table_name = '{table}'"
        assert rows == number(url, said), table


def connected(url: str) -> int:
    """How many connections of gen's the server has."""
    if "postgresql" in url:
        return number(url, "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'gen%'")
    return number(url, "SELECT count(*) - 1 FROM information_schema.processlist WHERE db = DATABASE()")
