"""This file knows how to read a JSON Schema (draft 2020-12): as a Table, or a part of one as a Column.

What the columns alone do not guarantee (`not`, exclusive branches, `unevaluatedProperties`, ...) is kept as the
column's `check`: values are drawn until they pass, within bounds.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from gen.errors import SchemaError
from gen.schema.choices import always, as_json_texts, choice_of
from gen.schema.facts import apply_facts, keeps_default
from gen.schema.formats import format_checker
from gen.schema.json_schema.alternatives import MOST_WAYS, Branch, all_disjoint, give_up, kind_name, undrawn_of, ways_of
from gen.schema.json_schema.arrays import anything, array_of
from gen.schema.json_schema.conjunction import ROOT, Conjunction, Node, Unsatisfiable, conjunction
from gen.schema.json_schema.dialects import in_json_schema
from gen.schema.json_schema.documents import document_of, interface_of
from gen.schema.json_schema.extension import extended, rows_of_block
from gen.schema.json_schema.others import matches, others_of, turns_of
from gen.schema.json_schema.undrawable import UNSTORABLE, why_unstorable
from gen.schema.nesting import ENDLESS, Nesting, TooDeep
from gen.schema.patterns import with_python_patterns
from gen.schema.spec import DEFAULT_NULLS, Column, Table, is_extra, with_rows
from gen.schema.variants import of_objects, with_choices

# format -> the column it makes, where nothing else is said of the text
_TYPED_FORMATS: dict[str, dict[str, Any]] = {
    "date-time": {"kind": "datetime", "zoned": True},
    "date": {"kind": "date"},
    "time": {"kind": "time", "zoned": True},
    "duration": {"kind": "duration", "multiple_of": datetime.timedelta(seconds=1)},  # RFC 3339 has no fractions of it
    "uuid": {"kind": "uuid"},
}
_CONTENT_FORMATS = {"base64": "base64", "base64url": "base64url"}
_CONTENT_PATTERNS = {"base16": "^([0-9A-F]{2})*$"}
_NEVER = (Unsatisfiable, TooDeep)


def table_from_schema(schema: Any, name: str | None = None, rows: int | None = 1000, fixed: bool = False) -> Table:
    """The table of a JSON Schema: a column for each property; of one that is no plain object, the column `value`.

    Raises SchemaError naming where in the document, what was found and what to do.
    """
    title = name or (schema.get("title") if isinstance(schema, dict) else None) or "Thing"
    _check_document(title, schema)
    schema = in_json_schema(title, schema)
    rows, fixed = rows_of_block(title, schema, rows, fixed)
    column = column_from_schema(title, "value", schema)
    if column.kind == "object" and column.stored is None and column.parts:
        whole = column if column.check is not None else None
        table = Table(title, column.parts, fixed=fixed, document=True, whole=whole, undrawn=column.undrawn)
        return with_rows(table, rows)
    if column.kind == "union" and column.stored is None and not column.may_be_null and of_objects(column):
        fields = _fields_of_all(column)
        table = Table(title, fields, fixed=fixed, document=True, whole=column, undrawn=column.undrawn)
        return with_rows(table, rows)
    return with_rows(Table(title, (column,), fixed=fixed, document=True), rows)


def _fields_of_all(union: Column) -> tuple[Column, ...]:
    """The fields of all branches of a union of objects: each row has those of its branch."""
    fields: dict[str, Column] = {}
    for field in (field for branch in union.parts for field in branch.parts):
        known = fields.get(field.name, field)
        nulls = known.nulls or field.nulls_if_optional
        fields[field.name] = replace(with_choices(known, [field]), may_be_absent=True, nulls=nulls)
    return tuple(fields.values())


def column_from_schema(where: str, name: str, schema: Any) -> Column:
    """The column that holds what a JSON Schema describes."""
    from referencing import Registry, Resource
    from referencing.jsonschema import DRAFT202012

    resource = Resource.from_contents(schema, default_specification=DRAFT202012)
    identity = (schema.get("$id") if isinstance(schema, dict) else None) or ROOT
    resolver = Registry().with_resource(identity, resource).crawl().resolver(identity)
    try:
        return _SchemaReader(schema).column(where, name, [Node(schema, resolver)])
    except TooDeep as error:
        raise SchemaError(
            f"{where}: a value of it contains another one without end.",
            hint="Let the property that contains it be optional, or an array of them that may be empty.",
        ) from error


def _check_document(where: str, schema: Any) -> None:
    from jsonschema import Draft202012Validator, FormatChecker
    from jsonschema.exceptions import SchemaError as InvalidSchema

    if interface := interface_of(schema):
        raise SchemaError(
            f"{where}: it says {interface} = {schema[interface]!r}, and is no JSON Schema itself.",
            hint="Give the document as --schema, or add each of its schemas by itself.",
        )
    try:
        Draft202012Validator.check_schema(schema, format_checker=FormatChecker(()))  # patterns are read elsewhere
    except InvalidSchema as error:
        place = "/".join(map(str, error.absolute_path)) or "the document"
        raise SchemaError(
            f"{where}: not a JSON Schema of draft 2020-12: at {place}, {error.message}.", hint="Correct it."
        ) from error


class _SchemaReader:
    """Reads one document."""

    def __init__(self, document: Any) -> None:
        self.document = document
        self.nesting = Nesting()

    def column(self, where: str, name: str, nodes: Sequence[Node], may_miss: bool = False) -> Column:
        """What satisfies all of these schemas; `may_miss`: a property that an object may leave out."""
        self.nesting.parts += 1
        together = conjunction(where, nodes)
        with self.nesting.entered(together.referred):
            column = self._column(where, name, together)
        column = extended(where, column, together.extension)
        if may_miss:
            column = replace(column, nulls=column.nulls_if_optional)
        column = apply_facts(where, column, together.facts)
        return self._kept(where, column, together) if keeps_default(where, together.facts) else column

    def _kept(self, where: str, column: Column, c: Conjunction) -> Column:
        """A property that always has its default."""
        if not c.defaults:
            raise SchemaError(f"{where}: it is to keep its default, and has none.", hint="Say `default` beside it.")
        default = c.defaults[-1]
        if not self.validator(c.nodes, formats=True).is_valid(default):
            raise SchemaError(
                f"{where}: it is to keep its default, {default!r:.80}, which its schema does not take.",
                hint="Correct the one or the other.",
            )
        return always(where, column, default)

    def _column(self, where: str, name: str, c: Conjunction) -> Column:
        if c.enum is not None:
            return self._listed(where, name, c)
        residual, columns, drawn, refused = c.residual, [], [], None
        lost: dict[Branch, str] = {}
        undrawn: list[tuple[str, str]] = []
        choices = ways_of(where, c, lost)
        if any(keyword == "oneOf" for keyword, _ in c.alternatives):
            residual |= not all_disjoint(choices)
        for choice in choices:
            try:
                with self.nesting.entered(choice.referred[len(c.referred) :]):
                    made = self._of_way(where, name, choice, undrawn)
                columns += made if choice is c else _with_facts(where, name, made, choice)
                drawn.append(choice)
            except _NEVER as error:
                refused = error
                if said := self._reason(where, error):
                    give_up(choice, lost, said)
            residual |= choice.residual  # reading may have added to it
        if any(c.unevaluated.values()) and any(keyword in ("if", "dependentSchemas") for keyword, _ in c.alternatives):
            residual = True  # which properties the way taken speaks of is not the whole of what they look at
        if not columns:
            raise refused or Unsatisfiable(f"{where}: no value satisfies the schema.", hint="Correct the schema.")
        column = united(name, _written_alike(columns))
        column = replace(column, undrawn=(*column.undrawn, *undrawn_of(lost, drawn), *undrawn))
        if residual and column.format == "json" and column.kind != "text":
            raise SchemaError(
                f"{where}: contentSchema says what its text holds, and `not`, `oneOf` or the like what the text is.",
                hint="Keep one of them: say it in contentSchema.",
            )
        return replace(column, check=self._check(c.nodes)) if residual else column

    def _of_way(self, where: str, name: str, c: Conjunction, undrawn: list[tuple[str, str]]) -> list[Column]:
        """The columns of one way through the alternatives."""
        return [self._listed(where, name, c)] if c.enum is not None else self._by_type(where, name, c, undrawn)

    def _reason(self, where: str, error: SchemaError | TooDeep) -> str:
        """Why a branch is never drawn; none where it is the end of a recursion, drawn further up."""
        if isinstance(error, SchemaError):
            return error.reason(where)
        return "" if self.nesting.inside_itself else ENDLESS

    def _listed(self, where: str, name: str, c: Conjunction) -> Column:
        """The values of `enum` and `const` that everything else allows."""
        validator = self.validator(list(map(_besides_enum, c.nodes)), formats=True)
        values = [value for value in c.enum or () if validator.is_valid(value)]
        if not values:
            raise Unsatisfiable(f"{where}: no value of `enum` satisfies the rest.", hint="Correct the schema.")
        return choice_of(where, name, values)

    # -- one type at a time ---------------------------------------------------------------------------------

    def _by_type(self, where: str, name: str, c: Conjunction, undrawn: list[tuple[str, str]]) -> list[Column]:
        """A column for each type that is allowed; of a schema without `type`, those that its keywords speak of.

        `undrawn` gets the types that have no value, where others have some.
        """
        types = c.types if c.typed or not c.spoken else c.types & (c.spoken | ({"integer"} & c.spoken))
        if not c.typed and not c.spoken and c.types == set(_READERS) | {"number"}:
            return [Column(name, "any")]
        types = types - {"integer"} if "number" in types else types
        columns: list[Column] = []
        refused = {}
        for kind in sorted(types, key=list(_READERS).index):
            try:
                column = _READERS[kind](self, where, name, c)
                columns += column.parts if column.kind == "union" and column.format is None else [column]
            except _NEVER as error:
                refused[kind] = error
        if not columns:
            nothing = Unsatisfiable(f"{where}: no type is allowed.", hint="Correct the schema.")
            raise next(reversed(refused.values()), nothing)
        reasons = {kind_name(kind): self._reason(where, error) for kind, error in refused.items()}
        undrawn += [(kind, why) for kind, why in reasons.items() if why]
        return columns

    def null(self, where: str, name: str, c: Conjunction) -> Column:
        return Column(name, "null")

    def boolean(self, where: str, name: str, c: Conjunction) -> Column:
        return Column(name, "boolean")

    def number(self, where: str, name: str, c: Conjunction, kind: str = "number") -> Column:
        step: Any = None
        if c.multiple_of is not None:
            whole = c.multiple_of.denominator == 1
            step = int(c.multiple_of) if whole else float(c.multiple_of)
            if kind == "integer":
                step = c.multiple_of.numerator  # the whole multiples of p/q are those of p
        low, high = _within(
            c.number_format, c.least or (None, False), c.most or (None, False), "distribution" in c.facts
        )
        _check_range(where, low, high)
        column = Column(name, kind, low[0], high[0], low[1], high[1], step)
        if why := why_unstorable(column):
            raise Unsatisfiable(f"{where}: {why}.", hint=UNSTORABLE)
        return column

    def integer(self, where: str, name: str, c: Conjunction) -> Column:
        return self.number(where, name, c, "integer")

    def string(self, where: str, name: str, c: Conjunction) -> Column:
        shortest, longest = c.shortest.get("string"), c.longest.get("string")
        if longest is not None and (shortest or 0) > longest:
            raise Unsatisfiable(f"{where}: at least {shortest} and at most {longest} characters.", hint="Correct them.")
        encoding = str(c.content.get("contentEncoding", "")).lower()
        content = _CONTENT_FORMATS.get(encoding)
        if encoding in _CONTENT_PATTERNS and _CONTENT_PATTERNS[encoding] not in c.patterns:
            c.patterns.append(_CONTENT_PATTERNS[encoding])
        media = str(c.content.get("contentMediaType", "")).partition(";")[0].strip().lower()
        if media == "application/json" or media.endswith("+json"):
            if c.held or content:
                return self._holding_json(where, name, c, content)
            content = "json" if not c.patterns else None
        name_of_format = c.format or content
        plain = shortest is None and longest is None and not c.patterns
        if plain and name_of_format in _TYPED_FORMATS:
            facts = _TYPED_FORMATS[name_of_format]
            return Column(name, **facts if "after" not in c.facts else facts | {"multiple_of": None})
        return Column(
            name, "text", min_length=shortest, max_length=longest, patterns=tuple(c.patterns), format=name_of_format
        )

    def _holding_json(self, where: str, name: str, c: Conjunction, encoding: str | None) -> Column:
        """Texts that hold JSON values of a schema of their own."""
        beside = encoding or c.format or ("a pattern" if c.patterns else "")
        beside = beside or ("a length" if "string" in c.shortest or "string" in c.longest else "")
        if beside:
            raise SchemaError(
                f"{where}: it is text that holds JSON, as contentMediaType says, and {beside} is declared beside it.",
                hint="Keep one of them: contentSchema says what the JSON is.",
            )
        return as_json_texts(self.column(where, name, c.held))

    def array(self, where: str, name: str, c: Conjunction) -> Column:
        return array_of(self.column, where, name, c)

    # -- objects --------------------------------------------------------------------------------------------

    def object(self, where: str, name: str, c: Conjunction) -> Column:
        fewest, most = c.shortest.get("object", 0), c.longest.get("object")
        if most is not None and fewest > most:
            raise Unsatisfiable(f"{where}: at least {fewest} and at most {most} properties.", hint="Correct them.")
        parts = self._properties(where, c)
        must = sum(not part.may_be_absent for part in parts)
        if most is not None and must > most:
            raise Unsatisfiable(f"{where}: {must} required properties, {most} allowed.", hint="Correct it.")
        kinds = []
        for kept in _together(parts, most):
            room = None if most is None else most - len(kept)
            for turn in range(turns_of(c, room, fewest - len(kept))):
                kinds.append(self._object_of(where, name, c, kept, fewest, turn))
        kinds = list(dict.fromkeys(kinds))
        return kinds[0] if len(kinds) == 1 else Column(name, "union", parts=tuple(kinds))

    def _object_of(self, where: str, name: str, c: Conjunction, parts: list[Column], fewest: int, turn: int) -> Column:
        """Objects of these properties, and of others that may be beside them."""
        parts, most = list(parts), c.longest.get("object")
        missing = fewest - sum(not part.may_be_absent for part in parts)
        for i, part in enumerate(parts):
            if part.may_be_absent and missing > 0:
                nulls = None if part.nulls == DEFAULT_NULLS else part.nulls
                parts[i], missing = replace(part, may_be_absent=False, nulls=nulls), missing - 1
        room = None if most is None else most - len(parts)
        open_to = others_of(self.column, where, c, max(missing, 0), room, turn)
        if not parts and len(open_to) == 1:
            return replace(open_to[0], name=name)
        if open_to and (missing > 0 or c.by_pattern):
            return Column(name, "object", parts=(*parts, *open_to), stored="json")
        if missing > 0:
            raise Unsatisfiable(f"{where}: there are not {fewest} properties to draw.", hint="Correct minProperties.")
        unnameable = any(not part.name or "\0" in part.name for part in parts)  # in Arrow and Parquet
        return Column(name, "object", parts=tuple(parts), stored="json" if unnameable else None).titled(c.title)

    def _properties(self, where: str, c: Conjunction) -> list[Column]:
        """The declared and the required properties, those that can never be there left out."""
        parts = []
        for name in dict.fromkeys([*c.properties, *c.required]):
            required = name in c.required
            nodes = [*c.properties.get(name, ()), *_said_elsewhere(c, name)] or c.unevaluated["object"]
            try:
                if is_extra(name) or not _is_text(name):
                    raise Unsatisfiable(f"{where}: no column can be called {name!r}.", hint="Rename the property.")
                if any(node.schema is False for node in nodes) and required:
                    raise Unsatisfiable(
                        f"{where}.{name}: it is required, and a schema beside it allows no property by this name.",
                        hint="Let `additionalProperties` allow it, or leave it out of `required`.",
                    )
                if c.names and not self.validator(c.names).is_valid(name):
                    raise Unsatisfiable(f"{where}: the name {name!r} is not allowed.", hint="Correct propertyNames.")
                parts.append(self._property(f"{where}.{name}", name, nodes or [anything(c)], required))
            except _NEVER:
                if required:
                    raise
        return parts

    def _property(self, where: str, name: str, nodes: Sequence[Node], required: bool) -> Column:
        before, self.nesting.recursed = self.nesting.recursed, False
        try:
            column = self.column(where, name, nodes, not required)
            if self.nesting.recursed and column.kind not in ("null", "union", "choice"):
                column = replace(column, stored="json")
        finally:
            self.nesting.recursed = before
        if required or column.key:
            return column
        return replace(column, may_be_absent=True, nulls=column.nulls_if_optional)

    # -- what columns alone do not guarantee ------------------------------------------------------------------

    def validator(self, nodes: Sequence[Node], formats: bool = False) -> Any:
        """A validator of all these schemas together; of formats, too, if asked for."""
        from jsonschema import Draft202012Validator

        checker = format_checker() if formats else None
        schema = with_python_patterns(json.loads(self._check(nodes)))
        return Draft202012Validator(schema, format_checker=checker)

    def _check(self, nodes: Sequence[Node]) -> str:
        return document_of(nodes, self.document)


# In this order: the first type that is allowed names a union's branch.
_READERS: dict[str, Callable[[_SchemaReader, str, str, Conjunction], Column]] = {
    "null": _SchemaReader.null,
    "boolean": _SchemaReader.boolean,
    "integer": _SchemaReader.integer,
    "number": _SchemaReader.number,
    "string": _SchemaReader.string,
    "array": _SchemaReader.array,
    "object": _SchemaReader.object,
}


def _together(parts: Sequence[Column], most: int | None) -> list[list[Column]]:
    """Which properties are drawn together: all, or where there may not be so many those that must be there, each time
    with others of the rest."""
    may = [part for part in parts if part.may_be_absent]
    room = len(may) if most is None else most - (len(parts) - len(may))
    if room >= len(may):
        return [list(parts)]
    step = max(1, min(room, -(-len(may) // MOST_WAYS)))
    starts = range(0, len(may), step) if room else [0]
    chosen = [{may[(start + i) % len(may)].name for i in range(room)} for start in starts]
    return [[part for part in parts if not part.may_be_absent or part.name in names] for names in chosen]


def _besides_enum(node: Node) -> Node:
    """What a schema says of listed values besides listing them: to compare each with all takes long.

    What it refers to, and `allOf`, are nodes of their own; a schema that asks what these evaluate stays whole.
    """
    if any(keyword in node.schema for keyword in ("unevaluatedItems", "unevaluatedProperties")):
        return node
    listing = ("enum", "const", "allOf", "$ref", "$dynamicRef")
    return Node({keyword: value for keyword, value in node.schema.items() if keyword not in listing}, node.resolver)


def _is_text(name: str) -> bool:
    """Whether UTF-8 can write a name: half a surrogate pair it cannot."""
    return name.encode("utf-8", "ignore").decode() == name


def _said_elsewhere(c: Conjunction, name: str) -> list[Node]:
    """What patternProperties and additionalProperties of every schema say of a property by this name."""
    said = [node for pattern, node in c.by_pattern if matches(pattern, name)]
    for node in c.nodes:
        schema = node.schema
        if "additionalProperties" not in schema or name in schema.get("properties", {}):
            continue
        if not any(matches(pattern, name) for pattern in schema.get("patternProperties", {})):
            said.append(node.inside(schema["additionalProperties"]))
    return said


def _with_facts(where: str, name: str, made: list[Column], c: Conjunction) -> list[Column]:
    """The columns of one branch, with what it says of them beyond JSON Schema."""
    made = [extended(where, column, c.extension) for column in made]
    if keeps_default(where, c.facts):
        raise SchemaError(f"{where}: one of its branches is to keep a default.", hint="Say it of the property.")
    return [apply_facts(where, united(name, made), c.facts)] if c.facts else made


# format of numbers, of OpenAPI -> the least and the greatest
_RANGES: dict[str, tuple[Any, Any]] = {
    **{f"int{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": (0, 2**bits - 1) for bits in (8, 16, 32, 64)},
    "float": (-3.4028234663852886e38, 3.4028234663852886e38),
    "double": (None, None),
}
_USUAL_RANGE = 2**32  # of numbers with one bound or none: a format with room for it says nothing


def _within(
    name: str | None, low: tuple[Any, bool], high: tuple[Any, bool], by_law: bool
) -> tuple[tuple[Any, bool], ...]:
    """The bounds of a number, each with whether it is excluded, within its format; a law reaches as far as that."""
    least, most = _RANGES.get(name or "", (None, None))
    if least is None:
        return low, high
    first, last = low[0], high[0]
    if by_law:
        return (low if first is not None and first >= least else (least, False)), (
            high if last is not None and last <= most else (most, False)
        )
    if most < (max(first or 0, 0) + _USUAL_RANGE if last is None else last):
        high = (most, False)
    if (first is not None and first < least) or (first is None and last is not None and last - _USUAL_RANGE < least):
        low = (least, False) if first is not None or last < 0 else low
    return low, high


def _check_range(where: str, low: tuple[Any, bool], high: tuple[Any, bool]) -> None:
    if low[0] is None or high[0] is None:
        return
    if low[0] > high[0] or (low[0] == high[0] and (low[1] or high[1])):
        raise Unsatisfiable(f"{where}: no number lies between {low[0]} and {high[0]}.", hint="Correct the bounds.")


def united(name: str, columns: Sequence[Column]) -> Column:
    """One column for several kinds of value; a null among them is one. Branches keep names of their own."""
    distinct = list(dict.fromkeys(columns))
    others = [column for column in distinct if column.kind != "null"]
    nulls = DEFAULT_NULLS if len(others) < len(distinct) else None
    if not others:
        return Column(name, "null")
    if len(others) == 1:
        return replace(others[0], name=name, nulls=others[0].nulls if nulls is None else nulls)
    parts: list[Column] = []
    for column in others:
        taken = {part.name for part in parts}
        names = [column.kind if column.name == name else column.name]
        names += [f"{names[0]}{i}" for i in range(2, len(others) + 2)]
        parts.append(replace(column, name=next(n for n in names if n not in taken)))
    return Column(name, "union", parts=tuple(parts), nulls=nulls)


def _written_alike(columns: Sequence[Column]) -> list[Column]:
    """Kinds of objects in which a property is text in some, and a time or a UUID in others, with that as text too."""
    if len(columns) < 2 or any(column.kind != "object" or column.stored for column in columns):
        return list(columns)
    kinds: dict[str, set[str]] = {}
    for field in (field for column in columns for field in column.parts):
        kinds.setdefault(field.name, set()).add(field.kind)
    mixed = {name for name, found in kinds.items() if len(found) > 1}
    written = [tuple(_as_text(f) if f.name in mixed else f for f in column.parts) for column in columns]
    return [replace(column, parts=parts) for column, parts in zip(columns, written, strict=True)]


def _as_text(column: Column) -> Column:
    """A column of a typed format as text of that format; others as they are."""
    there: dict[str, Any] = {"nulls": column.nulls, "may_be_absent": column.may_be_absent}
    for name, facts in _TYPED_FORMATS.items():
        if column == Column(column.name, **facts, **there):
            return Column(column.name, "text", format=name, **there)
    return column
