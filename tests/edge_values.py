"""Values at the edges of every type, the fields that hold them, and synthesizers that cycle through them.

What a field's values are is said by its kind: a word; `[kind]` of a list; `{name: kind}` of a model; `(kind,)` of a
dict's values.
"""

from __future__ import annotations

import datetime
import enum
import math
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Literal, TypeAlias

import numpy as np
import pyarrow as pa
from pydantic import AwareDatetime, BaseModel, Field, NaiveDatetime, create_model

import gen.synth.tables  # noqa: F401 - all of gen's own synthesizers
from gen import AsText, Nulls, PrimaryKey, SynthesizedBy
from gen.block import plain_type
from gen.schema.models.from_pydantic import table_from_model
from gen.synth.synthesizer import Storage, Synthesizer, find_synthesizer

Kind: TypeAlias = "str | list[Any] | dict[str, Any] | tuple[Any]"

EVERY = frozenset({"parquet", "csv", "jsonl", "arrow", "postgresql", "mariadb", "sqlite", "duckdb"})
BLOCK = 32  # rows that are made at a time
WIDE = Storage(4 * 2**20 / BLOCK, 8.0)  # what a column says it takes, so that no more rows are


@dataclass(frozen=True)
class Edges:
    """A field: its name, its kind, its annotation, its values; the sinks that keep them, and what others say."""

    name: str
    kind: Kind
    annotation: Any
    values: tuple[Any, ...]
    kept_by: frozenset[str] = EVERY
    refusal: str = ""

    @property
    def optional(self) -> Edges:
        """The same field where it may be None, which it is at times."""
        return replace(
            self,
            name=f"{self.name}_or_none",
            annotation=Annotated[self.annotation | None, Nulls(0)],
            values=(*self.values, None, self.values[0], None),
        )


# -- values ---------------------------------------------------------------------------------------------------

MICROSECOND = datetime.timedelta(microseconds=1)
LEAST, MOST = 5e-324, 1.7976931348623157e308  # of floats above 0, the first one denormal


def whole(bits: int) -> tuple[int, ...]:
    """Whole numbers of so many bits: the ends of their range, and of those that a double has exactly."""
    end = 2 ** (bits - 1)
    return tuple(dict.fromkeys(n for n in (0, 1, -1, -end, end - 1, 2**53 + 1, -(2**53) - 1) if -end <= n < end))


def decimals(digits: int, places: int) -> tuple[Decimal, ...]:
    """Decimals of so many digits, some of them behind the point."""
    most, unit = 10**digits - 1, 10**places
    unscaled = {0, 1, -1, most, -most, most - 1, most // 2, *(n for n in (unit, -unit, unit // 2) if abs(n) <= most)}
    return tuple(Decimal((n < 0, tuple(map(int, str(abs(n)))), -places)) for n in sorted(unscaled))


# digits of decimals, and how many of them are behind the point
DIGITS = ((1, 0), (4, 2), (5, 5), (9, 4), (15, 2), (16, 8), (18, 0), (19, 19), (38, 0), (38, 10), (38, 38))
BEYOND = (0, 1, -1, 2**64, 1 - 10**38, 10**38 - 1)
ANYTHING = ("null", "true", "1", "-1.5", '""', '"\\"\\\\"', "[]", "{}", '{"a":[1,null,{"b":"é😀"}]}')
FINITE = (
    *(0.0, -0.0, 1.0, -1.0, 0.1, 1 / 3, LEAST, -LEAST, 2.2250738585072014e-308, 1e-7, 123456789.123456789),
    *(math.nextafter(1, 2), math.nextafter(1, 0), -math.nextafter(1, 2), 2.0**53, 2.0**53 + 2, 2.0**53 - 1),
    *(1e15, 1e16, 1e17, 1e21, 1e22, 1e23, 1e308, -1e308, MOST, -MOST),
)
DATES = tuple(
    datetime.date.fromisoformat(said)
    for said in ("0001-01-01", "9999-12-31", "2024-02-29", "1900-02-28", "1970-01-01", "1969-12-31", "1582-10-10")
)
TIMES = tuple(
    datetime.time.fromisoformat(said)
    for said in ("00:00:00", "23:59:59.999999", "12:00:00", "00:00:00.000001", "01:02:03.000400", "23:59:59")
)
MOMENTS = tuple(
    datetime.datetime.fromisoformat(said)
    for said in (
        *("0001-01-01 00:00:00", "0001-01-01 00:00:00.000001", "9999-12-31 23:59:59.999999", "2024-02-29 12:00:00"),
        *("1969-12-31 23:59:59.999999", "1970-01-01 00:00:00", "2038-01-19 03:14:08", "1999-12-31 23:59:59.000001"),
        *("2024-03-31 02:30:00", "1582-10-10 10:10:10.101010"),
    )
)
INSTANTS = tuple(moment.replace(tzinfo=datetime.UTC) for moment in MOMENTS)
FAR = datetime.timezone(datetime.timedelta(hours=-8))
HALF_DAY = tuple(datetime.time.fromisoformat(said) for said in ("00:00:00", "11:59:59.999999", "12:00:00", "09:00:00"))
MORNING = tuple(datetime.datetime.combine(datetime.date(2024, 2, 29), hour) for hour in HALF_DAY)
ZONED_MORNING = tuple(moment.replace(tzinfo=datetime.UTC) for moment in MORNING)
FAR_MORNING = tuple(moment.astimezone(FAR) for moment in ZONED_MORNING)
LONGEST = datetime.timedelta(days=106_751_991)  # of whole days, in 64 bits of microseconds
DURATIONS = (
    *(datetime.timedelta(0), MICROSECOND, -MICROSECOND, datetime.timedelta(days=-1), datetime.timedelta(days=40_000)),
    *(datetime.timedelta(days=-400, microseconds=7), datetime.timedelta(seconds=90.5), LONGEST, -LONGEST),
    datetime.timedelta(hours=838, minutes=59, seconds=59),
)
TEXTS = (
    *("", " ", "  leading", "trailing  ", "in  side", "a,b;c|d", "tab\there", "line\nfeed", "carriage\rreturn"),
    *("\r\n", "\n", "\t", "'", "''", '"', '""', '"quoted"', "it's", "\\", "\\\\", "\\n", "\\N", "\\.", "\\x00", "\\'"),
    *("NULL", "null", "None", "nan", "NaN", "true", "0", "-0", "007", "1e5", "0x1F", "1,5", "2024-02-29", "00:00"),
    *(
        "{}",
        "[]",
        '{"a": [1, null]}',
        '"a"',
        "%s",
        "%(name)s",
        "%%",
        ":name",
        "?",
        "$1",
        "@x",
        "{0}",
        "${x}",
        "--",
        ";",
    ),
    *(
        "/* */",
        "# comment",
        "=1+1",
        "é",
        "e\u0301",
        "\u00e4\u0308",
        "ß",
        "İ",
        "😀",
        "👩‍👩‍👧",
        "\U0010ffff",
        "\ufeffbom",
        "日本語",
        "עברית",
    ),
    *("\x01\x1f", "\x7f\x80\x9f", "\u2028\u2029", "\ud7ff\ue000", "\ufffe\uffff", "\x0b\x0c", "\x1a", "x" * 3000),
)
SHORT = (*(text for text in TEXTS if len(text) <= 12), "😀" * 12, "e\u0301" * 6)
BYTES = (b"", b"\0", bytes(range(256)), bytes(reversed(range(256))), b"\\x00", b"text", b"\xff" * 70_000, b"\r\n\t,\"'")
IDS = (uuid.UUID(int=0), uuid.UUID(int=2**128 - 1), uuid.UUID("c41711d8-fbd6-4f73-9638-27fa930e1e94"))
LISTED = ("", "a", "A", "it's", 'say "so"', "back\\slash", "50%", "%s", ":name", "{}", "é😀", "null", " x ", "a\nb")
NUMBERS = (0, -1, 2**31, 7)


def between(kind: Any, values: Iterable[Any]) -> Any:
    """The type, from the least to the greatest of the values."""
    found = [*values]
    return Annotated[kind, Field(ge=min(found), le=max(found))]


def exactly(digits: int, places: int) -> Any:
    """The type of decimals that have all of these digits."""
    return Annotated[between(Decimal, decimals(digits, places)), Field(max_digits=digits, decimal_places=places)]


class Mood(enum.Enum):
    GLAD = "glad"
    SAD = "it's"


class Level(enum.IntEnum):
    LOW = -1
    HIGH = 5


class Price(enum.Enum):
    LOW = Decimal("0.50")
    HIGH = Decimal("12.25")


class Feast(enum.Enum):
    FIRST = datetime.date(1, 1, 1)
    LEAP = datetime.date(2024, 2, 29)


class Place(BaseModel):
    """What is inside another model, with a field of every kind."""

    number: Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
    price: exactly(38, 19)  # type: ignore[valid-type]
    ratio: float
    true: bool
    text: str
    data: bytes
    id: uuid.UUID
    day: datetime.date
    hour: datetime.time
    moment: NaiveDatetime
    instant: AwareDatetime
    took: datetime.timedelta
    tags: list[str | None]
    inner: Level | None
    nothing: str | None


PLACE: dict[str, Kind] = {
    "number": "integer",
    "price": "decimal",
    "ratio": "float",
    "true": "boolean",
    "text": "text",
    "data": "bytes",
    "id": "uuid",
    "day": "date",
    "hour": "time",
    "moment": "datetime",
    "instant": "zoned",
    "took": "duration",
    "tags": ["text"],
    "inner": "integer",
    "nothing": "text",
}


def places() -> Iterator[dict[str, Any]]:
    """Rows of Place, until every value was there."""
    rows = max(len(TEXTS), len(FINITE))
    of = (whole(64), decimals(38, 19), FINITE, (True, False), TEXTS, BYTES[:6], IDS, DATES, TIMES, MOMENTS, INSTANTS)
    columns = [*of, DURATIONS, ([], [""], [None], list(TEXTS[:9]), ["", None]), (-1, 5, None), (None, "", "None")]
    for i in range(rows):
        yield {name: column[i % len(column)] for name, column in zip(PLACE, columns, strict=True)}


# -- fields ---------------------------------------------------------------------------------------------------


def decimal(digits: int, places: int) -> Edges:
    values = decimals(digits, places)
    return Edges(f"decimal_{digits}_{places}", "decimal", exactly(digits, places), values)


def items(name: str, kind: Kind, item: Any, values: tuple[Any, ...]) -> list[Edges]:
    """Lists of such items, and lists of such items or None."""
    lists = ([], list(values), [values[-1]], [values[0], values[0]])
    return [
        Edges(f"list_of_{name}", [kind], list[item], lists),  # type: ignore[valid-type]
        Edges(f"list_of_gapped_{name}", [kind], list[item | None], (*lists, [None], [None, values[0], None])),
    ]


ODD = ("", "a b", "a.b", 'say "so"', "it's", "back\\slash", "é😀", "null", "new\nline", "%s", ":name")

FIELDS: tuple[Edges, ...] = (
    *(Edges(f"int{bits}", "integer", between(int, whole(bits)), whole(bits)) for bits in (16, 32, 64)),
    Edges("integer", "integer", int, whole(64)),
    Edges(
        "beyond_64_bits", "wide", between(int, (-(10**38) + 1, 10**38 - 1)), (0, 1, -1, 2**64, 1 - 10**38, 10**38 - 1)
    ),
    Edges("unsigned_64_bits", "wide", between(int, (0, 2**64 - 1)), (0, 1, 2**63, 2**64 - 1)),
    *(
        decimal(*d)
        for d in ((1, 0), (4, 2), (5, 5), (9, 4), (15, 2), (16, 8), (18, 0), (19, 19), (38, 0), (38, 10), (38, 38))
    ),
    Edges("float", "float", float, FINITE),
    Edges("float_between", "float", between(float, (-MOST, MOST)), FINITE),
    Edges("boolean", "boolean", bool, (True, False)),
    Edges("text", "text", str, TEXTS),
    Edges("text_of_12", "text", Annotated[str, Field(max_length=12)], SHORT),
    Edges("text_of_1_to_12", "text", Annotated[str, Field(min_length=1, max_length=12)], SHORT[1:]),
    Edges("data", "bytes", bytes, BYTES),
    Edges("id_of_16_bytes", "uuid", uuid.UUID, IDS),
    Edges("id_as_text", "text", Annotated[uuid.UUID, AsText()], tuple(map(str, IDS))),
    Edges("day", "date", datetime.date, DATES),
    Edges("day_between", "date", between(datetime.date, DATES), DATES),
    Edges("hour", "time", datetime.time, TIMES),
    Edges("hour_between", "time", between(datetime.time, TIMES), TIMES),
    Edges("moment", "datetime", NaiveDatetime, MOMENTS),
    Edges("moment_between", "datetime", between(NaiveDatetime, MOMENTS), MOMENTS),
    Edges("instant", "zoned", AwareDatetime, INSTANTS),
    Edges("instant_between", "zoned", between(AwareDatetime, INSTANTS), INSTANTS),
    Edges("hour_to_noon", "time", between(datetime.time, HALF_DAY), HALF_DAY),
    Edges("moment_to_noon", "datetime", between(NaiveDatetime, MORNING), MORNING),
    Edges("instant_to_noon", "zoned", between(AwareDatetime, ZONED_MORNING), ZONED_MORNING),
    Edges("instant_elsewhere", "zoned", between(AwareDatetime, FAR_MORNING), ZONED_MORNING),
    Edges("took", "duration", datetime.timedelta, DURATIONS),
    Edges("took_between", "duration", between(datetime.timedelta, DURATIONS), DURATIONS),
    Edges("chosen_text", "text", Literal[LISTED], LISTED),
    Edges("chosen_number", "integer", Literal[NUMBERS], NUMBERS),
    Edges("chosen_float", "float", Literal[0.1, -1e300], (0.1, -1e300)),
    Edges("price", "decimal", Price, tuple(price.value for price in Price)),
    Edges("feast", "date", Feast, tuple(feast.value for feast in Feast)),
    Edges("mood", "text", Mood, ("glad", "it's")),
    Edges("level", "integer", Level, (-1, 5)),
    Edges("chosen_of_both", "json", Literal["a", 1, True], ('"a"', "1", "true")),
    *items("integers", "integer", int, whole(64)),
    *items("small_integers", "integer", between(int, whole(16)), whole(16)),
    *items("texts", "text", str, TEXTS),
    *items("short_texts", "text", Annotated[str, Field(max_length=12)], SHORT),
    *items("ids_as_text", "text", Annotated[uuid.UUID, AsText()], tuple(map(str, IDS))),
    *items("decimals", "decimal", exactly(20, 5), decimals(20, 5)),
    *items("moments", "datetime", NaiveDatetime, MOMENTS),
    *items("instants", "zoned", AwareDatetime, INSTANTS),
    *items("ids", "uuid", uuid.UUID, IDS),
    *items("booleans", "boolean", bool, (True, False)),
    *items("floats", "float", float, FINITE),
    *items("days", "date", datetime.date, DATES),
    *items("hours", "time", datetime.time, TIMES),
    *items("durations", "duration", datetime.timedelta, DURATIONS),
    *items("data", "bytes", bytes, BYTES[:6]),
    *items("moods", "text", Mood, ("glad", "it's")),
    *items("lists", ["integer"], list[int], ([], [1], [2**53 + 1, 0])),
    Edges("place", PLACE, Place, tuple(places())),
    Edges("places", [PLACE], list[Place], ([], list(places())[:3], list(places())[3:4])),
    Edges("texts_by_text", ("text",), dict[str, str], ({}, dict(zip(ODD, TEXTS, strict=False)), {"a": ""})),
    Edges("numbers_by_text", ("integer",), dict[str, int], ({}, dict(zip(ODD, whole(64), strict=False)))),
    Edges(
        "anything",
        "json",
        Any,
        ("null", "true", "1", "-1.5", '""', '"\\"\\\\"', "[]", "{}", '{"a":[1,null,{"b":"é😀"}]}'),
    ),
    Edges("either", "json", int | str | list[bool], ("1", '"1"', '"a\\nb"', "[true,false]", "[]")),
)


class Ratio(BaseModel):
    ratio: float


_NATIVE = frozenset({"parquet", "arrow"})  # what has models that are not JSON
_NUL = ("\0", "a\0b", "")
_NOT_JSON = EVERY - {"jsonl"}
SPECIAL: tuple[Edges, ...] = (
    Edges("text_with_nul", "text", str, _NUL, EVERY - {"postgresql", "sqlite"}, "NUL"),
    Edges("texts_with_nul", ["text"], list[str], (["a\0b"],), EVERY - {"postgresql"}, "NUL"),
    Edges("dict_with_nul", ("text",), dict[str, str], ({"a": "\0"},), EVERY - {"postgresql"}, "NUL"),
    Edges("not_a_number", "float", float, (math.nan, 1.0), _NOT_JSON - {"mariadb", "sqlite"}, "NaN"),
    Edges("infinite", "float", float, (math.inf, -math.inf, 1.0), _NOT_JSON - {"mariadb"}, "infinit"),
    Edges("list_not_numbers", ["float"], list[float], ([math.nan, 1.0],), _NATIVE | {"postgresql", "duckdb"}, "NaN"),
    Edges("place_not_number", {"ratio": "float"}, Ratio, ({"ratio": math.inf},), _NATIVE, "infinit"),
)


# -- synthesizers ----------------------------------------------------------------------------------------------


def stored(value: Any, kind: Kind) -> Any:
    """A value as Arrow is given it."""
    if value is None or isinstance(kind, str):
        return value.bytes if isinstance(value, uuid.UUID) else value
    if isinstance(kind, list):
        return [stored(item, kind[0]) for item in value]
    if isinstance(kind, dict):
        return {name: stored(value[name], inner) for name, inner in kind.items()}
    return [(name, stored(item, kind[0])) for name, item in value.items()]


@cache
def listed(name: str, kind: pa.DataType) -> pa.Array:
    """The values of the field of that name."""
    values = [stored(value, _FIELDS[name].kind) for value in _FIELDS[name].values]
    return (
        pa.array(values, plain_type(kind)).dictionary_encode() if plain_type(kind) != kind else pa.array(values, kind)
    )


@cache
def cycling(base: Any) -> type[Synthesizer]:
    """A synthesizer of the types of gen's own one, that cycles through the values of each field."""

    class Cycling(base):
        @property
        def storage(self) -> Storage:
            return WIDE if self.column.name == "integer" else super().storage

        @classmethod
        def match(cls, column: Any) -> bool:
            return False

        def at(self, rows: Any) -> pa.Array:
            numbers = np.arange(rows.start, rows.stop) if isinstance(rows, range) else rows.astype(np.int64)
            values = listed(self.column.name, self.arrow_type)
            return values.take(pa.array(numbers % len(values)))

    Cycling.__name__ = f"Cycling{base.__name__}"
    return Cycling


_FIELDS: dict[str, Edges] = {}


def model_of(name: str, fields: Iterable[Edges]) -> type[BaseModel]:
    """A model of these fields, each cycling through its values, and a key `number` from 0 on."""
    types: dict[str, Any] = {"number": (Annotated[int, PrimaryKey(order="sequential")], ...)}
    for edges in fields:
        assert _FIELDS.setdefault(edges.name, edges) == edges
        column = table_from_model(create_model(name, x=(edges.annotation, ...))).column("x")
        title = cycling(find_synthesizer(column, edges.name)).__name__
        types[edges.name] = (Annotated[edges.annotation, SynthesizedBy(title)], ...)
    return create_model(name, **types)
