"""Proves that the picks of a row differ, that all are equally likely where they should be, and that quotas are met."""

import pickle
from fractions import Fraction
from itertools import accumulate, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gen.permutations import halves
from gen.relations.covering import Covering
from gen.relations.picks import SkewedPicks, UniformPicks, popularity_classes
from gen.streams import Stream, fill_range

examples = settings(deadline=None, max_examples=60)
SIZES = [1, 2, 3, 31, 64, 65, 101, 128, 1000, 4099]
BIG = [65_536, 65_537, 10**6, 2**32 + 15, 2**53]
ROWS = 2**17


def array(values):
    return np.array(list(values), np.uint64)


def all_picks(size, parents, key=3):
    """Each parent's picks, one row of a table for each parent."""
    asked = np.repeat(array(parents), size), np.tile(array(range(size)), len(parents))
    return UniformPicks(size, key).at(*asked).reshape(len(parents), size)


# -- all equally likely -------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
def test_the_picks_of_a_row_are_all_things_in_some_order(size):
    found = all_picks(size, [0, 1, 2, 5, 10**9, 2**40, 2**64 - 1])
    assert (np.sort(found, axis=1) == np.arange(size)).all()
    assert size < 31 or len({tuple(row) for row in found.tolist()}) == 7


@pytest.mark.parametrize("size", BIG)
def test_picks_of_many_things_differ(size):
    parents = np.repeat(array([0, 1, 2**40]), 30_000)
    first = size - 30_000 if size < 2**20 else 0
    ordinals = np.tile(array(range(first, first + 30_000)), 3)
    ordinals[29_999::30_000] = size - 1
    found = UniformPicks(size, 9).at(parents, ordinals).reshape(3, -1)
    assert all(np.unique(row).size == 30_000 for row in found)
    assert int(found.max()) < size
    assert not np.array_equal(found[0], found[1])


def test_a_whole_permutation_of_65_536_and_of_a_million():
    for size in (65_536, 10**6):
        found = UniformPicks(size, 2).at(np.full(size, 77, np.uint64), array(range(size)))
        assert np.array_equal(np.sort(found), np.arange(size))


def traced_twin(size, key, parent):
    """A Fisher-Yates shuffle, step by step, from the words of the parent's own address."""
    words = []
    for attempt in range(1, 17):
        four = np.empty(4, np.uint64)
        fill_range(four, np.uint64(parent), True, np.uint64(attempt), np.uint64(0), np.uint64(key))
        words += four.tolist()
    order = list(range(size))
    for step in range(size):
        other = step + (words[step] * (size - step) >> 32)
        order[step], order[other] = order[other], order[step]
    return order


@pytest.mark.parametrize("size", [1, 2, 3, 7, 33, 64])
def test_picks_of_few_things_equal_their_twin_a_shuffle(size):
    parents = [0, 1, 12_345, 2**33 + 1]
    assert all_picks(size, parents, 8).tolist() == [traced_twin(size, 8, parent) for parent in parents]


def network_twin(size, key, parent, ordinal):
    """The Feistel network of keys in Python integers, its round keys changed by the parent, walked inside."""
    radix, shift, last = map(int, halves(size))
    words = Stream(key).words(range(16)).tolist()
    mixed = parent * 0x9E3779B97F4A7C15 % 2**64
    mixed = (mixed ^ mixed >> 32) * 0xD6E8FEB86659FD93 % 2**64

    def half(x, word, tweak):
        product = (x ^ (word & 0xFFFFFFFF) ^ tweak) * (word >> 32 | 1)
        return product >> 32 ^ product & 0xFFFFFFFF

    x = ordinal
    while True:
        left, right = x >> shift, x & 2**shift - 1
        for number, word in enumerate(words[: 16 if size <= 65_536 else 8]):
            if number % 2 == 0:
                left = (left + (half(right, word, mixed >> 32) * radix >> 32)) % radix
            else:
                right = right + half(left, word, mixed & 0xFFFFFFFF) & 2**shift - 1
        x = left << shift | right
        if x <= last:
            return x


@pytest.mark.parametrize("size", [65, 66, 1000, 65_536, 65_537, 10**9, 2**53])
def test_picks_of_many_things_equal_their_twin_a_network(size):
    generator = np.random.default_rng(size)
    parents, ordinals = generator.integers(0, 2**63, 60, np.uint64), generator.integers(0, size, 60, np.uint64)
    twin = [network_twin(size, 5, *pair) for pair in zip(parents.tolist(), ordinals.tolist(), strict=True)]
    assert UniformPicks(size, 5).at(parents, ordinals).tolist() == twin


def p_values_of_picks(size, rows=ROWS):
    """Of the first, the second and the last pick of many rows, alone; of the first two; and of neighbouring rows'."""
    parents = array(range(rows))
    first, second, last = (
        UniformPicks(size, 4).at(parents, np.full(rows, ordinal, np.uint64)).astype(np.int64)
        for ordinal in (0, 1, size - 1)
    )
    values = [stats.chisquare(np.bincount(picks, minlength=size)).pvalue for picks in (first, second, last)]
    if size > 2:
        pairs = np.bincount(first * size + second, minlength=size * size).reshape(size, size)
        assert np.trace(pairs) == 0
        values.append(stats.chisquare(pairs[~np.eye(size, dtype=bool)]).pvalue)
    cells = min(size, 16)
    coarse = first * cells // size
    both = np.bincount(coarse[:-1] * cells + coarse[1:], minlength=cells * cells).reshape(cells, cells)
    return [*values, stats.chi2_contingency(both).pvalue]


def test_each_pick_and_pair_of_picks_of_few_things_is_equally_likely():
    """Chi-square over 131,072 rows, of every size from 2 to 66. False alarms: 1e-6, for all 324 tests together."""
    values = [p for size in range(2, 67) for p in p_values_of_picks(size)]
    assert min(values) * len(values) > 1e-6


@pytest.mark.parametrize("size", [80, 100, 127, 128])
def test_each_pair_of_picks_is_equally_likely_where_eight_rounds_are_not_enough(size):
    """Chi-square over 2^22 rows: one pass of the network fails here by 1e-8 and less. False alarms: 1e-6 a size."""
    values = p_values_of_picks(size, 2**22)
    assert min(values) * len(values) > 1e-6


@pytest.mark.parametrize("size", [1000, 65_537, 10**9, 2**53])
def test_picks_of_many_things_are_spread_evenly(size):
    """Chi-square of 32 x 32 cells: first and second pick, a row's and its neighbour's. False alarms: 1e-6 a size."""
    parents = array(range(2**18))
    first, second = (
        (UniformPicks(size, 6).at(parents, np.full(parents.size, o, np.uint64)).astype(float) * 32 / size).astype(int)
        for o in (0, 1)
    )
    for one, other in ((first, second), (first[:-1], first[1:])):
        cells = np.bincount(one * 32 + other, minlength=1024).reshape(32, 32)
        assert stats.chi2_contingency(cells).pvalue > 1e-6 / 2


@pytest.mark.parametrize("size", [2, 64, 65, 70_000])
def test_more_picks_than_things_are_refused(size):
    with pytest.raises(ValueError, match=f"{size:,} things"):
        UniformPicks(size, 1).at(array([3, 3]), array([0, size]))


@pytest.mark.parametrize("size", [0, -1, 2**53 + 1])
def test_picks_of_nothing_or_too_much_are_refused(size):
    with pytest.raises(ValueError, match="picks are of"):
        UniformPicks(size, 1)


def test_picks_do_not_depend_on_what_is_asked_beside_them():
    generator = np.random.default_rng(2)
    for size in (40, 500, 10**7):
        parents, ordinals = generator.integers(0, 2**40, 3000, np.uint64), generator.integers(0, size, 3000, np.uint64)
        picks, order = UniformPicks(size, 1), generator.permutation(3000)
        found = picks.at(parents, ordinals)
        assert np.array_equal(picks.at(parents[order], ordinals[order]), found[order])
        assert np.array_equal(pickle.loads(pickle.dumps(picks)).at(parents, ordinals), found)
        assert picks.at(parents[:0], ordinals[:0]).size == 0


# -- some more often -----------------------------------------------------------------------------------------


def skewed(picks, parents, k):
    asked = (
        np.repeat(array(parents), k),
        np.tile(array(range(k)), len(parents)),
        np.full(len(parents) * k, k, np.uint64),
    )
    return picks.at(*asked).reshape(len(parents), k)


def quotas(sizes, weights, k):
    """What each class has of k picks if nothing is rounded: its share, cut at its size, the densest classes first."""
    order = sorted(range(len(sizes)), key=lambda c: (-Fraction(weights[c]) / sizes[c], c))
    share, held, before, found = Fraction(0), 0, Fraction(0), [Fraction(0)] * len(sizes)
    for c in order:
        share, held = share + Fraction(weights[c]) / sum(map(Fraction, weights)), held + sizes[c]
        taken = min(k * share, Fraction(held))
        found[c], before = taken - before, taken
    return found


CLASSES = [
    ((1, 1, 2, 4, 8, 16), (9.0, 5.0, 4.0, 3.0, 2.0, 1.0)),
    ((3, 70, 20), (0.1, 0.1, 0.8)),
    ((2, 3), (1.0, 0.0)),
    ((1, 1, 1), (0.0, 0.0, 1.0)),
    ((5,), (2.0,)),
    ((10, 10), (1.0, 1.0)),
]


@pytest.mark.parametrize(("sizes", "weights"), CLASSES)
def test_skewed_picks_differ_and_meet_their_quotas_for_every_number_of_picks(sizes, weights):
    picks, ends = SkewedPicks(sizes, weights, 5), [0, *accumulate(sizes)]
    for k in range(1, sum(sizes) + 1):
        found = skewed(picks, range(40), k)
        assert all(len(set(row)) == k for row in found.tolist()), k
        assert int(found.max()) < sum(sizes)
        for number, quota in enumerate(quotas(sizes, weights, k)):
            inside = ((found >= ends[number]) & (found < ends[number + 1])).sum(axis=1)
            assert (abs(inside - float(quota)) < 1 + 1e-9).all(), (k, number)
            assert quota not in (0, sizes[number]) or (inside == int(quota)).all(), (k, number)


@examples
@given(
    st.lists(st.tuples(st.integers(1, 200), st.floats(0, 1e6)), min_size=1, max_size=12),
    st.integers(0, 2**63),
    st.data(),
)
def test_skewed_picks_of_any_classes_differ(classes, key, data):
    sizes, weights = (tuple(part) for part in zip(*classes, strict=True))
    if not any(weights):
        weights = (1.0, *weights[1:])
    k = data.draw(st.integers(1, sum(sizes)))
    found = skewed(SkewedPicks(sizes, weights, key), [0, 1, 2**50], k)
    assert all(len(set(row)) == k for row in found.tolist())
    assert int(found.max()) < sum(sizes)
    if k == sum(sizes):
        assert (np.sort(found, axis=1) == np.arange(k)).all()


def test_one_pick_of_each_row_follows_the_weights_at_every_ordinal():
    """Chi-square of each of three ordinals over 60,000 rows, nothing clipped. False alarms: 1e-6."""
    sizes, weights = (4, 10, 30), (0.3, 0.3, 0.4)
    found = skewed(SkewedPicks(sizes, weights, 5), range(60_000), 3)
    expected = np.repeat(np.array(weights) / sizes, sizes) * 60_000
    assert min(stats.chisquare(np.bincount(found[:, o], minlength=44), expected).pvalue for o in range(3)) * 3 > 1e-6


def test_quotas_of_all_rows_together_are_the_weights():
    """The mean quota of 60,000 rows: a deviation of 1/2 each at most, 6 of the mean's allowed. False alarms: 1e-8."""
    sizes, weights = (10, 100, 1000), (0.123, 0.4, 0.477)
    found = skewed(SkewedPicks(sizes, weights, 5), range(60_000), 7)
    for low, high, weight in ((0, 10, 0.123), (10, 110, 0.4), (110, 1110, 0.477)):
        mean = ((found >= low) & (found < high)).sum(axis=1).mean()
        assert abs(mean - 7 * weight) < 6 * 0.5 / 60_000**0.5


def test_a_class_without_weight_is_picked_only_when_the_others_are_empty():
    found = skewed(SkewedPicks((3, 5), (1.0, 0.0), 5), range(20_000), 3)
    assert int(found.max()) < 3
    assert int(skewed(SkewedPicks((2**40, 5), (1.0, 0.0), 5), range(20_000), 50).max()) < 2**40


def test_a_single_class_is_picked_evenly():
    """Chi-square over 50,000 rows. False alarms: 1e-6."""
    found = skewed(SkewedPicks((9,), (2.0,), 5), range(50_000), 2)
    assert stats.chisquare(np.bincount(found[:, 0].astype(int), minlength=9)).pvalue > 1e-6


def test_skewed_picks_of_a_great_many_things():
    sizes, weights = popularity_classes(2**53, lambda first, stop: float(np.log((stop + 1) / (first + 1))))
    picks = SkewedPicks(sizes, weights, 5)
    assert picks.size == 2**53
    found = skewed(picks, [0, 1, 2**52], 20_000)
    assert all(np.unique(row).size == 20_000 for row in found)
    assert (found == 0).sum(axis=1).tolist() == [1, 1, 1]
    again = pickle.loads(pickle.dumps(picks))
    parents, k = np.full(20_000, 1, np.uint64), np.full(20_000, 20_000, np.uint64)
    order = np.random.default_rng(1).permutation(20_000)
    assert np.array_equal(again.at(parents, order.astype(np.uint64), k), found[1][order])


def test_skewed_picks_that_cannot_be_are_refused():
    picks = SkewedPicks((2, 3), (1.0, 1.0), 1)
    with pytest.raises(ValueError, match="6 picks of 5 things"):
        picks.at(array([0]), array([0]), array([6]))
    with pytest.raises(ValueError, match="beyond"):
        picks.at(array([0]), array([2]), array([2]))
    for sizes, weights in (((), ()), ((0, 1), (1.0, 1.0)), ((1, 1), (0.0, 0.0)), ((1,), (-1.0,)), ((1,), (1.0, 2.0))):
        with pytest.raises(ValueError, match="class"):
            SkewedPicks(sizes, weights, 1)


@pytest.mark.parametrize("size", [1, 2, 3, 10, 1000, 65_536, 2**53])
def test_classes_of_ranks_cover_them_and_narrow_at_the_top(size):
    sizes, weights = popularity_classes(size, lambda first, stop: (stop - first) / size, cuts=(7, 777))
    ends = [0, *accumulate(sizes)]
    assert ends[-1] == size
    assert sum(weights) == pytest.approx(1)
    assert all(stop <= max(first * 1.2, first + 1) for first, stop in pairwise(ends))
    assert {cut for cut in (7, 777) if cut < size} <= set(ends)


# -- each parent at least once ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "parents"), [(1, 1), (3, 2), (3, 3), (101, 0), (4096, 7), (65_536, 60_000), (10**6, 999_983)]
)
def test_every_parent_is_referred_to_once_and_then_as_rows_please(rows, parents):
    covering = Covering(rows, parents, 6)
    asked = []

    def otherwise(free):
        asked.append(free)
        return free % np.uint64(max(parents, 1))

    found = covering.at(range(rows), otherwise)
    assert found.size == rows
    assert parents == 0 or np.bincount(found.astype(int), minlength=parents).min() >= 1
    free = np.concatenate(asked) if asked else array([])
    assert free.size == rows - parents
    assert np.array_equal(found[free.astype(int)], free % np.uint64(max(parents, 1)))
    again = pickle.loads(pickle.dumps(covering)).at(
        array(range(rows))[::-1].copy(), lambda free: free % np.uint64(max(parents, 1))
    )
    assert np.array_equal(again[::-1], found)


def test_the_rows_that_cover_and_what_they_cover_are_random():
    """Chi-square of 16 x 16 cells of row and parent. False alarms: 1e-6."""
    found = Covering(2**20, 2**18, 6).at(range(2**20), lambda free: np.full(free.size, 2**62, np.uint64))
    rows = np.flatnonzero(found < 2**18)
    cells = np.bincount((rows >> 16) * 16 + (found[rows] >> np.uint64(14)).astype(int), minlength=256)
    assert stats.chisquare(cells).pvalue > 1e-6


def test_a_covering_beyond_32_bits_refers_to_each_parent_in_one_place():
    covering = Covering(2**33, 2**32 + 5, 6)
    rows = np.random.default_rng(1).integers(0, 2**33, 100_000, np.uint64)
    found = covering.at(np.unique(rows), lambda free: np.full(free.size, 2**62, np.uint64))
    bound = found[found < 2**62]
    assert np.unique(bound).size == bound.size
    assert abs(bound.size / found.size - 0.5) < 0.01


def test_fewer_rows_than_parents_are_refused():
    with pytest.raises(ValueError, match="4 parents"):
        Covering(3, 4, 1)
