"""This file knows what the plain types of Python, and some of Pydantic's that no text format says, mean of a column."""

from __future__ import annotations

import collections.abc
import datetime
import decimal
import uuid
from typing import Any

_COMPLEX = r"^-?[1-9][0-9]{0,2}\.[0-9]{2}[+-][1-9][0-9]{0,2}\.[0-9]{2}j$"

# type -> what it says of a column
_SCALARS: dict[Any, dict[str, Any]] = {
    bool: {"kind": "boolean"},
    int: {"kind": "integer"},
    float: {"kind": "number"},
    str: {"kind": "text"},
    bytes: {"kind": "bytes"},
    bytearray: {"kind": "bytes"},
    decimal.Decimal: {"kind": "decimal"},
    datetime.datetime: {"kind": "datetime"},
    datetime.date: {"kind": "date"},
    datetime.time: {"kind": "time"},
    datetime.timedelta: {"kind": "duration"},
    uuid.UUID: {"kind": "uuid"},
    complex: {"kind": "text", "patterns": (_COMPLEX,)},
    type(None): {"kind": "null"},
    None: {"kind": "null"},
    Any: {"kind": "any"},
    object: {"kind": "any"},
    collections.abc.Hashable: {"kind": "any"},
}
# the same for types that are known by where they are defined
_NAMED: dict[str, dict[str, Any]] = {
    "pydantic.types.PastDate": {"kind": "date", "relative": "past"},
    "pydantic.types.FutureDate": {"kind": "date", "relative": "future"},
    "pydantic.types.PastDatetime": {"kind": "datetime", "relative": "past"},
    "pydantic.types.FutureDatetime": {"kind": "datetime", "relative": "future"},
    "pydantic.types.AwareDatetime": {"kind": "datetime", "zoned": True},
    "pydantic.types.NaiveDatetime": {"kind": "datetime", "zoned": False},
    "pydantic.types.SecretBytes": {"kind": "bytes"},
    "pydantic.types.ByteSize": {"kind": "integer", "minimum": 0},
    "pydantic.types.Json": {"kind": "any", "format": "json"},
    "pydantic.types.JsonValue": {"kind": "any"},
    "pydantic.types.ImportString": {"kind": "choice", "choices": ("math.pi", "math.sqrt", "os.path", "json.dumps")},
    "pydantic_extra_types.coordinate.Latitude": {"kind": "number", "minimum": -90.0, "maximum": 90.0},
    "pydantic_extra_types.coordinate.Longitude": {"kind": "number", "minimum": -180.0, "maximum": 180.0},
    "fractions.Fraction": {"kind": "number", "multiple_of": 0.125},
}


def known_type(annotation: Any, full_name: str) -> dict[str, Any] | None:
    """What a type says of a column: by itself, or by where it is defined; None where it is none of these."""
    try:
        known = _SCALARS.get(annotation)
    except TypeError:  # not hashable
        known = None
    return known or _NAMED.get(full_name)
