"""This file knows columns of lists, dicts and objects that always have one value, as a field that keeps its default."""

from __future__ import annotations

import datetime
import decimal
import json
import uuid
from dataclasses import replace
from typing import Any

import pyarrow as pa
from pydantic import TypeAdapter

from gen.block import fixed_width_array
from gen.schema.choices import CONSTANT_KINDS
from gen.schema.spec import Column
from gen.streams import Rows, rows_array
from gen.synth.listings import Listing
from gen.synth.synthesizer import ReadAsAnother

# kinds of which JSON has no values -> what their texts are read as
_READ: dict[str, type] = {
    "datetime": datetime.datetime,
    "date": datetime.date,
    "time": datetime.time,
    "duration": datetime.timedelta,
    "decimal": decimal.Decimal,
}


class SynthesizeConstant(ReadAsAnother):
    """A nested column with the one value that is its only choice, as JSON text."""

    goes_first = True

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.kind in CONSTANT_KINDS and bool(column.choices)

    def prepare(self) -> None:
        self.inner = self.part(replace(self.column, choices=(), nulls=None), self.path)
        value = _value(json.loads(self.column.choices[0]), self.column)
        self.value = pa.array([value], self.arrow_type)

    @property
    def law_text(self) -> str:
        return "constant"

    @property
    def cardinality(self) -> int:
        return 1

    def at(self, rows: Rows) -> pa.Array:
        return self.value.take(fixed_width_array(pa.uint64(), rows_array(rows) * 0))

    def listed_values(self, most: int) -> Listing | None:
        return Listing.even(self.value)


def _value(value: Any, column: Column) -> Any:
    """A JSON value as Arrow takes it for a column."""
    if value is None:
        return None
    if column.kind == "list":
        return [_value(item, column.parts[0]) for item in value]
    if column.kind == "tuple":
        return {part.name: _value(item, part) for item, part in zip(value, column.parts, strict=True)}
    if column.kind == "map":
        key, item = column.parts
        return [(_value(name, key), _value(each, item)) for name, each in value.items()]
    if column.kind == "object":
        return {part.name: _value(value.get(part.name), part) for part in column.parts}
    if column.kind == "uuid":
        return value if column.stored == "text" else uuid.UUID(value).bytes
    if column.kind == "bytes":
        return value.encode()
    if column.kind == "integer":
        return int(value)  # of a key, which is text in JSON
    if column.kind == "number":
        return float(value)
    return TypeAdapter(_READ[column.kind]).validate_python(value) if column.kind in _READ else value
