"""This file knows what user code may return: a value of the column's type, inside its bounds, for each row."""

from __future__ import annotations

import datetime
import traceback
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from gen.errors import GenError, SchemaError


def answer_of(by: Any, task: Callable[[], Any]) -> Any:
    """What user code returns when it is asked; its exceptions as an error with file and line."""
    try:
        return task()
    except GenError:
        raise
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        raise SchemaError(
            f"{by.where}: {type(by).__name__} failed in {frame.filename}, line {frame.lineno}: "
            f"{type(error).__name__}: {error}",
            hint="Correct the synthesizer.",
        ) from error


def returned(by: Any, values: Any, n: int) -> pa.Array:
    """What a synthesizer returned for n rows, as an array of its type, or an error that says what it was."""
    said = f"{by.where}: {type(by).__name__} returned"
    try:
        array = values if isinstance(values, pa.Array) else pa.array(values, from_pandas=False)
        if isinstance(array, pa.ChunkedArray):
            array = array.combine_chunks()
        digits = pa.types.is_string(by.arrow_type) and pa.types.is_primitive(array.type)
        if digits or (pa.types.is_duration(array.type) and not pa.types.is_duration(by.arrow_type)):
            raise TypeError(f"they are {array.type}")  # of which Arrow would give the digits, in that unit
        array = array if array.type == by.arrow_type else array.cast(by.arrow_type)
    except (pa.ArrowException, ValueError, TypeError, OverflowError) as error:
        raise SchemaError(
            f"{said} values that are not {by.arrow_type}: {error}",
            hint="Return values of the field's type.",
        ) from error
    if len(array) != n:
        raise SchemaError(
            f"{said} {len(array)} values for {n} rows.",
            hint="Return one value for each row.",
        )
    if array.null_count and by.column.nulls is None:
        raise SchemaError(
            f"{said} {array.null_count} nulls for a field that has none.",
            hint="Return a value for each row.",
        )
    _refuse_outside(by, array)
    return array


def _refuse_outside(by: Any, array: pa.Array) -> None:
    """Refuse values, or lengths of text, that the field's bounds exclude: the user's model would not take them."""
    column, measured, what = by.column, array, "value"
    low, high, excluded = column.minimum, column.maximum, (column.minimum_excluded, column.maximum_excluded)
    if pa.types.is_string(array.type):
        low, high, excluded = column.min_length, column.max_length, (False, False)
        measured, what = pc.utf8_length(array), "text of length"
    if array.null_count == len(array) or (low is None and high is None):
        return
    least, most = _ends(measured)
    wrong = [least] if low is not None and (least < low or (excluded[0] and least == low)) else []
    wrong += [most] if high is not None and (most > high or (excluded[1] and most == high)) else []
    if wrong:
        ends = [] if low is None else [f"{'above' if excluded[0] else 'at least'} {low}"]
        ends += [] if high is None else [f"{'below' if excluded[1] else 'at most'} {high}"]
        raise SchemaError(
            f"{by.where}: {type(by).__name__} returned a {what} {wrong[0]}, which the field's bounds exclude: "
            f"{' and '.join(ends)}.",
            hint="Return values that the model takes.",
        )


def _ends(array: pa.Array) -> tuple[Any, Any]:
    """The least and the greatest value of those that are there."""
    if pa.types.is_duration(array.type):  # which Arrow does not order
        least, most = _ends(array.cast(pa.int64()))
        return datetime.timedelta(microseconds=least), datetime.timedelta(microseconds=most)
    return tuple(pc.min_max(array).as_py().values())
