"""This file knows whether what a text is about is of the format that its declaration asks for, too."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from gen.errors import SchemaError
from gen.schema.domains import DOMAIN_KINDS
from gen.schema.formats import JUDGED, format_checker
from gen.schema.spec import Column
from gen.synth.formats import ALIASES, known, patterns_of
from gen.synth.synthesizer import synthesizer_of
from gen.synth.texts.domains import DOMAINS, domain_of

_SAMPLE = 512  # texts of a domain that are compared with the format beside it
_ANY_TEXT = frozenset({"password", "path"})  # formats that every text is of, though gen draws some alone


def refuse_unlike_format(where: str, column: Column) -> None:
    """Refuse a domain whose texts are not of the format beside it: one of both would be ignored.

    Formats that gen does not know are annotations, and what a class of the user's own draws is for that class.
    """
    asked, about = column.format, domain_of(column.domain or "")
    others = column.synthesizer or column.reference or column.provider
    if column.kind != "text" or asked is None or not known(asked) or others or not _says_texts(about):
        return
    if ALIASES.get(asked, asked) in _ANY_TEXT | {about}:
        return
    drawn = _sample(replace(column, name="value", format=None, key=None, nulls=None, when=None, of=None, locale=None))
    if drawn is None:
        return
    unlike = next((text for text in drawn if not _is_of(text, asked)), None)
    if drawn and unlike is None:
        return
    found = f"of which some are not, as {unlike!r}" if drawn else "of which none is drawn by itself"
    raise SchemaError(
        f"{where}.{column.name}: the format {asked!r} is declared, and the domain {column.domain!r}, {found}.",
        hint="Keep one of them: a format says how the text is written, a domain what it is about.",
    )


def _says_texts(about: str) -> bool:
    """Whether something is known to be of that domain: what is not is refused elsewhere."""
    return about in DOMAINS or known(about) or about == "name" or about in DOMAIN_KINDS


@lru_cache(maxsize=256)
def _sample(column: Column) -> tuple[str, ...] | None:
    """Texts of a domain; none of one that only columns together have. None where a class of the user's draws them."""
    try:
        synthesizer = synthesizer_of(column, "", _SAMPLE, 0)
    except SchemaError:
        return ()
    return tuple(synthesizer.at(range(_SAMPLE)).to_pylist()) if synthesizer.is_built_in else None


def _is_of(text: str, asked: str) -> bool:
    """Whether a text is of a format; of one that nothing judges, and no expression describes, none is known to be."""
    name = ALIASES.get(asked, asked)
    if name in JUDGED:
        return bool(format_checker().conforms(text, name))
    patterns = patterns_of(name)
    return bool(patterns) and re.search(patterns[-1], text) is not None
