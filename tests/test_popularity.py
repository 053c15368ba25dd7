"""Proves that popular rows are picked as often as declared, that their shares are known, and degrees are exact."""

import itertools
import pickle
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from gen.errors import SchemaError
from gen.schema.links import Distribution
from gen.streams import Stream
from gen.synth.related.popularity import popularity_of
from sampling import sampled

ZIPFS = [0.3, 1.0, 1.1, 2.0, 5.0]


def zipf(exponent):
    return Distribution("zipf", (("exponent", exponent),))


def hot(share, picks):
    return Distribution("hot_set", (("share", share), ("picks", picks)))


LAWS = [None, *map(zipf, ZIPFS), hot(0.2, 0.8), hot(0.8, 0.1), hot(0.1, 1.0)]
OTHERS = [Distribution("exponential"), Distribution("normal"), Distribution("geometric"), Distribution("pareto")]
SIZES = [1, 2, 3, 101, 4096, 65_536, 65_537, 10**6]


def popularity(law, size, key=5):
    return popularity_of("Order.customer", law, size, key)


def exact_zipf(size, exponent):
    weights = np.arange(1, size + 1, dtype=np.longdouble) ** -np.longdouble(exponent)
    return weights / weights.sum()


# -- drawn ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("law", LAWS)
def test_ranks_are_drawn_as_their_shares_say(law, size):
    """Chi-square of up to 50 classes of ranks, 100,000 words. False alarms: 1e-6 a law and size."""
    found = popularity(law, size)
    ranks = found.ranks(Stream(8).words(range(100_000)))
    assert int(ranks.max()) < size
    ends = np.unique(np.concatenate([[0], np.geomspace(1, size, 50).astype(int)]))
    shares = np.array([found.mass(a, b) for a, b in itertools.pairwise(ends)])
    assert shares.sum() == pytest.approx(1, abs=1e-12)
    counts = np.histogram(ranks, ends.astype(float))[0]
    rare = shares * 100_000 < 10
    counts, shares = np.append(counts[~rare], counts[rare].sum()), np.append(shares[~rare], shares[rare].sum())
    if shares[-1] * 100_000 < 10:
        assert counts[-1] < 60
        counts, shares = counts[:-1], shares[:-1]
    assert counts.size < 2 or stats.chisquare(counts, shares / shares.sum() * counts.sum()).pvalue > 1e-6


@pytest.mark.parametrize("size", [1, 3, 4096, 65_537, 2**33 + 1, 2**53])
@pytest.mark.parametrize("law", [*LAWS, *OTHERS])
def test_ranks_stand_for_different_rows_inside_the_table_whatever_the_law(law, size):
    found = popularity(law, size)
    words = Stream(8).words(range(2000))
    words[:2] = 0, 2**64 - 1
    ranks, rows = found.ranks(words), found.rows(words)
    assert int(max(ranks.max(), rows.max())) < size
    assert np.unique(rows).size == np.unique(ranks).size
    assert np.array_equal(found.rows_at(ranks), rows)
    assert np.array_equal(pickle.loads(pickle.dumps(found)).rows(words[5:9]), rows[5:9])


def test_the_key_says_which_rows_are_popular_and_nothing_else():
    one, same, other = popularity(zipf(1.1), 10**9), popularity(zipf(1.1), 10**9), popularity(zipf(1.1), 10**9, key=6)
    words = Stream(8).words(range(1000))
    assert np.array_equal(one.rows(words), same.rows(words))
    assert np.array_equal(one.ranks(words), other.ranks(words))
    assert not np.array_equal(one.rows(words), other.rows(words))


# -- shares ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 3, 101, 65_536, 65_537, 3_000_017])
@pytest.mark.parametrize("exponent", ZIPFS)
def test_the_shares_of_zipfs_law_are_its_sums(exponent, size):
    exact, found = exact_zipf(size, exponent), popularity(zipf(exponent), size)
    for first, stop in [(0, 1), (0, size), (0, size // 2), (size // 3, size), (size - 1, size), (size * 9 // 10, size)]:
        assert found.mass(first, stop) == pytest.approx(float(exact[first:stop].sum()), rel=1e-9, abs=0)


@pytest.mark.parametrize(("share", "picks"), [(0.2, 0.8), (0.5, 0.9), (0.8, 0.1), (1e-12, 0.5), (1 - 1e-12, 0.5)])
@pytest.mark.parametrize("size", [2, 3, 10, 1000, 10**9, 2**53])
def test_a_hot_set_is_a_whole_number_of_rows_with_exactly_its_share(share, picks, size):
    found = popularity(hot(share, picks), size)
    hot_rows = min(max(round(Fraction(str(share)) * size), 1), size - 1)
    assert found.law.cuts == (hot_rows,)
    assert found.mass(0, hot_rows) == pytest.approx(picks, rel=1e-15)
    assert found.mass(hot_rows, size) == pytest.approx(1 - picks, rel=1e-15)
    assert found.mass(0, 1) == pytest.approx(picks / hot_rows, rel=1e-15)


@pytest.mark.parametrize("law", OTHERS)
def test_the_shares_of_any_law_are_those_of_its_words(law):
    found = popularity(law, 1000)
    words = np.arange(2**20, dtype=np.uint64) << np.uint64(44)
    ranks = found.ranks(found.law.sampler.words_of(words))
    for rank in (1, 100, 500, 999):
        assert found.mass(0, rank) == pytest.approx((ranks < rank).mean(), abs=2**-19)
    assert found.mass(0, 1000) == 1


# -- degrees --------------------------------------------------------------------------------------------------


def counts_twin(found, total, cap):
    """Degrees rank by rank: rounded cumulatively, then, in descending order, cut and handed on."""
    shares = found.law.between(np.zeros(found.size + 1, int), np.arange(found.size + 1))
    sums = np.rint(np.minimum(shares, 1) * total).astype(int)
    sums[-1] = total
    degrees, surplus = [], 0
    for degree in sorted(np.diff(np.maximum.accumulate(sums)).tolist(), reverse=True):
        surplus += degree
        degrees.append(min(surplus, cap))
        surplus -= degrees[-1]
    assert surplus == 0
    return np.unique(degrees, return_counts=True)


@pytest.mark.parametrize("size", [1, 2, 3, 101, 4096, 65_537])
@pytest.mark.parametrize("law", sampled([*LAWS, OTHERS[0]], 2))
def test_degrees_equal_their_twin_rank_by_rank(law, size):
    found = popularity(law, size)
    for total in (0, 1, size // 2, size, 17 * size + 1, 1000 * size) if size < 5000 else (size, 17 * size + 1):
        for cap in {max(total, 1), max(-(-total // size), 1), max(2 * total // size, 1), max(9 * total // size, 1)}:
            if total > cap * size:
                continue
            degrees, ranks = found.counts(total, cap)
            twin = counts_twin(found, total, cap)
            assert degrees.tolist() == twin[0].tolist(), (total, cap)
            assert ranks.tolist() == twin[1].tolist(), (total, cap)


@pytest.mark.parametrize("size", [10**9, 2**53])
@pytest.mark.parametrize("law", LAWS)
def test_degrees_of_a_great_many_rows_are_exact_without_listing_them(law, size):
    for total, cap in ((10**9 + 7, 10**9 + 7), (10**9 + 7, 1000), (10**9, 1)):
        degrees, ranks = popularity(law, size).counts(total, cap)
        assert sum(ranks.tolist()) == size
        assert sum(d * n for d, n in zip(degrees.tolist(), ranks.tolist(), strict=True)) == total
        assert int(degrees[-1]) <= cap
        assert int(degrees[0]) >= 0
        assert (np.diff(degrees) > 0).all()
        assert (ranks > 0).all()


def test_what_cannot_be_counted_is_refused():
    with pytest.raises(ValueError, match="cannot have 31"):
        popularity(None, 10).counts(31, 3)
    with pytest.raises(ValueError, match="too many degrees"):
        popularity(zipf(1.0), 2**53).counts(2**53, 2**53)
    with pytest.raises(ValueError, match="1,048,576 things"):
        popularity(OTHERS[0], 10**9).counts(10**9, 10**9)


# -- declared -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("parameters", [{}, {"share": 0.2}, {"share": 0, "picks": 0.5}, {"share": 0.2, "picks": 1.5}])
def test_a_hot_set_that_makes_no_sense_is_refused(parameters):
    with pytest.raises(SchemaError, match=r"Order.customer: the distribution 'hot_set' has (share|picks)"):
        popularity(Distribution("hot_set", tuple(parameters.items())), 100)


@pytest.mark.parametrize("law", [Distribution("sequence"), Distribution("calendar"), Distribution("zopf")])
def test_a_law_that_says_nothing_of_ranks_is_refused(law):
    with pytest.raises(SchemaError, match=r"Order.customer"):
        popularity(law, 100)
