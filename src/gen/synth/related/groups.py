"""This file knows columns that are unique together: each row has a combination of its own, computed from its number.

Each member of a group, a column or a reference, has a number of values, and a row has a digit for each. Either the
row's place among all combinations has these digits; or one member is a reference whose parents have so many rows each,
and a row is the j-th pick of its parent among the combinations of the others.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from gen.keys import KeyOrder, Order
from gen.relations.picks import SkewedPicks, UniformPicks
from gen.streams import Rows, Words
from gen.synth.related.picks import CountedPick, FanOutPick, Pick, Picked
from gen.synth.related.popularity import Popularity
from gen.synth.rows import RowView
from gen.synth.synthesizer import ReadAsAnother, Synthesizer


class Digits(ABC):
    """For each row a digit for each member of a group; no two rows have all of them the same."""

    @abstractmethod
    def at(self, rows: Rows) -> list[Words]:
        """The digits of these rows, by member."""

    @abstractmethod
    def described(self) -> str:
        """How combinations follow the rows, in words."""

    def of(self, row: RowView) -> list[Words]:
        """The same, found once for all columns of a group."""
        return row.once(self, lambda: self.at(row.rows))


@dataclass(frozen=True, eq=False)
class ProductDigits(Digits):
    """Combinations in an order of keys: the first member's digit counts most."""

    order: Order
    sizes: tuple[int, ...]

    def at(self, rows: Rows) -> list[Words]:
        return split(self.order.ranks(rows), self.sizes)

    def described(self) -> str:
        return self.order.order


@dataclass(frozen=True, eq=False)
class PickedDigits(Digits):
    """The lead's parent is what a fan-out says; a row is one of that parent's picks among the others' combinations.

    picks: of so many combinations; of a skewed one of ranks, which `popularity` scatters over the parents of the one
    other member.
    """

    lead: int
    fan_out: FanOutPick
    sizes: tuple[int, ...]
    picks: UniformPicks | SkewedPicks
    popularity: Popularity | None = None

    def at(self, rows: Rows) -> list[Words]:
        picked = self.fan_out.at(rows)
        assert picked.ordinals is not None
        if isinstance(self.picks, SkewedPicks):
            assert self.popularity is not None
            siblings = self.fan_out.counts_of(picked.places)
            others = self.popularity.rows_at(self.picks.at(picked.places, picked.ordinals, siblings))
        else:
            others = self.picks.at(picked.places, picked.ordinals)
        sizes = [size for i, size in enumerate(self.sizes) if i != self.lead]
        digits = split(others, sizes)
        digits.insert(self.lead, picked.places)
        return digits

    def described(self) -> str:
        return self.fan_out.described()


class LaterDigits(Digits):
    """Digits that are made on first use, when it is known how many rows a reference may lead to."""

    def __init__(self, make: Callable[[], Digits]) -> None:
        self._make: Callable[[], Digits] | None = make
        self._made: Digits | None = None

    @property
    def made(self) -> Digits:
        """The digits themselves."""
        if self._made is None:
            assert self._make is not None
            self._made = self._make()
        return self._made

    def at(self, rows: Rows) -> list[Words]:
        return self.made.at(rows)

    def described(self) -> str:
        return self.made.described()

    def __getstate__(self) -> dict[str, Any]:
        return {"_made": self.made, "_make": None}


def split(ranks: Words, sizes: Sequence[int]) -> list[Words]:
    """The digits of each rank, the first member's first."""
    digits = []
    for size in reversed(sizes[1:]):
        ranks, digit = np.divmod(ranks, np.uint64(size))
        digits.append(digit)
    return [ranks, *reversed(digits)]


@dataclass(frozen=True, eq=False)
class DigitPick(Pick):
    """A reference that is a member of a unique group: its place is its digit."""

    digits: Digits
    member: int

    def at(self, rows: Rows) -> Picked:
        return Picked(self.digits.at(rows)[self.member])

    def of(self, row: RowView) -> Picked:
        return Picked(self.digits.of(row)[self.member])

    @property
    def is_in_order(self) -> bool:
        fan_out = self._fan_out
        return fan_out is not None and fan_out.is_in_order

    @property
    def _fan_out(self) -> FanOutPick | None:
        """What says how many rows each of its places has, where it is the lead of its group."""
        digits = self.digits.made if isinstance(self.digits, LaterDigits) else self.digits
        return digits.fan_out if isinstance(digits, PickedDigits) and digits.lead == self.member else None

    @property
    def counted(self) -> CountedPick | None:
        return self._fan_out

    def children_of(self, places: Rows) -> tuple[Rows, Words] | None:
        if self._fan_out is not None:
            return self._fan_out.children_of(places)
        if (
            isinstance(self.digits, ProductDigits)
            and isinstance(self.digits.order, KeyOrder)
            and not self.digits.order.rows
        ):
            return places[:0], np.zeros(len(places), np.uint64)
        return None

    def counts_of(self, places: Rows) -> Words:
        if self._fan_out is not None:
            return self._fan_out.counts_of(places)
        return np.zeros(len(places), np.uint64)

    def described(self) -> str:
        led = isinstance(self.digits, PickedDigits) and self.digits.lead != self.member
        return f"in combinations that differ{'' if led else f', {self.digits.described()}'}"


class GroupMember(ReadAsAnother):
    """A column of a table that is unique together with others: its value is the one at its digit."""

    def of(self, values: Synthesizer, digits: Digits, member: int) -> GroupMember:
        """Take what gives the value of a digit, and the digits."""
        self.inner, self.digits, self.member = values, digits, member
        return self

    @property
    def reason(self) -> str:
        return f"unique together with others; {self.inner.reason}"

    @property
    def cardinality(self) -> int | None:
        return self.inner.cardinality

    @property
    def law_text(self) -> str:
        return f"in combinations that differ, {self.digits.described()}"

    def at(self, rows: Rows) -> pa.Array:
        return self.inner.at(self.digits.at(rows)[self.member])

    def values_in(self, row: RowView) -> pa.Array:
        array: Any = self.inner.at(self.digits.of(row)[self.member])
        if self.column.nulls:
            array = self.only_where(self.is_there(row.rows, self.column.nulls), array)
        return self.conditioned(array, row)
