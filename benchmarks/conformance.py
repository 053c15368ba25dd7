"""How much of what can be declared comes out, and comes out valid? gen beside three other tools, on the same corpus.

    python benchmarks/conformance.py                   the corpus in tests/corpus, 1,000 rows of every entry
    python benchmarks/conformance.py --packages        the models of public packages, 100 rows of each

The corpus holds fields of Pydantic models and JSON Schemas. polyfactory reads models alone; hypothesis-jsonschema and
json-schema-faker read JSON Schema: of a field, the one that Pydantic writes. An entry is supported if rows come within
--limit seconds, without an exception; a row is valid if Pydantic, or jsonschema with formats asserted, accepts it. What
Pydantic leaves out of a field's JSON Schema, a validator for one, those that read JSON Schema cannot know.
Rows a second are those of an entry asked for the first time in a process that has imported all it needs.

hypothesis-jsonschema reads drafts up to 7 and passes over what 2020-12 added.

json-schema-faker is installed by npm, hypothesis-jsonschema by pip, into a temporary folder or the one --tools names;
without npm the first is left out. Needs: pip install "gen[test]" polyfactory.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import json
import os
import queue
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from contenders import CORPORA, HERE
from employee import hardware

CONTENDERS = ("gen", "polyfactory", "hypothesis-jsonschema", "json-schema-faker")
SLOWEST = "hypothesis-jsonschema"  # so it is begun first
GRACE = 40.0  # seconds beyond the limit, to judge the rows, before a process is taken for hung
START = 120.0  # seconds a process may take to start
WIDTH = 160  # of a reason that is printed


class Worker:
    """A process that answers requests, a line of JSON each; it is killed, and started anew, when it is too slow."""

    def __init__(self, command: list[str]) -> None:
        self._command = command
        self._process: subprocess.Popen[str] | None = None
        self._answers: queue.Queue[str] = queue.Queue()

    def ask(self, request: dict[str, Any], limit: float) -> dict[str, Any]:
        """The answer, or a failure that says why there is none."""
        seconds = limit
        if self._process is None:
            self._start()
            seconds += START
        assert self._process and self._process.stdin
        try:
            print(json.dumps(request), file=self._process.stdin, flush=True)
            line = self._answers.get(timeout=seconds)
        except BrokenPipeError:
            line = ""
        except queue.Empty:
            self.close()
            return {"failure": "time limit"}
        if not line:
            self.close()
            return {"failure": "the process ended"}
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _start(self) -> None:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        self._answers = queue.Queue()
        threading.Thread(target=_forward, args=(self._process, self._answers), daemon=True).start()

    def close(self) -> None:
        """End the process, and those it started."""
        if self._process:
            with contextlib.suppress(ProcessLookupError):  # it ended by itself
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


def _forward(process: subprocess.Popen[str], answers: queue.Queue[str]) -> None:
    assert process.stdout
    for line in process.stdout:
        answers.put(line)
    answers.put("")


def progress(what: str, done: int, whole: int) -> None:
    if done % 50 == 0 or done == whole:
        print(f"{what}: {done} of {whole}", file=sys.stderr, flush=True)


# -- the corpus ---------------------------------------------------------------------------------------------------


# hypothesis-jsonschema 0.23.1, its newest, asks for `many.more` of hypothesis, which is gone since 6.170.
HYPOTHESIS = ("hypothesis<6.170", "hypothesis-jsonschema")


def installed(contender: str, folder: str) -> str | None:
    """The folder the contender is in, installed unless it is there; None where npm is needed and missing."""
    place = Path(folder) / contender
    if contender == "json-schema-faker":
        if shutil.which("npm") is None or shutil.which("node") is None:
            return None
        command = ["npm", "install", "--prefix", str(place), "--no-audit", "--no-fund", contender]
    elif contender == "hypothesis-jsonschema":
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(place), *HYPOTHESIS]
    else:
        return ""
    if not place.is_dir():
        place.mkdir(parents=True)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=600)
    return str(place)


def run(contender: str, corpus: str, arguments: argparse.Namespace, folder: str) -> list[dict[str, Any]]:
    """The outcome of every entry, in the corpus's order."""
    worker = Worker([sys.executable, str(HERE / "contenders.py"), contender, folder])
    outcomes = []
    for index, entry in enumerate(CORPORA[corpus]):
        if arguments.only and arguments.only not in f"{entry.subject}: {entry.name}":
            continue
        request = {"corpus": corpus, "index": index, "rows": arguments.rows, "limit": arguments.limit}
        outcomes.append(worker.ask(request, arguments.limit + GRACE))
        outcomes[-1] |= {"name": f"{entry.subject}: {entry.name}", "refused": entry.refused}
        progress(f"{contender}, {corpus}", index + 1, len(CORPORA[corpus]))
    worker.close()
    return outcomes


def run_all(contender: str, arguments: argparse.Namespace, folder: str) -> dict[str, list[dict[str, Any]]]:
    """The outcomes by corpus, of those that the contender can read."""
    corpora = [corpus for corpus in CORPORA if (contender, corpus) != ("polyfactory", "schemas")]
    return {corpus: run(contender, corpus, arguments, folder) for corpus in corpora}


def summary(outcomes: list[dict[str, Any]]) -> dict[str, float]:
    """Shares over the entries that rows can be made of, and the median of rows a second over the supported ones."""
    possible = [o for o in outcomes if o["refused"] is not True]
    supported = [o for o in possible if o.get("rows")]
    valid = [o["valid"] / o["rows"] for o in supported]
    return {
        "entries": len(possible),
        "supported": len(supported),
        "every_row_valid": sum(share == 1 for share in valid),
        "valid_share": statistics.mean(valid) if valid else 0.0,
        "rows_per_second": statistics.median([o["rows"] / o["seconds"] for o in supported]) if supported else 0.0,
        "time_limit": sum(o.get("failure") == "time limit" for o in possible),
        "impossible": len(outcomes) - len(possible),
        "impossible_refused": sum(bool(o.get("refusal")) for o in outcomes if o["refused"] is True),
    }


ROWS_OF_THE_TABLE = {
    "supported": lambda s: f"{s['supported']} ({s['supported'] / s['entries']:.1%})",
    "every row valid": lambda s: f"{s['every_row_valid']} ({s['every_row_valid'] / s['entries']:.1%})",
    "valid rows, of those supported": lambda s: f"{s['valid_share']:.2%}",
    "rows/s, median": lambda s: f"{s['rows_per_second']:,.0f}",
    "longer than the limit": lambda s: f"{s['time_limit']}",
}


def table(summaries: dict[str, dict[str, dict[str, float]]]) -> str:
    """One Markdown table, a column for every contender."""
    lines = ["| | " + " | ".join(summaries) + " |", "| --- |" + " ---: |" * len(summaries)]
    for corpus in CORPORA:
        counts = {s[corpus]["entries"] for s in summaries.values() if corpus in s} - {0}
        if not counts:
            continue
        for title, cell in ROWS_OF_THE_TABLE.items():
            cells = [
                cell(s[corpus]) if s.get(corpus, {}).get("entries") else "does not apply" for s in summaries.values()
            ]
            head = f"{corpus} ({', '.join(map(str, counts))}): {title}"
            lines.append(f"| {head} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def reason(seen: dict[str, Any]) -> str:
    """Why an entry has no rows, or not valid ones alone; nothing if it has."""
    if seen.get("refusal"):
        return f"refused: {seen['refusal']} {seen['hint']}"
    return seen.get("failure") or seen.get("invalid") or ("" if seen.get("rows") else "no rows")


def report_of(contender: str, outcomes: list[dict[str, Any]], detail: int) -> None:
    """gen's refusals with the sentence a user sees, and what else is not as it should be."""
    refused = [o for o in outcomes if o.get("refusal")]
    if refused:
        print(f"\n{contender} refuses {len(refused)}:")
    for seen in refused[:detail]:
        print(f"  {seen['name']}: {seen['refusal']} {seen['hint']}")
    wrong = [o for o in outcomes if o["refused"] is not True and not o.get("refusal") and reason(o)]
    if wrong:
        print(f"\n{contender} fails at {len(wrong)}:")
    for seen in wrong[:detail]:
        print(f"  {seen['name']}: {reason(seen)[:WIDTH]}")


def versions(places: dict[str, str]) -> dict[str, str]:
    """What was compared; a contender that was installed for the run is asked where it is."""
    found = {name: importlib.metadata.version(name) for name in ("gen", "pydantic", "jsonschema", "polyfactory")}
    if place := places.get("hypothesis-jsonschema"):
        found |= {d.name: d.version for d in importlib.metadata.distributions(path=[place]) if "hypo" in d.name}
    if place := places.get("json-schema-faker"):
        manifest = Path(place) / "node_modules/json-schema-faker/package.json"
        found["json-schema-faker"] = json.loads(manifest.read_text())["version"]
    return found


def compare(arguments: argparse.Namespace, folder: str) -> dict[str, Any]:
    """Run every contender on the corpus it can read; print the table, refusals and failures."""
    asked = [contender for contender in CONTENDERS if contender in arguments.contenders.split(",")]
    places = {contender: place for contender in asked if (place := installed(contender, folder)) is not None}
    with ThreadPoolExecutor(arguments.jobs) as pool:  # each contender works in a process of its own
        order = sorted(places, key=lambda contender: contender != SLOWEST)
        pending = {contender: pool.submit(run_all, contender, arguments, places[contender]) for contender in order}
    outcomes = {contender: pending[contender].result() for contender in places}
    summaries = {c: {corpus: summary(seen) for corpus, seen in by.items()} for c, by in outcomes.items()}
    print(table(summaries))
    for contender, by_corpus in outcomes.items():
        for corpus, seen in by_corpus.items():
            report_of(f"{contender}, {corpus}:", seen, len(seen) if contender == "gen" else arguments.detail)
    if "gen" in summaries:
        for corpus, of in summaries["gen"].items():
            print(f"\ngen, {corpus}: {of['impossible_refused']} of {of['impossible']} impossible entries are refused")
    reasons = {
        c: {corpus: {o["name"]: reason(o)[:300] for o in seen if reason(o)} for corpus, seen in by.items()}
        for c, by in outcomes.items()
    }
    return {
        "versions": versions(places),
        "rows": arguments.rows,
        "limit": arguments.limit,
        "jobs": arguments.jobs,
        "summaries": summaries,
        "not_valid": reasons,
    }


# -- public packages ----------------------------------------------------------------------------------------------


def try_packages(arguments: argparse.Namespace) -> dict[str, Any]:
    """Try every model of public packages, installed for the run; print shares, and refusals grouped by sentence."""
    from packages import PACKAGES, installed, sentence

    results: dict[str, Any] = {}
    contenders = [c for c in ("gen", "polyfactory") if c in arguments.contenders.split(",")]
    print(
        "| package | models | "
        + " | ".join(f"{c}: {w}" for c in contenders for w in ("generated", "valid", "rows/s"))
        + " |"
    )
    print("| --- |" + " ---: |" * (1 + 3 * len(contenders)))
    refusals: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for package, module in PACKAGES.items():
            if arguments.only and arguments.only not in package:
                continue
            place = installed(package, arguments.packages_dir or folder)
            by_contender = {c: _models_of(c, module, place, arguments) for c in contenders}
            results[package] = {c: _package_summary(seen) for c, seen in by_contender.items()}
            cells = [results[package][c]["cell"] for c in contenders]
            print(f"| {package} | {len(by_contender[contenders[0]])} | " + " | ".join(cells) + " |", flush=True)
            refusals.update(
                sentence(reason(seen), seen["name"]) for seen in by_contender.get("gen", []) if reason(seen)
            )
    print("\ngen's refusals and failures, by sentence:")
    for text, times in refusals.most_common(arguments.detail):
        print(f"  {times:5d}  {text[:WIDTH]}")
    return {"versions": versions({}), "packages": results, "refusals": dict(refusals.most_common())}


def _models_of(contender: str, module: str, place: str, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """The outcome of every model of a package."""
    worker = Worker([sys.executable, str(HERE / "packages.py"), contender, module, place])
    names = worker.ask({"list": True}, START).get("models", [])
    outcomes = []
    for name in names:
        request = {"model": name, "rows": arguments.rows, "limit": arguments.limit}
        outcomes.append(worker.ask(request, arguments.limit + GRACE) | {"name": name, "refused": False})
        progress(f"{contender}, {module}", len(outcomes), len(names))
    worker.close()
    return outcomes


def _package_summary(outcomes: list[dict[str, Any]]) -> dict[str, Any]:
    seen = summary(outcomes)
    whole = max(1, seen["entries"])
    cell = f"{seen['supported'] / whole:.1%} | {seen['every_row_valid'] / whole:.1%} | {seen['rows_per_second']:,.0f}"
    return seen | {"cell": cell, "not_valid": {o["name"]: reason(o)[:300] for o in outcomes if reason(o)}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", action="store_true", help="the models of public packages instead of the corpus")
    parser.add_argument("--packages-dir", help="a folder to install them into, and to find them in the next time")
    parser.add_argument("--rows", type=int, help="of every entry; 1,000, and 100 of a package's models, unless given")
    parser.add_argument("--limit", type=float, default=20.0, help="seconds an entry may take")
    parser.add_argument("--jobs", type=int, default=1, help="contenders at work at once; no more than there are cores")
    parser.add_argument("--contenders", default=",".join(CONTENDERS))
    parser.add_argument("--only", default="", help="entries, or packages, whose name has this in it")
    parser.add_argument("--tools", help="a folder that contenders are, or are to be, installed into")
    parser.add_argument("--detail", type=int, default=20, help="lines about what fails, for each contender")
    parser.add_argument("--json", help="write the results to this file, too")
    arguments = parser.parse_args()
    arguments.rows = arguments.rows or (100 if arguments.packages else 1000)
    if arguments.packages:
        results = try_packages(arguments)
    else:
        with tempfile.TemporaryDirectory() as folder:
            results = compare(arguments, arguments.tools or folder)
    print(json.dumps(hardware()))
    if arguments.json:
        Path(arguments.json).write_text(json.dumps({"hardware": hardware()} | results, indent=1))


if __name__ == "__main__":
    main()
