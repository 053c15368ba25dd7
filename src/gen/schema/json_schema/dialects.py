"""This file knows words that are none of JSON Schema's: it translates OpenAPI's, and refuses misspelt ones.

Source: OpenAPI 3.0.3 and 3.1.0, the Schema Object.
"""

from __future__ import annotations

from typing import Any

from gen.errors import SchemaError
from gen.schema.facts import FACTS
from gen.schema.words import LISTS, NAMED, SCHEMAS, meant


def in_json_schema(where: str, schema: Any, place: str = "") -> Any:
    """The schema with `nullable` of OpenAPI as JSON Schema says it. Raises SchemaError where a keyword is misspelt."""
    if not isinstance(schema, dict):
        return schema
    found: dict[str, Any] = {}
    for keyword, value in schema.items():
        _refuse_misspelt(f"{where}, at {place[1:]}" if place else where, keyword, value)
        inside = f"{place}/{keyword}"
        if keyword in NAMED and isinstance(value, dict):
            found[keyword] = {n: in_json_schema(where, each, f"{inside}/{n}") for n, each in value.items()}
        elif keyword in LISTS and isinstance(value, list):
            found[keyword] = [in_json_schema(where, each, f"{inside}/{i}") for i, each in enumerate(value)]
        else:
            found[keyword] = in_json_schema(where, value, inside) if keyword in SCHEMAS else value
    return _or_null(found) if schema.get("nullable") is True else found


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    """What a schema says, or null."""
    said = {keyword: value for keyword, value in schema.items() if keyword != "nullable"}
    if "enum" in said and None not in said["enum"]:
        said["enum"] = [*said["enum"], None]
    if "type" in said:
        listed = said["type"] if isinstance(said["type"], list) else [said["type"]]
        return said | {"type": [*dict.fromkeys([*listed, "null"])]}
    if said.keys() & {"$ref", "allOf", "anyOf", "oneOf"}:
        kept = {keyword: said.pop(keyword) for keyword in ("$defs", "definitions", "$id") if keyword in said}
        return {"anyOf": [said, {"type": "null"}]} | kept
    return said


def _refuse_misspelt(where: str, key: str, value: Any) -> None:
    """Refuse a key that is nearly a keyword of JSON Schema's or a word of gen's."""
    near = meant(key, value, FACTS)
    if near is not None:
        raise SchemaError(
            f"{where}: the schema says {key!r}, which is no keyword.",
            hint=f'Did you mean {near!r}? If it is another tool\'s, call it "x-{key}".',
        )
