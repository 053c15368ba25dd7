"""Proves that keys are distinct and invertible, and that references always meet one."""

import datetime
import re
import string
import uuid
from bisect import bisect_left
from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
import pyarrow as pa
import pytest
from pydantic import Field, create_model

from columns import EARLY, KEY, Colour, Level, array, drawn, source, validated
from gen import Domain, ForeignKey, PrimaryKey, Schema
from gen.errors import CapacityError

# -- keys -------------------------------------------------------------------------------------------------


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


def name_twin(key, rank):
    """Pairs of given name and surname, counted given name by given name; then each of them with every initial."""
    shortest, longest = key.shortest, key.longest
    for wide, middles in ((0, [""]), (3, [f"{letter}. " for letter in string.ascii_uppercase])):
        for given in key.given.texts if key.separator or not wide else ():
            low, high = (bisect_left(key.seconds.lengths, n - len(given) - wide) for n in (shortest, longest + 1))
            ways = (high - low) * len(middles)
            if rank < ways:
                pair, letter = divmod(rank, len(middles))
                return given + middles[letter] + key.seconds.texts[low + pair]
            rank -= ways
    raise IndexError(rank)


@pytest.mark.parametrize(("shortest", "longest"), [(0, 3), (0, 7), (9, 10), (0, 11), (0, 32)])
def test_name_keys_are_counted_as_their_twin_counts(shortest, longest):
    key = key_of(Annotated[str, Domain("name"), Field(min_length=shortest, max_length=longest), PrimaryKey()], 1)
    first_with_initial = int(key.starts[0, -1])
    ranks = {0, 1, first_with_initial - 1, first_with_initial, first_with_initial + 26, key.cardinality - 1}
    ranks |= set(np.random.default_rng(longest).integers(0, key.cardinality, 300).tolist())
    ranks = sorted(rank for rank in ranks if rank < key.cardinality)
    assert key.unrank(np.array(ranks, np.uint64)).to_pylist() == [name_twin(key, rank) for rank in ranks]


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


def test_a_null_is_no_rows_key():
    key = key_of(Annotated[int, PrimaryKey(order="sequential")], 100)
    assert key.row_of(pa.array([None, 5], pa.int64())).tolist() == [-1, 5]


# -- references -------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("kind", [tuple[int, datetime.date], uuid.UUID, Level])
def test_a_reference_is_given_to_models_and_written_as_json_as_its_key_is(kind):
    schema = Schema()
    parent = create_model("Parent", id=(Annotated[kind, PrimaryKey()], ...))
    child = create_model("Child", x=(Annotated[kind, ForeignKey("Parent.id")], ...))
    schema.add(parent, 2)
    schema.add(child, 50)
    assert {row.x for row in schema.rows(child)} == {row.id for row in schema.rows(parent)}
    assert {row["x"] for row in map(schema.table(child).row, range(50))} == {row.id for row in schema.rows(parent)}
    sources = [schema.table(model).source for model in (parent, child)]
    texts = [source.json(source.at(range(source.rows))).to_pylist() for source in sources]
    assert {text.replace('"x"', '"id"') for text in texts[1]} == set(texts[0])
