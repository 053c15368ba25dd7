"""This file knows what a synthesizer is: one column as a function of row numbers; and how a column finds its own.

A class that subclasses `Synthesizer` and writes `match` is found by it, the most specific and the latest first; or it
is named by the column. The built-in ones are found the same way. It writes either

    at(rows)            the values at any rows, from `self.words(rows)`: row-addressed, the fast way; or
    draw(generator, n)  n values from a NumPy generator: block-addressed, drawn once per fixed block of 65,536 rows.
"""

from __future__ import annotations

import re
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gen.block import array_of, boolean_array, plain, with_nulls
from gen.errors import SchemaError
from gen.schema.in_words import in_words
from gen.schema.links import Distribution, Key
from gen.schema.spec import EXTRA, Column, suggestion
from gen.streams import Rows, Stream, Words, stream_key
from gen.synth.formulas.expressions import Expression
from gen.synth.formulas.returned import answer_of, returned
from gen.synth.json_text import json_text
from gen.synth.listings import Listing
from gen.synth.rows import RowView

_CASE = re.compile(r"(?<!\\)\?")  # between a column and the case of its conditional table, in a path
_UNIFORM = Distribution("uniform")
# what gives other columns, or other tables, a say in a column's values
_TIES = ("derived", "function", "after", "when", "depends_on", "given", "company", "reference", "provider")
ADDRESS_BLOCK = 65_536  # rows drawn together by a synthesizer that only writes `draw`; fixed for ever

_ARROW_TYPES = {
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "text": pa.string(),
    "bytes": pa.binary(),
    "datetime": pa.timestamp("us"),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "duration": pa.duration("us"),
    "uuid": pa.binary(16),
    "null": pa.null(),
    "any": pa.string(),
}


@dataclass(frozen=True)
class Storage:
    """What a sink may know of a column when it chooses an encoding. Sizes are per value.

    bytes: plain, uncompressed. bits: of information, at most.
    distinct: how many different values, where they are few; None where they are many or unknown.
    """

    bytes: float
    bits: float
    distinct: int | None = None


class Synthesizer:
    """One column of `rows` rows: row numbers in, an Arrow array out. Picklable, small, without state.

    Subclasses may override `prepare` (check the declaration; called once), `arrow_type`, `cardinality`, `storage`, and
    one of `at` and `draw`. A class that serves primary keys and promises distinct values for distinct rows sets
    `unique = True`.
    """

    unique: ClassVar[bool] = False
    serves_references: ClassVar[bool] = False  # whether the class draws foreign keys
    copula: Any = None  # where the column is correlated with others
    correlations: Mapping[str, float] = {}  # those declared, here or there, by the other column's name
    tied_to: tuple[str, ...] = ()  # the columns of its group, its own name included
    takes_lengths: ClassVar[bool] = False  # whether the class draws lengths by a law; the user's own may read it
    goes_first: ClassVar[bool] = False  # whether it is asked before the user's classes: it wraps another
    pools: Any = None  # the keys of other tables, by "Table.column", where the column or a part of it refers to some
    first_spares: Callable[[], Any] | None = None  # of what its model judges: the spare pool of its first attempt
    classes_defined: ClassVar[int] = 0

    def __init__(
        self, column: Column, table: str, rows: int, seed: int, path: str | None = None, attempt: int = 0
    ) -> None:
        self.column = column
        self.table = table
        self.rows = rows
        self.seed = seed
        self.path = path_of(column.name) if path is None else path  # of a part: address.city, tags[]
        self.attempt = attempt  # other values at the same rows, where the first ones were not accepted
        self._drawn: tuple[int, pa.Array] | None = None
        self._streams: dict[tuple[str, int], Stream] = {}
        self.condition = Expression(self.where, column.when) if column.when else None
        self.prepare()

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        Synthesizer.classes_defined += 1

    @classmethod
    def match(cls, column: Column) -> bool:
        """Whether this class draws such columns, where the column does not name its synthesizer."""
        return False

    @classmethod
    def seen_in(cls, column: Column) -> str:
        """What of the column the class draws it for, in words: not what it leaves unheeded."""
        return in_words(column)

    @property
    def reason(self) -> str:
        """Why this synthesizer was chosen, in words."""
        return "named by the column" if _is_named(self.column) else f"matches {self.seen_in(self.column)}"

    def prepare(self) -> None:
        """Read and check the declaration; raise SchemaError where it cannot be met."""

    @property
    def where(self) -> str:
        """The column as messages name it: Table.column, Table.column.part."""
        path = re.sub(rf"\.?{EXTRA}+", "{}", self.path)
        return f"{self.table}.{_CASE.sub(' given ', path)}" if path else self.table

    @property
    def arrow_type(self) -> pa.DataType:
        """The type of every array that `at` returns."""
        if self.column.kind == "choice":
            return array_of(self.column.choices).type
        return _ARROW_TYPES[self.column.kind]

    @property
    def cardinality(self) -> int | None:
        """How many different values there are; None where that is not known."""
        return None

    @property
    def storage(self) -> Storage:
        try:
            return Storage(self.arrow_type.bit_width / 8, self.arrow_type.bit_width)
        except ValueError:  # text has no fixed width
            length = ((self.column.min_length or 1) + (self.column.max_length or 32)) / 2
            return Storage(4 + length, 8 * length)

    def listing(self, most: int) -> Listing | None:
        """Every value that may be drawn, a null among them, and how likely each is.

        None where they are more than `most`, where other columns have a say, or where that is not known.
        """
        column = self.column
        if self.copula is not None or any(getattr(column, tie) for tie in _TIES) or column.null_value is not None:
            return None
        found = self.listed_values(most)
        if found is None or len(found) + bool(column.nulls) > most:
            return None
        return found.with_null(column.nulls) if column.nulls else found

    def listed_values(self, most: int) -> Listing | None:
        """The values of `listing`, without the column's own nulls: what can be counted, where no law is declared."""
        if not self.is_built_in or self.column.distribution not in (None, _UNIFORM):
            return None
        keyed = keys_like(self, 1)
        count = keyed.cardinality if keyed else None
        if count is None or count > most or (keyed := keys_like(self, count)) is None:
            return None
        values = keyed.at(range(count))
        return Listing.even(plain(values))

    def storages(self, path: str) -> dict[str, Storage]:
        """What a sink may know of the values by their path in Parquet: of a nested column, of each of its leaves."""
        return {path: self.storage}

    @property
    def law_text(self) -> str:
        """How values are distributed by themselves, in words: "uniform", "normal(mean=3, deviation=1)"."""
        return "uniform" if self.is_built_in else f"as {type(self).__name__} draws it"

    @property
    def distribution_text(self) -> str:
        """How values are distributed, in words: by themselves, with what others, and where there are some."""
        said = f"each once, {order}" if self.column.key and (order := self.key_order) else self.law_text
        ties = [f"{name} {coefficient:g}" for name, coefficient in self.correlations.items()]
        said += f", correlated with {' and '.join(ties)}" if ties else ""
        return f"{said}, when {self.column.when}" if self.column.when else said

    @property
    def key_order(self) -> str:
        """How keys follow their rows: "ascending", "sequential", "scattered"; "" where that is not known."""
        order: Any = getattr(self, "order", "") if self.is_built_in else ""
        return str(getattr(order, "order", order))

    @property
    def block_addressed(self) -> bool:
        """Whether values come from `draw`, a whole block of rows at a time."""
        return type(self).at is Synthesizer.at

    def words(self, rows: Rows, width: int = 2, purpose: str = "value") -> Words:
        """The column's random words at these rows: uint64 array of len(rows) * width / 2."""
        stream = self._streams.get((purpose, width))
        if stream is None:
            stream = self._streams[purpose, width] = Stream(self.stream_key(purpose), width)
        return stream.words(rows)

    def value_words(self, rows: Rows) -> Words:
        """The words that values are made of: the column's own, or those that its correlations make of several."""
        return self.words(rows) if self.copula is None else self.words_of(self.copula.probabilities(rows))

    def words_of(self, probabilities: Words) -> Words:
        """Words whose values ascend with plain probabilities, word / 2^64. The map is its own inverse."""
        return probabilities

    def stream_key(self, purpose: str) -> int:
        """The 64-bit key of the column's stream for a purpose."""
        attempt = f" attempt {self.attempt}" if self.attempt else ""
        return stream_key(self.seed, self.table, self.path, purpose + attempt)

    def check_beside(self, others: Mapping[str, Synthesizer]) -> None:
        """Refuse what the column says of values that the fields beside it never have."""

    def part(self, column: Column, path: str, rows: int | None = None) -> Synthesizer:
        """The synthesizer of a part of this column."""
        return synthesizer_of(column, self.table, self.rows if rows is None else rows, self.seed, path, self.attempt)

    def again(self, attempt: int, column: Column | None = None) -> Synthesizer:
        """The same column with other values at the same rows."""
        other = synthesizer_of(column or self.column, self.table, self.rows, self.seed, self.path, attempt)
        other.take_pools(self.pools)
        if any(other.column.judges()):
            other._share_spares(self)
        return other

    def _share_spares(self, first: Synthesizer) -> None:
        """Have all that models judge here share the spare pools that `first`, the same at another attempt, knows."""
        known = {part.path: part.first_spares for part in first.every_part() if part.first_spares}
        for part in self.every_part():
            if part.column.judge:
                part.first_spares = known.get(part.path, part.first_spares)

    def every_part(self) -> Iterator[Synthesizer]:
        """This synthesizer, and every one that draws a part for it."""
        yield self
        for part in self._drawn_by():
            yield from part.every_part()

    def _drawn_by(self) -> Iterator[Synthesizer]:
        """The synthesizers that this one draws with."""
        for value in vars(self).values():
            items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else (value,)
            yield from (item for item in items if isinstance(item, Synthesizer))

    def take_pools(self, pools: Any) -> None:
        """Take the keys that references, here and in the parts, choose from: (pool, storage) by "Table.column"."""
        if pools:
            self.pools = pools
            for part in self._drawn_by():
                part.take_pools(pools)

    def values(self, rows: Rows) -> pa.Array:
        """What the column holds at these rows: `at`, with the nulls that it declares; user code's is checked."""
        array = self.checked_at(rows)
        return array if self.column.nulls is None else self.only_where(self.is_there(rows, self.column.nulls), array)

    def checked_at(self, rows: Rows) -> pa.Array:
        """`at`; what user code returns is checked."""
        return self.at(rows) if self.is_built_in else self.guarded(lambda: self.at(rows), len(rows))

    def only_where(self, there: NDArray[np.bool_], array: pa.Array) -> pa.Array:
        """The values, but a null, or the value that stands for none, where `there` is False."""
        return with_nulls(array, there) if self.column.null_value is None else self._with_value(array, there)

    def _with_value(self, array: pa.Array, there: NDArray[np.bool_]) -> pa.Array:
        """The values, but the one that stands for none where `there` is False."""
        if pa.types.is_dictionary(array.type):
            return self._with_value(plain(array), there).dictionary_encode()
        try:
            instead = array_of([self.column.null_value], array.type)[0]
        except (pa.ArrowException, TypeError, ValueError) as error:
            raise SchemaError(
                f"{self.where}: {self.column.null_value!r} stands for no value, and is no {array.type}.",
                hint="Give a value of the field's own type.",
            ) from error
        return pc.if_else(boolean_array(there), array, instead)

    @property
    def is_built_in(self) -> bool:
        """Whether it is gen's own, and not the user's."""
        return type(self).__module__.startswith("gen.synth.")

    def values_in(self, row: RowView) -> pa.Array:
        """The values at a row's place, beside the other columns of the row: null where the column's condition fails."""
        return self.conditioned(self.values(row.rows), row)

    def conditioned(self, array: pa.Array, row: RowView) -> pa.Array:
        """The values, but none where the condition that the column may declare does not hold."""
        return array if self.condition is None else self.only_where(row.holds(self.condition), array)

    def is_there(self, rows: Rows, nulls: float) -> NDArray[np.bool_]:
        """Bool array: whether each row has a value, where a share of them has none."""
        there: NDArray[np.bool_] = self.words(rows, 1, "null") >= np.uint64(round(nulls * 2**32))
        return there

    def python(self, array: pa.Array) -> list[Any]:
        """The values as a model of Pydantic takes them."""
        values: list[Any] = array.to_pylist()
        return values

    def json(self, array: pa.Array) -> pa.Array:
        """Each value as JSON text, in an Arrow text array; a null stays one."""
        return json_text(array)

    def at(self, rows: Rows) -> pa.Array:
        """The values at these rows, in that order: an array of exactly len(rows), of `arrow_type`."""
        if not len(rows):
            return pa.nulls(0, self.arrow_type)
        if isinstance(rows, range):
            pieces = [self._block(b, start, stop) for b, start, stop in _blocks(rows)]
            return pa.chunked_array(pieces).combine_chunks() if len(pieces) > 1 else pieces[0]
        blocks, places = np.divmod(rows, np.uint64(ADDRESS_BLOCK))
        order = np.argsort(blocks, kind="stable")
        touched, starts = np.unique(blocks[order], return_index=True)
        stops = [*starts.tolist()[1:], rows.size]
        pieces = [
            self._block(int(b), 0, ADDRESS_BLOCK).take(pa.array(places[order[start:stop]]))
            for b, start, stop in zip(touched, starts, stops, strict=True)
        ]
        back = np.empty(rows.size, np.int64)
        back[order] = np.arange(rows.size)
        return pa.chunked_array(pieces).combine_chunks().take(pa.array(back))

    def draw(self, generator: np.random.Generator, n: int) -> Any:
        """n values, as an array or a list, from a NumPy generator; n is always the block's 65,536."""
        raise SchemaError(
            f"{self.where}: the synthesizer {type(self).__name__} writes neither `at` nor `draw`.",
            hint="Write `def draw(self, generator, n)` and return n values.",
        )

    def _block(self, block: int, start: int, stop: int) -> pa.Array:
        """Rows start to stop of an address block, drawn whole; the last block drawn is kept."""
        drawn = self._drawn  # of this thread: another may draw another block at the same time
        if drawn is None or drawn[0] != block:
            generator = np.random.Generator(np.random.Philox(key=[self.stream_key("draw"), block]))
            drawn = self._drawn = block, self.guarded(lambda: self.draw(generator, ADDRESS_BLOCK), ADDRESS_BLOCK)
        return drawn[1].slice(start, stop - start)

    def guarded(self, task: Callable[[], Any], n: int) -> pa.Array:
        """What user code returns when it is asked, checked; its exceptions as an error with file and line."""
        return self.checked(answer_of(self, task), n)

    def checked(self, values: Any, n: int) -> pa.Array:
        """What user code returned, as an array of the right type and length, or an error that says what it was."""
        return returned(self, values, n)

    def forget(self) -> None:
        """Drop what was drawn, so that it is drawn again."""
        self._drawn = None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_drawn": None}


class ReadAsAnother(Synthesizer):
    """A column whose values are made here, and stored and read as those of another synthesizer are: of `inner`."""

    inner: Synthesizer

    @property
    def arrow_type(self) -> pa.DataType:
        return self.inner.arrow_type

    @property
    def storage(self) -> Storage:
        return self.inner.storage

    def storages(self, path: str) -> dict[str, Storage]:
        return self.inner.storages(path)

    def python(self, array: pa.Array) -> list[Any]:
        return self.inner.python(array)

    def json(self, array: pa.Array) -> pa.Array:
        return self.inner.json(array)


def path_of(name: str, inside: str = "") -> str:
    """The path of a column, or of a part inside another. What paths are made of is marked: no two columns share one."""
    said = re.sub(r"[.\[\]{}#|?\\]", r"\\\g<0>", name)
    return f"{inside}.{said}" if inside else said


def _blocks(rows: range) -> Iterator[tuple[int, int, int]]:
    """The address blocks a range touches, each with the part of it inside the range."""
    for block in range(rows.start // ADDRESS_BLOCK, -(-rows.stop // ADDRESS_BLOCK)):
        base = block * ADDRESS_BLOCK
        yield block, max(rows.start - base, 0), min(rows.stop - base, ADDRESS_BLOCK)


def keys_like(synthesizer: Synthesizer, rows: int) -> Synthesizer | None:
    """What gives so many rows a column's values, each once and in order; None where they are no keys."""
    keyed = replace(synthesizer.column, key=Key("sequential"), distribution=None, nulls=None)
    try:
        found = synthesizer.part(keyed, synthesizer.path, rows)
    except SchemaError:  # of a kind that is no key, or not in this order
        return None
    return found if found.unique else None


# -- how a column finds its synthesizer --------------------------------------------------------------------


def synthesizer_classes(base: type[Synthesizer] = Synthesizer) -> Iterator[type[Synthesizer]]:
    """Every subclass, the most specific first, and of equals the one defined last."""
    for subclass in reversed(base.__subclasses__()):
        yield from synthesizer_classes(subclass)
        yield subclass


def synthesizer_of(
    column: Column, table: str, rows: int, seed: int, path: str | None = None, attempt: int = 0
) -> Synthesizer:
    """The synthesizer that draws a column, or a part of one."""
    where = f"{table}.{path or column.name}"
    found = find_synthesizer(column, where)
    if column.lengths and not found.takes_lengths and found.__module__.startswith("gen."):
        raise SchemaError(
            f"{where}: lengths are declared by a law, and {found.__name__} draws a {in_words(column)}.",
            hint="Leave lengths out; they are for text, bytes, lists and dicts that are no key and of no format.",
        )
    return found(column, table, rows, seed, path, attempt)


def find_synthesizer(column: Column, where: str) -> type[Synthesizer]:
    """The class that draws a column: named by the column, or the first whose `match` says yes."""
    if _is_named(column):
        return _named(column, where)
    for reference in _candidates(column.reference is not None, Synthesizer.classes_defined):
        found = reference()
        if found is not None and found.match(column):
            return found
    raise SchemaError(f"{where}: no synthesizer draws a {in_words(column)}.", hint="Write one with a `match`.")


def _is_named(column: Column) -> bool:
    return column.synthesizer is not None and not column.depends_on


def _named(column: Column, where: str) -> type[Synthesizer]:
    """The class of the name that the column gives."""
    references = _candidates(column.reference is not None, Synthesizer.classes_defined)
    classes = [found for found in (reference() for reference in references) if found is not None]
    undecided = replace(column, synthesizer=None)
    fit = {found.__name__ for found in classes if not found.__module__.startswith("gen.") or found.match(undecided)}
    named = next((found for found in classes if found.__name__ == column.synthesizer), None)
    if named is None:
        hint = suggestion(column.synthesizer or "", fit)
        raise SchemaError(f"{where}: there is no synthesizer {column.synthesizer!r}.", hint=hint)
    if named.__name__ not in fit:
        raise SchemaError(
            f"{where}: it names {named.__name__}, which is gen's own and does not draw a {in_words(undecided)}.",
            hint=f"Name a class of your own, or none. {suggestion('', fit)}",
        )
    return named


# The modules of gen's own classes in the order in which these are asked, whichever was imported first. What is more
# particular comes before what it is made of: a value after another, then one that is checked, then plain ones.
_ASKED = [
    "held",
    "continued",
    "agreeing.people",
    "agreeing.places",
    "agreeing.births",
    "agreeing.together",
    "faker_pool",
    "judging.judged",
    "related.aggregates",
    "related.copies",
    "tied.ordered_floats",
    "tied.ordered",
    "tied.derived",
    "judging.checked",
    "constants",
    "cased",
    "containers.unions",
    "containers.containing",
    "containers.lists",
    "nested",
    "pattern",
    "identifiers",
    "formats",
    "names",
    "text",
    "times",
    "decimals",
    "clock",
    "numbers",
    "choices",
    "ranked",
    "related.groups",
    "related.dealing",
    "related.references",
    "synthesizer",
]


def _turn(found: type[Synthesizer]) -> tuple[bool, bool, int]:
    """Which class is asked before which: those that wrap others, the user's, gen's own by their modules."""
    module = found.__module__
    is_own = module.startswith("gen.")
    return not found.goes_first, is_own, _ASKED.index(module.removeprefix("gen.synth.")) if is_own else 0


@lru_cache(maxsize=2)
def _candidates(refers: bool, defined: int) -> list[weakref.ref[type[Synthesizer]]]:
    """The classes in the order in which they are asked: those that wrap others, the user's, the built-in ones."""
    classes = [found for found in dict.fromkeys(synthesizer_classes()) if found.serves_references == refers]
    classes.sort(key=_turn)
    return [weakref.ref(found) for found in classes]  # what a user drops is gone
