"""This file knows characters: sets of code points as ranges, what class escapes and Unicode properties hold, and UTF-8.

Engines disagree about some characters: whether \\d is ten digits or all of Unicode's, what . leaves out. So a class of
characters is a pair: those that every engine takes, and those that any engine may take. A text drawn from the first,
where the pattern asks for the class, and never from the second, where it forbids it, is right for all of them.

Properties are those of Unicode 3.2, which every version of Python carries beside its own, so that values are the same
in all of them; characters that came later are only ever `possible`, unless a pattern names them one by one.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Ranges: TypeAlias = tuple[tuple[int, int], ...]  # first and last code points, ascending, disjoint, not adjacent

LAST = 0x10FFFF
EVERYTHING: Ranges = ((0, 0xD7FF), (0xE000, LAST))  # surrogates are no characters: UTF-8 has none
PRINTABLE: Ranges = ((0x20, 0x7E),)
ASCII: Ranges = ((0, 0x7F),)


# -- sets of code points ----------------------------------------------------------------------------------


def ranges(*pairs: tuple[int, int]) -> Ranges:
    """The union of first-to-last pairs, put in order."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(pairs):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(merged[-1][1], last)
        else:
            merged.append((first, last))
    return tuple(merged)


def ranges_of(characters: str) -> Ranges:
    """The set of these characters."""
    return ranges(*((ord(c), ord(c)) for c in characters))


def union(a: Ranges, b: Ranges) -> Ranges:
    return ranges(*a, *b) if a and b else a or b


def complement(a: Ranges) -> Ranges:
    """All characters but these."""
    edges = [-1, *(edge for first, last in a for edge in (first, last)), LAST + 1]
    gaps = [(edges[i] + 1, edges[i + 1] - 1) for i in range(0, len(edges), 2)]
    return intersection(tuple((first, last) for first, last in gaps if first <= last), EVERYTHING)


def intersection(a: Ranges, b: Ranges) -> Ranges:
    found, i, j = [], 0, 0
    while i < len(a) and j < len(b):
        first, last = max(a[i][0], b[j][0]), min(a[i][1], b[j][1])
        if first <= last:
            found.append((first, last))
        if a[i][1] < b[j][1]:
            i += 1
        else:
            j += 1
    return tuple(found)


def size(a: Ranges) -> int:
    return sum(last - first + 1 for first, last in a)


def partition(sets: list[Ranges], alphabet: Ranges) -> list[Ranges]:
    """The alphabet cut into classes of characters that no set tells apart, in order of their first characters."""
    edges = {edge for a in [alphabet, *sets] for first, last in a for edge in (first, last + 1)}
    cuts = sorted(edges)
    members: list[set[int]] = []
    for a in sets:
        members.append(set())
        starts = iter(a)
        here = next(starts, None)
        for cut in cuts:
            while here and cut > here[1]:
                here = next(starts, None)
            if here and here[0] <= cut:
                members[-1].add(cut)
    classes: dict[tuple[bool, ...], list[tuple[int, int]]] = {}
    for cut, following in pairwise(cuts):
        inside = intersection(((cut, following - 1),), alphabet)
        if inside:
            classes.setdefault(tuple(cut in member for member in members), []).extend(inside)
    return [ranges(*parts) for parts in classes.values()]


# -- classes on which engines may differ -------------------------------------------------------------------


@dataclass(frozen=True)
class Class:
    """A class of characters: `sure` are in it for every engine; what is not in `possible` is in it for none."""

    sure: Ranges
    possible: Ranges

    def __or__(self, other: Class) -> Class:
        return Class(union(self.sure, other.sure), union(self.possible, other.possible))

    def __and__(self, other: Class) -> Class:
        return Class(intersection(self.sure, other.sure), intersection(self.possible, other.possible))

    def __invert__(self) -> Class:
        return Class(complement(self.possible), complement(self.sure))


def exactly(a: Ranges) -> Class:
    return Class(a, a)


NOTHING = exactly(())
_DIGITS: Ranges = ((0x30, 0x39),)
_WORD = ranges((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_SPACE: Ranges = ((0x09, 0x0D), (0x20, 0x20))
_LINE_ENDS = ranges_of("\n\r\u2028\u2029")

DOT = Class(complement(_LINE_ENDS), complement(ranges_of("\n")))
ANY = exactly(EVERYTHING)


def class_escape(letter: str, wide: bool) -> Class:
    """What \\d, \\w, \\s and their capitals hold. Not `wide`: beyond ASCII nothing is known, and nothing needed."""
    found = {"d": _digit, "w": _word, "s": _space}[letter.lower()](wide)
    return ~found if letter.isupper() else found


def _digit(wide: bool) -> Class:
    return Class(_DIGITS, union(_DIGITS, property_of("Nd")) if wide else _DIGITS)


def _word(wide: bool) -> Class:
    if not wide:
        return exactly(_WORD)
    letters = union(property_of("L"), property_of("Nd"))
    possible = union(union(letters, property_of("M")), union(property_of("N"), property_of("Pc")))
    return Class(union(_WORD, intersection(letters, assigned())), union(possible, ((0x200C, 0x200D),)))


def _space(wide: bool) -> Class:
    possible = ranges((0x09, 0x0D), (0x1C, 0x20), (0x85, 0x85), (0xA0, 0xA0), (0xFEFF, 0xFEFF))
    return Class(_SPACE, union(possible, property_of("Z")) if wide else possible)


POSIX: dict[str, Ranges] = {
    "alnum": ranges((0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)),
    "alpha": ranges((0x41, 0x5A), (0x61, 0x7A)),
    "ascii": ASCII,
    "blank": ranges_of("\t "),
    "cntrl": ranges((0x00, 0x1F), (0x7F, 0x7F)),
    "digit": _DIGITS,
    "graph": ((0x21, 0x7E),),
    "lower": ((0x61, 0x7A),),
    "print": PRINTABLE,
    "punct": ranges((0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E)),
    "space": _SPACE,
    "upper": ((0x41, 0x5A),),
    "word": _WORD,
    "xdigit": ranges((0x30, 0x39), (0x41, 0x46), (0x61, 0x66)),
}


def either_case(a: Class, wide: bool) -> Class:
    """The class with each character's other case, where that is one character; possibly with all that fold to it."""
    possible = _either_case(a.possible)
    if wide:
        folds = _folds()
        cased = [code for first, last in intersection(possible, _CASED) for code in range(first, last + 1)]
        possible = ranges(*possible, *((other, other) for code in cased for other in folds.get(code, ())))
    return Class(_either_case(a.sure), possible)


@lru_cache(maxsize=1)
def _folds() -> dict[int, set[int]]:
    """For each letter with cases all that are the same but for case: k, K and the sign for kelvin."""
    found: dict[int, set[int]] = {}
    for first, last in _CASED:
        for code in range(first, last + 1):
            same = {code}
            for other in (chr(code).lower(), chr(code).upper(), chr(code).casefold()):
                same |= found.get(ord(other), {ord(other)}) if len(other) == 1 else set()
            if len(same) > 1 or code in found:
                same |= found.get(code, set())
                found |= dict.fromkeys(same, same)
    return found


@lru_cache(maxsize=256)
def _either_case(a: Ranges) -> Ranges:
    found = list(a)
    for first, last in intersection(a, _CASED):
        for code in range(first, last + 1):
            for other in (chr(code).lower(), chr(code).upper()):
                if len(other) == 1 and ord(other) != code:
                    found.append((ord(other), ord(other)))
    return ranges(*found)


# Where letters with two cases are, in whole blocks.
_CASED: Ranges = (
    (0x41, 0x587),
    (0x10A0, 0x1FFF),
    (0x2100, 0x24EF),
    (0x2C00, 0x2DFF),
    (0xFF21, 0xFF5A),
    (0x10400, 0x1044F),
)

# -- Unicode properties -------------------------------------------------------------------------------------

_CATEGORIES = {
    "letter": "L",
    "cased_letter": "LC",
    "uppercase_letter": "Lu",
    "lowercase_letter": "Ll",
    "titlecase_letter": "Lt",
    "modifier_letter": "Lm",
    "other_letter": "Lo",
    "mark": "M",
    "nonspacing_mark": "Mn",
    "spacing_mark": "Mc",
    "enclosing_mark": "Me",
    "number": "N",
    "decimal_number": "Nd",
    "digit": "Nd",
    "letter_number": "Nl",
    "other_number": "No",
    "punctuation": "P",
    "connector_punctuation": "Pc",
    "dash_punctuation": "Pd",
    "open_punctuation": "Ps",
    "close_punctuation": "Pe",
    "initial_punctuation": "Pi",
    "final_punctuation": "Pf",
    "other_punctuation": "Po",
    "symbol": "S",
    "math_symbol": "Sm",
    "currency_symbol": "Sc",
    "modifier_symbol": "Sk",
    "other_symbol": "So",
    "separator": "Z",
    "space_separator": "Zs",
    "line_separator": "Zl",
    "paragraph_separator": "Zp",
    "control": "Cc",
    "format": "Cf",
}
_SHORT = {short.lower(): short for short in _CATEGORIES.values()}
# Scripts whose letters are known by the first word of their names.
# fmt: off
_SCRIPTS = (
    "latin", "greek", "cyrillic", "armenian", "hebrew", "arabic", "syriac", "thaana", "devanagari", "bengali",
    "gurmukhi", "gujarati", "oriya", "tamil", "telugu", "kannada", "malayalam", "sinhala", "thai", "lao", "tibetan",
    "myanmar", "georgian", "hangul", "ethiopic", "cherokee", "khmer", "mongolian", "hiragana", "katakana", "bopomofo",
    "han",
)
# fmt: on
_BOUNDED: dict[str, Class] = {
    "any": exactly(EVERYTHING),
    "ascii": exactly(ASCII),
    "ascii_hex_digit": exactly(POSIX["xdigit"]),
}
_SCANNED: Ranges = ((0, 0x3FFFF), (0xE0000, 0xE0FFF))  # nothing else is assigned but private use


@lru_cache(maxsize=1)
def _by_category() -> dict[str, Ranges]:
    """All characters by general category: as Unicode 3.2 has it, or, where that has none, this Python's version."""
    runs: dict[str, list[tuple[int, int]]] = {}
    old, new = unicodedata.ucd_3_2_0.category, unicodedata.category
    for first, last in _SCANNED:
        begun, current = first, ""
        for code in range(first, last + 2):
            category = "" if code > last else old(chr(code))
            if category == "Cn":
                category = f"later {new(chr(code))}"
            if category != current:
                runs.setdefault(current, []).append((begun, code - 1))
                begun, current = code, category
    runs.pop("")
    return {category: ranges(*found) for category, found in runs.items()}


@lru_cache(maxsize=1)
def assigned() -> Ranges:
    """What Unicode 3.2 assigns to a character that may stand in a text: no private use, no surrogate."""
    kept = [a for name, a in _by_category().items() if not name.startswith("later") and name not in ("Cs", "Co")]
    return ranges(*(pair for a in kept for pair in a))


@lru_cache(maxsize=64)
def property_of(category: str) -> Ranges:
    """All characters of a general category, or of all that begin with its letter."""
    wanted = ("Lu", "Ll", "Lt") if category == "LC" else (category,)
    kept = [a for name, a in _by_category().items() if name.removeprefix("later ").startswith(wanted)]
    return ranges(*(pair for a in kept for pair in a))


@lru_cache(maxsize=64)
def _script(name: str) -> Class:
    word = {"han": "CJK"}.get(name, name.upper())
    letters, named = [], []
    for first, last in intersection(_SCANNED, complement(((0x30000, LAST),))):
        for code in range(first, last + 1):
            found = unicodedata.name(chr(code), "")
            if word in found:
                named.append((code, code))
                if found.startswith(f"{word} "):
                    letters.append((code, code))
    kept = intersection(intersection(ranges(*letters), property_of("L")), assigned())
    return Class(kept, ranges(*named))


def unicode_property(text: str) -> Class | None:
    """The class that \\p{text} names: a general category, a script, or one of a few properties; None if unknown."""
    name, _, value = text.replace(" ", "_").replace("-", "_").partition("=")
    name = (value or name).lower()
    if name in _BOUNDED:
        return _BOUNDED[name]
    if short := _CATEGORIES.get(name) or _SHORT.get(name):
        return Class(intersection(property_of(short), assigned()), property_of(short))
    if name in _SCRIPTS:
        return _script(name)
    loose = union(property_of("M"), union(property_of("Nl"), property_of("So")))
    for names, category in (("alphabetic alpha", "L"), ("uppercase upper", "Lu"), ("lowercase lower", "Ll")):
        if name in names.split():
            found = property_of(category)
            return Class(intersection(found, assigned()), union(union(found, property_of("Lm")), loose))
    if name in ("white_space", "space"):
        return class_escape("s", True)
    return None


# -- UTF-8 --------------------------------------------------------------------------------------------------


def encoded(a: Ranges) -> dict[int, NDArray[np.uint64]]:
    """The characters as UTF-8, by how many bytes they take: each one's bytes in a uint64, the first lowest."""
    found: dict[int, NDArray[Any]] = {}
    for width, bounds in enumerate(((0, 0x7F), (0x80, 0x7FF), (0x800, 0xFFFF), (0x10000, LAST)), 1):
        parts = [np.arange(first, last + 1, dtype=np.uint64) for first, last in intersection(a, (bounds,))]
        if not parts:
            continue
        codes = np.concatenate(parts)
        if width == 1:
            found[1] = codes
            continue
        packed = (codes >> np.uint64(6 * (width - 1))) | np.uint64((0xF00 >> width) & 0xFF)
        for i in range(1, width):
            packed |= (((codes >> np.uint64(6 * (width - 1 - i))) & np.uint64(0x3F)) | np.uint64(0x80)) << np.uint64(
                8 * i
            )
        found[width] = packed
    return found
