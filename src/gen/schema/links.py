"""This file knows what a column may say of keys, of rows of other tables, and of how such rows are chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

KEY_ORDERS = ("ascending", "sequential", "scattered")
AGGREGATES = ("sum", "count", "min", "max", "last")


@dataclass(frozen=True)
class Distribution:
    """The law of a column's values, by name, with its parameters in the column's own units.

    A parameter is a number, a tuple of numbers, or a tuple of distributions: the parts of a mixture.
    """

    name: str
    parameters: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class Key:
    """The column is in its table's primary key; `order` is how keys follow row numbers (None: the type's default).

    primary: False for a column that is unique without being in the primary key, as a plan has it.
    """

    order: str | None = None
    primary: bool = True


@dataclass(frozen=True)
class Children:
    """How many children each parent has, exactly: `law` says which share of the parents has how many.

    none: the share of parents that have none, where that is said beside the law, which then speaks of the others.
    least, most: bounds of the law. scattered: children stand anywhere in their table; else in the order of their
    parents.
    """

    law: Distribution
    none: float | None = None
    least: int | None = None
    most: int | None = None
    scattered: bool = False


@dataclass(frozen=True)
class Tree:
    """The rows of a table are nodes of a forest; a parent comes before its children.

    roots: how many have no parent; below 1 a share of the rows. depth: the most levels, roots included; children: the
    most that a node has. Either of them, or both, or none: then each parent is any earlier row.
    """

    roots: float = 1
    depth: int | None = None
    children: int | None = None


@dataclass(frozen=True)
class Ring:
    """The rows of a table follow each other in an order of their own: the next one, or the previous one.

    closed: the last is followed by the first; else the last has no next, and the first no previous.
    """

    backwards: bool = False
    closed: bool = False


@dataclass(frozen=True)
class Reference:
    """The column holds keys of another table, or of its own.

    name: columns whose references have one name, and one table, refer to one row. where: a condition on the parent's
    columns; others are not referred to. popularity: what references share that find the same parents popular.
    covering: each parent is referred to at least once. matching: columns of the row, each with one of the parent's
    which has the same value; others are not referred to.
    """

    table: str
    column: str
    name: str = ""
    where: str | None = None
    popularity: str | None = None
    covering: bool = False
    matching: tuple[tuple[str, str], ...] = ()
    children: Children | None = None
    tree: Tree | None = None
    ring: Ring | None = None

    def __str__(self) -> str:
        return f"{self.table}.{self.column}"


@dataclass(frozen=True)
class Ordinal:
    """The number of a row among those with the same parent: start, start + 1, ..."""

    reference: str
    start: int = 1


@dataclass(frozen=True)
class Aggregate:
    """What the rows of another table that refer to this one come to: "sum", "count", "min", "max" or "last".

    column: of that table; None where rows are counted. through: the column that refers here, where several do. by: the
    column whose greatest value makes a row the last.
    """

    name: str
    table: str
    column: str | None = None
    through: str | None = None
    by: str | None = None

    def __str__(self) -> str:
        return f"{self.name}({self.table}{f'.{self.column}' if self.column else ''})"
