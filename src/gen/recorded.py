"""This file knows what a folder was made by, worked out again from its records: to be verified, or asked for a row."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any, TypeAlias

from gen import artefacts
from gen.appending import made_epoch
from gen.block import Partition
from gen.builder import load_schema
from gen.errors import BadRequest
from gen.plan import Plan
from gen.preparing import Prepared, code_of
from gen.schema.models.model_check import ModelCheck
from gen.schema.spec import Spec
from gen.schema.written import spec_from_json
from gen.sinks.claims import check_values
from gen.sinks.databases.dialects import sink_of
from gen.sinks.databases.ledger import DatabaseRecords
from gen.sinks.databases.sink import DatabaseSink
from gen.sinks.files.folder import RunFolder
from gen.sinks.files.folder_records import FolderRecords
from gen.sinks.files.layouts import recorded_layout
from gen.sinks.files.sink import FileSink
from gen.sinks.records import Record, read_epochs
from gen.synth.tables import Epoch, Tables, table_sources
from gen.synth.trial import tried_sources

Place: TypeAlias = FolderRecords | DatabaseRecords


@dataclass(frozen=True)
class Recorded:
    """An epoch of a folder, worked out again from its record."""

    prepared: Prepared
    sink: FileSink | DatabaseSink
    partitions: tuple[Partition, ...]


def recorded_epochs(place: Place, schema: str | None = None, only: int | None = None) -> list[Recorded]:
    """The epochs of a place, from their records, or `only` one of them; user code is imported from where it was."""
    records = _records_of(place)
    spec = spec_from_json(records[0]["request"]["schema"])
    code = dict.fromkeys(name for record in records for name in record["code"])  # a later epoch may have met it first
    checks = _checks_of(place, spec, code, schema or records[0]["schema"])
    judged = spec.judged_by(code)
    wanted = range(1, len(records) + 1) if only is None else (only,)
    found: list[Recorded] = []
    before: list[Epoch | Tables] = []
    for epoch, record in enumerate(records, 1):
        if epoch not in wanted:
            before.append(made_epoch(record))
            continue
        made = made_epoch(record)
        tables = table_sources(judged, made.rows, made.seed, made.as_of, earlier=before)
        found.append(_recorded(place, spec, tables, checks, records[:epoch]))
        before.append(tables)
    return found


def _records_of(place: Place) -> list[dict[str, Any]]:
    records = read_epochs(place)
    if not records:
        raise BadRequest(f"{place} holds no run of gen.", hint=f"Give what {place.option} named.")
    return records


def _checks_of(place: Place, spec: Spec, code: Collection[str], schema: str | None) -> dict[str, ModelCheck]:
    """The models that take only some rows; with them the user's code, and rows that exist already, are found again."""
    held = [table.name for table in spec.tables if table.existing]
    if not (code or held):
        return {}
    if not schema:
        raise BadRequest(
            f"{place} was made by Python code, and {', '.join(code)} cannot be computed without it."
            if code
            else f"{place} was made beside rows that existed already: {', '.join(held)}.",
            hint="Say where the schema is: --schema models.py or --schema models.py:schema.",
        )
    known = load_schema(schema).checks
    return {table: known[table] for table in code if table in known}


def _recorded(
    place: Place, spec: Spec, made: Tables, checks: Mapping[str, ModelCheck], records: Sequence[Record]
) -> Recorded:
    """The last of these epochs, whose tables are made."""
    record, asked = records[-1], records[-1]["request"]
    sources, probes = tried_sources(made, checks, made.seed)
    plan = Plan(
        spec=spec,
        rows=asked["rows"],
        seed=asked["seed"],
        as_of=made_epoch(record).as_of,
        partition_rows=asked["partition_rows"],
        layout=asked["layout"],
        code=code_of(sources),
        probe=probes,
        earlier=[each["request"] for each in records[:-1]],
        follows=asked.get("follows", ""),
    )
    sources = {table: replace(source, first=plan.first_row(table)) for table, source in sources.items()}
    ours = {**record, "probe": probes, "versions": artefacts.versions()}
    check_values(place, ours, record)
    known = place.manifest().get("tables", {})
    tables = tuple(
        record.get("tables") or (t.name for t in spec.tables if not t.existing and (not known or t.name in known))
    )
    written = {table: sources[table] for table in tables}
    sink: FileSink | DatabaseSink
    if isinstance(place, DatabaseRecords):
        sink = sink_of(place, ours, spec, sources, "none" if asked["layout"]["tables"] == "there" else "create")
    else:
        files = recorded_layout(asked["layout"]).files(written)
        sink = FileSink(RunFolder(place, ours), files, {table: source.schema for table, source in written.items()})
    models = tuple(check.model for check in checks.values())
    return Recorded(Prepared(plan, sources, tables, checked=models), sink, tuple(plan.partitions(tables)))


def recorded_row(place: Place, table: str, index: int, schema: str | None = None) -> dict[str, Any]:
    """One row of a folder or a database by its number, whichever epoch made it, as JSON values."""
    requests = [record["request"] for record in _records_of(place)]
    existing = spec_from_json(requests[0]["schema"]).table(table).existing
    ends = list(accumulate(request["rows"][table] for request in (requests[:1] if existing else requests)))
    if not 0 <= index < ends[-1]:
        raise BadRequest(f"{table} has no row {index:,}.", hint=f"Its rows are 0 to {ends[-1] - 1:,}.")
    epoch = bisect_right(ends, index)
    row = index - (ends[epoch - 1] if epoch else 0)
    source = recorded_epochs(place, schema, epoch + 1)[0].prepared.sources[table]
    found: dict[str, Any] = json.loads(source.json(source.at(range(row, row + 1)))[0].as_py())
    return found
