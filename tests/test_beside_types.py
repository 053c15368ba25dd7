"""Proves that what stands beside a type is heeded: a model's configuration, JSON Schema keywords, misspelt facts."""

import dataclasses
import datetime
import decimal
import difflib
import json
import re
from typing import Annotated, Any, Generic, Literal, NamedTuple, Optional, TypeVar

import pytest
from jsonschema import Draft202012Validator
from pydantic import (
    Base64Str,
    BaseModel,
    ConfigDict,
    EmailStr,
    Field,
    HttpUrl,
    RootModel,
    SecretStr,
    StringConstraints,
    WithJsonSchema,
    create_model,
)
from pydantic.dataclasses import dataclass as pydantic_dataclass
from pydantic_core import core_schema
from pydantic_extra_types.currency_code import ISO4217
from pydantic_extra_types.mac_address import MacAddress
from typing_extensions import TypedDict

from columns import Colour, declared, refusal
from gen import (
    After,
    DependsOn,
    Derived,
    Domain,
    Faker,
    Normal,
    Nulls,
    PrimaryKey,
    Schema,
    SynthesizedBy,
    Weights,
    Zipf,
)
from gen.errors import CapacityError, SchemaError
from gen.schema.facts import FACTS
from gen.schema.models.from_pydantic import table_from_model
from gen.schema.models.keywords import keywords_of

T = TypeVar("T")
TIGHT = ConfigDict(str_min_length=2, str_max_length=7, str_to_upper=True, str_strip_whitespace=True)


def rows_of(model, rows=300):
    schema = Schema()
    schema.add(model, rows)
    return list(schema.rows(model))


def of_config(annotation, config=TIGHT):
    return create_model("Thing", __config__=config, x=(annotation, ...))


# -- configuration ----------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Plain:
    a: str


class Keys(TypedDict):
    a: str


class Named(NamedTuple):
    a: str


class Inner(BaseModel):
    a: str


@pydantic_dataclass
class Own:
    a: str


@pytest.mark.parametrize(
    "annotation",
    [
        str,
        str | None,
        list[str],
        dict[str, str],
        str | int,
        Annotated[str, PrimaryKey()],
        Annotated[str, Field(pattern="^[A-Z ]{1,99}$")],
        Annotated[str, StringConstraints(to_upper=False)],
        Plain,
        Keys,
        Named,
    ],
)
def test_the_configuration_of_a_model_constrains_every_str(annotation):
    model = of_config(annotation)
    schema = Schema()
    schema.add(model, 300)
    rows = schema.table("Thing").source.at(range(300)).column("x").to_pylist()
    rows = [json.loads(row) for row in rows] if annotation == str | int else rows
    texts = [text for row in rows for text in strings(row)]
    assert len(set(texts)) > 120
    assert all(2 <= len(text) <= 7 and text == text.strip() for text in texts)
    assert any(text != text.upper() for text in texts) == ("to_upper=False" in str(annotation))
    assert len(rows_of(model)) == 300  # Pydantic takes them all


def strings(value):
    """The texts in a value."""
    if isinstance(value, str):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else []
    return [text for item in items for text in strings(item)]


@pytest.mark.parametrize("annotation", [Inner, Own, RootModel[str]])
def test_a_model_inside_another_has_its_own_configuration(annotation):
    assert "max_length" not in repr(declared_in(of_config(annotation)))


def declared_in(model):
    schema = Schema()
    schema.add(model)
    return schema.spec.tables[0].column("x")


@pytest.mark.parametrize(
    ("annotation", "longest"),
    [
        (str, 7),
        (Annotated[str, Field(max_length=20)], 20),
        (Annotated[str | None, Field(max_length=20)], 20),
        (Annotated[str, Field(max_length=5)], 5),
    ],
)
def test_what_a_field_says_takes_the_place_of_the_configuration(annotation, longest):
    assert declared_in(of_config(annotation)).max_length == longest


@pytest.mark.parametrize("annotation", [EmailStr, SecretStr, Base64Str])
def test_types_that_check_a_str_on_the_way_heed_the_configuration(annotation):
    assert declared_in(of_config(annotation, ConfigDict(str_max_length=30))).max_length == 30
    assert declared_in(of_config(HttpUrl, ConfigDict(str_max_length=30))).max_length is None
    assert declared_in(of_config(Literal["a", "b"], TIGHT)).max_length is None


# -- keywords ---------------------------------------------------------------------------------------------------

BESIDE: list[tuple[Any, dict[str, Any]]] = [
    (str, {"format": "email"}),
    (str, {"format": "date-time"}),
    (str, {"pattern": "^[a-c]{5,9}$", "maxLength": 7}),
    (str, {"enum": ["a", "b", 3]}),
    (str, {"minLength": 3, "maxLength": 4}),
    (str | None, {"minLength": 3, "maxLength": 4}),
    (int, {"minimum": 5, "exclusiveMaximum": 9}),
    (Annotated[int, Field(ge=0, le=100, multiple_of=4)], {"multipleOf": 6, "exclusiveMinimum": 12, "maximum": 97}),
    (float, {"multipleOf": 0.25, "minimum": 0, "maximum": 1}),
    (int, {"enum": [1, 2, "x"], "minimum": 0}),
    (datetime.date, {"enum": ["2020-01-01", "2021-01-01", 3]}),
    (list[int], {"minItems": 2, "maxItems": 3, "uniqueItems": True, "items": {"minimum": 3, "maximum": 9}}),
    (dict[str, int], {"minProperties": 2, "maxProperties": 3}),
    (Literal["a", "bb", "ccc"], {"minLength": 2}),
    (Literal["a", "bb", "ccc"], {"enum": ["a", "ccc", "d"]}),
    (int, {"minimum": 0, "maximum": 20, "not": {"multipleOf": 2}}),
    (int, {"minimum": 0, "maximum": 20, "anyOf": [{"maximum": 3}, {"minimum": 18}]}),
    (EmailStr, {"format": "email", "maxLength": 30}),
    (HttpUrl, {"format": "uri"}),
]


@pytest.mark.parametrize(("annotation", "keywords"), BESIDE)
@pytest.mark.parametrize("how", ["json_schema_extra", "callable", "WithJsonSchema"])
def test_values_satisfy_the_keywords_beside_their_type(annotation, keywords, how):
    beside = {
        "json_schema_extra": Field(json_schema_extra=keywords),
        "callable": Field(json_schema_extra=lambda schema: schema.update(keywords)),
        "WithJsonSchema": WithJsonSchema(keywords),
    }[how]
    model = of_config(Annotated[annotation, beside], None)
    values = [row.model_dump(mode="json")["x"] for row in rows_of(model)]
    judge = Draft202012Validator(keywords, format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert not [v for v in values if not judge.is_valid(v) and not (v is None and annotation == str | None)]
    assert len(set(map(str, values))) > 1


def test_decimals_are_narrowed_by_what_the_json_says():
    column = declared(
        Annotated[decimal.Decimal, Field(json_schema_extra={"minimum": 0.1, "maximum": 0.3, "multipleOf": 0.1})]
    )
    assert (column.minimum, column.maximum, column.multiple_of) == (*map(decimal.Decimal, ("0.1", "0.3", "0.1")),)


def test_a_type_of_ones_own_is_read_by_the_schema_beside_it():
    class Foreign:
        @classmethod
        def __get_pydantic_core_schema__(cls, source, handler):
            return core_schema.no_info_plain_validator_function(lambda value: value)

    assert declared(Annotated[Foreign, WithJsonSchema({"type": "string", "format": "email"})]).format == "email"


@pytest.mark.parametrize(
    ("annotation", "keywords", "sentence"),
    [
        (int, {"format": "email"}, "the format 'email' is declared, and the field is int"),
        (EmailStr, {"format": "ipv4"}, "the format 'ipv4' is declared, and the field is of the format 'email'"),
        (int, {"minLength": 3}, "the keyword minLength = 3 does not suit the field, which is int"),
        (int, {"minimum": "3"}, "the keyword minimum = '3' does not suit"),
        (int, {"enum": ["a"]}, "takes none of the values ['a']"),
        (str, {"enum": "ab"}, "the keyword enum is 'ab'"),
        (Literal["a"], {"const": "b"}, 'none of its values satisfies {"enum": ["b"]}'),
        (Annotated[int, Field(ge=9)], {"maximum": 3}, "contradict each other: at least 9 and at most 3"),
    ],
)
def test_keywords_that_contradict_the_type_are_refused(annotation, keywords, sentence):
    assert sentence in refusal(Annotated[annotation, Field(json_schema_extra=keywords)]).message


@pytest.mark.parametrize(
    ("key", "value", "meant"),
    [
        ("nullss", 0.5, "nulls"),
        ("weight", {"a": 1}, "weights"),
        ("distributoin", "normal", "distribution"),
        ("minlength", 3, "minLength"),
        ("min_length", 3, "minLength"),
        ("minimun", 3, "minimum"),
        ("exclusive_maximum", 3, "exclusiveMaximum"),
    ],
)
def test_a_misspelt_fact_is_refused_with_the_one_that_is_meant(key, value, meant):
    error = refusal(Annotated[int | None, Field(json_schema_extra={key: value})])
    assert f"json_schema_extra says {key!r}" in error.message
    assert f"Did you mean {meant!r}?" in error.hint


def test_keys_of_other_tools_are_left_alone():
    extra = {"example": 3, "x-nullss": 1, "ui": "slider", "readOnly": True, "examples": [1], "$comment": "", "label": 1}
    extra |= {"store": "eu", "length": 3, "weight": 2.5}
    assert declared(Annotated[int, Field(json_schema_extra=extra)]) == declared(int)


def test_no_keyword_of_json_schema_is_taken_for_a_misspelt_fact():
    published = [
        *Draft202012Validator.VALIDATORS,
        "title",
        "description",
        "default",
        "nullable",
        "discriminator",
        "xml",
    ]
    assert not [word for word in published if difflib.get_close_matches(word, FACTS, 1, 0.85)]
    assert not keywords_of([Field(json_schema_extra={"title": "a", "examples": [1], "domain": "b"})])


# -- generic models, defaults, sets -----------------------------------------------------------------------------


class Tree(BaseModel, Generic[T]):
    value: T
    kids: "list[Tree[T]]" = []


class Page(BaseModel, Generic[T]):
    item: T
    following: Optional["Page[T]"] = None


def test_a_generic_model_inside_of_itself_has_its_own_types_there():
    rows = rows_of(create_model("Thing", tree=(Tree[int], ...), page=(Page[str], ...)))
    assert any(isinstance(kid.value, int) for row in rows for kid in row.tree.kids)
    assert any(row.page.following and isinstance(row.page.following.item, str) for row in rows)


def test_a_default_made_from_other_fields_cannot_be_kept():
    class Thing(BaseModel):
        a: int
        x: int = Field(default_factory=lambda data: data["a"] + 1, json_schema_extra={"keep": True})

    with pytest.raises(
        SchemaError, match=r"Thing\.x: it is to keep its default, and that is made from the other fields"
    ):
        rows_of(Thing)


def test_what_is_equal_in_python_is_in_a_set_once():
    model = create_model("Thing", x=(Annotated[set[Literal[1, True, 0, False]], Field(min_length=2)], ...))
    assert {frozenset(row.x) for row in rows_of(model)} == {frozenset((0, 1))}


def test_a_domain_has_what_a_configuration_says_of_texts():
    cities = {row.x for row in rows_of(of_config(Annotated[str, Domain("city")]))}
    assert "DALLAS" in cities and all(city.isupper() and len(city) <= 7 for city in cities)


# -- messages ---------------------------------------------------------------------------------------------------


def test_two_laws_of_one_field_are_refused():
    error = refusal(Annotated[float, Normal(3, 1), Zipf(2)])
    assert "two laws are declared, 'normal' and 'zipf'" in error.message


def test_branches_are_weighed_by_the_names_of_their_python_types():
    assert declared(Annotated[int | str, Weights({"int": 3, "str": 1})]).weights == (3, 1)
    assert declared(Annotated[int | str, Weights({"integer": 3, "text": 1})]).weights == (3, 1)


def test_a_date_after_a_datetime_is_refused_as_the_reverse_is():
    model = create_model("Thing", a=(datetime.datetime, ...), b=(Annotated[datetime.date, After("a")], ...))
    with pytest.raises(SchemaError, match=r"b: it is datetime\.date, and a before it is") as it:
        rows_of(model)
    assert it.value.hint == "Give both fields the same type."


def test_a_synthesizer_that_is_not_there_is_offered_none_that_draws_nothing():
    error = refusal(Annotated[int, SynthesizedBy("Nope")])
    assert not {"OnGrid", "Ranked", "GridKey", "MadeOfOthers"} & set(re.findall(r"\w+", error.hint))


def test_too_few_keys_are_said_in_english():
    with pytest.raises(CapacityError, match="an integer in its bounds holds 4"):
        rows_of(create_model("Thing", x=(Annotated[int, Field(ge=0, le=3), PrimaryKey()], ...)))


def test_a_default_to_be_kept_whose_factory_fails_is_a_sentence():
    keep = Field(default_factory=lambda: 1 // 0, json_schema_extra={"keep": True})
    with pytest.raises(SchemaError, match=r"Thing\.x: .* fails: ZeroDivisionError"):
        rows_of(create_model("Thing", x=(int, keep)))


UPPER, LOWER = StringConstraints(to_upper=True), StringConstraints(to_lower=True)
CASED = {
    "e-mail": EmailStr,
    "e-mail itself in capitals": Annotated[EmailStr, UPPER],
    "secret": SecretStr,
    "address": MacAddress,
    "currency": ISO4217,
    "name": Annotated[str, Domain("name")],
    "name in small letters": Annotated[str, Domain("name"), LOWER],
    "city": Annotated[str, Domain("city", locale="de_DE"), UPPER],
    "street": Annotated[str, Domain("street", locale="de_DE"), Field(max_length=30)],
    "company": Annotated[str, Faker("company", pool=50), LOWER],
    "host": Annotated[str, Field(json_schema_extra={"format": "hostname"}), UPPER],
    "maybe": Annotated[str | None, Domain("email"), UPPER],
    "many": list[EmailStr],
}


@pytest.mark.parametrize("setting", ["str_to_upper", "str_to_lower", "str_strip_whitespace"])
@pytest.mark.parametrize("name", CASED)
def test_rows_are_what_the_model_makes_of_them(name, setting):
    model = create_model("Thing", __config__=ConfigDict(**{setting: True}), x=CASED[name])
    schema = Schema()
    schema.add(model, rows=300)
    rows = schema.table("Thing").arrow(0, 300).to_pylist()
    for row in rows:
        made = model.model_validate(row).x
        assert (made.get_secret_value() if isinstance(made, SecretStr) else made) == row["x"]
    assert len({str(row["x"]) for row in rows}) > 20


def joined(row):
    return [f"{who}Ä ß" for who in row.who]


LISTED = Field(json_schema_extra={"enum": ["Red", "RED", "blue"]})
MADE = {  # of others of the row, or listed
    "listed": Annotated[str, LISTED],
    "listed and weighed": Annotated[str, LISTED, Weights({"Red": 1, "RED": 1, "blue": 0.5})],
    "a constant": Annotated[str, Field(json_schema_extra={"const": "Red"})],
    "computed": Annotated[str, Derived("who + ' of Paris'")],
    "computed itself": Annotated[str, LOWER, Derived("upper(who)")],
    "computed by a function": Annotated[str, Derived(joined)],
    "computed and maybe": Annotated[str | None, Derived("who"), Nulls(0.5)],
    "computed and something for none": Annotated[str, Derived("who"), Nulls(0.5, value="n/A")],
    "computed by a choice": Annotated[str, LISTED, Derived("'Red' if len(who) > 5 else 'blue'")],
    "by a table": Annotated[str, DependsOn("which", {"x": "Paris", "y": "Rome"})],
    "by a table itself": Annotated[str, DependsOn("which", {"x": "Paris", "y": "Rome"}), UPPER],
    "something for none": Annotated[str, Nulls(0.5, value="n/A")],
    "something for no city": Annotated[str, Domain("city"), Nulls(0.5, value="n/A")],
    "an Enum": Colour,
    "a Literal": Literal["Red", "blue"],
}


@pytest.mark.parametrize("setting", ["str_to_upper", "str_to_lower", "str_strip_whitespace"])
@pytest.mark.parametrize("name", MADE)
def test_rows_made_of_others_are_what_the_model_makes_of_them(name, setting):
    fields = {"who": Annotated[str, Domain("given_name")], "which": Literal["x", "y"], "x": MADE[name]}
    model = create_model("Thing", __config__=ConfigDict(**{setting: True}), **fields)
    schema = Schema()
    schema.add(model, rows=300)
    rows = schema.table("Thing").arrow(0, 300).to_pylist()
    assert [model.model_validate(row).model_dump(mode="json") for row in rows] == rows
    assert len({row["x"] for row in rows}) > 1 or name == "a constant"


def test_listed_texts_that_differ_in_case_alone_are_one_as_likely_as_all():
    model = create_model("Thing", __config__=ConfigDict(str_to_upper=True), x=MADE["listed"])
    column = table_from_model(model).column("x")
    assert (column.choices, column.weights) == (("RED", "BLUE"), (2.0, 1.0))
    column = table_from_model(create_model("Thing", x=MADE["listed"])).column("x")
    assert (column.choices, column.weights) == (("Red", "RED", "blue"), ())


def test_a_person_in_capitals_agrees_with_itself():
    model = create_model(
        "Thing",
        name=Annotated[str, Domain("name"), UPPER],
        email=Annotated[str, Domain("email"), UPPER],
        given=Annotated[str, Domain("given_name")],
    )
    for row in rows_of(model):
        assert row.name.startswith(row.given.upper()) and row.email.startswith(row.given.upper())


@dataclasses.dataclass
class Counted:
    x: int
    y: str = dataclasses.field(init=False, default="q")


@pydantic_dataclass
class AlsoCounted:
    x: int
    y: str = dataclasses.field(init=False, default="q")
    z: str = Field(init=False, default="q")


@pytest.mark.parametrize("kind", [Counted, AlsoCounted])
def test_a_field_of_a_dataclass_that_is_no_argument_of_it_is_no_column(kind):
    schema = Schema()
    schema.add(kind, 10)
    assert schema.table(kind.__name__).arrow().schema.names == ["x"]
    assert {row.y for row in schema.rows(kind)} == {"q"}
