"""This file knows CSV (RFC 4180): a line of names, then a row a line; every text is quoted, and no NULL is.

Numbers, truths, dates and times are as ISO 8601 and Arrow write them: 1.5, true, 2026-11-20 12:00:00.000000. Everything
else is as in JSON, without quotation marks: bytes in base64, UUIDs, durations as PT1.5S, and objects and lists as JSON.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from gen.block import plain
from gen.errors import BadRequest
from gen.sinks.files.text_files import TextFiles, TextLayout
from gen.synth.json_text import check_finite, unquoted_text
from gen.synth.synthesizer import Synthesizer
from gen.synth.table import TableSource

_IS_NATIVE = (
    pa.types.is_null,
    pa.types.is_boolean,
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_decimal,
    pa.types.is_date,
    pa.types.is_time,
    pa.types.is_timestamp,
    pa.types.is_string,
)
_OPTIONS = pyarrow.csv.WriteOptions(include_header=False, batch_size=65_536, quoting_style="needed")


class CsvLayout(TextLayout):
    """Comma-separated values."""

    format = "csv"

    def files(self, sources: Mapping[str, TableSource]) -> CsvFiles:
        for table, source in sources.items():
            if len(source.schema) == 1 and source.schema.field(0).nullable:
                raise BadRequest(
                    f"{table}.{source.schema.names[0]}: the only column of a table may be null, which would be an "
                    "empty line, and readers of CSV skip those.",
                    hint="Write --format jsonl, parquet or arrow.",
                )
        return CsvFiles(sources, self)


class CsvFiles(TextFiles):
    """A field is empty where there is no value, and `""` where there is an empty text."""

    def head(self, table: str) -> bytes:
        names = (name.replace('"', '""') for name in self.sources[table].schema.names)
        return ",".join(f'"{name}"' for name in names).encode() + b"\n"

    def text(self, table: str, batch: pa.RecordBatch) -> pa.Buffer:
        out = pa.BufferOutputStream()
        if batch.num_rows:
            pyarrow.csv.write_csv(self._written(table, batch), out, _OPTIONS)
        return out.getvalue()

    def _written(self, table: str, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The rows in types that Arrow's writer has a text for."""
        columns = self.sources[table].columns
        arrays = [
            _in_native(f"{table}.{name}", columns[name], plain(batch.column(name))) for name in batch.schema.names
        ]
        return pa.RecordBatch.from_arrays(arrays, batch.schema.names)

    def read(self, path: Path, table: str) -> Iterator[pa.RecordBatch]:
        """As text; but floats as such, which may be written in several ways."""
        schema = self.sources[table].schema
        kinds = {field.name: _type_read(field.type) for field in schema}
        options = pyarrow.csv.ConvertOptions(
            column_types=kinds, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
        )
        parse = pyarrow.csv.ParseOptions(newlines_in_values=True)
        with self.opened(path) as file, pyarrow.csv.open_csv(file, None, parse, options) as reader:
            yield from reader

    def comparable(self, table: str, batch: pa.RecordBatch) -> pa.RecordBatch:
        written = self._written(table, batch)
        arrays = [array.cast(_type_read(array.type)) for array in written.columns]
        return pa.RecordBatch.from_arrays(arrays, batch.schema.names)


def _in_native(where: str, synthesizer: Synthesizer, array: pa.Array) -> pa.Array:
    if any(is_kind(array.type) for is_kind in _IS_NATIVE):
        return array
    if pa.types.is_nested(array.type):
        check_finite(where, array)
        return synthesizer.json(array)
    return unquoted_text(array)


def _type_read(kind: pa.DataType) -> pa.DataType:
    return pa.float64() if pa.types.is_floating(kind) else pa.string()
