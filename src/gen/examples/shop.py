"""A shop: keys and references of every kind, prices copied, totals summed: `--schema gen.examples.shop`."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from gen import (
    After,
    Children,
    Copy,
    Count,
    Derived,
    Domain,
    ForeignKey,
    Geometric,
    HotSet,
    Last,
    Lognormal,
    Max,
    Nulls,
    Ordinal,
    PrimaryKey,
    Schema,
    Sum,
    Tree,
    Unique,
    Weights,
    When,
    Zipf,
)

Money = Annotated[Decimal, Field(max_digits=18, decimal_places=2)]


class Customer(BaseModel):
    id: Annotated[int, PrimaryKey()]
    name: str
    email: Annotated[str, Unique(), Domain("email")]
    region: Annotated[Literal["north", "south", "east", "west"], Weights([4, 3, 2, 1])]
    since: Annotated[date, Field(ge=date(2015, 1, 1), lt=date(2024, 1, 1))]
    referred_by: Annotated[int | None, ForeignKey("Customer.id"), Nulls(0.7)]
    orders: Annotated[int, Count("Order")]
    spent: Annotated[Money, Sum("Order.total")]
    last_order_at: Annotated[datetime | None, Max("Order.placed_at")]
    last_status: Annotated[str | None, Last("Order.status", by="placed_at")]


class Address(BaseModel):
    """One to three of each customer, numbered."""

    customer_id: Annotated[int, PrimaryKey(), ForeignKey("Customer.id"), Children({1: 6, 2: 3, 3: 1})]
    number: Annotated[int, PrimaryKey(), Ordinal("customer_id")]
    street: str
    city: str
    country_code: str


class Profile(BaseModel):
    """Of some customers; its key is theirs."""

    customer_id: Annotated[int, PrimaryKey(), ForeignKey("Customer.id")]
    nickname: Annotated[str, Domain("username")]
    newsletter: bool


class Category(BaseModel):
    """A forest, four levels deep."""

    id: Annotated[int, PrimaryKey(order="sequential")]
    name: str
    parent_id: Annotated[int | None, ForeignKey("Category.id"), Tree(roots=0.05, depth=4, children=12)]


class Product(BaseModel):
    sku: Annotated[str, Field(pattern=r"^[A-Z]{3}-\d{6}$"), PrimaryKey()]
    title: str
    category_id: Annotated[int, ForeignKey("Category.id", covering=True)]
    price: Annotated[Decimal, Field(ge=1, le=5000, decimal_places=2), Lognormal(median=30)]
    reviews: Annotated[int, Count("Review")]


class Tag(BaseModel):
    id: Annotated[int, PrimaryKey(order="sequential")]
    label: Annotated[str, Field(pattern="^[a-z]{4,12}$"), Unique()]


class ProductTag(BaseModel):
    """No product has a tag twice; a few tags are everywhere."""

    product: Annotated[str, PrimaryKey(), ForeignKey("Product.sku")]
    tag_id: Annotated[int, PrimaryKey(), ForeignKey("Tag.id"), Zipf(1.1)]


class Order(BaseModel):
    """Three customers in ten have none, the others five on average; each goes to an address of its customer's."""

    id: Annotated[int, PrimaryKey()]
    customer_id: Annotated[int, ForeignKey("Customer.id"), Children(Geometric(0.2), none=0.3, most=200)]
    ship_to: Annotated[int, ForeignKey("Address.number", matching="customer_id")]
    placed_at: Annotated[datetime, Field(ge=datetime(2024, 1, 1), lt=datetime(2026, 1, 1))]
    status: Annotated[Literal["new", "paid", "shipped", "returned"], Weights([1, 2, 6, 1])]
    region: Annotated[str, Copy("customer_id", "region")]
    lines: Annotated[int, Count("Line")]
    total: Annotated[Money, Sum("Line.amount")]


class Line(BaseModel):
    order_id: Annotated[int, PrimaryKey(), ForeignKey("Order.id"), Children((1, 7))]
    number: Annotated[int, PrimaryKey(), Ordinal("order_id")]
    product: Annotated[str, ForeignKey("Product.sku", popularity="sellers"), HotSet(0.2, 0.8)]
    quantity: Annotated[int, Field(ge=1, le=20), Geometric(0.5)]
    price: Annotated[Decimal, Field(decimal_places=2), Copy("product", "price")]
    amount: Annotated[Decimal, Field(max_digits=12, decimal_places=2), Derived("quantity * price")]
    shipped_at: Annotated[
        datetime | None,
        After("order_id.placed_at", within=timedelta(days=30)),
        When("order_id.status == 'shipped' or order_id.status == 'returned'"),
    ]


class Review(BaseModel):
    """Of products that sell: each by a customer who writes about it once."""

    product: Annotated[str, PrimaryKey(), ForeignKey("Product.sku"), Children(Geometric(0.1), none=0.5, most=1000)]
    customer_id: Annotated[int, PrimaryKey(), ForeignKey("Customer.id")]
    stars: Annotated[Literal[1, 2, 3, 4, 5], Weights([1, 1, 2, 5, 8])]
    text: Annotated[str, Domain("paragraph")]


class Return(BaseModel):
    """Of a line of an order, each line once at most."""

    id: Annotated[int, PrimaryKey()]
    order_id: Annotated[int, ForeignKey("Line.order_id", name="line"), Unique("line")]
    number: Annotated[int, ForeignKey("Line.number", name="line"), Unique("line")]
    reason: Literal["broken", "wrong size", "not wanted"]


schema = Schema("shop")
schema.add(Customer, rows=10_000)
schema.add(Address)
schema.add(Profile, rows=6_000)
schema.add(Category, rows=400)
schema.add(Product, rows=2_000)
schema.add(Tag, rows=500)
schema.add(ProductTag, rows=12_000)
schema.add(Order)
schema.add(Line)
schema.add(Review)
schema.add(Return, rows=5_000)
