"""This file knows the rows of a table that a condition accepts, where that is not known by arithmetic.

Of a table within the budget they are listed once, when the first row that refers to them is made: their table's rows
are final then. Of a larger one each row tries picks of its own until one is accepted.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.block import boolean_values, fixed_width_array
from gen.errors import ReferenceError, SchemaError
from gen.schema.links import Reference
from gen.schema.spec import Spec, with_parts
from gen.streams import Rows, Words, rows_array
from gen.synth.formulas.expressions import Expression
from gen.synth.related.dealing import not_a_condition
from gen.synth.related.parents import AllRows, Bools
from gen.synth.related.picks import CountedPick, EvenPick, Pick, Picked, PopularPick
from gen.synth.rows import Asking

MOST_LISTED = 4_000_000  # rows of a table whose accepted ones are listed
ATTEMPTS = 16  # picks of a row that are tried, of a larger table
SAMPLED = 2**18  # rows of that, evenly spread, of which the accepted ones stand in where no attempt was accepted
LEAST_ACCEPTED = 1 / 50  # of the sample
_AT_ONCE = 65_536  # rows whose condition is evaluated together


class Condition:
    """Which rows of a table an expression over its columns accepts; these are made, so none may depend on it."""

    def __init__(self, tables: Any, table: str, rows: int, expression: Expression, first: int = 0) -> None:
        self.tables, self.table, self.rows, self.expression = tables, table, rows, expression
        self.first = first  # of those rows that are asked for
        self._evaluating: set[int] = set()  # threads
        self._early = False  # evaluated while the table was not tried yet

    def accepts(self, numbers: Rows) -> Bools:
        """Whether each of these rows is accepted."""
        thread = threading.get_ident()
        if thread in self._evaluating:
            raise SchemaError(
                f"{self.expression.where}: it refers to rows of {self.table} where {self.expression.text!r}, which is "
                "made of what it refers to.",
                hint="Break the circle: let the condition read fields that are drawn.",
            )
        self._evaluating.add(thread)
        try:
            source = self.tables.referred(self.table)
            self._early |= not self.tables.is_final(self.table)
            pieces = [self._holds(source, numbers[i : i + _AT_ONCE]) for i in range(0, len(numbers), _AT_ONCE)]
        finally:
            self._evaluating.discard(thread)
        return np.concatenate(pieces) if pieces else np.empty(0, np.bool_)

    def _holds(self, source: Any, numbers: Rows) -> Bools:
        found = self.expression(source.view(numbers, Asking()).array)
        if not pa.types.is_boolean(found.type):
            raise not_a_condition(self.expression, found.type)
        if isinstance(found, pa.Scalar):
            return np.full(len(numbers), bool(found.as_py()))
        found = found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
        return boolean_values(found) & boolean_values(found.is_valid())

    def check_final(self) -> None:
        """Refuse rows that were listed before it was known that their table's model refuses some."""
        if self._early and self.tables.is_final(self.table):
            if self.tables[self.table].filter is not None:
                raise SchemaError(
                    f"{self.expression.where}: it refers to rows of {self.table} where {self.expression.text!r}, and "
                    f"which rows the model of {self.table} takes depends on what it refers to.",
                    hint="Name only fields in the condition that are choices or booleans, drawn by themselves.",
                )
            self._early = False

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_evaluating": set()}


def none_accepted(where: str, reference: Reference, rows: int, table: str, column: str) -> ReferenceError:
    """The error that a reference's condition accepts none of so many rows."""
    return ReferenceError(
        f"{where} refers to rows of {reference.table} where {reference.where!r}, and none of {rows:,} rows is such a "
        "row.",
        hint="Correct the condition, ask for more rows, or make the field Optional.",
        table=table,
        column=column,
        target=str(reference),
    )


def not_listed(where: str, reference: Reference, rows: int, why: str) -> SchemaError:
    """The error that a list of accepted rows is needed, of a table too large for one."""
    return SchemaError(
        f"{where}: it refers to rows of {reference.table} where {reference.where!r}, and {why}, for which these are "
        f"listed; {reference.table} has {rows:,} rows, and {MOST_LISTED:,} is the most.",
        hint="Name only fields in the condition that are choices or booleans, drawn by themselves.",
    )


def check_popularity(where: str, reference: Reference, spec: Spec) -> None:
    """Refuse a popularity that references to other rows of the same table share."""
    if reference.popularity is None:
        return
    columns = (column for table in spec.tables for _, column in with_parts(table.columns))
    others = [other for column in columns if (other := column.reference) and other.table == reference.table]
    unlike = [o for o in others if o.popularity == reference.popularity and o.where != reference.where]
    if unlike:
        said = f"rows where {unlike[0].where!r}" if unlike[0].where else "all rows"
        raise SchemaError(
            f"{where}: it refers to rows of {reference.table} where {reference.where!r}, and shares the popularity "
            f"{reference.popularity!r} with a reference to {said}.",
            hint="Give each of them a popularity of its own.",
        )


class ListedRows:
    """The rows of a table that a condition accepts, listed in order on first use; each at its place in the list."""

    def __init__(self, condition: Condition) -> None:
        self.condition: Condition | None = condition
        self._listed: pa.Array | None = None

    @property
    def listed(self) -> pa.Array:
        """Their numbers, ascending, as an Arrow array of uint64."""
        if self._listed is None:
            assert self.condition is not None
            first = self.condition.first
            accepted = np.flatnonzero(self.condition.accepts(range(first, self.condition.rows)))
            self._listed = fixed_width_array(pa.uint64(), accepted.astype(np.uint64) + np.uint64(first))
        if self.condition is not None:
            self.condition.check_final()
        return self._listed

    @property
    def numbers(self) -> Words:
        """The same as a NumPy array."""
        found: Words = self.listed.to_numpy()
        return found

    @property
    def size(self) -> int:
        return len(self.listed)

    def rows(self, places: Words) -> Words:
        numbers = self.numbers
        if not numbers.size:
            return np.zeros(places.size, np.uint64)
        return numbers[np.minimum(places, np.uint64(numbers.size - 1)).view(np.int64)]

    def places(self, rows: Words) -> tuple[Words, Bools]:
        numbers = self.numbers
        if not numbers.size:
            return np.zeros(rows.size, np.uint64), np.zeros(rows.size, np.bool_)
        found = np.minimum(np.searchsorted(numbers, rows), numbers.size - 1)
        return found.astype(np.uint64), numbers[found] == rows

    def __getstate__(self) -> dict[str, Any]:
        return {"_listed": self.listed, "condition": None}


class LaterPick(Pick):
    """A pick that is made on first use, when it is known how many places there are. invertible: as that of `Pick`."""

    def __init__(self, make: Callable[[], Pick], invertible: Callable[[], bool]) -> None:
        self._make: Callable[[], Pick] | None = make
        self._invertible = invertible
        self._made: Pick | None = None

    @property
    def made(self) -> Pick:
        """The pick itself."""
        if self._made is None:
            assert self._make is not None
            self._made = self._make()
        return self._made

    def settle(self) -> None:
        """Make it now, so that what it cannot meet is said before the first row."""
        _ = self.made

    def at(self, rows: Rows) -> Picked:
        return self.made.at(rows)

    def of(self, row: Any) -> Picked:
        return self.made.of(row)

    def children_of(self, places: Rows) -> tuple[Rows, Words] | None:
        return self.made.children_of(places)

    def counts_of(self, places: Rows) -> Words:
        return self.made.counts_of(places)

    @property
    def counted(self) -> CountedPick | None:
        return self.made.counted

    @property
    def is_in_order(self) -> bool:
        return self.made.is_in_order

    @property
    def is_invertible(self) -> bool:
        return self._invertible()

    def described(self) -> str:
        return self.made.described()

    def __getstate__(self) -> dict[str, Any]:
        known = self.is_invertible
        return {"_made": self.made, "_make": None, "_invertible": _KNOWN[known]}


def _yes() -> bool:
    return True


def _no() -> bool:
    return False


_KNOWN = {True: _yes, False: _no}


@dataclass(frozen=True, eq=False)
class TriedRows(AllRows):
    """All rows of a table too large to list those that a condition accepts; picks are tried until it does."""

    condition: Condition


@dataclass(frozen=True, eq=False)
class TriedPick(Pick):
    """The first pick of a row, among 16 of its own, that a condition accepts; else any accepted row of a sample."""

    condition: Condition
    pick: EvenPick | PopularPick

    def at(self, rows: Rows) -> Picked:
        numbers = rows_array(rows)
        spare = self.spare
        places, left = np.empty(numbers.size, np.uint64), np.arange(numbers.size)
        for attempt in range(ATTEMPTS):
            found = replace(self.pick, attempt=attempt).at(numbers[left]).places
            accepted = self.condition.accepts(found)
            places[left[accepted]] = found[accepted]
            left = left[~accepted]
            if not left.size:
                return Picked(places)
        chosen = EvenPick(spare.size, self.pick.key, ATTEMPTS).at(numbers[left]).places
        places[left] = spare[chosen.view(np.int64)]
        return Picked(places)

    @cached_property
    def spare(self) -> NDArray[np.uint64]:
        """The accepted rows of a sample. Raises SchemaError where they are too few to try."""
        condition, count = self.condition, min(SAMPLED, self.condition.rows)
        numbers = (np.arange(count, dtype=np.float64) * (condition.rows / count)).astype(np.uint64)
        accepted = condition.accepts(numbers)
        if np.count_nonzero(accepted) < LEAST_ACCEPTED * count:
            raise SchemaError(
                f"{condition.expression.where}: it refers to rows of {condition.table} where "
                f"{condition.expression.text!r}: {np.count_nonzero(accepted):,} of {count:,} rows are such, too few "
                f"to be found by trying, and {condition.rows:,} are too many to list ({MOST_LISTED:,}).",
                hint="Name only fields in the condition that are choices or booleans, drawn by themselves.",
            )
        condition.check_final()
        found: NDArray[np.uint64] = numbers[accepted]
        return found

    def described(self) -> str:
        return f"{self.pick.described()}, tried {ATTEMPTS} times"
