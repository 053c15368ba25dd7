"""This file knows how many rows are asked for: counts as people write them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from gen.errors import BadRequest

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
        if equals and table in pinned:
            raise BadRequest(f"--rows {table} is given twice.", hint="Give it once.")
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
