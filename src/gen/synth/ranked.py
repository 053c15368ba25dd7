"""This file knows synthesizers whose values can be counted: the rank of a value, the value of a rank, and so keys."""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from gen.errors import SchemaError
from gen.keys import FEWER, AvoidingOrder, KeyOrder, Order, check_capacity, later_order
from gen.streams import Rows, Words
from gen.synth.synthesizer import Synthesizer


class Ranked(Synthesizer):
    """A synthesizer whose values can be counted: rank -> value and value -> rank, so it can serve as a key.

    Mix it in before the class that knows the values: `class SynthesizeIntegerKey(Ranked, SynthesizeInteger)`.
    """

    unique = True
    default_order: ClassVar[str] = "ascending"

    @abstractmethod
    def unrank(self, ranks: Words) -> pa.Array:
        """The values with these ranks; ranks are below `cardinality`."""

    @abstractmethod
    def rank(self, values: pa.Array) -> Words:
        """The rank of each value; a rank of `cardinality` or above for a value that is not in the domain."""

    def prepare(self) -> None:
        super().prepare()
        self.prepare_order()

    def prepare_order(self) -> None:
        """Prove that there are enough values, and fix which row gets which."""
        assert self.column.key is not None and self.cardinality is not None
        if self.column.distribution and self.column.distribution.name != "uniform":
            raise SchemaError(
                f"{self.where}: the distribution {self.column.distribution.name!r} does not apply to a primary key.",
                hint="Leave it out: every key is there once.",
            )
        article = f"{'an' if self.column.kind[0] in 'aeio' else 'a'} {self.column.kind}"
        check_capacity(self.table, self.column.name, self.rows, self.cardinality, f"{article} in its bounds")
        order = self.column.key.order or self.default_order
        self.order: Order = KeyOrder(order, self.rows, self.cardinality, self.stream_key("key"))

    def avoid(self, taken: pa.Array) -> None:
        """Have no row have one of these keys, which exist already; keys that ascend begin after the last of them."""
        assert self.cardinality is not None and isinstance(self.order, KeyOrder)
        ranks = np.unique(self.rank(taken))
        ranks = ranks[ranks < np.uint64(min(self.cardinality, 2**64 - 1))]
        if not ranks.size:
            return
        last, order, key = int(ranks[-1]), self.order.order, self.stream_key("key")
        available = self.cardinality - ranks.size
        start = last + 1 - ranks.size if order != "scattered" and self.cardinality - last - 1 >= self.rows else 0
        said = f"what {len(taken):,} keys that exist already leave"
        check_capacity(self.table, self.column.name, self.rows, available, said)
        self.order = AvoidingOrder(KeyOrder(order, self.rows, available - start, key), ranks, start)

    def continuing(self, earlier: Sequence[Ranked]) -> Ranked:
        """The key of rows that come after these: other than all of theirs, from the domain of the first of them."""
        first, before = earlier[0], sum(each.rows for each in earlier)
        left = max(first.order.capacity - before, 0)
        above = " above the keys that exist already" if getattr(first.order, "start", 0) else ""
        check_capacity(
            self.table, self.column.name, self.rows, left, f"what {before:,} earlier rows leave{above}", FEWER
        )
        found = copy.copy(first)
        found.column, found.rows = self.column, self.rows
        found.order = later_order([each.order for each in earlier], self.rows, self.stream_key("key"))
        return found

    def at(self, rows: Rows) -> pa.Array:
        return self.unrank(self.order.ranks(rows))

    def row_of(self, values: pa.Array) -> np.ndarray[Any, np.dtype[np.int64]]:
        """The row whose key each value is; -1 where no row's is."""
        return self.order.row_of(self.rank(values))
