"""This file knows columns whose values are dealt to rows in exact numbers, because references name them in a `where`.

The rows that such a condition accepts are then known in both directions by arithmetic, however many they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.block import boolean_values
from gen.errors import SchemaError
from gen.relations.strata import Strata, StrataUnion, strata_ends
from gen.schema.relations import conditions_on, follow
from gen.schema.spec import Column, Spec, Table, suggestion
from gen.streams import Rows, Words, stream_key
from gen.synth.choices import SynthesizeChoice
from gen.synth.formulas.expressions import Expression
from gen.synth.listings import Listing
from gen.synth.rows import RowView
from gen.synth.synthesizer import ReadAsAnother, Synthesizer, synthesizer_of

MOST_COMBINATIONS = 4096  # of the values of columns that are dealt together
# what says that a column is not drawn plainly, by itself, at each row
_TIED = (
    *("key", "unique", "reference", "ordinal", "copied", "aggregate", "synthesizer", "company"),
    *("derived", "function", "after", "when", "given", "depends_on", "correlated"),
)


def condition_of(spec: Spec, where: str, parent: str, text: str) -> Expression:
    """The condition on a parent's rows that a reference declares, whose fields are all there."""
    condition, table = Expression(where, text), spec.table(parent)
    for name in condition.needs:
        if follow(spec, table, name) is None:
            raise SchemaError(
                f"{where}: it refers to rows of {parent} where {text!r}, and {parent} has no field {name!r}.",
                hint=suggestion(name, table.by_name),
            )
    return condition


@dataclass(frozen=True, eq=False)
class Dealing:
    """How the rows of a table are dealt to the combinations of the values of some of its columns.

    columns: what draws each by itself; a null is one more value of those that may be null.
    """

    columns: Mapping[str, SynthesizeChoice]
    strata: Strata

    def serves(self, condition: Expression) -> bool:
        """Whether the condition reads nothing but columns that are dealt."""
        return set(condition.needs) <= self.columns.keys()

    def union(self, condition: Expression) -> StrataUnion:
        """The rows that a condition accepts, which is asked once for each combination."""
        every = np.arange(self.strata.ends.size)
        found = condition(lambda name: self.values(name, every))
        if not pa.types.is_boolean(found.type):
            raise not_a_condition(condition, found.type)
        if isinstance(found, pa.Scalar):
            return self.strata.union(np.full(every.size, bool(found.as_py())))
        return self.strata.union(boolean_values(found) & boolean_values(found.is_valid()))

    def values(self, name: str, combinations: NDArray[np.int64]) -> pa.Array:
        """The column's value in each of these combinations."""
        column, places = self.columns[name], self._places[name][combinations]
        if not column.column.nulls:
            return column.unrank(places)
        there = places < np.uint64(len(column.choices))
        return column.only_where(there, column.unrank(np.where(there, places, np.uint64(0))))

    @cached_property
    def _places(self) -> dict[str, Words]:
        """For each column the place of its value, among all that it may have, in each combination."""
        sizes = [len(_weights(column)) for column in self.columns.values()]
        every = np.indices(sizes, np.uint64).reshape(len(sizes), -1)
        return dict(zip(self.columns, every, strict=True))


def not_a_condition(condition: Expression, kind: pa.DataType) -> SchemaError:
    """The error that an expression is not true or false."""
    return SchemaError(
        f"{condition.where}: its where {condition.text!r} is {kind}, not true or false.",
        hint="Compare it with something: \"role == 'manager'\".",
    )


def dealing_of(spec: Spec, table: Table, rows: int, seed: int) -> Dealing | None:
    """How a table's rows are dealt; None where no reference names a column in a `where` that can be.

    Of columns that have more than 4,096 combinations, those with the fewest values are dealt; the order of declaration
    decides between equals.
    """
    if table.existing or table.extends:
        return None  # its first rows are what they are
    asked = [condition_of(spec, where, table.name, text) for where, text in conditions_on(spec, table.name)]
    named = {name for condition in asked for name in condition.needs}
    named -= {name for column in table.columns for name, _ in column.correlated}
    candidates: list[tuple[str, SynthesizeChoice]] = []
    for column in table.columns if table.whole is None and named else ():
        tied = column.kind not in ("choice", "boolean") or any(getattr(column, fact) for fact in _TIED)
        drawn = None if tied or column.name not in named else synthesizer_of(column, table.name, rows, seed)
        if type(drawn) is SynthesizeChoice:
            candidates.append((column.name, drawn))
    kept: set[str] = set()
    combinations = 1
    for name, synthesizer in sorted(candidates, key=lambda pair: len(_weights(pair[1]))):
        if combinations * len(_weights(synthesizer)) <= MOST_COMBINATIONS:
            combinations *= len(_weights(synthesizer))
            kept.add(name)
    columns = {name: synthesizer for name, synthesizer in candidates if name in kept}
    if not columns:
        return None
    ends = strata_ends([_weights(synthesizer) for synthesizer in columns.values()], rows)
    return Dealing(columns, Strata(ends, stream_key(seed, table.name, "", "strata")))


def _weights(synthesizer: SynthesizeChoice) -> Sequence[float]:
    """How likely each value is, a null the last of them where there may be some."""
    weights = np.full(len(synthesizer.choices), 1 / len(synthesizer.choices))
    if synthesizer.chosen:
        weights = np.zeros(len(synthesizer.choices))
        weights[np.asarray(synthesizer.chosen.values)] = synthesizer.chosen.weights
        weights /= weights.sum()
    nulls = synthesizer.column.nulls
    listed: list[float] = weights.tolist()
    return [*(weight * (1 - nulls) for weight in listed), nulls] if nulls else listed


class SynthesizeDealt(ReadAsAnother):
    """A column of listed values, each in an exact number of rows; the rows of each value are known by arithmetic."""

    draws = False
    inner: SynthesizeChoice

    def of(self, dealing: Dealing) -> SynthesizeDealt:
        """Take how the table's rows are dealt."""
        self.dealing, self.inner = dealing, dealing.columns[self.column.name]
        return self

    @property
    def reason(self) -> str:
        return f"{self.inner.reason}; dealt, because references name it in a where"

    @property
    def law_text(self) -> str:
        return f"{self.inner.law_text}, in exact numbers"

    @property
    def cardinality(self) -> int | None:
        return self.inner.cardinality

    def listed_values(self, most: int) -> Listing | None:
        return self.inner.listed_values(most)

    def again(self, attempt: int, column: Column | None = None) -> Synthesizer:
        return self

    def at(self, rows: Rows) -> pa.Array:
        return self.dealing.values(self.column.name, self.dealing.strata.of(rows))

    def values(self, rows: Rows) -> pa.Array:
        return self.at(rows)

    def values_in(self, row: RowView) -> pa.Array:
        strata: Any = row.once(self.dealing, lambda: self.dealing.strata.of(row.rows))
        return self.dealing.values(self.column.name, strata)
