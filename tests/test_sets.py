"""Proves how long lists are, and that items of sets and keys of maps differ and are as likely as declared."""

import itertools
import json
from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from scipy import stats

from columns import Colour, array, drawn, model, source
from gen import Constant, Normal, Schema, Weights
from gen.errors import CapacityError, SchemaError
from gen.schema.json_schema.from_json_schema import table_from_schema
from gen.schema.json_schema.to_json_schema import schema_of_table
from gen.schema.models.from_pydantic import table_from_model
from gen.schema.spec import Spec
from gen.schema.written import spec_from_json, spec_to_json
from gen.synth.containers.lists import DEFAULT_ITEMS, MOST_ITEMS
from gen.synth.described import described

ROWS = 200
# Pydantic reads bytes as UTF-8, keys of objects as texts, and of a union whatever it can.


def test_lengths_are_declared_or_stated():
    assert set(map(len, drawn(list[int]).to_pylist())) == set(range(DEFAULT_ITEMS + 1))
    assert set(map(len, drawn(Annotated[list[int], Field(min_length=3, max_length=5)]).to_pylist())) == {3, 4, 5}
    assert set(map(len, drawn(Annotated[list[int], Field(min_length=90)], 2000).to_pylist())) == set(range(90, 96))
    assert max(map(len, drawn(Annotated[list[int], Field(max_length=10**6)], 2000).to_pylist())) == MOST_ITEMS
    assert set(map(len, drawn(Annotated[dict[str, int], Field(min_length=2, max_length=3)]).to_pylist())) == {2, 3}
    assert drawn(Annotated[list[int], Field(max_length=0)]).to_pylist() == [[]] * 1000


FALSE_ALARM = 1e-6  # of each test, were its seed not fixed


@pytest.mark.parametrize(("count", "size"), [(4, 2), (5, 3), (4, 4)])
def test_every_choice_and_order_of_different_items_is_equally_likely(count, size):
    """Chi-square over all ordered samples without repeats."""
    kind = Annotated[set[Annotated[int, Field(ge=1, le=count)]], Field(min_length=size, max_length=size)]
    rows = 60_000
    samples = {sample: i for i, sample in enumerate(itertools.permutations(range(1, count + 1), size))}
    seen = np.zeros(len(samples))
    for items in drawn(kind, rows).to_pylist():
        seen[samples[tuple(items)]] += 1
    assert stats.chisquare(seen).pvalue > FALSE_ALARM


@pytest.mark.parametrize(
    "item",
    [
        Colour,
        bool,
        Literal[3, 1, 2],
        Annotated[int, Field(ge=0, le=3)],
        Annotated[str, Field(pattern="^[ab]$")],
        tuple[bool, bool],
        bool | None,
    ],
    ids=str,
)
def test_no_item_of_a_set_is_there_twice(item):
    values = drawn(frozenset[item]).to_pylist()
    assert all(len(set(map(repr, items))) == len(items) for items in values)
    assert len(set(map(len, values))) > 1


LETTERS = Literal["a", "b", "c"]


def one_after_the_other(weights, size):
    """The probability of each set of so many, drawn one after the other by weight, without repetition."""
    shares = Counter()
    for order in itertools.permutations(weights, size):
        left, probability = sum(weights.values()), 1.0
        for value in order:
            probability, left = probability * weights[value] / left, left - weights[value]
        shares[frozenset(order)] += probability
    return shares


@pytest.mark.parametrize("weights", [{"a": 6, "b": 3, "c": 1}, {"a": 1000, "b": 2, "c": 1}, {"a": 5, "b": 5, "c": 1}])
@pytest.mark.parametrize("of", ["set", "dict"])
def test_different_items_are_drawn_by_weight_one_after_the_other(weights, of):
    rows = 20_000
    item = Annotated[LETTERS, Weights(weights)]
    kind = Annotated[set[item] if of == "set" else dict[item, bool], Field(min_length=2, max_length=2)]
    table = source(rows, x=kind)
    counts = Counter(frozenset(row["x"]) for row in table.python(table.at(range(rows))))
    expected = {choice: rows * share for choice, share in one_after_the_other(weights, 2).items()}
    for choice, count in list(expected.items()):
        if count < 5:  # too rare for a test of counts
            assert counts.pop(choice, 0) < 12
            del expected[choice]
    total = sum(expected.values())
    chances = [expected[choice] * sum(counts.values()) / total for choice in expected]
    assert stats.chisquare([counts[choice] for choice in expected], chances).pvalue > FALSE_ALARM


def test_different_items_have_the_law_that_single_ones_have():
    """One item of a set is a plain draw; where the law has room, so is nearly every one of several."""
    rows, law = 20_000, Normal(mean=5000, deviation=300)
    item = Annotated[int, Field(ge=0, le=10_000), law]
    items = drawn(Annotated[set[item], Field(min_length=3, max_length=3)], rows).to_pylist()
    assert all(len(set(each)) == 3 for each in items)
    flat = np.array(items).ravel() + 0.5
    assert stats.kstest(flat[:: len(flat) // 2000], stats.norm(5000.5, 300).cdf).pvalue > FALSE_ALARM


@pytest.mark.parametrize(
    ("item", "size", "found"),
    [
        (Annotated[LETTERS, Weights({"a": 2, "b": 1, "c": 0})], 3, "of 2 values of their law, weights"),
        (Annotated[bool, Weights([1, 0])], 2, "of 1 values of their law, weights"),
        (Annotated[int, Constant(5)], 2, "of 4,096 values of their law, constant"),
    ],
)
def test_more_different_items_than_a_law_gives_are_refused(item, size, found):
    with pytest.raises(CapacityError, match=f"Thing.x: {size} different items are asked for, and {found}"):
        source(x=Annotated[set[item], Field(min_length=size)])
    assert max(map(len, drawn(set[item]).to_pylist())) == size - 1


def test_items_of_equal_weight_are_those_without_weights():
    values = drawn(set[LETTERS]).to_pylist()
    assert drawn(set[Annotated[LETTERS, Weights([2, 2, 2])]]).to_pylist() == values
    assert drawn(set[Annotated[LETTERS, Weights([2, 2, 3])]]).to_pylist() != values


def test_as_many_different_items_as_there_are_can_be_had_and_no_more():
    whole = drawn(Annotated[set[Colour], Field(min_length=3)])
    assert all(sorted(items) == ["blue", "green", "red"] for items in whole.to_pylist())
    with pytest.raises(CapacityError, match=r"Thing\.x") as caught:
        source(x=Annotated[set[Colour], Field(min_length=4)])
    assert caught.value.facts == {"table": "Thing", "column": "x", "asked": 4, "available": 3}
    with pytest.raises(CapacityError):
        source(x=Annotated[dict[bool, int], Field(min_length=3)])
    nullable = {"type": "array", "items": {"type": ["boolean", "null"]}, "uniqueItems": True, "minItems": 4}
    schema = Schema()
    schema.add(nullable, name="Thing")
    with pytest.raises(CapacityError, match="4 different items are asked for, and there are 3"):
        schema.table("Thing")


QUARTERS = Annotated[float, Field(ge=0, le=1, multiple_of=0.25)]
TENTHS = Annotated[Decimal, Field(ge=0, le=Decimal("0.3"), decimal_places=1)]
DAYS = Annotated[date, Field(ge=date(2026, 1, 1), le=date(2026, 1, 4))]


class Point(BaseModel, frozen=True):
    on: bool
    colour: Colour | None


# what is in a set, and how many different ones there are
SMALL = {
    "float": (QUARTERS, 5),
    "float by a law": (Annotated[QUARTERS, Normal(mean=0.5, deviation=0.3)], 5),
    "float without multiples": (Annotated[float, Field(ge=1, le=1 + 2**-51)], 3),
    "float or None": (QUARTERS | None, 6),
    "bool or None": (bool | None, 3),
    "enum or None": (Colour | None, 4),
    "weighted or None": (Annotated[LETTERS, Weights({"a": 900, "b": 9, "c": 1})] | None, 4),
    "decimal or None": (TENTHS | None, 5),
    "date or None": (DAYS | None, 5),
    "text or None": (Annotated[str, Field(pattern="^[ab]$")] | None, 3),
    "model": (Point, 8),
    "tuple": (tuple[bool, QUARTERS], 10),
    "tuple with None inside": (tuple[tuple[bool | None], bool], 6),
    "tuple or None": (tuple[bool, bool] | None, 5),
    "tuple of any length": (Annotated[tuple[bool, ...], Field(min_length=1, max_length=2)], 6),
    "union": (LETTERS | Annotated[int, Field(ge=0, le=1)] | None, 6),
    "union of one type": (Annotated[int, Field(ge=0, le=3)] | Annotated[int, Field(ge=2, le=5)], 6),
}


@pytest.mark.parametrize("name", SMALL)
def test_a_set_may_have_every_value_of_a_small_domain_and_not_one_more(name):
    item, size = SMALL[name]
    kind = Annotated[frozenset[item], Field(min_length=size)]
    table = source(200, x=kind)
    items = [row["x"] for row in table.python(table.at(range(200)))]
    assert {len(TypeAdapter(kind).validate_python(each)) for each in items} == {size}
    picked = array([150, 3, 3, 199])
    assert table.at(picked).equals(table.at(range(200)).take([150, 3, 3, 199]))
    assert set(map(len, drawn(frozenset[item], 300).to_pylist())) >= set(range(min(size, DEFAULT_ITEMS) + 1))
    with pytest.raises(CapacityError, match=rf"Thing\.x: {size + 1} different items are asked for") as caught:
        drawn(Annotated[frozenset[item], Field(min_length=size + 1)])
    assert {"asked": size + 1, "available": size}.items() <= caught.value.facts.items()


def test_a_none_among_different_items_is_as_rare_as_elsewhere():
    """Of two of three, None is there unless both others are: by chance and by what is left, drawn one after the other.

    A chi-square test: it fails a right program once in a million seeds, and the seed is fixed.
    """
    rows, share = 20_000, {None: 0.05, True: 0.475, False: 0.475}
    kind = Annotated[set[bool | None], Field(min_length=2, max_length=2)]
    counts = Counter(map(frozenset, drawn(kind, rows).to_pylist()))
    expected = one_after_the_other(share, 2)
    assert stats.chisquare([counts[c] for c in expected], [rows * p for p in expected.values()]).pvalue > FALSE_ALARM


CLOSED = {
    "type": "object",
    "properties": {"a": {"type": "boolean"}, "b": {"enum": [1, 2, 3]}},
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("items", "size"),
    [
        ({"type": "number", "minimum": 0, "maximum": 1, "multipleOf": 0.25}, 5),
        ({"type": ["number", "null"], "minimum": 0, "maximum": 1, "multipleOf": 0.25}, 6),
        (CLOSED | {"required": ["a", "b"]}, 6),
        (CLOSED, 12),  # each may be left out
    ],
)
def test_unique_items_of_a_schema_may_be_every_value_there_is(items, size):
    lists = {"type": "array", "uniqueItems": True, "items": items, "minItems": size}
    schema = Schema()
    schema.add({"type": "object", "properties": {"x": lists}, "required": ["x"]}, 100, name="Thing")
    table = schema.table("Thing").source
    validator = Draft202012Validator(lists)
    texts = table.json(table.at(range(100))).to_pylist()
    assert all(validator.is_valid(json.loads(text)["x"]) for text in texts)
    schema = Schema()
    schema.add(lists | {"minItems": size + 1}, name="Thing")
    with pytest.raises(CapacityError, match=f"{size + 1} different items are asked for, and there are {size}"):
        schema.table("Thing")


@pytest.mark.parametrize(
    ("key", "size"), [(QUARTERS, 5), (Point, 8), (tuple[bool, QUARTERS], 10), (bool | None, 2), (frozenset[bool], 3)]
)
def test_keys_of_a_dict_may_be_every_value_of_a_small_domain(key, size):
    """But None, which no map has for a key; what is a key of a dict has a hash."""
    kind = Annotated[dict[key, int], Field(min_length=size)]
    table = source(100, x=kind)
    rows = [row["x"] for row in table.python(table.at(range(100)))]
    assert all(len(TypeAdapter(kind).validate_python(row)) >= size for row in rows)


def test_a_dict_never_has_none_for_a_key_and_says_so():
    (told,) = described(source(ROWS, x=dict[Literal["a", None], int]))
    assert "never drawn: x[]|None (a map has no null among its keys)" in told["reason"]
    with pytest.raises(SchemaError, match=r"Thing\.x: its keys are None"):
        source(x=dict[None, int])


def test_a_map_keeps_value_and_key_together():
    """A key's value is that of its place, also where keys are left out because they are there already."""
    keys = Annotated[str, Field(pattern="^[ab]{1,2}$")]
    table = source(ROWS, x=dict[keys, int])
    batch = table.at(range(ROWS))
    assert [dict(entries) for entries in batch.column("x").to_pylist()] == [row["x"] for row in table.python(batch)]
    assert [json.loads(text)["x"] for text in table.json(batch).to_pylist()] == [
        row["x"] for row in table.python(batch)
    ]


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)
    tags: frozenset[bool]


UP_TO_3 = Annotated[int, Field(ge=0, le=3)]
EQUAL_IN_PYTHON = {  # how many are different at most
    "ints and bools": (set[UP_TO_3 | bool], 4),
    "halves and ints": (set[Annotated[float, Field(ge=0, le=1.5, multiple_of=0.5)] | UP_TO_3], 6),
    "decimals and bools": (frozenset[Annotated[Decimal, Field(ge=0, le=1, decimal_places=0)] | bool], 2),
    "listed ones": (set[Literal[0, 1, 2] | bool], 3),
    "optional ones": (set[bool | Literal[0, 1] | None], 3),
    "sets": (set[frozenset[bool]], 4),
    "sets of sets": (set[frozenset[frozenset[bool]]], 16),
    "tuples with sets": (set[tuple[frozenset[bool], bool]], 8),
    "models with sets": (set[Frozen], 4),
    "keys": (dict[UP_TO_3 | bool, int], 4),
    "keys that are sets": (dict[frozenset[bool], int], 4),
    "keys that are models": (dict[Frozen, int], 4),
}


@pytest.mark.parametrize("name", EQUAL_IN_PYTHON)
def test_what_python_calls_equal_is_in_a_set_once(name):
    kind, most = EQUAL_IN_PYTHON[name]
    thing = model(x=kind)
    table = source(400, x=kind)
    rows = table.columns["x"].python(table.at(range(400)).column(0))
    assert [len(thing(x=row).x) for row in rows] == [len(row) for row in rows]
    assert {len(row) for row in rows} == set(range(min(most, DEFAULT_ITEMS) + 1))
    back = spec_from_json(spec_to_json(Spec("s", (table_from_model(thing),)))).table("Thing")
    assert back.columns == table_from_model(thing).columns == table_from_schema(schema_of_table(back)).columns


def test_more_items_than_python_tells_apart_are_refused():
    with pytest.raises(CapacityError, match=r"Thing\.x: 5 different items are asked for, .* differ: 4"):
        drawn(Annotated[set[frozenset[bool]], Field(min_length=5)], 10)


def test_items_of_a_json_array_that_json_tells_apart_are_different():
    document = {"type": "array", "uniqueItems": True, "items": {"enum": [0, 1, False, True]}, "minItems": 4}
    schema = Schema()
    schema.add(document, 50, name="Thing")
    assert all(len(row) == 4 for row in schema.rows("Thing"))
