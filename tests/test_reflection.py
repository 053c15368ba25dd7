"""Proves that databases, and SQLAlchemy's tables in modules, are read as they are, and come back from models."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gen.builder import Schema, as_models, load_schema
from gen.errors import BadRequest, SchemaError
from gen.schema.links import Key, Reference
from gen.schema.spec import DEFAULT_NULLS, Column, Spec, Table
from gen.schema.sql.conditions import Said, checks_in, read_condition
from gen.schema.to_models import source_of
from gen.schema.written import spec_from_json, spec_to_json
from program import AS_OF, Forks

DATA = os.environ.get("GEN_TEST_DATA")
NULLS = DEFAULT_NULLS


def database(folder: Path, ddl: str, name: str = "shop") -> str:
    """The URL of a SQLite database that these statements make."""
    path = folder / f"{name}.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(ddl)
    connection.close()
    return f"sqlite:///{path}"


def columns(schema: Schema, table: str) -> dict[str, Column]:
    return {column.name: column for column in schema.spec.table(table).columns}


def unread(schema: Schema, table: str) -> list[str]:
    return [sentence for name, sentence in schema.unread if name == table]


def read_back(folder: Path, schema: Schema) -> Schema:
    """The schema, written as models, and read from them; the models are as formatters and linters have them."""
    path = folder / "written.py"
    path.write_text(as_models(schema), "utf-8")
    for arguments in (["format", "--check"], ["check", "--select", "E4,E7,E9,F,I,W"]):
        command = [sys.executable, "-m", "ruff", arguments[0], "--isolated", *arguments[1:], str(path)]
        ended = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=60)
        assert ended.returncode == 0, ended.stdout + ended.stderr
    return load_schema(str(path))


# -- columns ------------------------------------------------------------------------------------------------------

TYPES: dict[str, dict[str, Any]] = {
    "INTEGER": {"kind": "integer"},
    "SMALLINT": {"kind": "integer"},
    "BIGINT": {"kind": "integer"},
    "NUMERIC(10, 2)": {"kind": "decimal", "max_digits": 10, "decimal_places": 2},
    "NUMERIC": {"kind": "decimal"},
    "REAL": {"kind": "number"},
    "DOUBLE PRECISION": {"kind": "number"},
    "BOOLEAN": {"kind": "boolean"},
    "VARCHAR(40)": {"kind": "text", "max_length": 40},
    "CHAR(2)": {"kind": "text", "max_length": 2},
    "TEXT": {"kind": "text"},
    "BLOB": {"kind": "bytes"},
    "DATE": {"kind": "date"},
    "DATETIME": {"kind": "datetime"},
    "TIMESTAMP": {"kind": "datetime"},
    "TIME": {"kind": "time"},
    "JSON": {"kind": "any"},
}


def test_types_of_sqlite_are_kinds_with_their_facts(tmp_path: Path) -> None:
    ddl = ", ".join(f"c{i} {name} NOT NULL" for i, name in enumerate(TYPES))
    found = columns(load_schema(database(tmp_path, f"CREATE TABLE t ({ddl});")), "t")
    assert found == {f"c{i}": Column(f"c{i}", **facts) for i, facts in enumerate(TYPES.values())}


MODULE = """
import enum
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql
metadata = sa.MetaData()

class Size(enum.Enum):
    SMALL = "s"
    LARGE = "l"

sa.Table(
    "everything", metadata, sa.Column("id", sa.BigInteger, primary_key=True, comment="who it is"),
    sa.Column("small", sa.SmallInteger, nullable=False), sa.Column("whole", sa.Integer, nullable=False),
    sa.Column("below", sa.Integer, sa.CheckConstraint("below < 0"), nullable=False),
    sa.Column("amount", sa.Numeric(12, 3), nullable=False), sa.Column("ratio", sa.Float, nullable=False),
    sa.Column("stamp", sa.DateTime(timezone=True), nullable=False), sa.Column("took", sa.Interval, nullable=False),
    sa.Column("uid", sa.Uuid, nullable=False), sa.Column("data", sa.LargeBinary(16), nullable=False),
    sa.Column("size", sa.Enum(Size), nullable=False), sa.Column("colour", sa.Enum("red", "blue")),
    sa.Column("extra", postgresql.JSONB, nullable=False), sa.Column("tags", sa.ARRAY(sa.String(5)), nullable=False),
    sa.Column("grid", postgresql.ARRAY(sa.Float, dimensions=2), nullable=False),
    sa.Column("address", postgresql.INET, nullable=False), sa.Column("flag", mysql.TINYINT(1), nullable=False),
    sa.Column("words", postgresql.TSVECTOR), sa.Column("twice", sa.Integer, sa.Computed("whole * 2")),
    sa.Column("unsigned", mysql.INTEGER(unsigned=True), nullable=False),
    comment="All that there is.",
)
"""
EVERYTHING = {
    "id": Column("id", "integer", key=Key()),
    "small": Column("small", "integer", maximum=32767),
    "whole": Column("whole", "integer", maximum=2147483647),
    "below": Column("below", "integer", minimum=-2147483648, maximum=0, maximum_excluded=True),
    "amount": Column("amount", "decimal", max_digits=12, decimal_places=3),
    "ratio": Column("ratio", "number"),
    "stamp": Column("stamp", "datetime", zoned=True),
    "took": Column("took", "duration"),
    "uid": Column("uid", "uuid"),
    "data": Column("data", "bytes", max_length=16),
    "size": Column("size", "choice", choices=("SMALL", "LARGE")),  # as SQLAlchemy stores them
    "colour": Column("colour", "choice", choices=("red", "blue"), nulls=NULLS),
    "extra": Column("extra", "any"),
    "tags": Column("tags", "list", parts=(Column("item", "text", max_length=5),)),
    "grid": Column("grid", "list", parts=(Column("item", "list", parts=(Column("item", "number"),)),)),
    "address": Column("address", "text", format="ipv4"),
    "flag": Column("flag", "boolean"),
    "unsigned": Column("unsigned", "integer", minimum=0, maximum=4294967295),
}


def test_types_of_a_metadata_object_are_kinds_with_their_facts_and_come_back_from_models(tmp_path: Path) -> None:
    (tmp_path / "tables.py").write_text(MODULE, "utf-8")
    schema = load_schema(f"{tmp_path}/tables.py")
    assert columns(schema, "everything") == EVERYTHING
    assert load_schema(f"{tmp_path}/tables.py:metadata").spec.tables == schema.spec.tables
    assert unread(schema, "everything") == [
        "The column words is left out: its type is TSVECTOR.",
        "The column twice is left out: the database computes it.",
    ]
    again = read_back(tmp_path, schema)
    assert again.spec == schema.spec
    (table,) = again.spec.tables
    assert (table.description, table.column("id").description) == ("All that there is.", "who it is")


def test_a_type_that_cannot_be_left_out_is_refused_with_table_column_and_type(tmp_path: Path) -> None:
    (tmp_path / "tables.py").write_text(
        "import sqlalchemy as sa\nfrom sqlalchemy.dialects import postgresql\nm = sa.MetaData()\n"
        'sa.Table("t", m, sa.Column("words", postgresql.TSVECTOR, nullable=False), sa.Column("x", sa.Integer))\n'
    )
    with pytest.raises(SchemaError, match=r"t\.words: its type is TSVECTOR"):
        load_schema(f"{tmp_path}/tables.py")


def test_a_column_without_a_type_is_text_and_it_is_said(tmp_path: Path) -> None:
    schema = load_schema(database(tmp_path, "CREATE TABLE t (x, y INT NOT NULL);"))
    assert columns(schema, "t")["x"] == Column("x", "text", nulls=NULLS)
    assert unread(schema, "t") == ["The column x has no type: texts are drawn."]


# -- conditions ---------------------------------------------------------------------------------------------------

CONDITIONS: dict[str, list[Said]] = {
    "[Discount]>=(0) AND [Discount]<=(1)": [Said("Discount", "ge", 0), Said("Discount", "le", 1)],
    "0 < x": [Said("x", "gt", 0)],
    "x BETWEEN 1 AND 5 AND y < -2.5": [Said("x", "ge", 1), Said("x", "le", 5), Said("y", "lt", Decimal("-2.5"))],
    "s IN ('a','b (c)', 'it''s')": [Said("s", "choices", ("a", "b (c)", "it's"))],
    "col = 'a' OR col = 'b' OR col IS NULL": [Said("col", "choices", ("a", "b"))],
    "x IS NULL OR x > 3": [Said("x", "gt", 3)],
    "(char_length((name)::text) = 5)": [Said("name", "min_length", 5), Said("name", "max_length", 5)],
    "length(s) < 10": [Said("s", "max_length", 9)],
    "name <> ''": [Said("name", "min_length", 1)],
    "((status)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))": [
        Said("status", "choices", ("a", "b"))
    ],
    "(price > (0)::numeric)": [Said("price", "gt", 0)],
    "((t.d >= '2000-01-01'::date) AND (t.d IS NOT NULL))": [Said("d", "ge", "2000-01-01"), Said("d", "not_null")],
    "(`status` in (_utf8mb4'a',_utf8mb4'b'))": [Said("status", "choices", ("a", "b"))],
    "CAST(x AS numeric(10,2)) >= 0": [Said("x", "ge", 0)],
    "((code)::text ~ '^[A-Z]{2}$'::text)": [Said("code", "pattern", "^[A-Z]{2}$")],
    "`code` regexp '^a+$' AND s RLIKE 'b' AND t ~* 'c'": [
        Said("code", "pattern", "^a+$"),
        Said("s", "pattern", "b"),
        Said("t", "pattern", "c"),
    ],
    "email LIKE '%@_.c_m' AND (s)::text ~~ 'a%'": [
        Said("email", "pattern", "^.*@.\\.c.m$"),
        Said("s", "pattern", "^a.*$"),
    ],
    "json_valid(`extra`)": [Said("extra", "json")],
}
UNREAD = {
    "x < y": "it compares x with y",
    "email NOT LIKE '%@%'": "'NOT' is not understood",
    "email LIKE '[ab]%'": "LIKE '[ab]%' is not the same in all databases",
    "email LIKE 'a\\_%'": "is not the same in all databases",
    "email ~ '[[:alpha:]]'": "the regular expression '[[:alpha:]]' is of a syntax of its own",
    "email ~ '\\yx'": "is of a syntax of its own",
    "email ~ other": "a list holds more than constants",
    "email !~ 'x'": "'!~' is not understood",
    "email ~ 3": "it matches no constant text",
    "upper(s) = s": "the function upper is not read",
    "a > 1 OR b > 2": "OR joins conditions of a, b",
    "x > 1 OR x < 0": "OR joins more than values of one column",
    "x + 1 > 2": "'+' is not understood",
    "NOT x": "'x' is not understood",
    "x IN (SELECT 1)": "a list holds more than constants",
    "x >": "it ends too soon",
    "'a": "is not understood",
    "x <> 3": "x is to have all values but 3",
    "x = NULL": "it compares with NULL",
    "(" * 5000 + "x > 1" + ")" * 5000: "nested too deep",
}


@pytest.mark.parametrize("sql", CONDITIONS)
def test_a_simple_condition_is_read(sql: str) -> None:
    assert read_condition(sql) == (CONDITIONS[sql], [])


@pytest.mark.parametrize("sql", UNREAD, ids=lambda sql: sql[:20])
def test_any_other_condition_says_why_it_is_not(sql: str) -> None:
    said, (why,) = read_condition(sql)
    assert said == []
    assert UNREAD[sql] in why


def test_of_conditions_joined_by_and_those_that_can_be_read_are() -> None:
    assert read_condition("x < y AND length(s) <= 5 AND upper(s) = s") == (
        [Said("s", "max_length", 5)],
        ["it compares x with y", "the function upper is not read"],
    )


def test_the_checks_of_a_statement_are_found_whatever_is_around_them() -> None:
    statement = """CREATE TABLE "check" (a INT CHECK (a > (0)), -- CHECK (no)
      b TEXT DEFAULT 'CHECK (no)' /* CHECK (no) */ check(b <> ')'), CONSTRAINT c CHECK ("check (" > 1))"""
    assert checks_in(statement) == ["a > (0)", "b <> ')'", '"check (" > 1']


CHECKED = """CREATE TABLE t (
  id INTEGER PRIMARY KEY, price NUMERIC(8,2) NOT NULL CHECK (price >= 0.5), rate FLOAT CHECK (rate < 1.5 AND rate >= 0),
  tier TEXT NOT NULL CHECK (tier IN ('gold', 'silver')), code CHAR(9) NOT NULL CHECK (length(code) = 5),
  stars INT CHECK (stars IN (1, 2, 3)), active BOOLEAN NOT NULL CHECK (active IN (0, 1)), half INT CHECK (half > 0.5),
  since DATE CHECK (since >= '2000-01-01'), seen DATETIME CHECK (seen < '2030-01-01 00:00:00'), until DATE,
  name VARCHAR(3) CHECK (NAME IN ('abc', 'much too long')), known TEXT CHECK (known IS NOT NULL),
  CHECK (until > since), CHECK (price < 100 AND price <> 7), CHECK (tier > 5));"""


def test_checks_are_bounds_choices_and_lengths_and_no_other_is_dropped(tmp_path: Path) -> None:
    schema = load_schema(database(tmp_path, CHECKED))
    found = columns(schema, "t")
    bounds = ("minimum", "minimum_excluded", "maximum", "maximum_excluded")
    said = {name: tuple(getattr(column, fact) for fact in bounds) for name, column in found.items()}
    assert said["price"] == (Decimal("0.5"), False, 100, True)
    assert said["rate"] == (0, False, 1.5, True)
    assert said["half"] == (0, True, None, False)  # whole numbers above 0.5
    assert (str(said["since"][0]), str(said["seen"][2])) == ("2000-01-01", "2030-01-01 00:00:00")
    assert found["tier"] == Column("tier", "choice", choices=("gold", "silver"))
    assert found["stars"] == Column("stars", "choice", choices=(1, 2, 3), nulls=NULLS)
    assert found["active"] == Column("active", "boolean")
    assert found["name"] == Column("name", "choice", choices=("abc",), nulls=NULLS)
    assert found["known"] == Column("known", "text")
    assert (found["code"].min_length, found["code"].max_length) == (5, 5)
    assert unread(schema, "t") == [
        "CHECK (price < 100 AND price <> 7) is kept in part only: price is to have all values but 7.",
        "CHECK (tier > 5) is not kept: 5 is no value of str.",
        "CHECK (until > since) is not kept: it compares until with since.",
    ]


def test_what_is_not_kept_is_a_comment_in_models_and_a_warning_beside_them_and_beside_a_run(
    forks: Forks, tmp_path: Path
) -> None:
    url = database(tmp_path, "CREATE TABLE t (a INT, b INT, CHECK (a < b)); INSERT INTO t VALUES (1, 2);")
    sentence = "CHECK (a < b) is not kept: it compares a with b."
    written = forks("schema", url, cwd=tmp_path)
    assert (written.code, f"    # {sentence}\n" in written.out) == (0, True), written.err
    assert written.err == f"warning: t: {sentence}\n"
    ran = forks("--schema", url, "--out", "data", cwd=tmp_path)
    assert (ran.code, f"warning: t: {sentence}\n" in ran.err) == (0, True), ran.err
    described = forks("describe", "--schema", url, "--json", cwd=tmp_path)
    assert json.loads(described.out)["unread"] == [f"t: {sentence}"]
    assert f"t: {sentence}" in forks("describe", "--schema", url, cwd=tmp_path).out


# -- keys ---------------------------------------------------------------------------------------------------------

KEYS = """
CREATE TABLE parent (id INTEGER PRIMARY KEY, code VARCHAR(9) NOT NULL UNIQUE, a INT, b INT, UNIQUE (a, b));
CREATE TABLE child (
  parent INTEGER PRIMARY KEY REFERENCES parent, code VARCHAR(5) REFERENCES parent(code), boss INT REFERENCES child,
  a INT, b INT, FOREIGN KEY (a, b) REFERENCES parent (a, b));
CREATE TABLE pair (x INT REFERENCES child(parent), y TEXT, z INT, PRIMARY KEY (x, y));
CREATE TABLE of_pair (x INT REFERENCES child(parent), y TEXT, w INT REFERENCES missing(id),
  FOREIGN KEY (x, y) REFERENCES pair (x, y));
CREATE UNIQUE INDEX some ON pair (z) WHERE z > 0;
CREATE UNIQUE INDEX lowered ON pair (lower(y));
CREATE UNIQUE INDEX both ON pair (y, z);
CREATE TABLE egg (id INTEGER PRIMARY KEY, hen INT NOT NULL REFERENCES hen);
CREATE TABLE hen (id INTEGER PRIMARY KEY, egg INT REFERENCES egg);
CREATE VIEW seen AS SELECT * FROM pair;
"""


def test_keys_references_and_what_is_unique_are_read(tmp_path: Path) -> None:
    schema = load_schema(database(tmp_path, KEYS))
    assert [table.name for table in schema.spec.tables] == ["child", "egg", "hen", "of_pair", "pair", "parent"]
    parent, child, pair, of_pair = (columns(schema, name) for name in ("parent", "child", "pair", "of_pair"))
    assert {name: (c.key, c.unique, c.max_length) for name, c in parent.items()} == {
        "id": (Key(), (), None),
        "code": (None, ("code",), 5),  # as short as what refers to it
        "a": (None, ("a_b",), None),
        "b": (None, ("a_b",), None),
    }
    assert {name: (c.key, c.reference) for name, c in child.items()} == {
        "parent": (Key(), Reference("parent", "id")),
        "code": (None, Reference("parent", "code")),
        "boss": (None, Reference("child", "parent")),
        "a": (None, Reference("parent", "a", "a_b")),
        "b": (None, Reference("parent", "b", "a_b")),
    }
    assert {name: (c.key, c.unique, c.nulls) for name, c in pair.items()} == {
        "x": (Key(), (), None),
        "y": (Key(), (), None),
        "z": (None, (), NULLS),
    }
    # the reference to child is that of pair.x, too
    assert {name: c.reference for name, c in of_pair.items()} == {
        "x": Reference("pair", "x", "x_y"),
        "y": Reference("pair", "y", "x_y"),
        "w": None,
    }
    assert columns(schema, "egg")["hen"] == Column("hen", "integer", reference=Reference("hen", "id"))
    assert schema.unread == (
        ("", "Skipped unsupported reflection of expression-based index lowered."),
        ("of_pair", "The reference of w to missing.id is not kept: that is not among the tables that are read."),
        ("pair", "The unique index some is not kept: it is of some rows only."),
        ("pair", "UNIQUE (y, z) is not kept: it overlaps with (x, y)."),
    )
    assert read_back(tmp_path, schema).spec == schema.spec
    assert spec_from_json(json.loads(json.dumps(spec_to_json(schema.spec)))) == schema.spec


def test_a_column_of_two_references_has_one_and_it_is_said(tmp_path: Path) -> None:
    ddl = "CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (id INTEGER PRIMARY KEY);"
    schema = load_schema(database(tmp_path, ddl + "CREATE TABLE c (x INT REFERENCES a REFERENCES b);"))
    assert columns(schema, "c")["x"].reference in (Reference("a", "id"), Reference("b", "id"))
    (said,) = unread(schema, "c")
    assert said.startswith("The reference of x to ")
    assert said.endswith(".id is not kept: a column of it has another one already.")


# -- names --------------------------------------------------------------------------------------------------------

NAMES = """
CREATE TABLE "Order Details" ("from" INTEGER PRIMARY KEY, "Unit Price" NUMERIC(10,2) NOT NULL, "json" INT, "1st" INT,
  "größe" INT, "_x" INT, "model_config" INT, "say ""so"" \\ now" TEXT UNIQUE, "class" INT NOT NULL, class_ INT);
CREATE TABLE "OrderDetails" (x INT); CREATE TABLE schema (x INT REFERENCES "Order Details"); CREATE TABLE "--" (x INT);
"""


def test_names_that_python_does_not_take_are_kept_by_models(forks: Forks, tmp_path: Path) -> None:
    url = database(tmp_path, NAMES)
    schema = load_schema(url)
    assert columns(schema, "Order Details")['say "so" \\ now'].unique == ('say "so" \\ now',)
    again = read_back(tmp_path, schema)
    assert again.spec == schema.spec
    fields = list(again._models["Order Details"].model_fields)
    assert fields == [
        "from_",
        "Unit_Price",
        "json_",
        "n1st",
        "größe",
        "x",
        "model_config_",
        "say_so_now",
        "class__",
        "class_",
    ]
    rows = ("--rows", "Order Details=9", "--rows", "schema=9")
    ran = forks("--schema", "written.py", *rows, "--out", "data", cwd=tmp_path)
    assert ran.code == 0, ran.err
    row = json.loads(forks("row", "Order Details", 3, "--schema", "written.py", *rows, cwd=tmp_path).out)
    assert list(row) == [column.name for column in schema.spec.table("Order Details").columns]


NAMED = """
from typing import Annotated
from pydantic import BaseModel, Field, field_validator
from gen import ColumnName, PrimaryKey, Schema, Unique

class Line(BaseModel):
    id: Annotated[int, PrimaryKey()]
    price: Annotated[int, ColumnName("Unit Price"), Field(ge=0, le=99)]

    @field_validator("price")
    @classmethod
    def _is_even(cls, price: int) -> int:
        assert price % 2 == 0, "odd"
        return price

schema = Schema()
schema.add(Line, rows=300, name="Order Line")
"""


def test_rows_of_a_table_of_another_name_are_judged_and_made_by_the_model(tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text(NAMED, "utf-8")
    schema = load_schema(f"{tmp_path}/models.py")
    (model,) = schema._models.values()
    found = list(schema.rows(model))
    assert len(found) == 300
    assert all(row.price % 2 == 0 for row in found)
    assert schema.table(model).arrow().column("Unit Price").to_pylist() == [row.price for row in found]


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ('x: list[Annotated[int, ColumnName("y")]]', "no field of a table"),
        ('x: Annotated[int, ColumnName("y")] | None', "no field of a table"),
        ("x: Inner", "no field of a table"),
        ('x: Annotated[int, ColumnName("z")]; z: int', "two columns are called 'z'"),
        ('x: Annotated[int, ColumnName("")]', "its column is called ''"),
    ],
)
def test_a_column_name_of_what_is_no_column_is_refused(field: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text(
        "from typing import Annotated\nfrom pydantic import BaseModel\nfrom gen import ColumnName\n"
        f'class Inner(BaseModel):\n    i: Annotated[int, ColumnName("j")]\nclass Thing(BaseModel):\n    {field}\n'
    )
    with pytest.raises(SchemaError, match=said):
        load_schema(f"{tmp_path}/models.py:Thing")


# -- the real ones ------------------------------------------------------------------------------------------------

needs_data = pytest.mark.skipif(DATA is None, reason="GEN_TEST_DATA names no folder with the real databases")


@needs_data
@pytest.mark.parametrize(("name", "tables", "rows"), [("chinook", 11, 15_607), ("northwind", 13, 3_310)])
def test_a_real_database_comes_back_from_models_that_are_written(
    name: str, tables: int, rows: int, tmp_path: Path
) -> None:
    schema = load_schema(f"sqlite:///{DATA}/{name}.sqlite")
    assert schema.unread == ()
    assert (len(schema.spec.tables), sum(table.rows for table in schema.spec.tables)) == (tables, rows)
    assert read_back(tmp_path, schema).spec == schema.spec


@needs_data
def test_what_real_databases_declare_is_there() -> None:
    northwind = load_schema(f"sqlite:///{DATA}/northwind.sqlite")
    details = columns(northwind, "Order Details")
    assert [name for name, column in details.items() if column.key] == ["OrderID", "ProductID"]
    assert details["Quantity"] == Column("Quantity", "integer", minimum=0, minimum_excluded=True)
    assert (details["Discount"].minimum, details["Discount"].maximum) == (0, 1)
    assert columns(northwind, "Employees")["ReportsTo"].reference == Reference("Employees", "EmployeeID")
    assert northwind.spec.table("CustomerDemographics").rows == 0
    chinook = load_schema(f"sqlite:///{DATA}/chinook.sqlite")
    track = columns(chinook, "Track")
    assert track["UnitPrice"] == Column("UnitPrice", "decimal", max_digits=10, decimal_places=2)
    assert track["AlbumId"] == Column("AlbumId", "integer", nulls=NULLS, reference=Reference("Album", "AlbumId"))


# -- runs ---------------------------------------------------------------------------------------------------------

SHOP = """
CREATE TABLE customer (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL, tier TEXT CHECK (tier IN ('gold', 'tin')));
CREATE TABLE purchase (id INTEGER PRIMARY KEY, customer INT NOT NULL REFERENCES customer, amount NUMERIC(8, 2));
CREATE TABLE spare (id INTEGER PRIMARY KEY);
INSERT INTO customer VALUES (1, 'A', 'tin'), (2, 'B', NULL);
INSERT INTO purchase VALUES (1, 1, 2), (2, 1, 3), (3, 2, 4), (4, 2, 4), (5, 2, 4), (6, 2, 4);
"""


def test_a_run_of_a_database_has_its_row_counts_and_verifies_without_it(forks: Forks, tmp_path: Path) -> None:
    url = database(tmp_path, SHOP)
    ran = forks("--schema", "sqlite:///shop.sqlite", "--scale", 50, "--out", "data", *AS_OF, cwd=tmp_path)
    assert ran.code == 0, ran.err
    tables = json.loads((tmp_path / "data/_gen/manifest.json").read_text())["tables"]
    assert {name: table["rows"] for name, table in tables.items()} == {"customer": 100, "spare": 0, "purchase": 300}
    assert json.loads((tmp_path / "data/_gen/run.json").read_text())["schema"] == url
    (tmp_path / "shop.sqlite").unlink()
    assert forks("verify", "data", cwd=tmp_path).code == 0


def test_an_empty_table_stays_empty_when_the_others_grow(forks: Forks, tmp_path: Path) -> None:
    url = database(tmp_path, SHOP)
    said = json.loads(forks("describe", "--schema", url, "--rows", 600, "--json", cwd=tmp_path).out)["tables"]
    assert {name: table["rows"] for name, table in said.items()} == {"customer": 200, "spare": 0, "purchase": 600}


FITTING = """
CREATE TABLE kind (code CHAR(3) PRIMARY KEY CHECK (length(code) = 3), note TEXT CHECK (note <> ''));
CREATE TABLE thing (
  id INTEGER PRIMARY KEY, kind VARCHAR(9) NOT NULL REFERENCES kind, twin INT REFERENCES thing,
  price NUMERIC(8, 2) NOT NULL CHECK (price > 0 AND price <= 99.5), rate REAL CHECK (rate BETWEEN 0 AND 1),
  tier TEXT NOT NULL CHECK (tier = 'gold' OR tier = 'tin'), stars INT CHECK (stars IN (1, 2, 3) OR stars IS NULL),
  code VARCHAR(20) CHECK (length(code) > 7), born DATE CHECK (born >= '2001-01-01'), cold INT CHECK (cold < -5));
"""


def test_what_is_drawn_for_a_database_is_taken_by_it(tmp_path: Path) -> None:
    """SQLite itself judges its conditions and references."""
    schema = load_schema(database(tmp_path, FITTING))
    assert schema.unread == ()
    path = tmp_path / "models.py"
    path.write_text(as_models(schema).replace("rows=0", "rows=500"), "utf-8")
    made = load_schema(str(path))
    with sqlite3.connect(tmp_path / "shop.sqlite") as connection:
        for name in ("kind", "thing"):
            rows = made.table(name).arrow().to_pylist()
            known = [tuple(str(v) if isinstance(v, (date, Decimal)) else v for v in row.values()) for row in rows]
            connection.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(known[0]))})", known)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("SELECT count(*) FROM thing JOIN kind ON kind.code = thing.kind").fetchone() == (500,)
    connection.close()


def test_a_database_is_only_read(tmp_path: Path) -> None:
    url = database(tmp_path, SHOP)
    before = (tmp_path / "shop.sqlite").read_bytes()
    load_schema(url)
    assert (tmp_path / "shop.sqlite").read_bytes() == before
    assert os.listdir(tmp_path) == ["shop.sqlite"]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:///nowhere.sqlite", r"There is no database file nowhere\.sqlite\."),
        ("sqlite://", r"There is no database file\."),
        ("http://someone:hidden@host/x", "names no database that SQLAlchemy knows: 'http'"),
        ("sqlite+nothing:///x", "cannot be read|knows|driver|no database"),
        ("://", "is no URL of a database"),
        ("postgresql://someone:hidden@localhost:1/shop", "cannot be read: .*[Cc]onnection"),
        ("postgresql://someone:hidden@localhost:1/shop?sslpassword=hidden2", "cannot be read"),
    ],
)
def test_what_is_no_database_is_refused_without_its_password(url: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match=said) as refused:
        load_schema(url)
    assert "hidden" not in refused.value.message + refused.value.hint
    assert refused.value.__suppress_context__ or refused.value.__context__ is None  # nothing else is shown with it


def test_a_file_that_is_no_database_and_one_without_tables_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.sqlite").write_text("no database at all, " * 100)
    with pytest.raises(BadRequest, match="cannot be read: file is not a database"):
        load_schema(f"sqlite:///{tmp_path}/text.sqlite")
    with pytest.raises(SchemaError, match="has no tables"):
        load_schema(database(tmp_path, "CREATE VIEW v AS SELECT 1;"))


def test_without_sqlalchemy_or_a_driver_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadRequest, match="needs the driver") as refused:
        load_schema("oracle+oracledb://someone:hidden@host/x")
    assert "pip install oracledb" in refused.value.hint
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(BadRequest, match="needs SQLAlchemy, which is not installed") as refused:
        load_schema("sqlite:///x.sqlite")
    assert "pip install 'gen[database]'" in refused.value.hint


# -- modules ------------------------------------------------------------------------------------------------------

DECLARATIVE = """
import datetime
from sqlalchemy import Column, ForeignKey, String, Table, CheckConstraint, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

class Base(DeclarativeBase):
    pass

class Team(Base):
    __tablename__ = "team"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(30), unique=True)
    people: Mapped[list["Person"]] = relationship(secondary="membership")

class Person(Base):
    __tablename__ = "person"
    __table_args__ = (CheckConstraint("age >= 18"), UniqueConstraint("first", "last", name="full"))
    id: Mapped[int] = mapped_column(primary_key=True)
    first: Mapped[str]
    last: Mapped[str]
    age: Mapped[int]
    born: Mapped[datetime.date | None]
    boss: Mapped[int | None] = mapped_column(ForeignKey("person.id"))

membership = Table(
    "membership", Base.metadata,
    Column("team", ForeignKey("team.id"), primary_key=True),
    Column("person", ForeignKey("person.id"), primary_key=True),
)

class Alone(Base):
    __tablename__ = "alone"
    team: Mapped[int] = mapped_column(ForeignKey("team.id"), primary_key=True)
"""


@pytest.mark.parametrize(
    ("name", "tables"),
    [
        ("", ["team", "person", "membership", "alone"]),
        (":Base", ["team", "person", "membership", "alone"]),
        (":Alone", ["team", "alone"]),
        (":Person", ["person"]),
        (":membership", ["team", "person", "membership"]),
    ],
)
def test_declarative_classes_are_tables_and_what_they_refer_to_comes_with_them(
    name: str, tables: list[str], tmp_path: Path
) -> None:
    (tmp_path / "models.py").write_text(DECLARATIVE, "utf-8")
    schema = load_schema(f"{tmp_path}/models.py{name}")
    assert [table.name for table in schema.spec.tables] == tables
    assert {table.rows for table in schema.spec.tables} == {1000}


def test_declarative_columns_are_as_they_are_mapped(tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text(DECLARATIVE, "utf-8")
    schema = load_schema(f"{tmp_path}/models.py")
    person, team = columns(schema, "person"), columns(schema, "team")
    assert (person["age"].minimum, person["age"].maximum) == (18, 2147483647)
    assert person["born"] == Column("born", "date", nulls=NULLS)
    assert person["first"] == Column("first", "text", unique=("full",))
    assert person["boss"] == Column("boss", "integer", nulls=NULLS, reference=Reference("person", "id"))
    assert team["name"] == Column("name", "text", max_length=30, unique=("name",))
    assert read_back(tmp_path, schema).spec == schema.spec


SQLMODEL = """
from typing import Annotated
from pydantic import EmailStr
from gen import Nulls
from sqlmodel import Field, Relationship, SQLModel

class HeroBase(SQLModel):
    name: str = Field(index=True, max_length=20)
    age: int | None = Field(default=None, ge=18, le=99)

class Team(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    headquarters: str
    heroes: list["Hero"] = Relationship(back_populates="team")

class Hero(HeroBase, table=True):
    id: int | None = Field(default=None, primary_key=True)
    email: EmailStr = Field(unique=True)
    team_id: int | None = Field(default=None, foreign_key="team.id")
    team: Team | None = Relationship(back_populates="heroes")

class HeroCreate(HeroBase):
    pass
"""


def test_sqlmodel_classes_say_by_pydantic_what_sql_does_not(tmp_path: Path) -> None:
    pytest.importorskip("sqlmodel")
    (tmp_path / "heroes.py").write_text(SQLMODEL, "utf-8")
    schema = load_schema(f"{tmp_path}/heroes.py")
    assert [table.name for table in schema.spec.tables] == ["team", "hero"]
    hero = columns(schema, "hero")
    assert hero["id"] == Column("id", "integer", maximum=2147483647, key=Key())
    assert hero["name"] == Column("name", "text", max_length=20)
    assert hero["age"] == Column("age", "integer", minimum=18, maximum=99, nulls=NULLS)
    assert (hero["email"].format, hero["email"].unique) == ("email", ("email",))
    assert hero["team_id"] == Column("team_id", "integer", nulls=NULLS, reference=Reference("team", "id"))
    assert [t.name for t in load_schema(f"{tmp_path}/heroes.py:HeroCreate").spec.tables] == ["HeroCreate"]
    assert load_schema(f"{tmp_path}/heroes.py").spec == schema.spec  # a second time, in the same process
    assert read_back(tmp_path, schema).spec == schema.spec


# -- models, written ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (Column("x", "object", parts=(Column("y", "integer"),)), "it is a model"),
        (Column("x", "choice", choices=(Decimal("0.5"),)), "a Literal has no values like these"),
        (Column("x", "integer", derived="1 + 1"), "derived = '1 \\+ 1' would get lost"),
        (Column("x", "text", format="iban"), "format = 'iban' would get lost"),
    ],
)
def test_what_models_cannot_say_is_refused_with_its_field(column: Column, said: str) -> None:
    with pytest.raises(SchemaError, match=rf"T\.x cannot be written as a field of a model: {said}"):
        source_of(Spec("s", (Table("T", (column,)),)))


def test_no_name_and_no_comment_becomes_code(tmp_path: Path) -> None:
    evil = 'x"""\nraise SystemExit(1)\n"""\\'
    table = Table(evil, (Column(evil, "text", description=evil),), description=evil)
    source = source_of(Spec(evil, (table,)), evil, [(evil, evil), ("", evil)])
    (tmp_path / "written.py").write_text(source, "utf-8")
    again = load_schema(f"{tmp_path}/written.py").spec
    assert again.tables == (replace(table, description=None),)
    assert again.tables[0].columns[0].description == evil


def test_schema_writes_models_of_a_database_and_json_of_all_else_unless_told(forks: Forks, tmp_path: Path) -> None:
    url = database(tmp_path, SHOP)
    (tmp_path / "models.py").write_text(forks("schema", url, cwd=tmp_path).out, "utf-8")
    as_json = forks("schema", url, "--as", "json", cwd=tmp_path).out
    assert list(json.loads(as_json)["$defs"]) == ["customer", "purchase", "spare"]
    assert forks("schema", "models.py", cwd=tmp_path).out == as_json
    assert "class Customer(BaseModel):" in forks("schema", "models.py", "--as", "models", cwd=tmp_path).out
    refused = forks("schema", url, "--as", "sql", cwd=tmp_path)
    assert (refused.code, "--as sql: there is no such form" in refused.err) == (2, True)


def test_a_key_that_is_referred_to_is_never_null_though_the_database_would_let_it(tmp_path: Path) -> None:
    ddl = "CREATE TABLE a (id INTEGER PRIMARY KEY, code INT UNIQUE); CREATE TABLE b (a INT REFERENCES a(code));"
    schema = load_schema(database(tmp_path, ddl + "INSERT INTO a VALUES (1, 1), (2, 2); INSERT INTO b VALUES (1);"))
    assert columns(schema, "a")["code"].nulls == 0
    assert {row["a"] for row in schema.rows("b")} <= {row["code"] for row in schema.rows("a")}
