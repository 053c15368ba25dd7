"""This file knows what a reader wants to know of a table's columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from gen.block import plain_type
from gen.schema.spec import Column
from gen.synth.containers.unions import SynthesizeUnion
from gen.synth.nested import SynthesizeField, product_of
from gen.synth.synthesizer import Synthesizer
from gen.synth.table import TableSource


def described(source: TableSource) -> list[dict[str, Any]]:
    """What a reader wants to know of each column: type, synthesizer, why, law, nulls, cardinality, bytes."""
    return [
        {
            "column": name,
            "type": str(plain_type(source.schema.field(name).type)),
            "synthesizer": type(s).__name__,
            "reason": "; ".join(
                [
                    s.reason + _drawn_again(source, name),
                    *_as_json(s),
                    *never_drawn(s.column.never_drawn()),
                    *_dirtied(source, name),
                    *(f"{where} is materialised" for where in source.reads_held.get(name, ())),
                    *(["materialised for other tables"] if name in source.held else []),
                ]
            ),
            "key": _key_of(s.column),
            "distribution": s.distribution_text,
            "cardinality": _cardinality(source.columns, s),
            "bytes": round(_bytes(source, name), 1),
            "nulls": _nulls(s),
            "null_value": s.column.null_value,
            "noise": source.noise.get(name, {}),
        }
        for name, s in source.columns.items()
    ]


def never_drawn(undrawn: Iterable[tuple[str, str]]) -> list[str]:
    """Branches that no value is ever of, each with the reason, in words."""
    return [f"never drawn: {name} ({why})" for name, why in undrawn]


# kind of dirt -> what is no longer true of the column
_DROPPED = {
    "null": "may be null",
    "empty": "may be empty",
    "too_long": "may be longer than its bounds",
    "out_of_bounds": "may lie beyond its bounds",
    "wrong_type": "is text, of which some is no value of its type",
    "duplicate": "is not distinct",
    "dangling": "refers to keys that are not there, too",
}


def _dirtied(source: TableSource, name: str) -> list[str]:
    """What the dirt that was asked for makes of the column, in words."""
    said = [_DROPPED[kind] for kind in source.noise.get(name, {})]
    return [f"for its noise the column {', '.join(said)}"] if said else []


def _as_json(synthesizer: Synthesizer) -> list[str]:
    """Which unions in a column are JSON text, each with the reason, in words."""
    unions = (part for part in synthesizer.every_part() if isinstance(part, SynthesizeUnion) and not part.attempt)
    found = {part.where: part.why_json for part in unions if type(part) is SynthesizeUnion}
    return [f"{where} is JSON text: {why}" for where, why in found.items() if why]


def _drawn_again(source: TableSource, name: str) -> str:
    return "; drawn again where the model refuses it" if source.filter and name in source.filter.picky else ""


def _cardinality(columns: Mapping[str, Synthesizer], s: Synthesizer) -> int | None:
    """How many different values a column may have; where others decide it, no more than they have."""
    on = s.column.depends_on
    known = [s.cardinality] + ([product_of(columns[name].cardinality for name in on)] if on else [])
    return min((count for count in known if count is not None), default=None)


def _nulls(s: Synthesizer) -> float:
    """The share of rows without a value, as far as the column itself decides that."""
    if s.column.kind == "null":
        return 1.0
    return s.null_share if isinstance(s, SynthesizeField) else s.column.nulls or 0.0


def _bytes(source: TableSource, name: str) -> float:
    """What a value takes in memory, near enough: of a boolean a bit."""
    kind = source.schema.field(name).type
    return 0.125 if pa.types.is_boolean(kind) else source.storage(name).bytes


def _key_of(column: Column) -> str:
    """Which key a column is in, and what it refers to: "primary", "-> Order.id", "unique slot"."""
    alone = column.unique == (column.name,)
    said = ["primary"] if column.key and column.key.primary else []
    said += [] if said or not column.unique else ["unique" if alone else f"unique {' '.join(column.unique)}"]
    targets = " | ".join(dict.fromkeys(map(str, column.references)))
    return " ".join(said + ([f"-> {targets}"] if targets else []))
