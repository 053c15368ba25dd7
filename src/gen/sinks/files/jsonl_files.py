"""This file knows JSON Lines: an object a line, UTF-8, as `gen row` prints a row (RFC 8259, jsonlines.org)."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gen.block import scalar_of
from gen.schema.spec import EXTRA
from gen.sinks.files.text_files import TextFiles, TextLayout
from gen.synth.json_text import canonical, check_finite, parsed
from gen.synth.table import TableSource

_LINES = 16_384  # that are read at a time


class JsonlLayout(TextLayout):
    """JSON Lines."""

    format = "jsonl"

    def files(self, sources: Mapping[str, TableSource]) -> JsonlFiles:
        return JsonlFiles(sources, self)


class JsonlFiles(TextFiles):
    """A JSON text a line: of each row an object, of the rows of a document the documents."""

    def head(self, table: str) -> bytes:
        return b""

    def text(self, table: str, batch: pa.RecordBatch) -> pa.Buffer:
        for name in batch.schema.names:
            check_finite(f"{table}.{name}", batch.column(name))
        lines = self.sources[table].json(batch)
        if not len(lines):
            return pa.py_buffer(b"")
        ended = pc.binary_join_element_wise(lines, scalar_of(""), scalar_of("\n"))  # joined by the end of the line
        _, ends, letters = ended.buffers()
        return letters.slice(0, int(np.frombuffer(ends, np.int32)[len(ended)]))

    def read(self, path: Path, table: str) -> Iterator[pa.RecordBatch]:
        """By column the JSON text of each value, in one of the ways in which it may be written."""
        with self.opened(path) as file:
            lines = iter(io.TextIOWrapper(file, "utf-8", newline="\n"))
            while block := list(islice(lines, _LINES)):
                yield self._by_column(table, block)

    def comparable(self, table: str, batch: pa.RecordBatch) -> pa.RecordBatch:
        return self._by_column(table, self.sources[table].json(batch).to_pylist())

    def _by_column(self, table: str, lines: Iterable[str]) -> pa.RecordBatch:
        source = self.sources[table]
        names = source.schema.names
        is_value = source.document and names == ["value"]
        rows = [{"value": parsed(line)} if is_value else _split(parsed(line), names) for line in lines]
        columns = [[canonical(row[name]) if name in row else None for row in rows] for name in names]
        return pa.RecordBatch.from_arrays([pa.array(column, pa.string()) for column in columns], names)


def _split(row: Any, names: list[str]) -> dict[str, Any]:
    """A row's fields by name; what is no column of the table is the one that holds undeclared properties."""
    if not isinstance(row, dict):
        raise ValueError(f"a line is no object: {row!r:.80}")
    undeclared = {name: value for name, value in row.items() if name not in names}
    if undeclared and EXTRA not in names:
        raise ValueError(f"a line has a field {next(iter(undeclared))!r}, which is no column")
    known = {name: value for name, value in row.items() if name in names}
    return known | ({EXTRA: undeclared} if EXTRA in names else {})
