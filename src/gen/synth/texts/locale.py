"""This file knows what a locale has: names of women, of men and of families, places, streets, and how all are written.

Names have weights that fall with their rank; so have places. Every name has a form in lower-case ASCII letters, which
e-mail addresses and user names are made of.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gen.errors import SchemaError
from gen.schema.spec import suggestion
from gen.streams import Stream, stream_key
from gen.synth.names import surnames
from gen.synth.texts.domains import cities
from gen.synth.texts.format import DIGITS, items_of, lists_of, words_of

DEFAULT = "en"
WORLD = "world"  # the places of all locales, each country alike
COUNTRIES = "countries"  # every country there is, and no places in them
LANGUAGES = ("de", "en", "en-gb", "es", "fr", "it", "ja", "nl", "pl", "pt", "sv")
TAILS = 200  # postcodes of a place, at most; fewer are there several times
_TITLES = "Ms Mr"  # before the name of a woman, of a man
_NO_DECOMPOSITION = str.maketrans({"ł": "l", "ß": "ss", "ø": "o", "æ": "ae", "đ": "d"})
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_LETTERS = "ABCDEFGHJKLNPRSTUWXZ"  # of postcodes


@dataclass(frozen=True, eq=False)
class Names:
    """Names of one locale, the most frequent first. latin: the ASCII form of each.

    adjectives: whether a surname ends in -i for men and in -a for women; it is listed for men.
    family_first: whether the surname is written before the given name.
    """

    women: tuple[str, ...]
    men: tuple[str, ...]
    surnames: tuple[str, ...]
    surname_weights: NDArray[np.float64]
    latin: dict[str, str]
    adjectives: frozenset[str] = frozenset()
    family_first: bool = False
    titles: tuple[str, str] = ("Ms", "Mr")


@dataclass(frozen=True)
class Place:
    """A city. postcodes and phone: # is a digit, @ a capital letter; a phone number ends in two digits at least."""

    city: str
    state: str
    state_code: str
    country: str
    country_code: str
    postcodes: tuple[str, ...] = ()
    phone: str = ""
    latitude: float = 0.0
    longitude: float = 0.0


@dataclass(frozen=True, eq=False)
class Places:
    """Places with their weights, streets, and how a street and a whole address are written."""

    listed: tuple[Place, ...]
    weights: NDArray[np.float64]
    streets: tuple[str, ...]
    street: str
    address: str


def locale_named(where: str, name: str) -> str:
    """The locale of that name: "de", "de_DE" and "de-DE" are one. Raises SchemaError where there is none."""
    plain = name.lower().replace("_", "-")
    for known in (plain, plain.partition("-")[0]):
        if known in (*LANGUAGES, WORLD):
            return known
    raise SchemaError(f"{where}: there is no locale {name!r}.", hint=suggestion(plain, (*LANGUAGES, WORLD)))


def falling_weights(count: int, flatness: float) -> NDArray[np.float64]:
    """Weights 1 / (rank + flatness), that add up to 1."""
    weights = 1.0 / (np.arange(count, dtype=np.float64) + flatness)
    shares: NDArray[np.float64] = weights / weights.sum()
    return shares


def latin_of(text: str, locale: str = DEFAULT) -> str:
    """A name in lower-case ASCII letters: accents, spaces and apostrophes left out; German umlauts as two letters."""
    lower = text.lower()
    if lower.isascii() and lower.isalpha():
        return lower
    lower = lower.translate(_GERMAN) if locale == "de" else lower
    plain = unicodedata.normalize("NFKD", lower.translate(_NO_DECOMPOSITION))
    return "".join(letter for letter in plain if "a" <= letter <= "z")


@lru_cache
def names_of(locale: str) -> Names:
    """The names of a locale; those of English where it has none of its own."""
    known = locale if locale in LANGUAGES and "surnames" in _file(locale) else DEFAULT
    women, men = _listed(known, "given_female"), _listed(known, "given_male")
    families, weights = _families(known)
    both = {}
    for item in itertools.chain(women, men, families):
        native, _, latin = item.partition("/")
        both[native] = latin_of(latin or native, known)
    female, male, last = ([item.partition("/")[0] for item in items] for items in (women, men, families))
    adjectives = frozenset(n for n in last if n.endswith(("ski", "cki", "dzki"))) if known == "pl" else frozenset()
    titles = " ".join(_file(locale).get("titles", [_TITLES])).split() if locale in LANGUAGES else _TITLES.split()
    pair = titles[0], titles[1]
    return Names(tuple(female), tuple(male), tuple(last), weights, both, adjectives, known == "ja", pair)


@lru_cache
def latin_names_of(locale: str) -> Names:
    """The names of a locale, in Latin letters where it has others, the given name first."""
    names = names_of(locale)
    if not names.family_first:
        return names
    women, men, families = (
        tuple(names.latin[name].capitalize() for name in listed) for listed in (names.women, names.men, names.surnames)
    )
    latin = {name: name.lower() for name in (*women, *men, *families)}
    return Names(women, men, families, names.surname_weights, latin)


def _file(locale: str) -> dict[str, list[str]]:
    return lists_of(locale)


def _listed(locale: str, key: str) -> list[str]:
    return [word.replace("_", " ") for word in words_of(locale, key)]


def _families(locale: str) -> tuple[list[str], NDArray[np.float64]]:
    if locale == DEFAULT:
        return surnames()
    listed = _listed(locale, "surnames")
    return listed, falling_weights(len(listed), 12.0)


# -- places -----------------------------------------------------------------------------------------------------


@lru_cache
def places_of(locale: str) -> Places:
    """The places of a locale; of WORLD those of all, in Latin letters; of COUNTRIES one for each country."""
    if locale == COUNTRIES:
        countries = tuple(Place("", "", "", name, code) for code, name in _countries().items())
        return Places(countries, np.full(len(countries), 1 / len(countries)), *_american_streets())
    if locale == WORLD:
        groups = [_american_places(), *(_foreign_places(other, True) for other in LANGUAGES if other != DEFAULT)]
        weights = np.concatenate([falling_weights(len(group), 3.0) / len(groups) for group in groups])
        return Places(tuple(itertools.chain(*groups)), weights, *_american_streets())
    if locale == DEFAULT:
        listed = _american_places()
        return Places(listed, falling_weights(len(listed), 3.0), *_american_streets())
    listed, file = _foreign_places(locale, False), _file(locale)
    streets = tuple(_listed(locale, "streets"))
    return Places(listed, falling_weights(len(listed), 3.0), streets, file["street"][0], file["address"][0])


@dataclass(frozen=True, eq=False)
class Streets:
    """How streets are written in one country, in Latin letters. houses: how high their numbers go."""

    listed: tuple[str, ...]
    street: str
    address: str
    houses: int


MOST_HOUSES = 9999
FEW_HOUSES = 199  # where streets are not numbered by the block


@lru_cache
def streets_of_the_world() -> dict[str, Streets]:
    """Streets by the ISO 3166-1 alpha-2 code of the country, of every one that WORLD has places in."""
    found = {"US": Streets(*_american_streets(), MOST_HOUSES)}
    for locale in LANGUAGES:
        file = _file(locale)
        if locale == DEFAULT:
            continue
        streets, street, address = (
            f"{key}_latin" if f"{key}_latin" in file else key for key in ("streets", "street", "address")
        )
        listed = tuple(_listed(locale, streets))
        found[file["country"][0].split()[0]] = Streets(listed, file[street][0], file[address][0], FEW_HOUSES)
    return found


@lru_cache
def _countries() -> dict[str, str]:
    return {line.split(" ", 3)[0]: line.split(" ", 3)[3] for line in lists_of("world")["countries"]}


@lru_cache
def codes_of_countries() -> dict[str, tuple[str, str]]:
    """Of each country, by its ISO 3166-1 alpha-2 code, the alpha-3 and the numeric one."""
    codes = (line.split(" ", 3)[:3] for line in lists_of("world")["countries"])
    return {two: (three, number) for two, three, number in codes}


@lru_cache
def currencies_of_countries() -> dict[str, str]:
    """Country, by its ISO 3166-1 alpha-2 code -> what is paid with there, by its ISO 4217 code."""
    groups = (line.split() for line in items_of("world", "currencies_of"))
    return {country: currency for currency, *countries in groups for country in countries}


def _american_streets() -> tuple[tuple[str, ...], str, str]:
    kinds = items_of("domains", "street_kinds")
    streets = tuple(f"{name} {kind}" for name in items_of("domains", "street_names") for kind in kinds)
    return streets, "{house} {street}", "{house} {street}, {city}, {state-code} {postcode}"


def _american_places() -> tuple[Place, ...]:
    degrees = [tuple(map(float, pair.split())) for pair in items_of("places", "united_states_at")]
    made = []
    for city, (latitude, longitude) in zip(cities(), degrees, strict=True):
        codes, phone = tuple(f"{prefix}##" for prefix in city.zips), f"+1{city.area_code}55501##"
        state = city.state, city.state_code
        made.append(Place(city.name, *state, _countries()["US"], "US", codes, phone, latitude, longitude))
    return tuple(made)


def _foreign_places(locale: str, latin: bool) -> tuple[Place, ...]:
    file = _file(locale)
    code, calling = file["country"][0].split()
    made = []
    for line in file["places"]:
        city, state, state_code, postcodes, phone, latitude, longitude = line.split("; ")
        city, state = (part.split("/")[-1 if latin else 0] for part in (city, state))
        codes, number = tuple(postcodes.split("/")), f"+{calling}{phone}"
        at = float(latitude), float(longitude)
        made.append(Place(city, state, state_code, _countries()[code], code, codes, number, *at))
    return tuple(made)


def written_out(patterns: Iterable[str], count: int = TAILS) -> list[str]:
    """`count` texts of the patterns, all of them as often as can be: every one, or evenly chosen ones of many."""
    listed = list(patterns)
    choices = [[_alphabet(sign) for sign in pattern] for pattern in listed]
    sizes = [int(np.prod([len(alphabet) for alphabet in each], dtype=np.int64)) for each in choices]
    if sum(sizes) <= count:
        texts = ["".join(signs) for each in choices for signs in itertools.product(*each)]
        return [texts[i % len(texts)] for i in range(count)]
    words = Stream(stream_key(0, "", " ".join(listed), "written out")).words(range(count)).tolist()
    return [_nth(choices[i % len(listed)], words[i] * sizes[i % len(listed)] >> 64) for i in range(count)]


def _alphabet(sign: str) -> str:
    return {"#": DIGITS, "@": _LETTERS}.get(sign, sign)


def _nth(choices: list[str], rank: int) -> str:
    signs = []
    for alphabet in reversed(choices):
        rank, place = divmod(rank, len(alphabet))
        signs.append(alphabet[place])
    return "".join(reversed(signs))
