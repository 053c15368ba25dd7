"""This file knows columns by attempt: other values at the same rows; which columns are only drawn again together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from gen.schema.domains import Company
from gen.synth.correlation import correlate
from gen.synth.judging.checked import ATTEMPTS
from gen.synth.rows import RowView
from gen.synth.synthesizer import Synthesizer


def drawn_together(columns: Mapping[str, Synthesizer]) -> dict[str, tuple[str, ...]]:
    """Columns that are only drawn again with others: those of a correlated group, and of one company of people."""
    together = {name: s.tied_to for name, s in columns.items() if s.tied_to}
    for name, synthesizer in columns.items():
        company = synthesizer.column.company
        if company is not None:
            members = (n for n, s in columns.items() if _of_one(company, s.column.company))
            together[name] = tuple(dict.fromkeys([*together.get(name, ()), *members]))
    return together


def _of_one(company: Company, other: Company | None) -> bool:
    """Whether two companies are drawn together: they are one, or a person and the place where they live."""
    if other is None or other.path != company.path:
        return False
    homes = company.home, other.home
    return other == company or any(
        h is not None and h == replace(c, path="") for h, c in zip(homes, (other, company), strict=True)
    )


def made_of(columns: Mapping[str, Synthesizer]) -> dict[str, tuple[str, ...]]:
    """For each column that asks for others of its row, after those: the drawn columns it is made of, directly or not.

    Itself, too, unless it is computed and draws nothing.
    """
    row = RowView(columns, np.zeros(1, np.uint64))
    for name in columns:
        row.array(name)
    found: dict[str, dict[str, None]] = {}
    for name in row.made:
        if inputs := row.inputs.get(name):
            drawn = {name: None} if getattr(columns[name], "draws", True) else {}
            for other in inputs:
                drawn |= found.get(other, {other: None})
            found[name] = drawn
    return {name: tuple(drawn) for name, drawn in found.items()}


@dataclass
class Attempts:
    """The columns of a table by attempt; keys and references are the same in all."""

    first: Mapping[str, Synthesizer]

    def __call__(self, attempt: int) -> Mapping[str, Synthesizer]:
        if not attempt:
            return self.first
        if attempt not in self._made:
            self._made[attempt] = _Again(self.first, attempt)
        return self._made[attempt]

    @cached_property
    def _made(self) -> dict[int, Mapping[str, Synthesizer]]:
        return {}

    def __getstate__(self) -> dict[str, Any]:
        return {"first": self.first}


class _Again(Mapping[str, Synthesizer]):
    """The columns of one attempt, each made when it is asked for: few are drawn again, and some have many parts."""

    def __init__(self, first: Mapping[str, Synthesizer], attempt: int) -> None:
        self.first, self.attempt = first, attempt
        self.made: dict[str, Synthesizer] = {}

    def __getitem__(self, name: str) -> Synthesizer:
        if name not in self.made:
            tied = self.first[name].tied_to
            group = {other: _again(self.first[other], self.attempt) for other in tied or (name,)}
            if tied:
                correlate("", group)
            self.made |= group
        return self.made[name]

    def __contains__(self, name: object) -> bool:
        return name in self.first

    def __iter__(self) -> Iterator[str]:
        return iter(self.first)

    def __len__(self) -> int:
        return len(self.first)


def _again(s: Synthesizer, attempt: int) -> Synthesizer:
    """The column's synthesizer with other values at the same rows; an attempt inside another has a number of both."""
    if s.column.key or s.column.reference or not getattr(s, "draws", True):
        return s
    return s.again(s.attempt * (ATTEMPTS + 1) + attempt)
