"""This file knows the Pydantic models of public packages: where they come from, and how each is tried.

    python benchmarks/packages.py CONTENDER MODULE FOLDER

imports every module of the package and answers requests, a line of JSON each: {"list": true} with the names of its
models, {"model": name, "rows": 100, "limit": 20} with the outcome of asking gen or polyfactory for rows.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from contenders import answer_requests, polyfactory_rows
from corpus.check import Outcome, checked, described, field_rows, judge_instances, outcome
from corpus.entries import Entry

# distribution -> the module whose models are tried
PACKAGES = {
    "openapi-pydantic": "openapi_pydantic",
    "geojson-pydantic": "geojson_pydantic",
    "stac-pydantic": "stac_pydantic",
    "scim2-models": "scim2_models",
    "mcp": "mcp",
    "iiif-prezi3": "iiif_prezi3",
    "ollama": "ollama",
    "anthropic": "anthropic.types",
    "openai": "openai.types",
    "fhir.resources": "fhir.resources",
}
# Modules that are not the package's own models: older versions of the same standard, its tests.
LEFT_OUT = re.compile(r"\.(tests?|STU3|R4B|v1|conftest|__main__)(\.|$)")


def installed(package: str, folder: str) -> str:
    """The folder that holds the package and all it needs, installed from the registry unless it is there."""
    place = Path(folder) / package
    if not place.is_dir():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(place), package]
        subprocess.run(command, check=True, timeout=600, stderr=subprocess.DEVNULL)
    return str(place)


def models_of(module: str) -> dict[str, type[BaseModel]]:
    """Every model that a module of the package defines, by full name; abstract and incomplete ones are left out."""
    root = importlib.import_module(module)
    found = [root]
    for info in pkgutil.walk_packages(root.__path__, f"{module}.", onerror=lambda _: None):
        if LEFT_OUT.search(info.name):
            continue
        # A module may want a package that is optional, or be a program.
        with contextlib.suppress(Exception, SystemExit):
            found.append(importlib.import_module(info.name))
    models = {}
    for member in (member for each in found for _, member in inspect.getmembers(each, inspect.isclass)):
        inside = str(member.__module__).startswith(module) and not LEFT_OUT.search(member.__module__)
        if issubclass(member, BaseModel) and inside and _complete(member):
            models[f"{member.__module__}.{member.__qualname__}"] = member
    return dict(sorted(models.items()))


def _complete(model: type[BaseModel]) -> bool:
    if inspect.isabstract(model):
        return False
    try:
        return model.model_rebuild() is not False
    except Exception:  # noqa: BLE001 - a name that is only imported for type checkers, for one
        return False


def sentence(reason: str, name: str) -> str:
    """A reason without what is particular to the model of that name: its names, types, quoted parts and numbers."""
    model = re.escape(name.rpartition(".")[2])
    text = re.sub(rf"^(refused: )?{model}\b[\w.\[\]-]*:? ", r"\1", reason)
    for _ in range(8):  # brackets within brackets
        text = re.sub(r"\[[^\[\]]*\]", "", text)
    text = re.sub(r"'[^']*'|\"[^\"]*\"|<[^>]*>|\b\w+(\.\w+)+\b", "…", text)
    text = re.sub(r"\bof type (\S+( \| \S+)*)(?= (is|are) )", "of type …", text)
    return re.sub(r"\b\d[\d.,]*\b", "#", text)[:200]


def judge_models(model: type[BaseModel], made: list[Any]) -> list[str]:
    """For each row why it is no valid instance, or nothing.

    Validators need not accept their own results: a row is valid if its fields, or what it is written as, are accepted
    once more.
    """
    entry = Entry(model.__name__, "", model, None, refused=None)
    reasons = judge_instances(entry, made)
    for place, reason in enumerate(reasons):
        if reason and isinstance(made[place], model):
            with contextlib.suppress(Exception):  # then the reason stands
                model.model_validate(made[place].model_dump(by_alias=True, round_trip=True))
                reasons[place] = ""
    return reasons


def outcome_of(contender: str, model: type[BaseModel], rows: int, limit: float) -> Outcome:
    """What comes of asking for rows of one model."""
    if contender == "gen":
        return checked(lambda: field_rows(model, rows), lambda made: judge_models(model, made))
    try:
        made, seconds = polyfactory_rows(model, rows, limit)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what the user would see
        return Outcome(failure=described(error))
    return outcome(made, judge_models(model, made), seconds)


def main() -> None:
    contender, module, folder = sys.argv[1:]
    sys.path.append(folder)
    warnings.simplefilter("ignore")
    models: dict[str, type[BaseModel]] = {}

    def answer(request: dict[str, Any]) -> Any:
        if not models:
            models.update(models_of(module))
        if request.get("list"):
            return {"models": list(models)}
        return asdict(outcome_of(contender, models[request["model"]], request["rows"], request["limit"]))

    answer_requests(answer)


if __name__ == "__main__":
    main()
