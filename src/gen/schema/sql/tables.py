"""This file knows how a Table of SQLAlchemy's is read: columns, conditions, what is unique, references.

SQLAlchemy itself is not imported: `from_database` hands the tables over.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from gen.errors import SchemaError
from gen.schema.links import Key
from gen.schema.spec import DEFAULT_NULLS, Column, Table
from gen.schema.sql.column_types import column_of_type, within_bits
from gen.schema.sql.columns import narrowed, of_model, referring
from gen.schema.sql.conditions import read_condition
from gen.schema.sql.references import References

if TYPE_CHECKING:
    import sqlalchemy as sa


_PASS_OVER_CASE = ("mysql", "mariadb", "mssql")  # dialects in which 'a' = 'A', unless the collation says otherwise
_BACKSLASH_ESCAPES = ("mysql", "mariadb")  # dialects in which it does, in every text
_LONG = 16  # letters of a text of which there are enough
_TELLS_CASE = re.compile(r"_(bin|cs)(_|$)", re.IGNORECASE)  # a collation's name


@dataclass
class Reading:
    """Tables while they are read: columns first, then keys and conditions, and at last what refers to them."""

    sources: Mapping[str, sa.Table]
    dialect: str
    models: Mapping[str, Mapping[str, Column]]
    unread: list[tuple[str, str]] = field(default_factory=list)
    checks: Mapping[str, Sequence[str]] = field(default_factory=dict)  # by table, where they are known from elsewhere

    def tables(self, rows: Mapping[str, int]) -> tuple[Table, ...]:
        columns = {name: self._columns(name, table) for name, table in self.sources.items()}
        for name, table in self.sources.items():
            self._read_conditions(name, table, columns[name])
            self._read_unique(name, table, columns[name])
        references = References(columns, self._not_kept)
        references.read(self.sources)
        for name, table in self.sources.items():
            if self.dialect in _PASS_OVER_CASE:
                _let_case_not_tell(table, columns[name])
        columns = referring(columns, self._not_kept)
        tables = tuple(
            Table(name, tuple(columns[name].values()), rows[name], description=_comment(table))
            for name, table in self.sources.items()
        )
        tables, order = references.checked(tables), ["", *self.sources]
        self.unread[:] = sorted(dict.fromkeys(self.unread), key=lambda said: order.index(said[0]))
        return tables

    def _not_kept(self, table: str, sentence: str) -> None:
        self.unread.append((table, sentence))

    # -- columns ----------------------------------------------------------------------------------------------------

    def _columns(self, table: str, source: sa.Table) -> dict[str, Column]:
        found = {}
        for column in source.columns:
            read = self._column(table, column)
            if read is not None:
                found[str(column.name)] = read
        if not found:
            raise SchemaError(f"{table} has no columns that can be read.", hint="Leave the table out.")
        return found

    def _column(self, table: str, source: sa.Column[Any]) -> Column | None:
        name, where = str(source.name), f"{table}.{source.name}"
        if source.computed is not None:
            self._not_kept(table, f"The column {name} is left out: the database computes it.")
            return None
        column = column_of_type(where, name, source.type, self.dialect)
        if column is None and type(source.type).__name__ == "NullType" and self.dialect == "sqlite":
            column = Column(name, "text")
            if not source.foreign_keys:
                self._not_kept(table, f"The column {name} has no type: texts are drawn.")
        if column is None:
            self._leave_out(table, source)
            return None
        said = self.models.get(table, {}).get(name)
        column = of_model(column, said) if said else column
        column = replace(column, description=_comment(source) or column.description)
        if source.primary_key:
            return replace(column, key=column.key or Key(), nulls=None)
        nullable = source.nullable and not getattr(source.type, "not_null", False)  # which a domain may say
        return replace(column, nulls=(column.nulls or DEFAULT_NULLS) if nullable else None)

    def _leave_out(self, table: str, source: sa.Column[Any]) -> None:
        kind = "one that SQLAlchemy does not know" if type(source.type).__name__ == "NullType" else str(source.type)
        if source.primary_key or not (source.nullable or source.server_default is not None):
            raise SchemaError(
                f"{table}.{source.name}: its type is {kind}, of which gen makes no values.",
                hint="It can be left out where the database takes rows without it: make it nullable, or give it a "
                "default there; or declare models, and a synthesizer of your own.",
            )
        self._not_kept(table, f"The column {source.name} is left out: its type is {kind}.")

    # -- conditions -------------------------------------------------------------------------------------------------

    def _read_conditions(self, table: str, source: sa.Table, columns: dict[str, Column]) -> None:
        sized = dict(columns)
        checks = self.checks.get(table)
        if checks is None:
            said = [*source.constraints, *(each for column in source.columns for each in column.constraints)]
            checks = [self._text_of(table, each) for each in said if hasattr(each, "sqltext")]
        for text in sorted({*checks} - {""}):
            self._read_condition(table, text, columns, text)
        for each in source.columns:
            domain, name = getattr(each.type, "check", None), str(each.name)
            if domain is not None and name in columns:
                self._read_condition(table, str(domain), columns, f"{domain}, of {name}", only=name)
        for name in columns:
            columns[name] = within_bits(columns[name], sized[name])

    def _read_condition(
        self, table: str, text: str, columns: dict[str, Column], shown: str, only: str | None = None
    ) -> None:
        """Narrow the columns that a condition speaks of. only: the one that VALUE means, in that of a domain."""
        said, unread = read_condition(text, escapes=self.dialect in _BACKSLASH_ESCAPES)
        kept = False
        by_letters = {name.lower(): name for name in columns}
        for each in said:
            name = only or (each.column if each.column in columns else by_letters.get(each.column.lower()))
            if name is None:
                unread.append(f"{each.column} is none of the columns that are read")
                continue
            try:
                columns[name] = narrowed(f"{table}.{name}", columns[name], each)
                kept = True
            except (SchemaError, ValueError, ArithmeticError) as error:
                unread.append(error.reason(f"{table}.{name}") if isinstance(error, SchemaError) else str(error))
        if unread:
            line = " ".join(shown.split())
            why = "; ".join(reason.rstrip(".") for reason in dict.fromkeys(unread))
            self._not_kept(table, f"CHECK ({line}) is {'kept in part only' if kept else 'not kept'}: {why}.")

    def _text_of(self, table: str, constraint: Any) -> str:
        try:
            return str(constraint.sqltext.compile(compile_kwargs={"literal_binds": True}))
        except Exception as error:  # noqa: BLE001 - of an expression of the user's own; SQLAlchemy's are many
            self._not_kept(table, f"A CHECK is not kept: SQLAlchemy cannot write it down: {error!s:.100}.")
            return ""

    # -- what is unique -----------------------------------------------------------------------------------------------

    def _read_unique(self, table: str, source: sa.Table, columns: dict[str, Column]) -> None:
        keys = frozenset(name for name, column in columns.items() if column.key)
        taken = {keys} if keys else set()
        seen = set(taken)
        for title, names in sorted(self._unique_groups(table, source), key=lambda group: (len(group[1]), str(group))):
            if frozenset(names) in seen:
                continue
            seen.add(frozenset(names))
            if missing := [name for name in names if name not in columns]:
                self._not_kept(table, f"UNIQUE ({', '.join(names)}) is not kept: {missing[0]} is left out.")
                continue
            implied = any(o <= set(names) for o in taken)
            over = None if implied else next((o for o in taken if o & set(names) and not set(names) <= o), None)
            if over:
                kept = ", ".join(name for name in columns if name in over)
                alone = next(
                    (n for n in names if _may_be_unique(source, columns[n]) and n not in set().union(*taken)), None
                )
                how = f"is kept as UNIQUE ({alone})" if alone else "is not kept"
                self._not_kept(table, f"UNIQUE ({', '.join(names)}) {how}: it overlaps with ({kept}).")
                if alone is None:
                    continue
                names = (alone,)
            if not implied:
                taken.add(frozenset(names))
            group = names[0] if len(names) == 1 else title
            group = "_".join(names) if not group or (len(names) > 1 and group in columns) else group
            for name in names:
                columns[name] = replace(columns[name], unique=(*columns[name].unique, group))

    def _unique_groups(self, table: str, source: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
        for each in source.constraints:
            if each.__visit_name__ == "unique_constraint":
                yield str(each.name or ""), tuple(str(column.name) for column in each.columns)
        for index in source.indexes:
            if not index.unique:
                continue
            partial = any(k.endswith("_where") and v is not None for k, v in index.dialect_kwargs.items())
            if partial or not all(each.__visit_name__ == "column" for each in index.expressions):
                why = "it is of some rows only" if partial else "it is of expressions"
                self._not_kept(table, f"The unique index {index.name} is not kept: {why}.")
                continue
            yield str(index.name or ""), tuple(str(column.name) for column in index.columns)


def _may_be_unique(source: Any, column: Column) -> bool:
    """Whether a column has values enough for any number of rows: a text of its own that nothing narrows."""
    refers = any(column.name == str(key.parent.name) for key in source.foreign_keys)
    free = column.kind == "text" and not (column.choices or column.patterns or column.format)
    return free and not refers and (column.max_length is None or column.max_length >= _LONG)


def _comment(source: Any) -> str | None:
    said = inspect.cleandoc(source.comment or "").strip()
    return said or None


def _let_case_not_tell(source: sa.Table, columns: dict[str, Column]) -> None:
    """Have unique texts be of small letters and digits, so that they differ to a database that passes over case."""
    for name, column in columns.items():
        collation = str(getattr(source.columns[name].type, "collation", None) or "")
        is_free = column.kind == "text" and not (column.patterns or column.format or column.reference)
        if is_free and (column.key or column.unique) and not _TELLS_CASE.search(collation):
            columns[name] = replace(column, patterns=("^[a-z0-9]*$",), min_length=column.min_length or 1)
