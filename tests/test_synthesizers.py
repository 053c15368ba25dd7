"""Proves that a column is a function of row numbers, inside its bounds, whoever wrote it and however it is read."""

import datetime
import enum
import gc
import math
import pickle
import re
from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, TypeAdapter, create_model

from gen import Domain, ForeignKey, Normal, PrimaryKey, Schema, SynthesizedBy, Synthesizer
from gen.block import Partition
from gen.errors import CapacityError, SchemaError
from gen.synth.synthesizer import ADDRESS_BLOCK, synthesizer_classes
from gen.synth.text import SynthesizeString

examples = settings(deadline=None, max_examples=40)

KEY = Annotated[int, PrimaryKey()]
EARLY, LATE = datetime.datetime(1955, 5, 5, 5, 5, 5, 5), datetime.datetime(2021, 1, 18, 12)
ZONE = datetime.timezone(datetime.timedelta(hours=-8))


class Colour(enum.Enum):
    RED = "red"
    GREEN = "green"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = -1
    HIGH = 5


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


def source(rows=1000, seed=0, **types):
    """A table `Thing` with these columns, ready to be read."""
    schema = Schema(seed=seed)
    schema.add(create_model("Thing", **{name: (annotation, ...) for name, annotation in types.items()}), rows)
    return schema.table("Thing").source


def drawn(annotation, rows=1000):
    return source(rows, x=annotation).at(range(rows)).column("x")


def joined(batches):
    return pa.Table.from_batches(batches).combine_chunks()


def array(values):
    return np.array(list(values), np.uint64)


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


# -- inside the declaration ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "rows"), [(Everything, 2000), (Parent, 300)])
def test_every_row_is_valid_under_the_model_that_declares_it(model, rows):
    made = list(everything().rows(model))
    assert len(made) == rows
    assert {type(row) for row in made} == {model}


def validated(annotation, values):
    """Whether Pydantic accepts every value for a field of this type."""
    adapter = TypeAdapter(annotation)
    for value in values.to_pylist():
        adapter.validate_python(value, strict=True)
    return True


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


# -- keys -----------------------------------------------------------------------------------------------------


def key_of(annotation, rows):
    return source(rows, x=annotation).columns["x"]


def assert_distinct_and_invertible(annotation, rows):
    key = key_of(annotation, rows)
    values = key.at(range(rows))
    assert len(values.unique()) == rows
    assert key.row_of(values).tolist() == list(range(rows))
    shuffled = np.random.default_rng(1).permutation(rows)[:1000].astype(np.uint64)
    assert key.row_of(key.at(shuffled)).tolist() == shuffled.tolist()


ORDERS = ["ascending", "sequential", "scattered"]
KEYS = [
    (int, {}),
    (int, {"ge": -50, "lt": 3000}),
    (int, {"gt": 0, "multiple_of": 10}),
    (int, {"ge": -(2**63), "le": 2**63 - 1}),
    (datetime.datetime, {"ge": EARLY}),
    (datetime.date, {}),
]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(("kind", "declared"), KEYS)
def test_keys_are_distinct_valid_and_invertible_in_every_order(kind, declared, order):
    annotation = Annotated[kind, Field(**declared), PrimaryKey(order=order)]
    assert_distinct_and_invertible(annotation, 2000)
    values = drawn(annotation, 2000)
    assert validated(Annotated[kind, Field(**declared)], values)
    assert order == "scattered" or values.to_pylist() == sorted(values.to_pylist())


@pytest.mark.parametrize(("kind", "declared"), KEYS)
def test_keys_of_numbers_and_times_ascend_unless_asked_otherwise(kind, declared):
    values = drawn(Annotated[kind, Field(**declared), PrimaryKey()], 2000)
    assert all(a < b for a, b in pairwise(values.to_pylist()))


def test_sequential_keys_have_no_gaps():
    values = drawn(Annotated[int, PrimaryKey(order="sequential"), Field(ge=1)], 100)
    assert values.to_pylist() == list(range(1, 101))


@pytest.mark.parametrize(
    ("annotation", "available"),
    [
        (Annotated[int, Field(ge=1, le=500)], 500),
        (Annotated[int, Field(ge=1, le=500, multiple_of=7)], 71),
        (Annotated[datetime.date, Field(ge=datetime.date(2024, 1, 1), lt=datetime.date(2025, 1, 1))], 366),
        (Annotated[str, Field(max_length=1)], 84),
        (Annotated[str, Field(min_length=1, max_length=2)], 84 + 7056),
        (Annotated[str, Field(min_length=0, max_length=2)], 1 + 84 + 7056),
        (Annotated[str, Field(min_length=2, max_length=2)], 7056),
        (Colour, 3),
        (Level, 2),
        (bool, 2),
        (Literal[0.5, 1.5], 2),
    ],
    ids=str,
)
@pytest.mark.parametrize("order", [None, "sequential", "scattered"])
def test_a_key_takes_every_value_of_its_domain_once_and_not_one_more(annotation, available, order):
    annotation = Annotated[annotation, PrimaryKey(order=order)]
    assert_distinct_and_invertible(annotation, available)
    with pytest.raises(CapacityError) as caught:
        key_of(annotation, available + 1)
    assert caught.value.facts == {"table": "Thing", "column": "x", "asked": available + 1, "available": available}
    assert "Thing.x" in caught.value.message


@pytest.mark.parametrize("lengths", [(1, 3), (0, 4), (5, 9), (9, 10), (12, 12), (17, 18), (20, 40), (1, 32)])
@pytest.mark.parametrize("order", ["sequential", "scattered"])
def test_text_keys_of_any_length_are_distinct_valid_and_invertible(lengths, order):
    declared = Field(min_length=lengths[0], max_length=lengths[1])
    assert_distinct_and_invertible(Annotated[str, declared, PrimaryKey(order=order)], 3000)
    texts = drawn(Annotated[str, declared, PrimaryKey(order=order)], 3000)
    assert validated(Annotated[str, declared], texts)
    assert set("".join(texts.to_pylist())) <= {chr(code) for code in range(33, 127)} - set("0123456789")


def test_sequential_text_keys_are_counted_from_the_shortest():
    texts = drawn(Annotated[str, Field(min_length=0, max_length=40), PrimaryKey(order="sequential")], 8000).to_pylist()
    assert [len(text) for text in texts] == [0] + [1] * 84 + [2] * 7056 + [3] * 859
    assert texts == sorted(texts, key=lambda text: (len(text), text))


def test_scattered_text_keys_are_of_every_length():
    texts = drawn(Annotated[str, Field(min_length=3, max_length=12), PrimaryKey()], 1000).to_pylist()
    assert {len(text) for text in texts} == set(range(3, 13))


@pytest.mark.parametrize("text", ["", "1", "a b", "é", "表", "x" * 33, "\0"])
def test_a_text_that_is_no_key_has_no_row(text):
    assert key_of(Annotated[str, PrimaryKey()], 1000).row_of(pa.array([text])).tolist() == [-1]


def test_values_of_the_domain_that_no_row_has_have_no_row():
    for order in ORDERS:
        key = key_of(Annotated[int, Field(ge=10, lt=2010), PrimaryKey(order=order)], 500)
        used = set(key.at(range(500)).to_pylist())
        assert set(key.row_of(pa.array(sorted(set(range(10, 2010)) - used))).tolist()) == {-1}


@pytest.mark.parametrize("order", ["ascending", "sequential", "scattered"])
def test_integers_just_outside_a_small_domain_have_no_row(order):
    key = key_of(Annotated[int, Field(ge=10, lt=2010), PrimaryKey(order=order)], 2000)
    assert key.row_of(pa.array([9, 2010, -1, 2**63 - 1, -(2**63)])).tolist() == [-1] * 5


def test_a_choice_that_is_not_listed_has_no_row():
    assert key_of(Annotated[Colour, PrimaryKey()], 3).row_of(pa.array(["red", "mauve"])).tolist()[1] == -1


@pytest.mark.parametrize(("longest", "rows"), [(3, 19), (6, 237), (7, 8924), (32, 5000)])
def test_name_keys_are_distinct_and_invertible(longest, rows):
    annotation = Annotated[str, Domain("name"), Field(max_length=longest), PrimaryKey()]
    rows = min(rows, key_of(annotation, 1).cardinality)
    assert_distinct_and_invertible(annotation, rows)
    names = drawn(annotation, rows).to_pylist()
    assert all(len(name) <= longest for name in names)
    assert all(re.fullmatch(r"[A-Z][a-z]+( [A-Z]\.)?( [A-Z][a-z]+)?", name) for name in names)


def test_name_keys_take_every_name_of_a_small_domain_and_not_one_more():
    annotation = Annotated[str, Domain("name"), Field(max_length=7), PrimaryKey()]
    available = key_of(annotation, 1).cardinality
    assert_distinct_and_invertible(annotation, available)
    with pytest.raises(CapacityError):
        key_of(annotation, available + 1)


@pytest.mark.parametrize("longest", [4, 32])
def test_a_name_that_is_no_key_has_no_row(longest):
    key = key_of(Annotated[str, Domain("name"), Field(max_length=longest), PrimaryKey()], 50)
    strangers = ["Nobody Atall", "", "Mary", "Mary Smith Jones", "mary smith", "Mary 1. Smith", "Zz"]
    strangers = sorted(set(strangers) - set(key.at(range(50)).to_pylist()))
    assert key.row_of(pa.array(strangers)).tolist() == [-1] * len(strangers)


MANY = 2**31


@pytest.mark.parametrize(
    ("rows", "bound", "top"),
    [(MANY, {}, 2**32), (MANY + 1, {}, 2**63), (2**45, {}, 2**63), (MANY + 1, {"le": 2**40}, 2**40 + 1)],
)
def test_keys_without_bounds_and_what_refers_to_them_reach_further_in_large_tables(rows, bound, top):
    schema = Schema()
    schema.add(create_model("Parent", id=(Annotated[int, PrimaryKey(), Field(**bound)], ...)), rows)
    schema.add(create_model("Thing", x=(Annotated[int, ForeignKey("Parent.id")], ...)), 5000)
    keys, references = schema.table("Parent").source.columns["id"], schema.table("Thing").arrow()
    chosen = array([0, 1, rows // 2, rows - 1])
    values = keys.at(chosen).to_pylist()
    assert values == sorted(values)
    assert top - 2 * top / rows <= values[-1] < top
    assert keys.row_of(keys.at(chosen)).tolist() == chosen.tolist()
    referred = references.column("x").combine_chunks()
    assert (keys.row_of(referred) >= 0).all()
    assert 0.9 * top < max(referred.to_pylist()) < top


# -- references -------------------------------------------------------------------------------------------------

PARENT_KEYS = [
    KEY,
    Annotated[int, PrimaryKey(order="scattered")],
    Annotated[str, PrimaryKey()],
    Annotated[str, Domain("name"), PrimaryKey()],
    Annotated[datetime.datetime, PrimaryKey()],
]


def family(annotation, parents, children=3000):
    """A parent's keys, and references to them, as arrays."""
    kind = annotation.__origin__
    schema = Schema()
    schema.add(create_model("Child", x=(Annotated[kind, ForeignKey("Parent.id")], ...)), children)
    schema.add(create_model("Parent", id=(annotation, ...)), parents)
    keys, child = schema.table("Parent").source.columns["id"], schema.table("Child").source
    return keys, child.at(range(children)).column("x")


@pytest.mark.parametrize("annotation", PARENT_KEYS, ids=str)
@pytest.mark.parametrize("parents", [1, 500, 70_000, 10**7])
def test_a_foreign_key_always_exists_in_its_parent(annotation, parents):
    keys, references = family(annotation, parents)
    plain = references.cast(keys.arrow_type)
    rows = keys.row_of(plain)
    assert rows.min() >= 0
    assert rows.max() < parents
    assert len(np.unique(rows)) > min(parents, 3000) * 0.9


@pytest.mark.parametrize("kind", [Colour, Level, bool, Literal["a", "b"]])
def test_a_foreign_key_to_a_list_of_choices_exists_in_its_parent(kind):
    schema = Schema()
    schema.add(create_model("Child", x=(Annotated[kind, ForeignKey("Parent.id")], ...)), 100)
    schema.add(create_model("Parent", id=(Annotated[kind, PrimaryKey()], ...)), 2)
    parents = set(schema.table("Parent").arrow().column("id").to_pylist())
    assert set(schema.table("Child").arrow().column("x").to_pylist()) == parents
    assert schema.table("Child").source.probe()


def test_small_pools_of_text_travel_as_a_dictionary_and_large_ones_do_not():
    text = Annotated[str, PrimaryKey()]
    for parents, is_dictionary in ((500, True), (65_536, True), (65_537, False)):
        _, references = family(text, parents)
        assert pa.types.is_dictionary(references.type) == is_dictionary
    _, numbers = family(KEY, 500)
    assert numbers.type == pa.int64()


def test_references_to_the_own_table_and_in_circles_exist():
    schema = Schema()
    own, other = Annotated[int, ForeignKey("Thing.id")], Annotated[str, ForeignKey("Other.id")]
    schema.add(create_model("Thing", id=(KEY, ...), boss=(own, ...), other=(other, ...)))
    schema.add(create_model("Other", id=(Annotated[str, PrimaryKey()], ...), thing=(own, ...)), 70)
    things, others = (schema.table(name).arrow().to_pydict() for name in ("Thing", "Other"))
    assert {*things["boss"], *others["thing"]} <= set(things["id"])
    assert set(things["other"]) == set(others["id"])
    assert len(set(things["boss"])) > 550


# -- synthesizers of the user's own --------------------------------------------------------------------------------


@pytest.fixture
def custom():
    """Registers a synthesizer for one test: it is found because it exists, so afterwards it must match nothing."""
    made = []

    def register(synthesizer):
        made.append(synthesizer)
        return synthesizer

    yield register
    while made:  # a failed test keeps its classes alive
        made.pop().match = classmethod(lambda _, column: False)
    gc.collect()


@pytest.fixture
def squares(custom):
    """Row-addressed, distinct, found by name."""

    class Squares(Synthesizer):
        unique = True

        def at(self, rows):
            numbers = np.arange(rows.start, rows.stop) if isinstance(rows, range) else rows.astype(np.int64)
            return pa.array(numbers**2)

    return custom(Squares)


@pytest.fixture
def dice(custom):
    """Block-addressed, found by name."""

    class Dice(Synthesizer):
        def draw(self, generator, n):
            return generator.integers(1, 7, n)

    return custom(Dice)


@pytest.fixture
def serials(custom):
    """Block-addressed keys, distinct but without a promise."""

    class Serials(Synthesizer):
        def draw(self, generator, n):
            return generator.permutation(n) + n * generator.integers(1, 2**40)

    return custom(Serials)


def by(name, kind=int, *facts):
    return Annotated[kind, SynthesizedBy(name), *facts]


def values_of(annotation, rows=100):
    return drawn(annotation, rows).to_pylist()


@pytest.mark.usefixtures("squares")
def test_a_synthesizer_is_found_by_its_name():
    assert values_of(by("Squares"), 5) == [0, 1, 4, 9, 16]
    table = source(x=by("Squares"))
    assert table.at(array([7, 3])).column("x").to_pylist() == [49, 9]
    assert table.columns["x"].reason == "named by the column"


def test_a_synthesizer_is_found_by_its_match(custom):
    @custom
    class Answer(Synthesizer):
        @classmethod
        def match(cls, column):
            return column.kind == "integer" and column.name == "answer"

        def at(self, rows):
            return pa.array([42] * len(rows))

    table = source(answer=int, question=int).at(range(10))
    assert set(table.column("answer").to_pylist()) == {42}
    assert set(table.column("question").to_pylist()) != {42}


def constant(value, base=Synthesizer):
    """A synthesizer of text that matches columns called x."""

    class Constant(base):
        @classmethod
        def match(cls, column):
            return column.kind == "text" and column.name == "x"

        def at(self, rows):
            return pa.array([value] * len(rows))

    return Constant


def test_of_synthesizers_that_match_the_latest_is_taken(custom):
    custom(constant("first"))
    assert set(values_of(str)) == {"first"}
    custom(constant("second"))
    assert set(values_of(str)) == {"second"}


def test_of_synthesizers_that_match_the_most_specific_is_taken(custom):
    general = custom(constant("general"))
    custom(constant("specific", general))
    assert set(values_of(str)) == {"specific"}


def test_a_subclass_of_a_built_in_synthesizer_goes_before_it(custom):
    @custom
    class Loud(SynthesizeString):
        @classmethod
        def match(cls, column):
            return super().match(column) and column.name == "x"

        def at(self, rows):
            return pa.array([text.upper() + "!" for text in super().at(rows).to_pylist()])

    assert all(text == text.upper() and text.endswith("!") for text in values_of(str))


def test_synthesizers_of_a_finished_test_are_gone():
    gc.collect()
    assert __name__ not in {found.__module__ for found in synthesizer_classes()}


@pytest.mark.usefixtures("dice")
def test_drawn_values_are_addressed_by_blocks_of_65_536_rows():
    rows = 3 * ADDRESS_BLOCK
    table = source(rows, x=by("Dice"))
    whole = table.at(range(rows)).column("x")
    assert set(whole.to_pylist()) == {1, 2, 3, 4, 5, 6}
    blocks = [whole.slice(i * ADDRESS_BLOCK, ADDRESS_BLOCK).to_pylist() for i in range(3)]
    assert blocks[0] != blocks[1] != blocks[2]
    for start, stop in ((0, 1), (65_535, 65_537), (65_536, 131_072), (100, 196_608), (131_071, 131_072)):
        assert table.at(range(start, stop)).column("x").equals(whole.slice(start, stop - start))


@pytest.mark.usefixtures("dice")
@pytest.mark.parametrize("count", [0, 1, 7, 1000])
def test_drawn_values_by_address_equal_those_of_a_range(count):
    table = source(3 * ADDRESS_BLOCK, x=by("Dice"))
    whole = table.at(range(table.rows)).column("x").to_numpy()
    rows = np.random.default_rng(count).integers(0, table.rows, count, np.uint64)
    assert table.at(rows).column("x").to_pylist() == whole[rows].tolist()


@pytest.mark.usefixtures("dice")
def test_drawn_values_of_a_smaller_table_are_the_first_of_a_larger_one():
    assert values_of(by("Dice"), 10) == values_of(by("Dice"), 100_000)[:10]


@pytest.mark.usefixtures("dice")
def test_drawn_values_depend_on_seed_and_column():
    assert source(x=by("Dice")).at(range(100)).column("x") != source(y=by("Dice")).at(range(100)).column("y")
    assert source(x=by("Dice")).at(range(100)) != source(seed=1, x=by("Dice")).at(range(100))


@pytest.mark.usefixtures("serials", "squares")
@pytest.mark.parametrize("name", ["Serials", "Squares"])
@pytest.mark.parametrize("parents", [1000, 100_000])
def test_references_to_keys_of_a_synthesizer_of_the_users_own_exist(name, parents):
    schema = Schema()
    schema.add(create_model("Parent", id=(by(name, int, PrimaryKey()), ...)), parents)
    schema.add(create_model("Child", x=(Annotated[int, ForeignKey("Parent.id")], ...)), 5000)
    keys = schema.table("Parent").arrow()["id"].to_pylist()
    child = schema.table("Child").source
    references = child.at(range(5000)).column("x")
    assert len(set(keys)) == parents
    assert set(references.to_pylist()) <= set(keys)
    assert child.at(array(range(100, 200))).column("x").equals(references.slice(100, 100))


@pytest.mark.usefixtures("dice")
def test_a_drawn_key_with_duplicates_is_refused():
    with pytest.raises(SchemaError, match=r"Thing.x: Dice draws 94 duplicates in a primary key of 100 rows") as caught:
        source(100, x=by("Dice", int, PrimaryKey()))
    assert caught.value.hint


def test_a_key_by_address_with_duplicates_is_refused(custom):
    custom(constant("same"))
    with pytest.raises(SchemaError, match=r"Thing.x: Constant draws 9 duplicates"):
        source(10, x=Annotated[str, PrimaryKey()])


@pytest.mark.usefixtures("dice", "squares")
def test_a_key_too_large_to_be_counted_needs_a_promise():
    with pytest.raises(SchemaError, match=r"Thing.x: Dice draws a primary key of 5,000,000 rows without promising"):
        source(5_000_000, x=by("Dice", int, PrimaryKey()))
    assert source(5_000_000, x=by("Squares", int, PrimaryKey())).at(array([4_999_999])).num_rows == 1


def test_drawn_keys_that_are_referred_to_and_too_many_to_keep_are_refused_by_name(custom):
    @custom
    class Promised(Synthesizer):
        unique = True

        def draw(self, generator, n):
            return generator.integers(0, 2**62, n)

    schema = Schema()
    schema.add(create_model("Thing", x=(by("Promised", int, PrimaryKey()), ...)), 5_000_000)
    assert schema.table("Thing").source.at(range(5)).num_rows == 5
    schema.add(create_model("Child", y=(Annotated[int, ForeignKey("Thing.x")], ...)), 10)
    with pytest.raises(SchemaError, match=r"Thing.x: Promised .*5,000,000.*4,000,000"):
        schema.table("Child")


def test_a_synthesizer_that_writes_neither_at_nor_draw_is_refused(custom):
    @custom
    class Empty(Synthesizer):
        pass

    with pytest.raises(SchemaError, match=r"Thing.x: the synthesizer Empty writes neither `at` nor `draw`"):
        drawn(by("Empty"))


RESULTS = {
    "too few": lambda n: list(range(n - 1)),
    "too many": lambda n: np.arange(n + 1),
    "none": lambda n: [],
    "nothing": lambda _: None,
    "one number": lambda _: 7,
    "a null": lambda n: [None, *range(n - 1)],
    "nulls": lambda n: pa.nulls(n, pa.int64()),
    "texts": lambda n: ["x"] * n,
    "fractions": lambda n: np.full(n, 0.5),
    "nans": lambda n: np.full(n, np.nan),
    "too large": lambda n: [2**70] * n,
    "mixed": lambda n: [1, "a", *range(n - 2)],
    "a matrix": lambda n: np.zeros((n, 2), np.int64),
    "objects": lambda n: [object()] * n,
}


@pytest.mark.parametrize("result", RESULTS)
@pytest.mark.parametrize("way", ["at", "draw"])
def test_a_wrong_result_of_a_synthesizer_is_an_error_that_names_it(custom, way, result):
    @custom
    class Wrong(Synthesizer):
        if way == "at":

            def at(self, rows):
                return RESULTS[result](len(rows))

        else:

            def draw(self, generator, n):
                return RESULTS[result](n)

    with pytest.raises(SchemaError, match=r"Thing.x: Wrong returned") as caught:
        drawn(by("Wrong"))
    assert caught.value.hint


FORMS = {
    "a list": list,
    "an array of another width": lambda values: np.array(values, np.int8),
    "an Arrow array": pa.array,
    "a chunked array": lambda values: pa.chunked_array([values[:3], values[3:]]),
    "whole floats": lambda values: [float(value) for value in values],
}


@pytest.mark.parametrize("form", FORMS)
def test_a_synthesizer_may_return_its_values_in_any_form(custom, form):
    @custom
    class Formed(Synthesizer):
        def at(self, rows):
            return FORMS[form](list(rows))

    assert drawn(by("Formed"), 7).equals(pa.array(range(7)))


@pytest.mark.usefixtures("squares", "dice")
def test_a_probe_accepts_columns_that_depend_on_nothing_but_their_rows():
    table = source(200_000, id=KEY, x=by("Squares"), y=by("Dice"), z=str)
    assert set(table.probe()) == {"id", "x", "y", "z", ""}
    assert table.probe() == source(200_000, id=KEY, x=by("Squares"), y=by("Dice"), z=str).probe()
    assert table.probe() != source(200_000, 1, id=KEY, x=by("Squares"), y=by("Dice"), z=str).probe()


@pytest.mark.parametrize("rows", [2, 1000, 50_000, 1_000_000])
@pytest.mark.parametrize("way", ["at", "draw"])
def test_a_probe_catches_a_column_that_depends_on_something_else(custom, way, rows):
    hidden = np.random.default_rng(3)

    @custom
    class Impure(Synthesizer):
        if way == "at":

            def at(self, rows):
                return pa.array(hidden.integers(0, 2**60, len(rows)))

        else:

            def draw(self, generator, n):
                return hidden.integers(0, 2**60, n)

    with pytest.raises(SchemaError, match=r"Thing.x: Impure gives other values when the same rows"):
        source(rows, id=KEY, x=by("Impure")).probe()


def test_a_probe_catches_a_column_that_depends_on_how_many_rows_are_asked_for(custom):
    @custom
    class Counting(Synthesizer):
        def at(self, rows):
            return pa.array(range(len(rows)))

    with pytest.raises(SchemaError, match=r"Thing.x: Counting"):
        source(10_000, x=by("Counting")).probe()
