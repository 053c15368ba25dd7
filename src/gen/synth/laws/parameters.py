"""This file knows the names of laws, their parameters and defaults, and which values of those make sense."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gen.errors import SchemaError
from gen.schema.links import Distribution
from gen.schema.spec import suggestion
from gen.synth.laws.counting import Counts
from gen.synth.laws.lines import Line

# kind of parameter -> (what it must be, whether a value is that)
_KINDS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "position": ("a finite number", lambda v: _is_number(v)),
    "length": ("a finite number above 0", lambda v: _is_number(v) and v > 0),
    "number": ("a finite number", lambda v: _is_number(v)),
    "distance": ("a finite number, not below 0", lambda v: _is_number(v) and v >= 0),
    "flag": ("True or False", lambda v: v in (0, 1)),
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


START = Parameter("start", "position", lambda line, values: line.position(line.origin))
_SMALL, _LARGE = 0.05, 1e6  # shapes of laws that a table of doubles can hold

# name -> its parameters, in the order in which defaults may depend on each other
LAWS: dict[str, tuple[Parameter, ...]] = {
    "uniform": (),
    "normal": (
        Parameter("mean", "position", lambda line, values: line.middle),
        Parameter("deviation", "length", lambda line, values: line.sixth),
    ),
    "lognormal": (START, Parameter("median", "length", _spot(1 / 20)), Parameter("sigma", "number", 1.0, 1e-3, 20)),
    "exponential": (START, Parameter("mean", "length", _spot(1 / 8))),
    "gamma": (START, Parameter("shape", "number", 2.0, _SMALL, 1e9), Parameter("scale", "length", _spot(1 / 16))),
    "beta": (Parameter("alpha", "number", 2.0, _SMALL, _LARGE), Parameter("beta", "number", 2.0, _SMALL, _LARGE)),
    "triangular": (
        Parameter("low", "position", lambda line, values: line.low),
        Parameter("high", "position", lambda line, values: line.high),
        Parameter("mode", "position", lambda line, values: values["low"] / 2 + values["high"] / 2),
    ),
    "weibull": (START, Parameter("shape", "number", 1.5, _SMALL, 1e4), Parameter("scale", "length", _spot(1 / 4))),
    "pareto": (
        START,
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
    "series": (
        Parameter("start", "number"),
        Parameter("interval", "length"),
        Parameter("jitter", "distance"),
        Parameter("ordered", "flag", 1.0),
    ),
    "calendar": (
        Parameter("hours", "places"),
        Parameter("weekdays", "weights"),
        Parameter("hour_weights", "weights"),
    ),
    "poisson": (START, Parameter("mean", "length", _counted(1 / 2, 1e9))),
    "binomial": (
        START,
        Parameter("trials", "whole", _counted(1, 1e9), 1, 1e15),
        Parameter("probability", "number", 0.5, 1e-15, 1 - 1e-15),
    ),
    "geometric": (START, Parameter("probability", "number", _few_failures, 1e-18, 1.0)),
    "zipf": (START, Parameter("exponent", "number", 1.0, 1e-3, 100)),
}
BY_ROW = ("sequence", "series")  # of these values follow from the row, with the table's rows in view
COUNTING = ("poisson", "binomial", "geometric", "zipf")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _are_numbers(values: Any) -> bool:
    return isinstance(values, tuple) and bool(values) and all(_is_number(value) for value in values)


# -- checked ------------------------------------------------------------------------------------------------


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
    for _, part in shares(where, parameters.get("parts", ())):
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


def shares(where: str, parts: Any) -> list[tuple[float, Distribution]]:
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
