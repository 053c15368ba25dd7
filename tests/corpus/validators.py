"""This file knows the corpus's validators, which narrow or change what a type alone would allow, and its refusals."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Generator, Hashable
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    InstanceOf,
    PlainValidator,
    SkipValidation,
    WrapValidator,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from corpus.entries import field, group, whole


def even(value: int) -> int:
    if value % 2:
        raise ValueError("not even")
    return value


def rare(value: int) -> int:
    if value % 10_007:
        raise ValueError("not a multiple of 10,007")
    return value


def never(value: Any) -> Any:
    raise ValueError("never")


def split(value: Any) -> Any:
    return value.split(",") if isinstance(value, str) else value


def plain(value: Any) -> int:
    if not isinstance(value, int) or not 0 <= value < 100:
        raise PydanticCustomError("range", "not 0 to 99")
    return value


def wrapped(value: Any, inner: Callable[[Any], int]) -> int:
    return inner(abs(value))


def slug(value: str) -> str:
    if not re.fullmatch(r"[a-z]+(-[a-z]+)*", value):
        raise ValueError("not a slug")
    return value


FUNCTIONS = group(
    "validator",
    {
        "AfterValidator that narrows": field(Annotated[int, AfterValidator(even)], 2),
        "AfterValidator that changes": field(Annotated[int, AfterValidator(lambda n: n * 2)], 2),
        "AfterValidator within bounds": field(Annotated[int, Field(ge=0, le=9), AfterValidator(even)], 2),
        "AfterValidator before bounds": field(Annotated[int, AfterValidator(lambda n: n % 10), Field(lt=10)], 2),
        "AfterValidator twice": field(Annotated[int, AfterValidator(even), AfterValidator(abs)], 2),
        "AfterValidator of text": field(Annotated[str, Field(max_length=3), AfterValidator(str.strip)], "a"),
        "AfterValidator that accepts few": field(Annotated[int, Field(ge=0), AfterValidator(rare)], 0, refused=None),
        "AfterValidator of a slug": field(Annotated[str, AfterValidator(slug)], "a-b", refused=None),
        "BeforeValidator that changes": field(Annotated[list[str], BeforeValidator(split)], "a,b"),
        "BeforeValidator that parses": field(Annotated[int, BeforeValidator(int)], "5"),
        "WrapValidator": field(Annotated[int, Field(ge=0), WrapValidator(wrapped)], -5),
        "PlainValidator": field(Annotated[int, PlainValidator(plain)], 5, refused=None),
        "PlainValidator of Any": field(Annotated[Any, PlainValidator(lambda value: value)], 5, refused=None),
        "validator inside a list": field(list[Annotated[int, AfterValidator(even)]], [2]),
        "validator inside a union": field(Annotated[int, AfterValidator(even)] | None, 2),
        "validator that never accepts": field(Annotated[int, AfterValidator(never)], ..., refused=True),
        "validator before that never accepts": field(Annotated[str, BeforeValidator(never)], ..., refused=True),
        "SkipValidation": field(SkipValidation[int], 5, refused=None),
    },
)


class Evens(BaseModel):
    a: int
    b: Annotated[int, Field(ge=0, le=100)]

    @field_validator("a", "b")
    @classmethod
    def check_even(cls, value: int) -> int:
        return even(value)


class Stripped(BaseModel):
    name: Annotated[str, Field(min_length=2, max_length=20)]

    @field_validator("name", mode="before")
    @classmethod
    def strip(cls, value: Any) -> Any:
        return value.strip() if isinstance(value, str) else value


class Interval(BaseModel):
    start: datetime.date
    end: datetime.date

    @model_validator(mode="after")
    def check_order(self) -> Interval:
        if self.end < self.start:
            raise ValueError("it ends before it starts")
        return self


class Priced(BaseModel):
    net: Annotated[Decimal, Field(ge=0, le=100, decimal_places=2)]
    gross: Annotated[Decimal, Field(ge=0, le=100, decimal_places=2)]

    @model_validator(mode="after")
    def check_sum(self) -> Priced:
        if self.gross < self.net:
            raise ValueError("gross is less than net")
        return self


class OneOfBoth(BaseModel):
    mail: str | None = None
    phone: str | None = None

    @model_validator(mode="after")
    def check_contact(self) -> OneOfBoth:
        if self.mail is None and self.phone is None:
            raise ValueError("no contact")
        return self


class Prepared(BaseModel):
    a: int
    b: int

    @model_validator(mode="before")
    @classmethod
    def fill(cls, values: Any) -> Any:
        return {"a": 0, **values} if isinstance(values, dict) else values


class Wrapped(BaseModel):
    a: int

    @model_validator(mode="wrap")
    @classmethod
    def log(cls, value: Any, handler: Callable[[Any], Wrapped]) -> Wrapped:
        return handler(value)


class Dependent(BaseModel):
    low: Annotated[int, Field(ge=0, le=10)]
    high: Annotated[int, Field(ge=0, le=10)]

    @field_validator("high")
    @classmethod
    def check_above(cls, value: int, info: Any) -> int:
        if value < info.data.get("low", 0):
            raise ValueError("high is below low")
        return value


class Contradiction(BaseModel):
    a: int

    @model_validator(mode="after")
    def check(self) -> Contradiction:
        raise ValueError("never")


METHODS = group(
    "validator of a model",
    {
        "field_validator": whole(Evens, {"a": 2, "b": 2}),
        "field_validator before": whole(Stripped, {"name": " ab "}),
        "field_validator of another field": whole(Dependent, {"low": 1, "high": 2}),
        "model_validator after": whole(Interval, {"start": "2020-01-01", "end": "2020-01-01"}),
        "model_validator of sums": whole(Priced, {"net": 1, "gross": 2}),
        "model_validator of either": whole(OneOfBoth, {"mail": "a"}),
        "model_validator before": whole(Prepared, {"b": 2}),
        "model_validator wrap": whole(Wrapped, {"a": 1}),
        "model_validator inside a list": field(list[Interval], [{"start": "2020-01-01", "end": "2020-01-01"}]),
        "model_validator that never accepts": whole(Contradiction, ..., refused=True),
    },
)


class Opaque:
    """A class that Pydantic knows nothing about."""


ARBITRARY = ConfigDict(arbitrary_types_allowed=True)

OBJECTS = group(
    "object",
    {
        "Callable": field(Callable, print, refused=True),
        "Callable of types": field(Callable[[int], str], print, refused=True),
        "type": field(type, int, refused=True),
        "type of int": field(type[int], int, refused=True),
        "Hashable": field(Hashable, 1, refused=None),
        "arbitrary class": field(Opaque, Opaque(), config=ARBITRARY, refused=True),
        "InstanceOf": field(InstanceOf[Opaque], Opaque(), refused=True),
        "list of Callable": field(Annotated[list[Callable], Field(min_length=1)], [print], refused=True),
        "optional Callable": field(Callable | None, None, constant=True),
        "Callable with default": field(Callable, print, print, refused=None),
        "Generator": field(Generator[int, None, None], [1], refused=None, stable=False),
    },
)

VALIDATORS = FUNCTIONS + METHODS + OBJECTS
