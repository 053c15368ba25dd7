"""Proves that automata accept exactly the texts that regular expressions match: against two engines, text by text."""

import itertools
import re
import unicodedata
import warnings
from typing import Annotated

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import SchemaError as NoPattern

from gen.errors import SchemaError
from gen.schema import characters
from gen.schema.characters import PRINTABLE, ranges, ranges_of
from gen.synth.patterns import places
from gen.synth.patterns.automaton import DEAD, automaton_of, both, minimised
from gen.synth.patterns.language import Language
from gen.synth.patterns.parser import parse
from gen.synth.patterns.tree import sets_of

# Of each: pattern, letters of the texts it is tried on, and how long they get.
PATTERNS = [
    ("", "ab", 4),
    ("a", "ab", 5),
    ("^a", "ab", 5),
    ("a$", "ab", 5),
    ("^a$", "ab", 5),
    ("ab|ba", "ab", 6),
    ("^(ab|ba)*$", "ab", 8),
    ("^(?:a|ab)(?:c|bcd)?$", "abcd", 5),
    ("a*b+c?", "abc", 6),
    ("^a{2}$", "ab", 5),
    ("^a{2,}b{1,3}$", "ab", 7),
    ("^a{,2}b$", "ab", 5),
    ("^(a{2}){1,2}$", "ab", 6),
    ("^a{0}b$", "ab", 4),
    ("^(a|b{2}){2,3}$", "ab", 8),
    ("^a*?b+?$", "ab", 6),
    ("^a*+b$", "ab", 6),
    ("^a*+a$", "ab", 6),
    ("^a{1,3}+a$", "ab", 6),
    ("^a?+ab$", "ab", 6),
    ("^[ab]{2,3}+b$", "abc", 5),
    ("[a-c]", "abd", 4),
    ("^[^a-c]+$", "abd", 4),
    ("^[]a]+$", "]ab", 4),
    ("^[a-]+$", "a-b", 4),
    ("^[-a]+$", "a-b", 4),
    (r"^[\]\-\^]+$", "]-^a", 4),
    ("^[a^]+$", "a^b", 4),
    (r"^\d\D$", "a1_", 4),
    (r"^\w\W\s\S$", "a_ .", 4),
    (r"^[\d\s]+$", "1 a", 4),
    (r"^[^\w]+$", "a_. ", 4),
    (r"^[\W\d]+$", "a1.", 4),
    (".", "a\nb", 3),
    ("^.+\\Z", "a\nb", 4),
    ("(?s)^.+\\Z", "a\nb", 4),
    ("(?m)^a$", "a\nb", 6),
    ("(?m)^$", "a\n", 4),
    ("(?m)a$", "a\nb", 5),
    ("(?i)ab", "aAbB", 4),
    ("(?i:a)b", "aAbB", 4),
    ("(?i)[a-b]c", "abABc", 3),
    ("(?x) a b # comment\n c", "abc ", 5),
    ("(?#comment)a", "ab", 3),
    ("(?P<name>a)b", "ab", 4),
    (r"\Aa\Z", "ab", 4),
    (r"a\x62\u0063", "abc", 4),
    (r"\.\*\+\?\(\)\[\]\{\}\|\^\$\\\/\-", ".", 2),
    ("^(|a)b$", "ab", 4),
    ("^(a|)+b$", "ab", 5),
    ("(a*)*", "ab", 4),
    ("^(a*b*)*c$", "abc", 5),
    ("a^b", "ab", 4),
    ("a$b", "ab", 4),
    ("(^a|b$)c*", "abc", 5),
    (r"\ba", "ab ", 5),
    (r"a\b", "ab.", 5),
    (r"\Ba", "ab ", 5),
    (r"a\B", "ab ", 5),
    (r"^\b\w+\b$", "a_ ", 5),
    (r"\bab\b|\Bb", "ab ", 5),
    ("a(?=b)", "ab", 5),
    ("a(?!b)", "ab", 5),
    ("^(?!.*aa)[ab]+$", "ab", 8),
    ("^(?=.*a)(?=.*b)(?=.*c).{3,5}$", "abcd", 5),
    ("^(?!a)(?!.*b$).+$", "abc", 5),
    ("^((?=a).|b)+$", "abc", 5),
    ("^(?:a(?!b)|b(?=a|$))*$", "ab", 7),
    ("(?=a.*b)(?!.*c)a", "abc", 5),
    ("^(?!(?!a)b)..$", "abc", 3),
    ("^(?=(?=a)..b).*$", "ab", 5),
    ("(?=$)", "ab", 3),
    ("a(?=$|b)", "abc", 4),
    ("^(?!$)a*$", "ab", 4),
    ("(?<=a)b", "ab", 5),
    ("(?<!a)b", "ab", 5),
    ("^.*(?<!ab)$", "ab", 6),
    ("(?<=ab)a", "ab", 6),
    ("(?<=^a)b", "ab", 5),
    ("(?<=(?<=a)b)c", "abc", 5),
    (r"(?=\bab\b).{2,4}$", "ab ", 5),
    (r"^(?=.*(?<=a)b)a+", "ab", 6),
    ("^(?=a)*b", "ab", 4),
    ("^(?:(?=a)a|(?<=a)b){3}$", "ab", 4),
]


def texts(letters, longest):
    for length in range(longest + 1):
        for text in itertools.product(letters, repeat=length):
            yield "".join(text)


def automaton_for(pattern, letters, whole):
    tree = parse("T.x", pattern).tree
    classes = characters.partition(sorted(sets_of(tree)), ranges_of(letters))
    return automaton_of("T.x", pattern, tree, classes, whole), classes


def accepts(found, classes, text):
    """Whether an automaton accepts a text, by walking it."""
    machine = found
    if machine.is_empty:
        return False
    state = 0
    for letter in text:
        state = next(
            (
                to
                for a, to in zip(classes, machine.steps[state], strict=True)
                if any(x <= ord(letter) <= y for x, y in a)
            ),
            DEAD,
        )
        if state == DEAD:
            return False
    return machine.accepting[state]


def python_pattern(pattern):
    """Python's `$` also matches before a last line end."""
    return pattern if "(?m)" in pattern else re.sub(r"(?<![\\[])\$", r"\\Z", pattern)


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize(("pattern", "letters", "longest"), PATTERNS)
def test_automata_accept_what_python_matches(pattern, letters, longest, whole):
    found, classes = automaton_for(pattern, letters, whole)
    compiled = re.compile(python_pattern(pattern))
    matches = compiled.fullmatch if whole else compiled.search
    for text in texts(letters, longest):
        assert accepts(found, classes, text) == bool(matches(text)), text


RUST_ONLY = [
    (r"^[a-c&&[^b]]+\z", "abc", 4),
    (r"^[a-c--b]+\z", "abcd", 4),
    (r"^[a-c~~b-d]+\z", "abcd", 4),
    (r"^[[:alpha:]_]+[[:^digit:]]\z", "a_1", 4),
    (r"^[a[b]c]+$", "abcd", 4),
    (r"^\p{Lu}\P{L}\p{Nd}\pL$", "Aa1.", 4),
    (r"^[\p{Ll}\p{P}]+$", "Aa1.", 4),
    (r"^[[a-c]&&[^b]]$", "abcd", 3),
    (r"^[^a&&a-c]$", "abcd", 3),
    (r"\x{61}\u{62}", "ab", 4),
    (r"(?<name>a)(?-i)b", "ab", 4),
    (r"^(?i)a(?-i)b$", "aAbB", 4),
    (r"^\p{Greek}?\p{Latin}+\z", "aA1", 3),
    (r"^[a&&]$", "a&", 3),
    (r"(?x)^[a b]\ c$", "ab c", 4),
]


def rust_accepts(pattern):
    adapter = TypeAdapter(Annotated[str, Field(pattern=pattern)])

    def accepts_text(text):
        try:
            adapter.validate_python(text)
        except ValidationError:
            return False
        return True

    return accepts_text


# Rust has no possessive quantifiers: it reads them as two.
BOTH = [case for case in PATTERNS if not re.search(r"[*?}]\+", case[0])]


@pytest.mark.parametrize(("pattern", "letters", "longest"), [*BOTH, *RUST_ONLY])
def test_automata_accept_what_pydantic_matches(pattern, letters, longest):
    try:
        matches = rust_accepts(pattern.replace(r"\Z", r"\z").replace("{,2}", "{0,2}").replace(r"\/", "/"))
    except NoPattern:
        assert re.search(r"\(\?(<?[=!]|#)", pattern), "Rust has no lookarounds, and no comments of that kind"
        return
    found, classes = automaton_for(pattern, letters, False)
    for text in texts(letters, longest):
        assert accepts(found, classes, text) == matches(text), text


ATOMS = st.sampled_from(["a", "b", "c", ".", "[ab]", "[^a]", r"\w", "^", "$", r"\b", r"\B", "-", "(?<=a)", "(?<!b)"])
EXPRESSIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "*?"])).map(lambda p: f"(?:{p[0]}){p[1]}"),
        inner.map(lambda part: f"(?={part})"),
        inner.map(lambda part: f"(?!{part})"),
    ),
    max_leaves=6,
)


@settings(deadline=None, max_examples=150, derandomize=True)
@given(EXPRESSIONS)
def test_automata_accept_what_python_matches_of_any_pattern(pattern):
    found, classes = automaton_for(pattern, "abc-", False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compiled = re.compile(python_pattern(pattern))
    for text in texts("ab-", 4):
        if text or r"\B" not in pattern:  # on which Python changed its mind
            assert accepts(found, classes, text) == bool(compiled.search(text)), text


@settings(deadline=None, max_examples=60, derandomize=True)
@given(EXPRESSIONS, EXPRESSIONS)
def test_products_are_conjunctions(left, right):
    trees = [parse("T.x", pattern).tree for pattern in (left, right)]
    classes = characters.partition(sorted({s for tree in trees for s in sets_of(tree)}), ranges_of("abc-"))
    a, b = (automaton_of("T.x", p, tree, classes, False) for p, tree in zip((left, right), trees, strict=True))
    together = both("T.x", "", a, b)
    for text in texts("ac-", 4):
        assert accepts(together, classes, text) == (accepts(a, classes, text) and accepts(b, classes, text))


def test_automata_are_least():
    """The states that no text tells apart are one: against the number of distinct residuals, by brute force."""
    for pattern in ["^(a|b)*abb$", "^(ab|ba){2}$", "a(?!b)", "^(?=.*a)(?=.*b)[ab]{2,4}$", r"\bab\b"]:
        found, _ = automaton_for(pattern, "ab-", False)
        compiled = re.compile(python_pattern(pattern))
        residuals = {
            tuple(bool(compiled.search(start + rest)) for rest in texts("ab-", 5)) for start in texts("ab-", 5)
        }
        residuals = {residual for residual in residuals if any(residual)}
        assert len(found.steps) == len(residuals)


def test_states_that_lead_nowhere_are_left_out():
    assert minimised([[1, 2], [1, 1], [2, 2]], [False, False, True]).steps == [[DEAD, 1], [1, 1]]
    assert minimised([[0]], [False]).is_empty


# -- refusals -----------------------------------------------------------------------------------------------

REFUSED = [
    (r"(a)\1", r"a back reference, \1, at character 4"),
    (r"(?P<n>a)(?P=n)", "a back reference, (?P=name), at character"),
    (r"(?<n>a)\k<n>", r"a back reference, \k, at character"),
    ("(?>a)", "an atomic group"),
    ("(a)?(?(1)b|c)", "a conditional group"),
    ("a(?R)?b", "a recursive group"),
    ("(?1)", "a recursive group"),
    ("(?&name)", "a recursive group"),
    ("(?|a|b)", "a branch reset"),
    ("(ab)*+", "a possessive quantifier on more than one character at character 5"),
    (r"\Ga", "the place of the last match"),
    (r"a\Kb", "a match reset"),
    (r"\R", "any line end"),
    (r"\X", "a grapheme cluster"),
    (r"\<a", "a word start"),
    (r"a\>", "a word end"),
    (r"\b{start}a", "a half word boundary"),
    (r"\q", r"an unknown escape, \q, at character 1"),
    (r"\xZZ", r"no character after \x at character 1"),
    (r"\uD800", r"no character after \u"),
    (r"\x{110000}", r"no character after \x"),
    (r"\p{Klingon}", "an unknown Unicode property, 'Klingon'"),
    ("[[:letter:]]", "an unknown class, [:letter:],"),
    ("[b-a]", "a range, b-a, that does not ascend"),
    (r"[a-\d]", r"a range, a-\d, that does not ascend"),
    ("[ab", "a class without its closing ] at character 1"),
    ("(ab", "a group without its closing ) at character 1"),
    ("ab)", "a closing ) without its opening one at character 3"),
    ("*a", "a quantifier, *, with nothing to repeat at character 1"),
    ("a|+", "a quantifier, +, with nothing to repeat at character 3"),
    ("a{3,2}", "a quantifier of at least 3 and at most 2 times at character 2"),
    ("a{20000}", "more than 10,000 repetitions"),
    ("(?q)a", "an unknown flag, q,"),
    ("(?", "an unknown group"),
    ("a\\", "a backslash with nothing behind it"),
    ("(?<=a(?=b))c", "a lookbehind that itself looks ahead"),
    ("(?<=a$)", "a lookbehind that itself looks ahead"),
    ("(" * 200 + ")" * 200, "more than 100 levels of groups"),
    ("[" * 200 + "a" + "]" * 200, "more than 100 levels of classes"),
    ("(a{1000}){1000}", "needs more than 20,000 places"),
    ("^(a|b)*a(a|b){20}$", "needs more than"),
]


@pytest.mark.parametrize(("pattern", "said"), REFUSED)
def test_what_cannot_be_decided_is_refused_by_name(pattern, said):
    with pytest.raises(SchemaError) as caught:
        Language.of("Car.plate", [pattern], 0, 100)
    assert caught.value.message.startswith(f"Car.plate: the pattern {pattern!r}")
    assert said in caught.value.message
    assert caught.value.hint


def test_work_is_bounded(monkeypatch):
    monkeypatch.setattr(places, "MAXIMUM_STEPS", 100)
    for pattern in ("^(?=.*a)(?=.*b)(?=.*c)[a-z]{9,30}$", "^([a-z]{1,9}-){1,9}$"):
        with pytest.raises(SchemaError, match="steps of planning"):
            Language.of("T.x", [pattern])


NESTED = r"(a{1,50}){1,50}"  # 2,500 places, most of which a state is at
DIGITS = r"^(\d{1,3}(,\d{3})*(\.\d+)?){1,30}$"  # 10,000 states that are 270


def test_nested_repetitions_are_planned_where_lengths_allow():
    assert Language.of("T.x", [NESTED], 0, 40).lengths == tuple(range(1, 41))
    assert Language.of("T.x", [DIGITS], 0, 3).cardinality == 10 + 10**2 + 10**3 + 10**2  # and d.d
    with pytest.raises(SchemaError, match="Declare a smaller max_length"):
        Language.of("T.x", [NESTED])


@given(st.data(), st.integers(1, 12), st.integers(1, 3))
@settings(deadline=None)
def test_the_least_automaton_has_no_two_states_alike(data, states, letters):
    """By the definition: states are alike if no text is accepted from one alone; texts of up to `states` letters do."""
    rows = st.lists(st.integers(-1, states - 1), min_size=letters, max_size=letters)
    steps = data.draw(st.lists(rows, min_size=states, max_size=states))
    accepting = data.draw(st.lists(st.booleans(), min_size=states, max_size=states))

    def judged(steps, accepting):
        told = [(accepts,) for accepts in accepting]
        for _ in range(states):
            told = [(t, *(told[to] if to >= 0 else None for to in row)) for t, row in zip(told, steps, strict=True)]
            numbers = {t: i for i, t in enumerate(dict.fromkeys(told))}
            told = [numbers[t] for t in told]
        return told

    found = minimised(steps, accepting)
    alike = judged(found.steps, found.accepting)
    assert len(set(alike)) == len(alike)
    for text in itertools.product(range(letters), repeat=min(states, 4)):
        for end in range(len(text) + 1):
            assert _accepted(steps, accepting, text[:end]) == _accepted(found.steps, found.accepting, text[:end])


def _accepted(steps, accepting, text):
    state = 0 if steps else -1
    for letter in text:
        state = steps[state][letter] if state >= 0 else -1
    return state >= 0 and accepting[state]


# -- characters ---------------------------------------------------------------------------------------------


def characters_of(pattern):
    """All first characters of texts of one character that a pattern matches."""
    language = Language.of("T.x", [pattern], 1, 1)
    return {chr(code) for first, last in language.letters for code in range(first, last + 1)}


PRINTED = {chr(code) for code in range(0x20, 0x7F)}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (".", PRINTED),
        ("[^a]", PRINTED - {"a"}),
        ("é", {"é"}),
        ("[é-ë]", set("éêë")),
        ("[aé]", {"a", "é"}),
        (r"\u00e9", {"é"}),
        (r"\ud83d\ude00", {"😀"}),
        (r"\U0001F600", {"😀"}),
        (r"\n", {"\n"}),
        (r"\t|\0|\cA", {"\t", "\0", "\x01"}),
        (r"[\b]", {"\b"}),
        (r"[\x00-\x08]", {chr(code) for code in range(9)}),
        (r"[\x00-\x7f]", PRINTED),
        (r"\w", {c for c in PRINTED if c.isalnum() or c == "_"}),
        (r"\s", {" "}),
        (r"[é\W]", {c for c in PRINTED if not c.isalnum() and c != "_"} | {"é"}),
        (r"(?i)[é]", {"é", "É"}),
        (r"[а-в]", set("абв")),
        (r"[^\x00-\x7f]", None),
        (r"\p{Cyrillic}", None),
        (r"[\p{L}&&[^\x00-\x7f]]", None),
        (r"(?!é).", PRINTED),
    ],
)
def test_texts_are_printable_ascii_and_what_the_pattern_names(pattern, expected):
    found = characters_of(pattern)
    unknown_to_rust = r"\0", r"\ud", "(?!", r"[\b"
    matches = None if any(part in pattern for part in unknown_to_rust) else rust_accepts(pattern)
    if expected is None:
        assert found and not found & PRINTED
        assert all(matches(c) for c in sorted(found)[:: max(len(found) // 2000, 1)])
    else:
        assert found == expected
        assert matches is None or all(matches(c) for c in found)


@pytest.mark.parametrize("pattern", [r"\p{Cyrillic}", r"[\p{Ll}&&[^a-z]]", r"[^\x00-\x7f]", r"[\p{Lu}&&[^A-Z]]"])
def test_classes_that_name_characters_name_those_of_unicode_3_2(pattern):
    """Which every version of Python knows: so values do not depend on it."""
    found = characters_of(pattern)
    assert found and all(unicodedata.ucd_3_2_0.category(c) not in ("Cn", "Co", "Cs") for c in found)


def test_a_wider_alphabet_widens_dots_and_classes():
    alphabet = ranges(*PRINTABLE, *ranges_of("äß\u0661"))
    language = Language.of("T.x", [r"^\w\d[^a]$"], alphabet=alphabet)
    assert language.accepts("ß1ä")
    assert not language.accepts("ß\u0661ä"), "engines differ on which digits there are"
    assert all(re.search(r"^\w\d[^a]$", language.unrank(rank)) for rank in range(0, language.cardinality, 997))


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9)), max_size=6), st.lists(st.integers(0, 70), max_size=20)
)
def test_sets_of_characters_behave_like_sets(pairs, others):
    a, b = ranges(*((x, x + width) for x, width in pairs)), ranges_of("".join(map(chr, others)))
    set_a = {code for x, width in pairs for code in range(x, x + width + 1)}
    listed = lambda found: {code for first, last in found for code in range(first, last + 1)}  # noqa: E731
    assert listed(a) == set_a and characters.size(a) == len(set_a)
    assert listed(characters.intersection(a, b)) == set_a & set(others)
    assert listed(characters.union(a, b)) == set_a | set(others)
    assert not characters.intersection(a, characters.complement(a))
    assert characters.union(a, characters.complement(a)) == characters.EVERYTHING
