"""This file knows keyed permutations: bijections on [0, n), n up to 2^64, computed forth and back in no memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gen.streams import BITS32, LOW32, TILE, Stream, Word, Words, device, kernel

TABLE_LIMIT = 4096  # up to here a permutation is a table: a Feistel network is measurably not random below about 60
ROUNDS = 8  # five rounds pass every test; three of margin


# Halves, keys and multipliers are below 2^32. LLVM is told so, by masks that cost nothing: it then multiplies them as
# 32-bit numbers, in one instruction of vectors; products of 64-bit ones take five times as long, where they are any.


@device
def _half_round(x: Word, key: Word, multiplier: Word) -> Word:
    product = ((x ^ key) & LOW32) * (multiplier & LOW32)
    return (product >> BITS32) ^ (product & LOW32)


@device
def _reduced(x: Word, radix: Word) -> Word:
    """x * radix / 2^32 for x below 2^32: in [0, radix); where radix is 2^32, its low half is 0."""
    return (((x & LOW32) * (radix & LOW32)) >> BITS32) + (x & (np.uint64(0) - (radix >> BITS32)))


@device
def _two_rounds(
    left: Word, right: Word, radix: Word, mask: Word, keys: tuple[Word, Word, Word, Word]
) -> tuple[Word, Word]:
    left += _reduced(_half_round(right, keys[0], keys[1]), radix)
    left = min(left, left - radix)
    return left, (right + _half_round(left, keys[2], keys[3])) & mask


@device
def feistel(x: Word, radix: Word, shift: Word, mask: Word, keys: tuple[Word, ...]) -> Word:
    """Once through the network: a bijection on [0, radix * 2^shift), left half modulo `radix`, right half by `mask`."""
    left, right = x >> shift, x & mask
    left, right = _two_rounds(left, right, radix, mask, keys[0:4])
    left, right = _two_rounds(left, right, radix, mask, keys[4:8])
    left, right = _two_rounds(left, right, radix, mask, keys[8:12])
    left, right = _two_rounds(left, right, radix, mask, keys[12:16])
    return (left << shift) | right


@device
def _two_rounds_back(
    left: Word, right: Word, radix: Word, mask: Word, keys: tuple[Word, Word, Word, Word]
) -> tuple[Word, Word]:
    right = (right - _half_round(left, keys[2], keys[3])) & mask
    left -= _reduced(_half_round(right, keys[0], keys[1]), radix)
    return min(left, left + radix), right


@device
def _backward(x: Word, radix: Word, shift: Word, mask: Word, keys: tuple[Word, ...]) -> Word:
    left, right = x >> shift, x & mask
    left, right = _two_rounds_back(left, right, radix, mask, keys[12:16])
    left, right = _two_rounds_back(left, right, radix, mask, keys[8:12])
    left, right = _two_rounds_back(left, right, radix, mask, keys[4:8])
    left, right = _two_rounds_back(left, right, radix, mask, keys[0:4])
    return (left << shift) | right


@kernel("void(uint64[::1], uint64[::1], uint64, uint64, uint64, UniTuple(uint64, 16))")
def _permute(rows: Words, out: Words, radix: Word, shift: Word, last: Word, keys: tuple[Word, ...]) -> None:
    """Mixed-radix Feistel on [0, last], left half modulo `radix`, right half modulo 2^shift.

    The network permutes [0, radix * 2^shift), a little more than asked; a result above `last` is fed back until
    it is inside (cycle walking), which keeps it a bijection. At most one value in `radix` walks.
    """
    mask = (np.uint64(1) << shift) - np.uint64(1)
    for begin in range(0, rows.size, TILE):
        some, found, highest = rows[begin : begin + TILE], out[begin : begin + TILE], np.uint64(0)
        for i in range(some.size):
            found[i] = feistel(some[i], radix, shift, mask, keys)
            highest = max(highest, found[i])
        if highest > last:  # apart, so that the loop above has no branch
            for i in range(some.size):
                while found[i] > last:
                    found[i] = feistel(found[i], radix, shift, mask, keys)


@kernel("void(uint64[::1], uint64[::1], uint64, uint64, uint64, UniTuple(uint64, 16))")
def _unpermute(places: Words, out: Words, radix: Word, shift: Word, last: Word, keys: tuple[Word, ...]) -> None:
    """The inverse of `_permute`."""
    mask = (np.uint64(1) << shift) - np.uint64(1)
    for begin in range(0, places.size, TILE):
        some, found, highest = places[begin : begin + TILE], out[begin : begin + TILE], np.uint64(0)
        for i in range(some.size):
            found[i] = _backward(some[i], radix, shift, mask, keys)
            highest = max(highest, found[i])
        if highest > last:
            for i in range(some.size):
                while found[i] > last:
                    found[i] = _backward(found[i], radix, shift, mask, keys)


@dataclass(frozen=True)
class Permutation:
    """A bijection on [0, size), chosen by a stream's key; size from 1 to 2^64. Constant memory.

    Source: Black and Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002 (cycle walking).
    """

    size: int
    key: int
    _table: tuple[Words, Words] | None = field(init=False, repr=False, compare=False, default=None)
    keys: tuple[Any, ...] = field(init=False, repr=False, compare=False, default=())  # of the network's rounds

    def __post_init__(self) -> None:
        if not 1 <= self.size <= 2**64:
            raise ValueError(f"a permutation is of 1 to 2^64 things, not {self.size}")
        if self.size <= TABLE_LIMIT:
            object.__setattr__(self, "_table", _shuffled(self.size, self.key))
            return
        object.__setattr__(self, "keys", round_keys(Stream(self.key).words(range(ROUNDS))))

    def at(self, rows: Words) -> Words:
        """Where each row goes: uint64 in [0, size), all different for different rows."""
        return self._apply(rows, 0, _permute)

    def inverse(self, places: Words) -> Words:
        """The row that goes to each place."""
        return self._apply(places, 1, _unpermute)

    def _apply(self, values: Words, direction: int, network: Callable[..., None]) -> Words:
        if self._table is not None:
            return self._table[direction][values]
        out = np.empty(values.size, np.uint64)
        network(values, out, *halves(self.size), self.keys)
        return out


def halves(size: int) -> tuple[np.uint64, np.uint64, np.uint64]:
    """The shape of the network for [0, size): radix of the left half, bits of the right one, and size - 1."""
    last = size - 1
    shift = last.bit_length() // 2
    return np.uint64(-(-size // 2**shift)), np.uint64(shift), np.uint64(last)


def round_keys(words: Words) -> tuple[np.uint64, ...]:
    """What the rounds of the network are keyed with: of each word its low half, and its high half made odd."""
    keys: list[np.uint64] = []
    for word in words.tolist():
        keys += [np.uint64(word & 0xFFFFFFFF), np.uint64(word >> 32 | 1)]
    return tuple(keys)


def _shuffled(size: int, key: int) -> tuple[Words, Words]:
    """A keyed Fisher-Yates shuffle of [0, size) and its inverse: uniform over all orders."""
    words = Stream(key).words(range(size)).tolist()
    order = list(range(size))
    for i in range(size - 1, 0, -1):
        j = words[i] * (i + 1) >> 64
        order[i], order[j] = order[j], order[i]
    forward = np.array(order, np.uint64)
    backward = np.empty(size, np.uint64)
    backward[forward] = np.arange(size, dtype=np.uint64)
    return forward, backward
