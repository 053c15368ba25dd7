"""This file knows JSON Schema documents: which tables one declares, also OpenAPI's, and parts of one as documents."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin

from gen.errors import BadRequest, SchemaError
from gen.schema.json_schema.conjunction import ROOT, Node, references_of
from gen.schema.json_schema.extension import EXTENSION
from gen.schema.spec import suggestion
from gen.schema.words import HELD_VALUES, NAMED


def load_document(path: Path) -> Any:
    """The JSON document in a file; an error says where it is not one."""
    try:
        return json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise BadRequest(f"{path} cannot be read: {error.strerror}.", hint="Correct the path.") from error
    except UnicodeDecodeError as error:
        raise BadRequest(f"{path} is not UTF-8 text.", hint="Give a JSON Schema document.") from error
    except json.JSONDecodeError as error:
        raise SchemaError(
            f"{path}, line {error.lineno}, column {error.colno}: {error.msg}.", hint="Correct the JSON."
        ) from error


def documents_of(document: Any, title: str, only: str | None = None) -> dict[str, Any]:
    """The JSON Schema of each table that a document declares, by name.

    Those that its `x-gen` lists, or `only` one of its `$defs`, or itself; without any type of its own, every object
    of its `$defs` that no other refers to, or that has a primary key. The `$defs` of OpenAPI and AsyncAPI are
    `components.schemas`.
    """
    if not isinstance(document, (dict, bool)):
        raise SchemaError(f"{title}: {document!r:.40} is not a JSON Schema.", hint="Write an object, true or false.")
    if isinstance(document, bool):
        return {title: document}
    place = _place(document)
    if interface := interface_of(document):
        place, document = _INTERFACES[interface], _schemas_of(document, title, interface)
    definitions = document.get(_place(document), {})
    if only is not None:
        if only not in definitions:
            raise BadRequest(f"{title} has no {only!r} in its {place}.", hint=suggestion(only, definitions))
        return {only: _defined(document, only)}
    said = document.get(EXTENSION, {})
    if isinstance(said, dict) and "tables" in said:
        listed = said["tables"]
        if not isinstance(listed, list) or not all(isinstance(n, str) and n in definitions for n in listed):
            raise SchemaError(
                f"{title}: {EXTENSION} says tables = {listed!r:.80}.",
                hint=f"List names of the schemas in its {place}.",
            )
        return {name: _defined(document, name) for name in listed}
    if definitions and not set(document) - {*_KEPT, "title", "description", "$comment", EXTENSION}:
        return {name: _defined(document, name) for name in _not_inside(definitions)}
    return {document.get("title") or title: document}


def _has_key(definition: Mapping[str, Any]) -> bool:
    """Whether one of its properties is declared a primary key: then others may refer to its rows."""
    properties = definition.get("properties")
    for schema in properties.values() if isinstance(properties, dict) else ():
        block = schema.get(EXTENSION) if isinstance(schema, dict) else None
        for said in (schema, block):
            sql = said.get("sql") if isinstance(said, dict) else None
            if isinstance(sql, dict) and sql.get("key") == "primary":
                return True
    return False


def _not_inside(definitions: Mapping[str, Any]) -> list[str]:
    """The definitions that no other refers to, and those with a primary key; of those that refer to each other in a
    circle, the first."""
    inside = {
        name: {reference.rpartition("/")[2] for reference in references_of(schema)} & definitions.keys()
        for name, schema in definitions.items()
    }
    others = {other for name, mentioned in inside.items() for other in mentioned if other != name}
    found = [n for n, d in definitions.items() if isinstance(d, dict) and (n not in others or _has_key(d))]
    reached = _reached(found, inside)
    for name in definitions:
        if name not in reached and isinstance(definitions[name], dict):
            found.append(name)
            reached |= _reached([name], inside)
    return sorted(found, key=list(definitions).index) or list(definitions)


def _reached(names: Sequence[str], inside: Mapping[str, set[str]]) -> set[str]:
    """Definitions, and all that is inside of them."""
    reached, left = set(names), list(names)
    while left:
        more = inside[left.pop()] - reached
        reached |= more
        left += more
    return reached


# -- documents that describe an interface --------------------------------------------------------------------

# what such a document begins with -> where its schemas are
_INTERFACES = {"openapi": "components.schemas", "asyncapi": "components.schemas", "swagger": "definitions"}


def interface_of(document: Any) -> str | None:
    """The word by which a document says that it is OpenAPI's or AsyncAPI's, and no JSON Schema itself; if it is."""
    if not isinstance(document, dict):
        return None
    return next((name for name in _INTERFACES if isinstance(document.get(name), str)), None)


def _schemas_of(document: dict[str, Any], title: str, interface: str) -> dict[str, Any]:
    """The schemas of a document of an interface, as the `$defs` of a JSON Schema."""
    schemas: Any = document
    for name in _INTERFACES[interface].split("."):
        schemas = schemas.get(name) if isinstance(schemas, dict) else None
    if not isinstance(schemas, dict) or not schemas:
        raise SchemaError(
            f"{title}: it says {interface} = {document[interface]!r}, and has no {_INTERFACES[interface]}.",
            hint="Give a document that declares schemas there, or a JSON Schema.",
        )
    prefix = f"#/{_INTERFACES[interface].replace('.', '/')}/"
    moved = {name: _moved(schema, prefix) for name, schema in schemas.items()}
    return {"$defs": moved} | {word: document[word] for word in (EXTENSION,) if word in document}


def _moved(schema: Any, prefix: str) -> Any:
    """A schema in whose references `$defs` stands for the place where the schemas of an interface are.

    An exclusive bound, which is a bound beside true in OpenAPI before 3.1, is a number.
    """
    if isinstance(schema, list):
        return [_moved(item, prefix) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {}
    for keyword, value in schema.items():
        if keyword in NAMED and isinstance(value, dict):
            found[keyword] = {name: _moved(each, prefix) for name, each in value.items()}
        else:
            found[keyword] = value if keyword in HELD_VALUES else _moved(value, prefix)
    if isinstance(reference := found.get("$ref"), str) and reference.startswith(prefix):
        found["$ref"] = "#/$defs/" + reference.removeprefix(prefix)
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(found.get(exclusive), bool):
            excluded = found.pop(exclusive)
            found |= {exclusive: found.pop(bound)} if excluded and bound in found else {}
    return found


_KEPT = ("$schema", "$id", "$defs", "definitions")  # of a document of which only one definition is read


def _place(document: dict[str, Any]) -> str:
    """Where a document has its definitions: those of earlier drafts had another name for it."""
    return "definitions" if "definitions" in document and "$defs" not in document else "$defs"


def _defined(document: dict[str, Any], name: str) -> dict[str, Any]:
    """One of a document's definitions as a document of its own, in which all its references hold."""
    place = _place(document)
    definition = document[place][name]
    if not any(True for _ in references_of(definition)):
        return {"title": name, **definition} if isinstance(definition, dict) else {"title": name, "allOf": [definition]}
    said = {EXTENSION: definition[EXTENSION]} if EXTENSION in definition else {}
    pointer = quote(name.replace("~", "~0").replace("/", "~1"))
    kept = {keyword: document[keyword] for keyword in _KEPT if keyword in document}
    return {"title": name, "$ref": f"#/{place}/{pointer}", **kept, **said}


# -- parts of a document --------------------------------------------------------------------------------------

_NAMES = ("$id", "$anchor", "$dynamicAnchor")  # of the document, which is there beside its parts


def _base(node: Node) -> str:
    """What the references of a node are relative to."""
    return getattr(node.resolver, "_base_uri", "") or ROOT


def _rooted(schema: Any, base: str) -> Any:
    """The schema with its references, which are relative to `base`, made absolute, so that it can stand anywhere."""
    if isinstance(schema, list):
        return [_inside(item, base) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword in ("$ref", "$dynamicRef") and isinstance(value, str):
            found[keyword] = _joined(base, value)
        elif keyword in NAMED and isinstance(value, dict):
            found[keyword] = {name: _inside(each, base) for name, each in value.items()}
        elif keyword not in _NAMES or not isinstance(value, str):
            found[keyword] = value if keyword in HELD_VALUES else _inside(value, base)
    return found


def _inside(schema: Any, base: str) -> Any:
    """A schema inside of one whose base this is, or several, with references made absolute."""
    own = schema.get("$id") if isinstance(schema, dict) else None
    return _rooted(schema, _joined(base, own) if isinstance(own, str) else base)


def _joined(base: str, reference: str) -> str:
    return base.partition("#")[0] + reference if reference.startswith("#") else urljoin(base, reference)


def document_of(nodes: Sequence[Node], document: Any) -> str:
    """Several parts of a document that all must hold, as a document of its own, in JSON."""
    together: dict[str, Any] = {"allOf": [_rooted(node.schema, _base(node)) for node in nodes]}
    if any(True for node in nodes for _ in references_of(node.schema)):
        together["$defs"] = {"root": {"$id": ROOT, **(document if isinstance(document, dict) else {})}}
    return json.dumps(together)
