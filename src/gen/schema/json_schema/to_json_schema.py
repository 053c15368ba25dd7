"""This file knows how to write a schema as JSON Schema (draft 2020-12), and what that cannot say as `x-gen`.

What is written reads back to the same columns: each column is read back when it is written, and facts that got lost
go into its `x-gen` block, in gen's own vocabulary.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gen.errors import SchemaError
from gen.schema.choices import choice_of
from gen.schema.json_schema.extension import EXTENSION
from gen.schema.json_schema.from_json_schema import column_from_schema
from gen.schema.spec import Column, Spec, Table, is_extra
from gen.schema.written import column_to_json

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_FORMATS = {"datetime": "date-time", "date": "date", "time": "time", "duration": "duration", "uuid": "uuid"}


def schema_of(spec: Spec) -> dict[str, Any]:
    """The whole schema as one document: each table under `$defs`; a schema of one table is that table's document."""
    if len(spec.tables) == 1:
        return {"$schema": DIALECT, **schema_of_table(spec.tables[0])}
    tables = {table.name: schema_of_table(table) for table in spec.tables}
    return {"$schema": DIALECT, "title": spec.name, EXTENSION: {"tables": list(tables)}, "$defs": tables}


def schema_of_table(table: Table) -> dict[str, Any]:
    """One table as a JSON Schema."""
    if table.existing:
        raise SchemaError(
            f"{table.name} exists already, and a JSON Schema cannot hold its rows.", hint="Leave it out of the schema."
        )
    rows: dict[str, Any] = ({} if table.follows else {"rows": table.rows}) | ({"fixed": True} if table.fixed else {})
    if table.whole is not None and table.whole.check is not None:
        written = {"title": table.name, **json.loads(table.whole.check)}
        meant = column_to_json(table.whole)
        found = column_to_json(column_from_schema(table.name, "value", written))
        lost = {name: meant[name] for name in ("kind", "parts") if meant.get(name) != found.get(name)}
        return {**written, EXTENSION: rows | lost}
    if table.document and [column.name for column in table.columns] == ["value"]:
        written = schema_of_column(table.columns[0])
        return {"title": table.name, **written, EXTENSION: written.get(EXTENSION, {}) | rows}
    whole = table.whole or Column("value", "object", parts=table.columns, undrawn=table.undrawn)
    written = schema_of_column(whole.judged_by(()))  # a document has no code
    return {"title": table.name, **written, EXTENSION: written.get(EXTENSION, {}) | rows}


def schema_of_column(column: Column) -> dict[str, Any]:
    """One column as a JSON Schema that reads back to the same column."""
    written = _plain(column)
    read = column_from_schema(column.name, column.name, written)
    meant, found = column_to_json(column), column_to_json(read)
    lost = {
        name: meant.get(name, _default(name))
        for name in meant.keys() | found.keys()
        if meant.get(name) != found.get(name)
    }
    lost.pop("may_be_absent", None)  # `required` of the object says it
    if column.may_be_absent or column.derived or column.when:  # these say by themselves where there is no value
        lost |= {"nulls": column.nulls}
    return written | ({EXTENSION: dict(sorted(lost.items()))} if lost else {})


def _default(name: str) -> Any:
    default = Column.__dataclass_fields__[name].default
    return list(default) if isinstance(default, tuple) else default


def _plain(column: Column) -> dict[str, Any]:
    if column.format == "json" and column.stored == "json":
        return _holding_json(column)
    written = _WRITERS[column.kind](column)
    if column.nulls is not None and not column.may_be_absent and column.kind != "null":
        if "enum" in written:
            written["enum"] = [*written["enum"], None]
        elif "anyOf" in written:
            written["anyOf"] = [*written["anyOf"], {"type": "null"}]
        elif "type" in written:
            written["type"] = [written["type"], "null"]
    if column.check is not None:
        check = json.loads(column.check)
        written = {**written, "allOf": [*written.get("allOf", []), check]}
    return written


def _number(kind: str) -> Callable[[Column], dict[str, Any]]:
    def write(column: Column) -> dict[str, Any]:
        written: dict[str, Any] = {"type": kind}
        for bound, excluded, inclusive, exclusive in (
            (column.minimum, column.minimum_excluded, "minimum", "exclusiveMinimum"),
            (column.maximum, column.maximum_excluded, "maximum", "exclusiveMaximum"),
        ):
            if isinstance(bound, (int, float)):
                written[exclusive if excluded else inclusive] = bound
        if isinstance(column.multiple_of, (int, float)):
            written["multipleOf"] = column.multiple_of
        return written

    return write


def _text(column: Column) -> dict[str, Any]:
    written: dict[str, Any] = {"type": "string"}
    if column.min_length is not None:
        written["minLength"] = column.min_length
    if column.max_length is not None:
        written["maxLength"] = column.max_length
    if column.format is not None:
        written["format"] = column.format
    if column.patterns and all(map(_is_common, column.patterns)):
        written["pattern"] = column.patterns[0]
        if len(column.patterns) > 1:
            written["allOf"] = [{"pattern": pattern} for pattern in column.patterns[1:]]
    return written


def _is_common(pattern: str) -> bool:
    """Whether other tools, too, know how to read a pattern; of one that may mean a set of sets, Python warns."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(pattern)
    except (re.error, Warning):
        return False
    return True


# what is said of the value that a text holds, and not of the text
_OF_VALUES: tuple[str, ...] = ("minimum", "maximum", "minimum_excluded", "maximum_excluded", "multiple_of")
_OF_VALUES += ("max_digits", "decimal_places", "min_length", "max_length", "patterns", "unique_items", "contained")
_OF_VALUES += ("parts", "check", "undrawn")


def _holding_json(column: Column) -> dict[str, Any]:
    """A text, and what the JSON in it is."""
    held = Column(column.name, column.kind, **{name: getattr(column, name) for name in _OF_VALUES})
    if column.choices:
        values = list(map(json.loads, column.choices))
        held = replace(choice_of(column.name, column.name, values), weights=column.weights)
    kind: Any = "string" if column.nulls is None or column.may_be_absent else ["string", "null"]
    return {"type": kind, "contentMediaType": "application/json", "contentSchema": schema_of_column(held)}


def _formatted(column: Column) -> dict[str, Any]:
    return {"type": "string", "format": _FORMATS[column.kind]}


def _choice(column: Column) -> dict[str, Any]:
    if column.stored == "json":
        return {"enum": [json.loads(choice) for choice in column.choices]}
    plain = all(isinstance(choice, (str, int, float)) for choice in column.choices)
    return {"enum": list(column.choices)} if plain else {"type": "string"}


def _object(column: Column) -> dict[str, Any]:
    parts = [part for part in column.parts if not is_extra(part.name)]
    written: dict[str, Any] = {
        "type": "object",
        "properties": {part.name: schema_of_column(part) for part in parts},
        "required": [part.name for part in parts if not part.may_be_absent],
    }
    return written | {"additionalProperties": False} | ({"title": column.title} if column.title else {})


def _list(column: Column) -> dict[str, Any]:
    written: dict[str, Any] = {"type": "array", "items": schema_of_column(column.parts[0])}
    if column.min_length is not None:
        written["minItems"] = column.min_length
    if column.max_length is not None:
        written["maxItems"] = column.max_length
    written |= {"uniqueItems": True} if column.unique_items else {}
    wanted = [
        {"contains": schema_of_column(branch), "minContains": least} | ({} if most is None else {"maxContains": most})
        for branch, (least, most) in zip(column.parts[0].parts[1:], column.contained, strict=False)
    ]
    return written | (wanted[0] if len(wanted) == 1 else {"allOf": wanted} if wanted else {})


def _tuple(column: Column) -> dict[str, Any]:
    items = [schema_of_column(part) for part in column.parts]
    if not items:
        return {"type": "array", "maxItems": 0}
    return {"type": "array", "prefixItems": items, "items": False, "minItems": len(items)}


def _map(column: Column) -> dict[str, Any]:
    written: dict[str, Any] = {"type": "object", "additionalProperties": schema_of_column(column.parts[1])}
    if column.min_length is not None:
        written["minProperties"] = column.min_length
    if column.max_length is not None:
        written["maxProperties"] = column.max_length
    return written


_WRITERS: dict[str, Callable[[Column], dict[str, Any]]] = {
    "integer": _number("integer"),
    "number": _number("number"),
    "decimal": _number("number"),
    "boolean": lambda column: {"type": "boolean"},
    "text": _text,
    "bytes": lambda column: {"type": "string", "contentEncoding": "base64"},
    **dict.fromkeys(_FORMATS, _formatted),
    "choice": _choice,
    "null": lambda column: {"type": "null"},
    "object": _object,
    "list": _list,
    "tuple": _tuple,
    "map": _map,
    "union": lambda column: {"anyOf": [schema_of_column(part) for part in column.parts]},
    "any": lambda column: {},
}
