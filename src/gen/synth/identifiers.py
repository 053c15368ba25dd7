"""This file knows UUIDs: 16 bytes of random bits with their version, and UUIDs as keys (RFC 9562)."""

from __future__ import annotations

import uuid
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.block import boolean_array
from gen.errors import SchemaError
from gen.permutations import Permutation
from gen.schema.spec import Column
from gen.streams import Rows, Words, first_and_rows, kernel, rows_array
from gen.synth.json_text import is_null, uuid_text
from gen.synth.laws.compiled import law_of
from gen.synth.synthesizer import Storage, Synthesizer

DEFAULT_VERSION = 4
# Versions that begin with the time: one row a millisecond, from 2024-01-01 on, so that they ascend as rows do.
_FIRST_MILLISECOND = np.uint64(1_704_067_200_000)
_TICKS = np.uint64(10_000)  # of 100 nanoseconds, in a millisecond
_FIRST_TICK = np.uint64(139_233_600_000_000_000)  # the same moment, since 1582-10-15
_KEY_BITS = 62  # of the second half, below the variant
FREE_BITS = {1: 76, 2: 122, 3: 122, 4: 122, 5: 122, 6: 76, 7: 74, 8: 122}


@kernel("void(uint64, uint64[::1], uint64[::1], uint64[::1], uint64, uint64[::1])")
def _mark(first: Any, rows: Words, words: Words, tails: Words, version: Any, out: Words) -> None:
    """Words as UUIDs in place of bytes: version and variant set, the time in front where the version has one.

    tails: the 62 bits after the variant, of a key; empty where they are random. Numbers are big-endian in a UUID.
    """
    for i in range(words.size // 2):
        row = rows[i] if rows.size else first + np.uint64(i)
        head, tail = words[2 * i], words[2 * i + 1]
        if version == np.uint64(7):
            head = ((_FIRST_MILLISECOND + row) << np.uint64(16)) | (head & np.uint64(0xFFF))
        elif version == np.uint64(6) or version == np.uint64(1):
            ticks = (_FIRST_TICK + row * _TICKS) & np.uint64(0xFFFFFFFFFFFFFFF)
            if version == np.uint64(6):
                head = ((ticks >> np.uint64(12)) << np.uint64(16)) | (ticks & np.uint64(0xFFF))
            else:
                middle = (ticks >> np.uint64(32)) & np.uint64(0xFFFF)
                head = (ticks << np.uint64(32)) | (middle << np.uint64(16)) | (ticks >> np.uint64(48))
        if tails.size:
            tail = tails[i]
        head = (head & ~np.uint64(0xF000)) | (version << np.uint64(12))
        tail = (tail & np.uint64(0x3FFFFFFFFFFFFFFF)) | np.uint64(0x8000000000000000)
        out[2 * i] = head
        out[2 * i + 1] = tail


class SynthesizeUUID(Synthesizer):
    """UUIDs, 16 bytes, or text where the column is `stored` as "text". Version 4 unless declared.

    Versions 1, 6 and 7 hold a time, a millisecond later in each row; all other bits are random.
    """

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.kind == "uuid" and not column.key

    def prepare(self) -> None:
        law, _ = law_of(self.where, self.column.distribution)
        if law != "uniform":
            raise SchemaError(f"{self.where}: the distribution {law!r} does not apply to UUIDs.", hint="Leave it out.")
        self.version = self.column.version or DEFAULT_VERSION
        if self.version not in FREE_BITS:
            raise SchemaError(f"{self.where}: there is no UUID version {self.version}.", hint="Give 1 to 8.")

    @property
    def arrow_type(self) -> pa.DataType:
        return pa.string() if self.column.stored == "text" else pa.binary(16)

    @property
    def cardinality(self) -> int:
        return 1 << FREE_BITS[self.version]

    @property
    def storage(self) -> Storage:
        return Storage(40 if self.column.stored == "text" else 16, FREE_BITS[self.version])

    def tails(self, rows: Rows) -> Words:
        """What the rows of a key have after the variant; nothing where it is random."""
        return np.empty(0, np.uint64)

    def at(self, rows: Rows) -> pa.Array:
        words = self.words(rows, 4)
        out = np.empty(words.size, np.uint64)
        _mark(*first_and_rows(rows), words, self.tails(rows), np.uint64(self.version), out)
        out.byteswap(inplace=True)
        array = pa.Array.from_buffers(pa.binary(16), len(rows), [None, pa.py_buffer(out)])
        return uuid_text(array) if self.column.stored == "text" else array

    def python(self, array: pa.Array) -> list[Any]:
        made = uuid.UUID if self.column.stored == "text" else lambda value: uuid.UUID(bytes=value)
        return [None if value is None else made(value) for value in array.to_pylist()]


class SynthesizeUUIDKey(SynthesizeUUID):
    """UUIDs, each once: the 62 bits after the variant are a permutation of the row number."""

    unique = True

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.kind == "uuid" and column.key is not None

    def prepare(self) -> None:
        super().prepare()
        assert self.column.key is not None
        if self.column.key.order not in (None, "scattered"):
            raise SchemaError(
                f"{self.where}: UUID keys are scattered, those of version 1, 6 and 7 behind the time of their row.",
                hint="Use PrimaryKey(); for ascending keys a UUID7.",
            )
        self.order = Permutation(2**_KEY_BITS, self.stream_key("key"))

    def tails(self, rows: Rows) -> Words:
        return self.order.at(rows_array(rows))

    def row_of(self, values: pa.Array) -> NDArray[np.int64]:
        """The row whose key each UUID is; -1 where no row's is."""
        unknown = is_null(values)
        keys = [uuid.UUID(int=0) if key is None else key for key in self.python(values)]
        tails = np.array([key.int % 2**_KEY_BITS for key in keys], np.uint64)
        rows = self.order.inverse(tails)
        unknown |= rows >= np.uint64(self.rows)
        known = ~unknown
        made, asked = self.at(rows[known]).to_pylist(), values.filter(boolean_array(known)).to_pylist()
        unknown[known] = [a != b for a, b in zip(made, asked, strict=True)]
        return np.where(unknown, np.int64(-1), rows.astype(np.int64))
