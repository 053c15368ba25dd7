"""Relations that cannot be met are refused in a sentence that says where, what, how much, and what to do."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from gen.builder import load_schema
from gen.errors import CapacityError, GenError, ReferenceError
from program import Forks, parts, stamps

MODELS = """
import datetime as dt
from decimal import Decimal
from typing import Annotated, Literal
from pydantic import BaseModel, Field
from gen import *

class P(BaseModel):
    id: Annotated[int, PrimaryKey()]
    kind: Literal["a", "b"]
    day: dt.date
    size: Annotated[int, Field(ge=0, lt=3)]
    a: Annotated[int, Unique("ab"), Field(ge=0, lt=1000)]
    b: Annotated[int, Unique("ab"), Field(ge=0, lt=1000)]
    word: str
    maybe: int | None
{parent}
class Q(BaseModel):
    id: Annotated[int, PrimaryKey()]

class C(BaseModel):
{fields}
schema = Schema("refused")
for model, count in dict(P=100, Q=10, C=100).items():
    schema.add(globals()[model], rows={rows}.get(model, count))
"""

P_ = 'Annotated[int, ForeignKey("P.id")'
OWN = "id: Annotated[int, PrimaryKey()]; o: Annotated[int | None, ForeignKey('C.id')"
PAIR = f"p: {P_}, PrimaryKey()]; q: Annotated[int, ForeignKey('Q.id'), PrimaryKey()"
TWO = "a: Annotated[{0}, ForeignKey('P.a'){1}]; b: Annotated[{2}, ForeignKey('P.b'){3}]"
OF = f"p: {P_}, Children(2)]; x: Annotated[int, Field(ge=0, lt=10)]; s: str; d: dt.date; w: Decimal"


def summed(marker, kind="int"):
    return f"n: Annotated[{kind}, {marker}]"


# fields of C, fields of P, rows -> what the sentence says, in order
REFUSED = {
    # keys and references
    f"p: {P_}, PrimaryKey(order='up')]": ["C.p", "no key order 'up'", "ascending, scattered, sequential"],
    "p: Annotated[int, ForeignKey('P')]": ["C.p", "Table.field, not 'P'", 'ForeignKey("P.id")'],
    "p: Annotated[int, ForeignKey('P.id.x')]": ["C.p", "Table.field, not 'P.id.x'"],
    "p: Annotated[int, ForeignKey('R.id')]": ["C.p refers to R.id", "no table 'R'", "There are: C, P, Q"],
    "p: Annotated[int, ForeignKey('P.ident')]": ["C.p refers to P.ident", "no field 'ident'", "mean 'id'"],
    "p: Annotated[int, ForeignKey('P.size')]": ["P.size, which is not unique", "by id; by a and b", "Unique()"],
    "p: list[Annotated[int, ForeignKey('P.a')]]": ["C.p[] refers to P.a, which is not unique"],
    "p: Annotated[str, ForeignKey('P.id')]": ["it is str and the key is int", "the same type"],
    f"p: {P_}, Field(ge=3)]": ["minimum = 3 where the key has none", "Move the constraint to the key"],
    OWN.replace("C.id", "C.u") + "]; u: Annotated[int | None, Unique(), Nulls(0.3)]": [
        "C.o refers to C.u, which is null in 0.3 of the rows",
        "Nulls(0) beside C.u",
    ],
    OWN.replace("C.id", "C.u") + "]; u: Annotated[int | None, Unique(), When('id > 3')]": [
        "C.o refers to C.u, which is null where 'id > 3' does not hold"
    ],
    f"p: {P_}, Normal(3, 4)]": ["'normal' does not apply to foreign keys", "zipf, hot_set"],
    f"p: {P_}, HotSet(0, 1)]": ["C.p", "share = 0.0", "above 0, up to 1"],
    f"p: {P_}, Derived('1')]": ["C.p", "derived = '1'", "Keep one"],
    "p: Annotated[int, ForeignKey('P.id', popularity='z')]": ["the popularity 'z'", "nothing says how", "Zipf(1.1)"],
    "p: list[Annotated[int, ForeignKey('P.id', popularity='z')]]": ["C.p[]", "the popularity 'z'", "Zipf(1.1)"],
    f"p: {P_}, PrimaryKey(), Zipf(1.1)]": ["C.p: it is unique, and says how many rows", "Leave one of them out"],
    f"p: {P_}, Unique(), Children(3)]": ["C.p: it is unique, and says how many rows"],
    "p: Annotated[int | None, ForeignKey('P.id'), Children(3), When('x > 3')]; x: int": [
        "C.p: each parent has exactly so many children, and it is there only when 'x > 3'",
        "Nulls(0.1)",
    ],
    "p: Annotated[int | None, PrimaryKey(), ForeignKey('P.id'), Nulls(0.3)]": ["C.p: a primary key has no nulls"],
    "x: Annotated[int, Unique('')]": ["C.x: unique is ''", "name the group"],
    "x: Annotated[int, Unique('g')]; y: Annotated[int, Unique('g'), Unique('h')]; z: Annotated[int, Unique('h')]": [
        "C: (x, y) and (y, z) are each unique together, and overlap",
        "Let one of them contain the other",
    ],
    "x: Annotated[float, Unique('g')]; y: Annotated[int, Unique('g')]": [
        "C.x",
        "cannot be counted",
        "out of the group",
    ],
    "x: Annotated[int, Unique('g'), Normal(3, 4)]; y: Annotated[int, Unique('g')]": ["C.x", "a law of its own"],
    "x: Annotated[int, Unique('g'), Derived('y')]; y: Annotated[int, Unique('g')]": ["C.x", "cannot be counted"],
    f"x: Annotated[int, Unique('g'), Copy('p', 'size')]; p: {P_}]; y: Annotated[int, Unique('g')]": [
        "C.x: (x, y) are unique together",
        "copied through p",
        "Let p be one of them",
    ],
    # references of several fields
    "a: Annotated[int, ForeignKey('P.a')]; b: Annotated[int, ForeignKey('P.b', name='x')]": [
        "P.a, which is not unique"
    ],
    TWO.format("int", "", "int", "").replace("P.b", "P.a"): ["a and b refer to P together", "the same field", "name="],
    TWO.format("int", ", Zipf(1)", "int", ", HotSet()"): ["C.a: two laws are declared", "Keep one"],
    TWO.format("int | None", ", Nulls(0.1)", "int | None", ", Nulls(0.5)"): [
        "C: a and b refer to one row of P together, and a is null in 0.1 of the rows, b is null in 0.5",
        "Say the same beside each",
    ],
    TWO.format("int | None", "", "int", ""): ["a is null in 0.05 of the rows, b is never null"],
    TWO.format("int | None", ", When('x > 3')", "int | None", "") + "; x: int": [
        "a is there when 'x > 3', b is there under no condition"
    ],
    TWO.format("int", ", Unique('q')", "int", "") + "; x: Annotated[int, Unique('q')]": [
        "(a, x) are unique together, and (a, b) refer to P together: they share a alone"
    ],
    # children
    "p: Annotated[int, Children(3)]": ["C.p", "children", "for references", 'ForeignKey("Table.field")'],
    f"p: {P_}, Zipf(1.1), Children(3)]": ["C.p", "how popular", "how many children", "Keep one"],
    "p: Annotated[int, ForeignKey('P.id', covering=True), Children(3)]": ["children and covering are both said"],
    f"p: {P_}, Children(-1)]": ["C.p: children is -1", "0 or more"],
    f"p: {P_}, Children(2.5)]": ["the law 2.5", "Poisson(3)"],
    f"p: {P_}, Children((5, 1))]": ["children are 5 to 1", "the fewer first"],
    f"p: {P_}, Children({{'x': 1}})]": ["children say 'x': 1", "weights by number"],
    f"p: {P_}, Children({{1: 0}})]": ["weights of its children are all 0"],
    f"p: {P_}, Children(3, none=2)]": ["none is 2", "0 to 1"],
    f"p: {P_}, Children(Poisson(3), least=5, most=2)]": ["5 at least, and 2 at most", "Turn them round"],
    f"p: {P_}, Children(Zipf(2), most=0)]": ["1 at least, and 0 at most", "larger most"],
    f"p: {P_}, Children(3, order='sideways')]": ["no order 'sideways'", "parents, scattered"],
    f"p: {P_}, Children('poison')]": ["no distribution 'poison'", "mean 'poisson'"],
    f"p: {P_}, Children('poisson')]": ["'poisson', and nothing says how many", "Poisson(3), or most=10"],
    f"p: {P_}, Children(Poisson(-3))]": ["mean = -3.0", "above 0"],
    f"p: list[{P_}, Children(3)]]": ["C.p[]", "from inside another field", "Only a field of the table"],
    # trees and rings
    f"p: {P_}, Tree()]": ["C.p: it is a tree of rows, and refers to P", "refer to C"],
    f"p: {P_}, Next()]": ["C.p: it is a ring of rows, and refers to P"],
    OWN.replace(" | None", "") + ", Tree()]": ["C.o: roots have no parent, and the field is never null", "int | None"],
    OWN.replace(" | None", "") + ", Next()]": ["the last has no next one, and the field is never null"],
    OWN + ", Next(), Tree()]": ["tree and ring are both said"],
    OWN + ", Tree(roots=0)]": ["a tree has 0 roots", "below 1 which share"],
    OWN + ", Tree(depth=0)]": ["depth is 0", "1 or more"],
    OWN + ", Tree(depth=2, children=3)]": ["1 root, 2 levels", "3 children each holds 4 rows, and 100"],
    OWN + ", Tree(), Zipf(1.1)]": ["C.o: it is a tree", "the law 'zipf' says how popular", "Leave one"],
    OWN + ", Next(), Zipf(1.1)]": ["C.o: it is a ring", "the law 'zipf' says how popular"],
    OWN + ", Tree(), Nulls(0.3)]": ["C.o: it is a tree", "0.3 of the rows refer to none"],
    OWN + ", Tree(), When('x > 3')]; x: int": ["C.o: it is a tree", "there only when 'x > 3'"],
    OWN + ", Tree(), Unique('g')]; x: Annotated[int, Unique('g')]": ["(o, x) are unique together", "Leave one"],
    OWN + ", Next(), Unique('g')]; x: Annotated[int, Unique('g')]": ["C.o: it is a ring", "(o, x) are unique"],
    # junctions
    PAIR.replace("PrimaryKey()]", "PrimaryKey(order='sequential'), Zipf(2)]", 1) + "]": ["C.p: keys in sequence have"],
    PAIR.replace("PrimaryKey()]", "PrimaryKey(), Children(2)]", 1) + ", Children(3)]": [
        "C.q: it is unique together with others, of which C.p says how many rows",
        "Leave out what it says of its parents",
    ],
    PAIR.replace("'P.id'", "'P.id', covering=True")
    .replace('"P.id"', '"P.id", covering=True')
    .replace("'Q.id'", "'Q.id', covering=True")
    + "]": ["C.q: it is unique together with others, of which C.p says", "covering, a law, or children"],
    # copies
    f"p: {P_}]; x: Annotated[str, Copy('p')]": ["C.x: copy is ['p']", 'Copy("customer_id", "region")'],
    f"p: {P_}]; x: Annotated[str, Copy('p', 'kin')]": ["C.x: it copies p.kin", "P has no field 'kin'", "mean 'kind'"],
    f"p: {P_}]; x: Annotated[str, Copy('q', 'kind')]": ["C.q is no reference", "the last are references. There are: p"],
    f"p: {P_}]; x: Annotated[str, Copy('p', 'kind', 'z')]": ["P.kind is no reference"],
    f"p: {P_}]; x: Annotated[int, Copy('p', 'word')]": ["C.x: it is int, and P.word, which it copies, is str"],
    f"p: {P_}]; x: Annotated[int, Copy('p', 'maybe')]": ["C.x: it is never null, and copies p.maybe", "Optional"],
    f"p: {P_}]; x: Annotated[int, Field(ge=5), Copy('p', 'size')]": ["C.x", "not drawn", "copied: p.size", "bounds"],
    f"p: {P_}]; x: Annotated[str, Field(max_length=1), Copy('p', 'word')]": ["C.x", "not drawn", "copied: p.word"],
    OWN + "]; x: Annotated[int | None, Copy('o', 'x')]": ["C.x: it copies C.x, which copies it", "Break the circle"],
    OWN + "]; x: Annotated[int, Derived('o.x + 1')]": ["C.x: it is made of itself: x -> x"],
    # paths
    f"p: {P_}]; x: Annotated[int, Derived('p.siz * 2')]": ["C.x: P has no field 'siz'. hint: Did you mean 'size'?"],
    f"p: {P_}]; x: Annotated[int, Derived('q.size * 2')]": ["C.x: there is no field 'q.size' beside it", "p, x"],
    f"p: {P_}]; x: Annotated[int | None, When('p.kin == 1')]": ["C.x: P has no field 'kin'"],
    f"p: {P_}]; x: Annotated[dt.date, After('p.dai')]": ["C.x: the path 'p.dai' leads to no field", "p refers to"],
    f"p: {P_}]; x: Annotated[float, Given('p.kind', {{'a': Normal(3, 1)}})]": ["nothing is given for p.kind = 'b'"],
    # ordinals
    f"x: Annotated[int, Ordinal('q')]; p: {P_}]": ["C.x: it numbers the rows of one q", "There are: p"],
    f"x: Annotated[str, Ordinal('p')]; p: {P_}]": ["an ordinal is an int, not str"],
    f"x: Annotated[int, Ordinal('p', start=2**40)]; p: {P_}]": ["starts at 1099511627776", "32 bits"],
    f"x: Annotated[int, Ordinal('p'), Unique()]; p: {P_}]": ["C.x: a key cannot be made of other fields"],
    f"x: Annotated[int, Ordinal('p'), Field(ge=5)]; p: {P_}]": ["C.x", "not drawn", "for each p"],
    OWN + ", Tree()]; x: Annotated[int, Ordinal('o')]": ["C.x: rows with the same o cannot be numbered", "a tree of 1"],
}

AGGREGATED = {
    summed("Sum('C')"): ["P.n: the sum is of 'C'", 'Sum("C.field")'],
    summed("Sum('C.y')"): ["P.n: it is sum(C.y)", "C has no field 'y'", "There are: d, p, s, w, x"],
    summed("Sum('D.x')"): ["no table 'D'", "There are: C, P, Q"],
    summed("Sum('C.x', through='q')"): ["through 'q', which does not refer to P", "There are: p"],
    summed("Sum('C.s')", "str"): ["P.n: the sum of str is no value", "int, float, decimal.Decimal, datetime.timedelta"],
    summed("Sum('C.x')", "str"): ["P.n: it is str, and sum(C.x) is int"],
    summed("Sum('C.w')", "Annotated[Decimal, Field(max_digits=3, decimal_places=1)]"): [
        "sum(C.w) does not fit",
        "digits",
    ],
    summed("Max('C.d')", "dt.datetime"): ["it is datetime.datetime, and max(C.d) is datetime.date"],
    summed("Count('C')", "Annotated[int, Field(le=1)]"): ["count(C) is 2, which its bounds exclude", "it is computed"],
    summed("Last('C.s', by='nope')", "str"): ["C has no field 'nope'"],
    summed("Sum('C.x'), Unique()"): ["P.n: a key cannot be made of other fields"],
    summed("Sum('C.x'), Copy('a', 'b')"): ["a copy and an aggregate at once"],
    summed("Sum('C.x'), Normal(1, 2)"): ["an aggregate says its values completely"],
    summed("Sum('Q.id')"): ["P.n: it is sum(Q.id), and no fields of Q refer to P", "Give it a ForeignKey"],
}

NOT_INVERTIBLE = {
    f"p: {P_}]": "each equally likely",
    f"p: {P_}, Zipf(1.1)]": "popular by zipf(exponent=1.1)",
    "p: Annotated[int, ForeignKey('P.id', covering=True)]": "each at least once",
    "p: Annotated[int | None, ForeignKey('P.id'), Nulls(0.1)]": "each equally likely",
}

CAPACITY = {
    f"p: {P_}, PrimaryKey()]": ({"C": 101}, 101, 100, "101 rows refer to different rows of P, which has 100"),
    "p: Annotated[int, ForeignKey('P.id', covering=True)]": ({"C": 50}, 100, 50, "P is referred to at least once"),
    "p: Annotated[int, Unique(), ForeignKey('P.id', covering=True)]": ({"C": 50}, 100, 50, "at least once"),
    PAIR + "]": ({"C": 1001}, 1001, 1000, "C.(p, q): 1,001 distinct values are asked for, but the set of their"),
    "x: Annotated[int, PrimaryKey(), Field(ge=0, lt=3)]; y: Annotated[bool, PrimaryKey()]": (
        {"C": 7},
        7,
        6,
        "7 distinct values are asked for, but the set of their combinations holds 6",
    ),
    OWN + ", Tree(children=1)]": ({"C": 10_000}, 10_000, 4096, "4,096 levels and at most 1 child each holds 4,096"),
    f"p: {P_}, Children((1, 3))]": ({"C": 1000}, 1000, None, "1 or 2 or 3 children each cannot have; the nearest"),
}


def text_of(fields: str, parent: str = "", rows: dict[str, int | None] | None = None) -> str:
    """The module of the models."""
    inside, above = ("".join(f"    {field.strip()}\n" for field in said.split(";")) for said in (fields, parent))
    follows = {"C": None} if rows is None and "Children" in fields else {}
    return MODELS.format(fields=inside, parent=above, rows=rows or follows)


def assert_refused(forks: Forks, folder: Path, text: str, words: list[str]) -> None:
    """Exit 2, a sentence with these words in this order, no traceback, nothing written."""
    (folder / "models.py").write_text(text, "utf-8")
    before = stamps(folder)
    ended = forks("--schema", "models.py", "--out", "data", cwd=folder)
    said = re.sub(r"\s+", " ", ended.err)
    assert ended.code == 2, ended
    assert said.startswith("error: ") and "hint: " in said and "Traceback" not in said, said
    at = 0
    for word in words:
        at = said.find(word, at)
        assert at >= 0, (word, said)
    assert stamps(folder) == before and not parts(folder) and ended.out == ""


@pytest.mark.parametrize("fields", REFUSED)
def test_what_cannot_be_met_is_refused_in_a_sentence(forks, tmp_path, fields):
    assert_refused(forks, tmp_path, text_of(fields), REFUSED[fields])


@pytest.mark.parametrize("parent", AGGREGATED)
def test_aggregates_that_make_no_sense_are_refused(forks, tmp_path, parent):
    assert_refused(forks, tmp_path, text_of(OF, parent), AGGREGATED[parent])


@pytest.mark.parametrize("fields", NOT_INVERTIBLE)
def test_an_aggregate_over_rows_that_are_not_known_says_how_they_refer(forks, tmp_path, fields):
    words = ["P.n", "cannot be told", f"C.p refers to them so: {NOT_INVERTIBLE[fields]}", "Children(Poisson(3))"]
    assert_refused(forks, tmp_path, text_of(fields, summed("Count('C')")), words)


def test_an_aggregate_over_two_references_asks_which(forks, tmp_path):
    words = ["P.n", "2 fields of C refer to P: p, q", 'through="p"']
    assert_refused(forks, tmp_path, text_of(f"{OF}; q: {P_}]", summed("Count('C')")), words)


@pytest.mark.parametrize("fields", CAPACITY)
def test_too_many_rows_are_refused_with_what_there_is_room_for(forks, tmp_path, fields):
    rows, asked, available, said = CAPACITY[fields]
    text = text_of(fields, rows=rows)
    assert_refused(forks, tmp_path, text, [said])
    with pytest.raises(CapacityError) as caught:
        load_schema(str(tmp_path / "models.py")).table("C")
    facts = caught.value.facts
    assert (facts["asked"], facts.get("available")) == (asked, available)


def test_circles_are_named_from_beginning_to_end(forks, tmp_path):
    text = text_of(f"p: {P_}, Children(2)]; x: Annotated[int, Copy('p', 'n')]", summed("Sum('C.x')"))
    assert_refused(forks, tmp_path, text, ["made of itself: ", "C.x -> P.n -> C.x", "let one of these fields be drawn"])


def test_a_circle_through_a_model_that_refuses_rows_says_so(forks, tmp_path):
    fields = f"p: {P_}, Children(2)]; x: Annotated[int, Field(ge=0, lt=9)]; size: Annotated[int, Copy('p', 'size')]"
    text = text_of(fields, summed("Sum('C.size')") + "; even: Annotated[int, AfterValidator(even), Field(ge=0, lt=99)]")
    even = "from pydantic import AfterValidator\ndef even(v):\n    if v % 2: raise ValueError('odd')\n    return v\n"
    words = ["made of itself: ", "C.size", "the rows of P that its model takes", "P.n"]
    assert_refused(forks, tmp_path, even + text, words)


@pytest.mark.parametrize(
    ("inner", "words"),
    [
        ("Annotated[str, Copy('a', 'word')]", ["it is a copy inside another field, i", 'Derived("a.word")']),
        ("Annotated[int, Sum('C.z')]", ["it is sum(C.z) inside another field, i", "Only a field of the table itself"]),
        ("Annotated[int, Ordinal('a')]", ["it is an ordinal inside another field, i"]),
    ],
)
@pytest.mark.parametrize("outer", ["Inner", "list[Inner]"])
def test_what_is_of_the_rows_of_a_table_is_refused_inside_a_field(forks, tmp_path, outer, inner, words):
    text = text_of(f"z: Annotated[int, Field(ge=0)]; i: {outer}")
    inside = f"class Inner(BaseModel):\n    a: {P_}]\n    k: {inner}\n\nclass C("
    assert_refused(forks, tmp_path, text.replace("class C(", inside), ["C.i", *words])


@pytest.mark.parametrize("rows", [{"P": 0}, {"P": 0, "C": 5}])
def test_a_table_without_rows_cannot_be_referred_to(forks, tmp_path, rows):
    words = ["C.p refers to P.id, a table without rows", "at least one row"]
    assert_refused(forks, tmp_path, text_of(f"p: {P_}]", rows=rows), words)
    with pytest.raises(ReferenceError) as caught:
        load_schema(str(tmp_path / "models.py")).table("C")
    assert caught.value.facts == {"table": "C", "column": "p", "target": "P.id"}


def test_tables_that_follow_each_other_in_a_circle_are_named(forks, tmp_path):
    text = text_of(OWN.replace(" | None", "") + ", Children(2)]")
    assert_refused(forks, tmp_path, text, ["C: ", "around in a circle", "schema.add(C, rows=1000)"])


def test_keys_that_are_each_others_need_equal_numbers_of_rows(forks, tmp_path):
    text = text_of("id: Annotated[int, PrimaryKey(), ForeignKey('Q.id')]").replace(
        "class Q(BaseModel):\n    id: Annotated[int, PrimaryKey()]",
        "class Q(BaseModel):\n    id: Annotated[int, PrimaryKey(), ForeignKey('C.id')]",
    )
    assert_refused(forks, tmp_path, text, ["unequal numbers of rows: ", "Q 10", "Ask for as many rows of each"])


SQL = {
    '{"key": "primry"}': ["T.x", "not 'primry'", "primary"],
    '{"keys": "primary"}': ["T.x", "says 'keys'", "mean 'key'"],
    '{"key": "foreign"}': ["T.x: a foreign key refers to Table.field"],
    '{"unique": 3}': ["T.x: unique is 3", "name the group"],
    '{"unique": []}': ["T.x: unique is []"],
    '{"reference": "T.x", "covering": "yes"}': ["covering is 'yes'", "true or false"],
    '{"reference": "T.x", "children": {"laws": 3}}': ["laws"],
    '{"reference": "T.x", "children": {"least": 3}}': ["children say no law"],
    '{"reference": "T.x", "tree": 3}': ["T.x", "Tree(roots=10, depth=4, children=12)"],
    '{"reference": "T.x", "ring": {"direction": "left"}}': ["ring is", "Next() or Previous()"],
    '{"order": "sequential", "reference": "T.x"}': ["order = 'sequential'", "for primary keys"],
}


@pytest.mark.parametrize("sql", SQL)
def test_facts_of_a_document_are_refused_by_name(tmp_path, sql):
    document = {"title": "T", "type": "object", "properties": {"x": {"type": "integer", "sql": json.loads(sql)}}}
    document["required"] = ["x"]
    (tmp_path / "t.json").write_text(json.dumps(document), "utf-8")
    with pytest.raises(GenError) as caught:
        load_schema(str(tmp_path / "t.json")).table("T")
    for word in SQL[sql]:
        assert word in f"{caught.value.message} {caught.value.hint}", caught.value
