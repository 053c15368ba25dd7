"""This file knows laws: their names, parameters, checks and defaults, and how a declared one becomes a sampler.

A law is drawn on a line: the ranks of a grid, or a float column's values. It is truncated to the column's bounds
exactly, the mass outside spread over the inside; rounded to the nearest grid point, with edges half a step beyond the
bounds; and its values ascend with the word, so that a copula can join columns.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.errors import SchemaError
from gen.schema.spec import Distribution, suggestion
from gen.streams import Rows, Words
from gen.synth.laws.components import BUILDERS, mixed
from gen.synth.laws.counting import Counts, counting_sampler, counts_of, weights_of
from gen.synth.laws.discrete import Choice
from gen.synth.laws.lines import Line, Refused
from gen.synth.laws.samplers import (
    MOST_POINTS,
    EvenFloats,
    EvenIntegers,
    Parts,
    Rounded,
    Sampler,
    Steps,
    WholeFloats,
    listed_on_grid,
    sampler_of,
)

UNIFORM = Distribution("uniform")

# -- names and parameters --------------------------------------------------------------------------------

# kind of parameter -> (what it must be, whether a value is that)
_KINDS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "position": ("a finite number", lambda v: _is_number(v)),
    "length": ("a finite number above 0", lambda v: _is_number(v) and v > 0),
    "number": ("a finite number", lambda v: _is_number(v)),
    "whole": ("a whole number", lambda v: _is_number(v) and v == int(v)),
    "step": ("a finite number other than 0", lambda v: _is_number(v) and v != 0),
    "positions": (
        "one or more finite numbers, none below the one before it",
        lambda v: _are_numbers(v) and all(a <= b for a, b in itertools.pairwise(v)),
    ),
    "weights": (
        "finite numbers, none below 0 and some above it",
        lambda v: _are_numbers(v) and min(v) >= 0 and 0 < sum(v) < math.inf,
    ),
    "places": ("one or more finite numbers", lambda v: _are_numbers(v)),
    "parts": (
        'distributions with their weights: [{"weight": 0.3, "name": "normal"}, ...]',
        lambda v: isinstance(v, tuple) and bool(v) and all(isinstance(part, Distribution) for part in v),
    ),
}

Default = float | Callable[[Line, Mapping[str, Any]], float] | None  # on the line; None: it may be left out
REQUIRED = math.nan


@dataclass(frozen=True)
class Parameter:
    """A parameter: its kind, its default, and the range beyond which it makes no sense or cannot be tabulated."""

    name: str
    kind: str
    default: Default = None
    least: float = -math.inf
    most: float = math.inf


def _spot(share: float) -> Callable[[Line, Mapping[str, Any]], float]:
    """A length from the law's start to this share of the way from the first to the last value beyond it."""

    def spot(line: Line, values: Mapping[str, Any]) -> float:
        low, high = (end - values["start"] for end in line.ends)
        near = max(low, 0.0)
        found: float = near + (high - near) * share
        if high < near or (found <= 0 and line.grid is None):
            return math.nan  # no value lies beyond the start
        return found or 0.5

    return spot


def _counted(share: float, most: float) -> Callable[[Line, Mapping[str, Any]], float]:
    """Of the counts a column can hold, the one at this share of the way; at most `most` above the first."""

    def spot(line: Line, values: Mapping[str, Any]) -> float:
        counts: Counts = values["counts"]
        return counts.first + min((counts.last - counts.first) * share, most)

    return spot


def _few_failures(line: Line, values: Mapping[str, Any]) -> float:
    return 1 / (1 + max(_counted(1 / 8, 1e9)(line, values), 1.0))


_START = Parameter("start", "position", lambda line, values: line.position(line.origin))
_SMALL, _LARGE = 0.05, 1e6  # shapes of laws that a table of doubles can hold

# name -> its parameters, in the order in which defaults may depend on each other
LAWS: dict[str, tuple[Parameter, ...]] = {
    "uniform": (),
    "normal": (
        Parameter("mean", "position", lambda line, values: line.middle),
        Parameter("deviation", "length", lambda line, values: line.sixth),
    ),
    "lognormal": (_START, Parameter("median", "length", _spot(1 / 20)), Parameter("sigma", "number", 1.0, 1e-3, 20)),
    "exponential": (_START, Parameter("mean", "length", _spot(1 / 8))),
    "gamma": (_START, Parameter("shape", "number", 2.0, _SMALL, 1e9), Parameter("scale", "length", _spot(1 / 16))),
    "beta": (Parameter("alpha", "number", 2.0, _SMALL, _LARGE), Parameter("beta", "number", 2.0, _SMALL, _LARGE)),
    "triangular": (
        Parameter("low", "position", lambda line, values: line.low),
        Parameter("high", "position", lambda line, values: line.high),
        Parameter("mode", "position", lambda line, values: values["low"] / 2 + values["high"] / 2),
    ),
    "weibull": (_START, Parameter("shape", "number", 1.5, _SMALL, 1e4), Parameter("scale", "length", _spot(1 / 4))),
    "pareto": (
        _START,
        Parameter("shape", "number", math.log(5, 4), 0.01, 1e4),
        Parameter("minimum", "length", _spot(1 / 1000)),
    ),
    "vonmises": (
        Parameter("period", "length", lambda line, values: line.high - line.low),
        Parameter("mean", "position", lambda line, values: line.middle),
        Parameter("concentration", "number", 2.0, 1e-6, 1e9),
    ),
    "benford": (),
    "histogram": (Parameter("edges", "positions", REQUIRED), Parameter("weights", "weights", REQUIRED)),
    "empirical": (
        Parameter("quantiles", "positions"),
        Parameter("values", "places"),
        Parameter("weights", "weights"),
    ),
    "mixture": (Parameter("parts", "parts", REQUIRED),),
    "constant": (Parameter("value", "number", REQUIRED),),
    "sequence": (Parameter("start", "number"), Parameter("step", "step")),
    "poisson": (_START, Parameter("mean", "length", _counted(1 / 2, 1e9))),
    "binomial": (
        _START,
        Parameter("trials", "whole", _counted(1, 1e9), 1, 1e15),
        Parameter("probability", "number", 0.5, 1e-15, 1 - 1e-15),
    ),
    "geometric": (_START, Parameter("probability", "number", _few_failures, 1e-18, 1.0)),
    "zipf": (_START, Parameter("exponent", "number", 1.0, 1e-3, 100)),
}
COUNTING = ("poisson", "binomial", "geometric", "zipf")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _are_numbers(values: Any) -> bool:
    return isinstance(values, tuple) and bool(values) and all(_is_number(value) for value in values)


# -- checked, and on the line -----------------------------------------------------------------------------


def law_of(where: str, distribution: Distribution | None) -> tuple[str, dict[str, Any]]:
    """The law's name and its parameters as declared, checked by themselves; uniform where none is declared.

    Raises SchemaError naming column, law and parameter, what was found and what was expected.
    """
    if distribution is None:
        return "uniform", {}
    name, parameters = distribution.name, dict(distribution.parameters)
    if name not in LAWS:
        raise SchemaError(f"{where}: there is no distribution {name!r}.", hint=suggestion(name, LAWS))
    known = {parameter.name: parameter for parameter in LAWS[name]}
    for parameter, value in parameters.items():
        if parameter not in known:
            raise SchemaError(
                f"{where}: the distribution {name!r} has no parameter {parameter!r}.",
                hint=suggestion(parameter, known),
            )
        _check(f"{where}: the distribution {name!r}", known[parameter], value)
    for missing in known.values():
        if missing.default is REQUIRED and missing.name not in parameters:
            raise SchemaError(
                f"{where}: the distribution {name!r} lacks its parameter {missing.name!r}.",
                hint=f"Give it: {_KINDS[missing.kind][0]}.",
            )
    for _, part in _shares(where, parameters.get("parts", ())):
        law_of(where, part)
    return name, parameters


def _check(what: str, parameter: Parameter, value: Any) -> None:
    expected, suits = _KINDS[parameter.kind]
    if not suits(value):
        raise SchemaError(f"{what} has {parameter.name} = {value!r}.", hint=f"Give {expected}.")
    if _is_number(value) and not parameter.least <= value <= parameter.most:
        raise SchemaError(
            f"{what} has {parameter.name} = {value!r}.",
            hint=f"Give {expected}, from {parameter.least:g} to {parameter.most:g}.",
        )


def _shares(where: str, parts: Any) -> list[tuple[float, Distribution]]:
    """The parts of a mixture with their weights, which stand among the parts' parameters."""
    found = []
    for part in parts:
        parameters = dict(part.parameters)
        weight = parameters.pop("weight", 1.0)
        if not _is_number(weight) or weight <= 0:
            raise SchemaError(
                f"{where}: a part of the distribution 'mixture' has weight = {weight!r}.",
                hint="Give a finite number above 0, or leave the part out.",
            )
        found.append((weight, Distribution(part.name, tuple(parameters.items()))))
    return found


def _resolved(name: str, given: Mapping[str, Any], line: Line) -> dict[str, Any]:
    """Every parameter, on the line; of laws of counts, in counts."""
    values: dict[str, Any] = {}
    for parameter in LAWS[name]:
        if parameter.name in given:
            values[parameter.name] = _on_line(name, parameter, given[parameter.name], line)
        elif callable(parameter.default):
            values[parameter.name] = parameter.default(line, values)
        else:
            values[parameter.name] = parameter.default
        if parameter is _START and name in COUNTING:
            values["counts"] = _counts(name, given, line)
        if values[parameter.name] != values[parameter.name]:
            raise Refused("its start is not below the column's upper bound.", "Give `start`, or raise the bound.")
    return values


def _on_line(name: str, parameter: Parameter, value: Any, line: Line) -> Any:
    if parameter.kind == "position":
        return line.position(value)
    if parameter.kind == "positions":
        return tuple(line.position(each) for each in value)
    if parameter.kind == "length":
        return float(Fraction(value) / line.count) if name in COUNTING else line.length(value)
    return value


def _counts(name: str, given: Mapping[str, Any], line: Line) -> Counts:
    grid = line.whole
    if grid.count < 1:
        raise Refused("the column's bounds hold no whole number.", "Widen the bounds.")
    start = Fraction(given.get("start", line.origin))
    if name == "zipf" and line.anchored and "start" not in given:
        start -= line.count  # so that rank 1 is the least value
    return counts_of(name, grid, start * line.scale, line.count * line.scale, given)


# -- compiled ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Compiled:
    """A law ready to be drawn: int64 values of a grid, or float64. Picklable; a sequence takes rows, others words."""

    name: str
    sampler: Sampler | Steps
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def by_row(self) -> bool:
        """Whether values follow from row numbers alone, without words."""
        return isinstance(self.sampler, Steps)

    def at(self, words: Words) -> NDArray[Any]:
        """One draw for each word (uint64). Not of a sequence."""
        assert not isinstance(self.sampler, Steps)
        return self.sampler.at(words)

    def values(self, rows: Rows, words: Callable[[Rows], Words]) -> NDArray[Any]:
        """The values of rows, whose words `words` draws."""
        return self.sampler.of_rows(rows) if isinstance(self.sampler, Steps) else self.sampler.at(words(rows))

    def words_of(self, probabilities: Words) -> Words:
        """Words whose values ascend with plain probabilities, uint64 / 2^64; uniform where those are."""
        assert not isinstance(self.sampler, Steps)
        return self.sampler.words_of(probabilities)

    def described(self) -> str:
        """The law with its parameters, as text: "normal(mean=11.5, deviation=3.166666667)"."""
        listed = ", ".join(f"{name}={value}" for name, value in self.parameters.items())
        return f"{self.name}({listed})" if listed else self.name


def compile_law(where: str, distribution: Distribution | None, line: Line, rows: int = 0) -> Compiled:
    """A declared law on a column's line, as tables; `rows` are the table's, for a sequence. Cached.

    Raises SchemaError naming column, law and parameter where the law makes no sense, has next to nothing between the
    bounds (less than 2^-40 of its mass), or needs too large a table.
    """
    name, _ = law_of(where, distribution)
    try:
        return _compiled(distribution or UNIFORM, line, rows if name == "sequence" else 0)
    except Refused as refused:
        raise SchemaError(f"{where}: the distribution {name!r}: {refused.message}", hint=refused.hint) from None


@lru_cache(maxsize=256)
def _compiled(distribution: Distribution, line: Line, rows: int) -> Compiled:
    name, given = law_of("", distribution)
    if name == "uniform":
        return Compiled(name, EvenIntegers(line.grid) if line.grid else EvenFloats(line.low, line.high))
    if name == "sequence":
        return Compiled(name, _steps(given, line, rows), {k: f"{v:.10g}" for k, v in given.items()})
    if name != "normal" and not math.isfinite(line.high - line.low):
        raise Refused("the column's bounds are too far apart for it.", "Narrow the bounds.")
    if name in COUNTING:
        values = _resolved(name, given, line)
        counted = counting_sampler(name, values["counts"], values)
        return Compiled(name, counted if line.grid else WholeFloats(counted), _shown(name, values, line))
    if name == "mixture":
        return Compiled(name, _sampler(_mixture(given, line), line, True), {"parts": str(len(given["parts"]))})
    values = _resolved(name, given, line)
    if line.low == line.high and name not in ("constant", "empirical"):
        return Compiled(name, EvenFloats(line.low, line.high))
    return Compiled(name, _sampler(BUILDERS[name](line, values), line), _shown(name, values, line))


def _sampler(parts: Parts, line: Line, mixed: bool = False) -> Sampler:
    """One sampler of all parts, rounded to the grid where there is one."""
    if line.grid is None:
        return sampler_of(parts, line.low, line.high)
    if mixed and line.grid.count <= MOST_POINTS:
        return listed_on_grid(parts, line.grid)
    sampler = sampler_of(parts, line.low, line.high)
    if isinstance(sampler, Choice):
        return Choice(line.grid.values(sampler.values.astype(np.uint64)), sampler.weights)
    return Rounded(sampler, line.grid)


def _mixture(given: Mapping[str, Any], line: Line) -> Parts:
    found = []
    for weight, part in _shares("", given["parts"]):
        name, parameters = law_of("", part)
        if name == "sequence":
            raise Refused("a sequence is not random, and no part of it.", "Leave it out.")
        if name == "mixture":
            found.append((weight, _mixture(parameters, line)))
        elif name in COUNTING:
            found.append((weight, _atoms(name, _resolved(name, parameters, line), line)))
        else:
            found.append((weight, BUILDERS[name](line, _resolved(name, parameters, line))))
    return mixed(found)


def _atoms(name: str, values: Mapping[str, Any], line: Line) -> Parts:
    """A law of counts as atoms on the line."""
    counts: Counts = values["counts"]
    first, weights = weights_of(name, counts, values)
    begin, step = (line.exact(Fraction(place) / line.scale) for place in (counts.grid.first, counts.grid.step))
    step -= line.exact(0)
    places = np.asarray(float(begin) + float(step) * np.arange(first, first + len(weights)), np.float64)
    return Parts([], places, weights / weights.sum())


def _steps(given: Mapping[str, Any], line: Line, rows: int) -> Steps:
    """A sequence, whose every value must be one the column can hold."""
    first = line.grid.first / line.scale if line.grid else Fraction(line.low)
    start = Fraction(given.get("start", first))
    step = Fraction(given.get("step", line.grid.step / line.scale if line.grid else 1))
    last = start + step * max(rows - 1, 0)
    low, high = line.ends
    if not low <= line.exact(min(start, last)) <= line.exact(max(start, last)) <= high:
        raise Refused(
            f"from {float(start):g} by {float(step):g} it reaches {float(last):g} at the last of {rows:,} rows, beyond "
            "the column's bounds.",
            "Widen the bounds, or take a smaller step.",
        )
    if line.grid is None:
        return Steps(float(start), float(step))
    line.point(start)
    line.point(start + step)
    return Steps(int(start * line.scale), int(step * line.scale))


def _shown(name: str, values: Mapping[str, Any], line: Line) -> dict[str, str]:
    """Parameters as they would be declared."""
    shown = {}
    for parameter in LAWS[name]:
        value = values[parameter.name]
        if value is None:
            continue
        if isinstance(value, tuple):
            shown[parameter.name] = f"[{len(value)}]"
        elif parameter.kind == "position":
            shown[parameter.name] = line.text(value)
        elif parameter.kind == "length" and name not in COUNTING:
            shown[parameter.name] = line.size(value)
        else:
            shown[parameter.name] = f"{value:.10g}"
    return shown
