"""This file knows how rows of the corpus are judged: by Pydantic, and by jsonschema with its formats asserted."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from pydantic import BaseModel, RootModel

from corpus.documents import Document
from corpus.entries import Entry
from gen import Schema
from gen.errors import GenError

TABLE = "Thing"


@dataclass(frozen=True)
class Outcome:
    """What came of asking for rows of one entry.

    `refusal` and `hint` are what the user reads instead of rows, `failure` is any other exception, `invalid` the
    first row that is not valid, and why; `varied` says that not all rows are equal.
    """

    rows: int = 0
    valid: int = 0
    varied: bool = False
    refusal: str = ""
    hint: str = ""
    failure: str = ""
    invalid: str = ""
    seconds: float = 0.0


def check_field(entry: Entry, rows: int) -> Outcome:
    """Rows of the entry's model, made by gen and judged."""
    return checked(lambda: field_rows(entry.model, rows), lambda made: judge_instances(entry, made))


def check_schema(document: Document, rows: int) -> Outcome:
    """Rows of the JSON Schema, made by gen and judged."""
    return checked(lambda: schema_rows(document.schema, rows), lambda made: judge_values(document.schema, made))


def field_rows(model: type[BaseModel], rows: int) -> list[BaseModel]:
    """Instances of the model, made by gen."""
    schema = Schema("corpus")
    schema.add(model, rows=rows)
    return list(schema.rows(model))


def schema_rows(json_schema: dict[str, Any] | bool, rows: int) -> list[Any]:
    """JSON values of the JSON Schema, made by gen."""
    schema = Schema("corpus")
    schema.add(json_schema, rows=rows, name=TABLE)
    return list(schema.rows(TABLE))


def checked(make: Callable[[], list[Any]], judge: Callable[[list[Any]], list[str]]) -> Outcome:
    """The outcome of making rows with gen and judging them; whatever is raised is part of it."""
    started = time.perf_counter()
    try:
        made = make()
    except GenError as error:
        return Outcome(refusal=error.message, hint=error.hint)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what the user would see
        return Outcome(failure=described(error))
    seconds = time.perf_counter() - started
    return outcome(made, judge(made), seconds)


def outcome(made: Sequence[Any], reasons: Sequence[str], seconds: float) -> Outcome:
    """The outcome of rows and, for each, why it is not valid (or nothing)."""
    invalid = next((f"{row!r:.200}: {reason}" for row, reason in zip(made, reasons, strict=True) if reason), "")
    return Outcome(
        rows=len(made),
        valid=sum(not reason for reason in reasons),
        varied=any(row != made[0] for row in made),
        invalid=invalid,
        seconds=seconds,
    )


def described(error: Exception) -> str:
    """An exception in one line."""
    return f"{type(error).__name__}: {error}".replace("\n", " ")[:300]


def judge_instances(entry: Entry, made: Sequence[Any]) -> list[str]:
    """For each row why it is no valid instance of the entry's model, or nothing."""
    return [_instance_fault(entry.model, row, entry.stable) for row in made]


def _instance_fault(model: type[BaseModel], row: Any, stable: bool) -> str:
    if not isinstance(row, model):
        return f"not an instance of {model.__name__}"
    if not stable:
        return ""
    values = row.root if isinstance(row, RootModel) else row.__dict__ | (row.model_extra or {})
    try:
        model.model_validate(values, by_name=True, by_alias=False)
    except Exception as error:  # noqa: BLE001 - validators of an entry may raise anything
        return described(error)
    return ""


def judge_values(json_schema: dict[str, Any] | bool, made: Sequence[Any]) -> list[str]:
    """For each row why it is not valid under the JSON Schema, or nothing."""
    validator = validator_of(json_schema)
    return [_value_fault(validator, row) for row in made]


def _multiple_of(validator: Validator, step: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """Exact division of what the JSON says: jsonschema divides doubles, and 344.03 is no multiple of 0.01 there."""
    if validator.is_type(instance, "number") and Fraction(repr(instance)) % Fraction(repr(step)):
        yield ValidationError(f"{instance!r} is not a multiple of {step}")


_Exact = extend(Draft202012Validator, {"multipleOf": _multiple_of})


def validator_of(json_schema: dict[str, Any] | bool) -> Validator:
    exact: Validator = _Exact(json_schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    return exact


def _value_fault(validator: Validator, row: Any) -> str:
    try:
        if json.loads(json.dumps(row, allow_nan=False)) != row:
            return "not a JSON value"
        error = next(validator.iter_errors(row), None)
    except Exception as error:  # noqa: BLE001 - a value that is no JSON, or that a checker of a format stumbles over
        return described(error)
    return error.message if error else ""


def complaint(entry: Entry | Document, table: str, asked: int, seen: Outcome) -> str:
    """What is wrong with the outcome, in the light of what the entry expects; nothing if all is well."""
    if seen.failure:
        return seen.failure
    if seen.refusal:
        if entry.refused is False:
            return f"refused: {seen.refusal} {seen.hint}"
        if not seen.hint:
            return f"refused without a hint: {seen.refusal}"
        return "" if table in seen.refusal else f"the refusal does not say where: {seen.refusal}"
    if entry.refused:
        return f"{seen.rows} rows of what can have none"
    if seen.rows != asked:
        return f"{seen.rows} rows instead of {asked}"
    if seen.invalid:
        return f"{seen.valid} of {seen.rows} rows are valid; {seen.invalid}"
    return "" if seen.varied or entry.constant else "all rows are equal"
