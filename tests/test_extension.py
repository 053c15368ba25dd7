"""The `x-gen` block of a document says what words beside `type` say, and is refused in words where it is neither."""

import datetime
import json
from typing import Annotated

import pytest
from pydantic import BaseModel

from gen import Derived, Nulls, When
from gen.errors import SchemaError
from gen.schema.facts import FACTS
from gen.schema.json_schema.documents import documents_of
from gen.schema.json_schema.extension import read_block
from gen.schema.json_schema.from_json_schema import table_from_schema
from gen.schema.json_schema.to_json_schema import schema_of_table
from gen.schema.models.from_pydantic import table_from_model
from gen.schema.spec import COLUMN_DEFAULTS

INTEGER = {"type": "integer"}
TEXT = {"type": "string"}
MAYBE = {"type": ["integer", "null"]}
LISTED = {"enum": ["a", "b"]}
NORMAL = {"name": "normal", "mean": 30, "deviation": 10}
# as docs/fields.md lists them
SAID = [
    (INTEGER, {"distribution": NORMAL}),
    (INTEGER, {"distribution": "zipf"}),
    (INTEGER, {"distribution": {"name": "mixture", "weights": [1, 2], "parts": [NORMAL, {"name": "zipf"}]}}),
    (TEXT, {"lengths": {"name": "poisson", "mean": 8}}),
    (LISTED, {"weights": {"a": 9, "b": 1}}),
    (LISTED, {"weights": [9, 1]}),
    ({"type": "boolean"}, {"weights": {"true": 9, "false": 1}}),
    (MAYBE, {"nulls": 0.2}),
    ({}, {"nulls": 0.2}),
    (TEXT, {"nulls": {"rate": 0.1, "value": "999-99-9999"}}),
    (TEXT, {"domain": {"name": "city", "locale": "de"}}),
    (TEXT, {"domain": "city"}),
    (TEXT, {"faker": {"provider": "company", "locale": "de_DE", "pool": 5000}}),
    (TEXT, {"faker": "company"}),
    ({"type": "string", "format": "uuid"}, {"stored": "text"}),
    (TEXT, {"synthesizer": "SynthesizeSku"}),
    (INTEGER, {"derived": "a * 2"}),
    (MAYBE, {"derived": "a * 2"}),
    (INTEGER, {"after": {"field": "a", "within": 30}}),
    (INTEGER, {"after": "a"}),
    (MAYBE, {"when": "a > 1"}),
    (INTEGER, {"depends_on": "a"}),
    (INTEGER, {"depends_on": {"fields": ["a"]}}),
    (LISTED, {"depends_on": {"fields": ["a"], "values": {"1": "a", "2": "b"}}}),
    (INTEGER, {"given": {"field": "a", "cases": {"1": {"distribution": NORMAL}}}}),
    (TEXT, {"given": {"field": "a", "cases": {"1": {"domain": "city"}}}}),
    (INTEGER, {"correlated": {"a": 0.7}}),
    (INTEGER, {"noise": 0.1}),
    (TEXT, {"noise": {"null": 0.01, "too_long": 0.001}}),
    (INTEGER, {"sql": {"key": "primary", "order": "scattered"}}),
    (INTEGER, {"sql": {"key": "foreign", "reference": "Customer.id"}}),
    (TEXT, {"alphabet": "xyz"}),
]


def table(schema, **others):
    properties = {"p": schema, "a": INTEGER, **others}
    return table_from_schema({"type": "object", "properties": properties, "required": [*properties]}, "Thing")


@pytest.mark.parametrize(("schema", "facts"), SAID)
def test_a_block_says_what_the_words_beside_the_type_say_and_is_written_so_that_it_comes_back(schema, facts):
    beside, within = table(schema | facts), table(schema | {"x-gen": facts})
    assert within == beside != table(schema)
    assert table_from_schema(json.loads(json.dumps(schema_of_table(within))), "Thing") == within


@pytest.mark.parametrize("written", [{"x-gen": {"distribution": NORMAL}}, {"distribution": NORMAL}])
def test_a_branch_of_anyOf_has_what_is_said_of_it(written):
    column = table({"anyOf": [INTEGER | written, TEXT]}).column("p")
    assert column.parts[0].distribution == table(INTEGER | written).column("p").distribution
    (nullable,) = [c for c in table({"anyOf": [INTEGER | written, {"type": "null"}]}).columns if c.name == "p"]
    assert nullable.distribution == column.parts[0].distribution and nullable.nulls
    inside = {"anyOf": [{"oneOf": [INTEGER | written, {"type": "boolean"}]}, TEXT]}
    assert [part.distribution for part in table(inside).column("p").parts].count(nullable.distribution) == 1


def test_a_share_of_nulls_beside_a_condition_comes_back():
    class Thing(BaseModel):
        a: int
        sometimes: Annotated[int | None, When("a > 5"), Nulls(0.05)]
        twice: Annotated[int | None, Derived("a * 2"), Nulls(0.05)]

    declared = table_from_model(Thing)
    again = table_from_schema(json.loads(json.dumps(schema_of_table(declared))), "Thing")
    assert again.columns == declared.columns


WRONG = [7, -1.5, True, "", [], ["x"], [1], [["a", 1, 2]], [{}], [None], {}, {"a": "b"}, {"a": []}, {"name": []}, None]
WRONG += [{"name": "normal", "mean": "x"}, {"field": "a", "cases": 3}, {"field": "a", "cases": {"1": {"domain": 3}}}]
WRONG += [{"decimal": "x"}, {"date": "x"}, {"rate": "x"}, {"key": []}, {"parts": [3]}, {"provider": 3}]
# what may well be said by that name; a null takes back what the plain schema says
_EMPTY = "parts choices undrawn values contained depends_on correlated noise patterns unique"
_FLAGS = "minimum_excluded maximum_excluded zoned unique_items as_python may_be_absent implied null_value keep"
_COUNTS = "max_digits decimal_places min_length max_length version multiple_of minimum maximum null_value"
_NAMES = "title format judge function locale of distribution lengths faker synthesizer after depends_on null_value"
TAKEN = [([], _EMPTY), (True, _FLAGS), (7, _COUNTS), (-1.5, "minimum maximum null_value"), ("", _NAMES)]
TAKEN += [({}, "noise sql"), (["x"], "patterns depends_on unique"), (None, "nulls stored")]


@pytest.mark.parametrize("name", sorted({*FACTS, *COLUMN_DEFAULTS}))
def test_a_fact_of_another_shape_is_refused_in_words(name):
    for wrong in WRONG:
        if any(repr(wrong) == repr(taken) and name in names.split() for taken, names in TAKEN):
            continue
        if wrong is None and name not in FACTS:
            continue
        for said in [{"x-gen": {name: wrong}}, *([{name: wrong}] if name in FACTS else [])]:
            with pytest.raises(SchemaError, match=r"Thing\.p") as caught:
                table(INTEGER | said)
            assert caught.value.hint, said


REFUSED = {
    "a kind that bounds do not suit": ({"minimum": {"date": "2020-01-01"}}, "minimum = datetime.date"),
    "no choices": ({"kind": "choice"}, "no choices"),
    "a list of nothing": ({"kind": "list"}, "0 parts"),
    "a part without a name": ({"kind": "list", "parts": [{"kind": "integer"}]}, "parts = "),
    "a part that is none": ({"kind": "list", "parts": [{"name": "item", "kind": "integer", "minimum": "x"}]}, "parts"),
    "a number as text": ({"stored": "text"}, "stored = 'text'"),
    "a case of nothing": ({"given": "a"}, "no cases"),
    "no date": ({"kind": "date", "minimum": {"date": "2020-13-01"}}, "minimum = "),
    "a misspelt fact": ({"distributionn": "zipf"}, "'distributionn'"),
    "a dirt that there is none of": ({"noise": [["grime", 0.1]]}, "noise is"),
    "what a plan fills in": ({"company": {}}, "'company'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_block_that_makes_no_column_is_refused_in_words(name):
    block, said = REFUSED[name]
    with pytest.raises(SchemaError, match=rf"Thing\.p.*{said}") as caught:
        table(INTEGER | {"x-gen": block})
    assert caught.value.hint


def test_what_is_said_beside_the_type_and_otherwise_in_the_block_is_refused():
    assert table(INTEGER | {"x-gen": {"noise": 0.1}, "noise": 0.1}) == table(INTEGER | {"noise": 0.1})
    with pytest.raises(SchemaError, match=r"Thing\.p: noise is said twice: 0\.2, and in x-gen 0\.1"):
        table(INTEGER | {"x-gen": {"noise": 0.1}, "noise": 0.2})


@pytest.mark.parametrize("block", [5, [], {"rows": -1}, {"rows": "x"}, {"rows": True}, {"fixed": 1}])
def test_the_block_of_a_table_is_refused_in_words(block):
    with pytest.raises(SchemaError, match="Thing: x-gen"):
        table_from_schema({"type": "object", "properties": {"a": INTEGER}, "x-gen": block}, "Thing")


@pytest.mark.parametrize("listed", [5, ["Nobody"], [3]])
def test_tables_that_a_document_does_not_have_are_refused_in_words(listed):
    document = {"x-gen": {"tables": listed}, "$defs": {"Thing": {"type": "object", "properties": {"a": INTEGER}}}}
    with pytest.raises(SchemaError, match="x-gen says tables = "):
        documents_of(document, "Thing")


def test_a_time_in_a_block_is_read_as_it_is_written():
    own, said = read_block("Thing.p", {"minimum": {"date": "2020-01-01"}, "nulls": None, "distribution": "zipf"})
    assert own == {"minimum": {"date": "2020-01-01"}, "nulls": None} and said == {"distribution": "zipf"}
    column = table({"type": "string", "format": "date", "x-gen": own}).column("p")
    assert column.minimum == datetime.date(2020, 1, 1)
