"""This file knows how columns of a row agree: they choose from their tables by the same words, those of their company.

A company's columns speak of one person, or of one place. What they have in common, a given name or a city, is chosen
by a stream of the company's own, at the column's own row; so each column is a function of the row alone, and agrees
with the others without reading them.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, ClassVar, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.block import array_of, fixed_width_array
from gen.errors import SchemaError
from gen.schema.domains import Company
from gen.schema.spec import Column
from gen.streams import BITS32, LOW32, Rows, Stream, Word, Words, kernel, stream_key
from gen.synth.formats import DICTIONARY_LIMIT, narrowed
from gen.synth.laws.compiled import law_of
from gen.synth.synthesizer import Storage, Synthesizer
from gen.synth.text import MAXIMUM_LENGTH
from gen.synth.texts.domains import domain_of
from gen.synth.texts.lists import Texts, choose_indexes
from gen.synth.texts.pieces import Pieces

ROLES_OF_FORMATS = {
    "email": "email",
    "phone": "phone",
    "country-alpha2": "country-alpha2",
    "country-alpha3": "country-alpha3",
    "country-numeric": "country-numeric",
    "currency": "currency",
    "country-name": "country",
}


@dataclass(frozen=True)
class Part:
    """One piece of a text: which words choose it, and in which form it is written."""

    source: str
    form: str


Recipe: TypeAlias = tuple["Part | str", ...]


def role_of(column: Column) -> str:
    """What a column says of a person or a place: its domain, under its first name, or its format's."""
    return domain_of(column.domain) if column.domain else ROLES_OF_FORMATS.get(column.format or "", "")


def words_of_indexes(indexes: Words, size: int) -> Words:
    """For each index below `size`, at most 2^20, a 32-bit word that chooses it evenly: index <= word * size / 2^32."""
    words: Words = (indexes * _factor(size) >> np.uint64(14)) + np.uint64(size > 1)
    return words


def _factor(size: int) -> np.uint64:
    """2^46 / size: what an index of that many is multiplied with, and shifted by 14, to be a word."""
    return np.uint64((2**46 // size) + 1)


@kernel("void(int32[::1], uint64[::1], uint64[::1], uint64, uint64, uint64[::1])")
def _choose_in_groups(
    members: NDArray[np.int32], groups: Words, words: Words, size: Word, factor: Word, out: Words
) -> None:
    for i in range(out.size):
        index = groups[members[i]] * size + (((words[i] & LOW32) * size) >> BITS32)
        out[i] = ((index * factor) >> np.uint64(14)) + np.uint64(1)


def words_in_groups(members: NDArray[np.int32], groups: Words, words: Words, size: int, count: int) -> Words:
    """Words that choose from a table of `size` texts of each of `count` groups, one group after the other.

    The group is that of each row's member, `groups[members[i]]`; which of its texts, the row's own word says.
    """
    out = np.empty(words.size, np.uint64)
    _choose_in_groups(members, groups, words, np.uint64(size), _factor(size * count), out)
    return out


class SynthesizeTogether(Synthesizer):
    """A column of a company. A class of them writes `recipe` and `texts`, and says which sources are `shared`.

    Lengths are the company's: where one column allows fewer, the names and places of all are those that fit it.
    """

    goes_first = True
    about: ClassVar[str]
    shared: ClassVar[frozenset[str]]  # sources that the whole company has in common
    _tables: Drawn | None = None
    _made: tuple[Rows, dict[str, Any]] | None = None  # of the last rows asked for, what several pieces of them need

    @classmethod
    def match(cls, column: Column) -> bool:
        company = column.company
        if company is None or column.key or column.case:
            return False
        return company.about == cls.about and cls.takes(column)

    @classmethod
    def takes(cls, column: Column) -> bool:
        """Whether the class draws such columns of its companies."""
        return column.kind == "text"

    @classmethod
    @abstractmethod
    def recipe(cls, column: Column, company: Company) -> Recipe:
        """What the column's text is made of."""

    @classmethod
    @abstractmethod
    def texts(cls, company: Company, part: Part) -> Texts:
        """The texts of one part, as far as the company's lengths allow them, in the order of the source."""

    @property
    def company(self) -> Company:
        """What the column has in common with others."""
        assert self.column.company is not None
        return self.column.company

    def prepare(self) -> None:
        law, _ = law_of(self.where, self.column.distribution)
        patterns = () if self.column.implied else self.column.patterns  # a name says nothing that they do not match
        if law != "uniform" or patterns:
            what = f"the distribution {law!r}" if law != "uniform" else f"the pattern {patterns[0]!r}"
            raise SchemaError(
                f"{self.where}: {what} does not apply to the domain {role_of(self.column)!r}, which others beside it "
                "agree with.",
                hint="Leave it out, or leave out the domain.",
            )
        self.prefix = self.path.removesuffix(self.column.name)

    # -- words

    def shared_key(self, source: str, about: str | None = None) -> int:
        """The key of a stream of the company, or of what the same one is in another respect."""
        # A key is drawn once; whoever agrees with it is, too.
        again = self.attempt and not any(name == "digits" for name, _, _ in self.company.lengths)
        attempt = f" attempt {self.attempt}" if again else ""
        purpose = f"{about or self.company.about} {source}{attempt}"
        return stream_key(self.seed, self.table, self.prefix + self.company.path, purpose)

    def word(self, source: str, rows: Rows) -> Words:
        """uint64 array: the 32-bit word that chooses a source at each row."""
        key = self.shared_key(source) if source in self.shared else self.stream_key(f"value {source}")
        return Stream(key, 1).words(rows)

    def once(self, what: str, rows: Rows, make: Callable[[], Any]) -> Any:
        """What several pieces of these rows need: made for the first, and kept until other rows are asked for."""
        if self._made is None or self._made[0] is not rows:
            self._made = rows, {}
        made = self._made[1]
        if what not in made:
            made[what] = make()
        return made[what]

    def pieces_words(self, drawn: Drawn, rows: Rows) -> Words:
        """The words of every drawn piece of each row, laid out as `Pieces.at` takes them."""
        sources = [source for source, size in zip(drawn.sources, drawn.pieces.sizes, strict=True) if size > 1]
        out = np.zeros((max(drawn.pieces.width // 2, 1), len(rows)), np.uint64)
        for slot, source in enumerate(sources):
            out[slot // 2] |= self.word(source, rows) << (BITS32 * np.uint64(slot % 2))
        return out

    # -- values

    @property
    def drawn(self) -> Drawn:
        """The column's tables; kept in the process, so that synthesizers travel as names."""
        if self._tables is None:
            kind: Any = type(self)
            self._tables = drawn_of(kind, replace(self.column, nulls=None))
        return self._tables

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {"_tables": None, "_made": None}

    @property
    def arrow_type(self) -> pa.DataType:
        return pa.dictionary(pa.int32(), pa.string()) if self.drawn.dictionary is not None else pa.string()

    @property
    def law_text(self) -> str:
        whom = f"{self.column.of}'s" if self.column.of else "the row's"
        return f"by {whom} {self.company.about}"

    @property
    def cardinality(self) -> int | None:
        """In how many ways a value can be drawn."""
        dictionary = self.drawn.dictionary
        return self.drawn.pieces.cardinality if dictionary is None else len(dictionary)

    @property
    def storage(self) -> Storage:
        size, count = self.drawn.pieces.mean_bytes, self.cardinality or 2
        few = count if self.drawn.dictionary is not None else None
        return Storage(4 + size, min(8 * size, math.log2(max(count, 2))), distinct=few)

    def at(self, rows: Rows) -> pa.Array:
        drawn = self.drawn
        if drawn.codes is None:
            return drawn.pieces.at(self.pieces_words(drawn, rows))
        codes = drawn.codes[self.index(drawn.pieces.tables[0], drawn.sources[0], rows)]
        return pa.DictionaryArray.from_arrays(fixed_width_array(pa.int32(), codes), drawn.dictionary)

    def index(self, table: Texts, source: str, rows: Rows) -> NDArray[np.int32]:
        """The place in a table that each row chooses."""
        chosen = np.empty(len(rows), np.int32)
        choose_indexes(self.word(source, rows), np.uint64(len(table)), table.aliases, chosen)
        return chosen


@dataclass(frozen=True, eq=False)
class Drawn:
    """A column's tables: pieces, and which source chooses each; of a single short one the distinct texts, by place."""

    pieces: Pieces
    sources: tuple[str, ...]
    dictionary: pa.Array | None = None
    codes: NDArray[np.int32] | None = None


@lru_cache(maxsize=256)
def drawn_of(kind: Any, column: Column) -> Drawn:
    """What a column of a company is drawn from; `kind`: its synthesizer's class."""
    assert column.company is not None
    parts, tables = _tables(kind, column, column.company)
    pieces, sources = _joined(parts, tables), tuple(part.source for part in parts if isinstance(part, Part))
    table = pieces.tables[0]
    if len(pieces.tables) > 1 or table.sums is not None:
        return Drawn(pieces, sources)
    distinct = {text: code for code, text in enumerate(dict.fromkeys(table.listed))}
    if len(distinct) > DICTIONARY_LIMIT:
        return Drawn(pieces, sources)
    codes = np.array([distinct[text] for text in table.listed], np.int32)
    return Drawn(pieces, sources, array_of(list(distinct), pa.string()), codes)


def with_lengths(kind: type[SynthesizeTogether], column: Column, company: Company) -> Company | None:
    """The company with the lengths that one of its columns allows; None where nothing remains."""
    if column.kind != "text" or (column.min_length is None and column.max_length is None):
        return company
    parts, tables = _tables(kind, column, company)
    pieces = _joined(parts, tables)
    shortest, longest = pieces.lengths
    low, high = max(column.min_length or 0, 0), min(column.max_length or longest, MAXIMUM_LENGTH)
    if low <= shortest and longest <= high:
        return company
    cut = narrowed(pieces, low, high) if low <= high else None
    if cut is None:
        return None
    limits = list(company.lengths)
    named = [part for part in parts if isinstance(part, Part)]
    for part, raw, whole, kept in zip(named, tables, pieces.tables, cut.tables, strict=True):
        if kept.lengths != whole.lengths:
            beside = whole.lengths[0] - raw.lengths[0]  # characters that are always there
            limits.append((_limit(column, kind, part), kept.lengths[0] - beside, kept.lengths[1] - beside))
    return replace(company, lengths=tuple(limits))


def _limit(column: Column, kind: type[SynthesizeTogether], part: Part) -> str:
    """The name of a limit: the company's, or of a part that is the column's alone."""
    mine = "" if part.source in kind.shared else f"{column.name}: "
    return f"{mine}{part.source} {part.form}"


def _tables(kind: type[SynthesizeTogether], column: Column, company: Company) -> tuple[Recipe, list[Texts]]:
    recipe = kind.recipe(column, company)
    tables = []
    for part in recipe:
        if isinstance(part, Part):
            table: Texts | None = kind.texts(company, part)
            for name, low, high in company.lengths:
                if part.source not in kind.shared and name == _limit(column, kind, part) and table is not None:
                    table = table.of_length(int(low), int(high))
            assert table is not None
            tables.append(table)
    return recipe, tables


def _joined(recipe: Recipe, tables: Sequence[Texts]) -> Pieces:
    """Pieces of these tables, with the texts between them; a table of four without weights, "check", is one."""
    left = iter(tables)
    parts: list[Any] = [next(left) if isinstance(part, Part) else part for part in recipe]
    check = next((i for i, part in enumerate(recipe) if isinstance(part, Part) and part.source == "check"), None)
    return Pieces.of(*parts, check=check)


def limited(texts: Sequence[str], company: Company, limit: str) -> NDArray[np.bool_]:
    """Bool array: which texts the company's lengths allow, under the name of a limit."""
    kept = np.ones(len(texts), bool)
    for name, low, high in company.lengths:
        if name == limit:
            lengths = np.fromiter(map(len, texts), np.int64, len(texts))
            kept &= (low <= lengths) & (lengths <= high)
    return kept
