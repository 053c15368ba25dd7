"""Proves that of any two markers on one field each is honoured, as the values show, or the pair is refused by name."""

import datetime
import itertools
from typing import Annotated, Literal
from uuid import UUID

import numpy as np
import pytest
from pydantic import BaseModel, EmailStr, Field, HttpUrl, SecretStr, create_model

from gen import (
    After,
    AsText,
    Children,
    Copy,
    Correlated,
    Count,
    DependsOn,
    Derived,
    Domain,
    Faker,
    ForeignKey,
    Given,
    Lengths,
    Noise,
    Normal,
    Nulls,
    Ordinal,
    PrimaryKey,
    Schema,
    SynthesizedBy,
    Synthesizer,
    Unique,
    Weights,
    When,
    Zipf,
)
from gen.errors import BadRequest
from gen.schema.facts import FACTS
from sampling import sampled

ROWS = 1000
COMPANIES = {f"{sound}{ending}" for sound in "KLMNPRST" for ending in ("one", "two")}


class SynthesizeSeven(Synthesizer):
    """Only where it is named."""

    @classmethod
    def match(cls, column):
        return False

    def draw(self, generator, n):
        numbers = generator.integers(0, 10, n)
        return [700 + int(k) if self.column.kind == "integer" else f"7{k}" for k in numbers]


class Parent(BaseModel):
    id: Annotated[int, Field(ge=5000), PrimaryKey(order="sequential")]


class Word(BaseModel):
    id: Annotated[str, Field(pattern="^ID[0-9]{3}$"), PrimaryKey()]


class Thing(BaseModel):
    id: Annotated[UUID, PrimaryKey()]


class Child(BaseModel):
    of: Annotated[int, ForeignKey("T.k"), Children((1, 3))]


def _every(holds):
    return lambda rows, drawn: bool(drawn) and all(holds(row, row["x"]) for row in drawn)


def _where(holds):
    """Whether there are values only where a condition holds, and some there."""
    return lambda rows, drawn: bool(drawn) and all(holds(row) for row in drawn)


def _share(low, high, holds):
    return lambda rows, drawn: low <= sum(map(holds, rows)) / len(rows) <= high


def _few(most):
    return lambda rows, drawn: 0 < len({row["x"] for row in drawn}) <= most


def _rising(rows, drawn):
    """Whether values rise with `b`: with a coefficient of 0.9 the ranks of 100 pairs have 0.5 all but always."""
    x = [row["x"] if isinstance(row["x"], (int, float)) else "uvw".index(row["x"]) for row in drawn]
    return len(set(x)) > 1 and np.corrcoef(
        np.argsort(np.argsort([row["b"] for row in drawn])), np.argsort(np.argsort(x))
    )[0, 1] > (0.5 if isinstance(drawn[0]["x"], int) else 0)


def _distinct(rows, drawn):
    return len({row["x"] for row in drawn}) == len(drawn) > 0


EMPTY = _share(0.4, 0.95, lambda row: row["x"] is None)  # with others that leave values out more, never fewer
# Of any kind of field: the marker, and whether rows, or those with a value that is none's, show it.
COMMON = {
    "PrimaryKey": (PrimaryKey(), _distinct),
    "Unique": (Unique(), _distinct),
    "Nulls": (Nulls(0.5), EMPTY),
    "Noise": (Noise(null=0.5), _share(0.2, 0.95, lambda row: row["x"] in (None, -7, "-7", "w"))),
    "When": (When("s == 'p'"), _where(lambda row: row["s"] == "p")),
    "DependsOn": (DependsOn("s"), _few(2)),
}
NUMBERS = COMMON | {
    "Domain": (Domain("age"), _every(lambda row, x: 0 <= x < 120)),
    "ForeignKey": (ForeignKey("Parent.id"), _every(lambda row, x: 5000 <= x < 5500)),
    "Normal": (Normal(60, 5), _every(lambda row, x: 30 < x < 90)),
    "Copy": (Copy("up", "id"), _every(lambda row, x: x == row["up"])),
    "Ordinal": (Ordinal("up"), lambda rows, drawn: len({(row["up"], row["x"]) for row in drawn}) == len(drawn) > 0),
    "Count": (Count("Child"), _every(lambda row, x: 1 <= x <= 3)),
    "Nulls with a value": (Nulls(0.5, value=-7), _share(0.2, 0.95, lambda row: row["x"] in (-7, None))),
    "Derived": (Derived("a * 2"), _every(lambda row, x: x == 2 * row["a"])),
    "After": (After("a"), _every(lambda row, x: x >= row["a"])),
    "DependsOn by table": (
        DependsOn("s", {"p": 11, "q": 12}),
        _every(lambda row, x: x == {"p": 11, "q": 12}[row["s"]]),
    ),
    "Given": (
        Given("s", {"p": Normal(1000, 5), "q": Normal(2000, 5)}),
        _every(lambda row, x: abs(x - {"p": 1000, "q": 2000}[row["s"]]) < 50),
    ),
    "Correlated": (Correlated({"b": 0.9}), _rising),
    "SynthesizedBy": (SynthesizedBy("SynthesizeSeven"), _every(lambda row, x: 700 <= x < 710)),
}
TEXTS = COMMON | {
    "ForeignKey": (ForeignKey("Word.id"), _every(lambda row, x: x.startswith("ID"))),
    "Domain": (Domain("isbn13"), _every(lambda row, x: len(x) == 13 and x.isdigit())),
    "Faker": (
        Faker("random_element", arguments={"elements": sorted(COMPANIES)}),
        _every(lambda row, x: x in COMPANIES),
    ),
    "Lengths": (Lengths(Normal(20, 1)), _every(lambda row, x: 12 < len(x) < 28)),
    "alphabet": ({"alphabet": "xyz"}, _every(lambda row, x: set(x) <= set("xyz"))),
    "Nulls with a value": (Nulls(0.5, value="-7"), _share(0.2, 0.95, lambda row: row["x"] in ("-7", None))),
    "Derived": (Derived("t + '!'"), _every(lambda row, x: x == row["t"] + "!")),
    "DependsOn by table": (
        DependsOn("s", {"p": "u", "q": "v"}),
        _every(lambda row, x: x == {"p": "u", "q": "v"}[row["s"]]),
    ),
    "Given": (
        Given("s", {"p": Domain("isbn13"), "q": Domain("isbn10")}),
        _every(lambda row, x: len(x) == {"p": 13, "q": 10}[row["s"]]),
    ),
    "SynthesizedBy": (SynthesizedBy("SynthesizeSeven"), _every(lambda row, x: x[0] == "7")),
}
CHOICES = COMMON | {
    "Weights": (Weights({"u": 1, "v": 1, "w": 0}), _every(lambda row, x: x != "w")),
    "Zipf": (Zipf(6), lambda rows, drawn: sum(row["x"] == "u" for row in drawn) > 0.9 * len(drawn)),
    "Nulls with a value": (Nulls(0.5, value="w"), _share(0.2, 0.95, lambda row: row["x"] in ("w", None))),
    "Derived": (Derived("'u' if a > 25 else 'v'"), _every(lambda row, x: x == ("u" if row["a"] > 25 else "v"))),
    "DependsOn by table": (
        DependsOn("s", {"p": "u", "q": "v"}),
        _every(lambda row, x: x == {"p": "u", "q": "v"}[row["s"]]),
    ),
    "Given": (Given("s", {"p": {"u": 1}, "q": {"v": 1}}), _every(lambda row, x: x == {"p": "u", "q": "v"}[row["s"]])),
    "Correlated": (Correlated({"b": 0.9}), _rising),
}
DAYS = COMMON | {
    "Domain": (Domain("birth_date"), _every(lambda row, x: x.year < 2030)),
    "After": (After("d"), _every(lambda row, x: x >= row["d"])),
    "Derived": (Derived("d + days(1)"), _every(lambda row, x: (x - row["d"]).days == 1)),
    "Faker": (Faker("date_between", arguments={"start_date": "-9d", "end_date": "-1d"}, pool=50), _few(9)),
}
UUIDS = COMMON | {
    "ForeignKey": (ForeignKey("Thing.id"), lambda rows, drawn: len({row["x"] for row in drawn}) <= 300),
    "AsText": (AsText(), _every(lambda row, x: isinstance(x, str) and len(x) == 36)),
}
KINDS = {
    "int": (int | None, NUMBERS, -7),
    "str": (str | None, TEXTS, "-7"),
    "Literal": (Literal["u", "v", "w"] | None, CHOICES, "w"),
    "date": (datetime.date | None, DAYS, ""),
    "UUID": (UUID | None, UUIDS, ""),
}
# what a class of the user's own may heed or not: it is handed the whole declaration
HANDED_ON = {"Normal", "Domain", "Lengths", "alphabet"}


def facts_of(marker):
    return marker if isinstance(marker, dict) else marker.facts()


def rows_of(kind, markers, as_json):
    field = kind
    if as_json:
        said = [facts_of(marker) for marker in markers]
        field = Annotated[
            field, Field(json_schema_extra={name: fact for facts in said for name, fact in facts.items()})
        ]
    else:
        for marker in markers:
            field = Annotated[field, Field(json_schema_extra=marker) if isinstance(marker, dict) else marker]
    thing = create_model(
        "T",
        a=Annotated[int, Field(ge=0, le=50)],
        d=Annotated[datetime.date, Field(ge=datetime.date(2031, 1, 1))],
        b=Annotated[float, Normal(0, 1)],
        s=Literal["p", "q"],
        t=Annotated[str, Field(min_length=20, max_length=20)],
        up=Annotated[int, ForeignKey("Parent.id")],
        k=Annotated[int, Unique()],
        x=field,
    )
    schema = Schema("pairs")
    for model, rows in ((thing, ROWS), (Parent, 500), (Word, 100), (Thing, 300), (Child, None)):
        schema.add(model, rows=rows)
    return schema.table("T").arrow(0, ROWS).to_pylist()


@pytest.mark.parametrize(("kind", "as_json"), [*((kind, False) for kind in KINDS), ("int", True), ("str", True)])
def test_of_two_markers_each_is_honoured_or_the_pair_is_refused(kind, as_json):
    declared, markers, stands_for_none = KINDS[kind]
    ignored = []
    for one, other in sampled(itertools.combinations(markers, 2), 2):
        if "SynthesizedBy" in (one, other) and {one, other} & HANDED_ON:
            continue
        said = [markers[name][0] for name in (one, other)]
        if as_json and facts_of(said[0]).keys() & facts_of(said[1]).keys():
            continue  # one word cannot be said twice
        try:
            rows = rows_of(declared, said, as_json)
        except BadRequest as error:
            ignored += [] if "T.x" in error.message else [(one, other, str(error))]
            continue
        none = (None, stands_for_none) if "Nulls with a value" in (one, other) else (None,)
        drawn = [row for row in rows if row["x"] not in none]
        ignored += [(one, other, name) for name in (one, other) if not markers[name][1](rows, drawn)]
    assert not ignored


@pytest.mark.parametrize("kind", KINDS)
def test_each_marker_alone_is_shown_by_the_values(kind):
    declared, markers, _ = KINDS[kind]
    for name, (marker, shown) in markers.items():
        if kind == "Literal" and name in ("PrimaryKey", "Unique"):
            continue  # three values are too few
        rows = rows_of(declared, [marker], False)
        assert shown(rows, [row for row in rows if row["x"] is not None]), name


def test_every_fact_is_among_the_pairs():
    said = {fact for _, markers, _ in KINDS.values() for marker, _ in markers.values() for fact in facts_of(marker)}
    assert said == set(FACTS) - {"keep"}


@pytest.mark.parametrize(
    ("field", "said"),
    [
        (Annotated[int, PrimaryKey(), ForeignKey("Parent.id")], "1,000 rows refer to different rows of Parent"),
        (Annotated[int, ForeignKey("Parent.id"), ForeignKey("Thing.id")], "reference is said twice"),
        (Annotated[int, ForeignKey("Parent.id"), Normal(60, 5)], "the distribution 'normal' does not apply to foreign"),
        (Annotated[int, ForeignKey("Parent.id"), Copy("up", "id")], "it is a foreign key and a copy at once"),
        (Annotated[int, Copy("up", "id"), Zipf(2)], "it says distribution = .*, and a copy says its values"),
        (Annotated[int, Count("Child"), Domain("age")], "it says domain = 'age', and an aggregate says its values"),
        (Annotated[int, PrimaryKey(), Unique("x"), Copy("up", "id")], "a key cannot be made of other fields"),
        (Annotated[int | None, Nulls(0.1), Nulls(0.2)], "nulls is said twice: 0.1 and 0.2"),
        (Annotated[str, Domain("city"), Domain("name")], "domain is said twice: 'city' and 'name'"),
        (Annotated[str, Domain("city"), Derived("t")], "it says domain = 'city', and derived says its values"),
        (Annotated[str, Faker("company"), DependsOn("s")], "it says faker = 'company', and depends_on says"),
        (Annotated[int, ForeignKey("Parent.id"), After("a")], "it says after = .*, and a foreign key says"),
        (
            Annotated[int, Normal(3, 1), Given("s", {"p": Normal(4, 1), "q": Normal(5, 1)})],
            "it says distribution = .*, and given in every case says",
        ),
        (Annotated[int, PrimaryKey(), Domain("age")], "it says domain = 'age', and a key of this type says"),
        (
            Annotated[int, Field(json_schema_extra={"sql": {"key": "foreign", "covering": True}})],
            "it says covering = True, which is for references",
        ),
        (
            Annotated[
                int, Field(json_schema_extra={"sql": {"key": "foreign", "reference": "A.b", "order": "scattered"}})
            ],
            "it says order = 'scattered', which is for primary keys",
        ),
        (Annotated[str, Field(json_schema_extra={"stored": "json"})], "stored is 'json', and the field is str"),
        (
            Annotated[str, Field(json_schema_extra={"format": "ipv4", "domain": "city"})],
            "the format 'ipv4' is declared, and the domain 'city', of which some are not",
        ),
        (Annotated[EmailStr, Domain("name")], "the format 'email' is declared, and the domain 'name'"),
        (Annotated[EmailStr, Domain("sex")], "the format 'email' is declared, and the domain 'sex', of which none"),
    ],
)
def test_what_contradicts_is_named(field, said):
    with pytest.raises(BadRequest, match=f"^T.x: {said}"):
        rows_of(field, [], False)


def test_a_marker_twice_that_says_the_same_is_said_once():
    rows = rows_of(Annotated[str, Domain("isbn13"), Domain("isbn13")], [], False)
    assert all(len(row["x"]) == 13 for row in rows)
    rows = rows_of(Annotated[int, Field(json_schema_extra={"sql": {"reference": "Parent.id"}})], [], False)
    assert all(5000 <= row["x"] < 5500 for row in rows)


@pytest.mark.parametrize(
    ("field", "holds"),
    [
        (Annotated[EmailStr, Domain("email")], lambda x: "@example." in x or ".example." in x),
        (Annotated[HttpUrl, Domain("url")], lambda x: x.startswith("http")),
        (Annotated[str, Field(json_schema_extra={"format": "uri", "domain": "url"})], lambda x: x.startswith("http")),
        (Annotated[str, Field(json_schema_extra={"format": "acme", "domain": "isbn13"})], str.isdigit),
        (Annotated[SecretStr, Domain("isbn13")], str.isdigit),
    ],
)
def test_a_domain_whose_texts_are_of_the_format_beside_it_is_drawn(field, holds):
    assert all(holds(row["x"]) for row in rows_of(field, [], False))


def test_a_document_with_a_domain_that_is_not_of_its_format_is_refused():
    made = Schema()
    said = {"type": "string", "format": "ipv4", "x-gen": {"domain": "city"}}
    made.add({"type": "object", "required": ["x"], "properties": {"x": said}}, 10, name="T")
    with pytest.raises(BadRequest, match=r"^T.x: the format 'ipv4' is declared, and the domain 'city'"):
        made.table("T")
