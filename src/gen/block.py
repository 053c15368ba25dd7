"""This file knows what travels between rooms: Partition, Receipt, Source, Sink; and NumPy buffers as Arrow arrays."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

# -- partitions, receipts, and the two seams -------------------------------------------------------------


@dataclass(frozen=True, order=True)
class Partition:
    """Rows start (included) to stop (excluded) of a table: what one file, or one transaction, holds."""

    table: str
    index: int
    start: int
    stop: int

    @property
    def rows(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True)
class Receipt:
    """Proof that a partition's rows are durable: stored in, or beside, the artefact itself; about 200 bytes.

    `differences` is filled only by a sink that compares instead of writing, one sentence for each; `comparable` where
    what is read back has another form: its checksum in that.
    """

    table: str
    index: int
    start: int
    stop: int
    bytes: int
    checksum: dict[str, str] = field(default_factory=dict)
    differences: tuple[str, ...] = ()
    comparable: dict[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return self.stop - self.start

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class Source(Protocol):
    """Makes the rows of one table. Calling `batches` twice gives equal batches."""

    @property
    def table(self) -> str: ...

    @property
    def schema(self) -> pa.Schema: ...

    def batches(self, partition: Partition) -> Iterator[pa.RecordBatch]: ...

    def probe(self) -> dict[str, str]:
        """Checksums of a few thousand rows of each column: what this machine, code and library compute."""
        ...


class Sink(Protocol):
    """Takes the rows of all tables. Every method may be called again, or twice at once, and leaves one copy.

    Where only one process may write to the target, `for_workers` gives another sink to those that make the rows, and
    `land` puts what they have written into the target; else the one is this sink, and the other has nothing to do.
    """

    @property
    def artefacts(self) -> Path | None:
        """A folder for what all workers need, where they share one."""
        ...

    def check(self, *, needed: int, overwrite: bool) -> None:
        """Refuse a target that is taken, or has no room for `needed` bytes. Writes nothing."""
        ...

    def prepare(self, *, overwrite: bool) -> None:
        """Make the target ready; `overwrite` replaces another run's data."""
        ...

    def write(self, partition: Partition, batches: Iterable[pa.RecordBatch]) -> Receipt:
        """Store the rows; when this returns they are durable."""
        ...

    def done(self) -> dict[tuple[str, int], Receipt]:
        """The receipts found in the target, by (table, index): what need not be written again."""
        ...

    def finish(self, receipts: Sequence[Receipt], observer: Any) -> None:
        """Every partition is there: seal the target. observer: told how many steps that takes."""
        ...


# -- Arrow arrays over NumPy buffers, and back ---------------------------------------------------------------
# PyArrow's own pa.array, pa.scalar and to_numpy import pandas, which takes half a second of every start.


def array_of(values: Sequence[Any], kind: pa.DataType | None = None) -> pa.Array:
    """An Arrow array of Python values, as `pa.array` makes it, of the type given or of their own."""
    kinds = {type(value) for value in values}
    if kinds == {str} and kind in (None, pa.string()):
        texts = [value.encode() for value in values]
        offsets = np.zeros(len(texts) + 1, np.int32)
        np.cumsum([len(text) for text in texts], out=offsets[1:])
        return pa.Array.from_buffers(
            pa.string(), len(texts), [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(texts))]
        )
    if kinds == {int} and kind in (None, pa.int64()):
        return fixed_width_array(pa.int64(), np.array(values, np.int64))
    if kinds == {float} and kind in (None, pa.float64()):
        return fixed_width_array(pa.float64(), np.array(values, np.float64))
    if kinds == {bool} and kind in (None, pa.bool_()):
        return boolean_array(np.array(values, np.bool_))
    if uuid.UUID in kinds:
        values = [value.bytes if isinstance(value, uuid.UUID) else value for value in values]
        return pa.array(values, kind or pa.binary(16))
    return pa.array(values, kind)


@lru_cache(maxsize=4096, typed=True)
def scalar_of(value: Any) -> pa.Scalar:
    """An Arrow scalar of a text, number or truth, as `pa.scalar` makes it, of its own type."""
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return pa.scalar(value)  # says that it is too large
    return array_of([value])[0]


def null_of(kind: pa.DataType) -> pa.Scalar:
    """The null of a type."""
    return pa.nulls(1, kind)[0]


def boolean_values(array: pa.Array) -> NDArray[np.bool_]:
    """Arrow booleans as NumPy's; nulls are anything."""
    buffer = array.buffers()[1]
    if buffer is None or not len(array):
        return np.zeros(len(array), np.bool_)
    first = array.offset // 8 * 8
    bits = np.frombuffer(buffer, np.uint8)[first // 8 : -(-(array.offset + len(array)) // 8)]
    bools = np.unpackbits(bits, bitorder="little").view(np.bool_)
    return bools[array.offset - first : array.offset - first + len(array)]


def fixed_width_array(kind: pa.DataType, values: NDArray[Any]) -> pa.Array:
    """An Arrow array over a NumPy buffer of the same width, without a copy."""
    return pa.Array.from_buffers(kind, values.size, [None, pa.py_buffer(values)])


def fixed_width_values(array: pa.Array) -> NDArray[Any]:
    """The values of an Arrow array of integers, floats or times as NumPy numbers, without a copy; nulls are anything.

    The result is marked writable, as kernels want it; nothing may write to it.
    """
    letter = "f" if pa.types.is_floating(array.type) else "u" if pa.types.is_unsigned_integer(array.type) else "i"
    kind, buffer = np.dtype(f"{letter}{array.type.bit_width // 8}"), array.buffers()[1]
    if not len(array) or buffer is None:
        return np.empty(0, kind)
    return unlocked(np.frombuffer(buffer, kind, len(array), array.offset * kind.itemsize))


def plain(array: pa.Array) -> pa.Array:
    """The values themselves where they travel as a dictionary: parts do not."""
    return array.dictionary.take(array.indices) if pa.types.is_dictionary(array.type) else array


def plain_type(kind: pa.DataType) -> pa.DataType:
    """The type of the values where they travel as a dictionary."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def with_nulls(array: pa.Array, there: NDArray[np.bool_]) -> pa.Array:
    """The same values, but null where `there` is False; without a copy of them."""
    if there.all():
        return array
    if isinstance(array, pa.DictionaryArray):
        return pa.DictionaryArray.from_arrays(with_nulls(array.indices, there), array.dictionary)
    if array.null_count or array.offset or pa.types.is_null(array.type):
        return pc.if_else(boolean_array(there), array, null_of(array.type))
    bitmap = pa.py_buffer(np.packbits(there, bitorder="little"))
    kind = array.type
    if pa.types.is_struct(kind):
        children = [array.field(i) for i in range(kind.num_fields)]
        return pa.Array.from_buffers(kind, len(array), [bitmap], children=children)
    if pa.types.is_list(kind):
        return pa.Array.from_buffers(kind, len(array), [bitmap, array.buffers()[1]], children=[array.values])
    if pa.types.is_map(kind):
        entries = pa.StructArray.from_arrays([array.keys, array.items], fields=[kind.key_field, kind.item_field])
        return pa.Array.from_buffers(kind, len(array), [bitmap, array.buffers()[1]], children=[entries])
    return pa.Array.from_buffers(kind, len(array), [bitmap, *array.buffers()[1:]])


def boolean_array(values: NDArray[np.bool_]) -> pa.Array:
    """An Arrow array of these booleans, eight to a byte."""
    return pa.Array.from_buffers(pa.bool_(), values.size, [None, pa.py_buffer(np.packbits(values, bitorder="little"))])


def unlocked(array: NDArray[Any]) -> NDArray[Any]:
    """The same memory, marked writable: kernels are compiled for that, and Arrow's buffers are read-only."""
    if array.flags.writeable:
        return array
    interface = array.__array_interface__ | {"data": (array.__array_interface__["data"][0], False)}
    return np.asarray(_View(interface, array))


class _View:
    """The same memory without the read-only mark; keeps its owner alive."""

    def __init__(self, interface: dict[str, Any], owner: object) -> None:
        self.__array_interface__ = interface
        self.owner = owner
