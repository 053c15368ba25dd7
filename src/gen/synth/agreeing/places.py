"""This file knows what the columns that speak of one place say: street, city, state, postcode, country, currency, ...

Where a row is, is one choice: a city. Its state, country, currency and calling code are the city's, its postcode is one
of the city's, and its degrees are those of the city's centre, give or take a twentieth of a degree.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.block import fixed_width_array
from gen.schema.domains import Company
from gen.schema.spec import Column
from gen.streams import Rows, Words
from gen.synth.agreeing.together import Part, Recipe, SynthesizeTogether, limited, role_of, words_in_groups
from gen.synth.synthesizer import Storage
from gen.synth.texts.format import numbers, plain_numbers
from gen.synth.texts.lists import Texts
from gen.synth.texts.locale import (
    FEW_HOUSES,
    MOST_HOUSES,
    TAILS,
    WORLD,
    Place,
    Places,
    Streets,
    codes_of_countries,
    currencies_of_countries,
    places_of,
    streets_of_the_world,
    written_out,
)

COUNTRY_ROLES = frozenset({"country", "country-alpha2", "country-alpha3", "country-numeric"})
OF_COUNTRIES = COUNTRY_ROLES | {"currency"}  # what a country says by itself
ROLES = OF_COUNTRIES | {
    *("street", "address", "city", "state", "state-code", "postcode", "phone", "latitude", "longitude"),
}
_BY_CITY: dict[str, Callable[[Place], str]] = {
    "city": lambda place: place.city,
    "state": lambda place: place.state,
    "state-code": lambda place: place.state_code,
    "country": lambda place: place.country,
    "country-alpha2": lambda place: place.country_code,
    "country-alpha3": lambda place: codes_of_countries()[place.country_code][0],
    "country-numeric": lambda place: codes_of_countries()[place.country_code][1],
    "currency": lambda place: currencies_of_countries()[place.country_code],
}
_WITHIN = 0.05  # degrees from the centre of a city
_SCALE = 1e4  # degrees are multiples of 1 / _SCALE
_SLOTS = 2048  # of the streets, and of the houses, of each country of the world
_ABROAD = ("before", "street", "after")  # parts of a street whose texts are the country's
_TAILED = {"postcode": "tail", "rest": "tail", "calling": "exchange"}  # which of a place's texts, by which stream
# what a place may have in several forms
_LENGTHS: dict[str, Callable[[Place], Sequence[str]]] = {
    "postcode ": lambda place: place.postcodes,
    "calling ": lambda place: [place.phone[:-2]],
    "rest ": lambda place: _rests(place, place.postcodes),
}
_PARTS = {"house": Part("house", ""), "street": Part("street", ""), "postcode": Part("postcode", "")}


class SynthesizePlace(SynthesizeTogether):
    """What a column says of the place that its row speaks of."""

    about = "place"
    shared = frozenset({"place", "tail", "postcode", "calling", "street", "house", *_ABROAD, "rest"})

    @classmethod
    def recipe(cls, column: Column, company: Company) -> Recipe:
        role, places = role_of(column), places_of(company.locale)
        if role == "phone":
            return (Part("calling", ""), Part("line", ""))
        if role in ("street", "address") and company.locale == WORLD:
            street = tuple(Part(source, "abroad") for source in _ABROAD)
            return (*street, Part("rest", "")) if role == "address" else street
        if role in ("street", "address"):
            written = places.street if role == "street" else places.address
            pieces = enumerate(re.split(r"[{}]", written))  # text, name, text, name, ..., text
            return tuple((_PARTS.get(p) or Part("place", p)) if i % 2 else p for i, p in pieces if p)
        return (_PARTS.get(role) or Part("place", role),)

    @classmethod
    def texts(cls, company: Company, part: Part) -> Texts:
        return table_of(replace(company, path=""), part)  # whose place it is does not matter

    def place(self, rows: Rows) -> NDArray[np.int32]:
        """Which of the places that are kept each row is in."""
        chosen: NDArray[np.int32] = self.once("place", rows, lambda: self.index(self._cities, "place", rows))
        return chosen

    @property
    def _cities(self) -> Texts:
        return self.texts(self.company, Part("place", "city"))

    def word(self, source: str, rows: Rows) -> Words:
        if self.company.locale == WORLD and source in _ABROAD:
            whose = "street" if source == "street" else "house"
            words: Words = self.once(whose, rows, lambda: self._word_of_country(whose, rows))
            return words
        if source not in _TAILED:
            return super().word(source, rows)
        # A postcode is one of the city's: the two choices together are one place in a table of all.
        count = len(self._cities)
        each = np.arange(count, dtype=np.uint64)
        return words_in_groups(self.place(rows), each, self.word(_TAILED[source], rows), TAILS, count)

    def _word_of_country(self, source: str, rows: Rows) -> Words:
        """The words that choose a text of the row's country, in a table of all countries' texts."""
        countries, words = countries_of(replace(self.company, path="")), super().word(source, rows)
        return words_in_groups(self.place(rows), countries, words, _SLOTS, len(streets_of_the_world()))


@lru_cache(maxsize=16)
def kept_places(company: Company) -> tuple[tuple[Place, ...], NDArray[np.float64]]:
    """The places that the company's lengths and degrees allow, with their weights."""
    places: Places = places_of(company.locale)
    kept = np.ones(len(places.listed), bool)
    for name, low, high in company.lengths:
        if name in ("latitude", "longitude"):
            degrees = np.array([getattr(place, name) for place in places.listed])
            kept &= (low <= degrees - _WITHIN) & (degrees + _WITHIN <= high)
        elif name == "number":
            kept &= np.array([all(low <= n <= high for n in _numbers(place)) for place in places.listed])
        elif name in _LENGTHS:
            lengths = [sorted(map(len, _LENGTHS[name](place))) for place in places.listed]
            kept &= np.array([low <= each[0] and each[-1] <= high for each in lengths])
        elif name.endswith(" abroad"):
            streets = streets_of_the_world().items()
            fit = {code for code, each in streets if limited(_of_country(each, name.split()[0]), company, name).any()}
            kept &= np.array([place.country_code in fit for place in places.listed])
    for form, write in _BY_CITY.items():
        kept &= limited([write(place) for place in places.listed], company, f"place {form}")
    listed = tuple(place for place, keep in zip(places.listed, kept.tolist(), strict=True) if keep)
    return listed, places.weights[kept]


@lru_cache(maxsize=128)
def table_of(company: Company, part: Part) -> Texts:
    """The texts of one part of what is said of a place."""
    listed, weights = kept_places(company)
    if part.source == "place":
        return Texts.of([_BY_CITY[part.form](place) for place in listed], weights.tolist())
    if part.source == "postcode":
        return Texts.of(code for place in listed for code in written_out(place.postcodes))
    if part.source == "calling":
        return Texts.of(start for place in listed for start in written_out([place.phone[:-2]]))
    if part.source == "line":
        return numbers(2)
    if part.source == "rest":
        return Texts.of(rest for place in listed for rest in _rests(place, written_out(place.postcodes)))
    if part.form == "abroad":
        return _of_all_countries(company, part.source)
    if part.source == "street":
        streets = places_of(company.locale).streets
        return Texts.of(np.array(streets)[limited(streets, company, "street ")].tolist())
    listed_houses = plain_numbers(1, MOST_HOUSES if company.locale in ("en", "world") else FEW_HOUSES).listed
    kept = limited(listed_houses, company, "house ").tolist()
    return Texts.of(house for house, keep in zip(listed_houses, kept, strict=True) if keep)


# -- streets of the world -----------------------------------------------------------------------------------------


@lru_cache(maxsize=16)
def countries_of(company: Company) -> Words:
    """uint64 array: for each place that is kept, the rank of its country among those that have streets."""
    order = {code: rank for rank, code in enumerate(streets_of_the_world())}
    return np.array([order[place.country_code] for place in kept_places(company)[0]], np.uint64)


def _rests(place: Place, postcodes: Sequence[str]) -> list[str]:
    """What an address says after the street, for each of these postcodes."""
    written = streets_of_the_world()[place.country_code]
    rest = written.address.removeprefix(written.street)
    fields = {"city": place.city, "state-code": place.state_code}
    for name, text in fields.items():
        rest = rest.replace(f"{{{name}}}", text)
    return [rest.replace("{postcode}", code) for code in postcodes]


def _of_all_countries(company: Company, source: str) -> Texts:
    """As many texts of each country: streets, or what stands before or after them, evenly chosen."""
    listed = [_of_country(streets, source) for streets in streets_of_the_world().values()]
    limit = f"{source} abroad"
    fitting = [np.array(texts)[limited(texts, company, limit)].tolist() for texts in listed]
    anywhere = [text for texts in fitting for text in texts]
    chosen = [texts or anywhere for texts in fitting]  # a country that has none has no places either
    return Texts.of(texts[slot * len(texts) // _SLOTS] for texts in chosen for slot in range(_SLOTS))


def _of_country(streets: Streets, source: str) -> list[str]:
    before, _, after = streets.street.partition("{street}")
    if source == "street":
        return list(streets.listed)
    written = before if source == "before" else after
    houses = [1 + slot * streets.houses // _SLOTS for slot in range(_SLOTS)]
    return [written.replace("{house}", str(house)) for house in houses]


# -- postcodes as numbers -----------------------------------------------------------------------------------------


def with_numbers(column: Column, company: Company) -> Company | None:
    """The company with the bounds of an integer column of postcodes; None where they have letters, or none fits."""
    if not all(
        code.replace("#", "0").isdecimal() for place in places_of(company.locale).listed for code in place.postcodes
    ):
        return None
    low = -math.inf if column.minimum is None else float(column.minimum) + column.minimum_excluded  # type: ignore[arg-type]
    high = math.inf if column.maximum is None else float(column.maximum) - column.maximum_excluded  # type: ignore[arg-type]
    narrower = replace(company, lengths=(*company.lengths, ("number", low, high)))
    return narrower if kept_places(narrower)[0] else None


def _numbers(place: Place) -> list[int]:
    """The least and the greatest of a place's postcodes, for each way to write them, as numbers."""
    return [int(code.replace("#", digit)) for code in place.postcodes for digit in "09"]


class SynthesizeCode(SynthesizePlace):
    """A postcode of digits alone as a number, int64: 2134 of 02134."""

    @classmethod
    def takes(cls, column: Column) -> bool:
        return column.kind == "integer"

    def prepare(self) -> None:
        super().prepare()
        self.codes = np.array([int(code) for code in self._listed.listed], np.int64)

    @property
    def _listed(self) -> Texts:
        return self.texts(self.company, Part("postcode", ""))

    @property
    def arrow_type(self) -> pa.DataType:
        return pa.int64()

    @property
    def cardinality(self) -> int:
        return len(np.unique(self.codes))

    @property
    def storage(self) -> Storage:
        return Storage(8, math.log2(max(self.cardinality, 2)), distinct=self.cardinality)

    def at(self, rows: Rows) -> pa.Array:
        return fixed_width_array(pa.int64(), self.codes[self.index(self._listed, "postcode", rows)])


# -- degrees ----------------------------------------------------------------------------------------------------


class SynthesizeDegrees(SynthesizePlace):
    """Latitude or longitude of somewhere in the city, float64, to 1e-4 of a degree."""

    @classmethod
    def takes(cls, column: Column) -> bool:
        return column.kind == "number"

    def prepare(self) -> None:
        super().prepare()
        role = role_of(self.column)
        self.source = f"within {role}"
        places, _ = kept_places(self.company)
        self.centres = np.array([getattr(place, role) for place in places])

    @property
    def arrow_type(self) -> pa.DataType:
        return pa.float64()

    @property
    def cardinality(self) -> int | None:
        return None

    @property
    def storage(self) -> Storage:
        return Storage(8, 24)

    def at(self, rows: Rows) -> pa.Array:
        centres = self.centres[self.place(rows)]
        part = self.word(self.source, rows).astype(np.float64) * 2.0**-32
        values = np.floor((centres - _WITHIN + part * (2 * _WITHIN)) * _SCALE + 0.5) / _SCALE
        return fixed_width_array(pa.float64(), values)
