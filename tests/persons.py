"""What tests of people and places need: the lists that these are drawn from, read from their files, and people."""

import datetime
import json
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, EmailStr, Field

import gen
from columns import KEY
from gen import Domain, Schema

ROWS = 10_000
LOCALES = Path(gen.__file__).parent / "synth" / "locales"


@cache
def file(name):
    return json.loads((LOCALES / f"{name}.json").read_text("utf-8"))


@cache
def words(locale, key):
    return [word.replace("_", " ") for word in " ".join(file(locale)[key]).split()]


def said(annotation, domain, **more):
    return Annotated[annotation, Domain(domain, **more)]


class Person(BaseModel):
    """Everything that is said of somebody, and of where they live."""

    id: KEY
    name: said(str, "name")
    given: said(str, "given_name")
    family: said(str, "surname")
    sex: said(Literal["F", "M"], "sex")
    title: said(str, "title")
    email: EmailStr
    user: said(str, "user_name")
    street: said(str, "street")
    city: said(str, "city")
    state: said(str, "state")
    code: said(str, "state_code")
    zip_code: said(str, "zip")
    address: said(str, "address")
    phone: said(str, "phone")
    latitude: said(float, "latitude")
    longitude: said(float, "longitude")
    age: Annotated[int, Domain("age"), Field(ge=18, le=65)]
    born: said(datetime.date, "birth_date")


def columns(people, *names):
    return zip(*([row[name] for row in people] for name in names), strict=True)


def american_cities():
    """(city, code) -> prefixes of ZIP codes, area code, degrees: read from the file."""
    lists = file("places")
    degrees = ", ".join(lists["united_states_at"]).split(", ")
    found = {}
    for line, at in zip(lists["united_states"], degrees, strict=True):
        city, code, zips, area = line.split(", ")
        first, last = zips.split("-")
        found[city, code] = range(int(first), int(last) + 1), area, *map(float, at.split())
    return found


@cache
def some_people():
    """The first rows of a table of people, as dictionaries."""
    schema = Schema()
    schema.add(Person, ROWS)
    return schema.table("Person").source.at(range(ROWS)).to_pylist()
