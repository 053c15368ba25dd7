"""Proves every law: its table against SciPy, its values on every kind of column, its order, its refusals."""

import datetime
import math
import pickle
from typing import Annotated

import numpy as np
import pytest
from pydantic import BaseModel, Field, create_model
from scipy import special, stats

import gen
from gen import Schema, SchemaError
from gen.schema.distributions import Law, distribution_of
from gen.schema.from_pydantic import table_from_model
from gen.schema.spec import Spec
from gen.schema.written import spec_from_json, spec_to_json
from gen.synth.grids import Grid
from gen.synth.laws.cells import Celled
from gen.synth.laws.compiled import COUNTING, LAWS, compile_law
from gen.synth.laws.lines import Line, line_of_grid
from law_cases import CASES, drawn, fit, periodic

ROWS = 200_000
FALSE_ALARM = 1e-6  # of each test, were its seed not fixed
WORDS = np.concatenate(
    [
        np.random.default_rng(11).integers(0, 2**64, 30_000, np.uint64),
        np.random.default_rng(12).integers(0, 2**64, 10_000, np.uint64)
        >> np.random.default_rng(13).integers(0, 30, 10_000).astype(np.uint64),
        ~(
            np.random.default_rng(14).integers(0, 2**64, 10_000, np.uint64)
            >> np.random.default_rng(15).integers(0, 30, 10_000).astype(np.uint64)
        ),
        np.array([0, 1, 2**63 - 1, 2**63, 2**64 - 2, 2**64 - 1], np.uint64),
    ]
)


def law(fact, low=0.0, high=1000.0, grid=None, rows=1000):
    line = Line(low, high) if grid is None else line_of_grid(grid, origin=0)
    return compile_law("Thing.x", distribution_of("Thing.x", fact), line, rows)


# -- values -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_a_column_of_any_kind_follows_its_law(name, kind):
    """Chi-square or Kolmogorov-Smirnov against SciPy's distribution functions; bounds too."""
    assert fit(name, kind, ROWS)[2] > FALSE_ALARM


# -- tables -------------------------------------------------------------------------------------------------

# law and parameters, SciPy's distribution function, and bounds to truncate it to
TABLES = [
    ({"name": "normal", "mean": 3, "deviation": 2}, stats.norm(3, 2), [(-5, 9), (3, 4), (9, 30), (-1e9, 1e9)]),
    ({"name": "lognormal", "median": 2, "sigma": 0.5}, stats.lognorm(0.5, scale=2), [(0, 50), (1, 2), (5, 1e9)]),
    ({"name": "lognormal", "median": 5, "sigma": 3}, stats.lognorm(3, scale=5), [(0, 1e12), (1, 1e4)]),
    ({"name": "exponential", "mean": 7}, stats.expon(scale=7), [(0, 1e9), (3, 5), (50, 90)]),
    ({"name": "gamma", "shape": 0.1, "scale": 3}, stats.gamma(0.1, scale=3), [(0, 1e9), (0, 1)]),
    ({"name": "gamma", "shape": 2.5, "scale": 3}, stats.gamma(2.5, scale=3), [(0, 1e9), (5, 9), (40, 80)]),
    ({"name": "gamma", "shape": 900, "scale": 3}, stats.gamma(900, scale=3), [(0, 1e9), (2700, 2800)]),
    ({"name": "beta", "alpha": 2, "beta": 5}, stats.beta(2, 5, 0, 10), [(0, 10)]),
    ({"name": "beta", "alpha": 0.5, "beta": 0.5}, stats.beta(0.5, 0.5, 0, 10), [(0, 10)]),
    ({"name": "beta", "alpha": 40, "beta": 1}, stats.beta(40, 1, 0, 10), [(0, 10)]),
    (
        {"name": "triangular", "low": 2, "mode": 3, "high": 9},
        stats.triang(1 / 7, 2, 7),
        [(0, 10), (2.5, 8), (3, 9), (2, 2.9)],
    ),
    ({"name": "weibull", "shape": 0.3, "scale": 4}, stats.weibull_min(0.3, scale=4), [(0, 1e9), (1, 30)]),
    ({"name": "weibull", "shape": 9, "scale": 4}, stats.weibull_min(9, scale=4), [(0, 1e9), (1, 4)]),
    ({"name": "pareto", "shape": 1.16, "minimum": 2}, stats.pareto(1.16, scale=2), [(0, 1e12), (5, 100)]),
    ({"name": "pareto", "shape": 0.2, "minimum": 2}, stats.pareto(0.2, scale=2), [(0, 1e12)]),
    ({"name": "benford"}, stats.loguniform(1, 1e3), [(1, 1e3)]),
    ({"name": "benford"}, stats.loguniform(1e-3, 1e9), [(1e-3, 1e9)]),
]
TABLE_CASES = [(fact, oracle, bounds) for fact, oracle, several in TABLES for bounds in several]


@pytest.mark.parametrize(
    ("fact", "oracle", "bounds"), TABLE_CASES, ids=lambda v: str(v) if isinstance(v, tuple) else ""
)
def test_a_table_is_its_law_to_1e_9_in_probability_and_within_its_bounds(fact, oracle, bounds):
    """Against SciPy, from the nearer end; a double's own spacing is no error of the table's."""
    low, high = map(float, bounds)
    compiled = law(fact, low, high)
    values = compiled.at(compiled.words_of(WORDS))
    assert low <= values.min() <= values.max() <= high
    below, above = oracle.cdf(low), oracle.sf(high)
    mass = oracle.cdf(high) - below if below < 0.5 else oracle.sf(low) - above
    p = WORDS.astype(np.float64) / 2.0**64
    s = (~WORDS).astype(np.float64) / 2.0**64
    lower = p < 0.5

    def missed(x):
        found = (oracle.cdf(x) - below if below < 0.5 else oracle.sf(low) - oracle.sf(x)) / mass - p
        rest = (oracle.sf(x) - above if below >= 0.5 or above < 0.5 else oracle.cdf(high) - oracle.cdf(x)) / mass - s
        return np.where(lower, found, -rest)

    around = [missed(np.clip(values + side * 2 * np.spacing(np.abs(values)), low, high)) for side in (-1, 1)]
    assert np.max(np.maximum(around[0], -around[1])) < 1.05e-9


@pytest.mark.parametrize("name", [*LAWS, "zero-inflated", "daily"])
@pytest.mark.parametrize("kind", ["grid", "large grid", "float"])
def test_values_ascend_with_the_probability_stay_inside_and_travel(name, kind):
    """Of every law, with its defaults where it has some."""
    given = {
        "histogram": {"edges": [0, 10, 10, 50, 900], "weights": [1, 2, 0, 3]},
        "empirical": {"quantiles": [0, 5, 5, 20, 800]},
        "constant": {"value": 7},
        "mixture": {"parts": [{"name": "poisson", "mean": 3}, {"name": "normal", "mean": 300, "deviation": 9}]},
        "zero-inflated": {
            "parts": [
                {"name": "constant", "value": 0, "weight": 0.4},
                {"name": "lognormal", "median": 20, "weight": 0.3},
                {"name": "normal", "mean": 300, "deviation": 9, "weight": 0.3},
            ]
        },
        "daily": {"mean": 14, "concentration": 3, "period": 24},
    }
    real = {"zero-inflated": "mixture", "daily": "vonmises"}.get(name, name)
    if real in ("sequence", "series", "calendar") or (name == "mixture" and kind != "grid"):
        return
    grid = {"grid": Grid(0, 1, 1000), "large grid": Grid(0, 1, 10**6), "float": None}[kind]
    compiled = law({"name": real, **given.get(name, {})}, grid=grid)
    some = np.sort(WORDS)
    values = compiled.at(compiled.words_of(some))
    assert values.dtype == (np.float64 if kind == "float" else np.int64)
    assert 0 <= values.min() <= values.max() <= (1000 if grid is None else grid.last)
    assert (np.diff(values) >= -1e-13 * np.abs(values[1:])).all()
    assert pickle.loads(pickle.dumps(compiled)).at(some).tolist() == compiled.at(some).tolist()
    assert compiled.described().startswith(real)


@pytest.mark.parametrize("name", ["normal", "gamma", "vonmises", "mixture", "zipf"])
def test_words_of_probabilities_are_a_bijection(name):
    given = {"parts": [{"name": "normal"}, {"name": "constant", "value": 1}]} if name == "mixture" else {}
    compiled = law({"name": name, **given})
    assert (compiled.words_of(compiled.words_of(WORDS)) == WORDS).all()


def test_a_mixture_has_exactly_its_shares():
    """An atom's words are counted, not drawn: its share is exact."""
    parts = [
        {"name": "constant", "value": 0, "weight": 3},
        {"name": "normal", "mean": 500, "deviation": 10, "weight": 6},
        {"name": "histogram", "edges": [900, 1000], "weights": [5], "weight": 1},
    ]
    compiled = law({"name": "mixture", "parts": parts})
    steps = np.arange(10**6, dtype=np.uint64) * np.uint64(2**64 // 10**6)
    values = compiled.at(compiled.words_of(steps))
    assert abs(np.mean(values == 0) - 0.3) < 2e-6
    assert abs(np.mean((values > 0) & (values < 700)) - 0.6) < 2e-6
    assert abs(np.mean(values >= 900) - 0.1) < 2e-6
    middle = values[(values > 0) & (values < 700)]
    assert np.max(np.abs(special.ndtr((middle - 500) / 10) - np.linspace(0, 1, middle.size))) < 1e-5


def test_a_periodic_law_repeats_in_every_period():
    fact = {"name": "vonmises", "mean": 14, "concentration": 3, "period": 24}
    values = law(fact, 5.0, 24_005.0).at(WORDS[:30_000])
    cdf = periodic(14, 3, 24)
    shares = (cdf(np.sort(values)) - cdf(5.0)) / (cdf(24_005.0) - cdf(5.0))
    assert stats.kstest(shares, "uniform").pvalue > FALSE_ALARM
    hours = np.bincount((values % 24).astype(int), minlength=24)
    assert hours[13:15].min() > 20 * hours[1:3].max()


# a law that is drawn from even cells, its line, and its distribution function
PARTS = [
    {"name": "normal", "mean": 300, "deviation": 30, "weight": 3},
    {"name": "normal", "mean": 700, "deviation": 20},
]
CELLED = {
    "mixture": (
        {"name": "mixture", "parts": PARTS},
        (0.0, 1000.0),
        lambda z: 0.75 * stats.norm(300, 30).cdf(z) + 0.25 * stats.norm(700, 20).cdf(z),
    ),
    "atom": (
        {"name": "mixture", "parts": [{"name": "constant", "value": 0}, {"name": "normal", "mean": 500}]},
        (0.0, 1000.0),
        None,
    ),
    "benford": ({"name": "benford"}, (1e-3, 1e9), stats.loguniform(1e-3, 1e9).cdf),
    "daily": ({"name": "vonmises", "mean": 14, "concentration": 3, "period": 24}, (5.0, 9_000.0), periodic(14, 3, 24)),
    "a day": ({"name": "vonmises", "mean": 14, "concentration": 3, "period": 24}, (0.0, 24.0), periodic(14, 3, 24)),
    "just over": ({"name": "vonmises", "mean": 2, "concentration": 1, "period": 24}, (0.0, 25.0), periodic(2, 1, 24)),
    "often": ({"name": "vonmises", "mean": 0, "concentration": 9, "period": 1}, (0.0, 60_000.5), periodic(0, 9, 1)),
}


@pytest.mark.parametrize("name", CELLED)
def test_even_cells_equal_their_twin_and_are_their_law_to_1e_9_in_probability(name):
    fact, (low, high), cdf = CELLED[name]
    sampler = law(fact, low, high).sampler
    assert isinstance(sampler, Celled)
    assert sampler.followed > 0.9
    values = sampler.at(WORDS)
    some = np.concatenate([np.arange(200), np.arange(WORDS.size - 200, WORDS.size)])

    def twin(word):
        turns, point = map(int, sampler.turns)
        turn, part = divmod(word * turns >> point, 2**64) if turns else (0, word)
        c0, c1, c2, c3 = sampler.cells[part >> 52].tolist()
        t = (part % 2**52) / 2**52
        x = sampler.law.at(np.array([part], np.uint64))[0] if math.isnan(c0) else c0 + t * (c1 + t * (c2 + t * c3))
        return min(max(x + turn * sampler.period, low), high)

    assert values[some].tolist() == [twin(word) for word in WORDS[some].tolist()]
    assert low <= values.min() <= values.max() <= high
    if cdf:
        below, above = (cdf(values + side * 2 * np.spacing(values)) - cdf(low) for side in (-1, 1))
        shares = WORDS.astype(np.float64) / 2.0**64 * (cdf(high) - cdf(low))  # in periods, so that more are no excuse
        assert np.max(np.maximum(below - shares, shares - above)) < 1.05e-9 + 1e-15 * cdf(high)


def test_benford_gives_first_digits_of_benford():
    digits = [int(str(int(v))[0]) for v in law("benford", grid=Grid(1, 1, 10**6 - 1)).at(WORDS[:30_000])]
    counts = np.bincount(digits, minlength=10)[1:]
    assert stats.chisquare(counts, 30_000 * np.log10(1 + 1 / np.arange(1, 10))).pvalue > FALSE_ALARM


def test_a_sequence_counts_rows_and_is_refused_where_it_would_leave_the_bounds():
    column = Annotated[int, Field(ge=10, le=1009), gen.Sequence()]
    schema = Schema()
    schema.add(create_model("Thing", x=(column, ...), y=(Annotated[float, gen.Sequence(start=5, step=0.5)], ...)), 1000)
    batch = schema.table("Thing").source.at(range(1000))
    assert batch.column("x").to_pylist() == list(range(10, 1010))
    assert batch.column("y").to_pylist() == [5 + i / 2 for i in range(1000)]
    with pytest.raises(SchemaError, match=r"Thing\.x.*1,001 rows"):
        law("sequence", grid=Grid(10, 1, 1000), rows=1001)


# -- declarations ---------------------------------------------------------------------------------------------

MARKERS = [
    gen.Uniform(),
    gen.Normal(300, 20),
    gen.Lognormal(median=20, sigma=0.5),
    gen.Exponential(50),
    gen.Gamma(2, 30),
    gen.Beta(2, 3),
    gen.Triangular(1, 2, 700),
    gen.Weibull(2, 300),
    gen.Pareto(2, 3),
    gen.VonMises(300, 2),
    gen.Benford(),
    gen.Histogram([0, 10, 1000], [1, 2]),
    gen.Empirical(quantiles=[1, 2, 900]),
    gen.Empirical(values=[1, 2, 900], weights=[1, 1, 0]),
    gen.Mixture([(0.5, gen.Normal(300, 20)), (0.5, gen.Constant(3))]),
    gen.Constant(3),
    gen.Sequence(step=1),
    gen.Series(1, 0.5, 0.25, ordered=True),
    gen.Poisson(30),
    gen.Binomial(40, 0.5),
    gen.Geometric(0.1),
    gen.Zipf(1.1),
]


@pytest.mark.parametrize("marker", MARKERS, ids=[f"{type(m).__name__}{i}" for i, m in enumerate(MARKERS)])
def test_a_marker_means_what_its_facts_say_and_survives_json(marker):
    kind = Annotated[int, Field(ge=0, le=1000)]
    marked = create_model("Thing", x=(Annotated[kind, marker], ...))
    plain = create_model("Thing", x=(Annotated[kind, Field(json_schema_extra=marker.facts())], ...))
    tables = [table_from_model(model) for model in (marked, plain)]
    assert tables[0] == tables[1]
    spec = Spec("s", (tables[0],))
    assert spec_from_json(spec_to_json(spec)) == spec
    assert marked.model_json_schema()["properties"]["x"]["distribution"] == marker.facts()["distribution"]
    Schema().add(marked, 10)


def test_every_law_has_a_marker_and_every_parameter_a_field():
    markers = {marker.__name__.lower(): marker for marker in Law.__subclasses__()}
    assert markers.keys() == LAWS.keys()
    for name, parameters in LAWS.items():
        assert {p.name for p in parameters} == set(markers[name].__dataclass_fields__)
        assert set(COUNTING) < set(LAWS)


@pytest.mark.parametrize("mean", ["2020-01-02", "2020-01-02T00:00:00", "2020-01-02T01:00:00+01:00", 1_577_923_200])
@pytest.mark.parametrize("deviation", ["PT1H", 3600, "P0DT60M", "PT3600.0S"])
def test_times_are_given_as_text_or_seconds(mean, deviation):
    expected = gen.Normal(datetime.datetime(2020, 1, 2), datetime.timedelta(hours=1)).facts()["distribution"]
    fact = {"name": "normal", "mean": mean, "deviation": deviation}
    assert distribution_of("T.x", fact, True) == distribution_of("T.x", expected, True)
    assert gen.Normal(datetime.date(2020, 1, 2), 3600).facts()["distribution"] == expected


WRONG = [
    ({"name": "gama"}, ["'gama'", "'gamma'"]),
    ({"name": "gamma", "shap": 1}, ["'shap'", "'shape'"]),
    ({"name": "gamma", "shape": -1}, ["shape", "-1", "0.05"]),
    ({"name": "gamma", "shape": math.inf}, ["shape", "inf"]),
    ({"name": "gamma", "scale": 0}, ["scale", "0.0", "above 0"]),
    ({"name": "gamma", "shape": 2, "scale": 1e-3, "start": -5}, ["next to nothing"]),
    ({"name": "normal", "deviation": [1, 2]}, ["deviation"]),
    ({"name": "normal", "mean": 10**9, "deviation": 1}, ["next to nothing", "1000000000"]),
    ({"name": "normal", "mean": "2020-01-01"}, ["mean", "2020-01-01"]),
    ({"name": "triangular", "low": 5, "mode": 4}, ["ascend"]),
    ({"name": "histogram", "edges": [1, 2]}, ["weights"]),
    ({"name": "histogram", "edges": [1, 2], "weights": [1, 2]}, ["2 edges and 2 weights"]),
    ({"name": "histogram", "edges": [2, 1], "weights": [1]}, ["edges", "below"]),
    ({"name": "histogram", "edges": [2, 3], "weights": [-1]}, ["weights", "-1"]),
    ({"name": "histogram", "edges": [2000, 3000], "weights": [1]}, ["next to nothing"]),
    ({"name": "empirical"}, ["quantiles or values"]),
    ({"name": "empirical", "values": [1.5]}, ["1.5"]),
    ({"name": "constant"}, ["value"]),
    ({"name": "constant", "value": 1001}, ["1001"]),
    ({"name": "mixture", "parts": []}, ["parts"]),
    ({"name": "mixture", "parts": [{"name": "normal", "weight": 0}]}, ["weight", "0"]),
    ({"name": "mixture", "parts": [{"name": "norml"}]}, ["'norml'", "'normal'"]),
    ({"name": "mixture", "parts": [{"name": "sequence"}]}, ["sequence"]),
    ({"name": "poisson", "mean": 10**6}, ["next to nothing"]),
    ({"name": "binomial", "trials": 2.5}, ["trials", "2.5"]),
    ({"name": "binomial", "probability": 1.5}, ["probability", "1.5"]),
    ({"name": "zipf", "exponent": 0}, ["exponent"]),
    ({"name": "zipf", "start": 2000}, ["bounds"]),
    ({"name": "vonmises", "period": 0}, ["period"]),
    ({"name": "sequence", "step": 0.5}, ["0.5"]),
    ({"name": "sequence", "step": 2, "start": 5}, ["1,000 rows"]),
    ({"name": "exponential", "start": 5000}, ["start"]),
    (7, ["7"]),
]


@pytest.mark.parametrize(("fact", "said"), WRONG, ids=lambda value: str(value)[:60])
def test_what_makes_no_sense_is_refused_by_name(fact, said):
    """Column, law, parameter, what was found and what to do."""
    model: type[BaseModel] = create_model(
        "Thing", x=(Annotated[int, Field(ge=0, le=1000, json_schema_extra={"distribution": fact})], ...)
    )

    def read():
        schema = Schema()
        schema.add(model, 1000)
        return schema.table("Thing").source

    with pytest.raises(SchemaError) as caught:
        read()
    text = str(caught.value)
    assert "Thing.x" in text and caught.value.hint
    assert all(word in text for word in said), text


@pytest.mark.parametrize(
    "name", [n for n in LAWS if n not in ("histogram", "empirical", "mixture", "constant", "calendar")]
)
@pytest.mark.parametrize("kind", ["int", "float", "date", "datetime"])
def test_a_bare_name_has_defaults_inside_the_bounds(name, kind):
    if name == "sequence" and kind == "float":
        return
    values = drawn(kind, name, 1000)
    assert 0 <= values.min() <= values.max() <= 1000
    assert len(np.unique(values)) > 30
