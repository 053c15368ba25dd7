"""This file knows what a column is, in words."""

from __future__ import annotations

from gen.schema.facts import said_transforms, without_transforms
from gen.schema.spec import Column

_LONGEST_SHOWN = 40  # characters of a pattern


def in_words(column: Column) -> str:
    """What a column is, in words."""
    own = without_transforms(column).patterns
    one = column.kind == "choice" and len(column.choices) == 1
    facts = [f"{column.kind} of one value" if one else column.kind]
    for said, what in (
        (column.derived or column.function, "that is computed"),
        (column.after, f"that lies after {column.after.field}" if column.after else ""),
        (column.depends_on, f"that depends on {', '.join(column.depends_on)}"),
        (column.given, f"that is given {column.given}"),
        (column.check, "with a schema that values are checked by"),
        (column.judge, "that its model's validators judge"),
        (own, f"with the pattern{'s' * (len(own) > 1)} {' and '.join(map(_shortened, own))}"),
        *((said, said) for said in said_transforms(column)),
        (column.format, f"of the format {column.format!r}"),
        (column.stored == "json", "as JSON text"),
    ):
        facts += [what] if said else []
    facts += [f"that copies {'.'.join(column.copied)}"] if column.copied else []
    facts += [f"that numbers the rows of one {column.ordinal.reference}"] if column.ordinal else []
    facts += [f"that is {column.aggregate}"] if column.aggregate else []
    if column.reference:
        facts.append(f"that refers to {column.reference}")
    facts += [f"of the domain {column.domain!r}"] if column.domain else []
    facts += [f"by its name {column.name!r}"] if column.implied else []
    if column.provider:
        facts.append(f"of Faker's {column.provider.name!r}")
    if column.company:
        whom = column.company.path if column.of else f"the row's {column.company.about}"
        facts.append(f"that speaks of {whom}")
    if column.key:
        facts.append("that is a primary key" if column.key.primary else "that is unique")
    return " ".join(facts)


def _shortened(pattern: str) -> str:
    """A pattern as a reader sees it, of a long one its beginning."""
    return repr(pattern) if len(pattern) <= _LONGEST_SHOWN else f"{pattern[:_LONGEST_SHOWN]!r}..."
