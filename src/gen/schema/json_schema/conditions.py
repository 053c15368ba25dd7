"""This file knows what an `if` asks, and schemas of the values that do not satisfy it."""

from __future__ import annotations

from typing import Any

_ASKS = {"properties", "required", "type"}
_SAYS_NOTHING = {"title", "description", "$comment", "default", "examples"}
_LISTS = ({"const"}, {"enum"}, {"const", "type"}, {"enum", "type"})


def unmet(condition: Any, only_objects: bool) -> list[dict[str, Any]] | None:
    """Schemas of which each value that does not satisfy the condition satisfies one; None where they are not known.

    Known are those of conditions that list values of properties, or ask for properties. only_objects: whether
    nothing but objects is to be told apart, so that the condition may ask for one.
    """
    if not isinstance(condition, dict):
        return None
    asked = set(condition) - _SAYS_NOTHING
    if not asked <= _ASKS or ("type" in asked and not (only_objects and condition["type"] == "object")):
        return None
    properties = condition.get("properties", {})
    if not all(isinstance(said, dict) and set(said) - _SAYS_NOTHING in _LISTS for said in properties.values()):
        return None
    otherwise: list[dict[str, Any]] = [
        {"type": "object", "properties": {name: {"not": said}}, "required": [name]} for name, said in properties.items()
    ]
    absent = [{"type": "object", "properties": {name: False}} for name in condition.get("required", ())]
    return [*otherwise, *absent]


def excluded_by(schema: Any) -> list[Any]:
    """The values that a schema excludes one by one, by a `not` of a list."""
    inside = schema.get("not") if isinstance(schema, dict) else None
    if not isinstance(inside, dict) or set(inside) - _SAYS_NOTHING not in ({"const"}, {"enum"}):
        return []
    return [inside["const"]] if "const" in inside else list(inside["enum"])
