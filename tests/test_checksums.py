"""Proves that a checksum is over values: equal whatever their order, parts and form; another when one bit differs."""

import datetime
import math
import struct
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.block import array_of, boolean_values
from gen.checksums import NULL_HASH, Checksum, add_checksums, hash_values
from gen.streams import stream_key

U64 = st.integers(0, 2**64 - 1)
I64 = st.integers(-(2**63), 2**63 - 1)
WHOLE = 2**64
GOLDEN, MIX = 0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93

examples = settings(deadline=None, max_examples=60)


# -- the plain twins --------------------------------------------------------------------------------


def mix_twin(x):
    x %= WHOLE
    x = (x ^ x >> 32) * MIX % WHOLE
    x = (x ^ x >> 32) * MIX % WHOLE
    return x ^ x >> 32


def float_twin(value, key):
    word = struct.unpack("<Q", struct.pack("<d", value))[0]
    word = 0 if value == 0 else 0x7FF8 << 48 if math.isnan(value) else word
    return mix_twin(word + key)


def text_twin(data, key):
    padded = data + bytes(-len(data) % 64 if data else 64)
    h = len(data) * GOLDEN % WHOLE
    for step in range(0, len(padded), 64):
        h = h * MIX % WHOLE
        for lane in range(8):
            word = int.from_bytes(padded[step + 8 * lane : step + 8 * lane + 8], "little")
            x = word ^ (key + lane * GOLDEN) % WHOLE
            x = (x ^ x >> 32) * (MIX + 2 * lane * GOLDEN) % WHOLE
            h = (h + (x ^ x >> 32)) % WHOLE
    return mix_twin(h)


def value_twin(value, key):
    if value is None:
        return int(NULL_HASH)
    if isinstance(value, str):
        return text_twin(value.encode(), key)
    return float_twin(value, key) if isinstance(value, float) else mix_twin(value + key)


def checksum_twin(table, columns):
    """Sums of hashes of each column of Python values, and of rows under the empty name."""
    keys = [stream_key(0, table, name, "checksum") for name in columns]
    hashes = [[value_twin(v, key) for v in values] for key, values in zip(keys, columns.values(), strict=True)]
    rows = [0] * len(hashes[0])
    for i, (key, column) in enumerate(zip(keys, hashes, strict=True)):
        left = i % 63 + 1
        rows = [row + (h << left | h >> 64 - left) % WHOLE * (key | 1) for row, h in zip(rows, column, strict=True)]
    sums = [sum(column) for column in hashes] + [sum(map(mix_twin, rows))]
    return {name: f"{total % WHOLE:016x}" for name, total in zip([*columns, ""], sums, strict=True)}


@examples
@given(st.lists(I64), U64)
def test_hashes_of_integers_equal_their_twin(values, key):
    assert hash_values(pa.array(values, pa.int64()), key).tolist() == [mix_twin(value + key) for value in values]


@examples
@given(st.lists(st.floats()), U64)
def test_hashes_of_floats_equal_their_twin(values, key):
    assert hash_values(pa.array(values, pa.float64()), key).tolist() == [float_twin(value, key) for value in values]


@examples
@given(st.lists(st.text(max_size=150)), U64)
def test_hashes_of_texts_equal_their_twin(values, key):
    assert hash_values(pa.array(values, pa.string()), key).tolist() == [text_twin(v.encode(), key) for v in values]


def test_hashes_of_texts_of_every_length_equal_their_twin():
    values = ["x" * length for length in range(260)]
    assert hash_values(pa.array(values), 77).tolist() == [text_twin(value.encode(), 77) for value in values]


@examples
@given(st.lists(st.tuples(I64, st.none() | st.text(max_size=20), st.floats(allow_nan=False), st.booleans())))
def test_checksums_equal_their_twin(rows):
    columns = {name: [row[i] for row in rows] for i, name in enumerate("ntfb")}
    kinds = {"n": pa.int64(), "t": pa.string(), "f": pa.float64(), "b": pa.bool_()}
    batch = pa.RecordBatch.from_pydict(columns, schema=pa.schema(kinds))
    assert checksum_of(batch) == checksum_twin("t", columns)


def test_checksums_of_more_columns_than_a_word_has_bits_equal_their_twin():
    columns = {f"c{i}": [i, -i, 7] for i in range(130)}
    assert checksum_of(pa.RecordBatch.from_pydict(columns)) == checksum_twin("t", columns)


# -- what a checksum does not depend on -----------------------------------------------------------------


def checksum_of(*batches):
    checksum = Checksum("t", batches[0].schema.names)
    for batch in batches:
        checksum.add(batch)
    return checksum.to_json()


def some_batch(rows=400, seed=1):
    """Every kind of column, with nulls in one."""
    generator = np.random.default_rng(seed)
    integers = generator.integers(-(2**63), 2**63 - 1, rows)
    texts = ["".join(map(chr, generator.integers(33, 0x300, size))) for size in generator.integers(0, 150, rows)]
    return pa.RecordBatch.from_pydict(
        {
            "integer": integers,
            "float": generator.normal(size=rows),
            "text": texts,
            "null": pa.array(integers, mask=generator.random(rows) < 0.3),
            "choice": pa.array(generator.choice(["a", "b", "ccc"], rows)).dictionary_encode(),
            "boolean": generator.random(rows) < 0.5,
            "time": pa.array(generator.integers(0, 2**50, rows), pa.timestamp("us")),
            "date": pa.array(generator.integers(0, 40_000, rows).astype(np.int32), pa.date32()),
        }
    )


@examples
@given(st.permutations(range(60)))
def test_the_order_of_rows_does_not_matter(order):
    batch = some_batch(60)
    assert checksum_of(batch.take(pa.array(order))) == checksum_of(batch)


@examples
@given(st.lists(st.integers(0, 400)), st.randoms(use_true_random=False))
def test_how_rows_are_cut_into_parts_does_not_matter(cuts, random):
    batch, edges = some_batch(), [0, *sorted(cuts), 400]
    parts = [batch.slice(a, b - a) for a, b in pairwise(edges)]
    random.shuffle(parts)
    assert checksum_of(*parts) == checksum_of(batch)
    assert add_checksums(checksum_of(part) for part in parts) == checksum_of(batch)


def test_a_slice_has_the_checksum_of_its_copy():
    part = some_batch().slice(37, 111)
    assert checksum_of(part) == checksum_of(part.take(pa.array(range(111))))


def test_the_order_in_which_a_batch_holds_its_columns_does_not_matter():
    batch = some_batch()
    turned = Checksum("t", batch.schema.names)
    turned.add(batch.select(batch.schema.names[::-1]))
    assert turned.to_json() == checksum_of(batch)


def test_no_rows_add_nothing():
    batch = some_batch()
    assert set(checksum_of(batch.slice(5, 0)).values()) == {"0" * 16}
    assert checksum_of(batch, batch.slice(400)) == checksum_of(batch)


@pytest.mark.parametrize("kind", [pa.string(), pa.int64(), pa.float64(), pa.bool_(), pa.date32(), pa.timestamp("us")])
def test_an_array_without_values_has_no_hashes(kind):
    assert hash_values(pa.array([], kind), 3).size == 0
    assert hash_values(pa.array([], kind).dictionary_encode(), 3).size == 0


@pytest.mark.parametrize("values", [["a", "", "b", "a"], ["a", None, "b"], [1, 2, None, 1], [0.0, None, math.nan]])
def test_a_dictionary_has_the_hashes_of_its_values(values):
    plain = pa.array(values)
    assert hash_values(plain.dictionary_encode(), 9).tolist() == hash_values(plain, 9).tolist()
    assert hash_values(plain.dictionary_encode().slice(1), 9).tolist() == hash_values(plain.slice(1), 9).tolist()


def test_a_dictionary_that_holds_a_null_has_the_hashes_of_its_values():
    encoded = pa.DictionaryArray.from_arrays(pa.array([0, 1, 0], pa.int32()), pa.array(["a", None]))
    assert hash_values(encoded, 9).tolist() == hash_values(pa.array(["a", None, "a"]), 9).tolist()


def test_a_dictionary_of_nothing_but_nulls_has_hashes():
    encoded = pa.array([None, None], pa.string()).dictionary_encode()
    assert hash_values(encoded, 9).tolist() == [int(NULL_HASH)] * 2


@pytest.mark.parametrize(
    "kind", [pa.int64(), pa.float64(), pa.string(), pa.bool_(), pa.date32(), pa.timestamp("us"), pa.timestamp("ms")]
)
def test_a_null_of_any_type_has_the_tag_of_nulls_and_nothing_else_has(kind):
    value = {"string": "x", "bool": True, "double": 1.5}.get(str(kind), 1)
    array = pa.array([None, value, None], kind)
    assert (hash_values(array, 9) == NULL_HASH).tolist() == [True, False, True]
    assert (hash_values(array.slice(1), 9) == NULL_HASH).tolist() == [False, True]


# -- canonical forms --------------------------------------------------------------------------------------


def one_hash(value, kind=None, key=5):
    return int(hash_values(pa.array([value], kind), key)[0])


def test_minus_zero_is_zero():
    assert one_hash(-0.0) == one_hash(0.0)


def test_every_nan_is_one_nan_and_no_null():
    payloads = np.array([0x7FF8000000000000, 0x7FF8000000000001, 0xFFF8000000000000, 0x7FF0000000000001], np.uint64)
    hashes = set(hash_values(pa.array(payloads.view(np.float64), from_pandas=False), 5).tolist())
    assert hashes == {one_hash(math.nan)}
    assert hashes.isdisjoint({int(NULL_HASH), one_hash(math.inf), one_hash(0.0)})


def test_empty_text_is_not_null():
    assert one_hash("") != int(NULL_HASH)


def test_a_zero_byte_at_the_end_is_seen():
    texts = ["", "\0", "\0\0", "a", "a\0", "a" * 64, "a" * 64 + "\0", "a" * 63 + "\0"]
    assert len({one_hash(text) for text in texts}) == len(texts)


def test_words_of_a_text_that_change_places_are_seen():
    a, b = "abcdefgh", "ijklmnop"
    texts = [a + b, b + a, a * 8 + b * 8, b * 8 + a * 8, a * 7 + b + a * 8, a * 8 + b + a * 7]
    assert len({one_hash(text) for text in texts}) == len(texts)


NOON = datetime.datetime(2024, 2, 29, 12, 0, 0, 250_000)


@pytest.mark.parametrize(
    ("value", "kinds"),
    [
        (7, [pa.int64(), pa.int32(), pa.int8(), pa.uint16(), pa.uint64()]),
        (1.5, [pa.float64(), pa.float32()]),
        (NOON, [pa.timestamp("us"), pa.timestamp("ms"), pa.timestamp("ns")]),
        (NOON.date(), [pa.date32(), pa.date64()]),
    ],
)
def test_a_value_has_one_hash_whatever_the_width_it_is_stored_in(value, kinds):
    assert len({one_hash(value, kind) for kind in kinds}) == 1


def test_an_instant_has_one_hash_in_any_time_zone():
    zone = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
    there = NOON.replace(tzinfo=datetime.UTC).astimezone(zone)
    zoned = [one_hash(there, pa.timestamp("us", name)) for name in ("UTC", "+05:30")]
    assert set(zoned) == {one_hash(NOON, pa.timestamp("us"))}


def test_a_time_is_its_microseconds_and_a_date_its_days():
    assert one_hash(datetime.datetime(1970, 1, 1, 0, 0, 0, 42)) == one_hash(42)
    assert one_hash(datetime.date(1970, 2, 1)) == one_hash(31)
    assert one_hash(True) == one_hash(1)


def test_a_type_without_a_canonical_form_is_refused():
    with pytest.raises(TypeError, match="no canonical form"):
        hash_values(pa.array([b"abc"], pa.binary(3)), 5)


def test_last_letters_of_words_that_are_exchanged_are_seen():
    """200,000 pairs of texts of 64 letters; two 64-bit hashes of which are equal by chance once in 1e14 times."""
    generator = np.random.default_rng(4)
    letters = generator.integers(97, 123, (200_000, 64), np.uint8)
    exchanged = letters.copy()
    words = np.argsort(generator.random((200_000, 8)), axis=1)[:, :2] * 8 + 7
    each = np.arange(200_000)
    exchanged[each, words[:, 0]], exchanged[each, words[:, 1]] = letters[each, words[:, 1]], letters[each, words[:, 0]]
    sizes, differ = [64] * 200_000, (letters != exchanged).any(axis=1)
    one, other = (hash_values(text_over(text.tobytes(), sizes), 5) for text in (letters, exchanged))
    assert ((one != other) == differ).all()


# -- buffers ----------------------------------------------------------------------------------------------


def text_over(data, sizes, offset=0):
    """A text array over exactly these bytes, the first text at `offset`."""
    offsets = np.cumsum([offset, *sizes]).astype(np.int32)
    return pa.StringArray.from_buffers(len(sizes), pa.py_buffer(offsets), pa.py_buffer(data))


@pytest.mark.parametrize("size", [1, 7, 8, 9, 31, 40, 63, 64, 65, 127, 128, 129, 200])
def test_a_text_that_ends_exactly_with_its_buffer_has_the_hash_it_has_elsewhere(size):
    text = bytes(97 + i % 26 for i in range(size))
    expected = text_twin(text, 5)
    for before in (0, 1, 63, 64, 100):
        at_the_end = text_over(b"#" * before + text, [size], before)
        followed = text_over(b"#" * before + text + b"\xff" * 300, [size], before)
        assert hash_values(at_the_end, 5).tolist() == hash_values(followed, 5).tolist() == [expected]


def test_texts_after_one_another_up_to_the_end_of_the_buffer_have_their_own_hashes():
    sizes = [0, 70, 1, 0, 64, 3, 0]
    data = bytes(48 + i % 70 for i in range(sum(sizes)))
    ends = np.cumsum(sizes).tolist()
    texts = [data[end - size : end] for size, end in zip(sizes, ends, strict=True)]
    assert hash_values(text_over(data, sizes), 5).tolist() == [text_twin(text, 5) for text in texts]


BEFORE_A_WALL = """
import ctypes, mmap
import numpy as np, pyarrow as pa
from gen.checksums import hash_values

memory = mmap.mmap(-1, 2 * mmap.PAGESIZE)
start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
wall = ctypes.c_void_p(start + mmap.PAGESIZE)
assert ctypes.CDLL(None).mprotect(wall, mmap.PAGESIZE, 0) == 0  # reading past the first page ends the process
for size in (1, 4, 7, 8, 59, 60, 63, 64, 65, 127, 128):
    data = pa.foreign_buffer(start + mmap.PAGESIZE - size, size)
    offsets = pa.py_buffer(np.array([0, size], np.int32))
    hash_values(pa.StringArray.from_buffers(1, offsets, data), 5)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="protects memory as Linux does")
def test_nothing_past_the_end_of_a_buffer_is_read():
    assert subprocess.run([sys.executable, "-c", BEFORE_A_WALL], check=False).returncode == 0


# -- what a checksum sees -----------------------------------------------------------------------------------


def differing(one, other):
    return {name for name in one if one[name] != other[name]}


def test_values_exchanged_between_rows_change_only_the_row_sum():
    batch = some_batch()
    before = checksum_of(batch)
    for name in ("integer", "float", "text", "time"):
        order = pa.array([1, 0, *range(2, 400)])
        position = batch.schema.get_field_index(name)
        after = checksum_of(batch.set_column(position, name, batch.column(name).take(order)))
        assert differing(before, after) == {""}


def test_values_exchanged_between_columns_of_a_row_are_seen():
    one = pa.RecordBatch.from_pydict({"a": [1, 2], "b": [3, 4]})
    other = pa.RecordBatch.from_pydict({"a": [3, 2], "b": [1, 4]})
    assert differing(checksum_of(one), checksum_of(other)) == {"a", "b", ""}


def test_a_row_twice_and_a_row_missing_are_seen():
    batch = some_batch()
    before = checksum_of(batch)
    assert differing(before, checksum_of(batch, batch.slice(3, 1))) == set(before)
    assert differing(before, checksum_of(batch.slice(1))) == set(before)


def test_the_same_values_in_another_table_or_column_have_other_sums():
    batch = pa.RecordBatch.from_pydict({"a": [1, 2], "b": [1, 2]})
    here, there = Checksum("here", ["a", "b"]), Checksum("there", ["a", "b"])
    here.add(batch)
    there.add(batch)
    assert len({*here.to_json().values(), *there.to_json().values()}) == 6


def test_two_thousand_random_one_bit_flips_are_all_seen():
    generator = np.random.default_rng(2)
    offsets = np.cumsum([0, *generator.integers(0, 90, 50)]).astype(np.int32)
    buffers = {
        "integer": generator.integers(-(2**63), 2**63 - 1, 50).view(np.uint8),
        "float": generator.normal(size=50).view(np.uint8),
        "text": generator.integers(0, 128, offsets[-1], np.uint8),
    }

    def checksum():
        text = pa.StringArray.from_buffers(50, pa.py_buffer(offsets), pa.py_buffer(buffers["text"]))
        integers, floats = buffers["integer"].view(np.int64), buffers["float"].view(np.float64)
        return checksum_of(pa.RecordBatch.from_arrays([pa.array(integers), pa.array(floats), text], list(buffers)))

    before, seen = checksum(), set()
    for _ in range(2000):
        name = generator.choice(list(buffers))
        place, bit = generator.integers(buffers[name].size), np.uint8(1 << generator.integers(8))
        buffers[name][place] ^= bit
        after = checksum()
        assert differing(before, after) == {name, ""}
        seen.add((after[name], after[""]))
        buffers[name][place] ^= bit
    assert checksum() == before
    assert len(seen) > 1700  # a few flips were drawn twice


# -- sums of sums -------------------------------------------------------------------------------------------


def test_checksums_add_modulo_two_to_the_64():
    assert add_checksums([{"a": "f" * 16, "": "8" + "0" * 15}] * 2) == {"a": "f" * 15 + "e", "": "0" * 16}


def test_checksums_of_nothing_add_up_to_nothing():
    assert add_checksums([]) == {}


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["a", "", "ü€😀", "b\0c"], None),
        (["1"], pa.string()),
        ([0, -(2**63), 2**63 - 1], None),
        ([1, 2], pa.int32()),
        ([0.0, -0.0, math.inf, 1e-300], None),
        ([1, 2.5], None),
        ([True, False, True], None),
        ([None, "a"], None),
        ([], pa.string()),
        ([datetime.date(2020, 2, 29)], None),
    ],
)
def test_arrays_of_python_values_are_those_that_arrow_makes(values, kind):
    made = array_of(values, kind)
    made.validate(full=True)
    assert made.equals(pa.array(values, kind))
    assert array_of(tuple(values), kind).equals(made)


@settings(deadline=None)
@given(st.lists(st.booleans() | st.none(), max_size=40), st.integers(0, 20), st.integers(0, 40))
def test_booleans_are_those_that_arrow_gives(values, start, length):
    array = pa.array(values, pa.bool_()).slice(start, length)
    assert boolean_values(array.is_null()).tolist() == array.is_null().to_pylist()
    found = boolean_values(array)
    assert found.size == len(array)
    assert all(a == b for a, b in zip(found.tolist(), array.to_pylist(), strict=True) if b is not None)


@settings(deadline=None)
@given(st.lists(st.sampled_from(["a", "b", None]), min_size=1, max_size=40), st.integers(0, 5))
def test_nulls_of_a_dictionary_have_the_hash_of_a_null(values, start):
    array = pa.array(values, pa.string())
    encoded = array.dictionary_encode().slice(start)
    assert hash_values(encoded, 7).tolist() == hash_values(array.slice(start), 7).tolist()
