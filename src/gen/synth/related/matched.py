"""This file knows references that match: a pick among the parents that meet a row in one row of another table."""

from __future__ import annotations

import numpy as np

from gen.errors import ReferenceError, SchemaError
from gen.relations.picks import UniformPicks
from gen.schema.links import Tree
from gen.streams import Rows, Stream, Words, kernel, mulhi, rows_array
from gen.synth.related.parents import Bools
from gen.synth.related.paths import Ascent, Descent, Reached, Runs
from gen.synth.related.picks import Pick, Picked
from gen.synth.rows import RowView


@kernel("void(uint64[::1], uint64[::1], uint64[::1])")
def _scaled(words: Words, counts: Words, out: Words) -> None:
    """A number below each count, each equally likely; exact to 2^-64 times the count."""
    for i in range(words.size):
        out[i] = mulhi(words[i], counts[i])


class MatchedPick(Pick):
    """One of the parents that match the row, each equally likely; none where none does.

    where: the field that refers, as messages name it. said: what it matches by. required: whether it is never null.
    lead: a field with which it is unique together; rows with one parent there pick different ones here. tree: rows of
    its own table that match are a tree of their own.
    """

    def __init__(self, where: str, table: str, said: str, key: int, required: bool, lead: str | None = None) -> None:
        self.tree: Tree | None = None
        self.where, self.table, self.said, self.key, self.required, self.lead = where, table, said, key, required, lead
        self.ascent: Ascent | None = None
        self.descent, self.reached, self.met, self.size = Descent(()), Reached(None, Descent(())), "", 0
        self._looking = False

    def agree(self, ascent: Ascent, descent: Descent, reached: Reached, met: str, size: int) -> None:
        """Take how a row finds the one of `size` rows of the table `met` that it meets its parents in; and back.

        reached: which of these are met.
        """
        self.ascent, self.descent, self.reached, self.met, self.size = ascent, descent, reached, met, size

    def check(self) -> None:
        """Refuse rows that are met and have no parent, where each row must have one. Raises ReferenceError."""
        if self.required and self.is_seen:
            none, looked_at = self.descent.without(self.size, self.reached)
            if none:
                of = f"{self.size:,}" if looked_at == self.size else f"{looked_at:,} of the {self.size:,}"
                raise self._none_matches(f"{none:,} of {of} rows of {self.met} have none")

    @property
    def is_seen(self) -> bool:
        """Whether it can be seen before the first row how many parents match."""
        return self.reached.is_known and not self.descent.is_later

    @property
    def fewest(self) -> int:
        """How many parents each row has to choose from, at least."""
        if self.ascent is None or self._looking:
            raise SchemaError(
                f"{self.where}: it matches by {self.said}, which depends on what matches it.",
                hint="Break the circle: leave `matching` out of one of them.",
            )
        self._looking = True
        try:
            reached = self.reached if self.reached.is_known else Reached(None, Descent(()))
            return self.descent.fewest(self.size, reached)
        finally:
            self._looking = False

    @property
    def needs_row(self) -> bool:
        return True

    def at(self, rows: Rows) -> Picked:
        raise SchemaError(f"{self.where}: it is picked with its row only.")

    def of(self, row: RowView) -> Picked:
        assert self.ascent is not None
        met, there = self.ascent.rows(row)
        if not self.size:
            return Picked(np.zeros(met.size, np.uint64), np.zeros(met.size, np.bool_))
        runs = self.descent.runs_of(met)
        if self.tree is not None:
            return self._in_tree(row, runs, there)
        has = runs.counts > 0
        if self.required and not has.all():
            raise self._none_matches(f"a row of {self.met} that is met has none")
        return Picked(runs.at(self._numbers(row, runs.counts)), has if there is None else has & there)

    def _in_tree(self, row: RowView, runs: Runs, there: Bools | None) -> Picked:
        """Of the rows that match those before it, each as likely; the first ones are roots."""
        assert self.tree is not None and self.ascent is not None
        before, made, together = runs.numbers_of(self.ascent.first, rows_array(row.rows))
        has = before >= np.float64(self.tree.roots)
        if self.tree.roots < 1:  # a share of those that are made together, and the very first one
            has = (made >= np.rint(together * self.tree.roots)) & (before > 0)
        numbers = np.zeros(before.size, np.uint64)
        _scaled(Stream(self.key).words(row.rows), before, numbers)
        return Picked(runs.at(numbers), has if there is None else has & there)

    def _numbers(self, row: RowView, counts: Words) -> Words:
        """A number below each count."""
        numbers = np.zeros(counts.size, np.uint64)
        if self.lead is None:
            _scaled(Stream(self.key).words(row.rows), counts, numbers)
            return numbers
        chosen = row.columns[self.lead].chosen(row)
        for count in np.unique(counts[counts > 0]).tolist():  # rows that stand together have few different ones
            some = counts == np.uint64(count)
            numbers[some] = UniformPicks(count, self.key).at(chosen.rows[some], chosen.ordinals[some])
        return numbers

    def _none_matches(self, said: str) -> ReferenceError:
        name = self.where.rpartition(".")[2]
        last = f"make {name} Optional" if self.lead is None else "leave `matching` out"
        return ReferenceError(
            f"{self.where} refers to rows of {self.table} that match by {self.said}, and {said}.",
            hint=f"Ask for more rows, --rows {self.table}=N; let each have one, Children(..., least=1); or {last}.",
        )

    def described(self) -> str:
        different = "" if self.lead is None else f", different ones for each row that {self.lead} refers to"
        if self.tree is not None:
            return f"those that match by {self.said} as a tree, under any earlier one"
        return f"those that match by {self.said}, each equally likely{different}"
