"""This file knows how a model validates rows: which it takes, which field is to blame for one that it does not."""

from __future__ import annotations

import contextlib
import enum
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import RootModel, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError
from pydantic_core import to_json

from gen.schema.models.core_schema import has_own_validators, has_validators, judged_fields, listed_members, sees_others

# Errors that depend on the clock of this machine, while values depend on the run's `as_of`.
_BY_THE_CLOCK = frozenset({"date_past", "date_future", "datetime_past", "datetime_future"})

# Errors that functions of the user's own raise: these would do so again if the value came from JSON.
_BY_VALIDATORS = frozenset({"value_error", "assertion_error"})

RAISED = "its validator raised"  # an exception that says nothing of the value
SMALL_SAMPLE = 64  # rows, of every model
LARGE_SAMPLE = 1024
DEEPEST_TAGS = 10  # unions inside each other that are told apart by members of an Enum


_filters = threading.RLock()  # filters of warnings belong to the whole process


@contextlib.contextmanager
def _unwarned() -> Iterator[None]:
    """Without warnings: a validator may warn of what it takes, and thousands of values are nobody's input."""
    with _filters, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _replaced(value: Any, path: Sequence[Any], member: enum.Enum) -> Any:
    """A value with a member of an Enum at a place inside; names in the path that are no keys are those of branches."""
    if not path:
        return member
    key, *rest = path
    if isinstance(value, Mapping) and key in value:
        if rest == ["[key]"]:
            return {member if name == key else name: item for name, item in value.items()}
        return {**value, key: _replaced(value[key], rest, member)}
    if isinstance(value, (list, tuple)) and isinstance(key, int) and key < len(value):
        return [_replaced(item, rest, member) if i == key else item for i, item in enumerate(value)]
    return _replaced(value, rest, member)


def _lines(error: ValidationError) -> list[Any]:
    """What a model says of a row, field by field."""
    return error.errors(include_url=False, include_context=False, include_input=False)


def _blame_of(error: Exception) -> dict[str, str]:
    """The fields to blame, each with the first reason; none for what the clock of this machine has to do with."""
    if not isinstance(error, ValidationError):
        return {"": f"{RAISED} {type(error).__name__}: {error}".rstrip(".")}
    found: dict[str, str] = {}
    for line in _lines(error):
        if line["type"] not in _BY_THE_CLOCK:
            found.setdefault(str(line["loc"][0]) if line["loc"] else "", line["msg"].rstrip("."))
    return found


class ModelCheck:
    """A Pydantic model, dataclass or TypedDict as a judge of rows. columns: by field, where their names differ."""

    def __init__(self, model: Any, columns: Mapping[str, str] | None = None) -> None:
        self.model = model
        self.columns = columns or {}
        self._fields = {column: name for name, column in self.columns.items()}

    @property
    def called(self) -> str:
        """What messages name it."""
        return str(self.model.__name__)

    @property
    def code(self) -> tuple[Any, ...]:
        """The classes and functions of the user's own that it asks."""
        return (self.model,)

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.model)

    def instance(self, row: Mapping[str, Any]) -> Any:
        """The row as an instance of the model, validated; raises ValidationError where the model does not take it."""
        value = self._value(row)
        # Values come as JSON would hold them, by the names of fields: strictness and aliases are about other input.
        try:
            return self._by_name(value)
        except ValidationError:
            if (found := self._otherwise(value)) is not None:
                return found[0]
            raise

    @property
    def _ways(self) -> tuple[Callable[[Any], Any], ...]:
        """How else a row may be taken: where it is not by the names of its fields."""
        return self._by_alias, self._from_json

    def _by_name(self, value: Any) -> Any:
        return self._validated(value, by_alias=False)

    def _by_alias(self, value: Any) -> Any:
        """The same where validators of its own put the aliases in place of the names."""
        return self._validated(value, by_alias=True)

    def _validated(self, value: Any, by_alias: bool) -> Any:
        """An instance, with members in place of their values where Pydantic takes nothing else: in a Literal."""
        for _ in range(DEEPEST_TAGS):
            try:
                return self._adapter.validate_python(value, strict=False, by_alias=by_alias, by_name=True)
            except ValidationError as error:
                before, value = value, self._with_members(value, error) if self._members else value
                if value is before:
                    raise
        return self._adapter.validate_python(value, strict=False, by_alias=by_alias, by_name=True)

    def _with_members(self, value: Any, error: ValidationError) -> Any:
        """The value with members where an error speaks of them; the same value where none does."""
        for line in error.errors(include_url=False):
            said, place, found = line.get("ctx", {}), line["loc"], line["input"]
            expected = said.get("expected", "")
            if line["type"] == "union_tag_invalid":
                name = said["discriminator"].strip("'")
                expected, place, found = said["expected_tags"], (*place, name), found[name]
            for member in self._members:
                if repr(member) in expected and member.value == found:
                    value = _replaced(value, place, member)
                    break
        return value

    @cached_property
    def _members(self) -> list[enum.Enum]:
        return listed_members(self._adapter.core_schema)

    def _value(self, row: Mapping[str, Any]) -> Any:
        if self._fields:
            row = {self._fields.get(name, name): value for name, value in row.items()}
        return row["root"] if self._is_root else row

    def _from_json(self, value: Any) -> Any:
        """The same where some types take a value only from JSON: members of an Enum in a Literal."""
        return self._adapter.validate_json(to_json(value), strict=False, by_alias=False, by_name=True)

    @cached_property
    def _is_root(self) -> bool:
        return isinstance(self.model, type) and issubclass(self.model, RootModel)

    @property
    def sample(self) -> int:
        """How many rows to try: of a model that has validators of its own, which may refuse few, all of most tables."""
        return LARGE_SAMPLE if self.has_validators else SMALL_SAMPLE

    @cached_property
    def judges_objects(self) -> bool:
        """Whether the class itself, and not only one inside of it, has validators of the user's own."""
        try:
            return has_own_validators(self._adapter.core_schema)
        except (PydanticUserError, NameError, TypeError):  # it is none by itself, outside of its model
            return False

    @cached_property
    def has_validators(self) -> bool:
        """Whether functions of the user's own validate it."""
        return has_validators(self._adapter.core_schema)

    @_unwarned()
    def takes_fields(self, values: Callable[[str], Sequence[Any]]) -> bool:
        """Whether all functions of the user's own take the values of their field in a sample.

        False, too, where that cannot be said field by field. They need not see the others then, most of which they
        have nothing to do with.
        """
        judged = judged_fields(self._adapter.core_schema) if self.has_validators else {}
        if judged is None:
            return False
        try:
            for name, validator in judged.items():
                for value in values(self.columns.get(name, name)):
                    validator.validate_python(value, strict=False, by_alias=False, by_name=True)
        except Exception:  # noqa: BLE001 - a validator of the user's own may raise anything
            return False
        return True

    @_unwarned()
    def blamed(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
        """For each row the fields that are to blame, with the reason; {"": reason} where the row as a whole is."""
        if self._takes_all(rows):
            return [{} for _ in rows]
        blamed = [self._blamed(row) for row in rows]
        return [{self.columns.get(name, name): why for name, why in each.items()} for each in blamed]

    def _takes_all(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Whether the model takes every row by name, asked without a look at what it says of one that it does not."""
        take = self._adapter.validator.validate_python
        try:
            for row in rows:
                take(self._value(row), strict=False, by_alias=False, by_name=True)
        except Exception:  # noqa: BLE001 - a validator of the user's own may raise anything
            return False
        return True

    def _blamed(self, row: Mapping[str, Any]) -> dict[str, str]:
        value = self._value(row)
        try:
            self._by_name(value)
        except ValidationError as error:
            kinds = {line["type"] for line in _lines(error)}
            if kinds - _BY_VALIDATORS and self._otherwise(value) is not None:
                return {}
            return self._blame(self._by_alias, value) if "extra_forbidden" in kinds else _blame_of(error)
        except Exception as error:  # noqa: BLE001 - a validator of the user's own may raise anything
            return _blame_of(error)
        return {}

    def _blame(self, take: Callable[[Any], Any], value: Any) -> dict[str, str]:
        """Why the model does not take a row this way."""
        try:
            take(value)
        except Exception as error:  # noqa: BLE001 - a validator of the user's own may raise anything
            return _blame_of(error)
        return {}

    def _otherwise(self, value: Any) -> tuple[Any] | None:
        """The instance that the model makes of a row in another way than by name, alone in a tuple."""
        for take in self._ways:
            with contextlib.suppress(Exception):  # a validator of the user's own may raise anything
                return (take(value),)
        return None

    def __getstate__(self) -> dict[str, Any]:
        return {"model": self.model, "columns": self.columns, "_fields": self._fields}


@dataclass(frozen=True, eq=False)
class Functions:
    """A type with functions of the user's own around it, which validate its values."""

    annotation: Any
    functions: tuple[Any, ...]


class ValueCheck(ModelCheck):
    """A type as a judge of values, by functions around it: `Annotated[int, AfterValidator(even)]`."""

    def __init__(self, model: Functions) -> None:
        super().__init__(model)

    @property
    def called(self) -> str:
        names = dict.fromkeys(getattr(f, "__name__", type(f).__name__) for f in self.model.functions)
        return f"the validator {', '.join(names)}"

    @property
    def code(self) -> tuple[Any, ...]:
        return tuple(f if hasattr(f, "__qualname__") else type(f) for f in self.model.functions)

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.model.annotation)

    def _value(self, row: Any) -> Any:
        return row

    @_unwarned()
    def taken(self, values: Sequence[Any]) -> list[bool]:
        """Whether each value is taken."""
        take = self._adapter.validator.validate_python
        verdicts = []
        for value in values:
            try:
                take(value, strict=False, by_alias=False, by_name=True)
                verdicts.append(True)
            except ValidationError as error:
                refused = {line["type"] for line in _lines(error)} <= _BY_VALIDATORS
                verdicts.append(not refused and not self._blamed(value))
            except Exception:  # noqa: BLE001 - a validator of the user's own may raise anything
                verdicts.append(False)
        return verdicts

    @property
    def judges_objects(self) -> bool:
        """Whether its functions see the value alone, and not what stands beside it in a model."""
        try:
            return not sees_others(self._adapter.core_schema)
        except (PydanticUserError, NameError, TypeError):
            return False


def check_of(judge: Any) -> ModelCheck:
    """What asks a judge of values inside a row: a class with fields, or a type with functions around it."""
    return ValueCheck(judge) if isinstance(judge, Functions) else ModelCheck(judge)
