"""Proves that appended rows have keys of their own, refer to rows that are there, and change none of these."""

import datetime as dt
import pickle
import uuid
from collections import Counter
from typing import Annotated, Literal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, PastDatetime, create_model

from counted import Counted
from gen import (
    Children,
    Copy,
    Count,
    Domain,
    Existing,
    ForeignKey,
    HotSet,
    Noise,
    Nulls,
    Ordinal,
    PrimaryKey,
    Schema,
    Sequence,
    Series,
    SynthesizedBy,
    Synthesizer,
    Unique,
    Zipf,
)
from gen.counts import RowRequest
from gen.errors import BadRequest, CapacityError, SchemaError
from gen.plan import epoch_seed
from gen.sizes import appended_rows, scaled_rows
from gen.synth.related.parents import AllRows, JoinedRows
from gen.synth.tables import Epoch, table_sources
from gen.synth.trial import filtered_sources
from relation_schemas import FAMILIES

DAY = dt.date(2026, 1, 1)


def made_in(schema, *requests, checks=None):
    """The sources of all tables, of each epoch: what rows are asked for the first, then what is appended.

    checks: the models that are asked for a sample of the rows, all unless given.
    """
    spec, epochs, found = schema.spec, [], []
    for number, request in enumerate(requests, 1):
        there = {t.name: sum(epoch.rows[t.name] for epoch in epochs) for t in spec.tables}
        rows = appended_rows(spec, request, there) if epochs else scaled_rows(spec, request)
        seed = epoch_seed(schema.seed, number)
        tables = table_sources(spec, rows, seed, DAY, earlier=epochs)
        found.append(filtered_sources(tables, schema.checks if checks is None else checks, seed))
        epochs.append(Epoch(rows, seed, DAY))
    return found


def rows_of(sources):
    return {name: source.at(range(source.rows)) for name, source in sources.items()}


def joined(epochs):
    """All rows of each table, of all epochs."""
    names = list(epochs[0])
    return {
        name: pa.concat_tables([pa.table(rows_of(each)[name]) for each in epochs]).unify_dictionaries()
        for name in names
    }


def schema_of(**models):
    schema = Schema("appended")
    for name, (model, rows) in models.items():
        schema.add(model, rows=rows, name=name)
    return schema


# -- every kind of relation -----------------------------------------------------------------------------------


def appended(family, sizes):
    """The tables of a family of models: so many rows of it at first, and the other sizes appended."""
    schema, requests = Schema("relations"), []
    for number, size in enumerate(sizes):
        counts = FAMILIES[family](size)
        for model, count in counts.items() if not number else ():
            schema.add(model, rows=count)
        pinned = {model.__name__: count for model, count in counts.items() if count is not None}
        requests.append(RowRequest(pinned=pinned))
    return list(counts), made_in(schema, *requests)


def assert_as_declared(family, sizes):
    models, epochs = appended(family, sizes)
    if family == "trees":  # of each epoch its own
        for each in epochs:
            Counted(models, {name: pa.table(rows) for name, rows in rows_of(each).items()}).check()
    found = Counted(models, joined(epochs))
    for table in found.models if family == "trees" else ():
        found.check_unique(table)
    if family != "trees":
        found.check()


@pytest.mark.parametrize("sizes", [(1, 300), (1500, 2, 900)], ids=str)
@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_appended_is_what_models_declare_of_all_rows(family, sizes):
    assert_as_declared(family, sizes)


@settings(max_examples=8, deadline=None)
@given(st.sampled_from(sorted(FAMILIES)), st.lists(st.integers(1, 400), min_size=2, max_size=4))
def test_so_it_is_for_any_sizes(family, sizes):
    assert_as_declared(family, sizes)


# -- keys -----------------------------------------------------------------------------------------------------


class Serial(Synthesizer):
    """A key of the user's own, that promises different values."""

    unique = True

    def at(self, rows):
        numbers = np.arange(rows.start, rows.stop) if isinstance(rows, range) else rows
        return pa.array([f"S{number:09d}" for number in numbers.tolist()])

    def row_of(self, values):
        numbers = np.array([int(value[1:]) for value in values.to_pylist()], np.int64)
        return np.where(numbers < self.rows, numbers, -1)


class Drawn(Synthesizer):
    """One that promises nothing, and draws in blocks; it is counted."""

    def draw(self, generator, n):
        return generator.permutation(n)


KEYS = {
    "integers": Annotated[int, PrimaryKey()],
    "bounded integers": Annotated[int, Field(ge=10, le=3000), PrimaryKey()],
    "integers from 1": Annotated[int, Field(ge=1, multiple_of=5), PrimaryKey()],
    "integers to the end": Annotated[int, Field(ge=2**63 - 5000, lt=2**63), PrimaryKey()],
    "sequence": Annotated[int, Field(ge=1), PrimaryKey(order="sequential")],
    "scattered integers": Annotated[int, PrimaryKey(order="scattered")],
    "few scattered integers": Annotated[int, Field(ge=0, lt=1000), PrimaryKey(order="scattered")],
    "days": Annotated[dt.date, Field(ge=dt.date(2000, 1, 1), lt=dt.date(2010, 1, 1)), PrimaryKey()],
    "past times": Annotated[PastDatetime, PrimaryKey()],
    "UUIDs": Annotated[uuid.UUID, PrimaryKey()],
    "text": Annotated[str, Field(min_length=2, max_length=5), PrimaryKey()],
    "long text": Annotated[str, Field(min_length=12, max_length=40), PrimaryKey()],
    "sequential text": Annotated[str, Field(min_length=1, max_length=4), PrimaryKey(order="sequential")],
    "pattern": Annotated[str, Field(pattern=r"^[A-Z]{2}\d{3}$"), PrimaryKey()],
    "ascending pattern": Annotated[str, Field(pattern=r"^[A-Z]{2}\d{3}$"), PrimaryKey(order="ascending")],
    "sequential pattern": Annotated[str, Field(pattern=r"^[A-Z]{2}\d{3}$"), PrimaryKey(order="sequential")],
    "pattern of many lengths": Annotated[str, Field(pattern=r"^[a-z]{1,30}-[0-9]{2,9}$"), PrimaryKey()],
    "open pattern": Annotated[str, Field(pattern=r"^[ab]+$"), PrimaryKey()],
    "format": Annotated[str, Domain("ipv4"), PrimaryKey()],
    "name": Annotated[str, Domain("name"), PrimaryKey()],
    "e-mail": Annotated[str, Domain("email"), PrimaryKey()],
    "user name": Annotated[str, Domain("username"), PrimaryKey(order="sequential")],
    "tuple": Annotated[tuple[Literal["a", "b", "c"], Annotated[int, Field(ge=0, lt=900)]], PrimaryKey()],
    "user's own": Annotated[str, SynthesizedBy("Serial"), PrimaryKey()],
    "user's own, in blocks": Annotated[int, SynthesizedBy("Drawn"), PrimaryKey()],
}


def keyed(annotation, *counts):
    model = create_model("Thing", key=(annotation, ...), word=(str, ...))
    return made_in(schema_of(Thing=(model, counts[0])), *(RowRequest(pinned={"Thing": count}) for count in counts))


@pytest.mark.parametrize("counts", [(600, 200, 7), (3, 900), (1, 1, 1)], ids=str)
@pytest.mark.parametrize("name", KEYS)
def test_keys_that_are_appended_are_others_and_lead_back_to_their_rows(name, counts):
    epochs = [each["Thing"].columns["key"] for each in keyed(KEYS[name], *counts)]
    keys = [key.at(range(count)) for key, count in zip(epochs, counts, strict=True)]
    every = [repr(value) for values in keys for value in values.to_pylist()]
    assert len(set(every)) == sum(counts)
    for key, values, count in zip(epochs, keys, counts, strict=True):
        assert key.at(np.arange(count, dtype=np.uint64)).equals(values)
        if hasattr(key, "row_of"):
            assert key.row_of(values).tolist() == list(range(count))
            others = [each for each in keys if each is not values]
            assert all((key.row_of(each) == -1).all() for each in others)


@pytest.mark.parametrize("name", ["integers", "integers from 1", "sequence", "sequential text", "user name"])
def test_keys_that_ascend_without_a_bound_go_on_above_the_last(name):
    keys = [v for each in keyed(KEYS[name], 500, 300, 2) for v in rows_of(each)["Thing"]["key"].to_pylist()]
    assert (
        keys == sorted(keys, key=lambda key: (len(key), key) if name == "sequential text" else key)
        or name == "user name"
    )
    assert len(set(keys)) == 802


def test_keys_in_sequence_leave_no_gap():
    keys = [v for each in keyed(KEYS["sequence"], 500, 300, 2) for v in rows_of(each)["Thing"]["key"].to_pylist()]
    assert keys == list(range(1, 803))


def test_rows_can_be_appended_until_every_key_is_taken_and_not_one_more():
    few = Annotated[int, Field(ge=1, le=100), PrimaryKey()]
    found = keyed(few, 40, 35, 25)
    assert sorted(v for each in found for v in rows_of(each)["Thing"]["key"].to_pylist()) == list(range(1, 101))
    with pytest.raises(CapacityError, match=r"Thing.key: 26 distinct values .* what 75 earlier rows leave holds 25"):
        keyed(few, 40, 35, 26)
    for name, all_there_are in {"few scattered integers": 1000, "tuple": 2700, "pattern": 676_000}.items():
        with pytest.raises(CapacityError, match=f"what 10 earlier rows leave holds {all_there_are - 10:,}"):
            keyed(KEYS[name], 10, all_there_are - 9)


@pytest.mark.parametrize("order", ["ascending", "sequential", "scattered"])
def test_combinations_that_are_appended_are_others(order):
    model = create_model(
        "Thing",
        x=(Annotated[Literal["a", "b", "c"], PrimaryKey(order=order)], ...),
        y=(Annotated[int, Field(ge=0, lt=100), PrimaryKey(order=order)], ...),
    )
    found = made_in(schema_of(Thing=(model, 100)), *(RowRequest(pinned={"Thing": n}) for n in (100, 150, 50)))
    pairs = [tuple(row.values()) for each in found for row in rows_of(each)["Thing"].to_pylist()]
    assert len(set(pairs)) == 300
    with pytest.raises(CapacityError, match=r"the set of combinations that 250 earlier rows leave holds 50"):
        made_in(schema_of(Thing=(model, 100)), *(RowRequest(pinned={"Thing": n}) for n in (100, 150, 51)))


# -- references -----------------------------------------------------------------------------------------------


class P(BaseModel):
    id: Annotated[int, PrimaryKey()]
    kind: Literal["a", "b"]
    size: Annotated[int, Field(ge=0, lt=100)]
    word: str


def with_children(*markers, kind=int, children=(1000, 500), parents=(1000, 500), **fields):
    """P, and C that refers to it, both appended to once: P's and C's rows, of both epochs."""
    child = create_model("C", id=(Annotated[int, PrimaryKey()], ...), p=(Annotated[(kind, *markers)], ...), **fields)
    schema = schema_of(P=(P, parents[0]), C=(child, children[0]))
    requests = [RowRequest(pinned={"P": p, "C": c}) for p, c in zip(parents, children, strict=True)]
    found = made_in(schema, *requests)
    return [rows_of(each)["P"].to_pylist() for each in found], [rows_of(each)["C"].to_pylist() for each in found]


@pytest.mark.parametrize("law", [[], [Zipf(0.5)], [HotSet(0.5, 0.6)]], ids=str)
def test_appended_rows_refer_to_all_that_are_there_and_earlier_ones_to_those_that_were(law):
    """Two thirds of 3,000 picks are of 2,000 rows' first; without a law binomial. False alarms: 1e-6."""
    (old, new), (early, late) = with_children(ForeignKey("P.id"), *law, children=(3000, 3000), parents=(2000, 1000))
    old, new = {row["id"] for row in old}, {row["id"] for row in new}
    assert {row["p"] for row in early} <= old
    to_old = sum(row["p"] in old for row in late)
    assert to_old + sum(row["p"] in new for row in late) == 3000
    assert abs(to_old - 2000) < (4.9 * (3000 * 2 / 9) ** 0.5 if not law else 700)


@pytest.mark.parametrize("where", ["kind == 'a'", "size < 20", "kind == 'b' and size >= 50", "word > 'M'"])
def test_a_condition_is_asked_of_earlier_rows_too(where):
    (old, new), (early, late) = with_children(ForeignKey("P.id", where=where))
    accepted = {
        "kind == 'a'": lambda row: row["kind"] == "a",
        "size < 20": lambda row: row["size"] < 20,
        "kind == 'b' and size >= 50": lambda row: row["kind"] == "b" and row["size"] >= 50,
        "word > 'M'": lambda row: row["word"] > "M",
    }[where]
    good = [{row["id"] for row in rows if accepted(row)} for rows in (old, new)]
    assert {row["p"] for row in early} <= good[0]
    found = {row["p"] for row in late}
    assert found <= good[0] | good[1] and found & good[0] and found & good[1]


@pytest.mark.parametrize("where", [None, "kind == 'a'"])
def test_new_parents_have_the_children_that_are_said_and_earlier_ones_keep_theirs(where):
    schema = Schema("appended")
    schema.add(P, rows=1000)
    schema.add(create_model("C", p=(Annotated[int, ForeignKey("P.id", where=where), Children((1, 3))], ...)))
    for parents, children in zip(*by_epoch(schema, ("P", "C"), {"P": 1000}, {"P": 500}), strict=True):
        wanted = {row["id"] for row in parents if where is None or row["kind"] == "a"}
        counts = Counter(row["p"] for row in children)
        assert counts.keys() == wanted and set(counts.values()) == {1, 2, 3}


def by_epoch(schema, names, *pinned):
    """The rows of these tables, each in a list by epoch."""
    epochs = [rows_of(each) for each in made_in(schema, *(RowRequest(pinned=each) for each in pinned))]
    return [[each[name].to_pylist() for each in epochs] for name in names]


def test_rows_may_be_appended_to_parents_that_stay_who_then_have_more_children():
    child = create_model(
        "C", id=(Annotated[int, PrimaryKey()], ...), p=(Annotated[int, ForeignKey("P.id"), Children(2)], ...)
    )
    (old, _), (early, late) = by_epoch(schema_of(P=(P, 100), C=(child, None)), ("P", "C"), {"P": 100}, {"C": 200})
    counts = Counter(row["p"] for row in early + late)
    assert len(late) == 200 and counts == dict.fromkeys((row["id"] for row in old), 4)


class Parent(P):
    lines: Annotated[int, Count("C")]


REFUSED = {
    "its rows with one P are numbered": (P, {"p": (ForeignKey("P.id"),), "n": (Ordinal("p"),)}),
    "it is unique": (P, {"p": (ForeignKey("P.id"), Unique())}),
    r"\(p, n\) are unique": (P, {"p": (ForeignKey("P.id"), PrimaryKey()), "n": (PrimaryKey(), Field(ge=0, lt=50))}),
    r"Parent.lines is count\(C\) of rows that are there": (Parent, {"p": (ForeignKey("Parent.id"), Children(2))}),
}


@pytest.mark.parametrize("why", REFUSED)
def test_parents_that_have_all_that_is_said_of_them_get_no_more(why):
    parent, fields = REFUSED[why]
    child = create_model("C", **{name: (Annotated[(int, *said)], ...) for name, said in fields.items()})
    schema = Schema("appended")
    schema.add(parent, rows=100)
    schema.add(child, rows=100 if parent is P else None)
    said = f"C.p: rows are appended to C and none to {parent.__name__}, and {why}.* Append rows of {parent.__name__}"
    with pytest.raises(SchemaError, match=said):
        by_epoch(schema, ("C",), {parent.__name__: 100}, {"C": 10})
    more = by_epoch(
        schema, ("C",), {parent.__name__: 100}, {parent.__name__: 10, "C": 10} if parent is P else {"Parent": 10}
    )
    assert len(more[0][1]) in (10, 20)


def test_parents_that_earlier_rows_cover_need_no_more():
    covering = create_model("C", p=(Annotated[int, ForeignKey("P.id", covering=True)], ...))
    _, (early, late) = by_epoch(schema_of(P=(P, 100), C=(covering, 150)), ("P", "C"), {}, {"C": 7})
    assert len({row["p"] for row in early}) == 100 and len(late) == 7
    with pytest.raises(CapacityError, match="each row of P is referred to at least once, and 20 of them"):
        by_epoch(schema_of(P=(P, 100), C=(covering, 150)), ("C",), {}, {"P": 20, "C": 7})


@pytest.mark.parametrize("order", [None, "sequential", "scattered"])
def test_beyond_two_to_the_32_keys_lead_back_and_references_and_children_find_them(order):
    """Sampled: 3e9 rows at first, 6e9 and 5 after them; each with one or two children, and referred to evenly."""
    p = create_model("P", id=(Annotated[int, PrimaryKey(order=order)], ...), n=(Annotated[int, Count("D")], ...))
    c = create_model("C", p=(Annotated[int, ForeignKey("P.id")], ...))
    d = create_model("D", p=(Annotated[int, ForeignKey("P.id"), Children((1, 2))], ...))
    counts = (3 * 10**9, 6 * 10**9, 5)
    epochs = made_in(
        schema_of(P=(p, counts[0]), C=(c, 9), D=(d, None)), *(RowRequest(pinned={"P": n, "C": 9}) for n in counts)
    )
    keys = [each["P"].columns["id"] for each in epochs]
    sampled = []
    for key, count in zip(keys, counts, strict=True):
        rows = np.unique(np.random.default_rng(3).integers(0, count, 2000).astype(np.uint64))
        sampled.append(key.at(rows))
        assert key.row_of(sampled[-1]).tolist() == rows.tolist()
        assert all((other.row_of(sampled[-1]) == -1).all() for other in keys if other is not key)
    referred = epochs[1]["C"].at(range(4000))["p"]
    found = np.array([key.row_of(referred) >= 0 for key in keys[:2]])
    assert (found.sum(axis=0) == 1).all() and 1100 < found[0].sum() < 1570  # a third. False alarms: 1e-12
    for each, key in zip(epochs, keys, strict=True):
        children = each["D"].at(range(max(each["D"].rows - 3000, 0), each["D"].rows))["p"]
        assert (key.row_of(children) >= 0).all()
        numbers = each["P"].at(range(3), ["n"])["n"].to_pylist()
        first = each["D"].at(range(sum(numbers)))["p"].to_pylist()
        assert first == [
            k for k, n in zip(each["P"].at(range(3), ["id"])["id"].to_pylist(), numbers, strict=True) for _ in range(n)
        ]


# -- rows that exist already, series, dirt, workers -----------------------------------------------------------


@pytest.mark.parametrize("order", [None, "sequential", "scattered"])
@pytest.mark.parametrize("bounds", [{}, {"ge": 0, "lt": 4000}])
def test_what_extends_existing_rows_is_appended_to(order, bounds):
    taken = np.random.default_rng(5).choice(2000, 600, replace=False)
    old = pa.table({"id": pa.array(np.sort(taken)), "region": ["old"] * 600})
    schema = Schema("extended")
    schema.add(Existing(old, key="id"), name="Old")
    new = create_model(
        "New", id=(Annotated[int, Field(**bounds), PrimaryKey(order=order)], ...), region=(Literal["new"], ...)
    )
    child = create_model(
        "C", p=(Annotated[int, ForeignKey("New.id")], ...), region=(Annotated[str, Copy("p", "region")], ...)
    )
    schema.add(new, rows=300, extends="Old")
    schema.add(child, rows=4000)
    (early, late), (_, children) = by_epoch(schema, ("New", "C"), {}, {"New": 500, "C": 4000})
    parts = [set(taken.tolist()), {row["id"] for row in early}, {row["id"] for row in late}]
    assert len(set().union(*parts)) == 1400
    assert all(any(row["p"] in part for row in children) for part in parts)
    assert all(row["region"] == ("old" if row["p"] in parts[0] else "new") for row in children)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"p": (ForeignKey("Old.id"), Unique())}, "it is unique"),
        ({"p": (ForeignKey("Old.id"), Children((1, 3))), "n": (Ordinal("p"),)}, "its rows with one Old are numbered"),
        ({"p": (ForeignKey("Old.id"), PrimaryKey()), "n": (PrimaryKey(), Field(ge=0, lt=9))}, "are unique"),
    ],
)
def test_rows_that_exist_already_get_no_more_than_is_said_of_them(fields, why):
    schema = Schema("beside")
    schema.add(Existing(pa.table({"id": pa.array(range(90))}), key="id"), name="Old")
    schema.add(
        create_model("C", **{n: (Annotated[(int, *said)], ...) for n, said in fields.items()}),
        rows=40 if "n" not in fields else 180,
    )
    schema.add(P, rows=10)
    _, late = by_epoch(schema, ("P", "C"), {}, {"P": 5})
    assert len(late[0]) in (40, 180) and not late[1]
    with pytest.raises(SchemaError, match=f"rows are appended to C and none to Old, and .*{why}.* Append no rows of C"):
        by_epoch(schema, ("C",), {}, {"C": 50})


def test_rows_that_exist_already_are_covered_once_and_their_followers_follow_once():
    schema = Schema("beside")
    schema.add(Existing(pa.table({"id": pa.array(range(90))}), key="id"), name="Old")
    schema.add(create_model("C", p=(Annotated[int, ForeignKey("Old.id", covering=True)], ...)), rows=100)
    schema.add(create_model("D", p=(Annotated[int, ForeignKey("Old.id"), Children(2)], ...)))
    schema.add(
        create_model(
            "E",
            mixed=(Annotated[int, ForeignKey("Old.id"), PrimaryKey()], ...),
            p=(Annotated[int, ForeignKey("P.id"), PrimaryKey()], ...),
        ),
        rows=60,
    )
    schema.add(P, rows=10)
    c, d, e = by_epoch(schema, ("C", "D", "E"), {}, {"C": 7, "P": 5, "E": 60})
    assert [len(rows) for rows in c + d] == [100, 7, 180, 0]
    assert len({tuple(row.values()) for rows in e for row in rows}) == 120


def test_the_reference_that_leads_a_junction_leads_it_in_every_epoch():
    """The second one, which has a law: sums over it hold of all rows."""
    b = create_model("B", id=(Annotated[int, PrimaryKey()], ...), n=(Annotated[int, Count("J", through="b")], ...))
    j = create_model(
        "J",
        a=(Annotated[int, PrimaryKey(), ForeignKey("P.id")], ...),
        b=(Annotated[int, PrimaryKey(), ForeignKey("B.id"), Zipf(1.2)], ...),
    )
    each = {"P": 50, "B": 20, "J": 300}
    bs, js = by_epoch(schema_of(P=(P, 50), B=(b, 20), J=(j, 300)), ("B", "J"), each, each)
    pairs = [(row["a"], row["b"]) for rows in js for row in rows]
    assert len(set(pairs)) == 600
    counts = Counter(second for _, second in pairs)
    assert all(row["n"] == counts[row["id"]] for rows in bs for row in rows)


def test_a_scattered_key_that_refers_to_a_table_may_get_no_rows():
    q = create_model("Q", id=(Annotated[int, ForeignKey("P.id"), PrimaryKey(order="scattered")], ...))
    x = create_model("X", id=(Annotated[int, PrimaryKey()], ...))
    rows = by_epoch(schema_of(P=(P, 10), Q=(q, 10), X=(x, 3)), ("Q", "X"), {}, {"X": 5})
    assert [len(each) for table in rows for each in table] == [10, 0, 3, 5]


def test_series_go_on():
    model = create_model(
        "Reading",
        number=(Annotated[int, Sequence(start=7, step=3)], ...),
        at=(Annotated[dt.datetime, Field(ge=dt.datetime(2024, 1, 1)), Series(interval=dt.timedelta(minutes=1))], ...),
        share=(Annotated[float | None, Sequence(start=0.5, step=0.25), Nulls(0.2)], ...),
    )
    early, late = by_epoch(schema_of(Reading=(model, 100)), ("Reading",), {}, {"Reading": 50})[0]
    rows = early + late
    assert [row["number"] for row in rows] == [7 + 3 * i for i in range(150)]
    assert [row["at"] for row in rows] == [dt.datetime(2024, 1, 1) + dt.timedelta(minutes=i) for i in range(150)]
    assert all(row["share"] in (None, 0.5 + 0.25 * i) for i, row in enumerate(rows))
    assert {row["share"] is None for row in late} == {True, False}
    short = create_model("Reading", number=(Annotated[int, Field(le=120), Sequence(start=1)], ...))
    with pytest.raises(SchemaError, match="at the last of 130 rows, beyond the column's bounds"):
        by_epoch(schema_of(Reading=(short, 100)), ("Reading",), {}, {"Reading": 30})


@pytest.mark.parametrize("key", [int, str, uuid.UUID])
def test_references_that_dangle_meet_no_key_of_any_epoch(key):
    parent = create_model("P", id=(Annotated[key, PrimaryKey()], ...))
    child = create_model("C", p=(Annotated[key, ForeignKey("P.id"), Noise(dangling=0.3)], ...))
    (old, new), children = by_epoch(schema_of(P=(parent, 400), C=(child, 400)), ("P", "C"), {}, {"P": 300, "C": 300})
    known = {row["id"] for row in old + new}
    for rows in children:
        assert abs(sum(row["p"] not in known for row in rows) - 0.3 * len(rows)) < 1


def test_another_process_makes_the_same_rows_of_what_it_is_handed():
    rows = FAMILIES["children"](300)
    schema = Schema("relations")
    for model, count in rows.items():
        schema.add(model, rows=count)
    last = made_in(
        schema, RowRequest(), RowRequest(pinned={"Customer": 40}), RowRequest(pinned={"Customer": 90, "Visit": 300})
    )[2]
    here, there = rows_of(last), rows_of(pickle.loads(pickle.dumps(dict(last))))
    assert all(here[name].equals(there[name]) for name in here)


def test_another_process_has_the_tables_of_earlier_epochs_that_no_sample_of_the_rows_asked_for():
    """A few rows of the second epoch, whose keys are made with their rows, are referred to by one row in a thousand."""
    order = create_model("Order", id=(Annotated[int, PrimaryKey()], ...))
    line = create_model(
        "Line",
        order=(Annotated[int, PrimaryKey(), ForeignKey("Order.id"), Children(2)], ...),
        number=(Annotated[int, PrimaryKey(), Ordinal("order")], ...),
    )
    note = create_model(
        "Note",
        order=(Annotated[int, ForeignKey("Line.order", name="line")], ...),
        number=(Annotated[int, ForeignKey("Line.number", name="line")], ...),
    )
    schema = schema_of(Order=(order, 20_000), Line=(line, None), Note=(note, 10))
    requests = ({}, {"Order": 10}, {"Order": 50, "Note": 40_000})
    epochs = made_in(schema, *(RowRequest(pinned=each) for each in requests), checks={})
    there = pickle.loads(pickle.dumps(dict(epochs[2])))["Note"].at(range(40_000))
    few = set(rows_of(epochs[1])["Order"]["id"].to_pylist())
    assert 2 < sum(key in few for key in there["order"].to_pylist()) < 60


def test_places_of_rows_in_several_parts_lead_back_to_these():
    parts = JoinedRows(((0, AllRows(3)), (10, JoinedRows(((2, AllRows(2)),))), (20, AllRows(4))))
    places = np.arange(parts.size, dtype=np.uint64)
    assert parts.rows(places).tolist() == [0, 1, 2, 12, 13, 20, 21, 22, 23]
    found, there = parts.places(parts.rows(places))
    assert there.all() and found.tolist() == places.tolist()
    assert parts.rows(np.array([99], np.uint64)).tolist() == [23]
    assert parts.rows(places[:0]).size == 0


def test_rows_follow_the_seed_and_are_others_in_each_epoch():
    schema = schema_of(P=(P, 1000))
    one, two = (by_epoch(schema, ("P",), {}, {"P": 1000}, {"P": 1000})[0] for _ in range(2))
    assert one == two
    words = [[row["word"] for row in rows] for rows in one]
    assert len({tuple(each) for each in words}) == 3
    shares = [sum(row["kind"] == "a" for row in rows) for rows in one]
    assert len(set(shares)) > 1


# -- how many rows are appended -------------------------------------------------------------------------------


def test_rows_are_scaled_as_at_first_but_fixed_tables_get_none():
    schema = Schema("counts")
    schema.add(create_model("Country", id=(Annotated[int, PrimaryKey()], ...)), rows=50, fixed=True)
    schema.add(P, rows=1000)
    schema.add(create_model("C", p=(Annotated[int, ForeignKey("P.id"), Children(3)], ...)))
    there = {"Country": 50, "P": 20_000, "C": 60_000}

    def appended(*asked, **pinned):
        return tuple(appended_rows(schema.spec, RowRequest(*asked, pinned=pinned), there).values())

    assert appended(300) == (0, 100, 300)
    assert appended(None, 0.1) == (0, 2000, 6000)  # of what is there
    assert appended(P=7) == (0, 7, 21)
    assert appended(Country=2) == (2, 0, 0)
    assert appended(C=9) == (0, 0, 9)
    assert appended(300, Country=2) == (2, 100, 300)
    with pytest.raises(BadRequest, match="No rows would be appended"):
        appended(P=0)
    with pytest.raises(BadRequest, match="does not say how many rows"):
        appended()
