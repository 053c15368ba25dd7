"""Proves that a value after another lies there, in a room exactly as wide as it is; what has none is refused."""

import datetime
import itertools
from collections import Counter
from decimal import Decimal
from typing import Annotated

import numpy as np
import pytest
from pydantic import AwareDatetime, BaseModel, Field
from scipy import stats

from columns import KEY, array, source
from gen import ForeignKey, Normal, Schema
from gen.errors import SchemaError
from gen.schema.row_markers import After, DependsOn, Derived, Given, When

HOUR, DAY = datetime.timedelta(hours=1), datetime.timedelta(days=1)
FALSE_ALARM = 1e-6  # of each statistical test, for a right program


def whole(low, high, *facts, multiple=None):
    return Annotated[int, Field(ge=low, le=high, multiple_of=multiple), *facts]


def columns_of(rows=3000, **types):
    batch = source(rows, **types).at(range(rows))
    return [batch.column(name).to_pylist() for name in types]


def allowed(before, after, least, within):
    return {(a, b) for a, b in itertools.product(before, after) if least <= b - a <= within}


@pytest.mark.parametrize(
    ("before", "after", "least", "within", "multiple"),
    [
        ((0, 9), (0, 9), None, None, None),
        ((0, 9), (5, 9), None, None, None),
        ((0, 9), (5, 5), None, None, None),
        ((0, 9), (0, 9), 3, None, None),
        ((0, 9), (0, 9), 2, 4, None),
        ((-9, 30), (0, 9), 2, 4, None),
        ((0, 30), (-5, 9), 0, 0.5 + 3, None),
        ((0, 9), (0, 20), 1.5, 2.5, None),
        ((0, 9), (3, 29), 1, 5, 5),
        ((-9, 9), (-30, 30), 4, 11, 3),
    ],
)
def test_exactly_the_pairs_occur_that_are_possible(before, after, least, within, multiple):
    a, b = columns_of(20_000, a=whole(*before), b=whole(*after, After("a", least, within), multiple=multiple))
    values = [v for v in range(after[0], after[1] + 1) if v % (multiple or 1) == 0]
    least = max(least or 1, 1)
    pairs = allowed(range(before[0], before[1] + 1), values, least, within or 100)
    assert set(zip(a, b, strict=True)) == pairs


def number(kind, low, high, *facts, multiple=None, **more):
    bounds = {name: None if value is None else kind(value) for name, value in {"ge": low, "le": high}.items()}
    return Annotated[kind, Field(**bounds, multiple_of=multiple and kind(multiple), **more), *facts]


@pytest.mark.parametrize(
    ("before", "after", "least", "within", "multiple"),
    [
        (("0", "0.9"), ("0", "0.9"), None, None, None),
        (("0", "0.9"), ("0.5", "0.9"), None, None, None),
        (("0", "0.9"), ("0.5", "0.5"), None, None, None),
        (("0", "0.9"), ("0", "0.9"), "0.3", None, None),
        (("0", "0.9"), ("0", "0.9"), "0.2", "0.4", None),
        (("-0.9", "3"), ("0", "0.9"), "0.2", "0.4", None),
        (("0", "0.9"), ("0", "2"), "0.1", "0.2", None),
        (("-0.9", "0.9"), ("0.3", "2.9"), None, "0.5", "0.5"),
        (("-0.9", "0.9"), ("-3", "3"), "0.4", "1.1", "0.3"),
    ],
)
@pytest.mark.parametrize("kind", [float, Decimal])
def test_exactly_the_pairs_of_fractions_occur_that_are_possible(kind, before, after, least, within, multiple):
    """Differences are those of what is written: 0.3 is 0.2 after 0.1, which it is not in doubles."""
    distances = [None if each is None else kind(each) for each in (least, within)]
    a, b = columns_of(
        20_000,
        a=number(kind, *before, multiple="0.1"),
        b=number(kind, *after, After("a", *distances), multiple=multiple or "0.1"),
    )
    tenths = [Decimal(i) / 10 for i in range(-30, 31)]
    firsts = [v for v in tenths if Decimal(before[0]) <= v <= Decimal(before[1])]
    seconds = [v for v in tenths if Decimal(after[0]) <= v <= Decimal(after[1]) and not v % Decimal(multiple or "0.1")]
    pairs = allowed(firsts, seconds, max(Decimal(least or "0.1"), Decimal("0.1")), Decimal(within or 100))
    assert set(zip(a, b, strict=True)) == {(kind(str(x)), kind(str(y))) for x, y in pairs}


def test_floats_lie_evenly_in_the_room_that_is_left():
    """Kolmogorov and Smirnov; fails a right program once in a million seeds."""
    low, width = 10.0, Annotated[float, Field(ge=0, le=10)]
    a, b, c = map(
        np.array,
        columns_of(
            5000,
            a=width,
            b=Annotated[float, Field(ge=low, le=20), After("a", least=1, within=12)],
            c=Annotated[float, Field(lt=1e6), After("b")],
        ),
    )
    first, last = np.maximum(a + 1, low), np.minimum(a + 12, 20)
    assert ((first <= b) & (b <= last) & (c > b) & (c < 1e6)).all()
    assert stats.kstest((b - first) / (last - first), "uniform").pvalue > FALSE_ALARM
    assert stats.kstest((c - b) / (1e6 - b), "uniform").pvalue > FALSE_ALARM
    assert stats.kstest(a / 10, "uniform").pvalue > FALSE_ALARM


@pytest.mark.parametrize("kind", [float, Decimal])
def test_a_distance_of_fractions_follows_its_law(kind):
    """As the law of SciPy; fails a right program once in a million seeds."""
    law = Normal(mean=5, deviation=1)
    a, b = columns_of(5000, a=number(kind, 0, 100), b=number(kind, 0, 100, After("a", 2.5, 7.5), law))
    distances = np.array([float(y - x) for x, y in zip(a, b, strict=True)])
    assert max(a) <= 92.5
    assert 2.5 - 1e-9 <= distances.min() <= distances.max() <= 7.5 + 1e-9
    inside = stats.truncnorm(-2.5, 2.5, loc=5)
    assert stats.kstest(distances, lambda x: inside.cdf(x)).pvalue > FALSE_ALARM


@pytest.mark.parametrize(("first", "second"), [(1, 3), (3, 1), (0, 4), (4, 0)])
def test_decimals_of_different_places_are_compared_exactly(first, second):
    a, b = columns_of(
        3000,
        a=number(Decimal, 0, 50, decimal_places=first),
        b=number(Decimal, 0, 50, After("a"), decimal_places=second),
    )
    assert all(x < y <= 50 for x, y in zip(a, b, strict=True))
    c, d = columns_of(
        3000,
        c=number(Decimal, 0, 50, decimal_places=first),
        d=number(Decimal, 0, 90, After("c", 1, 3), decimal_places=second),
    )
    assert all(1 <= y - x <= 3 for x, y in zip(c, d, strict=True))


@pytest.mark.parametrize("low", [-1.7976931348623157e308, 1e16, 5e-324])
def test_floats_of_any_size_have_room_to_the_last_double(low):
    high = max(low + 4, 1.7976931348623157e308 * (low < 0), 2e-323 * (low < 1))
    bounds = Annotated[float, Field(ge=low, le=high)]
    a, b = columns_of(2000, a=bounds, b=Annotated[bounds, After("a")])
    assert all(low <= x < y <= high for x, y in zip(a, b, strict=True))


def test_fractions_inside_and_after_nulls_and_what_is_computed():
    class Offer(BaseModel):
        bid: Annotated[float, Field(gt=0, lt=1)]
        ask: Annotated[float, Field(gt=0, lt=1), After("bid", within=0.25)]

    half = {"json_schema_extra": {"nulls": 0.5}}
    table = source(
        2000,
        offers=list[Offer],
        net=Annotated[Decimal | None, Field(ge=0, le=9, **half)],
        gross=Annotated[Decimal | None, Field(ge=0, le=10), After("net")],
        double=Annotated[float, Derived("0.5 * 3")],
        more=Annotated[float, Field(le=2), After("double")],
    )
    rows = table.at(range(2000)).to_pylist()
    assert all(offer["bid"] < offer["ask"] < 1 for row in rows for offer in row["offers"])
    pairs = [(row["net"], row["gross"]) for row in rows]
    assert all(y is None or (x is None and 0 <= y <= 10) or x < y <= 10 for x, y in pairs)
    assert {x is None for x, y in pairs if y is not None} == {True, False}
    assert all(1.5 < row["more"] <= 2 for row in rows)
    picked = array([999, 3, 3, 500])
    assert table.at(picked).equals(table.at(range(2000)).take([999, 3, 3, 500]))
    with pytest.raises(SchemaError, match=r"no room for it after c = 8\.0"):
        columns_of(9, a=int, c=Annotated[float, Derived("8.0")], b=Annotated[float, Field(le=8), After("c")])


def test_a_number_of_a_schema_lies_after_another_unless_it_is_checked():
    said = {"type": "number", "minimum": 0, "maximum": 9}
    schema = Schema()
    properties = {"a": said, "b": said | {"after": {"field": "a", "least": 0.5, "within": 2}}}
    schema.add({"type": "object", "properties": properties, "required": ["a", "b"]}, 500, name="Thing")
    rows = schema.table("Thing").arrow().to_pylist()
    assert all(row["a"] + 0.5 <= row["b"] <= min(row["a"] + 2, 9) for row in rows)
    schema = Schema()
    schema.add({"properties": {"a": said, "b": properties["b"] | {"multipleOf": 0.5}}}, 500, name="Thing")
    with pytest.raises(SchemaError, match=r"Thing\.b: .* checked by its schema .* a multipleOf with a fraction"):
        schema.table("Thing")


def test_each_place_in_the_room_is_equally_likely():
    a, b = columns_of(40_000, a=whole(0, 7), b=whole(0, 9, After("a")))
    assert stats.chisquare(list(Counter(a).values())).pvalue > FALSE_ALARM
    for first in range(8):
        found = Counter(y for x, y in zip(a, b, strict=True) if x == first)
        assert stats.chisquare([found[value] for value in range(first + 1, 10)]).pvalue > FALSE_ALARM


def test_a_distance_follows_its_law_and_the_other_field_leaves_room_for_all_of_it():
    a, b = columns_of(20_000, a=whole(0, 1000), b=whole(0, 1000, After("a", least=10, within=90), Normal(50, 10)))
    distances = np.subtract(b, a)
    assert max(a) <= 910
    assert 10 <= distances.min() <= distances.max() <= 90
    inside = stats.norm(50, 10)
    counts = np.histogram(distances, np.arange(19.5, 81, 4))[0]
    shares = np.diff(inside.cdf(np.arange(19.5, 81, 4)))
    expected = shares / shares.sum() * counts.sum()
    assert stats.chisquare(counts, expected).pvalue > FALSE_ALARM


TIMES = {
    "date": (datetime.date, 3 * DAY, 10 * DAY),
    "datetime": (datetime.datetime, HOUR, 5 * HOUR),
    "zoned": (AwareDatetime, HOUR, 5 * HOUR),
    "duration": (datetime.timedelta, HOUR, 5 * HOUR),
}


@pytest.mark.parametrize("kind", TIMES)
def test_times_lie_within_the_distances_that_are_declared(kind):
    annotation, least, within = TIMES[kind]
    a, b = columns_of(2000, a=annotation, b=Annotated[annotation, After("a", least, within)])
    distances = [y - x for x, y in zip(a, b, strict=True)]
    assert least <= min(distances) < least + (within - least) / 20 + DAY * (kind == "date")
    assert within - (within - least) / 20 - DAY * (kind == "date") < max(distances) <= within


EVE = datetime.date(1950, 1, 1)


@pytest.mark.parametrize("within", [None, 30])
@pytest.mark.parametrize(
    ("kind", "mean", "unit"),
    [
        (int, -5000, 1),
        (float, -5000.0, 1),
        (Decimal, -5000, 1),
        (int, 10**12, 1),
        (float, 1e12, 1),
        (Decimal, 10**12, 1),
        (datetime.date, EVE, DAY),
        (datetime.date, datetime.date(2150, 1, 1), DAY),
        (AwareDatetime, datetime.datetime(1950, 1, 1), DAY),
    ],
)
def test_what_lies_after_a_law_without_bounds_follows_it_and_cuts_nothing_of_it(kind, mean, unit, within):
    """The mean of 3,000 values is nearer than six of its deviations: a false alarm has a chance of 2e-9."""
    before = Annotated[kind, Normal(mean, 100 * unit)]
    later = Annotated[kind, After("a", within=within and within * unit)]
    table = source(3000, a=before, b=later)
    assert "keep" not in table.columns["a"].distribution_text
    batch = table.at(range(3000))
    firsts, seconds = (batch.column(name).to_pylist() for name in "ab")
    if kind is AwareDatetime:
        mean = mean.replace(tzinfo=datetime.UTC)
    far = [(float(first - mean) if unit == 1 else (first - mean) / unit) for first in firsts]
    assert abs(np.mean(far)) < 6 * 100 / np.sqrt(3000)
    assert all(first < second for first, second in zip(firsts, seconds, strict=True))
    if within:
        assert all(second - first <= within * unit for first, second in zip(firsts, seconds, strict=True))


def test_a_law_that_reaches_beyond_what_lies_after_it_leaves_room():
    firsts, seconds = columns_of(a=Annotated[int, Normal(5e9, 1e9)], b=Annotated[int, Field(le=6 * 10**9), After("a")])
    assert all(first < second <= 6 * 10**9 for first, second in zip(firsts, seconds, strict=True))
    assert max(firsts) > 2**32


def test_times_of_day_do_not_pass_midnight():
    a, b = columns_of(2000, a=datetime.time, b=Annotated[datetime.time, After("a", HOUR, 3 * HOUR)])
    seconds = [[t.hour * 3600 + t.minute * 60 + t.second + t.microsecond / 1e6 for t in ts] for ts in (a, b)]
    distances = np.subtract(seconds[1], seconds[0])
    assert 3600 <= distances.min() <= distances.max() <= 3 * 3600
    assert max(seconds[0]) <= 23 * 3600


def test_a_distance_is_read_as_it_is_written():
    a, b = columns_of(5, a=datetime.datetime, b=Annotated[datetime.datetime, After("a", least=0.1, within=0.1)])
    assert {y - x for x, y in zip(a, b, strict=True)} == {datetime.timedelta(microseconds=100_000)}


def test_a_chain_leaves_room_from_its_end():
    a, b, c = columns_of(5000, a=whole(0, 9), b=whole(0, 9, After("a", within=2)), c=whole(0, 9, After("b", least=3)))
    assert set(zip(a, b, c, strict=True)) == {
        (x, y, z) for x, y, z in itertools.product(range(10), repeat=3) if 1 <= y - x <= 2 and z - y >= 3
    }


def test_after_a_null_it_is_anywhere_and_it_may_be_null_itself():
    half = {"json_schema_extra": {"nulls": 0.5}}
    a, b = columns_of(
        3000,
        a=Annotated[int | None, Field(ge=0, le=9, **half)],
        b=Annotated[int | None, Field(ge=0, le=9, **half), After("a")],
    )
    assert {y for x, y in zip(a, b, strict=True) if x is None} == {None, *range(10)}
    assert all(y is None or y > x for x, y in zip(a, b, strict=True) if x is not None)
    assert 0.4 < b.count(None) / 3000 < 0.6


def test_ranges_and_picked_rows_agree_and_so_do_objects_inside():
    class Stay(BaseModel):
        start: whole(0, 50)
        end: whole(0, 50, After("start", within=5))

    table = source(1000, stay=Stay, stays=list[Stay])
    picked = array([999, 3, 3, 500])
    assert table.at(picked).equals(table.at(range(1000)).take([999, 3, 3, 500]))
    rows = table.at(range(1000)).to_pydict()
    found = [*rows["stay"], *itertools.chain(*rows["stays"])]
    assert all(1 <= stay["end"] - stay["start"] <= 5 for stay in found)


def test_what_cannot_be_narrowed_is_looked_at_when_it_is_drawn():
    a, b = columns_of(100, a=KEY, b=Annotated[int, Field(le=2**40), After("a")])
    assert all(y > x for x, y in zip(a, b, strict=True))
    with pytest.raises(SchemaError, match=r"Thing\.b: there is no room for it after a = \d+"):
        columns_of(100, a=KEY, b=whole(0, 1000, After("a")))
    with pytest.raises(SchemaError, match=r"no room for it after c = "):
        columns_of(100, a=whole(0, 9), c=Annotated[int, Derived("a * 2")], b=whole(0, 5, After("c")))
    with pytest.raises(SchemaError, match=r"no room for it after c = 8"):
        columns_of(
            100, a=whole(0, 9), c=Annotated[int, DependsOn("a", dict.fromkeys(range(10), 8))], b=whole(0, 8, After("c"))
        )


def test_cases_of_a_conditional_table_leave_room_too():
    cases = Given("a", {"True": Normal(10, 1), "False": Normal(50, 1)})
    _, c, b = columns_of(2000, a=bool, c=whole(0, 99, cases), b=whole(0, 45, After("c")))
    assert max(c) == 44
    assert all(y > x for x, y in zip(c, b, strict=True))


def test_after_a_reference_and_under_a_condition():
    class Parent(BaseModel):
        id: Annotated[int, Field(ge=0, le=500), KEY.__metadata__[0]]

    class Thing(BaseModel):
        parent: Annotated[int, ForeignKey("Parent.id")]
        later: Annotated[int | None, Field(le=900), After("parent"), When("parent > 250")]

    schema = Schema()
    schema.add(Parent, 50)
    schema.add(Thing, 1000)
    rows = schema.table("Thing").arrow().to_pylist()
    assert all((row["later"] is None) == (row["parent"] <= 250) for row in rows)
    assert all(row["later"] > row["parent"] for row in rows if row["later"] is not None)


@pytest.mark.parametrize(
    ("types", "reason"),
    [
        ({"a": whole(0, 9), "b": whole(0, 0, After("a"))}, "no room for it after a"),
        ({"a": whole(5, 9), "b": whole(0, 4, After("a"))}, "no room for it after a"),
        (
            {"a": whole(0, 9), "b": whole(0, 9, After("a", within=2), Normal())} | {"c": whole(0, 1, After("b"))},
            "no room",
        ),
        ({"a": whole(0, 9, After("b")), "b": whole(0, 9, After("a"))}, "lies after itself"),
        ({"a": whole(0, 9, After("a"))}, "lies after itself"),
        ({"b": whole(0, 9, After("aa"))}, "no field 'aa' beside it"),
        ({"a": datetime.date, "b": Annotated[datetime.datetime, After("a")]}, "Give both fields the same type"),
        ({"a": str, "b": whole(0, 9, After("a"))}, "Give both fields the same type"),
        ({"a": str, "b": Annotated[str, After("a")]}, "a text cannot be declared to lie after"),
        ({"a": float, "b": Annotated[float, Field(le=0), After("a")]}, "no room for it after a, which is 0.0 to"),
        ({"a": float, "b": Annotated[float, After("a", within=0)]}, "Make `within` larger"),
        ({"a": float, "b": Annotated[float, Field(multiple_of=0.5), After("a", within=0.4)]}, "Make `within` larger"),
        ({"a": float, "b": Annotated[float, After("a", least=2, within=1)]}, "Make `within` larger"),
        ({"a": float, "b": Annotated[float, After("a"), Normal()]}, "needs an end"),
        ({"a": float, "b": Annotated[float, Field(multiple_of=2), After("a", within=4), Normal()]}, "no multiple_of"),
        ({"a": int, "b": Annotated[float, After("a")]}, "Give both fields the same type"),
        ({"a": float, "b": Annotated[Decimal, After("a")]}, "Give both fields the same type"),
        ({"a": Decimal, "b": Annotated[Decimal, Field(le=0), After("a")]}, "no room for it after a, which is 0"),
        ({"a": Decimal, "b": Annotated[Decimal, After("a", within=Decimal("0.001"))]}, "Make `within` larger"),
        ({"a": Decimal, "b": Annotated[Decimal, Field(le=10**20), After("a")]}, "too far apart.*18 digits"),
        ({"a": whole(0, 9), "b": whole(0, 9, After("a", least=5, within=4))}, "Make `within` larger"),
        ({"a": whole(0, 9), "b": whole(0, 90, After("a", within=3), multiple=10)}, "Make `within` larger"),
        ({"a": datetime.date, "b": Annotated[datetime.date, After("a", within=HOUR)]}, "Make `within` larger"),
        ({"a": whole(0, 9), "b": whole(0, 9, After("a", within=-1))}, "Give a number, for times of seconds, 0 or more"),
        ({"a": whole(0, 9), "b": whole(0, 9, After("a"), Normal())}, "needs an end"),
        ({"a": whole(0, 9), "b": whole(-(2**63), 2**63 - 1, After("a"))}, "too far apart"),
        ({"a": whole(0, 9), "b": Annotated[int, KEY.__metadata__[0], After("a")]}, "a key cannot be made of other"),
        ({"a": whole(0, 9), "b": whole(0, 9, After("a"), Derived("a"))}, "derived and after at once"),
    ],
)
def test_what_has_no_room_or_no_meaning_is_refused_by_name(types, reason):
    with pytest.raises(SchemaError, match=reason) as error:
        columns_of(10, **types)
    assert "Thing." in str(error.value)
    assert error.value.hint
