"""This file knows every text format and domain by name, and draws the columns that declare one.

A format says of what form a text is (`format` of JSON Schema and OpenAPI, and what Pydantic's string types take); a
domain says what it is about. Both are pieces; a list of a few texts travels as an Arrow dictionary.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.block import boolean_array, fixed_width_array
from gen.errors import SchemaError
from gen.schema.domains import DOMAIN_KINDS, PLAIN, domain_key
from gen.schema.spec import Column, suggestion
from gen.streams import Rows, Words
from gen.synth.laws.compiled import law_of
from gen.synth.lengths import LengthLaw, even_lengths
from gen.synth.ranked import Ranked
from gen.synth.synthesizer import Storage, Synthesizer
from gen.synth.text import MAXIMUM_LENGTH, SynthesizeString
from gen.synth.texts import codes, network, syntax, times
from gen.synth.texts.domains import ALIASES as OTHER_NAMES
from gen.synth.texts.domains import DOMAINS, PROSE, domain_of, prose
from gen.synth.texts.format import Format
from gen.synth.texts.lists import Texts, choose_indexes
from gen.synth.texts.pieces import Pieces
from gen.synth.texts.wide import WIDE

FORMATS: dict[str, Format] = times.FORMATS | network.FORMATS | codes.FORMATS | syntax.FORMATS

# Names that other vocabularies have for the same.
ALIASES = {
    "byte": "base64",
    "uuid4": "uuid",
    "url": "http-url",
    "ip-address": "ipv4",
    "host-name": "hostname",
    "mac-address": "mac",
    "ipvanyaddress": "ipv4",
    "ipvanyinterface": "ipv4-interface",
    "ipvanynetwork": "ipv4-network",
    "ipv4interface": "ipv4-interface",
    "ipv4network": "ipv4-network",
    "ipv6interface": "ipv6-interface",
    "ipv6network": "ipv6-network",
    "json-string": "json",
    "file-path": "path",
    "directory-path": "path",
}

DICTIONARY_LIMIT = 4096  # texts of a single list that travel as a dictionary
MOST_LISTED = 1000  # texts of a domain's lists that a pattern beside it is compared with


def known(name: str) -> bool:
    """Whether texts of that format can be drawn. JSON Schema allows any name there: others are mere annotations."""
    return ALIASES.get(name, name) in FORMATS


def format_named(name: str) -> Format:
    """The format of that name, or of an alias. Raises KeyError where it is not `known`."""
    return FORMATS[ALIASES.get(name, name)]


def patterns_of(name: str) -> list[str]:
    """The regular expressions of a format, of what is drawn first, then of more; none where none says it."""
    narrow, wide = format_named(name).pattern, WIDE.get(ALIASES.get(name, name))
    return [*([f"^(?:{narrow})$"] if narrow is not None else []), *([wide] if wide is not None else [])]


def patterns_said(column: Column) -> list[str]:
    """The regular expressions of the column's format; of its domain, where nobody is named whom it speaks of."""
    if is_format(column):
        return patterns_of(column.format or "")
    if not _is_domain(column) or column.of or column.locale:
        return []
    name = domain_of(column.domain or "")
    return _patterns_of_lists(name) if name in DOMAINS else patterns_of(name)


@lru_cache(maxsize=32)
def _patterns_of_lists(domain: str) -> list[str]:
    """The regular expression of a domain that a few short lists are all of; none of others."""
    whole = pieces_of(domain, True)
    assert whole is not None
    if sum(map(len, whole.tables)) > MOST_LISTED:
        return []
    return [f"^{''.join(f'(?:{_any_of(table.listed)})' for table in whole.tables)}$"]


def _any_of(texts: Iterable[str]) -> str:
    return "|".join(re.escape(text).replace("\\ ", " ") for text in texts)


@lru_cache(maxsize=128)
def pieces_of(name: str, domain: bool = False, shortest: int = 0, longest: int = MAXIMUM_LENGTH) -> Pieces | None:
    """The pieces of a format or a domain, with lists cut to texts that keep the whole within these lengths.

    None where that leaves nothing. Kept in the process, so that synthesizers travel as names.
    """
    if (shortest, longest) == (0, MAXIMUM_LENGTH):
        listed = DOMAINS.get(domain_of(name)) if domain else None
        return listed() if listed else format_named(domain_of(name) if domain else name).pieces()
    whole = pieces_of(name, domain)
    assert whole is not None
    return narrowed(whole, shortest, longest)


def narrowed(pieces: Pieces, shortest: int, longest: int) -> Pieces | None:
    """Pieces whose every text has `shortest` to `longest` characters: each list cut to a range of lengths.

    Of all the lists, the one that loses the least is cut, one length at a time, so most of the format remains. None
    where nothing does.
    """
    ranges = [list(table.lengths) for table in pieces.tables]
    shares = [_shares_of_lengths(table) for table in pieces.tables]
    for end, goal in ((1, longest), (0, shortest)):
        while (sum(lengths[end] for lengths in ranges) - goal) * (2 * end - 1) > 0:  # ends: a range shrinks each time
            cuttable = [p for p, (low, high) in enumerate(ranges) if low < high and p != pieces.check]
            if not cuttable:
                return None
            least = min(cuttable, key=lambda p: shares[p].get(ranges[p][end], 0.0))
            ranges[least][end] += 1 - 2 * end
            present = [length for length in shares[least] if ranges[least][0] <= length <= ranges[least][1]]
            if not present:
                return None
            ranges[least] = [min(present), max(present)]
    tables = [
        table if tuple(lengths) == table.lengths else table.of_length(*lengths)
        for table, lengths in zip(pieces.tables, ranges, strict=True)
    ]
    kept = tuple(table for table in tables if table is not None)
    return Pieces(kept, pieces.check) if len(kept) == len(tables) else None


def _shares_of_lengths(table: Texts) -> dict[int, float]:
    """How much of a list each length is."""
    weights = np.ones(len(table)) if table.weights is None else table.weights
    lengths = np.fromiter(map(len, table.listed), np.int64, len(table))
    shares = np.bincount(lengths, weights) / weights.sum()
    return {int(length): float(shares[length]) for length in np.unique(lengths)}


def is_format(column: Column) -> bool:
    """Whether a column is text of a known format."""
    return column.kind == "text" and not column.domain and column.format is not None and known(column.format)


def is_intersection(column: Column) -> bool:
    """Whether the pattern of a format or a domain is needed: beside patterns of the column, or for lengths that the
    pieces of a format have not."""
    if column.patterns or not is_format(column):
        return bool(column.patterns and patterns_said(column))
    if not patterns_said(column):
        return False
    whole = pieces_of(column.format or "")
    assert whole is not None
    shortest, longest = whole.lengths
    low = max(column.min_length or 0, 0)
    high = MAXIMUM_LENGTH if column.max_length is None else min(column.max_length, MAXIMUM_LENGTH)
    if low <= shortest and longest <= high:
        return False
    return low <= high and pieces_of(column.format or "", False, low, high) is None


# -- columns ----------------------------------------------------------------------------------------------------


class SynthesizeFormat(Synthesizer):
    """Text of a known format, each text as likely as the lists it is made of say.

    A column's min_length and max_length cut the lists; that the format allows no such length is an error.
    """

    domain = False

    @classmethod
    def match(cls, column: Column) -> bool:
        return is_format(column) and not column.key and not is_intersection(column)

    def prepare(self) -> None:
        law, _ = law_of(self.where, self.column.distribution)
        if law != "uniform":
            raise SchemaError(f"{self.where}: the distribution {law!r} does not apply to text.", hint="Leave it out.")
        self.name = (self.column.domain if self.domain else self.column.format) or ""
        self.lengths = (0, MAXIMUM_LENGTH)
        if self.column.patterns:
            raise SchemaError(
                f"{self.where}: the {self.said} and the pattern {self.column.patterns[0]!r} are declared at once, and "
                "no pattern says what that format is.",
                hint="Keep one of them; the pattern alone draws any text that matches it.",
            )
        self._fit_lengths()

    def _fit_lengths(self) -> None:
        """Cut the lists where the column allows fewer lengths than the format has."""
        shortest, longest = self.pieces.lengths
        low = self.column.min_length if self.column.min_length is not None else shortest
        high = self.column.max_length if self.column.max_length is not None else longest
        if low <= shortest and longest <= high:
            return
        if low > high or pieces_of(self.name, self.domain, low, min(high, MAXIMUM_LENGTH)) is None:
            raise SchemaError(
                f"{self.where}: no text of the {self.said} has {low} to {high} characters; they have {shortest} to "
                f"{longest}.",
                hint="Widen min_length and max_length.",
            )
        self.lengths = (low, min(high, MAXIMUM_LENGTH))

    @property
    def said(self) -> str:
        """What the column declares, as messages name it."""
        return f"{'domain' if self.domain else 'format'} {self.name!r}"

    @property
    def pieces(self) -> Pieces:
        """What the column is drawn from."""
        found = pieces_of(self.name, self.domain, *self.lengths)
        assert found is not None
        return found

    @property
    def law_text(self) -> str:
        weighted = any(table.weights is not None for table in self.pieces.tables)
        return "by the weights of its lists" if weighted else "uniform"

    @property
    def pooled(self) -> bool:
        """Whether values are indexes into a dictionary: those of a single short list are."""
        tables = self.pieces.tables
        return len(tables) == 1 and len(tables[0]) <= DICTIONARY_LIMIT

    @property
    def arrow_type(self) -> pa.DataType:
        return pa.dictionary(pa.int32(), pa.string()) if self.pooled else pa.string()

    @property
    def cardinality(self) -> int:
        """In how many ways a value can be drawn."""
        return self.pieces.cardinality

    @property
    def storage(self) -> Storage:
        size = self.pieces.mean_bytes
        bits = min(8 * size, math.log2(max(self.pieces.cardinality, 2)))
        return Storage(4 + size, bits, distinct=self.pieces.cardinality if self.pooled else None)

    def at(self, rows: Rows) -> pa.Array:
        if not self.pooled:
            return self.pieces.draw(rows, self.stream_key("value"))
        table = self.pieces.tables[0]
        indexes = np.empty(len(rows), np.int32)
        choose_indexes(self.words(rows, 1), np.uint64(len(table)), table.aliases, indexes)
        return pa.DictionaryArray.from_arrays(fixed_width_array(pa.int32(), indexes), table.dictionary)


class SynthesizeFormatKey(Ranked, SynthesizeFormat):
    """Text of a known format, each once: the row's rank, written as digits whose values are the format's pieces.

    The default order is scattered: a permutation of all texts. Refused for formats whose texts can be read in more
    than one way.
    """

    default_order = "scattered"

    @classmethod
    def match(cls, column: Column) -> bool:
        return is_format(column) and column.key is not None and not is_intersection(column)

    def prepare(self) -> None:
        SynthesizeFormat.prepare(self)
        assert self.column.key is not None
        if not self.pieces.decodes:
            raise SchemaError(
                f"{self.where}: the {self.said} does not serve as a primary key: two rows might have the same text.",
                hint="Use another format, such as 'uuid', or an integer key.",
            )
        if self.column.key.order == "ascending":
            raise SchemaError(
                f"{self.where}: text keys are sequential or scattered, not ascending.",
                hint='Use PrimaryKey() or PrimaryKey(order="sequential").',
            )
        self.prepare_order()

    @property
    def pooled(self) -> bool:
        return False

    @property
    def cardinality(self) -> int:
        """How many keys there are."""
        return self.pieces.capacity

    def unrank(self, ranks: Words) -> pa.Array:
        scattered = self.order.order == "scattered"
        return self.pieces.unrank(ranks, self.stream_key("value") if scattered else None)

    def rank(self, values: pa.Array) -> Words:
        return self.pieces.rank(values)

    def row_of(self, values: pa.Array) -> NDArray[np.int64]:
        rows: NDArray[np.int64] = self.order.row_of(self.rank(values))
        known_rows = rows >= 0
        made = self.at(rows[known_rows].astype(np.uint64)).to_pylist()  # a rank does not tell the pieces before it
        asked = values.filter(boolean_array(known_rows)).to_pylist()
        rows[known_rows] = np.where([a == b for a, b in zip(made, asked, strict=True)], rows[known_rows], -1)
        return rows


class SynthesizeDomain(SynthesizeFormat):
    """Text about something: Domain("city"), Domain("company"); formats are domains, too: Domain("email")."""

    domain = True

    @classmethod
    def match(cls, column: Column) -> bool:
        return _is_domain(column) and not column.key


class SynthesizeDomainKey(SynthesizeFormatKey, SynthesizeDomain):
    """Text about something, each once."""

    @classmethod
    def match(cls, column: Column) -> bool:
        return _is_domain(column) and column.key is not None


def _is_domain(column: Column) -> bool:
    name = domain_of(column.domain or "")
    return column.kind == "text" and (name in DOMAINS or known(name))


class SynthesizeNoDomain(SynthesizeString):
    """Refuses: text about something that nothing is known of, or that does not suit the field."""

    @classmethod
    def match(cls, column: Column) -> bool:
        name = domain_of(column.domain or "")
        alone = column.kind == "text" and column.domain is not None and name not in ("", PLAIN, "name")
        return alone and not _is_domain(column) and name not in PROSE

    def prepare(self) -> None:
        domain = self.column.domain or ""
        own = {*DOMAINS, *PROSE, *DOMAIN_KINDS, *OTHER_NAMES.values(), "name"}
        if domain_of(domain) in own:
            raise SchemaError(
                f"{self.where}: nothing of the domain {domain!r} can be drawn here.",
                hint="It is for plain fields of a model; a primary key is of another domain, or of none.",
            )
        near = suggestion(domain_key(domain), {*own, *OTHER_NAMES, *FORMATS, *ALIASES})
        listed = f"{suggestion('', own)} Formats are domains, too."
        raise SchemaError(
            f"{self.where}: there is no domain {domain!r}, and no synthesizer of yours matches it.",
            hint=near if near[-1] == "?" else listed,
        )


class SynthesizeProse(Synthesizer):
    """Sentences or paragraphs of frequent English words: 20 to 120 characters, or 200 to 800, unless declared.

    Each length is equally likely; no word is cut. There are so many that none is likely to come twice, but nothing
    promises it, so prose is no primary key.
    """

    takes_lengths = True

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.kind == "text" and domain_of(column.domain or "") in PROSE

    def prepare(self) -> None:
        column = self.column
        shortest, longest, self.many = PROSE[domain_of(column.domain or "")]
        if column.key or column.patterns or (column.distribution and column.distribution.name != "uniform"):
            raise SchemaError(
                f"{self.where}: prose takes lengths, but no key, pattern or distribution.",
                hint="Leave them out, or leave out the domain.",
            )
        low = column.min_length if column.min_length is not None else min(shortest, column.max_length or shortest)
        high = column.max_length if column.max_length is not None else max(longest, low)
        if not 0 <= low <= high <= MAXIMUM_LENGTH:
            raise SchemaError(
                f"{self.where}: texts of {low:,} to {high:,} characters are asked for.",
                hint=f"Correct min_length and max_length; at most {MAXIMUM_LENGTH:,}.",
            )
        self.lengths = low, high
        self.sized: LengthLaw | None = None
        if column.lengths:
            self.sized = LengthLaw.of(self.where, column, low, high, MAXIMUM_LENGTH, 0)
            self.lengths = self.sized.shortest, self.sized.longest

    def at(self, rows: Rows) -> pa.Array:
        sizes = (self.sized.at(self.words(rows, 2, "length")),) if self.sized else ()
        return prose().draw(rows, self.stream_key("value"), *self.lengths, self.many, *sizes)

    @property
    def law_text(self) -> str:
        return self.sized.described() if self.sized else even_lengths(*self.lengths)

    @property
    def storage(self) -> Storage:
        size = self.sized.mean if self.sized else sum(self.lengths) / 2
        return Storage(4 + size, 2.0 * size + 8)
