"""This file knows how a table is tried before its first row: what its model says of a sample of its rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.block import fixed_width_array
from gen.schema.stand_ins import refused_stand_in
from gen.synth.judging.attempts import Attempts, drawn_together, made_of
from gen.synth.judging.row_filter import RowCheck, RowFilter
from gen.synth.related.amplification import hold_amplified
from gen.synth.related.dealing import SynthesizeDealt
from gen.synth.table import TableSource
from gen.synth.tables import Tables

WHOLE_ROWS = 64  # of a sample that a model is asked for, where the rest can be asked for field by field


def filtered_sources(tables: Tables, checks: Mapping[str, RowCheck], seed: int) -> dict[str, TableSource]:
    """The tables, each drawing only rows that its check takes: unchanged where that takes a sample as it is.

    Raises SchemaError, naming the field, its rate and what to do, where too few values are taken.
    """
    tables.tried = lambda source: _sampled(source, checks.get(source.table), seed)[0]
    _try_earlier(tables, checks)
    sources = dict(tables)
    hold_amplified(tables)
    return sources


def _try_earlier(tables: Tables, checks: Mapping[str, RowCheck]) -> None:
    """Have the rows that these are appended to be those that their models take, as they were when they were made."""
    for earlier in tables.earlier:
        if earlier.tried is not None:
            continue
        some = {t: c for t, c in checks.items() if earlier.filtered is None or t in earlier.filtered}
        earlier.tried = partial(_as_tried, some, earlier.seed)
    tables.settle()


def _as_tried(checks: Mapping[str, RowCheck], seed: int, source: TableSource) -> TableSource:
    return _sampled(source, checks.get(source.table), seed)[0]


def tried_sources(
    tables: Tables, checks: Mapping[str, RowCheck], seed: int
) -> tuple[dict[str, TableSource], dict[str, dict[str, str]]]:
    """The same, and the probe of each: what a plan needs to know. A small table is drawn once for both."""
    drawn: dict[str, pa.RecordBatch | None] = {}

    def tried(source: TableSource) -> TableSource:
        result, drawn[source.table] = _sampled(source, checks.get(source.table), seed)
        return result

    tables.tried = tried
    _try_earlier(tables, checks)
    sources = dict(tables)
    hold_amplified(tables)
    return sources, {name: source.probe(drawn[name]) for name, source in sources.items()}


def _sampled(source: TableSource, check: RowCheck | None, seed: int) -> tuple[TableSource, pa.RecordBatch | None]:
    """The source as its check leaves it, and all of its rows, where they had to be drawn for that and it has few."""
    if check is None or not source.rows:
        return source, None
    numbers = _spread(source.rows, check.sample)
    everything = source.clean.at(range(source.rows)) if source.is_small else None
    sample = source.clean.at(numbers) if everything is None else _taken(everything, numbers)
    few = _taken(sample, _spread(len(sample), WHOLE_ROWS))
    if not any(check.blamed(source.python(few))) and check.takes_fields(_fields_of(source, sample)):
        return source, None if source.dirt else everything
    blamed = check.blamed(source.python(sample))
    if any(blamed):
        return _filtered(source, check, seed, numbers, sample, blamed), None
    return source, None if source.dirt else everything


def _spread(rows: int, count: int) -> NDArray[np.uint64]:
    """At most so many row numbers, from all over the table."""
    count = min(rows, count)
    return np.array([i * rows // count for i in range(count)], np.uint64)


def _taken(batch: pa.RecordBatch, numbers: NDArray[np.uint64]) -> pa.RecordBatch:
    return batch if len(batch) == numbers.size else batch.take(fixed_width_array(pa.uint64(), numbers))


def _fields_of(source: TableSource, sample: pa.RecordBatch) -> Callable[[str], list[Any]]:
    """The values that a field has in a sample, where it has one."""

    def values(name: str) -> list[Any]:
        if name not in source.columns:  # a default that is kept
            return []
        found = source.python_of(name, sample)
        absent = source.columns[name].column.may_be_absent
        return [value for value in found if value is not None] if absent else found

    return values


def _filtered(
    source: TableSource,
    check: RowCheck,
    seed: int,
    numbers: NDArray[np.uint64],
    sample: pa.RecordBatch,
    blamed: Sequence[Mapping[str, str]],
) -> TableSource:
    """The source, drawing rows of which the check refused some of a sample until it takes them."""
    dealt = {name for name, s in source.columns.items() if isinstance(s, SynthesizeDealt)}
    fixed = frozenset(n for n, s in source.columns.items() if s.column.key or s.column.reference or n in dealt)
    together = drawn_together(source.columns)
    attempts = Attempts(source.columns)
    picky = frozenset(name for names in blamed for name in names)
    for name in picky & source.columns.keys():
        _check_stand_in(source, name, sample, blamed)
    row_filter = RowFilter(source.table, check, attempts, fixed, seed, made_of(source.columns), together, picky)
    spare = row_filter.spare_rows(numbers, {name: sample.column(name) for name in source.columns}, blamed)
    accepted = 1 - sum(map(bool, blamed)) / len(blamed)
    return replace(source, filter=replace(row_filter, spare=spare, accepted_first=accepted))


def _check_stand_in(
    source: TableSource, name: str, sample: pa.RecordBatch, blamed: Sequence[Mapping[str, str]]
) -> None:
    """Refuse a value that stands for none, which none of the rows with it is taken for."""
    column = source.columns[name].column
    if column.null_value is None:
        return
    values = source.python_of(name, sample)
    reasons = [names.get(name) for names, value in zip(blamed, values, strict=True) if value == column.null_value]
    if reasons and all(reasons):
        raise refused_stand_in(f"{source.table}.{name}", column, str(reasons[0]).rstrip(", "))
