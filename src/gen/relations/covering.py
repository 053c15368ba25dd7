"""This file knows covering: references of which every parent has at least one, though rows choose by themselves.

Where each parent has one at most, rows are keys: `KeyOrder` with the parents as its domain.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gen.permutations import Permutation
from gen.streams import Rows, Words, rows_array


@dataclass(frozen=True)
class Covering:
    """Rows refer to every one of 0 to parents - 1 at least once: as many rows, in keyed order, to one each.

    The others choose as they would; so the law of their choice holds for rows - parents of them. Raises ValueError
    where there are fewer rows than parents.
    """

    rows: int
    parents: int
    key: int

    def __post_init__(self) -> None:
        if not 0 <= self.parents <= self.rows:
            raise ValueError(f"{self.rows:,} rows cannot refer to each of {self.parents:,} parents")

    def at(self, rows: Rows, otherwise: Callable[[Words], Words]) -> Words:
        """uint64 array: the parent of each row; that of the rows that choose freely, as `otherwise` says."""
        asked = rows_array(rows)
        found = self._order.at(asked)  # a row's place is random: of the first places, each is a parent
        free = np.flatnonzero(found >= np.uint64(self.parents))
        if free.size:
            found[free] = otherwise(asked[free])
        return found

    @cached_property
    def _order(self) -> Permutation:
        return Permutation(max(self.rows, 1), self.key)
