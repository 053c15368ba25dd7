"""Values are frozen: what a declaration gave once it gives for ever, on every platform, within a stream version.

`golden.json` was written by this file (`python tests/test_golden.py`). Where it differs, either the change is a
mistake, or `STREAM_VERSION` must be raised, and data sets of the old one can no longer be resumed or repaired.
"""

import datetime
import json
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field, create_model

import gen
from gen import (
    Children,
    Copy,
    Domain,
    ForeignKey,
    HotSet,
    Lengths,
    Next,
    Ordinal,
    Poisson,
    Previous,
    PrimaryKey,
    Schema,
    Tree,
    Unique,
    Zipf,
)
from gen.checksums import Checksum
from gen.counts import RowRequest
from gen.examples.shop import schema as shop
from gen.plan import epoch_seed
from gen.sizes import appended_rows, scaled_rows
from gen.streams import STREAM_VERSION
from gen.synth.tables import Epoch, table_sources
from test_synthesizers import everything

FILE = Path(__file__).with_name("golden.json")
TODAY = datetime.date(2026, 11, 20)  # which plain dates are near
KEYS = {
    "ascending": Annotated[int, PrimaryKey()],
    "sequential": Annotated[int, Field(ge=5), PrimaryKey(order="sequential")],
    "scattered": Annotated[int, Field(ge=-(10**6), le=10**6), PrimaryKey(order="scattered")],
    "text": Annotated[str, PrimaryKey()],
    "counted": Annotated[str, PrimaryKey(order="sequential")],
    "person": Annotated[str, Domain("name"), PrimaryKey()],
}


WHOLE = Annotated[int, Field(ge=0, le=1000)]
LARGE = Annotated[int, Field(ge=1, le=10**9)]
REAL = Annotated[float, Field(ge=0, le=1000)]
MOMENT = Annotated[datetime.datetime, Field(ge=datetime.datetime(2020, 2, 3), le=datetime.datetime(2024, 3, 4))]
LETTER = Literal["a", "b", "c", "d"]
DAY = datetime.timedelta(days=1)
# One column for each kind that `Everything` lacks, and for each family of laws: how it is compiled, and on what line.
LAWS = {
    "decimal": Annotated[Decimal, Field(ge=0, le=10, decimal_places=3), gen.Normal(4, 1)],
    "decimal_plain": Decimal,
    "time": Annotated[datetime.time, gen.Normal(3600 * 9, 3600)],
    "duration": Annotated[datetime.timedelta, gen.Exponential(datetime.timedelta(hours=1))],
    "uuid": uuid.UUID,
    "bytes": bytes,
    "list": list[int],
    "set": set[LETTER],
    "map": dict[str, float],
    "pattern": Annotated[str, Field(pattern="^[A-Z]{2}-[0-9]{1,9}$")],
    "sentence": Annotated[str, Domain("sentence")],
    "optional": int | None,
    "lognormal": Annotated[REAL, gen.Lognormal()],
    "exponential": Annotated[WHOLE, gen.Exponential()],
    "gamma": Annotated[REAL, gen.Gamma()],
    "beta": Annotated[REAL, gen.Beta(2, 5)],
    "triangular": Annotated[REAL, gen.Triangular(100, 300, 900)],
    "weibull": Annotated[MOMENT, gen.Weibull()],
    "pareto": Annotated[LARGE, gen.Pareto()],
    "vonmises": Annotated[REAL, gen.VonMises()],
    "daily": Annotated[MOMENT, gen.VonMises(datetime.datetime(1970, 1, 1, 14), 3, DAY)],
    "benford": Annotated[LARGE, gen.Benford()],
    "histogram": Annotated[REAL, gen.Histogram([0, 100, 250, 1000], [1, 5, 2])],
    "quantiles": Annotated[WHOLE, gen.Empirical(quantiles=[0, 50, 90, 1000])],
    "values": Annotated[WHOLE, gen.Empirical(values=[3, 5, 700], weights=[3, 1, 2])],
    "mixture": Annotated[REAL, gen.Mixture([(3, gen.Normal(300, 30)), (2, gen.Normal(700, 20)), (1, gen.Constant(0))])],
    "mixture_listed": Annotated[WHOLE, gen.Mixture([(3, gen.Normal(300, 30)), (2, gen.Poisson(700))])],
    "constant": Annotated[WHOLE, gen.Constant(7)],
    "sequence": Annotated[int, gen.Sequence(step=3)],
    "poisson": Annotated[WHOLE, gen.Poisson(120)],
    "poisson_large": Annotated[int, gen.Poisson(1e7)],
    "binomial": Annotated[WHOLE, gen.Binomial(400, 0.3)],
    "geometric": Annotated[WHOLE, gen.Geometric(0.3)],
    "geometric_long": Annotated[LARGE, gen.Geometric(1e-6)],
    "zipf": Annotated[WHOLE, gen.Zipf(1.1)],
    "zipf_long": Annotated[LARGE, gen.Zipf(1.1)],
    "series": Annotated[MOMENT, gen.Series(interval=datetime.timedelta(seconds=90), jitter=60)],
    "series_float": Annotated[REAL, gen.Series(jitter=1e-4)],
    "calendar": Annotated[MOMENT, gen.Calendar(weekdays=[1, 1, 1, 1, 1, 0.2, 0.1])],
    "weekdays": Annotated[datetime.date, gen.Calendar()],
    "text_by_law": Annotated[str, Lengths(gen.Poisson(8))],
    "bytes_by_law": Annotated[bytes, Lengths(gen.Lognormal(median=20))],
    "pattern_by_law": Annotated[str, Field(pattern="^[a-z]+[0-9]$"), Lengths(gen.Geometric(0.2))],
    "sentence_by_law": Annotated[str, Domain("sentence"), Lengths(gen.Normal(50, 10))],
    "list_by_law": Annotated[list[int], Lengths(gen.Zipf(2))],
    "map_by_law": Annotated[dict[str, int], Lengths(gen.Poisson(4))],
    "choice_by_law": Annotated[LETTER, gen.Zipf(1.1)],
    "choice_by_weight": Annotated[LETTER, Field(json_schema_extra={"weights": [1, 2, 3, 4]})],
    "boolean_by_weight": Annotated[bool, Field(json_schema_extra={"weights": [9, 1]})],
}


def laws(rows=10**6, seed=7):
    schema = Schema(seed=seed)
    schema.add(create_model("Laws", **{name: (annotation, ...) for name, annotation in LAWS.items()}), rows)
    return schema.table("Laws").source


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


def relations():
    """Tables that refer to each other in every way, of millions of rows: the shop, and what it has not."""

    class Node(BaseModel):
        id: Annotated[int, PrimaryKey()]
        following: Annotated[int | None, ForeignKey("Node.id"), Next()]
        before: Annotated[int, ForeignKey("Node.id"), Previous(closed=True)]
        under: Annotated[int | None, ForeignKey("Node.id"), Tree(roots=7)]

    class Leaf(BaseModel):
        node: Annotated[int, ForeignKey("Node.id"), Children(Poisson(3), none=0.25, order="scattered")]
        number: Annotated[int, Ordinal("node")]

    class Pair(BaseModel):
        one: Annotated[int, PrimaryKey(), ForeignKey("Node.id"), Zipf(0.8)]
        other: Annotated[int, PrimaryKey(), ForeignKey("Node.id"), HotSet(0.1, 0.5)]

    class Slot(BaseModel):
        room: Annotated[int, Field(ge=1, le=2000), Unique("slot")]
        day: Annotated[
            datetime.date, Field(ge=datetime.date(2020, 1, 1), le=datetime.date(2029, 12, 31)), Unique("slot")
        ]

    class Owner(BaseModel):
        id: Annotated[int, PrimaryKey()]

    class Plot(BaseModel):
        id: Annotated[int, PrimaryKey()]
        owner: Annotated[int, ForeignKey("Owner.id")]

    class Deal(BaseModel):
        seller: Annotated[int, ForeignKey("Owner.id")]
        plot: Annotated[int, ForeignKey("Plot.id", matching={"seller": "owner"})]

    class Swap(BaseModel):
        plot: Annotated[int, PrimaryKey(), ForeignKey("Plot.id", name="plot")]
        owner: Annotated[int, Copy("plot", "owner")]
        against: Annotated[int, PrimaryKey(), ForeignKey("Plot.id", name="against", matching="owner")]

    other, matching = Schema("links"), Schema("matching")
    for model, rows in ((Node, 10**7), (Leaf, None), (Pair, 10**7), (Slot, 10**6)):
        other.add(model, rows)
    for model, rows in ((Owner, 10**7), (Plot, 3 * 10**7), (Deal, 10**7), (Swap, 10**6)):
        matching.add(model, rows)
    for schema, largest in ((shop, 10**8), (other, None), (matching, None)):
        rows = scaled_rows(schema.spec, RowRequest(largest))
        for table, source in table_sources(schema.spec, rows, 7, TODAY).items():
            middle = rows[table] // 2
            yield f"{schema.name}: {table}", facts(source, range(middle, min(middle + 300, rows[table])))
        more = appended_rows(schema.spec, RowRequest(10**6), rows)
        first = Epoch(rows, 7, TODAY)
        for table, source in table_sources(schema.spec, more, epoch_seed(7, 2), TODAY, earlier=[first]).items():
            yield f"{schema.name}, appended: {table}", facts(source, range(min(300, more[table])))


def computed():
    found = {"stream_version": STREAM_VERSION}
    tables = {"Everything": 10**6, "Parent": 10**5}
    for table, source in table_sources(everything(*tables.values()).spec, tables, 7, TODAY).items():
        found[table] = facts(source, range(70_000, 73_000))
    found["Laws"] = facts(laws(), range(70_000, 73_000))
    for name, schema in key_schemas():
        found[f"{name} keys"] = facts(schema.table("Keyed").source, range(1000))
        found["keys of billions"] = facts(schema.table("Many").source, range(2 * 10**9, 2 * 10**9 + 1000))
    return found | dict(relations())


def test_values_are_what_they_were():
    frozen = json.loads(FILE.read_text("utf-8"))
    now = json.loads(json.dumps(computed()))
    assert now.keys() == frozen.keys()
    for table, columns in frozen.items():
        assert now[table] == columns, table


if __name__ == "__main__":
    FILE.write_text(json.dumps(computed(), indent=1, ensure_ascii=False) + "\n", "utf-8")
