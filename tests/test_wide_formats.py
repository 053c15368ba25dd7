"""Proves that a format beside a pattern or a length of the user's own has all texts that are likely asked for."""

import re
from ipaddress import IPv4Network, IPv6Address, IPv6Network
from typing import Annotated

import pytest
from jsonschema import Draft202012Validator
from phonenumbers import is_valid_number, parse
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
    StringConstraints,
    TypeAdapter,
    WebsocketUrl,
)

from columns import drawn, refusal
from gen import Domain, PrimaryKey, Schema
from gen.synth.formats import MOST_LISTED, pieces_of
from gen.synth.patterns.language import Language
from gen.synth.patterns.sampling import TextSampler
from gen.synth.texts.domains import DOMAINS
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


@pytest.mark.parametrize(
    ("domain", "pattern", "name"),
    [
        ("email", r"@example\.com$", "email"),
        ("email", r"^[a-z.]+@company\.(com|org)$", "email"),
        ("url", r"^https://acme\.io/", "uri"),
        ("ipv4", r"^10\.", "ipv4"),
        ("phone", r"^\+49", None),
        ("zip", "^9[0-9]{4}$", None),
        ("company", "(Inc|LLC)$", None),
    ],
)
def test_a_domain_beside_a_pattern_is_met_by_texts_of_both(domain, pattern, name):
    texts = drawn(Annotated[str, Field(pattern=pattern), Domain(domain)], 300).to_pylist()
    assert len(set(texts)) > 100
    assert not [text for text in texts if not re.search(pattern, text)]
    assert not [text for text in texts if name and not Draft202012Validator.FORMAT_CHECKER.conforms(text, name)]
    assert not [text for text in texts if domain == "phone" and not is_valid_number(parse(text))]
    keys = drawn(Annotated[str, Field(pattern=pattern), Domain(domain), PrimaryKey()], 300).to_pylist()
    assert len(set(keys)) == 300


SHORT_LISTS = [name for name in DOMAINS if sum(map(len, pieces_of(name, True).tables)) <= MOST_LISTED]


@pytest.mark.parametrize("domain", SHORT_LISTS)
def test_every_domain_of_short_lists_may_have_a_pattern_and_keeps_its_texts(domain):
    pieces = pieces_of(domain, True)
    texts = drawn(Annotated[str, Field(pattern="^[^Bb][^z]*$"), Domain(domain)], 300).to_pylist()
    assert all(re.search("^[^Bb][^z]*$", text) for text in texts)
    if len(pieces.tables) == 1:
        assert set(texts) <= set(pieces.tables[0].listed)
    first = tuple(pieces.tables[0].listed)
    assert all(text.startswith(first) and text.endswith(tuple(pieces.tables[-1].listed)) for text in texts)


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        (
            Annotated[str, Field(pattern="^x"), Domain("city")],
            "gen knows no text of the domain 'city' that matches '^x'",
        ),
        (Annotated[str, Field(pattern="^[^@]*$"), Domain("email")], "gen knows no text of the domain 'email' that"),
        (Annotated[str, Field(pattern="^DE"), Domain("iban")], "the domain 'iban' and a pattern are both declared"),
        (
            Annotated[str, Field(pattern="@acme"), Domain("email", of="boss")],
            "the domain 'email' and a pattern are both declared",
        ),
    ],
)
def test_a_domain_that_no_text_meets_beside_a_pattern_is_refused(declared, message):
    assert refusal(declared).message.startswith(f"Thing.x: {message}")


def test_a_domain_beside_a_pattern_in_small_letters_is_so():
    texts = drawn(Annotated[str, StringConstraints(to_lower=True, pattern="@acme"), Domain("email")], 300).to_pylist()
    assert all("@acme" in text and text == text.lower() for text in texts)
