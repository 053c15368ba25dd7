"""This file knows the providers of the Faker package: a pool of their values, drawn once for each run.

Faker makes a value in microseconds, and rows are drawn in nanoseconds; so rows choose among the values of a pool. The
pool is made when the run is planned, by a Faker seeded with the column's stream, and travels in the plan: workers need
no Faker. Values are those of the Faker that is installed; another version of it may give others.
So may another day, of providers that look at the clock; a run that began on the day before is then refused, not mixed.
"""

from __future__ import annotations

import datetime
import decimal
import re
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from gen.block import fixed_width_array, fixed_width_values, plain_type
from gen.errors import SchemaError
from gen.keys import check_capacity
from gen.schema.domains import Provider
from gen.schema.patterns import in_python
from gen.schema.spec import KINDS, Column, suggestion
from gen.streams import Rows, Words, stream_key
from gen.synth.laws.compiled import law_of
from gen.synth.ranked import Ranked
from gen.synth.synthesizer import Storage, Synthesizer, synthesizer_of
from gen.synth.texts.lists import alias_table, choose_indexes

# kind of column -> the types of values that it takes from Faker
_TAKES: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "integer": (int,),
    "number": (float, int, decimal.Decimal),
    "decimal": (decimal.Decimal, int),
    "boolean": (bool,),
    "date": (datetime.date,),
    "datetime": (datetime.date,),
    "choice": (str, int, float, bool),
}
_MOST_DIGITS = 38  # of a decimal128
_NO_ALIASES = np.empty(0, np.uint64)
_PLAIN: dict[str, Any] = {"provider": None, "key": None, "nulls": None, "patterns": (), "format": None}
_POOLS: dict[str, tuple[pa.Array, pa.Array | None]] = {}  # those of this process: a worker gets them with the plan


class SynthesizeFaker(Synthesizer):
    """Values of a provider of Faker, as often as they came when the pool was drawn; text as a dictionary.

    Values that the column's lengths, bounds, patterns and choices exclude are left out of the pool; where that leaves
    none, the column is refused.
    """

    goes_first = True

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.provider is not None and not (column.check or column.case or column.key)

    def prepare(self) -> None:
        column = self.column
        law, _ = law_of(self.where, column.distribution)
        if law != "uniform" or column.domain or column.weights:
            beside = "a domain" if column.domain else "weights" if column.weights else f"the distribution {law!r}"
            raise SchemaError(f"{self.where}: {beside} beside a provider of Faker.", hint="Keep one of them.")
        if column.kind not in _TAKES or column.stored:
            raise SchemaError(
                f"{self.where}: Faker does not fill a field of kind {column.kind}.",
                hint=f"It fills {', '.join(KINDS[kind] for kind in _TAKES)}.",
            )
        name = f"{stream_key(self.seed, self.table, self.path, 'faker')} {replace(column, nulls=None)!r}"
        if name not in _POOLS:
            _POOLS[name] = self._drawn_pool()
        self.name_of_pool = name
        self.pool, self.aliases = _POOLS[name]

    @property
    def provider(self) -> Provider:
        """What the column declares."""
        assert self.column.provider is not None
        return self.column.provider

    @property
    def reason(self) -> str:
        return f"{super().reason}; a pool of {self.provider.pool:,}, {len(self.pool):,} distinct"

    # -- the pool

    def _drawn_pool(self) -> tuple[pa.Array, pa.Array | None]:
        """The distinct values of the pool, in the order they came, and how often each came, as an alias table."""
        made = values_of(self.where, self.provider, stream_key(self.seed, self.table, self.path, "faker"))
        self._refuse_unlike(made)
        kind = self.natural_type
        taken = [value for value in (self._value(value, kind) for value in made) if value is not None]
        if not taken:
            raise SchemaError(
                f"{self.where}: the field takes none of {len(made):,} values of Faker's {self.provider.name!r}, "
                f"such as {made[0]!r:.60}.",
                hint="Widen its lengths, bounds, pattern or choices, or ask the provider for others by its arguments.",
            )
        counts = Counter(taken)
        # Only decimals have a type of their values' own: that which holds the longest.
        pool = pa.array(list(counts), None if self.column.kind == "decimal" else plain_type(kind))
        if len(counts) == len(taken):
            return pool, None
        return pool, fixed_width_array(pa.uint64(), alias_table(list(map(float, counts.values()))))

    @property
    def natural_type(self) -> pa.DataType:
        """The type that a column of this kind has without Faker."""
        if self.column.kind in ("text", "decimal"):
            return pa.string()
        return synthesizer_of(replace(self.column, **_PLAIN), self.table, 1, 0, self.path).arrow_type

    def _refuse_unlike(self, made: list[Any]) -> None:
        takes = _TAKES[self.column.kind]
        for value in made:
            if not isinstance(value, takes) or (isinstance(value, bool) and bool not in takes):
                raise SchemaError(
                    f"{self.where}: Faker's {self.provider.name!r} gives {type(value).__name__}, such as "
                    f"{value!r:.60}, and the field is {KINDS[self.column.kind]}.",
                    hint="Use another provider, or give the field that type.",
                )

    def _value(self, value: Any, kind: pa.DataType) -> Any:
        """The value as the column holds it; None where it takes no such value."""
        column = self.column
        if column.kind == "choice":
            return value if value in column.choices else None
        if column.kind == "text":
            fits = len(value) >= (column.min_length or 0) and len(value) <= (column.max_length or len(value))
            return value if fits and all(re.search(in_python(pattern), value) for pattern in column.patterns) else None
        if column.kind == "integer" and not -(2**63) <= value < 2**63:
            return None
        value = _as_kind(value, column.kind, getattr(kind, "tz", None))
        return value if value is not None and _is_within(value, column) else None

    # -- values

    @property
    def arrow_type(self) -> pa.DataType:
        kind = self.pool.type
        return pa.dictionary(pa.int32(), kind) if pa.types.is_string(kind) else kind

    @property
    def law_text(self) -> str:
        return "uniform" if self.aliases is None else "as often as Faker gives them"

    @property
    def cardinality(self) -> int:
        """How many distinct values the pool has."""
        return len(self.pool)

    @property
    def storage(self) -> Storage:
        size = self.pool.nbytes / len(self.pool)
        return Storage(max(size, 1.0), np.log2(max(len(self.pool), 2)), distinct=len(self.pool))

    def at(self, rows: Rows) -> pa.Array:
        indexes = np.empty(len(rows), np.int32)
        aliases = _NO_ALIASES if self.aliases is None else fixed_width_values(self.aliases)
        choose_indexes(self.words(rows, 1), np.uint64(len(self.pool)), aliases, indexes)
        return self.picked(fixed_width_array(pa.int32(), indexes))

    def picked(self, indexes: pa.Array) -> pa.Array:
        """The values of the pool with these indexes."""
        if pa.types.is_string(self.pool.type):
            return pa.DictionaryArray.from_arrays(indexes, self.pool)
        if pa.types.is_boolean(self.pool.type) or pa.types.is_decimal(self.pool.type):
            return self.pool.take(indexes)
        return fixed_width_array(self.pool.type, fixed_width_values(self.pool)[fixed_width_values(indexes)])

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        _POOLS.setdefault(self.name_of_pool, (self.pool, self.aliases))


class SynthesizeFakerKey(Ranked, SynthesizeFaker):
    """Values of a provider of Faker, each once: as many rows at most as the pool has distinct values."""

    default_order = "scattered"

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.provider is not None and column.check is None and column.key is not None

    def prepare_order(self) -> None:
        assert self.column.key is not None
        if self.column.key.order == "ascending":
            raise SchemaError(
                f"{self.where}: keys of Faker are sequential or scattered, not ascending.", hint="Use PrimaryKey()."
            )
        said = f"the pool of {self.provider.pool:,} values of Faker's {self.provider.name!r}"
        check_capacity(self.table, self.column.name, self.rows, self.cardinality, said)
        super().prepare_order()

    def unrank(self, ranks: Words) -> pa.Array:
        return self.picked(fixed_width_array(pa.int32(), ranks.astype(np.int32)))

    def rank(self, values: pa.Array) -> Words:
        places = {value: i for i, value in enumerate(self.pool.to_pylist())}
        return np.array([places.get(value, len(places)) for value in values.to_pylist()], np.uint64)


def _as_kind(value: Any, kind: str, zone: str | None) -> Any:
    """A number or a time as the column's kind has it; None where it cannot be stored."""
    if kind == "number":
        return float(value) if np.isfinite(float(value)) else None
    if kind == "decimal":
        number = decimal.Decimal(value)
        digits, exponent = number.as_tuple().digits, number.as_tuple().exponent
        return number if isinstance(exponent, int) and len(digits) + abs(exponent) <= _MOST_DIGITS // 2 else None
    if kind == "date":
        return value.date() if isinstance(value, datetime.datetime) else value
    if kind == "datetime":
        moment = value
        if not isinstance(value, datetime.datetime):
            moment = datetime.datetime(value.year, value.month, value.day)
        if moment.tzinfo is None:
            return moment.replace(tzinfo=datetime.UTC) if zone else moment
        return moment.astimezone(datetime.UTC).replace(tzinfo=datetime.UTC if zone else None)
    return value


def _is_within(value: Any, column: Column) -> bool:
    """Whether the column's bounds, steps and digits allow a number or a time."""
    low: Any = column.minimum
    high: Any = column.maximum
    if isinstance(value, datetime.datetime) and value.tzinfo:
        low, high = _with_zone(low), _with_zone(high)
    if low is not None and (value < low or (column.minimum_excluded and value == low)):
        return False
    if high is not None and (value > high or (column.maximum_excluded and value == high)):
        return False
    if column.multiple_of is not None and value % type(value)(column.multiple_of):
        return False
    if not isinstance(value, decimal.Decimal):
        return True
    number = value.as_tuple()
    places = max(-int(number.exponent), 0)
    if column.decimal_places is not None and places > column.decimal_places:
        return False
    return (
        column.max_digits is None or max(len(number.digits) + max(int(number.exponent), 0), places) <= column.max_digits
    )


def _with_zone(bound: Any) -> Any:
    return bound.replace(tzinfo=datetime.UTC) if bound is not None and bound.tzinfo is None else bound


def values_of(where: str, provider: Provider, seed: int) -> list[Any]:
    """`provider.pool` values of a Faker with that seed, in the order it gives them. Raises SchemaError."""
    fake = _faker(where, provider.locale)
    fake.seed_instance(seed)
    listed = {
        name
        for each in fake.factories[0].providers
        for name in dir(each)
        if not name.startswith("_") and callable(getattr(each, name))
    }
    make = getattr(fake, provider.name, None) if provider.name in listed else None
    if make is None:
        raise SchemaError(
            f"{where}: Faker has no provider {provider.name!r}{f' for {provider.locale}' if provider.locale else ''}.",
            hint=suggestion(provider.name, listed),
        )
    arguments = dict(provider.arguments)
    try:
        return [make(**arguments) for _ in range(provider.pool)]
    except Exception as error:
        said = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
        raise SchemaError(
            f"{where}: Faker's {provider.name}({said}) failed: {type(error).__name__}: {error}",
            hint="Correct its arguments.",
        ) from error


def _faker(where: str, locale: str | None) -> Any:
    """A Faker of that locale, or of its own default one."""
    try:
        import faker
        from faker.config import AVAILABLE_LOCALES
    except ImportError as error:
        raise SchemaError(
            f"{where}: it names a provider of Faker, and Faker is not installed.",
            hint="Install gen[faker], or name a Domain instead.",
        ) from error
    named = locale.replace("-", "_") if locale else None
    if named is not None and named not in AVAILABLE_LOCALES:
        raise SchemaError(f"{where}: Faker has no locale {locale!r}.", hint=suggestion(named, AVAILABLE_LOCALES))
    return faker.Faker(named)
