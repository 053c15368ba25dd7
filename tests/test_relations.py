"""Proves that relations are what models declare: counted with DuckDB, which shares no code with what makes the rows."""

import datetime as dt
import json
import pickle
import types
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, create_model, field_validator

from counted import Counted, exact_histogram, geometric, listed, poisson, zipf
from gen import (
    Children,
    Copy,
    Count,
    Derived,
    ForeignKey,
    Geometric,
    HotSet,
    Noise,
    Nulls,
    Ordinal,
    Poisson,
    PrimaryKey,
    Schema,
    Sum,
    SynthesizedBy,
    Synthesizer,
    Tree,
    Unique,
    When,
    Zipf,
    generate,
)
from gen.builder import as_json_schema
from gen.counts import RowRequest
from gen.errors import SchemaError
from gen.preparing import Request, prepare
from gen.schema.written import spec_from_json, spec_to_json
from gen.sizes import scaled_rows
from gen.synth.tables import table_sources
from program import AS_OF, checksums
from relation_schemas import FAMILIES, Customer, Line, Order, Review, Visit, children, references

FIRST = dt.date(2026, 1, 1)
SMALL = [0, 1, 2, 3, 97, 256]
LARGE = [65_537, 65_536, 65_535]  # at which a column is no longer drawn whole
SLOW = ("children", "matching", "trees")  # at the first of these sizes only


def schema_of(rows, **options):
    schema = Schema("relations", **options)
    for model, count in rows.items():
        schema.add(model, rows=count)
    return schema


def counted(rows, **options):
    """The tables of models, with so many rows each, in DuckDB; all that is declared is counted."""
    schema = schema_of(rows, **options)
    return Counted(list(rows), {model.__name__: schema.table(model).arrow() for model in rows}).check()


def sources_of(schema, rows=None):
    spec = schema.spec
    return table_sources(spec, rows or scaled_rows(spec, RowRequest()), schema.seed)


class P(BaseModel):
    id: Annotated[int, PrimaryKey()]
    kind: Literal["a", "b"]
    size: Annotated[int, Field(ge=0, lt=100)]


class Q(BaseModel):
    id: Annotated[int, PrimaryKey()]


def of_parent(*markers, kind=int, **fields):
    """A model C whose field p refers to P."""
    return create_model("C", p=(Annotated[(kind, ForeignKey("P.id"), *markers)], ...), **fields)


# -- every kind, at every size --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("family", "size"),
    [(family, size) for family in FAMILIES for size in SMALL + LARGE[: 1 if family in SLOW else 3]],
)
def test_what_models_declare_is_what_a_database_counts(family, size):
    rows = FAMILIES[family](size)
    found = counted(rows)
    for model, count in rows.items():
        if count is not None:
            assert found.size(model.__name__) == count


def test_a_million_rows_in_files_are_what_their_models_declare(tmp_path):
    rows = children(133_000)
    summary = generate(schema=schema_of(rows), out=str(tmp_path / "data"), workers=1)
    assert 950_000 < summary.tables["Line"]["rows"] < 1_050_000
    tables = {model.__name__: f"{tmp_path}/data/{model.__name__}/*.parquet" for model in rows}
    found = Counted(list(rows), tables)
    for table in found.models:
        found.check_unique(table)
        for reference in found.references(table):
            found.check_reference(table, *reference)
    found.check_copy("Line", "region", ("order", "customer", "region"))
    found.check_ordinal("Line", "number", Ordinal("order"))
    found.check_aggregate("Customer", "spent", Sum("Order.total"), "sum")
    found.check_aggregate("Order", "total", Sum("Line.amount"), "sum")


def test_the_values_of_a_seed_are_others_than_those_of_another():
    one, other = (schema_of(references(100), seed=seed).table("Referring").arrow() for seed in (1, 2))
    assert all(one[name] != other[name] for name in one.schema.names)


# -- children per parent --------------------------------------------------------------------------------------

LAWS = {
    "constant": (Children(3), lambda n: {3: n}),
    "none at all": (Children(0), lambda n: {0: n}),
    "range": (Children((1, 5)), lambda n: exact_histogram(listed(dict.fromkeys(range(1, 6), 1)), n)),
    "histogram": (Children({0: 0.2, 1: 0.5, 4: 0.3}), lambda n: exact_histogram(listed({0: 0.2, 1: 0.5, 4: 0.3}), n)),
    "poisson": (Children(Poisson(3)), lambda n: exact_histogram(poisson(3.0), n)),
    "poisson between": (Children(Poisson(3), least=2, most=6), lambda n: exact_histogram(poisson(3.0), n, None, 2, 6)),
    "geometric": (Children(Geometric(0.3)), lambda n: exact_histogram(geometric(0.3), n)),
    "some none": (Children(Geometric(0.3), none=0.4), lambda n: exact_histogram(geometric(0.3), n, 0.4)),
    "zipf": (Children(Zipf(2), most=1000), lambda n: exact_histogram(zipf(2.0, 1000), n)),
    "zipf, some none": (Children(Zipf(1.5), most=50, none=0.25), lambda n: exact_histogram(zipf(1.5, 50), n, 0.25)),
    "scattered": (Children(Poisson(2), order="scattered"), lambda n: exact_histogram(poisson(2.0), n)),
}


def off_by(found, asked):
    """How far two histograms are apart; a cumulated share that is a half to 1e-12 may be rounded either way."""
    return max((abs(found.get(k, 0) - asked.get(k, 0)) for k in found.keys() | asked.keys()), default=0)


@pytest.mark.parametrize("law", LAWS)
def test_parents_have_as_many_children_as_the_law_says(law):
    marker, asked = LAWS[law]
    for parents in (1, 2, 97, 1024, 20_011):
        found = counted({P: parents, of_parent(marker): None}).histogram("C", "p")
        assert off_by(found, asked(parents)) <= (1 if parents == 1024 else 0), parents


@pytest.mark.parametrize("law", ["range", "histogram", "poisson", "geometric", "some none", "zipf", "scattered"])
@pytest.mark.parametrize("total", [2000, 2301, 3001])
def test_a_number_of_children_that_is_asked_for_is_met_and_the_law_keeps_its_shape(law, total):
    marker, asked = LAWS[law]
    found = counted({P: 1000, of_parent(marker): total}).histogram("C", "p")
    assert sum(found.values()) == 1000 and sum(k * n for k, n in found.items()) == total
    held = asked(10**9)
    assert found.keys() <= held.keys()
    # tilted: the logarithm of the ratio is a line; of counts of 30 and more rounding leaves 0.04 or less
    counts = np.array([k for k in found if found[k] >= 30 and k])
    ratios = np.log([found[k] / held[k] for k in counts.tolist()])
    if counts.size > 2:
        assert np.abs(ratios - np.polyval(np.polyfit(counts, ratios, 1), counts)).max() < 0.1


def test_rows_that_are_numbered_have_parents_as_chance_gives_them():
    """Of 100,000 rows among 10,000 parents the degrees are Poisson's, rounded: the mean and the variance are exact."""
    model = of_parent(n=(Annotated[int, Ordinal("p")], ...))
    found = counted({P: 10_000, model: 100_000}).histogram("C", "p")
    mean = sum(k * n for k, n in found.items()) / 10_000
    variance = sum(k * k * n for k, n in found.items()) / 10_000 - mean**2
    assert mean == 10 and abs(variance - 10) < 0.1


def test_rows_that_are_numbered_may_have_popular_parents():
    found = counted({P: 200, of_parent(Zipf(1.1), number=(Annotated[int, Ordinal("p")], ...)): 5000})
    asked = 5000 * np.arange(1, 201, dtype=float) ** -1.1 / (np.arange(1, 201, dtype=float) ** -1.1).sum()
    counts = sorted((n for n, parents in found.histogram("C", "p").items() for _ in range(parents)), reverse=True)
    assert np.abs(np.array(counts) - asked).max() < 2  # as many as the law says, rounded


@pytest.mark.parametrize("rows", [100, 101, 250])
def test_numbered_rows_and_pairs_that_differ_may_have_to_cover_their_parents(rows):
    sure = ForeignKey("P.id", covering=True)
    numbered = create_model("C", p=(Annotated[int, sure], ...), n=(Annotated[int, Ordinal("p")], ...))
    counted({P: 100, numbered: rows})
    pairs = create_model(
        "C", q=(Annotated[int, PrimaryKey(), ForeignKey("Q.id")], ...), p=(Annotated[int, PrimaryKey(), sure], ...)
    )
    counted({P: 100, Q: 7, pairs: rows})
    skewed = create_model(
        "C",
        p=(Annotated[int, PrimaryKey(), sure, Zipf(1.1)], ...),
        q=(Annotated[int, PrimaryKey(), ForeignKey("Q.id"), Zipf(1.0)], ...),
    )
    counted({P: 100, Q: 7, skewed: rows})


def test_a_tree_that_says_how_many_children_alone_is_bushy():
    """Its rows have about half of the children that they may have, so that it is as deep as a logarithm."""

    class Node(BaseModel):
        id: Annotated[int, PrimaryKey()]
        under: Annotated[int | None, ForeignKey("Node.id"), Tree(children=4)]

    found = counted({Node: 20_000})
    depth = found.one(
        "with recursive walk as (select id, 1 depth from Node where under is null union all "
        "select Node.id, depth + 1 from Node join walk on under = walk.id) select max(depth) from walk"
    )
    assert depth <= 12


# -- popularity -----------------------------------------------------------------------------------------------


def test_popular_parents_are_popular_by_the_law_and_anywhere_in_the_key_range():
    """Chi-squared over the 20 most popular of 1,000 and the rest, of 100,000 rows; false alarm 1e-6 (limit 69.9)."""
    found = counted({P: 1000, of_parent(Zipf(1.1)): 100_000})
    counts = np.array([n for _, n in found.rows("select p, count(*) n from C group by p order by n desc")][:20])
    weights = np.arange(1, 1001) ** -1.1
    shares = weights[:20] / weights.sum()
    seen, asked = np.append(counts, 100_000 - counts.sum()), np.append(shares, 1 - shares.sum()) * 100_000
    assert ((seen - asked) ** 2 / asked).sum() < 69.9
    places = [
        r
        for (r,) in found.rows(
            "select r from (select p, count(*) n from C group by p order by n desc limit 20) "
            "join (select id, row_number() over () r from P) on p = id"
        )
    ]
    assert max(places) > 500 and min(places) < 500  # 2e-6 that all 20 are in one half


def test_hot_parents_have_their_share_of_the_rows():
    """Of 50,000 rows 80 % refer to a fifth of 500 parents, within 5 deviations: false alarm 6e-7."""
    found = counted({P: 500, of_parent(HotSet(0.2, 0.8)): 50_000})
    hot = found.one("select sum(n) from (select count(*) n from C group by p order by n desc limit 100)")
    assert abs(hot - 40_000) < 5 * np.sqrt(50_000 * 0.8 * 0.2) + 60  # 60: cold ones that happen to be among the hot


def test_references_that_share_a_popularity_find_the_same_rows_popular():
    found = counted({**references(3000)})

    def popular(column):
        return found.one(f"select mode({column}) from Referring")

    assert popular("popular") == popular("known")
    assert popular("popular") != popular("sure_too")


def test_references_inside_a_list_share_a_popularity_too():
    known = ForeignKey("P.id", popularity="known")
    inside = create_model(
        "C",
        one=(Annotated[int, known, Zipf(1.5)], ...),
        some=(list[Annotated[int, known, Zipf(1.5)]], ...),
    )
    schema = schema_of({P: 1000, inside: 3000})
    table = schema.table(inside).arrow()
    first = pa.compute.mode(table["one"])[0]["mode"]
    assert pa.compute.mode(pa.compute.list_flatten(table["some"]))[0]["mode"] == first


# -- one value per row, whichever way it is asked for ---------------------------------------------------------


@pytest.mark.parametrize("size", [997, 65_537])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_row_is_the_same_in_any_range_and_any_order(family, size):
    generator = np.random.default_rng(5)
    for source in sources_of(schema_of(FAMILIES[family](size))).values():
        few = min(source.rows, 1500)
        rows = generator.choice(source.rows, few, replace=False).astype(np.uint64) if few else np.empty(0, np.uint64)
        start = max(source.rows - 700, 0)
        whole = source.at(range(start, source.rows))
        there = rows[rows >= start]
        shuffled = source.at(rows)
        assert source.at(there).equals(whole.take(pa.array(there - np.uint64(start))))
        assert shuffled.filter(pa.array(rows >= start)).equals(source.at(there))


@pytest.fixture(scope="module")
def parts_of(tmp_path_factory):
    """The children's family in files: of one partition, and of many, made in three parts."""
    folder = tmp_path_factory.mktemp("parts")
    schema = schema_of(children(400))
    generate(schema=schema, out=str(folder / "whole"), workers=1)
    for i in (1, 2, 3):
        generate(schema=schema, out=str(folder / "parts"), partition_rows=97, part=(i, 3))
    generate(schema=schema, out=str(folder / "some"), tables=("Line", "Review"), workers=1)
    return folder


def test_partitions_and_parts_hold_the_same_rows(parts_of):
    whole, parts, some = (checksums(parts_of / name) for name in ("whole", "parts", "some"))
    assert parts == whole
    assert some == {name: whole[name] for name in ("Line", "Review")}


def test_files_of_many_partitions_are_what_their_models_declare(parts_of):
    models = [Customer, Order, Line, Review, Visit]
    Counted(models, {m.__name__: f"{parts_of}/parts/{m.__name__}/*.parquet" for m in models}).check()


MODULE = """
import sys
sys.path.insert(0, {tests!r})
from relation_schemas import *
from gen import Schema
schema = Schema("relations")
for model, rows in children(100).items():
    schema.add(model, rows=rows)
"""


def test_workers_make_the_same_rows_and_a_run_is_verified(forks, tmp_path):
    (tmp_path / "shop.py").write_text(MODULE.format(tests=str(Path(__file__).parent)), "utf-8")
    ended = forks("--schema", "shop.py", "--partition-rows", 300, "--workers", 2, "--out", "w", *AS_OF, cwd=tmp_path)
    assert ended.code == 0, ended.err
    generate(schema=schema_of(children(100)), out=str(tmp_path / "here"), partition_rows=300, workers=1, as_of=FIRST)
    assert checksums(tmp_path / "w") == checksums(tmp_path / "here")
    verified = forks("verify", "w", cwd=tmp_path)
    assert verified.code == 0, verified.err
    row = forks("row", "--schema", "shop.py", "Line", 17, cwd=tmp_path)
    assert row.code == 0 and json.loads(row.out)["number"] >= 1, row.err
    told = forks("describe", "--schema", "shop.py", cwd=tmp_path)
    assert told.code == 0 and "sum(Line.amount)" in told.out, told.err


@pytest.mark.parametrize("family", FAMILIES)
def test_every_marker_is_read_back_as_it_was_written(family):
    schema = schema_of(FAMILIES[family](50))
    spec = schema.spec
    assert spec_from_json(json.loads(json.dumps(spec_to_json(spec)))) == spec
    document = json.loads(json.dumps(as_json_schema(schema)))
    again = Schema("again")
    for table in spec.tables:
        again.add(
            {"$ref": f"#/$defs/{table.name}", "$defs": document["$defs"]} if "$defs" in document else document,
            rows=None if table.follows else table.rows,
            name=table.name,
        )
    for table in spec.tables:
        assert again.table(table.name).arrow().equals(schema.table(table.name).arrow()), table.name


def test_tables_are_the_same_when_two_processes_plan_them(monkeypatch):
    """40 tables, each of which copies from one in the other half, and counts the rows of one there."""
    models = []
    for i in range(40):
        other = f"T{(i + 20) % 40}"
        models.append(
            create_model(
                f"T{i}",
                id=(Annotated[int, PrimaryKey()], ...),
                own=(Annotated[int, Field(ge=0, lt=1000)], ...),
                other=(Annotated[int, ForeignKey(f"{other}.id"), Children((0, 2), order="scattered")], ...),
                theirs=(Annotated[int, Copy("other", "own")], ...),
                further=(Annotated[int, Derived("other.theirs + own")], ...),
                count=(Annotated[int, Count(other)], ...),
            )
        )
    schema = schema_of(dict.fromkeys(models, 200))
    both = prepare(Request(schema=schema)).sources
    monkeypatch.setattr("gen.halves.WORTH_IT", 10**6)
    one = prepare(Request(schema=schema)).sources
    for name, source in one.items():
        assert both[name].at(range(200)).equals(source.at(range(200)))
    counted(dict.fromkeys(models, 200))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_worker_has_all_that_columns_take_from_other_tables(family):
    schema = schema_of(FAMILIES[family](120))
    sources = prepare(Request(schema=schema)).sources
    for name, source in sources.items():
        sent = pickle.loads(pickle.dumps(source))
        assert sent.at(range(source.rows)).equals(
            schema.table(name).arrow().combine_chunks().to_batches()[0] if source.rows else source.at(range(0))
        )


# -- beyond 2^32 rows -----------------------------------------------------------------------------------------

FAR = 2**33 + 7


@pytest.mark.parametrize("order", ["parents", "scattered"])
def test_children_of_billions_of_parents_are_where_their_parents_say(order):
    class Far(BaseModel):
        id: Annotated[int, PrimaryKey(), Field(ge=0, lt=2**60)]
        word: Annotated[int, Field(ge=0, lt=10**9)]
        total: Annotated[int, Sum("Near.x")]
        count: Annotated[int, Count("Near")]

    class Near(BaseModel):
        p: Annotated[int, ForeignKey("Far.id"), Children((0, 4), order=order)]
        n: Annotated[int, Ordinal("p")]
        x: Annotated[int, Field(ge=0, lt=1000)]
        word: Annotated[int, Copy("p", "word")]

    sources = sources_of(schema_of({Far: FAR, Near: None}))
    assert sources["Near"].rows > 2 * FAR - 5
    link = sources["Near"].columns["p"].link
    for start in (0, 2**32 - 500, FAR - 1000):
        parents = sources["Far"].at(range(start, start + 1000))
        rows, counts = link.children_of(range(start, start + 1000))
        theirs = sources["Near"].at(rows)
        assert parents["count"].to_pylist() == counts.tolist()
        owner = np.repeat(np.arange(1000), counts.astype(int))
        for name, of in (("p", "id"), ("word", "word")):
            assert theirs[name].equals(parents[of].take(pa.array(owner))), name
        sums = np.bincount(owner, theirs["x"].to_numpy(), 1000).astype(int)
        assert parents["total"].to_pylist() == sums.tolist()
        assert theirs["n"].to_pylist() == [i + 1 for count in counts.tolist() for i in range(count)]
        again = sources["Near"].at(range(int(rows[0]), int(rows[0]) + 50))
        assert again.slice(0, 1).equals(theirs.slice(0, 1))


def test_pairs_of_billions_differ():
    class Far(BaseModel):
        id: Annotated[int, PrimaryKey(), Field(ge=0, lt=2**60)]

    class Pair(BaseModel):
        p: Annotated[int, PrimaryKey(), ForeignKey("Far.id")]
        q: Annotated[int, PrimaryKey(), ForeignKey("Q.id"), Zipf(1.1)]

    sources = sources_of(schema_of({Far: FAR, Q: 1000, Pair: 5 * FAR}))
    link = sources["Pair"].columns["q"].link
    rows, counts = link.children_of(range(2, 3))
    assert counts.sum() == len(rows) > 10**6
    for first in (0, 5 * FAR - 40_000):
        batch = sources["Pair"].at(range(first, first + 40_000))
        assert len(set(zip(batch["p"].to_pylist(), batch["q"].to_pylist(), strict=True))) == 40_000
    some = sources["Pair"].at(rows[:20_000])
    assert len(some["q"].unique()) == 1 and len(some["p"].unique()) == 20_000


# -- beside what else a model may say -------------------------------------------------------------------------


class Even(BaseModel):
    """Half of what is drawn is refused."""

    id: Annotated[int, PrimaryKey()]
    size: Annotated[int, Field(ge=0, lt=100)]

    @field_validator("size")
    @classmethod
    def even(cls, value):
        if value % 2:
            raise ValueError("odd")
        return value


class Taken(BaseModel):
    id: Annotated[int, PrimaryKey()]
    even: Annotated[int, ForeignKey("Even.id"), Children((0, 3))]
    size: Annotated[int, Copy("even", "size")]
    x: Annotated[int, Field(ge=0, lt=60)]
    sum: Annotated[int, Derived("even.size + x")]

    @field_validator("x")
    @classmethod
    def by_three(cls, value):
        if value % 3:
            raise ValueError("not by three")
        return value


class Further(BaseModel):
    id: Annotated[int, PrimaryKey()]
    taken: Annotated[int, ForeignKey("Taken.id")]
    x: Annotated[int, Copy("taken", "x")]
    size: Annotated[int, Copy("taken", "even", "size")]


class Above(BaseModel):
    id: Annotated[int, PrimaryKey()]
    total: Annotated[int, Sum("Below.x")]


class Below(BaseModel):
    above: Annotated[int, ForeignKey("Above.id"), Children(Poisson(2))]
    x: Annotated[int, Field(ge=0, lt=60)]

    _by_three = field_validator("x")(Taken.by_three.__func__)


def test_rows_that_a_model_refuses_are_not_copied_and_not_summed():
    found = counted({Even: 500, Taken: None, Further: 900, Above: 300, Below: None})
    assert found.one("select count(*) from Taken where size % 2 = 1 or x % 3 > 0 or sum <> size + x") == 0
    assert found.one("select count(*) from Below where x % 3 > 0") == 0


def test_dirt_is_in_the_column_that_asks_for_it_and_is_not_copied():
    class Dirty(BaseModel):
        id: Annotated[int, PrimaryKey()]
        x: Annotated[int | None, Field(ge=0, lt=10), Noise(out_of_bounds=0.2), Nulls(0)]

    class Clean(BaseModel):
        p: Annotated[int, ForeignKey("Dirty.id"), Children(3)]
        x: Annotated[int | None, Copy("p", "x"), Nulls(0)]

    schema = schema_of({Dirty: 500, Clean: None})
    dirty, clean = (schema.table(m).arrow().to_pandas() for m in (Dirty, Clean))
    assert not dirty["x"].between(0, 9).all()
    assert clean["x"].between(0, 9).all()
    both = clean.merge(dirty, left_on="p", right_on="id")
    assert (both["x_x"] == both["x_y"]).mean() == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("kind", "least", "greatest", "fits"),
    [
        (int, 2**58, 2**59, False),
        (int, -(2**61), 2**61, True),
        (dt.timedelta, dt.timedelta(0), dt.timedelta(days=99_999_999), False),
        (Decimal, Decimal(93 * 10**36), Decimal(96 * 10**36), False),  # whose sums would be 42 * 10^36 in 128 bits
        (Decimal, Decimal(-24 * 10**36), Decimal(24 * 10**36), True),
    ],
)
def test_sums_are_exact_or_refused(kind, least, greatest, fits):
    digits = {"max_digits": 38, "decimal_places": 0} if kind is Decimal else {}
    above = create_model(
        "A",
        id=(Annotated[int, PrimaryKey()], ...),
        n=(Annotated[(kind, Field(**digits), Sum("B.x"))], ...),
    )
    below = create_model(
        "B",
        a=(Annotated[int, ForeignKey("A.id"), Children(4 if kind is not int or fits else 50)], ...),
        x=(Annotated[(kind, Field(ge=least, le=greatest, **digits))], ...),
    )
    if fits:
        counted({above: 500, below: None})
        return
    with pytest.raises(SchemaError, match=r"A\.n: its sum\(B\.x\) does not fit: [\d,]+ is beyond what can be stored"):
        schema_of({above: 500, below: None}).table("A")


class Dice(Synthesizer):
    """Drawn in blocks, by code that knows nothing of rows."""

    def draw(self, generator, n):
        return generator.integers(1, 7, n)


def test_what_user_code_draws_in_blocks_is_copied_and_summed():
    class Table(BaseModel):
        id: Annotated[int, PrimaryKey()]
        eyes: Annotated[int, SynthesizedBy("Dice")]
        total: Annotated[int, Sum("Throw.eyes")]

    class Throw(BaseModel):
        table: Annotated[int, ForeignKey("Table.id"), Children((0, 9), order="scattered")]
        eyes: Annotated[int, SynthesizedBy("Dice")]
        theirs: Annotated[int, Copy("table", "eyes")]

    counted({Table: 3000, Throw: None})


def test_references_inside_objects_and_lists_lead_to_their_rows():
    class Inner(BaseModel):
        p: Annotated[int, ForeignKey("P.id")]
        size: Annotated[int, Derived("p.size + 1")]
        large: Annotated[int | None, Field(ge=0, le=9), When("p.size >= 50")]

    class Outer(BaseModel):
        one: Inner
        several: list[Inner]

    schema = schema_of({P: 300, Outer: 400})
    sizes = dict(zip(*(schema.table(P).arrow()[name].to_pylist() for name in ("id", "size")), strict=True))
    rows = schema.table(Outer).arrow().to_pylist()
    inner = [inside for row in rows for inside in (row["one"], *row["several"])]
    assert len(inner) > 800
    assert all(each["size"] == sizes[each["p"]] + 1 for each in inner)
    assert all((each["large"] is not None) == (sizes[each["p"]] >= 50) for each in inner)


def test_an_object_that_is_drawn_by_a_copy_is_the_object():
    class Address(BaseModel):
        city: str
        lines: list[str]

    class Owner(BaseModel):
        id: Annotated[int, PrimaryKey()]
        address: Address

    class Thing(BaseModel):
        owner: Annotated[int, ForeignKey("Owner.id")]
        address: Annotated[Address, Copy("owner", "address")]

    schema = schema_of({Owner: 40, Thing: 300})
    homes = {row["id"]: row["address"] for row in schema.table(Owner).arrow().to_pylist()}
    assert all(row["address"] == homes[row["owner"]] for row in schema.table(Thing).arrow().to_pylist())
    assert all(isinstance(thing.address, Address) for thing in schema.rows(Thing))


# -- schemas nobody wrote -------------------------------------------------------------------------------------

MARKERS = st.sampled_from(
    [
        (),
        (Zipf(1.2),),
        (HotSet(0.3, 0.7),),
        (Children((0, 3)),),
        (Children(Poisson(1.5), order="scattered"),),
        (Children(Geometric(0.5), none=0.3),),
        (Unique(),),
    ]
)


@settings(max_examples=40, deadline=None)
@given(
    parents=st.integers(1, 40),
    first=MARKERS,
    second=MARKERS,
    key=st.sampled_from(["own", "pair", "numbered"]),
    share=st.sampled_from([None, 0.0, 0.4, 1.0]),
    seed=st.integers(0, 2**32),
)
def test_schemas_of_any_markers_are_what_they_declare(parents, first, second, key, share, seed):
    invertible = any(isinstance(m, (Children, Unique)) for m in first)
    fields = {"word": (Annotated[str, Copy("p", "word")], ...), "x": (Annotated[int, Field(ge=0, lt=50)], ...)}
    if key == "own":
        fields["id"] = (Annotated[int, PrimaryKey()], ...)
    if key == "numbered" and not any(isinstance(m, (Zipf, HotSet, Unique)) for m in first):
        fields["n"], invertible = (Annotated[int, PrimaryKey(), Ordinal("p")], ...), True
    alone = any(isinstance(m, Unique) for m in first)
    both = (PrimaryKey(),) if key == "pair" or "n" in fields else ()
    c = create_model("C", p=(Annotated[(int, ForeignKey("A.id"), *both, *first)], ...), **fields)
    if key == "pair" and not alone:
        c = create_model("C", __base__=c, q=(Annotated[int, PrimaryKey(), ForeignKey("Q.id")], ...))
    above = {"total": (Annotated[int, Sum("C.x")], ...), "count": (Annotated[int, Count("C")], ...)}
    a = create_model(
        "A",
        id=(Annotated[int, PrimaryKey()], ...),
        word=(Annotated[str, Field(pattern="^[a-z]{1,3}$")], ...),
        **(above if invertible else {}),
    )
    models = {a: parents, Q: 9, c: None if any(isinstance(m, Children) for m in first) else parents}
    if "id" in fields:
        kind, null = (int, ()) if share is None else (int | None, (Nulls(share),))
        if any(isinstance(m, Children) for m in second):
            kind, null = int, ()
        models[create_model("D", c=(Annotated[(kind, ForeignKey("C.id"), *null, *second)], ...))] = None
        if not any(isinstance(m, Children) for m in second):
            models[list(models)[-1]] = min(parents, 5) if models[c] is not None else 0
    counted(models, seed=seed)


def test_this_file_knows_optional_fields():
    """The checks above read models by themselves: one that sees no marker would count nothing."""
    fields = Counted([Review], {"Review": schema_of(children(5)).table("Review").arrow()}).fields["Review"]
    assert fields["order"].nullable and ForeignKey in fields["order"] and Nulls in fields["order"]
    assert isinstance(int | None, types.UnionType)
