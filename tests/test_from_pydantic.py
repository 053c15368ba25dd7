"""Proves that a Pydantic model means what it says: every type, constraint and fact is read, or refused by name."""

import datetime
import enum
import json
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field, create_model

from columns import declared, model, refusal
from gen import Domain, ForeignKey, Normal, PrimaryKey, Schema, SynthesizedBy, Uniform
from gen.errors import BadRequest, ReferenceError, SchemaError
from gen.schema.links import Distribution, Key, Reference
from gen.schema.models.from_pydantic import table_from_model
from gen.schema.spec import Column, Spec
from gen.schema.written import spec_from_json, spec_to_json


# The two classes of the notebook the project began from, unchanged.
# fmt: off
class Employee(BaseModel):
    id: Annotated[
        int, Field(json_schema_extra={"sql": {'key': 'primary'}})
    ]
    name: Annotated[
        str, Field(max_length=40)
    ]
    hire_date: Annotated[
        datetime.datetime, Field(ge=datetime.datetime(2021, 1, 18))
    ]
    velocity: Annotated[
        float, Field(ge=2, le=21,
                     json_schema_extra={"distribution": "normal"})
    ]
    manager: Annotated[
        int, Field(json_schema_extra={"sql": {'key': 'foreign', 'reference': 'Manager.id'}})
    ]


class Manager(BaseModel):
    id: Annotated[
        int, Field(json_schema_extra={"sql": {'key': 'primary'}})
    ]
    employee_id: Annotated[
        int, Field(json_schema_extra={"sql": {'key': 'foreign', 'reference': 'Employee.id'}})
    ]
    department_id: Annotated[
        str, Field(max_length=8)
    ]
# fmt: on


# -- the notebook ---------------------------------------------------------------------------------------


def test_the_classes_of_the_notebook_are_read_unchanged():
    table = table_from_model(Employee, 10)
    assert table.rows == 10
    assert table.columns == (
        Column("id", "integer", key=Key()),
        Column("name", "text", max_length=40),
        Column("hire_date", "datetime", minimum=datetime.datetime(2021, 1, 18)),
        Column("velocity", "number", minimum=2, maximum=21, distribution=Distribution("normal")),
        Column("manager", "integer", reference=Reference("Manager", "id")),
    )
    assert table.primary_key == (table.column("id"),)


def test_the_notebook_gives_exactly_the_rows_asked_for_and_circular_references_resolve():
    schema = Schema()
    schema.add(Employee, 10)
    schema.add(Manager, 2)
    employees, managers = list(schema.rows(Employee)), list(schema.rows(Manager))
    assert [type(row) for row in employees] == [Employee] * 10
    assert [type(row) for row in managers] == [Manager] * 2
    assert {row.manager for row in employees} <= {row.id for row in managers}
    assert {row.employee_id for row in managers} <= {row.id for row in employees}
    assert len({row.id for row in employees}) == 10


def test_the_order_in_which_tables_that_refer_to_each_other_are_added_does_not_matter():
    one, other = Schema(), Schema()
    for schema, models in ((one, (Employee, Manager)), (other, (Manager, Employee))):
        for added in models:
            schema.add(added, 20)
    assert list(one.rows(Employee)) == list(other.rows(Employee))
    assert list(one.rows(Manager)) == list(other.rows(Manager))


# -- two ways to say a fact ------------------------------------------------------------------------------

FACTS = [
    (int, PrimaryKey(), {"sql": {"key": "primary"}}),
    (int, PrimaryKey(order="scattered"), {"sql": {"key": "primary", "order": "scattered"}}),
    (int, ForeignKey("Manager.id"), {"sql": {"key": "foreign", "reference": "Manager.id"}}),
    (float, Normal(), {"distribution": "normal"}),
    (float, Normal(mean=10), {"distribution": {"name": "normal", "mean": 10}}),
    (int, Normal(10, 2.5), {"distribution": {"name": "normal", "mean": 10, "deviation": 2.5}}),
    (float, Uniform(), {"distribution": "uniform"}),
    (str, Domain("name"), {"domain": "name"}),
    (str, SynthesizedBy("SynthesizeString"), {"synthesizer": "SynthesizeString"}),
]


@pytest.mark.parametrize(("kind", "marker", "facts"), FACTS)
def test_a_marker_and_a_dictionary_declare_the_same_column(kind, marker, facts):
    marked, told = declared(Annotated[kind, marker]), declared(Annotated[kind, Field(json_schema_extra=facts)])
    assert marked == told
    assert marked != declared(kind)


@pytest.mark.parametrize(("kind", "marker", "facts"), FACTS)
def test_a_marker_writes_its_fact_into_the_json_schema(kind, marker, facts):
    marked = model(x=Annotated[kind, marker]).model_json_schema()
    assert marked == model(x=Annotated[kind, Field(json_schema_extra=facts)]).model_json_schema()
    assert marked["properties"]["x"].items() >= facts.items()


def test_facts_of_several_markers_and_a_dictionary_add_up():
    told = Field(json_schema_extra={"domain": "name", "sql": {"key": "primary"}, "x-other-tool": 1})
    assert declared(Annotated[str, told, PrimaryKey(order="sequential"), SynthesizedBy("A")]) == Column(
        "x", "text", domain="name", key=Key("sequential"), synthesizer="A"
    )


def test_sql_without_a_key_means_a_primary_key():
    assert declared(Annotated[int, Field(json_schema_extra={"sql": {}})]).key == Key()


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


# -- facts --------------------------------------------------------------------------------------------------


def told(kind, **facts):
    return Annotated[kind, Field(json_schema_extra=facts)]


@pytest.mark.parametrize(
    "annotation",
    [told(kind, distribution="nromal") for kind in (int, float, datetime.datetime, datetime.date, bool, Colour)]
    + [told(int, distribution="nromal", sql={"key": "primary"}), told(str, distribution="nromal", domain="name")],
    ids=str,
)
def test_a_misspelt_distribution_is_refused_with_the_nearest(annotation):
    error = refusal(annotation)
    assert "nromal" in error.message
    assert "'normal'" in error.hint


def test_a_misspelt_distribution_of_a_reference_is_refused_with_the_nearest():
    schema = Schema()
    own = {"key": "foreign", "reference": "Thing.id"}
    schema.add(model(id=Annotated[int, PrimaryKey()], x=told(int, distribution="unifrom", sql=own)))
    with pytest.raises(SchemaError, match=r"Thing.x.*'unifrom'.*'uniform'"):
        schema.table("Thing")


@pytest.mark.parametrize("key", [{}, {"sql": {"key": "primary"}}])
def test_a_misspelt_domain_is_refused_with_the_nearest(key):
    error = refusal(told(str, domain="nmae", **key))
    assert "'nmae'" in error.message
    assert "'name'" in error.hint


def test_a_misspelt_synthesizer_is_refused_with_the_nearest():
    error = refusal(Annotated[int, SynthesizedBy("SynthesiseInteger")])
    assert "'SynthesiseInteger'" in error.message
    assert "'SynthesizeInteger'" in error.hint


@pytest.mark.parametrize(
    ("annotation", "found"),
    [
        (told(int, sql="primary"), "'primary'"),
        (told(int, sql={"key": "primry"}), "'primry'"),
        (told(int, sql={"keys": "primary"}), "'keys'"),
        (told(int, sql={"key": "primary", "order": "ascendign"}), "'ascendign'"),
        (told(int, sql={"key": "foreign"}), "None"),
        (told(int, sql={"key": "foreign", "reference": "Manager"}), "'Manager'"),
        (told(int, sql={"key": "foreign", "reference": "a.b.c"}), "'a.b.c'"),
        (told(int, distribution=7), "7"),
        (told(float, distribution={"name": "normal", "maen": 1}), "'maen'"),
        (told(float, distribution={"name": "normal", "mean": "x"}), "'x'"),
        (Annotated[float, Normal(deviation=0)], "deviation = 0"),
        (Annotated[float, Normal(mean=float("nan"))], "mean = nan"),
        (Annotated[float, Field(ge=0, le=1), Normal(mean=1000, deviation=1)], "mean 1000"),
        (told(float, distribution={"name": "uniform", "mean": 1}), "'mean'"),
        (told(str, domain=5), "5"),
        (told(str, synthesizer=5), "5"),
        (Annotated[int, PrimaryKey], "PrimaryKey is a class"),
        (told(float, sql={"key": "primary"}), "float"),
        (told(str, sql={"key": "primary", "order": "ascending"}), "ascending"),
    ],
    ids=str,
)
def test_a_fact_that_makes_no_sense_is_refused(annotation, found):
    error = refusal(annotation)
    assert found in error.message


@pytest.mark.parametrize(
    "annotation",
    [
        Annotated[str, Normal()],
        Annotated[str, Domain("name"), Normal()],
        Annotated[bool, Normal()],
        Annotated[Colour, Normal()],
        Annotated[int, PrimaryKey(), Normal()],
        Annotated[str, PrimaryKey(), Normal()],
        Annotated[int, Domain("name")],
        Annotated[int | str, Normal()],
        Annotated[Any, Normal()],
        Annotated[tuple[int, int], Normal()],
        Annotated[list[int], PrimaryKey()],
        Annotated[set[int], PrimaryKey()],
        Annotated[dict[str, int], PrimaryKey()],
        Annotated[int | str, PrimaryKey()],
        Annotated[Any, PrimaryKey()],
        Annotated[bytes, PrimaryKey()],
        Annotated[None, PrimaryKey()],
        Annotated[tuple[int, float], PrimaryKey()],
    ],
    ids=str,
)
def test_a_fact_that_does_not_apply_to_its_column_is_refused(annotation):
    refusal(annotation)


def test_several_primary_keys_in_a_table_are_one_key_together():
    schema = Schema()
    schema.add(model(a=Annotated[int, PrimaryKey()], b=Annotated[int, Field(ge=0, le=9), PrimaryKey()]), rows=500)
    rows = schema.table("Thing").arrow().to_pylist()
    assert len({(row["a"], row["b"]) for row in rows}) == 500
    assert {row["b"] for row in rows} == set(range(10))


# -- references ---------------------------------------------------------------------------------------------


KEY = Annotated[int, PrimaryKey()]


def parent(annotation=KEY, **others):
    return create_model("Parent", id=(annotation, ...), **{name: (kind, ...) for name, kind in others.items()})


def bad_reference(annotation, target, *others):
    """The error of a field `Thing.x` that refers to a target that does not do."""
    schema = Schema()
    for added in (model(x=annotation), *others):
        schema.add(added)
    with pytest.raises(ReferenceError) as caught:
        schema.table("Thing")
    assert caught.value.facts == {"table": "Thing", "column": "x", "target": target}
    assert "Thing.x" in caught.value.message
    assert target in caught.value.message
    return caught.value


def test_a_reference_to_a_table_that_is_not_there_names_model_field_and_target():
    error = bad_reference(Annotated[int, ForeignKey("Parnet.id")], "Parnet.id", parent())
    assert "'Parent'" in error.hint


def test_a_reference_to_a_field_that_is_not_there_names_model_field_and_target():
    error = bad_reference(Annotated[int, ForeignKey("Parent.idd")], "Parent.idd", parent())
    assert "'id'" in error.hint


def test_a_reference_to_a_field_that_is_no_key_is_refused():
    bad_reference(Annotated[int, ForeignKey("Parent.size")], "Parent.size", parent(size=int))


def test_a_reference_of_another_type_than_the_key_is_refused():
    error = bad_reference(Annotated[str, ForeignKey("Parent.id")], "Parent.id", parent())
    assert "str" in error.message
    assert "int" in error.message


@pytest.mark.parametrize("constraint", [Field(ge=5), Field(lt=100), Field(multiple_of=3)])
def test_a_reference_with_a_constraint_that_the_key_has_not_is_refused(constraint):
    error = bad_reference(Annotated[int, ForeignKey("Parent.id"), constraint], "Parent.id", parent())
    assert error.hint


def test_a_reference_with_the_constraint_of_the_key_is_accepted():
    schema, child = Schema(), model(x=Annotated[int, ForeignKey("Parent.id"), Field(ge=5, lt=100)])
    schema.add(parent(Annotated[int, PrimaryKey(), Field(ge=5, lt=100)]), 10)
    schema.add(child, 50)
    assert all(5 <= row.x < 100 for row in schema.rows(child))


def test_a_reference_to_a_table_without_rows_is_refused():
    schema = Schema()
    schema.add(parent(), 0)
    schema.add(model(x=Annotated[int, ForeignKey("Parent.id")]), 5)
    with pytest.raises(ReferenceError, match=r"Thing.x refers to Parent.id, a table without rows"):
        schema.table("Thing")


# -- the schema ---------------------------------------------------------------------------------------------


def test_an_unknown_table_is_refused_with_the_nearest():
    schema = Schema()
    schema.add(Manager)
    schema.add(Employee)
    with pytest.raises(BadRequest, match=r"'Employe'.*Did you mean 'Employee'"):
        schema.table("Employe")


@pytest.mark.parametrize("rows", [-1, 1.5, "10", True])
def test_a_row_count_that_is_no_count_is_refused(rows):
    with pytest.raises(BadRequest, match="rows is"):
        Schema().add(Employee, rows)


@pytest.mark.parametrize("thing", [int, Employee.model_construct(), "Employee", None])
def test_what_is_no_model_is_refused(thing):
    with pytest.raises(SchemaError, match="model"):
        Schema().add(thing)


def test_two_models_of_one_name_are_refused():
    schema = Schema()
    schema.add(Employee)
    with pytest.raises(SchemaError, match="Two models are called Employee"):
        schema.add(create_model("Employee", a=(int, ...)))


def test_a_schema_without_tables_is_refused():
    with pytest.raises(SchemaError, match="no tables"):
        Schema("nothing").spec  # noqa: B018 - reading it checks it


def test_rows_of_a_model_with_aliases_are_made():
    aliased = create_model("Aliased", a=(int, Field(alias="A", ge=3)), b=(str, Field(validation_alias="B")))
    schema = Schema()
    schema.add(aliased, 5)
    assert len([row.a + len(row.b) for row in schema.rows(aliased)]) == 5


# -- through JSON -------------------------------------------------------------------------------------------


def test_a_spec_goes_through_json_and_comes_back_equal():
    zoned = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    facts = {f"f{i}": Annotated[kind, marker] for i, (kind, marker, _) in enumerate(FACTS)}
    everything = model(**facts, zoned=Annotated[datetime.datetime, Field(ge=zoned)])
    tables = (table_from_model(everything, 7, True), table_from_model(Employee), table_from_model(Manager, 0))
    spec = Spec("all", tables)
    assert spec_from_json(json.loads(json.dumps(spec_to_json(spec)))) == spec
    assert hash(spec_from_json(spec_to_json(spec))) == hash(spec)
