"""Row counts are read and scaled as asked; partitions and shares hold every row once; a fingerprint is a request."""

from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from gen import BadRequest, PrimaryKey, Schema
from gen.counts import RowRequest, parse_count, parse_rows
from gen.plan import Plan, parse_part, share_of
from gen.preparing import Request, prepare
from gen.schema.spec import Column, Spec, Table
from gen.sinks.files.parquet import ParquetLayout
from gen.sizes import scaled_rows

COLUMN = (Column("id", "integer"),)
DAY = datetime.date(2026, 1, 1)


def spec_of(**rows: int) -> Spec:
    return Spec("company", tuple(Table(name, COLUMN, count) for name, count in rows.items()))


def plan_of(rows: int, step: int) -> Plan:
    return Plan(
        spec=spec_of(Employee=rows),
        rows={"Employee": rows},
        seed=0,
        as_of=DAY,
        partition_rows={"Employee": step},
        layout={"format": "parquet"},
    )


# -- how many rows ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("0", 0),
        ("1000", 1000),
        ("1e9", 10**9),
        ("1E9", 10**9),
        ("2.5e6", 2_500_000),
        ("1_000_000", 10**6),
        ("10M", 10**7),
        ("10m", 10**7),
        ("1.5k", 1500),
        ("3B", 3 * 10**9),
        ("2T", 2 * 10**12),
        ("+5", 5),
        (" 7 ", 7),
        ("9007199254740992", 2**53),
    ],
)
def test_a_count_is_read_as_people_write_it(text: str, count: int) -> None:
    assert parse_count(text) == count


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("-1", "negative"),
        ("-5e3", "negative"),
        ("1.5", "fraction"),
        ("1e-3", "fraction"),
        ("2.0000000000000000000000000000000001", "fraction"),
        ("abc", "not a number"),
        ("", "not a number"),
        ("1e", "not a number"),
        ("e9", "not a number"),
        ("_", "not a number"),
        ("1.2.3", "not a number"),
        ("10X", "not a number"),
        ("1 000", "not a number"),
        ("nan", "not a number"),
        ("inf", "not a number"),
        ("0x10", "not a number"),
        ("9007199254740993", "more than"),
        ("1e400", "more than"),
        ("1e999999G", "more than"),
        ("1e99999999999999999999", "not a number|more than"),
    ],
)
def test_what_is_no_count_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(BadRequest, match=reason) as caught:
        parse_count(text, "--rows Employee")
    assert "--rows Employee" in str(caught.value)
    assert repr(text) in str(caught.value)
    assert caught.value.hint


@given(st.integers(0, 2**53))
def test_every_whole_number_is_read_exactly(count: int) -> None:
    assert parse_count(str(count)) == parse_count(f"{count:_}") == parse_count(f"{count}.0") == count


def test_rows_are_a_count_for_the_largest_table_and_pins() -> None:
    assert parse_rows([]) == RowRequest()
    assert parse_rows(["1e6"]) == RowRequest(10**6)
    assert parse_rows(["1e6", "Manager=5", "Site=0"]) == RowRequest(10**6, None, {"Manager": 5, "Site": 0})
    assert parse_rows(["Manager=5"], 2.5) == RowRequest(None, 2.5, {"Manager": 5})


@pytest.mark.parametrize(
    ("texts", "factor", "word"),
    [
        (["10", "20"], None, "twice"),
        (["10"], 2.0, "both"),
        (["0"], None, "nothing"),
        (["Manager=x"], None, "Manager"),
        (["Manager=-1"], None, "Manager"),
        ([], 0.0, "--scale"),
        ([], -1.0, "--scale"),
        ([], float("nan"), "--scale"),
        ([], float("inf"), "--scale"),
    ],
)
def test_contradictory_row_requests_are_refused(texts: list[str], factor: float | None, word: str) -> None:
    with pytest.raises(BadRequest, match=word):
        parse_rows(texts, factor)


counts = st.lists(st.integers(1, 10**12), min_size=1, max_size=5)


@given(counts, st.integers(1, 2**53))
def test_scaling_gives_the_largest_table_its_rows_and_rounds_the_others(declared: list[int], largest: int) -> None:
    spec = spec_of(**{f"T{i}": count for i, count in enumerate(declared)})
    rows = list(scaled_rows(spec, RowRequest(largest)).values())
    assert max(rows) == largest
    for count, scaled in zip(declared, rows, strict=True):
        off = abs(2 * scaled * max(declared) - 2 * count * largest)
        assert scaled >= 1
        assert off <= max(declared) or scaled == 1


@given(counts, st.floats(1e-6, 1e3))
def test_a_factor_multiplies_every_table(declared: list[int], factor: float) -> None:
    spec = spec_of(**{f"T{i}": count for i, count in enumerate(declared)})
    for count, scaled in zip(declared, scaled_rows(spec, RowRequest(factor=factor)).values(), strict=True):
        assert scaled == max(1, scaled)
        assert abs(scaled - count * factor) <= 0.5 or scaled == 1


def test_without_a_request_tables_have_their_declared_rows() -> None:
    assert scaled_rows(spec_of(A=10, B=3, C=0), RowRequest()) == {"A": 10, "B": 3, "C": 0}


def test_fixed_tables_and_pins_stay_when_the_others_are_scaled() -> None:
    tables = (Table("Country", COLUMN, 250, fixed=True), Table("Person", COLUMN, 100), Table("Pet", COLUMN, 30))
    spec = Spec("world", tables)
    assert scaled_rows(spec, RowRequest(1000)) == {"Country": 250, "Person": 1000, "Pet": 300}
    assert scaled_rows(spec, RowRequest(factor=0.1)) == {"Country": 250, "Person": 10, "Pet": 3}
    assert scaled_rows(spec, RowRequest(1000, pinned={"Pet": 7})) == {"Country": 250, "Person": 1000, "Pet": 7}
    assert scaled_rows(spec, RowRequest(pinned={"Country": 3, "Pet": 0})) == {"Country": 3, "Person": 100, "Pet": 0}


def test_a_pin_of_an_unknown_table_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(BadRequest, match=r"Employe.*Employee"):
        scaled_rows(spec_of(Employee=1), RowRequest(pinned={"Employe": 5}))


def test_a_table_that_is_declared_empty_stays_so_and_of_such_alone_no_rows_are_asked() -> None:
    assert scaled_rows(spec_of(A=10, B=0), RowRequest(1000)) == {"A": 1000, "B": 0}
    assert scaled_rows(spec_of(A=10, B=0), RowRequest(factor=3)) == {"A": 30, "B": 0}
    with pytest.raises(BadRequest, match="every table is declared empty"):
        scaled_rows(spec_of(A=0, B=0), RowRequest(1000))


def test_no_table_is_scaled_below_one_row() -> None:
    assert scaled_rows(spec_of(A=10_000, B=1), RowRequest(10)) == {"A": 10, "B": 1}
    assert scaled_rows(spec_of(A=10_000, B=1), RowRequest(factor=1e-9)) == {"A": 1, "B": 1}


# -- partitions and shares --------------------------------------------------------------------------------


@given(st.integers(1, 5000), st.integers(1, 6000))
def test_partitions_hold_every_row_once_and_part_k_begins_at_k_times_n(rows: int, step: int) -> None:
    partitions = list(plan_of(rows, step).partitions())
    assert [row for p in partitions for row in range(p.start, p.stop)] == list(range(rows))
    assert [(p.index, p.start) for p in partitions] == [(k, k * step) for k in range(len(partitions))]
    assert all(p.rows == step for p in partitions[:-1])


def test_a_table_without_rows_has_one_empty_partition() -> None:
    (only,) = plan_of(0, 10).partitions()
    assert (only.index, only.start, only.stop) == (0, 0, 0)


def test_partitions_of_some_tables_are_those_of_the_whole() -> None:
    both = {"A": 25, "B": 5}
    plan = replace(plan_of(1, 1), spec=spec_of(**both), rows=both, partition_rows={"A": 10, "B": 10})
    assert [(p.table, p.index) for p in plan.partitions()] == [("A", 0), ("A", 1), ("A", 2), ("B", 0)]
    assert list(plan.partitions(["B"])) == list(plan.partitions())[3:]


@given(st.integers(1, 300), st.integers(1, 40))
def test_shares_hold_every_partition_once(rows: int, count: int) -> None:
    partitions = list(plan_of(rows, 3).partitions())
    shares = [share_of(partitions, (index, count)) for index in range(1, count + 1)]
    assert sorted(p for share in shares for p in share) == partitions
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
    assert share_of(partitions, None) == partitions


def test_a_share_is_written_i_of_n() -> None:
    assert parse_part("1/1") == (1, 1)
    assert parse_part("3/12") == (3, 12)


@pytest.mark.parametrize("text", ["0/4", "5/4", "1/0", "1", "1/4/2", "-1/4", "a/b", "", "1/ 4", "1.5/4"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(BadRequest, match="--part"):
        parse_part(text)


# -- the fingerprint --------------------------------------------------------------------------------------


class Employee(BaseModel):
    id: Annotated[int, PrimaryKey()]
    velocity: Annotated[float, Field(ge=2, le=21)]


class Site(BaseModel):
    id: Annotated[int, PrimaryKey()]


def company(*others: type[BaseModel]) -> Schema:
    schema = Schema("company")
    for model in (Employee, *others):
        schema.add(model, rows=100)
    return schema


def fingerprint(schema: Schema | None = None, **options: Any) -> str:
    return prepare(Request(**({"schema": schema or company(), "as_of": DAY} | options))).plan.fingerprint


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"rows": RowRequest(101)},
        {"as_of": datetime.date(2026, 1, 2)},
        {"partition_rows": 7},
        {"layout": ParquetLayout("zstd")},
        {"layout": ParquetLayout(encoding="fast")},
        {"layout": ParquetLayout(row_group_bytes=10**6)},
        {"schema": company(Site)},
    ],
    ids=lambda change: f"{next(iter(change))}",
)
def test_the_fingerprint_changes_with_what_decides_the_files(change: dict[str, Any]) -> None:
    assert fingerprint(**change) != fingerprint()


def test_the_fingerprint_changes_with_any_fact_of_a_column() -> None:
    seen = {fingerprint()}
    normal = Field(ge=2, le=21, json_schema_extra={"distribution": "normal"})
    for field in (Field(ge=2, le=22), Field(gt=2, le=21), normal):

        class Employee(BaseModel):
            id: Annotated[int, PrimaryKey()]
            velocity: Annotated[float, field]

        schema = Schema("company")
        schema.add(Employee, rows=100)
        seen.add(fingerprint(schema))
    assert len(seen) == 4


@pytest.mark.parametrize(
    "choice",
    [
        {"workers": 2},
        {"part": (1, 3)},
        {"tables": ("Employee",)},
        {"out": "elsewhere"},
        {"overwrite": True},
        {"schema": company()},
        {"rows": RowRequest(100)},
        {"rows": RowRequest(pinned={"Employee": 100})},
    ],
    ids=str,
)
def test_the_fingerprint_does_not_change_with_how_or_where_the_work_is_done(choice: dict[str, Any]) -> None:
    assert fingerprint(**choice) == fingerprint()


def test_code_and_probe_are_checked_apart_from_the_fingerprint() -> None:
    plan = plan_of(10, 3)
    assert replace(plan, code={"Employee.id": "x"}, probe={"Employee": {"id": "y"}}).fingerprint == plan.fingerprint


def test_preparing_a_run_writes_nothing(tmp_path: Path) -> None:
    prepare(Request(schema=company(), out=str(tmp_path / "data")))
    assert not list(tmp_path.iterdir())


def test_a_schema_says_from_which_day_its_dates_are_seen_and_a_request_says_otherwise() -> None:
    class Hired(BaseModel):
        day: Annotated[datetime.date, Field(ge=datetime.date(2025, 12, 1))]

    schema = Schema("company", as_of=DAY)
    schema.add(Hired, rows=2000)
    days = [row.day for row in schema.rows(Hired)]
    assert (min(days), max(days)) == (datetime.date(2025, 12, 1), DAY)  # each of 32 days is missed once in 10^26
    assert prepare(Request(schema=schema)).plan.as_of == DAY
    other = datetime.date(2026, 6, 1)
    assert prepare(Request(schema=schema, as_of=other)).plan.as_of == other
