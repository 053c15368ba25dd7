"""Workers of this machine, and of a cluster that exists."""

from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from clusters import scheduler
from gen.engine import local_cluster
from gen.run import Silent
from program import AS_OF, DICE, Forks, assert_whole, wait_until

# -- workers of this machine ------------------------------------------------------------------------------


SCRIPT = """
import gen
from pydantic import BaseModel
from typing import Annotated

print("the script runs")

class Dice(gen.Synthesizer):
    def draw(self, generator, n):
        return generator.integers(1, 7, n)

class Throw(BaseModel):
    id: Annotated[int, gen.PrimaryKey()]
    eyes: Annotated[int, gen.SynthesizedBy("Dice")]

schema = gen.Schema("throws")
schema.add(Throw, rows=1000)
print(gen.generate(schema=schema, out="data", workers=2, partition_rows=250).rows, __file__)
"""


def test_a_script_needs_no_guard_and_no_worker_runs_it_again(tmp_path: Path) -> None:
    script = tmp_path / "make.py"
    script.write_text(SCRIPT)
    ended = subprocess.run([sys.executable, "make.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines() == ["the script runs", f"1000 {script}"]
    assert (tmp_path / "data" / "_SUCCESS").exists()


def page(address: str) -> str | None:
    """What a server answers, if it does."""
    with suppress(HTTPError):
        return urlopen(address, timeout=10).read().decode()
    return None


def test_the_dashboard_answers_while_workers_run_and_on_this_machine_alone() -> None:
    class Seen(Silent):
        address = ""

        def dashboard(self, address: str) -> None:
            self.address = address

    seen = Seen()
    with local_cluster(1, seen):
        assert urlsplit(seen.address).hostname == "127.0.0.1"
        assert "bokeh" in wait_until(lambda: page(seen.address), "the dashboard").lower()


# -- a cluster that exists --------------------------------------------------------------------------------


NEIGHBOUR = "def thrown(generator, n):\n    return generator.integers(1, 7, n)\n"


@pytest.mark.parametrize("files", ["one file", "a file and its neighbour"])
def test_a_cluster_that_exists_needs_no_copy_of_the_users_code(
    files: str, workers: str, forks: Forks, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    text = DICE
    if files != "one file":
        (mine / "dice.py").write_text(NEIGHBOUR, "utf-8")
        text = "from dice import thrown\n" + DICE.replace("generator.integers(1, 7, n)", "thrown(generator, n)")
    (mine / "models.py").write_text(text, "utf-8")
    asked = ("--schema", "models.py", "--rows", 2000, "--partition-rows", 400, *AS_OF)
    here = forks(*asked, "--out", "here", "--part", "1/1", cwd=mine)
    assert here.code == 0, here.err
    ended = forks(*asked, "--scheduler", workers, "--out", "there", cwd=mine)
    assert ended.code == 0, ended.err
    assert_whole(mine / "there", mine / "here")


def test_a_scheduler_that_does_not_answer_is_a_sentence_after_a_time(forks: Forks, tmp_path: Path) -> None:
    with socket.socket() as closed, socket.socket() as mute, scheduler(tmp_path / "alone") as alone:
        closed.bind(("127.0.0.1", 0))  # taken, and nobody listens
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        places = [f"tcp://127.0.0.1:{end.getsockname()[1]}" for end in (closed, mute)]
        addresses = [alone, *places, "nonsense", "tcp://127.0.0.1:port"]
        asked = [("--rows", 50, "--scheduler", address, "--out", "data") for address in addresses]
        waiting = [forks.start(*arguments, cwd=tmp_path, seconds=50) for arguments in asked]
        results = [forks.wait(pid) for pid in waiting]
    for address, ended in zip(addresses, results, strict=True):
        assert ended.code == 2, (address, ended.err)
        assert "Traceback" not in ended.err, (address, ended.err)
        assert address in ended.err
    assert "has no workers" in results[0].err
    assert not (tmp_path / "data").exists()
