"""Proves that objects inside a row are drawn until their own model takes them, each by itself: all else stays."""

import dataclasses
import json
import shutil
from collections import Counter
from typing import Annotated, Any, Literal

import numpy as np
import pytest
from annotated_types import Predicate
from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    RootModel,
    TypeAdapter,
    ValidationInfo,
    create_model,
    field_validator,
    model_validator,
)
from scipy import stats
from typing_extensions import TypedDict

from columns import array, below, model, source
from gen import Derived, ForeignKey, Nulls, PrimaryKey, Schema, Weights
from gen.errors import SchemaError
from gen.preparing import code_of
from gen.schema.models.model_check import ModelCheck
from gen.synth.judging.judged import SynthesizeJudged
from gen.synth.judging.row_filter import RowFilter
from gen.synth.table import TableSource
from program import AS_OF, Forks, checksums

ROWS = 1000
FALSE_ALARM = 1e-6  # of each statistical test
Digit = Annotated[int, Field(ge=0, lt=10)]


class Free(BaseModel):
    left: int
    right: int


class Span(Free):
    @model_validator(mode="after")
    def ordered(self) -> "Span":
        if self.right < self.left:
            raise ValueError("right before left")
        return self


class Tree(BaseModel):
    value: Digit
    kids: list["Tree"]

    @field_validator("value")
    @classmethod
    def small(cls, value: int) -> int:
        if value > 4:
            raise ValueError("too large")
        return value


@dataclasses.dataclass
class Point:
    x: Annotated[Digit, below(5)]


class Options(TypedDict, total=False):
    x: Annotated[Digit, below(5)]


def judged(table: TableSource) -> list[SynthesizeJudged]:
    """What asks a model in a table, at its first attempt."""
    parts = [part for column in table.columns.values() for part in column.every_part()]
    return [part for part in parts if isinstance(part, SynthesizeJudged) and not part.attempt]


def needed(truth: object, why: str = "not so") -> None:
    """What a validator asserts: of an `assert` here pytest explains every failure, in a tenth of a millisecond each."""
    if not truth:
        raise AssertionError(why)


def even(counts: list[int]) -> bool:
    return float(stats.chisquare(counts).pvalue) > FALSE_ALARM


# -- laws that stay ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("least", "most"), [(0, 8), (6, 8)])
def test_lists_keep_the_law_of_their_lengths(least, most):
    table = source(ROWS, items=Annotated[list[Span], Field(min_length=least, max_length=most)])
    lists = table.at(range(ROWS)).column("items").to_pylist()
    counts = Counter(map(len, lists))
    assert sorted(counts) == list(range(least, most + 1))
    assert even(list(counts.values()))
    TypeAdapter(list[list[Span]]).validate_python(lists)
    assert table.filter is None  # whole rows are taken as they are


def test_what_is_taken_at_once_is_as_it_was_and_so_is_every_length():
    drawn, plain = (
        source(ROWS, items=list[create_model("Span", __base__=base)]).at(range(ROWS)).column("items").to_pylist()
        for base in (Span, Free)
    )
    assert list(map(len, drawn)) == list(map(len, plain))
    taken = [a == b for one, other in zip(drawn, plain, strict=True) for a, b in zip(one, other, strict=True)]
    assert taken == [item["left"] <= item["right"] for items in plain for item in items]


def test_nulls_branches_and_dicts_keep_their_laws():
    kinds = {"null": Annotated[Span | None, Nulls(0.3)], "union": Annotated[int | Span, Weights({"Span": 3, "int": 1})]}
    table = source(ROWS, **kinds, map=dict[str, Span], tuple=tuple[Span, Span])
    rows = table.python(table.at(range(ROWS)))
    assert stats.binomtest(sum(row["null"] is None for row in rows), ROWS, 0.3).pvalue > FALSE_ALARM
    assert stats.binomtest(sum(isinstance(row["union"], int) for row in rows), ROWS, 0.25).pvalue > FALSE_ALARM
    assert even([Counter(len(row["map"]) for row in rows)[size] for size in range(6)])
    assert table.filter is None


def test_only_the_field_that_is_to_blame_is_drawn_again():
    fields = {"x": (Digit, ...), "y": (int, ...)}
    plain = create_model("Thing2", **fields)
    picky = create_model("Thing2", **fields | {"x": (Annotated[Digit, below(8)], ...)})
    drawn, free = (source(ROWS, items=list[kind]).at(range(ROWS)).column("items").values for kind in (picky, plain))
    assert drawn.field("y") == free.field("y")
    assert even(np.bincount(drawn.field("x").to_pylist(), minlength=8).tolist())


def test_an_object_is_a_function_of_its_row():
    table = source(ROWS, items=list[Span], tree=Tree, one=Span | None)
    whole = table.at(range(ROWS)).to_pylist()
    assert table.at(array(reversed(range(ROWS)))).to_pylist() == whole[::-1]
    assert [table.at(range(i, i + 1)).to_pylist()[0] for i in range(0, ROWS, 97)] == whole[::97]


# -- where objects are ---------------------------------------------------------------------------------------


class Key(BaseModel):
    id: Annotated[int, PrimaryKey()]


class Line(BaseModel):
    key: Annotated[int, ForeignKey("Key.id")]
    price: Annotated[int, Field(ge=0, le=100)]
    count: Annotated[int, Field(ge=0, le=100)]
    total: Annotated[int, Derived("price * count")]

    @model_validator(mode="after")
    def cheap(self) -> "Line":
        needed(self.total < 2500)
        return self


class Cash(Span):
    kind: Literal["cash"]


class Card(BaseModel):
    kind: Literal["card"]
    left: Annotated[int, below(2**31)]


class Frozen(Span, frozen=True):
    left: Annotated[int, Field(ge=0, lt=4)]
    right: Annotated[int, Field(ge=0, lt=4)]


class Order(BaseModel):
    lines: Annotated[list[Line], Field(min_length=2, max_length=4)]
    note: int

    @model_validator(mode="after")
    def even(self) -> "Order":
        needed(self.note % 2 == 0)
        return self


Payment = Annotated[Cash | Card, Field(discriminator="kind")]


@pytest.mark.parametrize(
    "kind", [Tree, Point, Options, Payment, set[Frozen], list[Order], dict[str, list[Payment]], Tree | int | None]
)
def test_every_object_is_taken_wherever_it_is(kind):
    schema = Schema()
    schema.add(model(x=kind), 300)
    schema.add(Key, 50)
    table = schema.table("Thing").source
    assert judged(table)
    assert table.filter is None
    assert len(list(schema.rows("Thing"))) == 300
    keys = set(schema.table(Key).arrow()["id"].to_pylist())
    assert all(line["key"] in keys for row in table.at(range(300)).to_pylist() for line in _lines(row))


def _lines(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict) and "key" in value:
        return [value]
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [line for each in inside for line in _lines(each)]


def test_models_of_one_union_stay_one_struct_each_with_its_share():
    table = source(ROWS, x=Payment)
    values = table.at(range(ROWS)).column("x").to_pylist()
    assert {name for value in values for name in value} == {"kind", "left", "right"}
    assert stats.binomtest(sum(value["kind"] == "cash" for value in values), ROWS).pvalue > FALSE_ALARM


# -- functions around the type of what a container holds -----------------------------------------------------


def even_number(value: int | None) -> int | None:
    needed(value is None or value % 2 == 0, "odd")
    return value


def few(value: list[int]) -> list[int]:
    needed(len(value) < 3)
    return value


def no_left_zero(span: Free) -> Free:
    needed(span.left % 2)
    return span


class Even(RootModel[Digit]):
    @field_validator("root")
    @classmethod
    def even(cls, value: int) -> int | None:
        return even_number(value)


EvenDigit = Annotated[Digit, AfterValidator(even_number)]


@pytest.mark.parametrize(
    "item",
    [
        EvenDigit,
        EvenDigit | None,
        Annotated[Digit | None, AfterValidator(even_number)],
        Annotated[Digit, Predicate(lambda value: value % 2 == 0)],
        Even,
        Annotated[list[Digit], Field(max_length=5), AfterValidator(few)],
        Annotated[Span, AfterValidator(no_left_zero)],
        EvenDigit | str,
    ],
)
def test_what_a_list_holds_is_drawn_again_by_itself(item):
    kinds = {"any": list[item], "long": Annotated[list[item], Field(min_length=30, max_length=37)]}
    table = source(300, **kinds, values=dict[str, item], pair=tuple[item, item])
    assert table.filter is None
    rows = table.python(table.at(range(300)))
    TypeAdapter(list[model(**kinds, values=dict[str, item], pair=tuple[item, item])]).validate_python(rows)
    for name, first, last in (("any", 0, 5), ("long", 30, 37), ("values", 0, 5)):
        counts = Counter(len(row[name]) for row in rows)
        assert even([counts[size] for size in range(first, last + 1)])


def test_items_are_as_likely_as_what_their_functions_take():
    items = source(ROWS, x=Annotated[list[EvenDigit], Field(min_length=5)]).at(range(ROWS)).column("x").values
    assert even(np.bincount(items.to_pylist(), minlength=10)[::2].tolist())
    sets = source(200, x=Annotated[set[EvenDigit], Field(min_length=5)], y=dict[EvenDigit, int]).at(range(200))
    assert all(set(row) == {0, 2, 4, 6, 8} for row in sets.column("x").to_pylist())
    assert max(len(row) for row in sets.column("y").to_pylist()) == 5


def test_functions_that_take_every_item_change_none():
    taking = Annotated[Digit, AfterValidator(lambda value: value)]
    table, plain = (source(ROWS, x=list[item], y=set[item]) for item in (taking, Digit))
    assert code_of({"Thing": table}) == {}
    assert table.at(range(ROWS)) == plain.at(range(ROWS))


def test_functions_that_see_more_than_the_item_are_asked_with_the_whole_field():
    def even(value: int, info: ValidationInfo) -> int | None:
        assert info.data is not None
        return even_number(value)

    table = source(ROWS, x=list[Annotated[Digit, AfterValidator(even)]])
    assert table.filter is not None
    assert not [i for row in table.at(range(ROWS)).column("x").to_pylist() for i in row if i % 2]


def test_a_function_that_takes_next_to_no_item_is_refused_by_its_place():
    said = r"^Thing.x\[\]: the validator check accepts 0.* of the values drawn; Value error, .* is too much"
    with pytest.raises(SchemaError, match=said):
        source(ROWS, x=list[Annotated[int, below(1000)]])


# -- which models are asked ----------------------------------------------------------------------------------


class Holder(BaseModel):
    span: Span
    more: list[Span]


class Judging(BaseModel):
    span: Span
    x: Annotated[Digit, below(3)]


class Inheriting(Span):
    pass


class Wrapped(BaseModel):
    x: int

    @model_validator(mode="wrap")
    @classmethod
    def around(cls, value: Any, handler: Any) -> Any:
        return handler(value)


class Before(BaseModel):
    x: int

    @model_validator(mode="before")
    @classmethod
    def first(cls, value: Any) -> Any:
        return value


@pytest.mark.parametrize(
    ("kind", "own"),
    [
        (Free, False),
        (Span, True),
        (Holder, False),
        (Judging, True),
        (Inheriting, True),
        (Wrapped, True),
        (Before, True),
        (Tree, True),
        (Point, True),
        (Options, True),
        (Key, False),
    ],
)
def test_a_model_is_asked_for_validators_of_its_own_alone(kind, own):
    assert ModelCheck(kind).judges_objects is own


def test_a_model_that_takes_everything_is_asked_for_a_sample_alone():
    taking = create_model("Taking", x=(Annotated[int, below(2**40)], ...))
    plain = create_model("Taking", x=(int, ...))
    table, other = (source(ROWS, items=list[kind], one=kind | None) for kind in (taking, plain))
    assert not judged(table)
    assert code_of({"Thing": table}) == {}
    assert table.at(range(ROWS)) == other.at(range(ROWS))


def test_a_model_that_takes_next_to_nothing_is_refused_by_its_place():
    class Small(BaseModel):
        x: Annotated[int, Field(ge=0, lt=100)]

        @model_validator(mode="after")
        def small(self) -> "Small":
            needed(self.x < 3, "too much")
            return self

    one = create_model("One", x=(Annotated[int, Field(ge=0, lt=100), below(3)], ...))
    for kind, place in ((Small, "Thing.items[]:"), (one, "Thing.items[].x:")):
        with pytest.raises(SchemaError) as caught:
            source(ROWS, items=Annotated[list[kind], Field(max_length=3)])
        assert caught.value.message.startswith(f"{place} {kind.__name__} accepts")
        assert "too much" in caught.value.message
        assert "5% must be accepted" in caught.value.hint


# -- through the program -------------------------------------------------------------------------------------

MODELS = """
from typing import Annotated
from pydantic import AfterValidator, BaseModel, Field, model_validator
from limits import holds

class Span(BaseModel):
    left: int
    right: int

    @model_validator(mode="after")
    def ordered(self):
        assert holds(self.left, self.right)
        return self

class Easy(BaseModel):
    x: int

    @model_validator(mode="after")
    def fine(self):
        return self

def tidy(value):
    assert holds(value, 2**31)
    return value

class Page(BaseModel):
    items: list[Span] = Field(min_length=4, max_length=6)
    marks: list[Annotated[int, AfterValidator(tidy)]] = Field(min_length=4, max_length=6)
    easy: Easy
"""
LIMITS = "def holds(left, right):\n    return left <= right\n"
ASKED = ("--schema", "models.py:Page", "--rows", 600, "--partition-rows", 200, *AS_OF)


def test_models_inside_rows_through_the_program(forks: Forks, workers: str, tmp_path) -> None:
    (tmp_path / "models.py").write_text(MODELS, "utf-8")
    (tmp_path / "limits.py").write_text(LIMITS, "utf-8")
    ended = forks(*ASKED, "--out", "data", cwd=tmp_path)
    assert ended.code == 0, ended.err
    record = json.loads((tmp_path / "data" / "_gen" / "run.json").read_text("utf-8"))
    # of the other model no code has a part in the values
    assert set(record["code"]) == {"Page.items[]: Span", "Page.marks[]: the validator tidy"}
    # checked again, by two workers, resumed
    assert forks("verify", "data", cwd=tmp_path).code == 0
    ended = forks(*ASKED, "--out", "two", "--scheduler", workers, cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert checksums(tmp_path / "two") == checksums(tmp_path / "data")
    (tmp_path / "two" / "Page" / "part-000001.parquet").unlink()
    assert forks(*ASKED, "--out", "two", cwd=tmp_path).code == 0
    assert checksums(tmp_path / "two") == checksums(tmp_path / "data")
    # a document has no code
    (tmp_path / "page.json").write_text(forks("schema", "models.py:Page", cwd=tmp_path).out, "utf-8")
    assert forks("describe", "--schema", "page.json", cwd=tmp_path).code == 0
    # other code, or none
    (tmp_path / "limits.py").write_text(LIMITS.replace("<=", ">"), "utf-8")
    for command in (("verify", "data"), (*ASKED, "--out", "data")):
        changed = forks(*command, cwd=tmp_path)
        assert changed.code == 2, (changed.out, changed.err)
        assert "Page.items" in changed.err
        assert "Traceback" not in changed.err
    (tmp_path / "models.py").unlink()
    assert forks("verify", "data", cwd=tmp_path).code == 2


def test_what_models_take_as_it_is_is_verified_without_them(forks: Forks, tmp_path) -> None:
    (tmp_path / "models.py").write_text(MODELS, "utf-8")
    (tmp_path / "limits.py").write_text("def holds(left, right):\n    return True\n", "utf-8")
    assert forks(*ASKED, "--out", "data", cwd=tmp_path).code == 0
    (tmp_path / "models.py").unlink()
    shutil.rmtree(tmp_path / "__pycache__", ignore_errors=True)
    assert forks("verify", "data", cwd=tmp_path).code == 0


# -- models inside models ------------------------------------------------------------------------------------


class Hard(BaseModel):
    x: Annotated[int, Field(ge=0, lt=100)]
    y: Annotated[int, Field(ge=0, lt=100)]

    @model_validator(mode="after")
    def small(self) -> "Hard":
        needed(self.x < 15)
        return self


class Harder(BaseModel):
    inside: Hard

    @model_validator(mode="after")
    def small(self) -> "Harder":
        needed(self.inside.y < 50)
        return self


def test_spare_objects_are_looked_for_once_whatever_attempts_they_are_inside_of(monkeypatch):
    made: Counter[str] = Counter()
    find = RowFilter.spare_rows

    def counted(self: RowFilter, *given: Any) -> Any:
        made[self.table] += 1
        return find(self, *given)

    monkeypatch.setattr(RowFilter, "spare_rows", counted)
    table = source(100, one=Harder, items=list[Harder])
    rows = table.python(table.at(range(100)))
    TypeAdapter(list[model(one=Harder, items=list[Harder])]).validate_python(rows)
    assert made == dict.fromkeys(["Thing.one", "Thing.one.inside", "Thing.items[]", "Thing.items[].inside"], 1)


def test_an_object_is_drawn_anew_in_every_attempt_at_the_one_that_it_is_inside_of():
    """Its own model takes one object in seven, and the model around it one in ten of these."""

    class Hardest(Harder):
        @model_validator(mode="after")
        def smaller(self) -> "Hardest":
            needed(self.inside.y < 10)
            return self

    inside = source(ROWS, one=Hardest).at(range(ROWS)).column("one").field("inside")
    assert even(np.bincount(inside.field("x").to_pylist(), minlength=15).tolist())
    assert even(np.bincount(inside.field("y").to_pylist(), minlength=10).tolist())
