"""Proves that a synthesizer of the user's own is found, drawn, checked, and refused with a sentence."""

import datetime
import gc
from typing import Annotated

import numpy as np
import pyarrow as pa
import pytest
from pydantic import Field, create_model

from columns import KEY, array, drawn, source
from gen import ForeignKey, Nulls, PrimaryKey, Schema, SynthesizedBy, Synthesizer
from gen.errors import SchemaError
from gen.synth.described import described
from gen.synth.synthesizer import ADDRESS_BLOCK, synthesizer_classes
from gen.synth.text import SynthesizeString


@pytest.fixture
def custom():
    """Registers a synthesizer for one test: it is found because it exists, so afterwards it must match nothing."""
    made = []

    def register(synthesizer):
        made.append(synthesizer)
        return synthesizer

    yield register
    for synthesizer in made:
        synthesizer.match = classmethod(lambda _, column: False)


@pytest.fixture
def squares(custom):
    """Row-addressed, distinct, found by name."""

    class Squares(Synthesizer):
        unique = True

        def at(self, rows):
            numbers = np.arange(rows.start, rows.stop) if isinstance(rows, range) else rows.astype(np.int64)
            return pa.array(numbers**2)

    return custom(Squares)


@pytest.fixture
def dice(custom):
    """Block-addressed, found by name."""

    class Dice(Synthesizer):
        def draw(self, generator, n):
            return generator.integers(1, 7, n)

    return custom(Dice)


@pytest.fixture
def serials(custom):
    """Block-addressed keys, distinct but without a promise."""

    class Serials(Synthesizer):
        def draw(self, generator, n):
            return generator.permutation(n) + n * generator.integers(1, 2**40)

    return custom(Serials)


def by(name, kind=int, *facts):
    return Annotated[kind, SynthesizedBy(name), *facts]


def values_of(annotation, rows=100):
    return drawn(annotation, rows).to_pylist()


@pytest.mark.usefixtures("squares")
def test_a_synthesizer_is_found_by_its_name():
    assert values_of(by("Squares"), 5) == [0, 1, 4, 9, 16]
    table = source(x=by("Squares"))
    assert table.at(array([7, 3])).column("x").to_pylist() == [49, 9]
    assert table.columns["x"].reason == "named by the column"


@pytest.mark.parametrize("name", [c.__name__ for c in synthesizer_classes() if c.__module__.startswith("gen.")])
@pytest.mark.parametrize("kind", [int, str])
def test_a_synthesizer_of_gens_own_is_named_only_where_it_would_be_drawn_anyhow(name, kind):
    if name == type(source(x=kind).columns["x"]).__name__:
        assert values_of(by(name, kind)) == values_of(kind)
        return
    with pytest.raises(SchemaError, match=r"gen's own and does not draw|there is no synthesizer"):
        values_of(by(name, kind))


def test_a_synthesizer_is_found_by_its_match(custom):
    @custom
    class Answer(Synthesizer):
        @classmethod
        def match(cls, column):
            return column.kind == "integer" and column.name == "answer"

        def at(self, rows):
            return pa.array([42] * len(rows))

    table = source(answer=int, question=int).at(range(10))
    assert set(table.column("answer").to_pylist()) == {42}
    assert set(table.column("question").to_pylist()) != {42}


BETWEEN = Annotated[datetime.timedelta, Field(ge=datetime.timedelta(0), le=datetime.timedelta(days=2))]


def constant(value, base=Synthesizer, kind="text"):
    """A synthesizer of text, or another kind, that matches columns called x."""

    class Constant(base):
        @classmethod
        def match(cls, column):
            return column.kind == kind and column.name == "x"

        def at(self, rows):
            return pa.array([value] * len(rows))

    return Constant


def test_of_synthesizers_that_match_the_latest_is_taken(custom):
    custom(constant("first"))
    assert set(values_of(str)) == {"first"}
    custom(constant("second"))
    assert set(values_of(str)) == {"second"}


def test_of_synthesizers_that_match_the_most_specific_is_taken(custom):
    general = custom(constant("general"))
    custom(constant("specific", general))
    assert set(values_of(str)) == {"specific"}


def test_a_subclass_of_a_built_in_synthesizer_goes_before_it(custom):
    @custom
    class Loud(SynthesizeString):
        @classmethod
        def match(cls, column):
            return super().match(column) and column.name == "x"

        def at(self, rows):
            return pa.array([text.upper() + "!" for text in super().at(rows).to_pylist()])

    assert all(text == text.upper() and text.endswith("!") for text in values_of(str))


def test_synthesizers_of_a_finished_test_are_gone():
    gc.collect()
    assert __name__ not in {found.__module__ for found in synthesizer_classes()}


@pytest.mark.usefixtures("dice")
def test_drawn_values_are_addressed_by_blocks_of_65_536_rows():
    rows = 3 * ADDRESS_BLOCK
    table = source(rows, x=by("Dice"))
    whole = table.at(range(rows)).column("x")
    assert set(whole.to_pylist()) == {1, 2, 3, 4, 5, 6}
    blocks = [whole.slice(i * ADDRESS_BLOCK, ADDRESS_BLOCK).to_pylist() for i in range(3)]
    assert blocks[0] != blocks[1] != blocks[2]
    for start, stop in ((0, 1), (65_535, 65_537), (65_536, 131_072), (100, 196_608), (131_071, 131_072)):
        assert table.at(range(start, stop)).column("x").equals(whole.slice(start, stop - start))


@pytest.mark.usefixtures("dice")
@pytest.mark.parametrize("count", [0, 1, 7, 1000])
def test_drawn_values_by_address_equal_those_of_a_range(count):
    table = source(3 * ADDRESS_BLOCK, x=by("Dice"))
    whole = table.at(range(table.rows)).column("x").to_numpy()
    rows = np.random.default_rng(count).integers(0, table.rows, count, np.uint64)
    assert table.at(rows).column("x").to_pylist() == whole[rows].tolist()


@pytest.mark.usefixtures("dice")
def test_drawn_values_of_a_smaller_table_are_the_first_of_a_larger_one():
    assert values_of(by("Dice"), 10) == values_of(by("Dice"), 100_000)[:10]


@pytest.mark.usefixtures("dice")
def test_drawn_values_depend_on_seed_and_column():
    assert source(x=by("Dice")).at(range(100)).column("x") != source(y=by("Dice")).at(range(100)).column("y")
    assert source(x=by("Dice")).at(range(100)) != source(seed=1, x=by("Dice")).at(range(100))


@pytest.mark.usefixtures("serials", "squares")
@pytest.mark.parametrize("name", ["Serials", "Squares"])
@pytest.mark.parametrize("parents", [1000, 100_000])
def test_references_to_keys_of_a_synthesizer_of_the_users_own_exist(name, parents):
    schema = Schema()
    schema.add(create_model("Parent", id=(by(name, int, PrimaryKey()), ...)), parents)
    schema.add(create_model("Child", x=(Annotated[int, ForeignKey("Parent.id")], ...)), 5000)
    keys = schema.table("Parent").arrow()["id"].to_pylist()
    child = schema.table("Child").source
    references = child.at(range(5000)).column("x")
    assert len(set(keys)) == parents
    assert set(references.to_pylist()) <= set(keys)
    assert child.at(array(range(100, 200))).column("x").equals(references.slice(100, 100))


@pytest.mark.usefixtures("dice")
def test_a_drawn_key_with_duplicates_is_refused():
    with pytest.raises(SchemaError, match=r"Thing.x: Dice draws 94 duplicates in a primary key of 100 rows") as caught:
        source(100, x=by("Dice", int, PrimaryKey()))
    assert caught.value.hint


def test_a_key_by_address_with_duplicates_is_refused(custom):
    custom(constant("same"))
    with pytest.raises(SchemaError, match=r"Thing.x: Constant draws 9 duplicates"):
        source(10, x=Annotated[str, PrimaryKey()])


@pytest.mark.usefixtures("dice", "squares")
def test_a_key_too_large_to_be_counted_needs_a_promise():
    with pytest.raises(SchemaError, match=r"Thing.x: Dice draws a primary key of 5,000,000 rows without promising"):
        source(5_000_000, x=by("Dice", int, PrimaryKey()))
    assert source(5_000_000, x=by("Squares", int, PrimaryKey())).at(array([4_999_999])).num_rows == 1


def test_drawn_keys_that_are_referred_to_and_too_many_to_keep_are_refused_by_name(custom):
    @custom
    class Promised(Synthesizer):
        unique = True

        def draw(self, generator, n):
            return generator.integers(0, 2**62, n)

    schema = Schema()
    schema.add(create_model("Thing", x=(by("Promised", int, PrimaryKey()), ...)), 5_000_000)
    assert schema.table("Thing").source.at(range(5)).num_rows == 5
    schema.add(create_model("Child", y=(Annotated[int, ForeignKey("Thing.x")], ...)), 10)
    with pytest.raises(SchemaError, match=r"Thing.x: Promised .*5,000,000.*4,000,000"):
        schema.table("Child")


def test_a_synthesizer_that_writes_neither_at_nor_draw_is_refused(custom):
    @custom
    class Empty(Synthesizer):
        pass

    with pytest.raises(SchemaError, match=r"Thing.x: the synthesizer Empty writes neither `at` nor `draw`"):
        drawn(by("Empty"))


RESULTS = {
    "too few": lambda n: list(range(n - 1)),
    "too many": lambda n: np.arange(n + 1),
    "none": lambda n: [],
    "nothing": lambda _: None,
    "one number": lambda _: 7,
    "a null": lambda n: [None, *range(n - 1)],
    "nulls": lambda n: pa.nulls(n, pa.int64()),
    "texts": lambda n: ["x"] * n,
    "fractions": lambda n: np.full(n, 0.5),
    "nans": lambda n: np.full(n, np.nan),
    "too large": lambda n: [2**70] * n,
    "mixed": lambda n: [1, "a", *range(n - 2)],
    "a matrix": lambda n: np.zeros((n, 2), np.int64),
    "objects": lambda n: [object()] * n,
}


@pytest.mark.parametrize("result", RESULTS)
@pytest.mark.parametrize("way", ["at", "draw"])
def test_a_wrong_result_of_a_synthesizer_is_an_error_that_names_it(custom, way, result):
    @custom
    class Wrong(Synthesizer):
        if way == "at":

            def at(self, rows):
                return RESULTS[result](len(rows))

        else:

            def draw(self, generator, n):
                return RESULTS[result](n)

    with pytest.raises(SchemaError, match=r"Thing.x: Wrong returned") as caught:
        drawn(by("Wrong"))
    assert caught.value.hint


@pytest.mark.parametrize("days", [-1, 3])
def test_a_duration_outside_the_fields_bounds_is_refused(custom, days):
    custom(constant(datetime.timedelta(days=days), kind="duration"))
    with pytest.raises(SchemaError, match=r"Thing.x: Constant returned a value .* at least 0:00:00 and at most 2 days"):
        values_of(BETWEEN)


def test_a_duration_inside_the_fields_bounds_is_taken_and_nothing_but_nulls_is_too(custom):
    custom(constant(datetime.timedelta(days=1), kind="duration"))
    assert set(values_of(BETWEEN)) == {datetime.timedelta(days=1)}
    custom(constant(None, kind="duration"))
    assert set(values_of(Annotated[BETWEEN | None, Nulls(0)])) == {None}


FORMS = {
    "a list": list,
    "an array of another width": lambda values: np.array(values, np.int8),
    "an Arrow array": pa.array,
    "a chunked array": lambda values: pa.chunked_array([values[:3], values[3:]]),
    "whole floats": lambda values: [float(value) for value in values],
}


@pytest.mark.parametrize("form", FORMS)
def test_a_synthesizer_may_return_its_values_in_any_form(custom, form):
    @custom
    class Formed(Synthesizer):
        def at(self, rows):
            return FORMS[form](list(rows))

    assert drawn(by("Formed"), 7).equals(pa.array(range(7)))


@pytest.mark.usefixtures("squares", "dice")
def test_a_probe_accepts_columns_that_depend_on_nothing_but_their_rows():
    table = source(200_000, id=KEY, x=by("Squares"), y=by("Dice"), z=str)
    assert set(table.probe()) == {"id", "x", "y", "z", ""}
    assert table.probe() == source(200_000, id=KEY, x=by("Squares"), y=by("Dice"), z=str).probe()
    assert table.probe() != source(200_000, 1, id=KEY, x=by("Squares"), y=by("Dice"), z=str).probe()


@pytest.mark.parametrize("rows", [2, 1000, 50_000, 1_000_000])
@pytest.mark.parametrize("way", ["at", "draw"])
def test_a_probe_catches_a_column_that_depends_on_something_else(custom, way, rows):
    hidden = np.random.default_rng(3)

    @custom
    class Impure(Synthesizer):
        if way == "at":

            def at(self, rows):
                return pa.array(hidden.integers(0, 2**60, len(rows)))

        else:

            def draw(self, generator, n):
                return hidden.integers(0, 2**60, n)

    with pytest.raises(SchemaError, match=r"Thing.x: Impure gives other values when the same rows"):
        source(rows, id=KEY, x=by("Impure")).probe()


def test_a_probe_catches_a_column_that_depends_on_how_many_rows_are_asked_for(custom):
    @custom
    class Counting(Synthesizer):
        def at(self, rows):
            return pa.array(range(len(rows)))

    with pytest.raises(SchemaError, match=r"Thing.x: Counting"):
        source(10_000, x=by("Counting")).probe()


def test_describe_takes_no_attribute_of_a_class_of_yours_for_the_order_of_keys():
    class Serial(Synthesizer):
        unique = True
        order = print

        def at(self, rows):
            return np.arange(rows.start, rows.stop) if isinstance(rows, range) else rows.astype(np.int64)

    told = described(source(50, x=Annotated[int, PrimaryKey(), SynthesizedBy("Serial")]))[0]
    assert (told["synthesizer"], told["distribution"]) == ("Serial", "as Serial draws it")
