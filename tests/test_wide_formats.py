"""Proves that a format beside a pattern or a length of the user's own has all texts that are likely asked for."""

import re
from ipaddress import IPv4Network, IPv6Address, IPv6Network
from typing import Annotated

import pytest
from jsonschema import Draft202012Validator
from pydantic import (
    AnyUrl,
    Base64Bytes,
    Base64Str,
    Base64UrlBytes,
    EmailStr,
    Field,
    FileUrl,
    FtpUrl,
    HttpUrl,
    Json,
    MongoDsn,
    MySQLDsn,
    NameEmail,
    PostgresDsn,
    RedisDsn,
    TypeAdapter,
    WebsocketUrl,
)

from columns import drawn, refusal
from gen import Schema
from gen.synth.patterns.language import Language
from gen.synth.patterns.sampling import TextSampler
from gen.synth.texts.wide import WIDE

NARROW = [
    (EmailStr, {"pattern": r"@acme\.com$"}, "email"),
    (EmailStr, {"max_length": 12}, "email"),
    (EmailStr, {"min_length": 60}, "email"),
    (HttpUrl, {"max_length": 12}, "uri"),
    (IPv6Address, {}, "ipv6"),
    (Base64Str, {"max_length": 5}, None),
    (Base64Str, {"min_length": 60, "max_length": 70}, None),
    (Base64Bytes, {"max_length": 4}, None),
]


@pytest.mark.parametrize(("annotation", "narrower", "name"), NARROW)
def test_what_narrows_a_string_type_leaves_what_pydantic_takes(annotation, narrower, name):
    column = drawn(Annotated[annotation, Field(**narrower)] if narrower else annotation, 300)
    adapter = TypeAdapter(Annotated[annotation, Field(**narrower)] if "pattern" not in narrower else annotation)
    texts = column.to_pylist()
    assert len(set(texts)) > 100
    assert not [text for text in texts if not accepted(adapter, text)]
    assert not [text for text in texts if "pattern" in narrower and not re.search(narrower["pattern"], text)]
    assert not [text for text in texts if name and not Draft202012Validator.FORMAT_CHECKER.conforms(text, name)]


def accepted(adapter, text):
    try:
        adapter.validate_python(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    "narrower",
    [
        {"format": "hostname", "pattern": r"\.acme\.internal$"},
        {"format": "uri", "pattern": "^ftp://"},
        {"format": "uri", "maxLength": 12},
        {"format": "uri", "minLength": 60},
        {"format": "hostname", "maxLength": 10},
        {"format": "hostname", "minLength": 60},
        {"format": "ipv6", "maxLength": 12},
        {"format": "ipv4", "pattern": "^10\\.|^255\\."},
        {"format": "email", "maxLength": 12},
        {"format": "email", "minLength": 60},
        {"format": "email", "pattern": "^[A-Z]+@"},
        {"format": "uri-reference", "maxLength": 4},
        {"format": "json-pointer", "maxLength": 3},
        {"format": "regex", "maxLength": 3},
    ],
)
def test_what_narrows_a_format_leaves_what_jsonschema_takes(narrower):
    document = {"type": "object", "properties": {"x": {"type": "string", **narrower}}, "required": ["x"]}
    schema = Schema()
    schema.add(document, 300, name="Thing")
    judge = Draft202012Validator(document, format_checker=Draft202012Validator.FORMAT_CHECKER)
    rows = list(schema.rows("Thing"))
    assert not [row for row in rows if not judge.is_valid(row)]
    assert len({row["x"] for row in rows}) > 40


@pytest.mark.parametrize("name", WIDE)
def test_every_text_of_the_fuller_patterns_is_of_the_format(name):
    language = Language.of(name, (WIDE[name],))
    many = 50 if name.startswith("iri") else 500  # their checker takes 20 ms a text
    texts = TextSampler(name, language).at(range(many), 1).to_pylist()
    checker = Draft202012Validator.FORMAT_CHECKER
    types = [TypeAdapter(kind) for kind in STRING_TYPES.get(name, ())]
    assert not [text for text in texts if name in checker.checkers and not checker.conforms(text, name)]
    assert not [text for text in texts for adapter in types if not accepted(adapter, text)]


STRING_TYPES = {
    "email": (EmailStr,),
    "name-email": (NameEmail,),
    "uri": (AnyUrl,),
    "http-url": (HttpUrl,),
    "ftp-url": (FtpUrl,),
    "file-url": (FileUrl,),
    "websocket-url": (WebsocketUrl,),
    "postgres-dsn": (PostgresDsn,),
    "mysql-dsn": (MySQLDsn,),
    "mongo-dsn": (MongoDsn,),
    "redis-dsn": (RedisDsn,),
    "ipv6-network": (IPv6Network,),
    "ipv4-network": (IPv4Network,),
    "base64-text": (Base64Str,),
    "base64": (Base64Bytes,),
    "base64url": (Base64UrlBytes,),
    "json": (Json,),
}


def test_what_no_text_of_a_format_satisfies_is_refused_without_gens_own_pattern():
    error = refusal(Annotated[EmailStr, Field(pattern="^[^@]*$")])
    assert error.message == "Thing.x: gen knows no text of the format 'email' that matches '^[^@]*$'."
    assert (
        "format 'ipv6' with at most 1 characters"
        in refusal(Annotated[str, Field(max_length=1, json_schema_extra={"format": "ipv6"})]).message
    )


@pytest.mark.parametrize("lengths", [{"maxLength": 12}, {"minLength": 11, "maxLength": 13}, {"maxLength": 5}])
def test_short_hosts_are_many(lengths):
    schema = Schema()
    host = {"type": "string", "format": "hostname", **lengths}
    schema.add({"title": "T", "type": "object", "required": ["host"], "properties": {"host": host}}, rows=1000)
    hosts = schema.table("T").arrow(0, 1000).column("host").to_pylist()
    assert len(set(hosts)) > 500  # example.com, .net and .org were all there were
    assert all(
        Draft202012Validator(host, format_checker=Draft202012Validator.FORMAT_CHECKER).is_valid(h) for h in hosts
    )
