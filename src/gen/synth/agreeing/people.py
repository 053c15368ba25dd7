"""This file knows what the columns that speak of one person say: names, sex, title, e-mail address, user name.

Who a row speaks of is two choices: a given name, which is a woman's or a man's, and a surname. E-mail addresses and
user names are made of both, in lower-case ASCII letters.

As a primary key an e-mail address or a user name carries a number that no other row has, and agrees all the same.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.block import boolean_array
from gen.errors import SchemaError
from gen.keys import KeyOrder, Order, later_order
from gen.schema.domains import Company
from gen.schema.spec import Column
from gen.streams import Rows, Stream, Words
from gen.synth.agreeing import places
from gen.synth.agreeing.together import (
    Part,
    Recipe,
    SynthesizeTogether,
    limited,
    role_of,
    words_in_groups,
    words_of_indexes,
)
from gen.synth.choices import SynthesizeChoice
from gen.synth.synthesizer import Storage
from gen.synth.texts.format import numbers, plain_numbers, some
from gen.synth.texts.lists import Texts, choose_indexes
from gen.synth.texts.locale import (
    DEFAULT,
    LANGUAGES,
    Names,
    falling_weights,
    latin_names_of,
    names_of,
    streets_of_the_world,
)
from gen.synth.texts.network import HOSTS

ROLES = frozenset({"name", "given-name", "surname", "title", "sex", "email", "username"})
KEYED = ("email", "username")  # what carries a number of its own as a primary key
WITHOUT_NUMBER = 0.5  # of e-mail addresses have no number after the name
OTHER_SEX = 0.02  # of rows have a sex that is neither of two, where the field lists such
_SLOTS = 4096  # of the names of each country, where people live all over the world
# The ending of a surname that is an adjective, -i or -a, is chosen by the sums of the given name and of the stem.
_ENDINGS = ("i", "a", "", "")
_ENDING = (Part("check", "ending"),)


def _given(form: str) -> Part:
    return Part("given", form)


def _surname(form: str, ends: bool) -> Recipe:
    return (Part("surname", form), *(_ENDING if ends else ()))


class SynthesizePerson(SynthesizeTogether):
    """What a column says of the person that its row speaks of."""

    about = "person"
    shared = frozenset({"given", "surname"})

    @classmethod
    def recipe(cls, column: Column, company: Company) -> Recipe:
        names, role = names_of(company.locale), role_of(column)
        ends = bool(names.adjectives) or company.home is not None
        if role == "name" and names.family_first:
            return (Part("surname", "plain"), " ", _given("plain"))
        if role == "name":
            return (_given("plain"), " ", *_surname("plain", ends))
        if role == "surname":
            return (*((_given("silent"),) if ends else ()), *_surname("plain", ends))
        if role == "email":
            return (_given("latin"), ".", *_surname("latin", ends), *cls.number("maybe"), Part("mailbox", "plain"))
        if role == "username":
            between = (*_surname("latin", ends), "_", _given("latin"))
            return (*between, *cls.number("always"))
        return (_given({"given-name": "plain"}.get(role, role)),)

    def word(self, source: str, rows: Rows) -> Words:
        home = self.company.home
        if home is None or source not in ("given", "surname"):
            return super().word(source, rows)
        place = self.once("home", rows, lambda: self._place(home, rows))
        countries, words = places.countries_of(home), super().word(source, rows)
        return words_in_groups(place, countries, words, _SLOTS, len(streets_of_the_world()))

    def _place(self, home: Company, rows: Rows) -> NDArray[np.int32]:
        """Which of the places of that company each row's person lives in."""
        cities = places.table_of(home, Part("place", "city"))
        place = np.empty(len(rows), np.int32)
        words = Stream(self.shared_key("place", home.about), 1).words(rows)
        choose_indexes(words, np.uint64(len(cities)), cities.aliases, place)
        return place

    @classmethod
    def number(cls, form: str) -> Recipe:
        """The number in an e-mail address or a user name."""
        return (Part("number", form),)

    @classmethod
    def texts(cls, company: Company, part: Part) -> Texts:
        return table_of(replace(company, path=""), part)  # who it is does not matter


@lru_cache(maxsize=256)
def table_of(company: Company, part: Part) -> Texts:
    """The texts of one part of what is said of a person."""
    if part.source in ("given", "surname"):
        write = _given_texts if part.source == "given" else _surname_texts
        if company.home is None:
            return write(company, names_of(company.locale), part.form)
        return _of_all_countries(company, part, write)
    if part.source == "check":
        return Texts.of(_ENDINGS)
    if part.source == "mailbox":
        return some(f"@{host}" for host in HOSTS)
    if part.source.startswith("digits"):
        return numbers(3)
    listed = [str(number) for number in range(1, 1000 if part.form == "always" else 100)]
    if part.form == "always":
        return Texts.of(listed)
    return Texts.of(["", *listed], [WITHOUT_NUMBER, *[(1 - WITHOUT_NUMBER) / len(listed)] * len(listed)])


def _of_all_countries(company: Company, part: Part, write: Callable[[Company, Names, str], Texts]) -> Texts:
    """As many names of each country, in the order of the countries, each as often as it is frequent there."""
    made: list[tuple[Texts, list[int]]] = []
    for locale in (DEFAULT, *(other for other in LANGUAGES if other != DEFAULT)):
        names = latin_names_of(locale)
        try:
            table = write(company, names, part.form)
        except ValueError:  # lengths leave none there
            table, names = write(company, latin_names_of(DEFAULT), part.form), latin_names_of(DEFAULT)
        sums = [2] * len(table) if table.sums is None else table.sums.tolist()
        if part.source == "given":
            sums = [int(text == "F") for text in write(company, names, "sex").listed]
        weights = np.ones(len(table)) if table.weights is None else table.weights
        chosen = np.searchsorted(np.cumsum(weights) / weights.sum(), (np.arange(_SLOTS) + 0.5) / _SLOTS)
        picked = np.minimum(chosen, len(table) - 1).tolist()
        made.append((Texts.of(table.listed[i] for i in picked), [sums[i] for i in picked]))
    texts, all_sums = [text for table, _ in made for text in table.listed], [s for _, sums in made for s in sums]
    return Texts.of(texts, None, None if part.form in ("sex", "title") else all_sums)


def _given_texts(company: Company, names: Names, form: str) -> Texts:
    """Given names of women, then of men, each as often as the company has them."""
    listed = [*names.women, *names.men]
    female = np.arange(len(listed)) < len(names.women)
    kept = limited(listed, company, "given plain")
    kept &= limited([names.latin[name] for name in listed], company, "given latin")
    weights = np.concatenate([falling_weights(len(names.women), 12.0), falling_weights(len(names.men), 12.0)]) * kept
    for mine, share in ((female, company.women), (~female, 1 - company.women)):
        total = weights[mine].sum()
        weights[mine] *= share / total if total else 0.0
    sexes = np.where(female, 1, 0) if names.adjectives else None
    ways: dict[str, Callable[[str, bool], str]] = {
        "plain": lambda name, woman: name,
        "latin": lambda name, woman: names.latin[name],
        "silent": lambda name, woman: "",
        "sex": lambda name, woman: "F" if woman else "M",
        "title": lambda name, woman: names.titles[0 if woman else 1],
    }
    texts = [ways[form](name, woman) for name, woman in zip(listed, female.tolist(), strict=True)]
    return _of(texts, weights, kept, None if sexes is None else sexes.tolist())


def _surname_texts(company: Company, names: Names, form: str) -> Texts:
    """Surnames; of adjectives the stem."""
    latin = form == "latin"
    stems = [name[:-1] if name in names.adjectives else name for name in names.surnames]
    plain = [names.latin[name][: len(names.latin[name]) - (name in names.adjectives)] for name in names.surnames]
    kept = limited(stems, company, "surname plain") & limited(plain, company, "surname latin")
    sums = [0 if name in names.adjectives else 2 for name in names.surnames] if names.adjectives else None
    return _of(plain if latin else stems, names.surname_weights * kept, kept, sums)


def _of(texts: list[str], weights: NDArray[np.float64], kept: NDArray[np.bool_], sums: list[int] | None) -> Texts:
    left = np.flatnonzero(kept).tolist()
    mine = None if sums is None else [sums[i] for i in left]
    return Texts.of([texts[i] for i in left], weights[kept].tolist(), mine)


# -- sex --------------------------------------------------------------------------------------------------------

# how fields write it: words of the locales, their first letters, and the numbers of ISO 5218
_WOMEN = (
    "f female w woman women girl weiblich frau femme féminin mujer femenino donna femmina v vrouw k kobieta kvinna "
)
_MEN = "m male man men boy männlich mann herr h homme masculin hombre masculino uomo maschio mężczyzna homem "
_SEXES: dict[str, int] = dict.fromkeys((*_WOMEN.split(), "mulher", "feminino", "女", "女性", "2"), 0) | dict.fromkeys(
    (*_MEN.split(), "男", "男性", "1"), 1
)


def sexes_of(column: Column) -> tuple[list[int], list[int], list[int]]:
    """Which of a column's choices mean a woman, a man, and neither; by place."""
    groups: tuple[list[int], list[int], list[int]] = ([], [], [])
    for place, choice in enumerate(column.choices):
        groups[_SEXES.get(str(choice).strip().lower(), 2)].append(place)
    return groups


def women_of(where: str, column: Column) -> float:
    """The share of women that a column's weights say. Raises SchemaError where its choices are no sexes."""
    if column.kind != "choice":
        return 0.5
    women, men, _ = sexes_of(column)
    if len(women) != 1 or len(men) != 1 or column.stored:
        raise SchemaError(
            f"{where}: its values are {', '.join(map(repr, column.choices))}, which do not name the two sexes.",
            hint='List "F" and "M", "female" and "male", or 2 and 1 (ISO 5218); others may stand beside.',
        )
    if not column.weights:
        return 0.5
    both = column.weights[women[0]] + column.weights[men[0]]
    return column.weights[women[0]] / both if both else 0.5


class SynthesizeSex(SynthesizePerson):
    """The sex of the person, as one of the values that the field lists."""

    @classmethod
    def takes(cls, column: Column) -> bool:
        return column.kind == "choice"

    def prepare(self) -> None:
        super().prepare()
        women, men, others = sexes_of(self.column)
        weights = self.column.weights or tuple(
            OTHER_SEX / len(others) if i in others else (1 - OTHER_SEX * bool(others)) / 2
            for i in range(len(self.column.choices))
        )
        self.order = np.array([men[0], women[0], *others], np.uint64)
        self.bounds = np.cumsum([weights[i] for i in others]) / sum(weights)  # of a row that is neither
        self.listed = SynthesizeChoice(self.plain_column, self.table, self.rows, self.seed, self.path)

    @property
    def plain_column(self) -> Column:
        return Column(self.column.name, "choice", choices=self.column.choices, stored=self.column.stored)

    @property
    def arrow_type(self) -> pa.DataType:
        return self.listed.arrow_type

    @property
    def cardinality(self) -> int:
        return len(self.column.choices)

    @property
    def storage(self) -> Storage:
        return self.listed.storage

    def at(self, rows: Rows) -> pa.Array:
        table = self.texts(self.company, Part("given", "sex"))
        female = np.array([text == "F" for text in table.listed])
        chosen = female[self.index(table, "given", rows)].astype(np.int64)
        if self.bounds.size:
            limits = np.array([min(round(bound * 2**32), 2**32) for bound in self.bounds.tolist()], np.uint64)
            other = np.searchsorted(limits, self.word("other", rows), side="right")
            chosen = np.where(other < limits.size, other + 2, chosen)
        return self.listed.unrank(self.order[chosen])


# -- keys -------------------------------------------------------------------------------------------------------


class SynthesizePersonKey(SynthesizePerson):
    """E-mail addresses and user names, each once: a number of as many digits in all of them, and never the same."""

    unique = True

    @classmethod
    def match(cls, column: Column) -> bool:
        company = column.company
        return company is not None and company.about == cls.about and column.key is not None and cls.takes(column)

    @classmethod
    def recipe(cls, column: Column, company: Company) -> Recipe:
        digits = _digits(company)
        first = digits % 3 or 3
        recipe: list[Part | str] = []
        for part in super().recipe(column, company):
            if isinstance(part, Part) and part.source == "number":
                recipe.append(Part("first digits", str(first)))
                recipe += [Part(f"digits {left}", "") for left in range((digits - first) // 3 - 1, -1, -1)]
            else:
                recipe.append(part)
        return tuple(recipe)

    @classmethod
    def texts(cls, company: Company, part: Part) -> Texts:
        if part.source == "first digits":
            size = int(part.form)
            return plain_numbers(10 ** (size - 1), 10**size - 1)
        return super().texts(company, part)

    def prepare(self) -> None:
        super().prepare()
        assert self.column.key is not None
        if self.column.key.order == "ascending":
            raise SchemaError(
                f"{self.where}: text keys are sequential or scattered, not ascending.",
                hint='Use PrimaryKey() or PrimaryKey(order="sequential").',
            )
        assert self.column.company is not None
        self.digits = _digits(self.column.company)
        order = self.column.key.order or "scattered"
        self.order: Order = KeyOrder(order, self.rows, self.cardinality, self.stream_key("key"))

    def continuing(self, earlier: Sequence[SynthesizePersonKey]) -> SynthesizePersonKey:
        """The key of rows that come after these: numbers that no earlier row has, or that have more digits."""
        same = [each.order for each in earlier if each.digits == self.digits]
        found = copy.copy(self)
        found.order = later_order(same, self.rows, self.stream_key("key")) if same else self.order
        return found

    @property
    def cardinality(self) -> int:
        """How many numbers there are."""
        return int(9 * 10 ** (self.digits - 1))

    def word(self, source: str, rows: Rows) -> Words:
        if "digits" not in source:
            return super().word(source, rows)
        numbers_ = self.once("number", rows, lambda: self.order.ranks(rows) + np.uint64(10 ** (self.digits - 1)))
        if source != "first digits":
            return words_of_indexes(numbers_ // np.uint64(1000 ** int(source.split()[1])) % np.uint64(1000), 1000)
        size = self.digits % 3 or 3
        first = numbers_ // np.uint64(10 ** (self.digits - size)) - np.uint64(10 ** (size - 1))
        return words_of_indexes(first, 9 * 10 ** (size - 1))

    def row_of(self, values: pa.Array) -> NDArray[np.int64]:
        """The row whose key each value is; -1 where no row's is."""
        found = [re.fullmatch(r"[^0-9]*([0-9]+)(@[a-z.]+)?", text or "") for text in values.to_pylist()]
        lowest = 10 ** (self.digits - 1)
        ranks = [int(match[1]) - lowest if match and len(match[1]) == self.digits else -1 for match in found]
        good = np.array([0 <= rank < self.cardinality for rank in ranks], bool)
        rows: NDArray[np.int64] = np.full(len(ranks), -1, np.int64)
        rows[good] = self.order.row_of(np.array([rank for rank, g in zip(ranks, good, strict=True) if g], np.uint64))
        known = rows >= 0
        made = self.at(rows[known].astype(np.uint64)).to_pylist()
        asked = values.filter(boolean_array(known)).to_pylist()
        rows[known] = np.where([a == b for a, b in zip(made, asked, strict=True)], rows[known], -1)
        return rows


def _digits(company: Company) -> int:
    """How many digits the numbers of a company's keys have."""
    return int({name: low for name, low, _ in company.lengths}.get("digits", 1))


def digits_of(rows: int) -> int:
    """How many digits the numbers of so many keys have: none begins with a zero."""
    return next(digits for digits in range(1, 20) if 9 * 10 ** (digits - 1) >= rows)
