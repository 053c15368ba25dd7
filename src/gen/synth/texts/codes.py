"""This file knows codes: identifiers, numbers with a check digit, codes that standards list, phone numbers.

A check digit is computed: every piece adds to a sum, and the sum chooses the digit. Sources: RFC 9562 (UUID), ULID,
ISO/IEC 7812 (Luhn), ISO 2108 (ISBN), ISO 13616 (IBAN), ISO 3166, 4217, 639, 15924, ITU-T E.164, WGS 84.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

from gen.schema.phones import AREAS, FIRST_DIGITS, MANY_DIGITS, RANGES, fictional
from gen.synth.texts.format import (
    DIGITS,
    Format,
    hex_numbers,
    lists_of,
    numbers,
    plain_numbers,
    product,
    some,
    strings,
    words_of,
)
from gen.synth.texts.lists import Texts
from gen.synth.texts.pieces import Pieces

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# The first digits of the numbers that payment networks publish for tests: Visa, Mastercard, American Express.
CARD_STARTS = ("4111", "4242", "4012", "4000", "5555", "5105", "5200", "2223", "378", "371")


# -- identifiers ----------------------------------------------------------------------------------------------


def _uuid() -> Pieces:
    """Version 4: 122 random bits."""
    four, dashed = hex_numbers(4), hex_numbers(4).wrapped(after="-")
    version = hex_numbers(4, 0x4000, 0x4FFF).wrapped(after="-")
    variant = hex_numbers(4, 0x8000, 0xBFFF).wrapped(after="-")
    return Pieces((four, dashed, dashed, version, variant, four, four, four))


def _ulid() -> Pieces:
    """48 bits of time, from 2016 to 2029, then 80 random bits; in Crockford's base 32."""
    three = strings(CROCKFORD, 3)
    start = product("01", some("ABCDEFGHJKM"), strings(CROCKFORD, 2))
    return Pieces((start, *[three] * 7))


def _object_id() -> Pieces:
    """Four bytes of seconds, from 2014 to 2025, then eight random ones."""
    return Pieces((hex_numbers(4, 0x5300, 0x68FF), *[hex_numbers(4)] * 5))


# -- check digits ---------------------------------------------------------------------------------------------


def checked(texts: Texts, modulus: int, share: Callable[[str], int]) -> Texts:
    """The same texts, each with what it adds to a check."""
    return Texts.of(texts.listed, sums=[share(text) % modulus for text in texts.listed])


def _weighted(weights: tuple[int, ...], modulus: int = 10) -> Callable[[str], int]:
    return lambda text: sum(int(digit) * weight for digit, weight in zip(text, weights, strict=True)) % modulus


def _complement(modulus: int) -> Texts:
    """The digit that brings a sum to a multiple of the modulus: 0, 9, 8, ..; X stands for 10."""
    return Texts.of((DIGITS + "X")[-total % modulus] for total in range(modulus))


def _luhn(text: str) -> int:
    """What digits add that stand just before the check digit, or any even number of places before that."""
    doubled = (2 * int(digit) if place % 2 == 0 else int(digit) for place, digit in enumerate(reversed(text)))
    return sum(value // 10 + value % 10 for value in doubled)


def _luhn_odd(text: str) -> int:
    """The same, an odd number of places before."""
    return _luhn(text + "0")


def _payment_card() -> Pieces:
    """16 digits, 15 for American Express; the start of a published test number, then any, then Luhn's digit."""
    start, four, three = (
        checked(some(CARD_STARTS), 10, _luhn_odd),
        checked(numbers(4), 10, _luhn_odd),
        checked(numbers(3), 10, _luhn),
    )
    return Pieces((start, four, four, three, _complement(10)), check=4)


def _imei() -> Pieces:
    """Type allocation code of 8 digits, 6 digits of a serial number, Luhn's digit."""
    start = checked(product(some(("35", "86", "01")), numbers(4)), 10, _luhn)
    return Pieces((start, checked(numbers(4), 10, _luhn), checked(numbers(4), 10, _luhn), _complement(10)), check=3)


def _isbn13() -> Pieces:
    start = checked(numbers(3).wrapped("978"), 10, _weighted((1, 3, 1, 3, 1, 3)))
    odd, even = (checked(numbers(3), 10, _weighted(weights)) for weights in ((1, 3, 1), (3, 1, 3)))
    return Pieces((start, odd, even, _complement(10)), check=3)


def _isbn10() -> Pieces:
    parts = [checked(numbers(3), 11, _weighted((n, n - 1, n - 2), 11)) for n in (10, 7, 4)]
    return Pieces((*parts, _complement(11)), check=3)


def _ean13() -> Pieces:
    """Articles: a prefix for use within a firm, 20 to 29, so that no number is a real article's."""
    start = checked(numbers(4, 2000, 2999), 10, _weighted((1, 3, 1, 3)))
    four = checked(numbers(4), 10, _weighted((1, 3, 1, 3)))
    return Pieces((start, four, four, _complement(10)), check=3)


def _routing_number() -> Pieces:
    """Routing numbers of banks of the United States: Federal Reserve district 01 to 12, then any; weights 3, 7, 1."""
    start = checked(product(numbers(2, 1, 12), numbers(2)), 10, _weighted((3, 7, 1, 3)))
    rest = checked(numbers(4), 10, _weighted((7, 1, 3, 7)))
    return Pieces((start, rest, _complement(10)), check=2)


def _iban(country: str, letters: int, digits: int) -> Pieces:
    """Country, two check digits, `letters` letters of a bank and `digits` digits; the whole is 1 modulo 97."""
    tail = "".join(map(_number_of, country)) + "00"  # what the country and the check digits stand for, moved to the end
    sizes = [min(4, digits - done) for done in range(0, digits, 4)]
    places = [digits - sum(sizes[: i + 1]) + len(tail) for i in range(len(sizes))]  # digits behind each part
    parts = [_scaled(numbers(size), place) for size, place in zip(sizes, places, strict=True)]
    if letters:
        parts.insert(0, _scaled(strings("ABCDEHIKLMNOPRSTUW", letters), digits + len(tail)))
    check = Texts.of(f"{98 - (total + int(tail)) % 97:02d}" for total in range(97))
    return Pieces((Texts.of([country]), check, *parts), check=1)


def _scaled(texts: Texts, places: int) -> Texts:
    """Texts with what they add modulo 97, that many digits before the end; a letter counts as two digits."""
    factor = pow(10, places, 97)
    return checked(texts, 97, lambda text: int("".join(map(_number_of, text))) * factor)


def _number_of(character: str) -> str:
    return str(int(character, 36))


# -- codes of standards ------------------------------------------------------------------------------------------


@lru_cache
def _column(name: str, place: int) -> Texts:
    """One column of a list of world.json whose lines are codes and, last, a name."""
    lines = lists_of("world")[name]
    width = len(lines[0].split(" ")) if name == "languages" else 4
    return some(line.split(" ", width - 1)[place] for line in lines)


def _listed(texts: Callable[[], Texts]) -> Format:
    """A format that is a list: its pattern is every text of it."""
    return Format(
        lambda: Pieces.of(texts()), "|".join(text.replace(".", r"\.").replace("+", r"\+") for text in texts().listed)
    )


def _world(name: str) -> Callable[[], Texts]:
    return lambda: some(words_of("world", name))


# -- places and people -------------------------------------------------------------------------------------------


def _phone(form: str) -> Pieces:
    """Numbers kept for fiction in the United States, 555-01xx, and ranges of other countries, in a form of theirs."""
    area = dict.fromkeys(item.split(", ")[-1] for item in lists_of("places")["united_states"])
    starts = [getattr(fictional(code), form).rstrip("#") for code in area]
    # A piece of two digits ends every number, so that what comes before differs in length only.
    texts = [text for known in RANGES for text in _phone_starts(getattr(known, form)[:-2])]
    share = len(texts) / len(starts)
    return Pieces.of(Texts.of(starts + texts, [share] * len(starts) + [1.0] * len(texts)), numbers(2))


def _phone_starts(start: str) -> Iterator[str]:
    """What the numbers of a range begin with: all of it, where more than five digits are open the first three."""
    count = start.count("#")
    many = count + 2 > MANY_DIGITS
    drawn = product(strings(FIRST_DIGITS, 1), numbers(2), "0" * (count - 3)) if many else numbers(count)
    for digits in drawn.listed:
        left = iter(digits)
        yield "".join(next(left) if letter == "#" else letter for letter in start)


def _degrees(limit: int) -> tuple[Texts, Texts, Texts]:
    whole = Texts.of(f"{sign}{number}." for number in range(limit) for sign in ("", "-"))
    return whole, numbers(3), numbers(3)


_AREAS = "|".join(AREAS)

FORMATS: dict[str, Format] = {
    "uuid": Format(_uuid, "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
    "ulid": Format(_ulid, "01[A-HJKM][0-9A-HJKMNP-TV-Z]{23}"),
    "object-id": Format(_object_id, "[0-9a-f]{24}"),
    "payment-card": Format(_payment_card, None),
    "imei": Format(_imei, None),
    "isbn13": Format(_isbn13, None),
    "isbn10": Format(_isbn10, None),
    "ean13": Format(_ean13, None),
    "routing-number": Format(_routing_number, None),
    "iban": Format(lambda: _iban("DE", 0, 18), None),
    "iban-at": Format(lambda: _iban("AT", 0, 16), None),
    "iban-gb": Format(lambda: _iban("GB", 4, 14), None),
    "country-alpha2": _listed(lambda: _column("countries", 0)),
    "country-alpha3": _listed(lambda: _column("countries", 1)),
    "country-numeric": _listed(lambda: _column("countries", 2)),
    "country-name": _listed(lambda: _column("countries", 3)),
    "currency": _listed(_world("currencies")),
    "language-alpha2": _listed(lambda: _column("languages", 0)),
    "language-alpha3": _listed(lambda: _column("languages", 1)),
    "language-name": _listed(lambda: _column("languages", 2)),
    "script": _listed(_world("scripts")),
    "media-type": _listed(_world("media_types")),
    "phone": Format(lambda: _phone("e164"), rf"\+1({_AREAS})55501\d\d"),
    "phone-international": Format(lambda: _phone("international"), rf"\+1 ({_AREAS})-555-01\d\d"),
    "phone-rfc3966": Format(lambda: _phone("rfc3966"), rf"tel:\+1-({_AREAS})-555-01\d\d"),
    "latitude": Format(lambda: Pieces(_degrees(90)), r"-?([1-8]\d|\d)\.\d{6}"),
    "longitude": Format(lambda: Pieces(_degrees(180)), r"-?(1[0-7]\d|[1-9]\d|\d)\.\d{6}"),
    "coordinate": Format(
        lambda: Pieces.of(*_degrees(90), ",", *_degrees(180)),
        r"-?([1-8]\d|\d)\.\d{6},-?(1[0-7]\d|[1-9]\d|\d)\.\d{6}",
    ),
    "color": Format(lambda: Pieces.of("#", hex_numbers(3), hex_numbers(3)), "#[0-9a-f]{6}"),
    "byte-size": Format(
        lambda: Pieces.of(plain_numbers(1, 999), some(("B", "kB", "MB", "GB", "KiB", "MiB", "GiB"))),
        r"[1-9]\d{0,2}(B|kB|MB|GB|KiB|MiB|GiB)",
    ),
}
