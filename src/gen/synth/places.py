"""This file knows what the columns that speak of one place say: street, city, state, postcode, country, currency, ...

Where a row is, is one choice: a city. Its state, country, currency and calling code are the city's, its postcode is one
of the city's, and its degrees are those of the city's centre, give or take a twentieth of a degree.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.block import fixed_width_array
from gen.schema.domains import Company
from gen.schema.spec import Column
from gen.streams import BITS32, Rows, Words
from gen.synth.synthesizer import Storage
from gen.synth.texts.format import numbers, plain_numbers
from gen.synth.texts.lists import Texts
from gen.synth.texts.locale import (
    TAILS,
    Place,
    Places,
    codes_of_countries,
    currencies_of_countries,
    places_of,
    written_out,
)
from gen.synth.together import Part, Recipe, SynthesizeTogether, limited, role_of, words_of_indexes

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
_MOST_HOUSES = 9999
_FEW_HOUSES = 199  # where streets are not numbered by the block
_PARTS = {"house": Part("house", ""), "street": Part("street", ""), "postcode": Part("postcode", "")}


class SynthesizePlace(SynthesizeTogether):
    """What a column says of the place that its row speaks of."""

    about = "place"
    shared = frozenset({"place", "tail", "street", "house"})

    @classmethod
    def recipe(cls, column: Column, company: Company) -> Recipe:
        role, places = role_of(column), places_of(company.locale)
        if role == "phone":
            return (Part("calling", ""), Part("line", ""))
        if role in ("street", "address"):
            written = places.street if role == "street" else places.address
            pieces = enumerate(re.split(r"[{}]", written))  # text, name, text, name, ..., text
            return tuple((_PARTS.get(p) or Part("place", p)) if i % 2 else p for i, p in pieces if p)
        return (_PARTS.get(role) or Part("place", role),)

    @classmethod
    def texts(cls, company: Company, part: Part) -> Texts:
        return table_of(replace(company, path=""), part)  # whose place it is does not matter

    def word(self, source: str, rows: Rows) -> Words:
        if source not in ("postcode", "calling"):
            return super().word(source, rows)
        # A postcode is one of the city's: the two choices together are one place in a table of all.
        table = self.texts(self.company, Part("place", "city"))
        tail = self.word("tail" if source == "postcode" else "exchange", rows) * np.uint64(TAILS) >> BITS32
        joint = self.index(table, "place", rows).astype(np.uint64) * np.uint64(TAILS) + tail
        return words_of_indexes(joint, len(table) * TAILS)


@lru_cache(maxsize=16)
def kept_places(company: Company) -> tuple[tuple[Place, ...], NDArray[np.float64]]:
    """The places that the company's lengths and degrees allow, with their weights."""
    places: Places = places_of(company.locale)
    kept = np.ones(len(places.listed), bool)
    for name, low, high in company.lengths:
        if name in ("latitude", "longitude"):
            degrees = np.array([getattr(place, name) for place in places.listed])
            kept &= (low <= degrees - _WITHIN) & (degrees + _WITHIN <= high)
        elif name == "postcode ":
            lengths = [sorted(map(len, place.postcodes)) for place in places.listed]
            kept &= np.array([low <= each[0] and each[-1] <= high for each in lengths])
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
    if part.source == "street":
        streets = places_of(company.locale).streets
        return Texts.of(np.array(streets)[limited(streets, company, "street ")].tolist())
    listed_houses = plain_numbers(1, _MOST_HOUSES if company.locale in ("en", "world") else _FEW_HOUSES).listed
    kept = limited(listed_houses, company, "house ").tolist()
    return Texts.of(house for house, keep in zip(listed_houses, kept, strict=True) if keep)


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
        table = self.texts(self.company, Part("place", "city"))
        centres = self.centres[self.index(table, "place", rows)]
        part = self.word(self.source, rows).astype(np.float64) * 2.0**-32
        values = np.floor((centres - _WITHIN + part * (2 * _WITHIN)) * _SCALE + 0.5) / _SCALE
        return fixed_width_array(pa.float64(), values)
