"""This file knows unions, and what is JSON text for want of an Arrow type: unlike values, recursive ones, any."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gen.block import array_of, fixed_width_array, plain, plain_type
from gen.schema.spec import Column
from gen.schema.variants import is_one_struct, of_objects, tag_of, why_unlike, with_choices
from gen.streams import Rows, rows_array
from gen.synth.choices import SynthesizeChoice
from gen.synth.json_text import filled, json_text
from gen.synth.judging.checked import merged
from gen.synth.judging.judged import SynthesizeJudged
from gen.synth.listings import Listing, listed_once
from gen.synth.nested import (
    SynthesizeObject,
    SynthesizeTuple,
    objects_json,
    objects_python,
    storages_of,
)
from gen.synth.synthesizer import ReadAsAnother, Storage, Synthesizer

_DEFAULT_ANY = ("boolean", "integer", "number", "text")


class SynthesizeUnion(Synthesizer):
    """One of several kinds of value. Of one Arrow type where all branches are, else each value as JSON text."""

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.kind == "union" and column.stored is None and not is_one_struct(column)

    def prepare(self) -> None:
        parts = self.column.parts
        self.branches = [self.branch(part, f"{self.path}|{part.name}") for part in parts]
        weights = self.column.weights or (1.0,) * len(parts)
        total = sum(weights)
        shares = np.cumsum(weights)[:-1] / total
        self.bounds = np.array([min(round(share * 2**32), 2**32) for share in shares], np.uint64)
        kinds = {plain_type(branch.arrow_type) for branch in self.branches}
        self.is_json = len(kinds) > 1 or any(map(_writes_json, self.branches))

    @property
    def why_json(self) -> str:
        """Why its values are JSON text, in words; "" where they are not."""
        if not self.is_json:
            return ""
        if any(part.kind == "object" and not part.stored for part in self.column.parts):
            return why_unlike(self.column)
        return f"{', '.join(part.name for part in self.column.parts)} have no type in common"

    def branch(self, part: Column, path: str) -> Synthesizer:
        """What draws the values of one kind."""
        return self.part(part, path)

    @property
    def arrow_type(self) -> pa.DataType:
        return pa.string() if self.is_json else plain_type(self.branches[0].arrow_type)

    @property
    def law_text(self) -> str:
        shares = np.diff([0.0, *(self.bounds / 2**32), 1.0])
        branches = zip(self.column.parts, self.branches, shares.tolist(), strict=True)
        return ", ".join(
            f"{share:.0%} {part.name}" + ("" if branch.law_text == "uniform" else f" ({branch.law_text})")
            for part, branch, share in branches
        )

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
                pieces.append(self.piece(branch, branch.values(numbers[mine])))
                places.append(mine)
        if not pieces:
            return pa.array([], self.arrow_type)
        order = np.empty(len(rows), np.uint64)
        order[np.concatenate(places)] = np.arange(len(rows), dtype=np.uint64)
        return pa.concat_arrays(pieces).take(fixed_width_array(pa.uint64(), order))

    def piece(self, branch: Synthesizer, array: pa.Array) -> pa.Array:
        """What a branch drew, as the union's own type."""
        return filled(branch.json(array)) if self.is_json else plain(array)

    def listed_values(self, most: int) -> Listing | None:
        shares = np.diff([0.0, *(self.bounds / 2**32), 1.0])
        known = [listing for branch in self.branches if (listing := branch.listing(most)) is not None]
        if len(known) < len(self.branches):
            return None
        pieces = [self.piece(branch, found.values) for branch, found in zip(self.branches, known, strict=True)]
        weights = [share * found.shares for share, found in zip(shares, known, strict=True)]
        return listed_once(pa.concat_arrays(pieces), np.concatenate(weights))

    def python(self, array: pa.Array) -> list[Any]:
        if not self.is_json:
            return self.branches[0].python(array)
        if not self._unlike_json:
            return loaded(array, self.column)
        values = zip(array.to_pylist(), loaded(array, self.column), strict=True)
        return [self._unlike_json.get(text, value) for text, value in values]

    @cached_property
    def _unlike_json(self) -> dict[str, Any]:
        """Listed values that no JSON is, as UUIDs and dates, by their JSON texts."""
        known: dict[str, Any] = {}
        for branch in self.branches:
            if isinstance(branch, SynthesizeChoice) and not isinstance(branch.choices[0], (str, int, float)):
                texts = branch.json(branch.listed).to_pylist()
                known |= dict(zip(texts, branch.python(branch.listed), strict=True))
        return known

    def json(self, array: pa.Array) -> pa.Array:
        return inside_json(array, self.column) if self.is_json else self.branches[0].json(array)


def _writes_json(branch: Synthesizer) -> bool:
    """Whether the texts that a branch draws are its values as JSON."""
    while isinstance(branch, ReadAsAnother):
        branch = branch.inner
    return branch.column.stored == "json" or (isinstance(branch, SynthesizeUnion) and branch.is_json)


class SynthesizeVariants(SynthesizeUnion):
    """One of several kinds of object: one struct with the fields of all, of which each row has those of its kind."""

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.kind == "union" and column.stored is None and is_one_struct(column)

    def prepare(self) -> None:
        super().prepare()
        self.is_json = False
        found: dict[str, list[Synthesizer]] = {}
        for branch in self.branches:
            for name, part in branch.parts.items():  # type: ignore[attr-defined]
                found.setdefault(name, []).append(part)
        self.parts = {name: self._of_all(parts) for name, parts in found.items()}
        self.tag = None if of_objects(self.column) else tag_of(self.column)

    def _of_all(self, parts: list[Synthesizer]) -> Synthesizer:
        """What the field of that name holds, in whichever branch: the first, but with the choices of all."""
        column = with_choices(parts[0].column, (part.column for part in parts))
        return parts[0] if column is parts[0].column else self.part(column, parts[0].path)

    def branch(self, part: Column, path: str) -> Synthesizer:
        found = SynthesizeJudged if part.judge else SynthesizeObject
        return found(part, self.table, self.rows, self.seed, path, self.attempt)

    @property
    def arrow_type(self) -> pa.DataType:
        return pa.struct([pa.field(name, plain_type(part.arrow_type)) for name, part in self.parts.items()])

    def storages(self, path: str) -> dict[str, Storage]:
        return storages_of(self.parts, path)

    def piece(self, branch: Synthesizer, array: pa.Array) -> pa.Array:
        own = {field.name: array.field(i) for i, field in enumerate(array.type)}
        arrays = [own.get(field.name, pa.nulls(len(array), field.type)) for field in self.arrow_type]
        return pa.StructArray.from_arrays(arrays, fields=list(self.arrow_type))

    def python(self, array: pa.Array) -> list[Any]:
        if self.tag is None:
            return objects_python(self.parts, array, all_absent=True)
        values: list[Any] = [None] * len(array)
        for branch, places, own in self._by_branch(array, self.tag):
            for place, value in zip(places.tolist(), branch.python(own), strict=True):
                values[place] = value
        return values

    def json(self, array: pa.Array) -> pa.Array:
        if self.tag is None:
            return objects_json(self.parts, array, all_absent=True)
        texts = pa.nulls(len(array), pa.string())
        for branch, places, own in self._by_branch(array, self.tag):
            texts = merged(texts, places, branch.json(own))
        return texts

    def _by_branch(self, array: pa.Array, tag: str) -> Iterator[tuple[Synthesizer, NDArray[np.int64], pa.Array]]:
        """Each branch, where it is, and the objects there, with no fields but its own."""
        tags = pc.struct_field(array, tag)
        for branch, part in zip(self.branches, self.column.parts, strict=True):
            choices = next(field.choices for field in part.parts if field.name == tag)
            mine = pc.is_in(tags, array_of(choices, tags.type))
            places: NDArray[np.int64] = np.flatnonzero(mine.to_numpy(zero_copy_only=False))
            rows = array.take(fixed_width_array(pa.int64(), places))
            fields = list(branch.arrow_type)
            own = pa.StructArray.from_arrays([rows.field(field.name) for field in fields], fields=fields)
            yield branch, places, own


def loaded(array: pa.Array, column: Column) -> list[Any]:
    """JSON texts as Python values; as they are, where the model wants the text."""
    if column.format == "json":
        texts: list[Any] = array.to_pylist()
        return texts
    return [None if text is None else json.loads(text) for text in array.to_pylist()]


def inside_json(array: pa.Array, column: Column) -> pa.Array:
    """JSON texts as part of another one: as they are; as texts, where they are texts to their model, too."""
    return json_text(array) if column.format == "json" else array


class SynthesizeJson(Synthesizer):
    """What has no Arrow type of its own, as JSON text: recursive models, open objects, objects without a field."""

    takes_lengths = True

    @classmethod
    def match(cls, column: Column) -> bool:
        return (column.stored == "json" and column.kind not in ("choice", "any")) or is_empty(column)

    def prepare(self) -> None:
        inner = _writable(replace(self.column, stored=None, nulls=None, format=None))
        if is_empty(inner):
            found = SynthesizeObject if inner.kind == "object" else SynthesizeTuple
            self.inner: Synthesizer = found(inner, self.table, self.rows, self.seed, self.path, self.attempt)
        else:
            self.inner = self.part(inner, self.path)

    @property
    def arrow_type(self) -> pa.DataType:
        return pa.string()

    @property
    def law_text(self) -> str:
        return self.inner.law_text

    @property
    def storage(self) -> Storage:
        inner = self.inner.storage
        return Storage(4 + 2 * inner.bytes, inner.bits)

    def at(self, rows: Rows) -> pa.Array:
        return filled(self.inner.json(self.inner.values(rows)))

    def listed_values(self, most: int) -> Listing | None:
        found = self.inner.listing(most)
        return found and listed_once(filled(self.inner.json(found.values)), found.weights)

    def python(self, array: pa.Array) -> list[Any]:
        return loaded(array, self.column)

    def json(self, array: pa.Array) -> pa.Array:
        return inside_json(array, self.column)


def is_empty(column: Column) -> bool:
    """Whether a column holds objects or tuples without any part, which Parquet cannot."""
    return column.kind in ("object", "tuple") and not column.parts


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
    def law_text(self) -> str:
        return "always null"

    @property
    def cardinality(self) -> int:
        return 1

    @property
    def storage(self) -> Storage:
        return Storage(0, 0)

    def at(self, rows: Rows) -> pa.Array:
        return pa.nulls(len(rows), pa.null())
