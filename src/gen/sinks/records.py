"""This file knows what a folder says of itself: which run it is, and what was appended to it, an epoch each.

_gen/run.json           the first epoch: the run itself
_gen/epoch-0002.json    the second: what was appended first; created by one process alone, and never changed
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from gen.block import Partition
from gen.errors import TargetError
from gen.plan import partitions_of

MOST_EPOCHS = 1000  # of a folder

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
        record["fingerprint"], record["request"]["rows"]
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise TargetError(f"{path} is damaged: {error}.", hint="Restore it, or write to another folder.") from error
    except OSError as error:
        raise TargetError(f"{path} cannot be read: {error.strerror}.", hint="Check its permissions.") from error
    return record  # type: ignore[no-any-return]


def read_epochs(root: Path) -> list[dict[str, Any]]:
    """What the folder says of all its epochs, the first one first; nothing where it is no run's."""
    found: list[dict[str, Any]] = []
    for epoch in count(1):
        record = read_run(root, epoch)
        if record is None:
            break
        found.append(record)
    known = [
        int(match[1]) for path in root.glob("_gen/epoch-*.json") if (match := re.search(r"-(\d+)\.json", path.name))
    ]
    if found and max(known, default=0) > len(found):
        raise TargetError(
            f"{record_path(root, len(found) + 1)} is missing, and later ones are there.", hint="Restore it."
        )
    return found


def read_manifest(root: Path) -> dict[str, Any]:
    """What manifest.json says; empty where there is none."""
    try:
        return json.loads((root / "_gen" / "manifest.json").read_text("utf-8"))  # type: ignore[no-any-return]
    except (OSError, ValueError):
        return {}


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


def differing(asked: Record, found: Record, facts: Sequence[str] = tuple(_FACTS)) -> list[str]:
    """Which of these facts of two requests differ, as messages call them."""
    return [_FACTS[fact] for fact in facts if asked.get(fact) != found.get(fact)]


def said_to_differ(names: Sequence[str]) -> str:
    """In words: "its seed and row counts differ from what is asked"."""
    return f"its {' and '.join(names) or 'request'} {'differs' if len(names) < 2 else 'differ'} from what is asked"


def without_counts(schema: Record) -> Any:
    """A schema, as a request has it, without how many rows it declares: of tables that are made."""
    tables = [{k: v for k, v in t.items() if k != "rows" or t.get("existing")} for t in schema["tables"]]
    return json.loads(json.dumps({**schema, "tables": tables}))
