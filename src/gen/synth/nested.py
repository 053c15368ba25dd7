"""This file knows objects and tuples inside a row: their parts are columns of their own, with a path of their own.

A part's path is `address.city`; what it draws does not depend on the parts beside it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gen.block import array_of, null_of, plain, plain_type
from gen.errors import SchemaError
from gen.schema.links import Key
from gen.schema.spec import Column
from gen.streams import Rows, Words
from gen.synth.correlation import correlate
from gen.synth.json_text import filled, joined, object_json
from gen.synth.listings import Listing, every_combination
from gen.synth.ranked import Ranked
from gen.synth.rows import RowView
from gen.synth.synthesizer import ReadAsAnother, Storage, Synthesizer, path_of


def part_field(name: str, part: Synthesizer) -> pa.Field:
    """A part as a field of a nested Arrow type."""
    return pa.field(name, plain_type(part.arrow_type), nullable=part.column.may_be_null)


class SynthesizeObject(Synthesizer):
    """A model, dataclass or TypedDict inside another, as a struct."""

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.kind == "object" and column.stored is None and bool(column.parts)

    def prepare(self) -> None:
        self.parts = {part.name: self.part(part, path_of(part.name, self.path)) for part in self.column.parts}
        correlate(self.where, self.parts)
        for part in self.parts.values():
            part.check_beside(self.parts)

    @property
    def arrow_type(self) -> pa.DataType:
        return pa.struct([part_field(name, part) for name, part in self.parts.items()])

    @property
    def storage(self) -> Storage:
        sizes = [part.storage for part in self.parts.values()]
        return Storage(sum(s.bytes for s in sizes), sum(s.bits for s in sizes))

    def storages(self, path: str) -> dict[str, Storage]:
        return storages_of(self.parts, path)

    @property
    def cardinality(self) -> int | None:
        return product_of(map(different_of, self.parts.values()))

    def listed_values(self, most: int) -> Listing | None:
        count = self.cardinality
        if not self.parts or count is None or count > most:
            return None
        known = [listing for part in self.parts.values() if (listing := part.listing(most)) is not None]
        if len(known) < len(self.parts):
            return None
        arrays, weights = every_combination(known)
        return Listing(pa.StructArray.from_arrays(arrays, fields=list(self.arrow_type)), weights)

    @property
    def law_text(self) -> str:
        laws = {name: part.distribution_text for name, part in self.parts.items()}
        return ", ".join(f"{name}: {law}" for name, law in laws.items() if law != "uniform") or "uniform"

    def at(self, rows: Rows) -> pa.Array:
        row = RowView(self.parts, rows)
        arrays = [plain(row.array(name)) for name in self.parts]
        if not arrays:
            return pa.array([{}] * len(rows), pa.struct([]))
        return pa.StructArray.from_arrays(arrays, fields=list(self.arrow_type))

    def python(self, array: pa.Array) -> list[Any]:
        return objects_python(self.parts, array)

    def json(self, array: pa.Array) -> pa.Array:
        return objects_json(self.parts, array)


def storages_of(parts: Mapping[str, Synthesizer], path: str) -> dict[str, Storage]:
    """What is known of the leaves of structs."""
    found: dict[str, Storage] = {}
    for name, part in parts.items():
        found |= part.storages(f"{path}.{name}")
    return found


def objects_python(parts: Mapping[str, Synthesizer], array: pa.Array, all_absent: bool = False) -> list[Any]:
    """Structs as dictionaries; a null field that may be absent is left out."""
    columns = [part.python(_field(array, i)) for i, part in enumerate(parts.values())]
    absent = [all_absent or part.column.may_be_absent for part in parts.values()]
    there = array.is_valid().to_pylist()
    rows = zip(*columns, strict=True) if columns else iter([()] * len(array))
    names = list(parts)
    if not any(absent):
        return [dict(zip(names, values, strict=True)) if t else None for t, values in zip(there, rows, strict=True)]
    return [_present(names, values, absent) if t else None for t, values in zip(there, rows, strict=True)]


def objects_json(parts: Mapping[str, Synthesizer], array: pa.Array, all_absent: bool = False) -> pa.Array:
    """Structs as JSON texts; a null field that may be absent is left out."""
    texts = [part.json(_field(array, i)) for i, part in enumerate(parts.values())]
    absent = [all_absent or part.column.may_be_absent for part in parts.values()]
    written = object_json(list(parts), texts, absent, len(array))
    return pc.if_else(array.is_valid(), written, null_of(pa.string())) if array.null_count else written


class Whole:
    """Rows that are drawn as one struct; its fields are a table's columns. The last rows drawn are kept."""

    def __init__(self, root: Synthesizer) -> None:
        self.root = root
        self.last: tuple[Any, pa.Array] | None = None

    def field(self, rows: Rows, name: str) -> pa.Array:
        """One column of these rows."""
        last = self.last  # of this thread: another may draw other rows at the same time
        if last is None or last[0] is not rows:
            last = self.last = rows, self.root.values(rows)
        return last[1].field(name)

    def __getstate__(self) -> dict[str, Any]:
        return {"root": self.root, "last": None}


class SynthesizeField(ReadAsAnother):
    """A column of a table whose rows are drawn whole, because a schema ties their columns together."""

    def of(self, whole: Whole, part: Synthesizer) -> SynthesizeField:
        """The field that `part` draws, of those rows."""
        self.whole, self.inner = whole, part
        return self

    @property
    def reason(self) -> str:
        return "the schema ties it to other columns"

    @property
    def law_text(self) -> str:
        return self.inner.law_text

    @property
    def null_share(self) -> float:
        """The share of rows without a value, of those whose kind has no such field too; before any is refused."""
        whole, name = self.whole.root.column, self.column.name
        if whole.kind != "union":
            return self.column.nulls or 0.0
        shares = [next((p.nulls or 0.0 for p in kind.parts if p.name == name), 1.0) for kind in whole.parts]
        return float(np.average(shares, weights=whole.weights or None))

    @property
    def arrow_type(self) -> pa.DataType:
        return plain_type(self.inner.arrow_type)

    @property
    def cardinality(self) -> int | None:
        return self.inner.cardinality

    def _drawn_by(self) -> Iterator[Synthesizer]:
        yield self.whole.root

    def values(self, rows: Rows) -> pa.Array:
        return self.whole.field(rows, self.column.name)

    def at(self, rows: Rows) -> pa.Array:
        return self.values(rows)


def _field(array: pa.Array, index: int) -> pa.Array:
    """One field of a struct array; of a slice, only the slice's."""
    child = array.field(index)
    return child if len(child) == len(array) else child.slice(array.offset, len(array))


def _present(names: Sequence[str], values: Sequence[Any], absent: Sequence[bool]) -> dict[str, Any]:
    return {n: v for n, v, may_miss in zip(names, values, absent, strict=True) if v is not None or not may_miss}


def different_of(part: Synthesizer) -> int | None:
    """How many different values a part has, a null among them; None where that is unknown."""
    return (
        None
        if part.cardinality is None
        else part.cardinality + (part.column.may_be_null and part.column.kind != "null")
    )


def product_of(counts: Any) -> int | None:
    """How many combinations there are of so many values each; None where one is unknown."""
    known = list(counts)
    return None if None in known else math.prod(known)


class SynthesizeTuple(SynthesizeObject):
    """A tuple of fixed length: a struct with the fields "0", "1", ..."""

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.kind == "tuple" and column.stored is None and not column.key and bool(column.parts)

    def python(self, array: pa.Array) -> list[Any]:
        columns = [part.python(_field(array, i)) for i, part in enumerate(self.parts.values())]
        rows = zip(*columns, strict=True) if columns else iter([()] * len(array))
        there = array.is_valid().to_pylist()
        return [tuple(values) if t else None for t, values in zip(there, rows, strict=True)]

    def json(self, array: pa.Array) -> pa.Array:
        texts = [filled(part.json(_field(array, i))) for i, part in enumerate(self.parts.values())]
        if not texts:
            return array_of(["[]"] * len(array), pa.string())
        inside = joined(texts, ",")
        written = joined(["[", inside, "]"])
        return pc.if_else(array.is_valid(), written, null_of(pa.string())) if array.null_count else written


class SynthesizeTupleKey(Ranked, SynthesizeTuple):
    """Tuples, each once: their parts' ranks are the digits of the tuple's."""

    default_order = "scattered"

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.kind == "tuple" and column.stored is None and column.key is not None and bool(column.parts)

    def prepare(self) -> None:
        super().prepare()

    def prepare_order(self) -> None:
        keyed = {
            part.name: self.part(replace(part, key=Key("sequential")), path_of(part.name, self.path), 1)
            for part in self.column.parts
        }
        for part in keyed.values():
            if not isinstance(part, Ranked) or part.cardinality is None:
                raise SchemaError(
                    f"{self.where}: a key of tuples needs items that can be counted, and {part.path} cannot.",
                    hint="Use ints, dates, Enums, Literals or UUIDs in it.",
                )
        self.parts = keyed
        super().prepare_order()

    @property
    def cardinality(self) -> int | None:
        return product_of(part.cardinality for part in self.parts.values())  # a key has no nulls, nor have its parts

    def unrank(self, ranks: Words) -> pa.Array:
        arrays: list[pa.Array] = []
        for part in reversed(self.parts.values()):
            ranks, digit = np.divmod(ranks, np.uint64(min(part.cardinality or 1, 2**64 - 1)))
            arrays.insert(0, plain(part.unrank(digit)))  # type: ignore[attr-defined]
        return pa.StructArray.from_arrays(arrays, fields=list(self.arrow_type))

    def rank(self, values: pa.Array) -> Words:
        total = np.zeros(len(values), np.uint64)
        outside = np.zeros(len(values), bool)
        for i, part in enumerate(self.parts.values()):
            size = np.uint64(min(part.cardinality or 1, 2**64 - 1))
            digit = part.rank(_field(values, i))  # type: ignore[attr-defined]
            outside |= digit >= size
            total = total * size + digit
        total[outside] = np.uint64(2**64 - 1)
        return total
