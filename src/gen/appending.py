"""This file knows what rows are appended to: the epochs that a place has, and what may be asked of the next."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gen.errors import BadRequest, TargetError
from gen.plan import epoch_seed
from gen.schema.spec import Spec
from gen.schema.written import spec_to_json
from gen.sinks.records import MOST_EPOCHS, Record, Records, epoch_of, read_epochs, without_counts
from gen.synth.tables import Epoch


@dataclass(frozen=True)
class Past:
    """What an epoch is appended to: the records of all before it; and its own, where there is one."""

    place: Records
    records: Sequence[Record]
    found: Record | None = None

    @property
    def number(self) -> int:
        """Which epoch it is: the first that is appended is the second."""
        return len(self.records) + 1

    @property
    def epochs(self) -> list[Epoch]:
        """How the rows before it were made."""
        return [made_epoch(record) for record in self.records]

    @property
    def requests(self) -> list[Mapping[str, Any]]:
        """What was asked of them."""
        return [record["request"] for record in self.records]

    @property
    def rows(self) -> dict[str, int]:
        """How many rows of each table are there."""
        return {table: sum(request["rows"][table] for request in self.requests) for table in self.requests[0]["rows"]}

    @property
    def tables(self) -> tuple[str, ...]:
        """Those that are written there."""
        return tuple(self.place.manifest().get("tables", {}))


def made_epoch(record: Record) -> Epoch:
    """How the rows of a recorded epoch are made."""
    request = record["request"]
    day = datetime.date.fromisoformat(request["as_of"])
    return Epoch(request["rows"], epoch_seed(request["seed"], epoch_of(record)), day, frozenset(record["code"]))


def past_of(place: Records, spec: Spec, seed: int, asked: int | None, overwrite: bool) -> Past:
    """What the next epoch of a place comes after; or that which was begun and is not finished; or the one asked for.

    Raises TargetError where there is nothing to append to, or what is there is not finished, or was made otherwise.
    """
    was_whole = place.is_whole  # looked at twice: another process may begin to append, or finish, meanwhile
    records = read_epochs(place)
    if not records:
        raise TargetError(
            f"{place} {place.why_none()}, and rows are to be appended to it.",
            hint=f"Name what {place.option} named; the first rows of a new one are made without --append.",
        )
    _check_same(place, records[0]["request"], spec, seed)
    known = _in_manifest(place, records)
    finished = known if len(records) > known or was_whole or place.is_whole else known - 1
    if asked is not None and not 2 <= asked <= finished + 1:
        raise BadRequest(
            f"--epoch {asked}: {place} has {finished} epoch{'s' * (finished != 1)}; the first is the run itself.",
            hint=f"The next is --epoch {finished + 1}; without it, that is what is appended.",
        )
    if finished < 1:
        raise TargetError(
            f"{place} is not complete: its first rows, or the manifest of them, are not all there.",
            hint="Run the command that makes them again, without --append; then append.",
        )
    number = asked or finished + 1
    if number > MOST_EPOCHS:
        raise TargetError(f"{place} has {finished:,} epochs, which is the most.", hint="Append to another.")
    if overwrite:
        _check_unfinished(place, number, known, len(records))
    return Past(place, records[: number - 1], records[number - 1] if len(records) >= number else None)


def _check_unfinished(place: Records, number: int, known: int, there: int) -> None:
    """Refuse to give up what is finished, or was not begun."""
    if known < number <= there:
        return
    said = f"{place} has none" if known >= there else f"that is epoch {there}, not {number}"
    raise BadRequest(
        f"--append --overwrite gives up an append that is not finished, and {said}.",
        hint=f"Say --epoch {there}."
        if known < there
        else "Leave --overwrite out, to append; or leave --append out, to replace all that is there.",
    )


def _in_manifest(place: Records, records: Sequence[Record]) -> int:
    """How many epochs the manifest says are there."""
    manifest = place.manifest()
    if manifest.get("fingerprint") != records[0]["fingerprint"]:
        return 0
    return len(manifest.get("epochs", [0]))


def _check_same(place: Records, found: Mapping[str, Any], spec: Spec, seed: int) -> None:
    """Refuse to append rows of another schema, or by another seed or arithmetic."""
    asked = without_counts(spec_to_json(spec))
    there = {t["name"]: t for t in without_counts(found["schema"])["tables"]}
    changed = [n for t in asked["tables"] if t.get("existing") and (n := t["name"]) in there and there[n] != t]
    if changed:
        raise TargetError(
            f"{place} was made beside rows of {' and '.join(changed)} that existed already, and have changed since.",
            hint="Append beside the same rows: what was made refers to them, and is made again to be verified.",
        )
    if asked != without_counts(found["schema"]):
        raise TargetError(
            f"{place} was made of another schema: {_changed(asked, without_counts(found['schema']))}.",
            hint="Append with the same --schema; rows of another go to another place.",
        )
    if seed != found["seed"]:
        raise TargetError(f"{place} was made with --seed {found['seed']}.", hint="Append with the same one.")


def _changed(asked: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """How a schema differs from the one that a folder was made of, in words."""
    here = {table["name"]: table for table in asked["tables"]}
    there = {table["name"]: table for table in found["tables"]}
    if here.keys() != there.keys():
        return f"its tables are {', '.join(there)}, and {', '.join(here)} are asked for"
    names = [name for name in there if here[name] != there[name]]
    if not names:
        return f"that is called {found['name']!r}, and this one {asked['name']!r}"
    columns = {column["name"]: column for column in there[names[0]]["columns"]}
    same = [c["name"] for c in here[names[0]]["columns"] if columns.get(c["name"]) == c]
    unlike = [name for name in [*columns, *(c["name"] for c in here[names[0]]["columns"])] if name not in same]
    return f"{', '.join(names)} differ{'s' * (len(names) == 1)}" + (f", in {unlike[0]}" if unlike else "")
