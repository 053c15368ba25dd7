"""Proves that `--to` fills real databases: every row once, with keys, references and conditions in force, and again."""

from __future__ import annotations

import json
import sqlite3
import urllib.parse
from pathlib import Path

import pytest
import sqlalchemy

from databases import ALL, columns, count, execute, tables
from gen.builder import load_schema
from program import AS_OF, Ended, Forks

on = pytest.mark.parametrize("database", ALL, indirect=True)
on_servers = pytest.mark.parametrize("database", ["postgresql", "mariadb"], indirect=True)
STORE = """
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, Optional
from pydantic import BaseModel, Field
from gen import Domain, ForeignKey, PrimaryKey, Schema, Tree, Unique

class Customer(BaseModel):
    id: Annotated[int, PrimaryKey()]
    email: Annotated[str, Domain("email"), Unique()]
    referred_by: Annotated[Optional[int], ForeignKey("Customer.id"), Tree(roots=0.5)] = None

class Profile(BaseModel):
    customer_id: Annotated[int, PrimaryKey(), ForeignKey("Customer.id")]
    tags: list[str]

class Order(BaseModel):
    id: Annotated[int, PrimaryKey()]
    customer_id: Annotated[int, ForeignKey("Customer.id")]
    placed_at: datetime
    status: Literal["new", "paid", "it's"]
    total: Annotated[Decimal, Field(max_digits=9, decimal_places=2, ge=0)]

schema = Schema("store")
schema.add(Customer, rows=200)
schema.add(Profile, rows=100)
schema.add(Order, rows=500)
"""
SHOP = ("--schema", "store.py", "--partition-rows", "100", "--seed", "3", *AS_OF)
LEDGER = {"_gen_runs", "_gen_partitions", "_gen_steps"}
ROWS = {"Order": 500, "Customer": 200, "Profile": 100}  # of some of its tables


@pytest.fixture(autouse=True)
def store(tmp_path: Path) -> None:
    (tmp_path / "store.py").write_text(STORE, "utf-8")


def run(forks: Forks, database: str, folder: Path, *options: object) -> Ended:
    return forks(*SHOP, "--to", database, *options, cwd=folder)


def loaded(forks: Forks, database: str, folder: Path, *options: object) -> str:
    ended = run(forks, database, folder, *options)
    assert ended.code == 0, ended.err
    return ended.err


def orphans(database: str) -> int:
    """Rows of the shop that refer to none, counted by the database."""
    pairs = (
        ("Order", "customer_id", "Customer", "id"),
        ("Profile", "customer_id", "Customer", "id"),
        ("Customer", "referred_by", "Customer", "id"),
    )
    query = (
        'SELECT count(*) FROM "{}" c LEFT JOIN "{}" p ON c."{}" = p."{}" WHERE c."{}" IS NOT NULL AND p."{}" IS NULL'
    )
    return sum(
        int(execute(database, query.format(child, parent, own, key, own, key))[0][0])
        for child, own, parent, key in pairs
    )


def of_the_ledger(database: str, table: str) -> list[tuple[int, ...]]:
    asked = f"SELECT part, first_row, end_row FROM _gen_partitions WHERE table_name = '{table}' ORDER BY part"
    return [tuple(map(int, row)) for row in execute(database, asked)]


# -- a run --------------------------------------------------------------------------------------------------------


@on
def test_every_row_is_there_once_and_the_same_command_does_nothing(database: str, forks: Forks, tmp_path: Path) -> None:
    loaded(forks, database, tmp_path)
    assert tables(database) == ROWS.keys() | LEDGER
    assert {table: count(database, table) for table in ROWS} == ROWS
    assert execute(database, 'SELECT count(DISTINCT id) FROM "Order"') == [(500,)]
    assert orphans(database) == 0
    assert of_the_ledger(database, "Order") == [(i, 100 * i, 100 * i + 100) for i in range(5)]
    before = execute(database, 'SELECT * FROM "Order" ORDER BY id')
    assert "nothing to do" in loaded(forks, database, tmp_path)
    assert execute(database, 'SELECT * FROM "Order" ORDER BY id') == before
    ended = forks("verify", database, cwd=tmp_path)
    assert ended.code == 0, ended.out


@on
def test_a_row_has_the_values_that_its_address_gives(database: str, forks: Forks, tmp_path: Path) -> None:
    """Read by another client, and computed one by one: the same."""
    loaded(forks, database, tmp_path)
    for number in (0, 77, 499):
        meant = json.loads(forks("row", "Order", number, *SHOP[:2], *SHOP[4:], cwd=tmp_path).out)
        found = execute(database, f'SELECT customer_id, status, total FROM "Order" WHERE id = {meant["id"]}')[0]
        assert found[:2] == (meant["customer_id"], meant["status"])
        assert float(found[2]) == meant["total"]


@on
def test_workers_load_what_one_process_loads(database: str, forks: Forks, tmp_path: Path) -> None:
    loaded(forks, database, tmp_path, "--workers", 2)
    assert {table: count(database, table) for table in ROWS} == ROWS
    ended = forks("verify", database, cwd=tmp_path)
    assert ended.code == 0, ended.out
    assert not list(tmp_path.glob("*.spool"))


@on
def test_shares_come_to_the_whole(database: str, forks: Forks, tmp_path: Path) -> None:
    assert "other shares are missing" in loaded(forks, database, tmp_path, "--part", "2/2")
    assert not execute(database, "SELECT step FROM _gen_steps")
    loaded(forks, database, tmp_path, "--part", "1/2")
    assert {table: count(database, table) for table in ROWS} == ROWS
    assert forks("verify", database, cwd=tmp_path).code == 0


@on
def test_what_is_missing_is_loaded_and_nothing_else(database: str, forks: Forks, tmp_path: Path) -> None:
    """Rows that went together with their ledger's row come back; the others are not touched."""
    loaded(forks, database, tmp_path)
    execute(database, "DELETE FROM _gen_partitions WHERE table_name = 'Profile'", 'DELETE FROM "Profile"')
    said = loaded(forks, database, tmp_path)
    assert "Profile: 100 rows" in said
    assert forks("verify", database, cwd=tmp_path).code == 0


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_database_without_a_bulk_load_of_its_own_is_loaded_slowly(
    database: str, forks: Forks, tmp_path: Path
) -> None:
    """By SQLAlchemy alone, which knows PostgreSQL by another driver, too: gen is told nothing of it."""
    plain = database.replace("+psycopg", "+pg8000")
    said = loaded(forks, plain, tmp_path)
    assert "is loaded the slow way, by INSERTs" in said
    assert {table: count(database, table) for table in ROWS} == ROWS
    assert orphans(database) == 0
    assert "nothing to do" in loaded(forks, plain, tmp_path)
    loaded(forks, plain, tmp_path, "--append", "--epoch", 2, "--rows", "Order=100")
    assert count(database, "Order") == 600
    execute(database, 'DELETE FROM "Order" WHERE id = (SELECT min(id) FROM "Order")')
    assert forks("verify", plain, cwd=tmp_path).code == 1
    assert forks("verify", plain, "--repair", cwd=tmp_path).code == 0
    assert forks("verify", plain, cwd=tmp_path).code == 0


# -- what is refused ----------------------------------------------------------------------------------------------


@on
def test_another_run_is_refused_and_replaced_where_asked(database: str, forks: Forks, tmp_path: Path) -> None:
    loaded(forks, database, tmp_path)
    other = (*SHOP[:4], "--seed", "4", *AS_OF, "--to", database)
    ended = forks(*other, cwd=tmp_path)
    assert ended.code == 2
    assert "holds another run: its seed differs" in ended.err
    before = execute(database, 'SELECT min(id) FROM "Order"')
    assert forks(*other, "--overwrite", cwd=tmp_path).code == 0
    assert execute(database, 'SELECT min(id) FROM "Order"') != before
    assert {table: count(database, table) for table in ROWS} == ROWS
    small = ("--rows", "40", *AS_OF, "--to", database, "--overwrite")
    assert forks(*small, cwd=tmp_path).code == 0
    assert tables(database) == {"Employee", "Manager"} | LEDGER


@on
def test_tables_of_others_are_left_alone(database: str, forks: Forks, tmp_path: Path) -> None:
    execute(
        database,
        'CREATE TABLE "Profile" (note integer)',
        'INSERT INTO "Profile" VALUES (7)',
        "CREATE TABLE mine (a integer)",
    )
    ended = run(forks, database, tmp_path)
    assert ended.code == 2
    assert "has a table 'Profile' already" in ended.err
    assert "--ddl replace" in ended.err
    assert tables(database) == {"Profile", "mine"}
    assert execute(database, 'SELECT note FROM "Profile"') == [(7,)]
    loaded(forks, database, tmp_path, "--ddl", "replace")
    assert count(database, "Profile") == ROWS["Profile"]
    assert "mine" in tables(database)


@on
def test_what_breaks_a_key_or_a_condition_is_refused_by_the_database(
    database: str, forks: Forks, tmp_path: Path
) -> None:
    loaded(forks, database, tmp_path)
    first, second = (row[0] for row in execute(database, 'SELECT id FROM "Order" ORDER BY id LIMIT 2'))
    broken = [
        f'UPDATE "Order" SET id = {first} WHERE id = {second}',
        f"""UPDATE "Order" SET status = 'x' WHERE id = {first}""",
    ]
    if database.startswith(("postgresql", "mysql")):
        broken.append(f'UPDATE "Order" SET customer_id = -5 WHERE id = {first}')
    for statement in broken:
        with pytest.raises(Exception, match=r"(?i)constraint|duplicate"):
            execute(database, statement)


@on_servers
def test_a_server_that_does_not_answer_is_a_sentence(database: str, forks: Forks, tmp_path: Path) -> None:
    ended = forks(*SHOP, "--to", database.rpartition("/")[0] + "/no_such_database", cwd=tmp_path)
    assert ended.code == 2
    assert "no_such_database" in ended.err
    assert "Traceback" not in ended.err


@on_servers
def test_a_password_is_shown_nowhere(database: str, forks: Forks, tmp_path: Path) -> None:
    """Not in what is said, in what is kept, in what goes wrong, nor in files; and the user is told that it was seen."""
    canary = "canary-7f3a/@:%s"
    secret = sqlalchemy.make_url(database).set(password=canary)
    if database.startswith("mysql"):
        execute(database, f"CREATE USER 'tester'@'%' IDENTIFIED BY '{canary}'", "GRANT ALL ON *.* TO 'tester'@'%'")
        secret = secret.set(username="tester")
    url = secret.render_as_string(hide_password=False)
    done = run(forks, url, tmp_path, "--workers", 2, "--json")
    assert done.code == 0, done.err
    assert "The password is in the URL" in done.err
    gone = run(forks, secret.set(port=1).render_as_string(hide_password=False), tmp_path, "--wait", 1)
    wrong = forks("verify", secret.set(database="none").render_as_string(hide_password=False), cwd=tmp_path)
    assert gone.code == wrong.code == 2
    said = "".join(part for ended in (done, gone, wrong) for part in (ended.out, ended.err))
    kept = [row for table in LEDGER for row in execute(database, f"SELECT * FROM {table}")]
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    for form in (canary, urllib.parse.quote(canary, safe=""), "canary"):
        assert form not in said
        assert form not in str(kept)
        assert not [text for text in files if form.encode() in text]
    if database.startswith("mysql"):
        execute(database, "DROP USER 'tester'@'%'")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--to", "sqlite://"), ["in memory", "Name a file"]),
        (("--to", "oracle://host/x"), ["needs the driver", "not installed"]),
        (("--to", "nothing://host/x"), ["names no database that SQLAlchemy knows: 'nothing'"]),
        (("--to", "sqlite:///a.db", "--format", "csv"), ["--format is given beside --to"]),
        (("--to", "sqlite:///a.db", "--ddl", "drop"), ["--ddl drop", "replace"]),
        (("--to", "sqlite:///a.db", "--wait", "-1"), ["--wait is -1"]),
        (("--ddl", "replace"), ["--ddl is given without --to"]),
        (("--to", "sqlite:///a.db", "--password-file", "none"), ["--password-file", "cannot be read"]),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(
    options: tuple[str, ...], words: list[str], forks: Forks, tmp_path: Path
) -> None:
    ended = forks("--rows", 10, *options, cwd=tmp_path)
    assert ended.code == 2, ended.err
    assert not [word for word in words if word not in ended.err], ended.err
    assert [path.name for path in tmp_path.iterdir()] == ["store.py"]


# -- more rows, and damage ----------------------------------------------------------------------------------------


@on
def test_rows_are_appended_and_verified(database: str, forks: Forks, tmp_path: Path) -> None:
    loaded(forks, database, tmp_path)
    more = ("--rows", "Order=500", "--rows", "Customer=90", "--append", "--epoch")
    for epoch in (2, 3):
        said = loaded(forks, database, tmp_path, *more, epoch)
        assert f"epoch {epoch}" in said
    assert count(database, "Order") == 1500
    assert execute(database, 'SELECT count(DISTINCT id) FROM "Order"') == [(1500,)]
    assert orphans(database) == 0
    assert "nothing to do" in loaded(forks, database, tmp_path, *more, 3)
    assert forks("verify", database, cwd=tmp_path).code == 0


@on
def test_damage_is_named_and_repaired(database: str, forks: Forks, tmp_path: Path) -> None:
    loaded(forks, database, tmp_path)
    ids = [row[0] for row in execute(database, 'SELECT id FROM "Order" ORDER BY id')]
    first, second = ids[:2]
    execute(
        database,
        f'DELETE FROM "Order" WHERE id = {first}',
        f'UPDATE "Order" SET id = {max(ids) + 1} WHERE id = {second}',
        'DELETE FROM "Profile"',
    )
    ended = forks("verify", database, cwd=tmp_path)
    assert ended.code == 1
    said = ended.out.splitlines()
    assert any(line.startswith("Order part 0: ") for line in said), said
    assert any("rows have keys of no row of the run" in line for line in said), said
    assert any(line.startswith("Profile") for line in said), said
    assert not any(line.startswith(("Order part 1", "Customer")) for line in said), said
    mended = forks("verify", database, "--repair", cwd=tmp_path)
    assert mended.code == 0, mended.out + mended.err
    assert forks("verify", database, cwd=tmp_path).out == ""
    assert [row[0] for row in execute(database, 'SELECT id FROM "Order" ORDER BY id')] == ids


# -- names, and secrets -------------------------------------------------------------------------------------------


NAMES = """
from typing import Annotated
from pydantic import BaseModel, Field, create_model
import gen
schema = gen.Schema("names")
schema.add(create_model("Odd", **{{
    "id": (Annotated[int, gen.PrimaryKey()], ...),
    {fields}
}}), rows=10)
"""


@on
def test_names_are_quoted_whatever_they_are(database: str, forks: Forks, tmp_path: Path) -> None:
    names = ["select", 'a"b', "a`b", "x; drop table y; --", "größe", "%s", ":name", "a b", "{c}", "[d]"]
    fields = ", ".join(f"{name!r}: (int, ...)" for name in names)
    (tmp_path / "names.py").write_text(NAMES.format(fields=fields), "utf-8")
    ended = forks("--schema", "names.py", "--to", database, cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert forks("verify", database, cwd=tmp_path).code == 0
    assert columns(database, "Odd") == {"id", *names}


@pytest.mark.parametrize("database", ["postgresql", "sqlite"], indirect=True)
def test_names_that_the_database_takes_for_one_are_refused(database: str, forks: Forks, tmp_path: Path) -> None:
    first, second = ("a" * 63 + "b", "a" * 63 + "c") if database.startswith("postgresql") else ("name", "Name")
    (tmp_path / "names.py").write_text(NAMES.format(fields=f"{first!r}: (int, ...), {second!r}: (int, ...)"), "utf-8")
    ended = forks("--schema", "names.py", "--to", database, cwd=tmp_path)
    assert ended.code == 2
    assert f"Odd.{first} and Odd.{second} are one column" in ended.err


@pytest.mark.parametrize("said", [r'Annotated[str, Field(pattern=r"^a[\x00b]$")]', 'Literal["a", "b\\0"]'])
def test_what_a_database_cannot_hold_is_refused_before_a_row_is_drawn(said: str, forks: Forks, tmp_path: Path) -> None:
    fields = '"note": (' + said + ", ...)"
    (tmp_path / "names.py").write_text("from typing import Literal\n" + NAMES.format(fields=fields), "utf-8")
    for database in ("postgresql://nobody@127.0.0.1:1/none", "sqlite:///none.db"):
        ended = forks("--schema", "names.py", "--to", database, "--wait", 0, cwd=tmp_path)
        assert ended.code == 2
        assert "Odd.note: its texts may have the character NUL" in ended.err or "does not answer" in ended.err, (
            ended.err
        )
    assert not (tmp_path / "none.db").exists()


def test_the_statements_are_printed_and_make_the_same_tables(forks: Forks, tmp_path: Path) -> None:
    """SQLite itself runs what is printed; nothing is connected to."""
    ended = forks("--schema", "gen.examples.shop", "--to", "sqlite:///none.db", "--ddl", "print", cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert [path.name for path in tmp_path.iterdir()] == ["store.py"]
    connection = sqlite3.connect(":memory:")
    connection.executescript(ended.out)
    made = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert {table.name for table in load_schema("gen.examples.shop").spec.tables} <= made
