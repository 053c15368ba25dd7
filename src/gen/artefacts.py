"""This file knows artefacts: what workers need besides their partition, as content-hashed bytes and files.

A job (sources and sink) is packed once and fetched once by each worker process. User code travels in it by value, so
that a worker needs no copy of the user's files; Arrow arrays above a size go to a file each, named by its content,
which every process of a host maps and the operating system shares.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import inspect
import io
import os
import pickle
import sys
import sysconfig
import uuid
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import cloudpickle
import pyarrow as pa

LARGE = 2**20  # bytes from which an array becomes a file of its own


class _Packer(cloudpickle.Pickler):  # type: ignore[misc]
    """A pickler that writes large Arrow arrays to files, where it has a folder for them."""

    def __init__(self, file: io.BytesIO, folder: Path | None) -> None:
        super().__init__(file)
        self.folder = folder

    def persistent_id(self, item: Any) -> Any:
        if self.folder is not None and isinstance(item, pa.Array) and item.nbytes >= LARGE:
            return str(store(item, self.folder))
        return None


class _Unpacker(pickle.Unpickler):
    def persistent_load(self, path: str) -> pa.Array:
        return mapped(path)


def pack(item: Any, folder: Path | None, modules: Iterable[ModuleType] = ()) -> bytes:
    """The item as bytes; code of `modules` goes by value. Large arrays go to `folder`, where one is given."""
    registered = [module for module in modules if module.__name__ in sys.modules]
    for module in registered:
        cloudpickle.register_pickle_by_value(module)
    try:
        file = io.BytesIO()
        _Packer(file, folder).dump(item)
        return file.getvalue()
    finally:
        for module in registered:
            cloudpickle.unregister_pickle_by_value(module)


def unpack(packed: bytes) -> Any:
    """What `pack` packed."""
    return _Unpacker(io.BytesIO(packed)).load()


def digest(packed: bytes) -> str:
    """The name of packed bytes: SHA-256, 64 hexadecimal digits."""
    return hashlib.sha256(packed).hexdigest()


def store(array: pa.Array, folder: Path) -> Path:
    """Write an array to `<sha256>.arrow` in the folder, once; returns its absolute path."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, pa.schema([pa.field("values", array.type)])) as writer:
        writer.write_batch(pa.record_batch([array], names=["values"]))
    content = sink.getvalue()
    path = folder.resolve() / f"{hashlib.sha256(content).hexdigest()}.arrow"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{uuid.uuid4().hex}.tmp")
        temporary.write_bytes(content)
        os.replace(temporary, path)
    return path


@lru_cache(maxsize=64)
def mapped(path: str) -> pa.Array:
    """The array of a stored file, mapped into memory: pages are read on use and shared on the host."""
    return pa.ipc.open_file(pa.memory_map(path)).get_batch(0).column(0)


# -- user code ----------------------------------------------------------------------------------------------


def is_user_code(item: Any) -> bool:
    """Whether a class or a function is the user's own: not of gen, nor of Python, nor of an installed package."""
    if item.__module__.split(".")[0] in {"gen", *sys.stdlib_module_names}:
        return bool(item.__module__ == "__main__")
    file = getattr(sys.modules.get(item.__module__), "__file__", None)
    if file is None:
        return True  # made in a notebook
    return not _is_installed(Path(file))


def user_modules(items: Iterable[Any]) -> list[ModuleType]:
    """The modules that the user's classes and functions come from, and every other that lies beside or below them."""
    bases = {base.__module__ for item in items for base in getattr(item, "__mro__", (item,)) if is_user_code(base)}
    found = [sys.modules[name] for name in bases if name in sys.modules and name != "__main__"]
    folders = {Path(module.__file__).resolve().parent for module in found if module.__file__}
    if not folders:
        return found
    for name, module in list(sys.modules.items()):
        file = str(getattr(module, "__file__", None) or "")
        if file and name != "__main__" and module not in found and not _is_installed(Path(file)):
            beside = any(Path(file).resolve().is_relative_to(folder) for folder in folders)
            found += [module] if beside else []
    return found


def _is_installed(file: Path) -> bool:
    """Whether a file belongs to Python or to an installed package."""
    return any(file.resolve().is_relative_to(folder) for folder in _installed_folders())


@cache
def _installed_folders() -> list[Path]:
    folders = [Path(sysconfig.get_path(name)) for name in ("purelib", "platlib", "stdlib")]
    return [folder.resolve() for folder in [*folders, Path(__file__).parent]]


def source_hash(*items: Any) -> str:
    """SHA-256 of the sources of classes and functions, or of their names where the source is not at hand."""
    return hashlib.sha256("".join(map(_source_of, items)).encode()).hexdigest()


def _source_of(item: Any) -> str:
    try:
        return inspect.getsource(item)
    except (OSError, TypeError):
        return f"{item.__module__}.{getattr(item, '__qualname__', type(item).__qualname__)}"


@cache
def versions() -> dict[str, str]:
    """The versions a value or a file may depend on."""
    names = ("gen", "numpy", "pyarrow", "numba", "pydantic", "faker")
    found = {}
    for name in names:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return {"python": ".".join(map(str, sys.version_info[:3])), **found}
