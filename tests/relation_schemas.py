"""Models whose relations are of every kind that there is, for the tests that count them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from gen import (
    After,
    Children,
    Copy,
    Count,
    Derived,
    ForeignKey,
    Geometric,
    Given,
    HotSet,
    Last,
    Max,
    Min,
    Next,
    Normal,
    Nulls,
    Ordinal,
    Poisson,
    Previous,
    PrimaryKey,
    Sum,
    Tree,
    Unique,
    When,
    Zipf,
)

Key = Annotated[int, PrimaryKey()]
Day = Annotated[dt.datetime, Field(ge=dt.datetime(2024, 1, 1), lt=dt.datetime(2025, 1, 1))]
Money = Annotated[Decimal, Field(max_digits=18, decimal_places=2)]


# -- keys -----------------------------------------------------------------------------------------------------


class Parent(BaseModel):
    id: Key
    kind: Literal["a", "b", "c"]
    note: str | None


class OwnKey(BaseModel):
    """Composite, of own fields, far more combinations than rows."""

    region: Annotated[Literal["north", "south", "east"], PrimaryKey()]
    number: Annotated[int, PrimaryKey(), Field(ge=0, lt=2**40)]
    code: Annotated[str, Unique(), Field(pattern=r"^[A-Z]{2}-\d{5}$")]


class NaturalKey(BaseModel):
    email: Annotated[str, PrimaryKey(), Field(pattern=r"^[a-z]{6}@[a-z]{4}\.org$")]
    badge: Annotated[int, Unique(), Field(ge=10, lt=10**9)]
    slot: Annotated[int, Unique("slot"), Field(ge=0, lt=1000)]
    day: Annotated[dt.date, Unique("slot"), Field(ge=dt.date(2024, 1, 1), lt=dt.date(2025, 1, 1))]


class MixedKey(BaseModel):
    """Composite, of a reference and an own field."""

    parent: Annotated[int, PrimaryKey(), ForeignKey("Parent.id")]
    number: Annotated[int, PrimaryKey(), Field(ge=1, le=1000)]


class Seat(BaseModel):
    """Groups, one inside another, and one of a reference."""

    id: Key
    row: Annotated[int, Unique("place"), Unique("wide"), Field(ge=1, le=10_000)]
    chair: Annotated[int, Unique("place"), Unique("wide"), Field(ge=1, le=100)]
    floor: Annotated[int, Unique("wide"), Field(ge=1, le=3)]
    owner: Annotated[int, Unique("owned"), ForeignKey("Parent.id")]
    hour: Annotated[int, Unique("owned"), Field(ge=0, lt=24)]
    only: Annotated[int, Unique(), ForeignKey("Parent.id")]


class Child(BaseModel):
    parent: Annotated[int, PrimaryKey(), ForeignKey("Parent.id")]
    kind: Annotated[str, Copy("parent", "kind")]


class Grandchild(BaseModel):
    child: Annotated[int, PrimaryKey(order="scattered"), ForeignKey("Child.parent")]
    kind: Annotated[str, Copy("child", "parent", "kind")]


class Left(BaseModel):
    id: Annotated[int, PrimaryKey(order="scattered"), ForeignKey("Right.id")]
    word: str


class Right(BaseModel):
    id: Annotated[int, PrimaryKey(), ForeignKey("Left.id")]
    word: Annotated[str, Copy("id", "word")]


class Base(BaseModel):
    id: Key
    has: Annotated[int, Count("Middle")]
    most: Annotated[int | None, Max("Middle.most")]


class Middle(BaseModel):
    id: Annotated[int, PrimaryKey(), ForeignKey("Base.id")]
    most: Annotated[int | None, Max("Top.level")]


class Top(BaseModel):
    id: Annotated[int, PrimaryKey(), ForeignKey("Middle.id")]
    level: Annotated[int, Field(ge=0, lt=9)]


def keys(n):
    return {
        Parent: n,
        OwnKey: n,
        NaturalKey: n,
        MixedKey: 2 * n,
        Seat: n,
        Child: n - n // 3,
        Grandchild: n // 2,
        Left: n,
        Right: n,
        Base: n,
        Middle: n - n // 4,
        Top: n // 2,
    }


# -- references -----------------------------------------------------------------------------------------------


class Person(BaseModel):
    id: Key
    code: Annotated[str, Unique(), Field(pattern=r"^[A-Z]{3}\d{4}$")]
    name: str
    boss: Annotated[int | None, ForeignKey("Person.id"), Nulls(0.2)]
    home: Annotated[int, ForeignKey("House.id")]


class House(BaseModel):
    id: Key
    street: Annotated[int, Unique("address"), Field(ge=0, lt=5000)]
    number: Annotated[int, Unique("address"), Field(ge=1, le=500)]
    owner: Annotated[int | None, ForeignKey("Person.id")]


class Referring(BaseModel):
    id: Key
    code: Annotated[str, ForeignKey("Person.code")]
    street: Annotated[int, ForeignKey("House.street")]
    number: Annotated[int, ForeignKey("House.number")]
    sure: Annotated[int, ForeignKey("Person.id", covering=True)]
    sure_too: Annotated[int, ForeignKey("Person.id", covering=True), Zipf(1.2)]
    popular: Annotated[int, ForeignKey("Person.id", popularity="known"), Zipf(1.1)]
    known: Annotated[int, ForeignKey("Person.id", popularity="known"), Zipf(1.1)]
    hot: Annotated[int, ForeignKey("Person.id"), HotSet(0.2, 0.8)]
    some: Annotated[int | None, ForeignKey("Person.id"), Nulls(0.5), Zipf(0.9)]
    rarely: Annotated[int, Unique(), ForeignKey("Person.id")]
    name: Annotated[str | None, Copy("some", "name")]
    owner_name: Annotated[str | None, Copy("street", "owner", "name")]
    bosses_boss: Annotated[int | None, Copy("code", "boss", "boss")]


class Twice(BaseModel):
    """Two composite references to one table."""

    id: Key
    from_street: Annotated[int, ForeignKey("House.street", name="from")]
    from_number: Annotated[int, ForeignKey("House.number", name="from")]
    to_street: Annotated[int | None, ForeignKey("House.street", name="to"), Nulls(0.3)]
    to_number: Annotated[int | None, ForeignKey("House.number", name="to"), Nulls(0.3)]


def references(n):
    return {Person: n, House: (n + 1) // 2, Referring: n, Twice: n}


# -- trees and rings ------------------------------------------------------------------------------------------


class Earlier(BaseModel):
    id: Key
    under: Annotated[int | None, ForeignKey("Earlier.id"), Tree(roots=0.1)]


class Level(BaseModel):
    code: Annotated[str, PrimaryKey(), Field(pattern=r"^[A-Z]{6}$")]
    under: Annotated[str | None, ForeignKey("Level.code"), Tree(roots=10, depth=6, children=12)]
    top: Annotated[str | None, Copy("under", "under")]


class Deep(BaseModel):
    id: Key
    under: Annotated[int | None, ForeignKey("Deep.id"), Tree(children=3)]


class Low(BaseModel):
    id: Key
    under: Annotated[int | None, ForeignKey("Low.id"), Tree(depth=3)]


class Chain(BaseModel):
    id: Key
    next: Annotated[int | None, ForeignKey("Chain.id"), Next()]
    previous: Annotated[int | None, ForeignKey("Chain.id"), Previous()]
    after: Annotated[int, ForeignKey("Chain.id"), Next(closed=True)]
    before: Annotated[int, ForeignKey("Chain.id"), Previous(closed=True)]
    followers: Annotated[int, Count("Chain", through="next")]
    least: Annotated[int | None, Min("Chain.id", through="previous")]


class Place(BaseModel):
    """A tree and a ring of rows that have a key of two fields."""

    east: Annotated[int, PrimaryKey(), Field(ge=0, lt=5000)]
    north: Annotated[int, PrimaryKey(), Field(ge=0, lt=5000)]
    in_east: Annotated[int | None, ForeignKey("Place.east", name="in"), Tree(roots=3, children=5)]
    in_north: Annotated[int | None, ForeignKey("Place.north", name="in"), Tree(roots=3, children=5)]
    next_east: Annotated[int, ForeignKey("Place.east", name="next"), Next(closed=True)]
    next_north: Annotated[int, ForeignKey("Place.north", name="next"), Next(closed=True)]
    before: Annotated[int, Min("Place.north", through="next_east")]
    up: Annotated[int | None, Copy("in_east", "in_east", "north")]


def trees(n):
    return {Earlier: n, Level: n, Deep: n, Low: n, Chain: n, Place: n}


# -- junctions ------------------------------------------------------------------------------------------------


class Student(BaseModel):
    id: Key
    courses: Annotated[int, Count("Takes")]
    best: Annotated[int | None, Max("Takes.mark")]


class Course(BaseModel):
    id: Annotated[str, PrimaryKey(), Field(pattern=r"^[a-z]{7}$")]


class Room(BaseModel):
    id: Key


class Takes(BaseModel):
    student: Annotated[int, PrimaryKey(), ForeignKey("Student.id")]
    course: Annotated[str, PrimaryKey(), ForeignKey("Course.id")]
    mark: Annotated[int, Field(ge=0, le=100)]


class Likes(BaseModel):
    student: Annotated[int, PrimaryKey(), ForeignKey("Student.id")]
    course: Annotated[str, PrimaryKey(), ForeignKey("Course.id"), Zipf(1.1)]


class Loves(BaseModel):
    student: Annotated[int, PrimaryKey(), ForeignKey("Student.id"), Zipf(0.8)]
    course: Annotated[str, PrimaryKey(), ForeignKey("Course.id"), HotSet(0.1, 0.5)]


class Books(BaseModel):
    student: Annotated[int, PrimaryKey(), ForeignKey("Student.id"), Children((0, 2))]
    course: Annotated[str, PrimaryKey(), ForeignKey("Course.id")]


class Meets(BaseModel):
    student: Annotated[int, PrimaryKey(), ForeignKey("Student.id")]
    course: Annotated[str, PrimaryKey(), ForeignKey("Course.id")]
    room: Annotated[int, PrimaryKey(), ForeignKey("Room.id")]


class Every(BaseModel):
    """All pairs that there are."""

    room: Annotated[int, PrimaryKey(), ForeignKey("Room.id")]
    course: Annotated[str, PrimaryKey(), ForeignKey("Course.id")]


class Scattered(BaseModel):
    room: Annotated[int, PrimaryKey(order="scattered"), ForeignKey("Room.id")]
    student: Annotated[int, PrimaryKey(), ForeignKey("Student.id")]


def junctions(n):
    courses, rooms = min(n, 150), min(n, 40)
    most = n * courses
    return {
        Student: n,
        Course: courses,
        Room: rooms,
        Takes: most // 50 + n // 2,
        Likes: most // 60,
        Loves: most // 70,
        Books: None,
        Meets: n,
        Every: courses * rooms,
        Scattered: n,
    }


# -- children, and what follows from them ---------------------------------------------------------------------


class Customer(BaseModel):
    id: Key
    region: Literal["north", "south", "west"]
    nickname: str | None
    since: Day
    orders: Annotated[int, Count("Order")]
    spent: Annotated[Money, Sum("Order.total")]
    most: Annotated[int, Sum("Order.lines")]
    first: Annotated[dt.datetime | None, Min("Order.placed")]
    latest: Annotated[dt.datetime | None, Max("Order.placed")]
    status: Annotated[str | None, Last("Order.status", by="placed")]
    waits: Annotated[dt.timedelta, Sum("Order.waits")]


class Order(BaseModel):
    id: Key
    customer: Annotated[int, ForeignKey("Customer.id"), Children(Geometric(0.3), none=0.25)]
    placed: Annotated[dt.datetime, After("customer.since", within=dt.timedelta(days=90))]
    status: Literal["new", "paid", "shipped"]
    region: Annotated[str, Copy("customer", "region")]
    waits: Annotated[dt.timedelta, Field(ge=dt.timedelta(0), le=dt.timedelta(days=3))]
    total: Annotated[Money, Sum("Line.amount")]
    lines: Annotated[int, Count("Line")]
    noted: Annotated[int, Count("Line.note")]
    weight: Annotated[float, Sum("Line.weight")]
    lightest: Annotated[float, Min("Line.weight")]
    last_note: Annotated[str | None, Last("Line.note")]
    dearest: Annotated[Decimal, Field(max_digits=12, decimal_places=2), Max("Line.amount")]


class Line(BaseModel):
    order: Annotated[int, PrimaryKey(), ForeignKey("Order.id"), Children((1, 5))]
    number: Annotated[int, PrimaryKey(), Ordinal("order")]
    price: Annotated[Decimal, Field(ge=1, le=500, max_digits=5, decimal_places=2)]
    quantity: Annotated[int, Field(ge=1, le=9)]
    amount: Annotated[Decimal, Field(max_digits=12, decimal_places=2), Derived("price * quantity")]
    weight: Annotated[float, Field(ge=0, le=30)]
    note: Annotated[str | None, Nulls(0.3)]
    shipped: Annotated[
        dt.datetime | None, After("order.placed", within=dt.timedelta(days=20)), When("order.status == 'shipped'")
    ]
    region: Annotated[str, Copy("order", "customer", "region")]
    nickname: Annotated[str | None, Copy("order", "customer", "nickname")]
    score: Annotated[
        float, Given("order.status", {"new": Normal(1, 0.1), "paid": Normal(5, 0.1), "shipped": Normal(9, 0.1)})
    ]


class Review(BaseModel):
    id: Key
    order: Annotated[int | None, ForeignKey("Line.order", name="line"), Nulls(0.1)]
    number: Annotated[int | None, ForeignKey("Line.number", name="line"), Nulls(0.1)]
    price: Annotated[Decimal | None, Field(max_digits=5, decimal_places=2), Copy("order", "price")]
    region: Annotated[str | None, Copy("order", "order", "customer", "region")]


class Visit(BaseModel):
    """Scattered, and as many as are asked for."""

    id: Key
    customer: Annotated[int, ForeignKey("Customer.id"), Children(Poisson(3), order="scattered")]
    number: Annotated[int, Ordinal("customer", start=0)]
    nickname: Annotated[str | None, Copy("customer", "nickname")]


def children(n):
    return {Customer: n, Order: None, Line: None, Review: n if n else 0, Visit: 3 * n}


# -- references that match others -----------------------------------------------------------------------------


class Tenant(BaseModel):
    id: Key


class Client(BaseModel):
    tenant: Annotated[int, PrimaryKey(), ForeignKey("Tenant.id")]
    number: Annotated[int, PrimaryKey(), Field(ge=1)]
    sponsor: Annotated[int | None, ForeignKey("Client.number", name="sponsor", matching="tenant")]
    home: Annotated[int, ForeignKey("Address.id", matching={"tenant": "tenant", "number": "client"})]


class Address(BaseModel):
    id: Key
    tenant: Annotated[int, ForeignKey("Client.tenant")]
    client: Annotated[int, ForeignKey("Client.number"), Zipf(1.1)]


class Product(BaseModel):
    """Few tenants have most of them; some are of none."""

    id: Key
    tenant: Annotated[int | None, ForeignKey("Tenant.id"), Zipf(1.1), Nulls(0.1)]


class Badge(BaseModel):
    """One to one: some tenants have none."""

    tenant: Annotated[int, PrimaryKey(), ForeignKey("Tenant.id")]
    code: Annotated[str, Unique(), Field(pattern="^[A-Z]{9}$")]


class Purchase(BaseModel):
    id: Key
    tenant: Annotated[int, ForeignKey("Client.tenant")]
    client: Annotated[int, ForeignKey("Client.number")]
    product: Annotated[int, ForeignKey("Product.id", matching="tenant")]
    address: Annotated[int, ForeignKey("Address.id", matching=["tenant", "client"])]
    badge: Annotated[str | None, ForeignKey("Badge.code", matching="tenant"), Nulls(0.2)]


class Item(BaseModel):
    """Its tenant is copied; a path of two references leads there."""

    purchase: Annotated[int, PrimaryKey(), ForeignKey("Purchase.id"), Children((1, 3))]
    number: Annotated[int, PrimaryKey(), Ordinal("purchase")]
    owner: Annotated[int, Copy("purchase", "tenant")]
    product: Annotated[int, ForeignKey("Product.id", matching={"owner": "tenant"})]
    of: Annotated[int | None, Copy("product", "tenant")]


class Ticket(BaseModel):
    """About one of the tenant's items, two steps down from there, and a purchase of a client's, where he has any."""

    id: Key
    tenant: Annotated[int, ForeignKey("Tenant.id")]
    by: Annotated[int | None, ForeignKey("Client.number", matching="tenant")]
    about: Annotated[int | None, ForeignKey("Item.purchase", matching={"tenant": "owner"})]
    line: Annotated[int | None, ForeignKey("Item.number")]


class Reply(BaseModel):
    id: Key
    ticket: Annotated[int, ForeignKey("Ticket.id"), Children(Poisson(2))]
    purchase: Annotated[int | None, ForeignKey("Purchase.id", matching={"to": "client", "tenant": "tenant"})]
    tenant: Annotated[int, Copy("ticket", "tenant")]
    to: Annotated[int | None, Copy("ticket", "by")]


class Fave(BaseModel):
    """Pairs that differ, both of one tenant."""

    tenant: Annotated[int, PrimaryKey(), ForeignKey("Client.tenant", name="client")]
    client: Annotated[int, PrimaryKey(), ForeignKey("Client.number", name="client")]
    product: Annotated[int, PrimaryKey(), ForeignKey("Product.id", matching="tenant")]


class Friend(BaseModel):
    """The same of two columns, by one that is copied; of one table twice, and anywhere."""

    one: Annotated[int, Unique("pair"), ForeignKey("Address.id"), Children((0, 1), order="scattered")]
    of: Annotated[int, Copy("one", "tenant")]
    other: Annotated[int, Unique("pair"), ForeignKey("Address.id", name="other", matching={"of": "tenant"})]


def matching(n):
    return {
        Fave: 2 * n,
        Friend: None,
        Tenant: n,
        Client: 4 * n,
        Address: 6 * n,
        Product: 3 * n,
        Badge: n // 2,
        Purchase: 9 * n,
        Item: None,
        Ticket: n,
        Reply: None,
    }


FAMILIES = {f.__name__: f for f in (keys, references, trees, junctions, children, matching)}
