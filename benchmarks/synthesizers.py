"""What does a value cost? Nanoseconds a row, on one core, of every synthesizer: in its kernels alone, and through `at`.

    python benchmarks/synthesizers.py

Kernels alone: the words and the mapping into buffers made beforehand. Through `at`: what a table pays, Arrow array
included, for a range of rows and for rows picked at random.
"""

from __future__ import annotations

import argparse
import datetime
import json
import time
from pathlib import Path

import numpy as np

from employee import hardware
from gen.checksums import Checksum
from gen.schema.spec import Column, Distribution, Key, Reference
from gen.streams import fill_range, fill_rows, uniform_floats, uniform_integers
from gen.synth.choices import SynthesizeChoice
from gen.synth.laws.quantiles import normal_table, quantiles, round_to_grid
from gen.synth.names import SynthesizeName, SynthesizeNameKey
from gen.synth.numbers import SynthesizeFloat, SynthesizeInteger, SynthesizeIntegerKey
from gen.synth.references import SynthesizeReference
from gen.synth.table import ComputedPool, TableSource
from gen.synth.text import SynthesizeString, SynthesizeStringKey
from gen.synth.times import SynthesizeDate, SynthesizeDateKey

ROWS = 16_384  # a block
TABLE = 10**8
NORMAL = Distribution("normal")


def best(task, repeats: int) -> float:
    """Nanoseconds a row of the fastest repeat."""
    task()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        task()
        times.append(time.perf_counter() - started)
    return min(times) / ROWS * 1e9


def kernels() -> dict[str, object]:
    u64 = np.uint64
    words, wide = np.empty(ROWS, u64), np.empty(6 * ROWS, u64)
    rows = np.random.default_rng(0).integers(0, TABLE, ROWS).astype(u64)
    integers, floats = np.empty(ROWS, np.int64), np.empty(ROWS)
    table = normal_table(2.0, 21.0, 11.5, 19 / 6)
    one, zero = np.int64(1), np.int64(0)
    return {
        "words, 2 a row, range": lambda: fill_range(words, u64(0), False, u64(0), u64(0), u64(1)),
        "words, 2 a row, picked": lambda: fill_rows(words, rows, u64(2), u64(0), u64(0), u64(1)),
        "words, 12 a row, range": lambda: fill_range(wide, u64(0), False, u64(0), u64(0), u64(1)),
        "uniform integers, after words": lambda: uniform_integers(words, integers, zero, u64(2**32 - 1), one),
        "uniform floats, after words": lambda: uniform_floats(words, floats, 0.0, 1.0, 1.0, 1.0),
        "quantile table, after words": lambda: quantiles(words, table.coefficients, floats, 2.0, 21.0),
        "rounding to a grid": lambda: round_to_grid(floats, integers, zero, u64(20), one),
    }


def synthesizers() -> dict[str, object]:
    def made(kind, column, rows=TABLE):
        return kind(column, "T", rows, 0)

    since = datetime.datetime(2021, 1, 18)
    key = made(SynthesizeIntegerKey, Column("id", "integer", key=Key()))
    small = made(SynthesizeIntegerKey, Column("id", "integer", key=Key()), 1000)
    far = made(SynthesizeReference, Column("r", "integer", reference=Reference("T", "id")))
    far.resolve(ComputedPool(key), key.storage)
    near = made(SynthesizeReference, Column("r", "integer", reference=Reference("T", "id")))
    near.resolve(ComputedPool(small), small.storage)
    return {
        "integer, uniform": made(SynthesizeInteger, Column("a", "integer")),
        "integer, normal": made(SynthesizeInteger, Column("a", "integer", distribution=NORMAL)),
        "float, uniform": made(SynthesizeFloat, Column("a", "number")),
        "float, normal": made(SynthesizeFloat, Column("a", "number", minimum=2, maximum=21, distribution=NORMAL)),
        "float, multiples of 0.01": made(SynthesizeFloat, Column("a", "number", maximum=1000, multiple_of=0.01)),
        "date-time, uniform": made(SynthesizeDate, Column("a", "datetime", minimum=since)),
        "date, uniform": made(SynthesizeDate, Column("a", "date")),
        "boolean": made(SynthesizeChoice, Column("a", "boolean")),
        "choice of 5 texts": made(SynthesizeChoice, Column("a", "choice", choices=("a", "b", "c", "d", "e"))),
        "text, 1 to 40": made(SynthesizeString, Column("a", "text", max_length=40)),
        "text, 1 to 8": made(SynthesizeString, Column("a", "text", max_length=8)),
        "name": made(SynthesizeName, Column("a", "text", domain="name")),
        "integer key, ascending": key,
        "integer key, sequential": made(SynthesizeIntegerKey, Column("a", "integer", key=Key("sequential"))),
        "integer key, scattered": made(SynthesizeIntegerKey, Column("a", "integer", key=Key("scattered"))),
        "date-time key": made(SynthesizeDateKey, Column("a", "datetime", key=Key())),
        "text key, 1 to 32": made(SynthesizeStringKey, Column("a", "text", key=Key())),
        "name key": made(SynthesizeNameKey, Column("a", "text", domain="name", key=Key())),
        "reference to 1e8 keys": far,
        "reference to 1,000 keys": near,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=50)
    parser.add_argument("--json", help="write the results to this file, too")
    arguments = parser.parse_args()
    in_kernels = {name: best(task, arguments.repeats) for name, task in kernels().items()}
    print(f"{'kernels alone, ns a row':34s}")
    for name, value in in_kernels.items():
        print(f"  {name:32s} {value:8.2f}")
    picked = np.random.default_rng(0).integers(0, TABLE, ROWS).astype(np.uint64)
    print(f"{'through at, ns a row':34s} {'range':>8s} {'picked':>8s} {'checksum':>9s}")
    through = {}
    for name, synthesizer in synthesizers().items():
        source = TableSource("T", TABLE, {"a": synthesizer})
        batch = source.at(range(ROWS))
        total = Checksum("T", ["a"])
        through[name] = {
            "range": best(lambda s=synthesizer: s.at(range(7 * ROWS, 8 * ROWS)), arguments.repeats),
            "picked": best(lambda s=synthesizer: s.at(picked), arguments.repeats),
            "checksum": best(lambda t=total, b=batch: t.add(b), arguments.repeats),
        }
        print("  {:32s} {range:8.2f} {picked:8.2f} {checksum:9.2f}".format(name, **through[name]))
    print(json.dumps(hardware()))
    if arguments.json:
        Path(arguments.json).write_text(
            json.dumps({"hardware": hardware(), "kernels_ns": in_kernels, "through_at_ns": through}, indent=1)
        )


if __name__ == "__main__":
    main()
