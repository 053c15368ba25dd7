"""This file knows how files and folders reach the disk for good, and what it means when the disk refuses."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gen.errors import TargetError, TargetFull

_FULL = {errno.ENOSPC: "is full", errno.EDQUOT: "has no quota left", errno.EIO: "reports an input/output error"}
_FORBIDDEN = {errno.EACCES: "may not be written", errno.EPERM: "may not be written", errno.EROFS: "is read-only"}


def check_room(place: Path, name: str, needed: int, freed: int = 0) -> None:
    """Refuse what does not fit: TargetError. place: a folder that may not be there yet; freed: bytes that go first."""
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free + freed
    if needed > free:
        raise TargetError(
            f"{name} needs about {needed / 1e9:,.1f} GB, and {free / 1e9:,.1f} GB are free there.",
            hint="Ask for fewer rows, or choose another place.",
            needed=needed,
            free=free,
        )


def sync_file(path: Path) -> None:
    """Wait until the file's content is on the disk."""
    _sync(path, os.O_RDWR)


def sync_folder(path: Path) -> None:
    """Wait until the folder's names are on the disk."""
    _sync(path, os.O_RDONLY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def writing(root: Path) -> Iterator[None]:
    """Translate the operating system's refusals into what they mean for a run."""
    try:
        yield
    except OSError as error:
        number = error.errno or 0
        if number in _FULL:
            raise TargetFull(
                f"{root}: the disk {_FULL[number]}.", hint="Make room, then run the same command again: it resumes."
            ) from error
        if number in _FORBIDDEN:
            raise TargetFull(
                f"{error.filename2 or error.filename or root} {_FORBIDDEN[number]}.",
                hint="Change its permissions, then run the same command again.",
            ) from error
        raise
