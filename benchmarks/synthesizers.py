"""What does a value cost? Nanoseconds a row, on one core, of every synthesizer: in its kernels alone, and through `at`.

    python benchmarks/synthesizers.py [--peers]

Kernels alone, beside what is asked of them: numbers, choices and UUIDs from words and into buffers made beforehand;
text, patterns, names and formats with their words and their array. Prose by the byte, general patterns by the letter.
Through `at`: what a table pays, Arrow array included, for a range of rows and for rows picked at random.
"""

from __future__ import annotations

import argparse
import datetime
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from employee import hardware
from gen.checksums import Checksum
from gen.schema.domains import Provider
from gen.schema.links import Distribution, Key, Reference
from gen.schema.spec import Column
from gen.streams import Stream, fill_range, fill_rows, uniform_floats, uniform_integers
from gen.synth.choices import _indexes, _top_bits
from gen.synth.formats import FORMATS
from gen.synth.grids import Grid
from gen.synth.identifiers import _mark
from gen.synth.key_pools import ComputedPool
from gen.synth.laws.cells import Celled, follow
from gen.synth.laws.compiled import Compiled, compile_law
from gen.synth.laws.discrete import Choice, Pieces, choose, place
from gen.synth.laws.lines import Line, line_of_grid
from gen.synth.laws.quantiles import QuantileTable, normal_table, quantiles, round_to_grid
from gen.synth.laws.samplers import Rounded
from gen.synth.related.references import SynthesizeReference
from gen.synth.synthesizer import Synthesizer, synthesizer_of
from gen.synth.table import TableSource
from gen.synth.texts.lists import alias_table, choose_indexes

ROWS = 16_384  # a block
TABLE = 10**8
NORMAL = Distribution("normal")
U64 = np.uint64
WORDS = np.random.default_rng(0).integers(0, 2**64, ROWS, U64)


def best(task, repeats: int) -> float:
    """Nanoseconds a row of the fastest repeat."""
    task()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        task()
        times.append(time.perf_counter() - started)
    return min(times) / ROWS * 1e9


@dataclass
class Figure:
    """What a kernel costs, in nanoseconds, and what it may cost; of a row, or of a byte or a letter, so many a row."""

    task: Callable[[], Any]
    asked: float | None
    unit: str = "row"
    units: float = 1.0


# -- kernels alone ------------------------------------------------------------------------------------------------


def of_words() -> dict[str, Figure]:
    words, wide = np.empty(ROWS, U64), np.empty(6 * ROWS, U64)
    rows = np.random.default_rng(0).integers(0, TABLE, ROWS).astype(U64)
    integers = np.empty(ROWS, np.int64)
    ranks = normal_table(2.0, 21.0, 11.5, 19 / 6).at(WORDS)
    tasks = {
        "words, 2 a row, range": lambda: fill_range(words, U64(0), False, U64(0), U64(0), U64(1)),
        "words, 2 a row, picked": lambda: fill_rows(words, rows, U64(2), U64(0), U64(0), U64(1)),
        "words, 12 a row, range": lambda: fill_range(wide, U64(0), False, U64(0), U64(0), U64(1)),
        "rounding to a grid": lambda: round_to_grid(ranks, integers, np.int64(0), U64(20), np.int64(1)),
    }
    return {name: Figure(task, None) for name, task in tasks.items()}


def of_numbers() -> dict[str, Figure]:
    """Uniform numbers, dates, booleans, categories, pools of Faker, UUIDs."""
    floats, integers, indexes = np.empty(ROWS), np.empty(ROWS, np.int64), np.empty(ROWS, np.int32)
    bits, singles, zero, one = np.empty(ROWS // 8, np.uint8), WORDS >> U64(32), np.int64(0), np.int64(1)
    evenly, weights = np.empty(0, U64), alias_table(np.arange(1.0, 10_001.0))
    weighted = Choice(np.arange(5), np.arange(5.0, 0.0, -1.0))
    pairs, halves = np.concatenate([WORDS, WORDS]), np.empty(2 * ROWS, U64)

    def dates() -> None:
        uniform_integers(WORDS, integers, zero, U64(47_481), one)
        indexes[:] = integers

    def uuids() -> None:
        _mark(U64(0), evenly, pairs, evenly, U64(4), halves)
        halves.byteswap(inplace=True)

    asked_2 = {
        "integer, uniform": lambda: uniform_integers(WORDS, integers, zero, U64(2**32 - 1), one),
        "float, uniform": lambda: uniform_floats(WORDS, floats, 0.0, 1.0, 1.0, 1.0),
        "date-time, uniform": lambda: uniform_integers(WORDS, integers, zero, U64(4 * 10**15), one),
        "date, uniform": dates,
        "boolean": lambda: _top_bits(WORDS, bits),
        "choice of 5": lambda: _indexes(WORDS, indexes, U64(5)),
        "choice of 5, weighted": lambda: into(weighted, integers),
        "pool of Faker": lambda: choose_indexes(singles, U64(10_000), evenly, indexes),
        "pool of Faker, weighted": lambda: choose_indexes(singles, U64(10_000), weights, indexes),
    }
    return {name: Figure(task, 2.0) for name, task in asked_2.items()} | {"UUID": Figure(uuids, 5.0)}


def into(sampler: Any, out: np.ndarray) -> None:
    """Draw from WORDS into a buffer: int64 from a Choice, float64 from others."""
    if isinstance(sampler, Choice):
        choose(WORDS, *sampler._guide, sampler.values.view(np.int64), out.view(np.int64))
    elif isinstance(sampler, Celled):
        tables = sampler.law.kernel_tables
        follow(WORDS, *sampler.turns, sampler.period, sampler.cells, *tables, out, sampler.law.low, sampler.high)
    elif isinstance(sampler, Pieces):
        place(WORDS, *sampler.kernel_tables, out, sampler.low, sampler.high)
    elif isinstance(sampler, QuantileTable):
        quantiles(WORDS, sampler.coefficients, out, sampler.low, sampler.high)
    else:
        raise TypeError(f"no kernel is known of {type(sampler).__name__}")


def drawing(law: Compiled) -> Callable[[], Any]:
    """Draw from WORDS, by the kernels alone; a law that follows the row takes its rows."""
    sampler, floats, integers = law.sampler, np.empty(ROWS), np.empty(ROWS, np.int64)
    if law.by_row:
        stream = Stream(1)
        return lambda: law.values(range(ROWS), stream.words)
    if not isinstance(sampler, Rounded):
        return lambda: into(sampler, floats)
    grid = np.int64(sampler.grid.first), U64(sampler.grid.count - 1), np.int64(sampler.grid.step)

    def rounded() -> None:
        into(sampler.law, floats)
        round_to_grid(floats, integers, *grid)

    return rounded


PARTS = (
    Distribution("normal", (("mean", 300.0), ("deviation", 30.0), ("weight", 3.0))),
    Distribution("normal", (("mean", 700.0), ("deviation", 20.0), ("weight", 2.0))),
    Distribution("constant", (("value", 0.0),)),
)
# case -> law, parameters; those of continuous laws from 0 to 1,000, on floats and on thousandths
CONTINUOUS: dict[str, tuple[str, dict[str, Any]]] = {
    "normal": ("normal", {"mean": 400.0, "deviation": 150.0}),
    "lognormal": ("lognormal", {"median": 100.0, "sigma": 0.8}),
    "exponential": ("exponential", {"mean": 200.0}),
    "gamma": ("gamma", {"shape": 2.5, "scale": 80.0}),
    "beta": ("beta", {"alpha": 2.0, "beta": 5.0}),
    "triangular": ("triangular", {"low": 100.0, "mode": 300.0, "high": 900.0}),
    "weibull": ("weibull", {"shape": 1.7, "scale": 300.0}),
    "pareto": ("pareto", {"shape": 1.2, "minimum": 10.0}),
    "von Mises, a period": ("vonmises", {"mean": 500.0, "concentration": 3.0, "period": 1000.0}),
    "von Mises, daily": ("vonmises", {"mean": 14.0, "concentration": 3.0, "period": 24.0}),
    "benford": ("benford", {}),
    "histogram": ("histogram", {"edges": (0.0, 100.0, 250.0, 1000.0), "weights": (1.0, 5.0, 2.0)}),
    "empirical, quantiles": ("empirical", {"quantiles": (0.0, 50.0, 90.0, 1000.0)}),
    "mixture": ("mixture", {"parts": PARTS}),
}
COUNTS: dict[str, tuple[str, dict[str, Any]]] = {
    "empirical, values": ("empirical", {"values": (3.0, 5.0, 700.0), "weights": (3.0, 1.0, 2.0)}),
    "poisson": ("poisson", {"mean": 120.0}),
    "binomial": ("binomial", {"trials": 400, "probability": 0.3}),
    "geometric": ("geometric", {"probability": 0.01}),
    "constant": ("constant", {"value": 7.0}),
}


def law_on(line: Line, name: str, parameters: dict[str, Any]) -> Callable[[], Any]:
    return drawing(compile_law("T.a", Distribution(name, tuple(parameters.items())), line, TABLE))


def of_laws() -> dict[str, Figure]:
    """Every law that is not uniform, after its words; sequence and series with theirs."""
    reals = Line(0.0, 1000.0)
    whole = line_of_grid(Grid(0, 1, 10**6), scale=Fraction(1000))
    short, long = (line_of_grid(Grid(0, 1, count)) for count in (1001, 2 * 10**9))
    tasks = {f"float, {case}": law_on(reals, *law) for case, law in CONTINUOUS.items()}
    tasks |= {f"integer, {case}": law_on(whole, *law) for case, law in CONTINUOUS.items()}
    tasks |= {f"integer, {case}": law_on(short, *law) for case, law in COUNTS.items()}
    tasks["integer, sequence"] = law_on(long, "sequence", {"step": 3})
    tasks["integer, series"] = law_on(long, "series", {"interval": 10.0, "jitter": 5.0})
    found = {name: Figure(task, 4.0) for name, task in tasks.items()}
    for said, last, asked in (("1,000", 10**3, 4.0), ("65,536", 2**16, 4.0), ("1e9", 10**9, 8.0)):
        task = law_on(line_of_grid(Grid(1, 1, last)), "zipf", {"exponent": 1.1})
        found[f"integer, Zipf to {said}"] = Figure(task, asked)
    return found


def of_texts() -> dict[str, Figure]:
    """Text, patterns, prose, names, domains and formats, with their words and their array."""
    chained = ("pattern, plate", "pattern, product code", "pattern, phone")
    asked = {"text of 20": 10.0} | dict.fromkeys(chained, 12.0) | {"name": 40.0, "UUID as text": 40.0}
    columns = {name: COLUMNS[name] for name in asked}
    columns |= {name: COLUMNS[name] for name in ("city", "pattern, slug", "pattern, words", "sentence", "paragraph")}
    columns |= {f"format, {name}": Column("a", "text", format=name) for name in FORMATS}
    found = {}
    for name, column in columns.items():
        made = synthesizer_of(column, "T", TABLE, 0)
        figure = Figure(lambda made=made: made.at(range(ROWS)), asked.get(name, 40.0))
        if name in ("pattern, slug", "pattern, words", "sentence", "paragraph"):
            bytes_a_row = int(np.frombuffer(made.at(range(ROWS)).buffers()[1], np.int32)[ROWS]) / ROWS
            figure.asked, figure.unit = (6.0, "letter") if name.startswith("pattern") else (1.0, "byte")
            figure.units = bytes_a_row
        found[name] = figure
    return found


# -- through at ---------------------------------------------------------------------------------------------------

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
    "Faker, text": Column("a", "text", provider=Provider("company", pool=1000)),
    "Faker, integer": Column("a", "integer", provider=Provider("pyint", pool=1000)),
    "UUID": Column("a", "uuid"),
    "UUID as text": Column("a", "uuid", stored="text"),
    "bytes, 16": Column("a", "bytes", min_length=16, max_length=16),
    "text of 20": Column("a", "text", min_length=20, max_length=20),
    "text, 1 to 40": Column("a", "text", max_length=40),
    "text, 1 to 8": Column("a", "text", max_length=8),
    "pattern, plate": Column("a", "text", patterns=("^[A-Z]{2}-[0-9]{4}-[A-Z]{2}$",)),
    "pattern, product code": Column("a", "text", patterns=(r"^[A-Z]{3}-\d{4}-[a-z]{6}$",)),
    "pattern, phone": Column("a", "text", patterns=(r"^\+1 \(\d{3}\) \d{3}-\d{4}$",)),
    "pattern, words": Column("a", "text", patterns=("^[a-z]{2,9}( [a-z]{2,9}){2,5}$",)),
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


def measured(repeats: int, passes: int) -> dict[str, dict[str, Any]]:
    """What every figure is, least over all passes, beside what is asked."""
    lines = of_words() | of_numbers() | of_laws() | of_texts()
    least = dict.fromkeys(lines, float("inf"))
    for _ in range(passes):  # some time apart: a processor may be slower for seconds
        for name, figure in lines.items():
            least[name] = min(least[name], best(figure.task, repeats) / figure.units)
    print(f"{'kernels alone, ns':36s} {'measured':>8s} {'asked':>6s} a")
    for name, figure in lines.items():
        missed = figure.asked is not None and least[name] > figure.asked
        asked = "" if figure.asked is None else f"{figure.asked:g}"
        print(f"  {name:34s} {least[name]:8.2f} {asked:>6s} {figure.unit}{'    MISSED' if missed else ''}")
    return {name: {"ns": least[name], "asked": each.asked, "unit": each.unit} for name, each in lines.items()}


def drawn(repeats: int, passes: int) -> dict[str, dict[str, float]]:
    """What `at` takes a row, of a range and of rows picked at random, and the checksum; least over all passes."""
    picked = np.random.default_rng(0).integers(0, TABLE, ROWS).astype(np.uint64)
    lines = synthesizers()
    least: dict[str, dict[str, float]] = {name: {} for name in lines}
    for _ in range(passes):
        for name, synthesizer in lines.items():
            batch = TableSource("T", TABLE, {"a": synthesizer}).at(range(ROWS))
            total = Checksum("T", ["a"])
            tasks = {
                "range": lambda s=synthesizer: s.at(range(7 * ROWS, 8 * ROWS)),
                "picked": lambda s=synthesizer: s.at(picked),
                "checksum": lambda t=total, b=batch: t.add(b),
            }
            for kind, task in tasks.items():
                least[name][kind] = min(least[name].get(kind, float("inf")), best(task, repeats))
    print(f"{'through at, ns a row':34s} {'range':>8s} {'picked':>8s} {'checksum':>9s}")
    for name, times in least.items():
        print("  {:32s} {range:8.2f} {picked:8.2f} {checksum:9.2f}".format(name, **times))
    return least


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=50)
    parser.add_argument("--passes", type=int, default=3, help="over everything; the least figure of all counts")
    parser.add_argument("--peers", action="store_true", help="time Faker and mimesis, too")
    parser.add_argument("--json", help="write the results to this file, too")
    arguments = parser.parse_args()
    in_kernels = measured(arguments.repeats, arguments.passes)
    through = drawn(arguments.repeats, arguments.passes)
    beside = peers() if arguments.peers else {}
    if beside:
        print(f"{'one value, ns':34s} {'gen':>8s} {'Faker':>10s} {'mimesis':>10s}")
    for name, times in beside.items():
        own = through[name]["range"]
        print(f"  {name:32s} {own:8.1f} {times.get('faker', 0):10,.0f} {times.get('mimesis', 0):10,.0f}")
    print(json.dumps(hardware()))
    if arguments.json:
        found = {"hardware": hardware(), "kernels": in_kernels, "through_at_ns": through, "peers_ns": beside}
        Path(arguments.json).write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
