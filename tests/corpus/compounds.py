"""This file knows the corpus's JSON Schemas of arrays and objects: every keyword of theirs, alone and together."""

from __future__ import annotations

from corpus.documents import group, impossible, schema
from corpus.keywords import DIGIT, INTEGER, SHORT, STRING

ARRAYS = group(
    "array",
    {
        "items": schema({"type": "array", "items": INTEGER}, [1], ["a"]),
        "items bounded": schema({"type": "array", "items": DIGIT}, [9], [10]),
        "items false": schema({"type": "array", "items": False}, [], [1], constant=True),
        "items true": schema({"type": "array", "items": True}, [1, "a"], {}),
        "items of objects": schema(
            {"type": "array", "items": {"type": "object", "properties": {"a": INTEGER}, "required": ["a"]}},
            [{"a": 1}],
            [{}],
        ),
        "items of arrays": schema({"type": "array", "items": {"type": "array", "items": DIGIT}}, [[1]], [1]),
        "minItems": schema({"type": "array", "items": INTEGER, "minItems": 2}, [1, 2], [1]),
        "maxItems": schema({"type": "array", "items": INTEGER, "maxItems": 2}, [1], [1, 2, 3]),
        "minItems and maxItems": schema({"type": "array", "items": DIGIT, "minItems": 2, "maxItems": 3}, [1, 2], [1]),
        "minItems without items": schema({"type": "array", "minItems": 2, "maxItems": 4}, [1, "a"], [1]),
        "array empty": schema({"type": "array", "maxItems": 0}, [], [1], constant=True),
        "uniqueItems": schema({"type": "array", "items": DIGIT, "uniqueItems": True, "minItems": 2}, [1, 2], [1, 1]),
        "uniqueItems of few values": schema(
            {"type": "array", "items": DIGIT, "uniqueItems": True, "minItems": 9}, list(range(9)), [1] * 9
        ),
        "uniqueItems of an enum": schema(
            {"type": "array", "items": {"enum": ["a", "b", "c"]}, "uniqueItems": True, "minItems": 3},
            ["c", "a", "b"],
            ["a"],
        ),
        "uniqueItems of objects": schema(
            {
                "type": "array",
                "items": {"type": "object", "properties": {"a": DIGIT}},
                "uniqueItems": True,
                "maxItems": 4,
            },
            [{"a": 1}, {"a": 2}],
            [{"a": 1}, {"a": 1}],
        ),
        "uniqueItems of any values": schema({"type": "array", "uniqueItems": True, "minItems": 2}, [1, True], [1, 1.0]),
        "contains": schema({"type": "array", "contains": {"const": 5}, "items": DIGIT}, [1, 5], [1]),
        "contains without items": schema({"type": "array", "contains": {"type": "integer"}}, ["a", 1], ["a"]),
        "minContains": schema(
            {"type": "array", "items": DIGIT, "contains": {"minimum": 8}, "minContains": 2}, [8, 9], [8]
        ),
        "maxContains": schema(
            {"type": "array", "items": DIGIT, "contains": {"minimum": 8}, "maxContains": 1}, [8], [8, 9]
        ),
        "minContains and maxContains": schema(
            {
                "type": "array",
                "items": DIGIT,
                "contains": {"multipleOf": 2},
                "minContains": 2,
                "maxContains": 3,
                "minItems": 4,
                "maxItems": 5,
            },
            [1, 2, 4, 5],
            [1, 2, 3, 5],
        ),
        "contains beside many others": schema(
            {
                "type": "array",
                "items": {"type": "integer", "minimum": 0, "maximum": 10**5},
                "contains": {"const": 77777},
            },
            [1, 77777],
            [1],
        ),
        "contains, unique": schema(
            {"type": "array", "items": {"enum": [1, 2, 3, 4]}, "uniqueItems": True, "contains": {"const": 2}}
            | {"minItems": 2},
            [2, 1],
            [2, 2],
        ),
        "contains, unique, all of them": schema(
            {"type": "array", "items": DIGIT, "uniqueItems": True, "contains": {"const": 2}, "minItems": 10},
            list(range(10)),
            [2],
        ),
        "contains twice": schema(
            {"type": "array", "items": DIGIT, "allOf": [{"contains": {"const": 1}}, {"contains": {"minimum": 8}}]},
            [8, 1],
            [1],
        ),
        "contains of objects": schema(
            {
                "type": "array",
                "items": {"type": "object", "required": ["unit"], "properties": {"unit": {"enum": ["kg", "g"]}}},
                "contains": {"properties": {"unit": {"const": "kg"}}},
                "maxContains": 1,
                "minItems": 2,
            },
            [{"unit": "g"}, {"unit": "kg"}],
            [{"unit": "kg"}, {"unit": "kg"}],
        ),
        "contains more than once, and once": impossible(
            {"type": "array", "items": DIGIT, "uniqueItems": True, "contains": {"const": 2}, "minContains": 2}
        ),
        "contains after a prefix": schema(
            {"type": "array", "prefixItems": [STRING], "items": DIGIT, "contains": {"const": 7}}
            | {"minContains": 2, "maxContains": 3},
            ["a", 7, 7],
            ["a", 7],
        ),
        "contains what the prefix is": schema(
            {"type": "array", "prefixItems": [{"const": 7}, SHORT], "items": DIGIT, "contains": {"const": 7}}
            | {"maxContains": 1, "minItems": 4},
            [7, "a", 1, 2],
            [7, "a", 7, 2],
        ),
        "contains beside unevaluatedItems": schema(
            {"type": "array", "contains": STRING, "unevaluatedItems": INTEGER, "minItems": 3}, [1, "a", 2], [1, 2, 3]
        ),
        "minContains 0": schema(
            {"type": "array", "items": DIGIT, "contains": {"const": 5}, "minContains": 0}, [], [10]
        ),
        "prefixItems": schema({"type": "array", "prefixItems": [INTEGER, STRING]}, [1, "a", None], ["a"]),
        "prefixItems, all there": schema(
            {"type": "array", "prefixItems": [INTEGER, STRING], "minItems": 2, "items": False}, [1, "a"], [1]
        ),
        "prefixItems, others": schema({"type": "array", "prefixItems": [STRING], "items": DIGIT}, ["a", 1], ["a", "b"]),
        "prefixItems, minItems": schema(
            {
                "type": "array",
                "prefixItems": [SHORT, DIGIT],
                "items": {"type": "boolean"},
                "minItems": 4,
                "maxItems": 6,
            },
            ["a", 1, True, False],
            ["a", 1],
        ),
        "unevaluatedItems false": schema(
            {"type": "array", "allOf": [{"prefixItems": [DIGIT, SHORT]}], "unevaluatedItems": False},
            [1, "a"],
            [1, "a", 2],
        ),
        "unevaluatedItems": schema(
            {"type": "array", "prefixItems": [SHORT], "unevaluatedItems": DIGIT}, ["a", 1], ["a", "b"]
        ),
        "unevaluatedItems alone": schema({"type": "array", "unevaluatedItems": DIGIT}, [1], ["a"]),
        "unevaluatedItems after a prefix": schema(
            {"type": "array", "allOf": [{"prefixItems": [SHORT]}], "unevaluatedItems": DIGIT, "minItems": 3},
            ["a", 1, 2],
            ["a", 1, "b"],
        ),
        "array keywords without a type": schema({"items": DIGIT, "minItems": 1}, [1], []),
        "minItems above maxItems": impossible({"type": "array", "minItems": 3, "maxItems": 2}),
        "uniqueItems of too few values": impossible(
            {"type": "array", "items": {"type": "boolean"}, "uniqueItems": True, "minItems": 3}
        ),
        "contains what items forbid": impossible(
            {"type": "array", "items": DIGIT, "contains": {"type": "string"}, "minItems": 1}
        ),
        "items false, minItems": impossible({"type": "array", "items": False, "minItems": 1}),
    },
)

OBJECTS = group(
    "object",
    {
        "properties": schema({"type": "object", "properties": {"a": INTEGER, "b": STRING}}, {"a": 1}, {"a": "a"}),
        "required": schema(
            {"type": "object", "properties": {"a": INTEGER, "b": STRING}, "required": ["a"]}, {"a": 1}, {"b": "a"}
        ),
        "required without properties": schema({"type": "object", "required": ["a", "b"]}, {"a": 1, "b": 2}, {"a": 1}),
        "properties nested": schema(
            {
                "type": "object",
                "properties": {"a": {"type": "object", "properties": {"b": DIGIT}, "required": ["b"]}},
                "required": ["a"],
            },
            {"a": {"b": 1}},
            {"a": {}},
        ),
        "property false": schema({"type": "object", "properties": {"a": False, "b": DIGIT}}, {"b": 1}, {"a": 1}),
        "property true": schema({"type": "object", "properties": {"a": True}, "required": ["a"]}, {"a": None}, {}),
        "additionalProperties false": schema(
            {"type": "object", "properties": {"a": INTEGER}, "additionalProperties": False}, {"a": 1}, {"b": 1}
        ),
        "additionalProperties true": schema(
            {"type": "object", "properties": {"a": INTEGER}, "additionalProperties": True}, {"b": 1}, {"a": "a"}
        ),
        "additionalProperties": schema({"type": "object", "additionalProperties": DIGIT}, {"b": 1}, {"b": "a"}),
        "additionalProperties beside properties": schema(
            {"type": "object", "properties": {"a": STRING}, "required": ["a"], "additionalProperties": DIGIT},
            {"a": "x", "b": 1},
            {"a": "x", "b": "y"},
        ),
        "patternProperties": schema(
            {"type": "object", "patternProperties": {"^x-[a-z]{1,5}$": DIGIT}}, {"x-a": 1}, {"x-a": "a"}
        ),
        "patternProperties alone": schema(
            {
                "type": "object",
                "patternProperties": {"^x-[a-z]{1,5}$": DIGIT, "^[0-9]{2}$": SHORT},
                "additionalProperties": False,
                "minProperties": 1,
            },
            {"x-a": 1, "12": "a"},
            {"b": 1},
        ),
        "patternProperties beside properties": schema(
            {
                "type": "object",
                "properties": {"xa": {"type": "integer"}},
                "patternProperties": {"^x": {"minimum": 5}},
                "required": ["xa"],
                "additionalProperties": False,
            },
            {"xa": 5},
            {"xa": 4},
        ),
        "propertyNames": schema({"type": "object", "propertyNames": {"pattern": "^[a-z]{1,3}$"}}, {"ab": 1}, {"A": 1}),
        "propertyNames of an enum": schema(
            {"type": "object", "propertyNames": {"enum": ["a", "b"]}, "additionalProperties": DIGIT}, {"a": 1}, {"c": 1}
        ),
        "propertyNames, lengths": schema(
            {
                "type": "object",
                "propertyNames": {"minLength": 2, "maxLength": 4},
                "additionalProperties": DIGIT,
                "minProperties": 1,
            },
            {"ab": 1},
            {"a": 1},
        ),
        "minProperties": schema({"type": "object", "minProperties": 2}, {"a": 1, "b": 2}, {"a": 1}),
        "maxProperties": schema({"type": "object", "maxProperties": 1}, {"a": 1}, {"a": 1, "b": 2}),
        "minProperties of optional ones": schema(
            {
                "type": "object",
                "properties": {"a": DIGIT, "b": DIGIT, "c": DIGIT},
                "additionalProperties": False,
                "minProperties": 2,
                "maxProperties": 2,
            },
            {"a": 1, "c": 2},
            {"a": 1},
        ),
        "object empty": schema({"type": "object", "maxProperties": 0}, {}, {"a": 1}, constant=True),
        "dependentRequired": schema(
            {
                "type": "object",
                "properties": {"card": STRING, "address": STRING},
                "dependentRequired": {"card": ["address"]},
                "additionalProperties": False,
            },
            {"card": "a", "address": "b"},
            {"card": "a"},
        ),
        "dependentSchemas": schema(
            {
                "type": "object",
                "properties": {"a": DIGIT, "b": {"type": "integer", "minimum": 0, "maximum": 99}},
                "dependentSchemas": {"a": {"properties": {"b": {"minimum": 50}}, "required": ["b"]}},
                "additionalProperties": False,
            },
            {"a": 1, "b": 50},
            {"a": 1, "b": 5},
        ),
        "unevaluatedProperties false": schema(
            {
                "type": "object",
                "allOf": [{"properties": {"a": DIGIT}}],
                "properties": {"b": SHORT},
                "required": ["a"],
                "unevaluatedProperties": False,
            },
            {"a": 1, "b": "x"},
            {"a": 1, "c": 1},
        ),
        "unevaluatedProperties": schema(
            {"type": "object", "properties": {"a": SHORT}, "unevaluatedProperties": DIGIT},
            {"a": "x", "b": 1},
            {"b": "y"},
        ),
        "unevaluatedProperties, as many as must be": schema(
            {
                "type": "object",
                "properties": {"a": DIGIT},
                "allOf": [{"properties": {"b": DIGIT}}],
                "required": ["c"],
                "unevaluatedProperties": SHORT,
                "minProperties": 4,
            },
            {"a": 1, "c": "x", "d": "y", "e": "z"},
            {"a": 1, "c": "x", "d": "y", "e": 1},
        ),
        "unevaluatedProperties beside others": schema(
            {"allOf": [{"type": "object", "properties": {"a": SHORT}, "unevaluatedProperties": DIGIT}]}
            | {"properties": {"b": {"type": "integer", "minimum": 0, "maximum": 20}}, "required": ["b"]},
            {"a": "x", "b": 1},
            {"b": 15},
        ),
        "unevaluatedProperties where all are evaluated": schema(
            {"type": "object", "allOf": [{"additionalProperties": DIGIT}], "unevaluatedProperties": False}
            | {"minProperties": 1},
            {"b": 1},
            {"b": "x"},
        ),
        "object keywords without a type": schema({"properties": {"a": DIGIT}, "required": ["a"]}, {"a": 1}, {}),
        "names that need care": schema(
            {
                "type": "object",
                "properties": {
                    "": DIGIT,
                    "a b": DIGIT,
                    "$ref": SHORT,
                    "ä": DIGIT,
                    "class": DIGIT,
                    "_a": DIGIT,
                    "a.b": DIGIT,
                },
                "required": ["", "a b", "$ref", "ä", "class", "_a", "a.b"],
                "additionalProperties": False,
            },
            {"": 1, "a b": 1, "$ref": "x", "ä": 1, "class": 1, "_a": 1, "a.b": 1},
            {},
        ),
        "required but forbidden": impossible({"type": "object", "properties": {"a": False}, "required": ["a"]}),
        "required but not additional": impossible({"type": "object", "required": ["a"], "additionalProperties": False}),
        "minProperties above maxProperties": impossible({"type": "object", "minProperties": 2, "maxProperties": 1}),
        "minProperties above what there is": impossible(
            {"type": "object", "properties": {"a": INTEGER}, "additionalProperties": False, "minProperties": 2}
        ),
        "property required impossible": impossible(
            {"type": "object", "properties": {"a": {"type": "integer", "minimum": 2, "maximum": 1}}, "required": ["a"]}
        ),
    },
)

COMPOUNDS = ARRAYS + OBJECTS
