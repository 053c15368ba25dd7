"""Proves that a reference may lead to one of several tables, as another field says."""

import json
import math
from typing import Annotated, Any, Literal

import numpy as np
import pytest
from pydantic import BaseModel, Field, create_model, model_validator
from scipy import stats

from gen import (
    Children,
    Copy,
    Count,
    Derived,
    ForeignKey,
    Given,
    HotSet,
    Normal,
    Nulls,
    Ordinal,
    PrimaryKey,
    Schema,
    Unique,
    Weights,
)
from gen.artefacts import pack, unpack
from gen.builder import as_json_schema, load_schema
from gen.errors import GenError, SchemaError
from gen.schema.written import spec_from_json, spec_to_json
from posts import FALSE_ALARM, KEY, Person, described_of, sql


class Photo(BaseModel):
    id: KEY
    wide: bool
    seen: Annotated[int, Field(ge=0, le=99)]


KIND = Annotated[Literal["person", "photo", "none"], Weights([5, 4, 1])]
CASES: dict[str, Any] = {
    "person": ForeignKey("Person.id"),
    "photo": [ForeignKey("Photo.id", where="wide and seen >= 0"), HotSet(0.2, 0.8)],
    "none": Nulls(1),
}


def tags_of(rows: int = 5000, people: Any = Person, **fields: Any) -> Schema:
    """Tags of people and of photos."""
    schema = Schema()
    schema.add(people, rows=300)
    schema.add(Photo, rows=400)
    plain = {"kind": KIND, "subject": Annotated[int | None, Given("kind", CASES)]}
    schema.add(create_model("Tag", **{n: (kind, ...) for n, kind in (plain | fields).items()}), rows=rows)
    return schema


def test_another_field_decides_which_table_is_referred_to():
    schema = tags_of()
    query = "SELECT kind, count(*), count(subject), count(p.id), count(f.id), count(DISTINCT subject) FROM Tag"
    joins = """LEFT JOIN Person p ON p.id = subject AND kind = 'person'
               LEFT JOIN Photo f ON f.id = subject AND kind = 'photo'"""
    found = {row[0]: row[1:] for row in sql(schema, f"{query} {joins} GROUP BY kind")}
    shares = {"person": 0.95, "photo": 0.95, "none": 0.0}
    for kind, (rows, some, people, photos, _) in found.items():
        assert abs(some - rows * shares[kind]) < 6 * math.sqrt(rows * 0.05)  # six deviations: 2e-9
        assert (people, photos) == (some * (kind == "person"), some * (kind == "photo"))
    assert sql(schema, "SELECT min(wide) FROM Tag JOIN Photo f ON f.id = subject WHERE kind = 'photo'") == [(True,)]
    counts = [
        n
        for (n,) in sql(schema, "SELECT count(subject) FROM Tag WHERE kind = 'photo' GROUP BY subject ORDER BY 1 DESC")
    ]
    wide = sql(schema, "SELECT count(*) FROM Photo WHERE wide")[0][0]
    assert stats.binomtest(sum(counts[: round(wide / 5)]), sum(counts), 0.8).pvalue > FALSE_ALARM
    source = schema._source("Tag")
    numbers = np.random.default_rng(3).permutation(5000)[:600].astype(np.uint64)
    assert source.at(numbers).equals(source.at(range(5000)).take(numbers))
    assert unpack(pack(source, None)).at(range(50)).equals(source.at(range(50)))
    row = next(row for row in described_of(schema, "Tag") if row["column"] == "subject")
    assert row["key"] == "-> Person.id | Photo.id" and row["nulls"] == 0.05
    assert "each row of Person equally likely" in row["distribution"]
    assert "photo rows of Photo where wide and seen >= 0, popular by hot_set" in row["distribution"]


def test_references_by_case_are_the_same_as_documents(tmp_path):
    schema = tags_of()
    assert spec_from_json(json.loads(json.dumps(spec_to_json(schema.spec)))) == schema.spec
    document = tmp_path / "tags.json"
    document.write_text(json.dumps(as_json_schema(schema)))
    read = load_schema(str(document)).spec
    assert {t.name: t.columns for t in read.tables} == {t.name: t.columns for t in schema.spec.tables}
    said = {"type": ["integer", "null"], "x-gen": {"given": {"field": "kind", "cases": {
        "person": {"sql": {"reference": "Person.id"}},
        "photo": {
            "sql": {"reference": "Photo.id", "where": "wide and seen >= 0"},
            "distribution": {"name": "hot_set", "share": 0.2, "picks": 0.8},
        },
        "none": {"nulls": 1},
    }}}}  # fmt: skip
    written = json.loads(document.read_text())
    tag = written["$defs"]["Tag"]["properties"]
    assert tag.keys() == {"kind", "subject"}
    tag["subject"] = said
    document.write_text(json.dumps(written))
    again = load_schema(str(document))
    assert sql(again, "SELECT * FROM Tag") == sql(schema, "SELECT * FROM Tag")


@pytest.mark.parametrize(
    ("cases", "reason"),
    [
        ({"person": ForeignKey("Person.idd")}, "Person has no field 'idd'"),
        ({"person": ForeignKey("Persn.id")}, "there is no table 'Persn'"),
        ({"person": ForeignKey("Person.age")}, "Person.age|which is not unique"),
        ({"person": ForeignKey("Person.id"), "photo": ForeignKey("Word.text")}, "it is int and the key is str"),
        ({"person": [ForeignKey("Person.id"), Children(2)]}, "it says children, and refers to rows of several tables"),
        ({"person": ForeignKey("Person.id", covering=True)}, "it says covering, and refers to rows of several tables"),
        ({"person": [ForeignKey("Person.id"), Unique()]}, "it says (unique|reference|key)"),
        ({"person": ForeignKey("Person.id", name="x")}, "it says name, and refers to rows of several tables"),
        ({"person": PrimaryKey()}, "it says (key|order)"),
        ({"person": [ForeignKey("Person.id"), Normal(3, 1)]}, "'normal' does not apply to foreign keys"),
        ({"person": ForeignKey("Person.id", where="rool > 3")}, "Person has no field 'rool'"),
        ({"alien": ForeignKey("Person.id")}, "its table speaks of kind = 'alien'"),
    ],
)
def test_cases_that_cannot_be_referred_to_are_refused(cases, reason):
    class Word(BaseModel):
        text: Annotated[str, PrimaryKey()]

    def made():
        schema = tags_of(10, subject=Annotated[int | None, Given("kind", cases)])
        schema.add(Word, rows=5)
        schema.table("Tag").arrow()

    with pytest.raises(GenError, match=reason):
        made()


@pytest.mark.parametrize(
    "field",
    [
        {"no": Annotated[int | None, Ordinal("subject")]},
        {"age": Annotated[int | None, Copy("subject", "age")]},
        {"age": Annotated[int | None, Derived("subject.age + 1")]},
    ],
)
def test_nothing_is_read_through_a_reference_to_several_tables(field):
    with pytest.raises(SchemaError, match="refers to rows of several tables, of which none is known by its fields"):
        tags_of(10, **field).table("Tag").arrow()


@pytest.mark.parametrize("through", [None, "subject"])
def test_nothing_is_summed_through_a_reference_to_several_tables(through):
    people = create_model("Person", __base__=Person, tags=(Annotated[int, Count("Tag", through=through)], ...))
    schema = tags_of(10, people)
    with pytest.raises(SchemaError, match=r"Tag\.subject refers to rows of several tables"):
        schema.table("Person").arrow()


def test_rows_that_a_model_refuses_are_drawn_again_with_references_by_case():
    def judged(self):
        if self.subject is not None and self.subject % 3 == 0:
            raise ValueError("a third of the keys")
        return self

    validators = {"judged": model_validator(mode="after")(judged)}
    tag = create_model(
        "Tag",
        __validators__=validators,
        kind=(KIND, ...),
        subject=(
            Annotated[int | None, Given("kind", CASES | {"person": ForeignKey("Person.id", where="age > 40")})],
            ...,
        ),
    )
    schema = Schema()
    for model, rows in ((Person, 300), (Photo, 400), (tag, 800)):
        schema.add(model, rows=rows)
    query = "SELECT count(subject), count(*) FILTER (subject % 3 = 0), count(p.id), min(p.age) > 40"
    some, third, known, old = sql(
        schema, f"{query} FROM Tag LEFT JOIN Person p ON p.id = subject WHERE kind = 'person'"
    )[0]
    assert some == known > 300 and third == 0 and old


def test_keys_of_several_tables_may_be_texts():
    class Airport(BaseModel):
        code: Annotated[str, PrimaryKey(), Field(pattern="[A-Z]{6}")]

    class City(BaseModel):
        name: Annotated[str, PrimaryKey()]

    class Trip(BaseModel):
        kind: Literal["air", "bus"]
        to: Annotated[str, Given("kind", {"air": ForeignKey("Airport.code"), "bus": ForeignKey("City.name")})]

    schema = Schema()
    for model, rows in ((Airport, 50), (City, 30), (Trip, 400)):
        schema.add(model, rows=rows)
    joins = "LEFT JOIN Airport ON code = \"to\" AND kind = 'air' LEFT JOIN City ON name = \"to\" AND kind = 'bus'"
    found = sql(schema, f"SELECT count(*), count(code) + count(name) FROM Trip {joins}")
    assert found[0][:2] == (400, 400)
    assert len(list(schema.rows(Trip))) == 400
