"""This file knows where a folder says what it holds.

_gen/run.json           the first epoch: the run itself
_gen/epoch-0002.json    the second: what was appended first
_gen/manifest.json      per table: rows, files, bytes, checksums; written when all was there
_SUCCESS                nothing that was begun is unfinished
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gen.errors import TargetError
from gen.sinks.records import record_in


@dataclass(frozen=True)
class FolderRecords:
    """A folder as a place: see `gen.sinks.records.Records`."""

    root: Path
    option = "--out"

    def __str__(self) -> str:
        return str(self.root)

    def path(self, epoch: int) -> Path:
        """Where the folder says what an epoch of it is."""
        return self.root / "_gen" / ("run.json" if epoch == 1 else f"epoch-{epoch:04d}.json")

    def name_of(self, epoch: int) -> str:
        return str(self.path(epoch))

    def read(self, epoch: int = 1) -> dict[str, Any] | None:
        path = self.path(epoch)
        try:
            return record_in(path.read_text("utf-8"), epoch, str(path))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except UnicodeDecodeError:
            return record_in("", epoch, str(path))
        except OSError as error:
            raise TargetError(f"{path} cannot be read: {error.strerror}.", hint="Check its permissions.") from error

    def known(self) -> int:
        numbers = map(_number_of, self.root.glob("_gen/epoch-*.json"))
        return max(len(self.manifest().get("epochs", [])), *numbers, 0)

    def manifest(self) -> dict[str, Any]:
        try:
            found = json.loads((self.root / "_gen" / "manifest.json").read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        is_one = isinstance(found, dict) and isinstance(found.get("tables"), dict)
        return found if is_one else {}

    @property
    def is_whole(self) -> bool:
        return (self.root / "_SUCCESS").exists()

    def why_none(self) -> str:
        if not self.root.exists():
            return "does not exist"
        return "is a file" if self.root.is_file() else "holds no run of gen"


def _number_of(path: Path) -> int:
    """The epoch that a file is called by; 0 where it is called otherwise."""
    digits = path.stem.removeprefix("epoch-")
    return int(digits) if digits.isdigit() else 0
