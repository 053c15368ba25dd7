"""Proves that correlated columns go together as declared, each by its own law; what cannot is refused."""

import datetime
from decimal import Decimal
from typing import Annotated, Literal

import numpy as np
import pytest
from pydantic import BaseModel, Field, model_validator
from scipy import stats

from columns import KEY, array, source
from gen import Exponential, Normal, Schema, SynthesizedBy, Synthesizer
from gen.errors import SchemaError
from gen.schema.row_markers import Correlated, Derived

ROWS = 20_000
STANDARD_ERROR = ROWS**-0.5  # of a correlation near 0; smaller elsewhere
FALSE_ALARM = 1e-6
FAR = 5  # standard errors: a right program is farther in 6 of 10 million tests
X = Annotated[float, Field(ge=0, le=1)]


def numbers(values):
    if isinstance(values[0], datetime.date):
        return np.array([v.toordinal() for v in values], float)
    if isinstance(values[0], str):
        return np.array([ord(v) for v in values], float)
    return np.array([float(v) for v in values])


def drawn(**types):
    batch = source(ROWS, **types).at(range(ROWS))
    return {name: numbers(batch.column(name).to_pylist()) for name in types}


def normal_scale(values):
    return stats.norm.ppf((stats.rankdata(values) - 0.5) / values.size)


def correlation(a, b):
    return np.corrcoef(normal_scale(a), normal_scale(b))[0, 1]


@pytest.mark.parametrize("coefficient", [-0.9, -0.3, 0.0, 0.7, 0.99])
def test_two_columns_have_the_declared_correlation_on_the_normal_scale(coefficient):
    found = drawn(x=X, y=Annotated[float, Normal(75, 12), Correlated({"x": coefficient})])
    assert abs(correlation(found["x"], found["y"]) - coefficient) < FAR * STANDARD_ERROR
    law = stats.truncnorm((0 - 75) / 12, (2**32 - 1 - 75) / 12, 75, 12)
    assert stats.kstest(found["y"], law.cdf).pvalue > FALSE_ALARM
    assert stats.kstest(found["x"], "uniform").pvalue > FALSE_ALARM


def test_a_group_of_three_has_all_its_correlations_and_none_that_is_not_said():
    exponential = Annotated[float, Exponential(2), Correlated({"x": -0.5, "y": 0.4})]
    found = drawn(x=X, y=Annotated[float, Normal(0, 1), Field(ge=-9, le=9), Correlated({"x": 0.3})], z=exponential, w=X)
    expected = {"xy": 0.3, "xz": -0.5, "yz": 0.4, "xw": 0.0, "yw": 0.0, "zw": 0.0}
    for (a, b), coefficient in ((tuple(pair), c) for pair, c in expected.items()):
        assert abs(correlation(found[a], found[b]) - coefficient) < FAR * STANDARD_ERROR, (a, b)


def test_the_columns_before_keep_their_values_and_perfect_correlation_is_one_order():
    alone = drawn(x=X, y=X)
    tied = drawn(x=X, y=Annotated[X, Correlated({"x": 1.0})], z=Annotated[X, Correlated({"x": -1.0, "y": -1.0})])
    assert (alone["x"] == tied["x"]).all()
    assert (alone["y"] != tied["y"]).all()
    assert abs(tied["y"] - tied["x"]).max() < 1e-6
    assert abs(tied["z"] + tied["x"] - 1).max() < 1e-6


KINDS = {
    "integer": (Annotated[int, Field(ge=0, le=9999)], 0.0),
    "decimal": (Annotated[Decimal, Field(ge=0, le=99, decimal_places=2)], 0.0),
    "date": (Annotated[datetime.date, Field(ge=datetime.date(2000, 1, 1), le=datetime.date(2020, 1, 1))], 0.0),
    "choice": (Literal["a", "b", "c"], 0.3),
    "weighted": (Annotated[Literal["a", "b"], Field(json_schema_extra={"weights": [1, 3]})], 0.3),
    "boolean": (bool, 0.3),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_tied_and_keeps_its_shares(kind):
    annotation, lost = KINDS[kind]  # a step function of a normal variable is correlated less
    found = drawn(x=X, y=Annotated[annotation, Correlated({"x": 0.8})])
    measured = correlation(found["x"], found["y"])
    assert 0.8 - lost - FAR * STANDARD_ERROR < measured < 0.8 + FAR * STANDARD_ERROR
    alone = drawn(x=X, y=annotation)
    values = np.unique(alone["y"])
    if values.size < 10:
        counts = [[(each["y"] == value).sum() for value in values] for each in (alone, found)]
        assert stats.chi2_contingency(counts).pvalue > FALSE_ALARM
    else:
        assert stats.ks_2samp(alone["y"], found["y"]).pvalue > FALSE_ALARM


def test_ranges_picked_rows_and_objects_inside_agree():
    class Body(BaseModel):
        height: Annotated[float, Normal(175, 8)]
        weight: Annotated[float, Normal(75, 12), Correlated({"height": 0.7})]

    table = source(ROWS, body=Body)
    assert table.at(array([7, 0, 7])).equals(table.at(range(10)).take([7, 0, 7]))
    bodies = table.at(range(ROWS)).column("body")
    height, weight = (np.array(bodies.field(name).to_pylist()) for name in ("height", "weight"))
    assert abs(correlation(height, weight) - 0.7) < FAR * STANDARD_ERROR


def test_columns_are_drawn_again_together_where_a_model_refuses_one():
    class Body(BaseModel):
        x: X
        y: Annotated[X, Correlated({"x": 0.9})]

        @model_validator(mode="after")
        def some(self):
            assert int(self.x * 1e6) % 3
            return self

    schema = Schema()
    schema.add(Body, 4000)
    rows = schema.table("Body").arrow()
    x, y = (np.array(rows.column(name).to_pylist()) for name in ("x", "y"))
    assert all(int(value * 1e6) % 3 for value in x)
    assert abs(correlation(x, y) - 0.9) < FAR * 4000**-0.5


class Mine(Synthesizer):
    def draw(self, generator, n):
        return generator.random(n)


@pytest.mark.parametrize(
    ("types", "reason"),
    [
        (
            {"x": X, "y": Annotated[X, Correlated({"x": 0.9})], "z": Annotated[X, Correlated({"x": 0.9, "y": -0.9})]},
            "possible",
        ),
        ({"x": X, "y": Annotated[X, Correlated({"x": 1})], "z": Annotated[X, Correlated({"x": 0.5})]}, "not possible"),
        ({"x": Annotated[X, Correlated({"y": 0.5})], "y": Annotated[X, Correlated({"x": 0.4})]}, "by 0.5 and by 0.4"),
        ({"x": X, "y": Annotated[X, Correlated({"xx": 0.9})]}, "'xx', which is no other field"),
        ({"x": Annotated[X, Correlated({"x": 0.9})]}, "'x', which is no other field"),
        ({"x": X, "y": Annotated[X, Correlated({"x": 1.1})]}, "from -1 to 1"),
        ({"x": X, "y": Annotated[X, Correlated({"x": "much"})]}, "from -1 to 1"),
        ({"x": str, "y": Annotated[X, Correlated({"x": 0.9})]}, r"Thing\.x: it cannot be correlated: it is str"),
        ({"x": KEY, "y": Annotated[X, Correlated({"x": 0.9})]}, r"Thing\.x: it cannot be correlated: it is a key"),
        (
            {"x": X, "y": Annotated[X, Derived("x"), Correlated({"x": 0.9})]},
            r"Thing\.y: it says correlated.*and derived",
        ),
        (
            {"x": Annotated[X, SynthesizedBy("Mine")], "y": Annotated[X, Correlated({"x": 0.9})]},
            r"Thing\.x: it cannot be correlated: it is drawn by a synthesizer of yours",
        ),
    ],
)
def test_what_cannot_be_correlated_is_refused_by_name(types, reason):
    with pytest.raises(SchemaError, match=reason) as error:
        source(10, **types)
    assert error.value.hint
