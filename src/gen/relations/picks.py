"""This file knows picks without repeats: the j-th thing that a row picks of many, from the row and j alone.

A junction table has one row for each pick. The picks of one row of its first side, numbered from 0, are all different,
in whatever order and partition they are made: they are places of a permutation that is chosen by the row. Nothing is
remembered.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from gen.permutations import ROUNDS, feistel, halves, round_keys
from gen.streams import BITS32, LOW32, TILE, Stream, Word, Words, device, kernel, mulhi, philox

TRACED = 64  # things up to which a shuffle is traced, which is exactly uniform; of so few, a network is not random
TWICE = 65_536  # things up to which the network is gone through twice: pairs of picks show eight rounds below 2,000
MOST_THINGS = 2**53
CLASS_RATIO = 1.2  # from one class of ranks to the next


# -- one permutation for each row --------------------------------------------------------------------------


@kernel("void(uint64[::1], uint64[::1], uint64, uint64, uint64, uint64[::1])")
def _trace(parents: Words, ordinals: Words, size: Word, first: Word, key: Word, out: Words) -> None:
    """Where a Fisher-Yates shuffle of a row's own leaves each ordinal: uniform over all orders.

    Step s exchanges place s with place s + (a word scaled to what is left). What ends at place j came there in step j,
    from a place that earlier steps, followed backwards, may have filled from their own. first: the attempt at which
    the words of the shuffle begin.
    """
    k0, k1 = key & LOW32, key >> BITS32
    words = np.empty((4, TILE), np.uint64)
    for begin in range(0, parents.size, TILE):
        some, asked, places = parents[begin : begin + TILE], ordinals[begin : begin + TILE], out[begin : begin + TILE]
        last = np.uint64(0)
        for i in range(some.size):
            places[i] = asked[i]
            last = max(last, asked[i])
        for block in range(np.int64(last >> np.uint64(2)), -1, -1):
            attempt = (first + np.uint64(block)) & LOW32
            w0, w1, w2, w3 = words[0], words[1], words[2], words[3]
            for i in range(some.size):
                w0[i], w1[i], w2[i], w3[i] = philox(some[i] & LOW32, some[i] >> BITS32, attempt, np.uint64(0), k0, k1)
            for lane in range(3, -1, -1):
                step, word = np.uint64(4 * block + lane), words[lane]
                left = (size - step) & LOW32
                for i in range(some.size):
                    other = step + ((word[i] * left) >> BITS32)
                    came = step if (step < asked[i]) & (other == places[i]) else places[i]
                    places[i] = other if step == asked[i] else came


@device
def _pass(x: Word, parent: Word, radix: Word, shift: Word, keys: tuple[Word, ...]) -> Word:
    """Once through the network, whose rounds are keyed by the row besides."""
    mixed = parent * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> BITS32)) * np.uint64(0xD6E8FEB86659FD93)
    a, b = mixed >> BITS32, mixed & LOW32
    first = (keys[0] ^ a, keys[1], keys[2] ^ b, keys[3], keys[4] ^ a, keys[5], keys[6] ^ b, keys[7])
    second = (keys[8] ^ a, keys[9], keys[10] ^ b, keys[11], keys[12] ^ a, keys[13], keys[14] ^ b, keys[15])
    return feistel(x, radix, shift, (np.uint64(1) << shift) - np.uint64(1), first + second)


@kernel(
    "void(uint64[::1], uint64[::1], uint64, uint64, uint64, boolean, UniTuple(uint64, 16), UniTuple(uint64, 16),"
    " uint64[::1])"
)
def _walk(
    parents: Words,
    ordinals: Words,
    radix: Word,
    shift: Word,
    last: Word,
    twice: bool,
    keys: tuple[Word, ...],
    again: tuple[Word, ...],
    out: Words,
) -> None:
    """The permutation of `Permutation`, another one for each row; gone through once, or twice."""
    for i in range(out.size):
        out[i] = _pass(ordinals[i], parents[i], radix, shift, keys)
    if twice:
        for i in range(out.size):
            out[i] = _pass(out[i], parents[i], radix, shift, again)
    for i in range(out.size):
        while out[i] > last:
            out[i] = _pass(out[i], parents[i], radix, shift, keys)
            if twice:
                out[i] = _pass(out[i], parents[i], radix, shift, again)


def _places(key: int, size: int, number: int, parents: Words, ordinals: Words) -> Words:
    """The place of each ordinal in the permutation of its parent; `number`: of classes with the same key, which."""
    out = np.empty(parents.size, np.uint64)
    if size <= TRACED:
        _trace(parents, ordinals, np.uint64(size), np.uint64(1 + number * TRACED // 4), np.uint64(key), out)
    else:
        _walk(parents, ordinals, *halves(size), size <= TWICE, *_both_keys(key), out)
    return out


@lru_cache(maxsize=256)
def _both_keys(key: int) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    words = Stream(key).words(range(2 * ROUNDS))
    return round_keys(words[:ROUNDS]), round_keys(words[ROUNDS:])


def _check_below(ordinals: Words, limits: Words | int, what: str) -> None:
    """Refuse what has no place in a permutation: the network would never come back."""
    if ordinals.size and bool((ordinals >= np.asarray(limits, np.uint64)).any()):
        raise ValueError(f"{what}: no row can pick more things than there are")


@dataclass(frozen=True)
class UniformPicks:
    """Picks of `size` things, all equally likely; size from 1 to 2^53. Constant memory.

    Different rows pick independently. Up to 64 things, all orders of picks are equally likely, to 2^-32.
    """

    size: int
    key: int

    def __post_init__(self) -> None:
        if not 1 <= self.size <= MOST_THINGS:
            raise ValueError(f"picks are of 1 to 2^53 things, not {self.size}")

    def at(self, parents: Words, ordinals: Words) -> Words:
        """uint64 in [0, size): what each row picks as its ordinal-th, from 0; all different for one row.

        Raises ValueError where an ordinal is `size` or more.
        """
        _check_below(ordinals, self.size, f"pick {int(ordinals.max(initial=0)):,} of {self.size:,} things")
        return _places(self.key, self.size, 0, parents, ordinals)


# -- some picked more often --------------------------------------------------------------------------------


@device
def _taken(picks: Word, start: Word, ceiling: Word, rounding: Word) -> Word:
    """How many of a row's picks go to the classes before one: floor(picks * start / 2^64 + rounding), and fit there.

    A start of 0 stands for 2^64, of classes without weight; the first class is never asked about.
    """
    share = mulhi(picks, start) + np.uint64(picks * start > ~rounding)
    return min(share if start else picks, ceiling)


@kernel("void(uint64[::1], uint64[::1], uint64[:, ::1], uint64[:, ::1], uint64[::1], uint64[::1])")
def _class_of(ordinals: Words, picks: Words, hashes: Words, starts: Words, classes: Words, places: Words) -> None:
    """The class of each pick, by bisection, and its place among the row's picks of that class.

    hashes: of each row how its quotas are rounded, and at which pick it begins. starts: of each class the share of the
    classes before it, as 64 binary places, and how many things these hold.
    """
    highest = np.uint64(1)
    while highest < np.uint64(starts.shape[0]):
        highest += highest
    for i in range(ordinals.size):
        pick = ordinals[i] + mulhi(hashes[1, i], picks[i])
        pick = min(pick, pick - picks[i])
        found, step, before = np.uint64(0), highest, np.uint64(0)
        while step:
            there = found + step
            if there < np.uint64(starts.shape[0]):
                taken = _taken(picks[i], starts[there, 0], starts[there, 1], hashes[0, i])
                if taken <= pick:
                    found, before = there, taken
            step >>= np.uint64(1)
        classes[i], places[i] = found, pick - before


@dataclass(frozen=True)
class SkewedPicks:
    """Picks of things in classes of `sizes`, whose `weights` say how likely each class is in all; equal within a class.

    The things are the ranks 0, 1, ..., class after class. Of the k picks of a row, a class has its share of k, rounded
    up or down at random so that it is exact over all rows; or, where that is more than it holds, all it holds, and the
    rest goes to the next most likely. So the picks of one row differ, for any k up to all things.

    Why quotas fit: classes are taken in the order of weight per thing. Then the cumulative share is a concave function
    of the number of things, and its rounding, cut at that number, rises by no more than a class holds.
    """

    sizes: tuple[int, ...]
    weights: tuple[float, ...]
    key: int

    def __post_init__(self) -> None:
        if not self.sizes or min(self.sizes) < 1 or not sum(self.sizes) <= MOST_THINGS:
            raise ValueError(f"classes hold 1 thing or more, and 2^53 in all, not {self.sizes}")
        wrong = len(self.weights) != len(self.sizes) or not all(0 <= weight < math.inf for weight in self.weights)
        if wrong or not any(self.weights):
            raise ValueError(f"every class has a weight of 0 or more, and one is above it, not {self.weights}")

    @property
    def size(self) -> int:
        return sum(self.sizes)

    def at(self, parents: Words, ordinals: Words, picks: Words) -> Words:
        """uint64 ranks in [0, size): what each row picks as its ordinal-th of `picks`; all different for one row.

        A row's `picks` must be the same at all its ordinals. Raises ValueError where there are more than things, or an
        ordinal is not below them.
        """
        _check_below(ordinals, picks, "a pick beyond the picks of its row")
        _check_below(picks, self.size + 1, f"{int(picks.max(initial=0)):,} picks of {self.size:,} things")
        sizes, starts, firsts = self._tables
        hashes = self._hashes.columns(parents)
        classes, places = np.empty((2, parents.size), np.uint64)
        _class_of(ordinals, picks, hashes, starts, classes, places)
        order = np.argsort(classes.astype(np.uint16), kind="stable")
        ends = np.cumsum(np.bincount(classes.view(np.int64), minlength=len(sizes))).tolist()
        ranks = np.empty(parents.size, np.uint64)
        for number, (begin, end) in enumerate(pairwise([0, *ends])):
            if begin < end:
                some = order[begin:end]
                ranks[some] = firsts[number] + _places(self.key, sizes[number], number, parents[some], places[some])
        return ranks

    @cached_property
    def _hashes(self) -> Stream:
        """How a row's quotas are rounded, and where it begins: of another key than its shuffles."""
        return Stream(int(Stream(self.key).words(range(2 * ROUNDS, 2 * ROUNDS + 1))[0]), 4)

    @cached_property
    def _tables(self) -> tuple[list[int], Words, Words]:
        """Of the classes in the order of weight per thing: their sizes, where they start, and their first ranks."""
        total = sum(map(Fraction, self.weights))
        parts = [int(Fraction(weight) * 2**64 / total) for weight in self.weights]  # as 64 binary places
        order = sorted(range(len(parts)), key=lambda c: (-Fraction(parts[c], self.sizes[c]), c))
        parts[order[0]] += 2**64 - sum(parts)
        starts, share, held = [], 0, 0
        for c in order:
            starts.append((share, held))
            share, held = share + parts[c], held + self.sizes[c]
        firsts = np.concatenate([[0], np.cumsum(self.sizes)[:-1]]).astype(np.uint64)
        table = np.array([(share % 2**64, held) for share, held in starts], np.uint64)
        return [self.sizes[c] for c in order], table, firsts[np.array(order)]


def popularity_classes(
    size: int, mass: Callable[[int, int], float], cuts: Sequence[int] = (), ratio: float = CLASS_RATIO
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Sizes and weights of classes of the ranks [0, size), for `SkewedPicks`.

    mass    the probability of the ranks from the first to before the second
    cuts    ranks at which a class begins, whatever the others
    ratio   of the ends of a class: up to 1 / (ratio - 1) ranks have a class of their own
    """
    ends, waiting = [0], sorted({cut for cut in cuts if 0 < cut < size} | {size})
    while ends[-1] < size:
        next_end = max(int(ends[-1] * ratio), ends[-1] + 1)
        while waiting[0] <= ends[-1]:
            waiting.pop(0)
        ends.append(min(next_end, waiting[0]))
    pairs = list(pairwise(ends))
    return tuple(stop - first for first, stop in pairs), tuple(max(mass(*pair), 0.0) for pair in pairs)
