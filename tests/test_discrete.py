"""Proves guide tables, laws of counts, Zipf's head and tail, and laws of pieces, against weights summed exactly."""

import itertools
import pickle
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from gen.synth.grids import Grid, reachable
from gen.synth.laws.counting import counting_sampler, counts_of
from gen.synth.laws.discrete import Choice, Piece, Pieces, binomial_weights, poisson_weights, starts_of
from gen.synth.laws.lines import Refused
from law_cases import p_of_shares

N = 1_000_000
FALSE_ALARM = 1e-6  # of each test, were its seed not fixed
EDGES = np.array([0, 1, 2, 2**32, 2**63 - 1, 2**63, 2**63 + 1, 2**64 - 2, 2**64 - 1], np.uint64)


def words(count=N, seed=3):
    return np.random.default_rng(seed).integers(0, 2**64, count, np.uint64)


def sampler(name, low, high, step=1, origin=0, count=1, **parameters):
    grid = Grid(low, step, (high - low) // step + 1)
    return counting_sampler(name, counts_of(name, grid, Fraction(origin), Fraction(count), parameters), parameters)


def twin(starts, values, word):
    """The last piece whose start is not above the word, in Python integers."""
    return values[max(i for i, start in enumerate(starts[:-1]) if start <= word)]


@pytest.mark.parametrize("size", [1, 2, 3, 10, 1000])
def test_a_choice_equals_its_twin(size):
    weights = np.random.default_rng(size).exponential(size=size) ** 8
    law = Choice(np.arange(size) * 7 - 3, weights)
    starts = starts_of(weights).tolist()
    some = np.concatenate(
        [words(200), EDGES, np.array(starts, np.uint64), np.array(starts[1:], np.uint64) - np.uint64(1)]
    )
    assert law.at(some).tolist() == [twin(starts, law.values.tolist(), word) for word in some.tolist()]


def test_starts_of_pieces_are_exact_in_both_tails():
    starts = starts_of(np.array([2.0**-60, 0.5, 0.5, 2.0**-60])).tolist()
    assert starts == [0, 16, 2**63, 2**64 - 16, 2**64 - 1]


def test_a_choice_without_weight_is_never_drawn_and_values_ascend_with_the_word():
    law = Choice(np.arange(5), np.array([0, 1, 0, 2, 0.0]))
    found = law.at(np.sort(np.concatenate([words(10_000), EDGES])))
    assert set(found.tolist()) == {1, 3}
    assert (np.diff(found) >= 0).all()


@pytest.mark.parametrize("mean", [0.01, 1, 7.5, 120, 10_000, 1e8])
def test_poisson_weights_are_those_of_scipy(mean):
    first, weights = poisson_weights(mean)
    counts = np.arange(first, first + len(weights))
    exact = stats.poisson(mean).pmf(counts)
    rounding = max(1e-9, mean * 1e-14)  # of SciPy's, which takes the logarithm of a factorial
    assert np.allclose(weights / weights.sum(), exact, rtol=rounding, atol=1e-22)
    assert stats.poisson(mean).sf(counts[-1]) < 2.0**-64
    assert stats.poisson(mean).cdf(first - 1) < 2.0**-64


@pytest.mark.parametrize(("trials", "probability"), [(1, 0.5), (10, 0.01), (400, 0.3), (400, 0.999), (10**7, 1e-4)])
def test_binomial_weights_are_those_of_scipy(trials, probability):
    first, weights = binomial_weights(trials, probability)
    counts = np.arange(first, first + len(weights))
    exact = stats.binom(trials, probability).pmf(counts)
    assert np.allclose(weights / weights.sum(), exact, rtol=1e-8, atol=1e-22)
    assert stats.binom(trials, probability).sf(counts[-1]) < 2.0**-64


@pytest.mark.parametrize(("low", "step"), [(0, 1), (90, 1), (100, 5), (3, 7)])
def test_poisson_on_part_of_its_counts_is_conditioned_on_them(low, step):
    values = sampler("poisson", low, low + step * 200, step, mean=120.0).at(words())
    points = low + step * np.arange(201)
    counts = np.array([(values == point).sum() for point in points])
    assert counts.sum() == N
    assert p_of_shares(counts, stats.poisson(120).pmf(points))[1] > FALSE_ALARM


@pytest.mark.parametrize("probability", [0.5, 0.03, 1e-3, 1e-4])
def test_geometric_counts_failures(probability):
    """Listed, and as the whole part of an exponential variable."""
    last = int(20 / probability)
    values = sampler("geometric", 0, last, probability=probability).at(words())
    edges = np.unique(np.linspace(0, last + 1, 200).astype(np.int64))
    shares = (1 - probability) ** edges[:-1] - (1 - probability) ** edges[1:]
    assert p_of_shares(np.histogram(values, edges - 0.5)[0], shares)[1] > FALSE_ALARM


def zipf_mass(low, high, exponent):
    """The sum of k^-exponent for k from low to high: exactly up to a million, then by Euler and Maclaurin."""
    exact = min(high, 10**6)
    total = float(np.sum(np.arange(low, exact + 1, dtype=np.float64)[::-1] ** -exponent)) if low <= exact else 0.0
    a, b = max(low, 10**6 + 1), high
    if b >= a:
        rest = 1 - exponent
        whole = np.log(b / a) if not rest else (b**rest - a**rest) / rest
        total += (
            whole + (a**-exponent + b**-exponent) / 2 + exponent * (a ** (-exponent - 1) - b ** (-exponent - 1)) / 12
        )
    return total


@pytest.mark.parametrize("exponent", [0.5, 0.8, 1.0, 1.1, 2.0, 3.5])
@pytest.mark.parametrize("last", [65_536, 65_537, 10**6, 10**9])
def test_zipf_has_the_exact_weights_of_its_ranks(exponent, last):
    values = sampler("zipf", 0, last, exponent=exponent).at(words())
    assert 1 <= values.min() <= values.max() <= last
    edges = np.unique(np.geomspace(1, last + 1, 200).astype(np.int64))
    edges[-1] = last + 1
    shares = [zipf_mass(int(a), int(b) - 1, exponent) for a, b in itertools.pairwise(edges)]
    assert p_of_shares(np.histogram(values, edges - 0.5)[0], shares)[1] > FALSE_ALARM


def test_the_join_of_zipfs_head_and_tail_is_where_it_should_be():
    """Probabilities of single ranks around it, read off the words at which values change."""
    law = sampler("zipf", 0, 10**9, exponent=1.0)
    total = zipf_mass(1, 10**9, 1.0)

    def first_word(rank):
        low, high = 0, 2**64 - 1
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if law.at(np.array([middle], np.uint64))[0] >= rank else (middle + 1, high)
        return low

    for rank in (1, 2, 65_535, 65_536, 65_537, 65_538, 70_000, 10**6):
        share = (first_word(rank + 1) - first_word(rank)) / 2**64
        assert share == pytest.approx(1 / rank / total, rel=2e-4), rank
        assert first_word(rank) / 2**64 == pytest.approx(zipf_mass(1, rank - 1, 1.0) / total, abs=2e-9)


@pytest.mark.parametrize(
    "law",
    [
        sampler("zipf", 0, 10**9, exponent=0.9),
        sampler("zipf", 0, 10**18, exponent=1.5, step=1),
        sampler("zipf", 1000, 10**7, exponent=1.0, step=10),
        sampler("geometric", 0, 10**6, probability=1e-5),
        sampler("poisson", 0, 10**9, mean=1e6),
    ],
)
def test_counts_ascend_with_the_probability_and_travel(law):
    some = np.sort(np.concatenate([words(50_000), EDGES]))
    found = law.at(law.words_of(some))
    assert (np.diff(found) >= 0).all()
    assert pickle.loads(pickle.dumps(law)).at(some).tolist() == law.at(some).tolist()


@pytest.mark.parametrize("seed", range(30))
def test_reachable_grid_points_are_those_that_are_counts(seed):
    generator = np.random.default_rng(seed)
    first, step, count, least = (int(generator.integers(*ends)) for ends in ((-50, 50), (1, 9), (1, 60), (0, 3)))
    grid = Grid(first, step, count)
    origin, worth = (
        Fraction(int(generator.integers(-90, 90)), int(generator.integers(1, 4))),
        Fraction(int(generator.integers(1, 12)), int(generator.integers(1, 4))),
    )
    points = {first + step * i for i in range(count)}
    expected = [(k, origin + worth * k) for k in range(least, 900) if origin + worth * k in points]
    found, k, stride = reachable(grid, origin, worth, least, 899)
    assert [(k + stride * i, found.first + found.step * i) for i in range(max(found.count, 0))] == expected


def test_a_law_too_large_for_a_table_is_refused_with_its_remedy():
    with pytest.raises(Refused) as caught:
        sampler("poisson", 0, 10**13, mean=1e12)
    assert '"normal"' in caught.value.hint and '"deviation": 1e+06' in caught.value.hint


def test_pieces_equal_their_twin():
    """Atoms and straight lines, in Python integers and floats."""
    law = Pieces([Piece(1, -5.0), Piece(2, 0.0, 10.0), Piece(0, 11.0), Piece(1, 20.0, 1.0), Piece(4, 30.0)], -5.0, 30.0)
    starts = [0, 2**61, 2**61 * 3, 2**63]
    some = np.sort(np.concatenate([words(2000), EDGES, np.array(starts, np.uint64)]))

    def expected(word):
        piece = max(i for i, start in enumerate(starts) if start <= word)
        value, width, size = [(-5, 0, 2**61), (0, 10, 2**62), (20, 1, 2**61), (30, 0, 2**63)][piece]
        return value + width / size * float(word - starts[piece])

    assert law.at(some).tolist() == pytest.approx([expected(word) for word in some.tolist()], rel=1e-14, abs=1e-300)
    assert (np.diff(law.at(some)) >= 0).all()
