"""This file knows the points at which a test lets a run fail: none, unless the environment says so in GEN_FAULT.

GEN_FAULT=NAME[:COUNT]=ACTION    at the COUNT-th time that the point of that name is reached; "*" is any of them

raise    an error that nobody expects           kill    SIGKILL to the process itself
full     OSError, as of a disk without room     stop    SIGSTOP to it: it goes on when it gets SIGCONT
"""

from __future__ import annotations

import errno
import os
import signal
import threading
from dataclasses import dataclass, field

VARIABLE = "GEN_FAULT"
ACTIONS = ("raise", "full", "kill", "stop")


class FaultError(Exception):
    """What "raise" raises."""


@dataclass
class _Fault:
    """One fault, and how often its point was reached in this process."""

    name: str
    count: int
    action: str
    reached: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def strike(self, name: str) -> None:
        if self.name not in ("*", name):
            return
        with self.lock:
            self.reached += 1
            is_now = self.reached == self.count
        if is_now:
            _act(self.action, name)


def _act(action: str, name: str) -> None:
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif action == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    elif action == "full":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), name)
    else:
        raise FaultError(f"the fault at {name}")


def _parsed(text: str | None) -> _Fault | None:
    if not text:
        return None
    point, _, action = text.partition("=")
    name, _, count = point.partition(":")
    if action not in ACTIONS:
        raise ValueError(f"{VARIABLE}={text}: the action is one of {', '.join(ACTIONS)}.")
    return _Fault(name, int(count or 1), action)


_fault = _parsed(os.environ.get(VARIABLE))


def arm(text: str | None) -> None:
    """Take this fault from now on, as if the environment had named it before the process began."""
    global _fault
    _fault = _parsed(text)


def reached(name: str) -> None:
    """The point of this name is reached."""
    if _fault is not None:
        _fault.strike(name)
