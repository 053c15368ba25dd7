"""This file knows how the items of a set are made to differ: by rank where all are equally likely, else by their law.

Drawn by a law, they are drawn one after the other, a repeat again and again: so each is as likely as the law makes it
among those that are not there yet. After a bounded number of attempts the rest comes from a pool of what the law draws.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.block import plain
from gen.checksums import hash_values
from gen.schema.spec import Column
from gen.streams import Words, kernel, mulhi
from gen.synth.choices import SynthesizeChoice
from gen.synth.judging.checked import merged
from gen.synth.synthesizer import Synthesizer

Alike: TypeAlias = Callable[[pa.Array], pa.Array]  # values -> what is equal for those that count as one
PROBE = 4096  # values that are drawn at plan time to see which ones a law gives
_CELLS = 2**20  # of a table of lists by values, at a time


@kernel("void(uint64[::1], int32[::1], uint64, uint64[::1])")
def distinct_ranks(words: Words, offsets: NDArray[np.int32], count: Any, out: Words) -> None:
    """For every list, different ranks below `count`, every choice and order of them equally likely.

    The j-th is drawn among the count - j that are left: a number of those, moved up past each smaller one taken.
    """
    longest = np.int64(0)
    for i in range(offsets.size - 1):
        longest = max(longest, np.int64(offsets[i + 1]) - np.int64(offsets[i]))
    taken = np.empty(longest, np.uint64)  # of the list at hand, ascending
    for i in range(offsets.size - 1):
        start, stop = np.int64(offsets[i]), np.int64(offsets[i + 1])
        for at in range(start, stop):
            rank, place = mulhi(words[at], count - np.uint64(at - start)), np.int64(0)
            while place < at - start and taken[place] <= rank:
                rank += np.uint64(1)
                place += 1
            for later in range(at - start, place, -1):
                taken[later] = taken[later - 1]
            taken[place] = rank
            out[at] = rank


def repeats_of(lists: NDArray[np.int64], values: pa.Array) -> NDArray[np.int64]:
    """The places of items that are in the same list already, before them."""
    hashes = hash_values(values, 0)
    order = np.lexsort((hashes, lists))
    same = (lists[order][1:] == lists[order][:-1]) & (hashes[order][1:] == hashes[order][:-1])
    return np.sort(order[1:][same])


def has_law(column: Column) -> bool:
    """Whether some values of a column are declared to be likelier than others."""
    if column.distribution is not None and column.distribution.name != "uniform":
        return True
    return len(set(column.weights)) > 1 or any(map(has_law, column.parts))


@dataclass(frozen=True)
class Pool:
    """Different values of a law, and how likely each is, out of so many: those listed, or those that a probe drew."""

    values: pa.Array
    hashes: Words  # of the values, ascending
    shares: NDArray[np.float64]
    out_of: int

    @classmethod
    def of(cls, law: Synthesizer, alike: Alike) -> Pool:
        """What a law draws: of one of listed values exactly that, of others what a probe of it finds.

        alike: what is equal for values that are to count as one."""
        if isinstance(law, SynthesizeChoice) and law.chosen:
            values, weights = plain(law.unrank(law.chosen.values.view(np.uint64))), law.chosen.weights
        else:
            values = plain(law.values(range(PROBE)))
            weights = np.ones(PROBE)
        return cls.weighted(values, weights, alike)

    @classmethod
    def weighted(cls, values: pa.Array, weights: NDArray[np.float64], alike: Alike) -> Pool:
        """Values, some of which may be equal, by their weights."""
        hashes, first, which = np.unique(hash_values(alike(values), 0), return_index=True, return_inverse=True)
        shares = np.bincount(which, weights) / weights.sum()
        return cls(values.take(pa.array(first)), hashes, shares, len(values))

    def __len__(self) -> int:
        return len(self.values)

    def filled(
        self, offsets: NDArray[np.int32], values: pa.Array, known: pa.Array, repeats: NDArray[np.int64], words: Words
    ) -> pa.Array:
        """The items of lists with each repeat replaced by a value of the pool that its list does not have.

        known: what is equal for values that count as one. words: 64 random bits for each repeat. No list is longer than
        the pool.
        """
        places = self._places(known)
        owners = np.searchsorted(offsets, repeats, side="right") - 1
        turns = np.arange(repeats.size) - np.searchsorted(owners, owners)
        for turn in range(int(turns.max()) + 1):
            mine = np.flatnonzero(turns == turn)
            at_once = max(_CELLS // len(self), 1)
            for some in np.split(mine, range(at_once, mine.size, at_once)):
                places[repeats[some]] = self._chosen(offsets, owners[some], places, words[some])
        return merged(values, repeats, self.values.take(pa.array(places[repeats])))

    def _places(self, known: pa.Array) -> NDArray[np.int64]:
        """Where in the pool each value is; -1 where it is not."""
        hashes = hash_values(known, 0)
        places = np.minimum(np.searchsorted(self.hashes, hashes), len(self) - 1)
        return np.where(self.hashes[places] == hashes, places, -1)

    def _chosen(
        self, offsets: NDArray[np.int32], lists: NDArray[np.int64], places: NDArray[np.int64], words: Words
    ) -> NDArray[np.int64]:
        """For each of these lists the place of a value that it does not have, by the shares of those."""
        sizes = (offsets[lists + 1] - offsets[lists]).astype(np.int64)
        within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        there = places[np.repeat(offsets[lists], sizes) + within]
        free = np.ones((lists.size, len(self)), bool)
        free[np.repeat(np.arange(lists.size), sizes)[there >= 0], there[there >= 0]] = False
        reached = np.cumsum(self.shares * free, axis=1)
        target = (words >> np.uint64(11)) * 2.0**-53 * reached[:, -1]
        last = len(self) - 1 - np.argmax(free[:, ::-1], axis=1)
        chosen: NDArray[np.int64] = np.minimum((reached <= target[:, None]).sum(axis=1), last)
        return chosen
