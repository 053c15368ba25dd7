"""This file knows what a model's configuration says of its fields: the constraints of every str in it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.errors import PydanticUserError

from gen.schema.constraints import CASES, constrained, ungrouped
from gen.schema.spec import Column

# setting -> the constraint that it is on every str. No other one narrows what a field may hold: `strict`,
# `coerce_numbers_to_str` and the like say what is taken beside values of the type itself, and of those rows are made.
_SETTINGS = {
    "str_min_length": "min_length",
    "str_max_length": "max_length",
    "str_to_upper": "to_upper",
    "str_to_lower": "to_lower",
    "str_strip_whitespace": "strip_whitespace",
}
_CAPITALS = {"currency"}  # formats whose types write capitals whatever the settings say
Settings = Mapping[str, Any]  # constraint -> its value


def settings_of(annotation: Any, around: Settings) -> Settings:
    """What the configuration of a class says of every str in it.

    Pydantic's rule: models and its own dataclasses have their own; other classes without one, that of the model around.
    """
    is_model = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    config = annotation.model_config if is_model else getattr(annotation, "__pydantic_config__", None)
    if not config and not is_model and not hasattr(annotation, "__pydantic_fields__"):
        return around
    return {constraint: config[name] for name, constraint in _SETTINGS.items() if config and config.get(name)}


def apply_settings(where: str, column: Column, annotation: Any, settings: Settings, metadata: Sequence[Any]) -> Column:
    """The column of a str with its model's settings; what is said of the field itself takes their place."""
    if not settings or not _takes_str(annotation, column):
        return column
    said = list(ungrouped(metadata))
    for attribute, value in settings.items():
        transforms = isinstance(value, bool)
        if any(getattr(item, attribute, None) is not None for item in said):
            continue
        if transforms and column.format:  # a format has no space at its ends; letters are put into the case once drawn
            case = column.case if column.format in _CAPITALS else CASES.get(attribute, column.case)
            column = replace(column, case=case)
            continue
        if column.format and not transforms:  # it is of the text as it comes, before any decoding
            column = replace(column, **{attribute: value})
            continue
        column = constrained(where, column, attribute, value)
    return column


def _takes_str(annotation: Any, column: Column) -> bool:
    """Whether a type checks a str, by itself or on the way, as EmailStr does."""
    if annotation is str:
        return True
    if column.format is None or not isinstance(annotation, type) or dataclasses.is_dataclass(annotation):
        return False
    try:
        return _has_str(TypeAdapter(annotation).core_schema)
    except (PydanticUserError, TypeError):
        return False


def _has_str(schema: Any) -> bool:
    if isinstance(schema, dict):
        return schema.get("type") == "str" or any(
            _has_str(value) for key, value in schema.items() if key not in ("metadata", "serialization")
        )
    return isinstance(schema, (list, tuple)) and any(map(_has_str, schema))
