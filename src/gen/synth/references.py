"""This file knows foreign keys: choose a row of the parent, compute its key. No pool in memory, no order, no join."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from gen.block import fixed_width_array
from gen.errors import ReferenceError, SchemaError
from gen.keys import Pool
from gen.schema.spec import Column
from gen.streams import Rows, Words, uniform_integers
from gen.synth.laws.compiled import law_of
from gen.synth.synthesizer import Storage, Synthesizer

SMALL_POOL = 65_536  # keys; a pool up to this size is computed once and gathered from


class SynthesizeReference(Synthesizer):
    """Keys of another table's rows, each of its rows equally likely to be chosen.

    `resolve` hands over the parent's key; until then the column cannot be drawn. Self and circular references need no
    order, because a key is computed from its row number alone.
    """

    serves_references = True
    parent: Pool | None = None
    parent_storage: Storage | None = None
    _small: pa.Array | None = None

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.reference is not None

    def prepare(self) -> None:
        law, _ = law_of(self.where, self.column.distribution)
        if law != "uniform":
            raise SchemaError(
                f"{self.where}: the distribution {law!r} does not apply to foreign keys.", hint="Leave it out."
            )

    def take_pools(self, pools: Any) -> None:
        if pools:
            self.pools = pools
            self.resolve(*pools[str(self.column.reference)])

    def resolve(self, parent: Pool, storage: Storage) -> None:
        """Take the parent's keys: anything with a size and `at`."""
        if parent.size == 0 and self.rows > 0:
            raise ReferenceError(
                f"{self.where} refers to {self.column.reference}, a table without rows.",
                hint="Give the parent at least one row.",
                table=self.table,
                column=self.column.name,
                target=str(self.column.reference),
            )
        self.parent, self.parent_storage = parent, storage

    @property
    def pool(self) -> Pool:
        if self.parent is None:
            raise ReferenceError(
                f"{self.where}: the keys of {self.column.reference} are needed before they are known.",
                hint="A reference cannot be inside what `not`, `oneOf`, `if` or dependent keywords check.",
            )
        return self.parent

    def parent_rows(self, rows: Rows) -> Words:
        """uint64 array: the parent's row each of these rows refers to."""
        words = self.words(rows)
        chosen = np.empty(words.size, np.int64)
        uniform_integers(words, chosen, np.int64(0), np.uint64(max(self.pool.size, 1) - 1), np.int64(1))
        return chosen.view(np.uint64)

    def python(self, array: pa.Array) -> list[Any]:
        key = getattr(self.parent, "key", None)
        return super().python(array) if key is None else list(key.python(array))

    def json(self, array: pa.Array) -> pa.Array:
        key = getattr(self.parent, "key", None)
        return super().json(array) if key is None else key.json(array)

    def at(self, rows: Rows) -> pa.Array:
        chosen = self.parent_rows(rows)
        if self.pool.size > SMALL_POOL:
            return self.pool.at(chosen)
        if self._small is None:
            self._small = self.pool.at(range(self.pool.size))
        if self.is_dictionary:
            values = self._small.dictionary if pa.types.is_dictionary(self._small.type) else self._small
            if values is not self._small:
                indices = self._small.indices.take(fixed_width_array(pa.uint64(), chosen))
                return pa.DictionaryArray.from_arrays(indices, values)
            return pa.DictionaryArray.from_arrays(fixed_width_array(pa.int32(), chosen.astype(np.int32)), values)
        return self._small.take(fixed_width_array(pa.uint64(), chosen))

    @property
    def is_dictionary(self) -> bool:
        """Whether the values travel as indexes into a dictionary: a small pool of texts does."""
        if self.parent is None or self.pool.size > SMALL_POOL:
            return False
        return bool(pa.types.is_string(self.plain_type))

    @property
    def plain_type(self) -> pa.DataType:
        """The type of one value."""
        kind = getattr(self.parent, "arrow_type", None) or super().arrow_type
        return kind.value_type if pa.types.is_dictionary(kind) else kind

    @property
    def arrow_type(self) -> pa.DataType:
        kind = getattr(self.parent, "arrow_type", None) or super().arrow_type
        return pa.dictionary(pa.int32(), self.plain_type) if self.is_dictionary else kind

    @property
    def law_text(self) -> str:
        return f"each row of {self.column.reference.table} equally likely" if self.column.reference else "uniform"

    @property
    def cardinality(self) -> int | None:
        return self.parent.size if self.parent else None

    @property
    def storage(self) -> Storage:
        assert self.parent_storage is not None
        few = self.pool.size if self.pool.size <= SMALL_POOL else None
        given = self.parent_storage
        # Keys of the parent drawn at random: no more information than which row, nor than a key's range has.
        return Storage(given.bytes, min(self.key_bits, given.bytes * 8), distinct=few)

    @property
    def key_bits(self) -> float:
        """The bits that span the parent's keys."""
        cardinality = getattr(self.parent, "cardinality", None)
        return float(np.log2(max(float(cardinality or 2**63), 2.0)))

    def __getstate__(self) -> dict[str, object]:
        return super().__getstate__() | {"_small": None}
