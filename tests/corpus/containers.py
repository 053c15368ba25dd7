"""This file knows the corpus's containers: lists, sets, tuples, dictionaries and their kin, nested and bounded."""

from __future__ import annotations

import collections
import datetime
import enum
import uuid
from collections import deque
from collections.abc import (
    Iterable,
    Mapping,
    MutableMapping,
    MutableSequence,
    MutableSet,
    Sequence,
    Set,
)
from decimal import Decimal
from typing import Annotated, Any, Literal

import annotated_types as at
from pydantic import (
    AfterValidator,
    AnyUrl,
    BaseModel,
    Field,
    PositiveInt,
    StrictInt,
    conbytes,
    confrozenset,
    conlist,
    conset,
)

from corpus.entries import field, group

Short = Annotated[str, Field(min_length=1, max_length=8)]
Digit = Annotated[int, Field(ge=0, le=9)]


class Size(enum.Enum):
    SMALL = "small"
    LARGE = "large"


class Item(BaseModel):
    name: Short
    price: Annotated[Decimal, Field(ge=0, max_digits=6, decimal_places=2)]
    tags: list[Short] = []


ITEM = {"name": "a", "price": "1.25"}

LISTS = group(
    "list",
    {
        "list": field(list, [1, "a"]),
        "list of Any": field(list[Any], [1, "a"]),
        "list of int": field(list[int], [1]),
        "list of str": field(list[str], ["a"]),
        "list of bounded": field(list[Digit], [9]),
        "list min_length": field(Annotated[list[int], Field(min_length=2)], [1, 2]),
        "list max_length": field(Annotated[list[int], Field(max_length=3)], []),
        "list of one length": field(Annotated[list[Digit], Field(min_length=3, max_length=3)], [1, 2, 3]),
        "list empty": field(Annotated[list[int], Field(max_length=0)], [], constant=True),
        "list Len": field(Annotated[list[Short], at.Len(1, 4)], ["a"]),
        "list of list": field(list[list[int]], [[1]]),
        "list nested, bounded": field(
            Annotated[list[Annotated[list[Digit], Field(min_length=1, max_length=2)]], Field(min_length=1)], [[1]]
        ),
        "list of optional": field(list[int | None], [None, 1]),
        "list of union": field(list[int | str], [1, "a"]),
        "list of Literal": field(list[Literal["a", "b"]], ["a"]),
        "list of Enum": field(list[Size], ["small"]),
        "list of datetime": field(list[datetime.datetime], [datetime.datetime(2020, 1, 1)]),
        "list of UUID": field(list[uuid.UUID], [uuid.UUID(int=1)]),
        "list of model": field(list[Item], [ITEM]),
        "list of model, bounded": field(Annotated[list[Item], Field(min_length=1, max_length=3)], [ITEM]),
        "list of dict": field(list[dict[str, int]], [{"a": 1}]),
        "list of tuple": field(list[tuple[int, str]], [(1, "a")]),
        "list of URL": field(list[AnyUrl], ["https://a.org"]),
        "list strict": field(Annotated[list[int], Field(strict=True)], [1]),
        "list of StrictInt": field(list[StrictInt], [1]),
        "list default_factory": field(list[int], [1], Field(default_factory=list, max_length=4)),
        "list sorted by a validator": field(Annotated[list[int], AfterValidator(sorted)], [2, 1]),
        "conlist": field(conlist(PositiveInt, min_length=1, max_length=5), [1]),
        "list too short for its length": field(
            Annotated[list[int], Field(min_length=3, max_length=2)], ..., refused=True
        ),
    },
)

SEQUENCES = group(
    "sequence",
    {
        "Sequence": field(Sequence[int], [1]),
        "Sequence bounded": field(Annotated[Sequence[str], Field(min_length=1, max_length=3)], ["a"]),
        "MutableSequence": field(MutableSequence[int], [1], refused=None),
        "Iterable": field(Iterable[int], [1], stable=False),
        "deque": field(deque[int], [1]),
        "deque bounded": field(Annotated[deque[int], Field(min_length=1, max_length=4)], [1]),
        "tuple": field(tuple, (1, "a")),
        "tuple fixed": field(tuple[int, str, bool], (1, "a", True)),
        "tuple of one": field(tuple[Digit], (1,)),
        "tuple empty": field(tuple[()], (), constant=True),
        "tuple variadic": field(tuple[int, ...], (1, 2)),
        "tuple variadic, bounded": field(Annotated[tuple[Digit, ...], Field(min_length=2, max_length=3)], (1, 2)),
        "tuple of bounded": field(tuple[Digit, Short], (1, "a")),
        "tuple nested": field(tuple[int, tuple[str, float]], (1, ("a", 1.5))),
        "tuple with a list": field(tuple[list[int], int | None], ([1], None)),
    },
)

SETS = group(
    "set",
    {
        "set": field(set, {1}),
        "set of int": field(set[int], {1}),
        "set bounded": field(Annotated[set[int], Field(min_length=2, max_length=5)], {1, 2}),
        "set of few values": field(Annotated[set[Digit], Field(min_length=8)], set(range(8))),
        "set of every value": field(
            Annotated[set[Literal["a", "b", "c"]], Field(min_length=3)], {"a", "b", "c"}, constant=True
        ),
        "set of str": field(Annotated[set[Short], Field(min_length=1)], {"a"}),
        "set of Enum": field(set[Size], {"small"}),
        "set of tuple": field(set[tuple[int, int]], {(1, 2)}),
        "frozenset": field(frozenset[str], frozenset("a")),
        "frozenset bounded": field(Annotated[frozenset[Digit], Field(min_length=1, max_length=2)], {1}),
        "Set of collections.abc": field(Set[int], {1}, refused=None),
        "MutableSet": field(MutableSet[int], {1}, refused=None),
        "conset": field(conset(int, min_length=1, max_length=3), {1}),
        "confrozenset": field(confrozenset(str, min_length=1, max_length=3), {"a"}),
        "set larger than its domain": field(Annotated[set[bool], Field(min_length=3)], ..., refused=True),
    },
)

MAPPINGS = group(
    "dict",
    {
        "dict": field(dict, {"a": 1}),
        "dict of str to int": field(dict[str, int], {"a": 1}),
        "dict of str to Any": field(dict[str, Any], {"a": [1]}),
        "dict min_length": field(Annotated[dict[str, int], Field(min_length=2)], {"a": 1, "b": 2}),
        "dict max_length": field(Annotated[dict[str, int], Field(max_length=2)], {}),
        "dict bounded parts": field(dict[Short, Digit], {"a": 1}),
        "dict of int keys": field(dict[int, str], {1: "a"}),
        "dict of Enum keys": field(dict[Size, int], {"small": 1}),
        "dict of Literal keys": field(Annotated[dict[Literal["a", "b"], int], Field(min_length=2)], {"a": 1, "b": 2}),
        "dict of date keys": field(dict[datetime.date, float], {datetime.date(2020, 1, 1): 1.5}),
        "dict of UUID keys": field(dict[uuid.UUID, int], {uuid.UUID(int=1): 1}),
        "dict of tuple keys": field(dict[tuple[int, int], str], {(1, 2): "a"}),
        "dict of patterned keys": field(dict[Annotated[str, Field(pattern="^x-[a-z]{2,5}$")], str], {"x-ab": "a"}),
        "dict of list": field(dict[str, list[Digit]], {"a": [1]}),
        "dict of dict": field(dict[str, dict[str, int]], {"a": {"b": 1}}),
        "dict of model": field(dict[Short, Item], {"a": ITEM}),
        "dict of optional": field(dict[str, int | None], {"a": None}),
        "dict too large for its keys": field(Annotated[dict[bool, int], Field(min_length=3)], ..., refused=True),
        "Mapping": field(Mapping[str, int], {"a": 1}),
        "MutableMapping": field(MutableMapping[str, int], {"a": 1}, refused=None),
        "OrderedDict": field(collections.OrderedDict[str, int], {"a": 1}),
        "defaultdict": field(collections.defaultdict[str, list[int]], {"a": [1]}),
        "Counter": field(collections.Counter[str], {"a": 1}),
    },
)

BYTES_INSIDE = group(
    "bytes inside",
    {
        "list of bytes": field(list[bytes], [b"a"]),
        "dict of bytes": field(dict[str, conbytes(max_length=4)], {"a": b"a"}),
    },
)

CONTAINERS = LISTS + SEQUENCES + SETS + MAPPINGS + BYTES_INSIDE
