"""What tests need to make tables of a few columns and to read them."""

import datetime
import enum
from typing import Annotated

import numpy as np
import pyarrow as pa
from hypothesis import settings
from pydantic import TypeAdapter, create_model

from gen import PrimaryKey, Schema

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


def source(rows=1000, seed=0, **types):
    """A table `Thing` with these columns, ready to be read."""
    schema = Schema(seed=seed)
    schema.add(create_model("Thing", **{name: (annotation, ...) for name, annotation in types.items()}), rows)
    return schema.table("Thing").source


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
