"""Proves that the markers for weights, nulls, stored text and what text is about say what the dictionary form says.

Statistical tests have fixed seeds; each fails by chance once in 10,000 others.
"""

import enum
import json
import re
import uuid
from collections import Counter
from typing import Annotated, Literal

import pyarrow as pa
import pytest
from pydantic import Field, create_model
from scipy import stats

from columns import Colour, source
from gen import AsText, Domain, Faker, Nulls, Schema, Weights
from gen.errors import SchemaError
from gen.schema.json_schema.to_json_schema import schema_of
from program import AS_OF, gen, query

ROWS = 20_000


def told(kind, **facts):
    return Annotated[kind, Field(json_schema_extra=facts)]


def column(annotation):
    return source(ROWS, x=annotation).columns["x"]


class Size(enum.IntEnum):
    SMALL = 1
    LARGE = 2


PAIRS = [
    (Annotated[Literal["a", "b"], Weights({"a": 3, "b": 1})], told(Literal["a", "b"], weights={"a": 3, "b": 1})),
    (Annotated[Literal["a", "b"], Weights([3, 1])], told(Literal["a", "b"], weights=[3, 1])),
    (Annotated[Size, Weights({Size.SMALL: 5, Size.LARGE: 1})], told(Size, weights={"1": 5, "2": 1})),
    (Annotated[Colour, Weights({Colour.RED: 5, "blue": 1})], told(Colour, weights={"red": 5, "blue": 1})),
    (Annotated[bool, Weights({True: 9, False: 1})], told(bool, weights={"True": 9, "False": 1})),
    (Annotated[int | None, Nulls(0.25)], told(int | None, nulls=0.25)),
    (Annotated[uuid.UUID, AsText()], told(uuid.UUID, stored="text")),
    (
        Annotated[str, Domain("city", locale="de", of="x")],
        told(str, domain={"name": "city", "locale": "de", "of": "x"}),
    ),
    (Annotated[str, Domain("city")], told(str, domain="city")),
    (Annotated[str, Faker("job", pool=9)], told(str, faker={"provider": "job", "pool": 9})),
    (Annotated[str, Faker("job")], told(str, faker="job")),
]


@pytest.mark.parametrize(("marked", "dictionary"), PAIRS, ids=lambda a: str(a)[:60])
def test_a_marker_says_what_the_dictionary_says(marked, dictionary):
    assert column(marked).column == column(dictionary).column
    schema = create_model("Thing", x=(marked, ...)).model_json_schema()["properties"]["x"]
    other = create_model("Thing", x=(dictionary, ...)).model_json_schema()["properties"]["x"]
    assert json.loads(json.dumps(schema)) == other


@pytest.mark.parametrize("marked", [pair[0] for pair in PAIRS], ids=lambda a: str(a)[:60])
def test_what_is_declared_survives_as_json_schema(marked):
    schema = Schema()
    schema.add(create_model("Thing", x=(marked, ...)), 50)
    again = Schema()
    again.add(schema_of(schema.spec), 50)
    rows = range(50)
    assert again.table("Thing").source.at(rows).to_pylist() == schema.table("Thing").source.at(rows).to_pylist()


def test_weights_are_kept():
    values = column(Annotated[Literal["a", "b", "c"], Weights({"a": 6, "c": 2})]).at(range(ROWS)).to_pylist()
    counts = Counter(values)
    assert counts.keys() == {"a", "c"}
    assert stats.binomtest(counts["a"], ROWS, 0.75).pvalue > 1e-4
    heads = column(Annotated[bool, Weights({True: 9, False: 1})]).at(range(ROWS)).to_pylist()
    assert stats.binomtest(sum(heads), ROWS, 0.9).pvalue > 1e-4


def test_nulls_and_text_are_kept():
    nulls = column(Annotated[int | None, Nulls(0.25)])
    assert stats.binomtest(nulls.values(range(ROWS)).null_count, ROWS, 0.25).pvalue > 1e-4
    keys = column(Annotated[uuid.UUID, AsText()])
    assert keys.arrow_type == pa.string()
    assert str(uuid.UUID(keys.at(range(1))[0].as_py())) == keys.at(range(1))[0].as_py()


@pytest.mark.parametrize(
    "annotation",
    [
        Annotated[Literal["a", "b"], Weights({"d": 1})],
        Annotated[Literal["a", "b"], Weights([1, 2, 3])],
        Annotated[int, Weights([1])],
        Annotated[int, Nulls(0.5)],
        Annotated[int | None, Nulls(1.5)],
    ],
    ids=str,
)
def test_a_marker_that_makes_no_sense_is_refused(annotation):
    with pytest.raises(SchemaError, match=r"Thing\.x"):
        column(annotation)


PROSE = """
from typing import Annotated
from pydantic import BaseModel, Field
from gen import Domain, PrimaryKey

class Post(BaseModel):
    id: Annotated[int, PrimaryKey()]
    tag: Annotated[str, Domain("word")]
    title: Annotated[str, Domain("words")]
    teaser: Annotated[str, Domain("sentence"), Field(max_length=80)]
    body: Annotated[str, Domain("paragraph")]
    plain: str
"""


def test_words_sentences_and_paragraphs_come_out_of_the_program(tmp_path):
    (tmp_path / "models.py").write_text(PROSE)
    ended = gen("--schema", "models.py", "--rows", 2000, "--out", "out", "--quiet", *AS_OF, cwd=tmp_path)
    assert ended.code == 0, ended.err
    rows = query(f"select tag, title, teaser, body, plain from read_parquet('{tmp_path}/out/Post/*.parquet')")
    for tag, title, teaser, body, plain in rows:
        assert re.fullmatch("[a-z]+", tag)
        assert re.fullmatch("[a-z]+ [a-z]+ [a-z]+", title)
        assert re.fullmatch("[A-Z][a-z]*(,? [a-z]+)*[.]", teaser) and 20 <= len(teaser) <= 80
        assert 200 <= len(body) <= 800 and body.endswith(".")
        assert 1 <= len(plain) <= 32
    assert len({title for _, title, *_ in rows}) > 1500
