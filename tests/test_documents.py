"""Proves that what the documents say of markers is so: each reads, and means the same as the JSON beside it."""

import json
import re
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field, create_model

import gen
from columns import source
from gen.errors import SchemaError
from gen.schema.distributions import Law
from gen.schema.domains import AMBIGUOUS_NAMES, FIELD_NAMES, field_key, names_that_imply
from gen.schema.markers import Marker
from gen.schema.measures import MEASURES, PAIRS, PERIODS
from gen.synth.agreeing import births, people, places
from gen.synth.formats import ALIASES as FORMAT_ALIASES
from gen.synth.formats import FORMATS, format_named, known
from gen.synth.texts.domains import ALIASES as DOMAIN_ALIASES
from gen.synth.texts.domains import DOMAINS, PROSE, domain_of

DOCUMENTS = Path(__file__).parents[1] / "docs"
_PAIR = re.compile(r"^\| `(\w+\(.*?\))` \| `(\{.*?\})` \|", re.MULTILINE)
NAMES = {name: getattr(gen, name) for name in gen.__all__} | {"timedelta": timedelta}


def pairs(document: str) -> list[tuple[str, str]]:
    """The markers of a document's tables, each with its form in JSON."""
    found: list[tuple[str, str]] = _PAIR.findall((DOCUMENTS / document).read_text())
    return found


def subclasses(kind: Any) -> set[str]:
    return {name for each in kind.__subclasses__() for name in {each.__name__, *subclasses(each)}}


@pytest.mark.parametrize(("marker", "written"), [*pairs("laws.md"), *pairs("fields.md"), *pairs("relations.md")])
def test_a_marker_and_its_json_are_the_same(marker, written):
    assert eval(marker, NAMES).facts() == json.loads(written)


def test_every_law_and_every_marker_is_in_its_table():
    laws = {marker.partition("(")[0] for marker, _ in pairs("laws.md")}
    assert subclasses(Law) | {"Lengths"} == laws
    markers = {marker.partition("(")[0] for name in ("fields.md", "relations.md") for marker, _ in pairs(name)}
    assert {name for name in subclasses(Marker) if name[0] != "_"} - subclasses(Law) - {"Law"} <= markers


class Measured(BaseModel):
    number: int
    time: datetime


BOUNDS: dict[str, Any] = {
    "number": {"ge": 0, "le": 300},
    "time": {"ge": datetime(1970, 1, 1), "lt": datetime(1980, 1, 1)},
}
OF_TIMES = ("Series", "Calendar", "VonMises")


@pytest.mark.parametrize(("marker", "written"), [pair for pair in pairs("laws.md") if "Lengths" not in pair[0]])
def test_a_law_as_documented_draws_the_same_values_in_both_forms(marker, written):
    name = "time" if marker.startswith(OF_TIMES) else "number"
    kind = Measured.model_fields[name].annotation
    in_python = create_model("Thing", x=(Annotated[kind, Field(**BOUNDS[name]), eval(marker, NAMES)], ...))
    in_json = create_model(
        "Thing", x=(Annotated[kind, Field(**BOUNDS[name], json_schema_extra=json.loads(written))], ...)
    )
    values = []
    for model in (in_python, in_json):
        schema = gen.Schema()
        schema.add(model, 40)
        values.append(schema.table("Thing").arrow(0, 40))
    assert values[0].equals(values[1])
    assert len(values[0]) == 40


# -- domains ----------------------------------------------------------------------------------------------------

CIRCLES = {"People": people.ROLES, "Places": places.ROLES, "Ages": births.ROLES}
BY_NAMES = "Names of plain fields"
OF_NUMBERS = "Plain numbers"
OF_TIMES_BY_NAME = "Plain dates and times"
IN_ORDER = "Plain fields in order"
NO_DOMAINS = (BY_NAMES, OF_NUMBERS, OF_TIMES_BY_NAME, IN_ORDER)


def tables() -> dict[str, dict[str, list[list[str]]]]:
    """Section -> the first cell of each row of its table -> what the other cells have in backticks."""
    found: dict[str, dict[str, list[list[str]]]] = {}
    for section in (DOCUMENTS / "domains.md").read_text().split("\n## ")[1:]:
        rows = [re.split(r" ?(?<!\\)\| ?", line)[1:-1] for line in section.splitlines() if line.startswith("| `")]
        listed = {row[0].strip("`"): [re.findall("`([^`]+)`", cell) for cell in row[1:]] for row in rows}
        found[section.partition("\n")[0]] = listed
    return found


def documented() -> dict[str, list[list[str]]]:
    """Domain -> an example, its other names, the names of fields that imply it."""
    return {name: row for section, rows in tables().items() if section not in NO_DOMAINS for name, row in rows.items()}


def test_every_domain_is_in_its_table():
    every = {*DOMAINS, *PROSE, *FORMATS}
    assert {name for name in every if domain_of(name) == name} | {r for rs in CIRCLES.values() for r in rs} == set(
        documented()
    )
    for section, roles in CIRCLES.items():
        assert set(tables()[section]) == roles
    other = {name: domain for name, domain in {**DOMAIN_ALIASES, **FORMAT_ALIASES}.items() if domain != "plain"}
    assert {name: domain for domain, (_, names, _) in documented().items() for name in names} == other


@pytest.mark.parametrize("domain", sorted(documented()))
def test_a_domain_is_drawn_and_its_example_is_like_it(domain):
    kind = {"age": int, "birth-date": date, "latitude": float, "longitude": float}.get(domain, str)
    drawn = source(30, x=Annotated[kind, gen.Domain(domain)]).at(range(30)).column(0).to_pylist()
    assert len(set(drawn)) > 1
    (example,), pattern = documented()[domain][0], format_named(domain).pattern if known(domain) else None
    if kind is str and pattern and all(re.fullmatch(pattern, t) for t in drawn) and not example.endswith(" ..."):
        assert re.fullmatch(pattern, example)


def test_every_name_that_implies_a_domain_is_in_the_tables():
    implied = {(name, domain) for kind in FIELD_NAMES for name, domain in names_that_imply(kind).items()}
    found = {(field_key(name), domain) for domain, (_, _, names) in documented().items() for name in names}
    assert found == implied
    ambiguous = {field_key(name): row for name, row in tables()[BY_NAMES].items()}
    for name, meant in AMBIGUOUS_NAMES.items():
        assert ambiguous[name] == [sorted(meant.beside), [meant.domain], [meant.otherwise] if meant.otherwise else []]
    assert ambiguous.keys() == AMBIGUOUS_NAMES.keys()


def lines_of(section: str) -> list[str]:
    text = (DOCUMENTS / "domains.md").read_text().partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return [line for line in text.splitlines() if line.startswith("| `")]


def in_backticks(names: str) -> str:
    return ", ".join(f"`{name.replace('-', '_')}`" for name in names.split())


def test_every_name_that_says_a_range_is_in_its_table():
    kinds = {"integer": "int", "number": "float", "decimal": "Decimal"}
    lines = []
    for measure in MEASURES:
        names = in_backticks(measure.names) + " alone" * measure.alone
        of = "any" if len(measure.kinds) == 3 else ", ".join(kinds[kind] for kind in measure.kinds)
        names += " of a person" * measure.of_person
        most = "the year of `--as-of`" if measure.most is None else f"{measure.most:,}"
        least = f"{measure.least:,}"
        if measure.years:
            least, most = "the year of `--as-of`", f"{measure.most:,} on"
        step = f", by {measure.step:f}".rstrip("0") if measure.step and measure.kinds != ("integer",) else ""
        parameters = ", ".join(f"{name}={value:g}" for name, value in measure.law.parameters)
        law = f"{measure.law.name}({parameters})" if parameters else measure.law.name
        lines.append(f"| {names} | {of} | {least} to {most}{step} | {law} |")
    assert lines_of(OF_NUMBERS) == lines


def test_every_name_that_says_a_period_or_an_order_is_in_its_table():
    assert lines_of(OF_TIMES_BY_NAME) == [f"| {in_backticks(p.names)} | {p.first:,} | {p.last:,} |" for p in PERIODS]
    assert lines_of(IN_ORDER) == [
        f"| `{p.earlier.replace('-', '_')}` | `{p.later.replace('-', '_')}` | "
        f"{'' if p.within is None else f'{p.within:g}'} | {'yes' if p.of_numbers else ''} |"
        for p in PAIRS
    ]


def test_a_domain_that_is_not_there_is_offered_any_that_is_like_it():
    for wrong, right in (
        ("titel", "title"),
        ("birthdate", "birth-date"),
        ("langitude", "longitude"),
        ("emial", "email"),
    ):
        with pytest.raises(SchemaError) as refused:
            source(9, x=Annotated[str, gen.Domain(wrong)])
        assert right in (refused.value.hint or "")
