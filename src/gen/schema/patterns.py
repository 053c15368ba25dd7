"""This file knows what patterns of a JSON Schema are to others: to Python's `re`, and to who knows Rust's sets of sets.

Python's `re`, with which jsonschema judges, does not know Unicode properties, groups that are named as in ECMA-262, and
characters by their number in braces. All else it reads as ECMA-262 does, or refuses.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from gen.schema.characters import Ranges, complement, unicode_property
from gen.schema.words import HELD_VALUES, NAMED

# an escape, or what begins or ends a class, or a group that is named
_PARTS = re.compile(
    r"\\(?P<sign>[pP])\{(?P<not>\^?)(?P<name>[^}]*)\}|\\(?P<short>[pP])(?P<letter>[A-Z])"
    r"|\\[ux]\{(?P<code>[0-9A-Fa-f]{1,6})\}|\\c(?P<control>[A-Za-z])|\\(?P<end>z)|\\.|(?P<open>\[\^?\]?)|(?P<close>\])"
    r"|(?P<group>\(\?<)(?![=!])",
    re.DOTALL,
)


@lru_cache(maxsize=1024)
def in_python(pattern: str) -> str:
    """The pattern as Python's `re` reads it; unchanged where it does already, or where it cannot say it."""
    if _compiles(pattern):
        return pattern
    inside = False

    def written(part: re.Match[str]) -> str:
        nonlocal inside
        if part["open"]:
            opened, inside = not inside, True
            return part[0] if opened else "\\" + part[0]
        if part["close"]:
            inside = False
        name = part["name"] if part["sign"] else part["letter"]
        if name is not None:
            found = unicode_property(name)
            if found is None:
                return part[0]
            negated = ("P" in (part["sign"], part["short"])) != bool(part["not"])
            listed = _listed(complement(found.sure) if negated else found.possible)
            return listed if inside else f"[{listed}]"
        if part["code"] or part["control"]:
            return re.escape(chr(int(part["code"], 16) if part["code"] else ord(part["control"].upper()) - 64))
        return "\\Z" if part["end"] else "(?P<" if part["group"] else part[0]

    try:
        said = _PARTS.sub(written, pattern)
    except ValueError:  # no character has such a number
        return pattern
    return said if _compiles(said) else pattern


_SIGNS = re.compile(r"\\.|--(?=\[)|&&|~~|\[\^?|\]", re.DOTALL)


def as_ecma(pattern: str) -> str:
    """A pattern of a JSON Schema, such that nobody takes a [ in a class for a set of its own, as Rust would.

    To ECMA-262 `[[:alpha:]]` is one of six signs and a ], and not a letter.
    """
    inside = False

    def written(sign: re.Match[str]) -> str:
        nonlocal inside
        found = sign[0]
        if found.startswith("\\") or (not inside and found in ("--", "&&", "~~", "]")):
            return found
        if inside and found != "]":
            return f"{found[0]}\\{found[1]}" if found in ("&&", "~~") else f"\\{found}"
        inside = found != "]"
        return found

    return _SIGNS.sub(written, pattern)


def _compiles(pattern: str) -> bool:
    """Whether `re` reads a pattern. It then knows it, and warns of it no more: of a [ in a class, as Rust has it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return False
    return True


def _listed(found: Ranges) -> str:
    """The inside of a class of these characters."""
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in found)


def with_python_patterns(schema: Any) -> Any:
    """A JSON Schema whose patterns Python's `re` reads, as far as it can say them."""
    if isinstance(schema, list):
        return [with_python_patterns(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword in NAMED and isinstance(value, dict):
            named: Callable[[str], str] = in_python if keyword == "patternProperties" else str
            found[keyword] = {named(name): with_python_patterns(each) for name, each in value.items()}
        elif keyword == "pattern" and isinstance(value, str):
            found[keyword] = in_python(value)
        else:
            found[keyword] = value if keyword in HELD_VALUES else with_python_patterns(value)
    return found
