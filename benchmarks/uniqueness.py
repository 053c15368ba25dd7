"""Are keys distinct? Every key of small domains, whole, and the first 1e7 of large ones, of every kind of key.

    python benchmarks/uniqueness.py [--rows 1e7] [--json FILE]

Every value is hashed to 64 bits and the distinct hashes are counted. Equal values have equal hashes, so that as many
distinct hashes as rows prove that no value came twice.
"""

from __future__ import annotations

import argparse
import datetime
import decimal
import json
import time
from pathlib import Path

import numpy as np

from employee import hardware
from gen.checksums import hash_values
from gen.schema.links import Key
from gen.schema.spec import Column
from gen.synth import table as _table  # noqa: F401 - synthesizers are found because they exist
from gen.synth.synthesizer import synthesizer_of

BLOCK = 2**18
KEY, SCATTERED = Key(), Key("scattered")
DAY = datetime.date(2000, 1, 1)
LEVELS = tuple(f"level {i}" for i in range(40))

# name -> a column whose domain is small: as many rows as it has values
SMALL = {
    "integer, 1 to 100,000": Column("k", "integer", minimum=1, maximum=100_000, key=SCATTERED),
    "decimal, 0.00 to 999.99": Column("k", "decimal", minimum=0, maximum=decimal.Decimal("999.99"), key=SCATTERED),
    "date, 200 years": Column("k", "date", minimum=DAY, maximum=datetime.date(2199, 12, 31), key=SCATTERED),
    "pattern, [A-C]{2}-[0-9]{4}": Column("k", "text", patterns=("^[A-C]{2}-[0-9]{4}$",), key=KEY),
    "pattern, (a|bb|ccc)[x-z]{1,6}": Column("k", "text", patterns=("^(a|bb|ccc)[x-z]{1,6}$",), key=KEY),
    "text of 1 to 2 letters": Column("k", "text", min_length=1, max_length=2, key=KEY),
    "choice of 40": Column("k", "choice", choices=LEVELS, key=SCATTERED),
    "tuple of two choices and a boolean": Column(
        "k",
        "tuple",
        key=KEY,
        parts=(
            Column("0", "choice", choices=LEVELS),
            Column("1", "choice", choices=LEVELS),
            Column("2", "boolean"),
        ),
    ),
}
# name -> a column whose domain is large
LARGE = {
    "integer, ascending": Column("k", "integer", key=KEY),
    "integer, scattered": Column("k", "integer", key=SCATTERED),
    "decimal of 18 digits": Column("k", "decimal", max_digits=18, decimal_places=4, maximum=10**14 - 1, key=SCATTERED),
    "date-time": Column("k", "datetime", key=KEY),
    "UUID 4": Column("k", "uuid", key=KEY),
    "UUID 7": Column("k", "uuid", version=7, key=KEY),
    "text of 1 to 32 letters": Column("k", "text", key=KEY),
    "pattern, a product code": Column("k", "text", patterns=(r"^[A-Z]{3}-\d{4}-[a-z]{6}$",), key=KEY),
    "pattern, a slug": Column("k", "text", patterns=("^[a-z0-9]+(-[a-z0-9]+){1,4}$",), key=KEY),
    "pattern of more than 2^64": Column("k", "text", patterns=(r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{19}$",), key=KEY),
    "format, e-mail": Column("k", "text", format="email", key=KEY),
    "format, IPv6": Column("k", "text", format="ipv6", key=KEY),
    "format, payment card": Column("k", "text", format="payment-card", key=KEY),
    "tuple of a date and an integer": Column(
        "k", "tuple", key=KEY, parts=(Column("0", "date"), Column("1", "integer", minimum=1, maximum=10**6))
    ),
}


def measured(column: Column, rows: int | None) -> dict[str, float]:
    """Rows, distinct values, nanoseconds a row; rows None: as many as there are values."""
    if rows is None:
        rows = synthesizer_of(column, "T", 1, 0).cardinality or 0
    synthesizer = synthesizer_of(column, "T", rows, 0)
    rows = min(rows, synthesizer.cardinality or rows)
    hashes = np.empty(rows, np.uint64)
    spent = 0.0
    for start in range(0, rows, BLOCK):
        stop = min(start + BLOCK, rows)
        started = time.perf_counter()
        values = synthesizer.at(range(start, stop))
        spent += time.perf_counter() - started
        hashes[start:stop] = hash_values(values, 1)
    hashes.sort()
    distinct = 1 + int(np.count_nonzero(hashes[1:] != hashes[:-1])) if rows else 0
    return {"rows": rows, "distinct": distinct, "ns": round(spent / max(rows, 1) * 1e9, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=float, default=1e7)
    parser.add_argument("--json", help="write the results to this file, too")
    arguments = parser.parse_args()
    results = {}
    print(f"{'key':36s} {'rows':>12s} {'distinct':>12s} {'ns a row':>9s}")
    for name, column, rows in [
        *((name, column, None) for name, column in SMALL.items()),
        *((name, column, int(arguments.rows)) for name, column in LARGE.items()),
    ]:
        results[name] = found = measured(column, rows)
        mark = "" if found["rows"] == found["distinct"] else "  NOT DISTINCT"
        print(f"{name:36s} {found['rows']:12,} {found['distinct']:12,} {found['ns']:9.1f}{mark}", flush=True)
    print(json.dumps(hardware()))
    if arguments.json:
        Path(arguments.json).write_text(json.dumps({"hardware": hardware(), "keys": results}, indent=1))
    if any(found["rows"] != found["distinct"] for found in results.values()):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
