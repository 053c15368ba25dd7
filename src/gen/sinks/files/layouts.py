"""This file knows every file format, and its options: as they are asked for, and as a run has recorded them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gen.errors import BadRequest
from gen.schema.spec import suggestion
from gen.sinks.files.arrow_files import ArrowLayout
from gen.sinks.files.csv_files import CsvLayout
from gen.sinks.files.formats import Layout
from gen.sinks.files.jsonl_files import JsonlLayout
from gen.sinks.files.parquet import ParquetLayout

FORMATS: dict[str, type[Any]] = {
    "parquet": ParquetLayout,
    "csv": CsvLayout,
    "jsonl": JsonlLayout,
    "arrow": ArrowLayout,
}


def layout_of(name: str, options: Mapping[str, Any]) -> Layout:
    """A format with its options, of those that are given (not None). Raises BadRequest for what it has not."""
    if name not in FORMATS:
        raise BadRequest(f"There is no format {name!r}.", hint=suggestion(name, FORMATS))
    kind = FORMATS[name]
    given = {name: value for name, value in options.items() if value is not None}
    for option in given:
        if option not in kind.__dataclass_fields__:
            takes = ", ".join(f for f, other in FORMATS.items() if option in other.__dataclass_fields__)
            raise BadRequest(
                f"--{option.replace('_', '-')} is of the format {takes}, not of {name}.", hint="Leave it out."
            )
    if given.get("compression") == "auto" and name != "parquet":
        given.pop("compression")
    layout: Layout = kind(**given)
    return layout


def recorded_layout(record: Mapping[str, Any]) -> Layout:
    """The layout that a run has recorded."""
    layout: Layout = FORMATS[record["format"]](**{k: v for k, v in record.items() if k != "format"})
    return layout
