"""This file knows the operators and functions of expressions: what each does to columns of Arrow values.

`/` of decimals gives a double; `//` and `%` of decimals round down, as those of ints do; `str` writes booleans as true
and false, and numbers as JSON does. All else is as in Python.
"""

from __future__ import annotations

import ast
import datetime
import decimal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gen.block import fixed_width_array, fixed_width_values, null_of, scalar_of

_MICROSECONDS = pa.duration("us")
LARGEST_POWER = 9
WIDEST = 38  # digits of a decimal128


# -- operators ----------------------------------------------------------------------------------------------


def _added(a: Any, b: Any) -> Any:
    if pa.types.is_string(a.type) and pa.types.is_string(b.type):
        return pc.binary_join_element_wise(a, b, scalar_of(""))
    return _in_unit(pc.add_checked(a, b), a.type, b.type)


def _subtracted(a: Any, b: Any) -> Any:
    return _in_unit(pc.subtract_checked(a, b), a.type, b.type)


def _in_unit(result: Any, *kinds: pa.DataType) -> Any:
    """Durations in microseconds; a date moved by a duration is a date, by whole days."""
    if pa.types.is_duration(result.type):
        return result.cast(_MICROSECONDS)
    if pa.types.is_timestamp(result.type) and any(map(pa.types.is_date, kinds)):
        return pc.floor_temporal(result, unit="day").cast(pa.date32())
    return result


def _multiplied(a: Any, b: Any) -> Any:
    for duration, number in ((a, b), (b, a)):
        if pa.types.is_duration(duration.type) and pa.types.is_floating(number.type):
            return _rounded_to_duration(pc.multiply_checked(duration.cast(pa.int64()).cast(pa.float64()), number))
    return pc.multiply_checked(a, b)


def _divided(a: Any, b: Any) -> Any:
    if pa.types.is_duration(a.type) and not pa.types.is_duration(b.type):
        return _rounded_to_duration(_divided(a.cast(pa.int64()), b))
    both = [x.cast(pa.float64()) if pa.types.is_integer(x.type) or pa.types.is_decimal(x.type) else x for x in (a, b)]
    return pc.divide_checked(*both)


def _rounded_to_duration(microseconds: Any) -> Any:
    return pc.round(microseconds).cast(pa.int64()).cast(_MICROSECONDS)


def _floor_divided(a: Any, b: Any) -> Any:
    if pa.types.is_integer(a.type) and pa.types.is_integer(b.type):
        quotient = pc.divide_checked(a, b)  # towards zero
        rest = pc.subtract(a, pc.multiply(quotient, b))
        down = pc.and_(pc.not_equal(rest, scalar_of(0)), pc.less(pc.bit_wise_xor(rest, b), scalar_of(0)))
        return pc.subtract(quotient, down.cast(pa.int64()))
    if pa.types.is_duration(a.type) and pa.types.is_integer(b.type):
        return _floor_divided(a.cast(pa.int64()), b).cast(_MICROSECONDS)
    if pa.types.is_duration(a.type) and pa.types.is_duration(b.type):
        return _floor_divided(a.cast(pa.int64()), b.cast(pa.int64()))
    if _has_decimal(a, b):
        x, y, _ = _unscaled(a, b)
        return _floor_divided(x, y)
    return _as_python(np.floor_divide, a, b)


def _rest(a: Any, b: Any) -> Any:
    if _has_decimal(a, b):
        x, y, places = _unscaled(a, b)
        return pc.multiply(_rest(x, y).cast(pa.decimal128(19, 0)), pa.scalar(decimal.Decimal(1).scaleb(-places)))
    if pa.types.is_floating(a.type) or pa.types.is_floating(b.type):
        return _as_python(np.remainder, a, b)
    if pa.types.is_duration(a.type) and pa.types.is_duration(b.type):
        return _rest(a.cast(pa.int64()), b.cast(pa.int64())).cast(_MICROSECONDS)
    return pc.subtract_checked(a, pc.multiply_checked(_floor_divided(a, b), b))


def _power(a: Any, b: Any) -> Any:
    """By multiplication: the same on every machine, and of whole numbers and decimals exact."""
    result = a
    for _ in range(int(b.as_py()) - 1):
        result = widened(_multiplied, result, a)
    return result


def _has_decimal(a: Any, b: Any) -> bool:
    return any(map(pa.types.is_decimal, (a.type, b.type))) and not any(map(pa.types.is_floating, (a.type, b.type)))


def _unscaled(a: Any, b: Any) -> tuple[Any, Any, int]:
    """Two decimals, or whole numbers, as whole numbers of the finer one's last place; and its places."""
    places = max(x.type.scale if pa.types.is_decimal(x.type) else 0 for x in (a, b))
    factor = pa.scalar(decimal.Decimal(10) ** places)
    whole = [widened(pc.multiply_checked, x, factor).cast(pa.int64()) for x in (a, b)]
    return whole[0], whole[1], places


def _as_python(compute: Any, a: Any, b: Any) -> Any:
    """Of doubles, what Python gives: `//` and `%` that are exact, and agree with each other."""
    a, b = (x.cast(pa.float64()) for x in (a, b))
    if pc.any(pc.equal(b, scalar_of(0.0))).as_py():
        raise ValueError("divide by zero")
    size = max((len(x) for x in (a, b) if not isinstance(x, pa.Scalar)), default=1)
    arrays = [pa.repeat(x, size) if isinstance(x, pa.Scalar) else x for x in (a, b)]
    made = fixed_width_array(
        pa.float64(), compute(*(fixed_width_values(pc.fill_null(x, scalar_of(1.0))) for x in arrays))
    )
    known = pc.if_else(pc.and_(*(pc.is_valid(x) for x in arrays)), made, null_of(pa.float64()))
    return known[0] if isinstance(a, pa.Scalar) and isinstance(b, pa.Scalar) else known


def widened(compute: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
    """Of decimals, with 76 digits where 38 do not hold the result."""
    try:
        return compute(a, b)
    except pa.ArrowInvalid:
        kinds = [x.type for x in (a, b)]
        if not any(map(pa.types.is_decimal, kinds)):
            raise
    wide = [_least_decimal(x) if pa.types.is_integer(x.type) else x for x in (a, b)]
    return compute(*(x.cast(pa.decimal256(x.type.precision, x.type.scale)) for x in wide))


def _least_decimal(x: Any) -> Any:
    """Whole numbers as decimals of no more digits than they have."""
    ends = (x, x) if isinstance(x, pa.Scalar) else pc.min_max(x).values()
    digits = max(len(str(abs(end.as_py() or 0))) for end in ends)
    return x.cast(pa.decimal128(19, 0)).cast(pa.decimal128(digits, 0))


OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: _added,
    ast.Sub: _subtracted,
    ast.Mult: _multiplied,
    ast.Div: _divided,
    ast.FloorDiv: _floor_divided,
    ast.Mod: _rest,
    ast.Pow: _power,
    ast.Eq: pc.equal,
    ast.NotEq: pc.not_equal,
    ast.Lt: pc.less,
    ast.LtE: pc.less_equal,
    ast.Gt: pc.greater,
    ast.GtE: pc.greater_equal,
    ast.And: pc.and_kleene,
    ast.Or: pc.or_kleene,
}
SIGNS: dict[type, Callable[[Any], Any]] = {ast.Not: pc.invert, ast.USub: pc.negate_checked, ast.UAdd: lambda x: x}


# -- functions ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Function:
    """fewest, most: arguments. constants: which of them must be written out. alike: all are of one type.

    fails: whether there are values, of the types it takes, of which it cannot be computed.
    """

    compute: Callable[..., Any]
    fewest: int = 1
    most: int = 1
    constants: tuple[int, ...] = ()
    alike: bool = False
    fails: bool = False


def _duration(microseconds: int) -> Function:
    """Of a number a duration of so many, and of a duration how many it has."""

    def compute(x: Any) -> Any:
        if pa.types.is_duration(x.type):
            return _divided(x.cast(_MICROSECONDS).cast(pa.int64()), pa.scalar(microseconds))
        return _rounded_to_duration(pc.multiply_checked(x.cast(pa.float64()), microseconds))

    return Function(compute, fails=True)


def _date(*said: Any) -> Any:
    """The day of a date-time, of a text, or of a year, a month and a day that are written out."""
    first, *others = said
    if others:
        if len(others) == 1 or not isinstance(first, pa.Scalar):
            raise ValueError("date takes a moment, a text, or a year, a month and a day")
        return pa.scalar(datetime.date(*(part.as_py() for part in said)))
    if isinstance(first, pa.Scalar) and pa.types.is_string(first.type):
        return like(first, pa.date32())
    return pc.floor_temporal(first, unit="day").cast(pa.date32())


def _datetime(x: Any) -> Any:
    """The moment that a text says, or at which a day begins."""
    if isinstance(x, pa.Scalar) and pa.types.is_string(x.type):
        return like(x, pa.timestamp("us"))
    return x.cast(pa.timestamp("us"))


def _padded(pad: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, width, *fill: pad(x, width.as_py(), fill[0].as_py() if fill else " ")


def _matched(match: Callable[..., Any]) -> Function:
    return Function(lambda x, text: match(x, text.as_py()), 2, 2, constants=(1,))


def _whole(compute: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Rounding to whole numbers, as int64, however large the type."""
    return lambda x: x if pa.types.is_integer(x.type) else compute(_one_digit_more(x)).cast(pa.int64())


def _rounded(x: Any, places: Any = None) -> Any:
    if places is None:
        return _whole(pc.round)(x)
    return pc.round(_one_digit_more(x), places.as_py())


def _one_digit_more(x: Any) -> Any:
    """Decimals with room for a carry, which Arrow's rounding would lose without a word."""
    if not pa.types.is_decimal(x.type):
        return x
    kind = pa.decimal128 if x.type.precision < WIDEST else pa.decimal256
    return x.cast(kind(x.type.precision + 1, x.type.scale))


def _as_int(x: Any) -> Any:
    return pc.trunc(x).cast(pa.int64()) if pa.types.is_floating(x.type) or _has_decimal(x, x) else x.cast(pa.int64())


FUNCTIONS: dict[str, Function] = {
    "abs": Function(pc.abs_checked, fails=True),
    "sqrt": Function(lambda x: pc.sqrt_checked(x.cast(pa.float64())), fails=True),
    "floor": Function(_whole(pc.floor), fails=True),
    "ceil": Function(_whole(pc.ceil), fails=True),
    "round": Function(_rounded, 1, 2, constants=(1,), fails=True),
    "min": Function(lambda *x: pc.min_element_wise(*x, skip_nulls=False), 2, 9, alike=True),
    "max": Function(lambda *x: pc.max_element_wise(*x, skip_nulls=False), 2, 9, alike=True),
    "coalesce": Function(lambda *x: pc.coalesce(*x), 2, 9, alike=True),
    "int": Function(_as_int, fails=True),
    "float": Function(lambda x: x.cast(pa.float64()), fails=True),
    "str": Function(lambda x: x.cast(pa.string())),
    "lower": Function(pc.utf8_lower),
    "upper": Function(pc.utf8_upper),
    "title": Function(pc.utf8_title),
    "strip": Function(pc.utf8_trim_whitespace),
    "len": Function(lambda x: pc.utf8_length(x).cast(pa.int64())),
    "startswith": _matched(pc.starts_with),
    "endswith": _matched(pc.ends_with),
    "contains": _matched(pc.match_substring),
    "rjust": Function(_padded(pc.utf8_lpad), 2, 3, constants=(1, 2)),
    "ljust": Function(_padded(pc.utf8_rpad), 2, 3, constants=(1, 2)),
    "replace": Function(lambda x, old, new: pc.replace_substring(x, old.as_py(), new.as_py()), 3, 3, (1, 2)),
    "year": Function(pc.year),
    "month": Function(pc.month),
    "day": Function(pc.day),
    "quarter": Function(pc.quarter),
    "hour": Function(pc.hour),
    "minute": Function(pc.minute),
    "second": Function(pc.second),
    "weekday": Function(pc.day_of_week),
    "date": Function(_date, 1, 3, constants=(1, 2), fails=True),
    "datetime": Function(_datetime),
    "days": _duration(86_400_000_000),
    "hours": _duration(3_600_000_000),
    "minutes": _duration(60_000_000),
    "seconds": _duration(1_000_000),
    "is_null": Function(pc.is_null),
}
# what other languages call it -> how it is said here
INSTEAD = {
    "length": "len(s)",
    "substring": "s[0:3]",
    "substr": "s[0:3]",
    "left": "s[:3]",
    "right": "s[-3:]",
    "concat": "s + t",
    "trim": "strip(s)",
    "zfill": "rjust(s, 5, '0')",
    "lpad": "rjust(s, 5, '0')",
    "rpad": "ljust(s, 5)",
    "starts_with": "startswith(s, 'a')",
    "ends_with": "endswith(s, 'a')",
    "nvl": "coalesce(a, b)",
    "ifnull": "coalesce(a, b)",
    "isnull": "a is None",
    "between": "1 <= a <= 5",
    "iif": "a if c else b",
    "if_else": "a if c else b",
    "pow": "a ** 2",
    "mod": "a % b",
    "trunc": "int(x)",
    "bool": "a != 0",
    "timedelta": "days(3)",
    "datediff": "days(e - d)",
    "total_seconds": "seconds(i)",
    "dayofweek": "weekday(d)",
    "today": "date('2026-01-31')",
    "now": "datetime('2026-01-31T12:00')",
    "BitAnd": "and",
    "BitOr": "or",
    "Invert": "not",
    "JoinedStr": "s + str(a)",
}


# -- types that go together -----------------------------------------------------------------------------------


def alike(a: Any, b: Any) -> tuple[Any, Any]:
    """Both sides in types that Arrow computes together: texts beside times as times, numbers beside decimals too."""
    return like(a, b.type), like(b, a.type)


def like(value: Any, other: pa.DataType) -> Any:
    if not isinstance(value, pa.Scalar):
        return value
    said = value.as_py()
    if said is None:
        return null_of(other)
    if isinstance(said, str) and pa.types.is_time(other):
        return pa.scalar(datetime.time.fromisoformat(said)).cast(other)
    if isinstance(said, str) and pa.types.is_date(other):
        return pa.scalar(datetime.datetime.fromisoformat(said).date()).cast(other)
    if isinstance(said, str) and pa.types.is_timestamp(other):
        return pa.scalar(datetime.datetime.fromisoformat(said)).cast(other)
    if isinstance(said, (int, float)) and not isinstance(said, bool) and pa.types.is_decimal(other):
        return pa.scalar(decimal.Decimal(repr(said)))  # as it was written: 0.19, not the nearest double
    return value


def together(values: Sequence[Any]) -> list[Any]:
    """Values of one type, that of the first which is not written out; decimals with the places of the finest."""
    kind = next((value.type for value in values if not isinstance(value, pa.Scalar)), values[0].type)
    found = [like(value, kind) for value in values]
    if len({value.type for value in found}) < 2 or not all(_is_whole_or_decimal(value.type) for value in found):
        return found
    decimals = [_least_decimal(value) if pa.types.is_integer(value.type) else value for value in found]
    places = max(value.type.scale for value in decimals)
    digits = max(value.type.precision - value.type.scale for value in decimals) + places
    common = pa.decimal128(digits, places) if digits <= WIDEST else pa.decimal256(digits, places)
    return [value.cast(common) for value in decimals]


def _is_whole_or_decimal(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_decimal(kind))
