"""This file knows how to read the facts that tie a column to keys and to rows of other tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from gen.errors import SchemaError
from gen.schema.distributions import distribution_of
from gen.schema.links import (
    AGGREGATES,
    KEY_ORDERS,
    Aggregate,
    Children,
    Distribution,
    Key,
    Ordinal,
    Reference,
    Ring,
    Tree,
)
from gen.schema.spec import suggestion

LINK_FACTS = ("sql", "ordinal", "copy", "aggregate")
_OF_KEYS = ("order",)
_OF_REFERENCES = ("name", "where", "popularity", "covering", "matching", "children", "tree", "ring")
_SQL = ("key", "unique", "reference", *_OF_KEYS, *_OF_REFERENCES)
_WIDEST_RANGE = 65_536  # counts of children in a range


def both_links(where: str, said: Mapping[str, Any], value: Mapping[str, Any]) -> dict[str, Any]:
    """What two markers say of keys and references, together: a primary key may refer to another table, too."""
    together = {**said, **value}
    if "unique" in said and "unique" in value:
        together["unique"] = [*_listed(said["unique"]), *_listed(value["unique"])]
    if "primary" in (said.get("key"), value.get("key")):
        together["key"] = "primary"
    for name in (said.keys() & value.keys()) - {"key", "unique"}:
        if said[name] != value[name]:
            raise SchemaError(
                f"{where}: {name} is said twice: {said[name]!r:.80} and {value[name]!r:.80}.", hint="Keep one of them."
            )
    return together


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def read_links(where: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What the facts say of keys, references and other tables' rows, as fields of a Column."""
    values: dict[str, Any] = {}
    for name, read in _READERS.items():
        if name in facts:
            values |= read(where, facts[name])
    sources = [name for name in ("reference", "ordinal", "copied", "aggregate") if name in values]
    if len(sources) > 1:
        raise SchemaError(
            f"{where}: it is {' and '.join(_CALLED[name] for name in sources)} at once.",
            hint="Keep one: each says what its value is.",
        )
    return values


def decides_nulls(values: Mapping[str, Any]) -> bool:
    """Whether what is read says by itself where a column has no value: roots, ends of chains, parents without one."""
    reference = values.get("reference")
    ends = reference is not None and (reference.tree or reference.ring)
    return bool(ends or values.keys() & {"ordinal", "copied", "aggregate"})


_CALLED = {"reference": "a foreign key", "ordinal": "an ordinal", "copied": "a copy", "aggregate": "an aggregate"}


# -- keys and references ------------------------------------------------------------------------------------


def _sql(where: str, sql: Any) -> dict[str, Any]:
    if not isinstance(sql, Mapping):
        raise SchemaError(f'{where}: "sql" is {sql!r}.', hint='Write {"sql": {"key": "primary"}}.')
    if "column" in sql:
        raise SchemaError(
            f"{where}: ColumnName is said of what is no field of a table.",
            hint="Write it outermost, in a field of the model itself: Annotated[int | None, ColumnName(...)].",
        )
    unknown = sorted(set(sql) - set(_SQL))
    if unknown:
        raise SchemaError(f'{where}: "sql" says {unknown[0]!r}.', hint=suggestion(unknown[0], _SQL))
    implied = "foreign" if "reference" in sql else "unique" if "unique" in sql else "primary"
    key = sql.get("key", implied)
    if key not in ("primary", "foreign", "unique"):
        raise SchemaError(
            f'{where}: a key is "primary" or "foreign", not {key!r}.', hint=suggestion(str(key), ("primary", "foreign"))
        )
    idle = [] if key == "primary" else [name for name in _OF_KEYS if name in sql]
    idle += [] if "reference" in sql else [name for name in _OF_REFERENCES if name in sql]
    if idle:
        what = "primary keys" if idle[0] in _OF_KEYS else "references"
        raise SchemaError(
            f"{where}: it says {idle[0]} = {sql[idle[0]]!r}, which is for {what}, and it is none.",
            hint='Leave it out, or say what it refers to: ForeignKey("Table.field").',
        )
    if key == "foreign" and "reference" not in sql:
        raise _no_reference(where, None)
    values: dict[str, Any] = {}
    if sql.get("unique") not in (None, False):
        values["unique"] = _unique(where, sql["unique"])
    if key == "primary":
        values["key"] = Key(_order(where, sql.get("order")))
    if "reference" in sql:
        values["reference"] = _reference(where, sql)
    return values


def _order(where: str, order: Any) -> str | None:
    if order is not None and order not in KEY_ORDERS:
        raise SchemaError(f"{where}: there is no key order {order!r}.", hint=suggestion(str(order), KEY_ORDERS))
    return None if order is None else str(order)


def _unique(where: str, value: Any) -> tuple[str, ...]:
    """The groups that a column is in: its own, where it is unique alone."""
    groups = [where.rpartition(".")[2] if group is True else group for group in _listed(value)]
    if not groups or not all(isinstance(group, str) and group for group in groups):
        raise SchemaError(
            f"{where}: unique is {value!r}.", hint='Say true, or name the group that is unique together: "slot".'
        )
    return tuple(dict.fromkeys(groups))


def _no_reference(where: str, target: Any) -> SchemaError:
    table = str(target).partition(".")[0] if isinstance(target, str) and target.partition(".")[0] else "Manager"
    return SchemaError(
        f"{where}: a foreign key refers to Table.field, not {target!r}.", hint=f'Write ForeignKey("{table}.id").'
    )


def _reference(where: str, sql: Mapping[str, Any]) -> Reference:
    target = sql["reference"]
    parts = target.split(".") if isinstance(target, str) else []
    if len(parts) != 2 or not all(parts):
        raise _no_reference(where, target)
    said: dict[str, Any] = {}
    for name in ("name", "where", "popularity"):
        if sql.get(name) is not None:
            said[name] = _text(where, name, sql[name])
    if sql.get("covering") is not None:
        if not isinstance(sql["covering"], bool):
            raise SchemaError(f"{where}: covering is {sql['covering']!r}.", hint="Say true or false.")
        said["covering"] = sql["covering"]
    if sql.get("matching") is not None:
        said["matching"] = _matching(where, sql["matching"])
    for name, read in (("children", _children), ("tree", _tree), ("ring", _ring)):
        if sql.get(name) is not None:
            said[name] = read(where, sql[name])
    ways = [name for name in ("children", "tree", "ring", "covering") if said.get(name)]
    if len(ways) > 1:
        raise SchemaError(
            f"{where}: {' and '.join(ways)} are both said, and each says which parents are referred to.",
            hint="Keep one of them.",
        )
    return Reference(parts[0], parts[1], **said)


def _matching(where: str, value: Any) -> tuple[tuple[str, str], ...]:
    """Own fields, each with the one of the parent: a name of both, several, or pairs."""
    pairs = value.items() if isinstance(value, Mapping) else [(each, each) for each in _listed(value)]
    found = tuple((mine, other) for mine, other in pairs)
    if not found or not all(isinstance(name, str) and name for pair in found for name in pair):
        raise SchemaError(
            f"{where}: matching is {value!r}.",
            hint='Name a field that both have, "customer_id"; or {"customer_id": "owner_id"}: the own one, and theirs.',
        )
    return found


def _text(where: str, name: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise SchemaError(f"{where}: {name} is {value!r}.", hint="Give a text.")
    return value


def _record(where: str, name: str, value: Any, known: tuple[str, ...], hint: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or set(value) - set(known):
        raise SchemaError(f"{where}: {name} is {value!r:.80}.", hint=hint)
    return value


def _count(where: str, name: str, value: Any, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise SchemaError(f"{where}: {name} is {value!r}.", hint=f"Give a whole number, {least} or more.")
    return value


def _children(where: str, value: Any) -> Children:
    known = ("law", "none", "least", "most", "order")
    hint = 'Write Children(Poisson(3)), or {"law": {"name": "poisson", "mean": 3}}.'
    said = _record(where, "children", value, known, hint)
    if "law" not in said:
        raise SchemaError(f"{where}: children say no law.", hint=hint)
    least, most = (_count(where, name, said[name], 0) if name in said else None for name in ("least", "most"))
    if least is not None and most is not None and least > most:
        raise SchemaError(f"{where}: children are {least} at least, and {most} at most.", hint="Turn them round.")
    order = said.get("order", "parents")
    if order not in ("parents", "scattered"):
        raise SchemaError(
            f"{where}: children have no order {order!r}.", hint=suggestion(str(order), ("parents", "scattered"))
        )
    return Children(_law(where, said["law"]), _share_of_none(where, said), least, most, order == "scattered")


def _share_of_none(where: str, said: Mapping[str, Any]) -> float | None:
    none = said.get("none")
    if none is None:
        return None
    if isinstance(none, bool) or not isinstance(none, (int, float)) or not 0 <= none <= 1:
        raise SchemaError(f"{where}: none is {none!r}.", hint="Give the share of parents without children, 0 to 1.")
    return float(none)


def _law(where: str, law: Any) -> Distribution:
    """A law of counts: a number, a first and a last one, weights by number, or a law by name."""
    if isinstance(law, int) and not isinstance(law, bool):
        return Distribution("constant", (("value", float(_count(where, "children", law, 0))),))
    if isinstance(law, (list, tuple)) and len(law) == 2:
        first, last = (_count(where, "children", each, 0) for each in law)
        if not first <= last <= first + _WIDEST_RANGE:
            raise SchemaError(
                f"{where}: children are {first} to {last}.",
                hint=f"Give the fewer first, and at most {_WIDEST_RANGE:,} more.",
            )
        return Distribution("histogram", (("edges", (float(first), float(last + 1))), ("weights", (1.0,))))
    if isinstance(law, Mapping) and "name" not in law:
        return _listed_law(where, law)
    if isinstance(law, (str, Mapping)):
        return distribution_of(where, law)
    raise SchemaError(
        f"{where}: children have the law {law!r:.80}.",
        hint="Give a number, a first and a last, weights by number, or a law: Poisson(3).",
    )


def _listed_law(where: str, law: Mapping[Any, Any]) -> Distribution:
    """Weights by number of children."""
    counts: list[float] = []
    for count, weight in law.items():
        number = isinstance(weight, (int, float)) and not isinstance(weight, bool)
        if not str(count).isdecimal() or not number or not 0 <= weight < math.inf:
            raise SchemaError(
                f"{where}: children say {count!r}: {weight!r}.",
                hint="Give weights by number of children: {0: 0.2, 1: 0.5, 4: 0.3}.",
            )
        counts.append(float(count))
    if not sum(law.values()):
        raise SchemaError(f"{where}: the weights of its children are all 0.", hint="Give one above 0.")
    weights = tuple(float(weight) for weight in law.values())
    return Distribution("empirical", (("values", tuple(counts)), ("weights", weights)))


def _tree(where: str, value: Any) -> Tree:
    hint = "Write Tree(roots=10, depth=4, children=12); each may be left out."
    said = _record(where, "tree", value, ("roots", "depth", "children"), hint)
    roots = said.get("roots", 1)
    number = isinstance(roots, (int, float)) and not isinstance(roots, bool) and math.isfinite(roots) and roots > 0
    if not number or (roots > 1 and roots != int(roots)):
        raise SchemaError(
            f"{where}: a tree has {roots!r} roots.", hint="Give how many rows are roots, or below 1 which share."
        )
    depth, children = (_count(where, name, said[name], 1) if name in said else None for name in ("depth", "children"))
    return Tree(float(roots), depth, children)


def _ring(where: str, value: Any) -> Ring:
    hint = 'Write Next() or Previous(), or {"direction": "next", "closed": true}.'
    said = _record(where, "ring", value, ("direction", "closed"), hint)
    direction, closed = said.get("direction", "next"), said.get("closed", False)
    if direction not in ("next", "previous") or not isinstance(closed, bool):
        raise SchemaError(f"{where}: ring is {dict(said)!r}.", hint=hint)
    return Ring(direction == "previous", closed)


# -- other tables' rows ---------------------------------------------------------------------------------------


def _ordinal(where: str, value: Any) -> dict[str, Any]:
    said = {"reference": value} if isinstance(value, str) else value
    hint = 'Write Ordinal("order_id"), or {"reference": "order_id", "start": 1}.'
    said = _record(where, "ordinal", said, ("reference", "start"), hint)
    start = said.get("start", 1)
    if isinstance(start, bool) or not isinstance(start, int) or not -(2**31) <= start < 2**31:
        raise SchemaError(f"{where}: an ordinal starts at {start!r}.", hint="Give a whole number of 32 bits.")
    return {"ordinal": Ordinal(_text(where, "reference", said.get("reference")), start)}


def _copy(where: str, value: Any) -> dict[str, Any]:
    path = value.split(".") if isinstance(value, str) else value
    if not isinstance(path, (list, tuple)) or len(path) < 2 or not all(isinstance(n, str) and n for n in path):
        raise SchemaError(
            f"{where}: copy is {value!r}.",
            hint='Name a reference and a field of the row that it leads to: Copy("customer_id", "region").',
        )
    return {"copied": tuple(path)}


def _aggregate(where: str, value: Any) -> dict[str, Any]:
    hint = 'Write Sum("Line.amount"), or {"name": "sum", "of": "Line.amount"}.'
    said = _record(where, "aggregate", value, ("name", "of", "through", "by"), hint)
    name = said.get("name")
    if name not in AGGREGATES:
        raise SchemaError(f"{where}: there is no aggregate {name!r}.", hint=suggestion(str(name), AGGREGATES))
    table, _, column = _text(where, f"the {name}", said.get("of")).partition(".")
    if name != "count" and not column:
        raise SchemaError(
            f"{where}: the {name} is of {table!r}.", hint=f'Name a field: {name.title()}("{table}.field").'
        )
    more = {part: _text(where, part, said[part]) for part in ("through", "by") if said.get(part) is not None}
    if "by" in more and name != "last":
        raise SchemaError(f"{where}: the {name} is said to be by {more['by']!r}.", hint="That is for Last alone.")
    return {"aggregate": Aggregate(name, table, column or None, **more)}


_READERS: dict[str, Callable[[str, Any], dict[str, Any]]] = {
    "sql": _sql,
    "ordinal": _ordinal,
    "copy": _copy,
    "aggregate": _aggregate,
}
