"""This file knows lists of which some items are of a kind that must be there: how many, and at which places.

Such a list has shares, one for each branch of its item's union: other items, and those contained. How large each share
is, and which places it has, is drawn; what is at them is drawn as lists are.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.block import fixed_width_array
from gen.errors import CapacityError, SchemaError
from gen.schema.spec import Column
from gen.streams import Rows, Words, kernel, mulhi
from gen.synth.containers.lists import SynthesizeList, first_of_each
from gen.synth.containers.unions import SynthesizeUnion
from gen.synth.lengths import LengthLaw
from gen.synth.synthesizer import Synthesizer


@kernel("void(uint64[::1], int32[::1], int64[:, ::1], uint64[::1])")
def _deal(words: Words, offsets: NDArray[np.int32], sizes: NDArray[np.int64], out: Words) -> None:
    """The share of each place, as from an urn that holds as many of each as it has in the list: all orders alike."""
    left = np.empty(sizes.shape[1], np.int64)
    for i in range(offsets.size - 1):
        left[:] = sizes[i]
        for at in range(offsets[i], offsets[i + 1]):
            ball = np.int64(mulhi(words[at], np.uint64(offsets[i + 1] - at)))
            share = 0
            while ball >= left[share]:
                ball -= left[share]
                share += 1
            left[share] -= 1
            out[at] = np.uint64(share)


class Share(SynthesizeList):
    """The items of a list that are of one branch; its lengths are given by the list."""

    @classmethod
    def match(cls, column: Column) -> bool:
        return False

    def _lengths(self) -> tuple[int, int]:
        return self.column.min_length or 0, self.column.max_length or 0


class SynthesizeContaining(SynthesizeList):
    """A list with so many items of each branch of its item's union but the first, at places of their own."""

    item: SynthesizeUnion

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.kind == "list" and column.stored is None and bool(column.contained)

    def prepare(self) -> None:
        super().prepare()
        counts = [(0, self.longest), *((least, most or self.longest) for least, most in self.column.contained)]
        self.shares = [
            self._share(branch, least, min(most, self.longest))
            for branch, (least, most) in zip(self.column.parts[0].parts, counts, strict=True)
        ]
        room = sum(share.longest for share in self.shares)
        if room < self.shortest:
            raise CapacityError(
                f"{self.where}: {self.shortest} items are asked for, and there are {room} that may be in it together.",
                hint="Lower minItems, or let the items have more values.",
                table=self.table,
                column=self.path,
                asked=self.shortest,
                available=room,
            )
        if room < self.longest:
            self._shorten(room)

    def _share(self, branch: Column, least: int, most: int) -> Share:
        column = Column("share", "list", parts=(branch,), min_length=least or None, max_length=most)
        column = replace(column, unique_items=self.column.unique_items)
        return Share(column, self.table, self.rows, self.seed, f"{self.path}|{branch.name}", self.attempt)

    def _prepare_distinct(self, item: Column) -> None:
        """The shares see to it: no value is in two of them."""

    def _shorten(self, longest: int) -> None:
        self.longest = longest
        lengths = Column("length", "integer", minimum=self.shortest, maximum=longest)
        self.length = self.part(lengths, f"{self.path}#")
        if self.sized:
            known = replace(self.column, max_length=longest)
            self.sized = LengthLaw.of(self.where, known, self.shortest, longest, longest)

    @property
    def law_text(self) -> str:
        counts = [
            f"{least:,}" if most in (None, least) else f"{least:,} to {most:,}" for least, most in self.column.contained
        ]
        return f"{super().law_text}; {', '.join(counts)} contained"

    @property
    def said_parts(self) -> dict[str, Synthesizer]:
        return {share.column.parts[0].name: share.item for share in self.shares}

    def _sizes_of_shares(self, rows: Rows, sizes: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many items of each share each list has: int64 array, a row for a list."""
        found = np.zeros((sizes.size, len(self.shares)), np.int64)
        least = [0, *(least for least, _ in self.column.contained)]
        left = sizes.astype(np.int64)
        for i in range(1, len(self.shares)):
            most = self.column.contained[i - 1][1]
            longest = self.shares[i].longest
            room = self.shares[0].longest + sum(share.longest for share in self.shares[i + 1 :])  # for the rest of it
            low = np.clip(left - room, least[i], None)
            wanted = least[i] if most is None else longest
            high = np.maximum(low, np.minimum(wanted, left - sum(least[i + 1 :])))
            words = self.words(rows, 1, f"share {i}")
            found[:, i] = low + (words * (high - low + 1).astype(np.uint64) >> np.uint64(32)).astype(np.int64)
            left -= found[:, i]
        found[:, 0] = left
        return found

    def items_at_rows(self, rows: Rows) -> tuple[NDArray[np.int32], pa.Array]:
        """int32 offsets of the lists, and their items."""
        offsets, items = self.layout(rows)
        owners = np.repeat(np.arange(offsets.size - 1), np.diff(offsets))
        sizes = self._sizes_of_shares(rows, np.diff(offsets))
        which = np.empty(items.size, np.uint64)
        _deal(self.words(items, 2, "place"), offsets, sizes, which)
        pieces, places = [pa.array([], self.item.arrow_type)], [np.empty(0, np.int64)]
        for i, share in enumerate(self.shares):
            mine = np.flatnonzero(which == i)
            own = np.zeros(offsets.size, np.int32)
            np.cumsum(sizes[:, i], out=own[1:])
            kept, values = share.items_at(own, items[mine])
            if kept is not own:  # there were not so many different ones
                mine = mine[first_of_each(owners[mine], np.diff(kept))]
            pieces.append(self.item.piece(share.item, values))
            places.append(mine)
        there = np.concatenate(places)
        order = np.empty(items.size, np.int64)
        order[there] = np.arange(there.size)
        order = order if there.size == items.size else order[np.sort(there)]
        values = pa.concat_arrays(pieces).take(fixed_width_array(pa.int64(), order))
        if there.size < items.size:
            offsets = self._fewer(np.bincount(owners[there], minlength=offsets.size - 1))
        return offsets, values

    def _fewer(self, sizes: NDArray[np.int64]) -> NDArray[np.int32]:
        """The offsets of lists from which items were left out."""
        if sizes.min() < self.shortest:
            raise SchemaError(
                f"{self.where}: {self.shortest} different items could not be drawn.",
                hint="Lower minItems, or let the items have more values.",
            )
        offsets = np.zeros(sizes.size + 1, np.int32)
        np.cumsum(sizes, out=offsets[1:])
        return offsets

    def at(self, rows: Rows) -> pa.Array:
        offsets, values = self.items_at_rows(rows)
        return pa.ListArray.from_arrays(fixed_width_array(pa.int32(), offsets), values, type=self.arrow_type)
