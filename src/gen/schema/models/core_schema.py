"""This file knows how to read the core schema that Pydantic makes of a model: nested dictionaries, each with a type."""

from __future__ import annotations

import enum
import sys
from collections.abc import Iterator
from typing import Any

from pydantic_core import SchemaError, SchemaValidator

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


_MODELS = ("model", "dataclass", "typed-dict")


def has_own_validators(schema: Any) -> bool:
    """Whether a class with fields is validated by functions of the user's own: not those of classes inside of it."""
    known = {definition["ref"]: definition for definition in schema.get("definitions", ())}
    while schema.get("type") in ("definitions", "definition-ref"):
        schema = schema["schema"] if schema["type"] == "definitions" else known[schema["schema_ref"]]
    own = _model_inside(schema)
    return own is not None and any(has_validators(_shallow(node)) for node in _own_nodes(schema, own))


def _own_nodes(schema: Any, own: Any) -> Iterator[dict[str, Any]]:
    """Every dictionary of a core schema that is not of another class with fields."""
    pending = [schema]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            if _model_inside(item) in (None, own):
                yield item
                pending += [value for key, value in item.items() if key not in _NO_SCHEMAS]
        elif isinstance(item, (list, tuple)):
            pending += item


def sees_others(schema: Any) -> bool:
    """Whether a function around a type, outside of what it holds, is called with more than the value."""
    known = {definition["ref"]: definition for definition in schema.get("definitions", ())}
    pending = [schema]
    while pending:
        node = pending.pop()
        if node.get("type") == "definition-ref":
            pending += [known.pop(node["schema_ref"])] if node["schema_ref"] in known else []
        elif node.get("type") not in (*_MODELS, "list", "set", "frozenset", "dict", "tuple", "generator"):
            if _sees_others(node):
                return True
            choices = [c[0] if isinstance(c, tuple) else c for c in node.get("choices", ())]
            pending += [inner for inner in (node.get("schema"), *choices) if isinstance(inner, dict)]
    return False


def _shallow(node: dict[str, Any]) -> dict[str, Any]:
    """A node by itself."""
    return {key: node[key] for key in ("type", "function") if key in node}


def _model_inside(node: dict[str, Any]) -> Any:
    """The class with fields that a node is of, maybe with functions around it; None where it is of none."""
    while str(node.get("type", "")).startswith("function-") and isinstance(node.get("schema"), dict):
        node = node["schema"]
    return node.get("cls", node.get("cls_name")) if node.get("type") in _MODELS else None


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


def judged_fields(schema: Any) -> dict[str, SchemaValidator] | None:
    """The fields of a model that functions of the user's own judge, each by what validates it alone.

    None where a function sees more than one field, or may.
    """
    fields = schema.get("schema", {})
    plain = schema["type"] == "model" and fields.get("type") == "model-fields"
    if not plain or schema.get("custom_init") or schema.get("root_model") or schema.get("post_init"):
        return None
    judged = {name: field["schema"] for name, field in fields["fields"].items() if has_validators(field)}
    if any(_sees_others(node) for field in judged.values() for node in _nodes(field)):
        return None
    try:
        return {name: SchemaValidator(field, schema.get("config")) for name, field in judged.items()}
    except SchemaError:  # a part is defined elsewhere
        return None


def _sees_others(node: dict[str, Any]) -> bool:
    """Whether a function is called with what was validated before, or in a place of its own."""
    function = node.get("function")
    return isinstance(function, dict) and function.get("type") != "no-info"
