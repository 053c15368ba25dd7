"""Proves that decimals, large integers, UUIDs, times, durations and bytes are what is declared, and serve as keys."""

import base64
import datetime
import decimal
import enum
import json
import uuid
from decimal import Decimal
from typing import Annotated, Literal

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from pydantic import (
    UUID1,
    UUID3,
    UUID4,
    UUID5,
    UUID6,
    UUID7,
    UUID8,
    AwareDatetime,
    BaseModel,
    Field,
    TypeAdapter,
    create_model,
)
from scipy import stats

from columns import array, drawn, refusal, source
from gen import Beta, DependsOn, Empirical, Exponential, Mixture, Normal, Poisson, PrimaryKey, Schema, Sequence, Weights
from gen.errors import CapacityError, SchemaError
from gen.schema.links import Key
from gen.schema.spec import Column
from gen.synth.json_text import uuid_text
from gen.synth.synthesizer import synthesizer_of

ROWS = 2000
FALSE_ALARM = 1e-6  # of each statistical test, were its seed not fixed


def taken(annotation, rows=ROWS):
    """The values of a column, which Pydantic takes: its own judgement is the oracle."""
    table, adapter = source(rows, x=annotation), TypeAdapter(annotation)
    values = [row["x"] for row in table.python(table.at(range(rows)))]
    for value in values:
        adapter.validate_python(value)
    return values


# -- decimals ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "low", "high", "places"),
    [
        ({}, "0", "4294967295.00", 2),
        ({"max_digits": 1}, "0", "0.9", 1),
        ({"max_digits": 2}, "0", "0.99", 2),
        ({"max_digits": 5, "decimal_places": 2}, "0", "999.99", 2),
        ({"max_digits": 3, "decimal_places": 3}, "0", "0.999", 3),
        ({"max_digits": 3, "decimal_places": 5}, "0", "0.999", 3),
        ({"max_digits": 3, "decimal_places": 0}, "0", "999", 0),
        ({"decimal_places": 0}, "0", "4294967295", 0),
        ({"decimal_places": 8}, "0", "4294967295", 8),
        ({"max_digits": 38, "decimal_places": 2}, "0", "4294967295", 2),
        ({"ge": Decimal("-1.25"), "le": Decimal("1.25"), "decimal_places": 2}, "-1.25", "1.25", 2),
        ({"gt": 0, "lt": Decimal("0.1"), "decimal_places": 1}, None, None, None),
        ({"gt": 0, "lt": Decimal("0.3"), "decimal_places": 1}, "0.1", "0.2", 1),
        ({"ge": 0, "le": 1, "multiple_of": Decimal("0.25")}, "0", "1", None),
        ({"ge": Decimal("1E+3"), "le": Decimal("2E+3")}, "1000", "2000", 2),
        ({"le": -5}, "-4294967300", "-5", 2),
        ({"ge": Decimal(10) ** 20, "le": Decimal(10) ** 30}, "1e20", "1e30", 2),
        ({"ge": -(Decimal(10) ** 37), "le": Decimal(10) ** 37, "decimal_places": 0}, "-1e37", "1e37", 0),
        ({"ge": 0, "le": Decimal("0.001")}, "0", "0.001", None),
    ],
    ids=str,
)
def test_decimals_are_in_their_bounds_and_digits(facts, low, high, places):
    annotation = Annotated[Decimal, Field(**facts)]
    if low is None:
        refusal(annotation)
        return
    values = taken(annotation)
    assert Decimal(low) <= min(values) and max(values) <= Decimal(high)
    assert max(values) - min(values) > (Decimal(high) - Decimal(low)) * Decimal("0.3")
    if places is not None:
        assert {-value.as_tuple().exponent for value in values} == {places}


@pytest.mark.parametrize(
    "facts",
    [
        {"ge": 2, "le": 1},
        {"gt": 1, "lt": 1},
        {"ge": 100, "max_digits": 2},
        {"ge": Decimal(10) ** 37, "decimal_places": 4},
        {"multiple_of": Decimal("0.001"), "decimal_places": 2},
        {"ge": Decimal("NaN")},
        {"le": Decimal("Infinity")},
        {"ge": Decimal("0.11"), "le": Decimal("0.19"), "decimal_places": 1},
    ],
    ids=str,
)
def test_decimals_that_cannot_be_are_refused(facts):
    refusal(Annotated[Decimal, Field(**facts)])


def test_decimals_of_many_digits_are_spread_evenly():
    """128-bit arithmetic against Python's: sixteen equal ranges of 0 to 10^37 are equally full."""
    values = taken(Annotated[Decimal, Field(ge=-(10**36), le=10**37, decimal_places=0)], 20_000)
    tops = np.bincount([int((value + 10**36) * 16 // (11 * 10**36 + 1)) for value in values], minlength=16)
    assert stats.chisquare(tops).pvalue > FALSE_ALARM
    assert len(set(values)) == len(values)


def test_an_enum_of_decimals_of_different_places_is_exact():
    kind = enum.Enum("Rate", {"A": Decimal("0.5"), "B": Decimal("10.25"), "C": Decimal("-3")})
    assert set(taken(kind)) == {Decimal("0.5"), Decimal("10.25"), Decimal("-3")}


def test_a_law_of_decimals_is_in_their_unit():
    values = [float(v) for v in taken(Annotated[Decimal, Field(ge=0, le=100), Normal(50, 5)], 20_000)]
    assert stats.kstest(values, stats.norm(50, 5).cdf).pvalue > FALSE_ALARM


# -- large integers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "low", "high"),
    [
        ({"ge": 2**63, "le": 2**63 + 1}, 2**63, 2**63 + 1),
        ({"ge": -(2**70), "le": 2**70}, -(2**70), 2**70),
        ({"ge": 10**30, "le": 10**30 + 5}, 10**30, 10**30 + 5),
        ({"ge": 0, "le": 2**64 - 1}, 0, 2**64 - 1),
        ({"ge": 0, "le": 2**100, "multiple_of": 2**90}, 0, 2**100),
    ],
    ids=str,
)
def test_integers_beyond_64_bits_are_ints_in_their_bounds(facts, low, high):
    values = taken(Annotated[int, Field(**facts)])
    assert {type(value) for value in values} == {int}
    assert low <= min(values) and max(values) <= high
    assert max(values) - min(values) > (high - low) * 0.9


LARGE = Field(ge=-(10**24), le=10**24)
BEYOND = {
    "normal": (Annotated[int, LARGE], Normal(2 * 10**23, 10**23), stats.truncnorm(-12, 8, 2e23, 1e23)),
    "normal at an end": (Annotated[int, LARGE], Normal(10**24, 10**23), stats.truncnorm(-20, 0, 1e24, 1e23)),
    "exponential": (Annotated[int, Field(ge=0, le=2**110)], Exponential(10**24), stats.expon(scale=1e24)),
    "beta": (Annotated[int, Field(ge=2**63, le=2**64)], Beta(2, 3), stats.beta(2, 3, 2.0**63, 2.0**63)),
    "decimals": (
        Annotated[Decimal, Field(ge=-(10**24), le=10**24, decimal_places=6)],
        Normal(0, 10**23),
        stats.norm(0, 1e23),
    ),
}


@pytest.mark.parametrize("name", BEYOND)
def test_laws_beyond_64_bits_are_those_of_scipy_and_inside_their_bounds(name):
    kind, law, expected = BEYOND[name]
    values = taken(Annotated[kind, law], 20_000)
    low, high = (
        next(getattr(m, end) for m in kind.__metadata__[0].metadata if hasattr(m, end)) for end in ("ge", "le")
    )
    assert low <= min(values) and max(values) <= high
    assert stats.kstest([float(value) for value in values], expected.cdf).pvalue > FALSE_ALARM


def test_a_law_beyond_64_bits_keeps_to_the_multiples():
    step, kind = 2**90, Annotated[int, Field(ge=-(2**100), le=2**100, multiple_of=2**90), Normal(0, 2**98)]
    values = np.array([value // step for value in taken(kind, 20_000) if not value % step])
    assert len(values) == 20_000
    counts = np.bincount(values + 1024, minlength=2049)[1024 - 600 : 1024 + 601]
    expected = np.diff(stats.truncnorm(-1024.5 / 256, 1024.5 / 256, 0, 256).cdf(np.arange(-600.5, 601)))
    assert stats.chisquare(counts, expected / expected.sum() * counts.sum()).pvalue > FALSE_ALARM


@pytest.mark.parametrize(
    ("law", "said"),
    [
        (Normal(3, 1), "too narrow: between these bounds, values are drawn"),
        (Empirical([1, 2, 3]), "too narrow"),
        (Mixture([(1, Normal(0, 10**23)), (1, Normal(0, 1))]), "too narrow"),
        (Poisson(3), "none for values of more than 64 bits"),
        (Sequence(), "none for values of more than 64 bits"),
        (Mixture([(1, Poisson(3))]), "'poisson' is no part of it"),
    ],
)
def test_a_law_that_cannot_be_drawn_beyond_64_bits_is_refused(law, said):
    with pytest.raises(SchemaError, match=f"Thing.x: the distribution '[a-z]+': .*{said}"):
        source(x=Annotated[int, LARGE, law])


# -- UUIDs ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "version"),
    list(zip((UUID1, UUID3, UUID4, UUID5, UUID6, UUID7, UUID8, uuid.UUID), (1, 3, 4, 5, 6, 7, 8, 4), strict=True)),
    ids=str,
)
def test_uuids_have_their_version_and_variant_and_differ(kind, version):
    for annotation in (kind, Annotated[kind, PrimaryKey()]):
        values = taken(annotation)
        assert {(value.version, value.variant) for value in values} == {(version, uuid.RFC_4122)}
        assert len(set(values)) == ROWS
        if version in (6, 7):
            assert values == sorted(values)


def test_uuids_of_version_1_and_7_hold_a_millisecond_more_in_each_row():
    start = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC).timestamp() * 1000
    assert [value.int >> 80 for value in taken(UUID7, 50)] == [start + i for i in range(50)]
    ticks = [value.time for value in taken(UUID1, 50)]  # of 100 ns since 1582-10-15
    assert [(tick - 0x01B21DD213814000) / 10_000 for tick in ticks] == [start + i for i in range(50)]


def test_random_bits_of_uuids_are_even():
    bits = np.array([[int(bit) for bit in f"{value.int:0128b}"] for value in taken(UUID4, 4000)])
    free = [i for i in range(128) if not 48 <= i < 52 and not 64 <= i < 66]
    z = (bits[:, free].mean(0) - 0.5) / (0.25 / 4000) ** 0.5
    assert abs(z).max() < 6


def test_uuids_as_text_are_those_of_the_standard_library():
    """Whole, sliced, with nulls, of no rows, and over memory that is not aligned."""
    held = np.random.default_rng(0).bytes(16 * 1000 + 3)
    for start in (0, 3):
        array = pa.Array.from_buffers(pa.binary(16), 1000, [None, pa.py_buffer(held).slice(start)])
        expected = [str(uuid.UUID(bytes=value)) for value in array.to_pylist()]
        assert uuid_text(array).to_pylist() == expected
        assert uuid_text(array[7:90]).to_pylist() == expected[7:90]
        assert uuid_text(array[:0]).to_pylist() == []
    some = pa.array([held[:16], None, held[16:32]], pa.binary(16))
    assert uuid_text(some[1:]).to_pylist() == [None, str(uuid.UUID(bytes=held[16:32]))]


def test_a_uuid_key_is_found_again_and_others_are_not():
    for stored in (None, "text"):
        column = Column("x", "uuid", key=Key(), stored=stored)
        key = synthesizer_of(column, "T", ROWS, 0)
        assert key.row_of(key.at(range(ROWS))).tolist() == list(range(ROWS))
        others = synthesizer_of(column, "T", ROWS, 1).at(range(50))
        assert set(key.row_of(others).tolist()) == {-1}
        beyond = key.at(array([ROWS, ROWS + 1]))
        assert key.row_of(beyond).tolist() == [-1, -1]
        assert key.row_of(pa.array([None], key.arrow_type)).tolist() == [-1]


# -- times, durations, bytes ---------------------------------------------------------------------------------

NOON, ONE = datetime.time(12), datetime.time(13)
HOUR = datetime.timedelta(hours=1)


@pytest.mark.parametrize(
    ("annotation", "low", "high"),
    [
        (datetime.time, datetime.time(0), datetime.time.max),
        (Annotated[datetime.time, Field(ge=NOON, lt=ONE)], NOON, datetime.time(12, 59, 59, 999999)),
        (Annotated[datetime.time, Field(gt=datetime.time.max.replace(microsecond=999997))], None, None),
        (datetime.timedelta, datetime.timedelta(0), datetime.timedelta(days=30)),
        (Annotated[datetime.timedelta, Field(ge=-HOUR, le=HOUR)], -HOUR, HOUR),
        (Annotated[datetime.timedelta, Field(gt=HOUR)], HOUR, datetime.timedelta(days=30)),
    ],
    ids=str,
)
def test_times_and_durations_are_in_their_bounds(annotation, low, high):
    values = taken(annotation)
    if low is None:
        assert {value.microsecond for value in values} == {999998, 999999}
        return
    assert low <= min(values) and max(values) <= high
    assert len(set(values)) > ROWS * 0.9


@pytest.mark.parametrize(
    "annotation",
    [
        Annotated[datetime.time, Field(ge=ONE, le=NOON)],
        Annotated[datetime.time, Field(gt=datetime.time.max)],
        Annotated[datetime.timedelta, Field(ge=HOUR, lt=HOUR)],
    ],
    ids=str,
)
def test_times_that_cannot_be_are_refused(annotation):
    refusal(annotation)


def test_instants_have_a_zone_and_their_json_says_so():
    table = source(100, x=AwareDatetime)
    batch = table.at(range(100))
    assert batch.schema.field("x").type == pa.timestamp("us", "UTC")
    assert all(value.tzinfo is not None for value in batch.column("x").to_pylist())
    assert all(text.endswith('Z"}') for text in table.json(batch).to_pylist())


@pytest.mark.parametrize(("facts", "lengths"), [({}, range(1, 33)), ({"min_length": 3, "max_length": 4}, (3, 4))])
def test_bytes_are_bytes_of_the_declared_lengths(facts, lengths):
    values = taken(Annotated[bytes, Field(**facts)])
    assert {type(value) for value in values} == {bytes}
    assert {len(value) for value in values} <= set(lengths)
    assert len({byte for value in values for byte in value}) > 90


# -- as keys -----------------------------------------------------------------------------------------------


class Step(enum.Enum):
    A = Decimal("0.5")
    B = Decimal("0.25")
    C = Decimal("3")


SMALL = {
    "decimal": (Annotated[Decimal, Field(ge=-1, le=1, decimal_places=1)], 21),
    "decimal of large numbers": (Annotated[Decimal, Field(ge=10**30, le=10**30 + 40, decimal_places=0)], 41),
    "large int": (Annotated[int, Field(ge=2**64, le=2**64 + 16)], 17),
    "large int of steps": (Annotated[int, Field(ge=0, le=2**70, multiple_of=2**66)], 17),
    "time": (Annotated[datetime.time, Field(ge=NOON, le=NOON.replace(microsecond=30))], 31),
    "duration": (Annotated[datetime.timedelta, Field(ge=-HOUR, le=datetime.timedelta(microseconds=5) - HOUR)], 6),
    "literal": (Literal["a", "b", "c"], 3),
    "bool": (bool, 2),
    "enum of decimals": (Step, 3),
    "date": (Annotated[datetime.date, Field(ge=datetime.date(2024, 2, 1), lt=datetime.date(2024, 3, 1))], 29),
    "text": (Annotated[str, Field(pattern="^[ab]{3}$")], 8),
    "tuple": (tuple[bool, Literal["a", "b", "c"], Annotated[int, Field(ge=1, le=4)]], 24),
    "tuple of tuples": (tuple[tuple[bool, bool], bool], 8),
}


@pytest.mark.parametrize("name", SMALL)
def test_every_value_of_a_small_domain_is_there_once_and_found_again(name):
    annotation, count = SMALL[name]
    table = source(count, x=Annotated[annotation, PrimaryKey()])
    values = table.at(range(count)).column("x")
    assert len({repr(value) for value in values.to_pylist()}) == count
    for value in (row["x"] for row in table.python(table.at(range(count)))):
        TypeAdapter(annotation).validate_python(value)
    key = table.columns["x"]
    assert key.row_of(values).tolist() == list(range(count))
    picked = array([count - 1, 0])
    assert key.row_of(key.at(picked)).tolist() == picked.tolist()
    with pytest.raises(CapacityError, match=r"Thing\.x"):
        source(count + 1, x=Annotated[annotation, PrimaryKey()])


def test_an_optional_key_is_never_null():
    for kind in (int | None, str | None, uuid.UUID | None):
        values = source(ROWS, x=Annotated[kind, PrimaryKey()]).at(range(ROWS)).column("x")
        assert values.null_count == 0
        assert len(values.unique()) == ROWS
    refusal(Annotated[int | None, PrimaryKey(), Field(json_schema_extra={"nulls": 0.1})])


def test_decimal_context_of_the_user_does_not_matter():
    expected = taken(Annotated[Decimal, Field(ge=0, le=10**30)], 100)
    with decimal.localcontext(prec=3):
        assert taken(Annotated[Decimal, Field(ge=0, le=10**30)], 100) == expected


# -- listed values of every type -------------------------------------------------------------------------------

FIRST, SECOND, THIRD = (uuid.UUID(int=i) for i in (1, 2, 2**127))
Owner = enum.Enum("Owner", {"A": FIRST, "B": SECOND, "C": THIRD})
Rate = enum.Enum("Rate", {"LOW": Decimal("0.5"), "HIGH": Decimal("10.25")})
Day = enum.Enum("Day", {"OLD": datetime.date(1999, 1, 1), "NEW": datetime.date(2026, 1, 1)})
Pair = enum.Enum("Pair", {"A": (1, "a"), "B": (2, "b")})
Code = Literal[b"a", b"\xff"]


class Held(BaseModel, frozen=True):
    owner: Owner
    code: Code


class ByA(BaseModel):
    code: Literal[b"a"]
    size: int


class ByB(BaseModel):
    code: Literal[b"b"]
    name: str


# a field, and what there has to be in it, of which all that there is must be
LISTED = {
    "UUIDs": (Owner, set(Owner)),
    "bytes": (Code, {b"a", b"\xff"}),
    "decimals": (Rate, set(Rate)),
    "dates": (Day, set(Day)),
    "tuples": (Pair, set(Pair)),
    "members": (Literal[Owner.A, Owner.B], {Owner.A, Owner.B}),
    "optional": (Owner | None, {None, *Owner}),
    "with None": (Literal[b"a", None], {b"a", None}),
    "by weight": (Annotated[Owner, Weights({str(FIRST): 3, str(THIRD): 1})], {Owner.A, Owner.C}),
    "inside": (Held, {Held(owner=owner, code=code) for owner in Owner for code in (b"a", b"\xff")}),
    "in a tuple": (tuple[Rate, Code], {(rate, code) for rate in Rate for code in (b"a", b"\xff")}),
    "in a set": (
        Annotated[frozenset[Owner], Field(min_length=2)],
        {frozenset({*Owner}), *(frozenset({*Owner} - {one}) for one in Owner)},
    ),
}


def instances(annotation, rows=300):
    schema = Schema()
    schema.add(create_model("Thing", x=(annotation, ...)), rows)
    return [row.x for row in schema.rows("Thing")]


@pytest.mark.parametrize("name", LISTED)
def test_listed_values_of_every_type_are_the_model_s(name):
    annotation, expected = LISTED[name]
    assert set(instances(annotation)) == expected


def test_listed_values_that_no_json_is_are_drawn_in_unions_and_dicts():
    assert {type(x) for x in instances(Owner | str)} == {Owner, str}
    assert {type(x) for x in instances(Code | int)} == {bytes, int}
    assert {type(x) for x in instances(Literal[Rate.LOW] | Day | int)} == {Rate, Day, int}
    assert {type(x) for x in instances(ByA | ByB)} == {ByA, ByB}
    assert drawn(ByA | ByB).type == pa.struct([("code", pa.binary()), ("size", pa.int64()), ("name", pa.string())])
    assert {key for x in instances(dict[Owner, Code]) for key in x} == {*Owner}
    assert {key for x in instances(dict[Code, Held]) for key in x} == {b"a", b"\xff"}


def test_uuids_of_an_enum_are_stored_as_uuids_are_and_serve_as_keys():
    keys = source(3, x=Annotated[Owner, PrimaryKey()]).columns["x"]
    values = keys.at(range(3))
    assert values.type == pa.binary(16)
    assert {uuid.UUID(bytes=value) for value in values.to_pylist()} == {FIRST, SECOND, THIRD}
    assert keys.row_of(values).tolist() == [0, 1, 2]
    assert keys.row_of(pa.array([uuid.UUID(int=3).bytes], pa.binary(16))).tolist() == [-1]
    table = source(200, x=Owner, y=Annotated[Owner, DependsOn("x", {FIRST: SECOND, SECOND: THIRD, THIRD: FIRST})])
    followers = {FIRST: SECOND, SECOND: THIRD, THIRD: FIRST}
    assert all(row["y"] == followers[row["x"]] for row in table.python(table.at(range(200))))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([1, FIRST], "of type UUID, int; .* JSON has no UUID"),
        ([(1, datetime.date(2026, 1, 1))], "of type tuple; .* JSON has no date"),
        ([{"a": [Decimal(1)]}, "b"], "of type dict, str; .* JSON has no Decimal"),
        ([frozenset({1})], "of type frozenset; .* JSON has no frozenset"),
        ([b"a", "a"], "of type bytes, str; .* JSON has no bytes"),
    ],
)
def test_listed_values_that_have_no_column_type_are_refused_by_name(values, said):
    with pytest.raises(SchemaError, match=f"Thing.x: the values to choose from are {said}"):
        source(x=enum.Enum("Odd", {f"M{i}": value for i, value in enumerate(values)}))


MODELS = """
import enum, uuid
from typing import Annotated, Literal
from pydantic import BaseModel
from gen import ForeignKey, Noise, PrimaryKey, Schema, Weights

class Owner(enum.Enum):
    A = uuid.UUID(int=1)
    B = uuid.UUID(int=2)

class Kind(BaseModel):
    id: Annotated[Owner, PrimaryKey()]

class Thing(BaseModel):
    kind: Annotated[Owner, ForeignKey("Kind.id")]
    owners: list[Owner]
    code: Literal[b"a", b"b"]
    weighted: Annotated[Owner, Weights([3, 1])] | None
    dirty: Annotated[Owner, Noise(wrong_type=0.1, null=0.1)]

schema = Schema("listed")
schema.add(Kind, rows=2, fixed=True)
schema.add(Thing, rows=300)
"""


def test_listed_uuids_and_bytes_are_written_told_verified_and_read_back(forks, tmp_path):
    (tmp_path / "models.py").write_text(MODELS, encoding="utf-8")
    assert forks("--schema", "models.py", "--part", "1/1", "--out", "data", cwd=tmp_path).code == 0
    assert forks("verify", "data", cwd=tmp_path).code == 0
    told = json.loads(forks("row", "Thing", 5, "--schema", "models.py", cwd=tmp_path).out)
    written = parquet.read_table(tmp_path / "data" / "Thing").to_pylist()[5]
    assert told["kind"] == str(uuid.UUID(bytes=written["kind"]))
    assert base64.b64decode(told["code"]) == written["code"]
    (tmp_path / "schema.json").write_text(forks("schema", "models.py", cwd=tmp_path).out, encoding="utf-8")
    assert forks("--schema", "schema.json", "--part", "1/1", "--out", "again", cwd=tmp_path).code == 0
    for name in ("Kind", "Thing"):
        tables = [parquet.read_table(tmp_path / folder / name) for folder in ("data", "again")]
        assert tables[0].equals(tables[1])
