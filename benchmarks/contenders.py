"""This file knows how gen and three other tools make rows of the corpus, one entry at a time.

    python benchmarks/contenders.py CONTENDER [FOLDER]

reads requests, {"corpus": "fields", "index": 0, "rows": 1000, "limit": 20}, a line of JSON each, and answers with an
outcome in a line; the folder is the one a contender is installed in. Whoever asks ends the process when an answer
takes too long.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))
if __name__ == "__main__" and sys.argv[1:2] == ["hypothesis-jsonschema"] and len(sys.argv) > 2:
    sys.path.insert(0, sys.argv[2])  # before anything imports another version of hypothesis

from corpus.check import Outcome, check_field, check_schema, described, judge_instances, judge_values, outcome  # noqa: E402
from corpus.documents import Document  # noqa: E402
from corpus.entries import Entry  # noqa: E402
from corpus.fields import FIELDS  # noqa: E402
from corpus.schemas import SCHEMAS  # noqa: E402

CORPORA: dict[str, tuple[Any, ...]] = {"fields": FIELDS, "schemas": SCHEMAS}
Made = tuple[list[Any], float]  # rows, and the seconds they took


def by_turns(make: Callable[[], Any], rows: int, limit: float) -> Made:
    """Rows made one after the other, as many as the limit, in seconds, allows."""
    made: list[Any] = []
    started = time.perf_counter()
    while len(made) < rows and time.perf_counter() - started < limit:
        made.append(make())
    return made, time.perf_counter() - started


# -- polyfactory --------------------------------------------------------------------------------------------------


def polyfactory_rows(model: Any, rows: int, limit: float) -> Made:
    """Instances; where polyfactory's values do not pass Pydantic, the row is what Pydantic says of them."""
    from polyfactory.factories.pydantic_factory import ModelFactory
    from pydantic import ValidationError

    factory = ModelFactory.create_factory(model)
    factory.seed_random(0)

    def make() -> Any:
        try:
            return factory.build()
        except ValidationError as error:
            return described(error)

    return by_turns(make, rows, limit)


# -- hypothesis-jsonschema ----------------------------------------------------------------------------------------


class Enough(Exception):
    """The time is over."""


def hypothesis_rows(json_schema: Any, rows: int, limit: float) -> Made:
    """Examples as a property test sees them; fewer, where there are fewer that differ."""
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis_jsonschema import from_schema

    made: list[Any] = []
    started = time.perf_counter()

    @settings(
        max_examples=rows,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(from_schema(json_schema))
    def collect(row: Any) -> None:
        if time.perf_counter() - started > limit:
            raise Enough
        made.append(row)

    with contextlib.suppress(Enough):
        collect()
    return made[:rows], time.perf_counter() - started


# -- json-schema-faker --------------------------------------------------------------------------------------------


class Faker:
    """A Node process that runs json-schema-faker, from the folder it was installed into."""

    def __init__(self, folder: str) -> None:
        self._command = ["node", str(HERE / "conformance.mjs"), folder]
        self._process = self._started()

    def _started(self) -> subprocess.Popen[str]:
        return subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, json_schema: Any, rows: int, limit: float) -> Made:
        assert self._process.stdin and self._process.stdout
        print(json.dumps({"schema": json_schema, "rows": rows, "limit": limit}), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            self._process = self._started()
        answer = json.loads(line or '{"failure": "the process ended"}')
        if "failure" in answer:
            raise RuntimeError(answer["failure"])
        return answer["rows"], answer["seconds"]


# -- outcomes -----------------------------------------------------------------------------------------------------


def judge_documents(model: Any, made: list[Any]) -> list[str]:
    """For each JSON value why Pydantic does not accept it as an instance of the model, or nothing."""

    def fault(row: Any) -> str:
        try:
            model.model_validate_json(json.dumps(row))
        except Exception as error:  # noqa: BLE001 - validators may raise anything
            return described(error)
        return ""

    return [fault(row) for row in made]


def by_json_schema(make: Callable[[Any, int, float], Made], item: Entry | Document, rows: int, limit: float) -> Outcome:
    """What a tool that reads JSON Schema makes: of the schema, or of the one that Pydantic writes for the model."""
    if isinstance(item, Document):
        made, seconds = make(item.schema, rows, limit)
        return outcome(made, judge_values(item.schema, made), seconds)
    made, seconds = make(item.model.model_json_schema(), rows, limit)
    return outcome(made, judge_documents(item.model, made), seconds)


def outcome_of(contender: str, item: Entry | Document, rows: int, limit: float, faker: Faker | None) -> Outcome:
    """What comes of asking the contender for rows of one entry; whatever it raises is its failure."""
    if contender == "gen":
        return check_field(item, rows) if isinstance(item, Entry) else check_schema(item, rows)
    try:
        if contender == "hypothesis-jsonschema":
            return by_json_schema(hypothesis_rows, item, rows, limit)
        if contender == "json-schema-faker" and faker:
            return by_json_schema(faker, item, rows, limit)
        assert contender == "polyfactory" and isinstance(item, Entry)
        made, seconds = polyfactory_rows(item.model, rows, limit)
        return outcome(made, judge_instances(item, made), seconds)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what the user would see
        return Outcome(failure=described(error))


def answer_requests(answer: Callable[[dict[str, Any]], Any]) -> None:
    """Answer every request from stdin on stdout; what libraries print goes to stderr."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), file=answers, flush=True)


def main() -> None:
    contender = sys.argv[1]
    warnings.simplefilter("ignore")
    sys.setrecursionlimit(1000)  # the default: a tool that recurses without an end fails, and does not crash
    faker = Faker(sys.argv[2]) if contender == "json-schema-faker" else None

    def answer(request: dict[str, Any]) -> Any:
        item = CORPORA[request["corpus"]][request["index"]]
        return asdict(outcome_of(contender, item, request["rows"], request["limit"], faker))

    answer_requests(answer)


if __name__ == "__main__":
    main()
