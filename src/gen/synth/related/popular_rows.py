"""This file knows the popular rows of a large table in one pass: a law of ranks, rounding, the order that scatters.

It is what a sampler and a permutation give one after the other, without the arrays between them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.permutations import Permutation, feistel, halves
from gen.streams import TILE, Word, Words, kernel
from gen.synth.laws.cells import Celled, even_place, value_by_piece
from gen.synth.laws.quantiles import cubics
from gen.synth.laws.special import Floats


@kernel(
    "void(uint64[::1], uint64[::1], float64[:, ::1], uint64[::1], uint32[::1], uint64, float64[:, ::1],"
    " float64[:, ::1], uint64, uint64, uint64, UniTuple(uint64, 16))"
)
def _pick(
    words: Words,
    out: Words,
    cells: Floats,
    starts: Words,
    guide: NDArray[np.uint32],
    shift: Word,
    lines: Floats,
    tables: Floats,
    radix: Word,
    half: Word,
    last: Word,
    keys: tuple[Word, ...],
) -> None:
    """The row at each word: `follow` of a law without periods, `round_to_grid` and `Permutation.at`."""
    mask, top = (np.uint64(1) << half) - np.uint64(1), np.float64(last)
    places, others = np.empty((2, TILE), np.uint64)
    values, held = np.empty(TILE), np.empty((TILE, 4))
    for begin in range(0, words.size, TILE):
        some, rows = words[begin : begin + TILE], out[begin : begin + TILE]
        x, cell, count = values[: some.size], places[: some.size], np.uint64(0)
        for i in range(some.size):
            cell[i], x[i] = even_place(some[i])
        cubics(cells, cell, held, x)
        for i in range(some.size):
            others[count] = np.uint64(i)
            count += np.uint64(x[i] != x[i])
        for j in range(count):
            x[others[j]] = value_by_piece(some[others[j]], starts, guide, shift, lines, tables)
        highest = np.uint64(0)
        for i in range(some.size):
            rank = np.uint64(np.int64(min(max(x[i] + 0.5, 0.0), top)))
            rows[i] = feistel(rank, radix, half, mask, keys)
            highest = max(highest, rows[i])
        for i in range(some.size if highest > last else 0):
            while rows[i] > last:
                rows[i] = feistel(rows[i], radix, half, mask, keys)


def popular_rows(law: Celled, order: Permutation, words: Words) -> Words:
    """uint64 in [0, order.size): the row at each word, whose rank is the nearest whole number to the law's value."""
    out = np.empty(words.size, np.uint64)
    keys: Any = order.keys
    _pick(words, out, law.cells, *law.law.kernel_tables, *halves(order.size), keys)
    return out
