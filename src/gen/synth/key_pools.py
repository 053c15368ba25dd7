"""This file knows the keys of a table as others refer to them: computed where they are, or drawn once and held."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from gen.block import plain_type
from gen.errors import SchemaError
from gen.keys import KeyOrder, Pool
from gen.schema.spec import KINDS
from gen.streams import Rows
from gen.synth.ranked import Ranked
from gen.synth.related.segments import Cut
from gen.synth.rows import Asking
from gen.synth.synthesizer import Synthesizer
from gen.synth.tied.derived import MadeOfOthers

MATERIALISED_ROWS = 4_000_000  # keys of user code that are drawn in blocks and referred to: held in memory up to here


@dataclass(frozen=True)
class ComputedPool:
    """The keys of a table, computed where they are: a few bytes, whatever their number."""

    key: Synthesizer

    @property
    def size(self) -> int:
        return self.key.rows

    @property
    def arrow_type(self) -> pa.DataType:
        return self.key.arrow_type

    @property
    def cardinality(self) -> int | None:
        return self.key.cardinality

    def at(self, rows: Rows) -> pa.Array:
        return self.key.at(rows)


@dataclass(frozen=True)
class RowPool(ComputedPool):
    """The keys of a table that are made of other columns of their row: evaluated with it."""

    tables: Any

    def at(self, rows: Rows) -> pa.Array:
        return self.tables[self.key.table].view(rows, Asking()).array(self.key.column.name)


@dataclass(frozen=True)
class JoinedPool:
    """The keys of rows that exist already, or were made before, and then of those that are made: the last pool's."""

    pools: tuple[Any, ...]

    @property
    def size(self) -> int:
        return sum(int(pool.size) for pool in self.pools)

    @property
    def arrow_type(self) -> pa.DataType:
        return plain_type(self.pools[-1].arrow_type)

    @property
    def cardinality(self) -> None:
        return None

    def at(self, rows: Rows) -> pa.Array:
        pieces = self._cut.pieces(rows)
        return pieces.merged(lambda part: self.pools[part].at(pieces.rows[part]))

    @cached_property
    def _cut(self) -> Cut:
        return Cut(np.cumsum([pool.size for pool in self.pools]).tolist())


def avoid_existing(key: Synthesizer, taken: pa.Array) -> None:
    """Have a key never be one of those that exist already; refuse it where that is not known to be so."""
    if isinstance(key, Ranked):
        if isinstance(key.order, KeyOrder):  # else one that goes on, and avoids them already
            key.avoid(taken)
        return
    again = getattr(key, "row_of", None)
    if again is None:
        raise SchemaError(
            f"{key.where}: {type(key).__name__} does not tell which row has a key, and {len(taken):,} exist already.",
            hint="Let gen draw the key, or write `row_of(values)`.",
        )
    if count := int((again(taken) >= 0).sum()):
        raise SchemaError(
            f"{key.where}: {count:,} of the {len(taken):,} keys that exist already would be drawn again.",
            hint="Give another seed, or a longer key.",
        )


def refuse_made(key: Synthesizer) -> None:
    """Refuse a key that is made of other fields: nothing says that it differs from row to row."""
    if isinstance(key, MadeOfOthers):
        raise SchemaError(
            f"{key.where}: a key cannot be made of other fields of its row, or of other rows.",
            hint="Let the key be drawn, drop the marker, or let it be the key together with others.",
        )


def check_distinct(key: Synthesizer) -> None:
    """A key drawn by user code that makes no promise is drawn whole and counted, within a stated budget."""
    name = type(key).__name__
    if key.is_built_in:
        raise SchemaError(
            f"{key.where}: {KINDS[key.column.kind]} cannot be a primary key.",
            hint="Use an int, a str, a date, a UUID or a tuple of them.",
        )
    if key.rows > MATERIALISED_ROWS:
        raise SchemaError(
            f"{key.where}: {name} draws a primary key of {key.rows:,} rows without promising that they differ, and at "
            f"most {MATERIALISED_ROWS:,} are checked.",
            hint=f"If distinct rows give distinct values, set `unique = True` in {name}.",
        )
    values = key.guarded(lambda: key.at(range(key.rows)), key.rows)
    distinct = values.unique()
    if len(distinct) < key.rows:
        raise SchemaError(
            f"{key.where}: {name} draws {key.rows - len(distinct):,} duplicates in a primary key of {key.rows:,} rows.",
            hint="Make the value depend on the row number one to one.",
        )


def pool_of(key: Synthesizer, tables: Any) -> Pool:
    """The pool of a key; `tables` are all, for those that are made with their rows."""
    link = getattr(key, "link", None)
    if isinstance(key, MadeOfOthers) or (link is not None and link.pick.needs_row):
        return RowPool(key, tables)
    if key.block_addressed:
        return MaterialisedPool.of(key)
    return ComputedPool(key)


@dataclass(frozen=True)
class MaterialisedPool:
    """Keys that cannot be computed at a row alone: drawn once at plan time, and carried in the plan."""

    values: pa.Array

    @classmethod
    def of(cls, key: Synthesizer) -> MaterialisedPool:
        if key.rows > MATERIALISED_ROWS:
            raise SchemaError(
                f"{key.where}: {type(key).__name__} draws keys in blocks and is referred to; {key.rows:,} are "
                f"more than the {MATERIALISED_ROWS:,} that are kept.",
                hint="Write `at(rows)` instead of `draw`, so that a key can be computed from its row.",
            )
        return cls(key.guarded(lambda: key.at(range(key.rows)), key.rows))

    @property
    def size(self) -> int:
        return len(self.values)

    @property
    def arrow_type(self) -> pa.DataType:
        return self.values.type

    @property
    def cardinality(self) -> int:
        return len(self.values)

    def at(self, rows: Rows) -> pa.Array:
        if isinstance(rows, range):
            return self.values.slice(rows.start, len(rows))
        return self.values.take(pa.array(rows))
