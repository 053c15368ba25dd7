"""This file knows choices: booleans, and the values an Enum or a Literal lists."""

from __future__ import annotations

import json
import math
import uuid
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.block import array_of, fixed_width_array, plain
from gen.errors import SchemaError
from gen.schema.spec import Column
from gen.streams import Rows, Words, kernel, mulhi
from gen.synth.grids import Grid
from gen.synth.json_text import json_text
from gen.synth.laws.compiled import COUNTING, Compiled, law_of, listed_law
from gen.synth.laws.discrete import Choice
from gen.synth.listings import Listing, listed_once
from gen.synth.ranked import Ranked
from gen.synth.synthesizer import Storage, Synthesizer


@kernel("void(uint64[::1], int32[::1], uint64)")
def _indexes(words: Words, out: NDArray[np.int32], count: Any) -> None:
    """An index below `count` for each word, all equally likely."""
    for i in range(words.size):
        out[i] = np.int32(mulhi(words[i], count))


@kernel("void(uint64[::1], uint8[::1])")
def _top_bits(words: Words, out: NDArray[np.uint8]) -> None:
    """The top bit of each word, eight to a byte, the first the lowest."""
    whole = words.size // 8
    for i in range(whole):
        byte = np.uint64(0)
        for j in range(8):
            byte |= (words[8 * i + j] >> np.uint64(63)) << np.uint64(j)
        out[i] = np.uint8(byte)
    if whole < out.size:
        byte = np.uint64(0)
        for j in range(words.size - 8 * whole):
            byte |= (words[8 * whole + j] >> np.uint64(63)) << np.uint64(j)
        out[whole] = np.uint8(byte)


class SynthesizeChoice(Synthesizer):
    """One of a few listed values, equally likely or by weight; listed values of unlike types are JSON texts.

    A law of counts is drawn over their places, 0 for the first: Zipf(1.1) makes the first value the most frequent.
    Text travels as a dictionary: an index a row, each text once.
    """

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.kind in ("choice", "boolean") and not column.key

    def prepare(self) -> None:
        law, _ = law_of(self.where, self.column.distribution)
        self.choices = self.column.choices or (False, True)
        self.listed = array_of(self.choices)
        self.law: Compiled | None = None
        self.chosen: Choice | None = None  # None: each equally likely
        if self.column.weights:
            self.chosen = Choice(np.arange(len(self.choices)), np.array(self.column.weights))
        if law == "uniform" or self.column.distribution is None:
            return
        if law not in COUNTING or self.column.kind == "boolean":
            raise SchemaError(
                f"{self.where}: the distribution {law!r} does not apply to a field of kind {self.column.kind}.",
                hint="Give weights; choices also take the laws zipf, geometric, poisson and binomial, by their order.",
            )
        if self.column.weights:
            raise SchemaError(
                f"{self.where}: weights and the distribution {law!r} are declared at once.", hint="Keep one of them."
            )
        self.law = listed_law(self.where, self.column.distribution, Grid(0, 1, len(self.choices)), anchored=True)
        self.chosen = self.law.listed

    @property
    def arrow_type(self) -> pa.DataType:
        kind = self.listed.type
        return pa.dictionary(pa.int32(), kind) if pa.types.is_string(kind) else kind

    @property
    def law_text(self) -> str:
        if self.law:
            return self.law.described()
        if len(self.choices) == 1:
            return "constant"
        listed = ", ".join(f"{weight:g}" for weight in self.column.weights[:5])
        return f"weights({listed}{', ...' if len(self.column.weights) > 5 else ''})" if listed else "uniform"

    @property
    def cardinality(self) -> int:
        return len(self.choices)

    @property
    def storage(self) -> Storage:
        kind = self.listed.type
        size = float(np.mean([4 + len(str(c)) for c in self.choices])) if pa.types.is_string(kind) else 8.0
        return Storage(size, math.log2(max(len(self.choices), 2)), distinct=len(self.choices))

    def at(self, rows: Rows) -> pa.Array:
        words = self.value_words(rows)
        if self.chosen:
            return self.unrank(self.chosen.at(words).view(np.uint64))
        if self.choices == (False, True):
            bits = np.empty(-(-words.size // 8), np.uint8)
            _top_bits(words, bits)
            return pa.Array.from_buffers(pa.bool_(), words.size, [None, pa.py_buffer(bits)])
        indexes = np.empty(words.size, np.int32)
        _indexes(words, indexes, np.uint64(len(self.choices)))
        return self._listed_at(fixed_width_array(pa.int32(), indexes))

    def python(self, array: pa.Array) -> list[Any]:
        values: list[Any] = array.to_pylist()
        if isinstance(self.choices[0], uuid.UUID):
            return [None if value is None else uuid.UUID(bytes=value) for value in values]
        if self.column.stored != "json":
            return values
        if self.column.format == "json":
            return values  # the text itself
        return [None if value is None else _hashable(json.loads(value)) for value in values]

    def json(self, array: pa.Array) -> pa.Array:
        if self.column.stored != "json":
            return super().json(array)
        texts = plain(array)
        return json_text(texts) if self.column.format == "json" else texts

    def unrank(self, ranks: Words) -> pa.Array:
        """The choice of each rank."""
        return self._listed_at(fixed_width_array(pa.int32(), ranks.astype(np.int32)))

    def listed_values(self, most: int) -> Listing | None:
        if len(self.choices) > most:
            return None
        if self.chosen:
            weights = np.asarray(self.chosen.weights, np.float64)
            return listed_once(self.listed.take(pa.array(self.chosen.values)), weights)
        return Listing.even(self.listed)

    def _listed_at(self, indexes: pa.Array) -> pa.Array:
        if pa.types.is_string(self.listed.type):
            return pa.DictionaryArray.from_arrays(indexes, self.listed)
        return self.listed.take(indexes)


def _hashable(value: Any) -> Any:
    """Lists as tuples, which can be members of an Enum."""
    return tuple(map(_hashable, value)) if isinstance(value, list) else value


class SynthesizeChoiceKey(Ranked, SynthesizeChoice):
    """Listed values, each once."""

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.kind in ("choice", "boolean") and column.key is not None

    def unrank(self, ranks: Words) -> pa.Array:
        return SynthesizeChoice.unrank(self, ranks)

    def rank(self, values: pa.Array) -> Words:
        ranks = {value: i for i, value in enumerate(self.listed.to_pylist())}
        missing = len(self.choices)
        return np.array([ranks.get(value, missing) for value in values.to_pylist()], np.uint64)
