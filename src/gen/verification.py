"""This file knows how to verify a data set: recompute every partition, compare, name what differs, write it again."""

from __future__ import annotations

import datetime
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from gen import artefacts
from gen.block import Partition, Receipt
from gen.builder import load_schema
from gen.engine import Observer
from gen.errors import BadRequest, RunError
from gen.plan import Plan
from gen.preparing import Prepared, Request, code_of
from gen.run import Silent, cluster_for, is_done, write
from gen.schema.models.model_check import ModelCheck
from gen.schema.written import spec_from_json
from gen.sinks.folder import RunFolder, read_run
from gen.sinks.parquet import ParquetComparison, ParquetLayout, ParquetSink, TableLayout
from gen.synth.tables import table_sources
from gen.synth.trial import tried_sources


@dataclass(frozen=True)
class Verdict:
    """What a verification found: one sentence for each difference, and what was repaired."""

    path: str
    partitions: int
    differences: tuple[str, ...]
    repaired: int
    seconds: float

    @property
    def good(self) -> bool:
        return not self.differences or self.repaired > 0

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"good": self.good}


def prepare_recorded(root: Path, schema: str | None = None) -> tuple[Prepared, dict[str, Any], ParquetLayout]:
    """The run that wrote a folder, from its run.json; user code is imported from where it was."""
    record = read_run(root)
    if record is None:
        raise BadRequest(f"{root} holds no run of gen.", hint="Give the folder that `--out` named.")
    asked = record["request"]
    spec = spec_from_json(asked["schema"])
    as_of = datetime.date.fromisoformat(asked["as_of"])
    checks: dict[str, ModelCheck] = {}
    if record["code"]:  # to be found again where it was: synthesizers, functions, models that take only some rows
        if not (schema or record["schema"]):
            raise BadRequest(
                f"{root} was made by Python code, and {', '.join(record['code'])} cannot be computed without it.",
                hint="Say where the schema is: --schema models.py or --schema models.py:schema.",
            )
        known = load_schema(schema or record["schema"]).checks
        checks = {table: known[table] for table in record["code"] if table in known}
    held = [table.name for table in spec.tables if table.existing]
    if held and not record["code"]:
        if not (schema or record["schema"]):
            raise BadRequest(
                f"{root} was made beside rows that existed already: {', '.join(held)}.",
                hint="Say where they are: --schema models.py or --schema models.py:schema.",
            )
        load_schema(schema or record["schema"])  # reads them again
    made = table_sources(spec.judged_by(record["code"]), asked["rows"], asked["seed"], as_of)
    sources, probes = tried_sources(made, checks, asked["seed"])
    plan = Plan(
        spec=spec,
        rows=asked["rows"],
        seed=asked["seed"],
        as_of=as_of,
        partition_rows=asked["partition_rows"],
        layout=asked["layout"],
        code=code_of(sources),
        probe=probes,
    )
    layout = ParquetLayout(**{k: v for k, v in asked["layout"].items() if k != "format"})
    return Prepared(plan, sources, ()), record, layout


def verify(
    target: str, *, repair: bool = False, schema: str | None = None, workers: int | None = None, observer: Any = None
) -> Verdict:
    """Recompute every partition of a data set, compare it with its file, and with `repair` write again what differs."""
    started = time.monotonic()
    observer = observer or Silent()
    root = Path(target).absolute()
    prepared, record, layout = prepare_recorded(root, schema)
    folder = RunFolder(root, record | {"probe": prepared.plan.probe, "versions": artefacts.versions()})
    folder.check_values(record)
    known = folder.manifest().get("tables", {})
    tables = tuple(t.name for t in prepared.plan.spec.tables if not known or t.name in known)
    prepared = replace(prepared, tables=tables)
    sink = ParquetSink(folder, {t: TableLayout.of(prepared.sources[t], layout) for t in tables}, layout)
    partitions = list(prepared.plan.partitions(tables))
    observer.plan({t: prepared.plan.rows[t] for t in tables}, [])
    request = Request(workers=workers)
    comparison = ParquetComparison(sink, prepared.sources)
    with cluster_for(prepared, partitions, request, observer) as client:
        receipts = write(prepared, comparison, partitions, client, observer)
    differences = [d for r in sorted(receipts, key=lambda r: (r.table, r.index)) for d in r.differences]
    unknown = _unknown_files(sink, partitions)
    differences += [f"{path.relative_to(root)}: not part of the run" for path in unknown]
    differences += _differences_of_seal(folder, receipts)
    repaired = 0
    if repair and differences:
        repaired = _repair(prepared, sink, receipts, unknown, partitions, request, observer)
    return Verdict(str(root), len(partitions), tuple(differences), repaired, round(time.monotonic() - started, 3))


def _unknown_files(sink: ParquetSink, partitions: Sequence[Partition]) -> list[Path]:
    expected = {sink.path(partition) for partition in partitions}
    folders = [sink.folder.table_folder(table) for table in sink.tables]
    return [path for folder in folders if folder.is_dir() for path in sorted(folder.iterdir()) if path not in expected]


def _differences_of_seal(folder: RunFolder, receipts: Sequence[Receipt]) -> list[str]:
    """How manifest and _SUCCESS differ from what the values say."""
    if any(receipt.differences for receipt in receipts):
        return []  # they will be made again
    found = []
    if folder.manifest() != folder.manifest_of(receipts):
        found.append("_gen/manifest.json: does not say what the files hold")
    if not folder.sealed:
        found.append("_SUCCESS: missing")
    return found


def _repair(
    prepared: Prepared,
    sink: ParquetSink,
    receipts: Sequence[Receipt],
    unknown: Sequence[Path],
    partitions: Sequence[Partition],
    request: Request,
    observer: Observer,
) -> int:
    """Write what differs again, remove what does not belong, seal anew; the number of things mended."""
    bad = {(r.table, r.index) for r in receipts if r.differences}
    sink.folder.unseal()
    broken = [p for p in partitions if (p.table, p.index) in bad]
    with cluster_for(prepared, broken, request, observer) as client:
        write(prepared, sink, broken, client, observer)
    for path in unknown:
        path.unlink()
    done = sink.done()
    if not all(is_done(done, p) for p in partitions):
        raise RunError("The repair is not complete.", hint="Run it again.")
    sink.finish([done[p.table, p.index] for p in partitions])
    return max(len(bad) + len(unknown), 1)
