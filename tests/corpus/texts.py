"""This file knows the corpus's texts and bytes: lengths, patterns, cases, encodings, secrets and Json."""

from __future__ import annotations

import re
from typing import Annotated, Any

import annotated_types as at
from pydantic import (
    Base64Bytes,
    Base64Str,
    Base64UrlBytes,
    Base64UrlStr,
    ConfigDict,
    EmailStr,
    Field,
    ImportString,
    Json,
    JsonValue,
    NameEmail,
    PaymentCardNumber,
    Secret,
    SecretBytes,
    SecretStr,
    StrictBytes,
    StrictStr,
    StringConstraints,
    conbytes,
    constr,
)

from corpus.entries import field, group

PYTHON_EXPRESSIONS = ConfigDict(regex_engine="python-re")


def _text(pattern: str, example: str, **facts: Any) -> Any:
    return field(Annotated[str, Field(pattern=pattern)], example, **facts)


STRINGS = group(
    "str",
    {
        "str": field(str, "a"),
        "str min_length": field(Annotated[str, Field(min_length=3)], "abc"),
        "str max_length": field(Annotated[str, Field(max_length=40)], "abc"),
        "str of one length": field(Annotated[str, Field(min_length=5, max_length=5)], "abcde"),
        "str empty": field(Annotated[str, Field(max_length=0)], "", constant=True),
        "str long": field(Annotated[str, Field(min_length=2000, max_length=2100)], "a" * 2000),
        "str strict": field(Annotated[str, Field(strict=True)], "a"),
        "str Len": field(Annotated[str, at.Len(2, 4)], "abc"),
        "str MinLen MaxLen": field(Annotated[str, at.MinLen(2), at.MaxLen(4)], "abc"),
        "str StringConstraints": field(Annotated[str, StringConstraints(min_length=2, max_length=9)], "abc"),
        "str strip_whitespace": field(Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)], " a "),
        "str to_upper": field(Annotated[str, StringConstraints(to_upper=True, max_length=8)], "ABC"),
        "str to_lower": field(Annotated[str, StringConstraints(to_lower=True, max_length=8)], "abc"),
        "str to_upper, pattern": field(Annotated[str, StringConstraints(to_upper=True, pattern="^[A-Z]{3}$")], "ABC"),
        "str lengths of the model": field(str, "abc", config=ConfigDict(str_min_length=2, str_max_length=5)),
        "str lowered by the model": field(str, "abc", config=ConfigDict(str_to_lower=True, str_max_length=5)),
        "str stripped by the model": field(str, " a", config=ConfigDict(str_strip_whitespace=True, str_min_length=1)),
        "StrictStr": field(StrictStr, "a"),
        "constr": field(constr(min_length=1, max_length=3, to_lower=True), "ab"),
        "str ascii by Predicate": field(Annotated[str, at.Predicate(str.isascii)], "a"),
        "str lower case": field(at.LowerCase[str], "abc"),
        "str upper case": field(at.UpperCase[str], "ABC"),
        "str digits": field(at.IsDigit[str], "123"),
        "str title": field(
            str, "Reader", Field(default="Reader", title="Role", description="of the user", examples=["A"])
        ),
        "str without a length": field(Annotated[str, Field(min_length=5, max_length=4)], ..., refused=True),
        "str of an impossible pattern": field(
            Annotated[str, Field(pattern="^[a-z]{2}$", min_length=3)], ..., refused=True
        ),
    },
)

PATTERNS = group(
    "pattern",
    {
        "pattern of a class": _text(r"^[a-z]+$", "abc"),
        "pattern of digits": _text(r"^\d{4}-\d{2}$", "2024-01"),
        "pattern without anchors": _text(r"[0-9]{3}", "x123y"),
        "pattern anchored at the start": _text(r"^ab", "abc"),
        "pattern anchored at the end": _text(r"ab$", "cab"),
        "pattern of alternatives": _text(r"^(red|green|blue)$", "red"),
        "pattern of alternatives, one anchored": _text(r"^a|b$", "axx"),
        "pattern of options": _text(r"^https?://[a-z]+(\.[a-z]{2,3})?$", "http://abc.de"),
        "pattern of groups repeated": _text(r"^([A-Z]{2}[0-9]){2,3}$", "AB1CD2"),
        "pattern of a complement": _text(r"^[^0-9]{5}$", "abcde"),
        "pattern of word characters": _text(r"^\w+@\w+$", "a@b"),
        "pattern of white space": _text(r"^\S+\s\S+$", "a b"),
        "pattern of escapes": _text(r"^\$\d+\.\d{2}$", "$1.25"),
        "pattern lazy": _text(r"^a+?b*?c$", "abc"),
        "pattern non-capturing": _text(r"^(?:ab|cd)+$", "abcd"),
        "pattern named": _text(r"^(?P<year>[12]\d{3})$", "1999"),
        "pattern case-insensitive": _text(r"(?i)^[a-c]{4}$", "aBcA"),
        "pattern of Unicode": _text(r"^[äöüß]{3}$", "äöü"),
        "pattern of a Unicode class": _text(r"^\p{Lu}\p{Ll}+$", "Äb"),
        "pattern of hex escapes": _text(r"^[\x41-\x43]{2}$", "AB"),
        "pattern of a dot": _text(r"^.{3}$", "a1ä"),
        "pattern of everything": _text(r"^.*$", ""),
        "pattern of nothing": _text(r"^$", "", constant=True),
        "pattern, lengths": field(Annotated[str, Field(pattern=r"^[ab]*$", min_length=3, max_length=5)], "abab"),
        "pattern unanchored, lengths": field(Annotated[str, Field(pattern=r"\d", max_length=2)], "a1"),
        "pattern compiled": field(Annotated[str, Field(pattern=re.compile(r"^[A-F]{2}$"))], "AB"),
        "pattern constr": field(constr(pattern=r"^\+\d{5,9}$"), "+12345"),
        "pattern lookahead": _text(r"^(?=.*\d)[a-z\d]{6}$", "abcde1", config=PYTHON_EXPRESSIONS),
        "pattern negative lookahead": _text(r"^(?!00)\d{2}$", "01", config=PYTHON_EXPRESSIONS),
        "pattern back-reference": _text(r"^([ab])\1$", "aa", config=PYTHON_EXPRESSIONS, refused=None),
        "pattern word boundary": _text(r"^\bab\b$", "ab", constant=True),
        "pattern with \\A and \\z": _text(r"\A[ab]\z", "a"),
        "pattern UUID": _text(r"^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$", "12345678-1234-1234-1234-123456789abc"),
        "pattern semantic version": _text(r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$", "1.0.12"),
    },
)

BYTES = group(
    "bytes",
    {
        "bytes": field(bytes, b"a"),
        "bytes lengths": field(Annotated[bytes, Field(min_length=2, max_length=4)], b"abc"),
        "bytes strict": field(Annotated[bytes, Field(strict=True)], b"a"),
        "StrictBytes": field(StrictBytes, b"a"),
        "conbytes": field(conbytes(min_length=16, max_length=16), b"0123456789abcdef"),
        "bytes as base64 in JSON": field(
            bytes, b"a", config=ConfigDict(val_json_bytes="base64", ser_json_bytes="base64")
        ),
    },
)

ENCODED = group(
    "encoded",
    {
        "Base64Bytes": field(Base64Bytes, b"YWJj", stable=False),
        "Base64Str": field(Base64Str, "YWJj", stable=False),
        "Base64UrlBytes": field(Base64UrlBytes, b"YWJj", stable=False),
        "Base64UrlStr": field(Base64UrlStr, "YWJj", stable=False),
        "SecretStr": field(SecretStr, "abc"),
        "SecretStr min_length": field(Annotated[SecretStr, Field(min_length=12)], "abcdefghijkl"),
        "SecretBytes": field(SecretBytes, b"abc"),
        "Secret of int": field(Secret[int], 5),
        "Secret of bounded int": field(Secret[Annotated[int, Field(ge=1, le=9)]], 5),
        "Json": field(Json, "[1]", stable=False),
        "Json of Any": field(Json[Any], "[1]", stable=False),
        "Json of list of int": field(Json[list[int]], "[1]", stable=False),
        "Json of dict": field(Json[dict[str, float]], '{"a": 1.5}', stable=False),
        "JsonValue": field(JsonValue, [1, {"a": None}]),
        "EmailStr": field(EmailStr, "ann@mail.org"),
        "EmailStr max_length": field(Annotated[EmailStr, Field(max_length=20)], "ann@mail.org"),
        "NameEmail": field(NameEmail, "Ann <ann@mail.org>"),
        "PaymentCardNumber": field(PaymentCardNumber, "4242424242424242"),
        "ImportString": field(ImportString, "math.cos"),
        "re.Pattern": field(re.Pattern, "a+", refused=None),
        "re.Pattern of str": field(re.Pattern[str], "a+", refused=None),
    },
)

TEXTS = STRINGS + PATTERNS + BYTES + ENCODED
