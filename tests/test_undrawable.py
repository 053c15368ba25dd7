"""Proves that what no value can be of is left out beside what has values, with the reason, and else refused."""

import datetime
import decimal
from collections.abc import Callable
from typing import Annotated, Optional

import pytest
from pydantic import BaseModel, DirectoryPath, Field, FilePath, create_model

from columns import declared, model, refusal, source, values
from gen import Nulls, Schema, SynthesizedBy, Weights
from gen.errors import SchemaError
from gen.schema.models.from_pydantic import table_from_model
from gen.synth.described import described

ROWS = 200


class Opaque:
    """Of no type that Pydantic knows."""


ONLY_NONE = {
    "a function": (Callable[[int], int], "Callable (its type is Callable, and no value of it can be drawn)"),
    "a class": (type[int], "type (its type is type, and no value of it can be drawn)"),
    "no data": (Opaque, "Opaque (its type is Opaque, and no value of it can be drawn)"),
    "a file": (FilePath, "Path (its type is the path of a file that exists, and no value of it can be drawn)"),
    "a folder": (DirectoryPath, "Path (its type is the path of a folder that exists, and no value of it can be drawn)"),
    "in a list": (list[FilePath], "list (Thing.x[]: its type is the path of a file that exists, and no value"),
}


@pytest.mark.parametrize("name", ONLY_NONE)
def test_an_optional_of_what_cannot_be_drawn_is_always_null_and_says_why(name):
    annotation, said = ONLY_NONE[name]
    fields = {"b": (int, ...), "x": (annotation | None, None)}
    thing = create_model("Thing", __config__={"arbitrary_types_allowed": True}, **fields)
    schema = Schema()
    schema.add(thing, ROWS)
    assert all(row.x is None for row in schema.rows(thing))
    told = described(schema.table("Thing").source)[1]
    assert f"never drawn: {said}" in told["reason"] and "drawn again" not in told["reason"]
    schema = Schema()
    schema.add(create_model("Thing", __config__={"arbitrary_types_allowed": True}, x=(annotation | int, 0)), ROWS)
    assert {type(value) for value in schema.table("Thing").pandas().x.tolist()} == {int}


@pytest.mark.parametrize("annotation", [FilePath, type[int], Callable[[int], int], list[FilePath]])
def test_what_cannot_be_drawn_is_refused_at_once(annotation):
    with pytest.raises(
        SchemaError, match=r"Thing\.x(\[\])?: its type is .*, and no value of it can be drawn"
    ) as caught:
        table_from_model(model(x=annotation))
    assert caught.value.hint


def test_a_file_is_what_a_synthesizer_of_the_user_names():
    assert declared(Annotated[FilePath | None, SynthesizedBy("SynthesizeMine")]).format == "path"


def test_a_share_of_nulls_of_what_is_always_null_is_refused():
    with pytest.raises(SchemaError, match=r"Thing\.x: 20% nulls are asked for, and no other value of it can be drawn"):
        source(ROWS, x=Annotated[FilePath | None, Nulls(0.2)])


class Half(BaseModel):
    next: Annotated[Optional["Half"], Nulls(0.5)]


def test_a_share_of_nulls_holds_at_every_level_of_a_recursion_but_the_last():
    schema = Schema()
    schema.add(Half, ROWS)
    found = [row.next for row in schema.rows(Half)]  # five standard errors: false in 1 of 1.7 million tests
    assert abs(found.count(None) - ROWS / 2) < 5 * (ROWS / 4) ** 0.5


# -- bounds that no type can store ---------------------------------------------------------------------------

FAR, LONG = 2**200, datetime.timedelta(days=2 * 10**8)
Far, Below = Annotated[int, Field(ge=FAR)], Annotated[int, Field(lt=-FAR)]
Beyond = Annotated[decimal.Decimal, Field(ge=1000, max_digits=3, decimal_places=0)]
Long = Annotated[datetime.timedelta, Field(ge=LONG)]
UNSTORABLE = {
    "integer": (Far, f"no value of 38 digits is at least {FAR}"),
    "negative": (Below, f"no value of 38 digits is below -{FAR}"),
    "decimal": (Beyond, "no value of 3 digits is at least 1000"),
    "duration": (Long, "no duration of 64 bits of microseconds is at least 200000000 days"),
}


@pytest.mark.parametrize("name", UNSTORABLE)
def test_bounds_that_cannot_be_stored_leave_none_and_the_other_branches(name):
    annotation, why = UNSTORABLE[name]
    for kind, left in ((annotation | None, {None}), (annotation | bool, {True, False})):
        assert set(values(kind)) == left
        (told,) = described(source(ROWS, x=kind))
        assert f"({why}" in told["reason"] and "never drawn: " in told["reason"]
    assert why in refusal(annotation).message


def test_weights_of_a_branch_that_cannot_be_stored_are_refused():
    said = refusal(Annotated[Far | bool | str, Weights({"int": 1, "boolean": 1})]).message
    assert "the weights speak of 'int', which is never drawn: no value of 38 digits" in said


def test_a_bound_around_an_optional_or_a_union_leaves_the_branches_that_can_be_stored():
    assert set(values(Annotated[int | None, Field(ge=FAR)])) == {None}
    beside = declared(Annotated[int | float | str, Field(ge=FAR)])
    assert beside.kind == "number" and [name for name, _ in beside.undrawn] == ["text", "integer"]


def test_bounds_of_a_json_schema_that_cannot_be_stored_leave_the_other_branches():
    far = {"type": "integer", "minimum": FAR}
    for schema, left in (({"anyOf": [far, {"type": "null"}]}, {None}), ({"anyOf": [far, {"const": "a"}]}, {"a"})):
        document = {"type": "object", "properties": {"x": schema}, "required": ["x"]}
        table = Schema()
        table.add(document, ROWS, name="Thing")
        assert {row["x"] for row in table.rows("Thing")} == left
        assert "no value of 38 digits" in described(table.table("Thing").source)[0]["reason"]
