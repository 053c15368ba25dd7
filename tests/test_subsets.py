"""Proves that conditions on the parent's rows hold, for every way to refer to them; and that exactly so many rows may
have no parent."""

import itertools
import math
from collections import Counter
from fractions import Fraction
from typing import Annotated, Literal

import numpy as np
import pytest
from pydantic import BaseModel, Field, create_model, model_validator
from scipy import stats

from gen import (
    Children,
    Copy,
    Count,
    ForeignKey,
    HotSet,
    Nulls,
    Ordinal,
    Poisson,
    PrimaryKey,
    Schema,
    Sum,
    Unique,
    Zipf,
)
from gen.artefacts import pack, unpack
from gen.counts import RowRequest
from gen.errors import CapacityError, GenError, SchemaError
from gen.keys import KeyOrder
from gen.relations.strata import Strata, strata_ends
from gen.sizes import scaled_rows
from gen.synth.related import subsets
from posts import DIGIT, FALSE_ALARM, KEY, Person, described_of, schema_of, sql

# -- strata --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [0, 1, 2, 7, 64, 4096, 4097, 100_003])
def test_strata_are_exact_and_each_row_is_at_one_place_of_one(rows):
    weights = [[2.0, 0.0, 3.0], [0.9, 0.1]]
    strata = Strata(strata_ends(weights, rows), key=5)
    shares = [Fraction(a) * Fraction(b) for a in weights[0] for b in weights[1]]
    below = [round(sum(shares[: i + 1]) / sum(shares) * rows) for i in range(6)]
    assert strata.ends.tolist() == below and strata.size == rows
    numbers = np.arange(rows, dtype=np.uint64)
    found = strata.of(numbers)
    assert np.bincount(found, minlength=6)[:6].tolist() == np.diff([0, *below]).tolist()
    for wanted in ([0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0], [1, 0, 1, 0, 1, 1], [1, 1, 1, 1, 1, 1], [0, 0, 1, 1, 0, 1]):
        union = strata.union(np.array(wanted, np.bool_))
        accepted = numbers[np.array(wanted, np.bool_)[found]] if rows else numbers
        assert union.size == accepted.size
        listed = union.rows(np.arange(union.size, dtype=np.uint64))
        assert sorted(listed.tolist()) == accepted.tolist()
        places, inside = union.places(numbers)
        assert numbers[inside].tolist() == accepted.tolist()
        assert union.rows(places[inside]).tolist() == accepted.tolist()
        beyond = np.array([rows, rows + 1, 2**63], np.uint64)  # rows that are not in the table are asked for, too
        assert not rows or (strata.of(beyond) < 6).all()
        assert not rows or (union.rows(beyond) < max(rows, 1)).all()


def test_strata_of_very_many_rows_are_found_both_ways():
    strata = Strata(strata_ends([[1, 2, 3], [1, 1]], 10**12 + 7), key=9)
    numbers = np.random.default_rng(0).integers(0, 10**12 + 7, 10_000).astype(np.uint64)
    union = strata.union(np.array([1, 0, 0, 1, 1, 0], np.bool_))
    places, inside = union.places(numbers)
    assert (inside == np.isin(strata.of(numbers), [0, 3, 4])).all()
    assert (union.rows(places[inside]) == numbers[inside]).all()
    back, there = union.places(union.rows(np.arange(0, union.size, union.size // 999, dtype=np.uint64)))
    assert there.all() and (back == np.arange(0, union.size, union.size // 999, dtype=np.uint64)).all()


def test_columns_that_a_condition_names_are_dealt_in_exact_numbers():
    schema = schema_of(1000, 5, lead=Annotated[int, ForeignKey("Person.id", where="role == 'clerk' and active")])
    found = {(a, b): n for a, b, n in sql(schema, "SELECT role, active, count(*) FROM Person GROUP BY ALL")}
    exact = {(r, a): w * s * 100 for r, w in (("manager", 2), ("clerk", 5), ("intern", 3)) for a, s in _ACTIVE}
    assert found == pytest.approx(exact, abs=1)
    assert sum(found.values()) == 1000 and found["clerk", True] == 225
    # dealt rows look drawn: neighbours are independent
    roles = [row[0] for row in sql(schema, "SELECT role FROM Person")]
    pairs = Counter(itertools.pairwise(roles))
    table = np.array([[pairs[a, b] for b in ("manager", "clerk", "intern")] for a in ("manager", "clerk", "intern")])
    assert stats.chi2_contingency(table).pvalue > FALSE_ALARM
    law = {row["column"]: row["distribution"] for row in described_of(schema, "Person")}
    assert law["role"] == "weights(2, 5, 3), in exact numbers"


_ACTIVE = ((True, 0.45), (False, 0.45), (None, 0.1))


def test_columns_that_no_condition_names_keep_their_values():
    plain, named = (
        schema_of(500, 5, lead=Annotated[int, ForeignKey("Person.id", where=where)])
        for where in (None, "role == 'clerk'")
    )
    ask = "SELECT id, active, age FROM Person"
    assert sql(plain, ask) == sql(named, ask)


# -- every way to refer, to the rows that a condition accepts -------------------------------------------------

STRATA, LISTED = "role == 'manager' and coalesce(active, True)", "age >= 60 and role != 'manager'"
TRUE = {STRATA: "p.role = 'manager' AND coalesce(p.active, true)", LISTED: "p.age >= 60 AND p.role <> 'manager'"}
CONDITIONS = pytest.mark.parametrize("where", [STRATA, LISTED])


def _accepted(schema, where):
    return sql(schema, f"SELECT count(*) FROM Person p WHERE {TRUE[where]}")[0][0]


def _joined(schema, where, column="lead"):
    """How many rows of Post refer to a person that the condition accepts; and to how many."""
    query = f"SELECT count(*), count(DISTINCT p.id) FROM Post JOIN Person p ON Post.{column} = p.id WHERE {TRUE[where]}"
    return sql(schema, query)[0]


@CONDITIONS
@pytest.mark.parametrize("law", [(), (Zipf(1.2),), (HotSet(0.2, 0.8),)], ids=["even", "zipf", "hot"])
def test_a_reference_leads_to_accepted_rows_alone(where, law):
    schema = schema_of(2000, 20_000, lead=Annotated[(int, ForeignKey("Person.id", where=where), *law)])
    accepted = _accepted(schema, where)
    rows, parents = _joined(schema, where)
    assert rows == 20_000 and parents <= accepted
    counts = [n for (n,) in sql(schema, "SELECT count(*) FROM Post GROUP BY lead ORDER BY 1 DESC")]
    if not law:
        full = np.array(counts + [0] * (accepted - parents))
        assert stats.chisquare(full).pvalue > FALSE_ALARM
    elif isinstance(law[0], HotSet):
        hot = sum(counts[: round(0.2 * accepted)])
        assert stats.binomtest(hot, 20_000, 0.8).pvalue > FALSE_ALARM
    else:
        ranks = np.arange(1, accepted + 1) ** -1.2
        assert stats.binomtest(counts[0], 20_000, ranks[0] / ranks.sum()).pvalue > FALSE_ALARM


@CONDITIONS
def test_unique_covering_and_one_to_one_references_lead_to_accepted_rows(where):
    accepted = _accepted(schema_of(2000, 1, lead=Annotated[int, ForeignKey("Person.id", where=where)]), where)
    schema = schema_of(2000, accepted, lead=Annotated[int, ForeignKey("Person.id", where=where), Unique()])
    assert _joined(schema, where) == (accepted, accepted)
    schema = schema_of(2000, accepted - 3, lead=Annotated[int, PrimaryKey(), ForeignKey("Person.id", where=where)])
    assert _joined(schema, where) == (accepted - 3, accepted - 3)
    schema = schema_of(2000, accepted + 9, lead=Annotated[int, ForeignKey("Person.id", where=where, covering=True)])
    assert _joined(schema, where) == (accepted + 9, accepted)
    for markers in ((Unique(),), (PrimaryKey(),)):
        schema = schema_of(2000, accepted + 1, lead=Annotated[(int, ForeignKey("Person.id", where=where), *markers)])
        with pytest.raises(CapacityError, match=f"{accepted + 1:,} rows refer to different rows of Person"):
            schema.table("Post").arrow()


@CONDITIONS
@pytest.mark.parametrize("order", ["parents", "scattered"])
def test_children_of_accepted_rows_are_exact(where, order):
    lead = Annotated[int, ForeignKey("Person.id", where=where), Children({0: 0.2, 3: 0.8}, order=order)]
    people = create_model("Person", __base__=Person, posts=(Annotated[int, Count("Post")], ...))
    accepted = _accepted(schema_of(2000, 1, lead=Annotated[int, ForeignKey("Person.id", where=where)]), where)
    rows = None if where == STRATA else 3 * round(0.8 * accepted)
    schema = schema_of(2000, rows, parent=people, lead=lead, no=Annotated[int, Ordinal("lead")])
    total, parents = _joined(schema, where)
    assert total == schema.table("Post").arrow().num_rows == 3 * parents and parents == pytest.approx(
        0.8 * accepted, abs=1
    )
    wrong = "SELECT count(*) FROM Person p WHERE posts <> (SELECT count(*) FROM Post WHERE lead = p.id)"
    assert sql(schema, wrong) == [(0,)]
    assert sql(schema, "SELECT count(DISTINCT (lead, no)), min(no), max(no) FROM Post") == [(total, 1, 3)]


@CONDITIONS
def test_pairs_with_accepted_rows_are_distinct(where):
    lead, other = (Annotated[int, PrimaryKey(), ForeignKey("Person.id", where=w, name=w)] for w in (where, "age < 30"))
    schema = schema_of(300, 500, lead=lead, other=other)
    assert _joined(schema, where)[0] == 500
    assert sql(schema, "SELECT count(DISTINCT (lead, other)) FROM Post") == [(500,)]
    assert sql(schema, "SELECT max(age) < 30 FROM Post JOIN Person p ON p.id = other") == [(True,)]


def test_rows_of_the_own_table_and_paths_are_conditions_too():
    class Firm(BaseModel):
        id: KEY
        size: Annotated[int, Field(ge=1, le=99)]

    class Worker(BaseModel):
        id: KEY
        kind: Literal["boss", "hand"]
        firm: Annotated[int, ForeignKey("Firm.id")]
        boss: Annotated[int | None, ForeignKey("Worker.id", where="kind == 'boss'"), Nulls(0.2)]
        peer: Annotated[int, ForeignKey("Worker.id", where="firm.size > 50")]
        size: Annotated[int, Copy("peer", "firm", "size")]

    schema = Schema()
    schema.add(Firm, rows=20)
    schema.add(Worker, rows=900)
    query = "SELECT count(*), count(*) FILTER (b.kind = 'boss') FROM Worker w JOIN Worker b ON w.boss = b.id"
    rows, bosses = sql(schema, query)[0]
    assert rows == bosses and stats.binomtest(rows, 900, 0.8).pvalue > FALSE_ALARM
    query = """SELECT count(*), min(f.size), sum((f.size <> w.size)::INT)
               FROM Worker w JOIN Worker p ON w.peer = p.id JOIN Firm f ON p.firm = f.id"""
    count, least, unlike = sql(schema, query)[0]
    assert count == 900 and least > 50 and unlike == 0


def test_a_condition_is_of_the_rows_that_a_model_takes():
    class Picky(Person):
        @model_validator(mode="after")
        def _grown(self):
            if self.role == "manager" and self.age < 40:
                raise ValueError("too young")
            return self

    Picky.__name__ = "Person"
    lead, young = (Annotated[int, ForeignKey("Person.id", where=text)] for text in ("role == 'manager'", "age < 30"))
    schema = schema_of(800, 300, parent=Picky, lead=lead, young=young)
    joined = "SELECT count(*), min(age), max(age) FROM Post JOIN Person p ON p.id ="
    assert sql(schema, f"{joined} lead WHERE role = 'manager' AND age >= 40")[0][0] == 300
    assert sql(schema, f"{joined} young WHERE role <> 'manager' AND age < 30")[0][0] == 300
    assert sql(schema, "SELECT count(*) FROM Person WHERE role = 'manager'") == [(160,)]


def test_conditions_hold_for_composite_references_and_inside_other_fields():
    class Visit(BaseModel):
        person: Annotated[int, PrimaryKey(), ForeignKey("Person.id"), Children((1, 3))]
        no: Annotated[int, PrimaryKey(), Ordinal("person")]
        kind: Literal["x", "y"]

    class Bill(BaseModel):
        person: Annotated[int, ForeignKey("Visit.person", name="visit", where="kind == 'x' and no < 3")]
        no: Annotated[int, ForeignKey("Visit.no", name="visit")]

    class By(BaseModel):
        who: Annotated[int, ForeignKey("Person.id", where="role == 'clerk'"), Zipf(1.1)]
        old: Annotated[int, ForeignKey("Person.id", where="age > 60", name="old")]

    schema = schema_of(200, 900, one=By, many=list[By])
    schema.add(Visit)
    schema.add(Bill, rows=700)
    joined = "FROM Bill b JOIN Visit v ON (v.person, v.no) = (b.person, b.no)"
    assert sql(schema, f"SELECT count(*), count(*) FILTER (kind = 'x' AND v.no < 3) {joined}") == [(700, 700)]
    for inside in ("SELECT one FROM Post", "SELECT unnest(many) AS one FROM Post"):
        joined = f"({inside}) t JOIN Person a ON a.id = one.who JOIN Person b ON b.id = one.old"
        assert sql(schema, f"SELECT bool_and(a.role = 'clerk' AND b.age > 60) FROM {joined}") == [(True,)]


def test_of_fields_with_too_many_combinations_some_are_dealt_and_all_conditions_hold():
    names = [f"c{i}" for i in range(8)]
    fields = dict.fromkeys(names, (Literal["a", "b", "c", "d"], ...))
    parent = create_model("Person", id=(KEY, ...), **fields)
    leads = {f"to_{n}": Annotated[int, ForeignKey("Person.id", name=n, where=f"{n} == 'a'")] for n in names}
    schema = schema_of(2000, 300, parent=parent, **leads)
    for name in names:
        assert sql(schema, f"SELECT count(*) FROM Post JOIN Person p ON p.id = to_{name} AND {name} = 'a'") == [(300,)]
    laws = [row["distribution"] for row in described_of(schema, "Person")]
    assert laws.count("uniform, in exact numbers") == 6 and laws.count("uniform") == 2
    assert sql(schema_of(0, 0, parent=parent, **leads), "SELECT count(*) FROM Post") == [(0,)]


@CONDITIONS
def test_rows_are_the_same_however_they_are_asked_for(where, tmp_path, monkeypatch):
    fields = {
        "lead": Annotated[int, ForeignKey("Person.id", where=where), Zipf(1.1)],
        "other": Annotated[int, ForeignKey("Person.id", where="age > 50", name="other"), Children(Poisson(2))],
    }
    whole = schema_of(3000, 1500, **fields)._source("Post")
    all_rows = whole.at(range(1500))
    shuffled = np.random.default_rng(1).permutation(1500).astype(np.uint64)
    monkeypatch.setattr("gen.artefacts.LARGE", 1000)
    packed = unpack(pack(schema_of(3000, 1500, **fields)._source("Post"), tmp_path))
    for source in (whole, packed, schema_of(3000, 1500, **fields)._source("Post")):
        assert source.at(shuffled).equals(all_rows.take(shuffled))
        assert source.at(range(700, 1500)).equals(all_rows.slice(700))
    assert list(tmp_path.glob("*.arrow")), "the listed rows travel as a shared file"


def test_of_a_table_too_large_to_list_picks_are_tried(monkeypatch):
    monkeypatch.setattr(subsets, "SAMPLED", 500)
    monkeypatch.setattr("gen.synth.tables.MOST_LISTED", 1000)
    schema = schema_of(
        5000,
        20_000,
        lead=Annotated[int, ForeignKey("Person.id", where=LISTED, name="lead")],
        half=Annotated[int, ForeignKey("Person.id", where="age % 2 == 0", name="half"), HotSet(0.2, 0.8)],
    )
    assert _joined(schema, LISTED)[0] == 20_000
    assert sql(schema, "SELECT sum(age % 2) FROM Post JOIN Person p ON half = p.id") == [(0,)]
    even = [n for (n,) in sql(schema, "SELECT count(*) FROM Post GROUP BY half ORDER BY 1 DESC")]
    assert 0.7 < sum(even[: len(even) // 5]) / 20_000 < 0.9
    source = schema._source("Post")
    assert source.at(np.arange(99, 60, -1).astype(np.uint64)).to_pylist() == source.at(range(61, 100)).to_pylist()[::-1]
    for markers in ((Unique(),), (Children(1),), (PrimaryKey(),)):
        schema = schema_of(5000, 10, lead=Annotated[(int, ForeignKey("Person.id", where=LISTED), *markers)])
        with pytest.raises(SchemaError, match="for which these are listed; Person has 5,000 rows"):
            schema.table("Post").arrow()
    schema = schema_of(5000, 10, lead=Annotated[int, ForeignKey("Person.id", where="age < 18 or id == 0")])
    with pytest.raises(SchemaError, match=r"Post\.lead: .* 0 of 500 rows are such, too few to be found by trying"):
        schema.table("Post").arrow()


# -- what is refused -----------------------------------------------------------------------------------------


class Loop(BaseModel):
    id: KEY
    peer: Annotated[int, ForeignKey("Loop.id", where="peer.id > 5")]


class Odd(BaseModel):
    id: KEY
    x: DIGIT
    peer: Annotated[int, ForeignKey("Odd.id", where="x > 5")]

    @model_validator(mode="after")
    def _odd(self):
        if self.x % 2 == 0:
            raise ValueError("even")
        return self


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        (
            Annotated[int, ForeignKey("Person.id", where="rolle == 'x'")],
            "Person has no field 'rolle'.*Did you mean 'role'",
        ),
        (Annotated[int, ForeignKey("Person.id", where="role ==")], r"Post\.lead: the expression 'role ==' cannot be"),
        (Annotated[int, ForeignKey("Person.id", where="age + 1")], "its where 'age . 1' is int64, not true or false"),
        (Annotated[int, ForeignKey("Person.id", where="role")], "its where 'role' is .*, not true or false"),
        (Annotated[int, ForeignKey("Person.id", where="role == 'x'")], "none of 300 rows is such a row"),
        (Annotated[int, ForeignKey("Person.id", where="age > 99")], "none of 300 rows is such a row"),
    ],
)
def test_conditions_that_make_no_sense_are_refused(field, reason):
    with pytest.raises(GenError, match=f"(?s){reason}"):
        schema_of(300, 10, lead=field).table("Post").arrow()


@pytest.mark.parametrize("where", ["role == 'x'", "age > 99"])
def test_an_optional_reference_to_no_row_is_null(where):
    schema = schema_of(300, 10, lead=Annotated[int | None, ForeignKey("Person.id", where=where)])
    assert sql(schema, "SELECT count(*), count(lead) FROM Post") == [(10, 0)]


def test_conditions_on_what_they_decide_are_refused():
    schema = Schema()
    schema.add(Loop, rows=50)
    with pytest.raises(SchemaError, match=r"Loop\.peer: it refers to rows .* made of what it refers to"):
        schema.table("Loop").arrow()
    people = create_model("Person", __base__=Person, posts=(Annotated[int, Count("Post")], ...))
    schema = schema_of(
        50, 20, parent=people, lead=Annotated[int, ForeignKey("Person.id", where="posts > 1"), Children(2)]
    )
    with pytest.raises(SchemaError, match=r"Post\.lead: it refers to rows .* made of what it refers to"):
        schema.table("Post").arrow()
    schema = Schema()
    schema.add(Odd, rows=200)
    with pytest.raises(SchemaError, match=r"Odd\.peer: .* which rows the model of Odd takes depends on what it refers"):
        schema.table("Odd").arrow()


def test_rows_that_follow_a_condition_are_not_known_unless_it_is_of_dealt_columns():
    lead = Annotated[int, ForeignKey("Person.id", where="age > 50"), Children(2)]
    with pytest.raises(SchemaError, match=r"Post\.lead: .* is not known before they are made") as error:
        schema_of(300, None, lead=lead).table("Post")
    assert "schema.add(Post, rows=1000)" in error.value.hint
    spec = schema_of(300, None, lead=lead).spec
    assert scaled_rows(spec, RowRequest(pinned={"Post": 40})) == {"Person": 300, "Post": 40}


def test_a_popularity_is_not_shared_with_other_rows():
    first, second = (
        Annotated[int, ForeignKey("Person.id", name=name, where=where, popularity="stars"), Zipf(1.1)]
        for name, where in (("a", "role == 'clerk'"), ("b", None))
    )
    with pytest.raises(SchemaError, match="shares the popularity 'stars' with a reference to all rows"):
        schema_of(300, 10, lead=first, other=second).table("Post").arrow()


# -- rows without a parent beside exact children ----------------------------------------------------------------


@pytest.mark.parametrize("domain", [1, 2, 3, 7, 64, 1000, 65_537])
def test_the_rest_of_an_ascending_order_is_known_both_ways(domain):
    every = np.arange(domain, dtype=np.uint64)
    for rows in sorted({0, 1, domain // 3, domain // 2, domain - 1, domain}):
        for key in (1, 99):
            order = KeyOrder("ascending", rows, domain, key)
            used = np.isin(every, order.ranks(range(rows)))
            below, found = order.below(every)
            assert (found == used).all() and (below == np.cumsum(used) - used).all()
            assert (order.free(np.arange(domain - rows, dtype=np.uint64)) == every[~used]).all()


@pytest.mark.parametrize(
    ("rows", "domain"), [(10**11, 10**12), (10**12 - 10**6, 10**12), (3, 2**53), (2**52 + 1, 2**53)]
)
def test_the_rest_of_a_very_large_order_is_known_both_ways(rows, domain):
    order = KeyOrder("ascending", rows, domain, 7)
    numbers = np.random.default_rng(0).integers(0, domain - rows, 5000).astype(np.uint64)
    ranks = order.free(np.sort(numbers))
    below, used = order.below(ranks)
    assert not used.any() and (ranks - below == np.sort(numbers)).all()
    taken = np.random.default_rng(1).integers(0, rows, 5000).astype(np.uint64)
    below, used = order.below(order.ranks(taken))
    assert used.all() and (below == taken).all() and (order.row_of(order.ranks(taken)) == taken.astype(np.int64)).all()


@pytest.mark.parametrize("order", ["parents", "scattered"])
@pytest.mark.parametrize("share", [0.0, 0.05, 0.5, 0.999])
@pytest.mark.parametrize("asked", [None, 1000])
def test_children_beside_nulls_are_exact(order, share, asked):
    lead = Annotated[
        int | None, ForeignKey("Person.id"), Children({0: 0.5, 1: 0.25, 6: 0.25}, order=order), Nulls(share)
    ]
    people = create_model(
        "Person", __base__=Person, posts=(Annotated[int, Count("Post")], ...), sum=(Annotated[int, Sum("Post.n")], ...)
    )
    schema = schema_of(400, asked, parent=people, lead=lead, no=Annotated[int | None, Ordinal("lead")], n=DIGIT, id=KEY)
    rows, some, numbered = sql(schema, "SELECT count(*), count(lead), count(no) FROM Post")[0]
    assert rows == (asked or round(700 / (1 - share))) and some == numbered == rows - round(share * rows)
    counted = dict(sql(schema, "SELECT posts, count(*) FROM Person GROUP BY ALL"))
    assert asked or counted == {0: 200, 1: 100, 6: 100}
    wrong = """SELECT count(*) FROM Person p WHERE posts <> (SELECT count(*) FROM Post WHERE lead = p.id)
               OR sum <> (SELECT coalesce(sum(n), 0) FROM Post WHERE lead = p.id)"""
    assert sql(schema, wrong) == [(0,)]
    assert sql(schema, "SELECT count(DISTINCT (lead, no)), sum(no) FROM Post WHERE lead IS NOT NULL")[0] == (
        some,
        sum(n * (k * (k + 1) // 2) for k, n in counted.items()) or None,
    )
    if order == "parents" and some:
        leads = [lead for (lead,) in sql(schema, "SELECT lead FROM Post") if lead is not None]
        assert leads == sorted(leads)
    source = schema._source("Post")
    numbers = np.random.default_rng(2).permutation(rows)[:400].astype(np.uint64)
    assert source.at(numbers).equals(source.at(range(rows)).take(numbers))
    if 0 < share < 0.9:
        gaps = np.diff([i for i, (lead,) in enumerate(sql(schema, "SELECT lead FROM Post")) if lead is None])
        assert gaps.max() <= 2 * math.ceil(1 / share)  # evenly strewn


def test_numbers_of_rows_without_a_parent_are_null_or_refused():
    lead = Annotated[int | None, ForeignKey("Person.id"), Children(2), Nulls(0.5)]
    with pytest.raises(SchemaError, match=r"Post\.no: it is never null, and numbers rows of one lead") as error:
        schema_of(10, None, lead=lead, no=Annotated[int, Ordinal("lead")]).table("Post").arrow()
    assert "Make the field Optional" in error.value.hint
    with pytest.raises(SchemaError, match="no row has a parent, and there are as many rows as parents have children"):
        schema_of(10, None, lead=Annotated[int | None, ForeignKey("Person.id"), Children(2), Nulls(1)]).table("Post")
