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
    from gen.schema.distributions import (
        Benford,
        Beta,
        Binomial,
        Calendar,
        Constant,
        Empirical,
        Exponential,
        Gamma,
        Geometric,
        Histogram,
        Lengths,
        Lognormal,
        Mixture,
        Normal,
        Pareto,
        Poisson,
        Sequence,
        Series,
        Triangular,
        Uniform,
        VonMises,
        Weibull,
        Zipf,
    )
    from gen.schema.markers import Domain, ForeignKey, PrimaryKey, SynthesizedBy
    from gen.schema.spec import Column
    from gen.synth.synthesizer import Storage, Synthesizer
    from gen.verification import Verdict, verify

_HOME = {
    "BadRequest": "errors",
    "Benford": "schema.distributions",
    "Beta": "schema.distributions",
    "Binomial": "schema.distributions",
    "Calendar": "schema.distributions",
    "CapacityError": "errors",
    "ClusterError": "errors",
    "Column": "schema.spec",
    "Constant": "schema.distributions",
    "Domain": "schema.markers",
    "Empirical": "schema.distributions",
    "Exponential": "schema.distributions",
    "ForeignKey": "schema.markers",
    "Gamma": "schema.distributions",
    "GenError": "errors",
    "Geometric": "schema.distributions",
    "Histogram": "schema.distributions",
    "Lengths": "schema.distributions",
    "Lognormal": "schema.distributions",
    "Mixture": "schema.distributions",
    "Normal": "schema.distributions",
    "Pareto": "schema.distributions",
    "Poisson": "schema.distributions",
    "PrimaryKey": "schema.markers",
    "ReferenceError": "errors",
    "Request": "run",
    "RunError": "errors",
    "Schema": "builder",
    "SchemaError": "errors",
    "Sequence": "schema.distributions",
    "Series": "schema.distributions",
    "Storage": "synth.synthesizer",
    "Summary": "run",
    "SynthesizedBy": "schema.markers",
    "Synthesizer": "synth.synthesizer",
    "TableView": "builder",
    "TargetError": "errors",
    "TargetFull": "errors",
    "Triangular": "schema.distributions",
    "Uniform": "schema.distributions",
    "ValuesChanged": "errors",
    "Verdict": "verification",
    "VonMises": "schema.distributions",
    "Weibull": "schema.distributions",
    "Zipf": "schema.distributions",
    "generate": "run",
    "verify": "verification",
}

__all__ = [
    "BadRequest",
    "Benford",
    "Beta",
    "Binomial",
    "Calendar",
    "CapacityError",
    "ClusterError",
    "Column",
    "Constant",
    "Domain",
    "Empirical",
    "Exponential",
    "ForeignKey",
    "Gamma",
    "GenError",
    "Geometric",
    "Histogram",
    "Lengths",
    "Lognormal",
    "Mixture",
    "Normal",
    "Pareto",
    "Poisson",
    "PrimaryKey",
    "ReferenceError",
    "Request",
    "RunError",
    "Schema",
    "SchemaError",
    "Sequence",
    "Series",
    "Storage",
    "Summary",
    "SynthesizedBy",
    "Synthesizer",
    "TableView",
    "TargetError",
    "TargetFull",
    "Triangular",
    "Uniform",
    "ValuesChanged",
    "Verdict",
    "VonMises",
    "Weibull",
    "Zipf",
    "generate",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f"gen.{_HOME[name]}"), name)
    raise AttributeError(f"module 'gen' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
