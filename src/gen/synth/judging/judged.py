"""This file knows objects and values inside a row that a user's own validators judge: drawn until these take them.

Each by itself, wherever it is: one that is refused is drawn again at its own address, as the rows of a table are, and
neither the length of its list, nor how often it is null, nor what is beside it has a part in that.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.block import boolean_array, plain
from gen.errors import SchemaError
from gen.schema.models.model_check import check_of
from gen.schema.row_facts import FUNCTIONS
from gen.schema.spec import Column
from gen.streams import Rows, rows_array
from gen.synth.judging.attempts import Attempts, drawn_together, made_of
from gen.synth.judging.checked import DrawnUntilTaken
from gen.synth.judging.row_filter import RowFilter, too_few_taken
from gen.synth.listings import Listing
from gen.synth.nested import SynthesizeObject
from gen.synth.rows import RowView
from gen.synth.synthesizer import ReadAsAnother, Synthesizer, synthesizer_of


class Judged(ReadAsAnother):
    """What is drawn until a judge takes it: an object's own model, or functions around the type of a value."""

    goes_first = True
    check: Any

    @property
    @abstractmethod
    def takes_all(self) -> bool:
        """Whether the judge takes all of a sample."""

    @abstractmethod
    def refuse_hopeless(self) -> None:
        """Raise SchemaError where the judge takes next to nothing."""

    def prepare_judge(self) -> None:
        """Find the judge. Raises SchemaError where it is not known here, or a key would have to be drawn again."""
        name = str(self.column.judge)
        if self.column.key or name not in FUNCTIONS:
            raise SchemaError(
                f"{self.where}: the model that validates it is not known here.",
                hint="Import the module that declares it first.",
            )
        self.check = check_of(FUNCTIONS[name])

    @property
    def _sample(self) -> NDArray[np.uint64]:
        return np.arange(self.check.sample, dtype=np.uint64)

    @property
    def cardinality(self) -> int | None:
        return self.inner.cardinality

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        FUNCTIONS[str(self.column.judge)] = self.check.model  # so that it can be drawn again here


class SynthesizeJudged(Judged):
    """An object of a model with validators of its own, drawn until they take it."""

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.kind == "object" and column.judge is not None and column.stored is None

    def prepare(self) -> None:
        self.prepare_judge()
        self.inner = self.part(replace(self.column, judge=None, nulls=None, when=None), self.path)
        self.first_spares = None if self.attempt else self._spares

    @property
    def parts(self) -> Mapping[str, Synthesizer]:
        """The fields of the object, as they are drawn at first."""
        return self.inner.parts if type(self.inner) is SynthesizeObject else {}

    @cached_property
    def takes_all(self) -> bool:
        """Whether the model takes all of a sample, or is not asked, because a class of the user's own draws it."""
        return not self.parts or not any(self._blamed)

    @cached_property
    def filter(self) -> RowFilter:
        """What draws the fields until the model takes them. Raises SchemaError where it takes next to nothing."""
        fixed = frozenset(name for name, part in self.parts.items() if part.column.reference)
        attempts, together = Attempts(self.parts), drawn_together(self.parts)
        picky = frozenset() if self.attempt else frozenset(name for names in self._blamed for name in names)
        row_filter = _PartFilter(
            self.where, self.check, attempts, fixed, self.seed, made_of(self.parts), together, picky,
            called=self.check.called, attempt=self.attempt, sample=self._sample,
            of_first=self._of_first, blamed=self._of_sample,
        )  # fmt: skip
        if not self.attempt:  # else the first attempt has been probed, and these are of the same law
            row_filter.spares()
        return row_filter

    def refuse_hopeless(self) -> None:
        _ = self.filter

    def _of_sample(self) -> list[dict[str, str]]:
        return self._blamed

    def _spares(self) -> pa.RecordBatch | None:
        return self.filter.spares()

    def _of_first(self) -> pa.RecordBatch | None:
        """The spare pool of the first attempt, which all share: each would probe as much, and find what is alike."""
        return self.first_spares() if self.attempt and self.first_spares else None

    @cached_property
    def _blamed(self) -> list[dict[str, str]]:
        drawn = self.inner.python(self._object_of(_drawn(self.parts, self._sample)))
        blamed: list[dict[str, str]] = self.check.blamed(drawn)
        return blamed

    def at(self, rows: Rows) -> pa.Array:
        if not self.parts:
            return self.inner.values(rows)
        fields = _drawn(self.parts, rows)
        if len(rows) and (self.attempt or not self.takes_all):
            fields = self.filter.accepted(rows_array(rows), fields)
        return self._object_of(fields)

    def _object_of(self, fields: Mapping[str, pa.Array]) -> pa.Array:
        return pa.StructArray.from_arrays(list(map(plain, fields.values())), fields=list(self.arrow_type))

    def listed_values(self, most: int) -> Listing | None:
        found = self.inner.listing(most)
        if found is None:
            return None
        accepted = np.array([not names for names in self.check.blamed(self.inner.python(found.values))], bool)
        return Listing(found.values.filter(boolean_array(accepted)), found.weights[accepted])

    @property
    def law_text(self) -> str:
        return f"{self.inner.law_text}, of which {self.check.called} takes {self._rate:.0%}"

    @property
    def _rate(self) -> float:
        return sum(not names for names in self._blamed) / len(self._blamed)


class SynthesizeJudgedValue(DrawnUntilTaken, Judged):
    """What a list, a dict or a tuple holds, of a type with functions of the user's own around it: drawn until they
    take it."""

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.kind != "object" and column.judge is not None

    def prepare(self) -> None:
        self.prepare_judge()
        super().prepare()

    @property
    def who(self) -> str:  # type: ignore[override]
        return str(self.check.called)

    @cached_property
    def takes_all(self) -> bool:
        return bool(self.accepts(self.inner.at(self._sample)).all())

    def refuse_hopeless(self) -> None:
        _ = self.probed

    def accepts(self, array: pa.Array) -> NDArray[np.bool_]:
        return np.array(self.check.taken(self.inner.python(array)), bool)

    def hopeless(self, rate: float, value: pa.Array) -> SchemaError:
        reasons = self.check.blamed(self.inner.python(value))[0]
        return too_few_taken(self.where, self.check.called, rate, "values", next(iter(reasons.values()), ""), "value")


@dataclass
class _PartFilter(RowFilter):
    """The filter of an object's fields; its spare pool is found when it is asked for."""

    what: ClassVar[str] = "object"
    sample: NDArray[np.uint64] | None = None
    of_first: Callable[[], pa.RecordBatch | None] = lambda: None
    blamed: Callable[[], list[dict[str, str]]] = list  # what the model says of the sample as it is drawn first

    def spares(self) -> pa.RecordBatch | None:
        if self.spare is None and self.sample is not None:
            self.spare = self.of_first()
        if self.spare is None and self.sample is not None:
            probe = replace(self, sample=None)
            self.spare = probe.spare_rows(self.sample, _drawn(self.columns(0), self.sample), self.blamed())
        return self.spare


def _drawn(parts: Mapping[str, Synthesizer], rows: Rows) -> dict[str, pa.Array]:
    """The fields of objects at these rows, as they are drawn at first."""
    row = RowView(parts, rows)
    return {name: row.array(name) for name in parts}


def where_judged(synthesizer: Synthesizer) -> Synthesizer:
    """The column's synthesizer, in which only those models are asked that refuse some of a sample.

    Raises SchemaError, naming the part, the rate and what to do, where one takes next to nothing.
    """
    judged = [part for part in list(synthesizer.every_part()) if isinstance(part, Judged)]
    asked = {str(part.column.judge) for part in judged if not part.attempt and not part.takes_all}
    column = synthesizer.column.judged_by(asked)
    if column is not synthesizer.column:
        pools = synthesizer.pools
        synthesizer = synthesizer_of(column, synthesizer.table, synthesizer.rows, synthesizer.seed, synthesizer.path)
        synthesizer.take_pools(pools)
    for part in list(synthesizer.every_part()):
        if isinstance(part, Judged) and not part.attempt:
            part.refuse_hopeless()
    return synthesizer
