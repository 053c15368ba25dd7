"""Bad input is one sentence or a few, exit code 2, no traceback, and nothing written."""

from __future__ import annotations

from pathlib import Path

import pytest

from program import COMPANY, EMPLOYEE, Forks, gen, parts, small_disk, stamps, thing

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
        ("schema.json", "{", ["schema.json", "line 1"]),
        ("schema.json", "[1]", ["schema", "not a JSON Schema"]),
        ("schema.json", '{"type": "strng"}', ["schema", "type", "strng"]),
        ("schema.json", '{"$ref": "#/$defs/gone"}', ["schema", "#/$defs/gone"]),
        ("schema.json:Gone", '{"$defs": {"There": {}}}', ["Gone", "There"]),
        ("schema.json", '{"properties": {"x": {"minimum": 2, "maximum": 1}}, "required": ["x"]}', ["schema.x", "2"]),
        ("nowhere.json", None, ["nowhere.json"]),
        ("postgresql+nothing://host/db", None, ["database", "cannot be read"]),
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
REFUSES_ALL = """
from pydantic import AfterValidator

def bad(value):
    raise ValueError("never")
"""


def fact(text: str) -> str:
    """A field with a fact in the dictionary form."""
    return f"x: Annotated[float, Field(json_schema_extra={{{text}}})]"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (thing("call: Callable[[int], int]", "from collections.abc import Callable"), ["Thing.call", "Callable"]),
        (thing("kind: type"), ["Thing.kind", "type", "no value of it"]),
        (thing("tags: Annotated[set[bool], Field(min_length=3)]"), ["Thing.tags", "3", "2"]),
        (thing("tags: Annotated[list[int], Field(min_length=3, max_length=2)]"), ["Thing.tags", "3", "2"]),
        (thing("tags: Annotated[list[int], PrimaryKey()]"), ["Thing.tags", "primary key", "list"]),
        (thing("inner: Part", "class Part(BaseModel):\n    x: Annotated[int, Field(ge=2, le=1)]"), ["Thing.inner.x"]),
        (thing("inner: 'Thing'"), ["Thing", "without end", "Optional"]),
        (thing("tags: list[Annotated[int, ForeignKey('Thng.id')]]"), ["Thing.tags[]", "Thng"]),
        (thing("at: Annotated[str, AfterValidator(bad)]", REFUSES_ALL), ["Thing.at", "0.0%", "never"]),
        (thing("size: Annotated[int, Field(ge=5, le=4)]"), ["Thing.size", "5", "4"]),
        (thing("size: Annotated[int, Field(gt=1, lt=2)]"), ["Thing.size", "1", "2"]),
        (thing("size: Annotated[float, Field(ge=2, le=1)]"), ["Thing.size", "2", "1"]),
        (thing("size: Annotated[int, Field(ge=11, le=19, multiple_of=10)]"), ["Thing.size", "10"]),
        (thing("size: Annotated[str, Field(min_length=5, max_length=3)]"), ["Thing.size", "5", "3"]),
        (thing("size: Annotated[int, Field(pattern='a+')]"), ["Thing.size", "pattern"]),
        (thing("size: Annotated[str, Field(pattern='^a$', min_length=2)]"), ["Thing.size", "'^a$'", "2"]),
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
        (thing("x: Annotated[int, PrimaryKey]"), ["Thing.x", "PrimaryKey()"]),
        (thing("x: Annotated[int, PrimaryKey('upward')]"), ["Thing.x", "upward"]),
        (thing(f"{KEY}\n    x: Annotated[int, ForeignKey('Thng.id')]"), ["Thing.x", "Thng", "Thing"]),
        (thing(f"{KEY}\n    x: Annotated[int, ForeignKey('Thing.idd')]"), ["Thing.x", "idd", "id"]),
        (thing(f"{KEY}\n    x: Annotated[int, ForeignKey('Thing.x')]"), ["Thing.x", "not unique", "id"]),
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


# Fields beside `a: 0 to 9` and `c: "x" or "y"`, each with a mistake in what it says of them, or of itself.
BESIDE = """
import datetime
from typing import Annotated, Literal
from pydantic import BaseModel, Field
from gen import *

class Thing(BaseModel):
    a: Annotated[int, Field(ge=0, le=9)]
    c: Literal["x", "y"]
"""


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ("b: Annotated[int, Derived('d')]; d: Annotated[int, Derived('b')]", ["Thing.b", "b -> d -> b", "circle"]),
        ("b: Annotated[int, After('d')]; d: Annotated[int, After('b')]", ["Thing.b", "b after d after b", "let one"]),
        ("b: Annotated[int, Derived('aa + 1')]", ["Thing.b", "'aa'", "'a'"]),
        ("b: Annotated[int, After('aa')]", ["Thing.b", "'aa'", "'a'"]),
        ("b: Annotated[int | None, When('aa > 1')]", ["Thing.b", "'aa'", "'a'"]),
        ("b: Annotated[int, DependsOn('aa')]", ["Thing.b", "'aa'", "'a'"]),
        ("b: Annotated[float, Given('cc', {'x': Normal(1, 1)})]", ["Thing.b", "'cc'", "'c'"]),
        ("b: Annotated[float, Correlated({'aa': 0.5})]", ["Thing.b", "'aa'", "'a'"]),
        ("b: Annotated[float, Correlated(0.5)]", ["Thing.b", "0.5", "Correlated({"]),
        ("b: Annotated[str, Correlated({'a': 0.5})]", ["Thing.b", "it is str", "integer"]),
        ("b: Annotated[int, DependsOn('c'), Correlated({'a': 0.5})]", ["Thing.b", "made of other fields"]),
        (
            "b: Annotated[float, Correlated({'a': 0.9})]; d: Annotated[float, Correlated({'a': 0.9, 'b': -0.9})]",
            ["Thing", "not possible together", "a with b 0.9, a with d 0.9, b with d -0.9"],
        ),
        ("b: Annotated[float, Normal(5, -1)]", ["Thing.b", "deviation = -1.0", "above 0"]),
        ("b: Annotated[float, Mixture([(1, 'normal')])]", ["Thing.b", "Mixture", "'str'", "Normal(40, 5)"]),
        ("b: Annotated[Literal['p'], Weights({'r': 1})]", ["Thing.b", "'r'", "none of its values", "p"]),
        ("b: Annotated[str, Faker('compny')]", ["Thing.b", "'compny'", "'company'"]),
        ("b: Annotated[str, Faker('company', locale='de_XX')]", ["Thing.b", "'de_XX'", "Did you mean"]),
        ("b: Annotated[str, Domain('citty')]", ["Thing.b", "'citty'", "'city'"]),
        ("b: Annotated[str, Given('c', {'x': Domain('citty'), 'y': Domain('name')})]", ["Thing.b given x", "'city'"]),
        (
            "day: datetime.date; b: Annotated[datetime.date, After('day', least=5 * 86400, within=3 * 86400)]",
            ["Thing.b", "5 days or more after day, within 3 days", "larger"],
        ),
        ("b: Annotated[int, Derived('a / 2')]", ["Thing.b", "'a / 2' gives", "0.5", "round(x)"]),
        ("b: Annotated[int, Derived('c')]", ["Thing.b", "'c' gives", "int(...)"]),
        ("b: Annotated[int, Derived('a'), Normal(5, 1)]", ["Thing.b", "normal", "derived", "Keep one"]),
        ("b: Annotated[str, Derived('c'), Faker('company')]", ["Thing.b", "faker", "derived", "Keep one"]),
        (
            "b: Annotated[int, DependsOn('c', {'x': 1, 'y': 2}), Normal(5, 1)]",
            ["Thing.b", "normal", "depends_on", "Keep one"],
        ),
        ("b: Annotated[int, PrimaryKey(), When('a > 1')]", ["Thing.b", "primary key", "always has a value"]),
        ("b: Annotated[int, Derived]", ["Thing.b", "Derived(...)"]),
        ("b: Annotated[str, Field(pattern='[')]", ["models.py, line 7", "unclosed character class"]),
        ("b: Annotated[int, Noise(dangling=0.1)]", ["Thing.b", "'dangling'", "int", "foreign key", "duplicate"]),
    ],
    ids=lambda value: value[:60] if isinstance(value, str) else "",
)
def test_a_mistake_in_what_ties_columns_together_is_refused_with_a_remedy(
    fields: str, words: list[str], forks: Forks, tmp_path: Path
) -> None:
    text = BESIDE + "".join(f"    {field}\n" for field in fields.split("; "))
    (tmp_path / "models.py").write_text(text, "utf-8")
    assert_refused(forks, tmp_path, words, "--schema", "models.py", "--rows", 100, "--out", "data")


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
    ("field", "returned", "words"),
    [
        ("Annotated[int, SynthesizedBy('Dice'), Field(ge=0, le=9)]", "[-5] * n", ["Dice", "-5", "bounds"]),
        ("Annotated[float, SynthesizedBy('Dice'), Field(gt=0)]", "[0.0] * n", ["Dice", "0.0", "bounds"]),
        ("Annotated[str, SynthesizedBy('Dice'), Field(max_length=5)]", "['sixsix'] * n", ["Dice", "6", "bounds"]),
        ("Annotated[str, SynthesizedBy('Dice')]", "[1] * n", ["Dice", "string", "int64"]),
    ],
)
def test_a_synthesizer_whose_values_the_model_would_not_take_is_refused(
    field: str, returned: str, words: list[str], forks: Forks, tmp_path: Path
) -> None:
    text = thing(f"x: {field}", f"class Dice(Synthesizer):\n    def draw(self, generator, n): return {returned}")
    (tmp_path / "models.py").write_text(text, "utf-8")
    assert_refused(forks, tmp_path, ["Thing.x", *words], "--schema", "models.py", "--out", "data")


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
        (("--format", "csv", "--encoding", "fast"), ["--encoding is of the format parquet, not of csv"]),
        (("--format", "jsonl", "--compression", "snappy"), ["jsonl files are not compressed so", "zstd"]),
        (("--format", "arrow", "--compression", "gzip"), ["Arrow files are not compressed so", "lz4"]),
        (("--to", "postgresql://user:secret@host/db"), ["--out and --to are both given"]),
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
        (("schema", "models.py"), ["models.py", "does not exist"]),
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


RARE = """
from typing import Annotated
from pydantic import BaseModel, Field
from gen import Derived

class Thing(BaseModel):
    a: Annotated[int, Field(ge=0, lt=100_000)]
    b: Annotated[int, Field(le=99_997), Derived("a")]
"""


def test_a_value_that_no_sample_showed_leaves_nothing_of_a_run_that_wrote_no_file(tmp_path):
    (tmp_path / "models.py").write_text(RARE)
    run = gen("--schema", "models.py", "--rows", "100000", "--out", "out", cwd=tmp_path)
    assert run.code == 2 and "Thing.b" in run.err and "bounds exclude" in run.err
    assert not (tmp_path / "out").exists()


def test_a_value_that_no_sample_showed_stops_a_run_that_wrote_some_files_and_says_so(tmp_path):
    (tmp_path / "models.py").write_text(RARE)
    run = gen("--schema", "models.py", "--rows", "100000", "--partition-rows", "1000", "--out", "out", cwd=tmp_path)
    assert run.code == 1 and "Thing.b" in run.err and "The run stopped there" in run.err
    assert list((tmp_path / "out" / "Thing").glob("*.parquet"))
