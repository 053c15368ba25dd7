"""Proves that every type and every constraint of a Pydantic model is read, or refused by name."""

import datetime
import decimal
import enum
import json
import uuid
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal

import annotated_types
import jsonschema
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pydantic import Field, TypeAdapter, conint, constr, create_model
from pydantic_extra_types.coordinate import Coordinate, Latitude, Longitude

from columns import declared, model, refusal, source, values
from gen import Domain
from gen.errors import SchemaError
from gen.schema.json_schema.from_json_schema import column_from_schema
from gen.schema.models.from_pydantic import table_from_model
from gen.schema.spec import Column, Spec
from gen.schema.written import spec_from_json, spec_to_json

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
    (Literal[2**63 - 1, -(2**63)], "choice", (2**63 - 1, -(2**63))),
    (bytes, "bytes", ()),
    (decimal.Decimal, "decimal", ()),
    (datetime.time, "time", ()),
    (datetime.timedelta, "duration", ()),
    (uuid.UUID, "uuid", ()),
    (Any, "any", ()),
    (None, "null", ()),
]


@pytest.mark.parametrize(("annotation", "kind", "choices"), KINDS)
def test_every_type_has_its_kind(annotation, kind, choices):
    assert declared(annotation) == Column("x", kind, choices=choices)


def test_a_bool_is_not_an_int():
    drawn = values(bool)
    assert set(drawn) == {True, False}
    assert {type(value) for value in drawn} == {bool}


@pytest.mark.parametrize("kind", [Colour, Level, Word])
def test_an_enum_is_not_its_base_type(kind):
    assert set(values(kind)) == {member.value for member in kind}


NOT_DATA = [
    (Callable[[int], int], "Callable"),
    (type, "type"),
]


@pytest.mark.parametrize(("annotation", "found"), NOT_DATA, ids=str)
def test_a_type_without_values_is_refused_by_name(annotation, found):
    error = refusal(annotation)
    assert found in error.message
    assert "no value of it can be drawn" in error.message


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
    found = declared(annotation)
    assert {name: getattr(found, name) for name in facts} == facts


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
    found = declared(Annotated[Annotated[int, first], second])
    assert (found.minimum, found.minimum_excluded) == (minimum, excluded)


@pytest.mark.parametrize(
    ("annotation", "found"),
    [
        (Annotated[int, Field(pattern="^a+$")], "pattern"),
        (Annotated[list[str], Field(pattern="^a+$")], "pattern"),
        (Annotated[int, annotated_types.Predicate(lambda value: value < 0)], "accepts 0.0%"),
        (Annotated[str, Field(ge="a")], "'a'"),
        (Annotated[int, Field(ge="5")], "'5'"),
        (Annotated[bool, Field(ge=True)], "True"),
        (Annotated[int, Field(max_length=3)], "max_length"),
        (Annotated[bytes, Field(multiple_of=3)], "multiple_of"),
        (Annotated[dict[str, int], Field(ge=3)], "map"),
        (Annotated[Level, Field(le=0)], "le = 0"),
        (Annotated[Literal["a", "b"], Field(ge=5)], "ge = 5"),
        (Annotated[Word, Field(min_length=4)], "min_length = 4"),
    ],
)
def test_a_constraint_that_cannot_be_kept_is_refused(annotation, found):
    assert found in refusal(annotation).message


@pytest.mark.parametrize(
    ("kind", "steps", "common"),
    [
        (int, (4, 6), 12),
        (int, (2, 3, 5), 30),
        (Decimal, (Decimal("0.25"), Decimal("0.1")), Decimal("0.5")),
        (Decimal, (Decimal("0.25"), 3), 3),
        (Decimal, (Decimal("0.15"), Decimal("0.35")), Decimal("1.05")),
        (float, (0.1, 0.25), 0.5),
        (float, (0.3, 0.2), 0.6),
        (float, (0.75, 2), 6),
    ],
)
def test_of_several_multiples_the_least_common_one_counts(kind, steps, common):
    annotation = Annotated[kind, Field(ge=0, le=1000)]
    for step in steps:
        annotation = Annotated[annotation, Field(multiple_of=step)]
    assert declared(annotation).multiple_of == common
    adapter = TypeAdapter(annotation)
    for value in values(annotation):
        adapter.validate_python(value)
        assert not Fraction(str(round(value, 6))) % Fraction(str(common))


def test_of_several_limits_of_digits_the_narrowest_counts():
    annotation = Annotated[Decimal, Field(max_digits=4, decimal_places=1), Field(max_digits=10, decimal_places=3)]
    column = declared(annotation)
    assert (column.max_digits, column.decimal_places) == (4, 1)
    assert all(TypeAdapter(annotation).validate_python(value) == value for value in values(annotation))


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
        ({"ge": TOP - 1}, TOP - 1, 2 * TOP - 1),  # not the one value that the default range has left
    ],
)
def test_a_single_bound_of_an_int_outside_the_default_window_moves_it(bound, low, high):
    grid = source(1000, x=Annotated[int, Field(**bound)]).columns["x"].values_grid
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
        Annotated[int, Field(ge=10**38)],
        Annotated[int, Field(lt=-(10**38))],
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


# -- through JSON -------------------------------------------------------------------------------------------


def test_every_kind_and_constraint_goes_through_json_and_comes_back_equal():
    kinds = {f"k{i}": annotation for i, (annotation, _, _) in enumerate(KINDS)}
    bounds = {f"c{i}": annotation for i, (annotation, _) in enumerate(CONSTRAINTS)}
    spec = Spec("all", (table_from_model(model(**kinds, **bounds)),))
    assert spec_from_json(json.loads(json.dumps(spec_to_json(spec)))) == spec


@pytest.mark.parametrize(("kind", "most"), [(Latitude, 90), (Longitude, 180)])
def test_degrees_are_numbers_within_their_bounds(kind, most):
    assert declared(kind) == Column("x", "number", minimum=-most, maximum=most)
    made = source(500, x=kind).at(range(500)).column(0)
    assert made.type == pa.float64()
    assert -most <= pc.min(made).as_py() < -most / 2 < most / 2 < pc.max(made).as_py() <= most


def test_coordinates_are_a_latitude_and_a_longitude():
    made = source(500, x=Coordinate, y=Annotated[Latitude, Field(ge=47, le=49)]).at(range(500))
    assert made.schema.field("x").type == pa.struct(
        [pa.field("latitude", pa.float64(), False), pa.field("longitude", pa.float64(), False)]
    )
    for row in made.to_pylist():
        TypeAdapter(Coordinate).validate_python(row["x"])
        assert 47 <= row["y"] <= 49


LISTED = [
    {"enum": ["a", "bb", "ccc"], "minLength": 2},
    {"enum": ["a", "bb", "ccc"], "maxLength": 2, "type": "string"},
    {"enum": ["a", "bb", "ccc"], "pattern": "^[ac]"},
    {"enum": ["a", "bb", "𝄞𝄞𝄞"], "minLength": 3, "pattern": "."},
    {"enum": ["a", 1], "minLength": 1},
    {"enum": ["a", "bb"], "minimum": 3},
    {"enum": ["a", "bb"], "type": ["string", "null"], "minLength": 2},
]


@pytest.mark.parametrize("schema", LISTED)
def test_listed_texts_are_those_that_a_validator_takes(schema):
    taken = tuple(filter(jsonschema.Draft202012Validator(schema).is_valid, schema["enum"]))
    column = column_from_schema("T.x", "x", schema)
    found = column.choices if column.kind == "choice" else [c for part in column.parts for c in part.choices]
    assert tuple(json.loads(c) if column.stored == "json" else c for c in found) == taken
