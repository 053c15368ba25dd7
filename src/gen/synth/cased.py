"""This file knows text that is put into capitals or small letters once it is drawn, as the model does it.

Names, e-mails, what Faker makes, and letters at random. Keys, and texts that a pattern of the field's own says, are
drawn in the right case at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from gen.errors import SchemaError
from gen.schema.facts import case_of, without_transforms
from gen.schema.spec import Column
from gen.streams import Rows
from gen.synth.json_text import joined
from gen.synth.synthesizer import ReadAsAnother, Synthesizer, synthesizer_of

_MAILS = (
    "email",
    "idn-email",
    "name-email",
)  # whose host keeps small letters when their type, not the field, is changed
# case -> Arrow's way, for ASCII, and Python's, which like Pydantic's makes SS of a sharp s
_CHANGES: dict[str, tuple[Callable[[pa.Array], pa.Array], Callable[[str], str]]] = {
    "upper": (pc.ascii_upper, str.upper),
    "lower": (pc.ascii_lower, str.lower),
}


class SynthesizeCased(ReadAsAnother):
    """Text of a format, a domain or a provider, or plain, in one case. A format that a pattern draws so is drawn so."""

    goes_first = True
    takes_lengths = True

    @classmethod
    def match(cls, column: Column) -> bool:
        others = column.derived or column.function or column.depends_on or column.given or column.synthesizer
        if others or column.check or column.key or column.reference:
            return False
        return column.case is not None or (case_of(column) is not None and not without_transforms(column).patterns)

    def prepare(self) -> None:
        column = replace(self.column, case=None, nulls=None)
        column = column if self.column.case else without_transforms(column)
        self.host = column.format in _MAILS and column == without_transforms(column)
        try:
            self.inner = self._uncased(column)
        except SchemaError:  # no text of the format is in that case by itself
            if column == without_transforms(column):
                raise
            self.inner = self._uncased(without_transforms(column))

    def _uncased(self, column: Column) -> Synthesizer:
        return synthesizer_of(column, self.table, self.rows, self.seed, self.path, self.attempt)

    @property
    def arrow_type(self) -> pa.DataType:
        return pa.string()

    @property
    def law_text(self) -> str:
        return f"{self.inner.law_text}, in {case_of(self.column)} case"

    @property
    def cardinality(self) -> int | None:
        """In how many ways a value can be drawn."""
        return self.inner.cardinality

    def at(self, rows: Rows) -> pa.Array:
        texts, case = self.inner.at(rows), case_of(self.column) or ""
        texts = texts.cast(pa.string()) if pa.types.is_dictionary(texts.type) else texts
        if not self.host:
            return in_case(case, texts)
        parts = pc.split_pattern(texts, "@", max_splits=1, reverse=True)
        return joined([in_case(case, pc.list_element(parts, 0)), pc.list_element(parts, 1)], "@")


def in_case(case: str, texts: pa.Array) -> pa.Array:
    """Texts in "upper" or "lower" case, nulls as they are."""
    fast, exact = _CHANGES[case]
    if pc.all(pc.string_is_ascii(texts)).as_py() is not False:
        return fast(texts)
    return pa.array([None if text is None else exact(text) for text in texts.to_pylist()], pa.string())
