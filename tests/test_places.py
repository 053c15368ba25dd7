"""Proves that columns that speak of one place agree, looked up in the lists themselves, not in the code.

Statistical tests have fixed seeds; each states how often it would fail by chance with another one.
"""

import re
from collections import Counter
from typing import Annotated

import phonenumbers
import pycountry
import pytest
from pydantic import Field
from scipy import stats

from columns import source
from gen import Domain
from gen.synth.texts.locale import LANGUAGES, codes_of_countries, currencies_of_countries
from persons import ROWS, american_cities, columns, file, said, some_people, words

ABROAD = {name: said(str, name) for name in ("street", "city", "country_code", "postcode", "address")}


@pytest.fixture
def people():
    return some_people()


def test_city_state_code_and_phone_belong_together(people):
    states = dict(line.split(" ", 1) for line in file("places")["states"])
    cities = american_cities()
    names = ("city", "state", "code", "zip_code", "phone", "latitude", "longitude")
    for city, state, code, zip_code, phone, latitude, longitude in columns(people, *names):
        zips, area, north, east = cities[city, code]
        assert states[code] == state
        assert re.fullmatch("[0-9]{5}", zip_code) and int(zip_code[:3]) in zips
        assert re.fullmatch(rf"\+1{area}55501[0-9]{{2}}", phone)
        assert abs(latitude - north) <= 0.0501 and abs(longitude - east) <= 0.0501
    assert len({row["city"] for row in people}) == len({city for city, _ in cities})


def test_the_address_says_the_same(people):
    names = ("address", "street", "city", "code", "zip_code")
    for address, street, city, code, zip_code in columns(people, *names):
        assert address == f"{street}, {city}, {code} {zip_code}"


def test_degrees_are_spread_evenly_around_the_city(people):
    """A Kolmogorov-Smirnov test; it fails by chance once in 10,000 seeds."""
    cities = american_cities()
    apart = [row["latitude"] - cities[row["city"], row["code"]][2] for row in people]
    assert stats.kstest(apart, stats.uniform(-0.05, 0.1).cdf).pvalue > 1e-4


def test_a_country_beside_a_city_opens_the_world():
    table = source(ROWS, city=said(str, "city"), country=said(str, "country"), code=said(str, "country_code"),
                   state=said(str, "state"), phone=said(str, "phone"), zip=said(str, "postcode"))  # fmt: skip
    countries = dict(line.split(" ", 3)[::3] for line in file("world")["countries"])
    regions = Counter()
    for row in table.at(range(ROWS)).to_pylist():
        assert countries[row["code"]] == row["country"]
        number = phonenumbers.parse(row["phone"])
        assert phonenumbers.is_possible_number(number)
        assert number.country_code == phonenumbers.country_code_for_region(row["code"])
        regions[row["code"]] += 1
    assert len(regions) == 11
    assert stats.chisquare(list(regions.values())).pvalue > 1e-4


@pytest.mark.parametrize("others", [{}, {"city": said(str, "city")}])
def test_everything_that_is_said_of_a_country_agrees(others):
    names = ("country_name", "country_code", "country_alpha3", "country_numeric", "currency")
    made = source(3000, **{name: said(str, name) for name in names}, **others).at(range(3000)).to_pydict()
    for name, two, three, number, money in zip(*(made[name] for name in names), strict=True):
        known = pycountry.countries.get(alpha_2=two)
        assert (three, number) == (known.alpha_3, known.numeric), name
        assert pycountry.currencies.get(alpha_3=money)
    pairs = dict(zip(made["country_code"], made["currency"], strict=True))
    assert {"US": "USD", "JP": "JPY", "DE": "EUR", "SE": "SEK", "PL": "PLN", "GB": "GBP"}.items() <= pairs.items()


def test_streets_are_written_as_in_the_country_of_their_row():
    rows = source(5000, **ABROAD).at(range(5000)).to_pylist()
    codes = {file(locale)["country"][0].split()[0]: locale for locale in LANGUAGES if locale != "en"}
    seen = set()
    for row in rows:
        seen.add(row["country_code"])
        assert row["street"] in row["address"] and row["city"] in row["address"] and row["postcode"] in row["address"]
        if row["country_code"] in ("US", "JP"):
            continue
        locale = codes[row["country_code"]]
        written = (
            re.escape(file(locale)["street"][0]).replace(r"\{house\}", r"[1-9][0-9]*").replace(r"\{street\}", "(.+)")
        )
        found = re.fullmatch(written, row["street"])
        assert found and found[1] in words(locale, "streets"), row
    assert len(seen) == 11


def test_a_street_too_short_for_any_country_is_drawn_by_itself():
    rows = source(500, **(ABROAD | {"street": Annotated[str, Domain("street"), Field(max_length=12)]})).at(range(500))
    assert max(map(len, rows.column("street").to_pylist())) <= 12


@pytest.mark.parametrize("longest", [5, 7, 8])
def test_a_short_postcode_is_one_of_its_city_all_the_same(longest):
    short = Annotated[str, Domain("postcode"), Field(max_length=longest)]
    rows = source(
        2000, **(ABROAD | {"postcode": short, "street": Annotated[str, Domain("street"), Field(max_length=20)]})
    )
    for row in rows.at(range(2000)).to_pylist():
        assert len(row["postcode"]) <= longest and len(row["street"]) <= 20
        assert row["postcode"] in row["address"] and row["street"] in row["address"]


def test_a_currency_beside_a_city_alone_is_any():
    made = source(300, city=said(str, "city"), paid=said(str, "currency")).at(range(300)).to_pydict()
    assert len(set(made["paid"])) > 20


def test_every_country_has_a_currency():
    assert currencies_of_countries().keys() == codes_of_countries().keys()
    assert all(pycountry.currencies.get(alpha_3=money) for money in currencies_of_countries().values())


def test_countries_alone_are_all_countries():
    table = source(ROWS, country=said(str, "country"), code=said(str, "country_code"))
    countries = dict(line.split(" ", 3)[::3] for line in file("world")["countries"])
    found = {(row["code"], row["country"]) for row in table.at(range(ROWS)).to_pylist()}
    assert found == set(countries.items())


def test_a_city_whose_name_is_there_twice_has_one_entry_in_its_dictionary():
    values = source(ROWS, a=said(str, "city"), b=said(str, "state")).at(range(100)).column("a")
    assert len(set(values.dictionary.to_pylist())) == len(values.dictionary)


def test_lengths_and_bounds_of_places_are_kept():
    north = Annotated[float, Domain("latitude"), Field(ge=40, le=90)]
    rows = source(3000, city=Annotated[str, Domain("city"), Field(max_length=8)], lat=north, zip=said(str, "zip")).at(
        range(3000)
    )
    cities = {city: at for (city, _), (_, _, *at) in american_cities().items()}
    found = {row["city"] for row in rows.to_pylist()}
    assert max(map(len, found)) <= 8 and all(
        cities[city][0] > 39 for city in found if city not in ("Columbus", "Aurora")
    )
    assert min(rows.column("lat").to_pylist()) >= 40
