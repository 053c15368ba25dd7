"""This file knows columns of tables that exist already: the value of a row is the one that is held for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa

from gen.block import fixed_width_array
from gen.errors import SchemaError
from gen.schema.existing import HELD
from gen.schema.spec import Column
from gen.streams import Rows
from gen.synth.synthesizer import ReadAsAnother, Storage


class SynthesizeHeld(ReadAsAnother):
    """A column of a table that exists already, held as an Arrow array: of a large one, each host maps one copy."""

    unique = True  # where it is a key, that was seen when it was read
    goes_first = True

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.held is not None

    def prepare(self) -> None:
        self.inner = self.part(replace(self.column, held=None, key=None, unique=(), nulls=None), self.path)
        found = HELD.get(str(self.column.held))
        if found is None:
            raise SchemaError(
                f"{self.where}: its table exists already, and its rows are no longer those that were read.",
                hint="Say where they are, as they were then: --schema models.py.",
            )
        self.array = found

    @property
    def reason(self) -> str:
        return "exists already"

    @property
    def law_text(self) -> str:
        return "as it exists"

    @property
    def arrow_type(self) -> pa.DataType:
        return self.array.type

    @property
    def cardinality(self) -> int | None:
        return len(self.array) if self.column.key else None

    @property
    def storage(self) -> Storage:
        size = self.array.nbytes / max(len(self.array), 1)
        return Storage(size, 8 * size)

    def values(self, rows: Rows) -> pa.Array:
        return self.at(rows)  # its nulls are among them

    def at(self, rows: Rows) -> pa.Array:
        if isinstance(rows, range):
            return self.array.slice(rows.start, len(rows))
        return self.array.take(fixed_width_array(pa.uint64(), np.ascontiguousarray(rows)))
