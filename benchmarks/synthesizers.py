"""What does a value cost? Nanoseconds a row, on one core, of every synthesizer: in its kernels alone, and through `at`.

    python benchmarks/synthesizers.py [--peers]

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
from gen.synth.laws.quantiles import normal_table, quantiles, round_to_grid
from gen.synth.references import SynthesizeReference
from gen.synth.synthesizer import Synthesizer, synthesizer_of
from gen.synth.table import ComputedPool, TableSource

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


# name -> a column
COLUMNS: dict[str, Column] = {
    "integer, uniform": Column("a", "integer"),
    "integer, normal": Column("a", "integer", distribution=NORMAL),
    "float, uniform": Column("a", "number"),
    "float, normal": Column("a", "number", minimum=2, maximum=21, distribution=NORMAL),
    "float, multiples of 0.01": Column("a", "number", maximum=1000, multiple_of=0.01),
    "decimal, two places": Column("a", "decimal", max_digits=10, decimal_places=2),
    "integer, Poisson": Column("a", "integer", distribution=Distribution("poisson", (("mean", 12.0),))),
    "integer, Zipf to 10,000": Column("a", "integer", minimum=1, maximum=10_000, distribution=Distribution("zipf")),
    "integer, Zipf to 1e9": Column("a", "integer", minimum=1, maximum=10**9, distribution=Distribution("zipf")),
    "float, gamma": Column("a", "number", distribution=Distribution("gamma", (("scale", 3.0), ("shape", 2.0)))),
    "date-time, uniform": Column("a", "datetime", minimum=datetime.datetime(2021, 1, 18)),
    "date, uniform": Column("a", "date"),
    "time, uniform": Column("a", "time"),
    "boolean": Column("a", "boolean"),
    "choice of 5 texts": Column("a", "choice", choices=("a", "b", "c", "d", "e")),
    "choice of 5 texts, weighted": Column("a", "choice", choices=("a", "b", "c", "d", "e"), weights=(5, 4, 3, 2, 1)),
    "UUID": Column("a", "uuid"),
    "UUID as text": Column("a", "uuid", stored="text"),
    "bytes, 16": Column("a", "bytes", min_length=16, max_length=16),
    "text of 20": Column("a", "text", min_length=20, max_length=20),
    "text, 1 to 40": Column("a", "text", max_length=40),
    "text, 1 to 8": Column("a", "text", max_length=8),
    "pattern, plate": Column("a", "text", patterns=("^[A-Z]{2}-[0-9]{4}-[A-Z]{2}$",)),
    "pattern, product code": Column("a", "text", patterns=(r"^[A-Z]{3}-\d{4}-[a-z]{6}$",)),
    "pattern, phone": Column("a", "text", patterns=(r"^\+1 \(\d{3}\) \d{3}-\d{4}$",)),
    "pattern, slug": Column("a", "text", patterns=("^[a-z0-9]+(-[a-z0-9]+){1,4}$",)),
    "name": Column("a", "text", domain="name"),
    "e-mail": Column("a", "text", format="email"),
    "IPv4": Column("a", "text", format="ipv4"),
    "URI": Column("a", "text", format="uri"),
    "payment card": Column("a", "text", format="payment-card"),
    "city": Column("a", "text", domain="city"),
    "sentence": Column("a", "text", domain="sentence"),
    "paragraph": Column("a", "text", domain="paragraph"),
    "integer, 5 % null": Column("a", "integer", nulls=0.05),
    "list of 0 to 5 integers": Column("a", "list", parts=(Column("item", "integer"),)),
    "struct of an integer and a date": Column("a", "object", parts=(Column("x", "integer"), Column("y", "date"))),
    "integer key, ascending": Column("a", "integer", key=Key()),
    "integer key, sequential": Column("a", "integer", key=Key("sequential")),
    "integer key, scattered": Column("a", "integer", key=Key("scattered")),
    "date-time key": Column("a", "datetime", key=Key()),
    "UUID key": Column("a", "uuid", key=Key()),
    "text key, 1 to 32": Column("a", "text", key=Key()),
    "name key": Column("a", "text", domain="name", key=Key()),
    "pattern key, product code": Column("a", "text", patterns=(r"^[A-Z]{3}-\d{4}-[a-z]{6}$",), key=Key()),
}


def synthesizers() -> dict[str, Synthesizer]:
    made = {name: synthesizer_of(column, "T", TABLE, 0) for name, column in COLUMNS.items()}
    small = synthesizer_of(Column("id", "integer", key=Key()), "T", 1000, 0)
    for name, key in (("reference to 1e8 keys", made["integer key, ascending"]), ("reference to 1,000 keys", small)):
        reference = synthesizer_of(Column("r", "integer", reference=Reference("T", "id")), "T", TABLE, 0)
        assert isinstance(reference, SynthesizeReference)
        reference.resolve(ComputedPool(key), key.storage)
        made[name] = reference
    return made


# what people use for one value: the column, and how the two libraries make one
PEERS = {
    "name": ("fake.name()", "person.full_name()"),
    "e-mail": ("fake.email()", "person.email()"),
    "IPv4": ("fake.ipv4()", "internet.ip_v4()"),
    "URI": ("fake.uri()", "internet.url()"),
    "city": ("fake.city()", "address.city()"),
    "sentence": ("fake.sentence()", "text.sentence()"),
    "date, uniform": ("fake.date_object()", "datetime.date()"),
    "integer, uniform": ("fake.random_int(0, 4294967295)", "numeric.integer_number(0, 4294967295)"),
    "UUID": ("fake.uuid4()", "cryptographic.uuid()"),
    "payment card": ("fake.credit_card_number()", "payment.credit_card_number()"),
}


def peers(repeats: int = 2000) -> dict[str, dict[str, float]]:
    """Nanoseconds a value of Faker and mimesis, where they are installed."""
    found: dict[str, dict[str, float]] = {}
    rooms: dict[str, object] = {}
    try:
        from faker import Faker

        rooms["faker"] = Faker()
    except ImportError:
        print("Faker is not installed: pip install faker")
    try:
        from mimesis import Generic

        rooms["mimesis"] = Generic()
    except ImportError:
        print("mimesis is not installed: pip install mimesis")
    for name, calls in PEERS.items():
        for library, call in zip(("faker", "mimesis"), calls, strict=True):
            if library in rooms:
                text = call.removeprefix("fake.")
                task = eval(f"lambda made: made.{text}", {})
                started = time.perf_counter()
                for _ in range(repeats):
                    task(rooms[library])
                found.setdefault(name, {})[library] = (time.perf_counter() - started) / repeats * 1e9
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=50)
    parser.add_argument("--peers", action="store_true", help="time Faker and mimesis, too")
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
    beside = peers() if arguments.peers else {}
    if beside:
        print(f"{'one value, ns':34s} {'gen':>8s} {'Faker':>10s} {'mimesis':>10s}")
    for name, times in beside.items():
        own = through[name]["range"]
        print(f"  {name:32s} {own:8.1f} {times.get('faker', 0):10,.0f} {times.get('mimesis', 0):10,.0f}")
    print(json.dumps(hardware()))
    if arguments.json:
        found = {"hardware": hardware(), "kernels_ns": in_kernels, "through_at_ns": through, "peers_ns": beside}
        Path(arguments.json).write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
