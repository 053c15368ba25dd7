"""Proves that formats are asserted wherever a schema is checked, as jsonschema's format checker judges them."""

import json
import warnings
from typing import Annotated, Literal

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, EmailStr, Field, Json

from gen import Schema
from gen.errors import SchemaError
from gen.schema.formats import APART, JUDGED, format_checker
from gen.schema.json_schema.from_json_schema import table_from_schema
from gen.schema.json_schema.to_json_schema import schema_of_table
from sampling import sampled
from test_json_schema import NULL, distinct, rows_of, thing

SLOW = ("iri", "iri-reference")  # jsonschema takes 15 ms a text


def text(name, **more):
    return {"type": "string", "format": name, **more}


def texts(schema, rows):
    """So many texts of a schema, as JSON has them."""
    made = Schema()
    made.add(thing(x=schema), rows, name="Thing")
    source = made.table("Thing").source
    return [value[1:-1] for value in source.columns["x"].json(source.at(range(rows)).column(0)).to_pylist()]


@pytest.fixture(scope="module")
def pool():
    """Texts of every format and of none."""
    found = texts({"type": "string"}, 40) + texts({"type": "string", "maxLength": 3}, 40)
    for name in sorted(JUDGED):
        found += texts(text(name), 10)
    return [*found, "", "P", "PT", "-a", "a-", "/~", "/~2", "01#", "0#", "2024-02-30T00:00:00Z", "{a", "{a}", "a:b"]


@pytest.mark.parametrize("name", sorted(JUDGED))
def test_a_format_is_judged_as_jsonschema_and_its_packages_do(name, pool):
    theirs, mine = Draft202012Validator.FORMAT_CHECKER, format_checker()
    some = sampled(pool, 4) if name in SLOW else pool
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of texts that are hardly regular expressions
        for value in [*some, None, 3]:
            assert mine.conforms(value, name) == theirs.conforms(value, name), value
    taken = [value for value in pool if mine.conforms(value, name)]
    assert len(taken) >= 10
    if name in APART:
        assert not any(mine.conforms(value, other) for value in taken for other in APART - {name})


def test_all_formats_that_jsonschema_judges_are_judged():
    assert set(Draft202012Validator.FORMAT_CHECKER.checkers) <= JUDGED


BRANCHES = {
    "addresses": {"oneOf": [text("ipv4"), text("ipv6")]},
    "times": {"oneOf": [text("date"), text("date-time")]},
    "times or none": {"oneOf": [text("date"), text("date-time"), NULL]},
    "mail or web": {"oneOf": [text("email"), text("uri")]},
    "no mail": {"type": "string", "not": {"format": "email"}},
    "no web address": {"type": "string", "not": {"format": "uri"}},
    "two that overlap": {"anyOf": [text("uri"), text("email")], "not": {"format": "email"}},
}


@pytest.mark.parametrize("name", BRANCHES)
def test_branches_that_formats_tell_apart_are_drawn(name):
    assert len(distinct(rows_of(thing(x=BRANCHES[name])))) > 150


# -- texts that hold JSON ---------------------------------------------------------------------------------------

JSON_TEXT = {"type": "string", "contentMediaType": "application/json"}
NODE = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}, "v": {"type": "integer"}}, "required": ["v"]}
HELD = {
    "numbers": {"type": "array", "items": {"type": "integer"}, "minItems": 1},
    "a number": {"type": "integer", "minimum": 3, "maximum": 9},
    "a check": {"type": "integer", "minimum": 1, "maximum": 4, "not": {"const": 3}},
    "a text": {"type": "string", "pattern": "^[a-c]{2,3}$"},
    "a date": {"type": "string", "format": "date"},
    "listed texts": {"enum": ["x", "y"]},
    "unlike ones": {"enum": [1, "x", True, None]},
    "null": {"type": "null"},
    "maybe a number": {"type": ["integer", "null"]},
    "a union": {"anyOf": [{"type": "integer"}, {"type": "array", "items": {"type": "boolean"}}]},
    "a recursion": {"$ref": "#/$defs/Node"},
    "texts that hold JSON": {"type": "array", "items": JSON_TEXT | {"contentSchema": {"type": "integer"}}},
    "anything": {},
}


def holding(schema, **around):
    properties = {"p": JSON_TEXT | {"contentSchema": schema} | around}
    return {"type": "object", "properties": properties, "required": ["p"], "$defs": {"Node": NODE}}


def held(document):
    """The column p of 200 rows."""
    schema = Schema("s")
    schema.add(document, rows=200, name="Thing")
    return schema.table("Thing").arrow(0, 200).column("p").to_pylist()


@pytest.mark.parametrize("name", HELD)
def test_a_text_that_holds_json_holds_a_value_of_its_schema(name):
    document = holding(HELD[name])
    table, drawn = table_from_schema(document, "Thing", 200), held(document)
    validator = Draft202012Validator(HELD[name] | {"$defs": {"Node": NODE}})
    assert all(validator.is_valid(json.loads(text)) for text in drawn)
    assert len(set(drawn)) > 1 or name == "null"
    again = table_from_schema(json.loads(json.dumps(schema_of_table(table))), "Thing", 200)
    assert again.columns == table.columns


def test_texts_that_hold_json_differ_where_they_must_and_may_be_null():
    items = {"type": "array", "items": JSON_TEXT | {"contentSchema": HELD["unlike ones"]}, "uniqueItems": True}
    assert all(len(set(row)) == len(row) for row in held(thing(p=items)))
    drawn = held(holding(HELD["numbers"], type=["string", "null"]))
    assert any(text is None for text in drawn) and not any(text == "null" for text in drawn)


class Holding(BaseModel):
    numbers: Json[list[int]]
    listed: Json[Literal["x", "y"]]
    maybe: Json[int | None]
    inside: Json[list[Json[int]]]
    text: Json[Annotated[str, Field(pattern="^[a-c]+$")]]
    mail: Json[EmailStr]
    beside: dict[str, Json[Literal["x"]]] | int


@pytest.mark.parametrize("declared", [Holding, Holding.model_json_schema()], ids=["model", "document"])
def test_what_pydantic_publishes_of_json_is_read_as_the_model_is(declared):
    schema = Schema("s")
    schema.add(declared, rows=200, name="Holding")
    rows = schema.table("Holding").arrow(0, 200).to_pylist()
    for row in rows:
        Holding.model_validate_json(json.dumps(row | {"beside": json.loads(row["beside"])}))
    assert any(json.loads(row["inside"]) for row in rows) and any(row["beside"] != "{}" for row in rows)


@pytest.mark.parametrize(
    ("around", "said"),
    [
        ({"contentEncoding": "base64"}, "base64 is declared beside"),
        ({"minLength": 3}, "a length is declared beside"),
        ({"pattern": "a"}, "a pattern is declared beside"),
        ({"format": "email"}, "email is declared beside"),
        ({"not": {"const": "3"}}, "contentSchema says what its text holds"),
    ],
    ids=str,
)
def test_what_cannot_be_met_beside_json_in_a_text_is_refused(around, said):
    with pytest.raises(SchemaError, match=rf"Thing\.p: .*{said}") as caught:
        table_from_schema(holding({"type": "integer"}, **around), "Thing")
    assert caught.value.hint
    with pytest.raises(SchemaError, match="base64"):
        table_from_schema(JSON_TEXT | {"contentEncoding": "base64"}, "Thing")
