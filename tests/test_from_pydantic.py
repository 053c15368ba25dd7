"""Proves that a Pydantic model means what it says: every type, constraint and fact is read, or refused by name."""

import datetime
import enum
import json
from typing import Annotated, Any, Literal, Optional, Union

import annotated_types
import pytest
from pydantic import BaseModel, Field, conint, constr, create_model

from gen import Domain, ForeignKey, Normal, PrimaryKey, Schema, SynthesizedBy, Uniform
from gen.errors import BadRequest, ReferenceError, SchemaError
from gen.schema.from_pydantic import table_from_model
from gen.schema.spec import Column, Distribution, Key, Reference, Spec


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


def model(**types):
    return create_model("Thing", **{name: (annotation, ...) for name, annotation in types.items()})


def column(annotation):
    """The column that a field of this type declares."""
    return table_from_model(model(x=annotation)).column("x")


def source(annotation, rows=500):
    """A table of one column `x`, ready to be read."""
    schema = Schema()
    schema.add(model(x=annotation), rows)
    return schema.table("Thing").source


def values(annotation, rows=500):
    return source(annotation, rows).at(range(rows)).column("x").to_pylist()


def refusal(annotation):
    """The error that a field of this type is, at once or when its table is read."""
    with pytest.raises(SchemaError) as caught:
        source(annotation)
    assert "Thing.x" in caught.value.message
    assert caught.value.hint
    assert caught.value.exit_code == 2
    return caught.value


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
    assert table.primary_key == table.column("id")


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
    marked, told = column(Annotated[kind, marker]), column(Annotated[kind, Field(json_schema_extra=facts)])
    assert marked == told
    assert marked != column(kind)


@pytest.mark.parametrize(("kind", "marker", "facts"), FACTS)
def test_a_marker_writes_its_fact_into_the_json_schema(kind, marker, facts):
    marked = model(x=Annotated[kind, marker]).model_json_schema()
    assert marked == model(x=Annotated[kind, Field(json_schema_extra=facts)]).model_json_schema()
    assert marked["properties"]["x"].items() >= facts.items()


def test_facts_of_several_markers_and_a_dictionary_add_up():
    told = Field(json_schema_extra={"domain": "name", "sql": {"key": "primary"}, "x-other-tool": 1})
    assert column(Annotated[str, told, PrimaryKey(order="sequential"), SynthesizedBy("A")]) == Column(
        "x", "text", domain="name", key=Key("sequential"), synthesizer="A"
    )


def test_sql_without_a_key_means_a_primary_key():
    assert column(Annotated[int, Field(json_schema_extra={"sql": {}})]).key == Key()


# -- types -------------------------------------------------------------------------------------------------


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 5


class Word(enum.StrEnum):
    YES = "yes"
    NO = "no"


KINDS = [
    (int, "integer", ()),
    (float, "number", ()),
    (bool, "boolean", ()),
    (str, "text", ()),
    (datetime.datetime, "datetime", ()),
    (datetime.date, "date", ()),
    (Colour, "choice", ("red", "blue")),
    (Level, "choice", (1, 5)),
    (Word, "choice", ("yes", "no")),
    (Literal["a", "b"], "choice", ("a", "b")),
    (Literal[3, 1], "choice", (3, 1)),
    (Literal[True], "choice", (True,)),
]


@pytest.mark.parametrize(("annotation", "kind", "choices"), KINDS)
def test_every_type_has_its_kind(annotation, kind, choices):
    assert column(annotation) == Column("x", kind, choices=choices)


def test_a_bool_is_not_an_int():
    drawn = values(bool)
    assert set(drawn) == {True, False}
    assert {type(value) for value in drawn} == {bool}


@pytest.mark.parametrize("kind", [Colour, Level, Word])
def test_an_enum_is_not_its_base_type(kind):
    assert set(values(kind)) == {member.value for member in kind}


class Nested(BaseModel):
    a: int


UNSUPPORTED = [
    (list[int], "list[int]"),
    (dict[str, int], "dict[str, int]"),
    (tuple[int, str], "tuple[int, str]"),
    (Optional[int], "Optional[int]"),  # noqa: UP045 - as users write it
    (Union[int, str], "Union[int, str]"),  # noqa: UP007
    (int | None, "int | None"),
    (Any, "Any"),
    (bytes, "bytes"),
    (complex, "complex"),
    (datetime.time, "time"),
    (datetime.timedelta, "timedelta"),
    (Nested, "Nested"),
    (Literal["a", 1], "int, str"),
    (Literal[None], "NoneType"),
]


@pytest.mark.parametrize(("annotation", "found"), UNSUPPORTED)
def test_a_type_that_is_not_supported_is_refused_by_name(annotation, found):
    assert found in refusal(annotation).message


def test_choices_that_do_not_fit_their_column_are_refused():
    refusal(Literal[1, 2**70])


def test_a_model_without_fields_is_refused():
    with pytest.raises(SchemaError, match="Empty has no fields"):
        table_from_model(create_model("Empty"))


# -- constraints --------------------------------------------------------------------------------------------

DAY = datetime.date(2020, 2, 29)
NOON = datetime.datetime(2020, 2, 29, 12)

CONSTRAINTS = [
    (Annotated[int, Field(ge=1)], {"minimum": 1}),
    (Annotated[int, Field(gt=1)], {"minimum": 1, "minimum_excluded": True}),
    (Annotated[int, Field(le=9)], {"maximum": 9}),
    (Annotated[int, Field(lt=9)], {"maximum": 9, "maximum_excluded": True}),
    (Annotated[int, Field(multiple_of=5)], {"multiple_of": 5}),
    (Annotated[float, Field(gt=0.5, le=1.5, multiple_of=0.25)], {"minimum": 0.5, "minimum_excluded": True}),
    (Annotated[str, Field(min_length=2, max_length=5)], {"min_length": 2, "max_length": 5}),
    (Annotated[datetime.datetime, Field(ge=NOON, lt=NOON)], {"minimum": NOON, "maximum": NOON}),
    (Annotated[datetime.date, Field(gt=DAY)], {"minimum": DAY, "minimum_excluded": True}),
    (Annotated[int, annotated_types.Ge(3), annotated_types.Lt(7)], {"minimum": 3, "maximum": 7}),
    (Annotated[int, annotated_types.Interval(ge=1, lt=5)], {"minimum": 1, "maximum": 5, "maximum_excluded": True}),
    (conint(gt=1, le=5, multiple_of=2), {"minimum": 1, "minimum_excluded": True, "maximum": 5, "multiple_of": 2}),
    (Annotated[str, annotated_types.Len(2, 5)], {"min_length": 2, "max_length": 5}),
    (constr(min_length=3, max_length=4), {"min_length": 3, "max_length": 4}),
]


@pytest.mark.parametrize(("annotation", "facts"), CONSTRAINTS, ids=[str(facts) for _, facts in CONSTRAINTS])
def test_every_constraint_is_read_however_it_is_written(annotation, facts):
    declared = column(annotation)
    assert {name: getattr(declared, name) for name in facts} == facts


@pytest.mark.parametrize(
    ("bounds", "minimum", "excluded"),
    [
        ((Field(ge=1), Field(ge=5)), 5, False),
        ((Field(ge=5), Field(ge=1)), 5, False),
        ((Field(ge=5), Field(gt=5)), 5, True),
        ((Field(gt=5), Field(ge=5)), 5, True),
        ((Field(gt=5), Field(ge=6)), 6, False),
    ],
)
def test_of_several_bounds_on_one_side_the_narrowest_counts(bounds, minimum, excluded):
    first, second = bounds
    declared = column(Annotated[Annotated[int, first], second])
    assert (declared.minimum, declared.minimum_excluded) == (minimum, excluded)


@pytest.mark.parametrize(
    ("annotation", "found"),
    [
        (Annotated[str, Field(pattern="^a+$")], "pattern"),
        (constr(pattern="^a+$"), "pattern"),
        (Annotated[int, annotated_types.Predicate(lambda value: value % 3 == 0)], "redicate"),
        (Annotated[str, Field(ge="a")], "'a'"),
        (Annotated[bool, Field(ge=True)], "True"),
        (Annotated[Level, Field(le=3)], "3"),
    ],
)
def test_a_constraint_that_cannot_be_kept_is_refused(annotation, found):
    assert found in refusal(annotation).message


# -- bounds -----------------------------------------------------------------------------------------------

TOP = 2**32


@pytest.mark.parametrize(
    ("bound", "low", "high"),
    [
        ({}, 0, TOP - 1),
        ({"ge": 10}, 10, TOP - 1),
        ({"ge": -10}, -10, TOP - 1),
        ({"le": 10}, 0, 10),
        ({"lt": 0}, -TOP, -1),
        ({"le": -5}, -TOP - 4, -5),
        ({"ge": TOP}, TOP, 2 * TOP - 1),
        ({"gt": TOP - 1}, TOP, 2 * TOP - 1),
        ({"ge": TOP - 1}, TOP - 1, TOP - 1),
    ],
)
def test_a_single_bound_of_an_int_outside_the_default_window_moves_it(bound, low, high):
    grid = source(Annotated[int, Field(**bound)]).columns["x"].values_grid
    assert (grid.first, grid.last) == (low, high)


@pytest.mark.parametrize(
    ("bound", "low", "high"),
    [
        ({}, 0, TOP - 1),
        ({"ge": -10}, -10, TOP - 1),
        ({"le": 10}, 0, 10),
        ({"le": -5}, -TOP - 4, -5),
        ({"lt": 0}, -TOP, 0),
        ({"ge": TOP}, TOP, 2 * TOP - 1),
        ({"gt": TOP - 1}, TOP - 1, 2 * TOP),
    ],
)
def test_a_single_bound_of_a_float_outside_the_default_window_moves_it(bound, low, high):
    drawn = values(Annotated[float, Field(**bound)], 2000)
    assert low <= min(drawn) < low + (high - low) * 0.02
    assert high >= max(drawn) > high - (high - low) * 0.02


@pytest.mark.parametrize("kind", [datetime.datetime, datetime.date])
def test_a_single_bound_of_a_time_outside_the_default_window_moves_it(kind):
    early, late = kind(1970, 1, 1), kind(2100, 1, 1)
    assert max(values(Annotated[kind, Field(lt=early)])) < early
    assert min(values(Annotated[kind, Field(ge=late)])) >= late
    assert all(kind(1970, 1, 1) <= value <= kind(2099, 12, 31) for value in values(kind))


@pytest.mark.parametrize(
    "annotation",
    [
        Annotated[int, Field(ge=5, le=4)],
        Annotated[int, Field(gt=5, lt=6)],
        Annotated[int, Field(gt=5, lt=9, multiple_of=10)],
        Annotated[int, Field(ge=2**63)],
        Annotated[int, Field(lt=-(2**63))],
        Annotated[float, Field(ge=1.5, lt=1.5)],
        Annotated[float, Field(ge=2, le=1)],
        Annotated[float, Field(gt=0.5, lt=0.75, multiple_of=0.25)],
        Annotated[float, Field(ge=float("nan"))],
        Annotated[float, Field(le=float("inf"))],
        Annotated[str, Field(min_length=5, max_length=4)],
        Annotated[str, Field(max_length=1), Domain("name")],
        Annotated[datetime.datetime, Field(gt=NOON, le=NOON)],
        Annotated[datetime.date, Field(ge=DAY, lt=DAY)],
    ],
    ids=str,
)
def test_bounds_that_contradict_each_other_are_refused(annotation):
    refusal(annotation)


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
    ],
    ids=str,
)
def test_a_fact_that_does_not_apply_to_its_column_is_refused(annotation):
    refusal(annotation)


def test_two_primary_keys_in_a_table_are_refused():
    schema = Schema()
    schema.add(model(a=Annotated[int, PrimaryKey()], b=Annotated[int, PrimaryKey()]))
    with pytest.raises(SchemaError, match="Thing: a, b are all declared primary key"):
        schema.table("Thing")


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


@pytest.mark.parametrize("rows", [-1, 1.5, "10", True, None])
def test_a_row_count_that_is_no_count_is_refused(rows):
    with pytest.raises(BadRequest, match="rows is"):
        Schema().add(Employee, rows)


@pytest.mark.parametrize("thing", [int, Employee.model_construct(), "Employee", None])
def test_what_is_no_model_is_refused(thing):
    with pytest.raises(SchemaError, match="not a Pydantic model"):
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
    kinds = {f"k{i}": annotation for i, (annotation, _, _) in enumerate(KINDS)}
    bounds = {f"c{i}": annotation for i, (annotation, _) in enumerate(CONSTRAINTS)}
    facts = {f"f{i}": Annotated[kind, marker] for i, (kind, marker, _) in enumerate(FACTS)}
    everything = model(**kinds, **bounds, **facts, zoned=Annotated[datetime.datetime, Field(ge=zoned)])
    tables = (table_from_model(everything, 7, True), table_from_model(Employee), table_from_model(Manager, 0))
    spec = Spec("all", tables)
    assert Spec.from_json(json.loads(json.dumps(spec.to_json()))) == spec
    assert hash(Spec.from_json(spec.to_json())) == hash(spec)
