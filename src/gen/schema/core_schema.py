"""This file knows how to read the core schema that Pydantic makes of a model: nested dictionaries, each with a type."""

from __future__ import annotations

import enum
import sys
from collections.abc import Iterator
from typing import Any

from pydantic import EmailStr

_NO_SCHEMAS = ("metadata", "serialization")  # what is inside says nothing of values


def _nodes(schema: Any) -> Iterator[dict[str, Any]]:
    """Every dictionary of a core schema."""
    pending = [schema]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            yield item
            pending += [value for key, value in item.items() if key not in _NO_SCHEMAS]
        elif isinstance(item, (list, tuple)):
            pending += item


def has_validators(schema: Any) -> bool:
    """Whether a core schema calls functions of the user's own."""
    functions = (n.get("function") for n in _nodes(schema) if str(n.get("type", "")).startswith("function-"))
    return not all(map(_is_of_pydantic, functions))


def _is_of_pydantic(function: Any) -> bool:
    """Whether a function of a core schema makes values of a type: Pydantic's own, or a class of Python's."""
    function = function.get("function") if isinstance(function, dict) else function
    function = getattr(function, "func", function)  # of a partial one
    module = str(getattr(function, "__module__", "")).partition(".")[0]
    of_python = isinstance(function, type) and module in sys.stdlib_module_names
    return of_python or module.startswith(("pydantic", "annotated_types"))


def listed_members(schema: Any) -> list[enum.Enum]:
    """The members of Enums that a core schema lists in a Literal."""
    listed = (value for node in _nodes(schema) if node.get("type") == "literal" for value in node["expected"])
    return [value for value in listed if isinstance(value, enum.Enum)]


def has_addresses(schema: Any) -> bool:
    """Whether a core schema has an e-mail address somewhere."""
    return any(map(_is_address, _nodes(schema)))


def with_plain_addresses(schema: Any) -> Any:
    """A core schema with any text in place of an e-mail address, of which Pydantic checks 20,000 a second."""
    if isinstance(schema, dict):
        if _is_address(schema):
            return schema["schema"]
        kept = (*_NO_SCHEMAS, "default")
        return {key: value if key in kept else with_plain_addresses(value) for key, value in schema.items()}
    if type(schema) in (list, tuple):
        return type(schema)(map(with_plain_addresses, schema))
    return schema


def _is_address(node: dict[str, Any]) -> bool:
    function = node.get("function") if node.get("type") == "function-after" else None
    return isinstance(function, dict) and getattr(function.get("function"), "__self__", None) is EmailStr
