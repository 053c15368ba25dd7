"""This file knows text columns with patterns: texts that match every regular expression, and keys of such texts."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.errors import SchemaError
from gen.keys import FEWER, check_capacity
from gen.schema.spec import Column
from gen.streams import Rows
from gen.synth.formats import is_format, is_intersection, patterns_said
from gen.synth.laws.compiled import law_of
from gen.synth.lengths import LengthLaw
from gen.synth.patterns.keys import TextKeys
from gen.synth.patterns.language import SMALL, Language, NoText
from gen.synth.patterns.sampling import TextSampler
from gen.synth.synthesizer import Storage, Synthesizer
from gen.synth.text import MAXIMUM_LENGTH, without_format
from gen.synth.texts.wide import LONGEST, WIDE

_FEW = 100  # texts of a format that its lengths alone leave: with fewer, more of the format are drawn


def _has_pattern(column: Column) -> bool:
    named_otherwise = is_format(column) and not is_intersection(column)
    return column.kind == "text" and (is_intersection(column) or (bool(column.patterns) and not named_otherwise))


def _lengths_text(column: Column) -> str:
    """The lengths that a column declares, in words."""
    least, most = column.min_length, column.max_length
    said = [f"at least {least}"] * (least is not None) + [f"at most {most}"] * (most is not None)
    return f" with {' and '.join(said)} characters" if said else ""


class SynthesizePattern(Synthesizer):
    """Text that matches the declared patterns, of an allowed length.

    Of a bounded language of up to 65,536 texts each is equally likely; of others each length, and each text of a
    length. A pattern that could be found anywhere in a text is the whole text, where lengths and other patterns
    allow it: see `Language.of`.
    """

    takes_lengths = True

    @classmethod
    def match(cls, column: Column) -> bool:
        return _has_pattern(column) and not column.key

    @classmethod
    def seen_in(cls, column: Column) -> str:
        return super().seen_in(column) if is_format(column) else without_format(super().seen_in, column)

    def prepare(self) -> None:
        column = self.column
        law, _ = law_of(self.where, column.distribution)
        if law != "uniform":
            raise SchemaError(f"{self.where}: the distribution {law!r} does not apply to text.", hint="Leave it out.")
        if column.domain is not None and not is_intersection(column):
            raise SchemaError(
                f"{self.where}: the domain {column.domain!r} and a pattern are both declared.",
                hint="Keep one of them: a pattern says which characters, a domain which words.",
            )
        self.language = self._of_format() if is_intersection(column) else self._language_of()
        self.sized: LengthLaw | None = None
        if column.lengths:
            lengths = self.language.lengths
            known = replace(column, max_length=lengths[-1])
            self.sized = LengthLaw.of(self.where, known, lengths[0], lengths[-1], lengths[-1])
        self.sampler = TextSampler(self.where, self.language, weights=self._weights())
        self.key = self.stream_key("value")
        self.prepare_tables()

    def _language_of(self, *patterns: str) -> Language:
        """The texts that match the column's own patterns, and these."""
        column = self.column
        shortest, longest = column.min_length or 0, self._longest()
        if longest is not None and longest > LONGEST and set(patterns) & set(WIDE.values()):
            longest = max(LONGEST, shortest)
        return Language.of(self.where, (*column.patterns, *patterns), shortest, longest, needed=self._needed())

    def _of_format(self) -> Language:
        """The texts of the column's format or domain that match: of those drawn otherwise, or of more if too few."""
        column, found = self.column, None
        enough = self._needed() if column.patterns else max(self._needed(), _FEW)
        for pattern in patterns_said(column):
            try:
                language = self._language_of(pattern)
            except NoText:
                continue
            if language.cardinality >= enough:
                return language
            found = max(found or language, language, key=lambda known: known.cardinality)
        if found is not None:
            return found
        own = " and ".join(map(repr, column.patterns))
        said = f"{f' that matches {own}' if own else ''}{_lengths_text(column)}"
        what, name = ("domain", column.domain) if column.domain else ("format", column.format)
        raise SchemaError(
            f"{self.where}: gen knows no text of the {what} {name!r}{said}.",
            hint=f"Widen the pattern or the lengths; or leave the {what} out, where the pattern says it all.",
        )

    def _longest(self) -> int | None:
        """The greatest length asked for: as far as a law of lengths reaches, where it alone says so."""
        column = self.column
        if column.max_length is not None or column.lengths is None or not column.lengths.parameters:
            return column.max_length
        shortest = column.min_length or 0
        return LengthLaw.of(self.where, column, shortest, shortest, MAXIMUM_LENGTH).longest

    def _weights(self) -> dict[int, float] | None:
        """The weights of the language's lengths, where a law says so."""
        if self.sized is None:
            return None
        weights = {n: float(self.sized.weights[n - self.sized.first]) for n in self.language.lengths}
        total = sum(weights.values())
        if not total > 0:
            raise SchemaError(
                f"{self.where}: no text that matches has a length of the law {self.sized.law.described()}.",
                hint="Move the law to lengths that the pattern allows.",
            )
        return {length: weight / total for length, weight in weights.items()}

    @property
    def law_text(self) -> str:
        return self.sized.described() if self.sized else "uniform"

    def prepare_tables(self) -> None:
        """Refuse now what needs too large tables."""
        _ = self.sampler.walk

    def _needed(self) -> int:
        """How many different texts there have to be: two, so that a column varies where its patterns let it."""
        return 2

    def at(self, rows: Rows) -> pa.Array:
        return self.sampler.at(rows, self.key)

    @property
    def cardinality(self) -> int:
        """How many different texts there are."""
        return self.language.cardinality

    @property
    def storage(self) -> Storage:
        size, count = self.sampler.mean_length * self.sampler.mean_letter_bytes, self.cardinality
        bits = min(math.log2(count), 8 * size) + 4
        return Storage(4 + size, bits, distinct=count if count <= SMALL else None)


class SynthesizePatternKey(SynthesizePattern):
    """Text that matches the declared patterns, each once. Orders: scattered (the default), sequential, ascending."""

    unique = True
    takes_lengths = False

    @classmethod
    def match(cls, column: Column) -> bool:
        return _has_pattern(column) and column.key is not None

    def prepare_tables(self) -> None:
        assert self.column.key is not None
        lengths = self.language.lengths
        said = f"{lengths[0]} to {lengths[-1]}" if len(lengths) > 1 else f"{lengths[0]}"
        patterns = " and ".join(map(repr, self.column.patterns))
        domain = f"text of {said} characters that matches {patterns}"
        check_capacity(self.table, self.column.name, self.rows, self.cardinality, domain)
        order = self.column.key.order or "scattered"
        self.keys = TextKeys(self.where, self.language, self.rows, order, self.stream_key)

    def continuing(self, earlier: Sequence[SynthesizePatternKey]) -> SynthesizePatternKey:
        """The key of rows that come after these, of the texts that the first of them has."""
        before, first = sum(each.rows for each in earlier), earlier[0]
        said = f"what {before:,} earlier rows leave"
        check_capacity(self.table, self.column.name, self.rows, first.cardinality - before, said, FEWER)
        found = copy.copy(self)
        found.language, found.sampler = first.language, first.sampler
        found.keys = self.keys.continuing([each.keys for each in earlier])
        return found

    def _needed(self) -> int:
        return max(self.rows, 2)  # of a pattern that leaves an end open, too, as many texts as the column has

    def at(self, rows: Rows) -> pa.Array:
        return self.keys.at(rows)

    def row_of(self, values: pa.Array) -> NDArray[np.int64]:
        """The row whose key each text is; -1 where no row's is."""
        return self.keys.row_of(values)
