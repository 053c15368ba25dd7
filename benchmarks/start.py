"""How long until gen is up: help, import, a small run, the first run of all.

    python benchmarks/start.py

The first run of all compiles every kernel: an empty cache folder stands in for a fresh machine.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from employee import hardware

LIMITS = {"help": 0.5, "import gen": 0.15, "1e4 rows, warm": 3.0, "1e4 rows, first of all": 15.0}


# Python keeps what it compiled, whatever this environment says: as it does on a user's machine.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def seconds(command: list[str], environment: dict[str, str] | None = None) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env={**ENVIRONMENT, **(environment or {})})
    return time.perf_counter() - started


def printed(code: str) -> float:
    """The seconds that a Python process of its own measures and prints."""
    command = [sys.executable, "-c", code]
    return float(subprocess.run(command, check=True, capture_output=True, text=True, env=ENVIRONMENT).stdout)


def small_run(environment: dict[str, str]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "gen", "--rows", "1e4", "--out", f"{folder}/out"]
        return seconds(command, environment)


def first_run() -> float:
    with tempfile.TemporaryDirectory() as cache:
        return small_run({"NUMBA_CACHE_DIR": cache, "PYTHONPYCACHEPREFIX": cache})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", help="write the results to this file, too")
    arguments = parser.parse_args()
    nothing = "import time"
    importing = "import time; t = time.perf_counter(); import gen; print(time.perf_counter() - t)"
    measures = {
        "help": lambda: seconds([sys.executable, "-m", "gen", "--help"]),
        "import gen": lambda: printed(importing),
        "1e4 rows, warm": lambda: small_run({}),
        "1e4 rows, first of all": first_run,
        "python itself": lambda: seconds([sys.executable, "-c", nothing]),
    }
    measures["1e4 rows, warm"]()
    results = {name: statistics.median(measure() for _ in range(arguments.runs)) for name, measure in measures.items()}
    for name, value in results.items():
        limit = f"   (asked: below {LIMITS[name]:g} s)" if name in LIMITS else ""
        print(f"{name:24s} {value:7.3f} s{limit}")
    print(json.dumps(hardware()))
    if arguments.json:
        Path(arguments.json).write_text(json.dumps({"hardware": hardware(), "seconds": results}, indent=1))


if __name__ == "__main__":
    main()
