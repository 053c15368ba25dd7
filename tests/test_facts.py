"""Facts that a word says of a field: defaults that are kept, values that stand for none, alphabets, weights, nulls."""

from __future__ import annotations

import datetime
import decimal
import json
import uuid
from collections import Counter
from typing import Annotated, Literal

import pytest
from pydantic import AfterValidator, BaseModel, EmailStr, Field, Json

from gen import Nulls, Schema
from gen.errors import SchemaError
from gen.schema.json_schema.from_json_schema import column_from_schema, table_from_schema
from gen.schema.json_schema.to_json_schema import schema_of


def rows_of(annotation, rows=2000, default=..., **facts):
    """The values of a field with these facts."""
    field = Field(default, json_schema_extra=facts)
    model = type("Thing", (BaseModel,), {"__annotations__": {"x": annotation}, "x": field, "__module__": __name__})
    schema = Schema()
    schema.add(model, rows=rows)
    return [row.x for row in schema.rows(model)]


@pytest.mark.parametrize(
    ("annotation", "default"),
    [(int, 5), (str, "a"), (str | None, None), (list[int], [1, 2]), (bool, True), (float, 0.5)],
)
def test_a_default_is_kept_where_that_is_asked_and_drawn_otherwise(annotation, default) -> None:
    assert rows_of(annotation, 20, default, keep=True) == [default] * 20
    assert rows_of(annotation, 20, default) != [default] * 20


def test_a_factory_makes_the_default_that_is_kept() -> None:
    class Thing(BaseModel):
        tags: list[str] = Field(default_factory=lambda: ["new"], json_schema_extra={"keep": True})

    schema = Schema()
    schema.add(Thing, rows=3)
    assert [row.tags for row in schema.rows(Thing)] == [["new"]] * 3


def test_a_field_without_a_default_cannot_keep_it() -> None:
    with pytest.raises(SchemaError, match=r"Thing\.x: it is to keep its default, and has none"):
        rows_of(int, keep=True)


class Inside(BaseModel):
    number: int = 3
    day: datetime.date = datetime.date(2020, 1, 1)


KEPT = {
    "a list": (list[int], [1, 2]),
    "a dict": (dict[str, float], {"a": 1.0}),
    "a dict of durations": (dict[int, datetime.timedelta], {4: datetime.timedelta(days=2)}),
    "a model": (Inside, Inside()),
    "models": (list[Inside], [Inside(number=1), Inside()]),
    "a tuple": (tuple[int, uuid.UUID], (1, uuid.UUID(int=5))),
    "a set": (set[decimal.Decimal], {decimal.Decimal("1.50")}),
    "no text": (str | None, None),
    "no time": (datetime.datetime | None, None),
    "no list": (list[int] | None, None),
    "a whole float": (float, 1.0),
    "a day": (datetime.date, datetime.date(2020, 1, 1)),
    "bytes": (list[bytes], [b"a"]),
}


@pytest.mark.parametrize("name", KEPT)
def test_a_default_that_is_kept_has_the_type_of_its_field(name) -> None:
    annotation, default = KEPT[name]

    def table(extra):
        field = Field(default=default, json_schema_extra=extra)
        model = type("Thing", (BaseModel,), {"__annotations__": {"x": annotation}, "x": field, "__module__": __name__})
        schema = Schema("s")
        schema.add(model, rows=3)
        return schema, schema.table("Thing").arrow(0, 3)

    (schema, kept), (_, drawn) = table({"keep": True}), table({})
    assert kept.schema.field("x").type == drawn.schema.field("x").type
    assert [row.x for row in schema.rows("Thing")] == [default] * 3
    again = table_from_schema(json.loads(json.dumps(schema_of(schema.spec))), "Thing")
    assert again.columns == schema.spec.tables[0].columns


DEFAULTS = {
    "a number": ({"type": "integer"}, 7),
    "a float": ({"type": "number"}, 1),
    "a list": ({"type": "array", "items": {"type": "integer"}}, [1, 2]),
    "null": ({"type": ["string", "null"]}, None),
    "a day": ({"type": "string", "format": "date"}, "2020-01-01"),
    "an object": ({"type": "object", "properties": {"a": {"type": "boolean"}}, "required": ["a"]}, {"a": True}),
    "a UUID": ({"type": "string", "format": "uuid"}, str(uuid.UUID(int=5))),
    "listed": ({"enum": [1, 2]}, 2),
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_a_document_keeps_a_default_as_a_model_does(name) -> None:
    said, default = DEFAULTS[name]
    types = []
    for keep in ({"keep": True}, {"x-gen": {"keep": True}}, {}):
        schema = Schema("s")
        x = said | {"default": default} | keep
        schema.add({"type": "object", "properties": {"x": x}, "required": ["x"]}, rows=3, name="Thing")
        types.append(schema.table("Thing").arrow(0, 3).schema.field("x").type)
        if keep:
            assert [row["x"] for row in schema.rows("Thing")] == [default] * 3
    assert len(set(types)) == 1


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"type": "integer", "keep": True}, "and has none"),
        ({"type": "integer", "keep": "yes", "default": 3}, "keep is 'yes'"),
        ({"type": "integer", "keep": True, "default": "x"}, "its default, 'x', which its schema does not take"),
        ({"anyOf": [{"type": "integer", "keep": True, "default": 3}, {"type": "null"}]}, "one of its branches"),
    ],
    ids=str,
)
def test_what_a_document_cannot_keep_is_refused(said, sentence) -> None:
    with pytest.raises(SchemaError, match=rf"Thing\.x: .*{sentence}"):
        table_from_schema({"type": "object", "properties": {"x": said}, "required": ["x"]}, "Thing")


def test_a_value_stands_for_none_at_its_rate() -> None:
    values = rows_of(Annotated[str, Field(pattern=r"^\d{3}-\d\d-\d{4}$")], nulls={"rate": 0.3, "value": "999-99-9999"})
    # 2,000 draws at 0.3: five standard errors are 103; false alarms 1 in 1.7 million.
    assert abs(values.count("999-99-9999") - 600) < 103
    assert len(set(values)) > 1300


def test_a_choice_has_a_value_that_stands_for_none_too() -> None:
    values = rows_of(Literal["a", "b", "?"], nulls={"rate": 0.5, "value": "?"}, weights={"a": 1, "b": 1})
    assert set(values) == {"a", "b", "?"}
    assert abs(values.count("?") - 1000) < 112  # five standard errors


def test_nulls_at_a_rate_of_ones_own() -> None:
    values = rows_of(int | None, nulls=0.25)
    assert abs(values.count(None) - 500) < 97  # five standard errors
    assert None not in rows_of(int | None, nulls=0)


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"nulls": 0.1}, "10% nulls are asked for, and the field has none"),
        ({"nulls": 2}, "nulls is 2"),
        ({"nulls": {"rate": 0.1, "what": 1}}, "nulls is "),
        ({"nulls": {"rate": 0.1, "value": "none"}}, "'none' stands for no value, and is no int64"),
        ({"alphabet": "ab"}, "its alphabet is 'ab'"),
        ({"weights": [1, 2]}, "weights are for choices and unions"),
    ],
)
def test_facts_that_make_no_sense_are_refused(facts, sentence) -> None:
    with pytest.raises(SchemaError) as caught:
        rows_of(int, **facts)
    assert sentence in caught.value.message
    assert caught.value.message.startswith("Thing.x: ")
    assert caught.value.hint


def test_an_alphabet_is_what_texts_are_made_of() -> None:
    values = rows_of(Annotated[str, Field(min_length=2, max_length=6)], alphabet="äöü-]^")
    assert set("".join(values)) == set("äöü-]^")
    assert {len(value) for value in values} == {2, 3, 4, 5, 6}


def test_weights_by_value_are_shares() -> None:
    counts = Counter(rows_of(Literal["a", "b", "c"], 8000, weights={"a": 5, "c": 3}))
    assert set(counts) == {"a", "c"}
    assert abs(counts["a"] - 5000) < 217  # five standard errors


def test_facts_survive_a_json_schema() -> None:
    class Thing(BaseModel):
        ssn: Annotated[str, Field(json_schema_extra={"nulls": {"rate": 0.3, "value": "999"}})]
        kind: Annotated[Literal["a", "b"], Field(json_schema_extra={"weights": {"a": 3, "b": 1}})]
        greek: Annotated[str, Field(json_schema_extra={"alphabet": "αβγ"})]

    first, second = Schema(), Schema()
    first.add(Thing, rows=50)
    second.add(schema_of(first.spec))
    assert first.table("Thing").arrow().equals(second.table("Thing").arrow())


@pytest.mark.parametrize(
    ("said", "weights", "nulls"),
    [
        ({"type": "boolean"}, {"true": 9, "false": 1}, None),
        ({"type": "boolean"}, {"True": 9, "False": 1}, None),
        ({"type": ["boolean", "null"]}, {"true": 9, "false": 1, "null": 10}, 0.5),
        ({"enum": [False, True, None]}, {"true": 9, "false": 1, "null": 30}, 0.75),
    ],
)
def test_weights_name_booleans_and_null_as_json_does(said, weights, nulls):
    column = column_from_schema("Thing", "x", said | {"weights": weights})
    assert column.weights == (1.0, 9.0)
    assert column.nulls == nulls


def test_a_weight_of_null_that_is_no_number_is_refused():
    with pytest.raises(SchemaError, match=r"Thing: weights are .*None"):
        column_from_schema("Thing", "x", {"type": ["boolean", "null"], "weights": {"true": 1, "null": None}})


def _taken(value: str) -> str:
    assert value != "none", "say something"
    return value


@pytest.mark.parametrize(
    ("annotation", "value", "why"),
    [
        (Annotated[int, Field(ge=0, le=100)], -1, "below 0"),
        (Annotated[float, Field(gt=0)], 0, "not above 0"),
        (Annotated[str, Field(pattern=r"^\d{3}$")], "n/a", "its pattern"),
        (Annotated[str, Field(max_length=3)], "unknown", "longer than 3"),
        (Annotated[datetime.date, Field(ge=datetime.date(2000, 1, 1))], datetime.date(1900, 1, 1), "below 2000-01-01"),
        (Literal["a", "b"], "none", "none of its values"),
        (EmailStr, "none", "not of the format 'email'"),
        (Annotated[str, AfterValidator(_taken)], "none", "say something"),
    ],
)
def test_a_value_that_stands_for_none_and_is_not_taken_is_refused(annotation, value, why) -> None:
    with pytest.raises(SchemaError, match=f"stands for no value, and the field does not take it: .*{why}"):
        rows_of(Annotated[annotation, Nulls(0.2, value=value)], 200)


def test_a_value_that_stands_for_none_is_judged_in_documents_and_inside_of_fields_too() -> None:
    level = {"type": "integer", "minimum": 0, "nulls": {"rate": 0.2, "value": -1}}
    for document in (level, {"type": "array", "items": level}):
        schema = Schema()
        schema.add({"type": "object", "properties": {"x": document}}, rows=10, name="Thing")
        with pytest.raises(SchemaError, match=r"-1 stands for no value, .* it is below 0"):
            schema.table("Thing")


def test_a_default_that_its_field_does_not_take_is_not_kept() -> None:
    for annotation, default, why in (
        (datetime.date, "zz", "valid date"),
        (Annotated[int, Field(ge=10)], 7, "greater than or equal to 10"),
        (list[list[int]], [5], "valid list"),
        (decimal.Decimal, decimal.Decimal("NaN"), "finite"),
        (list[bytes], [b"\xff"], "cannot be written"),
    ):
        with pytest.raises(SchemaError, match=rf"Thing\.x: it is to keep its default, .*{why}"):
            rows_of(annotation, 3, default, keep=True)


@pytest.mark.parametrize(
    ("annotation", "default", "kept"),
    [(decimal.Decimal, 1.5, decimal.Decimal("1.5")), (bool, 1, True), (int, "7", 7), (bytes, b"\xff", b"\xff")],
)
def test_a_kept_default_is_what_its_field_makes_of_it(annotation, default, kept) -> None:
    (value,) = {*rows_of(annotation, 3, default, keep=True)}
    assert (value, type(value)) == (kept, type(kept))


def test_a_kept_text_that_holds_json_stays_a_text() -> None:
    assert rows_of(Json[list[int]], 3, "[1]", keep=True) == [[1]] * 3


def test_a_law_beside_a_default_that_is_kept_is_refused() -> None:
    with pytest.raises(SchemaError, match="it is to keep its default, and distribution is declared, too"):
        rows_of(int, 3, 5, keep=True, distribution="zipf")
    with pytest.raises(SchemaError, match="it is to keep its default, and distribution is declared, too"):
        column_from_schema("x", "x", {"type": "integer", "default": 5, "keep": True, "distribution": "zipf"})


def test_a_listed_text_that_is_no_text_of_utf_8_is_refused() -> None:
    with pytest.raises(SchemaError, match="half of a surrogate pair"):
        rows_of(str, 3, "a\ud800", keep=True)
    with pytest.raises(SchemaError, match="half of a surrogate pair"):
        column_from_schema("x", "x", {"enum": ["a", "\ud800"]})
