"""This file knows what a folder says of itself: which run it is, and what was appended to it, an epoch each.

_gen/run.json           the first epoch: the run itself
_gen/epoch-0002.json    the second: what was appended first; created by one process alone, and never changed
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gen.block import Partition
from gen.errors import TargetError
from gen.plan import fingerprint_of, partitions_of

MOST_EPOCHS = 1000  # of a folder
RESTORE = "Restore it from a copy; without it nothing tells what the folder holds."

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


def record_path(root: Path, epoch: int) -> Path:
    """Where a folder says what an epoch of it is."""
    return root / "_gen" / ("run.json" if epoch == 1 else f"epoch-{epoch:04d}.json")


def read_run(root: Path, epoch: int = 1) -> dict[str, Any] | None:
    """What the folder says of an epoch; None where there is none. A damaged one is an error: it is never guessed at."""
    path = record_path(root, epoch)
    try:
        record = json.loads(path.read_text("utf-8"))
        facts = [record["fingerprint"], record["probe"], *(record["request"][fact] for fact in _FACTS)]
        if epoch > 1:
            facts += [record["tables"], record["request"]["follows"]]
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise TargetError(f"{path} is damaged: it is no record of a run.", hint=RESTORE) from error
    except OSError as error:
        raise TargetError(f"{path} cannot be read: {error.strerror}.", hint="Check its permissions.") from error
    return record  # type: ignore[no-any-return]


def read_epochs(root: Path) -> list[dict[str, Any]]:
    """What the folder says of all its epochs, the first one first; nothing where it is no run's.

    Raises TargetError where one is missing that was there, or was changed.
    """
    known = max(len(read_manifest(root).get("epochs", [])), *map(_number_of, root.glob("_gen/epoch-*.json")), 0)
    found: list[dict[str, Any]] = []
    while (record := read_run(root, len(found) + 1)) is not None:
        path = record_path(root, len(found) + 1)
        follows = record["request"].get("follows", "")
        if record["fingerprint"] != fingerprint_of(record["request"]) or follows != _last(found):
            raise TargetError(f"{path} was changed, or belongs to another folder.", hint=RESTORE)
        found.append(record)
    if known > len(found):
        raise TargetError(
            f"{record_path(root, len(found) + 1)} is missing, and {known} epochs are there.", hint=RESTORE
        )
    return found


def _number_of(path: Path) -> int:
    """The epoch that a file is called by; 0 where it is called otherwise."""
    digits = path.stem.removeprefix("epoch-")
    return int(digits) if digits.isdigit() else 0


def _last(records: Sequence[Record]) -> str:
    return str(records[-1]["fingerprint"]) if records else ""


def read_manifest(root: Path) -> dict[str, Any]:
    """What manifest.json says; empty where there is none, or none that says anything."""
    try:
        found = json.loads((root / "_gen" / "manifest.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    is_one = isinstance(found, dict) and isinstance(found.get("tables"), dict)
    return found if is_one else {}


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
