"""The program as its users meet it: commands, exit codes, and what goes to which stream."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from program import AS_OF, EMPLOYEE, Ended, Forks, gen, query

# -- generate ---------------------------------------------------------------------------------------------


def test_without_arguments_the_example_is_made(tmp_path: Path) -> None:
    ended = gen(cwd=tmp_path)
    assert ended.code == 0, ended.err
    out = tmp_path / "gen-data" / "employee-10000-seed0"
    assert query(f"select count(*), count(distinct id) from '{out}/Employee/*.parquet'") == [(10_000, 10_000)]
    assert query(f"select count(*), count(distinct id) from '{out}/Manager/*.parquet'") == [(1000, 1000)]
    orphans = (
        f"select count(*) from '{out}/Employee/*.parquet' e anti join '{out}/Manager/*.parquet' m on e.manager = m.id"
    )
    assert query(orphans) == [(0,)]
    assert ended.out == ""
    assert "Employee" in ended.err
    assert str(out) in ended.err
    assert gen("verify", out, cwd=tmp_path).code == 0


def test_the_installed_command_is_the_same_program(tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("gen")
    for command in ([str(program)], [sys.executable, "-m", "gen"]):
        ended = subprocess.run(
            [*command, "--help"], capture_output=True, text=True, timeout=30, check=True, cwd=tmp_path
        )
        assert "generate" in ended.stdout


def test_json_is_all_there_is_on_standard_output(forks: Forks, tmp_path: Path) -> None:
    ended = forks("generate", "--rows", 50, "--out", "data", "--json", cwd=tmp_path)
    summary = json.loads(ended.out)
    assert summary["tables"]["Employee"]["rows"] == 50
    assert summary["complete"] is True
    assert summary["path"] == str(tmp_path / "data")
    assert ended.err


@pytest.mark.parametrize("asked", [("row", "Employee", "0"), ("describe",)])
def test_an_answer_that_cannot_be_written_is_not_a_success(asked: tuple[str, ...], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gen", *asked]
    with open("/dev/full", "w") as full:
        ended = subprocess.run(command, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert ended.returncode == 1
    assert "No space left on device" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_quiet_is_silent(forks: Forks, tmp_path: Path) -> None:
    assert forks("--rows", 50, "--out", "data", "--quiet", cwd=tmp_path) == Ended(0, "", "")
    assert forks("verify", "data", "--quiet", cwd=tmp_path) == Ended(0, "", "")
    ended = forks("--rows", 50, "--out", "more", "--quiet", "--json", cwd=tmp_path)
    assert json.loads(ended.out)["rows"] == 55
    assert ended.err == ""


def test_counts_seed_and_pins_do_what_they_say(forks: Forks, tmp_path: Path) -> None:
    asked = ("--rows", "2e3", "--rows", "Manager=7", "--seed", 3, *AS_OF)
    ended = forks(*asked, "--json", cwd=tmp_path)
    tables = json.loads(ended.out)["tables"]
    assert {name: table["rows"] for name, table in tables.items()} == {"Employee": 2000, "Manager": 7}
    assert (tmp_path / "gen-data" / "employee-2000-seed3" / "_SUCCESS").exists()


def test_a_models_file_a_module_and_an_object_are_found(forks: Forks, tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text(EMPLOYEE, "utf-8")
    for number, spec in enumerate(
        ("models.py", "models.py:Employee", "models", str(tmp_path / "models.py"), "./models.py")
    ):
        ended = forks("--schema", spec, "--out", number, "--json", cwd=tmp_path)
        assert ended.code == 0, ended.err
        assert json.loads(ended.out)["tables"]["Employee"]["rows"] == 1000


# -- describe and row -------------------------------------------------------------------------------------


def test_describe_names_every_table_and_column(forks: Forks, tmp_path: Path) -> None:
    ended = forks("describe", "--rows", "1e9", cwd=tmp_path)
    assert ended.code == 0, ended.err
    for word in (
        "Employee",
        "Manager",
        "1,000,000,000",
        "100,000,000",
        "hire_date",
        "department_id",
        "primary",
        "normal",
    ):
        assert word in ended.out
    assert ended.err == ""
    assert not list(tmp_path.iterdir())


def test_describe_says_what_is_never_drawn(forks: Forks, tmp_path: Path) -> None:
    never = {"type": "integer", "minimum": 3, "maximum": 1}
    thing = {"type": "object", "properties": {"a": {"anyOf": [{"type": "boolean"}, never]}}, "required": ["a"]}
    document = {"title": "Thing", "anyOf": [thing, {"title": "No", "type": "array", "items": never, "minItems": 1}]}
    (tmp_path / "schema.json").write_text(json.dumps(document))
    asked = ("describe", "--schema", "schema.json")
    table = json.loads(forks(*asked, "--json", cwd=tmp_path).out)["tables"]["Thing"]
    of_a = "never drawn: integer (anyOf/1: no number lies between 3 and 1)"
    assert of_a in table["columns"][0]["reason"]
    assert [said.startswith("never drawn: No (anyOf/1:") for said in table["never_drawn"]] == [True]
    text = " ".join(forks(*asked, cwd=tmp_path).out.replace("│", " ").split())
    assert of_a in text
    assert table["never_drawn"][0] in text


def test_describe_as_json_is_data(forks: Forks, tmp_path: Path) -> None:
    described = json.loads(forks("describe", "--rows", 500, "--json", cwd=tmp_path).out)
    assert {name: table["rows"] for name, table in described["tables"].items()} == {"Employee": 500, "Manager": 50}
    columns = {c["column"]: c for c in described["tables"]["Employee"]["columns"]}
    assert list(columns) == ["id", "name", "hire_date", "velocity", "manager"]
    assert columns["id"]["key"] == "primary"
    assert columns["id"]["cardinality"] == 2**32
    assert columns["manager"]["key"] == "-> Manager.id"


WIDE = """
import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from pydantic import BaseModel, EmailStr, Field
from gen import *

class Dice(Synthesizer):
    def draw(self, generator, n):
        return generator.integers(1, 7, n)

def tripled(row):
    return row.quantity * 3

class Inner(BaseModel):
    a: int
    b: Annotated[int, Derived("a + 1")]

class City(BaseModel):
    id: Annotated[int, PrimaryKey(order="scattered")]

class Wide(BaseModel):
"""
# declaration -> what describe says of its distribution
SAID = {
    "id: Annotated[str, PrimaryKey()]": "each once, scattered",
    "city: Annotated[int, ForeignKey('City.id')]": "each row of City equally likely",
    "price: Annotated[Decimal, Field(ge=0, le=100, decimal_places=2)]": "uniform",
    "quantity: Annotated[int, Field(ge=1, le=9)]": "uniform",
    "total: Annotated[Decimal, Derived('price * quantity')]": "computed: price * quantity",
    "treble: Annotated[int, Derived(tripled)]": "computed by tripled",
    "same: Annotated[int, Derived(lambda r: r.quantity)]": "computed by a lambda",
    "segment: Literal['home', 'business']": "uniform",
    "fixed: Literal['x']": "constant",
    "spend: Annotated[float, Given('segment', {'home': Normal(40, 5), 'business': Normal(400, 90)})]": "given segment: "
    "home normal(mean=40, deviation=5), business normal(mean=400, deviation=90)",
    "tier: Annotated[Literal['a', 'b'], Given('segment', {'home': {'a': 3, 'b': 1}, 'business': {'b': 1}})]": "given "
    "segment: home weights(3, 1), business weights(0, 1)",
    "place: Annotated[str, Given('segment', {'home': Domain('city'), 'business': Domain('country')})]": "given "
    "segment: "
    "home domain 'city', business domain 'country'",
    "many: Annotated[float, Given('quantity', {i: Uniform() for i in range(1, 10)})]": "given quantity: 1 uniform, "
    "2 uniform, 3 uniform, 4 uniform, and 5 more",
    "start: datetime.date": "uniform",
    "end: Annotated[datetime.date, After('start', within=datetime.timedelta(days=30))]": "after start, within 30 days",
    "later: Annotated[datetime.date, After('start')]": "after start",
    "last: Annotated[datetime.datetime, After('first', least=90, within=3600)]": "after first, by 90 seconds or more, "
    "within 1 hour",
    "first: datetime.datetime": "uniform",
    "more: Annotated[int, After('quantity', within=5), Exponential(2)]": "after quantity, within 5, distance "
    "exponential(start=1, mean=2)",
    "shipped: Annotated[datetime.date | None, When(\"segment == 'home'\"), Nulls(0.2)]": "uniform, "
    "when segment == 'home'",
    "manager: Annotated[int, DependsOn('city', 'segment')]": "depends on city and segment",
    "country: Annotated[str, DependsOn('segment', {'home': 'FR', 'business': 'IT'})]": "depends "
    "on segment, by a table of 2",
    "height: Annotated[float, Normal(170, 10)]": "normal(mean=170, "
    "deviation=10), correlated with weight 0.7 and age -0.1",
    "weight: Annotated[float, Correlated({'height': 0.7})]": "uniform, correlated with height 0.7",
    "age: Annotated[int, Correlated({'height': -0.1})]": "uniform, correlated with height -0.1",
    "name: Annotated[str, Domain('name')]": "by the row's person",
    "e_mail: EmailStr": "by the row's person",
    "company: Annotated[str, Faker('company')]": "as often as Faker gives them",
    "ssn: Annotated[str, Nulls(0.1, value='none')]": "uniform",
    "tags: list[Annotated[int, Zipf(2)]]": "lengths 0 to 5; items: zipf(start=0, exponent=2)",
    "inner: Inner": "b: computed: a + 1",
    "branches: Annotated[int | Inner, Weights([3, 1])]": "75% integer, 25% Inner (b: computed: a + 1)",
    "mixture: Annotated[float, Mixture([(3, Normal(3, 1)), (1, Normal(7, 2))])]": "mixture(parts=[3 normal, 1 normal])",
    "histogram: Annotated[float, Histogram([0, 100, 250], [1, 5])]": "histogram(edges=[0, 100, 250], weights=[1, 5])",
    "dice: Annotated[int, SynthesizedBy('Dice')]": "as Dice draws it",
    "flag: Annotated[bool, Noise(wrong_type=0.02)]": "uniform",
    "nothing: None": "always null",
}


def test_describe_says_of_every_column_what_is_true_of_it(forks: Forks, tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text(WIDE + "".join(f"    {line}\n" for line in SAID), "utf-8")
    ended = forks("describe", "--schema", "models.py", "--rows", 500, "--json", cwd=tmp_path)
    assert ended.code == 0, ended.err
    columns = {c["column"]: c for c in json.loads(ended.out)["tables"]["Wide"]["columns"]}
    assert {name: c["distribution"] for name, c in columns.items()} == {k.partition(":")[0]: v for k, v in SAID.items()}
    counts = {"country": 2, "manager": 1000, "place": None, "fixed": 1, "tier": 2, "city": 500, "end": 47_482}
    assert {name: columns[name]["cardinality"] for name in counts} == counts
    assert {name: columns[name]["bytes"] for name in ("country", "flag", "nothing", "first")} == {
        "country": 6.0,
        "flag": 24,  # texts, for the sake of the noise
        "nothing": 0,
        "first": 8.0,
    }
    assert (columns["ssn"]["nulls"], columns["ssn"]["null_value"], columns["nothing"]["nulls"]) == (0.1, "none", 1.0)
    shown = forks("describe", "--schema", "models.py", "--rows", 500, cwd=tmp_path).out
    words = ["timestamp[us]", "date32[day]", "10.0% as", "'none'", "noise: 10", "computed: price", "correlated with"]
    assert [word for word in words if word not in shown] == []
    assert "…" not in shown


@pytest.mark.parametrize(
    ("table", "index"), [("Employee", 0), ("Employee", 1234), ("Employee", 2999), ("Manager", 299)]
)
def test_row_prints_the_row_that_the_table_has(
    table: str, index: int, forks: Forks, undisturbed: Path, tmp_path: Path
) -> None:
    ended = forks("row", table, index, "--rows", 3000, *AS_OF, cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert ended.err == ""
    printed = json.loads(ended.out)
    (stored,) = query(f"from read_parquet('{undisturbed}/{table}/*.parquet') limit 1 offset {index}")
    assert list(printed.values()) == [value.isoformat() if hasattr(value, "isoformat") else value for value in stored]
