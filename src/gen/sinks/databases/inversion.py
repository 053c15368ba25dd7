"""This file knows which column of a table tells, by its value, which row it is of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gen.synth.synthesizer import Synthesizer
from gen.synth.table import TableSource


def key_of(sources: Sequence[TableSource]) -> str | None:
    """A column whose values tell which row they are of; None where there is none."""
    for name, synthesizer in sources[0].columns.items():
        if name not in sources[0].dirt and synthesizer.column.key and all(_tells(s.columns[name]) for s in sources):
            return name
    return None


def _tells(synthesizer: Synthesizer) -> bool:
    """Whether a key can be turned back into its row's number: the keys of the first rows can."""
    try:
        found: Any = synthesizer
        rows = range(min(synthesizer.rows, 3))
        return list(found.row_of(synthesizer.at(rows))) == list(rows)
    except (AttributeError, NotImplementedError, TypeError, ValueError):
        return False
