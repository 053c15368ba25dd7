"""How much of a long sweep is run: a sample of its cases, or, where GEN_TEST_ALL is set, every one."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TypeVar

ALL = bool(os.environ.get("GEN_TEST_ALL"))
Case = TypeVar("Case")


def one_in(number: int) -> int:
    """The step from one case to the next."""
    return 1 if ALL else number


def sampled(cases: Iterable[Case], number: int) -> list[Case]:
    """One in so many cases, the first one first."""
    return list(cases)[:: one_in(number)]
