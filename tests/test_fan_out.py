"""Proves that fan-outs are exact: histograms as asked, both directions agree with counting, no order is seen."""

import pickle
from itertools import product
from math import lgamma

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gen.errors import CapacityError
from gen.relations import arranged as arranging
from gen.relations.fan_out import FanOut, ScatteredFanOut
from gen.relations.histogram import Histogram, histogram_of
from gen.relations.level_kernels import to_parents


def array(values):
    return np.array(list(values), np.uint64)


def poisson(mean, most=40):
    counts = np.arange(most + 1)
    return counts, np.exp(counts * np.log(mean) - mean - np.array([lgamma(k + 1) for k in counts]))


def zipf(exponent, most):
    counts = np.arange(1, most + 1)
    return counts, counts.astype(np.float64) ** -exponent


def listed(shares):
    return np.array(list(shares), np.int64), np.array(list(shares.values()), np.float64)


LAWS = {
    "poisson": poisson(3.0),
    "zipf": zipf(2.0, 10_000),
    "constant": listed({3: 1}),
    "few": listed({0: 0.2, 1: 0.3, 2: 0.5}),
    "mostly none": listed({0: 0.99, 1000: 0.01}),
    "none": listed({0: 1}),
    "holes": listed({1: 0.5, 4: 0.4, 90: 0.1}),
}
SIZES = [0, 1, 2, 3, 997, 4096, 65_535, 65_536, 65_537, 1_000_000]
LIMITS = [(2**17, 2**17), (4096, 1024), (100, 10_000), (1, 1)]  # as they are; and so small that there are many levels


# -- histograms -------------------------------------------------------------------------------------------


def brute_totals(support, parents):
    """All totals that so many parents can have."""
    totals = {0}
    for _ in range(parents):
        totals = {total + int(count) for total, count in product(totals, support)}
    return sorted(totals)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("size", SIZES)
def test_without_a_total_a_histogram_is_the_law_to_one_parent_a_cumulated_share(law, size):
    counts, weights = LAWS[law]
    histogram = histogram_of("here", counts, weights, size)
    assert histogram.size == size
    assert (histogram.parents > 0).all() and (np.diff(histogram.counts) > 0).all()
    asked = np.cumsum(weights) / weights.sum() * size
    has = [histogram.parents[histogram.counts <= count].sum() for count in counts]
    assert np.abs(has - asked).max(initial=0) <= 0.5 + 1e-6
    assert histogram.total == sum(int(k) * int(n) for k, n in zip(histogram.counts, histogram.parents, strict=True))


@pytest.mark.parametrize("total", [0, 1, 17, 2900, 3000, 3100, 39_000, 39_999, 40_000])
def test_a_total_is_met_exactly(total):
    histogram = histogram_of("here", *LAWS["poisson"], 1000, total)
    assert (histogram.size, histogram.total) == (1000, total)


@pytest.mark.parametrize("mean", [0.5, 2.0, 3.5, 9.0])
def test_with_another_total_a_poisson_law_is_the_one_of_that_mean(mean):
    histogram = histogram_of("here", *poisson(3.0, 60), 1_000_000, int(mean * 1_000_000))
    counts, weights = poisson(mean, 60)
    asked = np.rint(np.cumsum(weights / weights.sum()) * 1_000_000)
    has = np.array([histogram.parents[histogram.counts <= count].sum() for count in counts])
    assert np.abs(has - asked).max() <= 2


@pytest.mark.parametrize(
    ("size", "total"), [(10**9, 3 * 10**9 + 12_345), (2**53 // 4, 2**53), (10**12, 10**12 + 1), (2**53, 2**53)]
)
def test_a_total_is_met_by_very_many_parents(size, total):
    histogram = histogram_of("here", *LAWS["poisson"], size, total)
    assert (histogram.size, histogram.total) == (size, total)


def test_a_wide_law_meets_its_total():
    histogram = histogram_of("here", *zipf(1.1, 1_000_000), 10**9, 10**13 + 7)
    assert (histogram.size, histogram.total) == (10**9, 10**13 + 7)


def test_counts_without_weight_are_never_used():
    histogram = histogram_of("here", np.arange(5), np.array([0.0, 1, 0, 1, 0]), 1000, 2220)
    assert set(histogram.counts.tolist()) == {1, 3}
    assert histogram.total == 2220


@pytest.mark.parametrize(("total", "counts"), [(1000, [1]), (4000, [4])])
def test_the_least_and_the_most_children_are_one_class(total, counts):
    histogram = histogram_of("here", *listed({1: 0.5, 4: 0.5}), 1000, total)
    assert histogram.counts.tolist() == counts and histogram.parents.tolist() == [1000]


@pytest.mark.parametrize("total", [None, 0])
def test_no_parents_have_no_children(total):
    histogram = histogram_of("here", *LAWS["poisson"], 0, total)
    assert (histogram.size, histogram.total, histogram.counts.size) == (0, 0, 0)


@pytest.mark.parametrize(
    ("law", "size", "total", "below", "above"),
    [
        ({1: 0.5, 4: 0.5}, 10, 12, 10, 13),
        ({1: 0.5, 4: 0.5}, 10, 9, None, 10),
        ({1: 0.5, 4: 0.5}, 10, 41, 40, None),
        ({2: 1}, 10, 21, 20, None),
        ({0: 1, 2: 1, 3: 1}, 1000, 1, 0, 2),
        ({0: 1, 1: 1, 10**6: 1}, 10, 500_000, 10, 10**6),
        ({3: 1}, 0, 1, 0, None),
    ],
)
def test_a_total_that_cannot_be_met_is_refused_with_the_nearest(law, size, total, below, above):
    with pytest.raises(CapacityError, match=rf"^Line\.order: {total:,} children are asked for") as refused:
        histogram_of("Line.order", *listed(law), size, total)
    assert (refused.value.facts["below"], refused.value.facts["above"]) == (below, above)
    for number in {below, above} - {None}:
        assert f"{number:,}" in str(refused.value)
        assert histogram_of("Line.order", *listed(law), size, number).total == number


@settings(deadline=None, max_examples=150)
@given(st.dictionaries(st.integers(0, 30), st.floats(1e-3, 1), min_size=1, max_size=5), st.integers(0, 6), st.data())
def test_a_total_is_met_if_any_histogram_has_it_and_else_the_nearest_are_named(law, size, data):
    """Against all totals there are."""
    law = dict(sorted(law.items()))
    possible = brute_totals(law, size)
    total = data.draw(st.integers(0, possible[-1] + 3))
    if total in possible:
        histogram = histogram_of("here", *listed(law), size, total)
        assert (histogram.size, histogram.total) == (size, total)
        assert set(histogram.counts.tolist()) <= set(law)
        return
    with pytest.raises(CapacityError) as refused:
        histogram_of("here", *listed(law), size, total)
    below = max((other for other in possible if other < total), default=None)
    above = min((other for other in possible if other > total), default=None)
    assert (refused.value.facts["below"], refused.value.facts["above"]) == (below, above)


# -- both directions, in full -------------------------------------------------------------------------------


def check(fan):
    """Against counting: the counts of all parents, laid out one after the other."""
    size, total = fan.size, fan.total
    first, count = fan.children_of(range(size))
    values, numbers = np.unique(count, return_counts=True)
    assert values.tolist() == fan.histogram.counts.tolist()
    assert numbers.tolist() == fan.histogram.parents.tolist()
    assert int(count.sum()) == total
    assert np.array_equal(first, np.cumsum(count) - count)
    expected = np.repeat(np.arange(size, dtype=np.uint64), count.astype(np.int64))
    parents, ordinals = fan.parents_of(range(total))
    assert np.array_equal(parents, expected)
    assert np.array_equal(ordinals, np.arange(total, dtype=np.uint64) - first[expected.astype(np.int64)])
    generator = np.random.default_rng(1)
    rows = generator.permutation(total)
    for found, known in zip(fan.parents_of(rows.astype(np.uint64)), (parents, ordinals), strict=True):
        assert np.array_equal(found, known[rows])
    rows = generator.permutation(size)
    for found, known in zip(fan.children_of(rows.astype(np.uint64)), (first, count), strict=True):
        assert np.array_equal(found, known[rows])
    for start, stop in np.sort(generator.integers(0, total + 1, (20, 2))).tolist():
        assert np.array_equal(fan.parents_of(range(start, stop))[0], parents[start:stop])


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("law", LAWS)
def test_both_directions_agree_with_counting(limits, law, monkeypatch):
    monkeypatch.setattr(arranging, "ARRANGED", limits[0])
    monkeypatch.setattr(arranging, "ODD", limits[1])
    for size in SIZES:
        histogram = histogram_of("here", *LAWS[law], size)
        if histogram.total < (4_000_000 if limits == LIMITS[0] else 400_000):
            check(FanOut(histogram, 5))


@settings(deadline=None, max_examples=60)
@given(
    st.dictionaries(st.integers(0, 500), st.integers(1, 400), min_size=1, max_size=8),
    st.integers(0, 2**64 - 1),
    st.sampled_from([1, 2, 7, 64, 2**17]),
    st.sampled_from([1, 20, 2**17]),
)
def test_any_histogram_at_any_limits_agrees_with_counting(classes, key, arranged, odd):
    counts, parents = (np.array(side, np.int64) for side in zip(*sorted(classes.items()), strict=True))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arranging, "ARRANGED", arranged)
        patch.setattr(arranging, "ODD", odd)
        check(FanOut(Histogram(counts, parents), key))


def depth(fan):
    level, levels = fan._arranged, 0
    while level:
        level, levels = level.inner, levels + 1
    return levels


@pytest.mark.parametrize("law", LAWS)
def test_the_way_through_two_levels_at_once_is_that_through_each(law):
    """At random children, at the first and the last, and those of odd parents."""
    met = 0
    for size in (140_000, 300_000, 1_000_003):
        fan = FanOut(histogram_of("here", *LAWS[law], size), size)
        level = fan._arranged
        if level.two_levels is None:
            continue
        met += 1
        odd = level.records[1:-1, 1]
        children = np.random.default_rng(1).integers(0, fan.total, 100_000, np.uint64)
        children = np.concatenate([children, odd[odd < fan.total], np.array([0, fan.total - 1], np.uint64)])
        found = fan.parents_of(children)
        meant = level.search(children, to_parents, "guide", "shift", listed=True)
        assert (found[0] == meant[0]).all() and (found[1] == meant[1]).all()
    assert met or law != "poisson"


def test_the_sizes_above_cover_one_level_and_many(monkeypatch):
    fan = FanOut(histogram_of("here", *LAWS["poisson"], 100_000), 5)
    assert depth(fan) == 1
    assert depth(FanOut(histogram_of("here", *LAWS["poisson"], 1_000_000), 5)) == 2
    monkeypatch.setattr(arranging, "ARRANGED", 100)
    monkeypatch.setattr(arranging, "ODD", 100)
    assert depth(FanOut(fan.histogram, 5)) > 3


# -- beyond what can be written down ------------------------------------------------------------------------


@pytest.mark.parametrize("law", ["poisson", "zipf", "few", "mostly none"])
@pytest.mark.parametrize("size", [2**32 + 1, 10**12 + 39, 2**53 // 20])
def test_very_many_parents_are_invertible_and_their_blocks_join(law, size):
    histogram = histogram_of("here", *LAWS[law], size)
    if histogram.total > 2**53:
        histogram = histogram_of("here", *LAWS["few"], size)
    fan = FanOut(histogram, 7)
    generator = np.random.default_rng(2)
    ends = [0, 1, fan.total // 2, fan.total - 1]
    rows = np.concatenate([array(ends), generator.integers(0, fan.total, 20_000, np.uint64)])
    parents, ordinals = fan.parents_of(rows)
    first, count = fan.children_of(parents)
    assert np.array_equal(first + ordinals, rows)
    assert (ordinals < count).all()
    for start in [0, fan.size - 10_000, *generator.integers(0, fan.size - 10_000, 20).tolist()]:
        some = range(start, start + 10_000)
        first, count = fan.children_of(some)
        assert np.array_equal(first[1:], (first + count)[:-1])
        children = range(int(first[0]), int(first[0] + count.sum()))
        parents, ordinals = fan.parents_of(children)
        assert np.array_equal(parents, np.repeat(array(some), count.astype(np.int64)))
        gathered = fan.parents_of(array(children))
        assert np.array_equal(parents, gathered[0]) and np.array_equal(ordinals, gathered[1])
    assert [int(end) for end in fan.children_of(array([0]))[0]] == [0]
    last, its = fan.children_of(array([fan.size - 1]))
    assert int(last[0] + its[0]) == fan.total


@pytest.mark.parametrize("law", ["poisson", "zipf"])
def test_tables_take_some_megabytes_however_many_parents(law):
    for size in (10**7, 10**9, 10**12):
        fan = FanOut(histogram_of("here", *LAWS[law], size), 1)
        level, held = fan._arranged, 0
        while level:
            held += level.records.nbytes + level.guide.nbytes
            level = level.inner
        assert held < 40_000_000


def test_more_than_2_to_the_53_children_are_refused():
    with pytest.raises(ValueError, match="2\\^53"):
        FanOut(histogram_of("here", *listed({1000: 1}), 2**50), 1)


# -- scattered children, and all children of some parents ----------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 2, 1000, 200_000])
@pytest.mark.parametrize("law", ["poisson", "few", "none"])
def test_child_rows_are_those_that_have_these_parents(law, size):
    ordered = FanOut(histogram_of("here", *LAWS[law], size), 3)
    for fan in (ordered, ScatteredFanOut(ordered, 4)):
        known, count = fan.child_rows_of(range(size))
        rows = np.asarray(known, np.uint64)
        assert np.array_equal(np.asarray(fan.child_rows_of(np.arange(size, dtype=np.uint64))[0], np.uint64), rows)
        assert np.array_equal(np.sort(rows), np.arange(fan.total, dtype=np.uint64))
        assert np.array_equal(count, ordered.children_of(range(size))[1])
        parents, ordinals = fan.parents_of(rows)
        assert np.array_equal(parents, np.repeat(np.arange(size, dtype=np.uint64), count.astype(np.int64)))
        first = np.repeat(np.cumsum(count) - count, count.astype(np.int64))
        assert np.array_equal(ordinals, np.arange(fan.total, dtype=np.uint64) - first)
        whole = fan.parents_of(range(fan.total))
        assert np.array_equal(whole[0][rows.astype(np.int64)], parents)
        assert np.array_equal(fan.counts_of(range(size)), count)


def test_scattered_children_are_not_in_parent_order():
    """Rank correlation of parent and child row: normal with 1 / sqrt(n). False alarms: 1e-6 a key."""
    ordered = FanOut(histogram_of("here", *LAWS["poisson"], 50_000), 3)
    for key in range(4):
        fan = ScatteredFanOut(ordered, key)
        parents, _ = fan.parents_of(range(fan.total))
        correlation = stats.spearmanr(parents, np.arange(fan.total)).statistic
        assert abs(correlation) * np.sqrt(fan.total) < 4.9


# -- who has which count looks random -----------------------------------------------------------------------

RANDOM = [
    (law, limits) for law in ("poisson", "zipf", "few") for limits in [(2**17, 2**17), (4096, 4096), (500, 20_000)]
]


def correlations(count, lags):
    """Rank correlations of the counts with the row, and with the row so much further on."""
    ranks = stats.rankdata(count)
    return [np.corrcoef(ranks, np.arange(ranks.size))[0, 1]] + [
        np.corrcoef(ranks[lag:], ranks[:-lag])[0, 1] for lag in lags
    ]


@pytest.mark.parametrize(("law", "limits"), RANDOM)
def test_counts_are_independent_of_the_row_number_and_of_their_neighbours(law, limits, monkeypatch):
    """Normal with 1 / sqrt(n) at most, n the parents of the arrangement, since every block repeats what correlation it
    happens to have. False alarms: 1e-6 each, 2e-4 in all.
    """
    monkeypatch.setattr(arranging, "ARRANGED", limits[0])
    monkeypatch.setattr(arranging, "ODD", limits[1])
    size = 200_000
    for key in range(4):
        _, count = FanOut(histogram_of("here", *LAWS[law], size), key).children_of(range(size))
        found = correlations(count, (1, 2, 64, 4096))
        assert np.abs(found).max() * np.sqrt(min(size, limits[0]) / 2) < 4.9, found


@pytest.mark.parametrize("law", ["poisson", "zipf", "few"])
def test_a_stretch_of_very_many_parents_is_independent_too_and_repeats_no_block(law):
    """The same at the true limits, the distance of a block and its neighbours among the lags. False alarms: 1e-6."""
    fan = FanOut(histogram_of("here", *LAWS[law], 10**9), 8)
    level = fan._arranged
    while level.inner.inner:
        level = level.inner
    block = level.inner.size + round(level.inner.size * len(level.records) / level.size)  # with its odd parents
    for start in (0, 777_777_777):
        _, count = fan.children_of(range(start, start + 1_000_000))
        found = correlations(count, (1, 2, 3, 1000, *range(block - 3, block + 4)))
        assert np.abs(found).max() * np.sqrt(2**16) < 4.9, found


@pytest.mark.parametrize(("law", "limits"), RANDOM)
def test_giants_are_anywhere(law, limits, monkeypatch):
    """Chi-square of the rows of the thousandth with the most children over 32 bins, and of what they are modulo 32.
    Dealt evenly, they are too even, never too uneven. False alarms: 1e-6 each, 1e-4 in all.
    """
    monkeypatch.setattr(arranging, "ARRANGED", limits[0])
    monkeypatch.setattr(arranging, "ODD", limits[1])
    size = 512_000
    counts, weights = LAWS[law] if law != "few" else listed({0: 0.9, 1: 0.099, 50: 0.001})
    for key in range(4):
        _, count = FanOut(histogram_of("here", counts, weights, size), key).children_of(range(size))
        giants = np.flatnonzero(count >= np.partition(count, -512)[-512])
        for bins in (giants * 32 // size, giants % 32):
            assert stats.chisquare(np.bincount(bins, minlength=32)).pvalue > 1e-6


def test_another_key_deals_otherwise():
    """Counts under two keys are uncorrelated. False alarms: 1e-6."""
    histogram = histogram_of("here", *LAWS["poisson"], 300_000)
    one, other = (FanOut(histogram, key).children_of(range(300_000))[1].astype(np.float64) for key in (1, 2))
    assert abs(np.corrcoef(one, other)[0, 1]) * np.sqrt(300_000) < 4.9


# -- travelling -----------------------------------------------------------------------------------------------


def test_a_fan_out_travels_light_and_arrives_the_same():
    ordered = FanOut(histogram_of("here", *LAWS["poisson"], 10**9), 3)
    for fan in (ordered, ScatteredFanOut(ordered, 4)):
        known = fan.parents_of(range(1000))
        travelled = pickle.dumps(fan)
        assert len(travelled) < 2000
        found = pickle.loads(travelled).parents_of(range(1000))
        assert np.array_equal(found[0], known[0]) and np.array_equal(found[1], known[1])
