"""People, and posts that refer to them: tables that tests of references share, and what DuckDB says of them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import duckdb
from pydantic import BaseModel, Field, create_model

from gen import Nulls, PrimaryKey, Schema, Weights
from gen.synth.described import described

FALSE_ALARM = 1e-6  # of each statistical test, for a right program
KEY = Annotated[int, PrimaryKey()]
DIGIT = Annotated[int, Field(ge=0, le=9)]


class Person(BaseModel):
    id: KEY
    role: Annotated[Literal["manager", "clerk", "intern"], Weights([2, 5, 3])]
    active: Annotated[bool | None, Nulls(0.1)]
    age: Annotated[int, Field(ge=18, le=65)]


def schema_of(people: int, rows: int | None, seed: int = 0, parent: Any = Person, **fields: Any) -> Schema:
    """People, and rows of a table Post that has these fields."""
    schema = Schema(seed=seed)
    schema.add(parent, rows=people)
    schema.add(create_model("Post", **{name: (kind, ...) for name, kind in fields.items()}), rows=rows)
    return schema


def sql(schema: Schema, query: str) -> list[tuple[Any, ...]]:
    """What DuckDB says of the tables, which are named as the models are."""
    with duckdb.connect() as connection:
        for table in schema.spec.tables:
            connection.register(table.name, schema.table(table.name).arrow())
        return connection.sql(query).fetchall()


def described_of(schema: Schema, table: str) -> list[dict[str, Any]]:
    """What a reader is told of each column."""
    return described(schema._source(table))
