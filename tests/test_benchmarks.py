"""Every benchmark can be started: what it imports is there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "benchmarks"


def test_what_benchmarks_import_is_there() -> None:
    names = sorted(path.stem for path in FOLDER.glob("*.py"))
    assert "synthesizers" in names
    script = f"import {', '.join(names)}"
    done = subprocess.run([sys.executable, "-c", script], cwd=FOLDER, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
