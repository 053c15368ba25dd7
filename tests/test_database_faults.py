"""Proves that a database is loaded exactly once, whatever ends a run, cuts its connections or stops its server."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil
import pymysql
import pytest
import sqlalchemy as sa

import servers
from gen.sinks.databases.address import Address
from gen.sinks.databases.dialect import Meaning
from gen.sinks.databases.mysql import MySQL
from gen.sinks.databases.postgresql import PostgreSQL
from gen.sinks.databases.server import Server
from gen.sinks.databases.session import Session
from gen.sinks.databases.sqlite import SQLite
from loaded import LONG, MODELS, SMALL, TABLES, TINY, Job, ask, assert_no_halves, assert_whole, connected, number, state
from program import Ended, Forks, family, go_on, is_stopped, small_disk, wait_until
from proxy import Proxy, fired, proxied
from sampling import ALL, one_in, sampled

FILES = ("sqlite", "duckdb")
SERVED = ("postgresql", "mysql")
KINDS = (*SERVED, *FILES)
MOST_POINTS = 200  # of the tiny job; far more than it has
FEW_CONNECTIONS = 14
END = (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE)
HERE = ("--part", "1/1")  # in one process


@pytest.fixture(scope="module")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    """The program, which soon ends a connection that stands still."""
    server = Forks(tmp_path_factory.mktemp("talk"), GEN_LOCK_SECONDS="1")
    yield server
    server.close()


@pytest.fixture(scope="module")
def postgresql_server() -> Iterator[servers.Server]:
    with servers.postgresql_server(
        "-c", f"max_connections={FEW_CONNECTIONS}", "-c", "superuser_reserved_connections=0", "-c", "max_wal_senders=0"
    ) as server:
        yield server


@pytest.fixture(scope="module")
def mysql_server() -> Iterator[servers.Server]:
    kept = "--innodb-flush-log-at-trx-commit=2"  # what is committed outlives the server
    with servers.mariadb_server(f"--max-connections={FEW_CONNECTIONS}", kept) as server:
        yield server


class Runs:
    """Runs of the shop into databases of one kind."""

    def __init__(self, kind: str, server: servers.Server | None, forks: Forks, folder: Path) -> None:
        self.kind, self.forks, self.folder = kind, forks, folder
        self.given = server
        self.models = folder / "shop.py"
        self.models.write_text(MODELS, "utf-8")

    @property
    def server(self) -> servers.Server:
        assert self.given is not None
        return self.given

    def new(self) -> str:
        """The URL of a new database."""
        name = f"shop_{uuid.uuid4().hex[:12]}"
        if self.given is None:
            return f"{self.kind}:///{self.folder}/{name}"
        self.execute(self.given.url, f"CREATE DATABASE {name}")
        return sa.make_url(self.given.url).set(database=name).render_as_string(hide_password=False)

    def execute(self, url: str, statement: str) -> None:
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()

    def start(self, url: str, *more: object, job: Job = TINY, fault: str | None = None, at: int = 1) -> int:
        command = (*job.arguments(self.models), "--to", url, *more)
        return self.forks.start(*command, cwd=self.folder, fault=fault, at=at, seconds=30)

    def __call__(self, url: str, *more: object, job: Job = TINY, fault: str | None = None, at: int = 1) -> Ended:
        return self.forks.wait(self.start(url, *(more or HERE), job=job, fault=fault, at=at))

    def resume(self, url: str, *more: object, job: Job = TINY) -> None:
        """The same command, to its good end; every row is there then."""
        ended = self(url, *more, job=job)
        assert ended.code == 0, ended.err
        self.check(url, job)

    def check(self, url: str, job: Job = TINY) -> None:
        """All is there, as an undisturbed run leaves it, and no connection of gen's is left."""
        assert_whole(url, job, undisturbed(self, job))
        if self.given is not None:
            wait_until(lambda: connected(url) == 0, "connections are closed")

    def holding(self, url: str, fault: str, *more: object, job: Job = TINY, at: int = 1) -> int:
        """A run that stands still at a point."""
        pid = self.start(url, *(more or HERE), job=job, fault=f"{fault}=stop", at=at)
        process = psutil.Process(pid)
        wait_until(lambda: process.status() in END, "stopped, or ended")
        assert is_stopped(pid), f"the fault at {fault} never fired: {self.forks.wait(pid).err}"
        return pid


_states: dict[tuple[str, Job], dict[str, Any]] = {}


def undisturbed(runs: Runs, job: Job) -> dict[str, Any]:
    """What a run leaves that nothing disturbs."""
    if (runs.kind, job) not in _states:
        url = runs.new()
        ended = runs(url, job=job)
        assert ended.code == 0, ended.err
        found = _states[runs.kind, job] = state(url)
        assert [len(found[table]) for table in TABLES] == list(job.rows.values())
        assert len(found["ledger"]) == job.partitions
        assert found["whole"] == ["1|1"]
    return _states[runs.kind, job]


@pytest.fixture
def runs(request: pytest.FixtureRequest, forks: Forks, swift: Path) -> Runs:
    """Runs into the kind of database that is the parameter."""
    server = None if request.param in FILES else request.getfixturevalue(f"{request.param}_server")
    return Runs(request.param, server, forks, swift)


def on(*kinds: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("runs", kinds, indirect=True)


class Troubles(list[str]):
    """What went wrong at which point: all of it, so that one failure does not hide another."""

    @contextmanager
    def at(self, number: int) -> Iterator[None]:
        try:
            yield
        except AssertionError as error:
            lines = [line for line in str(error).splitlines() if line.strip()]
            self.append(f"point {number}: {' '.join(lines[:4])}"[:500])

    def are_none(self) -> None:
        assert not self, "\n".join(self)


# -- a tiny job, struck at every point ----------------------------------------------------------------------------


def until_nothing_fires(runs: Runs, action: str, *more: object, step: int = 1) -> Iterator[tuple[int, str, Ended]]:
    """The tiny job with a fault at one point after the other, each in a database of its own."""
    for at in range(1, MOST_POINTS, step):
        url = runs.new()
        ended = runs(url, *HERE, *more, fault=f"*={action}", at=at)
        if ended.code == 0:
            assert at > 35, f"the fault fired only {at - 1} times"
            return
        yield at, url, ended
    raise AssertionError("the job never came to its end")


STEPS = {"sqlite": 1, "duckdb": 19, "postgresql": 23, "mysql": 19}  # every one where GEN_TEST_ALL is set


@on(*KINDS)
def test_killed_at_any_point_it_resumes(runs: Runs) -> None:
    troubles = Troubles()
    for at, url, ended in until_nothing_fires(runs, "kill", step=one_in(STEPS[runs.kind])):
        with troubles.at(at):
            assert ended.code == -signal.SIGKILL
            assert_no_halves(url)
        with troubles.at(at):
            runs.resume(url)
    troubles.are_none()


@on("sqlite", "mysql")
def test_killed_a_second_time_while_it_resumes_it_still_resumes(runs: Runs) -> None:
    troubles, again = Troubles(), 0
    for at, url, _ in until_nothing_fires(runs, "kill", step=one_in(6 if runs.kind == "sqlite" else 24)):
        second = runs(url, fault="*=kill", at=at * 7 % 11 + 1)
        again += second.code == -signal.SIGKILL
        with troubles.at(at):
            runs.resume(url)
    assert again > 1
    troubles.are_none()


@on("sqlite", "postgresql")
@pytest.mark.parametrize("action", ["raise", "full"])
def test_an_error_at_any_point_ends_the_run_with_a_sentence_and_it_resumes(runs: Runs, action: str) -> None:
    troubles = Troubles()
    for at, url, ended in until_nothing_fires(runs, action, step=one_in(6 if runs.kind == "sqlite" else 24)):
        with troubles.at(at):
            assert ended.code in (1, 2), ended.err
            assert ended.code == 1 or "ledger made" in ended.err  # nothing of it is kept then
            assert "Traceback" not in ended.err, ended.err.splitlines()[-1]
            assert_no_halves(url)
        with troubles.at(at):
            runs.resume(url)
    troubles.are_none()


@on("sqlite", "mysql")
@pytest.mark.parametrize("again", [HERE, (*HERE, "--overwrite")], ids=["resumed", "overwritten"])
def test_killed_while_it_replaces_a_run_that_was_whole_it_is_made_whole(runs: Runs, again: tuple[object, ...]) -> None:
    """Also by the command that does not say --overwrite: what was there is gone, and it must see that."""
    troubles = Troubles()
    for at in range(1, 11 if ALL else 4):  # from then on it is a run like any other
        url = runs.new()
        assert runs(url).code == 0
        ended = runs(url, *HERE, "--overwrite", fault="*=kill", at=at)
        assert ended.code == -signal.SIGKILL
        with troubles.at(at):
            runs.resume(url, *again)
    troubles.are_none()


# -- processes that die -------------------------------------------------------------------------------------------


@on(*KINDS)
def test_killed_at_any_moment_again_and_again_it_resumes(runs: Runs) -> None:
    url, killed = runs.new(), 0
    moments, longest = random.Random(4), 0.45
    for _ in range(40):
        pid = runs.start(url, *HERE, job=SMALL)
        time.sleep(moments.uniform(0.05, longest))
        os.kill(pid, signal.SIGKILL)  # or it has ended, and is not waited for yet
        is_killed = runs.forks.wait(pid).code == -signal.SIGKILL
        assert_no_halves(url)
        killed += is_killed
        if killed == 3:
            break
        if not is_killed:  # this machine is faster than that
            url, longest = runs.new(), max(0.8 * longest, 0.1)
    assert killed == 3
    runs.resume(url, job=SMALL)


def partitions_there(url: str) -> int:
    """How many partitions are loaded; none where there is no ledger."""
    made = ask(url, "SELECT count(*) FROM information_schema.tables WHERE table_name = '_gen_partitions' AND "
                    f"'{sa.make_url(url).database}' IN (table_catalog, table_schema)")[0][0]  # fmt: skip
    return number(url, "SELECT count(*) FROM _gen_partitions") if made == "1" else 0


@on(*(SERVED if ALL else ["mysql"]))
def test_a_run_survives_the_death_of_its_workers_and_its_own(runs: Runs) -> None:
    url = runs.new()
    command = (*SMALL.arguments(runs.models), "--to", url, "--workers", 2)
    with runs.forks.running(*command, cwd=runs.folder) as pid:
        wait_until(lambda: partitions_there(url) >= 2, "two partitions")
        ours = family(pid)
        os.kill(pid, signal.SIGKILL)
        assert runs.forks.wait(pid).code == -signal.SIGKILL
        _, alive = psutil.wait_procs([each for each in ours if each.pid != pid], timeout=20)
        assert not alive, "workers outlive their run"
    assert_no_halves(url)
    runs.resume(url, job=SMALL)


@on(*(SERVED if ALL else ["postgresql"]))
def test_workers_that_kill_themselves_in_mid_load_are_replaced(runs: Runs) -> None:
    """Each process of the run dies in its ninth partition; those that take their place do, too."""
    url = runs.new()
    mine = Forks(runs.folder, GEN_LOCK_SECONDS="1", GEN_FAULT="loading:9=kill")
    try:
        ended = mine(*SMALL.arguments(runs.models), "--to", url, "--workers", 2, cwd=runs.folder)
    finally:
        mine.close()
    assert ended.code == 0, ended.err
    runs.check(url, SMALL)


# -- the same partition twice -------------------------------------------------------------------------------------


@on(*KINDS)
@pytest.mark.parametrize("shares", [("1/1", "1/1"), ("1/2", "2/2")], ids=["the same", "shares"])
def test_two_processes_at_once_load_every_partition_once(runs: Runs, shares: tuple[str, str]) -> None:
    for pause in (0, 0.2) if runs.kind != "duckdb" else (0,):
        url = runs.new()
        started = []
        for share in shares:
            started.append(runs.start(url, "--part", share, job=SMALL))
            time.sleep(pause)
        for ended in [runs.forks.wait(pid) for pid in started]:
            assert ended.code == 0, ended.err
        runs.check(url, SMALL)


HELD = ("begun", "loading", "step begun", "sealed", "claimed", "loaded", "committed", "step done", "sealing")


@pytest.mark.parametrize(
    ("runs", "point"),
    [("postgresql", point) for point in HELD[: None if ALL else 4]] + [("mysql", point) for point in sampled(HELD, 3)],
    indirect=["runs"],
)
def test_held_up_past_the_lock_time_out_while_another_takes_over_both_end_well(runs: Runs, point: str) -> None:
    url = runs.new()
    first = runs.holding(url, point)
    try:
        second = runs(url)
    finally:
        go_on(first)
    late = runs.forks.wait(first)
    assert second.code == 0, second.err
    assert late.code == 0, late.err
    assert "Traceback" not in late.err
    runs.check(url)


@on(*FILES)
@pytest.mark.parametrize("point", sampled(["loading", "begun", "step begun", "sealing"], 4))
def test_who_finds_a_file_held_says_so_and_both_end_well(runs: Runs, point: str) -> None:
    """A file has no server that could end who stands still."""
    url = runs.new()
    first = runs.holding(url, point)
    try:
        second = runs(url, *HERE, "--wait", 1)
    finally:
        go_on(first)
    late = runs.forks.wait(first)
    assert second.code in (1, 2), second.err
    assert "does not answer within" in second.err
    assert "Traceback" not in second.err
    assert late.code == 0, late.err
    runs.check(url)
    runs.resume(url)


@on("postgresql")
def test_who_is_late_to_seal_does_not_say_that_all_is_there_of_a_run_that_took_its_place(runs: Runs) -> None:
    url = runs.new()
    first = runs.holding(url, "sealing")
    second = runs(url, *HERE, "--seed", 9, "--overwrite", fault="loading=kill")
    go_on(first)
    late = runs.forks.wait(first)
    assert second.code == -signal.SIGKILL
    assert late.code == 1
    assert "was taken over by another run" in late.err
    assert ask(url, "SELECT is_whole, manifest IS NULL FROM _gen_runs")[0] == ["0|t"]
    assert runs(url, *HERE, "--seed", 9).code == 0


@on("mysql")
def test_killed_between_a_step_and_its_record_it_sees_that_the_step_is_done(runs: Runs) -> None:
    """MariaDB has a message of its own for a foreign key that is there."""
    for at in range(1, 9) if ALL else (3, 4):
        url = runs.new()
        assert runs(url, fault="step done=kill", at=at).code == -signal.SIGKILL
        runs.resume(url)


class Held(sqlite3.OperationalError):
    sqlite_errorcode = sqlite3.SQLITE_BUSY


def test_a_file_that_another_process_writes_to_is_waited_for_as_long_as_a_server_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Not only for so many attempts: it is opened each time, which says nothing."""
    monkeypatch.setattr("gen.sinks.databases.server.LOST", 2)
    server = Server(Address.of(f"sqlite:///{tmp_path / 'shop'}"), SQLite(), 60)
    attempts = itertools.count(1)

    def action(session: Session) -> int:
        if (number := next(attempts)) < 5:
            raise Held("database is locked")
        return number

    assert server.ask(action) == 5
    server.leave()


def test_errors_of_a_users_own_code_are_no_errors_of_the_database() -> None:
    for error in (KeyError(1205), KeyError(2013), sqlite3.OperationalError("no such table")):
        assert MySQL().meaning(error) is PostgreSQL().meaning(error) is Meaning.WRONG
    for code in (2006, 2013, 4031):
        assert MySQL().meaning(pymysql.err.OperationalError(code, "gone")) is Meaning.AWAY


# -- connections that are cut ------------------------------------------------------------------------------------

LOADS = {"postgresql": b"COPY ", "mysql": b"LOAD DATA"}


@on(*SERVED)
def test_connections_cut_after_so_many_bytes_are_made_again(runs: Runs) -> None:
    """In the middle of a load, and elsewhere."""
    undisturbed(runs, LONG)
    with proxied(runs.server.url) as proxy:
        for count in (8_000, 1_000_000):  # the first before it loads
            url = runs.new()
            fault = proxy.cut_after(count)
            ended = runs(through(proxy, url), job=LONG)
            assert fired(fault)
            assert ended.code == 0, ended.err
            runs.check(url, LONG)


def quoted(runs: Runs, name: str) -> bytes:
    """A name as gen writes it in SQL."""
    mark = "`" if runs.kind == "mysql" else '"'
    return f"{mark}{name}{mark}".encode()


def through(proxy: Proxy, url: str) -> str:
    """A database's URL, by the proxy."""
    name = sa.make_url(url).database
    return sa.make_url(proxy.url).set(database=name).render_as_string(hide_password=False)


@on(*SERVED)
@pytest.mark.parametrize("done", [False, True], ids=["not done", "done"])
@pytest.mark.parametrize("when", ["partition", "step", "seal", "begun"])
def test_a_connection_cut_at_a_commit_is_no_row_less_and_no_row_twice(runs: Runs, when: str, done: bool) -> None:
    """The server never hears of the COMMIT, or does it and its answer is lost: gen cannot know which."""
    after = {
        "partition": LOADS[runs.kind],
        "step": b"INTO " + quoted(runs, "_gen_steps"),
        "seal": b"SET manifest",
        "begun": b"INTO " + quoted(runs, "_gen_runs"),
    }[when]
    url = runs.new()
    with proxied(runs.server.url) as proxy:
        fault = proxy.cut_at(b"COMMIT", done=done, after=after)
        ended = runs(through(proxy, url))
        assert fired(fault)
        assert ended.code == 0, ended.err
    runs.check(url)


@on(*SERVED)
@pytest.mark.parametrize("done", [False, True], ids=["not done", "done"])
@pytest.mark.parametrize(
    "statement", ["CREATE TABLE purchase", "ADD CONSTRAINT fk_purchase_product_id", "INTO _gen_partitions"]
)
def test_a_connection_cut_at_a_statement_is_made_again(runs: Runs, statement: str, done: bool) -> None:
    url = runs.new()
    words, _, name = statement.rpartition(" ")
    with proxied(runs.server.url) as proxy:
        fault = proxy.cut_at(words.encode() + b" " + quoted(runs, name), done=done)
        ended = runs(through(proxy, url))
        assert fired(fault)
        assert ended.code == 0, ended.err
    runs.check(url)


@on("postgresql")
def test_a_connection_cut_while_it_looks_who_holds_a_partition_is_made_again(runs: Runs) -> None:
    url = runs.new()
    with proxied(runs.server.url) as proxy:
        fault = proxy.cut_at(b"pg_stat_activity", done=False)
        first = runs.holding(url, "loading")
        try:
            second = runs(through(proxy, url))
        finally:
            go_on(first)
        assert runs.forks.wait(first).code == 0
        assert fired(fault)
        assert second.code == 0, second.err
    runs.check(url)


@on(*SERVED)
def test_all_connections_cut_again_and_again_are_made_again(runs: Runs) -> None:
    url = runs.new()
    with proxied(runs.server.url) as proxy:
        pid = runs.start(through(proxy, url), *HERE, job=SMALL)
        cut = 0
        while psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.1)
            if proxy.accepted > cut and partitions_there(url):
                cut += proxy.cut()
        ended = runs.forks.wait(pid)
        assert ended.code == 0, ended.err
        assert cut >= 2
    runs.check(url, SMALL)


@on(*SERVED)
def test_a_server_that_says_nothing_for_a_while_is_waited_for(runs: Runs) -> None:
    url = runs.new()
    with proxied(runs.server.url) as proxy:
        pid = runs.holding(through(proxy, url), "loading", job=SMALL, at=5)
        proxy.stall()
        go_on(pid)
        time.sleep(0.5)
        assert partitions_there(url) < SMALL.partitions
        assert psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
        proxy.flowing.set()
        ended = runs.forks.wait(pid)
        assert ended.code == 0, ended.err
    runs.check(url, SMALL)


# -- servers that are away ----------------------------------------------------------------------------------------


@on(*SERVED)
def test_a_server_that_does_not_answer_at_the_start_is_refused(runs: Runs) -> None:
    url = runs.new()
    with proxied(runs.server.url) as proxy:
        proxy.stop_listening()
        ended = runs(through(proxy, url), "--wait", 1)
        assert ended.code == 2
        assert "does not answer within 1 seconds" in ended.err
        assert "hidden" not in ended.err
        proxy.listen()
        ended = runs(through(proxy, url))
        assert ended.code == 0, ended.err
    runs.check(url)


@on(*SERVED)
def test_a_server_that_is_away_in_a_run_is_waited_for_and_the_same_command_resumes(runs: Runs) -> None:
    url = runs.new()
    with proxied(runs.server.url) as proxy:
        for wait, code in ((1, 1), (60, 0)):
            pid = runs.holding(through(proxy, url), "loading", *HERE, "--wait", wait, job=SMALL, at=3)
            proxy.stop_listening()
            assert proxy.cut()
            go_on(pid)
            if code:
                ended = runs.forks.wait(pid)
                proxy.listen()
                assert "does not answer within 1 seconds" in ended.err
                assert "The same command resumes" in ended.err
            else:
                time.sleep(1)
                assert psutil.Process(pid).status() != psutil.STATUS_ZOMBIE, "it did not wait"
                proxy.listen()
                ended = runs.forks.wait(pid)
            assert "Traceback" not in ended.err
            assert ended.code == code, ended.err
    runs.check(url, SMALL)


@on(*SERVED)
@pytest.mark.parametrize("point", sampled(["loading", "begun", "step begun", "sealing"], 2))
def test_a_server_that_crashes_and_comes_back_costs_nothing(runs: Runs, point: str) -> None:
    undisturbed(runs, TINY)
    url = runs.new()
    pid = runs.holding(url, point)
    runs.server.crash()
    go_on(pid)
    time.sleep(0.3)
    assert psutil.Process(pid).status() != psutil.STATUS_ZOMBIE, "it did not wait"
    runs.server.start()
    ended = runs.forks.wait(pid)
    assert ended.code == 0, ended.err
    runs.check(url)


@contextmanager
def every_connection_taken(url: str, but: int = 0) -> Iterator[Callable[[], None]]:
    """Connect until the server refuses, and leave so many again; what is called takes those that are free since."""
    engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
    held: list[sa.Connection] = []

    def take() -> None:
        for _ in range(100):
            try:
                held.append(engine.connect())
            except sa.exc.OperationalError:
                return
        raise AssertionError("the server takes any number of connections")

    take()
    for _ in range(but):
        held.pop().close()
    try:
        yield take
    finally:
        for connection in held:
            connection.close()


@on(*SERVED)
def test_a_server_with_too_many_connections_is_waited_for(runs: Runs) -> None:
    url = runs.new()
    with proxied(runs.server.url) as proxy, ExitStack() as others:
        pid = runs.holding(through(proxy, url), "loading", job=SMALL, at=5)
        take = others.enter_context(every_connection_taken(url))
        assert proxy.cut()
        take_until_full(take)
        before = proxy.accepted
        go_on(pid)
        wait_until(lambda: proxy.accepted >= before + 3, "three attempts")
        assert psutil.Process(pid).status() != psutil.STATUS_ZOMBIE, "it did not wait"
        others.close()
        ended = runs.forks.wait(pid)
        assert ended.code == 0, ended.err
    runs.check(url, SMALL)


def take_until_full(take: Callable[[], None]) -> None:
    """Also the connection that the server has not noticed to be gone."""
    for _ in range(3):
        time.sleep(0.1)
        take()


@on(*SERVED)
def test_one_connection_is_enough(runs: Runs) -> None:
    """Steps that are done at once have a connection each, where there are as many."""
    undisturbed(runs, TINY)
    url = runs.new()
    with every_connection_taken(url, but=1):
        ended = runs(url, *HERE, "--wait", 5)
    assert ended.code == 0, ended.err
    runs.check(url)


# -- full disks ---------------------------------------------------------------------------------------------------


def fill(path: Path) -> None:
    """Take all the room that is left."""
    with path.open("wb", buffering=0) as filler:
        try:
            while filler.write(bytes(2**16)) == 2**16:
                pass
        except OSError:
            pass


@on(*FILES)
def test_a_disk_that_is_full_ends_the_run_with_a_sentence_and_it_resumes(runs: Runs, tmp_path: Path) -> None:
    undisturbed(runs, SMALL)
    with small_disk(tmp_path / "disk", "size=16m") as disk:
        url = f"{runs.kind}:///{disk}/shop"
        pid = runs.holding(url, "loading", job=SMALL, at=5)
        fill(disk / "filler")
        go_on(pid)
        ended = runs.forks.wait(pid)
        assert ended.code == 1, ended.err
        assert "Traceback" not in ended.err
        assert "no room" in ended.err
        (disk / "filler").unlink()
        assert_no_halves(url)
        runs.resume(url, job=SMALL)


@on(*SERVED)
def test_a_server_whose_disk_is_full_ends_the_run_with_a_sentence_and_it_resumes(runs: Runs) -> None:
    undisturbed(runs, LONG)
    with small_disk(runs.server.folder / "disk", "size=100m") as disk:
        url = on_disk(runs, disk)
        try:
            pid = runs.holding(url, "loading", job=LONG, at=3)
            fill(disk / "filler")
            go_on(pid)
            ended = runs.forks.wait(pid)
            assert ended.code == 1, ended.err
            assert "Traceback" not in ended.err
            assert "no room" in ended.err
            (disk / "filler").unlink()
            assert_no_halves(url)
            runs.resume(url, job=LONG)
        finally:
            off_disk(runs, url)


def on_disk(runs: Runs, disk: Path) -> str:
    """A new database whose files lie there."""
    url = runs.new()
    name = str(sa.make_url(url).database)
    if runs.kind == "postgresql":
        place = disk / "tables"
        place.mkdir()
        shutil.chown(place, runs.server.user)
        runs.execute(runs.server.url, f"CREATE TABLESPACE {name} LOCATION '{place}'")
        runs.execute(runs.server.url, f"DROP DATABASE {name}")
        runs.execute(runs.server.url, f"CREATE DATABASE {name} TABLESPACE {name}")
    else:
        files = runs.server.folder / "data" / name
        option = (files / "db.opt").read_bytes()
        shutil.chown(disk, runs.server.user)
        subprocess.run(["mount", "--bind", str(disk), str(files)], check=True)
        (files / "db.opt").write_bytes(option)
    return url


def off_disk(runs: Runs, url: str) -> None:
    name = str(sa.make_url(url).database)
    if runs.kind == "postgresql":
        runs.execute(runs.server.url, f"DROP DATABASE {name}")
        runs.execute(runs.server.url, f"DROP TABLESPACE {name}")
    else:
        for table in ("purchase", "customer", "product", "_gen_partitions", "_gen_runs", "_gen_steps"):
            runs.execute(url, f"DROP TABLE IF EXISTS {table}")
        subprocess.run(["umount", "-l", str(runs.server.folder / "data" / name)], check=True)
