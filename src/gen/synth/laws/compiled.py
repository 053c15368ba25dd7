"""This file knows how a declared law becomes a sampler on a column's line.

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
from gen.schema.links import Distribution
from gen.streams import Rows, Words
from gen.synth.grids import Grid
from gen.synth.laws.cells import Celled
from gen.synth.laws.components import BUILDERS, first_period, mixed, moved
from gen.synth.laws.counting import Counts, counting_sampler, counts_of, kept_of, weights_of
from gen.synth.laws.discrete import Choice, Pieces
from gen.synth.laws.lines import Line, Refused, line_of_grid
from gen.synth.laws.parameters import BY_ROW, START, Parameter, shares
from gen.synth.laws.parameters import COUNTING as COUNTING
from gen.synth.laws.parameters import LAWS as LAWS
from gen.synth.laws.parameters import law_of as law_of
from gen.synth.laws.reaches import opened, reach_of
from gen.synth.laws.samplers import (
    MOST_POINTS,
    EvenFloats,
    EvenIntegers,
    Parts,
    Rounded,
    Sampler,
    WholeFloats,
    listed_on_grid,
    pieces_of,
    sampler_of,
)
from gen.synth.laws.series import FloatTicks, Steps, Ticks, calendar_of, sequence_of, series_of

SHOWN = 6  # numbers of a list, in words
MOSTLY = 0.5  # a reader is told where the bounds keep less than this share of a law
UNIFORM = Distribution("uniform")
CELLED = ("mixture", "benford", "vonmises")  # laws that are drawn from pieces in their fast form

# -- on the line -------------------------------------------------------------------------------------------


def _resolved(name: str, given: Mapping[str, Any], line: Line, opened: bool = True) -> dict[str, Any]:
    """Every parameter, on the line; of laws of counts, in counts. `opened`: whether the line is as far as it goes."""
    values: dict[str, Any] = {}
    measured = None if line.window is None else _resolved(name, given, line.window, opened=False)
    missing = any(parameter.name not in given for parameter in LAWS[name] if parameter is not START)
    for parameter in LAWS[name]:
        if parameter.name in given:
            values[parameter.name] = _on_line(name, parameter, given[parameter.name], line)
        elif measured is not None and callable(parameter.default):
            values[parameter.name] = _moved(name, parameter, measured[parameter.name], line)
        elif callable(parameter.default):
            values[parameter.name] = parameter.default(line, values)
        else:
            values[parameter.name] = parameter.default
        if parameter is START and name in COUNTING and (opened or missing):  # else a law may well lie beyond
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


def _moved(name: str, parameter: Parameter, value: float, line: Line) -> float:
    """A default that was measured on the column's plain line, on this one."""
    if parameter.kind == "position":
        return line.moved(line.plain, value)
    if parameter.kind == "length" and name not in COUNTING:
        return line.stretched(line.plain, value)
    return value


def _counts(name: str, given: Mapping[str, Any], line: Line) -> Counts:
    grid = line.whole
    if grid.count < 1:
        raise Refused("the column's bounds hold no whole number.", "Widen the bounds.")
    start = Fraction(given.get("start", line.origin))
    if name == "zipf" and line.anchored and "start" not in given:
        start -= line.count  # so that rank 1 is the least value
    return counts_of(name, grid, start * line.scale, line.count * line.scale, given)


# -- opened ------------------------------------------------------------------------------------------------


def opened_line(where: str, distribution: Distribution | None, line: Line, rows: int = 0) -> Line:
    """The line with the ends that nobody declared as far out as the law reaches, and the type. Cached.

    It stays as it is where the law lies inside it, is spread over it, or says nothing of where it lies: the uniform
    law, and those without a single parameter. Raises SchemaError like `compile_law`.
    """
    name, given = law_of(where, distribution)
    if line.reach is None or not given:
        return line
    try:
        return _opened(distribution or UNIFORM, line, rows)
    except Refused as refused:
        raise SchemaError(f"{where}: the distribution {name!r}: {refused.message}", hint=refused.hint) from None


@lru_cache(maxsize=256)
def _opened(distribution: Distribution, line: Line, rows: int) -> Line:
    name, given = law_of("", distribution)
    if line.reach is None or not given:
        return line
    if name == "mixture":
        parts = [_opened(part, line, rows) for _, part in shares("", given["parts"])]
        ends = [part.ends_declared for part in parts]
        if all(end == line.ends_declared for end in ends):
            return line
        return line.between(min(low for low, _ in ends), max(high for _, high in ends))
    try:
        values = {} if name in (*BY_ROW, "calendar") else _resolved(name, given, line, opened=False)
    except Refused:
        if "start" not in given:
            raise
        raise Refused(
            "its start lies past the range of a plain field, in which what it leaves out is measured.",
            "Give all its parameters, or bounds.",
        ) from None
    reach = reach_of(name, given, values, line, rows)
    found = None if reach is None else opened(line, name, reach)
    return line if found is None else line.between(*found)


# -- compiled ----------------------------------------------------------------------------------------------


FINE = 256  # values that a law of more than 64 bits has to spread over
_POSITIONS = ("edges", "quantiles", "values")  # parameters that list several


@dataclass(frozen=True, eq=False)
class Compiled:
    """A law ready to be drawn: int64 values of a grid, or float64. Picklable; sequence and series take rows, too."""

    name: str
    sampler: Sampler | Steps | Ticks | FloatTicks
    parameters: Mapping[str, str] = field(default_factory=dict)
    kept: float = 1.0  # the share of the law as declared that lies between the bounds

    @property
    def by_row(self) -> bool:
        """Whether values follow row numbers, and not words alone."""
        return isinstance(self.sampler, (Steps, Ticks, FloatTicks))

    def at(self, words: Words) -> NDArray[Any]:
        """One draw for each word (uint64). Not of laws that follow the row."""
        assert not isinstance(self.sampler, (Steps, Ticks, FloatTicks))
        return self.sampler.at(words)

    def values(self, rows: Rows, words: Callable[[Rows], Words]) -> NDArray[Any]:
        """The values of rows, whose words `words` draws."""
        if isinstance(self.sampler, (Steps, Ticks, FloatTicks)):
            return self.sampler.of_rows(rows, words)
        return self.sampler.at(words(rows))

    def words_of(self, probabilities: Words) -> Words:
        """Words whose values ascend with plain probabilities, uint64 / 2^64; uniform where those are."""
        assert not isinstance(self.sampler, (Steps, Ticks, FloatTicks))
        return self.sampler.words_of(probabilities)

    @property
    def listed(self) -> Choice:
        """Values and weights, of `listed_law`."""
        assert isinstance(self.sampler, Choice)
        return self.sampler

    def described(self) -> str:
        """The law with its parameters, as text: "normal(mean=11.5, deviation=3.166666667)".

        Where the bounds cut more than half of it off: "normal(mean=-9, deviation=5), of which the bounds keep 3.6 %".
        """
        listed = ", ".join(f"{name}={value}" for name, value in self.parameters.items())
        cut = f", of which the bounds keep {100 * self.kept:.2g} %" if self.kept < MOSTLY else ""
        return (f"{self.name}({listed})" if listed else self.name) + cut


def compile_law(where: str, distribution: Distribution | None, line: Line, rows: int = 0) -> Compiled:
    """A declared law on a column's line, as tables; `rows` are the table's. Cached.

    Raises SchemaError naming column, law and parameter where the law makes no sense, has next to nothing between the
    bounds (less than 2^-40 of its mass), or needs too large a table.
    """
    name, _ = law_of(where, distribution)
    try:
        return _compiled(distribution or UNIFORM, line, rows if name in BY_ROW else 0)
    except Refused as refused:
        raise SchemaError(f"{where}: the distribution {name!r}: {refused.message}", hint=refused.hint) from None


def listed_law(where: str, distribution: Distribution, grid: Grid, anchored: bool = False) -> Compiled:
    """A law on a small grid of whole numbers, value by value; `anchored`: laws that count from 1 begin at the least.

    Raises SchemaError like `compile_law`.
    """
    name, _ = law_of(where, distribution)
    if name in (*BY_ROW, "calendar"):
        raise SchemaError(f"{where}: the distribution {name!r} is not of this kind.", hint="Use another law.")
    line = line_of_grid(grid, origin=None if anchored else Fraction(0))
    alone = compile_law(where, distribution, line)
    mixture = compile_law(where, Distribution("mixture", (("parts", (distribution,)),)), line)
    return Compiled(name, mixture.sampler, alone.parameters, alone.kept)


@lru_cache(maxsize=256)
def _compiled(distribution: Distribution, line: Line, rows: int) -> Compiled:
    name, given = law_of("", distribution)
    if name == "uniform":
        return Compiled(name, EvenIntegers(line.drawn) if line.grid else EvenFloats(line.low, line.high))
    if line.wide and name in (*BY_ROW, *COUNTING, "calendar"):
        raise Refused("it is none for values of more than 64 bits.", "Narrow the bounds, or give another law.")
    if name in BY_ROW:
        made = sequence_of(given, line, rows) if name == "sequence" else series_of(given, line, rows)
        return Compiled(name, made, {k: f"{v:.10g}" for k, v in given.items()})
    if name == "calendar":
        return Compiled(name, calendar_of(given, line), {k: _listed(v) for k, v in given.items()})
    if name != "normal" and not math.isfinite(line.high - line.low):
        raise Refused("the column's bounds are too far apart for it.", "Narrow the bounds.")
    if name in COUNTING:
        values = _resolved(name, given, line)
        counted = counting_sampler(name, values["counts"], values)
        shown, kept = _shown(name, values, line), kept_of(name, values["counts"], values)
        return Compiled(name, counted if line.grid else WholeFloats(counted), shown, kept)
    if name == "mixture":
        mixture = _mixture(given, line)
        return Compiled(name, _sampler(name, mixture, line), {"parts": _parts_listed(given["parts"])}, mixture.kept)
    values = _resolved(name, given, line)
    if line.wide:
        _check_spread(BUILDERS[name](line, values), given, line)
    if line.low == line.high and name not in ("constant", "empirical"):
        return Compiled(name, EvenFloats(line.low, line.high))
    parts = BUILDERS[name](line, values)
    if name == "vonmises" and line.high - line.low > values["period"]:
        turning = _turning(line, values)
        return Compiled(
            name, turning if line.grid is None else Rounded(turning, line.drawn), _shown(name, values, line)
        )
    return Compiled(name, _sampler(name, parts, line), _shown(name, values, line), parts.kept)


def _turning(line: Line, values: Mapping[str, Any]) -> Celled:
    """A periodic law on more than a period."""
    parts, turns = first_period(line, values)
    period = Pieces(pieces_of(parts), line.low, line.low + values["period"])
    return Celled(period, turns, values["period"], line.high)


def _sampler(name: str, parts: Parts, line: Line) -> Sampler:
    """One sampler of all parts, rounded to the grid where there is one."""
    if name == "mixture" and line.grid is not None and line.grid.count <= MOST_POINTS:
        return listed_on_grid(parts, line.drawn)
    sampler = sampler_of(parts, line.low, line.high, name in CELLED)
    if line.grid is None:
        return sampler
    if isinstance(sampler, Choice):
        return Choice(line.drawn.values(sampler.values.astype(np.uint64)), sampler.weights)
    return Rounded(sampler, line.drawn)


def _check_spread(parts: Parts, given: Mapping[str, Any], line: Line) -> None:
    """Refuse a law that is narrower than what can be told apart in a range of more than 64 bits."""
    spread = [(part.law.location, part.law.scale / FINE) for part in parts.continuous]
    for listed in (sorted(map(line.position, set(given.get(name) or ()))) for name in _POSITIONS):
        spread += [(low, high - low) for low, high in itertools.pairwise(listed)]
    for location, width in spread:
        finest = max(math.ulp(min(max(location, line.low), line.high)), 1.0 if line.wide > 1 else 0.0)
        if width < finest:
            raise Refused(
                f"it is too narrow: between these bounds, values are drawn {line.size(finest)} apart there.",
                "Narrow the bounds, or widen the law.",
            )


def _mixture(given: Mapping[str, Any], line: Line) -> Parts:
    found = []
    for weight, part in shares("", given["parts"]):
        name, parameters = law_of("", part)
        if name in (*BY_ROW, "calendar") or (line.wide and name in COUNTING):
            raise Refused(f"{name!r} is no part of it.", "Leave it out.")
        own = line if line.window is None else _opened(part, line.window, 0)
        if name == "mixture":
            part_of = _mixture(parameters, own)
        elif name in COUNTING:
            part_of = _atoms(name, _resolved(name, parameters, own), own)
        else:
            part_of = BUILDERS[name](own, _resolved(name, parameters, own))
        part_of = part_of if own is line else moved(part_of, own, line)
        if line.wide:
            _check_spread(part_of, parameters, line)
        found.append((weight, part_of))
    return mixed(found)


def _atoms(name: str, values: Mapping[str, Any], line: Line) -> Parts:
    """A law of counts as atoms on the line."""
    counts: Counts = values["counts"]
    first, weights = weights_of(name, counts, values)
    begin, step = (line.exact(Fraction(place) / line.scale) for place in (counts.grid.first, counts.grid.step))
    step -= line.exact(0)
    places = np.asarray(float(begin) + float(step) * np.arange(first, first + len(weights)), np.float64)
    return Parts([], places, weights / weights.sum(), kept_of(name, counts, values))


def _listed(values: Any) -> str:
    shown = [f"{value:g}" for value in values[:SHOWN]]
    return f"[{', '.join(shown + ['...'] * (len(values) > SHOWN))}]"


def _parts_listed(parts: Any) -> str:
    """The parts of a mixture, each with its share."""
    said = [f"{share:.3g} {law_of('', part)[0]}" for share, part in shares("", parts)]
    return f"[{', '.join(said[:SHOWN] + ['...'] * (len(said) > SHOWN))}]"


def _shown(name: str, values: Mapping[str, Any], line: Line) -> dict[str, str]:
    """Parameters as they would be declared."""
    shown = {}
    for parameter in LAWS[name]:
        value = values[parameter.name]
        if value is None:
            continue
        if isinstance(value, tuple):
            places = parameter.kind == "positions"
            texts = [line.text(each) if places else f"{each:g}" for each in value[:SHOWN]]
            shown[parameter.name] = f"[{', '.join(texts + ['...'] * (len(value) > SHOWN))}]"
        elif parameter.kind == "position":
            shown[parameter.name] = line.text(value)
        elif parameter.kind == "length" and name not in COUNTING:
            shown[parameter.name] = line.size(value)
        else:
            shown[parameter.name] = f"{value:.10g}"
    return shown
