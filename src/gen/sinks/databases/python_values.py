"""This file knows values as drivers give them to Python, put back into the Arrow types that they were sent with."""

from __future__ import annotations

import datetime
import decimal
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from gen.sinks.databases.types import SqlType

ARROW: Mapping[str, pa.DataType] = {
    "int16": pa.int64(),
    "int32": pa.int64(),
    "int64": pa.int64(),
    "float32": pa.float32(),
    "float64": pa.float64(),
    "boolean": pa.bool_(),
    "bytes": pa.binary(),
    "uuid": pa.binary(16),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", "UTC"),
    "duration": pa.duration("us"),
}


def arrow_type(kind: SqlType) -> pa.DataType:
    """The Arrow type that values of a type are sent with."""
    if kind.word == "decimal":
        return pa.decimal128(kind.precision, kind.scale)
    if kind.word == "list":
        assert kind.item is not None
        return pa.list_(arrow_type(kind.item))
    return ARROW.get(kind.word, pa.string())


def from_python(values: Sequence[Any], kind: SqlType) -> pa.Array:
    """An Arrow array of what a driver gave: Python's own types, or the texts and numbers that stand for them."""
    return pa.array(_converted(values, kind), arrow_type(kind))


def _converted(values: Sequence[Any], kind: SqlType) -> Sequence[Any]:
    if kind.word == "list":
        assert kind.item is not None
        return [None if items is None else _converted(items, kind.item) for items in values]
    convert = _decimal(kind.scale or 0) if kind.word == "decimal" else _CONVERTED.get(kind.word)
    return values if convert is None else [None if value is None else convert(value) for value in values]


def _decimal(scale: int) -> Callable[[Any], decimal.Decimal]:
    """To so many places: a float was the nearest one to a decimal of no more than 15 digits."""
    unit, context = decimal.Decimal(1).scaleb(-scale), decimal.Context(prec=76)
    return lambda value: decimal.Decimal(str(value)).quantize(unit, context=context)


def _duration(value: Any) -> datetime.timedelta:
    return value if isinstance(value, datetime.timedelta) else datetime.timedelta(microseconds=int(value))


def _moment(value: Any) -> datetime.datetime:
    found: datetime.datetime = datetime.datetime.fromisoformat(value) if isinstance(value, str) else value
    return found


def _time(value: Any) -> datetime.time:
    if isinstance(value, datetime.timedelta):  # as drivers of MySQL have it
        return (datetime.datetime.min + value).time()
    found: datetime.time = datetime.time.fromisoformat(value) if isinstance(value, str) else value
    return found


# word of a type -> a value of Arrow's, of what a driver may give
_CONVERTED: Mapping[str, Callable[[Any], Any]] = {
    "boolean": bool,
    "float32": float,
    "float64": float,
    "uuid": lambda value: (value if isinstance(value, uuid.UUID) else uuid.UUID(str(value))).bytes,
    "bytes": bytes,
    "date": lambda value: datetime.date.fromisoformat(value) if isinstance(value, str) else value,
    "time": _time,
    "timestamp": _moment,
    "timestamptz": _moment,
    "duration": _duration,
}
