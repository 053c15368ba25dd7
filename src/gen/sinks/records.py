"""This file knows what a place says of itself: which run it holds, and what was appended to it, an epoch each.

A place is a folder or a database. Its first epoch is the run itself, the second what was appended first. Each has a
record, created by one process alone, and never changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from gen.block import Partition
from gen.errors import TargetError
from gen.plan import fingerprint_of, partitions_of

MOST_EPOCHS = 1000  # of a place
RESTORE = "Restore it from a copy; without it nothing tells what is there."

# fact of a run -> how a message calls it
_FACTS = {
    "schema": "schema",
    "rows": "row counts",
    "seed": "seed",
    "as_of": "as-of date",
    "partition_rows": "rows per file",
    "layout": "format or compression",
    "stream_version": "stream version",
}

Record = Mapping[str, Any]


class Records(Protocol):
    """A place, as far as it says what it holds. Reads only."""

    @property
    def option(self) -> str:
        """The option of the command line that names it: --out or --to."""
        ...

    def __str__(self) -> str:
        """What messages call it, without passwords."""
        ...

    def name_of(self, epoch: int) -> str:
        """What messages call the record of an epoch."""
        ...

    def read(self, epoch: int = 1) -> dict[str, Any] | None:
        """The record of an epoch; None where there is none. A damaged one is a TargetError: it is never guessed at."""
        ...

    def known(self) -> int:
        """How many epochs there must be, by all that is seen there."""
        ...

    def manifest(self) -> dict[str, Any]:
        """What was written when all was there: tables, epochs; empty where nothing was."""
        ...

    @property
    def is_whole(self) -> bool:
        """Whether nothing that was begun there is unfinished."""
        ...

    def why_none(self) -> str:
        """Why there is no record, in words: "does not exist"."""
        ...


def record_in(text: str, epoch: int, name: str) -> dict[str, Any]:
    """A record, read from its text. Raises TargetError where it is none."""
    try:
        record: dict[str, Any] = json.loads(text)
        facts = [record["fingerprint"], record["probe"], *(record["request"][fact] for fact in _FACTS)]
        if epoch > 1:
            facts += [record["tables"], record["request"]["follows"]]
    except (ValueError, KeyError, TypeError) as error:
        raise TargetError(f"{name} is damaged: it is no record of a run.", hint=RESTORE) from error
    return record


def read_epochs(records: Records) -> list[dict[str, Any]]:
    """What a place says of all its epochs, the first one first; nothing where it is no run's.

    Raises TargetError where one is missing that was there, or was changed.
    """
    known = records.known()
    found: list[dict[str, Any]] = []
    while (record := records.read(len(found) + 1)) is not None:
        follows = record["request"].get("follows", "")
        if record["fingerprint"] != fingerprint_of(record["request"]) or follows != _last(found):
            raise TargetError(
                f"{records.name_of(len(found) + 1)} was changed, or belongs to another {_place(records)}.", hint=RESTORE
            )
        found.append(record)
    if known > len(found):
        raise TargetError(f"{records.name_of(len(found) + 1)} is missing, and {known} epochs are there.", hint=RESTORE)
    return found


def _place(records: Records) -> str:
    return "folder" if records.option == "--out" else "database"


def _last(records: Sequence[Record]) -> str:
    return str(records[-1]["fingerprint"]) if records else ""


def epoch_of(record: Record) -> int:
    """Which epoch a record speaks of."""
    return int(record["request"].get("epoch", 1))


def recorded_partitions(records: Sequence[Record], tables: Sequence[str]) -> Iterator[Partition]:
    """Every partition of these epochs; `tables`: those that the first one has written."""
    for epoch, record in enumerate(records, 1):
        requests = [each["request"] for each in records[:epoch]]
        for table in record.get("tables", tables):
            yield from partitions_of(requests, table)


def said_of_epoch(records: Sequence[Record], tables: Sequence[str]) -> dict[str, Any]:
    """What the manifest says of the last of these epochs: which rows and files of each table it made."""
    said: dict[str, Any] = {}
    for table in records[-1].get("tables", tables):
        parts = list(partitions_of([each["request"] for each in records], table))
        if parts:
            said[table] = {"first_row": parts[0].start, "rows": parts[-1].stop - parts[0].start, "files": len(parts)}
    facts = {"fingerprint": records[-1]["fingerprint"], "as_of": records[-1]["request"]["as_of"]}
    return {"epoch": epoch_of(records[-1])} | facts | {"tables": said}


def asked_of(record: Record) -> tuple[str, str]:
    """Which rows an epoch was asked for, as options of a command; and how many in each file, where all have as many."""
    request, made = record["request"], record["tables"]
    rows = " ".join(f"--rows {table}={count}" for table, count in request["rows"].items() if count and table in made)
    steps = {step for table, step in request["partition_rows"].items() if table in made}
    return rows, f" --partition-rows {steps.pop()}" if len(steps) == 1 else ""


def differing(asked: Record, found: Record) -> list[str]:
    """Which facts of two requests differ, as messages call them."""
    return [name for fact, name in _FACTS.items() if asked.get(fact) != found.get(fact)]


def said_to_differ(names: Sequence[str]) -> str:
    """In words: "its seed differs from what is asked"."""
    plural = len(names) > 1 or names == ["row counts"] or names == ["rows per file"]
    return f"its {' and '.join(names) or 'request'} {'differ' if plural else 'differs'} from what is asked"


def without_counts(schema: Record) -> Any:
    """A schema, as a request has it, without how many rows it declares: of tables that are made."""
    tables = [{k: v for k, v in t.items() if k != "rows" or t.get("existing")} for t in schema["tables"]]
    return json.loads(json.dumps({**schema, "tables": tables}))


def without_bytes(manifest: Record) -> Any:
    """A manifest without what depends on how rows were sent."""
    tables = {
        name: {k: v for k, v in said.items() if k != "bytes"} for name, said in manifest.get("tables", {}).items()
    }
    return {**manifest, "tables": tables}
