"""This file knows how many values of other tables a column draws for each that it keeps, and holds what costs too many.

A copy draws a value for each row, an aggregate as many as rows refer to one, a copy of an aggregate so many for each
row: they multiply. What a column asks for is seen while it is asked for no rows, so that counting costs nothing. Where
a column of another table costs too much, it is drawn whole, once, and held; its values are the same, and are taken. An
aggregate of all rows of a table draws each once, as that table itself does, however many they are: that is no waste.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa

from gen.block import plain
from gen.errors import CapacityError, SchemaError
from gen.synth.rows import Asking
from gen.synth.synthesizer import ADDRESS_BLOCK, ReadAsAnother
from gen.synth.table import TableSource

MOST_DRAWN = 64  # values of other tables for each that is kept
HELD_ROWS = 4_000_000  # of a column that is held
HELD_BYTES = 256 * 2**20  # of all columns that are held
ROWS_AT_ONCE = 16_384


class Meter(Asking):
    """What is being evaluated, and how many values of other tables are drawn for one that is kept.

    contiguous: whether the rows that are asked for stand together, as in a run; a block of rows is then drawn once.
    """

    def __init__(self, held: dict[str, int]) -> None:
        super().__init__()
        self.held = held  # bytes, by column, of all that is held
        self.meter, self.contiguous = self, True
        self.drawn = 0.0
        self.by_child = 0.0  # the same, where an aggregate counts for one of the values that it is of
        self.reads: list[str] = []  # which of those are asked for

    def draws(self, column: Any) -> None:
        """A column is evaluated, for other tables or its own."""
        by_block = not isinstance(column, ReadAsAnother) and any(part.block_addressed for part in column.every_part())
        cost = min(ADDRESS_BLOCK, column.rows) if by_block and not self.contiguous else 1
        self.drawn, self.by_child = self.drawn + cost, self.by_child + cost

    @contextmanager
    def beyond(
        self,
        parts: Sequence[TableSource],
        name: str,
        contiguous: bool,
        *,
        shared: float = 1.0,
        children: float | None = None,
    ) -> Iterator[None]:
        """A column of another table is asked for: each value for a `shared` part of one; or for each of `children`.

        parts: of the table, the rows that are made with these and those before.
        """
        outside = self.drawn, self.by_child, self.contiguous
        self.drawn, self.by_child, self.contiguous = 0.0, 0.0, contiguous
        yield
        drawn, by_child = self.drawn * shared, self.by_child * shared
        judged = drawn if children is None else by_child if outside[2] else 0.0  # else what asks for it is judged
        made = [part for part in parts if name in part.columns and part.columns[name].column.held is None]
        for part in made if judged > MOST_DRAWN else ():
            self._hold(part, name, judged)
            drawn = by_child = 1.0
        self.reads += [part.columns[name].where for part in made[-1:] if name in part.held]
        each = 1.0 if children is None else children
        self.drawn, self.by_child, self.contiguous = outside[0] + each * drawn, outside[1] + by_child, outside[2]

    def _hold(self, source: TableSource, name: str, cost: float) -> None:
        if name in source.held:
            return
        where, taken = source.columns[name].where, sum(self.held.values())
        asked = int(source.rows * source.storage(name).bytes)
        if source.rows > HELD_ROWS or asked + taken > HELD_BYTES:
            raise CapacityError(
                f"{self[-1][0]}: for each of its values {cost:,.0f} of other tables are drawn, to make one of {where}; "
                f"that is held instead where it has {HELD_ROWS:,} values or fewer, and all that is held takes "
                f"{HELD_BYTES // 2**20} MiB or less, and it has {source.rows:,} of about {asked / 2**20:,.0f} MiB.",
                hint=f"Ask for fewer rows of {source.table}, or leave one of the two columns out.",
                table=source.table,
                column=name,
                asked=source.rows,
                available=HELD_ROWS,
            )
        _held_for(source, name, self.held)  # what it is made of itself
        source.held[name] = _whole(source, name)
        self.held[where] = self.held.get(where, 0) + source.held[name].nbytes


def _whole(source: TableSource, name: str) -> pa.Array:
    starts = range(0, source.rows, ROWS_AT_ONCE)
    rows = (range(start, min(start + ROWS_AT_ONCE, source.rows)) for start in starts)
    return pa.concat_arrays([plain(source.view(some, Asking()).array(name)) for some in rows])


def _held_for(source: TableSource, name: str, held: dict[str, int]) -> list[str]:
    """The columns that one asks for and that are held; those that cost too much are, from now on."""
    meter = Meter(held)
    try:
        source.view(np.empty(0, np.uint64), meter).array(name)
    except SchemaError:
        return []  # what is wrong is said when it is asked for rows; a user's function may not take none
    return meter.reads


def hold_amplified(sources: Mapping[str, TableSource]) -> None:
    """Hold each column of another table of which one value costs more than 64 values to draw.

    Raises CapacityError, by name, where it does not fit the budget.
    """
    held: dict[str, int] = {}
    for source in sources.values():
        beyond = any(column.column.reference or column.column.aggregate for column in source.columns.values())
        for name, column in source.columns.items() if beyond and source.rows else ():
            made_of_others = isinstance(column, ReadAsAnother) or column.condition is not None
            if made_of_others and (reads := _held_for(source, name, held)):
                source.reads_held[name] = tuple(dict.fromkeys(reads))
