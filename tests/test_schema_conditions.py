"""Proves that the ways through `if` are drawn as they are, in columns, without a trial."""

import pytest

from gen.schema.json_schema.from_json_schema import table_from_schema
from gen.schema.variants import of_objects
from test_json_schema import INTEGER, distinct, rows_of, thing

TEXT = {"type": "string"}
MARK = {"kind": {"enum": list("abcdefghijkl")}, "v": {"type": "integer"}}
CONDITIONS = {
    "formats": thing(kind={"enum": ["email", "id"]}, value=TEXT)
    | {"if": {"properties": {"kind": {"const": "email"}}}, "then": {"properties": {"value": {"format": "email"}}}}
    | {"else": {"properties": {"value": {"format": "uuid"}}}},
    "ten in a row": thing(**MARK)
    | {
        "allOf": [
            {"if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]}}
            | {"then": {"properties": {"v": {"minimum": 100 * i, "maximum": 100 * i + 9}}}}
            for i, kind in enumerate("abcdefghij")
        ]
    },
    "a value of many": thing(country=TEXT, zip=TEXT)
    | {"if": {"properties": {"country": {"enum": ["US", "CA"]}}}, "then": {"properties": {"zip": {"format": "date"}}}}
    | {"else": {"properties": {"zip": {"enum": ["x", "y"]}}}},
    "a boolean": thing(["p"], p={"type": "boolean"}, why=TEXT)
    | {"if": {"properties": {"p": {"const": True}}, "type": "object"}, "then": {"required": ["why"]}}
    | {"else": {"properties": {"why": False}}},
    "what is there": thing([], a=TEXT, b={"type": "integer"})
    | {"if": {"required": ["a"]}, "then": {"required": ["b"]}, "else": {"properties": {"b": INTEGER}}},
    "two properties": thing(a={"enum": [1, 2, 3]}, b={"enum": [1, 2, 3]}, c=TEXT)
    | {"if": {"properties": {"a": {"const": 1}, "b": {"enum": [1, 2]}}}, "then": {"properties": {"c": {"const": "x"}}}},
    "dependent": thing([], a=TEXT, b={"type": "integer"})
    | {"dependentSchemas": {"a": {"properties": {"b": {"maximum": 5, "minimum": 3}}, "required": ["b"]}}},
    "required alternatives": thing(["c"], a=TEXT, b={"type": "integer"}, c={"type": "integer"})
    | {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
}


@pytest.mark.parametrize("name", CONDITIONS)
def test_conditions_are_drawn_in_columns_without_a_trial(name):
    document = CONDITIONS[name]
    table = table_from_schema(document, "Thing")
    assert [column.name for column in table.columns] == list(document["properties"])
    assert table.whole is not None and table.whole.check is None
    made = rows_of(document, 500)
    assert len(distinct(made)) > 100
    inside = thing(x=document)
    assert of_objects(table_from_schema(inside, "Thing").columns[0])
    assert len(distinct(rows_of(inside))) > 80


def test_both_ways_of_a_condition_are_drawn():
    made = rows_of(CONDITIONS["ten in a row"], 2000)
    assert {row["kind"] for row in made} == set("abcdefghijkl")
    assert {"@" in row["value"] for row in rows_of(CONDITIONS["formats"])} == {True, False}


CHECKED = {
    "a bound": {"if": {"properties": {"a": {"minimum": 5}}}},
    "a pattern in words": {"if": {"properties": {"a": {"not": {"const": 5}}}}},
    "nothing else evaluated": {"if": {"properties": {"a": {"const": 5}}, "required": ["a"]}, "else": {}}
    | {"unevaluatedProperties": {"type": "integer"}},
}


@pytest.mark.parametrize("name", CHECKED)
def test_other_conditions_are_checked(name):
    document = thing(["a"], a=INTEGER, b=TEXT) | {"then": {"required": ["b"]}} | CHECKED[name]
    table = table_from_schema(document, "Thing")
    assert table.whole is not None and table.whole.check is not None
    assert len(distinct(rows_of(document))) > 100


LIMITED = {
    "one of three": (thing([], a=TEXT, b=TEXT, c=TEXT) | {"maxProperties": 1}, "abc"),
    "beside a required one": (thing(["b"], **dict.fromkeys("abcde", INTEGER)) | {"maxProperties": 3}, "abcde"),
    "an exact number": (thing([], **dict.fromkeys("abcd", TEXT)) | {"minProperties": 2, "maxProperties": 2}, "abcd"),
    "none": (thing([], a=TEXT) | {"maxProperties": 0, "additionalProperties": False}, ""),
}


@pytest.mark.parametrize("name", LIMITED)
def test_of_more_properties_than_there_may_be_each_is_drawn_in_its_turn(name):
    document, names = LIMITED[name]
    made = rows_of(document | {"additionalProperties": False}, 1000)
    assert set().union(*made) == set(names)
    may = [n for n in names if n not in document["required"]]
    shares = [sum(n in row for row in made) for n in may]
    # Each as often as any: five standard errors of a difference, of the greatest variance; false once in 10^6 tests.
    assert max(shares, default=0) - min(shares, default=0) < 5 * (2 * 0.25 * 1000) ** 0.5
    if names:
        assert [column.name for column in table_from_schema(document, "Thing").columns] == list(names)
