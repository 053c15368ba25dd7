"""This file knows the syntax of regular expressions: pattern text -> syntax tree, and what it refuses, by name.

The syntax is what JSON Schema recommends of ECMA-262, with what Pydantic's engine (Rust's `regex`) and Python's `re`
add to it. Where engines disagree the tree means what all of them accept: see `gen.schema.characters`. Groups, names and
laziness say nothing about which texts match, and leave no trace in the tree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gen.schema import characters
from gen.schema.characters import Class, Ranges, union
from gen.synth.patterns.classes import MAXIMUM_DEPTH, Scanner, Unclosed, refuse, single
from gen.synth.patterns.tree import NEW_LINE, Alternation, End, Letters, Look, Node, Repeat, Sequence, Start

MAXIMUM_REPEAT = 10_000


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
    except Unclosed as unclosed:
        error = unclosed.error
    # In Rust a [ inside a class opens another; elsewhere it is a letter. `[^[]+` can only mean the latter.
    try:
        return _Parser(where, pattern, wide, nested=False).parse()
    except Unclosed:
        raise error from None


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
_FLAGS = "imsxuUa"
_SEEN = "imsx"  # by the tree; the others say nothing about which texts match


class _Parser(Scanner):
    """Recursive descent over one pattern."""

    depth = 0

    def parse(self) -> Parsed:
        tree = self._alternation()
        if self.place < len(self.text):
            self._fail("a closing ) without its opening one", "Escape it as \\), or open a group.")
        return Parsed(tree, self.named)

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
        return self._letters(self._cased(single(ord(letter))))

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

    # -- characters and places ----------------------------------------------------------------------------------------

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

    def _letters(self, found: Class) -> Letters:
        self.named = union(self.named, self._naming(found)) if not self.negative else self.named
        return self._pick(found)

    def _pick(self, found: Class) -> Letters:
        return Letters(self._chosen(found))
