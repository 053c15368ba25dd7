"""This file knows the simple forms of SQL's CHECK constraints: text in, what it says of single columns out.

Read are comparisons with constants, BETWEEN, IN, = ANY (ARRAY[...]), LIKE and regular expressions, lengths, IS NOT
NULL, joined by AND; and by OR where that lists values of one column, or lets a null pass, which every CHECK does. Casts
are looked through. All else is named in words, and nothing is guessed.
"""

from __future__ import annotations

import decimal
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

_TOKEN = re.compile(
    r"""(?:\s|--[^\n]*|/\*[\s\S]*?\*/)*(?:
    (?P<text>(?:\b[NnEe]|_\w+\s*)?'(?:[^'\\]|''|\\.)*')
  | (?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)
  | (?P<brackets>\[\s*\])
  | (?P<open>(?<=[Aa][Rr][Rr][Aa][Yy])\[)
  | (?P<quoted>"(?:[^"]|"")+" | `(?:[^`]|``)+` | \[[^\]'\d][^\]']*\])
  | (?P<word>[^\W\d][\w$]*)
  | (?P<sign><=|>=|<>|!=|==|::|\|\||!?~~?\*?|[-=<>(),*+/%\].~!])
    )""",
    re.VERBOSE,
)
_BOUNDS = {">=": "ge", ">": "gt", "<=": "le", "<": "lt"}
_TURNED = {">=": "<=", ">": "<", "<=": ">=", "<": ">"}
_LENGTHS = ("length", "char_length", "character_length", "len")
_MORE_OF_A_TYPE = ("varying", "precision", "without", "with", "time", "zone", "unsigned", "signed")
# how a text is matched -> whether by a regular expression, and not by LIKE; what has a star passes over case
_MATCHES = {
    "~": True,
    "~*": True,
    "regexp": True,
    "rlike": True,
    "~~": False,
    "~~*": False,
    "like": False,
    "ilike": False,
}
_OTHER_SYNTAX = re.compile(r"\[[:.=]|\\[^\W\ddDsSwW_]|\(\?|^\*\*\*")  # regular expressions that Python reads otherwise
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "0": "\0", "Z": "\x1a"}  # letter after a backslash -> character
_CONSTANTS = {"true": True, "false": False, "null": None}


class NotRead(Exception):
    """A condition is none of the simple forms; the message says why."""


@dataclass(frozen=True)
class Said:
    """What a condition says of one column: a constraint by its name in Pydantic, or "choices", "not_null" or "json".

    Values are bool, int, Decimal and str; choices are a tuple of them.
    """

    column: str
    fact: str
    value: Any = None


@dataclass(frozen=True)
class _Name:
    name: str
    length: bool = False


@dataclass(frozen=True)
class _Constant:
    value: Any


_Term: TypeAlias = _Name | _Constant


@dataclass(frozen=True)
class _Compared:
    sign: str
    left: _Term
    right: _Term


@dataclass(frozen=True)
class _In:
    term: _Term
    values: tuple[Any, ...]


@dataclass(frozen=True)
class _Matched:
    term: _Term
    pattern: str


@dataclass(frozen=True)
class _IsJson:
    term: _Term


@dataclass(frozen=True)
class _IsNull:
    term: _Term
    negated: bool


@dataclass(frozen=True)
class _Joined:
    word: str  # "and" or "or"
    parts: tuple[_Condition, ...]


@dataclass(frozen=True)
class _Unread:
    """A part that is none of the simple forms; the others beside it may be."""

    why: str


_Condition: TypeAlias = _Compared | _In | _Matched | _IsJson | _IsNull | _Joined | _Unread


def read_condition(sql: str, escapes: bool = False) -> tuple[list[Said], list[str]]:
    """What a condition says of single columns, and why the rest of it could not be read, if any.

    escapes: whether a backslash escapes what follows it in every text, as MySQL has it; else in those of E'...' alone.
    """
    said: list[Said] = []
    unread: list[str] = []
    try:
        parsed = _Parser(_tokens(sql, escapes)).whole()
    except NotRead as error:
        return said, [str(error)]
    except RecursionError:
        return said, ["its brackets are nested too deep"]
    for part in _conjuncts(parsed):
        try:
            said += _said(part)
        except NotRead as error:
            unread.append(str(error))
    return said, unread


def checks_in(statement: str) -> list[str]:
    """The conditions of all CHECKs of a CREATE TABLE, whatever else is in it."""
    found, place, opened, depth = [], 0, -1, 0
    checking = False
    while place < len(statement):
        match = _TOKEN.match(statement, place)
        if match is None:
            place += 1
            continue
        place, kind = match.end(), str(match.lastgroup)
        sign = match[kind] if kind == "sign" else ""
        if opened < 0 and checking and sign == "(":
            opened, depth = place, 0
        elif opened >= 0:
            depth += {"(": 1, ")": -1}.get(sign, 0)
            if depth < 0:
                found.append(statement[opened : match.start(kind)].strip())
                opened = -1
        checking = kind == "word" and match[kind].lower() == "check"
    return found


# -- tokens -------------------------------------------------------------------------------------------------------


def _tokens(sql: str, escapes: bool) -> list[tuple[str, str]]:
    """Kind and text of each token: text and names without their quotes, words in small letters where they are signs."""
    found, place, sql = [], 0, sql.rstrip()
    while place < len(sql):
        match = _TOKEN.match(sql, place)
        if match is None:
            raise NotRead(f"{sql[place:].split()[0]!r:.40} is not understood")
        place = match.end()
        kind = str(match.lastgroup)
        found.append((kind, _plain(kind, match[kind], escapes)))
    return found


def _plain(kind: str, text: str, escapes: bool) -> str:
    if kind == "text":
        inner = text[text.index("'") + 1 : -1].replace("''", "'")
        if not (escapes or text[0] in "Ee"):
            return inner
        return re.sub(r"\\(.)", lambda found: _ESCAPED.get(found[1], found[1]), inner, flags=re.DOTALL)
    if kind == "quoted":
        return text[1:-1] if text[0] == "[" else text[1:-1].replace(text[0] * 2, text[0])
    return text


# -- the grammar --------------------------------------------------------------------------------------------------


class _Parser:
    def __init__(self, tokens: Sequence[tuple[str, str]]) -> None:
        self.tokens = tokens
        self.place = 0

    def whole(self) -> _Condition:
        found = self.joined("or")
        if self.place < len(self.tokens):
            raise NotRead(f"{self.tokens[self.place][1]!r:.40} is not understood there")
        return found

    def joined(self, word: str) -> _Condition:
        parts = [self.part(word)]
        while self.taken(word):
            parts.append(self.part(word))
        return parts[0] if len(parts) == 1 else _Joined(word, tuple(parts))

    def part(self, word: str) -> _Condition:
        return self.joined("and") if word == "or" else self.one()

    def one(self) -> _Condition:
        """One condition, in brackets or not; one that is not read is passed over as far as it goes."""
        start = self.place
        for attempt in (self.bracketed, self.compared):
            self.place = start
            try:
                found = attempt()
            except NotRead as error:
                why = str(error)
                continue
            if self.at_end():
                return found
            why = f"{self.tokens[self.place][1]!r:.40} is not understood there"
        self.place = start
        self.pass_over()
        return _Unread(why)

    def bracketed(self) -> _Condition:
        self.needed("(")
        found = self.joined("or")
        self.needed(")")
        return found

    def at_end(self) -> bool:
        """Whether a condition may end here."""
        return self.place == len(self.tokens) or self.word() in ("and", "or", ")")

    def pass_over(self) -> None:
        depth = 0
        while self.place < len(self.tokens) and (depth or not self.at_end()):
            depth += {"(": 1, ")": -1}.get(self.tokens[self.place][1], 0) if self.kind() == "sign" else 0
            self.place += 1

    def compared(self) -> _Condition:
        if self.taken("json_valid"):
            self.needed("(")
            found = self.term()
            self.needed(")")
            return _IsJson(found)
        left = self.term()
        if self.taken("is"):
            negated = self.taken("not")
            self.needed("null")
            return _IsNull(left, negated)
        if self.taken("between"):
            low = self.term()
            self.needed("and")
            return _Joined("and", (_Compared(">=", left, low), _Compared("<=", left, self.term())))
        if self.taken("in"):
            self.needed("(")
            return _In(left, self.listed(")"))
        if self.word() in _MATCHES:
            return self.matched(left)
        sign = {"==": "=", "!=": "<>"}.get(self.word(), self.word())
        if self.kind() != "sign" or sign not in (*_BOUNDS, "=", "<>"):
            raise NotRead(self.unlike())
        self.place += 1
        if sign == "=" and self.taken("any"):
            return _In(left, self.array())
        return _Compared(sign, left, self.term())

    def matched(self, left: _Term) -> _Matched:
        is_expression = _MATCHES[self.word()]
        self.place += 1
        pattern = self.constant()
        if not isinstance(pattern, str):
            raise NotRead("it matches no constant text")
        return _Matched(left, _regular(pattern) if is_expression else _regular_of_like(pattern))

    def array(self) -> tuple[Any, ...]:
        """PostgreSQL's `(ARRAY['a'::text, 'b'::text])::text[]`, in brackets or not."""
        if self.taken("("):
            values = self.array()
            self.needed(")")
        else:
            self.needed("array")
            if self.kind() != "open":
                raise NotRead("an array is not understood")
            self.place += 1
            values = self.listed("]")
        self.cast()
        return values

    def listed(self, end: str) -> tuple[Any, ...]:
        values = [self.constant()]
        while self.taken(","):
            values.append(self.constant())
        self.needed(end)
        return tuple(values)

    def constant(self) -> Any:
        found = self.term()
        if not isinstance(found, _Constant):
            raise NotRead("a list holds more than constants")
        return found.value

    def term(self) -> _Term:
        found = self.plain_term()
        self.cast()
        return found

    def plain_term(self) -> _Term:
        if not self.left():
            raise NotRead("it ends too soon")
        kind, text = self.tokens[self.place]
        self.place += 1
        if kind == "text":
            return _Constant(text)
        if kind == "number":
            return _Constant(int(text) if text.isdecimal() else decimal.Decimal(text))
        if kind == "sign" and text in "+-":
            return self.signed(text)
        if kind == "sign" and text == "(":
            found = self.term()
            self.needed(")")
            return found
        if kind == "word" and text.lower() in _CONSTANTS:
            return _Constant(_CONSTANTS[text.lower()])
        if kind == "word" and self.word() == "(":
            return self.function(text.lower())
        if kind not in ("word", "quoted"):
            raise NotRead(f"{text!r:.40} is not understood")
        while self.taken("."):  # of the table before it, no more is said
            text = self.tokens[self.place][1] if self.left() else ""
            self.place += 1
        return _Name(text)

    def signed(self, sign: str) -> _Term:
        found = self.plain_term()
        if not isinstance(found, _Constant) or isinstance(found.value, (bool, str)) or found.value is None:
            raise NotRead(f"{sign!r} is not before a number")
        return _Constant(-found.value) if sign == "-" else found

    def function(self, name: str) -> _Term:
        self.needed("(")
        if name == "cast":
            found = self.term()
            self.needed("as")
            self.type()
        elif name in _LENGTHS:
            found = self.term()
            if not isinstance(found, _Name) or found.length:
                raise NotRead("it is the length of no column")
            found = replace(found, length=True)
        else:
            raise NotRead(f"the function {name} is not read")
        self.needed(")")
        return found

    def cast(self) -> None:
        while self.taken("::"):
            self.type()

    def type(self) -> None:
        """The name of a type, which is looked through."""
        self.place += 1
        while self.word() in _MORE_OF_A_TYPE:
            self.place += 1
        if self.word() == "(":
            self.place += 1
            self.listed(")")
            while self.word() in _MORE_OF_A_TYPE:
                self.place += 1
        while self.kind() == "brackets":
            self.place += 1

    # -- tokens, one by one -----------------------------------------------------------------------------------------

    def unlike(self) -> str:
        return f"{self.tokens[self.place][1]!r:.40} is not understood" if self.left() else "it ends too soon"

    def left(self) -> bool:
        return self.place < len(self.tokens)

    def kind(self) -> str:
        return self.tokens[self.place][0] if self.left() else ""

    def word(self) -> str:
        """The next word or sign, in small letters; nothing where a text, a number or a quoted name is next."""
        return self.tokens[self.place][1].lower() if self.kind() in ("word", "sign") else ""

    def taken(self, word: str) -> bool:
        found = self.word() == word
        self.place += found
        return found

    def needed(self, word: str) -> None:
        if not self.taken(word):
            found = f"{self.tokens[self.place][1]!r:.40} is where" if self.left() else "it ends where"
            raise NotRead(f"{found} {word.upper()} is expected")


def _regular(pattern: str) -> str:
    """A regular expression, where Python's mean the same."""
    if _OTHER_SYNTAX.search(pattern):
        raise NotRead(f"the regular expression {pattern!r:.60} is of a syntax of its own")
    return pattern


def _regular_of_like(pattern: str) -> str:
    """The regular expression that matches what LIKE does."""
    if "[" in pattern or "\\" in pattern:
        raise NotRead(f"LIKE {pattern!r:.60} is not the same in all databases")
    return "^" + "".join({"%": ".*", "_": "."}.get(letter) or re.escape(letter) for letter in pattern) + "$"


# -- what it says -------------------------------------------------------------------------------------------------


def _conjuncts(condition: _Condition) -> list[_Condition]:
    if isinstance(condition, _Joined) and condition.word == "and":
        return [inner for part in condition.parts for inner in _conjuncts(part)]
    return [condition]


def _said(condition: _Condition) -> list[Said]:
    if isinstance(condition, _Unread):
        raise NotRead(condition.why)
    if isinstance(condition, _Joined):
        return _said_by_any(condition) if condition.word == "or" else [s for p in condition.parts for s in _said(p)]
    if isinstance(condition, _IsNull):
        column = _column(condition.term)
        if not condition.negated:
            raise NotRead(f"{column} is to have no value")
        return [Said(column, "not_null")]
    if isinstance(condition, _Matched):
        return [Said(_column(condition.term), "pattern", condition.pattern)]
    if isinstance(condition, _IsJson):
        return [Said(_column(condition.term), "json")]
    if isinstance(condition, _In):
        return [Said(_column(condition.term), "choices", _listed(condition.values))]
    return _said_by_comparison(condition)


def _said_by_any(condition: _Joined) -> list[Said]:
    """One of several: values of one column, listed one after the other; or that, or no value."""
    nulls = [part for part in condition.parts if isinstance(part, _IsNull) and not part.negated]
    others = [part for part in condition.parts if part not in nulls]
    said = [_said(part) for part in others]
    columns = {each.column for several in said for each in several} | {_column(part.term) for part in nulls}
    if len(columns) != 1:
        raise NotRead(f"OR joins conditions of {', '.join(sorted(columns))}" if columns else "OR joins no conditions")
    if len(others) == 1:
        return said[0]
    if not others or not all(len(several) == 1 and several[0].fact == "choices" for several in said):
        raise NotRead("OR joins more than values of one column")
    return [Said(columns.pop(), "choices", tuple(dict.fromkeys(v for (one,) in said for v in one.value)))]


def _said_by_comparison(condition: _Compared) -> list[Said]:
    sign, left, right = condition.sign, condition.left, condition.right
    if isinstance(left, _Constant):
        sign, left, right = _TURNED.get(sign, sign), right, left
    if isinstance(left, _Constant) or isinstance(right, _Name):
        names = [term.name for term in (left, right) if isinstance(term, _Name)]
        raise NotRead(f"it compares {' with '.join(names)}" if names else "it compares constants")
    if right.value is None:
        raise NotRead("it compares with NULL")
    if left.length:
        return _said_of_length(left.name, sign, right.value)
    if sign == "=":
        return [Said(left.name, "choices", (right.value,))]
    if sign == "<>" and right.value == "":
        return [Said(left.name, "min_length", 1)]
    if sign == "<>":
        raise NotRead(f"{left.name} is to have all values but {right.value!r:.40}")
    return [Said(left.name, _BOUNDS[sign], right.value)]


def _said_of_length(column: str, sign: str, value: Any) -> list[Said]:
    if isinstance(value, bool) or not isinstance(value, int) or sign == "<>":
        raise NotRead(f"the length of {column} is compared in another way than with a whole number")
    least = {">=": value, ">": value + 1, "=": value}.get(sign)
    most = {"<=": value, "<": value - 1, "=": value}.get(sign)
    said = (("min_length", least), ("max_length", most))
    return [Said(column, fact, bound) for fact, bound in said if bound is not None]


def _column(term: _Term) -> str:
    if isinstance(term, _Constant):
        raise NotRead("it speaks of no column")
    if term.length:
        raise NotRead(f"lengths of {term.name} are listed")
    return term.name


def _listed(values: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(value for value in values if value is not None))
