"""This file knows values as JSON text: what a column that has no Arrow type of its own holds, and what documents say.

Canonical: no white space, the fields of an object in the order they are declared, times as RFC 3339 says, durations as
ISO 8601 does, bytes in base64 (RFC 4648), UUIDs as RFC 9562 does.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gen.block import array_of, boolean_values, fixed_width_values, null_of, scalar_of, unlocked
from gen.errors import SchemaError
from gen.schema.spec import is_extra
from gen.streams import BITS32, LOW32, Word, Words, device, kernel

_CONTROL = "[\x00-\x1f\x7f-\x9f]"


def json_text(array: pa.Array) -> pa.Array:
    """Each value as JSON text, nulls kept. For values that are not nested."""
    if pa.types.is_dictionary(array.type):
        return json_text(array.dictionary).take(array.indices)
    if pa.types.is_string(array.type):
        return _text(array)
    is_bare = any(is_kind(array.type) for is_kind in _BARE)
    return unquoted_text(array) if is_bare else quoted(unquoted_text(array))


def unquoted_text(array: pa.Array) -> pa.Array:
    """Each value as JSON text has it, without quotation marks; text as it is. For values that are not nested."""
    if pa.types.is_dictionary(array.type):
        return unquoted_text(array.dictionary).take(array.indices)
    for is_kind, write in _WRITERS:
        if is_kind(array.type):
            return write(array)
    raise TypeError(f"values of Arrow type {array.type} have no JSON text")


def joined(parts: Sequence[Any], separator: str = "") -> pa.Array:
    """Texts side by side, row by row; null where any part is."""
    texts = [scalar_of(part) if isinstance(part, str) else part for part in (*parts, separator)]
    return pc.binary_join_element_wise(*texts)


def filled(array: pa.Array) -> pa.Array:
    """JSON texts, of which those that are null say so."""
    return pc.fill_null(array, scalar_of("null")) if array.null_count else array


def quoted(array: pa.Array) -> pa.Array:
    """Text that needs no escapes, in quotation marks."""
    return joined(['"', array, '"'])


@device
def _hexadecimal(word: Word) -> Word:
    """The lowest four bytes of a word as eight letters, the lowest first; all of them at once."""
    word = word & LOW32
    word = (word | (word << np.uint64(16))) & np.uint64(0x0000FFFF0000FFFF)
    word = (word | (word << np.uint64(8))) & np.uint64(0x00FF00FF00FF00FF)
    digits = ((word >> np.uint64(4)) | (word << np.uint64(8))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    above_nine = ((digits + np.uint64(0x0606060606060606)) >> np.uint64(4)) & np.uint64(0x0101010101010101)
    return digits + np.uint64(0x3030303030303030) + above_nine * np.uint64(39)  # from ":" to "a"


@kernel("void(uint64[::1], uint32[::1])")
def _write_uuids(halves: Words, out: NDArray[np.uint32]) -> None:
    """UUIDs, two uint64 of their bytes each, as text: nine times four letters."""
    for i in range(halves.size // 2):
        head, tail = halves[2 * i], halves[2 * i + 1]
        a, b, c, d = _hexadecimal(head), _hexadecimal(head >> BITS32), _hexadecimal(tail), _hexadecimal(tail >> BITS32)
        hyphen, k = np.uint64(45), 9 * i
        out[k] = np.uint32(a)
        out[k + 1] = np.uint32(a >> BITS32)
        out[k + 2] = np.uint32(hyphen | (b << np.uint64(8)))
        fourth, after = (b >> np.uint64(24)) & np.uint64(255), b >> BITS32 << np.uint64(16)
        out[k + 3] = np.uint32(fourth | (hyphen << np.uint64(8)) | after)
        out[k + 4] = np.uint32((b >> np.uint64(48)) | (hyphen << np.uint64(16)) | (c << np.uint64(24)))
        out[k + 5] = np.uint32(((c >> np.uint64(8)) & np.uint64(0xFFFFFF)) | (hyphen << np.uint64(24)))
        out[k + 6] = np.uint32(c >> BITS32)
        out[k + 7] = np.uint32(d)
        out[k + 8] = np.uint32(d >> BITS32)


def uuid_text(array: pa.Array) -> pa.Array:
    """UUIDs of 16 bytes as text of 36 characters."""
    data = np.frombuffer(array.buffers()[1], np.uint8, 16 * len(array), 16 * array.offset)
    text = np.empty(9 * len(array), np.uint32)
    _write_uuids(unlocked(np.require(data.view(np.uint64), requirements="A")), text)
    offsets = np.arange(0, 36 * len(array) + 1, 36, dtype=np.int32)
    validity = None
    if array.null_count:
        validity = pa.py_buffer(np.packbits(~is_null(array), bitorder="little"))
    return pa.Array.from_buffers(pa.string(), len(array), [validity, pa.py_buffer(offsets), pa.py_buffer(text)])


def is_null(array: pa.Array) -> NDArray[np.bool_]:
    """Bool array: which values are null."""
    return boolean_values(array.is_null())


def _plain(array: pa.Array) -> pa.Array:
    return array.cast(pa.string())


def _float(array: pa.Array) -> pa.Array:
    """Arrow writes -0.0 as -0, which readers of JSON take for the whole number 0."""
    text, values = _plain(array), fixed_width_values(array)
    is_minus = bool(np.any(np.signbit(values) & (values == 0)))
    return pc.if_else(pc.equal(text, scalar_of("-0")), scalar_of("-0.0"), text) if is_minus else text


def _text(array: pa.Array) -> pa.Array:
    if pc.any(pc.match_substring_regex(array, _CONTROL)).as_py():
        return pa.array([None if text is None else json.dumps(text) for text in array.to_pylist()], pa.string())
    escaped = pc.replace_substring(array, "\\", "\\\\")
    return quoted(pc.replace_substring(escaped, '"', '\\"'))


def _instant(array: pa.Array) -> pa.Array:
    return pc.replace_substring(array.cast(pa.string()), " ", "T")


def _duration(array: pa.Array) -> pa.Array:
    """ISO 8601, in seconds alone: PT90.5S."""
    microseconds = array.view(pa.int64())
    positive = pc.abs(microseconds)
    million, nothing = scalar_of(1_000_000), scalar_of("")
    seconds = pc.divide(positive, million)
    rest = pc.subtract(positive, pc.multiply(seconds, million)).cast(pa.string())
    fraction = joined([".", pc.utf8_lpad(rest, 6, "0")])
    fraction = pc.if_else(pc.equal(rest, scalar_of("0")), nothing, fraction)
    sign = pc.if_else(pc.less(microseconds, scalar_of(0)), scalar_of("-PT"), scalar_of("PT"))
    return joined([sign, seconds.cast(pa.string()), fraction, "S"])


def _bytes(array: pa.Array) -> pa.Array:
    encoded = [None if value is None else base64.b64encode(value).decode() for value in array.to_pylist()]
    return pa.array(encoded, pa.string())


def check_finite(where: str, array: pa.Array) -> None:
    """Refuse what JSON has no number for."""
    if pa.types.is_nested(array.type):
        for part in _parts(array):
            check_finite(where, part)
    elif pa.types.is_floating(array.type) and not pc.all(pc.is_finite(array)).as_py() and array.null_count < len(array):
        raise SchemaError(
            f"{where}: NaN or an infinity was drawn, which JSON has no number for.",
            hint="Draw others, or write --format parquet or arrow.",
        )


def _parts(array: pa.Array) -> list[pa.Array]:
    if pa.types.is_struct(array.type):
        return list(array.flatten())
    return [array.keys, array.items] if pa.types.is_map(array.type) else [array.flatten()]


def parsed(text: str) -> Any:
    """The value of a JSON text; its numbers as exact as they are written."""
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


def canonical(value: Any) -> str:
    """A JSON text that is the same for equal values, in whichever way they were written."""
    return json.dumps(value, sort_keys=True, default=_canonical_number)


def _canonical_number(number: Decimal) -> str:
    """A text that no other number has, and no text: it begins with a NUL."""
    digits = number.normalize(_EXACT)
    return f"\0{digits if digits else digits.copy_abs()}"


_EXACT = Context(prec=10_000, Emax=MAX_EMAX, Emin=MIN_EMIN)


# what JSON writes without quotation marks
_BARE: tuple[Callable[[pa.DataType], bool], ...] = (
    pa.types.is_null,
    pa.types.is_boolean,
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_decimal,
)
_WRITERS: tuple[tuple[Callable[[pa.DataType], bool], Callable[[pa.Array], pa.Array]], ...] = (
    (pa.types.is_floating, _float),
    *((is_kind, _plain) for is_kind in _BARE),
    (pa.types.is_string, _plain),
    (pa.types.is_timestamp, _instant),
    (pa.types.is_date, _plain),
    (pa.types.is_time, _plain),
    (pa.types.is_duration, _duration),
    (lambda kind: kind == pa.binary(16), uuid_text),
    (pa.types.is_binary, _bytes),
)


def list_json(offsets: pa.Array, items: pa.Array, brackets: str) -> pa.Array:
    """Lists of JSON texts as one JSON text each: brackets is "[]", or "{}" where items are `"key":value`."""
    lists = pa.ListArray.from_arrays(offsets, items)
    return joined([brackets[0], pc.binary_join(lists, ","), brackets[1]])


def object_json(names: Sequence[str], values: Sequence[pa.Array], absent: Sequence[bool], rows: int) -> pa.Array:
    """Objects from the JSON texts of their fields; a null field is left out where it may be absent, `null` if not.

    A field of undeclared properties is an object whose entries stand among the others.
    """
    entries = []
    for name, array, may_be_absent in zip(names, values, absent, strict=True):
        texts = array if may_be_absent else filled(array)
        entries.append(_spliced(texts) if is_extra(name) else joined([f"{json.dumps(name)}:", texts]))
    if not entries:
        return array_of(["{}"] * rows, pa.string())
    # A row of which every entry is skipped loses its place in Arrow's join; the bracket is one that never is.
    opened = pc.binary_join_element_wise(scalar_of("{"), *entries, scalar_of(","), null_handling="skip")
    return joined([pc.replace_substring(opened, "{,", "{", max_replacements=1), "}"])


def _spliced(objects: pa.Array) -> pa.Array:
    """The entries of JSON objects, to stand among others'; null where there are none."""
    inside = pc.utf8_slice_codeunits(objects, 1, -1)
    return pc.if_else(pc.equal(inside, scalar_of("")), null_of(pa.string()), inside)
