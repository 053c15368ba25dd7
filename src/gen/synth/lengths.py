"""This file knows how long texts, bytes, lists and maps are where a law says so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gen.schema.spec import Column
from gen.streams import Words
from gen.synth.grids import Grid
from gen.synth.laws.compiled import Compiled, listed_law


@dataclass(frozen=True, eq=False)
class LengthLaw:
    """A law of whole lengths. Picklable.

    shortest, longest: what can occur. weights: of the lengths from `first` on, not all of which need occur.
    """

    law: Compiled
    shortest: int
    longest: int
    first: int
    weights: NDArray[np.float64]

    @classmethod
    def of(
        cls, where: str, column: Column, shortest: int, longest: int, widest: int, narrowest: int | None = None
    ) -> LengthLaw:
        """The column's law, truncated to lengths from shortest to longest.

        Where the law has parameters and the column no greatest length, it reaches as far as the law does, to `widest`
        at most: what was meant is then said by the law; where it has no least one, down to `narrowest`. Raises
        SchemaError.
        """
        assert column.lengths is not None
        if column.lengths.parameters and column.max_length is None:
            longest = max(longest, widest)
        if column.lengths.parameters and column.min_length is None and narrowest is not None:
            shortest = min(shortest, narrowest)
        law = listed_law(f"{where}, lengths", column.lengths, Grid(shortest, 1, longest - shortest + 1))
        least, most = law.at(np.array([0, 2**64 - 1], np.uint64)).tolist()
        return cls(law, least, most, shortest, weights_of(law, shortest, longest))

    def at(self, words: Words) -> NDArray[np.int64]:
        """int64 array: a length for each uint64 word."""
        lengths: NDArray[np.int64] = self.law.at(words)
        return lengths

    @property
    def mean(self) -> float:
        """The mean length."""
        return float(self.weights @ np.arange(self.first, self.first + self.weights.size) / self.weights.sum())

    def described(self) -> str:
        """The law as text: "lengths: poisson(mean=8)"."""
        return f"lengths: {self.law.described()}"


def even_lengths(shortest: int, longest: int) -> str:
    """Lengths that are equally likely, in words."""
    return f"length {shortest:,}" if shortest == longest else f"lengths {shortest:,} to {longest:,}"


def weights_of(law: Compiled, shortest: int, longest: int) -> NDArray[np.float64]:
    """The weight of each length from shortest to longest."""
    weights = np.zeros(longest - shortest + 1)
    weights[law.listed.values - shortest] = law.listed.weights
    return weights
