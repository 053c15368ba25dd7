"""This file knows columns of appended rows that go on where earlier ones end: keys, other than theirs, and series."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.streams import Rows, shifted
from gen.synth.key_pools import check_distinct
from gen.synth.laws.parameters import BY_ROW
from gen.synth.synthesizer import ReadAsAnother, Synthesizer, synthesizer_of


class Continued(ReadAsAnother):
    """A column of appended rows whose values go on where those before end: `inner` draws them, from a row on."""

    def of(self, inner: Synthesizer, before: int) -> Continued:
        """Take what draws all rows, and how many came before these."""
        self.inner, self.before = inner, before
        return self

    @property
    def reason(self) -> str:
        return self.inner.reason

    @property
    def cardinality(self) -> int | None:
        return self.inner.cardinality

    @property
    def law_text(self) -> str:
        return self.inner.law_text

    @property
    def block_addressed(self) -> bool:
        return self.inner.block_addressed

    def at(self, rows: Rows) -> pa.Array:
        return self.inner.checked_at(shifted(rows, self.before))


class ContinuedKey(Continued):
    """The same of a key, of which whatever draws it gives each row another."""

    unique = True

    @property
    def key_order(self) -> str:
        return self.inner.key_order

    @property
    def row_of(self) -> Callable[[pa.Array], NDArray[np.int64]]:
        """The row whose key each value is; -1 where no row's is. Where `inner` can tell."""
        inner: Any = self.inner
        found = inner.row_of

        def later_row_of(values: pa.Array) -> NDArray[np.int64]:
            rows: NDArray[np.int64] = found(values) - self.before
            return np.where(rows < self.rows, np.maximum(rows, np.int64(-1)), np.int64(-1))

        return later_row_of


def continued_key(key: Synthesizer, earlier: Sequence[Any]) -> Synthesizer:
    """The key of rows that are appended to those of `earlier` keys: other than all of theirs."""
    if (own := getattr(key, "continuing", None)) is not None:
        found: Synthesizer = own(earlier)
        return found
    before = sum(each.rows for each in earlier)
    inner = copy.copy(earlier[0])
    inner.rows = before + key.rows
    if not inner.unique:
        check_distinct(inner)
    return ContinuedKey(key.column, key.table, key.rows, key.seed, key.path).of(inner, before)


def continued_series(drawn: Synthesizer, before: int) -> Synthesizer | None:
    """A column whose values follow from its rows' numbers, of rows that are appended; None where it is none.

    A series without an interval spreads over its bounds, whatever its rows: it does so again.
    """
    law = drawn.column.distribution
    if law is None or law.name not in BY_ROW or not getattr(getattr(drawn, "law", None), "by_row", False):
        return None
    if law.name == "series" and "interval" not in dict(law.parameters):
        return None
    inner = synthesizer_of(drawn.column, drawn.table, before + drawn.rows, drawn.seed, drawn.path)
    return Continued(drawn.column, drawn.table, drawn.rows, drawn.seed, drawn.path).of(inner, before)
