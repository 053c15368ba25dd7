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
    from gen.preparing import Request
    from gen.run import Summary, generate
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
    from gen.schema.markers import (
        AsText,
        Domain,
        Faker,
        ForeignKey,
        Nulls,
        PrimaryKey,
        SynthesizedBy,
        Weights,
    )
    from gen.schema.row_markers import After, Correlated, DependsOn, Derived, Given, Noise, When
    from gen.schema.spec import Column
    from gen.synth.synthesizer import Storage, Synthesizer
    from gen.verification import Verdict, verify

_HOME = {
    "After": "schema.row_markers",
    "AsText": "schema.markers",
    "BadRequest": "errors",
    "Benford": "schema.distributions",
    "Beta": "schema.distributions",
    "Binomial": "schema.distributions",
    "Calendar": "schema.distributions",
    "CapacityError": "errors",
    "ClusterError": "errors",
    "Column": "schema.spec",
    "Constant": "schema.distributions",
    "Correlated": "schema.row_markers",
    "DependsOn": "schema.row_markers",
    "Derived": "schema.row_markers",
    "Domain": "schema.markers",
    "Empirical": "schema.distributions",
    "Exponential": "schema.distributions",
    "Faker": "schema.markers",
    "ForeignKey": "schema.markers",
    "Gamma": "schema.distributions",
    "GenError": "errors",
    "Geometric": "schema.distributions",
    "Given": "schema.row_markers",
    "Histogram": "schema.distributions",
    "Lengths": "schema.distributions",
    "Lognormal": "schema.distributions",
    "Mixture": "schema.distributions",
    "Noise": "schema.row_markers",
    "Normal": "schema.distributions",
    "Nulls": "schema.markers",
    "Pareto": "schema.distributions",
    "Poisson": "schema.distributions",
    "PrimaryKey": "schema.markers",
    "ReferenceError": "errors",
    "Request": "preparing",
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
    "Weights": "schema.markers",
    "When": "schema.row_markers",
    "Zipf": "schema.distributions",
    "generate": "run",
    "verify": "verification",
}

__all__ = [
    "After",
    "AsText",
    "BadRequest",
    "Benford",
    "Beta",
    "Binomial",
    "Calendar",
    "CapacityError",
    "ClusterError",
    "Column",
    "Constant",
    "Correlated",
    "DependsOn",
    "Derived",
    "Domain",
    "Empirical",
    "Exponential",
    "Faker",
    "ForeignKey",
    "Gamma",
    "GenError",
    "Geometric",
    "Given",
    "Histogram",
    "Lengths",
    "Lognormal",
    "Mixture",
    "Noise",
    "Normal",
    "Nulls",
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
    "Weights",
    "When",
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
