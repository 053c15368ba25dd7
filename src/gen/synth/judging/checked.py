"""This file knows how to draw until a value is accepted: at most 16 addressed attempts, then one of a spare pool.

For what cannot be compiled into a sampler. An attempt is part of a value's address, so that the value of a row still
depends on nothing but its address; no loop is unbounded. What accepts fewer than 5 % of a probe is refused.
"""

from __future__ import annotations

import json
import re
from abc import abstractmethod
from dataclasses import replace
from functools import cached_property, lru_cache
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gen.block import boolean_array, fixed_width_array, fixed_width_values
from gen.errors import SchemaError
from gen.schema.formats import format_checker
from gen.schema.patterns import with_python_patterns
from gen.schema.spec import Column
from gen.streams import Rows, rows_array
from gen.synth.listings import Listing
from gen.synth.synthesizer import ReadAsAnother, Synthesizer

ATTEMPTS = 16
LEAST_ACCEPTED = 0.05
CLEARLY_ENOUGH = 0.2  # of a probe: with 5 % accepted it comes once in 10^17 probes
PROBE = 256  # values drawn at plan time to see how many are accepted
SPARE_PROBE = 4096  # values drawn to fill the spare pool, where few are accepted, when it is asked for
# what a column of numbers says completely, but for how its multiples are judged
_OF_NUMBERS = {"type", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
_SPARE = ATTEMPTS  # the attempt that the spare pool is drawn with


def merged(first: pa.Array, places: NDArray[np.int64], other: pa.Array) -> pa.Array:
    """`first` with the values at these places replaced by those of `other`."""
    order = np.arange(len(first), dtype=np.uint64)
    order[places] = len(first) + np.arange(len(places), dtype=np.uint64)
    return pa.concat_arrays([first, other]).take(fixed_width_array(pa.uint64(), order))


@lru_cache(maxsize=256)  # the attempts at one column, and the parts of one recursion, are checked by the same
def _validator_of(check: str) -> Any:
    """A validator of a JSON Schema, which searches it for what references lead to once, and not at every reference."""
    from jsonschema import Draft202012Validator
    from referencing import Registry, Resource
    from referencing.jsonschema import DRAFT202012

    schema = with_python_patterns(json.loads(check))
    resource = Resource.from_contents(schema, default_specification=DRAFT202012)
    registry: Any = Registry().with_resource(resource.id() or "", resource)
    return Draft202012Validator(schema, registry=registry.crawl(), format_checker=format_checker())


class DrawnUntilTaken(ReadAsAnother):
    """A column or part whose values are drawn until they are accepted. A class of them writes what accepts them."""

    goes_first = True
    takes_lengths = True
    who: ClassVar[str]  # accepts them, as descriptions say it

    def prepare(self) -> None:
        self.drawn: dict[int, Synthesizer] = {}
        self.inner = self.attempted(0)

    @abstractmethod
    def accepts(self, array: pa.Array) -> NDArray[np.bool_]:
        """Bool array: whether each value is accepted."""

    @abstractmethod
    def hopeless(self, rate: float, value: pa.Array) -> SchemaError:
        """What refuses a declaration of which too little is accepted; `value`: one that is not, in an array."""

    def attempted(self, attempt: int) -> Synthesizer:
        """The synthesizer of one attempt: other values at the same rows."""
        if attempt not in self.drawn:
            column = replace(self.column, check=None, judge=None, nulls=None)
            self.drawn[attempt] = self.again(self.attempt * (ATTEMPTS + 1) + attempt, column)
        return self.drawn[attempt]

    @property
    def rate(self) -> float:
        """The share of values that is accepted."""
        return self.probed[0]

    @property
    def spare(self) -> pa.Array:
        """Accepted values, for the rows that no attempt satisfies."""
        return self.probed[1]

    @cached_property
    def probed(self) -> tuple[float, pa.Array]:
        """The share of values that is accepted, and a pool of accepted ones. Raises SchemaError where it is small."""
        drawn = self.attempted(_SPARE).at(range(PROBE))
        accepted = self.accepts(drawn)
        rate, pool = float(accepted.mean()), drawn.filter(boolean_array(accepted))
        if 0 < rate < 0.5:
            more = self.attempted(_SPARE).at(range(PROBE, SPARE_PROBE))
            accepted = np.concatenate([accepted, self.accepts(more)])
            rate = float(accepted.mean())
            pool = pa.concat_arrays([drawn, more]).filter(boolean_array(accepted))
        if rate < LEAST_ACCEPTED:
            raise self.hopeless(rate, drawn.slice(int(np.argmin(accepted)), 1))
        return rate, pool

    def at(self, rows: Rows) -> pa.Array:
        array = self.inner.at(rows)
        bad = np.flatnonzero(~self.accepts(array))
        numbers = rows_array(rows)
        for attempt in range(1, ATTEMPTS):
            if not bad.size:
                return array
            again = self.attempted(attempt).at(numbers[bad])
            accepted = self.accepts(again)
            array = merged(array, bad[accepted], again.filter(boolean_array(accepted)))
            bad = bad[~accepted]
        if not bad.size:
            return array
        words = self.words(numbers[bad], 1, "spare")
        chosen = words * np.uint64(len(self.spare)) >> np.uint64(32)
        return merged(array, bad, self.spare.take(fixed_width_array(pa.uint64(), chosen)))

    def listed_values(self, most: int) -> Listing | None:
        found = self.inner.listing(min(most, SPARE_PROBE))
        if found is None:
            return None
        accepted = self.accepts(found.values)
        return Listing(found.values.filter(boolean_array(accepted)), found.weights[accepted])

    @property
    def law_text(self) -> str:
        return f"{self.inner.law_text}, of which {self.who} takes {self.rate:.0%}"


class SynthesizeChecked(DrawnUntilTaken):
    """A column or part whose values must satisfy a JSON Schema that its other facts do not say completely."""

    who = "its schema"

    @classmethod
    def match(cls, column: Column) -> bool:
        return column.check is not None

    def prepare(self) -> None:
        if self.column.key:
            raise SchemaError(
                f"{self.where}: a primary key cannot be drawn in several attempts, and its schema asks for that.",
                hint="Simplify its schema: `not`, `oneOf` and `if` cannot be compiled.",
            )
        super().prepare()
        if not self.attempt:  # else the first attempt's values have been judged, and these are of the same law
            accepted = self.accepts(self.attempted(_SPARE).at(range(PROBE)))
            if accepted.mean() < CLEARLY_ENOUGH:
                _ = self.probed  # refuses what accepts too little

    def hopeless(self, rate: float, value: pa.Array) -> SchemaError:
        refused = self.inner.json(value)[0].as_py()
        return SchemaError(
            f"{self.where}: its schema accepts {rate:.1%} of the values drawn; {refused[:60]} is refused.",
            hint="Say what it means by type, bounds, pattern, enum or properties, which are compiled; at least "
            f"{LEAST_ACCEPTED:.0%} must be accepted.",
        )

    @cached_property
    def _steps(self) -> list[float] | None:
        """What numbers must be multiples of, where the schema says nothing else that the column does not.

        jsonschema divides doubles, and so does this: 0.07 is no multiple of 0.01 to either. None: it has to be asked.
        """
        schemas = json.loads(self.column.check or "true")
        nodes = schemas.get("allOf", []) if isinstance(schemas, dict) and schemas.keys() == {"allOf"} else []
        if self.column.kind != "number" or not all(isinstance(n, dict) and n.keys() <= _OF_NUMBERS for n in nodes):
            return None
        steps = [node["multipleOf"] for node in nodes if "multipleOf" in node]
        return steps if steps and all(isinstance(step, float) for step in steps) else None

    def accepts(self, array: pa.Array) -> NDArray[np.bool_]:
        """Bool array: whether the schema accepts each value."""
        if self._steps is not None and pa.types.is_float64(array.type) and not array.null_count:
            values = fixed_width_values(array)
            with np.errstate(over="ignore"):
                quotients = [values / step for step in self._steps]
            if all(np.isfinite(quotient).all() for quotient in quotients):  # of others the validator asks otherwise
                whole: NDArray[np.bool_] = np.all([np.trunc(quotient) == quotient for quotient in quotients], axis=0)
                return whole
        held = self.column.format == "json" and self.column.kind != "text"  # the check is of what the texts hold
        texts = (array if held else self.inner.json(array)).to_pylist()
        validator = _validator_of(self.column.check or "true")
        try:
            verdicts = {text: validator.is_valid(json.loads(text or "null")) for text in dict.fromkeys(texts)}
        except re.error as error:  # its validator's patterns are Python's
            raise SchemaError(
                f"{self.where}: its values are checked by its schema, and the pattern {error.pattern!r} cannot be: "
                f"{error}.",
                hint="Write the pattern in what JSON Schema recommends, or simplify the schema around it.",
            ) from error
        return np.array([verdicts[text] for text in texts], bool)
