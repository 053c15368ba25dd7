"""Proves that keys are distinct and invertible, look random where they should, and fit their domain or are refused."""

import math
import threading
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gen.errors import BadRequest, CapacityError
from gen.keys import AvoidingOrder, KeyOrder, _ascend, check_capacity
from gen.permutations import Permutation
from gen.streams import Stream

U64 = st.integers(0, 2**64 - 1)
examples = settings(deadline=None, max_examples=80)

AROUND_THE_TABLE_LIMIT = [4095, 4096, 4097, 5000, 65537, 100_003]
BIG = [10**9, 2**32 + 1, 2**63 - 1, 2**64 - 1, 2**64]


def array(values):
    return np.array(list(values), np.uint64)


def random_rows(size, count, seed=1):
    """Row numbers in [0, size), the ends among them."""
    inside = np.random.default_rng(seed).integers(0, size - 1, count, np.uint64, endpoint=True)
    return np.unique(np.concatenate([array([0, size // 2, size - 1]), inside]))


# -- the permutation ----------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [0, 2**64 - 1])
def test_a_permutation_of_any_small_size_is_a_bijection_and_its_inverse_undoes_it(key):
    for size in range(1, 301):
        permutation, rows = Permutation(size, key), array(range(size))
        places = permutation.at(rows)
        assert np.array_equal(np.sort(places), rows), size
        assert np.array_equal(permutation.inverse(places), rows), size


@pytest.mark.parametrize("size", AROUND_THE_TABLE_LIMIT)
def test_a_permutation_on_either_side_of_the_table_limit_is_a_bijection(size):
    permutation, rows = Permutation(size, 3), array(range(size))
    places = permutation.at(rows)
    assert np.array_equal(np.sort(places), rows)
    assert np.array_equal(permutation.inverse(places), rows)


@examples
@given(st.integers(1, 2**64) | st.sampled_from(BIG), U64, st.integers(0, 2**32))
def test_a_permutation_of_any_size_stays_inside_and_is_undone_by_its_inverse(size, key, seed):
    permutation, rows = Permutation(size, key), random_rows(size, 50, seed)
    places = permutation.at(rows)
    assert len(set(places.tolist())) == rows.size
    assert int(places.max()) < size
    assert np.array_equal(permutation.inverse(places), rows)
    assert np.array_equal(permutation.at(permutation.inverse(rows)), rows)


@pytest.mark.parametrize("size", [0, -1, 2**64 + 1])
def test_a_permutation_of_nothing_or_too_much_is_refused(size):
    with pytest.raises(ValueError, match="permutation"):
        Permutation(size, 1)


def feistel_twin(rows, size, key, rounds=8):
    """The mixed-radix Feistel network in NumPy: left half modulo `radix`, right half modulo 2^shift, walked inside."""
    last = size - 1
    shift = last.bit_length() // 2
    radix, mask = np.uint64(-(-size // 2**shift)), np.uint64(2**shift - 1)
    low = np.uint64(2**32 - 1)
    keys = [(np.uint64(w & 0xFFFFFFFF), np.uint64(w >> 32 | 1)) for w in Stream(key).words(range(8)).tolist()]

    def half(x, number):
        product = (x ^ keys[number][0]) * keys[number][1]
        return product >> np.uint64(32) ^ product & low

    def once(x):
        left, right = x >> np.uint64(shift), x & mask
        for number in range(0, rounds, 2):
            left = left + (half(right, number) * radix >> np.uint64(32))
            left = np.where(left >= radix, left - radix, left)
            right = right + half(left, number + 1) & mask
        return left << np.uint64(shift) | right

    out = once(rows)
    while (outside := out > np.uint64(last)).any():
        out = np.where(outside, once(out), out)
    return out


@examples
@given(st.integers(4097, 2**64) | st.integers(4097, 6000) | st.sampled_from(BIG), U64, st.integers(0, 2**32))
def test_the_network_equals_its_twin(size, key, seed):
    rows = random_rows(size, 60, seed)
    assert np.array_equal(Permutation(size, key).at(rows), feistel_twin(rows, size, key))


def test_the_network_equals_its_twin_where_it_walks():
    rows = array(range(4097))  # the network permutes 4160 places, so that some of these rows walk
    assert np.array_equal(Permutation(4097, 8).at(rows), feistel_twin(rows, 4097, 8))


@pytest.mark.parametrize("size", [1, 2, 3, 100, 4096])
def test_a_small_permutation_equals_its_twin_a_fisher_yates_shuffle(size):
    words = Stream(6).words(range(size)).tolist()
    order = list(range(size))
    for i in reversed(range(1, size)):
        j = words[i] * (i + 1) >> 64
        order[i], order[j] = order[j], order[i]
    assert Permutation(size, 6).at(array(range(size))).tolist() == order


def test_a_small_permutation_takes_every_order_equally_often():
    """Chi-square over the 120 orders of 5, at 24,000 keys. False alarms: 1e-6."""
    rows = array(range(5))
    orders = [tuple(Permutation(5, key).at(rows).tolist()) for key in range(24_000)]
    _, counts = np.unique(orders, axis=0, return_counts=True)
    assert counts.size == 120
    assert stats.chisquare(counts).pvalue > 1e-6


# -- it looks random ------------------------------------------------------------------------------------

SAMPLE = 2**16
KEYS = range(8)


def cells(places, size, count):
    """Which of `count` equal parts of [0, size) each place lies in, and how many places each part has."""
    edges = np.array([size * c // count for c in range(count + 1)], dtype=object)
    inner = array(edges[1:-1])
    return np.searchsorted(inner, places, side="right"), np.diff(edges).astype(np.float64)


def p_of_cells(places, size):
    """Chi-square of 256 cells; sampling without replacement has a smaller variance, by (n - m) / (n - 1)."""
    which, sizes = cells(places, size, 256)
    expected = sizes * (places.size / size)
    square = ((np.bincount(which, minlength=256) - expected) ** 2 / expected).sum()
    return stats.chi2.sf(square * ((size - 1) / (size - places.size)), 255)


def p_of_pairs(places, size):
    """Chi-square of 16 x 16 cells of a place and the next one."""
    which, _ = cells(places, size, 16)
    counts = np.bincount(which[:-1] * 16 + which[1:], minlength=256)
    return stats.chisquare(counts).pvalue


def p_of_correlation(places):
    """Serial correlation of a place and the next one: normal with deviation 1 / sqrt(m)."""
    values = places.astype(np.float64)
    return 2 * stats.norm.sf(abs(np.corrcoef(values[:-1], values[1:])[0, 1]) * math.sqrt(places.size - 1))


def least_p(size, permute, keys=KEYS):
    """The least p-value of all tests on consecutive rows and on rows 2^shift apart, times the number of tests."""
    shift = (size - 1).bit_length() // 2
    strides = [np.uint64(1), np.uint64(2**shift)]
    chosen = [array(range(min(SAMPLE, size // int(stride)))) * stride for stride in strides]
    values = []
    for key in keys:
        for rows in chosen:
            places = permute(rows, size, key)
            values += [p_of_cells(places, size), p_of_correlation(places), p_of_pairs(places, size)]
    return min(values) * len(values)


@pytest.mark.parametrize("size", [2**28 + 12_345, 10**9, 10**15, 2**64 - 1])
def test_a_permutation_looks_random(size):
    """Cells, serial pairs and serial correlation at strides 1 and 2^shift, 8 keys. False alarms: 1e-6 a size."""
    assert least_p(size, lambda rows, size, key: Permutation(size, key).at(rows)) > 1e-6


def test_the_tests_of_randomness_see_a_network_of_two_rounds():
    assert least_p(10**9, lambda rows, size, key: feistel_twin(rows, size, key, rounds=2)) < 1e-6


@pytest.mark.parametrize("size", [4096, 65_537, 100_003])
def test_part_of_a_small_permutation_is_a_fair_sample(size):
    """Chi-square of cells of a quarter of the rows, without replacement, 8 keys. False alarms: 1e-6 a size."""
    rows = array(range(size // 4))
    assert min(p_of_cells(Permutation(size, key).at(rows), size) for key in KEYS) * len(KEYS) > 1e-6


def test_different_keys_give_different_permutations():
    rows = array(range(100))
    for size in (1000, 10**12):
        assert len({tuple(Permutation(size, key).at(rows).tolist()) for key in range(50)}) == 50


# -- orders -----------------------------------------------------------------------------------------------

ORDERS = ["ascending", "sequential", "scattered"]


def within(seconds, function):
    """The function's result; a failure, not a hang, where it does not return: kernels cannot be interrupted."""
    results = []
    thread = threading.Thread(target=lambda: results.append(function()), daemon=True)
    thread.start()
    thread.join(seconds)
    assert results, f"no result within {seconds} seconds, or an error in the thread"
    return results[0]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(("rows", "domain"), [(1, 1), (1, 5), (7, 7), (100, 101), (1000, 4096), (5000, 2**32)])
def test_keys_of_every_order_are_distinct_inside_and_invertible(order, rows, domain):
    keys = KeyOrder(order, rows, domain, 11)
    ranks = keys.ranks(range(rows))
    assert np.unique(ranks).size == rows
    assert int(ranks.max()) < domain
    assert keys.row_of(ranks).tolist() == list(range(rows))


@examples
@given(st.sampled_from(ORDERS), st.integers(1, 2**64 - 1), U64, st.data())
def test_keys_of_any_size_are_distinct_inside_and_invertible(order, domain, key, data):
    rows = data.draw(st.integers(1, min(domain, 2**63 - 1)))
    keys = KeyOrder(order, rows, domain, key)
    chosen = random_rows(rows, 40)
    ranks = keys.ranks(chosen)
    assert len(set(ranks.tolist())) == chosen.size
    assert int(ranks.max()) < domain
    assert keys.row_of(ranks).tolist() == chosen.tolist()


@examples
@given(st.integers(1, 2**64 - 1), U64, st.data())
def test_ascending_keys_really_ascend(domain, key, data):
    rows = data.draw(st.integers(1, domain))
    start = data.draw(st.integers(0, rows - 1))
    ranks = KeyOrder("ascending", rows, domain, key).ranks(array(range(start, min(start + 300, rows)))).tolist()
    assert all(a < b for a, b in pairwise(ranks))
    assert ranks[-1] < domain


@pytest.mark.parametrize("domain", [2**63, 2**64 - 1, 2**64])
@pytest.mark.parametrize("rows", [1000, 2**32 + 1, 2**53])
@pytest.mark.parametrize("order", ORDERS)
def test_keys_of_very_large_tables_are_distinct_and_invertible(order, rows, domain):
    keys = KeyOrder(order, rows, domain, 4)
    chosen = random_rows(rows, 900)
    ranks = keys.ranks(chosen)
    assert np.unique(ranks).size == chosen.size
    assert int(ranks.max()) < domain
    assert keys.row_of(ranks).tolist() == chosen.tolist()
    if order == "ascending":
        assert (np.diff(ranks.astype(object)) > 0).all()
        assert int(ranks.max()) > domain * (rows - 1) // rows - 2  # they reach to the end of the domain


@pytest.mark.parametrize("size", [1, 100, 5000])
def test_ascending_keys_that_fill_their_domain_are_the_rows(size):
    assert KeyOrder("ascending", size, size, 9).ranks(range(size)).tolist() == list(range(size))


@pytest.mark.parametrize("size", [1, 100, 5000])
def test_scattered_keys_that_fill_their_domain_are_all_of_it_in_another_order(size):
    ranks = KeyOrder("scattered", size, size, 9).ranks(range(size))
    assert sorted(ranks.tolist()) == list(range(size))
    assert size == 1 or ranks.tolist() != list(range(size))


@pytest.mark.parametrize("order", ORDERS)
def test_keys_by_range_equal_keys_by_address(order):
    keys = KeyOrder(order, 10**6, 2**40, 2)
    rows = range(999_000, 10**6)
    assert np.array_equal(keys.ranks(rows), keys.ranks(array(rows)))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(("rows", "domain"), [(50, 100), (50, 5000), (3000, 10**6)])
def test_ranks_that_no_row_has_are_unknown(order, rows, domain):
    keys = KeyOrder(order, rows, domain, 5)
    used = set(keys.ranks(range(rows)).tolist())
    unused = [rank for rank in range(domain) if rank not in used]
    assert set(keys.row_of(array(unused)).tolist()) == {-1}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("domain", [100, 4096, 5000, 10**9, 2**63])
@pytest.mark.parametrize("beyond", ["next", "last"])
def test_ranks_outside_the_domain_are_unknown(order, domain, beyond):
    keys = KeyOrder(order, 50, domain, 5)
    rank = domain if beyond == "next" else 2**64 - 1
    assert within(20, lambda: keys.row_of(array([rank])).tolist()) == [-1]


@examples
@given(st.integers(1, 2**32), st.integers(1, 2**32 - 2), U64, st.integers(0, 2**32))
def test_the_narrow_and_the_wide_path_of_ascending_keys_agree(rows, whole, fraction, seed):
    chosen = random_rows(rows, 50, seed)
    words = Stream(seed, 1).words(chosen)
    narrow, wide = np.empty_like(chosen), np.empty_like(chosen)
    for out, path in ((narrow, True), (wide, False)):
        _ascend(np.uint64(0), chosen, words, out, np.uint64(whole), np.uint64(fraction), path)
    assert np.array_equal(narrow, wide)


@examples
@given(st.integers(1, 2**64 - 1), U64, st.data())
def test_ascending_keys_equal_their_twin(domain, key, data):
    rows = data.draw(st.integers(1, domain))
    chosen = random_rows(rows, 30)
    stride = (domain << 64) // rows
    starts = [row * stride >> 64 for row in chosen.tolist()]
    widths = [((row + 1) * stride >> 64) - start for row, start in zip(chosen.tolist(), starts, strict=True)]
    words = Stream(key, 1).words(chosen).tolist()
    twin = [start + (word * width >> 32) for start, word, width in zip(starts, words, widths, strict=True)]
    assert KeyOrder("ascending", rows, domain, key).ranks(chosen).tolist() == twin


# -- capacity -----------------------------------------------------------------------------------------------


def test_more_keys_than_there_are_values_is_an_error_that_says_how_many():
    with pytest.raises(CapacityError) as caught:
        check_capacity("Employee", "badge", 1_001, 1_000, "a badge of three digits")
    error = caught.value
    assert error.facts == {"table": "Employee", "column": "badge", "asked": 1001, "available": 1000}
    assert "Employee.badge" in error.message
    assert "1,001" in error.message
    assert "1,000" in error.message
    assert error.hint
    assert isinstance(error, BadRequest)
    assert error.exit_code == 2


def test_as_many_keys_as_there_are_values_is_no_error():
    check_capacity("Employee", "badge", 1_000, 1_000, "a badge of three digits")


# -- keys beside others that exist ---------------------------------------------------------------------------


@examples
@given(st.data(), st.sampled_from(["ascending", "sequential", "scattered"]))
def test_an_order_that_avoids_ranks_goes_through_the_others_and_back(data, order):
    domain = data.draw(st.integers(2, 400))
    taken = array(sorted(data.draw(st.sets(st.integers(0, domain - 1), min_size=1, max_size=domain - 1))))
    free = [rank for rank in range(domain) if rank not in set(taken.tolist())]
    start = data.draw(st.integers(0, len(free) - 1))
    rows = data.draw(st.integers(1, len(free) - start))
    ordered = KeyOrder(order, rows, len(free) - start, 5)
    avoiding = AvoidingOrder(ordered, taken, start)
    expected = [free[start + int(rank)] for rank in ordered.ranks(range(rows))]
    assert avoiding.ranks(range(rows)).tolist() == expected
    back = avoiding.row_of(array(range(domain))).tolist()
    assert back == [expected.index(rank) if rank in expected else -1 for rank in range(domain)]
