"""This file knows lists of texts to choose from, evenly or by weight: up to 2^20 of them, in UTF-8."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.block import array_of
from gen.streams import BITS32, LOW32, Word, Words, kernel

MAXIMUM_TEXTS = 2**20  # of one list: a word of 32 bits then favours no text by more than 2^-12 of its share
_NO_ALIASES = np.empty(0, np.uint64)


@kernel("void(uint64[::1], uint64, uint64[::1], int32[::1])")
def choose_indexes(words: Words, size: Word, aliases: Words, out: NDArray[np.int32]) -> None:
    """The index each 32-bit word chooses among `size`: evenly, or, where there are aliases, by weight."""
    if not aliases.size:
        for i in range(out.size):
            out[i] = np.int32(((words[i] & LOW32) * size) >> BITS32)
        return
    for i in range(out.size):
        place = (words[i] & LOW32) * size
        entry = aliases[place >> BITS32]
        kept = (place & LOW32) < (entry >> BITS32)
        out[i] = np.int32(place >> BITS32) if kept else np.int32(entry & LOW32)


def alias_table(weights: Sequence[float] | NDArray[np.float64]) -> Words:
    """Weights as an alias table: uint64 entries threshold << 32 | alias; each probability to within 2^-32 / size.

    Sources: Walker, "An efficient method for generating discrete random variables", ACM TOMS 1977; Vose, IEEE TSE 1991.
    """
    shares = np.asarray(weights, np.float64)
    if not shares.size or not np.isfinite(shares).all() or (shares < 0).any() or not shares.sum() > 0:
        raise ValueError("weights are finite, not negative, and not all zero")
    left = (shares * (shares.size / shares.sum())).tolist()
    aliases = list(range(len(left)))
    small = [i for i, share in enumerate(left) if share < 1.0]
    large = [i for i, share in enumerate(left) if share >= 1.0]
    thresholds = [1.0] * len(left)
    while small and large:  # ends: each turn takes one off `small` for good, or moves one there
        low, high = small.pop(), large[-1]
        thresholds[low], aliases[low] = left[low], high
        left[high] -= 1.0 - left[low]
        if left[high] < 1.0:
            small.append(large.pop())
    heaviest = int(shares.argmax())
    for i in small:  # what rounding left over: as good as full, unless it must never be drawn
        thresholds[i], aliases[i] = (1.0, i) if shares[i] > 0 else (0.0, heaviest)
    kept = np.minimum(np.array(thresholds) * 2.0**32, 2.0**32 - 1).astype(np.uint64)
    return kept << BITS32 | np.array(aliases, np.uint64)


@lru_cache(maxsize=32)
def _aliases_of(weights: bytes) -> Words:
    """The same names in small letters, or with a dot, have the same weights, and there are many of them."""
    return alias_table(np.frombuffer(weights))


def _encoded(texts: Sequence[str]) -> tuple[bytes, Words]:
    """Texts in UTF-8, one after the other, and the bytes of each."""
    joined = "".join(texts)
    if joined.isascii():
        return joined.encode(), np.fromiter(map(len, texts), np.uint64, len(texts))
    parts = [text.encode() for text in texts]
    return b"".join(parts), np.fromiter(map(len, parts), np.uint64, len(parts))


@dataclass(frozen=True, eq=False)
class Texts:
    """Texts to choose from. `weights`: how often each is drawn, or None where all are equally likely.

    `sums`: what each text adds to the check of the whole, 0 to 255; empty where it takes no part in one.
    """

    listed: tuple[str, ...]
    weights: NDArray[np.float64] | None = None
    sums: NDArray[np.uint8] | None = None

    @classmethod
    def of(
        cls, texts: Iterable[str], weights: Iterable[float] | None = None, sums: Iterable[int] | None = None
    ) -> Texts:
        """A list of these texts, at least 1 and at most 2^20. Raises ValueError where there are more, or none."""
        held = tuple(texts)
        if not 1 <= len(held) <= MAXIMUM_TEXTS:
            raise ValueError(f"a list has 1 to {MAXIMUM_TEXTS:,} texts, not {len(held):,}")
        return cls(
            held,
            None if weights is None else np.array(list(weights), np.float64),
            None if sums is None else np.array(list(sums), np.uint8),
        )

    def __len__(self) -> int:
        return len(self.listed)

    def wrapped(self, before: str = "", after: str = "") -> Texts:
        """The same texts with something before and after each: cheaper than a piece of its own."""
        return Texts(tuple([f"{before}{text}{after}" for text in self.listed]), self.weights, self.sums)

    def of_length(self, shortest: int, longest: int) -> Texts | None:
        """The texts of such lengths in characters, weights kept; None where there are none."""
        fits = (self.sizes >= shortest) & (self.sizes <= longest)
        weights = None if self.weights is None else self.weights[fits]
        if not fits.any() or (weights is not None and not weights.sum() > 0):
            return None
        kept = tuple(text for text, fit in zip(self.listed, fits.tolist(), strict=True) if fit)
        return Texts(kept, weights, None if self.sums is None else self.sums[fits])

    @cached_property
    def sizes(self) -> NDArray[np.uint64]:
        """The characters of each text."""
        return np.fromiter(map(len, self.listed), np.uint64, len(self.listed))

    @cached_property
    def encoded(self) -> tuple[bytes, Words, Words]:
        """The texts in UTF-8, one after the other, repeated ones once; where each begins, and how many bytes it has."""
        if len(set(self.listed)) == len(self):
            data, widths = _encoded(self.listed)
            return data, np.cumsum(widths) - widths, widths
        codes = {text: code for code, text in enumerate(dict.fromkeys(self.listed))}
        data, widths = _encoded(tuple(codes))
        places = np.fromiter((codes[text] for text in self.listed), np.int64, len(self))
        return data, (np.cumsum(widths) - widths)[places], widths[places]

    @cached_property
    def aliases(self) -> Words:
        """The alias table of the weights; empty where all texts are equally likely."""
        return _NO_ALIASES if self.weights is None else _aliases_of(self.weights.tobytes())

    @cached_property
    def dictionary(self) -> pa.Array:
        """The texts as an Arrow array."""
        return array_of(self.listed, pa.string())

    @cached_property
    def index(self) -> dict[str, int]:
        """The place of each text."""
        return {text: i for i, text in enumerate(self.listed)}

    @cached_property
    def firsts(self) -> frozenset[str]:
        """The characters that texts begin with."""
        return frozenset(text[0] for text in self.listed if text)

    @cached_property
    def continuations(self) -> frozenset[str]:
        """The characters with which a text goes on that begins with another one of them."""
        found: set[str] = set()
        if self.lengths[0] == self.lengths[1]:
            return frozenset(found)
        before: list[str] = []  # texts that begin the current one, each one beginning the next
        for text in sorted(set(self.listed)):
            while before and not text.startswith(before[-1]):
                before.pop()
            found.update(text[len(shorter)] for shorter in before)
            before.append(text)
        return frozenset(found)

    @cached_property
    def lengths(self) -> tuple[int, int]:
        """The fewest and the most characters of a text."""
        return int(self.sizes.min()), int(self.sizes.max())

    @cached_property
    def mean_bytes(self) -> float:
        """Bytes of a drawn text, on average."""
        return float(np.average(self.encoded[2], weights=self.weights))
