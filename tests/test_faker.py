"""Proves that a column of Faker draws what Faker gives: from a pool of its own, evenly, within the field's bounds."""

import datetime
import decimal
import json
import pickle
import sys
from typing import Annotated, Literal

import faker
import numpy as np
import pyarrow as pa
import pytest
from pydantic import Field, create_model
from scipy import stats

from columns import KEY, source
from gen import Domain, Faker, Normal, PrimaryKey, Schema
from gen.errors import CapacityError, SchemaError
from gen.schema.written import spec_from_json, spec_to_json
from gen.synth.described import described
from gen.synth.faker_pool import _POOLS, SynthesizeFakerKey
from program import AS_OF, checksums, query

POOL = 400


def column(annotation, rows=1000, seed=0):
    return source(rows, seed, x=annotation).columns["x"]


def refusal(annotation, rows=1000):
    with pytest.raises(SchemaError) as caught:
        column(annotation, rows)
    return caught.value


# -- the pool is Faker's own ------------------------------------------------------------------------------------

PROVIDERS = [
    (Annotated[str, Faker("company", pool=POOL)], "company", None, {}),
    (Annotated[str, Faker("name", locale="de_DE", pool=POOL)], "name", "de_DE", {}),
    (Annotated[str, Faker("name", locale="ja-JP", pool=POOL)], "name", "ja_JP", {}),
    (Annotated[int, Faker("random_int", arguments={"min": 5, "max": 50}, pool=POOL)], "random_int", None,
     {"min": 5, "max": 50}),
    (Annotated[float, Faker("pyfloat", arguments={"min_value": 0, "max_value": 9}, pool=POOL)], "pyfloat", None,
     {"min_value": 0, "max_value": 9}),
    (Annotated[bool, Faker("pybool", pool=POOL)], "pybool", None, {}),
    (Annotated[decimal.Decimal, Faker("pydecimal", arguments={"left_digits": 3, "right_digits": 2}, pool=POOL)],
     "pydecimal", None, {"left_digits": 3, "right_digits": 2}),
]  # fmt: skip


@pytest.mark.parametrize(("annotation", "provider", "locale", "arguments"), PROVIDERS, ids=str)
def test_the_pool_is_what_faker_gives_for_the_seed_of_the_column(annotation, provider, locale, arguments):
    synthesizer = column(annotation, seed=3)
    own = faker.Faker(locale)
    own.seed_instance(synthesizer.stream_key("faker"))
    expected = [getattr(own, provider)(**arguments) for _ in range(POOL)]
    assert synthesizer.pool.to_pylist() == list(dict.fromkeys(expected))
    assert set(synthesizer.at(range(20_000)).to_pylist()) == set(expected)


def test_dates_and_date_times_are_those_of_faker():
    bounds = {"date_start": datetime.date(2001, 2, 3), "date_end": datetime.date(2004, 5, 6)}
    between = Faker("date_between_dates", arguments=bounds, pool=POOL)
    days = column(Annotated[datetime.date, between])
    own = faker.Faker()
    own.seed_instance(days.stream_key("faker"))
    assert set(days.at(range(20_000)).to_pylist()) == {own.date_between_dates(**bounds) for _ in range(POOL)}
    moments = column(Annotated[datetime.datetime, between])
    assert moments.arrow_type == pa.timestamp("us")
    assert all(bounds["date_start"] <= m.date() <= bounds["date_end"] for m in moments.at(range(100)).to_pylist())


def test_the_dictionary_form_says_the_same():
    said = {"provider": "company", "locale": "fr_FR", "pool": POOL}
    one = column(Annotated[str, Field(json_schema_extra={"faker": said})])
    other = column(Annotated[str, Faker("company", locale="fr_FR", pool=POOL)])
    assert one.column == other.column
    assert one.at(range(99)).equals(other.at(range(99)))
    assert column(Annotated[str, Field(json_schema_extra={"faker": "job"})]).provider.pool == 10_000


def test_a_provider_goes_through_json():
    schema = Schema()
    marker = Faker("random_int", arguments={"min": 1, "max": 2}, pool=9)
    schema.add(create_model("Thing", x=(Annotated[int, marker], ...)))
    assert spec_from_json(json.loads(json.dumps(spec_to_json(schema.spec)))) == schema.spec
    written = create_model("Thing", x=(Annotated[int, marker], ...)).model_json_schema()
    again = Schema()
    again.add(written)
    assert again.table("Thing").source.columns["x"].provider == schema.table("Thing").source.columns["x"].provider


# -- rows choose among it ---------------------------------------------------------------------------------------


def test_every_value_is_as_likely_as_it_came_from_faker():
    """Chi-square over a pool with repeated values; false alarm 1e-4 for the fixed seed."""
    synthesizer = column(Annotated[int, Faker("random_int", arguments={"min": 1, "max": 40}, pool=200)], 200_000)
    own = faker.Faker()
    own.seed_instance(synthesizer.stream_key("faker"))
    drawn = np.array([own.random_int(min=1, max=40) for _ in range(200)])
    values = synthesizer.at(range(200_000)).to_numpy()
    expected = np.array([(drawn == value).mean() for value in np.unique(drawn)]) * values.size
    found = np.array([(values == value).sum() for value in np.unique(drawn)])
    assert found.sum() == values.size
    assert stats.chisquare(found, expected).pvalue > 1e-4


@pytest.mark.parametrize("annotation", [p[0] for p in PROVIDERS], ids=str)
def test_ranges_rows_and_another_process_agree(annotation):
    synthesizer = column(annotation, 70_000)
    whole = synthesizer.at(range(66_000, 66_100))
    assert whole.type == synthesizer.arrow_type
    picked = np.array([66_099, 66_000, 66_050], np.uint64)
    sent = pickle.dumps(synthesizer)
    before = dict(_POOLS)
    _POOLS.clear()
    try:
        there = pickle.loads(sent)
        assert list(_POOLS) == [synthesizer.name_of_pool]  # a worker that makes it once more needs no Faker
        assert there.at(picked).to_pylist() == whole.take(pa.array([99, 0, 50])).to_pylist()
    finally:
        _POOLS.update(before)


def test_another_seed_or_column_has_a_pool_of_its_own():
    annotation = Annotated[str, Faker("company", pool=50)]
    table = source(10, x=annotation, y=annotation)
    pools = [table.columns["x"].pool, table.columns["y"].pool, column(annotation, seed=1).pool]
    assert len({str(pool) for pool in pools}) == 3
    assert column(annotation).pool.equals(pools[0])


def test_nulls_and_parts_of_objects_and_lists_are_drawn_from_pools():
    class_ = create_model("Firm", name=(Annotated[str, Faker("company", pool=30)], ...))
    table = source(500, firm=class_, words=list[Annotated[str, Faker("word", pool=20)]], maybe=Annotated[
        str | None, Faker("city", pool=20)])  # fmt: skip
    batch = table.at(range(500))
    assert len({firm["name"] for firm in batch.column("firm").to_pylist()}) > 20
    assert 3 < len({word for words in batch.column("words").to_pylist() for word in words}) <= 20
    assert 0 < batch.column("maybe").null_count < 500
    assert pickle.loads(pickle.dumps(table)).at(range(500)).equals(batch)


# -- within bounds ----------------------------------------------------------------------------------------------


def test_lengths_bounds_patterns_and_choices_are_kept():
    short = column(Annotated[str, Field(max_length=12, min_length=9), Faker("company", pool=2000)])
    assert {len(value) for value in short.pool.to_pylist()} == {9, 10, 11, 12}
    low = column(Annotated[int, Field(gt=5, lt=9), Faker("random_digit", pool=300)])
    assert set(low.pool.to_pylist()) == {6, 7, 8}
    even = column(Annotated[int, Field(multiple_of=4), Faker("random_digit", pool=300)])
    assert set(even.pool.to_pylist()) == {0, 4, 8}
    start = column(Annotated[str, Field(pattern="^A"), Faker("first_name", pool=900)])
    assert all(value.startswith("A") for value in start.pool.to_pylist())
    colours = (
        column(Annotated[Literal["Red", "Blue", "Mud"], Faker("safe_color_name", pool=9)], rows=9) if False else None
    )
    assert colours is None
    listed = column(Annotated[Literal["a", "b", "é"], Faker("random_letter", pool=900)])
    assert set(listed.at(range(200)).to_pylist()) == {"a", "b"}
    small = {"left_digits": 2, "right_digits": 2, "positive": True}
    cents = column(
        Annotated[decimal.Decimal, Field(max_digits=4, decimal_places=2, le=50), Faker("pydecimal", arguments=small)]
    )
    values = cents.pool.to_pylist()
    assert max(values) <= 50 and len(values) > 1000 and cents.arrow_type.scale == 2


def test_what_faker_cannot_give_is_refused_with_a_sentence():
    assert "'company'" in refusal(Annotated[str, Faker("compny")]).hint
    assert "'de_DE'" in refusal(Annotated[str, Faker("company", locale="de_DD")]).hint
    assert "no provider 'seed_instance'" in refusal(Annotated[str, Faker("seed_instance")]).message
    error = refusal(Annotated[str, Faker("ALPHA")])  # letters that it has, and no provider
    assert "'ALPHA'" in error.message and "'ALPHA'" not in error.hint
    assert "gives str" in refusal(Annotated[int, Faker("company", pool=3)]).message
    assert "takes none of 5 values" in refusal(Annotated[str, Field(max_length=2), Faker("name", pool=5)]).message
    wrong = refusal(Annotated[str, Faker("company", arguments={"colour": 1}, pool=5)])
    assert "company(colour=1) failed" in wrong.message
    assert "a domain beside" in refusal(Annotated[str, Faker("company"), Domain("company")]).message
    assert "'normal' beside" in refusal(Annotated[int, Faker("pyint"), Normal()]).message
    assert "kind bytes" in refusal(Annotated[bytes, Faker("binary")]).message
    assert "1 to 1,048,576" in refusal(Annotated[str, Faker("company", pool=0)]).hint
    told = Field(json_schema_extra={"faker": {"provider": "company", "size": 3}})
    assert "'size'" in refusal(Annotated[str, told]).message
    assert "Write" in refusal(Annotated[str, Field(json_schema_extra={"faker": 3})]).hint


def test_a_missing_faker_is_a_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "faker", None)
    error = refusal(Annotated[str, Faker("company", pool=77)])
    assert "Faker is not installed" in error.message and "gen[faker]" in error.hint


def test_a_key_takes_each_value_of_the_pool_once_and_not_one_more():
    key = Annotated[str, Faker("company", pool=500), PrimaryKey()]
    many = len(column(key, 10).pool)
    assert 400 < many <= 500
    whole = column(key, many)
    assert isinstance(whole, SynthesizeFakerKey)
    values = whole.at(range(many))
    assert len(set(values.to_pylist())) == many
    assert whole.row_of(values.dictionary_decode()).tolist() == list(range(many))
    with pytest.raises(CapacityError, match=r"Thing\.x: .* the pool of 500 values of Faker's 'company' holds"):
        column(key, many + 1)


def test_describe_states_the_pool_and_how_many_are_distinct():
    table = source(100, x=Annotated[int, Faker("random_digit", pool=300)])
    said = described(table)[0]
    assert said["synthesizer"] == "SynthesizeFaker" and said["cardinality"] == 10
    assert said["reason"] == "matches integer of Faker's 'random_digit'; a pool of 300, 10 distinct"


# -- through the program ----------------------------------------------------------------------------------------

MODELS = """
from typing import Annotated
from pydantic import BaseModel
from gen import Faker, PrimaryKey

class Firm(BaseModel):
    id: Annotated[int, PrimaryKey()]
    name: Annotated[str, Faker("uuid4", pool=30000)]
    size: Annotated[int, Faker("random_int", pool=100)]
"""


def test_workers_draw_from_the_pool_of_the_plan(forks, workers, tmp_path):
    (tmp_path / "models.py").write_text(MODELS)
    common = ("--schema", "models.py", "--rows", 30_000, "--partition-rows", 5000, "--quiet", *AS_OF)
    one = forks(*common, "--out", "one", cwd=tmp_path)
    two = forks(*common, "--out", "two", "--scheduler", workers, cwd=tmp_path)
    assert (one.code, two.code) == (0, 0), one.err + two.err
    assert checksums(tmp_path / "one") == checksums(tmp_path / "two")
    names = query(f"select distinct name from read_parquet('{tmp_path}/two/Firm/*.parquet')")
    assert len(names) > 10_000
    assert forks("verify", "two", cwd=tmp_path).code == 0


def test_a_table_with_a_key_of_numbers_has_faker_beside_it():
    assert source(10, id=KEY, x=Annotated[str, Faker("word", pool=5)]).at(range(10)).num_columns == 2
