"""Proves that formats are asserted wherever a schema is checked, as jsonschema's format checker judges them."""

import warnings

import pytest
from jsonschema import Draft202012Validator

from gen import Schema
from gen.schema.formats import APART, JUDGED, format_checker
from test_json_schema import NULL, distinct, rows_of, thing


def text(name, **more):
    return {"type": "string", "format": name, **more}


def texts(schema, rows):
    """So many texts of a schema, as JSON has them."""
    made = Schema()
    made.add(thing(x=schema), rows, name="Thing")
    source = made.table("Thing").source
    return [value[1:-1] for value in source.columns["x"].json(source.at(range(rows)).column(0)).to_pylist()]


@pytest.fixture(scope="module")
def pool():
    """Texts of every format and of none."""
    found = texts({"type": "string"}, 40) + texts({"type": "string", "maxLength": 3}, 40)
    for name in sorted(JUDGED):
        found += texts(text(name), 10)
    return [*found, "", "P", "PT", "-a", "a-", "/~", "/~2", "01#", "0#", "2024-02-30T00:00:00Z", "{a", "{a}", "a:b"]


@pytest.mark.parametrize("name", sorted(JUDGED))
def test_a_format_is_judged_as_jsonschema_and_its_packages_do(name, pool):
    theirs, mine = Draft202012Validator.FORMAT_CHECKER, format_checker()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of texts that are hardly regular expressions
        for value in [*pool, None, 3]:
            assert mine.conforms(value, name) == theirs.conforms(value, name), value
    taken = [value for value in pool if mine.conforms(value, name)]
    assert len(taken) >= 10
    if name in APART:
        assert not any(mine.conforms(value, other) for value in taken for other in APART - {name})


def test_all_formats_that_jsonschema_judges_are_judged():
    assert set(Draft202012Validator.FORMAT_CHECKER.checkers) <= JUDGED


BRANCHES = {
    "addresses": {"oneOf": [text("ipv4"), text("ipv6")]},
    "times": {"oneOf": [text("date"), text("date-time")]},
    "times or none": {"oneOf": [text("date"), text("date-time"), NULL]},
    "mail or web": {"oneOf": [text("email"), text("uri")]},
    "no mail": {"type": "string", "not": {"format": "email"}},
    "no web address": {"type": "string", "not": {"format": "uri"}},
    "two that overlap": {"anyOf": [text("uri"), text("email")], "not": {"format": "email"}},
}


@pytest.mark.parametrize("name", BRANCHES)
def test_branches_that_formats_tell_apart_are_drawn(name):
    assert len(distinct(rows_of(thing(x=BRANCHES[name])))) > 150
