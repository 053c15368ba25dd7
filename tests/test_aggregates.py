"""Proves that values of rows that stand parent by parent come to one each as Python's own functions say."""

import decimal
import itertools

import numpy as np
import pyarrow as pa
import pytest

from gen.synth.related.aggregates import _AGGREGATES

COUNTS = np.random.default_rng(1).poisson(2, 3000).astype(np.int64)
NUMBERS = np.random.default_rng(0).integers(-9, 10, int(COUNTS.sum()))
SPARSE = np.random.default_rng(2).random(NUMBERS.size) < 0.3


def decimals(digits: int) -> pa.Array:
    """The numbers, scaled to so many digits."""
    values = [
        None if none else decimal.Decimal(int(n)).scaleb(digits - 4) for n, none in zip(NUMBERS, SPARSE, strict=True)
    ]
    return pa.array(values, pa.decimal128(digits, 2))


VALUES = {
    "int64": pa.array(NUMBERS * 10**18, pa.int64(), mask=SPARSE),
    "int8": pa.array(NUMBERS.astype(np.int8), mask=SPARSE),
    "uint64": pa.array((NUMBERS + 9).astype(np.uint64) * np.uint64(10**18), mask=SPARSE),
    "float64": pa.array(np.where(NUMBERS == 0, -0.0, NUMBERS * 1e300), mask=SPARSE),
    "float32": pa.array((NUMBERS / 4).astype(np.float32), mask=SPARSE),
    "decimal, 18 digits": decimals(18),
    "decimal, 38 digits": decimals(38),
    "timestamp": pa.array(NUMBERS, pa.timestamp("us"), mask=SPARSE),
    "date": pa.array(NUMBERS.astype(np.int32), pa.date32(), mask=SPARSE),
    "time": pa.array(NUMBERS + 9, pa.time64("us"), mask=SPARSE),
    "duration": pa.array(NUMBERS, pa.duration("us"), mask=SPARSE),
    "text": pa.array([f"{n:+d}" for n in NUMBERS], mask=SPARSE),
}


def by_parent(values: list) -> list[list]:
    """The values of each parent that are there."""
    rest = iter(values)
    return [[v for v in itertools.islice(rest, n) if v is not None] for n in COUNTS.tolist()]


@pytest.mark.parametrize("kind", VALUES)
def test_the_least_and_the_greatest_are_those_of_each_parent(kind) -> None:
    parents = by_parent(VALUES[kind].to_pylist())
    for name, best in (("min", min), ("max", max)):
        assert _AGGREGATES[name](COUNTS, VALUES[kind]).to_pylist() == [best(some, default=None) for some in parents]


@pytest.mark.parametrize("kind", VALUES)
def test_the_last_is_the_one_with_the_greatest_of_another_column_and_of_equal_ones_the_last(kind) -> None:
    places = [(value, place) if value is not None else None for place, value in enumerate(VALUES[kind].to_pylist())]
    expected = [max(some)[1] if some else None for some in by_parent(places)]
    found = _AGGREGATES["last"](COUNTS, pa.array(range(NUMBERS.size)), VALUES[kind])
    assert found.to_pylist() == expected


@pytest.mark.parametrize("kind", ["int64", "int8", "decimal, 18 digits", "decimal, 38 digits"])
def test_sums_are_exact(kind) -> None:
    small = VALUES[kind] if kind != "int64" else pa.array(NUMBERS * 10**15, mask=SPARSE)
    parents = by_parent(small.to_pylist())
    assert _AGGREGATES["sum"](COUNTS, small).to_pylist() == [sum(some) for some in parents]


def test_nothing_comes_to_nothing() -> None:
    none = np.zeros(0, np.int64)
    for name, aggregate in _AGGREGATES.items():
        assert len(aggregate(none, pa.array([], pa.int64()))) == 0, name
        assert len(aggregate(np.zeros(3, np.int64), pa.array([], pa.int64()))) == 3, name
