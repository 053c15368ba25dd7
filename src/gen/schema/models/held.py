"""This file knows containers, and what their items, keys and values must be: each once, never null, told apart."""

from __future__ import annotations

import collections
import collections.abc
import decimal
import json
from dataclasses import replace
from typing import Any

from gen.errors import SchemaError
from gen.schema.spec import Column

# generic type -> kind, and whether items differ
CONTAINERS: dict[Any, tuple[str, bool]] = {
    list: ("list", False),
    tuple: ("list", False),
    collections.deque: ("list", False),
    collections.abc.Sequence: ("list", False),
    collections.abc.MutableSequence: ("list", False),
    collections.abc.Collection: ("list", False),
    collections.abc.Iterable: ("list", False),
    collections.abc.Iterator: ("list", False),
    collections.abc.Generator: ("list", False),
    set: ("list", True),
    frozenset: ("list", True),
    collections.abc.Set: ("list", True),
    collections.abc.MutableSet: ("list", True),
    dict: ("map", False),
    collections.OrderedDict: ("map", False),
    collections.defaultdict: ("map", False),
    collections.Counter: ("map", False),
    collections.abc.Mapping: ("map", False),
    collections.abc.MutableMapping: ("map", False),
}
BELOW = Column("value", "null")  # what is in a list or a dict that is empty because a recursion ends there


def once_each(column: Column) -> Column:
    """The column of what is in a set: of listed values that are equal in Python, as 1 and True, the first."""
    if column.kind != "choice" or column.stored != "json":
        return column
    first: dict[Any, str] = {}
    for choice in column.choices:
        value = json.loads(choice)
        first.setdefault(value if isinstance(value, collections.abc.Hashable) else choice, choice)
    return replace(column, choices=tuple(first.values()))


_NUMBERS = ("integer", "number", "decimal", "boolean")


def may_equal(column: Column) -> bool:
    """Whether Python calls values of it equal that are written otherwise: sets, and numbers of several types."""
    numbers = [part for part in column.parts if part.kind in _NUMBERS or _lists_numbers(part)]
    several = column.kind == "union" and len(numbers) > 1
    return several or (column.kind == "list" and column.unique_items) or any(map(may_equal, column.parts))


def _lists_numbers(column: Column) -> bool:
    plain = (value for value in column.choices if isinstance(value, (int, float, decimal.Decimal)))
    return column.kind == "choice" and (column.stored == "json" or any(True for _ in plain))


def is_cut_short(column: Column) -> bool:
    """Whether it must hold something, and is empty because a recursion ends there."""
    return bool(column.min_length and column.parts) and column.parts[-1] is BELOW


def never_null(where: str, key: Column) -> Column:
    """The column of a dict's keys, none of which is None: Arrow's maps have no such key."""
    if key.kind == "null":
        raise SchemaError(
            f"{where}: its keys are None, and a map has no null among its keys.",
            hint="Give its keys another type, or leave the field out.",
        )
    if not key.may_be_null:
        return key
    parts = tuple(replace(part, nulls=None) for part in key.parts) if key.kind == "union" else key.parts
    undrawn = (*key.undrawn, ("None", "a map has no null among its keys"))
    return replace(key, nulls=None, parts=parts, undrawn=undrawn)
