"""This file knows lists, sets and maps: how long each is, and its items, different ones where they must be.

The items of row r's list are the rows r * stride, r * stride + 1, ... of the item's column, whose path is `tags[]`: a
list of anything is drawn as fast as the thing itself.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gen.block import boolean_array, fixed_width_array, fixed_width_values, null_of, plain, plain_type
from gen.errors import CapacityError, SchemaError
from gen.schema.links import Key
from gen.schema.spec import KINDS, Column
from gen.streams import Rows, Words, first_and_rows, kernel
from gen.synth.containers.alike import as_python
from gen.synth.containers.distinct import Pool, distinct_ranks, has_law, repeats_of
from gen.synth.json_text import filled, joined, json_text, list_json
from gen.synth.judging.checked import ATTEMPTS, merged
from gen.synth.lengths import LengthLaw, even_lengths
from gen.synth.nested import different_of, part_field
from gen.synth.synthesizer import Storage, Synthesizer, keys_like

DEFAULT_ITEMS = 5  # a list without a declared length has 0 to so many items
MOST_BY_LAW = 1000  # items of a list whose length has a law with parameters, and no declared maximum
MOST_ITEMS = 64  # a list with a declared maximum beyond has at most so many, or its declared minimum
LISTED = 2**16  # up to so many values of what has no ranks are listed
COUNTED = 2**40  # up to so many values, different items are drawn by rank; of more, equal ones are rare
VIRTUAL_ROWS = 2**62  # rows times items of a list, of lists of lists: their addresses must not meet


@kernel("void(uint64, uint64[::1], int32[::1], uint64, uint64[::1])")
def _number_items(first: Any, rows: Words, offsets: NDArray[np.int32], stride: Any, out: Words) -> None:
    """The row of the item's column that every item is."""
    for i in range(offsets.size - 1):
        row = rows[i] if rows.size else first + np.uint64(i)
        for at in range(offsets[i], offsets[i + 1]):
            out[at] = row * stride + np.uint64(at - offsets[i])


class SynthesizeList(Synthesizer):
    """A list, set, frozenset or tuple of any length, as a list: 0 to 5 items unless lengths are declared."""

    takes_lengths = True

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.kind == "list" and column.stored is None and not column.contained

    def prepare(self) -> None:
        if self.column.distribution:
            raise SchemaError(
                f"{self.where}: a distribution is declared, and the field is {KINDS[self.column.kind]}.",
                hint='Say Lengths(Poisson(8)), or {"lengths": ...}, for the number of items; or tell it of the items.',
            )
        self.sized: LengthLaw | None = None
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
        self.distinct: Synthesizer | None = None
        self.pool: Pool | None = None
        if self._must_differ and self.longest > 1:
            self._prepare_distinct(self.column.parts[0])
        lengths = Column("length", "integer", minimum=self.shortest, maximum=self.longest)
        self.length = self.part(lengths, f"{self.path}#")
        if self.sized and self.longest < self.sized.longest:  # there are not so many different items
            known = replace(self.column, max_length=self.longest)
            self.sized = LengthLaw.of(self.where, known, self.shortest, self.longest, self.longest)

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
        if column.lengths:
            longest = longest if longest is not None else shortest + DEFAULT_ITEMS
            self.sized = LengthLaw.of(self.where, column, shortest, longest, MOST_BY_LAW)
            return self.sized.shortest, self.sized.longest
        if longest is None:
            return shortest, shortest + DEFAULT_ITEMS
        return shortest, min(longest, max(MOST_ITEMS, shortest))

    def _prepare_distinct(self, item: Column) -> None:
        """Find how different items are drawn: by rank, where they can be counted and are equally likely; else drawn
        again where equal."""
        count, said = self._countable(item), "there are"
        few = None if count is not None else self.item.listing(LISTED)
        if few is not None:
            self.pool = Pool.weighted(few.values, few.weights, self.alike)
            count = len(self.pool)
        elif count is not None and has_law(item):
            self.pool = Pool.of(self._item_again(ATTEMPTS), self.alike)  # an attempt that no item is drawn in
            count = len(self.pool)
            said = f"of {self.pool.out_of:,} values of their law, {self.item.law_text}, so many differ:"
        elif count is not None and count <= COUNTED:
            keyed = replace(item, key=Key("sequential"), distribution=None)
            self.distinct = self.part(keyed, f"{self.path}[]", count)
        if count is None and (count := different_of(self.item)) is None:
            return
        if count < self.shortest:
            raise self._too_few(count, said)
        self.longest = min(self.longest, count)

    def _too_few(self, count: int, said: str) -> CapacityError:
        return CapacityError(
            f"{self.where}: {self.shortest} different items are asked for, and {said} {count}.",
            hint="Lower min_length (of a JSON Schema: minItems, minProperties), or let the items have more values.",
            table=self.table,
            column=self.path,
            asked=self.shortest,
            available=count,
        )

    def _countable(self, item: Column) -> int | None:
        """How many different items there are, where each can be computed from its rank."""
        if _has_nulls(item) or item.check is not None or item.reference or self.column.as_python:
            return None
        keyed = keys_like(self.item, 1)
        return keyed.cardinality if keyed else None

    @property
    def arrow_type(self) -> pa.DataType:
        return pa.list_(part_field("element", self.item))

    @property
    def storage(self) -> Storage:
        mean, item = self.mean_length, self.item.storage
        return Storage(4 + mean * item.bytes, 4 + mean * item.bits)

    def storages(self, path: str) -> dict[str, Storage]:
        return self.item.storages(f"{path}.list.element")

    @property
    def mean_length(self) -> float:
        """The mean number of items."""
        return self.sized.mean if self.sized else (self.shortest + self.longest) / 2

    @property
    def law_text(self) -> str:
        lengths = self.sized.described() if self.sized else even_lengths(self.shortest, self.longest)
        laws = {what: part.distribution_text for what, part in self.said_parts.items()}
        return "; ".join([lengths, *(f"{what}: {law}" for what, law in laws.items() if law != "uniform")])

    @property
    def said_parts(self) -> dict[str, Synthesizer]:
        """What it is made of, by what a description calls it."""
        return {"items": self.item}

    def _sizes(self, rows: Rows) -> NDArray[np.int64]:
        """How many items each list has."""
        if self.sized:
            return self.sized.at(self.words(rows, 2, "length"))
        return fixed_width_values(self.length.at(rows))

    def layout(self, rows: Rows) -> tuple[NDArray[np.int32], Words]:
        """int32 offsets of the lists, and uint64 rows of their items."""
        sizes = self._sizes(rows)
        offsets = np.zeros(len(rows) + 1, np.int32)
        np.cumsum(sizes, out=offsets[1:])
        items = np.empty(int(offsets[-1]), np.uint64)
        _number_items(*first_and_rows(rows), offsets, np.uint64(self.stride), items)
        return offsets, items

    def items_at(self, offsets: NDArray[np.int32], items: Words) -> tuple[NDArray[np.int32], pa.Array]:
        """The lists' offsets, and the items at those rows of theirs; different ones in a list where they must be."""
        if self.distinct:
            words = self.item.words(items)
            ranks = np.empty(words.size, np.uint64)
            distinct_ranks(words, offsets, np.uint64(self.distinct.rows), ranks)
            return offsets, plain(self.distinct.at(ranks))
        values = plain(self.item.values(items))
        return self._without_repeats(offsets, items, values) if self._must_differ else (offsets, values)

    def _without_repeats(
        self, offsets: NDArray[np.int32], items: Words, values: pa.Array
    ) -> tuple[NDArray[np.int32], pa.Array]:
        """Items that a list has already are drawn again; what is still a repeat then is of the pool, or left out."""
        lists = np.repeat(np.arange(offsets.size - 1), np.diff(offsets))
        known = self.alike(values)
        repeats = repeats_of(lists, known)
        for attempt in range(1, ATTEMPTS):
            if not repeats.size:
                return offsets, values
            again = plain(self._item_again(attempt).values(items[repeats]))
            values, known = merged(values, repeats, again), merged(known, repeats, self.alike(again))
            repeats = repeats_of(lists, known)
        return self._completed(offsets, items, values, known, lists, repeats) if repeats.size else (offsets, values)

    def alike(self, values: pa.Array) -> pa.Array:
        """What is equal for items that count as one: they themselves, or how Python compares them."""
        return as_python(self.item, values) if self.column.as_python else values

    def _completed(
        self,
        offsets: NDArray[np.int32],
        items: Words,
        values: pa.Array,
        known: pa.Array,
        lists: NDArray[np.int64],
        repeats: NDArray[np.int64],
    ) -> tuple[NDArray[np.int32], pa.Array]:
        """Values of the pool in place of repeats; of those in lists that are longer than it, the last are left out."""
        pool = self.pool or self._probed
        owners = lists[repeats]
        turns = np.arange(repeats.size) - np.searchsorted(owners, owners)
        different = np.diff(offsets) - np.bincount(owners, minlength=offsets.size - 1)
        fits = turns < len(pool) - different[owners]
        if fits.any():
            words = self.words(items[repeats[fits]], 2, "missing")
            values = pool.filled(offsets, values, known, repeats[fits], words)
        if fits.all():
            return offsets, values
        keep = np.ones(len(values), bool)
        keep[repeats[~fits]] = False
        sizes = np.bincount(lists[keep], minlength=offsets.size - 1)
        if sizes.min() < self.shortest:
            raise self._too_few(len(pool), f"of {pool.out_of:,} values drawn so many differ:")
        kept = np.zeros(offsets.size, np.int32)
        np.cumsum(sizes, out=kept[1:])
        return kept, values.filter(boolean_array(keep))

    @cached_property
    def _probed(self) -> Pool:
        """What a probe of the items draws, where their values are not known otherwise."""
        return Pool.of(self._item_again(ATTEMPTS), self.alike)

    def _item_again(self, attempt: int) -> Synthesizer:
        return self.item.again(self.attempt * (ATTEMPTS + 1) + attempt)

    def at(self, rows: Rows) -> pa.Array:
        offsets, items = self.layout(rows)
        offsets, values = self.items_at(offsets, items)
        return pa.ListArray.from_arrays(fixed_width_array(pa.int32(), offsets), values, type=self.arrow_type)

    def python(self, array: pa.Array) -> list[Any]:
        offsets, (values,) = _window(array, array.values)
        items = self.item.python(values)
        there = array.is_valid().to_pylist()
        return [items[a:b] if t else None for t, a, b in zip(there, offsets, offsets[1:], strict=False)]

    def json(self, array: pa.Array) -> pa.Array:
        offsets, (values,) = _window(array, array.values)
        texts = filled(self.item.json(values))
        written = list_json(fixed_width_array(pa.int32(), np.array(offsets, np.int32)), texts, "[]")
        return pc.if_else(array.is_valid(), written, null_of(pa.string())) if array.null_count else written


def _has_nulls(column: Column) -> bool:
    """Whether some values of a column are null, or hold a null."""
    return column.may_be_null or any(map(_has_nulls, column.parts))


class Fields(dict[str, Any]):
    """The fields of an object that is a key: hashable, as the model that is made of them has to be."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(self.items()))


def hashable(value: Any) -> Any:
    """A value as the key of a dict: its lists as tuples, its objects as what has a hash."""
    if isinstance(value, (list, tuple)):
        return tuple(map(hashable, value))
    return Fields({name: hashable(each) for name, each in value.items()}) if isinstance(value, dict) else value


def first_of_each(lists: NDArray[np.int64], sizes: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Of every list's items, the first so many."""
    starts = np.searchsorted(lists, np.arange(sizes.size))
    within = np.arange(lists.size) - starts[lists]
    return within < sizes[lists]


def _window(array: pa.Array, *children: pa.Array) -> tuple[list[int], list[pa.Array]]:
    """The offsets of an array of lists or maps, from 0, and what they speak of of its children."""
    offsets = array.offsets.to_pylist()
    first, last = offsets[0], offsets[-1]
    return [offset - first for offset in offsets], [child.slice(first, last - first) for child in children]


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
    def said_parts(self) -> dict[str, Synthesizer]:
        return {"keys": self.item, "values": self.value}

    @property
    def arrow_type(self) -> pa.DataType:
        key = pa.field("key", plain_type(self.item.arrow_type), nullable=False)
        return pa.map_(key, part_field("value", self.value))

    @property
    def storage(self) -> Storage:
        mean, key, value = self.mean_length, self.item.storage, self.value.storage
        return Storage(4 + mean * (key.bytes + value.bytes), 4 + mean * (key.bits + value.bits))

    def storages(self, path: str) -> dict[str, Storage]:
        entries = f"{path}.key_value"
        return self.item.storages(f"{entries}.key") | self.value.storages(f"{entries}.value")

    def at(self, rows: Rows) -> pa.Array:
        offsets, items = self.layout(rows)
        lists = np.repeat(np.arange(offsets.size - 1), np.diff(offsets))
        kept, keys = self.items_at(offsets, items)
        if kept is not offsets:  # a key was left out: so are its value's place and the last of its list
            items = items[first_of_each(lists, np.diff(kept))]
            offsets = kept
        values = plain(self.value.values(items))
        return pa.MapArray.from_arrays(fixed_width_array(pa.int32(), offsets), keys, values, type=self.arrow_type)

    def python(self, array: pa.Array) -> list[Any]:
        offsets, (keys, items) = _window(array, array.keys, array.items)
        entries = list(zip(map(hashable, self.item.python(keys)), self.value.python(items), strict=True))
        there = array.is_valid().to_pylist()
        return [dict(entries[a:b]) if t else None for t, a, b in zip(there, offsets, offsets[1:], strict=False)]

    def json(self, array: pa.Array) -> pa.Array:
        offsets, (keys, items) = _window(array, array.keys, array.items)
        written = list_json(fixed_width_array(pa.int32(), np.array(offsets, np.int32)), self.entries(keys, items), "{}")
        return pc.if_else(array.is_valid(), written, null_of(pa.string())) if array.null_count else written

    def entries(self, keys: pa.Array, items: pa.Array) -> pa.Array:
        """Every entry as `"key":value`; of a key that is no text, its JSON text is the key."""
        texts = self.item.json(keys)
        quoted = pc.starts_with(texts, '"')
        if not pc.all(quoted).as_py():
            texts = pc.if_else(quoted, texts, json_text(texts))
        return joined([texts, filled(self.value.json(items))], ":")
