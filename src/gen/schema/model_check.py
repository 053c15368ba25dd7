"""This file knows how a model validates rows: which it takes, which field is to blame for one that it does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from pydantic import RootModel, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, to_json

# Errors that depend on the clock of this machine, while values depend on the run's `as_of`.
_BY_THE_CLOCK = frozenset({"date_past", "date_future", "datetime_past", "datetime_future"})

# Errors that functions of the user's own raise: these would do so again if the value came from JSON.
_BY_VALIDATORS = frozenset({"value_error", "assertion_error"})


def _has_validators(schema: Any) -> bool:
    """Whether a core schema calls functions that are not Pydantic's own."""
    pending = [schema]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            if str(item.get("type", "")).startswith("function-") and not _is_of_pydantic(item.get("function")):
                return True
            pending += [value for key, value in item.items() if key not in ("metadata", "serialization")]
        elif isinstance(item, (list, tuple)):
            pending += item
    return False


def _is_of_pydantic(function: Any) -> bool:
    function = function.get("function") if isinstance(function, dict) else function
    function = getattr(function, "func", function)  # of a partial one
    return str(getattr(function, "__module__", "")).startswith(("pydantic", "annotated_types"))


class ModelCheck:
    """A Pydantic model, dataclass or TypedDict as a judge of rows."""

    def __init__(self, model: Any) -> None:
        self.model = model

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.model)

    def instance(self, row: Mapping[str, Any]) -> Any:
        """The row as an instance of the model, validated; raises ValidationError where the model does not take it."""
        value = self._value(row)
        # Values come as JSON would hold them, by the names of fields: strictness and aliases are about other input.
        try:
            return self._adapter.validate_python(value, strict=False, by_alias=False, by_name=True)
        except ValidationError as error:
            try:
                return self._from_json(value)
            except (ValidationError, PydanticSerializationError):
                raise error from None

    def _value(self, row: Mapping[str, Any]) -> Any:
        return row["root"] if self._is_root else row

    def _from_json(self, value: Any) -> Any:
        """The same where some types take a value only from JSON: members of an Enum in a Literal."""
        return self._adapter.validate_json(to_json(value), strict=False, by_alias=False, by_name=True)

    @cached_property
    def _is_root(self) -> bool:
        return isinstance(self.model, type) and issubclass(self.model, RootModel)

    @cached_property
    def sample(self) -> int:
        """How many rows to try: more of a model that has validators of its own, which may narrow what it takes."""
        return 256 if _has_validators(self._adapter.core_schema) else 64

    def blamed(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
        """For each row the fields that are to blame, with the reason; {"": reason} where the row as a whole is."""
        return [self._blamed(row) for row in rows]

    def _blamed(self, row: Mapping[str, Any]) -> dict[str, str]:
        try:
            self._adapter.validate_python(self._value(row), strict=False, by_alias=False, by_name=True)
        except ValidationError as error:
            found: dict[str, str] = {}
            lines = error.errors(include_url=False, include_context=False, include_input=False)
            if any(line["type"] not in _BY_VALIDATORS for line in lines) and self._takes_json(row):
                return {}
            for line in lines:
                if line["type"] not in _BY_THE_CLOCK:
                    found.setdefault(str(line["loc"][0]) if line["loc"] else "", line["msg"])
            return found
        except Exception as error:  # noqa: BLE001 - a validator of the user's own may raise anything
            return {"": f"{type(error).__name__}: {error}"}
        return {}

    def _takes_json(self, row: Mapping[str, Any]) -> bool:
        try:
            self._from_json(self._value(row))
        except (ValidationError, PydanticSerializationError):
            return False
        return True

    def __getstate__(self) -> dict[str, Any]:
        return {"model": self.model}
