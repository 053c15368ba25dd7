"""Proves that OpenAPI's words are honoured in a document, and that misspelt keywords are refused with the right one."""

import json

import pytest
from jsonschema import Draft202012Validator

from gen import Schema
from gen.builder import load_schema
from gen.errors import BadRequest, SchemaError
from gen.schema.json_schema.documents import documents_of
from gen.schema.json_schema.from_json_schema import table_from_schema
from test_json_schema import INTEGER, distinct, rows_of, thing

RANGES = {
    "int8": (-128, 127),
    "int16": (-32768, 32767),
    "int32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint8": (0, 255),
    "uint16": (0, 65535),
    "uint32": (0, 2**32 - 1),
    "uint64": (0, 2**64 - 1),
    "float": (-3.4028234663852886e38, 3.4028234663852886e38),
}


@pytest.mark.parametrize(
    "bounds",
    [{}, {"minimum": 5}, {"maximum": -5}, {"minimum": -(10**39)}, {"maximum": 10**39}, {"minimum": 2**31 - 9}],
    ids=str,
)
@pytest.mark.parametrize("name", RANGES)
def test_numbers_are_in_the_range_of_their_format(name, bounds):
    said = {"type": "number" if name == "float" else "integer", "format": name} | bounds
    low, high = RANGES[name]
    if bounds.get("minimum", low) > high or bounds.get("maximum", high) < low:
        with pytest.raises(SchemaError, match="no number lies between"):
            rows_of(thing(x=said))
        return
    made = [row["x"] for row in rows_of(thing(x=said))]
    assert all(low <= value <= high for value in made)
    assert len(set(made)) > 5


@pytest.mark.parametrize("name", RANGES)
def test_a_law_is_cut_by_the_range_of_a_format(name):
    low, high = RANGES[name]
    said = {"type": "number" if name == "float" else "integer", "format": name}
    law = {"name": "normal", "mean": low, "deviation": (high - low) / 3}
    made = [row["x"] for row in rows_of(thing(x=said | {"distribution": law}))]
    assert all(low <= value <= high for value in made) and len(set(made)) > 5


def test_a_format_with_room_for_what_is_drawn_changes_nothing():
    for said in ({"type": "integer", "minimum": 5}, {"type": "integer"}, {"type": "integer", "maximum": 0}):
        assert rows_of(thing(x=said | {"format": "int64"})) == rows_of(thing(x=said))
    assert rows_of(thing(x={"type": "number", "format": "double"})) == rows_of(thing(x={"type": "number"}))


NULLABLE = {
    "a text": ({"type": "string"}, {}),
    "a list of values": ({"type": "string", "enum": ["a", "b"]}, {}),
    "a reference": ({"$ref": "#/$defs/q"}, {"$defs": {"q": {"type": "boolean"}}}),
    "of two": ({"type": ["string", "integer"]}, {}),
}


@pytest.mark.parametrize("name", NULLABLE)
def test_what_is_nullable_is_sometimes_null(name):
    """Of 1,000 rows 50 are null, or 333: none is in one of 10^22 tests."""
    said, more = NULLABLE[name]
    schema = Schema()
    schema.add(thing(x=said | {"nullable": True}, y=said) | more, 1000, name="Thing")
    made = list(schema.rows("Thing"))
    judge = Draft202012Validator(said | more)
    assert all(row["x"] is None or judge.is_valid(row["x"]) for row in made)
    assert 10 < sum(row["x"] is None for row in made) < 500
    assert all(judge.is_valid(row["y"]) for row in made)


def test_a_property_called_nullable_is_one():
    document = thing(nullable=INTEGER, minlength=INTEGER)
    assert len(distinct(rows_of(document))) > 10
    assert [column.name for column in table_from_schema(document, "Thing").columns] == ["nullable", "minlength"]


@pytest.mark.parametrize(
    ("key", "value", "meant"),
    [
        ("minlength", 1, "minLength"),
        ("max_length", 3, "maxLength"),
        ("additionalproperties", False, "additionalProperties"),
        ("requried", ["a"], "required"),
        ("multiple-of", 3, "multipleOf"),
        ("nullss", 0.2, "nulls"),
        ("item", {}, "items"),
    ],
)
def test_a_misspelt_keyword_is_refused_with_the_right_one(key, value, meant):
    for document in (thing(a={"type": "string", key: value}), thing(a={"anyOf": [{"type": "string", key: value}]})):
        with pytest.raises(SchemaError, match=rf"Thing, at properties/a.*says '{key}'") as caught:
            table_from_schema(document, "Thing")
        assert f"{meant!r}" in caught.value.hint


def test_words_of_other_tools_are_left_alone():
    others = {"propertyOrder": 3, "enumNames": ["x"], "example": 2, "length": 3, "x-minlength": 5, "xml": {}, "id": "a"}
    assert len(distinct(rows_of(thing(a=INTEGER | others, b={"enum": [{"minlength": 1}]})))) > 5


# -- documents of an interface --------------------------------------------------------------------------------


def pets(place):
    """Schemas as OpenAPI 3.0 writes them, which refer to each other at that place."""
    pet = {
        "type": "object",
        "required": ["id", "name", "kind", "weight"],
        "properties": {
            "id": {"type": "integer", "format": "int64"},
            "name": {"type": "string", "nullable": True},
            "kind": {"$ref": f"#/{place}/Kind"},
            "weight": {
                "type": "number",
                "minimum": 0,
                "exclusiveMinimum": True,
                "maximum": 9,
                "exclusiveMaximum": False,
            },
            "enum": {"$ref": f"#/{place}/Kind"},
        },
    }
    owner = thing(pets={"type": "array", "items": {"$ref": f"#/{place}/Pet"}}, friend={"$ref": f"#/{place}/Owner"})
    owner["required"] = ["pets"]
    return {
        "Kind": {"type": "string", "enum": ["cat", "dog"]},
        "Owner": owner,
        "Pet": pet,
        "Error": thing(code=INTEGER),
    }


INTERFACES = {
    "OpenAPI 3.1": ({"openapi": "3.1.0", "info": {}, "paths": {}}, "components/schemas"),
    "OpenAPI 3.0": ({"openapi": "3.0.3", "info": {}, "paths": {"/pets": {"get": {}}}}, "components/schemas"),
    "AsyncAPI": ({"asyncapi": "2.6.0", "channels": {}}, "components/schemas"),
    "Swagger": ({"swagger": "2.0", "paths": {}}, "definitions"),
}


@pytest.mark.parametrize("name", INTERFACES)
def test_the_schemas_of_an_interface_are_tables(name, tmp_path):
    said, place = INTERFACES[name]
    schemas = pets(place)
    document = said | ({"components": {"schemas": schemas}} if "/" in place else {place: schemas})
    path = tmp_path / "api.json"
    path.write_text(json.dumps(document), "utf-8")
    assert [table.name for table in load_schema(str(path)).spec.tables] == ["Owner", "Error"]
    schema = load_schema(f"{path}:Pet")
    (table,) = schema.spec.tables
    assert [(c.name, c.kind) for c in table.columns] == [
        ("id", "integer"),
        ("name", "text"),
        ("kind", "choice"),
        ("weight", "number"),
        ("enum", "choice"),
    ]
    weight = table.column("weight")
    assert (weight.minimum, weight.minimum_excluded, weight.maximum, weight.maximum_excluded) == (0, True, 9, False)
    assert {row["kind"] for row in schema.rows("Pet")} == {"cat", "dog"}
    assert any(row["name"] is None for row in schema.rows("Pet"))
    with pytest.raises(BadRequest, match=rf"has no 'Pett' in its {place.replace('/', '.')}.*'Pet'"):
        load_schema(f"{path}:Pett")
    with pytest.raises(SchemaError, match=r"Api: it says .* no JSON Schema itself"):
        table_from_schema(document, "Api")


@pytest.mark.parametrize("said", [{}, {"components": {}}, {"components": {"schemas": {}}}, {"components": 3}], ids=str)
def test_an_interface_without_schemas_is_refused(said, tmp_path):
    path = tmp_path / "api.json"
    path.write_text(json.dumps({"openapi": "3.1.0"} | said), "utf-8")
    with pytest.raises(SchemaError, match=r"api: it says openapi = '3\.1\.0', and has no components\.schemas"):
        load_schema(str(path))


def test_a_schema_with_a_primary_key_is_a_table_whatever_refers_to_it() -> None:
    key = {"type": "integer", "x-gen": {"sql": {"key": "primary"}}}
    pet = {"type": "object", "properties": {"id": key}, "required": ["id"]}
    order = {"type": "integer", "x-gen": {"sql": {"key": "foreign", "reference": "Pet.id"}}}
    schemas = {
        "Pet": pet,
        "Cat": {"allOf": [{"$ref": "#/components/schemas/Pet"}, {"properties": {"lives": {"type": "integer"}}}]},
        "Order": {"type": "object", "properties": {"pet": order}, "required": ["pet"]},
    }
    document = {"openapi": "3.1.0", "components": {"schemas": schemas}}
    assert list(documents_of(document, "api")) == ["Pet", "Cat", "Order"]
