"""Proves that references which match others lead to parents of one row, each as likely, and say when they cannot."""

from __future__ import annotations

import sqlite3
from collections import Counter
from pathlib import Path
from typing import Annotated, Literal

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import BaseModel, Field, create_model, model_validator
from scipy import stats

from counted import Counted
from gen import (
    Children,
    Copy,
    Existing,
    ForeignKey,
    Nulls,
    Ordinal,
    Poisson,
    PrimaryKey,
    Schema,
    Sum,
    Tree,
    Unique,
    Zipf,
)
from gen.builder import load_schema
from gen.counts import RowRequest
from gen.errors import CapacityError, ReferenceError, SchemaError
from gen.sizes import scaled_rows
from gen.synth.tables import table_sources
from program import AS_OF, Forks
from test_append import by_epoch
from test_append import schema_of as appended
from test_reflection import columns, database, read_back, unread
from test_relation_errors import assert_refused, text_of

Key = Annotated[int, PrimaryKey()]


class Customer(BaseModel):
    id: Key
    kind: Literal["home", "firm"]
    size: Annotated[int, Field(ge=0, lt=100)]


class Address(BaseModel):
    id: Key
    customer: Annotated[int, ForeignKey("Customer.id")]


class Order(BaseModel):
    id: Key
    customer: Annotated[int, ForeignKey("Customer.id")]
    address: Annotated[int, ForeignKey("Address.id", matching="customer")]


def address_of(*markers, kind=int):
    return create_model("Address", id=(Key, ...), customer=(Annotated[(kind, *markers)], ...))


def tables(rows):
    schema = Schema("matching")
    for model, count in rows.items():
        schema.add(model, rows=count)
    return {model.__name__: schema.table(model).arrow() for model in rows}


def query(found, sql):
    with duckdb.connect() as connection:
        for name, table in found.items():
            connection.register(name, table)
        return connection.sql(sql).fetchall()


MATCHED = """select count(*), count(address), count(*) filter (o.customer = a.customer)
    from "Order" o left join Address a on a.id = o.address"""


# -- which parents ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["parents", "scattered"])
def test_each_parent_that_matches_is_as_likely_as_the_others(order):
    """False alarm: 1e-6 each."""
    address = address_of(ForeignKey("Customer.id"), Children((1, 9), order=order))
    found = tables({Customer: 90, address: None, Order: 90_000})
    assert query(found, MATCHED) == [(90_000, 90_000, 90_000)]
    counted = query(
        found,
        """with each as (select a.customer, a.id, count(o.id) n from Address a left join "Order" o on o.address = a.id
        group by all), of as (select customer, sum(n) / count(*) e from each group by all)
        select n, e from each join of using (customer) where e > 0""",
    )
    counts, expected = np.array(counted, float).T
    freedom = len(counts) - 90
    assert stats.chi2.sf(((counts - expected) ** 2 / expected).sum(), freedom) > 1e-6


def test_rows_of_one_customer_pick_each_by_itself():
    """Two orders of a customer with ten addresses have the same one in a tenth of the pairs. False alarm: 1e-6."""
    address = address_of(ForeignKey("Customer.id"), Children(10))
    order = create_model(
        "Order",
        customer=(Annotated[int, ForeignKey("Customer.id"), Children(2)], ...),
        address=(Annotated[int, ForeignKey("Address.id", matching="customer")], ...),
    )
    found = tables({Customer: 20_000, address: None, order: None})
    same = query(
        found, 'select count(*) from (select customer from "Order" group by 1 having min(address) = max(address))'
    )
    assert stats.binomtest(same[0][0], 20_000, 0.1).pvalue > 1e-6


@pytest.mark.parametrize("where", ["kind == 'firm'", "size > 50"])
def test_what_is_matched_may_be_of_some_rows_only(where):
    """Dealt to choices, or listed: an order of one without an address has none; one with is not refused."""
    address = address_of(ForeignKey("Customer.id", where=where))
    some = create_model(
        "Order",
        customer=(Annotated[int, ForeignKey("Customer.id")], ...),
        address=(Annotated[int | None, ForeignKey("Address.id", matching="customer"), Nulls(0)], None),
    )
    found = tables({Customer: 300, address: 900, some: 3000})
    ((all_, there, right),) = query(found, MATCHED)
    said = where.replace("==", "=")
    assert query(found, f'select count(*) from "Order" o join Customer c on c.id = o.customer where {said}') == [
        (there,)
    ]
    assert 0 < there == right < all_
    every = create_model(
        "Order",
        customer=(Annotated[int, ForeignKey("Customer.id", where=where)], ...),
        address=(Annotated[int, ForeignKey("Address.id", matching="customer")], ...),
    )
    assert query(tables({Customer: 300, address: 900, every: 3000}), MATCHED) == [(3000, 3000, 3000)]


def test_where_nothing_matches_an_optional_field_is_null_and_nowhere_else():
    address = address_of(ForeignKey("Customer.id"), Children(Poisson(2), none=0.3))
    order = create_model(
        "Order",
        customer=(Annotated[int, ForeignKey("Customer.id")], ...),
        address=(Annotated[int | None, ForeignKey("Address.id", matching="customer"), Nulls(0)], None),
    )
    found = tables({Customer: 1000, address: None, order: 5000})
    wrong = """select count(*) from "Order" o where (address is null) <>
        (o.customer not in (select customer from Address))"""
    assert query(found, wrong) == [(0,)]
    ((_, there, right),) = query(found, MATCHED)
    assert there == right < 5000


def test_rows_that_a_model_refuses_match_as_they_are_at_last():
    class Address(BaseModel):
        id: Key
        customer: Annotated[int, ForeignKey("Customer.id")]
        size: Annotated[int, Field(ge=0, lt=100)]

        @model_validator(mode="after")
        def even(self):
            if self.size % 2:
                raise ValueError("odd")
            return self

    class Order(BaseModel):
        id: Key
        customer: Annotated[int, ForeignKey("Customer.id")]
        address: Annotated[int, ForeignKey("Address.id", matching="customer")]
        size: Annotated[int, Copy("address", "size")]
        much: Annotated[int, Field(ge=0, lt=100)]

        @model_validator(mode="after")
        def more(self):
            if (self.much + self.size) % 3:
                raise ValueError("not by threes")
            return self

    found = tables({Customer: 100, Address: 300, Order: 1000})
    assert query(found, MATCHED) == [(1000, 1000, 1000)]
    Counted([Customer, Address, Order], found).check()


FAR = 2**33 + 7


@pytest.mark.parametrize("order", ["parents", "scattered"])
def test_billions_match_by_arithmetic(order):
    class Stay(BaseModel):
        id: Annotated[int, PrimaryKey(order="sequential")]
        address: Annotated[int, ForeignKey("Address.id"), Children((1, 2), order=order)]
        customer: Annotated[int, Copy("address", "customer")]

    class Visit(BaseModel):
        customer: Annotated[int, ForeignKey("Customer.id"), Children((0, 2), order=order)]
        address: Annotated[int, ForeignKey("Address.id", matching="customer")]
        of_address: Annotated[int, Copy("address", "customer")]
        stay: Annotated[int, ForeignKey("Stay.id", matching="customer")]
        of_stay: Annotated[int, Copy("stay", "address", "customer")]

    schema = Schema("far")
    address = address_of(ForeignKey("Customer.id"), Children((1, 4)))
    for model, rows in {Customer: FAR, address: None, Stay: None, Visit: None}.items():
        schema.add(model, rows=rows)
    source = table_sources(schema.spec, scaled_rows(schema.spec, RowRequest()), 0)["Visit"]
    for start in (0, source.rows // 3, source.rows - 500):
        rows = source.at(range(start, start + 500))
        assert rows["customer"].equals(rows["of_address"]) and rows["customer"].equals(rows["of_stay"])
        assert len(rows["stay"].unique()) > 300


# -- pairs that differ -----------------------------------------------------------------------------------------------


class Tag(BaseModel):
    id: Key
    word: Annotated[int, Unique(), Field(ge=0, lt=10**9)]
    owner: Annotated[int, ForeignKey("Customer.id"), Children((3, 70))]


class Post(BaseModel):
    id: Key
    owner: Annotated[int, ForeignKey("Customer.id"), Children((0, 4))]


def tagged(children):
    return create_model(
        "Tagged",
        post=(Annotated[int, PrimaryKey(), ForeignKey("Post.id"), *children], ...),
        owner=(Annotated[int, Copy("post", "owner")], ...),
        tag=(Annotated[int, PrimaryKey(), ForeignKey("Tag.id", matching="owner")], ...),
    )


TAGGED = """select count(*), count(distinct (post, tag)), count(*) filter (p.owner = t.owner)
    from Tagged x join Post p on p.id = x.post join Tag t on t.id = x.tag"""


def test_a_row_picks_different_parents_of_those_that_match():
    rows = {Customer: 500, Tag: None, Post: None, tagged([]): 1500}
    found = tables(rows)
    assert query(found, TAGGED) == [(1500, 1500, 1500)]
    found = tables({Customer: 500, Tag: None, Post: None, tagged([Children(3)]): None})
    posts = query(found, "select count(*) from Post")[0][0]
    assert query(found, TAGGED) == [(3 * posts,) * 3]  # those with three tags have all of them
    sizes = query(
        found, "select n, count(*) from (select owner, count(*) n from Tag group by 1) group by 1 order by 1 limit 1"
    )
    assert sizes[0][0] == 3


def test_different_parents_are_any_of_those_that_match():
    """Each tag of a post's owner is as likely; of the same post, any pair. False alarm: 1e-6 each."""
    tag = create_model("Tag", id=(Key, ...), owner=(Annotated[int, ForeignKey("Customer.id"), Children(5)], ...))
    post = create_model("Post", id=(Key, ...), owner=(Annotated[int, ForeignKey("Customer.id"), Children(3000)], ...))
    found = tables({Customer: 4, tag: None, post: None, tagged([Children(2)]): None})
    assert query(found, TAGGED) == [(24_000, 24_000, 24_000)]
    each = query(found, "select count(*) from Tagged group by tag")
    assert len(each) == 20 and stats.chisquare([n for (n,) in each]).pvalue > 1e-6
    pairs = query(
        found, "select count(*) from Tagged x join Tagged y using (post) where x.tag < y.tag group by x.tag, y.tag"
    )
    assert len(pairs) == 40 and stats.chisquare([n for (n,) in pairs]).pvalue > 1e-6


def test_more_different_parents_than_match_are_refused():
    with pytest.raises(CapacityError, match=r"up to 4 rows here, each with another row of Tag that matches, .* are 3"):
        tables({Customer: 500, Tag: None, Post: None, tagged([Children((0, 4))]): None})
    with pytest.raises(CapacityError):
        tables({Customer: 50, Tag: None, Post: None, tagged([]): 3 * 50 * 4 + 1})


# -- trees -----------------------------------------------------------------------------------------------------------


class Task(BaseModel):
    id: Key
    project: Annotated[int, ForeignKey("Customer.id"), Zipf(1.1)]
    parent: Annotated[int | None, ForeignKey("Task.id", matching="project"), Tree(roots=2)]


def assert_trees(tasks, roots):
    """Every task is under a root of its project, earlier ones over later ones."""
    with duckdb.connect() as connection:
        connection.register("task", tasks)
        count = connection.execute("select count(*) from task").fetchone()[0]
        wrong = "select count(*) from task a join task b on a.parent = b.id where a.project <> b.project"
        assert connection.execute(wrong).fetchone() == (0,)
        walked = """with recursive walk as (select id, 1 depth from task where parent is null union all
            select t.id, depth + 1 from task t join walk on t.parent = walk.id) select count(*), max(depth) from walk"""
        assert connection.execute(walked).fetchone()[0] == count
        each = connection.execute("select count(*) n, count(*) - count(parent) r from task group by project").fetchall()
        assert all(r == min(n, roots(n)) for n, r in each)
        return connection.execute(walked).fetchone()[1]


def test_tasks_of_a_project_are_a_tree_of_its_own():
    found = tables({Customer: 200, Task: 20_000})["Task"]
    assert 5 < assert_trees(found, lambda n: 2) < 40
    pairs = [(r["id"], r["parent"]) for r in found.to_pylist() if r["parent"] is not None]
    assert all(parent < own for own, parent in pairs)
    share = create_model(
        "Task",
        __base__=Task,
        parent=(Annotated[int | None, ForeignKey("Task.id", matching="project"), Tree(roots=0.1)], None),
    )
    assert_trees(tables({Customer: 200, share: 5000})["Task"], lambda n: max(round(0.1 * n), 1))


def test_tasks_that_are_appended_are_under_tasks_of_all_times():
    schema = appended(Customer=(Customer, 30), Task=(Task, 300))
    ((first, second, third),) = by_epoch(schema, ("Task",), {}, {"Task": 200}, {"Customer": 5, "Task": 100})
    assert_trees(pa.Table.from_pylist(first + second + third), lambda n: 2)
    old = {row["id"] for row in first}
    assert any(row["parent"] in old for row in second)


def test_a_share_of_roots_is_of_the_rows_that_are_made_together():
    share = create_model(
        "Task",
        id=(Key, ...),
        project=(Annotated[int, ForeignKey("Customer.id")], ...),
        parent=(Annotated[int | None, ForeignKey("Task.id", matching="project"), Tree(roots=0.2)], None),
    )
    (epochs,) = by_epoch(appended(Customer=(Customer, 1), Task=(share, 100)), ("Task",), {}, {"Task": 300}, {"Task": 3})
    assert [sum(row["parent"] is None for row in rows) for rows in epochs] == [20, 60, 1]


def test_keys_of_pairs_that_match_can_be_referred_to():
    remark = create_model(
        "Remark",
        post=(Annotated[int, ForeignKey("Tagged.post")], ...),
        tag=(Annotated[int, ForeignKey("Tagged.tag")], ...),
        owner=(Annotated[int, Copy("tag", "owner")], ...),
    )
    rows = {Customer: 50, Tag: None, Post: None, tagged([]): 150, remark: 400}
    assert Counted(list(rows), tables(rows)).check().size("Remark") == 400


# -- rows that are appended ------------------------------------------------------------------------------------------


def test_appended_rows_match_rows_of_all_times():
    schema = appended(Customer=(Customer, 60), Address=(Address, 200), Order=(Order, 300))
    names = ("Customer", "Address", "Order")
    customers, addresses, orders = by_epoch(schema, names, {}, {"Order": 500}, {"Address": 90}, {"Order": 5000})
    owner = {row["id"]: row["customer"] for rows in addresses for row in rows}
    for rows in orders:
        assert all(owner[row["address"]] == row["customer"] for row in rows)
    late = {row["id"] for row in addresses[2]}
    assert {row["customer"] for row in addresses[2]} <= {row["id"] for row in customers[0]}
    assert len(late & {row["address"] for row in orders[3]}) > 80  # of 90, each missed once in e^-19
    shares = Counter(row["address"] in late for row in orders[3])
    assert shares[True] > 0 and shares[False] > 0


def test_customers_that_are_appended_without_addresses_are_refused_before_an_order_needs_one():
    schema = appended(Customer=(Customer, 60), Address=(Address, 200), Order=(Order, 300))
    assert by_epoch(schema, ("Customer",), {}, {"Customer": 5})  # no order does
    with pytest.raises(ReferenceError, match="5 of 65 rows of Customer have none"):
        by_epoch(schema, ("Order",), {}, {"Customer": 5, "Order": 10})
    assert by_epoch(schema, ("Order",), {}, {"Customer": 5, "Address": 5, "Order": 10})


# -- what is refused -------------------------------------------------------------------------------------------------

Q = "q: Annotated[int, ForeignKey('Q.id')]"
MAYBE = "q: Annotated[int | None, ForeignKey('Q.id')]"


def p(*markers, said="matching='q'"):
    """The field of C that refers to P."""
    return f"p: Annotated[{', '.join(['int', f'ForeignKey({chr(39)}P.id{chr(39)}, {said})', *markers])}]"


# fields of C, fields of P -> what the sentence says, in order
REFUSED = {
    (p(), Q): ["C.p: it matches by 'q', and C has no such field", "There are: p"],
    (f"{Q}; {p()}", ""): ["C.p: it matches by 'q', and P has no such field"],
    (f"{Q}; {p(said='matching=3')}", Q): ["C.p: matching is 3", "the own one, and theirs"],
    (f"{Q}; {p(said='matching=[]')}", Q): ["C.p: matching is []"],
    (f"{Q}; {p(said='matching={}')}", Q): ["C.p: matching is {}"],
    (p(said="matching='p'"), "p: int"): ["C.p: it matches by p, which refers to P itself"],
    (f"q: str; {p()}", Q): ["C.p: it matches by q, which is str, and P.q is int", "the same type"],
    (f"q: int; {p()}", Q): ["C.p: it matches by q, and P.q is not known to be of the same row as q of C"],
    (f"{Q}; {p()}", "q: int"): ["P.q is not known to be of the same row", "beside C.q and P.q, at once or further up"],
    (f"{MAYBE}; {p()}", Q): ["C.p: it is never null, and matches by q, which is null", "int | None"],
    (f"{MAYBE[:-1]}, When('x > 3')]; x: int; {p()}", Q): ["null when 'x > 3' does not hold"],
    (f"{Q}; {p('Children(3)')}", Q): ["C.p", "each as likely as the others, and children is said, too"],
    (f"{Q}; {p('Zipf(1.1)')}", Q): ["the law 'zipf' is said, too", "or `matching`"],
    (f"{Q}; {p(said='matching=`q`, covering=True').replace('`', chr(39))}", Q): ["covering is said, too"],
    (f"{Q}; {p(said='matching=`q`, where=`size > 1`').replace('`', chr(39))}", Q): ["where is said, too"],
    (f"{Q}; {p()}; n: Annotated[int, Ordinal('p')]", Q): ["an Ordinal of p is said, too"],
    (f"{Q}; {p('Unique()')}", Q): ["C.p: it refers to rows that match, and it is unique"],
    (f"{Q}; {p('PrimaryKey()')}; k: Annotated[int, PrimaryKey()]", Q): ["(p, k) are unique together"],
    (f"{Q}; x: list[{p().removeprefix('p: ')}]", Q): ["C.x[]", "from inside another field", "or which match"],
    (f"{Q}; {p()}", f"{MAYBE[:-1]}, When('size > 1')]"): [
        "P.q: C.p matches by it, and it is there only when 'size > 1'",
        "Nulls(0.1)",
    ],
    (f"{Q}; {p()}", f"{Q[:-1]}, Children({{0: 1, 20: 1}})]"): ["C.p", "5 of 10 rows of Q have none", "p Optional"],
}


@pytest.mark.parametrize(("fields", "parent"), REFUSED)
def test_what_cannot_match_is_refused_in_a_sentence(forks: Forks, tmp_path: Path, fields: str, parent: str) -> None:
    assert_refused(forks, tmp_path, text_of(fields, parent), REFUSED[fields, parent])


def pair(*markers, of="Tag.id"):
    """A model whose rows are unique by a tag's owner and one of the tags that match."""
    return create_model(
        "Mine",
        owner=(Annotated[int, Unique("x"), ForeignKey("Customer.id"), *markers], ...),
        tag=(Annotated[int, Unique("x"), ForeignKey(of, matching="owner")], ...),
    )


OWN = create_model(
    "Mine",
    id=(Key, ...),
    owner=(Annotated[int, Unique("x"), ForeignKey("Customer.id")], ...),
    other=(Annotated[int, Unique("x"), ForeignKey("Mine.id", matching="owner")], ...),
)
NUMBERED = create_model(
    "Mine",
    owner=(Annotated[int, ForeignKey("Customer.id")], ...),
    tag=(Annotated[int, Unique("x"), ForeignKey("Tag.id", matching="owner")], ...),
    number=(Annotated[int, Unique("x"), Ordinal("owner")], ...),
)
IN_SEQUENCE = create_model(
    "Mine",
    owner=(Annotated[int, PrimaryKey(order="sequential"), ForeignKey("Customer.id")], ...),
    tag=(Annotated[int, PrimaryKey(order="sequential"), ForeignKey("Tag.id", matching="owner")], ...),
)
MAYBE_COPY = create_model(
    "Mine",
    post=(Annotated[int, ForeignKey("Post.id")], ...),
    owner=(Annotated[int | None, Copy("post", "owner"), Nulls(0.3)], None),
    tag=(Annotated[int | None, ForeignKey("Tag.id", matching="owner")], None),
)
IN_TWO = create_model(
    "Mine",
    tag=(Annotated[int, ForeignKey("Tag.id", name="t"), Unique()], ...),
    word=(Annotated[int, ForeignKey("Tag.word", name="t"), Unique("x")], ...),
    number=(Annotated[int, Unique("x"), Field(ge=0, lt=10)], ...),
)
CROSSED = create_model(
    "Mine",
    id=(Key, ...),
    one=(Annotated[int, ForeignKey("Customer.id", name="one")], ...),
    two=(Annotated[int, ForeignKey("Customer.id", name="two")], ...),
    up=(Annotated[int | None, ForeignKey("Mine.id", matching={"one": "two"}), Tree()], None),
)
TOGETHER = {
    "a reference in two groups": (IN_TWO, SchemaError, "refer to Tag together: they share tag alone"),
    "a tree by two fields": (CROSSED, SchemaError, "a tree of rows in which another field matches is said, too"),
    "of its own table": (
        OWN,
        SchemaError,
        "Mine.other: .* own table that match, and .owner, other. are unique together",
    ),
    "numbered otherwise": (
        NUMBERED,
        SchemaError,
        "Mine.tag: it refers to rows that match, and .tag, number. are unique",
    ),
    "in sequence": (IN_SEQUENCE, SchemaError, "keys in sequence have every combination"),
    "too many, by a law": (pair(Zipf(1.2)), CapacityError, "Mine.*400 distinct values are asked for, but .* holds 300"),
    "copied in some rows": (MAYBE_COPY, SchemaError, "Mine.tag: .* Mine.owner is a copy that is null by itself"),
}


@pytest.mark.parametrize("case", TOGETHER)
def test_what_is_unique_together_and_cannot_be_is_refused(case):
    model, error, said = TOGETHER[case]
    with pytest.raises(error, match=said):
        tables({Customer: 100, Tag: None, Post: None, model: 400})


def test_a_row_that_meets_its_parent_itself_refers_to_it():
    """Another key of the same row, as columns that are denormalised have it; it may be unique with the first."""
    person = create_model("Person", id=(Key, ...), code=(Annotated[int, Unique()], ...))
    note = create_model(
        "Note",
        person=(Annotated[int, ForeignKey("Person.id"), Unique("x")], ...),
        code=(Annotated[int, ForeignKey("Person.code", name="code", matching={"person": "id"}), Unique("x")], ...),
        same=(Annotated[int, Copy("person", "code")], ...),
    )
    assert query(tables({person: 50, note: 40}), "select count(*) from Note where code = same") == [(40,)]


def test_more_rows_than_all_can_be_looked_at_are_looked_at_here_and_there():
    account = create_model(
        "Account", id=(Key, ...), customer=(Annotated[int, ForeignKey("Customer.id"), Children((0, 2))], ...)
    )
    address = create_model(
        "Address",
        id=(Key, ...),
        account=(Annotated[int, ForeignKey("Account.id"), Children((1, 2))], ...),
        customer=(Annotated[int, Copy("account", "customer")], ...),
    )
    with pytest.raises(ReferenceError, match=r"of the 30,000,000 rows of Customer have none"):
        tables({Customer: 30_000_000, account: None, address: None, Order: 10})


def test_a_key_that_is_part_of_a_reference_is_refused_unless_it_tells_the_row():
    """A tenant's settings, with an owner among its users: the owner is matched."""
    user = create_model(
        "User",
        tenant=(Annotated[int, PrimaryKey(), ForeignKey("Customer.id")], ...),
        n=(Annotated[int, PrimaryKey()], ...),
    )
    wrong = create_model(
        "Settings",
        tenant=(Annotated[int, PrimaryKey(), ForeignKey("User.tenant")], ...),
        owner=(Annotated[int, ForeignKey("User.n")], ...),
    )
    with pytest.raises(
        SchemaError, match="Settings: tenant is unique, and refers to User together with owner: several"
    ):
        tables({Customer: 100, user: 500, wrong: 80})
    right = create_model(
        "Settings",
        tenant=(Annotated[int, PrimaryKey(), ForeignKey("Customer.id")], ...),
        owner=(Annotated[int, ForeignKey("User.n", matching="tenant")], ...),
    )
    found = tables({Customer: 100, user: 500, right: 80})
    assert Counted([Customer, user, right], found).check().size("Settings") == 80


def test_keys_that_are_each_others_by_a_reference_of_several_fields_are_refused_with_what_to_say():
    tenant = create_model(
        "Tenant",
        id=(Annotated[int, PrimaryKey(), ForeignKey("User.tenant")], ...),
        contact=(Annotated[int, ForeignKey("User.n")], ...),
    )
    user = create_model(
        "User",
        tenant=(Annotated[int, PrimaryKey(), ForeignKey("Tenant.id")], ...),
        n=(Annotated[int, PrimaryKey()], ...),
    )
    with pytest.raises(SchemaError, match=r"Tenant.id: it refers to User.tenant together with contact, and that to it"):
        tables({tenant: 100, user: 100})


def test_a_step_that_cannot_be_gone_backwards_is_named_with_what_to_declare():
    many = create_model(
        "Many",
        customer=(Annotated[int, PrimaryKey(), ForeignKey("Customer.id")], ...),
        tag=(Annotated[int, PrimaryKey(), ForeignKey("Tag.id"), Children((0, 3))], ...),
    )
    order = create_model(
        "Order",
        customer=(Annotated[int, ForeignKey("Customer.id")], ...),
        tag=(Annotated[int | None, ForeignKey("Many.tag", matching="customer")], None),
    )
    with pytest.raises(
        SchemaError, match=r"Order.tag: it matches by customer, .*: Many.customer refers so: in .*differ"
    ):
        tables({Customer: 50, Tag: None, many: None, order: 10})
    strewn = address_of(ForeignKey("Customer.id"), Children((1, 3), order="scattered"))
    stay = create_model(
        "Stay",
        id=(Key, ...),
        address=(Annotated[int, ForeignKey("Address.id")], ...),
        customer=(Annotated[int, Copy("address", "customer")], ...),
    )
    visit = create_model(
        "Visit",
        customer=(Annotated[int, ForeignKey("Customer.id")], ...),
        stay=(Annotated[int, ForeignKey("Stay.id", matching="customer")], ...),
    )
    with pytest.raises(
        SchemaError, match=r"Visit.stay: .* Address with one parent do not stand together, .*: Address.customer"
    ):
        tables({Customer: 50, strewn: None, stay: 400, visit: 10})
    assert tables({Customer: 50, Address: 200, stay: 400, visit: 10})["Visit"].num_rows == 10


def test_an_aggregate_through_a_reference_that_matches_says_how_it_refers():
    address = create_model(
        "Address", __base__=Address, orders=(Annotated[int, Sum("Order.id", through="address")], ...)
    )
    with pytest.raises(SchemaError, match=r"Order.address refers to them so: those that match by customer"):
        tables({Customer: 50, address: 200, Order: 10})


def test_parents_of_rows_that_exist_already_match_and_these_are_refused_by_name():
    held = Existing(pa.table({"id": [1, 2, 3]}), key="id")
    orders = Schema("held")
    for name, model, rows in (("Customer", held, None), ("Address", Address, 30), ("Order", Order, 100)):
        orders.add(model, rows=rows, name=name)
    found = {name: orders.table(name).arrow() for name in ("Address", "Order")}
    assert query(found, MATCHED) == [(100, 100, 100)]
    addresses = Existing(pa.table({"id": [1, 2, 3], "customer": [7, 8, 9]}), key="id", columns=["customer"])
    schema = Schema("held")
    for name, model, rows in (("Customer", Customer, 3), ("Address", addresses, None), ("Order", Order, 100)):
        schema.add(model, rows=rows, name=name)
    with pytest.raises(SchemaError, match=r"Order.address: .* Address.customer is not known to be of the same row"):
        schema.table(Order)


# -- foreign keys of databases ---------------------------------------------------------------------------------------

CIRCLES = """
CREATE TABLE tenant (id INTEGER PRIMARY KEY, contact INT NOT NULL, FOREIGN KEY (id, contact) REFERENCES person (t, n));
CREATE TABLE person (t INT NOT NULL REFERENCES tenant, n INT NOT NULL, email TEXT NOT NULL, home INT,
  PRIMARY KEY (t, n), UNIQUE (t, email), FOREIGN KEY (t, n, home) REFERENCES place (t, person, n));
CREATE TABLE place (t INT NOT NULL, person INT NOT NULL, n INT NOT NULL, PRIMARY KEY (t, person, n),
  FOREIGN KEY (t, person) REFERENCES person (t, n));
CREATE TABLE task (id INTEGER PRIMARY KEY, t INT NOT NULL REFERENCES tenant, UNIQUE (t, id));
CREATE TABLE label (id INTEGER PRIMARY KEY, t INT NOT NULL REFERENCES tenant, name TEXT NOT NULL, UNIQUE (t, id),
  UNIQUE (t, name));
CREATE TABLE labelled (t INT NOT NULL, task INT NOT NULL, label INT NOT NULL, PRIMARY KEY (task, label),
  FOREIGN KEY (t, task) REFERENCES task (t, id), FOREIGN KEY (t, label) REFERENCES label (t, id));
CREATE TABLE settings (t INTEGER PRIMARY KEY REFERENCES tenant, owner INT NOT NULL,
  FOREIGN KEY (t, owner) REFERENCES person (t, n));
"""


def load(path: Path, folder: Path, names: list[str]) -> Counter[str]:
    """Insert what is generated into a database; which tables have rows that break a foreign key."""
    with sqlite3.connect(path) as connection:
        for name in names:
            found = pq.read_table(folder / name)
            insert = (
                f"INSERT INTO {name} ({', '.join(found.column_names)}) VALUES ({', '.join('?' * found.num_columns)})"
            )
            connection.executemany(insert, zip(*(column.to_pylist() for column in found.columns), strict=True))
        broken = Counter(row[0] for row in connection.execute("PRAGMA foreign_key_check"))
    connection.close()
    return broken


def test_circles_of_keys_and_junctions_of_keys_of_their_own_are_kept(forks: Forks, tmp_path: Path) -> None:
    schema = load_schema(database(tmp_path, CIRCLES))
    assert schema.unread == (("person", "UNIQUE (t, email) is kept as UNIQUE (email): it overlaps with (t, n)."),)
    assert columns(schema, "tenant")["contact"].reference.matching == (("id", "t"),)
    assert columns(schema, "person")["home"].reference.matching == (("t", "t"), ("n", "person"))
    sizes = {"tenant": 20, "person": 200, "place": 500, "task": 300, "label": 200, "labelled": 600, "settings": 15}
    rows = [option for name, count in sizes.items() for option in ("--rows", f"{name}={count}")]
    ended = forks("--schema", "sqlite:///shop.sqlite", *rows, "--out", "data", *AS_OF, cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert not load(tmp_path / "shop.sqlite", tmp_path / "data", list(sizes))


CONTESTED = """
CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (id INTEGER PRIMARY KEY);
CREATE TABLE j (a INT NOT NULL REFERENCES a, b INT NOT NULL REFERENCES b, PRIMARY KEY (a, b));
CREATE TABLE c (a INT NOT NULL REFERENCES a, n INT NOT NULL, PRIMARY KEY (a, n));
CREATE TABLE d (b INT NOT NULL REFERENCES b, n INT NOT NULL, PRIMARY KEY (b, n));
CREATE TABLE k1 (a INT NOT NULL, c INT NOT NULL, b INT, FOREIGN KEY (a, c) REFERENCES c (a, n),
  FOREIGN KEY (a, b) REFERENCES j (a, b));
CREATE TABLE k2 (b INT NOT NULL, d INT NOT NULL, a INT, FOREIGN KEY (b, d) REFERENCES d (b, n),
  FOREIGN KEY (a, b) REFERENCES j (a, b));
CREATE TABLE k3 (a INT NOT NULL, b INT NOT NULL, d INT, FOREIGN KEY (a, b) REFERENCES j (a, b), FOREIGN KEY (b, a, d)
  REFERENCES e (b, a, n));
CREATE TABLE e (a INT NOT NULL, b INT NOT NULL, n INT NOT NULL, PRIMARY KEY (a, b, n), FOREIGN KEY (a, b) REFERENCES j);
"""


def test_of_what_cannot_be_matched_with_another_it_is_said_and_the_rest_is_kept(forks: Forks, tmp_path: Path) -> None:
    schema = load_schema(database(tmp_path, CONTESTED))
    assert [table for table, _ in schema.unread] == ["k2"]
    assert unread(schema, "k2")[0].endswith("is not kept: of (a, b) another reference matches by a.")
    names = ["a", "b", "j", "c", "d", "e", "k1", "k2", "k3"]
    rows = [option for name in names for option in ("--rows", f"{name}={20 if name in 'ab' else 100}")]
    ended = forks("--schema", "sqlite:///shop.sqlite", *rows, "--out", "data", *AS_OF, cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert set(load(tmp_path / "shop.sqlite", tmp_path / "data", names)) == {"k2"}


TENANTS = """
CREATE TABLE tenant (id INTEGER PRIMARY KEY);
CREATE TABLE client (t INT NOT NULL REFERENCES tenant, n INT NOT NULL, best INT, PRIMARY KEY (t, n),
  FOREIGN KEY (t, best) REFERENCES bill (t, n));
CREATE TABLE bill (t INT NOT NULL REFERENCES tenant, n INT NOT NULL, client INT NOT NULL, to_client INT,
  PRIMARY KEY (t, n), FOREIGN KEY (t, client) REFERENCES client (t, n),
  FOREIGN KEY (t, to_client) REFERENCES client (t, n));
CREATE TABLE item (t INT NOT NULL, bill INT NOT NULL, n INT NOT NULL, other INT, PRIMARY KEY (t, bill, n),
  FOREIGN KEY (t) REFERENCES tenant (id), FOREIGN KEY (t, bill) REFERENCES bill (t, n),
  FOREIGN KEY (t, bill, other) REFERENCES item (t, bill, n));
CREATE TABLE paid (id INTEGER PRIMARY KEY, t INT REFERENCES tenant, bill INT NOT NULL, item INT NOT NULL,
  FOREIGN KEY (t, bill, item) REFERENCES item (t, bill, n), FOREIGN KEY (t, bill) REFERENCES bill (t, n));
CREATE TABLE alone (t INT NOT NULL, n INT NOT NULL, boss INT, PRIMARY KEY (t, n),
  FOREIGN KEY (t, boss) REFERENCES alone (t, n));
CREATE TABLE apart (id INTEGER PRIMARY KEY, t INT NOT NULL, client INT, alone INT NOT NULL,
  FOREIGN KEY (t, client) REFERENCES client (t, n), FOREIGN KEY (t, alone) REFERENCES alone (t, n));
"""
KEPT = {
    "client": {"t": ("tenant", ()), "best": ("bill", (("t", "t"),))},
    "bill": {"t": ("tenant", ()), "client": ("client", (("t", "t"),)), "to_client": ("client", (("t", "t"),))},
    "item": {"t": ("bill", ()), "bill": ("bill", ()), "other": ("item", (("t", "t"), ("bill", "bill")))},
    "paid": {"t": ("tenant", ()), "bill": ("item", (("t", "t"),)), "item": ("item", (("t", "t"),))},
    "apart": {"t": ("alone", ()), "alone": ("alone", ())},
    "alone": {},
}


def test_foreign_keys_that_share_columns_are_kept_and_the_database_finds_no_row_that_breaks_one(
    forks: Forks, tmp_path: Path
) -> None:
    url = database(tmp_path, TENANTS)
    schema = load_schema(url)
    for table, kept in KEPT.items():
        said = {n: c.reference for n, c in columns(schema, table).items() if c.reference}
        assert {name: (each.table, each.matching) for name, each in said.items()} == kept, table
    assert unread(schema, "paid") == ["t is never null: it refers together with bill, which cannot be."]
    assert unread(schema, "alone")[0].startswith(
        "The reference of t, boss to alone.t, alone.n is not kept: it matches by t"
    )
    assert unread(schema, "apart")[0].startswith(
        "The reference of t, client to client.t, client.n is not kept: it match"
    )
    assert sum(len(unread(schema, table)) for table in KEPT) == 3
    assert read_back(tmp_path, schema).spec == schema.spec
    rows = [option for name in (*KEPT, "tenant") for option in ("--rows", f"{name}={20 if name == 'tenant' else 400}")]
    ended = forks("--schema", url, *rows, "--out", "data", *AS_OF, cwd=tmp_path)
    assert ended.code == 0, ended.err
    broken = load(tmp_path / "shop.sqlite", tmp_path / "data", [*KEPT, "tenant"])
    assert set(broken) == {"alone", "apart"}  # of which it was said
