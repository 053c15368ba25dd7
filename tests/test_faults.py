"""Whatever dies, fills up or runs twice, the same command again leaves what an undisturbed run leaves, no more."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import psutil
import pytest

from program import (
    AS_OF,
    DICE,
    Ended,
    Forks,
    assert_no_halves,
    assert_whole,
    family,
    go_on,
    is_stopped,
    parts,
    small_disk,
    wait_until,
)
from sampling import one_in

SMALL = ("--rows", 40, "--partition-rows", 20, *AS_OF, "--part", "1/1")  # three files
MOST_OPERATIONS = 500  # of the small job; far more than it has
END = (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE)
LARGE = ("--rows", 60_000, "--partition-rows", 550, *AS_OF)  # 121 files: a second or so, with workers


def until_nothing_fires(fault: str, forks: Forks, folder: Path, step: int = 1) -> Iterator[tuple[int, Path, Ended]]:
    """The small job with a fault at one operation after the other, each in a folder of its own."""
    for at in range(1, MOST_OPERATIONS, step):
        out = folder / f"{fault}-{at}"
        ended = forks(*SMALL, "--out", out, cwd=folder, fault=fault, at=at)
        if ended.code == 0:
            assert at > 30, f"the fault {fault} fired only {at - 1} times"
            return
        yield at, out, ended
    raise AssertionError("the job never came to its end")


def is_held_up(pid: int) -> bool:
    """Whether the fault struck; False where the process came to its end."""
    process = psutil.Process(pid)
    return wait_until(lambda: process.status() in END, "held up, or ended") and is_stopped(pid)


def resume(forks: Forks, out: Path, *arguments: object) -> None:
    ended = forks(*arguments, "--out", out, cwd=out.parent)
    assert ended.code == 0, ended.err


@pytest.fixture(scope="module")
def small(forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small job, undisturbed."""
    out = tmp_path_factory.mktemp("small") / "data"
    resume(forks, out, *SMALL)
    return out


@pytest.fixture(scope="module")
def large(forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The large job, undisturbed."""
    out = tmp_path_factory.mktemp("large") / "data"
    resume(forks, out, *LARGE, "--part", "1/1")
    yield out
    shutil.rmtree(out)


# -- a small job, struck at every operation ---------------------------------------------------------------


class Troubles(list[str]):
    """What went wrong at which operation: all of it, so that one failure does not hide another."""

    @contextmanager
    def at(self, number: int) -> Iterator[None]:
        try:
            yield
        except (AssertionError, OSError, duckdb.Error) as error:
            lines = [line for line in str(error).splitlines() if line.strip()]
            self.append(f"operation {number}: {' '.join(lines[:3])}"[:400])

    def are_none(self) -> None:
        assert not self, "\n".join(self)


def test_killed_at_any_operation_it_resumes(forks: Forks, small: Path, swift: Path) -> None:
    troubles = Troubles()
    for at, out, ended in until_nothing_fires("kill", forks, swift):
        with troubles.at(at):
            assert ended.code == -signal.SIGKILL
            assert_no_halves(out)
            if (out / "_SUCCESS").exists():
                assert_whole(out, small)  # it never claims more than is there
            resume(forks, out, *SMALL)
            assert_whole(out, small)
    troubles.are_none()


def test_killed_a_second_time_while_it_resumes_it_still_resumes(forks: Forks, small: Path, swift: Path) -> None:
    troubles, fired = Troubles(), 0
    for at, out, _ in until_nothing_fires("kill", forks, swift, step=one_in(4)):
        again = forks(*SMALL, "--out", out, cwd=swift, fault="kill", at=at * 7 % 31 + 1)
        fired += again.code == -signal.SIGKILL
        with troubles.at(at):
            resume(forks, out, *SMALL)
            assert_whole(out, small)
    assert fired > 6
    troubles.are_none()


def test_killed_while_it_replaces_another_run_it_can_be_told_to_again(forks: Forks, small: Path, swift: Path) -> None:
    other, troubles = swift / "other", Troubles()
    resume(forks, other, "--rows", 30, "--seed", 9, "--partition-rows", 7, *AS_OF)
    for at in range(1, 25, one_in(2)):  # from then on it is a run like any other
        out = shutil.copytree(other, swift / str(at))
        ended = forks(*SMALL, "--overwrite", "--out", out, cwd=swift, fault="kill", at=at)
        with troubles.at(at):
            assert ended.code == -signal.SIGKILL
            resume(forks, out, *SMALL, "--overwrite")
            assert_whole(out, small)
    troubles.are_none()


def test_out_of_room_at_any_operation_it_says_so_and_leaves_no_half_file(
    forks: Forks, small: Path, swift: Path
) -> None:
    troubles = Troubles()
    for at, out, ended in until_nothing_fires("full", forks, swift, step=one_in(3)):
        with troubles.at(at):
            assert ended.code == 1, ended.err
            assert "Traceback" not in ended.err, ended.err.splitlines()[-1]
            assert "is full" in ended.err
            assert "Make room" in ended.err
            assert_no_halves(out)
            assert not list(out.rglob("*.tmp"))
            if (out / "_SUCCESS").exists():
                assert_whole(out, small)
        with troubles.at(at):
            resume(forks, out, *SMALL)
            assert_whole(out, small)
    troubles.are_none()


def test_interrupted_or_terminated_at_any_operation_it_says_how_to_resume(
    forks: Forks, small: Path, swift: Path
) -> None:
    troubles, fired = Troubles(), 0
    for at in range(1, MOST_OPERATIONS, one_in(4)):
        out = swift / str(at)
        running = forks.start(*SMALL, "--out", out, cwd=swift, fault="stop", at=at)
        held = is_held_up(running)
        os.kill(running, signal.SIGTERM if at // one_in(4) % 2 else signal.SIGINT)
        go_on(running)
        ended = forks.wait(running)
        if not held:
            break
        fired += 1
        with troubles.at(at):
            assert ended.code == 130, ended.err
            assert "the same command resumes" in ended.err
            assert "Traceback" not in ended.err
            assert_no_halves(out)
            left = [path for path in out.rglob("*.tmp") if path.parent.name != "_gen"]
            assert not left  # but for the draft of the record, where it came just before that is unlinked
        with troubles.at(at):
            resume(forks, out, *SMALL)
            assert_whole(out, small)
    assert fired > 7
    troubles.are_none()


def test_held_up_at_any_operation_while_another_process_does_it_all_both_end_well(
    forks: Forks, small: Path, swift: Path
) -> None:
    troubles, fired = Troubles(), 0
    for at in range(1, MOST_OPERATIONS, one_in(4)):
        out = swift / str(at)
        first = forks.start(*SMALL, "--out", out, cwd=swift, fault="stop", at=at)
        held = is_held_up(first)
        second = forks(*SMALL, "--out", out, cwd=swift)
        go_on(first)
        late = forks.wait(first)
        with troubles.at(at):
            assert second.code == 0, second.err.splitlines()[-1]
            assert late.code == 0, late.err.splitlines()[-1]
        with troubles.at(at):
            assert_whole(out, small)
        fired += held
        if not held:
            break
    assert fired > 7
    troubles.are_none()


def test_a_run_that_another_replaces_while_it_is_held_up_does_not_touch_what_is_there_now(
    forks: Forks, swift: Path
) -> None:
    other = ("--rows", 33, "--seed", 4, "--partition-rows", 11, *AS_OF, "--part", "1/1")
    resume(forks, swift / "meant", *other)
    troubles, refused = Troubles(), 0
    for at in range(1, MOST_OPERATIONS, one_in(4)):
        out = swift / str(at)
        first = forks.start(*SMALL, "--out", out, cwd=swift, fault="stop", at=at)
        held = is_held_up(first)
        taken_over = (out / "_gen" / "run.json").exists()
        second = forks(*other, "--overwrite", "--out", out, cwd=swift)
        go_on(first)
        late = forks.wait(first)
        if not held:
            break
        if not taken_over:
            continue  # whichever comes first has the folder
        with troubles.at(at):
            assert second.code == 0, second.err
            assert late.code in (0, 1), late.err
            assert "Traceback" not in late.err, late.err.splitlines()[-1]
        with troubles.at(at):
            assert_whole(out, swift / "meant")
        refused += late.code == 1
    assert refused > 5
    troubles.are_none()


# -- the same command twice -------------------------------------------------------------------------------


def test_two_processes_that_run_the_same_command_at_once_leave_one_copy(
    forks: Forks, undisturbed: Path, swift: Path
) -> None:
    asked = ("--rows", 3000, "--partition-rows", 500, *AS_OF, "--part", "1/1")
    for attempt in range(8):
        out = swift / str(attempt)
        running = []
        for _ in range(2):
            running.append(forks.start(*asked, "--out", out, cwd=swift))
            time.sleep(attempt * 0.004)
        for ended in [forks.wait(pid) for pid in running]:
            assert ended.code == 0, ended.err
        assert_whole(out, undisturbed)


# -- processes that die -----------------------------------------------------------------------------------


def some_files(out: Path, count: int) -> None:
    """Wait until the run is well under way."""
    wait_until(lambda: len(parts(out)) >= count, f"{count} files")


def workers_of(pid: int) -> list[psutil.Process]:
    """The processes of a run, but for its own, that others connect to: Dask's workers."""

    def listens(process: psutil.Process) -> bool:
        try:
            return any(c.status == psutil.CONN_LISTEN for c in process.net_connections(kind="tcp"))
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            return False

    return [process for process in family(pid) if process.pid != pid and listens(process)]


def test_a_run_survives_the_death_of_its_workers(forks: Forks, large: Path, swift: Path) -> None:
    out = swift / "data"
    with forks.running(*LARGE, "--workers", 2, "--out", out, cwd=swift) as pid:
        for count in (6, 40):
            some_files(out, count)
            victim = wait_until(lambda: workers_of(pid), "a worker")[0]
            victim.kill()
            assert not (out / "_SUCCESS").exists(), "the worker died too late to matter"
        ended = forks.wait(pid)
    assert ended.code == 0, ended.err
    assert_whole(out, large)


def test_a_run_killed_twice_is_finished_by_the_same_command(forks: Forks, large: Path, swift: Path) -> None:
    out = swift / "data"
    command = (*LARGE, "--workers", 2, "--out", out)
    for count in (6, 40):
        with forks.running(*command, cwd=swift) as pid:
            some_files(out, count)
            orphans = [each for each in family(pid) if each.pid != pid]
            os.kill(pid, signal.SIGKILL)
            assert forks.wait(pid).code == -signal.SIGKILL
            _, alive = psutil.wait_procs(orphans, timeout=20)
            assert not alive, "workers outlive their run"
        assert not (out / "_SUCCESS").exists()
        assert_no_halves(out)
    ended = forks(*command, cwd=swift)
    assert ended.code == 0, ended.err
    assert "are there already" in ended.err
    assert_whole(out, large)


def test_an_interrupted_run_with_workers_says_how_to_resume_and_leaves_no_process(
    forks: Forks, large: Path, swift: Path
) -> None:
    out = swift / "data"
    with forks.running(*LARGE, "--workers", 2, "--out", out, cwd=swift) as pid:
        some_files(out, 6)
        ours = family(pid)
        os.killpg(pid, signal.SIGINT)  # as a terminal does
        ended = forks.wait(pid)
        _, alive = psutil.wait_procs([each for each in ours if each.pid != pid], timeout=5)
        assert not alive
    assert ended.code == 130, ended.err
    assert "the same command resumes" in ended.err
    assert "Traceback" not in ended.err
    assert not (out / "_SUCCESS").exists()
    assert_no_halves(out)
    resume(forks, out, *LARGE, "--part", "1/1")
    assert_whole(out, large)


# -- a full disk ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [9, 13, 17, 24, 31])
def test_a_disk_that_fills_up_ends_the_run_with_a_sentence(at: int, forks: Forks, tmp_path: Path) -> None:
    asked = ("--rows", 20_000, "--partition-rows", 5000, *AS_OF, "--part", "1/1")
    resume(forks, tmp_path / "meant", *asked)
    with small_disk(tmp_path / "disk", "size=8m") as disk:
        out = disk / "data"
        ended = forks(*asked, "--out", out, cwd=tmp_path, fault=f"fill {disk / 'filler'}", at=at)
        assert (disk / "filler").exists(), "the disk was never filled"
        assert ended.code == 1, ended.err
        assert "Traceback" not in ended.err
        assert f"{out}: the disk is full." in ended.err
        assert_no_halves(out)
        assert not list(out.rglob("*.tmp"))
        assert not (out / "_SUCCESS").exists()
        (disk / "filler").unlink()
        resume(forks, out, *asked)
        assert_whole(out, tmp_path / "meant")


def test_workers_on_a_full_disk_end_the_run_with_a_sentence(forks: Forks, large: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "size=500m,nr_inodes=80") as disk:
        out = disk / "data"
        ended = forks(*LARGE, "--workers", 2, "--out", out, cwd=tmp_path)
        assert ended.code == 1, ended.err
        assert "Traceback" not in ended.err
        assert f"{out}: the disk is full." in ended.err
        assert 20 < len(parts(out)) < 80
        assert not list(out.rglob("*.tmp"))
        assert_no_halves(out)
        subprocess.run(["mount", "-o", "remount,nr_inodes=1000000", str(disk)], check=True)
        resume(forks, out, *LARGE, "--part", "1/1")
        assert_whole(out, large)


# -- changed code -----------------------------------------------------------------------------------------


def test_changed_user_code_under_an_unfinished_run_is_refused(forks: Forks, swift: Path) -> None:
    models, out = swift / "models.py", swift / "data"
    command = ("--schema", models, "--partition-rows", 300, *AS_OF, "--out", out)
    models.write_text(DICE, "utf-8")
    resume(forks, out, *command[:-2], "--part", "1/2")
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    written = models.stat().st_mtime
    models.write_text(DICE.replace("(1, 7, n)", "(1, 9, n)"), "utf-8")
    os.utime(models, (written, written))  # as quickly as a clock can miss
    for share in (("--part", "2/2"), ()):
        ended = forks(*command, *share, cwd=swift)
        assert ended.code == 2
        assert "Throw.eyes" in ended.err
        assert "Throw.id" not in ended.err
        assert "Traceback" not in ended.err
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before
    models.write_text(DICE, "utf-8")
    resume(forks, out, *command[:-2])
    assert forks("verify", out, cwd=swift).code == 0
