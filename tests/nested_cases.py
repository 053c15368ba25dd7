"""Fields of every nested kind, for tests that ask the same of all of them."""

import collections
import dataclasses
import datetime
import decimal
import enum
import uuid
from typing import Annotated, Any, Literal, NamedTuple, NotRequired, Optional, Self, Union

from pydantic import AwareDatetime, BaseModel, Field, Json, NaiveDatetime
from typing_extensions import TypedDict

from columns import Colour
from gen import PrimaryKey, Weights


class Rate(enum.Enum):
    HALF = decimal.Decimal("0.5")
    MORE = decimal.Decimal("10.25")


class Maybe(enum.Enum):
    A = "a"
    NONE = None


class Empty(BaseModel):
    pass


class Address(BaseModel):
    city: str
    lines: list[str]
    position: tuple[float, float] | None


class Cat(BaseModel):
    kind: Literal["pet"]
    lives: int


class Dog(BaseModel):
    kind: Literal["pet"]
    name: str


class Linked(BaseModel):
    next: Self | None
    number: int


class Square(BaseModel):
    kind: Literal["square"]
    side: float


class Round(BaseModel):
    kind: Literal["circle", "ring"]
    radius: float


class Large(BaseModel):
    kind: Literal["n"]
    n: Annotated[int, Field(ge=2**70, le=2**71)]


class Small(BaseModel):
    kind: Literal["n"]
    n: int


class Aware(BaseModel):
    at: AwareDatetime


class Naive(BaseModel):
    at: NaiveDatetime


class Tree(BaseModel):
    value: int
    children: list["Tree"] = []


class Chain(BaseModel):
    value: int
    next: Optional["Chain"] = None


class Open(TypedDict):
    a: int
    b: NotRequired[str]


@dataclasses.dataclass
class Point:
    x: int
    tags: list[str]


class Pair(NamedTuple):
    a: int
    b: str


NESTED = {
    "model": Address,
    "optional model": Address | None,
    "model without fields": Empty,
    "list of models without fields": list[Empty],
    "typed dictionary": Open,
    "dataclass": Point,
    "named tuple": Pair,
    "tuple": tuple[int, str, Address],
    "tuple without items": tuple[()],
    "list": list[int],
    "list of lists": list[list[int]],
    "list of optional lists": list[list[int] | None] | None,
    "list of models": list[Address],
    "list of optional models": list[Address | None],
    "list of optional ints": list[int | None],
    "list of nulls": list[None],
    "list of UUIDs": list[uuid.UUID],
    "list of bytes": list[bytes],
    "list of times": list[datetime.time],
    "list of durations": list[datetime.timedelta],
    "list of decimals": list[decimal.Decimal],
    "list of large ints": list[Annotated[int, Field(ge=2**70)]],
    "list of keys": list[Annotated[int, PrimaryKey()]],
    "list of dicts": list[dict[str, int]],
    "list of anything": list[Any],
    "list of 100 items": Annotated[list[int], Field(min_length=100)],
    "tuple of any length": tuple[int, ...],
    "deque": collections.deque[int],
    "set of enum members": set[Colour],
    "set of enum members by weight": set[Annotated[Colour, Weights([8, 1, 1])]],
    "models told apart": Annotated[Square | Round, Field(discriminator="kind")],
    "list of models told apart": list[Annotated[Square | Round, Field(discriminator="kind")] | None],
    "set of texts": set[str],
    "set of floats": set[float],
    "set of short texts": set[Annotated[str, Field(pattern="^[ab]{2}$")]],
    "set of optional bools": set[bool | None],
    "set of tuples": frozenset[tuple[bool, Colour]],
    "set of lists": set[tuple[int, ...]],
    "dict": dict[str, int],
    "dict by enum": dict[Colour, list[int]],
    "dict by int": dict[int, str],
    "dict by date": dict[datetime.date, int],
    "dict by UUID": dict[uuid.UUID, Address],
    "dict by tuple": dict[tuple[int, int], int],
    "dict by int or text": dict[int | Literal["x"], int],
    "dict of dicts": dict[str, dict[str, int]],
    "dict of optional ints": dict[str, int | None] | None,
    "dict of nulls": dict[str, None],
    "counter": collections.Counter[str],
    "deep": list[list[list[dict[str, list[int]]]]],
    "variants": Union[Cat, Dog],  # noqa: UP007 - as users write it
    "optional variants": Cat | Dog | None,
    "list of variants": list[Cat | Dog],
    "variants of two widths": Large | Small,
    "variants with and without zone": Aware | Naive,
    "int or text": int | str,
    "int, text or none": int | str | None,
    "int or float": int | float,
    "list or dict": list[int] | dict[str, int],
    "UUID or text": uuid.UUID | str,
    "bytes or text": bytes | str,
    "decimal or int": decimal.Decimal | int,
    "date or date-time": datetime.date | datetime.datetime,
    "with or without zone": NaiveDatetime | AwareDatetime,
    "literal with none, or text": Literal["a", None] | str,
    "enum with none, or text": Maybe | Literal["b"],
    "enum with none": Maybe,
    "optional enum with none": Maybe | None,
    "enum of decimals": Rate,
    "anything": Any,
    "JSON of anything": Json,
    "JSON of a list": Json[list[int]],
    "as JSON": Annotated[Address, Field(json_schema_extra={"stored": "json"})],
    "list as JSON": Annotated[list[Address], Field(json_schema_extra={"stored": "json"})],
    "tree": Tree,
    "chain": Chain,
    "optional tree": Tree | None,
    "UUID as text": Annotated[uuid.UUID, Field(json_schema_extra={"stored": "text"})],
}
