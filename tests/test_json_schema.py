"""Proves that JSON Schema documents mean what they say, keyword by keyword, and go out and come back the same."""

import json
import re
from dataclasses import replace
from typing import Annotated, Optional

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field

from corpus.fields import FIELDS
from corpus.schemas import SCHEMAS
from gen import Schema
from gen.errors import BadRequest, GenError, SchemaError
from gen.schema.json_schema.documents import documents_of, load_document
from gen.schema.json_schema.from_json_schema import column_from_schema, table_from_schema
from gen.schema.json_schema.to_json_schema import schema_of, schema_of_table
from gen.schema.models.from_pydantic import table_from_model
from gen.schema.spec import Spec
from gen.schema.written import spec_from_json, spec_to_json
from gen.synth.described import described
from gen.synth.tables import table_sources
from sampling import sampled

ROWS = 200


def rows_of(document, rows=ROWS):
    """Rows of a JSON Schema, each judged by another validator."""
    schema = Schema()
    schema.add(document, rows, name="Thing")
    made = list(schema.rows("Thing"))
    judge = Draft202012Validator(document, format_checker=Draft202012Validator.FORMAT_CHECKER)
    wrong = [(row, error.message) for row in made for error in judge.iter_errors(row)]
    assert not wrong, wrong[0]
    return made


def distinct(made):
    return {json.dumps(row, sort_keys=True) for row in made}


INTEGER = {"type": "integer", "minimum": 0, "maximum": 9}


def thing(required=None, **properties):
    return {"type": "object", "properties": properties, "required": list(properties) if required is None else required}


# -- references ----------------------------------------------------------------------------------------------

NOT_3 = INTEGER | {"not": {"const": 3}}
TREE = "https://example.com/tree"
REFERENCES = {
    "pointer": thing(a={"$ref": "#/$defs/n"}) | {"$defs": {"n": NOT_3}},
    "pointer with escapes": thing(a={"$ref": "#/$defs/a~1b%25c~0d"}) | {"$defs": {"a/b%c~d": NOT_3}},
    "pointer into properties": thing(a=NOT_3, b={"$ref": "#/properties/a"}),
    "anchor": thing(a={"$ref": "#n"}) | {"$defs": {"n": NOT_3 | {"$anchor": "n"}}},
    "dynamic anchor": thing(a={"$dynamicRef": "#n"}) | {"$defs": {"n": NOT_3 | {"$dynamicAnchor": "n"}}},
    "own $id": {"$id": TREE} | thing(a={"$ref": f"{TREE}#/$defs/n"}) | {"$defs": {"n": NOT_3}},
    "relative to $id": {"$id": f"{TREE}/root"} | thing(a={"$ref": "n"}) | {"$defs": {"n": NOT_3 | {"$id": "n"}}},
    "relative to an inner $id": {"$id": f"{TREE}/root", "not": {"required": ["zz"]}}
    | thing(a={"$ref": "n"})
    | {"$defs": {"n": {"$id": "n", "$defs": {"k": NOT_3}} | thing(q={"$ref": "#/$defs/k"})}},
    "inside an inner $id": {"$id": f"{TREE}/root"}
    | thing(a={"$id": "inner", "$ref": "#/$defs/k", "$defs": {"k": NOT_3}}),
    "relative to the $id of what it leads to": {"$id": f"{TREE}/root"}
    | thing(a={"$ref": "sub/x"})
    | {"$defs": {"x": {"$id": "sub/x"} | thing(y={"$ref": "y"}), "y": NOT_3 | {"$id": "sub/y"}}},
    "relative to an $id in a document without one": thing(a={"$ref": "sub/x"})
    | {"$defs": {"x": {"$id": "sub/x"} | thing(y={"$ref": "y"}) | {"$defs": {"y": NOT_3 | {"$id": "y"}}}}},
    "relative to two $ids, checked": thing(a={"$id": "sub/x"} | thing(y={"$ref": "y"}) | {"not": {"$ref": "z"}})
    | {"$defs": {"y": INTEGER | {"$id": "sub/y"}, "z": {"$id": "sub/z"} | thing(y={"const": 3})}},
    "with siblings": thing(a={"$ref": "#/$defs/n", "minimum": 5}) | {"$defs": {"n": NOT_3}},
    "checked around a reference": thing(a={"$ref": "#/$defs/n"}, b=INTEGER)
    | {"$defs": {"n": INTEGER}, "not": {"properties": {"a": {"const": 3}}}},
    "a property called $ref": thing(**{"$ref": NOT_3}),
    "a value that looks like a reference": {"const": {"$ref": "#/nowhere"}},
}


@pytest.mark.parametrize("name", REFERENCES)
def test_a_reference_leads_where_it_says(name):
    made = rows_of(REFERENCES[name])
    assert len(distinct(made)) >= (1 if "looks like" in name else 4)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (thing(a={"$ref": "#/$defs/gone"}), r"Thing\.a: \$ref '#/\$defs/gone' leads nowhere"),
        (thing(a={"$ref": "https://example.com/other"}), r"Thing\.a.*leads nowhere"),
        ({"$ref": "#"}, "circle"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}, "circle"),
        (thing(next={"$ref": "#"}), "without end"),
        ({"allOf": [{"$ref": "#"}]}, "circle"),
    ],
)
def test_a_reference_that_leads_nowhere_or_on_and_on_is_refused(document, said):
    with pytest.raises(SchemaError, match=said) as caught:
        table_from_schema(document, "Thing")
    assert caught.value.hint


def depth(row):
    nested = row.get("next")
    return 1 + (depth(nested) if isinstance(nested, dict) else 0)


def test_describe_says_which_share_of_the_rows_has_a_field_that_not_every_branch_has():
    def kind(**fields):
        return {"properties": fields, "required": list(fields), "additionalProperties": False}

    number = {"type": "integer"}
    document = {"anyOf": [kind(a=number), kind(b=number), kind(a=number, c=number)], "weights": [1, 2, 1]}
    schema = Schema()
    schema.add(document, 4000, name="Thing")
    source = schema.table("Thing").source
    said = {column["column"]: column["nulls"] for column in described(source)}
    assert said == {"a": 0.5, "b": 0.5, "c": 0.75}
    batch = source.at(range(4000))
    for name, share in said.items():  # five standard errors: false in 1 of 1.7 million tests
        assert abs(batch.column(name).null_count / 4000 - share) < 5 * (share * (1 - share) / 4000) ** 0.5


def test_a_recursion_ends_and_is_checked_at_every_level():
    made = rows_of(thing(["v"], v=NOT_3, next={"$ref": "#"}))
    assert {depth(row) for row in made} == {1, 2, 3}
    lists = rows_of(thing(kids={"type": "array", "items": {"$ref": "#"}}))
    assert any(kid["kids"] for row in lists for kid in row["kids"])


NODE = {"$ref": "#/$defs/node"}
NULL = {"type": "null"}
ENDINGS = {
    "anyOf": {"anyOf": [NODE, NULL]},
    "null first": {"anyOf": [NULL, NODE]},
    "oneOf": {"oneOf": [NODE, NULL]},
    "a listed value": {"anyOf": [NODE, {"const": 7}]},
    "oneOf that is checked": {"oneOf": [NODE, {"enum": [None, 1]}, {"const": 1}]},
    "a list of branches": {"type": "array", "items": {"anyOf": [NODE, {"type": "string"}]}},
}


@pytest.mark.parametrize("required", [["v", "next", "other"], ["v"]])
@pytest.mark.parametrize("name", ENDINGS)
def test_a_recursion_through_a_branch_ends(name, required):
    node = thing(required, v=NOT_3, next=ENDINGS[name], other=ENDINGS[name])
    for document in (NODE | {"$defs": {"node": node}}, thing(root=NODE) | {"$defs": {"node": node}}):
        made = rows_of(document)
        assert any(isinstance(row.get("root", row).get("next"), (dict, list)) for row in made)
        assert len(distinct(made)) > 3
    root = json.loads(json.dumps(node).replace("#/$defs/node", "#"))
    assert max(map(depth, rows_of(root)) if name != "a list of branches" else [2]) >= 2


class LinkedList(BaseModel):
    v: int
    next: Optional["LinkedList"]


class Expression(BaseModel):
    arguments: list["Expression | int"]


@pytest.mark.parametrize("model", [LinkedList, Expression])
def test_a_recursive_model_reads_back_from_the_schema_that_pydantic_writes(model):
    schema = Schema()
    schema.add(model.model_json_schema(), ROWS, name="Thing")
    for row in schema.rows("Thing"):
        model.model_validate(row)


# -- what several schemas say together -----------------------------------------------------------------------

CLOSED = {"type": "object", "properties": {"a": INTEGER}, "additionalProperties": False}
ALL_OF = {
    "closed beside a property": ({"allOf": [CLOSED, {"properties": {"b": INTEGER}}]}, {"a"}),
    "additional as a schema": (
        {"allOf": [CLOSED | {"additionalProperties": {"type": "string"}}, thing(a={}, b={"maxLength": 3})]},
        {"a", "b"},
    ),
    "both closed": ({"allOf": [CLOSED, CLOSED | {"properties": {"a": {"minimum": 5}, "b": {}}}]}, {"a"}),
    "unevaluated": ({"allOf": [thing(a=INTEGER)], "properties": {"b": INTEGER}, "unevaluatedProperties": False}, {"a"}),
    "closed beside a pattern": (
        {"allOf": [CLOSED | {"patternProperties": {"^b": INTEGER}}, thing(["b"], b={"minimum": 7})]},
        {"b"},
    ),
}


@pytest.mark.parametrize("name", ALL_OF)
def test_additional_properties_look_at_their_own_schema_only(name):
    document, always = ALL_OF[name]
    made = rows_of(document)
    assert set.intersection(*(set(row) for row in made)) <= always | {"b"}
    assert len(distinct(made)) > 3


def test_a_property_that_another_schema_excludes_is_refused_in_words():
    with pytest.raises(SchemaError, match=r"Thing\.b: it is required, and a schema beside it allows no property"):
        table_from_schema({"allOf": [CLOSED, thing(b=INTEGER)]}, "Thing")


ITEMS = {
    "items beside another's prefix": {"allOf": [{"prefixItems": [{"type": "integer"}]}, {"items": INTEGER}]},
    "items after a prefix": {"prefixItems": [{"type": "string"}], "items": INTEGER},
    "two prefixes": {"prefixItems": [{"type": "integer"}], "allOf": [{"prefixItems": [INTEGER, {"type": "string"}]}]},
    "no items after another's prefix": {
        "allOf": [{"prefixItems": [INTEGER, INTEGER], "items": False}, {"prefixItems": [{"minimum": 5}]}]
    },
}


@pytest.mark.parametrize("name", ITEMS)
def test_items_begin_after_the_prefix_of_their_own_schema(name):
    made = rows_of({"type": "array", "minItems": 2, "maxItems": 3} | ITEMS[name])
    assert {len(row) for row in made} <= {2, 3}


NAMES = {
    "declared and by pattern": thing(ab={"type": "integer"})
    | {"patternProperties": {"^[ab]{2}$": {"minimum": 3, "maximum": 9}}, "additionalProperties": False},
    "declared and any other": thing(["aa"], aa={"const": 1})
    | {"minProperties": 3, "propertyNames": {"pattern": "^[ab]{2}$"}},
    "two patterns": {"patternProperties": {"^a": INTEGER, "b$": {"type": "string"}}, "additionalProperties": False}
    | {"type": "object", "propertyNames": {"pattern": "^[ab]{2}$"}, "minProperties": 1},
    "listed names": thing(["x"], x=INTEGER) | {"propertyNames": {"enum": ["x", "y", "z"]}, "minProperties": 3},
    "a pattern of a declared name": thing(["x"], x=INTEGER)
    | {"patternProperties": {"^x$": {"minimum": 5}}, "additionalProperties": False},
}


@pytest.mark.parametrize("name", NAMES)
def test_no_other_property_has_the_name_of_a_declared_one(name):
    def once(pairs):
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    assert len(distinct(rows_of(NAMES[name]))) > 3
    schema = Schema()
    schema.add(NAMES[name], ROWS, name="Thing")
    source = schema.table("Thing").source
    for text in source.json(source.at(range(ROWS))).to_pylist():
        json.loads(text, object_pairs_hook=once)


# -- what is checked, one keyword at a time ------------------------------------------------------------------

CHECKED = {
    "not": INTEGER | {"not": {"multipleOf": 3}},
    "not not": {"type": "integer", "not": {"not": {"minimum": 3}}},
    "not a type": {"not": {"type": ["object", "array", "string"]}},
    "oneOf that overlap": {"oneOf": [INTEGER, {"type": "integer", "minimum": 5, "maximum": 20}]},
    "oneOf required": thing([], a=INTEGER, b=INTEGER) | {"oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
    "if then else": thing(k={"enum": ["a", "b"]}, n={"type": "integer"})
    | {
        "if": {"properties": {"k": {"const": "a"}}},
        "then": {"properties": {"n": {"minimum": 100, "maximum": 200}}},
        "else": {"properties": {"n": {"maximum": 50, "minimum": 0}}},
    },
    "dependentRequired": thing([], a=INTEGER, b=INTEGER) | {"dependentRequired": {"a": ["b", "c"]}},
    "dependentSchemas": thing([], a=INTEGER)
    | {"dependentSchemas": {"a": {"properties": {"b": {"const": 1}}, "required": ["b"]}}},
    "contains": {"type": "array", "items": INTEGER, "contains": {"minimum": 5}, "minContains": 2, "maxItems": 4},
    "maxContains": {"type": "array", "items": INTEGER, "contains": {"minimum": 5}, "maxContains": 1, "maxItems": 4},
    "uniqueItems of a prefix": {"type": "array", "prefixItems": [INTEGER, INTEGER], "items": False, "minItems": 2}
    | {"uniqueItems": True},
    "uniqueItems of numbers alike": {"type": "array", "items": {"anyOf": [{"enum": [1, 2]}, {"enum": [1.0, 2.0, 3.5]}]}}
    | {"uniqueItems": True, "minItems": 2},
    "multipleOf": {"type": "number", "multipleOf": 0.01, "minimum": 0, "maximum": 1},
    "two multiples": {"allOf": [{"multipleOf": 0.4}, {"multipleOf": 0.6}], "type": "number", "maximum": 100},
    "nullable with not": {"type": ["object", "null"], "not": {"properties": {"a": {"const": 3}}}} | thing(a=INTEGER),
    "enum with null beside text": thing(x={"anyOf": [{"enum": ["a", None]}, {"type": "string", "pattern": "^b+$"}]}),
}


@pytest.mark.parametrize("name", CHECKED)
def test_what_is_not_compiled_is_checked(name):
    assert len(distinct(rows_of(CHECKED[name] if "type" in CHECKED[name] else {**CHECKED[name]}))) > 2


# -- contains ------------------------------------------------------------------------------------------------

ROLES = {"type": "array", "items": {"enum": ["user", "admin", "guest"]}, "contains": {"const": "admin"}}


def test_contained_items_are_so_many_and_anywhere():
    """Compiled: no list is tried. Shares of 4,000 lists lie within 5 deviations but once in a million tests."""
    document = ROLES | {"minContains": 2, "maxContains": 3, "minItems": 5, "maxItems": 5}
    assert column_from_schema("Thing", "x", document).check is None
    made = rows_of(document, 4000)
    near = 5 * 0.5 / 4000**0.5
    schema = Schema()
    schema.add(document, ROWS, name="Thing")
    assert schema.table("Thing").source.columns["value"].law_text.endswith("; 2 to 3 contained")
    assert abs(np.mean([row.count("admin") == 2 for row in made]) - 0.5) < near
    for place in range(5):
        assert abs(np.mean([row[place] == "admin" for row in made]) - 0.5) < near
        assert {row[place] for row in made} == {"user", "admin", "guest"}


@pytest.mark.parametrize(
    ("more", "counts", "lengths"),
    [
        ({}, range(1, 7), range(1, 7)),
        ({"maxContains": 1}, {1}, range(1, 7)),
        ({"minContains": 0, "maxContains": 1}, {0, 1}, range(6)),
        ({"minContains": 0, "maxContains": 0}, {0}, range(6)),
        ({"minContains": 0, "maxContains": 2, "contains": True}, {0, 1, 2}, {0, 1, 2}),
        ({"maxContains": 2, "minItems": 90, "maxItems": 92}, {1, 2}, {90}),
        ({"uniqueItems": True, "minItems": 2}, {1}, {2, 3}),
    ],
)
def test_lists_with_contained_items_vary_in_length(more, counts, lengths):
    document = ROLES | more
    made = rows_of(document, 1000)
    wanted = Draft202012Validator(document["contains"])
    assert {sum(map(wanted.is_valid, row)) for row in made} <= set(counts)
    assert {len(row) for row in made} == set(lengths)


TWO = {"minItems": 2, "maxContains": 2}
CONTAINS = {
    "a number among many": {"items": {"type": "integer", "minimum": 0, "maximum": 10**5}, "contains": {"const": 7777}}
    | {"maxContains": 2},
    "a range": {"items": INTEGER, "contains": {"minimum": 3, "maximum": 5}, "maxContains": 2},
    "by trial": {"items": INTEGER, "contains": {"multipleOf": 2}, "maxContains": 2, "minItems": 3},
    "of another type": {"contains": {"type": "integer"}, "maxContains": 2},
    "null": {"items": {"type": ["integer", "null"]}, "contains": {"type": "null"}, "maxContains": 1, "minItems": 2},
    "lists": {"items": {"type": "array", "items": INTEGER}, "contains": {"maxItems": 2}, "maxContains": 1},
    "two": {"items": INTEGER, "allOf": [{"contains": {"const": 1}}, {"contains": {"const": 2}, "maxContains": 2}]},
    "two in one": {"items": INTEGER, "allOf": [{"contains": {"minimum": 5}}, {"contains": {"multipleOf": 2}}]}
    | {"maxItems": 1},
    "unique": {"items": INTEGER, "contains": {"enum": [0, 3, 9]}, "minContains": 3, "uniqueItems": True, "minItems": 9},
    # of these, few items are no contained ones
    "objects without a property": {"items": thing([], k=INTEGER), "contains": {"type": "object", "required": ["k"]}}
    | TWO,
    "objects with a property": {"items": thing(k=INTEGER), "contains": {"type": "object", "required": ["k"]}, **TWO},
    "objects with another value": {"items": thing(["k"], k={"enum": [*range(40)]}), **TWO}
    | {"contains": {"properties": {"k": {"enum": [*range(39)]}}, "required": ["k"]}},
    "objects beyond a bound": {"items": thing(["k"], k=INTEGER | {"maximum": 99}), **TWO}
    | {"contains": {"properties": {"k": {"minimum": 3}}}},
    "objects of a tuple": {"prefixItems": [{"type": "string"}, thing(["k"], k=INTEGER | {"maximum": 99})], **TWO}
    | {"contains": {"type": "object", "properties": {"k": {"minimum": 3}}}, "minContains": 0},
    "short texts": {"items": {"type": "string"}, "contains": {"minLength": 2}, **TWO},
    "long texts": {"items": {"type": "string"}, "contains": {"type": "string", "maxLength": 40}, **TWO},
    "no texts": {"items": {"type": "string"}, "contains": {"minLength": 1}, **TWO},
    "long lists": {"items": {"type": "array", "items": INTEGER}, "contains": {"maxItems": 5}, **TWO},
    "any list": {"items": {"type": "array", "items": INTEGER}, "contains": {"minItems": 0}, **TWO},
    "any object": {"items": thing(["k"], k=INTEGER), "contains": {"properties": {"k": {"minimum": 0}}}, **TWO},
}


@pytest.mark.parametrize("name", CONTAINS)
def test_lists_with_contained_items_depend_on_their_rows_alone(name):
    document = {"type": "array"} | CONTAINS[name]
    assert len(distinct(rows_of(document))) >= 2
    schema = Schema()
    schema.add(document, ROWS, name="Thing")
    source = schema.table("Thing").source
    rows = np.array([150, 3, 77, 3], np.uint64)
    whole, some = source.at(range(ROWS)).column(0), source.at(rows).column(0)
    assert some.to_pylist() == [whole[int(row)].as_py() for row in rows]


def test_items_that_cannot_be_contained_so_often_are_refused_in_words():
    unique = {"type": "array", "items": INTEGER, "contains": {"const": 3}, "minContains": 2, "uniqueItems": True}
    prefix = {"type": "array", "prefixItems": [{"const": 3}, {"const": 3}], "contains": {"const": 3}, "maxContains": 1}
    for document, said in (
        (unique, "2 different items.*are 1"),
        (prefix | {"minItems": 2}, "at most 1 items.*2 of 2 do"),
        ({"type": "array", "contains": {"type": "string"}, "maxContains": 0}, "at least 1 items.*at most 0"),
    ):
        with pytest.raises(GenError, match=said) as caught:
            rows_of(document)
        assert caught.value.hint


REFUSED = {
    "of an earlier draft": (thing(a=INTEGER) | {"dependencies": {"a": ["b"]}}, "dependencies.*dependentRequired"),
    "additionalItems": ({"type": "array", "additionalItems": INTEGER}, "additionalItems.*prefixItems"),
    "no schema": ({"type": "strng"}, "'strng'"),
    "a tuple of items": ({"type": "array", "items": [INTEGER]}, "at items"),
    "false": (False, "`false`"),
    "bounds": ({"type": "integer", "minimum": 2, "maximum": 1}, "2 and 1"),
    "lengths": ({"type": "string", "minLength": 3, "maxLength": 2}, "3.*2 characters"),
    "items": ({"type": "array", "items": False, "minItems": 1}, "1.*0 items"),
    "properties": (thing(a={}, b={}) | {"maxProperties": 1}, "2 required properties, 1 allowed"),
    "types": ({"allOf": [{"type": "string"}, {"type": "integer"}]}, "no type"),
    "enum": ({"enum": [1, 2], "type": "string"}, "enum"),
    "a name that no column can have": (thing(**{"\0": INTEGER}), r"called '\\x00'"),
    "x-gen": ({"type": "integer", "x-gen": {"kindd": 1}}, "kindd"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused_in_words(name):
    document, said = REFUSED[name]
    with pytest.raises(SchemaError, match=rf"(?s)Thing.*{said}") as caught:
        table_from_schema(document, "Thing")
    assert caught.value.hint


NO_TEXT = {"type": "string", "minLength": 5, "maxLength": 3}
DISTINCT = [{"type": "integer", "minimum": 10 * i, "maximum": 10 * i + 5} for i in range(70)]
NEVER_DRAWN = {
    "of anyOf": ({"anyOf": [NO_TEXT, INTEGER]}, {"text": "anyOf/0: at least 5 and at most 3 characters"}),
    "of oneOf": ({"oneOf": [INTEGER, {"title": "No", "allOf": [False]}]}, {"No": "oneOf/1: the schema is `false`"}),
    "of type": (NO_TEXT | {"type": ["string", "boolean"]}, {"text": "at least 5 and at most 3 characters"}),
    "of an anyOf inside": (
        {"anyOf": [{"anyOf": [INTEGER, NO_TEXT]}, {"type": "boolean"}]},
        {"text": "anyOf/1: at least 5 and at most 3 characters"},
    ),
    "endless": (
        {"anyOf": [{"$ref": "#/$defs/Endless"}, INTEGER]},
        {"Endless": "anyOf/0: a value of it contains another one without end"},
    ),
    "past the first 64": ({"anyOf": DISTINCT}, dict.fromkeys(["integer"], "anyOf/64: only the first 64 combinations")),
    "in one combination only": (
        {"anyOf": [{"minimum": 5}, {"maximum": 2}], "oneOf": [INTEGER, {"type": "integer", "minimum": 20}]},
        {},
    ),
    "of an if": ({"type": "integer", "if": {"type": "string"}, "then": {"minLength": 3}, "else": {"minimum": 3}}, {}),
    "the end of a recursion": ({"$ref": "#/$defs/Tree"}, {}),
}


@pytest.mark.parametrize("name", NEVER_DRAWN)
def test_a_branch_that_is_never_drawn_is_named_with_the_reason(name):
    schema, expected = NEVER_DRAWN[name]
    endless = thing(e={"$ref": "#/$defs/Endless"})
    tree = {"anyOf": [INTEGER, thing(left={"$ref": "#/$defs/Tree"}, right={"$ref": "#/$defs/Tree"})]}
    document = thing(x=schema) | {"$defs": {"Endless": endless, "Tree": tree}}
    table = table_from_schema(document, "Thing")
    said = list(table.columns[0].never_drawn())
    assert dict(said[:1]).keys() == expected.keys()
    for branch, why in said[:1]:
        assert why.startswith(expected[branch])
    if expected:
        again = table_from_schema(schema_of_table(table), "Thing")
        assert list(again.columns[0].never_drawn()) == said
        weights = {next(iter(expected)): 1}
        if name != "past the first 64":  # whose name others have, too
            with pytest.raises(SchemaError, match="which is never drawn"):
                table_from_schema(thing(x=schema | {"weights": weights}) | {"$defs": document["$defs"]}, "Thing")


def test_a_branch_of_the_whole_document_that_is_never_drawn_is_the_tables():
    for other in ([], [thing(b={"type": "boolean"})]):
        document = {"anyOf": [thing(a=INTEGER), thing(c=NO_TEXT) | {"title": "No"}, *other]}
        table = table_from_schema(document, "Thing")
        assert table.undrawn == (("No", "anyOf/1: Thing.c: at least 5 and at most 3 characters"),)
        assert table_from_schema(schema_of_table(table), "Thing").undrawn == table.undrawn
        spec = Spec("s", (table,))
        assert spec_from_json(json.loads(json.dumps(spec_to_json(spec)))) == spec


def test_objects_told_apart_by_a_constant_are_columns():
    document = {
        "oneOf": [thing(kind={"const": "a"}, x=INTEGER), thing(kind={"enum": ["b", "c"]}, y={"type": "string"})]
    }
    table = table_from_schema(document, "Thing")
    assert [column.name for column in table.columns] == ["kind", "x", "y"]
    assert table.columns[0].choices == ("a", "b", "c")
    assert {row["kind"] for row in rows_of(document)} == {"a", "b", "c"}


def test_listed_values_heed_formats():
    dates = {"type": "string", "format": "date", "enum": ["2024-01-01", "nope", "2024-02-30", "2024-02-29"]}
    assert {row["x"] for row in rows_of(thing(x=dates))} == {"2024-01-01", "2024-02-29"}
    with pytest.raises(SchemaError, match=r"Thing\.x: no value of `enum`"):
        table_from_schema(thing(x={"const": "nope", "format": "ipv4"}), "Thing")


def test_long_lists_of_values_are_read_without_comparing_each_with_each():
    """Twenty thousand took minutes; equal are what JSON calls equal."""
    values = [*range(20_000), "a", True]
    column = column_from_schema(
        "Thing", "x", {"enum": values, "allOf": [{"enum": [*map(float, values[9:-2]), "a", 1]}]}
    )
    assert len(column.choices) == 20_000 - 9 + 2
    nested = {"allOf": [{"enum": [{"a": [1]}, [True], None]}, {"enum": [{"a": [1.0]}, [1], None]}]}
    column = column_from_schema("Thing", "x", nested)
    assert (column.choices, column.nulls) == (('{"a":[1]}',), 0.5)


def test_a_text_beside_any_value_is_json_too():
    made = rows_of(thing(x={"anyOf": [{"type": "string"}, {}]}))
    assert {type(row["x"]) for row in made} == {str, bool, int, float}


@pytest.mark.parametrize("keyword", ["minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"])
def test_a_bound_is_excluded_by_its_opposite(keyword):
    whole = {"type": "integer", "minimum": 0, "maximum": 10**6}
    edge = 3 if "inimum" in keyword else 10**6 - 3
    made = rows_of(thing(x=whole | {"not": {keyword: edge}}))
    assert len(distinct(made)) == (3 if keyword in ("minimum", "maximum") else 4)


def test_texts_in_base16_are():
    for lengths in ({}, {"minLength": 4, "maxLength": 8}):
        made = rows_of(thing(x={"type": "string", "contentEncoding": "base16"} | lengths))
        assert len({bytes.fromhex(row["x"]) for row in made}) > 100


def test_durations_of_a_document_are_whole_seconds():
    """RFC 3339, appendix A, has no fractions of them."""
    made = rows_of(thing(x={"type": "string", "format": "duration"}))
    assert all(re.fullmatch(r"PT\d+S", row["x"]) for row in made)
    law = {"type": "string", "format": "duration", "distribution": {"name": "exponential", "mean": 5}}
    later = {"type": "string", "format": "duration", "after": {"field": "x", "within": 60}} | law
    assert len(distinct(rows_of(thing(x=law, y=later)))) > 3


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        ({"minimum": 10**40}, "is at least 1"),
        ({"exclusiveMinimum": 10**40}, "is above 1"),
        ({"maximum": -(10**40)}, "is at most -1"),
        ({"exclusiveMaximum": -(10**40)}, "is below -1"),
        ({"minimum": 10**40, "maximum": 10**41}, "lies between 10* and 10*"),
    ],
)
def test_a_bound_of_too_many_digits_is_refused_in_words(bounds, said):
    with pytest.raises(SchemaError, match=rf"Thing\.x: no value of 38 digits {said}0*\."):
        rows_of(thing(x={"type": "integer"} | bounds))


def test_patterns_that_python_does_not_know_are_drawn():
    schema = Schema()
    names = {"type": "object", "patternProperties": {r"^\p{Lu}{3}$": INTEGER}, "additionalProperties": False}
    schema.add(thing(x={"type": "string", "pattern": r"^\p{Lu}{3}$"}, names=names), ROWS, name="Thing")
    for row in schema.rows("Thing"):
        assert row["x"].isupper() and len(row["x"]) == 3
        assert all(name.isupper() and len(name) == 3 for name in row["names"])


def test_names_of_any_kind_are_names():
    names = ["a.b", "a/b", 'ü "q"', "\n", "$ref", "#", "x[]", "__class__", "", "{,", "😀"]
    made = rows_of(thing(list(names), **dict.fromkeys(names, INTEGER)))
    assert all(list(row) == names for row in made)
    inside = rows_of(thing(inner=thing(**dict.fromkeys(names, INTEGER)), other=INTEGER))
    assert all(list(row["inner"]) == names for row in inside)


# -- documents of several tables -----------------------------------------------------------------------------


def test_a_document_of_definitions_is_a_table_for_each_that_no_other_refers_to(tmp_path):
    place = "definitions"
    for place in ("$defs", "definitions"):
        definitions = {"A": thing(b={"$ref": f"#/{place}/B"}), "B": thing(x=INTEGER), "C": thing(y=INTEGER)}
        document = {"$id": TREE, place: definitions}
        path = tmp_path / "schema.json"
        path.write_text(json.dumps(document), "utf-8")
        assert set(documents_of(load_document(path), "schema")) == {"A", "C"}
        only = documents_of(document, "schema", "A")["A"]
        assert [c.kind for c in table_from_schema(only).columns] == ["object"]
        with pytest.raises(BadRequest, match=f"'D' in its .*{place[-4:]}"):
            documents_of(document, "schema", "D")


def test_definitions_that_refer_to_themselves_or_each_other_are_tables_unless_another_one_refers_to_them():
    def at(name):
        return {"$ref": f"#/$defs/{name}"}

    definitions = {"Tree": thing(left=at("Tree")), "B": thing(c=at("C")), "C": thing(b=at("B")), "D": thing(x=INTEGER)}
    assert list(documents_of({"$defs": definitions}, "schema")) == ["Tree", "B", "D"]
    assert list(documents_of({"$defs": definitions | {"E": thing(c=at("C"))}}, "schema")) == ["Tree", "D", "E"]


def test_a_property_may_be_called_like_a_keyword_that_holds_values():
    inside = thing(default={"$ref": "#/$defs/B"}, x=INTEGER) | {
        "not": {"required": ["y"], "properties": {"x": {"const": 1}}}
    }
    made = rows_of({"$defs": {"B": {"enum": [1, 2]}}, **thing(a=inside | {"not": {"properties": {"x": {"const": 1}}}})})
    assert {row["a"]["default"] for row in made} == {1, 2}


# -- out, and back -------------------------------------------------------------------------------------------


def drawn(table, rows=60):
    spec = Spec("s", (replace(table, rows=rows),))
    return table_sources(spec, {table.name: rows}, 0)[table.name].at(range(rows))


@pytest.mark.parametrize(
    "entry", [pytest.param(e, id=f"{e.subject}: {e.name}") for e in sampled((*FIELDS, *SCHEMAS), 3)]
)
def test_every_entry_of_the_corpus_comes_back_with_equal_columns_and_values(entry):
    try:
        is_model = hasattr(entry, "model")
        table = table_from_model(entry.model, ROWS) if is_model else table_from_schema(entry.schema, "Thing", ROWS)
        table = replace(
            table, columns=tuple(column.judged_by(()) for column in table.columns)
        )  # a document has no code
        values = drawn(table)
    except GenError:
        return  # refused: nothing goes out
    document = json.loads(json.dumps(schema_of_table(table)))
    Draft202012Validator.check_schema(document)
    again = table_from_schema(document)
    assert again.columns == table.columns
    assert (again.name, again.rows) == (table.name, table.rows)
    assert drawn(again).equals(values)


@pytest.mark.parametrize(
    ("pattern", "judge"),
    [
        ("^[[:alpha:]]$", r"^[\[:alph]\]$"),
        ("^[a-z&&[^aeiou]]$", r"^[a-z&\[^]\]$"),
        ("^[a-z--[aeiou]]$", r"^[a-z\--\[]\]$"),
        ("^[^[]{2}[[\\]x]$", r"^[^\[]{2}[\[\]x]$"),
        ("^[^[]]$", r"^[^\[]\]$"),
        ("^&&[~~b]{2}$", r"^&&[~b]{2}$"),
    ],
)
def test_a_class_in_a_document_is_no_set_of_sets(pattern, judge):
    made = [row["x"] for row in rows_of(thing(x={"type": "string", "pattern": pattern}))]
    assert all(re.search(judge, text) for text in made) and len(set(made)) > 3


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("pattern", ["^[a-z&&[^aeiou]]{3}$", "^[a--b]$", "^[[a]b]$"])
def test_a_pattern_that_python_reads_otherwise_is_written_without_a_warning(pattern):
    class Thing(BaseModel):
        x: Annotated[str, Field(pattern=pattern)]

    table = table_from_model(Thing)
    written = schema_of_table(table)
    assert "pattern" not in written["properties"]["x"]
    assert table_from_schema(written).columns == table.columns


def test_a_schema_of_several_tables_comes_back_as_these():
    models = [entry.model for entry in FIELDS if entry.refused is False][:3]
    tables = tuple(replace(table_from_model(model, 7), name=f"T{i}") for i, model in enumerate(models))
    document = schema_of(Spec("all", tables))
    found = documents_of(json.loads(json.dumps(document)), "x")
    assert [table_from_schema(d).columns for d in found.values()] == [table.columns for table in tables]
    assert list(found) == ["T0", "T1", "T2"]
