"""This file knows what several JSON Schemas say together: `$ref` followed, `allOf` merged, one set of facts.

Source: JSON Schema draft 2020-12, core and validation vocabularies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from gen.errors import SchemaError
from gen.schema.constraints import common_multiple
from gen.schema.facts import FACTS
from gen.schema.json_schema.conditions import unmet
from gen.schema.json_schema.extension import EXTENSION, read_block
from gen.schema.patterns import as_ecma

TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")
ROOT = "urn:gen:root"  # what a document without an $id is called

# keyword -> the type it speaks of; a schema without `type` is of the types its keywords speak of
SPEAKS_OF = {
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"), "number"),
    **dict.fromkeys(("minLength", "maxLength", "pattern", "format", "contentEncoding", "contentMediaType"), "string"),
    **dict.fromkeys(("prefixItems", "items", "contains", "minItems", "maxItems", "uniqueItems"), "array"),
    **dict.fromkeys(("properties", "required", "patternProperties", "additionalProperties"), "object"),
    **dict.fromkeys(("propertyNames", "minProperties", "maxProperties"), "object"),
    **dict.fromkeys(("dependentRequired", "dependentSchemas"), "object"),
}
# keywords of earlier drafts that mean nothing in this one -> what to write
_EARLIER = {
    "dependencies": "dependentRequired or dependentSchemas",
    "additionalItems": "items, beside prefixItems",
    "$recursiveRef": "$dynamicRef",
}
# formats, of OpenAPI
_OF_WHOLE = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
_OF_NUMBERS = (*_OF_WHOLE, "float", "double")
# keywords that the columns alone do not guarantee: values are checked
_RESIDUAL = ("not", "dependentRequired")


class Unsatisfiable(SchemaError):
    """No value satisfies the schema."""


@dataclass(frozen=True)
class Node:
    """A schema, and what its references are relative to: its own $id, if it has one."""

    schema: Any
    resolver: Any

    def inside(self, schema: Any) -> Node:
        """A schema inside of this one. Its references are relative to its own $id, if it has one."""
        if self.resolver is None or not isinstance(schema, dict) or not isinstance(schema.get("$id"), str):
            return Node(schema, self.resolver)
        from referencing import Resource
        from referencing.jsonschema import DRAFT202012

        resource = Resource.from_contents(schema, default_specification=DRAFT202012)
        return Node(schema, self.resolver.in_subresource(resource))


@dataclass
class Conjunction:
    """What all of several schemas say. `nodes` are they; alternatives: lists of which one each must hold."""

    nodes: list[Node] = field(default_factory=list)
    title: str | None = None  # the first that any of them has, or what it refers to
    alone: bool = False  # whether one of them says it all: by itself, by $ref and by allOf
    types: set[str] = field(default_factory=lambda: set(TYPES))
    typed: bool = False  # whether any schema says which types
    spoken: set[str] = field(default_factory=set)  # the types that keywords speak of
    enum: list[Any] | None = None
    least: tuple[Any, bool] | None = None  # a bound, and whether it is excluded
    most: tuple[Any, bool] | None = None
    multiple_of: Fraction | None = None
    shortest: dict[str, int] = field(default_factory=dict)  # by type
    longest: dict[str, int] = field(default_factory=dict)
    patterns: list[str] = field(default_factory=list)
    format: str | None = None
    number_format: str | None = None  # of OpenAPI
    content: dict[str, Any] = field(default_factory=dict)
    held: list[Node] = field(default_factory=list)  # what is said of the value that a text of JSON holds
    properties: dict[str, list[Node]] = field(default_factory=dict)
    required: dict[str, None] = field(default_factory=dict)
    by_pattern: list[tuple[str, Node]] = field(default_factory=list)
    additional: list[Node] = field(default_factory=list)
    closed: bool = False
    names: list[Node] = field(default_factory=list)
    # what is said of properties, and of items, that no other schema speaks of
    unevaluated: dict[str, list[Node]] = field(default_factory=lambda: {"object": [], "array": []})
    prefix: list[list[Node]] = field(default_factory=list)
    items: list[tuple[int, Node]] = field(default_factory=list)  # from which item on
    contains: list[tuple[Node, int, int | None]] = field(default_factory=list)
    unique: bool = False
    alternatives: list[tuple[str, list[list[Node]]]] = field(default_factory=list)
    residual: bool = False
    facts: dict[str, Any] = field(default_factory=dict)
    defaults: list[Any] = field(default_factory=list)  # the one said last is the nearest
    extension: dict[str, Any] = field(default_factory=dict)  # of `x-gen`, as `gen schema` writes it
    referred: tuple[str, ...] = ()  # where references led: to see a recursion
    way: tuple[Any, ...] = ()  # which branches of alternatives were taken


def conjunction(where: str, nodes: Sequence[Node]) -> Conjunction:
    """What these schemas say together. Raises Unsatisfiable where one of them is `false`."""
    together = Conjunction(alone=len(nodes) == 1)
    for node in nodes:
        add_node(where, together, node)
    return together


def add_node(where: str, c: Conjunction, node: Node, depth: int = 0) -> None:
    """Let one more schema hold."""
    schema = node.schema
    if schema is True:
        return
    if schema is False:
        raise Unsatisfiable(f"{where}: the schema is `false`, which no value satisfies.", hint="Remove it.")
    if not isinstance(schema, dict):
        raise SchemaError(f"{where}: {schema!r} is not a JSON Schema.", hint="Write an object, true or false.")
    if depth > 100:
        raise SchemaError(f"{where}: its references lead in a circle.", hint="Break the circle of $ref and allOf.")
    for keyword in schema.keys() & _EARLIER.keys():
        raise SchemaError(f"{where}: {keyword!r} is of an earlier draft.", hint=f"Write {_EARLIER[keyword]}.")
    c.nodes.append(node)
    for keyword in ("$ref", "$dynamicRef"):
        if keyword in schema:
            target = _followed(where, node, schema[keyword])
            c.referred = (*c.referred, str(id(target.schema)))
            add_node(where, c, target, depth + 1)
    for part in schema.get("allOf", ()):
        add_node(where, c, node.inside(part), depth + 1)
    if c.title is None and isinstance(schema.get("title"), str):
        c.title = schema["title"]
    c.spoken |= {kind for keyword, kind in SPEAKS_OF.items() if keyword in schema}
    c.residual |= any(keyword in schema for keyword in _RESIDUAL)
    for keyword, read in _KEYWORDS.items():
        if keyword in schema:
            read(where, c, node, schema[keyword])
    _add_alternatives(c, node)


def _followed(where: str, node: Node, reference: str) -> Node:
    from referencing.exceptions import Unresolvable

    try:
        found = node.resolver.lookup(reference)
    except Unresolvable as error:
        raise SchemaError(
            f"{where}: $ref {reference!r} leads nowhere.", hint="Point it at a schema in the same document."
        ) from error
    return Node(found.contents, found.resolver)


def _add_alternatives(c: Conjunction, node: Node) -> None:
    schema = node.schema
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            branches = [[node.inside(branch)] for branch in schema[keyword]]
            if keyword == "oneOf":
                _exclude_each_other(branches)
            c.alternatives.append((keyword, branches))
    if "if" in schema and ("then" in schema or "else" in schema):
        met = [node.inside(schema["if"]), node.inside(schema.get("then", True))]
        otherwise = node.inside(schema.get("else", True))
        ways = unmet(schema["if"], c.types == {"object"} or schema.get("type") == "object")
        unknown = [[otherwise]] if ways is None else [[node.inside(way), otherwise] for way in ways]
        c.alternatives.append(("if", [met, *unknown]))
        c.residual |= ways is None
    for name, dependent in schema.get("dependentSchemas", {}).items():
        with_it = [node.inside({"required": [name]}), node.inside(dependent)]
        c.alternatives.append(("dependentSchemas", [with_it, [node.inside({"properties": {name: False}})]]))


def _exclude_each_other(branches: list[list[Node]]) -> None:
    """Of branches that only require one property each, let each forbid the others' properties: draws are then valid."""
    required = [_only_required(branch[0].schema) for branch in branches]
    for own, branch in zip(required, list(branches), strict=True):
        others = {name: False for name in required if name is not None and name != own}
        if own is not None and others:
            branch.append(branch[0].inside({"properties": others}))


def _only_required(schema: Any) -> str | None:
    if isinstance(schema, dict) and set(schema) == {"required"} and len(schema["required"]) == 1:
        name: str = schema["required"][0]
        return name
    return None


# -- keywords, one by one ----------------------------------------------------------------------------------


def _type(where: str, c: Conjunction, node: Node, value: Any) -> None:
    listed = {value} if isinstance(value, str) else set(value)
    if "number" in listed:
        listed.add("integer")
    c.types &= listed
    c.typed = True


def _enum(where: str, c: Conjunction, node: Node, value: Any) -> None:
    others = set(map(canonical, value))
    c.enum = list(value) if c.enum is None else [listed for listed in c.enum if canonical(listed) in others]


def canonical(value: Any) -> Any:
    """What is equal for values that JSON calls equal: 1 is 1.0, and neither is true. Hashable."""
    if isinstance(value, bool) or value is None:
        return ("literal", value)
    if isinstance(value, dict):
        return ("object", frozenset((name, canonical(inner)) for name, inner in value.items()))
    return ("array", *map(canonical, value)) if isinstance(value, list) else value


def _bound(upper: bool, excluded: bool) -> Callable[..., None]:
    def read(where: str, c: Conjunction, node: Node, value: Any) -> None:
        known = c.most if upper else c.least
        narrower = (
            known is None or (value < known[0] if upper else value > known[0]) or (value == known[0] and excluded)
        )
        if narrower:
            setattr(c, "most" if upper else "least", (value, excluded))

    return read


def _multiple(where: str, c: Conjunction, node: Node, value: Any) -> None:
    step = Fraction(str(value))
    if c.multiple_of is None:
        c.multiple_of = step
    else:
        c.multiple_of = common_multiple(c.multiple_of, step)
    c.residual |= step.denominator != 1  # a double is a multiple of 0.01 or not by how the division rounds


def _size(kind: str, upper: bool) -> Callable[..., None]:
    def read(where: str, c: Conjunction, node: Node, value: Any) -> None:
        sizes = c.longest if upper else c.shortest
        sizes[kind] = int((min if upper else max)(sizes.get(kind, value), value))

    return read


def _pattern(where: str, c: Conjunction, node: Node, value: Any) -> None:
    pattern = as_ecma(value)
    if pattern not in c.patterns:
        c.patterns.append(pattern)


def _format(where: str, c: Conjunction, node: Node, value: Any) -> None:
    if value in _OF_NUMBERS and c.typed and c.types & {"integer", "number"} and "string" not in c.types:
        c.number_format = value
        c.types -= {"number"} if value in _OF_WHOLE else set()
        return
    c.residual |= c.format not in (None, value)
    c.format = c.format or value


def _content(where: str, c: Conjunction, node: Node, value: Any) -> None:
    c.content |= {k: node.schema[k] for k in ("contentEncoding", "contentMediaType") if k in node.schema}


def _held(where: str, c: Conjunction, node: Node, value: Any) -> None:
    c.held.append(node.inside(value))


def _properties(where: str, c: Conjunction, node: Node, value: Any) -> None:
    for name, schema in value.items():
        c.properties.setdefault(name, []).append(node.inside(schema))


def _required(where: str, c: Conjunction, node: Node, value: Any) -> None:
    c.required |= dict.fromkeys(value)


def _dependent(where: str, c: Conjunction, node: Node, value: Any) -> None:
    for names in value.values():
        for name in names:
            c.properties.setdefault(name, [])


def _by_pattern(where: str, c: Conjunction, node: Node, value: Any) -> None:
    c.by_pattern += [(pattern, node.inside(schema)) for pattern, schema in value.items()]


def _additional(where: str, c: Conjunction, node: Node, value: Any) -> None:
    c.closed |= value is False
    if value is not False:
        c.additional.append(node.inside(value))


def _unevaluated(kind: str) -> Callable[..., None]:
    def read(where: str, c: Conjunction, node: Node, value: Any) -> None:
        c.unevaluated[kind].append(node.inside(value))
        # What schemas beside it speak of does not count. Nor is it seen here which items `contains` speaks of.
        c.residual |= not c.alone or node is not c.nodes[0] or (kind == "array" and bool(c.contains))

    return read


def _names(where: str, c: Conjunction, node: Node, value: Any) -> None:
    c.names.append(node.inside(value))


def _prefix(where: str, c: Conjunction, node: Node, value: Any) -> None:
    for i, schema in enumerate(value):
        if i == len(c.prefix):
            c.prefix.append([])
        c.prefix[i].append(node.inside(schema))


def _items(where: str, c: Conjunction, node: Node, value: Any) -> None:
    if value is False:
        _size("array", True)(where, c, node, len(node.schema.get("prefixItems", ())))
    else:
        c.items.append((len(node.schema.get("prefixItems", ())), node.inside(value)))


def _contains(where: str, c: Conjunction, node: Node, value: Any) -> None:
    least, most = node.schema.get("minContains", 1), node.schema.get("maxContains")
    c.contains.append((node.inside(value), int(least), None if most is None else int(most)))


def _unique(where: str, c: Conjunction, node: Node, value: Any) -> None:
    c.unique |= bool(value)


# a bound of numbers -> the one that all others satisfy
_BEYOND = {
    "minimum": "exclusiveMaximum",
    "exclusiveMinimum": "maximum",
    "maximum": "exclusiveMinimum",
    "exclusiveMaximum": "minimum",
}


def _not(where: str, c: Conjunction, node: Node, value: Any) -> None:
    if value is True or value == {}:
        raise Unsatisfiable(f"{where}: `not` excludes every value.", hint="Correct the schema.")
    if isinstance(value, dict) and set(value) == {"type"}:
        listed = {value["type"]} if isinstance(value["type"], str) else set(value["type"])
        c.types -= listed | ({"integer"} if "number" in listed else set())
    elif (
        isinstance(value, dict) and len(value) == 1 and c.types <= {"integer", "number"} and set(value) <= set(_BEYOND)
    ):
        ((keyword, bound),) = value.items()
        _KEYWORDS[_BEYOND[keyword]](where, c, node, bound)
    elif isinstance(value, dict) and set(value) == {"required"} and len(value["required"]) == 1:
        c.properties.setdefault(value["required"][0], []).append(node.inside(False))


def _facts(where: str, c: Conjunction, node: Node, value: Any) -> None:
    c.facts |= {name: node.schema[name] for name in FACTS if name in node.schema}


def _extension(where: str, c: Conjunction, node: Node, value: Any) -> None:
    own, said = read_block(where, value)
    for name in said.keys() & node.schema.keys():
        if said[name] != node.schema[name]:
            raise SchemaError(
                f"{where}: {name} is said twice: {node.schema[name]!r:.80}, and in {EXTENSION} {said[name]!r:.80}.",
                hint="Keep one of them.",
            )
    c.facts = {name: fact for name, fact in c.facts.items() if name not in own} | said
    c.extension |= own


_KEYWORDS: Mapping[str, Callable[[str, Conjunction, Node, Any], None]] = {
    "type": _type,
    "enum": _enum,
    "const": lambda where, c, node, value: _enum(where, c, node, [value]),
    "minimum": _bound(False, False),
    "exclusiveMinimum": _bound(False, True),
    "maximum": _bound(True, False),
    "exclusiveMaximum": _bound(True, True),
    "multipleOf": _multiple,
    "minLength": _size("string", False),
    "maxLength": _size("string", True),
    "minItems": _size("array", False),
    "maxItems": _size("array", True),
    "minProperties": _size("object", False),
    "maxProperties": _size("object", True),
    "pattern": _pattern,
    "format": _format,
    "default": lambda where, c, node, value: c.defaults.append(value),
    "contentEncoding": _content,
    "contentMediaType": _content,
    "contentSchema": _held,
    "properties": _properties,
    "required": _required,
    "dependentRequired": _dependent,
    "patternProperties": _by_pattern,
    "additionalProperties": _additional,
    "unevaluatedProperties": _unevaluated("object"),
    "propertyNames": _names,
    "prefixItems": _prefix,
    "items": _items,
    "contains": _contains,
    "uniqueItems": _unique,
    "unevaluatedItems": _unevaluated("array"),
    "not": _not,
    EXTENSION: _extension,
    **dict.fromkeys(FACTS, _facts),
}


def references_of(schema: Any) -> Iterator[str]:
    """Every reference in a schema."""
    if isinstance(schema, dict):
        for keyword, value in schema.items():
            if keyword in ("$ref", "$dynamicRef") and isinstance(value, str):
                yield value
            else:
                yield from references_of(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from references_of(item)
