"""This file knows which columns of a table, or of an object in it, speak of one person or place, and so agree.

Those of one `of` do: a given name, an e-mail address, a city. Those whose names say the same, `name` and `full_name`,
do, too; of two that declare the same domain, the first speaks of the company's person, and the other of one of its own.
A column alone in its company is drawn as it would be by itself. Fields that are e-mail addresses by their type, or
phone numbers, join columns with domains.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gen.errors import BadRequest, SchemaError
from gen.schema.domains import ADDRESSES, DOMAIN_KINDS, PLAIN, WORDS, Company, singular
from gen.schema.spec import Column, Table
from gen.synth.agreeing import births, people, places
from gen.synth.agreeing.implied import plainly, with_implied
from gen.synth.agreeing.measured import with_measures
from gen.synth.agreeing.together import SynthesizeTogether, role_of, with_lengths
from gen.synth.formats import known
from gen.synth.synthesizer import synthesizer_of
from gen.synth.texts.domains import DOMAINS, PROSE, domain_of
from gen.synth.texts.locale import COUNTRIES, DEFAULT, WORLD, locale_named
from gen.synth.unlike import refuse_unlike_format

CIRCLES = {"place": places.ROLES, "person": people.ROLES, "birth": births.ROLES}  # where one lives says one's names
_CLASSES: tuple[type[SynthesizeTogether], ...] = (
    people.SynthesizePerson,
    people.SynthesizeSex,
    places.SynthesizePlace,
    places.SynthesizeDegrees,
    places.SynthesizeCode,
    births.SynthesizeBirth,
)
# roles that no synthesizer draws by itself
_NEVER_ALONE = frozenset({"sex", "title", "age", "birth-date"})
_KINDS = DOMAIN_KINDS | {"postcode": ("text", "integer")}  # by its name alone a number
_AGREES_WITH_ANY = frozenset({"street"})  # and needs no company, unless there is a country whose streets it has


@dataclass(frozen=True)
class _Member:
    """A column of a company: its place among its table's, and what it says."""

    place: int
    column: Column
    role: str

    @property
    def by_name(self) -> bool:
        """Whether it declares a domain, and not only a format."""
        return self.column.domain is not None


def in_company(table: Table, rows: int, today: datetime.date) -> Table:
    """The table, in which every column that agrees with others says what they have in common.

    `today`: the day that ages are counted to. Raises SchemaError where columns cannot agree.
    """
    columns: Sequence[Column] = [_parts(table.name, c, rows, today) for c in table.columns]
    if table.whole is None:
        columns = with_measures(with_implied(table.name, columns), today)
    whole = _parts("", table.whole, rows, today) if table.whole else None
    return replace(table, columns=_together(table.name, columns, rows, today), whole=whole)


def _parts(where: str, column: Column, rows: int, today: datetime.date, inside: _Inside | None = None) -> Column:
    """A column whose objects' fields are in company."""
    if not column.parts:
        return column
    inside = inside or _Inside(column.name)
    inside = replace(inside, by_names=inside.by_names and column.check is None)
    here = f"{where}.{column.name}"
    parts: Sequence[Column] = [_parts(here, part, rows, today, inside.of(column, part)) for part in column.parts]
    if column.kind == "object":
        if inside.by_names:
            parts = with_measures(with_implied(inside.called, parts, column.title), today, inside.ordered)
        parts = _together(here, parts, rows, today)
    else:
        if inside.by_names and column.kind in ("list", "map"):
            parts = _items(column, parts, singular(inside.called), today)
        parts = [_together(here, [part], rows, today)[0] for part in parts]
    return replace(column, parts=tuple(parts))


def _items(column: Column, parts: Sequence[Column], called: str, today: datetime.date) -> Sequence[Column]:
    """The item of a list, or the key and the value of a map, as the list's name in the singular says."""
    words = called.rpartition("-")[2] in WORDS
    found = list(parts)
    for place, part in enumerate(parts):
        if part.parts or column.contained or (len(parts) > 1 and place == 0 and not words):
            continue
        named = replace(part, name="tag" if words else called)
        named = with_measures(with_implied("", [named]), today, False)[0]
        found[place] = replace(named, name=part.name, of=part.of)
    if column.unique_items or column.kind == "map":  # of which there may be too few
        try:
            synthesizer_of(replace(column, parts=tuple(found)), "", 1, 0)
        except BadRequest:
            return parts
    return found


@dataclass(frozen=True)
class _Inside:
    """What an object is in. called: what its name says it is: the field's own, of a list's items the list's.

    by_names: whether the names of its plain fields say what they are about; within what a schema checks besides, they
    do not. ordered: whether they say which lies after which, too; of objects in a union not, whose fields are alike.
    """

    called: str
    by_names: bool = True
    ordered: bool = True

    def of(self, column: Column, part: Column) -> _Inside:
        """What a part of a column is in."""
        named = column.kind in ("object", "tuple")
        called = part.name if named else self.called if column.kind == "union" else singular(self.called)
        return _Inside(called, self.by_names, column.kind != "union")


def _together(where: str, columns: Sequence[Column], rows: int, today: datetime.date) -> tuple[Column, ...]:
    result = [replace(c, domain="name") if c.domain and domain_of(c.domain) == "name" else c for c in columns]
    for place, column in enumerate(result):
        _refuse_locale(where, column)
        refuse_unlike_format(where, column)
        result[place] = column if column.implied else plainly(column)
    for of in dict.fromkeys(column.of for column in result):
        circles = {about: _members(result, of, about) for about in CIRCLES}
        locale = _locale(where, [m for members in circles.values() for m in members])
        home: Company | None = None
        for about, members in circles.items():
            for place, column in _agreeing(where, about, members, of, locale, rows, today, home):
                result[place] = column
                if column.company and column.company.about == "place" and column.company.locale == WORLD:
                    home = replace(column.company, path="")
    return tuple(_by_itself(said, column, today) for said, column in zip(columns, result, strict=True))


def _by_itself(said: Column, column: Column, today: datetime.date) -> Column:
    """A column that is in no company: one that no synthesizer draws alone has no domain by its name.

    said: the column before; of a number whose name is no domain here it may be a measure's.
    """
    by_name = column.implied and column.domain is not None and column.company is None
    if by_name and (column.kind != "text" or role_of(column) in _NEVER_ALONE or column.patterns):
        column = plainly(column)
    was_number = said.implied and said.domain is not None and said.kind == "integer"
    return with_measures([column], today, False)[0] if was_number and column.domain is None else column


def _agreeing(
    where: str,
    about: str,
    members: Sequence[_Member],
    of: str | None,
    locale: str | None,
    rows: int,
    today: datetime.date,
    home: Company | None,
) -> list[tuple[int, Column]]:
    """The members of a company; where they cannot agree, those without a domain by their name alone."""
    at_home = about == "person" and home is not None and any(member.by_name for member in members)
    if not at_home and not _agree(members, of, locale):
        return []
    try:
        company = _company(f"{where}.{members[0].column.name}", about, members, locale, today)
        if about == "person" and locale is None:
            company = replace(company, home=home)
        return _joined(where, company, members, rows)
    except SchemaError:
        declared = [member for member in members if not member.column.implied]
        if len(declared) == len(members):
            raise
    plain = [(member.place, plainly(member.column)) for member in members if member.column.implied]
    return [*plain, *_agreeing(where, about, declared, of, locale, rows, today, home)]


def _refuse_locale(where: str, column: Column) -> None:
    """A locale, or somebody it speaks of, says nothing to a column that has no person or place."""
    said = "a locale" if column.locale else "of whom it speaks" if column.of else ""
    name = domain_of(column.domain or "")
    if (
        said
        and not any(name in roles for roles in CIRCLES.values())
        and (name in DOMAINS or name in PROSE or name == PLAIN or known(name))
    ):
        raise SchemaError(
            f"{where}.{column.name}: it says {said}, which the domain {column.domain!r} has not.", hint="Leave it out."
        )


def _members(columns: Sequence[Column], of: str | None, about: str) -> list[_Member]:
    """The columns of a company: one for each role, those with a domain before those with a format.

    By their names there may be several: `dob` is the `birth_date` of the same one, and `town` the `city`.
    """
    members: dict[str, _Member] = {}
    for place, column in enumerate(columns):
        role = role_of(column)
        if column.of != of or role not in CIRCLES[about] or not _may_agree(column, role):
            continue
        said = f"{role} {place}" if column.implied else role
        if said not in members or (column.domain and not members[said].by_name):
            members[said] = _Member(place, column, role)
    if not any(member.role in places.COUNTRY_ROLES for member in members.values()):
        members.pop("currency", None)  # a city alone does not say what is paid with
    return sorted(members.values(), key=lambda member: member.place)


def _may_agree(column: Column, role: str) -> bool:
    """Whether a column is drawn by its domain or format alone: no key that it cannot be, no pattern, no other class."""
    other = column.reference or column.synthesizer or column.provider or column.check
    barred = other or (column.patterns and not column.implied) or (column.key and role not in people.KEYED)
    return not barred and any(kind.takes(column) and _draws(kind, column, role) for kind in _CLASSES)


def _draws(kind: type[SynthesizeTogether], column: Column, role: str) -> bool:
    in_numbers = role in ("latitude", "longitude")
    return (
        role in CIRCLES[kind.about]
        and (column.kind == "number") == in_numbers
        and (column.kind in _KINDS.get(role, ("text",)))
    )


def _agree(members: Sequence[_Member], of: str | None, locale: str | None) -> bool:
    """Whether these columns are a company; a column alone is not, unless it says whose it is."""
    roles = {member.role for member in members}
    if not any(member.by_name for member in members):
        return False
    if of is not None or locale is not None or roles & _NEVER_ALONE:
        return True
    alike = roles if roles & places.COUNTRY_ROLES else roles - _AGREES_WITH_ANY
    again = [member for member in members if member.role not in ADDRESSES]  # of these there are several, or it is twice
    twice = len(again) > len({member.role for member in again})
    return twice or len(alike) > 1 or any(member.column.kind != "text" for member in members)


def _locale(where: str, members: Sequence[_Member]) -> str | None:
    """The locale that a company declares; a person's and that of where they live are one."""
    named = {m.column.locale: m for m in members if m.column.locale}
    if len(named) > 1:
        first, second = list(named.values())[:2]
        raise SchemaError(
            f"{where}.{second.column.name}: its locale is {second.column.locale!r}, and that of {first.column.name}, "
            f"of the same one, {first.column.locale!r}.",
            hint="Give both the same locale, or let one speak of another: Domain(..., of=...).",
        )
    return next((locale_named(f"{where}.{m.column.name}", name) for name, m in named.items() if name), None)


def _company(where: str, about: str, members: Sequence[_Member], locale: str | None, today: datetime.date) -> Company:
    """What these columns have in common, without their lengths."""
    columns = tuple(member.column for member in members)
    path = columns[0].of or "person"
    roles = {member.role for member in members}
    if locale is None:
        abroad = about == "place" and roles & places.COUNTRY_ROLES
        locale = (COUNTRIES if roles <= places.OF_COUNTRIES else WORLD) if abroad else DEFAULT
    company = Company(about, path, locale)
    if about == "birth":
        return replace(company, days=births.days_of(where, columns, today))
    sexes = [column for column in columns if role_of(column) == "sex"]
    sex = max(sexes, key=lambda column: bool(column.weights), default=None)
    return replace(company, women=people.women_of(where, sex)) if about == "person" and sex else company


def _joined(where: str, company: Company, members: Sequence[_Member], rows: int) -> list[tuple[int, Column]]:
    """The members, each with the company as it is in the end, narrowed by all their lengths."""
    if any(member.column.key for member in members):
        digits = float(people.digits_of(rows))
        company = replace(company, lengths=(("digits", digits, digits),))
    stay, left = [], []
    for member in members:
        kinds = [people.SynthesizePersonKey] if member.column.key else _CLASSES
        kind = next(
            k for k in kinds if k.takes(member.column) and (member.column.key or _draws(k, member.column, member.role))
        )
        narrower = _narrowed(kind, member, company)
        if narrower is not None:
            company = narrower
            stay.append(member)
        elif member.column.implied:
            again = member.role in {other.role for other in stay}  # it does not contradict that one if it is another's
            left.append((member.place, member.column if again else plainly(member.column)))
        elif member.by_name and member.role not in _AGREES_WITH_ANY:
            raise SchemaError(
                f"{where}.{member.column.name}: no {member.role} within its lengths or bounds agrees with the others "
                "of the same one.",
                hint="Widen them, or let it speak of another: Domain(..., of=...).",
            )
    return [*left, *((member.place, replace(member.column, company=company)) for member in stay)]


def _narrowed(kind: type[SynthesizeTogether], member: _Member, company: Company) -> Company | None:
    column = member.column
    if column.patterns and company.locale != DEFAULT:
        return None  # they were compared with what is drawn there
    if column.kind == "integer" and member.role == "postcode":
        return places.with_numbers(column, company)
    if column.kind != "number":
        cut = with_lengths(kind, column, company)
        return None if cut is None or (cut.about == "place" and not places.kept_places(cut)[0]) else cut
    low = -180.0 if column.minimum is None else float(column.minimum)  # type: ignore[arg-type]
    high = 180.0 if column.maximum is None else float(column.maximum)  # type: ignore[arg-type]
    narrower = replace(company, lengths=(*company.lengths, (member.role, low, high)))
    return narrower if places.kept_places(narrower)[0] else None
