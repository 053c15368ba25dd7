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
from gen import Children, Copy, Existing, ForeignKey, Nulls, Poisson, PrimaryKey, Schema, Sum
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
    with sqlite3.connect(tmp_path / "shop.sqlite") as connection:
        for name in (*KEPT, "tenant"):
            found = pq.read_table(tmp_path / "data" / name)
            insert = (
                f"INSERT INTO {name} ({', '.join(found.column_names)}) VALUES ({', '.join('?' * found.num_columns)})"
            )
            connection.executemany(insert, zip(*(column.to_pylist() for column in found.columns), strict=True))
        broken = Counter(row[0] for row in connection.execute("PRAGMA foreign_key_check"))
    assert set(broken) == {"alone", "apart"}  # of which it was said
    connection.close()
