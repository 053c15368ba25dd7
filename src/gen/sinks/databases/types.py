"""This file knows which type a column has in a database: by what its values are, and the bounds that they keep.

A type is a word that every dialect has a name for, with the numbers that the name is filled with.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from gen.block import plain_type
from gen.schema.spec import Column, Spec

# the narrowest type of whole numbers that a column's bounds fit -> the bits it has
_WHOLE = {"int16": 16, "int32": 32}
# what values of an Arrow type are called here, where the declaration has no say; a timestamp, text and numbers of 128
# bits are told apart below
_OF_ARROW = {
    pa.bool_(): "boolean",
    pa.float32(): "float32",
    pa.float64(): "float64",
    pa.date32(): "date",
    pa.time64("us"): "time",
    pa.duration("us"): "duration",
    pa.binary(): "bytes",
    pa.binary(16): "uuid",
    pa.null(): "text",
}
DIGITS_OF_FLOATS = 15  # that a double keeps of every decimal
# every word: each dialect has a name for it
WORDS = (
    "int16",
    "int32",
    "int64",
    "decimal",
    "float32",
    "float64",
    "boolean",
    "text",
    "varchar",
    "bytes",
    "uuid",
    "date",
    "time",
    "timestamp",
    "timestamptz",
    "duration",
    "json",
    "list",
)


@dataclass(frozen=True)
class SqlType:
    """A type: its word; length of a varchar; digits and decimal places of a decimal; the item of a list."""

    word: str
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    item: SqlType | None = None

    def named(self, names: Mapping[str, str]) -> str:
        """The type in a dialect's words; what it has no list for is JSON, and text of any length where it may be."""
        if self.word == "list":
            assert self.item is not None
            return names["list"].format(item=self.item.named(names))
        word = "wide_decimal" if self.is_text(names) else self.word
        return names[word].format(length=self.length, precision=self.precision, scale=self.scale)

    def is_text(self, names: Mapping[str, str]) -> bool:
        """Whether it is a decimal that a dialect has as text, for its numbers have fewer digits."""
        return self.word == "decimal" and (self.precision or 0) > DIGITS_OF_FLOATS and "wide_decimal" in names

    def without_lists(self) -> SqlType:
        """The type in a database that has none."""
        return SqlType("json") if self.word == "list" else self


def type_of(column: Column, kind: pa.DataType) -> SqlType:
    """The type of a column's values, which are of an Arrow type."""
    kind = plain_type(kind)
    if pa.types.is_list(kind):
        item = column.parts[0] if column.kind == "list" and len(column.parts) == 1 else Column("item", "")
        found = type_of(item, kind.value_type)
        return SqlType("json") if found.word in ("json", "list") else SqlType("list", item=found)
    if pa.types.is_nested(kind):
        return SqlType("json")
    if pa.types.is_decimal(kind):
        return SqlType("decimal", precision=kind.precision, scale=kind.scale)
    if pa.types.is_timestamp(kind):
        return SqlType("timestamptz" if kind.tz else "timestamp")
    if pa.types.is_integer(kind):
        return SqlType(_whole(column))
    if pa.types.is_string(kind):
        return _text(column)
    return SqlType(_OF_ARROW[kind])


def _text(column: Column) -> SqlType:
    if column.kind in ("any", "union") or column.stored == "json":
        return SqlType("json")
    if column.kind == "uuid":
        return SqlType("varchar", length=36)
    length = column.max_length if column.kind == "text" else None
    if column.kind == "choice":
        length = max(len(str(choice)) for choice in (*column.choices, column.null_value or ""))
    if column.null_value is not None and length is not None:
        length = max(length, len(str(column.null_value)))
    return SqlType("varchar", length=max(length, 1)) if length is not None else SqlType("text")


def _whole(column: Column) -> str:
    """The narrowest type that all values within the declared bounds fit."""
    low: Any = column.minimum
    high: Any = column.maximum
    if column.kind == "choice":
        low, high = min(column.choices), max(column.choices)
    if high is None or (low is None and column.distribution is not None):
        return "int64"
    ends = [low if low is not None else 0, high, *([] if column.null_value is None else [column.null_value])]
    for word, bits in _WHOLE.items():
        if -(2 ** (bits - 1)) <= math.floor(min(ends)) and math.ceil(max(ends)) < 2 ** (bits - 1):
            return word
    return "int64"


def root_of(spec: Spec, table: str, column: Column) -> Column:
    """The column that a reference, and what that refers to itself, leads to: it has the type of all of them."""
    seen = set()
    while column.reference is not None and (table, column.name) not in seen:
        seen.add((table, column.name))
        table = column.reference.table
        column = spec.table(table).column(column.reference.column)
    return column
