"""This file knows how to read a Pydantic model: its fields, their types, constraints and facts, as one Table."""

from __future__ import annotations

import datetime
import enum
from collections.abc import Iterable, Iterator
from typing import Any, Literal, get_args, get_origin

import annotated_types
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from gen.errors import SchemaError
from gen.schema.distributions import distribution_of
from gen.schema.markers import Marker
from gen.schema.spec import KEY_ORDERS, KINDS, Column, Key, Reference, Table, suggestion

# Python type -> kind of column. Most specific first: a bool is an int to Python, a datetime is a date.
_KIND_OF_TYPE: tuple[tuple[type, str], ...] = (
    (bool, "boolean"),
    (int, "integer"),
    (float, "number"),
    (str, "text"),
    (datetime.datetime, "datetime"),
    (datetime.date, "date"),
)
# constraint -> (fact of the column, fact that says it is excluded)
_BOUNDS: tuple[tuple[type, str, str, bool], ...] = (
    (annotated_types.Ge, "ge", "minimum", False),
    (annotated_types.Gt, "gt", "minimum", True),
    (annotated_types.Le, "le", "maximum", False),
    (annotated_types.Lt, "lt", "maximum", True),
)
# constraints Pydantic keeps in its own metadata object, which no synthesizer here can honour yet
_NOT_YET = ("pattern", "max_digits", "decimal_places", "union_mode")
# kinds whose laws take times and durations as parameters: seconds, or ISO 8601 text
TIMES = ("datetime", "date", "time", "duration")
_FACTS = ("sql", "distribution", "domain", "synthesizer")


def table_from_model(model: type[BaseModel], rows: int = 1000, fixed: bool = False) -> Table:
    """The table a model declares: one column for each field, in order.

    Raises SchemaError naming model, field, what was found and what to do.
    """
    if not model.model_fields:
        raise SchemaError(f"{model.__name__} has no fields.", hint="A table needs at least one.")
    columns = tuple(_column(model.__name__, name, info) for name, info in model.model_fields.items())
    return Table(model.__name__, columns, rows, fixed)


def _column(model: str, name: str, info: FieldInfo) -> Column:
    where = f"{model}.{name}"
    kind, choices = _kind(where, info.annotation)
    values: dict[str, Any] = {"name": name, "kind": kind, "choices": choices}
    _read_constraints(where, kind, info.metadata, values)
    _read_facts(where, _facts(where, info), values)
    return Column(**values)


def _kind(where: str, annotation: Any) -> tuple[str, tuple[Any, ...]]:
    """The kind of column for a field's type, and the values it may take where they are listed."""
    if get_origin(annotation) is Literal:
        return "choice", _plain_choices(where, get_args(annotation))
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return "choice", _plain_choices(where, (member.value for member in annotation))
    for python_type, kind in _KIND_OF_TYPE:
        if annotation is python_type:
            return kind, ()
    found = getattr(annotation, "__name__", None) if isinstance(annotation, type) else str(annotation)
    raise SchemaError(
        f"{where}: fields of type {found} are not supported yet.",
        hint="Supported are int, float, bool, str, datetime, date, Enum and Literal; leave the field out or "
        "give it one of these types.",
    )


def _plain_choices(where: str, values: Iterable[Any]) -> tuple[Any, ...]:
    choices = tuple(value.value if isinstance(value, enum.Enum) else value for value in values)
    if not choices:
        raise SchemaError(f"{where}: there is no value to choose from.", hint="Give the Enum at least one member.")
    kinds = {type(value) for value in choices}
    if len(kinds) != 1 or not kinds <= {str, int, float, bool}:
        names = ", ".join(sorted(kind.__name__ for kind in kinds))
        raise SchemaError(
            f"{where}: the values to choose from are of type {names}.",
            hint="Supported are values that are all str, all int, all float or all bool.",
        )
    if kinds == {int} and not all(-(2**63) <= value < 2**63 for value in choices):
        raise SchemaError(
            f"{where}: a value to choose from does not fit 64 bits.", hint="Use smaller numbers, or text."
        )
    return choices


def _read_constraints(where: str, kind: str, metadata: Iterable[Any], values: dict[str, Any]) -> None:
    for item in _ungrouped(metadata):
        for constraint, attribute, fact, excluded in _BOUNDS:
            if isinstance(item, constraint):
                _tighten(fact, _bound(where, kind, getattr(item, attribute)), excluded, values)
        if isinstance(item, annotated_types.MultipleOf):
            values["multiple_of"] = item.multiple_of
        if isinstance(item, annotated_types.MinLen):
            values["min_length"] = item.min_length
        if isinstance(item, annotated_types.MaxLen):
            values["max_length"] = item.max_length
        if isinstance(item, annotated_types.Predicate):
            raise SchemaError(
                f"{where}: a predicate cannot be honoured: {item.func!r}.",
                hint="Leave it out, or name a synthesizer of your own that keeps it.",
            )
        for name in _NOT_YET:
            if getattr(item, name, None) is not None:
                raise SchemaError(
                    f"{where}: the constraint {name} is not supported yet.",
                    hint="Leave it out, or name a synthesizer of your own that keeps it.",
                )


def _ungrouped(metadata: Iterable[Any]) -> Iterator[Any]:
    """Every constraint by itself: `Interval(ge=1, le=5)` is two."""
    for item in metadata:
        if isinstance(item, annotated_types.GroupedMetadata):
            yield from _ungrouped(item)
        else:
            yield item


def _tighten(fact: str, bound: Any, excluded: bool, values: dict[str, Any]) -> None:
    """Of several bounds on one side, the narrowest counts."""
    known = values.get(fact)
    if known is not None:
        looser = bound < known if fact == "minimum" else bound > known
        if looser or (bound == known and not excluded):
            return
    values[fact], values[f"{fact}_excluded"] = bound, excluded


def _bound(where: str, kind: str, bound: Any) -> Any:
    allowed: dict[str, tuple[type, ...]] = {
        "integer": (int, float),
        "number": (int, float),
        "datetime": (datetime.datetime,),
        "date": (datetime.date,),
    }
    if not isinstance(bound, allowed.get(kind, ())) or isinstance(bound, bool):
        raise SchemaError(
            f"{where}: the bound {bound!r} does not suit a field of kind {kind}.",
            hint="Use a bound of the field's own type.",
        )
    return bound


def _facts(where: str, info: FieldInfo) -> dict[str, Any]:
    """What json_schema_extra and the markers say, in one dictionary; unknown names are other tools' and left alone."""
    extra = info.json_schema_extra
    facts: dict[str, Any] = {}
    if callable(extra):
        extra(facts)
    elif extra:
        facts = dict(extra)
    for marker in info.metadata:
        if isinstance(marker, type) and issubclass(marker, Marker):
            raise SchemaError(f"{where}: {marker.__name__} is a class here.", hint=f"Write {marker.__name__}().")
        if isinstance(marker, Marker):
            for name, value in marker.facts().items():
                both = isinstance(value, dict) and isinstance(facts.get(name), dict)
                facts[name] = {**facts[name], **value} if both else value
    return {name: facts[name] for name in _FACTS if name in facts}


def _read_facts(where: str, facts: dict[str, Any], values: dict[str, Any]) -> None:
    if "sql" in facts:
        _read_sql(where, facts["sql"], values)
    if "distribution" in facts:
        values["distribution"] = distribution_of(where, facts["distribution"], values["kind"] in TIMES)
    for name in ("domain", "synthesizer"):
        if name in facts:
            if not isinstance(facts[name], str):
                raise SchemaError(f"{where}: {name} is {facts[name]!r}.", hint="Give its name, as text.")
            values[name] = facts[name]
    named = values.get("synthesizer") is not None
    if "domain" in values and values["kind"] != "text" and not named:
        raise SchemaError(
            f"{where}: the domain {values['domain']!r} is for text, and the field is {KINDS[values['kind']]}.",
            hint="Leave it out, or make the field a str.",
        )


def _read_sql(where: str, sql: Any, values: dict[str, Any]) -> None:
    if not isinstance(sql, dict):
        raise SchemaError(f'{where}: "sql" is {sql!r}.', hint='Write {"sql": {"key": "primary"}}.')
    unknown = sorted(set(sql) - {"key", "order", "reference"})
    if unknown:
        raise SchemaError(f'{where}: "sql" says {unknown[0]!r}.', hint='It understands "key", "order", "reference".')
    key = sql.get("key", "primary")
    if key not in ("primary", "foreign"):
        raise SchemaError(
            f'{where}: a key is "primary" or "foreign", not {key!r}.', hint=suggestion(str(key), ("primary", "foreign"))
        )
    if key == "primary":
        order = sql.get("order")
        if order is not None and order not in KEY_ORDERS:
            raise SchemaError(f"{where}: there is no key order {order!r}.", hint=suggestion(str(order), KEY_ORDERS))
        values["key"] = Key(order)
        return
    target = sql.get("reference")
    parts = target.split(".") if isinstance(target, str) else []
    if len(parts) != 2 or not all(parts):
        raise SchemaError(
            f"{where}: a foreign key refers to Table.field, not {target!r}.",
            hint=f'Write ForeignKey("{parts[0] if parts and parts[0] else "Manager"}.id").',
        )
    values["reference"] = Reference(*parts)
