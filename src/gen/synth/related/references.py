"""This file knows foreign keys: a link chooses the row of the parent, whose key is computed. No pool, no join."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from gen.block import fixed_width_array, plain_type
from gen.errors import ReferenceError
from gen.keys import Pool
from gen.schema.links import Distribution
from gen.schema.spec import Column
from gen.streams import Rows, Words
from gen.synth.related.beyond_rows import BeyondRows
from gen.synth.related.links import Chosen, Link
from gen.synth.related.parents import AllRows, Parents
from gen.synth.related.picks import EVENLY, EvenPick, NoPick, Pick, PopularPick
from gen.synth.related.popularity import check_rank_law, popularity_key, popularity_of
from gen.synth.related.subsets import LaterPick, ListedRows, TriedPick, TriedRows, none_accepted
from gen.synth.rows import RowView
from gen.synth.synthesizer import Storage, Synthesizer

SMALL_POOL = 65_536  # keys; a pool up to this size is computed once and gathered from


class SynthesizeReference(Synthesizer):
    """Keys of another table's rows, or of its own: those of the rows that a link chooses.

    `resolve` hands over the parent's key; until then the column cannot be drawn. Self and circular references need no
    order, because a key is computed from its row number alone.
    """

    serves_references = True
    parent: Pool | None = None
    parent_storage: Storage | None = None
    link: Link | None = None  # of a column of a table; a part inside one has its own, made from the size of the pool
    tables: Any = None  # all tables, where columns of the parent are asked for
    _small: pa.Array | None = None

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.reference is not None

    def take_pools(self, pools: Any) -> None:
        if pools:
            self.pools = pools
            parent, storage = pools[str(self.column.reference)]
            self.resolve(parent, storage, pools.get((self.column.reference, "rows")))

    def resolve(self, parent: Pool, storage: Storage, standing: Parents | None = None) -> None:
        """Take the parent's keys: anything with a size and `at`; and which of its rows are meant, if not all."""
        if parent.size == 0 and self.rows > 0 and self.column.nulls is None:
            raise ReferenceError(
                f"{self.where} refers to {self.column.reference}, a table without rows.",
                hint="Give the parent at least one row.",
                table=self.table,
                column=self.column.name,
                target=str(self.column.reference),
            )
        self.parent, self.parent_storage = parent, storage
        if self.link is None:
            self.link = self._own_link(standing or AllRows(parent.size))

    def _own_link(self, standing: Parents) -> Link:
        """The link of a reference by itself, whose rows are not those of a table."""
        check_rank_law(self.where, self.column.distribution)
        if isinstance(standing, ListedRows):
            return Link(standing, LaterPick(lambda: self._own_pick(standing.size), lambda: False))
        if isinstance(standing, TriedRows):
            pick = self._free_pick(standing.size)
            return Link(standing, TriedPick(standing.condition, pick))
        return Link(standing, self._own_pick(standing.size))

    def _own_pick(self, size: int) -> Pick:
        reference = self.column.reference
        assert self.parent is not None and reference is not None
        if size or not self.parent.size:
            return self._free_pick(size)
        if self.column.nulls is not None:
            return NoPick()
        raise none_accepted(self.where, reference, self.parent.size, self.table, self.column.name)

    def _free_pick(self, size: int) -> EvenPick | PopularPick:
        key, law = self.stream_key("value"), self.column.distribution
        if law in (None, Distribution("uniform")):
            return EvenPick(size, key)
        reference, popular = self.column.reference, self.stream_key("popularity")
        if reference is not None and reference.popularity:
            popular = popularity_key(self.seed, reference)
        return PopularPick(popularity_of(self.where, law, max(size, 1), popular), key, law.name)

    @property
    def pool(self) -> Pool:
        if self.parent is None:
            raise ReferenceError(
                f"{self.where}: the keys of {self.column.reference} are needed before they are known.",
                hint="A reference cannot be inside what `not`, `oneOf`, `if` or dependent keywords check.",
            )
        return self.parent

    def chosen(self, row: RowView) -> Chosen:
        """The parent's rows that these rows refer to."""
        assert self.link is not None
        return self.link.chosen(row)

    def beyond(self, row: RowView) -> BeyondRows:
        """The parent's rows that these rows refer to, with all their columns."""
        assert self.column.reference is not None
        chosen, table = self.chosen(row), self.column.reference.table
        return row.once((self.link, table), lambda: BeyondRows(self.tables, table, chosen, row.asking, self))

    def python(self, array: pa.Array) -> list[Any]:
        key = getattr(self.parent, "key", None)
        return super().python(array) if key is None else list(key.python(array))

    def json(self, array: pa.Array) -> pa.Array:
        key = getattr(self.parent, "key", None)
        return super().json(array) if key is None else key.json(array)

    def at(self, rows: Rows) -> pa.Array:
        _ = self.pool
        assert self.link is not None
        picked = self.link.pick.at(rows)
        array = self._keys(self.link.parents.rows(picked.places))
        return array if picked.there is None or picked.there.all() else self.only_where(picked.there, array)

    def values_in(self, row: RowView) -> pa.Array:
        _ = self.pool
        chosen = self.chosen(row)
        # Of texts one for each parent, not for each row; numbers are drawn as fast as they are taken.
        runs = chosen.runs if self.pool.size > SMALL_POOL and not pa.types.is_primitive(self.arrow_type) else None
        if runs is None:
            array = self._keys(chosen.rows)
        else:
            array = self._keys(runs[0]).take(fixed_width_array(pa.int64(), runs[1]))
        return array if chosen.there is None or chosen.there.all() else self.only_where(chosen.there, array)

    def _keys(self, chosen: Words) -> pa.Array:
        """The keys of these rows of the parent."""
        if self.pool.size > SMALL_POOL:
            return self.pool.at(chosen)
        if not self.pool.size:
            return pa.nulls(chosen.size, self.arrow_type)
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
        return plain_type(kind)

    @property
    def arrow_type(self) -> pa.DataType:
        kind = getattr(self.parent, "arrow_type", None) or super().arrow_type
        return pa.dictionary(pa.int32(), self.plain_type) if self.is_dictionary else kind

    @property
    def law_text(self) -> str:
        assert self.column.reference is not None and self.link is not None
        reference, said = self.column.reference, self.link.pick.described()
        rows = f"{reference.table} where {reference.where}" if reference.where else reference.table
        return f"each row of {rows} equally likely" if said == EVENLY else f"rows of {rows}, {said}"

    @property
    def cardinality(self) -> int | None:
        return self.link.parents.size if self.link else None

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
