"""This file knows small domains: every value that a column can have, listed once, and how likely each of them is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.checksums import hash_values


@dataclass(frozen=True)
class Listing:
    """Different values, one of which may be a null, and the weight of each: float64, above 0."""

    values: pa.Array
    weights: NDArray[np.float64]

    @classmethod
    def even(cls, values: pa.Array) -> Listing:
        """Different values, all equally likely."""
        return cls(values, np.full(len(values), 1 / max(len(values), 1)))

    def __len__(self) -> int:
        return len(self.values)

    @property
    def shares(self) -> NDArray[np.float64]:
        """The weights, of 1 together."""
        shares: NDArray[np.float64] = self.weights / self.weights.sum()
        return shares

    def with_null(self, share: float) -> Listing:
        """The same with a null, which is there in that share of the rows."""
        values = pa.concat_arrays([self.values, pa.nulls(1, self.values.type)])
        return listed_once(values, np.append(self.shares * (1 - share), share))


def listed_once(values: pa.Array, weights: NDArray[np.float64]) -> Listing:
    """A listing of values that may be there several times, or never, where their weight is 0."""
    hashes = hash_values(values, 0)
    _, first, which = np.unique(hashes, return_index=True, return_inverse=True)
    found = np.bincount(which, weights).astype(np.float64)
    some = np.flatnonzero(found > 0)
    some = some[np.argsort(first[some], kind="stable")]
    return Listing(values.take(pa.array(first[some])), found[some])


def every_combination(listings: Sequence[Listing]) -> tuple[list[pa.Array], NDArray[np.float64]]:
    """For each listing an array of its values, so that together they are every combination; and the weight of each."""
    count = int(np.prod([len(listing) for listing in listings], dtype=np.int64))
    ranks, weights = np.arange(count), np.ones(count)
    arrays: list[pa.Array] = []
    for listing in reversed(listings):
        ranks, places = np.divmod(ranks, max(len(listing), 1))
        arrays.insert(0, listing.values.take(pa.array(places)))
        weights *= listing.shares[places]
    return arrays, weights
