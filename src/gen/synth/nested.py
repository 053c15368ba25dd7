"""This file knows values made of other values: objects, lists, tuples, maps, unions, and all of these as JSON text.

A part is a column of its own with a path of its own, `address.city` or `tags[]`. The items of row r's list are the
rows r * stride, r * stride + 1, ... of the item's column, so that a list of anything is drawn as fast as the thing.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gen.block import fixed_width_array, fixed_width_values
from gen.errors import CapacityError, SchemaError
from gen.schema.spec import Column, Key
from gen.streams import Rows, Words, first_and_rows, kernel, mulhi, rows_array
from gen.synth.json_text import list_json, object_json
from gen.synth.synthesizer import Ranked, Storage, Synthesizer

DEFAULT_ITEMS = 5  # a list without a declared length has 0 to so many items
MOST_ITEMS = 64  # a list with a declared maximum beyond has at most so many, or its declared minimum
VIRTUAL_ROWS = 2**62  # rows times items of a list, of lists of lists: their addresses must not meet
_DEFAULT_ANY = ("boolean", "integer", "number", "text")


def plain(array: pa.Array) -> pa.Array:
    """The values themselves where they travel as a dictionary: parts do not."""
    return array.dictionary.take(array.indices) if pa.types.is_dictionary(array.type) else array


def plain_type(kind: pa.DataType) -> pa.DataType:
    """The type of the values where they travel as a dictionary."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def part_field(name: str, part: Synthesizer) -> pa.Field:
    """A part as a field of a nested Arrow type."""
    return pa.field(name, plain_type(part.arrow_type), nullable=part.column.may_be_null)


class SynthesizeObject(Synthesizer):
    """A model, dataclass or TypedDict inside another, as a struct."""

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.kind == "object" and column.stored is None

    def prepare(self) -> None:
        self.parts = {part.name: self.part(part, f"{self.path}.{part.name}") for part in self.column.parts}

    @property
    def arrow_type(self) -> pa.DataType:
        return pa.struct([part_field(name, part) for name, part in self.parts.items()])

    @property
    def storage(self) -> Storage:
        sizes = [part.storage for part in self.parts.values()]
        return Storage(sum(s.bytes for s in sizes), sum(s.bits for s in sizes))

    @property
    def cardinality(self) -> int | None:
        return product_of(part.cardinality for part in self.parts.values())

    def at(self, rows: Rows) -> pa.Array:
        arrays = [plain(part.values(rows)) for part in self.parts.values()]
        if not arrays:
            return pa.array([{}] * len(rows), pa.struct([]))
        return pa.StructArray.from_arrays(arrays, fields=list(self.arrow_type))

    def python(self, array: pa.Array) -> list[Any]:
        columns = [part.python(_field(array, i)) for i, part in enumerate(self.parts.values())]
        absent = [part.column.may_be_absent for part in self.parts.values()]
        names = list(self.parts)
        there = array.is_valid().to_pylist()
        rows = zip(*columns, strict=True) if columns else iter([()] * len(array))
        return [_present(names, values, absent) if t else None for t, values in zip(there, rows, strict=True)]

    def json(self, array: pa.Array) -> pa.Array:
        texts = [part.json(_field(array, i)) for i, part in enumerate(self.parts.values())]
        absent = [part.column.may_be_absent for part in self.parts.values()]
        written = object_json(list(self.parts), texts, absent, len(array))
        return pc.if_else(array.is_valid(), written, pa.scalar(None, pa.string())) if array.null_count else written


def _field(array: pa.Array, index: int) -> pa.Array:
    """One field of a struct array; of a slice, only the slice's."""
    child = array.field(index)
    return child if len(child) == len(array) else child.slice(array.offset, len(array))


def _present(names: Sequence[str], values: Sequence[Any], absent: Sequence[bool]) -> dict[str, Any]:
    return {n: v for n, v, may_miss in zip(names, values, absent, strict=True) if v is not None or not may_miss}


def product_of(counts: Any) -> int | None:
    """How many combinations there are of so many values each; None where one is unknown."""
    known = list(counts)
    return None if None in known else math.prod(known)


class SynthesizeTuple(SynthesizeObject):
    """A tuple of fixed length: a struct with the fields "0", "1", ..."""

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.kind == "tuple" and column.stored is None and not column.key

    def python(self, array: pa.Array) -> list[Any]:
        columns = [part.python(_field(array, i)) for i, part in enumerate(self.parts.values())]
        rows = zip(*columns, strict=True) if columns else iter([()] * len(array))
        there = array.is_valid().to_pylist()
        return [list(values) if t else None for t, values in zip(there, rows, strict=True)]

    def json(self, array: pa.Array) -> pa.Array:
        texts = [pc.fill_null(part.json(_field(array, i)), "null") for i, part in enumerate(self.parts.values())]
        if not texts:
            return pa.array(["[]"] * len(array), pa.string())
        inside = pc.binary_join_element_wise(*texts, ",")
        written = pc.binary_join_element_wise("[", inside, "]", "")
        return pc.if_else(array.is_valid(), written, pa.scalar(None, pa.string())) if array.null_count else written


class SynthesizeTupleKey(Ranked, SynthesizeTuple):
    """Tuples, each once: their parts' ranks are the digits of the tuple's."""

    default_order = "scattered"

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.kind == "tuple" and column.stored is None and column.key is not None

    def prepare(self) -> None:
        super().prepare()

    def prepare_order(self) -> None:
        keyed = {
            part.name: self.part(replace(part, key=Key("sequential")), f"{self.path}.{part.name}", 1)
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


# -- lists and maps --------------------------------------------------------------------------------------


@kernel("void(uint64[::1], int32[::1], uint64, uint64[::1])")
def _distinct(words: Words, offsets: NDArray[np.int32], count: Any, out: Words) -> None:
    """For every list, different ranks below `count`: a sample without replacement (Floyd; Bentley 1987)."""
    for i in range(offsets.size - 1):
        start, stop = np.int64(offsets[i]), np.int64(offsets[i + 1])
        for at in range(start, stop):
            top = count - np.uint64(stop - at)  # the greatest rank that may be drawn here
            rank = mulhi(words[at], top + np.uint64(1))
            for other in range(start, at):
                if out[other] == rank:
                    rank = top
                    break
            out[at] = rank


@kernel("void(uint64, uint64[::1], int32[::1], uint64, uint64[::1])")
def _number_items(first: Any, rows: Words, offsets: NDArray[np.int32], stride: Any, out: Words) -> None:
    """The row of the item's column that every item is."""
    for i in range(offsets.size - 1):
        row = rows[i] if rows.size else first + np.uint64(i)
        for at in range(offsets[i], offsets[i + 1]):
            out[at] = row * stride + np.uint64(at - offsets[i])


class SynthesizeList(Synthesizer):
    """A list, set, frozenset or tuple of any length, as a list: 0 to 5 items unless lengths are declared."""

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.kind == "list" and column.stored is None

    def prepare(self) -> None:
        self.shortest, self.longest = self._lengths()
        self.stride = 2 ** max(self.longest - 1, 0).bit_length()
        if self.rows * self.stride > VIRTUAL_ROWS:
            raise CapacityError(
                f"{self.where}: {self.rows:,} rows of up to {self.longest:,} items are more than can be addressed.",
                hint="Declare a smaller max_length, or ask for fewer rows.",
                table=self.table,
                column=self.path,
                asked=self.rows * self.stride,
                available=VIRTUAL_ROWS,
            )
        self.item = self.part(self.column.parts[0], f"{self.path}[]", self.rows * self.stride)
        self.distinct: Ranked | None = None
        if self._must_differ and self.longest > 1:
            self._prepare_distinct(self.column.parts[0])
        lengths = Column("length", "integer", minimum=self.shortest, maximum=self.longest)
        self.length = self.part(replace(lengths, distribution=self.column.distribution), f"{self.path}#")

    @property
    def _must_differ(self) -> bool:
        return self.column.unique_items

    def _lengths(self) -> tuple[int, int]:
        column = self.column
        shortest = column.min_length or 0
        longest = column.max_length
        if longest is not None and shortest > longest:
            raise SchemaError(
                f"{self.where}: the lengths contradict each other: at least {shortest} and at most {longest} items.",
                hint="Correct min_length and max_length.",
            )
        if longest is None:
            return shortest, shortest + DEFAULT_ITEMS
        return shortest, min(longest, max(MOST_ITEMS, shortest))

    def _prepare_distinct(self, item: Column) -> None:
        """Find how different items are drawn: by rank, where they can be counted."""
        if item.nulls is None and item.check is None:
            try:
                ranked = self.part(replace(item, key=Key("sequential"), distribution=None), f"{self.path}[]", 1)
            except SchemaError:
                ranked = self.item
            if isinstance(ranked, Ranked) and ranked.cardinality is not None:
                self.distinct = ranked
        count = self.distinct.cardinality if self.distinct else self.item.cardinality
        if count is not None and count < self.shortest:
            raise CapacityError(
                f"{self.where}: {self.shortest} different items are asked for, and there are {count}.",
                hint="Lower min_length, or let the items have more values.",
                table=self.table,
                column=self.path,
                asked=self.shortest,
                available=count,
            )
        if count is not None:
            self.longest = min(self.longest, count)

    @property
    def arrow_type(self) -> pa.DataType:
        return pa.list_(part_field("element", self.item))

    @property
    def storage(self) -> Storage:
        mean, item = (self.shortest + self.longest) / 2, self.item.storage
        return Storage(4 + mean * item.bytes, 4 + mean * item.bits)

    def layout(self, rows: Rows) -> tuple[NDArray[np.int32], Words]:
        """int32 offsets of the lists, and uint64 rows of their items."""
        sizes = fixed_width_values(self.length.at(rows))
        offsets = np.zeros(len(rows) + 1, np.int32)
        np.cumsum(sizes, out=offsets[1:])
        items = np.empty(int(offsets[-1]), np.uint64)
        _number_items(*first_and_rows(rows), offsets, np.uint64(self.stride), items)
        return offsets, items

    def items_at(self, offsets: NDArray[np.int32], items: Words) -> pa.Array:
        """The items at those rows of theirs; different ones within a list where they must be."""
        if self.distinct:
            words = self.item.words(items)
            ranks = np.empty(words.size, np.uint64)
            count = min(self.distinct.cardinality or 1, 2**64 - 1)
            _distinct(words, offsets, np.uint64(count), ranks)
            return plain(self.distinct.unrank(ranks))
        return plain(self.item.values(items))

    def at(self, rows: Rows) -> pa.Array:
        offsets, items = self.layout(rows)
        values = self.items_at(offsets, items)
        return pa.ListArray.from_arrays(fixed_width_array(pa.int32(), offsets), values, type=self.arrow_type)

    def python(self, array: pa.Array) -> list[Any]:
        offsets, values = _window(array)
        items = self.item.python(values)
        there = array.is_valid().to_pylist()
        return [items[a:b] if t else None for t, a, b in zip(there, offsets, offsets[1:], strict=False)]

    def json(self, array: pa.Array) -> pa.Array:
        offsets, values = _window(array)
        texts = pc.fill_null(self.item.json(values), "null")
        written = list_json(pa.array(offsets, pa.int32()), texts, "[]")
        return pc.if_else(array.is_valid(), written, pa.scalar(None, pa.string())) if array.null_count else written


def _window(array: pa.Array) -> tuple[list[int], pa.Array]:
    """The offsets of a list array, from 0, and the items they speak of."""
    offsets = array.offsets.to_pylist()
    first, last = offsets[0], offsets[-1]
    return [offset - first for offset in offsets], array.values.slice(first, last - first)


class SynthesizeMap(SynthesizeList):
    """A dict, as a map: 0 to 5 entries unless lengths are declared; the keys of one map differ."""

    _must_differ = True

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.kind == "map" and column.stored is None

    def prepare(self) -> None:
        super().prepare()
        self.value = self.part(self.column.parts[1], f"{self.path}{{}}", self.rows * self.stride)

    @property
    def arrow_type(self) -> pa.DataType:
        key = pa.field("key", plain_type(self.item.arrow_type), nullable=False)
        return pa.map_(key, part_field("value", self.value))

    @property
    def storage(self) -> Storage:
        mean, key, value = (self.shortest + self.longest) / 2, self.item.storage, self.value.storage
        return Storage(4 + mean * (key.bytes + value.bytes), 4 + mean * (key.bits + value.bits))

    def at(self, rows: Rows) -> pa.Array:
        offsets, items = self.layout(rows)
        keys, values = self.items_at(offsets, items), plain(self.value.values(items))
        return pa.MapArray.from_arrays(fixed_width_array(pa.int32(), offsets), keys, values, type=self.arrow_type)

    def python(self, array: pa.Array) -> list[Any]:
        keys, values = self.item.python(array.keys), self.value.python(array.items)
        offsets, there = array.offsets.to_pylist(), array.is_valid().to_pylist()
        return [
            dict(zip(keys[a:b], values[a:b], strict=True)) if t else None
            for t, a, b in zip(there, offsets, offsets[1:], strict=False)
        ]

    def json(self, array: pa.Array) -> pa.Array:
        entries = self.entries(array)
        offsets = fixed_width_array(pa.int32(), np.frombuffer(array.buffers()[1], np.int32)[: len(array) + 1])
        written = list_json(offsets, entries, "{}")
        return pc.if_else(array.is_valid(), written, pa.scalar(None, pa.string())) if array.null_count else written

    def entries(self, array: pa.Array) -> pa.Array:
        """Every entry as `"key":value`."""
        keys = self.item.json(array.keys)
        bare = pc.if_else(pc.starts_with(keys, '"'), keys, pc.binary_join_element_wise('"', keys, '"', ""))
        return pc.binary_join_element_wise(bare, pc.fill_null(self.value.json(array.items), "null"), ":")


# -- unions, and what has no Arrow type of its own ----------------------------------------------------------


class SynthesizeUnion(Synthesizer):
    """One of several kinds of value. Of one Arrow type where all branches are, else each value as JSON text."""

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.kind == "union" and column.stored is None

    def prepare(self) -> None:
        parts = self.column.parts
        self.branches = [self.part(part, f"{self.path}|{part.name}") for part in parts]
        weights = self.column.weights or (1.0,) * len(parts)
        total = sum(weights)
        shares = np.cumsum(weights)[:-1] / total
        self.bounds = np.array([min(round(share * 2**32), 2**32) for share in shares], np.uint64)
        kinds = {plain_type(branch.arrow_type) for branch in self.branches}
        self.is_json = len(kinds) > 1 or any(branch.column.stored == "json" for branch in self.branches)

    @property
    def arrow_type(self) -> pa.DataType:
        return pa.string() if self.is_json else plain_type(self.branches[0].arrow_type)

    @property
    def storage(self) -> Storage:
        sizes = [branch.storage for branch in self.branches]
        return Storage(max(s.bytes for s in sizes) + 4, max(s.bits for s in sizes) + 2)

    def at(self, rows: Rows) -> pa.Array:
        chosen = np.searchsorted(self.bounds, self.words(rows, 1, "branch"), side="right")
        numbers = rows_array(rows)
        pieces, places = [], []
        for i, branch in enumerate(self.branches):
            mine = np.flatnonzero(chosen == i)
            if mine.size:
                array = branch.values(numbers[mine])
                pieces.append(pc.fill_null(branch.json(array), "null") if self.is_json else plain(array))
                places.append(mine)
        if not pieces:
            return pa.array([], self.arrow_type)
        order = np.empty(len(rows), np.uint64)
        order[np.concatenate(places)] = np.arange(len(rows), dtype=np.uint64)
        return pa.concat_arrays(pieces).take(fixed_width_array(pa.uint64(), order))

    def python(self, array: pa.Array) -> list[Any]:
        return loaded(array, self.column) if self.is_json else self.branches[0].python(array)

    def json(self, array: pa.Array) -> pa.Array:
        return array if self.is_json else self.branches[0].json(array)


def loaded(array: pa.Array, column: Column) -> list[Any]:
    """JSON texts as Python values; as they are, where the model wants the text."""
    if column.format == "json":
        texts: list[Any] = array.to_pylist()
        return texts
    return [None if text is None else json.loads(text) for text in array.to_pylist()]


class SynthesizeJson(Synthesizer):
    """What has no Arrow type of its own, as JSON text: recursive models, open objects."""

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.stored == "json" and column.kind not in ("choice", "any")

    def prepare(self) -> None:
        self.inner = self.part(_writable(replace(self.column, stored=None, nulls=None, format=None)), self.path)

    @property
    def arrow_type(self) -> pa.DataType:
        return pa.string()

    @property
    def storage(self) -> Storage:
        inner = self.inner.storage
        return Storage(4 + 2 * inner.bytes, inner.bits)

    def at(self, rows: Rows) -> pa.Array:
        return pc.fill_null(self.inner.json(self.inner.values(rows)), "null")

    def python(self, array: pa.Array) -> list[Any]:
        return loaded(array, self.column)

    def json(self, array: pa.Array) -> pa.Array:
        return array


def _writable(column: Column) -> Column:
    """The column with text in place of bytes, which JSON cannot write."""
    if column.kind == "bytes":
        return replace(column, kind="text")
    return replace(column, parts=tuple(_writable(part) for part in column.parts)) if column.parts else column


class SynthesizeAny(SynthesizeUnion):
    """Any value at all: a boolean, a number or a text, as JSON text."""

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.kind == "any"

    def prepare(self) -> None:
        parts = tuple(Column(kind, kind) for kind in _DEFAULT_ANY)
        self.column = replace(self.column, parts=parts)
        super().prepare()


class SynthesizeNull(Synthesizer):
    """Nothing but nulls."""

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.kind == "null"

    @property
    def cardinality(self) -> int:
        return 1

    @property
    def storage(self) -> Storage:
        return Storage(0, 0)

    def at(self, rows: Rows) -> pa.Array:
        return pa.nulls(len(rows), pa.null())
