"""This file knows how deep nested declarations go: where a recursion is cut, and what is empty below the cut."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager

DEEPEST_RECURSION = 2  # how often a model may contain itself, on the way down
DEEPEST_NESTING = 6  # models inside each other, once there is a recursion
MOST_PARTS = 4000  # of one table; past that, whatever may be left out is


ENDLESS = f"a value of it contains another one without end, or the table has over {MOST_PARTS:,} parts"


class TooDeep(Exception):
    """A model would contain itself once more. Whatever may be empty on the way up becomes so."""


class Nesting:
    """Which models one is inside of, while a declaration is read. recursed: whether one was entered again."""

    def __init__(self) -> None:
        self.inside: list[Hashable] = []
        self.parts = 0
        self.recursed = False

    @property
    def inside_itself(self) -> bool:
        """Whether one is inside of a model that is inside of itself: what is too deep here was drawn further up."""
        return len(set(self.inside)) < len(self.inside)

    @contextmanager
    def entered(self, models: Sequence[Hashable]) -> Iterator[None]:
        """Go into these models; TooDeep where that was often enough."""
        times = max((self.inside.count(model) for model in models), default=0)
        self.recursed |= times > 0
        deep = self.inside_itself and len(self.inside) >= DEEPEST_NESTING
        if models and (times >= DEEPEST_RECURSION or deep or self.parts > MOST_PARTS):
            raise TooDeep
        self.inside += models
        try:
            yield
        finally:
            del self.inside[len(self.inside) - len(models) :]
