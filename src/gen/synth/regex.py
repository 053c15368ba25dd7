"""This file knows the syntax of regular expressions: pattern text -> syntax tree, and what it refuses, by name.

The syntax is what JSON Schema recommends of ECMA-262, with what Pydantic's engine (Rust's `regex`) and Python's `re`
add to it. Where engines disagree the tree means what all of them accept: see `gen.synth.characters`. Groups, names and
laziness say nothing about which texts match, and leave no trace in the tree.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from gen.errors import SchemaError
from gen.synth import characters
from gen.synth.characters import PRINTABLE, Class, Ranges, intersection, ranges, union
from gen.synth.regex_tree import NEW_LINE, Alternation, End, Letters, Look, Node, Repeat, Sequence, Start

MAXIMUM_REPEAT = 10_000
MAXIMUM_DEPTH = 100


@dataclass(frozen=True)
class Parsed:
    """A pattern's tree, and the characters beyond printable ASCII that the pattern itself names."""

    tree: Node
    named: Ranges


def parse(where: str, pattern: str, beyond_ascii: bool = False) -> Parsed:
    """The tree of a pattern. `beyond_ascii`: texts may hold other characters even if the pattern names none.

    Raises SchemaError, naming construct, place and remedy, for what is not a regular expression, or is one that no
    finite automaton decides (back references, recursion), or means different things to different engines.
    """
    parsed = _parse_either_way(where, pattern, beyond_ascii)
    if not beyond_ascii and any(last > 0x7F for _, last in parsed.named):
        return _parse_either_way(where, pattern, True)
    return parsed


def _parse_either_way(where: str, pattern: str, wide: bool) -> Parsed:
    try:
        return _Parser(where, pattern, wide, nested=True).parse()
    except _Unclosed as unclosed:
        error = unclosed.error
    # In Rust a [ inside a class opens another; elsewhere it is a letter. `[^[]+` can only mean the latter.
    try:
        return _Parser(where, pattern, wide, nested=False).parse()
    except _Unclosed:
        raise error from None


def refuse(where: str, pattern: str, what: str, place: int | None, hint: str) -> SchemaError:
    """The error for a pattern that cannot be drawn from."""
    at = "" if place is None else f" at character {place + 1}"
    return SchemaError(f"{where}: the pattern {pattern!r} has {what}{at}.", hint=hint, pattern=pattern)


def _single(code: int) -> Class:
    return characters.exactly(((code, code),))


class _Unclosed(Exception):
    """A character class without its end."""

    def __init__(self, error: SchemaError) -> None:
        super().__init__(str(error))
        self.error = error


# escape -> its character
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "a": "\a", "0": "\0"}
# escape -> how its hexadecimal digits are written
_HEXADECIMAL = {"x": 2, "u": 4, "U": 8}
# what may follow "(?" but makes no regular expression, or not the same one everywhere: (shape, name, remedy)
_REFUSED_GROUPS = (
    (
        r"P=",
        "a back reference, (?P=name),",
        "Write what is repeated as a list of alternatives, or leave the pattern out.",
    ),
    (r">", "an atomic group, (?>...),", "Write a plain group, (?:...)."),
    (r"\(", "a conditional group, (?(...)...),", "Write both cases as alternatives."),
    (r"R\)|P>|&|[+-]?\d", "a recursive group", "Write as many levels as are needed."),
    (r"\|", "a branch reset, (?|...),", "Write a plain group, (?:...)."),
)
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
_FLAGS = "imsxuUa"
_SEEN = {"i": False, "m": False, "s": False, "x": False}


class _Parser:
    """Recursive descent over one pattern. `negative`: inside an odd number of negated lookarounds."""

    def __init__(self, where: str, pattern: str, wide: bool, nested: bool) -> None:
        self.where = where
        self.text = pattern
        self.wide = wide
        self.nested = nested
        self.place = 0
        self.depth = 0
        self.flags = dict(_SEEN)
        self.negative = False
        self.named: Ranges = ()

    def parse(self) -> Parsed:
        tree = self._alternation()
        if self.place < len(self.text):
            self._fail("a closing ) without its opening one", "Escape it as \\), or open a group.")
        return Parsed(tree, self.named)

    # -- the text ---------------------------------------------------------------------------------------

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

    # -- structure --------------------------------------------------------------------------------------

    def _alternation(self) -> Node:
        self.depth += 1
        if self.depth > MAXIMUM_DEPTH:
            self._fail(f"more than {MAXIMUM_DEPTH} levels of groups", "Flatten it.")
        parts = [self._sequence()]
        while self._take("|"):
            parts.append(self._sequence())
        self.depth -= 1
        return parts[0] if len(parts) == 1 else Alternation(tuple(parts))

    def _sequence(self) -> Node:
        parts: list[Node] = []
        self._skip_blanks()
        while self.place < len(self.text) and self._peek() not in ("|", ")"):
            atom = self._atom()
            self._skip_blanks()
            if atom is not None:
                parts.append(self._quantified(atom))
            self._skip_blanks()
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _atom(self) -> Node | None:
        """One piece, without its quantifier; None for what only sets flags or comments."""
        letter = self._peek()
        if letter == "(":
            return self._group()
        if letter == "[":
            return self._letters(self._class())
        if letter == "\\":
            return self._escape()
        if letter in ("*", "+", "?"):
            self._fail(f"a quantifier, {letter}, with nothing to repeat", f"Escape it as \\{letter}.")
        self.place += 1
        if letter == ".":
            return self._pick(characters.ANY if self.flags["s"] else characters.DOT)
        if letter == "^":
            return Alternation((Start(), Look(NEW_LINE, False, False))) if self.flags["m"] else Start()
        if letter == "$":
            return Alternation((End(), Look(NEW_LINE, True, False))) if self.flags["m"] else End()
        return self._letters(self._cased(_single(ord(letter))))

    def _quantified(self, atom: Node) -> Node:
        for _ in range(MAXIMUM_DEPTH):
            place = self.place
            found = self._matches(r"[*+?]|\{(\d*)(,?)(\d*)\}")
            if not found or (found[0][0] == "{" and not (found[1] or found[3])):
                self.place = place
                return atom
            least, most = self._times(found, place)
            if self._take("+"):
                atom = self._possessive(atom, least, most, place)
            else:
                self._take("?")
                atom = Repeat(atom, least, most)
        what = f"more than {MAXIMUM_DEPTH} quantifiers on one another"
        raise refuse(self.where, self.text, what, self.place, "Leave them out.")

    def _times(self, found: re.Match[str], place: int) -> tuple[int, int | None]:
        if found[0] in ("*", "+", "?"):
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[found[0]]
        least = int(found[1] or 0)
        most = least if not found[2] else int(found[3]) if found[3] else None
        if most is not None and least > most:
            self._fail(f"a quantifier of at least {least} and at most {most} times", "Correct it.", place)
        if max(least, most or 0) > MAXIMUM_REPEAT:
            self._fail(f"more than {MAXIMUM_REPEAT:,} repetitions", "Lower the number.", place)
        return least, most

    def _possessive(self, atom: Node, least: int, most: int | None, place: int) -> Node:
        """X{n,m}+ takes all it can: m times X; or fewer, and then no X follows."""
        if not isinstance(atom, Letters):
            self._fail(
                "a possessive quantifier on more than one character", "Leave out the + behind the quantifier.", place
            )
        stop = Look(atom, True, True)
        if most is None:
            return Sequence((Repeat(atom, least, None), stop))
        if least == most:
            return Repeat(atom, least, most)
        return Alternation((Repeat(atom, most, most), Sequence((Repeat(atom, least, most - 1), stop))))

    def _group(self) -> Node | None:
        opened = self.place
        self.place += 1
        flags = dict(self.flags)
        if self._matches(r"\?#[^)]*"):  # a comment
            self._close(opened)
            return None
        look = self._matches(r"\?(<?)([=!])")
        if look:
            node = self._look(ahead=not look[1], negated=look[2] == "!")
        else:
            if self._take("?") and not self._matches(r"P?<[^\W\d]\w*>") and not self._take(":") and self._set_flags():
                return None  # (?i): for the rest of the group around it
            node = self._alternation()
        self._close(opened)
        self.flags = flags
        return node

    def _look(self, ahead: bool, negated: bool) -> Node:
        before = self.negative
        self.negative ^= negated
        part = self._alternation()
        self.negative = before
        return Look(part, ahead, negated)

    def _close(self, opened: int) -> None:
        if not self._take(")"):
            self._fail("a group without its closing )", "Close it, or escape the opening one as \\(.", opened)

    def _set_flags(self) -> bool:
        """Flags after "(?"; whether the group ends with them."""
        for shape, name, remedy in _REFUSED_GROUPS:
            if re.compile(shape).match(self.text, self.place):
                self._fail(name, remedy)
        found = self._matches(r"([a-zA-Z]*)(?:-([a-zA-Z]+))?([:)])")
        if not found or not (found[1] or found[2]):
            self._fail(f"an unknown group, (?{self._peek()},", "Write a plain group, (?:...).")
        for letter in found[1] + (found[2] or ""):
            if letter not in _FLAGS or (letter in "uUa" and letter in (found[2] or "")):
                self._fail(f"an unknown flag, {letter},", "The flags i, m, s and x are known.")
        self.flags |= {letter: True for letter in found[1] if letter in _SEEN}
        self.flags |= {letter: False for letter in found[2] or "" if letter in _SEEN}
        return found[3] == ")"

    # -- escapes ----------------------------------------------------------------------------------------

    def _escape(self) -> Node:
        letter = self._peek(2)[1:]
        if letter in ("A", "z", "Z"):
            self.place += 2
            return Start() if letter == "A" else End()
        if letter in ("b", "B"):
            if self._peek(3)[2:] == "{":
                self._fail("a half word boundary, \\b{...},", "Write \\b.")
            self.place += 2
            return self._boundary(letter == "b")
        return self._letters(self._cased(self._escaped_class()))

    def _boundary(self, crossed: bool) -> Node:
        """Between a word character and none. For each side only what every engine agrees on counts."""
        word = characters.class_escape("w", self.wide)
        inside, other = Letters(self._chosen(word)), Letters(self._chosen(~word))
        after, before = Look(inside, False, False), Look(inside, True, False)
        after_other, before_other = Look(other, False, False), Look(other, True, False)
        if crossed:
            into = Sequence((Alternation((Start(), after_other)), before))
            out = Sequence((after, Alternation((End(), before_other))))
            return Alternation((into, out))
        ways: list[tuple[Node, Node]] = [
            (after, before),
            (after_other, before_other),
            (Start(), before_other),
            (after_other, End()),
        ]
        if self.negative:  # older versions of Python find no \B in an empty text
            ways.append((Start(), End()))
        return Alternation(tuple(Sequence(way) for way in ways))

    def _escaped_class(self) -> Class:
        """What an escape outside a class, or in one, stands for."""
        place = self.place
        self.place += 1
        letter = self._peek()
        self.place += 1
        if letter in ("d", "w", "s", "D", "W", "S") and letter:
            return characters.class_escape(letter, self.wide)
        if letter in ("p", "P"):
            return self._property(letter == "P", place)
        if letter in _CONTROLS and not (letter == "0" and self._peek().isdigit()):
            return _single(ord(_CONTROLS[letter]))
        if letter in _HEXADECIMAL:
            return _single(self._hexadecimal(letter, place))
        if letter == "c" and self._peek().isascii() and self._peek().isalpha():
            self.place += 1
            return _single(ord(self.text[self.place - 1].upper()) - 64)
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
        return _single(ord(letter))

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
        return characters.either_case(found) if self.flags["i"] else found

    def _letters(self, found: Class) -> Letters:
        self.named = union(self.named, self._naming(found)) if not self.negative else self.named
        return self._pick(found)

    def _pick(self, found: Class) -> Letters:
        return Letters(self._chosen(found))

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

    def __init__(self, outer: _Parser) -> None:
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
            raise _Unclosed(refuse(outer.where, outer.text, "a class without its closing ]", self.opened, hint))
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
            return outer._cased(low if isinstance(low, Class) else _single(low))
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
