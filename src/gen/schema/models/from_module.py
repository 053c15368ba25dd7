"""This file knows how to find models in Python code: `pkg.module[:object]` or `models.py[:object]`."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import importlib.machinery
import importlib.util
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import typing_extensions
from pydantic import BaseModel

from gen.errors import BadRequest, SchemaError
from gen.schema.spec import suggestion


def split_spec(text: str) -> tuple[str, str | None]:
    """SPEC as (file or module, object or None), where it is no URL of a database."""
    place, _, name = text.partition(":")
    return place, name or None


def load_module(place: str) -> ModuleType:
    """Import the file or module; an exception while it runs is reported with file, line and text."""
    is_file = place.endswith(".py") or "/" in place
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # nothing appears beside the user's files
    try:
        return _load_file(Path(place)) if is_file else _load_name(place)
    except BadRequest:
        raise
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        raise SchemaError(
            f"{_raised_at(error, place)}: {type(error).__name__}: {error}",
            hint="The schema must import without an error.",
        ) from error
    finally:
        sys.dont_write_bytecode = before


class _Uncached(importlib.machinery.SourceFileLoader):
    """Reads a file's source, whatever is cached: the cache overlooks a change of equal size within a second."""

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)


_MAPPED: dict[str, bytes] = {}  # the source of modules with classes that SQLAlchemy maps, which it does only once


def _load_file(path: Path) -> ModuleType:
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise BadRequest(f"The schema file {path} {what}.", hint="Give --schema the path of a Python file.")
    if path.suffix not in ("", ".py"):
        raise _no_schema_file(path)
    # The name says where the file is, so that two files called models.py are two modules.
    folder = str(path.resolve().parent)
    name = f"{path.stem}_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(name, path.resolve(), loader=_Uncached(name, str(path.resolve())))
    assert spec is not None
    assert spec.loader is not None
    known, source = sys.modules.get(name), path.read_bytes()
    if known is not None and _MAPPED.get(name) == source:
        return known
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, folder)  # so that it can import its neighbours
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    finally:
        sys.path.remove(folder)
    if any(hasattr(item, "__mapper__") for item in vars(module).values() if isinstance(item, type)):
        _MAPPED[name] = source
    return module


def _no_schema_file(path: Path) -> BadRequest:
    return BadRequest(
        f"The schema file {path} is neither a Python file nor a JSON Schema, by its ending {path.suffix!r}.",
        hint="Give a file with models, as models.py, or a JSON Schema, as schema.json.",
    )


def _load_name(name: str) -> ModuleType:
    sys.path.insert(0, "")
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            if Path(name).is_file():
                raise _no_schema_file(Path(name)) from error
            there = Path(f"{name}.py").is_file()
            ways = f"the file as {name}.py" if there else "a file, as models.py, or a module that Python can import"
            raise BadRequest(f"There is no module {name!r}.", hint=f"Give {ways}.") from error
        raise
    except (ValueError, TypeError) as error:  # an empty or relative name
        if name in ("", ".") or name.startswith("."):
            raise BadRequest(f"{name!r} is no module's name.", hint="Give --schema models.py or pkg.module.") from error
        raise
    finally:
        sys.path.remove("")


def _raised_at(error: BaseException, place: str) -> str:
    """File and line where the user's code failed: the deepest frame that is of no library."""
    if isinstance(error, SyntaxError):
        return f"{error.filename or place}, line {error.lineno}"
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "importlib" not in f.filename]
    user = [f for f in frames if "/gen/schema/from_module" not in f.filename.replace("\\", "/")]
    user = [f for f in user if "/site-packages/" not in f.filename.replace("\\", "/")] or user
    return f"{user[-1].filename}, line {user[-1].lineno}" if user else place


def find_object(module: ModuleType, place: str, name: str) -> Any:
    """The object of that name, or an error that suggests the nearest."""
    if hasattr(module, name):
        return getattr(module, name)
    known = [key for key in vars(module) if not key.startswith("_")]
    raise BadRequest(f"{place} has no object {name!r}.", hint=suggestion(name, known))


def models_of(module: ModuleType) -> list[Any]:
    """Every model defined, not only imported, in the module that is not nested in another as a field's type.

    Not those that are no tables: what only holds a `model_config`, and generic ones, with or without their types. In a
    module without models, its dataclasses and TypedDicts.
    """
    # Pydantic keeps `Page[Order]` in the module, too, under that name.
    named = [item for name, item in vars(module).items() if isinstance(item, type) and name.isidentifier()]
    classes = [item for item in dict.fromkeys(named) if item.__module__ == module.__name__]
    models = [item for item in classes if issubclass(item, BaseModel)]
    if not models:
        return [item for item in classes if is_structure(item)]
    return _not_nested([model for model in models if _is_table(model)] or models)


def is_structure(item: Any) -> bool:
    """Whether it is a class that declares fields as a model does: a dataclass or a TypedDict."""
    return isinstance(item, type) and (dataclasses.is_dataclass(item) or typing_extensions.is_typeddict(item))


def _is_table(model: type[BaseModel]) -> bool:
    made = model.__pydantic_generic_metadata__
    model.model_rebuild(raise_errors=False)
    return bool(model.model_fields) and not made["parameters"] and made["origin"] is None


def _not_nested(defined: Sequence[type[BaseModel]]) -> list[type[BaseModel]]:
    """The models that are not nested in another one; of those that contain each other in a circle, the first."""
    mentions = {model: _models_in(model) & set(defined) for model in defined}
    nested = {other for model in defined for other in mentions[model] if other is not model}
    found = [model for model in defined if model not in nested]
    reached = {other for model in found for other in _reached(model, mentions)}
    for model in defined:
        if model not in reached:
            found.append(model)
            reached |= _reached(model, mentions)
    return sorted(found, key=defined.index)


def _models_in(model: type[BaseModel]) -> set[Any]:
    """The classes that the fields of a model are made of."""
    model.model_rebuild(raise_errors=False)
    return {other for info in model.model_fields.values() for other in _mentioned(info.annotation)}


def _reached(model: Any, mentions: Mapping[Any, set[Any]]) -> set[Any]:
    """The model, and all that are nested in it."""
    reached, left = {model}, [model]
    while left:
        more = mentions[left.pop()] - reached
        reached |= more
        left += more
    return reached


def _mentioned(annotation: Any) -> set[Any]:
    """The classes an annotation is made of."""
    arguments = getattr(annotation, "__args__", ())
    return {annotation} if not arguments else set().union(*(_mentioned(argument) for argument in arguments))
