"""Proves that a value after another lies there, in a room exactly as wide as it is; what has none is refused."""

import datetime
import itertools
from collections import Counter
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
        ({"a": float, "b": Annotated[float, After("a")]}, "a number cannot be declared to lie after"),
        ({"a": whole(0, 9), "b": whole(0, 9, After("a", least=5, within=4))}, "Make `within` larger"),
        ({"a": whole(0, 9), "b": whole(0, 90, After("a", within=3), multiple=10)}, "Make `within` larger"),
        ({"a": datetime.date, "b": Annotated[datetime.date, After("a", within=HOUR)]}, "Make `within` larger"),
        ({"a": whole(0, 9), "b": whole(0, 9, After("a", within=-1))}, "Give a number of seconds, 0 or more"),
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
