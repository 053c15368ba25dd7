"""This file knows the corpus's numbers: bool, int, float, Decimal and their kin, with every bound they can declare."""

from __future__ import annotations

import fractions
from decimal import Decimal
from typing import Annotated

import annotated_types as at
from pydantic import (
    AllowInfNan,
    ByteSize,
    ConfigDict,
    Field,
    FiniteFloat,
    NegativeFloat,
    NegativeInt,
    NonNegativeFloat,
    NonNegativeInt,
    NonPositiveFloat,
    NonPositiveInt,
    PositiveFloat,
    PositiveInt,
    Strict,
    StrictBool,
    StrictFloat,
    StrictInt,
    condecimal,
    confloat,
    conint,
)

from corpus.entries import field, group

STRICT = ConfigDict(strict=True)

BOOLEANS = group(
    "bool",
    {
        "bool": field(bool, True),
        "bool strict": field(Annotated[bool, Field(strict=True)], False),
        "StrictBool": field(StrictBool, True),
        "bool with default": field(bool, False, True),
    },
)

INTEGERS = group(
    "int",
    {
        "int": field(int, 1),
        "int ge": field(Annotated[int, Field(ge=5)], 5),
        "int gt": field(Annotated[int, Field(gt=5)], 6),
        "int le": field(Annotated[int, Field(le=-5)], -5),
        "int lt": field(Annotated[int, Field(lt=5)], 4),
        "int ge le": field(Annotated[int, Field(ge=1, le=6)], 6),
        "int gt lt": field(Annotated[int, Field(gt=0, lt=3)], 1),
        "int of one value": field(Annotated[int, Field(gt=6, lt=8)], 7, constant=True),
        "int of 64 bits": field(Annotated[int, Field(ge=-(2**63), le=2**63 - 1)], 2**63 - 1),
        "int of 64 bits, unsigned": field(Annotated[int, Field(ge=0, le=2**64 - 1)], 2**64 - 1),
        "int beyond 64 bits": field(Annotated[int, Field(ge=10**20, le=10**21)], 10**20),
        "int multiple_of": field(Annotated[int, Field(multiple_of=7)], 49),
        "int multiple_of, bounds": field(Annotated[int, Field(ge=10, le=100, multiple_of=15)], 15),
        "int multiple_of, open bounds": field(Annotated[int, Field(gt=15, lt=45, multiple_of=15)], 30, constant=True),
        "int strict": field(Annotated[int, Field(strict=True, ge=0)], 3),
        "int of a strict model": field(Annotated[int, Field(ge=0, le=9)], 3, config=STRICT),
        "int Interval": field(Annotated[int, at.Interval(ge=3, lt=9)], 8),
        "int Gt Lt twice": field(Annotated[int, at.Gt(1), at.Lt(100), at.Gt(10)], 11),
        "int MultipleOf": field(Annotated[int, at.MultipleOf(3), at.Ge(0)], 9),
        "int nested Annotated": field(Annotated[Annotated[int, Field(ge=0)], Field(le=9)], 9),
        "int bounds beside the default": field(int, 3, Field(default=4, ge=2, le=9)),
        "int default_factory": field(int, 3, Field(default_factory=lambda: 4)),
        "int even by Predicate": field(Annotated[int, at.Predicate(lambda n: n % 2 == 0)], 4),
        "int not of a range": field(Annotated[int, Field(ge=0, le=9), at.Not(lambda n: n == 5)], 4),
        "PositiveInt": field(PositiveInt, 1),
        "NegativeInt": field(NegativeInt, -1),
        "NonNegativeInt": field(NonNegativeInt, 0),
        "NonPositiveInt": field(NonPositiveInt, 0),
        "StrictInt": field(StrictInt, 1),
        "conint": field(conint(gt=0, lt=1000, multiple_of=5), 995),
        "conint strict": field(conint(strict=True, ge=0), 995),
        "ByteSize": field(ByteSize, "1 KiB"),
        "int empty range": field(Annotated[int, Field(gt=1, lt=2)], ..., refused=True),
        "int without a multiple": field(Annotated[int, Field(ge=1, le=6, multiple_of=7)], ..., refused=True),
    },
)

FLOATS = group(
    "float",
    {
        "float": field(float, 1.5),
        "float ge": field(Annotated[float, Field(ge=0.5)], 0.5),
        "float gt": field(Annotated[float, Field(gt=0)], 0.5),
        "float le": field(Annotated[float, Field(le=-0.5)], -0.5),
        "float lt": field(Annotated[float, Field(lt=1e-300)], 0.0),
        "float ge le": field(Annotated[float, Field(ge=2, le=21)], 2.0),
        "float gt lt": field(Annotated[float, Field(gt=0, lt=1)], 0.5),
        "float of huge bounds": field(Annotated[float, Field(ge=-1e308, le=1e308)], 0.0),
        "float of near bounds": field(Annotated[float, Field(gt=1.0, lt=1.0000000000000009)], 1.0000000000000004),
        "float of one value": field(Annotated[float, Field(ge=2.5, le=2.5)], 2.5, constant=True),
        "float multiple_of 0.01, open": field(Annotated[float, Field(ge=0, multiple_of=0.01)], 344.03),
        "float multiple_of 0.5": field(Annotated[float, Field(multiple_of=0.5)], 1.5),
        "float multiple_of 0.01": field(Annotated[float, Field(ge=0, le=100, multiple_of=0.01)], 0.07),
        "float multiple_of 3": field(Annotated[float, Field(gt=0, lt=30, multiple_of=3)], 3.0),
        "float strict": field(Annotated[float, Field(strict=True)], 1.5),
        "float without infinity": field(Annotated[float, AllowInfNan(False)], 1.5),
        "float allow_inf_nan in the model": field(float, 1.5, config=ConfigDict(allow_inf_nan=False)),
        "float Interval": field(Annotated[float, at.Interval(gt=0, le=1)], 1.0),
        "FiniteFloat": field(FiniteFloat, 1.5),
        "PositiveFloat": field(PositiveFloat, 1.5),
        "NegativeFloat": field(NegativeFloat, -1.5),
        "NonNegativeFloat": field(NonNegativeFloat, 0.0),
        "NonPositiveFloat": field(NonPositiveFloat, 0.0),
        "StrictFloat": field(StrictFloat, 1.5),
        "confloat": field(confloat(ge=0, lt=1, allow_inf_nan=False), 0.5),
        "float empty range": field(Annotated[float, Field(gt=1, lt=1)], ..., refused=True),
        "complex": field(complex, 1 + 2j),
    },
)

DECIMALS = group(
    "Decimal",
    {
        "Decimal": field(Decimal, "1.5"),
        "Decimal max_digits": field(Annotated[Decimal, Field(max_digits=4)], "1.234"),
        "Decimal decimal_places": field(Annotated[Decimal, Field(decimal_places=2)], "1.23"),
        "Decimal digits and places": field(Annotated[Decimal, Field(max_digits=5, decimal_places=2)], "123.45"),
        "Decimal all places": field(Annotated[Decimal, Field(max_digits=3, decimal_places=3)], "0.123"),
        "Decimal whole": field(Annotated[Decimal, Field(max_digits=4, decimal_places=0)], "1234"),
        "Decimal ge lt": field(Annotated[Decimal, Field(ge=0, lt=1)], "0.5"),
        "Decimal gt le": field(Annotated[Decimal, Field(gt=Decimal("0.001"), le=Decimal("0.002"))], "0.0015"),
        "Decimal money": field(Annotated[Decimal, Field(gt=0, le=Decimal("999.99"), decimal_places=2)], "0.01"),
        "Decimal multiple_of": field(Annotated[Decimal, Field(ge=0, le=1, multiple_of=Decimal("0.05"))], "0.15"),
        "Decimal of 38 digits": field(Annotated[Decimal, Field(max_digits=38, decimal_places=10)], "1.5"),
        "Decimal strict": field(Annotated[Decimal, Field(strict=True, max_digits=6)], Decimal("1.5")),
        "Decimal Strict with bounds": field(Annotated[Decimal, Strict(), at.Ge(1), at.Le(2)], Decimal("1.5")),
        "condecimal": field(condecimal(max_digits=6, decimal_places=3, gt=0), "1.125"),
        "Decimal too many digits": field(Annotated[Decimal, Field(ge=1000, max_digits=3)], ..., refused=True),
        "Fraction": field(fractions.Fraction, "1/3"),
    },
)

NUMBERS = BOOLEANS + INTEGERS + FLOATS + DECIMALS
