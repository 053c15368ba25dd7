"""Proves that columns which cost too many values of other tables are held, with the same values, or refused by name."""

import pickle
from typing import Annotated

import numpy as np
import pytest
from pydantic import BaseModel

from gen import Children, Copy, Count, Derived, ForeignKey, PrimaryKey, Schema, Sum, SynthesizedBy, Synthesizer
from gen.counts import RowRequest
from gen.errors import CapacityError
from gen.sizes import scaled_rows
from gen.synth.described import described
from gen.synth.related import amplification
from gen.synth.related.amplification import Meter
from gen.synth.rows import RowView
from gen.synth.tables import table_sources
from gen.synth.trial import filtered_sources


class Rolled(Synthesizer):
    """Block-addressed: one value costs a block."""

    def draw(self, generator, n):
        return generator.integers(0, 1000, n)


class Customer(BaseModel):
    id: Annotated[int, PrimaryKey()]
    spent: Annotated[int, Sum("Order.total")]


class Order(BaseModel):
    id: Annotated[int, PrimaryKey()]
    customer_id: Annotated[int, ForeignKey("Customer.id"), Children((1, 3))]
    total: Annotated[int, Sum("Line.amount")]
    lines: Annotated[int, Count("Line")]


class Line(BaseModel):
    order_id: Annotated[int, ForeignKey("Order.id"), Children((90, 110))]
    amount: Annotated[int, Derived("rolled * 2")]
    rolled: Annotated[int, SynthesizedBy("Rolled")]
    of_order: Annotated[int, Copy("order_id", "total")]


class Review(BaseModel):
    order_id: Annotated[int, ForeignKey("Order.id")]
    total: Annotated[int, Copy("order_id", "total")]
    lines: Annotated[int, Copy("order_id", "lines")]
    share: Annotated[float, Derived("order_id.total / 2")]


class Serial(BaseModel):
    id: Annotated[int, PrimaryKey()]
    rolled: Annotated[int, SynthesizedBy("Rolled")]


class Reader(BaseModel):
    serial_id: Annotated[int, ForeignKey("Serial.id")]
    rolled: Annotated[int, Copy("serial_id", "rolled")]


class Owner(BaseModel):
    id: Annotated[int, PrimaryKey()]
    total: Annotated[int, Sum("Owned.rolled")]


class Owned(BaseModel):
    owner_id: Annotated[int, ForeignKey("Owner.id"), Children((1, 3), order="scattered")]
    rolled: Annotated[int, SynthesizedBy("Rolled")]


def made(**models):
    """The sources of some models with so many rows each; None: as many as follow from their parents."""
    schema = Schema("shop")
    for name, rows in models.items():
        schema.add(globals()[name], rows=rows) if rows else schema.add(globals()[name])
    known = scaled_rows(schema.spec, RowRequest())
    return filtered_sources(table_sources(schema.spec, known, 0), schema.checks, 0)


def shop(**models):
    return made(Customer=33_000, Order=None, Line=None, **models)


def test_a_sum_copied_through_a_random_reference_is_held_with_the_same_values(monkeypatch) -> None:
    tables = shop(Review=10_000)
    assert list(tables["Order"].held) == ["total"]  # the number of lines is not drawn
    assert tables["Review"].reads_held == {"total": ("Order.total",), "share": ("Order.total",)}
    rows = np.arange(0, 10_000, 37, dtype=np.uint64)
    for table in (tables["Review"], pickle.loads(pickle.dumps(tables["Review"]))):
        assert table.at(rows).slice(20, 50).equals(table.at(rows[20:70]))
    found = tables["Review"].at(rows)
    monkeypatch.setattr(amplification, "MOST_DRAWN", 1e12)
    plain = shop(Review=10_000)
    assert not plain["Order"].held and not plain["Review"].reads_held
    assert plain["Review"].at(rows[:40]).equals(found.slice(0, 40))
    said = {each["column"]: each["reason"] for each in described(tables["Review"])}
    assert said["total"].endswith("Order.total is materialised") and "materialised" not in said["lines"]
    assert "materialised" in {each["column"]: each["reason"] for each in described(tables["Order"])}["total"]


def test_what_stands_together_is_not_held() -> None:
    tables = shop()  # one sum for a hundred lines; a sum of sums, which asks for each line once
    assert not any(table.held or table.reads_held for table in tables.values())


def test_as_many_values_are_said_to_be_drawn_as_are(monkeypatch) -> None:
    monkeypatch.setattr(amplification, "MOST_DRAWN", 1e12)
    tables = shop(Review=10_000)
    meter = Meter({})
    tables["Review"].view(np.empty(0, np.uint64), meter).array("total")
    drawn = []
    array = RowView.array

    def counted(row, name):
        if name in row.columns and name not in row.made:
            drawn.append(len(row.rows))
        return array(row, name)

    monkeypatch.setattr(Rolled, "draw", lambda self, generator, n: np.zeros(n, np.int64))
    monkeypatch.setattr(amplification, "ADDRESS_BLOCK", 1)  # a value of `draw` for each, as rows are counted
    counted_meter = Meter({})
    tables["Review"].view(np.empty(0, np.uint64), counted_meter).array("total")
    monkeypatch.setattr(RowView, "array", counted)
    rows = np.arange(0, 10_000, 500, dtype=np.uint64)
    tables["Review"].at(rows, ["total"])
    assert counted_meter.drawn == pytest.approx(sum(drawn) / rows.size, rel=0.1)
    assert meter.drawn > 60_000 * 90  # a block of `draw` for each line, where they do not stand together


def test_a_column_drawn_in_blocks_is_held_where_it_is_asked_for_at_random() -> None:
    tables = made(Serial=200_000, Reader=100_000)
    assert list(tables["Serial"].held) == ["rolled"]
    whole = tables["Serial"].at(range(200_000))
    keys = dict(zip(whole["id"].to_pylist(), whole["rolled"].to_pylist(), strict=True))
    found = tables["Reader"].at(range(50_000, 50_500)).to_pylist()
    assert all(keys[row["serial_id"]] == row["rolled"] for row in found)


def test_a_column_drawn_in_blocks_is_held_where_it_is_summed_at_random() -> None:
    tables = made(Owner=70_000, Owned=None)
    assert list(tables["Owned"].held) == ["rolled"]
    owned = tables["Owned"].at(range(tables["Owned"].rows)).to_pydict()
    sums = dict.fromkeys(tables["Owner"].at(range(70_000))["id"].to_pylist(), 0)
    for owner, rolled in zip(owned["owner_id"], owned["rolled"], strict=True):
        sums[owner] += rolled
    assert tables["Owner"].at(range(70_000))["total"].to_pylist() == list(sums.values())


@pytest.mark.parametrize(("budget", "least"), [("HELD_ROWS", 199_999), ("HELD_BYTES", 8 * 200_000 - 1)])
def test_what_does_not_fit_the_budget_is_refused_by_name(monkeypatch, budget, least) -> None:
    monkeypatch.setattr(amplification, budget, least + 1)
    assert made(Serial=200_000, Reader=100_000)["Serial"].held
    monkeypatch.setattr(amplification, budget, least)
    with pytest.raises(CapacityError) as error:
        made(Serial=200_000, Reader=100_000)
    assert all(word in str(error.value) for word in ("Reader.rolled", "Serial.rolled", "65,536", "200,000"))
    assert "fewer rows of Serial" in error.value.hint


def test_columns_of_few_rows_are_drawn_whole_anyway() -> None:
    assert not made(Serial=50_000, Reader=100_000)["Serial"].held
