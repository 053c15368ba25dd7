"""This file knows how many rows: counts as people write them, and the rows of every table that follow from them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import TYPE_CHECKING

from gen.errors import BadRequest

if TYPE_CHECKING:
    from gen.schema.spec import Spec

MOST_ROWS = 2**53  # of a table; beyond, row numbers would not survive a trip through JSON
_SUFFIXES = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "B": 10**9, "T": 10**12}


@dataclass(frozen=True)
class RowRequest:
    """What a user asks: the largest table's rows, or a factor, or neither; and tables pinned to a count."""

    largest: int | None = None
    factor: float | None = None
    pinned: Mapping[str, int] = field(default_factory=dict)

    @property
    def most(self) -> int:
        """The most rows that are asked for one table by number."""
        return max(self.largest or 0, *self.pinned.values(), 0)


def parse_count(text: str, where: str = "--rows", hint: str = "Give a number of rows, 1 or more.") -> int:
    """A whole number as people write it: 1000, 1e9, 1_000_000, 10M, 2.5e6."""
    match = re.fullmatch(r"([-+]?[0-9_.]+(?:[eE][-+]?\d+)?)([KMGBT]?)", text.strip(), re.IGNORECASE)
    try:
        digits = Decimal(match[1].replace("_", "")) if match else None
    except InvalidOperation:
        digits = None
    if digits is None or match is None:
        raise BadRequest(f"{where}: {text!r} is not a number.", hint="Write it as 1000, 1e6, 1_000_000 or 10M.")
    if digits < 0:
        raise BadRequest(f"{where}: {text!r} is negative.", hint=hint)
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
