"""This file knows paths of references, both ways, by arithmetic: where rows lead, and which rows lead to a row.

Up go links. Down go fan-outs, backwards: the rows that lead to a row have consecutive numbers, however many they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from gen.relations.fan_out import MOST
from gen.schema.matching import Path
from gen.streams import Words, rows_array
from gen.synth.related.links import Chosen, Link
from gen.synth.related.parents import AllRows, Bools, JoinedRows, Parents
from gen.synth.related.picks import DistinctPick, FanOutPick, NoPick, PartlyPick
from gen.synth.related.segments import Segments
from gen.synth.related.subsets import LaterPick, ListedRows, TriedRows
from gen.synth.rows import Asking, RowView

MOST_CHECKED = 10_000_000  # rows of which all are looked at, whether any leads to them; of more, evenly spread, so many
_AT_ONCE = 262_144


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

    first: the number of their first row. parents: how many rows their parents had by then; of how many there are now.
    """

    link: Link
    first: int
    parents: int
    of: int

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

    def fewest(self) -> tuple[range, int, int] | None:
        """Which parents a histogram speaks of, the fewest rows that one has, and how many have so few; if one does."""
        pick, parents = self.link.pick.counted, self.link.parents
        ((first, part),) = parents.parts[:1] if isinstance(parents, JoinedRows) else ((0, parents),)
        if not isinstance(pick, (FanOutPick, PartlyPick)) or type(part) is not AllRows or part.size != parents.size:
            return None
        histogram = pick.ordered.histogram
        some = np.flatnonzero(histogram.parents)
        if not some.size:
            return None
        return (
            range(first, first + histogram.size),
            int(histogram.counts[some[0]]),
            int(histogram.parents[some[0]]),
        )

    @property
    def is_known(self) -> bool:
        """Whether it is known which rows refer to a row, now or on first use."""
        pick = self.link.pick
        known = isinstance(pick, (LaterPick, NoPick)) or pick.counted is not None
        return known and self.link.condition is None and self.link.null is None

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


def _fewest_of(levels: Sequence[Level]) -> tuple[int, int] | None:
    """The fewest rows of a parent, and how many have so few, if rows made at each time have parents of their own."""
    said = [level.fewest() for level in levels]
    known = sorted((each for each in said if each is not None), key=lambda each: each[0].start)
    ends = [0, *(parents.stop for parents, _, _ in known)]
    if len(known) < len(said) or not known or ends[-1] != levels[0].of:
        return None
    if any(parents.start != end for (parents, _, _), end in zip(known, ends, strict=False)):
        return None
    least = min(fewest for _, fewest, _ in known)
    return least, sum(how_many for _, fewest, how_many in known if fewest == least)


@dataclass(frozen=True, eq=False)
class Descent:
    """The rows of a table that lead to rows of another, by a path of references. levels: the last step's first, each
    by the times at which its table's rows were made. Without any, each row leads to itself.
    """

    levels: tuple[tuple[Level, ...], ...]

    @property
    def is_later(self) -> bool:
        """Whether it is known on first use only how many rows lead to each."""
        return any(isinstance(level.link.parents, ListedRows) for levels in self.levels for level in levels)

    @property
    def is_known(self) -> bool:
        """Whether the rows that lead to a row are known without a look at all of them."""
        each = [(depth, level) for depth, levels in enumerate(self.levels) for level in levels]
        return all(level.is_known and self.is_passable(depth, level) for depth, level in each)

    def is_passable(self, depth: int, level: Level) -> bool:
        """Whether a level, so many steps down, tells the rows of consecutive parents as far as that is needed there."""
        if depth < len(self.levels) - 1:
            return level.is_ordered
        return depth == 0 or level.is_ranged

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
        if not self.levels:
            return np.ones(rows.size, np.uint64)
        return sum((count for _, _, count in self.spans(rows)), np.zeros(rows.size, np.uint64))

    @property
    def _said(self) -> list[tuple[int, int] | None]:
        """Of each level the fewest rows of a parent, and how many parents have so few, where that is said of all."""
        return [_fewest_of(levels) for levels in self.levels]

    @property
    def sure(self) -> int:
        """How many rows lead to each at least, as far as that is known without a look at them."""
        return math.prod(0 if each is None else each[0] for each in self._said)

    def fewest(self, size: int, reached: Reached) -> int:
        """The same after a look at so many rows, as far as they are reached; of very many rows it is what is sure."""
        alone = len(self.levels) == 1 and self._said[0] is not None and reached.is_all
        if not self.levels or alone or size > MOST_CHECKED:
            return self.sure
        return min((int(counts.min()) for _, counts in self._looked_at(size, reached) if counts.size), default=MOST)

    def without(self, size: int, reached: Reached) -> tuple[int, int]:
        """To how many of so many rows that are reached none leads, and how many were looked at: of very many some."""
        if self.sure:
            return 0, size
        said = self._said[0]
        if len(self.levels) == 1 and said is not None and reached.is_all:
            return said[1], size
        found = [
            (looked_at, int(np.count_nonzero(counts == 0))) for looked_at, counts in self._looked_at(size, reached)
        ]
        return sum(none for _, none in found), sum(looked_at for looked_at, _ in found)

    def _looked_at(self, size: int, reached: Reached) -> Iterator[tuple[int, Words]]:
        """How many rows are looked at together, evenly spread over very many, and the counts of those reached."""
        apart = max(-(-size // MOST_CHECKED), 1) * _AT_ONCE
        for start in range(0, size, apart):
            rows = np.arange(start, min(start + _AT_ONCE, size), dtype=np.uint64)
            yield rows.size, self.counts(rows)[reached.may(rows)]

    def runs_of(self, rows: Words) -> Runs:
        """The rows that lead to each of these, each of which may be there several times."""
        if not self.levels:
            return Runs(rows, ())
        each, which = Chosen(rows, None, None).runs or (rows, None)
        spans = self.spans(each)
        if which is not None:
            spans = [(level, begin[which], count[which]) for level, begin, count in spans]
        return Runs(rows, tuple(spans))


@dataclass(frozen=True, eq=False)
class Runs:
    """The rows that lead to each of some rows: runs of numbers, one for each time at which such rows were made.

    Without any run each row leads to itself.
    """

    rows: Words
    spans: tuple[tuple[Level, Words, Words], ...]

    @cached_property
    def counts(self) -> Words:
        """How many lead to each, uint64."""
        if not self.spans:
            return np.ones(self.rows.size, np.uint64)
        return sum((count for _, _, count in self.spans), np.zeros(self.rows.size, np.uint64))

    def at(self, numbers: Words) -> Words:
        """Of those that lead to each one, by its number below their count; any where there is none."""
        if len(self.spans) == 1:
            level, begin, _ = self.spans[0]
            return level.rows_at(begin + numbers)
        found = self.rows.copy() if not self.spans else np.zeros(self.rows.size, np.uint64)
        passed = np.zeros(self.rows.size, np.uint64)
        for level, begin, count in self.spans:
            inside = (numbers >= passed) & (numbers - passed < count)
            found[inside] = level.rows_at((begin + numbers - passed)[inside])
            passed = passed + count
        return found

    def numbers_of(self, first: int, rows: Words) -> tuple[Words, Words, Words]:
        """Of rows that lead where these do, and were made when row `first` was: how many rows are before each, how many
        of these were made with it, and how many were altogether.
        """
        before, made, passed, together = (np.zeros(rows.size, np.uint64) for _ in range(4))
        for level, begin, count in self.spans:
            counted = level.link.pick.counted
            if level.first == first and counted is not None:
                at = counted.numbers_of(rows) - begin
                before, made = np.where(at < count, passed + at, before), np.where(at < count, together + at, made)
                together = together + count
            passed = passed + count
        return before, made, together


@dataclass(frozen=True, eq=False)
class Reached:
    """Which rows of a table a path may lead to. parents: those of its first step; rest: its other steps, backwards."""

    parents: Parents | None
    rest: Descent

    @property
    def is_all(self) -> bool:
        """Whether it may be any row."""
        return not self.rest.levels and (self.parents is None or type(self.parents) is AllRows)

    @property
    def is_known(self) -> bool:
        """Whether it is known before the first row is made."""
        whole = self.parents is None or type(self.parents) is AllRows
        one = not self.rest.levels and not isinstance(self.parents, (ListedRows, TriedRows))
        return one or (whole and self.rest.is_known and not self.rest.is_later)

    def may(self, rows: Words) -> Bools:
        """Whether each of these rows may be one that others lead to."""
        if self.rest.levels:
            return self.rest.counts(rows) > 0
        return np.ones(rows.size, np.bool_) if self.parents is None else self.parents.places(rows)[1]
