"""This file knows JSON Schema keywords that a user puts beside a Python type, and narrows its column by them.

They stand in `json_schema_extra` of a field, or in `WithJsonSchema`; what they say holds beside what the type says.
"""

from __future__ import annotations

import decimal
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticUserError

from gen.errors import SchemaError
from gen.schema.choices import choice_of
from gen.schema.constraints import constrained, ungrouped
from gen.schema.facts import case_of, extra_of
from gen.schema.markers import Marker
from gen.schema.patterns import with_python_patterns
from gen.schema.spec import KINDS, Column

# keyword -> the constraint that says the same, and the kinds of column that it speaks of
_NUMBERS = ("integer", "number", "decimal")
_CONSTRAINTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "minimum": ("ge", _NUMBERS),
    "maximum": ("le", _NUMBERS),
    "exclusiveMinimum": ("gt", _NUMBERS),
    "exclusiveMaximum": ("lt", _NUMBERS),
    "multipleOf": ("multiple_of", _NUMBERS),
    "minLength": ("min_length", ("text", "bytes")),
    "maxLength": ("max_length", ("text", "bytes")),
    "pattern": ("pattern", ("text",)),
    "minItems": ("min_length", ("list", "tuple")),
    "maxItems": ("max_length", ("list", "tuple")),
    "minProperties": ("min_length", ("map",)),
    "maxProperties": ("max_length", ("map",)),
}
_LISTS = ("enum", "const")
# what no fact of a column says: values are drawn until they pass
_CHECKED = ("not", "allOf", "anyOf", "oneOf", "if", "then", "else", "contains", "minContains", "maxContains")
_NESTED = ("object", "list", "tuple", "map", "union", "any")
# what draft 2020-12 says formats of texts are, and which kind of column is written as one
_FORMATS: dict[str, str] = {
    **dict.fromkeys(("email", "idn-email", "hostname", "idn-hostname", "ipv4", "ipv6"), "text"),
    **dict.fromkeys(("uri", "uri-reference", "iri", "iri-reference", "uri-template"), "text"),
    **dict.fromkeys(("json-pointer", "relative-json-pointer", "regex"), "text"),
    "date-time": "datetime",
    "date": "date",
    "time": "time",
    "duration": "duration",
    "uuid": "uuid",
}


def keywords_of(metadata: Sequence[Any]) -> dict[str, Any]:
    """The JSON Schema keywords beside a type that narrow it."""
    said: dict[str, Any] = {}
    for item in metadata:
        said |= {name: value for name, value in extra_of(item).items() if name in _READ}
    return said | {name: value for name, value in (schema_beside(metadata) or {}).items() if name in _READ}


def schema_beside(metadata: Sequence[Any]) -> dict[str, Any] | None:
    """What `WithJsonSchema` gives in place of the schema that a type publishes."""
    for item in ungrouped(metadata):
        if type(item).__name__ == "WithJsonSchema" and isinstance(item.json_schema, dict):
            schema: dict[str, Any] = item.json_schema
            return schema
    return None


def apply_keywords(where: str, column: Column, annotation: Any, metadata: Sequence[Any]) -> Column:
    """The column of a type, narrowed by the keywords beside it. Raises SchemaError where nothing is left of it."""
    said = keywords_of(metadata)
    return _narrowed(where, column, annotation, metadata, said) if said else column


def _narrowed(where: str, column: Column, annotation: Any, metadata: Sequence[Any], said: Mapping[str, Any]) -> Column:
    if any(name in said for name in _LISTS):
        return _listed(where, column, annotation, metadata, said)
    for keyword, value in said.items():
        if keyword in _CONSTRAINTS:
            column = _constrained(where, column, keyword, value)
        elif keyword == "format":
            column = _formatted(where, column, annotation, value)
        elif keyword == "uniqueItems" and value and column.kind == "list":
            column = replace(column, unique_items=True)
        elif keyword == "items" and isinstance(value, dict) and column.kind == "list":
            inside = {name: item for name, item in value.items() if name in _READ}
            part = _narrowed(f"{where}[]", column.parts[0], None, (), inside)
            column = replace(column, parts=(part, *column.parts[1:]))
    checked = {name: said[name] for name in _CHECKED if name in said}
    if checked:
        known = [json.loads(column.check)] if column.check else []
        column = replace(column, check=json.dumps({"allOf": [*known, checked]}))
    return column


def _constrained(where: str, column: Column, keyword: str, value: Any) -> Column:
    attribute, kinds = _CONSTRAINTS[keyword]
    if column.kind == "choice":
        return _filtered(where, column, {keyword: value})
    drawn = {part.kind for part in column.parts} if column.kind == "union" else {column.kind}
    wrong = not isinstance(value, str) if keyword == "pattern" else not isinstance(value, (int, float))
    if not drawn & {*kinds} or wrong or isinstance(value, bool):
        raise SchemaError(
            f"{where}: the keyword {keyword} = {value!r} does not suit the field, which is {KINDS[column.kind]}.",
            hint="Leave it out of the JSON Schema of the field, or use a keyword of the field's own type.",
        )
    if "decimal" in drawn and isinstance(value, float):
        value = decimal.Decimal(str(value))
    return constrained(where, column, attribute, value)


def _formatted(where: str, column: Column, annotation: Any, value: Any) -> Column:
    """The format of a text; of a name that is no format of JSON Schema's, what the type says remains."""
    kind = _FORMATS.get(value) if isinstance(value, str) else None
    if column.kind == "union":
        parts = [_formatted(where, p, annotation, value) if p.kind == "text" else p for p in column.parts]
        return replace(column, parts=tuple(parts))
    if column.kind == "text" and column.format is None and isinstance(value, str):
        return replace(column, format=value)
    if kind is None or column.kind in (*_NESTED, "choice") or column.format == value:
        return column
    if _published_format(annotation) == value if column.kind == "text" else column.kind == kind:
        return column
    said = f"of the format {column.format!r}" if column.kind == "text" else KINDS[column.kind]
    raise SchemaError(
        f"{where}: the format {value!r} is declared, and the field is {said}.",
        hint="Leave it out of the JSON Schema of the field, or change the type.",
    )


def _published_format(annotation: Any) -> Any:
    """The format in the JSON Schema that a type publishes."""
    try:
        return TypeAdapter(annotation).json_schema().get("format")
    except (PydanticUserError, PydanticInvalidForJsonSchema, TypeError):
        return None


def _filtered(where: str, column: Column, said: Mapping[str, Any]) -> Column:
    """Listed values, those left that a JSON Schema takes."""
    from jsonschema import Draft202012Validator
    from pydantic_core import to_jsonable_python

    validator = Draft202012Validator(with_python_patterns(dict(said)))
    plain = [json.loads(c) if column.stored == "json" else to_jsonable_python(c) for c in column.choices]
    kept = tuple(c for c, value in zip(column.choices, plain, strict=True) if validator.is_valid(value))
    if not kept:
        raise SchemaError(
            f"{where}: none of its values satisfies {json.dumps(said)}.", hint="Widen the one or the other."
        )
    return replace(column, choices=kept)


def _listed(where: str, column: Column, annotation: Any, metadata: Sequence[Any], said: Mapping[str, Any]) -> Column:
    """Those values of `enum` or `const` that the type, and the other keywords, take too; an Optional stays one."""
    from jsonschema import Draft202012Validator

    values = [said["const"]] if "const" in said else said["enum"]
    if not isinstance(values, list):
        raise SchemaError(f"{where}: the keyword enum is {values!r}.", hint="Give a list of values.")
    validator = Draft202012Validator(with_python_patterns({n: value for n, value in said.items() if n in _READ}))
    valid = [value for value in values if value is not None and validator.is_valid(value)]
    if column.kind == "choice" and column.stored != "json":
        return _filtered(where, column, {"enum": values})
    taken = _taken(annotation, metadata, valid)
    if not taken:
        raise SchemaError(
            f"{where}: the field's type takes none of the values {values!r:.100} that its JSON Schema lists.",
            hint="Correct the list, or the type.",
        )
    plain = [raw if column.kind in _NESTED else value for raw, value in taken]
    listed = choice_of(where, column.name, plain)
    case = case_of(column) if listed.kind == "choice" else None
    return replace(listed, nulls=column.nulls, may_be_absent=column.may_be_absent, case=case)


def _taken(annotation: Any, metadata: Sequence[Any], values: Sequence[Any]) -> list[tuple[Any, Any]]:
    """The JSON values that a type takes, each with what it makes of it."""
    said = [item for item in ungrouped(metadata) if not isinstance(item, (Marker, type))]
    adapter: TypeAdapter[Any] = TypeAdapter(Annotated[(annotation, *said)] if said else annotation)
    taken = []
    for value in values:
        try:
            taken.append((value, adapter.validate_json(json.dumps(value), strict=True)))
        except ValidationError:
            continue
    return taken


_READ = frozenset((*_CONSTRAINTS, *_LISTS, *_CHECKED, "format", "uniqueItems", "items"))
