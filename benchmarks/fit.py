"""Do columns follow the laws they declare? The p-value of every law on every kind of column, in one table.

    python benchmarks/fit.py [--rows 1_000_000] [--markdown FILE]

Chi-square where the column is a grid of 1,001 points or the law is one of counts, Kolmogorov-Smirnov otherwise, against
SciPy's distribution functions cut to the column's bounds. Were every law right, each p-value would be uniform between
0 and 1: the last lines say how they are. Needs the test dependencies.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from scipy import stats

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from law_cases import ALL, KINDS, fit


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=lambda text: int(float(text)), default=10**6)
    parser.add_argument("--markdown", type=Path, help="write the table to this file, too: results/fit-<date>.md")
    arguments = parser.parse_args()
    found: dict[tuple[str, str], tuple[str, float, float]] = {}
    for law in ALL:
        for kind in KINDS:
            found[law, kind] = fit(law, kind, arguments.rows)
        print(f"{law:12s}", *(f"{kind} {found[law, kind][2]:.3f}" for kind in KINDS), sep="  ", flush=True)
    page = "\n".join([f"p-values at {arguments.rows:,} rows", "", *table(found), "", *summary(found)]) + "\n"
    print(page)
    if arguments.markdown:
        arguments.markdown.write_text(page, "utf-8")


def table(found: dict[tuple[str, str], tuple[str, float, float]]) -> list[str]:
    """A line for each law, a column for each kind; K marks Kolmogorov and Smirnov's test, the others are chi-square."""
    lines = [f"| law | {' | '.join(KINDS)} |", "| --- |" + " ---: |" * len(KINDS)]
    for law in ALL:
        cells = (found[law, kind] for kind in KINDS)
        lines.append(
            f"| {law} | " + " | ".join(f"{p:.3f}{' K' if test[0] == 'K' else ''}" for test, _, p in cells) + " |"
        )
    return lines


def summary(found: dict[tuple[str, str], tuple[str, float, float]]) -> list[str]:
    """How the p-values are, of laws that are random at all."""
    values = sorted(p for (law, _), (_, _, p) in found.items() if law != "constant")
    uniform = stats.kstest(values, "uniform").pvalue
    few = stats.binom(len(values), 0.05).sf(sum(p < 0.05 for p in values) - 1)
    return [
        f"K: Kolmogorov-Smirnov; else chi-square. Of {len(values)} p-values the least is {values[0]:.2g} "
        f"(so small a least one has probability {1 - (1 - values[0]) ** len(values):.2f}); "
        f"{sum(p < 0.05 for p in values)} are below 0.05 (so many or more: {few:.2f}); "
        f"all together against uniform: p = {uniform:.2f}."
    ]


if __name__ == "__main__":
    main()
