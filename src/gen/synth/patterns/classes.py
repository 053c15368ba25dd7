"""This file knows the characters in regular expressions: literal ones, escapes, and bracketed classes.

Bracketed classes have what Rust adds, nested classes and set operations, where they can mean that.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NoReturn

from gen.errors import SchemaError
from gen.schema import characters
from gen.schema.characters import PRINTABLE, Class, Ranges, intersection, ranges, union

MAXIMUM_DEPTH = 100

# escape -> its character
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "a": "\a", "0": "\0"}
# escape -> how its hexadecimal digits are written
_HEXADECIMAL = {"x": 2, "u": 4, "U": 8}
_REFUSED_ESCAPES = {
    "k": ("a back reference, \\k,", "Write what is repeated as a list of alternatives, or leave the pattern out."),
    "G": ("the place of the last match, \\G,", "Use ^."),
    "K": ("a match reset, \\K,", "Leave it out."),
    "R": ("any line end, \\R,", "Write (?:\\r\\n|\\n)."),
    "X": ("a grapheme cluster, \\X,", "Write the characters themselves."),
    "C": ("a single byte, \\C,", "Write a character."),
    "<": ("a word start, \\<, which is a letter to other engines,", "Write \\b, or < for the letter."),
    ">": ("a word end, \\>, which is a letter to other engines,", "Write \\b, or > for the letter."),
}


def refuse(where: str, pattern: str, what: str, place: int | None, hint: str) -> SchemaError:
    """The error for a pattern that cannot be drawn from."""
    at = "" if place is None else f" at character {place + 1}"
    return SchemaError(f"{where}: the pattern {pattern!r} has {what}{at}.", hint=hint, pattern=pattern)


def single(code: int) -> Class:
    """The class of one character."""
    return characters.exactly(((code, code),))


class Unclosed(Exception):
    """A character class without its end."""

    def __init__(self, error: SchemaError) -> None:
        super().__init__(str(error))
        self.error = error


class Scanner:
    """One pattern, read from left to right. `negative`: inside an odd number of negated lookarounds.

    `nested`: whether a class may hold classes, as in Rust. `wide`: whether there are characters beyond ASCII.
    """

    def __init__(self, where: str, pattern: str, wide: bool, nested: bool) -> None:
        self.where = where
        self.text = pattern
        self.wide = wide
        self.nested = nested
        self.place = 0
        self.flags = {"i": False, "m": False, "s": False, "x": False}
        self.negative = False
        self.named: Ranges = ()

    def _fail(self, what: str, hint: str, place: int | None = None) -> NoReturn:
        raise refuse(self.where, self.text, what, self.place if place is None else place, hint)

    def _peek(self, length: int = 1) -> str:
        return self.text[self.place : self.place + length]

    def _take(self, expected: str) -> bool:
        if self.text.startswith(expected, self.place):
            self.place += len(expected)
            return True
        return False

    def _matches(self, shape: str) -> re.Match[str] | None:
        """What the text has of this shape from here on; it is taken."""
        found = re.compile(shape).match(self.text, self.place)
        if found:
            self.place = found.end()
        return found

    def _skip_blanks(self) -> None:
        if self.flags["x"]:
            self._matches(r"(?:\s|#[^\n]*)*")

    def _escaped_class(self) -> Class:
        """What an escape outside a class, or in one, stands for."""
        place = self.place
        self.place += 1
        letter = self._peek()
        self.place += 1
        if letter in ("d", "w", "s", "D", "W", "S"):
            return characters.class_escape(letter, self.wide)
        if letter in ("p", "P"):
            return self._property(letter == "P", place)
        if letter in _CONTROLS and not (letter == "0" and self._peek().isdigit()):
            return single(ord(_CONTROLS[letter]))
        if letter in _HEXADECIMAL:
            return single(self._hexadecimal(letter, place))
        if letter == "c" and self._peek().isascii() and self._peek().isalpha():
            self.place += 1
            return single(ord(self.text[self.place - 1].upper()) - 64)
        if letter.isdigit():
            self._fail(
                f"a back reference, \\{letter},",
                "Write what is repeated as a list of alternatives, or leave the pattern out.",
                place,
            )
        if letter in _REFUSED_ESCAPES:
            self._fail(*_REFUSED_ESCAPES[letter], place)
        if not letter:
            self._fail("a backslash with nothing behind it", "Write \\\\ for a backslash.", place)
        if letter.isalnum():
            self._fail(f"an unknown escape, \\{letter},", f"Write {letter} for the letter.", place)
        return single(ord(letter))

    def _hexadecimal(self, letter: str, place: int) -> int:
        found = self._matches(r"\{([0-9A-Fa-f]{1,8})\}") or self._matches(f"([0-9A-Fa-f]{{{_HEXADECIMAL[letter]}}})")
        code = int(found[1], 16) if found else -1
        if 0xD800 <= code <= 0xDBFF:  # ECMA writes characters beyond 16 bits as two
            low = self._matches(r"\\u([Dd][C-Fc-f][0-9A-Fa-f]{2})")
            code = 0x10000 + ((code - 0xD800) << 10) + (int(low[1], 16) - 0xDC00) if low else -1
        if not 0 <= code <= characters.LAST or 0xD800 <= code <= 0xDFFF:
            self._fail(
                f"no character after \\{letter}",
                f"Write \\{letter} and {_HEXADECIMAL[letter]} hexadecimal digits.",
                place,
            )
        return code

    def _property(self, negated: bool, place: int) -> Class:
        found = self._matches(r"\{(\^?)([^}]*)\}") or self._matches(r"(\^?)([A-Z])")
        known = characters.unicode_property(found[2]) if found else None
        if not found or known is None:
            name = found[2] if found else ""
            self._fail(
                f"an unknown Unicode property, {name!r},",
                "General categories and the main scripts are known: \\p{L}, \\p{Nd}, \\p{Greek}.",
                place,
            )
        return ~known if negated != bool(found[1]) else known

    # -- sets -------------------------------------------------------------------------------------------

    def _cased(self, found: Class) -> Class:
        return characters.either_case(found, self.wide) if self.flags["i"] else found

    def _chosen(self, found: Class) -> Ranges:
        return found.possible if self.negative else found.sure

    def _naming(self, found: Class) -> Ranges:
        """What a class names: its characters, if none is printable ASCII; of very many, those Unicode 3.2 assigns."""
        if intersection(found.sure, PRINTABLE):
            return ()
        return found.sure if characters.size(found.sure) <= 65_536 else intersection(found.sure, characters.assigned())

    def _class(self) -> Class:
        return _ClassParser(self).parse()


class _ClassParser:
    """A bracketed class, from its [ to its ]; with Rust's nested classes and set operations where they are meant."""

    def __init__(self, outer: Scanner) -> None:
        self.outer = outer
        self.opened = outer.place
        self.nested = outer.nested

    def parse(self) -> Class:
        """The class. Items that have no printable ASCII are named by the pattern, unless negated or combined."""
        found, named = self._bracket(0)
        if not self.outer.negative:
            self.outer.named = union(self.outer.named, named)
        return found

    def _bracket(self, depth: int) -> tuple[Class, Ranges]:
        outer = self.outer
        if depth > MAXIMUM_DEPTH:
            outer._fail(f"more than {MAXIMUM_DEPTH} levels of classes", "Flatten it.", self.opened)
        outer.place += 1
        negated = outer._take("^")
        found, named = self._items(depth, leading=True)
        plain = not negated
        while self.nested and (operation := outer._matches("&&|--|~~")):
            plain = False
            other, _ = self._items(depth, leading=False)
            found = _OPERATIONS[operation[0]](found, other)
        if not outer._take("]"):
            outer.place = len(outer.text)
            hint = "Close it, or escape the opening one as \\[."
            raise Unclosed(refuse(outer.where, outer.text, "a class without its closing ]", self.opened, hint))
        found = ~found if negated else found
        return found, named if plain else outer._naming(found)

    def _items(self, depth: int, leading: bool) -> tuple[Class, Ranges]:
        """The union of the items up to the class's end or the next set operation."""
        outer, found = self.outer, characters.NOTHING
        named: Ranges = ()
        first: bool = leading
        while outer.place < len(outer.text):
            if self.nested and outer.flags["x"]:
                outer._skip_blanks()
            ahead = outer._peek(2)
            if (ahead[:1] == "]" and not first) or (self.nested and not first and ahead in ("&&", "--", "~~")):
                break
            item, names = self._item(depth)
            found, named, first = found | item, union(named, names), False
        return found, named

    def _item(self, depth: int) -> tuple[Class, Ranges]:
        outer = self.outer
        posix = outer._matches(r"\[:(\^?)([a-z]+):\]")
        if posix:
            if posix[2] not in characters.POSIX:
                outer._fail(f"an unknown class, [:{posix[2]}:],", f"There are: {', '.join(characters.POSIX)}.")
            item = outer._cased(characters.exactly(characters.POSIX[posix[2]]))
            item = ~item if posix[1] else item
        elif self.nested and outer._peek() == "[":
            return self._bracket(depth + 1)
        else:
            item = self._range()
        return item, outer._naming(item)

    def _range(self) -> Class:
        """A single character, a range of them, or an escape that stands for many."""
        outer, place = self.outer, self.outer.place
        low = self._end_point()
        ahead = outer._peek(2)
        if isinstance(low, Class) or ahead[:1] != "-" or ahead == "-]" or (self.nested and ahead == "--"):
            return outer._cased(low if isinstance(low, Class) else single(low))
        outer.place += 1
        high = self._end_point()
        if isinstance(high, Class) or high < low:
            outer._fail(f"a range, {outer.text[place : outer.place]}, that does not ascend,", "Correct it.", place)
        return outer._cased(characters.exactly(intersection(ranges((low, high)), characters.EVERYTHING)))

    def _end_point(self) -> int | Class:
        outer = self.outer
        if outer._peek() != "\\":
            outer.place += 1
            return ord(outer.text[outer.place - 1])
        if outer._peek(2) == "\\b":
            outer.place += 2
            return 8
        escaped = outer._escaped_class()
        single = escaped.sure == escaped.possible and characters.size(escaped.sure) == 1
        return escaped.sure[0][0] if single else escaped


_OPERATIONS: dict[str, Callable[[Class, Class], Any]] = {
    "&&": lambda a, b: a & b,
    "--": lambda a, b: a & ~b,
    "~~": lambda a, b: (a & ~b) | (b & ~a),
}
