"""This file knows how it is declared what values are about: a domain, a provider of Faker, whom a row speaks of."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
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
    lengths: (what, fewest, most) characters; of what is measured in degrees, the least and the greatest.
    """

    about: str
    path: str
    locale: str
    women: float = 0.5
    days: tuple[datetime.date, datetime.date, datetime.date] | None = None
    lengths: tuple[tuple[str, float, float], ...] = ()


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
