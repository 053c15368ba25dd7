"""Proves that a plain field has the domain that its name says, as if it were declared, and no other field has."""

import dataclasses
import datetime
import re
from typing import Annotated, Any, Literal

import jsonschema
import pytest
from pydantic import (
    BaseModel,
    ConfigDict,
    EmailStr,
    Field,
    StringConstraints,
    create_model,
)
from pydantic.alias_generators import to_camel
from typing_extensions import TypedDict

import gen
from gen import Domain
from gen.schema.domains import AMBIGUOUS_NAMES, FIELD_NAMES, field_key
from gen.schema.json_schema.from_json_schema import table_from_schema
from gen.schema.json_schema.to_json_schema import schema_of
from gen.schema.spec import Spec
from gen.synth.tables import table_sources
from gen.synth.texts.locale import latin_of
from named_fields import DAY, columns, source, values

PEOPLE: dict[str, Any] = {
    "email": str,
    "city": str,
    "given_name": str,
    "surname": Annotated[str, Field(max_length=30)],
    "phone": str | None,
    "zip": str,
    "country": str,
    "gender": Literal["male", "female", "x"],
    "birth_date": datetime.date,
    "age": int,
    "latitude": Annotated[float, Field(ge=-90, le=90)],
}
DECLARED = {"gender": "sex", "given_name": "given_name", "zip": "postcode"}


def test_plain_fields_are_as_if_their_domains_were_declared():
    declared = {n: Annotated[kind, Domain(DECLARED.get(n, n.replace("_", "-")))] for n, kind in PEOPLE.items()}
    assert values(PEOPLE) == values(declared)


@pytest.mark.parametrize(("case", "changed"), [("to_lower", str.lower), ("to_upper", str.upper)])
def test_texts_that_a_model_puts_into_a_case_are_what_their_names_say(case, changed):
    """By a constraint or by the configuration; what a name says nothing of has the letters of plain text."""
    fields = dict.fromkeys(("first_name", "email", "city", "sku", "sex", "title", "notes", "stuff"), str)
    constrained = {name: Annotated[str, StringConstraints(**{case: True})] for name in fields}
    drawn = values(fields)
    wanted = {name: [changed(text) for text in texts] for name, texts in drawn.items()}
    assert values(constrained) == wanted
    schema = gen.Schema()
    model = create_model(
        "Thing", __config__=ConfigDict(**{f"str_{case}": True}, str_strip_whitespace=True), **dict.fromkeys(fields, str)
    )
    schema.add(model, 400)
    rows = table_sources(schema.spec, {"Thing": 400}, 0, DAY)["Thing"].at(range(400)).to_pylist()
    assert {name: [row[name] for row in rows] for name in fields} == wanted
    assert [model.model_validate(row).model_dump() for row in rows] == rows
    reread = Spec("x", (table_from_schema(schema_of(schema.spec)),))
    assert table_sources(reread, {"Thing": 400}, 0, DAY)["Thing"].at(range(400)).to_pylist() == rows


def test_a_code_in_capitals_and_plain_text_in_a_case_have_the_lengths_that_are_declared():
    code = Annotated[str, StringConstraints(to_lower=True, min_length=2, max_length=2)]
    made = values({"country_code": code, "email": code, "stuff": Annotated[str, StringConstraints(to_upper=True)]})
    assert {"us", "de"} <= set(values({"country_code": code}, rows=5000)["country_code"])
    assert all(re.fullmatch("[a-z]{2}", text) for text in made["country_code"])
    assert all(len(text) == 2 and text == text.lower() for text in made["email"])  # no address is as short
    assert {len(text) for text in made["stuff"]} == set(range(1, 33))


def test_the_values_are_what_the_names_say():
    made = values(PEOPLE)
    for row in zip(*made.values(), strict=True):
        person = dict(zip(made, row, strict=True))
        locale = "de" if person["country"] == "Germany" else "en"
        assert person["email"].startswith(
            f"{latin_of(person['given_name'], locale)}.{latin_of(person['surname'], locale)}"
        )
        born = person["birth_date"]
        assert person["age"] == DAY.year - born.year - ((DAY.month, DAY.day) < (born.month, born.day)) <= 99
    assert all(re.fullmatch(r"\+[0-9]{8,15}", phone) for phone in made["phone"] if phone)


@pytest.mark.parametrize("kind", sorted(FIELD_NAMES))
def test_every_name_of_the_table_implies_its_domain(kind):
    annotations = {"text": str, "integer": int, "number": float, "date": datetime.date, "datetime": datetime.datetime}
    annotations["choice"] = Literal["F", "M"]
    for domain, names in FIELD_NAMES[kind].items():
        for name in names.split():
            found = columns({to_camel(name.replace("-", "_")): annotations[kind]}).popitem()[1]
            assert (found.domain, found.implied) == (domain, True), name


@pytest.mark.parametrize("name", sorted(AMBIGUOUS_NAMES))
def test_an_ambiguous_name_needs_others_beside_it(name):
    meant = AMBIGUOUS_NAMES[name]
    assert columns({name: str})[name].domain == meant.otherwise
    for role in sorted(meant.beside - {"age", "birth-date"}):
        beside = {"beside": Annotated[str, Domain(role)]}
        assert columns({name: str, **beside})[name].domain == meant.domain, role


@pytest.mark.parametrize(
    ("table", "domain"), [("Company", "company"), ("Product", "product"), ("Department", "department"), ("Tag", None)]
)
def test_the_name_of_a_firm_or_a_product_is_no_persons(table, domain):
    assert columns({"name": str, "sku": str}, table)["name"].domain == domain
    if domain:
        assert columns({"name": str, "email": str}, table)["name"].domain == domain


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("email", Annotated[str, Field(pattern="^[a-z]+$")]),
        ("email", Annotated[str, Domain("text")]),
        ("email", Annotated[str, Field(json_schema_extra={"domain": "text"})]),
        ("email", Annotated[str, Field(max_length=5)]),
        ("email", Annotated[str, gen.Lengths(gen.Poisson(8))]),
        ("email", Annotated[str, gen.PrimaryKey()]),
        ("email", Annotated[str, Field(json_schema_extra={"alphabet": "ab"})]),
        ("email", int),
        ("email", list[str]),
        ("email", dict[str, str]),
        ("email", bytes),
        ("gender", Literal["a", "b"]),
        ("gender", str),
        ("age", Annotated[int, Field(ge=150)]),
        ("age", Annotated[int, gen.Normal(40, 5)]),
        ("age", Annotated[int, Domain("plain")]),
        ("age", str),
        ("birth_date", Annotated[datetime.date, gen.Normal()]),
        ("latitude", Annotated[float, Field(ge=0, le=0.001)]),
        ("description", Annotated[str, Field(max_length=10)]),
        ("email_verified", str),
        ("hashed_email", str),
        ("emails", str),
        ("order_state", str),
        ("file_name", str),
        ("e-mail!", str),
    ],
)
def test_other_fields_are_what_they_were(name, kind):
    other = source({name: kind}).columns[name]
    if name == "gender" and kind is str:
        assert set(values({name: kind})[name]) == {"F", "M"}
        return
    assert other.column.domain is None
    assert not other.column.implied


def test_a_field_that_opts_out_has_the_values_of_plain_text():
    plain = source({"email": Annotated[str, Domain("text")]})
    again = source({"email": Annotated[str, Domain("text"), Field(min_length=1, max_length=32)]})
    assert plain.at(range(50)).equals(again.at(range(50)))
    assert any("@" not in text for text in plain.at(range(50)).column(0).to_pylist())


def test_what_is_declared_wins_over_names_that_cannot_agree_with_it():
    fields = {"age": Annotated[int, Domain("age"), Field(ge=18, le=65)], "dob": Annotated[datetime.date, Field(ge=DAY)]}
    found = columns(fields)
    assert (found["age"].domain, found["dob"].domain) == ("age", None)


def test_bounds_that_contradict_each_other_leave_both_as_they_are():
    young = Annotated[datetime.date, Field(ge=datetime.date(2020, 1, 1))]
    found = columns({"age": Annotated[int, Field(ge=18)], "dob": young})
    assert not [column.domain for column in found.values() if column.domain]


def test_names_with_one_prefix_speak_of_one():
    made = values(
        {
            "customer_name": str,
            "customer_email": str,
            "billing_city": str,
            "billing_state": Annotated[str, Field(max_length=2)],
            "billing_zip": str,
            "shipping_city": str,
        }
    )
    for name, mail in zip(made["customer_name"], made["customer_email"], strict=True):
        assert mail.startswith(name.lower().replace(" ", "."))
    states = dict(zip(made["billing_city"], made["billing_state"], strict=True))
    assert {"New York": "NY", "Los Angeles": "CA", "Chicago": "IL"}.items() <= states.items()
    assert made["billing_city"] != made["shipping_city"]


def test_two_addresses_of_one_person_are_both_that_persons():
    made = values({"first_name": str, "email": str, "work_email": str, "city": str, "phone": str, "mobile": str})
    assert all(mail.startswith(name.lower()) for name, mail in zip(made["first_name"], made["work_email"], strict=True))
    assert made["email"] != made["work_email"]
    assert {p[:5] for p in made["phone"]} == {p[:5] for p in made["mobile"]}
    assert all(a[:5] == b[:5] for a, b in zip(made["phone"], made["mobile"], strict=True))


SAME = (
    ("name", "full_name", "person_name"),
    ("first_name", "given_name", "forename"),
    ("last_name", "surname"),
    ("sex", "gender"),
    ("town", "city"),
    ("zip", "postal_code"),
    ("street", "street_address"),
    ("country", "country_name"),
)


@pytest.mark.parametrize("same", [SAME, SAME[:-1], *((names,) for names in SAME[1:])])
def test_fields_whose_names_mean_the_same_say_the_same(same):
    made = values({name: str for names in same for name in names})
    for names in same:
        assert len(set(made[names[0]])) > 1
        assert all(made[name] == made[names[0]] for name in names)
    if len(same) > 1:
        full = [f"{first} {last}" for first, last in zip(made["given_name"], made["surname"], strict=True)]
        assert made["person_name"] == full


def test_fields_that_mean_the_same_with_lengths_choices_and_keys_of_their_own_agree():
    made = values(
        {
            "username": Annotated[str, Domain("username"), gen.PrimaryKey()],
            "first_name": Annotated[str, Field(max_length=6)],
            "given_name": Annotated[str, Field(min_length=5)],
            "sex": str,
            "gender": Literal["male", "female"],
        }
    )
    assert made["first_name"] == made["given_name"]
    assert {len(name) for name in made["first_name"]} == {5, 6}
    assert set(zip(made["sex"], made["gender"], strict=True)) == {("F", "female"), ("M", "male")}
    assert all(
        u.endswith(n.lower())
        for u, n in zip((t.rstrip("0123456789") for t in made["username"]), made["first_name"], strict=True)
    )


def test_a_field_that_cannot_say_the_same_is_drawn_on_its_own():
    fields = {"city": Annotated[str, Field(max_length=6)], "town": Annotated[str, Field(min_length=10)], "zip": str}
    made = values(fields)
    assert {"Dallas", "Austin"} < set(made["city"])
    assert made["town"] == values({"town": fields["town"]})["town"]


ZIP = Annotated[str, Field(pattern=r"^\d{5}$")]


def test_a_zip_code_as_a_number_is_of_the_city_beside_it():
    made = values({"city": str, "zip": int, "zip_code": int | None, "postal_code": str, "billing_zip": int})
    assert made["zip"] == list(map(int, made["postal_code"]))
    assert {a for a, b in zip(made["zip_code"], made["zip"], strict=True) if a != b} == {None}
    bounded = values({"city": str, "zip": Annotated[int, Field(ge=20_000, lt=50_000)], "postal_code": str})
    assert bounded["zip"] == list(map(int, bounded["postal_code"]))
    assert 20_000 <= min(bounded["zip"]) <= max(bounded["zip"]) < 50_000
    assert made["billing_zip"] == values({"billing_zip": int})["billing_zip"]  # of no city


@pytest.mark.parametrize("beside", [{"country": str}, {"where": Annotated[str, Domain("city", locale="sv")]}, {}])
def test_a_zip_code_as_a_number_is_any_where_codes_are_not_digits_alone(beside):
    drawn = values({"zip": int, "city": str, **beside} if beside else {"zip": int})["zip"]
    assert drawn == values({"zip": int})["zip"]
    assert 10_000 <= min(drawn) <= max(drawn) <= 99_999


def test_germanys_zip_codes_as_numbers():
    made = values({"c": Annotated[str, Domain("city", locale="de")], "town": str, "zip": int, "postcode": str})
    assert made["zip"] == list(map(int, made["postcode"])) and made["c"] == made["town"]


def test_a_pattern_that_all_zip_codes_match_leaves_them_to_their_city():
    state, both = (Annotated[str, Field(pattern=p)] for p in ("^[A-Z]{2}$", r"^\d{5}(-\d{4})?$"))
    plain = values({"city": str, "zip": str, "postal_code": str, "state_code": str})
    made = values({"city": str, "zip": ZIP, "postal_code": both, "state": state})
    assert [*made.values()] == [*plain.values()]
    assert "pattern" in source({"city": str, "zip": ZIP}).columns["zip"].reason


@pytest.mark.parametrize(
    ("kind", "beside"),
    [
        (ZIP, {}),
        (ZIP, {"city": str, "country": str}),
        (Annotated[str, Field(pattern=r"^[1-9]\d{4}$")], {"city": str}),
        (Annotated[str, Field(pattern=r"^\d{4}$")], {"city": str}),
    ],
)
def test_a_pattern_that_not_all_zip_codes_match_is_drawn_as_it_was(kind, beside):
    assert values({"zip": kind, **beside})["zip"] == values({"zip": Annotated[kind, Domain("text")]})["zip"]


def test_lengths_choose_the_codes():
    two, three = (Annotated[str, Field(min_length=n, max_length=n)] for n in (2, 3))
    assert columns({"country": two})["country"].domain == "country-alpha2"
    assert columns({"country": three})["country"].domain == "country-alpha3"
    assert columns({"state": two, "city": str})["state"].domain == "state-code"


def test_long_texts_are_no_longer_than_anybody_writes():
    made = values({"notes": Annotated[str, Field(max_length=5000)], "bio": Annotated[str, Field(max_length=300)]})
    assert max(map(len, made["notes"])) <= 120
    assert all(200 <= len(text) <= 300 for text in made["bio"])


class InDict(TypedDict):
    email: str
    firstName: str


@dataclasses.dataclass
class InClass:
    email: str
    firstName: str


class InModel(BaseModel):
    model_config = ConfigDict(strict=True)
    email: str
    firstName: str
    inside: list[InClass]


DOCUMENT = {
    "title": "InModel",
    "type": "object",
    "properties": {
        "email": {"type": "string"},
        "firstName": {"type": "string", "maxLength": 255},
        "inside": {
            "type": "array",
            "items": {"type": "object", "properties": {"email": {"type": "string"}}, "required": ["email"]},
        },
    },
    "required": ["email", "firstName", "inside"],
}


@pytest.mark.parametrize("model", [InDict, InClass, InModel, DOCUMENT])
def test_names_are_read_in_whatever_declares_them(model):
    schema = gen.Schema()
    schema.add(model, 50)
    table = schema.table(next(iter(schema.spec.tables)).name)
    for row in table.arrow(0, 50).to_pylist():
        assert row["email"].startswith(row["firstName"].lower())
        for inner in row.get("inside", ()):
            assert re.fullmatch(r"[a-z.]+[0-9]*@([a-z]+\.)?example\.(com|net|org)", inner["email"])
    if model is DOCUMENT:
        for row in table.arrow(0, 50).to_pylist():
            jsonschema.validate(row, DOCUMENT)


def test_what_a_schema_checks_besides_keeps_its_names():
    document = {**DOCUMENT, "not": {"properties": {"email": {"pattern": "@"}}}}
    schema = gen.Schema()
    schema.add(document, 50)
    for row in schema.table("InModel").arrow(0, 50).to_pylist():
        jsonschema.validate(row, document)


def test_an_exported_schema_reads_back_to_the_same_columns_and_values():
    schema = gen.Schema()
    fields = {**PEOPLE, "note": Annotated[str, Domain("text")], "address": InClass}
    schema.add(create_model("Thing", **{name: (kind, ...) for name, kind in fields.items()}), 20)
    table = table_from_schema(schema_of(schema.spec))
    assert [c.domain for c in table.columns] == [c.domain for c in schema.spec.tables[0].columns]
    sources = [table_sources(spec, {"Thing": 20}, 0, DAY) for spec in (schema.spec, Spec("x", (table,)))]
    assert sources[0]["Thing"].at(range(20)).equals(sources[1]["Thing"].at(range(20)))


def test_a_synthesizer_of_the_users_own_goes_first():
    class SynthesizeMail(gen.Synthesizer):
        @classmethod
        def match(cls, column):
            return column.name == "contactEmail" and column.domain is None

        def draw(self, generator, n):
            return ["me@here"] * n

    assert set(values({"contactEmail": str, "contactName": str})["contactEmail"]) == {"me@here"}
    assert SynthesizeMail.__name__


def test_describe_says_why():
    found = source({"email": str, "first_name": str}).columns["email"]
    assert "by its name 'email'" in found.reason
    assert "by its name" not in source({"email": Annotated[str, Domain("email")]}).columns["email"].reason


@pytest.mark.parametrize(
    ("declared", "reason"),
    [
        (EmailStr, "matches text of the format 'email'"),
        (Annotated[EmailStr | None, Field(max_length=50)], "matches text of the format 'email'"),
        (Annotated[str, StringConstraints(to_upper=True, max_length=5)], "matches text in upper case"),
        (
            Annotated[str, StringConstraints(strip_whitespace=True, pattern="^a.*$")],
            "matches text with the pattern '^a.*$' without spaces at its ends",
        ),
        (Annotated[str, Field(pattern="^[0-9]{5}$")], "matches text with the pattern '^[0-9]{5}$'"),
        (
            Annotated[str, Field(pattern="^" + "[0-9]" * 20)],
            "matches text with the pattern '^[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9'...",
        ),
        (
            Annotated[str, Field(json_schema_extra={"format": "x"})],
            "matches text; no format 'x' is known, so it says nothing",
        ),
        (
            Annotated[str, Field(pattern="^a+$", json_schema_extra={"format": "x"})],
            "matches text with the pattern '^a+$'; no format 'x' is known, so it says nothing",
        ),
        (Literal["one"], "matches choice of one value"),
    ],
)
def test_describe_says_the_type_where_the_type_is_why(declared, reason):
    """Also of a field called `email`: its name decides nothing where its type does."""
    assert source({"email": declared}).columns["email"].reason == reason


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("zipCode", "zip-code"),
        ("ZIPCode", "zip-code"),
        ("zip_code", "zip-code"),
        ("ZIP-CODE", "zip-code"),
        ("addressLine1", "address-line-1"),
        ("Größe", ""),
        ("", ""),
    ],
)
def test_names_are_compared_without_their_spelling(name, key):
    assert field_key(name) == key


@pytest.mark.parametrize(
    ("table", "fields", "domain"),
    [
        ("Office", ("name", "contact_email"), "company"),
        ("Branch", ("name", "city", "manager_email"), "company"),
        ("Place", ("name", "contact_email", "contact_phone"), None),
        ("Place", ("name", "city", "manager_email"), None),
        ("Place", ("name", "email"), "name"),
        ("Member", ("name",), "name"),
    ],
)
def test_a_name_beside_somebody_elses_address_is_not_a_persons(table, fields, domain):
    found = columns(dict.fromkeys(fields, str), table)
    assert found["name"].domain == domain


def test_a_contact_address_is_the_persons_whose_row_it_is():
    made = values({"first_name": str, "contact_email": str, "contact_phone": str})
    assert all(m.startswith(n.lower()) for n, m in zip(made["first_name"], made["contact_email"], strict=True))


def test_codes_and_lists_have_the_lengths_that_are_declared():
    short = Annotated[str, Field(max_length=3)]
    assert [c.domain for c in columns({"ssn": short, "medication": short, "order_status": short}).values()] == [
        None
    ] * 3
    drawn = values({"order_status": Annotated[str, Field(max_length=6)]})["order_status"]
    assert {"active", "failed"} <= set(drawn) <= {"active", "failed", "draft"}


@pytest.mark.parametrize(
    ("name", "like"),
    [
        ("page_slug", "[a-z]+(-[a-z]+){1,2}"),
        ("middle_name", "[A-Z][a-z]+"),
        ("middle_initial", "[A-Z]"),
        ("swift_code", "[A-Z]{4}[A-Z]{2}[A-Z0-9]0(XXX)?"),  # ISO 9362; a location that ends in 0 is for tests
        ("gtin", "[0-9]{13}"),
        ("country_of_birth", "[A-Z][A-Za-z .,'()-]+"),
        ("phone_home", r"\+[0-9]{8,15}"),
    ],
)
def test_codes_and_words_are_like_what_their_names_say(name, like):
    drawn = values({name: str})[name]
    assert len(set(drawn)) > 15
    assert all(re.fullmatch(like, text) for text in drawn if text.isascii())


def test_the_country_of_birth_is_not_where_the_row_is():
    made = values({"city": str, "zip": str, "country_of_birth": str})
    assert made["zip"] == values({"city": str, "zip": str})["zip"]
    assert len(set(made["country_of_birth"])) > 50


def test_a_social_security_number_is_nobodys():
    """900 to 999 are for taxpayers without one, and groups below 50 of these are not given."""
    assert all(re.fullmatch(r"9[0-9]{2}-(0[1-9]|[1-4][0-9])-(?!0000)[0-9]{4}", t) for t in values({"ssn": str})["ssn"])
