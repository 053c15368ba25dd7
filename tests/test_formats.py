"""Proves that every text in a known format is valid: under the validators that others wrote for it."""

import datetime
import ipaddress
import json
import pickle
import re
import warnings
from typing import Annotated, Any

import jsonschema
import numpy as np
import phonenumbers
import pyarrow as pa
import pydantic
import pydantic_extra_types.color
import pydantic_extra_types.coordinate
import pydantic_extra_types.country
import pydantic_extra_types.cron
import pydantic_extra_types.currency_code
import pydantic_extra_types.domain
import pydantic_extra_types.iban
import pydantic_extra_types.isbn
import pydantic_extra_types.language_code
import pydantic_extra_types.mac_address
import pydantic_extra_types.mime_types
import pydantic_extra_types.mongo_object_id
import pydantic_extra_types.payment
import pydantic_extra_types.phone_numbers
import pydantic_extra_types.routing_number
import pydantic_extra_types.s3
import pydantic_extra_types.script_code
import pydantic_extra_types.semantic_version
import pydantic_extra_types.timezone_name
import pydantic_extra_types.ulid
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

import gen.synth.pattern  # noqa: F401 - which draws formats beside lengths that their pieces do not have
from columns import declared, values
from gen import Domain, PrimaryKey, Weights
from gen.errors import CapacityError, SchemaError
from gen.schema.links import Key
from gen.schema.models.python_types import PYTHON_TYPES, format_of_type
from gen.schema.phones import REGIONS
from gen.schema.spec import Column, Spec, Table
from gen.schema.written import spec_from_json, spec_to_json
from gen.synth.formats import (
    FORMATS,
    SynthesizeDomain,
    SynthesizeDomainKey,
    SynthesizeFormat,
    SynthesizeFormatKey,
    SynthesizeProse,
    format_named,
    known,
    narrowed,
    pieces_of,
)
from gen.synth.synthesizer import find_synthesizer
from gen.synth.texts.domains import DOMAINS, PROSE, cities, cities_abroad
from sampling import sampled

ROWS = 2000
CHECKER = jsonschema.Draft202012Validator.FORMAT_CHECKER

# format of JSON Schema 2020-12 -> a text that is not one
JSON_SCHEMA_FORMATS = {
    "date-time": "2020-02-30T10:00:00Z",
    "date": "2021-02-29",
    "time": "10:00:61",
    "duration": "P1Y2X",
    "email": "nobody",
    "idn-email": "nobody",
    "hostname": "-a.example.com",
    "idn-hostname": "〮한국.example",
    "ipv4": "1.2.3.256",
    "ipv6": "2001:db8::g",
    "uri": "no scheme",
    "uri-reference": "a b\\c",
    "iri": "no scheme",
    "iri-reference": "a b\\c",
    "uuid": "c41711d8fbd64f739638-27fa930e1e94",
    "uri-template": "https://example.com/{id",
    "json-pointer": "a/b",
    "relative-json-pointer": "/a",
    "regex": "(",
}
SLOW = ("iri", "iri-reference")  # the checker takes 15 ms a text


def column(name: str, **facts: Any) -> Column:
    return Column("x", "text", format=name, **facts)


def made(facts: Column, rows: int = 10**6) -> Any:
    return find_synthesizer(facts, "T.x")(facts, "T", rows, 0)


def texts(name: str, rows: int = ROWS, **facts: Any) -> list[str]:
    return made(column(name, **facts)).at(range(rows)).to_pylist()


# -- JSON Schema ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", JSON_SCHEMA_FORMATS)
def test_texts_of_a_json_schema_format_are_valid_and_the_checker_is_really_there(name: str) -> None:
    assert not CHECKER.conforms(JSON_SCHEMA_FORMATS[name], name)
    rows = 20 if name in SLOW else ROWS
    values = texts(name, rows)
    assert [value for value in values if not CHECKER.conforms(value, name)] == []
    assert len(set(values)) > rows / 4


def test_a_time_is_read_back_by_python() -> None:
    for value in texts("date-time"):
        assert 1970 <= datetime.datetime.fromisoformat(value).year <= 2099
    for value in texts("time"):
        assert datetime.time.fromisoformat(value).tzinfo is not None
    assert {datetime.date.fromisoformat(value).month for value in texts("date")} == set(range(1, 13))


def test_an_internet_address_is_written_as_python_writes_it() -> None:
    for name in ("ipv4", "ipv6"):
        for value in texts(name):
            assert str(ipaddress.ip_address(value)) == value
    for name in ("ipv4-network", "ipv6-network"):
        for value in texts(name):
            assert str(ipaddress.ip_network(value)) == value


def test_hosts_and_mailboxes_are_of_domains_kept_for_examples() -> None:
    for name in ("email", "hostname", "domain", "idn-email", "uri", "name-email"):
        for value in texts(name):
            assert re.search(r"(^|[.@/])example\.(com|net|org)(/|>|$)", value), value


# -- Pydantic ---------------------------------------------------------------------------------------------


def types_of_pydantic() -> dict[str, Any]:
    """Every listed type that Pydantic validates, by its dotted name."""
    found = {}
    for dotted in PYTHON_TYPES:
        module, _, name = dotted.rpartition(".")
        if name.endswith("Encoder") or name.startswith("_") or module == "zoneinfo._zoneinfo":
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            __import__(module)
            found[dotted] = getattr(__import__("sys").modules[module], name)
    return found


TYPES = types_of_pydantic()


@pytest.mark.filterwarnings("ignore:The `PaymentCardNumber` class is deprecated")
@pytest.mark.parametrize("dotted", TYPES)
def test_texts_are_valid_for_the_type_of_that_name(dotted: str) -> None:
    adapter: pydantic.TypeAdapter[Any] = pydantic.TypeAdapter(TYPES[dotted])
    for value in texts(PYTHON_TYPES[dotted], ROWS // 2):
        adapter.validate_python(value)


@pytest.mark.parametrize("dotted", [dotted for dotted in TYPES if not re.search(r"pathlib|\.Secret|\.Base64", dotted)])
def test_the_type_of_that_name_refuses_other_texts(dotted: str) -> None:
    adapter: pydantic.TypeAdapter[Any] = pydantic.TypeAdapter(TYPES[dotted])
    with pytest.raises((pydantic.ValidationError, ValueError)):
        adapter.validate_python("(((")


def test_types_are_told_by_their_name_or_that_of_a_base() -> None:
    class OurUrl(pydantic.HttpUrl):
        pass

    assert format_of_type(pydantic.EmailStr) == "email"
    assert format_of_type(OurUrl) == "http-url"
    assert format_of_type(pydantic.PostgresDsn) == "postgres-dsn"
    assert format_of_type(str) is None
    for dotted, kind in TYPES.items():
        if isinstance(kind, type):
            assert format_of_type(kind) == PYTHON_TYPES[dotted]
    assert set(PYTHON_TYPES.values()) <= set(FORMATS)


@pytest.mark.parametrize(
    "name",
    ["http-url", "uri", "websocket-url", "ftp-url", "file-url", *(n for n in FORMATS if n.endswith("-dsn"))],
)
def test_a_url_is_its_own_normal_form(name: str) -> None:
    adapter: pydantic.TypeAdapter[Any] = pydantic.TypeAdapter(pydantic.AnyUrl)
    assert [str(adapter.validate_python(value)) for value in texts(name, 300)] == texts(name, 300)


def test_phone_numbers_are_valid_and_of_many_countries() -> None:
    numbers = [phonenumbers.parse(value) for value in texts("phone")]
    assert all(phonenumbers.is_valid_number(number) for number in numbers)
    assert len({number.country_code for number in numbers}) > 25
    assert [phonenumbers.format_number(n, phonenumbers.PhoneNumberFormat.E164) for n in numbers] == texts("phone")


STYLES = ("E164", "NATIONAL", "INTERNATIONAL", "RFC3966")


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("style", STYLES)
def test_phone_numbers_of_a_region_are_valid_there_and_written_as_it_says(region: str, style: str) -> None:
    facts = {"supported_regions": [region], "default_region_code": region, "phone_format": style}
    kind = type("Phone", (pydantic_extra_types.phone_numbers.PhoneNumber,), facts)
    drawn = values(kind, 80)
    adapter: pydantic.TypeAdapter[Any] = pydantic.TypeAdapter(kind)
    assert [adapter.validate_python(number) for number in drawn] == drawn
    validator = pydantic_extra_types.phone_numbers.PhoneNumberValidator(region, style, [region])
    assert values(Annotated[str | phonenumbers.PhoneNumber, validator], 80) == drawn


@pytest.mark.parametrize("style", ["E164", "INTERNATIONAL", "RFC3966"])
def test_phone_numbers_of_everywhere_are_what_the_type_makes_of_them(style: str) -> None:
    kind = type("Phone", (pydantic_extra_types.phone_numbers.PhoneNumber,), {"phone_format": style})
    drawn = values(type("Ours", (kind,), {}))
    adapter: pydantic.TypeAdapter[Any] = pydantic.TypeAdapter(kind)
    assert [adapter.validate_python(number) for number in drawn] == drawn
    assert len({phonenumbers.parse(number).country_code for number in drawn}) > 25
    validator = pydantic_extra_types.phone_numbers.PhoneNumberValidator(number_format=style)
    assert values(Annotated[str, validator]) == drawn
    assert values(Annotated[str, validator, PrimaryKey()])  # each once


def test_national_numbers_of_everywhere_are_not_read_without_a_code() -> None:
    kind = type("Phone", (pydantic_extra_types.phone_numbers.PhoneNumber,), {"phone_format": "NATIONAL"})
    assert values(kind) == values(pydantic_extra_types.phone_numbers.PhoneNumber)
    facts = {"phone_format": "NATIONAL", "supported_regions": ["DE"]}
    assert all(n[:3] == "+49" for n in values(type("Phone", (pydantic_extra_types.phone_numbers.PhoneNumber,), facts)))


def test_a_default_region_is_where_numbers_are_from() -> None:
    kind = type("Phone", (pydantic_extra_types.phone_numbers.PhoneNumber,), {"default_region_code": "SE"})
    assert all(number.startswith("+46") for number in values(kind))
    unknown = type("Phone", (pydantic_extra_types.phone_numbers.PhoneNumber,), {"default_region_code": "LI"})
    assert values(unknown) == values(pydantic_extra_types.phone_numbers.PhoneNumber)


def test_phone_numbers_of_several_regions_can_be_weighed_and_of_unknown_ones_are_refused() -> None:
    validator = pydantic_extra_types.phone_numbers.PhoneNumberValidator
    said = validator(supported_regions=["US", "LI", "GB"], number_format="E164")
    kind = Annotated[str, said, Weights({"US": 0, "GB": 1})]
    assert all(number.startswith("+44") for number in values(kind))
    assert declared(kind).undrawn == (("LI", "no range of its telephone numbers is known"),)
    with pytest.raises(SchemaError, match=r"Thing\.x: telephone numbers of LI, MC are asked for"):
        values(Annotated[str, validator(supported_regions=["LI", "MC"])])


@pytest.mark.parametrize(
    ("domain", "said"),
    [
        ("ctiy", "Did you mean 'city'?"),
        ("fisrt_name", "Did you mean 'first-name'?"),
        ("PostCoed", "Did you mean 'postcode'?"),
        ("zzzzzz", "There are: address, age, "),
    ],
)
def test_a_domain_that_is_not_known_is_refused_with_the_nearest_of_all(domain: str, said: str) -> None:
    for kind in (str, Annotated[str, PrimaryKey()]):
        with pytest.raises(SchemaError) as refused:
            values(Annotated[kind, Domain(domain)])
        assert refused.value.message.startswith(f"Thing.x: there is no domain {domain!r}")
        assert refused.value.hint.startswith(said)
    with pytest.raises(SchemaError, match="nothing of the domain 'title' can be drawn here"):
        values(Annotated[str, Domain("title"), PrimaryKey()])


# -- check digits, each by the text of its standard ---------------------------------------------------------


def luhn(text: str) -> bool:
    total = 0
    for place, digit in enumerate(map(int, reversed(text))):
        total += digit if place % 2 == 0 else (2 * digit if digit < 5 else 2 * digit - 9)
    return total % 10 == 0


def weighted(text: str, weights: list[int], modulus: int) -> bool:
    digits = [10 if character == "X" else int(character) for character in text]
    return sum(d * weights[i % len(weights)] for i, d in enumerate(digits)) % modulus == 0


CHECKS = {
    "payment-card": luhn,
    "imei": luhn,
    "isbn13": lambda text: weighted(text, [1, 3], 10),
    "ean13": lambda text: weighted(text, [1, 3], 10),
    "isbn10": lambda text: weighted(text, list(range(10, 0, -1)), 11),
    "routing-number": lambda text: weighted(text, [3, 7, 1], 10),
    **{
        name: lambda text: int("".join(str(int(c, 36)) for c in text[4:] + text[:4])) % 97 == 1
        for name in ("iban", "iban-at", "iban-gb")
    },
}


@pytest.mark.parametrize("name", CHECKS)
def test_check_digits_are_right_and_spread_evenly(name: str) -> None:
    """Each last digit comes within 6 standard deviations of its share: 2e-8 false alarms a format."""
    values = texts(name)
    assert all(CHECKS[name](value) for value in values)
    assert FORMATS[name].pattern is None
    if not name.startswith("iban"):
        last = [value[-1] for value in values]
        share = ROWS / len(set(last))
        assert len(set(last)) in (10, 11)
        assert max(abs(last.count(digit) - share) for digit in set(last)) < 6 * share**0.5


def test_checks_refuse_a_wrong_digit() -> None:
    assert luhn("4111111111111111") and not luhn("4111111111111112")
    assert CHECKS["iban"]("DE89370400440532013000") and not CHECKS["iban"]("DE88370400440532013000")
    assert (
        CHECKS["isbn10"]("080442957X") and CHECKS["isbn13"]("9780306406157") and CHECKS["routing-number"]("021000021")
    )


# -- every format --------------------------------------------------------------------------------------------


ADAPTERS = {kind: pydantic.TypeAdapter(TYPES[dotted]) for dotted, kind in PYTHON_TYPES.items() if dotted in TYPES}
VALIDATED = JSON_SCHEMA_FORMATS.keys() | ADAPTERS.keys()


def valid(name: str, text: str) -> bool:
    """Whether the checker of JSON Schema, or the type of Pydantic that has this format, takes the text."""
    if name in JSON_SCHEMA_FORMATS:
        return bool(CHECKER.conforms(text, name))
    return ADAPTERS[name].validate_python(text) is not None


@pytest.mark.parametrize("name", [name for name, form in FORMATS.items() if form.pattern and name in VALIDATED])
@seed(3)
@settings(
    deadline=None,
    max_examples=15,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_every_text_of_a_formats_pattern_is_valid(name: str, data: st.DataObject) -> None:
    text = data.draw(st.from_regex(re.compile(FORMATS[name].pattern or "", re.ASCII), fullmatch=True))
    assert valid(name, text), text


@pytest.mark.parametrize("name", FORMATS)
def test_ranges_and_picked_rows_agree_and_synthesizers_are_small(name: str) -> None:
    synthesizer = made(column(name))
    assert isinstance(synthesizer, SynthesizeFormat)
    rows = np.array([3, 70_000, 4, 999_999, 0, 3], np.uint64)
    sent = pickle.dumps(synthesizer)
    assert len(sent) < 2000
    again = pickle.loads(sent)
    assert again.at(rows).to_pylist() == [synthesizer.at(range(r, r + 1))[0].as_py() for r in rows.tolist()]
    assert synthesizer.at(range(5)).type == synthesizer.arrow_type
    assert len(synthesizer.at(range(0))) == 0
    shortest, longest = synthesizer.pieces.lengths
    lengths = [len(text) for text in synthesizer.at(range(500)).to_pylist()]
    assert shortest <= min(lengths) <= max(lengths) <= longest


@pytest.mark.parametrize("name", sampled(FORMATS, 2))
def test_keys_are_distinct_and_found_again_or_refused(name: str) -> None:
    pieces = pieces_of(name)
    assert pieces is not None
    rows = min(300, pieces.capacity)
    if not pieces.decodes:
        with pytest.raises(SchemaError, match=rf"T\.x: the format '{name}' does not serve"):
            made(column(name, key=Key()), rows)
        return
    for order in ("scattered", "sequential"):
        key = made(column(name, key=Key(order)), rows)
        assert isinstance(key, SynthesizeFormatKey)
        values = key.at(range(rows))
        assert len(set(values.to_pylist())) == rows
        picked = np.array([0, rows - 1, rows // 2], np.uint64)
        found = key.row_of(key.at(picked))
        assert found.tolist() == picked.tolist()
        assert key.row_of(pa.array(["", "nonsense", values[0].as_py() + "~"])).tolist() == [-1, -1, -1]
        if name in VALIDATED and order == "scattered":
            assert all(valid(name, value) for value in values.to_pylist()[: 10 if name in SLOW else 100])


def test_a_key_that_differs_before_its_ranked_pieces_is_not_found() -> None:
    key = made(column("uuid", key=Key()), 1000)
    text = key.at(range(5, 6))[0].as_py()
    other = ("0" if text[0] != "0" else "1") + text[1:]
    assert key.row_of(pa.array([text, other])).tolist() == [5, -1]


def test_too_many_keys_are_refused() -> None:
    with pytest.raises(CapacityError, match=r"T\.x"):
        made(column("country-alpha2", key=Key()), 1000)
    with pytest.raises(SchemaError, match="not ascending"):
        made(column("uuid", key=Key("ascending")), 1000)


# -- columns --------------------------------------------------------------------------------------------------


def test_an_unknown_format_is_an_annotation_and_no_error() -> None:
    assert not known("our-own-format")
    assert len(texts("our-own-format", 10)) == 10
    assert known("uuid") and known("ipvanyaddress")
    assert format_named("byte") is FORMATS["base64"]


@pytest.mark.parametrize(
    ("name", "low", "high"), [("email", 0, 24), ("uri", 40, 50), ("hostname", 24, 24), ("semver", 0, 6)]
)
def test_lengths_cut_a_format_and_it_stays_valid(name: str, low: int, high: int) -> None:
    values = texts(name, min_length=low, max_length=high)
    assert all(low <= len(value) <= high for value in values)
    assert all(valid(name, value) for value in values)
    assert len(set(values)) > 20


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(SchemaError, match=r"T\.x: gen knows no text of the format 'uuid' .* at most 10 char"):
        texts("uuid", min_length=1, max_length=10)
    with pytest.raises(SchemaError, match="at once"):
        texts("iban", patterns=("^a",))
    assert narrowed(FORMATS["uuid"].pieces(), 37, 40) is None


def test_patterns_and_format_go_through_json() -> None:
    spec = Spec("s", (Table("T", (column("email", patterns=("^a", "z$")),)),))
    assert spec_from_json(json.loads(json.dumps(spec_to_json(spec)))) == spec


# -- domains --------------------------------------------------------------------------------------------------


def about(domain: str, **facts: Any) -> Column:
    return Column("x", "text", domain=domain, **facts)


@pytest.mark.parametrize("name", DOMAINS)
def test_domains_draw_plausible_text(name: str) -> None:
    synthesizer = made(about(name))
    assert isinstance(synthesizer, SynthesizeDomain)
    values = synthesizer.at(range(ROWS)).to_pylist()
    assert all(value and value == value.strip() and "  " not in value for value in values)
    assert len(set(values)) > min(synthesizer.cardinality, 50) * 0.5
    picked = np.array([77, 5], np.uint64)
    assert pickle.loads(pickle.dumps(synthesizer)).at(picked).to_pylist() == [values[77], values[5]]


def test_domains_have_other_names_and_formats_are_domains() -> None:
    assert made(about("zip_code")).at(range(9)).equals(made(about("postcode")).at(range(9)))
    assert all(
        "@example." in v or "@mail.example." in v or "@post.example." in v
        for v in made(about("email")).at(range(50)).to_pylist()
    )


def test_a_domain_is_a_key_where_it_can_be() -> None:
    key = made(about("company", key=Key()), 20_000)
    assert isinstance(key, SynthesizeDomainKey)
    assert len(set(key.at(range(20_000)).to_pylist())) == 20_000
    assert key.row_of(key.at(range(9, 12))).tolist() == [9, 10, 11]
    with pytest.raises(SchemaError, match="does not serve as a primary key"):
        made(about("job", key=Key()), 10)


def test_a_domain_within_lengths() -> None:
    values = made(about("street", max_length=14)).at(range(ROWS)).to_pylist()
    assert max(map(len, values)) <= 14 and len(set(values)) > 300


def test_places_are_consistent() -> None:
    assert len(cities()) >= 120 and len(cities_abroad()) >= 60
    codes = set(FORMATS["country-alpha2"].pieces().tables[0].listed)
    assert {city.country for city in cities_abroad()} <= codes
    assert len({city.state for city in cities()}) >= 48
    for city in cities():
        assert re.fullmatch("[2-9][0-9]{2}", city.area_code)
        assert all(re.fullmatch("[0-9]{3}", prefix) for prefix in city.zips)
        assert phonenumbers.is_valid_number(phonenumbers.parse(f"+1{city.area_code}5550123"))


@pytest.mark.parametrize("domain", PROSE)
@pytest.mark.parametrize(("low", "high"), [(None, None), (10, 10), (None, 5), (300, None), (0, 3), (50, 300)])
def test_prose_keeps_its_lengths(domain: str, low: int | None, high: int | None) -> None:
    synthesizer = made(about(domain, min_length=low, max_length=high))
    assert isinstance(synthesizer, SynthesizeProse)
    lengths = [len(text) for text in synthesizer.at(range(ROWS)).to_pylist()]
    assert min(lengths) >= (low or 0) and max(lengths) <= (high or 10_000)
    shortest, longest = synthesizer.lengths
    edge = (longest - shortest) * 0.05
    assert min(lengths) <= shortest + edge and max(lengths) >= longest - edge


def test_prose_takes_no_key() -> None:
    with pytest.raises(SchemaError, match=r"T\.x: prose takes lengths, but no key"):
        made(about("sentence", key=Key()))


def test_internationalised_hosts_are_services_at_names_in_many_scripts() -> None:
    drawn = set(texts("idn-hostname"))
    assert all(re.fullmatch(r"[a-z]+\.[^.]+\.example\.(com|net|org)", text) for text in drawn)
    assert sum(not text.isascii() for text in drawn) > 0.9 * len(drawn) > 100
