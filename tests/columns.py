"""What tests need to make tables of a few columns and to read them."""

import datetime
import enum
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import settings
from pydantic import AfterValidator, TypeAdapter, create_model

from gen import PrimaryKey, Schema
from gen.errors import SchemaError
from gen.schema.models.from_pydantic import table_from_model

examples = settings(deadline=None, max_examples=40)

KEY = Annotated[int, PrimaryKey()]
EARLY, LATE = datetime.datetime(1955, 5, 5, 5, 5, 5, 5), datetime.datetime(2021, 1, 18, 12)
ZONE = datetime.timezone(datetime.timedelta(hours=-8))


class Colour(enum.Enum):
    RED = "red"
    GREEN = "green"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = -1
    HIGH = 5


def model(**types):
    """A model `Thing` with these fields."""
    return create_model("Thing", **{name: (annotation, ...) for name, annotation in types.items()})


def source(rows=1000, seed=0, **types):
    """A table `Thing` with these columns, ready to be read."""
    schema = Schema(seed=seed)
    schema.add(model(**types), rows)
    return schema.table("Thing").source


def declared(annotation):
    """The column that a field of this type declares."""
    return table_from_model(model(x=annotation)).column("x")


def values(annotation, rows=500):
    """What a column of this type holds, as Arrow gives it to Python."""
    return drawn(annotation, rows).to_pylist()


def refusal(annotation, rows=500):
    """The error that a field of this type is, at once or when its table is read."""
    with pytest.raises(SchemaError) as caught:
        source(rows, x=annotation)
    assert "Thing.x" in caught.value.message
    assert caught.value.hint
    assert caught.value.exit_code == 2
    return caught.value


def drawn(annotation, rows=1000):
    return source(rows, x=annotation).at(range(rows)).column("x")


def joined(batches):
    return pa.Table.from_batches(batches).combine_chunks()


def array(values):
    return np.array(list(values), np.uint64)


def validated(annotation, values):
    """Whether Pydantic accepts every value for a field of this type."""
    adapter = TypeAdapter(annotation)
    for value in values.to_pylist():
        adapter.validate_python(value, strict=True)
    return True


def below(limit: int) -> Any:
    """A validator that takes the numbers below a limit."""

    def check(value: int) -> int:
        if value >= limit:
            raise ValueError(f"{value} is too much")
        return value

    return AfterValidator(check)
