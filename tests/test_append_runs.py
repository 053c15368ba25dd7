"""A folder that is appended to holds every row once, whatever dies or runs twice; and says so where it cannot be."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from gen import appending
from gen.plan import fingerprint_of
from gen.recorded import recorded_epochs
from gen.schema.written import spec_from_json
from gen.sinks.files.folder_records import FolderRecords
from gen.sinks.records import Records, read_epochs
from program import AS_OF, ENVIRONMENT, Forks, assert_no_halves, checksums, manifest, parts, query, stamps, wait_until
from sampling import one_in

FIRST = ("--rows", 40, "--partition-rows", 20, *AS_OF, "--part", "1/1")
MORE = ("--append", "--rows", 30, "--partition-rows", 20, *AS_OF, "--workers", 1)
SHOP = ("--schema", "gen.examples.shop", *AS_OF)
MOST_OPERATIONS = 300  # of an append; far more than it has


def done(forks: Forks, out: Path, *arguments: object) -> str:
    """Run the program to its good end; what it says."""
    ended = forks(*arguments, "--out", out, cwd=out.parent)
    assert ended.code == 0, ended.err
    return ended.err


def refused(forks: Forks, out: Path, *arguments: object) -> str:
    """Have it refuse with exit code 2, and leave all as it is; what it says."""
    before = stamps(out) if out.exists() else None
    ended = forks(*arguments, cwd=out.parent)
    assert ended.code == 2, ended.err
    assert (stamps(out) if out.exists() else None) == before
    assert "Traceback" not in ended.err and "hint: " in ended.err
    return ended.err


@pytest.fixture(scope="module")
def first(forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 and 4 rows, in three files."""
    out = tmp_path_factory.mktemp("first") / "data"
    done(forks, out, *FIRST)
    return out


@pytest.fixture(scope="module")
def appended(first: Path, forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with 30 and 3 more, undisturbed."""
    out = shutil.copytree(first, tmp_path_factory.mktemp("appended") / "data")
    done(forks, out, *MORE)
    return out


def copy_of(folder: Path, to: Path) -> Path:
    return Path(shutil.copytree(folder, to))


def assert_like(out: Path, like: Path) -> None:
    """The folder holds what an undisturbed append left, every row once, and nothing else."""
    assert manifest(out) == manifest(like)
    assert (out / "_SUCCESS").exists()
    names = [sorted(str(p.relative_to(folder)) for p in folder.rglob("*")) for folder in (out, like)]
    assert names[0] == names[1]
    for table, said in manifest(like)["tables"].items():
        counted = query(f"select count(*), count(distinct id) from read_parquet('{out}/{table}/*.parquet')")
        assert counted == [(said["rows"], said["rows"])]


# -- what an append leaves ------------------------------------------------------------------------------------


def test_rows_are_added_and_those_that_were_there_stay(first: Path, appended: Path) -> None:
    before, after = stamps(first), stamps(appended)
    assert {name.rpartition("/")[2] for name in after.keys() - before.keys()} >= {"epoch-0002.json"}
    for path in parts(first):
        assert path.read_bytes() == (appended / path.relative_to(first)).read_bytes()
    tables = manifest(appended)["tables"]
    assert {name: table["rows"] for name, table in tables.items()} == {"Employee": 70, "Manager": 7}
    assert [epoch["tables"]["Employee"] for epoch in manifest(appended)["epochs"]] == [
        {"first_row": 0, "rows": 40, "files": 2},
        {"first_row": 40, "rows": 30, "files": 2},
    ]
    record = json.loads((appended / "_gen" / "epoch-0002.json").read_text("utf-8"))
    assert record["request"]["rows"] == {"Employee": 30, "Manager": 3}
    assert record["request"]["appended_to"] == {"Employee": 40, "Manager": 4}


def test_a_shop_that_is_appended_to_again_and_again_is_whole(forks: Forks, tmp_path: Path) -> None:
    """Counted with DuckDB over the files: keys, references, copies, sums and counts of all rows."""
    out = tmp_path / "data"
    done(forks, out, *SHOP, "--rows", 60_000)
    for rows in (["10_000"], ["Customer=300"], ["Tag=40"], ["20_000", "Product=90"]):
        done(forks, out, *SHOP, "--append", *[each for text in rows for each in ("--rows", text)])
    connection = duckdb.connect(config={"threads": 1})
    for folder in out.iterdir():
        if folder.is_dir() and folder.name != "_gen":
            connection.execute(f"create view \"{folder.name}\" as from '{folder}/*.parquet'")

    def count(sql: str) -> int:
        ((found,),) = connection.execute(f"select count(*) from {sql}").fetchall()
        return int(found)

    for table, key in SHOP_KEYS:
        assert count(f'(select 1 from "{table}" group by {key} having count(*) > 1)') == 0, (table, key)
    for table, names, parent, targets in SHOP_REFERENCES:
        on = " and ".join(f"c.{n} = p.{t}" for n, t in zip(names.split(), targets.split(), strict=True))
        there = names.split()[0]
        assert count(f'"{table}" c anti join "{parent}" p on {on} where c.{there} is not null') == 0, (table, names)
    for sql in SHOP_WRONG:
        assert count(f"({sql})") == 0, sql
    assert "all as it should be" in forks("verify", out, cwd=tmp_path).err


SHOP_KEYS = [
    ("Customer", "id"),
    ("Customer", "email"),
    ("Address", "customer_id, number"),
    ("Profile", "customer_id"),
    ("Category", "id"),
    ("Product", "sku"),
    ("Tag", "id"),
    ("Tag", "label"),
    ("ProductTag", "product, tag_id"),
    ("Order", "id"),
    ("Line", "order_id, number"),
    ("Review", "product, customer_id"),
    ("Return", "id"),
    ("Return", "order_id, number"),
]
SHOP_REFERENCES = [
    ("Customer", "referred_by", "Customer", "id"),
    ("Address", "customer_id", "Customer", "id"),
    ("Profile", "customer_id", "Customer", "id"),
    ("Category", "parent_id", "Category", "id"),
    ("Product", "category_id", "Category", "id"),
    ("ProductTag", "product", "Product", "sku"),
    ("ProductTag", "tag_id", "Tag", "id"),
    ("Order", "customer_id", "Customer", "id"),
    ("Line", "order_id", "Order", "id"),
    ("Line", "product", "Product", "sku"),
    ("Review", "product", "Product", "sku"),
    ("Review", "customer_id", "Customer", "id"),
    ("Return", "order_id number", "Line", "order_id number"),
]
SHOP_WRONG = [
    'select 1 from "Customer" c left join (select customer_id, count(*) n, sum(total) t, max(placed_at) m from "Order" '
    "group by 1) o on o.customer_id = c.id where c.orders <> coalesce(n, 0) or c.spent <> coalesce(t, 0) "
    "or c.last_order_at is distinct from m",
    'select 1 from "Order" c join (select order_id, count(*) n, sum(amount) t from "Line" group by 1) o '
    "on o.order_id = c.id where c.lines <> n or c.total <> t",
    'select 1 from "Product" p left join (select product, count(*) n from "Review" group by 1) r on p.sku = r.product '
    "where p.reviews <> coalesce(n, 0)",
    'select 1 from "Line" l join "Product" p on l.product = p.sku where l.price <> p.price',
    'select 1 from "Order" o join "Customer" c on o.customer_id = c.id where o.region <> c.region',
    'select 1 from "Category" c where not exists (select 1 from "Product" p where p.category_id = c.id)',
]


def test_values_do_not_depend_on_files_or_workers(
    first: Path, appended: Path, workers: str, forks: Forks, tmp_path: Path
) -> None:
    for number, how in enumerate((["--workers", 1], ["--scheduler", workers])):
        out = copy_of(first, tmp_path / str(number))
        done(forks, out, "--append", "--rows", 30, "--partition-rows", 7, *AS_OF, *how)
        assert checksums(out) == checksums(appended)
        assert manifest(out)["epochs"][1]["tables"]["Employee"]["files"] == 5


def test_shares_of_an_append_are_the_whole_of_it(first: Path, appended: Path, forks: Forks, tmp_path: Path) -> None:
    out = copy_of(first, tmp_path / "data")
    asked = ("--append", "--epoch", 2, "--rows", 30, "--partition-rows", 20, *AS_OF)
    assert "other shares are missing" in done(forks, out, *asked, "--part", "2/2")
    assert not (out / "_SUCCESS").exists()
    done(forks, out, *asked, "--part", "1/2")
    assert_like(out, appended)
    assert "nothing to do" in done(forks, out, *asked, "--part", "1/2")


def test_the_same_epoch_asked_for_again_is_there_and_the_next_follows_it(
    appended: Path, forks: Forks, tmp_path: Path
) -> None:
    out = copy_of(appended, tmp_path / "data")
    assert "nothing to do" in done(forks, out, *MORE, "--epoch", 2)
    assert "nothing to do" in done(forks, out, *FIRST)
    assert_like(out, appended)
    done(forks, out, *MORE)
    rows = {name: table["rows"] for name, table in manifest(out)["tables"].items()}
    assert rows == {"Employee": 100, "Manager": 10}
    assert len(query(f"select distinct id from read_parquet('{out}/Employee/*.parquet')")) == 100


def test_a_row_of_any_epoch_is_known_by_its_number(appended: Path, forks: Forks) -> None:
    files = sorted(str(path) for path in (appended / "Employee").iterdir())
    rows = query(f"select id, name from read_parquet({files})")
    for number in (0, 39, 40, 69):
        ended = forks("row", "Employee", number, "--out", appended, cwd=appended.parent)
        found = json.loads(ended.out)
        assert (found["id"], found["name"]) == rows[number]
    assert "Its rows are 0 to 69." in refused(forks, appended, "row", "Employee", 70, "--out", appended)
    assert "Leave them out" in refused(forks, appended, "row", "Employee", 7, "--out", appended, "--rows", 9)


# -- verify, repair -------------------------------------------------------------------------------------------


def test_what_is_lost_of_any_epoch_is_named_and_made_again(appended: Path, forks: Forks, tmp_path: Path) -> None:
    out = copy_of(appended, tmp_path / "data")
    (out / "Employee" / "part-000003.parquet").unlink()
    query(f"copy (select 1 id) to '{out}/Manager/part-000001.parquet' (format parquet)")
    (out / "Employee" / "part-000009.parquet").write_bytes(b"")
    ended = forks("verify", out, cwd=tmp_path)
    assert ended.code == 1
    assert "Employee/part-000003.parquet: missing" in ended.out
    assert "Manager/part-000001.parquet: columns id instead of" in ended.out
    assert "Employee/part-000009.parquet: not part of the run" in ended.out
    assert forks("verify", out, "--repair", cwd=tmp_path).code == 0
    assert_like(out, appended)
    (out / "Employee" / "part-000000.parquet").unlink()
    said = refused(forks, out, *MORE, "--out", out)
    assert "parts with earlier rows are missing or damaged, the first is part 0 of Employee" in said
    assert "verify" in said and "--repair" in said
    done(forks, out, *FIRST)  # its own command mends it, too
    assert_like(out, appended)


# -- whatever dies --------------------------------------------------------------------------------------------


def test_killed_at_any_operation_an_append_resumes(first: Path, appended: Path, forks: Forks, swift: Path) -> None:
    for at in range(1, MOST_OPERATIONS, one_in(2)):
        out = copy_of(first, swift / str(at))
        ended = forks(*MORE, "--out", out, cwd=swift, fault="kill", at=at)
        if ended.code == 0:
            assert at > 15, f"the fault fired only {at - 1} times"
            return
        assert ended.code == -signal.SIGKILL
        assert_no_halves(out)
        if (out / "_SUCCESS").exists():  # it never claims more than is there
            said = manifest(out)["tables"]["Employee"]["rows"]
            assert said in (40, 70)
            if said == 40:
                assert manifest(out) == manifest(first)
        if (out / "_SUCCESS").exists() and manifest(out) == manifest(appended):  # done: it would be appended once more
            assert_like(out, appended)
        else:
            done(forks, out, *MORE)
        assert_like(out, appended)
        shutil.rmtree(out)
    raise AssertionError("the append never came to its end")


def test_killed_at_any_operation_it_can_be_given_up(first: Path, forks: Forks, swift: Path) -> None:
    other = ("--append", "--rows", 10, "--partition-rows", 4, *AS_OF, "--workers", 1)
    meant = copy_of(first, swift / "meant")
    done(forks, meant, *other)
    given_up = 0
    for at in range(1, MOST_OPERATIONS, one_in(5)):
        out = copy_of(first, swift / str(at))
        ended = forks(*MORE, "--out", out, cwd=swift, fault="kill", at=at)
        if ended.code == 0:
            break
        if (out / "_gen" / "epoch-0002.json").exists() and manifest(out) == manifest(first):
            said = refused(forks, out, *other, "--out", out)
            assert "an append of --rows Employee=30 --rows Manager=3 was begun (epoch 2), and is not done" in said
            assert ": --append --epoch 2 --rows Employee=30 --rows Manager=3 --partition-rows 20; or give" in said
            killed = forks(*other, "--overwrite", "--out", out, cwd=swift, fault="kill", at=at % 7 + 1)
            given_up += 1
            overwrite = ["--overwrite"] if killed.code and (out / "_gen" / "epoch-0002.json").exists() else []
            if killed.code:
                done(forks, out, *other, *overwrite)
            assert_like(out, meant)
        shutil.rmtree(out)
    assert given_up > 3


def test_two_processes_that_append_at_once_leave_every_row_once(
    first: Path, appended: Path, forks: Forks, swift: Path
) -> None:
    for attempt in range(6):
        out = copy_of(first, swift / str(attempt))
        running = []
        for _ in range(2):
            running.append(forks.start(*MORE, "--epoch", 2, "--out", out, cwd=swift))
            time.sleep(attempt * 0.02)
        assert [forks.wait(pid).code for pid in running] == [0, 0]
        assert_like(out, appended)


def test_an_append_that_begins_while_another_looks_around_is_joined(
    first: Path, appended: Path, forks: Forks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other has claimed the epoch after the records were read: what was whole a moment ago has its rows."""
    out = copy_of(first, tmp_path / "data")
    request = read_epochs(FolderRecords(out))[0]["request"]

    def then_another(place: Records) -> list[dict[str, Any]]:
        found = read_epochs(place)
        (out / "_SUCCESS").unlink()
        shutil.copy(appended / "_gen" / "epoch-0002.json", out / "_gen")
        return found

    monkeypatch.setattr(appending, "read_epochs", then_another)
    spec = spec_from_json(request["schema"])
    assert appending.past_of(FolderRecords(out), spec, request["seed"], asked=2, overwrite=False).number == 2
    monkeypatch.undo()
    assert appending.past_of(FolderRecords(out), spec, request["seed"], asked=None, overwrite=False).found is not None


def test_two_different_appends_at_once_come_one_after_the_other(first: Path, forks: Forks, swift: Path) -> None:
    other = ("--append", "--rows", 10, "--partition-rows", 4, *AS_OF, "--workers", 1)
    for attempt in range(6):
        out = copy_of(first, swift / str(attempt))
        running = []
        for asked in (MORE, other):
            running.append((asked, forks.start(*asked, "--out", out, cwd=swift)))
            time.sleep(attempt * 0.01)
        late = [asked for asked, pid in running if forks.wait(pid).code in (1, 2)]
        for asked in late:
            done(forks, out, *asked)
        assert {name: table["rows"] for name, table in manifest(out)["tables"].items()} == {
            "Employee": 80,
            "Manager": 8,
        }
        assert len(query(f"select distinct id from read_parquet('{out}/Employee/*.parquet')")) == 80
        assert "all as it should be" in forks("verify", out, cwd=swift).err


def test_an_append_with_workers_killed_midway_resumes(forks: Forks, swift: Path) -> None:
    first, more = (
        ("--rows", 20_000, "--partition-rows", 2000, *AS_OF),
        ("--rows", 30_000, "--partition-rows", 400, *AS_OF),
    )
    out, meant = swift / "data", swift / "meant"
    done(forks, meant, *first)
    copy_of(meant, out)
    done(forks, meant, *more, "--append", "--workers", 1)
    with forks.running(*more, "--append", "--workers", 2, "--out", out, cwd=swift) as pid:
        wait_until(lambda: len(parts(out)) >= 20, "some files")
        os.kill(pid, signal.SIGKILL)
        forks.wait(pid)
    assert not (out / "_SUCCESS").exists()
    done(forks, out, *more, "--append", "--workers", 2)
    assert_like(out, meant)


def test_a_record_that_is_lost_or_changed_is_said_and_nothing_is_overwritten(
    appended: Path, forks: Forks, tmp_path: Path
) -> None:
    for name, change, said in (
        ("epoch-0002.json", None, "epoch-0002.json is missing, and 2 epochs are there"),
        ("run.json", None, "run.json is missing, and 2 epochs are there"),
        ("epoch-0002.json", "{}", "epoch-0002.json is damaged: it is no record of a run"),
        ("epoch-0002.json", "[]", "epoch-0002.json is damaged: it is no record of a run"),
        ("epoch-0002.json", ('"Employee": 30', '"Employee": 31'), "epoch-0002.json was changed, or belongs to another"),
        ("run.json", ('"Employee": 40', '"Employee": 41'), "run.json was changed, or belongs to another"),
    ):
        out = copy_of(appended, tmp_path / f"{len(list(tmp_path.iterdir()))}")
        path = out / "_gen" / name
        text = path.read_text("utf-8")
        if change is None:
            path.unlink()
        else:
            path.write_text(change if isinstance(change, str) else text.replace(*change), "utf-8")
        for command in ((*MORE, "--out", out), ("verify", out, "--repair"), ("row", "Employee", 5, "--out", out)):
            assert said in refused(forks, out, *command)
    (out / "_gen" / "run.json").write_text(text, "utf-8")
    (out / "Employee" / "part-000004.parquet").write_bytes(b"mine")
    assert "part-000004.parquet is not part of the run, and would be overwritten" in refused(
        forks, out, *MORE, "--out", out
    )


def test_what_is_appended_meanwhile_is_left_to_those_who_append(first: Path, appended: Path, tmp_path: Path) -> None:
    """A process that is late to seal, or to repair, does not claim what another has begun since."""
    out = copy_of(appended, tmp_path / "data")
    late = recorded_epochs(FolderRecords(out))[1].sink
    receipts = list(late.done().values())
    (out / "_SUCCESS").unlink()
    shutil.copy(out / "_gen" / "epoch-0002.json", out / "_gen" / "epoch-0003.json")  # begun
    record = json.loads((out / "_gen" / "epoch-0002.json").read_text("utf-8"))
    record["request"] |= {"epoch": 3, "follows": record["fingerprint"]}
    record["fingerprint"] = fingerprint_of(record["request"])
    (out / "_gen" / "epoch-0003.json").write_text(json.dumps(record), "utf-8")
    late.finish(receipts)
    assert not (out / "_SUCCESS").exists()
    assert manifest(out) == manifest(appended)


def test_the_run_says_it_is_whole_when_what_was_appended_is(first: Path, forks: Forks, tmp_path: Path) -> None:
    out = copy_of(first, tmp_path / "data")
    asked = ("--append", "--epoch", 2, "--rows", 30, "--partition-rows", 20, *AS_OF)
    done(forks, out, *asked, "--part", "1/2")
    ended = forks(*FIRST[:-2], "--json", "--out", out, cwd=tmp_path)
    assert json.loads(ended.out)["complete"] is False
    assert "an append is not finished" in ended.err
    found = forks("verify", out, cwd=tmp_path)
    assert found.code == 1 and "epoch-0002.json: what it appends is not finished" in found.out
    ended = forks(*asked, "--json", "--out", out, cwd=tmp_path)
    summary = json.loads(ended.out)
    assert (summary["complete"], summary["epoch"]) == (True, 2)
    assert "epoch 2; with --epoch 2 the same command adds no more" in ended.err


# -- what is refused ------------------------------------------------------------------------------------------

MODELS = """
from typing import Annotated
from pydantic import BaseModel, Field
from gen import Existing, ForeignKey, PrimaryKey

class Thing(BaseModel):
    id: Annotated[int, PrimaryKey()]
    size: Annotated[int, Field(ge=0, lt=%s)]
"""


def test_a_bad_request_says_what_is_wrong(first: Path, forks: Forks, tmp_path: Path) -> None:
    out = copy_of(first, tmp_path / "data")
    to = ("--out", out)
    for said, asked in {
        "--append does not say to what": ["--append", "--rows", 5],
        "nowhere does not exist, and rows are to be appended": ["--append", "--rows", 5, "--out", tmp_path / "nowhere"],
        "--append does not say how many rows": ["--append", *to],
        "There is no table 'Employe'": ["--append", "--rows", "Employe=5", *to],
        "--rows Employee is given twice": ["--append", "--rows", "Employee=5", "--rows", "Employee=6", *to],
        "--epoch is given without --append": ["--epoch", 2, *to],
        "--epoch 3: ": ["--append", "--epoch", 3, "--rows", 5, *to],
        "--epoch 1: ": ["--append", "--epoch", 1, "--rows", 5, *to],
        "--append and --tables are both given": ["--append", "--tables", "Manager", "--rows", 5, *to],
        "--append --part does not say which": ["--append", "--part", "1/2", "--rows", 5, *to],
        "gives up an append that is not finished": ["--append", "--overwrite", "--rows", 5, *to],
        "was made with --seed 0": ["--append", "--seed", 1, "--rows", 5, *to],
        "was made of another schema: its tables are": ["--append", "--schema", "gen.examples.shop", *to],
        "No rows would be appended": ["--append", "--rows", "Employee=0", *to],
    }.items():
        assert said in refused(forks, out, *asked)
    assert not (tmp_path / "nowhere").exists()


def test_another_schema_or_other_code_is_refused(forks: Forks, tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text(MODELS % 10)
    out, asked = tmp_path / "data", ("--schema", "models.py", "--rows", 50, *AS_OF)
    done(forks, out, *asked)
    done(forks, out, *asked, "--append")
    (tmp_path / "models.py").write_text(MODELS % 11)
    assert "Thing differs, in size" in refused(forks, out, *asked, "--append", "--out", out)
    (tmp_path / "models.py").write_text(MODELS % 10 + "\n    more: int\n")
    assert "Thing differs, in more" in refused(forks, out, *asked, "--append", "--out", out)
    (tmp_path / "models.py").write_text(MODELS % 10)
    done(forks, out, *asked, "--append")
    assert manifest(out)["tables"]["Thing"]["rows"] == 150


def test_code_that_draws_rows_of_a_later_epoch_otherwise_is_found(forks: Forks, tmp_path: Path) -> None:
    """Of seven rows, which only the second epoch has; others copy them."""
    code = """
from typing import Annotated
from pydantic import BaseModel
from gen import Copy, ForeignKey, PrimaryKey, SynthesizedBy, Synthesizer

class Said(Synthesizer):
    def draw(self, generator, n):
        return [%r if self.rows == 7 else "ten"] * n

class Parent(BaseModel):
    id: Annotated[int, PrimaryKey()]
    said: Annotated[str, SynthesizedBy("Said")]

class Child(BaseModel):
    parent: Annotated[int, ForeignKey("Parent.id")]
    said: Annotated[str, Copy("parent", "said")]
"""
    (tmp_path / "models.py").write_text(code % "seven")
    out, asked = tmp_path / "data", ("--schema", "models.py", *AS_OF)
    done(forks, out, *asked, "--rows", 10)
    done(forks, out, *asked, "--rows", 7, "--append")
    (tmp_path / "models.py").write_text(code % "SEVEN")
    assert "was begun with other values of Parent.said" in refused(
        forks, out, *asked, "--rows", 5, "--append", "--out", out
    )
    (tmp_path / "models.py").write_text(code % "seven")
    done(forks, out, *asked, "--rows", 5, "--append")


def test_workers_know_the_models_of_earlier_epochs(forks: Forks, tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text(
        """
from typing import Annotated
from pydantic import BaseModel, Field, field_validator
from gen import Copy, ForeignKey, PrimaryKey

class Parent(BaseModel):
    id: Annotated[int, PrimaryKey()]
    size: Annotated[int, Field(ge=0, lt=10)]

    @field_validator("size")
    @classmethod
    def not_three(cls, value):
        assert value != 3
        return value

class Child(BaseModel):
    parent: Annotated[int, ForeignKey("Parent.id")]
    size: Annotated[int, Copy("parent", "size")]
"""
    )
    out, asked = tmp_path / "data", ("--schema", "models.py", *AS_OF)
    done(forks, out, *asked, "--rows", 100)
    done(forks, out, *asked, "--append", "--rows", "Child=60", "--partition-rows", 10, "--workers", 2)
    sizes = query(f"select distinct size from read_parquet('{out}/Child/*.parquet')")
    assert len(sizes) == 9 and (3,) not in sizes


def test_a_table_that_was_empty_gets_rows(forks: Forks, tmp_path: Path) -> None:
    """Those that its model takes, which no epoch before had to ask."""
    refusing = """
    from pydantic import field_validator

    @field_validator("size")
    @classmethod
    def not_three(cls, value):
        assert value != 3
        return value
"""
    (tmp_path / "models.py").write_text(MODELS % 10 + refusing)
    out, asked = tmp_path / "data", ("--schema", "models.py", *AS_OF)
    done(forks, out, *asked, "--rows", "Thing=0")
    done(forks, out, *asked, "--rows", 500, "--append")
    assert [path.name for path in parts(out)] == ["part-000000.parquet", "part-000001.parquet"]
    assert manifest(out)["tables"]["Thing"]["rows"] == 500
    assert query(f"select count(*) from read_parquet('{out}/Thing/*.parquet') where size = 3") == [(0,)]
    assert "all as it should be" in forks("verify", out, cwd=tmp_path).err


def test_rows_are_appended_to_a_run_that_is_whole(forks: Forks, tmp_path: Path) -> None:
    out = tmp_path / "data"
    done(forks, out, "--rows", 40, "--partition-rows", 20, *AS_OF, "--part", "1/2")
    assert "is not complete: its first rows, or the manifest of them, are not all there" in refused(
        forks, out, *MORE, "--out", out
    )


def test_what_was_appended_to_is_no_place_for_another_table(forks: Forks, tmp_path: Path) -> None:
    out = tmp_path / "data"
    done(forks, out, *FIRST, "--tables", "Employee")
    done(forks, out, *MORE)
    assert not (out / "Manager").exists()
    assert manifest(out)["tables"]["Employee"]["rows"] == 70
    said = refused(forks, out, *FIRST, "--out", out)
    assert "was appended to, and of its tables is not: Manager" in said
    assert "it is not among the tables of" in refused(forks, out, *MORE, "--rows", "Manager=5", "--out", out)
    assert "all as it should be" in forks("verify", out, cwd=tmp_path).err


def test_overwriting_a_run_takes_away_what_was_appended(
    appended: Path, first: Path, forks: Forks, tmp_path: Path
) -> None:
    out = copy_of(appended, tmp_path / "data")
    done(forks, out, *FIRST, "--overwrite")
    assert_like(out, first)


def test_python_appends_as_the_command_line_does(first: Path, appended: Path, tmp_path: Path) -> None:
    out = copy_of(first, tmp_path / "data")
    code = (
        "import datetime, gen; day = datetime.date(2026, 1, 1); "
        f"s = gen.generate(rows=30, out={str(out)!r}, append=True, partition_rows=20, as_of=day); "
        "print(s.tables['Employee']['rows'], s.rows_written)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert ended.stdout.split() == ["70", "33"], ended.stderr
    assert_like(out, appended)
