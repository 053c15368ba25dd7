"""This file knows dirt that a user asks for: values outside a column's domain, in an exact number of rows.

Which rows are dirty is decided by a permutation of the row numbers, so that rate * rows of them are, neither more nor
less, known before row one; what is not dirty is the value the row has anyhow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gen.block import fixed_width_array, plain, plain_type, with_nulls
from gen.errors import SchemaError
from gen.permutations import Permutation
from gen.schema.row_markers import DIRT
from gen.schema.spec import KINDS, Column, Table
from gen.streams import Rows, Words, rows_array
from gen.synth.beyond import beyond, beyond_keys
from gen.synth.json_text import is_null
from gen.synth.judging.checked import merged
from gen.synth.key_pools import JoinedPool
from gen.synth.related.references import SynthesizeReference
from gen.synth.synthesizer import Storage, Synthesizer
from gen.synth.tied.derived import MadeOfOthers

_WRONG = ("n/a", "unknown", "#REF!", "1,234.5.6", "--", "NaN?", "true-ish", "12:99")
_TEXT_BYTES = 24  # of a number or a time as text, near enough
_AS_A_WHOLE = ("union", "any", "object", "list", "tuple", "map")  # kinds of which only a null is dirt
# kind -> which columns can have it
_WANTS = {
    "null": "any field",
    "empty": "a text",
    "too_long": "a str that is not one of a few choices",
    "out_of_bounds": "a number or a time, no foreign key, with a bound past which its type has values",
    "wrong_type": "a plain field that is no text already",
    "duplicate": "a plain field that is not made of others, and two rows or more",
    "dangling": "a foreign key whose type has values that can be no key: texts, UUIDs, or bounded numbers and times",
}
_NOT_OF_ALL = {"wrong_type", "duplicate"}  # kinds that are not shared out to where every row is to be dirty
TRIES = 256  # to find a row with a value, for a duplicate
LONGER = 10  # letters more than there may be, at most
LONG = 255  # letters that a text without a bound has at most, or as many as it has anyhow

Values = Callable[[Rows], pa.Array]


@dataclass(frozen=True)
class Dirt:
    """The dirt of one column: how many rows of each kind, and what they hold instead."""

    column: Synthesizer
    counts: Mapping[str, int]
    outside: pa.Array | None = None  # values outside the bounds

    @cached_property
    def _order(self) -> Permutation:
        return Permutation(max(self.column.rows, 1), self.column.stream_key("noise"))

    @property
    def arrow_type(self) -> pa.DataType:
        """The type that can hold the dirt, too."""
        kind = plain_type(self.column.arrow_type)
        return pa.string() if "wrong_type" in self.counts else kind

    @property
    def storage(self) -> Storage:
        given = self.column.storage
        if self.arrow_type == plain_type(self.column.arrow_type):
            return Storage(given.bytes, given.bits, None)  # a few more values than were declared
        return Storage(_TEXT_BYTES, 8 * _TEXT_BYTES)

    @property
    def nullable(self) -> bool:
        return self.column.column.may_be_null or "null" in self.counts

    def clean_rows(self, words: Words) -> Words:
        """Rows that are not dirty, one for each 32-bit word."""
        dirty = sum(self.counts.values())
        clean = np.uint64(self.column.rows - dirty)
        return self._order.inverse(np.uint64(dirty) + (words * clean >> np.uint64(32)))

    def applied(self, rows: Rows, array: pa.Array, values: Values) -> pa.Array:
        """The values at these rows, some of them dirty. `values`: what the column holds at any rows without dirt."""
        array = plain(array)
        if array.type != self.arrow_type:
            array = _as_text(self.column, array)
        numbers = rows_array(rows)
        places = self._order.at(numbers)
        limits = np.cumsum(list(self.counts.values())).astype(np.uint64)
        kinds = np.searchsorted(limits, places, side="right")
        for i, kind in enumerate(self.counts):
            mine = np.flatnonzero(kinds == i)
            if kind == "null":
                array = with_nulls(array, kinds != i) if mine.size else array
            elif mine.size:
                clean = array.take(fixed_width_array(pa.int64(), mine))
                if kind == "duplicate":
                    dirty = self._duplicates(numbers[mine], values)
                else:
                    dirty = _MAKERS[kind](self, self.column.words(numbers[mine], 1, "dirt"), clean)
                array = merged(array, mine, dirty if dirty.type == array.type else _as_text(self.column, dirty))
        return array

    def _duplicates(self, numbers: NDArray[np.uint64], values: Values) -> pa.Array:
        """The values of rows that are not dirty, so that each of these has a twin; a null is none, while tries last."""
        array = plain(values(self.clean_rows(self.column.words(numbers, 1, "dirt"))))
        for attempt in range(1, TRIES):
            nulls = np.flatnonzero(is_null(array))
            if not nulls.size:
                break
            words = self.column.words(numbers[nulls], 1, f"dirt {attempt}")
            array = merged(array, nulls, plain(values(self.clean_rows(words))))
        return array


def dirt_of(synthesizer: Synthesizer, column: Column) -> Dirt:
    """The dirt that a column declares, as its user wrote it. Raises SchemaError where a kind does not suit it."""
    outside = beyond(synthesizer, column)
    declared = dict(column.noise)
    if "" in declared:
        left_out = {"wrong_type"} if round(declared[""] * synthesizer.rows) < synthesizer.rows else _NOT_OF_ALL
        suits = [kind for kind in DIRT if kind not in left_out and _suits(kind, synthesizer, outside)]
        declared = {kind: declared[""] / len(suits) for kind in suits}
    for kind in declared:
        if not _suits(kind, synthesizer, outside):
            suitable = ", ".join(other for other in DIRT if _suits(other, synthesizer, outside))
            raise SchemaError(
                f"{synthesizer.where}: the noise {kind!r} ({DIRT[kind]}) does not suit this field, which is "
                f"{_said_of(synthesizer)}; it wants {_WANTS[kind]}.",
                hint=f"Leave it out; what suits it: {suitable}.",
            )
    counts = _counts(declared, synthesizer.rows)
    if counts.get("duplicate") and sum(counts.values()) == synthesizer.rows:
        raise SchemaError(
            f"{synthesizer.where}: its noise asks for duplicates, and all of its {synthesizer.rows:,} rows are to be "
            "dirty: a duplicate is what a clean row holds.",
            hint="Keep the rates together below 1, so that some rows are clean, or leave the duplicates out.",
        )
    return Dirt(synthesizer, counts, outside)


def _said_of(synthesizer: Synthesizer) -> str:
    """What a field is, as far as noise goes."""
    column = synthesizer.column
    said = f"{KINDS[column.kind]}{' as JSON text' if column.stored == 'json' else ''}"
    if column.reference:
        return f"{said} that refers to {column.reference}"
    return f"{said}, made of other fields" if isinstance(synthesizer, MadeOfOthers) else said


def refuse_noise_inside(table: Table) -> None:
    """Noise is of a table's columns; on a part of one it would be left out without a word."""

    def noisy(column: Column, path: str) -> str | None:
        here = [path] if column.noise else []
        return next(iter([*here, *filter(None, (noisy(part, f"{path}.{part.name}") for part in column.parts))]), None)

    for column in table.columns:
        for part in column.parts:
            if found := noisy(part, f"{table.name}.{column.name}.{part.name}"):
                raise SchemaError(f"{found}: noise inside another column.", hint="Put it on the column as a whole.")


def _counts(rates: Mapping[str, float], rows: int) -> dict[str, int]:
    """How many rows of each kind; together the rounded share of all, whatever the parts' own rounding."""
    ends = [round(sum(list(rates.values())[:i]) * rows) for i in range(len(rates) + 1)]
    return {kind: min(ends[i + 1], rows) - min(ends[i], rows) for i, kind in enumerate(rates)}


def _suits(kind: str, synthesizer: Synthesizer, outside: pa.Array | None) -> bool:
    column, is_text = synthesizer.column, pa.types.is_string(plain_type(synthesizer.arrow_type))
    if column.kind in _AS_A_WHOLE or column.stored == "json":
        return kind == "null"
    suits: dict[str, bool] = {
        "null": True,
        "empty": is_text,
        "too_long": is_text and column.kind == "text",
        "out_of_bounds": outside is not None,
        "wrong_type": not is_text,
        "duplicate": synthesizer.rows > 1 and column.kind != "null" and not isinstance(synthesizer, MadeOfOthers),
        "dangling": _can_dangle(synthesizer),
    }
    return suits[kind]


def _as_text(synthesizer: Synthesizer, array: pa.Array) -> pa.Array:
    """Values of another type as texts, as JSON would hold them, without quotation marks."""
    return pc.utf8_trim(synthesizer.json(array), '"')


def _chosen(words: Words, count: int) -> NDArray[np.int64]:
    places: NDArray[np.int64] = (words * np.uint64(count) >> np.uint64(32)).astype(np.int64)
    return places


def _empty(dirt: Dirt, words: Words, clean: pa.Array) -> pa.Array:
    return pa.array([""] * len(clean), pa.string())


def _too_long(dirt: Dirt, words: Words, clean: pa.Array) -> pa.Array:
    texts, longest = clean.fill_null("").to_pylist(), dirt.column.column.max_length
    ends = [max(len(text), LONG) if longest is None else longest for text in texts]
    more = (1 + _chosen(words, LONGER)).tolist()
    sizes = [end + beyond for end, beyond in zip(ends, more, strict=True)]
    return pa.array([(text + "x" * size)[:size] for text, size in zip(texts, sizes, strict=True)], pa.string())


def _out_of_bounds(dirt: Dirt, words: Words, clean: pa.Array) -> pa.Array:
    assert dirt.outside is not None
    return dirt.outside.take(fixed_width_array(pa.int64(), _chosen(words, len(dirt.outside))))


def _wrong_type(dirt: Dirt, words: Words, clean: pa.Array) -> pa.Array:
    return pa.array(_WRONG).take(fixed_width_array(pa.int64(), _chosen(words, len(_WRONG))))


def _dangling(dirt: Dirt, words: Words, clean: pa.Array) -> pa.Array:
    """Keys that no row of the parent has: past the end of its keys' domain, or texts unlike any of them."""
    synthesizer: Any = dirt.column
    kind = clean.type
    if pa.types.is_string(kind):
        return pa.array([f"dangling-{word:08x}" for word in words.tolist()], kind)
    if pa.types.is_fixed_size_binary(kind):
        return pa.array([bytes(12) + int(word).to_bytes(4, "big") for word in words.tolist()], kind)
    outside = beyond_keys(_first_key(synthesizer.pool))
    assert outside is not None
    return outside.take(fixed_width_array(pa.int64(), _chosen(words, len(outside))))


def _can_dangle(synthesizer: Synthesizer) -> bool:
    """Whether there are values of a reference's type that are sure to be no key."""
    if not isinstance(synthesizer, SynthesizeReference):
        return False
    if _extends_existing(synthesizer.pool):
        return False  # what is beyond the keys that are made may exist
    kind = plain_type(synthesizer.arrow_type)
    if pa.types.is_string(kind) or pa.types.is_fixed_size_binary(kind):
        return True
    return beyond_keys(_first_key(synthesizer.pool)) is not None


def _extends_existing(pool: Any) -> bool:
    """Whether some of the keys exist already, and others are made."""
    return isinstance(pool, JoinedPool) and any(each.key.column.held for each in pool.pools if hasattr(each, "key"))


def _first_key(pool: Any) -> Synthesizer | None:
    """What draws the first keys, below all others; None where they are held."""
    first = pool.pools[0] if isinstance(pool, JoinedPool) else pool
    found: Synthesizer | None = getattr(first, "key", None)
    return found


_MAKERS: dict[str, Callable[[Dirt, Words, pa.Array], pa.Array]] = {
    "empty": _empty,
    "too_long": _too_long,
    "out_of_bounds": _out_of_bounds,
    "wrong_type": _wrong_type,
    "dangling": _dangling,
}
