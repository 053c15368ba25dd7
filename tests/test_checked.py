"""Proves that what cannot be compiled is drawn until it is accepted: bounded, valid, and a function of the address."""

import json
import re
import unicodedata
import warnings
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import pytest
from jsonschema import Draft202012Validator
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    EmailStr,
    Field,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError
from scipy import stats

from columns import array, below, model, source
from gen import ForeignKey, PrimaryKey, Schema
from gen.errors import SchemaError
from gen.schema.json_schema.from_json_schema import column_from_schema
from gen.schema.models.model_check import ModelCheck
from gen.schema.spec import Column
from gen.synth.judging.checked import ATTEMPTS, LEAST_ACCEPTED, SynthesizeChecked
from gen.synth.synthesizer import synthesizer_of
from program import AS_OF, Forks, checksums, query

ROWS = 1000
Percent = Annotated[int, Field(ge=0, lt=100)]


def tables(accepted: int):
    """A model whose validator accepts so many in a hundred, and a JSON Schema that does."""
    return model_of(accepted).source, document_of(accepted).source


def model_of(accepted: int):
    schema = Schema()
    schema.add(model(x=Annotated[Percent, below(accepted)], y=int), ROWS)
    return schema.table("Thing")


def document_of(accepted: int):
    schema = Schema()
    document = {"type": "integer", "minimum": 0, "maximum": 99, "not": {"enum": list(range(accepted, 100))}}
    schema.add({"type": "object", "properties": {"x": document}, "required": ["x"]}, ROWS, name="Document")
    return schema.table("Document")


# -- acceptance ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("accepted", "rows"), [(60, ROWS), (10, 400), (6, 400)])
def test_only_accepted_values_come_and_each_is_a_function_of_its_row(accepted, rows):
    for table in tables(accepted):
        whole = table.at(range(rows)).column("x").to_pylist()
        assert set(whole) == set(range(accepted))
        assert table.at(array(reversed(range(rows)))).column("x").to_pylist() == whole[::-1]
        assert table.at(range(371, 372)).column("x").to_pylist() == [whole[371]]
        assert table.at(range(100, rows - 100), ["x"]).column("x").to_pylist() == whole[100 : rows - 100]
        assert stats.chisquare(np.bincount(whole)).pvalue > 1e-6


@pytest.mark.parametrize("accepted", [4, 1, 0])
def test_what_accepts_too_little_is_refused_with_field_rate_and_remedy(accepted):
    for table in ("Thing", "Document"):
        with pytest.raises(SchemaError) as caught:
            model_of(accepted) if table == "Thing" else document_of(accepted)
        rate = float(caught.value.message.partition("accepts ")[2].partition("%")[0])
        assert abs(rate - accepted) < 2
        assert f"{table}.x" in caught.value.message
        assert ("is too much" if table == "Thing" else "is refused") in caught.value.message
        assert "type, bounds, pattern" in caught.value.hint
        assert f"{LEAST_ACCEPTED:.0%}" in caught.value.hint


def test_the_spare_pool_serves_the_rows_that_no_attempt_satisfies():
    """Of 6 % accepted, 0.94^16 = 37 % of the rows are left after all attempts."""
    check = json.dumps({"not": {"minimum": 6}})
    column = Column("x", "integer", minimum=0, maximum=99, check=check)
    synthesizer = SynthesizeChecked(column, "T", ROWS, 0)
    drawn = [synthesizer.attempted(attempt).at(range(ROWS)).to_pylist() for attempt in range(ATTEMPTS)]
    expected = [next((value for value in values if value < 6), None) for values in zip(*drawn, strict=True)]
    values = synthesizer.at(range(ROWS)).to_pylist()
    assert [e for e in expected if e is not None] == [v for v, e in zip(values, expected, strict=True) if e is not None]
    assert 0.30 < expected.count(None) / ROWS < 0.44
    assert set(values) == set(range(6))
    assert {v for v, e in zip(values, expected, strict=True) if e is None} <= set(synthesizer.spare.to_pylist())


def test_no_more_is_drawn_than_attempts_and_the_spare_pool():
    check = json.dumps({"not": {"minimum": 6}})
    synthesizer = SynthesizeChecked(Column("x", "integer", minimum=0, maximum=99, check=check), "T", ROWS, 0)
    synthesizer.at(range(ROWS))
    assert set(synthesizer.drawn) == set(range(ATTEMPTS + 1))


# -- rows of a model -----------------------------------------------------------------------------------------


class Booking(BaseModel):
    id: Annotated[int, PrimaryKey()]
    nights: Percent
    guests: Percent
    rate: Annotated[float, Field(ge=0, le=1)]

    @field_validator("rate")
    @classmethod
    def high(cls, value: float) -> float:
        if value < 0.5:
            raise ValueError("too low")
        return value

    @model_validator(mode="after")
    def fits(self) -> "Booking":
        if self.guests > self.nights:
            raise ValueError("too many guests")
        return self


def test_a_column_that_is_to_blame_is_drawn_again_and_the_others_stay():
    schema = Schema()
    schema.add(Booking, ROWS)
    plain = model(id=Annotated[int, PrimaryKey()], nights=Percent, guests=Percent, rate=Annotated[float, Field(ge=0)])
    rows = list(schema.rows(Booking))
    assert all(row.guests <= row.nights and row.rate >= 0.5 for row in rows)
    other = Schema()
    other.add(create_named("Booking", plain), ROWS)
    first = other.table("Booking").arrow()
    assert [row.id for row in rows] == first["id"].to_pylist()
    kept = sum(row.nights == nights for row, nights in zip(rows, first["nights"].to_pylist(), strict=True))
    assert kept > ROWS / 3  # half of the rows, but for those whose guests were too many


def create_named(name, kind):
    return type(name, (kind,), {"__module__": __name__})


def test_rows_of_a_filtered_table_are_functions_of_the_row():
    schema = Schema()
    schema.add(Booking, ROWS)
    table = schema.table(Booking).source
    assert table.filter is not None
    whole = table.at(range(ROWS)).to_pylist()
    assert [table.at(range(i, i + 1)).to_pylist()[0] for i in range(0, ROWS, 97)] == whole[::97]
    assert table.at(array([5, 999, 5])).to_pylist() == [whole[5], whole[999], whole[5]]


def test_a_model_whose_validators_accept_everything_is_not_asked_for_every_row():
    assert source(ROWS, x=Annotated[int, below(2**40)]).filter is None


def test_nested_validators_are_heeded():
    inner = model(x=Annotated[Percent, below(50)])
    schema = Schema()
    schema.add(model(items=Annotated[list[inner], Field(max_length=2)]), 300)
    values = [item["x"] for items in schema.table("Thing").arrow()["items"].to_pylist() for item in items]
    assert max(values) < 50 < len(values)


# -- what cannot be drawn again ------------------------------------------------------------------------------


def odd(value: int) -> int:
    if value % 2 == 0:
        raise ValueError("even")
    return value


def refusal_of(*models: Any, rows: int = ROWS) -> SchemaError:
    schema = Schema()
    for each in models:
        schema.add(each, rows)
    with pytest.raises(SchemaError) as caught:
        list(schema.rows(models[0]))
    assert caught.value.hint
    return caught.value


def test_a_model_that_refuses_keys_is_refused():
    for kind in (model(x=Annotated[int, PrimaryKey(), AfterValidator(odd)]),
                 model(x=Annotated[int, PrimaryKey(), AfterValidator(odd)], y=int)):  # fmt: skip
        error = refusal_of(kind)
        assert "Thing.x: the model refuses" in error.message
        assert "of the keys" in error.message and "even" in error.message
    parent = type("Parent", (BaseModel,), {"__annotations__": {"id": Annotated[int, PrimaryKey()]}})
    error = refusal_of(model(x=Annotated[int, ForeignKey("Parent.id"), AfterValidator(odd)], y=int), parent)
    assert "Thing.x: the model refuses" in error.message


class Late(BaseModel):
    """Rows from the 600th on have no value that is accepted."""

    id: Annotated[int, Field(ge=0, lt=ROWS), PrimaryKey("sequential")]
    x: Annotated[int, Field(ge=0, lt=600)]

    @model_validator(mode="after")
    def above(self) -> "Late":
        if self.x < self.id:
            raise ValueError("x is below id")
        return self


def test_a_row_that_nothing_satisfies_is_an_error_and_never_a_row():
    error = refusal_of(Late)
    assert "Late, row " in error.message and "x is below id" in error.message


def test_a_whole_row_that_is_refused_is_not_blamed_on_one_column():
    def equal(self: Any) -> Any:
        if self.a != self.b:
            raise ValueError("a is not b")
        return self

    names = {"__annotations__": {"a": Percent, "b": Percent}, "equal": model_validator(mode="after")(equal)}
    error = refusal_of(type("Twins", (BaseModel,), names))
    assert error.message.startswith("Twins: the model accepts")
    assert "of the rows drawn" in error.message and "a is not b" in error.message


class Camel(BaseModel):
    """Its own validator puts aliases in place of names, as if rows came from outside; nothing else is taken."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, extra="forbid")

    given_name: str
    years_old: Annotated[int, Field(ge=0, lt=100)]

    @model_validator(mode="before")
    @classmethod
    def as_sent(cls, row: Any) -> Any:
        return {to_camel(name): value for name, value in row.items()}


def test_a_model_that_asks_itself_by_alias_is_asked_by_alias():
    schema = Schema()
    schema.add(Camel, ROWS)
    assert len(list(schema.rows(Camel))) == ROWS


class CamelOfTheYoung(Camel):
    @field_validator("years_old")
    @classmethod
    def young(cls, value: int) -> int:
        if value > 2:
            raise ValueError("too old.")
        return value


def test_what_is_refused_by_alias_says_why():
    error = refusal_of(CamelOfTheYoung)
    assert "Value error, too old. Say what" in str(error)


def test_rows_that_are_never_accepted_together_are_a_sentence_with_the_reason():
    class Never(BaseModel):
        x: Annotated[int, Field(ge=0, lt=2)]
        y: Annotated[int, Field(ge=0, lt=2)]

        @model_validator(mode="before")
        @classmethod
        def now_one_now_the_other(cls, row: Any) -> Any:
            raise ValidationError.from_exception_data("Never", [_error("x" if (row["x"] + row["y"]) % 2 else "y")])

    error = refusal_of(Never)
    assert error.message.startswith("Never: the model accepts none of the rows drawn")
    assert "to be greater" in error.message


def _error(field: str) -> Any:
    return {"type": PydanticCustomError("low", "to be greater"), "loc": (field,), "input": 0}


def test_a_field_that_may_be_any_model_is_an_open_object():
    class Holder(BaseModel):
        held: BaseModel

    schema = Schema()
    schema.add(Holder, 10)
    assert all(isinstance(row.held, BaseModel) for row in schema.rows(Holder))


def test_an_exception_of_a_validator_is_a_reason():
    def broken(value: int) -> int:
        return value // 0

    error = refusal_of(model(x=Annotated[int, AfterValidator(broken)]))
    assert "ZeroDivisionError" in error.message


LETTERS = [chr(code) for code in range(0x250) if unicodedata.category(chr(code))[0] == "L"]
JUDGED = {
    "beside not": ({"type": "string", "pattern": r"^\p{L}{3}$", "not": {"const": "abc"}}, "^[{L}]{3}$"),
    "in a class": ({"type": "string", "pattern": r"^[\p{L}\d]{2}$", "not": {"const": "ab"}}, "^[{L}0-9]{2}$"),
    "none": ({"type": "string", "pattern": r"^\P{L}{2}$", "not": {"const": "  "}}, "^[^{L}]{2}$"),
    "in no class": ({"type": "string", "pattern": r"^[^\P{L}_]{2}$", "not": {"const": "ab"}}, "^[{L}]{2}$"),
    "by a letter": ({"type": "string", "pattern": r"^\pL$", "not": {"const": "a"}}, "^[{L}]$"),
    "to be excluded": ({"type": "string", "pattern": "^[a-z0-9]{2}$", "not": {"pattern": r"\p{L}"}}, "^[0-9]{2}$"),
    "groups": ({"type": "string", "pattern": r"^(?<y>\d\d)-\u{41}\x{42}$", "not": {"const": "1"}}, r"^\d\d-AB$"),
    "listed": ({"enum": ["abc", "12"], "pattern": r"^\p{L}+$"}, "^abc$"),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", JUDGED)
def test_patterns_with_unicode_properties_are_judged(name):
    said, pattern = JUDGED[name]
    judge = re.compile(pattern.replace("{L}", "".join(LETTERS)))
    schema = Schema()
    schema.add({"type": "object", "properties": {"x": said}, "required": ["x"]}, 200, name="Document")
    found = [row["x"] for row in schema.rows("Document")]
    assert all(judge.search(text) for text in found)
    assert all(text != said.get("not", {}).get("const") for text in found)


def test_sets_of_texts_and_names_by_unicode_properties_are_judged():
    items = {"type": "array", "items": {"type": "string", "pattern": r"^\p{Lu}$"}, "uniqueItems": True}
    names = {"patternProperties": {r"^\p{Lu}{2}$": {"type": "integer", "maximum": 9}}, "additionalProperties": False}
    document = {"type": "object", "properties": {"x": items, "y": {"type": "object"} | names}, "required": ["x", "y"]}
    schema = Schema()
    schema.add(document | {"not": {"required": ["z"]}}, 200, name="Document")
    for row in schema.rows("Document"):
        assert len(set(row["x"])) == len(row["x"]) and all(text.isupper() for text in row["x"])
        assert all(name.isupper() and len(name) == 2 and value <= 9 for name, value in row["y"].items())


def test_a_schema_that_checks_by_a_pattern_of_other_engines_is_a_sentence():
    schema = Schema()
    letters = {"type": "string", "pattern": "^[A-Z](?i)b$"}
    schema.add({"type": "object", "properties": {"x": letters}, "not": {"required": ["y"]}}, name="Document")
    with pytest.raises(SchemaError, match=r"Document.*the pattern .* cannot be: global flags"):
        schema.table("Document")


# -- through the program -------------------------------------------------------------------------------------

MODELS = """
from typing import Annotated
from pydantic import AfterValidator, BaseModel, Field, field_validator, model_validator
from gen import PrimaryKey
from limits import below

class Booking(BaseModel):
    id: Annotated[int, PrimaryKey()]
    few: Annotated[int, Field(ge=0, le=99), AfterValidator(below(10))]
    a: Annotated[int, Field(ge=0, le=99)]
    b: Annotated[int, Field(ge=0, le=99)]
    name: str | None

    @field_validator("name")
    @classmethod
    def no_e(cls, value):
        if value is not None and "e" in value:
            raise ValueError("e")
        return value

    @model_validator(mode="after")
    def ordered(self):
        if self.a >= self.b:
            raise ValueError("a >= b")
        return self
"""
LIMITS = """
def below(limit):
    def check(value):
        if value >= limit:
            raise ValueError("too much")
        return value
    return check
"""
ASKED = ("--schema", "models.py", "--rows", 1200, "--partition-rows", 300, *AS_OF)


def test_a_model_with_validators_through_the_program(forks: Forks, workers: str, tmp_path) -> None:
    (tmp_path / "models.py").write_text(MODELS, "utf-8")
    (tmp_path / "limits.py").write_text(LIMITS, "utf-8")
    ended = forks(*ASKED, "--out", "data", cwd=tmp_path)
    assert ended.code == 0, ended.err
    found = query(
        f"select count(*), count(distinct id), max(few), bool_and(a < b), count(*) filter (name like '%e%'), "
        f"count(*) filter (name is null) > 20 from read_parquet('{tmp_path}/data/Booking/*.parquet')"
    )
    assert found == [(1200, 1200, 9, True, 0, True)]
    # checked again, by two workers, resumed
    assert forks("verify", "data", cwd=tmp_path).code == 0
    ended = forks(*ASKED, "--out", "two", "--scheduler", workers, cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert checksums(tmp_path / "two") == checksums(tmp_path / "data")
    (tmp_path / "two" / "Booking" / "part-000003.parquet").unlink()
    assert forks(*ASKED, "--out", "two", cwd=tmp_path).code == 0
    assert checksums(tmp_path / "two") == checksums(tmp_path / "data")
    # one row, and one that differs
    (row,) = query(f"select few, a, b from read_parquet('{tmp_path}/data/Booking/*.parquet') limit 1 offset 1034")
    printed = json.loads(forks("row", "Booking", 1034, *ASKED[:4], cwd=tmp_path).out)
    assert (printed["few"], printed["a"], printed["b"]) == row
    (tmp_path / "models.py").write_text(MODELS.replace("below(10)", "below(20)"), "utf-8")
    changed = forks("verify", "data", cwd=tmp_path)
    assert changed.code == 2, (changed.out, changed.err)
    assert "Traceback" not in changed.err


def test_rows_of_the_model_are_what_it_takes():
    schema = Schema()
    schema.add(Booking, ROWS)
    rows = schema.table(Booking).source
    TypeAdapter(list[Booking]).validate_python(rows.python(rows.at(range(ROWS))))


class OneIn(BaseModel):
    """Refuses one row in four hundred, which a small sample would hardly show."""

    a: Annotated[int, Field(ge=0, lt=20)]
    b: Annotated[int, Field(ge=0, lt=20)]

    @model_validator(mode="after")
    def not_both(self) -> "OneIn":
        if not self.a and not self.b:
            raise ValueError("both are 0")
        return self


def test_what_is_refused_rarely_is_drawn_again_in_all_rows_of_a_table_of_the_usual_size():
    schema = Schema()
    schema.add(OneIn, ROWS)
    assert schema.table("OneIn").source.filter is not None
    assert all(row.a or row.b for row in schema.rows(OneIn))


class Contacted(BaseModel):
    host: IPv4Address
    mail: EmailStr
    code: Annotated[int, Field(ge=0, lt=400)]

    @field_validator("code")
    @classmethod
    def _is_not_three(cls, value: int) -> int:
        assert value != 3, "no 3, please"
        return value


class Watched(Contacted):
    @field_validator("mail")
    @classmethod
    def _looks_around(cls, value: str, info: Any) -> str:
        assert "host" in info.data, "a host comes first"
        return value


class Located(BaseModel):
    host: IPv4Address
    where: Path


@pytest.mark.parametrize("of", [Contacted, Watched])
def test_what_a_field_refuses_rarely_is_drawn_again(of):
    """One in four hundred: that none of the 64 whole rows shows it has a chance of 85 %."""
    schema = Schema()
    schema.add(of, ROWS)
    assert schema.table(of.__name__).source.filter is not None
    rows = list(schema.rows(of))
    assert len(rows) == ROWS
    assert 3 not in {row.code for row in rows}


def test_fields_are_asked_for_alone_where_what_judges_them_sees_nothing_else():
    right = {"host": "10.0.0.1", "mail": "a@example.com", "code": 1}
    asked = []

    def values(name):
        asked.append(name)
        return [right[name]] * 100

    assert ModelCheck(Contacted).takes_fields(values)
    assert asked == ["code"]
    assert not ModelCheck(Contacted).takes_fields(lambda name: [1, 2, 3])
    assert not ModelCheck(Watched).takes_fields(values)
    assert not ModelCheck(OneIn).takes_fields(values)
    assert ModelCheck(Located).takes_fields(values)
    assert [ModelCheck(of).sample for of in (Contacted, Watched, OneIn, Located)] == [1024, 1024, 1024, 64]


@pytest.mark.parametrize("step", [0.01, 0.1, 1e-3, 0.3, 0.25, 1e-9])
def test_multiples_are_judged_as_jsonschema_judges_them_without_asking_it_for_each(step, monkeypatch):
    schema = {"type": "number", "multipleOf": step, "minimum": 0, "maximum": 1000}
    synthesizer = synthesizer_of(column_from_schema("T", "x", schema), "T", 1000, 0)
    made = synthesizer.at(range(1000))
    validator = Draft202012Validator(schema)
    assert all(validator.is_valid(value) for value in made.to_pylist())
    texts = np.arange(3000) * step
    judged = synthesizer.accepts(pa.array(texts))
    assert judged.tolist() == [validator.is_valid(float(value)) for value in texts]
    monkeypatch.setattr("gen.synth.judging.checked._validator_of", None)  # not asked
    assert synthesizer.at(range(1000)) == made


def test_multiples_beyond_all_doubles_are_still_asked_for():
    synthesizer = synthesizer_of(column_from_schema("T", "x", {"type": "number", "multipleOf": 1e-3}), "T", 10, 0)
    validator = Draft202012Validator({"multipleOf": 1e-3})
    values = [1e307, 1.5]
    assert synthesizer.accepts(pa.array(values)).tolist() == [validator.is_valid(value) for value in values]


def test_validators_that_warn_are_not_heard_for_every_value(recwarn) -> None:
    def wary(value: int) -> int:
        warnings.warn(f"{value} is odd", stacklevel=1)
        assert value % 2
        return value

    schema = Schema()
    schema.add(
        model(x=Annotated[Percent, AfterValidator(wary)], xs=list[Annotated[Percent, AfterValidator(wary)]]), ROWS
    )
    assert all(x % 2 for x in schema.table("Thing").arrow(0, ROWS).column("x").to_pylist())
    assert not recwarn.list
