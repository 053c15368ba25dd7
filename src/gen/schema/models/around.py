"""This file knows what is said around a type: Annotated, aliases, type variables, and functions of the user's own."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Sequence
from typing import Any

import typing_extensions
from pydantic import BaseModel, RootModel

from gen.schema.constraints import ungrouped
from gen.schema.models.model_check import ModelCheck

UNIONS = (typing.Union, types.UnionType)


def unwrapped(annotation: Any, metadata: Sequence[Any]) -> tuple[Any, tuple[Any, ...]]:
    """A type without Annotated, NewType, aliases and type variables around it, and what those say of it."""
    while True:
        origin = typing.get_origin(annotation)
        if origin is typing.Annotated:
            annotation, *inner = typing.get_args(annotation)
            metadata = (*inner, *metadata)
        elif isinstance(annotation, typing.NewType):
            annotation = annotation.__supertype__
        elif isinstance(annotation, typing.TypeVar):
            annotation = _type_variable(annotation)
        elif origin in (typing.Final, typing_extensions.Required, typing_extensions.NotRequired):
            annotation = typing.get_args(annotation)[0]
        else:
            return annotation, tuple(metadata)


ALIASES = tuple({typing_extensions.TypeAliasType, getattr(typing, "TypeAliasType", typing_extensions.TypeAliasType)})


def alias_value(annotation: Any, origin: Any) -> Any:
    if full_name(annotation) == "pydantic.types.JsonValue" or getattr(annotation, "__name__", "") == "JsonValue":
        return Any
    return origin.__value__[typing.get_args(annotation)] if origin else annotation.__value__


def _type_variable(variable: Any) -> Any:
    if variable.__bound__ is not None:
        return variable.__bound__
    return typing.Union[variable.__constraints__] if variable.__constraints__ else Any  # noqa: UP007


def full_name(annotation: Any) -> str:
    """Where a type is defined, and its name there."""
    return f"{getattr(annotation, '__module__', '')}.{getattr(annotation, '__qualname__', '')}"


def type_name(annotation: Any) -> str:
    plain, _ = unwrapped(annotation, ())
    return getattr(plain, "__name__", None) or str(plain)


# -- functions of the user's own ----------------------------------------------------------------------------

_HOOK = "__get_pydantic_core_schema__"


def functions_around(annotation: Any) -> tuple[Any, ...]:
    """The functions of the user's own that validate a value of this type, and types of the user's own that do.

    Not those of models, nor of what a list or a dict holds: these are asked by themselves.
    """
    return tuple(dict.fromkeys(_functions_around(annotation)))


def _functions_around(annotation: Any) -> Iterator[Any]:
    plain, metadata = unwrapped(annotation, ())
    for item in ungrouped(metadata):
        function = getattr(item, "func", None)  # of AfterValidator and its kin, of Predicate
        if callable(function):
            yield from [] if _is_of_pydantic(function) else [function]
        elif _judges(item if isinstance(item, type) else type(item)):
            yield item
    origin = typing.get_origin(plain)
    if origin in UNIONS:
        for branch in typing.get_args(plain):
            yield from _functions_around(branch)
    elif isinstance(origin or plain, ALIASES):
        yield from _functions_around(alias_value(plain, origin))
    elif isinstance(plain, type) and (_judges(plain) or _is_root_with_validators(plain)):
        yield plain


def _judges(kind: type) -> bool:
    """Whether a class of the user's own says by itself how it is validated."""
    return hasattr(kind, _HOOK) and not issubclass(kind, BaseModel) and not _is_of_pydantic(kind)


def _is_root_with_validators(kind: type) -> bool:
    return issubclass(kind, RootModel) and ModelCheck(kind).judges_objects


def _is_of_pydantic(item: Any) -> bool:
    return str(getattr(item, "__module__", "")).startswith(("pydantic", "annotated_types"))
