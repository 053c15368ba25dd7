"""This file knows how the columns of one row are evaluated: each once, those that others are made of first.

A column that is made of others asks for them while it is evaluated, so that no order has to be declared; one that asks
for itself, through others, is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.block import boolean_values
from gen.errors import SchemaError
from gen.schema.spec import suggestion
from gen.streams import Rows

Known = Callable[[str], "pa.Array | None"]


class RowView:
    """Some rows of a table, or of an object in it: their columns, evaluated when they are asked for.

    known: arrays that are there already. inputs: which columns each column asked for, as far as it was evaluated.
    """

    def __init__(self, columns: Mapping[str, Any], rows: Rows, known: Known | None = None) -> None:
        self.columns = columns
        self.rows = rows
        self.known = known
        self.inputs: dict[str, dict[str, None]] = {}
        self.made: dict[str, pa.Array] = {}  # those first that others are made of
        self._asking: list[str] = []

    def array(self, name: str) -> pa.Array:
        """The values of a column at these rows."""
        if self._asking:
            self.inputs.setdefault(self._asking[-1], {})[name] = None
        if name in self.made:
            return self.made[name]
        self._check(name)
        found = self.known(name) if self.known else None
        if found is None:
            self._asking.append(name)
            try:
                found = self.columns[name].values_in(self)
            except RecursionError:
                if len(self._asking) > 1:
                    raise
                raise SchemaError(
                    f"{self.columns[name].where}: it is made of others that are made of others, too many deep.",
                    hint="Declare fields after those that they are made of.",
                ) from None
            finally:
                self._asking.pop()
        self.made[name] = found
        return found

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

    def _check(self, name: str) -> None:
        if name not in self.columns:
            where = self.columns[self._asking[-1]].where if self._asking else "the table"
            raise SchemaError(f"{where}: there is no field {name!r} beside it.", hint=suggestion(name, self.columns))
        if name in self._asking:
            circle = [*self._asking[self._asking.index(name) :], name]
            raise SchemaError(
                f"{self.columns[name].where}: it is made of itself: {' -> '.join(circle)}.",
                hint="Break the circle: let one of these fields be drawn.",
            )
