"""Work in two processes: the same as in one, whatever becomes of the second. Each in a Python without threads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gen import fork_server

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or fork_server.cores() < 2, reason="a second process is used on Linux with two cores"
)

BEFORE = """
import os, signal, threading, time
from gen import halves

here, numbers = os.getpid(), list(range(100))

def nobody_left():
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return True
    return False
"""


def said(script: str, before: str = BEFORE) -> list[str]:
    """What a script prints, line by line."""
    done = subprocess.run([sys.executable, "-c", before + script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_the_second_half_comes_from_another_process_and_in_order() -> None:
    first, second, elsewhere, left = said("""
(one, a), (two, b) = halves.in_halves(lambda some: (sum(some), os.getpid()), numbers)
print(one, two, a == here != b, nobody_left())
""")
    assert (int(first), int(second)) == (sum(range(50)), sum(range(50, 100)))
    assert (elsewhere, left) == ("True", "True")


@pytest.mark.parametrize(
    "work",
    [
        "os.getpid() != here and os.kill(os.getpid(), signal.SIGKILL)",
        "os.getpid() != here and 1 / 0",
        "os.getpid() != here and os._exit(0)",  # without having sent anything
    ],
    ids=["killed", "raised", "silent"],
)
def test_what_the_second_process_does_not_send_is_done_here(work: str) -> None:
    assert said(f"""
def work(some):
    {work}
    return sum(some)
print(*halves.in_halves(work, numbers), nobody_left())
""") == [str(sum(range(50))), str(sum(range(50, 100))), "True"]


def test_where_no_process_can_be_forked_and_where_none_is_waited_for_all_is_done() -> None:
    assert said("""
signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # as some servers do: the system forgets processes that end
print(*halves.in_halves(sum, numbers))
def none():
    raise BlockingIOError(11, "Resource temporarily unavailable")
os.fork = none
print(*halves.in_halves(sum, numbers))
""") == [str(sum(range(50))), str(sum(range(50, 100))), str(sum(range(100)))]


def test_what_cannot_be_sent_is_made_here() -> None:
    assert said("""
made = halves.in_halves(lambda some: lambda: sum(some), numbers)
print(*(one() for one in made))
""") == [str(sum(range(50))), str(sum(range(50, 100)))]


@pytest.mark.parametrize("wrong", [3, 70])
def test_an_error_of_either_half_is_raised_as_it_is_and_nothing_is_left_behind(wrong: int) -> None:
    assert said(f"""
def work(some):
    if {wrong} in some:
        raise ValueError("wrong-{wrong}")
    if os.getpid() != here:
        time.sleep(60)  # the second process is not waited for
    return 0
try:
    halves.in_halves(work, numbers)
except ValueError as error:
    print(error, nobody_left())
""") == [f"wrong-{wrong}", "True"]


def test_a_process_of_several_threads_is_not_forked() -> None:
    assert said("""
done = threading.Event()
threading.Thread(target=done.wait).start()
print(*halves.in_halves(lambda some: len(some), numbers), *halves.in_halves(lambda some: len(some), numbers[:9]))
done.set()
""") == ["100", "9"]


SCHEMA = """
from typing import Annotated
from pydantic import BaseModel, EmailStr, field_validator
from gen import ForeignKey, Lognormal, PrimaryKey
"""
TABLE = """
class T{number}(BaseModel):
    id: Annotated[int, PrimaryKey()]
    other: Annotated[int, ForeignKey("T{other}.id")]
    email: EmailStr
    price: Annotated[float, Lognormal(1, 2)]

    @field_validator("price")
    def even(cls, price):
        assert int(price) % 2 == 0
        return price
"""


def test_a_plan_made_by_two_processes_is_the_plan_made_by_one(tmp_path: Path) -> None:
    models = tmp_path / "models.py"
    models.write_text(SCHEMA + "".join(TABLE.format(number=n, other=(n * 7 + 3) % 8) for n in range(8)), "utf-8")
    script = f"""
from gen.preparing import Request, prepare
from gen import halves
seen = []
for worth_it in (6, 1000):
    halves.WORTH_IT = worth_it
    made = prepare(Request(schema={str(models)!r}))
    seen.append((made.plan.fingerprint, list(made.sources), [made.sources[t].at(range(9)) for t in made.sources]))
print(seen[0] == seen[1], len(seen[0][1]))
"""
    assert said(script, "") == ["True", "8"]
