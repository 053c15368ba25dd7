"""This file knows how rows are drawn until a judge takes them: what is to blame is drawn again, the rest stays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.block import boolean_array, fixed_width_array
from gen.errors import SchemaError
from gen.schema.models.model_check import RAISED
from gen.streams import Stream, stream_key
from gen.synth.judging.checked import ATTEMPTS, LEAST_ACCEPTED, merged
from gen.synth.rows import RowView
from gen.synth.synthesizer import Synthesizer


class RowCheck(Protocol):
    """What accepts whole rows, as a model's own validators do."""

    @property
    def model(self) -> Any: ...

    @property
    def sample(self) -> int:
        """How many rows of every run to try."""
        ...

    def takes_fields(self, values: Callable[[str], Sequence[Any]]) -> bool:
        """Whether all that could refuse a row of a sample for what is rare takes the values of its field."""
        ...

    def blamed(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
        """For each row the columns that are to blame, with the reason; none where it is accepted."""
        ...


@dataclass
class Blame:
    """How often a column's values were drawn and refused in a probe, and why the first time."""

    drawn: int = 0
    refused: int = 0
    reason: str = ""

    @property
    def accepted(self) -> float:
        return 1 - self.refused / max(self.drawn, 1)

    def add(self, reasons: Sequence[str | None]) -> None:
        """Take in some more: for each the reason it was refused for, if it was."""
        given = [reason for reason in reasons if reason is not None]
        self.drawn, self.refused = self.drawn + len(reasons), self.refused + len(given)
        self.reason = self.reason or next(iter(given), "")


def _count(
    counts: Mapping[str, Blame], refused: Sequence[Mapping[str, str]], fresh: Mapping[str, NDArray[np.bool_]]
) -> None:
    """Take in what became of rows: of each column where it is fresh; of whole rows, "", where no column is to blame."""
    for name, new in fresh.items():
        counts[name].add([names.get(name) for names, is_new in zip(refused, new, strict=True) if is_new])
    counts[""].add([names.get("") for names in refused if not names or "" in names])


def _remedy(reason: str, column: str) -> str:
    """What to do where a model refuses nearly all: of a column, or of rows as wholes."""
    if RAISED in reason:
        return "Correct the validator, or say by type and bounds what it can take"
    ways = "by type, bounds, pattern or Literal"
    ways += "" if column else ", tie fields to each other by Derived, After, When or DependsOn"
    return f"Say what its validators want {ways}, or name a synthesizer of your own"


def too_few_taken(where: str, called: str, rate: float, what: str, reason: str, column: str) -> SchemaError:
    """What refuses a declaration of which a judge takes next to nothing."""
    return SchemaError(
        f"{where}: {called} accepts {rate:.1%} of the {what} drawn; {reason}.",
        hint=f"{_remedy(reason, column)}: at least {LEAST_ACCEPTED:.0%} must be accepted.",
    )


@dataclass(frozen=True, eq=False)
class _Tried:
    """Rows that were drawn again: their columns, the attempt that each value is of, and which rows are left.

    pending: the places of those last drawn; refused: for each of these the columns to blame, none where it is accepted.
    """

    arrays: dict[str, pa.Array]
    attempts: Mapping[str, NDArray[np.int64]]
    pending: NDArray[np.int64]
    refused: Sequence[Mapping[str, str]]


@dataclass
class RowFilter:
    """Draws rows until they are accepted: a column that is to blame is drawn again, the others stay.

    fixed: keys and references, which cannot be drawn again. made_of: for each column that asks for others of its row,
    those first that others ask for, the columns to draw again where it is to blame: itself, if it draws, and the drawn
    ones it is made of. together: columns that are only drawn again with others. picky: columns of which some values are
    refused whatever is beside them. spare: accepted rows, for those that never are. accepted_first: the share of a
    sample that was accepted as it was drawn first. called: what errors call the check. The rows may be objects inside
    those of a table: then `table` is the path of these.
    """

    what: ClassVar[str] = "row"
    table: str
    check: RowCheck
    columns: Callable[[int], Mapping[str, Synthesizer]]
    fixed: frozenset[str]
    seed: int
    made_of: Mapping[str, Sequence[str]]
    together: Mapping[str, Sequence[str]] = field(default_factory=dict)
    picky: frozenset[str] = frozenset()
    spare: pa.RecordBatch | None = None
    accepted_first: float = 1.0
    called: str = "the model"
    attempt: int = 0

    def spares(self) -> pa.RecordBatch | None:
        """Accepted rows, for those that never are; None while they are looked for."""
        return self.spare

    def spare_rows(
        self, numbers: NDArray[np.uint64], arrays: Mapping[str, pa.Array], blamed: Sequence[Mapping[str, str]]
    ) -> pa.RecordBatch:
        """Accepted rows out of a probe. Raises SchemaError where a column's values are hardly ever accepted.

        `blamed`: what the check said of the probe's rows, as they were drawn first.
        """
        counts = {name: Blame() for name in (*arrays, "")}
        tried = self._tried(numbers, arrays, counts, [self._named(names) for names in blamed])
        left: list[Mapping[str, str]] = [{}] * numbers.size
        for place, names in zip(tried.pending.tolist(), tried.refused, strict=True):
            left[place] = names
        self._refuse_keys([names for names in left if names], numbers.size)
        self._refuse_hopeless(counts, left)
        good = boolean_array(np.array([not names for names in left]))
        return pa.RecordBatch.from_arrays(
            [array.filter(good) for array in tried.arrays.values()], names=list(tried.arrays)
        )

    def _refuse_keys(self, refused: Sequence[Mapping[str, str]], count: int) -> None:
        """Refuse a model that does not take all keys or references, whatever is drawn beside them."""
        for name in sorted(self.fixed):
            reasons = [names[name] for names in refused if name in names]
            if reasons:
                raise SchemaError(
                    f"{self.table}.{name}: {self.called} refuses {len(reasons) / count:.1%} of the keys, which cannot "
                    f"be drawn again; {reasons[0]}.",
                    hint="Say what its validators want of it by bounds, pattern or Literal.",
                )

    def _refuse_hopeless(self, counts: Mapping[str, Blame], left: Sequence[Mapping[str, str]]) -> None:
        worst = min(counts, key=lambda name: counts[name].accepted)
        if counts[worst].accepted >= LEAST_ACCEPTED:
            if all(left):
                self._refuse_every_row(left[0])
            return
        where, what = (f"{self.table}.{worst}", "values") if worst else (self.table, f"{self.what}s")
        column = self.columns(0).get(worst)
        if column is not None and not getattr(column, "draws", True):
            raise SchemaError(
                f"{where}: {self.called} refuses {1 - counts[worst].accepted:.1%} of its values, which are not drawn "
                f"({column.law_text}); {counts[worst].reason}.",
                hint="Give it a type and bounds that take all of them, or what they are made of narrower ones.",
            )
        raise too_few_taken(where, self.called, counts[worst].accepted, what, counts[worst].reason, worst)

    def _refuse_every_row(self, reasons: Mapping[str, str]) -> None:
        """Columns are accepted now and then, and never together."""
        raise SchemaError(
            f"{self.table}: {self.called} accepts none of the {self.what}s drawn; {_said(reasons)}.",
            hint=f"{_remedy(_said(reasons), '')}.",
        )

    def accepted(self, numbers: NDArray[np.uint64], arrays: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
        """These columns of these rows, as far as they are accepted; else drawn again, and at last spare ones."""
        tried = self._tried(numbers, arrays)
        result, pending, refused = tried.arrays, tried.pending, tried.refused
        spare = self.spares() if pending.size else None
        for turn in range(ATTEMPTS if spare is not None else 0):
            pending = pending[[bool(names) for names in refused]]
            if not pending.size:
                return result
            self._spared(numbers, result, tried.attempts, pending, turn, spare)
            refused = self._refused(result, pending)
        if spare is not None and any(refused):
            first, reasons = next((row, names) for row, names in zip(pending, refused, strict=True) if names)
            raise SchemaError(
                f"{self.table}, {self.what} {numbers[first]:,}: {self.called} refuses whatever is drawn; "
                f"{_said(reasons)}.",
                hint="Keys and references cannot be drawn again: say what the validators want of them by bounds, "
                "pattern or Literal.",
            )
        return result

    def _tried(
        self,
        numbers: NDArray[np.uint64],
        arrays: Mapping[str, pa.Array],
        counts: Mapping[str, Blame] | None = None,
        refused: Sequence[Mapping[str, str]] | None = None,
    ) -> _Tried:
        """These rows, each drawn until it is accepted, or for the last time. `counts` are kept of that.

        `refused`: for each row the columns to blame as it is, where that is known.
        """
        result = dict(arrays)
        attempts = {name: np.zeros(numbers.size, np.int64) for name in arrays}
        pending = np.arange(numbers.size)
        fresh = {name: np.ones(numbers.size, bool) for name in arrays}
        for turn in range(ATTEMPTS):
            refused = self._refused(result, pending) if refused is None or turn else refused
            if counts:
                _count(counts, refused, {name: new[pending] for name, new in fresh.items()})
            pending = pending[[bool(names) for names in refused]]
            if not pending.size:
                return _Tried(result, attempts, pending, [])
            before = {name: tried.copy() for name, tried in attempts.items()}
            again = [self._drawable(names, arrays, turn) for names in refused if names]
            self._redraw(numbers, result, attempts, pending, again)
            fresh = {name: tried != before[name] for name, tried in attempts.items()}
        return _Tried(result, attempts, pending, self._refused(result, pending))

    def _refused(self, arrays: Mapping[str, pa.Array], places: NDArray[np.int64]) -> list[dict[str, str]]:
        """For each of these rows the columns to blame, with the reason."""
        index = fixed_width_array(pa.int64(), places)
        columns = self.columns(0)
        lists = {name: columns[name].python(array.take(index)) for name, array in arrays.items()}
        rows = [dict(zip(lists, values, strict=True)) for values in zip(*lists.values(), strict=True)]
        return [self._named(names) for names in self.check.blamed([_without_absent(row, columns) for row in rows])]

    def _named(self, names: Mapping[str, str]) -> dict[str, str]:
        """What is to blame, by columns that there are, or the row as a whole."""
        columns = self.columns(0)
        return {name: names[name] for name in names if name in columns} or _as_a_whole(names)

    def _drawable(self, names: Mapping[str, str], arrays: Mapping[str, pa.Array], turn: int) -> dict[str, str]:
        """The columns to draw again: those to blame, what they are made of, or all where the row as a whole is.

        Then every other time without the picky ones, whose values are hard to come by, and were accepted.
        """
        drawn = [name for name in arrays if name not in self.fixed and name in self.made_of.get(name, [name])]
        mine: dict[str, str] = {}
        for name, reason in names.items():
            for other in self.made_of.get(name) or [name]:
                mine |= dict.fromkeys(self.together.get(other) or [other], reason)
        reason = next(iter(names.values()))
        if found := {name: mine[name] for name in drawn if name in mine}:
            return found
        easy = [name for name in drawn if name not in self.picky] if turn % 2 == 0 else []
        return dict.fromkeys(easy or drawn or [""], reason)

    def _redraw(
        self,
        numbers: NDArray[np.uint64],
        result: dict[str, pa.Array],
        attempts: dict[str, NDArray[np.int64]],
        pending: NDArray[np.int64],
        blamed: Sequence[Mapping[str, str]],
    ) -> None:
        redrawn = dict.fromkeys(name for names in blamed for name in names if name)
        for name in redrawn:
            attempts[name][pending[[name in names for names in blamed]]] += 1
        for name in redrawn:
            if name not in self.made_of:
                self._draw(numbers, result, attempts, pending[[name in names for names in blamed]], name)
        self._make(numbers, result, attempts, pending, self.made_of)

    def _make(
        self,
        numbers: NDArray[np.uint64],
        result: dict[str, pa.Array],
        attempts: Mapping[str, NDArray[np.int64]],
        places: NDArray[np.int64],
        names: Iterable[str],
    ) -> None:
        """Columns that are made of others, anew from what these are now; in their order."""
        for name in names:
            self._draw(numbers, result, attempts, places, name)

    def _draw(
        self,
        numbers: NDArray[np.uint64],
        result: dict[str, pa.Array],
        attempts: Mapping[str, NDArray[np.int64]],
        places: NDArray[np.int64],
        name: str,
    ) -> None:
        """One column at these places, each at its own attempt."""
        for attempt in np.unique(attempts[name][places]).tolist():
            mine = places[attempts[name][places] == attempt]
            again = self._beside(numbers, result, mine, attempt, {name}).array(name)
            result[name] = merged(result[name], mine, again)

    def _beside(
        self,
        numbers: NDArray[np.uint64],
        result: Mapping[str, pa.Array],
        places: NDArray[np.int64],
        attempt: int,
        drawn: set[str],
    ) -> RowView:
        """Some rows, of which all columns but those to be drawn are known."""
        index = fixed_width_array(pa.int64(), places)

        def known(name: str) -> pa.Array | None:
            return None if name in drawn else result[name].take(index)

        return RowView(self.columns(attempt), numbers[places], known)

    def _spared(
        self,
        numbers: NDArray[np.uint64],
        result: dict[str, pa.Array],
        attempts: Mapping[str, NDArray[np.int64]],
        left: NDArray[np.int64],
        turn: int,
        spare: pa.RecordBatch,
    ) -> None:
        """The rest as accepted rows are, but for keys and references; what is made of these follows them."""
        purpose = f"spare {turn}" + (f" attempt {self.attempt}" if self.attempt else "")
        words = Stream(stream_key(self.seed, self.table, "", purpose), 1).words(numbers[left])
        chosen = fixed_width_array(pa.uint64(), words * np.uint64(spare.num_rows) >> np.uint64(32))
        for name in result:
            if name not in self.fixed:
                result[name] = merged(result[name], left, spare.column(name).take(chosen))
        of_keys = [name for name, needed in self.made_of.items() if self.fixed.intersection(needed)]
        self._make(numbers, result, attempts, left, of_keys)


def _said(reasons: Mapping[str, str]) -> str:
    """Why a row is refused, in words."""
    return "; ".join(f"{name}: {reason}" if name else reason for name, reason in reasons.items())


def _as_a_whole(names: Mapping[str, str]) -> dict[str, str]:
    """The blame that is on no column, on the row."""
    return {"": _said(names)} if names else {}


def _without_absent(row: dict[str, Any], columns: Mapping[str, Synthesizer]) -> dict[str, Any]:
    return {n: v for n, v in row.items() if v is not None or not columns[n].column.may_be_absent}
