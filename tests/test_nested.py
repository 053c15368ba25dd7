"""Proves that nested fields are what their declaration says: values at addresses, valid, and independent."""

import json
import pickle
import re
from collections.abc import Callable
from functools import cache
from typing import Annotated, Literal, Union

import pyarrow as pa
import pytest
from pydantic import BaseModel, Field, TypeAdapter
from scipy import stats
from typing_extensions import TypedDict

from columns import array, drawn, model, source
from gen import ForeignKey, Lengths, Poisson, PrimaryKey, Schema, Weights
from gen.errors import CapacityError, ReferenceError, SchemaError
from gen.schema.models.from_pydantic import table_from_model
from gen.schema.spec import Spec
from gen.schema.written import spec_from_json, spec_to_json
from gen.synth.described import described
from gen.synth.synthesizer import path_of
from nested_cases import NESTED, Address, Cat, Chain, Dog, Linked, Round, Square, Tree

ROWS = 200
FALSE_ALARM = 1e-6  # of each test, were its seed not fixed
# Pydantic reads bytes as UTF-8, keys of objects as texts, and of a union whatever it can.
NOT_FROM_JSON = ("list of bytes", "bytes or text", "UUID or text", "dict by tuple", "dict by int or text")
CONSTANT = ("model without fields", "tuple without items")
every_kind = pytest.mark.parametrize("kind", NESTED)


@cache
def made(kind):
    """A table with a column of that kind, and all its rows."""
    table = source(ROWS, x=NESTED[kind])
    return table, table.at(range(ROWS))


# -- what every nested field has to be -----------------------------------------------------------------------


@every_kind
def test_values_are_at_addresses_whichever_way_they_are_read(kind):
    table, batch = made(kind)
    values = batch.column("x").to_pylist()
    assert table.at(array(reversed(range(ROWS)))).column("x").to_pylist() == values[::-1]
    for start, stop in ((0, 0), (0, 7), (5, 6), (60, 170), (ROWS - 1, ROWS)):
        assert table.at(range(start, stop)).column("x").to_pylist() == values[start:stop]
    again = pickle.loads(pickle.dumps(table))
    assert again.at(range(ROWS)).column("x").to_pylist() == values


@every_kind
def test_arrays_are_valid_and_have_nulls_only_where_they_are_declared(kind):
    table, _ = made(kind)
    for rows in (range(ROWS), range(0), range(7, 8), array([5, 5, 199, 0])):
        batch = table.at(rows)
        batch.validate(full=True)
        assert batch.schema == table.schema
        _assert_nulls_are_declared(batch.schema.field("x"), batch.column("x"))


def _assert_nulls_are_declared(field, values):
    assert field.nullable or not values.null_count, field
    if pa.types.is_struct(field.type):
        for i, inner in enumerate(field.type):
            _assert_nulls_are_declared(inner, values.filter(values.is_valid()).field(i))
    elif pa.types.is_map(field.type):
        _assert_nulls_are_declared(field.type.item_field, values.items)
    elif pa.types.is_list(field.type):
        _assert_nulls_are_declared(field.type.value_field, values.flatten())


@every_kind
def test_python_values_are_what_the_model_takes(kind):
    adapter, (table, batch) = TypeAdapter(NESTED[kind]), made(kind)
    rows = table.python(batch)
    for row in rows:
        adapter.validate_python(row["x"])
    assert len(set(map(repr, rows))) > 1 or kind in CONSTANT


def once(pairs):
    """An object of JSON, whose names differ."""
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


@every_kind
def test_json_is_json_and_says_the_same(kind):
    """The JSON text of a row, read by Python's own reader, is canonical, and what Pydantic takes."""
    adapter, (table, batch) = TypeAdapter(NESTED[kind]), made(kind)
    texts, rows = table.json(batch).to_pylist(), table.python(batch)
    for text, row in zip(texts, rows, strict=True):
        assert ", " not in re.sub(r'"(\\.|[^"\\])*"', "", text)
        value = json.loads(text, object_pairs_hook=once)["x"]
        said = json.dumps(value)
        if kind not in NOT_FROM_JSON:
            assert adapter.validate_json(said) == adapter.validate_python(row["x"]), said


@every_kind
def test_a_slice_means_the_same_as_the_rows(kind):
    table, batch = made(kind)
    part = batch.slice(13, 29)
    assert table.python(part) == table.python(batch)[13:42]
    assert table.json(part).to_pylist() == table.json(batch).to_pylist()[13:42]


# -- addresses -----------------------------------------------------------------------------------------------


def test_parts_do_not_depend_on_the_parts_beside_them():
    class Wide(BaseModel):
        before: int
        a: list[int]
        b: dict[str, float]
        after: list[str]

    class Narrow(BaseModel):
        b: dict[str, float]
        a: list[int]

    wide, narrow = (drawn(kind).flatten() for kind in (Wide, Narrow))
    assert wide[1] == narrow[1]
    assert wide[2] == narrow[0]


def test_an_item_does_not_depend_on_how_many_there_are():
    """The items that two lists of one address have in common are equal, whatever their lengths."""
    one = drawn(Annotated[list[int], Field(min_length=5, max_length=5)]).to_pylist()
    other = drawn(Annotated[list[int], Field(min_length=7, max_length=8)]).to_pylist()
    assert [items[:5] for items in other] == one


def test_names_that_look_like_paths_have_values_of_their_own():
    schema = Schema()
    inner = {"type": "object", "properties": {"b": {"type": "integer"}}, "required": ["b"]}
    listed = {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 1}
    properties = {"a.b": {"type": "integer"}, "a": inner, "c[]": {"type": "integer"}, "c": listed}
    schema.add({"type": "object", "properties": properties, "required": list(properties)}, 100, name="Thing")
    columns = schema.table("Thing").arrow().to_pydict()
    assert not {row["b"] for row in columns["a"]} & set(columns["a.b"])
    assert not {row[0] for row in columns["c"]} & set(columns["c[]"])
    names = ["a", "a.b", "a[]", "a{}", "a#", "a|b", "a?b", "a\\", "a\\.b"]
    assert len({path_of(name) for name in names} | {path_of("b", "a")}) == len(names) + 1


def test_many_rows_of_lists_have_addresses_and_too_many_are_refused():
    rows = 2**53
    table = source(rows, x=list[list[int]])
    values = table.at(array([0, rows - 1])).column("x").to_pylist()
    assert values[1] == table.at(range(rows - 1, rows)).column("x").to_pylist()[0]
    with pytest.raises(CapacityError, match=r"Thing\.x\[\]\[\]\[\].*can be addressed"):
        source(rows, x=list[list[list[list[int]]]])


# -- nulls, unions, variants, recursion ----------------------------------------------------------------------


def test_nulls_are_as_many_as_declared_at_every_depth():
    rows = 20_000
    kind = Annotated[list[Annotated[int | None, Field(json_schema_extra={"nulls": 0.3})]] | None, Field()]
    values = drawn(Annotated[kind, Field(json_schema_extra={"nulls": 0.6})], rows)
    assert abs(values.null_count / rows - 0.6) < 5 * (0.24 / rows) ** 0.5
    items = values.flatten()
    assert abs(items.null_count / len(items) - 0.3) < 5 * (0.21 / len(items)) ** 0.5


def test_nulls_of_a_value_do_not_depend_on_the_values_beside_it():
    """Where a branch has nulls of its own, the column's are there just the same."""
    kind = Annotated[Literal["a", None] | Literal["b"] | None, Field(json_schema_extra={"nulls": 0.5})]
    table = source(400, x=kind)
    whole = table.at(range(400)).column("x").to_pylist()
    assert [table.at(range(i, i + 1)).column("x")[0].as_py() for i in range(400)] == whole
    assert 180 < whole.count(None) < 330


def test_branches_are_drawn_by_weight():
    rows = 20_000
    kind = Annotated[int | str | bool, Field(json_schema_extra={"weights": {"integer": 6, "text": 3, "boolean": 1}})]
    table = source(rows, x=kind)
    seen = [type(row["x"]) for row in table.python(table.at(range(rows)))]
    counts = [seen.count(kind) for kind in (int, str, bool)]
    assert stats.chisquare(counts, [0.6 * rows, 0.3 * rows, 0.1 * rows]).pvalue > FALSE_ALARM


class Endless(BaseModel):
    inner: "Endless"


NEVER_DRAWN = {
    "no data": (int | Callable[[int], int], ["never drawn: Callable (its type is Callable, and no value of it can be"]),
    "no data, optional": (int | Callable[[int], int] | None, ["never drawn: Callable (its type is Callable, and no"]),
    "of three": (int | str | Callable[[int], int], ["never drawn: Callable (its type is Callable, and no value of it"]),
    "in a list": (list[int | Callable[[int], int]], ["never drawn: x[]|Callable (its type is Callable, and no value"]),
    "inside": (dict[str, model(y=int | Callable[[int], int])], ["never drawn: x{}.y|Callable (its type is Callable"]),
    "excluded by a bound": (Annotated[int | str, Field(ge=5)], ["never drawn: text (the bound 5 does not suit a"]),
    "endless": (int | Endless, ["never drawn: Endless (a value of it contains another one without end"]),
    "endless further down": (int | Tree, []),
    "all drawn": (int | str | None, []),
}


@pytest.mark.parametrize("name", NEVER_DRAWN)
def test_a_branch_that_is_never_drawn_is_named_with_the_reason(name):
    annotation, expected = NEVER_DRAWN[name]
    (told,) = described(source(ROWS, x=annotation))
    said = [part for part in told["reason"].split("; ") if part.startswith("never drawn")]
    assert len(said) == len(expected)
    assert all(part.startswith(start) for part, start in zip(said, expected, strict=True))
    table = table_from_model(model(x=annotation))
    assert spec_from_json(json.loads(json.dumps(spec_to_json(Spec("s", (table,)))))).tables == (table,)


@pytest.mark.parametrize("weights", [{"Callable": 1, "integer": 2}, [1, 2, 3]])
@pytest.mark.parametrize("annotation", [int | str | Callable[[int], int], int | Callable[[int], int]])
def test_weights_of_a_branch_that_is_never_drawn_are_refused(annotation, weights):
    if isinstance(weights, list) and annotation == int | Callable[[int], int]:
        sentence = r"Thing\.x: weights are for choices and unions"
    else:
        sentence = r"Thing\.x: the weights speak of 'Callable', which is never drawn: its type is Callable"
    with pytest.raises(SchemaError, match=sentence):
        source(ROWS, x=Annotated[annotation, Weights(weights)])


def test_variants_are_one_struct_of_which_each_row_has_the_fields_of_its_kind():
    table = source(ROWS, x=Cat | Dog)
    values = table.at(range(ROWS)).column("x")
    assert [field.name for field in values.type] == ["kind", "lives", "name"]
    rows = [row["x"] for row in table.python(table.at(range(ROWS)))]
    assert {frozenset(row) for row in rows} == {frozenset(Cat.model_fields), frozenset(Dog.model_fields)}


def test_models_told_apart_by_a_literal_are_one_struct():
    table = source(ROWS, x=Annotated[Square | Round, Field(discriminator="kind")])
    assert table.schema.field("x").type == pa.struct(
        {"kind": pa.string(), "side": pa.float64(), "radius": pa.float64()}
    )
    for row in table.python(table.at(range(ROWS))):
        TypeAdapter(Square | Round).validate_python(row["x"])
        assert row["x"].keys() == {"kind", "side" if row["x"]["kind"] == "square" else "radius"}
    assert {row["x"]["kind"] for row in table.python(table.at(range(ROWS)))} == {"square", "circle", "ring"}


def depth(value, inside):
    nested = value.get(inside) or []
    return 1 + max((depth(item, inside) for item in (nested if isinstance(nested, list) else [nested])), default=0)


@pytest.mark.parametrize(("kind", "inside"), [(Tree, "children"), (Chain, "next"), (Linked, "next")])
def test_a_model_that_contains_itself_ends(kind, inside):
    table = source(ROWS, x=kind)
    depths = {depth(row["x"], inside) for row in table.python(table.at(range(ROWS)))}
    assert min(depths) >= 1 and 2 <= max(depths) <= 5


class Branch(BaseModel):
    kids: list["Branch"] | None = Field(None, min_length=1)


class Pair(BaseModel):
    kids: Annotated[list["Pair"], Field(min_length=2), Lengths(Poisson(2))] | None


class Twig(BaseModel):
    kids: Annotated[dict[str, "Twig"], Field(min_length=1)] | Literal["leaf"]


class Either(BaseModel):
    kids: list["Either"] | dict[str, "Either"] | str = Field(min_length=1)


class Beside(BaseModel):
    kids: Annotated[list["Beside"] | None, Field(json_schema_extra={"minItems": 1}), Lengths(Poisson(2))]


class Numbered(BaseModel):
    kids: Union["Numbered", Literal[1, 2]]


def levels(value):
    """How many models are inside each other."""
    inside = value.kids.values() if isinstance(value.kids, dict) else value.kids
    inside = inside if isinstance(inside, (list, type({}.values()))) else [inside]
    return 1 + max((levels(item) for item in inside if isinstance(item, BaseModel)), default=0)


@pytest.mark.parametrize("kind", [Branch, Pair, Twig, Either, Beside, Numbered])
def test_a_recursion_that_holds_something_ends_where_it_may_be_something_else(kind):
    """Judged by Pydantic, which validates every row."""
    schema = Schema()
    schema.add(kind, ROWS)
    found = {levels(row) for row in schema.rows(kind)}
    assert min(found) == 1 and 2 <= max(found) <= 3


class Filter(TypedDict, total=False):
    equal: int
    not_: "Filter"


class Query(BaseModel):
    where: Filter


class Queries(BaseModel):
    where: list[Filter]


@pytest.mark.parametrize("kind", [Query, Queries])
def test_a_key_that_may_be_absent_is_where_a_recursion_ends(kind):
    schema = Schema()
    schema.add(kind, ROWS)
    found = [row.where for row in schema.rows(kind)]
    filters = found if kind is Query else [item for items in found for item in items]
    inside = [item["not_"] for item in filters if "not_" in item]
    assert len(filters) > len(inside) > 0.85 * len(filters)  # 5 % are absent anyhow
    assert all("not_" not in item for item in inside)


class Must(BaseModel):
    kids: list["Must"] = Field(min_length=1)


@pytest.mark.parametrize("kind", [Endless, Must])
def test_a_model_that_must_contain_itself_is_refused(kind):
    with pytest.raises(SchemaError, match=rf"{kind.__name__}: a value of it contains another one without end"):
        Schema().add(kind)


def test_a_hundred_levels_and_three_hundred_columns_are_drawn():
    deep = int
    for level in range(100):
        deep = model(x=deep) if level % 2 else Annotated[list[deep], Field(min_length=1, max_length=1)]
    assert drawn(deep, 10).null_count == 0
    for _ in range(200):
        deep = model(x=deep)
    with pytest.raises(SchemaError, match=r"Thing.*nested"):
        source(10, x=deep)
    wide = source(100, **{f"c{i}": list[int] if i % 3 else Address for i in range(300)})
    assert wide.at(range(100)).num_columns == 300


# -- references inside ---------------------------------------------------------------------------------------


class Order(BaseModel):
    id: Annotated[int, PrimaryKey("scattered")]


class Line(BaseModel):
    order: Annotated[int, ForeignKey("Order.id")]


class Customer(BaseModel):
    orders: list[Annotated[int, ForeignKey("Order.id")]]
    different: set[Annotated[int, ForeignKey("Order.id")]]
    by_name: dict[str, Annotated[int, ForeignKey("Order.id")]]
    line: Line | None
    tree: dict[str, list[Line]]


def test_references_inside_nested_fields_are_keys_of_the_parent():
    schema = Schema()
    schema.add(Customer, 300)
    schema.add(Order, 500)
    keys = set(schema.table("Order").arrow()["id"].to_pylist())
    for row in schema.rows(Customer):
        used = [*row.orders, *row.different, *row.by_name.values(), *([row.line.order] if row.line else [])]
        used += [line.order for lines in row.tree.values() for line in lines]
        assert keys.issuperset(used)
        assert len(row.different) == len(set(row.different))


@pytest.mark.parametrize(("target", "said"), [("Ordr.id", "'Ordr'"), ("Order.idd", "'idd'")])
def test_a_reference_inside_that_leads_nowhere_names_its_path(target, said):
    wrong = Annotated[int, ForeignKey(target)]
    schema = Schema()
    schema.add(model(x=dict[str, list[wrong]]))
    schema.add(Order)
    with pytest.raises(ReferenceError, match=rf"Thing\.x{{}}\[\].*{said}"):
        schema.table("Thing")
