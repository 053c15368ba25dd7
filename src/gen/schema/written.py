"""This file knows a Spec as plain JSON: written out, and read back equal."""

from __future__ import annotations

import base64
import datetime
import decimal
import uuid
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from gen.schema.domains import Provider
from gen.schema.links import Aggregate, Children, Distribution, Key, Ordinal, Reference, Ring, Tree
from gen.schema.spec import COLUMN_DEFAULTS, After, Column, Spec, Table


def _repr_of_seconds(duration: datetime.timedelta) -> str:
    """A duration as decimal seconds, exactly: "1.5"."""
    return str(decimal.Decimal(duration // datetime.timedelta(microseconds=1)).scaleb(-6).normalize())


def _seconds_from(text: str) -> datetime.timedelta:
    """The duration of so many decimal seconds."""
    return datetime.timedelta(microseconds=int(decimal.Decimal(text).scaleb(6)))


# values that JSON has no type for: their tag, their type, to text and back
TAGS: tuple[tuple[str, type, Callable[[Any], str], Callable[[str], Any]], ...] = (
    ("datetime", datetime.datetime, lambda v: v.isoformat(), datetime.datetime.fromisoformat),
    ("date", datetime.date, lambda v: v.isoformat(), datetime.date.fromisoformat),
    ("time", datetime.time, lambda v: v.isoformat(), datetime.time.fromisoformat),
    ("seconds", datetime.timedelta, _repr_of_seconds, _seconds_from),
    ("decimal", decimal.Decimal, str, decimal.Decimal),
    ("uuid", uuid.UUID, str, uuid.UUID),
    ("base64", bytes, lambda v: base64.b64encode(v).decode(), base64.b64decode),
)


def spec_to_json(spec: Spec) -> dict[str, Any]:
    """Plain JSON values; times as ISO 8601 text under a type tag. `spec_from_json` reads it back, equal."""
    return {"name": spec.name, "tables": [_table_to_json(table) for table in spec.tables]}


def spec_from_json(data: Mapping[str, Any]) -> Spec:
    """The schema that `spec_to_json` wrote."""
    return Spec(data["name"], tuple(_table_from_json(table) for table in data["tables"]))


def column_to_json(column: Column) -> dict[str, Any]:
    """The facts of a column that are not the default, as plain JSON values."""
    facts: dict[str, Any] = {}
    for name, default in COLUMN_DEFAULTS.items():
        value = getattr(column, name)
        if value != default and name != "description":  # which decides no value
            facts[name] = _value_to_json(value)
    return facts


def column_from_json(facts: Mapping[str, Any]) -> Column:
    """The column that `column_to_json` wrote."""
    values = {name: _value_from_json(value) for name, value in facts.items()}
    for name, record in _RECORDS.items():
        if isinstance(values.get(name), Mapping):
            values[name] = _record_from_json(record, values[name])
    for name in ("distribution", "lengths"):
        if values.get(name):
            values[name] = _distribution_from_json(values[name])
    for name in ("values", "correlated", "noise", "undrawn", "contained"):
        if name in values:
            values[name] = tuple(tuple(map(_value_from_json, pair)) for pair in values[name])
    if provider := values.get("provider"):
        values["provider"] = Provider(**{**provider, "arguments": tuple(map(tuple, provider["arguments"]))})
    if "parts" in facts:
        values["parts"] = tuple(column_from_json(part) for part in facts["parts"])
    for name in ("choices", "patterns", "weights", "depends_on", "unique", "copied"):
        if name in values:
            values[name] = tuple(map(_value_from_json, values[name]))
    return Column(**values)


_FLAGS = ("document", "follows", "existing")  # of a table


def _table_to_json(table: Table) -> dict[str, Any]:
    columns = [column_to_json(column) for column in table.columns]
    facts = {"name": table.name, "rows": table.rows, "fixed": table.fixed, "columns": columns}
    whole = {"whole": column_to_json(table.whole)} if table.whole else {}
    undrawn = {"undrawn": _value_to_json(table.undrawn)} if table.undrawn else {}
    flags: dict[str, Any] = {name: True for name in _FLAGS if getattr(table, name)}
    flags |= {"extends": table.extends} if table.extends else {}
    return facts | flags | whole | undrawn


def _table_from_json(data: Mapping[str, Any]) -> Table:
    columns = tuple(column_from_json(facts) for facts in data["columns"])
    whole = column_from_json(data["whole"]) if "whole" in data else None
    undrawn = tuple((name, why) for name, why in data.get("undrawn", ()))
    flags = {name: data.get(name, False) for name in _FLAGS} | {"extends": data.get("extends")}
    return Table(data["name"], columns, data["rows"], data["fixed"], whole=whole, undrawn=undrawn, **flags)


# what is written as a record of its own, by the name of the fact, or of the field of another record
_RECORDS: dict[str, type] = {
    "key": Key,
    "reference": Reference,
    "after": After,
    "ordinal": Ordinal,
    "aggregate": Aggregate,
    "children": Children,
    "tree": Tree,
    "ring": Ring,
}
_SHORT = (Reference, Ordinal, Aggregate, Children, Tree, Ring)  # written without what they do not say


def _record_to_json(record: Any) -> dict[str, Any]:
    if isinstance(record, Key):
        return {"order": record.order}  # all else a plan says
    values = {field.name: (getattr(record, field.name), field.default) for field in fields(record)}
    short = isinstance(record, _SHORT)
    return {name: _value_to_json(value) for name, (value, default) in values.items() if not short or value != default}


def _record_from_json(record: type, values: Mapping[str, Any]) -> Any:
    records = {name: v for name, v in values.items() if name in _RECORDS and isinstance(v, Mapping)}
    inner = {name: _record_from_json(_RECORDS[name], v) for name, v in records.items()}
    law = {"law": _distribution_from_json(values["law"])} if "law" in values else {}
    pairs = {"matching": tuple(map(tuple, values["matching"]))} if "matching" in values else {}
    return record(**{**values, **inner, **law, **pairs})


def _distribution_from_json(law: Mapping[str, Any]) -> Distribution:
    def value(item: Any) -> Any:
        if isinstance(item, list):
            return tuple(value(each) for each in item)
        return _distribution_from_json(item) if isinstance(item, dict) else item

    return Distribution(law["name"], tuple((name, value(item)) for name, item in law["parameters"]))


def _value_to_json(value: Any) -> Any:
    for tag, kind, write, _ in TAGS:
        if isinstance(value, kind):
            return {tag: write(value)}
    if isinstance(value, Column):
        return column_to_json(value)
    if isinstance(value, (*_RECORDS.values(), Distribution, Provider)):
        return _record_to_json(value)
    return [_value_to_json(v) for v in value] if isinstance(value, (list, tuple)) else value


def _value_from_json(value: Any) -> Any:
    if isinstance(value, dict) and len(value) == 1:
        for tag, _, _, read in TAGS:
            if tag in value:
                return read(value[tag])
    return value
