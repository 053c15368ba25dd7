"""Proves laws of lengths of text, bytes, patterns, prose, lists and maps, and laws and weights of choices."""

import enum
import pickle
import re
from typing import Annotated, Literal

import numpy as np
import pyarrow.compute as pc
import pytest
from pydantic import Field, create_model
from scipy import stats

import gen
from columns import source
from gen import Domain, Lengths, PrimaryKey, Schema, SchemaError
from gen.schema.json_schema.from_json_schema import column_from_schema
from gen.schema.json_schema.to_json_schema import schema_of_column
from gen.schema.links import Distribution
from gen.schema.models.from_pydantic import table_from_model
from gen.schema.spec import Column, Spec
from gen.schema.written import spec_from_json, spec_to_json
from gen.synth.containers.lists import SynthesizeList
from gen.synth.described import described
from gen.synth.laws.discrete import Choice, starts_of
from gen.synth.text import SynthesizeString
from law_cases import p_of_shares

ROWS = 60_000
FALSE_ALARM = 1e-6  # of each test, were its seed not fixed

# field type with lengths from 2 to 40 -> what measures it
SIZED = {
    "text": (Annotated[str, Field(min_length=2, max_length=40)], pc.utf8_length),
    "bytes": (Annotated[bytes, Field(min_length=2, max_length=40)], pc.binary_length),
    "pattern": (Annotated[str, Field(min_length=2, max_length=40, pattern="^[a-c]+-?[0-9]*$")], pc.utf8_length),
    "prose": (Annotated[str, Field(min_length=2, max_length=40), Domain("sentence")], pc.utf8_length),
    "list": (Annotated[list[int], Field(min_length=2, max_length=40)], pc.list_value_length),
    "set": (Annotated[set[int], Field(min_length=2, max_length=40)], pc.list_value_length),
    "map": (Annotated[dict[int, float], Field(min_length=2, max_length=40)], None),
}
N = np.arange(2, 41)
LAWS = {
    "poisson": (gen.Poisson(8), stats.poisson(8).pmf(N)),
    "geometric": (gen.Geometric(0.1), 0.9**N),
    "zipf": (gen.Zipf(1.2), N**-1.2),
    "normal": (gen.Normal(12, 5), np.diff(stats.norm(12, 5).cdf(np.append(N, 41) - 0.5))),
    "lognormal": (gen.Lognormal(median=9, sigma=0.5), np.diff(stats.lognorm(0.5, scale=9).cdf(np.append(N, 41) - 0.5))),
    "values": (gen.Empirical(values=[3, 7, 30], weights=[1, 2, 3]), np.bincount([1, 5, 28], [1, 2, 3], 39)),
    "mixture": (
        gen.Mixture([(1, gen.Constant(40)), (3, gen.Binomial(20, 0.3))]),
        (N == 40) * 0.25 + 0.75 * stats.binom(20, 0.3).pmf(N) / stats.binom(20, 0.3).pmf(N).sum(),
    ),
}  # fmt: skip


def sizes_of(kind, column):
    if kind == "map":
        return np.diff(column.offsets.to_numpy())
    return SIZED[kind][1](column).to_numpy()


@pytest.mark.parametrize("kind", SIZED)
@pytest.mark.parametrize("law", LAWS)
def test_lengths_follow_their_law_within_the_bounds(kind, law):
    """Chi-square against SciPy's probabilities, cut to the bounds."""
    marker, weights = LAWS[law]
    field = Annotated[SIZED[kind][0], Lengths(marker)]
    name = f"{kind}_{law}"
    sizes = sizes_of(kind, source(ROWS, **{name: field}).at(range(ROWS)).column(name))
    counts = np.bincount(sizes, minlength=41)
    assert counts[:2].sum() == 0 and counts.size == 41
    assert p_of_shares(counts[2:], weights)[1] > FALSE_ALARM


@pytest.mark.parametrize("kind", SIZED)
def test_values_follow_the_row_and_travel(kind):
    table = source(ROWS, x=Annotated[SIZED[kind][0], Lengths(gen.Lognormal(median=9))])
    whole = table.at(range(1000, 3000)).column("x")
    picked = np.random.default_rng(1).permutation(np.arange(1000, 3000, dtype=np.uint64))
    assert table.at(picked).column("x").to_pylist() == [whole[int(row) - 1000].as_py() for row in picked]
    assert pickle.loads(pickle.dumps(table)).at(range(1000, 3000)).column("x").equals(whole)
    assert table.at(range(0)).num_rows == 0


def test_a_text_of_a_given_length_is_the_beginning_of_the_longest_at_its_address():
    """The kernel of lengths by law against the one of even lengths."""
    bounds = {"min_length": 0, "max_length": 700}
    sized = SynthesizeString(Column("x", "text", **bounds, lengths=Distribution("lognormal")), "T", 10**6, 5)
    whole = SynthesizeString(Column("x", "text", min_length=700, max_length=700), "T", 10**6, 5)
    assert sized.longest == 700
    for rows in (range(77, 3000), np.random.default_rng(3).integers(0, 10**6, 900).astype(np.uint64)):
        found, full = sized.at(rows).to_pylist(), whole.at(rows).to_pylist()
        assert all(long.startswith(short) for short, long in zip(found, full, strict=True))
        assert len({len(text) for text in found}) > 50


def test_patterns_are_matched_and_maps_and_sets_keep_what_differs():
    pattern = source(2000, x=Annotated[SIZED["pattern"][0], Lengths(gen.Poisson(20))]).at(range(2000)).column("x")
    assert all(re.fullmatch("[a-c]+-?[0-9]*", text) for text in pattern.to_pylist())
    few = Annotated[set[Literal["a", "b", "c", "d"]], Lengths(gen.Poisson(3))]
    sizes = source(ROWS, x=few).at(range(ROWS)).column("x").value_lengths().to_numpy()
    assert p_of_shares(np.bincount(sizes, minlength=5), stats.poisson(3).pmf(np.arange(5)))[1] > FALSE_ALARM


@pytest.mark.parametrize(("kind", "start"), [(str, 1), (bytes, 1), (list[int], 0)])
def test_a_law_with_parameters_reaches_beyond_the_default_length(kind, start):
    column = source(ROWS, x=Annotated[kind, Lengths(gen.Poisson(100))]).at(range(ROWS)).column("x")
    sizes = (pc.list_value_length if start == 0 else pc.binary_length)(column).to_numpy()
    assert stats.kstest(sizes + np.random.default_rng(0).random(ROWS) - 0.5, stats.norm(100, 10).cdf).statistic < 0.03
    assert p_of_shares(np.bincount(sizes, minlength=201), stats.poisson(100).pmf(np.arange(201)))[1] > FALSE_ALARM
    bare = source(1000, x=Annotated[kind, Lengths("poisson")]).at(range(1000)).column("x")
    assert max(map(len, bare.to_pylist())) <= 32


def test_lengths_by_marker_and_by_name_mean_the_same_and_survive_json():
    plain = create_model(
        "Thing", x=(Annotated[str, Field(json_schema_extra={"lengths": {"name": "poisson", "mean": 8}})], ...)
    )
    marked = create_model("Thing", x=(Annotated[str, Lengths(gen.Poisson(8))], ...))
    named = create_model("Thing", x=(Annotated[str, Lengths({"name": "poisson", "mean": 8})], ...))
    tables = [table_from_model(model) for model in (plain, marked, named)]
    assert tables[0] == tables[1] == tables[2]
    spec = Spec("s", (tables[0],))
    assert spec_from_json(spec_to_json(spec)) == spec
    assert marked.model_json_schema()["properties"]["x"]["lengths"] == {"name": "poisson", "mean": 8}
    column = tables[0].columns[0]
    assert column.lengths == Distribution("poisson", (("mean", 8.0),))
    assert column_from_schema("x", "x", schema_of_column(column)) == column
    assert column_from_schema("x", "x", marked.model_json_schema()["properties"]["x"]).lengths == column.lengths


REFUSED = [
    (Annotated[int, Lengths(gen.Poisson(3))], "int"),
    (Annotated[str, Lengths(gen.Poisson(3)), PrimaryKey()], "primary key"),
    (Annotated[str, Lengths(gen.Poisson(3)), Domain("name")], "'name'"),
    (Annotated[str, Lengths(gen.Poisson(3)), Domain("email")], "'email'"),
    (Annotated[str, Lengths(gen.Poisson(3)), Field(min_length=500)], "next to nothing"),
    (Annotated[str, Lengths(gen.Empirical(values=[2])), Field(pattern="^(abc|abcde)$")], "no text"),
    (Annotated[str, Lengths(gen.Empirical(values=[4])), Field(pattern="^(abc|abcde)$", max_length=5)], "no text"),
    (Annotated[str, Lengths("poison")], "'poison'"),
    (Annotated[str, Lengths(gen.Sequence())], "'sequence'"),
    (Annotated[list[int], Lengths(gen.Calendar())], "'calendar'"),
    (Annotated[list[int], gen.Poisson(3)], "Lengths"),
    (Annotated[str, gen.Poisson(3)], "text"),
    (Annotated[Literal["a", "b"], gen.Normal()], "'normal'"),
    (Annotated[bool, gen.Zipf()], "'zipf'"),
    (Annotated[Literal["a", "b"], gen.Zipf(), Field(json_schema_extra={"weights": [1, 2]})], "weights"),
]


@pytest.mark.parametrize(("field", "said"), REFUSED, ids=lambda value: str(value)[-40:])
def test_what_makes_no_sense_is_refused_by_name(field, said):
    with pytest.raises(SchemaError) as caught:
        source(1000, x=field)
    text = str(caught.value)
    assert "Thing.x" in text and said in text and caught.value.hint, text


# -- choices --------------------------------------------------------------------------------------------------

SEVEN = Literal["a", "b", "c", "d", "e", "f", "g"]
K = np.arange(7)
CHOICES = {
    "zipf": (gen.Zipf(1.1), (K + 1.0) ** -1.1),
    "geometric": (gen.Geometric(0.3), 0.7**K),
    "poisson": (gen.Poisson(2), stats.poisson(2).pmf(K)),
    "binomial": (gen.Binomial(6, 0.5), stats.binom(6, 0.5).pmf(K)),
    "weights": (Field(json_schema_extra={"weights": {"c": 3, "a": 1, "g": 0.5}}), [1, 0, 3, 0, 0, 0, 0.5]),
}


@pytest.mark.parametrize("law", CHOICES)
def test_choices_follow_a_law_by_their_order_or_their_weights(law):
    marker, shares = CHOICES[law]
    column = source(ROWS, x=Annotated[SEVEN, marker]).at(range(ROWS)).column("x")
    assert column.dictionary.to_pylist() == list("abcdefg")
    assert p_of_shares(np.bincount(column.indices.to_numpy(), minlength=7), shares)[1] > FALSE_ALARM


def test_numbers_and_booleans_by_weight():
    class Level(enum.IntEnum):
        LOW = 1
        HIGH = 7

    batch = source(
        ROWS,
        x=Annotated[Level, gen.Geometric(0.9)],
        y=Annotated[bool, Field(json_schema_extra={"weights": [1, 3]})],
    ).at(range(ROWS))
    high, true = np.sum(batch.column("x").to_numpy() == 7), sum(batch.column("y").to_pylist())
    assert stats.binomtest(int(high), ROWS, 0.09 / 0.99).pvalue > FALSE_ALARM
    assert stats.binomtest(true, ROWS, 0.75).pvalue > FALSE_ALARM


def test_weights_equal_their_twin():
    """A binary search among the shares' first words."""
    weights = np.random.default_rng(9).exponential(size=300)
    words = np.random.default_rng(8).integers(0, 2**64, 10_000, np.uint64)
    expected = np.searchsorted(starts_of(weights)[:-1], words, "right") - 1
    assert Choice(np.arange(300), weights).at(words).tolist() == expected.tolist()


def test_describe_says_the_law_of_every_column():
    fields = {
        "number": Annotated[float, Field(ge=0, le=9), gen.Normal(3, 1)],
        "text": Annotated[str, Lengths(gen.Poisson(8))],
        "texts": Annotated[list[str], Lengths(gen.Zipf(2))],
        "choice": Annotated[SEVEN, gen.Zipf(1.1)],
        "flag": Annotated[bool, Field(json_schema_extra={"weights": [1, 3]})],
        "plain": int,
    }
    schema = Schema()
    schema.add(create_model("Thing", **{name: (field, ...) for name, field in fields.items()}), 10)
    said = {c["column"]: c["distribution"] for c in described(schema.table("Thing").source)}
    assert said == {
        "number": "normal(mean=3, deviation=1)",
        "text": "lengths: poisson(start=0, mean=8)",
        "texts": "lengths: zipf(start=0, exponent=2); items: lengths 1 to 32",
        "choice": "zipf(start=0, exponent=1.1)",
        "flag": "weights(1, 3)",
        "plain": "uniform",
    }


def test_a_list_of_even_lengths_has_none_of_this():
    column = Column("x", "list", parts=(Column("item", "integer"),))
    assert SynthesizeList(column, "T", 10, 0).sized is None
