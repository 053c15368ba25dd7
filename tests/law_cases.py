"""Every law on every kind of column, with an oracle that owes nothing to the tables: SciPy, or a formula."""

import datetime
import math
from decimal import Decimal
from typing import Annotated

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, create_model
from scipy import stats

from gen import Schema

LAST = 1000  # every column holds 0 .. 1000 units, from its base on
START = datetime.datetime(2020, 1, 1)
EPOCH = int((START - datetime.datetime(1970, 1, 1)).total_seconds())

# kind -> (field type, seconds or numbers in a unit, base of the values, grid points in a unit; 0: none)
KINDS = {
    "int": (Annotated[int, Field(ge=0, le=LAST)], 1, 0, 1),
    "float": (Annotated[float, Field(ge=0, le=LAST)], 1, 0, 0),
    "date": (
        Annotated[datetime.date, Field(ge=START.date(), le=START.date() + datetime.timedelta(LAST))],
        86_400,
        EPOCH,
        1,
    ),
    "datetime": (
        Annotated[datetime.datetime, Field(ge=START, le=START + datetime.timedelta(seconds=LAST))],
        1,
        EPOCH,
        10**6,
    ),
    "decimal": (Annotated[Decimal, Field(ge=0, le=LAST, decimal_places=2)], 1, 0, 100),
    "time": (Annotated[datetime.time, Field(ge=datetime.time(), le=datetime.time(0, 16, 40))], 1, 0, 10**6),
    "duration": (
        Annotated[datetime.timedelta, Field(ge=datetime.timedelta(), le=datetime.timedelta(seconds=LAST))],
        1,
        0,
        10**6,
    ),
    "text length": (Annotated[str, Field(min_length=0, max_length=LAST)], 1, 0, 1),
    "list length": (Annotated[list[None], Field(min_length=0, max_length=LAST)], 1, 0, 1),
}
LENGTHS = {"text length": pc.binary_length, "list length": pc.list_value_length}
CHUNK = 20_000  # rows drawn at once, where values are long


def drawn(kind, distribution, rows, name="x"):
    """Values in units from the column's base, float64. Columns of different names have different words."""
    declared, unit, base, _ = KINDS[kind]
    fact = "lengths" if kind in LENGTHS else "distribution"
    field = Annotated[declared, Field(json_schema_extra={fact: distribution})]
    schema = Schema()
    schema.add(create_model("Thing", **{name: (field, ...)}), rows)
    source = schema.table("Thing").source
    if kind in LENGTHS:
        chunks = (source.at(range(start, min(start + CHUNK, rows))).column(name) for start in range(0, rows, CHUNK))
        return np.concatenate([LENGTHS[kind](chunk).to_numpy() for chunk in chunks]).astype(float)
    values = source.at(range(rows)).column(name)
    if pa.types.is_decimal(values.type):
        return values.cast(pa.float64()).to_numpy()
    if pa.types.is_date(values.type):
        return values.view(pa.int32()).to_numpy(zero_copy_only=False).astype(float) - base / unit
    if pa.types.is_temporal(values.type):
        return (values.view(pa.int64()).to_numpy() - base * 10**6) / 1e6
    return values.to_numpy().astype(float)


def periodic(mean, concentration, period):
    """The distribution function of a von Mises law that goes on for ever."""
    law = stats.vonmises(concentration)

    def cdf(z):
        turns = np.floor((z - mean) / period + 0.5)
        return turns + law.cdf(2 * np.pi * ((z - mean) / period - turns))

    return cdf


def broken(points, shares):
    """A distribution function of straight lines."""
    return lambda z: np.interp(z, points, np.cumsum([0, *shares]) / sum(shares))


EDGES, BINS = [0, 100, 250, 700, 1000], [1, 5, 2, 2]
QUANTILES = [0, 50, 90, 100, 400, 1000]

# law -> (parameters from (unit, base), distribution function in units from the base)
CONTINUOUS = {
    "uniform": (lambda u, b: {}, None),
    "normal": (lambda u, b: {"mean": b + 400 * u, "deviation": 150 * u}, stats.norm(400, 150).cdf),
    "lognormal": (lambda u, b: {"median": 100 * u, "sigma": 0.8}, stats.lognorm(0.8, scale=100).cdf),
    "exponential": (lambda u, b: {"mean": 200 * u}, stats.expon(scale=200).cdf),
    "gamma": (lambda u, b: {"shape": 2.5, "scale": 80 * u}, stats.gamma(2.5, scale=80).cdf),
    "beta": (lambda u, b: {"alpha": 2, "beta": 5}, stats.beta(2, 5).cdf),
    "triangular": (
        lambda u, b: {"low": b + 100 * u, "mode": b + 300 * u, "high": b + 900 * u},
        stats.triang(0.25, 100, 800).cdf,
    ),
    "weibull": (lambda u, b: {"shape": 1.7, "scale": 300 * u}, stats.weibull_min(1.7, scale=300).cdf),
    "pareto": (lambda u, b: {"shape": 1.2, "minimum": 10 * u}, stats.pareto(1.2, scale=10).cdf),
    "vonmises": (lambda u, b: {"mean": b + 50 * u, "concentration": 3, "period": 300 * u}, periodic(50, 3, 300)),
    "histogram": (lambda u, b: {"edges": [b + e * u for e in EDGES], "weights": BINS}, broken(EDGES, BINS)),
    "empirical": (lambda u, b: {"quantiles": [b + q * u for q in QUANTILES]}, broken(QUANTILES, [1] * 5)),
    "mixture": (
        lambda u, b: {
            "parts": [
                {"weight": 3, "name": "normal", "mean": b + 300 * u, "deviation": 30 * u},
                {"weight": 2, "name": "normal", "mean": b + 700 * u, "deviation": 20 * u},
            ]
        },
        lambda z: 0.6 * stats.norm(300, 30).cdf(z) + 0.4 * stats.norm(700, 20).cdf(z),
    ),
}
FLOORED = ("histogram",)  # on a grid a value stands for the step above it, not for half a step either side

# law -> (parameters from (unit, base), weights of 0 .. 1000 units)
UNITS = np.arange(LAST + 1)
DISCRETE = {
    "poisson": (lambda u, b: {"mean": 120 * u}, stats.poisson(120).pmf(UNITS)),
    "binomial": (lambda u, b: {"trials": 400, "probability": 0.3}, stats.binom(400, 0.3).pmf(UNITS)),
    "geometric": (lambda u, b: {"probability": 0.01}, 0.99**UNITS),
    "zipf": (lambda u, b: {"exponent": 1.2, "start": b}, np.append(0, UNITS[1:] ** -1.2)),
    "values": (
        lambda u, b: {"values": [b + 700 * u, b + u, b + 5 * u], "weights": [3, 1, 2]},
        np.bincount([1, 5, 700], [1, 2, 3], LAST + 1),
    ),
    "constant": (lambda u, b: {"value": b + 5 * u}, np.bincount([5], [1], LAST + 1)),
}
NAMES = {"values": "empirical"}  # cases whose law has another name
ALL = [*CONTINUOUS, "benford", *DISCRETE]
CASES = [(law, kind) for law in ALL for kind in KINDS if kind not in LENGTHS]  # those of lengths take longer


def p_of_shares(counts, shares):
    """Chi-square of counts against shares; cells that expect fewer than 10 are taken together."""
    expected = np.asarray(shares) * (np.sum(counts) / np.sum(shares))
    assert np.sum(counts[expected == 0]) == 0
    rare = expected < 10
    observed, expected = (np.append(part[~rare], part[rare].sum()) for part in (np.asarray(counts), expected))
    kept = expected > 0
    if kept.sum() == 1:
        return 0.0, 1.0
    found = stats.chisquare(observed[kept], expected[kept] * (observed[kept].sum() / expected[kept].sum()))
    return float(found.statistic), float(found.pvalue)


def p_of_law(values, distribution):
    """Kolmogorov-Smirnov against a distribution function, by the limit law, which is exact enough from 1e5 rows."""
    shares, steps = distribution(np.sort(values)), np.arange(len(values) + 1) / len(values)
    distance = max((steps[1:] - shares).max(), (shares - steps[:-1]).max())
    return float(distance), float(stats.kstwobign.sf(distance * math.sqrt(len(values))))


def benford_cells(kind):
    """Edges in units, and the shares between them, of the law whose logarithm is uniform."""
    points = KINDS[kind][3]
    if not points:
        edges = np.geomspace(LAST / 1e6, LAST, 200)
        return edges, np.diff(np.log(edges))
    edges = np.unique(np.geomspace(1, LAST * points + 1, 200).astype(np.int64))
    return (edges - 0.5) / points, np.diff(np.log(edges))


def fit(law, kind, rows):
    """Test, statistic and p-value of a column of this law."""
    _, unit, base, points = KINDS[kind]
    if law == "benford":
        values = drawn(kind, law, rows, f"{law}_{kind.replace(' ', '_')}")
        edges, shares = benford_cells(kind)
        counts = np.histogram(values, edges)[0]
        assert counts.sum() == rows
        return ("chi-square", *p_of_shares(counts, shares))
    parameters, oracle = (CONTINUOUS | DISCRETE)[law]
    values = drawn(
        kind, {"name": NAMES.get(law, law), **parameters(unit, base)}, rows, f"{law}_{kind.replace(' ', '_')}"
    )
    assert values.min() >= 0 and values.max() <= LAST
    if law in DISCRETE:
        assert (values == np.rint(values)).all()
        return ("chi-square", *p_of_shares(np.bincount(values.astype(np.int64), minlength=LAST + 1), oracle))
    margin = 0.5 / points if points else 0.0
    low, high = -margin, LAST + margin
    if oracle is None or law == "beta":
        whole = oracle or stats.uniform().cdf
        oracle = lambda z: whole((z - low) / (high - low))  # noqa: E731
    share = lambda z: (oracle(z) - oracle(low)) / (oracle(high) - oracle(low))  # noqa: E731
    if points != 1:
        return ("Kolmogorov-Smirnov", *p_of_law(values, share))
    edges = np.arange(LAST + 2) - (0.0 if law in FLOORED else 0.5)
    counts = np.bincount(values.astype(np.int64), minlength=LAST + 1)
    return ("chi-square", *p_of_shares(counts, np.diff(share(edges))))
