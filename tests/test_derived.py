"""Proves that columns made of others of their row are what they are declared to be, however they are read."""

import datetime
import json
import pickle
from decimal import Decimal
from enum import Enum
from typing import Annotated, Literal

import numpy as np
import pytest
from pydantic import BaseModel, Field, model_validator
from scipy import stats

from columns import KEY, array, source
from gen import Domain, ForeignKey, Normal, PrimaryKey, Schema, SynthesizedBy, Synthesizer
from gen.artefacts import pack, unpack
from gen.errors import SchemaError
from gen.run import as_json_schema, load_schema
from gen.schema.row_markers import After, DependsOn, Derived, Given, Noise, When
from program import checksums, parts, stamps

FALSE_ALARM = 1e-6  # of each statistical test, for a right program
DIGIT = Annotated[int, Field(ge=0, le=9)]
HALF = Field(json_schema_extra={"nulls": 0.5})


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


def rows_of(count=500, **types):
    return source(count, **types).at(range(count)).to_pylist()


def tripled(row):
    return row.a * 3


class Tenth(Synthesizer):
    """Row-addressed: a value of its row number alone."""

    def at(self, rows):
        numbers = np.arange(rows.start, rows.stop) if isinstance(rows, range) else rows.astype(np.int64)
        return numbers % 10


# -- derived ------------------------------------------------------------------------------------------------


def test_an_expression_and_a_function_give_the_same_whatever_order_fields_have():
    rows = rows_of(
        z=Annotated[int, Derived("y + 1")],
        y=Annotated[int, Derived(lambda r: r.a * 3 + r["result"])],
        x=Annotated[int, Derived("a * 3 + result")],
        a=DIGIT,
        result=DIGIT,
        one=Annotated[float, Derived("1.5")],
        two=Annotated[str, Derived(lambda r: "two")],
    )
    assert all(row["x"] == row["y"] == row["a"] * 3 + row["result"] == row["z"] - 1 for row in rows)
    assert {(row["one"], row["two"]) for row in rows} == {(1.5, "two")}


def test_decimals_are_exact_and_need_no_bounds():
    price = Annotated[Decimal, Field(ge=0, le=10**9, decimal_places=2)]
    rows = rows_of(p=price, q=DIGIT, total=Annotated[Decimal, Derived("p * q * 1000")])
    assert all(row["total"] == row["p"] * row["q"] * 1000 for row in rows)
    with pytest.raises(SchemaError, match=r"Round it: round\("):
        rows_of(p=price, taxed=Annotated[Decimal, Derived("p * 1.19")])
    rows = rows_of(p=price, taxed=Annotated[Decimal, Derived("round(p * 1.19, 2)")])
    assert all(abs(row["taxed"] - row["p"] * Decimal("1.19")) <= Decimal("0.005") for row in rows)


def test_it_is_null_where_what_it_reads_is_and_functions_need_not_know_of_nulls():
    rows = rows_of(
        a=Annotated[int | None, Field(ge=2**60), HALF],
        s=Annotated[str | None, HALF],
        b=Annotated[int | None, Derived(lambda r: r.a + 1)],
        c=Annotated[int | None, Derived("a + 1")],
        d=Annotated[str | None, Derived(lambda r: r.s + "!")],
    )
    assert all(row["b"] == row["c"] == (None if row["a"] is None else row["a"] + 1) for row in rows)  # beyond 2^53
    assert all(row["d"] == (None if row["s"] is None else row["s"] + "!") for row in rows)
    assert {row["b"] is None for row in rows} == {True, False}


@pytest.mark.parametrize(
    ("types", "reason"),
    [
        ({"b": Annotated[int, Field(le=8), Derived("a")]}, "value 9, which the field's bounds exclude"),
        ({"b": Annotated[str, Field(max_length=3), Derived("'long' if a > 5 else ''")]}, "text of length 4"),
        (
            {"b": Annotated[Literal["x"], Derived("'x' if a > 5 else 'y'")]},
            "made to be 'y', which is none of its values",
        ),
        ({"b": Annotated[int, Derived("a / 2")]}, "Round it"),
        (
            {"b": Annotated[int, Derived("n")], "n": Annotated[int | None, HALF]},
            "Make the field Optional, or use coalesce",
        ),
        ({"b": Annotated[int, Derived("'x'")]}, "not int64"),
        ({"b": Annotated[int, Derived("aa")]}, "Did you mean 'a'"),
        ({"b": Annotated[int, Derived("")]}, "derived is ''"),
        ({"b": Annotated[int, Derived(5)]}, "derived is 5"),
        ({"b": Annotated[int, Derived("c")], "c": Annotated[int, Derived("b")]}, "made of itself: b -> c -> b"),
        ({"b": Annotated[int | None, When("b > 1")]}, "made of itself: b -> b"),
        ({"b": Annotated[int, Derived(lambda r: r.aa)]}, "no field 'aa'"),
        ({"b": Annotated[int, Derived(lambda r: r.a[:3])]}, "3 values for 10 rows"),
        ({"b": Annotated[int, Derived(lambda r: 1 / 0)]}, r"failed in .*test_derived.py, line \d+: ZeroDivisionError"),
        ({"b": Annotated[int, PrimaryKey(), Derived("a")]}, "a key cannot be made of other fields"),
        ({"b": Annotated[int, Derived("a"), DependsOn("a")]}, "derived and depends_on at once"),
        ({"b": Annotated[int, SynthesizedBy("Tenth"), Derived("a")]}, "names the synthesizer 'Tenth', and is derived"),
        ({f"x{i}": Annotated[int, Derived(f"x{i + 1}")] for i in range(300)} | {"x300": int}, "too many deep"),
    ],
)
def test_what_cannot_be_derived_is_refused_by_name(types, reason):
    with pytest.raises(SchemaError, match=reason) as error:
        rows_of(10, a=DIGIT, **types)
    assert "Thing." in str(error.value)


def test_a_column_that_others_read_is_drawn_once(monkeypatch):
    drawn = []

    class Counted(Synthesizer):
        def at(self, rows):
            drawn.append(len(rows))
            return Tenth.at(self, rows)

    derived = {name: Annotated[int, Derived("a + a * b")] for name in "xyz"}
    table = source(100, **derived, b=Annotated[int, Derived("a")], a=Annotated[int, SynthesizedBy("Counted")])
    drawn.clear()
    table.at(range(100))
    assert drawn == [100]
    table.at(range(100), ["x"])
    assert drawn == [100, 100]


def test_two_schemas_with_tables_of_one_name_have_their_own_functions():
    def schema_of(factor):
        class Thing(BaseModel):
            a: DIGIT
            b: Annotated[int, Derived(lambda r: r.a * factor)]

        schema = Schema()
        schema.add(Thing, 50)
        schema.add(Thing, 60)
        return schema

    first, second = schema_of(2), schema_of(5)
    for schema, factor in ((first, 2), (second, 5)):
        rows = schema.table("Thing").arrow().to_pylist()
        assert len(rows) == 60
        assert all(row["b"] == row["a"] * factor for row in rows)


# -- when, depends on, given --------------------------------------------------------------------------------


def test_when_gives_a_value_exactly_where_the_condition_holds_and_nulls_among_those_if_asked():
    rows = rows_of(
        4000,
        a=DIGIT,
        b=Annotated[int | None, When("a > 4")],
        c=Annotated[int | None, HALF, When("a > 4")],
        d=Annotated[int | None, Derived("a * 2"), When("b is not None and a != 9")],
        e=Annotated[int | None, When("True")],
        f=Annotated[int | None, When("b > 1000000000000")],
    )
    assert all((row["b"] is not None) == (row["a"] > 4) for row in rows)
    assert all(row["d"] == (row["a"] * 2 if 4 < row["a"] < 9 else None) for row in rows)
    assert all(row["e"] is not None and row["f"] is None for row in rows)
    there = [row["c"] is not None for row in rows if row["a"] > 4]
    assert stats.binomtest(sum(there), len(there), 0.5).pvalue > FALSE_ALARM
    assert all(row["c"] is None for row in rows if row["a"] <= 4)
    for condition, reason in (("a", "not true or false"), ("a >", "invalid syntax"), ("aa > 1", "no field 'aa'")):
        with pytest.raises(SchemaError, match=reason):
            rows_of(a=DIGIT, b=Annotated[int | None, When(condition)])
    with pytest.raises(SchemaError, match="Make the field Optional"):
        rows_of(a=DIGIT, b=Annotated[int, When("a > 4")])


def test_equal_values_of_the_fields_give_equal_values_and_others_other_ones():
    rows = rows_of(
        3000,
        a=DIGIT,
        s=Annotated[str | None, Field(max_length=1), HALF],
        one=Annotated[float, DependsOn("a")],
        both=Annotated[int, DependsOn("a", "s")],
        tenth=Annotated[int, DependsOn("a"), SynthesizedBy("Tenth")],
    )
    for fields, name in ((("a",), "one"), (("a", "s"), "both"), (("a",), "tenth")):
        pairs = {(*(row[field] for field in fields), row[name]) for row in rows}
        assert len(pairs) == len({pair[:-1] for pair in pairs})
        assert name == "tenth" or len({pair[-1] for pair in pairs}) == len(pairs)
    assert {row["tenth"] for row in rows} <= set(range(10))


TABLES = {
    "text": (Annotated[str, Domain("city"), Derived("'Rome' if k else 'Paris'")], {"Paris": 1, "Rome": 2}, int),
    "enum": (Colour, {Colour.RED: Colour.BLUE, Colour.BLUE: Colour.RED}, Colour),
    "bool": (bool, {True: datetime.date(2020, 1, 1), False: "2021-01-01"}, datetime.date),
    "number": (Annotated[int, Field(ge=1, le=2)], {"1": 0.5, 2: 1.5}, float),
    "decimal": (Annotated[int, Field(ge=1, le=2)], {1: 0.19, 2: Decimal("7.00")}, Decimal),
    "float": (Annotated[float, Field(ge=1, le=2, multiple_of=1)], {1.0: "a", 2: "b"}, str),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_looked_up_by_value_whatever_its_type(name):
    kind, table, made = TABLES[name]
    rows = rows_of(k=bool, a=kind, b=Annotated[made, DependsOn("a", table)])
    plain = {str(getattr(key, "value", key)): getattr(value, "value", value) for key, value in table.items()}
    found = {(str(row["a"]), str(row["b"])) for row in rows}
    assert len(found) == 2
    normal = {"1.0": "1.0", "2.0": "2"} if name == "float" else {}
    assert all(b in (str(plain[normal.get(a, a)]), f"{plain[normal.get(a, a)]}") for a, b in found)


@pytest.mark.parametrize(
    ("marker", "made", "reason"),
    [
        (DependsOn("a", {1: 5}), int, "its table says nothing of a = "),
        (DependsOn("a", dict.fromkeys(range(10), 99)), DIGIT, "value 99, which the field's bounds exclude"),
        (DependsOn("a", dict.fromkeys(range(10), "x")), int, "Write them as values of the field"),
        (DependsOn("a", {"x": 1}), int, "Write them as values of the field"),
        (DependsOn("n", {1: 5}), int, "its table says nothing of n = None"),
        (DependsOn("a", "s", {1: 2}), int, "Give a table of values for one field"),
        (DependsOn(), int, "depends_on is"),
        (DependsOn("aa"), int, "no field 'aa'"),
        (Given("a", {1: Normal(1, 1)}), float, "nothing is given for a = "),
        (Given("n", {1: Normal(1, 1)}), float, "nothing is given for n = "),
        (Given("a", {}), float, "given is"),
        (Given("a", {1: Normal(1, 1), "x": Normal(2, 1)}), float, "Write them as values of the field"),
        (Given("a", {1: {"x": 1}}), Literal["y"], "weights name 'x'"),
        (Given("a", {1: 5}), Literal["y"], "weights are 5"),
        (Given("a", {1: Normal(1, -1)}), float, "deviation = -1.0"),
        (Given("a", {1: {"int": 1}}), int | str, "a conditional table is for a plain column"),
    ],
)
def test_a_table_that_does_not_fit_is_refused_by_name(marker, made, reason):
    with pytest.raises(SchemaError, match=reason) as error:
        rows_of(a=DIGIT, s=str, n=Annotated[Literal[1] | None, HALF], b=Annotated[made, marker])
    assert "Thing.b" in str(error.value)


def test_what_a_table_does_not_hold_is_null_where_the_field_may_be():
    rows = rows_of(
        n=Annotated[Literal[1, 2] | None, HALF],
        b=Annotated[int | None, DependsOn("n", {1: 5})],
        c=Annotated[
            float | None, Field(json_schema_extra={"nulls": 0.0}), Given("n", {1: Normal(1, 1), 2: Normal(2, 1)})
        ],
    )
    assert all(row["b"] == (5 if row["n"] == 1 else None) for row in rows)
    assert all((row["c"] is None) == (row["n"] is None) for row in rows)


def test_each_case_has_its_law_or_its_weights():
    rows = rows_of(
        6000,
        k=Colour,
        x=Annotated[
            float, Field(ge=-1000, le=1000), Given("k", {Colour.RED: Normal(0, 1), Colour.BLUE: Normal(50, 9)})
        ],
        w=Annotated[Literal["a", "b"], Given("k", {"red": {"a": 3, "b": 1}, "blue": {"b": 1}})],
        d=Annotated[datetime.date, Given("k", {"red": Normal(), "blue": Normal()})],
        t=Annotated[str, Given("k", {"red": Domain("city"), "blue": Domain("country")})],
    )
    for colour, mean, deviation in (("red", 0, 1), ("blue", 50, 9)):
        drawn = [row["x"] for row in rows if row["k"] == colour]
        assert stats.kstest(drawn, stats.norm(mean, deviation).cdf).pvalue > FALSE_ALARM
    red = [row["w"] for row in rows if row["k"] == "red"]
    assert stats.binomtest(red.count("a"), len(red), 0.75).pvalue > FALSE_ALARM
    assert {row["w"] for row in rows if row["k"] == "blue"} == {"b"}
    cities, countries = ({row["t"] for row in rows if row["k"] == colour} for colour in ("red", "blue"))
    assert not cities & countries - {"Singapore", "Luxembourg", "Monaco", "Mexico", "Kuwait", "Panama", "Guatemala"}


# -- everywhere ---------------------------------------------------------------------------------------------


class Inner(BaseModel):
    a: DIGIT
    b: Annotated[int, Derived(tripled)]
    c: Annotated[int | None, When("b > 9")]


class Everything(BaseModel):
    id: KEY
    a: DIGIT
    b: Annotated[int, Derived("a * 3")]
    c: Annotated[int, After("a", within=5)]
    d: Annotated[str | None, When("a > 4")]
    e: Annotated[Literal["x", "y"], DependsOn("a")]
    f: Annotated[float, Given("e", {"x": Normal(1, 0.1), "y": Normal(9, 0.1)})]
    g: Annotated[int, DependsOn("e", {"x": 1, "y": 2}), Noise(null=0.01)]
    inner: Inner
    inners: list[Inner]


def test_ranges_picked_rows_columns_alone_and_packed_sources_agree():
    schema = Schema()
    schema.add(Everything, 2000)
    table = schema.table(Everything).source
    whole = table.at(range(2000))
    picked = np.random.default_rng(1).permutation(2000)[:300]
    for each in (table, unpack(pack(table, None)), pickle.loads(pickle.dumps(table.clean))):
        compared = whole if each.dirt else table.clean.at(range(2000))
        assert each.at(array(picked)).equals(compared.take(picked.tolist()))
        for name in compared.schema.names:
            assert each.at(range(90, 99), [name]).column(0).equals(compared.column(name).slice(90, 9))
    for row in schema.rows(Everything):
        assert row.b == row.a * 3
        assert all(
            inner.b == inner.a * 3 and (inner.c is not None) == (inner.b > 9) for inner in [row.inner, *row.inners]
        )


def test_rows_that_a_model_refuses_are_drawn_again_with_all_that_is_made_of_them():
    class Parent(BaseModel):
        id: Annotated[int, Field(le=5000), PrimaryKey()]

    class Fussy(BaseModel):
        id: KEY
        parent: Annotated[int, ForeignKey("Parent.id")]
        a: DIGIT
        half: Annotated[int, Derived("a // 2")]
        big: Annotated[int | None, When("a > 4")]
        later: Annotated[int, Field(le=20), After("a")]
        case: Annotated[Literal["x", "y"], Given("half", {i: {"x": i + 1, "y": 1} for i in range(5)})]
        word: Annotated[str, DependsOn("a")]
        own: Annotated[int, Derived("parent + a")]
        inner: Inner

        @model_validator(mode="after")
        def some(self):
            assert (self.later + self.half) % 3
            assert self.case == "x" or self.a > 2
            assert self.own % 2
            assert (self.big is None) == (self.a <= 4)
            return self

    schema = Schema()
    schema.add(Parent, 100)
    schema.add(Fussy, 3000)
    source_ = schema.table(Fussy).source
    assert source_.filter is not None
    rows = schema.table(Fussy).arrow().to_pylist()
    words = {}
    for row in rows:
        assert row["half"] == row["a"] // 2
        assert (row["big"] is None) == (row["a"] <= 4)
        assert row["later"] > row["a"]
        assert row["own"] == row["parent"] + row["a"]
        assert words.setdefault(row["a"], row["word"]) == row["word"]
        assert row["inner"]["b"] == row["inner"]["a"] * 3
    refused = sum(
        not ((r["later"] + r["half"]) % 3 and (r["case"] == "x" or r["a"] > 2) and r["own"] % 2) for r in rows
    )
    assert refused < 3000 * 0.01  # after 16 attempts, where what is made of a key cannot be taken from another row
    assert unpack(pack(source_, None)).at(range(500)).equals(source_.at(range(500)))


DICTIONARIES = {
    "derived": "a * 2",
    "after": {"field": "a", "within": 3},
    "when": "a > 3",
    "depends_on": {"fields": ["a"], "values": {str(i): i % 2 for i in range(10)}},
    "given": {
        "field": "k",
        "cases": {"x": {"distribution": {"name": "normal", "mean": 5}}, "y": {"distribution": "uniform"}},
    },
    "noise": {"null": 0.1},
}
MARKERS = {
    "derived": Derived("a * 2"),
    "after": After("a", within=3),
    "when": When("a > 3"),
    "depends_on": DependsOn("a", {i: i % 2 for i in range(10)}),
    "noise": Noise(null=0.1),
}


@pytest.mark.parametrize("name", DICTIONARIES)
def test_the_dictionary_form_the_marker_and_both_documents_say_the_same(name, tmp_path):
    kind = int | None if name in ("when", "depends_on") else int
    said = Annotated[kind, Field(ge=0, le=99, json_schema_extra={name: DICTIONARIES[name]})]
    expected = source(1000, a=DIGIT, k=Literal["x", "y"], b=said)
    if name in MARKERS:
        marked = source(1000, a=DIGIT, k=Literal["x", "y"], b=Annotated[kind, Field(ge=0, le=99), MARKERS[name]])
        assert marked.at(range(1000)).equals(expected.at(range(1000)))

    class Thing(BaseModel):
        a: DIGIT
        k: Literal["x", "y"]
        b: said

    (tmp_path / "thing.json").write_text(json.dumps(Thing.model_json_schema()), encoding="utf-8")
    schema = Schema()
    schema.add(Thing)
    again = as_json_schema(str(tmp_path / "thing.json"))
    (tmp_path / "Thing.json").write_text(json.dumps(again), encoding="utf-8")
    for path in ("thing.json", "Thing.json"):
        read = load_schema(str(tmp_path / path))
        column = read.spec.tables[0].column("b")
        assert getattr(column, name) == getattr(schema.spec.tables[0].column("b"), name) or name in (
            "given",
            "depends_on",
        )
        assert read.table("Thing").arrow(0, 1000).column("b").combine_chunks().to_pylist() == (
            expected.at(range(1000)).column("b").to_pylist()
        )


MODELS = """
from typing import Annotated
from pydantic import BaseModel, Field, model_validator
from gen import PrimaryKey
from gen.schema.row_markers import After, Derived, When
from rates import tripled

class Inner(BaseModel):
    a: Annotated[int, Field(ge=0, le=9)]
    b: Annotated[int, Derived(lambda r: r.a * 7)]

class Thing(BaseModel):
    id: Annotated[int, PrimaryKey()]
    a: Annotated[int, Field(ge=0, le=9)]
    b: Annotated[int, Derived(tripled)]
    c: Annotated[int, Derived("b + 1")]
    d: Annotated[int, After("a", within=9)]
    e: Annotated[int | None, When("a > 4")]
    inners: list[Inner]

    @model_validator(mode="after")
    def some(self):
        assert (self.b + self.d) % 3
        return self
"""


def test_runs_with_workers_from_a_file_resume_verify_and_refuse_a_changed_function(forks, tmp_path):
    (tmp_path / "models.py").write_text(MODELS, encoding="utf-8")
    (tmp_path / "rates.py").write_text("FACTOR = 3\ndef tripled(r):\n    return r.a * FACTOR\n", encoding="utf-8")
    asked = ("--schema", "models.py", "--rows", 2000, "--partition-rows", 600, "--as-of", "2026-01-01")
    for ended in (
        forks(*asked, "--workers", 2, "--out", "two", cwd=tmp_path),
        forks(*asked[:4], "--partition-rows", 450, *asked[6:], "--part", "1/1", "--out", "one", cwd=tmp_path),
    ):
        assert ended.code == 0, ended.err
    assert checksums(tmp_path / "two") == checksums(tmp_path / "one")
    row = json.loads(forks("row", "Thing", 1999, *asked[:4], cwd=tmp_path).out)
    assert row["b"] == row["a"] * 3 == row["c"] - 1
    ended = forks("verify", "two", cwd=tmp_path)
    assert ended.code == 0, ended.err
    told = json.loads(forks("describe", *asked[:4], "--json", cwd=tmp_path).out)["tables"]["Thing"]["columns"]
    assert "that is computed" in next(column["reason"] for column in told if column["column"] == "b")
    lost = parts(tmp_path / "two")[1]
    before = stamps(tmp_path / "two")
    lost.unlink()
    assert forks(*asked, "--part", "1/1", "--out", "two", cwd=tmp_path).code == 0
    assert stamps(tmp_path / "two").keys() == before.keys()
    assert checksums(tmp_path / "two") == checksums(tmp_path / "one")
    (tmp_path / "models.py").write_text(MODELS.replace("* 7", "* 8"), encoding="utf-8")
    lost.unlink()
    ended = forks(*asked, "--part", "1/1", "--out", "two", cwd=tmp_path)
    assert ended.code == 2, ended.err
    assert "Thing.inners" in ended.err
    assert forks("verify", "two", cwd=tmp_path).code != 0
