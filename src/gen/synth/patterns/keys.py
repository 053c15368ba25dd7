"""This file knows keys of a counted language: which text each row has, all different, and which row each text.

Where the ranks of all texts fit 63 bits, a row takes a rank. Where they do not, rows are dealt to lengths, and a text
of many letters is drawn up to the place from which fewer than 2^63 texts lead on, and unranked from there: two equal
texts would have the same first part, so the same place, so the same rank; and ranks differ.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.errors import SchemaError
from gen.keys import KeyOrder, Order, later_order
from gen.permutations import Permutation
from gen.streams import Rows, Stream, Words, rows_array
from gen.synth.patterns.language import Language
from gen.synth.patterns.sampling import CUT, TextSampler, ranked_cells, too_large, write_ranked
from gen.synth.patterns.walks import EVERY, Cell, Runs, Slots, TooLarge, Way, Ways, in_order
from gen.synth.text import SPARE, dealt, text_array

MAXIMUM_LOSS = 1000  # one text in so many may be left out, where few texts lead on from some first parts
_PIECE = 2**16  # rows at once, where each has many words


@dataclass(frozen=True, eq=False)
class _Tables:
    """What the kernel needs for rows dealt to lengths, and what is needed to undo it.

    cuts: for each cell where a text may be cut its place in `runs`, whole part and fraction; numbers: which it is;
    whole: the same for starts of lengths with fewer than 2^63 texts, which are not drawn from.
    jumps: how many letters the step from each drawn cell adds. narrowest: the fewest texts that lead on from a cut.
    """

    starts: Words
    slots: NDArray[np.uint64]
    cuts: NDArray[np.uint64]
    runs: NDArray[np.uint64]
    texts: NDArray[np.uint64]
    steps: int
    numbers: dict[Cell, int]
    whole: dict[Cell, int]
    jumps: dict[Cell, int]
    narrowest: int


class TextKeys:
    """Different texts of a language for the rows of a table. `stream_key`: purpose -> the key of a stream.

    order "sequential": by length, then by code points, from the first text on. "ascending": in the same order, with
    random gaps over the whole language. "scattered": in random order; of a small or single-length language any texts,
    else lengths are equally likely, as far as there are texts of each.

    Raises SchemaError where a language is too large for its order, or too uneven to be cut.
    """

    def __init__(self, where: str, language: Language, rows: int, order: str, stream_key: Callable[[str], int]) -> None:
        self.where, self.language, self.rows, self.order = where, language, rows, order
        self.keys = {purpose: stream_key(purpose) for purpose in ("key", "length", "head")}
        self.length_keys = [stream_key(f"key {length}") for length in language.lengths]
        if order == "ascending" and language.cardinality > EVERY:
            raise SchemaError(
                f"{where}: {language.cardinality:.3g} texts are too many to ascend through; at most 2^63 are supported."
                if language.cardinality < 10**300
                else f"{where}: more than 10^300 texts are too many to ascend through; at most 2^63 are supported.",
                hint='Declare a smaller max_length, or PrimaryKey(order="scattered") or "sequential".',
            )
        self.earlier: Sequence[TextKeys] = ()
        whole = language.is_small or (len(language.lengths) == 1 and language.cardinality <= EVERY)
        self.is_dealt = order == "scattered" and not whole
        if self.is_dealt and rows:
            _ = self._tables  # refuses now what cannot be cut

    def continuing(self, earlier: Sequence[TextKeys]) -> TextKeys:
        """The texts of as many rows that come after these: other than all of theirs, of the language of the first."""
        found, first = copy.copy(self), earlier[0]
        found.language, found.length_keys, found.is_dealt = first.language, first.length_keys, first.is_dealt
        found.earlier = tuple(earlier)
        if found.is_dealt:
            found._check_cuts()
        return found

    def _check_cuts(self) -> None:
        """Refuse more texts of a length, those of earlier rows included, than its cuts tell apart."""
        counts = [self.language.counts[length][0] for length in self.language.lengths]
        asked = [used + more for used, more in zip(self._used, self._counts, strict=True)]
        most = max((n for n, count in zip(asked, counts, strict=True) if count >= EVERY), default=0)
        if most > self._tables.narrowest:
            raise SchemaError(
                f"{self.where}: {most:,} texts of a length are asked for, with those of earlier rows, and the first "
                f"rows were made so that {self._tables.narrowest:,} are told apart.",
                hint="Append fewer rows.",
            )

    def at(self, rows: Rows) -> pa.Array:
        """The texts of these rows: Arrow text of len(rows), all different for different rows."""
        if not self.is_dealt:
            return self._sampler.unrank(self._ranks.ranks(rows))
        if len(rows) > _PIECE:
            pieces = [self._dealt(rows[i : i + _PIECE]) for i in range(0, len(rows), _PIECE)]
            return pa.concat_arrays(pieces)
        return self._dealt(rows)

    def row_of(self, values: pa.Array) -> NDArray[np.int64]:
        """The row whose text each value is; -1 where no row's is."""
        texts = values.to_pylist()
        if not self.is_dealt:
            ranks = [-1 if text is None else self.language.rank(text) for text in texts]
            kept = [rank if 0 <= rank < self._ranks.capacity else 2**64 - 1 for rank in ranks]
            return self._ranks.row_of(np.array(kept, np.uint64))
        rows = np.array([-1 if text is None else self._dealt_row_of(text) for text in texts], np.int64)
        known = np.flatnonzero(rows >= 0)
        if known.size:
            made = self.at(rows[known].astype(np.uint64)).to_pylist()
            for i, text in zip(known.tolist(), made, strict=True):
                rows[i] = rows[i] if text == texts[i] else -1
        return rows

    # -- all ranks in one order ------------------------------------------------------------------------------

    @cached_property
    def _sampler(self) -> TextSampler:
        return TextSampler(self.where, self.language)

    @cached_property
    def _ranks(self) -> Order:
        if self.earlier:
            return later_order([each._ranks for each in self.earlier], self.rows, self.keys["key"])
        return KeyOrder(self.order, self.rows, min(self.language.cardinality, EVERY), self.keys["key"])

    # -- rows dealt to lengths -------------------------------------------------------------------------------

    @cached_property
    def _counts(self) -> list[int]:
        """How many rows each length has."""
        sizes = [self.language.counts[length][0] for length in self.language.lengths]
        return dealt([size - used for size, used in zip(sizes, self._used, strict=True)], self.rows)

    @property
    def _used(self) -> list[int]:
        """How many texts of each length earlier rows have."""
        return [sum(each._counts[i] for each in self.earlier) for i in range(len(self.language.lengths))]

    @cached_property
    def _deal(self) -> tuple[Permutation, Words]:
        """Which place each row takes, and at which place each length's rows begin."""
        return Permutation(max(self.rows, 1), self.keys["length"]), np.cumsum([0, *self._counts]).astype(np.uint64)

    @cached_property
    def _within(self) -> list[Permutation]:
        """For each length which rank each of its rows takes."""
        counts = [self.language.counts[length][0] for length in self.language.lengths]
        sizes = [count if count < EVERY else self._tables.narrowest for count in counts]
        return [Permutation(size, key) for size, key in zip(sizes, self.length_keys, strict=True)]

    @cached_property
    def _tables(self) -> _Tables:
        if self.earlier:
            return self.earlier[0]._tables
        try:
            return _tables(self.where, self.language, max(self._counts))
        except TooLarge:
            raise too_large(self.where, self.language) from None

    def _dealt(self, rows: Rows) -> pa.Array:
        deal, starts = self._deal
        numbers = rows_array(rows)
        outside = numbers >= np.uint64(self.rows)  # rows outside the table have values too
        places = deal.at(np.where(outside, numbers % np.uint64(max(self.rows, 1)), numbers))
        which = np.searchsorted(starts, places, side="right").astype(np.int64) - 1
        ranks = places - starts[which] + np.array(self._used, np.uint64)[which]
        order = np.argsort(which.astype(np.uint16), kind="stable")
        bounds = np.searchsorted(which[order], np.arange(starts.size))
        for i, permutation in enumerate(self._within):
            chosen = order[bounds[i] : bounds[i + 1]]
            if chosen.size:
                ranks[chosen] = permutation.at(ranks[chosen])
        return self._written(rows, which.astype(np.uint64), ranks)

    def _written(self, rows: Rows, which: Words, ranks: Words) -> pa.Array:
        tables = self._tables
        width = -(-(tables.steps + 1) // 2) * 4 if tables.steps else 0  # 32-bit words: for each step, and the rank
        words = Stream(self.keys["head"], width).words(rows) if width else np.zeros(1, np.uint64)
        offsets = np.empty(ranks.size + 1, np.int32)
        data = np.empty(ranks.size * self._sampler.widest + SPARE, np.uint8)
        arrays = tables.starts, tables.slots, tables.cuts, tables.runs, tables.texts
        write_ranked(which, ranks, words, np.int64(width // 2), offsets, data, *arrays)
        return text_array(offsets, data)

    def _dealt_row_of(self, text: str) -> int:
        """The row that could have this text, by its length and the rank of its last part."""
        language = self.language
        if not language.accepts(text):
            return -1
        which = language.lengths.index(len(text))
        (left, state), number = self._cut_of(text)
        if number < 0:
            return -1
        rank = language.rank_within(state, text[len(text) - left :])
        _, whole, fraction = self._tables.cuts[number].tolist()
        permutation = self._within[which]
        place = min((rank << 64) // ((whole << 64) + fraction) + 1, permutation.size - 1)
        while place and place * whole + (place * fraction >> 64) > rank:  # at most twice
            place -= 1
        deal, starts = self._deal
        within = int(permutation.inverse(np.array([place], np.uint64))[0]) - self._used[which]
        row = int(starts[which]) + within
        if within < 0 or row >= int(starts[which + 1]):
            return -1
        return int(deal.inverse(np.array([row], np.uint64))[0])

    def _cut_of(self, text: str) -> tuple[Cell, int]:
        """Where a text of the language is cut, and the cut's number, or -1: it is walked as it would be drawn."""
        state, place, tables = 0, 0, self._tables
        if (len(text), 0) in tables.whole:
            return (len(text), 0), tables.whole[len(text), 0]
        while (len(text) - place, state) in tables.jumps:
            for _ in range(tables.jumps[len(text) - place, state]):
                state, place = self.language.step(state, text[place]), place + 1
        cut = len(text) - place, state
        return cut, tables.numbers.get(cut, -1)

    def __getstate__(self) -> dict[str, Any]:
        cached = ("_sampler", "_ranks", "_counts", "_deal", "_within", "_tables")
        return {name: value for name, value in self.__dict__.items() if name not in cached}


def _tables(where: str, language: Language, needed: int) -> _Tables:
    """Cells with 2^63 texts or more are drawn from; those with fewer are cuts, left out if fewer than `needed`."""
    ways, slots, runs = Ways(language), Slots(), Runs()
    starts = [(length, 0) for length in language.lengths]

    def count(cell: Cell) -> int:
        return language.counts[cell[0]][cell[1]]

    found = _drawn_cells(ways, [cell for cell in starts if count(cell) >= EVERY], count, needed)
    reached = {way.target for ways_on in found.values() for way in ways_on}
    cuts = sorted({cell for cell in reached if needed <= count(cell) < EVERY})
    narrowest = min((count(cell) for cell in cuts), default=EVERY)
    single = [cell for cell in starts if count(cell) < EVERY]
    numbers = {cell: i for i, cell in enumerate(cuts)}
    cells = {cell: number << 6 | int(CUT) for cell, number in numbers.items()}
    kept = {cell: count(cell) for cell in cuts if count(cell) >= needed}
    steps = dict.fromkeys([*cuts, *single], 0)
    for cell, ways_on in found.items():
        open_ways = [
            (way.weight // count(way.target) * kept[way.target], way.table, cells[way.target])
            for way in ways_on
            if kept.get(way.target)
        ]
        kept[cell] = sum(weight for weight, _, _ in open_ways)
        steps[cell] = 1 + max((steps[way.target] for way in ways_on if kept.get(way.target)), default=0)
        if open_ways:
            cells[cell] = slots.cell(open_ways)
    if any((count(cell) - kept.get(cell, 0)) * MAXIMUM_LOSS > count(cell) for cell in starts if cell not in single):
        raise SchemaError(
            f"{where}: {needed:,} different texts of a length cannot be spread evenly over those that match "
            f"{' and '.join(map(repr, language.declared[0]))}.",
            hint='Use PrimaryKey(order="sequential"), or declare a smaller max_length.',
        )
    # A cell may be a start and a cut at once: as a start all its ranks are used, so it is there twice.
    whole = {cell: len(cuts) + i for i, cell in enumerate(single)}
    cells |= {cell: number << 6 | int(CUT) for cell, number in whole.items()}
    ranked = ranked_cells(language, ways, runs, cuts + single)
    spread = [_spread(ranked[cell], count(cell), narrowest) for cell in cuts]
    spread += [_spread(ranked[cell], 1, 1) for cell in single]
    return _Tables(
        np.array([cells[cell] for cell in starts], np.uint64),
        slots.array,
        np.array(spread, np.uint64),
        runs.array,
        ways.texts.all,
        max(steps[cell] for cell in starts),
        numbers,
        whole,
        {cell: cell[0] - ways_on[0].target[0] for cell, ways_on in found.items()},
        narrowest,
    )


def _drawn_cells(ways: Ways, starts: list[Cell], count: Callable[[Cell], int], needed: int) -> dict[Cell, list[Way]]:
    """The cells with 2^63 texts or more, with their ways, each after those it leads to.

    A step has fewer letters than it might have where that keeps it from a cell with fewer than `needed` texts.
    """

    def short_enough(cell: Cell) -> list[Way]:
        found = ways.to_draw(cell)
        while any(count(way.target) < needed for way in found) and found[0].target[0] < cell[0] - 1:
            found = ways.to_draw(cell, cell[0] - found[0].target[0] - 1)
        return found

    done: dict[Cell, list[Way]] = {}

    class Ended(dict[Cell, Any]):
        def __contains__(self, cell: object) -> bool:
            return cell in done or count(cell) < EVERY  # type: ignore[arg-type]

    for cell, found in in_order(starts, short_enough, Ended()):
        done[cell] = found
    return done


def _spread(cell: int, count: int, ranks: int) -> list[int]:
    """A cut's cell, and count / ranks in whole part and 64 bits of fraction: rank k owns those from k times that on."""
    whole, rest = divmod(count, ranks)
    return [cell, whole, (rest << 64) // ranks]
