"""This file knows how deep nested declarations go: where a recursion is cut, and what is empty below the cut."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager

DEFAULT_NULLS = 0.05  # of an Optional field, or one that may be left out, unless it says otherwise
DEEPEST_RECURSION = 2  # how often a model may contain itself, on the way down
DEEPEST_NESTING = 6  # models inside each other, once there is a recursion
MOST_PARTS = 4000  # of one table; past that, whatever may be left out is


class TooDeep(Exception):
    """A model would contain itself once more. Whatever may be empty on the way up becomes so."""


class Nesting:
    """Which models one is inside of, while a declaration is read. recursed: whether one was entered again."""

    def __init__(self) -> None:
        self.inside: list[Hashable] = []
        self.parts = 0
        self.recursed = False

    @contextmanager
    def entered(self, models: Sequence[Hashable]) -> Iterator[None]:
        """Go into these models; TooDeep where that was often enough."""
        times = max((self.inside.count(model) for model in models), default=0)
        self.recursed |= times > 0
        deep = len(set(self.inside)) < len(self.inside) and len(self.inside) >= DEEPEST_NESTING
        if models and (times >= DEEPEST_RECURSION or deep or self.parts > MOST_PARTS):
            raise TooDeep
        self.inside += models
        try:
            yield
        finally:
            del self.inside[len(self.inside) - len(models) :]
