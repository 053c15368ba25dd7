"""This file knows random text and bytes, each length equally likely or by a law, and text keys by unranking.

The default alphabet is letters and punctuation, 84 characters of ASCII; the default length 1 to 32, each length equally
likely.
"""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.errors import SchemaError
from gen.keys import FEWER, check_capacity
from gen.permutations import Permutation
from gen.schema.spec import Column
from gen.streams import BITS32, LOW32, Rows, Word, Words, first_and_rows, kernel, mulhi, rows_array
from gen.synth.laws.compiled import law_of
from gen.synth.lengths import LengthLaw, even_lengths
from gen.synth.letters import EVERY_BYTE, LETTERS_AND_PUNCTUATION, draw_sized_text, draw_text
from gen.synth.letters import Alphabet as Alphabet
from gen.synth.synthesizer import Storage, Synthesizer

DEFAULT_LENGTHS = (1, 32)
MAXIMUM_LENGTH = 10_000
SPARE = 64  # bytes past the end that the kernels may write to: they copy whole vectors


def text_array(offsets: NDArray[np.int32], data: NDArray[np.uint8]) -> pa.Array:
    """An Arrow text array over these buffers, without a copy; surplus bytes past the last offset are cut off."""
    used = pa.py_buffer(data).slice(0, int(offsets[-1]))
    return pa.StringArray.from_buffers(offsets.size - 1, pa.py_buffer(offsets), used)


def without_format(seen_in: Callable[[Column], str], column: Column) -> str:
    """What is seen in a column whose format, if it has one, is no known one and so says nothing of its texts."""
    known = seen_in(replace(column, format=None))
    return known if column.format is None else f"{known}; no format {column.format!r} is known, so it says nothing"


class SynthesizeString(Synthesizer):
    """Random text of letters and punctuation, 1 to 32 characters unless declared; each length equally likely."""

    alphabet = LETTERS_AND_PUNCTUATION
    takes_lengths = True

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.kind == "text" and not column.key

    @classmethod
    def seen_in(cls, column: Column) -> str:
        return without_format(super().seen_in, column)

    def prepare(self) -> None:
        column = self.column
        law, _ = law_of(self.where, column.distribution)
        if law != "uniform":
            raise SchemaError(f"{self.where}: the distribution {law!r} does not apply to text.", hint="Leave it out.")
        self.shortest, self.longest = lengths_of(self.where, column)
        self.sized: LengthLaw | None = None
        if column.lengths:
            self.sized = LengthLaw.of(self.where, column, self.shortest, self.longest, MAXIMUM_LENGTH, 0)
            self.shortest, self.longest = self.sized.shortest, self.sized.longest
        self.letters = kernel_alphabet(self.alphabet)
        self.drawing = (
            np.uint64((self.longest + 4 + 15) // 16),  # counters a row: a word for the length, a byte a letter
            np.uint64(self.stream_key("value")),
        )

    def at(self, rows: Rows) -> pa.Array:
        offsets, letters = np.empty(len(rows) + 1, np.int32), (self.letters, np.uint64(0))
        if self.sized:
            sizes = self.sized.at(self.words(rows, 2, "length"))
            data = np.empty(int(sizes.sum()) + SPARE, np.uint8)
            draw_sized_text(*first_and_rows(rows), sizes, offsets, data, *self.drawing, *letters)
        else:
            data = np.empty(len(rows) * self.longest + SPARE, np.uint8)
            lengths = np.uint64(self.shortest), np.uint64(self.longest - self.shortest + 1)
            draw_text(*first_and_rows(rows), offsets, data, *self.drawing, *lengths, *letters)
        return text_array(offsets, data)

    @property
    def law_text(self) -> str:
        return self.sized.described() if self.sized else even_lengths(self.shortest, self.longest)

    @property
    def cardinality(self) -> int:
        """How many different texts there are."""
        return sum(self.alphabet.size**length for length in range(self.shortest, self.longest + 1))

    @property
    def storage(self) -> Storage:
        mean = self.sized.mean if self.sized else (self.shortest + self.longest) / 2
        return Storage(4 + mean, mean * math.log2(self.alphabet.size) + 5)


def lengths_of(where: str, column: Column) -> tuple[int, int]:
    """The shortest and longest text a column allows; one declared length moves the default of the other."""
    shortest, longest = column.min_length, column.max_length
    if longest is None:
        longest = max(DEFAULT_LENGTHS[1], shortest or 0)
    if shortest is None:
        shortest = min(DEFAULT_LENGTHS[0], longest)
    if shortest > longest or shortest < 0:
        raise SchemaError(
            f"{where}: the lengths contradict each other: at least {shortest} and at most {longest}.",
            hint="Correct min_length and max_length.",
        )
    if longest > MAXIMUM_LENGTH:
        raise SchemaError(
            f"{where}: texts of up to {longest:,} characters are asked for.",
            hint=f"Declare a max_length of at most {MAXIMUM_LENGTH:,}.",
        )
    return shortest, longest


def kernel_alphabet(alphabet: Alphabet) -> tuple[Any, Any, Any, Any]:
    """The alphabet as the kernels take it."""
    return np.uint64(alphabet.base), np.uint64(alphabet.head), np.uint64(alphabet.gap), np.uint64(alphabet.size)


class SynthesizeBytes(SynthesizeString):
    """Random bytes, 1 to 32 of them unless declared; each length equally likely."""

    alphabet = EVERY_BYTE

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.kind == "bytes" and not column.key

    @property
    def arrow_type(self) -> pa.DataType:
        return pa.binary()

    def at(self, rows: Rows) -> pa.Array:
        text = super().at(rows)
        return pa.Array.from_buffers(pa.binary(), len(text), text.buffers())


# -- text keys ---------------------------------------------------------------------------------------------

TAIL = 9  # letters that make a key unique: 84^9 < 2^63; letters before them are random


@kernel("void(uint64[::1], int64[::1], uint64[::1], int64, int32[::1], uint8[::1], UniTuple(uint64, 4))")
def _write_keys(
    ranks: Words,
    sizes: NDArray[np.int64],
    head_words: Words,
    words_per_row: Word,
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    alphabet: tuple[Word, Word, Word, Word],
) -> None:
    """Text of each rank: its last 9 letters are the rank's digits in base `size`; letters before them are random."""
    base, head, gap, size = alphabet[0], alphabet[1], alphabet[2], alphabet[3]
    inverse = np.uint64(0xFFFFFFFFFFFFFFFF) // size  # a division by multiplication
    position = np.int64(0)
    offsets[0] = 0
    for i in range(ranks.size):
        length = sizes[i]
        tail = min(length, np.int64(9))
        word = np.uint64(0)
        for j in range(length - tail):
            if j % 4 == 0:  # four letters from each 32-bit word
                word = (head_words[i * words_per_row + j // 8] >> np.uint64(8 * (j % 8))) & LOW32
            word *= size
            index = word >> BITS32
            word &= LOW32
            data[position + j] = np.uint8(index + base + (gap if index >= head else np.uint64(0)))
        rank = ranks[i]
        for j in range(tail):
            whole = mulhi(rank, inverse)
            index = rank - whole * size
            past = np.uint64(index >= size)  # the inverse is rounded down
            rank, index = whole + past, index - size * past
            data[position + length - 1 - j] = np.uint8(index + base + (gap if index >= head else np.uint64(0)))
        position += length
        offsets[i + 1] = position


class SynthesizeStringKey(SynthesizeString):
    """Random text, each once. Lengths are equally likely, as far as there are texts of each length.

    Rows are dealt to lengths by a permutation; within a length the last 9 letters are a permutation of the row's
    number unranked, so that texts differ. "sequential" counts texts by length, then by letter: A, B, .. AA, AB.
    """

    unique = True
    takes_lengths = False

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.kind == "text" and column.key is not None and column.domain != "name"

    def prepare(self) -> None:
        super().prepare()
        assert self.column.key is not None
        domain = f"text of {self.shortest} to {self.longest} characters"
        check_capacity(self.table, self.column.name, self.rows, self.cardinality, domain)
        self.order = self.column.key.order or "scattered"
        if self.order == "ascending":
            raise SchemaError(
                f"{self.where}: text keys are sequential or scattered, not ascending.",
                hint='Use PrimaryKey() or PrimaryKey(order="sequential").',
            )
        self.lengths = list(range(self.shortest, self.longest + 1))
        sizes = [self.alphabet.size**length for length in self.lengths]
        counts = _fill(sizes, self.rows) if self.order == "sequential" else dealt(sizes, self.rows)
        self.used = np.zeros(len(self.lengths), np.uint64)  # of each length, by earlier rows
        self.starts = np.cumsum([0, *counts]).astype(np.uint64)
        self.deal = Permutation(max(self.rows, 1), self.stream_key("length"))
        self.within = [
            Permutation(self.alphabet.size ** min(length, TAIL), self.stream_key(f"key {length}"))
            for length in self.lengths
        ]

    def at(self, rows: Rows) -> pa.Array:
        places = rows_array(rows)
        if self.order == "scattered":
            places = self.deal.at(places)
        which = np.searchsorted(self.starts, places, side="right") - 1
        ranks = places - self.starts[which] + self.used[which]
        if self.order == "scattered":
            self._permute(ranks, which)
        sizes = which.astype(np.int64) + self.shortest
        return self._write(rows, ranks, sizes)

    def continuing(self, earlier: Sequence[SynthesizeStringKey]) -> SynthesizeStringKey:
        """The key of rows that come after these: of each length, the texts that they leave."""
        found, counts = copy.copy(self), [np.diff(each.starts) for each in earlier]
        found.used, found.within = np.sum(counts, axis=0, dtype=np.uint64), earlier[0].within
        sizes = [self.alphabet.size**length for length in self.lengths]
        left = [size - used for size, used in zip(sizes, found.used.tolist(), strict=True)]
        before = sum(each.rows for each in earlier)
        check_capacity(self.table, self.column.name, self.rows, sum(left), f"what {before:,} earlier rows leave", FEWER)
        more = _fill(left, self.rows) if self.order == "sequential" else dealt(left, self.rows)
        found.starts = np.cumsum([0, *more]).astype(np.uint64)
        return found

    def _permute(self, ranks: Words, which: NDArray[np.int64]) -> None:
        """Each rank by the permutation of its length, in place; those of a length side by side meanwhile."""
        together = np.argsort(which.astype(np.uint16), kind="stable")
        moved = ranks[together]
        ends = np.cumsum(np.bincount(which, minlength=len(self.lengths))).tolist()
        for i, (begin, end) in enumerate(itertools.pairwise([0, *ends])):
            if begin < end:
                moved[begin:end] = self.within[i].at(moved[begin:end])
        ranks[together] = moved

    def _write(self, rows: Rows, ranks: Words, sizes: NDArray[np.int64]) -> pa.Array:
        words_per_row = max(1, -(-(self.longest - TAIL) // 8))  # uint64, eight letters each
        words_per_row += words_per_row % 2 if words_per_row > 1 else 0
        if self.order == "scattered":
            words = self.words(rows, 2 * words_per_row)
        else:
            words = np.zeros(ranks.size * words_per_row, np.uint64)  # counted texts start with the first letter
        offsets = np.empty(ranks.size + 1, np.int32)
        data = np.empty(max(int(sizes.sum()), 1), np.uint8)
        _write_keys(ranks, sizes, words, np.int64(words_per_row), offsets, data, kernel_alphabet(self.alphabet))
        return text_array(offsets, data)

    def row_of(self, values: pa.Array) -> NDArray[np.int64]:
        """The row whose key each text is; -1 where no row's is."""
        rows = np.array([self._row_of(text) for text in values.to_pylist()], np.int64)
        known = rows >= 0
        if known.any():
            made = self.at(rows[known].astype(np.uint64))
            same = np.array([a == b for a, b in zip(made.to_pylist(), values.filter(known).to_pylist(), strict=True)])
            rows[known] = np.where(same, rows[known], -1)
        return rows

    def _row_of(self, text: str) -> int:
        indexes = [self.alphabet.index(ord(letter)) for letter in text]
        if not self.shortest <= len(text) <= self.longest or min(indexes, default=0) < 0:
            return -1
        which = len(text) - self.shortest
        rank = 0
        for index in indexes[-TAIL:]:
            rank = rank * self.alphabet.size + index
        if self.order == "scattered":
            rank = int(self.within[which].inverse(np.array([rank], np.uint64))[0])
        place = int(self.starts[which]) + rank - int(self.used[which])
        if not int(self.starts[which]) <= place < int(self.starts[which + 1]):
            return -1
        return int(self.deal.inverse(np.array([place], np.uint64))[0]) if self.order == "scattered" else place


def dealt(sizes: Sequence[int], rows: int) -> list[int]:
    """How many rows each length gets: equal shares, as far as it has texts; what is left goes to those with more."""
    counts = [0] * len(sizes)
    left = rows
    order = sorted(range(len(sizes)), key=lambda i: (sizes[i], i))
    for done, i in enumerate(order):
        counts[i] = min(sizes[i], left // (len(sizes) - done))
        left -= counts[i]
    return counts


def _fill(sizes: list[int], rows: int) -> list[int]:
    """How many rows each length gets when texts are counted from the shortest."""
    counts = []
    for size in sizes:
        counts.append(min(size, rows))
        rows -= counts[-1]
    return counts
