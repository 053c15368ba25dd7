"""This file knows references that match: which parents meet a row in one row of another table, and a pick among them.

Both ways are arithmetic. What the row leads to is told by links; the rows that lead there too, by fan-outs, backwards:
they have consecutive numbers, however many they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gen.errors import ReferenceError, SchemaError
from gen.relations.picks import UniformPicks
from gen.schema.matching import Path
from gen.streams import Rows, Stream, Words, kernel, mulhi, rows_array
from gen.synth.related.links import Chosen, DistinctPick, FanOutPick, Link, PartlyPick, Pick, Picked
from gen.synth.related.parents import AllRows, Bools, JoinedRows, Parents
from gen.synth.related.segments import Segments
from gen.synth.related.subsets import ListedRows
from gen.synth.rows import Asking, RowView

MOST_CHECKED = 10_000_000  # rows of which it is seen whether each has one that leads to it
_AT_ONCE = 262_144


@kernel("void(uint64[::1], uint64[::1], uint64[::1])")
def _scaled(words: Words, counts: Words, out: Words) -> None:
    """A number below each count, each equally likely; exact to 2^-64 times the count."""
    for i in range(words.size):
        out[i] = mulhi(words[i], counts[i])


@dataclass(frozen=True, eq=False)
class Ascent:
    """The row of a table to which rows of another lead, by a path of references. first: the number of row 0 there."""

    tables: Any
    path: Path
    first: int

    def rows(self, row: RowView) -> tuple[Words, Bools | None]:
        """Where each row leads, uint64; and which lead anywhere, None where all do."""
        if not self.path:
            return rows_array(row.rows) + np.uint64(self.first), None
        return self._from(row, self.path)

    def _from(self, row: RowView, path: Path) -> tuple[Words, Bools | None]:
        chosen = row.columns[path[0][1]].chosen(row)
        if len(path) == 1:
            return chosen.rows, chosen.there
        each, which = chosen.runs or (chosen.rows, None)
        found, there = self._of(self.tables.referred(path[1][0]), each, path[1:], row.asking)
        if which is not None:
            found, there = found[which], None if there is None else there[which]
        if there is None or chosen.there is None:
            return found, chosen.there if there is None else there
        return found, there & chosen.there

    def _of(self, source: Any, rows: Words, path: Path, asking: Asking) -> tuple[Words, Bools | None]:
        """The same of some rows of a table, whatever part of it they are of."""
        if not isinstance(source, Segments):
            return self._from(source.view(rows, asking), path)
        pieces = source.cut.pieces(rows)
        found = {
            part: self._of(source.parts[part], rows_array(some), path, asking) for part, some in pieces.rows.items()
        }
        whole = {
            part: np.ones(rows.size, np.bool_) if there is None else there for part, (rows, there) in found.items()
        }
        there: Any = pieces.merged_words(lambda part: whole[part])  # type: ignore[arg-type,return-value]
        return pieces.merged_words(lambda part: found[part][0]), there


@dataclass(frozen=True, eq=False)
class Level:
    """A reference of the rows of one table that were made together, backwards.

    first: the number of their first row. parents: how many rows their parents had by then.
    """

    link: Link
    first: int
    parents: int

    def spans(self, first: Words, stop: Words | None) -> tuple[Words, Words]:
        """Of the rows that refer to the parents from each first to before each stop, or to the first alone: the number
        of the first one, in their parents' order, and how many they are.
        """
        counted = self.link.pick.counted
        if counted is None:
            return np.zeros(first.size, np.uint64), np.zeros(first.size, np.uint64)
        if stop is not None:
            return counted.spans(below(self.link.parents, first), below(self.link.parents, stop))
        known = first < np.uint64(self.parents)
        places, has = self.link.parents.places(np.where(known, first, np.uint64(0)))
        begin, count = counted.spans(np.where(has, places, np.uint64(0)), None)
        return begin, np.where(has & known, count, np.uint64(0))

    def rows_at(self, numbers: Words) -> Words:
        """The rows with these numbers; any where there is none."""
        counted = self.link.pick.counted
        if counted is None or not counted.total:
            return np.zeros(numbers.size, np.uint64)
        return counted.rows_at(np.minimum(numbers, np.uint64(counted.total - 1))) + np.uint64(self.first)

    def fewest(self) -> tuple[int, int] | None:
        """The fewest rows that a parent has, and how many parents have so few, where a histogram says it of all."""
        pick = self.link.pick.counted
        if not isinstance(pick, (FanOutPick, PartlyPick)) or type(self.link.parents) is not AllRows:
            return None
        histogram = pick.ordered.histogram
        some = np.flatnonzero(histogram.parents)
        if histogram.size != self.parents or not some.size:
            return None
        return int(histogram.counts[some[0]]), int(histogram.parents[some[0]])

    @property
    def is_ordered(self) -> bool:
        """Whether rows of consecutive parents are consecutive rows."""
        return (
            self.is_ranged and isinstance(self.link.pick.counted, (FanOutPick, DistinctPick)) and self.link.is_in_order
        )

    @property
    def is_ranged(self) -> bool:
        """Whether rows of consecutive parents have consecutive numbers."""
        parents = self.link.parents
        parts = [part for _, part in parents.parts] if isinstance(parents, JoinedRows) else [parents]
        if any(type(part) is not AllRows for part in parts):
            return False
        counted = self.link.pick.counted
        return counted is None or counted.ascends


def below(parents: Parents, rows: Words) -> Words:
    """How many places are those of rows before each of these; of all rows of a table, or of parts of it."""
    if not isinstance(parents, JoinedRows):
        return np.minimum(rows, np.uint64(parents.size))
    found = np.zeros(rows.size, np.uint64)
    for first, part in parents.parts:
        inside = np.maximum(rows, np.uint64(first)) - np.uint64(first)
        found += np.minimum(inside, np.uint64(part.size))
    return found


@dataclass(frozen=True, eq=False)
class Descent:
    """The rows of a table that lead to rows of another, by a path of references. levels: the last step's first, each
    by the times at which its table's rows were made.
    """

    levels: tuple[tuple[Level, ...], ...]

    def spans(self, rows: Words) -> list[tuple[Level, Words, Words]]:
        """The rows that lead to each of these, as runs of numbers: whose they are, the first, and how many."""
        return list(self._spans(0, rows, None))

    def _spans(self, depth: int, first: Words, stop: Words | None) -> Iterator[tuple[Level, Words, Words]]:
        for level in self.levels[depth]:
            begin, count = level.spans(first, stop)
            if depth == len(self.levels) - 1:
                yield level, begin, count
            else:
                begin = begin + np.uint64(level.first)
                yield from self._spans(depth + 1, begin, begin + count)

    def counts(self, rows: Words) -> Words:
        """How many rows lead to each of these, uint64."""
        return sum((count for _, _, count in self.spans(rows)), np.zeros(rows.size, np.uint64))

    def fewest(self, size: int) -> tuple[int, int]:
        """The fewest rows that lead to one of so many, at least; and to how many so few do, 0 if that is not known."""
        said = [levels[0].fewest() for levels in self.levels if len(levels) == 1]
        known = [each for each in said if each is not None]
        sure = math.prod(fewest for fewest, _ in known) if len(known) == len(self.levels) else 0
        if len(known) == len(self.levels) == 1:
            return known[0]
        if sure or size > MOST_CHECKED:
            return sure, 0
        fewest, how_many = 2**64, 0
        for start in range(0, size, _AT_ONCE):
            counts = self.counts(np.arange(start, min(start + _AT_ONCE, size), dtype=np.uint64))
            here = int(counts.min())
            if here <= fewest:
                how_many = int(np.count_nonzero(counts == here)) + (how_many if here == fewest else 0)
                fewest = here
        return fewest, how_many

    def pick(self, rows: Words, number_of: Callable[[Words], Words]) -> tuple[Words, Bools]:
        """Of those that lead to each of these rows one, by its number below their count; and where there is any."""
        each, which = Chosen(rows, None, None).runs or (rows, None)
        spans = self.spans(each)
        if which is not None:
            spans = [(level, begin[which], count[which]) for level, begin, count in spans]
        total = sum((count for _, _, count in spans), np.zeros(rows.size, np.uint64))
        number = number_of(total)
        if len(spans) == 1:
            level, begin, _ = spans[0]
            return level.rows_at(begin + number), total > 0
        found, passed = np.zeros(rows.size, np.uint64), np.zeros(rows.size, np.uint64)
        for level, begin, count in spans:
            inside = (number >= passed) & (number - passed < count)
            found[inside] = level.rows_at((begin + number - passed)[inside])
            passed += count
        return found, total > 0


class MatchedPick(Pick):
    """One of the parents that match the row, each equally likely; none where none does.

    where: the field that refers, as messages name it. said: what it matches by. required: whether it is never null.
    lead: a field with which it is unique together; rows with one parent there pick different ones here.
    """

    def __init__(self, where: str, table: str, said: str, key: int, required: bool) -> None:
        self.where, self.table, self.said, self.key, self.required = where, table, said, key, required
        self.lead: str | None = None
        self.ascent: Ascent | None = None

    def agree(self, ascent: Ascent, descent: Descent, met: str, size: int) -> None:
        """Take how a row finds the row that it meets its parents in, one of `size` rows of the table `met`; and back.

        Raises ReferenceError where some of these have none, and each must.
        """
        self.ascent, self.descent, self.met, self.size = ascent, descent, met, size
        if self.required and descent.levels and size and not self.is_later:
            fewest, how_many = descent.fewest(size)
            if how_many and not fewest:
                raise self._none_matches(f"{how_many:,} of {size:,} rows of {met} have none")

    @property
    def is_later(self) -> bool:
        """Whether it is known on first use only how many rows lead to each."""
        return any(isinstance(level.link.parents, ListedRows) for levels in self.descent.levels for level in levels)

    @property
    def fewest(self) -> int:
        """How many parents each row has to choose from, at least."""
        if self.ascent is None:
            raise SchemaError(
                f"{self.where}: it matches by {self.said}, which depends on what matches it.",
                hint="Break the circle: leave `matching` out of one of them.",
            )
        return self.descent.fewest(self.size)[0] if self.size else 0

    def at(self, rows: Rows) -> Picked:
        raise SchemaError(f"{self.where}: it is picked with its row only.")

    def of(self, row: RowView) -> Picked:
        assert self.ascent is not None
        met, there = self.ascent.rows(row)
        if not self.descent.levels:
            return Picked(met, there)
        if not self.size:
            return Picked(np.zeros(met.size, np.uint64), np.zeros(met.size, np.bool_))
        found, has = self.descent.pick(met, lambda counts: self._numbers(row, counts))
        if self.required and not has.all():
            raise self._none_matches(f"a row of {self.met} has none")
        return Picked(found, has if there is None else has & there)

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
        return ReferenceError(
            f"{self.where} refers to rows of {self.table} that match by {self.said}, and {said}.",
            hint=f"Ask for more rows of {self.table}, let each have one (Children(..., least=1)), or make "
            f"{self.where.rpartition('.')[2]} Optional.",
        )

    def described(self) -> str:
        different = "" if self.lead is None else ", different ones for each " + self.lead
        return f"those that match by {self.said}, each equally likely{different}"
