"""This file knows how the columns of one row are evaluated: each once, those that others are made of first.

A column that is made of others asks for them while it is evaluated, so that no order has to be declared; one that asks
for itself, through others, is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.block import boolean_values
from gen.errors import SchemaError
from gen.schema.relations import splits
from gen.schema.spec import suggestion
from gen.streams import Rows

Known = Callable[[str], "pa.Array | None"]

Made = TypeVar("Made")

TO_SEVERAL = "refers to rows of several tables, of which none is known by its fields"
OF_SEVERAL = "Declare a reference of its own for each table, Optional, and a path through that."


def refers_to_several(synthesizer: Any) -> bool:
    """Whether a column refers to one of several tables, given another field."""
    column = getattr(synthesizer, "column", None)
    return column is not None and column.given is not None and bool(column.references)


class Asking(list[tuple[str, str]]):
    """Columns that are being evaluated, each by the one before: where it is, and its name."""

    meter: Any = None  # what counts values that are drawn, where that is all that the rows are asked for


class RowView:
    """Some rows of a table, or of an object in it: their columns, evaluated when they are asked for.

    known: arrays that are there already. inputs: which columns each column asked for, as far as it was evaluated.
    asking: what is being evaluated, where these rows are asked for by columns of another table.
    """

    def __init__(
        self, columns: Mapping[str, Any], rows: Rows, known: Known | None = None, asking: Asking | None = None
    ) -> None:
        self.columns = columns
        self.rows = rows
        self.known = known
        self.inputs: dict[str, dict[str, None]] = {}
        self.made: dict[str, pa.Array] = {}  # those first that others are made of
        self.asking: Asking = Asking() if asking is None else asking
        self._outside = len(self.asking)
        self._once: dict[Any, Any] = {}

    def array(self, name: str) -> pa.Array:
        """The values of a column at these rows; of "reference.column", those of the rows that are referred to."""
        if name not in self.columns and (path := self._path(name)):
            self._note(path[0])
            return self.columns[path[0]].beyond(self).array(path[1])
        self._note(name)
        if name in self.made:
            return self.made[name]
        self._check(name)
        found = self.known(name) if self.known else None
        if found is None:
            self.asking.append((self.columns[name].where, name))
            if self.asking.meter:
                self.asking.meter.draws(self.columns[name])
            try:
                found = self.columns[name].values_in(self)
            except RecursionError:
                if len(self.asking) > 1:
                    raise
                raise SchemaError(
                    f"{self.columns[name].where}: it is made of others that are made of others, too many deep.",
                    hint="Declare fields after those that they are made of.",
                ) from None
            finally:
                self.asking.pop()
        self.made[name] = found
        return found

    def once(self, key: Any, make: Callable[[], Made]) -> Made:
        """What several columns of these rows share, made when the first of them asks for it."""
        if key not in self._once:
            self._once[key] = make()
        found: Made = self._once[key]
        return found

    def _path(self, name: str) -> tuple[str, str] | None:
        """The reference that a path begins with, and the rest of it."""
        found = (part for part in splits(name) if hasattr(self.columns.get(part[0]), "beyond"))
        return next(found, None)

    def _note(self, name: str) -> None:
        """Keep that the column which is being evaluated here asked for that one."""
        if len(self.asking) > self._outside:
            self.inputs.setdefault(self.asking[-1][1], {})[name] = None

    def holds(self, condition: Callable[[Callable[[str], pa.Array]], pa.Array]) -> NDArray[np.bool_]:
        """Bool array: where an expression over these columns is true; where it is null, it is not."""
        found = condition(self.array)
        if not pa.types.is_boolean(found.type):
            raise SchemaError(
                f"{getattr(condition, 'where', 'the table')}: its condition {getattr(condition, 'text', '')!r} is "
                f"{found.type}, not true or false.",
                hint='Compare it with something: "age >= 18".',
            )
        if isinstance(found, pa.Scalar):
            return np.full(len(self.rows), bool(found.as_py()))
        return boolean_values(found) & boolean_values(found.is_valid())

    def _unknown(self, name: str) -> SchemaError:
        """There is no such field: beside the one that asks for it, or in the table that its path leads to."""
        where = self.asking[-1][0] if self.asking else "the table"
        several = next((first for first, _ in splits(name) if refers_to_several(self.columns.get(first))), None)
        if several is not None:
            return SchemaError(f"{where}: it reads {name!r}: {several} {TO_SEVERAL}.", hint=OF_SEVERAL)
        here = next((getattr(column, "table", "") for column in self.columns.values()), "")
        if self._outside and len(self.asking) == self._outside and here:
            return SchemaError(f"{where}: {here} has no field {name!r}.", hint=suggestion(name, self.columns))
        return SchemaError(f"{where}: there is no field {name!r} beside it.", hint=suggestion(name, self.columns))

    def _check(self, name: str) -> None:
        if name not in self.columns:
            raise self._unknown(name)
        here = (self.columns[name].where, name)
        if here in self.asking:
            circle = [*self.asking[self.asking.index(here) :], here]
            inside = {where.rpartition(".")[0] for where, _ in circle}
            said = " -> ".join(name if len(inside) == 1 else where for where, name in circle)
            raise SchemaError(
                f"{here[0]}: it is made of itself: {said}.",
                hint="Break the circle: let one of these fields be drawn.",
            )
