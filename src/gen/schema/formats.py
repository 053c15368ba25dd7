"""This file knows which texts are of a format of draft 2020-12, as its validators judge: of all, without more packages.

jsonschema judges some only where other packages are there, and a value must not depend on these: so what they check is
said here. Sources: RFC 3339, ISO 8601, RFC 1123, RFC 3986, RFC 3987, RFC 6570, RFC 6901.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from functools import cache
from typing import Any

# What jsonschema itself judges, whatever else is installed.
_ITS_OWN = ("email", "idn-email", "ipv4", "ipv6", "date", "regex", "uuid")

_CLOCK = r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)"
_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_WIDE_LABEL = r"(?!-)[^\x00-,./:-@\[-`{-\x7f]+(?<!-)"
_POINTER = "(/([^/~]|~[01])*)*"
_VARIABLE = r"[A-Za-z0-9_%.]+(:[1-9]\d{0,3}|\*)?"
_TEMPLATE = rf"([^{{}}]|\{{[+#./;?&]?{_VARIABLE}(,{_VARIABLE})*\}})*"


def _reference(scheme: str, letters: str) -> str:
    """A URI, with more letters an IRI: scheme, authority, path, query and fragment."""
    plain = rf"[A-Za-z0-9._~!$&'()*+,;=@{letters}-]|%[0-9A-Fa-f]{{2}}"
    path, rest = rf"({plain}|[:/])*", rf"({plain}|[:/?])*"
    authority = rf"({plain}|:)*@?(\[[0-9A-Fa-f:.]+\]|({plain})*)(:\d*)?"
    first = path if scheme.endswith(":") else rf"({plain})*(/{path})?"  # else it would read as a scheme
    return rf"{scheme}(//{authority}(/{path})?|(?!//){first})(\?{rest})?(#{rest})?"


_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]*:"
_BEYOND = r"\u00a0-\ud7ff\uf900-\ufdcf\ufdf0-\uffef\U00010000-\U000efffd"
_PATTERNS = {
    "date-time": rf"\d{{4}}-\d\d-\d\d[Tt]{_CLOCK}",
    "time": _CLOCK,
    "duration": r"P(?=.)(\d+W|(\d+Y)?(\d+M)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+S)?)?)",
    "hostname": rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*\.?",
    "idn-hostname": rf"(?=.{{1,253}}$){_WIDE_LABEL}(\.{_WIDE_LABEL})*",
    "uri": _reference(_SCHEME, ""),
    "uri-reference": rf"({_reference(_SCHEME, '')}|{_reference('', '')})",
    "iri": _reference(_SCHEME, _BEYOND),
    "iri-reference": rf"({_reference(_SCHEME, _BEYOND)}|{_reference('', _BEYOND)})",
    "uri-template": _TEMPLATE,
    "json-pointer": _POINTER,
    "relative-json-pointer": rf"(0|[1-9]\d*)(#|{_POINTER})",
}

# Formats of which no text is of two.
APART = frozenset(("email", "ipv4", "ipv6", "date", "date-time", "time", "duration", "uuid"))
JUDGED = frozenset((*_ITS_OWN, *_PATTERNS))


@cache
def format_checker() -> Any:
    """What a validator of jsonschema judges formats with: the same on every machine."""
    from jsonschema import FormatChecker

    checker = FormatChecker(_ITS_OWN)
    for name, pattern in _PATTERNS.items():
        checker.checks(name)(_judge(name, re.compile(pattern)))
    return checker


def _judge(name: str, pattern: re.Pattern[str]) -> Callable[[object], bool]:
    def judge(value: object) -> bool:
        if not isinstance(value, str):
            return True  # a format speaks of texts
        return pattern.fullmatch(value) is not None and (name != "date-time" or _is_day(value[:10]))

    return judge


def _is_day(text: str) -> bool:
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True
