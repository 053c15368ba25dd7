"""This file knows how to read a Pydantic model, a dataclass or a TypedDict as one Table."""

from __future__ import annotations

from typing import Any

from gen.errors import SchemaError
from gen.schema.models.annotations import Reader
from gen.schema.nesting import TooDeep
from gen.schema.spec import Table, with_rows


def table_from_model(model: Any, rows: int | None = 1000, fixed: bool = False) -> Table:
    """The table a model declares: one column for each field, in order; 1,000 rows where none are asked for.

    Raises SchemaError naming model, field, what was found and what to do.
    """
    name, reader = model.__name__, Reader()
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
    return with_rows(Table(name, columns, fixed=fixed), rows)
