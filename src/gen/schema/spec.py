"""This file knows the frozen vocabulary every schema is translated into: Spec, Table, Column, Key, Reference.

It is pure data: it compares, hashes, and goes through JSON and back unchanged. What a column *means* is said by
facts; how it is drawn is the synthesizer's business.
"""

from __future__ import annotations

import datetime
import decimal
import difflib
import uuid
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeAlias

from gen.errors import BadRequest
from gen.schema.domains import Company, Provider, field_key, name_in
from gen.schema.links import Aggregate, Distribution, Key, Ordinal, Reference

# kind of column -> the Python type a field has
KINDS = {
    "integer": "int",
    "number": "float",
    "decimal": "decimal.Decimal",
    "boolean": "bool",
    "text": "str",
    "bytes": "bytes",
    "datetime": "datetime.datetime",
    "date": "datetime.date",
    "time": "datetime.time",
    "duration": "datetime.timedelta",
    "uuid": "uuid.UUID",
    "choice": "an Enum or Literal",
    "null": "None",
    "object": "a model",
    "list": "a list",
    "tuple": "a tuple",
    "map": "a dict",
    "union": "a union",
    "any": "Any",
}
# of what listed values are -> the kind that has them
_KINDS_OF_CHOICES: dict[type, str] = {
    str: "text",
    int: "integer",
    float: "number",
    bool: "boolean",
    bytes: "bytes",
    decimal.Decimal: "decimal",
    datetime.datetime: "datetime",
    datetime.date: "date",
    datetime.time: "time",
    datetime.timedelta: "duration",
    uuid.UUID: "uuid",
}
EXTRA = "\0"  # the name of the part of an object that holds undeclared properties, as a map; of more, so many of it
DEFAULT_ROWS = 1000  # of a table that nobody asks for more or fewer of
DEFAULT_NULLS = 0.05  # of an Optional field, or one that may be left out, unless it says otherwise

Bound: TypeAlias = (
    "int | float | decimal.Decimal | datetime.datetime | datetime.date | datetime.time | datetime.timedelta"
)


@dataclass(frozen=True)
class After:
    """The value lies after another field's, `least` to `within` further: in the unit of laws, for times seconds."""

    field: str
    least: float | None = None
    within: float | None = None


@dataclass(frozen=True, repr=False)
class Column:
    """One column: what its values are, and what bounds them. `minimum` .. `maximum_excluded` as declared.

    A column may be made of others, its parts: the fields of an object, the item of a list, the items of a tuple, the
    key and the value of a map, the branches of a union.

    max_digits, decimal_places: of a decimal. min_length, max_length: characters of text, bytes, items or entries.
    lengths: the law of those. patterns: regular expressions that all match somewhere in the text.
    format: what the text is, as "email". case: "upper" or "lower", into which text is put after it was drawn.
    zoned: whether a date-time or a time has a time zone; None where either will do.
    relative: "past" or "future", seen from the run's `as_of`. version: of a UUID.
    unique_items: no item of the list is there twice. as_python: what of its items, or keys, Python calls equal is one,
    though it is not in Arrow: 1 and True, sets in another order. contained: of a list whose item is a union, how many
    items it has of each branch but the first, at least and at most; None: not more than there must be.
    weights: of the choices, or of a union's branches.
    undrawn: branches that the declaration has and no value is ever of, by name, each with the reason.
    nulls: the share of rows without a value; None where there is always one. null_value: what stands for no value, as
    "999-99-9999"; None: a null. may_be_absent: whether an object may
    leave the field out, which is what a null then means.
    title: what the model of an object is called, where that says whose `name` is in it.
    stored: "text" (a UUID) or "json" (what has no Arrow type of its own) instead of the kind's own type.
    check: a JSON Schema, as JSON text, that values must satisfy and that the other facts do not say completely.
    judge: the name of the model, in Python, whose own validators an object inside a row must satisfy besides.
    description: what it is, for readers.

    What ties it to other columns of the row: derived, an expression, or function, the name of one in Python, that
    computes it; after; when, a condition without which it is null; depends_on, columns whose values decide it, by the
    table `values` if there is one; given, a column for each of whose values it has a part of its own; correlated,
    coefficients by column. noise: rates of dirty values by kind; the empty kind stands for all that suit.
    unique: names of groups of columns that are unique together; where it is unique alone, its own.
    ordinal: the number of the row among those with the same parent. copied: where its value is copied from: references,
    one after the other, and a column of the table that they lead to. aggregate: of the rows that refer to this one.
    held: what its values are called, of a table that exists already.
    domain: what text is about; locale: of which language or country it is; of: whom it speaks of, where a row speaks of
    several. company: what it shares with the columns that speak of the same one; implied: whether the domain is what
    the column's name says; both are filled in by a plan.
    """

    name: str
    kind: str
    minimum: Bound | None = None
    maximum: Bound | None = None
    minimum_excluded: bool = False
    maximum_excluded: bool = False
    multiple_of: int | float | decimal.Decimal | None = None
    max_digits: int | None = None
    decimal_places: int | None = None
    min_length: int | None = None
    max_length: int | None = None
    lengths: Distribution | None = None
    patterns: tuple[str, ...] = ()
    format: str | None = None
    case: str | None = None
    zoned: bool | None = None
    relative: str | None = None
    version: int | None = None
    unique_items: bool = False
    as_python: bool = False
    contained: tuple[tuple[int, int | None], ...] = ()
    choices: tuple[Any, ...] = ()
    weights: tuple[float, ...] = ()
    undrawn: tuple[tuple[str, str], ...] = ()
    parts: tuple[Column, ...] = ()
    nulls: float | None = None
    null_value: Any = None
    may_be_absent: bool = False
    title: str | None = None
    stored: str | None = None
    check: str | None = None
    judge: str | None = None
    derived: str | None = None
    function: str | None = None
    when: str | None = None
    after: After | None = None
    depends_on: tuple[str, ...] = ()
    values: tuple[tuple[Any, Any], ...] = ()
    given: str | None = None
    correlated: tuple[tuple[str, float], ...] = ()
    noise: tuple[tuple[str, float], ...] = ()
    key: Key | None = None
    unique: tuple[str, ...] = ()
    reference: Reference | None = None
    ordinal: Ordinal | None = None
    copied: tuple[str, ...] = ()
    aggregate: Aggregate | None = None
    held: str | None = None
    distribution: Distribution | None = None
    domain: str | None = None
    locale: str | None = None
    of: str | None = None
    company: Company | None = None
    implied: bool = False
    provider: Provider | None = None
    synthesizer: str | None = None
    description: str | None = field(default=None, compare=False)

    def __repr__(self) -> str:
        said = [f"{n}={getattr(self, n)!r}" for n, default in COLUMN_DEFAULTS.items() if getattr(self, n) != default]
        return f"Column({', '.join(said)})"

    @property
    def references(self) -> tuple[Reference, ...]:
        """What it refers to: one table, or, given another field, one of several."""
        if self.given is None:
            return () if self.reference is None else (self.reference,)
        return tuple(part.reference for part in self.parts if part.reference is not None)

    @property
    def may_be_null(self) -> bool:
        """Whether some rows may have no value."""
        if self.kind == "union" and any(part.may_be_null for part in self.parts):
            return True
        return (self.nulls is not None and self.null_value is None) or self.kind == "null"

    def never_drawn(self) -> Iterator[tuple[str, str]]:
        """Every branch of it, by name, or of a part, by its path, that no value is of; each with the reason."""
        for path, column in with_parts([self]):
            yield from ((name if path == self.name else f"{path}|{name}", why) for name, why in column.undrawn)

    @property
    def nulls_if_optional(self) -> float:
        """The share of nulls where it may have some: the one declared; none of its own where other fields decide."""
        if self.nulls is not None:
            return self.nulls
        return 0.0 if self.derived or self.function or self.depends_on else DEFAULT_NULLS

    def functions(self) -> Iterator[str]:
        """The names of the functions that compute it, or a part of it."""
        yield from [self.function] if self.function else []
        for part in self.parts:
            yield from part.functions()

    def judges(self) -> Iterator[str]:
        """The names of the models that validate it, or a part of it."""
        yield from [self.judge] if self.judge else []
        for part in self.parts:
            yield from part.judges()

    def judged_by(self, names: Container[str]) -> Column:
        """The column without any judge but these."""
        if not any(name not in names for name in self.judges()):
            return self
        judge = self.judge if self.judge in names else None
        return replace(self, judge=judge, parts=tuple(part.judged_by(names) for part in self.parts))

    def titled(self, title: str | None) -> Column:
        """The object with what its model is called, where that says whose `name` is in it."""
        named = title and name_in(title) and any(field_key(part.name) == "name" for part in self.parts)
        return replace(self, title=title) if named else self

    def untitled(self) -> Column:
        """The column, and its parts, without what their models are called."""
        return replace(self, title=None, parts=tuple(part.untitled() for part in self.parts))

    @property
    def value_kind(self) -> str:
        """What its values are, whether they are listed or not."""
        if self.kind != "choice" or self.stored is not None:
            return self.kind
        return _KINDS_OF_CHOICES.get(type(self.choices[0]), "choice")

    @property
    def bounded(self) -> bool:
        """Whether the declaration says anything about which numbers are allowed."""
        return self.minimum is not None or self.maximum is not None or self.multiple_of is not None


@dataclass(frozen=True)
class Table:
    """One table. `rows` is its declared row count; a `fixed` table keeps it when a run is scaled.

    document: its rows are values of a JSON Schema, not instances of a model; if it has the one column `value`, each is
    the whole row. whole: what rows are drawn as, where a schema ties the columns together. undrawn: of its rows, as of
    a column's values. follows: its rows are as many as the parents' children come to, whose numbers a column declares;
    `rows` was not asked for. existing: its rows exist already, and are not written. extends: the
    table that exists already whose rows come before its own for those that refer to it. description: what it is, for
    readers.
    """

    name: str
    columns: tuple[Column, ...]
    rows: int = DEFAULT_ROWS
    fixed: bool = False
    document: bool = False
    whole: Column | None = None
    undrawn: tuple[tuple[str, str], ...] = ()
    follows: bool = False
    existing: bool = False
    extends: str | None = None
    description: str | None = field(default=None, compare=False)

    def column(self, name: str) -> Column:
        return self.by_name[name]

    @cached_property
    def by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    @property
    def primary_key(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.key and column.key.primary)


def with_rows(table: Table, rows: int | None) -> Table:
    """The table with so many rows; None: with as many as its parents' children come to, where it declares that."""
    follows = rows is None and any(column.reference and column.reference.children for column in table.columns)
    return replace(table, rows=DEFAULT_ROWS if rows is None else rows, follows=follows)


@dataclass(frozen=True)
class Spec:
    """A whole schema: its tables in the order they were declared."""

    name: str
    tables: tuple[Table, ...] = field(default=())

    def table(self, name: str) -> Table:
        """The table of that name, or an error that suggests the nearest."""
        for table in self.tables:
            if table.name == name:
                return table
        names = [table.name for table in self.tables]
        raise BadRequest(f"There is no table {name!r} in the schema {self.name!r}.", hint=suggestion(name, names))

    def seen_from(self, day: datetime.date) -> Spec:
        """The schema with past and future as bounds: up to the day before `day`, and from two days after it."""
        tables = tuple(
            replace(
                table,
                columns=tuple(_seen_from(column, day) for column in table.columns),
                whole=_seen_from(table.whole, day) if table.whole else None,
            )
            for table in self.tables
        )
        return replace(self, tables=tables)

    def judged_by(self, names: Container[str]) -> Spec:
        """The schema without any judge but these."""
        tables = (replace(t, columns=tuple(c.judged_by(names) for c in t.columns)) for t in self.tables)
        return replace(self, tables=tuple(tables))


# how a part is named after its column's path, by the column's kind; the default is ".name"
_PATHS = {"list": ("[]",), "map": ("[]", "{}")}


def with_parts(columns: Iterable[Column], inside: str = "") -> Iterator[tuple[str, Column]]:
    """Every column, and every part of one, with its path."""
    for column in columns:
        path = f"{inside}{column.name}"
        yield path, column
        endings = _PATHS.get(column.kind)
        for i, part in enumerate(column.parts):
            yield from with_parts([replace(part, name=endings[i])] if endings else [part], path + "." * (not endings))


def _seen_from(column: Column, day: datetime.date) -> Column:
    if column.parts:
        column = replace(column, parts=tuple(_seen_from(part, day) for part in column.parts))
    if column.relative is None:
        return column
    past = column.relative == "past"
    bound: Any = day + datetime.timedelta(days=-1 if past else 2)
    known = column.maximum if past else column.minimum
    if column.kind == "datetime":
        bound = datetime.datetime(bound.year, bound.month, bound.day)
        if isinstance(known, datetime.datetime) and known.tzinfo is not None:
            bound = bound.replace(tzinfo=datetime.UTC)
    if known is not None and (known <= bound if past else known >= bound):
        return column
    side = "maximum" if past else "minimum"
    return replace(column, **{side: bound, f"{side}_excluded": False})


def is_extra(name: str) -> bool:
    """Whether a part of an object holds its undeclared properties."""
    return bool(name) and not name.strip(EXTRA)


def suggestion(name: str, known: Iterable[str]) -> str:
    """A sentence that offers the nearest known name, or lists them."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, 1, 0.5)
    if near:
        return f"Did you mean {near[0]!r}?"
    return f"There are: {', '.join(names)}." if names else "There are none."


# -- JSON ----------------------------------------------------------------------------------------------

COLUMN_DEFAULTS = {name: f.default for name, f in Column.__dataclass_fields__.items()}
