"""This file knows what a format is: pieces to draw it from, and a pattern; and the lists they are made of."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from gen.synth.texts.lists import Texts
from gen.synth.texts.pieces import Pieces

LETTERS = "abcdefghijklmnopqrstuvwxyz"
DIGITS = "0123456789"


@dataclass(frozen=True)
class Format:
    """A text format: how it is drawn, and a regular expression of it.

    pieces: what it is drawn from; made on first use. pattern: in Python's syntax, to be matched in full; every text of
    its language is of the format, whether it would ever be drawn or not, so that it can be intersected with a column's
    own patterns and lengths. None where no regular expression of reasonable size says it (check digits).
    """

    pieces: Callable[[], Pieces]
    pattern: str | None


@lru_cache
def lists_of(name: str) -> dict[str, list[str]]:
    """The lists of a file of locales/, without its description."""
    text = resources.files("gen.synth").joinpath(f"locales/{name}.json").read_text("utf-8")
    return {key: lines for key, lines in json.loads(text).items() if key != "about"}


def words_of(name: str, key: str) -> list[str]:
    """A list whose items are separated by spaces."""
    return " ".join(lists_of(name)[key]).split()


def items_of(name: str, key: str) -> list[str]:
    """A list whose items are separated by commas."""
    return ", ".join(lists_of(name)[key]).split(", ")


@lru_cache
def numbers(digits: int, first: int = 0, last: int | None = None) -> Texts:
    """The numbers from `first` to `last` (all of that many digits, unless given), zeros in front."""
    end = 10**digits - 1 if last is None else last
    return Texts.of(f"{number:0{digits}d}" for number in range(first, end + 1))


@lru_cache
def plain_numbers(first: int, last: int) -> Texts:
    """The numbers from `first` to `last`, no zeros in front."""
    return Texts.of(map(str, range(first, last + 1)))


@lru_cache
def hex_numbers(digits: int, first: int = 0, last: int | None = None) -> Texts:
    """Hexadecimal numbers in lower case, zeros in front."""
    end = 16**digits - 1 if last is None else last
    return Texts.of(f"{number:0{digits}x}" for number in range(first, end + 1))


@lru_cache
def strings(alphabet: str, length: int) -> Texts:
    """Every string of that length over an alphabet, in its order."""
    return Texts.of(map("".join, itertools.product(alphabet, repeat=length)))


def some(texts: Iterable[str], weights: Iterable[float] | None = None) -> Texts:
    """A list of texts, repeated ones once."""
    return Texts.of(dict.fromkeys(texts), weights)


def falling(texts: Iterable[str], flatness: float = 3.0) -> Texts:
    """Texts of which the first is the most frequent: weights fall with the rank, 1 / (rank + flatness)."""
    listed = list(dict.fromkeys(texts))
    return Texts.of(listed, [1.0 / (rank + flatness) for rank in range(len(listed))])


def product(*parts: Texts | str) -> Texts:
    """Every combination of texts as one list, all equally likely: fewer pieces are faster."""
    listed = [(part,) if isinstance(part, str) else part.listed for part in parts]
    return Texts.of(map("".join, itertools.product(*listed)))
