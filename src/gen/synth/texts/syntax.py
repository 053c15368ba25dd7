"""This file knows texts with a syntax: JSON and pointers into it, regular expressions, versions, paths, encodings.

Sources: RFC 6901 (JSON Pointer), RFC 8259 (JSON), RFC 4648 (Base64), Semantic Versioning 2.0.0.
"""

from __future__ import annotations

import base64
from functools import lru_cache

from gen.synth.texts.format import DIGITS, LETTERS, Format, numbers, plain_numbers, some, strings, words_of
from gen.synth.texts.lists import Texts
from gen.synth.texts.pieces import Pieces

_FIELDS = "id name items price total address city tags status owner created lines amount code kind unit"
_BASE64 = LETTERS.upper() + LETTERS + DIGITS + "+/"


def _pointer(start: Texts | str) -> Pieces:
    """Names of fields and places in lists, each after a slash."""
    places = [*_FIELDS.split(), *map(str, range(40)), "a~1b", "m~0n"]
    deeper = Texts.of(["", *(f"/{place}" for place in places)], [20.0, *[1.0] * len(places)])
    return Pieces.of(start, "/", some(places), deeper, deeper)


def _regex() -> Pieces:
    """Ordinary expressions, the same in ECMA 262 and Python."""
    classes = ["[a-z]", "[A-Z]", "[0-9]", "[a-zA-Z]", "[A-Z0-9]", "[a-f0-9]", r"\d", r"\w"]
    counts = ["", "+", "*", "?", *(f"{{{n}}}" for n in range(2, 10)), *(f"{{{n},{n + 4}}}" for n in range(1, 9))]
    part = Texts.of(one + count for one in classes for count in counts)
    return Pieces.of("^", part, some(("", "-", "/", "_", r"\.")), part, Texts.of(["$", "(-[a-z]+)?$", "[xyz]$"]))


def _json() -> Pieces:
    """An object of a few fields, without spaces."""
    words = some(word for word in words_of("words", "words") if len(word) > 3)
    return Pieces.of(
        '{"id":', plain_numbers(1, 99_999), ',"name":"', words, '","price":', plain_numbers(0, 999), ".",
        Texts.of(f"{a}{b}" for a in range(10) for b in range(1, 10)), ',"tags":["', words, '","', words,
        '"],"active":', some(("true", "false", "null")), "}",
    )  # fmt: skip


@lru_cache
def _encoded_letters(length: int) -> Texts:
    """Every string of that many small letters in Base64."""
    return Texts.of(base64.b64encode(text.encode()).decode() for text in strings(LETTERS, length).listed)


def _base64_text() -> Pieces:
    """12 to 14 small letters, encoded."""
    three = _encoded_letters(3)
    end = Texts.of([*_encoded_letters(1).listed, *_encoded_letters(2).listed, ""], [26.0] * 26 + [1.0] * 676 + [676.0])
    return Pieces((three, three, three, three, end))


def _base64(alphabet: str) -> Pieces:
    """18 to 20 random bytes, encoded."""
    pair = strings(alphabet, 2)
    one = [first + second + "==" for first in alphabet for second in alphabet[::16]]
    two = [first + second + third + "=" for first in alphabet for second in alphabet for third in alphabet[::4]]
    end = Texts.of([*one, *two, ""], [256.0] * 256 + [1.0] * 65_536 + [65_536.0])
    return Pieces((*[pair] * 12, end))


def _password() -> Pieces:
    """12 letters and digits, one of them followed by a sign."""
    two, signs = strings(LETTERS + LETTERS.upper() + DIGITS, 2), some("!#%*+-.:=?@_")
    return Pieces((two, two, two, signs, two, two, two))


def _path() -> Pieces:
    folders = ["/home/app", "/srv/data", "/var/log", "/opt/import", "/tmp/export", "/mnt/share", "/usr/local/share"]
    words = some(word for word in words_of("words", "words") if len(word) > 4)
    kinds = [".csv", ".json", ".txt", ".pdf", ".parquet", ".log", ".png", ".xml", ".zip"]
    return Pieces.of(some(folders), "/", words, "/", words, "-", numbers(4), some(kinds))


def _version() -> Pieces:
    """Mostly plain; some are pre-releases."""
    names = [f"-{stage}.{n}" for stage in ("alpha", "beta", "rc") for n in range(1, 10)]
    number = plain_numbers(0, 40)
    return Pieces.of(
        plain_numbers(0, 12), ".", number, ".", plain_numbers(0, 99), Texts.of(["", *names], [200.0, *[1.0] * 27])
    )


FORMATS: dict[str, Format] = {
    "json-pointer": Format(lambda: _pointer(""), r"(/([a-z]{1,12}|[1-9]?\d)){1,5}"),
    "relative-json-pointer": Format(lambda: _pointer(plain_numbers(0, 9)), r"\d(/([a-z]{1,12}|[1-9]?\d)){1,5}"),
    "regex": Format(_regex, r"\^(\[(a-z|A-Z|0-9)\](\+|\*|\?|\{[1-9]\})?){1,6}\$"),
    "json": Format(_json, r'\{"[a-z]{1,10}":("[A-Za-z0-9 ]{0,20}"|[1-9]\d{0,8}|0|true|false|null)\}'),
    "base64": Format(lambda: _base64(_BASE64), r"([A-Za-z0-9+/]{4}){1,64}"),
    "base64url": Format(lambda: _base64(_BASE64[:-2] + "-_"), r"([A-Za-z0-9_-]{4}){1,64}"),
    "base64-text": Format(_base64_text, None),
    "password": Format(_password, r"[A-Za-z0-9]{6}[!#%*+.:=?@_-][A-Za-z0-9]{1,24}"),
    "path": Format(_path, r"(/[a-z0-9]+(-[a-z0-9]+){0,3}){1,6}(\.[a-z]{2,7})?"),
    "semver": Format(_version, r"(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})(-(alpha|beta|rc)\.[1-9])?"),
}
