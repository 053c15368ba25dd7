"""This file knows how to read a Pydantic model, a dataclass or a TypedDict as one Table."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gen.errors import SchemaError
from gen.schema.facts import column_named, facts_of
from gen.schema.models.annotations import Reader
from gen.schema.nesting import TooDeep
from gen.schema.spec import Column, Table, with_rows


def table_from_model(model: Any, rows: int | None = 1000, fixed: bool = False, name: str | None = None) -> Table:
    """The table a model declares, called as that or by a name: one column for each field, in order.

    As many rows as its parents' children come to, or 1,000, where `rows` is None.

    Raises SchemaError naming model, field, what was found and what to do.
    """
    name, reader = name or model.__name__, Reader()
    fields = reader.fields_of(name, model)
    if fields is None:
        raise SchemaError(f"{model!r} has no fields.", hint="Give a Pydantic model, a dataclass or a TypedDict.")
    if not fields:
        raise SchemaError(f"{name} has no fields.", hint="A table needs at least one.")
    try:
        columns = reader.columns(name, model, fields)
    except TooDeep as error:
        raise SchemaError(
            f"{name}: a value of it contains another one without end.",
            hint="Make the field that contains it Optional, or a list of them that may be empty.",
        ) from error
    called = column_names(model)
    columns = tuple(replace(c, name=called[c.name], unique=_unique(c, called)) if called else c for c in columns)
    if twice := [c.name for i, c in enumerate(columns) if c.name in [other.name for other in columns[:i]]]:
        raise SchemaError(f"{name}: two columns are called {twice[0]!r}.", hint="Give each a ColumnName of its own.")
    return with_rows(Table(name, columns, fixed=fixed, description=_described(model)), rows)


def column_names(model: Any) -> dict[str, str]:
    """Field -> column of a model where a column is called otherwise than its field; empty of all other models."""
    infos = {name: declared.info for name, declared in (Reader().fields_of("", model) or {}).items()}
    called = {name: column_named(name, facts_of(name, (info,)))[0] or name for name, info in infos.items()}
    return called if any(name != column for name, column in called.items()) else {}


def _unique(column: Column, called: Mapping[str, str]) -> tuple[str, ...]:
    """The groups of a column; where it is alone in one, that is called as the column."""
    return tuple(called[column.name] if group == column.name else group for group in column.unique)


def _described(model: Any) -> str | None:
    """What a model's docstring says; that of a dataclass may be its signature."""
    said = inspect.cleandoc(model.__dict__.get("__doc__") or "").strip()
    return None if not said or said.startswith(f"{model.__name__}(") else said
