"""This file knows telephone numbers: ranges of numbers by region, and what the settings of a PhoneNumber ask for.

The ranges were found valid with libphonenumber, every number of them, and are written as it writes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gen.errors import SchemaError
from gen.schema.spec import Column

# area codes of the United States, where 555-01xx is kept for fiction
AREAS = ("202", "212", "312", "415", "617", "713", "206", "303", "305", "404")
# region: international | national; # is a digit, of six and more the first is 2, 3, 5 or 7
_RANGES = """
GB: +44 20 7946 0### | 020 7946 0###
DE: +49 30 23125### | 030 23125###
DE: +49 1511 2###### | 01511 2######
DE: +49 40 669##### | 040 669#####
FR: +33 1 ## ## ## ## | 01 ## ## ## ##
ES: +34 91# ## ## ## | 91# ## ## ##
IT: +39 347 ### #### | 347 ### ####
IT: +39 06 #### #### | 06 #### ####
NL: +31 6 12###### | 06 12######
NL: +31 20 ### #### | 020 ### ####
AT: +43 664 ####### | 0664 #######
CH: +41 44 ### ## ## | 044 ### ## ##
CH: +41 79 ### ## ## | 079 ### ## ##
SE: +46 70 ### ## ## | 070-### ## ##
NO: +47 9# ## ## ## | 9# ## ## ##
FI: +358 40 ####### | 040 #######
PT: +351 91# ### ### | 91# ### ###
IE: +353 85 ### #### | 085 ### ####
BE: +32 47# ## ## ## | 047# ## ## ##
PL: +48 501 ### ### | 501 ### ###
AU: +61 491 570 ### | 0491 570 ###
AU: +61 2 9### #### | (02) 9### ####
NZ: +64 21 ### #### | 021 ### ####
JP: +81 80-####-#### | 080-####-####
KR: +82 10-2###-#### | 010-2###-####
CN: +86 138 #### #### | 138 #### ####
IN: +91 98### ##### | 098### #####
BR: +55 11 9####-#### | (11) 9####-####
MX: +52 55 #### #### | 55 #### ####
AR: +54 9 11 5###-#### | 011 15-5###-####
CO: +57 310 ####### | 310 #######
ZA: +27 82 ### #### | 082 ### ####
NG: +234 803 ### #### | 0803 ### ####
KE: +254 712 ###### | 0712 ######
EG: +20 10 ######## | 010 ########
AE: +971 50 ### #### | 050 ### ####
TR: +90 532 ### ## ## | 0532 ### ## ##
GR: +30 694 ### #### | 694 ### ####
CZ: +420 777 ### ### | 777 ### ###
HU: +36 30 ### #### | 06 30 ### ####
RO: +40 721 ### ### | 0721 ### ###
SG: +65 81## #### | 81## ####
MY: +60 12-3## #### | 012-3## ####
TH: +66 81 ### #### | 081 ### ####
PH: +63 917 ### #### | 0917 ### ####
ID: +62 812-####-#### | 0812-####-####
"""
MANY_DIGITS = 5  # past which the first digit that is drawn is one of
FIRST_DIGITS = "2357"


@dataclass(frozen=True)
class Range:
    """Telephone numbers of one region: # is a digit, everything else is itself."""

    region: str
    international: str
    national: str

    @property
    def e164(self) -> str:
        return re.sub("[ -]", "", self.international)

    @property
    def rfc3966(self) -> str:
        return f"tel:{self.international.replace(' ', '-')}"


def _read(line: str) -> Range:
    region, _, forms = line.partition(": ")
    return Range(region, *forms.split(" | "))


RANGES = tuple(_read(line) for line in _RANGES.strip().splitlines())


def fictional(area: str) -> Range:
    """The numbers of an area of the United States that are kept for fiction."""
    return Range("US", f"+1 {area}-555-01##", f"({area}) 555-01##")


FICTION = tuple(map(fictional, AREAS))
REGIONS = tuple(dict.fromkeys(known.region for known in (*FICTION, *RANGES)))

# type, or annotation, of pydantic-extra-types -> what its settings are called: regions, the region of numbers without
# a country's code, how the number is written
PHONE = "pydantic_extra_types.phone_numbers.PhoneNumber"
SETTINGS = {
    PHONE: ("supported_regions", "default_region_code", "phone_format"),
    f"{PHONE}Validator": ("supported_regions", "default_region", "number_format"),
}


def phone_column(where: str, column: Column, kind: str, said: Any) -> Column:
    """The column as telephone numbers that a PhoneNumber with these settings takes: E.164, of everywhere, or of the
    regions it names; written as it says, where it reads numbers so."""
    regions, default, style = (getattr(said, name, None) for name in SETTINGS[kind])
    style = style if kind != PHONE or _says_style(said) else None
    asked: Sequence[str] = tuple(regions or ())
    if not asked and default in REGIONS:
        asked = (default,)
    column = replace(column, kind="text", parts=(), undrawn=(), format=None)
    if not asked:
        return replace(column, format=_EVERYWHERE.get(style or "", "phone"))
    unknown = [region for region in asked if region not in REGIONS]
    made = [
        replace(column, name=region, nulls=None, patterns=(_pattern(region, _form(region, default, style)),))
        for region in asked
        if region in REGIONS
    ]
    if not made:
        raise SchemaError(
            f"{where}: telephone numbers of {', '.join(unknown)} are asked for, of which no range is known.",
            hint=f"Known are those of {', '.join(sorted(REGIONS))}; or give the field a synthesizer of your own.",
        )
    undrawn = tuple((region, "no range of its telephone numbers is known") for region in unknown)
    if len(made) == 1:
        return replace(made[0], name=column.name, nulls=column.nulls, undrawn=undrawn)
    return replace(column, kind="union", parts=tuple(made), undrawn=undrawn)


# style -> the format of numbers of everywhere that are written so
_EVERYWHERE = {"INTERNATIONAL": "phone-international", "RFC3966": "phone-rfc3966"}


def _says_style(kind: Any) -> bool:
    """Whether a PhoneNumber of the user's own says how numbers are written. The library's own default is RFC3966."""
    classes = [base for base in getattr(kind, "__mro__", ()) if f"{base.__module__}.{base.__qualname__}" != PHONE]
    return any("phone_format" in vars(base) for base in classes)


def _form(region: str, default: str | None, style: str | None) -> str:
    """How numbers are written. Without a country's code they are read only as those of the default region."""
    if style == "NATIONAL":
        return "national" if region == default else "e164"
    return {"INTERNATIONAL": "international", "RFC3966": "rfc3966"}.get(style or "", "e164")


def _pattern(region: str, form: str) -> str:
    """A regular expression of the numbers of a region."""
    return f"^{pattern_of_numbers([known for known in (*FICTION, *RANGES) if known.region == region], form)}$"


def pattern_of_numbers(ranges: Iterable[Range], form: str = "e164") -> str:
    """A regular expression of the numbers of these ranges, written in a form of theirs."""
    texts = [_with_digits(re.sub(r"([+()])", r"\\\1", getattr(known, form))) for known in ranges]
    return f"({'|'.join(texts)})"


def _with_digits(text: str) -> str:
    if text.count("#") > MANY_DIGITS:
        text = text.replace("#", f"[{FIRST_DIGITS}]", 1)
    return text.replace("#", "[0-9]")
