"""Proves that the words of an address are Philox4x32-10 of that address, however they are asked for, and vectorised."""

import platform
import re

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen import streams
from gen.streams import (
    Stream,
    fill_columns,
    fill_range,
    fill_rows,
    mulhi,
    rows_array,
    stream_key,
    uniform_floats,
    uniform_integers,
)

U64 = st.integers(0, 2**64 - 1)
I64 = st.integers(-(2**63), 2**63 - 1)
WIDTHS = [1, 2, 4, 12]

examples = settings(deadline=None, max_examples=60)


# -- the plain twins --------------------------------------------------------------------------------


def philox_twin(counter, key):
    """Four 32-bit words of one counter of four words, with a key of two: straight from the paper."""
    x, k = list(counter), list(key)
    for _ in range(10):
        p0, p1 = x[0] * 0xD2511F53, x[2] * 0xCD9E8D57
        x = [p1 >> 32 ^ x[1] ^ k[0], p1 % 2**32, p0 >> 32 ^ x[3] ^ k[1], p0 % 2**32]
        k = [(k[0] + 0x9E3779B9) % 2**32, (k[1] + 0xBB67AE85) % 2**32]
    return x


def words_twin(rows, width, key, attempt=0, version=0):
    """The 32-bit words of each row: word j of row r is lane W & 3 of counter W >> 2, W = r * width + j."""
    words = []
    for address in (row * width + j for row in rows for j in range(width)):
        counter = address >> 2
        block = philox_twin([counter % 2**32, counter >> 32, attempt, version], [key % 2**32, key >> 32])
        words.append(block[address & 3])
    return words


def packed(words, width):
    """32-bit words as `Stream.words` lays them out: two to a uint64, but for width 1."""
    if width == 1:
        return words
    return [low | high << 32 for low, high in zip(words[::2], words[1::2], strict=True)]


def filled_range(count, first, attempt, version, key):
    out = np.empty(2 * count, np.uint64)
    fill_range(out, np.uint64(first), False, *(np.uint64(value) for value in (attempt, version, key)))
    return out.tolist()


def filled_rows(rows, width, attempt, version, key):
    out = np.empty(len(rows) * max(width // 2, 1), np.uint64)
    fill_rows(out, np.array(rows, np.uint64), *(np.uint64(value) for value in (width, attempt, version, key)))
    return out.tolist()


# -- Philox -----------------------------------------------------------------------------------------

KNOWN = [
    ((0, 0, 0, 0), (0, 0), "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ((2**32 - 1,) * 4, (2**32 - 1,) * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        "d16cfe09 94fdcceb 5001e420 24126ea1",
    ),
]


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_philox_gives_the_published_answers(counter, key, expected):
    words = [int(word, 16) for word in expected.split()]
    low, high, attempt, version = counter
    address = (low | high << 32, attempt, version, key[0] | key[1] << 32)
    assert philox_twin(counter, key) == words
    assert filled_range(1, *address) == packed(words, 4)


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_philox_gives_the_published_answers_by_address(counter, key, expected):
    words = [int(word, 16) for word in expected.split()]
    row = counter[0] | counter[1] << 32
    rest = (counter[2], counter[3], key[0] | key[1] << 32)
    assert filled_rows([row], 4, *rest) == packed(words, 4)
    if row < 2**62:  # four rows of one word, or two rows of two, share that counter
        assert filled_rows(range(4 * row, 4 * row + 4), 1, *rest) == words
        assert filled_rows(range(2 * row, 2 * row + 2), 2, *rest) == packed(words, 4)


@examples
@given(st.integers(0, 40), st.integers(0, 2**64 - 64), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), U64)
def test_a_range_of_counters_equals_its_twin(count, first, attempt, version, key):
    rows = range(first, first + count)
    assert filled_range(count, first, attempt, version, key) == packed(words_twin(rows, 4, key, attempt, version), 4)


@pytest.mark.parametrize("width", WIDTHS)
@examples
@given(data=st.data())
def test_any_rows_equal_their_twin(width, data):
    rows = data.draw(st.lists(st.integers(0, 2**64 // width - 1), max_size=20))
    attempt, version = data.draw(st.integers(0, 2**32 - 1)), data.draw(st.integers(0, 2**32 - 1))
    key = data.draw(U64)
    twin = packed(words_twin(rows, width, key, attempt, version), width)
    assert filled_rows(rows, width, attempt, version, key) == twin


@pytest.mark.parametrize("width", WIDTHS)
def test_more_rows_than_a_tile_equal_their_twin(width):
    rows = np.random.default_rng(width).integers(0, 2**53, 1100, np.uint64)
    assert Stream(99, width).words(rows).tolist() == packed(words_twin(rows.tolist(), width, 99), width)


@pytest.mark.parametrize("width", [*WIDTHS, 8, 16])
@examples
@given(start=st.one_of(st.integers(0, 70), st.integers(0, 2**53)), count=st.integers(0, 2100), key=U64)
def test_a_range_of_rows_equals_the_same_rows_by_address(width, start, count, key):
    rows = range(start, start + count)
    stream = Stream(key, width)
    assert np.array_equal(stream.words(rows), stream.words(rows_array(rows)))


@pytest.mark.parametrize("width", WIDTHS)
def test_a_range_of_rows_equals_its_twin(width):
    for start in (0, 1, 2, 3, 2**32 - 2):
        rows = range(start, start + 7)
        assert Stream(5, width).words(rows).tolist() == packed(words_twin(rows, width, 5), width)


def test_attempts_and_keys_have_words_of_their_own():
    rows = range(1000)
    drawn = [Stream(key).words(rows, attempt) for key in (0, 1, 2**63) for attempt in (0, 1, 2)]
    assert len({word for words in drawn for word in words.tolist()}) == 9000
    assert drawn[1].tolist() == packed(words_twin(rows, 2, 0, attempt=1), 2)


@pytest.mark.parametrize("width", [3, 5, 6])
def test_a_width_that_does_not_fill_counters_evenly_is_refused(width):
    with pytest.raises(ValueError, match="words wide"):
        Stream(1, width)


# -- words into numbers -----------------------------------------------------------------------------


@numba.njit("void(uint64[::1], uint64[::1], uint64[::1])")
def high_products(a, b, out):
    for i in range(out.size):
        out[i] = mulhi(a[i], b[i])


@examples
@given(st.lists(st.tuples(U64, U64), min_size=1))
def test_mulhi_is_the_high_half_of_the_product(pairs):
    a, b = (np.array(side, np.uint64) for side in zip(*pairs, strict=True))
    out = np.empty_like(a)
    high_products(a, b, out)
    assert out.tolist() == [x * y >> 64 for x, y in pairs]


@examples
@given(st.lists(U64 | st.sampled_from([0, 2**64 - 1]), min_size=1), I64, st.integers(1, 2**40), st.data())
def test_uniform_integers_equal_their_twin(words, first, step, data):
    last_rank = data.draw(st.integers(0, (2**63 - 1 - first) // step))
    out = np.empty(len(words), np.int64)
    uniform_integers(np.array(words, np.uint64), out, np.int64(first), np.uint64(last_rank), np.int64(step))
    assert out.tolist() == [first + step * (word * (last_rank + 1) >> 64) for word in words]


def test_uniform_integers_reach_both_ends_of_every_range():
    ends = np.array([0, 2**64 - 1], np.uint64)
    for first, last in [(0, 0), (-5, 5), (-(2**63), 2**63 - 1), (-(2**63), -(2**63)), (0, 2**63 - 1)]:
        out = np.empty(2, np.int64)
        uniform_integers(ends, out, np.int64(first), np.uint64(last - first), np.int64(1))
        assert out.tolist() == [first, last]


@examples
@given(st.lists(U64 | st.just(2**64 - 1), min_size=1), st.floats(-1e308, 1e308), st.floats(-1e308, 1e308))
def test_uniform_floats_equal_their_twin_and_keep_their_bounds(words, a, b):
    low, high = min(a, b), max(a, b)
    scale = 1.0 if np.isfinite(high - low) else 2.0
    start, width = low / scale, high / scale - low / scale
    words = np.array(words, np.uint64)
    out = np.empty(words.size, np.float64)
    uniform_floats(words, out, start, width, scale, high)
    unit = (words >> np.uint64(11)).astype(np.float64) * 2.0**-53
    assert out.tolist() == np.minimum((start + unit * width) * scale, high).tolist()
    assert low <= out.min() <= out.max() <= high


def test_a_kernel_called_with_other_types_is_an_error_not_a_second_compilation():
    with pytest.raises(TypeError):
        fill_range(np.empty(2, np.int64), np.uint64(0), False, *[np.uint64(0)] * 3)
    with pytest.raises(TypeError):
        fill_rows(np.empty(2, np.uint64), np.zeros(1, np.int64), *[np.uint64(1)] * 4)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("rows", [range(5, 5), range(7, 8), range(2**40 + 3, 2**40 + 1103)])
def test_columns_are_the_same_words_side_by_side(width, rows):
    stream = Stream(99, width)
    picked = rows_array(rows)[::-1].copy()
    for some in (rows, picked):
        columns = stream.columns(some)
        assert columns.shape == (max(width // 2, 1), len(rows))
        assert columns.T.ravel().tolist() == stream.words(some).tolist()


# -- the word kernels are vectorised ------------------------------------------------------------------

PACKED_PRODUCT = re.compile(r"^\s*v?pmuludq\s", re.MULTILINE)


def assembly(kernel, signature):
    """The assembly of a fresh compilation: what comes from the cache cannot be looked at."""
    fresh = numba.njit(nogil=True)(kernel.python)
    fresh.compile(signature)
    (text,) = fresh.inspect_asm().values()
    return text


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="knows the instructions of x86-64 only")
def test_the_word_kernel_multiplies_in_vectors():
    text = assembly(fill_range, "void(uint64[::1], uint64, boolean, uint64, uint64, uint64)")
    assert len(PACKED_PRODUCT.findall(text)) >= 36  # twice ten rounds of two products, but for words all rows share


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="knows the instructions of x86-64 only")
def test_the_word_kernel_for_any_rows_multiplies_in_vectors():
    text = assembly(fill_rows, "void(uint64[::1], uint64[::1], uint64, uint64, uint64, uint64)")
    assert len(PACKED_PRODUCT.findall(text)) >= 36  # twice: rows that share a counter, and rows that own some


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="knows the instructions of x86-64 only")
def test_the_word_kernel_of_columns_multiplies_in_vectors():
    text = assembly(fill_columns, "void(uint64[:, ::1], uint64, uint64[::1], uint64, uint64, uint64)")
    assert len(PACKED_PRODUCT.findall(text)) >= 36  # twice: rows that are given, and rows in a row


# -- addresses ----------------------------------------------------------------------------------------


def test_parts_of_an_address_do_not_run_together():
    parts = [("a", "bc", ""), ("ab", "c", ""), ("abc", "", ""), ("", "abc", ""), ("", "", "abc"), ("a", "b", "c")]
    assert len({stream_key(0, *names) for names in parts}) == len(parts)


def test_names_of_any_script_and_length_have_keys():
    names = ["", "a", "é", "e\u0301", "表", "a\0", "\0a", "x" * 300, "x" * 301]
    assert len({stream_key(1, name, "c", "value") for name in names}) == len(names)


def test_seeds_negative_and_large_have_keys_of_their_own():
    seeds = [0, 1, -1, 2**31, 2**32, 2**63 - 1, -(2**63), -(2**63) + 1]
    keys = {stream_key(seed, "t", "c", "value") for seed in seeds}
    assert len(keys) == len(seeds)
    assert all(0 <= key < 2**64 for key in keys)


def test_an_address_has_the_same_key_always():
    assert stream_key(7, "t", "c", "value") == stream_key(7, "t", "c", "value")
    assert stream_key(7, "t", "c", "value") != stream_key(7, "t", "c", "key")


def test_a_kernel_is_compiled_where_numba_keeps_its_cache_otherwise(monkeypatch):
    """As another version of Numba might: what loads kernels quickly gives up, and Numba does it itself."""

    class Other:
        def __getattr__(self, name):
            raise AttributeError(name)

    monkeypatch.setattr(streams, "_runtime", Other())

    @streams.kernel("void(uint64[::1])")
    def doubled(words):
        for i in range(words.size):
            words[i] *= np.uint64(2)

    words = np.arange(5, dtype=np.uint64)
    doubled(words)
    assert words.tolist() == [0, 2, 4, 6, 8]
    with pytest.raises(TypeError):
        doubled(np.arange(5.0))
