"""Proves that columns made of others of their row are what they are declared to be, however they are read."""

import datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Literal

import numpy as np
import pytest
from pydantic import BaseModel, Field
from scipy import stats

from columns import model, source
from gen import Domain, Normal, Nulls, PrimaryKey, Schema, SynthesizedBy, Synthesizer
from gen.errors import SchemaError
from gen.schema.row_markers import After, DependsOn, Derived, Given, When

FALSE_ALARM = 1e-6  # of each statistical test, for a right program
DIGIT = Annotated[int, Field(ge=0, le=9)]
HALF = Field(json_schema_extra={"nulls": 0.5})


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


def rows_of(count=500, **types):
    return source(count, **types).at(range(count)).to_pylist()


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


MADE_OF_OTHERS = {
    "expression": (Derived("a * 2"), int),
    "function": (Derived(lambda r: r.a * 2), int),
    "dependent": (DependsOn("a"), int),
    "listed": (DependsOn("a", {i: i + 100 for i in range(10)}), int),
    "after": (After("a"), Annotated[int, Field(le=99)]),
    "given": (Given("a", {i: Normal(i, 1) for i in range(10)}), float),
    "when": (When("a >= 0"), int),
}


@pytest.mark.parametrize("name", MADE_OF_OTHERS)
def test_a_declared_share_of_nulls_is_kept_by_columns_that_are_made_of_others(name):
    marker, kind = MADE_OF_OTHERS[name]
    share, instead = Annotated[kind | None, Nulls(0.3), marker], Annotated[kind | None, Nulls(0.3, value=77), marker]
    types = {"x": share, "y": instead, "z": Annotated[kind | None, Nulls(0), marker]}
    table = source(4000, a=DIGIT, **types)
    rows = table.at(range(4000)).to_pylist()
    nulls = sum(row["x"] is None for row in rows)
    assert stats.binomtest(nulls, 4000, 0.3).pvalue > FALSE_ALARM
    assert stats.binomtest(sum(row["y"] == 77 for row in rows), 4000, 0.3).pvalue > FALSE_ALARM
    assert all(row["y"] is not None and row["z"] is not None for row in rows)
    if isinstance(marker, Derived):
        assert all(row["x"] in (None, row["a"] * 2) and row["y"] in (77, row["a"] * 2) for row in rows)
    assert [field.nullable for field in table.schema] == [False, True, False, True]


def test_a_property_that_may_be_left_out_may_have_nulls_and_a_condition():
    fields = {"a": {"type": "integer", "minimum": 0, "maximum": 9}, "b": {"type": "integer", "when": "a > 4"}}
    fields["c"] = {"type": "integer", "depends_on": {"fields": ["a"]}, "nulls": 0.5}
    fields["d"] = {
        "type": "number",
        "given": {"field": "a", "cases": {i: {"distribution": "normal"} for i in range(10)}},
    }
    schema = Schema()
    schema.add({"properties": fields, "required": ["a"], "additionalProperties": False}, 4000, name="Thing")
    rows = list(schema.rows("Thing"))
    assert all(("b" in row) == (row["a"] > 4) for row in rows)
    for name, share in (("c", 0.5), ("d", 0.05)):
        assert stats.binomtest(sum(name not in row for row in rows), 4000, share).pvalue > FALSE_ALARM
        assert None not in [row.get(name, 0) for row in rows]


def test_an_optional_column_that_others_decide_has_no_nulls_but_theirs_however_it_is_written():
    class Inner(BaseModel):
        a: Annotated[int | None, Field(ge=0, le=9), HALF]
        b: Annotated[int | None, Derived("a + 1")]
        c: Annotated[int, Derived("a + 1")] | None
        d: Annotated[int | None, DependsOn("a", {i: i for i in range(10)})]
        e: Annotated[int | None, Nulls(0.1, value=-1), Derived("a + 1")]
        f: Annotated[str, Nulls(0, value="none"), When("a > 4")]

    rows = rows_of(1000, inner=Inner)
    document = {
        "properties": {"a": {"type": ["integer", "null"], "minimum": 0, "maximum": 9, "nulls": 0.5}}
        | {"b": {"type": "integer", "derived": "a + 1"}, "c": {"type": ["integer", "null"], "derived": "a + 1"}},
        "additionalProperties": False,
        "required": ["a", "c"],
    }
    schema = Schema()
    schema.add(document, 1000, name="Thing")
    for row in [*(row["inner"] for row in rows), *schema.table("Thing").arrow().to_pylist()]:
        assert row["b"] == row["c"] == (None if row["a"] is None else row["a"] + 1)
        assert row.get("d", row["a"]) == row["a"]
        assert row.get("e") != (None if "e" in row else 0)
        assert "e" not in row or row["e"] == -1 or row["e"] == row["b"]
        assert "f" not in row or (row["f"] == "none") == (row["a"] is None or row["a"] <= 4)
    with pytest.raises(SchemaError, match=r"Thing\.b: 20% nulls are asked for, and the field has none"):
        rows_of(a=DIGIT, b=Annotated[int, Nulls(0.2), Derived("a")])


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
    "text": (Annotated[str, Derived("'Rome' if k else 'Paris'")], {"Paris": 1, "Rome": 2}, int),
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


def test_a_duration_is_no_number_until_its_days_or_hours_are_counted():
    start, end = datetime.date, Annotated[datetime.date, After("s", within=datetime.timedelta(days=9))]
    with pytest.raises(SchemaError, match="duration") as error:
        rows_of(s=start, e=end, n=Annotated[int, Derived("e - s")])
    assert error.value.hint == "Count them: days(end - start)."
    for row in rows_of(s=start, e=end, n=Annotated[int, Derived("int(days(e - s))")]):
        assert row["n"] == (row["e"] - row["s"]).days


# -- tables that speak of what cannot be -----------------------------------------------------------------------

AB = Literal["a", "b"]
NEVER = {
    "choices": (AB, {"a": 1, "z": 2}, "speaks of on = 'z', which on never is. Its values are 'a', 'b'."),
    "an Enum": (
        Colour,
        {"red": 1, "pink": 2},
        "on = 'pink', which on never is. Its values are 'red', 'blue'.",
    ),
    "few numbers": (
        Annotated[int, Field(ge=1, le=3)],
        {1: 1, 4: 2},
        "on = 4, which on never is. Its values are 1, 2, 3.",
    ),
    "no value": (AB | None, {"a": 1, None: 2}, "on = None, and is not asked where on is null"),
}


@pytest.mark.parametrize("name", NEVER)
def test_a_table_that_speaks_of_what_another_field_never_is_is_refused(name):
    kind, table, said = NEVER[name]
    with pytest.raises(SchemaError) as caught:
        source(10, x=Annotated[int | None, DependsOn("on", table)], on=kind)
    assert str(caught.value).startswith("Thing.x: its table ") and said in str(caught.value)
    with pytest.raises(SchemaError, match=r"Thing\.inside\.x: its table "):
        source(10, inside=model(x=Annotated[int | None, DependsOn("on", table)], on=kind))
    if None not in table:
        cases = {key: Normal(value, 1) for key, value in table.items()}
        with pytest.raises(SchemaError, match=r"Thing\.x: its table speaks of on = .*, which on never is"):
            source(10, x=Annotated[float, Given("on", cases)], on=kind)


def test_a_table_may_speak_of_what_stands_for_no_value():
    kind = Annotated[AB | Literal["n/a"], Nulls(0.5, value="n/a")]
    table = source(50, x=Annotated[int, DependsOn("on", {"a": 1, "b": 2, "n/a": 3})], on=kind)
    assert set(table.at(range(50)).column("x").to_pylist()) == {1, 2, 3}


@pytest.mark.parametrize(
    ("kind", "entry", "said"),
    [
        (
            Annotated[int, Field(ge=10, lt=20)],
            5,
            "a value 5, which the field's bounds exclude: at least 10 and below 20",
        ),
        (Annotated[str, Field(max_length=2)], "abc", "a text of length 3, which the field's bounds exclude: at most 2"),
        (Literal[1, 2], 5, "it is made to be 5, which is none of its values"),
        (int, None, "1 nulls for a field that has none"),
    ],
)
def test_an_entry_of_a_table_that_the_field_does_not_take_is_named(kind, entry, said):
    good = {"abc": "ab"}.get(entry, 12 if kind != Literal[1, 2] else 1)
    with pytest.raises(SchemaError) as caught:
        source(10, x=Annotated[kind, DependsOn("on", {"a": good, "b": entry})], on=AB)
    assert caught.value.message == f"Thing.x: its table says {entry!r} where on is 'b': {said}."
    assert caught.value.hint
