"""This file knows what the types of SQL, as SQLAlchemy names them, mean of a column.

A type is looked up by its own name and by those of its base classes, so that a dialect's types need no lines of their
own where they say what the plain one says; nothing of SQLAlchemy is imported.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gen.errors import SchemaError
from gen.schema.choices import choice_of
from gen.schema.spec import Column


@dataclass(frozen=True)
class SqlType:
    """What a type says: the kind, facts that it always has, and facts that are attributes of the type, where set."""

    kind: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)


def _whole(bits: int) -> SqlType:
    """Whole numbers of so many bits. Below zero, too, where a condition says so: see `within_bits`."""
    return SqlType("integer", {"maximum": 2 ** (bits - 1) - 1})


_LENGTH = {"max_length": "length"}
_DIGITS = {"max_digits": "precision", "decimal_places": "scale"}
_TEXT = SqlType("text", attributes=_LENGTH)
_LAST_TIMESTAMP = datetime.datetime(2038, 1, 19, 3, 14, 7)

# name of a type -> what it says; a date-time has a time zone where its attribute says True
TYPES: dict[str, SqlType] = {
    "Boolean": SqlType("boolean"),
    "TINYINT": _whole(8),
    "SmallInteger": _whole(16),
    "MEDIUMINT": _whole(24),
    "Integer": _whole(32),
    "BigInteger": SqlType("integer"),
    "YEAR": SqlType("integer", {"minimum": 1901, "maximum": 2155}),
    "OID": SqlType("integer"),
    "Numeric": SqlType("decimal", attributes=_DIGITS),
    "MONEY": SqlType("decimal", {"max_digits": 18, "decimal_places": 2}),
    "SMALLMONEY": SqlType("decimal", {"max_digits": 9, "decimal_places": 4}),
    "Float": SqlType("number"),
    "String": _TEXT,
    "CITEXT": _TEXT,
    "INET": SqlType("text", {"format": "ipv4"}),
    "CIDR": SqlType("text", {"format": "ipv4-network"}),
    "MACADDR": SqlType("text", {"format": "mac"}),
    "_Binary": SqlType("bytes", attributes=_LENGTH),
    "Date": SqlType("date"),
    "DateTime": SqlType("datetime"),
    "DATETIMEOFFSET": SqlType("datetime", {"zoned": True}),
    "Time": SqlType("time"),
    "_AbstractInterval": SqlType("duration"),
    "Uuid": SqlType("uuid"),
    "UNIQUEIDENTIFIER": SqlType("uuid"),
    "JSON": SqlType("any"),
    "XML": SqlType(""),  # a text to SQLAlchemy, and not any
}
# dialect -> what its types say otherwise
OF_DIALECTS: dict[str, dict[str, SqlType]] = {
    "sqlite": {
        name: SqlType("integer") for name in ("SmallInteger", "Integer")
    },  # of 64 bits, whatever they are called
    "mysql": {
        "BIT": SqlType("boolean"),
        "TIMESTAMP": SqlType("datetime", {"minimum": datetime.datetime(1970, 1, 2), "maximum": _LAST_TIMESTAMP}),
    },
    "mssql": {
        "BIT": SqlType("boolean"),
        "TINYINT": SqlType("integer", {"minimum": 0, "maximum": 255}),
        "MONEY": SqlType("decimal", {"max_digits": 19, "decimal_places": 4}),
    },
}
OF_DIALECTS["mariadb"] = OF_DIALECTS["mysql"]


def column_of_type(where: str, name: str, sql_type: Any, dialect: str = "") -> Column | None:
    """The column that a type of SQLAlchemy says; None of one that is in no table.

    Raises SchemaError where it is in one, and says too little: an Enum without values.
    """
    names = [base.__name__ for base in type(sql_type).__mro__]
    if (
        "TypeDecorator" in names and "_AbstractInterval" not in names
    ):  # of the user's own: what reaches the database is of the type inside
        return column_of_type(where, name, sql_type.impl, dialect)
    if "DOMAIN" in names:
        return column_of_type(where, name, sql_type.data_type, dialect)
    if "Enum" in names or "SET" in names:
        return _choice(where, name, sql_type)
    if "ARRAY" in names:
        return _list(where, name, sql_type, dialect)
    if "TINYINT" in names and getattr(sql_type, "display_width", None) == 1:
        return Column(name, "boolean")  # as MySQL writes BOOLEAN
    known = next((found for each in names for found in _known(each, dialect)), None)
    if known is None or not known.kind:
        return None
    said = {fact: getattr(sql_type, attribute, None) for fact, attribute in known.attributes.items()}
    facts = {**known.facts, **{fact: value for fact, value in said.items() if value is not None}}
    if known.kind == "datetime" and getattr(sql_type, "timezone", False):
        facts["zoned"] = True
    if getattr(sql_type, "unsigned", False):
        facts["minimum"] = 0
        facts |= {"maximum": 2 * facts["maximum"] + 1} if "maximum" in facts else {}
    if "BIT" in names and (bits := getattr(sql_type, "length", None) or 1) > 1 and known.kind == "boolean":
        return Column(name, "integer", minimum=0, maximum=2**bits - 1)
    return Column(name, known.kind, **facts)


def _known(name: str, dialect: str) -> list[SqlType]:
    return [table[name] for table in (OF_DIALECTS.get(dialect, {}), TYPES) if name in table]


def _choice(where: str, name: str, sql_type: Any) -> Column:
    """What is stored of an Enum: the names of an Enum's members, unless it says otherwise; of a SET, one value."""
    values = list(getattr(sql_type, "enums", ()) or getattr(sql_type, "values", ()))
    if not values:
        raise SchemaError(f"{where}: its type is an Enum without values.", hint="Give the Enum its values.")
    return choice_of(where, name, values)


def _list(where: str, name: str, sql_type: Any, dialect: str) -> Column | None:
    item = column_of_type(f"{where}[]", "item", sql_type.item_type, dialect)
    for _ in range((sql_type.dimensions or 1) - 1):
        item = Column("item", "list", parts=(item,)) if item else None
    return Column(name, "list", parts=(item,)) if item else None


def within_bits(column: Column, sized: Column) -> Column:
    """The column, whose conditions ask for numbers below zero, with the least number that its type holds."""
    if sized.kind != "integer" or sized.maximum is None or column.kind != "integer" or column.minimum is not None:
        return column
    negative = column.maximum is not None and column.maximum <= 0  # type: ignore[operator]
    return replace(column, minimum=-sized.maximum - 1) if negative else column  # type: ignore[operator]
