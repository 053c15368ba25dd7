"""The program as its users meet it: commands, exit codes, what goes to which stream, and one sentence for bad input."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

import psutil
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from gen.engine import local_cluster
from gen.run import Silent
from program import AS_OF, Ended, Forks, assert_whole, family, gen, parts, query, small_disk, stamps, wait_until

COMPANY = """
from typing import Annotated
from pydantic import BaseModel, Field
from gen import ForeignKey, Normal, PrimaryKey, Synthesizer, SynthesizedBy
"""
EMPLOYEE = (
    COMPANY
    + """
class Employee(BaseModel):
    id: Annotated[int, PrimaryKey()]
    age: Annotated[int, Field(ge=18, le=65)]
"""
)


def thing(field: str, before: str = "") -> str:
    """A file with one model of one field."""
    return f"{COMPANY}\n{before}\nclass Thing(BaseModel):\n    {field}\n"


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


def test_describe_as_json_is_data(forks: Forks, tmp_path: Path) -> None:
    described = json.loads(forks("describe", "--rows", 500, "--json", cwd=tmp_path).out)
    assert {name: table["rows"] for name, table in described["tables"].items()} == {"Employee": 500, "Manager": 50}
    columns = {c["column"]: c for c in described["tables"]["Employee"]["columns"]}
    assert list(columns) == ["id", "name", "hire_date", "velocity", "manager"]
    assert columns["id"]["key"] == "primary"
    assert columns["id"]["cardinality"] == 2**32
    assert columns["manager"]["key"] == "-> Manager.id"


@pytest.mark.parametrize(
    ("table", "index"), [("Employee", 0), ("Employee", 1234), ("Employee", 2999), ("Manager", 299)]
)
def test_row_prints_the_row_that_the_table_has(
    table: str, index: int, forks: Forks, undisturbed: Path, tmp_path: Path
) -> None:
    ended = forks("row", table, index, "--rows", 3000, cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert ended.err == ""
    printed = json.loads(ended.out)
    (stored,) = query(f"from read_parquet('{undisturbed}/{table}/*.parquet') limit 1 offset {index}")
    assert list(map(str, printed.values())) == list(map(str, stored))


# -- verify -----------------------------------------------------------------------------------------------


@pytest.fixture
def copied(undisturbed: Path, tmp_path: Path) -> Path:
    return shutil.copytree(undisturbed, tmp_path / "data")


PART = "Employee/part-000002.parquet"  # rows 1,000 to 1,499


def rewritten(change: Callable[[pa.Table], pa.Table]) -> Callable[[Path], None]:
    """Harm that leaves the file readable, its receipt included."""

    def harm(folder: Path) -> None:
        path = folder / PART
        metadata = pq.read_metadata(path).metadata
        table = pq.read_table(path)
        pq.write_table(change(table).cast(table.schema).replace_schema_metadata(metadata), path)

    return harm


def set_column(table: pa.Table, name: str, values: list[object]) -> pa.Table:
    return table.set_column(table.column_names.index(name), table.field(name), pa.array(values, table.field(name).type))


def flip(table: pa.Table) -> pa.Table:
    values = table["velocity"].to_pylist()
    values[17] += 1e-9
    return set_column(table, "velocity", values)


def rename_two_people(table: pa.Table) -> pa.Table:
    values = table["name"].to_pylist()
    values[3] = values[499] = "Nobody"
    return set_column(table, "name", values)


def exchange(table: pa.Table) -> pa.Table:
    values = table["velocity"].to_pylist()
    values[0], values[1] = values[1], values[0]
    return set_column(table, "velocity", values)


def delete(folder: Path) -> None:
    (folder / PART).unlink()


def cut(folder: Path) -> None:
    os.truncate(folder / PART, 100)


def add_a_file(folder: Path) -> None:
    shutil.copy(folder / PART, folder / "Employee" / "part-000099.parquet")


def lie(folder: Path) -> None:
    path = folder / "_gen" / "manifest.json"
    path.write_text(path.read_text("utf-8").replace('"rows": 300,', '"rows": 301,'), "utf-8")


def unseal(folder: Path) -> None:
    (folder / "_SUCCESS").unlink()


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (rewritten(flip), [PART, "column velocity", "1 of 500", "row 1,017"]),
        (rewritten(rename_two_people), [PART, "column name", "2 of 500", "row 1,003"]),
        (rewritten(exchange), [PART, "exchanged between rows"]),
        (rewritten(lambda table: table.slice(0, 499)), [PART, "499 rows instead of 500"]),
        (rewritten(lambda table: pa.concat_tables([table, table.slice(0, 1)])), [PART, "501 rows instead of 500"]),
        (delete, [PART, "missing"]),
        (cut, [PART, "cannot be read"]),
        (add_a_file, ["Employee/part-000099.parquet", "not part of the run"]),
        (lie, ["_gen/manifest.json"]),
        (unseal, ["_SUCCESS", "missing"]),
    ],
    ids=["flip", "two values", "exchange", "fewer", "more", "delete", "cut", "extra", "manifest", "unsealed"],
)
def test_verify_names_exactly_what_differs_and_repair_mends_it(
    harm: Callable[[Path], None], words: list[str], forks: Forks, undisturbed: Path, copied: Path
) -> None:
    harm(copied)
    before = stamps(copied)
    ended = forks("verify", copied, cwd=copied.parent)
    assert ended.code == 1
    (line,) = ended.out.splitlines()
    assert all(word in line for word in words), line
    assert stamps(copied) == before, "verify changed something"
    repaired = forks("verify", copied, "--repair", cwd=copied.parent)
    assert repaired.code == 0, repaired.err
    assert_whole(copied, undisturbed)
    untouched = {name: stamp for name, stamp in before.items() if name.endswith(".parquet") and name not in line}
    assert untouched.items() <= stamps(copied).items(), "repair rewrote what was right"
    clean = forks("verify", copied, cwd=copied.parent)
    assert (clean.code, clean.out) == (0, "")


def test_verify_of_several_harms_names_all_of_them(forks: Forks, undisturbed: Path, copied: Path) -> None:
    rewritten(flip)(copied)
    (copied / "Manager" / "part-000000.parquet").unlink()
    ended = gen("verify", copied, "--workers", 2, "--json", cwd=copied.parent)
    assert ended.code == 1
    verdict = json.loads(ended.out)
    assert verdict["good"] is False
    assert [line.split(":")[0] for line in verdict["differences"]] == [PART, "Manager/part-000000.parquet"]
    assert forks("verify", copied, "--repair", cwd=copied.parent).code == 0
    assert_whole(copied, undisturbed)


def test_verify_sees_values_of_another_seed_behind_a_right_name(forks: Forks, copied: Path) -> None:
    asked = ("--rows", 3000, "--partition-rows", 500, "--seed", 8, *AS_OF)
    assert forks(*asked, "--out", "other", cwd=copied.parent).code == 0
    shutil.copy(copied.parent / "other" / PART, copied / PART)
    ended = forks("verify", copied, cwd=copied.parent)
    assert ended.code == 1
    assert all(line.startswith(PART) for line in ended.out.splitlines())
    found = pq.read_table(copied / PART)
    assert pc.count_distinct(found["id"]).as_py() == 500


# -- workers of this machine ------------------------------------------------------------------------------

SCRIPT = """
import gen
from pydantic import BaseModel
from typing import Annotated

print("the script runs")

class Dice(gen.Synthesizer):
    def draw(self, generator, n):
        return generator.integers(1, 7, n)

class Throw(BaseModel):
    id: Annotated[int, gen.PrimaryKey()]
    eyes: Annotated[int, gen.SynthesizedBy("Dice")]

schema = gen.Schema("throws")
schema.add(Throw, rows=1000)
print(gen.generate(schema=schema, out="data", workers=2, partition_rows=250).rows, __file__)
"""


def test_a_script_needs_no_guard_and_no_worker_runs_it_again(tmp_path: Path) -> None:
    script = tmp_path / "make.py"
    script.write_text(SCRIPT)
    ended = subprocess.run([sys.executable, "make.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines() == ["the script runs", f"1000 {script}"]
    assert (tmp_path / "data" / "_SUCCESS").exists()


def test_the_dashboard_answers_while_workers_run_and_on_this_machine_alone() -> None:
    class Seen(Silent):
        address = ""

        def dashboard(self, address: str) -> None:
            self.address = address

    seen = Seen()
    with local_cluster(1, seen):
        assert urlsplit(seen.address).hostname == "127.0.0.1"
        for _ in range(100):
            with suppress(HTTPError):
                page = urlopen(seen.address, timeout=10).read().decode()
                break
            time.sleep(0.1)
        assert "bokeh" in page.lower()


# -- a cluster that exists --------------------------------------------------------------------------------

USER = """
from typing import Annotated
from pydantic import BaseModel
from gen import PrimaryKey, Synthesizer, SynthesizedBy

class Dice(Synthesizer):
    def draw(self, generator, n):
        return generator.integers(1, 7, n)

class Throw(BaseModel):
    id: Annotated[int, PrimaryKey()]
    eyes: Annotated[int, SynthesizedBy("Dice")]
"""
NEIGHBOUR = "def thrown(generator, n):\n    return generator.integers(1, 7, n)\n"


@contextmanager
def running(*arguments: str, cwd: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments], cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        ours = family(process.pid)
        for each in ours:
            each.terminate()
        for each in psutil.wait_procs(ours, timeout=5)[1]:
            each.kill()
        process.wait(5)


@contextmanager
def scheduler(folder: Path) -> Iterator[str]:
    """A scheduler on 127.0.0.1; its address."""
    folder.mkdir()
    file = folder / "scheduler.json"
    options = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file))
    with running("distributed.cli.dask_scheduler", *options, cwd=folder):
        wait_until(lambda: file.exists() and file.stat().st_size, "the scheduler")
        time.sleep(0.1)
        yield json.loads(file.read_text("utf-8"))["address"]


@contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """A scheduler and a worker, started where no user's file is."""
    with scheduler(folder) as address:
        options = (address, "--host", "127.0.0.1", "--nthreads", "1", "--no-dashboard", "--no-nanny")
        with running("distributed.cli.dask_worker", *options, cwd=folder):
            yield address


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a cluster that exists."""
    with cluster(tmp_path_factory.mktemp("cluster") / "theirs") as address:
        yield address


@pytest.mark.parametrize("files", ["one file", "a file and its neighbour"])
def test_a_cluster_that_exists_needs_no_copy_of_the_users_code(
    files: str, theirs: str, forks: Forks, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    text = USER
    if files != "one file":
        (mine / "dice.py").write_text(NEIGHBOUR, "utf-8")
        text = "from dice import thrown\n" + USER.replace("generator.integers(1, 7, n)", "thrown(generator, n)")
    (mine / "models.py").write_text(text, "utf-8")
    asked = ("--schema", "models.py", "--rows", 2000, "--partition-rows", 400, *AS_OF)
    here = forks(*asked, "--out", "here", "--part", "1/1", cwd=mine)
    assert here.code == 0, here.err
    ended = gen(*asked, "--scheduler", theirs, "--out", "there", cwd=mine)
    assert ended.code == 0, ended.err
    assert_whole(mine / "there", mine / "here")


def test_a_scheduler_that_does_not_answer_is_a_sentence_after_a_time(forks: Forks, tmp_path: Path) -> None:
    with socket.socket() as closed, socket.socket() as mute, scheduler(tmp_path / "alone") as alone:
        closed.bind(("127.0.0.1", 0))  # taken, and nobody listens
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        places = [f"tcp://127.0.0.1:{end.getsockname()[1]}" for end in (closed, mute)]
        addresses = [alone, *places, "nonsense", "tcp://127.0.0.1:port"]
        asked = [("--rows", 50, "--scheduler", address, "--out", "data") for address in addresses]
        waiting = [forks.start(*arguments, cwd=tmp_path, seconds=50) for arguments in asked]
        results = [forks.wait(pid) for pid in waiting]
    for address, ended in zip(addresses, results, strict=True):
        assert ended.code == 2, (address, ended.err)
        assert "Traceback" not in ended.err, (address, ended.err)
        assert address in ended.err
    assert "has no workers" in results[0].err
    assert not (tmp_path / "data").exists()


# -- bad input --------------------------------------------------------------------------------------------


def assert_refused(forks: Forks, tmp_path: Path, words: list[str], *arguments: object) -> None:
    """Exit 2, a few sentences with these words on standard error, and nothing is written anywhere."""
    before = stamps(tmp_path)
    ended = forks(*arguments, cwd=tmp_path)
    assert "Traceback" not in ended.err, ended.err
    assert ended.code == 2, (ended.code, ended.err)
    assert ended.err.startswith("error: ")
    assert len(ended.err) < 1500
    missing = [word for word in words if word not in ended.err]
    assert not missing, (missing, ended.err)
    assert ended.out == ""
    assert stamps(tmp_path) == before
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("spec", "text", "words"),
    [
        ("nowhere.py", None, ["nowhere.py", "does not exist"]),
        ("./nowhere.py:Employee", None, ["nowhere.py", "does not exist"]),
        (".", None, ["."]),
        ("./", None, ["folder"]),
        ("no.such.module", None, ["no.such.module"]),
        ("models.py:Employe", EMPLOYEE, ["models.py", "Employe", "Employee"]),
        ("models.py:COMPANY", EMPLOYEE + "COMPANY = 3", ["COMPANY", "int"]),
        (
            "models.py",
            "import sys\n\nraise ValueError('broken on purpose')",
            ["models.py", "line 3", "broken on purpose"],
        ),
        ("models.py", "def f():\n    return 1 / 0\n\nf()", ["models.py", "line 2", "division by zero"]),
        ("models.py", "import sys\nsys.exit(3)", ["models.py", "line 2", "SystemExit"]),
        ("models.py", "class Broken(:", ["models.py", "line 1", "SyntaxError"]),
        ("models.py", "import no_such_library", ["models.py", "line 1", "no_such_library"]),
        ("models.py", "x = 1", ["models.py", "models"]),
        ("models.py", COMPANY + "class Thing(BaseModel):\n    pass", ["Thing", "fields"]),
        ("models.py", b"\x00\xff\xfe", ["models.py"]),
        ("schema.json", "{}", ["schema.json", "not supported yet"]),
        ("postgresql://host/db", None, ["database", "not supported yet"]),
    ],
    ids=lambda value: str(value)[:30] if isinstance(value, str) else "",
)
def test_a_schema_that_cannot_be_read_is_refused(
    spec: str, text: str | bytes | None, words: list[str], forks: Forks, tmp_path: Path
) -> None:
    if text is not None:
        file = tmp_path / spec.partition(":")[0]
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    for command in (("--out", "data"), ("describe",)):
        arguments = (*command, "--schema", spec)
        assert_refused(forks, tmp_path, words, *arguments)


KEY = "id: Annotated[int, PrimaryKey()]"


def fact(text: str) -> str:
    """A field with a fact in the dictionary form."""
    return f"x: Annotated[float, Field(json_schema_extra={{{text}}})]"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (thing("payload: dict[str, int]"), ["Thing.payload", "dict[str, int]", "not supported yet"]),
        (thing("tags: list[str]"), ["Thing.tags", "list[str]"]),
        (thing("maybe: int | None"), ["Thing.maybe", "None"]),
        (thing("either: int | str"), ["Thing.either", "str"]),
        (thing("raw: bytes"), ["Thing.raw", "bytes"]),
        (thing("price: decimal.Decimal", "import decimal"), ["Thing.price", "Decimal"]),
        (thing("token: uuid.UUID", "import uuid"), ["Thing.token", "UUID"]),
        (thing("any: typing.Any", "import typing"), ["Thing.any", "Any"]),
        (thing("at: datetime.time", "import datetime"), ["Thing.at", "time"]),
        (thing("inner: Part", "class Part(BaseModel):\n    x: int"), ["Thing.inner", "Part"]),
        (thing("size: Annotated[int, Field(ge=5, le=4)]"), ["Thing.size", "5", "4"]),
        (thing("size: Annotated[int, Field(gt=1, lt=2)]"), ["Thing.size", "1", "2"]),
        (thing("size: Annotated[float, Field(ge=2, le=1)]"), ["Thing.size", "2", "1"]),
        (thing("size: Annotated[int, Field(ge=11, le=19, multiple_of=10)]"), ["Thing.size", "10"]),
        (thing("size: Annotated[str, Field(min_length=5, max_length=3)]"), ["Thing.size", "5", "3"]),
        (thing("size: Annotated[str, Field(pattern='a+')]"), ["Thing.size", "pattern"]),
        (
            thing("day: Annotated[date, Field(ge=date(2026, 1, 2), le=date(2026, 1, 1))]", "from datetime import date"),
            ["Thing.day", "2026-01-02", "2026-01-01"],
        ),
        (thing(fact("'distribution': 'norml'")), ["Thing.x", "norml", "'normal'"]),
        (thing(fact("'distribution': 7")), ["Thing.x", "7"]),
        (thing("x: Annotated[float, Normal(deviation=-1)]"), ["Thing.x", "deviation"]),
        (thing("x: Annotated[int, Field(ge=1, le=10), PrimaryKey()]"), ["Thing.x", "1,000", "10"]),
        (thing("x: Annotated[str, Field(max_length=1), PrimaryKey()]"), ["Thing.x", "1,000"]),
        (thing("x: Annotated[bool, PrimaryKey()]"), ["Thing.x"]),
        (thing(f"{KEY}\n    also: Annotated[int, PrimaryKey()]"), ["Thing", "id", "also"]),
        (thing("x: Annotated[int, PrimaryKey]"), ["Thing.x", "PrimaryKey()"]),
        (thing("x: Annotated[int, PrimaryKey('upward')]"), ["Thing.x", "upward"]),
        (thing(f"{KEY}\n    x: Annotated[int, ForeignKey('Thng.id')]"), ["Thing.x", "Thng", "Thing"]),
        (thing(f"{KEY}\n    x: Annotated[int, ForeignKey('Thing.idd')]"), ["Thing.x", "idd", "id"]),
        (thing(f"{KEY}\n    x: Annotated[int, ForeignKey('Thing.x')]"), ["Thing.x", "primary key"]),
        (thing(f"{KEY}\n    x: Annotated[int, ForeignKey('Thing')]"), ["Thing.x", "Thing.id"]),
        (thing(f"{KEY}\n    x: Annotated[str, ForeignKey('Thing.id')]"), ["Thing.x", "str", "int"]),
        (thing("x: Annotated[int, SynthesizedBy('Dic')]", "class Dice(Synthesizer): 0"), ["Thing.x", "'Dic'", "Dice"]),
        (thing(fact("'sql': {'key': 'primry'}")), ["Thing.x", "primry", "'primary'"]),
        (thing(fact("'sql': 'key'")), ["Thing.x", "sql"]),
    ],
    ids=lambda value: value.splitlines()[-1].strip()[:60] if isinstance(value, str) else "",
)  # fmt: skip
def test_a_model_that_cannot_be_a_table_is_refused(text: str, words: list[str], forks: Forks, tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text(text, "utf-8")
    assert_refused(forks, tmp_path, words, "--schema", "models.py", "--out", "data")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("pass", ["Thing.x", "Dice", "draw"]),
        ("def draw(self, generator, n): return [1, 2, 3]", ["Thing.x", "Dice", "3"]),
        ("def draw(self, generator, n): return ['text'] * n", ["Thing.x", "Dice", "int64"]),
        ("def draw(self, generator, n): return [None] * n", ["Thing.x", "Dice", "null"]),
        ("def draw(self, generator, n): return None", ["Thing.x", "Dice"]),
        ("def draw(self, generator, n): return 1 / 0", ["Thing.x", "Dice", "division by zero"]),
        ("def at(self, rows): return 1 / 0", ["Thing.x", "Dice", "division by zero"]),
        ("def at(self, rows): return __import__('random').choices(range(10**9), k=len(rows))", ["Thing.x", "Dice"]),
    ],
)
def test_a_synthesizer_that_does_not_work_is_refused(body: str, words: list[str], forks: Forks, tmp_path: Path) -> None:
    text = thing("x: Annotated[int, SynthesizedBy('Dice')]", f"class Dice(Synthesizer):\n    {body}")
    (tmp_path / "models.py").write_text(text, "utf-8")
    assert_refused(forks, tmp_path, words, "--schema", "models.py", "--out", "data")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--rows", "-5"), ["--rows", "-5", "negative"]),
        (("--rows=-5",), ["--rows", "-5", "negative"]),
        (("--rows", "1.5"), ["--rows", "1.5", "fraction"]),
        (("--rows", "many"), ["--rows", "many"]),
        (("--rows", ""), ["--rows"]),
        (("--rows", "0"), ["--rows", "0"]),
        (("--rows", "1e400"), ["--rows", "1e400"]),
        (("--rows", "10", "--rows", "20"), ["--rows", "twice"]),
        (("--rows", "10", "--scale", "2"), ["--rows", "--scale"]),
        (("--rows", "Employe=5"), ["Employe", "Employee"]),
        (("--rows", "Manager=-5"), ["Manager", "-5"]),
        (("--rows", "Manager=0"), ["Employee.manager", "Manager"]),
        (("--rows", "1e12"), ["GB", "free"]),
        (("--rows", "1e9", "--partition-rows", "1"), ["Employee", "files"]),
        (("--rows", "9e15"), ["Employee", "files"]),
        (("--scale", "0"), ["--scale"]),
        (("--scale", "-1"), ["--scale"]),
        (("--scale", "nan"), ["--scale"]),
        (("--scale", "big"), ["--scale"]),
        (("--seed", "x"), ["--seed"]),
        (("--seed", "99999999999999999999999"), ["--seed"]),
        (("--as-of", "yesterday"), ["--as-of", "yesterday"]),
        (("--format", "parket"), ["parket", "parquet"]),
        (("--format", "csv"), ["csv", "not supported yet"]),
        (("--format", "jsonl"), ["jsonl", "not supported yet"]),
        (("--format", "arrow"), ["arrow", "not supported yet"]),
        (("--to", "postgresql://user:secret@host/db"), ["--to", "not supported yet"]),
        (("--out", "s3://bucket/data"), ["s3://bucket/data", "not supported yet"]),
        (("--compression", "ztsd"), ["--compression", "ztsd", "zstd"]),
        (("--encoding", "fastt"), ["--encoding", "fastt", "fast"]),
        (("--row-group-bytes", "0"), ["--row-group-bytes"]),
        (("--workers", "0"), ["--workers", "0"]),
        (("--workers", "-1"), ["--workers", "-1"]),
        (("--workers", "two"), ["--workers"]),
        (("--partition-rows", "0"), ["--partition-rows", "0"]),
        (("--partition-rows", "-1"), ["--partition-rows", "-1"]),
        (("--partition-rows", "1.5"), ["--partition-rows", "1.5"]),
        (("--part", "0/4"), ["--part", "0/4"]),
        (("--part", "5/4"), ["--part", "5/4"]),
        (("--part", "one"), ["--part", "one"]),
        (("--part", "1/2", "--workers", "2"), ["--part", "--workers"]),
        (("--tables", "Nobody"), ["Nobody"]),
        (("--tables", ","), ["--tables"]),
        (("--nonsense",), ["--nonsense"]),
        (("nonsense",), ["nonsense"]),
        (("--rows",), ["--rows"]),
        (("schema", "models.py"), ["schema", "not supported yet"]),
        (("verify", "nowhere"), ["nowhere"]),
        (("verify",), ["TARGET"]),
        (("verify", "nowhere", "--workers", "0"), ["--workers"]),
        (("row", "Employe", "3"), ["Employe", "Employee"]),
        (("row", "Employee", "10000"), ["Employee", "10,000", "9,999"]),
        (("row", "Employee", "first"), ["first"]),
        (("row", "Employee", "--rows", "10"), ["INDEX"]),
        (("describe", "--rows", "Employe=5"), ["Employe", "Employee"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_request_that_makes_no_sense_is_refused(
    arguments: tuple[str, ...], words: list[str], forks: Forks, tmp_path: Path
) -> None:
    commands = ("schema", "verify", "row", "describe", "nonsense")
    out = () if arguments[0] in commands or "--out" in arguments else ("--out", "data")
    assert_refused(forks, tmp_path, words, *out, *arguments)


def test_a_secret_in_a_database_address_is_not_repeated(forks: Forks, tmp_path: Path) -> None:
    for option in ("--to", "--schema"):
        ended = forks(option, "postgresql://user:secret@host/db", "--out", "data", cwd=tmp_path)
        assert ended.code == 2
        assert "secret" not in ended.err


def test_the_real_program_says_the_same(tmp_path: Path) -> None:
    ended = gen("--rows", "-5", "--out", "data", cwd=tmp_path)
    assert ended.code == 2
    assert ended.err.startswith("error: ")
    assert "Traceback" not in ended.err
    assert not list(tmp_path.iterdir())


# -- bad places -------------------------------------------------------------------------------------------


def test_a_place_that_holds_something_else_is_left_alone(forks: Forks, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "notes.txt").write_text("mine", "utf-8")
    (tmp_path / "file").write_text("mine", "utf-8")
    for place in ("taken", "file", "file/below"):
        for more in ((), ("--overwrite",)):
            assert_refused(forks, tmp_path, [place.split("/")[0]], "--rows", 50, "--out", place, *more)


def test_a_place_whose_name_is_too_long_is_refused(forks: Forks, tmp_path: Path) -> None:
    assert_refused(forks, tmp_path, ["xxx"], "--rows", 50, "--out", "x" * 300)


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        (("--seed", 1), "seed"),
        (("--rows", 51), "row counts"),
        (("--as-of", "2026-01-02"), "as-of date"),
        (("--partition-rows", 10), "rows per file"),
        (("--compression", "zstd"), "compression"),
        (("--schema", "models.py"), "schema"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_place_that_holds_another_run_is_left_alone(
    change: tuple[str, object], fact: str, forks: Forks, tmp_path: Path
) -> None:
    (tmp_path / "models.py").write_text(EMPLOYEE, "utf-8")
    options = {"--rows": 50, "--as-of": "2026-01-01", "--out": "held"}
    held = [text for option in options.items() for text in option]
    assert forks(*held, cwd=tmp_path).code == 0
    asked = [text for option in (options | {change[0]: change[1]}).items() for text in option]
    assert_refused(forks, tmp_path, ["held", fact, "--overwrite"], *asked)
    damaged = tmp_path / "held" / "_gen" / "run.json"
    damaged.write_text("{", "utf-8")
    for more in ((), ("--overwrite",)):
        assert_refused(forks, tmp_path, ["run.json", "damaged"], *held, *more)


def test_a_resumed_run_keeps_its_as_of_date(forks: Forks, tmp_path: Path) -> None:
    assert forks("--rows", 50, "--as-of", "2020-02-02", "--out", "data", cwd=tmp_path).code == 0
    ended = forks("--rows", 50, "--out", "data", cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert "nothing to do" in ended.err


def test_a_place_without_permission_is_refused(forks: Forks, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "ro") as disk:
        assert_refused(forks, tmp_path, [str(disk), "may not be written"], "--rows", 50, "--out", disk / "below")


def test_a_place_without_room_is_refused_before_anything_is_written(forks: Forks, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "size=1m") as disk:
        assert_refused(forks, tmp_path, [str(disk), "free"], "--rows", "1e6", "--out", disk / "below")
        assert not parts(disk)
