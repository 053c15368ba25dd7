"""Proves that values follow the laws their columns declare: exact cell probabilities, at a million draws."""

import datetime
import math
from typing import Annotated, Literal

import numpy as np
import pyarrow as pa
import pytest
from pydantic import Field, create_model
from scipy import special, stats

from gen import Domain, ForeignKey, Normal, PrimaryKey, Schema, Uniform
from gen.keys import KeyOrder
from gen.synth.laws.quantiles import QuantileTable, normal_table
from gen.synth.names import given_names

N = 1_000_000
FALSE_ALARM = 1e-6  # of each test, were its seed not fixed; a wrong law of any size that matters has p < 1e-30 at N


def column(annotation, rows=N, name="x", **others):
    """A million values of a field of this type, as an Arrow array."""
    schema = Schema()
    types = {name: annotation, **others}
    schema.add(create_model("Thing", **{key: (kind, ...) for key, kind in types.items()}), rows)
    return schema.table("Thing").source.at(range(rows), [name]).column(name)


def numbers(annotation):
    """A million values as a NumPy array; times as whole microseconds, dates as days."""
    values = column(annotation)
    if pa.types.is_temporal(values.type):
        values = values.view(pa.int32() if pa.types.is_date(values.type) else pa.int64())
    return values.to_numpy(zero_copy_only=False)


def p_of_uniform(values, low, count, cells=1000):
    """Chi-square of integers equally likely in [low, low + count), in cells of exactly known sizes."""
    edges = np.array([low + count * c // cells for c in range(cells + 1)], object)
    counts = np.histogram(values, np.array([*edges[:-1], edges[-1] - 1], np.int64))[0]
    return stats.chisquare(counts, np.diff(edges).astype(float) * (len(values) / count)).pvalue


def p_of_shares(counts, shares):
    """Chi-square of counts against shares; cells that expect fewer than 10 are taken together."""
    expected = np.asarray(shares) * (np.sum(counts) / np.sum(shares))
    rare = expected < 10
    observed, expected = (np.append(part[~rare], part[rare].sum()) for part in (np.asarray(counts), expected))
    keep = expected > 0
    assert observed[~keep].sum() == 0
    return stats.chisquare(observed[keep], expected[keep] * (observed[keep].sum() / expected[keep].sum())).pvalue


def p_of_law(values, distribution):
    """Kolmogorov-Smirnov against a distribution function, by the limit law, which is exact enough at N."""
    shares, steps = distribution(np.sort(values)), np.arange(len(values) + 1) / len(values)
    distance = max((steps[1:] - shares).max(), (shares - steps[:-1]).max())
    return stats.kstwobign.sf(distance * math.sqrt(len(values)))


def truncated_distribution(low, high, mean, deviation):
    """The distribution function of the truncated normal law; of bounds that are not far in the upper tail."""
    below, above = (special.ndtr((bound - mean) / deviation) for bound in (low, high))
    return lambda values: (special.ndtr((values - mean) / deviation) - below) / (above - below)


def truncated(low, high, mean, deviation):
    return stats.truncnorm((low - mean) / deviation, (high - mean) / deviation, mean, deviation)


# -- uniform ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("low", "high"),
    [(0, 2**32 - 1), (-1000, -1), (0, 6_999_999), (-(2**62), 2**62), (5, 1004), (2**63 - 3000, 2**63 - 1)],
)
def test_integers_are_uniform(low, high):
    values = numbers(Annotated[int, Field(ge=low, le=high), Uniform()])
    assert p_of_uniform(values, low, high - low + 1, min(1000, high - low + 1)) > FALSE_ALARM


def test_integers_of_all_64_bits_are_uniform():
    values = numbers(Annotated[int, Field(ge=-(2**63), le=2**63 - 1)])
    counts = np.bincount((values.view(np.uint64) >> np.uint64(54)).astype(np.int64), minlength=1024)
    assert stats.chisquare(counts).pvalue > FALSE_ALARM


def test_low_bits_of_integers_are_uniform():
    counts = np.bincount(numbers(int) & 1023, minlength=1024)
    assert stats.chisquare(counts).pvalue > FALSE_ALARM


def test_multiples_are_uniform():
    values = numbers(Annotated[int, Field(ge=-7, le=7000, multiple_of=7)])
    assert p_of_uniform(values // 7, -1, 1002, 1002) > FALSE_ALARM


@pytest.mark.parametrize(("low", "high"), [(0, 2**32 - 1), (2.0, 21.0), (-1e-3, 1e9), (-1.7e308, 1.7e308)])
def test_floats_are_uniform(low, high):
    values = numbers(Annotated[float, Field(ge=low, le=high)])
    unit = (values / 2 - low / 2) / (high / 2 - low / 2)
    assert p_of_law(unit, lambda shares: shares) > FALSE_ALARM
    assert stats.chisquare(np.histogram(unit, 1000, (0, 1))[0]).pvalue > FALSE_ALARM


def test_multiples_of_a_fraction_are_uniform():
    values = numbers(Annotated[float, Field(gt=0, lt=10, multiple_of=0.01)])
    assert p_of_uniform(np.rint(values * 100).astype(np.int64), 1, 999, 999) > FALSE_ALARM


def test_times_are_uniform():
    values = numbers(datetime.datetime)
    low, high = (datetime.datetime(*day, tzinfo=datetime.UTC) for day in ((1970, 1, 1), (2099, 12, 31)))
    last = round((high - low).total_seconds()) * 10**6
    assert p_of_uniform(values, 0, last + 1) > FALSE_ALARM
    assert p_of_uniform(values % 1000, 0, 1000) > FALSE_ALARM


def test_dates_are_uniform():
    values = numbers(Annotated[datetime.date, Field(ge=datetime.date(1970, 1, 11), lt=datetime.date(1972, 10, 7))])
    assert p_of_uniform(values, 10, 1000) > FALSE_ALARM


@pytest.mark.parametrize("kind", [bool, Literal["a"], Literal["a", "b", "c"], Literal[tuple(range(100))]])
def test_choices_are_equally_likely(kind):
    choices = [False, True] if kind is bool else list(kind.__args__)
    counts = {item["values"]: item["counts"] for item in column(kind).value_counts().to_pylist()}
    assert set(counts) == set(choices)
    assert len(choices) == 1 or stats.chisquare(list(counts.values())).pvalue > FALSE_ALARM


def test_neighbouring_rows_and_columns_are_independent():
    """Serial correlation of three lags, and correlation of two columns. False alarms: 1e-6 in all."""
    values, other = numbers(float), column(float, name="y").to_numpy()
    pairs = [(values[lag:], values[:-lag]) for lag in (1, 2, 65_536)] + [(values, other)]
    scores = [abs(np.corrcoef(a, b)[0, 1]) * math.sqrt(len(a)) for a, b in pairs]
    assert 2 * len(pairs) * stats.norm.sf(max(scores)) > FALSE_ALARM


# -- normal ---------------------------------------------------------------------------------------------------


def test_the_normal_law_of_the_example_has_its_mean_and_its_truncated_deviation():
    """Kolmogorov-Smirnov against the truncated normal law; mean and deviation within 5 standard errors (6e-7)."""
    values = numbers(Annotated[float, Field(ge=2, le=21), Normal()])
    law = truncated(2, 21, 11.5, 19 / 6)
    assert p_of_law(values, truncated_distribution(2, 21, 11.5, 19 / 6)) > FALSE_ALARM
    assert 2 <= values.min() < 2.05
    assert 20.95 < values.max() <= 21
    assert abs(values.mean() - 11.5) < 5 * law.std() / math.sqrt(N)
    assert abs(values.std() - law.std()) < 5 * law.std() / math.sqrt(2 * N)
    assert law.std() < 3.14  # and not 19 / 6 = 3.17, the deviation before truncation


@pytest.mark.parametrize(
    ("low", "high", "mean", "deviation"),
    [(2, 21, 5, 10), (0, 1, 0, 0.5), (0, 1, 3, 0.5), (-100, 5, 4, 30), (-1e9, 1e9, 123, 1), (0, 1, 0.5, 1000)],
)
def test_a_normal_law_of_any_mean_and_deviation_is_truncated_to_its_bounds(low, high, mean, deviation):
    values = numbers(Annotated[float, Field(ge=low, le=high), Normal(mean=mean, deviation=deviation)])
    assert low <= values.min() < values.max() <= high
    assert p_of_law(values, truncated_distribution(low, high, mean, deviation)) > FALSE_ALARM


def shares_of_cells(first, last, mean, deviation, step=1):
    """The probability of each whole number: the mass half a step either side, of the law truncated to all of them."""
    edges = np.arange(first - step / 2, last + step, step)
    return np.diff(truncated(edges[0], edges[-1], mean, deviation).cdf(edges))


@pytest.mark.parametrize(("low", "high"), [(0, 100), (-7, 7), (1000, 1999), (0, 1)])
def test_normal_integers_have_exactly_the_probability_of_their_cell(low, high):
    values = numbers(Annotated[int, Field(ge=low, le=high), Normal()])
    shares = shares_of_cells(low, high, (low + high) / 2, (high - low) / 6)
    assert p_of_shares(np.bincount(values - low, minlength=high - low + 1), shares) > FALSE_ALARM


def test_normal_integers_of_a_given_mean_and_deviation_have_the_probability_of_their_cell():
    values = numbers(Annotated[int, Field(ge=18, le=99), Normal(mean=35, deviation=15)])
    assert p_of_shares(np.bincount(values - 18, minlength=82), shares_of_cells(18, 99, 35, 15)) > FALSE_ALARM


def test_normal_multiples_have_the_probability_of_their_cell():
    law = Normal(mean=300, deviation=90)
    integers = numbers(Annotated[int, Field(ge=0, le=1000, multiple_of=25), law])
    floats = numbers(Annotated[float, Field(ge=0, le=1000, multiple_of=25), law])
    shares = shares_of_cells(0, 1000, 300, 90, 25)
    for values in (integers, floats.astype(np.int64)):
        assert p_of_shares(np.bincount(values // 25, minlength=41), shares) > FALSE_ALARM


def test_normal_dates_have_the_probability_of_their_day():
    first, last = datetime.date(2020, 1, 1), datetime.date(2020, 12, 31)
    values = numbers(Annotated[datetime.date, Field(ge=first, le=last), Normal()])
    epoch = datetime.date(1970, 1, 1)
    low, high = (first - epoch).days, (last - epoch).days
    shares = shares_of_cells(low, high, (low + high) / 2, (high - low) / 6)
    assert p_of_shares(np.bincount(values - low, minlength=high - low + 1), shares) > FALSE_ALARM


def test_normal_times_have_their_mean_and_deviation_in_seconds():
    first, last = datetime.datetime(2020, 1, 1), datetime.datetime(2020, 1, 3)
    low, mean, deviation = 1_577_836_800, 1_577_836_800 + 36_000, 20_000
    law = truncated_distribution(low, low + 2 * 86_400, mean, deviation)
    values = numbers(Annotated[datetime.datetime, Field(ge=first, le=last), Normal(mean=mean, deviation=deviation)])
    assert p_of_law(values / 1e6, law) > FALSE_ALARM


# -- the quantile table ---------------------------------------------------------------------------------------

INSIDE = [(-3.0, 3.0), (-1.0, 3.0), (-10.0, 10.0), (-38.0, 38.0), (-1e9, 1e9), (0.0, 1e-3), (0.0, 1e9)]
TRUNCATIONS = [*INSIDE, (4.0, 6.0), (-6.0, -4.0), (8.0, 20.0), (-20.0, -8.0), (29.0, 31.0)]


def words_and_probabilities():
    """Words for each end, and their probabilities counted from that end: evenly spaced, and far into the tails."""
    generator = np.random.default_rng(5)
    even = generator.integers(0, 2**63, 30_000, np.uint64)
    tails = generator.integers(2**62, 2**63, 20_000, np.uint64) >> generator.integers(0, 37, 20_000).astype(np.uint64)
    lower = np.concatenate([even, tails, np.array([1, 2**63 - 1], np.uint64)])
    return lower, lower.astype(np.float64) / 2.0**64


@pytest.mark.parametrize(("low", "high"), TRUNCATIONS)
def test_quantiles_of_the_table_are_those_of_the_law_to_5e_10_in_probability(low, high):
    table, (words, u) = normal_table(low, high, 0.0, 1.0), words_and_probabilities()
    law = truncated(low, high, 0, 1)
    assert np.max(np.abs(law.cdf(table.at(words)) - u)) < 5e-10
    assert np.max(np.abs(law.sf(table.at(words | np.uint64(2**63))) - u)) < 5e-10
    exact = law.ppf(u)
    shown = law.pdf(exact) > 1e-3  # where a quantile is far from its neighbours, probability says nothing of it
    assert np.max(np.abs(table.at(words) - exact)[shown] * law.pdf(exact)[shown]) < 5e-10


@pytest.mark.parametrize("bound", [10.0, 38.0, 1e9])
def test_tails_of_a_law_with_far_bounds_end_with_the_words_and_not_at_the_bounds(bound):
    """The least word stands for a probability of 2^-64: no value lies beyond that quantile, 9.1 deviations out."""
    values = normal_table(-bound, bound, 0.0, 1.0).at(np.array([0, 1, 2**20, 2**63, 2**63 + 1], np.uint64))
    assert np.max(np.abs(values)) < stats.norm.isf(2.0**-64) * 1.01


@pytest.mark.parametrize(("low", "high"), [(-10.0, 10.0), (-3.0, 3.0), (4.0, 6.0)])
def test_tails_of_the_table_keep_their_proportions(low, high):
    """Relative error of the probability beyond a quantile, down to 2^-30."""
    table, (words, u) = normal_table(low, high, 0.0, 1.0), words_and_probabilities()
    words, u = words[u > 2.0**-30], u[u > 2.0**-30]
    mass = special.ndtr(-low) - special.ndtr(-high) if low > 0 else special.ndtr(high) - special.ndtr(low)
    values = table.at(words)
    below = (special.ndtr(-low) - special.ndtr(-values) if low > 0 else special.ndtr(values) - special.ndtr(low)) / mass
    assert np.max(np.abs(below / u - 1)) < 1e-4


@pytest.mark.parametrize(("low", "high"), TRUNCATIONS)
def test_quantiles_ascend_with_the_word_and_stay_between_the_bounds(low, high):
    table, words = normal_table(low, high, 0.0, 1.0), np.sort(words_and_probabilities()[0])
    lower, upper = table.at(words), table.at(words | np.uint64(2**63))
    rounding = 1e-14 * abs(low)
    assert (np.diff(lower) >= -rounding).all()
    assert (np.diff(upper) <= rounding).all()
    assert lower[-1] <= upper[-1] + rounding
    assert low <= lower.min() <= upper.max() <= high
    if max(-low, high) < 7:
        assert table.at(np.array([0, 2**63], np.uint64)).tolist() == pytest.approx([low, high], rel=1e-9)


def test_a_normal_law_far_inside_the_default_bounds_has_its_mean_and_deviation():
    """Mean and deviation within 5 standard errors (6e-7)."""
    law = Normal(mean=1000, deviation=10)
    for values in (numbers(Annotated[int, law]), numbers(Annotated[float, law])):
        assert abs(values.mean() - 1000) < 5 * 10 / math.sqrt(N)
        assert abs(values.std() - math.sqrt(100 + 1 / 12 * (values.dtype == np.int64))) < 5 * 10 / math.sqrt(2 * N)


def test_a_quantile_table_equals_its_twin():
    """Octave, cell and cubic of each word, in Python integers and floats."""
    table = normal_table(-1.0, 3.0, 0.5, 2.0)
    words = np.random.default_rng(6).integers(0, 2**64, 500, np.uint64)
    words = np.concatenate([words, words >> np.uint64(30), np.array([0, 1, 2**63 - 1, 2**63, 2**64 - 1], np.uint64)])
    assert table.at(words).tolist() == [quantile_twin(table, word) for word in words.tolist()]


def quantile_twin(table: QuantileTable, word):
    upper, v = word >> 63, word % 2**63
    octave = min(63 - max(v.bit_length(), 1), 40)
    inside = (v << octave + 2 - (octave == 40)) % 2**64
    c0, c1, c2, c3 = table.coefficients[(upper * 41 + octave) * 64 + (inside >> 58)].tolist()
    t = ((inside << 6) % 2**64 >> 11) * 2.0**-53
    return min(max(c0 + t * (c1 + t * (c2 + t * c3)), table.low), table.high)


# -- references, text, names, keys ---------------------------------------------------------------------------------


@pytest.mark.parametrize("parents", [7, 1000, 65_537, 10**9])
def test_references_choose_every_parent_equally_often(parents):
    schema = Schema()
    key = Annotated[int, PrimaryKey(order="sequential"), Field(ge=0)]
    schema.add(create_model("Parent", id=(key, ...)), parents)
    schema.add(create_model("Thing", x=(Annotated[int, ForeignKey("Parent.id")], ...)), N)
    chosen = schema.table("Thing").source.at(range(N)).column("x").to_numpy()
    assert p_of_uniform(chosen, 0, parents, min(parents, 1000)) > FALSE_ALARM


@pytest.fixture(scope="module")
def texts():
    """A million texts of 1 to 40 characters: their lengths, their letters one after another, and where each starts."""
    array = column(Annotated[str, Field(max_length=40)])
    offsets = np.frombuffer(array.buffers()[1], np.int32)[: N + 1]
    return np.diff(offsets), np.frombuffer(array.buffers()[2], np.uint8)[: offsets[-1]], offsets[:-1]


LETTERS = [code for code in range(33, 127) if not chr(code).isdigit()]


def test_lengths_of_texts_are_uniform(texts):
    assert p_of_uniform(texts[0], 1, 40, 40) > FALSE_ALARM


def test_letters_of_texts_are_uniform(texts):
    counts = np.bincount(texts[1], minlength=256)
    assert counts.sum() == counts[LETTERS].sum()
    assert stats.chisquare(counts[LETTERS]).pvalue > FALSE_ALARM


@pytest.mark.parametrize("place", [0, 1, 2, 3, 4, 20, 39])
def test_letters_are_uniform_at_every_place_of_a_text(texts, place):
    lengths, letters, starts = texts
    counts = np.bincount(letters[starts[lengths > place] + place], minlength=256)
    assert stats.chisquare(counts[LETTERS]).pvalue > FALSE_ALARM


@pytest.mark.parametrize("distance", [1, 2, 4])
def test_pairs_of_letters_of_a_text_are_uniform(texts, distance):
    lengths, letters, starts = texts
    first = starts[lengths > 20] + 8
    index = np.zeros(256, np.int64)
    index[LETTERS] = range(84)
    counts = np.bincount(index[letters[first]] * 84 + index[letters[first + distance]], minlength=84 * 84)
    assert stats.chisquare(counts).pvalue > FALSE_ALARM


def test_lengths_of_texts_do_not_decide_their_letters(texts):
    lengths, letters, starts = texts
    table = np.array([np.bincount(letters[starts[lengths == size]], minlength=256)[LETTERS] for size in range(1, 41)])
    assert stats.chi2_contingency(table).pvalue > FALSE_ALARM


def test_given_names_are_as_frequent_as_their_weights():
    people = column(Annotated[str, Domain("name"), Field(max_length=60)])
    names, weights = given_names()
    drawn = {item["values"]: item["counts"] for item in pa.compute.value_counts(first_words(people)).to_pylist()}
    assert p_of_shares(np.array([drawn.get(name, 0) for name in names]), weights) > FALSE_ALARM


def first_words(people):
    return pa.compute.replace_substring_regex(people, " .*", "")


@pytest.mark.parametrize("stride", [2**12, 2**33, 1])
def test_gaps_of_ascending_keys_are_uniform(stride):
    """Where strides are whole, a key's place in its own is uniform; narrow and wide strides."""
    ranks = KeyOrder("ascending", N, stride * N, 12).ranks(range(N))
    places = (ranks - np.arange(N, dtype=np.uint64) * np.uint64(stride)).astype(np.int64)
    assert 0 <= places.min() <= places.max() < stride
    assert stride == 1 or p_of_uniform(places, 0, stride, 1024) > FALSE_ALARM


def test_scattered_keys_are_uniform_over_their_domain():
    ranks = KeyOrder("scattered", N, 2**40, 13).ranks(range(N))
    assert p_of_uniform(ranks.astype(np.int64), 0, 2**40) > FALSE_ALARM


def test_scattered_text_keys_have_uniform_letters():
    keys = column(Annotated[str, PrimaryKey(), Field(min_length=12, max_length=12)], 200_000)
    letters = np.frombuffer(keys.buffers()[2], np.uint8)[: 200_000 * 12].reshape(-1, 12)
    values = [stats.chisquare(np.bincount(letters[:, i], minlength=256)[LETTERS]).pvalue for i in range(12)]
    assert min(values) * 12 > FALSE_ALARM
