"""How long until a large schema is read and planned? Two hundred models, each time in a process of its own.

    python benchmarks/planning.py [--models 200] [--keep models.py]

The models are made here, always the same: eight fields each, of every common type, keys and references among them. Once
as most people write them; once plain, without e-mail addresses and validators, whose packages cost an import. Kernels
are in the cache, as they are from the first run on. Planning is all that comes before the first row is written: models
are imported, read, checked and probed. Beside it: `gen describe`, and a run that writes ten rows of each table.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
from pathlib import Path

from employee import hardware
from start import printed, seconds

LIMIT = 2.0  # seconds that planning may take
FIELDS = 8  # of a model
REFERENCES = (0, 1, 1, 2)  # how many of those refer to other models, one of them as likely as another

HEADER = """
import datetime
import enum
import uuid
from decimal import Decimal
from typing import Annotated, Literal, Optional

from pydantic import BaseModel, EmailStr, Field, HttpUrl, PastDatetime, field_validator
from pydantic.networks import IPv4Address

from gen import Domain, ForeignKey, Lognormal, Normal, Poisson, PrimaryKey, Weights, Zipf


class Currency(enum.Enum):
    EUR = "EUR"
    USD = "USD"
    GBP = "GBP"
    JPY = "JPY"


class Priority(enum.IntEnum):
    LOW = 1
    NORMAL = 2
    HIGH = 3


class Address(BaseModel):
    street: Annotated[str, Domain("street")]
    city: Annotated[str, Domain("city")]
    zip_code: Annotated[str, Domain("zip")]


class Money(BaseModel):
    amount: Annotated[Decimal, Field(ge=0, max_digits=10, decimal_places=2)]
    currency: Currency


class Position(BaseModel):
    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]


class Period(BaseModel):
    start: datetime.date
    days: Annotated[int, Field(ge=1, le=365)]
"""

# What fields are called, and their types; {a}, {b}, {c} are numbers of the field's own, a < b.
COMMON = {
    "quantity": "Annotated[int, Field(ge={a}, le={b})]",
    "visits": "Annotated[int, Field(ge=0, le={b}), Poisson({c})]",
    "rank": "Annotated[int, Field(ge=1, le={b}), Zipf()]",
    "priority": "Priority",
    "version": "int",
    "price": "Annotated[float, Field(ge=0, le={b})]",
    "weight": "Annotated[float, Field(ge=0, le={b}), Normal(mean={a}, deviation={c})]",
    "duration_ms": "Annotated[float, Field(gt=0), Lognormal(median={c}, sigma=0.8)]",
    "ratio": "Annotated[float, Field(ge=0, le=1)]",
    "balance": "Annotated[Decimal, Field(ge=-{b}, le={b}, decimal_places=2)]",
    "total": "Annotated[Decimal, Field(max_digits=12, decimal_places=2)]",
    "active": "bool",
    "born": "Annotated[datetime.date, Field(ge=datetime.date(1940, 1, 1), lt=datetime.date(2010, 1, {d}))]",
    "due": "Optional[datetime.date]",
    "created": "Annotated[datetime.datetime, Field(ge=datetime.datetime(2015, 1, {d}))]",
    "updated": "Optional[datetime.datetime]",
    "seen": "PastDatetime",
    "opens": "datetime.time",
    "elapsed": "datetime.timedelta",
    "status": 'Literal["new", "open", "closed", "state{d}"]',
    "segment": 'Annotated[Literal["home", "business", "public"], Weights({{"home": {d}, "business": 1, "public": 1}})]',
    "currency": "Currency",
    "token": "uuid.UUID",
    "external": "Optional[uuid.UUID]",
    "title": "Annotated[str, Field(min_length=3, max_length={l})]",
    "remark": "Optional[Annotated[str, Field(max_length={l})]]",
    "code": 'Annotated[str, Field(pattern=r"^[A-Z]{{{s}}}-\\d{{{t}}}$")]',
    "plate": 'Annotated[str, Field(pattern="^[A-Z]{{2}}-[0-9]{{4}}-[A-Z]{{2}}$")]',
    "slug": 'Annotated[str, Field(pattern="^[a-z0-9]+(-[a-z0-9]+){{1,{s}}}$", max_length=60)]',
    "colour": 'Annotated[str, Field(pattern="^#[0-9a-f]{{6}}$")]',
    "name": 'Annotated[str, Domain("name")]',
    "contact": 'Annotated[str, Field(max_length={l}), Domain("name")]',
    "city": 'Annotated[str, Domain("city")]',
    "phone": 'Annotated[str, Domain("phone")]',
    "summary": 'Annotated[str, Domain("sentence")]',
    "address": "Address",
    "cost": "Money",
    "position": "Position",
    "period": "Optional[Period]",
    "tags": "list[str]",
    "scores": "Annotated[list[int], Field(max_length={t})]",
    "lines": "list[Money]",
    "attributes": "dict[str, int]",
    "host": "IPv4Address",
    "link": "HttpUrl",
}
MAIL = {"email": "EmailStr", "reply_to": "Optional[EmailStr]"}
VALIDATOR = """
    @field_validator("{field}")
    @classmethod
    def _says_something(cls, value: object) -> object:
        if value == "":
            raise ValueError("empty")
        return value
"""


def models(count: int, *, plain: bool) -> str:
    """A module of that many models. `plain`: without e-mail addresses, and without validators in every fifth."""
    chance = random.Random(200)
    choice = COMMON if plain else COMMON | MAIL
    parts = [HEADER]
    for number in range(count):
        lines = [f"class Table{number}(BaseModel):", "    id: Annotated[int, PrimaryKey()]"]
        for reference in range(chance.choice(REFERENCES)):
            other = chance.randrange(count)
            lines.append(f'    parent{reference}: Annotated[int, ForeignKey("Table{other}.id")]')
        names = chance.sample(list(choice), FIELDS + 1 - len(lines))
        lines += [f"    {name}: {choice[name].format(**numbers(chance))}" for name in names]
        if not plain and number % 5 == 0:
            lines.append(VALIDATOR.format(field=names[0]).rstrip())
        parts.append("\n".join(lines) + "\n")
    return "\n\n".join(parts)


def numbers(chance: random.Random) -> dict[str, int]:
    """The numbers of one field."""
    low = chance.randrange(1, 50)
    return {
        "a": low,
        "b": low + chance.choice((50, 100, 1_000, 50_000)),
        "c": chance.randrange(2, 40),
        "d": chance.randrange(1, 10),
        "l": chance.choice((20, 40, 80, 200)),
        "s": chance.randrange(2, 5),
        "t": chance.randrange(3, 9),
    }


PLAN = """
import time
started = time.perf_counter()
from gen.preparing import Request, prepare
prepare(Request(schema={path!r}))
print(time.perf_counter() - started)
"""


def small_run(path: Path) -> float:
    with tempfile.TemporaryDirectory() as folder:
        rows = ["--rows", "10", "--out", f"{folder}/out", "--quiet"]
        return seconds([sys.executable, "-m", "gen", "--schema", str(path), *rows])


def measured(path: Path, runs: int) -> dict[str, float]:
    """Medians, in seconds, after one run of each that fills the caches."""
    tasks = {
        "planned": lambda: printed(PLAN.format(path=str(path))),
        "gen describe": lambda: seconds([sys.executable, "-m", "gen", "describe", "--json", "--schema", str(path)]),
        "10 rows of each": lambda: small_run(path),
    }
    for task in tasks.values():
        task()
    return {name: statistics.median(task() for _ in range(runs)) for name, task in tasks.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=200)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--keep", help="write the models to this file, and end")
    parser.add_argument("--json", help="write the results to this file, too")
    arguments = parser.parse_args()
    if arguments.keep:
        Path(arguments.keep).write_text(models(arguments.models, plain=False))
        return
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("mixed", "plain"):
            path = Path(folder) / f"{kind}_models.py"
            path.write_text(models(arguments.models, plain=kind == "plain"))
            results[kind] = measured(path, arguments.runs)
            for name, value in results[kind].items():
                limit = f"   (asked: below {LIMIT:g} s)" if name == "planned" else ""
                print(f"{arguments.models} models, {kind}: {name:18s} {value:7.3f} s{limit}", flush=True)
    print(json.dumps(hardware()))
    if arguments.json:
        found = {"hardware": hardware(), "models": arguments.models, "seconds": results}
        Path(arguments.json).write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
