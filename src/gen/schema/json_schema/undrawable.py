"""This file knows of which types no value can be drawn, and between which bounds none can be stored, and why."""

from __future__ import annotations

import datetime
import decimal
import math
import sys
import typing
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from gen.schema.constraints import ungrouped
from gen.schema.facts import facts_of
from gen.schema.json_schema.conjunction import Unsatisfiable
from gen.schema.spec import Column

NOT_DATA = "no value of it can be drawn"
_TOLD = {"synthesizer", "derived", "depends_on"}  # what may know values that gen cannot
# what is asked of a path -> what it is: that is up to the machine on which it is validated
_PATHS = {
    "file": "the path of a file that exists",
    "dir": "the path of a folder that exists",
    "socket": "the path of a socket that exists",
    "new": "a path that is free, in a folder that exists",
}
UNSTORABLE = "Correct the bounds, max_digits or decimal_places."  # a remedy
MOST_DIGITS = 38  # of a decimal128
DEFAULT_PLACES = 2  # of a decimal
_MICROSECOND = datetime.timedelta(microseconds=1)


def refuse_undrawable(where: str, annotation: Any, metadata: Sequence[Any], around: Sequence[Any]) -> None:
    """Raise Unsatisfiable for classes and for paths that must exist, unless something says which there are.

    around: what is said of the Optional that the type is in.
    """
    is_class = annotation is type or typing.get_origin(annotation) is type
    found = (
        "type"
        if is_class
        else next((_PATHS.get(item.path_type) for item in ungrouped(metadata) if _is_path(item)), None)
    )
    if found is None or any(facts_of(where, said).keys() & _TOLD for said in (metadata, around)):
        return
    raise Unsatisfiable(
        f"{where}: its type is {found}, and {NOT_DATA}.",
        hint="Leave the field out, make it Optional, or name a synthesizer of your own that knows some.",
    )


def _is_path(item: Any) -> bool:
    return type(item).__name__ == "PathType" and hasattr(item, "path_type")


def places_of(column: Column) -> int:
    """The decimal places that a column's declaration says, or needs."""
    if column.kind == "integer":
        return 0
    given = [b for b in (column.minimum, column.maximum, column.multiple_of) if isinstance(b, decimal.Decimal)]
    exponents = [int(b.as_tuple().exponent) for b in given if b.is_finite()]
    places = max(DEFAULT_PLACES, *(-e for e in exponents), 0)
    places = places if column.decimal_places is None else column.decimal_places
    return places if column.max_digits is None else min(places, column.max_digits)


def widest_of(column: Column) -> int:
    """The greatest unscaled integer of a column of decimals, or of whole numbers beyond 64 bits."""
    return int(10 ** min(column.max_digits or MOST_DIGITS, MOST_DIGITS) - 1)


def asked_range(column: Column) -> str:
    """Where the declared bounds want values to lie, in words."""
    if column.minimum is None:
        return f"is {'below' if column.maximum_excluded else 'at most'} {column.maximum}"
    if column.maximum is None:
        return f"is {'above' if column.minimum_excluded else 'at least'} {column.minimum}"
    return f"lies between {column.minimum} and {column.maximum}"


def why_unstorable(column: Column) -> str:
    """Why no value within its bounds can be stored, in words; "" where some can."""
    if column.kind in ("integer", "decimal"):
        most, what = (
            Fraction(widest_of(column), 10 ** places_of(column)),
            f"value of {column.max_digits or MOST_DIGITS} digits",
        )
    elif column.kind == "number":
        most, what = Fraction(sys.float_info.max), "double"
    elif column.kind == "duration":
        most, what = Fraction(2**63 - 1), "duration of 64 bits of microseconds"
    else:
        return ""
    low, high = (_number(bound) for bound in (column.minimum, column.maximum))
    above = low is not None and (low >= most if column.minimum_excluded else low > most)
    below = high is not None and (high <= -most if column.maximum_excluded else high < -most)
    return f"no {what} {asked_range(column)}" if above or below else ""


def _number(bound: Any) -> Fraction | None:
    """A finite bound, of durations in microseconds."""
    if isinstance(bound, datetime.timedelta):
        return Fraction(bound // _MICROSECOND)
    return Fraction(bound) if isinstance(bound, (int, float, decimal.Decimal)) and math.isfinite(bound) else None
