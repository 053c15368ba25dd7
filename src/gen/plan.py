"""This file knows the plan of a run: rows per table, partitions, and the fingerprint that says which run it is."""

from __future__ import annotations

import datetime
import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from gen.block import Partition
from gen.errors import BadRequest
from gen.schema.spec import Spec
from gen.streams import STREAM_VERSION
from gen.synth.synthesizer import ADDRESS_BLOCK

FILE_BYTES = 128 * 2**20  # a partition's size unless --partition-rows says otherwise
MOST_ROWS = 2**53  # of a table; beyond, row numbers would not survive a trip through JSON
_SUFFIXES = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "B": 10**9, "T": 10**12}


# -- how many rows --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RowRequest:
    """What a user asks: the largest table's rows, or a factor, or neither; and tables pinned to a count."""

    largest: int | None = None
    factor: float | None = None
    pinned: Mapping[str, int] = field(default_factory=dict)


def parse_count(text: str, where: str = "--rows") -> int:
    """A whole number as people write it: 1000, 1e9, 1_000_000, 10M, 2.5e6."""
    match = re.fullmatch(r"([-+]?[0-9_.]+(?:[eE][-+]?\d+)?)([KMGBT]?)", text.strip(), re.IGNORECASE)
    try:
        digits = Decimal(match[1].replace("_", "")) if match else None
    except InvalidOperation:
        digits = None
    if digits is None or match is None:
        raise BadRequest(f"{where}: {text!r} is not a number.", hint="Write it as 1000, 1e6, 1_000_000 or 10M.")
    if digits < 0:
        raise BadRequest(f"{where}: {text!r} is negative.", hint="Give a number of rows, 1 or more.")
    too_many = BadRequest(f"{where}: {text!r} is more than a table can have.", hint=f"At most {MOST_ROWS:,} (2^53).")
    if digits and digits.adjusted() > 20:
        raise too_many
    if digits and digits.adjusted() < -20:  # before a huge denominator is made of it
        raise BadRequest(f"{where}: {text!r} is a fraction.", hint="Give a whole number.")
    number = Fraction(digits) * _SUFFIXES[match[2].upper()]
    if number.denominator != 1:
        raise BadRequest(f"{where}: {text!r} is a fraction.", hint="Give a whole number.")
    if number > MOST_ROWS:
        raise too_many
    return int(number)


def parse_rows(texts: Sequence[str], factor: float | None = None) -> RowRequest:
    """The values of `--rows` and `--scale`: a count for the largest table, and `Table=N` pins."""
    largest: int | None = None
    pinned: dict[str, int] = {}
    for text in texts:
        table, equals, count = text.rpartition("=")
        if equals:
            pinned[table] = parse_count(count, f"--rows {table}")
            continue
        if largest is not None:
            raise BadRequest(
                f"--rows is given twice, as {largest:,} and as {text!r}.", hint="Give one, and pins: Table=N."
            )
        largest = parse_count(text)
        if largest < 1:
            raise BadRequest("--rows 0 asks for nothing.", hint="Give 1 or more, or pin one table: --rows Table=0.")
    if factor is not None and largest is not None:
        raise BadRequest(
            "--rows and --scale are both given.", hint="Give one; tables pinned by Table=N go with either."
        )
    if factor is not None and not (math.isfinite(factor) and factor > 0):
        raise BadRequest(f"--scale is {factor}.", hint="Give a number above 0.")
    return RowRequest(largest, factor, pinned)


def scaled_rows(spec: Spec, request: RowRequest) -> dict[str, int]:
    """Rows of every table: declared counts scaled together, rounded, never below 1; fixed tables and pins stay."""
    for name in request.pinned:
        spec.table(name)  # an unknown table is an error
    free = [t for t in spec.tables if not t.fixed and t.name not in request.pinned]
    biggest = max((t.rows for t in spec.tables if not t.fixed), default=0)
    rows = {}
    for table in spec.tables:
        rows[table.name] = request.pinned.get(table.name, table.rows)
        if table not in free:
            continue
        if request.largest is not None and biggest:
            rows[table.name] = max(1, (2 * table.rows * request.largest + biggest) // (2 * biggest))
        elif request.factor is not None:
            rows[table.name] = max(1, round(table.rows * request.factor))
    return rows


# -- the plan -------------------------------------------------------------------------------------------


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

    def partitions(self, tables: Sequence[str] | None = None) -> Iterator[Partition]:
        """Every partition of these tables (of all), in order. A table without rows has one empty partition."""
        for table in self.spec.tables:
            if tables is None or table.name in tables:
                yield from self.partitions_of(table.name)

    def files(self, table: str) -> int:
        """How many partitions the table has."""
        return max(1, -(-self.rows[table] // self.partition_rows[table]))

    def partitions_of(self, table: str) -> Iterator[Partition]:
        """The table's partitions, in order."""
        rows, step = self.rows[table], self.partition_rows[table]
        for index in range(self.files(table)):
            yield Partition(table, index, index * step, min((index + 1) * step, rows))

    @property
    def request(self) -> dict[str, Any]:
        """What was asked, as JSON: what must be equal for a run to be resumed."""
        return {
            "schema": self.spec.to_json(),
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
        text = json.dumps(self.request, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def default_partition_rows(bytes_per_row: float) -> int:
    """Rows that make a file of about 128 MB: whole address blocks, so that user code draws none of them twice."""
    blocks = int(FILE_BYTES / max(bytes_per_row, 1)) // ADDRESS_BLOCK
    return max(blocks, 1) * ADDRESS_BLOCK


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
