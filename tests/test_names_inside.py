"""Proves that names inside objects, and items of lists, are what the object, its model or the list is called."""

import re
from typing import Annotated, Literal

import pyarrow as pa
import pytest
from pydantic import BaseModel, Field, create_model
from typing_extensions import TypedDict

import gen
from gen import Domain
from gen.schema.json_schema.from_json_schema import table_from_schema
from gen.schema.json_schema.to_json_schema import schema_of
from gen.schema.spec import Spec
from gen.synth.tables import table_sources
from named_fields import DAY, columns, source, values


class Named(BaseModel):
    name: str


@pytest.mark.parametrize(
    ("field", "domain"),
    [
        ("members", "name"),
        ("team_members", "name"),
        ("people", "name"),
        ("children", None),
        ("cities", "city"),
        ("homeCity", "city"),
        ("countries", "country"),
        ("suppliers", "company"),
        ("branches", "company"),
        ("order_items", "product"),
        ("categories", None),
        ("addresses", None),
    ],
)
@pytest.mark.parametrize("kind", [list[Named], dict[str, Named], list[Named | int], Named, tuple[Named, ...]])
def test_the_name_of_an_item_is_what_its_list_is_of(field, domain, kind):
    def named(column):
        found = [part for part in column.parts if part.name == "name"]
        return found[0] if found else next(filter(None, map(named, column.parts)), None)

    if kind is Named and field not in ("homeCity", "categories"):
        return
    assert named(columns({field: kind})[field]).domain == domain


class Office(BaseModel):
    name: str
    city: str


class Shop(Office):
    pass


class Employee(TypedDict):
    name: str


BY_MODEL = {
    "hq": Office,
    "boss": Employee | None,
    "to": list[Annotated[Employee, Field(description="to whom")]],
    "by_floor": dict[str, Office],
    "either": Office | Named,
    "home_city": Employee,  # its field's name says so first
    "other": Named,
}


def test_the_name_in_an_object_is_what_its_model_is_called():
    found = columns(BY_MODEL)
    domains = {name: {p.domain for p in _inner(column) if p.name == "name"} for name, column in found.items()}
    assert domains == {
        "hq": {"company"},
        "boss": {"name"},
        "to": {"name"},
        "by_floor": {"company"},
        "either": {"company", None},
        "home_city": {"city"},
        "other": {None},
    }


def _inner(column):
    return [inner for part in column.parts for inner in (part, *_inner(part))]


def test_what_a_model_is_called_is_in_its_json_schema_and_read_back():
    schema = gen.Schema()
    model = create_model("Thing", **{name: (kind, ...) for name, kind in BY_MODEL.items()})
    schema.add(model, 20)
    meant = table_sources(schema.spec, {"Thing": 20}, 0, DAY)["Thing"].at(range(20))
    table = table_from_schema(schema_of(schema.spec))
    assert table.columns == schema.spec.tables[0].columns
    assert table_sources(Spec("x", (table,)), {"Thing": 20}, 0, DAY)["Thing"].at(range(20)).equals(meant)
    pydantics = table_sources(Spec("x", (table_from_schema(model.model_json_schema()),)), {"Thing": 20}, 0, DAY)
    for name in ("hq", "boss", "to"):
        assert pydantics["Thing"].at(range(20)).column(name).to_pylist() == meant.column(name).to_pylist()


def test_objects_of_a_union_that_differ_in_what_a_field_is_called_alone_are_one_struct():
    first = create_model("First", kind=Literal["first"], at=list[Office], floor=int)
    second = create_model("Second", kind=Literal["second"], at=list[Shop])
    table = source({"x": Annotated[first | second, Field(discriminator="kind")]})
    assert pa.types.is_struct(table.schema.field("x").type)


MAIL = r"[a-z.]+[0-9]*@([a-z]+\.)?example\.(com|net|org)"


@pytest.mark.parametrize(
    ("name", "kind", "like"),
    [
        ("tags", list[str], "[A-Za-z']+"),
        ("labels", dict[str, str], "[A-Za-z']+"),
        ("metadata", dict[str, str], "[A-Za-z']+"),
        ("attributes", dict[str, int], "[A-Za-z']+|[0-9]+"),
        ("given", list[str], "[A-Z][a-z]+"),
        ("work_emails", set[str], MAIL),
        ("emails", dict[Literal["a", "b"], str | None], f"[ab]|None|{MAIL}"),
        ("scores", list[float], r"[0-9]{1,3}\.[0-9]"),
        ("order_statuses", tuple[str, ...], "[a-z]+"),
    ],
)
def test_items_are_what_the_name_of_their_list_says(name, kind, like):
    drawn = values({name: kind}, rows=200)[name]
    items = [str(item) for found in drawn for entry in found for item in (entry if type(entry) is tuple else (entry,))]
    assert len(set(items)) > 5
    assert all(re.fullmatch(like, item) for item in items)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("tags", list[Annotated[str, Domain("text")]]),
        ("tags", list[Annotated[str, Field(pattern="^<[a-z]+>$")]]),
        ("statuses", Annotated[set[str], Field(min_length=20, max_length=22)]),
        ("ratings", Annotated[set[int], Field(min_length=50, max_length=52)]),
        ("emails", dict[str, int]),
    ],
)
def test_items_that_say_more_or_must_be_more_are_what_they_were(name, kind):
    made = source({name: kind}).columns[name]
    assert not any(part.implied for part in made.column.parts)
    assert len(made.at(range(20))) == 20
