"""This file knows what says that a value does not satisfy a schema, other than `not`: where few values would not.

`not` alone is drawn by trial, and refused where it takes less than a twentieth. What is said here is drawn as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gen.errors import SchemaError
from gen.schema.json_schema.conjunction import Conjunction, Node, Unsatisfiable, conjunction
from gen.schema.nesting import TooDeep
from gen.schema.spec import Column

FEW = 0.06  # of the values drawn; of fewer than 0.05 a trial is refused, and it counts a sample
# keyword of sizes -> its opposite, how far beyond it that begins, the type it speaks of
_SIZES = {
    "minLength": ("maxLength", -1, "string"),
    "maxLength": ("minLength", 1, "string"),
    "minItems": ("maxItems", -1, "array"),
    "maxItems": ("minItems", 1, "array"),
}
_USUAL = {"text": (1, 32), "list": (0, 5)}  # sizes, where none are declared

Read = Callable[[str, str, Sequence[Node]], Column]


@dataclass(frozen=True)
class Opposites:
    """Finds what the values are that satisfy `inside`, and not one more schema."""

    read: Read
    where: str
    inside: Sequence[Node]

    def of(self, node: Node) -> list[Node]:
        """What says it of few values; nothing where `not` will do, or what it means is not known."""
        if not isinstance(node.schema, dict):
            return []
        said = {keyword: value for keyword, value in node.schema.items() if keyword not in ("$id", "type")}
        together = conjunction(self.where, self.inside)
        if not self._of_one_type(together, node.schema.get("type")):
            return []
        if len(said) == 1 and said.keys() <= _SIZES.keys():
            return self._size(node, together, *said.items())
        if together.types == {"object"} and said.keys() == {"required"}:
            return self._absent(node, said["required"])
        if together.types == {"object"} and said.keys() in ({"properties"}, {"properties", "required"}):
            return self._property(node, said["properties"], said.get("required", ()))
        return []

    def _of_one_type(self, together: Conjunction, asked: Any) -> bool:
        """Whether all values are of one type, which is the one that the schema asks for, if it does."""
        return len(together.types) == 1 and asked in (None, *together.types)

    def _size(self, node: Node, together: Conjunction, said: tuple[str, Any]) -> list[Node]:
        opposite, step, kind = _SIZES[said[0]]
        if together.types != {kind}:
            return []
        if said[1] + step < 0:
            raise Unsatisfiable(f"{self.where}: every size satisfies {said[0]}.", hint="Correct it.")
        return self._if_few(node.inside({opposite: said[1] + step}))

    def _absent(self, node: Node, names: Any) -> list[Node]:
        """One property that need not be there, and is not."""
        needless = set(names) - self._always_there()
        if not needless:
            raise Unsatisfiable(f"{self.where}: every item has what is required.", hint="Correct it.")
        if len(names) != 1 or "type" not in node.schema:
            return []  # `not` alone says it of one that has no type beside it
        return [node.inside({"not": {"required": names}})]

    def _property(self, node: Node, properties: Any, required: Sequence[str]) -> list[Node]:
        """One property that is always there, and otherwise than is said."""
        if len(properties) != 1 or not set(required) <= set(properties) or not set(properties) <= self._always_there():
            return []
        ((name, schema),) = properties.items()
        return self._if_few(node.inside({"properties": {name: {"not": schema}}}), name)

    def _always_there(self) -> set[str]:
        return {part.name for part in self.read(self.where, "item", self.inside).parts if not part.may_be_absent}

    def _if_few(self, opposite: Node, name: str | None = None) -> list[Node]:
        """The opposite, where few values are of it: values of a property, if one is named."""
        before, after = self._read(), self._read(opposite)
        if name is not None:
            before, after = (next(part for part in c.parts if part.name == name) for c in (before, after))
        return [opposite] if _share(before, after) < FEW else []

    def _read(self, *more: Node) -> Column:
        return self.read(self.where, "item", [*self.inside, *more])


def _share(before: Column, after: Column) -> float:
    """How many of the values of one column are of another, which is part of it; 1 where that is not known."""
    if before.kind != after.kind:
        return 1.0
    if before.kind == "choice":
        return len(after.choices) / len(before.choices)
    if before.kind in _USUAL:
        low, high = _USUAL[before.kind]
        known = range(low if before.min_length is None else before.min_length, _end(before, high))
        return sum(n in range(after.min_length or 0, _end(after, n)) for n in known) / max(len(known), 1)
    bounds = (before.minimum, before.maximum, after.minimum, after.maximum)
    if before.kind == "integer" and all(isinstance(bound, int) for bound in bounds):
        first, last, low, high = map(int, bounds)  # type: ignore[arg-type]
        return (high - low + 1) / max(last - first + 1, 1)
    return 1.0


def _end(column: Column, longest: int) -> int:
    """One more than the greatest size of a column, of which `longest` is the usual one."""
    return 1 + (max(longest, column.min_length or 0) if column.max_length is None else column.max_length)


def opposite_of(read: Read, where: str, inside: Sequence[Node], nodes: Sequence[Node]) -> list[Node]:
    """What says of values that satisfy `inside` that they do not satisfy `nodes`, where there are few; else nothing."""
    if len(nodes) != 1:
        return []
    try:
        return Opposites(read, where, inside).of(nodes[0])
    except (Unsatisfiable, TooDeep):
        raise
    except SchemaError:  # what is wrong with the items is said where they are read
        return []
