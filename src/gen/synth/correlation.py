"""This file knows correlated columns: a Gaussian copula, which ties columns together and leaves each its own law.

Every column's word is taken as a probability and made a normal deviate; deviates are combined by the Cholesky factor of
the correlation matrix, and each sum is made a probability again, which the column's law turns into its value. So a
value depends on the words of the columns before its own, and on nothing else.

Source: Nelsen, An Introduction to Copulas, second edition, 2006, section 2.3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.errors import SchemaError
from gen.schema.spec import KINDS, suggestion
from gen.streams import Rows, Words, kernel
from gen.synth.laws.quantiles import folded, normal_table
from gen.synth.synthesizer import Synthesizer

FARTHEST = 8.5  # deviates past here are as likely as a 64-bit word is fine
_CELLS = 16_384
_TINY = 1e-9  # of a correlation: what rounding may leave
_TIED = ("integer", "number", "decimal", "date", "datetime", "time", "duration", "choice", "boolean")


@lru_cache(maxsize=1)
def _probabilities() -> NDArray[np.float64]:
    """The normal law's probability and slope at every knot: float64 of shape (cells + 2, 2)."""
    knots = np.linspace(-FARTHEST, FARTHEST, _CELLS + 1)
    width, law = 2 * FARTHEST / _CELLS, NormalDist()
    rows = [(law.cdf(x), law.pdf(x) * width) for x in knots.tolist()]
    return np.array([*rows, rows[-1]])


@kernel("void(float64[::1], float64[:, ::1], uint64[::1], float64)")
def _to_probabilities(deviates: NDArray[np.float64], table: NDArray[np.float64], out: Words, farthest: float) -> None:
    """The normal law's probability at each deviate, as a 64-bit fraction: a cubic between knots, error below 1e-13."""
    cells = np.float64(table.shape[0] - 2)
    for i in range(deviates.size):
        place = (min(max(deviates[i], -farthest), farthest) + farthest) * (cells / (2.0 * farthest))
        cell = np.int64(place)
        t = place - np.float64(cell)
        p0, s0, p1, s1 = table[cell, 0], table[cell, 1], table[cell + 1, 0], table[cell + 1, 1]
        rise = p1 - p0
        p = p0 + t * (s0 + t * (3.0 * rise - 2.0 * s0 - s1 + t * (s0 + s1 - 2.0 * rise)))
        out[i] = np.uint64(min(max(p, 0.0), 0.9999999999999999) * 18446744073709551616.0)


@dataclass(frozen=True)
class Copula:
    """What makes one column's words: the columns up to its own, and how much of each goes into it."""

    columns: Sequence[Synthesizer]
    coefficients: Sequence[float]

    def probabilities(self, rows: Rows) -> Words:
        """uint64 array: a probability, word / 2^64, for each row; uniform by itself, correlated with the others'."""
        table = normal_table(-FARTHEST, FARTHEST, 0.0, 1.0)
        total = np.zeros(len(rows))
        for column, coefficient in zip(self.columns, self.coefficients, strict=True):
            if coefficient:
                total += coefficient * table.at(folded(column.words_of(column.words(rows))))
        out = np.empty(total.size, np.uint64)
        _to_probabilities(total, _probabilities(), out, FARTHEST)
        return out


def correlate(where: str, columns: Mapping[str, Synthesizer]) -> None:
    """Tie the columns together that declare it: each gets the words of its copula."""
    coefficients = _declared(where, columns)
    for group in _groups(list(columns), coefficients):
        members = [columns[name] for name in group]
        factor = _factor(where, group, coefficients)
        for i, member in enumerate(members):
            member.tied_to = tuple(group)
            member.correlations = _of(group[i], coefficients)
            if i and np.any(factor[i, :i]):
                member.copula = Copula(members[: i + 1], factor[i, : i + 1].tolist())


def _of(name: str, pairs: Mapping[tuple[str, str], float]) -> dict[str, float]:
    """One column's coefficients, by the other's name."""
    return {b if name == a else a: coefficient for (a, b), coefficient in pairs.items() if name in (a, b)}


def _declared(where: str, columns: Mapping[str, Synthesizer]) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = {}
    for name, synthesizer in columns.items():
        for other, coefficient in synthesizer.column.correlated:
            if other not in columns or other == name:
                raise SchemaError(
                    f"{synthesizer.where}: it is correlated with {other!r}, which is no other field beside it.",
                    hint=suggestion(other, [n for n in columns if n != name]),
                )
            for each in (synthesizer, columns[other]):
                _check_kind(each)
            pair = (name, other) if list(columns).index(name) < list(columns).index(other) else (other, name)
            if found.setdefault(pair, coefficient) != coefficient:
                raise SchemaError(
                    f"{where}: {pair[0]} and {pair[1]} are correlated by {found[pair]:g} and by {coefficient:g}.",
                    hint="Say it once.",
                )
    return found


def _check_kind(synthesizer: Synthesizer) -> None:
    column = synthesizer.column
    law: Any = getattr(synthesizer, "law", None)
    tied = (
        column.kind in _TIED
        and synthesizer.is_built_in
        and not synthesizer.goes_first
        and not getattr(law, "by_row", False)
    )
    if not tied or column.key or column.reference:
        what = next(
            said
            for said, is_so in (
                ("a key", column.key or column.reference),
                ("made of other fields", synthesizer.goes_first),
                ("drawn by a synthesizer of yours", not synthesizer.is_built_in),
                ("drawn by its row's number", getattr(law, "by_row", False)),
                (KINDS[column.kind], True),
            )
            if is_so
        )
        raise SchemaError(
            f"{synthesizer.where}: it cannot be correlated: it is {what}.",
            hint=f"Columns of kind {', '.join(_TIED)} can, that are drawn and are no key.",
        )


def _groups(names: Sequence[str], pairs: Mapping[tuple[str, str], float]) -> list[list[str]]:
    """Columns that are correlated, directly or through others, in the order they are declared."""
    group_of = {name: {name} for name in names}
    for a, b in pairs:
        together = group_of[a] | group_of[b]
        for name in together:
            group_of[name] = together
    found: list[list[str]] = []
    for name in names:
        group = [other for other in names if other in group_of[name]]
        if len(group) > 1 and group not in found:
            found.append(group)
    return found


def _factor(where: str, group: Sequence[str], pairs: Mapping[tuple[str, str], float]) -> NDArray[np.float64]:
    """The Cholesky factor of the group's correlations; those not declared are 0."""
    matrix = np.eye(len(group))
    for i, a in enumerate(group):
        for j, b in enumerate(group):
            if (a, b) in pairs:
                matrix[i, j] = matrix[j, i] = pairs[a, b]
    factor = np.zeros_like(matrix)
    for i in range(len(group)):  # by hand: the same on every platform
        for j in range(i + 1):
            rest = matrix[i, j] - sum(factor[i, k] * factor[j, k] for k in range(j))
            decided = factor[j, j] == 0.0 and i != j  # column j follows from those before it, and so does this
            if rest < -_TINY if i == j else decided and abs(rest) > _TINY:
                said = ", ".join(f"{a} with {b} {pairs[a, b]:g}" for a, b in pairs if a in group)
                raise SchemaError(
                    f"{where}: the correlations of {', '.join(group)} are not possible together: {said}.",
                    hint="Weaken them, or say how the others go with each other; those not said are 0.",
                )
            if i == j:
                factor[i, i] = rest**0.5 if rest > _TINY else 0.0
            elif not decided:
                factor[i, j] = rest / factor[j, j]
    return factor
