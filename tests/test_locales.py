"""Proves that every locale draws names and places of its own, written as they are written there, which agree."""

import re
import unicodedata
from typing import Annotated, Literal

import phonenumbers
import pytest
from pydantic import EmailStr, Field

from columns import source
from gen import Domain
from gen.errors import SchemaError
from gen.streams import Stream, stream_key
from gen.synth.texts.locale import LANGUAGES, TAILS, latin_of, names_of, places_of, written_out
from persons import file, words

ROWS = 4000
OWN = [locale for locale in LANGUAGES if locale not in ("en", "en-gb")]
COUNTRY = {"en-gb": "GB", "sv": "SE", "ja": "JP"}


def drawn(locale, rows=ROWS, **more):
    kinds = {name: Annotated[str, Domain(name, locale=locale)] for name in (
        "name", "given_name", "surname", "title", "user_name", "street", "city", "state", "state_code", "postcode",
        "address", "phone", "country_code")}  # fmt: skip
    kinds |= {"email": EmailStr, "sex": Annotated[Literal["F", "M"], Domain("sex")]} | more
    return source(rows, **kinds).at(range(rows)).to_pylist()


def native(locale, key):
    """The names of a list, each with its ASCII letters as they are decomposed by Unicode, and not by the program."""
    found = {}
    for item in words(locale, key):
        name, _, latin = item.partition("/")
        letters = (latin or name).lower()
        if locale == "de":
            for umlaut, two in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")):
                letters = letters.replace(umlaut, two)
        plain = unicodedata.normalize("NFD", letters.replace("ł", "l").replace("ø", "o"))
        found[name] = "".join(letter for letter in plain if letter.isascii() and letter.isalpha())
    return found


@pytest.mark.parametrize("locale", OWN)
def test_names_are_those_of_the_locale_and_agree(locale):
    women, men = native(locale, "given_female"), native(locale, "given_male")
    families, titles = native(locale, "surnames"), file(locale)["titles"][0].split()
    for row in drawn(locale):
        given, family = row["given_name"], row["surname"]
        woman = row["sex"] == "F"
        assert given in (women if woman else men)
        assert row["title"] == titles[0 if woman else 1]
        listed = family
        if locale == "pl" and woman and family.endswith(("ska", "cka", "dzka")):
            listed = family[:-1] + "i"
        assert listed in families
        assert not (locale == "pl" and woman and family.endswith(("ski", "cki", "dzki")))
        assert row["name"] == (f"{family} {given}" if locale == "ja" else f"{given} {family}")
        latin = (women if woman else men)[given], families[listed][:-1] + "a" if listed != family else families[family]
        email = re.fullmatch(r"(.+?)[0-9]*@example\.(com|net|org)", row["email"])
        assert email and email[1] == f"{latin[0]}.{latin[1]}"
        user = re.fullmatch(r"(.+?)[0-9]+", row["user_name"])
        assert user and user[1] == f"{latin[1]}_{latin[0]}"


@pytest.mark.parametrize("locale", [*OWN, "en-gb"])
def test_places_are_those_of_the_locale_and_agree(locale):
    cities = {}
    for line in file(locale)["places"]:
        city, state, code, postcodes, *_ = line.split("; ")
        shapes = "|".join(p.replace("#", "[0-9]").replace("@", "[A-Z]") for p in postcodes.split("/"))
        cities[city.split("/")[0]] = state.split("/")[0], code, shapes
    country = COUNTRY.get(locale, locale.upper())
    streets = words(locale, "streets")
    for row in drawn(locale):
        state, code, shapes = cities[row["city"]]
        assert (row["state"], row["state_code"], row["country_code"]) == (state, code, country)
        assert re.fullmatch(shapes, row["postcode"])
        assert any(street in row["street"] for street in streets)
        assert all(row[part] in row["address"] for part in ("street", "city", "postcode"))
        assert "{" not in row["address"] + row["street"]
    assert {row["city"] for row in drawn(locale)} == set(cities)


@pytest.mark.parametrize("locale", [*OWN, "en-gb", "en"])
def test_phone_numbers_are_of_the_country_and_of_the_city(locale):
    table = source(2000, phone=Annotated[str, Domain("phone", locale=locale)])
    values = table.at(range(2000)).column("phone").to_pylist()
    region = COUNTRY.get(locale, "US" if locale == "en" else locale.upper())
    valid = [phonenumbers.is_valid_number_for_region(phonenumbers.parse(value), region) for value in values]
    assert sum(valid) == len(values)
    assert len(set(values)) > 500


def test_accents_are_written_as_letters():
    assert latin_of("Müller", "de") == "mueller" and latin_of("Müller") == "muller"
    assert latin_of("D'Angelo") == "dangelo" and latin_of("de Jong") == "dejong" and latin_of("Łódź") == "lodz"
    assert all(re.fullmatch("[a-z]+", latin) for locale in LANGUAGES for latin in names_of(locale).latin.values())


@pytest.mark.parametrize("locale", OWN)
def test_lists_are_long_enough_and_nobody_is_there_twice(locale):
    least = 90 if locale == "ja" else 130
    for key, count in (("given_female", least), ("given_male", least), ("surnames", 130)):
        listed = words(locale, key)
        assert len(listed) >= count, key
        assert len(set(listed)) == len(listed), key
        assert all(unicodedata.normalize("NFC", name) == name for name in listed)
    both = set(words(locale, "given_female")) & set(words(locale, "given_male"))
    assert both <= {"Dominique", "Simone"}


@pytest.mark.parametrize("locale", LANGUAGES)
def test_every_place_lies_in_its_country(locale):
    boxes = {"de": (47, 55.1, 5.8, 15.1), "fr": (41, 51.2, -5.2, 9.7), "es": (27.5, 43.9, -18.2, 4.4),
             "it": (35.4, 47.1, 6.6, 18.6), "nl": (50.7, 53.6, 3.3, 7.3), "pl": (49, 54.9, 14.1, 24.2),
             "sv": (55.3, 69.1, 11, 24.2), "pt": (32.3, 42.2, -31.3, -6.1), "ja": (24, 45.6, 122.9, 146),
             "en-gb": (49.8, 60.9, -8.2, 1.8), "en": (18.9, 71.4, -171, -66.9)}  # fmt: skip
    south, north, west, east = boxes[locale]
    for place in places_of(locale).listed:
        assert south <= place.latitude <= north and west <= place.longitude <= east, place.city


def test_a_locale_has_several_names():
    german = Annotated[str, Domain("name", locale="de")]
    values = source(50, x=german).at(range(50)).to_pylist()
    for other in ("de_DE", "de-AT", "DE"):
        assert source(50, x=Annotated[str, Domain("name", locale=other)]).at(range(50)).to_pylist() == values
    with pytest.raises(SchemaError, match=r"Thing\.x: there is no locale 'klingon'"):
        source(50, x=Annotated[str, Domain("name", locale="klingon")])


def test_lengths_count_characters_and_are_kept():
    name = Annotated[str, Domain("name", locale="pl"), Field(max_length=13)]
    rows = source(2000, name=name, email=Annotated[EmailStr, Field(max_length=30)]).at(range(2000)).to_pylist()
    assert max(len(row["name"]) for row in rows) <= 13 and max(len(row["email"]) for row in rows) <= 30
    assert len({row["name"] for row in rows}) > 300


def test_patterns_are_written_out_in_full_or_evenly():
    assert sorted(set(written_out(["12#"]))) == [f"12{digit}" for digit in range(10)]
    assert len(written_out(["12#"])) == TAILS
    many = written_out(["####", "@@ #"])
    assert len(set(many)) > 180 and all(re.fullmatch("[0-9]{4}|[A-Z]{2} [0-9]", text) for text in many)
    assert many == written_out(["####", "@@ #"])


def test_the_invented_surnames_are_a_chain_over_pairs_of_letters_of_the_listed_ones():
    """Made again as they were made: which letter follows which two, counted in the listed ones; no name twice."""
    listed, kept = words("en", "surnames"), words("invented", "surnames")
    follows = {}
    for name in listed:
        padded = f"^^{name.lower()}$"
        for i in range(len(padded) - 2):
            follows.setdefault(padded[i : i + 2], []).append(padded[i + 2])
    known, made = {name.lower() for name in listed}, []
    drawn = iter(Stream(stream_key(0, "", "surnames", "letters")).words(range(40 * len(kept))).tolist())
    while len(made) < len(kept):
        name = "^^"
        while name[-1] != "$" and len(name) < 14:
            letters = follows[name[-2:]]
            name += letters[next(drawn) * len(letters) >> 64]
        if name[2:-1] not in known and 4 <= len(name[2:-1]) <= 10:
            known.add(name[2:-1])
            made.append(name[2:-1].title())
    assert made == kept
    assert len(listed) + len(kept) == 2**15
