"""gen: relational synthetic data at any size.

You declare tables as Pydantic models; gen makes them, vectorised and in parallel, as partitioned Parquet.

    python -m gen --rows 1e9

Importing gen is cheap: every name below is imported on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gen.builder import Schema, TableView
    from gen.errors import (
        BadRequest,
        CapacityError,
        ClusterError,
        GenError,
        ReferenceError,  # the field's standard term
        RunError,
        SchemaError,
        TargetError,
        TargetFull,
        ValuesChanged,
    )
    from gen.run import Request, Summary, generate
    from gen.schema.markers import Domain, ForeignKey, Normal, PrimaryKey, SynthesizedBy, Uniform
    from gen.schema.spec import Column
    from gen.synth.synthesizer import Storage, Synthesizer
    from gen.verification import Verdict, verify

_HOME = {
    "BadRequest": "errors",
    "CapacityError": "errors",
    "ClusterError": "errors",
    "Column": "schema.spec",
    "Domain": "schema.markers",
    "ForeignKey": "schema.markers",
    "GenError": "errors",
    "Normal": "schema.markers",
    "PrimaryKey": "schema.markers",
    "ReferenceError": "errors",
    "Request": "run",
    "RunError": "errors",
    "Schema": "builder",
    "SchemaError": "errors",
    "Storage": "synth.synthesizer",
    "Summary": "run",
    "SynthesizedBy": "schema.markers",
    "Synthesizer": "synth.synthesizer",
    "TableView": "builder",
    "TargetError": "errors",
    "TargetFull": "errors",
    "Uniform": "schema.markers",
    "ValuesChanged": "errors",
    "Verdict": "verification",
    "generate": "run",
    "verify": "verification",
}

__all__ = [
    "BadRequest",
    "CapacityError",
    "ClusterError",
    "Column",
    "Domain",
    "ForeignKey",
    "GenError",
    "Normal",
    "PrimaryKey",
    "ReferenceError",
    "Request",
    "RunError",
    "Schema",
    "SchemaError",
    "Storage",
    "Summary",
    "SynthesizedBy",
    "Synthesizer",
    "TableView",
    "TargetError",
    "TargetFull",
    "Uniform",
    "ValuesChanged",
    "Verdict",
    "generate",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f"gen.{_HOME[name]}"), name)
    raise AttributeError(f"module 'gen' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
