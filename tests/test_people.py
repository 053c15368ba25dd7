"""Proves that columns that speak of one person agree, looked up in the lists themselves, not in the code.

Statistical tests have fixed seeds; each states how often it would fail by chance with another one.
"""

import datetime
import enum
import json
import pickle
import re
from collections import Counter
from typing import Annotated, Literal

import numpy as np
import pyarrow as pa
import pytest
from pydantic import BaseModel, EmailStr, Field, create_model, field_validator
from scipy import stats

from columns import joined, source
from gen import Domain, ForeignKey, Nulls, PrimaryKey, Schema, Weights
from gen.errors import SchemaError
from gen.schema.written import spec_from_json, spec_to_json
from gen.synth.agreeing.together import words_in_groups, words_of_indexes
from gen.synth.described import described
from gen.synth.texts.locale import LANGUAGES
from persons import ROWS, Person, american_cities, columns, file, said, some_people, words
from program import AS_OF, checksums, query


@pytest.fixture
def people():
    return some_people()


# -- people -----------------------------------------------------------------------------------------------------


def test_the_full_name_is_the_given_name_and_the_surname(people):
    assert all(name == f"{given} {family}" for name, given, family in columns(people, "name", "given", "family"))


def test_the_sex_and_the_title_fit_the_given_name(people):
    women, men = set(words("en", "given_female")), set(words("en", "given_male"))
    for given, sex, title in columns(people, "given", "sex", "title"):
        assert given in (women if sex == "F" else men)
        assert title == ("Ms" if sex == "F" else "Mr")


def test_the_mail_address_and_the_user_name_are_made_of_the_name(people):
    for given, family, email, user in columns(people, "given", "family", "email", "user"):
        found = re.fullmatch(r"(.+?)([1-9][0-9]?)?@example\.(com|net|org)", email)
        assert found and found[1] == f"{given}.{family}".lower()
        found = re.fullmatch(r"(.+?)[1-9][0-9]{0,2}", user)
        assert found and found[1] == f"{family}_{given}".lower()


def test_people_are_drawn_by_their_weights_and_as_many_women_as_men(people):
    """Binomial and chi-square tests; each fails by chance once in 10,000 seeds."""
    women = sum(row["sex"] == "F" for row in people)
    assert stats.binomtest(women, ROWS, 0.5).pvalue > 1e-4
    listed = words("en", "given_female")
    weights = 1 / (np.arange(len(listed)) + 12)
    found = Counter(row["given"] for row in people if row["sex"] == "F")
    expected = weights / weights.sum() * women
    assert stats.chisquare([found[name] for name in listed], expected).pvalue > 1e-4
    assert len({row["family"] for row in people}) > 2500


def test_given_name_surname_and_place_are_independent(people):
    """Chi-square tests of independence on coarse classes; each fails by chance once in 10,000 seeds."""
    places = {city: i % 4 for i, city in enumerate(dict.fromkeys(row["city"] for row in people))}
    families = {name: i % 4 for i, name in enumerate(words("en", "surnames"))}
    known = [row for row in people if row["family"] in families]
    for one, other in [
        ([row["sex"] == "F" for row in known], [families[row["family"]] for row in known]),
        ([places[row["city"]] for row in known], [families[row["family"]] for row in known]),
        ([row["email"].endswith("com") for row in known], [row["sex"] for row in known]),
        ([row["zip_code"][-1] for row in known], [row["phone"][-1] for row in known]),
        ([row["zip_code"][-1] for row in known], [row["street"].split()[0][-1] for row in known]),
        ([row["age"] // 12 for row in known], [row["sex"] for row in known]),
    ]:
        table = stats.contingency.crosstab(one, other).count
        assert stats.chi2_contingency(table).pvalue > 1e-4


# -- where they live -------------------------------------------------------------------------------------------


LIVING = {
    "given": said(str, "given_name"),
    "surname": Annotated[str, Domain("surname"), Field(max_length=14)],
    "name": said(str, "name"),
    "email": said(str, "email"),
    "sex": said(Literal["F", "M"], "sex"),
    "city": said(str, "city"),
    "code": said(str, "country_code"),
}


def test_people_have_names_of_the_country_where_they_live():
    """With 20,000 rows, each pair of frequent names is there; women are half: a false alarm in 1e4."""
    rows = source(20_000, **LIVING).at(range(20_000)).to_pylist()
    assert 0.48 < sum(row["sex"] == "F" for row in rows) / len(rows) < 0.52
    for row in rows:
        assert row["name"] == f"{row['given']} {row['surname']}" and len(row["surname"]) <= 14
        assert row["email"].isascii()
    for locale in set(LANGUAGES) - {"en", "en-gb"}:
        mine = [row for row in rows if row["code"] == file(locale)["country"][0].split()[0]]
        women, men, families = (
            {word.split("/")[-1] for word in words(locale, key)} for key in ("given_female", "given_male", "surnames")
        )
        families |= {family[:-1] + "a" for family in families} if locale == "pl" else set()
        for row in mine:
            assert row["given"] in (women if row["sex"] == "F" else men) and row["surname"] in families, row
        common = Counter(row["given"] for row in mine).most_common(8)
        assert {name for name, _ in common} & {w.split("/")[-1] for w in words(locale, "given_female")[:6]}, locale


@pytest.mark.parametrize(("size", "count"), [(1, 2), (2048, 11), (200, 397), (4096, 11)])
def test_words_in_groups_choose_a_text_of_the_rows_group(size, count):
    """Beside a table of the places: which group, then which of its texts, and a word that chooses just that one."""
    generator = np.random.default_rng(size)
    members, groups = (
        generator.integers(0, 50, 3000).astype(np.int32),
        generator.integers(0, count, 50).astype(np.uint64),
    )
    words = np.append(generator.integers(0, 2**32, 2998, np.uint64), np.array([0, 2**32 - 1], np.uint64))
    expected = [int(groups[m]) * size + (w * size >> 32) for m, w in zip(members.tolist(), words.tolist(), strict=True)]
    made = words_in_groups(members, groups, words, size, count)
    assert made.max() < 2**32
    assert [word * size * count >> 32 for word in made.tolist()] == expected
    assert made.tolist() == words_of_indexes(np.array(expected, np.uint64), size * count).tolist()


def test_people_who_are_refused_and_drawn_again_live_where_their_names_are_from():
    class Resident(BaseModel):
        given: said(str, "given_name")
        city: said(str, "city")
        code: said(str, "country_code")

        @field_validator("given")
        @classmethod
        def short(cls, given: str) -> str:
            assert len(given) < 6
            return given

    schema = Schema()
    schema.add(Resident, 800)
    names = {word.split("/")[-1] for key in ("given_female", "given_male") for word in words("ja", key)}
    rows = [row for row in schema.table("Resident").arrow(0, 800).to_pylist() if row["code"] == "JP"]
    assert len(rows) > 30 and all(row["given"] in names for row in rows)


def test_a_mail_address_as_a_key_is_of_the_country_too():
    table = source(500, **(LIVING | {"email": Annotated[str, Domain("email"), PrimaryKey()]}))
    rows = table.at(range(500)).to_pylist()
    assert len({row["email"] for row in rows}) == 500
    assert table.columns["email"].row_of(table.at(range(500)).column("email")).tolist() == list(range(500))
    sent = pickle.loads(pickle.dumps(table))
    assert sent.at(range(77, 99)).to_pylist() == rows[77:99]


# -- age and birth ----------------------------------------------------------------------------------------------


def years(born, day):
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


@pytest.mark.parametrize("day", [datetime.date(2026, 1, 1), datetime.date(2024, 2, 29), datetime.date(2023, 2, 28)])
def test_the_age_is_the_years_since_birth(day):
    from gen.synth.tables import table_sources

    fields = {"age": (Annotated[int, Domain("age"), Field(ge=18, le=65)], ...)}
    fields |= {"born": (said(datetime.date, "birth_date"), ...), "at": (said(datetime.datetime, "birthday"), ...)}
    other = Schema()
    other.add(create_model("Thing", **fields), ROWS)
    rows = table_sources(other.spec, {"Thing": ROWS}, 0, day)["Thing"].at(range(ROWS)).to_pylist()
    assert all(row["age"] == years(row["born"], day) for row in rows)
    ages = Counter(row["age"] for row in rows)
    assert set(ages) == set(range(18, 66))
    assert stats.chisquare(list(ages.values())).pvalue > 1e-5  # years differ by a day at most


def test_bounds_of_either_bind_both():
    early, late = datetime.date(1990, 5, 5), datetime.date(1999, 12, 31)
    born = Annotated[datetime.date, Domain("birth_date"), Field(gt=early, le=late)]
    rows = source(2000, age=said(int, "age"), born=born).at(range(2000)).to_pylist()
    assert min(row["born"] for row in rows) > early and max(row["born"] for row in rows) <= late
    with pytest.raises(SchemaError, match=r"Thing\.age: no day of birth"):
        source(9, age=Annotated[int, Domain("age"), Field(ge=150, le=160)], born=born)


# -- who is in the company --------------------------------------------------------------------------------------


def test_a_second_person_in_the_row_is_named_by_of():
    own = {"name": said(str, "name"), "email": EmailStr}
    table = source(ROWS, **own, boss=said(str, "name", of="manager"), mail=said(str, "email", of="manager"),
                   boss_sex=said(Literal["f", "m"], "sex", of="manager"))  # fmt: skip
    men = set(words("en", "given_male"))
    rows = table.at(range(ROWS)).to_pylist()
    for row in rows:
        for name, email in ((row["name"], row["email"]), (row["boss"], row["mail"])):
            assert email.startswith(name.lower().replace(" ", "."))
        assert row["boss_sex"] == "f" or row["boss"].split()[0] in men
    assert sum(row["name"] == row["boss"] for row in rows) < 20
    assert joined([source(ROWS, **own).at(range(99))]).equals(joined([table.at(range(99), list(own))]))


def test_a_column_alone_is_drawn_as_by_itself():
    class Alone(BaseModel):
        name: said(str, "name")
        other: said(str, "name")
        email: EmailStr | None
        city: said(str, "city")

    schema = Schema()
    schema.add(Alone)
    kinds = {name: type(c).__name__ for name, c in schema.table("Alone").source.columns.items()}
    assert kinds["email"] == "SynthesizePerson"  # one name and one address: two, who agree
    assert kinds["other"] == "SynthesizeName" and kinds["city"] == "SynthesizeDomain"
    assert type(source(x=said(str, "name")).columns["x"]).__name__ == "SynthesizeName"
    assert type(source(x=EmailStr, y=EmailStr).columns["x"]).__name__ == "SynthesizeFormat"


def test_the_second_that_says_the_same_speaks_of_its_own():
    table = source(2000, home=said(str, "city"), state=said(str, "state"), work=said(str, "city"))
    rows = table.at(range(2000)).to_pylist()
    assert 1 < sum(row["home"] == row["work"] for row in rows) < 400


def test_keys_references_patterns_and_named_synthesizers_keep_out():
    class Account(BaseModel):
        name: Annotated[str, Domain("name"), PrimaryKey()]
        given: said(str, "given_name")
        email: Annotated[str, Domain("email")]
        friend: Annotated[str, Domain("name"), ForeignKey("Account.name")]

    schema = Schema()
    schema.add(Account, 500)
    rows = schema.table("Account").source.at(range(500)).to_pylist()
    assert len({row["name"] for row in rows}) == 500
    assert {row["friend"] for row in rows} <= {row["name"] for row in rows}
    assert all(row["email"].startswith(row["given"].lower() + ".") for row in rows)


def test_objects_have_a_company_of_their_own_and_so_have_items_of_lists():
    kinds = {"name": said(str, "name"), "email": EmailStr, "city": said(str, "city"), "zip": said(str, "zip")}
    contact = create_model("Contact", **{name: (kind, ...) for name, kind in kinds.items()})
    table = source(500, name=said(str, "name"), email=EmailStr, one=contact, many=list[contact], maybe=contact | None)
    rows = table.at(range(500)).to_pylist()
    zips = {}
    for (city, _), (prefixes, *_) in american_cities().items():
        zips.setdefault(city, set()).update(prefixes)
    same = 0
    for row in rows:
        inside = [row["one"], *row["many"], *([row["maybe"]] if row["maybe"] else [])]
        assert all(each["email"].startswith(each["name"].lower().replace(" ", ".")) for each in [row, *inside])
        assert all(int(each["zip"][:3]) in zips[each["city"]] for each in inside)
        same += row["one"]["name"] == row["name"]
    assert same < 10
    assert pickle.loads(pickle.dumps(table)).at(range(500)).equals(table.at(range(500)))


def test_nulls_do_not_disturb_who_agrees():
    table = source(2000, given=Annotated[str | None, Domain("given_name"), Nulls(0.3)], email=EmailStr)
    rows = table.at(range(2000)).to_pylist()
    there = [row for row in rows if row["given"] is not None]
    assert 500 < 2000 - len(there) < 700  # 600, and 4.8 deviations of 20.5 either way: once in a million seeds
    assert all(row["email"].startswith(row["given"].lower() + ".") for row in there)


def test_rows_that_a_model_refuses_are_drawn_again_whole():
    class Guest(BaseModel):
        name: said(str, "name")
        email: EmailStr
        note: str

        @field_validator("email")
        @classmethod
        def no_numbers(cls, value):
            if re.search("[0-9]", value):
                raise ValueError("no numbers")
            return value

    schema = Schema()
    schema.add(Guest, 400)
    for guest in schema.rows(Guest):
        assert guest.email.split("@")[0] == guest.name.lower().replace(" ", ".")


# -- sex --------------------------------------------------------------------------------------------------------


class Sex(enum.Enum):
    FEMALE = "female"
    MALE = "male"
    DIVERSE = "diverse"


@pytest.mark.parametrize(
    ("kind", "woman", "man"),
    [(Literal["M", "F"], "F", "M"), (Literal[1, 2], 2, 1), (Literal["hombre", "mujer"], "mujer", "hombre"),
     (Sex, "female", "male"), (Literal["w", "m", "d"], "w", "m")],
)  # fmt: skip
def test_the_sex_is_written_as_the_field_lists_it(kind, woman, man):
    """Other sexes are 2 % of the rows; the test of that fails by chance once in 10,000 seeds."""
    table = source(ROWS, sex=said(kind, "sex"), given=said(str, "given_name"))
    women, men = set(words("en", "given_female")), set(words("en", "given_male"))
    values = table.at(range(ROWS)).to_pylist()
    for row in values:
        assert row["sex"] not in (woman, man) or row["given"] in (women if row["sex"] == woman else men)
    others = sum(row["sex"] not in (woman, man) for row in values)
    if "d" in str(kind) or kind is Sex:
        assert stats.binomtest(others, ROWS, 0.02 if others else 0).pvalue > 1e-4
    assert sum(row["sex"] == woman for row in values) > 4500


def test_weights_of_the_sex_are_those_of_the_names():
    """Binomial tests; each fails by chance once in 10,000 seeds."""
    kind = Annotated[Literal["F", "M", "X"], Domain("sex"), Weights({"F": 8, "M": 1, "X": 1})]
    rows = source(ROWS, sex=kind, title=said(str, "title")).at(range(ROWS)).to_pylist()
    counts = Counter(row["sex"] for row in rows)
    assert stats.binomtest(counts["F"], ROWS, 0.8).pvalue > 1e-4
    assert stats.binomtest(counts["X"], ROWS, 0.1).pvalue > 1e-4
    assert {row["title"] for row in rows if row["sex"] == "F"} == {"Ms"}


# -- lengths ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("longest", "of"), [(12, "name"), (22, "email"), (9, "user_name"), (4, "surname")])
def test_a_length_of_one_column_is_kept_and_all_agree(longest, of):
    kinds = {domain: said(str, domain) for domain in ("name", "given_name", "surname", "email", "user_name")}
    kinds[of] = Annotated[str, Domain(of), Field(max_length=longest)]
    rows = source(3000, **kinds).at(range(3000)).to_pylist()
    assert max(len(row[of]) for row in rows) <= longest
    for row in rows:
        assert row["name"] == f"{row['given_name']} {row['surname']}"
        assert row["email"].startswith(f"{row['given_name']}.{row['surname']}".lower())
        assert row["user_name"].startswith(f"{row['surname']}_{row['given_name']}".lower())
    assert len({row["name"] for row in rows}) > 100


def test_what_cannot_agree_is_refused():
    with pytest.raises(SchemaError, match=r"Thing\.x: no email within its lengths .* agrees"):
        source(9, name=said(str, "name"), x=Annotated[str, Domain("email"), Field(max_length=9)])
    with pytest.raises(SchemaError, match=r"Thing\.mail: its locale is 'fr', and that of name, .*'de'"):
        source(9, name=said(str, "name", locale="de"), mail=said(str, "email", locale="fr"))
    with pytest.raises(SchemaError, match="no locale 'xx'"):
        source(9, name=said(str, "name", locale="xx"))
    with pytest.raises(SchemaError, match=r"Thing\.x: it says a locale, which the domain 'company' has not"):
        source(9, x=said(str, "company", locale="de"))
    with pytest.raises(SchemaError, match="do not name the two sexes"):
        source(9, x=said(Literal["a", "b"], "sex"))
    with pytest.raises(SchemaError, match="'age' is for integer"):
        source(9, x=said(str, "age"))
    with pytest.raises(SchemaError, match="a pattern are both declared"):
        source(9, x=Annotated[str, Domain("title"), Field(pattern="^M")])
    with pytest.raises(SchemaError, match="\"domain\" says 'locales'"):
        source(9, x=Annotated[str, Field(json_schema_extra={"domain": {"name": "city", "locales": "de"}})])


# -- keys -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("domain", "rows"), [("email", 20_000), ("user_name", 900), ("email", 9), ("email", 1)])
@pytest.mark.parametrize("order", [None, "sequential"])
def test_a_mail_address_as_a_key_is_unique_and_agrees(domain, rows, order):
    key = Annotated[str, Domain(domain), PrimaryKey(order=order)]
    table = source(rows, id=key, given=said(str, "given_name"), family=said(str, "surname"))
    values = table.at(range(rows)).to_pylist()
    assert len({row["id"] for row in values}) == rows
    numbers = {int(re.search("[0-9]+", row["id"])[0]) for row in values}
    assert len(numbers) == rows and len({len(str(number)) for number in numbers}) == 1
    for row in values:
        parts = {row["given"].lower(), row["family"].lower()}
        assert set(re.findall("[a-z]+", row["id"].split("@")[0])) == parts
    column = table.columns["id"]
    ids = [row["id"] for row in values]
    assert column.row_of(pa.array(ids)).tolist() == list(range(rows))
    wrong = ["", "a.b1@example.com", ids[0].replace("@", "0@"), "x" + ids[0], ids[0] + "x", None]
    assert column.row_of(pa.array(wrong)).tolist() == [-1] * 6 if domain == "email" else True
    picked = np.array([rows - 1, 0], np.uint64)
    assert pickle.loads(pickle.dumps(column)).at(picked).to_pylist() == [ids[-1], ids[0]]


def test_a_reference_to_such_a_key_finds_it():
    class User(BaseModel):
        email: Annotated[EmailStr, PrimaryKey()]
        name: said(str, "name")
        boss: Annotated[EmailStr, ForeignKey("User.email")]

    schema = Schema()
    schema.add(User, 300)
    rows = schema.table("User").source.at(range(300)).to_pylist()
    assert {row["boss"] for row in rows} <= {row["email"] for row in rows}
    assert all(row["email"].startswith(row["name"].lower().replace(" ", ".")) for row in rows)


# -- a function of rows -----------------------------------------------------------------------------------------


def test_every_column_is_a_function_of_its_row_alone():
    schema = Schema(seed=5)
    schema.add(Person, 200_000)
    table = schema.table("Person").source
    rows = range(123_000, 123_600)
    whole = table.at(rows)
    picked = np.array([123_599, 123_000, 123_077], np.uint64)
    assert joined([table.at(picked)]).equals(joined([whole.take(pa.array([599, 0, 77]))]))
    for name in table.columns:
        assert table.at(rows, [name]).column(0).equals(whole.column(name))
    assert joined([pickle.loads(pickle.dumps(table)).at(rows)]).equals(joined([whole]))
    assert not joined([whole]).equals(joined([Schema_of(6).at(rows)]))
    parts = [table.at(range(123_000, 123_001)), table.at(range(123_001, 123_600))]
    assert joined(parts).equals(joined([whole]))


def Schema_of(seed):
    schema = Schema(seed=seed)
    schema.add(Person, 200_000)
    return schema.table("Person").source


def test_what_is_declared_goes_through_json_and_is_described():
    schema = Schema()
    kinds = {"mail": said(str, "email", of="boss", locale="de"), "name": said(str, "name", of="boss")}
    model = create_model("Thing", **{name: (kind, ...) for name, kind in kinds.items()})
    schema.add(model, 50)
    assert spec_from_json(json.loads(json.dumps(spec_to_json(schema.spec)))) == schema.spec
    table = schema.table("Thing").source
    assert described(table)[0]["reason"] == "matches text of the domain 'email' that speaks of boss"
    again = Schema()
    again.add(model.model_json_schema(), 50)
    assert again.table("Thing").source.at(range(50)).to_pylist() == table.at(range(50)).to_pylist()
    told = Field(json_schema_extra={"domain": {"name": "name", "of": "boss", "locale": "de"}})
    other = source(50, mail=kinds["mail"], name=Annotated[str, told])
    assert other.at(range(50)).to_pylist() == table.at(range(50)).to_pylist()


MODELS = """
from typing import Annotated, Literal
from pydantic import BaseModel, EmailStr
from gen import Domain, PrimaryKey

class Customer(BaseModel):
    id: Annotated[int, PrimaryKey()]
    name: Annotated[str, Domain("name")]
    sex: Annotated[Literal["F", "M"], Domain("sex")]
    email: EmailStr
    city: Annotated[str, Domain("city")]
    state: Annotated[str, Domain("state_code")]
    boss: Annotated[str, Domain("name", of="boss", locale="pl")]
    boss_email: Annotated[str, Domain("email", of="boss")]
"""


def test_two_workers_write_the_same_people(forks, workers, tmp_path):
    (tmp_path / "models.py").write_text(MODELS)
    common = ("--schema", "models.py", "--rows", 20_000, "--partition-rows", 5000, "--quiet", *AS_OF)
    one = forks(*common, "--out", "one", cwd=tmp_path)
    two = forks(*common, "--out", "two", "--scheduler", workers, cwd=tmp_path)
    assert (one.code, two.code) == (0, 0), one.err + two.err
    assert checksums(tmp_path / "one") == checksums(tmp_path / "two")
    disagreeing = query(
        f"select count(*) from read_parquet('{tmp_path}/two/Customer/*.parquet') "
        "where not starts_with(email, replace(lower(name), ' ', '.'))"
    )
    assert disagreeing == [(0,)]
