"""This file knows the corpus's choices: enumerations, literals, None, optional values and unions of every kind."""

from __future__ import annotations

import datetime
import enum
import uuid
from decimal import Decimal
from typing import Annotated, Any, Literal, Optional, Union

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from corpus.entries import field, group, whole


class Colour(enum.Enum):
    RED = "red"
    GREEN = "green"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = -1
    HIGH = 5


class Role(enum.StrEnum):
    READER = "reader"
    WRITER = "writer"


class Mixed(enum.Enum):
    ONE = 1
    TWO = "two"
    HALF = 0.5


class TextMixin(str, enum.Enum):  # noqa: UP042 - as users wrote it before Python 3.11
    A = "a"
    B = "b"


class Permission(enum.Flag):
    READ = 1
    WRITE = 2


class Point(enum.Enum):
    ORIGIN = (0, 0)
    UNIT = (1, 1)


class Alone(enum.Enum):
    ONLY = "only"


class ByRed(BaseModel):
    kind: Literal[Colour.RED]
    a: int = Field(alias="A")


class ByBlue(BaseModel):
    kind: Literal[Colour.BLUE]
    b: tuple[Literal[Colour.GREEN], int]


ENUMERATIONS = group(
    "Enum",
    {
        "Enum of str": field(Colour, "red"),
        "Enum of int": field(Level, 5),
        "StrEnum": field(Role, "reader"),
        "Enum mixed": field(Mixed, 0.5),
        "Enum with str": field(TextMixin, "a"),
        "Enum of one member": field(Alone, "only", constant=True),
        "Enum of tuples": field(Point, Point.UNIT),
        "Enum of flags": field(Permission, Permission.READ, refused=None),
        "Enum strict": field(Annotated[Colour, Field(strict=True)], Colour.RED),
        "Enum by value": field(Colour, "red", config=ConfigDict(use_enum_values=True)),
        "Enum with default": field(Colour, "red", Colour.GREEN),
    },
)

LITERALS = group(
    "Literal",
    {
        "Literal of str": field(Literal["a", "b", "c"], "a"),
        "Literal of int": field(Literal[1, 2, 3], 1),
        "Literal mixed": field(Literal["a", 1, True], "a"),
        "Literal of bool": field(Literal[True, False], True),
        "Literal of one value": field(Literal["only"], "only", constant=True),
        "Literal of None": field(Literal[None], None, constant=True),
        "Literal with None": field(Literal["a", None], None),
        "Literal of members": field(Literal[Colour.RED, Colour.BLUE], Colour.RED),
        "Literal of members, optional": field(Literal[Colour.RED, Colour.BLUE] | None, Colour.RED),
        "Literal of members and others": field(Literal[Colour.RED, "none", 3] | bool, Colour.RED),
        "Literal of members of an IntEnum": field(Literal[Level.LOW, Level.HIGH], Level.LOW),
        "Literal of members of a StrEnum": field(Literal[Role.READER, Role.WRITER], Role.READER),
        "Literal of members with tuples": field(list[Literal[Point.UNIT, Point.ORIGIN]], [Point.UNIT]),
        "dict by Literal of members": field(dict[Literal[Colour.RED, Colour.BLUE], int], {Colour.RED: 1}),
        "union told apart by members": field(
            list[Annotated[ByRed | ByBlue, Field(discriminator="kind")]], [{"kind": Colour.RED, "A": 1}]
        ),
        "Literal of bytes": field(Literal[b"a", b"b"], b"a"),
        "Literal nested": field(Literal["a", "b", "c"], "c"),
        "Literal with default": field(Literal["a", "b"], "a", "b"),
    },
)

OPTIONALS = group(
    "optional",
    {
        "None": field(None, None, constant=True),
        "Optional int": field(Optional[int], None),  # noqa: UP045 - as users write it
        "int or None": field(int | None, 5),
        "str or None with default": field(str | None, None, None),
        "Optional bounded": field(Annotated[int, Field(ge=1, le=6)] | None, 6),
        "Optional bounded outside": field(Annotated[int | None, Field(ge=1, le=6)], 6),
        "Optional text bounded outside": field(Annotated[str | None, Field(max_length=3)], "abc"),
        "Optional Enum": field(Colour | None, "red"),
        "Optional datetime": field(datetime.datetime | None, None),
        "Optional Decimal": field(Annotated[Decimal, Field(max_digits=4, decimal_places=2)] | None, "1.25"),
        "Optional list": field(list[int] | None, [1]),
        "Optional default_factory": field(list[int] | None, [1], Field(default_factory=list)),
        "Optional of Optional": field(Optional[Optional[int]], None),  # noqa: UP045
    },
)


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: Annotated[int, Field(ge=1, le=9)]


class Dog(BaseModel):
    kind: Literal["dog", "wolf"]
    name: str


class Lizard(BaseModel):
    kind: Literal["lizard"] = "lizard"
    scales: bool


class Black(BaseModel):
    kind: Literal["bird"] = "bird"
    colour: Literal["black"]


class White(BaseModel):
    kind: Literal["bird"] = "bird"
    colour: Literal["white"]
    weight: float


class Numbered(BaseModel):
    number: int


class Named(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    number: int | None = None


class Roled(BaseModel):
    role: Literal[Role.READER]


class Written(BaseModel):
    role: Literal[Role.WRITER]
    text: str


Bird = Annotated[Black | White, Field(discriminator="colour")]


def shape(value: Any) -> str:
    """The tag of a value: by its type, or by the fields a dictionary has."""
    if isinstance(value, (int, float)):
        return "number"
    keys = value if isinstance(value, dict) else vars(value)
    return "named" if "name" in keys else "numbered"


Shaped = Annotated[
    Annotated[float, Tag("number")] | Annotated[Named, Tag("named")] | Annotated[Numbered, Tag("numbered")],
    Discriminator(shape),
]


class Owner(BaseModel):
    pet: Cat | Dog = Field(discriminator="kind")
    others: list[Annotated[Cat | Dog | Lizard, Field(discriminator="kind")]] = []


CAT = {"kind": "cat", "lives": 9}

UNIONS = group(
    "union",
    {
        "Union int str": field(Union[int, str], "a"),  # noqa: UP007
        "int or float": field(int | float, 1.5),
        "str or int or bool": field(str | int | bool, True),
        "bounded parts": field(Annotated[int, Field(le=0)] | Annotated[int, Field(ge=10)], 11),
        "int or date": field(int | datetime.date, datetime.date(2020, 1, 1)),
        "UUID or str": field(uuid.UUID | Annotated[str, Field(max_length=5)], "abc"),
        "left_to_right": field(Annotated[int | str, Field(union_mode="left_to_right")], "a"),
        "left_to_right of dates": field(
            Annotated[datetime.date | datetime.datetime | str, Field(union_mode="left_to_right")], "a"
        ),
        "models": field(Numbered | Named, {"name": "a"}),
        "model or int": field(Named | int, {"name": "a"}),
        "list or scalar": field(list[int] | int, [1]),
        "lists of unlike types": field(list[int] | list[str], ["a"]),
        "dict or list or None": field(dict[str, int] | list[int] | None, None),
        "Enum or Literal": field(Colour | Literal["none", 0], "none"),
        "nested union": field(Union[int, Union[str, None, Union[float, bytes]]], None),  # noqa: UP007
        "discriminated": field(Annotated[Cat | Dog, Field(discriminator="kind")], CAT),
        "discriminated, with default": field(Annotated[Cat | Lizard, Discriminator("kind")], CAT),
        "discriminated, nested": field(
            Annotated[Cat | Bird, Field(discriminator="kind")], {"kind": "bird", "colour": "black"}
        ),
        "discriminated by a member": field(Annotated[Roled | Written, Field(discriminator="role")], {"role": "reader"}),
        "discriminated, optional": field(Annotated[Cat | Dog, Field(discriminator="kind")] | None, None),
        "discriminated by a callable": field(Shaped, 1.5),
        "discriminated in a model": whole(Owner, {"pet": CAT}),
    },
)

CHOICES = ENUMERATIONS + LITERALS + OPTIONALS + UNIONS
