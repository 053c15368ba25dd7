"""Proves that what the documents say of markers is so: each reads, and means the same as the JSON beside it."""

import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field, create_model

import gen
from gen.schema.distributions import Law
from gen.schema.markers import Marker

DOCUMENTS = Path(__file__).parents[1] / "docs"
_PAIR = re.compile(r"^\| `(\w+\(.*?\))` \| `(\{.*?\})` \|", re.MULTILINE)
NAMES = {name: getattr(gen, name) for name in gen.__all__} | {"timedelta": timedelta}


def pairs(document: str) -> list[tuple[str, str]]:
    """The markers of a document's tables, each with its form in JSON."""
    found: list[tuple[str, str]] = _PAIR.findall((DOCUMENTS / document).read_text())
    return found


def subclasses(kind: Any) -> set[str]:
    return {name for each in kind.__subclasses__() for name in {each.__name__, *subclasses(each)}}


@pytest.mark.parametrize(("marker", "written"), [*pairs("laws.md"), *pairs("fields.md")])
def test_a_marker_and_its_json_are_the_same(marker, written):
    assert eval(marker, NAMES).facts() == json.loads(written)


def test_every_law_and_every_marker_is_in_its_table():
    laws = {marker.partition("(")[0] for marker, _ in pairs("laws.md")}
    assert subclasses(Law) | {"Lengths"} == laws
    markers = {marker.partition("(")[0] for marker, _ in pairs("fields.md")}
    assert subclasses(Marker) - subclasses(Law) - {"Law"} <= markers


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
