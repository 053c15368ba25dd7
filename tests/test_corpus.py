"""Proves that what a Pydantic model or JSON Schema can declare gives valid rows, or is refused with a sentence."""

from __future__ import annotations

from collections import Counter

import pytest
from jsonschema import Draft202012Validator

from corpus.check import TABLE, check_field, check_schema, complaint, judge_instances, judge_values, outcome
from corpus.documents import NOTHING, Document
from corpus.entries import FIELD, Entry
from corpus.fields import FIELDS
from corpus.schemas import SCHEMAS

# The corpus holds every type of Pydantic, and this one is drawn as long as it is there.
pytestmark = pytest.mark.filterwarnings(
    "ignore:The `PaymentCardNumber` class is deprecated:pydantic.warnings.PydanticDeprecatedSince20"
)
ROWS = 64
BY_NAME = {entry.name: entry for entry in FIELDS}


def named(entries):
    return [pytest.param(entry, id=f"{entry.subject}: {entry.name}") for entry in entries]


def has_example(entry: Entry) -> bool:
    return entry.example is not ... and entry.example != {FIELD: ...}


# -- gen ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", named(FIELDS))
def test_a_field_gives_valid_rows_or_a_sentence(entry: Entry) -> None:
    assert not complaint(entry, entry.model.__name__, ROWS, check_field(entry, ROWS))


@pytest.mark.parametrize("document", named(SCHEMAS))
def test_a_json_schema_gives_valid_rows_or_a_sentence(document: Document) -> None:
    assert not complaint(document, TABLE, ROWS, check_schema(document, ROWS))


# -- the corpus itself --------------------------------------------------------------------------------------------


def test_the_corpus_is_large_and_every_name_is_its_own() -> None:
    assert len(FIELDS) >= 180
    assert len(SCHEMAS) >= 200
    for entries in (FIELDS, SCHEMAS):
        assert not [name for name, times in Counter(entry.name for entry in entries).items() if times > 1]
        assert sum(entry.refused is not False for entry in entries) < len(entries) / 8


@pytest.mark.parametrize("entry", named(entry for entry in FIELDS if has_example(entry)))
def test_an_example_of_a_field_is_accepted_and_judged_valid(entry: Entry) -> None:
    assert judge_instances(entry, [entry.model.model_validate(entry.example)]) == [""]


def test_a_field_without_an_example_is_to_be_refused() -> None:
    assert {entry.refused for entry in FIELDS if not has_example(entry)} == {True}


@pytest.mark.parametrize("document", named(SCHEMAS))
def test_a_json_schema_is_one_and_tells_its_examples_apart(document: Document) -> None:
    Draft202012Validator.check_schema(document.schema)
    assert (document.example is NOTHING) == (document.refused is True)
    if document.example is not NOTHING:
        assert judge_values(document.schema, [document.example]) == [""]
    if document.counterexample is not NOTHING:
        assert judge_values(document.schema, [document.counterexample]) != [""]


# -- the judge ----------------------------------------------------------------------------------------------------


def test_a_row_that_was_never_validated_is_found_out() -> None:
    entry = BY_NAME["int ge le"]
    good, bad = entry.model(x=3), entry.model.model_construct(x=7)
    reasons = judge_instances(entry, [good, bad, {"x": 3}])
    assert [bool(reason) for reason in reasons] == [False, True, True]
    seen = outcome([good, bad], reasons[:2], 0.0)
    assert (seen.rows, seen.valid, seen.varied) == (2, 1, True)
    assert "1 of 2 rows" in complaint(entry, "Thing", 2, seen)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), (1, 2), {1: 2}, {1, 2}, b"a", None])
def test_a_value_that_json_does_not_have_is_not_valid(value: object) -> None:
    assert bool(judge_values(True, [value])[0]) == (value is not None)


def test_formats_are_asserted() -> None:
    formats = {d.schema["format"] for d in SCHEMAS if isinstance(d.schema, dict) and "format" in d.schema}
    assert formats >= set(Draft202012Validator.FORMAT_CHECKER.checkers) >= {"uri", "iri", "duration", "idn-hostname"}


@pytest.mark.parametrize(
    ("refused", "rows", "distinct", "expected"),
    [
        (False, [1, 2], True, ""),
        (False, [1, 1], True, "all rows are equal"),
        (False, [1, 1], False, ""),
        (False, [1], False, "1 rows instead of 2"),
        (True, [1, 2], True, "2 rows of what can have none"),
        (None, [1, 2], True, ""),
    ],
)
def test_what_an_entry_expects_is_compared_with_what_came(refused, rows, distinct, expected) -> None:
    document = Document("", "", True, 1, refused=refused, constant=not distinct)
    assert complaint(document, "Thing", 2, outcome(rows, [""] * len(rows), 0.0)) == expected
