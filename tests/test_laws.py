"""Proves every law: its table against SciPy, its values on every kind of column, its order, its refusals."""

import datetime
import math
import pickle
from decimal import Decimal
from typing import Annotated

import numpy as np
import pyarrow as pa
import pytest
from pydantic import BaseModel, Field, PastDate, create_model
from scipy import special, stats

import gen
from columns import source
from gen import Lengths, Schema, SchemaError
from gen.schema.distributions import Law, distribution_of
from gen.schema.models.from_pydantic import table_from_model
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
    assert distribution_of("T.x", fact, "datetime") == distribution_of("T.x", expected, "datetime")
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


# -- sides without a bound ----------------------------------------------------------------------------------

CENTURY_AGO, YEAR_300 = datetime.datetime(1926, 1, 1), datetime.datetime(300, 1, 1)
AGO, LONG_AGO = ((day - datetime.datetime(1970, 1, 1)).total_seconds() for day in (CENTURY_AGO, YEAR_300))
DAY = datetime.timedelta(days=1)
# a marker, and SciPy's law that is not cut; of times in seconds
UNCUT = {
    "standard": (gen.Normal(mean=0, deviation=1), stats.norm(0, 1)),
    "below": (gen.Normal(mean=-4e4, deviation=5e3), stats.norm(-4e4, 5e3)),
    "large": (gen.Normal(mean=1e12, deviation=1e10), stats.norm(1e12, 1e10)),
    "lognormal": (gen.Lognormal(median=1e11, sigma=1), stats.lognorm(1, scale=1e11)),
    "exponential": (gen.Exponential(mean=2e10), stats.expon(scale=2e10)),
    "begun": (gen.Gamma(shape=3, scale=1e4, start=-1e5), stats.gamma(3, loc=-1e5, scale=1e4)),
    "weibull": (gen.Weibull(shape=0.7, scale=1e10), stats.weibull_min(0.7, scale=1e10)),
    "pareto": (gen.Pareto(shape=0.5, minimum=1e4), stats.pareto(0.5, scale=1e4)),
    "triangular": (gen.Triangular(-1e5, 0, 1e5), stats.triang(0.5, loc=-1e5, scale=2e5)),
    "histogram": (gen.Histogram([-1e5, 0, 3e5], [1, 1]), stats.rv_histogram(([1, 1], [-1e5, 0, 3e5]), density=False)),
    "quantiles": (gen.Empirical(quantiles=[-1e5, 1e5]), stats.uniform(-1e5, 2e5)),
    "of two": (gen.Mixture([(1, gen.Normal(-1e5, 10)), (1, gen.Normal(-1e5, 10))]), stats.norm(-1e5, 10)),
}
TIMED = {
    "date": (datetime.date, gen.Normal(CENTURY_AGO.date(), 3000 * DAY), stats.norm(AGO, 3000 * 86_400), 86_400),
    "datetime": (datetime.datetime, gen.Normal(YEAR_300, DAY), stats.norm(LONG_AGO, 86_400), 1e-6),
    "later": (datetime.datetime, gen.Exponential(50_000 * DAY), stats.expon(scale=50_000 * 86_400), 1e-6),
    "duration": (datetime.timedelta, gen.Normal(datetime.timedelta(0), DAY), stats.norm(0, 86_400), 1e-6),
    "past": (PastDate, gen.Normal(CENTURY_AGO.date(), 3000 * DAY), stats.norm(AGO, 3000 * 86_400), 86_400),
}


def numbers(annotation, rows=ROWS):
    """The values of a column, float64; of times in their own unit since 1970."""
    values = source(rows, x=annotation).at(range(rows)).column("x")
    if pa.types.is_date32(values.type):
        values = values.view(pa.int32())
    elif pa.types.is_temporal(values.type):
        values = values.view(pa.int64())
    return values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)


@pytest.mark.parametrize(("kind", "step"), [(float, 0), (int, 1), (Decimal, 0.01)], ids=["float", "int", "decimal"])
@pytest.mark.parametrize("name", UNCUT)
def test_a_law_without_bounds_is_the_whole_law(name, kind, step):
    """Kolmogorov-Smirnov against the law that nothing is cut from; rounded values where they are, half a step off."""
    marker, oracle = UNCUT[name]
    if name == "standard" and kind is not float:
        marker, oracle = gen.Normal(mean=0, deviation=1e4), stats.norm(0, 1e4)
    values = numbers(Annotated[kind, marker])
    smooth = values + step * (np.random.default_rng(5).random(ROWS) - 0.5 + (name == "histogram") / 2)
    assert stats.kstest(smooth, oracle.cdf).pvalue > FALSE_ALARM


@pytest.mark.parametrize("name", TIMED)
def test_a_law_of_times_without_bounds_is_the_whole_law(name):
    kind, marker, oracle, unit = TIMED[name]
    smooth = numbers(Annotated[kind, marker]) + np.random.default_rng(5).random(ROWS) - 0.5
    assert stats.kstest(smooth * unit, oracle.cdf).pvalue > FALSE_ALARM


@pytest.mark.parametrize("kind", [int, float, Decimal])
def test_only_the_declared_side_cuts(kind):
    for bound, oracle in ((Field(le=60), (-np.inf, 60)), (Field(ge=-20), (-20, np.inf))):
        law = stats.truncnorm(*((end + 0.5 * np.sign(end) * (kind is int) + 5) / 30 for end in oracle), -5, 30)
        smooth = numbers(Annotated[kind, bound, gen.Normal(-5, 30)])
        if kind is not float:
            smooth = smooth + (np.random.default_rng(5).random(ROWS) - 0.5) * (1 if kind is int else 0.01)
        assert stats.kstest(smooth, law.cdf).pvalue > FALSE_ALARM


@pytest.mark.parametrize("kind", [int, float, Decimal])
@pytest.mark.parametrize(
    ("marker", "values"),
    [
        (gen.Constant(-1), [-1]),
        (gen.Constant(2**50 + 1), [2**50 + 1]),
        (gen.Empirical(values=[-1, 0, 1]), [-1, 0, 1]),
        (gen.Sequence(start=-2), [-2, -1, 0, 1]),
        (gen.Sequence(start=2, step=-2), [-4, -2, 0, 2]),
        (gen.Series(start=-9, interval=3), [-9, -6, -3, 0]),
        (gen.Binomial(trials=1, probability=0.5, start=-7), [-7, -6]),
        (gen.Mixture([(1, gen.Constant(-4)), (1, gen.Constant(3))]), [-4, 3]),
    ],
    ids=lambda value: str(value)[:40],
)
def test_values_that_a_law_lists_are_drawn_where_they_lie(kind, marker, values):
    """In four rows, or a thousand: that one of up to four values is not among them has a chance below 1e-100."""
    rows = 4 if isinstance(marker, (gen.Sequence, gen.Series)) else 1000
    step = Field(multiple_of=Decimal(1)) if kind is Decimal and isinstance(marker, gen.Sequence) else Field()
    assert sorted(set(numbers(Annotated[kind, step, marker], rows))) == values


def test_what_a_law_leaves_out_is_measured_on_the_range_of_a_plain_field():
    column = source(1000, x=Annotated[int, gen.Normal(mean=0)]).columns["x"]
    assert column.distribution_text == "normal(mean=0, deviation=715827882.5)"
    assert numbers(Annotated[int, gen.Normal(mean=0)]).min() < -(2**30)
    assert numbers(Annotated[int, gen.Normal()]).min() >= 0  # a law that says nothing is shaped to that range
    spread = numbers(Annotated[float, gen.Mixture([(1, gen.Uniform()), (1, gen.Constant(-1))])])
    assert stats.kstest(spread[spread != -1], stats.uniform(0, 2**32 - 1).cdf).pvalue > FALSE_ALARM


def test_laws_end_where_their_type_does():
    largest = numbers(Annotated[int, gen.Pareto(shape=0.01, minimum=1)])
    assert largest.min() == 1 and 2**62 < largest.max() <= 2**63
    days = source(1000, x=Annotated[datetime.date, gen.Normal(datetime.date(9999, 6, 1), 900 * DAY)]).at(range(1000))
    assert max(days.column("x").to_pylist()) <= datetime.date.max
    digits = source(1000, x=Annotated[Decimal, Field(max_digits=4), gen.Normal(-90, 20)]).at(range(1000)).column("x")
    assert digits.type == pa.decimal128(4, 2) and min(digits.to_pylist()) < -90
    far = source(1000, x=Annotated[Decimal, gen.Normal(1e25, 1e20)]).at(range(1000)).column("x").to_pylist()
    assert abs(np.mean([float(value) for value in far]) - 1e25) < 2e19  # six deviations of the mean: 2e-9


def test_parts_of_a_mixture_lie_where_they_do_alone_however_far_from_each_other():
    """On ranks that stand for many values each, and on those of 64 bits beside a tail that needs all of them."""
    far = numbers(Annotated[Decimal, gen.Mixture([(1, gen.Normal(1e25, 1e20)), (1, gen.Normal(-1e25, 1e20))])])
    assert stats.kstest(far[far > 0], stats.norm(1e25, 1e20).cdf).pvalue > FALSE_ALARM
    assert stats.kstest(far[far < 0], stats.norm(-1e25, 1e20).cdf).pvalue > FALSE_ALARM
    for kind in (int, float, Decimal):
        tail = numbers(Annotated[kind, gen.Mixture([(1, gen.Pareto(0.5, 1e4)), (1, gen.Normal(-5e4, 1e4 / 2))])])
        smooth = tail + (np.random.default_rng(5).random(ROWS) - 0.5) * {int: 1, float: 0, Decimal: 0.01}[kind]
        assert stats.kstest(smooth[tail > 5000], stats.pareto(0.5, scale=1e4).cdf).pvalue > FALSE_ALARM
        assert stats.kstest(smooth[tail < 5000], stats.norm(-5e4, 5e3).cdf).pvalue > FALSE_ALARM


def test_what_is_left_out_of_a_law_that_starts_beyond_a_plain_field_is_asked_for():
    with pytest.raises(SchemaError, match="past the range of a plain field"):
        source(9, x=Annotated[int, gen.Exponential(start=1e10)])
    assert numbers(Annotated[int, gen.Exponential(5, start=1e10)], 1000).min() >= 1e10


def test_correlated_columns_keep_their_whole_laws():
    batch = source(
        ROWS, x=Annotated[float, gen.Normal(0, 1)], y=Annotated[float, gen.Normal(-100, 10), gen.Correlated({"x": 0.8})]
    ).at(range(ROWS))
    x, y = (batch.column(name).to_numpy() for name in "xy")
    assert stats.kstest(x, stats.norm(0, 1).cdf).pvalue > FALSE_ALARM
    assert stats.kstest(y, stats.norm(-100, 10).cdf).pvalue > FALSE_ALARM
    assert abs(np.corrcoef(x, y)[0, 1] - 0.8) < 6 * 0.36 / math.sqrt(ROWS)  # six deviations: 2e-9


@pytest.mark.parametrize("kind", [str, bytes])
def test_lengths_begin_at_none(kind):
    lengths = [
        len(x) for x in source(20_000, x=Annotated[kind, Lengths(gen.Poisson(1))]).at(range(20_000))[0].to_pylist()
    ]
    counts = np.bincount(lengths, minlength=6)
    shares = stats.poisson(1).pmf(range(5))
    expected = 20_000 * np.append(shares, 1 - shares.sum())
    assert stats.chisquare(np.append(counts[:5], counts[5:].sum()), expected).pvalue > FALSE_ALARM


def test_cases_of_a_conditional_table_have_one_type_whatever_their_laws_need():
    laws = gen.Given("g", {"True": gen.Normal(-40, 5), "False": gen.Normal(1e15, 10)})
    batch = source(1000, g=bool, x=Annotated[Decimal, laws]).at(range(1000))
    pairs = list(zip(batch.column("g").to_pylist(), batch.column("x").to_pylist(), strict=True))
    assert all((value < 0) == case for case, value in pairs)


# -- what a reader is told ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("marker", "kept"),
    [
        (gen.Normal(-10, 5), stats.norm(-10, 5).sf(0)),
        (gen.Exponential(mean=2, start=-9), stats.expon(-9, 2).sf(0)),
        (gen.Histogram([-9, 0, 1], [9, 1]), 0.1),
        (gen.Empirical(values=[-3, -2, -1, 1]), 0.25),
        (gen.Poisson(3, start=-5), stats.poisson(3).sf(4)),
        (gen.Geometric(0.5, start=-4), 1 / 16),
        (gen.Zipf(1.5, start=-9), None),
        (gen.Mixture([(1, gen.Normal(-10, 5)), (1, gen.Triangular(-3, -2, 1))]), None),
        (gen.Normal(0.1, 5), 1),
    ],
    ids=lambda value: str(value)[:40],
)
def test_where_the_bounds_cut_most_of_a_law_its_description_says_so(marker, kept):
    text = source(1000, x=Annotated[float, Field(ge=0), marker]).columns["x"].distribution_text
    if kept == 1:
        assert "keep" not in text
    elif kept is not None:
        assert text.endswith(f", of which the bounds keep {100 * kept:.2g} %")
    free = source(1000, x=Annotated[float, marker]).columns["x"].distribution_text
    assert "keep" not in free


def test_a_time_of_day_may_be_given_as_one():
    at_two = datetime.time(14)
    written = [
        gen.VonMises(mean=at_two, concentration=3),
        gen.VonMises(mean=50_400, concentration=3),
        gen.VonMises(mean=datetime.time(16, tzinfo=datetime.timezone(datetime.timedelta(hours=2))), concentration=3),
        Field(json_schema_extra={"distribution": {"name": "vonmises", "mean": "14:00", "concentration": 3}}),
        Field(json_schema_extra={"distribution": {"name": "vonmises", "mean": "PT14H", "concentration": 3}}),
    ]
    columns = [source(9, x=Annotated[datetime.time, each]).columns["x"] for each in written]
    assert {column.distribution_text for column in columns} == {"vonmises(period=86400, mean=50400, concentration=3)"}
    law = gen.Normal(at_two, datetime.timedelta(minutes=5))
    smooth = numbers(Annotated[datetime.time, law]) / 1e6
    assert stats.kstest(smooth, stats.norm(50_400, 300).cdf).pvalue > FALSE_ALARM
    listed = source(99, x=Annotated[datetime.time, gen.Empirical(values=[at_two])]).at(range(99)).column("x")
    assert set(listed.to_pylist()) == {at_two}
    marked = create_model("Thing", x=(Annotated[datetime.time, law], ...))
    spec = Spec("s", (table_from_model(marked),))
    assert spec_from_json(spec_to_json(spec)) == spec


@pytest.mark.parametrize("kind", [int, datetime.date, datetime.datetime, datetime.timedelta])
def test_a_time_of_day_is_no_place_in_another_column(kind):
    with pytest.raises(SchemaError, match="mean is '14:00:00'"):
        source(9, x=Annotated[kind, gen.Normal(datetime.time(14), 60)])
