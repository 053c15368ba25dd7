"""This file knows columns that are taken from rows which others refer to, and the numbers of rows within a parent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from gen.block import fixed_width_array, plain, plain_type, with_nulls
from gen.errors import SchemaError
from gen.schema.spec import KINDS, Column, suggestion
from gen.streams import Rows
from gen.synth.rows import OF_SEVERAL, TO_SEVERAL, RowView, refers_to_several
from gen.synth.synthesizer import Storage, Synthesizer
from gen.synth.tied.derived import MadeOfOthers


class SynthesizeCopy(MadeOfOthers):
    """The value of a column of the row that is referred to, through one reference or several."""

    draws = False
    origin: Synthesizer | None = None

    @classmethod
    def match(cls, column: Column) -> bool:
        return bool(column.copied)

    def prepare(self) -> None:
        self.inner = self.part(replace(self.column, copied=(), key=None, nulls=None, when=None), self.path)

    def copies(self, origin: Synthesizer) -> None:
        """Take the synthesizer of the column that is copied, whose values these are; refuse another kind of values."""
        if origin.column.value_kind != self.column.value_kind:
            raise SchemaError(
                f"{self.where}: it is {KINDS[self.column.kind]}, and {origin.where}, which it copies, is "
                f"{KINDS[origin.column.kind]}.",
                hint="Give both fields the same type.",
            )
        self.origin = self.inner = origin

    @property
    def arrow_type(self) -> pa.DataType:
        return plain_type(self.inner.arrow_type)

    @property
    def reason(self) -> str:
        return f"copies {self.inner.where}"

    @property
    def cardinality(self) -> int | None:
        return self.inner.cardinality

    @property
    def law_text(self) -> str:
        return f"copied: {'.'.join(self.column.copied)}"

    def made(self, row: RowView) -> pa.Array:
        array = plain(row.array(".".join(self.column.copied)))
        if self.column.nulls is None and array.null_count:
            raise SchemaError(
                f"{self.where}: it is never null, and copies {'.'.join(self.column.copied)}, which is in some rows.",
                hint="Make the field Optional.",
            )
        return array


class SynthesizeOrdinal(MadeOfOthers):
    """The number of a row among those that refer to the same row: start, start + 1, ..."""

    draws = False

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.ordinal is not None

    def prepare(self) -> None:
        if self.column.kind != "integer":
            raise SchemaError(
                f"{self.where}: an ordinal is an int, not {KINDS[self.column.kind]}.", hint="Make it int."
            )

    @property
    def arrow_type(self) -> pa.DataType:
        return pa.int64()

    @property
    def storage(self) -> Storage:
        return Storage(8, 16)

    @property
    def law_text(self) -> str:
        assert self.column.ordinal is not None
        start = self.column.ordinal.start
        return f"{start}, {start + 1}, ... for each {self.column.ordinal.reference}"

    def at(self, rows: Rows) -> pa.Array:
        raise SchemaError(f"{self.where}: it is numbered with its row only.")

    def made(self, row: RowView) -> pa.Array:
        assert self.column.ordinal is not None
        reference: Any = row.columns.get(self.column.ordinal.reference)
        referring = [name for name, each in row.columns.items() if hasattr(each, "chosen")]
        if refers_to_several(reference):
            raise SchemaError(
                f"{self.where}: it numbers the rows of one {self.column.ordinal.reference}, which {TO_SEVERAL}.",
                hint=OF_SEVERAL,
            )
        if not hasattr(reference, "chosen"):
            raise SchemaError(
                f"{self.where}: it numbers the rows of one {self.column.ordinal.reference}, which is no reference.",
                hint=f"Name a field that has a ForeignKey. {suggestion(self.column.ordinal.reference, referring)}",
            )
        chosen = reference.chosen(row)
        ordinals = chosen.ordinals
        if ordinals is None:
            raise SchemaError(
                f"{self.where}: rows with the same {self.column.ordinal.reference} cannot be numbered: it refers to "
                f"rows of {reference.column.reference.table}, {reference.link.pick.described()}.",
                hint="Declare how many rows each parent has: Children(Poisson(3)).",
            )
        numbers = fixed_width_array(pa.int64(), ordinals.astype(np.int64) + self.column.ordinal.start)
        if chosen.there is None or chosen.there.all():
            return numbers
        if self.column.nulls is None:
            raise SchemaError(
                f"{self.where}: it is never null, and numbers rows of one {self.column.ordinal.reference}, which is "
                "null in some.",
                hint=f"Make the field Optional, or say Nulls(0) beside {self.column.ordinal.reference}.",
            )
        return with_nulls(numbers, chosen.there)

    def python(self, array: pa.Array) -> list[Any]:
        return list(array.to_pylist())

    def json(self, array: pa.Array) -> pa.Array:
        return Synthesizer.json(self, array)

    def storages(self, path: str) -> dict[str, Storage]:
        return {path: self.storage}
