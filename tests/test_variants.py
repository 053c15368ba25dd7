"""Proves that models told apart by a field are one struct, whatever nulls they have, and are read back as they were."""

import json
from typing import Annotated, Any, Literal

import pyarrow as pa
import pytest
from jsonschema import Draft202012Validator
from pydantic import AfterValidator, BaseModel, Field, TypeAdapter
from pydantic_core import to_jsonable_python

from columns import model, source
from gen import Schema
from gen.preparing import Request
from gen.run import describe
from gen.schema.json_schema.to_json_schema import schema_of

ROWS = 500


class Card(BaseModel):
    kind: Literal["card"]
    last4: Annotated[str, Field(pattern="^[0-9]{4}$")]


class Sepa(BaseModel):
    kind: Literal["sepa"]
    iban: str
    note: str | None = None
    days: int | None  # must be there, if only as a null


class Cash(BaseModel):
    kind: Literal["cash", "coins"]
    days: int
    note: Annotated[str | None, AfterValidator(lambda value: value or 1 / 0)]


Payment = Annotated[Card | Sepa | Cash, Field(discriminator="kind")]
STRUCT = pa.struct(
    {"kind": pa.string(), "last4": pa.string(), "iban": pa.string(), "note": pa.string(), "days": pa.int64()}
)


def test_fields_that_may_be_null_are_fields_of_one_struct():
    table = source(ROWS, x=Payment, more=list[Payment], one=Payment | None)
    assert table.schema.field("x").type == STRUCT
    assert table.schema.field("more").type.value_type == STRUCT
    rows = table.at(range(ROWS))
    for row in rows.column("x").to_pylist():
        own = {"card": Card, "sepa": Sepa}.get(row["kind"], Cash).model_fields.keys()
        assert all(value is None for name, value in row.items() if name not in own)
    assert {row["days"] is None for row in rows.column("x").to_pylist() if row["kind"] == "sepa"} == {True, False}
    made = TypeAdapter(list[model(x=Payment, more=list[Payment], one=Payment | None)]).validate_python(
        table.python(rows)
    )
    assert {type(row.x) for row in made} == {Card, Sepa, Cash}
    assert rows.column("one").null_count == sum(row.one is None for row in made) > 0


def test_what_is_read_back_is_what_was_drawn():
    """As a branch of its own draws it: the struct is read by the value that tells the branches apart."""
    table = source(ROWS, x=Payment)
    batch = table.at(range(ROWS))
    texts = [json.loads(text)["x"] for text in table.json(batch).to_pylist()]
    rows = [row["x"] for row in table.python(batch)]
    assert texts == to_jsonable_python(rows)
    for row in rows:
        fields = {"card": Card, "sepa": Sepa}.get(row["kind"], Cash).model_fields
        assert set(row) | {"note"} == set(fields) | {"note"}
    half = batch.slice(100, 50)
    assert [row["x"] for row in table.python(half)] == rows[100:150]
    assert [json.loads(text)["x"] for text in table.json(half).to_pylist()] == texts[100:150]


def test_a_document_of_it_is_read_as_the_same_values():
    schema, back = Schema("s"), Schema("s")
    schema.add(model(x=Payment), ROWS)
    document = schema_of(schema.spec)
    back.add(document, ROWS)
    free = Schema("s")
    free.add(model(x=Annotated[Card | Sepa, Field(discriminator="kind")]), ROWS)
    written = schema_of(free.spec)
    again = Schema("s")
    again.add(written, ROWS)
    assert again.table("Thing").arrow() == free.table("Thing").arrow()
    validator = Draft202012Validator(written)
    assert all(validator.is_valid(row) for row in again.rows("Thing"))
    assert back.table("Thing").arrow().schema == schema.table("Thing").arrow().schema


class Dated(BaseModel):
    kind: Literal["dated"]
    last4: int


class Untold(BaseModel):
    note: str | None


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (Card | Dated, "Thing.x is JSON text: last4 is str in Card and int in Dated"),
        (Card | Untold, "Thing.x is JSON text: note may be null, and no field says by its value which it is"),
        (list[Card | int], "Thing.x[] is JSON text: integer is no object"),
        (int | str, "Thing.x is JSON text: integer, text have no type in common"),
        (Payment, ""),
        (int | Annotated[int, Field(ge=3)], ""),
    ],
)
def test_a_description_says_why_a_union_is_json_text(kind: Any, said: str) -> None:
    schema = Schema()
    schema.add(model(x=kind), 100)
    (column,) = describe(Request(schema=schema))["tables"]["Thing"]["columns"]
    assert said in column["reason"]
    assert ("JSON text" in column["reason"]) == bool(said)
