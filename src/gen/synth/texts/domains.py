"""This file knows what text can be about: cities, jobs, firms, goods; and which pieces draw it, in English."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from gen.synth.names import given_names, surnames
from gen.synth.texts.format import falling, items_of, lists_of, numbers, plain_numbers, product, some, words_of
from gen.synth.texts.lists import Texts
from gen.synth.texts.pieces import Pieces
from gen.synth.texts.prose import LONGEST_WORD, Prose

# -- places ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class City:
    """A city of the United States: ZIP codes begin with one of `zips`, three digits each."""

    name: str
    state: str
    state_code: str
    zips: tuple[str, ...]
    area_code: str


@dataclass(frozen=True)
class CityAbroad:
    """A city elsewhere. `country`: ISO 3166-1 alpha-2. `postcode`: # a digit, @ a capital letter, else itself."""

    name: str
    country: str
    postcode: str


@lru_cache
def cities() -> tuple[City, ...]:
    """Cities of the United States, the largest first, roughly."""
    states = dict(line.split(" ", 1) for line in lists_of("places")["states"])
    made = []
    for line in lists_of("places")["united_states"]:
        name, code, zips, area = line.split(", ")
        first, last = zips.split("-")
        prefixes = tuple(f"{number:03d}" for number in range(int(first), int(last) + 1))
        made.append(City(name, states[code], code, prefixes, area))
    return tuple(made)


@lru_cache
def cities_abroad() -> tuple[CityAbroad, ...]:
    """Cities of other countries."""
    return tuple(CityAbroad(*line.split(", ")) for line in lists_of("places")["elsewhere"])


def _states(place: int) -> Pieces:
    return Pieces.of(some(line.split(" ", 1)[place] for line in lists_of("places")["states"]))


def _countries() -> Pieces:
    return Pieces.of(some(line.split(" ", 3)[3] for line in lists_of("world")["countries"]))


def _postcode() -> Pieces:
    """ZIP codes."""
    return Pieces.of(falling(prefix for city in cities() for prefix in city.zips), numbers(2))


def _streets() -> Texts:
    kinds = [f" {kind}" for kind in items_of("domains", "street_kinds")]
    return Texts.of(name + kind for name in items_of("domains", "street_names") for kind in kinds)


def _street() -> Pieces:
    return Pieces.of(plain_numbers(1, 9999), " ", _streets())


def _address() -> Pieces:
    """Number, street, city, state, ZIP; city, state and the start of the ZIP code belong together."""
    ends = [f", {city.name}, {city.state_code} {prefix}" for city in cities() for prefix in city.zips]
    return Pieces.of(plain_numbers(1, 9999), " ", _streets(), falling(ends), numbers(2))


def _unit() -> Pieces:
    """The second line of an address: a flat or an office."""
    kinds = [("Apt ", 5.0), ("Unit ", 2.0), ("Suite ", 2.0), ("Floor ", 1.0)]
    return Pieces.of(Texts.of([kind for kind, _ in kinds], [weight for _, weight in kinds]), plain_numbers(1, 60))


# -- people ---------------------------------------------------------------------------------------------------


def _given() -> Pieces:
    names, weights = given_names()
    return Pieces.of(Texts.of(names, weights.tolist()))


def _surname() -> Pieces:
    names, weights = surnames()
    return Pieces.of(Texts.of(names, weights.tolist()))


def _username() -> Pieces:
    """Surname and a number, as in smith_ann42: lower case."""
    given, weights = given_names()
    names, shares = surnames()
    last = dict(zip([name.lower() for name in names], shares.tolist(), strict=True))
    first = [f"_{name.lower()}" for name in given]
    return Pieces.of(Texts.of(last, last.values()), Texts.of(first, weights.tolist()), plain_numbers(1, 999))


def _initial() -> Pieces:
    return Pieces.of(some("ABCDEFGHIJKLMNOPRSTVW"))


def _bic() -> Pieces:
    """Codes of banks by ISO 9362, whose location ends in 0: those of tests, that are no bank's."""
    letters = product(*[some("ABCDEFGHIJKLMNOPRSTUVW")] * 2)
    countries = some(["AT", "BE", "CH", "DE", "DK", "ES", "FI", "FR", "GB", "IE", "IT", "NL", "NO", "PL", "PT", "SE"])
    return Pieces.of(letters, letters, countries, some("ABCDFGKMPRX"), "0", Texts.of(["", "XXX"]))


def _job() -> Pieces:
    ranks = items_of("domains", "job_ranks")
    before = Texts.of(["", *(f"{rank} " for rank in ranks)], [2.0 * len(ranks), *[1.0] * len(ranks)])
    return Pieces.of(before, falling(items_of("domains", "jobs"), 30.0))


# -- firms and goods ------------------------------------------------------------------------------------------


def _company() -> Pieces:
    kinds = [f" {kind}" for kind in items_of("domains", "company_kinds")]
    seconds = some(items_of("domains", "company_seconds"))
    return Pieces.of(some(items_of("domains", "company_firsts")), " ", seconds, Texts.of(["", *kinds]))


def _product() -> Pieces:
    adjectives, materials = items_of("domains", "product_adjectives"), items_of("domains", "product_materials")
    return Pieces.of(some(adjectives), " ", some(materials), " ", some(items_of("domains", "products")))


def _sku() -> Pieces:
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
    return Pieces.of(product(*[some(letters)] * 3), "-", numbers(5))


def _number_after(*before: Texts | str, digits: int) -> Callable[[], Pieces]:
    """A code: what comes before, and so many digits, in pieces of four at most."""
    sizes = [min(4, digits - done) for done in range(0, digits, 4)]
    return lambda: Pieces.of(*before, *(numbers(size) for size in sizes))


def _ssn() -> Pieces:
    """Social security numbers of the United States, in a range that is given to nobody: 9xx, group 01 to 49."""
    return Pieces.of(numbers(3, 900, 999), "-", numbers(2, 1, 49), "-", numbers(4, 1, 9999))


def _invoice_number() -> Pieces:
    return Pieces.of(numbers(4, 2016, 2026).wrapped("INV-", "-"), numbers(4))


def _often(name: str) -> Callable[[], Pieces]:
    return lambda: Pieces.of(falling(items_of("domains", name)))


def _items(name: str) -> Callable[[], Pieces]:
    return lambda: Pieces.of(some(items_of("domains", name)))


# -- words ----------------------------------------------------------------------------------------------------


@lru_cache
def prose() -> Prose:
    """Frequent English words, for sentences and paragraphs."""
    return Prose(tuple(word for word in dict.fromkeys(words_of("words", "words")) if len(word) <= LONGEST_WORD))


def _word() -> Pieces:
    return Pieces.of(falling(words_of("words", "words"), 2.7))


def _words() -> Pieces:
    """Three words, without capitals and full stops."""
    listed = falling(words_of("words", "words"), 2.7)
    return Pieces.of(listed, " ", listed, " ", listed)


def _slug() -> Pieces:
    """Two or three words, as page addresses have them."""
    words = [word for word in words_of("words", "words") if 4 <= len(word) <= 8 and word.isascii()][:250]
    return Pieces.of(
        some(words), "-", some(words), Texts.of(["", *(f"-{word}" for word in words)], [250.0] + [1.0] * 250)
    )


def _headline() -> Pieces:
    """Three words, the first with a capital."""
    listed = falling(words_of("words", "words"), 2.7)
    first = Texts(tuple(word.capitalize() for word in listed.listed), listed.weights)
    return Pieces.of(first, " ", listed, " ", listed)


# domain -> its pieces; each made on first use
DOMAINS: dict[str, Callable[[], Pieces]] = {
    "given-name": _given,
    "surname": _surname,
    "username": _username,
    "middle-initial": _initial,
    "middle-name": _items("middle_names"),
    "bic": _bic,
    "job": _job,
    "company": _company,
    "department": _items("departments"),
    "industry": _items("industries"),
    "product": _product,
    "sku": _sku,
    "colour": _items("colours"),
    "category": _often("categories"),
    "status": _often("statuses"),
    "marital-status": _often("marital_statuses"),
    "nationality": _items("nationalities"),
    "drug": _often("drugs"),
    "ssn": _ssn,
    "license-number": _number_after(some("ABCDEFGHJKLMNPRSTW"), digits=7),
    "serial-number": _number_after("SN-", digits=8),
    "order-number": _number_after("ORD-", digits=8),
    "invoice-number": _invoice_number,
    "street": _street,
    "address": _address,
    "city": lambda: Pieces.of(falling((city.name for city in cities()), 5.0)),
    "city-abroad": lambda: Pieces.of(some(city.name for city in cities_abroad())),
    "state": lambda: _states(1),
    "state-code": lambda: _states(0),
    "country": _countries,
    "unit": _unit,
    "postcode": _postcode,
    "slug": _slug,
    "word": _word,
    "words": _words,
    "headline": _headline,
}

# domain -> the shortest and longest text unless declared, and whether it has several sentences
PROSE: dict[str, tuple[int, int, bool]] = {"sentence": (20, 120, False), "paragraph": (200, 800, True)}

# other names of the same
ALIASES = {
    "full-name": "name",
    "person-name": "name",
    "gender": "sex",
    "salutation": "title",
    "first-name": "given-name",
    "last-name": "surname",
    "family-name": "surname",
    "user-name": "username",
    "login": "username",
    "job-title": "job",
    "occupation": "job",
    "firm": "company",
    "company-name": "company",
    "product-name": "product",
    "color": "colour",
    "colour-name": "colour",
    "color-name": "colour",
    "street-address": "street",
    "town": "city",
    "province": "state",
    "region": "state",
    "country-code": "country-alpha2",
    "lat": "latitude",
    "lon": "longitude",
    "lng": "longitude",
    "date-of-birth": "birth-date",
    "birthday": "birth-date",
    "zip": "postcode",
    "zip-code": "postcode",
    "postal-code": "postcode",
    "country-name": "country",
    "e-mail": "email",
    "phone-number": "phone",
    "telephone": "phone",
    "sentences": "paragraph",
    "text": "plain",
}


def domain_of(name: str) -> str:
    """The name a domain is listed under: dashes for underscores and spaces, lower case, aliases resolved."""
    plain = name.lower().replace("_", "-").replace(" ", "-")
    return ALIASES.get(plain, plain)
