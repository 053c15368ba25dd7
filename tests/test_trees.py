"""Proves that parents are earlier rows, within depth and fan-out, and that a ring is one circle."""

import itertools
import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gen.relations.trees import LeveledTree, RecursiveTree, Ring, level_widths, tree_capacity
from gen.streams import Stream

examples = settings(deadline=None, max_examples=80)
SIZES = [1, 2, 3, 101, 4096, 65_536, 10**6]
HUGE = 2**40 + 7


def array(values):
    return np.array(list(values), np.uint64)


def sampled(rows, count=20_000):
    return np.unique(
        np.concatenate([array([0, rows - 1]), np.random.default_rng(3).integers(0, rows, count, np.uint64)])
    )


def depths(parents, has):
    """How far each row is from its root, found by following parents down the table."""
    found = np.zeros(parents.size, int)
    for row in np.flatnonzero(has).tolist():
        found[row] = found[int(parents[row])] + 1
    return found


def same_by_any_way(ask, rows):
    """The answers for all rows: by range, by parts of it, by address in another order, and after a journey."""
    found = ask(range(rows))
    order = np.random.default_rng(1).permutation(rows)
    for one, other in zip(found, ask(order.astype(np.uint64)), strict=True):
        assert np.array_equal(one[order], other)
    begin, end = rows // 3, rows // 2
    for one, other in zip(found, ask(range(begin, end)), strict=True):
        assert np.array_equal(one[begin:end], other)
    return found


# -- any earlier row ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", SIZES)
@pytest.mark.parametrize("roots", [1, 2, 100])
def test_every_row_but_the_roots_has_an_earlier_parent(rows, roots):
    if roots > rows:
        return
    tree = pickle.loads(pickle.dumps(RecursiveTree(rows, roots, 7)))
    parents, has = same_by_any_way(tree.parents_of, rows)
    assert has.tolist() == [row >= roots for row in range(rows)]
    assert (parents[has] < np.flatnonzero(has)).all()
    assert not parents[~has].any()


def test_the_parent_of_a_row_equals_its_twin():
    rows = [0, 4, 5, 6, 1000, 2**32 + 1, HUGE - 1]
    words = Stream(7).words(array(rows)).tolist()
    twin = [word * row >> 64 if row >= 5 else 0 for word, row in zip(words, rows, strict=True)]
    assert RecursiveTree(HUGE, 5, 7).parents_of(array(rows))[0].tolist() == twin


def test_each_earlier_row_is_equally_likely():
    """Kolmogorov-Smirnov of parent / row, 200,000 rows; chi-square of the parent of row 5. False alarms: 1e-6 each."""
    rows = sampled(HUGE, 200_000)[1:]
    assert stats.kstest(RecursiveTree(HUGE, 1, 7).parents_of(rows)[0] / rows, "uniform").pvalue > 1e-6
    fifth = [int(RecursiveTree(10, 1, key).parents_of(range(5, 6))[0][0]) for key in range(20_000)]
    assert stats.chisquare(np.bincount(fifth)).pvalue > 1e-6


def test_a_recursive_tree_is_as_deep_as_the_logarithm_of_its_rows():
    """The mean depth of a million rows is ln n - 0.42, with a deviation below 1: six of them. False alarms: 1e-6."""
    deep = depths(*RecursiveTree(10**6, 1, 7).parents_of(range(10**6)))
    assert abs(deep.mean() - (math.log(10**6) - 0.42)) < 6
    assert 15 < deep.max() < 60


@pytest.mark.parametrize(("rows", "roots"), [(3, 0), (3, 4), (0, 0)])
def test_a_tree_without_a_root_is_refused(rows, roots):
    with pytest.raises(ValueError, match="root"):
        RecursiveTree(rows, roots, 1)
    with pytest.raises(ValueError, match="root"):
        LeveledTree(rows, 3, 3, roots, 1)


# -- levels -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("depth", "fan_out", "roots"), [(1, 1, 1), (3, 2, 1), (5, 3, 4), (4, 1, 6), (64, 2, 1)])
def test_the_capacity_of_a_tree_is_the_sum_of_its_full_levels(depth, fan_out, roots):
    assert tree_capacity(depth, fan_out, roots) == sum(roots * fan_out**level for level in range(depth))


def test_the_capacity_of_a_tree_of_any_depth_is_soon_known():
    assert tree_capacity(10**12, 2, 1) >= 2**64
    assert tree_capacity(10**12, 1, 3) == 3 * 4096


@examples
@given(st.integers(1, 40), st.integers(1, 50), st.integers(1, 100), st.data())
def test_widths_of_levels_sum_to_the_rows_and_keep_both_bounds(depth, fan_out, roots, data):
    rows = data.draw(st.integers(roots, min(tree_capacity(depth, fan_out, roots), 2**62)))
    widths = level_widths(rows, depth, fan_out, roots)
    assert sum(widths) == rows
    assert len(widths) <= depth
    assert widths[0] == roots
    assert min(widths) >= 1
    assert all(below <= fan_out * above for above, below in itertools.pairwise(widths))


def test_widths_of_levels_grow_in_proportion():
    widths = level_widths(10**6, 7, 12, 1)
    ratios = [below / above for above, below in itertools.pairwise(widths)]
    assert len(widths) == 7
    assert max(ratios) / min(ratios) < 1.15
    assert level_widths(10, 10, 5, 1) == [1] * 10
    assert level_widths(1 + 12 + 144, 3, 12, 1) == [1, 12, 144]


@pytest.mark.parametrize(
    ("rows", "depth", "fan_out", "roots"),
    [
        (1, 1, 1, 1),
        (2, 5, 1, 1),
        (3, 3, 9, 2),
        (101, 101, 1, 1),
        (4096, 4, 100, 3),
        (65_535, 16, 2, 1),
        (10**6, 7, 12, 1),
    ],
)
def test_a_leveled_tree_keeps_its_depth_and_its_fan_out(rows, depth, fan_out, roots):
    tree = pickle.loads(pickle.dumps(LeveledTree(rows, depth, fan_out, roots, 7)))
    parents, has = same_by_any_way(tree.parents_of, rows)
    deep = depths(parents, has)
    assert has.tolist() == [row >= roots for row in range(rows)]
    assert (parents[has] < np.flatnonzero(has)).all()
    assert deep.max() <= depth - 1
    assert not has.any() or np.bincount(parents[has].astype(int)).max() <= fan_out
    assert np.array_equal(deep, tree.level_of(range(rows)))
    assert np.array_equal(deep, tree.level_of(array(range(rows))))
    assert np.bincount(deep).tolist() == tree.widths


def test_children_of_a_level_are_spread_over_all_parents():
    """Children of each parent are hypergeometric: chi-square of their counts, with its own variance. Alarms: 1e-6."""
    tree = LeveledTree(10**6, 7, 12, 1, 7)
    start = sum(tree.widths[:-1])
    above, below = tree.widths[-2:]
    children = np.bincount(tree.parents_of(range(start, 10**6))[0].astype(int) - (start - above), minlength=above)
    counts = np.bincount(children, minlength=13)
    law = stats.hypergeom(12 * above, 12, below).pmf(np.arange(13)) * above
    kept = law > 5
    assert stats.chisquare(counts[kept], law[kept] * counts[kept].sum() / law[kept].sum()).pvalue > 1e-6


def test_a_leveled_tree_of_very_many_rows():
    tree, rows = LeveledTree(HUGE, 9, 2**50, 3, 7), sampled(HUGE)
    parents, has = tree.parents_of(rows)
    assert (parents[has] < rows[has]).all()
    assert np.array_equal(tree.level_of(parents[has]), tree.level_of(rows[has]) - 1)
    first = int(rows[-300])
    assert np.array_equal(
        tree.parents_of(range(first, first + 300))[0], tree.parents_of(array(range(first, first + 300)))[0]
    )


@pytest.mark.parametrize(("rows", "depth", "fan_out"), [(8, 3, 2), (5, 4, 1), (2, 0, 5), (2, 5, 0)])
def test_a_tree_that_cannot_hold_its_rows_is_refused(rows, depth, fan_out):
    with pytest.raises(ValueError, match="levels"):
        LeveledTree(rows, depth, fan_out, 1, 7)


# -- rings ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", SIZES)
@pytest.mark.parametrize("closed", [True, False])
def test_a_ring_is_one_circle_or_one_chain_and_previous_undoes_next(rows, closed):
    ring = pickle.loads(pickle.dumps(Ring(rows, 7, closed)))
    following, has = same_by_any_way(ring.next_of, rows)
    before, had = same_by_any_way(ring.previous_of, rows)
    assert (rows - has.sum(), rows - had.sum()) == ((0, 0) if closed else (1, 1))
    assert np.array_equal(before[following[has].astype(int)], np.flatnonzero(has))
    following, row, seen = following.tolist(), 0 if closed else int(np.flatnonzero(~had)[0]), 1
    while has[row] and following[row] != 0 | (0 if closed else rows) and seen < rows:
        row, seen = following[row], seen + 1
    assert seen == rows
    assert following[row] == 0


@pytest.mark.parametrize("closed", [True, False])
def test_a_ring_beyond_32_bits(closed):
    ring, rows = Ring(HUGE, 7, closed), sampled(HUGE)
    following, has = ring.next_of(rows)
    assert np.unique(following[has]).size == has.sum() >= rows.size - 1
    assert np.array_equal(ring.previous_of(following[has])[0], rows[has])


def test_rings_of_different_keys_differ_and_their_order_is_random():
    """Chi-square of 16 x 16 cells of a row and the next. False alarms: 1e-6."""
    assert not np.array_equal(Ring(100, 1, True).next_of(range(100))[0], Ring(100, 2, True).next_of(range(100))[0])
    following = Ring(2**18, 1, True).next_of(range(2**18))[0].astype(int)
    cells = np.bincount((np.arange(2**18) >> 14) * 16 + (following >> 14), minlength=256)
    assert stats.chisquare(cells).pvalue > 1e-6
