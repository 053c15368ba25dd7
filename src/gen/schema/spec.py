"""This file knows the frozen vocabulary every schema is translated into: Spec, Table, Column, Key, Reference.

It is pure data: it compares, hashes, and goes through JSON and back unchanged. What a column *means* is said by
facts; how it is drawn is the synthesizer's business.
"""

from __future__ import annotations

import datetime
import difflib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, TypeAlias

from gen.errors import BadRequest, ReferenceError, SchemaError

# kind of column -> the Python type a field has
KINDS = {
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "text": "str",
    "datetime": "datetime.datetime",
    "date": "datetime.date",
    "choice": "an Enum or Literal",
}
KEY_ORDERS = ("ascending", "sequential", "scattered")

Bound: TypeAlias = "int | float | datetime.datetime | datetime.date"


@dataclass(frozen=True)
class Key:
    """The column is its table's primary key; `order` is how keys follow row numbers (None: the type's default)."""

    order: str | None = None


@dataclass(frozen=True)
class Reference:
    """The column holds keys of another table (or of its own)."""

    table: str
    column: str

    def __str__(self) -> str:
        return f"{self.table}.{self.column}"


@dataclass(frozen=True)
class Distribution:
    """The law of a column's values, by name, with its parameters in the column's own units.

    A parameter is a number, a tuple of numbers, or a tuple of distributions: the parts of a mixture.
    """

    name: str
    parameters: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class Column:
    """One column: what its values are, and what bounds them. `minimum` .. `maximum_excluded` as declared."""

    name: str
    kind: str
    minimum: Bound | None = None
    maximum: Bound | None = None
    minimum_excluded: bool = False
    maximum_excluded: bool = False
    multiple_of: int | float | None = None
    min_length: int | None = None
    max_length: int | None = None
    choices: tuple[str | int | float | bool, ...] = ()
    key: Key | None = None
    reference: Reference | None = None
    distribution: Distribution | None = None
    domain: str | None = None
    synthesizer: str | None = None

    @property
    def bounded(self) -> bool:
        """Whether the declaration says anything about which numbers are allowed."""
        return self.minimum is not None or self.maximum is not None or self.multiple_of is not None


@dataclass(frozen=True)
class Table:
    """One table. `rows` is its declared row count; a `fixed` table keeps it when a run is scaled."""

    name: str
    columns: tuple[Column, ...]
    rows: int = 1000
    fixed: bool = False

    def column(self, name: str) -> Column:
        return self._by_name[name]

    @property
    def _by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    @property
    def primary_key(self) -> Column | None:
        return next((column for column in self.columns if column.key), None)


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

    def check(self) -> None:
        """Refuse references that do not resolve, and tables with no or several primary keys where one is needed."""
        for table in self.tables:
            keys = [column.name for column in table.columns if column.key]
            if len(keys) > 1:
                raise SchemaError(
                    f"{table.name}: {', '.join(keys)} are all declared primary key; one column is supported.",
                    hint="Keep one of them as the primary key.",
                )
            for column in table.columns:
                if column.reference:
                    self._check_reference(table, column, column.reference)

    def _check_reference(self, table: Table, column: Column, reference: Reference) -> None:
        where = f"{table.name}.{column.name} refers to {reference}"
        facts = {"table": table.name, "column": column.name, "target": str(reference)}
        target = next((t for t in self.tables if t.name == reference.table), None)
        if target is None:
            names = [t.name for t in self.tables]
            raise ReferenceError(
                f"{where}, but there is no table {reference.table!r}.", hint=suggestion(reference.table, names), **facts
            )
        if reference.column not in target._by_name:
            raise ReferenceError(
                f"{where}, but {target.name} has no field {reference.column!r}.",
                hint=suggestion(reference.column, target._by_name),
                **facts,
            )
        parent = target.column(reference.column)
        if not parent.key:
            raise ReferenceError(
                f"{where}, which is not a primary key.",
                hint=f"Declare {reference} with PrimaryKey(), or refer to {target.name}'s primary key.",
                **facts,
            )
        if column.key or parent.reference:
            raise ReferenceError(
                f"{where}: a column that is primary and foreign key at once is not supported yet.",
                hint="Give the table a primary key of its own.",
                **facts,
            )
        if column.kind != parent.kind:
            raise ReferenceError(
                f"{where}, but it is {KINDS[column.kind]} and the key is {KINDS[parent.kind]}.",
                hint="Give both fields the same type.",
                **facts,
            )
        _check_inside(where, column, parent, facts)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; times as ISO 8601 text under a type tag. `Spec.from_json` reads it back, equal."""
        return {"name": self.name, "tables": [_table_to_json(table) for table in self.tables]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Spec:
        return cls(data["name"], tuple(_table_from_json(table) for table in data["tables"]))


def _check_inside(where: str, column: Column, parent: Column, facts: Mapping[str, Any]) -> None:
    """A bound on a foreign key cannot be honoured unless the key it refers to has it too."""
    for fact in ("minimum", "maximum", "multiple_of", "min_length", "max_length", "choices"):
        asked, given = getattr(column, fact), getattr(parent, fact)
        excluded = fact in ("minimum", "maximum") and (
            getattr(column, f"{fact}_excluded") and not getattr(parent, f"{fact}_excluded")
        )
        if asked not in (None, ()) and (asked != given or excluded):
            raise ReferenceError(
                f"{where}, but declares {fact} = {asked} where the key has {given if given else 'none'}.",
                hint="Move the constraint to the key; a reference takes its values from there.",
                **facts,
            )


def suggestion(name: str, known: Iterable[str]) -> str:
    """A sentence that offers the nearest known name, or lists them."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, 1, 0.5)
    if near:
        return f"Did you mean {near[0]!r}?"
    return f"There are: {', '.join(names)}." if names else "There are none."


# -- JSON ----------------------------------------------------------------------------------------------

_DEFAULTS = {name: f.default for name, f in Column.__dataclass_fields__.items()}


def _table_to_json(table: Table) -> dict[str, Any]:
    columns = []
    for column in table.columns:
        facts = {k: v for k, v in asdict(column).items() if getattr(column, k) != _DEFAULTS[k]}
        columns.append({k: _value_to_json(v) for k, v in facts.items()})
    return {"name": table.name, "rows": table.rows, "fixed": table.fixed, "columns": columns}


def _table_from_json(data: Mapping[str, Any]) -> Table:
    columns = []
    for facts in data["columns"]:
        values = {k: _value_from_json(v) for k, v in facts.items()}
        if key := values.get("key"):
            values["key"] = Key(**key)
        if reference := values.get("reference"):
            values["reference"] = Reference(**reference)
        if law := values.get("distribution"):
            values["distribution"] = _distribution_from_json(law)
        if "choices" in values:
            values["choices"] = tuple(values["choices"])
        columns.append(Column(**values))
    return Table(data["name"], tuple(columns), data["rows"], data["fixed"])


def _distribution_from_json(law: Mapping[str, Any]) -> Distribution:
    def value(item: Any) -> Any:
        if isinstance(item, list):
            return tuple(value(each) for each in item)
        return _distribution_from_json(item) if isinstance(item, dict) else item

    return Distribution(law["name"], tuple((name, value(item)) for name, item in law["parameters"]))


def _value_to_json(value: Any) -> Any:
    if isinstance(value, datetime.datetime):
        return {"datetime": value.isoformat()}
    if isinstance(value, datetime.date):
        return {"date": value.isoformat()}
    if isinstance(value, dict):
        return {k: _value_to_json(v) for k, v in value.items()}
    return [_value_to_json(v) for v in value] if isinstance(value, (list, tuple)) else value


def _value_from_json(value: Any) -> Any:
    if isinstance(value, dict) and value.keys() == {"datetime"}:
        return datetime.datetime.fromisoformat(value["datetime"])
    if isinstance(value, dict) and value.keys() == {"date"}:
        return datetime.date.fromisoformat(value["date"])
    return value
