"""This file knows the plan of a run: rows per table, partitions, and the fingerprint that says which run it is."""

from __future__ import annotations

import datetime
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gen.block import Partition
from gen.errors import BadRequest
from gen.schema.spec import Spec
from gen.schema.written import spec_to_json
from gen.streams import STREAM_VERSION, stream_key
from gen.synth.synthesizer import ADDRESS_BLOCK

FILE_BYTES = 128 * 2**20  # a partition's size unless --partition-rows says otherwise


@dataclass(frozen=True)
class Plan:
    """All that decides what a run writes. Runs with the same fingerprint write the same values in the same parts."""

    spec: Spec
    rows: Mapping[str, int]
    seed: int
    as_of: datetime.date
    partition_rows: Mapping[str, int]
    layout: Mapping[str, Any]  # how the sink was asked to write: format, compression, ...
    code: Mapping[str, str] = field(default_factory=dict)  # user synthesizers by column -> hash of their source
    probe: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # checksums of sampled values by table
    earlier: Sequence[Mapping[str, Any]] = ()  # what was asked of the epochs that this one is appended to
    follows: str = ""  # the fingerprint of the last of them

    def partitions(self, tables: Sequence[str] | None = None) -> Iterator[Partition]:
        """Every partition of these tables (of all), in order. A table without rows has one empty partition at first,
        and none when it is appended to."""
        for table in self.spec.tables:
            if tables is None or table.name in tables:
                yield from self.partitions_of(table.name)

    def files(self, table: str) -> int:
        """How many partitions the table has."""
        return _files(self._counts, table, bool(self.earlier))

    def partitions_of(self, table: str) -> Iterator[Partition]:
        """The table's partitions, in order."""
        return partitions_of([*self.earlier, self._counts], table)

    @property
    def _counts(self) -> dict[str, Mapping[str, int]]:
        return {"rows": self.rows, "partition_rows": self.partition_rows}

    def first_row(self, table: str) -> int:
        """The number of the first row, among all that are written of the table."""
        return sum(int(request["rows"][table]) for request in self.earlier)

    @property
    def request(self) -> dict[str, Any]:
        """What was asked, as JSON: what must be equal for a run to be resumed."""
        there = {table: self.first_row(table) for table in self.rows}
        appended = {"epoch": len(self.earlier) + 1, "follows": self.follows, "appended_to": there}
        return (appended if self.earlier else {}) | {
            "schema": spec_to_json(self.spec),
            "rows": dict(self.rows),
            "seed": self.seed,
            "as_of": self.as_of.isoformat(),
            "partition_rows": dict(self.partition_rows),
            "layout": dict(self.layout),
            "stream_version": STREAM_VERSION,
        }

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the request: 64 hexadecimal digits."""
        return fingerprint_of(self.request)


def fingerprint_of(request: Mapping[str, Any]) -> str:
    """SHA-256 of what was asked: 64 hexadecimal digits."""
    text = json.dumps(request, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def partitions_of(requests: Sequence[Mapping[str, Any]], table: str) -> Iterator[Partition]:
    """The partitions that the last of these requests has of a table: rows and files go on where those before end."""
    *earlier, request = requests
    first = sum(each["rows"][table] for each in earlier)
    index = sum(_files(each, table, number > 0) for number, each in enumerate(earlier))
    rows, step = request["rows"][table], request["partition_rows"][table]
    for i in range(_files(request, table, bool(earlier))):
        yield Partition(table, index + i, first + i * step, first + min((i + 1) * step, rows))


def _files(request: Mapping[str, Any], table: str, is_appended: bool) -> int:
    rows, step = int(request["rows"][table]), int(request["partition_rows"][table])
    return max(0 if is_appended else 1, -(-rows // step))


def epoch_seed(seed: int, epoch: int) -> int:
    """The seed that an epoch's rows are drawn with: the run's own for the first."""
    return seed if epoch == 1 else stream_key(seed, "", "", f"epoch {epoch}")


def default_partition_rows(bytes_per_row: float) -> int:
    """Rows that make a file of about 128 MB: whole address blocks, so that user code draws none of them twice.

    Of rows so wide that not one block of them fits, a half, a quarter, ... of one.
    """
    rows = max(int(FILE_BYTES / max(bytes_per_row, 1)), 1)
    return rows // ADDRESS_BLOCK * ADDRESS_BLOCK if rows >= ADDRESS_BLOCK else 1 << (rows.bit_length() - 1)


def share_of(partitions: Sequence[Partition], part: tuple[int, int] | None) -> list[Partition]:
    """The I-th of N shares: every N-th partition. All shares together are all partitions, each once."""
    if part is None:
        return list(partitions)
    index, count = part
    return list(partitions)[index - 1 :: count]


def parse_part(text: str) -> tuple[int, int]:
    """`I/N`, I from 1 to N."""
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise BadRequest(f"--part {text!r} is no share.", hint="Write I/N, as 1/4, with I from 1 to N.")
    return int(match[1]), int(match[2])
