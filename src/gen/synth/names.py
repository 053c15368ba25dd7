"""This file knows names of people: frequent given names with frequent or plausible surnames, and names as keys.

Surnames are a list of frequent ones, and as many more as fill the table, invented from the letter pairs of the list and
kept in `locales/invented.json`; frequent ones are drawn more often, so that most names are ordinary and few repeat.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.errors import SchemaError
from gen.schema.spec import Column
from gen.streams import Rows, Words, copy_32_bytes, kernel, mulhi
from gen.synth.ranked import Ranked
from gen.synth.synthesizer import Storage
from gen.synth.text import SPARE, SynthesizeString, text_array

LISTED_SHARE = 0.8  # of people have a listed surname
_INITIALS = [f"{letter}. " for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
WORTHWHILE = 1_000  # pairs of given name and surname; with fewer, given names alone are drawn
_GUIDE_BITS = 12


_LAST = np.uint64(2**64 - 2)  # the greatest word that is below the end of every cdf


@kernel(
    "void(uint64[::1], uint64[::1], uint32[::1], int32[::1], uint8[::1], int64[:, ::1], "
    "uint64[::1], uint32[::1], int32[::1], uint8[::1], int32[::1], uint8[::1])"
)
def _draw_names(
    words: Words,
    first_cdf: Words,
    first_guide: NDArray[np.uint32],
    first_offsets: NDArray[np.int32],
    first_data: NDArray[np.uint8],
    allowed: NDArray[np.int64],
    last_cdf: Words,
    last_guide: NDArray[np.uint32],
    last_offsets: NDArray[np.int32],
    last_data: NDArray[np.uint8],
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
) -> None:
    """Given name by its weight; then the second part by its weight among those that `allowed` gives the first."""
    first_at, last_at = np.uint64(first_data.ctypes.data), np.uint64(last_data.ctypes.data)
    target = np.uint64(data.ctypes.data)
    position = np.int64(0)
    offsets[0] = 0
    for i in range(offsets.size - 1):
        word = min(words[2 * i], _LAST)
        g = np.int64(first_guide[word >> np.uint64(52)])
        while word >= first_cdf[g + 1]:
            g += 1
        low, high = last_cdf[allowed[g, 0]], last_cdf[allowed[g, 1]]
        place = low + mulhi(words[2 * i + 1], high - low)
        s = np.int64(last_guide[place >> np.uint64(52)])
        while place >= last_cdf[s + 1]:
            s += 1
        # Whole vectors, the surplus overwritten by what comes next; every part has at most 32 bytes.
        copy_32_bytes(first_at + np.uint64(first_offsets[g]), target + np.uint64(position))
        position += np.int64(first_offsets[g + 1] - first_offsets[g])
        copy_32_bytes(last_at + np.uint64(last_offsets[s]), target + np.uint64(position))
        position += np.int64(last_offsets[s + 1] - last_offsets[s])
        offsets[i + 1] = position


@kernel(
    "void(uint64[::1], int64[:, ::1], int64[:, ::1], int64, int64[:, :, ::1], int32[::1], uint8[::1], int32[::1], "
    "uint8[::1], int32[::1], uint8[::1])"
)
def _write_name_keys(
    ranks: Words,
    starts: NDArray[np.int64],
    guide: NDArray[np.int64],
    shift: int,
    allowed: NDArray[np.int64],
    first_offsets: NDArray[np.int32],
    first_data: NDArray[np.uint8],
    last_offsets: NDArray[np.int32],
    last_data: NDArray[np.uint8],
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
) -> None:
    """The name of each rank: plain pairs of given name and second part first, then each pair with every initial."""
    first_at, last_at = np.uint64(first_data.ctypes.data), np.uint64(last_data.ctypes.data)
    target = np.uint64(data.ctypes.data)
    plain, position = starts[0, starts.shape[1] - 1], np.int64(0)
    offsets[0] = 0
    for i in range(ranks.size):
        pair, letter = np.int64(ranks[i]), np.int64(0)
        longer = np.int64(pair >= plain)  # by an initial
        if longer:
            pair, letter = (pair - plain) // 26, (pair - plain) % 26
        g = guide[longer, pair >> shift]
        while pair >= starts[longer, g + 1]:
            g += 1
        s = allowed[longer, g, 0] + pair - starts[longer, g]
        # Whole vectors, the surplus overwritten by what comes next; every part has at most 32 bytes.
        copy_32_bytes(first_at + np.uint64(first_offsets[g]), target + np.uint64(position))
        position += np.int64(first_offsets[g + 1] - first_offsets[g])
        data[position], data[position + 1], data[position + 2] = 65 + letter, 46, 32  # "A. "
        position += 3 * longer
        copy_32_bytes(last_at + np.uint64(last_offsets[s]), target + np.uint64(position))
        position += np.int64(last_offsets[s + 1] - last_offsets[s])
        offsets[i + 1] = position


@dataclass(frozen=True, eq=False)
class Parts:
    """Texts with weights, shortest first, laid out for the kernel. cdf: uint64 of len + 1, in units of 2^-64."""

    texts: tuple[str, ...]
    weights: NDArray[np.float64]
    lengths: NDArray[np.int64]
    offsets: NDArray[np.int32]
    data: NDArray[np.uint8]
    cdf: Words
    guide: NDArray[np.uint32]

    @classmethod
    def of(cls, texts: list[str], weights: NDArray[np.float64]) -> Parts:
        order = sorted(sorted(range(len(texts)), key=texts.__getitem__), key=[len(text) for text in texts].__getitem__)
        texts, weights = [texts[i] for i in order], weights[order]
        encoded = "".join(texts).encode()
        lengths = np.array([len(text) for text in texts], np.int64)
        cdf = _cumulative(weights)
        starts = np.arange(2**_GUIDE_BITS, dtype=np.uint64) << np.uint64(64 - _GUIDE_BITS)
        guide = np.searchsorted(cdf, starts, side="right") - 1
        return cls(
            tuple(texts),
            weights,
            lengths,
            np.cumsum([0, *lengths]).astype(np.int32),
            np.frombuffer(bytearray(encoded + bytes(SPARE)), np.uint8),
            cdf,
            guide.astype(np.uint32),
        )

    def of_length(self, shortest: int, longest: int) -> tuple[int, int]:
        """The range of texts with such lengths."""
        low, high = np.searchsorted(self.lengths, [shortest, longest + 1])
        return int(low), int(high)


def _cumulative(weights: NDArray[np.float64]) -> Words:
    """Cumulative shares as 64-bit fixed point; the last reaches past every word."""
    scaled = np.cumsum(weights) / np.sum(weights) * 2.0**64
    below = scaled < 2.0**64
    cdf = np.full(weights.size + 1, 2**64 - 1, np.uint64)
    cdf[0] = 0
    cdf[1:-1] = np.where(below, np.where(below, scaled, 0).astype(np.uint64), cdf[-1])[:-1]
    return cdf


def _by_rank(count: int) -> NDArray[np.float64]:
    """Weights that fall with the rank as those of names do (Zipf and Mandelbrot)."""
    weights: NDArray[np.float64] = 1.0 / np.arange(12, count + 12, dtype=np.float64)
    return weights


@lru_cache(maxsize=2)
def _listed(file: str = "en") -> dict[str, list[str]]:
    text = resources.files("gen.synth").joinpath(f"locales/{file}.json").read_text("utf-8")
    return {name: " ".join(lines).split() for name, lines in json.loads(text).items() if name != "about"}


@lru_cache(maxsize=1)
def given_names() -> tuple[list[str], NDArray[np.float64]]:
    """Given names of women and men, each with a weight."""
    listed = _listed()
    weights: dict[str, float] = {}
    for names in (listed["given_female"], listed["given_male"]):
        for name, weight in zip(names, _by_rank(len(names)).tolist(), strict=True):
            weights[name] = weights.get(name, 0.0) + weight
    return list(weights), np.array(list(weights.values()))


@lru_cache(maxsize=1)
def surnames() -> tuple[list[str], NDArray[np.float64]]:
    """Listed surnames, then invented ones, 32,768 in all, each with a weight."""
    listed, invented = _listed()["surnames"], _listed("invented")["surnames"]
    weights = _by_rank(len(listed))
    weights *= LISTED_SHARE / weights.sum()
    rest = np.full(len(invented), (1 - LISTED_SHARE) / len(invented))
    return listed + invented, np.concatenate([weights, rest])


@lru_cache(maxsize=64)
def _name_parts(separator: str, shortest: int, longest: int) -> tuple[Parts, Parts, NDArray[np.int64]]:
    """Given names that a name of such lengths can begin with, what can follow, and which of that for each of them.

    Without a separator nothing follows. One object for all columns alike: they are large, and travel with the plan.
    """
    names, weights = given_names()
    seconds = _second_parts(bool(separator))
    given = Parts.of([name + separator for name in names], weights)
    allowed = _allowed(given, seconds, shortest, longest)
    possible = allowed[:, 1] > allowed[:, 0]
    if not possible.any():
        return given, seconds, allowed
    kept = [text for text, keep in zip(given.texts, possible, strict=True) if keep]
    given = Parts.of(kept, given.weights[possible])
    return given, seconds, _allowed(given, seconds, shortest, longest)


@lru_cache(maxsize=2)
def _second_parts(are_surnames: bool) -> Parts:
    return Parts.of(*surnames()) if are_surnames else Parts.of([""], np.ones(1))


def _allowed(given: Parts, seconds: Parts, shortest: int, longest: int) -> NDArray[np.int64]:
    """For each given name the range of second parts that keep the whole within these lengths."""
    lengths = given.lengths.tolist()
    return np.array([seconds.of_length(shortest - length, longest - length) for length in lengths], np.int64)


class SynthesizeName(SynthesizeString):
    """Names of people, "Given Surname"; given names alone where the column is too short for both."""

    takes_lengths = False

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.kind == "text" and column.domain == "name" and not column.key

    def prepare(self) -> None:
        super().prepare()
        self.separator = " "
        self.given, self.seconds, self.allowed = _name_parts(" ", self.shortest, self.longest)
        if self._pairs() < WORTHWHILE:
            self.separator = ""
            self.given, self.seconds, self.allowed = _name_parts("", self.shortest, self.longest)
        if not self._pairs():
            raise SchemaError(
                f"{self.where}: no name has {self.shortest} to {self.longest} characters.",
                hint="Names have 2 to 23; widen min_length and max_length.",
            )

    @property
    def law_text(self) -> str:
        return "names by frequency"

    def _pairs(self) -> int:
        return int((self.allowed[:, 1] - self.allowed[:, 0]).sum())

    def at(self, rows: Rows) -> pa.Array:
        offsets = np.empty(len(rows) + 1, np.int32)
        widest = int(self.given.lengths[-1] + self.seconds.lengths[-1])
        data = np.empty(len(rows) * widest + SPARE, np.uint8)
        first, last = self.given, self.seconds
        _draw_names(
            self.words(rows, width=4),
            first.cdf,
            first.guide,
            first.offsets,
            first.data,
            self.allowed,
            last.cdf,
            last.guide,
            last.offsets,
            last.data,
            offsets,
            data,
        )
        return text_array(offsets, data)

    @property
    def cardinality(self) -> int:
        return self._pairs()

    @property
    def storage(self) -> Storage:
        length = float(np.average(self.given.lengths, weights=self.given.weights)) + 6.0
        return Storage(4 + length, min(8 * length, math.log2(self._pairs()) + 4))


class SynthesizeNameKey(Ranked, SynthesizeName):
    """Names of people, each once: every pair of given name and surname, then every one with a middle initial."""

    default_order = "scattered"

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.kind == "text" and column.domain == "name" and column.key is not None

    def prepare(self) -> None:
        SynthesizeName.prepare(self)
        # An initial, as in "Mary B. Smith", takes three more letters.
        with_initial = (
            _allowed(self.given, self.seconds, self.shortest - 3, self.longest - 3)
            if self.separator
            else self.allowed * 0
        )
        # Both of plain names, then of those with an initial: what may follow each given name, and its first pair.
        self.allowed_each = np.stack([self.allowed, with_initial])
        counts = self.allowed_each[:, :, 1] - self.allowed_each[:, :, 0]
        self.starts = np.pad(np.cumsum(counts, axis=1), ((0, 0), (1, 0)))
        self.shift = np.int64(max(int(self.starts.max()).bit_length() - _GUIDE_BITS, 0))
        marks = np.arange(2**_GUIDE_BITS) << self.shift
        self.guide = np.stack([np.searchsorted(starts, marks, side="right") - 1 for starts in self.starts])
        Ranked.prepare_order(self)

    @property
    def cardinality(self) -> int:
        return int(self.starts[0, -1]) + len(_INITIALS) * int(self.starts[1, -1])

    def unrank(self, ranks: Words) -> pa.Array:
        offsets = np.empty(ranks.size + 1, np.int32)
        widest = int(self.given.lengths[-1] + self.seconds.lengths[-1]) + 3
        data = np.empty(ranks.size * widest + SPARE, np.uint8)
        first, last = self.given, self.seconds
        parts = first.offsets, first.data, last.offsets, last.data
        _write_name_keys(ranks, self.starts, self.guide, self.shift, self.allowed_each, *parts, offsets, data)
        return text_array(offsets, data)

    def rank(self, values: pa.Array) -> Words:
        given = {text: i for i, text in enumerate(self.given.texts)}
        second = {text: i for i, text in enumerate(self.seconds.texts)}
        ranks = [self._rank(text, given, second) for text in values.to_pylist()]
        return np.array([self.cardinality if rank is None else rank for rank in ranks], np.uint64)

    def _rank(self, text: str, given: dict[str, int], second: dict[str, int]) -> int | None:
        first, *rest = text.split(" ")
        g, s = given.get(first + self.separator), second.get(rest[-1] if rest else "")
        if g is None or s is None or len(rest) > 2:
            return None
        plain = len(rest) < 2
        allowed, starts = self.allowed_each[int(not plain)], self.starts[int(not plain)]
        if not allowed[g, 0] <= s < allowed[g, 1]:
            return None
        pair = int(starts[g]) + s - int(allowed[g, 0])
        if plain:
            return pair
        if f"{rest[0]} " not in _INITIALS:
            return None
        return int(self.starts[0, -1]) + len(_INITIALS) * pair + _INITIALS.index(f"{rest[0]} ")
