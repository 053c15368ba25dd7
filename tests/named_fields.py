"""Tables of plain fields, read as a run would on a given day: for the tests of what names say."""

from __future__ import annotations

import datetime
from typing import Any

from pydantic import create_model

import gen
from gen.synth.tables import table_sources

DAY = datetime.date(2026, 3, 1)


def source(fields: dict[str, Any], name: str = "Thing", rows: int = 400) -> Any:
    """The source of a table with these fields."""
    schema = gen.Schema()
    schema.add(create_model(name, **{field: (kind, ...) for field, kind in fields.items()}), rows)
    return table_sources(schema.spec, {name: rows}, 0, DAY)[name]


def columns(fields: dict[str, Any], name: str = "Thing") -> dict[str, Any]:
    return {field: s.column for field, s in source(fields, name, 1).columns.items()}


def values(fields: dict[str, Any], name: str = "Thing", rows: int = 400) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = source(fields, name, rows).at(range(rows)).to_pydict()
    return found
