"""This file knows how it is declared what values are about: a domain, a provider of Faker, whom a row speaks of."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from gen.errors import SchemaError

# domains of what is not text, or not always: the kinds they have
DOMAIN_KINDS: dict[str, tuple[str, ...]] = {
    "sex": ("text", "choice"),
    "gender": ("text", "choice"),
    "age": ("integer",),
    "birth-date": ("date", "datetime"),
    "date-of-birth": ("date", "datetime"),
    "birthday": ("date", "datetime"),
    "latitude": ("text", "number"),
    "longitude": ("text", "number"),
    "plain": ("text", "choice", "integer", "number", "date", "datetime"),
}
LARGEST_POOL = 2**20


@dataclass(frozen=True)
class Provider:
    """Values come from a provider of the Faker package, by name: a pool of so many, drawn once for each run."""

    name: str
    locale: str | None = None
    arguments: tuple[tuple[str, Any], ...] = ()
    pool: int = 10_000


@dataclass(frozen=True)
class Company:
    """What the columns of a row that speak of one person, or of one place, have in common; filled in by a plan.

    about: "person", "place" or "birth". path: of the streams they share. locale: whose names and places.
    women: the share of rows. days: the first and the last day of birth, and the day that counts as today.
    lengths: (what, fewest, most) characters; of what is measured in degrees, the least and the greatest. home: of a
    person, the place in the world where the row says that they live, and that their names are from.
    """

    about: str
    path: str
    locale: str
    women: float = 0.5
    days: tuple[datetime.date, datetime.date, datetime.date] | None = None
    lengths: tuple[tuple[str, float, float], ...] = ()
    home: Company | None = None


def domain_key(name: str) -> str:
    """A domain's name as tables of domains have it: lower case, dashes for underscores and spaces."""
    return name.lower().replace("_", "-").replace(" ", "-")


def check_domain(where: str, domain: str, kind: str, types: Mapping[str, str]) -> None:
    """Refuse a domain that fields of that kind do not have; `types`: what messages call a kind."""
    kinds = DOMAIN_KINDS.get(domain_key(domain), ("text",))
    if kind in kinds:
        return
    raise SchemaError(
        f"{where}: the domain {domain!r} is for {' or '.join(kinds)}, and the field is {types[kind]}.",
        hint=f"Leave it out, or make the field {' or '.join(types[k] for k in kinds)}.",
    )


def read_domain(where: str, said: Any, values: dict[str, Any]) -> None:
    """A domain by name, or with the locale, and whom it speaks of."""
    given = said if isinstance(said, dict) else {"name": said}
    unknown = sorted(set(given) - {"name", "locale", "of"})
    if unknown:
        raise SchemaError(f'{where}: "domain" says {unknown[0]!r}.', hint='It understands "name", "locale", "of".')
    for name, value in ({"name": None} | given).items():
        if not isinstance(value, str) or not value:
            what = "domain" if name == "name" else f"the domain's {name}"
            raise SchemaError(f"{where}: {what} is {value!r}.", hint="Give its name, as text.")
        values["domain" if name == "name" else name] = value


def read_provider(where: str, said: Any) -> Provider:
    """A provider of Faker by name, or with locale, arguments and the pool's size."""
    given = said if isinstance(said, dict) else {"provider": said}
    unknown = sorted(set(given) - {"provider", "locale", "arguments", "pool"})
    if unknown:
        known = '"provider", "locale", "arguments", "pool"'
        raise SchemaError(f'{where}: "faker" says {unknown[0]!r}.', hint=f"It understands {known}.")
    name, locale, pool = given.get("provider"), given.get("locale"), given.get("pool", Provider.pool)
    arguments = given.get("arguments") or {}
    if not isinstance(name, str) or not isinstance(locale, (str, type(None))) or not isinstance(arguments, dict):
        raise SchemaError(
            f'{where}: "faker" is {said!r}.',
            hint='Write {"faker": {"provider": "company", "locale": "de_DE", "arguments": {}, "pool": 10000}}.',
        )
    if isinstance(pool, bool) or not isinstance(pool, int) or not 1 <= pool <= LARGEST_POOL:
        raise SchemaError(f"{where}: the pool's size is {pool!r}.", hint=f"Give a whole number, 1 to {LARGEST_POOL:,}.")
    return Provider(name, locale, tuple(sorted(arguments.items())), pool)


# -- what names of fields imply ---------------------------------------------------------------------------------

PLAIN = "plain"  # the domain of a field whose name is to imply none


@dataclass(frozen=True)
class Ambiguous:
    """A name that implies a domain only beside others of the same one: columns of these domains. Else `otherwise`."""

    domain: str
    beside: frozenset[str]
    otherwise: str | None = None


_PERSON = frozenset({"email", "username", "phone", "given-name", "surname", "sex", "birth-date", "age"})
_TOWN = frozenset({"city", "postcode"})
_PLACE = _TOWN | {"street", "country", "country-alpha2", "country-alpha3"}

# kind of column -> domain -> the names that imply it, as `field_key` writes them
FIELD_NAMES: dict[str, dict[str, str]] = {
    "text": {
        "email": "email e-mail email-address mail-address emailaddress",
        "username": "username user-name login login-name",
        "given-name": "given-name givenname first-name firstname forename given",
        "surname": "surname family-name familyname last-name lastname family",
        "name": "full-name fullname person-name",
        "middle-name": "middle-name",
        "middle-initial": "middle-initial",
        "sex": "sex gender",
        "job": "job-title jobtitle occupation profession",
        "phone": "phone phone-number phonenumber telephone telephone-number mobile mobile-number mobile-phone "
        "cell-phone cellphone fax fax-number phone-home phone-work phone-mobile phone-cell",
        "street": "street street-address address-line address-line-1 address-1 street-1",
        "address": "full-address postal-address",
        "unit": "address-line-2 address-2 street-2",
        "city": "city town city-name",
        "state-code": "state-code state-abbreviation",
        "postcode": "zip zip-code zipcode postcode post-code postal-code postalcode",
        "country": "country country-name",
        "country-alpha2": "country-code country-alpha-2 country-iso-2",
        "country-alpha3": "country-alpha-3 country-iso-3",
        "latitude": "latitude lat",
        "longitude": "longitude lon lng",
        "company": "company company-name employer employer-name organization organisation organization-name "
        "organisation-name",
        "department": "department department-name",
        "industry": "industry",
        "product": "product-name",
        "sku": "sku sku-code",
        "category": "category category-name",
        "status": "status",
        "marital-status": "marital-status",
        "nationality": "nationality citizenship",
        "drug": "drug drug-name medication medicine",
        "ssn": "ssn social-security-number",
        "payment-card": "credit-card credit-card-number card-number",
        "license-number": "license-no license-number licence-number driver-license drivers-license",
        "serial-number": "serial-number serial-no serial",
        "order-number": "order-number order-no",
        "invoice-number": "invoice-number invoice-no",
        "slug": "slug",
        "word": "tag label keyword attribute",
        "colour": "color colour",
        "currency": "currency currency-code",
        "language-alpha2": "language-code",
        "time-zone": "time-zone timezone",
        "http-url": "url website web-site homepage website-url",
        "ipv4": "ip ip-address ipaddress ipv-4 ipv-4-address",
        "ipv6": "ipv-6 ipv-6-address",
        "mac": "mac mac-address",
        "hostname": "hostname host-name",
        "media-type": "mime-type media-type",
        "password": "password",
        "iban": "iban",
        "bic": "bic bic-code swift swift-code",
        "ean13": "ean ean-13 gtin gtin-13 barcode",
        "isbn13": "isbn isbn-13",
        "uuid": "uuid guid",
        "headline": "subject headline",
        "sentence": "description comment comments notes note summary remark remarks message",
        "paragraph": "body bio biography abstract",
    },
    "choice": {"sex": "sex gender"},
    "integer": {"age": "age"},
    "number": {"latitude": "latitude lat", "longitude": "longitude lon lng"},
    **{kind: {"birth-date": "birth-date birthdate date-of-birth dob birthday"} for kind in ("date", "datetime")},
}
# names of texts that may mean something else
AMBIGUOUS_NAMES: dict[str, Ambiguous] = {
    "name": Ambiguous("name", _PERSON),
    "title": Ambiguous("title", frozenset({"given-name", "surname"}), "headline"),
    "job": Ambiguous("job", _PERSON | {"name"}),
    "address": Ambiguous("street", _TOWN, "address"),
    "line-1": Ambiguous("street", _TOWN),
    "line-2": Ambiguous("unit", _TOWN),
    **dict.fromkeys(("state", "province", "region"), Ambiguous("state", _PLACE)),
}
# names of integers that imply a domain only beside others: postcodes of digits alone
AMBIGUOUS_NUMBERS: dict[str, Ambiguous] = dict.fromkeys(
    FIELD_NAMES["text"]["postcode"].split(), Ambiguous("postcode", _TOWN | {"street", "state-code"})
)
# domains that a field with a pattern has by its name where its place's texts all match
PATTERNED = frozenset({"postcode", "state-code"})
# what the `name` of a table's rows is, by the name of the table, or by the last word of it; else, see SOMEBODY, FIRMS
NAMES_OF_TABLES = {
    "name": "person human individual contact actor artist director player scientist user-profile",
    "company": "company firm business organization organisation supplier vendor merchant employer customer-company "
    "office branch shop store bank restaurant hotel agency brand manufacturer publisher airline clinic hospital school",
    "product": "product item article",
    "department": "department",
    "industry": "industry",
    "city": "city town",
    "country": "country",
    "state": "state province",
}
_TABLES = {name: domain for domain, names in NAMES_OF_TABLES.items() for name in names.split()}
_PLURALS = {
    "statuses": "status",
    "people": "person",
    "children": "child",
    "men": "man",
    "women": "woman",
    "staff": "employee",
}
# domain -> what the name means where its lengths do not suit
SHORTER = {
    "country": ("country-alpha3", "country-alpha2"),
    "country-alpha2": ("country-alpha3",),
    "state": ("state-code",),
}
# domain -> how many characters there must be room for
LEAST_ROOM = {"sentence": 20, "paragraph": 40}
# prefixes of whom a name speaks: `customer_email` and `customer_city` speak of the same customer, and of no one else
_SOMEBODY = (
    "applicant author billing-contact buyer candidate client contact creator customer delivery-contact doctor donor "
    "driver emergency-contact employee guest manager member owner parent passenger patient payer recipient reviewer "
    "sender seller spouse student subscriber supervisor teacher tenant user"
)
SOMEBODY = frozenset(_SOMEBODY.split())
# prefixes of firms, whose `name` is a firm's
_FIRMS = "company employer firm merchant organisation organization shop store supplier vendor"
FIRMS = frozenset(_FIRMS.split())
# prefixes of places
_SOMEWHERE = (
    "arrival billing birth bill-to delivery departure destination dropoff home hotel mailing office origin pickup "
    "residence ship ship-to shipping store venue warehouse work"
)
SOMEWHERE = frozenset(_SOMEWHERE.split())
# prefixes that say which of somebody's addresses or numbers it is, not whose
_WHICH = "alternate business cell contact day evening home main mobile office personal primary private secondary work"
WHICH = frozenset(_WHICH.split())
ADDRESSES = frozenset({"email", "phone"})  # what has a prefix of those
# `image_url`, `client_ip`, `product_description`, `order_status`
ANY_PREFIX = frozenset(
    {"http-url", "ipv4", "ipv6", "sentence", "status", "category", "mac", "serial-number", "payment-card", "ssn"}
    | {"slug", "bic", "ean13", "middle-name", "middle-initial"}
)
WORDS = frozenset({"tag", "label", "keyword", "attribute", "metadata"})  # what both keys and values of a dict are
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


@lru_cache(maxsize=4096)
def field_key(name: str) -> str:
    """A field's name as tables of names have it: `zipCode`, `zip_code`, `ZIP-Code` are "zip-code", `line2` "line-2".

    Empty where other signs than letters of ASCII, digits, dashes, underscores and spaces are in it.
    """
    words = re.findall(_WORDS, name)
    return "-".join(words).lower() if "".join(words) == re.sub(r"[_\-\s]", "", name) else ""


def singular(name: str) -> str:
    """What an item of a list is called, as `field_key` does: of `teamMembers` "team-member", of `cities` "city"."""
    prefix, dash, word = field_key(name).rpartition("-")
    if word in _PLURALS:
        word = _PLURALS[word]
    elif word.endswith("ies") and len(word) > 4:
        word = word.removesuffix("ies") + "y"
    elif word.endswith(("sses", "xes", "ches", "shes")):
        word = word.removesuffix("es")
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word.removesuffix("s")
    return prefix + dash + word


@lru_cache(maxsize=4096)
def name_in(container: str) -> str | None:
    """The domain of the `name` of a table or an object, by what that is called: `Supplier`, `home_city`, `members`.

    None where that says nothing.
    """
    key = field_key(container)
    for called in (key, key.rpartition("-")[2]):
        if called in _TABLES:
            return _TABLES[called]
        if called in FIRMS:
            return "company"
        if called in SOMEBODY:
            return "name"
    return None


@lru_cache
def names_that_imply(kind: str) -> dict[str, str]:
    """Name -> the domain that it implies of columns of that kind, without those that are ambiguous."""
    return {name: domain for domain, names in FIELD_NAMES.get(kind, {}).items() for name in names.split()}
