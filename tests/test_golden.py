"""Values are frozen: what a declaration gave once it gives for ever, on every platform, within a stream version.

`golden.json` was written by this file (`python tests/test_golden.py`). Where it differs, either the change is a
mistake, or `STREAM_VERSION` must be raised, and data sets of the old one can no longer be resumed or repaired.
"""

import json
from pathlib import Path
from typing import Annotated

from pydantic import Field, create_model

from gen import Domain, ForeignKey, PrimaryKey, Schema
from gen.checksums import Checksum
from gen.streams import STREAM_VERSION
from test_synthesizers import everything

FILE = Path(__file__).with_name("golden.json")
KEYS = {
    "ascending": Annotated[int, PrimaryKey()],
    "sequential": Annotated[int, Field(ge=5), PrimaryKey(order="sequential")],
    "scattered": Annotated[int, Field(ge=-(10**6), le=10**6), PrimaryKey(order="scattered")],
    "text": Annotated[str, PrimaryKey()],
    "counted": Annotated[str, PrimaryKey(order="sequential")],
    "person": Annotated[str, Domain("name"), PrimaryKey()],
}


def key_schemas():
    """A table for each kind of key, with a reference to it, and one of billions of rows, whose keys need 64 bits."""
    for name, annotation in KEYS.items():
        schema = Schema(seed=-3)
        kind = annotation.__origin__
        schema.add(create_model("Keyed", id=(annotation, ...), other=(Annotated[kind, ForeignKey("Keyed.id")], ...)))
        schema.add(create_model("Many", id=(Annotated[int, PrimaryKey()], ...)), 3 * 10**9)
        yield name, schema


def facts(source, rows):
    """By column: the checksum of these rows, and the first three values."""
    checksum = Checksum(source.table, list(source.columns))
    batch = source.at(rows)
    checksum.add(batch)
    sums = checksum.to_json()
    return {name: [sums[name], *map(str, batch.column(name)[:3].to_pylist())] for name in source.columns}


def computed():
    found = {"stream_version": STREAM_VERSION}
    for table in ("Everything", "Parent"):
        source = everything(10**6, 10**5, seed=7).table(table).source
        found[table] = facts(source, range(70_000, 73_000))
    for name, schema in key_schemas():
        found[f"{name} keys"] = facts(schema.table("Keyed").source, range(1000))
        found["keys of billions"] = facts(schema.table("Many").source, range(2 * 10**9, 2 * 10**9 + 1000))
    return found


def test_values_are_what_they_were():
    frozen = json.loads(FILE.read_text("utf-8"))
    now = json.loads(json.dumps(computed()))
    assert now.keys() == frozen.keys()
    for table, columns in frozen.items():
        assert now[table] == columns, table


if __name__ == "__main__":
    FILE.write_text(json.dumps(computed(), indent=1, ensure_ascii=False) + "\n", "utf-8")
