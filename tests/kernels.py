"""Compiles all kernels, shared out among processes, so that those that run the tests find them in Numba's cache.

Without it each of them compiles most of the kernels itself, all at the same time: `python kernels.py PART PARTS`.
"""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from importlib import import_module
from typing import Any

PROCESSES = 2


def all_kernels() -> list[Any]:
    """Every kernel of the package, in the order of their modules and names."""
    import gen

    names = [found.name for found in pkgutil.walk_packages(gen.__path__, "gen.") if found.name != "gen.__main__"]
    modules = [vars(import_module(name)) for name in sorted(names)]
    found = {id(item): item for module in modules for item in module.values() if type(item).__name__ == "Kernel"}
    return list(found.values())


def compile_all() -> None:
    """Compile them; returns when it is done."""
    parts = [[sys.executable, __file__, str(part), str(PROCESSES)] for part in range(PROCESSES)]
    for process in [subprocess.Popen(part) for part in parts]:
        process.wait()


if __name__ == "__main__":
    first, step = map(int, sys.argv[1:])
    for kernel in all_kernels()[first::step]:
        kernel.compile()
