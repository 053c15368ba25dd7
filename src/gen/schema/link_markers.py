"""This file knows the markers that tie a column to rows of other tables: how many, which ones, copies and sums of them.

order_id: Annotated[int, ForeignKey("Order.id"), Children(Poisson(3))]
line_no: Annotated[int, Ordinal("order_id")]
customer_id: Annotated[int, ForeignKey("Customer.id"), Zipf(1.1)]
region: Annotated[str, Copy("customer_id", "region")]
total: Annotated[Decimal, Sum("Line.amount")]
parent_id: Annotated[int | None, ForeignKey("Category.id"), Tree(roots=10, depth=4)]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from gen.schema.distributions import Law
from gen.schema.markers import Marker


@dataclass(frozen=True)
class Unique(Marker):
    """No two rows have the same value. Of a group, no two rows have the same values in all columns of the group."""

    group: str | None = None

    def facts(self) -> dict[str, Any]:
        return {"sql": {"unique": True if self.group is None else self.group}}


@dataclass(frozen=True)
class Children(Marker):
    """How many rows refer to each row of the parent, exactly; beside ForeignKey. The table has as many rows as they
    come to, unless a number of rows is asked for, which is then met exactly.

        Children(3)                       three each
        Children((1, 5))                  1 to 5, each as often
        Children({0: 0.2, 1: 0.5, 4: 0.3})
        Children(Poisson(3)), Children(Geometric(0.3)), Children(Zipf(2), most=1000)

    The law is of whole numbers from 0 on, of Zipf from 1 on. none: the share of parents without any; the law then
    speaks of the others, which have one at least. least, most: bounds of the law. order: whether children stand in the
    order of their parents, those of one next to each other, or anywhere.
    """

    law: Law | Mapping[Any, Any] | Sequence[int] | int | str = field(hash=False)
    none: float | None = None
    least: int | None = None
    most: int | None = None
    order: Literal["parents", "scattered"] = "parents"

    def facts(self) -> dict[str, Any]:
        law: Any = self.law.facts()["distribution"] if isinstance(self.law, Law) else self.law
        if isinstance(law, Mapping) and "name" not in law:
            law = {str(count): weight for count, weight in law.items()}
        said = {"law": list(law) if isinstance(law, tuple) else law}
        said |= {n: v for n in ("none", "least", "most") if (v := getattr(self, n)) is not None}
        return {"sql": {"children": said | ({"order": self.order} if self.order != "parents" else {})}}


@dataclass(frozen=True)
class HotSet(Marker):
    """Beside ForeignKey: a share of the parents is hot, and a share of the picks goes to them."""

    share: float = 0.2
    picks: float = 0.8

    def facts(self) -> dict[str, Any]:
        return {"distribution": {"name": "hot_set", "share": self.share, "picks": self.picks}}


@dataclass(frozen=True)
class Tree(Marker):
    """The rows of a table as nodes of a forest, a parent before its children; beside ForeignKey to the own table.

    roots: how many rows have no parent; below 1 a share of them; 1 unless given. depth: the most levels, roots
    included. children: the most that a node has. With neither of them each parent is any earlier row.
    """

    roots: float = 1
    depth: int | None = None
    children: int | None = None

    def facts(self) -> dict[str, Any]:
        said = {"roots": self.roots, "depth": self.depth, "children": self.children}
        return {"sql": {"tree": {name: value for name, value in said.items() if value is not None}}}


@dataclass(frozen=True)
class Next(Marker):
    """The row that comes next in an order of their own, in which all rows of the table stand; beside ForeignKey to it.

    closed: after the last comes the first; else the last has none.
    """

    closed: bool = False

    def facts(self) -> dict[str, Any]:
        return {"sql": {"ring": {"direction": "next", "closed": self.closed}}}


@dataclass(frozen=True)
class Previous(Marker):
    """The row that comes before, in the same order as that of Next."""

    closed: bool = False

    def facts(self) -> dict[str, Any]:
        return {"sql": {"ring": {"direction": "previous", "closed": self.closed}}}


@dataclass(frozen=True)
class Ordinal(Marker):
    """The number of a row among those with the same parent: Ordinal("order_id") counts the lines of each order."""

    reference: str
    start: int = 1

    def facts(self) -> dict[str, Any]:
        return {"ordinal": {"reference": self.reference, "start": self.start}}


@dataclass(frozen=True, init=False)
class Copy(Marker):
    """The value of a column of the row that is referred to: Copy("customer_id", "region").

    Through several references: Copy("order_id", "customer_id", "region").
    """

    path: tuple[str, ...]

    def __init__(self, *path: str) -> None:
        object.__setattr__(self, "path", path)

    def facts(self) -> dict[str, Any]:
        return {"copy": list(self.path)}


@dataclass(frozen=True)
class _OfChildren(Marker):
    """What the rows that refer to this one come to.

    of: "Table.column" of those rows. through: the column of theirs that refers here, where several do.
    """

    of: str
    through: str | None = None

    def facts(self) -> dict[str, Any]:
        said = {"of": self.of, "through": self.through}
        return {"aggregate": {"name": type(self).__name__.lower()} | {n: v for n, v in said.items() if v is not None}}


@dataclass(frozen=True)
class Sum(_OfChildren):
    """The sum over the rows that refer to this one, 0 where none does: Sum("Line.amount")."""


@dataclass(frozen=True)
class Count(_OfChildren):
    """How many rows refer to this one: Count("Line"); or how many of them have a value: Count("Line.discount")."""


@dataclass(frozen=True)
class Min(_OfChildren):
    """The least value in the rows that refer to this one, null where there is none: Min("Line.shipped_at")."""


@dataclass(frozen=True)
class Max(_OfChildren):
    """The greatest value in the rows that refer to this one, null where there is none."""


@dataclass(frozen=True)
class Last(_OfChildren):
    """The value in the last of the rows that refer to this one, null where none does: Last("Event.status", by="at").

    by: the column whose greatest value makes a row the last; of equal ones the later row. The last row unless given.
    """

    by: str | None = None

    def facts(self) -> dict[str, Any]:
        said = super().facts()["aggregate"]
        return {"aggregate": said | ({"by": self.by} if self.by is not None else {})}
