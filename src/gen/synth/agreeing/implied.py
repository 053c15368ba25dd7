"""This file knows which domain a plain field has by its name alone: `email`, `zip_code`, `billingCity`.

A field is plain where its declaration says nothing of its content but how long it is, or within which bounds; a
postcode may have a pattern that all those drawn match. Columns whose names have the same prefix speak of the same one.
Where a domain cannot meet the declaration, where a synthesizer of the user's own draws such columns, or where a name
may mean something else, the field stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from gen.errors import SchemaError
from gen.schema import domains
from gen.schema.domains import AMBIGUOUS_NAMES, AMBIGUOUS_NUMBERS, PLAIN, Ambiguous, field_key, names_that_imply
from gen.schema.facts import case_of, in_case_of, without_transforms
from gen.schema.spec import Column
from gen.synth.agreeing import births, people, places
from gen.synth.agreeing.together import role_of
from gen.synth.synthesizer import find_synthesizer, synthesizer_of
from gen.synth.texts.domains import PROSE, domain_of

_ABOUT_PEOPLE = people.ROLES | births.ROLES
_ABOUT_SOMEBODY = _ABOUT_PEOPLE | places.ROLES
BOUNDS = frozenset({"minimum", "maximum", "minimum_excluded", "maximum_excluded"})
# kind -> the facts that a plain column of it may have
_PLAIN_FACTS: dict[str, frozenset[str]] = {
    "text": frozenset({"min_length", "max_length"}),
    "choice": frozenset({"choices"}),
    "integer": BOUNDS,
    "number": BOUNDS,
    "date": BOUNDS | {"relative"},
    "datetime": BOUNDS | {"relative", "zoned"},
}
_WITH_PATTERN = {"text": _PLAIN_FACTS["text"] | {"patterns"}}
_ANYTHING = r"[\s\S]"  # a pattern that every text but the empty one matches
_OF_BIRTH = "-of-birth"
_NOT_OF_CONTENT = frozenset({"name", "kind", "nulls", "null_value", "may_be_absent", "when", "noise"})
_NAMED = frozenset({"given-name", "surname", "name"})  # what only a person has
_HIDDEN = frozenset({"encrypted", "hash", "hashed", "masked", "token"})  # texts that are none, by their prefix


@dataclass(frozen=True)
class _Reading:
    """What a name says: a domain, or one that depends on the others beside it; `of`: the prefix."""

    says: str | Ambiguous
    of: str | None = None

    @property
    def domain(self) -> str:
        return self.says.domain if isinstance(self.says, Ambiguous) else self.says


def with_implied(container: str, columns: Sequence[Column], title: str | None = None) -> list[Column]:
    """The columns of a table, or of an object in it, each plain one with the domain that its name implies.

    `container`: the name of that table or object, which says whether `name` is a firm's or a product's.
    title: what the object's model is called, which says so where that does not.
    """
    read = [_reading(field_key(column.name), column.kind) for column in columns]
    said = {place: found for place, found in enumerate(read) if found and _may_say(columns[place], found)}
    said = {place: replace(found, of=_whose(found, said.values())) for place, found in said.items()}
    roles = {(column.of, role_of(column)) for column in columns}
    roles |= {(found.of, domain_of(found.says)) for found in said.values() if isinstance(found.says, str)}
    result = list(columns)
    for place, found in said.items():
        domain = _decided(
            found,
            container if domains.name_in(container) else title or container,
            {role for of, role in roles if of == found.of},
        )
        for name in (domain, *domains.SHORTER.get(domain, ())) if domain else ():
            if _fits(columns[place], name):
                result[place] = _of_domain(columns[place], name, found.of if name in _ABOUT_SOMEBODY else None)
                break
    return result


def plainly(column: Column) -> Column:
    """The column without a domain that its name implied, and without one that says it is to have none."""
    if column.implied or domain_of(column.domain or "") == PLAIN:
        patterns = in_case_of(column.case) if column.implied and column.case else column.patterns
        case = None if column.implied else column.case
        return replace(column, domain=None, of=None, implied=False, case=case, patterns=patterns)
    return column


@lru_cache(maxsize=4096)
def _reading(key: str, kind: str) -> _Reading | None:
    """What a name says, whole or after a prefix."""
    ambiguous = {"text": AMBIGUOUS_NAMES, "integer": AMBIGUOUS_NUMBERS}.get(kind, {})
    names: dict[str, str | Ambiguous] = {**names_that_imply(kind), **ambiguous}
    if key in names:
        return _Reading(names[key])
    if key.endswith(_OF_BIRTH):  # `country_of_birth` is no country of the row's
        return _reading(f"birth-{key.removesuffix(_OF_BIRTH)}", kind)
    words = key.split("-")
    for count in range(1, len(words)):
        prefix, rest = "-".join(words[:count]), "-".join(words[count:])
        if rest == "name" and prefix in domains.FIRMS:
            return _Reading("company")
        if rest in names and prefix not in _HIDDEN and _may_precede(prefix, found := _Reading(names[rest])):
            return replace(found, of=prefix) if found.domain in _ABOUT_SOMEBODY else found
    return None


def _may_precede(prefix: str, found: _Reading) -> bool:
    if found.domain in domains.ANY_PREFIX | domains.ADDRESSES:
        return True
    if found.domain in _ABOUT_PEOPLE:
        return prefix in domains.SOMEBODY
    return found.domain in places.ROLES and prefix in domains.SOMEBODY | domains.FIRMS | domains.SOMEWHERE


def _whose(found: _Reading, all_: Iterable[_Reading]) -> str | None:
    """Of whom it speaks: `work_email` is the row's person's, unless there is a `work_name`, too.

    `contact_email` is so only where the row itself is of a person: the contact of an office is another.
    """
    if found.domain not in domains.ADDRESSES or found.of not in domains.WHICH:
        return found.of
    all_ = list(all_)
    if found.of in domains.SOMEBODY and not any(other.of is None and other.says in _NAMED for other in all_):
        return found.of
    alike = _ABOUT_PEOPLE if found.domain == "email" else _ABOUT_SOMEBODY
    beside = (other for other in all_ if other.of == found.of)
    return found.of if any(other.domain in alike - domains.ADDRESSES for other in beside) else None


def _decided(found: _Reading, container: str, beside: set[str]) -> str | None:
    """The domain, of a name that may mean several the one that the others beside it say."""
    says = found.says
    if isinstance(says, str):
        return says
    if says.domain == "name":
        if found.of:
            return "name"
        if domain := domains.name_in(container):
            return domain
    if says.domain == "title" and found.of and not beside & says.beside:
        return "job"  # of a contact who has a name as a whole
    return says.domain if beside & says.beside else says.otherwise


def is_plain(column: Column, facts_of: Mapping[str, frozenset[str]]) -> bool:
    """Whether a column says nothing of its content but such facts as its kind may have, and no class is for it."""
    allowed = facts_of.get(column.kind, frozenset()) | _NOT_OF_CONTENT
    facts, said = Column.__dataclass_fields__, without_transforms(column)
    if any(name not in allowed and getattr(said, name) != facts[name].default for name in facts):
        return False
    return find_synthesizer(column, column.name).__module__.startswith("gen.")


def _may_say(column: Column, found: _Reading) -> bool:
    """Whether a column may be what its name says: a plain one, or one with a pattern that fits."""
    if is_plain(column, _PLAIN_FACTS):
        return True
    domains_ = (found.domain, *domains.SHORTER.get(found.domain, ()))
    return is_plain(column, _WITH_PATTERN) and any(_fits(column, domain) for domain in domains_)


def _matches_all(column: Column, domain: str) -> bool:
    """Whether every text of the domain, by itself, matches the column's patterns and has its lengths."""
    if domain not in domains.PATTERNED or case_of(column):
        return False
    any_ = Column(column.name, "text", domain=domain, patterns=(_ANYTHING,))
    try:
        mine, all_ = (synthesizer_of(c, "", 1, 0) for c in (replace(column, domain=domain), any_))
    except SchemaError:
        return False
    return mine.cardinality == all_.cardinality


def _fits(column: Column, domain: str) -> bool:
    """Whether there are texts of that domain within the column's lengths, or days and numbers within its bounds."""
    if column.kind == "choice":
        women, men, _ = people.sexes_of(column)
        return not column.stored and len(women) == len(men) == 1
    if column.kind != "text":
        return domain != "age" or births.has_ages(column)
    if without_transforms(column).patterns:
        return _matches_all(column, domain)
    if column.min_length is None and column.max_length is None:
        return True
    if column.max_length is not None and column.max_length < domains.LEAST_ROOM.get(domain, 1):
        return False
    if domain in ("sex", "title"):
        return True  # they have no texts of their own; a company sees to their lengths
    try:
        synthesizer_of(_said(column, domain), "", 1, 0)
    except SchemaError:
        return False
    return True


def _of_domain(column: Column, domain: str, of: str | None) -> Column:
    if domain in PROSE and column.max_length and not column.noise:  # room for a book is no wish for one
        longest = max(PROSE[domain][1], column.min_length or 0)
        column = replace(column, max_length=min(column.max_length, longest))
    return replace(_said(column, domain), of=of, implied=True)


def _said(column: Column, domain: str) -> Column:
    """The plain column with a domain, put into the case that its model gives it."""
    return replace(without_transforms(column), domain=domain, case=case_of(column))
