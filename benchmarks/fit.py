"""Do columns follow the laws they declare? Statistic and p-value of every law on every kind of column.

    python benchmarks/fit.py [--rows 1_000_000] [--markdown FILE]

Chi-square where the column is a grid of 1,001 points or the law is one of counts, Kolmogorov-Smirnov otherwise, against
SciPy's distribution functions. Needs the test dependencies.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from law_cases import CASES, fit


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=lambda text: int(float(text)), default=10**6)
    parser.add_argument("--markdown", help="write the table to this file, too")
    arguments = parser.parse_args()
    lines = [
        f"{arguments.rows:,} rows",
        "",
        "| law | column | test | statistic | p |",
        "| --- | --- | --- | --- | --- |",
    ]
    for law, kind in CASES:
        test, statistic, p = fit(law, kind, arguments.rows)
        lines.append(f"| {law} | {kind} | {test} | {statistic:.4g} | {p:.3g} |")
        print(lines[-1], flush=True)
    if arguments.markdown:
        Path(arguments.markdown).write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
