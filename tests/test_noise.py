"""Proves that dirt is there in exactly the number asked for, of the kind asked for, and nowhere else."""

import datetime
import json
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from pydantic import (
    AwareDatetime,
    BaseModel,
    Field,
    FutureDate,
    FutureDatetime,
    PastDate,
    PastDatetime,
    TypeAdapter,
    ValidationError,
    create_model,
    model_validator,
)

from columns import source
from gen import Correlated, Domain, ForeignKey, Normal, Nulls, PrimaryKey, Schema
from gen.block import Partition
from gen.builder import load_schema
from gen.errors import SchemaError
from gen.schema.row_markers import DIRT, After, Derived, Noise, When
from gen.synth.tables import table_sources
from program import manifest, query

ROWS = 2000
DATES = {"ge": datetime.date(2000, 1, 1), "le": datetime.date(2010, 1, 1)}


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Inner(BaseModel):
    a: int


def both(annotation, rows=ROWS, **rates):
    """The column with its noise, and what it would be without."""
    table = source(rows, x=Annotated[annotation, Noise(**rates)])
    return table.at(range(rows)).column("x"), table.clean.at(range(rows)).column("x")


def changed(dirty, clean):
    pairs = zip(dirty.to_pylist(), clean.to_pylist(), strict=True)
    return [(new, old) for new, old in pairs if str(new) != str(old)]


INTEGER = Annotated[int, Field(ge=10, le=10**9)]
DECIMAL = Annotated[Decimal, Field(ge=0, le=Decimal("99999.99"))]
MANY: dict[str, Any] = {
    "int": INTEGER,
    "float": Annotated[float, Field(ge=0, le=1)],
    "decimal": DECIMAL,
    "date": Annotated[datetime.date, Field(**DATES)],
    "datetime": datetime.datetime,
    "time": Annotated[datetime.time, Field(le=datetime.time(12))],
    "duration": datetime.timedelta,
    "str": str,
    "enum": Colour,
    "bool": bool,
    "uuid": UUID,
    "bytes": bytes,
    "literal": Literal[1, 2, 3],
    "mixed": Literal[1, "a"],
    "model": Inner,
    "list": list[int],
    "dict": dict[str, int],
    "union": int | str,
    "any": Any,
}


@pytest.mark.parametrize("name", MANY)
@pytest.mark.parametrize("kind", [kind for kind in DIRT if kind != "dangling"])
def test_every_kind_on_every_column_is_exact_or_refused(name, kind):
    try:
        dirty, clean = both(MANY[name], **{kind: 0.03})
    except SchemaError as error:
        assert f"Thing.x: the noise {kind!r}" in str(error)  # noqa: PT017
        assert kind != "null"
        return
    assert (dirty.null_count if kind == "null" else 60) == 60
    if kind == "wrong_type":
        texts = source(1, x=MANY[name]).columns["x"].json(clean).to_pylist()
        clean = pa.array([text.strip('"') for text in texts])
    found = changed(dirty, clean)
    assert len(found) <= 60
    assert len(found) == 60 or kind == "duplicate" or name in ("str", "any")  # equal by chance, or empty anyhow
    table = source(100, x=Annotated[MANY[name], Noise(**{kind: 0.5})])
    assert all(json.loads(text).keys() <= {"x"} for text in table.json(table.at(range(100))).to_pylist())


@pytest.mark.parametrize(
    ("annotation", "kind", "is_dirty"),
    [
        (INTEGER, "out_of_bounds", lambda v: 10**9 < v <= 10**9 + 10 or 0 <= v < 10),
        (DECIMAL, "out_of_bounds", lambda v: Decimal("-0.10") <= v < 0),  # 100000.00 has one digit too many
        (MANY["date"], "out_of_bounds", lambda v: DATES["le"] < v or v < DATES["ge"]),
        (MANY["time"], "out_of_bounds", lambda v: v > datetime.time(12)),
        (str, "empty", lambda v: v == ""),
        (Annotated[str, Field(max_length=7)], "too_long", lambda v: 7 < len(v) <= 17),
        (str, "too_long", lambda v: len(v) > 255),
        (INTEGER, "wrong_type", lambda v: not str(v).isdigit()),
        (bool, "wrong_type", lambda v: v not in ("true", "false")),
    ],
)
def test_dirty_values_are_outside_the_domain_and_the_others_inside(annotation, kind, is_dirty):
    dirty, clean = both(annotation, **{kind: 0.05})
    values, others = dirty.to_pylist(), clean.to_pylist()
    by_chance = sum(map(is_dirty, others))  # an empty text that stood there anyhow
    assert 100 <= sum(map(is_dirty, values)) <= 100 + by_chance
    kept = [(v, o) for v, o in zip(values, others, strict=True) if not is_dirty(v)]
    assert all(str(v).lower() == str(o).lower() for v, o in kept)


DAY = datetime.timedelta(days=1)
NEW_YEAR = datetime.datetime(2026, 1, 1)
# a bounded field, and whether it has values of its type below its bounds, and above
BOUNDED = {
    "int": (Annotated[int, Field(ge=0, le=9)], True, True),
    "int from": (Annotated[int, Field(ge=0)], True, False),
    "int of multiples": (Annotated[int, Field(gt=0, lt=99, multiple_of=7)], True, True),
    "int at the end": (Annotated[int, Field(ge=5, le=2**63 - 1)], True, False),
    "optional int": (Annotated[int, Field(ge=0, le=9)] | None, True, True),
    "float": (Annotated[float, Field(ge=0, le=1)], True, True),
    "float, open": (Annotated[float, Field(gt=0, lt=1)], True, True),
    "float from": (Annotated[float, Field(ge=0)], True, False),
    "float up to": (Annotated[float, Field(lt=-1e300)], False, True),
    "float of one value": (Annotated[float, Field(ge=3, le=3)], True, True),
    "float of large values": (Annotated[float, Field(ge=1e16, le=1e16 + 4)], True, True),
    "float at the end": (Annotated[float, Field(ge=0, le=1.7976931348623157e308)], True, False),
    "float of multiples": (Annotated[float, Field(ge=0, le=1, multiple_of=0.1)], True, True),
    "float by a law": (Annotated[float, Field(ge=0, le=1), Normal(mean=0.5, deviation=0.1)], True, True),
    "decimal": (Annotated[Decimal, Field(ge=100, le=500, max_digits=6)], True, True),
    "decimal, no digit left": (Annotated[Decimal, Field(ge=0, le=Decimal("9.99"))], True, False),
    "date": (Annotated[datetime.date, Field(ge=NEW_YEAR.date(), lt=NEW_YEAR.date() + DAY)], True, True),
    "date at the end": (Annotated[datetime.date, Field(ge=NEW_YEAR.date(), le=datetime.date.max)], True, False),
    "datetime": (Annotated[datetime.datetime, Field(ge=NEW_YEAR, le=NEW_YEAR + DAY)], True, True),
    "aware": (Annotated[AwareDatetime, Field(ge=NEW_YEAR.replace(tzinfo=datetime.UTC))], True, False),
    "time": (Annotated[datetime.time, Field(ge=datetime.time(9), le=datetime.time(17))], True, True),
    "time of all day": (Annotated[datetime.time, Field(ge=datetime.time(0), le=datetime.time(17))], False, True),
    "duration": (Annotated[datetime.timedelta, Field(ge=-DAY, le=DAY)], True, True),
    "past": (PastDate, False, True),
    "past moment": (PastDatetime, False, True),
    "future": (FutureDate, True, False),
    "future moment": (FutureDatetime, True, False),
}


@pytest.mark.parametrize("name", BOUNDED)
def test_values_out_of_bounds_are_none_of_the_model_s_on_every_side_that_has_some(name):
    """Pydantic refuses each of them, and takes it without the bounds; clean values lie between."""
    annotation, has_below, has_above = BOUNDED[name]
    dirty, clean = both(annotation, out_of_bounds=0.1)
    assert dirty.type == clean.type
    adapter, values = TypeAdapter(annotation), dirty.to_pylist()
    refused = [value for value in values if not accepts(adapter, value)]
    assert len(refused) == 200
    inside = [value for value in clean.to_pylist() if value is not None]
    below, above = (sum(side) for side in zip(*((v < min(inside), v > max(inside)) for v in refused), strict=True))
    assert below + above == 200
    assert (below > 60, above > 60) == (has_below, has_above)


def accepts(adapter, value):
    try:
        adapter.validate_python(value)
    except ValidationError:
        return False
    return True


def test_bounds_are_those_declared_and_not_what_other_fields_leave_of_them():
    bounded = Annotated[int, Field(ge=0, le=99)]
    table = source(
        ROWS,
        a=Annotated[bounded, Noise(out_of_bounds=0.1)],
        b=Annotated[bounded, After("a", within=9), Noise(out_of_bounds=0.1)],
        c=Annotated[bounded, Derived("a // 2"), Noise(out_of_bounds=0.1)],
    )
    for name, values in table.at(range(ROWS)).to_pydict().items():
        assert sum(not 0 <= value <= 99 for value in values) == 200, name


@pytest.mark.parametrize("kind", [int, float, Decimal])
@pytest.mark.parametrize("bound", [{"le": 60}, {"ge": -60_000}])
def test_beside_a_law_only_declared_bounds_are_passed(kind, bound):
    law = Normal(60, 15) if "le" in bound else Normal(-60_000, 10**9)
    dirty, clean = both(Annotated[kind, Field(**bound), law], out_of_bounds=0.1)
    pairs = changed(dirty, clean)
    assert len(pairs) == round(0.1 * len(dirty))
    assert all((new > 60 if "le" in bound else new < -60_000) for new, _ in pairs)
    assert all((old <= 60 if "le" in bound else old >= -60_000) for old in clean.to_pylist())


@pytest.mark.parametrize(
    "annotation",
    [
        *(int, float, Decimal, datetime.date, datetime.datetime, datetime.timedelta, Literal[1, 2]),
        Annotated[int, Field(multiple_of=5)],
        Annotated[datetime.time, Field(ge=datetime.time(0))],
        Annotated[float, Field(le=1.7976931348623157e308)],
        Annotated[Decimal, Field(max_digits=4)],
        Annotated[str, Field(max_length=3)],
    ],
)
def test_where_there_is_no_bound_or_nothing_past_it_nothing_is_out_of_bounds(annotation):
    with pytest.raises(SchemaError, match=r"Thing\.x: the noise 'out_of_bounds'.*with a bound past which its type has"):
        source(10, x=Annotated[annotation, Noise(out_of_bounds=0.1)])
    assert "out_of_bounds" not in source(1000, x=Annotated[annotation, Noise(0.1)]).noise["x"]


def test_a_key_has_exactly_that_many_duplicates_and_each_has_a_twin():
    class Thing(BaseModel):
        id: Annotated[int, PrimaryKey(), Noise(duplicate=0.01)]

    schema = Schema()
    schema.add(Thing, 5000)
    keys = schema.table(Thing).arrow().column("id").to_pylist()
    assert 5000 - len(set(keys)) == 50
    assert len({thing.id for thing in schema.rows(Thing)}) == 5000  # rows() is clean
    assert set(keys) <= {thing.id for thing in schema.rows(Thing)}


@pytest.mark.parametrize("key", [int, str, UUID, datetime.date, Annotated[int, Field(ge=1, le=300)]])
def test_a_dangling_reference_is_never_a_key_and_the_others_always_are(key):
    class Parent(BaseModel):
        id: Annotated[key, PrimaryKey(), Noise(duplicate=0.1)]  # references are to the keys without their noise

    class Child(BaseModel):
        parent: Annotated[key, ForeignKey("Parent.id"), Noise(dangling=0.05)]

    schema = Schema()
    schema.add(Parent, 300)
    schema.add(Child, 1000)
    keys = set(schema.table("Parent").source.clean.at(range(300)).column("id").to_pylist())
    assert len(keys) == 300
    found = schema.table("Child").arrow().column("parent").to_pylist()
    assert sum(value not in keys for value in found) == 50
    assert all(child.parent in keys or key is UUID for child in schema.rows(Child))


@pytest.mark.parametrize("key", [bool, Level, datetime.time, tuple[int, int]])
def test_where_every_value_may_be_a_key_nothing_dangles_and_that_is_said_before_a_row_is_drawn(key):
    class Parent(BaseModel):
        id: Annotated[key, PrimaryKey()]

    def child(noise):
        schema = Schema()
        schema.add(Parent, 2)
        schema.add(create_model("Child", parent=(Annotated[key, ForeignKey("Parent.id"), noise], ...)), 1000)
        return table_sources(schema.spec, {"Parent": 2, "Child": 1000}, 0)["Child"]

    with pytest.raises(SchemaError, match=r"Child\.parent: the noise 'dangling'.* refers to Parent\.id; it wants a"):
        child(Noise(dangling=0.05))
    kinds = child(Noise(0.1)).noise["parent"]
    assert sum(kinds.values()) == 100
    assert "dangling" not in kinds


def refuses_some(self):
    assert self.a != 3
    return self


@pytest.mark.parametrize("validated", [False, True])
def test_a_duplicate_is_a_value_that_a_clean_row_really_has(validated):
    validators = {"some": model_validator(mode="after")(refuses_some)} if validated else {}
    fields = {
        "a": Annotated[int, Field(ge=0, le=9)],
        "when": Annotated[int | None, When("a > 7"), Noise(duplicate=0.05)],
        "optional": Annotated[float | None, Nulls(0.6), Noise(duplicate=0.05, wrong_type=0.01)],
        "plain": Annotated[UUID, Noise(duplicate=0.05, wrong_type=0.01)],
        "tied": Annotated[datetime.date, Correlated({"a": 0.9}), Noise(duplicate=0.05)],
    }
    made = create_model("Thing", __validators__=validators, **{name: (kind, ...) for name, kind in fields.items()})
    schema = Schema()
    schema.add(made, ROWS)
    table = schema.table("Thing").source
    assert (table.filter is not None) == validated
    dirty, clean = table.at(range(ROWS)), table.clean.at(range(ROWS))
    for name in list(fields)[1:]:
        places = table.dirt[name]._order.at(np.arange(ROWS, dtype=np.uint64))
        is_twin = places < 100
        is_clean = places >= sum(table.noise[name].values())
        values = np.array([str(value) for value in dirty.column(name).to_pylist()])
        texts = table.columns[name].json(clean.column(name)).to_pylist()  # of the kinds that "wrong_type" makes texts
        assert is_twin.sum() == 100
        assert set(values[is_twin]) <= set(values[is_clean]) - {"None"}
        assert name not in ("optional", "plain") or {t.strip('"') for t in texts if t} >= set(values[is_twin])


def test_rates_are_rounded_once_for_all_kinds_together():
    assert sum(source(100, x=Annotated[str, Noise(0.01)]).noise["x"].values()) == 1
    assert source(3, x=Annotated[int, Noise(null=0.5, wrong_type=0.5)]).noise["x"] == {"null": 2, "wrong_type": 1}
    everything = source(7, x=Annotated[int, Noise(null=1)]).at(range(7))
    assert everything.column("x").null_count == 7
    assert source(7, x=Annotated[int, Noise(0)]).at(range(7)).equals(source(7, x=int).at(range(7)))


def test_partitions_add_up_and_other_columns_and_rows_are_as_without():
    rates = {"null": 0.02, "duplicate": 0.03, "out_of_bounds": 0.01}
    table = source(ROWS, x=Annotated[INTEGER, Noise(**rates)], y=str)
    whole = table.at(range(ROWS))
    parts = [b for s in range(0, ROWS, 130) for b in table.batches(Partition("Thing", 0, s, min(s + 130, ROWS)))]
    assert pa.Table.from_batches(parts).combine_chunks().to_batches()[0].equals(whole)
    picked = np.random.default_rng(1).permutation(ROWS).astype(np.uint64)
    assert table.at(picked).equals(whole.take(pa.array(picked)))
    assert table.at(range(ROWS), ["x"]).column("x").equals(whole.column("x"))
    assert whole.column("y").equals(source(ROWS, x=INTEGER, y=str).at(range(ROWS)).column("y"))
    assert whole.column("x").null_count == 40
    assert table.probe()["x"] == table.probe()["x"]


def test_a_text_that_is_too_long_is_so_by_itself_whatever_is_beside_it():
    noise = Noise(too_long=0.3)
    table = source(200, x=Annotated[str, Domain("paragraph"), noise], y=Annotated[str, Field(max_length=0), noise])
    whole = table.at(range(200))
    one_by_one = [table.at(range(i, i + 1)) for i in range(200)]
    assert pa.Table.from_batches(one_by_one).combine_chunks().to_batches()[0].equals(whole)
    clean, dirty = (each.column("x").to_pylist() for each in (table.clean.at(range(200)), whole))
    longer = [(new, old) for new, old in zip(dirty, clean, strict=True) if new != old]
    assert len(longer) == 60
    assert all(max(len(old), 255) < len(new) <= max(len(old), 255) + 10 for new, old in longer)
    assert sum(1 <= len(text) <= 10 for text in whole.column("y").to_pylist()) == 60


def test_noise_on_columns_that_are_made_of_others_leaves_what_is_made_of_them_clean():
    table = source(
        ROWS,
        a=Annotated[int, Field(ge=0, le=9), Noise(null=0.1)],
        b=Annotated[int, Field(ge=0, le=99), After("a"), Noise(null=0.1)],
        c=Annotated[int | None, When("a > 4"), Noise(wrong_type=0.1)],
    )
    rows, clean = table.at(range(ROWS)).to_pylist(), table.clean.at(range(ROWS)).to_pylist()
    assert all(row["b"] > row["a"] for row in clean)
    assert all((row["c"] is None) == (row["a"] <= 4) for row in clean)
    assert sum(row["a"] is None for row in rows) == sum(row["b"] is None for row in rows) == 200
    assert sum(isinstance(row["c"], str) and not row["c"].isdigit() for row in rows) == 200


@pytest.mark.parametrize(
    ("noise", "annotation", "reason"),
    [
        (Noise(1.1), int, "a rate of noise is 1.1"),
        (Noise(-0.1), int, "a rate of noise is -0.1"),
        (Noise(null=0.6, duplicate=0.5), int, "add up to 1.1"),
        (Noise(nul=0.6), int, "Did you mean 'null'"),
        (Noise(0.1, null=0.1), int, "for all kinds together"),
        (Noise(empty=0.1), int, "which is int; it wants a text.*null, wrong_type, duplicate"),
        (Noise(too_long=0.1), Colour, "which is an Enum or Literal; it wants a str"),
        (Noise(dangling=0.1), int, "which is int; it wants a foreign key"),
        (Noise(wrong_type=0.1), str, "which is str; it wants a plain field that is no text already"),
        (Noise(out_of_bounds=0.1), datetime.time, "which is datetime.time; it wants a number or a time"),
        (Noise(duplicate=0.1), Inner, "which is a model; it wants a plain field.*what suits it: null"),
        (Noise(duplicate=0.1), Annotated[int, Derived("1")], "which is int, made of other fields; it wants"),
        (Noise(duplicate=0.1), None, "which is None; it wants a plain field"),
    ],
)
def test_what_is_no_noise_is_refused(noise, annotation, reason):
    with pytest.raises(SchemaError, match=reason):
        source(10, x=Annotated[annotation, noise])


def test_noise_inside_an_object_is_refused_rather_than_left_out():
    class Outer(BaseModel):
        a: Annotated[int, Noise(0.1)]

    with pytest.raises(SchemaError, match=r"Thing\.x\.a: noise inside another column"):
        source(10, x=Outer)


MODELS = """
import uuid
from datetime import date
from typing import Annotated, Any
from pydantic import BaseModel, Field
from gen import ForeignKey, PrimaryKey
from gen.schema.row_markers import Noise

class Parent(BaseModel):
    id: Annotated[int, PrimaryKey(), Noise(duplicate=0.01)]
    born: Annotated[date, Noise(wrong_type=0.02)]

class Child(BaseModel):
    id: Annotated[uuid.UUID, PrimaryKey()]
    parent: Annotated[int, ForeignKey("Parent.id"), Noise(dangling=0.03)]
    size: Annotated[int, Field(ge=0, le=9), Noise(null=0.01, out_of_bounds=0.02)]
    more: Annotated[Any, Noise(null=0.1)]
"""


def test_a_run_writes_the_dirt_says_so_and_verifies(forks, tmp_path):
    (tmp_path / "models.py").write_text(MODELS, encoding="utf-8")
    asked = ("--schema", "models.py", "--rows", 1000)
    ended = forks(*asked, "--partition-rows", 300, "--part", "1/1", "--out", "data", cwd=tmp_path)
    assert ended.code == 0, ended.err
    counts = {"Parent": {"id": {"duplicate": 10}, "born": {"wrong_type": 20}}}
    counts["Child"] = {"parent": {"dangling": 30}, "size": {"null": 10, "out_of_bounds": 20}, "more": {"null": 100}}
    assert json.loads((tmp_path / "data/_gen/run.json").read_text("utf-8"))["noise"] == counts
    told = json.loads(forks("describe", *asked, "--json", cwd=tmp_path).out)["tables"]
    assert {t: {c["column"]: c["noise"] for c in told[t]["columns"] if c["noise"]} for t in told} == counts
    parent, child = (f"read_parquet('{tmp_path}/data/{name}/*.parquet')" for name in ("Parent", "Child"))
    assert query(f"select count(*) - count(distinct id) from {parent}") == [(10,)]
    assert query(f"select count(*) from {parent} where try_cast(born as date) is null") == [(20,)]
    assert query(f"select count(*) from {child} where size is null") == [(10,)]
    assert query(f"select count(*) from {child} where size not between 0 and 9") == [(20,)]
    assert query(f"select count(*) from {child} where more is null and parent is not null")[0][0] >= 100
    assert forks("verify", "data", cwd=tmp_path).code == 0
    assert manifest(tmp_path / "data")["tables"]["Child"]["rows"] == 1000


def test_what_is_written_is_what_is_shown_and_only_rows_are_clean(forks, tmp_path):
    (tmp_path / "models.py").write_text(MODELS, encoding="utf-8")
    asked = ("--schema", "models.py", "--rows", 1000)
    assert forks(*asked, "--part", "1/1", "--out", "data", cwd=tmp_path).code == 0
    schema = load_schema(str(tmp_path / "models.py"))
    for name in ("Parent", "Child"):
        table, written = schema.table(name), parquet.read_table(tmp_path / "data" / name)
        assert table.arrow().equals(written)
        assert table.pandas().equals(written.to_pandas())
        frames = table.dask(300).compute(), written.to_pandas()
        computed, read = (frame.astype(object).where(frame.notna(), None).values.tolist() for frame in frames)
        assert computed == read
        rows, clean = written.to_pylist(), table.source.clean.at(range(1000)).to_pylist()
        dirty = [i for i in range(1000) if rows[i] != clean[i]]
        assert len(dirty) > 25
        for i in [*dirty[:6], 1, 2]:
            told = json.loads(forks("row", name, i, *asked, cwd=tmp_path).out)
            seen = table.row(i)
            for field, value in rows[i].items():
                plain = UUID(bytes=value) if isinstance(value, bytes) else value
                plain = json.loads(value) if field == "more" and value else plain
                assert (seen[field], told[field]) == (plain, str(plain) if isinstance(plain, UUID) else plain)
    assert all(0 <= child.size <= 9 for child in schema.rows("Child"))


def test_noise_in_every_row_has_no_duplicates_for_want_of_a_clean_row():
    assert source(50, x=Annotated[int, Noise(1)]).noise["x"] == {"null": 50}
    assert source(50, x=Annotated[str, Noise(1.0)]).noise["x"].keys() == {"null", "empty", "too_long"}
    assert "duplicate" in source(50, x=Annotated[int, Noise(0.9)]).noise["x"]
    for noise in (Noise(duplicate=1), Noise(null=0.5, duplicate=0.5), Noise(duplicate=0.99)):
        with pytest.raises(SchemaError, match=r"Thing\.x: its noise asks for duplicates, and all of its 50 rows"):
            source(50, x=Annotated[int, noise])
