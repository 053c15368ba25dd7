"""Proves that plain numbers and times have the range, the law and the order that their names say."""

import datetime
from decimal import Decimal
from typing import Annotated, Literal

import pyarrow as pa
import pytest
from pydantic import (
    AwareDatetime,
    BaseModel,
    Field,
    FutureDate,
    PastDate,
    PastDatetime,
    PositiveInt,
)

import gen
from gen import Domain
from gen.schema.measures import MEASURES, PAIRS, PERIODS, Measure, Period
from named_fields import DAY, source, values

PYTHON = {"integer": int, "number": float, "decimal": Decimal}


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: f"{measure.names} {measure.kinds[0]}")
def test_a_plain_number_has_the_range_of_its_name(measure: Measure):
    least, most = measure.range_on(DAY)
    beside = {"first_name": str} if measure.of_person else {}
    for kind in measure.kinds:
        names = [name.replace("-", "_") for name in measure.names.split()]
        fields = {f"the_{name}" if not measure.alone else name: PYTHON[kind] for name in names}
        made = source({**fields, **beside}, rows=200)
        for name, synthesizer in ((name, made.columns[name]) for name in fields):
            drawn = synthesizer.at(range(200)).to_pylist()
            assert least <= float(min(drawn)) <= max(drawn) <= most, name
            assert len(set(drawn)) > 1
            assert f"by its name {name!r}" in synthesizer.reason
            if measure.step and kind == "number":
                assert all(drawn_ == float(repr(drawn_)) and len(repr(drawn_)) <= 12 for drawn_ in drawn)


@pytest.mark.parametrize(
    ("name", "kind", "least", "most"),
    [
        ("price", Annotated[float, Field(gt=0)], 1, 10_000),
        ("price", Annotated[float, Field(ge=20)], 20, 10_000),
        ("price", Annotated[float, Field(le=35)], 1, 35),
        ("price", Annotated[Decimal, Field(max_digits=4, decimal_places=2)], 1, 99),
        ("price", Annotated[Decimal, Field(max_digits=10, decimal_places=4)], 1, 10_000),
        ("price", Annotated[float, Field(multiple_of=0.25)], 1, 10_000),
        ("quantity", PositiveInt, 1, 100),
        ("price", Annotated[float, Field(ge=9_500)], 1e4, 2**32),  # from here on as it was: no price by its name
        ("price", Annotated[float, Field(lt=0)], -(2**32), -1e5),
        ("price", Annotated[float, Domain("plain")], 1e5, 2**32),
        ("price", Annotated[float, Field(ge=0, le=10**6)], 0, 10**6),
        ("price", Annotated[int, gen.PrimaryKey()], 0, 2**32),
        ("price", Annotated[int, Field(multiple_of=10**5)], 0, 2**32),
        ("prices", float, 1e5, 2**32),
        ("priceless", int, 1e5, 2**32),
        ("tax_price_id", int, 1e5, 2**32),
        ("carbon_tax", float, 1e5, 2**32),
    ],
)
def test_declared_bounds_come_before_those_of_a_name(name, kind, least, most):
    drawn = values({name: kind})[name]
    assert least <= min(drawn) <= max(drawn) <= most
    assert max(drawn) > 0.8 * most or most <= 10_000


def test_years_of_cards_are_counted_from_today_and_sizes_of_persons_are_theirs():
    made = values({"expiry_year": int, "height_cm": int, "weight_kg": float, "age": int})
    assert {DAY.year, DAY.year + 10} <= set(made["expiry_year"]) <= set(range(DAY.year, DAY.year + 11))
    assert min(made["height_cm"]) >= 140 and min(made["weight_kg"]) >= 40
    goods = values({"height_cm": int, "weight_kg": float, "sku": str})
    assert min(goods["height_cm"]) < 100 and min(goods["weight_kg"]) < 10


def test_a_law_that_a_bound_leaves_no_middle_of_is_none():
    made = source({"price": Annotated[float, Field(ge=100)], "unit_price": float}).columns
    assert made["price"].law_text == "uniform"
    assert made["unit_price"].law_text.startswith("lognormal")


@pytest.mark.parametrize("period", PERIODS, ids=lambda period: period.names[:20])
def test_a_plain_date_lies_when_its_name_says(period: Period):
    for kind in (datetime.date, datetime.datetime, AwareDatetime):
        for name, drawn in values({f"it_{name}".replace("-", "_"): kind for name in period.names.split()}).items():
            first, last = (DAY + datetime.timedelta(days=days) for days in (period.first, period.last))
            found = [value.date() if isinstance(value, datetime.datetime) else value for value in drawn]
            assert first <= min(found) <= max(found) <= last, name


@pytest.mark.parametrize(
    ("name", "kind", "first", "last"),
    [
        ("created_at", PastDatetime, -3652, -1),
        ("due_date", FutureDate, 2, 180),
        ("expires_at", PastDate, -180, -1),
        ("created_on", FutureDate, 2, 30_000),
        ("created_at", Annotated[datetime.datetime, Field(ge=datetime.datetime(2020, 1, 1))], -2251, 0),
        ("expires_at", Annotated[datetime.date, Field(gt=datetime.date(2020, 1, 1))], -2250, 1460),
        ("due_date", Annotated[datetime.date, Field(le=datetime.date(2026, 5, 1))], -60, 61),
        ("due_date", Annotated[datetime.date, Field(le=datetime.date(2025, 3, 1))], -365 - 3652, -365),
        ("created_at", Annotated[datetime.date, Domain("plain")], -30_000, 30_000),
        ("birthday_at", datetime.date, -30_000, 30_000),
        ("horizon", datetime.date, -30_000, 30_000),
    ],
)
def test_declared_times_come_before_those_of_a_name(name, kind, first, last):
    drawn = [v.date() if isinstance(v, datetime.datetime) else v for v in values({name: kind})[name]]
    days = [(value - DAY).days for value in drawn]
    assert first <= min(days) <= max(days) <= last
    assert max(days) > 20_000 or last < 20_000


ZONE = datetime.timezone(datetime.timedelta(hours=-8))
TEN_YEARS = 3652


@pytest.mark.parametrize("kind", [datetime.date, datetime.datetime, AwareDatetime])
@pytest.mark.parametrize(
    ("side", "days", "first", "last"),
    [
        ("ge", -2000, -2000, 0),
        ("gt", -2000, -2000, 0),
        ("ge", 0, 0, TEN_YEARS),
        ("ge", 500, 500, 500 + TEN_YEARS),
        ("le", 500, 0, 500),
        ("lt", 500, 0, 500),
        ("le", -500, -500 - TEN_YEARS, -500),
        ("ge", 2_910_000, 2_910_000, 2_912_383),  # to the end of what dates can be
        ("le", -739_000, -739_675, -739_000),
    ],
)
def test_a_time_with_one_bound_reaches_to_today_or_ten_years_from_it(kind, side, days, first, last):
    bound = DAY + datetime.timedelta(days=days)
    zone = ZONE if kind is AwareDatetime else None
    if kind is not datetime.date:
        bound = datetime.datetime(bound.year, bound.month, bound.day, 12, tzinfo=zone)
    field = Annotated[kind, Field(**{side: bound})]
    drawn = values({"x": field, "xs": list[field] | None})
    found = [*drawn["x"], *(item for items in drawn["xs"] for item in items or ())]
    days = [(v.date() if kind is not datetime.date else v) - DAY for v in found]
    near = 2 + 0.03 * (last - first)  # none of 400 is so near with a probability of 5e-6 each
    assert datetime.timedelta(first) <= min(days) <= datetime.timedelta(first + near)
    assert datetime.timedelta(last - near) <= max(days) <= datetime.timedelta(last + 1)


def test_times_that_say_more_than_one_bound_are_what_they_were():
    past = Field(ge=datetime.date(2020, 1, 1))
    kinds = {
        "plain": datetime.date,
        "both": Annotated[datetime.date, Field(ge=datetime.date(2020, 1, 1), le=datetime.date(2090, 1, 1))],
        "law": Annotated[datetime.date, past, gen.Normal(datetime.date(2050, 1, 1), datetime.timedelta(900))],
        "key": Annotated[datetime.date, past, gen.PrimaryKey()],
        "earlier": Annotated[datetime.date, past],
        "later": Annotated[datetime.date, gen.After("earlier"), Field(ge=datetime.date(2050, 1, 1))],
        "future": FutureDate,
    }
    drawn = values(kinds)
    assert all(max(drawn[name]) > datetime.date(2045, 1, 1) for name in kinds)


def test_what_lies_after_a_time_with_one_bound_follows_it():
    past = Annotated[datetime.date, Field(ge=datetime.date(2025, 1, 1))]
    drawn = values({"earlier": past, "later": Annotated[datetime.date, gen.After("earlier", within=9 * 86_400)]})
    assert max(drawn["earlier"]) <= DAY
    assert all(1 <= (b - a).days <= 9 for a, b in zip(*drawn.values(), strict=True))


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair.earlier} {pair.later}")
@pytest.mark.parametrize("kind", [datetime.date, datetime.datetime, AwareDatetime, datetime.time, int, float, Decimal])
def test_the_second_of_two_lies_after_the_first(pair, kind):
    first, second = (f"the_{name}_x".replace("-", "_") for name in (pair.earlier, pair.later))
    for fields in ({first: kind, second: kind}, {second: kind, first: kind}):
        drawn = values(fields)
        later = [a < b for a, b in zip(drawn[first], drawn[second], strict=True)]
        assert all(later) is (pair.of_numbers or kind not in (int, float, Decimal))


@pytest.mark.parametrize(
    "fields",
    [
        {"start": Annotated[datetime.date, Domain("plain")], "end": datetime.date},
        {"start": datetime.date, "end": Annotated[datetime.date, gen.Normal()]},
        {"start": datetime.date, "end": datetime.datetime},
        {"start": datetime.datetime, "end": AwareDatetime},
        {"min_x": Annotated[int, gen.PrimaryKey()], "max_x": int},
        {"min_x": Annotated[int, Field(ge=5, le=9)], "max_x": Annotated[int, Field(ge=0, le=5)]},
        {"min_x": int, "max_x": int, "other": Annotated[int, gen.Correlated({"max_x": 0.5})]},
    ],
)
def test_fields_that_are_not_both_plain_are_in_no_order(fields):
    assert all(synthesizer.column.after is None for synthesizer in source(fields).columns.values())


def test_a_chain_of_pairs_and_a_declared_one_are_all_in_order():
    fields = {
        "delivered_at": datetime.datetime | None,
        "ordered_at": datetime.datetime,
        "shipped_at": datetime.datetime,
        "billed": Annotated[datetime.datetime, gen.After("shipped_at")],
        "min_price": float,
        "max_price": Annotated[float, Field(gt=0)],
        "start": Annotated[datetime.date, Field(ge=datetime.date(2020, 1, 1), lt=datetime.date(2021, 1, 1))],
        "end": Annotated[datetime.date, Field(ge=datetime.date(2020, 1, 1), lt=datetime.date(2021, 1, 1))],
    }
    drawn = values(fields)
    for one, other in (("ordered_at", "shipped_at"), ("shipped_at", "delivered_at"), ("shipped_at", "billed")):
        assert all(a < b for a, b in zip(drawn[one], drawn[other], strict=True) if b is not None)
    assert all(a < b for a, b in zip(drawn["min_price"], drawn["max_price"], strict=True))
    assert all(a < b for a, b in zip(drawn["start"], drawn["end"], strict=True))


def test_a_field_that_a_declared_one_lies_after_keeps_room_for_it():
    last = Annotated[datetime.date, gen.After("start_date"), Field(le=datetime.date(1990, 1, 1))]
    drawn = values({"start_date": datetime.date, "finish": last})
    assert all(a < b for a, b in zip(drawn["start_date"], drawn["finish"], strict=True))


def test_two_days_of_birth_of_one_model_are_one():
    drawn = values({"dob": datetime.date, "birth_date": datetime.date, "age": int})
    assert drawn["dob"] == drawn["birth_date"]


def test_noise_knows_no_bounds_that_only_a_name_says():
    with pytest.raises(gen.SchemaError, match="does not suit"):
        source({"price": Annotated[float, gen.Noise(out_of_bounds=0.1)]})


class Visit(BaseModel):
    kind: Literal["visit"]
    price: Decimal
    start: datetime.datetime
    end: datetime.datetime


class Note(BaseModel):
    kind: Literal["note"]
    price: Decimal
    start: datetime.datetime


def test_models_of_a_union_stay_one_struct_whatever_is_beside_a_field_in_each():
    made = source({"x": Annotated[Visit | Note, Field(discriminator="kind")]})
    assert pa.types.is_struct(made.schema.field("x").type)
    assert all(1 <= row["price"] <= 10_000 for row in made.at(range(400)).column(0).to_pylist())
