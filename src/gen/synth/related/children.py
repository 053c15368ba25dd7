"""This file knows how many children parents have: a declared law as an exact histogram, and the rows it comes to."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from gen.errors import SchemaError
from gen.relations.histogram import Histogram, histogram_of
from gen.schema.links import Children, Distribution
from gen.synth.grids import Grid
from gen.synth.laws.compiled import listed_law
from gen.synth.lengths import weights_of

MOST_SHOWN = 6  # numbers of children, in words
MOST_CHILDREN = 65_535  # of one parent, where nothing says how many it may have
_OF_PARAMETERS = ("uniform", "poisson", "binomial", "geometric")  # which say nothing without a parameter, or bounds


def histogram_for(where: str, children: Children, parents: int, total: int | None = None) -> Histogram:
    """How many parents have how many children, of so many parents; `total` children, where that is asked for.

    Raises SchemaError where the law makes no sense, CapacityError where its counts do not come to the total.
    """
    law = children.law
    if children.most is None and not law.parameters and law.name in _OF_PARAMETERS:
        raise SchemaError(
            f"{where}: its children follow the law {law.name!r}, and nothing says how many they are.",
            hint="Say its parameters: Poisson(3), or most=10.",
        )
    least = children.least or 0
    if children.none is not None:
        least = max(least, 1)
    if law.name == "zipf":
        least = max(least, 1)
    most = max(_most(law), least) if children.most is None else children.most
    if most < least:
        raise SchemaError(
            f"{where}: a parent that has children has {least} at least, and {most} at most.", hint="Give a larger most."
        )
    compiled = listed_law(f"{where}, children", law, Grid(least, 1, most - least + 1))
    weights = weights_of(compiled, least, most)
    counts = np.arange(least, most + 1, dtype=np.int64)
    if children.none is not None:
        counts = np.concatenate([np.zeros(1, np.int64), counts])
        weights = np.concatenate([[children.none], (1 - children.none) * weights / weights.sum()])
    kept = weights > 0
    return histogram_of(where, counts[kept], weights[kept], parents, total)


def without_parent(share: float, rows: int) -> int:
    """How many of so many rows have no parent, where a share of them has none."""
    return round(Fraction(str(share)) * rows)


def rows_with_parents(where: str, children: int, share: float) -> int:
    """How many rows there are, of which so many have a parent, and a share has none."""
    if share >= 1:
        raise SchemaError(
            f"{where}: no row has a parent, and there are as many rows as parents have children.",
            hint="Say how many rows there are, or Nulls(0.1).",
        )
    return round(children / (1 - Fraction(str(share))))


def _most(law: Distribution) -> int:
    """The most children that a law without a bound is asked for."""
    parameters = dict(law.parameters)
    if law.name == "constant":
        return max(int(parameters["value"]), MOST_CHILDREN)
    listed = parameters.get("values") or parameters.get("edges") or ()
    return max([MOST_CHILDREN, *map(int, listed)])


def described_children(children: Children) -> str:
    """The law in words: "poisson(mean=3) children, 0.2 of them none", "1 to 6 children", "1: 6, 2: 3 children"."""
    ends = (("at least", children.least), ("at most", children.most))
    bounds = [f"{word} {value:,}" for word, value in ends if value]
    none = [f"{children.none:.3g} of them none"] if children.none is not None else []
    return ", ".join([f"{_law_in_words(children.law)} children", *bounds, *none])


def _law_in_words(law: Distribution) -> str:
    parameters: dict[str, Any] = dict(law.parameters)
    if law.name == "constant":
        return f"{parameters['value']:g}"
    if law.name == "histogram" and len(parameters["weights"]) == 1:  # as `Children((1, 6))` is read
        first, stop = parameters["edges"]
        return f"{first:g} to {stop - 1:g}"
    if law.name == "empirical" and "weights" in parameters and "values" in parameters:
        pairs = list(zip(parameters["values"], parameters["weights"], strict=True))
        more = [f"and {len(pairs) - MOST_SHOWN} more"] if len(pairs) > MOST_SHOWN else []
        return ", ".join([f"{count:g}: {weight:g}" for count, weight in pairs[:MOST_SHOWN]] + more)
    said = ", ".join(f"{name}={value:g}" for name, value in parameters.items() if isinstance(value, (int, float)))
    return f"{law.name}({said})" if said else law.name
