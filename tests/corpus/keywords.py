"""This file knows the corpus's JSON Schemas of values: types, enum and const, numbers, texts, patterns and formats."""

from __future__ import annotations

from typing import Any

from corpus.documents import Document, group, impossible, schema

INTEGER, STRING = {"type": "integer"}, {"type": "string"}
DIGIT = {"type": "integer", "minimum": 0, "maximum": 9}
SHORT = {"type": "string", "minLength": 1, "maxLength": 8}

TYPES = group(
    "type",
    {
        "true": schema(True, None),
        "empty": schema({}, None),
        "null": schema({"type": "null"}, None, 1, constant=True),
        "boolean": schema({"type": "boolean"}, True, 1),
        "integer": schema({"type": "integer"}, 1, 1.5),
        "number": schema({"type": "number"}, 1.5, "a"),
        "string": schema({"type": "string"}, "a", 1),
        "array": schema({"type": "array"}, [1], {}),
        "object": schema({"type": "object"}, {"a": 1}, []),
        "integer or null": schema({"type": ["integer", "null"]}, None, "a"),
        "string or number": schema({"type": ["string", "number"]}, 1.5, None),
        "any type listed": schema(
            {"type": ["array", "boolean", "integer", "null", "number", "object", "string"]}, {"a": 1}
        ),
        "types, keywords of each": schema(
            {"type": ["integer", "string"], "minimum": 5, "maxLength": 3, "minLength": 1}, "abc", 4
        ),
        "keywords without a type": schema({"minimum": 5, "maxLength": 3}, 5, 4),
        "annotations": schema(
            {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "$id": "https://a.org/level",
                "$comment": "of a river",
                "title": "Level",
                "description": "in metres",
                "type": "number",
                "default": 1.5,
                "examples": [1.5, 2],
                "deprecated": False,
                "readOnly": True,
                "writeOnly": False,
                "minimum": 0,
                "maximum": 20,
            },
            1.5,
            -1,
        ),
        "unknown keyword": schema({"type": "integer", "x-unit": "m"}, 1, "a"),
        "false": impossible(False),
        "no type": impossible({"not": {}}),
    },
)

VALUES = group(
    "enum and const",
    {
        "enum": schema({"enum": ["red", "green", "blue"]}, "red", "black"),
        "enum of numbers": schema({"enum": [1, 2.5, -3]}, 2.5, 2),
        "enum of mixed values": schema({"enum": ["a", 1, None, True, [1], {"a": 1}]}, {"a": 1}, {}),
        "enum of one value": schema({"enum": ["only"]}, "only", "a", constant=True),
        "enum, type": schema({"type": "string", "enum": ["a", "b", 1]}, "a", 1),
        "enum, bounds": schema({"enum": [1, 5, 10, 50], "minimum": 5}, 50, 1),
        "enum, format": schema(
            {"enum": ["2024-01-01", "2024-13-01", "2023-01-01"], "format": "date"}, "2024-01-01", "2024-13-01"
        ),
        "const": schema({"const": "fixed"}, "fixed", "a", constant=True),
        "const of null": schema({"const": None}, None, 0, constant=True),
        "const of an object": schema({"const": {"a": [1, 2]}}, {"a": [1, 2]}, {}, constant=True),
        "const of a number": schema({"const": 2.5}, 2.5, 2, constant=True),
        "enum beside another type": impossible({"type": "integer", "enum": ["a", "b"]}),
        "const beside enum": impossible({"const": 1, "enum": [2, 3]}),
    },
)

NUMBERS = group(
    "number",
    {
        "minimum": schema({"type": "integer", "minimum": 5}, 5, 4),
        "maximum": schema({"type": "integer", "maximum": -5}, -5, 0),
        "exclusiveMinimum": schema({"type": "integer", "exclusiveMinimum": 5}, 6, 5),
        "exclusiveMaximum": schema({"type": "integer", "exclusiveMaximum": 5}, 4, 5),
        "minimum and maximum": schema({"type": "integer", "minimum": 1, "maximum": 6}, 6, 7),
        "both exclusive": schema({"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 4}, 1, 0),
        "minimum and exclusiveMinimum": schema({"type": "integer", "minimum": 3, "exclusiveMinimum": 3}, 4, 3),
        "integer of one value": schema({"type": "integer", "minimum": 7, "maximum": 7}, 7, 8, constant=True),
        "integer of fractional bounds": schema({"type": "integer", "minimum": 0.5, "maximum": 4.5}, 4, 0),
        "integer beyond 64 bits": schema({"type": "integer", "minimum": 10**20, "maximum": 10**21}, 10**20, 1),
        "multipleOf": schema({"type": "integer", "multipleOf": 7}, 14, 15),
        "multipleOf, bounds": schema({"type": "integer", "multipleOf": 15, "minimum": 10, "maximum": 50}, 45, 50),
        "multipleOf of a fraction, integer": schema({"type": "integer", "multipleOf": 2.5}, 5, 4),
        "number minimum": schema({"type": "number", "minimum": 0.5}, 0.5, 0.25),
        "number maximum": schema({"type": "number", "maximum": 0.5}, 0.5, 1),
        "number exclusive": schema({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, 0.5, 1),
        "number of near bounds": schema({"type": "number", "minimum": 1.5, "maximum": 1.5000000001}, 1.5, 1.6),
        "number multipleOf": schema({"type": "number", "multipleOf": 0.25, "minimum": -2, "maximum": 2}, 0.75, 0.1),
        "number multipleOf 0.01": schema(
            {"type": "number", "multipleOf": 0.01, "minimum": 0}, 344.03, 344.03000000000003
        ),
        "number multipleOf 0.1": schema({"type": "number", "multipleOf": 0.1, "maximum": 1, "minimum": 0}, 0.3, 0.25),
        "number multipleOf 3": schema({"type": "number", "multipleOf": 3, "minimum": 0, "maximum": 30}, 27, 28),
        "number or integer": schema({"type": ["number", "integer"], "minimum": 0}, 0.5, -1),
        "empty range": impossible({"type": "integer", "minimum": 5, "maximum": 4}),
        "empty open range": impossible({"type": "integer", "exclusiveMinimum": 5, "exclusiveMaximum": 6}),
        "range without a multiple": impossible({"type": "integer", "multipleOf": 7, "minimum": 1, "maximum": 6}),
    },
)


def _pattern(expression: str, example: str, counterexample: Any = "", **facts: Any) -> Document:
    return schema({"type": "string", "pattern": expression}, example, counterexample, **facts)


STRINGS = group(
    "string",
    {
        "minLength": schema({"type": "string", "minLength": 3}, "abc", "ab"),
        "maxLength": schema({"type": "string", "maxLength": 3}, "abc", "abcd"),
        "minLength and maxLength": schema({"type": "string", "minLength": 2, "maxLength": 4}, "abc", "a"),
        "string of one length": schema({"type": "string", "minLength": 5, "maxLength": 5}, "abcde", "a"),
        "string empty": schema({"type": "string", "maxLength": 0}, "", "a", constant=True),
        "lengths as floats": schema({"type": "string", "minLength": 2.0, "maxLength": 4.0}, "abc", "a"),
        "pattern": _pattern("^[a-z]+$", "abc", "1"),
        "pattern unanchored": _pattern("[0-9]{3}", "a123", "a12"),
        "pattern anchored at the start": _pattern("^ab", "abc"),
        "pattern anchored at the end": _pattern("ab$", "cab", "abc"),
        "pattern of alternatives": _pattern("^(red|green|blue)$", "red"),
        "pattern of escapes": _pattern("^\\$[0-9]+\\.[0-9]{2}$", "$1.25"),
        "pattern of classes": _pattern("^\\w{2}\\s\\S$", "ab c"),
        "pattern of digits": _pattern("^\\d{3}-\\d{4}$", "123-4567"),
        "pattern of a complement": _pattern("^[^a-z]{4}$", "ABC1", "abcd"),
        "pattern of Unicode": _pattern("^[äöü]{2}$", "äö"),
        "pattern of escaped Unicode": _pattern("^[\\u00e4\\u00f6]{2}$", "äö"),
        "pattern lazy": _pattern("^a+?b*?$", "aab"),
        "pattern nested": _pattern("^((ab|cd){1,2}-){2}$", "ab-cdab-"),
        "pattern lookahead": _pattern("^(?=.*[0-9])[a-z0-9]{6}$", "abcde1", "abcdef"),
        "pattern negative lookahead": _pattern("^(?!00)[0-9]{2}$", "01", "00"),
        "pattern back-reference": _pattern("^([ab])\\1$", "aa", "ab", refused=None),
        "pattern of everything": _pattern(".*", "", 1),
        "pattern of nothing": _pattern("^$", "", "a", constant=True),
        "pattern, lengths": schema(
            {"type": "string", "pattern": "^[ab]*$", "minLength": 3, "maxLength": 5}, "abab", "a"
        ),
        "pattern unanchored, lengths": schema({"type": "string", "pattern": "[0-9]", "maxLength": 3}, "a1", "a"),
        "pattern without a type": schema({"pattern": "^[a-z]{2}$"}, "ab", "a"),
        "contentEncoding": schema({"type": "string", "contentEncoding": "base64"}, "YWJj", 1),
        "contentEncoding, lengths": schema(
            {"type": "string", "contentEncoding": "base64", "minLength": 8, "maxLength": 16}, "YWJjYWJj", ""
        ),
        "contentMediaType": schema({"type": "string", "contentMediaType": "application/json"}, "[1]", 1),
        "contentSchema": schema(
            {
                "type": "string",
                "contentMediaType": "application/json",
                "contentSchema": {"type": "object", "properties": {"a": INTEGER}, "required": ["a"]},
            },
            '{"a": 1}',
            1,
        ),
        "lengths that cross": impossible({"type": "string", "minLength": 5, "maxLength": 4}),
        "pattern of another length": impossible({"type": "string", "pattern": "^[a-z]{2}$", "minLength": 3}),
    },
)

# format -> a text that has it, and a value that has not
FORMAT_EXAMPLES: dict[str, tuple[str, Any]] = {
    "date": ("2024-02-29", "2023-02-29"),
    "date-time": ("2024-02-29T12:00:00Z", "2024-02-29"),
    "time": ("12:00:00Z", "25:00:00Z"),
    "duration": ("P1DT2H", "1 day"),
    "email": ("ann@mail.org", "ann"),
    "idn-email": ("änn@mail.org", "ann"),
    "hostname": ("mail.org", "-a-.org"),
    "idn-hostname": ("münchen.de", "〮"),
    "ipv4": ("192.0.2.1", "192.0.2.256"),
    "ipv6": ("2001:db8::1", "2001:::1"),
    "uri": ("https://a.org/b?c=d#e", "a b"),
    "uri-reference": ("../a#b", "\\\\a"),
    "uri-template": ("https://a.org/{id}{?page}", "https://a.org/{id"),
    "iri": ("https://münchen.de/ä", "a b"),
    "iri-reference": ("../ä", "\\\\a"),
    "uuid": ("12345678-1234-4234-8234-123456789abc", "12345678"),
    "json-pointer": ("/a/0/~1b", "a"),
    "relative-json-pointer": ("1/a", "/a"),
    "regex": ("^[a-z]+$", "[a"),
    "unknown": ("a", 1),
}

FORMATS = group(
    "format",
    {
        f"format {name}": schema({"type": "string", "format": name}, good, bad)
        for name, (good, bad) in FORMAT_EXAMPLES.items()
    }
    | {
        "format, maxLength": schema({"type": "string", "format": "email", "maxLength": 24}, "ann@mail.org", "a" * 30),
        "format, minLength": schema(
            {"type": "string", "format": "hostname", "minLength": 12}, "mailmail.org.de", "a.de"
        ),
        "format, pattern": schema({"type": "string", "format": "date", "pattern": "^20"}, "2024-02-29", "1999-01-01"),
        "format of a number": schema({"type": "integer", "format": "int32", "minimum": 0}, 1, -1),
        "format without a type": schema({"format": "ipv4"}, "192.0.2.1", "a"),
    },
)

KEYWORDS = TYPES + VALUES + NUMBERS + STRINGS + FORMATS
