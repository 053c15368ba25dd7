"""Proves that a column is a function of row numbers, inside its bounds, whoever wrote it and however it is read."""

import datetime
import math
import pickle
import re
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, create_model

from columns import EARLY, KEY, LATE, ZONE, Colour, Level, array, drawn, examples, joined, source, validated
from gen import Domain, ForeignKey, Normal, PrimaryKey, Schema
from gen.block import Partition
from gen.checksums import Checksum
from gen.errors import SchemaError


class Everything(BaseModel):
    """Every supported type and constraint."""

    id: KEY
    integer: int
    integer_in: Annotated[int, Field(ge=-3, lt=10)]
    integer_over: Annotated[int, Field(gt=7)]
    integer_multiple: Annotated[int, Field(gt=-100, le=100, multiple_of=7)]
    integer_normal: Annotated[int, Field(ge=10, le=20), Normal()]
    integer_all: Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
    number: float
    number_in: Annotated[float, Field(gt=0, lt=1)]
    number_below: Annotated[float, Field(le=-1e6)]
    number_multiple: Annotated[float, Field(ge=-1, le=1, multiple_of=0.1)]
    number_normal: Annotated[float, Field(ge=2, le=21), Normal()]
    number_normal_multiple: Annotated[float, Field(gt=0, lt=100, multiple_of=0.25), Normal(mean=20, deviation=30)]
    number_all: Annotated[float, Field(ge=-1.7e308, le=1.7e308)]
    boolean: bool
    text: str
    text_in: Annotated[str, Field(min_length=3, max_length=5)]
    text_long: Annotated[str, Field(min_length=90, max_length=100)]
    text_maybe_empty: Annotated[str, Field(min_length=0, max_length=1)]
    person: Annotated[str, Domain("name")]
    person_in: Annotated[str, Domain("name"), Field(min_length=9, max_length=11)]
    time: datetime.datetime
    time_in: Annotated[datetime.datetime, Field(gt=EARLY, lt=LATE)]
    time_zoned: Annotated[datetime.datetime, Field(ge=LATE.replace(tzinfo=ZONE))]
    time_normal: Annotated[datetime.datetime, Field(ge=EARLY, le=LATE), Normal()]
    date: datetime.date
    date_in: Annotated[datetime.date, Field(gt=datetime.date(2024, 2, 27), le=datetime.date(2024, 3, 1))]
    date_normal: Annotated[datetime.date, Normal()]
    colour: Colour
    level: Level
    word: Literal["yes", "no"]
    figure: Literal[3, -3]
    fraction: Literal[0.5]
    parent: Annotated[str, ForeignKey("Parent.id")]
    sibling: Annotated[int, ForeignKey("Everything.id")]


class Parent(BaseModel):
    id: Annotated[str, PrimaryKey(), Field(max_length=6)]
    favourite: Annotated[int, ForeignKey("Everything.id")]


def everything(rows=2000, parents=300, seed=0):
    schema = Schema(seed=seed)
    schema.add(Everything, rows)
    schema.add(Parent, parents)
    return schema


@pytest.fixture(scope="module")
def wide():
    """Every built-in kind of column in a table of three address blocks."""
    return everything(200_000, 70_000).table("Everything").source


# -- a column is a function of row numbers ----------------------------------------------------------------


@examples
@given(start=st.integers(0, 199_999), count=st.integers(0, 3000), cuts=st.lists(st.floats(0, 1), max_size=5))
def test_any_split_of_any_range_equals_the_whole(wide, start, count, cuts):
    stop = min(start + count, 200_000)
    edges = [start, *sorted(start + int(cut * (stop - start)) for cut in cuts), stop]
    parts = [wide.at(range(a, b)) for a, b in pairwise(edges)]
    assert joined(parts).equals(joined([wide.at(range(start, stop))]))


@examples
@given(st.lists(st.integers(0, 199_999), max_size=200))
def test_rows_in_any_order_equal_the_same_rows_in_a_range(wide, rows):
    by_address = wide.at(array(rows))
    low, high = (min(rows), max(rows) + 1) if rows else (0, 0)
    if high - low > 20_000:
        assert joined([by_address]).equals(joined([wide.at(range(row, row + 1)) for row in rows]))
    else:
        assert by_address.equals(wide.at(range(low, high)).take(pa.array([row - low for row in rows], pa.int64())))


@examples
@given(start=st.integers(0, 199_999), count=st.integers(0, 40_000))
def test_batches_of_any_partition_are_its_rows_in_order(wide, start, count):
    partition = Partition("Everything", 0, start, min(start + count, 200_000))
    batches = list(wide.batches(partition))
    assert sum(batch.num_rows for batch in batches) == partition.rows
    whole = pa.Table.from_batches(batches, wide.schema).combine_chunks()
    assert whole.equals(joined([wide.at(range(partition.start, partition.stop))]))


@pytest.mark.parametrize("name", list(Everything.model_fields))
def test_one_column_alone_equals_the_same_column_among_all(wide, name):
    rows = range(65_000, 67_000)
    alone = wide.at(rows, [name])
    assert alone.schema.names == [name]
    assert alone.column(0).equals(wide.at(rows).column(name))


def test_every_array_has_the_type_its_column_says(wide):
    for rows in (range(0), range(10), array([5, 3])):
        for name, synthesizer in wide.columns.items():
            values = synthesizer.at(rows)
            assert values.type == synthesizer.arrow_type == wide.schema.field(name).type
            assert len(values) == len(rows)
            assert values.null_count == 0


def test_a_source_gives_the_same_values_after_it_has_travelled(wide):
    wide.at(range(10))
    there = pickle.loads(pickle.dumps(wide))
    assert there.at(range(100)).equals(wide.at(range(100)))
    assert there.probe() == wide.probe()


def test_a_small_table_travels_as_a_few_bytes_whatever_its_rows():
    assert len(pickle.dumps(source(10**12, id=KEY, x=Annotated[str, Field(max_length=9)], y=float))) < 4000


def test_rows_beyond_two_to_the_32_equal_themselves_by_address():
    far = everything(2**40, 2**33).table("Everything").source
    start = 2**39 + 12_345
    assert far.at(range(start, start + 500)).equals(far.at(array(range(start, start + 500))))


def test_adding_a_column_changes_no_other():
    fields = {"a": int, "b": str, "c": Annotated[float, Normal()], "id": KEY}
    before = source(**fields).at(range(1000))
    after = source(first=int, **dict(reversed(fields.items())), last=bool).at(range(1000))
    assert all(before.column(name).equals(after.column(name)) for name in fields)


def test_adding_a_table_changes_no_other():
    alone, beside = Schema(), Schema()
    for schema in (alone, beside):
        schema.add(create_model("Thing", id=(KEY, ...), x=(str, ...)), 500)
    beside.add(create_model("Another", id=(KEY, ...), x=(Annotated[int, ForeignKey("Thing.id")], ...)), 500)
    assert alone.table("Thing").arrow().equals(beside.table("Thing").arrow())


def test_more_rows_of_a_table_change_no_value_that_is_not_a_key():
    few, many = everything(1000).table("Everything"), everything(5000).table("Everything")
    one, other = few.arrow(), many.arrow(0, 1000)
    changed = {name for name in one.column_names if not one.column(name).equals(other.column(name))}
    assert changed == {"id", "sibling"}


def test_another_seed_changes_every_column_that_can_change():
    one, other = (everything(seed=seed).table("Everything").arrow() for seed in (0, 1))
    assert [name for name in one.column_names if one.column(name).equals(other.column(name))] == ["fraction"]


def test_columns_and_tables_of_different_names_have_different_values():
    values = source(a=float, b=float).at(range(100))
    assert not values.column("a").equals(values.column("b"))
    renamed = Schema()
    renamed.add(create_model("Other", a=(float, ...)), 1000)
    assert not renamed.table("Other").source.at(range(100)).column("a").equals(values.column("a"))


# -- inside the declaration -------------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "rows"), [(Everything, 2000), (Parent, 300)])
def test_every_row_is_valid_under_the_model_that_declares_it(model, rows):
    made = list(everything().rows(model))
    assert len(made) == rows
    assert {type(row) for row in made} == {model}


def attempt(annotation, rows=60):
    """The values of a field of this type; or None, and why there are none."""
    try:
        return drawn(annotation, rows), ""
    except SchemaError as error:
        return None, error.message


SIDES = st.tuples(st.sampled_from(["ge", "gt", None]), st.sampled_from(["le", "lt", None]))


def bounds(sides, low, high):
    return {side: bound for side, bound in zip(sides, (low, high), strict=True) if side}


@examples
@given(SIDES, st.integers(-(2**63), 2**63 - 1), st.integers(-(2**63), 2**63 - 1), st.integers(1, 50), st.booleans())
def test_integers_keep_their_bounds_whatever_they_are(sides, a, b, step, normal):
    low, high = min(a, b), max(a, b)
    annotation = Annotated[int, Field(**bounds(sides, low, high), multiple_of=step)]
    values, why_not = attempt(Annotated[annotation, Normal()] if normal else annotation)
    if values is not None:
        assert validated(annotation, values)
    elif None in sides:
        assert "do not fit" in why_not
    else:
        first = -(-(low + (sides[0] == "gt")) // step) * step
        assert first > high - (sides[1] == "lt")


@pytest.mark.parametrize(
    ("declared", "low", "high"),
    [
        ({"ge": -(2**63), "le": 2**63 - 1}, -(2**63), 2**63 - 1),
        ({"ge": 2**63 - 1}, 2**63 - 1, 2**63 - 1),
        ({"le": -(2**63)}, -(2**63), -(2**63)),
        ({"ge": 2**63 - 5, "le": 2**63 - 1}, 2**63 - 5, 2**63 - 1),
        ({"ge": -(2**63), "lt": -(2**63) + 3}, -(2**63), -(2**63) + 2),
        ({"gt": -2, "lt": 2}, -1, 1),
        ({"gt": -22, "lt": 22, "multiple_of": 11}, -11, 11),
        ({"ge": -(2**63), "le": 2**63 - 1, "multiple_of": 2**62}, -(2**63), 2**62),
    ],
)
@pytest.mark.parametrize("law", [[], [Normal()]])
def test_integers_reach_both_bounds_and_no_further(declared, low, high, law):
    step = declared.get("multiple_of", 1)
    if len(declared) == 1:
        with pytest.raises(SchemaError, match="do not fit 64-bit integers"):
            drawn(Annotated[int, Field(**declared), *law])
        return
    values = np.array(drawn(Annotated[int, Field(**declared), *law], 5000).to_pylist(), object)
    assert low <= values.min() <= values.max() <= high
    assert not (values % step).any()
    if high - low < 2**20 or step > 2**60:
        assert {values.min(), values.max()} == {low, high}


@examples
@example((None, "lt"), -3.9e25, -3.9e25, False)  # where the neighbouring double is further off than 2^32
@given(SIDES, st.floats(-1.7e308, 1.7e308), st.floats(-1.7e308, 1.7e308), st.booleans())
def test_floats_keep_their_bounds_whatever_they_are(sides, a, b, normal):
    low, high = min(a, b), max(a, b)
    annotation = Annotated[float, Field(**bounds(sides, low, high))]
    values, why_not = attempt(Annotated[annotation, Normal()] if normal else annotation)
    if values is not None:
        assert np.isfinite(values.to_numpy()).all()
        assert validated(annotation, values)
        return
    assert "contradict" in why_not
    assert None not in sides
    low = math.nextafter(low, math.inf) if sides[0] == "gt" else low
    assert low > (math.nextafter(high, -math.inf) if sides[1] == "lt" else high)


STEPS = st.sampled_from([0.1, 0.01, 0.001, 0.25, 1.0, 3.0, 7.5, 1e-6, 1 / 3])


@examples
@given(SIDES, st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), STEPS, st.booleans())
def test_float_multiples_keep_their_bounds_whatever_they_are(sides, a, b, step, normal):
    annotation = Annotated[float, Field(**bounds(sides, min(a, b), max(a, b)), multiple_of=step)]
    values, _ = attempt(Annotated[annotation, Normal()] if normal else annotation)
    if values is not None:
        assert validated(annotation, values)
    else:
        assert None not in sides
        assert abs(a - b) <= 2 * step


@examples
@example(0.01, 5 * 10**9)
@given(st.sampled_from([0.01, 0.1, 0.05, 0.001, 1e-6, 2.5, 0.3, 7.01]), st.integers(1, 10**9))
def test_float_multiples_are_written_as_decimals_are(step, high):
    """Each is the double nearest to the multiple of what is written, and those at the bounds are there."""
    values = drawn(Annotated[float, Field(ge=-high * step, le=float(high * Decimal(str(step))), multiple_of=step)])
    assert not [v for v in values.to_pylist() if Decimal(repr(v)) % Decimal(str(step))]
    few = set(drawn(Annotated[float, Field(ge=0, le=float(3 * Decimal(str(step))), multiple_of=step)]).to_pylist())
    assert few == {float(k * Decimal(str(step))) for k in range(4)}  # missed with a probability of 1e-124


@pytest.mark.parametrize(
    "annotation",
    [
        Annotated[int, Field(multiple_of=10**10)],
        Annotated[int, Field(multiple_of=2**33, ge=5)],
        Annotated[int, Field(multiple_of=2**33, le=-5)],
        Annotated[int, Field(multiple_of=2**33, le=5)],
        Annotated[int, Field(ge=2**32 - 1)],
        Annotated[Decimal, Field(multiple_of=Decimal("1e10"))],
        Annotated[float, Field(multiple_of=1e20)],
        Annotated[float, Field(multiple_of=1e299, le=-1e300)],
        Annotated[float, Field(multiple_of=1e20, le=1)],
        Annotated[float, Field(gt=1e308)],
        Annotated[float, Field(ge=1e300)],
        Annotated[float, Field(le=-1e300)],
        Annotated[float, Field(ge=2**32 - 1)],
    ],
)
def test_a_default_range_that_would_hold_hardly_a_value_is_wider(annotation):
    values = drawn(annotation, 2000)
    assert len(set(values.to_pylist())) > 1900  # of 1e6 values or more; chance takes 50 with p < 1e-60
    assert validated(annotation, values)


@pytest.mark.parametrize(
    ("declared", "low", "high"),
    [({"multiple_of": 4_000_000}, 0, 2**32 - 1), ({"le": 10}, 0, 10), ({"ge": 2**32 - 1002}, 2**32 - 1002, 2**32 - 1)],
)
def test_a_default_range_that_varies_is_not_moved(declared, low, high):
    values = drawn(Annotated[int, Field(**declared)], 20_000).to_pylist()
    step = declared.get("multiple_of", 1)
    assert {min(values), max(values)} == {-(-low // step) * step, high // step * step}


@pytest.mark.parametrize(
    ("low", "high"), [(-1.7e308, 1.7e308), (0, 1.7e308), (-1.7e308, 0), (5e-324, 1e-320), (1.0, math.nextafter(1, 2))]
)
@pytest.mark.parametrize("law", [[], [Normal()]])
def test_floats_of_extreme_ranges_are_finite_and_spread_over_them(low, high, law):
    values = drawn(Annotated[float, Field(ge=low, le=high), *law], 5000).to_numpy()
    assert np.isfinite(values).all()
    assert low <= values.min() <= values.max() <= high
    if high - low > 1:
        middle = low / 2 + high / 2
        assert values.min() < middle < values.max()


def test_a_float_between_equal_bounds_is_that_bound():
    assert set(drawn(Annotated[float, Field(ge=0.1, le=0.1), Normal()]).to_pylist()) == {0.1}


@examples
@given(SIDES, st.datetimes(), st.datetimes())
def test_times_keep_their_bounds_whatever_they_are(sides, a, b):
    annotation = Annotated[datetime.datetime, Field(**bounds(sides, min(a, b), max(a, b)))]
    values, why_not = attempt(annotation)
    if values is not None:
        assert validated(annotation, values)
    else:
        assert "contradict" in why_not
        assert abs(a - b) <= datetime.timedelta(microseconds=1)
        assert None not in sides


@examples
@given(st.integers(0, 130), st.integers(0, 130))
def test_texts_keep_their_lengths_and_reach_both(a, b):
    shortest, longest = min(a, b), max(a, b)
    texts = drawn(Annotated[str, Field(min_length=shortest, max_length=longest)], 4000).to_pylist()
    lengths = {len(text) for text in texts}
    assert (min(lengths), max(lengths)) == (shortest, longest)
    assert set("".join(texts)) <= {chr(code) for code in range(33, 127)} - set("0123456789")


def test_texts_use_every_letter_and_sign_and_no_digit():
    letters = set("".join(drawn(str, 2000).to_pylist()))
    assert letters == {chr(code) for code in range(33, 127)} - set("0123456789")


def test_choices_are_all_drawn_and_nothing_else():
    assert set(drawn(bool).to_pylist()) == {True, False}
    assert set(drawn(Colour).to_pylist()) == {"red", "green", "blue"}
    assert set(drawn(Literal[3, 1, 2]).to_pylist()) == {1, 2, 3}
    assert set(drawn(Literal["only"]).to_pylist()) == {"only"}


@pytest.mark.parametrize(("shortest", "longest"), [(1, 32), (2, 2), (3, 5), (7, 7), (9, 40), (15, 20)])
def test_names_are_plausible_and_keep_their_lengths(shortest, longest):
    people = drawn(Annotated[str, Domain("name"), Field(min_length=shortest, max_length=longest)], 3000).to_pylist()
    assert all(shortest <= len(person) <= longest for person in people)
    pattern = "[A-Z][a-z]+ [A-Z][a-z]+" if longest >= 9 else "[A-Z][a-z]+( [A-Z][a-z]+)?"
    assert all(re.fullmatch(pattern, person) for person in people)


def test_names_are_ordinary_and_few_repeat():
    people = drawn(Annotated[str, Domain("name")], 20_000).to_pylist()
    assert len(set(people)) > 14_000
    given_names = {person.split()[0] for person in people}
    surnames = {person.split()[1] for person in people}
    assert {"Mary", "James"} <= given_names
    assert {"Smith", "Johnson"} <= surnames
    assert len(given_names) > 200
    assert len(surnames) > 2000


@pytest.mark.parametrize("rows", [0, 1, 1000, 4096])
def test_a_small_table_is_probed_whole(rows):
    table = source(rows, id=KEY, x=float, y=Literal["a", "b"])
    whole = Checksum("Thing", ["id", "x", "y"])
    whole.add(table.at(range(rows)))
    assert table.probe() == whole.to_json()
