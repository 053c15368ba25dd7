"""Proves that text made of pieces is what its words or its rank say, byte for byte, and that words are spent evenly."""

import itertools
import pickle

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from columns import examples
from gen.streams import Stream
from gen.synth.texts.domains import prose
from gen.synth.texts.lists import MAXIMUM_TEXTS, Texts, alias_table, choose_indexes
from gen.synth.texts.pieces import Pieces
from gen.synth.texts.prose import LONGEST_WORD, Prose

FALSE_ALARM = 1e-6  # of each statistical test, were its seed not fixed
KEY = 7

short = st.lists(st.text("abzé東\0", max_size=4), min_size=1, max_size=6, unique=True)
long = st.lists(st.text("xyzü", min_size=0, max_size=90), min_size=1, max_size=4, unique=True)
weights = st.lists(st.floats(0.01, 100), min_size=6, max_size=6)


@st.composite
def tables(draw: st.DrawFn) -> Texts:
    listed = draw(short | long)
    heavy = draw(st.none() | weights)
    return Texts.of(listed, None if heavy is None else heavy[: len(listed)])


# -- twins ----------------------------------------------------------------------------------------------------


def index_twin(word: int, table: Texts) -> int:
    place, low = divmod(word * len(table), 2**32)
    if table.weights is None:
        return place
    threshold, alias = divmod(int(table.aliases[place]), 2**32)
    return place if low < threshold else alias


def row_twin(pieces: Pieces, words: list[int]) -> str:
    chosen: dict[int, int] = {}
    spare = iter(words)
    for p, table in enumerate(pieces.tables):
        if p != pieces.check:
            chosen[p] = index_twin(next(spare), table) if len(table) > 1 else 0
    if pieces.check is not None:
        total = sum(int(t.sums[chosen[p]]) for p, t in enumerate(pieces.tables) if t.sums is not None)
        chosen[pieces.check] = total % len(pieces.tables[pieces.check])
    return "".join(table.listed[chosen[p]] for p, table in enumerate(pieces.tables))


def words_of_row(words: np.ndarray, width: int, row: int) -> list[int]:
    if width == 1:
        return [int(words[0, row])]
    pairs = words[:, row].tolist()
    return list(itertools.chain.from_iterable((pair % 2**32, pair >> 32) for pair in pairs))


# -- drawing --------------------------------------------------------------------------------------------------


@examples
@given(parts=st.lists(tables(), min_size=1, max_size=7), rows=st.sampled_from([1, 2, 511, 513]))
def test_a_row_is_what_its_words_choose(parts: list[Texts], rows: int) -> None:
    pieces = Pieces(tuple(parts))
    words = Stream(KEY, pieces.width).columns(range(rows))
    drawn = pieces.at(words)
    drawn.validate(full=True)
    assert drawn.to_pylist() == [row_twin(pieces, words_of_row(words, pieces.width, row)) for row in range(rows)]


@pytest.mark.parametrize("listed", [["ab", "cd", ""], ["ab"] * 3, ["ab", "c", "ab", "東", "c"], ["", "", "x"]])
def test_repeated_texts_are_held_once_and_drawn_all_the_same(listed: list[str]) -> None:
    pieces = Pieces((Texts.of(listed), Texts.of(".-"), Texts.of(listed, range(1, len(listed) + 1))))
    words = Stream(KEY, pieces.width).columns(range(200))
    expected = [row_twin(pieces, words_of_row(words, pieces.width, row)) for row in range(200)]
    assert pieces.at(words).to_pylist() == expected
    assert len(Texts.of(listed).encoded[0]) == len("".join(dict.fromkeys(listed)).encode())


@examples
@given(sizes=st.lists(st.integers(1, 9), min_size=1, max_size=5), modulus=st.integers(2, 97), place=st.integers(0, 4))
def test_a_check_is_the_sum_of_the_others(sizes: list[int], modulus: int, place: int) -> None:
    parts = [Texts.of([f"{n}." for n in range(s)], sums=[(7 * n + s) % 256 for n in range(s)]) for s in sizes]
    place = min(place, len(parts))
    parts.insert(place, Texts.of(f"[{n}]" for n in range(modulus)))
    pieces = Pieces(tuple(parts), check=place)
    words = Stream(KEY, pieces.width).columns(range(40))
    expected = [row_twin(pieces, words_of_row(words, pieces.width, row)) for row in range(40)]
    assert pieces.at(words).to_pylist() == expected
    assert pieces.rank(pieces.unrank(np.arange(min(pieces.capacity, 50), dtype=np.uint64))).tolist() == list(
        range(min(pieces.capacity, 50))
    )
    wrong = expected[0].replace("[", "[9")
    assert pieces.rank(pa.array([wrong])).tolist() == [2**64 - 1]


def test_picked_rows_equal_ranges_and_pieces_travel() -> None:
    pieces = Pieces.of(Texts.of("abc", [1, 2, 3]), "-", Texts.of(map(str, range(1000))), Texts.of("xy"))
    rows = np.array([5, 70_000, 2**40, 0], np.uint64)
    expected = [pieces.draw(range(r, r + 1), KEY)[0].as_py() for r in rows.tolist()]
    assert pieces.draw(rows, KEY).to_pylist() == expected
    assert pickle.loads(pickle.dumps(pieces)).draw(rows, KEY).to_pylist() == expected
    assert len(pieces.draw(range(0), KEY)) == 0


def test_texts_that_are_always_the_same_are_joined_to_a_neighbour() -> None:
    pieces = Pieces.of("<", Texts.of("ab"), "|", Texts.of("cd"), ">")
    assert [table.listed for table in pieces.tables] == [("<a", "<b"), ("|c>", "|d>")]
    assert Pieces.of("all", "ways").draw(range(2), KEY).to_pylist() == ["allways"] * 2


def test_a_list_is_not_empty_and_not_too_long() -> None:
    for listed in ([], map(str, range(MAXIMUM_TEXTS + 1))):
        with pytest.raises(ValueError, match="a list has 1 to"):
            Texts.of(listed)
    for heavy in ([0.0, 0.0], [1.0, -1.0], [float("nan"), 1.0]):
        with pytest.raises(ValueError, match="weights are finite"):
            alias_table(heavy)


# -- laws -----------------------------------------------------------------------------------------------------


@examples
@given(heavy=st.lists(st.sampled_from([0.0, 1e-9, 0.1, 1.0, 3.0, 1e6]), min_size=1, max_size=40).filter(any))
def test_an_alias_table_holds_the_weights_exactly(heavy: list[float]) -> None:
    """Each probability, added up from the table itself, to 2^-32; what has no weight is never drawn."""
    entries = alias_table(heavy).tolist()
    shares = [0.0] * len(heavy)
    for i, entry in enumerate(entries):
        shares[i] += (entry >> 32) / 2**32 / len(heavy)
        shares[entry % 2**32] += 1 / len(heavy) - (entry >> 32) / 2**32 / len(heavy)
    assert shares == pytest.approx([weight / sum(heavy) for weight in heavy], abs=2.0**-31)
    assert all(shares[i] == 0 for i, weight in enumerate(heavy) if weight == 0)


@pytest.mark.parametrize("heavy", [None, [1.0 / (n + 3) for n in range(200)]])
def test_texts_are_drawn_as_often_as_they_weigh(heavy: list[float] | None) -> None:
    table = Texts.of(map(str, range(200)), heavy)
    indexes = np.empty(500_000, np.int32)
    choose_indexes(Stream(KEY, 1).words(range(500_000)), np.uint64(200), table.aliases, indexes)
    shares = np.ones(200) if heavy is None else np.array(heavy)
    counts = np.bincount(indexes, minlength=200)
    assert stats.chisquare(counts, shares * 500_000 / shares.sum()).pvalue > FALSE_ALARM


def test_pieces_of_a_row_are_independent() -> None:
    pieces = Pieces(tuple(Texts.of("abcdefgh") for _ in range(5)))
    drawn = np.frombuffer(pieces.draw(range(100_000), KEY).buffers()[2], np.uint8)[:500_000].reshape(-1, 5) - ord("a")
    for first, second in itertools.combinations(range(5), 2):  # ten tests
        pairs = np.bincount(drawn[:, first].astype(int) * 8 + drawn[:, second], minlength=64)
        assert stats.chisquare(pairs).pvalue > FALSE_ALARM


# -- ranks ----------------------------------------------------------------------------------------------------


@examples
@given(parts=st.lists(short, min_size=1, max_size=4))
def test_pieces_that_decode_have_as_many_texts_as_ranks(parts: list[list[str]]) -> None:
    pieces = Pieces(tuple(Texts.of(part) for part in parts))
    ways = ["".join(way) for way in itertools.product(*parts)]
    texts = pieces.unrank(np.arange(pieces.capacity, dtype=np.uint64)).to_pylist()
    assert texts == ways
    if pieces.decodes:
        assert len(set(texts)) == len(ways)
        assert pieces.rank(pa.array(texts)).tolist() == list(range(len(ways)))
    else:
        with pytest.raises(ValueError, match="in one way only"):
            pieces.rank(pa.array(texts))


@pytest.mark.parametrize(
    ("parts", "decodes"),
    [
        ((["a", "ab"], ["c", "d"]), True),
        ((["a", "ab"], ["b", "c"]), False),
        ((["", "1", "12"], ["@a", "@ab"]), True),
        ((["a", "aa"], ["", "a"]), False),
        ((["a", "ab"], ["", "x"], ["bc", "c"]), False),
        ((["a", "a"], ["b"]), False),
    ],
)
def test_pieces_know_whether_they_decode(parts: tuple[list[str], ...], decodes: bool) -> None:
    assert Pieces(tuple(Texts.of(part) for part in parts)).decodes is decodes


def test_beyond_64_bits_the_last_pieces_make_the_rank_and_the_others_are_drawn() -> None:
    part = Texts.of(f"{n:03x}" for n in range(2**12))
    pieces = Pieces((part,) * 8)
    assert (pieces.cardinality, pieces.capacity, pieces.ranked) == (2**96, 2**60, 3)
    ranks = np.array([0, 1, 2**60 - 1], np.uint64)
    plain, drawn = pieces.unrank(ranks).to_pylist(), pieces.unrank(ranks, KEY).to_pylist()
    assert plain == ["0" * 24, "0" * 23 + "1", "0" * 9 + "f" * 15]
    assert [text[9:] for text in drawn] == [text[9:] for text in plain]
    assert len({text[:9] for text in drawn}) == 3
    assert pieces.rank(pa.array(drawn)).tolist() == ranks.tolist()


def test_what_is_no_such_text_has_no_rank() -> None:
    pieces = Pieces.of(Texts.of("ab"), "-", Texts.of("xyz"))
    texts = ["a-x", "b-z", "", "a", "a-", "a-xx", "c-x", "a-x "]
    nothing = 2**64 - 1
    assert pieces.rank(pa.array(texts)).tolist() == [0, 5, *[nothing] * 6]


# -- prose ----------------------------------------------------------------------------------------------------


def prose_twin(of: Prose, seed: int, shortest: int, longest: int, many: bool) -> str:
    """The same sequence in Python's integers."""
    mask = 2**64 - 1

    def scrambled(state: int) -> int:
        state = ((state ^ state >> 30) * 0xBF58476D1CE4E5B9) & mask
        state = ((state ^ state >> 27) * 0x94D049BB133111EB) & mask
        return state ^ state >> 31

    by_length = [[word for word in of.words if len(word) == n] for n in range(LONGEST_WORD + 1)]
    choices = of._choices.tolist()
    state = (seed + 0x9E3779B97F4A7C15) & mask
    left = shortest + ((scrambled(state) % 2**32) * (longest - shortest + 1) >> 32)
    end = "." if left > 1 else ""
    left -= len(end)
    text, words, capital, turn, draw = "", 0, True, 0, 0
    while left:
        if turn % 4 == 0:
            state = (state + 0x9E3779B97F4A7C15) & mask
            draw = scrambled(state)
        turn += 1
        word = of.words[choices[draw % 16_384]]
        mark = draw >> 10 & 7
        stop = many and left > 40 and words >= 6 and mark == 1
        after = ". " if stop else ", " if words >= 3 and len(word) > 3 and mark == 0 else " "
        if left <= LONGEST_WORD or left < len(word) + 5:
            same = by_length[left if left <= LONGEST_WORD else left - 4]
            word = same[draw % 65_536 * len(same) >> 16]
            after = "" if left <= LONGEST_WORD else " "
        draw >>= 16
        text += (word.capitalize() if capital else word) + after
        left -= len(word) + len(after)
        capital = after == ". "
        words = 0 if capital else words + 1
    return text + end


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize(("shortest", "longest"), [(0, 0), (1, 1), (0, 30), (12, 19), (20, 120), (200, 700)])
def test_prose_equals_its_twin(shortest: int, longest: int, many: bool) -> None:
    drawn = prose().draw(range(60), KEY, shortest, longest, many)
    drawn.validate(full=True)
    seeds = Stream(KEY, 2).words(range(60)).tolist()
    assert drawn.to_pylist() == [prose_twin(prose(), seed, shortest, longest, many) for seed in seeds]
    picked = np.array([59, 3, 3], np.uint64)
    assert prose().draw(picked, KEY, shortest, longest, many).to_pylist() == [drawn[i].as_py() for i in (59, 3, 3)]


@pytest.mark.parametrize(("shortest", "longest", "many"), [(20, 120, False), (200, 400, True), (3, 40, False)])
def test_prose_is_made_of_whole_words_and_sentences(shortest: int, longest: int, many: bool) -> None:
    known = set(prose().words)
    for text in prose().draw(range(1000), KEY, shortest, longest, many).to_pylist():
        assert shortest <= len(text) <= longest
        sentences = text.removesuffix(".").split(". ")
        assert len(sentences) == 1 or many
        for sentence in sentences:
            words = [word.removesuffix(",") for word in sentence.split(" ")]
            assert words[0][0].isupper()
            assert {words[0].lower(), *words[1:]} <= known
        assert text.endswith(".")


def test_lengths_of_prose_are_equally_likely() -> None:
    lengths = np.diff(np.frombuffer(prose().draw(range(100_000), KEY, 5, 104, False).buffers()[1], np.int32))
    assert stats.chisquare(np.bincount(lengths - 5, minlength=100)).pvalue > FALSE_ALARM


def test_words_that_would_not_do_are_refused() -> None:
    with pytest.raises(ValueError, match="is not a word of 1 to 12"):
        Prose(("Capital",)).draw(range(1), KEY, 1, 9, False)
    with pytest.raises(ValueError, match="1,025 words, and 1,024 is the most"):
        Prose(("a",) * 1025).draw(range(1), KEY, 1, 9, False)
    with pytest.raises(ValueError, match="every length from 1 to 12"):
        Prose(("a", "bc")).draw(range(1), KEY, 1, 9, False)
