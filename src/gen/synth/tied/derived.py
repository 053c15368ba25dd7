"""This file knows columns that are made of others of the same row: computed, decided, or conditioned by them."""

from __future__ import annotations

import decimal
import math
import uuid
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gen.block import array_of, fixed_width_array, fixed_width_values, plain, plain_type, scalar_of, with_nulls
from gen.checksums import hash_values
from gen.errors import ReferenceError, SchemaError
from gen.schema.row_facts import FUNCTIONS
from gen.schema.spec import Column
from gen.streams import Rows, Words, rows_array
from gen.synth.cased import in_case
from gen.synth.formulas.expressions import Expression
from gen.synth.json_text import is_null
from gen.synth.rows import RowView
from gen.synth.synthesizer import ReadAsAnother, Storage, Synthesizer

MOST_KNOWN = 1000  # values of a field, to compare a table with
SHOWN_VALUES = 9  # of those, in words
SHOWN_CASES = 4  # of a conditional table, in words
MOST_DIGITS = 38  # of a decimal128
_DEPENDENT_ROWS = np.uint64(2**40 - 1)  # rows that values of the fields a column depends on are mapped to


class MadeOfOthers(ReadAsAnother):
    """What columns share that cannot be drawn at a row alone."""

    goes_first = True
    draws: ClassVar[bool] = True  # whether it is another where the row is drawn again, and what it reads is the same

    def prepare(self) -> None:
        if self.column.key or self.column.reference:
            raise SchemaError(
                f"{self.where}: a key cannot be made of other fields of its row.",
                hint="Let the key be drawn, or drop the marker.",
            )

    def at(self, rows: Rows) -> pa.Array:
        raise SchemaError(f"{self.where}: it is made of other fields, and is drawn with its row only.")

    def values_in(self, row: RowView) -> pa.Array:
        array = self.made(row)
        if self.column.nulls is None:
            return self.conditioned(array, row)
        there = ~is_null(array)
        if nulls := self.own_nulls:
            there &= self.is_there(row.rows, nulls)
        return self.conditioned(array if there.all() else self.only_where(there, array), row)

    @property
    def own_nulls(self) -> float:
        """The share of rows that have no value, beside those that the other fields leave without one."""
        return self.column.nulls or 0.0

    @abstractmethod
    def made(self, row: RowView) -> pa.Array:
        """The values, from those of the row's other columns; null where these leave it without one."""

    def checked(self, values: Any, n: int) -> pa.Array:
        array, column = super().checked(values, n), self.column
        if column.case:
            array = in_case(column.case, array)
        if column.kind == "choice" and not pc.all(pc.is_in(array, array_of(column.choices, array.type))).as_py():
            known = array_of([*column.choices, None], array.type)
            other = array.filter(pc.invert(pc.is_in(array, known)))
            if len(other):
                raise SchemaError(
                    f"{self.where}: it is made to be {other[0].as_py()!r}, which is none of its values.",
                    hint=f"They are {', '.join(map(repr, column.choices[:9]))}.",
                )
        return array

    @property
    def table_keys(self) -> tuple[str, Sequence[Any]] | None:
        """The field whose values a table of the column lists, and those; None where it has no table."""
        return None

    def check_beside(self, others: Mapping[str, Synthesizer]) -> None:
        if self.table_keys is None or self.table_keys[0] not in others:
            return  # a field that is not there is refused when it is asked for
        field, keys = self.table_keys
        if None in keys:
            raise SchemaError(
                f"{self.where}: its table speaks of {field} = None, and is not asked where {field} is null.",
                hint="Leave that out; the column is null there, or say Nulls(rate, value=...) for a value.",
            )
        known = known_values(others[field])
        if known is None:
            return
        unknown = pc.invert(pc.is_in(listed_as(self.where, keys, known.type), known)).to_pylist()
        if any(unknown):
            there = known[:SHOWN_VALUES].to_pylist()
            raise SchemaError(
                f"{self.where}: its table speaks of {field} = {keys[unknown.index(True)]!r}, which {field} never is.",
                hint=f"Its values are {', '.join(map(repr, there))}{', ...' if len(known) > len(there) else ''}.",
            )

    def places_of(self, field: pa.Array, keys: Sequence[Any]) -> NDArray[np.int64]:
        """Which of the keys each value of another field is; -1 where it is none of them."""
        known = listed_as(self.where, keys, field.type)
        found = pc.fill_null(pc.index_in(field, known).cast(pa.int64()), scalar_of(-1))
        places: NDArray[np.int64] = fixed_width_values(found).copy()
        places[is_null(field)] = -1
        return places


def known_values(synthesizer: Synthesizer) -> pa.Array | None:
    """Every value that a column may have, and none where there are many, or where that is not known."""
    column, kind = synthesizer.column, plain_type(synthesizer.arrow_type)
    if column.stored == "json" or column.parts or column.kind == "any":
        return None
    if column.kind in ("choice", "boolean"):
        values = array_of(column.choices or (False, True), kind)
    else:
        listing = synthesizer.listing(MOST_KNOWN)
        if listing is None:
            return None
        values = plain(listing.values).drop_null()
    if column.null_value is None:
        return values
    return pa.concat_arrays([values, array_of([column.null_value], kind)])


def listed_as(where: str, values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Values of a table, which may be texts as in a document, as an array of a column's type."""
    try:
        if pa.types.is_decimal(kind):
            return pa.array([None if v is None else decimal.Decimal(str(v)) for v in values], kind)
        if pa.types.is_fixed_size_binary(kind):
            return pa.array([None if v is None else uuid.UUID(str(v)).bytes for v in values], kind)
        if pa.types.is_string(kind):
            return pa.array(values, kind)
        return pa.array([pa.scalar(v).cast(kind).as_py() if isinstance(v, str) else v for v in values], kind)
    except (pa.ArrowException, ValueError, TypeError, ArithmeticError) as error:
        raise SchemaError(
            f"{where}: its table lists {str(list(values))[:80]}, and they are to be {kind}: {error}",
            hint="Write them as values of the field.",
        ) from error


class SynthesizeDerived(MadeOfOthers):
    """A column computed from others: by an expression, or by a function of the user's own."""

    draws = False

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.derived is not None or column.function is not None

    def prepare(self) -> None:
        super().prepare()
        self.inner = self.part(replace(self.column, derived=None, function=None, when=None, case=None), self.path)
        self.function = None
        if self.column.function is not None:
            self.function = FUNCTIONS.get(self.column.function)
            if self.function is None:
                raise SchemaError(
                    f"{self.where}: its function is not known here.", hint="Import the module that declares it first."
                )
        else:
            self.expression = Expression(self.where, self.column.derived or "")

    @property
    def arrow_type(self) -> pa.DataType:
        kind, column = plain_type(self.inner.arrow_type), self.column
        if pa.types.is_decimal(kind) and (column.minimum is None or column.maximum is None):
            return pa.decimal128(min(column.max_digits or MOST_DIGITS, MOST_DIGITS), kind.scale)  # no bound by default
        return kind

    @property
    def law_text(self) -> str:
        case = f", in {self.column.case} case" if self.column.case else ""
        if self.function is None:
            return f"computed: {self.column.derived}{case}"
        name = getattr(self.function, "__name__", type(self.function).__name__)
        return f"computed by {'a lambda' if name == '<lambda>' else name}{case}"

    @property
    def cardinality(self) -> int | None:
        return self.inner.cardinality if self.column.kind in ("choice", "boolean") else None

    def made(self, row: RowView) -> pa.Array:
        count = len(row.rows)
        if self.function is None:
            return self.checked(_spread(self.expression(row.array), count), count)
        fields = _Fields(row)
        return self.guarded(lambda: _results(self.function(fields), fields, count), count)  # type: ignore[misc]

    def checked(self, values: Any, n: int) -> pa.Array:
        try:
            return super().checked(values, n)
        except SchemaError as error:
            said = f"its expression {self.column.derived!r}" if self.function is None else "its function"
            error.message = error.message.replace("SynthesizeDerived returned", f"{said} gives")
            error.hint = error.hint.replace("Return values of the field's type", "Convert them: int(...), str(...)")
            lossy = any(word in str(error) for word in ("data loss", "truncat"))
            rounded = "round(price * 1.19, 2)" if pa.types.is_decimal(self.arrow_type) else "round(x), or x // 2"
            error.hint = f"Round it: {rounded}." if lossy else error.hint
            error.hint = "Count them: days(end - start)." if "they are duration" in str(error) else error.hint
            error.hint = (
                "Make the field Optional, or use coalesce." if " nulls for a field" in str(error) else error.hint
            )
            raise

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if self.function is not None:  # so that its column can be read again here: attempts, objects inside
            FUNCTIONS[str(self.column.function)] = self.function


def _spread(values: Any, count: int) -> pa.Array:
    """One value for each row, where an expression reads none."""
    if isinstance(values, pa.Scalar):
        return pa.repeat(values, count)
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


def _results(values: Any, fields: _Fields, count: int) -> Any:
    """What a function returned: one value for each row, null where a field that it read is."""
    if np.ndim(values) == 0:
        values = [values] * count
    nulls = nulls_of(fields)
    if nulls is None or len(values) != count:
        return values
    array = values if isinstance(values, pa.Array) else pa.array(values, from_pandas=False)
    return with_nulls(array, ~nulls)


class _Fields:
    """What a user's function sees of a row: NumPy arrays of the fields that it asks for.

    Where a field is null there stands another row's value, so that the function need not know of nulls.
    """

    def __init__(self, row: RowView) -> None:
        self._row = row
        self._nulls: NDArray[np.bool_] | None = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)  # NumPy asks for some of its own
        return self[name]

    def __getitem__(self, name: str) -> Any:
        array = plain(self._row.array(name))
        if not array.null_count:
            return array.to_numpy(zero_copy_only=False)
        nulls = is_null(array)
        self._nulls = nulls if self._nulls is None else self._nulls | nulls
        known = array.drop_null()
        if len(known):
            return pc.fill_null(array, known[0]).to_numpy(zero_copy_only=False)
        zero = "" if pa.types.is_string(array.type) else 0
        try:
            return pa.repeat(pa.scalar(zero).cast(array.type), len(array)).to_numpy(zero_copy_only=False)
        except pa.ArrowException:
            return array.to_numpy(zero_copy_only=False)


def nulls_of(fields: _Fields) -> NDArray[np.bool_] | None:
    """Where a field that was read is null."""
    return fields._nulls


class SynthesizeDependent(MadeOfOthers):
    """A functional dependency: the row that the column is drawn at is decided by the fields it depends on."""

    draws = False

    @classmethod
    def match(cls, column: Column) -> bool:
        return bool(column.depends_on)

    def prepare(self) -> None:
        super().prepare()
        self.inner = self.part(replace(self.column, depends_on=(), values=(), nulls=None, when=None), self.path)
        if self.inner.block_addressed:
            raise SchemaError(
                f"{self.where}: {type(self.inner).__name__} draws blocks of rows, and each value needs one of its own.",
                hint="Write `at(rows)` instead of `draw`.",
            )
        law: Any = getattr(self.inner, "law", None)
        if getattr(law, "by_row", False):
            raise SchemaError(
                f"{self.where}: its law counts rows, and its value is decided by {', '.join(self.column.depends_on)}.",
                hint="Leave the law out, or the dependency.",
            )
        self.keys = [key for key, _ in self.column.values]
        self.listed = None
        if self.column.values:
            self.listed = self._checked_table([value for _, value in self.column.values])

    @property
    def table_keys(self) -> tuple[str, Sequence[Any]] | None:
        return (self.column.depends_on[0], self.keys) if self.keys else None

    def _checked_table(self, values: Sequence[Any]) -> pa.Array:
        """The values of the table; refused with the entry where the field does not take one."""
        array = listed_as(self.where, values, self.arrow_type)
        try:
            return self.checked(array, len(array))
        except SchemaError:
            for i, (key, value) in enumerate(zip(self.keys, values, strict=True)):
                try:
                    self.checked(array.slice(i, 1), 1)
                except SchemaError as error:
                    said = error.reason(self.where).removeprefix(f"{type(self).__name__} returned ")
                    raise SchemaError(
                        f"{self.where}: its table says {value!r} where {self.column.depends_on[0]} is {key!r}: {said}.",
                        hint=error.hint if self.column.choices else "Correct the table, or the field.",
                    ) from error
            raise

    @property
    def arrow_type(self) -> pa.DataType:
        return plain_type(self.inner.arrow_type)

    @property
    def law_text(self) -> str:
        on = f"depends on {' and '.join(self.column.depends_on)}"
        if self.listed is not None:
            return f"{on}, by a table of {len(self.listed):,}"
        law = self.inner.law_text
        return on if law == "uniform" else f"{on}; {law}"

    @property
    def storage(self) -> Storage:
        if self.listed is None or not pa.types.is_string(self.listed.type):
            return self.inner.storage
        size = 4 + (pc.mean(pc.binary_length(self.listed)).as_py() or 0.0)
        return Storage(size, math.log2(max(len(self.listed), 2)), distinct=len(self.listed))

    @property
    def cardinality(self) -> int | None:
        return len(self.listed.unique()) if self.listed is not None else self.inner.cardinality

    def made(self, row: RowView) -> pa.Array:
        fields = [plain(row.array(name)) for name in self.column.depends_on]
        if self.listed is not None:
            return self._looked_up(fields[0])
        words = np.zeros(len(row.rows), np.uint64)
        for i, field in enumerate(fields):
            words = words * np.uint64(0x9E3779B97F4A7C15) + hash_values(field, 2 * i + 1)
        return plain(self.inner.values((words >> np.uint64(20)) & _DEPENDENT_ROWS))

    def _looked_up(self, field: pa.Array) -> pa.Array:
        assert self.listed is not None
        places = self.places_of(field, self.keys)
        if self.column.nulls is None and places.size and places.min() < 0:
            unknown = field[int(np.argmin(places))].as_py()
            raise SchemaError(
                f"{self.where}: its table says nothing of {self.column.depends_on[0]} = {unknown!r}.",
                hint="Add it to the table, or make the field Optional.",
            )
        return with_nulls(self.listed.take(fixed_width_array(pa.int64(), np.maximum(places, 0))), places >= 0)


def _case_text(case: Synthesizer) -> str:
    domain = case.column.domain
    return f"domain {domain!r}" if domain else case.law_text


class SynthesizeGiven(MadeOfOthers):
    """A conditional table: for each value of another field a law, or weights, of its own."""

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.given is not None

    def prepare(self) -> None:
        super().prepare()
        self.cases = {
            part.name: self.part(
                replace(part, given=None, when=None, parts=(), correlated=()), f"{self.path}?{part.name}"
            )
            for part in self.column.parts
        }
        self.inner = next(iter(self.cases.values()))

    def take_pools(self, pools: Any) -> None:
        super().take_pools(pools)
        kinds = {case.where: plain_type(case.arrow_type) for case in self.cases.values()}
        first, *others = kinds.items()
        unlike = next((other for other in others if other[1] != first[1] and not pa.types.is_decimal(first[1])), None)
        if pools and unlike:
            raise ReferenceError(
                f"{self.where}: its values are {first[1]} in {first[0]}, and {unlike[1]} in {unlike[0]}.",
                hint="Let it refer to keys of one type.",
                table=self.table,
                column=self.column.name,
            )

    @property
    def storage(self) -> Storage:
        if not self.column.references:
            return self.inner.storage
        every = [case.storage for case in self.cases.values()]
        return Storage(max(one.bytes for one in every), max(one.bits for one in every))

    def storages(self, path: str) -> dict[str, Storage]:
        return {path: self.storage} if self.column.references else self.inner.storages(path)

    @property
    def table_keys(self) -> tuple[str, Sequence[Any]] | None:
        return str(self.column.given), list(self.cases)

    @property
    def arrow_type(self) -> pa.DataType:
        kinds = [plain_type(case.arrow_type) for case in self.cases.values()]
        if all(map(pa.types.is_decimal, kinds)):  # of the law that needs the most digits
            return max(kinds, key=lambda kind: kind.precision)
        return kinds[0]

    @property
    def law_text(self) -> str:
        said = [f"{name} {_case_text(case)}" for name, case in self.cases.items()]
        more = [f"and {len(said) - SHOWN_CASES:,} more"] if len(said) > SHOWN_CASES else []
        return f"given {self.column.given}: {', '.join(said[:SHOWN_CASES] + more)}"

    @property
    def cardinality(self) -> int | None:
        if self.column.references:
            return None
        counts = {(case.column.domain, case.cardinality) for case in self.cases.values()}
        return self.inner.cardinality if len(counts) == 1 else None

    @property
    def own_nulls(self) -> float:
        return 0.0  # each case has its own

    def made(self, row: RowView) -> pa.Array:
        assert self.column.given is not None
        field = plain(row.array(self.column.given))
        places = self.places_of(field, list(self.cases))
        known = places >= 0
        if self.column.nulls is not None:
            known |= is_null(field)  # and so is this column
        if not known.all():
            unknown = field[int(np.argmin(known))].as_py()
            raise SchemaError(
                f"{self.where}: nothing is given for {self.column.given} = {unknown!r}.",
                hint="Add that case, or exclude the value there.",
            )
        return self._merged(rows_array(row.rows), places)

    def _merged(self, numbers: Words, places: NDArray[np.int64]) -> pa.Array:
        none = np.flatnonzero(places < 0)
        pieces, order = [pa.nulls(none.size, self.arrow_type)], np.empty(numbers.size, np.uint64)
        order[none] = np.arange(none.size, dtype=np.uint64)
        done = none.size
        for i, case in enumerate(self.cases.values()):
            mine = np.flatnonzero(places == i)
            values = plain(case.values(numbers[mine]))
            decimals = pa.types.is_decimal(values.type)
            pieces.append(values.cast(self.arrow_type) if decimals else values)
            order[mine] = done + np.arange(mine.size, dtype=np.uint64)
            done += mine.size
        return pa.concat_arrays(pieces).take(fixed_width_array(pa.uint64(), order))
