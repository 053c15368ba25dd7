"""Proves that what ties columns of a row together holds in picked rows, redrawn rows, documents and runs."""

import json
import pickle
from typing import Annotated, Literal

import numpy as np
import pytest
from pydantic import BaseModel, Field, model_validator

from columns import KEY, array, source
from gen import ForeignKey, Normal, PrimaryKey, Schema
from gen.artefacts import pack, unpack
from gen.builder import as_json_schema, load_schema
from gen.schema.row_markers import After, DependsOn, Derived, Given, Noise, When
from program import checksums, parts, stamps

DIGIT = Annotated[int, Field(ge=0, le=9)]


def tripled(row):
    return row.a * 3


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
    schema.add(Fussy, 800)
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
    assert refused < 800 * 0.01  # after 16 attempts, where what is made of a key cannot be taken from another row
    assert unpack(pack(source_, None)).at(range(50)).equals(source_.at(range(50)))


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
    again = as_json_schema(load_schema(str(tmp_path / "thing.json")))
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


def test_runs_with_workers_from_a_file_resume_verify_and_refuse_a_changed_function(forks, workers, tmp_path):
    (tmp_path / "models.py").write_text(MODELS, encoding="utf-8")
    (tmp_path / "rates.py").write_text("FACTOR = 3\ndef tripled(r):\n    return r.a * FACTOR\n", encoding="utf-8")
    asked = ("--schema", "models.py", "--rows", 400, "--partition-rows", 150, "--as-of", "2026-01-01")
    for ended in (
        forks(*asked, "--scheduler", workers, "--out", "two", cwd=tmp_path),
        forks(*asked[:4], "--partition-rows", 110, *asked[6:], "--part", "1/1", "--out", "one", cwd=tmp_path),
    ):
        assert ended.code == 0, ended.err
    assert checksums(tmp_path / "two") == checksums(tmp_path / "one")
    row = json.loads(forks("row", "Thing", 399, *asked[:4], cwd=tmp_path).out)
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
