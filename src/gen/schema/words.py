"""This file knows the words of JSON Schema and OpenAPI, and which of them somebody meant who wrote nearly one.

Source: draft 2020-12, the keywords of all its vocabularies; OpenAPI 3.0.3 and 3.1.0, the Schema Object.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import Any

# keywords that hold a schema, several in a list, several by name
SCHEMAS: tuple[str, ...] = ("items", "contains", "additionalProperties", "propertyNames", "not", "if", "then", "else")
SCHEMAS += ("unevaluatedItems", "unevaluatedProperties", "contentSchema")
LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
NAMED = ("properties", "patternProperties", "dependentSchemas", "$defs", "definitions")
HELD_VALUES = ("enum", "const", "default", "examples")  # keywords that hold values, not schemas
_VALUES = ("enum", "const", "default", "examples", "required", "dependentRequired", "type", "format", "pattern")
_BOUNDS: tuple[str, ...] = (
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
)
_BOUNDS += ("minItems", "maxItems", "uniqueItems", "minContains", "maxContains", "minProperties", "maxProperties")
_REMARKS = ("title", "description", "deprecated", "readOnly", "writeOnly", "contentEncoding", "contentMediaType")
KEYWORDS = (*SCHEMAS, *LISTS, *NAMED, *_VALUES, *_BOUNDS, *_REMARKS)
# of OpenAPI, of earlier drafts, and of what many tools write: these mean what they say, or are refused elsewhere
_OTHERS = ("example", "discriminator", "xml", "externalDocs", "nullable", "id", "dependencies", "additionalItems")
_NEAR = 0.85  # how alike a misspelt keyword is, by difflib


def meant(key: str, value: Any, others: Sequence[str]) -> str | None:
    """The keyword, or one of some other words, that a key nearly is; None where it is one, or quite another word.

    A word that one of those begins with may well be another tool's, unless it says as much as these do.
    """
    known = (*KEYWORDS, *others)
    if key in known or key in _OTHERS or key.startswith(("x-", "$")):
        return None
    plain = {word.lower(): word for word in known}
    near = plain.get(re.sub("[_ -]", "", key).lower())
    if near is not None:
        return near
    alike = difflib.get_close_matches(key, known, 1, _NEAR)
    beginning = bool(alike) and alike[0].startswith(key) and not isinstance(value, (dict, list))
    return alike[0] if alike and not beginning else None
