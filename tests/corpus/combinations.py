"""This file knows the corpus's JSON Schemas that combine others: allOf, anyOf, oneOf, not, if, $ref and recursion."""

from __future__ import annotations

from corpus.documents import DIALECT, group, impossible, schema
from corpus.keywords import DIGIT, INTEGER, SHORT, STRING

ALL = group(
    "allOf",
    {
        "allOf of bounds": schema({"type": "integer", "allOf": [{"minimum": 1}, {"maximum": 9}]}, 9, 10),
        "allOf of types": schema({"allOf": [{"type": ["integer", "string"]}, {"type": ["integer", "null"]}]}, 1, "a"),
        "allOf of integer and number": schema({"allOf": [{"type": "number", "minimum": 0.5}, INTEGER]}, 1, 0.75),
        "allOf of multiples": schema(
            {"type": "integer", "minimum": 0, "allOf": [{"multipleOf": 4}, {"multipleOf": 6}]}, 12, 6
        ),
        "allOf of patterns": schema(
            {"type": "string", "allOf": [{"pattern": "^[a-c]+$"}, {"pattern": "b$"}, {"maxLength": 4}]}, "ab", "a"
        ),
        "allOf of enums": schema({"allOf": [{"enum": [1, 2, 3]}, {"enum": [2, 3, 4]}]}, 2, 1),
        "allOf of lengths": schema(
            {"type": "string", "minLength": 2, "allOf": [{"minLength": 4}, {"maxLength": 6}]}, "abcd", "a"
        ),
        "allOf of objects": schema(
            {
                "allOf": [
                    {"type": "object", "properties": {"a": DIGIT}, "required": ["a"]},
                    {"type": "object", "properties": {"b": SHORT}, "required": ["b"]},
                ]
            },
            {"a": 1, "b": "x"},
            {"a": 1},
        ),
        "allOf of one property": schema(
            {
                "type": "object",
                "properties": {"a": {"type": "integer", "minimum": 0}},
                "allOf": [{"properties": {"a": {"maximum": 9}}, "required": ["a"]}],
            },
            {"a": 9},
            {"a": 10},
        ),
        "allOf of items": schema(
            {
                "type": "array",
                "items": INTEGER,
                "allOf": [{"items": {"minimum": 0}}, {"items": {"maximum": 3}, "minItems": 1}],
            },
            [3],
            [4],
        ),
        "allOf of references": schema(
            {
                "$defs": {"low": {"minimum": 0}, "high": {"maximum": 9}},
                "type": "integer",
                "allOf": [{"$ref": "#/$defs/low"}, {"$ref": "#/$defs/high"}],
            },
            9,
            10,
        ),
        "allOf that closes": schema(
            {
                "allOf": [
                    {"properties": {"a": DIGIT, "b": DIGIT}, "required": ["a", "b"]},
                    {"properties": {"a": True, "b": True}, "additionalProperties": False},
                ],
                "type": "object",
            },
            {"a": 1, "b": 2},
            {"a": 1, "b": 2, "c": 3},
        ),
        "allOf of contradictions": impossible({"allOf": [{"type": "integer"}, {"type": "string"}]}),
        "allOf of apart bounds": impossible({"type": "integer", "allOf": [{"minimum": 5}, {"maximum": 4}]}),
    },
)

ANY = group(
    "anyOf",
    {
        "anyOf of types": schema({"anyOf": [INTEGER, STRING]}, "a", None),
        "anyOf nullable": schema({"anyOf": [DIGIT, {"type": "null"}]}, None, 10),
        "anyOf of ranges": schema({"type": "integer", "anyOf": [{"maximum": 0}, {"minimum": 10}]}, 10, 5),
        "anyOf of objects": schema(
            {
                "type": "object",
                "properties": {"mail": STRING, "phone": STRING},
                "anyOf": [{"required": ["mail"]}, {"required": ["phone"]}],
                "additionalProperties": False,
            },
            {"mail": "a"},
            {},
        ),
        "anyOf of constants": schema({"anyOf": [{"const": "a"}, {"const": "b"}]}, "a", "c"),
        "anyOf within anyOf": schema({"anyOf": [{"anyOf": [DIGIT, {"type": "boolean"}]}, {"type": "null"}]}, True, "a"),
        "anyOf with allOf": schema(
            {
                "type": "integer",
                "allOf": [{"minimum": 0}, {"maximum": 99}],
                "anyOf": [{"multipleOf": 5}, {"multipleOf": 7}],
            },
            7,
            8,
        ),
        "anyOf with one that is impossible": schema({"anyOf": [False, {"type": "integer", "minimum": 0}]}, 1, -1),
        "anyOf of lists": schema(
            {"anyOf": [{"type": "array", "items": DIGIT}, {"type": "array", "items": SHORT}]}, ["a"], [None]
        ),
        "anyOf of impossible ones": impossible({"anyOf": [False, {"type": "integer", "minimum": 1, "maximum": 0}]}),
    },
)

ONE = group(
    "oneOf",
    {
        "oneOf of types": schema({"oneOf": [{"type": "boolean"}, STRING]}, "a", 1),
        "oneOf that overlap": schema(
            {"type": "integer", "minimum": 1, "maximum": 60, "oneOf": [{"multipleOf": 3}, {"multipleOf": 5}]}, 3, 15
        ),
        "oneOf of ranges": schema(
            {"oneOf": [{"type": "integer", "maximum": 5}, {"type": "integer", "minimum": 3, "maximum": 9}]}, 9, 4
        ),
        "oneOf integer or number": schema({"oneOf": [{"type": "integer"}, {"type": "number", "minimum": 2}]}, 2.5, 5),
        "oneOf with a tag": schema(
            {
                "oneOf": [
                    {
                        "type": "object",
                        "properties": {"kind": {"const": "cat"}, "lives": DIGIT},
                        "required": ["kind", "lives"],
                    },
                    {"type": "object", "properties": {"kind": {"const": "dog"}, "name": SHORT}, "required": ["kind"]},
                ]
            },
            {"kind": "cat", "lives": 9},
            {"kind": "cow"},
        ),
        "oneOf of required": schema(
            {
                "type": "object",
                "properties": {"a": DIGIT, "b": DIGIT},
                "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
                "additionalProperties": False,
            },
            {"a": 1},
            {"a": 1, "b": 1},
        ),
        "oneOf of texts": schema(
            {"type": "string", "oneOf": [{"pattern": "^[0-9]{3}$"}, {"pattern": "^[a-z]{2}$"}]}, "123", "a"
        ),
        "oneOf of the same": impossible({"oneOf": [INTEGER, INTEGER], "type": "integer"}),
    },
)

NOT = group(
    "not",
    {
        "not a type": schema({"not": {"type": "string"}}, 1, "a"),
        "not types, of few": schema({"type": ["integer", "string", "null"], "not": {"type": "string"}}, 1, "a"),
        "not an enum": schema({"type": "integer", "minimum": 0, "maximum": 5, "not": {"enum": [1, 2]}}, 3, 1),
        "not a const": schema({"type": "boolean", "not": {"const": True}}, False, True, constant=True),
        "not a range": schema({"type": "integer", "not": {"minimum": 3, "maximum": 7}}, 8, 5),
        "not a pattern": schema({"type": "string", "maxLength": 6, "not": {"pattern": "[0-9]"}}, "abc", "a1"),
        "not required": schema(
            {"type": "object", "properties": {"a": DIGIT, "b": DIGIT}, "not": {"required": ["a"]}}, {"b": 1}, {"a": 1}
        ),
        "not a multiple": schema({"type": "integer", "minimum": 0, "not": {"multipleOf": 3}}, 4, 3),
        "not empty": schema({"type": "string", "not": {"maxLength": 0}}, "a", ""),
        "not not": schema({"not": {"not": {"type": "integer"}}}, 1, "a"),
        "not of anyOf": schema({"not": {"anyOf": [{"type": "object"}, {"type": "array"}]}}, 1, []),
        "not itself": impossible({"type": "integer", "not": {"type": "integer"}}),
    },
)

CONDITIONS = group(
    "if",
    {
        "if then": schema({"type": "integer", "if": {"minimum": 10}, "then": {"multipleOf": 10}}, 20, 11),
        "if else": schema({"type": "integer", "if": {"minimum": 0}, "else": {"multipleOf": 5}}, -5, -4),
        "if then else": schema(
            {
                "type": "object",
                "properties": {"country": {"enum": ["AT", "US"]}, "code": STRING},
                "required": ["country", "code"],
                "if": {"properties": {"country": {"const": "AT"}}},
                "then": {"properties": {"code": {"pattern": "^[1-9][0-9]{3}$"}}},
                "else": {"properties": {"code": {"pattern": "^[0-9]{5}$"}}},
            },
            {"country": "AT", "code": "1010"},
            {"country": "AT", "code": "12345"},
        ),
        "if required": schema(
            {
                "type": "object",
                "properties": {"a": DIGIT, "b": DIGIT},
                "if": {"required": ["a"]},
                "then": {"required": ["b"]},
                "additionalProperties": False,
            },
            {"a": 1, "b": 1},
            {"a": 1},
        ),
        "if without then": schema({"type": "integer", "if": {"minimum": 3}}, 1, "a"),
        "if of a type": schema({"if": STRING, "then": {"minLength": 2}, "else": {"type": "integer"}}, "ab", 1.5),
        "if in allOf": schema(
            {
                "type": "object",
                "properties": {"kind": {"enum": ["a", "b"]}, "size": DIGIT},
                "required": ["kind", "size"],
                "allOf": [
                    {"if": {"properties": {"kind": {"const": "a"}}}, "then": {"properties": {"size": {"maximum": 4}}}},
                    {"if": {"properties": {"kind": {"const": "b"}}}, "then": {"properties": {"size": {"minimum": 5}}}},
                ],
            },
            {"kind": "a", "size": 4},
            {"kind": "a", "size": 5},
        ),
        "if, then impossible": schema(
            {"type": "integer", "minimum": 0, "maximum": 9, "if": {"minimum": 5}, "then": False}, 4, 5
        ),
    },
)

REFERENCES = group(
    "$ref",
    {
        "$ref": schema({"$defs": {"digit": DIGIT}, "$ref": "#/$defs/digit"}, 1, 10),
        "$ref beside keywords": schema({"$defs": {"digit": DIGIT}, "$ref": "#/$defs/digit", "minimum": 5}, 5, 4),
        "$ref in properties": schema(
            {
                "$defs": {"digit": DIGIT},
                "type": "object",
                "properties": {"a": {"$ref": "#/$defs/digit"}, "b": {"$ref": "#/$defs/digit"}},
                "required": ["a"],
            },
            {"a": 1},
            {"a": 10},
        ),
        "$ref to a property": schema(
            {"type": "object", "properties": {"a": DIGIT, "b": {"$ref": "#/properties/a"}}, "required": ["b"]},
            {"b": 1},
            {"b": 10},
        ),
        "$ref to definitions": schema({"definitions": {"d": DIGIT}, "$ref": "#/definitions/d"}, 1, 10),
        "$ref of a reference": schema(
            {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/c"}, "c": DIGIT}, "$ref": "#/$defs/a"}, 1, 10
        ),
        "$ref escaped": schema({"$defs": {"a/b": DIGIT, "c~d": SHORT, "e f": DIGIT}, "$ref": "#/$defs/a~1b"}, 1, 10),
        "$ref percent-encoded": schema({"$defs": {"e f": DIGIT}, "$ref": "#/$defs/e%20f"}, 1, 10),
        "$anchor": schema({"$defs": {"digit": DIGIT | {"$anchor": "digit"}}, "$ref": "#digit"}, 1, 10),
        "$id": schema(
            {
                "$schema": DIALECT,
                "$id": "https://a.org/root",
                "$defs": {"digit": DIGIT | {"$id": "digit"}},
                "type": "array",
                "items": {"$ref": "digit"},
            },
            [1],
            [10],
        ),
        "$id, pointer": schema(
            {"$id": "https://a.org/root", "$defs": {"digit": DIGIT}, "$ref": "https://a.org/root#/$defs/digit"}, 1, 10
        ),
        "$dynamicRef": schema(
            {
                "$id": "https://a.org/tree",
                "$dynamicAnchor": "node",
                "type": "object",
                "properties": {
                    "value": DIGIT,
                    "children": {"type": "array", "items": {"$dynamicRef": "#node"}},
                },
                "required": ["value"],
            },
            {"value": 1, "children": [{"value": 2}]},
            {"value": 1, "children": [{}]},
        ),
        "$dynamicRef extended": schema(
            {
                "$id": "https://a.org/digits",
                "$ref": "list",
                "$defs": {
                    "digits": {"$dynamicAnchor": "item"} | DIGIT,
                    "list": {
                        "$id": "list",
                        "type": "array",
                        "items": {"$dynamicRef": "#item"},
                        "$defs": {"any": {"$dynamicAnchor": "item"}},
                    },
                },
            },
            [1],
            [10],
        ),
    },
)

RECURSION = group(
    "recursion",
    {
        "recursive root": schema(
            {"type": "object", "properties": {"value": DIGIT, "next": {"$ref": "#"}}, "required": ["value"]},
            {"value": 1, "next": {"value": 2}},
            {"value": 1, "next": {}},
        ),
        "recursive tree": schema(
            {
                "$defs": {
                    "node": {
                        "type": "object",
                        "properties": {"name": SHORT, "children": {"type": "array", "items": {"$ref": "#/$defs/node"}}},
                        "required": ["name", "children"],
                        "additionalProperties": False,
                    }
                },
                "$ref": "#/$defs/node",
            },
            {"name": "a", "children": [{"name": "b", "children": []}]},
            {"name": "a", "children": [{}]},
        ),
        "recursive nullable": schema(
            {
                "$defs": {
                    "list": {
                        "type": ["object", "null"],
                        "properties": {"head": DIGIT, "tail": {"$ref": "#/$defs/list"}},
                        "required": ["head", "tail"],
                    }
                },
                "$ref": "#/$defs/list",
            },
            {"head": 1, "tail": None},
            {"head": 1},
        ),
        "recursive or null": schema(
            {
                "type": "object",
                "required": ["v", "next"],
                "properties": {"v": DIGIT, "next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}},
            },
            {"v": 1, "next": {"v": 2, "next": None}},
            {"v": 1},
        ),
        "recursive on two sides": schema(
            {
                "$defs": {
                    "node": {
                        "type": "object",
                        "required": ["v", "left"],
                        "properties": {
                            "v": DIGIT,
                            "left": {"oneOf": [{"type": "null"}, {"$ref": "#/$defs/node"}]},
                            "right": {"oneOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
                        },
                    }
                },
                "$ref": "#/$defs/node",
            },
            {"v": 1, "left": {"v": 2, "left": None}},
            {"v": 1, "left": {"v": 2}},
        ),
        "recursive by another": schema(
            {
                "$defs": {
                    "a": {"type": "object", "properties": {"b": {"$ref": "#/$defs/b"}}, "additionalProperties": False},
                    "b": {"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}, "additionalProperties": False},
                },
                "$ref": "#/$defs/a",
            },
            {"b": {"a": {}}},
            {"a": {}},
        ),
        "recursive expression": schema(
            {
                "$defs": {
                    "term": {
                        "anyOf": [
                            DIGIT,
                            {
                                "type": "object",
                                "properties": {
                                    "operator": {"enum": ["+", "*"]},
                                    "left": {"$ref": "#/$defs/term"},
                                    "right": {"$ref": "#/$defs/term"},
                                },
                                "required": ["operator", "left", "right"],
                            },
                        ]
                    }
                },
                "$ref": "#/$defs/term",
            },
            {"operator": "+", "left": 1, "right": 2},
            "a",
        ),
        "recursive JSON": schema(
            {
                "$defs": {
                    "json": {
                        "anyOf": [
                            {"type": ["string", "number", "boolean", "null"]},
                            {"type": "array", "items": {"$ref": "#/$defs/json"}},
                            {"type": "object", "additionalProperties": {"$ref": "#/$defs/json"}},
                        ]
                    }
                },
                "type": "object",
                "properties": {"payload": {"$ref": "#/$defs/json"}},
                "required": ["payload"],
            },
            {"payload": [{"a": None}]},
            {},
        ),
        "recursive without an end": impossible(
            {"type": "object", "properties": {"inner": {"$ref": "#"}}, "required": ["inner"]}
        ),
        "recursive list without an end": impossible({"type": "array", "items": {"$ref": "#"}, "minItems": 1}),
        "reference to itself": schema({"$defs": {"a": {"$ref": "#/$defs/a"}}, "type": "integer"}, 1, "a"),
    },
)

COMBINATIONS = ALL + ANY + ONE + NOT + CONDITIONS + REFERENCES + RECURSION
