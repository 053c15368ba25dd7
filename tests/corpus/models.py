"""This file knows the corpus's models: nested, recursive and generic ones, data classes, typed dicts, aliases."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from typing import Annotated, Any, Generic, NamedTuple, NewType, NotRequired, Required, TypeVar

import pydantic
from pydantic import AliasChoices, AliasPath, BaseModel, ConfigDict, Field, PositiveInt, RootModel, computed_field
from pydantic.alias_generators import to_camel
from typing_extensions import TypeAliasType, TypedDict

from corpus.entries import field, group, whole

Short = Annotated[str, Field(min_length=1, max_length=8)]


class Address(BaseModel):
    street: Short
    number: Annotated[int, Field(ge=1, le=300)]
    door: int | None = None


class Person(BaseModel):
    name: Short
    home: Address
    work: Address | None = None
    others: list[Address] = Field(default=[], max_length=3)


class Order(BaseModel):
    customer: Person
    made: datetime.datetime
    lines: dict[Short, tuple[PositiveInt, float]]


class Empty(BaseModel):
    pass


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)
    a: int


class Forbidding(BaseModel):
    model_config = ConfigDict(extra="forbid")
    a: int


class Allowing(BaseModel):
    model_config = ConfigDict(extra="allow")
    a: int


class AllowingIntegers(BaseModel):
    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, int]
    a: str


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)
    number: int
    moment: datetime.datetime
    identifier: uuid.UUID
    address: Address
    names: frozenset[str]


class Defaults(BaseModel):
    model_config = ConfigDict(validate_default=True)
    a: int = 5
    b: list[int] = Field(default_factory=list)
    c: str = Field(default="x", max_length=3)
    d: datetime.datetime | None = None


class Described(BaseModel):
    """What a table holds."""

    a: int = Field(title="A", description="a number", examples=[1, 2], deprecated=True, repr=False, frozen=True)


class Hidden(BaseModel):
    a: int = Field(exclude=True)
    b: int = Field(default=3, init=False)


class Computed(BaseModel):
    width: PositiveInt
    height: PositiveInt

    @computed_field
    @property
    def area(self) -> int:
        return self.width * self.height


class Inherited(Address):
    city: Short


class Narrowed(Address):
    number: Annotated[int, Field(ge=1, le=9)]


HOME = {"street": "a", "number": 1}

NESTED = group(
    "model",
    {
        "model nested": field(Address, HOME),
        "model nested twice": whole(Order, {"customer": {"name": "a", "home": HOME}, "made": 0, "lines": {}}),
        "model optional": field(Address | None, None),
        "model with defaults": whole(Defaults, {}),
        "model without fields": field(Empty, {}, constant=True),
        "model frozen": whole(Frozen, {"a": 1}),
        "model that forbids others": whole(Forbidding, {"a": 1}),
        "model that allows others": whole(Allowing, {"a": 1, "b": 2}),
        "model that allows integers": whole(AllowingIntegers, {"a": "a", "b": 2}),
        "model strict": whole(
            Strict,
            {
                "number": 1,
                "moment": datetime.datetime(2020, 1, 1),
                "identifier": uuid.UUID(int=1),
                "address": Address(**HOME),
                "names": frozenset("a"),
            },
        ),
        "model described": whole(Described, {"a": 1}),
        "model with hidden fields": whole(Hidden, {"a": 1}),
        "model with a computed field": whole(Computed, {"width": 1, "height": 2}),
        "model inherited": whole(Inherited, HOME | {"city": "a"}),
        "model narrowed": whole(Narrowed, HOME),
    },
)


class Node(BaseModel):
    value: int
    next: Node | None = None


class Tree(BaseModel):
    name: Short
    children: list[Tree] = []


class Folder(BaseModel):
    entries: dict[Short, Folder | int] = {}


class Husband(BaseModel):
    name: Short
    wife: Wife | None


class Wife(BaseModel):
    name: Short
    husband: Husband | None


class Pair(BaseModel):
    left: Pair | int
    right: Pair | int


class Endless(BaseModel):
    inner: Endless


class AtLeastOne(BaseModel):
    inner: Annotated[list[AtLeastOne], Field(min_length=1)]


Json = TypeAliasType("Json", "dict[str, Json] | list[Json] | str | int | float | bool | None")

RECURSIVE = group(
    "recursive",
    {
        "recursive by optional": whole(Node, {"value": 1, "next": {"value": 2}}),
        "recursive by list": whole(Tree, {"name": "a", "children": [{"name": "b"}]}),
        "recursive by dict and union": whole(Folder, {"entries": {"a": 1, "b": {}}}),
        "recursive by another": whole(Husband, {"name": "a", "wife": {"name": "b", "husband": None}}),
        "recursive by union": whole(Pair, {"left": {"left": 1, "right": 2}, "right": 3}),
        "recursive alias": field(Json, {"a": [1, None]}),
        "recursive without an end": whole(Endless, ..., refused=True),
        "recursive without an empty list": whole(AtLeastOne, ..., refused=True),
    },
)


@dataclasses.dataclass
class Plain:
    a: int
    b: str = "x"


@dataclasses.dataclass(frozen=True, slots=True)
class Slotted:
    a: Annotated[int, Field(ge=0, le=9)]
    b: list[int] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(kw_only=True)
class Keyworded:
    a: Plain
    b: float | None = None


@pydantic.dataclasses.dataclass
class Validated:
    a: Annotated[int, Field(ge=0, le=9)]
    b: Short = "x"


@pydantic.dataclasses.dataclass(config=ConfigDict(extra="forbid"))
class ValidatedTwice:
    a: Validated
    b: tuple[Validated, ...] = ()


class Total(TypedDict):
    a: int
    b: Annotated[str, Field(max_length=3)]


class Partial(TypedDict, total=False):
    a: Required[int]
    b: str


class Extended(Total):
    c: NotRequired[float]


class TreeDictionary(TypedDict):
    name: str
    children: list[TreeDictionary]


class Coordinates(NamedTuple):
    x: float
    y: Annotated[float, Field(ge=0)]
    label: str = ""


STRUCTURES = group(
    "structure",
    {
        "dataclass": field(Plain, {"a": 1}),
        "dataclass with slots": field(Slotted, {"a": 1}),
        "dataclass by keyword": field(Keyworded, {"a": {"a": 1}}),
        "dataclass of pydantic": field(Validated, {"a": 1}),
        "dataclass nested": field(ValidatedTwice, {"a": {"a": 1}}),
        "list of dataclass": field(list[Plain], [{"a": 1}]),
        "TypedDict": field(Total, {"a": 1, "b": "x"}),
        "TypedDict partial": field(Partial, {"a": 1}),
        "TypedDict extended": field(Extended, {"a": 1, "b": "x"}),
        "TypedDict recursive": field(TreeDictionary, {"name": "a", "children": []}),
        "NamedTuple": field(Coordinates, (1.5, 2.5)),
        "list of NamedTuple": field(list[Coordinates], [(1.5, 2.5, "a")]),
    },
)

T = TypeVar("T")
Number = TypeVar("Number", bound=float)
Scalar = TypeVar("Scalar", int, str)


class Box(BaseModel, Generic[T]):
    content: T
    many: list[T] = []


class Bounded(BaseModel, Generic[Number]):
    content: Number


class Constrained(BaseModel, Generic[Scalar]):
    content: Scalar


@dataclasses.dataclass
class Crate(Generic[T]):
    content: T


class Labelled(TypedDict, Generic[T]):
    content: T


UserId = NewType("UserId", int)
Age = TypeAliasType("Age", Annotated[int, Field(ge=0, le=150)])
Listed = TypeAliasType("Listed", list[T], type_params=(T,))

GENERICS = group(
    "generic",
    {
        "generic of int": field(Box[int], {"content": 1}),
        "generic of bounded": field(Box[Annotated[int, Field(ge=0, le=9)]], {"content": 1}),
        "generic of generic": field(Box[Box[str]], {"content": {"content": "a"}}),
        "generic of model": whole(Box[Address], {"content": HOME}),
        "generic without a type": field(Box, {"content": 1}),
        "generic bound": field(Bounded[float], {"content": 1.5}),
        "generic bound, without a type": field(Bounded, {"content": 1.5}),
        "generic constrained": field(Constrained[str], {"content": "a"}),
        "generic dataclass": field(Crate[int], {"content": 1}),
        "generic TypedDict": field(Labelled[int], {"content": 1}),
        "NewType": field(UserId, 1),
        "NewType bounded": field(Annotated[UserId, Field(ge=1)], 1),
        "type alias": field(Age, 30),
        "type alias, narrowed": field(Annotated[Age, Field(ge=18)], 30),
        "type alias generic": field(Listed[int], [1]),
        "list of type alias": field(list[Age], [30]),
    },
)


class Aliased(BaseModel):
    a: int = Field(alias="anInteger")
    b: str = Field(validation_alias="aText", serialization_alias="a-text")


class Chosen(BaseModel):
    a: int = Field(validation_alias=AliasChoices("first", "second"))
    b: str = Field(validation_alias=AliasPath("names", 1))
    c: float = Field(validation_alias=AliasChoices(AliasPath("numbers", "c"), "c"))


class ByName(BaseModel):
    model_config = ConfigDict(validate_by_name=True, validate_by_alias=False)
    a: int = Field(alias="A")


class ByEither(BaseModel):
    model_config = ConfigDict(populate_by_name=True)
    a: int = Field(alias="A")


class Camel(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)
    first_name: str
    date_of_birth: datetime.date


class Shadowed(BaseModel):
    a: int = Field(alias="b")
    b: str = Field(alias="a")


ALIASES = group(
    "alias",
    {
        "alias": whole(Aliased, {"anInteger": 1, "aText": "a"}),
        "AliasChoices and AliasPath": whole(Chosen, {"second": 1, "names": ["x", "y"], "numbers": {"c": 1.5}}),
        "alias, by name": whole(ByName, {"a": 1}),
        "alias, populate_by_name": whole(ByEither, {"a": 1}),
        "alias generator": whole(Camel, {"firstName": "a", "dateOfBirth": "2000-01-01"}),
        "aliases crossed": whole(Shadowed, {"a": "a", "b": 1}),
        "alias nested": field(list[Aliased], [{"anInteger": 1, "aText": "a"}]),
    },
)

ROOTS = group(
    "root",
    {
        "RootModel of int": whole(RootModel[int], 1),
        "RootModel of list": whole(RootModel[list[Short]], ["a"]),
        "RootModel of dict": whole(RootModel[dict[str, Address]], {"a": HOME}),
        "RootModel inside": field(RootModel[list[int]], [1]),
        "RootModel bounded": field(RootModel[Annotated[int, Field(ge=0, le=9)]], 1),
        "RootModel of model": field(RootModel[Address], HOME),
    },
)


class Anything(BaseModel):
    a: Any
    b: object
    c: dict[str, Any] = {}


OPEN = group(
    "open", {"Any": field(Any, 1), "object": field(object, 1), "model of Any": whole(Anything, {"a": 1, "b": 2})}
)

MODELS = NESTED + RECURSIVE + STRUCTURES + GENERICS + ALIASES + ROOTS + OPEN
